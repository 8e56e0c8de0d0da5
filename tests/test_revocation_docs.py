"""What docs/revocation.md shows."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from redis_server import RedisServer

PAGE = Path(__file__).parent.parent / "docs" / "revocation.md"


def test_every_snippet_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every snippet on the page prints what the page says it prints."""
    if not PAGE.exists():
        pytest.skip("the page is not beside the tests: they run against an installed package")
    server = RedisServer(tmp_path)
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{server.port}")
    try:
        results = doctest.testfile(str(PAGE), module_relative=False)
    finally:
        server.stop()
    assert results.attempted > 20
    assert results.failed == 0
