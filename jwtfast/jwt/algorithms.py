"""Algorithms as objects, with PyJWT's names: each is a row of ``jwtfast.algorithms`` under PyJWT's rules for keys."""

from __future__ import annotations

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NoReturn, TypeAlias, cast, overload

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256K1,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_public_key,
)

from jwtfast import jwk as jwk_format
from jwtfast._native import HmacKey, PreparedKey
from jwtfast.algorithms import ALGORITHMS
from jwtfast.algorithms import Algorithm as Row
from jwtfast.jwt.exceptions import InvalidKeyError
from jwtfast.jwt.types import HashlibHash, JWKDict
from jwtfast.jwt.utils import base64url_decode, force_bytes
from jwtfast.shared_secret import other_key

__all__ = [
    "Algorithm",
    "AllowedECKeys",
    "AllowedKeys",
    "AllowedOKPKeys",
    "AllowedPrivateKeys",
    "AllowedPublicKeys",
    "AllowedRSAKeys",
    "ECAlgorithm",
    "HMACAlgorithm",
    "NoneAlgorithm",
    "OKPAlgorithm",
    "RSAAlgorithm",
    "RSAPSSAlgorithm",
    "get_default_algorithms",
    "has_crypto",
    "requires_cryptography",
]

has_crypto = True
"""Whether cryptography is there; jwtfast depends on it."""

requires_cryptography = {
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES256K",
    "ES384",
    "ES512",
    "ES521",
    "EdDSA",
}

AllowedRSAKeys: TypeAlias = RSAPrivateKey | RSAPublicKey
AllowedECKeys: TypeAlias = EllipticCurvePrivateKey | EllipticCurvePublicKey
AllowedOKPKeys: TypeAlias = Ed25519PrivateKey | Ed25519PublicKey | Ed448PrivateKey | Ed448PublicKey
AllowedKeys: TypeAlias = AllowedRSAKeys | AllowedECKeys | AllowedOKPKeys
AllowedPrivateKeys: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey
AllowedPublicKeys: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

_MIN_RSA_BITS = 2048
_BITS: dict[type[hashes.HashAlgorithm], int] = {hashes.SHA256: 256, hashes.SHA384: 384, hashes.SHA512: 512}


class Algorithm(ABC):
    """An algorithm that signs and verifies, and the forms its keys are given in. Programs may register their own."""

    _crypto_key_types: tuple[type[Any], ...] | None = None

    def compute_hash_digest(self, bytestr: bytes) -> bytes:
        """Give the digest by the algorithm's hash, as an ID token's ``at_hash`` is made of.

        Args:
            bytestr: The octets.

        Returns:
            The whole digest.

        Raises:
            NotImplementedError: The algorithm has no hash of its own.
        """
        hash_alg = getattr(self, "hash_alg", None)
        if hash_alg is None:
            raise NotImplementedError
        if isinstance(hash_alg, type) and issubclass(hash_alg, hashes.HashAlgorithm):
            digest = hashes.Hash(hash_alg())
            digest.update(bytestr)
            return digest.finalize()
        return bytes(hash_alg(bytestr).digest())

    def check_crypto_key_type(self, key: Any) -> None:
        """Refuse keys of other algorithms.

        Args:
            key: A key of the cryptography package.

        Raises:
            InvalidKeyError: It is not one that the algorithm takes.
            ValueError: The algorithm takes none of that package.
        """
        if self._crypto_key_types is None:
            msg = (
                "This method requires the cryptography library, "
                "and should only be used by cryptography-based algorithms."
            )
            raise ValueError(msg)
        if not isinstance(key, self._crypto_key_types):
            wanted = ", ".join(cls.__name__ for cls in self._crypto_key_types)
            msg = f"Expected one of {wanted}, got: {type(key).__name__}. Invalid Key type for {type(self).__name__}"
            raise InvalidKeyError(msg)

    @abstractmethod
    def prepare_key(self, key: Any) -> Any:
        """Make of a key in any form that is taken the one that ``sign`` and ``verify`` want."""

    @abstractmethod
    def sign(self, msg: bytes, key: Any) -> bytes:
        """Give the signature of a message, as a JWS has it."""

    @abstractmethod
    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        """Tell whether a signature is that of a message."""

    @overload
    @staticmethod
    def to_jwk(key_obj: Any, as_dict: Literal[True]) -> JWKDict: ...
    @overload
    @staticmethod
    def to_jwk(key_obj: Any, as_dict: Literal[False] = False) -> str: ...
    @staticmethod
    @abstractmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> JWKDict | str:
        """Give a key as a JWK: JSON text, or a dict."""

    @staticmethod
    @abstractmethod
    def from_jwk(jwk: str | JWKDict) -> Any:
        """Read a key from a JWK: JSON text, or a dict."""

    def check_key_length(self, key: Any) -> str | None:  # noqa: ARG002 - for those that have a rule
        """Tell what is wrong with a key's length; None where nothing is."""
        return None


class NoneAlgorithm(Algorithm):
    """``none``: signs with nothing, and verifies nothing."""

    def prepare_key(self, key: str | None) -> None:
        """Accept no key at all."""
        if key is not None and key != "":
            msg = 'When alg = "none", key value must be None.'
            raise InvalidKeyError(msg)

    def sign(self, msg: bytes, key: None) -> bytes:  # noqa: ARG002
        """Give the empty signature."""
        return b""

    def verify(self, msg: bytes, key: None, sig: bytes) -> bool:  # noqa: ARG002
        """Tell that it is no signature."""
        return False

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
        """Raise NotImplementedError: there is no such key."""
        raise NotImplementedError

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> NoReturn:
        """Raise NotImplementedError: there is no such key."""
        raise NotImplementedError


class HMACAlgorithm(Algorithm):
    """HS256, HS384 and HS512."""

    SHA256: ClassVar[HashlibHash] = hashlib.sha256
    SHA384: ClassVar[HashlibHash] = hashlib.sha384
    SHA512: ClassVar[HashlibHash] = hashlib.sha512

    def __init__(self, hash_alg: HashlibHash) -> None:
        self.hash_alg = hash_alg
        self._name = str(hash_alg().name)
        self._digest_size = int(hash_alg().digest_size)

    def prepare_key(self, key: str | bytes) -> bytes:
        """Give a secret's octets; InvalidKeyError where it is empty, or some other key's text (CVE-2022-29217)."""
        octets = force_bytes(key)
        if not octets:
            msg = "HMAC key must not be empty."
            raise InvalidKeyError(msg)
        found = other_key(octets)
        if found is not None and "JWK" in found[0]:
            msg = (
                "The specified key looks like a JWK and should not be used directly as an HMAC secret. "
                "Load it via PyJWK / HMACAlgorithm.from_jwk first."
            )
            raise InvalidKeyError(msg)
        if found is not None:
            msg = "The specified key is an asymmetric key or x509 certificate and should not be used as an HMAC secret."
            raise InvalidKeyError(msg)
        return octets

    @overload
    @staticmethod
    def to_jwk(key_obj: str | bytes, as_dict: Literal[True]) -> JWKDict: ...
    @overload
    @staticmethod
    def to_jwk(key_obj: str | bytes, as_dict: Literal[False] = False) -> str: ...
    @staticmethod
    def to_jwk(key_obj: str | bytes, as_dict: bool = False) -> JWKDict | str:
        """Give a secret as a JWK (RFC 7518 section 6.4)."""
        return _written({"k": jwk_format.encode(force_bytes(key_obj)), "kty": "oct"}, as_dict)

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> bytes:
        """Read a secret from a JWK (RFC 7518 section 6.4)."""
        members = _members(jwk, "oct", "Not an HMAC key")
        octets = _octets(members, "k")
        if not octets:
            msg = "HMAC key must not be empty."
            raise InvalidKeyError(msg)
        return octets

    def check_key_length(self, key: bytes) -> str | None:
        """Tell whether a secret is shorter than the hash (RFC 7518 section 3.2)."""
        if len(key) >= self._digest_size:
            return None
        return (
            f"The HMAC key is {len(key)} bytes long, which is below the minimum recommended length of "
            f"{self._digest_size} bytes for {self._name.upper()}. See RFC 7518 Section 3.2."
        )

    def sign(self, msg: bytes, key: bytes) -> bytes:
        """Give the MAC of a message."""
        name = _HMAC_NAMES.get(self._name)
        if name is None:  # a hash that JWA has no HMAC of
            return hmac.digest(key, msg, self._name)
        return HmacKey(self._name, key, name).sign(msg)

    def verify(self, msg: bytes, key: bytes, sig: bytes) -> bool:
        """Tell whether a MAC is that of a message."""
        return hmac.compare_digest(sig, self.sign(msg, key))


_HMAC_NAMES = {"sha256": "HS256", "sha384": "HS384", "sha512": "HS512"}


class RSAAlgorithm(Algorithm):
    """RS256, RS384 and RS512."""

    SHA256: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA256
    SHA384: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA384
    SHA512: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA512

    _crypto_key_types = (RSAPrivateKey, RSAPublicKey)
    _family = "RS"

    def __init__(self, hash_alg: type[hashes.HashAlgorithm]) -> None:
        self.hash_alg = hash_alg
        self._row = ALGORITHMS[f"{self._family}{_BITS[hash_alg]}"]

    def check_key_length(self, key: AllowedRSAKeys) -> str | None:
        """Tell whether a modulus is shorter than 2,048 bits (NIST SP 800-131A)."""
        if key.key_size >= _MIN_RSA_BITS:
            return None
        return (
            f"The RSA key is {key.key_size} bits long, which is below the minimum recommended size of "
            f"{_MIN_RSA_BITS} bits. See NIST SP 800-131A."
        )

    def prepare_key(self, key: AllowedRSAKeys | str | bytes) -> AllowedRSAKeys:
        """Read a key from PEM, or from the text of an SSH public key."""
        if isinstance(key, self._crypto_key_types):
            return key
        loaded = _read_text(_text_of_key(key), b"ssh-rsa", "Could not parse the provided public key.")
        self.check_crypto_key_type(loaded)
        return cast("AllowedRSAKeys", loaded)

    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedRSAKeys, as_dict: Literal[True]) -> JWKDict: ...
    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedRSAKeys, as_dict: Literal[False] = False) -> str: ...
    @staticmethod
    def to_jwk(key_obj: AllowedRSAKeys, as_dict: bool = False) -> JWKDict | str:
        """Give a key as a JWK (RFC 7518 section 6.3), a private one with its private members."""
        operation = "sign" if isinstance(key_obj, RSAPrivateKey) else "verify"
        return _written({"kty": "RSA", "key_ops": [operation]} | _dump(key_obj, RSAAlgorithm), as_dict)

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> AllowedRSAKeys:
        """Read a key from a JWK (RFC 7518 section 6.3)."""
        members = _members(jwk, "RSA", "Not an RSA key")
        return cast("AllowedRSAKeys", _load(members, integers=("n", "e", "d", "p", "q", "dp", "dq", "qi")))

    def sign(self, msg: bytes, key: RSAPrivateKey) -> bytes:
        """Give the signature of a message."""
        return self._row.sign(self._row, _private(key), msg)

    def verify(self, msg: bytes, key: RSAPublicKey, sig: bytes) -> bool:
        """Tell whether a signature is that of a message."""
        return self._row.prepare(self._row, _public(key), None).is_signed(sig, msg)


class RSAPSSAlgorithm(RSAAlgorithm):
    """PS256, PS384 and PS512."""

    _family = "PS"


class ECAlgorithm(Algorithm):
    """ES256, ES256K, ES384 and ES512; where no curve is expected, ECDSA with this hash on any."""

    SHA256: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA256
    SHA384: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA384
    SHA512: ClassVar[type[hashes.HashAlgorithm]] = hashes.SHA512

    _crypto_key_types = (EllipticCurvePrivateKey, EllipticCurvePublicKey)

    def __init__(self, hash_alg: type[hashes.HashAlgorithm], expected_curve: type[EllipticCurve] | None = None) -> None:
        self.hash_alg = hash_alg
        self.expected_curve = expected_curve
        self._row = ALGORITHMS[f"ES{_BITS[hash_alg]}"]

    def prepare_key(self, key: AllowedECKeys | str | bytes) -> AllowedECKeys:
        """Read a key from PEM, or from the text of an SSH public key."""
        if not isinstance(key, self._crypto_key_types):
            loaded = _read_text(_text_of_key(key), b"ecdsa-sha2-", "Could not parse the provided key.")
            self.check_crypto_key_type(loaded)
            key = cast("AllowedECKeys", loaded)
        if self.expected_curve is not None and not isinstance(key.curve, self.expected_curve):
            msg = (
                f"The key's curve '{key.curve.name}' does not match the expected curve "
                f"'{self.expected_curve.name}' for this algorithm"
            )
            raise InvalidKeyError(msg)
        return key

    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedECKeys, as_dict: Literal[True]) -> JWKDict: ...
    @overload
    @staticmethod
    def to_jwk(key_obj: AllowedECKeys, as_dict: Literal[False] = False) -> str: ...
    @staticmethod
    def to_jwk(key_obj: AllowedECKeys, as_dict: bool = False) -> JWKDict | str:
        """Give a key as a JWK (RFC 7518 section 6.2), a private one with its private member."""
        return _written(_dump(key_obj, ECAlgorithm), as_dict)

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> AllowedECKeys:
        """Read a key from a JWK (RFC 7518 section 6.2)."""
        return cast("AllowedECKeys", _load(_members(jwk, "EC", "Not an Elliptic curve key")))

    def sign(self, msg: bytes, key: EllipticCurvePrivateKey) -> bytes:
        """Give the signature of a message."""
        return self._row.sign(self._row, _private(key), msg)

    def verify(self, msg: bytes, key: AllowedECKeys, sig: bytes) -> bool:
        """Tell whether a signature is that of a message."""
        return self._row.prepare(self._row, _public(key), None).is_signed(sig, msg)


class OKPAlgorithm(Algorithm):
    """EdDSA, with Ed25519 and Ed448."""

    _crypto_key_types = (Ed25519PrivateKey, Ed25519PublicKey, Ed448PrivateKey, Ed448PublicKey)
    _row = ALGORITHMS["EdDSA"]

    def __init__(self, **kwargs: Any) -> None:
        """Take nothing: PyJWT's constructor accepts any keywords and ignores them."""

    def prepare_key(self, key: AllowedOKPKeys | str | bytes) -> AllowedOKPKeys:
        """Read a key from PEM, or from the text of an SSH public key."""
        if isinstance(key, str | bytes):
            key = _read_text(_text_of_key(key), b"ssh-", "Not a public or private key")
        self.check_crypto_key_type(key)
        return cast("AllowedOKPKeys", key)

    @overload
    @staticmethod
    def to_jwk(key: AllowedOKPKeys, as_dict: Literal[True]) -> JWKDict: ...
    @overload
    @staticmethod
    def to_jwk(key: AllowedOKPKeys, as_dict: Literal[False] = False) -> str: ...
    @staticmethod
    def to_jwk(key: AllowedOKPKeys, as_dict: bool = False) -> JWKDict | str:
        """Give a key as a JWK (RFC 8037 section 2), a private one with its private member."""
        return _written(_dump(key, OKPAlgorithm), as_dict)

    @staticmethod
    def from_jwk(jwk: str | JWKDict) -> AllowedOKPKeys:
        """Read a key from a JWK (RFC 8037 section 2)."""
        return cast("AllowedOKPKeys", _load(_members(jwk, "OKP", "Not an Octet Key Pair")))

    def sign(self, msg: str | bytes, key: Ed25519PrivateKey | Ed448PrivateKey) -> bytes:
        """Give the signature of a message."""
        return self._row.sign(self._row, _private(key), force_bytes(msg))

    def verify(self, msg: str | bytes, key: AllowedOKPKeys, sig: str | bytes) -> bool:
        """Tell whether a signature is that of a message; a key that anybody could sign for is refused."""
        public = _public(key)
        self._row.check(self._row, public)
        return self._row.prepare(self._row, public, None).is_signed(force_bytes(sig), force_bytes(msg))


def get_default_algorithms() -> dict[str, Algorithm]:
    """Give the algorithms that PyJWT has, by their names, as new objects."""
    return {
        "none": NoneAlgorithm(),
        "HS256": HMACAlgorithm(HMACAlgorithm.SHA256),
        "HS384": HMACAlgorithm(HMACAlgorithm.SHA384),
        "HS512": HMACAlgorithm(HMACAlgorithm.SHA512),
        "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
        "RS384": RSAAlgorithm(RSAAlgorithm.SHA384),
        "RS512": RSAAlgorithm(RSAAlgorithm.SHA512),
        "ES256": ECAlgorithm(ECAlgorithm.SHA256, SECP256R1),
        "ES256K": ECAlgorithm(ECAlgorithm.SHA256, SECP256K1),
        "ES384": ECAlgorithm(ECAlgorithm.SHA384, SECP384R1),
        "ES521": ECAlgorithm(ECAlgorithm.SHA512, SECP521R1),
        "ES512": ECAlgorithm(ECAlgorithm.SHA512, SECP521R1),
        "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
        "PS384": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA384),
        "PS512": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA512),
        "EdDSA": OKPAlgorithm(),
    }


def prepared_key(name: str, algorithm: Algorithm, key: Any) -> PreparedKey | None:
    """Give what the compiled core verifies with.

    Args:
        name: The name that the algorithm is registered by.
        algorithm: The algorithm.
        key: A key that its ``prepare_key`` gave.

    Returns:
        The prepared key; None where only the algorithm itself knows how to verify, being a program's own.
    """
    kind = type(algorithm)
    if kind is HMACAlgorithm:
        hash_name = algorithm._name  # type: ignore[attr-defined]  # noqa: SLF001 - of this module
        return HmacKey(hash_name, key, name) if hash_name in _HMAC_NAMES else None
    if kind not in {RSAAlgorithm, RSAPSSAlgorithm, ECAlgorithm, OKPAlgorithm}:
        return None
    row: Row = algorithm._row  # type: ignore[attr-defined]  # noqa: SLF001 - of this module
    public = _public(key)
    if kind is OKPAlgorithm:
        row.check(row, public)
    return row.prepare(row, public, None)


# ---- keys as PyJWT takes them ----


def _text_of_key(key: Any) -> bytes:
    if not isinstance(key, str | bytes):
        msg = "Expecting a PEM-formatted key."
        raise TypeError(msg)
    return force_bytes(key)


def _read_text(text: bytes, ssh_prefix: bytes, damaged: str) -> Any:
    """Read a public or private key from PEM, or a public one from an SSH key's text."""
    if text.startswith(ssh_prefix):
        return jwk_format.load_quietly(lambda: load_ssh_public_key(text), damaged)
    if b"PRIVATE KEY-----" not in text:
        return jwk_format.load_quietly(lambda: load_pem_public_key(text), damaged)
    if b"ENCRYPTED" in text:
        damaged = "the key is encrypted: decrypt it with cryptography's load_pem_private_key, and give what that gives"
    return jwk_format.load_quietly(lambda: load_pem_private_key(text, password=None), damaged)


def _public(key: Any) -> Any:
    return key.public_key() if hasattr(key, "public_key") else key


def _private(key: Any) -> Any:
    if not hasattr(key, "sign"):
        msg = f"signing takes a private key, and this is none ({type(key).__name__})"
        raise InvalidKeyError(msg)
    return key


# ---- JWKs as PyJWT takes them: with padding, and zeros in front of integers ----


def _members(jwk: str | JWKDict, kty: str, other: str) -> JWKDict:
    members: Any = jwk
    if isinstance(jwk, str):
        try:
            members = json.loads(jwk)
        except (ValueError, RecursionError):
            members = None
    if not isinstance(members, dict):
        msg = "Key is not valid JSON"
        raise InvalidKeyError(msg)
    if members.get("kty") != kty:
        raise InvalidKeyError(other)
    return members


def _octets(members: JWKDict, name: str) -> bytes:
    value: Any = members.get(name)
    try:
        return base64url_decode(value)
    except (TypeError, ValueError):
        msg = f"the JWK has no member {name!r} that is a base64url string"
    raise InvalidKeyError(msg)


def _load(members: JWKDict, integers: tuple[str, ...] = ()) -> Any:
    """Read a JWK by the strict reader, once its members are spelled as the standard has them."""
    spelled = {name: value for name, value in members.items() if name in {"kty", "crv", "oth"}}
    for name in (*integers, *(() if integers else ("x", "y", "d"))):
        if name in members:
            octets = _octets(members, name)
            spelled[name] = jwk_format.encode(octets.lstrip(b"\0") if integers else octets)
    public, private = jwk_format.load(spelled, weak=True)
    return public if private is None else private


def _dump(key: Any, algorithm: type[Algorithm]) -> JWKDict:
    kinds = algorithm._crypto_key_types or ()  # noqa: SLF001 - of this module
    if not isinstance(key, kinds):
        msg = "Not a public or private key"
        raise InvalidKeyError(msg)
    if algorithm is ECAlgorithm and jwk_format.curve_of(_public(key)) is None:
        msg = f"Invalid curve: {key.curve}"
        raise InvalidKeyError(msg)
    public = _public(key)
    return dict(jwk_format.dump(public, None if public is key else key))


def _written(members: JWKDict, as_dict: bool) -> JWKDict | str:
    return members if as_dict else json.dumps(members)
