"""Tokens made by hand from the standard library alone, so that jwtfast is never its own oracle."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

SECRET = hashlib.sha256(b"the verifier's secret").digest()
OTHER_SECRET = hashlib.sha256(b"somebody else's secret").digest()
LONG_SECRET = hashlib.sha512(b"a secret long enough for HS512").digest()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NOW = 1_700_000_000

Json = Mapping[str, Any]
HEADER: Json = {"alg": "HS256", "typ": "JWT"}


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        """Tell the time it was set to."""
        return self.now


def encode(data: bytes) -> str:
    """Give the unpadded base64url of octets (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Give the octets of unpadded base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_json(value: object) -> bytes:
    """Give a value's JSON text, without spaces, in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def signature(signing_input: str, secret: bytes = SECRET, hash_name: str = "sha256") -> str:
    """Give the HMAC of a signing input as base64url, whatever the signing input is."""
    return encode(hmac.digest(secret, signing_input.encode(), hash_name))


def sign_segments(header: str, payload: str, secret: bytes = SECRET, hash_name: str = "sha256") -> str:
    """Sign two segments just as they are spelled."""
    return f"{header}.{payload}.{signature(f'{header}.{payload}', secret, hash_name)}"


def sign(header: Json | bytes, payload: Json | bytes, secret: bytes = SECRET, hash_name: str = "sha256") -> str:
    """Sign a header and a payload, given as objects or as their very octets."""
    octets = [part if isinstance(part, bytes) else to_json(part) for part in (header, payload)]
    return sign_segments(encode(octets[0]), encode(octets[1]), secret, hash_name)


def good(**claims: object) -> str:
    """Give a token that a verifier with ``SECRET`` and no further demands accepts at ``NOW``."""
    return sign(HEADER, {"exp": NOW + 60, **claims})


def with_trailing_bits(segment: str) -> Iterator[str]:
    """Give the spellings of a segment whose last character holds bits that no octet takes."""
    unused = {2: 4, 3: 2}.get(len(segment) % 4, 0)
    yield from (segment[:-1] + ALPHABET[ALPHABET.index(segment[-1]) | extra] for extra in range(1, 1 << unused))


def loose_spellings(segment: str) -> Iterator[str]:
    """Give other spellings of a segment that careless decoders take for the same octets."""
    yield segment + "="
    yield segment + "=="
    yield segment + "=" * (-len(segment) % 4 or 4)
    for extra in ("\n", "\r\n", " ", "\t", "\0", "!", "*", "~", "%3D"):
        yield segment + extra
        yield extra + segment
        yield segment[:5] + extra + segment[5:]
    yield segment.replace("-", "+").replace("_", "/")
    yield segment.replace("-", "+")
    yield segment.replace("_", "/")
    yield from with_trailing_bits(segment)


def verdict(verify: Callable[[Any], Any], raw: object) -> object:
    """Give what a verifier says of a token: its claims as JSON text, or the class of the error."""
    try:
        token = verify(raw)
    except Exception as error:  # noqa: BLE001 - which one it is is the answer
        return type(error)
    return json.dumps(token.claims, sort_keys=True)
