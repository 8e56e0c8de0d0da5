"""JSON by its grammar (RFC 8259): each rule with the texts that break it, as the payload of a signed token."""

from __future__ import annotations

import codecs
import json
import math

import orjson
import pytest
from forge import HEADER, SECRET, sign
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import ANY, Key, Token, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")
NOW = 1000


def verifier(**options: object) -> Verifier:
    """Give a verifier that accepts all it can read, unless it is told otherwise."""
    unless: dict[str, object] = {"required": (), "audience": ANY, "clock": lambda: NOW, "cache_tokens": 0}
    return Verifier(KEY, **(unless | options))  # type: ignore[arg-type]


VERIFIER = verifier()


def accept(payload: str | bytes, judge: Verifier = VERIFIER) -> Token:
    """Give the token with this payload, whose claims are what orjson reads there."""
    octets = payload.encode() if isinstance(payload, str) else payload
    token = judge.verify(sign(HEADER, octets))
    assert token.claims == orjson.loads(octets)
    assert repr(token.claims) == repr(orjson.loads(octets))
    return token


def refuse(payload: str | bytes, code: str = "malformed", judge: Verifier = VERIFIER) -> None:
    """Assert that a payload is refused with this code."""
    octets = payload.encode() if isinstance(payload, str) else payload
    with pytest.raises(errors.InvalidTokenError) as raised:
        judge.verify(sign(HEADER, octets))
    assert raised.value.code == code


@pytest.mark.parametrize(
    "payload",
    ["{}", " {} ", "\t\r\n {\t\r\n \t} \n", '{"a":1}', '{ "a" : 1 , "b" : [ 1 , 2 ] , "c" : { } , "d" : [ ] }'],
)
def test_objects_with_white_space(payload: str) -> None:
    """Space, tab, line feed and carriage return may stand between any two tokens (RFC 8259 section 2)."""
    accept(payload)


@pytest.mark.parametrize("space", ["\v", "\f", "\0", "\x85", "\xa0", "\u2028", "\ufeff", "/**/", "//\n", "#\n"])
def test_other_white_space(space: str) -> None:
    """Nothing else is white space, and there are no comments."""
    for payload in (f"{space}{{}}", f"{{{space}}}", f"{{}}{space}", f'{{"a"{space}:1}}', f'{{"a":{space}1}}'):
        refuse(payload)
    refuse(f'{{"a":1{space},"b":2}}')
    refuse(f'{{"a":[1{space}]}}')


@pytest.mark.parametrize("payload", ["", " ", "null", "true", "0", "1.5", '"text"', "[]", '[{"a":1}]', '"{}"', "[{}]"])
def test_what_is_no_object(payload: str) -> None:
    """A payload that is no JSON object has no claims (RFC 7519 section 7.2)."""
    refuse(payload)


@pytest.mark.parametrize(
    "payload",
    [
        "{",
        "}",
        "{{}}",
        "{}}",
        "{}{}",
        "{},",
        "{} 1",
        '{"a":1}\n{"b":2}',
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        '{,"a":1}',
        '{"a":1,,"b":2}',
        '{"a":1 "b":2}',
        '{"a",1}',
        '{"a"::1}',
        '{"a":1;"b":2}',
        '{"a":1]',
        '{"a":[1,]}',
        '{"a":[,1]}',
        '{"a":[1,,2]}',
        '{"a":[1 2]}',
        '{"a":[1}}',
        '{"a":[1',
        '{"a":"b}',
        '{"a:1}',
        "{a:1}",
        "{'a':1}",
        "{'a':'b'}",
        "{1:1}",
        "{null:1}",
        '{["a"]:1}',
        '{"a":b}',
        '{"a":undefined}',
        '{"a":(1)}',
    ],
)
def test_broken_structure(payload: str) -> None:
    """Brackets, commas and colons are where the grammar has them, and nothing follows the object."""
    refuse(payload)


@pytest.mark.parametrize("literal", ["true", "false", "null"])
def test_literals(literal: str) -> None:
    """The three literals are spelled out, in lower case (RFC 8259 section 3)."""
    accept(f'{{"a":{literal},"b":[{literal},{literal}]}}')
    wrong = [literal[:-1], literal + "e", literal.upper(), literal.title(), f"-{literal}", f'"{literal}', literal[0]]
    for other in wrong:
        refuse(f'{{"a":{other}}}')
        refuse(f'{{"a":[{other}]}}')
    refuse(f'{{"a":{literal}')


# ---- numbers ----


NUMBERS = [
    "0", "-0", "1", "-1", "10", "0.0", "-0.0", "0.5", "1.50", "1e5", "1E5", "1e+5", "1e-5", "0e0", "-0e-0", "1e05",
    "1.5e300", "1e308", "1e-400", "1e0000001", "123456789012345678901234567890.0", "0." + "1" * 400, "1e22", "5e-324",
    "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615",
    "1.7976931348623157e308", "1" * 200 + ".5", "0.1e1", "100000000000000000000000.0", "12345678901234567e0",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers(number: str) -> None:
    """Numbers of the grammar are read, integers of 64 bits exactly, and others as doubles."""
    token = accept(f'{{"a":{number},"b":[{number}]}}')
    assert repr(token.claims["a"]) == repr(json.loads(number)) or number == "-0"


NO_NUMBERS = [
    "01", "00", "-01", "-00", "+1", "1.", ".5", "-.5", "-", "--1", "1e", "1e+", "1e-", "1E", "e5", "1.e5", "1.5.2",
    "1e5.2", "1e5e5", "0x10", "0b1", "0o7", "1_000", "1,000,", "1 000", "1f", "1L", "NaN", "nan", "Infinity",
    "-Infinity", "inf", "-inf", "\u0661", "1e\u0661", "\u22121", "1\u00b2",
]  # fmt: skip


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_no_numbers(number: str) -> None:
    """What the grammar has no number for is refused, though other parsers read it."""
    for payload in (f'{{"a":{number}}}', f'{{"a":[{number}]}}', f'{{"exp":{number}}}', f'{{"a":{{"b":{number}}}}}'):
        refuse(payload)


@pytest.mark.parametrize(
    "number", ["1e309", "-1e309", "1e400", "1e99999", "9" * 400 + ".0", "1e" + "9" * 50, "0.1e310"]
)
def test_numbers_that_are_infinite(number: str) -> None:
    """A number that no double holds is refused: it would be infinite."""
    for payload in (f'{{"a":{number}}}', f'{{"a":[{number}]}}', f'{{"exp":{number}}}', f'{{"iat":{number},"x":1}}'):
        refuse(payload)


BEYOND_64_BITS = [
    "18446744073709551616", "-9223372036854775809", "18446744073709551617", "99999999999999999999",
    "-18446744073709551615", "1" + "0" * 20, "1" + "0" * 100, "-1" + "0" * 19, "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("number", BEYOND_64_BITS)
def test_integers_beyond_64_bits(number: str) -> None:
    """An integer outside [-2**63, 2**64) is refused, wherever it stands: it would be read as another number."""
    assert not -(2**63) <= int(number[:4000]) < 2**64
    for payload in (f'{{"a":{number}}}', f'{{"a":[1,{number}]}}', f'{{"a":{{"b":{number}}}}}', f'{{"exp":{number}}}'):
        refuse(payload)
    accept(f'{{"a":"{number}"}}')


@pytest.mark.parametrize(
    ("exp", "value"),
    [
        ("1001", 1001),
        ("1001.0", 1001),
        ("1000.5", 1000.5),
        ("1.001e3", 1001),
        ("1.0005E+3", 1000.5),
        ("10010e-1", 1001),
        ("9007199254740992", 2**53),
        ("9007199254740991.0", 2**53 - 1),
        ("9.007199254740992e15", 2**53),
        ("1000." + "0" * 300 + "1e0", 1000),
        ("0.00001001e8", 1001),
    ],
)
def test_dates_in_any_spelling(exp: str, value: float) -> None:
    """A NumericDate may have a fraction or an exponent (RFC 7519 section 2), and is judged by its value."""
    now = math.nextafter(value, 0)
    assert accept(f'{{"exp":{exp}}}', verifier(clock=lambda: now)).expires_at == value
    refuse(f'{{"exp":{exp}}}', "expired", verifier(clock=lambda: value))
    refuse(f'{{"nbf":{exp}}}', "not_yet_valid", verifier(clock=lambda: now))
    assert accept(f'{{"nbf":{exp}}}', verifier(clock=lambda: value)).not_before == value
    refuse(f'{{"iat":{exp}}}', "not_yet_valid", verifier(clock=lambda: now))
    assert accept(f'{{"iat":{exp}}}', verifier(clock=lambda: value)).issued_at == value


LATE_DATES = [
    "9007199254740993",
    "9007199254740994",
    "10000000000000000",
    "12345678901234567",
    "1e16",
    "1e300",
    "-1e17",
]


@pytest.mark.parametrize("exp", LATE_DATES)
def test_dates_that_no_double_holds(exp: str) -> None:
    """A date beyond 2**53 seconds, which a double no longer holds to the second, is malformed."""
    refuse(f'{{"exp":{exp}}}')
    refuse(f'{{"nbf":{exp}}}')
    refuse(f'{{"iat":{exp}}}', "invalid_issued_at")


@pytest.mark.parametrize("value", ["null", "true", "false", '"2000"', '""', "[]", "[2000]", "{}", '{"exp":2000}'])
def test_dates_that_are_no_numbers(value: str) -> None:
    """A date is a number: no string, no bool, and null is not absent."""
    refuse(f'{{"exp":{value}}}')
    refuse(f'{{"nbf":{value}}}')
    refuse(f'{{"iat":{value}}}', "invalid_issued_at")


# ---- strings ----


STRINGS = [
    "", " ", "/", r"\/", r"\"\\\/\b\f\n\r\t", r"\u0000", r"\u00e9\u00E9", r"\ud83d\udd11", r"\uD83D\uDD11", r"\uFFFF",
    r"\ud7ff\ue000", r"\udbff\udfff", r"\ud800\udc00", r"\\u0061", r"\\\\", "é", "ü", "€", "\ud7ff", "\ue000", "\uffff",
    "🔑", "\U00010000", "\U0010ffff", "\x7f", "\x80", "\u2028\u2029", "a" * 7, "a" * 8, "a" * 9, "é" * 100, "a" * 3000,
    "12345678é", "1234567é", "1234567\\n", "12345678\\n", "\ufeff", "'", "<>&",
]  # fmt: skip


@pytest.mark.parametrize("string", STRINGS)
def test_strings(string: str) -> None:
    """Any character may stand for itself or as an escape, surrogates in pairs (RFC 8259 section 7)."""
    accept(f'{{"a":"{string}","{string}x":["{string}"]}}')
    assert accept(f'{{"iss":"{string}","aud":["{string}"]}}').issuer == json.loads(f'"{string}"')


NO_ESCAPES = [
    "\\", r"\a", r"\x41", r"\'", r"\0", r"\U0041", r"\u", r"\u0", r"\u00", r"\u004", r"\u004g", r"\u 041", r"\u+041",
    r"\u-041", r"\u00\u0041", r"\N", r"\ ", r"\u{41}", r"\v", r"\e", "\\\n", "\\\0", "\\é", r"\uu0041", r"\u00_1",
]  # fmt: skip


@pytest.mark.parametrize("string", NO_ESCAPES)
def test_escapes_that_do_not_exist(string: str) -> None:
    """An escape that JSON doesn't have is refused, in names and values and just before the end."""
    for payload in (f'{{"a":"{string}"}}', f'{{"{string}":1}}', f'{{"a":["{string}x"]}}', f'{{"a":"1234567{string}"}}'):
        refuse(payload)
    refuse(f'{{"a":"{string}')


LONE_SURROGATES = [
    r"\ud800", r"\udbff", r"\udc00", r"\udfff", r"\ud83dx", r"\ud83d\n", r"\ud83d\u0041", r"\ud83d\ud83d",
    r"\udd11\ud83d", r"\ud83d\ud83d\udd11", r"\ud83d\udd1", r"\ud83d\u", "\\ud83d\\", r"\ud83d\\udd11",
    r"\uD83D \uDD11", r"\ud83d\ue000",
]  # fmt: skip


@pytest.mark.parametrize("string", LONE_SURROGATES)
def test_lone_surrogates(string: str) -> None:
    """An escaped surrogate without its other half is no character and is refused, in names and values."""
    for payload in (f'{{"a":"{string}"}}', f'{{"{string}":1}}', f'{{"a":"x{string}y"}}', f'{{"iss":"{string}"}}'):
        refuse(payload)


def test_control_characters() -> None:
    """The 32 control characters don't stand for themselves in a string; DEL and those of C1 do."""
    for number in range(0x20):
        for place in range(10):
            refuse(f'{{"a":"{"x" * place}{chr(number)}"}}')
        refuse(f'{{"{chr(number)}":1}}')
        accept(f'{{"a":"\\u{number:04x}","\\u{number:04X}":1}}')
    for number in range(0x7F, 0xA0):
        accept(f'{{"a":"{chr(number)}"}}')


BAD_UTF_8 = [
    (b"\x80", "a continuation alone"),
    (b"\xbf", "another"),
    (b"\xc3", "no continuation"),
    (b"\xc3(", "no continuation but a character"),
    (b"\xc0\x80", "NUL in two octets"),
    (b"\xc0\xa2", "a quote in two octets"),
    (b"\xc1\xbf", "DEL in two octets"),
    (b"\xe0\x80\xa2", "a quote in three octets"),
    (b"\xe0\x9f\xbf", "U+07FF in three octets"),
    (b"\xf0\x80\x80\xa2", "a quote in four octets"),
    (b"\xf0\x8f\xbf\xbf", "U+FFFF in four octets"),
    (b"\xed\xa0\x80", "a high surrogate"),
    (b"\xed\xbf\xbf", "a low surrogate"),
    (b"\xed\xa0\xbd\xed\xb4\x91", "a pair of surrogates, as CESU-8 has it"),
    (b"\xe2\x82", "two octets of three"),
    (b"\xe2(\xa1", "the second is none"),
    (b"\xe2\x82(", "the third is none"),
    (b"\xf0\x9f\x94", "three octets of four"),
    (b"\xf0\x9f\x94(", "the fourth is none"),
    (b"\xf0\x9f(\x91", "the third of four is none"),
    (b"\xf0(\x94\x91", "the second of four is none"),
    (b"\xf4\x90\x80\x80", "beyond U+10FFFF"),
    (b"\xf5\x80\x80\x80", "further beyond"),
    (b"\xf8\x88\x80\x80\x80", "five octets"),
    (b"\xfe", "no such octet"),
    (b"\xff", "nor this"),
    (b"\xe9", "Latin-1"),
]


@pytest.mark.parametrize("octets", [octets for octets, _ in BAD_UTF_8], ids=[what for _, what in BAD_UTF_8])
def test_utf_8_that_is_none(octets: bytes) -> None:
    """Octets that are no UTF-8 (RFC 3629) are refused at any place of a string, of a name, and outside of both."""
    for place in range(10):
        refuse(b'{"a":"%s%s%s"}' % (b"x" * place, octets, b"y" * 9))
        refuse(b'{"%s%s":1}' % (b"x" * place, octets))
        refuse(b'{"a":"%s%s' % (b"x" * place, octets))
    refuse(octets + b"{}")
    refuse(b"{}" + octets)
    refuse(b'{"a":1%s}' % octets)


@given(st.text(min_size=1))
def test_other_encodings(text: str) -> None:
    """A payload in UTF-16 or UTF-32, or in UTF-8 with a byte order mark, is refused (RFC 8259 section 8.1)."""
    document = json.dumps({"a": text}, ensure_ascii=False)
    accept(document)
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-16", "utf-32", "utf-8-sig"):
        refuse(document.encode(encoding))
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        refuse(mark + document.encode())


# ---- names and values that are judged, in any spelling ----


@pytest.mark.parametrize(
    "spelling", [r"https:\/\/x", r"https:/\/x", r"\u0068ttps://x", r"https\u003a//\u0078", r"\u0068\u0074tps:\/\u002Fx"]
)
def test_judged_values_with_escapes(spelling: str) -> None:
    """An issuer or audience in escapes is the one that was configured, and in escapes is refused if it is another."""
    judge = verifier(issuer="https://x", audience="https://x")
    assert accept(f'{{"iss":"{spelling}","aud":"{spelling}"}}', judge).issuer == "https://x"
    assert accept(f'{{"iss":"{spelling}","aud":["y","{spelling}"]}}', judge).audience == ("y", "https://x")
    assert accept(f'{{"iss":"https://x","aud":["\\u0079","https://x"],"e":"{spelling}"}}', judge).issuer == "https://x"
    refuse(f'{{"iss":"{spelling}y","aud":"https://x"}}', "wrong_issuer", judge)
    refuse(f'{{"iss":"https://x","aud":["{spelling}y","\\/"]}}', "wrong_audience", judge)
    refuse(f'{{"iss":"https:\\\\/\\\\/x","aud":"{spelling}"}}', "wrong_issuer", judge)
    refuse(f'{{"iss":"{spelling}","aud":["{spelling}",1]}}', "wrong_audience", judge)


@given(st.text(min_size=1).filter(lambda text: json.dumps(text) != '"a"'), st.booleans(), st.booleans())
def test_any_issuer_and_audience(text: str, iss_ascii: bool, aud_ascii: bool) -> None:
    """Any text can be configured as issuer and audience, and is met in any spelling, and no other text is."""
    judge = verifier(issuer=text, audience={text, "b"})
    iss, aud = json.dumps(text, ensure_ascii=iss_ascii), json.dumps(text, ensure_ascii=aud_ascii)
    assert accept(f'{{"iss":{iss},"aud":["c",{aud}]}}', judge).issuer == text
    slashed = iss.replace("/", r"\/")
    assert accept(f'{{"aud":"b","iss":{slashed}}}', judge).issuer == text
    refuse(f'{{"iss":"a","aud":{aud}}}', "wrong_issuer", judge)
    refuse(f'{{"iss":{iss},"aud":"a"}}', "wrong_audience", judge)
    refuse(f'{{"iss":{iss},"aud":[]}}', "wrong_audience", judge)


@pytest.mark.parametrize("spelling", [r"k\u00e9y", "kéy", r"\u006b\u00E9\u0079"])
def test_kid_with_escapes(spelling: str) -> None:
    """A kid in escapes picks the key of that kid."""
    judge = Verifier(Key.from_secret(SECRET, "HS256", key_id="kéy"), required=(), audience=ANY)
    token = judge.verify(sign(f'{{"alg":"HS256","kid":"{spelling}"}}'.encode(), {}))
    assert (token.key_id, token.header["kid"]) == ("kéy", "kéy")
    with pytest.raises(errors.UnknownKeyError):
        judge.verify(sign(f'{{"alg":"HS256","kid":"{spelling}x"}}'.encode(), {}))


NAMES = ["12345678", "123456789", "12345678x", "1234567", "12345678xyz", "tenant/id", 'quo"te', "back\\slash", "ümläut"]
NAMES += ["\U0001f511", "new\nline", "\0", " ", "\x7f", "https://example.com/claims/tenant", "é", "e\u0301", "a" * 300]


@pytest.mark.parametrize("name", NAMES)
def test_required_names(name: str) -> None:
    """A claim asked for by name is found in any spelling of its name, and no name that is like it will do."""
    judge = verifier(required=(name, "exp"))
    for ascii_only in (True, False):
        spelling = json.dumps(name, ensure_ascii=ascii_only)
        accept(f'{{"exp":2000,{spelling}:1}}', judge)
        accept(f'{{{spelling}:{{"x":[]}},"exp":2000}}', judge)
        slashed = spelling.replace("/", r"\/")
        accept(f'{{{slashed}:false,"exp":2000}}', judge)
        refuse(f'{{"exp":2000,{spelling}:null}}', "missing_claim", judge)
        refuse(f'{{"exp":2000,"x":{{{spelling}:1}}}}', "missing_claim", judge)
        refuse(f'{{"exp":2000,{json.dumps(name + "x", ensure_ascii=ascii_only)}:1}}', "missing_claim", judge)
    escaped = "".join(f"\\u{unit:04x}" for unit in memoryview(name.encode("utf-16-le")).cast("H"))
    accept(f'{{"exp":2000,"{escaped}":1}}', judge)
    others = {other: 1 for other in NAMES if other != name}
    refuse(json.dumps({"exp": 2000, **others}), "missing_claim", judge)
    refuse(json.dumps({"exp": 2000, **others}, ensure_ascii=False), "missing_claim", judge)


def test_all_required_names_at_once() -> None:
    """Many names are asked for at once, and each that is missing is told by its name."""
    judge = verifier(required=NAMES)
    accept(json.dumps(dict.fromkeys(NAMES, 1)), judge)
    for missing in NAMES:
        for ascii_only in (True, False):
            payload = json.dumps(dict.fromkeys([name for name in NAMES if name != missing], 1), ensure_ascii=ascii_only)
            with pytest.raises(errors.MissingRequiredClaimError) as raised:
                judge.verify(sign(HEADER, payload.encode()))
            assert raised.value.claim == missing


# These must be strings where they are there, or where they are asked for; dates must be numbers.
STRING_CLAIMS = ("iss", "sub", "aud", "jti", "azp", "client_id", "nonce")
ANY_NAME = st.sampled_from([*STRING_CLAIMS, "exp", "nbf", "iat"]) | st.text(min_size=1)


@given(st.sets(ANY_NAME, min_size=1, max_size=8), st.data())
def test_any_required_names(names: set[str], data: st.DataObject) -> None:
    """Any texts can be asked for as claims, and are found, or missed, in a payload of any members."""
    present = data.draw(st.sets(st.sampled_from(sorted(names)) | ANY_NAME)) | {"exp"}
    claims = {name: "x" if name in STRING_CLAIMS else 2000 if name == "exp" else 1 for name in present}
    payload = json.dumps(claims, ensure_ascii=data.draw(st.booleans()))
    judge = verifier(required=tuple(names))
    if names <= present:
        accept(payload, judge)
    else:
        refuse(payload, "missing_claim", judge)
