"""What docs/servers.md shows: every snippet runs, and the applications that they make do what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from forge import HEADER, sign

PAGE = Path(__file__).parents[1] / "docs" / "servers.md"
SECRET = b"correct-horse-battery-staple-and-more"


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """Run the page's snippets one after another, and give the names that they make."""
    for package in ("starlette", "fastapi", "flask", "django", "rest_framework", "httpx2"):
        pytest.importorskip(package)
    if not PAGE.exists():
        pytest.skip("the page is not beside the tests: they run against an installed package")
    import django_site  # noqa: F401, PLC0415 - it configures Django's settings

    names: dict[str, Any] = {"__name__": "shown"}
    snippets = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(snippets) == 8
    for snippet in snippets:
        exec(compile(snippet, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    return names


def bearer(**claims: Any) -> dict[str, str]:
    """Give the headers of a request with a token as the page's verifier wants it."""
    common = {"exp": 4_000_000_000, "aud": "https://api.example", "sub": "alice", "tenant": "acme"}
    return {"Authorization": f"Bearer {sign(HEADER, common | claims, SECRET)}"}


def test_asgi(shown: dict[str, Any]) -> None:
    """The Starlette application greets those with a token, and refuses others."""
    from starlette.testclient import TestClient  # noqa: PLC0415

    client = TestClient(shown["starlette_app"])
    assert client.get("/me", headers=bearer()).text == "alice"
    answer = client.get("/me")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="orders"')
    assert client.get("/healthz").status_code == 404
    assert client.get("/docs/").status_code == 401


def test_fastapi(shown: dict[str, Any]) -> None:
    """The FastAPI application gives typed claims, and problem details to those without a scope."""
    from fastapi.testclient import TestClient  # noqa: PLC0415

    client = TestClient(shown["fastapi_app"])
    assert client.get("/me", headers=bearer()).json() == "alice"
    assert client.get("/orders", headers=bearer(scope="orders:read")).json() == "the orders of acme"
    answer = client.get("/orders", headers=bearer())
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    told = re.search(r"`(\{\"title\".*?\})`", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert told
    assert client.get("/me", headers=bearer(exp=1)).json() == json.loads(told[1])


def test_wsgi_and_flask(shown: dict[str, Any]) -> None:
    """The WSGI application and Flask's do the same."""
    from werkzeug.test import Client  # noqa: PLC0415

    assert Client(shown["wsgi_app"]).get("/", headers=bearer()).text == "alice"
    assert Client(shown["wsgi_app"]).get("/").status_code == 401
    client = shown["flask_app"].test_client()
    assert client.get("/me", headers=bearer()).text == "alice"
    assert client.get("/orders", headers=bearer(scope="orders:read")).text == "the orders of acme"
    assert client.get("/orders", headers=bearer()).status_code == 403


def test_django(shown: dict[str, Any]) -> None:
    """Django's view and the REST framework's do the same."""
    from django.test import RequestFactory, override_settings  # noqa: PLC0415

    views = (shown["django_orders"], shown["Orders"].as_view())
    with override_settings(JWTFAST_RESOURCE=shown["resource"]):
        for view, text in zip(views, (b"the orders of acme", b'{"orders of":"acme"}'), strict=True):
            for headers, status in ((bearer(scope="orders:read"), 200), (bearer(), 403), ({}, 401)):
                answer = view(RequestFactory().get("/", headers=headers))
                assert answer.status_code == status
                if status == 200:
                    assert (answer.render() if hasattr(answer, "render") else answer).content == text


def test_cookies(shown: dict[str, Any]) -> None:
    """The cookies have the names that the page tells."""
    assert [value.partition("=")[0] for value in shown["set_cookie_values"]] == ["__Host-token", "__Host-csrf"]
    assert shown["cookie"].header_names == {"cookie", "origin", "x-csrf-token"}
