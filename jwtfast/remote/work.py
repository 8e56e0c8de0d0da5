"""Work in a thread of its own, in the middle of which no process is forked.

A forked process has none of its parent's threads, but whatever locks they held stay locked in it for good: those of
OpenSSL, of an import, of a logger. So a fork waits until every thread here is waiting for something.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import threading
from collections.abc import Coroutine
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


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in an event loop of its own.

    Args:
        coroutine: What to run.

    Returns:
        What it gives.
    """
    # asyncio.run would wait, in the end, for a name server that doesn't answer.
    loop = asyncio.SelectorEventLoop(_Selector())
    loop.set_debug(False)  # in Python's development mode it would tell the program of what is none of its doing
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=WORKING.acquire, after_in_parent=WORKING.release, after_in_child=WORKING.release)
