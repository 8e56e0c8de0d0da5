"""How other caches of tokens have failed, one by one: each was a hole somewhere, and is a test here."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from forge import HEADER, NOW, OTHER_SECRET, SECRET, Clock, encode, good, loose_spellings, sign, to_json, verdict

from jwtfast import ANY, Key, KeySet, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")
OTHER_KEY = Key.from_secret(OTHER_SECRET, "HS256")


def verifier(**options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW, unless another clock is given."""
    return Verifier(options.pop("keys", KEY), **{"clock": Clock(), **options})


def refused(judge: Verifier, raw: str, kind: type[errors.InvalidTokenError]) -> None:
    """Assert that a token is refused with an error of exactly this class."""
    assert verdict(judge.verify, raw) is kind


def test_1_exp_without_iat() -> None:
    """1 (fast-jwt CVE-2026-107719): a remembered token expires by its exp, whether it has an iat or not."""
    clock = Clock()
    judge = verifier(clock=clock)
    raws = [good(exp=NOW + 10), good(exp=NOW + 10, iat=NOW)]
    for raw in raws:
        judge.verify(raw)
    for clock.now in (NOW + 10, NOW + 11, 2 * NOW):
        for raw in raws:
            refused(judge, raw, errors.ExpiredSignatureError)


def test_1_max_age_on_a_hit() -> None:
    """1 (fast-jwt CVE-2026-107719): a remembered token grows too old by max_age, with exp and without."""
    clock = Clock()
    judge = verifier(clock=clock, max_age=5, required=())
    raws = [good(iat=NOW), sign(HEADER, {"iat": NOW})]
    for clock.now in (NOW, NOW + 4.75):
        for raw in raws:
            judge.verify(raw)
    clock.now = NOW + 5
    for raw in raws:
        refused(judge, raw, errors.ExpiredSignatureError)


@pytest.mark.parametrize("padding", [0, 1, 100, 5000])
def test_2_claims_of_another_token(padding: int) -> None:
    """2 (litellm CVE-2026-35030, fast-jwt CVE-2026-35039): however alike tokens are, each gives its own claims."""
    judge = verifier()
    raws = [good(x="x" * padding, sub=f"user{i}", y="y" * padding) for i in range(500)]
    for raw, i in [*zip(raws, itertools.count()), *zip(raws, itertools.count())]:
        assert judge.verify(raw).subject == f"user{i}"
    assert judge.cache_info().hits == 500


def test_2_beginnings_and_ends_of_a_token() -> None:
    """2: no part of a remembered token, and nothing that has it as a part, is taken for it."""
    judge = verifier()
    raw = good(sub="alice", x="x" * 100)
    judge.verify(raw)
    for size in (1, 16, 32, 43, 64, len(raw) - 1):
        for other in (raw[:size], raw[-size:], raw + raw[:size], raw[-size:] + raw, raw[:size] + raw[-size:]):
            assert issubclass(verdict(judge.verify, other), errors.DecodeError)  # type: ignore[arg-type]


def test_3_the_signature_is_part_of_the_key() -> None:
    """3 (wso2 product-apim#7406): the header and payload of a remembered token with another signature are refused."""
    judge = verifier()
    raw = good(sub="alice")
    judge.verify(raw)
    signing_input, _, signature = raw.rpartition(".")
    for other in (encode(bytes(32)), good(sub="bob").rpartition(".")[2], signature[::-1][1:] + "A", signature[:-4]):
        assert issubclass(verdict(judge.verify, f"{signing_input}.{other}"), errors.DecodeError)  # type: ignore[arg-type]
    refused(judge, f"{signing_input}.", errors.InvalidSignatureError)
    refused(judge, sign(HEADER, {"exp": NOW + 60, "sub": "alice"}, OTHER_SECRET), errors.InvalidSignatureError)


POLICIES: list[tuple[dict[str, Any], str | None]] = [
    ({"audience": "api", "issuer": "i"}, None),
    ({"audience": "api", "issuer": ["i", "j"]}, None),
    ({"audience": "other", "issuer": "i"}, "wrong_audience"),
    ({"audience": None, "issuer": "i"}, "wrong_audience"),
    ({"audience": "api", "issuer": "j"}, "wrong_issuer"),
    ({"audience": "api", "required": ["role"]}, "missing_claim"),
    ({"audience": "api", "token_type": "at+jwt"}, "wrong_type"),
    ({"audience": "api", "max_age": 1}, "expired"),
    ({"audience": "api", "max_token_bytes": 10}, "too_large"),
    ({"audience": "api", "keys": OTHER_KEY}, "bad_signature"),
    ({"audience": "api", "keys": Key.from_secret(SECRET * 2, "HS512")}, "algorithm_not_allowed"),
    ({"audience": "api", "clock": Clock(NOW + 60)}, "expired"),
    ({"audience": "api", "clock": Clock(NOW - 100)}, "not_yet_valid"),
]


def test_4_policy_and_keys_are_part_of_the_key() -> None:
    """4 (lua-resty-openidc#399, #569): verifiers of other audiences, issuers, keys and rules judge by their own."""
    raw = good(aud="api", iss="i", iat=NOW - 5)
    judges = [(verifier(**options), code) for options, code in POLICIES]
    for judge, code in judges * 3:
        found = verdict(judge.verify, raw)
        assert getattr(found, "code", None) == code


def test_5_leeway_is_the_verifiers() -> None:
    """5 (CVE-2026-107721): a token that one verifier remembers by its leeway is expired for one without."""
    clock = Clock(NOW)
    lenient, strict = (verifier(clock=clock, leeway=leeway) for leeway in (30, 0))
    raw = good(exp=NOW + 10)
    for judge in (lenient, strict):
        judge.verify(raw)
    clock.now = NOW + 10
    for _ in range(3):
        lenient.verify(raw)
        refused(strict, raw, errors.ExpiredSignatureError)
    clock.now = NOW + 39.75
    lenient.verify(raw)
    clock.now = NOW + 40
    refused(lenient, raw, errors.ExpiredSignatureError)


@pytest.mark.parametrize("leeway", [0, 0.25, 30])
@pytest.mark.parametrize("first", [NOW - 30, NOW - 15, NOW, NOW + 9.75, NOW + 39.75])
def test_5_skew_goes_the_right_way(leeway: float, first: float) -> None:
    """5 (envoy#23278): leeway makes a token's life longer at both ends, remembered or not, and never shorter."""
    clock = Clock()
    raw = good(nbf=NOW, exp=NOW + 10)
    for now in (NOW - 30.25, NOW - 30, NOW - 0.25, NOW, NOW + 9.75, NOW + 10, NOW + 10.25, NOW + 39.75, NOW + 40):
        judge = verifier(clock=clock, leeway=leeway)
        clock.now = first
        verdict(judge.verify, raw)
        clock.now = now
        good_now = NOW - leeway <= now < NOW + 10 + leeway
        assert isinstance(verdict(judge.verify, raw), str) is good_now


def test_6_not_yet_valid_is_not_remembered() -> None:
    """6 (fast-jwt#194, #275): a token that came too early is accepted as soon as its time has come."""
    clock = Clock()
    judge = verifier(clock=clock)
    for raw in (good(nbf=NOW + 1), good(iat=NOW + 1)):
        clock.now = NOW
        for _ in range(3):
            refused(judge, raw, errors.ImmatureSignatureError)
        clock.now = NOW + 1
        assert judge.verify(raw) is judge.verify(raw)


def test_6_failures_are_not_remembered() -> None:
    """6 (fast-jwt#277): a clock that failed leaves no trace (and no verifier fetches keys so far)."""
    clock = Clock(float("nan"))
    judge = verifier(clock=clock)
    for _ in range(3):
        assert verdict(judge.verify, good()) is ValueError
    clock.now = NOW
    judge.verify(good())
    assert judge.cache_info().tokens == 1


def test_7_a_caller_who_changes_claims() -> None:
    """7 (fast-jwt 6.3.6): a caller can't make the next one admin, neither at the top of the claims nor deep in them."""
    judge = verifier()
    raw = good(sub="alice", roles=["user"], deep={"roles": ["user"]})
    claims: Any = judge.verify(raw).claims
    for attempt in (
        lambda: claims.update(sub="admin"),
        lambda: claims["roles"].append("admin"),
        lambda: claims["deep"]["roles"].insert(0, "admin"),
        lambda: claims["deep"].pop("roles"),
        lambda: judge.verify(raw).header.update(alg="none"),
    ):
        with pytest.raises(TypeError):
            attempt()
    again = judge.verify(raw)
    assert again.claims == {"exp": NOW + 60, "sub": "alice", "roles": ["user"], "deep": {"roles": ["user"]}}
    assert again.header == HEADER


def test_8_memory_does_not_grow() -> None:
    """8 (PostgREST#3788, #3801, envoy#14341): tokens that nobody sends again make room, by count and by size."""
    clock = Clock()
    judge = verifier(clock=clock, cache_tokens=100, cache_bytes=100_000)
    for i in range(3000):
        clock.now += 1
        assert judge.verify(good(exp=clock.now + 5 + i % 500, n=i, x="x" * (i % 300))).claims["n"] == i
        info = judge.cache_info()
        assert info.tokens <= 100
        assert info.bytes <= 100_000


def test_8_the_limits_are_the_callers() -> None:
    """8 (envoy#32790): a cache holds as many tokens as it was allowed, more than any fixed number, and tells so."""
    judge = verifier(cache_tokens=30_000)
    for i in range(12_000):
        judge.verify(good(n=i))
    assert judge.cache_info().tokens == 12_000
    assert judge.cache_info().max_tokens == 30_000
    assert verifier().cache_info().max_tokens == 10_000


@pytest.mark.parametrize("cache_ttl", [None, 1, 5, 10, 1000])
def test_9_ttl_ends_with_exp(cache_ttl: float | None) -> None:
    """9 (mod_oauth2#14, clerk#8987): no cache_ttl, from whenever it counts, keeps a token past its exp."""
    for seen in (NOW, NOW + 4.5, NOW + 9.75):
        clock = Clock(seen)
        judge = verifier(clock=clock, cache_ttl=cache_ttl)
        raw = good(exp=NOW + 10)
        judge.verify(raw)
        clock.now = NOW + 9.75
        judge.verify(raw)
        clock.now = NOW + 10
        refused(judge, raw, errors.ExpiredSignatureError)


def test_10_a_key_that_is_gone() -> None:
    """10 (Envoy's jwt_cache): a verifier without the key refuses what one with it remembers."""
    named = [Key.from_secret(secret, "HS256", key_id=kid) for secret, kid in ((SECRET, "a"), (OTHER_SECRET, "b"))]
    raw = sign({**HEADER, "kid": "a"}, {"exp": NOW + 60})
    both = KeySet(named)
    before, after = verifier(keys=both), verifier(keys=KeySet(named[1:]))
    for _ in range(3):
        before.verify(raw)
        refused(after, raw, errors.UnknownKeyError)


def test_10_a_key_that_leaves_its_set() -> None:
    """10 (Envoy's jwt_cache): a key that leaves a set verifies nothing from the next call on, remembered or not."""
    keys = [Key.from_secret(secret, "HS256", key_id=kid) for secret, kid in ((SECRET, "a"), (OTHER_SECRET, "b"))]
    shared = KeySet(keys)
    judges = [verifier(keys=shared), verifier(keys=shared, cache_tokens=0)]
    raws = [
        sign({**HEADER, "kid": kid}, {"exp": NOW + 60}, secret) for secret, kid in ((SECRET, "a"), (OTHER_SECRET, "b"))
    ]
    for judge in judges:
        for raw in raws:
            judge.verify(raw)
    stays = judges[0].verify(raws[1])
    shared.replace(keys[1:])
    for judge in judges:
        refused(judge, raws[0], errors.UnknownKeyError)
        judge.verify(raws[1])
    assert judges[0].verify(raws[1]) is stays
    assert judges[0].cache_info().tokens == 1
    shared.replace(keys)
    for judge in judges:
        judge.verify(raws[0])


def test_10_a_call_that_is_refused_is_no_hit() -> None:
    """10: a remembered token whose key has left counts as a miss when it is refused."""
    keys = KeySet([KEY])
    judge = verifier(keys=keys)
    judge.verify(good())
    keys.replace([OTHER_KEY])
    refused(judge, good(), errors.InvalidSignatureError)
    assert judge.cache_info()[:2] == (0, 2)


def test_10_keys_that_make_too_many() -> None:
    """10: when a set grows to too many keys for a token without a kid, a remembered one is refused as a new one is."""
    nine = [KEY, *(Key.from_secret(bytes([i]) * 32, "HS256") for i in range(8))]
    keys = KeySet(nine[:2])
    judge = verifier(keys=keys)
    judge.verify(good())
    keys.replace(nine)
    refused(verifier(keys=keys), good(), errors.UnknownKeyError)
    refused(judge, good(), errors.UnknownKeyError)


def test_11_one_kid_of_two_issuers() -> None:
    """11 (CVE-2026-49998, CVE-2026-50202): the key that one verifier has under a kid is unknown to another's kid."""
    keys = [Key.from_secret(secret, "HS256", key_id="1") for secret in (SECRET, OTHER_SECRET)]
    first, second = verifier(keys=keys[0], issuer="https://a"), verifier(keys=keys[1], issuer="https://b")
    header = {**HEADER, "kid": "1"}
    raws = {
        (secret, iss): sign(header, {"exp": NOW + 60, "iss": iss}, secret)
        for secret in (SECRET, OTHER_SECRET)
        for iss in ("https://a", "https://b")
    }
    for _ in range(3):
        first.verify(raws[SECRET, "https://a"])
        second.verify(raws[OTHER_SECRET, "https://b"])
        refused(first, raws[OTHER_SECRET, "https://b"], errors.InvalidSignatureError)
        refused(first, raws[OTHER_SECRET, "https://a"], errors.InvalidSignatureError)
        refused(first, raws[SECRET, "https://b"], errors.InvalidIssuerError)
        refused(second, raws[SECRET, "https://a"], errors.InvalidSignatureError)


def test_11_delimiters() -> None:
    """11 (CVE-2025-59936): no kid, issuer or audience reads like two, whatever separates words elsewhere."""
    for mark in (":", "|", ",", " ", "/", "\0", "\n", ".", "#", "-"):
        keys = [
            Key.from_secret(secret, "HS256", key_id=kid)
            for secret, kid in ((SECRET, f"a{mark}b"), (OTHER_SECRET, "a"), (SECRET[::-1], f"HS256{mark}a"))
        ]
        judge = verifier(keys=keys, audience=[f"x{mark}y"], issuer=["i", f"i{mark}x"])
        for key, secret in zip(keys, (SECRET, OTHER_SECRET, SECRET[::-1]), strict=True):
            claims = {"exp": NOW + 60, "aud": f"x{mark}y", "iss": "i"}
            assert judge.verify(sign({**HEADER, "kid": key.key_id}, claims, secret)).key_id == key.key_id
        header = {**HEADER, "kid": f"a{mark}b"}
        refused(judge, sign(header, {"exp": NOW + 60, "aud": ["x", "y"], "iss": "i"}), errors.InvalidAudienceError)
        refused(judge, sign(header, {"exp": NOW + 60, "aud": "y", "iss": f"i{mark}x"}), errors.InvalidAudienceError)
        claims = {"exp": NOW + 60, "aud": f"x{mark}y", "iss": f"i{mark}"}
        refused(judge, sign(header, claims), errors.InvalidIssuerError)


def test_11_keys_are_replaced_and_not_merged() -> None:
    """11 (CVE-2025-22149): a new key set has its own keys only, though it is built from an old one's."""
    old = KeySet([KEY])
    new = KeySet([OTHER_KEY])
    verifier(keys=old).verify(good())
    refused(verifier(keys=new), good(), errors.InvalidSignatureError)
    assert [*old] == [KEY]
    assert [*new] == [OTHER_KEY]


def test_12_the_cache_hits() -> None:
    """12 (fastify-jwt#358): a verifier that is kept answers every repeated token from its cache."""
    judge = verifier()
    raws = [good(n=i) for i in range(100)]
    for _ in range(5):
        for raw in raws:
            judge.verify_bearer(f"Bearer {raw}")
    assert judge.cache_info()[:5] == (400, 100, 0, 0, 100)


def test_12_a_verifier_that_is_rebuilt() -> None:
    """12 (fastify-jwt#358): a verifier built anew has an empty cache: rebuilding costs time and nothing else."""
    for _ in range(3):
        judge = verifier()
        assert judge.verify(good()).claims == {"exp": NOW + 60}
        assert judge.cache_info()[:5] == (0, 1, 0, 0, 1)


def test_13_one_spelling() -> None:
    """13 (CVE-2026-102269): no other spelling of a token is accepted, so that a denylist of tokens can't be evaded."""
    judge = verifier(audience=ANY)
    raw = sign(b'{"alg":"HS256","x":"~~~???>>>"}', to_json({"exp": NOW + 60, "x": "~~~???>>>"}))
    judge.verify(raw)
    segments = raw.split(".")
    for place, segment in enumerate(segments):
        for other in {*loose_spellings(segment)} - {segment}:
            spelled = ".".join([*segments[:place], other, *segments[place + 1 :]])
            assert issubclass(verdict(judge.verify, spelled), errors.DecodeError)  # type: ignore[arg-type]
    for spelled in (
        f" {raw}",
        f"{raw} ",
        f"{raw}\n",
        f"{raw}.",
        f".{raw}",
        raw.swapcase(),
        f'"{raw}"',
        f"Bearer {raw}",
    ):
        assert issubclass(verdict(judge.verify, spelled), errors.DecodeError)  # type: ignore[arg-type]
    assert judge.cache_info().tokens == 1
