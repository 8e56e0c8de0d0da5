"""The rounds that are timed, each contender's in a process of its own, and what is written down beside their times."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

__all__ = ["CPU_TIME", "ROUNDS", "SHORT_ROUNDS", "WALL_CLOCK", "Arguments", "Clock", "Start", "measure", "note"]

ROUNDS = 7
SHORT_ROUNDS = 35
Arguments = tuple[tuple[Any, ...], dict[str, Any]]
# Makes a contender ready and gives, once, the loop of a round and what gives its arguments, out of sight of the clock;
# goes on when the rounds are over.
Start = Callable[[], Iterator[tuple[Callable[..., None], Callable[[], Arguments]]]]


class Clock:
    """A timer for pytest-benchmark, which can be told what to tell."""

    def __init__(self, read: Callable[[], float]) -> None:
        """Tell the time.

        Args:
            read: What gives it, in seconds.
        """
        self.__qualname__ = self.__name__ = read.__name__
        self._read = read
        self._told: deque[float] = deque()

    def __call__(self) -> float:
        """Give the time.

        Returns:
            Seconds.
        """
        return self._told.popleft() if self._told else self._read()

    def tell(self, durations: list[float]) -> None:
        """Have rounds that follow take as long as some that are over.

        Args:
            durations: What each of those took, in seconds.
        """
        for duration in durations:
            self._told.extend((0.0, duration))


CPU_TIME = Clock(time.process_time)
WALL_CLOCK = Clock(time.perf_counter)


def measure(benchmark: BenchmarkFixture, clock: Clock, start: Start, rounds: int = ROUNDS) -> None:
    """Time rounds of all tokens, with new objects in each of them.

    They run in a process of their own, which nobody has used before: what other contenders have left in memory decides
    how far apart new objects come to lie, and that costs those more who keep some.

    Args:
        benchmark: What times them.
        clock: Its timer.
        start: What makes the contender ready.
        rounds: How many.
    """

    def timed() -> list[float]:
        steps = start()
        target, setup = next(steps)
        # pytest-benchmark has no annotations.
        benchmark.pedantic(target, setup=setup, rounds=rounds, warmup_rounds=1)  # type: ignore[no-untyped-call]
        for _ in steps:
            msg = "a contender is made ready once"
            raise AssertionError(msg)
        durations: list[float] = benchmark.stats.stats.data
        return durations

    durations = _in_own_process(timed)
    clock.tell(durations)
    benchmark.pedantic(lambda: None, rounds=len(durations))  # type: ignore[no-untyped-call]


def _in_own_process(work: Callable[[], list[float]]) -> list[float]:
    # A copy of this one, in which the tokens have been made and all packages imported.
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _report(work, writing)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        report = pipe.read()
    os.waitpid(child, 0)
    answer: dict[str, Any] = json.loads(report or '{"failure": "its process died"}')
    assert "failure" not in answer, answer["failure"]
    durations: list[float] = answer["durations"]
    return durations


def _report(work: Callable[[], list[float]], writing: int) -> None:
    # Ends the process, whatever happens: it is not to go on with its parent's tests.
    try:
        try:
            report: dict[str, Any] = {"durations": work()}
        except BaseException:
            report = {"failure": traceback.format_exc()}
        with open(writing, "w", encoding="utf-8") as pipe:
            json.dump(report, pipe)
    finally:
        os._exit(0)


def note(
    benchmark: BenchmarkFixture,
    *,
    kind: str,
    algorithm: str,
    size: str,
    contender: str,
    label: str,
    tokens: int,
    characters: int,
) -> None:
    """Write down what is measured, for the report: the fields of a ``Timing`` before its times.

    Args:
        benchmark: What times it.
        kind: Such as ``"cold"``.
        algorithm: The ``alg`` of the tokens.
        size: ``small``, ``typical`` or ``long``.
        contender: Its name, without a version.
        label: Its name with the version.
        tokens: How many a round has.
        characters: How many a token has, the median.
    """
    benchmark.group = f"{kind} {algorithm} {size}"
    benchmark.extra_info.update(
        kind=kind,
        algorithm=algorithm,
        size=size,
        contender=contender,
        label=label,
        tokens=tokens,
        characters=characters,
    )
