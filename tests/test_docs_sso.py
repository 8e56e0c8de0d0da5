"""What the page on single sign-on shows."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "sso.md"


def test_every_snippet_runs() -> None:
    """Every snippet of the page prints what the page says it prints."""
    if not PAGE.exists():
        pytest.skip("the page is not beside the tests: they run against an installed package")
    pytest.importorskip("httpx2", reason="the extra jwtfast[remote] is not installed")
    results = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted > 20
    assert results.failed == 0
