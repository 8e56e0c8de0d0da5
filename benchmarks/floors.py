"""The floors: what the steps of a verification cost by the best means that Python has for each of them.

Under a cold one there are the signature and the reading of the claims; under a cached one, finding the token. The
arguments are prepared before the clock starts, down to the ``bytes`` of message and signature (an ECDSA signature as
DER, which is what OpenSSL reads), so what is left is the call itself. For asymmetric signatures jwtfast makes the same
call, so it can't go below. For the others it has code of its own, so it can.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from benchmarks.pure_python import HASHES
from benchmarks.ready import Ready, call_all
from benchmarks.rivals import pure_python_verifier
from benchmarks.tokens import Checks, fresh_bytes

__all__ = ["cryptography_verify", "dict_get", "dict_get_of_bytes", "hmac_digest", "orjson_loads"]

_SHA256 = hashes.SHA256()
_PSS = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=_SHA256.digest_size)

# What verify() of a public key wants besides signature and message.
_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "RS256": (padding.PKCS1v15(), _SHA256),
    "PS256": (_PSS, _SHA256),
    "ES256": (ec.ECDSA(_SHA256),),
    "EdDSA": (),
}


def cryptography_verify(checks: Checks) -> Ready:
    """Make the floor of asymmetric signatures: ``verify`` of a public key of the package cryptography.

    Args:
        checks: Of these, the key and the algorithm.

    Returns:
        The floor.
    """
    verify: Callable[..., None] = checks.public_key.verify
    arguments = _ARGUMENTS[checks.algorithm]
    encode = _der if checks.algorithm == "ES256" else bytes

    def prepare(token: str) -> tuple[Any, ...]:
        message, signature = _split(token)
        return encode(signature), message, *arguments

    def is_signed(token: str) -> bool:
        try:
            verify(*prepare(token))
        except InvalidSignature:
            return False
        return True

    return Ready(
        verify=verify,
        refusal=None,
        arrive=lambda tokens: [prepare(token) for token in tokens],
        accept=call_all,
        is_signed=is_signed,
    )


def hmac_digest(checks: Checks) -> Ready:
    """Make the floor of HMAC: the standard library's ``hmac.digest``, whose result nothing is compared with.

    Args:
        checks: Of these, the key and the algorithm.

    Returns:
        The floor.
    """
    secret, hash_name = checks.secret, HASHES[checks.algorithm]

    def prepare(token: str) -> tuple[Any, ...]:
        return secret, _split(token)[0], hash_name

    return Ready(
        verify=hmac.digest,
        refusal=None,
        arrive=lambda tokens: [prepare(token) for token in tokens],
        accept=call_all,
        is_signed=lambda token: hmac.digest(*prepare(token)) == _split(token)[1],
    )


def orjson_loads(_checks: Checks) -> Ready:
    """Make the floor of reading claims: ``orjson.loads`` of the payload's octets.

    Returns:
        The floor.
    """
    return Ready(
        verify=orjson.loads,
        refusal=None,
        arrive=lambda tokens: [urlsafe_b64decode(token.split(".")[1] + "==") for token in tokens],
    )


def dict_get(checks: Checks) -> Ready:
    """Make the floor of all caches in Python that are asked with the token: it hashes a str, and compares it.

    It judges nothing, and would go on to answer after a token has expired.

    Args:
        checks: What is checked before a token is put into the dict.

    Returns:
        The floor.
    """
    verify = pure_python_verifier(checks).verify
    table: dict[str | bytes, object] = {}

    def remember(arrived: list[str | bytes]) -> None:
        for token in arrived:
            table[token] = verify(token.decode() if isinstance(token, bytes) else token)

    return Ready(verify=table.get, refusal=None, remember=remember, forget=table.clear)


def dict_get_of_bytes(checks: Checks) -> Ready:
    """Make the same floor for tokens that arrive as bytes."""
    return replace(dict_get(checks), arrive=fresh_bytes)


def _split(token: str) -> tuple[bytes, bytes]:
    message, _, signature = token.encode().rpartition(b".")
    return message, urlsafe_b64decode(signature + b"==")


def _der(signature: bytes) -> bytes:
    size = len(signature) // 2
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    return utils.encode_dss_signature(r, s)
