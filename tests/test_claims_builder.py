"""Claims built from JSON text: what orjson reads, but shared and not to be changed, with each kernel."""

from __future__ import annotations

import itertools
import json
import string
import subprocess
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_oracle import has_exact_types, is_within_limits, read
from json_texts import LENGTHS
from test_json_scan import NAMES, VALUES, spelled

from jwtfast._native import Kernels, available_kernels

# Those that read JSON each in a way of its own.
KERNELS = [Kernels(name) for name in ("portable", "avx2") if name in available_kernels()]
# As often as a text must come until all that have it share it, and more.
OFTEN = 20
# Short enough to be shared: at most this many characters.
SHARED = 64


def check(text: bytes) -> None:
    """Assert that a text is read as orjson reads it, and can't be changed; or refused, where it must be."""
    value = read(text)
    for kernels in KERNELS:
        try:
            claims = kernels.read_json(text)
        except ValueError:
            assert value is None
        else:
            assert value is not None
            assert claims == value
            assert has_exact_types(claims, value)
            assert orjson.dumps(claims) == orjson.dumps(value)


@given(st.dictionaries(NAMES, VALUES, max_size=8), st.booleans(), st.sampled_from([None, 0, 3, "\t"]))
def test_any_object(value: dict[str, Any], ascii_only: bool, indent: int | str | None) -> None:
    """Any object is what orjson reads, to the type of each part, with immutable containers all the way down."""
    check(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass"))


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.randoms(use_true_random=False))
def test_any_spelling(value: dict[str, Any], source: Any) -> None:
    """An object is what orjson reads in whatever spelling, and refused where it has two members of one name."""
    check(spelled(value, source.randrange).encode("utf-8", "surrogatepass"))


# ---- texts ----

EDGES = st.sampled_from(LENGTHS).flatmap(lambda length: st.text("ab", min_size=length, max_size=length))


@given(st.lists(EDGES, max_size=6), st.lists(EDGES, max_size=6, unique=True))
def test_texts_of_any_length(values: list[str], names: list[str]) -> None:
    """Names and values are right whatever their lengths, and whatever came before them."""
    members = dict(itertools.zip_longest(names, values[: len(names)], fillvalue=""))
    for text in (orjson.dumps({**members, "values": values}), orjson.dumps({"values": values, "members": members})):
        check(text)


@given(
    st.text("ab", min_size=8, max_size=8),
    st.lists(st.text("xy", max_size=SHARED - 16), min_size=2, max_size=5, unique=True),
    st.text("ab", min_size=8, max_size=8),
)
def test_texts_alike_at_both_ends(head: str, middles: list[str], tail: str) -> None:
    """Texts with the same first and last eight characters stay apart, as names and values, however often they come."""
    texts = [head + middle + tail for middle in middles]
    for text in texts:
        check(orjson.dumps({text: text}))
    document = orjson.dumps({"values": texts * OFTEN, **dict.fromkeys(texts, texts[0])})
    for _ in range(2):
        check(document)


@pytest.mark.parametrize("length", [*range(SHARED + 3), 127, 128, 129])
def test_texts_that_differ_in_one_place(length: int) -> None:
    """Two texts that differ in a single character, wherever it is, are never taken for one another."""
    common = (string.ascii_letters * 3)[:length]
    others = [common[:place] + "-" + common[place + 1 :] for place in range(length)]
    for text in (*[common] * OFTEN, *others, common):
        check(b'{"text":"%s"}' % text.encode())


def test_more_texts_than_are_shared() -> None:
    """Texts are right when there are many more of them than there are places to share them in."""
    texts = [f"text {number}" for number in range(6000)]
    check(orjson.dumps({"texts": texts * OFTEN}))
    check(orjson.dumps(dict.fromkeys(texts)))


SHARING = """
from jwtfast._native import Kernels

kernels = Kernels()
text = {text!r}
document = '{{"text":"%s"}}'.encode() % text.encode()
seen = [kernels.read_json(document)["text"] for _ in range({often})]
assert all(each == seen[0] for each in seen)
print(seen[-1] is seen[-2], seen[0] is seen[1])
"""


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        *[("x" * length, True) for length in (1, 7, 8, 9, 16, 17, 63, SHARED)],
        ("x" * (SHARED + 1), False),
        ("ü" * 8, False),
        ("x\\n" * 4, False),
    ],
)
def test_what_is_shared(new_process: Callable[..., subprocess.CompletedProcess[str]], text: str, shared: bool) -> None:
    """A short ASCII text that has come often is one object for all, from then on; no other text is."""
    # In a process where no other text has taken its place.
    done = new_process(SHARING.format(text=text, often=OFTEN))
    assert (done.stdout.split(), done.stderr) == ([str(shared), "False"], "")


NEVER_SHARED = """
from jwtfast._native import Kernels

kernels = Kernels()
for number in range(1000):
    kernels.read_json(b'{"sub":"user %d"}' % number)
seen = [kernels.read_json(b'{"sub":"user"}')["sub"] for _ in range(1000)]
assert all(each == "user" for each in seen)
print(any(one is other for one, other in zip(seen, seen[1:])))
"""


def test_sharing_after_long(new_process: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Where no value of a name was ever shared, one that comes often is found out all the same."""
    done = new_process(NEVER_SHARED)
    assert (done.stdout.split(), done.stderr) == (["True"], "")


def test_empty_texts() -> None:
    """The empty text is a name and a value like any other."""
    for _ in range(OFTEN):
        check(b'{"":"","a":["","",{"":{"":""}}]}')


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 15, 16, 17, 28, 29, 30, SHARED, SHARED + 1])
def test_names_like_the_expected_one(length: int) -> None:
    """A name that is not the one that came after the last name before is never taken for it, however like it is."""
    expected = ("," + string.ascii_letters * 2)[:length]
    before = b'{"first":{"before":1},"%s":2}' % expected.encode()
    others = [
        expected + "x",
        "x" + expected,
        expected[:-1],
        ":" + expected,
        *(expected[:n] + "-" + expected[n + 1 :] for n in range(length)),
    ]
    texts = [f'{{"first":{{"before":1}},"{other}":2}}' for other in others]
    texts += [f'{{"first":{{"before":1,"{other}":2}}}}' for other in others]
    texts += [f'{{"first":{{"before" : 1 }} , "{name}" :\n\t2}}' for name in (expected, *others)]
    texts += ['{"first":{"before":1}}', f'{{"first":{{"before":1}},"\\u002c{expected[1:]}":2}}']
    for text in texts:
        for _ in range(OFTEN):
            check(before)
        check(text.encode())


# ---- numbers ----

POWERS = [10**digits for digits in range(16, 20)] + [2**63, 2**64]
BORDERS = [*range(-7, 260), *(sign * power + shift for power in POWERS for sign in (1, -1) for shift in (-1, 0, 1))]
WITHIN = [value for value in BORDERS if -(2**63) <= value < 2**64]


@given(st.lists(st.integers(-(2**63), 2**64 - 1) | st.sampled_from(WITHIN), max_size=20))
def test_integers(values: list[int]) -> None:
    """Integers of any length up to 64 bits are exact, and int."""
    check(orjson.dumps({"values": values}))


def test_integers_at_borders() -> None:
    """Integers are right where Python has ready objects for them, where digits get many, and at the ends of 64 bits."""
    check(orjson.dumps({"values": WITHIN}))
    for value in (*(set(BORDERS) - set(WITHIN)), 10**20, 10**400):
        text = b'{"value":%d}' % value
        assert not is_within_limits(text, {})
        for kernels in KERNELS:
            with pytest.raises(ValueError, match="64 bits"):
                kernels.read_json(text)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["r", "e", "E", ".30e", ".400f"]))
def test_fractions(value: float, form: str) -> None:
    """A number with a fraction or an exponent is the float that orjson reads, its zero's sign included."""
    text = repr(value) if form == "r" else format(value, form)
    check(f'{{"value":{text},"values":[{text},-0.0,-0]}}'.encode())


# ---- containers ----


@pytest.mark.parametrize("count", [*range(70), 127, 128, 129, 130, 1000])
def test_containers_of_any_size(count: int) -> None:
    """Objects and arrays of any number of members and elements are complete, in order, and can't be changed."""
    elements = [{"n": number} if number % 7 == 0 else number for number in range(count)]
    members = {f"name {number}": element for number, element in enumerate(elements)}
    for value in (members, {"list": elements}, {"list": [elements, elements], "members": [members, {"more": members}]}):
        check(orjson.dumps(value))


def test_shapes() -> None:
    """Objects with other names, or in another order, stay apart, however often each comes and in whatever turn."""
    names = ["sub", "iss", "a name that is longer than most", ""]
    shapes = [shape for count in range(5) for shape in itertools.permutations(names, count)]
    for turn in range(OFTEN):
        for shape in shapes:
            check(orjson.dumps({name: [turn, name] for name in shape}))
    for shape in shapes:
        for _ in range(OFTEN):
            check(orjson.dumps({"member": dict.fromkeys(shape, "value")}))


def test_more_shapes_than_are_kept() -> None:
    """Objects are right when there are many more shapes of them than there are places to keep these in."""
    names = [f"name {number}" for number in range(40)]
    objects = [dict.fromkeys(pair, "value") for pair in itertools.permutations(names, 2)]
    for _ in range(OFTEN):
        check(orjson.dumps({"objects": objects}))


def test_objects_of_one_shape_share_no_value() -> None:
    """Even what is forced upon one object is seen in no other of its shape."""
    for kernels in KERNELS:
        claims = [kernels.read_json(b'{"sub":"%d","exp":1}' % number) for number in range(OFTEN)]
        for one in claims[::2]:
            dict.__setitem__(one, "sub", None)
            dict.__setitem__(one, "more", None)
        assert claims[1::2] == [{"sub": str(number), "exp": 1} for number in range(1, OFTEN, 2)]
        assert kernels.read_json(b'{"sub":"","exp":1}') == {"sub": "", "exp": 1}
