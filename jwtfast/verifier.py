"""The verifier: checks its configuration once, then hands over to the compiled core."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable

from jwtfast._native import VerifierCore
from jwtfast.claims import _Any, compile_policy, number_of_seconds
from jwtfast.keys import Key, KeySet

__all__ = ["Verifier"]


class Verifier(VerifierCore):
    """Verifies tokens by one set of keys and one policy, neither of which ever changes, and remembers the good ones."""

    __slots__ = ()

    def __init__(
        self,
        keys: Key | KeySet | Iterable[Key],
        *,
        issuer: str | Collection[str] | None = None,
        audience: str | Collection[str] | _Any | None = None,
        required: Collection[str] = ("exp",),
        token_type: str | None = None,
        leeway: float = 0,
        max_age: float | None = None,
        max_token_bytes: int = 16_384,
        cache_tokens: int = 10_000,
        cache_bytes: int = 64 * 2**20,
        cache_ttl: float | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Configure it (RFC 7519 section 7.2, RFC 8725).

        Args:
            keys: The keys that tokens may be signed with. Their algorithms are the ones allowed.
            issuer: The value, or values, that ``iss`` may have, compared exactly.
            audience: The value, or values, of which ``aud`` must hold one. Where it is None, a token that names an
                audience is refused; ``jwtfast.ANY`` accepts any.
            required: Names of claims that must be there. ``()`` allows tokens that never expire.
            token_type: What the header's ``typ`` must say, like ``"at+jwt"`` (RFC 7515 section 4.1.9).
            leeway: How far the issuer's clock and this one may disagree, in seconds.
            max_age: How long ago a token may have been issued, in seconds; asks for ``iat``.
            max_token_bytes: The longest token that is looked at, in bytes.
            cache_tokens: How many verified tokens are remembered at most; 0: none.
            cache_bytes: How many bytes they take at most, with their claims.
            cache_ttl: How long a token is remembered at most, in seconds; None: as long as it is valid.
            clock: Tells the time, in seconds since the epoch; None: the system's clock, read natively.

        Raises:
            InvalidKeyError: There are no keys.
            ValueError: A value is empty, negative or not finite.
            TypeError: A value is of the wrong type, or the verifier is configured already.
        """
        key_set = keys if isinstance(keys, KeySet) else KeySet([keys] if isinstance(keys, Key) else keys)
        if clock is not None and not callable(clock):
            msg = "clock is a function that gives the seconds since the epoch"
            raise TypeError(msg)
        super().__init__(
            key_set,
            compile_policy(issuer=issuer, audience=audience, required=required, leeway=leeway, max_age=max_age),
            token_type=None if token_type is None else _media_type(token_type),
            max_token_bytes=_count("max_token_bytes", max_token_bytes, least=1),
            cache_tokens=_count("cache_tokens", cache_tokens, least=0),
            cache_bytes=_count("cache_bytes", cache_bytes, least=0),
            cache_ttl=math.inf if cache_ttl is None else number_of_seconds("cache_ttl", cache_ttl),
            clock=clock,
        )


def _count(name: str, value: int, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{name} is an int, not {type(value).__name__}"
        raise TypeError(msg)
    if not least <= value < 2**48:
        msg = f"{name} is at least {least} and below 2**48"
        raise ValueError(msg)
    return value


def _media_type(token_type: str) -> str:
    if not isinstance(token_type, str):
        msg = f"token_type is a str or None, not {type(token_type).__name__}"
        raise TypeError(msg)
    if not token_type or not token_type.isascii():
        msg = "token_type is a media type like 'at+jwt'"
        raise ValueError(msg)
    return token_type.lower().removeprefix("application/")
