"""For the tests of programs that verify tokens: a clock that is set by hand, and an issuer that lives in memory.

Nothing here is for production: the issuer's keys are gone with the process, and its clock doesn't go by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Unpack

from jwtfast.issuer import Issuer
from jwtfast.key_ring import KeyRing
from jwtfast.keys import Key
from jwtfast.verifier import Options, Verifier

__all__ = ["Clock", "InMemoryIssuer"]


class Clock:
    """A clock that stands still until it is told otherwise; give it as ``clock=`` to whatever takes one."""

    def __init__(self, now: float = 1_800_000_000) -> None:
        """Set it.

        Args:
            now: What it shows, in seconds since the epoch. It can be set later too.
        """
        self.now = now

    def advance(self, seconds: float) -> None:
        """Let time go by.

        Args:
            seconds: How much of it; negative: back.
        """
        self.now += seconds

    def __call__(self) -> float:
        """Tell the time, in seconds since the epoch."""
        return self.now

    def __repr__(self) -> str:
        return f"<Clock at {self.now}>"


class InMemoryIssuer:
    """An issuer with keys of its own and a clock that is set by hand, and verifiers that trust it.

    Put a ``verifier()`` of it in the place of the program's, and give the program tokens of ``issue`` and ``forge``.
    """

    def __init__(
        self,
        issuer: str = "https://issuer.test",
        *,
        audience: str | None = None,
        algorithm: str = "ES256",
        lifetime: int = 900,
        token_type: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make an issuer.

        Args:
            issuer: The ``iss`` of its tokens.
            audience: The ``aud`` of its tokens, and what its verifiers ask for; None: neither.
            algorithm: The ``alg`` of its keys.
            lifetime: For how long its tokens are valid, in seconds.
            token_type: The ``typ`` of its tokens, and what its verifiers ask for, like ``"at+jwt"``.
            clock: Its clock; None: a new one.

        Raises:
            InvalidKeyError: There is no such algorithm.
            ValueError: A value is empty, negative or not finite.
            TypeError: An argument is of the wrong type.
        """
        self.clock = Clock() if clock is None else clock
        self.ring = KeyRing(algorithm, lead_time=0, leeway=0, clock=self.clock)
        self._audience, self._token_type = audience, token_type
        self._name, self._lifetime = issuer, lifetime
        self._issuer = self._of(self.ring)

    def _of(self, keys: KeyRing | Key) -> Issuer:
        return Issuer(
            keys,
            issuer=self._name,
            lifetime=self._lifetime,
            audience=self._audience,
            token_type=self._token_type,
            clock=self.clock,
        )

    def issue(
        self,
        subject: str = "alice",
        *,
        audience: str | Collection[str] | None = None,
        lifetime: int | None = None,
        scope: str | None = None,
        not_before: float | None = None,
        **claims: Any,
    ) -> str:
        """Sign a token by the clock; see ``Issuer.issue``.

        Args:
            subject: The ``sub``.
            audience: The ``aud``; None: the issuer's.
            lifetime: For how long it is valid, in seconds; None: the issuer's.
            scope: The ``scope``: names with spaces between them.
            not_before: The ``nbf``, in seconds since the epoch.
            **claims: Further claims.

        Returns:
            The token.

        Raises:
            ValueError: The claims break the standard.
            TypeError: An argument is of the wrong type.
        """
        return self._issuer.issue(
            subject, audience=audience, lifetime=lifetime, scope=scope, not_before=not_before, **claims
        )

    def forge(self, subject: str = "alice", **options: Any) -> str:
        """Make a token that says all that a good one says, and that somebody else has signed: it must be refused.

        Args:
            subject: The ``sub``.
            **options: As for ``issue``.

        Returns:
            The token.
        """
        key = self.ring.signing_key
        forger = Key.generate(key.algorithm, key_id=key.key_id)
        return self._of(forger).issue(subject, **options)

    def verifier(self, **options: Unpack[Options]) -> Verifier:
        """Make a verifier that trusts this issuer alone, for its audience and by its clock.

        Args:
            **options: Parameters of ``Verifier`` to add: ``claims``, ``leeway``, ``max_age``, ``max_token_bytes``,
                ``cache_tokens``, ``cache_bytes``, ``cache_ttl``, ``revocations``; or another ``clock``.

        Returns:
            The verifier; a rotation takes effect on it at once.
        """
        options.setdefault("clock", self.clock)
        return Verifier(
            self.ring.key_set,
            issuer=self._name,
            audience=self._audience,
            token_type=self._token_type,
            **options,
        )

    def rotate(self) -> str:
        """Let the next key sign from now on; tokens of the one before stay good until they expire.

        Returns:
            The ``kid`` of the key that signs now.
        """
        return self.ring.rotate()

    def jwks(self) -> dict[str, Any]:
        """Give the document that the issuer publishes (RFC 7517 section 5)."""
        return self._issuer.jwks()

    def openid_configuration(self) -> dict[str, Any]:
        """Give the issuer's metadata (OpenID Connect Discovery section 3)."""
        return self._issuer.openid_configuration()
