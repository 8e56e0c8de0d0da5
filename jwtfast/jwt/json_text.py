"""JSON texts that are anybody's, read by the standard library.

Any number and depth is taken that PyJWT takes, but nothing that RFC 8259 has not: no NaN, no other encoding than UTF-8;
and no member twice, and no half of a surrogate pair.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from jwtfast.jwt.exceptions import DecodeError, PyJWTError

__all__ = ["read_object"]

# By the name of a member: what to raise, and with which words.
Dates = Mapping[str, tuple[type[PyJWTError], str]]

_NO_DATES: Dates = MappingProxyType({})


def read_object(text: bytes, what: str, dates: Dates = _NO_DATES) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        text: Its UTF-8.
        what: What to call it in an error: "header" or "payload".
        dates: What to raise, and with which words, where the member of a name is no finite number.

    Returns:
        The object.

    Raises:
        DecodeError: It is none.
        PyJWTError: What ``dates`` has.
    """
    cause: Exception | None = None
    value: Any = None
    infinite: list[float] = []

    def note(number: str) -> float:
        read = float(number)
        if not math.isfinite(read):
            infinite.append(read)
        return read

    try:
        value = json.loads(text.decode(), parse_constant=note, parse_float=note, object_pairs_hook=_unique)
        if b"\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        cause = error
    if cause is not None:
        # What the parser raises holds the text, so it is not kept, but for what holds nothing of it.
        msg = f"Invalid {what} string: it is not JSON in UTF-8"
        raise DecodeError(msg) from (cause if isinstance(cause, RecursionError) else None)
    if not isinstance(value, dict):
        msg = f"Invalid {what} string: must be a json object"
        raise DecodeError(msg)
    if infinite:
        for name, (kind, words) in dates.items():
            if isinstance(value.get(name), float) and not math.isfinite(value[name]):
                raise kind(words)
        msg = f"Invalid {what} string: it has a number that is none (RFC 8259 section 6), or beyond all floats"
        raise DecodeError(msg)
    return value


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        msg = "an object has two members of one name (RFC 7519 section 4)"
        raise ValueError(msg)
    return value
