"""Tokens of several issuers: each is judged by its issuer's verifier alone, and all are remembered in one cache."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

import pytest
from forge import HEADER, LONG_SECRET, NOW, OTHER_SECRET, SECRET, Clock, encode, sign, sign_segments, to_json, verdict
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import Key, KeySet, MultiIssuerVerifier, Token, Verifier, errors
from jwtfast._native import Generation

ONE, TWO = "https://one.example", "https://two.example"
SECRETS = {ONE: SECRET, TWO: OTHER_SECRET}
CLOCK = Clock()


def member(issuer: str, /, **options: Any) -> Verifier:
    """Give an issuer's verifier, whose key has the same kid as every other's."""
    key = Key.from_secret(SECRETS.get(issuer, SECRET), "HS256", key_id="k")
    return Verifier(key, **{"issuer": issuer, "clock": CLOCK, "cache_tokens": 0, **options})


def several(**options: Any) -> MultiIssuerVerifier:
    """Give a verifier of both issuers."""
    return MultiIssuerVerifier({ONE: member(ONE), TWO: member(TWO)}, **options)


def raw_of(issuer: object, secret: bytes | None = None, /, **claims: object) -> str:
    """Give a token of an issuer, signed with its secret or another one."""
    key = secret or SECRETS.get(str(issuer), SECRET)
    return sign({**HEADER, "kid": "k"}, {"iss": issuer, "exp": NOW + 60, **claims}, key)


def code_of(verify: Callable[[Any], object], raw: object) -> str | None:
    """Give the code of the error that a token is refused with, or None where it is good."""
    try:
        verify(raw)
    except errors.InvalidTokenError as error:
        return error.code
    return None


# ---- picking ----


def test_each_by_its_own() -> None:
    """A token is judged by the verifier of its issuer, remembered, and answered from the one cache."""
    verifier = several()
    raws = [raw_of(issuer, n=i) for i in range(20) for issuer in (ONE, TWO)]
    tokens = [verifier.verify(raw) for raw in raws]
    assert [token.issuer for token in tokens] == [ONE, TWO] * 20
    assert [verifier.verify(raw.encode()) for raw in raws] == tokens
    assert verifier.cache_info()[:5] == (40, 40, 0, 0, 40)


@pytest.mark.parametrize("cached", [False, True])
def test_keys_never_cross(cached: bool) -> None:
    """A token that names one issuer and is signed by another's key is refused, though their kids are the same."""
    verifier = several(cache_tokens=100 if cached else 0)
    verifier.verify(raw_of(ONE))
    verifier.verify(raw_of(TWO))
    assert code_of(verifier.verify, raw_of(ONE, OTHER_SECRET)) == "bad_signature"
    assert code_of(verifier.verify, raw_of(TWO, SECRET)) == "bad_signature"


def test_cve_2025_59936_no_delimiter_collides() -> None:
    """Issuers and kids that look alike when they are joined are not taken for each other (CVE-2025-59936)."""
    pairs = [("a", "b:c"), ("a:b", "c"), ("a|b", "c"), ("a", "b|c"), ("a\0b", "c"), ("a b", "c"), ("a/b", "c")]
    secrets = {issuer: bytes([n]) * 32 for n, (issuer, _) in enumerate(dict(pairs).items())}
    kids: dict[str, list[str]] = {}
    for issuer, kid in pairs:
        kids.setdefault(issuer, []).append(kid)
    verifier = MultiIssuerVerifier(
        {
            issuer: Verifier(
                KeySet([Key.from_secret(secrets[issuer], "HS256", key_id=kid) for kid in kids[issuer]]),
                issuer=issuer,
                clock=CLOCK,
            )
            for issuer in kids
        }
    )
    for issuer, kid in pairs:
        for signer, _ in pairs:
            raw = sign({"alg": "HS256", "kid": kid}, {"iss": issuer, "exp": NOW + 60}, secrets[signer])
            assert code_of(verifier.verify, raw) == (None if signer == issuer else "bad_signature")


@pytest.mark.parametrize(
    "issuer",
    [
        "https://three.example",
        ONE + "/",
        ONE[:-1],
        ONE + ".evil.example",
        ONE.upper(),
        " " + ONE,
        ONE + "\0",
        "https://\u043ene.example",
        "",
    ],
)
def test_cve_2024_53861_issuers_by_the_letter(issuer: str) -> None:
    """An issuer is one of those configured or it is not: no part, no longer one, no other spelling (CVE-2024-53861)."""
    assert code_of(several().verify, raw_of(issuer)) == "wrong_issuer"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"exp": NOW + 60}, "missing_claim"),
        ({"exp": NOW + 60, "claims": {"iss": ONE}}, "missing_claim"),
        ({"iss": None, "exp": NOW + 60}, "wrong_issuer"),
        ({"iss": [ONE], "exp": NOW + 60}, "wrong_issuer"),
        ({"iss": {"iss": ONE}, "exp": NOW + 60}, "wrong_issuer"),
        ({"iss": 5, "exp": NOW + 60}, "wrong_issuer"),
        (b'{"iss":"%s","iss":"%s","exp":9}' % (ONE.encode(), TWO.encode()), "malformed"),
        (b'{"iss":"%s","\\u0069ss":"%s","exp":9}' % (ONE.encode(), TWO.encode()), "malformed"),
        (b'{"\\u0069ss":5}', "wrong_issuer"),
        (b'{"\\u0061":5}', "missing_claim"),
        (b"[]", "malformed"),
        (b"", "malformed"),
        (b"\xff", "malformed"),
        (b'{"iss":"%s"' % ONE.encode(), "malformed"),
        (b'{"iss":"\\ud800"}', "malformed"),
        (b'{"iss":"\\ud800","\\u0061":1}', "malformed"),
        (b'{"iss":"x","a":' + b"[" * 100 + b"]" * 100 + b"}", "malformed"),
        (b'{"iss":"x","a":18446744073709551616}', "malformed"),
    ],
)
def test_issuers_that_are_none(payload: Any, code: str) -> None:
    """A payload without an issuer that can be read strictly gets to no verifier, whoever signed it."""
    assert code_of(several().verify, sign(HEADER, payload)) == code


@pytest.mark.parametrize(
    "payload",
    [
        b'{"iss":"https:\\/\\/one.example","exp":%d}' % (NOW + 60),
        b'{"\\u0069ss":"https:\\/\\/one.example","exp":%d}' % (NOW + 60),
        b'{ "exp" : %d , "iss" : "https://one.\\u0065xample" }' % (NOW + 60),
        b'{"iss":"%s","exp":%d,"pad":"%s"}' % (ONE.encode(), NOW + 60, b"x" * 9000),
    ],
)
def test_other_spellings_of_an_issuer(payload: bytes) -> None:
    """An issuer is what its JSON says, however it is spelled there."""
    assert several().verify(sign(HEADER, payload)).issuer == ONE


def test_the_form_comes_first() -> None:
    """What is no token is refused as any verifier refuses it."""
    verifier = several()
    for bad, code in (
        ("", "malformed"),
        ("a.b", "malformed"),
        ("a.b.c.d.e", "malformed"),
        ("\u20ac", "malformed"),
        (sign_segments(encode(to_json(HEADER)), "e30="), "malformed"),
        ("x" * 20_000, "too_large"),
        (sign({"alg": "none"}, {"iss": ONE}), "algorithm_not_allowed"),
        (sign({**HEADER, "kid": "other"}, {"iss": ONE}), "unknown_key"),
    ):
        assert code_of(verifier.verify, bad) == code
    with pytest.raises(TypeError):
        verifier.verify(5)  # type: ignore[arg-type]


# ---- as a single verifier would ----

_CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "iss": st.sampled_from([ONE, TWO, "https://three.example"]),
        "exp": st.sampled_from([NOW - 1, NOW, NOW + 1, NOW + 60, "soon"]),
        "nbf": st.sampled_from([NOW - 1, NOW + 1]),
        "aud": st.sampled_from(["api", ["api"], "other"]),
        "sub": st.sampled_from(["alice", 5, "\u00e9"]),
    },
)


@given(st.lists(st.tuples(_CLAIMS, st.sampled_from([SECRET, OTHER_SECRET]), st.sampled_from([0, 1, 30])), max_size=12))
def test_the_same_verdicts(tokens: list[tuple[dict[str, Any], bytes, int]]) -> None:
    """Whatever came before, a token of a known issuer gets the verdict that its verifier alone would give."""
    clock = Clock()
    options: Any = {"clock": clock, "audience": "api"}
    alone = {issuer: member(issuer, **options) for issuer in SECRETS}
    verifier = MultiIssuerVerifier(alone, cache_tokens=4)
    for claims, secret, later in tokens:
        clock.now = NOW + later
        raw = sign({**HEADER, "kid": "k"}, claims, secret)
        judge = alone.get(claims.get("iss", ""))
        expected = {errors.InvalidIssuerError, errors.MissingRequiredClaimError}
        for _ in range(2):
            found = verdict(verifier.verify, raw)
            assert found == verdict(judge.verify, raw) if judge is not None else found in expected


def test_policies_stay_apart() -> None:
    """What one issuer's verifier accepts, and another's doesn't, is decided by the token's own, remembered or not."""
    verifier = MultiIssuerVerifier(
        {
            ONE: member(ONE, audience="one", leeway=30),
            TWO: member(TWO, audience="two", max_token_bytes=300, required=("exp", "sub")),
        }
    )
    for _ in range(2):
        assert code_of(verifier.verify, raw_of(ONE, aud="one", exp=NOW - 20)) is None
        assert code_of(verifier.verify, raw_of(TWO, aud="one", sub="a")) == "wrong_audience"
        assert code_of(verifier.verify, raw_of(TWO, aud="two", sub="a")) is None
        assert code_of(verifier.verify, raw_of(TWO, aud="two")) == "missing_claim"
        assert code_of(verifier.verify, raw_of(TWO, aud="two", sub="a" * 300)) == "too_large"
        assert code_of(verifier.verify, raw_of(ONE, aud="one", sub="a" * 300)) is None
        assert code_of(verifier.verify, raw_of(TWO, aud="two", sub="a", exp=NOW - 20)) == "expired"


# ---- the cache ----


def test_remembered_tokens_end() -> None:
    """A remembered token ends with its time window, and with its verifier's cache_ttl."""
    clock = Clock()
    verifier = MultiIssuerVerifier({ONE: member(ONE, clock=clock, cache_ttl=5), TWO: member(TWO, clock=clock)})
    raws = [raw_of(ONE), raw_of(TWO)]
    for raw in raws:
        verifier.verify(raw)
    clock.now += 6
    hits = verifier.cache_info().hits
    for raw in raws:
        verifier.verify(raw)
    assert verifier.cache_info().hits == hits + 1
    clock.now += 60
    assert [code_of(verifier.verify, raw) for raw in raws] == ["expired"] * 2


def test_keys_that_leave() -> None:
    """A key that leaves one issuer's set takes that issuer's remembered tokens with it, and no others."""
    keys = KeySet([Key.from_secret(SECRET, "HS256", key_id="k")])
    verifier = MultiIssuerVerifier({ONE: Verifier(keys, issuer=ONE, clock=CLOCK), TWO: member(TWO)})
    raws = [raw_of(ONE), raw_of(TWO)]
    for raw in raws:
        verifier.verify(raw)
    keys.replace([Key.from_secret(LONG_SECRET, "HS256", key_id="k")])
    assert [code_of(verifier.verify, raw) for raw in raws] == ["bad_signature", None]
    assert verifier.cache_info().hits == 1
    assert verifier.cache_info().tokens == 1


def test_revocations() -> None:
    """Each issuer's revocations hold for its own tokens, remembered ones too."""

    class Everything:
        def __init__(self) -> None:
            self.generation = Generation()
            self.revoked = False

        def revokes(self, token: Token, /) -> bool:
            assert token.issuer == ONE
            return self.revoked

    everything = Everything()
    verifier = MultiIssuerVerifier({ONE: member(ONE, revocations=everything), TWO: member(TWO)})
    raws = [raw_of(ONE), raw_of(TWO)]
    for raw in raws:
        verifier.verify(raw)
    everything.revoked = True
    everything.generation.advance()
    assert [code_of(verifier.verify, raw) for raw in raws] == ["revoked", None]


def test_members_keep_their_own_cache() -> None:
    """The members' own caches and counts are left alone, and what they remember is not answered from here."""
    one = member(ONE, cache_tokens=10)
    verifier = MultiIssuerVerifier({ONE: one})
    raw = raw_of(ONE)
    token = one.verify(raw)
    assert verifier.verify(raw) is not token
    assert verifier.verify(raw) is verifier.verify(raw)
    assert one.cache_info()[:2] == (0, 1)
    assert verifier.cache_info()[:2] == (2, 1)


def test_limits_hold_for_all_issuers_together() -> None:
    """The cache holds so many tokens of all issuers together; with none, nothing is remembered."""
    verifier = several(cache_tokens=10)
    for i in range(30):
        verifier.verify(raw_of((ONE, TWO)[i % 2], n=i))
    assert verifier.cache_info().tokens == 10
    nothing = several(cache_tokens=0)
    nothing.verify(raw_of(ONE))
    assert nothing.cache_info().tokens == 0


def test_forget_and_clear() -> None:
    """A token can be forgotten, and all of them."""
    verifier = several()
    raws = [raw_of(ONE), raw_of(TWO)]
    for raw in raws:
        verifier.verify(raw)
    assert [verifier.forget(raws[0]), verifier.forget(raws[0]), verifier.forget("\u20ac")] == [True, False, False]
    assert verifier.cache_info().tokens == 1
    verifier.clear_cache()
    assert verifier.cache_info().tokens == 0
    assert verifier.verify(raws[1]).issuer == TWO


def test_nothing_is_left_behind() -> None:
    """A verifier that goes gives back its tokens and its members."""
    verifier = several()
    token = verifier.verify(raw_of(ONE))
    before = sys.getrefcount(token)
    del verifier
    gc.collect()
    assert sys.getrefcount(token) == before - 1
    assert token.issuer == ONE


def test_many_threads() -> None:
    """Threads that share it get the verdicts that they would get alone."""
    verifier = several(cache_tokens=16)
    raws = [
        (raw_of(issuer, secret, n=i), issuer, secret)
        for i in range(20)
        for issuer in SECRETS
        for secret in SECRETS.values()
    ]

    def judge(_: int) -> None:
        for raw, issuer, secret in raws:
            assert code_of(verifier.verify, raw) == (None if SECRETS[issuer] == secret else "bad_signature")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(judge, range(16)))


# ---- the rest of the interface ----


def test_bearer() -> None:
    """An Authorization header's value is read as any verifier reads it."""
    verifier = several()
    raw = raw_of(TWO)
    assert verifier.verify_bearer("Bearer " + raw) is verifier.verify_bearer(b"bearer  " + raw.encode())
    for value, code in (
        (None, "missing_token"),
        ("Basic eDp5", "missing_token"),
        ("Bearer", "invalid_request"),
        ("Bearer \u20ac", "invalid_request"),
        ("Bearer a.b.c, d", "invalid_request"),
        ("Bearer " + raw_of(ONE, OTHER_SECRET), "bad_signature"),
    ):
        assert code_of(verifier.verify_bearer, value) == code


def test_no_copies() -> None:
    """It can't be pickled, copied or configured twice, and is of no use before it is configured."""
    verifier = several()
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="share the one"):
            copying(verifier)
    with pytest.raises(TypeError, match="configured once"):
        verifier.__init__({ONE: member(ONE)})  # type: ignore[misc]
    blank = MultiIssuerVerifier.__new__(MultiIssuerVerifier)
    for use in (lambda: blank.verify("x"), blank.cache_info, blank.clear_cache, lambda: blank.forget("x")):
        with pytest.raises(TypeError, match="never configured"):
            use()


def test_what_members_must_be() -> None:
    """Each member is a configured verifier of just the issuer that it stands for, and all go by one clock."""
    for issuer in (None, TWO, [ONE, TWO], [TWO]):
        with pytest.raises(ValueError, match=r"must be configured with issuer='https://one\.example' alone"):
            MultiIssuerVerifier({ONE: member(ONE, issuer=issuer)})
    MultiIssuerVerifier({ONE: member(ONE, issuer=[ONE, ONE])})
    with pytest.raises(ValueError, match="one clock"):
        MultiIssuerVerifier({ONE: member(ONE), TWO: member(TWO, clock=None)})
    with pytest.raises(ValueError, match="empty"):
        MultiIssuerVerifier({})
    for wrong in ([member(ONE)], None, {ONE: 5}, {ONE: several()}, {5: member(ONE)}, {ONE: Key.generate("HS256")}):
        with pytest.raises(TypeError):
            MultiIssuerVerifier(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="never configured"):
        MultiIssuerVerifier({ONE: Verifier.__new__(Verifier)})
    for limits in ({"cache_tokens": -1}, {"cache_bytes": -1}):
        with pytest.raises(ValueError, match="at least 0"):
            several(**limits)


def test_issuers_of_a_subclass_of_str() -> None:
    """An issuer may be a member of an enumeration of strings."""

    class Issuers(StrEnum):
        FIRST = ONE

    assert MultiIssuerVerifier({Issuers.FIRST: member(Issuers.FIRST)}).verify(raw_of(ONE)).issuer == ONE


def test_the_mapping_is_copied() -> None:
    """A change of the mapping afterwards changes nothing."""
    verifiers = {ONE: member(ONE)}
    verifier = MultiIssuerVerifier(verifiers)
    verifiers[TWO] = member(TWO)
    assert code_of(verifier.verify, raw_of(TWO)) == "wrong_issuer"
    assert verifier.verify(raw_of(ONE)).issuer == ONE
