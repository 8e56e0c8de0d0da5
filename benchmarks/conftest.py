"""What all benchmarks under pytest share: the turns."""

from __future__ import annotations

from typing import Any

import pytest

TURNS = 9


@pytest.fixture(scope="session", params=range(TURNS), autouse=True)
def turn(request: pytest.FixtureRequest) -> Any:
    """Run everything several times: of the widest scope, it changes last, so that the contenders take turns."""
    return request.param
