"""What signing an HS256 token with typical claims costs."""

from __future__ import annotations

import time
from functools import partial
from statistics import median
from typing import Any

import jwt
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.rounds import CPU_TIME, Arguments, Entrant, Steps, measure, note
from benchmarks.signers import SIGNERS, Signer, whose
from benchmarks.tokens import AUDIENCE, ISSUER, LIFETIME, SECRET, UNSEEN_COUNT, sample_claims, samples

pytestmark = pytest.mark.benchmark(disable_gc=True, timer=CPU_TIME)
ISSUED = {"exp", "iat", "nbf", "jti"}  # what an issuer makes for each token


def prepare(name: str, claims: list[dict[str, Any]]) -> Signer:
    """Make a signer ready, and see that PyJWT verifies what it signs, before it is timed."""
    signer = SIGNERS[name]()
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
        assert len({ours["jti"] for ours in read}) == len(claims)
    return signer


def start(name: str, claims: list[dict[str, Any]]) -> Steps:
    """Give a round in which all of these claims are signed."""
    signer = prepare(name, claims)

    def setup() -> Arguments:
        return signer.sign, list(map(signer.arrive, claims))

    yield signer.sign_all, setup


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.skipif(whose(name).missing is not None, reason=str(whose(name).missing)))
        for name in SIGNERS
    ],
)
def test_sign(benchmark: BenchmarkFixture, name: str) -> None:
    """Each token has claims of its own."""
    claims = sample_claims("typical", UNSEEN_COUNT, int(time.time()))
    note(
        benchmark,
        kind="sign",
        algorithm="HS256",
        size="typical",
        contender=name,
        label=name.replace(whose(name).name, whose(name).label),
        tokens=len(claims),
        characters=round(median(map(len, samples("HS256", "typical").good))),
    )
    entrants = {
        one: Entrant(partial(start, one, claims), slow=whose(one).slow) for one in SIGNERS if whose(one).missing is None
    }
    measure(benchmark, CPU_TIME, benchmark.group, lambda: entrants, name)
