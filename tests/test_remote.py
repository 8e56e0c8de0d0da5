"""Keys over HTTP: when they are fetched, who waits for them, what becomes of those that leave."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from http_server import HttpServer, jwks, reply
from key_pairs import jwk, private_key, token
from remote_keys import FRESH, code_of, end_cool_down, eventually, fetch_anew, is_hit, public, signed

from jwtfast import Key, RemoteKeySet, Verifier, errors


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """Give a server that publishes the keys a and b, fresh for long."""
    with HttpServer(jwks(public("a"), public("b"), Cache_Control=FRESH)) as server:
        yield server


@pytest.fixture
def keys(server: HttpServer) -> Iterator[RemoteKeySet]:
    """Give a key set of the server that has not fetched anything yet."""
    with RemoteKeySet(server.url, cool_down=60, max_wait=10) as keys:
        yield keys


# ---- fetching ----


def test_nothing_is_fetched_before_it_is_asked_for(server: HttpServer, keys: RemoteKeySet) -> None:
    """A key set that nobody uses has no thread, and asks nothing of anybody."""
    verifier = Verifier(keys)
    assert (len(keys), bool(keys), server.count, keys._worker) == (0, True, 0, None)
    assert verifier.verify(signed("a")).key_id == "a"
    assert (server.count, [key.key_id for key in keys]) == (1, ["a", "b"])


def test_known_keys_are_not_fetched_again(server: HttpServer, keys: RemoteKeySet) -> None:
    """One document serves all tokens whose keys are in it."""
    verifier = Verifier(keys)
    for i in range(50):
        verifier.verify(signed("ab"[i % 2], n=i))
    assert server.count == 1


def test_refresh_before_the_first_token(server: HttpServer, keys: RemoteKeySet) -> None:
    """Refresh fetches at a time of one's choice, cool-down or not."""
    assert keys.refresh() is True
    assert keys.refresh() is True
    assert server.count == 2
    assert asyncio.run(keys.refresh_async()) is True
    assert (server.count, Verifier(keys).verify(signed("b")).key_id) == (3, "b")


def test_refresh_whose_thread_is_quicker(
    server: HttpServer, keys: RemoteKeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call makes one fetch, even where its thread is through with it before the caller goes on."""
    server.answer = reply(b"", 500)
    start_worker = RemoteKeySet._start_worker

    def be_slow(self: RemoteKeySet) -> None:
        start_worker(self)
        eventually(lambda: self.status().failures and self._flight is None)

    monkeypatch.setattr(RemoteKeySet, "_start_worker", be_slow)
    with pytest.raises(errors.KeySetUnavailableError, match="500"):
        keys.refresh()
    assert (server.count, keys.status().fetches) == (1, 1)


def test_refresh_that_fails(server: HttpServer, keys: RemoteKeySet) -> None:
    """Refresh says that it failed where there still are keys, and raises where there are none."""
    server.answer, good = reply(b"", 500), server.answer
    with pytest.raises(errors.KeySetUnavailableError, match="it answered 500"):
        keys.refresh()
    server.answer = good
    assert keys.refresh() is True
    server.answer = reply(b"", 500)
    assert keys.refresh() is False
    assert asyncio.run(keys.refresh_async()) is False


def test_what_is_sent(server: HttpServer) -> None:
    """A request names what is wanted, refuses to be compressed, and carries the headers that were given."""
    with RemoteKeySet(server.url, headers={"Authorization": "Basic eDp5"}) as keys:
        keys.refresh()
    path, sent = server.requests[0]
    assert path == "/jwks"
    assert sent["Accept-Encoding"] == "identity"
    assert sent["Authorization"] == "Basic eDp5"
    assert "application/json" in sent["Accept"]
    assert sent["User-Agent"].startswith("jwtfast/")


def test_refreshed_ahead_of_time(server: HttpServer) -> None:
    """Before a document is out of date it is fetched anew in the background, though only remembered tokens come."""
    server.answer = jwks(public("a"), Cache_Control="max-age=0")
    with RemoteKeySet(server.url, min_lifetime=0.1, cool_down=0.01) as keys:
        verifier = Verifier(keys)
        raw = signed("a")
        keys.refresh()
        verifier.verify(raw)
        eventually(lambda: server.count >= 4)
        assert is_hit(verifier, raw)


def test_lifetime_of_the_document(server: HttpServer) -> None:
    """Cache-Control and Age, within bounds, say when the next fetch comes."""
    keys = RemoteKeySet(server.url)
    for headers, lifetime in (
        ({"Cache_Control": "max-age=1000"}, 1000),
        ({"Cache_Control": "max-age=1000", "Age": "400"}, 600),
        ({"Cache_Control": "no-store"}, 60),
        ({"Cache_Control": "max-age=999999"}, 3600),
        ({}, 300),
    ):
        server.answer = jwks(public("a"), **headers)
        keys.refresh()
        assert lifetime * 0.74 < keys._schedule.fetch_at - time.monotonic() < lifetime * 0.91
        assert keys._schedule.usable_until - time.monotonic() == pytest.approx(lifetime + 3600, abs=5)
    keys.close()


def test_validators(server: HttpServer, keys: RemoteKeySet) -> None:
    """A document with an ETag stays in use while it has not changed, without being sent again (RFC 9110 13.1.2)."""
    server.answer = jwks(public("a"), Cache_Control="max-age=100", ETag='"one"')
    keys.refresh()
    held = list(keys)
    server.answer = reply(b"", 304, Cache_Control="max-age=2000", ETag='"one"')
    assert keys.refresh() is True
    assert [sent["If-None-Match"] for _, sent in server.requests] == [None, '"one"']
    assert list(keys) == held
    assert keys._schedule.fetch_at - time.monotonic() > 1000
    server.answer = jwks(public("b"))
    keys.refresh()
    keys.refresh()
    assert [sent["If-None-Match"] for _, sent in server.requests[2:]] == ['"one"', None]
    assert [key.key_id for key in keys] == ["b"]


def test_an_answer_to_a_question_that_was_not_asked(server: HttpServer, keys: RemoteKeySet) -> None:
    """That nothing has changed is no answer to somebody who has nothing."""
    server.answer = reply(b"", 304)
    with pytest.raises(errors.KeySetUnavailableError, match="304"):
        keys.refresh()


# ---- one fetch for all ----


def test_ten_thousand_coroutines_on_a_cold_set(server: HttpServer, keys: RemoteKeySet) -> None:
    """Ten thousand first requests at once, in an event loop, make one fetch, and all of them are answered."""
    verifier = Verifier(keys)
    raws = [signed("ab"[i % 2], n=i) for i in range(100)]

    async def all_of_them() -> list[str | None]:
        tokens = await asyncio.gather(*(verifier.verify_async(raws[i % 100]) for i in range(10_000)))
        return [token.key_id for token in tokens]

    assert asyncio.run(all_of_them()) == ["a", "b"] * 5000
    assert server.count == 1


def test_many_threads_on_a_cold_set(server: HttpServer, keys: RemoteKeySet) -> None:
    """First requests in many threads at once make one fetch, and all of them are answered."""
    verifier = Verifier(keys)
    raws = [signed("ab"[i % 2], n=i) for i in range(100)]
    with ThreadPoolExecutor(100) as pool:
        start = threading.Barrier(100)

        def verify(i: int) -> list[str | None]:
            start.wait()
            return [verifier.verify(raws[(i + j) % 100]).key_id for j in range(10)]

        for i, found in enumerate(pool.map(verify, range(100))):
            assert found == [("a", "b")[(i + j) % 2] for j in range(10)]
    assert server.count == 1


def test_threads_and_loops_share_a_fetch(server: HttpServer, keys: RemoteKeySet) -> None:
    """Threads and several event loops wait for one and the same fetch."""
    verifier = Verifier(keys)
    raw = signed("a")

    async def some() -> list[object]:
        return list(await asyncio.gather(*(verifier.verify_async(raw) for _ in range(20))))

    with ThreadPoolExecutor(8) as pool:
        loops = [pool.submit(asyncio.run, some()) for _ in range(4)]
        threads = [pool.submit(verifier.verify, raw) for _ in range(4)]
        assert all(future.result() for future in loops + threads)
    assert server.count == 1


@pytest.mark.parametrize("is_down", [False, True])
def test_ten_thousand_random_kids(server: HttpServer, keys: RemoteKeySet, is_down: bool) -> None:
    """Ten thousand tokens with random kids make one fetch for each cool-down, be it good or not (envoy#14557)."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    if is_down:
        server.answer = reply(b"", 503)
    raws = [signed("c", name=f"random-{i}") for i in range(100)]
    for fetches in (2, 3):
        end_cool_down(keys)
        with ThreadPoolExecutor(8) as pool:
            codes = set(pool.map(lambda i: code_of(verifier, raws[i % 100]), range(10_000)))
        assert codes == {"unknown_key"}
        assert server.count == fetches


@pytest.mark.parametrize("is_down", [False, True])
def test_random_kids_in_an_event_loop(server: HttpServer, keys: RemoteKeySet, is_down: bool) -> None:
    """Many coroutines with random kids make one fetch for each cool-down, whether or not it succeeds."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    if is_down:
        server.answer = reply(b"", 503)
    raws = [signed("c", name=f"random-{i}") for i in range(100)]

    async def all_of_them() -> set[type[BaseException]]:
        found = await asyncio.gather(
            *(verifier.verify_async(raws[i % 100]) for i in range(5000)), return_exceptions=True
        )
        return {type(error) for error in found if isinstance(error, BaseException)}

    end_cool_down(keys)
    assert asyncio.run(all_of_them()) == {errors.UnknownKeyError}
    assert server.count == 2


def test_no_fetch_within_a_cool_down(server: HttpServer, keys: RemoteKeySet) -> None:
    """In a cool-down nothing is fetched for an unknown kid and nobody waits; after it, the key is found."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    server.answer = jwks(public("c"))
    assert keys.seek("ES256") is False
    assert code_of(verifier, signed("c")) == "unknown_key"
    assert server.count == 1
    end_cool_down(keys)
    assert code_of(verifier, signed("c")) is None
    assert server.count == 2


def test_a_key_of_another_algorithm_is_sought_too(server: HttpServer, keys: RemoteKeySet) -> None:
    """An issuer that changes to another algorithm is followed, as one that changes its keys is."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    private = private_key("Ed25519")
    server.answer = jwks(jwk(private, kid="e"))
    raw = token("EdDSA", private, {"exp": int(time.time()) + 60}, kid="e")
    assert code_of(verifier, raw) == "algorithm_not_allowed"
    end_cool_down(keys)
    assert verifier.verify(raw).algorithm == "EdDSA"


@pytest.mark.parametrize("algorithm", ["HS256", "none", "RS257", "dir", ""])
def test_no_fetch_for_what_no_key_could_verify(server: HttpServer, keys: RemoteKeySet, algorithm: str) -> None:
    """A token whose algorithm no published key can be for is refused without a fetch and without waiting."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    end_cool_down(keys)
    raw = token("HS256", b"k" * 32, {"exp": 2**33}, alg=algorithm)
    assert code_of(verifier, raw) == "algorithm_not_allowed"
    assert (server.count, keys._flight) == (1, None)


def test_bad_signatures_and_malformed_tokens_fetch_nothing(server: HttpServer, keys: RemoteKeySet) -> None:
    """What is refused for another reason than its key makes no fetch."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    end_cool_down(keys)
    assert code_of(verifier, signed("b", name="a")) == "bad_signature"
    assert code_of(verifier, "x.y.z") == "malformed"
    assert code_of(verifier, signed("a", exp=5)) == "expired"
    assert server.count == 1


# ---- who waits ----


def test_known_keys_while_the_server_stalls(server: HttpServer, keys: RemoteKeySet) -> None:
    """While a fetch hangs, tokens of known keys are verified without waiting for it, cold ones too."""
    verifier = Verifier(keys, cache_tokens=0)
    raws = [signed("ab"[i % 2], n=i) for i in range(100)]
    verifier.verify(raws[0])
    server.answer = server.stall
    end_cool_down(keys)
    assert keys.seek("ES256")
    flight = keys._flight
    for raw in raws * 20:
        verifier.verify(raw)
    assert keys._flight is flight is not None  # it has not come back all the while


def test_an_unknown_kid_waits_for_a_bounded_time(server: HttpServer) -> None:
    """While a fetch hangs, those who need it wait until max_wait after its start, and the others not at all."""
    with RemoteKeySet(server.url, cool_down=60, max_wait=0.2) as keys:
        verifier = Verifier(keys)
        keys.refresh()
        server.answer = server.stall
        end_cool_down(keys)
        start = time.monotonic()
        assert code_of(verifier, signed("c")) == "unknown_key"
        assert time.monotonic() - start >= 0.2
        assert keys.seek("ES256") is False
        flight = keys._flight
        for i in range(100):
            assert code_of(verifier, signed("c", n=i)) == "unknown_key"
        assert keys._flight is flight is not None


def test_a_cold_set_while_the_server_stalls(server: HttpServer) -> None:
    """Where there are no keys and none come in time, that is said, and not that the token is bad."""
    server.answer = server.stall
    with RemoteKeySet(server.url, cool_down=60, max_wait=0.1) as keys:
        verifier = Verifier(keys)
        with pytest.raises(errors.KeySetUnavailableError, match="have not come yet"):
            verifier.verify(signed("a"))
        with pytest.raises(errors.KeySetUnavailableError):
            asyncio.run(verifier.verify_async(signed("a")))
        with pytest.raises(errors.KeySetUnavailableError):
            verifier.verify_bearer("Bearer " + signed("a"))
        assert code_of(verifier, "x.y.z") == "malformed"
        assert server.count == 1


def test_a_bearer_token_waits_too(server: HttpServer, keys: RemoteKeySet) -> None:
    """The token of an Authorization header waits for a cold set, as any other."""
    assert Verifier(keys).verify_bearer("Bearer " + signed("a")).key_id == "a"
    assert server.count == 1


# ---- keys that come and go ----


def test_a_key_that_leaves(server: HttpServer, keys: RemoteKeySet) -> None:
    """A key that is not in the new document verifies nothing any more, remembered tokens included; the others do."""
    verifier = Verifier(keys)
    old, kept = signed("a"), signed("b")
    verifier.verify(old)
    verifier.verify(kept)
    server.answer = jwks(public("b"), public("c"))
    fetch_anew(keys)
    assert code_of(verifier, old) == "unknown_key"
    assert is_hit(verifier, kept)
    assert [key.key_id for key in keys] == ["b", "c"]


def test_a_key_that_changes_under_its_kid(server: HttpServer, keys: RemoteKeySet) -> None:
    """Another key under the same kid takes the place of the old one, whose tokens are refused."""
    verifier = Verifier(keys)
    raw = signed("a")
    verifier.verify(raw)
    server.answer = jwks(jwk(private_key("P-256", 3), kid="a"))
    fetch_anew(keys)
    assert code_of(verifier, raw) == "bad_signature"
    assert code_of(verifier, signed("d", name="a")) is None


def test_unchanged_keys_are_the_same_objects(server: HttpServer, keys: RemoteKeySet) -> None:
    """A key whose JWK has not changed is the same object after a refresh, wherever it stands in the set."""
    keys.refresh()
    first = list(keys)
    generation = keys.generation.count
    keys.refresh()
    assert list(keys) == first
    assert keys.generation.count == generation  # nothing has changed, so nothing is judged again
    server.answer = jwks(public("c"), dict(reversed(public("b").items())), public("a"))
    keys.refresh()
    assert list(keys)[1:] == first[::-1]
    assert keys.generation.count == generation + 1


@pytest.mark.parametrize("members", [(), ({"kty": "oct", "k": "AAAA"},), ({"kty": "RSA"}, 5)])
def test_all_keys_withdrawn(server: HttpServer, keys: RemoteKeySet, members: tuple[dict[str, str], ...]) -> None:
    """A document without a usable key withdraws all keys: a token can't be judged then, remembered or not."""
    verifier = Verifier(keys)
    raw = signed("a")
    verifier.verify(raw)
    server.answer, good = jwks(*members, ETag='"none"'), server.answer
    fetch_anew(keys)
    assert (len(keys), code_of(verifier, raw)) == (0, "keys_unavailable")
    status = keys.status()
    assert "no usable key" in str(status.last_error)
    assert (len(status.skipped), status.failures) == (len(members), 1)
    server.answer = good
    fetch_anew(keys)
    assert code_of(verifier, raw) is None
    assert server.requests[-1][1]["If-None-Match"] is None


def test_keys_go_when_they_are_stale(server: HttpServer) -> None:
    """Where no fetch succeeds, all goes on until stale_for is over; then the keys go, with their remembered tokens."""
    server.answer, good = jwks(public("a"), Cache_Control="max-age=0"), server.answer
    with RemoteKeySet(server.url, min_lifetime=0.1, stale_for=0.6, cool_down=0.05) as keys:
        verifier = Verifier(keys)
        raw = signed("a")
        keys.refresh()
        verifier.verify(raw)
        held = list(keys)
        server.answer = reply(b"", 500)
        eventually(lambda: keys.status().failures)
        until = keys._schedule.usable_until
        while time.monotonic() < until:
            code = code_of(verifier, raw)
            assert code is None or time.monotonic() >= until
        eventually(lambda: not len(keys))
        assert time.monotonic() >= until
        assert code_of(verifier, raw) == "keys_unavailable"
        server.answer = good
        keys.refresh()
        assert code_of(verifier, raw) is None
        assert list(keys)[:1] == held


def test_keys_go_while_the_server_stalls(server: HttpServer) -> None:
    """Stale keys go at their instant though the thread waits for an answer just then, and nobody asks for them."""
    server.answer = jwks(public("a"), Cache_Control="max-age=0")
    with RemoteKeySet(server.url, min_lifetime=0.1, stale_for=0.2, cool_down=0.01, max_wait=0.1, timeout=30) as keys:
        verifier = Verifier(keys)
        raw = signed("a")
        keys.refresh()
        generation = keys.generation.count
        server.answer = server.stall
        eventually(lambda: keys.generation.count > generation)
        assert keys._flight is not None
        assert (len(keys), code_of(verifier, raw)) == (0, "keys_unavailable")


def test_keys_go_without_the_thread(keys: RemoteKeySet) -> None:
    """Stale keys are not given out even where no thread has come to drop them."""
    keys.refresh()
    (prepared,) = keys.candidates("ES256", "a")
    assert prepared.key_id == "a"
    keys._schedule.usable_until = time.monotonic()
    assert keys.candidates("ES256", "a") == ()


def test_a_flapping_server(server: HttpServer, keys: RemoteKeySet) -> None:
    """Between a good document and anything else, by turns, tokens of known keys are always verified."""
    good = server.answer
    verifier = Verifier(keys)
    raw = signed("a")
    verifier.verify(raw)
    for bad in (reply(b"", 500), reply(b"<html>"), reply(b"{}"), reply(b"\xff"), reply(b""), reply(b"", 404)):
        for server.answer in (bad, good):
            fetch_anew(keys)
            assert is_hit(verifier, raw)
            assert code_of(verifier, signed("b", n=server.count)) is None
    assert keys.status().failures == 0


# ---- status, end ----


def test_status(server: HttpServer, keys: RemoteKeySet) -> None:
    """The status says which keys there are, what was skipped, when a fetch last succeeded and failed, and why."""
    at_first = keys.status()
    assert at_first == (server.url, (), (), None, None, None, None, 0, 0)
    server.answer = jwks(public("a"), {"kty": "oct", "kid": "s"})
    keys.refresh()
    good = keys.status()
    assert good.key_ids == ("a",)
    assert [(skipped.position, skipped.key_id) for skipped in good.skipped] == [(1, "s")]
    assert good.last_success == pytest.approx(time.time(), abs=10)
    assert good.age == pytest.approx(0, abs=10)
    server.answer = reply(b"", 418)
    keys.refresh()
    bad = keys.status()
    assert bad.key_ids == ("a",)
    assert (bad.last_success, bad.last_error, bad.failures, bad.fetches) == (good.last_success, "it answered 418", 1, 2)
    assert bad.last_error_at == pytest.approx(time.time(), abs=10)
    assert bad.age is not None
    assert good.age is not None
    assert bad.age > good.age
    server.answer = jwks(public("a"))
    keys.refresh()
    again = keys.status()
    assert (again.last_error, again.last_error_at) == (bad.last_error, bad.last_error_at)
    assert (again.failures, again.fetches, again.skipped) == (0, 3, ())


def test_failures_are_logged(server: HttpServer, keys: RemoteKeySet, caplog: pytest.LogCaptureFixture) -> None:
    """A fetch that fails leaves a warning that says where and why."""
    server.answer = reply(b"", 500)
    with caplog.at_level(logging.WARNING), pytest.raises(errors.KeySetUnavailableError):
        keys.refresh()
    assert [record.name for record in caplog.records] == ["jwtfast.remote"]
    assert server.url in caplog.text
    assert "it answered 500" in caplog.text


def test_nothing_secret_is_said(server: HttpServer, caplog: pytest.LogCaptureFixture) -> None:
    """What an address has after its question mark, and the headers that are sent, are in no message, log or repr."""
    server.answer = reply(b"", 500)
    with RemoteKeySet(f"{server.url}?code=hush", headers={"X-Api-Key": "hush"}) as keys:
        with caplog.at_level(logging.DEBUG, "jwtfast"), pytest.raises(errors.KeySetUnavailableError) as caught:
            keys.refresh()
        said = (str(caught.value), repr(keys), str(keys.status()), *(record.getMessage() for record in caplog.records))
        assert not any("hush" in text for text in said if text)
    assert "code=hush" in server.requests[0][0]


def test_close(server: HttpServer, keys: RemoteKeySet) -> None:
    """A key set that was closed has no thread and no keys, and starts none; to close it again does nothing."""
    verifier = Verifier(keys)
    raw = signed("a")
    verifier.verify(raw)
    worker = keys._worker
    assert worker is not None
    assert worker.is_alive()
    keys.close()
    keys.close()
    assert not worker.is_alive()
    assert code_of(verifier, raw) == "keys_unavailable"
    with pytest.raises(errors.KeySetUnavailableError, match="closed"):
        keys.refresh()
    assert server.count == 1


def test_close_while_the_server_stalls(server: HttpServer, keys: RemoteKeySet) -> None:
    """Closing gives up the fetch under way, and those who wait for it go on."""
    server.answer = server.stall
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(code_of, Verifier(keys), signed("a"))
        eventually(lambda: server.count)
        start = time.monotonic()
        keys.close()
        assert waiting.result() == "keys_unavailable"
        assert time.monotonic() - start < 5
    assert keys._worker is not None
    assert not keys._worker.is_alive()


def test_no_thread_to_be_had(server: HttpServer, keys: RemoteKeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started that is said, and the next call tries again."""

    def fail(_: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(errors.KeySetUnavailableError, match="no thread can be started"):
            keys.refresh()
        assert keys.status().last_error == "no thread can be started"
        generation = keys.generation.count
        assert keys.candidates("ES256", "a") == ()
        assert keys.generation.count > generation
    assert keys.refresh() is True
    assert server.count == 1


def test_something_unforeseen(server: HttpServer, keys: RemoteKeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in a fetch, it is a failed fetch, and the thread lives on."""

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(keys._reader.__class__, "_read", fail)
        with pytest.raises(errors.KeySetUnavailableError, match="MemoryError"):
            keys.refresh()
    assert keys.refresh() is True
    assert server.count == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies(server: HttpServer, keys: RemoteKeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that fails for good is replaced at the next call, that of a remembered token too."""
    verifier = Verifier(keys)
    raw = signed("a")
    verifier.verify(raw)
    first = keys._worker
    assert first is not None

    def fail(_: RemoteKeySet) -> float:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(RemoteKeySet, "_attend", fail)
        keys._wake.put(None)
        first.join(10)
    assert not first.is_alive()
    assert is_hit(verifier, raw)
    assert keys._worker is not None
    assert keys._worker is not first
    assert keys.refresh() is True
    assert server.count == 2


def test_close_before_use(server: HttpServer) -> None:
    """A key set that was never used can be closed, in an event loop too, and refuses to begin."""

    async def use() -> None:
        async with RemoteKeySet(server.url) as keys:
            assert len(keys) == 0
        with pytest.raises(errors.KeySetUnavailableError, match="closed"):
            await keys.refresh_async()

    asyncio.run(use())
    assert server.count == 0


def test_the_thread_ends_with_the_set(server: HttpServer) -> None:
    """A key set that nobody has any more goes, and its thread with it, though nobody closed it."""
    keys = RemoteKeySet(server.url)
    keys.refresh()
    worker, gone = keys._worker, weakref.ref(keys)
    assert worker is not None
    del keys
    gc.collect()
    worker.join(10)
    assert not worker.is_alive()
    assert gone() is None


def test_one_set_for_several_verifiers(server: HttpServer, keys: RemoteKeySet) -> None:
    """Verifiers with different policies share a key set and its fetches."""
    strict, open_ = Verifier(keys, issuer="https://login.example"), Verifier(keys)
    assert code_of(strict, signed("a")) == "missing_claim"
    assert code_of(strict, signed("a", iss="https://login.example")) is None
    assert code_of(open_, signed("b")) is None
    assert server.count == 1


def test_other_kinds_of_keys(keys: RemoteKeySet) -> None:
    """A verifier takes a key set that fetches, one that doesn't, a key, or several keys, and nothing else."""
    key = Key.from_jwk(public("a"))
    for given in (keys, key, [key], iter([key])):
        assert code_of(Verifier(given), signed("a")) is None
    with pytest.raises(TypeError):
        Verifier(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Verifier([keys])  # type: ignore[list-item]


def test_rsa_without_algorithm(server: HttpServer) -> None:
    """The caller says what an RSA key without alg is for, as for any JWK set."""
    private = private_key("RSA")
    server.answer = jwks(jwk(private, kid="r"))
    with RemoteKeySet(server.url, algorithms=("PS256", "RS256"), max_wait=10) as keys:
        verifier = Verifier(keys)
        for algorithm in ("PS256", "RS256"):
            assert verifier.verify(token(algorithm, private, {"exp": 2**33}, kid="r")).algorithm == algorithm
    with pytest.raises(errors.InvalidKeyError):
        RemoteKeySet(server.url, algorithms=("HS256",))
