"""Refresh tokens (RFC 6749 sections 1.5 and 6, RFC 9700 section 4.14): opaque, exchanged at every use.

A login begins a family of tokens, of which one at a time is good: using it gives its successor. An older one that is
used again has leaked, or its successor has, and the whole family is revoked. A client that repeats an exchange, since
the answer to it was lost, gets the same successor again for some seconds, as long as that has not been used.

A token is 16 octets that name its family and 32 that are its secret. A store holds one record for each family, however
often its token is exchanged, and of all these octets only hashes. The successor's secret is the MAC of its predecessor
under a random seed: so it can be given out again within the grace period, by who shows the predecessor and not by who
reads the store. The seed goes when the period is over.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from jwtfast._native import kernels
from jwtfast.claims import number_of_seconds
from jwtfast.errors import (
    RefreshTokenError,
    RefreshTokenExpiredError,
    RefreshTokenReusedError,
    RefreshTokenRevokedError,
    UnknownRefreshTokenError,
)
from jwtfast.shared_secret import utf8

__all__ = ["Exchange", "Outcome", "RefreshGrant", "RefreshRecord", "RefreshStore", "RefreshTokens"]

DAY = 86_400
RETENTION = DAY
"""For how long a store knows of a family that has ended, in seconds: its client is told why, not just no."""
PURGE_EVERY = 600

_FAMILY_OCTETS, _SECRET_OCTETS = 16, 32
_TOKEN_CHARACTERS = 64  # base64url of 48 octets, which has neither padding nor a second spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRecord:
    """What a login bound its refresh tokens to; instants in seconds since the epoch."""

    subject: str
    client_id: str | None = None
    scope: str | None = None
    audience: tuple[str, ...] | None = None
    session_id: str | None = None
    created_at: float
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshGrant(RefreshRecord):
    """A refresh token to hand to its client, and what to put in the access token beside it; prints without the token.

    ``family`` names the login: it is no secret, and ``revoke_family`` takes it.
    """

    family: str
    token: str = field(repr=False)


class Exchange(NamedTuple):
    """The use of a token, as a store judges it. Hashes and seeds are hexadecimal, instants seconds since the epoch."""

    family: str
    presented: str
    """The token's hash."""
    client_id: str | None
    successor: str
    """The hash of the token that is to be good after it."""
    seed: str
    """What that token is derived by."""
    now: float
    repeat_until: float
    """Until when the exchange may be repeated."""
    idle_expires_at: float
    """When the family ends if the successor is not used."""


Verdict = Literal["exchanged", "repeated", "reused", "revoked", "expired", "unknown"]


class Outcome(NamedTuple):
    """What a store said of the use of a token."""

    verdict: Verdict
    record: RefreshRecord | None = None
    """What the family is bound to, where the verdict is ``exchanged``, ``repeated`` or ``reused``."""
    seed: str | None = None
    """What the successor was derived by the first time, where the verdict is ``repeated``."""


class RefreshStore(Protocol):
    """Where families are kept. Each method is one atomic step, for all threads, processes and machines that share it.

    All methods raise ``RefreshStoreError`` where the store can't be asked.
    """

    def add(self, family: str, record: RefreshRecord, current: str, *, idle_expires_at: float) -> None:
        """Keep a new family.

        Args:
            family: Its name.
            record: What it is bound to.
            current: The hash of its first token.
            idle_expires_at: When it ends if that is not used; not after the record's ``expires_at``.
        """

    def exchange(self, use: Exchange) -> Outcome:
        """Judge the use of a token, and exchange it where it is good.

        In this order: ``unknown`` if there is no such family or it is of another client; ``revoked``; ``expired`` from
        the earlier of its two ends on; ``exchanged`` if the token is the current one, which is the previous one from
        now on; ``repeated`` if it is the previous one, before its ``repeat_until``; else ``reused``, and the family is
        revoked.

        Args:
            use: The use.

        Returns:
            The verdict.
        """

    def revoke(self, family: str, now: float) -> bool:
        """Revoke a family; tell whether it was good until now."""

    def revoke_subject(self, subject: str, now: float) -> int:
        """Revoke all families of a subject; tell how many were good until now."""

    def revoke_session(self, session_id: str, now: float) -> int:
        """Revoke all families of a session; tell how many were good until now."""

    def purge(self, now: float) -> int:
        """Forget families that ended ``RETENTION`` seconds ago, and seeds past their time; tell how many families."""


class RefreshTokens:
    """Issues refresh tokens, exchanges and revokes them; what they stand for is in a store."""

    __slots__ = ("_clock", "_grace", "_idle_lifetime", "_lifetime", "_purge_at", "_store")

    def __init__(
        self,
        store: RefreshStore,
        *,
        lifetime: float = 90 * DAY,
        idle_lifetime: float = 14 * DAY,
        grace: float = 10,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Configure it.

        Args:
            store: Where families are kept: ``SQLiteRefreshStore`` for one machine, ``RedisRefreshStore`` for several.
            lifetime: How long after its login a family ends, however it is used, in seconds.
            idle_lifetime: How long a token may lie unused, in seconds.
            grace: For how long the same exchange may be repeated, in seconds. Within it a thief who has the token too
                is not told from a client that repeats itself; 0 allows no repetition.
            clock: Tells the time, in seconds since the epoch; None: the system's clock.

        Raises:
            ValueError: A time is negative or not finite, or a lifetime is zero.
            TypeError: An argument is of the wrong type.
        """
        if clock is not None and not callable(clock):
            msg = "clock is a function that gives the seconds since the epoch"
            raise TypeError(msg)
        self._store = store
        self._lifetime = number_of_seconds("lifetime", lifetime)
        self._idle_lifetime = number_of_seconds("idle_lifetime", idle_lifetime)
        self._grace = number_of_seconds("grace", grace)
        if not self._lifetime or not self._idle_lifetime:
            msg = "a lifetime is more than 0 seconds"
            raise ValueError(msg)
        self._clock = time.time if clock is None else clock
        self._purge_at = 0.0

    def issue(
        self,
        subject: str,
        *,
        client_id: str | None = None,
        scope: str | None = None,
        audience: str | Collection[str] | None = None,
        session_id: str | None = None,
    ) -> RefreshGrant:
        """Begin a family: to be called at a login.

        Args:
            subject: Who logged in: the ``sub`` of the access tokens.
            client_id: The client that the tokens are for; no other one can use them.
            scope: What the access tokens allow, names with spaces between them (RFC 6749 section 3.3).
            audience: Whom the access tokens are for.
            session_id: The session's ``sid`` (OpenID Connect Back-Channel Logout section 2.1).

        Returns:
            The first token, and what it is bound to.

        Raises:
            RefreshStoreError: The store can't be asked.
            ValueError: A text is empty.
            TypeError: An argument is of the wrong type.
        """
        record = RefreshRecord(
            subject=_text("subject", subject),
            client_id=_text_or_none("client_id", client_id),
            scope=_text_or_none("scope", scope),
            audience=_audience(audience),
            session_id=_text_or_none("session_id", session_id),
            created_at=(now := self._clock()),
            expires_at=now + self._lifetime,
        )
        self._purge_sometimes(now)
        octets = secrets.token_bytes(_FAMILY_OCTETS + _SECRET_OCTETS)
        family = _family_of(octets)
        self._store.add(family, record, _hash(octets), idle_expires_at=self._idle_expires_at(record, now))
        return _grant(record, family, octets)

    def exchange(self, token: str, *, client_id: str | None = None) -> RefreshGrant:
        """Take a token in, and give its successor: to be called at the token endpoint (RFC 6749 section 6).

        Args:
            token: The refresh token, as a client sent it.
            client_id: The client that sent it, authenticated if it can be; it must be the one of ``issue``.

        Returns:
            The token's successor, and what it is bound to.

        Raises:
            RefreshTokenReusedError: The token was exchanged before, and not just now: its family is revoked. Its
                ``record`` says whose it was.
            RefreshTokenRevokedError: Its family was revoked before.
            RefreshTokenExpiredError: It lay unused for too long, or the login is too long ago.
            UnknownRefreshTokenError: It is no refresh token, nothing is known of it any more, or it is of another
                client.
            RefreshStoreError: The store can't be asked.
            TypeError: The token is no str.
        """
        octets = _octets(token)
        if client_id is not None and not isinstance(client_id, str):
            msg = f"client_id is a str or None, not {type(client_id).__name__}"
            raise TypeError(msg)
        if client_id is not None and not _is_text(client_id):  # it came with the request: no fault of the caller's
            raise _refusal()
        family, now, seed = _family_of(octets), self._clock(), secrets.token_bytes(32)
        use = Exchange(
            family=family,
            presented=_hash(octets),
            client_id=client_id,
            successor=_hash(_successor(octets, seed)),
            seed=seed.hex(),
            now=now,
            repeat_until=now + self._grace,
            idle_expires_at=now + self._idle_lifetime,
        )
        outcome = self._store.exchange(use)
        if outcome.verdict not in ("exchanged", "repeated") or outcome.record is None:
            raise _refusal(outcome)
        if outcome.seed is not None:
            seed = bytes.fromhex(outcome.seed)
        return _grant(outcome.record, family, _successor(octets, seed))

    def revoke(self, token: str) -> bool:
        """Revoke the family of a token, be it the current one or an older one (RFC 7009 section 2).

        Args:
            token: The refresh token, as a client sent it.

        Returns:
            Whether the family was good until now. A client is answered the same either way.

        Raises:
            RefreshStoreError: The store can't be asked.
            TypeError: The token is no str.
        """
        try:
            octets = _octets(token)
        except UnknownRefreshTokenError:
            return False
        return self.revoke_family(_family_of(octets))

    def revoke_family(self, family: str) -> bool:
        """Revoke a family.

        Args:
            family: Its name, from a ``RefreshGrant``.

        Returns:
            Whether it was good until now.

        Raises:
            RefreshStoreError: The store can't be asked.
        """
        return self._store.revoke(_text("family", family), self._clock())

    def revoke_subject(self, subject: str) -> int:
        """Revoke all families of a subject: log it out everywhere.

        Args:
            subject: Whose.

        Returns:
            How many were good until now.

        Raises:
            RefreshStoreError: The store can't be asked.
        """
        return self._store.revoke_subject(_text("subject", subject), self._clock())

    def revoke_session(self, session_id: str) -> int:
        """Revoke all families of a session.

        Args:
            session_id: Its ``sid``.

        Returns:
            How many were good until now.

        Raises:
            RefreshStoreError: The store can't be asked.
        """
        return self._store.revoke_session(_text("session_id", session_id), self._clock())

    def purge(self) -> int:
        """Forget what has ended a day ago or more; ``issue`` does so too, every ten minutes.

        Returns:
            How many families were forgotten.

        Raises:
            RefreshStoreError: The store can't be asked.
        """
        return self._store.purge(self._clock())

    def _purge_sometimes(self, now: float) -> None:
        if now >= self._purge_at:
            self._purge_at = now + PURGE_EVERY
            self._store.purge(now)

    def _idle_expires_at(self, record: RefreshRecord, now: float) -> float:
        return min(record.expires_at, now + self._idle_lifetime)


_UNKNOWN = Outcome("unknown")
_REFUSALS: dict[Verdict, tuple[type[RefreshTokenError], str]] = {
    "unknown": (UnknownRefreshTokenError, "nothing is known of this refresh token"),
    "expired": (RefreshTokenExpiredError, "the refresh token has expired"),
    "revoked": (RefreshTokenRevokedError, "the refresh token was revoked"),
    "reused": (RefreshTokenReusedError, "the refresh token was used before: all that came of its login are revoked"),
}


def _refusal(outcome: Outcome = _UNKNOWN) -> RefreshTokenError:
    kind, reason = _REFUSALS[outcome.verdict]
    error = kind(f"{reason}; log in again")
    if isinstance(error, RefreshTokenReusedError):
        error.record = outcome.record
    return error


def _octets(token: str) -> bytes:
    if not isinstance(token, str):
        msg = f"a refresh token is a str, not {type(token).__name__}"
        raise TypeError(msg)
    octets = b""
    if len(token) == _TOKEN_CHARACTERS and token.isascii():
        with suppress(ValueError):
            octets = kernels.base64url_decode(token.encode())
    if not octets:
        raise _refusal()
    return octets


def _family_of(octets: bytes) -> str:
    """Name a family so that its name may be shown: nobody makes a token of it, not even one that is refused."""
    return _encode(hashlib.sha256(b"family" + octets[:_FAMILY_OCTETS]).digest()[:_FAMILY_OCTETS])


def _hash(octets: bytes) -> str:
    # Nothing slower is needed: what is hashed is 256 random bits.
    return hashlib.sha256(octets).hexdigest()


def _successor(octets: bytes, seed: bytes) -> bytes:
    return octets[:_FAMILY_OCTETS] + hmac.digest(seed, octets, "sha256")


def _encode(octets: bytes) -> str:
    return kernels.base64url_encode(octets).decode()


def _grant(record: RefreshRecord, family: str, octets: bytes) -> RefreshGrant:
    return RefreshGrant(
        subject=record.subject,
        client_id=record.client_id,
        scope=record.scope,
        audience=record.audience,
        session_id=record.session_id,
        created_at=record.created_at,
        expires_at=record.expires_at,
        family=family,
        token=_encode(octets),
    )


# ---- arguments ----


def _text(name: str, value: str) -> str:
    if not isinstance(value, str):
        msg = f"{name} is a str, not {type(value).__name__}"
        raise TypeError(msg)
    if not _is_text(value):
        msg = f"{name} is text, and not empty"
        raise ValueError(msg)
    return str(value)


def _is_text(value: str) -> bool:
    """Whether there is something in it that a store can write down: no half of a surrogate pair."""
    return bool(value) and utf8(value) is not None


def _text_or_none(name: str, value: str | None) -> str | None:
    return None if value is None else _text(name, value)


def _audience(audience: str | Collection[str] | None) -> tuple[str, ...] | None:
    if audience is None:
        return None
    names = (audience,) if isinstance(audience, str) else tuple(audience)
    if not names:
        msg = "audience is not empty: leave it out"
        raise ValueError(msg)
    return tuple(_text("audience", name) for name in names)
