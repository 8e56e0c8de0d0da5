"""Requests per second of a server with tokens and without: ``python -m benchmarks.servers`` writes a page of them.

Each application has uvicorns of its own, on one core; wrk asks one of them at a time, from another core, in turns. All
of them get the same requests, with a token: those without a verifier too, so that what differs is the verifier alone.
Two processes of the same application differ by up to a twentieth, as long as they run, by where their memory came to
lie: so each application has several, and every turn asks another.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.page import facts_of, table
from benchmarks.token_stream import make
from benchmarks.tokens import samples

__all__ = ["main"]

COMMAND = "python -m benchmarks.servers"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "servers.md"
PROCESSES = 3  # of each application
TURNS = 9  # a multiple of them
SECONDS = 1  # of a turn, for each case
CONNECTIONS = 64  # and as many good tokens: a client has one, and one connection
FORGED = 50_000  # tokens of a flood, no two alike
FLAT = 2**20  # bytes that a process may grow by: the allocator's own stirrings

# wrk's script: each request carries the next token of a file; at the end, what was answered.
_SCRIPT = """
local requests, count, place = {}, 0, 0
function init(arguments)
  for token in io.lines(arguments[1]) do
    count = count + 1
    requests[count] = wrk.format("GET", "/", {["Host"] = "api.example", ["Authorization"] = "Bearer " .. token})
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
"""


class Case(NamedTuple):
    """An application, and the tokens that it is asked with."""

    label: str
    app: str
    forged: bool = False


CASES = {
    "starlette": Case("Starlette, no verifier", "starlette_bare"),
    "jwtfast": Case("Starlette, jwtfast's middleware", "starlette_jwtfast"),
    "pyjwt": Case("Starlette, a middleware with PyJWT", "starlette_pyjwt"),
    "jwtfast forged": Case("Starlette, jwtfast's middleware, forged tokens", "starlette_jwtfast", forged=True),
    "pyjwt forged": Case("Starlette, a middleware with PyJWT, forged tokens", "starlette_pyjwt", forged=True),
    "fastapi": Case("FastAPI, no verifier", "fastapi_bare"),
    "fastapi jwtfast": Case("FastAPI, jwtfast's dependency", "fastapi_jwtfast"),
    "fastapi pyjwt": Case("FastAPI, a dependency with PyJWT", "fastapi_pyjwt"),
}


def main() -> int:
    """Measure, print and write the page.

    Returns:
        The exit code: 1 where something was not reached, 2 where wrk is not installed.
    """
    if shutil.which("wrk") is None:
        print("wrk is not installed: apt-get install wrk", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        write_tokens(folder)
        apps = dict.fromkeys(case.app for case in CASES.values())
        servers = {app: [stack.enter_context(server(app)) for _ in range(PROCESSES)] for app in apps}
        for case in CASES.values():  # what is cached is cached, what is allocated is allocated
            for one in servers[case.app]:
                rate(case, one.port, folder, 1)
        before = [memory(one) for one in servers["starlette_jwtfast"]]
        rates: dict[str, list[float]] = {name: [] for name in CASES}
        for turn in range(TURNS):
            for key, case in list(CASES.items())[:: 1 if turn % 2 else -1]:  # no case is always after the same other
                rates[key].append(rate(case, servers[case.app][turn % PROCESSES].port, folder, SECONDS))
        growth = max(memory(one) - held for one, held in zip(servers["starlette_jwtfast"], before, strict=True))
    page = write(rates, growth)
    print(page)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    return int("FAIL" in page)


def write_tokens(folder: Path) -> None:
    """Write the tokens: good ones, fewer than the cache holds, and ones that were signed with another secret."""
    good = samples("HS256", "typical").good[:CONNECTIONS]
    assert len(good) == CONNECTIONS
    (folder / "good").write_text("\n".join(good) + "\n", encoding="ascii")
    (folder / "forged").write_bytes(b"\n".join(make("forged", FORGED)) + b"\n")
    (folder / "wrk.lua").write_text(_SCRIPT, encoding="ascii")


class Server(NamedTuple):
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int


@contextlib.contextmanager
def server(app: str) -> Iterator[Server]:
    """Run an application under uvicorn, on the first core."""
    with socket.socket() as listening:
        # It goes to the child already bound, so that nobody else can have the port.
        listening.bind(("127.0.0.1", 0))
        listening.listen(CONNECTIONS * 4)
        command = [sys.executable, "-m", "benchmarks.server_apps", app, str(listening.fileno())]
        process = subprocess.Popen(command, pass_fds=[listening.fileno()], cwd=Path(__file__).parents[1])
        port = listening.getsockname()[1]
    try:
        os.sched_setaffinity(process.pid, [min(os.sched_getaffinity(0))])
        wait(port)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(10)


def wait(port: int) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 30
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n")
        while connection.recv(65536):
            assert time.monotonic() < deadline


def rate(case: Case, port: int, folder: Path, seconds: int) -> float:
    """Ask an application as fast as it answers, and give the requests per second.

    Raises:
        AssertionError: An answer was not what it must be.
    """
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(folder / "wrk.lua")]
    command += [f"http://127.0.0.1:{port}/", "--", str(folder / ("forged" if case.forged else "good"))]
    last_core = max(os.sched_getaffinity(0))
    if shutil.which("taskset"):
        command = ["taskset", "--cpu-list", str(last_core), *command]
    finished = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60)
    (line,) = (line for line in finished.stdout.splitlines() if line.startswith("RESULT "))
    requests, microseconds, refused, broken = map(int, line.split()[1:])
    assert requests
    assert not broken
    assert refused == (requests if case.forged else 0)
    return requests / microseconds * 1e6


def memory(one: Server) -> int:
    """Give what a server's process holds, in bytes."""
    pages = int(Path(f"/proc/{one.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


_PAGE = """# Servers

Written by `{command}`; don't edit. Requests per second that wrk counts, {turns} turns of {seconds} s each,
{processes} uvicorns for each application, asked in turn, on one core, wrk on another. Every request carries a typical
HS256 token (iss, aud and exp are checked): one of {connections}, as many as there are connections, which jwtfast has
cached, or one of {forged:,} forged ones, no two alike. Ratios are medians of the turns' own ratios.

{goals}

{rates}

{facts}
"""


def write(rates: dict[str, list[float]], growth: int) -> str:
    """Write the page."""

    def ratio(one: str, other: str) -> float:
        return median(mine / theirs for mine, theirs in zip(rates[one], rates[other], strict=True))

    kept, flood = ratio("jwtfast", "starlette"), ratio("jwtfast forged", "jwtfast")
    goals = [
        ["Starlette with jwtfast's middleware / without a verifier", "0.95", f"{kept:.3f}", verdict(kept >= 0.95)],
        ["forged tokens / good tokens", "0.8", f"{flood:.3f}", verdict(flood >= 0.8)],
        ["the process grew, under all of it, by at most", f"{FLAT:,} B", f"{growth:,} B", verdict(growth <= FLAT)],
    ]
    rows = []
    for key, case in CASES.items():
        bare = "fastapi" if key.startswith("fastapi") else "starlette"
        rows.append([case.label, f"{median(rates[key]):,.0f}", f"{ratio(key, bare):.3f}"])
    return _PAGE.format(
        command=COMMAND,
        connections=CONNECTIONS,
        processes=PROCESSES,
        turns=TURNS,
        seconds=SECONDS,
        forged=FORGED,
        goals=table(["", "limit", "is", ""], goals),
        rates=table(["", "requests per second", "ratio to no verifier"], rows),
        facts=table(["", ""], [[name, text] for name, text in facts().items()]),
    )


def facts() -> dict[str, str]:
    """Tell where and how it was measured."""
    found = facts_of(COMMAND, "uvicorn", "starlette", "fastapi", "uvloop", "httptools")
    told = subprocess.run(["wrk", "-v"], check=False, capture_output=True, text=True).stdout  # noqa: S607 - of the PATH
    found["Load"] = " ".join(told.split()[:2])
    return found


def verdict(passed: bool) -> str:
    """Give the table's word for it."""
    return "pass" if passed else "**FAIL**"


if __name__ == "__main__":
    sys.exit(main())
