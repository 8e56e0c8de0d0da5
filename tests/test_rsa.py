"""RSA's public operation against Python's integers, and the verdicts on signatures against those of cryptography."""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
import threading
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from key_pairs import HASHES, pss

from jwtfast import _native, jwt
from jwtfast._native import Kernels, PreparedKey, RsaKey
from jwtfast.algorithms import find_algorithm

MESSAGE = b"a message that somebody signed"
ALGORITHMS = [f"{family}{bits}" for family in ("RS", "PS") for bits in (256, 384, 512)]
# A modulus of one octet more by a single bit, one that ends in the middle of an octet, and one a bit less than whole.
BITS = (2048, 2049, 2052, 2055)

needs_rsa = pytest.mark.skipif(not _native.kernels.has_rsa, reason="the kernels in use leave RSA to cryptography")


@pytest.fixture(scope="session")
def with_rsa(kernels: Kernels) -> Kernels:
    """Give the kernels that have an RSA of their own."""
    if not kernels.has_rsa:
        pytest.skip("these kernels leave RSA to cryptography")
    return kernels


def octets(number: int, size: int) -> bytes:
    """Give a number as RFC 8017 section 4.1 writes it."""
    return number.to_bytes(size, "big")


@functools.cache
def private_key(bits: int) -> rsa.RSAPrivateKey:
    """Give a private key whose modulus has so many bits, always the same one."""
    while True:
        # OpenSSL makes keys of two primes of one length only.
        p = rsa.generate_private_key(65537, bits + bits % 2).private_numbers().p
        q = rsa.generate_private_key(65537, bits - bits % 2).private_numbers().q
        if (p * q).bit_length() == bits:
            break
    d = pow(65537, -1, (p - 1) * (q - 1))
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(65537, p * q)).private_key()


def represent(private: rsa.RSAPrivateKey, encoded: bytes) -> bytes:
    """Sign an encoded message as it is, whatever it is (RFC 8017 section 5.2.1)."""
    numbers = private.private_numbers()
    p, q, number = numbers.p, numbers.q, int.from_bytes(encoded, "big")
    of_q = pow(number, numbers.dmq1, q)  # by the Chinese remainder theorem, as it takes a quarter of the time
    signature = of_q + (pow(number, numbers.dmp1, p) - of_q) * numbers.iqmp % p * q
    return octets(signature, (numbers.public_numbers.n.bit_length() + 7) // 8)


def native_key(algorithm: str, public: rsa.RSAPublicKey) -> RsaKey:
    """Give the native key of an algorithm."""
    key = find_algorithm(algorithm).prepare(find_algorithm(algorithm), public, None)
    assert isinstance(key, RsaKey)
    return key


def is_good(algorithm: str, public: rsa.RSAPublicKey, signature: bytes, message: bytes) -> bool:
    """Give cryptography's verdict, where the length is right.

    OpenSSL takes a PSS signature without its leading zeros too; RFC 8017 section 8.1.2 does not.
    """
    if len(signature) != (public.key_size + 7) // 8:
        return False
    digest = HASHES[algorithm[2:]]
    scheme: Any = padding.PKCS1v15()
    if algorithm.startswith("PS"):
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
    try:
        public.verify(signature, message, scheme, digest)
    except InvalidSignature:
        return False
    return True


def agree(algorithm: str, private: rsa.RSAPrivateKey, signature: bytes, message: bytes = MESSAGE) -> bool:
    """Give the verdict on which the native key and cryptography agree."""
    public = private.public_key()
    verdict = native_key(algorithm, public).is_signed(signature, message)
    assert verdict is is_good(algorithm, public, signature, message)
    return verdict


# ---- the public operation ----

# Limbs of 52 bits that carries run through, or that are lost first where something is off by one.
EDGES = st.sampled_from([0, 1, (1 << 52) - 1, (1 << 52) - 2, 1 << 51])


@st.composite
def numbers(draw: st.DrawFn, bits: int) -> int:
    """Give a number of at most so many bits, often one with limbs of ones or zeros."""
    limbs = draw(st.lists(EDGES, min_size=bits // 52 + 1, max_size=bits // 52 + 1))
    edges = sum(limb << 52 * place for place, limb in enumerate(limbs))
    anything = draw(st.integers(0, (1 << bits) - 1))
    return draw(st.sampled_from([edges, anything, edges ^ anything])) % (1 << bits)


@given(
    data=st.data(), bits=st.one_of(st.sampled_from([2046, 2047, 2048, 2078, 2079, 4096, 8192]), st.integers(1300, 8192))
)
def test_any_modulus_and_signature(with_rsa: Kernels, data: st.DataObject, bits: int) -> None:
    """The message is the signature to the power of the exponent by Python's integers, for any odd numbers."""
    modulus = data.draw(numbers(bits)) | 1 | 1 << (bits - 1)
    exponent = data.draw(st.sampled_from([3, 5, 17, 65537, (1 << 64) - 1]) | st.integers(3, (1 << 64) - 1)) | 1
    signature = data.draw(numbers(bits) | st.integers(1, 5).map(lambda less: modulus - less)) % modulus
    size = (bits + 7) // 8
    power = with_rsa.rsa_public(octets(modulus, size), exponent, octets(signature, size))
    assert power == octets(pow(signature, exponent, modulus), size)


@pytest.mark.parametrize("bits", [*range(2076, 2084), *range(2492, 2500), 4158, 4159, 4160, 8190, 8191, 8192])
def test_moduli_near_powers_of_two(with_rsa: Kernels, bits: int) -> None:
    """The largest signatures by the largest and least moduli of a length have room, at the ends of registers too."""
    size = (bits + 7) // 8
    for modulus in [(1 << bits) - less for less in range(1, 40, 2)] + [(1 << (bits - 1)) + more for more in (1, 3)]:
        for signature in (modulus - 1, modulus - 2, modulus // 2 + 1, modulus * 2 // 3):
            power = with_rsa.rsa_public(octets(modulus, size), 65537, octets(signature, size))
            assert power == octets(pow(signature, 65537, modulus), size)


@pytest.mark.parametrize("bits", BITS)
def test_a_signature_that_is_no_residue(with_rsa: Kernels, bits: int) -> None:
    """A signature that is not below the modulus represents nothing (RFC 8017 section 5.2.2)."""
    modulus = private_key(bits).public_key().public_numbers().n
    size = (bits + 7) // 8
    for signature, is_one in ((modulus - 1, True), (modulus, False), (modulus + 1, False), (256**size - 1, False)):
        power = with_rsa.rsa_public(octets(modulus, size), 65537, octets(signature, size))
        assert (power is not None) is is_one


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        (b"", 3),
        (b"\xff" * 157, 3),
        (b"\xff" * 1025, 3),
        (b"\0" + b"\xff" * 255, 3),
        (b"\xff" * 255 + b"\xfe", 3),
        (b"\xff" * 256, 0),
        (b"\xff" * 256, 1),
        (b"\xff" * 256, 65536),
    ],
    ids=["empty", "short", "long", "leading zero", "even modulus", "exponent 0", "exponent 1", "even exponent"],
)
@needs_rsa
def test_what_is_no_key(modulus: bytes, exponent: int) -> None:
    """What can be no key of the algorithm is a ValueError, and never read beyond its end."""
    with pytest.raises(ValueError, match="no RSA key"):
        RsaKey("RS512", "sha512", modulus, exponent, pss=False)


def test_kernels_without_rsa() -> None:
    """The portable kernels have no RSA and say so, instead of calling what is not there."""
    portable = Kernels("portable")
    assert not portable.has_rsa
    with pytest.raises(ValueError, match="no RSA key that these kernels can use"):
        portable.rsa_public(b"\xff" * 256, 65537, bytes(256))


@pytest.mark.parametrize("length", [0, 255, 257])
def test_the_length_of_a_represented_message(with_rsa: Kernels, length: int) -> None:
    """Fewer or more octets than the modulus has are a ValueError."""
    with pytest.raises(ValueError, match="as many octets"):
        with_rsa.rsa_public(b"\xff" * 256, 65537, bytes(length))


# ---- signatures ----


@needs_rsa
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signatures_and_every_changed_octet(algorithm: str, bits: int) -> None:
    """A signature by cryptography is good, and with any one octet changed, cut off or added it is not."""
    private, row = private_key(bits), find_algorithm(algorithm)
    signature = row.sign(row, private, MESSAGE)
    assert agree(algorithm, private, signature)
    assert not agree(algorithm, private, signature, MESSAGE + b"!")
    for place in range(0, len(signature), 7):
        assert not agree(algorithm, private, signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :])
    for other in (signature[1:], signature[:-1], b"\0" + signature, signature + b"\0", b""):
        assert not agree(algorithm, private, other)
    modulus = private.public_key().public_numbers().n
    larger = int.from_bytes(signature, "big") + modulus
    if larger < 256 ** len(signature):
        assert not agree(algorithm, private, octets(larger, len(signature)))


PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def encodings(size: int) -> dict[str, bytes]:
    """Give encoded messages of RSASSA-PKCS1-v1_5, of which the first alone is right (RFC 8017 section 9.2)."""
    digest = hashlib.sha256(MESSAGE).digest()
    info = PREFIX + digest
    without_null = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest

    def padded(end: bytes, start: bytes = b"\x00\x01", fill: bytes = b"\xff") -> bytes:
        return start + fill * (size - len(start) - 1 - len(end)) + b"\x00" + end

    return {
        "good": padded(info),
        "the parameters left out": padded(without_null),
        "a long form of a length": padded(b"\x30\x81" + info[1:]),
        "something after the digest": b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + bytes(size - len(info) - 11),
        "short padding": (b"\x00\x01" + b"\xff" * 8 + b"\x00" + info).rjust(size, b"\0"),
        "block type 2": padded(info, start=b"\x00\x02"),
        "block type 0": padded(info, start=b"\x00\x00"),
        "padding of zeros": padded(info, fill=b"\x00"),
        "a bit of the padding": padded(info).replace(b"\xff", b"\xfe", 1),
        "no zero before the digest": b"\x00\x01" + b"\xff" * (size - 2 - len(info)) + info,
        "the digest alone": padded(digest),
        "another hash": padded(info.replace(b"\x02\x01\x05", b"\x02\x03\x05")),
        "one digest bit": padded(info[:-1] + bytes([info[-1] ^ 1])),
        "nothing but zeros": bytes(size),
        "one": bytes(size - 1) + b"\x01",
    }


@needs_rsa
@pytest.mark.parametrize("bits", BITS)
def test_encodings_of_the_digest(bits: int) -> None:
    """Of all that could be read as the digest's encoding only the one that the standard gives is good."""
    private = private_key(bits)
    for name, encoded in encodings((bits + 7) // 8).items():
        assert agree("RS256", private, represent(private, encoded)) is (name == "good"), name


@needs_rsa
def test_every_octet_of_the_encoding() -> None:
    """No octet of the encoded message may be another one, be it padding, parameters or digest."""
    private = private_key(2048)
    encoded = encodings(256)["good"]
    for place in range(256):
        other = encoded[:place] + bytes([encoded[place] ^ 1]) + encoded[place + 1 :]
        assert not agree("RS256", private, represent(private, other)), place


@needs_rsa
def test_a_signature_without_its_last_octet() -> None:
    """A signature that lacks a zero at its end is bad, though one follows it in memory."""
    private, row = private_key(2048), find_algorithm("RS256")
    signatures = ((row.sign(row, private, b"%d" % number), b"%d" % number) for number in itertools.count())
    signature, message = next(one for one in signatures if one[0].endswith(b"\0"))
    assert agree("RS256", private, signature, message)
    assert not agree("RS256", private, signature[:-1], message)


@needs_rsa
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("salt_length", [0, 31, 32, 33, 64])
def test_the_length_of_the_salt(salt_length: int, bits: int) -> None:
    """A PSS salt is exactly as long as the hash (RFC 7518 section 3.5)."""
    private = private_key(bits)
    signature = pss(private, MESSAGE, HASHES["256"], salt_length)
    assert agree("PS256", private, signature) is (salt_length == 32)


def mask(seed: bytes, length: int, hash_name: str) -> bytes:
    """Give MGF1 (RFC 8017 appendix B.2.1)."""
    blocks = (hashlib.new(hash_name, seed + octets(counter, 4)).digest() for counter in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def pss_encoding(
    bits: int,
    *,
    zeros: int = -1,
    separator: int = 1,
    trailer: int = 0xBC,
    top: int = 0,
    hash_name: str = "sha256",
    changed: int = -1,
) -> bytes:
    """Give an encoded message of RSASSA-PSS (RFC 8017 section 9.1.1), or what is nearly one.

    Args:
        bits: The modulus has so many.
        zeros: Which octet of the padding is not zero; none if it is negative.
        separator: What stands between padding and salt.
        trailer: The last octet.
        top: What is set of the bits that must be zero.
        hash_name: The hash, as hashlib names it.
        changed: Which octet of the salted hash is another one; none if it is negative. The mask is made of it all the
            same.
    """
    size, unused = (bits + 6) // 8, -(bits - 1) % 8
    digest = hashlib.new(hash_name, MESSAGE).digest()
    salt = bytes(range(len(digest)))
    seed = hashlib.new(hash_name, bytes(8) + digest + salt).digest()
    if changed >= 0:
        seed = seed[:changed] + bytes([seed[changed] ^ 1]) + seed[changed + 1 :]
    block = bytearray(bytes(size - 2 * len(digest) - 2) + bytes([separator]) + salt)
    if zeros >= 0:
        block[zeros] = 1
    masked = bytearray(a ^ b for a, b in zip(block, mask(seed, len(block), hash_name), strict=True))
    masked[0] = masked[0] & (0xFF >> unused) | top
    return (bytes(masked) + seed + bytes([trailer])).rjust((bits + 7) // 8, b"\0")


@needs_rsa
@pytest.mark.parametrize("bits", BITS)
def test_pss_encodings(bits: int) -> None:
    """Padding, separator, trailer and unused bits of a PSS encoding are all as the standard has them."""
    private = private_key(bits)
    unused = -(bits - 1) % 8
    assert agree("PS256", private, represent(private, pss_encoding(bits)))
    wrong = [
        pss_encoding(bits, zeros=0),
        pss_encoding(bits, zeros=100),
        pss_encoding(bits, zeros=(bits + 6) // 8 - 67),
        pss_encoding(bits, separator=0),
        pss_encoding(bits, separator=2),
        pss_encoding(bits, trailer=0xCC),
        pss_encoding(bits, trailer=0),
    ]
    # The highest of the unused bits would make it no less than the modulus.
    wrong += [pss_encoding(bits, top=0x100 >> bit) for bit in range(2, unused + 1)]
    if bits % 8 == 1:
        wrong.append(b"\x01" + pss_encoding(bits)[1:])
    modulus = private.public_key().public_numbers().n
    for encoded in wrong:
        if int.from_bytes(encoded, "big") < modulus:
            assert not agree("PS256", private, represent(private, encoded))


@needs_rsa
@pytest.mark.parametrize("algorithm", ["PS256", "PS384", "PS512"])
def test_every_octet_of_the_salted_hash(algorithm: str) -> None:
    """The salted hash is compared to its last octet, whatever it is that the mask was made of."""
    private, hash_name = private_key(2048), f"sha{algorithm[2:]}"
    assert agree(algorithm, private, represent(private, pss_encoding(2048, hash_name=hash_name)))
    for place in range(int(algorithm[2:]) // 8):
        encoded = pss_encoding(2048, hash_name=hash_name, changed=place)
        assert not agree(algorithm, private, represent(private, encoded)), place


@needs_rsa
@given(data=st.data(), algorithm=st.sampled_from(ALGORITHMS))
def test_any_signature(data: st.DataObject, algorithm: str) -> None:
    """Whatever is given for a signature, the verdict is cryptography's."""
    agree(algorithm, private_key(2048), data.draw(st.binary(min_size=256, max_size=256) | st.binary(max_size=300)))


# ---- which of the two checks it ----


def test_which_keys_are_native() -> None:
    """A key is native where the kernels in use have RSA, and cryptography's where they have not."""
    for name in ALGORITHMS:
        row = find_algorithm(name)
        key = row.prepare(row, private_key(2048).public_key(), "k")
        assert isinstance(key, RsaKey) is _native.kernels.has_rsa
        assert (key.algorithm, key.key_id) == (name, "k")
        assert repr(key) in {f"<RsaKey {name}>", f"<SignatureKey {name}>"}


def weak_key(bits: int, exponent: int) -> rsa.RSAPrivateKey:
    """Give a private key that jwtfast.Key refuses."""
    while True:
        numbers = rsa.generate_private_key(65537, bits).private_numbers()
        p, q = numbers.p, numbers.q
        if math.gcd(exponent, (p - 1) * (q - 1)) == 1:
            break
    d = pow(exponent, -1, (p - 1) * (q - 1))
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), numbers.iqmp
    return rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(exponent, p * q)).private_key()


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("bits", "exponent"), [(1024, 65537), (1024, 3), (2048, (1 << 64) + 13)])
def test_keys_that_only_pyjwt_takes(bits: int, exponent: int, algorithm: str) -> None:
    """A key that is too weak or too odd for Key verifies in jwtfast.jwt as in PyJWT, whatever the kernels."""
    private = weak_key(bits, exponent)
    public = private.public_key()
    message = b'{"alg":"%s"}' % algorithm.encode(), b'{"sub":"a"}'
    signed = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in message)
    row = find_algorithm(algorithm)
    if (bits, algorithm) == (1024, "PS512"):  # no room for hash and salt
        signature = bytes(128)
    else:
        signature = row.sign(row, private, signed)
        token = signed + b"." + urlsafe_b64encode(signature).rstrip(b"=")
        assert jwt.decode(token, public, algorithms=[algorithm]) == {"sub": "a"}
        assert jwt.get_algorithm_by_name(algorithm).verify(signed, public, signature)
    bad = signature[:-1] + bytes([signature[-1] ^ 1])
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(signed + b"." + urlsafe_b64encode(bad).rstrip(b"="), public, algorithms=[algorithm])
    assert not jwt.get_algorithm_by_name(algorithm).verify(signed, public, bad)


@pytest.mark.parametrize("modulus", [(1 << 2047) | 2, (1 << 8999) | 1], ids=["even", "too long"])
def test_moduli_that_only_pyjwt_takes(modulus: int) -> None:
    """A modulus that is none, or is too long for Key, makes signatures bad in jwtfast.jwt, as in PyJWT."""
    public = rsa.RSAPublicNumbers(65537, modulus).public_key()
    assert not jwt.get_algorithm_by_name("RS256").verify(MESSAGE, public, octets(1, (modulus.bit_length() + 7) // 8))


def test_the_known_answer(with_rsa: Kernels) -> None:
    """The answer that import compares with is that of Python's own integers."""
    modulus = bytes(range(255, 0, -1)) + b"\x07"
    power = pow(int.from_bytes(bytes(range(256)), "big"), 65537, int.from_bytes(modulus, "big"))
    assert with_rsa.rsa_public(modulus, 65537, bytes(range(256))) == octets(power, 256)
    _native.check_known_answers(with_rsa)


def test_another_answer(with_rsa: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels whose public operation gives anything else than the known answer are not imported."""
    monkeypatch.setattr(_native, "KNOWN_POWER", hashlib.sha256(b"something else").hexdigest())
    with pytest.raises(ImportError, match=r"^RSA by '[a-z0-9+]+' fails its known-answer test$"):
        _native.check_known_answers(with_rsa)


def test_many_threads_with_one_key() -> None:
    """Threads that use one key at once, outside the GIL or not, get each their own verdict."""
    row = find_algorithm("RS256")
    key: PreparedKey = row.prepare(row, private_key(2048).public_key(), None)
    messages = [b"%d" % number for number in range(20)]
    signed = [row.sign(row, private_key(2048), message) for message in messages]
    verdicts: list[bool] = []

    def judge(shift: int) -> None:
        for _ in range(20):
            for place, message in enumerate(messages):
                good = key.is_signed(signed[(place + shift) % len(signed)], message)
                verdicts.append(good is (shift == 0))

    threads = [threading.Thread(target=judge, args=(number % 2,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 6 * 20 * len(messages)
