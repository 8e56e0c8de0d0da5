"""A real Redis for tests: Debian's redis-server, on a free port and in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import redis

__all__ = ["RedisServer"]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class RedisServer:
    """A server that can be stopped, frozen, and started again with what it held or without.

    Args:
        folder: Where it keeps its data.
    """

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            missing = "redis-server is missing: apt-get install redis-server"
            if os.environ.get("CI"):
                pytest.fail(missing)
            pytest.skip(missing)
        self.program = program
        self.folder = folder
        self.port = _free_port()
        self.start()

    def start(self, *, keep: bool = True) -> None:
        """Start it, with what it held or without."""
        if not keep:
            for left in self.folder.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "no",
            "save": "",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        # Not with the sanitizers' libraries, if the tests run under them.
        environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        self.process = subprocess.Popen(  # noqa: S603
            [self.program, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        with self.client() as client:
            while time.monotonic() < end:
                try:
                    if client.ping():
                        return
                except redis.RedisError:
                    time.sleep(0.01)
        pytest.fail("redis-server does not answer")

    def client(self, **options: object) -> redis.Redis:
        """Give a client that tries once and waits for a second."""
        settings = {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": None} | options
        return redis.Redis("127.0.0.1", self.port, **settings)  # type: ignore[arg-type]

    def stop(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Have it keep its connections and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        self.process.send_signal(signal.SIGCONT)
