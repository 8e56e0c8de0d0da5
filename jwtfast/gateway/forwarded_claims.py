"""Claims as header fields that nothing can be smuggled through (RFC 9110 section 5.5).

Each configured header is in every answer, empty where the token lacks the claim: so the proxy's own copy takes the
place of the one that the client may have sent.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

import orjson

from jwtfast import Token

__all__ = ["ForwardedClaim", "absent_fields", "forwarded_fields"]

Field = tuple[bytes, bytes]

# What stands for itself: visible ASCII but for the percent sign, and spaces that are neither first nor last.
_ENCODED: Final = re.compile(rb"[^ -$&-~]|\A +| +\Z")


class ForwardedClaim(NamedTuple):
    """A claim that is handed on in a header."""

    header: bytes
    """In lower case."""
    claim: Sequence[str]
    """Its name, or the names of the members that lead to it."""
    encoding: Literal["percent", "base64url"]

    def value_in(self, claims: Any) -> bytes:
        """Write the claim as a field's value; empty where it is absent or null."""
        value = claims
        for name in self.claim:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            return b""
        if self.encoding == "base64url":
            return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=")
        text = value.encode() if isinstance(value, str) else orjson.dumps(value)
        return _ENCODED.sub(_percent, text)


def _percent(match: re.Match[bytes]) -> bytes:
    return b"".join(b"%%%02X" % octet for octet in match[0])


def forwarded_fields(claims: Iterable[ForwardedClaim], token: Token) -> list[Field]:
    """Give the fields for a token."""
    found = token.claims
    return [(one.header, one.value_in(found)) for one in claims]


def absent_fields(claims: Iterable[ForwardedClaim]) -> list[Field]:
    """Give the fields where there is no token."""
    return [(one.header, b"") for one in claims]
