"""``PyJWKClient`` of jwtfast.jwt against a real HTTP server: what it asks for, how often, and what it makes of it."""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import key_pairs
import pytest
from bad_answers import BAD, DRIPS, MEGABYTE, certificate, raw_answer, ten_megabytes, without_length
from forge import SECRET, sign
from http_server import Answer, Handler, HttpServer, jwks, reply
from key_pairs import private_key

from jwtfast import jwt
from jwtfast.jwt.algorithms import RSAAlgorithm
from jwtfast.remote.answer import MAX_BYTES


def jwk(kid: str, **members: Any) -> dict[str, Any]:
    """Give a public key as a JWK of this kid."""
    own: dict[str, Any] = RSAAlgorithm.to_jwk(private_key("RSA").public_key(), as_dict=True)
    return {**own, "kid": kid, "use": "sig", "alg": "RS256", **members}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """Give a server that publishes one key, of the kid "k"."""
    with HttpServer(jwks(jwk("k"))) as server:
        yield server


def late(answer: Answer, seconds: float) -> Answer:
    """Answer after a while."""

    def wait(handler: Handler) -> None:
        time.sleep(seconds)
        answer(handler)

    return wait


def at_once(number: int, call: Callable[[int], object]) -> list[Any]:
    """Call from so many threads at once, and give what each returned or raised."""
    outcomes: list[Any] = [None] * number
    barrier = threading.Barrier(number)

    def run(position: int) -> None:
        barrier.wait()
        try:
            outcomes[position] = call(position)
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            outcomes[position] = error

    threads = [threading.Thread(target=run, args=(position,)) for position in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


# ---- how often it asks ----


def test_a_set_is_fetched_once_in_its_lifespan(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set is asked for with the headers given, kept for ``lifespan``, and fetched anew after it or on ``refresh``."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    client = jwt.PyJWKClient(server.url, lifespan=60, headers={"X-Mark": "m"})
    assert client.get_signing_key("k") is client.get_signing_key("k")
    assert [headers["X-Mark"] for _, headers in server.requests] == ["m"]
    assert client.get_jwk_set() is client.get_jwk_set()
    now[0] += 61
    assert client.get_signing_key("k").key_id == "k"
    assert server.count == 2
    client.get_jwk_set(refresh=True)
    assert server.count == 3
    uncached = jwt.PyJWKClient(server.url, cache_jwk_set=False)
    assert uncached.jwk_set_cache is None
    for _ in range(2):
        uncached.get_signing_keys()
    assert server.count == 5


def test_keys_are_kept_by_kid_where_asked_for(server: HttpServer) -> None:
    """With ``cache_keys`` a key that was found is not looked for again, whatever becomes of the set."""
    client = jwt.PyJWKClient(server.url, cache_keys=True, max_cached_keys=1, cache_jwk_set=False)
    first = client.get_signing_key("k")
    server.answer = jwks(jwk("other"))
    assert client.get_signing_key("k") is first
    assert server.count == 1


def test_an_unknown_kid_is_asked_for_once_in_a_cool_down(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown kid has the set fetched again, once for many threads, and not again before the cool-down is over."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    client = jwt.PyJWKClient(server.url, cooldown_duration=30)
    client.get_jwk_set()
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key("unknown")
    assert server.count == 1
    now[0] += 31
    server.answer = late(jwks(jwk("k")), 0.6)
    refused = at_once(8, lambda position: client.get_signing_key(f"unknown-{position}"))
    assert {type(error) for error in refused} == {jwt.PyJWKClientError}
    assert "unknown" not in "".join(map(str, refused))
    assert server.count == 2
    server.answer = jwks(jwk("k"), jwk("new"))
    now[0] += 31
    assert client.get_signing_key("new").key_id == "new"


def test_many_threads_make_one_fetch(server: HttpServer) -> None:
    """Where no set is remembered, however many threads want a key, one fetches it and the others wait for that."""
    server.answer = late(jwks(jwk("k")), 0.6)
    client = jwt.PyJWKClient(server.url)
    found = at_once(16, lambda _: client.get_signing_key("k"))
    assert len(set(map(id, found))) == 1
    assert found[0].key_id == "k"
    assert server.count == 1


def test_many_threads_fail_together(server: HttpServer) -> None:
    """A fetch that fails has failed for all who waited for it, each with an error of its own; the next tries anew."""
    server.answer = late(reply(b"", 503), 0.6)
    client = jwt.PyJWKClient(server.url)
    failed = at_once(8, lambda _: client.get_signing_key("k"))
    assert {(type(error), str(error)) for error in failed} == {
        (
            jwt.PyJWKClientConnectionError,
            'Fail to fetch data from the url, err: "HTTP Error 503: Service Unavailable"',
        )
    }
    assert len(set(map(id, failed))) == 8
    assert server.count == 1
    server.answer = jwks(jwk("k"))
    assert client.get_signing_key("k").key_id == "k"


def test_nobody_waits_whose_key_is_there(server: HttpServer) -> None:
    """While one thread has the set fetched for an unknown kid, the others go on with the keys that are remembered."""
    client = jwt.PyJWKClient(server.url, cooldown_duration=0)
    key = client.get_signing_key("k")
    server.answer = server.stall
    thread = threading.Thread(target=at_once, args=(1, lambda _: client.get_signing_key("unknown")))
    thread.start()
    while server.count < 2:
        time.sleep(0.01)
    assert client.get_signing_key("k") is key
    server.released.set()
    thread.join()


def test_whoever_waits_gives_up_in_time(server: HttpServer) -> None:
    """Nobody waits longer for another thread's fetch than ``timeout`` after its start, though that one may go on."""
    go_on = threading.Event()

    class Slow(jwt.PyJWKClient):
        def fetch_data(self) -> Any:
            go_on.wait(30)
            return super().fetch_data()

    client = Slow(server.url, timeout=0.3)
    first: list[Any] = []
    thread = threading.Thread(target=lambda: first.append(client.get_signing_key("k")))
    thread.start()
    while not client._flights:
        time.sleep(0.01)
    with pytest.raises(jwt.PyJWKClientConnectionError, match="timed out"):
        client.get_signing_key("k")
    go_on.set()
    thread.join()
    assert first[0] is client.get_signing_key("k")
    assert server.count == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_in_the_middle_of_a_fetch(server: HttpServer, new_process: Callable[..., CompletedProcess[str]]) -> None:
    """A process that is forked while a thread fetches waits for no thread that it hasn't got: it fetches itself."""
    server.answer = late(server.answer, 0.5)
    code = f"""if True:
        import os, threading, time
        from jwtfast import jwt
        client = jwt.PyJWKClient({server.url!r})
        thread = threading.Thread(target=client.get_jwk_set)
        thread.start()
        while not client._flights:
            time.sleep(0.01)
        child = os.fork()
        if not child:
            start = time.monotonic()
            found = client.get_signing_key("k").key_id == "k" and time.monotonic() - start < 10
            os._exit(0 if found else 1)
        print(os.waitpid(child, 0)[1], client.get_signing_key("k").key_id)
        thread.join()
        """
    done = new_process(code)
    assert (done.stdout.split(), done.stderr) == (["0", "k"], "")
    assert server.count == 2


# ---- what programs make of it ----


def test_fetch_data_is_remembered(server: HttpServer) -> None:
    """``fetch_data`` gives the document as it is and has it remembered, so that a program can call it at its start."""
    client = jwt.PyJWKClient(server.url)
    assert client.fetch_data() == {"keys": [jwk("k")]}
    assert client.get_signing_key("k").key_id == "k"
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key("unknown")
    assert server.count == 1
    server.answer = jwks()
    with pytest.raises(jwt.PyJWKSetError):
        client.fetch_data()
    assert jwt.PyJWKClient(server.url, cache_jwk_set=False).fetch_data() == {"keys": []}


def test_a_fetch_of_ones_own() -> None:
    """A subclass may fetch as it likes: what it gives is remembered, cools down, and fails with its own errors."""

    class Own(jwt.PyJWKClient):
        document: Any = None
        calls = 0

        def fetch_data(self) -> Any:
            self.calls += 1
            time.sleep(0.2)
            if isinstance(self.document, Exception):
                raise self.document
            return self.document

    client = Own("https://login.example/keys")
    client.document = {"keys": [jwk("k")]}
    assert client.get_signing_key("k") is client.get_signing_key("k")
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key("unknown")
    assert client.calls == 1
    nothings: list[Any] = [[], "{}", None]
    for client.document in nothings:
        with pytest.raises(jwt.PyJWKClientError, match="did not return a JSON object"):
            client.get_jwk_set(refresh=True)
    client.document = LookupError("no such service")
    failed = at_once(4, lambda _: client.get_jwk_set(refresh=True))
    assert {type(error) for error in failed} == {LookupError}
    assert client.get_signing_key("k").key_id == "k"


def test_a_key_that_a_subclass_takes_out_is_never_seen(server: HttpServer) -> None:
    """A subclass that takes a key out of the document has it gone for all threads, at every instant."""
    server.answer = jwks(jwk("k"), jwk("dropped"))
    seen: list[Any] = []

    class Filtering(jwt.PyJWKClient):
        def fetch_data(self) -> Any:
            document = super().fetch_data()
            assert self.jwk_set_cache is not None
            seen.append(self.jwk_set_cache.get())
            return {"keys": [one for one in document["keys"] if one["kid"] != "dropped"]}

    client = Filtering(server.url)
    assert [key.key_id for key in client.get_signing_keys()] == ["k"]
    assert [key.key_id for key in client.get_signing_keys()] == ["k"]
    assert seen == [None]


def test_a_thread_that_is_made_to_stop_stops_no_other(server: HttpServer) -> None:
    """Whoever waits for a fetch that its thread was made to break off makes it itself."""
    begun = threading.Event()

    class Stopped(jwt.PyJWKClient):
        def fetch_data(self) -> Any:
            if not begun.is_set():
                begun.set()
                time.sleep(0.3)
                raise SystemExit
            return super().fetch_data()

    client = Stopped(server.url)

    def run() -> None:
        with suppress(SystemExit):
            client.get_jwk_set()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait()
    assert client.get_signing_key("k").key_id == "k"
    thread.join()


# ---- what it asks, and what it believes ----


def test_what_is_sent(server: HttpServer) -> None:
    """It says what it can read, and who it is, but for what the program says by ``headers``, then or later."""
    client = jwt.PyJWKClient(server.url, headers={"user-agent": "mine", "X-Number": 5})
    client.fetch_data()
    client.headers["Authorization"] = "Bearer x"
    client.fetch_data()
    first, second = (headers for _, headers in server.requests)
    assert (first["User-Agent"], first["X-Number"], first["Accept-Encoding"]) == ("mine", "5", "identity")
    assert "application/json" in first["Accept"]
    assert (first["Authorization"], second["Authorization"]) == (None, "Bearer x")
    jwt.PyJWKClient(server.url).fetch_data()
    assert server.requests[-1][1]["User-Agent"].startswith("jwtfast/")


# A JWK set is taken whatever its Content-Type, as PyJWT does.
@pytest.mark.parametrize("what", sorted(BAD.keys() - {"JSON that says to be HTML"}))
def test_a_set_that_is_there_stays_when_a_fetch_fails(server: HttpServer, what: str) -> None:
    """An answer that a RemoteKeySet would not believe is one documented error, and the set that is remembered stays."""
    client = jwt.PyJWKClient(server.url)
    kept = client.get_jwk_set()
    server.answer = BAD[what][0]
    with pytest.raises((jwt.PyJWKClientError, jwt.PyJWKSetError)):
        client.get_jwk_set(refresh=True)
    assert client.get_jwk_set() is kept


def test_a_length_that_only_looks_like_a_number(server: HttpServer) -> None:
    """A length of which no number can be made is the answer's fault, and is not taken for one of the configuration."""
    server.answer = BAD["a length that is no number"][0]
    with pytest.raises(jwt.PyJWKClientConnectionError, match="longer than max_bytes"):
        jwt.PyJWKClient(server.url).get_jwk_set()


def test_json_whatever_it_says_to_be(server: HttpServer) -> None:
    """A JWK set is one even where the server calls it HTML."""
    server.answer = BAD["JSON that says to be HTML"][0]
    assert jwt.PyJWKClient(server.url).get_signing_key("b").key_id == "b"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_cve_2026_102267_redirects(server: HttpServer, status: int) -> None:
    """A redirect is not followed: whoever can make the server send one must not choose the keys (CVE-2026-102267)."""
    with HttpServer(jwks(jwk("k"))) as elsewhere:
        for location in (elsewhere.url, "/other", "file:///etc/passwd"):
            server.answer = reply(b"", status, Location=location)
            with pytest.raises(jwt.PyJWKClientConnectionError, match=str(status)):
                jwt.PyJWKClient(server.url).get_jwk_set()
        assert elsewhere.count == 0
    assert {path for path, _ in server.requests} == {"/jwks"}


def test_a_set_that_is_too_long(server: HttpServer) -> None:
    """A document may be as long as a RemoteKeySet's, said or not, and of a longer one no more is read than that."""
    good = json.dumps({"keys": [jwk("k")]}).encode()
    for answer_of in (reply, lambda body: without_length(iter([body]))):
        server.answer = answer_of(good.ljust(MAX_BYTES))
        assert jwt.PyJWKClient(server.url).get_signing_key("k").key_id == "k"
        server.answer = answer_of(good.ljust(MAX_BYTES + 1))
        with pytest.raises(jwt.PyJWKClientConnectionError, match="longer than max_bytes"):
            jwt.PyJWKClient(server.url).get_jwk_set()
    sent: list[int] = []
    server.answer = ten_megabytes(sent)
    with pytest.raises(jwt.PyJWKClientConnectionError, match="longer than max_bytes"):
        jwt.PyJWKClient(server.url).get_jwk_set()
    time.sleep(0.05)
    assert sum(sent) < 10 * MEGABYTE


@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_that_drips(server: HttpServer, what: str) -> None:
    """A server that sends an octet now and then, and never ends, is cut off when the time for the whole is over."""
    head, drop = DRIPS[what]
    server.answer = raw_answer(head, *[drop] * 600, pause=0.05)
    start = time.monotonic()
    with pytest.raises(jwt.PyJWKClientConnectionError, match="timed out"):
        jwt.PyJWKClient(server.url, timeout=0.4).get_jwk_set()
    assert time.monotonic() - start < 5


def test_a_server_that_says_nothing(server: HttpServer) -> None:
    """A server that takes the connection and says nothing is given up; without a ``timeout`` it is waited for."""
    server.answer = server.stall
    with pytest.raises(jwt.PyJWKClientConnectionError, match='err: "timed out"'):
        jwt.PyJWKClient(server.url, timeout=0.2).get_jwk_set()
    server.answer = late(jwks(jwk("k")), 0.2)
    patient = jwt.PyJWKClient(server.url, timeout=None)  # type: ignore[arg-type]
    assert [key.key_id for key in at_once(2, lambda _: patient.get_signing_key("k"))] == ["k", "k"]


def test_proxies(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is elsewhere is asked for by way of the environment's proxy, and what is on this very machine never is."""
    with HttpServer(jwks(jwk("by proxy"))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.setenv("http_proxy", proxy.origin)
        assert jwt.PyJWKClient(server.url).get_signing_keys()[0].key_id == "k"
        assert proxy.count == 0
        other = jwt.PyJWKClient("http://login.example/jwks")
        assert other.get_signing_keys()[0].key_id == "by proxy"
        assert [path for path, _ in proxy.requests] == ["http://login.example/jwks"]


@pytest.mark.parametrize(
    ("uri", "headers"),
    [
        ("https://user:hush@login.example/keys", {}),
        ("https://hush@login.example/keys", {}),
        ("https://login.example/keys?token=hush now", {}),
        ("https://login.example/k\u00e9ys?token=hush", {}),
        ("https://login.example:hush/keys", {}),
        ("https://login.example/keys", {"Authorization": "hush\nX-Other: y"}),
        ("https://login.example/keys", {"Authorization": "hush \u20ac"}),
    ],
)
def test_what_can_not_be_sent_is_not_repeated(uri: str, headers: dict[str, str]) -> None:
    """An address or a header that can't be sent is a connection error which holds nothing of it."""
    with pytest.raises(jwt.PyJWKClientConnectionError, match="Fail to fetch data from the url") as caught:
        jwt.PyJWKClient(uri, headers=headers, timeout=2).get_jwk_set()
    error: BaseException | None = caught.value
    while error is not None:
        assert "hush" not in f"{error}"
        error = error.__cause__


def test_https(tmp_path: Path) -> None:
    """Over https the server must be one that is trusted: the system's authorities, or those one names."""
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with HttpServer(jwks(jwk("k")), context) as server:
        assert server.url.startswith("https://")
        with pytest.raises(jwt.PyJWKClientConnectionError, match=r"(?i)certificate"):
            jwt.PyJWKClient(server.url).get_jwk_set()
        assert server.count == 0
        trusting = jwt.PyJWKClient(server.url, ssl_context=ssl.create_default_context(cafile=str(path)))
        assert trusting.get_signing_key("k").key_id == "k"
        server.answer = raw_answer(b"HTTP/1.1 200 OK\r\nX-Long: ", *[b"x"] * 600, pause=0.05)
        trusting.timeout = 0.4
        with pytest.raises(jwt.PyJWKClientConnectionError, match="timed out"):
            trusting.fetch_data()


def test_tests_may_replace_what_it_fetches_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fetches by ``urllib.request.build_opener``, as PyJWT does: programs' tests replace that."""
    monkeypatch.setattr("jwtfast.jwt.jwks_client.urllib.request.build_opener", lambda *_: Canned())

    class Canned:
        def open(self, request: Any, timeout: float) -> Any:
            assert (request.full_url, timeout) == ("https://login.example/keys", 30)
            return self

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...

        def read(self) -> str:
            return json.dumps({"keys": [jwk("k")]})

    assert jwt.PyJWKClient("https://login.example/keys").get_signing_key("k").key_id == "k"


# ---- which key it gives ----


def test_only_keys_for_signatures_with_a_kid_count(server: HttpServer) -> None:
    """Keys for encryption, and those without a kid, are no signing keys; where there are no others, that is said."""
    nameless = jwk("x")
    del nameless["kid"]
    server.answer = jwks(jwk("enc", use="enc"), nameless, jwk("k", use=None))
    client = jwt.PyJWKClient(server.url)
    assert [key.key_id for key in client.get_signing_keys()] == ["k"]
    server.answer = jwks(jwk("enc", use="enc"), nameless)
    with pytest.raises(jwt.PyJWKClientError, match="signing keys"):
        client.get_signing_keys(refresh=True)


@pytest.mark.parametrize("odd", [None, "", 0, 1.5, True, [], ["sig"], {}, {"a": 1}, "x", "\u00e9"])
@pytest.mark.parametrize("name", ["kty", "crv", "x", "n", "e", "k", "d", "alg", "use", "kid", "key_ops"])
def test_one_odd_member_spoils_no_set(server: HttpServer, name: str, odd: Any) -> None:
    """Whatever JSON a member of a JWK is, that key is usable or not, and the others of the set are found."""
    kinds = ("RSA", "P-256", "Ed25519")
    others = [{**key_pairs.jwk(private_key(kind), kid=kind), name: odd} for kind in kinds]
    server.answer = jwks(*others, {"kty": "oct", "k": "c2VjcmV0", name: odd}, jwk("k"))
    client = jwt.PyJWKClient(server.url)
    assert client.get_signing_key("k").key_id == "k"
    assert set(map(type, client.get_signing_keys())) == {jwt.PyJWK}


def test_the_key_of_a_token(server: HttpServer) -> None:
    """A token's kid picks its key, by which it verifies; a token that is none is a DecodeError and asks for nothing."""
    client = jwt.PyJWKClient(server.url)
    token = jwt.encode({"sub": "alice"}, private_key("RSA"), "RS256", headers={"kid": "k"})
    assert jwt.decode(token, client.get_signing_key_from_jwt(token), ["RS256"]) == {"sub": "alice"}
    assert jwt.decode(token, client.get_signing_key_from_jwt(token.encode()).key, ["RS256"]) == {"sub": "alice"}
    asked = server.count
    with pytest.raises(jwt.DecodeError):
        client.get_signing_key_from_jwt("no.token")
    assert server.count == asked
    with pytest.raises(jwt.PyJWKClientError, match="Unable to find a signing key"):
        client.get_signing_key_from_jwt(sign({"alg": "HS256"}, {}, SECRET))


def test_a_server_that_proves_nothing_is_not_believed(server: HttpServer) -> None:
    """Over https, ``ssl_context`` decides; what is no TLS is a connection error."""
    client = jwt.PyJWKClient(server.url.replace("http:", "https:"), ssl_context=ssl.create_default_context(), timeout=2)
    with pytest.raises(jwt.PyJWKClientConnectionError):
        client.get_jwk_set()


def test_what_can_not_be_meant_is_refused() -> None:
    """Other schemes, and times that are none, are refused before anything is fetched."""
    for arguments in (
        {"uri": "file:///etc/passwd"},
        {"uri": "ftp://a/b"},
        {"uri": "keys.json"},
        {"lifespan": 0},
        {"lifespan": -1},
        {"cooldown_duration": -1},
        {"cooldown_duration": float("nan")},
        {"cooldown_duration": float("inf")},
    ):
        with pytest.raises(jwt.PyJWKClientError):
            jwt.PyJWKClient(**{"uri": "https://login.example/keys", **arguments})  # type: ignore[arg-type]
    assert jwt.PyJWKClient("HTTPS://login.example/keys", lifespan=0, cache_jwk_set=False).jwk_set_cache is None
