"""Verifies JSON Web Tokens as close to the machine's limit as Python allows."""

from typing import TYPE_CHECKING, Any

from jwtfast import errors
from jwtfast._native import CacheInfo, Claims, Token
from jwtfast.claims import ANY
from jwtfast.key_set import KeySet, SkippedKey
from jwtfast.keys import Key
from jwtfast.revocation import RevocationList
from jwtfast.verifier import Verifier

if TYPE_CHECKING:
    from jwtfast.issuer import Issuer
    from jwtfast.key_ring import KeyRing as KeyRing
    from jwtfast.multi_issuer import MultiIssuerVerifier
    from jwtfast.remote import RemoteKeySet as RemoteKeySet

__all__ = [
    "ANY",
    "CacheInfo",
    "Claims",
    "Issuer",
    "Key",
    "KeySet",
    "MultiIssuerVerifier",
    "RevocationList",
    "SkippedKey",
    "Token",
    "Verifier",
    "errors",
]
__version__ = "0.1.0"

# What many a program that verifies can do without: imported when it is asked for. "import *" asks for what is in
# __all__, which leaves out what takes long to import or needs another package.
_ON_DEMAND = {
    "Issuer": "jwtfast.issuer",
    "KeyRing": "jwtfast.key_ring",
    "MultiIssuerVerifier": "jwtfast.multi_issuer",
    "RemoteKeySet": "jwtfast.remote",
}


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415 - with the rest

    value = globals()[name] = getattr(import_module(_ON_DEMAND[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_DEMAND})
