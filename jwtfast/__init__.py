"""Verifies JSON Web Tokens as close to the machine's limit as Python allows."""

from jwtfast import errors
from jwtfast._native import CacheInfo, Claims, Token
from jwtfast.claims import ANY
from jwtfast.key_set import KeySet, SkippedKey
from jwtfast.keys import Key
from jwtfast.revocation import RevocationList
from jwtfast.verifier import Verifier

__all__ = ["ANY", "CacheInfo", "Claims", "Key", "KeySet", "RevocationList", "SkippedKey", "Token", "Verifier", "errors"]
__version__ = "0.1.0"
