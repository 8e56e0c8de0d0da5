"""Documents over HTTP: which addresses may be asked, and what is taken for an answer."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Mapping
from importlib.metadata import version
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpx2

from jwtfast.remote.schedule import lifetime_of

__all__ = ["Document", "DocumentReader", "FetchError", "check_url"]


class FetchError(Exception):
    """Raised when a document could not be had, or was not to be trusted. Says why, and nothing of what came.

    Attributes:
        is_absent: Whether the server says that there is none.
    """

    def __init__(self, message: str, *, is_absent: bool = False) -> None:
        super().__init__(message)
        self.is_absent = is_absent


class Document(NamedTuple):
    """What a server gave.

    Attributes:
        body: The document; None where it has not changed since the ``etag`` that was sent.
        etag: Its validator (RFC 9110 section 8.8.3), if it has one.
        lifetime: How long it is fresh, in seconds; None where the server doesn't say.
    """

    body: bytes | None
    etag: str | None
    lifetime: float | None


def check_url(what: str, url: str, *, allow_http: bool) -> SplitResult:
    """Refuse an address that keys must not come from.

    Args:
        what: What to call it in an error.
        url: The address.
        allow_http: Whether plain HTTP will do, from anywhere.

    Returns:
        Its parts.

    Raises:
        ValueError: It is not https, and its host is not this one; or it is no address.
        TypeError: It is not a str.
    """
    if not isinstance(url, str):
        msg = f"{what} is a str, not {type(url).__name__}"
        raise TypeError(msg)
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
        httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        is_whole = False
    if not is_whole or parts.scheme not in {"https", "http"} or not re.fullmatch("[!-~]+", url):
        msg = f"{what} is no address of the form https://host/path"
        raise ValueError(msg)
    if parts.username is not None or parts.password is not None or "#" in url:
        msg = f"{what} holds a user name, a password or a fragment: leave it out, and say headers= for credentials"
        raise ValueError(msg)
    if parts.scheme == "http" and not allow_http and not is_loopback(str(parts.hostname)):
        msg = f"{what} is not https, so anybody on the way could exchange the keys: use https, or say allow_http=True"
        raise ValueError(msg)
    return parts


def is_loopback(host: str) -> bool:
    """Tell whether a host is this very machine by its name alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class DocumentReader:
    """Fetches small documents, and believes little of what comes."""

    __slots__ = ("_headers", "_max_bytes", "_ssl_context", "_timeout")

    def __init__(
        self, *, timeout: float, max_bytes: int, headers: Mapping[str, str], ssl_context: ssl.SSLContext | None
    ) -> None:
        """Take the limits.

        Args:
            timeout: How long a server may take to accept a connection, and between two parts of its answer, in seconds.
            max_bytes: How long a document may be.
            headers: What to send besides.
            ssl_context: Whom to trust; None: whom the system trusts.
        """
        self._timeout = httpx2.Timeout(timeout)
        self._max_bytes = max_bytes
        self._headers = {
            "Accept": "application/json, application/jwk-set+json;q=0.9, */*;q=0.1",
            "Accept-Encoding": "identity",  # a small answer may unpack to a large one
            "User-Agent": f"jwtfast/{version('jwtfast')}",
            **headers,
        }
        self._ssl_context = ssl_context

    async def fetch(self, url: str, *, etag: str | None = None) -> Document:
        """Fetch a document. The caller limits how long it may take as a whole.

        Args:
            url: Its address.
            etag: The validator of the one that is there, if there is one.

        Returns:
            The document.

        Raises:
            FetchError: It could not be had.
        """
        headers = self._headers if etag is None else {**self._headers, "If-None-Match": etag}
        if self._ssl_context is None and url.startswith("https:"):
            self._ssl_context = httpx2.create_ssl_context()  # once: it reads hundreds of certificates
        verify = self._ssl_context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # What is on this machine is not asked for by way of a proxy, which is on another.
        is_remote = not is_loopback(str(urlsplit(url).hostname))
        try:
            async with (
                httpx2.AsyncClient(
                    verify=verify, timeout=self._timeout, follow_redirects=False, trust_env=is_remote
                ) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                self._check(response, has_etag=etag is not None)
                body = None if response.status_code == httpx2.codes.NOT_MODIFIED else await self._read(response)
        except httpx2.TimeoutException as error:
            msg = f"it did not answer in time ({type(error).__name__})"
            raise FetchError(msg) from None
        except httpx2.HTTPError as error:
            msg = f"it could not be asked ({type(error).__name__}: {printable(str(error))})"
            raise FetchError(msg) from None
        return Document(body, response.headers.get("etag"), lifetime_of(response.headers))

    def _check(self, response: httpx2.Response, *, has_etag: bool) -> None:
        status = response.status_code
        if status == httpx2.codes.NOT_MODIFIED and has_etag:
            return
        if 300 <= status < 400:
            msg = f"it answered {status}, and redirects are not followed: configure the address that they end at"
            raise FetchError(msg)
        if status != httpx2.codes.OK:
            msg = f"it answered {status}"
            raise FetchError(msg, is_absent=400 <= status < 500)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            msg = "it answered with a compressed document, unasked"
            raise FetchError(msg)
        length = response.headers.get("content-length", "0")
        if not length.isdigit() or int(length[:20]) > self._max_bytes:
            raise FetchError(self._too_long())

    async def _read(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > self._max_bytes:
                raise FetchError(self._too_long())
        content_type = response.headers.get("content-type", "").lower()
        if content_type.startswith(("text/html", "application/xhtml")) or body.lstrip()[:1] == b"<":
            msg = "it answered with HTML: the address is wrong, or a proxy's or a login page answers for it"
            raise FetchError(msg)
        return bytes(body)

    def _too_long(self) -> str:
        return f"its answer is longer than max_bytes ({self._max_bytes})"


def printable(text: str) -> str:
    """Give a foreign text as one short line."""
    return "".join(character if character.isprintable() else "?" for character in text[:200])
