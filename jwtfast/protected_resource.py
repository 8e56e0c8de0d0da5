"""A protected resource (RFC 6750 section 1.2): what every adapter asks of a request, in one object."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol, Self

from jwtfast._native import MultiIssuerCore, Token, VerifierCore
from jwtfast.credentials import AuthorizationHeader, Cookie, Credentials, Headers, read_token
from jwtfast.errors import InvalidTokenError, JWTError, MissingTokenError, UnavailableError
from jwtfast.public_paths import PublicPaths
from jwtfast.refusal import Refusal, checked_realm, refusal_of
from jwtfast.requirement import Require, Requirement

__all__ = [
    "REFUSED",
    "AuthorizationHeader",
    "Cookie",
    "OnRefusal",
    "ProtectedResource",
    "Refusal",
    "Require",
    "Requirement",
    "TokenVerifier",
]

REFUSED = (InvalidTokenError, UnavailableError)
"""What ``authenticate`` raises and ``refuse`` answers; every other exception is the program's own error."""

OnRefusal = Callable[[str, Refusal], object]
Find = Callable[[Headers, str | None], object]


class TokenVerifier(Protocol):
    """What verifies tokens: a ``Verifier`` or a ``MultiIssuerVerifier``."""

    def verify(self, raw: str | bytes | bytearray | memoryview, /) -> Token:
        """Give the verified token, or raise InvalidTokenError or UnavailableError."""

    def attempt(self, raw: str | bytes | bytearray | memoryview, /) -> object:
        """Do the same without waiting for anything: give the token, or else something to wait for."""

    async def verify_async(self, raw: str | bytes | bytearray | memoryview, /) -> Token:
        """Do the same, and let the event loop go on where something has to be waited for."""


class ProtectedResource:
    """What a request has to bring along, and what it is told when it doesn't; built once and shared by all requests."""

    def __init__(
        self,
        verifier: TokenVerifier,
        *,
        credentials: Credentials | Collection[Credentials] | None = None,
        public: Collection[str] = (),
        optional: bool = False,
        require: Requirement | None = None,
        realm: str = "api",
        on_refusal: OnRefusal | None = None,
    ) -> None:
        """Configure it.

        Args:
            verifier: What verifies the tokens.
            credentials: Where a request carries its token; several places: in one of them. None: in the Authorization
                header.
            public: Paths that need no token, and where none is looked at: ``"/healthz"`` is that path alone,
                ``"/docs/*"`` is all below ``/docs/``. A path that could be read in two ways is never public.
            optional: Whether a request without a token is let in; one with a bad token never is.
            require: Scopes and claims that a token must have.
            realm: The name of the protection space, which challenges show (RFC 9110 section 11.5).
            on_refusal: Called for each refusal with its code, which is fit for a metric's label, and the answer. What
                it raises is raised in the adapter's place.

        Raises:
            ValueError: A value is empty or breaks its syntax.
            TypeError: A value is of the wrong type.
        """
        for name in ("verify", "attempt", "verify_async"):
            if not callable(getattr(verifier, name, None)):
                msg = f"a verifier has a method {name!r}; {type(verifier).__name__} has none"
                raise TypeError(msg)
        if require is not None and not isinstance(require, Requirement):
            msg = f"require is made by Require, like Require.scope('read'), not {type(require).__name__}"
            raise TypeError(msg)
        if on_refusal is not None and not callable(on_refusal):
            msg = "on_refusal is a function that takes the code and the refusal"
            raise TypeError(msg)
        self._places = _places(credentials)
        # The usual cases without a detour.
        self._read = self._places[0].read if len(self._places) == 1 else self._read_any
        self._find = _find_in_one_call(verifier, self._places) or self._read_and_attempt
        self._verify = verifier.verify
        self._verify_async = verifier.verify_async
        self._attempt_raw = verifier.attempt
        self._public = PublicPaths(public)
        self.has_public_paths = bool(self._public)
        self._optional = optional
        self._require = require
        # A token that is all that was asked for; None: the request has none; else ``settle`` goes on from there.
        self.find = _meeting(require, self._find)
        self._realm = checked_realm(realm)
        self._on_refusal = on_refusal
        self.header_names = frozenset[str]().union(*(place.header_names for place in self._places))

    @property
    def optional(self) -> bool:
        """Whether a request without a token is let in."""
        return self._optional

    def requiring(self, *requirements: Requirement) -> Self:
        """Give the same resource with a token that is not optional, and further requirements.

        Args:
            *requirements: What a token must meet besides.

        Returns:
            Another resource, which lets in no request without a token; this one stays as it is.
        """
        own = () if self._require is None else (self._require,)
        asked = (*own, *requirements)
        require = Require.all(*asked) if asked else None
        return self._but(_require=require, _optional=False, find=_meeting(require, self._find))

    def with_optional_token(self) -> Self:
        """Give the same resource, letting in requests without a token."""
        return self._but(_optional=True)

    def is_public(self, path: str, raw_path: bytes | None = None) -> bool:
        """Tell whether a path needs no token.

        Args:
            path: The path, percent-decoded, that the application picks its route by.
            raw_path: It as the request line had it, where the server tells.
        """
        return self._public.match(path, raw_path)

    def authenticate(self, headers: Headers, method: str | None) -> Token | None:
        """Verify a request's token.

        Args:
            headers: The request's header fields, at least those that ``header_names`` names: in lower case, in bytes.
            method: The request's method; None: it opens a WebSocket.

        Returns:
            The token; None where a request may come without one, and does.

        Raises:
            InvalidTokenError: The request is refused; the subclass and its ``code`` say why.
            UnavailableError: The token can't be judged now: its keys, or what has been revoked, can't be had.
        """
        raw = self._read(headers, method)
        if raw is None:
            self._check_optional()
            return None
        token = self._verify(raw)
        if self._require is not None:
            self._require.demand(token)
        return token

    async def authenticate_async(self, headers: Headers, method: str | None) -> Token | None:
        """Verify a request's token without holding up the event loop; the same as ``authenticate`` but for that."""
        found = self.attempt(headers, method)
        return found if found is None or isinstance(found, Token) else await found

    def attempt(self, headers: Headers, method: str | None) -> Token | Awaitable[Token] | None:
        """Verify a request's token as ``authenticate_async`` does, at once where nothing has to be waited for.

        Args:
            headers: The request's header fields.
            method: The request's method; None: it opens a WebSocket.

        Returns:
            What ``authenticate`` returns, or what has to be awaited to get it: a key is being fetched.

        Raises:
            InvalidTokenError: The request is refused.
            UnavailableError: The token can't be judged now: its keys, or what has been revoked, can't be had.
        """
        found = self.find(headers, method)
        return found if isinstance(found, Token) else self.settle(found, headers, method)

    def settle(self, found: object, headers: Headers, method: str | None) -> Awaitable[Token] | None:
        """Go on where ``find`` gave no token.

        The two are apart for the sake of adapters that are called for every request: ``find`` is, in the usual case,
        one call of native code that has no Python around it.

        Args:
            found: What ``find`` gave.
            headers: The request's header fields.
            method: The request's method.

        Returns:
            What has to be awaited to get the token; None where the request may come without one, and does.

        Raises:
            MissingTokenError: It may not.
        """
        raw = None if found is None else self._read(headers, method)
        if raw is None:
            self._check_optional()
            return None
        return self._wait(self._verify_async(raw))

    async def _wait(self, verified: Awaitable[Token]) -> Token:
        token = await verified
        if self._require is not None:
            self._require.demand(token)
        return token

    def refuse(self, error: JWTError, accept: bytes | None = None) -> Refusal:
        """Make the answer to a request that was refused, and tell ``on_refusal``.

        Args:
            error: What ``authenticate`` raised.
            accept: The request's Accept header.

        Returns:
            The answer.
        """
        refusal = refusal_of(error, realm=self._realm, accept=accept)
        if self._on_refusal is not None:
            self._on_refusal(refusal.code, refusal)
        return refusal

    def _but(self, **changes: object) -> Self:
        twin = copy.copy(self)
        vars(twin).update(changes)
        return twin

    def _read_any(self, headers: Headers, method: str | None, /) -> bytes | None:
        return read_token(self._places, headers, method)

    def _read_and_attempt(self, headers: Headers, method: str | None, /) -> object:
        raw = self._read(headers, method)
        if raw is None:
            return None
        found = self._attempt_raw(raw)
        # None is for no token; whatever else is no Token has to be waited for.
        return found if isinstance(found, Token) else raw

    def _check_optional(self) -> None:
        if not self._optional:
            msg = "the request carries no token"
            raise MissingTokenError(msg)


def _find_in_one_call(verifier: TokenVerifier, places: tuple[Credentials, ...]) -> Find | None:
    """Give the native way from the header fields to the token, unless someone has an own way for a part of it."""
    if len(places) == 1 and type(places[0]) is AuthorizationHeader:
        for core in (VerifierCore, MultiIssuerCore):
            if isinstance(verifier, core) and type(verifier).attempt is core.attempt:
                return verifier.attempt_authorization
    return None


def _meeting(require: Requirement | None, find: Find) -> Find:
    """Give the way to a token that has what is required."""
    if require is None:
        return find

    def find_and_demand(headers: Headers, method: str | None, /) -> object:
        found = find(headers, method)
        if isinstance(found, Token):
            require.demand(found)
        return found

    return find_and_demand


def _places(credentials: Credentials | Collection[Credentials] | None) -> tuple[Credentials, ...]:
    if credentials is None:
        return (AuthorizationHeader(),)
    places = tuple(credentials) if isinstance(credentials, Collection) else (credentials,)
    if not places or not all(callable(getattr(place, "read", None)) for place in places):
        msg = "credentials are AuthorizationHeader(), Cookie(...), or both in a list"
        raise TypeError(msg)
    return places
