"""The exceptions of PyJWT 2.15, by its names: those of ``jwtfast.errors``, and what only its JWK classes raise.

``jwt.ExpiredSignatureError`` is ``jwtfast.errors.ExpiredSignatureError``, so one ``except`` serves a program that uses
both this module and a ``Verifier``.
"""

from __future__ import annotations

from jwtfast.errors import (
    DecodeError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAlgorithmError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidJTIError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidSubjectError,
    InvalidTokenError,
    MissingRequiredClaimError,
)
from jwtfast.errors import JWTError as PyJWTError

__all__ = [
    "DecodeError",
    "ExpiredSignatureError",
    "ImmatureSignatureError",
    "InvalidAlgorithmError",
    "InvalidAudienceError",
    "InvalidIssuedAtError",
    "InvalidIssuerError",
    "InvalidJTIError",
    "InvalidKeyError",
    "InvalidSignatureError",
    "InvalidSubjectError",
    "InvalidTokenError",
    "MissingCryptographyError",
    "MissingRequiredClaimError",
    "PyJWKClientConnectionError",
    "PyJWKClientError",
    "PyJWKError",
    "PyJWKSetError",
    "PyJWTError",
]


class PyJWKError(PyJWTError):
    """Raised when no algorithm can be found for a JWK."""

    code = "invalid_jwk"


class MissingCryptographyError(PyJWKError):
    """Never raised here: jwtfast depends on cryptography. Programs that catch it go on working."""

    code = "missing_cryptography"


class PyJWKSetError(PyJWTError):
    """Raised when a JWK set is none, or has no key that can be used."""

    code = "invalid_jwk_set"


class PyJWKClientError(PyJWTError):
    """Raised when a ``PyJWKClient`` is configured wrongly or finds no key."""

    code = "jwk_client"


class PyJWKClientConnectionError(PyJWKClientError):
    """Raised when a ``PyJWKClient`` can't fetch its JWK set."""

    code = "jwk_client_connection"
