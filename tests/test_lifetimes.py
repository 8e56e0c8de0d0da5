"""Who keeps whom: tokens, verifiers and caches go in any order, and half-built ones do no harm."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from forge import HEADER, NOW, SECRET, Clock, good, verdict

from jwtfast import Key, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")


def verifier(**options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW, unless another clock is given."""
    return Verifier(KEY, **{"clock": Clock(), **options})


def test_tokens_outlive_their_verifier() -> None:
    """A Token needs neither the verifier nor the cache it came from: its claims can be read later."""
    judge = verifier()
    unread, read = judge.verify(good(sub="unread")), judge.verify(good(sub="read"))
    assert read.subject == "read"
    del judge
    gc.collect()
    assert (unread.subject, read.subject) == ("unread", "read")
    assert unread.header == HEADER
    assert (unread.algorithm, unread.key_id) == ("HS256", None)


def test_tokens_outlive_their_entries() -> None:
    """A Token that was evicted, forgotten or cleared away reads as before, and is charged to nobody."""
    judge = verifier(cache_tokens=1)
    evicted = judge.verify(good(sub="evicted"))
    forgotten = judge.verify(good(sub="forgotten"))
    judge.forget(good(sub="forgotten"))
    cleared = judge.verify(good(sub="cleared"))
    judge.clear_cache()
    empty = judge.cache_info().bytes
    assert [token.subject for token in (evicted, forgotten, cleared)] == ["evicted", "forgotten", "cleared"]
    assert judge.cache_info().bytes == empty


def test_a_verifier_frees_what_it_held() -> None:
    """With the verifier go its table and all tokens that nobody else has."""
    raws = [good(n=i, x="x" * 500) for i in range(500)]

    def use() -> None:
        judge = verifier()
        for raw in raws:
            assert judge.verify(raw).claims["exp"]

    use()
    gc.collect()
    tracemalloc.start()
    use()
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20_000


def test_a_token_past_its_window_is_freed() -> None:
    """A remembered token that is met again when it has expired is let go of, and so are the forgotten ones."""
    clock = Clock()
    judge = verifier(clock=clock)
    raws = [good(n=i, x="x" * 500) for i in range(400)]

    def fill() -> int:
        clock.now = NOW
        gc.collect()
        tracemalloc.start()
        for raw in raws:
            assert judge.verify(raw).claims["exp"]
        clock.now = NOW + 60
        for raw in raws[:300]:
            assert verdict(judge.verify, raw) is errors.ExpiredSignatureError
        for raw in raws[300:]:
            assert judge.forget(raw)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return held

    fill()
    assert fill() < 20_000
    assert judge.cache_info().tokens == 0


class Owner(Clock):
    """A clock that knows the verifier it belongs to."""

    verifier: Verifier


class Subclass(Verifier):
    """A verifier with room for more."""

    itself: Verifier


@pytest.mark.parametrize("kind", ["clock", "attribute"])
def test_a_verifier_in_a_cycle(kind: str) -> None:
    """A verifier that refers to itself, by its clock or by an attribute, is collected, and its tokens stay good."""
    clock = Owner()
    judge = Subclass(KEY, clock=clock)
    if kind == "clock":
        clock.verifier = judge
    else:
        judge.itself = judge
    tokens = [judge.verify(good(n=i)) for i in range(50)]
    assert tokens[0].claims["n"] == 0
    gone = weakref.ref(clock)
    del judge, clock
    gc.collect()
    assert gone() is None
    assert [token.claims["n"] for token in tokens] == [*range(50)]


def test_a_token_outlives_its_cycle() -> None:
    """What a verifier in a cycle remembered goes with it, but for the tokens that somebody has."""
    clock = Owner()
    clock.verifier = verifier(clock=clock)
    for i in range(200):
        clock.verifier.verify(good(n=i))
    token = clock.verifier.verify(good(n=7))
    del clock
    gc.collect()
    assert token.claims["n"] == 7


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_verifier_has_no_copies(duplicate: Callable[[object], object]) -> None:
    """A verifier can't be copied or pickled: two of them would share one cache."""
    judge = verifier(clock=None)
    judge.verify(good(exp=2**40))
    with pytest.raises(TypeError):
        duplicate(judge)
    assert judge.cache_info().tokens == 1


BEGIN = """
from forge import HEADER, NOW, SECRET, Clock, good, verdict
from jwtfast import *
KEY = Key.from_secret(SECRET, "HS256")
judge = Verifier(KEY, clock=Clock())
token = judge.verify(good())
class Forgetful(Verifier):
    def __init__(self):
        pass
def attempt(call):
    try:
        call()
    except (TypeError, AttributeError, ValueError, RuntimeError):
        pass
"""
HALF_BUILT = [
    "attempt(lambda: Verifier.__new__(Verifier).verify(good()))",
    "attempt(lambda: Verifier.__new__(Verifier).verify_bearer('Bearer ' + good()))",
    "attempt(lambda: Verifier.__new__(Verifier).cache_info())",
    "attempt(lambda: Verifier.__new__(Verifier).clear_cache())",
    "attempt(lambda: Verifier.__new__(Verifier).forget(good()))",
    "attempt(lambda: Forgetful().verify(good()))",
    "attempt(lambda: Verifier(None))",
    "attempt(lambda: Token.__new__(Token))",
    "attempt(lambda: Token.__new__(Token).claims)",
    "attempt(lambda: Token.__new__(Token).header)",
    "attempt(lambda: Token.__new__(Token).algorithm)",
    "attempt(lambda: Token.__new__(Token).key_id)",
    "attempt(lambda: repr(Token.__new__(Token)))",
    "attempt(lambda: Verifier([Key.__new__(Key)]))",
    "attempt(lambda: repr(Key.__new__(Key)))",
    "attempt(lambda: len(Claims.__new__(Claims)))",
    "attempt(lambda: judge.__setstate__((None,) * 8)); assert judge.verify(good()) is token",
    "attempt(lambda: judge.__setstate__(Verifier(KEY).__reduce__()[2])); assert judge.verify(good()) is token",
    "attempt(lambda: judge.__init__(KEY)); assert judge.verify(good()) is token",
    "attempt(lambda: token.__init__()); token.claims",
    "attempt(lambda: type(token)(judge))",
]


@pytest.mark.parametrize("code", HALF_BUILT)
def test_half_built_objects(code: str) -> None:
    """An object that was never set up, or is set up again, raises; it never takes the process or a cache down."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", f"{BEGIN}\n{code}\nprint('alive')"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr
