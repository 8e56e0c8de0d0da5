"""Documents over HTTP, fetched in the calling thread by the standard library: what a ``PyJWKClient`` asks by.

Programs that use PyJWT have it fetch where they call it, without a thread or a package of its own, and their tests
replace ``urllib.request.build_opener``; so this is what is called. What is taken for an answer is decided by the same
rules as for a ``RemoteKeySet``.
"""

from __future__ import annotations

import http.client
import io
import math
import ssl
import time
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.response import addinfourl

from jwtfast.remote.address import has_credentials, is_loopback
from jwtfast.remote.answer import MAX_BYTES, AnswerRules, FetchError, printable

__all__ = ["NoRedirectHandler", "read_document"]


def read_document(
    url: str, *, timeout: float | None, headers: Mapping[str, Any], ssl_context: ssl.SSLContext | None
) -> bytes:
    """Fetch a document.

    Args:
        url: Its address, by http or https.
        timeout: How long the server may take to accept a connection, and then for the whole of its answer, in seconds;
            None: for ever.
        headers: What to send besides.
        ssl_context: Whom to trust; None: whom the system trusts.

    Returns:
        The document.

    Raises:
        FetchError: It could not be had. Its cause is what the standard library raised, if it did.
    """
    try:
        parts = urlsplit(url)
        if has_credentials(parts):  # http.client would take the password for a port, and say so in its error
            msg = "its address holds a user name or a password: leave it out, and say headers= for credentials"
            raise FetchError(msg)
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - the caller has looked at the scheme
        with _opener(str(parts.hostname), ssl_context).open(request, timeout=timeout) as response:
            body: bytes = response.read()
    except (http.client.InvalidURL, ValueError) as error:  # they repeat what can't be sent, which may be a secret
        msg = f"its address, a header or the timeout is none that will do ({type(error).__name__})"
        raise FetchError(msg) from None
    except (OSError, http.client.HTTPException) as error:  # among the first: URLError, HTTPError, TimeoutError
        if isinstance(error, HTTPError):
            error.close()
        raise FetchError(printable(str(error))) from error
    return body


def _opener(host: str, ssl_context: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    rules = AnswerRules(MAX_BYTES)
    handlers: list[urllib.request.BaseHandler] = [
        NoRedirectHandler(),
        _HttpHandler(),
        _HttpsHandler(context=ssl_context),
        _AnswerHandler(rules),
    ]
    if is_loopback(host):  # what is on this machine is not asked for by way of a proxy, which is on another
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    opener.addheaders = list(rules.request_headers().items())  # those that the caller has not given
    return opener


class NoRedirectHandler(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: keys come from where the program said, or not at all."""

    def redirect_request(self, *_: Any) -> None:
        """Give no other request: the redirect becomes an HTTPError."""
        return


class _AnswerHandler(urllib.request.BaseHandler):
    """Reads the answer, if it will do."""

    handler_order = 1001  # after urllib's own, for which all but 2xx is an HTTPError

    def __init__(self, rules: AnswerRules) -> None:
        self._rules = rules

    def http_response(self, request: urllib.request.Request, response: Any) -> addinfourl:
        """Give the answer with the whole of its body in memory; FetchError where it is none that will do."""
        with response:
            self._rules.check_head(response.status, response.headers)
            body = response.read(self._rules.max_bytes + 1)
            self._rules.check_length(len(body))
            # http.client doesn't say so of a part that was asked for, unless it is chunked.
            missing = int(response.headers.get("content-length", "0")) - len(body)
            if missing > 0 and "transfer-encoding" not in response.headers:
                raise http.client.IncompleteRead(body, missing)
        self._rules.check_body(body, "")  # PyJWT takes a JWK set whatever its Content-Type
        return addinfourl(io.BytesIO(body), response.headers, request.full_url, response.status)

    https_response = http_response


class _HttpHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        """Connect by http."""
        return self.do_open(_connection_by("HTTPConnection"), req)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        """Connect by https."""
        return self.do_open(_connection_by("HTTPSConnection"), req, context=self._context)  # type: ignore[attr-defined]


def _connection_by(name: str) -> Any:
    """Give what makes connections whose answers have a deadline.

    The class is looked up at each call: tests and tracers put others in the place of http.client's.
    """

    def connect(*arguments: Any, **options: Any) -> Any:
        connection = getattr(http.client, name)(*arguments, **options)
        connection.response_class = _TimedResponse
        return connection

    return connect


class _TimedResponse(http.client.HTTPResponse):
    """An answer that must be there as a whole in the time that a socket has for each of its parts."""

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        if isinstance(self.fp, io.BufferedReader):  # what stands in for sockets in tests may give something else
            self.fp = io.BufferedReader(_UntilDeadline(sock, self.fp.detach()))


class _UntilDeadline(io.RawIOBase):
    def __init__(self, sock: Any, raw: io.RawIOBase) -> None:
        seconds = sock.gettimeout()
        self._ends = math.inf if seconds is None else time.monotonic() + seconds
        self._socket, self._raw = sock, raw

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what there is, or wait for it until the deadline."""
        if self._ends != math.inf:
            left = self._ends - time.monotonic()
            if left <= 0:
                msg = "timed out"
                raise TimeoutError(msg)
            self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the socket's side of it too."""
        self._raw.close()
        super().close()
