"""The answer to a request that is refused: status, challenge and body (RFC 6750 section 3, RFC 9110, RFC 9457).

Everything in it is a constant, picked by the error's class and ``code``. Nothing of the request, of the token or of the
exception's own words gets in.
"""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple

import orjson

from jwtfast.errors import (
    CrossSiteRequestError,
    InsufficientScopeError,
    InvalidTokenError,
    JWTError,
    UnavailableError,
)

__all__ = ["Refusal", "checked_realm", "refusal_of"]

_PROBLEM: Final = "application/problem+json"
_PLAIN: Final = "text/plain; charset=utf-8"
_LONGEST_ACCEPT = 1000  # bytes; no browser's is half as long

_STATUS = {None: 401, "invalid_request": 400, "invalid_token": 401, "insufficient_scope": 403}

# What developers of clients are told (RFC 6750 section 3: no quotes and no backslashes).
_DETAILS = {
    "missing_token": "The request carries no bearer token.",
    "invalid_request": "The request must carry one bearer token, by the syntax of RFC 6750.",
    "cross_site_request": "The request's token is in a cookie, and nothing shows that a page of this site sent it.",
    "insufficient_scope": "The token doesn't have the scopes or claims that are needed here.",
    "malformed": "The token is malformed.",
    "too_large": "The token is too long.",
    "bad_signature": "The token's signature is not right.",
    "algorithm_not_allowed": "The token's algorithm is not one that is accepted here.",
    "unknown_key": "The token was signed with a key that is not known here.",
    "critical_header": "The token's header asks for an extension that is not understood.",
    "wrong_type": "The token is of another type than is accepted here.",
    "expired": "The token has expired.",
    "not_yet_valid": "The token is not yet valid.",
    "invalid_issued_at": "The token's issue time is not a number.",
    "wrong_issuer": "The token's issuer is not one that is trusted here.",
    "wrong_audience": "The token is not meant for this resource.",
    "invalid_subject": "The token's subject is not right.",
    "invalid_jti": "The token's identifier is not right.",
    "invalid_claim": "A claim of the token is not what is asked for here.",
    "missing_claim": "The token lacks a claim that is asked for here.",
    "revoked": "The token has been revoked.",
    "unavailable": "The token can't be judged right now.",
    "keys_unavailable": "The keys to judge the token with can't be had right now.",
    "refresh_store_unavailable": "The store of refresh tokens can't be asked right now.",
    "revocations_unavailable": "Whether the token has been revoked can't be known right now.",
}
_OTHER_DETAIL = "The token is not valid."


class Refusal(NamedTuple):
    """An answer, ready to be sent."""

    code: str
    """The error's code, like ``"expired"``: one of a fixed set of words, fit for a metric's label."""
    status: int
    """400, 401, 403 or 503."""
    challenge: str | None
    """The value of WWW-Authenticate; None where there is none to give (503)."""
    detail: str
    """The reason in a sentence."""
    content_type: str
    """The media type of the body."""
    body: bytes
    """Problem details in JSON (RFC 9457), or the reason in a line of text."""
    headers: tuple[tuple[str, str], ...]
    """All header fields: those above, and Content-Length and Cache-Control."""
    raw_headers: tuple[tuple[bytes, bytes], ...]
    """The same as ASGI has them."""

    @property
    def problem(self) -> dict[str, str | int]:
        """The problem details (RFC 9457 section 3.1), for frameworks that write JSON themselves."""
        return _problem(self.code, self.status, self.detail)

    @property
    def status_line(self) -> str:
        """The status with its reason phrase, like ``"401 Unauthorized"``."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def refusal_of(error: JWTError, *, realm: str, accept: bytes | None = None) -> Refusal:
    """Make the answer to a request that an error refuses.

    Args:
        error: What was raised: an InvalidTokenError, or an UnavailableError.
        realm: The protection space that the challenge names (RFC 9110 section 11.5), as ``checked_realm`` gave it.
        accept: The request's Accept header: text for who prefers it to JSON, problem details for all others.

    Returns:
        The answer; of equal arguments it is the same object.

    Raises:
        TypeError: The error doesn't tell of a request.
    """
    plain = accept is not None and accept != b"*/*" and _prefers_text(accept)
    bearer_error = error.bearer_error if isinstance(error, InvalidTokenError) else None
    scope = " ".join(error.scope) if isinstance(error, InsufficientScopeError) else ""
    return _answer(
        code=error.code, status=_status_of(error), bearer_error=bearer_error, scope=scope, realm=realm, plain=plain
    )


def checked_realm(realm: str) -> str:
    """Give a realm as it stands between the quotes of a challenge (RFC 9110 section 5.6.4).

    Args:
        realm: The protection space's name, which users may get to see.

    Returns:
        It, with quotes and backslashes escaped.

    Raises:
        ValueError: It is empty, or not all printable ASCII.
        TypeError: It is no str.
    """
    if not isinstance(realm, str):
        msg = f"realm is a str, not {type(realm).__name__}"
        raise TypeError(msg)
    if not re.fullmatch(r"[ -~]+", realm):
        msg = "realm is made of printable ASCII characters, one or more"
        raise ValueError(msg)
    return realm.replace("\\", "\\\\").replace('"', '\\"')


def _status_of(error: JWTError) -> int:
    if isinstance(error, UnavailableError):
        return 503
    if isinstance(error, CrossSiteRequestError):
        return 403
    if not isinstance(error, InvalidTokenError):
        msg = f"{type(error).__name__} is no answer to a request"
        raise TypeError(msg)
    return _STATUS[error.bearer_error]


# Classes, scopes and realms are the program's own, so there are few: a flood of bad tokens makes no answer anew.
@lru_cache(maxsize=1024)
def _answer(*, code: str, status: int, bearer_error: str | None, scope: str, realm: str, plain: bool) -> Refusal:
    detail = _DETAILS.get(code, _OTHER_DETAIL)
    content_type = _PLAIN if plain else _PROBLEM
    body = f"{detail}\n".encode() if plain else orjson.dumps(_problem(code, status, detail))
    challenge = None
    headers = [("content-type", content_type), ("content-length", str(len(body))), ("cache-control", "no-store")]
    if status != HTTPStatus.SERVICE_UNAVAILABLE:
        challenge = f'Bearer realm="{realm}"'
        if bearer_error is not None:
            challenge += f', error="{bearer_error}", error_description="{detail}"'
        if scope:
            challenge += f', scope="{scope}"'
        headers.append(("www-authenticate", challenge))
    raw_headers = tuple((name.encode(), value.encode()) for name, value in headers)
    return Refusal(code, status, challenge, detail, content_type, body, tuple(headers), raw_headers)


def _problem(code: str, status: int, detail: str) -> dict[str, str | int]:
    # Without a type it is that of the status, whose phrase is the title then (RFC 9457 section 4.2.1).
    return {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}


def _prefers_text(accept: bytes) -> bool:
    """Tell whether an Accept header rates plain text above JSON (RFC 9110 section 12.5.1)."""
    if len(accept) > _LONGEST_ACCEPT:
        return False
    weights: dict[bytes, float] = {}
    for item in accept.lower().split(b","):
        media_range, *parameters = (part.strip(b" \t") for part in item.split(b";"))
        weights[media_range] = max(weights.get(media_range, 0.0), _weight(parameters))

    def weight_of(*ranges: bytes) -> float:
        # The most specific range counts.
        return next((weights[one] for one in ranges if one in weights), 0.0)

    text = weight_of(b"text/plain", b"text/*", b"*/*")
    anything = weight_of(b"application/*", b"*/*")
    json = max(weights.get(b"application/problem+json", anything), weights.get(b"application/json", anything))
    return text > json


def _weight(parameters: list[bytes]) -> float:
    for parameter in parameters:
        if parameter.startswith(b"q="):
            # No number, or no weight, is none at all.
            return float(parameter[2:]) if re.fullmatch(rb"0(?:\.\d{0,3})?|1(?:\.0{0,3})?", parameter[2:]) else 0.0
    return 1.0
