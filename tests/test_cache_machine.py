"""A verifier with a tiny cache beside one with none: whatever happens, they say the same of every token."""

from __future__ import annotations

import json

import hypothesis.strategies as st
from forge import HEADER, LONG_SECRET, NOW, OTHER_SECRET, SECRET, Clock, good, loose_spellings, sign, verdict
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jwtfast import ANY, Key, Token, Verifier

KEYS = [
    Key.from_secret(SECRET, "HS256"),
    Key.from_secret(SECRET[::-1], "HS256", key_id="second"),
    Key.from_secret(LONG_SECRET, "HS512", key_id="long"),
]
FAR = NOW + 10_000


def tokens() -> list[str]:
    """Give tokens of all sorts: good for ever, for a while, from some time on, forged, and misspelled."""
    lasting = [
        good(exp=FAR),
        good(exp=FAR, sub="alice", roles=["user"]),
        good(exp=FAR, sub="bob", roles=["admin"]),
        good(exp=FAR, x="x" * 400),
        good(exp=FAR, x=[[]] * 60),
        good(exp=FAR, **{'na"me': 1, "y": 1e300}),
        good(exp=FAR, **{f"m{i}": i for i in range(150)}),
        sign({"alg": "HS256", "kid": "second"}, {"exp": FAR, "sub": "alice"}, SECRET[::-1]),
        sign({"alg": "HS256", "n": 1}, {"exp": FAR, "sub": "alice"}, SECRET[::-1]),
        sign({"alg": "HS512", "kid": "long"}, {"exp": FAR}, LONG_SECRET, "sha512"),
    ]
    windows = [
        good(exp=NOW + 2),
        good(exp=NOW + 5, nbf=NOW + 2),
        good(exp=NOW + 8, iat=NOW + 4),
        good(exp=NOW + 3.5, nbf=NOW - 3.25),
        good(exp=FAR, iat=NOW),
        good(exp=FAR, iat=NOW + 6, sub="carol"),
        good(exp=NOW - 4),
        good(exp=NOW - 20),
        good(exp=FAR, nbf=NOW + 30),
    ]
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
    return [*lasting, *windows, *bad, *mixed, *spelled]


TOKENS = tokens()
OPTIONS = st.fixed_dictionaries(
    {
        "cache_tokens": st.sampled_from([1, 2, 3, 5, 12]),
        "cache_bytes": st.sampled_from([512, 2000, 6000, 50_000]),
        "cache_ttl": st.sampled_from([None, 0, 1, 2.5]),
        "leeway": st.sampled_from([0, 0, 0.5, 3]),
        "max_age": st.sampled_from([None, None, 4]),
    }
)


class TwoVerifiers(RuleBasedStateMachine):
    """Drives both with the same tokens at the same instants."""

    @initialize(options=OPTIONS)
    def build(self, options: dict[str, float | None]) -> None:
        """Build two verifiers that differ in their caches only."""
        self.clock = Clock()
        rest = {"audience": ANY, "clock": self.clock}
        self.caching = Verifier(KEYS, **options, **rest)  # type: ignore[arg-type]
        without = {**options, "cache_tokens": 0, "cache_ttl": None}
        self.plain = Verifier(KEYS, **without, **rest)  # type: ignore[arg-type]
        self.empty = self.caching.cache_info().bytes
        self.kept: list[tuple[str, Token]] = []
        self.latest: dict[str, Token] = {}
        self.forgotten: list[Token] = []
        self.calls = 0

    @rule(raw=st.sampled_from(TOKENS), as_bytes=st.booleans())
    def verify(self, raw: str, as_bytes: bool) -> None:
        """Ask both about a token, and read its claims."""
        given = raw.encode() if as_bytes else raw
        assert verdict(self.caching.verify, given) == verdict(self.plain.verify, given)
        self.calls += 1

    @rule(raws=st.lists(st.sampled_from(TOKENS), max_size=20))
    def verify_unread(self, raws: list[str]) -> None:
        """Ask both about some tokens, and keep those that are good to be read later."""
        for raw in raws:
            cached, plain = self.ask(self.caching, raw), self.ask(self.plain, raw)
            assert type(cached) is type(plain)
            if not isinstance(cached, Exception):
                assert all(cached is not token for token in self.forgotten)
                self.kept.append((raw, cached))
                self.latest[raw] = cached
        self.calls += len(raws)

    @precondition(lambda self: self.latest or self.forgotten)
    @rule()
    def verify_again(self) -> None:
        """Ask both about all that was ever good."""
        self.verify_unread(sorted({raw for raw, _ in self.kept} | {*self.latest}))

    def ask(self, verifier: Verifier, raw: str) -> Token | Exception:
        """Give the token, or the error."""
        try:
            return verifier.verify(raw)
        except Exception as error:  # noqa: BLE001 - which one it is is the answer
            return error

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        """Read the claims of a token that was verified some time ago."""
        raw, token = self.kept.pop(data.draw(st.integers(0, len(self.kept) - 1)))
        fresh = Verifier(KEYS, audience=ANY, required=(), clock=Clock(self.when(token)), cache_tokens=0).verify(raw)
        assert json.dumps(token.claims) == json.dumps(fresh.claims)
        assert (token.key_id, token.algorithm, token.header) == (fresh.key_id, fresh.algorithm, fresh.header)

    def when(self, token: Token) -> float:
        """Give a time at which a token is valid."""
        return max(token.not_before or 0, token.issued_at or 0, NOW - 100)

    @rule(seconds=st.sampled_from([0.25, 0.5, 1, 1, 2, 3, 10]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @rule(seconds=st.sampled_from([0.25, 1, 4, 30]))
    def turn_back(self, seconds: float) -> None:
        """Set the clock back."""
        self.clock.now -= seconds

    @precondition(lambda self: self.latest)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        """Forget a token: that Token is never given again."""
        raw = data.draw(st.sampled_from(sorted(self.latest)))
        self.caching.forget(raw)
        self.forgotten.append(self.latest.pop(raw))

    @rule(raw=st.sampled_from(TOKENS))
    def forget_any(self, raw: str) -> None:
        """Forget a token that may never have been seen: that changes nothing else."""
        self.caching.forget(raw)
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
        """Hold the limits at every instant, and count every call."""
        info = self.caching.cache_info()
        assert info.tokens <= info.max_tokens
        assert self.empty <= info.bytes <= info.max_bytes
        assert (info.bytes == self.empty) == (info.tokens == 0)
        assert info.hits + info.misses == self.calls


TestTwoVerifiers = TwoVerifiers.TestCase
TestTwoVerifiers.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
