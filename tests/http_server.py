"""A real HTTP server on a free port of this machine, that answers as it is told."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Handler = BaseHTTPRequestHandler
Answer = Callable[[Handler], None]


def reply(body: bytes, status: int = 200, /, **headers: str) -> Answer:
    """Answer with a body; an underscore in a header's name stands for a hyphen."""

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def jwks(*members: Mapping[str, Any], **headers: str) -> Answer:
    """Answer with a JWK set of these members."""
    return reply(json.dumps({"keys": members}).encode(), 200, Content_Type="application/json", **headers)


class HttpServer:
    """Serves until it is left.

    Attributes:
        answer: What it answers with, whatever it is asked.
        pages: What it answers with instead to some paths.
        requests: The path and the headers of each request so far.
        released: Set at the end, for answers that wait.
    """

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        """Bind a free port.

        Args:
            answer: What to answer with.
            tls: What to prove its identity with; None: plain HTTP.
        """
        self.answer = answer
        self.pages: dict[str, Answer] = {}
        self.requests: list[tuple[str, Message]] = []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append((self.path, self.headers))
                with suppress(ConnectionError, TimeoutError):  # the client may have had enough
                    outer.pages.get(self.path, outer.answer)(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """Say nothing: clients that break off are what is tested."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.origin = f"http{'s' * (tls is not None)}://127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.origin}/jwks"

    @property
    def count(self) -> int:
        """How many requests there have been."""
        return len(self.requests)

    def stall(self, handler: Handler) -> None:
        """Answer nothing for 30 seconds."""
        self.released.wait(30)
        handler.close_connection = True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
