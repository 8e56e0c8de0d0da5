"""Refresh tokens in any order of events, against a plain model of what a store should say."""

from __future__ import annotations

import uuid
from typing import Any

from forge import NOW
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from redis_server import RedisServer
from test_refresh import GRACE, IDLE, LIFETIME, bound, refusal, tokens

from jwtfast.refresh import RETENTION, RefreshGrant, RefreshStore
from jwtfast.refresh_redis import RedisRefreshStore
from jwtfast.refresh_sqlite import SQLiteRefreshStore


class Model:
    """What a store should say, in the plainest words."""

    def __init__(self) -> None:
        self.families: dict[str, dict[str, Any]] = {}

    def add(self, grant: RefreshGrant, idle_expires_at: float) -> None:
        """Keep a family."""
        self.families[grant.family] = {"grant": grant, "chain": [grant.token], "idle": idle_expires_at, "gone": False}

    def code(self, family: str, token: str, client_id: str | None, now: float) -> str:
        """Tell what the use of a token comes to, and note it."""
        known = self.families[family]
        grant, chain = known["grant"], known["chain"]
        if grant.client_id != client_id:
            return "unknown"
        if known["gone"]:
            return "revoked"
        if now >= min(grant.expires_at, known["idle"]):
            return "expired"
        if token == chain[-1]:
            known.update(idle=now + IDLE, repeat=now + GRACE)
            return "exchanged"
        if len(chain) > 1 and token == chain[-2] and now < known["repeat"]:
            return "repeated"
        known["gone"] = True
        return "reused"

    def revoke(self, name: str, value: str, now: float) -> int:
        """Revoke what is good, and tell how many those were."""
        good = [
            known
            for known in self.families.values()
            if getattr(known["grant"], name) == value
            and not known["gone"]
            and now < min(known["grant"].expires_at, known["idle"])
        ]
        for known in good:
            known["gone"] = True
        return len(good)


class RefreshMachine(RuleBasedStateMachine):
    """A store in any order of events, against the model."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.model, self.store = Model(), self.new_store()
        self.refresh, self.clock = tokens(self.store)

    def new_store(self) -> RefreshStore:
        """Give an empty store."""
        return SQLiteRefreshStore(":memory:")

    def teardown(self) -> None:
        """Close what was opened."""
        assert isinstance(self.store, SQLiteRefreshStore)
        self.store.close()

    @initialize()
    def first(self) -> None:
        """Begin with a login."""
        self.issue("a", None, "s")

    @precondition(lambda self: len(self.model.families) < 6)
    @rule(subject=st.sampled_from("ab"), client=st.sampled_from([None, "c"]), session=st.sampled_from([None, "s", "t"]))
    def issue(self, subject: str, client: str | None, session: str | None) -> None:
        """Log in."""
        grant = self.refresh.issue(subject, client_id=client, session_id=session)
        self.model.add(grant, self.clock.now + IDLE)

    @rule(seconds=st.sampled_from([0.5, 4, GRACE - 0.5, GRACE, 100, IDLE, LIFETIME]))
    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.clock.now += seconds

    @rule(
        which=st.integers(0, 5),
        back=st.sampled_from([1, 1, 1, 1, 2, 2, 3, 9]),
        client=st.sampled_from([True] * 5 + [False]),
    )
    def use(self, which: int, back: int, client: bool) -> None:
        """Use the newest token of a family, or an older one, as its client or as another one."""
        names = list(self.model.families)
        family = names[which % len(names)]
        chain = self.model.families[family]["chain"]
        token = chain[-min(back, len(chain))]
        client_id = self.model.families[family]["grant"].client_id if client else "other"
        expected = self.model.code(family, token, client_id, self.clock.now)
        if expected in ("exchanged", "repeated"):
            grant = self.refresh.exchange(token, client_id=client_id)
            if expected == "exchanged":
                assert grant.token not in chain
                chain.append(grant.token)
            assert grant.token == chain[-1]
            assert bound(grant) == bound(self.model.families[family]["grant"])
        else:
            assert refusal(self.refresh, token, client_id=client_id) == f"refresh_token_{expected}"

    @rule(subject=st.sampled_from("abc"))
    def revoke_subject(self, subject: str) -> None:
        """Log a subject out."""
        assert self.refresh.revoke_subject(subject) == self.model.revoke("subject", subject, self.clock.now)

    @rule(session=st.sampled_from("stu"))
    def revoke_session(self, session: str) -> None:
        """Log a session out."""
        assert self.refresh.revoke_session(session) == self.model.revoke("session_id", session, self.clock.now)

    @rule(which=st.integers(0, 5))
    def revoke_family(self, which: int) -> None:
        """Revoke one family."""
        family = list(self.model.families)[which % len(self.model.families)]
        assert self.refresh.revoke_family(family) is bool(self.model.revoke("family", family, self.clock.now))

    @invariant()
    def purging_early_changes_nothing(self) -> None:
        """A purge forgets nothing that is younger than a day."""
        if self.clock.now < NOW + RETENTION:
            assert self.refresh.purge() == 0


TestSQLiteMachine = RefreshMachine.TestCase
TestSQLiteMachine.settings = settings(max_examples=60, stateful_step_count=40)


def test_redis_in_any_order(redis_server: RedisServer) -> None:
    """Redis is held to the same model, in any order of events."""
    client = redis_server.client()

    class RedisMachine(RefreshMachine):
        def new_store(self) -> RefreshStore:
            return RedisRefreshStore(client, prefix=f"{uuid.uuid4()}:")

        def teardown(self) -> None:
            pass

    case = RedisMachine.TestCase
    case.settings = settings(
        max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    case("runTest").debug()
    client.close()
