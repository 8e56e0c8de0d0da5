"""WSGI middleware: ``app = BearerMiddleware(app, resource)``.

The token is put in the environment as ``environ["jwtfast.token"]``: a Token, or None on a public path and where a token
is optional and the request has none. A client can write nothing there: its headers' names begin with ``HTTP_``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from jwtfast.credentials import Headers
from jwtfast.protected_resource import REFUSED, ProtectedResource
from jwtfast.refusal import Refusal

__all__ = ["TOKEN", "BearerMiddleware", "accept_of", "headers_of", "paths_of"]

TOKEN = "jwtfast.token"  # noqa: S105 - a name
"""The key under which the token is in the environment."""


class BearerMiddleware:
    """Lets a WSGI application have only requests that the resource lets in.

    Args:
        app: The application.
        resource: What it asks of a request.
    """

    def __init__(self, app: WSGIApplication, resource: ProtectedResource) -> None:
        self.app = app
        self.resource = resource

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request."""
        environ[TOKEN] = None
        if not self.resource.is_public(*paths_of(environ)):
            try:
                environ[TOKEN] = self.resource.authenticate(
                    headers_of(environ, self.resource.header_names), environ["REQUEST_METHOD"]
                )
            except REFUSED as error:
                refusal = self.resource.refuse(error, accept_of(environ))
                return _answer(refusal, environ["REQUEST_METHOD"], start_response)
        return self.app(environ, start_response)


def headers_of(environ: Mapping[str, Any], names: Iterable[str]) -> Headers:
    """Give header fields of a WSGI environment as ASGI has them (PEP 3333).

    Args:
        environ: The environment. A server has joined fields of one name with a comma.
        names: The names, in lower case.

    Returns:
        The fields that are there.
    """
    fields = ((name, environ.get("HTTP_" + name.upper().replace("-", "_"))) for name in names)
    return [(name.encode(), _octets(value)) for name, value in fields if value is not None]


def accept_of(environ: Mapping[str, Any]) -> bytes | None:
    """Give the Accept header of a WSGI environment."""
    value = environ.get("HTTP_ACCEPT")
    return None if value is None else _octets(value)


def paths_of(environ: Mapping[str, Any]) -> tuple[str, bytes | None]:
    """Give a request's path, percent-decoded, and, where the server tells, as the request line had it."""
    try:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode()
    except UnicodeError:
        path = "\ufffd"  # as ASGI servers have it
    raw = environ.get("RAW_URI", environ.get("REQUEST_URI"))
    return path, None if raw is None else _octets(raw)


def _octets(value: str) -> bytes:
    # The characters are octets by PEP 3333. What is not ASCII is refused however it is spelled.
    return value.encode("utf-8", "surrogatepass")


def _answer(refusal: Refusal, method: str, start_response: StartResponse) -> list[bytes]:
    start_response(refusal.status_line, list(refusal.headers))
    return [] if method == "HEAD" else [refusal.body]
