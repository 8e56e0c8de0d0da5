"""Keys (RFC 7517): read once, checked once, bound to one algorithm each."""

# ruff: noqa: PLC0415 - cryptography is imported by those who have a key for it, and what would slow down the import

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

import orjson

from jwtfast import jwk as jwk_format
from jwtfast._native import HmacKey, PreparedKey, read_json_object
from jwtfast.algorithms import ALGORITHMS, Algorithm, find_algorithm
from jwtfast.errors import InvalidKeyError
from jwtfast.shared_secret import octets_of_secret, utf8

__all__ = ["Key", "json_object"]

# The members that RFC 7638 section 3.2, RFC 8037 section 2 and RFC 9964 section 6 make a thumbprint of.
_THUMBPRINT_MEMBERS = {
    "oct": ("k", "kty"),
    "RSA": ("e", "kty", "n"),
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "AKP": ("alg", "kty", "pub"),
}


class Key:
    """A key for one algorithm. Build it with one of the ``from_`` methods; it prints without its material."""

    __slots__ = ("_private", "_public", "names", "prepared")

    prepared: PreparedKey
    """What the compiled core verifies with."""
    names: tuple[str, ...]
    """The ``alg`` values that tokens may carry for it: its algorithm, and another name of it (RFC 9864)."""
    _public: Any
    _private: Any

    def __init__(self) -> None:
        msg = "build a Key with Key.from_secret, from_pem, from_der, from_jwk or generate"
        raise TypeError(msg)

    @classmethod
    def _build(cls, row: Algorithm, material: Any, private: Any, key_id: str | None, names: tuple[str, ...]) -> Key:
        if key_id is not None and not isinstance(key_id, str):
            msg = f"key_id is a str or None, not {type(key_id).__name__}"
            raise TypeError(msg)
        row.check(row, material)
        key_id = None if key_id is None else str(key_id)  # not of a subclass
        key = object.__new__(cls)
        prepared = row.prepare(row, material, key_id)
        secret = row.key_type == "oct"
        for name, value in (
            ("prepared", prepared),
            ("names", names),
            ("_public", None if secret else material),
            ("_private", prepared if secret else private),
        ):
            object.__setattr__(key, name, value)
        return key

    @classmethod
    def _of_pair(cls, public: Any, private: Any, algorithm: str | None, key_id: str | None) -> Key:
        row = _row_for(public, algorithm)
        return cls._build(row, public, private, key_id, row.names_for(jwk_format.curve_of(public)))

    @classmethod
    def from_secret(cls, secret: str | bytes, algorithm: str, *, key_id: str | None = None) -> Key:
        """Make a key for HMAC from a shared secret (RFC 7518 section 3.2).

        Args:
            secret: The secret's octets, at least as many as the hash has: 32 for HS256, 48 for HS384, 64 for HS512. A
                str stands for its UTF-8.
            algorithm: ``HS256``, ``HS384`` or ``HS512``.
            key_id: The ``kid`` that tokens signed with it carry, if they carry one.

        Returns:
            The key.

        Raises:
            InvalidKeyError: The secret is too short, or is no secret but the text of a PEM, DER, SSH or JWK key; or the
                algorithm is not one of HMAC's.
            TypeError: An argument is of the wrong type.
        """
        row = find_algorithm(algorithm)
        if row.key_type != "oct":
            msg = f"{algorithm} takes no shared secret but a key pair: use from_pem, from_der or from_jwk"
            raise InvalidKeyError(msg)
        return cls._build(row, octets_of_secret(secret), None, key_id, (row.name,))

    @classmethod
    def from_pem(
        cls,
        pem: str | bytes,
        algorithm: str | None = None,
        *,
        password: str | bytes | None = None,
        key_id: str | None = None,
    ) -> Key:
        """Read a key from PEM (RFC 7468): SPKI, PKCS #1, PKCS #8, SEC 1, or an X.509 certificate.

        A certificate is read for its public key only: neither its dates nor its issuer are looked at. Of several blocks
        the first one counts.

        Args:
            pem: The text.
            algorithm: The ``alg`` it is for. May be left out where the key says it: on curves.
            password: The password of an encrypted private key.
            key_id: The ``kid`` that tokens signed with it carry, if they carry one.

        Returns:
            The key; it can sign if the PEM holds a private key.

        Raises:
            InvalidKeyError: It can't be read, or is not a key for this algorithm; or the password is missing or wrong.
            TypeError: An argument is of the wrong type.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization

        data = _octets("a PEM", pem)
        labels: list[str] = re.findall(r"-----BEGIN ([A-Z0-9 ]+)-----", data.decode("ascii", "replace"))
        label = next((name for name in labels if name != "EC PARAMETERS"), "")
        if label.endswith("CERTIFICATE"):
            public = _read(lambda: x509.load_pem_x509_certificate(data).public_key())
            return cls._of_pair(public, None, algorithm, key_id)
        if label.endswith("PUBLIC KEY"):
            return cls._of_pair(_read(lambda: serialization.load_pem_public_key(data)), None, algorithm, key_id)
        if label.endswith("PRIVATE KEY") and not label.startswith("OPENSSH"):
            secret = _password_octets(password)
            private = _read(lambda: serialization.load_pem_private_key(data, secret))
            return cls._of_pair(private.public_key(), private, algorithm, key_id)
        msg = (
            "the PEM holds no public key, private key or certificate; "
            "an OpenSSH key is made one with ssh-keygen -e -m PKCS8 (public) or -p -m PKCS8 (private)"
        )
        raise InvalidKeyError(msg)

    @classmethod
    def from_der(
        cls,
        der: bytes,
        algorithm: str | None = None,
        *,
        password: str | bytes | None = None,
        key_id: str | None = None,
    ) -> Key:
        """Read a key from DER: the same forms as ``from_pem`` reads, without their armour.

        Args:
            der: The octets.
            algorithm: The ``alg`` it is for. May be left out where the key says it: on curves.
            password: The password of an encrypted private key.
            key_id: The ``kid`` that tokens signed with it carry, if they carry one.

        Returns:
            The key; it can sign if the DER holds a private key.

        Raises:
            InvalidKeyError: It can't be read, or is not a key for this algorithm; or the password is missing or wrong.
            TypeError: An argument is of the wrong type.
        """
        if not isinstance(der, bytes):
            msg = f"DER is bytes, not {type(der).__name__}"
            raise TypeError(msg)
        return cls._of_pair(*_read_der(der, password), algorithm, key_id)

    @classmethod
    def from_jwk(
        cls, jwk: Mapping[str, Any] | str | bytes, algorithm: str | None = None, *, key_id: str | None = None
    ) -> Key:
        """Read a JWK (RFC 7517 section 4, RFC 7518 section 6, RFC 8037, RFC 9964).

        An ``x5c`` must hold the same key in its first certificate; nothing else of it is looked at.

        Args:
            jwk: The key, as a mapping or as JSON text.
            algorithm: The ``alg`` it is for. May be left out where the JWK says it: in ``alg``, or by its curve.
            key_id: The ``kid`` that tokens signed with it carry; None: the JWK's own.

        Returns:
            The key; it can sign if the JWK has its private members.

        Raises:
            InvalidKeyError: It is malformed, not meant for verifying (``use``, ``key_ops``), not for this algorithm, or
                too weak for it.
            TypeError: An argument is of the wrong type.
        """
        members = json_object("a JWK", jwk)
        _check_purpose(members)
        for name in ("alg", "kid"):
            if not isinstance(members.get(name, ""), str):
                msg = f"the JWK's {name!r} is not a string"
                raise InvalidKeyError(msg)
        alg, kid = members.get("alg", algorithm), members.get("kid") if key_id is None else key_id
        if members.get("kty") == "oct":
            row = _row_named(alg, "a JWK of type oct")
            if row.key_type != "oct":
                msg = f"{alg} takes no shared secret, and the JWK is one"
                raise InvalidKeyError(msg)
            key = cls._build(row, octets_of_secret(jwk_format.decode(members, "k")), None, kid, (row.name,))
        else:
            public, private = jwk_format.load(members)
            key = cls._of_pair(public, private, alg, kid)
            _check_certificate(members, public)
        if algorithm is not None and algorithm not in key.names:
            msg = f"the JWK is for {key.algorithm}, not for the algorithm asked for"
            raise InvalidKeyError(msg)
        return key

    @classmethod
    def generate(cls, algorithm: str, *, key_id: str | None = None, rsa_bits: int = 2048) -> Key:
        """Make a new key that can sign.

        Args:
            algorithm: The ``alg`` it is for. ``EdDSA`` makes an Ed25519 key.
            key_id: The ``kid`` that tokens signed with it will carry.
            rsa_bits: The length of an RSA key's modulus, in bits.

        Returns:
            The key: a secret as long as the hash for HMAC, else a key pair.

        Raises:
            InvalidKeyError: There is no such algorithm, or RSA keys of this length are not accepted.
        """
        import secrets

        row = find_algorithm(algorithm)
        if row.key_type == "oct":
            return cls.from_secret(secrets.token_bytes(int(algorithm[2:]) // 8), algorithm, key_id=key_id)
        private = jwk_format.generate(row.key_type, row.curves[0] if row.curves else None, rsa_bits)
        return cls._of_pair(private.public_key(), private, algorithm, key_id)

    @property
    def algorithm(self) -> str:
        """The one algorithm it is for, as the header's ``alg`` spells it (RFC 7515 section 4.1.1)."""
        return self.prepared.algorithm

    @property
    def key_id(self) -> str | None:
        """Its ``kid`` (RFC 7517 section 4.5), or None."""
        return self.prepared.key_id

    @property
    def is_secret(self) -> bool:
        """Whether it is a shared secret, which has no public half."""
        return self._public is None

    @property
    def can_sign(self) -> bool:
        """Whether it holds a private key or a secret."""
        return self._private is not None

    def sign(self, message: bytes) -> bytes:
        """Sign octets, as the JWS signature of its algorithm (RFC 7518 section 3).

        Args:
            message: The octets.

        Returns:
            The signature, not encoded.

        Raises:
            InvalidKeyError: It is a public key.
        """
        if self._private is None:
            msg = "this key is public: signing takes the private one"
            raise InvalidKeyError(msg)
        row = ALGORITHMS[self.algorithm]
        return row.sign(row, self._private, message)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Tell whether a signature is that of a message (RFC 7518 section 3).

        Args:
            signature: The signature, not encoded.
            message: The octets that were signed.

        Returns:
            Whether it is.

        Raises:
            TypeError: An argument is not bytes.
        """
        return self.prepared.is_signed(signature, message)

    def public(self) -> Key:
        """Give the key without its private half.

        Returns:
            A key of the same algorithm and ``kid`` that verifies and can't sign.

        Raises:
            InvalidKeyError: It is a shared secret, which has no public half.
        """
        if self._public is None:
            msg = "a shared secret has no public half: whoever verifies with it can sign with it"
            raise InvalidKeyError(msg)
        return self._of_pair(self._public, None, self.algorithm, self.key_id)

    def to_jwk(self, *, private: bool = False) -> dict[str, Any]:
        """Give the key as a JWK (RFC 7517 section 4).

        Args:
            private: Whether the private members go with it. A shared secret is nothing but private.

        Returns:
            Its members, with ``use``, ``alg`` and, if it has one, ``kid``.

        Raises:
            InvalidKeyError: It is a shared secret and ``private`` is not set; or ``private`` is set and it is public.
        """
        if private and self._private is None:
            msg = "this key is public: it has no private members"
            raise InvalidKeyError(msg)
        if self._public is not None:
            members: dict[str, Any] = jwk_format.dump(self._public, self._private if private else None)
        elif private and isinstance(self.prepared, HmacKey):
            members = {"kty": "oct", "k": jwk_format.encode(self.prepared.export())}
        else:
            msg = "a shared secret has no public half: say to_jwk(private=True) if you mean to write it down"
            raise InvalidKeyError(msg)
        members |= {"use": "sig", "alg": self.algorithm}
        if self.key_id is not None:
            members["kid"] = self.key_id
        return members

    def thumbprint(self) -> str:
        """Give the JWK thumbprint with SHA-256 (RFC 7638), as base64url; a good ``kid``.

        That of a shared secret is its hash: don't publish it (RFC 7638 section 7).

        Returns:
            The thumbprint, 43 characters.
        """
        import hashlib

        members = self.to_jwk(private=self._public is None)
        required = {name: members[name] for name in _THUMBPRINT_MEMBERS[members["kty"]]}
        return jwk_format.encode(hashlib.sha256(orjson.dumps(required, option=orjson.OPT_SORT_KEYS)).digest())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = "a Key can't be changed"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        msg = "a Key can't be changed"
        raise AttributeError(msg)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "a Key can't be pickled or copied: its material would end up where nothing wipes it"
        raise TypeError(msg)

    def __repr__(self) -> str:
        kid = "" if self.key_id is None else f" kid={self.key_id!r}"
        kind = "secret" if self._public is None else "private" if self.can_sign else "public"
        return f"<Key {self.algorithm}{kid} {kind}>"


# ---- reading ----


def _octets(what: str, value: str | bytes) -> bytes:
    if not isinstance(value, str | bytes):
        msg = f"{what} is str or bytes, not {type(value).__name__}"
        raise TypeError(msg)
    octets = value if isinstance(value, bytes) else utf8(value)
    if octets is None:
        msg = f"{what} is given that is no Unicode text"
        raise InvalidKeyError(msg)
    return octets


def json_object(what: str, document: Mapping[str, Any] | str | bytes) -> Mapping[str, Any]:
    """Read a document of keys strictly.

    Args:
        what: What to call it in an error, like "a JWK".
        document: A mapping, which is given back as it is, or JSON text.

    Returns:
        The JSON object.

    Raises:
        InvalidKeyError: It is no JSON object, or has two members of one name.
        TypeError: It is neither mapping nor text.
    """
    if isinstance(document, Mapping):
        return document
    if not isinstance(document, str | bytes):
        msg = f"{what} is a mapping or JSON text, not {type(document).__name__}"
        raise TypeError(msg)
    try:
        return read_json_object(_octets(what, document))
    except ValueError as error:
        msg = f"this can't be read as {what}: {error}"
        raise InvalidKeyError(msg) from None


def _read(load: Callable[[], Any]) -> Any:
    def tell_passwords() -> Any:
        # cryptography has no exception of their own for a password that is missing and one that is not wanted.
        try:
            return load()
        except TypeError as error:
            reason = str(error)
        missing = "not given" in reason or "encrypted but" in reason
        msg = "the key is encrypted: give its password" if missing else "the key is not encrypted: give no password"
        raise InvalidKeyError(msg)

    return jwk_format.load_quietly(tell_passwords, "the key can't be read: it is damaged, or the password is wrong")


def _read_der(der: bytes, password: str | bytes | None) -> tuple[Any, Any | None]:
    """Read DER of any of the known forms: its public and, if it has one, its private key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    for load in (
        lambda: serialization.load_der_public_key(der),
        lambda: x509.load_der_x509_certificate(der).public_key(),
    ):
        with suppress(InvalidKeyError):  # it is of another form, or of none: the last attempt says so
            return _read(load), None
    secret = _password_octets(password)
    private = _read(lambda: serialization.load_der_private_key(der, secret))
    return private.public_key(), private


def _password_octets(password: str | bytes | None) -> bytes | None:
    return None if password is None else _octets("a password", password)


# ---- what a key is for ----


def _row_named(algorithm: str | None, what: str) -> Algorithm:
    if algorithm is None:
        msg = f"{what} doesn't say what algorithm it is for: name it, like Key.from_jwk(jwk, 'RS256')"
        raise InvalidKeyError(msg)
    return find_algorithm(algorithm)


def _row_for(public: Any, algorithm: str | None) -> Algorithm:
    kind = jwk_format.key_type_of(public)
    if kind is None:
        msg = "this is no key that signs a JWS: use RSA, EC, Ed25519, Ed448 or ML-DSA"
        raise InvalidKeyError(msg)
    curve = jwk_format.curve_of(public)
    if algorithm is None and curve is not None:
        algorithm = next(row.name for row in ALGORITHMS.values() if curve in row.curves)
    row = _row_named(algorithm, f"this {kind} key")
    if row.key_type != kind:
        msg = f"{row.name} takes keys of type {row.key_type}, and this one is {kind}"
        raise InvalidKeyError(msg)
    return row


def _check_purpose(members: Mapping[str, Any]) -> None:
    """Refuse a JWK that is not meant to verify signatures (RFC 7517 sections 4.2 and 4.3)."""
    operations = members.get("key_ops", ["verify"])
    if members.get("use", "sig") != "sig":
        msg = "the JWK's 'use' is not 'sig': it is not for signatures"
    elif not isinstance(operations, list) or not all(isinstance(name, str) for name in operations):
        msg = "the JWK's 'key_ops' is not an array of strings"
    elif len(set(operations)) != len(operations):
        msg = "the JWK's 'key_ops' says something twice (RFC 7517 section 4.3)"
    elif "verify" not in operations:
        msg = "the JWK's 'key_ops' doesn't hold 'verify': it is not for verifying"
    else:
        return
    raise InvalidKeyError(msg)


def _check_certificate(members: Mapping[str, Any], public: Any) -> None:
    """Hold the first certificate of ``x5c`` to the key (RFC 7517 section 4.7)."""
    import base64

    from cryptography import x509

    if "x5c" not in members:
        return
    chain = members["x5c"]
    msg = "the JWK's 'x5c' doesn't begin with a certificate of the same key (RFC 7517 section 4.7)"
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        raise InvalidKeyError(msg)
    certified = None
    with suppress(InvalidKeyError):
        certified = _read(
            lambda: x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True)).public_key()
        )
    if certified != public:
        raise InvalidKeyError(msg)
