"""SHA-256, SHA-384 and SHA-512 of every kernel against FIPS 180-4, NIST's vectors and hashlib."""

from __future__ import annotations

import gzip
import hashlib
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtfast._native import Kernels

HASHES = ["sha256", "sha384", "sha512"]
BLOCK_BYTES = {"sha256": 64, "sha384": 128, "sha512": 128}
LENGTH_FIELD_BYTES = {"sha256": 8, "sha384": 16, "sha512": 16}

# NIST's examples of FIPS 180-4: one block, no octet at all, and two blocks.
TWO_BLOCKS_256 = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
TWO_BLOCKS_512 = (
    b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
)
EXAMPLES = [
    ("sha256", b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("sha256", b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("sha256", TWO_BLOCKS_256, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    (
        "sha384",
        b"abc",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    ),
    (
        "sha384",
        TWO_BLOCKS_512,
        "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039",
    ),
    (
        "sha512",
        b"abc",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ),
    (
        "sha512",
        TWO_BLOCKS_512,
        (
            "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
            "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
        ),
    ),
]


def read_text(path: Path) -> str:
    """Give a vector file's text, unpacked."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("ascii")


def messages(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Give the messages of a ShortMsg or LongMsg file with their digests."""
    for bits, message, digest in re.findall(r"Len = (\d+)\s+Msg = (\w+)\s+MD = (\w+)", read_text(path)):
        assert int(bits) % 8 == 0
        # The empty message is written as one octet, of which Len takes none.
        yield bytes.fromhex(message)[: int(bits) // 8], bytes.fromhex(digest)


@pytest.mark.parametrize(("hash_name", "message", "digest"), EXAMPLES)
def test_examples_of_fips_180_4(kernels: Kernels, hash_name: str, message: bytes, digest: str) -> None:
    """The examples of the standard come out as the standard prints them."""
    assert kernels.digest(hash_name, message).hex() == digest


@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize(("kind", "least"), [("ShortMsg.rsp", 65), ("LongMsg.rsp.gz", 64)])
def test_nist_messages(kernels: Kernels, vectors: Path, hash_name: str, kind: str, least: int) -> None:
    """Every message of NIST's SHA test vectors has the digest that NIST says."""
    cases = list(messages(vectors / "nist" / f"{hash_name.upper()}{kind}"))
    assert len(cases) >= least
    assert [length for length, _ in failures(kernels, hash_name, cases)] == []


def failures(kernels: Kernels, hash_name: str, cases: list[tuple[bytes, bytes]]) -> list[tuple[int, str]]:
    """Give the lengths and the digests of the messages that come out wrong."""
    digests = [(message, kernels.digest(hash_name, message), expected) for message, expected in cases]
    return [(len(message), digest.hex()) for message, digest, expected in digests if digest != expected]


@pytest.mark.parametrize("hash_name", HASHES)
def test_nist_monte_carlo(kernels: Kernels, vectors: Path, hash_name: str) -> None:
    """The Monte Carlo test of the SHAVS, 100 times a chain of 1,000 digests, ends where NIST says."""
    text = read_text(vectors / "nist" / f"{hash_name.upper()}Monte.rsp")
    [seed] = re.findall(r"Seed = (\w+)", text)
    expected = re.findall(r"COUNT = \d+\s+MD = (\w+)", text)
    assert len(expected) == 100
    digest = bytes.fromhex(seed)
    for checkpoint in expected:
        a = b = c = digest
        for _ in range(1000):
            a, b, c = b, c, kernels.digest(hash_name, a + b + c)
        digest = c
        assert digest.hex() == checkpoint


@pytest.mark.parametrize("hash_name", HASHES)
def test_every_short_length(kernels: Kernels, hash_name: str) -> None:
    """Every length from 0 to 300 octets gives the digest of hashlib."""
    data = random.Random(300).randbytes(300)  # noqa: S311
    cases = [(data[:length], hashlib.new(hash_name, data[:length]).digest()) for length in range(301)]
    assert failures(kernels, hash_name, cases) == []


@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("fill", [b"\x00", b"\x80", b"\xff"])
def test_block_boundaries(kernels: Kernels, hash_name: str, fill: bytes) -> None:
    """Round every place where the padding, its length field or the message begins a new block, no bit is lost."""
    block = BLOCK_BYTES[hash_name]
    turns = [blocks * block + at for blocks in range(9) for at in (0, block - LENGTH_FIELD_BYTES[hash_name] - 1)]
    lengths = {turn + step for turn in turns for step in (-1, 0, 1) if turn + step >= 0}
    cases = [(fill * length, hashlib.new(hash_name, fill * length).digest()) for length in sorted(lengths)]
    assert failures(kernels, hash_name, cases) == []


@given(
    hash_name=st.sampled_from(HASHES), length=st.integers(min_value=0, max_value=20_000), seed=st.integers(min_value=0)
)
def test_any_length(kernels: Kernels, hash_name: str, length: int, seed: int) -> None:
    """A message of any length and content has the digest of hashlib."""
    message = random.Random(seed).randbytes(length)  # noqa: S311
    assert kernels.digest(hash_name, message) == hashlib.new(hash_name, message).digest()


@pytest.mark.parametrize("hash_name", HASHES)
def test_a_message_is_not_touched(kernels: Kernels, hash_name: str) -> None:
    """A message stays as it is and gives the same digest again."""
    message = bytes(range(256))
    first = kernels.digest(hash_name, message)
    assert kernels.digest(hash_name, message) == first
    assert message == bytes(range(256))


@pytest.mark.parametrize("name", ["sha1", "SHA256", "sha-256", "md5", ""])
def test_unknown_hash(kernels: Kernels, name: str) -> None:
    """A hash that is not of these three, or is spelled otherwise, is a ValueError that names the three."""
    with pytest.raises(ValueError, match="'sha256', 'sha384' or 'sha512'"):
        kernels.digest(name, b"")


def test_message_of_the_wrong_type(kernels: Kernels) -> None:
    """A message that is not bytes is a TypeError."""
    for message in ("abc", bytearray(b"abc"), None, 5):
        with pytest.raises(TypeError):
            kernels.digest("sha256", message)  # type: ignore[arg-type]
