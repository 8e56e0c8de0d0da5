"""The real gateway as a process of its own, and proxies' questions to it as bytes on a socket."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from forge import sign
from servers import LIFE, Answer, end, exchange, free_port, read_answers, request

import jwtfast

IN_2096 = 4_000_000_000
SECRET = "correct-horse-battery-staple-and-more"
ISSUER = "https://login.example"
AUDIENCE = "https://api.example"
PACKAGES = ("granian", "msgspec", "prometheus_client", "httpx2", "redis")

CONFIGURATION = """
[server]
listen = "127.0.0.1:{port}"
workers = {workers}

[proxy]
trusted = ["127.0.0.1"]
original_request = "{original_request}"

[[issuers]]
name = "login"
issuer = "https://login.example"
audience = "https://api.example"

[[issuers.keys]]
secret_env = "GATEWAY_SECRET"
algorithm = "HS256"

[[issuers]]
name = "partner"
issuer = "https://partner.example"
any_audience = true

[[issuers.keys]]
secret_env = "PARTNER_SECRET"
algorithm = "HS256"

[tokens.cookie]
name = "token"
csrf_cookie = "csrf"
origins = ["https://app.example"]

[forward]
X-User = "sub"
X-Scope = "scope"
X-Roles = {{ claim = ["realm", "roles"], encoding = "base64url" }}

[[rules]]
name = "open"
prefix = "/open"
access = "public"

[[rules]]
name = "health"
path = "/health"
access = "public"

[[rules]]
name = "greeting"
path = "/greeting"
access = "optional"

[[rules]]
name = "read"
prefix = "/orders"
methods = ["GET", "HEAD"]
scopes = ["orders:read"]

[[rules]]
name = "write"
prefix = "/orders"
scopes = ["orders:write"]

[[rules]]
name = "partners"
hosts = ["partner.example", "*.partner.example"]
issuers = ["partner"]
claims = {{ tier = ["gold", "silver"] }}

[[rules]]
name = "rest"
hosts = ["api.example"]
prefix = "/"

{more}
"""


def token(secret: str = SECRET, /, **claims: Any) -> bytes:
    """Give a token of the login's issuer."""
    common = {"iss": ISSUER, "aud": AUDIENCE, "exp": IN_2096, "sub": "alice"}
    return sign({"alg": "HS256"}, common | claims, secret.encode()).encode()


def bearer(raw: bytes | None = None, /, **claims: Any) -> bytes:
    """Give the header line with a token."""
    return b"Authorization: Bearer " + (token(**claims) if raw is None else raw)


def about(path: bytes | str, method: str = "GET", host: str = "api.example") -> list[bytes]:
    """Give the header lines with which a proxy tells the original request."""
    path = path.encode() if isinstance(path, str) else path
    return [b"X-Original-Method: " + method.encode(), b"X-Original-Host: " + host.encode(), b"X-Original-URI: " + path]


class Service:
    """A gateway that runs."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.port, self.process = folder, port, process

    @property
    def log(self) -> list[dict[str, Any]]:
        """What it has logged."""
        lines = (self.folder / "log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers."""
        main = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii").split()]

    def send(self, *lines: bytes, path: str = "/auth", method: str = "GET") -> Answer:
        """Send a request with these header lines."""
        (answer,) = read_answers(exchange(self.port, request(path, *lines, method=method)), [method])
        return answer

    def ask(self, path: bytes | str, *lines: bytes, method: str = "GET", host: str = "api.example") -> Answer:
        """Ask about a request as a proxy does."""
        return self.send(*about(path, method, host), *lines)

    def code(self, path: bytes | str, *lines: bytes, method: str = "GET", host: str = "api.example") -> str:
        """Ask about a request, and give the status with the code where it is refused."""
        answer = self.ask(path, *lines, method=method, host=host)
        return "200" if answer.status == 200 else f"{answer.status} {json.loads(answer.body)['code']}"

    def metric(self, name: str, **labels: str) -> float:
        """Read one number from /metrics, as Prometheus's own parser reads it."""
        from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - of the extra

        text = self.send(path="/metrics").body.decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if (sample.name, sample.labels) == (name, labels):
                    return float(sample.value)
        raise KeyError(name)


def need_gateway() -> None:
    """Skip the test where the gateway can't run."""
    if "SANITIZE" in os.environ:
        pytest.skip("servers have native code of their own, which is not what is looked at")
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@contextmanager
def serving(
    folder: Path, configuration: str = CONFIGURATION, *, workers: int = 1, more: str = "", **names: str
) -> Iterator[Service]:
    """Run the gateway.

    Args:
        folder: Where its configuration and its log go.
        configuration: The configuration, with places for the port and the like.
        workers: How many workers it has.
        more: What is put at the configuration's end.
        names: Other places' values.
    """
    need_gateway()
    names = {"original_request": "x-original"} | names
    for attempt in range(3):
        port = free_port()
        file = folder / "gateway.toml"
        file.write_text(configuration.format(port=port, workers=workers, more=more, **names), encoding="utf-8")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", "jwtfast.cli", "gateway", "--config", str(file)],
                env=os.environ
                | {
                    "PYTHONPATH": str(Path(jwtfast.__file__).parents[1]),
                    "GATEWAY_SECRET": SECRET,
                    "PARTNER_SECRET": SECRET[::-1],
                },
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: signal.alarm(LIFE),  # noqa: PLW1509 - nothing that could hold a lock
            )
        service = Service(folder, port, process)
        try:
            if started(service, workers):
                yield service
                return
        finally:
            end(process)
        assert attempt < 2, (folder / "log").read_text(encoding="utf-8")


def started(service: Service, workers: int) -> bool:
    """Wait until all workers are there; False where the gateway has ended instead."""
    ready = "a worker is ready"
    return until(
        lambda: sum(line["message"] == ready for line in service.log) >= workers and answers(service),
        or_not=lambda: service.process.poll() is not None,
    )


def answers(service: Service) -> bool:
    """Tell whether somebody listens."""
    with suppress(OSError, AssertionError):
        return service.send(path="/healthz").status == 200
    return False


def until(holds: Callable[[], object], seconds: float = 20, or_not: Callable[[], object] = lambda: False) -> bool:
    """Wait until something holds; False where it doesn't in time, or never will."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        if or_not():
            return False
        time.sleep(0.05)
    return False
