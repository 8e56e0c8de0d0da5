"""Key pairs made with cryptography alone, and what they sign, so that jwtfast is never its own oracle."""

from __future__ import annotations

import datetime as dt
import functools
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from forge import LONG_SECRET, OTHER_SECRET, encode

ML_DSA: tuple[str, ...] = ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
try:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    mldsa.MLDSA44PrivateKey.generate()
except (ImportError, UnsupportedAlgorithm):  # this release of cryptography, or of what it stands on, has none
    ML_DSA = ()

CURVES: Mapping[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}

# Each algorithm, and each kind of key it takes.
ROWS = [
    *((f"HS{bits}", "secret") for bits in (256, 384, 512)),
    *((f"{family}{bits}", "RSA") for family in ("RS", "PS") for bits in (256, 384, 512)),
    ("ES256", "P-256"),
    ("ES384", "P-384"),
    ("ES512", "P-521"),
    ("ES256K", "secp256k1"),
    ("EdDSA", "Ed25519"),
    ("EdDSA", "Ed448"),
    ("Ed25519", "Ed25519"),
    ("Ed448", "Ed448"),
    *((name, name) for name in ML_DSA),
]
PAIRS = [row for row in ROWS if row[1] != "secret"]
HASHES: Mapping[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVE_HASHES = {"ES256": "256", "ES384": "384", "ES512": "512", "ES256K": "256"}

# The orders of the curves' groups (SEC 2 version 2, sections 2.4.1, 2.4.2, 2.5.1 and 2.6.1).
ORDERS = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": int("FFFFFFFF" * 6 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    "P-521": 2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}


def private_key(kind: str, number: int = 0) -> Any:
    """Give a private key of a kind, always the same one for the same number; a secret as bytes."""
    return _private_key(kind, number)


@functools.cache
def _private_key(kind: str, number: int) -> Any:
    if kind == "secret":
        return (LONG_SECRET, OTHER_SECRET + LONG_SECRET[:32])[number]
    if kind == "RSA":
        return rsa.generate_private_key(65537, 2048)
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind])
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return getattr(mldsa, f"MLDSA{kind[-2:]}PrivateKey").generate()


def sign(algorithm: str, private: Any, message: bytes) -> bytes:
    """Give the JWS signature of a message (RFC 7518 section 3)."""
    digest = HASHES.get(algorithm[2:])
    if algorithm.startswith("HS"):
        return hmac.digest(private, message, f"sha{algorithm[2:]}")
    if algorithm.startswith("RS"):
        return bytes(private.sign(message, padding.PKCS1v15(), digest))
    if algorithm.startswith("PS"):
        return pss(private, message, HASHES[algorithm[2:]], HASHES[algorithm[2:]].digest_size)
    if algorithm in CURVE_HASHES:
        return raw(private, private.sign(message, ec.ECDSA(HASHES[CURVE_HASHES[algorithm]])))
    return bytes(private.sign(message))


def pss(private: Any, message: bytes, digest: hashes.HashAlgorithm, salt_length: int) -> bytes:
    """Give an RSASSA-PSS signature with a salt of some length."""
    return bytes(private.sign(message, padding.PSS(padding.MGF1(digest), salt_length), digest))


def raw(private: Any, der: bytes) -> bytes:
    """Give an ECDSA signature as r || s (RFC 7518 section 3.4)."""
    size = (private.key_size + 7) // 8
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def check(algorithm: str, private: Any, signature: bytes, message: bytes) -> None:
    """Verify a signature by cryptography alone; it raises where the signature is bad."""
    public, digest = private.public_key(), HASHES.get(algorithm[2:])
    if algorithm.startswith("RS"):
        public.verify(signature, message, padding.PKCS1v15(), digest)
    elif algorithm.startswith("PS"):
        size = HASHES[algorithm[2:]].digest_size
        public.verify(signature, message, padding.PSS(padding.MGF1(HASHES[algorithm[2:]]), size), digest)
    elif algorithm in CURVE_HASHES:
        half = len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(HASHES[CURVE_HASHES[algorithm]]))
    else:
        public.verify(signature, message)


def signing_input(header: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Give the signing input of a token (RFC 7515 section 5.1)."""
    return ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload))


def token(algorithm: str, private: Any, payload: Mapping[str, Any], /, **header: Any) -> str:
    """Give a signed token; ``alg`` in the header may be made to say something else."""
    text = signing_input({"alg": algorithm, **header}, payload)
    return f"{text}.{encode(sign(algorithm, private, text.encode()))}"


def number(value: int, size: int = 0) -> str:
    """Give an integer as a JWK has it, in its fewest octets or in so many (RFC 7518 sections 2 and 6.2.1)."""
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def jwk(private: Any, **members: Any) -> dict[str, Any]:
    """Give the public JWK of a private key, written out by hand (RFC 7518 section 6, RFC 8037 section 2)."""
    if isinstance(private, bytes):
        return {"kty": "oct", "k": encode(private), **members}
    public = private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        modulus = public.public_numbers()
        return {"kty": "RSA", "n": number(modulus.n), "e": number(modulus.e), **members}
    if isinstance(public, ec.EllipticCurvePublicKey):
        crv = next(name for name, curve in CURVES.items() if curve.name == public.curve.name)
        size, point = (public.key_size + 7) // 8, public.public_numbers()
        return {"kty": "EC", "crv": crv, "x": number(point.x, size), "y": number(point.y, size), **members}
    octets = public.public_bytes_raw()
    if len(octets) < 100:
        return {"kty": "OKP", "crv": "Ed25519" if len(octets) == 32 else "Ed448", "x": encode(octets), **members}
    alg = {1312: "ML-DSA-44", 1952: "ML-DSA-65", 2592: "ML-DSA-87"}[len(octets)]
    return {"kty": "AKP", "alg": alg, "pub": encode(octets), **members}


def private_jwk(private: Any, **members: Any) -> dict[str, Any]:
    """Give the private JWK of a private key, written out by hand (RFC 7518 section 6, RFC 8037 section 2)."""
    if isinstance(private, bytes):
        return jwk(private, **members)
    if isinstance(private, rsa.RSAPrivateKey):
        key = private.private_numbers()
        names = {"d": key.d, "p": key.p, "q": key.q, "dp": key.dmp1, "dq": key.dmq1, "qi": key.iqmp}
        return jwk(private) | {name: number(value) for name, value in names.items()} | members
    if isinstance(private, ec.EllipticCurvePrivateKey):
        d = number(private.private_numbers().private_value, (private.key_size + 7) // 8)
        return jwk(private, d=d, **members)
    public = jwk(private)
    return public | {"d" if public["kty"] == "OKP" else "priv": encode(private.private_bytes_raw())} | members


def spki(private: Any, encoding: Encoding = Encoding.PEM) -> bytes:
    """Give the public half as a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7)."""
    return bytes(private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo))


def pkcs8(private: Any, encoding: Encoding = Encoding.PEM) -> bytes:
    """Give the private key as PKCS #8 (RFC 5958), not encrypted."""
    return bytes(private.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption()))


@functools.cache
def certificate(kind: str, number: int = 0) -> x509.Certificate:
    """Give a certificate of a key, signed by itself and long out of date."""
    private = private_key(kind, number)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
    builder = builder.not_valid_after(dt.datetime(2002, 1, 1, tzinfo=dt.UTC))
    return builder.sign(private, None if kind.startswith("Ed") else hashes.SHA256())
