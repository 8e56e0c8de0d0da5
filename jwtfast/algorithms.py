"""The JWA table (RFC 7518 section 3.1): for each algorithm name the keys it takes, and how they verify and sign.

A new algorithm is a new row. ``cryptography`` is imported by the first row that needs it.
"""

# ruff: noqa: PLC0415 - cryptography is imported by those who have a key for it

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jwtfast._native import HmacKey, PreparedKey, RsaKey, SignatureKey, kernels
from jwtfast.errors import InvalidKeyError
from jwtfast.jwk import MAX_RSA_BITS, MIN_RSA_BITS, curve_of, require_rsa_size

__all__ = ["ALGORITHMS", "Algorithm", "find_algorithm"]

_MAX_RSA_EXPONENT_BITS = 64


class Algorithm(NamedTuple):
    """One row of the table.

    Attributes:
        name: The ``alg`` value.
        key_type: The JWK ``kty`` of its keys.
        check: Raises InvalidKeyError for a public key (or a secret) that the algorithm must not be used with.
        prepare: Makes of a public key (or a secret) what the compiled core verifies with.
        sign: Signs a message with a private key (or a prepared secret); gives the signature as a JWS has it.
        hash_name: Its hash as hashlib names it, where it has one of its own.
        curves: The JWK ``crv`` values of its keys, where they have one; the parameter set of ML-DSA.
        also_known_as: Other names that headers may use for it (RFC 9864 section 2), by the key's ``crv``.
    """

    name: str
    key_type: str
    check: Callable[[Algorithm, Any], None]
    prepare: Callable[[Algorithm, Any, str | None], PreparedKey]
    sign: Callable[[Algorithm, Any, bytes], bytes]
    hash_name: str = ""
    curves: tuple[str, ...] = ()
    also_known_as: tuple[tuple[str, str], ...] = ()

    def names_for(self, curve: str | None) -> tuple[str, ...]:
        """Give all names by which tokens may call the algorithm of a key on this curve."""
        return (self.name, *(name for crv, name in self.also_known_as if crv == curve))


def find_algorithm(name: str) -> Algorithm:
    """Give the row of an algorithm.

    Args:
        name: The ``alg`` value, exactly as the standard spells it.

    Returns:
        Its row.

    Raises:
        InvalidKeyError: There is no such algorithm; ``none`` is none.
        TypeError: The name is not a str.
    """
    if not isinstance(name, str):
        msg = f"an algorithm is named by a str, not {type(name).__name__}"
        raise TypeError(msg)
    row = ALGORITHMS.get(name)
    if row is None:
        # What was given is not repeated: where arguments were swapped, it is a secret.
        msg = f"unknown algorithm: use one of {', '.join(ALGORITHMS)}"
        raise InvalidKeyError(msg)
    return row


def _hash_of(row: Algorithm) -> Any:
    from cryptography.hazmat.primitives import hashes

    if row.hash_name == "sha256":
        return hashes.SHA256()
    return hashes.SHA384() if row.hash_name == "sha384" else hashes.SHA512()


def _hashed_by(row: Algorithm) -> Any:
    # For a SignatureKey that hashes the message itself.
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    return Prehashed(_hash_of(row))


# ---- HMAC (RFC 7518 section 3.2) ----


def _check_secret(row: Algorithm, secret: bytes) -> None:
    least = {"sha256": 32, "sha384": 48, "sha512": 64}[row.hash_name]
    if len(secret) < least:
        msg = (
            f"a secret for {row.name} has at least {least} bytes (RFC 7518 section 3.2), this one {len(secret)}: "
            f"make one with secrets.token_bytes({least})"
        )
        raise InvalidKeyError(msg)


def _prepare_secret(row: Algorithm, secret: bytes, key_id: str | None) -> PreparedKey:
    return HmacKey(row.hash_name, secret, row.name, key_id)


def _sign_hmac(_row: Algorithm, key: HmacKey, message: bytes) -> bytes:
    return key.sign(message)


# ---- RSA: PKCS #1 v1.5 and PSS (RFC 7518 sections 3.3 and 3.5) ----


def _is_usual(numbers: Any) -> bool:
    e, n = int(numbers.e), int(numbers.n)
    return e >= 3 and e % 2 == 1 and n % 2 == 1 and e.bit_length() <= _MAX_RSA_EXPONENT_BITS


def _check_rsa(_row: Algorithm, public: Any) -> None:
    require_rsa_size(public.key_size)
    if not _is_usual(public.public_numbers()):
        msg = "this RSA key's exponent or modulus is none that any key generator makes: use one with exponent 65537"
        raise InvalidKeyError(msg)


def _rsa_padding(row: Algorithm) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    if row.name.startswith("RS"):
        return padding.PKCS1v15()
    # The salt is exactly as long as the hash, and MGF1 uses the same hash.
    return padding.PSS(mgf=padding.MGF1(_hash_of(row)), salt_length=_hash_of(row).digest_size)


def _prepare_rsa(row: Algorithm, public: Any, key_id: str | None) -> PreparedKey:
    size = (public.key_size + 7) // 8
    numbers = public.public_numbers()
    # Keys that jwtfast.jwt takes because PyJWT does, and that _check_rsa would refuse, are cryptography's to judge.
    if kernels.has_rsa and MIN_RSA_BITS <= public.key_size <= MAX_RSA_BITS and _is_usual(numbers):
        pss = row.name.startswith("PS")
        return RsaKey(row.name, row.hash_name, numbers.n.to_bytes(size, "big"), numbers.e, pss=pss, key_id=key_id)
    return SignatureKey(
        row.name,
        public.verify,
        (_rsa_padding(row), _hashed_by(row)),
        size,
        hash_name=row.hash_name,
        key_id=key_id,
    )


def _sign_rsa(row: Algorithm, private: Any, message: bytes) -> bytes:
    signature: bytes = private.sign(message, _rsa_padding(row), _hash_of(row))
    return signature


# ---- ECDSA (RFC 7518 section 3.4, RFC 8812) ----


def _check_curve(row: Algorithm, public: Any) -> None:
    curve = curve_of(public)
    if curve not in row.curves:
        name = curve or public.curve.name
        msg = f"{row.name} takes keys on {' or '.join(row.curves)}; this one is on {name}"
        raise InvalidKeyError(msg)


def _prepare_ec(row: Algorithm, public: Any, key_id: str | None) -> PreparedKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    size = (public.key_size + 7) // 8
    return SignatureKey(
        row.name,
        public.verify,
        (ec.ECDSA(_hashed_by(row)),),
        2 * size,
        hash_name=row.hash_name,
        order=public.curve.group_order.to_bytes(size, "big"),
        key_id=key_id,
    )


def _sign_ec(row: Algorithm, private: Any, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    size = (private.key_size + 7) // 8
    r, s = utils.decode_dss_signature(private.sign(message, ec.ECDSA(_hash_of(row))))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


# ---- EdDSA (RFC 8037 section 3.1, RFC 9864) and ML-DSA (RFC 9964) ----

# The y coordinates of the points whose order divides the cofactor: a key that is one of them has signatures that are
# good for any message (RFC 8032 sections 5.1 and 5.2 give the curves).
_LOW_ORDER = {
    "Ed25519": (
        2**255 - 19,
        {
            0,
            1,
            2**255 - 20,
            0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
            0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        },
    ),
    "Ed448": (2**448 - 2**224 - 1, {0, 1, 2**448 - 2**224 - 2}),
}


# What signatures that are one string of octets take (RFC 8032 sections 5.1.6 and 5.2.6, FIPS 204 section 4).
_RAW_LENGTH = {"Ed25519": 64, "Ed448": 114, "ML-DSA-44": 2420, "ML-DSA-65": 3309, "ML-DSA-87": 4627}


def _check_okp(row: Algorithm, public: Any) -> None:
    _check_curve(row, public)
    curve = str(curve_of(public))
    prime, low_order = _LOW_ORDER[curve]
    octets = public.public_bytes_raw()
    y = int.from_bytes(octets, "little") & ~(1 << (8 * len(octets) - 1))  # the top bit is the sign of x
    if y >= prime or y in low_order:
        msg = f"this {curve} key is a point of low order or not canonical: anybody could sign with it"
        raise InvalidKeyError(msg)


def _prepare_raw(row: Algorithm, public: Any, key_id: str | None) -> PreparedKey:
    return SignatureKey(row.name, public.verify, (), _RAW_LENGTH[str(curve_of(public))], key_id=key_id)


def _sign_raw(_row: Algorithm, private: Any, message: bytes) -> bytes:
    signature: bytes = private.sign(message)
    return signature


# ---- the table ----


def _hmac(name: str, hash_name: str) -> Algorithm:
    return Algorithm(
        name=name,
        key_type="oct",
        hash_name=hash_name,
        check=_check_secret,
        prepare=_prepare_secret,
        sign=_sign_hmac,
    )


def _rsa(name: str, hash_name: str) -> Algorithm:
    return Algorithm(
        name=name, key_type="RSA", hash_name=hash_name, check=_check_rsa, prepare=_prepare_rsa, sign=_sign_rsa
    )


def _ec(name: str, hash_name: str, curve: str) -> Algorithm:
    return Algorithm(
        name=name,
        key_type="EC",
        hash_name=hash_name,
        curves=(curve,),
        check=_check_curve,
        prepare=_prepare_ec,
        sign=_sign_ec,
    )


def _okp(name: str, *curves: str, also_known_as: tuple[tuple[str, str], ...]) -> Algorithm:
    return Algorithm(
        name=name,
        key_type="OKP",
        curves=curves,
        also_known_as=also_known_as,
        check=_check_okp,
        prepare=_prepare_raw,
        sign=_sign_raw,
    )


def _ml_dsa(name: str) -> Algorithm:
    return Algorithm(
        name=name, key_type="AKP", curves=(name,), check=_check_curve, prepare=_prepare_raw, sign=_sign_raw
    )


ALGORITHMS = {
    row.name: row
    for row in (
        _hmac("HS256", "sha256"),
        _hmac("HS384", "sha384"),
        _hmac("HS512", "sha512"),
        _rsa("RS256", "sha256"),
        _rsa("RS384", "sha384"),
        _rsa("RS512", "sha512"),
        _rsa("PS256", "sha256"),
        _rsa("PS384", "sha384"),
        _rsa("PS512", "sha512"),
        _ec("ES256", "sha256", "P-256"),
        _ec("ES384", "sha384", "P-384"),
        _ec("ES512", "sha512", "P-521"),
        _ec("ES256K", "sha256", "secp256k1"),
        # EdDSA and the fully-specified name of its curve are one algorithm under two names (RFC 9864 section 2.2).
        _okp("EdDSA", "Ed25519", "Ed448", also_known_as=(("Ed25519", "Ed25519"), ("Ed448", "Ed448"))),
        _okp("Ed25519", "Ed25519", also_known_as=(("Ed25519", "EdDSA"),)),
        _okp("Ed448", "Ed448", also_known_as=(("Ed448", "EdDSA"),)),
        _ml_dsa("ML-DSA-44"),
        _ml_dsa("ML-DSA-65"),
        _ml_dsa("ML-DSA-87"),
    )
}
