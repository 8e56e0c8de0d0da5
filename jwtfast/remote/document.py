"""Documents over HTTP, fetched in an event loop by httpx2."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

try:
    import httpx2
except ImportError as error:
    msg = "keys over HTTP need httpx2: pip install 'jwtfast[remote]'"
    raise ImportError(msg) from error

from jwtfast.remote.address import check_address, is_loopback, no_address
from jwtfast.remote.answer import AnswerRules, FetchError, printable
from jwtfast.remote.schedule import lifetime_of

__all__ = ["Document", "DocumentReader", "check_url"]


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
    """Refuse an address that keys must not come from, or that could not be asked; see ``check_address``."""
    parts = check_address(what, url, allow_http=allow_http)
    try:
        httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        raise no_address(what) from None
    return parts


class DocumentReader:
    """Fetches small documents, and believes little of what comes."""

    __slots__ = ("_headers", "_rules", "_ssl_context", "_timeout")

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
        self._rules = AnswerRules(max_bytes)
        self._headers = {**self._rules.request_headers(), **headers}
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
                is_unchanged = etag is not None and response.status_code == httpx2.codes.NOT_MODIFIED
                body = None if is_unchanged else await self._read(response)
        except httpx2.TimeoutException as error:
            msg = f"it did not answer in time ({type(error).__name__})"
            raise FetchError(msg) from None
        except httpx2.HTTPError as error:
            msg = f"it could not be asked ({type(error).__name__}: {printable(str(error))})"
            raise FetchError(msg) from None
        return Document(body, response.headers.get("etag"), lifetime_of(response.headers))

    async def _read(self, response: httpx2.Response) -> bytes:
        self._rules.check_head(response.status_code, response.headers)
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            self._rules.check_length(len(body))
        self._rules.check_body(body, response.headers.get("content-type", ""))
        return bytes(body)
