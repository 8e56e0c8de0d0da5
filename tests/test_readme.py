"""What the README shows."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def test_every_snippet_runs() -> None:
    """Every snippet in the README prints what the README says it prints."""
    if not README.exists():
        pytest.skip("the README is not beside the tests: they run against an installed package")
    results = doctest.testfile(str(README), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted > 10
    assert results.failed == 0
