"""Thousands of tokens that were forged, bent or broken, each with the name of what was done to it.

What is signed is signed well, so that what a verifier says is about the token's form and its claims.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import utils
from forge import ALPHABET, OTHER_SECRET, SECRET, decode, encode, loose_spellings
from key_pairs import private_key, sign

ALGORITHMS = {"HS256": "secret", "RS256": "RSA", "ES256": "P-256", "EdDSA": "Ed25519"}
ISSUER, AUDIENCE = "https://issuer.example", "the API"
# Far from any now: a test of other libraries can't stop their clocks.
PAST, FUTURE = 1_000_000_000, 4_000_000_000
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "exp": FUTURE, "sub": "alice"}

Case = tuple[str, str]
Signer = Callable[[str], str]


def signer_of(algorithm: str, *, other: bool = False) -> Signer:
    """Give what signs a signing input: the verifier's key, or another one of its kind."""
    kind = ALGORITHMS[algorithm]
    private = (OTHER_SECRET if other else SECRET) if kind == "secret" else private_key(kind, int(other))

    def signed(signing_input: str) -> str:
        return f"{signing_input}.{encode(sign(algorithm, private, signing_input.encode('utf-8', 'surrogatepass')))}"

    return signed


def text_of(value: object) -> str:
    """Give a value's JSON text."""
    return json.dumps(value, separators=(",", ":"))


# The texts that stand for a claim's or a header member's value.
VALUES = ["null", "true", "false", '""', '"x"', f'"{FUTURE}"', '"\\u0000"', '"' + "x" * 300 + '"']
VALUES += ["[]", '["x"]', "[1]", "[null]", "[[]]", "{}", '{"a":1}']
VALUES += ["0", "1", str(PAST), "-1", "1e3", "1.5", "-0", "-0.0", "1E-400", str(FUTURE), f"{FUTURE}.5", "4e9", "4.0E+9"]
# Beyond 2^53 not every whole number is one of those that floating point has; beyond 2^64 fewer parsers have them.
VALUES += ["9007199254740993", "1e16", "18446744073709551615", "9.1e15", "-9007199254740993", "-1e16"]
VALUES += ["18446744073709551616", "1" + "0" * 30, "NaN", "Infinity", "-Infinity", "1e400", "-1e400"]
VALUES += ["01", "+1", "1.", ".5", "0x10", "1e", "--1", "1_0"]


def replaced(members: dict[str, Any], name: str, text: str) -> bytes:
    """Give the text of an object one of whose members has a text for its value."""
    parts = [f"{text_of(other)}:{text_of(value)}" for other, value in members.items() if other != name]
    return ("{" + ",".join([*parts, f"{text_of(name)}:{text}"]) + "}").encode()


def objects_said_oddly(members: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Give an object's text in ways that JSON has, and in ways that it has not."""
    plain = text_of(members).encode()
    spaced = json.dumps(members, indent=2).encode()
    yield "white space", spaced
    yield "white space", b" \t\r\n" + plain + b"\n"
    yield "white space that JSON has not", plain + b"\x0c"
    yield "white space that JSON has not", b"\xc2\xa0" + plain
    yield "escapes", plain[:-1] + b',"\\u00e9":"\\ud83d\\udd11\\/"}'
    yield "text that is no Unicode", plain[:-1] + b',"x":"\xff"}'
    yield "text that is no Unicode", plain[:-1] + b',"x":"\xed\xa0\x80"}'
    yield "text that is no Unicode", plain[:-1] + b',"x":"\xc0\xaf"}'
    yield "half a surrogate pair", plain[:-1] + b',"x":"\\ud800"}'
    yield "half a surrogate pair", plain[:-1] + b',"\\udc00":1}'
    yield "a control character", plain[:-1] + b',"x":"a\nb"}'
    yield "a control character", plain[:-1] + b',"x":"a\x00b"}'
    yield "a bad escape", plain[:-1] + b',"x":"\\x41"}'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield "another encoding", plain.decode().encode(encoding)
    yield "a byte order mark", b"\xef\xbb\xbf" + plain
    yield "a comma too many", plain[:-1] + b",}"
    yield "a comment", plain[:-1] + b"/* */}"
    yield "single quotes", plain.replace(b'"', b"'")
    yield "something behind it", plain + b"{}"
    yield "something behind it", plain + b"\x00"
    yield "its end missing", plain[:-1]
    for text in (b"", b"null", b"true", b"5", b'"x"', b"[]", b"[" + plain + b"]", b"{"):
        yield "no object", text
    yield "nesting", plain[:-1] + b',"x":' + b"[" * 20 + b"]" * 20 + b"}"
    yield "nesting without bounds", plain[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    yield "a huge integer", plain[:-1] + b',"x":' + b"9" * 25 + b"}"
    yield "a huge integer", plain[:-1] + b',"x":-' + b"9" * 25 + b"}"
    yield "a huge integer", plain[:-1] + b',"x":' + b"9" * 5000 + b"}"
    for number in (b"NaN", b"Infinity", b"-Infinity"):
        yield "a number that JSON has not", plain[:-1] + b',"x":' + number + b"}"
    yield "a number out of range", plain[:-1] + b',"x":1e999}'
    yield "an unknown member", plain[:-1] + b',"x":{"y":[1,2.5,null]}}'
    for name, value in members.items():
        pair = f"{text_of(name)}:{text_of(value)}".encode()
        escaped = "".join(f"\\u{ord(character):04x}" for character in name).encode()
        yield "a member twice", plain[:-1] + b"," + pair + b"}"
        yield "a member twice", plain[:-1] + b',"' + escaped + b'":' + text_of(value).encode() + b"}"
        yield "a member twice, differing", plain[:-1] + b"," + text_of(name).encode() + b":null}"
    yield "a member twice, further down", plain[:-1] + b',"x":{"y":1,"y":2}}'
    yield "one name in two objects", plain[:-1] + b',"x":{"exp":1,"alg":"none"}}'


def bent_at_random(plain: bytes, rng: random.Random) -> bytes:
    """Give a JSON text with an octet or two changed, left out, put in or doubled."""
    text = bytearray(plain)
    for _ in range(rng.randint(1, 2)):
        place = rng.randrange(len(text))
        what = rng.randrange(4)
        if what == 0:
            text[place] = rng.choice(b'{}[]",:0123456789eE+-.\\u truefalsn\x00\x1f\x7f\xff')
        elif what == 1:
            del text[place]
        elif what == 2:
            text.insert(place, rng.choice(b'{}[]",:01eE+-.\\ \n\t'))
        else:
            text[place:place] = text[place : place + rng.randint(1, 20)]
    return bytes(text)


def broken_at_random(token: str, rng: random.Random) -> str:
    """Give a token with a character or a piece of it changed and not signed anew."""
    place = rng.randrange(len(token))
    what = rng.randrange(5)
    if what == 0:
        return token[:place] + rng.choice(ALPHABET + ".=+/ ~\u00e9") + token[place + 1 :]
    if what == 1:
        return token[:place] + token[place + 1 :]
    if what == 2:
        return token[:place] + rng.choice(ALPHABET + ".= \n") + token[place:]
    if what == 3:
        return token[:place]
    other = rng.randrange(len(token))
    return token[: min(place, other)] + token[max(place, other) :]


def headers(algorithm: str, signed: Signer) -> Iterator[Case]:
    """Give tokens whose header is odd."""
    header: dict[str, Any] = {"alg": algorithm, "typ": "JWT"}
    payload = encode(text_of(CLAIMS).encode())

    def with_header(text: bytes) -> str:
        return signed(f"{encode(text)}.{payload}")

    for what, text in objects_said_oddly(header):
        yield f"header: {what}", with_header(text)
    for name in (
        "alg",
        "typ",
        "kid",
        "cty",
        "crit",
        "b64",
        "zip",
        "enc",
        "jku",
        "x5u",
        "jwk",
        "x5c",
        "x5t",
        "p2c",
        "x",
    ):
        for value in VALUES:
            yield f"header: {name}", with_header(replaced(header, name, value))
    for alg in (
        "none",
        "None",
        "NONE",
        "HS384",
        "HS512",
        "RS512",
        "PS256",
        "ES384",
        "Ed25519",
        algorithm.lower(),
        "dir",
    ):
        yield f"header: alg {alg}", with_header(text_of({**header, "alg": alg}).encode())
    yield "header: no alg", with_header(b'{"typ":"JWT"}')
    for crit in (["b64"], ["exp"], ["alg"], ["x"], ["crit"], ["b64", "b64"]):
        yield "header: crit", with_header(text_of({**header, "crit": crit, "x": 1, "exp": 1}).encode())
        yield "header: crit", with_header(text_of({**header, "crit": crit, "b64": True}).encode())
    for b64 in (True, False):
        yield f"header: b64 is {b64}, not critical", with_header(text_of({**header, "b64": b64}).encode())
    for typ in ("jwt", "at+jwt", "application/jwt", "JOSE", "JWE"):
        yield "header: another typ", with_header(text_of({**header, "typ": typ}).encode())


def claims(algorithm: str, signed: Signer) -> Iterator[Case]:
    """Give tokens whose claims are odd."""
    header = encode(text_of({"alg": algorithm}).encode())
    for what, text in (*objects_said_oddly(CLAIMS), *odd_claims()):
        yield f"payload: {what}", signed(f"{header}.{encode(text)}")


def odd_claims() -> Iterator[tuple[str, bytes]]:
    """Give claims that are sound JSON, or nearly, and odd."""
    for name in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti", "x"):
        for value in VALUES:
            yield name, replaced(CLAIMS, name, value)
    for name in CLAIMS:
        yield f"no {name}", text_of({other: value for other, value in CLAIMS.items() if other != name}).encode()
    issuers = [ISSUER[:-1], ISSUER + "/", ISSUER.upper(), ISSUER[8:], " " + ISSUER, "https", [ISSUER], {ISSUER: 1}]
    yield from (("another iss", replaced(CLAIMS, "iss", text_of(iss))) for iss in issuers)
    yield "iss with escapes", replaced(CLAIMS, "iss", text_of(ISSUER).replace("/", "\\/"))
    audiences: list[Any] = [["x"], [], [[AUDIENCE]], [AUDIENCE.upper()], AUDIENCE[:-1], AUDIENCE + " ", [AUDIENCE[:-1]]]
    audiences += [[AUDIENCE, 5], [None, AUDIENCE], [AUDIENCE, ["x"]], {AUDIENCE: 1}]
    yield from (("another aud", replaced(CLAIMS, "aud", text_of(aud))) for aud in audiences)
    for several in ([AUDIENCE], [AUDIENCE, "x"], ["x", AUDIENCE], [AUDIENCE, AUDIENCE]):
        yield "aud holds the audience", replaced(CLAIMS, "aud", text_of(several))


def segments(algorithm: str, signed: Signer) -> Iterator[Case]:
    """Give tokens whose segments are spelled or put together oddly, signed as they are where that is possible."""
    header, payload = (
        encode(text_of({"alg": algorithm, "xy": 1}).encode()),
        encode(text_of(CLAIMS | {"x": "?>~"}).encode()),
    )
    good = signed(f"{header}.{payload}")
    signature = good.rpartition(".")[2]
    yield "good", good
    for spelling in {*loose_spellings(header)} - {header}:
        yield "segments: the header spelled loosely", signed(f"{spelling}.{payload}")
    for spelling in {*loose_spellings(payload)} - {payload}:
        yield "segments: the payload spelled loosely", signed(f"{header}.{spelling}")
    for spelling in {*loose_spellings(signature)} - {signature}:
        yield "segments: the signature spelled loosely", f"{header}.{payload}.{spelling}"
    for text in (
        *(
            "",
            ".",
            "..",
            "...",
            header,
            payload,
            f"{header}.{payload}",
            f"{header}.{payload}.",
            f".{payload}.{signature}",
        ),
        *(f"{header}..{signature}", signed(f"{header}."), f"{good}.", f".{good}", f"{good}.{signature}", f"{good}...."),
        *(signed(f"{header}.{payload}.x"), f"{header}.{payload}.{signature}.x.y", f"{payload}.{header}.{signature}"),
        *(f"Bearer {good}", f"{good}\n", f" {good}", f'"{good}"', f"{good}\0", good.replace(".", ",")),
    ):
        yield "segments: put together oddly", text
    for character in ("\u00e9", "\ud800", "\U0001f511", "\uff0e"):
        yield "segments: not ASCII", good.replace(".", character)
        yield "segments: not ASCII", good + character
        yield "segments: not ASCII", signed(f"{header}.{payload}{character}")


def signatures(algorithm: str, signed: Signer) -> Iterator[Case]:
    """Give tokens whose signature is another one."""
    header, payload = encode(text_of({"alg": algorithm}).encode()), encode(text_of(CLAIMS).encode())
    octets = decode(signed(f"{header}.{payload}").rpartition(".")[2])
    other = decode(signer_of(algorithm, other=True)(f"{header}.{payload}").rpartition(".")[2])
    yield "good", f"{header}.{payload}.{encode(octets)}"
    size = len(octets)
    wrong = [
        b"",
        octets[:-1],
        octets[1:],
        octets + b"\0",
        b"\0" + octets,
        octets * 2,
        bytes(size),
        b"\xff" * size,
        other,
    ]
    wrong += [octets[size // 2 :] + octets[: size // 2], octets[::-1], bytes([octets[0] ^ 1]) + octets[1:], bytes(9000)]
    if algorithm == "ES256":
        r, s = int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")
        order = private_key("P-256").curve.group_order
        yield "signature: the other s", f"{header}.{payload}.{encode(octets[:32] + (order - s).to_bytes(32, 'big'))}"
        wrong += [utils.encode_dss_signature(r, s), octets[:32] + order.to_bytes(32, "big"), bytes(32) + octets[32:]]
    for signature in wrong:
        yield "signature: another one", f"{header}.{payload}.{encode(signature)}"
    for said, by in (("HS256", "RS256"), ("RS256", "HS256"), ("ES256", "EdDSA"), ("EdDSA", "ES256")):
        yield "signature: of another algorithm", signer_of(by)(f"{encode(text_of({'alg': said}).encode())}.{payload}")


def at_random(algorithm: str, signed: Signer, count: int) -> Iterator[Case]:
    """Give tokens that were bent or broken at random, always the same ones but for their signatures."""
    rng = random.Random(f"tokens for {algorithm}")  # noqa: S311 - nothing secret about it
    header, payload = text_of({"alg": algorithm, "typ": "JWT"}).encode(), text_of(CLAIMS | {"n": [1.5, True]}).encode()
    good = signed(f"{encode(header)}.{encode(payload)}")
    for _ in range(count):
        yield "at random: the header", signed(f"{encode(bent_at_random(header, rng))}.{encode(payload)}")
        yield "at random: the payload", signed(f"{encode(header)}.{encode(bent_at_random(payload, rng))}")
        yield "at random: the token", broken_at_random(good, rng)


def cases(algorithm: str) -> Iterator[Case]:
    """Give all tokens for a verifier of one algorithm."""
    signed = signer_of(algorithm)
    yield from segments(algorithm, signed)
    yield from signatures(algorithm, signed)
    yield from headers(algorithm, signed)
    yield from claims(algorithm, signed)
    yield from at_random(algorithm, signed, 250)
