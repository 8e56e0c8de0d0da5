"""base64url of every kernel against the standard library, and all that is not canonical base64url refused."""

from __future__ import annotations

import base64
import binascii
import random
import re

import pytest
from guard_page import at_the_end_of_memory
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import _native
from jwtfast._native import Kernels

# RFC 4648 section 5, table 2.
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BAD_OCTETS = sorted(set(range(256)) - set(ALPHABET))
# Texts that end in a whole group of four characters, in two, and in three; longer than what a kernel takes at once.
SOUND_TEXTS = [base64.urlsafe_b64encode(bytes(range(size))).rstrip(b"=") for size in (75, 76, 77)]


def encode(data: bytes) -> bytes:
    """Give what the standard library makes of octets, its padding taken off."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def decode(text: bytes) -> bytes | None:
    """Give what a text stands for by the standard library, or None unless it is the one canonical spelling of that."""
    try:
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None
    # The library passes over what is not in the alphabet; the one spelling it would write itself has none of that.
    return data if encode(data) == text else None


def verdict(kernels: Kernels, text: bytes) -> bytes | None:
    """Give what our decoder makes of a text, or None where it refuses it."""
    try:
        return kernels.base64url_decode(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", b""),
        (b"f", b"Zg"),
        (b"fo", b"Zm8"),
        (b"foo", b"Zm9v"),
        (b"foob", b"Zm9vYg"),
        (b"fooba", b"Zm9vYmE"),
        (b"foobar", b"Zm9vYmFy"),
        (bytes([3, 236, 255, 224, 193]), b"A-z_4ME"),
    ],
)
def test_examples(kernels: Kernels, data: bytes, text: bytes) -> None:
    """The examples of RFC 4648 section 10, padding taken off, and that of RFC 7515 appendix C come out."""
    assert kernels.base64url_encode(data) == text
    assert kernels.base64url_decode(text) == data


@pytest.mark.parametrize("length", range(201))
def test_every_short_length(kernels: Kernels, length: int) -> None:
    """Octet strings of every length from 0 to 200 are written and read as the standard library does it."""
    for data in (random.Random(length).randbytes(length), bytes(length), b"\xff" * length):  # noqa: S311
        text = encode(data)
        assert kernels.base64url_encode(data) == text
        assert kernels.base64url_decode(text) == data


def test_every_character_at_every_place(kernels: Kernels) -> None:
    """Each of the 64 characters stands for its value wherever it stands."""
    wrong = []
    for value, character in enumerate(ALPHABET):
        for place in range(128):
            text = b"A" * place + bytes([character]) + b"A" * (127 - place)
            data = (value << (6 * (127 - place))).to_bytes(96, "big")
            if kernels.base64url_decode(text) != data or kernels.base64url_encode(data) != text:
                wrong.append((chr(character), place))
    assert wrong == []


@given(st.binary(max_size=3_000))
def test_any_octets(kernels: Kernels, data: bytes) -> None:
    """Any octets are written as the standard library writes them, and read back."""
    text = encode(data)
    assert kernels.base64url_encode(data) == text
    assert kernels.base64url_decode(text) == data


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=50_000))
def test_all_kernels_agree(seed: int, length: int) -> None:
    """All kernels that this CPU can run write and read long texts alike, and as the standard library does."""
    data = random.Random(seed).randbytes(length)  # noqa: S311
    text = encode(data)
    for name in _native.available_kernels():
        assert Kernels(name).base64url_encode(data) == text
        assert Kernels(name).base64url_decode(text) == data


@pytest.mark.parametrize("length", range(201))
def test_nothing_behind_is_read(kernels: Kernels, length: int) -> None:
    """Octets and texts that end where memory ends are written and read like any others."""
    data = random.Random(length).randbytes(length)  # noqa: S311
    text = encode(data)
    assert at_the_end_of_memory(kernels.base64url_encode, data) == text
    assert at_the_end_of_memory(kernels.base64url_decode, text) == data


@pytest.mark.parametrize("text", SOUND_TEXTS, ids=len)
def test_every_bad_octet_at_every_place(kernels: Kernels, text: bytes) -> None:
    """No octet outside the alphabet (padding, "+", "/", white space, NUL, from 0x80 on) is read, wherever it stands."""
    assert kernels.base64url_decode(text)
    accepted = [
        (octet, place)
        for octet in BAD_OCTETS
        for place in range(len(text))
        if verdict(kernels, text[:place] + bytes([octet]) + text[place + 1 :]) is not None
    ]
    assert accepted == []


@pytest.mark.parametrize("addition", [b"=", b"==", b"===", b"\n", b"\r\n", b" ", b"\t", b"\0", b".", b"\xc2\xa0"])
def test_nothing_around_the_text(kernels: Kernels, addition: bytes) -> None:
    """Padding, white space and the like before, behind or within a text make it another text, which is refused."""
    for size in range(100):
        text = encode(bytes(range(size)))
        middle = len(text) // 2
        assert verdict(kernels, text) is not None
        for other in (addition + text, text + addition, text[:middle] + addition + text[middle:]):
            assert verdict(kernels, other) is None


def test_length_that_nothing_has(kernels: Kernels) -> None:
    """No text of 4n + 1 characters is read: it is the encoding of nothing."""
    for length in range(1, 402, 4):
        assert verdict(kernels, b"A" * length) is None


@pytest.mark.parametrize(
    ("last_group", "unused_bits"), [(b"A", 4), (b"_", 4), (b"AA", 2), (b"-z", 2)], ids=["2a", "2b", "3a", "3b"]
)
@pytest.mark.parametrize("groups", [0, 1, 7, 8, 9, 15, 16, 24, 100])
def test_trailing_bits_are_zero(kernels: Kernels, groups: int, last_group: bytes, unused_bits: int) -> None:
    """Of the 64 characters that could end a text, only those whose unused bits are zero are read."""
    for value, character in enumerate(ALPHABET):
        text = b"Zm9v" * groups + last_group + bytes([character])
        assert verdict(kernels, text) == decode(text)
        assert (verdict(kernels, text) is not None) == (value % (1 << unused_bits) == 0)


CHARACTERS = st.text(st.sampled_from(ALPHABET.decode("ascii")), max_size=120).map(str.encode)
NEARLY = st.lists(
    st.one_of(CHARACTERS, st.sampled_from([b"=", b"+", b"/", b"\n", b" ", b"\0", b"\x80"])), max_size=3
).map(b"".join)


@given(st.one_of(CHARACTERS, NEARLY, st.binary(max_size=120)))
def test_reads_exactly_the_canonical_form(kernels: Kernels, text: bytes) -> None:
    """A text is read if, and only if, it is how the standard library writes what it reads there."""
    expected = decode(text)
    assert verdict(kernels, text) == expected
    if expected is not None:
        assert kernels.base64url_encode(expected) == text
        assert re.fullmatch(rb"[A-Za-z0-9_-]*", text)


@given(st.binary(max_size=200), st.data())
def test_one_spelling_for_each_octet_string(kernels: Kernels, octets: bytes, data: st.DataObject) -> None:
    """A text that differs from another in one place is not read as the same octets."""
    text = encode(octets + b"\0")
    place = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    other = data.draw(st.integers(min_value=0, max_value=255))
    changed = text[:place] + bytes([other]) + text[place + 1 :]
    assert (verdict(kernels, changed) == octets + b"\0") == (changed == text)


def test_the_refusal_holds_no_text(kernels: Kernels) -> None:
    """The error says what the text is not, and nothing of the text."""
    with pytest.raises(ValueError, match=r"^not canonical, unpadded base64url \(RFC 7515 section 2\)$"):
        kernels.base64url_decode(b"secret=")


@pytest.mark.parametrize("argument", ["Zm9v", bytearray(b"Zm9v"), memoryview(b"Zm9v"), None, 4])
def test_arguments_of_the_wrong_type(kernels: Kernels, argument: object) -> None:
    """What is not bytes is a TypeError."""
    with pytest.raises(TypeError):
        kernels.base64url_decode(argument)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        kernels.base64url_encode(argument)  # type: ignore[arg-type]
