"""What tests of remote key sets share: keys, tokens signed by them, and ways to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from key_pairs import jwk, private_key, token

from jwtfast import errors
from jwtfast.remote import RemoteKeySet
from jwtfast.verifier import Verifier

KIDS = ("a", "b", "c", "d")
NUMBERS = {kid: number for number, kid in enumerate(KIDS)}
FRESH = "max-age=3000"


def public(kid: str, **members: Any) -> dict[str, Any]:
    """Give the public JWK of a kid."""
    return jwk(private_key("P-256", NUMBERS[kid]), kid=kid, **members)


def signed(kid: str, /, *, name: str | None = None, **claims: Any) -> str:
    """Give a token that the key of a kid signed, under its own kid or another."""
    private = private_key("P-256", NUMBERS[kid])
    return token("ES256", private, {"exp": int(time.time()) + 600, **claims}, kid=kid if name is None else name)


def code_of(verifier: Any, raw: str) -> str | None:
    """Give the code of the error that a token is refused with, or None where it is good."""
    try:
        verifier.verify(raw)
    except errors.JWTError as error:
        return error.code
    return None


def end_cool_down(keys: RemoteKeySet) -> None:
    """Have the cool-down after the last fetch be over."""
    with keys._lock:
        keys._schedule.cool_until = time.monotonic()


def fetch_anew(keys: RemoteKeySet) -> None:
    """Have the thread find that the document is to be fetched, and wait until it has been."""
    before = keys.status()
    with keys._lock:
        keys._schedule.fetch_at = keys._schedule.cool_until = time.monotonic()
        keys._wake.put(None)
    eventually(lambda: keys.status().fetches > before.fetches and keys._flight is None)


def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something to come true."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.002)


def is_hit(verifier: Verifier, raw: str) -> bool:
    """Verify a token and tell whether it came from the cache."""
    before = verifier.cache_info().hits
    verifier.verify(raw)
    return verifier.cache_info().hits > before
