"""The answer to a refused request (RFC 6750 section 3, RFC 9110 sections 11 and 12, RFC 9457)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import errors
from jwtfast.refusal import Refusal, checked_realm, refusal_of

ABOUT_A_REQUEST = [
    name
    for name in errors.__all__
    if issubclass(getattr(errors, name), errors.InvalidTokenError | errors.UnavailableError)
]
STATUS = {
    "InvalidRequestError": 400,
    "InsufficientScopeError": 403,
    "CrossSiteRequestError": 403,
    "KeySetUnavailableError": 503,
    "RefreshStoreError": 503,
    "RevocationListUnavailableError": 503,
    "UnavailableError": 503,
}
# RFC 9110 section 11.6.1, as far as a challenge of ours goes; RFC 6750 section 3 for the characters of each value.
CHALLENGE = re.compile(r'Bearer ([a-z_]+="(?:[^"\\]|\\["\\])*"(?:, [a-z_]+="(?:[^"\\]|\\["\\])*")*)')
PARAMETER = re.compile(r'([a-z_]+)="((?:[^"\\]|\\["\\])*)"')


def example(name: str) -> errors.JWTError:
    """Give an exception of a class, with words that may not get out."""
    kind: type[errors.JWTError] = getattr(errors, name)
    return kind('SECRET"words\\\r\nX: y')


def parameters(refusal: Refusal) -> dict[str, str]:
    """Give a challenge's parameters, by the grammar."""
    assert refusal.challenge is not None
    matched = CHALLENGE.fullmatch(refusal.challenge)
    assert matched, refusal.challenge
    pairs = PARAMETER.findall(matched[1])
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize("name", ABOUT_A_REQUEST)
def test_each_error(name: str) -> None:
    """Each error has its status, a challenge by the grammar, and a sentence of its own; the exception's stay inside."""
    for accept in (None, b"text/plain"):
        refusal = refusal_of(example(name), realm="api", accept=accept)
        assert refusal.code == example(name).code
        assert refusal.status == STATUS.get(name, 401)
        headers = dict(refusal.headers)
        assert len(headers) == len(refusal.headers)
        assert headers["content-length"] == str(len(refusal.body))
        assert headers["cache-control"] == "no-store"
        assert [(key.decode(), value.decode()) for key, value in refusal.raw_headers] == [*refusal.headers]
        assert "SECRET" not in repr(refusal)
        assert "The token is not valid." not in refusal.detail or name == "InvalidTokenError"
        if refusal.status == 503:
            assert refusal.challenge is None
            assert "www-authenticate" not in headers
            continue
        assert headers["www-authenticate"] == refusal.challenge
        told = parameters(refusal)
        bearer_error = getattr(errors, name).bearer_error
        assert told.pop("realm") == "api"
        assert told == ({} if bearer_error is None else {"error": bearer_error, "error_description": refusal.detail})
        assert re.fullmatch(r"[ !#-\[\]-~]+", refusal.detail)


def test_the_challenges_of_the_standard() -> None:
    """The challenges are those that RFC 6750 section 3 shows, with the realm that is configured."""
    missing = refusal_of(errors.MissingTokenError(), realm="example")
    assert missing.challenge == 'Bearer realm="example"'
    expired = refusal_of(errors.ExpiredSignatureError(), realm="example")
    assert expired.challenge == (
        'Bearer realm="example", error="invalid_token", error_description="The token has expired."'
    )
    assert expired.status_line == "401 Unauthorized"


def test_scopes_that_would_do() -> None:
    """A token that lacks a scope is told which, separated by spaces (RFC 6750 section 3)."""
    refusal = refusal_of(errors.InsufficientScopeError("x", ("orders:read", "b")), realm="api")
    assert refusal.status == 403
    assert parameters(refusal)["scope"] == "orders:read b"
    assert "scope" not in parameters(refusal_of(errors.InsufficientScopeError("x"), realm="api"))


def test_problem_details() -> None:
    """The body is problem details of the status's own type, with the stable code (RFC 9457 section 3)."""
    refusal = refusal_of(errors.ExpiredSignatureError(), realm="api")
    expected = {"title": "Unauthorized", "status": 401, "detail": "The token has expired.", "code": "expired"}
    assert json.loads(refusal.body) == refusal.problem == expected
    assert refusal.content_type == dict(refusal.headers)["content-type"] == "application/problem+json"


def test_plain_text() -> None:
    """For those who prefer text it is a line of it."""
    refusal = refusal_of(errors.ExpiredSignatureError(), realm="api", accept=b"text/plain")
    assert refusal.body == b"The token has expired.\n"
    assert refusal.content_type == dict(refusal.headers)["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        (None, False),
        (b"", False),
        (b"*/*", False),
        (b"text/plain", True),
        (b"TEXT/Plain", True),
        (b"text/*", True),
        (b"text/plain, */*", False),
        (b"text/plain, */*;q=0.1", True),
        (b"text/plain;q=0.5, application/json", False),
        (b"text/plain, application/json;q=0.5", True),
        (b"text/plain, application/problem+json", False),
        (b"text/plain;q=0, */*", False),
        (b"text/plain ; q=0.9 , application/json;q=0.8", True),
        (b"application/json, text/plain, */*", False),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        (b"text/html", False),
        (b"application/xml", False),
        (b"text/plain;q=x", False),
        (b"text/plain;q=2", False),
        (b"text/plain;q=nan", False),
        (b"text/plain;q=1.0000", False),
        (b"text/plain;q=0.001", True),
        (b"text/plain" + b"," * 2000, False),
        (b"\xff\xfe,text/plain", True),
    ],
)
def test_which_body(accept: bytes | None, text: bool) -> None:
    """Text is for those who rate it above JSON, by the most specific range that fits (RFC 9110 section 12.5.1)."""
    refusal = refusal_of(errors.MissingTokenError(), realm="api", accept=accept)
    assert refusal.content_type.startswith("text/plain") is text


@given(st.binary(max_size=60) | st.text(alphabet="textplain/*;q=.01, ", max_size=60).map(str.encode))
def test_any_accept_header(accept: bytes) -> None:
    """Whatever a client says that it accepts, it is answered."""
    assert refusal_of(errors.MissingTokenError(), realm="api", accept=accept).status == 401


@pytest.mark.parametrize(("realm", "quoted"), [("api", "api"), ('say "api"', 'say \\"api\\"'), ("a\\b", "a\\\\b")])
def test_realms(realm: str, quoted: str) -> None:
    """A realm is quoted by the grammar (RFC 9110 section 5.6.4)."""
    refusal = refusal_of(errors.MissingTokenError(), realm=checked_realm(realm))
    assert refusal.challenge == f'Bearer realm="{quoted}"'
    assert parameters(refusal) == {"realm": quoted}


@pytest.mark.parametrize("realm", ["", "a\nb", "a\r\nX: y", "\xe9", "a\0", "a\x7f"])
def test_realms_that_cannot_be(realm: str) -> None:
    """A realm that would end the header, or is not ASCII, is refused when configured."""
    with pytest.raises(ValueError, match="printable"):
        checked_realm(realm)


@pytest.mark.parametrize("realm", [None, b"api", 1])
def test_realms_of_wrong_types(realm: Any) -> None:
    """A realm is a str."""
    with pytest.raises(TypeError):
        checked_realm(realm)


def test_answers_are_shared() -> None:
    """A flood of bad tokens makes no answer anew."""
    first, second = (refusal_of(errors.InvalidSignatureError(str(number)), realm="api") for number in range(2))
    assert first is second


def test_ones_own_errors() -> None:
    """An error of a class of one's own is answered by what it is derived from, and its words stay inside."""

    class BannedError(errors.InvalidTokenError):
        code = "banned"

    refusal = refusal_of(BannedError("alice is banned"), realm="api")
    assert (refusal.status, refusal.code) == (401, "banned")
    assert parameters(refusal)["error"] == "invalid_token"
    assert b"alice" not in refusal.body
    assert refusal.detail == "The token is not valid."


@pytest.mark.parametrize("error", [errors.InvalidKeyError("x"), errors.JWTError("x")])
def test_what_is_no_answer(error: errors.JWTError) -> None:
    """An error of the program's own is none of the client's business."""
    with pytest.raises(TypeError):
        refusal_of(error, realm="api")
