"""What other libraries accept and jwtfast refuses: tokens signed with the right key, and wrong all the same."""

from __future__ import annotations

import itertools
import json

import pytest
from forge import (
    HEADER,
    LONG_SECRET,
    NOW,
    SECRET,
    Clock,
    decode,
    encode,
    good,
    loose_spellings,
    sign,
    sign_segments,
    signature,
)
from forge import to_json as text_of

from jwtfast import ANY, Key, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")
EXP = b'"exp":%d' % (NOW + 60)
# Payloads and headers whose base64url has both of the characters in which the two alphabets differ.
HEADER_TEXTS = (b'{"alg":"HS256","x":"%s~~~???>>>"}' % (b"p" * pad) for pad in range(6))
PAYLOAD_TEXTS = (b'{%s,"x":"%s~~~???>>>"}' % (EXP, b"p" * pad) for pad in range(6))
TELLING_HEADERS = [text for text in map(encode, HEADER_TEXTS) if "-" in text and "_" in text]
TELLING_PAYLOADS = [text for text in map(encode, PAYLOAD_TEXTS) if "-" in text and "_" in text]
PLAIN_HEADER = encode(text_of(HEADER))
PLAIN_PAYLOAD = encode(b"{%s}" % EXP)

NOT_JSON_OBJECTS = [
    b"",
    b" ",
    b"null",
    b"true",
    b"1",
    b'"text"',
    b"[]",
    b'[{"alg":"HS256"}]',
    b"{",
    b"{}{}",
    b"{} {}",
    b"{}x",
    b"{},",
    b"{}\0",
    b"\0{}",
    b"\x0c{}",
    b"\x0b{}",
    b"\xc2\xa0{}",
    b'{"a"}',
    b'{"a":}',
    b'{"a":1,}',
    b'{,"a":1}',
    b'{"a":1 "b":2}',
    b'{"a":[1,]}',
    b'{"a":[1 2]}',
    b'{"a":[1}',
    b'{"a":{]}',
    b"{a:1}",
    b"{'a':1}",
    b'{1:"a"}',
    b'{"a":1/**/}',
    b'{"a":1}//',
    b'{"a":01}',
    b'{"a":+1}',
    b'{"a":.5}',
    b'{"a":5.}',
    b'{"a":1e}',
    b'{"a":-}',
    b'{"a":0x10}',
    b'{"a":1_0}',
    b'{"a":True}',
    b'{"a":nul}',
    b'{"a":nulll}',
    b'{"a":undefined}',
    b'{"a":"\n"}',
    b'{"a":"\t"}',
    b'{"a":"\x1f"}',
    b'{"a":"\0"}',
    b'{"a":"\\x41"}',
    b'{"a":"\\\'"}',
    b'{"a":"\\u12"}',
    b'{"a":"\\u12g4"}',
    b'{"a":"\\',
    b'{"a":"b',
]
DUPLICATES = [
    b'"a":1,"a":1',
    b'"a":1,"a":2',
    b'"a":1,"b":2,"a":3',
    b'"a":1,"\\u0061":2',
    b'"\\u0061":1,"a":2',
    b'"\\u0061":1,"\\u0061":2',
    b'"\\/":1,"/":2',
    b'"":1,"":2',
    b'"\xc3\xa9":1,"\\u00e9":2',
    b'"\xf0\x9f\x94\x91":1,"\\ud83d\\udd11":2',
    b'"a":{"b":1,"b":2}',
    b'"a":[{"b":1,"b":2}]',
    b'"a":[[{"b":{"c":1,"d":2,"c":3}}]]',
    b'"a_long_name_of_a_member_1":1,"a_long_name_of_a_member_2":2,"a_long_name_of_a_member_1":3',
    b",".join(b'"m%d":%d' % (i % 100, i) for i in range(101)),
    b",".join(b'"m%d":%d' % (i % 200, i) for i in range(201)),
    b'"a":{%s}' % b",".join(b'"m%d":%d' % (i % 200, i) for i in range(201)),
    b'"first":1,%s,"first":2' % b",".join(b'"m%d":%d' % (i, i) for i in range(300)),
]
OTHER_ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig", "utf-7-bom"]
NOT_UTF8 = [b"\xff", b"\xe9", b"\x80", b"\xc0\xaf", b"\xc1\x81", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf"]
NOT_UTF8 += [b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\xf0\x9f\x94", b"\xf8\x88\x80\x80\x80", b"\xc3"]
LONE_SURROGATES = [rb"\ud800", rb"\udbff", rb"\udc00", rb"\udfff", rb"\ud800\ud800", rb"\ud83dx", rb"\ud83d\u0041"]
LONE_SURROGATES += [rb"\udd11\ud83d", rb"\ud83d\udd11\ud83d", rb"\ud83d\n", rb"\ud83d\\udd11", rb"\uD800"]


def verifier(**options: object) -> Verifier:
    """Give a verifier whose clock stands at NOW."""
    return Verifier(KEY, clock=Clock(), **options)  # type: ignore[arg-type]


def refusal(raw: object, by: Verifier | None = None) -> errors.InvalidTokenError:
    """Give the error that a token is refused with, twice over: the second time must not find it in the cache."""
    by = by or verifier()
    with pytest.raises(errors.InvalidTokenError):
        by.verify(raw)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidTokenError) as caught:
        by.verify(raw)  # type: ignore[arg-type]
    return caught.value


def recoded(text: str, encoding: str) -> bytes:
    """Give a text in another encoding than UTF-8, or with a byte order mark."""
    if encoding == "utf-7-bom":
        return b"+/v8-" + text.encode()
    return text.encode(encoding)


def payload_with(name: str, value: str) -> bytes:
    """Give the text of a payload that has exp, and this member."""
    members = {"exp": str(NOW + 60), name: value}
    return b"{%s}" % ",".join(f'"{member}":{text}' for member, text in members.items()).encode()


def nested(depth: int, kind: str) -> bytes:
    """Give a value of arrays, objects, or both, so many inside one another."""
    pair = {"arrays": [(b"[", b"]")], "objects": [(b'{"a":', b"}")], "both": [(b"[", b"]"), (b'{"a":', b"}")]}[kind]
    opening = [pair[level % len(pair)] for level in range(depth)]
    return b"".join(a for a, _ in opening) + b"1" + b"".join(b for _, b in reversed(opening))


@pytest.mark.parametrize("members", DUPLICATES)
def test_duplicate_member_names_in_the_header(members: bytes) -> None:
    """A header that has two members of one name at any level is malformed, however the name is spelled."""
    error = refusal(sign(b'{"alg":"HS256",%s}' % members, b"{%s}" % EXP))
    assert type(error) is errors.DecodeError
    assert str(error) == "the header has two members of one name"


@pytest.mark.parametrize("members", DUPLICATES)
def test_duplicate_member_names_in_the_payload(members: bytes) -> None:
    """A payload that has two members of one name at any level is malformed, however the name is spelled."""
    for payload in (b"{%s,%s}" % (EXP, members), b"{%s,%s}" % (members, EXP)):
        error = refusal(sign(HEADER, payload))
        assert type(error) is errors.DecodeError
        assert str(error) == "the payload has two members of one name"


@pytest.mark.parametrize("name", ["alg", "typ", "kid"])
def test_the_header_cannot_say_one_thing_twice(name: str) -> None:
    """Two equal members of the header are as malformed as two that differ."""
    member = text_of({name: {"alg": "HS256"}.get(name, "x")})[1:-1]
    first = b"" if name == "alg" else b'"alg":"HS256",'
    assert type(refusal(sign(b"{%s%s,%s}" % (first, member, member), b"{%s}" % EXP))) is errors.DecodeError
    assert verifier().verify(sign(b"{%s%s}" % (first, member), b"{%s}" % EXP)).algorithm == "HS256"


@pytest.mark.parametrize("name", ["exp", "iss", "sub", "aud", "jti", "admin"])
def test_no_claim_can_be_said_twice(name: str) -> None:
    """A claim that stands in the payload twice is refused, even where nobody asks for it."""
    payload = b"{%s,%s,%s}" % (b'"x":1' if name == "exp" else EXP, *2 * [text_of({name: NOW + 60})[1:-1]])
    assert type(refusal(sign(HEADER, payload), verifier(audience=ANY))) is errors.DecodeError


def test_one_name_in_two_objects() -> None:
    """A name may stand once in each of several objects, and names are told apart by case and length."""
    text = b'{%s,"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":3,"aa":4,"":5,"exp2":6}' % EXP
    assert dict(verifier().verify(sign(HEADER, text)).claims) == json.loads(text)


@pytest.mark.parametrize("header", [PLAIN_HEADER, *TELLING_HEADERS])
def test_the_header_has_one_spelling(header: str) -> None:
    """Padding, trailing bits, the other alphabet and characters of neither are refused in the header, signed or not."""
    verifier().verify(sign_segments(header, PLAIN_PAYLOAD))
    for other in {*loose_spellings(header)} - {header}:
        error = refusal(sign_segments(other, PLAIN_PAYLOAD))
        assert type(error) is errors.DecodeError, other
        assert str(error) == "the header is not canonical, unpadded base64url"


@pytest.mark.parametrize("payload", [PLAIN_PAYLOAD, *TELLING_PAYLOADS])
def test_the_payload_has_one_spelling(payload: str) -> None:
    """Padding, trailing bits, the other alphabet and characters of neither are refused in the payload."""
    verifier().verify(sign_segments(PLAIN_HEADER, payload))
    for other in {*loose_spellings(payload)} - {payload}:
        error = refusal(sign_segments(PLAIN_HEADER, other))
        assert type(error) is errors.DecodeError, other
        assert str(error) == "the payload is not canonical, unpadded base64url"


def test_the_signature_has_one_spelling() -> None:
    """Padding, trailing bits, the other alphabet and characters of neither are refused in the signature."""
    signed = (sign(HEADER, {"exp": NOW + 60, "jti": str(i)}) for i in range(1000))
    telling = (token for token in signed if "-" in token.rpartition(".")[2] and "_" in token.rpartition(".")[2])
    for token in itertools.islice(telling, 3):
        signing_input, _, last = token.rpartition(".")
        by = verifier()
        by.verify(token)
        for other in {*loose_spellings(last)} - {last}:
            error = refusal(f"{signing_input}.{other}", by)
            assert type(error) is errors.DecodeError, other
            assert str(error) == "the signature is not canonical, unpadded base64url"


@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize("length", [1, 5, 45, 101])
def test_a_segment_of_an_impossible_length(segment: int, length: int) -> None:
    """A segment of one character more than a multiple of four is no base64url."""
    segments = [PLAIN_HEADER, PLAIN_PAYLOAD, ""]
    segments[segment] = "A" * length
    signing_input = ".".join(segments[:2])
    token = f"{signing_input}.{segments[2] or signature(signing_input)}"
    assert type(refusal(token)) is errors.DecodeError


@pytest.mark.parametrize("crit", [[], ["exp"], ["x"], ["b64"], ["alg"], ["", ""], None, "exp", 1, True, {}, [[]], [1]])
def test_crit(crit: object) -> None:
    """Any crit is refused: no extension is understood, and a list of none is malformed (RFC 7515 section 4.1.11)."""
    for header in ({**HEADER, "crit": crit}, {**HEADER, "crit": crit, "x": 1, "b64": True}):
        error = refusal(sign(header, {"exp": NOW + 60}))
        assert type(error) is errors.CriticalHeaderError
        assert error.code == "critical_header"


@pytest.mark.parametrize(
    ("hidden", "kind"),
    [
        (rb'"\u006bid":"other"', errors.UnknownKeyError),
        (rb'"\u006bid":1', errors.DecodeError),
        (rb'"\u006bid":null', errors.DecodeError),
        (rb'"t\u0079p":1', errors.DecodeError),
        (rb'"\u0063rit":["x"]', errors.CriticalHeaderError),
        (rb'"b\u00364":false', errors.CriticalHeaderError),
        (rb'"\u0061lg":"none"', errors.DecodeError),
    ],
)
@pytest.mark.parametrize("size", [0, 2000])
def test_members_behind_another_spelling(hidden: bytes, kind: type[errors.InvalidTokenError], size: int) -> None:
    """A header's member counts however its name is spelled, in a long header too (RFC 8259 section 8.3)."""
    key = Key.from_secret(SECRET, "HS256", key_id="own")
    token = sign(b'{"alg":"HS256",%s,"x":"%s"}' % (hidden, b"x" * size), {"exp": NOW + 60})
    for _ in range(2):
        assert type(refusal(token, Verifier(key, clock=lambda: NOW))) is kind


@pytest.mark.parametrize("b64", [False, None, 0, 1, "false", "true", [], {}])
def test_b64(b64: object) -> None:
    """A header whose b64 says anything but true is refused, with crit and without (RFC 7797 section 7)."""
    assert type(refusal(sign({**HEADER, "b64": b64}, {"exp": NOW + 60}))) is errors.CriticalHeaderError
    header = {**HEADER, "b64": b64, "crit": ["b64"]}
    assert type(refusal(sign(header, {"exp": NOW + 60}))) is errors.CriticalHeaderError


def test_an_unencoded_payload() -> None:
    """A payload that is signed as it stands, as RFC 7797 would have it, is refused."""
    header = encode(text_of({"alg": "HS256", "b64": False, "crit": ["b64"]}))
    payload = '{"exp":1800000000}'
    assert type(refusal(sign_segments(header, payload))) is errors.CriticalHeaderError
    assert type(refusal(sign_segments(PLAIN_HEADER, payload))) is errors.DecodeError


def test_b64_true_changes_nothing() -> None:
    """A header whose b64 is true says what holds anyway."""
    assert verifier().verify(sign({**HEADER, "b64": True}, {"exp": NOW + 60})).header["b64"] is True


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", ['"1800000000"', '""', '"1e10"', "true", "false", "null", "[1800000000]", "[]", "{}", '{"a":1800000000}']
)
def test_a_date_that_is_no_number(name: str, value: str) -> None:
    """A NumericDate is a JSON number and nothing that could be turned into one (RFC 7519 section 2)."""
    token = sign(HEADER, payload_with(name, value))
    error = refusal(token, verifier(required=()))
    assert type(error) is (errors.InvalidIssuedAtError if name == "iat" else errors.DecodeError)
    assert error.code == ("invalid_issued_at" if name == "iat" else "malformed")


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "other"])
@pytest.mark.parametrize(
    "value", ["1e400", "-1e400", "1E+999999999", "9" * 400 + ".5", "NaN", "-NaN", "Infinity", "-Infinity", "inf", "1e"]
)
def test_a_number_that_is_not_finite(name: str, value: str) -> None:
    """NaN and Infinity are no JSON, and a number that no double holds is refused wherever it stands."""
    token = sign(HEADER, payload_with(name, value))
    assert type(refusal(token)) is errors.DecodeError


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    [str(2**53 + 1), str(2**53 + 2), str(2**63), str(2**64 - 1), "1e16", "1e17", "1e308", "-1e16", str(-(2**53) - 2)],
)
def test_a_date_beyond_all_times(name: str, value: str) -> None:
    """A NumericDate beyond 2^53, from where a double no longer holds every second, is refused."""
    token = sign(HEADER, payload_with(name, value))
    assert type(refusal(token)) is (errors.InvalidIssuedAtError if name == "iat" else errors.DecodeError)


def test_the_last_time_of_all() -> None:
    """A NumericDate of 2^53 is a number like any other."""
    assert verifier().verify(good(exp=2**53)).expires_at == 2**53
    assert verifier().verify(sign(HEADER, b'{"exp":9.007199254740992e15}')).expires_at == 2**53


def test_exp_now() -> None:
    """A token whose exp is now has expired: it is valid before that time only (RFC 7519 section 4.1.4)."""
    assert type(refusal(good(exp=NOW))) is errors.ExpiredSignatureError
    assert type(refusal(good(exp=float(NOW)))) is errors.ExpiredSignatureError
    verifier().verify(good(exp=NOW + 1))


@pytest.mark.parametrize("issuer", [None, "https://a.example", ["https://a.example", "https://b.example"]])
@pytest.mark.parametrize("iss", [["https://a.example"], [], {"https://a.example": 1}, None, True, 1])
def test_iss_that_is_no_string(issuer: object, iss: object) -> None:
    """An iss that is a list, or anything but a string, is refused, asked for or not."""
    assert type(refusal(good(iss=iss), verifier(issuer=issuer))) is errors.InvalidIssuerError


def test_aud_configured_and_absent() -> None:
    """A token without aud is refused where an audience is configured."""
    error = refusal(good(), verifier(audience="api"))
    assert type(error) is errors.MissingRequiredClaimError
    assert error.claim == "aud"


@pytest.mark.parametrize("aud", ["api", ["api"], [], ""])
def test_aud_present_and_none_configured(aud: object) -> None:
    """A token that is meant for some audience is refused where none is configured (RFC 7519 section 4.1.3)."""
    assert type(refusal(good(aud=aud))) is errors.InvalidAudienceError


@pytest.mark.parametrize("encoding", OTHER_ENCODINGS)
def test_another_encoding_than_utf8(encoding: str) -> None:
    """Headers and payloads in UTF-16 or UTF-32, or with a byte order mark, are refused (RFC 7519 section 3)."""
    assert type(refusal(sign(HEADER, recoded('{"exp":1800000000}', encoding)))) is errors.DecodeError
    assert type(refusal(sign(recoded('{"alg":"HS256"}', encoding), {"exp": NOW + 60}))) is errors.DecodeError


@pytest.mark.parametrize("octets", [*NOT_UTF8, *LONE_SURROGATES])
def test_text_that_is_no_unicode(octets: bytes) -> None:
    """Octets that are no UTF-8, and escapes that make a lone surrogate, are refused in names and in values."""
    for members in (b'"x":"%s"', b'"x":"ab%scd"', b'"%s":1', b'"x":["%s"]', b'"x":{"%s":1}'):
        text = members % octets
        assert type(refusal(sign(HEADER, b"{%s,%s}" % (EXP, text)))) is errors.DecodeError
        assert type(refusal(sign(b'{"alg":"HS256",%s}' % text, {"exp": NOW + 60}))) is errors.DecodeError


def test_text_outside_the_basic_plane() -> None:
    """A pair of escaped surrogates is one character, in names and in values."""
    token = verifier().verify(sign(HEADER, b'{%s,"\\ud83d\\udd11":"\\uD83D\\uDD11"}' % EXP))
    assert token.claims["\N{KEY}"] == "\N{KEY}"


@pytest.mark.parametrize("kind", ["arrays", "objects", "both"])
@pytest.mark.parametrize("depth", [64, 65, 1000, 100_000])
def test_nesting(kind: str, depth: int) -> None:
    """A header or payload that is nested deeper than 64 levels is refused, be it a thousand or a hundred thousand."""
    by = verifier(max_token_bytes=10**7)
    assert type(refusal(sign(HEADER, b'{%s,"x":%s}' % (EXP, nested(depth, kind))), by)) is errors.DecodeError
    header = b'{"alg":"HS256","x":%s}' % nested(depth, kind)
    assert type(refusal(sign(header, {"exp": NOW + 60}), by)) is errors.DecodeError
    assert type(refusal(sign(HEADER, nested(depth + 1, "objects")), by)) is errors.DecodeError
    unclosed = b'{%s,"x":%s' % (EXP, b"[" * depth)
    assert type(refusal(sign(HEADER, unclosed), by)) is errors.DecodeError


@pytest.mark.parametrize("kind", ["arrays", "objects", "both"])
def test_nesting_within_the_limit(kind: str) -> None:
    """64 levels, the object itself being the first, are accepted."""
    text = b'{%s,"x":%s}' % (EXP, nested(63, kind))
    assert verifier().verify(sign(HEADER, text)).claims == json.loads(text)
    header = b'{"alg":"HS256","x":%s}' % nested(63, kind)
    assert verifier().verify(sign(header, {"exp": NOW + 60})).header == json.loads(header)


def test_a_header_of_a_megabyte() -> None:
    """A header of a megabyte makes a token too large, signed or not."""
    header = {**HEADER, "x": "x" * 2**20}
    for secret in (SECRET, LONG_SECRET):
        assert type(refusal(sign(header, {"exp": NOW + 60}, secret))) is errors.TokenTooLargeError


@pytest.mark.parametrize("value", [str(2**64), str(-(2**63) - 1), "1" * 5000, "-" + "1" * 5000, "1" + "0" * 20])
def test_integers_of_more_than_64_bits(value: str) -> None:
    """An integer outside [-2^63, 2^64) is refused wherever it stands, be it of 20 digits or of 5,000."""
    for members in (b'"x":%s', b'"exp":%s', b'"x":[%s]', b'"x":{"y":%s}'):
        text = members % value.encode()
        payload = b"{%s}" % text if b"exp" in text else b"{%s,%s}" % (EXP, text)
        assert type(refusal(sign(HEADER, payload))) is errors.DecodeError
        assert type(refusal(sign(b'{"alg":"HS256",%s}' % text, {"exp": NOW + 60}))) is errors.DecodeError


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 2**63, 2**53 + 1, 0])
def test_integers_of_64_bits(value: int) -> None:
    """An integer of 64 bits arrives exactly."""
    claim = verifier().verify(good(x=value, y=[value])).claims
    assert (claim["x"], claim["y"]) == (value, [value])
    assert type(claim["x"]) is int


@pytest.mark.parametrize("text", NOT_JSON_OBJECTS)
def test_what_is_no_json_object(text: bytes) -> None:
    """A header or payload that is not a JSON object (RFC 8259) is refused, however close it comes."""
    assert type(refusal(sign(HEADER, text), verifier(required=()))) is errors.DecodeError
    assert type(refusal(sign(text, {"exp": NOW + 60}))) is errors.DecodeError


@pytest.mark.parametrize("text", NOT_JSON_OBJECTS)
def test_a_forged_payload_is_not_looked_at(text: bytes) -> None:
    """Whatever is wrong with the payload of a forged token, it is the signature that is complained about."""
    assert type(refusal(sign(HEADER, text, LONG_SECRET))) is errors.InvalidSignatureError


@pytest.mark.parametrize("raw", ["", ".", "a", "eyJhbGciOiJIUzI1NiJ9", "a.b", "a.b.c.d", "a.b.c.d.e.f", "...", "....."])
def test_another_number_of_segments(raw: str) -> None:
    """A token is three segments joined by dots, no fewer and no more (RFC 7515 section 3.1)."""
    error = refusal(raw)
    assert type(error) is errors.DecodeError
    assert "three segments" in str(error)


@pytest.mark.parametrize("extra", ["{}.", ".{}", "{}.x", "x.{}", "{0}.{0}"])
def test_segments_too_many(extra: str) -> None:
    """A good token with a segment before or behind it, empty or not, is refused."""
    assert type(refusal(extra.format(good()))) is errors.DecodeError


@pytest.mark.parametrize("raw", ["a.b.c.d.e", "....", f"{good()}.a.b", "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn"])
def test_five_segments(raw: str) -> None:
    """Five segments are an encrypted token (JWE), and the message says so."""
    error = refusal(raw)
    assert type(error) is errors.DecodeError
    assert "JWE" in str(error)


@pytest.mark.parametrize("empty", [{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}])
def test_empty_segments(empty: set[int]) -> None:
    """A token with an empty segment is refused, also where an empty header or payload is what was signed."""
    by = verifier(required=())
    by.verify(good())
    segments = ["" if place in empty else segment for place, segment in enumerate(good().split("."))]
    assert isinstance(refusal(".".join(segments), by), errors.DecodeError)
    if empty != {2}:
        assert type(refusal(sign_segments(segments[0], segments[1]), by)) is errors.DecodeError


ALG_NONE = {"".join(letters) for letters in itertools.product(*zip("none", "NONE", strict=True))}


@pytest.mark.parametrize("alg", [*sorted(ALG_NONE), "none ", " none", "none\0", "\0", "", "n\u043ene", "null"])
def test_alg_none(alg: str) -> None:
    """There is no alg none, in any spelling: not without a signature, nor with one by the verifier's key."""
    signed = sign({"alg": alg}, {"exp": NOW + 60})
    signing_input = signed.rpartition(".")[0]
    for token in (signed, f"{signing_input}.", f"{signing_input}.{encode(bytes(32))}", f"{signing_input}.AA"):
        error = refusal(token)
        assert type(error) is errors.InvalidAlgorithmError
        assert error.code == "algorithm_not_allowed"


@pytest.mark.parametrize("alg", [None, True, 0, 256, ["HS256"], {"HS256": 1}, [], {}])
def test_alg_that_is_no_string(alg: object) -> None:
    """An alg that is not a string is refused."""
    assert type(refusal(sign({"alg": alg}, {"exp": NOW + 60}))) is errors.InvalidAlgorithmError


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"Alg": "HS256"}, {"alg ": "HS256"}, {"x": {"alg": "HS256"}}])
def test_alg_missing(header: dict[str, object]) -> None:
    """A header without alg is refused: the verifier assumes none."""
    assert type(refusal(sign(header, {"exp": NOW + 60}))) is errors.InvalidAlgorithmError


@pytest.mark.parametrize("alg", ["HS384", "HS512", "RS256", "ES256", "EdDSA", "HS1", "hs256", "Hs256", "HS256 ", "HS"])
def test_alg_of_no_key(alg: str) -> None:
    """An alg that no key of the verifier is for is refused, also where its HMAC by the verifier's key is right."""
    for hash_name in ("sha256", "sha384", "sha512"):
        token = sign({"alg": alg}, {"exp": NOW + 60}, SECRET, hash_name)
        assert type(refusal(token)) is errors.InvalidAlgorithmError


@pytest.mark.parametrize(("alg", "hash_name"), [("HS256", "sha512"), ("HS512", "sha256"), ("HS384", "sha512")])
def test_alg_of_another_hash(alg: str, hash_name: str) -> None:
    """A signature by another hash than alg says is wrong, though the secret is the same and both keys are there."""
    by = Verifier([Key.from_secret(LONG_SECRET, name) for name in ("HS256", "HS384", "HS512")], clock=Clock())
    token = sign({"alg": alg}, {"exp": NOW + 60}, LONG_SECRET, hash_name)
    assert type(refusal(token, by)) is errors.InvalidSignatureError


@pytest.mark.parametrize("length", [0, 1, 16, 20, 31])
def test_a_shortened_signature(length: int) -> None:
    """A part of the right signature, or more than it, is not the signature."""
    signing_input, _, last = good().rpartition(".")
    mac = decode(last)
    assert type(refusal(f"{signing_input}.{encode(mac[:length])}")) is errors.InvalidSignatureError
    assert type(refusal(f"{signing_input}.{encode(mac + mac[: length + 1])}")) is errors.InvalidSignatureError


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    "payload",
    ["", "!", "A", "AB", "\0", "=", *map(encode, [b"{", b"[]", b"\xff", b'{"exp":1}', b'{"a":1,"a":1}', b"[" * 99])],
)
def test_a_payload_is_not_looked_at_before_its_signature(payload: str, known: bool) -> None:
    """Whatever the payload is, with a wrong signature it is the signature that is refused, alone or in a batch."""
    by = Verifier(KEY, clock=Clock())
    if known:
        by.verify(good())
    token = f"{PLAIN_HEADER}.{payload}.{signature('another')}"
    assert type(refusal(token, by)) is errors.InvalidSignatureError
    assert {type(error) for error in by.verify_many([token] * 33)} == {errors.InvalidSignatureError}


@pytest.mark.parametrize("name", ["kid", "typ"])
@pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": 1}, []])
def test_kid_and_typ_that_are_no_strings(name: str, value: object) -> None:
    """A kid or typ that is not a string is malformed, also where nobody asks for it."""
    assert type(refusal(sign({**HEADER, name: value}, {"exp": NOW + 60}))) is errors.DecodeError


@pytest.mark.parametrize("char", ["\xe9", "\xad", "\u2024", "\uff21", "\N{KEY}", "\ud800", "\u212a"])
def test_a_str_that_is_not_ascii(char: str) -> None:
    """A str with a character outside ASCII is refused, wherever it stands."""
    token = good()
    for place in (0, 5, token.index("."), token.rindex(".") + 1, len(token)):
        assert type(refusal(token[:place] + char + token[place:])) is errors.DecodeError


@pytest.mark.parametrize("char", ["\0", "\n", "\r", " ", "\t", "\x0b", "\x7f", ",", ";", '"', "\x80", "\xff"])
def test_characters_between_and_around(char: str) -> None:
    """NUL, white space and the like are refused at every place of a good token, as str and as bytes."""
    token = good()
    by = verifier()
    by.verify(token)
    for place in range(len(token) + 1):
        raw = token[:place] + char + token[place:]
        assert isinstance(refusal(raw, by), errors.DecodeError)
        assert isinstance(refusal(raw.encode("latin-1"), by), errors.DecodeError)


@pytest.mark.parametrize("limit", [1, 100, 2000])
def test_a_token_that_is_too_long(limit: int) -> None:
    """A token of more than max_token_bytes is refused before anything else is looked at."""
    by = verifier(max_token_bytes=limit)
    for raw in ("A" * (limit + 1), b"." * (limit + 1), bytearray(limit + 1)):
        error = refusal(raw, by)
        assert type(error) is errors.TokenTooLargeError
        assert error.code == "too_large"
    assert type(refusal("A" * limit, by)) is errors.DecodeError


def test_a_token_of_just_the_limit() -> None:
    """A token of exactly max_token_bytes is accepted, and one of a byte more is not."""
    token = good(x="x" * 500)
    assert verifier(max_token_bytes=len(token)).verify(token).claims["x"] == "x" * 500
    assert type(refusal(token, verifier(max_token_bytes=len(token) - 1))) is errors.TokenTooLargeError
