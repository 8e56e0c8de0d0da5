"""What all benchmarks under pytest share: the turns, and what is there before the first of them."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.contenders import CONTENDERS
from benchmarks.tokens import CASES, samples

TURNS = 9


@pytest.fixture(scope="session", autouse=True)
def all_there() -> None:
    """Make the tokens and import the packages, which the processes of all contenders then share."""
    for algorithm, size in CASES:
        samples(algorithm, size)
    for contender in CONTENDERS:
        if contender.missing is None:
            algorithm, size = contender.algorithms[0], contender.sizes[0]
            contender.prepare(samples(algorithm, size).checks)


@pytest.fixture(scope="session", params=range(TURNS), autouse=True)
def turn(request: pytest.FixtureRequest) -> Any:
    """Run everything several times: of the widest scope, it changes last, so that the contenders take turns."""
    return request.param
