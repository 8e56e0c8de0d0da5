"""PyJWT's names and behaviour on jwtfast's compiled path: ``from jwtfast import jwt`` instead of ``import jwt``.

What differs is listed in docs/pyjwt.md.
"""

from typing import TYPE_CHECKING, Any

from jwtfast.jwt.api_jwk import PyJWK, PyJWKSet
from jwtfast.jwt.api_jws import (
    PyJWS,
    get_algorithm_by_name,
    get_unverified_header,
    register_algorithm,
    unregister_algorithm,
)
from jwtfast.jwt.api_jwt import PyJWT, decode, decode_complete, encode
from jwtfast.jwt.exceptions import (
    DecodeError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAlgorithmError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidTokenError,
    MissingRequiredClaimError,
    PyJWKClientConnectionError,
    PyJWKClientError,
    PyJWKError,
    PyJWKSetError,
    PyJWTError,
)
from jwtfast.jwt.warnings import InsecureKeyLengthWarning

if TYPE_CHECKING:
    from jwtfast.jwt.jwks_client import PyJWKClient

__all__ = [
    "PyJWS",
    "PyJWT",
    "PyJWKClient",
    "PyJWK",
    "PyJWKSet",
    "decode",
    "decode_complete",
    "encode",
    "get_unverified_header",
    "register_algorithm",
    "unregister_algorithm",
    "get_algorithm_by_name",
    "InsecureKeyLengthWarning",
    "DecodeError",
    "ExpiredSignatureError",
    "ImmatureSignatureError",
    "InvalidAlgorithmError",
    "InvalidAudienceError",
    "InvalidIssuedAtError",
    "InvalidIssuerError",
    "InvalidKeyError",
    "InvalidSignatureError",
    "InvalidTokenError",
    "MissingRequiredClaimError",
    "PyJWKClientConnectionError",
    "PyJWKClientError",
    "PyJWKError",
    "PyJWKSetError",
    "PyJWTError",
]
__version__ = "2.15.1"
"""The version of PyJWT whose behaviour this is."""


# What loads the standard library's HTTP: imported when it is asked for.
def __getattr__(name: str) -> Any:
    if name not in {"PyJWKClient", "jwks_client"}:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415 - with the rest

    module = import_module("jwtfast.jwt.jwks_client")
    value = globals()[name] = module if name == "jwks_client" else module.PyJWKClient
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), "PyJWKClient", "jwks_client"})
