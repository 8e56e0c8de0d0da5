"""What jwtfast.jwt raises says nothing of tokens, claims and secrets."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from forge import SECRET, encode, sign, to_json

from jwtfast import jwt

MARK = "mark-that-nobody-else-has"
OWN = (MARK.encode() * 4)[:64]


def refusals() -> Iterator[tuple[str, Callable[[], object]]]:
    """Give calls that are refused, each with the mark in what nobody may be told."""

    def decoded(header: Any, payload: Any, **arguments: Any) -> Callable[[], object]:
        token = sign(header, payload, OWN)
        return lambda: jwt.decode(token, OWN, **{"algorithms": ["HS256"], **arguments})

    good = {"alg": "HS256", MARK: MARK}
    claims = {MARK: MARK, "deep": [MARK]}
    text = to_json(MARK)
    yield "header JSON", decoded(b"{%s" % text, claims)
    yield "header twice", decoded(b'{"alg":"HS256",%s:1,%s:2}' % (text, text), claims)
    yield "header alg", decoded({"alg": MARK}, claims)
    yield "header alg list", decoded({"alg": [MARK]}, claims)
    yield "header crit", decoded({"alg": "HS256", "crit": [MARK], MARK: 1}, claims)
    yield "header kid", decoded({"alg": "HS256", "kid": [MARK]}, claims)
    yield "payload JSON", decoded(good, b"{%s" % text)
    yield "payload list", decoded(good, b"[%s]" % text)
    yield "payload twice", decoded(good, b"{%s:1,%s:2}" % (text, text))
    yield "payload octets", decoded(good, b'{%s:"\xff"}' % text)
    yield "payload surrogate", decoded(good, b'{%s:"\\ud800"}' % text)
    yield "payload deep", decoded(good, b"{%s:%s}" % (text, b"[" * 5000))
    for name in ("exp", "nbf", "iat", "sub", "jti"):
        yield name, decoded(good, {**claims, name: [MARK]})
    yield "iss", decoded(good, {**claims, "iss": MARK}, issuer="i")
    yield "iss list", decoded(good, {**claims, "iss": [MARK]}, issuer="i")
    yield "aud", decoded(good, {**claims, "aud": MARK}, audience="a")
    yield "aud unasked", decoded(good, {**claims, "aud": MARK})
    yield "aud form", decoded(good, {**claims, "aud": {MARK: MARK}}, audience="a")
    yield "subject", decoded(good, {**claims, "sub": MARK}, subject="s")
    yield "expired", decoded(good, {**claims, "exp": 1})
    yield "signature", lambda: jwt.decode(sign(good, claims, OWN), SECRET, algorithms=["HS256"])
    yield "padding", lambda: jwt.decode(sign(good, claims, OWN) + "!", OWN, algorithms=["HS256"])
    yield "segments", lambda: jwt.decode(encode(text), OWN, algorithms=["HS256"])
    yield "short secret", lambda: jwt.PyJWT({"enforce_minimum_key_length": True}).encode({}, MARK)
    yield "secret PEM", lambda: jwt.encode({}, f"-----BEGIN {MARK}")
    yield "no PEM", lambda: jwt.encode({}, MARK, "RS256")
    yield "no EC key", lambda: jwt.encode({}, MARK, "ES256")
    yield "JWK", lambda: jwt.PyJWK({"kty": "RSA", "n": MARK, "e": "AQAB", "d": MARK})
    yield "JWK alg", lambda: jwt.PyJWK({"kty": "oct", "k": MARK, "alg": MARK})
    yield "JWK kty", lambda: jwt.PyJWK({"kty": MARK, "k": MARK})
    yield "JWK text", lambda: jwt.PyJWK.from_json(f"{{{MARK}")
    yield "JWK set", lambda: jwt.PyJWKSet.from_dict({"keys": [{"kty": MARK, "k": MARK}]})


@pytest.mark.parametrize(("what", "call"), list(refusals()), ids=lambda value: value if isinstance(value, str) else "")
def test_an_error_says_nothing_of_what_it_is_about(what: str, call: Callable[[], object]) -> None:
    """No message, repr or traceback, of the error or of what led to it, holds a token, a claim or a secret."""
    with pytest.raises(jwt.PyJWTError) as caught:
        call()
    error: BaseException | None = caught.value
    told = "".join(traceback.format_exception(caught.value))
    while error is not None:
        told += str(error) + repr(error) + repr(error.args)
        error = error.__cause__ or error.__context__
    assert MARK not in told, what
    assert encode(to_json(MARK))[:16] not in told
