"""Runs the login service and two resource services, and tells what happens to a user: ``python -m examples.sso.story``.

It exits with 1 if anything is not as it should be, and with 2 if it can't begin.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx2

from examples.sso.settings import ServiceSettings, Settings
from jwtfast import KeyRing, errors

__all__ = ["main"]

USERS = {"alice": "alice's passphrase", "bob": "bob's passphrase"}
ROTATIONS = 3


class Page(NamedTuple):
    """Where a visit ended, and what came on the way there."""

    status: int
    body: dict[str, Any]
    reasons: list[str]
    """Why a service sent the browser on, in its own words."""
    hops: int


class Browser:
    """A browser: keeps cookies, follows redirects, and knows the password of its user."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.passwords = 0
        self.client = httpx2.Client(timeout=10)

    def visit(self, url: str, *, password: str | None = None) -> Page:
        """Open an address, and type name and password where it leads to the login form."""
        reasons: list[str] = []
        response = self.client.get(url)
        for hop in range(12):
            if response.has_redirect_location:
                reasons += response.headers.get_list("x-reason")
                response = self.client.get(response.url.join(response.headers["location"]))
            elif "<form" in response.text:
                self.passwords += 1
                typed = {"username": self.user, "password": password or USERS[self.user]}
                response = self.client.post(response.url.copy_with(path="/login"), data=typed)
            else:
                return Page(response.status_code, response.json(), reasons, hop)
        msg = f"{url} redirects for ever"
        raise RuntimeError(msg)

    def cookie(self, name: str) -> str:
        """Give a cookie's value."""
        return next((each.value or "" for each in self.client.cookies.jar if each.name == name), "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.client.close()


class Story:
    """Tells what is expected, and whether it came so."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.orders, self.invoices = settings.services
        self.failures = 0
        self.client = httpx2.Client(timeout=10)

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        print(f"\n{title}", flush=True)

    def expect(self, holds: bool, words: str) -> None:
        """Say what is expected, and whether it holds."""
        self.failures += not holds
        print(f"  {'ok      ' if holds else 'NOT OK  '}{words}", flush=True)

    # ---- the chapters ----

    def one_login(self, alice: Browser) -> None:
        """Log in once, and be known by both services."""
        self.chapter("Alice opens two services, each at an address of its own")
        wrong = Browser(alice.user)
        with wrong:
            page = wrong.visit(self.orders.url, password="a guess")  # noqa: S106
            self.expect(page.status == 403, f"a wrong password is refused ({page.status})")
        page = alice.visit(self.orders.url)
        self.expect(
            (page.status, page.body.get("subject"), alice.passwords) == (200, "alice", 1),
            f"orders sends her to the login service and, after her password, knows her: {page.body}",
        )
        page = alice.visit(self.invoices.url)
        self.expect(
            (page.status, page.body.get("subject"), alice.passwords) == (200, "alice", 1),
            f"invoices sends her there too, and asks for no password: {page.body}",
        )
        page = alice.visit(self.orders.url)
        self.expect((page.status, page.hops) == (200, 0), "the next visit goes nowhere but to the service itself")

    def tokens_have_an_audience(self, alice: Browser) -> None:
        """Show a token of one service to the other."""
        self.chapter("A token for one service is shown to the other")
        token = alice.cookie("orders_access")
        for name, value, reason in (
            ("another service's token", token, "wrong_audience"),
            (
                "a token that was tampered with",
                f"{token[:-20]}{token[-20:-10].swapcase()}{token[-10:]}",
                "bad_signature",
            ),
            ("no token", "", "malformed"),
        ):
            answer = self.show(self.invoices, value)
            self.expect(answer == (303, reason), f"{name} is refused: {answer[1]}")

    def keys_rotate(self, alice: Browser) -> None:
        """Rotate the keys while both services are called all the time."""
        self.chapter(f"The keys rotate {ROTATIONS} times while Alice works; her tokens live {self.lifetime} seconds")
        ring = self.settings.key_ring()  # another process than the login service's, as a scheduled job would be
        first = str(ring.signing_key.key_id)
        pages: list[Page] = []
        done = threading.Event()

        def work() -> None:
            while not done.is_set():
                pages.extend(alice.visit(service.url) for service in self.settings.services)

        worker = threading.Thread(target=work)
        worker.start()
        for _ in range(ROTATIONS):
            time.sleep(max(0.0, ring.ready_at - time.time()) + 0.01)
            ring.rotate()
        self.expect(not self.may_rotate(ring), "another rotation, before services can know the next key, is refused")
        time.sleep(self.lifetime + 0.5)
        done.set()
        worker.join()
        kids = {page.body.get("kid") for page in pages}
        renewals = sum(page.reasons.count("refresh_token") for page in pages)
        answers = sorted({page.status for page in pages})
        self.expect(answers == [200], f"of {len(pages)} visits none was refused: {answers}")
        self.expect(len(kids) == ROTATIONS + 1, f"her tokens were signed by {len(kids)} keys, one after the other")
        self.expect(renewals >= 2, f"{renewals} times a token had expired, and a refresh token gave another one")
        self.expect(alice.passwords == 1, "she typed her password once")
        gone = ring.safe_to_remove(first) if first in {entry.key.key_id for entry in ring.keys} else 0.0
        self.expect(gone is not None and gone < time.time(), "the last token of the first key has expired")
        self.expect(first not in self.published(), "and that key is not published any more")

    def a_stolen_refresh_token(self, alice: Browser) -> None:
        """Use a refresh token that was exchanged before."""
        self.chapter("A refresh token that Alice's browser had before is used again")
        stolen = alice.cookie("orders_refresh")
        for _ in range(2):
            time.sleep(self.lifetime)
            alice.visit(self.orders.url)
        answer = self.ask_for_token(self.orders, refresh_token=stolen)
        self.expect(
            answer == (400, "refresh_token_reused"),
            f"it is refused, and all that came of its login is revoked: {answer}",
        )
        answer = self.ask_for_token(self.orders, refresh_token=alice.cookie("orders_refresh"))
        self.expect(answer == (400, "refresh_token_revoked"), f"so is the newest one: {answer}")
        answer = self.ask_for_token(self.invoices, refresh_token=alice.cookie("orders_refresh"))
        self.expect(answer == (400, "refresh_token_unknown"), f"to another client it says nothing: {answer}")
        time.sleep(self.lifetime)
        page = alice.visit(self.orders.url)
        self.expect(
            (page.status, alice.passwords) == (200, 1),
            "her browser is sent to the login service, which knows her session, and gets new tokens",
        )

    def logout(self, alice: Browser, phone: Browser, bob: Browser) -> None:
        """Log out in one browser, and be logged out in all services and browsers."""
        self.chapter("Alice logs out everywhere")
        time.sleep(self.lifetime)  # so that all get new tokens now, which will not expire before the chapter ends
        time.sleep(-time.time() % 1)
        browsers = {"Alice's browser": alice, "Alice's phone": phone}
        for browser in (*browsers.values(), bob):
            for service in self.settings.services:
                browser.visit(service.url)
        kept = [
            (name, service, browser.cookie(f"{service.client_id}_access"))
            for name, browser in browsers.items()
            for service in self.settings.services
        ]
        answer = alice.client.post(f"{self.settings.issuer}/logout", headers={"Origin": self.settings.issuer})
        begin = time.monotonic()
        self.expect(answer.status_code == 200, f"the login service says {answer.json()}")
        for name, service, token in kept:
            reason = self.reason_for(service, token, begin + 1)
            took = (time.monotonic() - begin) * 1000
            words = (
                f"{took:5.1f} ms later {service.client_id} refuses the token of {name}, which has not expired: {reason}"
            )
            self.expect(reason == "revoked", words)
        for browser in browsers.values():
            for service in self.settings.services:
                code = self.ask_for_token(service, refresh_token=browser.cookie(f"{service.client_id}_refresh"))
                self.expect(code == (400, "refresh_token_revoked"), f"its refresh token is worth nothing: {code}")
        page = bob.visit(self.orders.url)
        self.expect((page.status, page.body.get("subject"), bob.passwords) == (200, "bob", 1), "Bob goes on working")
        before = phone.passwords
        page = phone.visit(self.invoices.url)
        self.expect(
            (page.status, page.body.get("subject"), phone.passwords) == (200, "alice", before + 1),
            "Alice's phone is asked for her password, and with it she is in again",
        )

    # ---- what the chapters need ----

    @property
    def lifetime(self) -> int:
        """How long an access token lives, in seconds."""
        return self.settings.token_lifetime

    def published(self) -> set[str]:
        """Give the kids that the login service publishes."""
        address = self.client.get(f"{self.settings.issuer}/.well-known/openid-configuration").json()["jwks_uri"]
        return {key["kid"] for key in self.client.get(address).json()["keys"]}

    def may_rotate(self, ring: KeyRing) -> bool:
        """Try a rotation."""
        try:
            ring.rotate()
        except errors.RotationTooEarlyError:
            return False
        return True

    def ask_for_token(self, service: ServiceSettings, **form: str) -> tuple[int, str]:
        """Ask the login service for tokens as a service does, and give its answer."""
        answer = self.client.post(
            f"{self.settings.issuer}/token",
            data={"grant_type": "refresh_token", **form},
            auth=(service.client_id, service.client_secret),
        )
        return answer.status_code, answer.json().get("error_description", "")

    def show(self, service: ServiceSettings, token: str) -> tuple[int, str]:
        """Show a token to a service, as a browser of no history would, and give the answer and its reason."""
        self.client.cookies.clear()
        answer = self.client.get(service.url, headers={"Cookie": f"{service.client_id}_access={token}"})
        return answer.status_code, answer.headers.get("x-reason", "")

    def reason_for(self, service: ServiceSettings, token: str, until: float) -> str:
        """Show a token to a service until it is refused, and give the reason."""
        while True:
            _, reason = self.show(service, token)
            if reason or time.monotonic() > until:
                return reason

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.client.close()


# ---- the processes ----


def free_address(number: int) -> tuple[str, int]:
    """Give a host and a port that nobody listens on: each service has a loopback address of its own where it can be."""
    for host in (f"127.0.0.{number}", "127.0.0.1"):
        with socket.socket() as probe:
            try:
                probe.bind((host, 0))
            except OSError:
                continue  # not every system has more than one
            return host, probe.getsockname()[1]
    msg = "there is no loopback address"
    raise RuntimeError(msg)


@contextmanager
def running(command: list[str], address: tuple[str, int], log: Path, **environment: str) -> Iterator[None]:
    """Run a server, wait until it listens, and stop it in the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment)  # noqa: S603
        try:
            give_up = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(address, 1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > give_up:
                        print(log.read_text(), file=sys.stderr)
                        raise
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def prepare(folder: Path) -> tuple[Settings, list[tuple[str, int]]]:
    """Choose addresses and secrets, and write the settings."""
    addresses = [free_address(number) for number in (1, 2, 3, 1)]
    login, orders, invoices = (f"http://{host}:{port}" for host, port in addresses[:3])
    users = {}
    for name, password in USERS.items():
        salt = secrets.token_bytes(16)
        users[name] = {
            "salt": salt.hex(),
            "hash": hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex(),
        }
    settings = Settings(
        issuer=login,
        ring=str(folder / "ring.json"),
        passphrase=secrets.token_urlsafe(),
        refresh_database=str(folder / "refresh.db"),
        redis=f"redis://127.0.0.1:{addresses[3][1]}/0",
        users=users,
        services=(
            ServiceSettings("orders", secrets.token_urlsafe(), orders),
            ServiceSettings("invoices", secrets.token_urlsafe(), invoices),
        ),
        token_lifetime=2,
        lead_time=2,
        document_lifetime=1,
    )
    settings.write(folder / "settings.json")
    return settings, addresses


def start(servers: ExitStack, folder: Path, settings: Settings, addresses: list[tuple[str, int]]) -> None:
    """Start Redis and the three services."""
    host, port = addresses[3]
    options = ["--bind", host, "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "no"]
    servers.enter_context(running(["redis-server", *options], addresses[3], folder / "redis.log"))
    environment = {"SSO_SETTINGS": str(folder / "settings.json")}
    names = ["login", *(service.client_id for service in settings.services)]
    for name, (host, port) in zip(names, addresses[:3], strict=True):
        application = f"examples.sso.{'login' if name == 'login' else 'service'}:app"
        command = [sys.executable, "-m", "uvicorn", application, "--host", host, "--port", str(port)]
        options = ["--log-level", "warning", "--no-access-log"]
        log = folder / f"{name}.log"
        servers.enter_context(running([*command, *options], (host, port), log, **environment, SSO_SERVICE=name))
        print(f"{name:9} http://{host}:{port}")


def main() -> int:
    """Tell the story, and give the exit status."""
    if shutil.which("redis-server") is None:
        print("this example needs a Redis: apt-get install redis-server", file=sys.stderr)
        return 2
    with ExitStack() as servers:
        folder = Path(servers.enter_context(tempfile.TemporaryDirectory()))
        settings, addresses = prepare(folder)
        start(servers, folder, settings, addresses)
        alice, phone, bob = (servers.enter_context(Browser(user)) for user in ("alice", "alice", "bob"))
        story = servers.enter_context(Story(settings))
        story.one_login(alice)
        story.tokens_have_an_audience(alice)
        story.keys_rotate(alice)
        story.a_stolen_refresh_token(alice)
        story.logout(alice, phone, bob)
    print(f"\n{story.failures} expectations were not met" if story.failures else "\nall as it should be")
    return 1 if story.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
