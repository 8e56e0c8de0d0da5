"""A list of revocations beside a plain model of one: whatever is revoked and whatever the time, they say the same."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import pytest
from forge import NOW, SECRET, Clock, sign
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from jwtfast import Key, RevocationList, Verifier, errors

MAX_LIFETIME = 20
LEEWAY = 4
MAX_ENTRIES = 12
NAMES = ("a", "b", 'a"', "ä", "\n")
ISSUERS = st.sampled_from((None, "a", "b"))
TEXTS = st.sampled_from(NAMES)
TIMES = st.integers(-30, 30) | st.sampled_from((-0.5, 0.0, 0.5))


class Model:
    """What is revoked, as a dict would have it."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str | None, str], tuple[float, float]] = {}

    def add(self, entry: tuple[str, str | None, str], issued_before: float, until: float, now: float) -> bool:
        """Take an entry in, unless there is no room, which is the answer."""
        self.entries = {key: value for key, value in self.entries.items() if now < value[1]}
        if until <= now:
            return True
        if entry not in self.entries and len(self.entries) == MAX_ENTRIES:
            return False
        known = self.entries.get(entry, (-math.inf, -math.inf))
        self.entries[entry] = max(known[0], issued_before), max(known[1], until)
        return True

    def revokes(self, claims: dict[str, object], kid: str | None, now: float) -> bool:
        """Look at all entries."""
        met = {(name, claims.get("iss"), claims.get(name)) for name in ("jti", "sub", "sid")} | {("kid", None, kid)}
        issued_at = claims.get("iat", -math.inf)
        assert isinstance(issued_at, int | float)
        return any(
            entry in met and issued_at <= issued_before and now < until
            for entry, (issued_before, until) in self.entries.items()
        )


class RevocationMachine(RuleBasedStateMachine):
    """Verifiers with and without a cache share a list; the model says what is to be refused."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.model = Model()
        self.listed = RevocationList(
            clock=self.clock, max_lifetime=MAX_LIFETIME, leeway=LEEWAY, max_entries=MAX_ENTRIES
        )
        keys = [Key.from_secret(SECRET, "HS256", key_id=kid) for kid in ("a", "b")]
        self.verifiers = [
            Verifier(keys, required=(), leeway=leeway, cache_tokens=size, clock=self.clock, revocations=self.listed)
            for size in (0, 3, 1000)
            for leeway in (0, LEEWAY)
        ]

    def revoke(self, entry: tuple[str, str | None, str], issued_before: float, expires_at: float) -> None:
        """Do it in both; both have room or neither has."""
        kind, issuer, value = entry
        given_time = None if expires_at == math.inf else expires_at

        def call() -> None:
            if kind == "jti":
                self.listed.revoke_jti(issuer, value, given_time)
            elif kind == "kid":
                self.listed.revoke_key(value, expires_at=given_time)
            elif kind == "sub":
                self.listed.revoke_subject(issuer, value, issued_before=issued_before)
            else:
                self.listed.revoke_session(issuer, value, issued_before=issued_before)

        if self.model.add(entry, issued_before, expires_at + LEEWAY, self.clock.now):
            call()
        else:
            with pytest.raises(errors.RevocationListFullError):
                call()

    @rule(issuer=ISSUERS, value=TEXTS, after=TIMES | st.just(math.inf))
    def revoke_jti(self, issuer: str | None, value: str, after: float) -> None:
        """Revoke a token until some time from now, or from long ago, or for good."""
        self.revoke(("jti", issuer, value), math.inf, self.clock.now + after)

    @rule(value=st.sampled_from("ab"), after=TIMES)
    def revoke_key(self, value: str, after: float) -> None:
        """Revoke a key for some time."""
        self.revoke(("kid", None, value), math.inf, self.clock.now + after)

    @rule(kind=st.sampled_from(("sub", "sid")), issuer=ISSUERS, value=TEXTS, after=TIMES)
    def revoke_issued(self, kind: str, issuer: str | None, value: str, after: float) -> None:
        """Revoke what was issued before some time."""
        instant = self.clock.now + after
        self.revoke((kind, issuer, value), instant, instant + MAX_LIFETIME)

    @rule(seconds=st.sampled_from((0.25, 0.5, 1, 5, 17)))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @rule(
        kid=st.sampled_from((None, "a", "b")),
        claims=st.fixed_dictionaries(
            {}, optional={"iss": st.sampled_from("ab"), **dict.fromkeys(("jti", "sub", "sid"), TEXTS), "iat": TIMES}
        ),
    )
    def verify(self, kid: str | None, claims: dict[str, object]) -> None:
        """Verify a token by all verifiers, twice, so that it is cached."""
        if "iat" in claims:
            claims["iat"] = min(self.clock.now, NOW + claims["iat"])  # type: ignore[operator]
        header = {"alg": "HS256"} | ({} if kid is None else {"kid": kid})
        raw = sign(header, claims)
        revoked = self.model.revokes(claims, kid or "a", self.clock.now)
        for verifier in self.verifiers * 2:
            if revoked:
                with pytest.raises(errors.RevokedTokenError):
                    verifier.verify(raw)
            else:
                assert verifier.verify(raw).claims == claims

    @invariant()
    def is_as_long(self) -> None:
        """The list is as long as the model's live entries are many."""
        assert len(self.listed) == sum(self.clock.now < until for _, until in self.model.entries.values())


class RevocationMachineThatIsNotCounted(RevocationMachine):
    """The same without a look at the list's length, which has it drop what has ended."""

    def is_as_long(self) -> None:
        """Leave the list alone."""


TestRevocations = RevocationMachine.TestCase
TestRevocations.settings = settings(max_examples=60, stateful_step_count=40)
TestRevocationsUncounted = RevocationMachineThatIsNotCounted.TestCase
TestRevocationsUncounted.settings = settings(max_examples=60, stateful_step_count=40)
