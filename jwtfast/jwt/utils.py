"""The encoders and decoders that programs import from ``jwt.utils``, with PyJWT's names and laxness.

Nothing on the path of a token uses the lax ones.
"""

from __future__ import annotations

import base64
import re

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from jwtfast._native import kernels
from jwtfast.shared_secret import is_ssh_key as _is_any_ssh_key

__all__ = [
    "base64url_decode",
    "base64url_encode",
    "bytes_from_int",
    "bytes_to_number",
    "der_to_raw_signature",
    "force_bytes",
    "from_base64url_uint",
    "is_pem_format",
    "is_ssh_key",
    "number_to_bytes",
    "raw_to_der_signature",
    "to_base64url_uint",
]

_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


def force_bytes(value: bytes | str) -> bytes:
    """Give a text's UTF-8, and bytes as they are; TypeError for anything else."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    msg = "Expected a string or bytes value"
    raise TypeError(msg)


def base64url_decode(input: bytes | str) -> bytes:  # noqa: A002 - PyJWT's name
    """Give the octets of base64url, with or without padding; binascii.Error where it is none."""
    octets = force_bytes(input)
    return base64.urlsafe_b64decode(octets + b"=" * (-len(octets) % 4))


def base64url_encode(input: bytes) -> bytes:  # noqa: A002 - PyJWT's name
    """Give the unpadded base64url of octets (RFC 7515 section 2)."""
    return kernels.base64url_encode(bytes(memoryview(input)))


def to_base64url_uint(val: int, *, bit_length: int | None = None) -> bytes:
    """Give a number as Base64urlUInt (RFC 7518 section 2), at least as long as ``bit_length`` asks for."""
    if val < 0:
        msg = "Must be a positive integer"
        raise ValueError(msg)
    return base64url_encode(bytes_from_int(val, bit_length=bit_length) or b"\0")


def from_base64url_uint(val: bytes | str) -> int:
    """Give the number that a Base64urlUInt is (RFC 7518 section 2)."""
    return int.from_bytes(base64url_decode(val), "big")


def bytes_from_int(val: int, *, bit_length: int | None = None) -> bytes:
    """Give a number's octets, the highest first; as many as ``bit_length`` bits take, or as it takes itself."""
    bits = val.bit_length() if bit_length is None else bit_length
    return val.to_bytes((bits + 7) // 8, "big")


def number_to_bytes(num: int, num_bytes: int) -> bytes:
    """Give a number's octets, the highest first, at least ``num_bytes`` of them."""
    return num.to_bytes(max(num_bytes, (num.bit_length() + 7) // 8), "big")


def bytes_to_number(string: bytes) -> int:
    """Give the number that octets are, the highest first."""
    return int.from_bytes(memoryview(string), "big")


def der_to_raw_signature(der_sig: bytes, curve: EllipticCurve) -> bytes:
    """Give an ECDSA signature in DER as r || s (RFC 7518 section 3.4)."""
    size = (curve.key_size + 7) // 8
    r, s = decode_dss_signature(der_sig)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def raw_to_der_signature(raw_sig: bytes, curve: EllipticCurve) -> bytes:
    """Give an ECDSA signature that is r || s in DER; ValueError where it is not of the curve's length."""
    size = (curve.key_size + 7) // 8
    if len(raw_sig) != 2 * size:
        msg = "Invalid signature"
        raise ValueError(msg)
    return encode_dss_signature(int.from_bytes(raw_sig[:size], "big"), int.from_bytes(raw_sig[size:], "big"))


def is_pem_format(key: bytes) -> bool:
    """Tell whether a PEM block is in it."""
    return _PEM_BLOCK.search(key) is not None


def is_ssh_key(key: bytes) -> bool:
    """Tell whether it is an SSH key's text."""
    return _is_any_ssh_key(key)
