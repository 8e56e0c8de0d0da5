"""The list of revocations in memory: what it refuses, from when, until when, and within what bounds."""

from __future__ import annotations

import copy
import math
import pickle
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from forge import NOW, OTHER_SECRET, SECRET, Clock, encode, good, sign, to_json
from hypothesis import given

from jwtfast import Key, KeySet, RevocationList, Token, Verifier, errors
from jwtfast._native import Generation, siphash

KEY = Key.from_secret(SECRET, "HS256", key_id="a")
ISSUER = "https://login.example"


def listed(**options: Any) -> RevocationList:
    """Give a list whose clock stands at NOW, unless another clock is given."""
    return RevocationList(**{"clock": Clock(), **options})


def verifier(revocations: Any, **options: Any) -> Verifier:
    """Give a verifier that has a list, and whose clock stands at NOW, unless another clock is given."""
    return Verifier(options.pop("keys", KEY), **{"clock": Clock(), "revocations": revocations, **options})


def issued(**claims: object) -> str:
    """Give a token with everything that one can be revoked by, or with what is given instead; None leaves one out."""
    members = {"iss": ISSUER, "sub": "alice", "sid": "laptop", "jti": "1", "iat": NOW - 10} | claims
    return good(**{name: value for name, value in members.items() if value is not None})


def code_of(judge: Verifier, raw: str) -> str | None:
    """Give the code of the error that a token is refused with, or None where it is good."""
    try:
        judge.verify(raw)
    except errors.InvalidTokenError as error:
        return error.code
    return None


# ---- What is refused ----

Revoke = Callable[[RevocationList], None]
BY: dict[str, tuple[Revoke, dict[str, object]]] = {
    "jti": (lambda revoked: revoked.revoke_jti(ISSUER, "1", NOW + 60), {"jti": "2"}),
    "subject": (lambda revoked: revoked.revoke_subject(ISSUER, "alice"), {"sub": "bob"}),
    "session": (lambda revoked: revoked.revoke_session(ISSUER, "laptop"), {"sid": "phone"}),
}


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("cache_tokens", [0, 100])
def test_it_takes_effect_on_the_next_call(by: str, cache_tokens: int) -> None:
    """What is revoked is refused on the very next call, cached or not; other values and other issuers' stay good."""
    revoked = listed()
    judge = verifier(revoked, cache_tokens=cache_tokens)
    revoke, other = BY[by]
    others = [issued(**other), issued(iss="https://other.example"), issued(iss=None)]
    for raw in [issued(), *others]:
        assert code_of(judge, raw) is None
    revoke(revoked)
    assert [code_of(judge, raw) for raw in [issued(), *others] * 2] == ["revoked", None, None, None] * 2
    assert judge.cache_info().tokens == (3 if cache_tokens else 0)


def test_a_token_revokes_itself() -> None:
    """revoke_token() revokes one token by its issuer and jti until its exp, and no other token of its subject."""
    revoked = listed()
    judge = verifier(revoked)
    revoked.revoke_token(judge.verify(issued()))
    revoked.revoke_token(judge.verify(issued(iss=None)))
    assert [code_of(judge, issued(jti=jti)) for jti in ("1", "2")] == ["revoked", None]
    assert code_of(judge, issued(iss=None)) == "revoked"
    assert len(revoked) == 2


@pytest.mark.parametrize("token_id", [None, ""])
def test_a_token_without_jti(token_id: str | None) -> None:
    """A token that has no jti to be revoked by is an error, which says what can be revoked instead."""
    revoked = listed()
    with pytest.raises(ValueError, match=r"no jti .* subject or its session"):
        revoked.revoke_token(verifier(None).verify(issued(jti=token_id)))
    with pytest.raises(TypeError, match="not str"):
        revoked.revoke_token(issued())  # type: ignore[arg-type]
    assert len(revoked) == 0


@pytest.mark.parametrize("by", ["subject", "session"])
@pytest.mark.parametrize(("iat", "refused"), [(NOW - 1, True), (NOW, True), (NOW + 0.5, False), (None, True)])
def test_issued_before(by: str, iat: float | None, refused: bool) -> None:
    """Of a subject or session, what was issued at the instant or before is refused, and what doesn't say when."""
    revoked = listed()
    judge = verifier(revoked, leeway=1)
    assert code_of(judge, issued(iat=iat)) is None
    BY[by][0](revoked)
    assert code_of(judge, issued(iat=iat)) == ("revoked" if refused else None)
    getattr(revoked, f"revoke_{by}")(ISSUER, {"subject": "alice", "session": "laptop"}[by], issued_before=NOW + 0.5)
    assert code_of(judge, issued(iat=iat)) == "revoked"


def test_a_jti_is_revoked_whenever_it_was_issued() -> None:
    """By jti and by kid a token is refused whatever its iat."""
    by_jti, by_kid = listed(), listed()
    by_jti.revoke_jti(ISSUER, "1", NOW + 60)
    by_kid.revoke_key("a")
    for iat in (None, 0, NOW - 10, NOW + 30):
        for revoked in (by_jti, by_kid):
            assert code_of(verifier(revoked, leeway=60), issued(iat=iat)) == "revoked"


def test_by_key() -> None:
    """By kid all tokens go that name it, or whose key has that name, whoever issued them; no others."""
    revoked = listed()
    nameless = Key.from_secret(OTHER_SECRET, "HS256")
    judge = verifier(revoked, keys=[KEY, nameless, Key.from_secret(b"k" * 32, "HS256", key_id="k")])
    claims = {"exp": NOW + 60, "jti": "1"}
    named = sign({"alg": "HS256", "kid": "a"}, claims)
    unnamed = sign({"alg": "HS256"}, claims)
    of_nameless = sign({"alg": "HS256", "kid": "x"}, claims, OTHER_SECRET)
    other = sign({"alg": "HS256", "kid": "k"}, claims, b"k" * 32)
    raws = [named, unnamed, of_nameless, other]
    assert [code_of(judge, raw) for raw in raws] == [None] * 4
    revoked.revoke_key("a")
    assert [code_of(judge, raw) for raw in raws * 2] == ["revoked", "revoked", None, None] * 2
    revoked.revoke_key("x")
    assert [code_of(judge, raw) for raw in raws * 2] == ["revoked", "revoked", "revoked", None] * 2


@pytest.mark.parametrize("kid", ["å", "key 1", "日本", 'a"b\\', "a\0b", "\U0001f511", "k" * 300, "\ud800"])
def test_any_kid(kid: str) -> None:
    """A kid of any characters, also of a key of one's own that no token could name, is looked up as it is."""
    revoked = listed()
    judge = verifier(revoked, keys=Key.from_secret(SECRET, "HS256", key_id=kid))
    raw = issued() if kid == "\ud800" else sign({"alg": "HS256", "kid": kid}, {"exp": NOW + 60})
    assert code_of(judge, raw) is None
    revoked.revoke_key("another")
    assert code_of(judge, raw) is None
    if kid != "\ud800":
        revoked.revoke_key(kid)
        assert code_of(judge, raw) == "revoked"


def test_one_logout_leaves_the_others() -> None:
    """One logout in a cache of a thousand tokens costs one token its place; all others stay hits, as one object."""
    revoked = listed()
    judge = verifier(revoked)
    raws = [issued(sub=f"user{i}") for i in range(1000)]
    known = [judge.verify(raw) for raw in raws]
    revoked.revoke_subject(ISSUER, "user500")
    for i, raw in enumerate(raws):
        if i == 500:
            assert code_of(judge, raw) == "revoked"
        else:
            assert judge.verify(raw) is known[i]
    assert judge.cache_info()[:5] == (999, 1001, 0, 0, 999)


def test_keys_that_change() -> None:
    """A change of keys leaves what the list says, and the other way round."""
    revoked, keys = listed(), KeySet([KEY])
    judge = verifier(revoked, keys=keys)
    alice, bob = issued(), issued(sub="bob")
    known = judge.verify(bob)
    judge.verify(alice)
    revoked.revoke_subject(ISSUER, "alice")
    keys.replace([KEY, Key.from_secret(OTHER_SECRET, "HS256", key_id="b")])
    assert code_of(judge, alice) == "revoked"
    assert judge.verify(bob) is known
    keys.replace([Key.from_secret(OTHER_SECRET, "HS256", key_id="b")])
    revoked.revoke_subject(ISSUER, "bob")
    assert [code_of(judge, raw) for raw in (alice, bob)] == ["bad_signature"] * 2


# ---- By value, however it is spelled ----


def respelled(*members: str) -> str:
    """Sign a payload of members as they are spelled, with an exp."""
    return sign(b'{"alg":"HS256"}', f'{{"exp":{NOW + 60},{",".join(members)}}}'.encode())


SPELLINGS = {
    "escape in the value": ('"iss":"i"', '"jti":"\\u0061b"', '"sub":"s"', '"sid":"d"'),
    "escape in the issuer": ('"iss":"\\u0069"', '"jti":"ab"', '"sub":"s"', '"sid":"d"'),
    "escape in a name": ('"iss":"i"', '"j\\u0074i":"ab"', '"sub":"s"', '"sid":"d"'),
    "escape elsewhere": ('"iss":"i"', '"jti":"ab"', '"sub":"s"', '"sid":"d"', '"n\\u0061me":"\\u0061"'),
    "escapes in all": ('"iss":"\\u0069"', '"jti":"\\u0061\\u0062"', '"sub":"\\u0073"', '"sid":"\\u0064"'),
    "many members": ('"iss":"i"', *(f'"m{i}":{i}' for i in range(200)), '"jti":"ab"', '"sub":"s"', '"sid":"d"'),
    "spaces": ('"iss" : "i"', '\n"jti":\t"ab" ', '"sub":"s"', ' "sid": "d"\r'),
    "surrogate pair elsewhere": ('"iss":"i"', '"jti":"ab"', '"sub":"s"', '"sid":"d"', '"x":"\\ud83d\\ude00"'),
}


@pytest.mark.parametrize("by", ["jti", "sub", "sid"])
@pytest.mark.parametrize("how", SPELLINGS)
def test_spellings(how: str, by: str) -> None:
    """A token is met by its values, however its JSON spells them."""
    revoked = listed()
    judge = verifier(revoked)
    raw = respelled(*SPELLINGS[how])
    assert code_of(judge, raw) is None
    {
        "jti": lambda: revoked.revoke_jti("i", "ab", None),
        "sub": lambda: revoked.revoke_subject("i", "s"),
        "sid": lambda: revoked.revoke_session("i", "d"),
    }[by]()
    assert code_of(judge, raw) == "revoked"
    assert code_of(verifier(revoked, cache_tokens=0), raw) == "revoked"


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(TEXTS, TEXTS, st.booleans())
def test_any_text(issuer: str, value: str, escaped: bool) -> None:
    """Any Unicode text, spelled with all the escapes there are or with none, is met by its value."""
    revoked = listed()
    judge = verifier(revoked)
    payload = {"exp": NOW + 60, "iss": issuer, "jti": value, "sub": value, "sid": value}
    if escaped:
        units = {text: text.encode("utf-16-be") for text in (issuer, value)}
        spelled = {
            text: "".join(f"\\u{octets[i]:02x}{octets[i + 1]:02X}" for i in range(0, len(octets), 2))
            for text, octets in units.items()
        }
        raw = respelled(
            f'"iss":"{spelled[issuer]}"', *(f'"{name}":"{spelled[value]}"' for name in ("jti", "sub", "sid"))
        )
    else:
        raw = sign({"alg": "HS256"}, payload)
    assert code_of(judge, raw) is None
    for revoke in (revoked.revoke_session, revoked.revoke_subject):
        revoke(issuer, value + "x")
        revoke(value + issuer, value)
        revoke(None, value)
    revoked.revoke_jti(issuer, value[:-1] or "-" + value, None)
    assert code_of(judge, raw) is None
    for kind in ("jti", "subject", "session"):
        one = listed()
        single = verifier(one)
        single.verify(raw)
        if kind == "jti":
            one.revoke_jti(issuer, value, None)
        else:
            getattr(one, f"revoke_{kind}")(issuer, value)
        assert code_of(single, raw) == "revoked"


@given(st.lists(st.text(':|,\0a"\\', min_size=1, max_size=4), min_size=4, max_size=4))
def test_no_two_pairs_run_together(texts: list[str]) -> None:
    """CVE-2025-59936: a pair of issuer and value is met by that pair alone, not by one that joins to the same text."""
    revoked = listed()
    judge = verifier(revoked)
    first, second = (texts[0], texts[1]), (texts[2], texts[3])
    revoked.revoke_jti(*first, None)
    raw = sign({"alg": "HS256"}, {"exp": NOW + 60, "iss": second[0], "jti": second[1]})
    assert code_of(judge, raw) == ("revoked" if first == second else None)


def test_kinds_are_apart() -> None:
    """What is revoked as one kind of thing is not met as another."""
    revoked = listed()
    judge = verifier(revoked, keys=Key.from_secret(SECRET, "HS256", key_id="x"))
    kinds = ("jti", "sub", "sid")
    raws = [sign({"alg": "HS256"}, {"exp": NOW + 60, "iss": "x", name: "x"}) for name in kinds]
    revoked.revoke_jti("x", "x", None)
    assert [code_of(judge, raw) for raw in raws] == ["revoked", None, None]
    revoked.revoke_session("x", "x")
    assert [code_of(judge, raw) for raw in raws] == ["revoked", None, "revoked"]
    revoked.revoke_jti(None, "x", None)
    assert code_of(judge, raws[1]) is None
    revoked.revoke_key("x")
    assert code_of(judge, raws[1]) == "revoked"


def test_two_spellings_of_a_signature() -> None:
    """CVE-2026-102269: of an ECDSA token's two good signatures neither escapes a revocation of the other's token."""
    private = Key.generate("ES256")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signing_input = ".".join(encode(to_json(part)) for part in ({"alg": "ES256"}, {"exp": NOW + 60, "jti": "1"}))
    signature = private.sign(signing_input.encode())
    r, s = signature[:32], int.from_bytes(signature[32:])
    raws = [f"{signing_input}.{encode(r + value.to_bytes(32))}" for value in (s, order - s)]
    for cache_tokens in (0, 100):
        for first, second in (raws, raws[::-1]):
            revoked = listed()
            judge = verifier(revoked, keys=private.public(), cache_tokens=cache_tokens)
            assert code_of(judge, second) is None
            revoked.revoke_token(judge.verify(first))
            assert [code_of(judge, raw) for raw in raws] == ["revoked"] * 2


@pytest.mark.parametrize("value", [1, 1.5, True, None, ["laptop"], {"sid": "laptop"}, [], {}])
def test_what_can_not_be_looked_up(value: object) -> None:
    """A jti, sub, sid or iss that is no string can't be looked up, so the token is refused, not passed over."""
    judge = verifier(listed())
    codes = {"jti": "invalid_jti", "sub": "invalid_subject", "sid": "invalid_claim", "iss": "wrong_issuer"}
    for name, code in codes.items():
        assert code_of(judge, sign({"alg": "HS256"}, {"exp": NOW + 60, name: value})) == code


def test_sid_is_anything_where_there_is_no_list() -> None:
    """A verifier without a list doesn't ask what sid is."""
    assert code_of(verifier(None), issued(sid=7)) is None


@pytest.mark.parametrize("options", [{"required": ("exp", "sid")}, {"claims": {"sid": ["laptop", "phone"]}}])
def test_sid_that_is_asked_for(options: dict[str, Any]) -> None:
    """A policy may ask for sid besides, and it is looked up all the same."""
    revoked = listed()
    judge = verifier(revoked, **options)
    assert [code_of(judge, issued(sid=sid)) for sid in ("laptop", None)] == [None, "missing_claim"]
    revoked.revoke_session(ISSUER, "laptop")
    assert [code_of(judge, issued(sid=sid)) for sid in ("laptop", "phone")] == ["revoked", None]


# ---- Until when ----


def test_a_token_is_remembered_as_long_as_it_can_be_good() -> None:
    """An entry for a jti outlives the token's exp by the leeway; no verifier can find the token good after that."""
    clock = Clock()
    revoked = listed(clock=clock, leeway=30)
    judge = verifier(revoked, clock=clock, leeway=30)
    raw = issued(exp=NOW + 60)
    revoked.revoke_token(judge.verify(raw))
    for clock.now in (NOW + 59, NOW + 60, NOW + 89.9):
        for number in range(100):  # the others make it look for what has ended
            revoked.revoke_jti(ISSUER, f"{clock.now}.{number}", clock.now - 29)
        assert code_of(judge, raw) == "revoked"
    clock.now = NOW + 90
    assert code_of(judge, raw) == "expired"
    clock.now = NOW + 200
    assert len(revoked) == 0


def test_a_verifier_with_more_leeway_than_its_list() -> None:
    """A verifier that takes tokens for longer than its list remembers them is refused when it is built."""
    with pytest.raises(ValueError, match="give the list a leeway of 31"):
        verifier(listed(leeway=30), leeway=31)
    with pytest.raises(ValueError, match="give the list a leeway of 31"):
        verifier(Lenient(leeway=30), leeway=31)
    verifier(listed(leeway=30), leeway=30)


@pytest.mark.parametrize("by", ["subject", "session"])
def test_subjects_and_sessions_go_with_their_tokens(by: str) -> None:
    """A subject or session is remembered for max_lifetime and the leeway from the instant on, or for good."""
    clock = Clock()
    brief = listed(clock=clock, max_lifetime=600, leeway=20)
    forever = listed(clock=clock)
    judges = [verifier(revoked, clock=clock, required=()) for revoked in (brief, forever)]
    raw = issued(exp=NOW + 10**9)
    for revoked in (brief, forever):
        BY[by][0](revoked)
    expected = [(NOW + 619, ["revoked", "revoked"], 1), (NOW + 620, [None, "revoked"], 0)]
    for clock.now, codes, count in expected:
        assert [code_of(judge, raw) for judge in judges] == codes
        assert [len(brief), len(forever)] == [count, 1]


def test_an_entry_only_ever_grows() -> None:
    """Revoking again never makes a revocation shorter, nor one for fewer tokens."""
    clock = Clock()
    revoked = listed(clock=clock, max_lifetime=100, leeway=0)
    judge = verifier(revoked, clock=clock)
    raw, later = issued(exp=NOW + 1000), issued(exp=NOW + 1000, iat=NOW, jti="2", sub="bob", sid="x")
    revoked.revoke_jti(ISSUER, "1", NOW + 500)
    revoked.revoke_jti(ISSUER, "1", NOW + 5)
    revoked.revoke_subject(ISSUER, "bob", issued_before=NOW)
    revoked.revoke_subject(ISSUER, "bob", issued_before=NOW - 50)
    clock.now = NOW + 99
    assert [code_of(judge, each) for each in (raw, later)] == ["revoked"] * 2
    clock.now = NOW + 499
    assert code_of(judge, raw) == "revoked"
    revoked.revoke_jti(ISSUER, "1", None)
    clock.now = NOW + 999
    assert code_of(judge, raw) == "revoked"
    assert len(revoked) == 1


def test_what_has_ended_is_not_widened() -> None:
    """An entry that has ended counts no more when another is made for the same subject."""
    clock = Clock()
    revoked = listed(clock=clock, max_lifetime=10, leeway=0)
    judge = verifier(revoked, clock=clock)
    revoked.revoke_subject(ISSUER, "alice", issued_before=NOW)
    clock.now = NOW + 20
    revoked.revoke_subject(ISSUER, "alice", issued_before=NOW + 11 - 0.5)
    raw = issued(exp=NOW + 100, iat=NOW + 10.75)
    assert code_of(judge, raw) is None
    assert len(revoked) == 1


def test_nothing_to_keep() -> None:
    """What has expired, leeway included, needs no entry, and changes nothing for anyone."""
    revoked = listed(leeway=10)
    before = revoked.generation.count
    revoked.revoke_jti(ISSUER, "1", NOW - 10)
    assert (len(revoked), revoked.generation.count) == (0, before)
    revoked.revoke_jti(ISSUER, "1", NOW - 9.5)
    assert (len(revoked), revoked.generation.count) == (1, before + 1)
    revoked.revoke_jti(ISSUER, "1", NOW - 9.5)
    assert (len(revoked), revoked.generation.count) == (1, before + 1)


# ---- Bounds ----


def test_a_full_list_says_so() -> None:
    """A full list refuses another entry with an error and forgets none; entries that end make room again."""
    clock = Clock()
    revoked = listed(clock=clock, max_entries=100, leeway=0)
    judge = verifier(revoked, clock=clock, required=())
    for number in range(100):
        revoked.revoke_jti(ISSUER, str(number), NOW + 10 + number)
    for _ in range(3):
        with pytest.raises(errors.RevocationListFullError, match=r"holds 100 revocations.*raise max_entries"):
            revoked.revoke_jti(ISSUER, "more", NOW + 1000)
    raws = [issued(jti=str(number), exp=None) for number in range(100)]
    assert [code_of(judge, raw) for raw in raws] == ["revoked"] * 100
    revoked.revoke_jti(ISSUER, "7", NOW + 500)  # known: it needs no room
    clock.now = NOW + 10
    revoked.revoke_jti(ISSUER, "more", NOW + 1000)
    with pytest.raises(errors.RevocationListFullError):
        revoked.revoke_jti(ISSUER, "even more", NOW + 1000)
    assert [code_of(judge, raw) for raw in raws] == [None] + ["revoked"] * 99
    assert len(revoked) == 100


def test_memory_follows_what_is_held() -> None:
    """A list takes at most 132 bytes for each entry, and gives them back when they end, without being asked."""
    clock = Clock()
    revoked = listed(clock=clock, leeway=0)
    empty = sys.getsizeof(revoked)
    for number in range(20_000):
        revoked.revoke_jti(ISSUER, str(number), NOW + 10)
        assert number < 100 or sys.getsizeof(revoked) - empty <= 132 * (number + 1)
    for step in range(1, 100):
        clock.now = NOW + 10 * step
        for number in range(200):
            revoked.revoke_jti(ISSUER, f"{step}.{number}", clock.now + 10)
    assert sys.getsizeof(revoked) - empty <= 132 * 1000
    clock.now = NOW + 10_000
    assert len(revoked) == 0
    assert sys.getsizeof(revoked) - empty <= 1024


def test_what_a_token_takes_is_counted() -> None:
    """What a cached token is looked up by is in the cache's count of bytes, and leaves it with the token."""
    plain, listing = verifier(None), verifier(listed())
    empty = [judge.cache_info().bytes for judge in (plain, listing)]
    for judge in (plain, listing):
        judge.verify(issued())
    taken = [judge.cache_info().bytes - before for judge, before in zip((plain, listing), empty, strict=True)]
    assert 72 <= taken[1] - taken[0] <= 88
    assert listing.forget(issued())
    assert listing.cache_info().bytes == empty[1]


def test_a_large_list_finds_each_and_no_other() -> None:
    """Of a hundred thousand entries each one is found, and none of as many others."""
    revoked = listed()
    for number in range(100_000):
        revoked.revoke_jti("i", str(number), None)
    assert len(revoked) == 100_000
    judge = verifier(revoked, cache_tokens=0)
    codes = [
        code_of(judge, sign(b'{"alg":"HS256"}', b'{"exp":%d,"iss":"i","jti":"%d"}' % (NOW + 9, number)))
        for number in range(0, 200_000, 97)
    ]
    assert codes == ["revoked" if number < 100_000 else None for number in range(0, 200_000, 97)]


# ---- Lists inside other lists ----


class Both:
    """A list of somebody else's that asks two of ours."""

    def __init__(self, *lists: RevocationList) -> None:
        self.generation = Generation()
        self.lists = lists

    def revokes(self, token: Token, /) -> bool:
        """Ask them all."""
        return any(each.revokes(token) for each in self.lists)


class Lenient(RevocationList):
    """A list that has its own way to answer."""

    __slots__ = ()

    def revokes(self, token: Token, /) -> bool:
        """Let one subject pass whatever is said."""
        return token.subject != "root" and super().revokes(token)


@pytest.mark.parametrize("by", BY)
def test_a_list_that_is_asked_by_another(by: str) -> None:
    """revokes() says the same when an object of one's own asks it, whether or not the verifier has this list too."""
    first, second = listed(), listed()
    judges = [verifier(Both(first, second)), verifier(second)]
    revoke, other = BY[by]
    tokens = [judge.verify(issued(**claims)) for judge in judges for claims in ({}, other, {"iss": None})]
    assert [second.revokes(token) for token in tokens] == [False] * 6
    revoke(second)
    assert [second.revokes(token) for token in tokens] == [True, False, False] * 2
    assert [first.revokes(token) for token in tokens] == [False] * 6
    second.revoke_key("a")
    assert [second.revokes(token) for token in tokens] == [True] * 6
    assert code_of(verifier(Both(first, second)), issued()) == "revoked"


@pytest.mark.parametrize("sid", [7, None, ["laptop"]])
def test_a_list_that_is_asked_by_another_about_a_sid_that_is_none(sid: object) -> None:
    """A token whose sid is no string may be of any session, so it is refused."""
    token = verifier(None).verify(sign({"alg": "HS256"}, {"exp": NOW + 60, "sid": sid}))
    assert listed().revokes(token)


def test_a_subclass_that_answers_itself() -> None:
    """A subclass's own revokes() is what counts."""
    lenient = Lenient(clock=Clock())
    judge = verifier(lenient)
    for subject in ("root", "alice"):
        lenient.revoke_subject(ISSUER, subject)
    assert [code_of(judge, issued(sub=subject)) for subject in ("root", "alice")] == [None, "revoked"]


def test_what_is_no_token() -> None:
    """revokes() takes a Token and nothing else."""
    for wrong in (None, issued(), object()):
        with pytest.raises(TypeError):
            listed().revokes(wrong)  # type: ignore[arg-type]


# ---- A list that knows too little ----


def test_a_suspended_list() -> None:
    """While a list is suspended nothing is called good, cached or not; what it knows to be revoked stays revoked."""
    revoked = listed()
    judge = verifier(revoked)
    alice, bob = issued(), issued(sub="bob", jti="2", sid="x")
    known = judge.verify(bob)
    revoked.revoke_subject(ISSUER, "alice")
    for _ in range(2):
        revoked.suspended = True
        assert revoked.suspended
        for _ in range(2):
            with pytest.raises(errors.RevocationListUnavailableError):
                judge.verify(bob)
            with pytest.raises(errors.RevocationListUnavailableError):
                judge.verify(issued(sub="carol"))
            assert code_of(judge, alice) == "revoked"
            assert code_of(judge, "a.b.c") == "malformed"
        revoked.suspended = False
        assert judge.verify(bob) is known
        assert code_of(judge, alice) == "revoked"


# ---- Arguments ----

BAD: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda revoked: revoked.revoke_jti("", "1", None), ValueError, "issuer is empty"),
    (lambda revoked: revoked.revoke_jti("i", "", None), ValueError, "token_id is empty"),
    (lambda revoked: revoked.revoke_subject("i", ""), ValueError, "subject is empty"),
    (lambda revoked: revoked.revoke_session("i", ""), ValueError, "session_id is empty"),
    (lambda revoked: revoked.revoke_key(""), ValueError, "key_id is empty"),
    (lambda revoked: revoked.revoke_subject("i", "\ud800"), ValueError, "subject is no Unicode text"),
    (lambda revoked: revoked.revoke_jti(1, "1", None), TypeError, "issuer is a str or None, not int"),
    (lambda revoked: revoked.revoke_jti("i", None, None), TypeError, "token_id is a str, not NoneType"),
    (lambda revoked: revoked.revoke_jti("i", b"1", None), TypeError, "token_id is a str, not bytes"),
    (lambda revoked: revoked.revoke_jti("i", "1", "tomorrow"), TypeError, "expires_at is a time.*not str"),
    (lambda revoked: revoked.revoke_jti("i", "1", True), TypeError, "expires_at is a time.*not bool"),
    (lambda revoked: revoked.revoke_jti("i", "1", math.nan), ValueError, "expires_at"),
    (lambda revoked: revoked.revoke_jti("i", "1", math.inf), ValueError, "expires_at"),
    (lambda revoked: revoked.revoke_key("k", expires_at=10**400), ValueError, "expires_at"),
    (lambda revoked: revoked.revoke_subject("i", "s", issued_before=math.nan), ValueError, "issued_before"),
    (lambda revoked: revoked.revoke_session("i", "s", issued_before="now"), TypeError, "issued_before"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_bad_arguments(call: Callable[[Any], object], kind: type[Exception], message: str) -> None:
    """A wrong argument is one error that names it, and revokes nothing."""
    revoked = listed()
    with pytest.raises(kind, match=message):
        call(revoked)
    assert (len(revoked), revoked.generation.count) == (0, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"max_lifetime": -1},
        {"max_lifetime": math.nan},
        {"max_lifetime": "1d"},
        {"leeway": -1},
        {"leeway": None},
        {"max_entries": 0},
        {"max_entries": 1.5},
        {"max_entries": True},
        {"max_entries": 2**32},
        {"clock": 7},
    ],
)
def test_bad_options(options: dict[str, Any]) -> None:
    """A list is refused when it is built with what makes no sense."""
    with pytest.raises((ValueError, TypeError), match=next(iter(options))):
        RevocationList(**options)


def test_a_clock_that_tells_no_time() -> None:
    """A clock of one's own that tells no time is an error, and its own errors reach the caller."""
    revoked = listed(clock=lambda: math.nan)
    with pytest.raises(ValueError, match="told no time"):
        revoked.revoke_subject("i", "s")
    with pytest.raises(ZeroDivisionError):
        listed(clock=lambda: 1 / 0).revoke_jti("i", "1", None)


def test_the_system_clock() -> None:
    """Without a clock of one's own the system's time is what ends entries."""
    revoked = RevocationList(leeway=0)
    revoked.revoke_jti("i", "1", time.time() - 1)
    revoked.revoke_jti("i", "2", time.time() + 1000)
    assert len(revoked) == 1


def test_no_copies_and_no_second_start() -> None:
    """A list can't be copied, pickled or emptied by a second __init__: something would be forgotten."""
    revoked = listed()
    revoked.revoke_jti("i", "1", None)
    for refused in (copy.copy, copy.deepcopy, pickle.dumps, RevocationList.__init__):
        with pytest.raises(TypeError):
            refused(revoked)
    assert len(revoked) == 1
    assert repr(revoked) == "<RevocationList of 1>"


# ---- Threads ----


def test_threads() -> None:
    """Once a revocation has returned in one thread it holds for each call that begins in any other."""
    revoked = listed(max_entries=10_000)
    judge = verifier(revoked)
    raws = [issued(jti=str(number), sub=f"user{number}", sid=str(number)) for number in range(400)]
    for raw in raws:
        judge.verify(raw)
    done = 0
    failures: list[int] = []
    stop = False

    def ask() -> None:
        while not stop:
            upto = done
            failures.extend(i for i in range(max(0, upto - 5), upto) if code_of(judge, raws[i]) != "revoked")
            failures.extend(i for i in range(399, 395, -1) if upto < 390 and code_of(judge, raws[i]) is not None)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(390):
        if number % 2:
            revoked.revoke_jti(ISSUER, str(number), None)
        else:
            revoked.revoke_subject(ISSUER, f"user{number}")
        done = number + 1
        if number % 20 == 0:
            time.sleep(0.001)
    stop = True
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(revoked) == 390


# ---- The hash ----


def reference_siphash(key: bytes, message: bytes, rounds_each: int, rounds_at_the_end: int) -> bytes:
    """Give the 128-bit SipHash as its authors' paper has it."""
    mask = 2**64 - 1
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v = [
        a ^ b
        for a, b in zip(
            (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573),
            (k0, k1 ^ 0xEE, k0, k1),
            strict=True,
        )
    ]

    def turn(word: int, count: int) -> int:
        return (word << count | word >> (64 - count)) & mask

    def rounds(count: int) -> None:
        for _ in range(count):
            for a, b, by, c, d, by2 in ((0, 1, 13, 2, 3, 16), (2, 1, 17, 0, 3, 21)):
                v[a] = (v[a] + v[b]) & mask
                v[c] = (v[c] + v[d]) & mask
                v[b], v[d] = turn(v[b], by) ^ v[a], turn(v[d], by2) ^ v[c]
                v[a] = turn(v[a], 32)

    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) % 256])
    for place in range(0, len(padded), 8):
        word = int.from_bytes(padded[place : place + 8], "little")
        v[3] ^= word
        rounds(rounds_each)
        v[0] ^= word
    v[2] ^= 0xEE
    rounds(rounds_at_the_end)
    first = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    rounds(rounds_at_the_end)
    return first.to_bytes(8, "little") + (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")


def test_the_published_vectors() -> None:
    """The reference gives the values that the authors have published for SipHash-2-4."""
    key = bytes(range(16))
    published = {
        0: "a3817f04ba25a8e66df67214c7550293",
        1: "da87c1d86b99af44347659119b22fc45",
        8: "3b62a9ba6258f5610f83e264f31497b4",
    }
    for length, value in published.items():
        assert reference_siphash(key, bytes(range(length)), 2, 4).hex() == value


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=80))
def test_the_hash(key: bytes, message: bytes) -> None:
    """The native hash is SipHash-1-3."""
    message = message[: len(message) // 8 * 8]
    assert siphash(key, message) == reference_siphash(key, message, 1, 3)
