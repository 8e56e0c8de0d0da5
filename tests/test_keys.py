"""Keys and key sets: what may be a secret, what may not, and which keys an algorithm and a kid select."""

from __future__ import annotations

import copy
import enum
import hmac
import pickle
import random
import secrets
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import Key, KeySet, errors

MIN_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def secret(number: int = 0, size: int = 64) -> bytes:
    """Give a secret, always the same for the same number."""
    return random.Random(number).randbytes(size)  # noqa: S311


def key(number: int = 0, algorithm: str = "HS256", key_id: str | None = None) -> Key:
    """Give a key, always with the same secret for the same number."""
    return Key.from_secret(secret(number), algorithm, key_id=key_id)


# ---- secrets ----


@pytest.mark.parametrize("algorithm", MIN_BYTES)
def test_a_secret_is_as_long_as_the_hash(algorithm: str) -> None:
    """A secret is at least as long as its hash (RFC 7518 section 3.2); else the error says how to make one."""
    least = MIN_BYTES[algorithm]
    for size in (1, least - 1):
        for short in (secret(size=size), "x" * size):
            with pytest.raises(errors.InvalidKeyError) as raised:
                Key.from_secret(short, algorithm)
            assert str(raised.value) == (
                f"a secret for {algorithm} has at least {least} bytes (RFC 7518 section 3.2), this one {size}: "
                f"make one with secrets.token_bytes({least})"
            )
    for size in (least, least + 1, 200, 5000):
        for enough in (secret(size=size), "x" * size):
            assert Key.from_secret(enough, algorithm).algorithm == algorithm


@pytest.mark.parametrize("empty", [b"", ""])
@pytest.mark.parametrize("algorithm", MIN_BYTES)
def test_a_secret_is_not_empty(algorithm: str, empty: bytes | str) -> None:
    """An empty secret is refused as such: a variable was not set (RFC 8725 section 3.5)."""
    with pytest.raises(errors.InvalidKeyError, match="empty"):
        Key.from_secret(empty, algorithm)


@pytest.mark.parametrize(
    "text", ["plain ASCII, of thirty-two octets!", "ümläuts äre twö öctets eäch, nöt one", "\U0001f511" * 8]
)
def test_a_str_stands_for_its_utf_8(text: str) -> None:
    """A secret given as str is its UTF-8, octet by octet: it makes the MACs of the standard library's HMAC."""
    mac = hmac.digest(text.encode(), b"message", "sha256")
    assert Key.from_secret(text, "HS256").prepared.sign(b"message") == mac  # type: ignore[attr-defined]
    assert Key.from_secret(text.encode(), "HS256").prepared.sign(b"message") == mac  # type: ignore[attr-defined]


def test_length_counts_octets() -> None:
    """The length that counts is that of the UTF-8, not the number of characters."""
    assert Key.from_secret("ü" * 16, "HS256").algorithm == "HS256"
    with pytest.raises(errors.InvalidKeyError, match="this one 30"):
        Key.from_secret("ü" * 15, "HS256")


@pytest.mark.parametrize("algorithm", MIN_BYTES)
def test_a_key_makes_the_macs_of_its_algorithm(algorithm: str) -> None:
    """HS256, HS384 and HS512 are HMAC with SHA-256, SHA-384 and SHA-512 (RFC 7518 section 3.2)."""
    made = key(1, algorithm).prepared.sign(b"message")  # type: ignore[attr-defined]
    assert made == hmac.digest(secret(1), b"message", HASHES[algorithm])


@given(st.integers(min_value=0), st.integers(min_value=32, max_value=100))
def test_random_secrets_are_never_taken_for_another_key(seed: int, size: int) -> None:
    """A random secret is not mistaken for DER or for any other key's text."""
    assert Key.from_secret(random.Random(seed).randbytes(size), "HS256").algorithm == "HS256"  # noqa: S311


@given(st.integers(min_value=0), st.integers(min_value=34, max_value=100))
def test_a_secret_that_begins_like_der(seed: int, size: int) -> None:
    """A random secret that has the tag and the length of a DER key by chance is still a secret."""
    begun = bytes([0x30, size - 2]) + random.Random(seed).randbytes(size - 2)  # noqa: S311
    if begun[2] not in (0x02, 0x30):
        assert Key.from_secret(begun, "HS256").algorithm == "HS256"


@pytest.mark.parametrize("tag", sorted({*range(256)} - {0x02, 0x30}))
def test_a_secret_of_whole_elements(tag: int) -> None:
    """A secret that is a SEQUENCE of whole elements is a key's DER only if an INTEGER or a SEQUENCE comes first."""
    elements = bytes([tag, 28]) + secret(size=28) + bytes([0x04, 30]) + secret(size=30)
    assert Key.from_secret(bytes([0x30, len(elements)]) + elements, "HS256").algorithm == "HS256"
    with pytest.raises(errors.InvalidKeyError, match="DER"):
        Key.from_secret(bytes([0x30, len(elements), 0x02]) + elements[1:], "HS256")


@pytest.mark.parametrize("make", [secrets.token_hex, secrets.token_urlsafe, secrets.token_bytes])
def test_what_people_make_is_accepted(make: Callable[[int], str | bytes]) -> None:
    """What the secrets module makes, as octets or as text, is a secret."""
    for size in (32, 48, 64, 96):
        assert Key.from_secret(make(size), "HS256").algorithm == "HS256"


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "a JSON object that is no key, and long enough"}',
        "{ braces, and that is all that it has of JSON }",
        "0123456789012345678901234567890123456789",
        "BEGIN PUBLIC KEY is only what it says in here",
        "a ssh- in the middle of a secret of some length",
        "-----" * 10,
    ],
)
def test_secrets_that_only_look_odd(text: str) -> None:
    """A text that merely has something of a key's look is a secret."""
    assert Key.from_secret(text, "HS256").algorithm == "HS256"


# ---- algorithms and types ----


@pytest.mark.parametrize(
    "name",
    ["none", "None", "NONE", "", "hs256", "HS256 ", "HS-256", "HS1", "HS224", "HMAC", "sha256", "HS256\0", "RS257"],
)
def test_unknown_algorithms(name: str) -> None:
    """An algorithm that JWA has not, above all "none", or a name spelled otherwise, is refused with those there are."""
    with pytest.raises(errors.InvalidKeyError, match="HS256, HS384, HS512"):
        Key.from_secret(secret(), name)


@pytest.mark.parametrize("name", ["RS256", "PS512", "ES256", "EdDSA"])
def test_algorithms_that_take_no_secret(name: str) -> None:
    """An algorithm of asymmetric keys takes no shared secret."""
    with pytest.raises(errors.InvalidKeyError, match=name):
        Key.from_secret(secret(), name)


@pytest.mark.parametrize("wrong", [None, 5, bytearray(64), memoryview(bytes(64)), ["a"] * 64, {"kty": "oct"}, True])
def test_a_secret_of_the_wrong_type(wrong: object) -> None:
    """A secret that is neither str nor bytes is a TypeError that names the type and nothing else of it."""
    with pytest.raises(TypeError, match=f"^a secret is str or bytes, not {type(wrong).__name__}$"):
        Key.from_secret(wrong, "HS256")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, 5, b"HS256", ["HS256"], {"HS256"}])
def test_an_algorithm_of_the_wrong_type(wrong: object) -> None:
    """An algorithm that is not named by a str is a TypeError, even where it can't be hashed."""
    with pytest.raises(TypeError, match=f"not {type(wrong).__name__}$"):
        Key.from_secret(secret(), wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [5, b"kid", ["kid"], False])
def test_a_key_id_of_the_wrong_type(wrong: object) -> None:
    """A key id that is neither str nor None is a TypeError."""
    with pytest.raises(TypeError, match=f"^key_id is a str or None, not {type(wrong).__name__}$"):
        Key.from_secret(secret(), "HS256", key_id=wrong)  # type: ignore[arg-type]


def test_the_key_id_is_named() -> None:
    """The key id can't be given by position, where it could be taken for something else."""
    with pytest.raises(TypeError):
        Key.from_secret(secret(), "HS256", "kid")  # type: ignore[call-arg]


class Setting(enum.StrEnum):
    """A program's own names for its settings."""

    ALGORITHM = "HS256"
    KEY_ID = "2026-01"
    SECRET = "correct horse battery staple, and 32 octets"


class Octets(bytes):
    """A program's own type of secret."""


def test_subclasses_of_str_and_bytes() -> None:
    """A str is a str and bytes are bytes when they are of a subclass, like a StrEnum's members."""
    made = Key.from_secret(Setting.SECRET, Setting.ALGORITHM, key_id=Setting.KEY_ID)
    assert (made.algorithm, made.key_id) == ("HS256", "2026-01")
    assert Key.from_secret(Octets(secret()), "HS256").algorithm == "HS256"


# ---- a key as an object ----


def test_a_key_can_not_be_made_by_its_class() -> None:
    """Key() says how a key is made."""
    with pytest.raises(TypeError, match=r"Key\.from_secret"):
        Key()


def test_a_key_prints_without_its_material() -> None:
    """A key's repr holds its algorithm, its kid, and nothing of its secret."""
    assert repr(key()) == "<Key HS256 secret>"
    assert str(key(0, "HS512", "2026-01")) == "<Key HS512 kid='2026-01' secret>"
    assert repr(KeySet([key(), key(1)])) == "<KeySet of 2>"
    material = "correct horse battery staple, and 32 octets"
    made = Key.from_secret(material, "HS256")
    for text in (repr(made), str(made), f"{made}", repr([made]), repr(made.prepared), repr(KeySet([made]))):
        assert not any(material[i : i + 6] in text for i in range(len(material) - 5))


def test_a_key_can_not_be_changed() -> None:
    """No attribute of a key can be set, deleted or added, and it can't be initialised again."""
    made = key(0, "HS256", "a")
    other = key(1).prepared
    for name, value in (("algorithm", "HS512"), ("key_id", "b"), ("prepared", other), ("anything", 1)):
        with pytest.raises(AttributeError, match="can't be changed"):
            setattr(made, name, value)
        with pytest.raises(AttributeError, match="can't be changed"):
            delattr(made, name)
    with pytest.raises(TypeError):
        made.__init__()  # type: ignore[misc]
    for name in ("algorithm", "key_id"):
        with pytest.raises(AttributeError):
            setattr(made.prepared, name, "HS512")
    assert (made.algorithm, made.key_id) == ("HS256", "a")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_key_is_not_pickled(protocol: int) -> None:
    """Neither a key, nor what it is prepared into, nor a set of keys is pickled: their material would go with it."""
    for holder in (key(), key().prepared, KeySet([key()])):
        with pytest.raises(TypeError):
            pickle.dumps(holder, protocol)


def test_a_key_is_not_copied() -> None:
    """A key isn't copied, by itself or deep inside of something: a copy's material would be wiped by nobody."""
    for holder in (key(), key().prepared):
        with pytest.raises(TypeError):
            copy.copy(holder)
    for deep in (key(), key().prepared, [key()], KeySet([key()])):
        with pytest.raises(TypeError):
            copy.deepcopy(deep)


@given(st.text())
def test_any_text_is_a_key_id(key_id: str) -> None:
    """A kid is any text, compared as it is (RFC 7515 section 4.1.4)."""
    made = key(0, "HS256", key_id)
    assert made.key_id == key_id
    assert KeySet([made]).candidates("HS256", key_id) == (made.prepared,)


# ---- key sets ----


def test_a_key_set_has_keys() -> None:
    """A set without keys would verify nothing: it is refused."""
    nothings: list[Iterable[Key]] = [[], (), iter([])]
    for nothing in nothings:
        with pytest.raises(errors.InvalidKeyError, match="at least one"):
            KeySet(nothing)


@pytest.mark.parametrize("wrong", [[None], ["secret"], "secret", [b"secret"], [{"kty": "oct"}]])
def test_a_key_set_is_made_of_keys(wrong: object) -> None:
    """Anything in a set that is no Key is a TypeError that says how to make one, and holds nothing of it."""
    with pytest.raises(TypeError, match=r"Key\.from_secret") as raised:
        KeySet(wrong)  # type: ignore[arg-type]
    assert '"secret"' not in str(raised.value).replace("'", '"')


@pytest.mark.parametrize("wrong", [None, 5, key()])
def test_a_key_set_is_made_of_an_iterable(wrong: object) -> None:
    """What can't be walked over is a TypeError."""
    with pytest.raises(TypeError):
        KeySet(wrong)  # type: ignore[arg-type]


def test_a_key_set_keeps_its_keys() -> None:
    """A set gives its keys in order, from any iterable that it was made of, which may change then."""
    keys = [key(0), key(1, key_id="a"), key(2, "HS512")]
    for made in (KeySet(keys), KeySet(tuple(keys)), KeySet(iter(keys)), KeySet(each for each in keys)):
        assert list(made) == keys
        assert len(made) == 3
    made = KeySet(keys)
    keys.clear()
    assert len(list(made)) == 3


def test_duplicate_key_ids() -> None:
    """Two keys of one algorithm with one kid are refused, with the kid in the error; of two algorithms they are not."""
    for second in (key(1, "HS256", "a"), key(0, "HS256", "a")):
        with pytest.raises(errors.InvalidKeyError, match="'a'"):
            KeySet([key(0, "HS256", "a"), second])
    assert len(KeySet([key(0, "HS256", "a"), key(1, "HS384", "a"), key(2, "HS256", "b")])) == 3
    assert len(KeySet([key(0), key(1), key(2)])) == 3


def test_candidates() -> None:
    """A kid selects its key of that algorithm, else those without a kid; no kid selects all of the algorithm."""
    a, b, nameless, other = key(0, key_id="a"), key(1, key_id="b"), key(2), key(3, "HS384", "a")
    empty = key(4, "HS384", "")
    keys = KeySet([a, nameless, other, b, empty])
    expected = {
        ("HS256", "a"): [a],
        ("HS256", "b"): [b],
        ("HS256", "c"): [nameless],
        ("HS256", ""): [nameless],
        ("HS256", "A"): [nameless],
        ("HS256", None): [a, nameless, b],
        ("HS384", "a"): [other],
        ("HS384", ""): [empty],
        ("HS384", "b"): [],
        ("HS384", None): [other, empty],
        ("HS512", "a"): [],
        ("HS512", None): [],
        ("none", None): [],
        ("hs256", None): [],
    }
    for (algorithm, key_id), selected in expected.items():
        assert keys.candidates(algorithm, key_id) == tuple(one.prepared for one in selected), (algorithm, key_id)


ALGORITHMS = st.sampled_from(list(MIN_BYTES))
KEY_IDS = st.sampled_from([None, "", "a", "b", "c"])


@given(
    st.lists(st.tuples(ALGORITHMS, KEY_IDS), min_size=1, unique_by=lambda row: row if row[1] is not None else object()),
    ALGORITHMS,
    KEY_IDS,
)
def test_candidates_by_a_model(rows: list[tuple[str, str | None]], algorithm: str, key_id: str | None) -> None:
    """Whatever keys there are, the rule holds, and their order is kept."""
    keys = [key(number, *row) for number, row in enumerate(rows)]
    of_algorithm = [one for one in keys if one.algorithm == algorithm]
    named = [one for one in of_algorithm if one.key_id == key_id]
    nameless = [one for one in of_algorithm if one.key_id is None]
    expected = of_algorithm if key_id is None else named or nameless
    assert KeySet(keys).candidates(algorithm, key_id) == tuple(one.prepared for one in expected)
