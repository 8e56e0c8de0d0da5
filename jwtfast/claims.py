"""The claims policy (RFC 7519 section 4.1): what must be present, and what it must equal.

It is checked here once, when a verifier is built; a token is judged by it in the compiled core.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Final, final

from jwtfast._native import Policy

__all__ = ["ANY", "compile_policy", "number_of_seconds", "texts"]


@final
class _Any:
    """The type of ``ANY``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ANY"

    def __reduce__(self) -> str:
        return "ANY"  # of this module: what is copied or unpickled is the one there is, and is known by its identity


ANY: Final = _Any()
"""As ``audience=ANY``: tokens for any audience are accepted, and tokens for none."""

# Claims that their standards have as strings (RFC 8693 section 4.3, OpenID Connect Core section 2).
_TEXTS = frozenset({"azp", "client_id", "nonce"})

# The registered claims (RFC 7519 section 4.1) in the order in which the compiled core has them.
_REGISTERED = (
    ("exp", "date"),
    ("nbf", "date"),
    ("iat", "date"),
    ("iss", "text"),
    ("aud", "audience"),
    ("sub", "text"),
    ("jti", "text"),
)


def compile_policy(
    *,
    issuer: str | Collection[str] | None,
    audience: str | Collection[str] | _Any | None,
    required: Collection[str],
    claims: Mapping[str, str | Collection[str]] | None,
    authorized_party: str | None,
    leeway: float,
    max_age: float | None,
    sessions: bool,
) -> Policy:
    """Check a verifier's demands on claims and hand them to the compiled core.

    Args:
        issuer: The values ``iss`` may have; None: any, or none.
        audience: The values of which ``aud`` must have one; None: a token with ``aud`` is refused; ``ANY``: not judged.
        required: The names of claims that must be there.
        claims: The values that further claims must have one of.
        authorized_party: What ``azp`` must be where it is there; it must be where ``aud`` names several.
        leeway: How far clocks may disagree, in seconds.
        max_age: How long ago a token may have been issued, in seconds; None: as long as it likes.
        sessions: Whether ``sid`` is looked up in a list of revocations, so that it must be a string where it is there.

    Returns:
        The compiled policy.

    Raises:
        ValueError: A value is empty, negative or not finite.
        TypeError: A value is of the wrong type.
    """
    names = texts("required", required, empty_ok=True)
    if isinstance(required, str):
        msg = f"required is a collection of claim names: say required=({required!r},)"
        raise TypeError(msg)
    any_audience = audience is ANY
    demanded = set(names)
    allowed: dict[str, tuple[str, ...]] = {}
    if issuer is not None:
        allowed["iss"] = texts("issuer", issuer)
        demanded.add("iss")
    if audience is not None and not isinstance(audience, _Any):
        allowed["aud"] = texts("audience", audience)
        demanded.add("aud")
    if max_age is not None:
        demanded.add("iat")
    if claims is not None and not isinstance(claims, Mapping):
        msg = f"claims is a mapping of names to values, not {type(claims).__name__}"
        raise TypeError(msg)
    for name, value in (claims or {}).items():
        allowed[_claim_name(name)] = texts(f"claims[{name!r}]", value)
        demanded.add(name)
    if authorized_party is not None:
        if not isinstance(authorized_party, str):
            msg = f"authorized_party is a str, not {type(authorized_party).__name__}"
            raise TypeError(msg)
        allowed["azp"] = texts("authorized_party", authorized_party)
    kinds = dict((*_REGISTERED, ("sid", "text")) if sessions else _REGISTERED)
    for name in (*names, *allowed):
        kinds.setdefault(name, "text" if name in allowed or name in _TEXTS else "any")
    return Policy(
        [(name, kind, name in demanded, allowed.get(name, ())) for name, kind in kinds.items()],
        any_audience,
        0 if authorized_party is None else list(kinds).index("azp"),
        number_of_seconds("leeway", leeway),
        math.inf if max_age is None else number_of_seconds("max_age", max_age),
        list(kinds).index("sid") if sessions else 0,
    )


def number_of_seconds(name: str, value: float) -> float:
    """Check a configured length of time.

    Args:
        name: What to call it in an error.
        value: The time in seconds.

    Returns:
        It, as a float.

    Raises:
        ValueError: It is negative or not finite.
        TypeError: It is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{name} is a number of seconds, not {type(value).__name__}"
        raise TypeError(msg)
    if not 0 <= value <= 2**53:  # NaN is neither, and an int may be beyond all floats
        msg = f"{name} is a number of seconds, not negative and at most 2**53"
        raise ValueError(msg)
    return float(value)


def _claim_name(name: str) -> str:
    texts("claims", (name,))
    if name in {"iss", "aud", "exp", "nbf", "iat", "azp"}:
        msg = f"claims can't say {name!r}: configure issuer, audience, leeway, max_age or authorized_party"
        raise ValueError(msg)
    return name


def texts(name: str, value: str | Collection[str], *, empty_ok: bool = False) -> tuple[str, ...]:
    """Give one string, or a collection of them, as a tuple without repetitions."""
    if isinstance(value, str):
        texts: tuple[str, ...] = (value,)
    elif isinstance(value, bytes) or not isinstance(value, Collection):
        msg = f"{name} is a str or a collection of them, not {type(value).__name__}"
        raise TypeError(msg)
    else:
        texts = tuple(dict.fromkeys(value))
    if not texts and not empty_ok:
        msg = f"{name} is empty: leave it out, or name at least one"
        raise ValueError(msg)
    for text in texts:
        if not isinstance(text, str):
            msg = f"{name} is made of str, not {type(text).__name__}"
            raise TypeError(msg)
        if not text:
            msg = f"{name} holds an empty string, which can't be meant"
            raise ValueError(msg)
        try:
            text.encode()
        except UnicodeEncodeError:
            msg = f"{name} holds a string that is no Unicode text"
            raise ValueError(msg) from None
    return tuple(str(text) for text in texts)  # not of a subclass, like a StrEnum's members
