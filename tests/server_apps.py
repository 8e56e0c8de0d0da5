"""Applications behind each adapter, for the real servers that tests start: /me tells whom the token is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from forge import SECRET

from jwtfast import Key, Verifier
from jwtfast import asgi as asgi_adapter
from jwtfast import wsgi as wsgi_adapter
from jwtfast.protected_resource import AuthorizationHeader, Cookie, ProtectedResource

RESOURCE = ProtectedResource(
    Verifier(Key.from_secret(SECRET, "HS256")),
    credentials=[AuthorizationHeader(), Cookie("token", csrf_cookie="csrf", origins=["https://app.example"])],
    public=["/open", "/docs/*"],
)


async def tell_asgi(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Tell whom the token is about, over HTTP or a WebSocket."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    token = scope[asgi_adapter.TOKEN]
    text = "nobody" if token is None else token.subject
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": text})
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


def tell_wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Tell whom the token is about."""
    token = environ[wsgi_adapter.TOKEN]
    text = "nobody" if token is None else token.subject
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text.encode()]


asgi_app = asgi_adapter.BearerMiddleware(tell_asgi, RESOURCE)
wsgi_app = wsgi_adapter.BearerMiddleware(tell_wsgi, RESOURCE)


def fastapi_app() -> Any:
    """Make the FastAPI application."""
    from typing import Annotated  # noqa: PLC0415

    from fastapi import Depends, FastAPI  # noqa: PLC0415
    from fastapi.responses import PlainTextResponse  # noqa: PLC0415

    from jwtfast import Token  # noqa: PLC0415
    from jwtfast.fastapi import Bearer, RefusedError, answer_refused  # noqa: PLC0415

    app = FastAPI()
    app.add_exception_handler(RefusedError, answer_refused)
    bearer = Bearer(RESOURCE)

    async def me(token: Any) -> PlainTextResponse:
        return PlainTextResponse(token.subject)

    me.__annotations__["token"] = Annotated[Token, Depends(bearer)]
    app.api_route("/me", methods=["GET", "HEAD", "POST"])(me)
    return app


def flask_app() -> WSGIApplication:
    """Make the Flask application."""
    from flask import Flask  # noqa: PLC0415

    from jwtfast.flask import Bearer, current_token  # noqa: PLC0415

    app = Flask("shop")

    @app.route("/me", methods=["GET", "POST"])
    @Bearer(RESOURCE).required()
    def me() -> str:
        return str(current_token.subject)

    return app


def django_app(kind: str) -> Any:
    """Make the Django application, for WSGI or ASGI, with the middleware."""
    import django_site  # noqa: F401, PLC0415 - it configures the settings
    from django.conf import settings  # noqa: PLC0415
    from django.core.handlers.asgi import ASGIHandler  # noqa: PLC0415
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415

    settings.MIDDLEWARE = ["jwtfast.django.BearerMiddleware"]
    settings.JWTFAST_RESOURCE = RESOURCE
    return (ASGIHandler if kind == "asgi" else WSGIHandler)()


def __getattr__(name: str) -> Any:
    """Make an application when a server asks for it by its name."""
    makers: dict[str, Callable[[], Any]] = {
        "made_by_fastapi": fastapi_app,
        "made_by_flask": flask_app,
        "made_by_django": lambda: django_app("wsgi"),
        "made_by_django_async": lambda: django_app("asgi"),
    }
    if name not in makers:
        raise AttributeError(name)
    return makers[name]()
