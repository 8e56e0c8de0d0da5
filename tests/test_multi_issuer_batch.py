"""Many tokens of several issuers at once: verify_many says of each token what verify says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from forge import HEADER, LONG_SECRET, NOW, OTHER_SECRET, SECRET, Clock, encode, sign, to_json
from hypothesis import given
from hypothesis import strategies as st
from key_pairs import private_key, spki, token
from test_batch import LateKeys, Signed, alone, outcome

from jwtfast import Key, KeySet, MultiIssuerVerifier, RevocationList, Token, Verifier, errors
from jwtfast.key_set import KeySource

ONE, TWO, THREE = "https://one.example", "https://two.example", "https://three.example"
FAR = NOW + 3600
CLOCK = Clock()
PRIVATE = private_key("P-256")


class Text(str):
    """A str of a class of its own."""

    __slots__ = ()


class Octets(bytes):
    """Bytes of a class of their own."""

    __slots__ = ()


class Members:
    """The verifiers of three issuers, which have nothing in common but their clock, and what changes under them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.keys = KeySet([Key.from_secret(SECRET, "HS256", key_id="k")])
        self.revoked = RevocationList(clock=self.clock)
        two = [Key.from_secret(OTHER_SECRET, "HS256", key_id="k"), Key.from_secret(LONG_SECRET, "HS512", key_id="l")]
        three = [Key.from_pem(spki(PRIVATE), "ES256"), Key.from_secret(OTHER_SECRET, "HS256", key_id="k")]
        self.verifiers = {
            ONE: Verifier(self.keys, issuer=ONE, claims={"tenant": "a"}, clock=self.clock),
            TWO: Verifier(two, issuer=TWO, max_token_bytes=300, leeway=5, revocations=self.revoked, clock=self.clock),
            THREE: Verifier(three, issuer=THREE, cache_ttl=3, clock=self.clock),
        }

    def judge(self, **options: Any) -> MultiIssuerVerifier:
        """Make a verifier of all of them."""
        return MultiIssuerVerifier(self.verifiers, **options)

    def change(self, what: str) -> None:
        """Have something happen between two calls."""
        if what == "key":
            self.keys.replace([Key.from_secret(LONG_SECRET, "HS256", key_id="k")])
        elif what == "revocation":
            self.revoked.revoke_jti(TWO, "1", FAR)
        elif what == "time":
            self.clock.now += 4


def raw_of(issuer: object, secret: bytes, /, **claims: object) -> str:
    """Give a token of an issuer by HS256, with a kid that all of them have."""
    return sign({**HEADER, "kid": "k"}, {"iss": issuer, "exp": FAR, **claims}, secret)


def good(issuer: str, **claims: object) -> str:
    """Give a token that the verifier of its issuer accepts."""
    return raw_of(issuer, SECRET if issuer == ONE else OTHER_SECRET, tenant="a", **claims)


def by_hs512(number: int) -> str:
    """Give a token by the other algorithm of the second issuer."""
    return sign({"alg": "HS512", "kid": "l"}, {"iss": TWO, "exp": FAR, "n": number}, LONG_SECRET, "sha512")


SIGNED = [token("ES256", PRIVATE, {"iss": issuer, "exp": FAR, "n": n}) for n in range(3) for issuer in (TWO, THREE)]
ISSUERS = st.sampled_from([ONE, TWO, THREE])
TOKENS = st.one_of(
    st.builds(lambda issuer, n: good(issuer, jti=str(n)), ISSUERS, st.integers(0, 3)),
    st.builds(lambda issuer, past: good(issuer, exp=NOW - past), ISSUERS, st.integers(-2, 5)),
    st.builds(raw_of, ISSUERS, st.sampled_from([SECRET, OTHER_SECRET, LONG_SECRET])),
    st.builds(raw_of, st.sampled_from(["https://four.example", None, 5]), st.just(SECRET)),
    st.builds(lambda issuer, size: good(issuer, sub="x" * size), ISSUERS, st.sampled_from([200, 20_000])),
    st.builds(lambda issuer, end: good(issuer)[:-4] + end, ISSUERS, st.sampled_from(["AAAA", "!", "", "A" * 200])),
    st.builds(lambda kid: sign({**HEADER, "kid": kid}, {"iss": ONE, "exp": FAR}), st.sampled_from(["k", "l", 5])),
    st.builds(by_hs512, st.integers(0, 3)),
    st.sampled_from([*SIGNED, SIGNED[1][:-8] + "AAAAAAAA", sign(HEADER, {"exp": FAR}), sign(HEADER, b"[]")]),
    st.sampled_from(["", "a.b.c", "a.b.c.d.e"]),
)
FORMS: list[Callable[[str], Any]] = [str, Text, str.encode, lambda raw: Octets(raw.encode())]
FORMS += [lambda raw: bytearray(raw, "ascii"), lambda raw: memoryview(raw.encode())]
RAWS = st.one_of(
    st.builds(lambda form, raw: form(raw), st.sampled_from(FORMS), TOKENS), st.text(max_size=9), st.binary(max_size=9)
)
ROUNDS = st.tuples(
    st.lists(RAWS, max_size=25), st.sampled_from([1, 2, 5]), st.sampled_from(["", "key", "revocation", "time"])
)


@given(rounds=st.lists(ROUNDS, max_size=5), cache_tokens=st.sampled_from([0, 3, 1000]))
def test_each_as_if_alone(rounds: list[tuple[list[Any], int, str]], cache_tokens: int) -> None:
    """Each result is what verify gives or raises for that token, whatever stands beside it and has changed before."""
    members = Members()
    judge, other = (members.judge(cache_tokens=cache_tokens) for _ in range(2))
    for raws, threads, change in rounds:
        for _ in range(2):
            found = judge.verify_many(iter(raws), threads=threads)
            assert [outcome(one) for one in found] == [alone(other, raw) for raw in raws]
        members.change(change)
    counts = judge.cache_info(), other.cache_info()
    assert counts[0].hits + counts[0].misses == counts[1].hits + counts[1].misses
    assert counts[0].tokens == counts[1].tokens or cache_tokens == 3


@pytest.mark.parametrize("threads", [1, 3])
def test_remembered_by_both(threads: int) -> None:
    """What one call has verified, the other finds in the one cache, and each look at it is counted once."""
    judge = Members().judge()
    raws = [good(issuer, n=n) for n in range(10) for issuer in (ONE, TWO, THREE)]
    first = judge.verify(raws[1])
    results = judge.verify_many(raws, threads=threads)
    assert results[1] is first
    again = judge.verify_many([raw.encode() for raw in raws], threads=threads)
    assert all(new is old for new, old in zip(again, results, strict=True))
    assert judge.verify(raws[29]) is results[29]
    assert judge.cache_info()[:5] == (32, 30, 0, 0, 30)


def test_refused_ones_are_misses() -> None:
    """A token that no member admits is a miss, one, wherever it fails."""
    judge = Members().judge()
    bad = ["", "\u20ac", raw_of("https://four.example", SECRET), good(ONE)[:-4] + "AAAA", good(ONE, exp=NOW - 1)]
    for _ in range(2):
        judge.verify_many([*bad, good(ONE)])
    assert judge.cache_info()[:2] == (1, 11)


def test_the_same_token_again_and_again() -> None:
    """A token that stands in a batch many times has as many results, and one place in the cache."""
    judge = Members().judge()
    raws = [good(ONE), good(TWO), good(ONE)[:-4] + "AAAA"] * 20
    for _ in range(2):
        assert [outcome(one) for one in judge.verify_many(raws)] == [alone(judge, raw) for raw in raws[:3]] * 20
    assert judge.cache_info().tokens == 2


def test_keys_that_leave() -> None:
    """A key that leaves one issuer's set takes that issuer's tokens with it in a batch too, and no others."""
    members = Members()
    judge = members.judge()
    raws = [good(ONE), good(TWO), good(THREE)]
    first = judge.verify_many(raws)
    members.change("key")
    found = judge.verify_many(raws)
    assert isinstance(found[0], errors.InvalidSignatureError)
    assert found[1] is first[1]
    assert found[2] is first[2]
    assert judge.cache_info()[:5] == (2, 4, 0, 0, 2)


@pytest.mark.parametrize("cache_tokens", [0, 100])
def test_revocations(cache_tokens: int) -> None:
    """What one issuer revokes is refused, seen before or not; where that can't be known, the call raises."""
    members = Members()
    judge = members.judge(cache_tokens=cache_tokens)
    raws = [good(issuer, jti=str(n)) for n in range(4) for issuer in (ONE, TWO, THREE)]
    assert all(isinstance(one, Token) for one in judge.verify_many(raws[:6]))
    members.change("revocation")
    found = judge.verify_many(raws)
    assert [place for place, one in enumerate(found) if isinstance(one, errors.RevokedTokenError)] == [4]
    assert sum(isinstance(one, Token) for one in found) == 11
    members.revoked.suspended = True
    with pytest.raises(errors.RevocationListUnavailableError):
        judge.verify_many(raws)
    assert all(isinstance(one, Token) for one in judge.verify_many(raws[::3]))  # of an issuer that revokes nothing


def test_changes_are_counted_for_each_issuer() -> None:
    """What one issuer revokes is seen, though the changes that another has made before are as many."""
    lists = {issuer: RevocationList(clock=CLOCK) for issuer in (ONE, TWO)}
    keys = Key.from_secret(SECRET, "HS256")
    judge = MultiIssuerVerifier(
        {issuer: Verifier(keys, issuer=issuer, revocations=lists[issuer], clock=CLOCK) for issuer in lists}
    )
    raws = [sign(HEADER, {"iss": TWO, "exp": FAR, "jti": str(n)}) for n in range(3)]
    lists[ONE].revoke_jti(ONE, "2", FAR)
    assert all(isinstance(one, Token) for one in judge.verify_many(raws))
    lists[TWO].revoke_jti(TWO, "2", FAR)
    assert [type(one) for one in judge.verify_many(raws)] == [Token, Token, errors.RevokedTokenError]


def of_both(one: KeySource, two: KeySource) -> MultiIssuerVerifier:
    """Make a verifier of two issuers by their keys."""
    return MultiIssuerVerifier(
        {issuer: Verifier(keys, issuer=issuer, clock=CLOCK) for issuer, keys in ((ONE, one), (TWO, two))}
    )


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shared", [False, True])
def test_one_wait_for_the_keys_of_all(shared: bool, threads: int) -> None:
    """Where keys are on their way each set is waited for once, though issuers share it."""
    first = LateKeys()
    second = first if shared else LateKeys()
    judge = of_both(first, second)
    secrets = {"a": SECRET, "b": LONG_SECRET, "c": SECRET}
    raws = [
        sign({**HEADER, "kid": kid}, {"iss": issuer, "exp": FAR, "n": n}, secret) + end
        for n in range(5)
        for kid, secret in secrets.items()
        for issuer in (ONE, TWO)
        for end in ("", "A")
    ]
    found = judge.verify_many(raws, threads=threads)
    assert (first.waits, second.waits) == (1, 1)
    assert [outcome(one) for one in found] == [alone(judge, raw) for raw in raws]
    assert sum(isinstance(one, Token) for one in found) == 20
    assert sum(isinstance(one, errors.UnknownKeyError) for one in found) == 20


class NoKeys(LateKeys):
    """A set that has no key for the tokens, and says so as soon as it is asked, or after a wait."""

    def __init__(self, waits: bool) -> None:
        super().__init__()
        self.keys = KeySet([Key.from_secret(LONG_SECRET, "HS512")])
        self.hopeful = waits

    def seek(self, _algorithm: str) -> bool:
        """Tell whether to wait, as long as nobody has."""
        if not self.hopeful:
            msg = "there are no keys"
            raise errors.KeySetUnavailableError(msg)
        return True

    def wait(self) -> None:
        """Wait in vain."""
        self.hopeful = False


@pytest.mark.parametrize("waits", [False, True])
def test_keys_that_are_not_to_be_had(waits: bool) -> None:
    """Where one issuer has no keys to judge its tokens by, the call raises; tokens of the others alone are judged."""
    judge = of_both(NoKeys(waits), LateKeys())
    raw = sign({**HEADER, "kid": "a"}, {"iss": TWO, "exp": FAR})
    with pytest.raises(errors.KeySetUnavailableError):
        judge.verify_many([raw, good(ONE), raw])
    assert all(isinstance(one, Token) for one in judge.verify_many([raw, raw]))


def test_one_of_the_wrong_type() -> None:
    """One argument of a wrong type is a TypeError for the whole call, and nothing is verified."""
    judge = Members().judge()
    with pytest.raises(TypeError, match="not int"):
        judge.verify_many([good(ONE), 1])  # type: ignore[list-item]
    assert judge.cache_info()[:2] == (0, 0)


@pytest.mark.parametrize(
    ("raws", "threads"),
    [
        *(("a.b.c", 1), (b"a.b.c", 2), (bytearray(b"a.b.c"), 1), (memoryview(b"a.b.c"), 1), (None, 1), (5, 1)),
        *(([], 0), ([], -1), ([], "2"), ([], True), ([], 1.0), ([None], 1), ([5], 2)),
    ],
)
def test_arguments_are_those_of_a_verifier(raws: Any, threads: Any) -> None:
    """What is wrong with an argument is told as a Verifier tells it."""
    members = Members()
    told = []
    for judge in (members.judge(), members.verifiers[ONE]):
        with pytest.raises((TypeError, ValueError)) as raised:
            judge.verify_many(raws, threads=threads)
        told.append((raised.type, str(raised.value)))
    assert told[0] == told[1]


def test_not_before_it_is_configured() -> None:
    """One that was never configured says so."""
    with pytest.raises(TypeError, match="never configured"):
        MultiIssuerVerifier.__new__(MultiIssuerVerifier).verify_many([good(ONE)])


def numbered(issuer: str, count: int) -> list[str]:
    """Make so many tokens of an issuer, of one header, with their numbers for signatures."""
    header = encode(to_json({"alg": "RS256"}))
    return [f"{header}.{encode(to_json({'iss': issuer, 'exp': FAR}))}.{encode(n.to_bytes(3))}" for n in range(count)]


def test_members_share_the_threads() -> None:
    """Signatures of different issuers are checked at the same time, by threads that no issuer has to itself."""
    together = threading.Barrier(2)
    asked: list[int] = []

    def check(signature: bytes) -> None:
        number = int.from_bytes(signature)
        if number == 1:  # the only one of its issuer, beside the one that makes the header known
            together.wait(timeout=30)
        asked.append(number)

    one, two = Signed(check), Signed(check)
    two.generation.advance()  # whose count is its own
    found = of_both(one, two).verify_many(numbered(ONE, 2) + numbered(TWO, 2), threads=2)
    assert all(isinstance(each, Token) for each in found)
    assert sorted(asked) == [0, 0, 1, 1]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_failure_in_a_thread(threads: int) -> None:
    """What goes wrong while a signature is checked, and is no verdict, comes out of the call."""

    def check(signature: bytes) -> None:
        if int.from_bytes(signature) == 7:
            msg = "out of order"
            raise OSError(msg)

    judge = of_both(Signed(check), Signed(check))
    with pytest.raises(OSError, match="out of order"):
        judge.verify_many(numbered(ONE, 7) + numbered(TWO, 8), threads=threads)


def test_the_errors_have_no_traceback() -> None:
    """An error in the results was never raised, so it holds no frames and no tokens in them."""
    for error in Members().judge().verify_many(["a.b.c", raw_of("https://four.example", SECRET), good(ONE)[:-4]]):
        assert isinstance(error, errors.InvalidTokenError)
        assert error.__traceback__ is None
        assert error.__context__ is None
