"""The rounds that are timed, in which contenders take turns, and what is written down beside their times."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from pytest_benchmark.fixture import BenchmarkFixture

__all__ = ["CPU_TIME", "WALL_CLOCK", "Arguments", "Clock", "Entrant", "Steps", "measure", "note"]

ROUNDS = 35
SLOW_ROUNDS = 7
# How many rounds one has before it is another one's turn; slow ones have one.
AT_A_TIME = 5
WARM_UP = 0.002  # seconds
Arguments = tuple[Any, ...]
# Gives, once, the loop of a round and what gives its arguments, out of sight of the clock; goes on when all is over.
Steps = Iterator[tuple[Callable[..., object], Callable[[], Arguments]]]


@dataclass(frozen=True)
class Entrant:
    """Who takes part in a race."""

    start: Callable[[], Steps]  # makes it ready
    slow: bool = False


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
# What came of the last race of each name, of those who were not asked about yet.
_RESULTS: dict[str, dict[str, list[float]]] = {}


def measure(
    benchmark: BenchmarkFixture, clock: Clock, race: str, entrants: Callable[[], Mapping[str, Entrant]], name: str
) -> None:
    """Time rounds of all tokens, with new objects in each of them.

    All who are compared run at once, each in a process of its own, and take turns round by round. So a machine that is
    busy for a while is so for all of them; and nobody finds memory as another one has left it, which decides how far
    apart new objects come to lie and so costs those more who keep some.

    Args:
        benchmark: What times one of them.
        clock: Its timer.
        race: What they are compared in.
        entrants: Gives all of them by name.
        name: Whose times these are.
    """
    if name not in _RESULTS.get(race, {}):  # this is a new turn
        _RESULTS[race] = _run(benchmark, entrants())
    durations = _RESULTS[race].pop(name)
    clock.tell(durations)
    benchmark.pedantic(lambda: None, rounds=len(durations))  # type: ignore[no-untyped-call]  # it has no annotations


def _run(benchmark: BenchmarkFixture, entrants: Mapping[str, Entrant]) -> dict[str, list[float]]:
    running = {name: _Process(benchmark, entrant) for name, entrant in entrants.items()}
    results: dict[str, list[float]] = {}
    try:
        while running:
            for name, process in list(running.items()):
                durations = process.go_on()
                if durations is not None:
                    results[name] = durations
                    running.pop(name).end()
    finally:
        for process in running.values():
            process.end()
    return results


class _Process:
    """A copy of this process, in which one of them is: the tokens are made and all packages imported."""

    def __init__(self, benchmark: BenchmarkFixture, entrant: Entrant) -> None:
        here, there = _pipe(), _pipe()
        self._child = os.fork()
        if not self._child:
            _take_part(benchmark, entrant, orders=here[0], report=there[1])
        self._orders, self._report = here[1], there[0]
        here[0].close()
        there[1].close()

    def go_on(self) -> list[float] | None:
        """Have it run a round; gives the durations of all of them, when it has had its last one."""
        self._orders.write("go\n")
        self._orders.flush()
        answer: dict[str, Any] = json.loads(self._report.readline() or '{"failure": "its process died"}')
        assert "failure" not in answer, answer["failure"]
        durations: list[float] | None = answer["durations"]
        return durations

    def end(self) -> None:
        """End it, whatever it is at."""
        self._orders.close()
        self._report.close()
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)


def _pipe() -> tuple[IO[str], IO[str]]:
    reading, writing = os.pipe()
    return os.fdopen(reading, encoding="utf-8"), os.fdopen(writing, "w", encoding="utf-8")


def _take_part(benchmark: BenchmarkFixture, entrant: Entrant, orders: IO[str], report: IO[str]) -> None:
    # Ends the process, whatever happens: it is not to go on with its parent's tests.
    try:
        try:
            answer: dict[str, Any] = {"durations": _rounds(benchmark, entrant, orders, report)}
        except BaseException:  # noqa: BLE001 - it is told to the parent
            answer = {"failure": traceback.format_exc()}
        _say(report, answer)
    finally:
        os._exit(0)


def _keep_memory() -> None:
    # A round that takes memory for the first time since the fork, or after glibc gave the heap's end back, pays for
    # it by page faults: nothing, or 150 ns a token for who keeps 1,000 of them, by what happens to lie where. In a
    # server it has been there for long. What the system doesn't offer, or allow, is left out.
    libc = ctypes.CDLL(None)
    m_trim_threshold, m_mmap_threshold, mcl_current = -1, -3, 1
    if hasattr(libc, "mallopt"):
        libc.mallopt(m_trim_threshold, 1 << 30)
        libc.mallopt(m_mmap_threshold, 1 << 25)
    if hasattr(libc, "mlockall"):
        libc.mlockall(mcl_current)


def _say(report: IO[str], answer: dict[str, Any]) -> None:
    json.dump(answer, report)
    report.write("\n")
    report.flush()


def _rounds(benchmark: BenchmarkFixture, entrant: Entrant, orders: IO[str], report: IO[str]) -> list[float]:
    orders.readline()
    steps = entrant.start()
    target, setup = next(steps)
    _keep_memory()

    passed = 0
    arguments: Arguments = ()

    def wait_and_set_up() -> None:
        nonlocal passed, arguments
        if entrant.slow or passed % AT_A_TIME == 0:
            _say(report, {"durations": None})
            orders.readline()
            _warm_up(0 if entrant.slow else WARM_UP, target, setup)
        passed += 1
        arguments = ()
        arguments = setup()

    # pytest-benchmark is not told the arguments: those that it is told it keeps for ever, and each round's would lie in
    # memory that was never used.
    def run() -> object:
        return target(*arguments)

    rounds = SLOW_ROUNDS if entrant.slow else ROUNDS
    benchmark.pedantic(run, setup=wait_and_set_up, rounds=rounds)  # type: ignore[no-untyped-call]  # as above
    assert next(steps, None) is None
    measured = benchmark.stats
    assert measured is not None
    durations: list[float] = measured.stats.data
    return durations


def _warm_up(seconds: float, target: Callable[..., object], setup: Callable[[], Arguments]) -> None:
    # The CPU has forgotten what it had learnt of this one, which counts for more the shorter its rounds are.
    end = time.perf_counter() + seconds
    while True:
        arguments = setup()
        target(*arguments)
        if time.perf_counter() >= end:
            return


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
