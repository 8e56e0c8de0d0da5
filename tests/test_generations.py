"""Keys and revocations that change: that takes effect on the next call, and costs the others one more look at most."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from forge import LONG_SECRET, NOW, OTHER_SECRET, SECRET, Clock, good, sign, verdict

from jwtfast import Key, KeySet, Token, Verifier, errors
from jwtfast._native import Generation

A, B, LONG, NAMELESS = (
    Key.from_secret(SECRET, "HS256", key_id="a"),
    Key.from_secret(OTHER_SECRET, "HS256", key_id="b"),
    Key.from_secret(LONG_SECRET, "HS512", key_id="a"),
    Key.from_secret(SECRET[::-1], "HS256"),
)


def raw_of(key: Key, *, kid: str | None = None, **claims: object) -> str:
    """Give a token that a key signed, with the key's kid or another one in its header."""
    secret, hash_name = {
        A: (SECRET, "sha256"),
        B: (OTHER_SECRET, "sha256"),
        LONG: (LONG_SECRET, "sha512"),
        NAMELESS: (SECRET[::-1], "sha256"),
    }[key]
    kid = key.key_id if kid is None else kid
    header = {"alg": key.algorithm} | ({} if kid is None else {"kid": kid})
    return sign(header, {"exp": NOW + 60, **claims}, secret, hash_name)


class Denylist:
    """Revocations by subject, which count how often they are asked about whom."""

    def __init__(self) -> None:
        self.generation = Generation()
        self.subjects: set[str | None] = set()
        self.asked: Counter[str | None] = Counter()
        self.meanwhile: Callable[[Token], object] = lambda _: None

    def revokes(self, token: Token, /) -> bool:
        """Look the subject up; then do what is to happen meanwhile."""
        self.asked[token.subject] += 1
        revoked = token.subject in self.subjects
        self.meanwhile(token)
        return revoked

    def change(self, *subjects: str) -> None:
        """Revoke these subjects, and no others any more."""
        self.subjects = {*subjects}
        self.generation.advance()

    def asked_since(self) -> dict[str | None, int]:
        """Give how often it was asked about whom since this was called last."""
        asked, self.asked = self.asked, Counter()
        return dict(asked)


def verifier(keys: KeySet | Key = A, **options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW, unless another clock is given."""
    return Verifier(keys, **{"clock": Clock(), **options})


def is_hit(judge: Verifier, raw: str) -> bool:
    """Verify a token and tell whether it came from the cache."""
    before = judge.cache_info()
    judge.verify(raw)
    after = judge.cache_info()
    assert after.hits + after.misses == before.hits + before.misses + 1
    return after.hits > before.hits


def code_of(judge: Verifier, raw: str) -> str | None:
    """Give the code of the error that a token is refused with, or None where it is good."""
    try:
        judge.verify(raw)
    except errors.InvalidTokenError as error:
        return error.code
    return None


# ---- Keys ----

LEAVING: dict[str, tuple[list[Key], str]] = {
    "dropped": ([B, LONG], "unknown_key"),
    "the last of its algorithm": ([LONG], "algorithm_not_allowed"),
    "another under its kid": ([Key.from_secret(LONG_SECRET, "HS256", key_id="a"), B, LONG], "bad_signature"),
    "under another kid": ([Key.from_secret(SECRET, "HS256", key_id="c"), B, LONG], "unknown_key"),
    "one without a kid instead": ([NAMELESS, B, LONG], "bad_signature"),
}


@pytest.mark.parametrize("how", LEAVING)
def test_a_key_that_leaves(how: str) -> None:
    """A key that leaves a set takes its cached tokens with it on the very next call; those of other keys stay hits."""
    keys = KeySet([A, B, LONG])
    judge = verifier(keys)
    theirs = [raw_of(A, n=i) for i in range(3)]
    others = [raw_of(key, n=i) for key in (B, LONG) for i in range(3)]
    known = {raw: judge.verify(raw) for raw in theirs + others}
    remaining, code = LEAVING[how]
    keys.replace(remaining)
    assert [code_of(judge, raw) for raw in theirs] == [code] * 3
    assert judge.cache_info()[:5] == (0, 12, 0, 0, 6)
    stay = [raw for raw in others if code_of(verifier(keys), raw) is None]
    assert len(stay) in {3, 6}
    assert all(is_hit(judge, raw) for raw in stay * 2)
    assert all(judge.verify(raw) is known[raw] for raw in stay)
    keys.replace([A, B, LONG])
    assert not any(is_hit(judge, raw) for raw in theirs)
    assert all(is_hit(judge, raw) for raw in theirs)


def test_the_same_keys_again() -> None:
    """A refresh that keeps the Key objects, in any order and with others among them, keeps all hits."""
    keys = KeySet([A, B, LONG])
    judge = verifier(keys)
    raws = [raw_of(key, n=i) for key in (A, B, LONG) for i in range(10)]
    known = [judge.verify(raw) for raw in raws]
    for refreshed in ([A, B, LONG], [LONG, B, A], [NAMELESS, A, LONG, B], [B, A, LONG]):
        keys.replace(iter(refreshed))
        assert all(judge.verify(raw) is token for raw, token in zip(raws, known, strict=True))
    assert judge.cache_info()[:5] == (120, 30, 0, 0, 30)


@pytest.mark.parametrize("change", ["keys", "revocations"])
def test_a_later_candidate_stays_too(change: str) -> None:
    """A token without a kid, whose key is not the first that was tried, stays a hit too where nothing concerns it."""
    keys, denylist = KeySet([A, B, NAMELESS]), Denylist()
    judge = verifier(keys, revocations=denylist)
    raws = [good(sub="alice"), raw_of(NAMELESS, sub="bob")]
    known = [judge.verify(raw) for raw in raws]
    if change == "keys":
        keys.replace([A, NAMELESS, LONG])
    else:
        denylist.change("somebody")
    assert [judge.verify(raw) for raw in raws] == known
    assert judge.cache_info()[:5] == (2, 2, 0, 0, 2)


def test_a_key_made_again_is_another_key() -> None:
    """A Key made again from the same material is another key: its tokens are judged anew once, and are good."""
    keys = KeySet([A, B])
    judge = verifier(keys)
    raws = [raw_of(A, n=i) for i in range(3)]
    known = [judge.verify(raw) for raw in raws]
    keys.replace([Key.from_secret(SECRET, "HS256", key_id="a"), B])
    for raw, token in zip(raws, known, strict=True):
        assert not is_hit(judge, raw)
        assert judge.verify(raw) is not token
        assert judge.verify(raw).claims == token.claims
        assert is_hit(judge, raw)
    assert judge.cache_info()[2:5] == (0, 0, 3)


def test_a_refused_exchange_changes_nothing() -> None:
    """Keys that can't be a set leave the old ones and their generation, so that nothing is judged again."""
    keys, denylist = KeySet([A, B]), Denylist()
    judge = verifier(keys, revocations=denylist)
    judge.verify(raw_of(A))
    before = keys.generation.count
    refused: list[tuple[Any, type[Exception]]] = [
        ([], errors.InvalidKeyError),
        ([A, A], errors.InvalidKeyError),
        (["a"], TypeError),
    ]
    for bad, kind in refused:
        with pytest.raises(kind):
            keys.replace(bad)
    assert keys.generation.count == before
    assert is_hit(judge, raw_of(A))
    assert denylist.asked_since() == {None: 1}
    keys.replace([A, B])
    assert keys.generation.count == before + 1


def test_a_key_of_the_tokens_kid_comes() -> None:
    """A token that a key without a kid verified is refused as soon as a key of its own kid comes, and until it goes."""
    keys = KeySet([NAMELESS])
    judge = verifier(keys)
    raw = raw_of(NAMELESS, kid="a")
    token = judge.verify(raw)
    keys.replace([NAMELESS, B])
    assert judge.verify(raw) is token
    keys.replace([NAMELESS, A])
    assert code_of(judge, raw) == "bad_signature"
    assert judge.cache_info().tokens == 0
    keys.replace([NAMELESS])
    assert code_of(judge, raw) is None


class DenylistOfKeys:
    """Revocations by the kid of the key that verified a token."""

    def __init__(self, *kids: str) -> None:
        self.generation = Generation()
        self.kids = {*kids}

    def revokes(self, token: Token, /) -> bool:
        """Look the kid up."""
        return token.key_id in self.kids


@pytest.mark.parametrize("revocations", [None, DenylistOfKeys("twin"), DenylistOfKeys("a")], ids=["none", "twin", "a"])
def test_the_key_that_a_token_names(revocations: DenylistOfKeys | None) -> None:
    """Where two keys have one secret, a cached token is of the one that a verifier without a cache finds first."""
    keys = KeySet([A])
    judge, plain = (verifier(keys, revocations=revocations, cache_tokens=size) for size in (10, 0))
    twin = Key.from_secret(SECRET, "HS256", key_id="twin")
    for chosen in ([A], [twin, A], [A, twin], [twin]):
        keys.replace(chosen)
        codes = {code_of(each, good()) for each in (judge, plain)}
        assert len(codes) == 1
        if codes == {None}:
            assert judge.verify(good()).key_id == plain.verify(good()).key_id


def test_many_verifiers_of_one_key_set() -> None:
    """All verifiers of a set, whatever their policies and caches, see its change on their next call."""
    keys = KeySet([A, B])
    sizes = (0, 1, 2, 10, 10_000)
    judges = [verifier(keys, cache_tokens=size, leeway=leeway) for size in sizes for leeway in (0, 5)]
    leaving, staying = raw_of(A), raw_of(B)
    for judge in judges:
        assert [code_of(judge, raw) for raw in (leaving, staying)] == [None, None]
    keys.replace([B])
    judges.append(verifier(keys))
    for judge in judges:
        assert [code_of(judge, raw) for raw in (leaving, staying)] == ["unknown_key", None]
    assert [judge.cache_info().hits for judge in judges] == [0, 0, *[1] * 8, 0]
    del judges[:5]
    keys.replace([A])
    assert [code_of(judge, raw) for judge in judges for raw in (leaving, staying)] == [None, "unknown_key"] * 6


# ---- Revocations ----


def test_revoking_takes_effect_on_the_next_call() -> None:
    """A revoked token is refused on the very next call, is not kept, and is good again as soon as that is undone."""
    denylist = Denylist()
    judge = verifier(revocations=denylist)
    raw, other = raw_of(A, sub="alice"), raw_of(A, sub="bob")
    alice, bob = judge.verify(raw), judge.verify(other)
    for _ in range(3):
        denylist.change("alice")
        assert [code_of(judge, raw) for _ in range(3)] == ["revoked"] * 3
        assert judge.cache_info().tokens == 1
        assert judge.verify(other) is bob
        denylist.change()
        assert not is_hit(judge, raw)
        assert is_hit(judge, raw)
        assert judge.verify(raw) is not alice


def test_asked_once_for_each_change() -> None:
    """A token is asked about when it is new and once after each change of the list; not for a key's, never on a hit."""
    keys, denylist = KeySet([A, B]), Denylist()
    judge = verifier(keys, revocations=denylist)
    names = [f"user{i}" for i in range(20)]
    raws = [raw_of(A, sub=name) for name in names]
    once = dict.fromkeys(names, 1)

    def ask_all() -> dict[str | None, int]:
        for _ in range(5):
            for raw in raws:
                judge.verify(raw)
        return denylist.asked_since()

    assert ask_all() == once
    assert ask_all() == {}
    changes: list[tuple[list[str], list[list[Key]]]] = [
        (["somebody"], []),
        ([], [[B, A]]),
        (["somebody", "else"], [[A], [B], [A, B]]),
        (["nobody"] * 100, []),
    ]
    for subjects, refreshes in changes:
        for subject in subjects:
            denylist.change(subject)
        for refresh in refreshes:
            keys.replace(refresh)
        assert ask_all() == (once if subjects else {})
        assert ask_all() == {}
    assert judge.cache_info()[:5] == (100 * 10 - 20, 20, 0, 0, 20)


def test_one_logout_leaves_the_others() -> None:
    """One revocation in a cache of a thousand tokens costs one token its place; all others stay hits."""
    denylist = Denylist()
    judge = verifier(revocations=denylist)
    raws = [raw_of(A, sub=f"user{i}") for i in range(1000)]
    known = [judge.verify(raw) for raw in raws]
    denylist.change("user500")
    for i, raw in enumerate(raws):
        assert verdict(judge.verify, raw) is errors.RevokedTokenError if i == 500 else judge.verify(raw) is known[i]
    assert judge.cache_info()[:5] == (999, 1001, 0, 0, 999)


def test_a_verifier_without_revocations_never_asks() -> None:
    """Revocations are asked by the verifiers that they were given to, and concern no others of the same keys."""
    keys, denylist = KeySet([A]), Denylist()
    without, asking = verifier(keys), verifier(keys, revocations=denylist)
    raw = raw_of(A, sub="alice")
    token = without.verify(raw)
    denylist.change("alice")
    keys.replace([A, B])
    assert without.verify(raw) is token
    assert denylist.asked_since() == {}
    assert code_of(asking, raw) == "revoked"
    assert without.verify(raw) is token
    assert denylist.asked_since()["alice"] >= 1


def test_who_is_not_asked_about() -> None:
    """Only a token that is good in itself is asked about: no forged, expired or misspelled one, cached or not."""
    keys, clock, denylist = KeySet([A]), Clock(), Denylist()
    judge = verifier(keys, revocations=denylist, clock=clock)
    raw = raw_of(A, sub="alice")
    judge.verify(raw)
    denylist.asked_since()
    for bad in (raw + "A", raw[:-1], raw_of(B, sub="bob"), raw_of(A, sub="carol", exp=NOW), raw_of(A, sub=1), "a.b.c"):
        assert code_of(judge, bad)
    denylist.change()
    clock.now = NOW + 60
    assert code_of(judge, raw) == "expired"
    assert denylist.asked_since() == {}
    clock.now = NOW
    judge.verify(raw)
    denylist.asked_since()
    keys.replace([B])
    assert code_of(judge, raw) == "unknown_key"
    assert denylist.asked_since() == {}


def test_many_verifiers_of_one_list() -> None:
    """All verifiers that were given one list see its change on their next call, and ask for themselves."""
    denylist = Denylist()
    judges = [verifier(revocations=denylist, cache_tokens=size) for size in (0, 1, 100)]
    raw = raw_of(A, sub="alice")
    for revoked in (False, True, False, True):
        denylist.change(*["alice"] * revoked)
        assert [code_of(judge, raw) for judge in judges * 2] == ["revoked" if revoked else None] * 6


def test_being_judged_again_prolongs_nothing() -> None:
    """A token that was judged again goes when it would have gone: by its exp, or cache_ttl after its verification."""
    keys, clock = KeySet([A]), Clock()
    judge = verifier(keys, clock=clock, cache_ttl=10)
    raw, brief = raw_of(A), raw_of(A, exp=NOW + 8)
    for clock.now in (NOW, NOW + 5, NOW + 7.75):
        keys.replace([A])
        assert [is_hit(judge, raw), is_hit(judge, brief)] == [clock.now > NOW] * 2
    clock.now = NOW + 8
    assert code_of(judge, brief) == "expired"
    clock.now = NOW + 9.75
    assert is_hit(judge, raw)
    clock.now = NOW + 10
    assert not is_hit(judge, raw)


# ---- Revocations that fail, or change something while they are asked ----


def failing(error: BaseException) -> Callable[[Token], object]:
    """Give something to happen that raises."""

    def fail(_: Token) -> object:
        raise error

    return fail


ERRORS = [OSError("no list"), LookupError(), errors.KeySetUnavailableError(), KeyboardInterrupt()]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_list_that_fails_at_first(error: BaseException) -> None:
    """An error of the list reaches the caller, and the token it was asked about is not kept."""
    denylist = Denylist()
    judge = verifier(revocations=denylist)
    empty = judge.cache_info()
    denylist.meanwhile = failing(error)
    for calls in (1, 2, 3):
        with pytest.raises(type(error)) as raised:
            judge.verify(raw_of(A, sub="alice"))
        assert raised.value is error
        assert judge.cache_info() == empty._replace(misses=calls)
    denylist.meanwhile = lambda _: None
    assert [is_hit(judge, raw_of(A, sub="alice")) for _ in range(2)] == [False, True]


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_list_that_fails_after_a_change(error: BaseException, revoked: bool) -> None:
    """While a changed list fails no cached token is given; once it works again its verdict holds, whatever it is."""
    keys, denylist = KeySet([A]), Denylist()
    judge = verifier(keys, revocations=denylist)
    raw = raw_of(A, sub="alice")
    token = judge.verify(raw)
    denylist.change(*["alice"] * revoked)
    denylist.meanwhile = failing(error)
    for _ in range(3):
        with pytest.raises(type(error)) as raised:
            judge.verify_bearer(f"Bearer {raw}")
        assert raised.value is error
    denylist.meanwhile = lambda _: None
    if revoked:
        assert code_of(judge, raw) == "revoked"
        assert judge.cache_info().tokens == 0
    else:
        assert judge.verify(raw) is token
    info = judge.cache_info()
    assert info.hits + info.misses == 5


def test_a_list_that_fails_without_a_change() -> None:
    """A list that fails and has not changed is not asked about cached tokens, so they stay good."""
    denylist = Denylist()
    judge = verifier(revocations=denylist)
    token = judge.verify(raw_of(A, sub="alice"))
    denylist.meanwhile = failing(OSError("no list"))
    assert judge.verify(raw_of(A, sub="alice")) is token
    with pytest.raises(OSError, match="no list"):
        judge.verify(raw_of(A, sub="bob"))


MEANWHILE: dict[str, tuple[Callable[[KeySet, Denylist], object], str | None]] = {
    "key dropped": (lambda keys, _: keys.replace([B]), "unknown_key"),
    "key exchanged": (
        lambda keys, _: keys.replace([B, Key.from_secret(b"x" * 32, "HS256", key_id="a")]),
        "bad_signature",
    ),
    "revoked": (lambda _, denylist: denylist.change("alice"), "revoked"),
    "other revoked": (lambda _, denylist: denylist.change("bob"), None),
    "advanced": (lambda _, denylist: denylist.generation.advance(), None),
    "same keys": (lambda keys, _: keys.replace([A]), None),
}


@pytest.mark.parametrize("cached", [False, True], ids=["new", "cached"])
@pytest.mark.parametrize("what", MEANWHILE)
def test_a_change_while_a_token_is_judged(what: str, cached: bool) -> None:
    """What changes while a token is judged, for the first time or again, is seen on the next call."""
    happen, code = MEANWHILE[what]
    keys, denylist = KeySet([A]), Denylist()
    judge = verifier(keys, revocations=denylist)
    raw = raw_of(A, sub="alice")
    if cached:
        judge.verify(raw)
        denylist.change()
    denylist.meanwhile = lambda _: happen(keys, denylist)
    assert code_of(judge, raw) is None
    denylist.meanwhile = lambda _: None
    denylist.asked_since()
    assert code_of(judge, raw) == code
    if code is None:
        assert denylist.asked_since() == ({} if what == "same keys" else {"alice": 1})
        assert is_hit(judge, raw)
        assert denylist.asked_since() == {}
    assert judge.cache_info().tokens == (code is None)


CALLS_BACK: dict[str, Callable[[Verifier, str], object]] = {
    "clear": lambda judge, _: judge.clear_cache(),
    "forget": lambda judge, raw: judge.forget(raw),
    "verify": lambda judge, raw: judge.verify(raw),
    "fill": lambda judge, _: [judge.verify(raw_of(A, sub=f"user{i}")) for i in range(5)],
}


@pytest.mark.parametrize("revoked", [False, True], ids=["good", "revoked"])
@pytest.mark.parametrize("cached", [False, True], ids=["new", "cached"])
@pytest.mark.parametrize("what", CALLS_BACK)
def test_a_list_that_uses_the_verifier(what: str, cached: bool, revoked: bool) -> None:
    """A list may use the verifier that asks it: the count of tokens, bytes and calls comes out even."""
    denylist = Denylist()
    judge = verifier(revocations=denylist, cache_tokens=3)
    empty = judge.cache_info().bytes
    raw = raw_of(A, sub="alice")
    if cached:
        judge.verify(raw)
    denylist.change(*["alice"] * revoked)
    expected = errors.RevokedTokenError if revoked else type(verdict(verifier().verify, raw))
    calls = cached + 1

    def call_back(_: Token) -> None:
        nonlocal calls
        denylist.meanwhile = lambda _: None
        calls += {"verify": 1, "fill": 5}.get(what, 0)
        if what == "verify" and revoked:
            assert code_of(judge, raw) == "revoked"
        else:
            CALLS_BACK[what](judge, raw)

    denylist.meanwhile = call_back
    found = verdict(judge.verify, raw)
    assert expected in {found, type(found)}
    info = judge.cache_info()
    assert info.hits + info.misses == calls
    assert info.tokens <= 3
    for number in range(5):
        judge.forget(raw_of(A, sub=f"user{number}"))
    assert judge.forget(raw) is (not revoked and (not cached or what == "verify"))
    assert judge.cache_info().bytes == empty


# ---- What may be given as revocations ----


class _NoGeneration:
    def revokes(self, _: Token, /) -> bool:
        return False


class _GenerationIsANumber(_NoGeneration):
    generation = 1


class _GenerationIsNone(_NoGeneration):
    generation = None


class _NoRevokes:
    generation = Generation()


class _RevokesIsNoFunction:
    generation = Generation()
    revokes = frozenset({"alice"})


@pytest.mark.parametrize(
    "given",
    [_NoGeneration(), _GenerationIsANumber(), _GenerationIsNone(), _NoRevokes(), _RevokesIsNoFunction(), {"alice"}, 0],
    ids=lambda given: type(given).__name__,
)
def test_what_is_no_list_of_revocations(given: Any) -> None:
    """What lacks a Generation or a function to ask is refused when the verifier is built, not when a token comes."""
    with pytest.raises(TypeError):
        verifier(revocations=given)


def test_a_verifier_in_a_cycle_with_its_list() -> None:
    """A verifier whose list of revocations knows it is collected, and its tokens stay good."""

    def use() -> tuple[weakref.ref[Denylist], Token]:
        denylist = Denylist()
        judge = verifier(revocations=denylist)
        denylist.meanwhile = lambda _: judge
        return weakref.ref(denylist), judge.verify(raw_of(A, sub="alice"))

    gone, token = use()
    gc.collect()
    assert gone() is None
    assert token.subject == "alice"


# ---- Threads ----


@pytest.fixture
def _quick_switches() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_quick_switches")
@pytest.mark.parametrize("what", ["keys", "revocations"])
def test_changes_in_another_thread(what: str) -> None:
    """Once a change has returned in one thread it holds for each call that begins in any other."""
    keys, denylist = KeySet([A, B]), Denylist()
    judge = verifier(keys, revocations=denylist)
    alice, bob = raw_of(A, sub="alice"), raw_of(B, sub="bob")
    phase = 0  # of four: alice may pass, that changes, she may not, that changes
    seen: list[tuple[int, int, str | None, str | None]] = []

    def ask() -> None:
        while phase >= 0:
            before, found = phase, code_of(judge, alice)
            seen.append((before, phase, found, code_of(judge, bob)))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        for remaining, revoked in (([B], ["alice"]), ([A, B], [])):
            phase += 1
            if what == "keys":
                keys.replace(remaining)
            else:
                denylist.change(*revoked)
            phase += 1
            time.sleep(0.002)
    phase = -1
    for thread in threads:
        thread.join()
    steady = {(before % 4, found) for before, after, found, _ in seen if before == after and before % 2 == 0}
    assert steady == {(0, None), (2, "unknown_key" if what == "keys" else "revoked")}
    assert {bobs for *_, bobs in seen} == {None}
