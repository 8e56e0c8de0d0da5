"""The services of the example against those who don't play by the rules; make example plays by them."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from redis_server import RedisServer

ROOT = Path(__file__).parent.parent
httpx2 = pytest.importorskip("httpx2", reason="the dependency group example is not installed")
pytest.importorskip("starlette", reason="the dependency group example is not installed")
if not (ROOT / "examples").is_dir():
    pytest.skip("the examples are not beside the tests", allow_module_level=True)


class Browser:
    """Asks an application, in this process, and keeps its cookies."""

    def __init__(self, module: ModuleType, base_url: str) -> None:
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=module.app), base_url=base_url)

    def get(self, path: str, **options: Any) -> Any:
        """Send a GET request."""
        return asyncio.run(self.client.get(path, **options))

    def post(self, path: str, **options: Any) -> Any:
        """Send a POST request."""
        return asyncio.run(self.client.post(path, **options))


class Services:
    """The login service, one resource service, and their settings."""

    def __init__(self, settings: Any, login: ModuleType, orders: ModuleType) -> None:
        self.settings, self.login, self.orders = settings, login, orders
        self.service, self.other = settings.services

    def browser(self) -> Browser:
        """Give a browser without cookies, at the login service."""
        return Browser(self.login, self.settings.issuer)

    def query(self, **changes: str) -> dict[str, str]:
        """Give the query of an authorization request, with changes."""
        usual = {
            "client_id": "orders",
            "redirect_uri": self.service.redirect_uri,
            "response_type": "code",
            "state": "s",
        }
        return usual | changes

    def log_in(self, browser: Browser, password: str = "alice's passphrase", **headers: str) -> Any:  # noqa: S107
        """Send name and password."""
        form = {"username": "alice", "password": password}
        return browser.post("/login", params=self.query(), data=form, headers=headers)

    def code(self, browser: Browser) -> str:
        """Have a code made for a browser that has logged in."""
        location = browser.get("/authorize", params=self.query()).headers["location"]
        assert location.startswith(f"{self.service.redirect_uri}?")
        code: str = httpx2.URL(location).params["code"]
        return code

    def exchange(self, code: str, **changes: Any) -> tuple[int, str]:
        """Exchange a code as its client does, with changes, and give the status and the error."""
        client = changes.pop("client", self.service)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.service.redirect_uri}
        answer = self.browser().post("/token", data=form | changes, auth=(client.client_id, client.client_secret))
        return answer.status_code, answer.json().get("error", "")


@pytest.fixture(scope="module")
def services(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Give the services, with a Redis, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        folder = tmp_path_factory.mktemp("sso")
        story = importlib.import_module("examples.sso.story")
        settings = replace(story.prepare(folder)[0], redis=f"redis://127.0.0.1:{redis_server.port}")
        settings.write(folder / "settings.json")
        patch.setenv("SSO_SETTINGS", str(folder / "settings.json"))
        patch.setenv("SSO_SERVICE", "orders")
        login, orders = (importlib.import_module(f"examples.sso.{name}") for name in ("login", "service"))
        yield Services(settings, login, orders)
        login.revocations.close()
        login.store.close()
        orders.revocations.close()
        orders.keys.close()
        for name in [name for name in sys.modules if name.startswith("examples.sso")]:
            del sys.modules[name]


@pytest.fixture
def alice(services: Services) -> Browser:
    """Give a browser that has logged in."""
    browser = services.browser()
    assert services.log_in(browser).status_code == 303
    return browser


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": ""},
        {"client_id": "invoices"},
        {"client_id": "nobody"},
        {"response_type": "token"},
    ],
)
def test_codes_go_to_nobody_else(services: Services, alice: Browser, changes: dict[str, str]) -> None:
    """A request that is not a known client's, with its very address, gets neither a code nor a redirect."""
    answer = alice.get("/authorize", params=services.query(**changes))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    longer = services.query(redirect_uri=f"{services.service.redirect_uri}/x")
    assert alice.get("/authorize", params=longer).status_code == 400


def test_a_code_is_good_once(services: Services, alice: Browser) -> None:
    """A code is exchanged once, by its own client and with its own address; a wrong attempt uses it up."""
    code = services.code(alice)
    assert services.exchange(code) == (200, "")
    refused = (400, "invalid_grant")
    assert services.exchange(code) == refused
    for changes in ({"client": services.other}, {"redirect_uri": services.other.redirect_uri}):
        code = services.code(alice)
        assert services.exchange(code, **changes) == refused
        assert services.exchange(code) == refused
    assert services.exchange("a guess") == refused


def test_clients_have_secrets(services: Services, alice: Browser) -> None:
    """A client without its secret gets no tokens."""
    code = services.code(alice)
    assert services.exchange(code, client=replace(services.service, client_secret="guess")) == (401, "invalid_client")
    assert services.exchange(code, client=replace(services.service, client_id="nobody")) == (401, "invalid_client")
    for header in ("", "Basic", "Basic !", "Basic ////", "Bearer x"):
        assert services.browser().post("/token", headers={"Authorization": header}).status_code == 401
    assert services.exchange(code) == (200, "")


@pytest.mark.parametrize("body", ["", "code=1&code=2", "a=1&" * 99, "x" * 9000, "\xe9=\xff", "grant_type=password"])
def test_forms_that_are_none(services: Services, body: str) -> None:
    """A form that is too long, says things twice or asks for something else is refused."""
    auth = (services.service.client_id, services.service.client_secret)
    answer = services.browser().post("/token", content=body.encode("latin-1"), auth=auth)
    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


def test_wrong_passwords(services: Services) -> None:
    """A wrong password, or a user that there is not, begins no session, and both are told the same."""
    answers = []
    for name, password in (("alice", "guess"), ("nobody", "guess"), ("", ""), ("alice", "")):
        browser = services.browser()
        answer = browser.post("/login", params=services.query(), data={"username": name, "password": password})
        answers.append((answer.status_code, answer.text))
        assert not browser.client.cookies
    assert set(answers) == {(403, '{"error":"wrong_name_or_password"}')}


def test_other_sites(services: Services, alice: Browser) -> None:
    """Another site's page can neither log a browser in nor log it out."""
    evil = {"Origin": "https://evil.example"}
    assert services.log_in(services.browser(), **evil).status_code == 403
    assert alice.post("/logout", headers=evil).status_code == 403
    assert services.browser().post("/logout").status_code == 403
    assert "location" in alice.get("/authorize", params=services.query()).headers


def test_cookies_and_pages(services: Services, alice: Browser) -> None:
    """The session's cookie can't be read by scripts nor sent by other sites, and the form is no page to be framed."""
    cookie = services.log_in(services.browser()).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = services.browser().get("/authorize", params=services.query(state='"><script>alert(1)</script>'))
    assert "<form" in page.text
    assert "<script" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "same-origin"  # no-referrer would have its form sent with "Origin: null"
    assert services.log_in(services.browser(), Origin="null").status_code == 403
    assert alice.get("/authorize", params=services.query()).headers["cache-control"] == "no-store"


def test_a_logout_ends_codes_too(services: Services, alice: Browser) -> None:
    """A code that was made before a logout is worth nothing after it, and neither is the session."""
    code = services.code(alice)
    assert alice.post("/logout", headers={"Origin": services.settings.issuer}).json() == {"logged_out": "alice"}
    assert services.exchange(code) == (400, "invalid_grant")
    assert "<form" in alice.get("/authorize", params=services.query()).text


def test_states(services: Services, alice: Browser) -> None:
    """A service takes a code only from the browser that it sent away for it."""
    code = services.code(alice)
    browser = Browser(services.orders, services.service.url)
    answer = browser.get("/")
    assert (answer.status_code, answer.headers["x-reason"]) == (303, "malformed")
    state = httpx2.URL(answer.headers["location"]).params["state"]
    for wrong in ("", "x", state[:-1], f"{state}x", "\N{KEY}"):
        assert browser.get("/callback", params={"code": code, "state": wrong}).status_code == 403
    stranger = Browser(services.orders, services.service.url)
    assert stranger.get("/callback", params={"code": code, "state": state}).status_code == 403
    assert services.exchange(code) == (200, "")
