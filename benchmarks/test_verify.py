"""What verifying a token costs: seen for the first time, seen before, and with a wrong signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contenders import CONTENDERS, Contender, Ready, accept_all, refuse_all
from benchmarks.tokens import COUNT, SIZES, Samples, fresh, samples

ROUNDS = 7
TURNS = 5

pytestmark = pytest.mark.benchmark(disable_gc=True)
sizes = pytest.mark.parametrize("size", SIZES)
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module", params=range(TURNS), autouse=True)
def turn(request: pytest.FixtureRequest) -> Any:
    """Run everything several times: of the widest scope, it changes last, so that the contenders take turns."""
    return request.param


def of_kind(kind: str) -> pytest.MarkDecorator:
    """Run a test once for each contender that takes part."""
    return pytest.mark.parametrize(
        "contender",
        [
            pytest.param(one, id=one.name, marks=pytest.mark.skipif(one.missing is not None, reason=str(one.missing)))
            for one in CONTENDERS
            if kind in one.kinds
        ],
    )


def prepare(contender: Contender, tokens: Samples) -> Ready:
    """Make a contender ready, and see that it tells good tokens from bad ones before it is timed."""
    ready = contender.prepare(tokens.checks)
    ready.remember(fresh(tokens.good))
    assert [ready.claims(ready.verify(token)) for token in fresh(tokens.good)] == tokens.claims
    ready.forget()
    if ready.refusal is None:
        return ready
    assert [ready.claims(ready.verify(token)) for token in fresh(tokens.good)] == tokens.claims
    ready.forget()
    refuse_all(ready.verify, ready.refusal, tokens.bad_signature)
    for reason, token in tokens.refused.items():
        with pytest.raises(ready.refusal):
            pytest.fail(f"accepted, with {reason}: {ready.verify(token)}")
    return ready


def measure(benchmark: BenchmarkFixture, target: Callable[..., None], setup: Callable[[], Arguments]) -> None:
    """Time rounds of COUNT tokens each, with new str objects in each of them."""
    # pytest-benchmark has no annotations.
    benchmark.pedantic(target, setup=setup, rounds=ROUNDS, warmup_rounds=1)  # type: ignore[no-untyped-call]


def note(benchmark: BenchmarkFixture, kind: str, size: str, contender: Contender) -> None:
    """Write down what is measured, for the report."""
    benchmark.group = f"{kind} {size}"
    benchmark.extra_info.update(kind=kind, size=size, contender=contender.name, label=contender.label, tokens=COUNT)


@of_kind("cold")
@sizes
def test_cold(benchmark: BenchmarkFixture, contender: Contender, size: str) -> None:
    """Each token is seen for the first time."""
    tokens = samples(size)
    ready = prepare(contender, tokens)
    hits = ready.hits() if ready.hits else 0

    def setup() -> Arguments:
        ready.forget()
        return (ready.verify, fresh(tokens.good)), {}

    note(benchmark, "cold", size, contender)
    measure(benchmark, accept_all, setup)
    assert ready.hits is None or ready.hits() == hits


@of_kind("cached")
@sizes
def test_cached(benchmark: BenchmarkFixture, contender: Contender, size: str) -> None:
    """Each token was seen before."""
    tokens = samples(size)
    ready = prepare(contender, tokens)
    ready.remember(fresh(tokens.good))
    hits = ready.hits() if ready.hits else 0
    rounds = 0

    def setup() -> Arguments:
        nonlocal rounds
        rounds += 1
        return (ready.verify, fresh(tokens.good)), {}

    note(benchmark, "cached", size, contender)
    measure(benchmark, accept_all, setup)
    assert ready.hits is None or ready.hits() == hits + rounds * COUNT


@of_kind("rejected")
@sizes
def test_rejected(benchmark: BenchmarkFixture, contender: Contender, size: str) -> None:
    """Each token has a wrong signature; good ones, with the same header, were seen before."""
    tokens = samples(size)
    ready = prepare(contender, tokens)

    def setup() -> Arguments:
        return (ready.verify, ready.refusal, fresh(tokens.bad_signature)), {}

    note(benchmark, "rejected", size, contender)
    measure(benchmark, refuse_all, setup)
