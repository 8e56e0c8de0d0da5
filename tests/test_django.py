"""Django: the middleware and the decorators, sync and async."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from forge import SECRET, sign

from jwtfast import Key, Verifier
from jwtfast.protected_resource import Cookie, ProtectedResource, Refusal

pytest.importorskip("django")
pytest.importorskip("rest_framework")

import django_site
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, AsyncRequestFactory, Client, override_settings

from jwtfast.django import configured_resource

IN_2096 = 4_000_000_000
MIDDLEWARE = override_settings(MIDDLEWARE=["jwtfast.django.BearerMiddleware"])
VERIFIER = Verifier(Key.from_secret(SECRET, "HS256"))


def token(**claims: Any) -> str:
    """Give a token that is good by the system's clock."""
    return sign({"alg": "HS256"}, {"exp": IN_2096, "sub": "alice", **claims})


def bearer(**claims: Any) -> dict[str, str]:
    """Give the headers of a request with a token."""
    return {"Authorization": f"Bearer {token(**claims)}"}


def get_async(path: str, headers: dict[str, str]) -> Any:
    """Get a page from the site on an event loop."""
    return asyncio.run(AsyncClient().get(path, headers=headers))


Get = Callable[[str, dict[str, str]], Any]


@pytest.fixture(params=["sync", "async"])
def get(request: pytest.FixtureRequest) -> Get:
    """Give each of the two ways to get a page."""
    if request.param == "async":
        return get_async
    return lambda path, headers: Client().get(path, headers=headers)


@pytest.mark.parametrize("path", ["/me", "/async", "/class", "/optional"])
def test_a_good_token(get: Get, path: str) -> None:
    """A protected view, be it a function, a coroutine or a class, is called with the token at hand."""
    assert get(path, bearer()).content == b"alice"


@pytest.mark.parametrize("path", ["/me", "/async", "/class", "/orders/7"])
@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({}, 401, ""),
        ({"Authorization": "Basic eA=="}, 401, ""),
        ({"Authorization": "Bearer"}, 400, 'error="invalid_request"'),
        ({"Authorization": f"Bearer {token()},Bearer {token()}"}, 400, 'error="invalid_request"'),
        ({"Authorization": f"Bearer {token(exp=1)}"}, 401, 'error="invalid_token"'),
    ],
)
def test_refused(get: Get, path: str, headers: dict[str, str], status: int, error: str) -> None:
    """A refused request never reaches the view."""
    answer = get(path, headers)
    assert answer.status_code == status
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="site"')
    assert error in challenge
    assert ("error=" in challenge) is bool(error)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_scopes(get: Get) -> None:
    """A view with requirements is called for tokens that meet them, with its own arguments."""
    answer = get("/orders/7", bearer(scope="orders:read"))
    assert answer.content == b'{"number": 7, "of": "alice"}'
    answer = get("/orders/7", bearer(scope="orders:write"))
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"].endswith('scope="orders:read"')


def test_optional_tokens(get: Get) -> None:
    """Where a token is optional a request without one is let in, one with a bad one is not."""
    assert get("/optional", {}).content == b"nobody"
    assert get("/optional", {"Authorization": "Bearer x"}).status_code == 401


@MIDDLEWARE
def test_the_middleware(get: Get) -> None:
    """Behind the middleware every view has the token, and none is reached without one, but on public paths."""
    assert get("/seen", bearer()).content == b"alice"
    answer = get("/seen", {})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="site"')
    assert get("/nowhere", {}).status_code == 401
    for headers in ({}, bearer(), {"Authorization": "Bearer x"}):
        assert get("/open", headers).content == b"None"
        assert get("/docs/a", headers).content == b"None"
    for path in ("/open/", "/docs/../me", "/docs/a//b", "/docs/%2e%2e/me", "/docs/a%5cb"):
        assert get(path, {}).status_code == 401


@MIDDLEWARE
def test_encoded_slashes() -> None:
    """An encoded slash, which servers tell of in their own ways, makes a path not public."""
    assert Client().get("/docs/a/b").content == b"None"
    assert Client().get("/docs/a/b", RAW_URI="/docs/a%2Fb").status_code == 401
    scope = AsyncRequestFactory()._base_scope(path="/docs/a/b", headers=[])  # type: ignore[attr-defined]
    for raw_path, status in ((b"/docs/a/b", 200), (b"/docs/a%2Fb", 401), (None, 200)):
        sent: list[Any] = []
        asyncio.run(serve(scope | {"raw_path": raw_path}, sent))
        assert sent[0]["status"] == status


async def serve(scope: dict[str, Any], sent: list[Any]) -> None:
    """Have the site handle a request as an ASGI server does."""
    from django.core.handlers.asgi import ASGIHandler  # noqa: PLC0415

    waiting = asyncio.Event()
    messages = iter([{"type": "http.request"}])

    async def receive() -> Any:
        message = next(messages, None)
        if message is None:
            await waiting.wait()
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    await ASGIHandler()(scope, receive, send)


def test_cross_site_requests() -> None:
    """A view that asks for a bearer token is exempt from Django's own check, and one where it is optional is not."""
    client = Client(enforce_csrf_checks=True)
    for path in ("/me", "/class", "/async"):
        assert client.post(path, headers=bearer()).content == b"alice"
        assert client.post(path).status_code == 401
    assert client.post("/optional", headers=bearer()).status_code == 403
    assert client.post("/seen", headers=bearer()).status_code == 403


def test_cookies() -> None:
    """A token in a cookie is read, and what the double submit asks for with it."""
    resource = ProtectedResource(VERIFIER, credentials=Cookie("token", csrf_cookie="twice"))
    with override_settings(JWTFAST_RESOURCE=resource):
        client = Client(enforce_csrf_checks=True)
        client.cookies.load({"token": token(), "twice": "v"})
        assert client.get("/me").content == b"alice"
        assert client.post("/me").status_code == 403
        assert client.post("/me", headers={"X-CSRF-Token": "v"}).content == b"alice"


def test_the_hook() -> None:
    """Each refusal is told to the hook."""
    told: list[str] = []

    def tell(code: str, refusal: Refusal) -> None:
        told.append(f"{code} {refusal.status}")

    with override_settings(JWTFAST_RESOURCE=ProtectedResource(VERIFIER, on_refusal=tell)):
        Client().get("/me")
        Client().get("/orders/7", headers=bearer())
    assert told == ["missing_token 401", "insufficient_scope 403"]


def test_the_setting() -> None:
    """The setting is a resource, or its dotted path; anything else is said to be wrong."""
    assert configured_resource() is django_site.RESOURCE
    with override_settings(JWTFAST_RESOURCE=django_site.RESOURCE):
        assert configured_resource() is django_site.RESOURCE
    for wrong in (None, VERIFIER, "django_site.me", 1):
        with override_settings(JWTFAST_RESOURCE=wrong), pytest.raises(ImproperlyConfigured, match="JWTFAST_RESOURCE"):
            configured_resource()
    with override_settings(JWTFAST_RESOURCE="django_site.nothing"), pytest.raises(ImportError):
        configured_resource()
