"""Work in a thread of its own, in the middle of which no process is forked.

A forked process has none of its parent's threads, but whatever locks they held stay locked in it for good: those of
OpenSSL, of an import, of a logger. So a fork waits until every thread here is waiting for something.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["WORKING", "run"]

T = TypeVar("T")

WORKING = threading.Lock()
"""Held by a thread while it does anything but wait."""


class _Selector(selectors.DefaultSelector):
    """Waits without holding ``WORKING``."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        WORKING.release()
        try:
            return super().select(timeout)
        finally:
            WORKING.acquire()


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that leaves a name server which doesn't answer to itself.

    The usual one asks in a thread of a pool, for which the interpreter waits in the end.
    """

    async def getaddrinfo(self, *arguments: Any, **options: Any) -> Any:
        found: asyncio.Future[Any] = self.create_future()

        def ask() -> None:
            answer, error = None, None
            try:
                answer = socket.getaddrinfo(*arguments, **options)
            except Exception as failure:  # noqa: BLE001 - it is the caller's
                error = failure
            with suppress(RuntimeError):  # nobody waits any more, and the loop is closed
                self.call_soon_threadsafe(_settle, found, answer, error)

        threading.Thread(target=ask, name="jwtfast-names", daemon=True).start()
        return await found


def _settle(future: asyncio.Future[Any], answer: object, error: Exception | None) -> None:
    if future.done():  # whoever waited has given up
        return
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in an event loop of its own.

    Args:
        coroutine: What to run.

    Returns:
        What it gives.
    """
    loop = _Loop(_Selector())
    loop.set_debug(False)  # in Python's development mode it would tell the program of what is none of its doing
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=WORKING.acquire, after_in_parent=WORKING.release, after_in_child=WORKING.release)
