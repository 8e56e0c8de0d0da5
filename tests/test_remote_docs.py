"""What the page on keys over HTTP shows."""

from __future__ import annotations

import doctest
import time
from pathlib import Path

import pytest
from http_server import HttpServer, jwks
from key_pairs import jwk, private_key, token

PAGE = Path(__file__).parent.parent / "docs" / "remote.md"


def test_every_snippet_runs() -> None:
    """Every snippet on the page prints what the page says it prints."""
    if not PAGE.exists():
        pytest.skip("the page is not beside the tests: they run against an installed package")
    claims = {
        "iss": "https://login.example",
        "aud": "https://api.example",
        "sub": "alice",
        "exp": int(time.time()) + 600,
    }
    kids = ("2026-11", "2026-12")
    raw = token("ES256", private_key("P-256"), claims, kid=kids[0])
    with HttpServer(jwks(*(jwk(private_key("P-256", i), kid=kid) for i, kid in enumerate(kids)))) as server:
        names = {"origin": server.origin, "raw": raw}
        results = doctest.testfile(str(PAGE), module_relative=False, globs=names)
    assert results.attempted > 10
    assert results.failed == 0
    assert server.count == 1
