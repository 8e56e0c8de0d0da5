"""The issuer: what it signs is what the standards and other libraries take for a token."""

from __future__ import annotations

import copy
import json
import math
import multiprocessing
import pickle
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import jwt
import pytest
from forge import LONG_SECRET, NOW, SECRET, decode
from hypothesis import given
from hypothesis import strategies as st
from key_pairs import PAIRS, private_key

from jwtfast import ANY, Issuer, Key, KeySet, Verifier, errors

KEY = Key.from_secret(SECRET, "HS256")
ISSUER = "https://login.example"


def issuer(**options: Any) -> Issuer:
    """Make an issuer at NOW that signs by HS256."""
    return Issuer(KEY, **{"issuer": ISSUER, "clock": lambda: NOW, **options})


class Named(Enum):
    """Numbers by name."""

    ONE = 1
    NOTHING = math.nan


def payload_of(raw: str) -> dict[str, Any]:
    """Read a token's payload with the standard library."""
    claims: dict[str, Any] = json.loads(decode(raw.split(".")[1]))
    return claims


def header_of(raw: str) -> dict[str, Any]:
    """Read a token's header with the standard library."""
    header: dict[str, Any] = json.loads(decode(raw.split(".", maxsplit=1)[0]))
    return header


def test_what_a_token_says() -> None:
    """A token says who issued it about whom, when, for how long, and has an id; what was given goes with it."""
    raw = issuer(audience="api", lifetime=60).issue("alice", scope="read write", not_before=NOW - 5, plan="gold", n=[1])
    claims = payload_of(raw)
    assert re.fullmatch("[A-Za-z0-9_-]{22}", claims.pop("jti"))
    assert claims == {
        "iss": ISSUER,
        "sub": "alice",
        "aud": "api",
        "exp": NOW + 60,
        "nbf": NOW - 5,
        "iat": NOW,
        "scope": "read write",
        "plan": "gold",
        "n": [1],
    }
    assert header_of(raw) == {"alg": "HS256", "typ": "JWT"}


def test_only_what_was_asked_for() -> None:
    """Without an audience, a scope or a not_before, no claim stands for them."""
    assert payload_of(issuer().issue("alice")).keys() == {"iss", "sub", "exp", "iat", "jti"}
    assert payload_of(issuer().issue("alice"))["exp"] == NOW + 900


@pytest.mark.parametrize(("algorithm", "kind"), PAIRS)
def test_every_algorithm(algorithm: str, kind: str) -> None:
    """A token by any algorithm is verified with the public key that jwks() publishes."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    pem = private_key(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer = Issuer(Key.from_pem(pem, algorithm, key_id="2026"), issuer=ISSUER, audience="api")
    raw = signer.issue("alice", name="Älice")
    judge = Verifier(KeySet.from_jwks(signer.jwks()), issuer=ISSUER, audience="api")
    assert judge.verify(raw).claims["name"] == "Älice"
    assert header_of(raw)["kid"] == "2026"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_pyjwt_takes_them(algorithm: str) -> None:
    """PyJWT verifies what the issuer signs with a secret."""
    raw = Issuer(Key.from_secret(LONG_SECRET, algorithm), issuer=ISSUER, audience=["a", "b"]).issue("alice", x=1)
    claims = jwt.decode(raw, LONG_SECRET, algorithms=[algorithm], audience="b", issuer=ISSUER)
    assert claims["x"] == 1
    assert abs(claims["iat"] - time.time()) < 60


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


# Names that say something else to issue(), or that it keeps to itself; hypothesis finds them in the sources.
TAKEN = {"subject", "audience", "lifetime", "scope", "not_before", "override"}
NAMES = st.text(min_size=6).filter(lambda name: name not in TAKEN)


@given(claims=st.dictionaries(NAMES, JSON, max_size=8), subject=st.text(min_size=1))
def test_any_claims_come_out_as_they_went_in(claims: dict[str, Any], subject: str) -> None:
    """Whatever JSON the claims are, the standard library reads them back, and the signature is right."""
    raw = issuer().issue(subject, **claims)
    read = payload_of(raw)
    assert {name: read[name] for name in claims} == claims
    assert read["sub"] == subject
    assert jwt.decode(raw, SECRET, algorithms=["HS256"], options={"verify_exp": False})["sub"] == subject


@given(claims=st.dictionaries(st.text(), JSON, max_size=8))
def test_sign_adds_nothing(claims: dict[str, Any]) -> None:
    """sign() signs the claims as they are."""
    raw = issuer().sign(claims)
    assert payload_of(raw) == claims
    assert jwt.api_jws.decode(raw, SECRET, algorithms=["HS256"]) == decode(raw.split(".")[1])


@pytest.mark.parametrize("size", [0, 1, 4000, 4050, 4096, 5000, 20_000])
def test_claims_of_every_size(size: int) -> None:
    """Claims of any size are written whole."""
    assert payload_of(issuer().issue("alice", text="x" * size))["text"] == "x" * size
    assert payload_of(issuer().issue("a" * (size + 1)))["sub"] == "a" * (size + 1)


@pytest.mark.parametrize("text", ["\\", "\\\\\\", 'a"', '\\"', "\n", "\0", "\x1f", "\x7f"])
def test_texts_that_need_escapes_at_their_end(text: str) -> None:
    """A text of any length that ends in what JSON escapes is written whole, and nothing past it is read."""
    for size in (0, 1, 30, 31, 32, 33, *range(3600, 4100)):
        subject = "x" * size + text
        assert payload_of(issuer().issue(subject))["sub"] == subject
        assert payload_of(issuer().sign({subject: [subject]})) == {subject: [subject]}


def test_a_backslash_at_the_end_ends_no_process() -> None:
    """A text that ends in a backslash is read no further than it goes, where there is little else on the stack too."""
    program = (
        "from jwtfast import Issuer, Key\n"
        f"issuer = Issuer(Key.from_secret('{'x' * 32}', 'HS256'), issuer='{ISSUER}')\n"
        "for size in range(3000, 4100):\n"
        "    issuer.issue('x' * size + chr(92))\n"
    )
    for _ in range(5):  # what lies on the stack differs from one to the next
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"])
def test_what_is_the_issuers_own(name: str) -> None:
    """A claim that is the issuer's own to set is refused among the others, by name."""
    claims: dict[str, Any] = {name: "x"}
    with pytest.raises(ValueError, match=f"{name}: the issuer's own"):
        issuer().issue("alice", **claims)


def test_overridden_on_purpose() -> None:
    """Override sets the issuer's own claims, or leaves them out, and no other ones."""
    claims = payload_of(issuer(audience="api").issue("alice", override={"iss": "other", "exp": None, "jti": "1"}, x=1))
    assert claims == {"iss": "other", "sub": "alice", "aud": "api", "iat": NOW, "jti": "1", "x": 1}
    with pytest.raises(ValueError, match="override is for"):
        issuer().issue("alice", override={"x": 1})


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"a": (1, [x])}])
def test_no_number(bad: float, wrap: Any) -> None:
    """NaN and infinity are refused at any depth: JSON has no word for them."""
    with pytest.raises(ValueError, match="NaN or infinite"):
        issuer().issue("alice", value=wrap(bad))
    with pytest.raises(ValueError, match="NaN or infinite"):
        issuer().sign({"value": wrap(bad)})


def test_no_number_behind_a_name() -> None:
    """What an enumeration's member stands for is held to the same: it is what goes into the token."""
    assert payload_of(issuer().issue("alice", value=Named.ONE))["value"] == 1
    with pytest.raises(ValueError, match="NaN or infinite"):
        issuer().issue("alice", value=[Named.NOTHING])


def test_nested_without_end() -> None:
    """Claims that hold themselves, or that are nested deeper than JSON is written, are refused."""
    cycle: list[Any] = []
    cycle.append({"a": cycle})
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (cycle, deep):
        with pytest.raises(ValueError, match="these claims are no JSON"):
            issuer().issue("alice", value=value)
        with pytest.raises(ValueError, match="these claims are no JSON"):
            issuer().sign({"value": value})


@pytest.mark.parametrize("value", [{1}, b"x", datetime.now(UTC), 2**64, -(2**63) - 1, "\ud800", {1: 2}, object()])
def test_no_json(value: object) -> None:
    """What is no JSON is refused in words that do not hold the value."""
    with pytest.raises(ValueError, match="these claims are no JSON") as raised:
        issuer().issue("alice", secretly=value)
    assert raised.value.__context__ is None


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf, 2.0**54, -1e300])
def test_a_clock_that_tells_no_time(time: float) -> None:
    """Nothing is signed at a time that is none."""
    with pytest.raises(ValueError, match="clock told no time"):
        issuer(clock=lambda: time).issue("alice")
    with pytest.raises(ValueError, match="clock told no time"):
        issuer(clock=lambda: time).issue("alice", override={"jti": "1"})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"subject": ""}, TypeError),
        ({"subject": None}, TypeError),
        ({"lifetime": 0}, ValueError),
        ({"lifetime": -1}, ValueError),
        ({"lifetime": 2**60}, ValueError),
        ({"lifetime": 1.5}, TypeError),
        ({"lifetime": True}, TypeError),
        ({"scope": ""}, ValueError),
        ({"scope": "a  b"}, ValueError),
        ({"scope": "a "}, ValueError),
        ({"scope": 'a"'}, ValueError),
        ({"scope": "\xe9"}, ValueError),
        ({"scope": ["a b", ""]}, ValueError),
        ({"scope": 1}, TypeError),
        ({"audience": ""}, ValueError),
        ({"audience": []}, ValueError),
        ({"audience": [1]}, TypeError),
        ({"not_before": math.nan}, ValueError),
        ({"not_before": "tomorrow"}, TypeError),
        ({"not_before": True}, TypeError),
    ],
)
def test_bad_arguments_of_issue(arguments: dict[str, Any], error: type[Exception]) -> None:
    """What can't be meant is refused, and nothing is signed."""
    with pytest.raises(error):
        issuer().issue(**{"subject": "alice", **arguments})


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"issuer": ""}, ValueError),
        ({"issuer": None}, TypeError),
        ({"issuer": ["a"]}, TypeError),
        ({"lifetime": 0}, ValueError),
        ({"lifetime": "900"}, TypeError),
        ({"audience": ()}, ValueError),
        ({"token_type": ""}, ValueError),
        ({"token_type": 1}, TypeError),
        ({"clock": 1}, TypeError),
    ],
)
def test_bad_configuration(options: dict[str, Any], error: type[Exception]) -> None:
    """A wrong configuration is refused when the issuer is made."""
    with pytest.raises(error):
        issuer(**options)


def test_keys_that_cannot_sign() -> None:
    """A public key is refused, and what is no key."""
    with pytest.raises(errors.InvalidKeyError, match="public"):
        Issuer(Key.generate("ES256").public(), issuer=ISSUER)
    with pytest.raises(TypeError, match="KeyRing"):
        Issuer("secret", issuer=ISSUER)  # type: ignore[arg-type]


def test_scopes_and_audiences_may_be_collections() -> None:
    """A collection of scopes becomes one string, a collection of audiences an array."""
    claims = payload_of(issuer().issue("alice", scope=("read", "write"), audience=("a", "b")))
    assert (claims["scope"], claims["aud"]) == ("read write", ["a", "b"])


def test_access_tokens() -> None:
    """With typ at+jwt and a client_id it issues what RFC 9068 calls an access token."""
    signer = Issuer(KEY, issuer=ISSUER, audience="api", token_type="at+jwt")
    judge = Verifier.for_access_tokens(KEY, issuer=ISSUER, audience="api")
    token = judge.verify(signer.issue("alice", scope="read", client_id="shop"))
    assert token.header["typ"] == "at+jwt"
    assert token.scopes == {"read"}


def test_ids_differ() -> None:
    """No two tokens have one jti, over more tokens than are made ready at once."""
    signer = issuer()
    assert len({payload_of(signer.issue("alice"))["jti"] for _ in range(2000)}) == 2000


def _ids_of_child(queue: Any, signer: Issuer) -> None:
    queue.put([payload_of(signer.issue("alice"))["jti"] for _ in range(20)])


def test_ids_differ_after_a_fork() -> None:
    """A forked process gives other ids than its parent."""
    context = multiprocessing.get_context("fork")
    signer = issuer()
    signer.issue("alice")
    queue = context.Queue()
    child = context.Process(target=_ids_of_child, args=(queue, signer))
    child.start()
    theirs = queue.get(timeout=30)
    child.join()
    assert not set(theirs) & {payload_of(signer.issue("alice"))["jti"] for _ in range(300)}


class Ring:
    """Keys that rotate, by hand."""

    def __init__(self, *keys: Key) -> None:
        self.keys = keys
        self.lifetimes: list[float] = []

    def signing_key_for(self, lifetime: float) -> Key:
        """Give the first one."""
        self.lifetimes.append(lifetime)
        return self.keys[0]

    def to_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Publish all."""
        return KeySet(self.keys).to_jwks()


def test_keys_that_rotate() -> None:
    """Each token is signed with the key of the moment, which is told how long what it signs will live."""
    old, new = (Key.generate("ES256", key_id=name) for name in ("old", "new"))
    ring = Ring(old, new)
    signer = Issuer(ring, issuer=ISSUER)
    judge = Verifier(KeySet([old, new]), issuer=ISSUER)
    assert judge.verify(signer.issue("alice")).key_id == "old"
    ring.keys = (new, old)
    assert judge.verify(signer.issue("alice", lifetime=7)).key_id == "new"
    assert ring.lifetimes == [900, 900, 7]
    assert [key["kid"] for key in signer.jwks()["keys"]] == ["new", "old"]


def test_what_is_published() -> None:
    """jwks() holds public members only, nothing of a secret; the configuration has what OpenID Connect asks for."""
    assert issuer().jwks() == {"keys": []}
    signer = Issuer(Key.generate("ES256", key_id="a"), issuer=ISSUER + "/")
    (published,) = signer.jwks()["keys"]
    assert "d" not in published
    document = signer.openid_configuration(token_endpoint="https://login.example/token")
    assert document["issuer"] == ISSUER + "/"
    assert document["jwks_uri"] == ISSUER + "/.well-known/jwks.json"
    assert document["id_token_signing_alg_values_supported"] == ["ES256"]
    assert document["token_endpoint"].endswith("/token")
    with pytest.raises(ValueError, match="own"):
        signer.openid_configuration(issuer="https://other.example")


def test_it_is_not_copied() -> None:
    """An issuer is neither pickled nor copied, nor configured twice, and prints without its key."""
    signer = issuer()
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            attempt(signer)
    with pytest.raises(TypeError, match="once"):
        signer.__init__(KEY, issuer=ISSUER)  # type: ignore[misc]
    assert repr(signer) == f"<Issuer {ISSUER!r}>"


def test_one_that_was_never_configured() -> None:
    """One made by __new__ alone says so."""
    with pytest.raises(TypeError, match="never configured"):
        Issuer.__new__(Issuer).issue("alice")
    with pytest.raises(TypeError, match="never configured"):
        Issuer.__new__(Issuer).issue("alice", override={"exp": None})
    with pytest.raises(TypeError, match="never configured"):
        Issuer.__new__(Issuer).sign({})


def test_against_the_verifier() -> None:
    """A verifier of the issuer's key takes its tokens, by the system's clock."""
    raw = Issuer(KEY, issuer=ISSUER).issue("alice")
    assert Verifier(KEY, issuer=ISSUER, audience=ANY).verify(raw).subject == "alice"
