"""Keys from PEM and DER, and keys that are made new."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from forge import decode, encode
from key_pairs import ML_DSA, PAIRS, ROWS, certificate, check, jwk, pkcs8, private_jwk, private_key, sign, spki

from jwtfast import Key, errors

MESSAGE = b"a message"
KINDS = {"RSA": "PS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "secp256k1": "ES256K"}
KINDS |= {"Ed25519": "EdDSA", "Ed448": "EdDSA"} | {name: name for name in ML_DSA}
NOT_ENCRYPTED = NoEncryption()
PASSWORD = b"correct horse"
ENCRYPTED = BestAvailableEncryption(PASSWORD)


def private_forms(kind: str) -> list[PrivateFormat]:
    """Give the forms in which a private key of a kind is written: PKCS #8, and PKCS #1 or SEC 1 where it has one."""
    own_form = kind == "RSA" or kind in {"P-256", "P-384", "P-521", "secp256k1"}
    return [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL] if own_form else [PrivateFormat.PKCS8]


PRIVATE = [(kind, form) for kind in KINDS for form in private_forms(kind)]


def write(kind: str, encoding: Encoding, form: PrivateFormat, encryption: Any = NOT_ENCRYPTED) -> bytes:
    """Give the text of the private key of a kind."""
    return bytes(private_key(kind).private_bytes(encoding, form, encryption))


def holds(key: Key, kind: str, *, private: bool) -> None:
    """Assert that a key is that of its kind, and can do what it should."""
    oracle = private_key(kind)
    assert (key.algorithm, key.can_sign) == (KINDS[kind], private)
    signature = sign(KINDS[kind], oracle, MESSAGE)
    assert key.verify(signature, MESSAGE)
    if private:
        check(KINDS[kind], oracle, key.sign(MESSAGE), MESSAGE)
    else:
        with pytest.raises(errors.InvalidKeyError, match="public"):
            key.sign(MESSAGE)
    expected = private_jwk(oracle) if private else jwk(oracle)
    assert key.to_jwk(private=private) == {**expected, "use": "sig", "alg": KINDS[kind]}


def refusal(read: Callable[..., Key], data: str | bytes, algorithm: str | None = None, **options: Any) -> str:
    """Give the words with which a key is refused, with nothing shown behind them."""
    with pytest.raises(errors.InvalidKeyError) as caught:
        read(data, algorithm, **options)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


# ---- every form ----


@pytest.mark.parametrize("kind", KINDS)
def test_public_pem(kind: str) -> None:
    """A SubjectPublicKeyInfo in PEM is read, as str or as bytes, and gives a public key."""
    pem = spki(private_key(kind))
    for text in (pem, pem.decode()):
        holds(Key.from_pem(text, KINDS[kind]), kind, private=False)


@pytest.mark.parametrize("kind", KINDS)
def test_public_der(kind: str) -> None:
    """A SubjectPublicKeyInfo in DER is read and gives a public key."""
    holds(Key.from_der(spki(private_key(kind), Encoding.DER), KINDS[kind]), kind, private=False)


@pytest.mark.parametrize(("encoding", "read"), [(Encoding.PEM, Key.from_pem), (Encoding.DER, Key.from_der)])
def test_public_pkcs1(encoding: Encoding, read: Callable[..., Key]) -> None:
    """An RSA public key in PKCS #1 (RFC 8017 appendix A.1.1) is read."""
    data = private_key("RSA").public_key().public_bytes(encoding, PublicFormat.PKCS1)
    holds(read(data, "PS256"), "RSA", private=False)


@pytest.mark.parametrize(("kind", "form"), PRIVATE)
def test_private_pem(kind: str, form: PrivateFormat) -> None:
    """A private key in PKCS #8, PKCS #1 or SEC 1, in PEM, is read and signs."""
    pem = write(kind, Encoding.PEM, form)
    for text in (pem, pem.decode()):
        holds(Key.from_pem(text, KINDS[kind]), kind, private=True)


@pytest.mark.parametrize(("kind", "form"), PRIVATE)
def test_private_der(kind: str, form: PrivateFormat) -> None:
    """A private key in PKCS #8, PKCS #1 or SEC 1, in DER, is read and signs."""
    holds(Key.from_der(write(kind, Encoding.DER, form), KINDS[kind]), kind, private=True)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ML_DSA])
def test_certificates(kind: str) -> None:
    """A certificate is read for its key only: this one has run out long ago and is signed by itself."""
    for key in (
        Key.from_pem(certificate(kind).public_bytes(Encoding.PEM), KINDS[kind]),
        Key.from_pem(certificate(kind).public_bytes(Encoding.PEM).decode(), KINDS[kind], key_id=None),
        Key.from_der(certificate(kind).public_bytes(Encoding.DER), KINDS[kind]),
    ):
        holds(key, kind, private=False)


@pytest.mark.parametrize(("encoding", "read"), [(Encoding.PEM, Key.from_pem), (Encoding.DER, Key.from_der)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_curve_says_the_algorithm(kind: str, encoding: Encoding, read: Callable[..., Key]) -> None:
    """On curves the algorithm may be left out; an RSA key without one is refused with what to do."""
    for data in (spki(private_key(kind), encoding), pkcs8(private_key(kind), encoding)):
        if kind == "RSA":
            assert "name it" in refusal(read, data)
        else:
            assert read(data).algorithm == KINDS[kind]


@pytest.mark.parametrize(("encoding", "read"), [(Encoding.PEM, Key.from_pem), (Encoding.DER, Key.from_der)])
@pytest.mark.parametrize(("algorithm", "kind"), PAIRS)
def test_keys_of_another_kind(algorithm: str, kind: str, encoding: Encoding, read: Callable[..., Key]) -> None:
    """A key of another type or curve than the algorithm takes is refused, and the words name both."""
    takers = {name for name, fitting in ROWS if fitting == kind}
    for other, _ in PAIRS:
        if other in takers:
            assert read(spki(private_key(kind), encoding), other).algorithm == other
            continue
        for data in (spki(private_key(kind), encoding), pkcs8(private_key(kind), encoding)):
            words = refusal(read, data, other)
            assert other in words
            assert "damaged" not in words
    assert algorithm in takers


def test_algorithms_that_take_no_key_pair() -> None:
    """A key pair is no key for HMAC, nor for an algorithm that does not exist (CVE-2022-29217)."""
    pems = [spki(private_key("RSA")), pkcs8(private_key("P-256")), certificate("RSA").public_bytes(Encoding.PEM)]
    for algorithm in ("HS256", "HS512"):
        for pem in pems:
            assert algorithm in refusal(Key.from_pem, pem, algorithm)
        assert algorithm in refusal(Key.from_der, spki(private_key("RSA"), Encoding.DER), algorithm)
    for algorithm in ("none", "RSA", "rs256", "ES521", ""):
        assert "unknown algorithm" in refusal(Key.from_pem, pems[0], algorithm)


# ---- passwords ----


@pytest.mark.parametrize(("kind", "form"), PRIVATE)
def test_encrypted_pem(kind: str, form: PrivateFormat) -> None:
    """An encrypted private key is read with its password, as str or bytes, and refused with another or none."""
    pem = write(kind, Encoding.PEM, form, ENCRYPTED)
    for password in (PASSWORD, PASSWORD.decode()):
        holds(Key.from_pem(pem, KINDS[kind], password=password), kind, private=True)
    assert "password" in refusal(Key.from_pem, pem, KINDS[kind], password="wrong")
    assert "give its password" in refusal(Key.from_pem, pem, KINDS[kind])
    assert "password" in refusal(Key.from_pem, pem, KINDS[kind], password="")


@pytest.mark.parametrize("kind", KINDS)
def test_encrypted_der(kind: str) -> None:
    """An encrypted private key in DER is read with its password and refused with another or none."""
    der = write(kind, Encoding.DER, PrivateFormat.PKCS8, ENCRYPTED)
    holds(Key.from_der(der, KINDS[kind], password=PASSWORD), kind, private=True)
    assert "password" in refusal(Key.from_der, der, KINDS[kind], password="wrong")
    assert "give its password" in refusal(Key.from_der, der, KINDS[kind])


@pytest.mark.parametrize(("kind", "form"), PRIVATE)
def test_a_password_that_nothing_asks_for(kind: str, form: PrivateFormat) -> None:
    """A password for a private key that is not encrypted is refused: it is not the key that one thinks it is."""
    for read, encoding in ((Key.from_pem, Encoding.PEM), (Key.from_der, Encoding.DER)):
        assert "not encrypted" in refusal(read, write(kind, encoding, form), KINDS[kind], password=PASSWORD)


@pytest.mark.parametrize("password", [5, ["a"], bytearray(b"a"), True])
def test_passwords_of_wrong_types(password: Any) -> None:
    """A password that is neither str nor bytes is a TypeError."""
    with pytest.raises(TypeError, match=type(password).__name__):
        Key.from_pem(pkcs8(private_key("P-256")), password=password)
    with pytest.raises(TypeError, match=type(password).__name__):
        Key.from_der(pkcs8(private_key("P-256"), Encoding.DER), password=password)


@pytest.mark.parametrize("read", [Key.from_pem, Key.from_der])
def test_a_password_that_is_no_text(read: Callable[..., Key]) -> None:
    """A password with half a surrogate pair is no text: an InvalidKeyError, as for any other wrong password."""
    encoding = Encoding.PEM if read == Key.from_pem else Encoding.DER
    data = write("P-256", encoding, PrivateFormat.PKCS8, ENCRYPTED)
    refusal(read, data, password="\ud800")


# ---- around and between ----


def test_what_stands_around_a_pem() -> None:
    """Comments, white space, a byte order mark and other systems' line ends around and in a PEM don't matter."""
    pem = spki(private_key("P-256")).decode()
    for text in (
        f"\n\n  \n{pem}\n\n",
        f"Bag Attributes\n    localKeyID: 01\n{pem}",
        f"# the signing key, caf\u00e9\n{pem}",
        f"\ufeff{pem}",
        pem.replace("\n", "\r\n"),
        pem.strip(),
    ):
        for data in (text, text.encode()):
            holds(Key.from_pem(data), "P-256", private=False)


EC_PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def test_ec_parameters_in_front() -> None:
    """The block of parameters that openssl ecparam writes in front of a private key is passed over."""
    pem = write("P-256", Encoding.PEM, PrivateFormat.TraditionalOpenSSL).decode()
    holds(Key.from_pem(EC_PARAMETERS + pem), "P-256", private=True)
    assert "no public key" in refusal(Key.from_pem, EC_PARAMETERS)


def test_the_first_block_counts() -> None:
    """Of several blocks the first one is the key."""
    blocks = {
        "public": (spki(private_key("P-256")), "ES256", private_key("P-256")),
        "private": (pkcs8(private_key("P-384")), "ES384", private_key("P-384")),
        "certificate": (certificate("Ed25519").public_bytes(Encoding.PEM), "EdDSA", private_key("Ed25519")),
    }
    for first, (pem, algorithm, signer) in blocks.items():
        key = Key.from_pem(pem + b"".join(others[0] for name, others in blocks.items() if name != first))
        assert key.can_sign is (first == "private")
        assert key.verify(sign(algorithm, signer, MESSAGE), MESSAGE)


def test_two_certificates() -> None:
    """Of a chain of certificates the first is the one whose key counts."""
    chain = [certificate("RSA", number).public_bytes(Encoding.PEM) for number in (0, 1)]
    key = Key.from_pem(b"".join(chain), "RS256")
    assert key.verify(sign("RS256", private_key("RSA"), MESSAGE), MESSAGE)
    assert not key.verify(sign("RS256", private_key("RSA", 1), MESSAGE), MESSAGE)


def test_openssh_is_refused_with_advice() -> None:
    """OpenSSH's own forms, which carry no algorithm's rules, are refused with the command that makes them PEM."""
    private = private_key("Ed25519")
    for data in (
        private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NOT_ENCRYPTED),
        private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    ):
        assert "ssh-keygen" in refusal(Key.from_pem, data)


def armour(label: str, data: bytes) -> str:
    """Give octets in PEM's armour under any label (RFC 7468 section 3)."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n"


GARBAGE = {
    "empty": "",
    "space": " \n",
    "prose": "this is no key",
    "null": "\0" * 64,
    "empty block": armour("PUBLIC KEY", b""),
    "garbage in it": armour("PUBLIC KEY", bytes(range(200))),
    "private garbage": armour("PRIVATE KEY", bytes(range(200))),
    "certificate garbage": armour("CERTIFICATE", bytes(range(200))),
    "PKCS #1 under the wrong label": armour("RSA PRIVATE KEY", bytes(200)),
    "not base64": "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n",
    "no end": "-----BEGIN PUBLIC KEY-----\nAAAA\n",
    "begin only": "-----BEGIN PUBLIC KEY-----",
    "another end": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "request": armour("CERTIFICATE REQUEST", b"\x30\x00"),
    "list": armour("X509 CRL", b"\x30\x00"),
    "parameters": armour("DH PARAMETERS", b"\x30\x00"),
    "message": armour("PGP MESSAGE", b"\x30\x00"),
    "PGP": armour("PGP PUBLIC KEY BLOCK", b"\x99\x01"),
    "unknown": armour("PUBLIC", b"\x30\x00"),
    "JWK": json.dumps(jwk(private_key("P-256"))),
    "lone surrogate": "\ud800",
    "surrogate inside": "-----BEGIN PUBLIC KEY-----\n\udfff\n-----END PUBLIC KEY-----\n",
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("password", [None, "a password"])
def test_garbage_as_pem(text: str, password: str | None) -> None:
    """What is no PEM of a key is an InvalidKeyError, whatever it is."""
    for algorithm in (None, "RS256", "ES256"):
        with pytest.raises(errors.InvalidKeyError):
            Key.from_pem(text, algorithm, password=password)
        if text.isascii():
            with pytest.raises(errors.InvalidKeyError):
                Key.from_pem(text.encode(), algorithm, password=password)


def version_seven() -> bytes:
    """Give a certificate that says it is of X.509 version 8, which there is not."""
    return patched(bytes.fromhex("a003020102"), bytes.fromhex("a003020107"))


def unknown_key_type() -> bytes:
    """Give a certificate of a key whose type nobody knows."""
    return patched(bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d010163"))


def patched(old: bytes, new: bytes) -> bytes:
    """Give the certificate of an RSA key with its first occurrence of some octets replaced by others."""
    der = certificate("RSA").public_bytes(Encoding.DER)
    assert old in der
    return der.replace(old, new, 1)


@pytest.mark.parametrize("make", [version_seven, unknown_key_type])
def test_certificates_that_nobody_can_read(make: Callable[[], bytes]) -> None:
    """A certificate of an unknown version or with a key of an unknown type is an InvalidKeyError."""
    with pytest.raises(errors.InvalidKeyError):
        Key.from_pem(armour("CERTIFICATE", make()), "RS256")
    with pytest.raises(errors.InvalidKeyError):
        Key.from_der(make(), "RS256")


def truncations(data: bytes) -> list[bytes]:
    """Give beginnings of some octets, and these with more behind them."""
    return [*(data[: len(data) * part // 8] for part in range(8)), data[:-1], data + b"\0"]


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_as_der(kind: str) -> None:
    """DER that is cut short or has something behind it, and PEM given as DER, are InvalidKeyErrors."""
    for whole in (spki(private_key(kind), Encoding.DER), pkcs8(private_key(kind), Encoding.DER)):
        for data in (*truncations(whole), bytes(len(whole)), base64.b64encode(whole)):
            with pytest.raises(errors.InvalidKeyError):
                Key.from_der(data, KINDS[kind])
    with pytest.raises(errors.InvalidKeyError):
        Key.from_der(spki(private_key(kind)), KINDS[kind])


@pytest.mark.parametrize("wrong", [None, 5, ["a"], object(), bytearray(b"x"), memoryview(b"x")])
def test_forms_of_wrong_types(wrong: Any) -> None:
    """A PEM is str or bytes and DER is bytes; anything else is a TypeError that names its type."""
    with pytest.raises(TypeError, match=type(wrong).__name__):
        Key.from_pem(wrong)
    with pytest.raises(TypeError, match=type(wrong).__name__):
        Key.from_der(wrong)


def test_der_is_no_str() -> None:
    """DER as str is a TypeError."""
    with pytest.raises(TypeError, match="str"):
        Key.from_der("MIIB")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [5, b"RS256", ["RS256"]])
def test_algorithms_of_wrong_types(wrong: Any) -> None:
    """An algorithm that is neither str nor None is a TypeError in each constructor."""
    private = private_key("RSA")
    with pytest.raises(TypeError):
        Key.from_pem(spki(private), wrong)
    with pytest.raises(TypeError):
        Key.generate(wrong)
    with pytest.raises(TypeError):
        Key.from_der(spki(private, Encoding.DER), wrong)
    with pytest.raises(TypeError):
        Key.from_jwk(jwk(private), wrong)


@pytest.mark.parametrize("wrong", [5, b"kid", ["kid"]])
def test_key_ids_of_wrong_types(wrong: Any) -> None:
    """A key_id that is neither str nor None is a TypeError in each constructor."""
    private = private_key("P-256")
    with pytest.raises(TypeError):
        Key.from_pem(spki(private), key_id=wrong)
    with pytest.raises(TypeError):
        Key.from_der(spki(private, Encoding.DER), key_id=wrong)
    with pytest.raises(TypeError):
        Key.generate("ES256", key_id=wrong)
    with pytest.raises(TypeError):
        Key.from_jwk(jwk(private), key_id=wrong)


OTHER_KINDS: dict[str, Callable[[], Any]] = {
    "X25519": x25519.X25519PrivateKey.generate,
    "X448": x448.X448PrivateKey.generate,
    "DSA": lambda: dsa.generate_private_key(1024),  # noqa: S505 - quickly made
    "P-224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_keys_that_no_jws_uses(name: str) -> None:
    """Keys for agreement, DSA, and curves that JWA has not are refused as such, in PEM and in DER."""
    private = OTHER_KINDS[name]()
    for algorithm in (None, "EdDSA", "ES256"):
        for read, encoding in ((Key.from_pem, Encoding.PEM), (Key.from_der, Encoding.DER)):
            for data in (spki(private, encoding), pkcs8(private, encoding)):
                words = refusal(read, data, algorithm)
                assert "damaged" not in words


# ---- made new ----


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_generate(algorithm: str, kind: str) -> None:
    """A new key signs for its algorithm, has the kid it was given, and is never the same twice."""
    keys = [Key.generate(algorithm, key_id="k") for _ in range(2)]
    assert keys[0].to_jwk(private=True) != keys[1].to_jwk(private=True)
    for key in keys:
        assert (key.algorithm, key.key_id, key.can_sign) == (algorithm, "k", True)
        assert key.verify(key.sign(MESSAGE), MESSAGE)
        members = key.to_jwk(private=True)
        if kind == "secret":
            assert len(decode(members["k"])) == int(algorithm[2:]) // 8
        elif kind == "RSA":
            assert (len(decode(members["n"])), members["e"]) == (256, "AQAB")
        elif algorithm != "EdDSA":  # which makes Ed25519
            assert set(jwk(private_key(kind))) <= set(members)
            assert members.get("crv", algorithm) == jwk(private_key(kind)).get("crv", algorithm)
    assert not keys[0].verify(keys[1].sign(MESSAGE), MESSAGE)


def test_generate_rsa_of_other_lengths() -> None:
    """An RSA key is made as long as asked for; too short is refused, with nothing made."""
    assert len(decode(Key.generate("RS256", rsa_bits=2560).to_jwk()["n"])) == 320
    for bits in (-1, 0, 512, 1024, 2040):
        with pytest.raises(errors.InvalidKeyError):
            Key.generate("RS256", rsa_bits=bits)


@pytest.mark.parametrize("bits", [8200, 16_384, 2**31, 2**40])
def test_generate_rsa_that_would_take_for_ever(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An RSA key that is longer than any that is accepted is refused before it is made."""

    def never(*_: Any, **__: Any) -> None:
        pytest.fail("an RSA key was about to be made that nothing would accept")

    monkeypatch.setattr(rsa, "generate_private_key", never)
    with pytest.raises(errors.InvalidKeyError):
        Key.generate("PS256", rsa_bits=bits)


# ---- halves, and what others read ----


@pytest.mark.parametrize(("algorithm", "kind"), PAIRS)
def test_public(algorithm: str, kind: str) -> None:
    """The public half keeps algorithm, kid and other names, and nothing that signs."""
    key = Key.from_pem(pkcs8(private_key(kind)), algorithm, key_id="k")
    for half in (key.public(), key.public().public()):
        assert (half.algorithm, half.key_id, half.names, half.can_sign) == (algorithm, "k", key.names, False)
        assert half.to_jwk() == key.to_jwk()
        assert half.thumbprint() == key.thumbprint()
        with pytest.raises(errors.InvalidKeyError, match="public"):
            half.sign(MESSAGE)
        with pytest.raises(errors.InvalidKeyError, match="public"):
            half.to_jwk(private=True)


def test_a_secret_has_no_public_half() -> None:
    """A shared secret has no public half and no public JWK."""
    key = Key.generate("HS256")
    for attempt in (key.public, key.to_jwk):
        with pytest.raises(errors.InvalidKeyError, match="secret"):
            attempt()


@pytest.mark.parametrize(
    ("algorithm", "kind"), [row for row in ROWS if row[0] in jwt.algorithms.get_default_algorithms()]
)
def test_pyjwt_reads_our_jwks(algorithm: str, kind: str) -> None:
    """PyJWT reads the JWKs that a Key writes, public and private, and both sides' signatures fit."""
    key = Key.generate(algorithm) if kind != "Ed448" else Key.from_pem(pkcs8(private_key(kind)), algorithm)
    theirs = jwt.PyJWK(key.to_jwk(private=True))
    assert theirs.algorithm_name == algorithm
    assert key.verify(theirs.Algorithm.sign(MESSAGE, theirs.key), MESSAGE)
    half = theirs if kind == "secret" else jwt.PyJWK(key.to_jwk())
    assert half.Algorithm.verify(MESSAGE, half.key, key.sign(MESSAGE))


def test_cryptography_reads_our_jwks() -> None:
    """The members of our JWKs are the very numbers that cryptography has of the key."""
    key = Key.generate("ES512")
    members = key.to_jwk(private=True)
    x, y, d = (int.from_bytes(decode(members[name]), "big") for name in ("x", "y", "d"))
    derived = ec.derive_private_key(d, ec.SECP521R1())
    assert derived.public_key().public_numbers() == ec.EllipticCurvePublicNumbers(x, y, ec.SECP521R1())
    for algorithm, cls in (("Ed25519", ed25519.Ed25519PrivateKey), ("Ed448", ed448.Ed448PrivateKey)):
        members = Key.generate(algorithm).to_jwk(private=True)
        made: Any = cls.from_private_bytes(decode(members["d"]))
        assert encode(made.public_key().public_bytes_raw()) == members["x"]
    members = Key.generate("RS256").to_jwk(private=True)
    n, e, d, p, q = (int.from_bytes(decode(members[name]), "big") for name in ("n", "e", "d", "p", "q"))
    assert (n, e * d % ((p - 1) * (q - 1) // 2) % 2) == (p * q, 1)
    assert pow(pow(2, e, n), d, n) == 2


def test_a_certificate_in_a_file_of_many(tmp_path: Any) -> None:
    """What openssl x509 -text writes, prose in front of the block, is read."""
    text = (
        "Certificate:\n    Data:\n        Version: 3 (0x2)\n" + certificate("RSA").public_bytes(Encoding.PEM).decode()
    )
    path = tmp_path / "certificate.pem"
    path.write_text(text)
    key = Key.from_pem(path.read_bytes(), "PS256")
    holds(key, "RSA", private=False)
    assert isinstance(certificate("RSA"), x509.Certificate)
