"""Claims in header fields: whatever they hold, they come out as they were, and out of no other field."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtfast.gateway.forwarded_claims import ForwardedClaim

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(value=st.text(st.characters(codec="utf-8")))
def test_text_by_percent(value: str) -> None:
    """Text is visible ASCII and inner spaces as it is, the rest percent-encoded: one value for each text."""
    field = ForwardedClaim(b"x", ("a",), "percent").value_in({"a": value})
    assert re.fullmatch(rb"(?:[!-~](?:[ -~]*[!-~])?)?", field)
    assert unquote(field.decode("ascii"), errors="strict") == value


@given(value=JSON)
def test_json_by_either(value: Any) -> None:
    """What is no text is its JSON; by base64url everything is; null and absence are empty."""
    plain = ForwardedClaim(b"x", ("a",), "percent").value_in({"a": value})
    encoded = ForwardedClaim(b"x", ("a",), "base64url").value_in({"a": value})
    if value is None:
        assert (plain, encoded) == (b"", b"")
        return
    assert re.fullmatch(rb"[A-Za-z0-9_-]+", encoded)
    assert json.loads(base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))) == value
    if not isinstance(value, str):
        assert json.loads(unquote(plain.decode("ascii"))) == value


@pytest.mark.parametrize("claims", [{}, {"a": None}, {"a": 1}, {"a": {"c": 1}}, {"a": [{"b": 1}]}, {"a.b": 1}])
def test_members_that_are_not_there(claims: dict[str, Any]) -> None:
    """A way that leads nowhere is an absent claim."""
    assert ForwardedClaim(b"x", ("a", "b"), "percent").value_in(claims) == b""


def test_members() -> None:
    """A claim is found by the names that lead to it."""
    assert ForwardedClaim(b"x", ("a", "b"), "percent").value_in({"a": {"b": ["c", "é"]}}) == b'["c","%C3%A9"]'
