"""The issuer: signs tokens after a login."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Protocol

from jwtfast._native import IssuerCore
from jwtfast.claims import texts
from jwtfast.errors import InvalidKeyError
from jwtfast.keys import Key

__all__ = ["Issuer", "SigningKeys"]

_LONGEST = 2**53  # seconds


class SigningKeys(Protocol):
    """Keys that rotate, as an ``Issuer`` asks them: a ``KeyRing``."""

    def signing_key_for(self, lifetime: float, /) -> Key:
        """Give the key that signs now, and note that what it signs is valid for so many seconds."""

    def to_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Give what is to be published (RFC 7517 section 5)."""


class Issuer(IssuerCore):
    """Signs tokens (RFC 7519 section 7.1) that say who issued them, when, for how long, and an id of their own."""

    __slots__ = ("_issuer", "_keys")

    def __init__(
        self,
        keys: Key | SigningKeys,
        *,
        issuer: str,
        lifetime: int = 900,
        audience: str | Collection[str] | None = None,
        token_type: str | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Configure it.

        Args:
            keys: The private key (or the secret) to sign with; or keys that rotate, like a ``KeyRing``.
            issuer: ``iss``: who issues, for OpenID Connect an https URL.
            lifetime: How long tokens are valid, in seconds.
            audience: ``aud``: whom tokens are for, where issue() is not told.
            token_type: The header's ``typ``, like ``"at+jwt"`` (RFC 9068); None: ``"JWT"``.
            clock: Tells the time, in seconds since the epoch; None: the system's clock, read natively.

        Raises:
            InvalidKeyError: The key is public.
            ValueError: A value is empty, or the lifetime is not positive.
            TypeError: A value is of the wrong type, or the issuer is configured already.
        """
        if isinstance(keys, Key):
            if not keys.can_sign:
                msg = "this key is public: an issuer signs with the private one"
                raise InvalidKeyError(msg)
        elif not hasattr(keys, "signing_key_for"):
            msg = f"an Issuer signs with a Key or a KeyRing, not {type(keys).__name__}"
            raise TypeError(msg)
        if clock is not None and not callable(clock):
            msg = "clock is a function that gives the seconds since the epoch"
            raise TypeError(msg)
        (name,) = texts("issuer", issuer) if isinstance(issuer, str) else (None,)
        if name is None:
            msg = f"issuer is a str, not {type(issuer).__name__}"
            raise TypeError(msg)
        super().__init__(
            keys,
            name,
            audience=_audience(audience),
            lifetime=_lifetime(lifetime),
            token_type="JWT" if token_type is None else _token_type(token_type),
            clock=clock,
        )
        self._issuer = name
        self._keys = keys

    @property
    def issuer(self) -> str:
        """Its ``iss``."""
        return self._issuer

    def check(
        self,
        audience: str | Collection[str] | None,
        lifetime: int | None,
        scope: str | Collection[str] | None,
        not_before: float | None,
    ) -> tuple[str | list[str] | None, int | None, str | None, float | None]:
        """Check what issue() is told beyond the usual, and give it as it goes into a token.

        Args:
            audience: As for issue().
            lifetime: As for issue().
            scope: As for issue().
            not_before: As for issue().

        Returns:
            The four, with a scope as one str.

        Raises:
            ValueError: One is empty or out of range.
            TypeError: One is of the wrong type.
        """
        if not_before is not None:
            if isinstance(not_before, bool) or not isinstance(not_before, int | float):
                msg = f"not_before is a number of seconds since the epoch, not {type(not_before).__name__}"
                raise TypeError(msg)
            if not -_LONGEST <= not_before <= _LONGEST:
                msg = "not_before is a number of seconds since the epoch, at most 2**53"
                raise ValueError(msg)
        return (
            _audience(audience),
            None if lifetime is None else _lifetime(lifetime),
            None if scope is None else scope if isinstance(scope, str) else " ".join(texts("scope", scope)),
            not_before,
        )

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Give the keys that verify its tokens, as the JWK set to publish (RFC 7517 section 5).

        Returns:
            The set. A shared secret is never in it.
        """
        if not isinstance(self._keys, Key):
            return self._keys.to_jwks()
        return {"keys": [] if self._keys.is_secret else [self._keys.to_jwk()]}

    def openid_configuration(self, *, jwks_uri: str | None = None, **metadata: Any) -> dict[str, Any]:
        """Give the document to publish at ``/.well-known/openid-configuration`` (OpenID Connect Discovery section 3).

        Args:
            jwks_uri: Where ``jwks()`` is published; None: ``/.well-known/jwks.json`` below the issuer's URL.
            **metadata: Further metadata, like ``authorization_endpoint`` and ``token_endpoint``; they replace what is
                here, but for the issuer.

        Returns:
            The metadata.

        Raises:
            ValueError: ``issuer`` is among the metadata.
        """
        if "issuer" in metadata:
            msg = "the issuer is this Issuer's own"
            raise ValueError(msg)
        algorithms = sorted({key["alg"] for key in self.jwks()["keys"]})
        return {
            "issuer": self._issuer,
            "jwks_uri": jwks_uri or self._issuer.rstrip("/") + "/.well-known/jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            **metadata,
        }

    def __repr__(self) -> str:
        return f"<Issuer {self._issuer!r}>"


def _audience(audience: str | Collection[str] | None) -> str | list[str] | None:
    if audience is None or isinstance(audience, str):
        return None if audience is None else texts("audience", audience)[0]
    return list(texts("audience", audience))


def _lifetime(lifetime: int) -> int:
    if isinstance(lifetime, bool) or not isinstance(lifetime, int):
        msg = f"lifetime is a whole number of seconds, not {type(lifetime).__name__}"
        raise TypeError(msg)
    if not 0 < lifetime <= _LONGEST // 2:
        msg = "lifetime is a number of seconds above 0"
        raise ValueError(msg)
    return lifetime


def _token_type(token_type: str) -> str:
    if not isinstance(token_type, str):
        msg = f"token_type is a str or None, not {type(token_type).__name__}"
        raise TypeError(msg)
    if not token_type or not token_type.isascii() or not token_type.isprintable():
        msg = "token_type is a media type like 'at+jwt'"
        raise ValueError(msg)
    return token_type
