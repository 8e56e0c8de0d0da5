"""JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037, RFC 9964) to and from keys of the cryptography package.

Members are read strictly: canonical base64url, coordinates of the exact length, integers without zeros in front, and
private members that belong to the public ones. Nothing here knows of algorithms; shared secrets never get here.
"""

# ruff: noqa: PLC0415 - cryptography is imported by those who have a key for it

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from jwtfast._native import kernels
from jwtfast.errors import InvalidKeyError

__all__ = [
    "curve_of",
    "decode",
    "dump",
    "encode",
    "generate",
    "key_type_of",
    "load",
    "load_quietly",
    "require_rsa_size",
]

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
MAX_RECOVERED_BITS = 4096  # finding the primes of longer ones takes seconds when they are not sound

# JWK crv to the name of the class in cryptography, and back by that class's own name.
_EC_CURVES = {"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1", "secp256k1": "SECP256K1"}
_ML_DSA = {"ML-DSA-44": "MLDSA44", "ML-DSA-65": "MLDSA65", "ML-DSA-87": "MLDSA87"}


def decode(members: Mapping[str, Any], name: str) -> bytes:
    """Give the octets of a base64url member (RFC 7515 section 2); InvalidKeyError where it is none."""
    value = members.get(name)
    if not isinstance(value, str) or not value.isascii():
        msg = f"the JWK has no member {name!r} that is a base64url string"
        raise InvalidKeyError(msg)
    try:
        return kernels.base64url_decode(value.encode())
    except ValueError as error:
        msg = f"the JWK's member {name!r} is {error}"
        raise InvalidKeyError(msg) from None


def encode(octets: bytes) -> str:
    """Give octets as base64url (RFC 7515 section 2)."""
    return kernels.base64url_encode(octets).decode()


def key_type_of(public: Any) -> str | None:
    """Give the ``kty`` of a public key of the cryptography package, or None where a JWS has no use for it."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    if isinstance(public, rsa.RSAPublicKey):
        return "RSA"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return "EC"
    if isinstance(public, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return "OKP"
    return "AKP" if _ml_dsa_name(public) else None


def curve_of(public: Any) -> str | None:
    """Give the ``crv`` of a public key; for ML-DSA the name of its parameter set; None where there is none."""
    kind = key_type_of(public)
    if kind == "OKP":
        return "Ed25519" if len(public.public_bytes_raw()) == 32 else "Ed448"
    if kind == "EC":
        return next((crv for crv, name in _EC_CURVES.items() if name.lower() == public.curve.name), None)
    return _ml_dsa_name(public) if kind == "AKP" else None


def load(members: Mapping[str, Any], *, weak: bool = False) -> tuple[Any, Any | None]:
    """Read an asymmetric JWK.

    Args:
        members: Its members; ``kty`` is RSA, EC, OKP or AKP.
        weak: Whether RSA keys that are too short are read too, by a caller who has a rule of its own for them.

    Returns:
        The public key, and the private key where the JWK has its members, else None.

    Raises:
        InvalidKeyError: It is malformed, of an unknown type, or its private members belong to another key.
    """
    loaders: dict[str, Callable[[Mapping[str, Any]], tuple[Any, Any | None]]] = {
        "RSA": partial(_load_rsa, weak=weak),
        "EC": _load_ec,
        "OKP": _load_okp,
        "AKP": _load_akp,
    }
    kind = members.get("kty")
    if not isinstance(kind, str) or kind not in loaders:
        msg = "the JWK's 'kty' is none of oct, RSA, EC, OKP and AKP"
        raise InvalidKeyError(msg)
    pair: tuple[Any, Any | None] = load_quietly(
        lambda: loaders[kind](members), f"the JWK's members don't make a sound {kind} key"
    )
    return pair


def load_quietly(load: Callable[[], Any], damaged: str) -> Any:
    """Call cryptography; whatever it says of a bad key, which may hold its numbers, becomes one InvalidKeyError.

    Args:
        load: What to call.
        damaged: What to say where it raises.

    Returns:
        What it gave.

    Raises:
        InvalidKeyError: It raised.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load()
    except (InvalidKeyError, MemoryError):
        raise
    except UnsupportedAlgorithm:
        msg = "the installed cryptography, or its OpenSSL, can't handle this kind of key or of encryption: upgrade it"
    except Exception:  # noqa: BLE001 - it has exceptions of its own for some certificates, based on Exception alone
        msg = damaged
    raise InvalidKeyError(msg)


def require_rsa_size(bits: int) -> None:
    """Refuse RSA moduli that are too weak (RFC 7518 section 3.3), or so long that a forged token costs too much.

    Args:
        bits: The modulus's length in bits.

    Raises:
        InvalidKeyError: It is under 2,048 or over 8,192.
    """
    if not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        msg = f"RSA keys have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits here, this one has {bits} bits: make a new one"
        raise InvalidKeyError(msg)


def dump(public: Any, private: Any | None) -> dict[str, str]:
    """Give a key's members.

    Args:
        public: The public key.
        private: The private key too, where its members are wanted.

    Returns:
        ``kty`` and the members that make the key, those of RFC 7638 section 3.2 among them.
    """
    dumpers = {"RSA": _dump_rsa, "EC": _dump_ec, "OKP": _dump_raw, "AKP": _dump_raw}
    return dumpers[str(key_type_of(public))](public, private)


def generate(key_type: str, curve: str | None, rsa_bits: int) -> Any:
    """Make a private key.

    Args:
        key_type: The ``kty``: RSA, EC, OKP or AKP.
        curve: Its ``crv``; for AKP its parameter set; None for RSA.
        rsa_bits: The length of an RSA modulus, in bits.

    Returns:
        The private key.

    Raises:
        InvalidKeyError: No such key can be made.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    if key_type == "EC":
        return ec.generate_private_key(getattr(ec, _EC_CURVES[str(curve)])())
    if key_type == "OKP":
        return (ed448.Ed448PrivateKey if curve == "Ed448" else ed25519.Ed25519PrivateKey).generate()
    if key_type == "AKP":
        return load_quietly(_ml_dsa_classes(str(curve))[1].generate, f"no {curve} key can be made")
    require_rsa_size(rsa_bits)
    return rsa.generate_private_key(65537, rsa_bits)


# ---- RSA (RFC 7518 section 6.3) ----

_RSA_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")


def _integer(members: Mapping[str, Any], name: str) -> int:
    octets = decode(members, name)
    if not octets or octets[0] == 0:
        msg = f"the JWK's member {name!r} is empty or begins with a zero octet (RFC 7518 section 2)"
        raise InvalidKeyError(msg)
    return int.from_bytes(octets, "big")


def _load_rsa(members: Mapping[str, Any], *, weak: bool) -> tuple[Any, Any | None]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    numbers = rsa.RSAPublicNumbers(_integer(members, "e"), _integer(members, "n"))
    require_rsa_size(max(numbers.n.bit_length(), MIN_RSA_BITS if weak else 0))  # before anything is computed with it
    present = [name for name in _RSA_PRIVATE if name in members]
    if "oth" in members:
        msg = "the JWK is an RSA key of more than two primes: make a new one of two"
        raise InvalidKeyError(msg)
    public = numbers.public_key()
    if not present:
        return public, None
    d = _integer(members, "d")
    if present == ["d"]:
        if numbers.n.bit_length() > MAX_RECOVERED_BITS:
            msg = f"an RSA JWK of more than {MAX_RECOVERED_BITS} bits needs p, q, dp, dq and qi beside d"
            raise InvalidKeyError(msg)
        p, q = rsa.rsa_recover_prime_factors(numbers.n, numbers.e, d)
        dp, dq, qi = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    else:
        p, q, dp, dq, qi = (_integer(members, name) for name in _RSA_PRIVATE[1:])
    return public, rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, numbers).private_key()


def _dump_rsa(public: Any, private: Any | None) -> dict[str, str]:
    numbers = public.public_numbers()
    values = {"n": numbers.n, "e": numbers.e}
    if private is not None:
        secret = private.private_numbers()
        values |= {"d": secret.d, "p": secret.p, "q": secret.q, "dp": secret.dmp1, "dq": secret.dmq1, "qi": secret.iqmp}
    octets = {name: value.to_bytes((value.bit_length() + 7) // 8, "big") for name, value in values.items()}
    return {"kty": "RSA"} | {name: encode(value) for name, value in octets.items()}


# ---- EC (RFC 7518 section 6.2, RFC 8812 section 3) ----


def _coordinate(members: Mapping[str, Any], name: str, size: int) -> int:
    octets = decode(members, name)
    if len(octets) != size:
        msg = f"the JWK's member {name!r} is not of the curve's length, {size} octets (RFC 7518 section 6.2.1)"
        raise InvalidKeyError(msg)
    return int.from_bytes(octets, "big")


def _load_ec(members: Mapping[str, Any]) -> tuple[Any, Any | None]:
    from cryptography.hazmat.primitives.asymmetric import ec

    crv = members.get("crv")
    if not isinstance(crv, str) or crv not in _EC_CURVES:
        msg = f"the JWK's 'crv' is none of {', '.join(_EC_CURVES)}"
        raise InvalidKeyError(msg)
    curve = getattr(ec, _EC_CURVES[crv])()
    size = (curve.key_size + 7) // 8
    x, y = (_coordinate(members, name, size) for name in ("x", "y"))
    numbers = ec.EllipticCurvePublicNumbers(x, y, curve)
    public = numbers.public_key()  # a point that is not on the curve is refused here
    if "d" not in members:
        return public, None
    private = ec.derive_private_key(_coordinate(members, "d", size), curve)
    _require_pair(private.public_key() == public)
    return public, private


def _dump_ec(public: Any, private: Any | None) -> dict[str, str]:
    size = (public.key_size + 7) // 8
    numbers = public.public_numbers()
    values = {"x": numbers.x, "y": numbers.y}
    if private is not None:
        values["d"] = private.private_numbers().private_value
    return {"kty": "EC", "crv": str(curve_of(public))} | {
        name: encode(value.to_bytes(size, "big")) for name, value in values.items()
    }


# ---- OKP (RFC 8037 section 2) and AKP (RFC 9964 section 3) ----


def _load_okp(members: Mapping[str, Any]) -> tuple[Any, Any | None]:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

    crv = members.get("crv")
    if crv == "Ed25519":
        return _load_raw(members, ed25519.Ed25519PublicKey, ed25519.Ed25519PrivateKey, "x", "d")
    if crv == "Ed448":
        return _load_raw(members, ed448.Ed448PublicKey, ed448.Ed448PrivateKey, "x", "d")
    msg = "the JWK's 'crv' is neither Ed25519 nor Ed448, the curves that sign"
    raise InvalidKeyError(msg)


def _load_akp(members: Mapping[str, Any]) -> tuple[Any, Any | None]:
    alg = members.get("alg")
    if not isinstance(alg, str) or alg not in _ML_DSA:
        msg = f"an AKP JWK's 'alg' must be there, and one of {', '.join(_ML_DSA)}"
        raise InvalidKeyError(msg)
    return _load_raw(members, *_ml_dsa_classes(alg), "pub", "priv")


def _load_raw(members: Mapping[str, Any], public_class: Any, private_class: Any, x: str, d: str) -> tuple[Any, Any]:
    public = public_class.from_public_bytes(decode(members, x))
    if d not in members:
        return public, None
    octets = decode(members, d)
    build = getattr(private_class, "from_seed_bytes", None) or private_class.from_private_bytes
    private = build(octets)
    _require_pair(private.public_key() == public)
    return public, private


def _dump_raw(public: Any, private: Any | None) -> dict[str, str]:
    okp = key_type_of(public) == "OKP"
    x, d = ("x", "d") if okp else ("pub", "priv")
    members = {"kty": "OKP", "crv": str(curve_of(public))} if okp else {"kty": "AKP", "alg": str(curve_of(public))}
    members[x] = encode(public.public_bytes_raw())
    if private is not None:
        members[d] = encode(private.private_bytes_raw())
    return members


def _ml_dsa_classes(name: str) -> tuple[Any, Any]:
    """Give the public and private class of an ML-DSA parameter set; InvalidKeyError where cryptography has none."""
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa
    except ImportError:
        msg = f"{name} needs a release of cryptography that offers ML-DSA: upgrade it with pip install -U cryptography"
        raise InvalidKeyError(msg) from None
    return getattr(mldsa, f"{_ML_DSA[name]}PublicKey"), getattr(mldsa, f"{_ML_DSA[name]}PrivateKey")


def _ml_dsa_name(public: Any) -> str | None:
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa
    except ImportError:
        return None
    return next((name for name, cls in _ML_DSA.items() if isinstance(public, getattr(mldsa, f"{cls}PublicKey"))), None)


def _require_pair(matches: bool) -> None:
    if not matches:
        msg = "the JWK's private member belongs to another public key"
        raise InvalidKeyError(msg)
