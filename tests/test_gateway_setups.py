"""The set-ups of examples/gateway behind the proxies that they are for, with real requests through them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from forge import sign
from gateway_service import AUDIENCE, IN_2096, ISSUER, SECRET, Service, bearer, need_gateway, serving, token, until
from servers import LIFE, Answer, ask, end, exchange, free_port, request

EXAMPLES = Path(__file__).parents[1] / "examples" / "gateway"
READ = {"scope": "orders:read"}
FORGED = token("another secret, which is long enough too")

COMMANDS = {
    "nginx": ["nginx", "-p", "{folder}", "-c", "nginx.conf", "-g", "daemon off;"],
    "caddy": ["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
    "haproxy": ["haproxy", "-db", "-f", "haproxy.cfg"],
}
FILES = {"nginx": ["nginx.conf"], "caddy": ["Caddyfile"], "haproxy": ["haproxy.cfg", "gateway.lua"]}


@contextmanager
def application() -> Iterator[int]:
    """Run an application that tells which headers it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(
                {"path": self.path, "headers": [[k.lower(), v] for k, v in self.headers.items()]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Proxy:
    """A proxy that runs, with the gateway and the application behind it."""

    def __init__(self, name: str, port: int, gateway: Service) -> None:
        self.name, self.port, self.gateway = name, port, gateway

    def ask(self, path: str, *lines: bytes, method: str = "GET") -> Answer:
        """Send a request through it."""
        return ask(self.port, path, *lines, method=method)


@contextmanager
def proxying(name: str, folder: Path) -> Iterator[Proxy]:
    """Run a set-up as it stands in examples/gateway, but for its ports."""
    need_gateway()
    if not EXAMPLES.exists():
        pytest.skip("the set-ups are not beside the tests: they run against an installed package")
    if shutil.which(name) is None:
        missing = f"{name} is missing: apt-get install {name}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    configuration = (EXAMPLES / "gateway.toml").read_text(encoding="utf-8")
    configuration = configuration.replace("{", "{{").replace("}", "}}")
    for shown, place in (("127.0.0.1:9090", "127.0.0.1:{port}"), ("workers = 2", "workers = {workers}")):
        assert shown in configuration
        configuration = configuration.replace(shown, place)
    if name == "caddy":
        configuration = configuration.replace('"x-original"', '"x-forwarded"').replace('"401-403"', '"all"')
    with serving(folder, configuration) as gateway, application() as behind:
        port = free_port()
        for file in FILES[name]:
            text = (EXAMPLES / file).read_text(encoding="utf-8")
            for shown, real in ((":8080", port), (":9090", gateway.port), (":9000", behind)):
                text = text.replace(shown, f":{real}")
            (folder / file).write_text(text, encoding="utf-8")
        command = [part.format(folder=folder) for part in COMMANDS[name]]
        with (folder / "proxy.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=folder,
                env=os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: signal.alarm(LIFE),  # noqa: PLW1509 - nothing that could hold a lock
            )
        try:
            listens = until(lambda: _listens(port), or_not=lambda: process.poll() is not None)
            assert listens, (folder / "proxy.log").read_text(encoding="utf-8")
            yield Proxy(name, port, gateway)
        finally:
            end(process)


def _listens(port: int) -> bool:
    try:
        return bool(exchange(port, request("/healthz")))
    except OSError:
        return False


@pytest.fixture(scope="module", params=COMMANDS)
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Run each set-up in turn."""
    with proxying(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


def received(answer: Answer) -> dict[str, list[str]]:
    """Give the headers that the application got."""
    assert answer.status == 200, answer
    headers: dict[str, list[str]] = {}
    for name, value in json.loads(answer.body)["headers"]:
        headers.setdefault(name.replace("_", "-"), []).append(value)
    return headers


def test_a_good_token(proxy: Proxy) -> None:
    """A request with a good token reaches the application, with its claims and without the token."""
    headers = received(proxy.ask("/orders/1?x=y", bearer(**READ)))
    assert (headers["x-user"], headers["x-scope"]) == (["alice"], ["orders:read"])
    assert "authorization" not in headers


def test_refusals(proxy: Proxy) -> None:
    """Requests without what the rules ask for never reach the application, and challenges reach the client."""
    answer = proxy.ask("/orders/1")
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="orders"'
    assert proxy.ask("/orders/1", bearer(FORGED)).status == 401
    assert proxy.ask("/orders/1", bearer()).status == 403
    assert proxy.ask("/orders/1", bearer(**READ), b"Content-Length: 0", method="POST").status == 403
    assert proxy.ask("/healthz").status == 200


def test_bad_input(proxy: Proxy) -> None:
    """What is not exactly one good token is refused behind a proxy too."""
    good = bearer(**READ)
    for lines in ([good, good], [bearer(FORGED), good], [good + b",x"], [b"Authorization: Bearer"], [good + b"\xe9"]):
        assert proxy.ask("/orders/1", *lines).status in {400, 401}
    for path in ("/orders/../healthz", "/healthz/%2e%2e/orders", "/healthz%00", "//healthz", "/healthz%2f..%2forders"):
        assert proxy.ask(path).status in {400, 401, 403, 404}


COPIES = [
    b"X-User: root",
    b"x-user: root",
    b"X-USER: root",
    b"X-User: root\r\nX-User: root",
    b"X_User: root",
    b"x_user: root",
]


@pytest.mark.parametrize("copy", COPIES)
def test_a_clients_copies_are_dropped(proxy: Proxy, copy: bytes) -> None:
    """What a client sends in a forwarded claim's header never reaches the application, in whatever spelling."""
    headers = received(proxy.ask("/orders/1", bearer(**READ), copy))
    assert headers["x-user"] == ["alice"]
    # On a public path, and where the token has no such claim, there is nothing to put in its place.
    nobody = bearer(
        sign({"alg": "HS256"}, {"iss": ISSUER, "aud": AUDIENCE, "exp": IN_2096, **READ}, SECRET.encode()).encode()
    )
    for path, lines in (("/healthz", []), ("/orders/1", [nobody])):
        headers = received(proxy.ask(path, copy, *lines))
        assert headers.get("x-user", [""]) == [""]
        assert "root" not in str(headers)


def test_a_clients_own_tale_of_the_request(proxy: Proxy) -> None:
    """What a client says that the original request was is not believed."""
    for family in (b"X-Original", b"X-Forwarded"):
        tale = [family + b"-Method: GET", family + b"-Uri: /healthz", family + b"-Host: api.example"]
        assert proxy.ask("/orders/1", *tale).status == 401
        assert proxy.ask("/orders/1", *tale, bearer(**READ), b"Content-Length: 0", method="POST").status == 403


def test_the_gateway_is_away(tmp_path: Path) -> None:
    """When nobody answers the proxy's question, nothing gets through."""
    for name in COMMANDS:
        if shutil.which(name) is None and not os.environ.get("CI"):
            continue
        folder = tmp_path / name
        folder.mkdir()
        with proxying(name, folder) as proxy:
            assert proxy.ask("/orders/1", bearer(**READ)).status == 200
            end(proxy.gateway.process)
            answer = proxy.ask("/orders/1", bearer(**READ))
            assert answer.status in {500, 502, 503}
            assert b"alice" not in answer.body
