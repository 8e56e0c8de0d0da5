"""What a batch of tokens costs that are seen for the first time: one after the other, at once, and on two threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import jwtfast
from benchmarks.ours import verifier_for
from benchmarks.rounds import CPU_TIME, WALL_CLOCK, Arguments, Clock, Entrant, Steps, measure, note
from benchmarks.tokens import Samples, fresh, samples

RS256_COUNT = 256
Verify = Callable[[jwtfast.Verifier, list[str]], Any]


def one_by_one(verifier: jwtfast.Verifier, tokens: list[str]) -> list[jwtfast.Token]:
    """Do in a loop what verify_many does at once: keep the results, in order."""
    verify = verifier.verify
    return [verify(token) for token in tokens]


def at_once(verifier: jwtfast.Verifier, tokens: list[str], threads: int = 1) -> list[Any]:
    """Verify all of them by one call."""
    return verifier.verify_many(tokens, threads=threads)


def start(verify: Verify, tokens: Samples) -> Steps:
    """See that the results are right, each in its place; then give a round of the whole batch."""
    verifier = verifier_for(tokens.checks)
    assert [token.claims for token in verify(verifier, fresh(tokens.good))] == tokens.claims

    results: list[Any] = []

    def setup() -> Arguments:
        # What the last round gave goes here, not while this one is timed.
        results.clear()
        verifier.clear_cache()
        return verifier, fresh(tokens.good)

    def target(verifier: jwtfast.Verifier, raws: list[str]) -> None:
        results.append(verify(verifier, raws))

    yield target, setup
    assert verifier.cache_info().hits == 0


def run(benchmark: BenchmarkFixture, clock: Clock, tokens: Samples, ways: dict[str, Verify], name: str) -> None:
    """Time one of the ways, in a race of all of them."""
    note(
        benchmark,
        kind="batch",
        algorithm=tokens.checks.algorithm,
        size="typical",
        contender=name,
        label=name,
        tokens=len(tokens.good),
        characters=round(median(map(len, tokens.good))),
    )
    entrants = {one: Entrant(partial(start, verify, tokens)) for one, verify in ways.items()}
    measure(benchmark, clock, benchmark.group, lambda: entrants, name)


HMAC_WAYS: dict[str, Verify] = {"jwtfast, a loop over verify": one_by_one, "jwtfast, verify_many": at_once}
THREAD_WAYS: dict[str, Verify] = {
    "jwtfast, a loop over verify": one_by_one,
    "jwtfast, verify_many, threads=1": at_once,
    "jwtfast, verify_many, threads=2": partial(at_once, threads=2),
}


# CPU time, as for the verification of single tokens.
@pytest.mark.benchmark(disable_gc=True, timer=CPU_TIME)
@pytest.mark.parametrize("name", HMAC_WAYS)
def test_hmac(benchmark: BenchmarkFixture, name: str) -> None:
    """The MACs of several tokens are computed side by side."""
    run(benchmark, CPU_TIME, samples("HS256", "typical"), HMAC_WAYS, name)


# By the wall clock, since CPU time is the same on however many threads.
@pytest.mark.benchmark(disable_gc=True, timer=WALL_CLOCK)
@pytest.mark.parametrize("name", THREAD_WAYS)
def test_threads(benchmark: BenchmarkFixture, name: str) -> None:
    """Signatures are verified on several threads, without the interpreter's lock."""
    run(benchmark, WALL_CLOCK, samples("RS256", "typical").first(RS256_COUNT), THREAD_WAYS, name)
