"""What ``benchmarks.memory`` measures, each in a process of its own: ``python -m benchmarks.memory_cases NAME``."""

from __future__ import annotations

import ctypes
import functools
import gc
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import cachetools

import jwtfast
from benchmarks.contenders import CONTENDERS
from benchmarks.token_stream import make, receive
from benchmarks.tokens import AUDIENCE, ISSUER, SECRET, Checks

__all__ = ["CASES", "FORGED", "HELD", "PASSED", "Measured"]

HELD = 10_000  # tokens that caches hold: the default of cache_tokens
PASSED = 200_000  # tokens that pass through a cache
FORGED = 1_000_000
WARM_UP = 200  # tokens that have the code and what it allocates once loaded
SAMPLE_EVERY = 1000  # tokens, from one look at the process to the next


@dataclass
class Measured:
    """What came of a case; sizes in bytes. ``most_*`` are the highest values that were ever seen."""

    growth: int = 0
    most_growth: int = 0
    tokens: int = 0
    counted: int = 0  # by cache_info()
    most_tokens: int = 0
    most_counted: int = 0
    max_tokens: int = 0
    max_bytes: int = 0
    evictions: int = 0
    changed: bool = False  # whether what was cached before has changed


def _resident() -> int:
    """Give what the process holds in memory; pages that are shared with others, such as code, count in full."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "Rss":
            return int(value.split()[0]) * 1024
    msg = "this system doesn't tell what a process holds in memory"
    raise OSError(msg)


def _settled() -> int:
    """Give the same once garbage is collected, and free memory given back as far as the allocator can."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
    return _resident()


def _verifier() -> jwtfast.Verifier:
    return jwtfast.Verifier(jwtfast.Key.from_secret(SECRET, "HS256"), issuer=ISSUER, audience=AUDIENCE)


_Verify = Callable[[str], object]


def _pyjwt() -> _Verify:
    contender = next(one for one in CONTENDERS if one.name == "PyJWT")
    return contender.prepare(Checks(SECRET, "HS256", ISSUER, AUDIENCE)).verify


def _lru_cache() -> _Verify:
    return functools.lru_cache(maxsize=HELD)(_pyjwt())


def _ttl_cache() -> _Verify:
    return cachetools.cached(cachetools.TTLCache(maxsize=HELD, ttl=3600))(_pyjwt())


def _nothing() -> _Verify:
    return len


def _hold(build: Callable[[], _Verify]) -> Measured:
    """Measure a cache of claims that some other library has verified."""
    tokens = receive("typical", WARM_UP + HELD)
    _drain(build(), islice(tokens, WARM_UP))
    before = _settled()
    verify = build()
    _drain(verify, tokens)
    return Measured(growth=_settled() - before, tokens=HELD)


def _drain(verify: _Verify, tokens: Iterable[str]) -> None:
    for token in tokens:
        verify(token)


def _made_here(kind: str, count: int) -> Iterator[str]:
    return (token.decode() for token in make(kind, count))


def _pass(
    source: Callable[[str, int], Iterator[str]] = receive, kind: str = "typical", count: int = PASSED, *, read: bool
) -> Measured:
    """Measure jwtfast with its default limits, which are looked at after each step."""
    tokens = source(kind, WARM_UP + count)
    warm = _verifier()
    for token in islice(tokens, WARM_UP):
        _ = warm.verify(token).claims
    del warm, token
    before = _settled()
    verifier = _verifier()
    seen = Measured()
    for number, raw in enumerate(tokens):
        verified = verifier.verify(raw)
        _look(verifier, seen)
        if read:
            _ = verified.claims
            _look(verifier, seen)
        if number % SAMPLE_EVERY == 0:
            seen.most_growth = max(seen.most_growth, _resident() - before)
    del raw, verified
    return _end(verifier, seen, before)


def _forge() -> Measured:
    """Measure jwtfast with a full cache and forged tokens."""
    verifier = _verifier()
    good = list(receive("typical", HELD))
    kept = [verifier.verify(token) for token in good]
    tokens = receive("forged", WARM_UP + FORGED)
    _refuse(verifier, islice(tokens, WARM_UP))
    full = verifier.cache_info()
    seen = Measured()
    before = _settled()
    _refuse(verifier, tokens)
    _end(verifier, seen, before)
    info = verifier.cache_info()
    same = all(verifier.verify(token) is one for token, one in zip(good, kept, strict=True))
    seen.changed = not same or info != full._replace(misses=full.misses + FORGED)
    return seen


def _refuse(verifier: jwtfast.Verifier, tokens: Iterable[str]) -> None:
    for token in tokens:
        try:
            verifier.verify(token)
        except jwtfast.errors.InvalidSignatureError:
            continue
        msg = "a forged token was accepted"
        raise AssertionError(msg)


def _look(verifier: jwtfast.Verifier, seen: Measured) -> None:
    info = verifier.cache_info()
    seen.most_tokens = max(seen.most_tokens, info.tokens)
    seen.most_counted = max(seen.most_counted, info.bytes)


def _end(verifier: jwtfast.Verifier, seen: Measured, before: int) -> Measured:
    seen.growth = _settled() - before
    seen.most_growth = max(seen.most_growth, seen.growth)
    _look(verifier, seen)
    info = verifier.cache_info()
    seen.tokens, seen.counted, seen.evictions = info.tokens, info.bytes, info.evictions
    seen.max_tokens, seen.max_bytes = info.max_tokens, info.max_bytes
    return seen


CASES: dict[str, Callable[[], Measured]] = {
    "nothing": partial(_hold, _nothing),
    "jwtfast, claims unread": partial(_pass, count=HELD, read=False),
    "jwtfast, claims read": partial(_pass, count=HELD, read=True),
    "functools.lru_cache": partial(_hold, _lru_cache),
    "cachetools.TTLCache": partial(_hold, _ttl_cache),
    "typical, unread": partial(_pass, read=False),
    "typical, read": partial(_pass, read=True),
    "of many sizes, unread": partial(_pass, kind="of many sizes", read=False),
    "of many sizes, read": partial(_pass, kind="of many sizes", read=True),
    "made here, unread": partial(_pass, _made_here, read=False),
    "made here, read": partial(_pass, _made_here, read=True),
    "forged": _forge,
}


def main() -> None:
    """Measure the case that the command line names, and write what came of it to the standard output, in JSON."""
    result: dict[str, Any] = asdict(CASES[sys.argv[1]]())
    print(json.dumps(result))


if __name__ == "__main__":
    main()
