"""The rounds that are timed, and what is written down beside their times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

__all__ = ["Arguments", "measure", "note"]

ROUNDS = 7
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def measure(benchmark: BenchmarkFixture, target: Callable[..., None], setup: Callable[[], Arguments]) -> None:
    """Time rounds of all tokens, with new objects in each of them.

    Args:
        benchmark: What times them.
        target: The loop of one round.
        setup: Gives its arguments, out of sight of the clock.
    """
    # pytest-benchmark has no annotations.
    benchmark.pedantic(target, setup=setup, rounds=ROUNDS, warmup_rounds=1)  # type: ignore[no-untyped-call]


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
