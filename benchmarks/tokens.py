"""The tokens that contenders verify, and what they are checked for.

PyJWT makes them, so that no contender is measured on its own output.
"""

from __future__ import annotations

import hmac
import random
import time
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice, product
from typing import Any

import jwt

from benchmarks.pure_python import HASHES

__all__ = ["COUNT", "SIZES", "Checks", "Samples", "fresh", "mint", "respell", "sample_claims", "samples"]

SIZES = ("small", "typical")
COUNT = 1000
LIFETIME = 3600  # seconds
ISSUER = "https://login.example"
AUDIENCE = "https://api.example"
SECRET = b"a secret of sixty-four bytes, which every hash accepts as a key."


@dataclass(frozen=True)
class Checks:
    """What a contender is configured to check; times are checked by all of them, always."""

    secret: bytes
    algorithm: str = "HS256"
    issuer: str | None = None
    audience: str | None = None
    any_audience: bool = False
    expiry_required: bool = True


@dataclass(frozen=True)
class Samples:
    """Good tokens with their claims, the same with a wrong signature, and one more refused token for each reason."""

    checks: Checks
    good: list[str]
    claims: list[dict[str, Any]]
    bad_signature: list[str]
    refused: dict[str, str]


@cache
def samples(size: str, algorithm: str = "HS256") -> Samples:
    """Make the tokens of a benchmark.

    Args:
        size: ``small``: about 155 characters, or ``typical``: about 580.
        algorithm: ``HS256``, ``HS384`` or ``HS512``.

    Returns:
        The tokens; the same ones throughout the process.
    """
    now = int(time.time())
    checks = Checks(SECRET, algorithm)
    if size == "typical":
        checks = Checks(SECRET, algorithm, ISSUER, AUDIENCE)
    claims = sample_claims(size, COUNT, now)
    good = [mint(one, algorithm) for one in claims]
    first = claims[0]
    refused = {
        "wrong secret": mint(first, algorithm, SECRET[::-1]),
        "expired": mint(first | {"exp": now - 1}, algorithm),
        "no expiry": mint({name: value for name, value in first.items() if name != "exp"}, algorithm),
        "not yet valid": mint(first | {"nbf": now + LIFETIME}, algorithm),
        "unknown audience": mint(first | {"aud": ["https://other.example"]}, algorithm),
    }
    if checks.issuer is not None:
        refused["unknown issuer"] = mint(first | {"iss": "https://other.example"}, algorithm)
    return Samples(checks, good, claims, [_with_wrong_signature(token) for token in good], refused)


def sample_claims(size: str, count: int, now: int) -> list[dict[str, Any]]:
    """Make the claims of tokens, all different, and the same each time but for the dates.

    Args:
        size: ``small`` or ``typical``.
        count: How many.
        now: When they are issued, in seconds since the epoch.

    Returns:
        The claims.
    """
    dice = random.Random(f"{size} tokens")  # noqa: S311 - samples, which keep no secret
    make = {"small": _small_claims, "typical": _typical_claims}[size]
    return [make(dice, now) for _ in range(count)]


def mint(claims: dict[str, Any], algorithm: str = "HS256", secret: bytes = SECRET) -> str:
    """Sign claims by PyJWT.

    Args:
        claims: What the token says.
        algorithm: The header's ``alg``.
        secret: The key.

    Returns:
        The token.
    """
    return jwt.encode(claims, secret, algorithm=algorithm)


def fresh(tokens: Iterable[str]) -> list[str]:
    """Copy tokens, as a server gets them: new objects whose hash nobody has computed yet.

    Args:
        tokens: The tokens.

    Returns:
        Equal ones.
    """
    return [token.encode().decode() for token in tokens]


def respell(token: str, secret: bytes, algorithm: str, count: int) -> list[str]:
    """Make many tokens that say what one says: with white space, of four bytes, after its claims.

    Args:
        token: A good token.
        secret: The key it was signed with.
        algorithm: Its ``alg``: ``HS256``, ``HS384`` or ``HS512``.
        count: How many; 256 at most.

    Returns:
        Distinct tokens with the same header and claims.
    """
    header, payload, _ = token.encode().split(b".")
    text = urlsafe_b64decode(payload + b"==")
    tokens = []
    for space in islice(product(b" \t\r\n", repeat=4), count):
        message = header + b"." + _encode(text + bytes(space))
        tokens.append((message + b"." + _encode(hmac.digest(secret, message, HASHES[algorithm]))).decode())
    return tokens


def _small_claims(dice: random.Random, now: int) -> dict[str, Any]:
    return {"sub": dice.randbytes(7).hex(), "exp": now + LIFETIME, "role": "user"}


def _typical_claims(dice: random.Random, now: int) -> dict[str, Any]:
    person = dice.randrange(10**6, 10**7)
    return {
        "iss": ISSUER,
        "sub": str(uuid.UUID(bytes=dice.randbytes(16), version=4)),
        "aud": [AUDIENCE, "account"],
        "exp": now + LIFETIME,
        "nbf": now,
        "iat": now,
        "jti": dice.randbytes(16).hex(),
        "scope": "openid profile email orders:read orders:write",
        "realm_access": {"roles": ["user", "editor"]},
        "email": f"person.{person}@mail.example",
        "name": f"Ada Person {person}",
    }


def _with_wrong_signature(token: str) -> str:
    # In the middle of the signature, where all six bits of a character count: so it stays canonical base64url.
    at = (token.rindex(".") + 1 + len(token)) // 2
    return token[:at] + ("B" if token[at] == "A" else "A") + token[at + 1 :]


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
