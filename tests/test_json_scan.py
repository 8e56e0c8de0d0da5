"""The payload's JSON, judged by the compiled scanner, against orjson and the standard library's parser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from forge import HEADER, SECRET, sign
from hypothesis import example, given
from hypothesis import strategies as st
from json_oracle import DATES, MAX_DEPTH, TEXTS, Demands, read, refusal

from jwtfast import ANY, Key, Token, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")
NOW = 1000
LIMIT = 1 << 20
VERIFIER = Verifier(KEY, required=(), audience=ANY, clock=lambda: NOW, max_token_bytes=LIMIT, cache_tokens=0)


def judged(payload: bytes, verifier: Verifier = VERIFIER) -> Token | None:
    """Give the token that has this payload, rightly signed, or None where it is refused."""
    try:
        return verifier.verify(sign(HEADER, payload))
    except errors.InvalidTokenError:
        return None


def code(payload: bytes, verifier: Verifier = VERIFIER) -> str:
    """Give the code of the error with which this payload, rightly signed, is refused."""
    with pytest.raises(errors.InvalidTokenError) as raised:
        verifier.verify(sign(HEADER, payload))
    return raised.value.code


# ---- the oracle ----


def expected(payload: bytes) -> dict[str, Any] | None:
    """Give the claims that a payload must be accepted with, or None where it must be refused."""
    claims = read(payload)
    return None if claims is None or refusal(claims, Demands(), NOW) else claims


def check(payload: bytes) -> bool:
    """Assert that a payload gets the oracle's verdict, and the claims that orjson reads; tell whether it is good."""
    token = judged(payload)
    claims = expected(payload)
    assert (token is not None) == (claims is not None)
    if token is not None:
        assert token.claims == claims
        # Equality takes 1 for 1.0 and True; their texts differ.
        assert json.dumps(token.claims) == json.dumps(claims)
    return token is not None


# ---- anything ----

NAMES = st.sampled_from([*TEXTS, *DATES, "aud", "a", "ab", "", "scope", "issuer", "i", "is", "\0", "ü"]) | st.text()
NUMBERS = st.integers(-(2**65), 2**65) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(900, 1100)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=8) | VALUES


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 0, 1, "\t", "\r\n"]))
def test_any_document(document: Any, ascii_only: bool, indent: int | str | None) -> None:
    """Any JSON document, written compactly or spread out, in escapes or not, gets the oracle's verdict."""
    check(json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass"))


def spelled(document: Any, choose: Callable[[int], int]) -> str:
    """Write a document in one of the many ways that JSON has for it, duplicates of members included."""
    space = " \t\n\r"[choose(4)] * (choose(3) == 0)
    if isinstance(document, dict):
        members = [f"{spelled(name, choose)}{space}:{spelled(value, choose)}" for name, value in document.items()]
        if members and choose(8) == 0:
            members.append(members[choose(len(members))])
        return f"{space}{{{space}{','.join(members)}}}{space}"
    if isinstance(document, list):
        return f"{space}[{space}{','.join(spelled(each, choose) for each in document)}]{space}"
    if isinstance(document, str):
        return f'{space}"{"".join(spelled_character(character, choose) for character in document)}"{space}'
    return space + json.dumps(document) + space


def spelled_character(character: str, choose: Callable[[int], int]) -> str:
    """Write a character as it is where that is allowed, or as an escape."""
    if choose(4) == 0 or character in '"\\' or character < " ":
        units = character.encode("utf-16-be", "surrogatepass").hex()
        escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        return escaped.upper().replace("\\U", "\\u") if choose(2) else escaped
    return character


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.randoms(use_true_random=False))
def test_any_spelling(document: dict[str, Any], source: Any) -> None:
    """A document gets the same verdict in whatever spelling, and a member said twice makes it malformed."""
    check(spelled(document, source.randrange).encode("utf-8", "surrogatepass"))


PIECES = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b'"a"', b'"exp"', b'"\\u0061"', b"\\", b"\\u", b"0", b"-", b"1", b".",
    b"e", b"E+9", b"1e5", b"true", b"false", b"null", b"NaN", b"tru", b" ", b"\n", b"\0", b"\xff", b"\xc3\xbc", b"\xc3",
    b'"a":1', b'"b":[]', b'"aud":"x"', b"18446744073709551616", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud83d", b"\x1f",
]  # fmt: skip


TOKENS = st.sampled_from(PIECES)


@given(st.lists(TOKENS, max_size=12).map(b"".join))
def test_any_tokens(text: bytes) -> None:
    """Pieces of JSON in any order, by themselves and as an object's members, get the oracle's verdict."""
    check(text)
    check(b"{" + text + b"}")
    check(b'{"a":' + text + b"}")


@given(st.binary(max_size=60))
def test_any_octets(octets: bytes) -> None:
    """Any octets, by themselves, as an object's members and within a string, get the oracle's verdict."""
    check(octets)
    check(b"{" + octets + b"}")
    check(b'{"a":"' + octets + b'"}')
    check(b'{"' + octets + b'":1}')


@given(DOCUMENTS, st.data())
def test_any_mutation(document: Any, data: st.DataObject) -> None:
    """A JSON text with an octet changed, put in or left out, or cut off anywhere, gets the oracle's verdict."""
    text = json.dumps({"a": document, "iss": "x"}, ensure_ascii=data.draw(st.booleans())).encode(
        "utf-8", "surrogatepass"
    )
    at = data.draw(st.integers(0, len(text) - 1))
    octet = data.draw(st.binary(min_size=1, max_size=1))
    for other in (
        text[:at] + octet + text[at + 1 :],
        text[:at] + octet + text[at:],
        text[:at] + text[at + 1 :],
        text[:at],
    ):
        check(other)


@given(st.text("0123456789+-.eE", min_size=1, max_size=30))
@example("1e400")
@example("-0")
@example("1e-400")
def test_any_number(text: str) -> None:
    """A number, or what looks like one, as a claim and as a date gets the oracle's verdict."""
    for name in ("a", "exp", "nbf", "iat", "iss"):
        check(f'{{"{name}":{text}}}'.encode())


# ---- duplicates, depth and size ----


@pytest.mark.parametrize(
    "payload",
    [
        '{"a":1,"a":2}',
        '{"a":1,"a":1}',
        '{"":1,"":2}',
        '{"exp":2000,"exp":2000}',
        '{"sub":"me","x":1,"sub":"you"}',
        '{"o":{"a":1,"a":2}}',
        '{"l":[{"a":1},{"a":1,"b":2,"a":3}]}',
        '{"l":[[[{"o":{"a":{},"a":[]}}]]]}',
        r'{"a":1,"\u0061":2}',
        r'{"\u0061":1,"a":2}',
        r'{"\u0061":1,"\u0061":2}',
        r'{"o":{"\u0061":1,"a":2}}',
        r'{"l":[{"a":1,"\u0061":2}]}',
        r'{"\u00e9":1,"\u00E9":2}',
        r'{"é":1,"\u00e9":2}',
        r'{"\/":1,"/":2}',
        r'{"\ud83d\udd11":1,"🔑":2}',
        r'{"\n":1,"\u000a":2}',
        r'{"exp":2000,"\u0065xp":3000}',
        '{"long-name-that-goes-on":1,"long-name-that-goes-on":2}',
    ],
)
def test_duplicate_names(payload: str) -> None:
    """Two members of one name in one object, at any depth and however they are spelled, make a payload malformed."""
    assert json.loads(payload) is not None
    assert expected(payload.encode()) is None
    assert code(payload.encode()) == "malformed"
    with pytest.raises(errors.DecodeError, match="two members of one name"):
        VERIFIER.verify(sign(HEADER, payload.encode()))


@pytest.mark.parametrize(
    "payload",
    [
        '{"a":1,"A":2,"b":3,"ab":4,"":5}',
        '{"a":{"a":{"a":1}},"b":{"a":1}}',
        '{"l":[{"a":1},{"a":1},{"a":1}],"a":1}',
        '{"a":"a","b":"a","c":["a","a"]}',
        '{"o":{"x":1},"x":1,"p":{"x":1}}',
        '{"12345678":1,"123456789":2,"1234567":3,"12345678 ":4}',
        r'{"a":1,"\u0062":2}',
        '{"\u00e9":1,"e\u0301":2}',
        r'{"a\\u0062":1,"ab":2,"a\\\\u0062":3}',
        r'{"a\"":1,"a":2}',
        r'{"a\u0000":1,"a":2,"\u0000a":3,"\u0000":4}',
    ],
)
def test_names_that_differ(payload: str) -> None:
    """Names that only look alike, or stand in different objects, are no duplicates."""
    assert check(payload.encode())


@pytest.mark.parametrize("count", [127, 128, 129, 300, 5000])
@pytest.mark.parametrize("nested", [False, True])
def test_many_members(count: int, nested: bool) -> None:
    """However many members an object has, all are read, and a duplicate is found: first, last, or in the middle."""
    names = [f"name {number}" for number in range(count)]
    payload = {name: {"a": place} for place, name in enumerate(names)} if nested else dict.fromkeys(names, 1)
    text = json.dumps(payload, separators=(",", ":"))
    assert check(text.encode())
    for again in (0, 1, 127, 128, count // 2, count - 1):
        if again < count:
            assert code(f'{text[:-1]},"{names[again]}":1}}'.encode()) == "malformed"
            assert code(f'{{"x":{text[:-1]},"{names[again]}":1}}}}'.encode()) == "malformed"


@pytest.mark.parametrize("count", [2, 64, 100, 127, 200])
def test_names_of_closed_objects(count: int) -> None:
    """Names of an object that has ended are no duplicates for the one round it, nor for the next one beside it."""
    names = [f"name {number}" for number in range(count)]
    for shift in (0, 1, 2, count // 2):
        inner = [names[(place + shift) % count :][:3] for place in range(count)]
        payload = {name: dict.fromkeys(some, 1) for name, some in zip(names, inner, strict=True)}
        text = json.dumps(payload, separators=(",", ":"))
        assert check(text.encode())
        assert check(f'{{"list":[{text},{text}]}}'.encode())
        assert code(f'{text[:-1]},"{names[0]}":1}}'.encode()) == "malformed"


def test_many_members_and_the_registered_ones() -> None:
    """Registered claims count wherever they stand among many members."""
    for place in (0, 100, 200, 300):
        members = [f'"name {number}":{number}' for number in range(300)]
        members.insert(place, f'"exp":{NOW}')
        assert code(f"{{{','.join(members)}}}".encode()) == "expired"


# ---- after a token that looked much the same ----

REQUIRED = ("sub", "x" * 8, "x" * 9, "y" * 24, "y" * 25, 'a"b')
DEMANDING = Verifier(KEY, required=REQUIRED, audience=ANY, clock=lambda: NOW, max_token_bytes=LIMIT, cache_tokens=0)


@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=8),
    st.lists(st.tuples(NAMES, VALUES), max_size=8),
    st.integers(0, 8),
    st.booleans(),
)
def test_any_document_after_another(
    before: list[tuple[str, Any]], after: list[tuple[str, Any]], common: int, ascii_only: bool
) -> None:
    """What begins like the token before, and goes on as it likes, gets the oracle's verdict."""
    for members in (before, before, before[:common] + after, before):
        text = ",".join(
            f"{json.dumps(name, ensure_ascii=ascii_only)}:{json.dumps(value, ensure_ascii=ascii_only)}"
            for name, value in members
        )
        check(f"{{{text}}}".encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "payload",
    [
        '{"exp":2000,"exp":2000}',
        '{"exp":2000,"iss":"a","exp":2000}',
        '{"exp":2000,"sub":"b","sub":"b"}',
        '{"iss":"a","iss":"a","sub":"b"}',
        '{"exp":2000,"iss":"a","sub":"b","iss":"a"}',
        r'{"exp":2000,"iss":"a","\u0065xp":2000}',
        r'{"\u0065xp":2000,"iss":"a","sub":"b","exp":2000}',
        '{"exp',
        '{"exp"',
        '{"exp":',
        '{"exp":2000,"is',
        '{"exp":2000,"iss"',
        '{"exp":2000,"iss"}',
        '{"exp":2000,"iss:"a"}',
        '{"exp":2000,iss":"a"}',
        '{"exp":2000,!iss":"a"}',
        '{"exp":2000,"iss","a"}',
        '{"exp":2000,"iss":"a" "sub":"b"}',
    ],
)
def test_bad_after_good(payload: str) -> None:
    """What the token before had in its place is looked for there, but is never taken for granted."""
    for _ in range(2):
        assert check(b'{"exp":2000,"iss":"a","sub":"b"}')
    assert code(payload.encode()) == "malformed"


@pytest.mark.parametrize(
    "payload",
    [
        '{"exp" :2000,"iss"\t: "a" , "sub":\n"b"\r}',
        r'{"\u0065xp":2000,"iss":"a","sub":"b"}',
        '{"sub":"b","iss":"a","exp":2000}',
        '{"ex":1,"is":2,"su":3}',
        '{"exp ":1,"iss ":2,"subject":3}',
        '{"exp":2000,"x":1,"iss":"a","y":{"exp":1,"iss":2},"sub":"b"}',
    ],
)
def test_good_after_good(payload: str) -> None:
    """Members in other places, of names that begin alike, or spelled otherwise are read for what they are."""
    for _ in range(2):
        assert check(b'{"exp":2000,"iss":"a","sub":"b"}')
    assert check(payload.encode())


@pytest.mark.parametrize("name", REQUIRED)
def test_names_of_any_length_after_one_another(name: str) -> None:
    """A claim that is asked for is found, and missed, whatever its name, also where the token before had it."""
    good = json.dumps(dict.fromkeys(REQUIRED, "v"))
    quoted = json.dumps(name)
    for other in (quoted[:-1] + '_"', quoted[:-2] + '_"'):
        for _ in range(2):
            assert judged(good.encode(), DEMANDING)
        assert code(good.replace(quoted, other).encode(), DEMANDING) == "missing_claim"
    assert code(f"{good[:-1]},{quoted}:1}}".encode(), DEMANDING) == "malformed"


def test_a_long_name_that_is_cut_off() -> None:
    """A name that is asked for and longer than what is read at once is never compared past the text's end."""
    name = "n" * 200
    judge = Verifier(KEY, required=(name,), audience=ANY, clock=lambda: NOW, max_token_bytes=LIMIT, cache_tokens=0)
    # Longer than the texts that have room on the stack: it ends where its block of memory does.
    before = f'{{"x":"{"x" * 5000}","y":1,'
    for _ in range(2):
        assert judged(f'{before}"{name}":1}}'.encode(), judge)
    for length in (0, 1, 7, 8, 9, 24, 25, 100, 199):
        assert code(f'{before}"{name[:length]}'.encode(), judge) == "malformed"
        assert judged(f'{before}"{name}":1}}'.encode(), judge)


# ---- limits ----


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ('{"a":[', "]}")])
def test_depth(begin: str, end: str) -> None:
    """64 containers in one another are read, 65 and any more are refused, and more beside one another don't matter."""
    each = len(begin.replace('"a":', ""))
    for levels in range(60, 70):
        for extra in ("", "[]" if each == 2 else ""):
            times = levels // each
            payload = f'{{"x":{begin * times}{extra or 1}{end * times},"y":[[],{{}}]}}'.encode()
            assert check(payload) == (1 + times * each + (extra != "") <= MAX_DEPTH)
    deep = f'{{"x":{begin * 10_000}1{end * 10_000}}}'.encode()
    assert code(deep) == "malformed"
    assert code(f'{{"x":{begin * 10_000}'.encode()) == "malformed"
    assert check(f'{{"x":[{",".join(["[[[]]]"] * 1000)}]}}'.encode())


@pytest.mark.parametrize("size", [4095, 4096, 4097, 4098, 4099, 4100, 8192, 100_000])
def test_payloads_of_any_size(size: int) -> None:
    """A payload is read to its last octet, however long it is, with white space behind it or a wrong octet."""
    text = b'{"a":"%s"}' % (b"x" * (size - 8))
    assert len(text) == size
    assert check(text)
    assert check(text[:-10] + b'"}        ')
    for wrong in (text[:-1], text[:-1] + b"]", text[:-2] + b"}", text + b"}", text + b"\0", text + b'"'):
        assert not check(wrong)
