"""What verifying a token costs: seen for the first time, seen before, and with a wrong signature."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.ready import Ready, refuse_all
from benchmarks.rounds import CPU_TIME, Arguments, Entrant, Steps, measure, note
from benchmarks.tokens import CASES, UNSEEN_COUNT, Samples, samples

# CPU time, since what is measured never waits: where other processes want the CPU too, long rounds are interrupted and
# short ones are not, which by the wall clock would double the times of slow contenders only.
pytestmark = [
    pytest.mark.benchmark(disable_gc=True, timer=CPU_TIME),
    # joserfc's, about the name that all but the newest issuers give Ed25519. What saying so costs is in its time.
    pytest.mark.filterwarnings("ignore:EdDSA is deprecated"),
]


def taking_part(kind: str, algorithm: str, size: str) -> list[Contender]:
    """Give those who are compared in this."""
    return [one for one in CONTENDERS if kind in one.kinds and algorithm in one.algorithms and size in one.sizes]


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
            for one in taking_part(kind, algorithm, size)
        ],
    )


def unseen(algorithm: str, size: str) -> Samples:
    """Give the tokens of a round in which all signatures are checked."""
    return samples(algorithm, size).first(UNSEEN_COUNT)


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


def run(
    benchmark: BenchmarkFixture,
    case: tuple[str, str, str],
    tokens: Samples,
    contender: Contender,
    start: Callable[[Contender, Samples], Steps],
) -> None:
    """Time a contender, in a race of all that take part."""
    kind, algorithm, size = case

    def entrants() -> dict[str, Entrant]:
        return {
            one.name: Entrant(partial(start, one, tokens), slow=one.slow)
            for one in taking_part(kind, algorithm, size)
            if one.missing is None
        }

    note(
        benchmark,
        kind=kind,
        algorithm=algorithm,
        size=size,
        contender=contender.name,
        label=contender.label,
        tokens=len(tokens.good),
        characters=round(median(map(len, tokens.good))),
    )
    measure(benchmark, CPU_TIME, benchmark.group, entrants, contender.name)


def start_cold(contender: Contender, tokens: Samples) -> Steps:
    """Give a round in which nothing is remembered."""
    ready = prepare(contender, tokens)
    hits = ready.hits() if ready.hits else 0

    def setup() -> Arguments:
        ready.forget()
        return ready.verify, ready.arrive(tokens.good)

    yield ready.accept, setup
    assert ready.hits is None or ready.hits() == hits


def start_cached(contender: Contender, tokens: Samples) -> Steps:
    """Give a round in which everything is remembered."""
    ready = prepare(contender, tokens)
    ready.forget()
    ready.remember(ready.arrive(tokens.good))
    hits = ready.hits() if ready.hits else 0
    rounds = 0

    def setup() -> Arguments:
        nonlocal rounds
        rounds += 1
        return ready.verify, ready.arrive(tokens.good)

    yield ready.accept, setup
    assert ready.hits is None or ready.hits() == hits + rounds * len(tokens.good)


def start_rejected(contender: Contender, tokens: Samples) -> Steps:
    """Give a round of bad tokens, where the good ones are remembered."""
    ready = prepare(contender, tokens)
    ready.remember(ready.arrive(tokens.good))

    def setup() -> Arguments:
        return ready.verify, ready.refusal, ready.arrive(tokens.bad_signature)

    yield refuse_all, setup


@of_kind("cold")
def test_cold(benchmark: BenchmarkFixture, contender: Contender, algorithm: str, size: str) -> None:
    """Each token is seen for the first time."""
    run(benchmark, ("cold", algorithm, size), unseen(algorithm, size), contender, start_cold)


@of_kind("cached")
def test_cached(benchmark: BenchmarkFixture, contender: Contender, algorithm: str, size: str) -> None:
    """Each token was seen before; they are as many for each algorithm, so that the CPU's caches hold as many."""
    run(benchmark, ("cached", algorithm, size), samples(algorithm, size), contender, start_cached)


@of_kind("rejected")
def test_rejected(benchmark: BenchmarkFixture, contender: Contender, algorithm: str, size: str) -> None:
    """Each token has a wrong signature; good ones, with the same header, were seen before."""
    run(benchmark, ("rejected", algorithm, size), unseen(algorithm, size), contender, start_rejected)
