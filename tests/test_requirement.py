"""Scopes and claims that a resource asks for (RFC 6750 section 3.1)."""

from __future__ import annotations

from typing import Any

import pytest
from forge import SECRET, Clock, good

from jwtfast import Key, Token, Verifier, errors
from jwtfast.requirement import Require, Requirement

VERIFIER = Verifier(Key.from_secret(SECRET, "HS256"), clock=Clock())
READ, WRITE = Require.scope("orders:read"), Require.scope("orders:write")
TENANT = Require.claim("tenant", "acme", "ajax")


def token(**claims: Any) -> Token:
    """Give a verified token with some claims."""
    return VERIFIER.verify(good(**claims))


@pytest.mark.parametrize("claim", [{"scope": "a orders:read b"}, {"scope": ["orders:read"]}, {"scp": ["orders:read"]}])
def test_a_scope(claim: dict[str, Any]) -> None:
    """A scope is met by its exact name among the token's scopes, in each form that issuers write them."""
    assert READ.is_met(token(**claim))
    assert not WRITE.is_met(token(**claim))


@pytest.mark.parametrize("scope", ["", "orders", "orders:reads", "Orders:read", "xorders:read", "orders:read,b", None])
def test_a_scope_is_no_substring(scope: Any) -> None:
    """A name that is longer, shorter or otherwise spelled is another scope, and a token may have none."""
    assert not READ.is_met(token() if scope is None else token(scope=scope))


def test_several_scopes() -> None:
    """Several names in one call are asked for together."""
    both = Require.scope("a", "b")
    assert both.is_met(token(scope="b a c"))
    assert not both.is_met(token(scope="a"))
    assert both.scope == ("a", "b")


@pytest.mark.parametrize(
    ("values", "met", "unmet"),
    [
        (("acme",), ["acme", ["x", "acme"]], ["ACME", "", [], ["acme2"], 1, True, {"acme": 1}, [["acme"]]]),
        ((1,), [1, 1.0, [1]], [True, "1", 2, [True]]),
        ((True,), [True, [True]], [1, "true", False]),
        ((0, False), [0, False], ["", [], 1]),
        ((), ["x", 0, False, [], {}, ""], []),
    ],
)
def test_a_claim(values: tuple[Any, ...], met: list[Any], unmet: list[Any]) -> None:
    """A claim has one of the values, or is a list that holds one, by JSON's types; without values it must be there."""
    requirement = Require.claim("c", *values)
    for value in met:
        assert requirement.is_met(token(c=value)), value
    for value in [*unmet, None]:
        assert not requirement.is_met(token(c=value)), value
    assert not requirement.is_met(token(d="x"))
    assert requirement.scope == ()


def test_all_and_any() -> None:
    """``all`` and ``&`` ask for every one, ``any`` and ``|`` for one of them, nested as one likes."""
    for both in (Require.all(READ, TENANT), READ & TENANT):
        assert both.is_met(token(scope="orders:read", tenant="acme"))
        assert not both.is_met(token(scope="orders:read"))
        assert not both.is_met(token(tenant="acme"))
    for either in (Require.any(READ, TENANT), READ | TENANT):
        assert either.is_met(token(scope="orders:read"))
        assert either.is_met(token(tenant="ajax"))
        assert not either.is_met(token(scope="orders:write", tenant="other"))
    nested = (READ | WRITE) & TENANT
    assert nested.is_met(token(scope="orders:write", tenant="acme"))
    assert not nested.is_met(token(scope="orders:write"))


def test_what_a_challenge_names() -> None:
    """The scopes of an error would do: all of ``all``, the first of ``any``, each of them once."""
    assert (READ & TENANT & WRITE & READ).scope == ("orders:read", "orders:write")
    assert (READ | WRITE).scope == ("orders:read",)
    with pytest.raises(errors.InsufficientScopeError) as caught:
        (READ & WRITE).demand(token(scope="orders:read", tenant="secret-value"))
    assert caught.value.scope == ("orders:read", "orders:write")
    assert "secret-value" not in str(caught.value)
    (READ & WRITE).demand(token(scope="orders:read orders:write"))


@pytest.mark.parametrize(
    "names", [(), ("",), ("a b",), ('a"',), ("a\\",), ("\xe9",), ("a\n",), (1,), (None,), (["a"],)]
)
def test_names_that_no_scope_has(names: tuple[Any, ...]) -> None:
    """A name that no scope may have is refused: it would never be met, and break a challenge (RFC 6749 3.3)."""
    with pytest.raises(ValueError, match="a scope's name"):
        Require.scope(*names)


def test_claims_that_cannot_be_asked_for() -> None:
    """A claim without a name, or values that no claim can be compared to, are refused when configured."""
    for arguments in ((1,), ("a", ["b"]), ("a", {"b": 1}), ("a", None)):
        with pytest.raises(TypeError):
            Require.claim(*arguments)
    with pytest.raises(ValueError, match="not empty"):
        Require.claim("")


def test_nothing_is_no_requirement() -> None:
    """Neither all of nothing nor any of nothing can be meant, and only requirements can be joined."""
    for join in (Require.all, Require.any):
        with pytest.raises(ValueError, match="at least one"):
            join()
        with pytest.raises(TypeError):
            join(READ, "orders:write")  # type: ignore[arg-type]
    for other in ("a", None, 1):
        with pytest.raises(TypeError):
            READ & other  # type: ignore[operator]
        with pytest.raises(TypeError):
            READ | other  # type: ignore[operator]


def test_ones_own_requirement() -> None:
    """A class of one's own is joined like any other."""

    class Alice(Requirement):
        def is_met(self, token: Token, /) -> bool:
            return token.subject == "alice"

    assert (Alice() & READ).is_met(token(sub="alice", scope="orders:read"))
    assert not (READ & Alice()).is_met(token(sub="bob", scope="orders:read"))
