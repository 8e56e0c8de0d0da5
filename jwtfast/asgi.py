"""ASGI middleware for HTTP and WebSocket: ``app.add_middleware(BearerMiddleware, resource=resource)``.

The token is put in the scope as ``scope["jwtfast.token"]``: a Token, or None on a public path and where a token is
optional and the request has none. The scope is the one place that every ASGI framework hands through, and a client can
write nothing there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from jwtfast._native import Token
from jwtfast.protected_resource import REFUSED, ProtectedResource
from jwtfast.refusal import Refusal

__all__ = ["POLICY_VIOLATION", "TOKEN", "BearerMiddleware", "accept_of", "answers_handshakes"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN = "jwtfast.token"  # noqa: S105 - a name
"""The key under which the token is in the scope."""

POLICY_VIOLATION = 1008
"""What a WebSocket is closed with (RFC 6455 section 7.4.1)."""


class BearerMiddleware:
    """Lets an ASGI application have only requests, and WebSockets, that the resource lets in.

    Args:
        app: The application.
        resource: What it asks of a request.
    """

    def __init__(self, app: Application, resource: ProtectedResource) -> None:
        self.app = app
        self.resource = resource

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        kind = scope["type"]
        if kind == "http":
            method = scope["method"]
        elif kind == "websocket":
            method = None
        elif kind == "lifespan":
            await self.app(scope, receive, send)
            return
        else:
            msg = "only HTTP and WebSocket connections can carry a token that this middleware understands"
            raise ValueError(msg)
        resource = self.resource
        headers = scope["headers"]
        if type(headers) is not list:
            scope["headers"] = headers = list(headers)  # it may be an iterator, which can be read once
        try:
            if resource.has_public_paths and resource.is_public(_route_path(scope), scope.get("raw_path")):
                token = None
            else:
                # With as little as can be between the server and native code: it is run for every request.
                token = resource.find(headers, method)
                if type(token) is not Token:
                    found = resource.settle(token, headers, method)
                    token = None if found is None else await found
        except REFUSED as error:
            refusal = resource.refuse(error, accept_of(headers))
        else:
            # Into the server's own scope, as Starlette does: a copy for each request costs more than the verification.
            scope[TOKEN] = token
            await self.app(scope, receive, send)
            return
        if method is None:
            await _refuse_handshake(refusal, scope, receive, send)
        else:
            await _refuse_request(refusal, method, send)


def accept_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Give the Accept header; several are one list (RFC 9110 section 5.3)."""
    return b",".join(content for name, content in headers if name == b"accept") or None


def answers_handshakes(scope: Scope) -> bool:
    """Tell whether the server can answer a WebSocket's handshake with more than that it is refused."""
    return "websocket.http.response" in (scope.get("extensions") or {})


def _route_path(scope: Scope) -> str:
    """Give the path that the application routes by: the one below where it is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and path.startswith(root + "/") else path


async def _refuse_request(refusal: Refusal, method: str, send: Send) -> None:
    body = b"" if method == "HEAD" else refusal.body
    await send({"type": "http.response.start", "status": refusal.status, "headers": list(refusal.raw_headers)})
    await send({"type": "http.response.body", "body": body})


async def _refuse_handshake(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if (await receive())["type"] != "websocket.connect":
        return
    if not answers_handshakes(scope):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": refusal.code})
        return
    headers = list(refusal.raw_headers)
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": refusal.body})
