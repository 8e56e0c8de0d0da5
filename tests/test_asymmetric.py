"""Every algorithm of the table: what others sign we verify, what we sign others verify, and nothing else passes."""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.backends.openssl.backend import Backend
from cryptography.hazmat.primitives import asymmetric, hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from forge import NOW, Clock, decode, encode
from hypothesis import given
from hypothesis import strategies as st
from key_pairs import (
    HASHES,
    ML_DSA,
    ORDERS,
    PAIRS,
    ROWS,
    check,
    jwk,
    pkcs8,
    private_key,
    pss,
    raw,
    sign,
    signing_input,
    spki,
    token,
)

from jwtfast import Key, Verifier, errors
from jwtfast._native import SignatureKey
from jwtfast.algorithms import ALGORITHMS

CLAIMS = {"sub": "alice", "exp": NOW + 60}
MESSAGE = b"a message that somebody signed"
SIZES = {"P-256": 32, "P-384": 48, "P-521": 66, "secp256k1": 32}
CURVE_ROWS = [row for row in PAIRS if row[1] in SIZES]
PSS_ROWS = [row for row in PAIRS if row[0].startswith("PS")]


def public_key(algorithm: str, kind: str, number: int = 0, key_id: str | None = None) -> Key:
    """Give the key that verifies: the public half of a pair, or a secret."""
    private = private_key(kind, number)
    if isinstance(private, bytes):
        return Key.from_secret(private, algorithm, key_id=key_id)
    return Key.from_pem(spki(private), algorithm, key_id=key_id)


def signing_key(algorithm: str, kind: str) -> Key:
    """Give the key that signs."""
    private = private_key(kind)
    if isinstance(private, bytes):
        return Key.from_secret(private, algorithm)
    return Key.from_pem(pkcs8(private), algorithm)


def verifier(*keys: Key) -> Verifier:
    """Give a verifier whose clock stands still and that remembers nothing."""
    return Verifier(keys, clock=Clock(), cache_tokens=0)


def refusal(judge: Verifier, raw_token: str) -> type[errors.InvalidTokenError]:
    """Give the class of the error with which a token is refused."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        judge.verify(raw_token)
    return type(caught.value)


def test_no_row_is_left_out() -> None:
    """The rows tested here are those of the table; ML-DSA's only where cryptography has it."""
    missing = set(ALGORITHMS) - {algorithm for algorithm, _ in ROWS}
    assert missing == (set() if ML_DSA else {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"})


# ---- both ways ----


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_tokens_signed_by_cryptography(algorithm: str, kind: str) -> None:
    """A token that cryptography signed is good, again and again, and says who signed it."""
    judge = Verifier(public_key(algorithm, kind, key_id="k"), clock=Clock())
    for header in ({}, {"kid": "k"}, {"kid": "k", "typ": "JWT"}, {}):
        verified = judge.verify(token(algorithm, private_key(kind), CLAIMS, **header))
        assert verified.claims == CLAIMS
        assert (verified.algorithm, verified.key_id) == (algorithm, "k")


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_signatures_made_by_us(algorithm: str, kind: str) -> None:
    """What a Key signs is good by cryptography and of the length that the algorithm's signatures have."""
    private, key = private_key(kind), signing_key(algorithm, kind)
    for message in (b"", MESSAGE, MESSAGE * 1000):
        signature = key.sign(message)
        assert len(signature) == len(sign(algorithm, private, message))
        if isinstance(private, bytes):
            assert signature == sign(algorithm, private, message)
            continue
        check(algorithm, private, signature, message)
        with pytest.raises(InvalidSignature):
            check(algorithm, private, signature, message + b"x")


@pytest.mark.parametrize(
    ("algorithm", "kind"), [row for row in ROWS if row[0] in jwt.algorithms.get_default_algorithms()]
)
def test_tokens_signed_by_us_for_pyjwt(algorithm: str, kind: str) -> None:
    """PyJWT accepts what a Key signs, and a Key what PyJWT signs."""
    private = private_key(kind)
    secret = isinstance(private, bytes)
    text = signing_input({"alg": algorithm}, {"sub": "alice"})
    ours = f"{text}.{encode(signing_key(algorithm, kind).sign(text.encode()))}"
    assert jwt.decode(ours, private if secret else private.public_key(), [algorithm]) == {"sub": "alice"}
    theirs = jwt.encode(CLAIMS, private, algorithm)
    assert verifier(public_key(algorithm, kind)).verify(theirs).claims == CLAIMS


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_a_key_verifies_what_it_signs(algorithm: str, kind: str) -> None:
    """A key that can sign verifies too, and so does its public half."""
    key = signing_key(algorithm, kind)
    halves = [key] if kind == "secret" else [key, key.public()]
    for half in halves:
        assert half.verify(key.sign(MESSAGE), MESSAGE)
        assert not half.verify(key.sign(MESSAGE), MESSAGE + b"x")


# ---- what is not a signature ----


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_another_key_of_the_kind(algorithm: str, kind: str) -> None:
    """A token that another key of the same kind signed is refused, with and without a kid."""
    judge = verifier(public_key(algorithm, kind, key_id="k"))
    for header in ({}, {"kid": "k"}):
        forged = token(algorithm, private_key(kind, 1), CLAIMS, **header)
        assert refusal(judge, forged) is errors.InvalidSignatureError
    assert refusal(judge, token(algorithm, private_key(kind), CLAIMS, kid="other")) is errors.UnknownKeyError


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_another_algorithm_with_the_same_key(algorithm: str, kind: str) -> None:
    """A key serves its one algorithm: no other that it would fit, neither said nor unsaid (RFC 8725 section 3.1)."""
    judge = verifier(public_key(algorithm, kind))
    names = public_key(algorithm, kind).names
    for other, other_kind in ROWS:
        if other in names:
            continue
        private = private_key(kind if other_kind == kind else other_kind)
        assert refusal(judge, token(other, private, CLAIMS)) is errors.InvalidAlgorithmError
        assert refusal(judge, token(other, private, CLAIMS, alg=algorithm)) is errors.InvalidSignatureError
    assert refusal(judge, token(algorithm, private_key(kind), CLAIMS, alg="none")) is errors.InvalidAlgorithmError


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_algorithm_names_are_exact(algorithm: str, kind: str) -> None:
    """The header's alg is compared exactly, case and all (RFC 7515 section 4.1.1)."""
    judge = verifier(public_key(algorithm, kind))
    for alg in (algorithm.lower(), algorithm.swapcase(), f"{algorithm} ", f"{algorithm}\0", ""):
        assert refusal(judge, token(algorithm, private_key(kind), CLAIMS, alg=alg)) is errors.InvalidAlgorithmError


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_flipped_bits(algorithm: str, kind: str) -> None:
    """With any one bit of the message or of the signature flipped, the signature is bad."""
    key, signature = public_key(algorithm, kind), sign(algorithm, private_key(kind), MESSAGE)
    assert key.verify(signature, MESSAGE)
    places = random.Random(algorithm)  # noqa: S311 - any places do
    for whole, rebuild in (
        (signature, lambda changed: (changed, MESSAGE)),
        (MESSAGE, lambda changed: (signature, changed)),
    ):
        bits = 8 * len(whole)
        for bit in {0, 7, bits - 8, bits - 1, *places.sample(range(bits), 60)}:
            changed = bytearray(whole)
            changed[bit // 8] ^= 1 << bit % 8
            assert not key.verify(*rebuild(bytes(changed)))


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_changed_segments(algorithm: str, kind: str) -> None:
    """With any one character of a token changed for another one of the alphabet, it is refused."""
    judge, good = verifier(public_key(algorithm, kind)), token(algorithm, private_key(kind), CLAIMS)
    judge.verify(good)
    places = random.Random(kind).sample(range(len(good)), 60)  # noqa: S311 - any places do
    for place in (*places, len(good) - 1):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        with pytest.raises(errors.InvalidTokenError):
            judge.verify(changed)


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_signatures_of_another_length(algorithm: str, kind: str) -> None:
    """A signature with octets too few or too many is bad, and so is none, whatever the octets are."""
    key, signature = public_key(algorithm, kind), sign(algorithm, private_key(kind), MESSAGE)
    size = len(signature)
    for other in (
        b"",
        *(signature[:length] for length in (1, size // 2, size - 2, size - 1)),
        *(signature[-length:] for length in (1, size // 2, size - 1)),
        *(signature + extra for extra in (b"\0", b"\1", signature, bytes(8192))),
        b"\0" + signature,
        bytes(size),
        b"\xff" * size,
        bytes(9000),
    ):
        assert not key.verify(other, MESSAGE)
    judge, text = verifier(key), signing_input({"alg": algorithm}, CLAIMS)
    for octets in (b"", signature[:-1], bytes(size), bytes(size + 1), bytes(9000)):
        assert refusal(judge, f"{text}.{encode(octets)}") is errors.InvalidSignatureError


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
@given(data=st.data())
def test_any_octets_are_no_signature(algorithm: str, kind: str, data: st.DataObject) -> None:
    """Whatever octets are given as a signature, the answer is False and never an exception."""
    size = len(sign(algorithm, private_key(kind), MESSAGE))
    key = public_key(algorithm, kind)
    length = data.draw(st.sampled_from([size, size, size, size - 1, 0]))
    seed = data.draw(st.integers(min_value=0))
    assert key.verify(random.Random(seed).randbytes(length), MESSAGE) is False  # noqa: S311


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
@pytest.mark.parametrize("wrong", [None, "text", bytearray(64), 5])
def test_what_is_no_octets(algorithm: str, kind: str, wrong: Any) -> None:
    """A signature or a message that is not bytes is a TypeError."""
    key = public_key(algorithm, kind)
    with pytest.raises(TypeError):
        key.verify(wrong, MESSAGE)
    with pytest.raises(TypeError):
        key.verify(bytes(64), wrong)


# ---- RSA ----


@pytest.mark.parametrize(("algorithm", "kind"), PSS_ROWS)
def test_pss_with_other_salts(algorithm: str, kind: str) -> None:
    """A salt that is not exactly as long as the hash makes no signature of PS* (RFC 7518 section 3.5)."""
    key, private, digest = public_key(algorithm, kind), private_key(kind), HASHES[algorithm[2:]]
    size = digest.digest_size
    most = (private.key_size + 7) // 8 - size - 2
    for length in (0, 1, 20, size - 1, size + 1, most):
        assert not key.verify(pss(private, MESSAGE, digest, length), MESSAGE)
    assert key.verify(pss(private, MESSAGE, digest, size), MESSAGE)


@pytest.mark.parametrize(("algorithm", "kind"), PSS_ROWS)
def test_pss_with_another_mask(algorithm: str, kind: str) -> None:
    """MGF1 uses the hash of the signature and no other (RFC 7518 section 3.5)."""
    key, private, digest = public_key(algorithm, kind), private_key(kind), HASHES[algorithm[2:]]
    for mask in (hashes.SHA1(), *HASHES.values()):  # noqa: S303 - what must not pass
        scheme = padding.PSS(padding.MGF1(mask), digest.digest_size)
        signature = private.sign(MESSAGE, scheme, digest)
        assert key.verify(signature, MESSAGE) is (mask.name == digest.name)


@functools.cache
def uneven_key(bits: int) -> rsa.RSAPrivateKey:
    """Give an RSA key whose length is no multiple of eight bits, always the same one."""
    if bits % 2 == 0:
        return rsa.generate_private_key(65537, bits)
    # OpenSSL makes none of an odd length: take a prime each of two keys.
    p, q = uneven_key(bits + 1).private_numbers().p, private_key("RSA").private_numbers().p
    d = rsa.rsa_recover_private_exponent(65537, p, q)
    numbers = rsa.RSAPublicNumbers(65537, p * q)
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *crt, numbers).private_key()


@pytest.mark.parametrize("bits", [2049, 2050, 2052])
@pytest.mark.parametrize("algorithm", [row[0] for row in ROWS if row[1] == "RSA"])
def test_rsa_keys_of_uneven_lengths(algorithm: str, bits: int) -> None:
    """An RSA key whose length is no multiple of eight bits signs and verifies as any other (RFC 8017 section 8)."""
    private = uneven_key(bits)
    assert private.key_size == bits
    key = Key.from_pem(spki(private), algorithm)
    signature = sign(algorithm, private, MESSAGE)
    assert len(signature) == 257
    assert key.verify(signature, MESSAGE)
    assert not key.verify(signature[1:], MESSAGE)
    check(algorithm, private, Key.from_pem(pkcs8(private), algorithm).sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_rsa_signatures_beyond_the_modulus(algorithm: str) -> None:
    """A signature that is good modulo n and not below it is bad (RFC 8017 section 5.2.2)."""
    private = private_key("RSA")
    n = private.public_key().public_numbers().n
    found = 0
    for i in range(200):
        message = MESSAGE + bytes([i])
        value = int.from_bytes(sign(algorithm, private, message), "big") + n
        if value.bit_length() <= 2048:
            found += 1
            assert not public_key(algorithm, "RSA").verify(value.to_bytes(256, "big"), message)
    assert found or n > 3 * 2**2046, "no signature had room for n"


# ---- ECDSA ----


def halves(kind: str) -> Iterator[tuple[int, int]]:
    """Give values of r and s of which at least one is out of range, the other being any."""
    order = ORDERS[kind]
    most = (1 << 8 * SIZES[kind]) - 1
    outside = [0, order, order + 1, most]
    inside = [1, 2, order // 2, order - 1]
    yield from ((r, s) for r in outside for s in (*inside, *outside))
    yield from ((r, s) for r in inside for s in outside)


@pytest.mark.parametrize(("algorithm", "kind"), CURVE_ROWS)
def test_r_and_s_out_of_range(algorithm: str, kind: str) -> None:
    """An r or s of zero, or not below the curve's order, is refused before any arithmetic on the curve."""
    size, asked = SIZES[kind], []
    guard = SignatureKey(algorithm, lambda *_: asked.append(1), (), 2 * size, order=ORDERS[kind].to_bytes(size, "big"))
    key, judge = public_key(algorithm, kind), verifier(public_key(algorithm, kind))
    text = signing_input({"alg": algorithm}, CLAIMS)
    for r, s in halves(kind):
        signature = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        assert not guard.is_signed(signature, MESSAGE)
        assert not key.verify(signature, MESSAGE)
        assert refusal(judge, f"{text}.{encode(signature)}") is errors.InvalidSignatureError
    assert asked == []
    for edge in (1, ORDERS[kind] - 1):
        assert guard.is_signed(edge.to_bytes(size, "big") * 2, MESSAGE)
        assert not key.verify(edge.to_bytes(size, "big") * 2, MESSAGE)
    assert asked == [1, 1]


@pytest.mark.parametrize(("algorithm", "kind"), CURVE_ROWS)
def test_r_and_s_plus_the_order(algorithm: str, kind: str) -> None:
    """A good signature to whose r or s the order is added, where there is room for it, is bad."""
    size, order, key = SIZES[kind], ORDERS[kind], public_key(algorithm, kind)
    signature = sign(algorithm, private_key(kind), MESSAGE)
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    room = 1 << 8 * size
    for other in ((r + order, s), (r, s + order), (r + order, s + order), (-r % room, s), (r, -s % room), (s, r)):
        if max(other) < room:
            assert not key.verify(b"".join(half.to_bytes(size, "big") for half in other), MESSAGE)
    # The one other spelling that ECDSA itself has.
    assert key.verify(signature[:size] + (order - s).to_bytes(size, "big"), MESSAGE)


@pytest.mark.parametrize(("algorithm", "kind"), CURVE_ROWS)
def test_der_signatures(algorithm: str, kind: str) -> None:
    """A good signature in DER, or in the length of another curve, is none of a JWS (RFC 7518 section 3.4)."""
    key, size = public_key(algorithm, kind), SIZES[kind]
    for _ in range(20):
        signature = sign(algorithm, private_key(kind), MESSAGE)
        r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
        assert not key.verify(utils.encode_dss_signature(r, s), MESSAGE)
        for other in {32, 48, 64, 65, 66, 67} - {size}:
            if max(r, s).bit_length() <= 8 * other:
                assert not key.verify(r.to_bytes(other, "big") + s.to_bytes(other, "big"), MESSAGE)


@pytest.mark.parametrize(("algorithm", "kind"), CURVE_ROWS)
def test_short_r_and_s(algorithm: str, kind: str) -> None:
    """An r or s that begins with zero octets is written out in full, and is read and made like that."""
    size, private = SIZES[kind], private_key(kind)
    zeros = 2 if kind == "P-521" else 1  # the order of P-521 takes one bit of its first octet
    ours, theirs = Key.from_pem(pkcs8(private)), public_key(algorithm, kind)
    found = set()
    for i in range(20_000):
        message = i.to_bytes(4, "big")
        signature = sign(algorithm, private, message)
        for place in (0, size):
            if signature[place : place + zeros] == bytes(zeros):
                found.add(place)
                assert theirs.verify(signature, message)
                assert not theirs.verify(signature[:place] + signature[place + zeros :], message)
        if len(found) == 2:
            break
    assert found == {0, size}
    for i in range(300):
        signature = ours.sign(i.to_bytes(4, "big"))
        assert len(signature) == 2 * size
        check(algorithm, private, signature, i.to_bytes(4, "big"))


@pytest.mark.parametrize("kind", SIZES)
@given(data=st.data())
def test_der_that_is_asked_for(kind: str, data: st.DataObject) -> None:
    """The DER that cryptography is asked about is the one that it makes of r and s itself."""
    size, order, asked = SIZES[kind], ORDERS[kind], []
    numbers = st.one_of(
        st.integers(1, order - 1),
        st.integers(0, size - 1).flatmap(lambda octets: st.integers(1, min(order - 1, 256 ** (octets + 1)))),
        st.integers(0, order.bit_length() - 1).map(lambda bit: min(order - 1, 1 << bit)),
    )
    r, s = data.draw(numbers), data.draw(numbers)
    guard = SignatureKey("ES", lambda *args: asked.append(args), ("hash",), 2 * size, order=order.to_bytes(size, "big"))
    assert guard.is_signed(r.to_bytes(size, "big") + s.to_bytes(size, "big"), MESSAGE)
    assert asked == [(utils.encode_dss_signature(r, s), MESSAGE, "hash")]


def test_the_point_at_infinity_signs_nothing() -> None:
    """No r and s that are equal and small make a signature under any key, as they did for some (CVE-2022-21449)."""
    for algorithm, kind in CURVE_ROWS:
        key = public_key(algorithm, kind)
        for value in range(4):
            assert not key.verify(value.to_bytes(SIZES[kind], "big") * 2, MESSAGE)


def test_prehashed_is_not_what_is_signed() -> None:
    """ES256 signs the message's hash, not the hash of its hash (RFC 7518 section 3.4)."""
    private = private_key("P-256")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(MESSAGE)
    value = digest.finalize()
    prehashed = private.sign(value, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    key = public_key("ES256", "P-256")
    assert key.verify(raw(private, prehashed), MESSAGE)
    assert not key.verify(raw(private, prehashed), value)


# ---- EdDSA and its other names, ML-DSA ----


@pytest.mark.parametrize("curve", ["Ed25519", "Ed448"])
def test_eddsa_has_two_names(curve: str) -> None:
    """A key for EdDSA takes tokens under its curve's own name and the other way round (RFC 9864 section 2.2)."""
    private, other = private_key(curve), {"Ed25519": "Ed448", "Ed448": "Ed25519"}[curve]
    for name in ("EdDSA", curve):
        key = public_key(name, curve)
        assert key.algorithm == name
        assert set(key.names) == {"EdDSA", curve}
        for said in ("EdDSA", curve):
            verified = verifier(key).verify(token(said, private, CLAIMS))
            assert verified.algorithm == said
        assert refusal(verifier(key), token(other, private, CLAIMS)) is errors.InvalidAlgorithmError
        assert refusal(verifier(key), token(other, private_key(other), CLAIMS)) is errors.InvalidAlgorithmError
        assert refusal(verifier(key), token("EdDSA", private_key(other), CLAIMS)) is errors.InvalidSignatureError
    with pytest.raises(errors.InvalidKeyError, match=other):
        public_key(other, curve)


def test_both_curves_of_eddsa() -> None:
    """A verifier with a key on either curve takes EdDSA from both, and each curve's name from that curve only."""
    judge = verifier(public_key("EdDSA", "Ed25519", key_id="a"), public_key("Ed448", "Ed448", key_id="b"))
    for curve, key_id in (("Ed25519", "a"), ("Ed448", "b")):
        for said in ("EdDSA", curve):
            for header in ({}, {"kid": key_id}):
                assert judge.verify(token(said, private_key(curve), CLAIMS, **header)).key_id == key_id
        other = {"Ed25519": "Ed448", "Ed448": "Ed25519"}[curve]
        assert refusal(judge, token(other, private_key(curve), CLAIMS)) is errors.InvalidSignatureError
        assert (
            refusal(judge, token(curve, private_key(curve), CLAIMS, kid="ab"[key_id == "a"])) is errors.UnknownKeyError
        )


def test_without_ml_dsa(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cryptography has no ML-DSA, a key for it is an InvalidKeyError that says what to do."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    monkeypatch.delattr(asymmetric, "mldsa", raising=False)
    with pytest.raises(errors.InvalidKeyError, match="upgrade"):
        Key.from_jwk({"kty": "AKP", "alg": "ML-DSA-44", "pub": encode(bytes(1312))})
    with pytest.raises(errors.InvalidKeyError, match="upgrade"):
        Key.generate("ML-DSA-65")
    # All else is as it was.
    assert public_key("ES256", "P-256").verify(sign("ES256", private_key("P-256"), MESSAGE), MESSAGE)


@pytest.mark.skipif(not ML_DSA, reason="cryptography has no ML-DSA here")
def test_ml_dsa_that_openssl_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cryptography has ML-DSA and what it stands on has not, a key for it is an InvalidKeyError too."""
    members = jwk(private_key("ML-DSA-44"))
    monkeypatch.setattr(Backend, "mldsa_supported", lambda _self: False)
    with pytest.raises(errors.InvalidKeyError):
        Key.from_jwk(members)
    with pytest.raises(errors.InvalidKeyError):
        Key.generate("ML-DSA-65")


def test_signatures_are_not_decoded_leniently() -> None:
    """The signature segment is base64url of exactly the signature; what decodes to it loosely is refused."""
    good = token("ES256", private_key("P-256"), CLAIMS)
    text, _, signature = good.rpartition(".")
    judge = verifier(public_key("ES256", "P-256"))
    judge.verify(good)
    assert len(decode(signature)) == 64
    for spelling in (signature + "==", signature + "=", signature + "\n", " " + signature, signature + "AA"):
        with pytest.raises(errors.DecodeError):
            judge.verify(f"{text}.{spelling}")
