"""Verification in an event loop: when it suspends and when it doesn't."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from forge import NOW, SECRET, Clock, good
from http_server import HttpServer, jwks
from remote_keys import FRESH, end_cool_down, eventually, public, signed

from jwtfast import Key, KeySet, MultiIssuerVerifier, RemoteKeySet, Token, Verifier, errors


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """Give a server that publishes the key a."""
    with HttpServer(jwks(public("a"), Cache_Control=FRESH)) as server:
        yield server


def at_once(coroutine: Coroutine[Any, Any, Token]) -> Token:
    """Run a coroutine that must not suspend, without any event loop."""
    with pytest.raises(StopIteration) as end:
        coroutine.send(None)
    coroutine.close()
    token = end.value.value
    assert isinstance(token, Token)
    return token


def test_fixed_keys_never_suspend() -> None:
    """Over keys that are not fetched the coroutine runs through at once, for good tokens and for bad ones."""
    verifier = Verifier(KeySet([Key.from_secret(SECRET, "HS256")]), clock=Clock(NOW))
    raw = good(sub="alice")
    token = at_once(verifier.verify_async(raw))
    assert token is at_once(verifier.verify_async(raw.encode())) is verifier.verify(raw)
    for bad, error in (
        (raw[:-4] + "AAAA", errors.InvalidSignatureError),
        ("x", errors.DecodeError),
        (good(exp=5), errors.ExpiredSignatureError),
        (5, TypeError),
    ):
        with pytest.raises(error):
            at_once(verifier.verify_async(bad))  # type: ignore[arg-type]


def test_known_keys_never_suspend(server: HttpServer) -> None:
    """Over fetched keys it runs through at once where the key is there, and where none can come."""
    with RemoteKeySet(server.url, cool_down=60) as keys:
        keys.refresh()
        verifier = Verifier(keys)
        raw = signed("a")
        assert at_once(verifier.verify_async(raw)) is at_once(verifier.verify_async(raw))
        for i in range(50):
            at_once(verifier.verify_async(signed("a", n=i)))
        with pytest.raises(errors.UnknownKeyError):
            at_once(verifier.verify_async(signed("b")))
    assert server.count == 1


def test_a_cold_set_suspends_and_the_loop_goes_on(server: HttpServer) -> None:
    """Where the key has to come first, the event loop does other things meanwhile."""
    proceed = threading.Event()
    good_answer = server.answer

    def late(handler: Any) -> None:
        assert proceed.wait(10)
        good_answer(handler)

    server.answer = late

    async def use(verifier: Verifier) -> Token:
        task = asyncio.create_task(verifier.verify_async(signed("a")))
        await asyncio.to_thread(eventually, lambda: server.count)
        assert not task.done()
        proceed.set()
        return await task

    with RemoteKeySet(server.url, max_wait=10) as keys:
        assert asyncio.run(use(Verifier(keys))).key_id == "a"


def test_a_key_that_never_comes(server: HttpServer) -> None:
    """It waits for max_wait at most, and then says what verify says."""
    with RemoteKeySet(server.url, cool_down=60, max_wait=0.1) as keys:
        verifier = Verifier(keys)
        keys.refresh()
        server.answer = server.stall
        end_cool_down(keys)
        with pytest.raises(errors.UnknownKeyError):
            asyncio.run(verifier.verify_async(signed("b")))
        assert keys._flight is not None


def test_a_caller_who_gives_up(server: HttpServer) -> None:
    """A caller that is cancelled while it waits takes nothing from those who wait for the same fetch."""
    proceed = threading.Event()
    good_answer = server.answer

    def late(handler: Any) -> None:
        assert proceed.wait(10)
        good_answer(handler)

    server.answer = late

    async def use(verifier: Verifier) -> list[object]:
        tasks = [asyncio.create_task(verifier.verify_async(signed("a", n=i))) for i in range(10)]
        await asyncio.to_thread(eventually, lambda: server.count)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.sleep(0)
        proceed.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    with RemoteKeySet(server.url, max_wait=10) as keys:
        found = asyncio.run(use(Verifier(keys)))
    assert [type(each) for each in found] == [asyncio.CancelledError, Token] * 5
    assert server.count == 1


def test_a_loop_that_ends_while_it_waits(server: HttpServer) -> None:
    """An event loop that is closed while somebody in it waits does no harm to the others."""
    proceed = threading.Event()
    good_answer = server.answer

    def late(handler: Any) -> None:
        assert proceed.wait(10)
        good_answer(handler)

    server.answer = late
    with RemoteKeySet(server.url, max_wait=10) as keys:
        verifier = Verifier(keys)

        async def give_up() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(verifier.verify_async(signed("a")), 0.02)

        asyncio.run(give_up())
        proceed.set()
        assert verifier.verify(signed("a")).key_id == "a"
    assert server.count == 1


def test_several_issuers(server: HttpServer) -> None:
    """A verifier of several issuers waits for the keys of the one that a token names, and of no other."""
    with (
        HttpServer(server.stall) as slow,
        RemoteKeySet(server.url, max_wait=10) as ours,
        RemoteKeySet(slow.url) as theirs,
    ):
        verifier = MultiIssuerVerifier(
            {"ours": Verifier(ours, issuer="ours"), "theirs": Verifier(theirs, issuer="theirs")}
        )
        raw = signed("a", iss="ours")
        token = asyncio.run(verifier.verify_async(raw))
        assert token is at_once(verifier.verify_async(raw)) is verifier.verify(raw)
        assert slow.count == 0
        with pytest.raises(errors.InvalidIssuerError):
            at_once(verifier.verify_async(signed("a", iss="others")))
