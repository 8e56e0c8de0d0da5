"""``PyJWK`` and ``PyJWKSet``: JWKs (RFC 7517) as PyJWT has them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from jwtfast.jwt.algorithms import get_default_algorithms
from jwtfast.jwt.exceptions import InvalidKeyError, PyJWKError, PyJWKSetError, PyJWTError
from jwtfast.jwt.types import JWKDict

__all__ = ["PyJWK", "PyJWKSet", "PyJWTSetWithTimestamp"]

_EC_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "secp256k1": "ES256K"}


class PyJWK:
    """A key with the one algorithm it is for."""

    def __init__(self, jwk_data: JWKDict, algorithm: str | None = None) -> None:
        """Read a JWK.

        Args:
            jwk_data: Its members.
            algorithm: The ``alg`` it is for; None: its own, or the usual one of its kind.

        Raises:
            InvalidKeyError: It is malformed.
            PyJWKError: There is no such algorithm.
        """
        if not isinstance(jwk_data, dict):
            msg = f"a JWK is a dict, not {type(jwk_data).__name__}"
            raise InvalidKeyError(msg)
        self._jwk_data = jwk_data
        kty = jwk_data.get("kty")
        if not kty:
            msg = "kty is not found in the JWK"
            raise InvalidKeyError(msg)
        name = algorithm or jwk_data.get("alg") or _usual_algorithm(kty, jwk_data.get("crv"))
        found = get_default_algorithms().get(name) if isinstance(name, str) else None
        if found is None or name == "none":
            msg = "Unable to find an algorithm for the JWK: its 'alg' is none that is known"
            raise PyJWKError(msg)
        self.algorithm_name: str = str(name)
        self.Algorithm: Any = found
        self.key: Any = found.from_jwk(jwk_data)

    @staticmethod
    def from_dict(obj: JWKDict, algorithm: str | None = None) -> PyJWK:
        """Read a JWK from a dict; see the constructor."""
        return PyJWK(obj, algorithm)

    @staticmethod
    def from_json(data: str, algorithm: str | None = None) -> PyJWK:
        """Read a JWK from JSON text; see the constructor."""
        return PyJWK(_loaded(data, InvalidKeyError), algorithm)

    @property
    def key_type(self) -> str | None:
        """The ``kty`` (RFC 7517 section 4.1)."""
        return self._jwk_data.get("kty")

    @property
    def key_id(self) -> str | None:
        """The ``kid`` (RFC 7517 section 4.5)."""
        return self._jwk_data.get("kid")

    @property
    def public_key_use(self) -> str | None:
        """The ``use`` (RFC 7517 section 4.2)."""
        return self._jwk_data.get("use")

    def __repr__(self) -> str:
        return f"<PyJWK {self.algorithm_name} kid={self.key_id!r}>"


class PyJWKSet:
    """The usable keys of a JWK set (RFC 7517 section 5)."""

    def __init__(self, keys: list[JWKDict]) -> None:
        """Read the keys, and skip those that can't be used.

        Args:
            keys: The members of the set's ``keys``.

        Raises:
            PyJWKSetError: It is no list, is empty, or no member of it can be used.
        """
        if not isinstance(keys, list):
            msg = "Invalid JWK Set value"
            raise PyJWKSetError(msg)
        if not keys:
            msg = "The JWK Set did not contain any keys"
            raise PyJWKSetError(msg)
        self.keys: list[PyJWK] = []
        for members in keys:
            try:
                self.keys.append(PyJWK(members))
            except PyJWTError:  # for another algorithm, another use, or broken: a set is more than one key
                continue
        if not self.keys:
            msg = "The JWK Set did not contain any usable keys"
            raise PyJWKSetError(msg)

    @staticmethod
    def from_dict(obj: dict[str, Any]) -> PyJWKSet:
        """Read a set from a dict; see the constructor."""
        if not isinstance(obj, dict):
            msg = "Invalid JWK Set value"
            raise PyJWKSetError(msg)
        return PyJWKSet(obj.get("keys") or [])

    @staticmethod
    def from_json(data: str) -> PyJWKSet:
        """Read a set from JSON text; see the constructor."""
        return PyJWKSet.from_dict(_loaded(data, PyJWKSetError))

    def __getitem__(self, kid: str) -> PyJWK:
        for key in self.keys:
            if key.key_id == kid:
                return key
        msg = "the JWK set has no key of this kid"
        raise KeyError(msg)

    def __iter__(self) -> Iterator[PyJWK]:
        return iter(self.keys)


class PyJWTSetWithTimestamp:
    """A set, and when it came, on the monotonic clock."""

    def __init__(self, jwk_set: PyJWKSet) -> None:
        self.jwk_set = jwk_set
        self.timestamp = time.monotonic()

    def get_jwk_set(self) -> PyJWKSet:
        """Give the set."""
        return self.jwk_set

    def get_timestamp(self) -> float:
        """Give when it came, in seconds."""
        return self.timestamp


def _usual_algorithm(kty: Any, crv: Any) -> str:
    """Tell what a key is for that does not say it."""
    if kty == "EC":
        if crv is None:
            return "ES256"
        if isinstance(crv, str) and crv in _EC_ALGORITHMS:
            return _EC_ALGORITHMS[crv]
        msg = "Unsupported crv: none that signs"
    elif kty == "RSA":
        return "RS256"
    elif kty == "oct":
        return "HS256"
    elif kty == "OKP":
        if crv in ("Ed25519", "Ed448"):  # by a tuple: it may be a list or a dict
            return "EdDSA"
        msg = "crv is not found" if not crv else "Unsupported crv: none that signs"
    else:
        msg = "Unsupported kty: none of RSA, EC, OKP and oct"
    raise InvalidKeyError(msg)


def _loaded(data: str, error: type[PyJWTError]) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        msg = "this is no JSON text"
    raise error(msg)
