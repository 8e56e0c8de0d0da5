"""Errors, and what else is printed, say nothing of tokens, claims and secrets; no two refusals share anything."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from forge import HEADER, LONG_SECRET, NOW, SECRET, Clock, encode, sign, sign_segments, to_json
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import Key, KeySet, MultiIssuerVerifier, Verifier, errors
from jwtfast._native import HmacKey

KEYS = [Key.from_secret(SECRET, "HS256"), Key.from_secret(LONG_SECRET, "HS512", key_id="k")]


def refusals(mark: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give, for each way to be refused, the error's code and a call that raises it, the mark all over the token."""
    secret = (mark.encode() * 40)[:64]
    own = Key.from_secret(secret, "HS256", key_id="k")
    judge = Verifier([*KEYS, own], clock=Clock())
    told = {"sub": mark, "jti": mark, "x": mark, mark: mark, "deep": {mark: [mark]}}

    def refused(code: str, *, header: Any = None, payload: Any = None, **options: Any) -> tuple[str, Any]:
        header = {"alg": "HS256", "kid": "k", "typ": mark, mark: mark} if header is None else header
        claims = payload if isinstance(payload, bytes) else {"exp": NOW + 60, **told, **(payload or {})}
        by = Verifier([*KEYS, own], clock=Clock(), **options)
        return code, lambda: by.verify(sign(header, claims, secret))

    text = to_json(mark)
    yield refused("bad_signature", header={"alg": "HS512", "kid": "k", mark: mark})
    yield refused("malformed", header=b"{%s" % text)
    yield refused("malformed", header=b'{"alg":"HS256",%s:1,%s:2}' % (text, text))
    yield refused("malformed", header={"alg": "HS256", "kid": [mark]})
    yield refused("malformed", header={"alg": "HS256", "typ": [mark]})
    yield refused("algorithm_not_allowed", header={"alg": mark})
    yield refused("algorithm_not_allowed", header={"alg": [mark]})
    yield refused("unknown_key", header={"alg": "HS512", "kid": mark})
    yield from (
        refused("critical_header", header={"alg": "HS256", **each}) for each in ({"crit": [mark]}, {"b64": mark})
    )
    yield refused("wrong_type", token_type="at+jwt")
    yield refused("too_large", max_token_bytes=20)
    yield refused("malformed", payload=b"{%s" % text)
    yield refused("malformed", payload=b"{%s:1,%s:2}" % (text, text))
    yield refused("malformed", payload=b"{%s:1%s}" % (text, b"0" * 99))
    yield refused("malformed", payload=b'{"a":%s%s}' % (b"[" * 99, text))
    for code, name in (("malformed", "exp"), ("malformed", "nbf"), ("invalid_issued_at", "iat")):
        yield refused(code, payload={name: mark})
    yield refused("expired", payload={"exp": 1})
    yield refused("expired", payload={"iat": 1}, max_age=1)
    yield refused("not_yet_valid", payload={"nbf": NOW + 1})
    yield refused("not_yet_valid", payload={"iat": NOW + 1})
    yield refused("wrong_issuer", payload={"iss": mark}, issuer="i")
    yield refused("wrong_issuer", payload={"iss": [mark]})
    yield refused("wrong_audience", payload={"aud": mark})
    yield refused("wrong_audience", payload={"aud": [mark, mark]}, audience="a")
    yield refused("wrong_audience", payload={"aud": {mark: mark}}, audience="a")
    for code, name in (("invalid_subject", "sub"), ("invalid_jti", "jti")):
        yield refused(code, payload={name: [mark]})
    yield refused("missing_claim", required=["role"])
    yield refused("invalid_claim", payload={"role": mark}, claims={"role": "r"})
    yield refused("invalid_subject", claims={"sub": "s"})
    # Tokens that are none in their very form.
    plain = encode(mark.encode())
    yield "malformed", lambda: judge.verify(plain)
    yield "malformed", lambda: judge.verify(f"{plain}\xe9")
    yield "malformed", lambda: judge.verify(f"{plain}.{plain}.{plain}.{plain}.{plain}")
    yield "malformed", lambda: judge.verify(f"{plain}~.{plain}.{plain}")
    yield "malformed", lambda: judge.verify(sign(HEADER, told, secret) + "~")
    yield "malformed", lambda: judge.verify(sign_segments(encode(to_json(HEADER)), f"{plain}~", secret))
    yield "missing_token", lambda: judge.verify_bearer(f"Basic {plain}")
    yield "invalid_request", lambda: judge.verify_bearer(f"Bearer {plain} {plain}")
    yield "malformed", lambda: judge.verify_bearer(f"Bearer {plain}")


def raised(call: Callable[[], object]) -> errors.InvalidTokenError:
    """Give what a call raises."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        call()
    return caught.value


def told_by(error: errors.InvalidTokenError) -> list[str]:
    """Give all that can be read from an error."""
    return [str(error), repr(error), repr(error.args), repr(vars(error)), *traceback.format_exception_only(error)]


CODES = {
    kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.InvalidTokenError)
}
# The base's own code, that of what this version can't say yet, and those of what a verifier doesn't judge.
CODES -= {"invalid_token", "revoked", "insufficient_scope", "cross_site_request"}
NUMBER = len(list(refusals("x")))


def test_all_refusals_are_tried() -> None:
    """The list of refusals has every code that a verifier can give."""
    assert {code for code, _ in refusals("mark")} == CODES


@pytest.mark.parametrize("number", range(NUMBER))
@pytest.mark.parametrize("mark", ["Zq7marker0f0a0secret", "x" * 9])
def test_errors_say_nothing_of_the_token(number: int, mark: str) -> None:
    """No error tells a part of the token, a claim's value or the secret: it is the same whatever these are."""
    code, call = list(refusals(mark))[number]
    error = raised(call)
    assert error.code == code
    assert error.__cause__ is None
    assert error.__context__ is None
    for text in told_by(error):
        assert mark not in text
        assert encode(mark.encode())[:-2] not in text
    assert told_by(error) == told_by(raised(list(refusals("Another mark"))[number][1]))


@given(mark=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_errors_are_the_same_for_all_tokens(mark: str) -> None:
    """What an error says does not depend on any text in the token."""
    # With a character in front that makes it no name with a meaning of its own.
    for (code, call), (_, other) in zip(refusals("~"), refusals(f"~{mark}"), strict=True):
        error, same = raised(call), raised(other)
        assert (error.code, told_by(error)) == (code, told_by(same))


@pytest.mark.parametrize("number", range(NUMBER))
def test_each_refusal_is_a_fresh_exception(number: int) -> None:
    """Each refusal raises an exception of its own, whose traceback and context no other one shares or adds to."""
    _, call = list(refusals("mark"))[number]
    first = raised(call)
    depth = len(traceback.extract_tb(first.__traceback__))
    second = raised(call)
    assert second is not first
    assert type(second) is type(first)
    assert second.__traceback__ is not first.__traceback__
    assert len(traceback.extract_tb(first.__traceback__)) == len(traceback.extract_tb(second.__traceback__)) == depth
    assert (second.__context__, second.__cause__) == (None, None)


@pytest.mark.parametrize("number", range(NUMBER))
def test_a_refusal_while_another_error_is_handled(number: int) -> None:
    """A refusal that comes while another error is handled has that as its context, as any error in Python has."""
    _, call = list(refusals("mark"))[number]
    before = ValueError("before")
    try:
        raise before
    except ValueError:
        error = raised(call)
    assert error.__context__ is before
    assert before.__context__ is None
    assert raised(call).__context__ is None


@pytest.mark.parametrize("name", ["verify", "verify_bearer", "attempt"])
@pytest.mark.parametrize("several", [False, True])
def test_refusals_have_the_callers_frame_alone(name: str, several: bool) -> None:
    """The traceback of a refusal begins and ends where it is called: no frame of the compiled code is made for it."""
    one = Verifier(KEYS[:1], issuer="x", clock=Clock())
    verify = getattr(MultiIssuerVerifier({"x": one}) if several else one, name)
    bearer = "Bearer " if name == "verify_bearer" else ""
    for raw in ("a.b.c", sign(HEADER, {"iss": "x"}, LONG_SECRET), sign(HEADER, {"iss": "x", "exp": 1}), "e30.e30."):
        with pytest.raises(errors.InvalidTokenError) as info:
            verify(bearer + raw)
        trace = info.value.__traceback__
        assert trace is not None
        assert trace.tb_frame.f_code.co_name == "test_refusals_have_the_callers_frame_alone"
        assert trace.tb_next is None


def test_objects_print_without_their_contents() -> None:
    """Tokens, verifiers, keys and key sets print neither secret nor token nor claim."""
    mark = "Zq7marker"
    secret = (mark * 8).encode()
    key = Key.from_secret(secret, "HS256")
    judge = Verifier([key], clock=Clock())
    raw = sign({**HEADER, "x": mark}, {"exp": NOW + 60, "sub": mark}, secret)
    token = judge.verify(raw)
    for thing in (token, judge, key, KeySet([key]), HmacKey("sha256", secret, "HS256"), judge.cache_info()):
        for text in (repr(thing), str(thing), f"{thing}"):
            assert mark not in text
            assert secret.hex() not in text
            assert all(segment not in text for segment in raw.split("."))
