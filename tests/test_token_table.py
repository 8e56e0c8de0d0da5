"""The cache's table, seen through what a verifier does: what it holds, what goes first, and what it counts."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest
from forge import HEADER, NOW, SECRET, Clock, good, sign, verdict

from jwtfast import Key, Token, Verifier, errors
from jwtfast._native import Generation

KEY = Key.from_secret(SECRET, "HS256")
FAR = NOW + 100_000


@pytest.fixture(autouse=True)
def _table_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each table's secret key be another one, and the same ones in each run."""
    used = itertools.count()

    def urandom(size: int) -> bytes:
        return hashlib.shake_256(b"table %d" % next(used)).digest(size)

    monkeypatch.setattr(os, "urandom", urandom)
    verifier()
    assert next(used) == 1
    yield
    monkeypatch.undo()


@pytest.fixture(autouse=True)
def _names() -> Iterator[None]:
    """Hold the names of all members: one that nobody else in the process holds costs its first token more."""
    holder = verifier().verify(sign({**HEADER, "h": 1}, {"exp": FAR, "n": 1, "x": 1, "nbf": NOW, "sub": "alice"}))
    assert holder.claims
    yield
    assert holder.header


def verifier(**options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW, unless another clock is given."""
    return Verifier(KEY, **{"clock": Clock(), **options})


def distinct(count: int, **claims: object) -> list[str]:
    """Give so many tokens."""
    return [good(n=number, **{"exp": FAR, **claims}) for number in range(count)]


def is_hit(judge: Verifier, raw: str) -> bool:
    """Verify a token and tell whether it came from the cache."""
    before = judge.cache_info().hits
    judge.verify(raw)
    return judge.cache_info().hits > before


def counts(judge: Verifier) -> tuple[int, ...]:
    """Give hits, misses, expired, evictions and tokens."""
    return judge.cache_info()[:5]


RAWS = distinct(300)


# ---- No token is lost ----


def test_many_tokens_through_a_small_table() -> None:
    """However many tokens come, no more are kept than may be, and the most recent ones are all there."""
    judge = verifier(cache_tokens=1000)
    raws = distinct(20_000)
    most = most_bytes = 0
    for raw in raws:
        judge.verify(raw)
        info = judge.cache_info()
        most, most_bytes = max(most, info.tokens), max(most_bytes, info.bytes)
    assert most == 1000
    assert most_bytes <= info.max_bytes
    assert info[:5] == (0, 20_000, 0, 19_000, 1000)
    assert all(is_hit(judge, raw) for raw in raws[-900:])
    assert judge.cache_info()[:5] == (900, 20_000, 0, 19_000, 1000)


@pytest.mark.parametrize("sizes", [range(1, 60), range(60, 180), range(180, 301)], ids=str)
def test_a_table_filled_to_the_last_place(sizes: range) -> None:
    """A table of any size holds as many tokens as it is for: not one goes before its last place is taken."""
    for size in sizes:
        judge = verifier(cache_tokens=size)
        for raw in RAWS[:size] * 2:
            judge.verify(raw)
        assert counts(judge) == (size, size, 0, 0, size)


@pytest.mark.parametrize("size", [1000, 1024, 4096, 10_000])
def test_a_large_table_filled_to_the_last_place(size: int) -> None:
    """So does a large one, a power of two or not; and the next token costs the least recent its place."""
    judge = verifier(cache_tokens=size)
    raws = distinct(size + 1)
    for raw in raws[:size] * 2:
        judge.verify(raw)
    assert counts(judge) == (size, size, 0, 0, size)
    judge.verify(raws[size])
    assert judge.forget(raws[0]) is False
    assert counts(judge) == (size, size + 1, 0, 1, size)


def test_a_full_table_that_is_used_on() -> None:
    """Tokens that are forgotten make room for others, for as long as one likes; none that is there gets lost."""
    chance = random.Random(4)  # noqa: S311 - nothing secret about it
    judge = verifier(cache_tokens=200)
    inside = set(RAWS[:200])
    for raw in RAWS[:200]:
        judge.verify(raw)
    for _ in range(3000):
        leaves = chance.choice(sorted(inside))
        comes = chance.choice(sorted({*RAWS} - inside))
        assert judge.forget(leaves)
        assert not is_hit(judge, comes)
        inside ^= {leaves, comes}
    assert judge.cache_info()[2:5] == (0, 0, 200)
    assert all(is_hit(judge, raw) for raw in inside)


def test_each_character_decides() -> None:
    """A token that differs in a single character from one that is there, wherever that stands, is not found."""
    judge = verifier()
    raw = RAWS[0]
    judge.verify(raw)
    for place, character in enumerate(raw):
        other = f"{raw[:place]}{'A' if character != 'A' else 'B'}{raw[place + 1 :]}"
        assert judge.forget(other) is False
        assert not isinstance(verdict(judge.verify, other), str)
    assert counts(judge) == (0, 1 + len(raw), 0, 0, 1)


# ---- Which one goes ----


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 16, 33])
def test_the_least_recent_goes(size: int) -> None:
    """Where room is needed exactly the least recently used token goes, whatever was forgotten or cleared before."""
    chance = random.Random(size)  # noqa: S311
    judge = verifier(cache_tokens=size)
    raws = RAWS[: 2 * size + 2]
    recent: OrderedDict[str, None] = OrderedDict()
    hits = evictions = 0
    for step in range(1500):
        raw = chance.choice(raws)
        if chance.random() < 0.1:
            assert judge.forget(raw) is (raw in recent)
            recent.pop(raw, None)
        elif step % 500 == 499:
            judge.clear_cache()
            recent.clear()
        else:
            hits += raw in recent
            assert is_hit(judge, raw) is (raw in recent)
            recent[raw] = None
            recent.move_to_end(raw)
            if len(recent) > size:
                recent.popitem(last=False)
                evictions += 1
        info = judge.cache_info()
        assert (info.hits, info.evictions, info.tokens) == (hits, evictions, len(recent))
    assert {raw for raw in raws if judge.forget(raw)} == {*recent}


def test_the_order_in_which_tokens_go() -> None:
    """A full table gives its tokens up in the order of their last use, one for each newcomer."""
    judge = verifier(cache_tokens=50)
    order = RAWS[:50]
    for raw in order:
        judge.verify(raw)
    random.Random(7).shuffle(order)  # noqa: S311
    for raw in order:
        judge.verify(raw.encode())
    for gone in range(50):
        judge.verify(RAWS[50 + gone])
        assert judge.cache_info().evictions == gone + 1
        assert judge.forget(order[gone]) is False
    assert counts(judge) == (50, 100, 0, 50, 50)


class Model:
    """What a table must hold: it gives up what is past its window first, else the least recent, and counts."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.until: OrderedDict[str, float] = OrderedDict()
        self.hits = self.misses = self.expired = self.evictions = 0

    def verify(self, raw: str, until: float, now: float) -> bool:
        """Tell whether a token is good."""
        if raw in self.until and now < until:
            self.until.move_to_end(raw)
            self.hits += 1
            return True
        self.misses += 1
        self.expired += self.until.pop(raw, None) is not None
        if now >= until:
            return False
        if len(self.until) == self.size:
            first = min(self.until, key=self.until.__getitem__)
            over = self.until[first] <= now
            del self.until[first if over else next(iter(self.until))]
            self.expired, self.evictions = self.expired + over, self.evictions + (not over)
        self.until[raw] = until
        return True

    def counts(self) -> tuple[int, ...]:
        """Give hits, misses, expired, evictions and tokens."""
        return self.hits, self.misses, self.expired, self.evictions, len(self.until)


@pytest.mark.parametrize(("size", "seed"), [(1, 1), (5, 2), (17, 3), (64, 4), (64, 5)])
def test_expired_tokens_go_first(size: int, seed: int) -> None:
    """While a token past its window is there no live one goes for a newcomer, in whatever order they came and end."""
    chance = random.Random(seed)  # noqa: S311
    clock = Clock()
    judge, model = verifier(cache_tokens=size, clock=clock), Model(size)
    ends = random.Random(seed).sample(range(1, 8 * size + 8), 4 * size + 4)  # noqa: S311
    tokens = {good(exp=NOW + end / 2): NOW + end / 2 for end in ends}
    raws = [*tokens]
    for _ in range(60 * size + 500):
        clock.now += chance.choice([0, 0, 0, 0.25])
        raw = chance.choice(raws)
        if chance.random() < 0.1:
            assert judge.forget(raw) is (model.until.pop(raw, None) is not None)
        else:
            assert isinstance(verdict(judge.verify, raw), str) is model.verify(raw, tokens[raw], clock.now)
        assert counts(judge) == model.counts()
        if clock.now >= NOW + 4 * size:
            clock.now = NOW
    assert min(model.hits, model.expired, model.evictions) > 0
    assert {raw for raw in raws if judge.forget(raw)} == {*model.until}


def test_all_that_is_past_its_window_goes_before_the_first_live_one() -> None:
    """When half of a full table ends at once, newcomers take just these places, the earliest to end first."""
    clock = Clock()
    judge = verifier(cache_tokens=100, clock=clock)
    brief = [good(exp=NOW + 1 + i / 64, n=i) for i in range(50)]
    mixed = [*brief, *RAWS[:50]]
    random.Random(1).shuffle(mixed)  # noqa: S311
    for raw in mixed:
        judge.verify(raw)
    clock.now = NOW + 2
    for number in range(50):
        judge.verify(RAWS[50 + number])
        assert judge.cache_info()[2:5] == (number + 1, 0, 100)
    assert not any(judge.forget(raw) for raw in brief)
    judge.verify(RAWS[100])
    assert judge.cache_info()[2:5] == (50, 1, 100)


def test_a_window_that_has_not_begun_again() -> None:
    """A token whose window the clock has left backwards is refused, keeps its place, and is a hit when it begins."""
    clock = Clock()
    judge = verifier(cache_tokens=2, clock=clock)
    raw = good(exp=FAR, nbf=NOW)
    token = judge.verify(raw)
    clock.now = NOW - 1
    assert verdict(judge.verify, raw) is errors.ImmatureSignatureError
    assert counts(judge) == (0, 2, 0, 0, 1)
    clock.now = NOW
    assert judge.verify(raw) is token


# ---- Bytes ----


def test_bytes_are_a_sum() -> None:
    """The bytes of a table are its own, those of each token, and those of each header that one of them has."""
    plain = [good(exp=FAR, n=i, x="x" * i) for i in range(40)]
    headed = [sign({**HEADER, "h": 1}, {"exp": FAR, "n": i}) for i in range(40)]
    judge = verifier()
    empty = judge.cache_info().bytes

    def cost(*raws: str) -> int:
        judge.clear_cache()
        assert judge.cache_info().bytes == empty
        for raw in raws:
            judge.verify(raw)
        return judge.cache_info().bytes - empty

    for group in (plain, headed):
        alone = [cost(raw) for raw in group]
        header = alone[0] + alone[1] - cost(group[0], group[1])
        assert header > 0
        assert cost(*group) == sum(alone) - header * (len(group) - 1)
        assert cost(*reversed(group)) == cost(*group)
    assert cost(*plain, *headed) == cost(*plain) + cost(*headed)


ENDS = ["clear", "forget", "expire", "evict"]


@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("end", ENDS)
def test_bytes_come_back(end: str, read: bool) -> None:
    """However tokens go, and whether their claims were read before or are read after, their bytes come back."""
    clock = Clock()
    judge = verifier(clock=clock, cache_tokens=30)
    empty = judge.cache_info().bytes
    last = sign(HEADER, {"exp": FAR, "last": True})
    alone = []
    for _ in range(3):
        raws = [sign({**HEADER, "h": i % 3}, {"exp": NOW + 50, "x": [i] * i}) for i in range(30)]
        tokens = [judge.verify(raw) for raw in raws]
        for token in tokens[: 30 * read]:
            assert token.claims["exp"] == NOW + 50
        assert judge.cache_info().tokens == 30
        if end == "clear":
            judge.clear_cache()
        elif end == "forget":
            assert all(judge.forget(raw) for raw in raws)
        elif end == "expire":
            clock.now = NOW + 50
            assert {verdict(judge.verify, raw) for raw in raws} == {errors.ExpiredSignatureError}
            clock.now = NOW
        else:
            for number in range(30):
                judge.verify(RAWS[number])
            assert all(judge.forget(raw) for raw in RAWS[:30])
        assert [len(token.claims["x"]) for token in tokens] == [*range(30)]
        assert judge.cache_info()[4:6] == (0, empty)
        judge.verify(last)
        alone.append(judge.cache_info().bytes)
        judge.clear_cache()
    assert len({*alone}) == 1


def cost_of(raw: str, *, cache_tokens: int = 20) -> tuple[int, int]:
    """Give the bytes of an empty table for so many tokens, and what a token adds to them."""
    judge = verifier(cache_tokens=cache_tokens)
    empty = judge.cache_info().bytes
    judge.verify(raw)
    assert judge.cache_info().tokens == 1
    return empty, judge.cache_info().bytes - empty


@pytest.mark.parametrize("size", [0, 100, 2000, 11_000])
def test_the_share_of_one_token(size: int) -> None:
    """A token that takes half of the room is kept; one that takes a byte more is verified and not kept."""
    raw, small = good(exp=FAR, x="x" * size), good(exp=FAR)
    empty, cost = cost_of(raw, cache_tokens=2)
    for missing in (False, True):
        judge = verifier(cache_tokens=2, cache_bytes=empty + 2 * cost - missing)
        assert judge.cache_info()[5:7] == (empty, 2)
        judge.verify(small)
        held = judge.cache_info()
        assert held.tokens == 1
        for _ in range(3):
            token = judge.verify(raw)
            judge.verify(small)
        info = judge.cache_info()
        assert info.bytes <= info.max_bytes
        if missing:
            assert info[2:6] == held[2:6]
        assert judge.forget(raw) is not missing
        assert token.claims == {"exp": FAR, "x": "x" * size}


def test_the_share_of_what_is_hard_to_judge() -> None:
    """A token whose JSON only a full parser can decide on takes no more than another, until its claims are read."""
    raw = good(exp=FAR, **{'"': 1, "x": [[]] * 500})
    plain = good(exp=FAR, **{"'": 1, "x": [[]] * 500})
    _, unread = cost_of(raw, cache_tokens=2)
    assert unread == pytest.approx(cost_of(plain, cache_tokens=2)[1], abs=16)
    keeper = verifier(cache_tokens=2)
    token = keeper.verify(raw)
    before = keeper.cache_info().bytes
    assert token.claims["x"] == [[]] * 500
    assert keeper.cache_info().bytes > before + 500 * 56


HUGE = good(exp=FAR, x=[[]] * 2000)


@pytest.mark.parametrize("place", [0, 5, 9])
def test_huge_claims_that_are_read_later(place: int) -> None:
    """Claims over the share, read when others came before or after, cost their own token its place and no other's."""
    empty, _ = cost_of(HUGE)
    judge = verifier(cache_bytes=empty + 60_000, cache_tokens=20)
    raws = [*RAWS[:place], HUGE, *RAWS[place:9]]
    tokens = dict(zip(raws, map(judge.verify, raws), strict=True))
    assert counts(judge) == (0, 10, 0, 0, 10)
    assert len(tokens[HUGE].claims["x"]) == 2000
    assert counts(judge) == (0, 10, 0, 1, 9)
    assert tokens[HUGE].claims is tokens[HUGE].claims
    assert all(judge.verify(raw) is tokens[raw] for raw in raws if raw != HUGE)
    assert judge.forget(HUGE) is False
    again = judge.verify(HUGE)
    assert again is not tokens[HUGE]
    assert judge.verify(HUGE) is again


def test_large_claims_drive_out_the_least_recent() -> None:
    """Claims within the share take the room of the least recent tokens, as many as it takes; at worst of their own."""
    raws = [good(exp=FAR, n=i, x=[[]] * 200) for i in range(12)]
    judge = verifier(cache_bytes=cost_of(RAWS[0])[0] + 50_000, cache_tokens=20)
    tokens = [judge.verify(raw) for raw in raws]
    assert judge.cache_info()[2:5] == (0, 0, 12)
    left = raws[:]
    for raw, token in zip(reversed(raws), reversed(tokens), strict=True):
        before = judge.cache_info()
        assert len(token.claims["x"]) == 200
        info = judge.cache_info()
        assert info.bytes <= info.max_bytes
        del left[: info.evictions - before.evictions]
        assert info.tokens == len(left)
        if raw in left:
            assert info.bytes > before.bytes - 2000 * (before.tokens - info.tokens)
    assert 1 <= len(left) < 12
    assert [raw for raw in raws if judge.forget(raw)] == left


def test_claims_drive_out_the_expired_first() -> None:
    """Claims that need room take that of tokens past their window before any live one's, and these count as expired."""
    clock = Clock()
    live, brief = ([good(exp=exp + i, x=[[]] * 8) for i in range(10)] for exp in (FAR, NOW + 1))
    roomy = verifier(cache_tokens=20)
    for raw in [*live, *brief]:
        roomy.verify(raw)
    judge = verifier(clock=clock, cache_tokens=20, cache_bytes=roomy.cache_info().bytes)
    tokens = [judge.verify(raw) for raw in [*live, *brief]]
    assert judge.cache_info()[2:5] == (0, 0, 20)
    clock.now = NOW + 10
    judge.verify(live[9])
    for token in reversed(tokens[:10]):
        before = judge.cache_info()
        assert len(token.claims["x"]) == 8
        info = judge.cache_info()
        assert info.evictions == 0 or info.expired == 10
        if before.evictions == 0:
            assert info.tokens < before.tokens
            assert info.bytes > info.max_bytes - 1000
    assert judge.cache_info().evictions > 0
    assert not any(judge.forget(raw) for raw in brief)
    there = [judge.forget(raw) for raw in live]
    assert there == sorted(there)
    assert there[9]


def test_claims_that_a_list_of_revocations_reads() -> None:
    """Claims that are first read while a cached token is judged again are charged, and may cost it its place."""

    class Reader:
        generation = Generation()
        reads = False

        def revokes(self, token: Token, /) -> bool:
            return self.reads and token.subject == "alice"

    reader = Reader()
    empty, _ = cost_of(HUGE, cache_tokens=4)
    judge = verifier(revocations=reader, cache_bytes=empty + 60_000, cache_tokens=4)
    token = judge.verify(HUGE)
    reader.reads = True
    reader.generation.advance()
    assert judge.verify(HUGE) is token
    assert judge.cache_info()[2:6] == (0, 1, 0, empty)
    assert len(token.claims["x"]) == 2000
    assert judge.verify(HUGE) is not token
    assert judge.cache_info()[2:6] == (0, 1, 0, empty)


# ---- What cache_info adds up to ----


@pytest.mark.parametrize(("tokens", "size"), [(3, 90_000), (20, 20_000), (60, 20_000), (60, 200_000)])
def test_the_counts_add_up(tokens: int, size: int) -> None:
    """Each token that came is there, has expired, was evicted, or was forgotten; each call is a hit or a miss."""
    chance = random.Random(size + tokens)  # noqa: S311
    clock = Clock()
    judge = verifier(clock=clock, cache_tokens=tokens, cache_bytes=size)
    empty = judge.cache_info().bytes
    raws = [good(exp=NOW + 5 * i, x=[[]] * (i % 5) ** 3) for i in range(100)]
    came = forgotten = calls = 0
    kept: list[Token] = []
    for _ in range(3000):
        clock.now += chance.choice([0, 0, 0.5])
        action, raw, before = chance.random(), chance.choice(raws), judge.cache_info()
        if action < 0.02:
            judge.clear_cache()
            forgotten += before.tokens
        elif action < 0.1:
            forgotten += judge.forget(raw)
        elif action < 0.3 and kept:
            assert kept.pop(chance.randrange(len(kept))).claims["exp"] >= NOW
        else:
            calls += 1
            refused = False
            try:
                kept.append(judge.verify(raw))
            except errors.ExpiredSignatureError:
                refused = True
            came += judge.cache_info().misses > before.misses and not refused
        info = judge.cache_info()
        assert info.hits + info.misses == calls
        assert came == info.tokens + info.expired + info.evictions + forgotten
        assert info.tokens <= info.max_tokens
        assert empty <= info.bytes <= info.max_bytes
        assert (info.bytes == empty) == (info.tokens == 0)
    assert min(info.hits, info.expired, info.evictions, forgotten) > 0


@pytest.mark.parametrize(
    "raw", ["", "x", "a.b.c", "x" * 20_000, RAWS[0] + "~", b"\xe9", "\xe9", "a.b.\u20ac", RAWS[0] + "\N{KEY}"]
)
def test_each_call_is_counted(raw: str | bytes) -> None:
    """A call that refuses a token is a miss, whatever is wrong with the token."""
    judge = verifier()
    for calls in (1, 2):
        with pytest.raises(errors.InvalidTokenError):
            judge.verify(raw)
        assert counts(judge) == (0, calls, 0, 0, 0)
