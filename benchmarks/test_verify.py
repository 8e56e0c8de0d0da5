"""What verifying a token costs: seen for the first time, seen before, and with a wrong signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.ready import Ready, refuse_all
from benchmarks.rounds import CPU_TIME, ROUNDS, SHORT_ROUNDS, Arguments, measure, note
from benchmarks.tokens import CASES, COUNT, UNSEEN_COUNT, Samples, samples

# CPU time, since what is measured never waits: where other processes want the CPU too, long rounds are interrupted and
# short ones are not, which by the wall clock would double the times of slow contenders only.
pytestmark = [
    pytest.mark.benchmark(disable_gc=True, timer=CPU_TIME),
    # joserfc's, about the name that all but the newest issuers give Ed25519. What saying so costs is in its time.
    pytest.mark.filterwarnings("ignore:EdDSA is deprecated"),
]


def of_kind(kind: str) -> pytest.MarkDecorator:
    """Run a test for each case with all contenders that take part, one after the other."""
    return pytest.mark.parametrize(
        ("algorithm", "size", "contender"),
        [
            pytest.param(
                *(algorithm, size, one),
                id=f"{algorithm}-{size}-{one.name}",
                marks=pytest.mark.skipif(one.missing is not None, reason=str(one.missing)),
            )
            for algorithm, size in CASES
            for one in CONTENDERS
            if kind in one.kinds and algorithm in one.algorithms and size in one.sizes
        ],
    )


def unseen(algorithm: str, size: str) -> Samples:
    """Give the tokens of a round in which all signatures are checked: few, so that what is kept of them stays at hand."""
    return samples(algorithm, size).first(UNSEEN_COUNT)


def rounds_of(contender: Contender) -> int:
    """Give how often they are verified in a turn."""
    return ROUNDS if contender.slow else SHORT_ROUNDS


def prepare(contender: Contender, tokens: Samples) -> Ready:
    """Make a contender ready, and see that it tells good tokens from bad ones before it is timed."""
    ready = contender.prepare(tokens.checks)
    if ready.is_signed is not None:
        assert all(map(ready.is_signed, tokens.good))
        assert not any(map(ready.is_signed, tokens.bad_signature))
        return ready
    ready.remember(ready.arrive(tokens.good))
    assert claims_of(ready, tokens) == tokens.claims
    ready.forget()
    if ready.refusal is None:
        return ready
    assert claims_of(ready, tokens) == tokens.claims
    ready.forget()
    refuse_all(ready.verify, ready.refusal, ready.arrive(tokens.bad_signature))
    for reason, token in tokens.refused.items():
        if reason in contender.excused:
            ready.verify(*ready.arrive([token]))
            continue
        with pytest.raises(ready.refusal):
            pytest.fail(f"accepted, with {reason}: {ready.verify(*ready.arrive([token]))}")
    ready.forget()
    return ready


def claims_of(ready: Ready, tokens: Samples) -> list[Any]:
    """Have the good tokens verified, and give the claims."""
    return [ready.claims(ready.verify(token)) for token in ready.arrive(tokens.good)]


def note_down(benchmark: BenchmarkFixture, kind: str, size: str, contender: Contender, tokens: Samples) -> None:
    """Write down what is measured, for the report."""
    note(
        benchmark,
        kind=kind,
        algorithm=tokens.checks.algorithm,
        size=size,
        contender=contender.name,
        label=contender.label,
        tokens=len(tokens.good),
        characters=round(median(map(len, tokens.good))),
    )


Steps = Iterator[tuple[Callable[..., None], Callable[[], Arguments]]]


@of_kind("cold")
def test_cold(benchmark: BenchmarkFixture, contender: Contender, algorithm: str, size: str) -> None:
    """Each token is seen for the first time."""
    tokens = unseen(algorithm, size)

    def start() -> Steps:
        ready = prepare(contender, tokens)
        hits = ready.hits() if ready.hits else 0

        def setup() -> Arguments:
            ready.forget()
            return (ready.verify, ready.arrive(tokens.good)), {}

        yield ready.accept, setup
        assert ready.hits is None or ready.hits() == hits

    note_down(benchmark, "cold", size, contender, tokens)
    measure(benchmark, CPU_TIME, start, rounds_of(contender))


@of_kind("cached")
def test_cached(benchmark: BenchmarkFixture, contender: Contender, algorithm: str, size: str) -> None:
    """Each token was seen before; they are as many for each algorithm, so that the CPU's caches hold as many."""
    tokens = samples(algorithm, size)

    def start() -> Steps:
        ready = prepare(contender, tokens)
        ready.forget()
        ready.remember(ready.arrive(tokens.good))
        hits = ready.hits() if ready.hits else 0
        rounds = 0

        def setup() -> Arguments:
            nonlocal rounds
            rounds += 1
            return (ready.verify, ready.arrive(tokens.good)), {}

        yield ready.accept, setup
        assert ready.hits is None or ready.hits() == hits + rounds * COUNT

    note_down(benchmark, "cached", size, contender, tokens)
    measure(benchmark, CPU_TIME, start)


@of_kind("rejected")
def test_rejected(benchmark: BenchmarkFixture, contender: Contender, algorithm: str, size: str) -> None:
    """Each token has a wrong signature; good ones, with the same header, were seen before."""
    tokens = unseen(algorithm, size)

    def start() -> Steps:
        ready = prepare(contender, tokens)
        ready.remember(ready.arrive(tokens.good))

        def setup() -> Arguments:
            return (ready.verify, ready.refusal, ready.arrive(tokens.bad_signature)), {}

        yield refuse_all, setup

    note_down(benchmark, "rejected", size, contender, tokens)
    measure(benchmark, CPU_TIME, start, rounds_of(contender))
