"""Decisions per second of the gateway: ``python -m benchmarks.gateway`` writes a page of them.

Each server, and all that is behind it, runs on one core; wrk asks one of them at a time, from another core, in turns.
All get the same requests, with a token and with the headers by which a proxy tells the original request. Beside the
gateway: what granian itself can do, proxies with the gateway and without, and HAProxy's own verifier.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.page import facts_of, table
from benchmarks.servers import CONNECTIONS, FLAT, FORGED, Server, memory, verdict, wait, write_tokens
from benchmarks.tokens import AUDIENCE, ISSUER, SECRET

__all__ = ["asgi_constant", "main", "rsgi_constant"]

COMMAND = "python -m benchmarks.gateway"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "gateway.md"
TURNS = 5
SECONDS = 1  # of a turn, for each case
PATHS = 16  # different paths that are asked about

# wrk's script: each request carries the next token of a file; at the end, what was answered.
_SCRIPT = """
local requests, count, place = {}, 0, 0
function init(arguments)
  for token in io.lines(arguments[1]) do
    count = count + 1
    requests[count] = wrk.format("GET", arguments[2], {
      ["Host"] = "api.example", ["Authorization"] = "Bearer " .. token, ["X-Original-Method"] = "GET",
      ["X-Original-Host"] = "api.example", ["X-Original-URI"] = "/orders/" .. count % PATHS
    })
  end
  place = math.random(count)
end
function request()
  place = place % count + 1
  return requests[place]
end
function done(summary, latency, requests)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("\\nRESULT %d %d %d %d\\n", summary.requests, summary.duration, errors.status, broken))
end
""".replace("PATHS", str(PATHS))

_GATEWAY = f"""
[server]
listen = "127.0.0.1:%(gateway)d"

[proxy]
trusted = ["127.0.0.1"]
original_request = "x-original"

[[issuers]]
issuer = "{ISSUER}"
audience = "{AUDIENCE}"

[[issuers.keys]]
secret_env = "GATEWAY_SECRET"
algorithm = "HS256"

[forward]
X-User = "sub"
X-Scope = "scope"

[[rules]]
prefix = "/healthz"
access = "public"

[[rules]]
prefix = "/"
present = ["sub"]
"""

_NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
    access_log off;
    upstream gateway { server 127.0.0.1:%(gateway)d; keepalive 64; }
    upstream application { server 127.0.0.1:%(application)d; keepalive 64; }
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    server { listen 127.0.0.1:%(application)d; keepalive_requests 1000000000; return 200 "hello"; }
    server {
        listen 127.0.0.1:%(nginx)d;
        keepalive_requests 1000000000;
        location / { proxy_pass http://application; }
    }
    server {
        listen 127.0.0.1:%(nginx_asking)d;
        keepalive_requests 1000000000;
        location / {
            auth_request /_gateway;
            auth_request_set $jwt_user $upstream_http_x_user;
            proxy_set_header X-User $jwt_user;
            proxy_set_header Connection "";
            proxy_pass http://application;
        }
        location = /_gateway {
            internal;
            proxy_pass http://gateway/auth;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-Host $http_host;
            proxy_set_header X-Original-URI $request_uri;
        }
    }
}
"""

_HAPROXY = f"""
global
    nbthread 1
    maxconn 2000
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend bare
    bind 127.0.0.1:%(haproxy)d
    default_backend application
frontend verifying
    bind 127.0.0.1:%(haproxy_verifying)d
    http-request set-var(txn.bearer) http_auth_bearer
    http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_header_query('$.alg') -m str "HS256" }}
    http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_payload_query('$.iss') -m str "{ISSUER}" }}
    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
    http-request set-var(txn.verdict) 'var(txn.bearer),jwt_verify("HS256","{SECRET.decode()}")'
    http-request deny deny_status 401 unless {{ var(txn.verdict) -m int 1 }}
    http-request set-header X-User %%[var(txn.bearer),jwt_payload_query('$.sub')]
    default_backend application
backend application
    server application 127.0.0.1:%(application)d
"""


async def asgi_constant(scope: Mapping[str, Any], receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI's
    """Answer a constant."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def rsgi_constant(scope: Any, protocol: Any) -> None:  # noqa: ARG001 - RSGI's
    """Answer a constant."""
    protocol.response_empty(200, [])


class Case(NamedTuple):
    """Whom to ask, and with which tokens."""

    label: str
    port: str
    path: str = "/orders/1"
    forged: bool = False


CASES = {
    "constant": Case("granian, an ASGI application that answers a constant", "asgi"),
    "gateway": Case("the gateway", "gateway", "/auth"),
    "gateway forged": Case("the gateway, forged tokens", "gateway", "/auth", forged=True),
    "rsgi": Case("granian, an RSGI application that answers a constant", "rsgi"),
    "nginx": Case("nginx before an application", "nginx"),
    "nginx asking": Case("the same with auth_request to the gateway", "nginx_asking"),
    "nginx asking forged": Case("the same, forged tokens", "nginx_asking", forged=True),
    "haproxy": Case("HAProxy before the same application", "haproxy"),
    "haproxy verifying": Case("the same with HAProxy's jwt_verify", "haproxy_verifying"),
}
# To whom each is compared.
BASES = {"gateway": "constant", "nginx asking": "nginx", "haproxy verifying": "haproxy"}
BASES |= {"gateway forged": "gateway", "nginx asking forged": "nginx asking"}


def main() -> int:
    """Measure, print and write the page.

    Returns:
        The exit code: 1 where something was not reached, 2 where a program is not installed.
    """
    for program in ("wrk", "nginx", "haproxy"):
        if shutil.which(program) is None:
            print(f"{program} is not installed: apt-get install {program}", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        write_tokens(folder)
        (folder / "wrk.lua").write_text(_SCRIPT, encoding="ascii")
        ports = free_ports()
        gateway = start(stack, folder, ports)
        for case in CASES.values():  # what is cached is cached, what is allocated is allocated
            rate(case, ports[case.port], folder, 1)
        before = memory(gateway)
        rates: dict[str, list[float]] = {key: [] for key in CASES}
        for _ in range(TURNS):
            for key, case in CASES.items():
                rates[key].append(rate(case, ports[case.port], folder, SECONDS))
        growth = memory(gateway) - before
    page = write(rates, growth)
    print(page)
    PAGE.write_text(page, encoding="utf-8")
    return int("FAIL" in page)


def free_ports() -> dict[str, int]:
    """Find a free port for each server."""
    import socket  # noqa: PLC0415 - for this alone

    names = ["asgi", "rsgi", "gateway", "application", "nginx", "nginx_asking", "haproxy", "haproxy_verifying"]
    with contextlib.ExitStack() as stack:
        ports = {}
        for name in names:
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports[name] = probe.getsockname()[1]
        return ports


def start(stack: contextlib.ExitStack, folder: Path, ports: dict[str, int]) -> Server:
    """Start all servers, on the first core, and give the gateway's worker."""
    files = {"gateway.toml": _GATEWAY, "nginx.conf": _NGINX, "haproxy.cfg": _HAPROXY}
    for name, text in files.items():
        (folder / name).write_text(text % ports, encoding="utf-8")
    python = [sys.executable, "-m"]
    granian = [*python, "granian", "--no-access-log", "--log-level", "critical", "--no-ws"]
    commands = {
        "asgi": [*granian, "--interface", "asginl", "--port", str(ports["asgi"]), f"{__spec__.name}:asgi_constant"],
        "rsgi": [*granian, "--interface", "rsgi", "--port", str(ports["rsgi"]), f"{__spec__.name}:rsgi_constant"],
        "gateway": [*python, "jwtfast.cli", "gateway", "--config", str(folder / "gateway.toml")],
        "nginx": ["nginx", "-p", str(folder), "-c", "nginx.conf"],
        "haproxy": ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")],
    }
    processes = {name: stack.enter_context(running(command)) for name, command in commands.items()}
    for port in ports.values():
        wait_for(port)
    found = Path(f"/proc/{processes['gateway'].pid}/task/{processes['gateway'].pid}/children").read_text(
        encoding="ascii"
    )
    worker = processes["gateway"]
    worker.pid = int(found.split()[0])
    return Server(worker, ports["gateway"])


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on the first core."""
    first = str(min(os.sched_getaffinity(0)))
    environment = os.environ | {"GATEWAY_SECRET": SECRET.decode()}
    process = subprocess.Popen(
        ["taskset", "--cpu-list", first, *command],  # noqa: S607 - of the PATH
        env=environment,
        cwd=Path(__file__).parents[1],
        stderr=subprocess.DEVNULL,
    )
    own = process.pid
    try:
        yield process
    finally:
        process.pid = own
        process.terminate()
        process.wait(20)


def wait_for(port: int) -> None:
    """Wait until somebody listens and answers."""
    import time  # noqa: PLC0415 - for this alone

    deadline = time.monotonic() + 30
    while True:
        try:
            wait(port)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def rate(case: Case, port: int, folder: Path, seconds: int) -> float:
    """Ask a server as fast as it answers, and give the requests per second.

    Raises:
        AssertionError: An answer was not what it must be.
    """
    command = ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0)))]
    command += ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(folder / "wrk.lua")]
    command += [f"http://127.0.0.1:{port}/", "--", str(folder / ("forged" if case.forged else "good")), case.path]
    finished = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60)
    (line,) = (line for line in finished.stdout.splitlines() if line.startswith("RESULT "))
    requests, microseconds, refused, broken = map(int, line.split()[1:])
    assert requests
    assert not broken
    assert refused == (requests if case.forged else 0), case.label
    return requests / microseconds * 1e6


_PAGE = """# The gateway

Written by `{command}`; don't edit. Requests per second that wrk counts, {turns} turns of {seconds} s each; all servers
on one core, each asked alone, wrk on another. Every request carries a typical HS256 token (iss, aud and exp are
checked): one of {connections}, as many as there are connections, or one of {forged:,} forged ones, no two alike.

Behind the proxies is an nginx that answers a constant, on the same core as they and the gateway. HAProxy's `jwt_verify`
verifies each time, in the proxy itself; it is told to check alg, iss and exp, but not aud, an array, which it can't
read. Ratios are medians of the turns' own ratios.

{goals}

{rates}

{facts}
"""


def write(rates: dict[str, list[float]], growth: int) -> str:
    """Write the page."""

    def ratio(one: str, other: str) -> float:
        return median(mine / theirs for mine, theirs in zip(rates[one], rates[other], strict=True))

    kept, flood = ratio("gateway", "constant"), ratio("gateway forged", "gateway")
    goals = [
        ["the gateway / granian's ASGI constant", "0.85", f"{kept:.3f}", verdict(kept >= 0.85)],
        ["forged tokens / good tokens", "0.8", f"{flood:.3f}", verdict(flood >= 0.8)],
        ["the worker grew, under all of it, by at most", f"{FLAT:,} B", f"{growth:,} B", verdict(growth <= FLAT)],
    ]
    rows = []
    for key, case in CASES.items():
        base = f"{ratio(key, BASES[key]):.3f} of {CASES[BASES[key]].label}" if key in BASES else ""
        rows.append([case.label, f"{median(rates[key]):,.0f}", base])
    return _PAGE.format(
        command=COMMAND,
        connections=CONNECTIONS,
        turns=TURNS,
        seconds=SECONDS,
        forged=FORGED,
        goals=table(["", "limit", "is", ""], goals),
        rates=table(["", "requests per second", "ratio"], rows),
        facts=table(["", ""], [[name, text] for name, text in facts().items()]),
    )


def facts() -> dict[str, str]:
    """Tell where and how it was measured."""
    found = facts_of(COMMAND, "granian", "uvloop")
    for name, command in (("Load", ["wrk", "-v"]), ("nginx", ["nginx", "-v"]), ("HAProxy", ["haproxy", "-v"])):
        told = subprocess.run(command, check=False, capture_output=True, text=True)
        words = (told.stdout + told.stderr).split()
        found[name] = next(word for word in words if any(digit.isdigit() for digit in word)).removeprefix("nginx/")
    return found


if __name__ == "__main__":
    sys.exit(main())
