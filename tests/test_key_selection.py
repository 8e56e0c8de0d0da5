"""Which key judges a token: by kid and alg, and never by what some other token's header said."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import pytest
from forge import ALPHABET, HEADER, LONG_SECRET, NOW, SECRET, Clock, decode, encode, good, sign, sign_segments, to_json

from jwtfast import Key, KeySet, Token, Verifier, errors

PAYLOAD = {"exp": NOW + 60, "sub": "alice"}


def secret(name: object) -> bytes:
    """Give the secret that goes by a name, long enough for every algorithm."""
    return hashlib.sha512(repr(name).encode()).digest()


def key(name: object, key_id: str | None = None, algorithm: str = "HS256") -> Key:
    """Give the key that goes by a name."""
    return Key.from_secret(secret(name), algorithm, key_id=key_id)


def signed(name: object, key_id: object = None, alg: str = "HS256", **header: Any) -> str:
    """Give a token signed by the key that goes by a name."""
    if key_id is not None:
        header["kid"] = key_id
    return sign({"alg": alg, **header}, PAYLOAD, secret(name), f"sha{alg[2:]}")


def verifier(*keys: Key, cache_tokens: int = 0) -> Verifier:
    """Give a verifier that remembers no tokens, so that every verdict is its own."""
    return Verifier(keys, clock=Clock(), cache_tokens=cache_tokens)


def refused(judge: Verifier, token: str, kind: type[errors.InvalidTokenError]) -> None:
    """Assert that a token is refused with an error of exactly this class."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        judge.verify(token)
    assert type(caught.value) is kind


def test_secrets_told_apart_by_kid() -> None:
    """A token with a kid is judged by the key of that kid and by no other."""
    judge = verifier(*(key(i, f"k{i}") for i in range(20)))
    for i in range(20):
        token = judge.verify(signed(i, f"k{i}"))
        assert (token.key_id, token.algorithm) == (f"k{i}", "HS256")
        refused(judge, signed(i, f"k{(i + 1) % 20}"), errors.InvalidSignatureError)


def test_secrets_tried_in_turn() -> None:
    """A token without a kid is judged by all keys of its algorithm, and tells the kid of the one that fitted."""
    judge = verifier(*(key(i, f"k{i}" if i % 2 else None) for i in range(8)))
    for i in range(8):
        assert judge.verify(signed(i)).key_id == (f"k{i}" if i % 2 else None)
        assert judge.verify(signed(i, typ="JWT")).key_id == (f"k{i}" if i % 2 else None)
    refused(judge, signed("another"), errors.InvalidSignatureError)


@pytest.mark.parametrize("named", [False, True])
def test_eight_candidates_and_nine(named: bool) -> None:
    """Eight keys may be tried for a token and nine not: that token is refused, and the others are not."""
    nine = [key(i, f"k{i}" if named else None) for i in range(9)]
    judge = verifier(*nine[:8])
    for i in range(8):
        judge.verify(signed(i))
    judge = verifier(*nine, key("512", "big", "HS512"), key("384", None, "HS384"))
    for i in range(9):
        refused(judge, signed(i), errors.UnknownKeyError)
        if named:
            assert judge.verify(signed(i, f"k{i}")).key_id == f"k{i}"
    assert judge.verify(signed("512", alg="HS512")).key_id == "big"
    assert judge.verify(signed("384", "anything", alg="HS384")).key_id is None


def test_too_many_keys_say_what_to_do() -> None:
    """The error about too many keys has its code, and asks for a kid."""
    judge = verifier(*(key(i) for i in range(9)))
    with pytest.raises(errors.UnknownKeyError, match="kid") as caught:
        judge.verify(signed(0))
    assert caught.value.code == "unknown_key"


def test_eight_keys_of_each_algorithm() -> None:
    """Keys of other algorithms are no candidates and don't count."""
    algorithms = ("HS256", "HS384", "HS512")
    judge = verifier(*(key((alg, i), None, alg) for i in range(8) for alg in algorithms))
    for alg in algorithms:
        assert judge.verify(signed((alg, 7), alg=alg)).algorithm == alg
        refused(judge, signed((algorithms[alg == "HS256"], 7), alg=alg), errors.InvalidSignatureError)


def test_a_kid_that_nobody_has() -> None:
    """A token whose kid no key has is refused, though a key without that kid would fit."""
    judge = verifier(key("a", "a"), key("b", "b"))
    for kid in ("c", "", "A", "a ", "a\0", "aa", "\N{KEY}"):
        refused(judge, signed("a", kid), errors.UnknownKeyError)
    assert judge.verify(signed("a")).key_id == "a"


def test_a_kid_and_keys_without_one() -> None:
    """A token whose kid no key has is judged by the keys of its algorithm that have none, and by no named one."""
    judge = verifier(key("a", "a"), key("nameless"), key("other"))
    for name in ("nameless", "other"):
        assert judge.verify(signed(name, "some kid")).key_id is None
    refused(judge, signed("a", "some kid"), errors.InvalidSignatureError)
    refused(judge, signed("nameless", "a"), errors.InvalidSignatureError)
    assert judge.verify(signed("a", "a")).key_id == "a"


def test_nine_nameless_keys_and_a_named_one() -> None:
    """A kid that a key has picks that key alone, however many others there are."""
    judge = verifier(key("a", "a"), *(key(i) for i in range(9)))
    assert judge.verify(signed("a", "a")).key_id == "a"
    refused(judge, signed("a", "b"), errors.UnknownKeyError)
    refused(judge, signed("a"), errors.UnknownKeyError)


def test_a_kid_of_another_algorithm() -> None:
    """A kid picks among the keys of the token's algorithm: the key of that kid for another algorithm is not asked."""
    judge = verifier(key("a", "a", "HS256"), key("b", "b", "HS512"))
    refused(judge, signed("b", "b", "HS256"), errors.UnknownKeyError)
    refused(judge, signed("a", "a", "HS512"), errors.UnknownKeyError)
    refused(judge, signed("a", "a", "HS384"), errors.InvalidAlgorithmError)
    assert judge.verify(signed("b", "b", "HS512")).algorithm == "HS512"


def test_one_kid_for_two_algorithms() -> None:
    """Two keys may have one kid where their algorithms differ, and each judges the tokens of its own."""
    judge = verifier(key("x", "k", "HS256"), key("y", "k", "HS512"))
    assert judge.verify(signed("x", "k", "HS256")).algorithm == "HS256"
    assert judge.verify(signed("y", "k", "HS512")).algorithm == "HS512"
    refused(judge, signed("y", "k", "HS256"), errors.InvalidSignatureError)
    refused(judge, signed("x", "k", "HS512"), errors.InvalidSignatureError)


def test_one_kid_for_two_keys() -> None:
    """Two keys of one algorithm can't have one kid."""
    with pytest.raises(errors.InvalidKeyError):
        KeySet([key("x", "k"), key("y", "k")])


def test_one_secret_under_two_kids() -> None:
    """A token tells the kid of the key that was picked, not of another with the same secret."""
    judge = verifier(key("x", "k1"), key("x", "k2"))
    assert judge.verify(signed("x", "k2")).key_id == "k2"
    assert judge.verify(signed("x", "k1")).key_id == "k1"
    assert judge.verify(signed("x")).key_id == "k1"


def test_a_set_of_keys_never_changes() -> None:
    """A key set can't be filled anew under the verifiers that use it, which have cached what it said."""
    keys = KeySet([key("a")])
    judge = Verifier(keys, clock=Clock())
    judge.verify(signed("a"))
    with pytest.raises(TypeError):
        keys.__init__([key("b")])  # type: ignore[misc]
    assert [each.algorithm for each in keys] == ["HS256"]
    judge.clear_cache()
    judge.verify(signed("a"))


def test_a_list_of_keys_that_changes_later() -> None:
    """The list that a verifier was built from may change afterwards; the verifier does not."""
    keys = [key("a")]
    judge = Verifier(keys, clock=Clock())
    keys[0] = key("b")
    judge.verify(signed("a"))
    refused(judge, signed("b"), errors.InvalidSignatureError)


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c", "x5t", "x5t#S256"])
def test_keys_in_headers_are_never_used(member: str) -> None:
    """A key, or the address of one, in a token's header is not looked at."""
    own = {"kty": "oct", "k": encode(secret("attacker")), "alg": "HS256"}
    value: Any = {"jwk": own, "x5c": ["AAAA"]}.get(member, "https://attacker.example/keys")
    judge = verifier(key("a"))
    refused(judge, signed("attacker", None, **{member: value}), errors.InvalidSignatureError)
    judge.verify(signed("a", None, **{member: value}))


def test_a_forged_token_first() -> None:
    """A forged token with some header changes nothing for the good ones with it, nor a good one for the forged."""
    judge = verifier(key("a", "a"), key("b", "b"))
    for _ in range(3):
        for name, other in (("a", "b"), ("b", "a")):
            refused(judge, signed(other, name), errors.InvalidSignatureError)
            refused(judge, signed("attacker", name), errors.InvalidSignatureError)
            assert judge.verify(signed(name, name)).key_id == name
            refused(judge, signed("attacker", name), errors.InvalidSignatureError)
            refused(judge, signed(other, name), errors.InvalidSignatureError)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ({"alg": "none"}, errors.InvalidAlgorithmError),
        ({"alg": "HS256", "kid": "nobody"}, errors.UnknownKeyError),
        ({"alg": "HS256", "crit": ["exp"]}, errors.CriticalHeaderError),
        ({"alg": "HS256", "kid": 1}, errors.DecodeError),
    ],
)
def test_a_refused_header_stays_refused(header: dict[str, object], kind: type[errors.InvalidTokenError]) -> None:
    """A header that is refused is refused every time, with good tokens in between."""
    judge = verifier(key("a", "a"))
    for _ in range(3):
        refused(judge, sign(header, PAYLOAD, secret("a")), kind)
        judge.verify(signed("a", "a"))


def test_a_token_type_counts_for_known_headers() -> None:
    """The header's typ is judged for each verifier by itself, however often the header was met."""
    keys = KeySet([key("a")])
    strict, loose = (Verifier(keys, clock=Clock(), token_type=each, cache_tokens=0) for each in ("at+jwt", None))
    for _ in range(3):
        loose.verify(signed("a", typ="JWT"))
        refused(strict, signed("a", typ="JWT"), errors.InvalidTokenTypeError)
        strict.verify(signed("a", typ="at+jwt"))


def check(judge: Verifier, token: str, header: object) -> Token:
    """Verify a token and assert that it has this header and no other."""
    verified = judge.verify(token)
    assert verified.header == header
    return verified


def test_headers_that_differ_in_one_character() -> None:
    """A known header serves no header that differs from it in a single character, wherever that stands."""
    judge = verifier(*(key(i, f"k{i}") for i in range(3)))
    header = encode(to_json({"alg": "HS256", "kid": "k0", "x": "a text to make it longer than one register is"}))
    payload = encode(to_json(PAYLOAD))
    judge.verify(sign_segments(header, payload, secret(0)))
    for place in range(len(header)):
        for char in (ALPHABET[ALPHABET.index(header[place]) ^ bit] for bit in (1, 2, 4, 8, 16, 32)):
            other = header[:place] + char + header[place + 1 :]
            token = sign_segments(other, payload, secret(0))
            if (expected := meaning(other)) is None:
                with pytest.raises(errors.InvalidTokenError):
                    judge.verify(token)
            else:
                check(judge, token, expected)
            judge.verify(sign_segments(header, payload, secret(0)))


def meaning(header: str) -> dict[str, object] | None:
    """Give the header if it is one that key k0 may have signed, judged by the standard library."""
    try:
        value = json.loads(decode(header).decode())
    except ValueError:
        return None
    return value if isinstance(value, dict) and value.get("alg") == "HS256" and value.get("kid", "k0") == "k0" else None


def test_a_thousand_headers() -> None:
    """A thousand headers in any order, more than are remembered, each give their own token and key."""
    count = 1000
    judge = verifier(*(key(i, f"k{i}") for i in range(50)))
    headers = [{"alg": "HS256", "kid": f"k{i % 50}", "n": i, "pad": "p" * (i % 7)} for i in range(count)]
    tokens = [sign(header, {**PAYLOAD, "n": i}, secret(i % 50)) for i, header in enumerate(headers)]
    order = [*range(count), *range(count)]
    random.Random(1).shuffle(order)  # noqa: S311 - nothing secret about it
    for i in order:
        token = check(judge, tokens[i], headers[i])
        assert token.key_id == f"k{i % 50}"
        assert token.claims["n"] == i
        forged = tokens[i].rpartition(".")[0] + "." + tokens[i - 1].rpartition(".")[2]
        refused(judge, forged, errors.InvalidSignatureError)


def test_headers_with_equal_ends_and_lengths() -> None:
    """Headers of one length that begin and end alike are told apart by what is between."""
    judge = verifier(*(key(i, f"k{i}") for i in range(10)))
    for i in [*range(10), *range(10)]:
        header = {"alg": "HS256", "kid": f"k{i}", "x": "the same end for all of them"}
        assert check(judge, sign(header, PAYLOAD, secret(i)), header).key_id == f"k{i}"
        refused(judge, sign(header, PAYLOAD, secret((i + 1) % 10)), errors.InvalidSignatureError)


def test_a_header_that_begins_another() -> None:
    """A header is not taken for a longer one that begins or ends with its bytes."""
    judge = verifier(key("a"))
    texts = [b'{"alg":"HS256"}', b'{"alg":"HS256"}   ', b'   {"alg":"HS256"}', b'{"alg":"HS256"      }']
    for text in [*texts, *texts]:
        check(judge, sign(text, PAYLOAD, secret("a")), {"alg": "HS256"})
        with pytest.raises(errors.DecodeError):
            judge.verify(sign(text + b"x", PAYLOAD, secret("a")))


def test_the_order_of_the_header_does_not_matter() -> None:
    """One header spelled in several ways gives equal headers, each read for itself."""
    judge = Verifier(Key.from_secret(SECRET, "HS256", key_id="k"), clock=Clock())
    for text in (b'{"alg":"HS256","kid":"k"}', b'{"kid":"k","alg":"HS256"}', b'{ "\\u0061lg":"HS25\\u0036","kid":"k"}'):
        check(judge, sign(text, PAYLOAD), {"alg": "HS256", "kid": "k"})


def test_a_secret_for_two_algorithms() -> None:
    """The algorithm that verified a token is the one its header names."""
    judge = Verifier([Key.from_secret(LONG_SECRET, alg) for alg in ("HS512", "HS256")], clock=Clock())
    for alg in ("HS256", "HS512"):
        assert judge.verify(sign({"alg": alg}, PAYLOAD, LONG_SECRET, f"sha{alg[2:]}")).algorithm == alg
    with pytest.raises(errors.InvalidAlgorithmError):
        judge.verify(sign({"alg": "HS384"}, PAYLOAD, LONG_SECRET, "sha384"))


def test_the_header_of_a_token() -> None:
    """A Token's header is the token's own, and can't be changed."""
    token = Verifier(Key.from_secret(SECRET, "HS256"), clock=Clock()).verify(good())
    assert token.header == HEADER
    with pytest.raises(TypeError):
        token.header["alg"] = "none"
