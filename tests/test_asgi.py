"""The ASGI middleware: HTTP, WebSocket and lifespan, by its specification and in Starlette."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest
from forge import SECRET, Clock, good

from jwtfast import Key, Token, Verifier, errors
from jwtfast.asgi import TOKEN, BearerMiddleware
from jwtfast.protected_resource import Cookie, ProtectedResource, Require

Message = MutableMapping[str, Any]
VERIFIER = Verifier(Key.from_secret(SECRET, "HS256"), clock=Clock())
BEARER = (b"authorization", b"Bearer " + good(sub="alice").encode())
DENIAL: dict[str, Any] = {"extensions": {"websocket.http.response": {}}}


class Application:
    """An application that remembers what it was called with, and answers."""

    def __init__(self) -> None:
        self.scopes: list[MutableMapping[str, Any]] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer."""
        self.scopes.append(scope)
        if scope["type"] == "lifespan":
            return
        if scope["type"] == "websocket":
            assert (await receive())["type"] == "websocket.connect"
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})

    @property
    def token(self) -> Token | None:
        """The token that it was called with."""
        token: Token | None = self.scopes[-1][TOKEN]
        return token


def http(*headers: tuple[bytes, bytes], path: str = "/", **more: Any) -> dict[str, Any]:
    """Give the scope of a request."""
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": [*headers]}
    return scope | more


def websocket(*headers: tuple[bytes, bytes], path: str = "/", **more: Any) -> dict[str, Any]:
    """Give the scope of a WebSocket."""
    return {"type": "websocket", "path": path, "raw_path": path.encode(), "headers": [*headers]} | more


def call(
    scope: dict[str, Any], arrives: Iterable[str] = (), verifier: Any = VERIFIER, **options: Any
) -> tuple[Application, list[Message]]:
    """Call an application through the middleware, and give it and what was sent."""
    app, sent, messages = Application(), [], iter(arrives)

    async def receive() -> Message:
        return {"type": next(messages)}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(BearerMiddleware(app, ProtectedResource(verifier, **options))(scope, receive, send))
    return app, sent


def test_a_good_token_reaches_the_application() -> None:
    """The application gets the token in its scope, and everything else there is as the server had it."""
    scope = http(BEARER)
    before = dict(scope)
    app, sent = call(scope)
    assert app.token is not None
    assert app.token.subject == "alice"
    assert scope == before | {TOKEN: app.token}
    assert app.scopes[0] is scope
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_a_refused_request() -> None:
    """A request without a token never reaches the application, and is answered by the refusal's status and headers."""
    app, sent = call(http())
    assert app.scopes == []
    start, body = sent
    headers = dict(start["headers"])
    assert (start["status"], headers[b"www-authenticate"]) == (401, b'Bearer realm="api"')
    assert headers[b"content-length"] == b"%d" % len(body["body"])
    assert json.loads(body["body"])["code"] == "missing_token"
    _, (start, body) = call(http((b"accept", b"text/plain")))
    assert body["body"].startswith(b"The request carries no")


def test_head_has_no_body() -> None:
    """The answer to HEAD has the headers of the one to GET and no body (RFC 9110 section 9.3.2)."""
    _, (start, body) = call(http(method="HEAD"))
    assert body["body"] == b""
    assert int(dict(start["headers"])[b"content-length"]) > 0


def test_headers_that_can_be_read_once() -> None:
    """A server may give the headers as an iterator; the application still gets all of them."""
    headers = [(b"host", b"x"), BEARER]
    app, _ = call(http() | {"headers": iter(headers)})
    assert app.scopes[0]["headers"] == headers
    app, _ = call(http() | {"headers": ([*header] for header in headers)})
    assert app.token is not None


def test_public_paths() -> None:
    """On a public path no token is looked at; below a mount the path is the application's own."""
    bad = (b"authorization", b"Bearer x")
    for scope in (
        http(bad, path="/healthz"),
        websocket(bad, path="/healthz"),
        http(bad, path="/api/healthz", root_path="/api"),
        http(bad, path="/api/healthz", root_path="/api/"),
    ):
        app, _ = call(scope, ["websocket.connect"], public=["/healthz"])
        assert app.token is None
    for scope in (
        http(bad, path="/healthz", raw_path=b"/%2e/healthz"),
        http(bad, path="/apihealthz", root_path="/api"),
        http(bad, path="/api/healthz", root_path=""),
        http(bad, path="/healthz", raw_path=b"/x/%2e%2e/healthz"),
    ):
        app, _ = call(scope, public=["/healthz"])
        assert app.scopes == []
    app, _ = call(http(bad, path="/healthz", raw_path=None), public=["/healthz"])
    assert app.token is None


def test_optional_tokens() -> None:
    """A request without a token is let in where it is optional, with None; one with a bad one is not."""
    app, _ = call(http(), optional=True)
    assert app.token is None
    app, (start, _) = call(http((b"authorization", b"Bearer x")), optional=True)
    assert (app.scopes, start["status"]) == ([], 401)


def test_the_lifespan_passes() -> None:
    """What the server tells the application about its life needs no token, and has none."""
    app, sent = call({"type": "lifespan"})
    assert app.scopes == [{"type": "lifespan"}]
    assert sent == []


def test_other_connections() -> None:
    """A kind of connection that is not known is not let in."""
    with pytest.raises(ValueError, match="only HTTP and WebSocket"):
        call({"type": "webtransport", "headers": [BEARER], "path": "/"})


def test_websockets() -> None:
    """A WebSocket with a good token reaches the application."""
    app, sent = call(websocket(BEARER), ["websocket.connect"])
    assert app.token is not None
    assert sent == [{"type": "websocket.accept"}]


def test_refused_websockets() -> None:
    """A WebSocket is refused before it is accepted: by an answer to its handshake where the server can, or closed."""
    app, (start, body) = call(websocket(**DENIAL), ["websocket.connect"])
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert dict(start["headers"])[b"www-authenticate"] == b'Bearer realm="api"'
    assert body["type"] == "websocket.http.response.body"
    assert json.loads(body["body"])["code"] == "missing_token"
    without: list[dict[str, Any]] = [{}, {"extensions": None}, {"extensions": {}}, {"extensions": {"tls": {}}}]
    for extensions in without:
        app, sent = call(websocket(**extensions), ["websocket.connect"])
        assert app.scopes == []
        assert sent == [{"type": "websocket.close", "code": 1008, "reason": "missing_token"}]


def test_websockets_that_went_away() -> None:
    """A client that went away before it was answered is not answered."""
    app, sent = call(websocket(), ["websocket.disconnect"])
    assert (app.scopes, sent) == ([], [])


def test_websockets_by_cookie() -> None:
    """A WebSocket's token in a cookie is taken from pages of the origins that were named."""
    cookie = (b"cookie", b"token=" + good().encode())
    options = {"credentials": Cookie("token", origins=["https://app.example"])}
    app, _ = call(websocket(cookie, (b"origin", b"https://app.example")), ["websocket.connect"], **options)
    assert app.token is not None
    app, (start, _) = call(
        websocket(cookie, (b"origin", b"https://evil.example"), **DENIAL), ["websocket.connect"], **options
    )
    assert (app.scopes, start["status"]) == ([], 403)


def test_a_flood_leaves_nothing() -> None:
    """What refuses a request is gone with it, without the collector's help: a flood leaves nothing behind."""
    raised: list[weakref.ref[Exception]] = []

    class RememberedError(errors.ExpiredSignatureError):
        def __init__(self) -> None:
            raised.append(weakref.ref(self))

    class Refusing(Verifier):
        __slots__ = ()

        def attempt(self, raw: Any, last: Any = False, /) -> Any:  # noqa: ARG002 - the verifier's
            raise RememberedError

    gc.disable()
    try:
        for scope in (http(BEARER), websocket(BEARER)):
            call(scope, ["websocket.connect"], verifier=Refusing(Key.from_secret(SECRET, "HS256")))
        assert [reference() for reference in raised] == [None, None]
    finally:
        gc.enable()


def test_in_starlette() -> None:
    """``app.add_middleware(BearerMiddleware, resource=...)`` protects a Starlette application, WebSockets included."""
    pytest.importorskip("starlette")
    pytest.importorskip("httpx2")
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import JSONResponse  # noqa: PLC0415
    from starlette.routing import Route, WebSocketRoute  # noqa: PLC0415
    from starlette.testclient import TestClient, WebSocketDenialResponse  # noqa: PLC0415
    from starlette.websockets import WebSocket  # noqa: PLC0415

    async def subject(request: Request) -> JSONResponse:
        return JSONResponse(request.scope[TOKEN].subject)

    async def greet(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.scope[TOKEN].subject)
        await socket.close()

    app = Starlette(routes=[Route("/", subject), WebSocketRoute("/ws", greet)])
    resource = ProtectedResource(VERIFIER, require=Require.scope("read"))
    app.add_middleware(BearerMiddleware, resource=resource)
    client = TestClient(app)
    good_headers = {"Authorization": f"Bearer {good(sub='alice', scope='read')}"}
    assert client.get("/", headers=good_headers).json() == "alice"
    answer = client.get("/", headers={"Authorization": f"Bearer {good(sub='alice')}"})
    assert answer.status_code == 403
    assert 'scope="read"' in answer.headers["www-authenticate"]
    with client.websocket_connect("/ws", headers=good_headers) as socket:
        assert socket.receive_text() == "alice"
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect("/ws"):
        pass
    assert caught.value.status_code == 401
