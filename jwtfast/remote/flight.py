"""A fetch under way: all who want what it brings wait for the one, in threads and in event loops."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio

E = TypeVar("E")

__all__ = ["Flight"]


class Flight(Generic[E]):
    """One fetch. Whoever makes it lands it, once.

    Attributes:
        started: When it began, in seconds of the monotonic clock.
        error: What went wrong, once it has landed; None: nothing.
    """

    __slots__ = ("_landed", "_lock", "_waiters", "error", "started")

    def __init__(self, started: float) -> None:
        """Begin.

        Args:
            started: The time, in seconds of the monotonic clock.
        """
        self.started = started
        self.error: E | None = None
        self._landed = threading.Event()
        self._lock = threading.Lock()
        self._waiters: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}

    def land(self, error: E | None) -> None:
        """Have all who wait go on.

        Args:
            error: What went wrong; None: nothing.
        """
        with self._lock:
            self.error = error
            self._landed.set()
            waiters, self._waiters = self._waiters, {}
        for loop, futures in waiters.items():
            with suppress(RuntimeError):  # the loop was closed: nobody waits there any more
                loop.call_soon_threadsafe(_resolve, futures)

    def wait(self, seconds: float) -> bool:
        """Wait in a thread.

        Args:
            seconds: How long at most; may be infinite.

        Returns:
            Whether it has landed.
        """
        return self._landed.wait(min(max(0.0, seconds), threading.TIMEOUT_MAX))

    async def wait_async(self, seconds: float) -> bool:
        """Wait in an event loop.

        Args:
            seconds: How long at most.

        Returns:
            Whether it has landed.
        """
        import asyncio  # noqa: PLC0415 - only where there is an event loop, so that it is loaded already

        loop = asyncio.get_running_loop()
        with self._lock:
            if self._landed.is_set() or seconds <= 0:
                return self._landed.is_set()
            future: asyncio.Future[None] = loop.create_future()
            self._waiters.setdefault(loop, []).append(future)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await future
        return self._landed.is_set()


def _resolve(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():  # whoever waited may have given up
            future.set_result(None)
