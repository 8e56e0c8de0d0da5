"""What a payload must be taken for, by orjson, the standard library's parser and a judge in plain Python."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from jwtfast import ANY, Claims
from jwtfast._native import kernels

# The type of lists in claims.
ClaimsList: Final = type(kernels.read_json(b'{"list":[]}')["list"])
MAX_DEPTH = 64
MAX_DATE = 2**53
TEXTS = ("iss", "sub", "jti")
DATES = ("exp", "nbf", "iat")
# Claims that other standards have as strings, where a verifier asks for them.
OTHER_TEXTS = ("azp", "client_id", "nonce")
# The codes of errors for registered claims of the wrong form.
MALFORMED = {
    "exp": "malformed",
    "nbf": "malformed",
    "iat": "invalid_issued_at",
    "iss": "wrong_issuer",
    "aud": "wrong_audience",
    "sub": "invalid_subject",
    "jti": "invalid_jti",
}


class RefusedError(Exception):
    """Raised by the oracle for JSON that is beyond our limits."""


def unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members, no two of one name."""
    if len({name for name, _ in members}) != len(members):
        raise RefusedError
    return dict(members)


def small(literal: str) -> int:
    """Read an integer that fits 64 bits, with a sign or without."""
    # Python itself refuses to read very long ones.
    if len(literal) > 20 or not -(2**63) <= int(literal) < 2**64:
        raise RefusedError
    return int(literal)


def depth(value: object) -> int:
    """Tell how many containers are in one another."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


_DECODER: Final = json.JSONDecoder(object_pairs_hook=unique, parse_int=small)


def is_within_limits(text: bytes, value: dict[str, Any]) -> bool:
    """Tell whether an object that orjson reads has no duplicates, and no integer and no depth beyond our limits.

    Args:
        text: The JSON text.
        value: What orjson reads of it.

    Returns:
        Whether it is.
    """
    try:
        # The standard library takes more for JSON, but keeps all members and tells integers from other numbers.
        _DECODER.decode(text.decode("utf-8"))
        return depth(value) <= MAX_DEPTH
    except (RefusedError, RecursionError):
        return False


def read(text: bytes) -> dict[str, Any] | None:
    """Give the object that a text must be read as, or None where it must be refused."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return None
    return value if type(value) is dict and is_within_limits(text, value) else None


def has_exact_types(ours: Any, theirs: Any) -> bool:
    """Tell whether two values are the same one, and ours can't be changed.

    Args:
        ours: What was built from the text.
        theirs: What orjson reads.

    Returns:
        Whether they are, all the way down, for ``Claims`` in the place of dicts and ``ClaimsList`` in that of lists.
    """
    if type(theirs) is dict:
        return (
            type(ours) is Claims
            and list(ours) == list(theirs)
            and all(type(name) is str for name in ours)
            and all(has_exact_types(ours[name], theirs[name]) for name in theirs)
        )
    if type(theirs) is list:
        return (
            type(ours) is ClaimsList
            and len(ours) == len(theirs)
            and all(has_exact_types(*pair) for pair in zip(ours, theirs, strict=True))
        )
    return type(ours) is type(theirs) and repr(ours) == repr(theirs)


# ---- the claims policy ----


@dataclass(frozen=True)
class Demands:
    """A policy, by the names of Verifier's options."""

    issuer: tuple[str, ...] | None = None
    audience: Any = ANY
    required: tuple[str, ...] = ()
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    authorized_party: str | None = None
    leeway: float = 0
    max_age: float | None = None


def is_date(value: object) -> bool:
    """Whether it is a NumericDate (RFC 7519 section 2) that a double holds to the second."""
    return type(value) in {int, float} and abs(value) <= MAX_DATE  # type: ignore[arg-type]


def is_audience(value: object) -> bool:
    """Whether it is a string or an array of them."""
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def _is_missing(claims: dict[str, Any], demands: Demands) -> bool:
    names = {*demands.required, *demands.claims}
    names |= {"iss"} if demands.issuer else set()
    names |= {"iat"} if demands.max_age is not None else set()
    names |= set() if demands.audience is None or demands.audience is ANY else {"aud"}
    return any(name not in claims for name in names)


def _refused_by_time(claims: dict[str, Any], demands: Demands, now: float) -> str | None:
    max_age = math.inf if demands.max_age is None else demands.max_age
    for name in DATES:
        if not is_date(claims.get(name, 0)):
            return MALFORMED[name]
    if now < max(float(claims.get(name, -math.inf)) - demands.leeway for name in ("nbf", "iat")):
        return "not_yet_valid"
    ends = (float(claims.get("exp", math.inf)), float(claims.get("iat", math.inf)) + max_age)
    return "expired" if now >= min(ends) + demands.leeway else None


def _refused_by_audience(claims: dict[str, Any], demands: Demands) -> str | None:
    if "aud" not in claims:
        return None
    aud = claims["aud"]
    if not is_audience(aud):
        return MALFORMED["aud"]
    values = [aud] if isinstance(aud, str) else aud
    if len(values) > 1 and demands.authorized_party is not None and "azp" not in claims:
        return "missing_claim"
    if demands.audience is ANY or any(value in (demands.audience or ()) for value in values):
        return None
    return "wrong_audience"


def _refused_by_text(claims: dict[str, Any], demands: Demands, name: str) -> str | None:
    allowed = dict(demands.claims)
    if demands.issuer is not None:
        allowed["iss"] = demands.issuer
    if demands.authorized_party is not None:
        allowed["azp"] = (demands.authorized_party,)
    good = name not in claims or (type(claims[name]) is str and claims[name] in allowed.get(name, (claims[name],)))
    return None if good else MALFORMED.get(name, "invalid_claim")


def refusal(claims: dict[str, Any], demands: Demands, now: float) -> str | None:
    """Judge claims (RFC 7519 section 4.1).

    Args:
        claims: The claims, as orjson reads them.
        demands: The policy.
        now: The time, in seconds since the epoch.

    Returns:
        The code of the error that they are refused with, or None where they are good.
    """
    if _is_missing(claims, demands):
        return "missing_claim"
    code = _refused_by_time(claims, demands, now) or _refused_by_text(claims, demands, "iss")
    code = code or _refused_by_audience(claims, demands)
    further = dict.fromkeys(("sub", "jti", *demands.required, *demands.claims))
    if demands.authorized_party is not None:
        further["azp"] = None
    for name in further:
        if code is None and (name in {*TEXTS, *OTHER_TEXTS} or name in demands.claims):
            code = _refused_by_text(claims, demands, name)
        elif code is None and name not in MALFORMED and claims[name] is None:
            code = "missing_claim"
    return code
