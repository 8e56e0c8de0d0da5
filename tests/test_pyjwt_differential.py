"""``jwtfast.jwt`` beside PyJWT 2.15.1: whatever is asked, the same answer, but for the differences of docs/pyjwt.md."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt as pyjwt
from forge import SECRET, encode, sign_segments, to_json
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from jwtfast import jwt
from jwtfast.shared_secret import other_key

NOW = int(time.time())
SHORT = b"short"

# What is unusual here, both sides take alike; what they don't is in test_pyjwt_differences.py.
TEXT = st.sampled_from(["a", "b", "", "é", "a\0b", 'q"uote', "a b", "urn:me"])
SCALAR = st.one_of(
    TEXT, st.none(), st.booleans(), st.integers(-3, 3), st.just(2**70), st.sampled_from([0.5, -1.5, 1e300])
)
DATE = st.one_of(
    st.sampled_from([NOW - 1000, NOW + 1000, NOW - 1000.5, NOW + 1000.5, 0, -1, 2**53 + 1, 10**30, 1e17]),
    st.sampled_from([str(NOW + 1000), str(NOW - 1000), f" {NOW + 1000} ", "1_000", "x", "", "1.5"]),
    SCALAR,
    st.just([NOW + 1000]),
)
TEXTS = st.one_of(SCALAR, st.lists(SCALAR, max_size=3), st.just({"a": 1}))
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("exp", "nbf", "iat"), DATE),
        **dict.fromkeys(("iss", "aud", "sub", "jti"), TEXTS),
        "é\n": SCALAR,
        "deep": st.just([[[{"a": [None, {"b": 1.0}]}]]]),
    },
)
HEADER = st.fixed_dictionaries(
    {"alg": st.sampled_from(["HS256", "HS256", "HS256", "HS384", "none", "XX", None, 1, ["HS256"]])},
    optional={
        "typ": st.sampled_from(["JWT", "at+jwt", 1, None]),
        "kid": st.sampled_from(["k", "é", 1, None]),
        "crit": st.sampled_from([["b64"], ["x"], [], None, [1], "b64"]),
        "b64": st.booleans(),
        "x": SCALAR,
    },
)
LISTS = st.lists(TEXT, max_size=3)
NAMES = st.one_of(st.none(), TEXT, LISTS, LISTS.map(tuple), LISTS.map(set), LISTS.map(frozenset))
OPTIONS = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            **{f"verify_{name}": st.booleans() for name in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti")},
            "verify_signature": st.sampled_from([True, True, True, False]),
            "strict_aud": st.booleans(),
            "enforce_minimum_key_length": st.booleans(),
            "require": st.lists(st.sampled_from(["exp", "iss", "sub", "aud", "jti", "x", "é\n"]), max_size=2),
            "unknown": st.booleans(),
        },
    ),
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "options": OPTIONS,
        "audience": NAMES,
        "issuer": NAMES,
        "subject": st.sampled_from([None, "a", "", 1]),
        "leeway": st.sampled_from([0, 5, 2000, -2000, 0.5, timedelta(seconds=2000), float("inf")]),
    },
)
ALGORITHMS = st.sampled_from(
    [["HS256"], ("HS256",), ["HS256", "HS384"], ["HS384"], "HS256", [], None, ["none"], ["XX"]]
)


def answer(call: Callable[[], Any]) -> tuple[Any, ...]:
    """Give what a call gives or raises, and the warnings that it gives on the way."""
    with warnings.catch_warnings(record=True) as given_warnings:
        warnings.simplefilter("always")
        outcome: tuple[Any, ...]
        try:
            outcome = ("gives", call())
        except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
            kind = type(error).__name__
            # Of what can't be read the two say different things, and of keywords the interpreter does.
            words = "" if kind in {"DecodeError", "TypeError"} or "crit" in str(error) else str(error)
            outcome = ("raises", kind, words)
    return (*outcome, [(one.category.__name__, str(one.message)) for one in given_warnings])


def same(call: Callable[[Any], Any]) -> None:
    """Have both answer."""
    ours, theirs = (answer(lambda module=module: call(module)) for module in (jwt, pyjwt))  # type: ignore[misc]
    assert ours == theirs


@settings(max_examples=300)
@given(
    header=HEADER,
    claims=CLAIMS,
    algorithms=ALGORITHMS,
    arguments=ARGUMENTS,
    secret=st.sampled_from([SECRET, SECRET, SECRET, SHORT]),
    damage=st.sampled_from([None, None, None, "signature", "padding", "too much padding", "payload", "header", "cut"]),
)
@example({"alg": "HS256"}, {"aud": "a"}, ["HS256"], {"options": {"strict_aud": True}}, SECRET, None)
@example({"alg": "HS256"}, {"iss": "a"}, ["HS256"], {"issuer": []}, SECRET, None)
@example({"alg": "HS256"}, {"aud": ""}, ["HS256"], {"audience": ["", "a"]}, SECRET, None)
@example({"alg": "HS256"}, {"aud": ["a", 1]}, ["HS256"], {"audience": "a"}, SECRET, None)
@example(
    {"alg": "HS256"}, {"exp": None}, ["HS256"], {"options": {"verify_exp": False, "require": ["exp"]}}, SECRET, None
)
@example({"alg": "HS256"}, {"\0exp": 1, "exp": 1}, ["HS256"], {"options": {"verify_exp": False}}, SECRET, None)
def test_decode_answers_as_pyjwt(  # noqa: PLR0917 - Hypothesis passes them by name
    header: dict[str, Any],
    claims: dict[str, Any],
    algorithms: Any,
    arguments: dict[str, Any],
    secret: bytes,
    damage: str | None,
) -> None:
    """Whatever token and arguments, ``decode`` gives, raises and warns what PyJWT does; asked again, it still does."""
    assume(isinstance(header["alg"], str) or not isinstance(algorithms, str))  # PyJWT looks for it in the str
    segments = [encode(to_json(header)), encode(to_json(claims))]
    if damage == "payload":
        segments[1] += "!"
    if damage == "header":
        segments[0] += "!"
    token = sign_segments(segments[0], segments[1], secret)
    if damage == "signature":
        token = token[:-5] + ("A" if token[-5] != "A" else "B") + token[-4:]
    if damage == "padding":
        token += "="
    if damage == "too much padding":
        token += "=="
    if damage == "cut":
        token = token.rpartition(".")[0]
    same(lambda module: module.decode(token, secret, algorithms=algorithms, **arguments))
    same(lambda module: module.decode(token.encode(), secret, algorithms=algorithms, **arguments))
    same(lambda module: module.decode_complete(token, secret, algorithms=algorithms, **arguments))
    same(lambda module: module.get_unverified_header(token))


@given(
    own=OPTIONS,
    claims=CLAIMS,
    arguments=ARGUMENTS,
    secret=st.sampled_from([SECRET, SECRET, SHORT, b"another's" * 4]),
    algorithms=st.sampled_from([["HS256"], ["HS384"], None]),
)
def test_an_objects_own_options_count_as_in_pyjwt(
    own: Any, claims: dict[str, Any], arguments: dict[str, Any], secret: bytes, algorithms: Any
) -> None:
    """Whatever options an object has of its own and a call besides, the call is answered as PyJWT answers it."""
    token = sign_segments(encode(to_json({"alg": "HS256"})), encode(to_json(claims)), SECRET)
    arguments = {"algorithms": algorithms, **arguments}
    same(lambda module: module.PyJWT(own).decode(token, secret, **arguments))
    same(lambda module: module.PyJWT(own).decode_complete(token, secret, **arguments))


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(-(2**64), 2**64),
        st.floats(),
        st.text(),
        st.text(st.characters(max_codepoint=0x7F)),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.lists(inner).map(tuple)),
    max_leaves=12,
)


@settings(max_examples=300)
@given(
    claims=st.dictionaries(st.one_of(st.text(), st.sampled_from(["iss", "exp"])), JSON),
    headers=st.one_of(
        st.none(),
        st.dictionaries(st.one_of(st.text(), st.sampled_from(["typ", "kid", "alg"])), st.one_of(st.text(), st.none())),
        st.just({"b64": False}),
    ),
    algorithm=st.sampled_from(["HS256", "HS256", "HS384", "HS512", None, "none", "XX"]),
    secret=st.sampled_from(
        [SECRET, SECRET.hex(), "short", "", None, b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"]
    ),
    sort_headers=st.booleans(),
)
def test_encode_gives_the_octets_of_pyjwt(
    claims: dict[str, Any], headers: dict[str, Any] | None, algorithm: str | None, secret: Any, sort_headers: bool
) -> None:
    """Whatever the claims and headers, ``encode`` gives PyJWT's very token, or raises what it raises."""
    if headers is not None and not headers.get("alg", "HS256"):  # no algorithm at all: see the differences
        headers.pop("alg")
    arguments = {"algorithm": algorithm, "headers": headers, "sort_headers": sort_headers}
    same(lambda module: module.encode(claims, secret, **arguments))


@given(secret=st.one_of(st.binary(max_size=40), st.text(max_size=40)))
def test_any_secret_is_taken_alike(secret: bytes | str) -> None:
    """Whatever octets a secret has that look like no other key, both take it, or both refuse it."""
    octets = secret.encode("utf-8", "replace") if isinstance(secret, str) else secret
    assume(not octets or other_key(octets) is None)
    same(lambda module: module.encode({"a": 1}, secret))
    token = answer(lambda: pyjwt.encode({"a": 1}, secret))[1]
    if isinstance(token, str) and "." in token:
        same(lambda module: module.decode(token, secret, algorithms=["HS256"]))


def test_the_octets_that_both_escape() -> None:
    """Each character, and each number near a limit, is written by ``encode`` as PyJWT writes it."""
    for point in [*range(0x180), 0x2028, 0xD7FF, 0xE000, 0xFFFF, 0x1F600]:
        claims = {"a": chr(point), chr(point): 1}
        assert jwt.encode(claims, SECRET) == pyjwt.encode(claims, SECRET)
    for number in [1e-5, 1e-4, 9.9e-5, 1e15, 1e16, 1e17, 0.1, 1 / 3, -0.0, 5e-324, 2**63, 2**64, -(2**63) - 1]:
        assert jwt.encode({"a": number}, SECRET) == pyjwt.encode({"a": number}, SECRET)
