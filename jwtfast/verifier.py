"""The verifier: checks its configuration once, then hands over to the compiled core."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, Protocol, Self, TypedDict, Unpack, overload

from jwtfast._native import RevocationSet, Token, VerifierCore
from jwtfast.claims import ANY, _Any, compile_policy, number_of_seconds
from jwtfast.key_set import FetchedKeys, KeySet, KeySource
from jwtfast.keys import Key
from jwtfast.revocation import Revocations

__all__ = ["AsyncVerification", "Verifier", "number_of"]


class Options(TypedDict, total=False):
    """What a ready-made policy leaves to its user; each is a parameter of ``Verifier``."""

    claims: Mapping[str, str | Collection[str]] | None
    leeway: float
    max_age: float | None
    max_token_bytes: int
    cache_tokens: int
    cache_bytes: int
    cache_ttl: float | None
    revocations: Revocations | None
    clock: Callable[[], float] | None


class Attempting(Protocol):
    """What verifies without waiting."""

    @overload
    def attempt(self, raw: str | bytes | bytearray | memoryview, last: Literal[True], /) -> Token: ...
    @overload
    def attempt(self, raw: str | bytes | bytearray | memoryview, last: bool = False, /) -> Token | FetchedKeys: ...


class AsyncVerification:
    """Verification in an event loop, for whatever verifies without waiting."""

    __slots__ = ()

    async def verify_async(self: Attempting, raw: str | bytes | bytearray | memoryview, /) -> Token:
        """Verify a token as ``verify`` does, and let the event loop go on where a key has to be waited for.

        It suspends only then, for at most ``max_wait`` seconds of a ``RemoteKeySet``: where the key is there, or can't
        be had, the coroutine runs through at once.

        Args:
            raw: The token in JWS Compact Serialization.

        Returns:
            The verified token.

        Raises:
            InvalidTokenError: Something is wrong with the token; the subclass and its ``code`` say what.
            KeySetUnavailableError: There are no keys to judge it with.
            RevocationListUnavailableError: The token may be good, and its revocations can't be known (503, not 401).
            TypeError: It is not str, bytes, bytearray or memoryview.
        """
        found = self.attempt(raw)
        if isinstance(found, Token):
            return found
        await found.wait_async()
        return self.attempt(raw, True)


class Verifier(VerifierCore, AsyncVerification):
    """Verifies tokens by a set of keys and a policy that never changes, and remembers the good ones."""

    __slots__ = ()

    def __init__(
        self,
        keys: Key | KeySource | Iterable[Key],
        *,
        issuer: str | Collection[str] | None = None,
        audience: str | Collection[str] | _Any | None = None,
        required: Collection[str] = ("exp",),
        claims: Mapping[str, str | Collection[str]] | None = None,
        authorized_party: str | None = None,
        token_type: str | None = None,
        leeway: float = 0,
        max_age: float | None = None,
        max_token_bytes: int = 16_384,
        cache_tokens: int = 10_000,
        cache_bytes: int = 64 * 2**20,
        cache_ttl: float | None = None,
        revocations: Revocations | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Configure it (RFC 7519 section 7.2, RFC 8725).

        Args:
            keys: The keys that tokens may be signed with, or a set that keeps itself up to date, like a
                ``RemoteKeySet``. Their algorithms are the ones allowed.
            issuer: The value, or values, that ``iss`` may have, compared exactly.
            audience: The value, or values, of which ``aud`` must hold one. Where it is None, a token that names an
                audience is refused; ``jwtfast.ANY`` accepts any.
            required: Names of claims that must be there. ``()`` allows tokens that never expire.
            claims: Further claims that must be there with this string, or one of these, as their value.
            authorized_party: What ``azp`` must be where it is there; and it must be there where ``aud`` names several
                (OpenID Connect Core section 3.1.3.7).
            token_type: What the header's ``typ`` must say, like ``"at+jwt"`` (RFC 7515 section 4.1.9).
            leeway: How far the issuer's clock and this one may disagree, in seconds.
            max_age: How long ago a token may have been issued, in seconds; asks for ``iat``.
            max_token_bytes: The longest token that is looked at, in bytes.
            cache_tokens: How many verified tokens are remembered at most; 0: none.
            cache_bytes: How many bytes they take at most, with their claims.
            cache_ttl: How long a token is remembered at most, in seconds; None: as long as it is valid.
            revocations: What has been revoked, a ``RevocationList`` or anything else that can be asked: about every
                token, remembered ones too once it changes.
            clock: Tells the time, in seconds since the epoch; None: the system's clock, read natively.

        Raises:
            InvalidKeyError: There are no keys.
            ValueError: A value is empty, negative or not finite, or the leeway is larger than that of the list of
                revocations.
            TypeError: A value is of the wrong type, or the verifier is configured already.
        """
        source = keys if isinstance(keys, KeySource) else KeySet([keys] if isinstance(keys, Key) else keys)
        if clock is not None and not callable(clock):
            msg = "clock is a function that gives the seconds since the epoch"
            raise TypeError(msg)
        super().__init__(
            source,
            compile_policy(
                issuer=issuer,
                audience=audience,
                required=required,
                claims=claims,
                authorized_party=authorized_party,
                leeway=leeway,
                max_age=max_age,
                sessions=isinstance(revocations, RevocationSet),
            ),
            token_type=None if token_type is None else _media_type(token_type),
            max_token_bytes=number_of("max_token_bytes", max_token_bytes, least=1),
            cache_tokens=number_of("cache_tokens", cache_tokens, least=0),
            cache_bytes=number_of("cache_bytes", cache_bytes, least=0),
            cache_ttl=math.inf if cache_ttl is None else number_of_seconds("cache_ttl", cache_ttl),
            revocations=revocations,
            clock=clock,
        )

    @classmethod
    def for_access_tokens(
        cls,
        keys: Key | KeySource | Iterable[Key],
        *,
        issuer: str | Collection[str],
        audience: str | Collection[str],
        **options: Unpack[Options],
    ) -> Self:
        """Make a verifier of OAuth 2.0 access tokens (RFC 9068 sections 2.2 and 4).

        The header's ``typ`` must say ``at+jwt``; iss, exp, aud, sub, client_id, iat and jti must be there.

        Args:
            keys: The authorization server's keys.
            issuer: The authorization server's issuer identifier.
            audience: The resource's own identifier.
            **options: Parameters of ``Verifier`` that this policy doesn't settle: ``claims``, ``leeway``, ``max_age``,
                ``max_token_bytes``, ``cache_tokens``, ``cache_bytes``, ``cache_ttl``, ``revocations`` and ``clock``.

        Returns:
            The verifier.

        Raises:
            InvalidKeyError: There are no keys.
            ValueError: A value is empty, negative or not finite.
            TypeError: A value is of the wrong type, or issuer or audience is None.
        """
        _demand(issuer=issuer, audience=audience)
        return cls(
            keys,
            issuer=issuer,
            audience=audience,
            required=("iss", "exp", "aud", "sub", "client_id", "iat", "jti"),
            token_type="at+jwt",  # noqa: S106 - a media type
            **options,
        )

    @classmethod
    def for_id_tokens(
        cls,
        keys: Key | KeySource | Iterable[Key],
        *,
        issuer: str,
        client_id: str,
        nonce: str | None = None,
        **options: Unpack[Options],
    ) -> Self:
        """Make a verifier of OpenID Connect ID tokens (OpenID Connect Core section 3.1.3.7).

        iss, sub, aud, exp and iat must be there; ``azp`` must be the client where it is there, and it must be there
        where ``aud`` names several.

        Args:
            keys: The OpenID provider's keys.
            issuer: The provider's issuer identifier.
            client_id: The client's own identifier, which ``aud`` must name.
            nonce: The nonce that was sent in the authentication request, which the token must repeat; None: none was
                sent. A verifier for one login remembers no tokens unless ``cache_tokens`` says so.
            **options: Parameters of ``Verifier`` that this policy doesn't settle: ``claims``, ``leeway``, ``max_age``,
                ``max_token_bytes``, ``cache_tokens``, ``cache_bytes``, ``cache_ttl``, ``revocations`` and ``clock``.

        Returns:
            The verifier.

        Raises:
            InvalidKeyError: There are no keys.
            ValueError: A value is empty, negative or not finite.
            TypeError: A value is of the wrong type, or issuer or client_id is None.
        """
        _demand(issuer=issuer, client_id=client_id)
        if nonce is not None:
            options["claims"] = {**(options.get("claims") or {}), "nonce": nonce}
            options.setdefault("cache_tokens", 0)
        required = ("iss", "sub", "aud", "exp", "iat")
        return cls(keys, issuer=issuer, audience=client_id, authorized_party=client_id, required=required, **options)


def _demand(**values: object) -> None:
    for name, value in values.items():
        if value is None or value is ANY:
            msg = f"this kind of token is for somebody in particular: {name} can't be left open"
            raise TypeError(msg)


def number_of(name: str, value: int, *, least: int) -> int:
    """Check a configured number of things.

    Args:
        name: What to call it in an error.
        value: The number.
        least: What it must be at least.

    Returns:
        It.

    Raises:
        ValueError: It is less, or 2**48 or more.
        TypeError: It is no int.
    """
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
    subtype = token_type.lower().removeprefix("application/")
    if not subtype or not subtype.isascii():
        msg = "token_type is a media type like 'at+jwt'"
        raise ValueError(msg)
    return subtype
