"""A verifier with a tiny cache beside two with none: whatever happens, they say the same of every token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable

import hypothesis.strategies as st
from forge import (
    ALPHABET,
    HEADER,
    LONG_SECRET,
    NOW,
    OTHER_SECRET,
    SECRET,
    Clock,
    decode,
    good,
    loose_spellings,
    sign,
)
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jwtfast import ANY, Key, KeySet, Token, Verifier, errors
from jwtfast._native import Generation

FIRST = [
    Key.from_secret(SECRET, "HS256"),
    Key.from_secret(SECRET[::-1], "HS256", key_id="second"),
    Key.from_secret(LONG_SECRET, "HS512", key_id="long"),
    Key.from_secret(LONG_SECRET, "HS512"),
]
POOL = [
    *FIRST,
    Key.from_secret(SECRET, "HS256", key_id="third"),
    Key.from_secret(SECRET[::-1], "HS256"),
    Key.from_secret(OTHER_SECRET, "HS256", key_id="second"),
    Key.from_secret(OTHER_SECRET, "HS256"),
    Key.from_secret(LONG_SECRET, "HS512", key_id="second"),
]
# As many as may be tried for one token: with any other of their algorithm they are too many.
CROWD = [Key.from_secret(hashlib.sha256(bytes([i])).digest(), "HS256") for i in range(8)]
KIDS = [None, "second", "long", "third"]
FAR = NOW + 10_000
BRIEF = [
    good(exp=NOW + 2),
    good(exp=NOW + 5, nbf=NOW + 2),
    good(exp=NOW + 8, iat=NOW + 4),
    good(exp=NOW + 3.5, nbf=NOW - 3.25, sub="bob"),
    good(exp=FAR, iat=NOW),
    good(exp=FAR, iat=NOW + 6, sub="carol"),
    sign({"alg": "HS512", "kid": "long"}, {"exp": NOW + 6, "jti": "1"}, LONG_SECRET, "sha512"),
    good(exp=NOW - 4),
    good(exp=NOW - 20, sub="alice"),
    good(exp=FAR, nbf=NOW + 30),
]
EDGES = [NOW - 3.25, NOW, NOW + 2, NOW + 3.5, NOW + 4, NOW + 5, NOW + 6, NOW + 8]


def tokens() -> list[str]:
    """Give tokens of all sorts: good for ever, for a while, from some time on, forged, and misspelled."""
    lasting = [
        good(exp=FAR),
        good(exp=FAR, sub="alice", roles=["user"]),
        good(exp=FAR, sub="bob", roles=["admin"], jti="1"),
        good(exp=FAR, x="x" * 400, jti="2"),
        good(exp=FAR, x=[[]] * 60),
        good(exp=FAR, **{'na"me': 1, "y": 1e300}),
        good(exp=FAR, **{f"m{i}": i for i in range(150)}),
        sign({"alg": "HS256", "kid": "second"}, {"exp": FAR, "sub": "alice"}, SECRET[::-1]),
        sign({"alg": "HS256", "kid": "third"}, {"exp": FAR, "sub": "alice", "jti": "1"}),
        sign({"alg": "HS256", "kid": "long"}, {"exp": FAR, "sub": "bob"}),
        sign({"alg": "HS256", "n": 1}, {"exp": FAR, "sub": "alice"}, SECRET[::-1]),
        sign({"alg": "HS512", "kid": "long"}, {"exp": FAR}, LONG_SECRET, "sha512"),
        sign({"alg": "HS512", "kid": "second"}, {"exp": FAR, "jti": "2"}, LONG_SECRET, "sha512"),
        sign({"alg": "HS512"}, {"exp": FAR, "sub": "carol"}, LONG_SECRET, "sha512"),
    ]
    # Signed with keys that come and go, or bad whatever the keys are.
    bad = [
        sign(HEADER, {"exp": FAR, "sub": "alice"}, OTHER_SECRET),
        sign({"alg": "HS256", "kid": "second"}, {"exp": FAR}, OTHER_SECRET),
        sign({"alg": "HS256", "kid": "third"}, {"exp": FAR}, OTHER_SECRET),
        sign({"alg": "HS384"}, {"exp": FAR}, LONG_SECRET, "sha384"),
        sign({"alg": "none"}, {"exp": FAR}),
        good(exp=str(FAR)),
        good(exp=FAR, sub=1),
        sign(HEADER, b'{"exp":%d,"exp":%d}' % (FAR, FAR)),
        "a.b.c",
        "",
    ]
    header, payload, signature = lasting[1].split(".")
    others = lasting[2].split(".")
    mixed = [f"{header}.{others[1]}.{signature}", f"{header}.{payload}.{others[2]}", f"{header}.{payload}."]
    spelled = [f"{header}.{payload}.{other}" for other in [*loose_spellings(signature)][::8]]
    return [*lasting, *BRIEF, *bad, *mixed, *spelled]


TOKENS = tokens()
SOME_TOKEN = st.sampled_from(TOKENS)
OPTIONS = st.fixed_dictionaries(
    {
        "cache_tokens": st.sampled_from([1, 2, 3, 5, 12, 40, 40]),
        "cache_bytes": st.sampled_from([512, 2000, 6000, 50_000, 500_000, 500_000]),
        "cache_ttl": st.sampled_from([None, None, None, 0, 1, 2.5]),
        "leeway": st.sampled_from([0, 0, 0.5, 3]),
        "max_age": st.sampled_from([None, None, None, None, 4]),
    }
)
FORMS: list[Callable[[str], object]] = [str, str.encode, lambda raw: bytearray(raw.encode()), "".join]


class Denylist:
    """Revocations by jti and by subject. It reads no claims while there are none, and can be out of order."""

    def __init__(self) -> None:
        self.generation = Generation()
        self.names: set[tuple[str, str | None]] = set()
        self.broken = False
        self.meanwhile: Callable[[], object] | None = None

    def revokes(self, token: Token, /) -> bool:
        """Tell whether a token's jti or subject is on the list; do what is to happen meanwhile."""
        revoked = bool(self.names) and not self.names.isdisjoint({("jti", token.token_id), ("sub", token.subject)})
        if self.meanwhile is not None:
            happen, self.meanwhile = self.meanwhile, None
            happen()
        if self.broken:
            msg = "the list can't be reached"
            raise ConnectionError(msg)
        return revoked

    def change(self, *names: tuple[str, str]) -> None:
        """Put names on the list, or take off those that are on it."""
        self.names ^= {*names}
        self.generation.advance()


def again(key: Key, key_id: str | None) -> Key:
    """Make another key of the same material, under a kid of one's choice."""
    jwk = key.to_jwk(private=True)
    jwk.pop("kid", None)
    return Key.from_jwk(jwk, key_id=key_id)


def ask(verifier: Verifier, raw: object) -> Token | Exception:
    """Give the token, or the error."""
    try:
        return verifier.verify(raw)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - which one it is is the answer
        return error


def said(answer: Token | Exception) -> tuple[object, ...]:
    """Give all that an answer says; of a token that means to read its claims."""
    if isinstance(answer, Token):
        return json.dumps(answer.claims), json.dumps(answer.header), answer.algorithm
    return type(answer), getattr(answer, "code", None), str(answer)


class TwoVerifiers(RuleBasedStateMachine):
    """Drives them with the same tokens, keys and revocations at the same instants."""

    @initialize(options=OPTIONS, with_revocations=st.sampled_from([True, True, False]))
    def build(self, options: dict[str, float | None], with_revocations: bool) -> None:
        """Build two verifiers that differ in their caches only, over one key set and one list of revocations."""
        self.clock = Clock()
        self.leeway = options["leeway"] or 0
        self.keys = KeySet(FIRST)
        self.denylist = Denylist()
        self.rest = {
            **options,
            "audience": ANY,
            "clock": self.clock,
            "revocations": self.denylist if with_revocations else None,
        }
        self.caching = Verifier(self.keys, **self.rest)  # type: ignore[arg-type]
        self.rest |= {"cache_tokens": 0, "cache_ttl": None}
        self.plain = Verifier(self.keys, **self.rest)  # type: ignore[arg-type]
        self.empty = self.caching.cache_info().bytes
        self.kept: list[tuple[str, Token]] = []
        self.latest: dict[str, Token] = {}
        self.forgotten: list[Token] = []
        self.calls = self.plain_calls = self.changes = 0

    # ---- asking ----

    def expected(self, raw: object) -> tuple[object, ...]:
        """Give what the cacheless verifier says, and a new one that has seen nothing yet, of a new key set."""
        self.plain_calls += 1
        answer = said(ask(self.plain, raw))
        fresh = Verifier(KeySet(self.keys), **self.rest)  # type: ignore[arg-type]
        assert answer == said(ask(fresh, raw))
        return answer

    def compare(self, raw: object) -> None:
        """Hold the caching verifier to what the others say."""
        self.calls += 1
        assert said(ask(self.caching, raw)) == self.expected(raw)

    @rule(raw=SOME_TOKEN, form=st.sampled_from(FORMS))
    def verify(self, raw: str, form: Callable[[str], object]) -> None:
        """Ask all about a token, in any type, and read its claims."""
        self.compare(form(raw))

    @rule(raw=SOME_TOKEN, place=st.integers(-60, 500), other=st.sampled_from([*ALPHABET, *".=+/~ \n", ""]))
    def verify_mutated(self, raw: str, place: int, other: str) -> None:
        """Ask all about a token with one character changed or left out, right after the token itself."""
        self.compare(raw)
        place %= len(raw) + 1
        self.compare(raw[:place] + other + raw[place + 1 :])
        self.compare(raw)

    @rule(raws=st.lists(SOME_TOKEN, min_size=3, max_size=20))
    def verify_unread(self, raws: list[str]) -> None:
        """Ask all about some tokens, and keep those that are good to be read later."""
        for raw in raws:
            self.calls += 1
            answer, expected = ask(self.caching, raw), self.expected(raw)
            if isinstance(answer, Token):
                assert isinstance(expected[0], str)
                assert all(answer is not token for token in self.forgotten)
                self.kept.append((raw, answer))
                self.latest.pop(raw, None)
                self.latest[raw] = answer
            else:
                assert said(answer) == expected

    @precondition(lambda self: self.latest)
    @rule(count=st.sampled_from([1, 3, 100]))
    def verify_again(self, count: int) -> None:
        """Ask all about what was good, the latest first, so that some of it is still remembered."""
        self.verify_unread([*self.latest][: -count - 1 : -1])

    def look_again(self) -> None:
        """Ask all, after two of three changes, about a few tokens that are probably remembered."""
        self.changes += 1
        if self.changes % 3:
            self.verify_unread([*self.latest][:-5:-1])

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        """Read the claims of a token that was verified some time ago: they are what was signed."""
        raw, token = self.kept.pop(data.draw(st.integers(0, len(self.kept) - 1)))
        header, payload = (json.loads(decode(segment)) for segment in raw.split(".")[:2])
        assert said(token) == (json.dumps(payload), json.dumps(header), header["alg"])

    # ---- time ----

    @rule(seconds=st.sampled_from([0.25, 0.5, 1, 1, 2, 3, 10, -0.25, -1, -4, -30]))
    def wait(self, seconds: float) -> None:
        """Let time pass, or set the clock back."""
        self.clock.now += seconds
        self.look_again()

    @rule(edge=st.sampled_from(EDGES), shift=st.sampled_from([0, 1, -1]), side=st.sampled_from([-0.25, 0.25]))
    def cross(self, edge: float, shift: int, side: float) -> None:
        """Go to an instant at which a window begins or ends, with leeway or without, from just before or just after."""
        edge += shift * self.leeway
        for self.clock.now, raws in ((edge + side, BRIEF), (edge, BRIEF[::-1])):
            self.verify_unread(raws)

    # ---- keys ----

    def exchange(self, keys: Iterable[Key]) -> None:
        """Exchange the keys; a refused exchange leaves them and the generation as they are."""
        before = [*self.keys], self.keys.generation.count
        try:
            self.keys.replace(keys)
        except errors.InvalidKeyError:
            assert ([*self.keys], self.keys.generation.count) == before
        else:
            assert self.keys.generation.count == before[1] + 1
        self.look_again()

    @rule(chosen=st.lists(st.sampled_from(POOL), max_size=7, unique=True))
    def replace_all(self, chosen: list[Key]) -> None:
        """Exchange all keys; what can't be a key set changes nothing."""
        self.exchange(chosen)

    @rule()
    def bring_back(self) -> None:
        """Exchange all keys for those of the beginning, the same objects."""
        self.exchange(FIRST)

    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """Drop a key."""
        keys = [*self.keys]
        del keys[data.draw(st.integers(0, len(keys) - 1))]
        self.exchange(keys)

    @rule(key=st.sampled_from(POOL), first=st.booleans())
    def add(self, key: Key, first: bool) -> None:
        """Add a key, which may be one that was dropped, in front of the others or behind them."""
        self.exchange([key, *self.keys] if first else [*self.keys, key])

    @rule(data=st.data(), kid=st.sampled_from(KIDS), same=st.booleans())
    def make_again(self, data: st.DataObject, kid: str | None, same: bool) -> None:
        """Exchange a key for another of the same material, under the same kid or another one."""
        keys = [*self.keys]
        place = data.draw(st.integers(0, len(keys) - 1))
        keys[place] = again(keys[place], keys[place].key_id if same else kid)
        self.exchange(keys)

    @rule(data=st.data())
    def swap_kids(self, data: st.DataObject) -> None:
        """Let two keys have each other's kid."""
        keys = [*self.keys]
        one, two = (data.draw(st.integers(0, len(keys) - 1)) for _ in range(2))
        keys[one], keys[two] = again(keys[one], keys[two].key_id), again(keys[two], keys[one].key_id)
        self.exchange(keys)

    @rule(crowd=st.sampled_from([0, 7, 8]))
    def crowd_in(self, crowd: int) -> None:
        """Let so many keys come, or go, that a token may have more candidates than are tried."""
        self.exchange([*[key for key in self.keys if key not in CROWD], *CROWD[:crowd]])

    # ---- revocations ----

    @rule(name=st.sampled_from([("jti", "1"), ("jti", "2"), ("sub", "alice"), ("sub", "bob"), ("sub", "nobody")]))
    def revoke(self, name: tuple[str, str]) -> None:
        """Revoke by jti or by subject, or take it back."""
        self.denylist.change(name)
        self.look_again()

    @rule(broken=st.sampled_from([True, False, False, False]))
    def start_over(self, broken: bool) -> None:
        """Take all revocations back, and let the list fail from now on, or work again."""
        self.denylist.names.clear()
        self.denylist.broken = broken
        self.denylist.generation.advance()
        self.look_again()

    @rule(raw=SOME_TOKEN, change=st.sampled_from(["key", "revoke", "forget", "clear", "verify"]))
    def change_meanwhile(self, raw: str, change: str) -> None:
        """Change something while a token is judged: the call says what held before or after, the next what holds."""
        happen = {
            "key": lambda: self.keys.replace(FIRST[1:]),
            "revoke": lambda: self.denylist.change(("jti", "1"), ("sub", "alice")),
            "forget": lambda: self.forget(raw),
            "clear": self.clear,
            "verify": lambda: self.compare(raw),
        }
        before = self.expected(raw)
        self.denylist.meanwhile = happen[change]
        self.calls += 1
        answer = ask(self.caching, raw)
        self.denylist.meanwhile = None
        after = self.expected(raw)
        assert said(answer) in (before, after)
        self.compare(raw)

    # ---- forgetting ----

    @precondition(lambda self: self.latest)
    @rule(data=st.data())
    def forget_one(self, data: st.DataObject) -> None:
        """Forget a token: that Token is never given again."""
        self.forget(data.draw(st.sampled_from(sorted(self.latest))))

    @rule(raw=SOME_TOKEN)
    def forget(self, raw: str) -> None:
        """Forget a token that may never have been seen: that changes nothing else."""
        before = self.caching.cache_info()
        there = self.caching.forget(raw)
        after = self.caching.cache_info()
        assert before.tokens - after.tokens == there
        assert after[:4] == before[:4]
        assert self.caching.forget(raw) is False
        if raw in self.latest:
            self.forgotten.append(self.latest.pop(raw))

    @rule()
    def clear(self) -> None:
        """Forget all of them."""
        self.caching.clear_cache()
        self.forgotten += self.latest.values()
        self.latest.clear()
        info = self.caching.cache_info()
        assert (info.tokens, info.bytes) == (0, self.empty)

    @invariant()
    def is_bounded(self) -> None:
        """Hold the limits at every instant, and count every call as a hit or a miss."""
        info = self.caching.cache_info()
        assert info.tokens <= info.max_tokens
        assert self.empty <= info.bytes <= info.max_bytes
        assert (info.bytes == self.empty) == (info.tokens == 0)
        assert info.hits + info.misses == self.calls
        assert info.tokens + info.expired + info.evictions <= info.misses
        without = self.plain.cache_info()
        assert without == (0, self.plain_calls, 0, 0, 0, 0, 0, without.max_bytes)


TestTwoVerifiers = TwoVerifiers.TestCase
TestTwoVerifiers.settings = settings(max_examples=400, stateful_step_count=60, deadline=None)
