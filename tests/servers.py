"""Real servers as processes of their own, and requests to them as bytes on a socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import jwtfast

START = 30.0  # seconds until a server must answer
ANSWER = 10.0  # and until an answer must be there
LIFE = 300  # a server that was left behind ends by itself

UVICORN = ["uvicorn", "--port", "{port}", "--log-level", "critical"]
GRANIAN = ["granian", "--port", "{port}", "--log-level", "critical", "--no-access-log"]
GUNICORN = ["gunicorn", "--bind", "127.0.0.1:{port}", "--log-level", "critical"]
WERKZEUG = "from werkzeug.serving import run_simple; run_simple('127.0.0.1', {port}, app)"
DJANGO = "from django.core.servers.basehttp import run; run('127.0.0.1', {port}, app)"

# What is started: the packages that it takes, the arguments, and the application.
SERVERS: dict[str, tuple[list[str], str]] = {
    "uvicorn-httptools": ([*UVICORN, "--http", "httptools"], "asgi_app"),
    "uvicorn-h11": ([*UVICORN, "--http", "h11"], "asgi_app"),
    "granian-asgi": ([*GRANIAN, "--interface", "asgi"], "asgi_app"),
    "granian-wsgi": ([*GRANIAN, "--interface", "wsgi"], "wsgi_app"),
    "gunicorn": (GUNICORN, "wsgi_app"),
    "gunicorn-asgi": ([*GUNICORN, "--worker-class", "asgi"], "asgi_app"),
    "fastapi": (UVICORN, "made_by_fastapi"),
    "flask": ([WERKZEUG], "made_by_flask"),
    "flask-gunicorn": (GUNICORN, "made_by_flask"),
    "django": ([DJANGO], "made_by_django"),
    "django-uvicorn": (UVICORN, "made_by_django_async"),
    "django-granian": ([*GRANIAN, "--interface", "wsgi"], "made_by_django"),
}


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]  # the names in lower case
    body: bytes


@contextmanager
def running(name: str) -> Iterator[int]:
    """Run one of the SERVERS.

    Args:
        name: Which.

    Yields:
        The port that it listens on.
    """
    arguments, app = SERVERS[name]
    here = str(Path(__file__).parent)
    # Of the tests' own folder, and of the package where this process found it.
    path = os.pathsep.join([here, str(Path(jwtfast.__file__).parents[1])])
    for attempt in range(3):
        port = free_port()
        filled = [argument.format(port=port) for argument in arguments]
        if len(filled) == 1:
            command = ["-c", f"import server_apps; app = server_apps.{app}; {filled[0]}"]
        else:
            command = ["-m", *filled, f"server_apps:{app}"]
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", *command],
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: signal.alarm(LIFE),  # noqa: PLW1509 - nothing that could hold a lock
        )
        try:
            if answers(port, process):
                yield port
                return
        finally:
            end(process)
        assert attempt < 2, f"{name} doesn't start"


def free_port() -> int:
    """Give a port that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait for a server; False where it ended instead."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            if exchange(port, request("/nothing")):
                return True
        time.sleep(0.05)
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server and what it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def request(path: str, *lines: bytes, method: str = "GET", close: bool = True) -> bytes:
    """Write a request.

    Args:
        path: Its path, as it is to stand in the request line.
        *lines: Header lines, as they are to stand there.
        method: Its method.
        close: Whether it asks for the connection to be closed.
    """
    head = [f"{method} {path} HTTP/1.1".encode(), b"Host: api.example", *lines]
    if close:
        head.append(b"Connection: close")
    return b"\r\n".join([*head, b"", b""])


def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes to a server, and give what it answers until it closes the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER) as connection:
        with suppress(OSError):  # a server may answer, and close, before it has read all
            connection.sendall(sent)
        with suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
    return received


def ask(port: int, path: str, *lines: bytes, method: str = "GET") -> Answer:
    """Send a request to a server, and give its answer."""
    (answer,) = read_answers(exchange(port, request(path, *lines, method=method)), [method])
    return answer


def take_body(headers: dict[str, str], received: bytes) -> tuple[bytes, bytes]:
    """Give an answer's body, and what was received behind it (RFC 9112 section 6.3)."""
    if headers.get("transfer-encoding") == "chunked":
        body, size = b"", 1
        while size:
            line, _, received = received.partition(b"\r\n")
            size = int(line, 16)
            body += received[:size]
            assert received[size : size + 2] == b"\r\n"
            received = received[size + 2 :]
        return body, received
    length = int(headers.get("content-length", len(received)))
    assert len(received) >= length
    return received[:length], received[length:]


def read_answers(received: bytes, methods: list[str]) -> list[Answer]:
    """Take apart what a server sent, one answer for each request's method, by the lengths that it told."""
    found = []
    for method in methods:
        head, separator, received = received.partition(b"\r\n\r\n")
        assert separator, "the server closed the connection without an answer"
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = first.split(" ")
        assert version in {"HTTP/1.1", "HTTP/1.0"}
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = b""
        if method != "HEAD":
            body, received = take_body(headers, received)
        found.append(Answer(int(status), headers, body))
    assert received == b""
    return found
