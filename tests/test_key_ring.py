"""Rings of keys: what is published when, what signs when, and for how long a key outlives its signing."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import pickle
import threading
from typing import Any

import pytest
from forge import NOW, Clock, encode
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from key_pairs import ROWS, jwk, private_key, signing_input

from jwtfast import Key, KeySet, Verifier, errors
from jwtfast.key_ring import KeyRing

LEAD, LEEWAY = 600, 30


def ring(algorithm: str = "EdDSA", **options: Any) -> tuple[KeyRing, Clock]:
    """Give a ring in memory and its clock, which stands at NOW."""
    clock = Clock()
    usual: dict[str, Any] = {"lead_time": LEAD, "leeway": LEEWAY, "clock": clock}
    return KeyRing(algorithm, **usual | options), clock


def kids(keys: KeyRing) -> list[str]:
    """Give the kids of the document."""
    return [str(member["kid"]) for member in keys.to_jwks()["keys"]]


def signed(key: Key, *, exp: float, **claims: Any) -> str:
    """Give a token that a key signed."""
    text = signing_input({"alg": key.algorithm, "kid": key.key_id}, {"sub": "alice", "exp": exp, **claims})
    return f"{text}.{encode(key.sign(text.encode()))}"


def kid(key: Key) -> str:
    """Give a key's kid, which keys of a ring have."""
    assert key.key_id is not None
    return key.key_id


# ---- the order of events ----


def test_a_new_ring() -> None:
    """A new ring has a key that signs at once and a next one, both of them published, the signing one first."""
    keys, _ = ring()
    signing, upcoming = keys.keys
    assert (signing.state, upcoming.state) == ("signing", "next")
    assert keys.signing_key is signing.key
    assert signing.key.can_sign
    assert upcoming.key.can_sign
    assert kids(keys) == [kid(signing.key), kid(upcoming.key)]
    assert (signing.published_at, signing.signs_from, signing.retired_at) == (NOW, NOW, None)
    assert (upcoming.published_at, upcoming.signs_from, upcoming.retired_at) == (NOW, None, None)


def test_kids_are_thumbprints() -> None:
    """The kid of a key pair is its JWK thumbprint, computed here by the letter of RFC 7638."""
    for member in ring("ES256")[0].to_jwks()["keys"]:
        required = {name: member[name] for name in ("crv", "kty", "x", "y")}
        text = json.dumps(required, separators=(",", ":"), sort_keys=True)
        assert member["kid"] == encode(hashlib.sha256(text.encode()).digest())


def test_a_key_is_published_before_it_signs() -> None:
    """A ring is not rotated before the next key has been published for the lead time; the error says from when on."""
    keys, clock = ring()
    upcoming, before = keys.keys[1].key, keys.keys
    for early in (0, 1, LEAD - 0.5):
        clock.now = NOW + early
        with pytest.raises(errors.RotationTooEarlyError, match=str(NOW + LEAD)) as caught:
            keys.rotate()
        assert caught.value.ready_at == keys.ready_at == NOW + LEAD
        assert keys.keys == before
    clock.now = NOW + LEAD
    assert keys.rotate() == upcoming.key_id
    assert keys.signing_key is upcoming
    assert keys.ready_at == NOW + 2 * LEAD


def test_rotation() -> None:
    """A rotation lets the next key sign, retires the signing one without its private half, and publishes a new one."""
    keys, clock = ring()
    first, second = (entry.key for entry in keys.keys)
    keys.signing_key_for(60)
    clock.now += LEAD
    keys.rotate()
    signing, upcoming, retired = keys.keys
    assert [entry.state for entry in keys.keys] == ["signing", "next", "retired"]
    assert (signing.key, signing.signs_from) == (second, clock.now)
    assert (retired.key.key_id, retired.retired_at, retired.key.can_sign) == (first.key_id, clock.now, False)
    assert upcoming.published_at == clock.now
    assert kids(keys) == [kid(second), kid(upcoming.key), kid(first)]
    assert len(set(kids(keys))) == 3


def test_a_forced_rotation() -> None:
    """With force a ring is rotated at any time."""
    keys, _ = ring()
    upcoming = keys.keys[1].key
    assert keys.rotate(force=True) == upcoming.key_id
    assert keys.signing_key is upcoming


def test_a_retired_key_stays_until_its_last_token_has_expired() -> None:
    """A retired key is published until the longest-lived token that it signed has expired, leeway included."""
    keys, clock = ring()
    for lifetime in (60, 900, 899.5, 5):
        keys.signing_key_for(lifetime)
    old = kid(keys.signing_key)
    clock.now += LEAD
    keys.rotate()
    safe = NOW + LEAD + 900 + LEEWAY
    assert keys.safe_to_remove(old) == safe
    clock.now = safe - 0.001
    assert old in kids(keys)
    assert keys.prune() == ()
    clock.now = safe
    assert old not in kids(keys)
    assert old not in {key.key_id for key in keys.key_set}
    assert keys.prune() == (old,)
    assert keys.prune() == ()
    assert [entry.state for entry in keys.keys] == ["signing", "next"]


def test_rotation_prunes() -> None:
    """A rotation forgets the keys that are past their time, and no others."""
    keys, clock = ring()
    past = kid(keys.signing_key)
    keys.rotate(force=True)
    lasting = kid(keys.signing_key_for(10**6))
    keys.rotate(force=True)
    clock.now += LEEWAY
    keys.rotate(force=True)
    left = {entry.key.key_id for entry in keys.keys}
    assert past not in left
    assert lasting in left


def test_when_removing_is_safe_is_known_of_retired_keys_only() -> None:
    """The instant of safe removal is None for a key that signs or is next, and an error for one that isn't there."""
    keys, _ = ring()
    assert [keys.safe_to_remove(kid(entry.key)) for entry in keys.keys] == [None, None]
    with pytest.raises(errors.KeyRingError, match="no key of this kid"):
        keys.safe_to_remove("unknown")


def test_lifetimes_belong_to_the_key_that_signed() -> None:
    """One long-lived token keeps its own key published, and not the keys that follow."""
    keys, _ = ring()
    keys.signing_key_for(10**6)
    keys.rotate(force=True)
    keys.signing_key_for(1)
    assert [entry.longest_lifetime for entry in keys.keys] == [1, 0, 10**6]


@pytest.mark.parametrize("lifetime", [math.nan, math.inf, 10**400, "900", None, 2**60])
def test_lifetimes_that_are_none(lifetime: Any) -> None:
    """A lifetime that is no finite number of seconds gets no key."""
    with pytest.raises((TypeError, ValueError)):
        ring()[0].signing_key_for(lifetime)


# ---- a key that others have ----


@pytest.mark.parametrize("position", [0, 1, 2])
def test_revoking(position: int) -> None:
    """A revoked key leaves the ring and its document at once; where it signed, the next key does from then on."""
    keys, clock = ring()
    keys.signing_key_for(900)
    keys.rotate(force=True)
    before = keys.keys
    gone = kid(before[position].key)
    clock.now += 1
    keys.revoke(gone)
    assert gone not in kids(keys)
    assert len(set(kids(keys))) == (2 if position == 2 else 3)
    assert keys.signing_key is before[1 if position == 0 else 0].key
    assert [entry.state for entry in keys.keys][:2] == ["signing", "next"]
    assert keys.keys[1].published_at == (NOW if position == 2 else clock.now)
    with pytest.raises(errors.KeyRingError):
        keys.revoke(gone)


# ---- who verifies by it ----


def test_a_verifier_by_the_rings_own_set() -> None:
    """A verifier over key_set follows the ring: rotation costs it no remembered token, revocation takes effect."""
    keys, clock = ring()
    verifier = Verifier(keys.key_set, clock=clock)
    raw = signed(keys.signing_key_for(900), exp=NOW + 900)
    token = verifier.verify(raw)
    keys.rotate(force=True)
    assert verifier.verify(raw) is token
    assert verifier.verify(signed(keys.signing_key_for(900), exp=NOW + 900)).key_id == keys.signing_key.key_id
    assert isinstance(keys.key_set, KeySet)
    assert not any(key.can_sign for key in keys.key_set)
    keys.revoke(str(token.key_id))
    with pytest.raises(errors.UnknownKeyError):
        verifier.verify(raw)


def test_the_next_key_verifies_already() -> None:
    """Whoever fetched the document before a rotation verifies what is signed after it."""
    keys, clock = ring()
    verifier = Verifier(KeySet.from_jwks(json.dumps(keys.to_jwks())), clock=clock)
    clock.now += LEAD
    keys.rotate()
    assert verifier.verify(signed(keys.signing_key, exp=clock.now + 60)).subject == "alice"


# ---- algorithms ----


@pytest.mark.parametrize("algorithm", sorted({algorithm for algorithm, _ in ROWS}))
def test_every_algorithm(algorithm: str) -> None:
    """A ring makes and rotates keys of every algorithm; a secret is not published, and its kid says nothing of it."""
    keys, clock = ring(algorithm)
    keys.rotate(force=True)
    verifier = Verifier(keys.key_set, clock=clock)
    assert verifier.verify(signed(keys.signing_key, exp=NOW + 60)).algorithm == keys.signing_key.algorithm
    secret = algorithm.startswith("HS")
    assert len(keys.to_jwks()["keys"]) == (0 if secret else 3)
    assert all((key.thumbprint() != key.key_id) is secret for key in keys.key_set)


def test_the_first_key() -> None:
    """A ring may begin with a key of one's own, which keeps its kid, or gets its thumbprint where it has none."""
    named, nameless = Key.generate("RS256", key_id="ours"), Key.generate("RS256")
    assert ring(first=named)[0].signing_key is named
    assert ring(first=nameless)[0].signing_key.key_id == nameless.thumbprint()
    assert ring(first=nameless)[0].keys[1].key.algorithm == "EdDSA"
    with pytest.raises(errors.InvalidKeyError, match="private"):
        ring(first=named.public())
    with pytest.raises(TypeError):
        ring(first=jwk(private_key("RSA")))


@pytest.mark.parametrize("name", ["lead_time", "leeway"])
def test_times_that_are_none(name: str) -> None:
    """A configured time that is no finite number of seconds, or negative, is refused."""
    wrongs: list[Any] = [-1, math.nan, "1", None]
    for wrong in wrongs:
        with pytest.raises((ValueError, TypeError), match=name):
            ring(**{name: wrong})


def test_unknown_algorithms_and_clocks() -> None:
    """An algorithm that there is not, weak RSA keys and a clock that is none are refused when the ring is begun."""
    for algorithm, options in (("none", {}), ("RS255", {}), ("RS256", {"rsa_bits": 1024})):
        with pytest.raises(errors.InvalidKeyError):
            ring(algorithm, **options)
    with pytest.raises(TypeError, match="clock"):
        ring(clock=NOW)


# ---- silence, threads ----


def test_silence() -> None:
    """Neither a ring nor its entries print key material, and a ring can't be pickled or copied."""
    keys, _ = ring("ES256")
    secret = keys.signing_key.to_jwk(private=True)["d"]
    keys.rotate(force=True)
    for text in (repr(keys), str(keys), repr(keys.keys), repr(keys.key_set), json.dumps(keys.to_jwks())):
        assert secret not in text
        assert '"d"' not in text
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="KeyRing"):
            copying(keys)


def test_threads() -> None:
    """While one thread rotates and prunes, others always get a key that is published and counted for."""
    keys, clock = ring(leeway=0)
    stop, failures = threading.Event(), []

    def issue() -> None:
        while not stop.is_set():
            key = keys.signing_key_for(50)
            if key.key_id not in kids(keys) or not key.can_sign:
                failures.append(key.key_id)

    workers = [threading.Thread(target=issue) for _ in range(4)]
    for worker in workers:
        worker.start()
    for _ in range(200):
        clock.now += 1
        keys.rotate(force=True)
    stop.set()
    for worker in workers:
        worker.join()
    assert not failures
    assert len(keys.keys) <= 2 + 50


# ---- any order of events ----


class RingMachine(RuleBasedStateMachine):
    """A ring in any order of events, against a plain list of the tokens that are out there."""

    def __init__(self) -> None:
        """Begin a ring."""
        super().__init__()
        self.ring, self.clock = ring(leeway=0)
        self.tokens: list[tuple[str, float]] = []
        self.seen = {kid(entry.key): NOW for entry in self.ring.keys}

    @rule(lifetime=st.integers(0, 2000))
    def issue(self, lifetime: int) -> None:
        """Sign a token."""
        self.tokens.append((kid(self.ring.signing_key_for(lifetime)), self.clock.now + lifetime))

    @rule(seconds=st.integers(1, 1000))
    def wait(self, seconds: int) -> None:
        """Let time go by."""
        self.clock.now += seconds

    @rule()
    def rotate(self) -> None:
        """Rotate where the time has come, and only there."""
        upcoming = kid(self.ring.keys[1].key)
        if self.clock.now < self.seen[upcoming] + LEAD:
            with pytest.raises(errors.RotationTooEarlyError):
                self.ring.rotate()
        else:
            assert self.ring.rotate() == upcoming

    @rule()
    def prune(self) -> None:
        """Forget what is past."""
        for gone in self.ring.prune():
            assert gone not in kids(self.ring)

    @precondition(lambda self: len(self.seen) < 12)
    @rule(position=st.integers(0, 20))
    def revoke(self, position: int) -> None:
        """Revoke any key."""
        gone = kid(self.ring.keys[position % len(self.ring.keys)].key)
        self.ring.revoke(gone)
        self.tokens = [token for token in self.tokens if token[0] != gone]

    @invariant()
    def every_good_token_can_be_verified(self) -> None:
        """The key of every token that has not expired is published, unless it was revoked."""
        published = set(kids(self.ring))
        assert {name for name, exp in self.tokens if self.clock.now < exp} <= published
        for name in published:
            self.seen.setdefault(name, int(self.clock.now))

    @invariant()
    def one_signs_and_one_is_next(self) -> None:
        """One key signs, one is next, the others are retired and can't sign."""
        states = [entry.state for entry in self.ring.keys]
        assert states == ["signing", "next", *["retired"] * (len(states) - 2)]
        assert [entry.key.can_sign for entry in self.ring.keys] == [state != "retired" for state in states]


TestAnyOrder = RingMachine.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40)
