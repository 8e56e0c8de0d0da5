"""A Token: what it tells, that it tells it alike to everybody, and that it comes from a verifier only."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from forge import HEADER, SECRET, sign
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import ANY, Claims, Key, Token, Verifier

KEY = Key.from_secret(SECRET, "HS256", key_id="2026-01")
VERIFIER = Verifier(KEY, required=(), audience=ANY, clock=lambda: 1000)
PROPERTIES = [
    "algorithm",
    "audience",
    "claims",
    "expires_at",
    "header",
    "issued_at",
    "issuer",
    "key_id",
    "not_before",
    "scopes",
    "subject",
    "token_id",
]


def token_with(**claims: object) -> Token:
    """Give a verified token with these claims."""
    return VERIFIER.verify(sign(HEADER, claims))


def test_every_property_is_known() -> None:
    """A Token has these properties, each with a value, and no method that a program would call."""
    assert [name for name in dir(Token) if not name.startswith("_")] == PROPERTIES


def test_the_registered_claims() -> None:
    """Each property tells its claim (RFC 7519 section 4.1)."""
    token = token_with(iss="https://login.example", sub="me", jti="t-1", exp=2000, nbf=900, iat=800.5)
    assert (token.issuer, token.subject, token.token_id) == ("https://login.example", "me", "t-1")
    assert (token.expires_at, token.not_before, token.issued_at) == (2000, 900, 800.5)
    assert isinstance(token.expires_at, int)


def test_absent_claims() -> None:
    """What is absent is None, an absent audience the empty tuple, absent scopes the empty set."""
    token = token_with()
    assert (token.issuer, token.subject, token.token_id) == (None, None, None)
    assert (token.expires_at, token.not_before, token.issued_at) == (None, None, None)
    assert (token.audience, token.scopes, token.claims) == ((), frozenset(), {})


@pytest.mark.parametrize(
    ("aud", "audience"),
    [
        ("api", ("api",)),
        (["api"], ("api",)),
        (["b", "a", "b"], ("b", "a", "b")),
        ([], ()),
        ("", ("",)),
        ("a b", ("a b",)),
    ],
)
def test_audience_is_a_tuple(aud: object, audience: tuple[str, ...]) -> None:
    """The audience is a tuple, whether aud is a string or an array (RFC 7519 section 4.1.3)."""
    assert token_with(aud=aud).audience == audience
    assert type(token_with(aud=aud).audience) is tuple


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "read"}, {"read"}),
        ({"scope": "read write"}, {"read", "write"}),
        ({"scope": "  read   write "}, {"read", "write"}),
        ({"scope": "read\twrite"}, {"read\twrite"}),
        ({"scope": ""}, set()),
        ({"scope": " "}, set()),
        ({"scope": "read read"}, {"read"}),
        ({"scope": ["read", "write"]}, {"read", "write"}),
        ({"scope": []}, set()),
        ({"scope": ["read", 1, None, ["write"], True]}, {"read"}),
        ({"scp": "read write"}, {"read", "write"}),
        ({"scp": ["read", "write"]}, {"read", "write"}),
        ({"scope": "read", "scp": ["write"]}, {"read"}),
        ({"scope": "", "scp": ["write"]}, set()),
        ({"scope": None, "scp": ["write"]}, {"write"}),
        ({"scope": 5}, set()),
        ({"scope": {"read": True}}, set()),
        ({"scope": True}, set()),
        ({"scopes": "read"}, set()),
    ],
)
def test_scopes(claims: dict[str, object], scopes: set[str]) -> None:
    """Scopes are the names in scope, else scp, in a string of them or an array (RFC 8693 section 4.2), else none."""
    token = token_with(**claims)
    assert token.scopes == scopes
    assert type(token.scopes) is frozenset


def test_header_algorithm_and_key() -> None:
    """The header is the token's own; algorithm and key id are those of the key that verified it."""
    header = {"alg": "HS256", "typ": "JWT", "kid": "unheard of", "x": [{"y": 1}]}
    nameless = Verifier(Key.from_secret(SECRET, "HS256"), required=()).verify(sign(header, {}))
    assert nameless.header == header
    assert (nameless.algorithm, nameless.key_id) == ("HS256", None)
    assert isinstance(nameless.header, Claims)
    with pytest.raises(TypeError):
        nameless.header["x"][0]["y"] = 2
    assert (token_with().algorithm, token_with().key_id) == ("HS256", "2026-01")


def test_the_same_objects_each_time() -> None:
    """The claims and the header are one object each, for everybody who asks."""
    raw = sign(HEADER, {"sub": "me", "list": [1]})
    token = VERIFIER.verify(raw)
    assert token.claims is token.claims
    assert token.header is token.header
    again = VERIFIER.verify(raw)
    assert again is token
    assert again.claims["list"] is token.claims["list"]


def test_a_token_outlives_its_verifier() -> None:
    """A token's claims can be read when its verifier, and with it the cache, is gone."""
    token = Verifier(KEY, required=()).verify(sign(HEADER, {"sub": "me"}))
    assert token.claims == {"sub": "me"}
    unread = Verifier(KEY, required=(), cache_tokens=0).verify(sign(HEADER, {"sub": "you"}))
    assert (unread.subject, unread.header["alg"], unread.key_id) == ("you", "HS256", "2026-01")


@pytest.mark.parametrize("name", [*PROPERTIES, "anything", "__class__", "__dict__"])
def test_a_token_can_not_be_changed(name: str) -> None:
    """No attribute of a token can be set, added or deleted."""
    token = token_with(sub="me")
    before = {each: getattr(token, each) for each in PROPERTIES}
    with pytest.raises((AttributeError, TypeError)):
        setattr(token, name, None)
    with pytest.raises((AttributeError, TypeError)):
        delattr(token, name)
    assert {each: getattr(token, each) for each in PROPERTIES} == before


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_token_is_not_pickled(protocol: int) -> None:
    """A token is a verdict of this process: pickle is refused, with what to pickle instead."""
    with pytest.raises(TypeError, match=r"dict\(token\.claims\)"):
        pickle.dumps(token_with(sub="me"), protocol)


def test_a_token_is_not_copied() -> None:
    """A token isn't copied, by itself or deep inside of something."""
    for make, holder in ((copy.copy, token_with()), (copy.deepcopy, token_with()), (copy.deepcopy, [token_with()])):
        with pytest.raises(TypeError):
            make(holder)


def test_a_token_comes_from_a_verifier() -> None:
    """Nobody makes a Token by its class, nor a class of it."""
    kind: Any = Token
    with pytest.raises(TypeError, match=r"Verifier\.verify"):
        kind()
    for make in (lambda: kind("a.b.c"), lambda: object.__new__(kind), lambda: type("Subclass", (kind,), {})):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(TypeError):
        token_with().__init__()


def test_an_unfinished_token_does_no_harm(new_process: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """A Token that was made behind the verifier's back, if that works at all, tells nothing and ends no process."""
    for expression in [f"token.{name}" for name in PROPERTIES] + ["repr(token)", "token == token"]:
        process = new_process(
            "from jwtfast import Token\n"
            "try:\n"
            f"    token = Token.__new__(Token); {expression}\n"
            "except Exception as error: pass\n"
            "print('alive')"
        )
        assert (process.returncode, process.stdout) == (0, "alive\n"), expression


def test_a_token_prints_no_claim() -> None:
    """A token's repr holds no claim's value, nor any of the token's characters."""
    raw = sign(HEADER, {"sub": "alice", "password": "hunter2", "iss": "https://login.example"})
    token = VERIFIER.verify(raw)
    assert token.claims["password"] == "hunter2"
    for text in (repr(token), str(token), f"{token}", repr([token])):
        assert text.strip("[]") == "<Token HS256>"


def test_tokens_are_told_apart_by_identity() -> None:
    """A token equals itself alone, and can be a member of a set."""
    raw = sign(HEADER, {"sub": "me"})
    token = VERIFIER.verify(raw)
    VERIFIER.clear_cache()
    other = VERIFIER.verify(raw)
    assert other is not token
    assert token != other
    assert len({token, other, token}) == 2


# ---- against PyJWT ----

NAMES = st.text().filter(lambda name: name not in {"exp", "nbf", "iat", "iss", "aud", "sub", "jti"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip
DATES = st.integers(1_001, 2**53) | st.floats(1_001, 2**53)
PAST_DATES = st.integers(-(2**53), 1_000) | st.floats(-(2**53), 1_000)
REGISTERED = st.fixed_dictionaries(
    {},
    optional={
        "exp": DATES,
        "nbf": PAST_DATES,
        "iat": PAST_DATES,
        "iss": st.text(),
        "sub": st.text(),
        "jti": st.text(),
        "aud": st.text() | st.lists(st.text()),
        "scope": st.text() | st.lists(st.text()),
    },
)
UNJUDGED = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


@given(st.dictionaries(NAMES, JSON, max_size=5), REGISTERED, st.dictionaries(st.sampled_from("xyz"), JSON))
def test_claims_are_what_pyjwt_decodes(
    payload: dict[str, Any], registered: dict[str, Any], more_header: dict[str, Any]
) -> None:
    """A token minted by PyJWT has the claims and the header that PyJWT reads from it."""
    jwt = pytest.importorskip("jwt", reason="PyJWT is not installed")
    raw = jwt.encode(payload | registered, SECRET, algorithm="HS256", headers=more_header)
    token = VERIFIER.verify(raw)
    theirs = jwt.decode(raw, SECRET, algorithms=["HS256"], options=UNJUDGED)
    assert token.claims == theirs == payload | registered
    assert json.dumps(token.claims) == json.dumps(theirs)
    assert token.header == jwt.get_unverified_header(raw)
    assert (token.subject, token.issuer, token.token_id) == (theirs.get("sub"), theirs.get("iss"), theirs.get("jti"))
    assert (token.expires_at, token.not_before) == (theirs.get("exp"), theirs.get("nbf"))
    audience = theirs.get("aud", [])
    assert token.audience == ((audience,) if isinstance(audience, str) else tuple(audience))
