"""The cache of verified tokens: it changes nothing but time, and has its limits."""

from __future__ import annotations

import collections
import copy
import gc
import hashlib
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from forge import HEADER, NOW, OTHER_SECRET, SECRET, Clock, good, sign, verdict
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import CacheInfo, Key, Token, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")


def verifier(**options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW, unless another clock is given."""
    return Verifier(KEY, **{"clock": Clock(), **options})


def refused(judge: Verifier, raw: Any, kind: type[errors.InvalidTokenError] = errors.InvalidTokenError) -> None:
    """Assert that a token is refused."""
    with pytest.raises(kind):
        judge.verify(raw)


def is_hit(judge: Verifier, raw: Any) -> bool:
    """Verify a token and tell whether it came from the cache."""
    before = judge.cache_info().hits
    judge.verify(raw)
    return judge.cache_info().hits > before


def text(*names: int) -> str:
    """Give 64 characters that stand in no other token."""
    return hashlib.sha256(repr(names).encode()).hexdigest()


# ---- Law 1: a cache changes nothing but time ----

SECONDS = st.integers(-20, 20).map(lambda quarters: NOW + quarters / 4)


@given(
    dates=st.fixed_dictionaries({}, optional={"exp": SECONDS, "nbf": SECONDS, "iat": SECONDS}),
    instants=st.lists(SECONDS, min_size=2, max_size=5),
    leeway=st.sampled_from([0, 0.25, 1]),
    max_age=st.sampled_from([None, 0, 1, 2.25]),
    cache_ttl=st.sampled_from([None, 0, 0.5, 3]),
)
def test_a_cache_changes_nothing(
    dates: dict[str, float], instants: list[float], leeway: float, max_age: float | None, cache_ttl: float | None
) -> None:
    """A verifier that saw a token before says of it at any later, or earlier, instant what a fresh one says."""
    clock = Clock()
    options: dict[str, Any] = {"required": (), "leeway": leeway, "max_age": max_age, "clock": clock}
    seen = verifier(cache_ttl=cache_ttl, **options)
    token = sign(HEADER, dates)
    for clock.now in instants:
        assert verdict(seen.verify, token) == verdict(verifier(**options).verify, token)


def test_hits_give_the_same_token() -> None:
    """One token gives one Token, whichever type its characters come in, as long as it is remembered."""
    judge = verifier()
    raw = good(sub="alice")
    first = judge.verify(raw)
    for other in (raw, "".join([*raw]), raw.encode(), bytearray(raw.encode()), memoryview(raw.encode())):
        assert judge.verify(other) is first
    assert judge.verify_bearer(f"Bearer {raw}") is first
    judge.clear_cache()
    again = judge.verify(raw.encode())
    assert again is not first
    assert again.claims == first.claims
    assert judge.verify(raw) is again


@pytest.mark.parametrize(
    "raw",
    [
        good(exp=NOW),
        good(nbf=NOW + 1),
        good(iss=1),
        good(aud="x"),
        sign(HEADER, {}),
        sign(HEADER, {"exp": NOW + 1}, b"x"),
    ],
)
def test_refused_tokens_are_not_remembered(raw: str) -> None:
    """Nothing is kept of a refused token, and it is judged anew each time."""
    judge = verifier()
    empty = judge.cache_info()
    for tries in range(1, 4):
        refused(judge, raw)
        assert judge.cache_info() == empty._replace(misses=tries)


def test_refused_tokens_take_no_memory() -> None:
    """However many tokens are refused, and however their headers differ, nothing of them stays."""
    judge = verifier()
    forged = [sign({**HEADER, "x": text(i)}, {"exp": NOW + 60}, OTHER_SECRET) for i in range(2000)]
    expired = [good(exp=NOW, sub=text(i)) for i in range(2000)]
    assert held_by(lambda: [verdict(judge.verify, raw) for raw in forged + expired] and None) < 10_000


def test_headers_take_bounded_memory() -> None:
    """However many headers good tokens have, the verifier remembers a bounded number of them."""
    judge = verifier(cache_tokens=0)
    raws = [sign({**HEADER, "x": text(i) * 4}, {"exp": NOW + 60}) for i in range(4000)]
    assert held_by(lambda: [judge.verify(raw) for raw in raws] and None) < 200_000


def test_equality_is_decided_on_all_bytes() -> None:
    """A token that shares its signature, or all but one character, with a remembered one is another token."""
    judge = verifier()
    raw = good(sub="alice", x="x" * 200)
    mallory = good(sub="mallory", x="x" * 200)
    for cached in (raw, mallory):
        judge.verify(cached)
    header, payload, signature = raw.split(".")
    for place in range(0, len(payload), 7):
        other = payload[:place] + ("A" if payload[place] != "A" else "B") + payload[place + 1 :]
        refused(judge, f"{header}.{other}.{signature}", errors.InvalidSignatureError)
    refused(judge, f"{header}.{mallory.split('.')[1]}.{signature}", errors.InvalidSignatureError)
    refused(judge, f"{header}.{payload[:-4]}.{signature}", errors.InvalidSignatureError)
    assert is_hit(judge, raw)


def test_a_cache_belongs_to_one_verifier() -> None:
    """What one verifier remembers is unknown to all others, also to one of the same keys and policy."""
    first, second = verifier(), verifier()
    raw = good()
    token = first.verify(raw)
    assert second.verify(raw) is not token
    assert second.cache_info().hits == 0
    second.clear_cache()
    assert first.cache_info().tokens == 1
    assert first.verify(raw) is token


# ---- Law 2: nobody can change what another caller sees ----


def test_what_callers_do_to_claims() -> None:
    """Whatever a caller tries with the claims, the next caller sees what was signed."""
    judge = verifier()
    claims = {"exp": NOW + 60, "roles": ["user"], "deep": {"a": [{"b": 1}]}}
    raw = sign(HEADER, claims)
    mine: Any = judge.verify(raw).claims
    attempts: list[Callable[[], object]] = [
        lambda: mine.update(admin=True),
        lambda: mine.__setitem__("admin", True),
        lambda: mine["roles"].append("admin"),
        lambda: mine["deep"]["a"][0].update(b=2),
        mine["deep"]["a"].clear,
        lambda: mine.__init__(admin=True),
        lambda: mine["roles"].__init__(["admin"]),
        lambda: setattr(judge.verify(raw), "claims", {}),
    ]
    for attempt in attempts:
        with pytest.raises((TypeError, AttributeError)):
            attempt()
    for own in (dict(mine), mine.copy(), copy.deepcopy(mine)):
        own["admin"] = True
    copy.deepcopy(mine)["roles"].append("admin")
    assert judge.verify(raw).claims is mine
    assert json.loads(json.dumps(mine)) == claims


# ---- Law 3: bounded ----


def held_by(call: Callable[[], object]) -> int:
    """Give how many bytes stay allocated after a call, each block rounded up as the allocator does."""
    gc.collect()
    tracemalloc.start()
    try:
        kept = call()
        gc.collect()
        traces: Any = tracemalloc.take_snapshot().traces
        del kept
        return sum(-(-trace.size // 16) * 16 for trace in traces)
    finally:
        tracemalloc.stop()


Shape = Callable[[int], dict[str, Any]]
SHAPES: dict[str, Shape] = {
    "typical": lambda i: {
        "sub": text(i),
        "iss": "https://login.example",
        "jti": text(i, 1),
        "scope": "read write",
        "n": i,
    },
    "long": lambda i: {"x": text(i) * 40},
    "not ASCII": lambda i: {"x": "\xe9" + text(i) * 10, "y": "\u0142" + text(i), "z": "\N{KEY}" + text(i)},
    "floats": lambda i: {"x": [i + k / 7 for k in range(100)]},
    "large integers": lambda i: {"x": [2**40 + 1000 * i + k for k in range(100)]},
    "small integers": lambda i: {"x": [k % 200 for k in range(100)], "n": text(i)},
    "true and null": lambda i: {"x": [True, None] * 50, "n": text(i)},
    "single characters": lambda i: {"x": ["a", "b"] * 50, "n": text(i)},
    "nested": lambda i: {"x": [{"a": [text(i, k)]} for k in range(20)]},
    "empty containers": lambda i: {"x": [{}] * 50, "y": [[]] * 50, "n": text(i)},
    "names of their own": lambda i: {"x": {text(i, k)[:36]: True for k in range(20)}},
    "long names of their own": lambda i: {"x": {text(i, k) * 2: True for k in range(20)}},
    "many members": lambda i: {f"member{k}": text(i, k) for k in range(150)},
    "an escape in a name": lambda i: {'na"me': text(i), "x": [text(i, k) for k in range(20)]},
    "an exponent": lambda i: {"y": 1e300, "x": [text(i, k) for k in range(20)]},
}


@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_are_what_is_held(shape: str, read: bool) -> None:
    """The cache's count of bytes is what tokens, claims and entries really take, within a tenth."""
    raws = [sign(HEADER, {"exp": NOW + 60, **SHAPES[shape](i)}) for i in range(300)]
    check_bytes(raws, read=read)


@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("headers", [1, 2, 20, 100, 300])
def test_bytes_with_several_headers(headers: int, read: bool) -> None:
    """What a token's header takes is counted too, where each token has a header of its own."""
    raws = [sign({**HEADER, "nonce": text(i % headers) * 4}, {"exp": NOW + 60, "sub": text(i)}) for i in range(300)]
    check_bytes(raws, read=read)


def check_bytes(raws: list[str], *, read: bool) -> None:
    """Assert that the cache counts what these tokens take."""
    judge = verifier()
    judge.verify(raws[0]).claims  # noqa: B018 - once, so that shared objects are there
    judge.clear_cache()
    empty = judge.cache_info().bytes

    def fill() -> None:
        for raw in raws:
            token = judge.verify(raw)
            if read:
                assert token.claims

    held = held_by(fill)
    assert judge.cache_info().tokens == len(raws)
    assert judge.cache_info().bytes - empty == pytest.approx(held, rel=0.1)


def test_bytes_when_those_who_share_go() -> None:
    """What several tokens share, such as the names of members, is counted as long as one of them is there."""
    judge = verifier()
    empty = judge.cache_info().bytes
    names = {f"member {k} that all of them have": True for k in range(20)}
    pairs = [[sign(HEADER, {"exp": NOW + 60, "jti": which, "n": i, **names}) for which in "ab"] for i in range(300)]

    def fill() -> None:
        for pair in pairs:
            for raw in pair:
                assert judge.verify(raw).claims
        for first, _ in pairs:
            assert judge.forget(first)

    held = held_by(fill)
    assert judge.cache_info().tokens == len(pairs)
    assert judge.cache_info().bytes - empty == pytest.approx(held, rel=0.1)


def test_the_table_itself_is_counted() -> None:
    """An empty cache counts the memory of its table, within the limit that it was given."""
    for tokens, size in [(1, 256), (10, 4096), (10_000, 2**26), (2**20, 2**20), (7, 2**20)]:
        info = verifier(cache_tokens=tokens, cache_bytes=size).cache_info()
        assert 0 < info.bytes <= info.max_bytes == size
        assert 0 < info.max_tokens <= tokens


def within_limits(judge: Verifier, empty: int) -> CacheInfo:
    """Assert that a cache is within its limits, and give what it tells."""
    info = judge.cache_info()
    assert info.tokens <= info.max_tokens
    assert empty <= info.bytes <= info.max_bytes
    assert (info.bytes == empty) == (info.tokens == 0)
    return info


@pytest.mark.parametrize("tokens", [0, 1, 2, 5, 100])
@pytest.mark.parametrize("size", [0, 255, 256, 1000, 5000, 50_000])
def test_limits_hold_at_every_instant(tokens: int, size: int) -> None:
    """Tokens and bytes never exceed their limits, after any verification and any reading of claims."""
    clock = Clock()
    judge = verifier(cache_tokens=tokens, cache_bytes=size, clock=clock)
    empty = judge.cache_info().bytes
    kept = collections.deque[Token](maxlen=20)
    for i in range(200):
        clock.now += i % 3
        kept.append(judge.verify(good(exp=clock.now + 1 + i % 10, x=["y" * 10] * (i * 37 % 100), n=i)))
        within_limits(judge, empty)
        assert kept[i * 7 % len(kept)].claims["exp"]
        within_limits(judge, empty)
    judge.clear_cache()
    assert judge.cache_info().bytes == empty
    for token in kept:
        assert token.claims["exp"]
    assert judge.cache_info().bytes == empty


@pytest.mark.parametrize("options", [{"cache_tokens": 0}, {"cache_bytes": 0}, {"cache_bytes": 255}])
def test_no_cache(options: dict[str, int]) -> None:
    """Without room for a token nothing is kept, and all is verified anew."""
    judge = verifier(**options)
    raw = good(sub="alice")
    first, second = judge.verify(raw), judge.verify(raw)
    assert first is not second
    assert first.claims == second.claims
    assert judge.forget(raw) is False
    judge.clear_cache()
    info = judge.cache_info()
    assert (info.hits, info.misses, info.expired, info.evictions, info.tokens, info.bytes) == (0, 2, 0, 0, 0, 0)
    refused(judge, raw + "~")


def test_a_token_too_large_for_the_cache() -> None:
    """A token that is larger than the whole cache is not kept, and drives nobody out."""
    judge = verifier(cache_tokens=5, cache_bytes=3000)
    small, large = good(), good(x="x" * 3000)
    judge.verify(small)
    assert judge.verify(large) is not judge.verify(large)
    assert judge.verify(large).claims["x"] == "x" * 3000
    assert is_hit(judge, small)
    assert judge.cache_info().evictions == 0


def test_claims_too_large_for_the_cache() -> None:
    """A token whose claims make it too large when they are read gives up its own place, and nobody else's."""
    judge = verifier(cache_tokens=5, cache_bytes=6000)
    small, large = good(), good(x=[[]] * 200)
    judge.verify(small)
    token = judge.verify(large)
    assert judge.cache_info().tokens == 2
    assert len(token.claims["x"]) == 200
    assert judge.cache_info().tokens == 1
    assert is_hit(judge, small)


def test_claims_drive_out_the_least_recent() -> None:
    """Claims that are read take the place of the tokens that were used least recently."""
    raws = [good(n=i, x="x" * 100) for i in range(4)]
    judge = verifier(cache_tokens=5, cache_bytes=room_for(5, raws))
    for raw in raws:
        judge.verify(raw)
    token = judge.verify(good(x=[[]] * 15))
    assert judge.cache_info().tokens == 5
    assert len(token.claims["x"]) == 15
    info = judge.cache_info()
    assert 0 < info.evictions == 5 - info.tokens
    remembered = [is_hit(judge, raw) for raw in reversed(raws[info.evictions :])]
    assert all(remembered)


def room_for(count: int, raws: list[str]) -> int:
    """Give a limit in bytes within which so many tokens like these find room in a cache of five, and no more."""
    judge = verifier(cache_tokens=5)
    judge.verify(raws[0])
    one = judge.cache_info().bytes  # with the header that all of them share
    judge.verify(raws[1])
    return one + (count - 1) * (judge.cache_info().bytes - one) + 100


def test_claims_are_charged_once() -> None:
    """Reading claims again, or by any property, costs nothing more."""
    judge = verifier()
    token = judge.verify(good(sub="alice"))
    unread = judge.cache_info().bytes
    assert token.subject == "alice"
    read = judge.cache_info().bytes
    assert read > unread
    assert (token.claims["sub"], token.scopes, token.audience) == ("alice", frozenset(), ())
    assert judge.verify(good(sub="alice")).claims is token.claims
    assert judge.cache_info().bytes == read


# ---- What cache_info tells, and in which order tokens go ----


def test_cache_info() -> None:
    """Hits, misses, expired and evicted tokens are counted, and the limits are told."""
    clock = Clock()
    judge = verifier(cache_tokens=2, cache_bytes=2**20, clock=clock)
    empty = judge.cache_info()
    assert empty == CacheInfo(0, 0, 0, 0, 0, empty.bytes, 2, 2**20)
    one, two, three = (good(exp=NOW + 10 * i) for i in (1, 2, 3))
    judge.verify(one)
    judge.verify(one)
    judge.verify(one.encode())
    refused(judge, one + "~")
    assert judge.cache_info()[:5] == (2, 2, 0, 0, 1)
    judge.verify(two)
    judge.verify(three)
    assert judge.cache_info()[:5] == (2, 4, 0, 1, 2)
    clock.now = NOW + 20
    refused(judge, two, errors.ExpiredSignatureError)
    assert judge.cache_info()[:5] == (2, 5, 1, 1, 1)
    judge.verify(three)
    judge.forget(three)
    assert judge.cache_info() == (3, 5, 1, 1, 0, empty.bytes, 2, 2**20)


STEPS = st.tuples(st.integers(0, 7), st.sampled_from([0, 0, 0, 0, 1, 10]), st.sampled_from([False] * 7 + [True]))


@given(limit=st.integers(1, 5), steps=st.lists(STEPS, min_size=10, max_size=60))
def test_which_tokens_go(limit: int, steps: list[tuple[int, int, bool]]) -> None:
    """In a small cache a token past its window goes first, and else exactly the least recently used one."""
    clock = Clock()
    judge = verifier(cache_tokens=limit, clock=clock)
    until = [NOW + 15 * number + 1 for number in range(8)]
    recent: dict[int, int] = {}
    hits = misses = expired = evictions = 0
    for number, pause, forget in steps:
        clock.now += pause
        raw = good(exp=until[number])
        if number in recent and until[number] > clock.now:
            hits += 1
            recent[number] = recent.pop(number)
        else:
            misses += 1
            expired += recent.pop(number, None) is not None
            if until[number] > clock.now:
                while len(recent) == limit:
                    first = min(recent, key=until.__getitem__)
                    over = until[first] <= clock.now
                    del recent[first if over else next(iter(recent))]
                    expired, evictions = expired + over, evictions + (not over)
                recent[number] = until[number]
        verdict(judge.verify, raw)
        if forget:
            assert judge.forget(raw) == (recent.pop(number, None) is not None)
        assert judge.cache_info()[:5] == (hits, misses, expired, evictions, len(recent))


def test_the_least_recently_used_goes() -> None:
    """A token that was used lately outlasts one that came later and was not."""
    judge = verifier(cache_tokens=3)
    one, two, three, four = (good(n=i) for i in range(4))
    for raw in (one, two, three, one, two, four):
        judge.verify(raw)
    assert [is_hit(judge, raw) for raw in (one, two, four)] == [True, True, True]
    assert not is_hit(judge, three)


@pytest.mark.parametrize("short_of", ["tokens", "bytes"])
def test_expired_tokens_go_before_live_ones(short_of: str) -> None:
    """Where room is needed, be it in tokens or in bytes, tokens past their window are given up first."""
    clock = Clock()
    live, late = ([good(exp=NOW + 1000, n=n + i, x="x" * 150) for i in range(2)] for n in (10, 20))
    brief = [good(exp=NOW + 10, n=i + 30, x="x" * 150) for i in range(2)]
    size = {"cache_tokens": 4} if short_of == "tokens" else {"cache_tokens": 5, "cache_bytes": room_for(4, live)}
    judge = verifier(clock=clock, **size)
    for raw in live + brief:
        judge.verify(raw)
    assert judge.cache_info()[2:5] == (0, 0, 4)
    clock.now = NOW + 10
    for raw in late:
        judge.verify(raw)
    assert judge.cache_info()[2:5] == (2, 0, 4)
    assert all(is_hit(judge, raw) for raw in live + late)


def test_a_full_cache_keeps_most_of_what_is_recent() -> None:
    """In a large cache hardly any of the recent tokens is missing, and all that is there is right."""
    judge = verifier(cache_tokens=1000)
    raws = [good(n=i) for i in range(3000)]
    for raw in raws:
        judge.verify(raw)
    assert judge.cache_info().tokens > 980
    for i in range(2999, 1999, -1):
        assert judge.verify(raws[i]).claims["n"] == i
    assert judge.cache_info().hits > 950


def test_each_of_many_is_found() -> None:
    """Every token of a full cache is found, also where many have come to stand in one bucket, and no forged one is."""
    judge = verifier(cache_tokens=16_384)  # of its 8,192 buckets with five slots some hundred are too small
    raws = [sign(HEADER, {"exp": NOW + 60, "n": n}) for n in range(16_384)]
    tokens = judge.verify_many(raws)
    kept = judge.cache_info().tokens
    assert kept >= 16_380
    assert sum(judge.verify(raw) is token for raw, token in zip(raws, tokens, strict=True)) == judge.cache_info().hits
    assert judge.cache_info().hits >= kept - 20  # what was forgotten for another one's sake is verified anew
    judge = verifier(cache_tokens=16_384)
    judge.verify_many(raws[:8_000])
    for gone in raws[:8_000:2]:
        assert judge.forget(gone)
    assert all(is_hit(judge, raw) for raw in raws[1:8_000:2])
    for raw in raws[1:400:2]:
        for at in (-40, -20, -2):
            refused(judge, raw[:at] + ("A" if raw[at] != "A" else "B") + raw[at + 1 :])
    assert all(is_hit(judge, raw) for raw in raws[1:8_000:2])


def test_forget() -> None:
    """A forgotten token is verified anew, and whether it was there is told."""
    judge = verifier()
    raw = good(sub="alice")
    first = judge.verify(raw)
    others = [judge.verify(good(n=i)) for i in range(3)]
    for spelling in (raw, raw.encode(), bytearray(raw.encode()), memoryview(raw.encode())):
        assert judge.forget(spelling) is True
        assert judge.forget(spelling) is False
        assert judge.verify(raw) is not first
    assert judge.cache_info().tokens == 4
    assert [judge.verify(good(n=i)) for i in range(3)] == others
    for unknown in ("", "x", "a.b.c", raw + "~", raw[:-1], "\xe9", good(sub="bob")):
        assert judge.forget(unknown) is False
    assert judge.forget(raw) is True
    assert first.subject == "alice"


@pytest.mark.parametrize("elsewhen", [-1000, 1000])
def test_forget_at_any_time(elsewhen: int) -> None:
    """A forgotten token is gone, even where the clock stood outside its window meanwhile and came back."""
    clock = Clock()
    judge = verifier(clock=clock)
    raw = good(exp=NOW + 10, nbf=NOW - 10)
    first = judge.verify(raw)
    clock.now += elsewhen
    judge.verify(good(exp=NOW + 2000))
    judge.forget(raw)
    clock.now = NOW
    assert judge.verify(raw) is not first


def test_clear_cache() -> None:
    """A cleared cache is as empty as a new one, but for what it counts."""
    judge = verifier()
    empty = judge.cache_info()
    tokens = [judge.verify(good(n=i)) for i in range(100)]
    assert [token.claims["n"] for token in tokens[:50]] == [*range(50)]
    judge.clear_cache()
    assert judge.cache_info() == empty._replace(misses=100)
    judge.clear_cache()
    assert [token.claims["n"] for token in tokens] == [*range(100)]
    assert judge.cache_info().bytes == empty.bytes
    assert judge.verify(good(n=1)) is not tokens[1]


def test_cache_ttl() -> None:
    """A token is remembered for cache_ttl from its verification on, however often it is used, and never longer."""
    clock = Clock()
    judge = verifier(cache_ttl=10, clock=clock)
    raw = good(exp=NOW + 100)
    first = judge.verify(raw)
    for clock.now in (NOW + 3, NOW + 9, NOW + 9.75):
        assert judge.verify(raw) is first
    clock.now = NOW + 10
    second = judge.verify(raw)
    assert second is not first
    assert second.claims == first.claims
    assert judge.cache_info().expired == 1
    clock.now = NOW + 19.75
    assert judge.verify(raw) is second


def test_a_cache_ttl_of_zero() -> None:
    """With a cache_ttl of zero no token is answered from the cache."""
    judge = verifier(cache_ttl=0)
    raw = good()
    assert judge.verify(raw) is not judge.verify(raw)
    assert judge.cache_info().hits == 0


def test_a_clock_that_goes_back() -> None:
    """An entry counts inside its window only, on whichever side of it the clock is, and is as good as before after."""
    clock = Clock()
    judge = verifier(clock=clock)
    raw = good(exp=NOW + 10, nbf=NOW - 10)
    judge.verify(raw)
    clock.now = NOW - 10.25
    refused(judge, raw, errors.ImmatureSignatureError)
    clock.now = NOW - 10
    assert judge.verify(raw).not_before == NOW - 10
    clock.now = NOW + 10
    refused(judge, raw, errors.ExpiredSignatureError)
    clock.now = NOW + 9.75
    assert judge.verify(raw).expires_at == NOW + 10
