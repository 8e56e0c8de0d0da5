"""Many tokens at once: verify_many says of each token what verify says."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import hmac
import json
import os
import signal
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from forge import HEADER, LONG_SECRET, NOW, SECRET, good, sign
from guard_page import at_the_end_of_memory
from hypothesis import given, settings
from hypothesis import strategies as st
from key_pairs import private_key, spki, token

from jwtfast import Key, KeySet, MultiIssuerVerifier, RevocationList, Token, Verifier, _native, errors
from jwtfast._native import Generation, Kernels, PreparedKey, SignatureKey

KEY = Key.from_secret(SECRET, "HS256")
FAR = NOW + 3600
RSA_TOKEN = token("RS256", private_key("RSA"), {"exp": FAR})


def verifier(**options: Any) -> Verifier:
    """Make a verifier of HS256 tokens at NOW."""
    return Verifier(KEY, clock=lambda: NOW, **options)


def outcome(result: object) -> object:
    """Give what can be compared of a result: the claims, or the error's class and words."""
    if isinstance(result, Token):
        return dict(result.claims)
    assert isinstance(result, errors.InvalidTokenError)
    return type(result), str(result)


def alone(judge: Verifier | MultiIssuerVerifier, raw: str | bytes) -> object:
    """Give the outcome of a token by itself."""
    try:
        return outcome(judge.verify(raw))
    except errors.InvalidTokenError as error:
        return outcome(error)


ANY_TOKEN = st.one_of(
    st.builds(lambda number, size: good(exp=FAR, n=number, x="x" * size), st.integers(0, 50), st.integers(0, 200)),
    st.builds(lambda past: good(exp=NOW - past), st.integers(0, 5)),
    st.builds(lambda number: good(exp=FAR, n=number)[:-4] + "AAAA", st.integers(0, 5)),
    st.builds(lambda number: sign({**HEADER, "kid": str(number)}, {"exp": FAR}), st.integers(0, 3)),
    st.builds(
        lambda number: sign({"alg": "HS512"}, {"exp": FAR, "n": number}, LONG_SECRET, "sha512"), st.integers(0, 3)
    ),
    st.builds(
        lambda letters: good(exp=FAR).rpartition(".")[0] + "." + letters,
        st.builds(lambda letter, size: letter * size, st.sampled_from("A!.\xe9"), st.integers(0, 200)),
    ),
    st.text(max_size=40),
    st.binary(max_size=40),
    st.just("a.b.c"),
    st.just("x" * 20_000),
)


@given(raws=st.lists(ANY_TOKEN, max_size=40), threads=st.sampled_from([1, 2, 5]), cached=st.booleans())
def test_each_as_if_alone(raws: list[str | bytes], threads: int, cached: bool) -> None:
    """Each result is what verify gives or raises for that token, in order, whatever stands beside it."""
    judge, other = (verifier(cache_tokens=100 if cached else 0) for _ in range(2))
    for _ in range(2):
        assert [outcome(one) for one in judge.verify_many(raws, threads=threads)] == [alone(other, one) for one in raws]


@given(
    places=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=25), threads=st.sampled_from([1, 2, 4])
)
def test_all_kinds_of_keys_together(places: list[tuple[int, int]], threads: int) -> None:
    """Whatever ways of checking a batch needs, each token's result is that of verify."""
    private = {"RS256": "RSA", "PS256": "RSA", "ES256": "P-256", "EdDSA": "Ed25519"}
    pems = [Key.from_pem(spki(private_key(kind)), name, key_id=name) for name, kind in private.items()]
    # With this one a token without a kid has two keys to try.
    other = Key.from_pem(spki(private_key("RSA", 1)), "RS256", key_id="other")
    keys = KeySet([*pems, other, KEY])
    tokens = []
    for name, kind in private.items():
        raw = token(name, private_key(kind), {"exp": FAR}, kid=name)
        head, _, signature = raw.rpartition(".")
        bad = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        tokens.append([raw, bad, f"{head}.{signature[:-4]}", token(name, private_key(kind), {"exp": FAR})])
    tokens.append([good(exp=FAR), good(exp=FAR)[:-4] + "AAAA", good(exp=NOW - 1), "a.b." + "A" * 2000])
    raws = [tokens[kind][which] for kind, which in places]
    judge, alone_judge = (Verifier(keys, clock=lambda: NOW, cache_tokens=0) for _ in range(2))
    results = judge.verify_many(raws, threads=threads)
    assert [outcome(one) for one in results] == [alone(alone_judge, raw) for raw in raws]


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize(("algorithm", "kind"), [("RS256", "RSA"), ("ES256", "P-256"), ("EdDSA", "Ed25519")])
def test_other_algorithms(algorithm: str, kind: str, threads: int) -> None:
    """Signatures of every kind are checked, by any number of threads, and bad ones among them are told apart."""
    private = private_key(kind)
    judge = Verifier([Key.from_pem(spki(private), algorithm), KEY], clock=lambda: NOW)
    raws = [token(algorithm, private, {"exp": FAR, "n": number}) for number in range(20)]
    raws[3], raws[11] = raws[3][:-8] + "AAAAAAAA", raws[12].rpartition(".")[0] + "." + raws[11].rpartition(".")[2]
    raws.insert(5, good(exp=FAR, n=99))
    results = judge.verify_many(raws, threads=threads)
    assert [place for place, one in enumerate(results) if isinstance(one, errors.InvalidSignatureError)] == [3, 12]
    numbers = [one.claims["n"] for one in results if isinstance(one, Token)]
    assert numbers == [0, 1, 2, 4, 99, *range(5, 11), *range(12, 20)]


def test_remembered_by_both() -> None:
    """What one call has verified, the other finds in the cache, and the counts say so."""
    judge = verifier()
    raws = [good(exp=FAR, n=number) for number in range(10)]
    first = judge.verify(raws[0])
    results = judge.verify_many(raws)
    assert results[0] is first
    assert judge.verify_many(raws) == results
    assert judge.verify(raws[9]) is results[9]
    assert judge.cache_info()[:2] == (12, 10)


@pytest.mark.parametrize("cache_tokens", [0, 100])
def test_revoked_ones(cache_tokens: int) -> None:
    """What has been revoked is refused in a batch too, seen before or not, and the others stay good."""
    revoked = RevocationList(clock=lambda: NOW)
    judge = verifier(revocations=revoked, cache_tokens=cache_tokens)
    raws = [good(exp=FAR, iss="https://login.example", jti=str(number)) for number in range(10)]
    assert all(isinstance(one, Token) for one in judge.verify_many(raws[:5]))
    for number in (2, 7):
        revoked.revoke_jti("https://login.example", str(number), FAR)
    for _ in range(2):
        results = judge.verify_many(raws)
        assert [place for place, one in enumerate(results) if isinstance(one, errors.RevokedTokenError)] == [2, 7]
        assert sum(isinstance(one, Token) for one in results) == 8
    revoked.suspended = True
    with pytest.raises(errors.RevocationListUnavailableError):
        judge.verify_many(raws)
    revoked.suspended = False
    assert sum(isinstance(one, Token) for one in judge.verify_many(raws)) == 8


class LateKeys:
    """A set whose second key comes with the first wait."""

    def __init__(self) -> None:
        self.keys = KeySet([Key.from_secret(SECRET, "HS256", key_id="a")])
        self.late = [Key.from_secret(LONG_SECRET, "HS256", key_id="b")]
        self.waits = 0

    @property
    def generation(self) -> Generation:
        """Advanced when the key comes."""
        return self.keys.generation

    def candidates(self, algorithm: str, key_id: str | None) -> tuple[PreparedKey, ...]:
        """Give those that are there."""
        return self.keys.candidates(algorithm, key_id)

    def seek(self, _algorithm: str) -> bool:
        """Tell whether there is one to come."""
        return bool(self.late)

    def wait(self) -> None:
        """Have it come."""
        self.waits += 1
        self.keys.replace([Key.from_secret(SECRET, "HS256", key_id="a"), *self.late])
        self.late = []

    async def wait_async(self) -> None:
        """Have it come, without an event loop."""
        self.wait()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("cache_tokens", [0, 100])
def test_one_wait_for_the_keys_of_all(threads: int, cache_tokens: int) -> None:
    """Where keys are on their way there is one wait for the whole batch, and each token has the result it has alone."""
    secrets = {"a": SECRET, "b": LONG_SECRET, "c": SECRET}
    raws: list[str] = []
    for number in range(60):
        kid = "abc"[number % 3]
        raws.append(sign({**HEADER, "kid": kid}, {"exp": FAR, "n": number}, secrets[kid]))
        raws.append(raws[-1][:-4] + "AAAA")
    keys = LateKeys()
    judge = Verifier(keys, clock=lambda: NOW, cache_tokens=cache_tokens)
    results = judge.verify_many(raws, threads=threads)
    assert keys.waits == 1
    assert [outcome(one) for one in results] == [alone(judge, raw) for raw in raws]
    assert sum(isinstance(one, Token) for one in results) == 40
    assert sum(isinstance(one, errors.UnknownKeyError) for one in results) == 40
    assert keys.waits == 1


@pytest.mark.parametrize("size", [0, 1, 42, 43, 44, 86, 87, 88, 200, 11_000])
@pytest.mark.parametrize("letter", "A!")
def test_signatures_of_every_length(letter: str, size: int) -> None:
    """A signature too long for a MAC, or none at all, is refused in a batch by the name that it has alone."""
    judge = verifier()
    judge.verify(good(exp=FAR))
    forged = good(exp=FAR).rpartition(".")[0] + "." + letter * size
    assert [outcome(result) for result in judge.verify_many([forged])] == [alone(judge, forged)]


def test_no_ascii_behind_a_long_one() -> None:
    """What is no ASCII is refused wherever it stands in the batch."""
    results = verifier().verify_many([good(exp=FAR), "\xe9.b.c", good(exp=FAR)])
    assert [type(one) for one in results] == [Token, errors.DecodeError, Token]


def test_one_of_the_wrong_type() -> None:
    """One argument of a wrong type is a TypeError for the whole call, and nothing is verified."""
    judge = verifier()
    with pytest.raises(TypeError, match="not int"):
        judge.verify_many([good(exp=FAR), 1])  # type: ignore[list-item]
    assert judge.cache_info()[:2] == (0, 0)


@pytest.mark.parametrize("raws", ["a.b.c", b"a.b.c", bytearray(b"a.b.c"), memoryview(b"a.b.c")])
def test_one_token_is_no_batch(raws: Any) -> None:
    """A single token is a TypeError that names verify, not a batch of its characters."""
    with pytest.raises(TypeError, match="verify"):
        verifier().verify_many(raws)


@pytest.mark.parametrize(("threads", "error"), [(0, ValueError), (-1, ValueError), ("2", TypeError), (True, TypeError)])
def test_number_of_threads(threads: Any, error: type[Exception]) -> None:
    """The number of threads is an int of at least 1."""
    with pytest.raises(error, match="threads"):
        verifier().verify_many([], threads=threads)


def encode(part: bytes | dict[str, Any]) -> str:
    """Write a segment of a token."""
    return urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).rstrip(b"=").decode()


class Signed:
    """A key set with one key, whose signatures are judged by a function of the test."""

    def __init__(self, judge: Callable[[bytes], None]) -> None:
        """Remember who judges."""
        self.generation = Generation()
        self.key = SignatureKey("RS256", lambda signature, _message: judge(signature), (), 3)

    def candidates(self, _algorithm: str, _key_id: str | None) -> tuple[PreparedKey, ...]:
        """Give the key, for whatever header."""
        return (self.key,)


def numbered(count: int) -> list[str]:
    """Make so many tokens of one header, with their numbers for signatures."""
    return [f"{encode({'alg': 'RS256'})}.{encode({'exp': FAR, 'n': n})}.{encode(n.to_bytes(3))}" for n in range(count)]


@pytest.mark.parametrize("threads", [1, 2, 3, 100])
def test_a_failure_in_a_thread(threads: int) -> None:
    """What goes wrong while a signature is checked, and is no verdict, is raised by whatever thread it happens to."""

    def judge(signature: bytes) -> None:
        if int.from_bytes(signature) == 30:
            msg = "out of order"
            raise OSError(msg)

    failing = Verifier(Signed(judge), clock=lambda: NOW)
    for _ in range(20):
        with pytest.raises(OSError, match="out of order"):
            failing.verify_many(numbered(40), threads=threads)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("algorithm", "kind"), [("RS256", "RSA"), ("ES256", "P-256")])
def test_a_failure_behind_the_signature(algorithm: str, kind: str, threads: int) -> None:
    """Where revocations can't be known the call raises though threads still check signatures, and later ones do not."""
    private = private_key(kind)
    revoked = RevocationList(clock=lambda: NOW)
    judge = Verifier(Key.from_pem(spki(private), algorithm), clock=lambda: NOW, revocations=revoked, cache_tokens=0)
    raws = [token(algorithm, private, {"exp": FAR, "iss": "https://login.example", "jti": "1"})] * 200
    assert isinstance(judge.verify(raws[0]), Token)  # the header is known, so that none is judged before its turn
    for _ in range(5):
        revoked.suspended = True
        with pytest.raises(errors.RevocationListUnavailableError):
            judge.verify_many(raws, threads=threads)
        revoked.suspended = False
        assert all(isinstance(one, Token) for one in judge.verify_many(raws, threads=threads))


def test_threads_that_are_not_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started, the caller's does all of the work."""

    def refuse(*_: object) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    here = threading.get_ident()
    asked: list[int] = []
    judge = Verifier(Signed(lambda _: asked.append(threading.get_ident())), clock=lambda: NOW)
    monkeypatch.setattr(_native, "start_new_thread", refuse)
    results = judge.verify_many(numbered(40), threads=4)
    assert [result.claims["n"] for result in results if isinstance(result, Token)] == list(range(40))
    assert asked == [here] * 40


@pytest.mark.parametrize("threads", [2, 5])
def test_as_many_threads_as_asked_for(threads: int) -> None:
    """That many signatures are checked at the same time, and each of them once."""
    together = threading.Barrier(threads)
    asked: list[int] = []

    def judge(signature: bytes) -> None:
        number = int.from_bytes(signature)
        if 0 < number <= threads:  # the first one makes the header known, alone
            together.wait(timeout=30)
        asked.append(number)

    results = Verifier(Signed(judge), clock=lambda: NOW).verify_many(numbered(60), threads=threads)
    assert [result.claims["n"] for result in results if isinstance(result, Token)] == list(range(60))
    assert sorted(asked) == list(range(60))


def test_an_interruption_waits_for_the_threads() -> None:
    """Where a signal's handler raises while threads are at work, they have ended when that comes out of the call."""
    at_work: list[int] = []

    def judge(signature: bytes) -> None:
        number = int.from_bytes(signature)
        at_work.append(number)
        try:
            if number and threading.current_thread() is not threading.main_thread():
                time.sleep(0.1 * number)  # so that one of them interrupts the work, and another one the wait
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            time.sleep(0.1)
        finally:
            at_work.remove(number)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            Verifier(Signed(judge), clock=lambda: NOW).verify_many(numbered(4), threads=3)
        assert not at_work
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interruption_between_signatures(threads: int) -> None:
    """A signal's handler runs after the signature that is being checked, though no Python code runs for any of them."""
    interrupt_me = functools.partial(getattr(ctypes.CDLL(None), "raise"), int(signal.SIGUSR1))
    keys = Signed(lambda _: None)
    keys.key = SignatureKey("RS256", interrupt_me, (), 3)
    judge = Verifier(keys, clock=lambda: NOW)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    raws = numbered(100)
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            judge.verify(raws[0])  # which makes the header known
        with pytest.raises(KeyboardInterrupt):
            judge.verify_many(raws, threads=threads)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert judge.cache_info().tokens == 1


TASKS = Path("/proc/self/task")
needs_rsa = pytest.mark.skipif(not _native.kernels.has_rsa, reason="the kernels in use leave RSA to cryptography")
needs_tasks = pytest.mark.skipif(not TASKS.is_dir(), reason="the system doesn't say how many threads there are")


def rsa_verifier() -> Verifier:
    """Make a verifier of RS256 tokens at NOW that remembers none."""
    return Verifier(Key.from_pem(spki(private_key("RSA")), "RS256"), clock=lambda: NOW, cache_tokens=0)


def wait_for_threads(count: int) -> int:
    """Wait until there are no more threads, of whatever kind, than that; give how many there are."""
    give_up = time.monotonic() + 30
    while (threads := len(list(TASKS.iterdir()))) > count and time.monotonic() < give_up:
        time.sleep(0.001)
    return threads


def threads_at_rest() -> int:
    """Wait until no thread has come or gone for a while; give how many there are."""
    threads, looked = len(list(TASKS.iterdir())), 0
    while looked < 50:
        time.sleep(0.001)
        before, threads = threads, len(list(TASKS.iterdir()))
        looked = looked + 1 if threads == before else 0
    return threads


@needs_rsa
@given(st.lists(st.integers(0, 3), min_size=60, max_size=300), st.sampled_from([1, 2, 3, 8]))
@settings(max_examples=50)
def test_native_signatures_by_several_threads(kinds: list[int], threads: int) -> None:
    """However many threads share them, each signature's verdict goes to its own token, and MACs stand between them."""
    head, _, signature = RSA_TOKEN.rpartition(".")
    raws = [RSA_TOKEN, f"{head}.{'A' * len(signature)}", f"{head}.{signature[:-4]}", good(exp=FAR)]
    judge = Verifier([Key.from_pem(spki(private_key("RSA")), "RS256"), KEY], clock=lambda: NOW, cache_tokens=0)
    results = judge.verify_many([raws[kind] for kind in kinds], threads=threads)
    assert [isinstance(one, Token) and one.algorithm for one in results] == [
        ("RS256", False, False, "HS256")[kind] for kind in kinds
    ]


@needs_rsa
@needs_tasks
@pytest.mark.parametrize("threads", [1, 2, 1000])
def test_no_more_threads_for_native_signatures_than_cpus(threads: int) -> None:
    """Native signatures keep a CPU busy each: threads that help are fewer than CPUs and than asked for, and all end."""
    judge, raws, stop = rsa_verifier(), [RSA_TOKEN] * 3000, threading.Event()
    most = min(threads, len(os.sched_getaffinity(0))) - 1
    before = threads_at_rest()
    counts = [0]

    def look() -> None:
        while not stop.wait(0.0005):
            counts.append(len(list(TASKS.iterdir())) - before - 1)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        # On a busy machine a batch may be over before anyone has looked.
        for batch in range(500):
            judge.verify_many(raws, threads=threads)
            assert wait_for_threads(before + 1) == before + 1
            if batch >= 4 and max(counts) >= min(most, 1):
                break
    finally:
        stop.set()
        looking.join()
    assert (1 <= max(counts) <= most) if most else max(counts) == 0
    assert wait_for_threads(before) == before


@needs_rsa
def test_native_threads_that_are_not_to_be_had() -> None:
    """Where no thread can be started, the caller's checks all native signatures."""
    before = threading.stack_size(1 << 46)
    try:
        with pytest.raises(RuntimeError):
            threading.Thread(target=int).start()
        results = rsa_verifier().verify_many([RSA_TOKEN] * 200, threads=4)
    finally:
        threading.stack_size(before)
    assert sum(isinstance(one, Token) for one in results) == 200


@needs_tasks
@pytest.mark.parametrize("threads", [1, 3])
def test_an_interruption_of_native_signatures(threads: int) -> None:
    """A signal's handler raises out of a batch whose signatures are checked natively, and no thread is left behind."""
    raws, judge = [RSA_TOKEN] * 5000, rsa_verifier()
    threads_before = threads_at_rest()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def verify_until_then() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        while True:
            judge.verify_many(raws, threads=threads)

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            verify_until_then()
        # They have let go of the batch, and are about to end.
        assert wait_for_threads(threads_before) == threads_before
    finally:
        signal.signal(signal.SIGALRM, before)
    assert all(isinstance(result, Token) for result in judge.verify_many(raws[:10], threads=threads))


def test_threads_that_begin_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a thread that has not begun, and one that begins when all is done finds nothing to do."""
    private = private_key("P-256")
    raws = [token("ES256", private, {"exp": FAR, "n": number}) for number in range(40)]
    late: list[Callable[[], None]] = []
    monkeypatch.setattr(_native, "start_new_thread", lambda work, _arguments: late.append(work))
    judge = Verifier(Key.from_pem(spki(private), "ES256"), clock=lambda: NOW)
    results = judge.verify_many(raws, threads=3)
    assert [one.claims["n"] for one in results if isinstance(one, Token)] == list(range(40))
    assert len(late) == 2
    before = judge.cache_info()
    for work in late:
        work()
    assert judge.cache_info() == before


def test_no_more_threads_than_an_executor_has() -> None:
    """A number of threads beyond all reason starts no more than 32, or one a CPU where there are more of them."""
    most = max(32, os.cpu_count() or 1)
    seen: set[int] = set()

    def judge(_: bytes) -> None:
        seen.add(threading.get_ident())
        time.sleep(0.002)

    results = Verifier(Signed(judge), clock=lambda: NOW).verify_many(numbered(3 * most), threads=10**30)
    assert all(isinstance(result, Token) for result in results)
    assert 1 < len(seen) <= most


def test_any_iterable_and_none() -> None:
    """The tokens may come from any iterable, and there may be none."""
    judge = verifier()
    assert judge.verify_many([]) == []
    assert judge.verify_many(iter([])) == []
    (one,) = judge.verify_many(raw for raw in [good(exp=FAR)])
    assert isinstance(one, Token)


def in_one_buffer(raws: list[bytes]) -> Iterator[memoryview]:
    """Give tokens that take the place of one another."""
    buffer = bytearray(max(map(len, raws)))
    for raw in raws:
        buffer[: len(raw)] = raw
        yield memoryview(buffer)[: len(raw)]


def in_one_array(raws: list[bytes]) -> Iterator[bytearray]:
    """Give tokens in an array that is filled anew."""
    array = bytearray()
    for raw in raws:
        array[:] = raw
        yield array


def released(raws: list[bytes]) -> Iterator[memoryview]:
    """Give tokens that can't be looked at any more when the next one is asked for."""
    for raw in raws:
        with memoryview(raw) as view:
            yield view


@pytest.mark.parametrize("give", [in_one_buffer, in_one_array, released])
def test_tokens_that_do_not_stay(give: Callable[[list[bytes]], Iterator[Any]]) -> None:
    """A token is the one that the iterable gave, whatever becomes of it when the next one is asked for."""
    subjects = ["a", "bob", "cy"]
    raws = [good(exp=FAR, sub=subject).encode() for subject in subjects]
    results = verifier().verify_many(give(raws))
    assert [result.subject for result in results if isinstance(result, Token)] == subjects


def test_nothing_is_asked_for_after_what_is_no_token() -> None:
    """An iterable is not asked on once it has given something of a wrong type."""
    given = iter([good(exp=FAR), 5, good(exp=FAR)])
    with pytest.raises(TypeError, match="not int"):
        verifier().verify_many(given)  # type: ignore[arg-type]  # that is the point
    assert len(list(given)) == 1


@pytest.mark.parametrize("form", [str, str.encode, lambda raw: bytearray(raw, "ascii")])
def test_what_was_given_is_let_go(form: Callable[[str], Any]) -> None:
    """No token that was given is kept by a batch that is over, nor a result."""
    judge = verifier(cache_tokens=0)
    raws = [form(good(exp=FAR)), form(good(exp=1)), form("a.b.c")]
    before = [sys.getrefcount(raw) for raw in raws]
    results = judge.verify_many(raws)
    assert [sys.getrefcount(raw) for raw in raws] == before
    assert len({sys.getrefcount(result) for result in results}) == 1


def test_the_errors_have_no_traceback() -> None:
    """An error in the results was never raised, so it holds no frames and no tokens in them."""
    (error,) = verifier().verify_many(["a.b.c"])
    assert isinstance(error, errors.InvalidTokenError)
    assert error.__traceback__ is None
    assert error.__context__ is None


@given(
    checks=st.lists(
        st.tuples(
            st.sampled_from(["sha256", "sha256", "sha384", "sha512"]),
            st.binary(min_size=1, max_size=150),
            st.binary(max_size=700),
            st.sampled_from(["right", "wrong", "short", "long"]),
        ),
        max_size=40,
    )
)
def test_macs_in_a_batch(kernels: Kernels, checks: list[tuple[str, bytes, bytes, str]]) -> None:
    """Each MAC of a batch is found right exactly if it is the standard library's, by every kernel."""
    batch, expected = [], []
    for hash_name, secret, message, kind in checks:
        mac = hmac.digest(secret, message, getattr(hashlib, hash_name))
        given_mac = {
            "right": mac,
            "wrong": bytes([mac[0] ^ 1]) + mac[1:],
            "short": mac[:-1],
            "long": mac + b"\0",
        }[kind]
        batch.append((hash_name, secret, message, given_mac))
        expected.append(kind == "right")
    assert kernels.verify_macs(batch) == expected


@pytest.mark.parametrize("length", range(0, 200, 7))
def test_nothing_behind_a_message_is_read(kernels: Kernels, length: int) -> None:
    """Messages that end where memory ends are verified like any others."""
    message = bytes(range(length))
    mac = hmac.digest(b"k" * 32, message, hashlib.sha256)

    def verify(there: bytes) -> list[bool]:
        return kernels.verify_macs([("sha256", b"k" * 32, there, mac)] * 33)

    assert at_the_end_of_memory(verify, message) == [True] * 33


@pytest.mark.parametrize("count", range(40))
def test_batches_of_every_size(kernels: Kernels, count: int) -> None:
    """Batches of every size, of messages that are all of another length, are verified to the last one."""
    macs = [(b"k" * 32, bytes([number]) * (number * 13 % 300)) for number in range(count)]
    right = [("sha256", secret, message, hmac.digest(secret, message, hashlib.sha256)) for secret, message in macs]
    assert kernels.verify_macs(right) == [True] * count
    for at in range(count):
        hash_name, secret, message, mac = right[at]
        wrong = [*right[:at], (hash_name, secret, message + b"!", mac), *right[at + 1 :]]
        assert kernels.verify_macs(wrong) == [place != at for place in range(count)]
