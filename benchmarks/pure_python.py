"""A verifier of HMAC-signed tokens from the standard library alone: the benchmarks' baseline, and an oracle for tests.

It is what a careful user would write, and does what ``jwtfast.Verifier`` does with the same arguments, but for what it
takes beyond that: integers of more than 64 bits, dates of more than 2^53 in size, lone surrogates, and any nesting and
length that the stack and the memory hold.
"""

from __future__ import annotations

import hmac
import json
import math
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["HASHES", "PurePythonVerifier", "RefusedTokenError"]

HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class RefusedTokenError(ValueError):
    """Raised for whatever is wrong with a token."""


class PurePythonVerifier:
    """Verifies tokens by one secret and one policy (RFC 7519 section 7.2)."""

    def __init__(
        self,
        secret: bytes,
        algorithm: str = "HS256",
        *,
        issuer: str | None = None,
        audience: str | None = None,
        any_audience: bool = False,
        expiry_required: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Configure it.

        Args:
            secret: The key of the HMAC.
            algorithm: ``HS256``, ``HS384`` or ``HS512``, the only one that a header may name.
            issuer: What ``iss`` must be; None: any, or none.
            audience: What ``aud`` must be or hold; None: a token with ``aud`` is refused.
            any_audience: Accept any ``aud``, and none.
            expiry_required: Refuse tokens without ``exp``.
            clock: Tells the time, in seconds since the epoch.

        Raises:
            KeyError: The algorithm is another one.
        """
        self._secret = secret
        self._algorithm = algorithm
        self._hash_name = HASHES[algorithm]
        self._issuer = issuer
        self._audience = audience
        self._any_audience = any_audience
        self._expiry_required = expiry_required
        self._clock = clock

    def verify(self, token: str) -> dict[str, Any]:
        """Verify a token.

        Args:
            token: The token in JWS Compact Serialization (RFC 7515 section 7.1).

        Returns:
            Its claims.

        Raises:
            RefusedTokenError: Something is wrong with it; the message says what.
        """
        if not token.isascii():
            _refuse("it is not ASCII")
        segments = token.encode().split(b".", 3)
        if len(segments) != 3:
            _refuse("it is not three segments")
        header, payload, signature = segments
        self._check_header(_decode_object(header))
        mac = hmac.digest(self._secret, header + b"." + payload, self._hash_name)
        # Compared as text: so no other spelling of the right signature can pass, and nothing of it need be decoded.
        if not hmac.compare_digest(_encode(mac), signature):
            _refuse("the signature is wrong")
        claims = _decode_object(payload)
        self._check_times(claims)
        self._check_names(claims)
        return claims

    def _check_header(self, header: dict[str, Any]) -> None:
        if header.get("alg") != self._algorithm:
            _refuse("the header names another algorithm")
        if "crit" in header or header.get("b64", True) is not True:
            _refuse("the header asks for an extension")
        _text(header, "kid")
        _text(header, "typ")

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        expires_at = _seconds(claims, "exp")
        if expires_at is None:
            if self._expiry_required:
                _refuse("exp is missing")
        elif now >= expires_at:
            _refuse("it has expired")
        for name in ("nbf", "iat"):
            begins_at = _seconds(claims, name)
            if begins_at is not None and now < begins_at:
                _refuse(f"{name} is in the future")

    def _check_names(self, claims: dict[str, Any]) -> None:
        issuer = _text(claims, "iss")
        if self._issuer is not None and issuer != self._issuer:
            _refuse("iss is another one")
        _text(claims, "sub")
        _text(claims, "jti")
        audience = _audience(claims)
        if self._any_audience:
            return
        if self._audience is None:
            if audience is not None:
                _refuse("it is meant for an audience")
        elif audience is None or self._audience not in audience:
            _refuse("aud names others")


def _refuse(reason: str) -> NoReturn:
    raise RefusedTokenError(reason)


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decode_object(segment: bytes) -> dict[str, Any]:
    try:
        data = urlsafe_b64decode(segment + b"==")
        value = _JSON.decode(data.decode())
    except RefusedTokenError:
        raise
    except (ValueError, RecursionError):
        # Not chained: the causes hold the text of the segment.
        raise RefusedTokenError("a segment is not base64url of JSON in UTF-8") from None  # noqa: EM101, TRY003
    # Python's decoder skips what is not of the alphabet, and takes padding and stray bits: only one spelling survives.
    if _encode(data) != segment:
        _refuse("a segment is not canonical base64url")
    if not isinstance(value, dict):
        _refuse("a segment is no JSON object")
    return value


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("two members have one name")
    return members


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse("a number is too big")
    return value


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_object_of, parse_float=_finite, parse_constant=_refuse_constant)


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    # By exact type, since bool is a subclass of int.
    if type(value) is int or type(value) is float:
        return value
    _refuse(f"{name} is not a number")


def _text(members: dict[str, Any], name: str) -> str | None:
    if name not in members:
        return None
    value = members[name]
    if isinstance(value, str):
        return value
    _refuse(f"{name} is not a string")


def _audience(claims: dict[str, Any]) -> list[str] | None:
    if "aud" not in claims:
        return None
    value = claims["aud"]
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        _refuse("aud is not a string or a list of strings")
    return names
