"""What jwtfast.testing gives to the tests of others."""

from __future__ import annotations

import json

import pytest
from forge import decode

from jwtfast import KeySet, Verifier, errors
from jwtfast.key_ring import KeyRing
from jwtfast.testing import Clock, InMemoryIssuer


def test_a_clock_is_set_by_hand() -> None:
    """A clock shows what it was set to, goes when it is told to, and does for everything that takes a clock."""
    clock = Clock(5)
    assert (clock(), clock()) == (5, 5)
    clock.advance(2.5)
    assert clock() == clock.now == 7.5
    clock.now = 1
    assert clock() == 1
    assert KeyRing("EdDSA", clock=clock).keys[0].published_at == 1


def test_tokens_of_an_issuer_in_memory() -> None:
    """Its tokens are good for its verifiers and say what they were told to."""
    issuer = InMemoryIssuer("https://login.test", audience="api", token_type="at+jwt")
    raw = issuer.issue("bob", scope="read write", tenant="acme")
    token = issuer.verifier().verify(raw)
    assert (token.subject, token.issuer, token.audience) == ("bob", "https://login.test", ("api",))
    assert (token.scopes, token.claims["tenant"]) == (frozenset({"read", "write"}), "acme")
    assert json.loads(decode(raw.split(".")[0]))["typ"].endswith("at+jwt")
    assert issuer.verifier(claims={"tenant": "acme"}).verify(issuer.issue(tenant="acme")).subject == "alice"
    with pytest.raises(errors.InvalidAudienceError):
        issuer.verifier().verify(issuer.issue(audience="other"))


def test_time_goes_by_for_an_issuer_and_its_verifiers() -> None:
    """A token expires when the clock says so, for all verifiers, remembered or not."""
    issuer = InMemoryIssuer(lifetime=60)
    verifier, raw = issuer.verifier(), issuer.issue()
    verifier.verify(raw)
    issuer.clock.advance(59)
    verifier.verify(raw)
    issuer.clock.advance(1)
    with pytest.raises(errors.ExpiredSignatureError):
        verifier.verify(raw)
    later = issuer.issue(not_before=issuer.clock.now + 10)
    with pytest.raises(errors.ImmatureSignatureError):
        verifier.verify(later)
    issuer.clock.advance(10)
    verifier.verify(later)


@pytest.mark.parametrize("algorithm", ["HS256", "ES256", "EdDSA"])
def test_forged_tokens(algorithm: str) -> None:
    """A forged token differs from a good one in its signature alone, and is refused for that."""
    issuer = InMemoryIssuer(algorithm=algorithm, audience="api")
    good, forged = issuer.issue(role="admin"), issuer.forge(role="admin")
    assert good.split(".")[0] == forged.split(".")[0]
    ours, theirs = (json.loads(decode(raw.split(".")[1])) for raw in (good, forged))
    assert ours | {"jti": 0} == theirs | {"jti": 0}
    assert issuer.verifier().verify(good).algorithm == algorithm
    with pytest.raises(errors.InvalidSignatureError):
        issuer.verifier().verify(forged)


def test_rotation_of_an_issuer_in_memory() -> None:
    """A rotation is seen by its verifiers at once and costs no token; other issuers' verifiers refuse them."""
    issuer = InMemoryIssuer()
    verifier, old = issuer.verifier(), issuer.issue()
    verifier.verify(old)
    assert issuer.rotate() == verifier.verify(issuer.issue()).key_id
    verifier.verify(old)
    with pytest.raises(errors.UnknownKeyError):
        InMemoryIssuer().verifier().verify(old)


def test_what_an_issuer_in_memory_publishes() -> None:
    """Its documents do for a verifier that reads them."""
    issuer = InMemoryIssuer("https://login.test")
    keys = KeySet.from_jwks(json.dumps(issuer.jwks()))
    assert Verifier(keys, issuer="https://login.test", clock=issuer.clock).verify(issuer.issue()).subject == "alice"
    assert issuer.openid_configuration()["issuer"] == "https://login.test"
