"""What signing an HS256 token with typical claims costs."""

from __future__ import annotations

import time
from functools import cache
from statistics import median
from typing import Any

import jwt
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.rounds import Arguments, measure, note
from benchmarks.signers import SIGNERS, Signer, whose
from benchmarks.tokens import AUDIENCE, COUNT, ISSUER, LIFETIME, SECRET, SLOW_COUNT, sample_claims

pytestmark = pytest.mark.benchmark(disable_gc=True, timer=time.process_time)
ISSUED = {"exp", "iat", "nbf", "jti"}  # what an issuer makes for each token


@cache
def prepare(name: str) -> tuple[Signer, list[dict[str, Any]], int]:
    """Make a signer ready, and see that PyJWT verifies what it signs, before it is timed."""
    signer = SIGNERS[name]()
    count = SLOW_COUNT if whose(name).slow else COUNT
    claims = sample_claims("typical", count, int(time.time()))
    tokens: list[str] = []
    signer.sign_all(lambda *args, **more: tokens.append(signer.sign(*args, **more)), list(map(signer.arrive, claims)))
    read = [jwt.decode(token, SECRET, ["HS256"], audience=AUDIENCE, issuer=ISSUER) for token in tokens]
    if not signer.issues:
        assert read == claims
    else:
        for ours, wanted in zip(read, claims, strict=True):
            assert {name: ours[name] for name in ours.keys() - ISSUED} == {
                name: wanted[name] for name in wanted.keys() - ISSUED
            }
            assert ours["exp"] - ours["iat"] == LIFETIME
        assert len({ours["jti"] for ours in read}) == count
    return signer, claims, round(median(map(len, tokens)))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.skipif(whose(name).missing is not None, reason=str(whose(name).missing)))
        for name in SIGNERS
    ],
)
def test_sign(benchmark: BenchmarkFixture, name: str) -> None:
    """Each token has claims of its own."""
    signer, claims, characters = prepare(name)

    def setup() -> Arguments:
        return (signer.sign, list(map(signer.arrive, claims))), {}

    note(
        benchmark,
        kind="sign",
        algorithm="HS256",
        size="typical",
        contender=name,
        label=name.replace(whose(name).name, whose(name).label),
        tokens=len(claims),
        characters=characters,
    )
    measure(benchmark, signer.sign_all, setup)
