"""Claims are a dict, and the lists inside them lists, that nobody who got them can change under the others."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any

import orjson
import pytest
from forge import HEADER, SECRET, sign
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import ANY, Claims, Key, Verifier

VERIFIER = Verifier(Key.from_secret(SECRET, "HS256"), required=(), audience=ANY, clock=lambda: 0)
PAYLOAD: dict[str, Any] = {
    "sub": "me",
    "number": 5,
    "scopes": ["b", "a", "c"],
    "deep": [1, [2, [], {"deeper": [{"deepest": ["x"]}, 2.5]}], {}, None],
    "object": {"a": {"b": [True]}, "c": {}},
    "ümläut": "\U0001f511",
    "none": None,
}


def claims_of(payload: Mapping[str, Any]) -> Claims:
    """Give the claims of a fresh token with this payload."""
    VERIFIER.clear_cache()
    return VERIFIER.verify(sign(HEADER, payload)).claims


def parts(value: object) -> Iterator[Any]:
    """Give every dict and list in a value, itself first."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from parts(inner)


def is_plain(value: object) -> bool:
    """Whether a value is made of the very types that a JSON parser makes, all the way down."""
    return all(type(part) in (dict, list) for part in parts(value))


# All that changes a dict and a list: methods by name, with the arguments to try.
MUTATORS: dict[type, dict[str, list[tuple[Any, ...]]]] = {
    dict: {
        "__delattr__": [("anything",)],
        "__delitem__": [("sub",), ("absent",)],
        "__init__": [(), ({},), ({"sub": "you"},), ([("sub", "you")],)],
        "__ior__": [({},), ({"sub": "you"},), ([("sub", "you")],)],
        "__setattr__": [("anything", 1), ("__class__", dict), ("__dict__", {})],
        "__setitem__": [("sub", "you"), ("absent", 1)],
        "clear": [()],
        "fromkeys": [(["sub"],), ([], None)],
        "pop": [("sub",), ("sub", None), ("absent", None)],
        "popitem": [()],
        "setdefault": [("sub",), ("absent",), ("absent", 1)],
        "update": [(), ({},), ({"sub": "you"},), ([("sub", "you")],)],
    },
    list: {
        "__delattr__": [("anything",)],
        "__delitem__": [(0,), (-1,), (slice(None),), (slice(0, 0),)],
        "__iadd__": [([],), ([1],), ((1,),)],
        "__imul__": [(0,), (1,), (2,)],
        "__init__": [(), ([],), ([1],), ("text",)],
        "__setattr__": [("anything", 1), ("__class__", list), ("__dict__", {})],
        "__setitem__": [(0, 1), (-1, 1), (slice(None), []), (slice(0, 0), [1])],
        "append": [(1,)],
        "clear": [()],
        "extend": [([],), ([1],)],
        "insert": [(0, 1)],
        "pop": [(), (0,), (-1,)],
        "remove": [("a",), (None,)],
        "reverse": [()],
        "sort": [()],
    },
}
# Attributes refuse to be set in the language's own way.
REFUSALS: dict[str, tuple[type[Exception], ...]] = {
    "__setattr__": (TypeError, AttributeError),
    "__delattr__": (TypeError, AttributeError),
}
# All that a dict and a list have besides, and that changes nothing.
HARMLESS: dict[type, set[str]] = {
    dict: {"__class_getitem__", "__contains__", "__getitem__", "__iter__", "__len__", "__or__", "__reversed__"}
    | {"__ror__", "copy", "get", "items", "keys", "values"},
    list: {"__add__", "__class_getitem__", "__contains__", "__getitem__", "__iter__", "__len__", "__mul__"}
    | {"__reversed__", "__rmul__", "copy", "count", "index"},
}


CALLS = [
    pytest.param(base, name, arguments, id=f"{base.__name__}.{name}{arguments}")
    for base, methods in MUTATORS.items()
    for name, variants in methods.items()
    for arguments in variants
]


@pytest.mark.parametrize("base", [dict, list])
def test_no_mutator_is_forgotten(base: type) -> None:
    """Every method that this Python's dict and list have is known to change something or to change nothing."""
    of_object = set(dir(object)) - {"__init__", "__setattr__", "__delattr__"}
    assert set(dir(base)) - of_object == set(MUTATORS[base]) | HARMLESS[base]


@pytest.mark.parametrize(("base", "name", "arguments"), CALLS)
def test_every_mutator_is_refused(base: type, name: str, arguments: tuple[Any, ...]) -> None:
    """Each method that changes a dict or a list raises TypeError and changes nothing, at the top and at any depth."""
    claims = claims_of(PAYLOAD)
    tried = 0
    for part in parts(claims):
        if isinstance(part, base):
            with pytest.raises(REFUSALS.get(name, TypeError)):
                getattr(part, name)(*arguments)
            tried += 1
    assert tried >= 6
    assert claims == PAYLOAD
    assert json.dumps(claims) == json.dumps(PAYLOAD)


KEYWORDS = [(dict, "__init__", {"sub": "you"}), (dict, "update", {"sub": "you"}), (list, "sort", {"reverse": True})]


@pytest.mark.parametrize(("base", "name", "keywords"), KEYWORDS)
def test_mutators_with_keywords(base: type, name: str, keywords: dict[str, Any]) -> None:
    """Those that take keywords are refused with them too."""
    claims = claims_of(PAYLOAD)
    for part in parts(claims):
        if isinstance(part, base):
            with pytest.raises(TypeError, match="shared"):
                getattr(part, name)(**keywords)
    assert claims == PAYLOAD


def test_statements_that_change() -> None:
    """What people write by accident raises TypeError with a way out, and changes nothing."""
    claims: Any = claims_of(PAYLOAD)
    statements = [
        "claims['sub'] = 'you'",
        "claims['new'] = 1",
        "del claims['sub']",
        "claims |= {'sub': 'you'}",
        "claims['scopes'].append('admin')",
        "claims['scopes'] += ['admin']",
        "claims['scopes'] *= 2",
        "claims['scopes'][0] = 'admin'",
        "claims['scopes'][:] = []",
        "del claims['scopes'][:]",
        "claims['scopes'].sort(key=str, reverse=True)",
        "claims['object']['a']['b'].append('admin')",
        "claims['deep'][1][2]['deeper'][0]['deepest'] = []",
    ]
    for statement in statements:
        with pytest.raises(TypeError, match=r"can't be changed: copy\.deepcopy\(\)") as raised:
            exec(statement)  # noqa: S102
        assert "me" not in str(raised.value).split()
    assert claims == PAYLOAD


def test_whatever_is_called_changes_nothing() -> None:
    """No method, called with whatever arguments, changes claims, whether it raises or not."""
    claims = claims_of(PAYLOAD)
    arguments: list[tuple[Any, ...]] = [(), (0,), ("sub",), ({},), ({"a": 1},), ([1],), ("sub", 1), (0, 1), (4,)]
    for part in list(parts(claims)):
        for name in dir(part):
            for each in arguments:
                called_for_its_effect(getattr(part, name), each)
        assert claims == PAYLOAD
    assert json.dumps(claims) == json.dumps(PAYLOAD)
    assert [type(part) for part in parts(claims)] == [type(part) for part in parts(claims_of(PAYLOAD))]


def called_for_its_effect(method: Any, arguments: tuple[Any, ...]) -> None:
    """Call what can be called, whatever comes of it."""
    with contextlib.suppress(Exception):
        method(*arguments)


@pytest.mark.parametrize("arguments", [(), ({},), ({"sub": "me"},), ([("sub", "me")],)])
def test_claims_come_from_tokens_only(arguments: tuple[Any, ...]) -> None:
    """Nobody makes Claims, or lists like those inside them, by hand."""
    for kind in (Claims, type(claims_of(PAYLOAD)["scopes"])):
        with pytest.raises(TypeError):
            kind(*arguments)
    with pytest.raises(TypeError, match="verified token"):
        Claims.fromkeys(["sub"])
    with pytest.raises(TypeError):
        type("Subclass", (Claims,), {})


# ---- a dict for all who read ----


def test_claims_are_a_dict() -> None:
    """Claims are dicts and their arrays lists, for isinstance, for the abstract types and for match."""
    claims = claims_of(PAYLOAD)
    assert isinstance(claims, dict)
    assert isinstance(claims, MutableMapping)
    assert isinstance(claims["object"], Claims)
    assert isinstance(claims["scopes"], list)
    assert isinstance(claims["scopes"], MutableSequence)
    match claims:
        case {"sub": subject, "scopes": [first, *rest], "object": {"a": {"b": [True]}}}:
            assert (subject, first, rest) == ("me", "b", ["a", "c"])
        case _:
            pytest.fail("claims don't match like a dict")
    for part in parts(claims):
        with pytest.raises(TypeError, match="unhashable"):
            hash(part)


def test_claims_read_like_a_dict() -> None:
    """All ways to read a dict or a list give what they give on the plain object."""
    claims = claims_of(PAYLOAD)
    for ours, plain in zip(parts(claims), parts(PAYLOAD), strict=True):
        assert ours == plain
        assert plain == ours
        assert not ours != plain  # noqa: SIM202
        assert (len(ours), bool(ours)) == (len(plain), bool(plain))
        assert list(ours) == list(plain)
        assert list(reversed(ours)) == list(reversed(plain))
        assert (repr(ours), str(ours), f"{ours}") == (repr(plain), str(plain), f"{plain}")
    assert list(claims.items()) == list(PAYLOAD.items())
    assert list(claims.values()) == list(PAYLOAD.values())
    assert claims.keys() == PAYLOAD.keys()
    assert (claims["sub"], claims.get("sub"), claims.get("absent", 1), "sub" in claims) == ("me", "me", 1, True)
    assert (claims["scopes"][1], claims["scopes"].index("a"), claims["scopes"].count("c")) == ("a", 1, 1)
    assert claims["scopes"] < ["c"]
    assert sorted(claims["scopes"]) == ["a", "b", "c"]
    with pytest.raises(KeyError):
        claims["absent"]


def test_claims_differ_like_a_dict() -> None:
    """Claims don't equal what differs from them anywhere."""
    claims = claims_of(PAYLOAD)
    for other in ({}, PAYLOAD | {"sub": "you"}, PAYLOAD | {"deep": [1]}, {**PAYLOAD, "more": 1}, list(PAYLOAD), None):
        assert claims != other


def test_claims_serialise_like_a_dict() -> None:
    """The json module and orjson write claims, and any part of them, just as they write the plain object."""
    for ours, plain in zip(parts(claims_of(PAYLOAD)), parts(PAYLOAD), strict=True):
        assert json.dumps(ours) == json.dumps(plain)
        assert json.dumps(ours, indent=2, ensure_ascii=False) == json.dumps(plain, indent=2, ensure_ascii=False)
        assert "".join(json.JSONEncoder().iterencode(ours)) == json.dumps(plain)
        assert orjson.dumps(ours) == orjson.dumps(plain)
        assert orjson.dumps(ours, option=orjson.OPT_SORT_KEYS) == orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


# ---- copies that are one's own ----

SHALLOW_COPIES: list[tuple[type, Callable[[Any], Any]]] = [
    (dict, dict),
    (dict, lambda claims: claims.copy()),
    (dict, copy.copy),
    (dict, lambda claims: claims | {}),
    (dict, lambda claims: {} | claims),
    (dict, lambda claims: {**claims}),
    (dict, lambda claims: dict(claims.items())),
    (list, list),
    (list, lambda elements: elements.copy()),
    (list, copy.copy),
    (list, lambda elements: elements[:]),
    (list, lambda elements: elements + []),  # noqa: RUF005
    (list, lambda elements: [] + elements),  # noqa: RUF005
    (list, lambda elements: elements * 1),
    (list, lambda elements: 1 * elements),
    (list, lambda elements: [*elements]),
]


@pytest.mark.parametrize(("base", "make"), SHALLOW_COPIES)
def test_shallow_copies_are_plain(base: type, make: Callable[[Any], Any]) -> None:
    """Copies of one level are plain, equal, and can be changed without the claims changing."""
    claims = claims_of(PAYLOAD)
    for part in parts(claims):
        if isinstance(part, base):
            twin = make(part)
            assert twin == part
            twin.clear()
            assert type(twin) is base
    assert claims == PAYLOAD


DEEP_COPIES: list[Callable[[Any], Any]] = [
    copy.deepcopy,
    lambda claims: json.loads(json.dumps(claims)),
    *(
        lambda claims, protocol=protocol: pickle.loads(pickle.dumps(claims, protocol))  # noqa: S301
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ),
]


@pytest.mark.parametrize("make", DEEP_COPIES)
def test_deep_copies_are_plain_all_the_way(make: Callable[[Any], Any]) -> None:
    """Deep copies, and what comes out of pickle by any protocol, are plain at every depth and one's own."""
    claims = claims_of(PAYLOAD)
    for part in parts(claims):
        twin = make(part)
        assert twin == part
        assert is_plain(twin)
    twin = make(claims)
    for part in list(parts(twin)):
        part.clear()
    assert claims == PAYLOAD


def test_a_deep_copy_of_what_holds_claims() -> None:
    """Claims inside of a program's own objects become plain when those are copied deep, and stay one object."""
    claims = claims_of(PAYLOAD)
    twin = copy.deepcopy({"first": claims, "second": claims, "list": [claims["scopes"]]})
    assert twin == {"first": PAYLOAD, "second": PAYLOAD, "list": [PAYLOAD["scopes"]]}
    assert is_plain(twin)
    assert twin["first"] is twin["second"]


def test_parts_of_a_list_are_shared() -> None:
    """Slices and sums of a list are plain lists, of elements that are still immutable."""
    deep = claims_of(PAYLOAD)["deep"]
    for some in (deep[1:3], deep + deep, deep * 2):
        assert type(some) is list
        some.append("mine")
        with pytest.raises(TypeError):
            next(each for each in some if isinstance(each, list)).append("not mine")
    assert deep == PAYLOAD["deep"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip


@given(st.dictionaries(st.text(min_size=4), JSON, max_size=5))
def test_any_claims(payload: dict[str, Any]) -> None:
    """Whatever the claims are, they equal, print, write and copy like what was signed, and nothing in them changes."""
    claims = claims_of(payload)
    assert claims == payload
    assert repr(claims) == repr(payload)
    assert json.dumps(claims) == json.dumps(payload)
    assert orjson.dumps(claims) == orjson.dumps(payload)
    twin = copy.deepcopy(claims)
    assert twin == payload
    assert is_plain(twin)
    for part in parts(claims):
        assert not is_plain(part)
        with pytest.raises(TypeError):
            part.clear()
        with pytest.raises(TypeError):
            part.__init__()
    assert claims == payload
