"""The WSGI middleware (PEP 3333)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from forge import SECRET, Clock, good

from jwtfast import Key, Token, Verifier
from jwtfast.protected_resource import AuthorizationHeader, Cookie, ProtectedResource
from jwtfast.wsgi import TOKEN, BearerMiddleware

VERIFIER = Verifier(Key.from_secret(SECRET, "HS256"), clock=Clock())
BEARER = f"Bearer {good(sub='alice')}"


class Application:
    """An application that remembers what it was called with, and answers."""

    def __init__(self) -> None:
        self.environments: list[WSGIEnvironment] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer."""
        self.environments.append(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"hello"]

    @property
    def token(self) -> Token | None:
        """The token that it was called with."""
        token: Token | None = self.environments[-1][TOKEN]
        return token


def call(environ: dict[str, Any] | None = None, **options: Any) -> tuple[Application, str, dict[str, str], bytes]:
    """Call an application through the middleware, under the eyes of the standard library's validator."""
    app = Application()
    middleware = validator(BearerMiddleware(app, ProtectedResource(VERIFIER, **options)))
    full: dict[str, Any] = {"QUERY_STRING": ""}
    setup_testing_defaults(full)
    started: list[Any] = []
    answer = middleware(full | (environ or {}), lambda *arguments: started.append(arguments))  # type: ignore[arg-type]
    body = b"".join(answer)
    answer.close()  # type: ignore[attr-defined]
    ((status, headers),) = started
    return app, status, dict(headers), body


def test_a_good_token_reaches_the_application() -> None:
    """The application gets the token in its environment."""
    app, status, _, body = call({"HTTP_AUTHORIZATION": BEARER})
    assert app.token is not None
    assert (status, body, app.token.subject) == ("200 OK", b"hello", "alice")


def test_a_refused_request() -> None:
    """A request without a token never reaches the application, and is answered by the refusal's status and headers."""
    app, status, headers, body = call()
    assert app.environments == []
    assert (status, headers["www-authenticate"]) == ("401 Unauthorized", 'Bearer realm="api"')
    assert headers["content-length"] == str(len(body))
    assert json.loads(body)["code"] == "missing_token"
    assert call({"HTTP_ACCEPT": "text/plain"})[3].startswith(b"The request carries no")


def test_head_has_no_body() -> None:
    """The answer to HEAD has the headers of the one to GET and no body (RFC 9110 section 9.3.2)."""
    _, _, headers, body = call({"REQUEST_METHOD": "HEAD"})
    assert body == b""
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize(
    "value", [f"{BEARER},{BEARER}", f"{BEARER}, Basic eA==", f"{BEARER}\xe9", f"{BEARER} x", "Bearer"]
)
def test_headers_that_a_server_joined(value: str) -> None:
    """Two headers, which WSGI servers join with a comma, and other broken syntax are an invalid request."""
    app, status, headers, _ = call({"HTTP_AUTHORIZATION": value})
    assert app.environments == []
    assert status == "400 Bad Request"
    assert 'error="invalid_request"' in headers["www-authenticate"]


@pytest.mark.parametrize("value", ["\u20ac", "\ud800", "Basic eA==," + BEARER, "\xff" * 70_000])
def test_what_is_no_bearer_token(value: str) -> None:
    """Characters that no header may have, and other schemes, hold no token."""
    app, status, _, _ = call({"HTTP_AUTHORIZATION": value})
    assert (app.environments, status) == ([], "401 Unauthorized")


def test_public_paths() -> None:
    """On a public path no token is looked at; an encoded slash or dot that the server tells of makes it another."""
    bad = {"HTTP_AUTHORIZATION": "Bearer x"}
    for environ in (
        {"PATH_INFO": "/docs/x"},
        {"PATH_INFO": "/docs/x", "SCRIPT_NAME": "/api"},
        {"PATH_INFO": "/docs/x", "RAW_URI": "/docs/x?y=%2f"},
        {"PATH_INFO": "/docs/caf\xc3\xa9", "REQUEST_URI": "/docs/caf%C3%A9"},
    ):
        app, _, _, _ = call(bad | environ, public=["/docs/*"])
        assert app.token is None
    for environ in (
        {"PATH_INFO": "/docs/../x"},
        {"PATH_INFO": "/docs/x/y", "RAW_URI": "/docs/x%2Fy"},
        {"PATH_INFO": "/docs/x", "REQUEST_URI": "/docs/%2e/x"},
        {"PATH_INFO": "/docs/\xff"},
        {"PATH_INFO": "/docs/\xe9"},
        {"PATH_INFO": ""},
    ):
        app, status, _, _ = call(bad | environ, public=["/docs/*"])
        assert (app.environments, status) == ([], "401 Unauthorized")


def test_cookies() -> None:
    """A token in a cookie is read, and what the double submit asks for with it."""
    places = [AuthorizationHeader(), Cookie("token", csrf_cookie="csrf")]
    cookies = {"HTTP_COOKIE": f"token={good()}; csrf=v", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "0"}
    assert call(cookies, credentials=places)[1] == "403 Forbidden"
    assert call(cookies | {"HTTP_X_CSRF_TOKEN": "v"}, credentials=places)[1] == "200 OK"


def test_a_client_cannot_bring_its_own() -> None:
    """What is in the environment under the token's name comes from the middleware alone."""
    app, _, _, _ = call({TOKEN: "forged", "HTTP_JWTFAST.TOKEN": "forged"}, optional=True)
    assert app.token is None
