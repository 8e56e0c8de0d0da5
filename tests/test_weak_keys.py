"""Keys that must not be used, and what must not be seen of those that may."""

from __future__ import annotations

import copy
import functools
import json
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from forge import decode, encode
from key_pairs import ROWS, certificate, jwk, number, pkcs8, private_jwk, private_key, spki

from jwtfast import Key, KeySet, Verifier, errors

RSA_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]


def refusal(read: Callable[..., Any], *args: Any) -> str:
    """Give the words with which a key is refused."""
    with pytest.raises(errors.InvalidKeyError) as caught:
        read(*args)
    return str(caught.value)


# ---- RSA ----


@functools.cache
def short_key() -> rsa.RSAPrivateKey:
    """Give an RSA key of 1024 bits."""
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point


def rsa_jwk(n: int, e: int = 65537) -> dict[str, str]:
    """Give the JWK of an RSA key by its numbers."""
    return {"kty": "RSA", "n": number(n), "e": number(e)}


@pytest.mark.parametrize("algorithm", RSA_ALGORITHMS)
def test_short_rsa_keys(algorithm: str) -> None:
    """An RSA key has at least 2048 bits (RFC 7518 sections 3.3 and 3.5); the refusal says so, in every form."""
    private = short_key()
    public = private.public_key()
    pkcs1 = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    own_form = private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    for read, data in (
        (Key.from_pem, spki(private)),
        (Key.from_pem, pkcs1),
        (Key.from_pem, pkcs8(private)),
        (Key.from_der, spki(private, Encoding.DER)),
        (Key.from_der, own_form),
        (Key.from_jwk, jwk(private)),
        (Key.from_jwk, private_jwk(private)),
    ):
        assert "2048" in refusal(read, data, algorithm)


def modulus(bits: int) -> int:
    """Give an odd number of so many bits, which is all that can be seen of a modulus from outside."""
    return (1 << (bits - 1)) + (1 << (bits // 2)) + 1


@pytest.mark.parametrize("bits", [8, 512, 1024, 2040, 2047])
def test_moduli_too_short(bits: int) -> None:
    """Up to 2047 bits a modulus is refused, the last bit counting."""
    for algorithm in RSA_ALGORITHMS:
        refusal(Key.from_jwk, rsa_jwk(modulus(bits)), algorithm)


@pytest.mark.parametrize("bits", [2048, 2049, 3072, 4096, 8191, 8192])
def test_moduli_of_good_length(bits: int) -> None:
    """From 2048 to 8192 bits a modulus is accepted."""
    for algorithm in RSA_ALGORITHMS:
        assert Key.from_jwk(rsa_jwk(modulus(bits)), algorithm).algorithm == algorithm


@pytest.mark.parametrize("bits", [8193, 8200, 16_384, 65_536, 1_000_000])
def test_moduli_too_long(bits: int) -> None:
    """Above 8192 bits a modulus is refused: each forged token would cost milliseconds."""
    for algorithm in RSA_ALGORITHMS:
        assert "8192" in refusal(Key.from_jwk, rsa_jwk(modulus(bits)), algorithm)


@pytest.mark.parametrize("exponent", [0, 1, 2, 4, 65536, 65538, 2**64 - 2, 2**64 + 1, 2**256 + 1, 2**2047 + 1])
def test_bad_exponents(exponent: int) -> None:
    """An exponent of one makes every message its own signature, an even one none; a huge one costs too much."""
    refusal(
        Key.from_jwk, rsa_jwk(modulus(2048)) | {"e": number(exponent, (exponent.bit_length() + 7) // 8 or 1)}, "RS256"
    )


@pytest.mark.parametrize(("bits", "e"), [(2040, 65537), (8193, 65537), (16_384, 65537), (2048, 2**64 + 1)])
def test_bad_rsa_numbers_in_other_forms(bits: int, e: int) -> None:
    """What is refused in a JWK is refused in PEM and DER too."""
    public = rsa.RSAPublicNumbers(e, modulus(bits)).public_key()
    for form in (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1):
        for algorithm in ("RS256", "PS512"):
            refusal(Key.from_pem, public.public_bytes(Encoding.PEM, form), algorithm)
            refusal(Key.from_der, public.public_bytes(Encoding.DER, form), algorithm)


@pytest.mark.parametrize("exponent", [3, 5, 17, 257, 65537, 2**32 + 1, 2**64 - 1])
def test_good_exponents(exponent: int) -> None:
    """Small odd exponents from 3 on are safe with these paddings, and some issuers have them."""
    assert Key.from_jwk(rsa_jwk(modulus(2048), exponent), "PS256").to_jwk()["e"] == number(exponent)


def test_an_even_modulus() -> None:
    """An even modulus is no product of two primes that anybody would choose."""
    refusal(Key.from_jwk, rsa_jwk(modulus(2048) + 1), "RS256")


# ---- curves ----


@pytest.mark.parametrize(
    ("algorithm", "curve"),
    [
        (algorithm, curve)
        for algorithm, own in (("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521"), ("ES256K", "secp256k1"))
        for curve in ("P-256", "P-384", "P-521", "secp256k1")
        if curve != own
    ],
)
def test_another_curve(algorithm: str, curve: str) -> None:
    """Each ECDSA algorithm has one curve (RFC 7518 section 3.4, RFC 8812 section 3.2), and the refusal names both."""
    private = private_key(curve)
    for read, data in (
        (Key.from_pem, spki(private)),
        (Key.from_pem, pkcs8(private)),
        (Key.from_pem, certificate(curve).public_bytes(Encoding.PEM)),
        (Key.from_der, spki(private, Encoding.DER)),
        (Key.from_der, certificate(curve).public_bytes(Encoding.DER)),
        (Key.from_jwk, jwk(private)),
        (Key.from_jwk, private_jwk(private)),
    ):
        words = refusal(read, data, algorithm)
        assert algorithm in words
        assert curve in words


def test_curves_that_jwa_has_not() -> None:
    """A curve without an algorithm is refused under every algorithm, and under none."""
    for curve in (ec.SECP224R1(), ec.SECP192R1(), ec.BrainpoolP256R1(), ec.BrainpoolP512R1()):
        pem = spki(ec.generate_private_key(curve))
        for algorithm in (None, "ES256", "ES384", "ES512", "ES256K", "EdDSA"):
            refusal(Key.from_pem, pem, algorithm)


# The points whose order divides the cofactor, found by the curves' equations (RFC 8032 sections 5.1 and 5.2).
P25519, P448 = 2**255 - 19, 2**448 - 2**224 - 1
D25519 = -121665 * pow(121666, -1, P25519) % P25519


def order_eight() -> list[int]:
    """Give the y coordinates of Ed25519's points of order eight, those whose double has y = 0."""
    # The double's y is 0 where x^2 = -y^2; in the curve's equation that makes d y^4 + 2 y^2 - 1 = 0.
    root = square_root((1 + D25519) % P25519)
    squares = [(-1 + sign * root) * pow(D25519, -1, P25519) % P25519 for sign in (1, -1)]
    roots = [square_root(square) for square in squares]
    real = [y for y, square in zip(roots, squares, strict=True) if y * y % P25519 == square]
    return [*real, *(P25519 - y for y in real)]


def square_root(value: int) -> int:
    """Give a number whose square is a value modulo the prime of Ed25519, if there is one (RFC 8032 section 5.1.3)."""
    root = pow(value, (P25519 + 3) // 8, P25519)
    return root if root * root % P25519 == value else root * pow(2, (P25519 - 1) // 4, P25519) % P25519


def small_points() -> Iterator[tuple[str, str]]:
    """Give all spellings of low-order points, canonical or not."""
    for crv, prime, octets, values in (
        ("Ed25519", P25519, 32, [0, 1, P25519 - 1, *order_eight()]),
        ("Ed448", P448, 57, [0, 1, P448 - 1]),
    ):
        sign_bit = 1 << (8 * octets - 1)
        for y in values:
            for spelled in (y, y + prime):
                if spelled < 1 << (255 if crv == "Ed25519" else 448):
                    for sign in (0, sign_bit):
                        yield crv, encode((spelled | sign).to_bytes(octets, "little"))


def test_the_points_of_low_order_are_all_there() -> None:
    """The oracle's list is whole: eight canonical points of Ed25519 and four of Ed448, and more spellings."""
    ys = order_eight()
    assert len(set(ys)) == 2
    for y in ys:
        x2 = (y * y - 1) * pow(D25519 * y * y + 1, -1, P25519) % P25519
        assert square_root(x2) ** 2 % P25519 == x2
        assert x2 == -y * y % P25519
    assert len(set(small_points())) >= 14 + 6


@pytest.mark.parametrize(("crv", "x"), list(small_points()))
def test_points_of_low_order(crv: str, x: str) -> None:
    """A key that is a point of low order, however it is spelled, is refused: its signatures fit any message."""
    refusal(Key.from_jwk, {"kty": "OKP", "crv": crv, "x": x})
    refusal(Key.from_jwk, {"kty": "OKP", "crv": crv, "x": x}, crv)
    prefix = {"Ed25519": "302a300506032b6570032100", "Ed448": "3043300506032b6571033a00"}[crv]
    refusal(Key.from_der, bytes.fromhex(prefix) + decode(x))


@pytest.mark.parametrize("crv", ["Ed25519", "Ed448"])
def test_points_that_are_not_canonical(crv: str) -> None:
    """A y coordinate that is not below the prime is refused (RFC 8032 sections 5.1.3 and 5.2.3)."""
    prime, octets = {"Ed25519": (P25519, 32), "Ed448": (P448, 57)}[crv]
    room = 1 << {"Ed25519": 255, "Ed448": 448}[crv]
    for y in {prime, prime + 1, prime + 2, prime + 5, prime + 18, room - 1}:
        if y < room:
            refusal(Key.from_jwk, {"kty": "OKP", "crv": crv, "x": encode(y.to_bytes(octets, "little"))})
    if crv == "Ed448":  # the last octet is the sign's alone
        refusal(Key.from_jwk, {"kty": "OKP", "crv": crv, "x": encode(bytes([5]) + bytes(55) + b"\x01")})
        refusal(Key.from_jwk, {"kty": "OKP", "crv": crv, "x": encode(bytes([5]) + bytes(55) + b"\x7f")})


@pytest.mark.parametrize("crv", ["Ed25519", "Ed448"])
def test_good_points(crv: str) -> None:
    """Keys that were generated are none of these."""
    for _ in range(50):
        assert Key.from_jwk(Key.generate(crv).to_jwk()).algorithm == crv


# ---- what is not seen ----


def material(kind: str) -> dict[str, bytes]:
    """Give the private numbers and octets of a key, and of a public key what makes it too."""
    members = private_jwk(private_key(kind))
    names = {"d", "p", "q", "dp", "dq", "qi", "k", "n", "x", "y", "priv", "pub"}
    return {name: decode(value) for name, value in members.items() if name in names}


def spellings(octets: bytes) -> Iterator[str]:
    """Give the texts in which octets may show: base64url, hexadecimal, decimal, and Python's own."""
    yield encode(octets)[:16]
    yield encode(octets)[-16:]
    yield octets.hex()[:16]
    yield octets.hex().upper()[:16]
    if len(octets) < 1700:  # Python writes no longer numbers out
        yield str(int.from_bytes(octets, "big"))[:16]
    yield repr(octets)[2:18]
    yield f"{octets[0]}, {octets[1]}, {octets[2]}, {octets[3]}"


def says_nothing_of(kind: str, text: str) -> None:
    """Assert that a text holds nothing of a key's material, in no spelling."""
    for name, octets in material(kind).items():
        for spelling in spellings(octets):
            assert spelling not in text, f"{name} of {kind} shows"


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_keys_print_without_material(algorithm: str, kind: str) -> None:
    """A key, a set of keys and a verifier print as what they are, never as what they hold."""
    private = Key.from_jwk(private_jwk(private_key(kind)), algorithm, key_id="k1")
    nature = "secret" if kind == "secret" else "private"
    assert repr(private) == f"<Key {algorithm} kid='k1' {nature}>"
    assert str(private) == repr(private) == f"{private}"
    if kind != "secret":
        assert repr(private.public()) == f"<Key {algorithm} kid='k1' public>"
        assert repr(Key.from_jwk(jwk(private_key(kind)), algorithm)) == f"<Key {algorithm} public>"
    texts = [
        repr(private),
        repr(KeySet([private])),
        repr(Verifier(private)),
        repr(private.prepared),
        str(private.names),
    ]
    says_nothing_of(kind, " ".join(texts))


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_keys_can_not_be_copied_or_pickled(algorithm: str, kind: str) -> None:
    """A key can be neither pickled, copied nor changed, and what it verifies with neither pickled nor copied."""
    key = Key.from_jwk(private_jwk(private_key(kind)), algorithm)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        for secret in (key, key.prepared):
            with pytest.raises(TypeError):
                attempt(secret)
    for name in ("prepared", "names", "_private", "_public", "algorithm", "other"):
        with pytest.raises(AttributeError):
            setattr(key, name, None)
    with pytest.raises(AttributeError):
        del key.prepared


def everything_of(error: BaseException | None) -> Iterator[str]:
    """Give all that an error says and hides: its words, its arguments, its notes, and those of what is behind it."""
    while error is not None:
        yield str(error)
        yield repr(error.args)
        yield repr(getattr(error, "__notes__", ""))
        yield "".join(traceback.format_exception(error))
        error = error.__cause__ or error.__context__


def spoilt(kind: str) -> Iterator[tuple[Any, str | None]]:
    """Give JWKs of a key with something wrong, each with the algorithm to read it by."""
    members = private_jwk(private_key(kind))
    other = private_jwk(private_key(kind, 1))
    yield members, "none"
    yield members, "ES256" if kind != "P-256" else "ES384"
    yield members | {"use": "enc"}, None
    yield members | {"kty": "other"}, None
    yield members | {"alg": "HS999"}, None
    yield members | {"x5c": ["AAAA"]}, None
    for name in set(members) - {"kty", "crv", "alg"}:
        for wrong in (other[name], members[name] + "=", members[name][:-4], "AAAA" + members[name], 5, None):
            if kind == "secret" and wrong == other[name]:
                continue
            yield members | {name: wrong}, None
    yield json.dumps(members) + "x", None
    yield json.dumps(members)[:-1], None
    yield json.dumps(members)[:-1] + ',"kty":"EC"}', None


@pytest.mark.parametrize("kind", ["secret", "RSA", "P-256", "P-521", "Ed25519", "Ed448"])
def test_refusals_say_nothing_of_the_key(kind: str) -> None:
    """No refusal of a JWK, nor of a set that holds it, says or hides anything of the key."""
    refused = skipped = 0
    good = jwk(private_key("secp256k1"))
    for document, algorithm in spoilt(kind):
        try:
            Key.from_jwk(document, algorithm)
        except errors.InvalidKeyError as error:
            refused += 1
            says_nothing_of(kind, " ".join(everything_of(error)))
        for reason in KeySet.from_jwks({"keys": [good, document]}).skipped:
            skipped += 1
            says_nothing_of(kind, repr(reason))
    assert min(refused, skipped) > 8


@pytest.mark.parametrize("kind", ["RSA", "P-256", "P-521", "Ed25519", "Ed448"])
def test_refusals_of_pem_and_der_say_nothing(kind: str) -> None:
    """No refusal of a PEM or DER says or hides anything of the key in it."""
    private = private_key(kind)
    refused = 0
    for encoding, read in ((Encoding.PEM, Key.from_pem), (Encoding.DER, Key.from_der)):
        whole = pkcs8(private, encoding)
        for data in (whole, whole[:-40], whole[:60] + whole[61:], spki(private, encoding)[:-40]):
            for algorithm, password in (("HS256", None), ("ES256K", "secret words"), ("none", None)):
                with pytest.raises(errors.InvalidKeyError) as caught:
                    read(data, algorithm, password=password)
                refused += 1
                said = " ".join(everything_of(caught.value))
                says_nothing_of(kind, said)
                assert "secret words" not in said
    assert refused > 20
