"""A public key's text as an HMAC secret lets anybody sign (CVE-2022-29217): each form of it is refused."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat, pkcs12

from jwtfast import Key, errors

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
PLAIN = serialization.NoEncryption()
ENCRYPTED = serialization.BestAvailableEncryption(b"password")
FAMILIES = ["RSA", "P-256", "P-384", "P-521", "Ed25519", "Ed448"]


@functools.cache
def private_key(family: str) -> PrivateKey:
    """Give a fresh private key, one for the whole run."""
    curves: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    if family in curves:
        return ec.generate_private_key(curves[family])
    if family == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if family == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def certificate(key: PrivateKey) -> x509.Certificate:
    """Give a certificate that a key signed for itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + dt.timedelta(days=1))
    return builder.sign(
        key, None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
    )


def texts(family: str) -> Iterator[tuple[str, str, bytes]]:
    """Give a key in every form that libraries write it in: what the error calls it, the form's name, and the text."""
    key = private_key(family)
    public = key.public_key()
    for encoding, kind in ((Encoding.PEM, "PEM"), (Encoding.DER, "DER")):
        yield kind, "SubjectPublicKeyInfo", public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        yield kind, "PKCS #8", key.private_bytes(encoding, PrivateFormat.PKCS8, PLAIN)
        yield kind, "PKCS #8, encrypted", key.private_bytes(encoding, PrivateFormat.PKCS8, ENCRYPTED)
        yield kind, "certificate", certificate(key).public_bytes(encoding)
        if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            yield kind, "traditional", key.private_bytes(encoding, PrivateFormat.TraditionalOpenSSL, PLAIN)
        if isinstance(key, rsa.RSAPrivateKey):
            yield kind, "PKCS #1 public", key.public_key().public_bytes(encoding, PublicFormat.PKCS1)
    if isinstance(key, rsa.RSAPrivateKey):
        yield "PEM", "encrypted", key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, ENCRYPTED)
        yield "DER", "PKCS #12", pkcs12.serialize_key_and_certificates(b"a", key, None, None, PLAIN)
    if family != "Ed448":
        yield "PEM", "OpenSSH private", key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, PLAIN)
        line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        yield "SSH", "OpenSSH public", line
        yield "SSH", "OpenSSH public, with a comment", line + b" alice@example.com\n"
        body = "\n".join(re.findall(".{1,70}", line.split()[1].decode()))
        yield "SSH", "RFC 4716", f"---- BEGIN SSH2 PUBLIC KEY ----\n{body}\n---- END SSH2 PUBLIC KEY ----\n".encode()


ALL_TEXTS = [
    pytest.param(kind, text, id=f"{family}, {kind}, {form}")
    for family in FAMILIES
    for kind, form, text in texts(family)
]


def number(value: int) -> str:
    """Give a number as a JWK holds it (RFC 7518 section 2)."""
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


@functools.cache
def jwks() -> list[dict[str, str]]:
    """Give JWKs, private and public ones and a shared secret's."""
    rsa_key, ec_key = private_key("RSA"), private_key("P-256")
    assert isinstance(rsa_key, rsa.RSAPrivateKey)
    assert isinstance(ec_key, ec.EllipticCurvePrivateKey)
    modulus, point = rsa_key.public_key().public_numbers(), ec_key.public_key().public_numbers()
    public_rsa = {"kty": "RSA", "n": number(modulus.n), "e": number(modulus.e)}
    public_ec = {"kty": "EC", "crv": "P-256", "x": number(point.x), "y": number(point.y)}
    return [
        public_rsa,
        public_ec,
        public_rsa | {"d": number(rsa_key.private_numbers().d)},
        public_ec | {"d": number(ec_key.private_numbers().private_value)},
        {"kty": "oct", "k": number(2**512 - 3), "alg": "HS256"},
        {"kid": "not first", "kty": "OKP", "crv": "Ed25519", "x": number(2**255 - 21)},
    ]


def refusal(secret: str | bytes, algorithm: str = "HS256") -> str:
    """Give the words with which a secret is refused, which hold nothing of it and hide nothing behind them."""
    with pytest.raises(errors.InvalidKeyError) as raised:
        Key.from_secret(secret, algorithm)
    words = str(raised.value)
    text = secret if isinstance(secret, str) else secret.decode("latin-1")
    assert not {text[i : i + 12] for i in range(len(text) - 11)} & {words[i : i + 12] for i in range(len(words) - 11)}
    assert raised.value.args == (words,)
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
    return words


@pytest.mark.parametrize(("kind", "text"), ALL_TEXTS)
def test_a_key_in_any_form_is_no_secret(kind: str, text: bytes) -> None:
    """The text of a key, public or private, or of a certificate is refused under the name of its form."""
    assert kind in refusal(text)


@pytest.mark.parametrize(("kind", "text"), [each for each in ALL_TEXTS if "DER" not in str(each.id)])
def test_a_key_in_any_form_as_str(kind: str, text: bytes) -> None:
    """So it is when it was read as str, with white space or a comment round it, or with another system's line ends."""
    plain = text.decode("ascii")
    for secret in (plain, f"\n  {plain}\n\n", f"\r\n{plain.strip()}", plain.replace("\n", "\r\n")):
        assert kind in refusal(secret)
    if kind == "PEM":
        assert kind in refusal(f"Bag Attributes\n    friendlyName: test\n{plain}")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_key_is_no_secret_for_any_algorithm(algorithm: str) -> None:
    """It is refused for every algorithm, also where it would be too short for it anyway."""
    public = private_key("Ed25519").public_key()
    for encoding, kind in ((Encoding.PEM, "PEM"), (Encoding.DER, "DER")):
        assert kind in refusal(public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo), algorithm)


@pytest.mark.parametrize("place", range(len(jwks())))
@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_jwk_is_no_secret(place: int, indent: int | None) -> None:
    """A JWK's text, compact or spread out, as str or bytes, is refused, and so is that of a JWK set."""
    jwk = jwks()[place]
    documents: list[dict[str, Any]] = [jwk, {"keys": [jwk]}, {"keys": [], **jwk}]
    for document in documents:
        text = json.dumps(document, indent=indent)
        for secret in (text, text.encode(), f"\n {text}\n", text.encode() + b"\r\n"):
            assert "JWK" in refusal(secret)


@pytest.mark.parametrize(
    "prefix",
    [
        "ssh-rsa",
        "ssh-dss",
        "ssh-ed25519",
        "ssh-ed448",
        "ssh-rsa-cert-v01@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ],
)
def test_every_ssh_key_type(prefix: str) -> None:
    """Every type of key and certificate that OpenSSH has is refused by its name."""
    text = f"{prefix} {base64.b64encode(bytes(range(60))).decode()} alice@example.com"
    assert "SSH" in refusal(text)
    assert "SSH" in refusal(text.encode())


FORMS = {
    "PEM": private_key("RSA").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "DER": private_key("RSA").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "SSH": private_key("RSA").public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "JWK": json.dumps(jwks()[0]).encode(),
}


@pytest.mark.parametrize("kind", ["PEM", "SSH", "JWK"])
def test_a_byte_order_mark_hides_nothing(kind: str) -> None:
    """The text of a key is refused behind a byte order mark too, as some editors write one."""
    assert kind in refusal(b"\xef\xbb\xbf" + FORMS[kind])
    assert kind in refusal("\ufeff" + FORMS[kind].decode())


@pytest.mark.parametrize("text", [b"short", b"", *FORMS.values()], ids=["short", "empty", *FORMS])
def test_refusals_say_what_to_do(text: bytes) -> None:
    """Each refusal says how to make a secret, or with what to read a key of that form."""
    assert re.search(r"secrets\.token_bytes\(|Key\.from_|KeySet\.from_", refusal(text))
