"""Many threads share one verifier: each gets what belongs to its own token."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from forge import HEADER, LONG_SECRET, NOW, OTHER_SECRET, SECRET, Clock, encode, good, sign, to_json, verdict

from jwtfast import Key, Token, Verifier, errors

THREADS = 8
KEYS = [Key.from_secret(SECRET, "HS256"), Key.from_secret(LONG_SECRET, "HS512", key_id="long")]


@pytest.fixture(autouse=True)
def _quick_switches() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def verifier(**options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW."""
    return Verifier(KEYS, **{"clock": Clock(), **options})


def run(work: Callable[[int], None], *, threads: int = THREADS) -> None:
    """Do some work in several threads that begin at one time, and raise what any of them raises."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(threads)

    def body(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            failures.append(error)

    started = [threading.Thread(target=body, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    for failure in failures:
        raise failure


def mixture(count: int) -> list[tuple[str, object]]:
    """Give tokens of all sorts, each with what a verifier has to say of it."""
    made: list[tuple[str, object]] = []
    for i in range(count):
        claims: dict[str, object] = {"exp": NOW + 60, "sub": f"user{i}", "x": ["x"] * (i % 50)}
        said = json.dumps(claims, sort_keys=True)
        expired = {**claims, "exp": NOW - i}
        early = {**claims, "nbf": NOW + 1 + i}
        many = {**claims, **{f"m{k}": i for k in range(140)}}
        made += [
            (sign(HEADER, claims), said),
            (sign({**HEADER, "n": i}, claims), said),
            (sign({"alg": "HS512", "kid": "long"}, claims, LONG_SECRET, "sha512"), said),
            (sign(HEADER, many), json.dumps(many, sort_keys=True)),
            (sign(HEADER, claims, OTHER_SECRET), errors.InvalidSignatureError),
            (sign(HEADER, claims)[:-2] + "A", errors.DecodeError),
            (sign(HEADER, expired), errors.ExpiredSignatureError),
            (sign(HEADER, early), errors.ImmatureSignatureError),
            (sign({"alg": "HS512", "kid": "long"}, claims, SECRET, "sha512"), errors.InvalidSignatureError),
            (sign({"alg": "none"}, claims), errors.InvalidAlgorithmError),
        ]
    return made


@pytest.mark.parametrize(
    "options",
    [{"cache_tokens": 5}, {"cache_tokens": 40}, {"cache_bytes": 20_000}, {"cache_tokens": 0}, {}],
    ids=["five tokens", "forty tokens", "few bytes", "no cache", "large"],
)
def test_each_thread_gets_its_own(options: dict[str, int]) -> None:
    """Good, forged and expired tokens in many threads each get their own claims or their own error."""
    judge = verifier(**options)
    empty = judge.cache_info().bytes
    tokens = mixture(30)

    def work(number: int) -> None:
        order = tokens * 3
        random.Random(number).shuffle(order)  # noqa: S311 - nothing secret about it
        for raw, expected in order:
            found = verdict(judge.verify, raw if number % 2 else raw.encode())
            assert found == expected or (expected is errors.DecodeError and issubclass(found, errors.DecodeError))  # type: ignore[arg-type]
            info = judge.cache_info()
            assert info.tokens <= info.max_tokens
            assert info.bytes <= info.max_bytes

    run(work)
    info = judge.cache_info()
    assert info.hits + info.misses == THREADS * 3 * len(tokens)
    judge.clear_cache()
    assert judge.cache_info().bytes == empty


def test_claims_are_built_once() -> None:
    """However many threads read the claims of a token at once, all see one object, charged once."""
    judge = verifier()
    for i in range(60):
        raw = good(sub=f"user{i}", x=[{"a": [i]}] * 20)
        token = judge.verify(raw)
        seen: list[object] = [None] * THREADS

        def work(number: int, token: Token = token, seen: list[object] = seen) -> None:
            seen[number] = token.claims

        run(work)
        assert all(claims is token.claims for claims in seen)
    alone = verifier()
    for i in range(60):
        assert alone.verify(good(sub=f"user{i}", x=[{"a": [i]}] * 20)).subject == f"user{i}"
    # Names that several claims share are charged to the first of them only, so it is not the same to the byte.
    assert judge.cache_info().bytes == pytest.approx(alone.cache_info().bytes, rel=0.01)


def test_claims_are_read_while_the_cache_is_emptied() -> None:
    """Tokens keep their claims while other threads clear, forget and fill the cache, and the count comes out even."""
    judge = verifier(cache_tokens=20)
    empty = judge.cache_info().bytes
    raws = [good(sub=f"user{i}", x=["x"] * i) for i in range(40)]
    end = time.monotonic() + 1

    def work(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - nothing secret about it
        while time.monotonic() < end:
            i = chance.randrange(len(raws))
            if number == 0:
                judge.clear_cache()
            elif number == 1:
                judge.forget(raws[i])
            else:
                token = judge.verify(raws[i])
                assert token.subject == f"user{i}"
                assert len(token.claims["x"]) == i
            info = judge.cache_info()
            assert info.tokens <= 20

    run(work)
    judge.clear_cache()
    assert judge.cache_info().bytes == empty
    assert judge.cache_info().tokens == 0


def test_time_passes_for_all_threads() -> None:
    """While the clock moves on, no thread gets a token after its end, whichever thread remembered it."""
    clock = Clock()
    judge = verifier(clock=clock, cache_tokens=50)
    raws = {NOW + second: good(exp=NOW + second) for second in range(1, 200)}

    def work(number: int) -> None:
        for exp, raw in raws.items():
            if number == 0:
                clock.now = exp - 0.5
            before = clock.now
            accepted = isinstance(verdict(judge.verify, raw), str)
            after = clock.now
            assert accepted or exp <= after
            assert not accepted or before < exp

    run(work)


def test_a_buffer_that_another_thread_writes_to() -> None:
    """A bytearray that changes while it is verified gives the claims of a token that was signed, or is refused."""
    judge = verifier(cache_tokens=3)
    raws = [good(sub=name, x="x" * 3000).encode() for name in ("alice", "carol")]
    shared = bytearray(raws[0])
    end = time.monotonic() + 0.5

    def work(number: int) -> None:
        while time.monotonic() < end:
            if number == 0:
                for raw in raws:
                    shared[:] = raw
            elif isinstance(found := verdict(judge.verify, shared), str):
                assert json.loads(found)["sub"] in {"alice", "carol"}
            else:
                assert issubclass(found, errors.InvalidTokenError)  # type: ignore[arg-type]

    run(work)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_forged_payload_that_comes_and_goes(kind: type[Any]) -> None:
    """A buffer in which another thread swaps the payload during a slow signature check never gives forged claims.

    RSA is verified by the cryptography package, which lets other threads run meanwhile.
    """
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    spki = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    judge = Verifier(Key.from_pem(spki, "RS256"), clock=Clock(), cache_tokens=0)
    user, admin = ({"exp": NOW + 60, "sub": name, "x": "x" * 5000} for name in ("alice", "admin"))
    header, payload = (encode(to_json(part)) for part in ({"alg": "RS256"}, user))
    last = encode(private.sign(f"{header}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256()))
    honest = f"{header}.{payload}.{last}".encode()
    forged = f"{header}.{encode(to_json(admin))}.{last}".encode()
    assert len(honest) == len(forged)
    shared = bytearray(honest)
    raw = kind(shared) if kind is memoryview else shared
    seen: set[object] = set()
    end = time.monotonic() + 0.5

    def work(number: int) -> None:
        while time.monotonic() < end:
            if number < 2:
                shared[:] = forged
                shared[:] = honest
            else:
                found = verdict(judge.verify, raw)
                seen.add(json.loads(found)["sub"] if isinstance(found, str) else found)

    run(work, threads=4)
    assert seen <= {"alice", errors.InvalidSignatureError}
    assert judge.verify(honest).subject == "alice"
    assert verdict(judge.verify, forged) is errors.InvalidSignatureError


def test_one_token_in_many_threads() -> None:
    """A token that many threads verify for the first time at once is remembered once, and forgotten with one call."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    spki = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    judge = Verifier(Key.from_pem(spki, "RS256"), clock=Clock())
    empty = judge.cache_info().bytes
    for i in range(30):
        signing_input = f"{encode(to_json({'alg': 'RS256'}))}.{encode(to_json({'exp': NOW + 60, 'n': i}))}"
        raw = f"{signing_input}.{encode(private.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

        def work(_: int, raw: str = raw, i: int = i) -> None:
            assert judge.verify(raw).claims["n"] == i

        run(work)
        assert judge.cache_info().tokens == 1
        assert judge.verify(raw) is judge.verify(raw)
        assert judge.forget(raw)
        assert judge.forget(raw) is False
        assert judge.cache_info().bytes == empty


def test_verifiers_come_and_go() -> None:
    """Threads may build, use and drop verifiers of the same keys, and keep the tokens."""
    kept: list[tuple[str, Token]] = []

    def work(number: int) -> None:
        for i in range(50):
            judge = verifier(cache_tokens=4)
            for k in range(8):
                name = f"user{number}.{i}.{k}"
                kept.append((name, judge.verify(good(sub=name))))

    run(work)
    assert all(token.subject == name for name, token in kept)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork() -> None:
    """A child of fork verifies as its parent does, from the cache and anew, and disturbs nothing in the parent."""
    judge = verifier(cache_tokens=10)
    raws = [good(sub=f"user{i}") for i in range(20)]
    known = judge.verify(raws[19])
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        told = b"nothing"
        try:
            assert judge.verify(raws[19]) is known
            assert [judge.verify(raw).subject for raw in raws] == [f"user{i}" for i in range(20)]
            assert verdict(judge.verify, raws[0] + "~") is errors.DecodeError
            assert verdict(judge.verify, good(exp=NOW)) is errors.ExpiredSignatureError
            judge.clear_cache()
            told = hashlib.sha256(repr(verifier().verify(raws[0]).claims).encode()).digest()
        finally:
            os.write(writing, told)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    assert told == hashlib.sha256(repr(judge.verify(raws[0]).claims).encode()).digest()
    assert judge.verify(raws[19]) is known
    assert judge.cache_info().tokens == 2
