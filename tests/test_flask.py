"""Flask: the decorator and ``current_token``."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from forge import NOW, SECRET, Clock, good

from jwtfast import Key, Verifier
from jwtfast.protected_resource import Cookie, ProtectedResource, Require
from jwtfast.wsgi import BearerMiddleware

pytest.importorskip("flask")

from flask import Flask
from flask.testing import FlaskClient

from jwtfast.flask import Bearer, current_token

VERIFIER = Verifier(Key.from_secret(SECRET, "HS256"), clock=Clock())


def bearer(**claims: Any) -> dict[str, str]:
    """Give the headers of a request with a token."""
    return {"Authorization": f"Bearer {good(**claims)}"}


@pytest.fixture
def client() -> FlaskClient:
    """Give the client of an application with a view of each kind."""
    app = Flask("shop")
    app.testing = True  # a view's exceptions get out
    protect = Bearer(ProtectedResource(VERIFIER, realm="shop"))

    @app.get("/me")
    @protect.required()
    def me() -> str:
        return str(current_token.subject)

    @app.get("/orders/<int:number>")
    @protect.required(Require.scope("orders:read") | Require.claim("role", "admin"))
    def order(number: int) -> dict[str, Any]:
        return {"number": number, "of": current_token.subject}

    @app.get("/optional")
    @protect.optional()
    def maybe() -> str:
        return str(current_token.subject) if current_token else "nobody"  # type: ignore[truthy-bool]

    @app.get("/open")
    def open_to_all() -> str:
        return str(current_token.subject)

    return app.test_client()


def test_a_good_token(client: FlaskClient) -> None:
    """A protected view is called with the token at hand, and with its own arguments."""
    assert client.get("/me", headers=bearer(sub="alice")).text == "alice"
    answer = client.get("/orders/7", headers=bearer(sub="alice", scope="orders:read"))
    assert answer.json == {"number": 7, "of": "alice"}
    assert client.get("/orders/7", headers=bearer(sub="bob", role="admin")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({}, 401, None),
        ({"Authorization": "Basic eA=="}, 401, None),
        ({"Authorization": "Bearer"}, 400, "invalid_request"),
        ({"Authorization": f"Bearer {good()},Bearer {good()}"}, 400, "invalid_request"),
        ({"Authorization": f"Bearer {good(exp=NOW)}"}, 401, "invalid_token"),
        ({"Authorization": f"Bearer {good()}"}, 403, "insufficient_scope"),
    ],
)
def test_refused(client: FlaskClient, headers: dict[str, str], status: int, error: str | None) -> None:
    """A refused request never reaches the view; werkzeug reads the challenge as it is meant."""
    answer = client.get("/orders/7", headers=headers)
    assert answer.status_code == status
    challenge = answer.www_authenticate
    assert (challenge.type, challenge.realm, challenge.get("error")) == ("bearer", "shop", error)
    assert challenge.get("scope") == ("orders:read" if status == 403 else None)
    assert answer.content_type == "application/problem+json"
    assert "text/plain" in str(client.get("/me", headers={"Accept": "text/plain"}).content_type)


def test_optional_tokens(client: FlaskClient) -> None:
    """Where a token is optional, ``current_token`` is false without one."""
    assert client.get("/optional").text == "nobody"
    assert client.get("/optional", headers=bearer(sub="alice")).text == "alice"
    assert client.get("/optional", headers={"Authorization": "Bearer x"}).status_code == 401


def test_views_without_a_token(client: FlaskClient) -> None:
    """Using ``current_token`` where nothing was verified is an error that says so, whatever the request brought."""
    with pytest.raises(RuntimeError, match="has no token"):
        client.get("/open", headers=bearer(sub="alice"))
    with pytest.raises(RuntimeError):
        str(current_token.subject)


def test_coroutines() -> None:
    """A view may be a coroutine function, which Flask runs as it does others."""
    pytest.importorskip("asgiref")
    app = Flask("shop")
    protect = Bearer(ProtectedResource(VERIFIER))

    @app.get("/")
    @protect.required()
    async def me() -> str:
        await asyncio.sleep(0)
        return str(current_token.subject)

    assert app.test_client().get("/", headers=bearer(sub="alice")).text == "alice"
    assert app.test_client().get("/").status_code == 401


def test_behind_the_middleware() -> None:
    """Behind the WSGI middleware ``current_token`` is the middleware's."""
    app = Flask("shop")

    @app.get("/")
    def me() -> str:
        return str(current_token.subject)

    @app.get("/healthz")
    def health() -> str:
        return "ok"

    app.wsgi_app = BearerMiddleware(  # type: ignore[method-assign]
        app.wsgi_app, ProtectedResource(VERIFIER, public=["/healthz"])
    )
    client = app.test_client()
    assert client.get("/", headers=bearer(sub="alice")).text == "alice"
    assert client.get("/").status_code == 401
    assert client.get("/healthz").text == "ok"
    assert client.get("/x/../healthz").status_code == 401


def test_cookies() -> None:
    """A token in a cookie is read, and what the double submit asks for with it."""
    app = Flask("shop")
    protect = Bearer(ProtectedResource(VERIFIER, credentials=Cookie("token", csrf_cookie="csrf")))

    @app.post("/")
    @protect.required()
    def me() -> str:
        return str(current_token.subject)

    client = app.test_client()
    client.set_cookie("token", good(sub="alice"))
    client.set_cookie("csrf", "v")
    assert client.post("/").status_code == 403
    assert client.post("/", headers={"X-CSRF-Token": "v"}).text == "alice"
