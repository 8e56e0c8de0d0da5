"""Tokens in Authorization headers (RFC 6750 section 2.1)."""

from __future__ import annotations

from typing import Any

import pytest
from forge import NOW, SECRET, Clock, good

from jwtfast import Key, Verifier, errors


def verifier() -> Verifier:
    """Give a verifier whose clock stands at NOW."""
    return Verifier(Key.from_secret(SECRET, "HS256"), clock=Clock())


BEARER = ["Bearer {}", "bearer {}", "BEARER {}", "bEaReR {}", "Bearer  {}", "Bearer      {}"]
INVALID = [
    "Bearer",
    "Bearer ",
    "Bearer    ",
    "Bearer {} ",
    "Bearer {}  ",
    "Bearer {},",
    "Bearer {}, {}",
    "Bearer {} {}",
]
INVALID += ["Bearer {}\n", "Bearer {}\r\n", "Bearer {}\0", "Bearer \t{}", "Bearer a,b", "Bearer {}, Basic abc"]
MISSING = ["", " ", "Basic {}", "Digest a=b", "{}", "Token {}", "Bearer{}", "Bearer:{}", " Bearer {}", "Bearers {}"]
MISSING += [
    "Bear {}",
    "DPoP {}",
    "bearer\t{}",
    "Bearer\n{}",
    "Bearer\0{}",
    "B\xe9arer {}",
    "\uff22earer {}",
    "Bearer\xa0{}",
]


@pytest.mark.parametrize("template", BEARER)
def test_a_bearer_token(template: str) -> None:
    """The scheme may be in any case, with one or more spaces behind it (RFC 6750 section 2.1, RFC 9110 11.1)."""
    token = good(sub="alice")
    value = template.format(token)
    judge = verifier()
    first = judge.verify_bearer(value)
    assert first.subject == "alice"
    for raw in (value, value.encode(), bytearray(value.encode()), memoryview(value.encode())):
        assert judge.verify_bearer(raw) is first
    assert judge.verify(token) is first


@pytest.mark.parametrize("template", INVALID)
def test_bearer_headers_that_break_the_syntax(template: str) -> None:
    """A header that names the scheme and holds anything but one token is an invalid request (RFC 6750 section 3.1)."""
    token = good()
    judge = verifier()
    judge.verify(token)
    for value in (template.replace("{}", token), template.replace("{}", token).encode()):
        with pytest.raises(errors.InvalidRequestError) as caught:
            judge.verify_bearer(value)
        assert (caught.value.code, caught.value.bearer_error) == ("invalid_request", "invalid_request")


@pytest.mark.parametrize("template", MISSING)
def test_headers_of_other_schemes(template: str) -> None:
    """A header of another scheme carries no bearer token: the answer is a 401 without an error code."""
    judge = verifier()
    judge.verify(good())
    for value in (template.format(good()), template.format(good()).encode()):
        with pytest.raises(errors.MissingTokenError) as caught:
            judge.verify_bearer(value)
        assert (caught.value.code, caught.value.bearer_error) == ("missing_token", None)


def test_no_header_at_all() -> None:
    """Where a request has no Authorization header the token is missing."""
    with pytest.raises(errors.MissingTokenError):
        verifier().verify_bearer(None)


@pytest.mark.parametrize("value", [1, ["Bearer x"], object(), {"Authorization": "x"}, True, 1.5])
def test_header_values_of_wrong_types(value: Any) -> None:
    """A header value of another type is the program's error."""
    with pytest.raises(TypeError):
        verifier().verify_bearer(value)


def test_bad_tokens_in_good_headers() -> None:
    """A token that is refused by itself is refused in a header, for the same reason."""
    for raw, code in [(good(exp=NOW), "expired"), ("a.b.c", "malformed"), (good()[:-1] + "~", "malformed")]:
        with pytest.raises(errors.InvalidTokenError) as caught:
            verifier().verify_bearer(f"Bearer {raw}")
        assert caught.value.code == code
    for value in (f"Bearer {good()}\xe9", "Bearer \ud800"):
        with pytest.raises(errors.InvalidTokenError):
            verifier().verify_bearer(value)
