"""Where a request carries its token: an Authorization header or a cookie (RFC 6750 section 2, RFC 6265).

Whoever reads a request's token reads it here: from header fields as ASGI has them, pairs of bytes with the names in
lower case. Nothing is decoded or repaired on the way to the verifier.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Protocol

from jwtfast._native import read_authorization
from jwtfast.errors import CrossSiteRequestError, InvalidRequestError

__all__ = ["AuthorizationHeader", "Cookie", "Credentials", "Headers", "read_token"]

Headers = Sequence[tuple[bytes, bytes]]
"""Header fields: the names in lower case, the values as they came."""

# RFC 9110 section 9.2.1: requests by these methods change nothing, so that it does no harm who sent them.
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_COOKIE_OCTETS: Final = re.compile(rb"[!#-+\--:<-\[\]-~]+")  # RFC 6265 section 4.1.1, unquoted


class Credentials(Protocol):
    """A place that a request may carry its token in."""

    @property
    def header_names(self) -> frozenset[str]:
        """The names, in lower case, of all header fields that it looks at."""

    def read(self, headers: Headers, method: str | None, /) -> bytes | None:
        """Give the token.

        Args:
            headers: The request's header fields, at least those that are named in ``header_names``.
            method: The request's method; None: it opens a WebSocket.

        Returns:
            The token, not verified; None where the request has none here.

        Raises:
            InvalidRequestError: What is there breaks the syntax, or is there twice.
            CrossSiteRequestError: Nothing shows that a page of one's own site sent the token.
        """


class AuthorizationHeader:
    """The Authorization header: ``Bearer``, in any case, one or more spaces, one token (RFC 6750 section 2.1)."""

    header_names = frozenset({"authorization"})

    # Another scheme is none of ours, and more than one header is an error (RFC 9110 section 11.6.2).
    read = staticmethod(read_authorization)


class Cookie:
    """A cookie that holds the token, for pages in a browser, safe against cross-site requests.

    A browser sends a site's cookies whoever had it send the request. So a request that may change something must
    repeat, in a header, the value of a second cookie, which only pages of one's own site can read (double submit); and
    since a page can't give a WebSocket a header, one is opened for pages of the ``origins`` only.
    """

    def __init__(
        self,
        name: str = "__Host-token",
        *,
        csrf_cookie: str = "__Host-csrf",
        csrf_header: str = "X-CSRF-Token",
        origins: Collection[str] = (),
    ) -> None:
        """Name it.

        Args:
            name: The cookie with the token. With ``__Host-`` in front, browsers let no other host set it.
            csrf_cookie: The cookie with the value to repeat.
            csrf_header: The header to repeat it in.
            origins: The origins, like ``"https://app.example"``, whose pages may open WebSockets.

        Raises:
            ValueError: A name is no token (RFC 9110 section 5.6.2), or the cookies are the same one; or an origin is
                more or less than scheme, host and port.
            TypeError: ``origins`` is a str.
        """
        for one in (name, csrf_cookie, csrf_header):
            if not _TOKEN.fullmatch(one):
                msg = "the name of a cookie or a header is made of letters, digits and !#$%&'*+-.^_`|~"
                raise ValueError(msg)
        if name == csrf_cookie:
            msg = "the token and the value to repeat need a cookie each"
            raise ValueError(msg)
        if isinstance(origins, str):
            msg = f"origins is a collection: say origins=({origins!r},)"
            raise TypeError(msg)
        for origin in origins:
            if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s?#@\\*A-Z]+", origin) or not origin.isascii():
                msg = "an origin is scheme, host and port in lower case, like 'https://app.example', and nothing more"
                raise ValueError(msg)
        self._name, self._csrf_cookie = name.encode(), csrf_cookie.encode()
        self._csrf_header = csrf_header.lower().encode()
        self._origins = frozenset(origin.encode() for origin in origins)
        self.header_names = frozenset({"cookie", "origin", csrf_header.lower()})

    def read(self, headers: Headers, method: str | None, /) -> bytes | None:
        """Give the token, once the request has proved that it was sent by a page of one's own site."""
        token = self._value_of(self._name, headers)
        if token is None:
            return None
        if method is None:
            if _only(b"origin", headers) not in self._origins:
                msg = "the WebSocket's token is in a cookie, and its Origin is not one that may open it"
                raise CrossSiteRequestError(msg)
        elif method not in _SAFE_METHODS:
            sent, expected = _only(self._csrf_header, headers), self._value_of(self._csrf_cookie, headers)
            if sent is None or expected is None or not hmac.compare_digest(sent, expected):
                msg = "the request's token is in a cookie, and its header doesn't repeat the other cookie's value"
                raise CrossSiteRequestError(msg)
        return token

    def set_cookies(self, raw: str, lifetime: int) -> list[str]:
        """Make the Set-Cookie headers for a login's answer (RFC 6265 section 4.1).

        Args:
            raw: The token.
            lifetime: How long the browser keeps it, in seconds.

        Returns:
            The values of two Set-Cookie headers: the token, out of reach of scripts, and a fresh value to repeat.

        Raises:
            ValueError: The token can't be a cookie's value.
        """
        if not raw.isascii() or not _COOKIE_OCTETS.fullmatch(raw.encode()):
            msg = "a token in a cookie is made of ASCII characters without spaces, quotes, commas and semicolons"
            raise ValueError(msg)
        ends = f"Path=/; Max-Age={lifetime}; Secure; SameSite=Lax"
        return [
            f"{self._name.decode()}={raw}; {ends}; HttpOnly",
            f"{self._csrf_cookie.decode()}={secrets.token_urlsafe(32)}; {ends}",
        ]

    def delete_cookies(self) -> list[str]:
        """Make the Set-Cookie headers for a logout's answer, which have the browser forget both cookies."""
        ends = "Path=/; Max-Age=0; Secure; SameSite=Lax"
        return [f"{name.decode()}=; {ends}" for name in (self._name, self._csrf_cookie)]

    @staticmethod
    def _value_of(name: bytes, headers: Headers) -> bytes | None:
        # HTTP/2 may split what is one Cookie header in HTTP/1.1 (RFC 9113 section 8.2.3), so all of them are looked at.
        found = None
        for field, content in headers:
            if field != b"cookie" or name not in content:
                continue
            for pair in content.split(b";"):
                own_name, equals, value = pair.strip(b" ").partition(b"=")
                if own_name != name or not equals:
                    continue
                if found is not None:
                    msg = "the request has two cookies of one name"
                    raise InvalidRequestError(msg)
                found = value
        if found is not None and not _COOKIE_OCTETS.fullmatch(found):
            msg = "a cookie's value breaks the syntax of cookies, or is empty"
            raise InvalidRequestError(msg)
        return found


def read_token(places: Iterable[Credentials], headers: Headers, method: str | None) -> bytes | None:
    """Read a request's token, which is in one place at most (RFC 6750 section 2).

    Args:
        places: Where to look.
        headers: The request's header fields.
        method: The request's method; None: it opens a WebSocket.

    Returns:
        The token, not verified; None where the request carries none.

    Raises:
        InvalidRequestError: It breaks the syntax, or carries several.
        CrossSiteRequestError: Nothing shows that a page of one's own site sent the token.
    """
    token = None
    for place in places:
        found = place.read(headers, method)
        if found is None:
            continue
        if token is not None:
            msg = "the request carries its token in more than one place"
            raise InvalidRequestError(msg)
        token = found
    return token


def _only(name: bytes, headers: Headers) -> bytes | None:
    """Give the value of a header that may be there once; None where it is absent, or there more than once."""
    values = [content for field, content in headers if field == name]
    return values[0] if len(values) == 1 else None
