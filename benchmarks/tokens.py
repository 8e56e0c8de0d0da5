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
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, product
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from benchmarks.pure_python import HASHES

__all__ = [
    "ALGORITHMS",
    "AUDIENCE",
    "AUDIENCES",
    "CASES",
    "COUNT",
    "ISSUER",
    "LIFETIME",
    "SECRET",
    "SIZES",
    "Checks",
    "PublicKey",
    "UNSEEN_COUNT",
    "Samples",
    "fresh",
    "fresh_bytes",
    "mint",
    "respell",
    "sample_claims",
    "samples",
]

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey

# As headers spell them. Ed25519 goes by EdDSA, since PyJWT doesn't know its newer name (RFC 9864).
ALGORITHMS = ("HS256", "HS512", "RS256", "PS256", "ES256", "EdDSA")
SIZES = ("small", "typical", "long")
# Which algorithm is measured with which size of tokens.
CASES = (("HS256", "small"), ("HS256", "long"), *((algorithm, "typical") for algorithm in ALGORITHMS))
# How many tokens a round has; and how many where all signatures are checked, or made.
COUNT = 1000
UNSEEN_COUNT = 200
LIFETIME = 3600  # seconds
ISSUER = "https://login.example"
AUDIENCE = "https://api.example"
AUDIENCES = [AUDIENCE, "account"]
SECRET = b"a secret of sixty-four bytes, which every hash accepts as a key."


@dataclass(frozen=True)
class Checks:
    """What a contender is configured to check; times are checked by all of them, always."""

    key: bytes | PublicKey
    algorithm: str = "HS256"
    issuer: str | None = None
    audience: str | None = None
    any_audience: bool = False
    expiry_required: bool = True

    @property
    def secret(self) -> bytes:
        """The key of an HMAC."""
        assert isinstance(self.key, bytes)
        return self.key

    @property
    def public_key(self) -> PublicKey:
        """The key of an asymmetric signature."""
        assert not isinstance(self.key, bytes)
        return self.key


@dataclass(frozen=True)
class Samples:
    """Good tokens with their claims, the same with a wrong signature, and one more refused token for each reason."""

    checks: Checks
    good: list[str]
    claims: list[dict[str, Any]]
    bad_signature: list[str]
    refused: dict[str, str]

    def first(self, count: int) -> Samples:
        """Give the same with fewer tokens."""
        return replace(
            self, good=self.good[:count], claims=self.claims[:count], bad_signature=self.bad_signature[:count]
        )


@cache
def samples(algorithm: str, size: str) -> Samples:
    """Make the tokens of a benchmark, COUNT good ones.

    Args:
        algorithm: One of ALGORITHMS.
        size: With HS256 ``small`` has about 155 characters, ``typical`` about 580, and ``long`` as many as a typical
            one with RS256, about 880.

    Returns:
        The tokens; the same ones throughout the process.
    """
    now = int(time.time())
    private, stranger = (SECRET, SECRET[::-1]) if algorithm in HASHES else (_generate(algorithm), _generate(algorithm))
    checks = Checks(private if isinstance(private, bytes) else private.public_key(), algorithm)
    if size != "small":
        checks = replace(checks, issuer=ISSUER, audience=AUDIENCE)
    claims = sample_claims(size, COUNT, now)
    good = [mint(one, algorithm, private) for one in claims]
    first = claims[0]
    refused = {
        "another key": mint(first, algorithm, stranger),
        "expired": mint(first | {"exp": now - 1}, algorithm, private),
        "no expiry": mint({name: value for name, value in first.items() if name != "exp"}, algorithm, private),
        "not yet valid": mint(first | {"nbf": now + LIFETIME}, algorithm, private),
        "issued in the future": mint(first | {"iat": now + LIFETIME}, algorithm, private),
    }
    for_others = mint(first | {"aud": ["https://other.example"]}, algorithm, private)
    if checks.audience is None:
        refused["an audience, where none is configured"] = for_others
    else:
        refused["unknown audience"] = for_others
        refused["unknown issuer"] = mint(first | {"iss": "https://other.example"}, algorithm, private)
    return Samples(checks, good, claims, [_with_wrong_signature(token) for token in good], refused)


def sample_claims(size: str, count: int, now: int) -> list[dict[str, Any]]:
    """Make the claims of tokens, all different, and the same each time but for the dates.

    Args:
        size: ``small``, ``typical`` or ``long``.
        count: How many.
        now: When they are issued, in seconds since the epoch.

    Returns:
        The claims.
    """
    dice = random.Random(f"{size} tokens")  # noqa: S311 - samples, which keep no secret
    make = {"small": _small_claims, "typical": _typical_claims, "long": _long_claims}[size]
    return [make(dice, now) for _ in range(count)]


def mint(claims: dict[str, Any], algorithm: str = "HS256", key: Any = SECRET) -> str:
    """Sign claims by PyJWT.

    Args:
        claims: What the token says.
        algorithm: The header's ``alg``.
        key: The secret, or the private key.

    Returns:
        The token.
    """
    return jwt.encode(claims, key, algorithm=algorithm)


def fresh(tokens: Iterable[str]) -> list[str]:
    """Copy tokens, as a server gets them: new objects whose hash nobody has computed yet.

    Args:
        tokens: The tokens.

    Returns:
        Equal ones.
    """
    return [token.encode().decode() for token in tokens]


def fresh_bytes(tokens: Iterable[str]) -> list[bytes]:
    """Copy tokens, as a server gets them that never makes text of them; nobody has computed their hashes either.

    Args:
        tokens: The tokens.

    Returns:
        Their octets.
    """
    return [token.encode() for token in tokens]


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


def _generate(algorithm: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _small_claims(dice: random.Random, now: int) -> dict[str, Any]:
    return {"sub": dice.randbytes(7).hex(), "exp": now + LIFETIME, "role": "user"}


def _typical_claims(dice: random.Random, now: int) -> dict[str, Any]:
    person = dice.randrange(10**6, 10**7)
    return {
        "iss": ISSUER,
        "sub": str(uuid.UUID(bytes=dice.randbytes(16), version=4)),
        "aud": AUDIENCES,
        "exp": now + LIFETIME,
        "nbf": now,
        "iat": now,
        "jti": dice.randbytes(16).hex(),
        "scope": "openid profile email orders:read orders:write",
        "realm_access": {"roles": ["user", "editor"]},
        "email": f"person.{person}@mail.example",
        "name": f"Ada Person {person}",
    }


def _long_claims(dice: random.Random, now: int) -> dict[str, Any]:
    # So much longer as the base64url of an RSA signature of 2048 bits is longer than that of an HMAC.
    return _typical_claims(dice, now) | {"picture": f"https://images.example/{dice.randbytes(94).hex()}"}


def _with_wrong_signature(token: str) -> str:
    # In the middle of the signature, where all six bits of a character count: so it stays canonical base64url.
    at = (token.rindex(".") + 1 + len(token)) // 2
    return token[:at] + ("B" if token[at] == "A" else "A") + token[at + 1 :]


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
