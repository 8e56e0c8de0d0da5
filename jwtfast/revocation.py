"""Revocations: what a verifier asks of whoever keeps them, and a list of them in memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol, overload

from jwtfast._native import Generation, RevocationSet, Token
from jwtfast.claims import number_of_seconds

__all__ = ["Generation", "RevocationList", "Revocations"]


class Revocations(Protocol):
    """A list of what has been revoked, as a ``Verifier`` asks it."""

    @property
    def generation(self) -> Generation:
        """Advanced after each change of the list: every token is asked about anew on its next call, cached ones too.

        It is one object for as long as the list lives: a verifier takes it once.
        """

    def revokes(self, token: Token, /) -> bool:
        """Tell whether a token, which is good in itself, has been revoked.

        Args:
            token: The token.

        Returns:
            Whether it is to be refused.
        """


class RevocationList(RevocationSet):
    """What has been revoked, in this process's memory; any number of verifiers may share one.

    Tokens are revoked by ``jti``, by subject or session together with the time they were issued, and by the ``kid`` of
    their key. It takes effect on the next call of every verifier that was given the list, for tokens in their caches
    too. Nothing can be taken back: whoever was revoked by mistake gets a new token. An entry goes by itself when no
    token that it concerns can be good any more, and never before.
    """

    __slots__ = ("max_lifetime",)

    max_lifetime: float
    """The longest time from a token's ``iat`` to its ``exp``, in seconds; infinity where it is not known."""

    def __init__(
        self,
        *,
        max_lifetime: float | None = None,
        leeway: float = 300,
        max_entries: int = 1_000_000,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Make an empty list.

        Args:
            max_lifetime: The longest time from a token's ``iat`` to its ``exp``, in seconds: subjects and sessions are
                remembered that long. None: for good, as nothing is known of how long their tokens live.
            leeway: How much longer than that, and than a token's ``exp``, entries are kept, in seconds; at least the
                leeway of each verifier that has the list.
            max_entries: How many entries it holds at most; each takes 44 to 132 bytes.
            clock: Tells the time, in seconds since the epoch; None: the system's clock, read natively.

        Raises:
            ValueError: A value is negative or not finite.
            TypeError: A value is of the wrong type.
        """
        if clock is not None and not callable(clock):
            msg = "clock is a function that gives the seconds since the epoch"
            raise TypeError(msg)
        if isinstance(max_entries, bool) or not isinstance(max_entries, int):
            msg = f"max_entries is an int, not {type(max_entries).__name__}"
            raise TypeError(msg)
        if not 1 <= max_entries < 2**32:
            msg = "max_entries is at least 1 and below 2**32"
            raise ValueError(msg)
        super().__init__(max_entries=max_entries, leeway=number_of_seconds("leeway", leeway), clock=clock)
        self.max_lifetime = math.inf if max_lifetime is None else number_of_seconds("max_lifetime", max_lifetime)

    def revoke_token(self, token: Token) -> None:
        """Revoke one token by its ``iss`` and ``jti`` until its ``exp`` (RFC 7009 is the endpoint for it).

        Args:
            token: The token, as ``Verifier.verify`` gave it.

        Raises:
            ValueError: It has no ``jti``; its subject or session can be revoked instead.
            RevocationListFullError: The list is full.
        """
        if not isinstance(token, Token):
            msg = f"a Token that a Verifier gave can be revoked, not {type(token).__name__}"
            raise TypeError(msg)
        if not token.token_id:
            msg = "the token has no jti that it could be revoked by: revoke its subject or its session instead"
            raise ValueError(msg)
        self.revoke_jti(token.issuer, token.token_id, token.expires_at)

    def revoke_jti(self, issuer: str | None, token_id: str, expires_at: float | None) -> None:
        """Revoke the tokens of one ``jti`` (RFC 7519 section 4.1.7), which is one issuer's own.

        Args:
            issuer: The token's ``iss``; None: it has none.
            token_id: The ``jti``.
            expires_at: The token's ``exp``, in seconds since the epoch; None: it has none, or that is not known, and
                the entry is kept for good.

        Raises:
            ValueError: A text is empty or no Unicode text, or the time is not finite.
            TypeError: An argument is of the wrong type.
            RevocationListFullError: The list is full.
        """
        until = math.inf if expires_at is None else _instant("expires_at", expires_at)
        self._revoke("jti", _text("issuer", issuer), _text("token_id", token_id), math.inf, until)

    def revoke_subject(self, issuer: str | None, subject: str, *, issued_before: float | None = None) -> None:
        """Revoke the tokens of one ``sub`` (RFC 7519 section 4.1.2) that were issued until now: log out everywhere.

        Tokens without ``iat`` are revoked too, since they may be that old. Tokens that are issued later are good; as
        ``iat`` mostly is in whole seconds, those of the same second may be among the revoked.

        Args:
            issuer: The tokens' ``iss``; None: they have none.
            subject: The ``sub``.
            issued_before: The last ``iat`` that is revoked, in seconds since the epoch; None: now.

        Raises:
            ValueError: A text is empty or no Unicode text, or the time is not finite.
            TypeError: An argument is of the wrong type.
            RevocationListFullError: The list is full.
        """
        self._revoke_issued("sub", issuer, _text("subject", subject), issued_before)

    def revoke_session(self, issuer: str | None, session_id: str, *, issued_before: float | None = None) -> None:
        """Revoke the tokens of one ``sid`` (OpenID Connect Back-Channel Logout section 2.4) that were issued until now.

        Args:
            issuer: The tokens' ``iss``; None: they have none.
            session_id: The ``sid``.
            issued_before: The last ``iat`` that is revoked, in seconds since the epoch; None: now. Tokens without
                ``iat`` are revoked too.

        Raises:
            ValueError: A text is empty or no Unicode text, or the time is not finite.
            TypeError: An argument is of the wrong type.
            RevocationListFullError: The list is full.
        """
        self._revoke_issued("sid", issuer, _text("session_id", session_id), issued_before)

    def revoke_key(self, key_id: str, *, expires_at: float | None = None) -> None:
        """Revoke all tokens of one ``kid`` (RFC 7515 section 4.1.4), whoever issued them.

        That is for a key that was stolen, until all verifiers have dropped it. A token is of the kid that its header
        names, or else of the key that verifies it.

        Args:
            key_id: The ``kid``.
            expires_at: When the last token that the key signed will have expired, in seconds since the epoch; None: the
                entry is kept for good.

        Raises:
            ValueError: The text is empty or no Unicode text, or the time is not finite.
            TypeError: An argument is of the wrong type.
            RevocationListFullError: The list is full.
        """
        until = math.inf if expires_at is None else _instant("expires_at", expires_at)
        self._revoke("kid", None, _text("key_id", key_id), math.inf, until)

    def _revoke_issued(self, kind: str, issuer: str | None, value: str, issued_before: float | None) -> None:
        instant = self.time() if issued_before is None else _instant("issued_before", issued_before)
        self._revoke(kind, _text("issuer", issuer), value, instant, instant + self.max_lifetime)

    def _revoke(self, kind: str, issuer: str | None, value: str, issued_before: float, expires_at: float) -> None:
        self.add(kind, issuer, value, issued_before, expires_at + self.leeway)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"


@overload
def _text(name: str, value: str) -> str: ...
@overload
def _text(name: str, value: str | None) -> str | None: ...
def _text(name: str, value: str | None) -> str | None:
    if value is None and name == "issuer":
        return None
    if not isinstance(value, str):
        msg = f"{name} is a str{' or None' if name == 'issuer' else ''}, not {type(value).__name__}"
        raise TypeError(msg)
    if not value:
        msg = f"{name} is empty, which can't be meant"
        raise ValueError(msg)
    try:
        value.encode()
    except UnicodeEncodeError:
        msg = f"{name} is no Unicode text, so no token has it"
        raise ValueError(msg) from None
    return str(value)  # not of a subclass, like a StrEnum's member


def _instant(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{name} is a time in seconds since the epoch, not {type(value).__name__}"
        raise TypeError(msg)
    if not -(2**53) <= value <= 2**53:  # NaN is neither
        msg = f"{name} is a time in seconds since the epoch, at most 2**53"
        raise ValueError(msg)
    return float(value)
