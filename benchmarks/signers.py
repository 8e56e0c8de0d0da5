"""Who signs tokens: an HS256 token with typical claims from each.

``Issuer.issue`` is told the user and what is to be said about them; the issuer, the audience, the dates and a random
``jti`` are its own work. ``Issuer.sign`` signs claims as they are. All other libraries sign claims that are there
already, with all of that in them, which is to their advantage. One row has ryjwt do what an issuer does: the dates and
the ``jti`` are made for each token, in Python.
"""

# ruff: noqa: PLC0415 - a rival's package need not be there

from __future__ import annotations

import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwtfast
from benchmarks import rivals
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.ready import accept_all
from benchmarks.tokens import AUDIENCES, ISSUER, LIFETIME, SECRET

__all__ = ["SIGNERS", "Signer", "whose"]

_Claims = dict[str, Any]
# The claims that an issuer makes, besides the user's name.
_MADE = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti")


@dataclass(frozen=True)
class Signer:
    """What signs, once it is configured."""

    sign: Callable[..., str]
    # Make of claims what it is called with, out of sight of the clock: new objects each time.
    arrive: Callable[[_Claims], Any] = dict
    # The loop: one round of what has arrived.
    sign_all: Callable[[Callable[..., Any], list[Any]], None] = accept_all
    # Whether it makes the dates and the jti.
    issues: bool = False


def _jwtfast() -> Signer:
    key = jwtfast.Key.from_secret(SECRET, "HS256")
    issuer = jwtfast.Issuer(key, issuer=ISSUER, lifetime=LIFETIME, audience=AUDIENCES)
    return Signer(issuer.issue, _told, _issue_all, issues=True)


def _jwtfast_sign() -> Signer:
    key = jwtfast.Key.from_secret(SECRET, "HS256")
    return Signer(jwtfast.Issuer(key, issuer=ISSUER).sign)


def _told(claims: _Claims) -> tuple[Any, ...]:
    """Give the user, and what is to be said about them."""
    told = claims["sub"], claims["scope"], claims["realm_access"], claims["email"], claims["name"]
    assert len(told) + len(_MADE) - 1 == len(claims)
    return told


def _issue_all(issue: Callable[..., str], told: list[tuple[Any, ...]]) -> None:
    for subject, scope, access, email, name in told:
        issue(subject, scope=scope, realm_access=access, email=email, name=name)


def _ryjwt() -> Signer:
    import ryjwt

    return Signer(ryjwt.SecretKey(SECRET, algorithms=["HS256"]).encode)


def _ryjwt_issuing() -> Signer:
    encode = _ryjwt().sign

    def issue(subject: str, **claims: Any) -> str:
        now = int(time.time())
        made = {"iss": ISSUER, "sub": subject, "aud": AUDIENCES, "iat": now, "exp": now + LIFETIME}
        return encode({**made, "jti": secrets.token_urlsafe(16), **claims})

    return Signer(issue, _told, _issue_all, issues=True)


def _oxyjwt() -> Signer:
    import oxyjwt

    return Signer(partial(oxyjwt.encode, key=oxyjwt.EncodingKey.from_secret(SECRET), algorithm="HS256"))


def _jwtoxide() -> Signer:
    import jwtoxide

    return Signer(partial(jwtoxide.encode, key=jwtoxide.EncodingKey.from_secret(SECRET), algorithm="HS256"))


def _pyjwt() -> Signer:
    import jwt

    return Signer(partial(jwt.encode, key=SECRET, algorithm="HS256"))


def _older_pyjwt() -> Signer:
    return Signer(partial(rivals.older_pyjwt_module().encode, key=SECRET, algorithm="HS256"))


def _joserfc() -> Signer:
    from joserfc import jwk, jwt

    key = jwk.OctKey.import_key(SECRET)
    return Signer(lambda claims: jwt.encode({"alg": "HS256"}, claims, key))


def _authlib() -> Signer:
    jose = rivals.authlib_jose()
    key, encode = jose.OctKey.import_key(SECRET), jose.JsonWebToken(["HS256"]).encode
    # Without its search for secrets in the claims.
    return Signer(lambda claims: encode({"alg": "HS256"}, claims, key, check=False).decode())


def _python_jose() -> Signer:
    from jose import jwk, jwt

    return Signer(partial(jwt.encode, key=jwk.construct(SECRET, "HS256"), algorithm="HS256"))


def _jwcrypto() -> Signer:
    from jwcrypto import jwk, jwt

    key = jwk.JWK(kty="oct", k=urlsafe_b64encode(SECRET).rstrip(b"=").decode())

    def sign(claims: _Claims) -> str:
        token = jwt.JWT(header='{"alg":"HS256"}', claims=json.dumps(claims))
        token.make_signed_token(key)
        return str(token.serialize())

    return Signer(sign)


SIGNERS: dict[str, Callable[[], Signer]] = {
    "jwtfast": _jwtfast,
    "jwtfast, claims as they are": _jwtfast_sign,
    "ryjwt": _ryjwt,
    "ryjwt, dates and jti made": _ryjwt_issuing,
    "oxyjwt": _oxyjwt,
    "jwtoxide": _jwtoxide,
    "older PyJWT": _older_pyjwt,
    "PyJWT": _pyjwt,
    "Authlib": _authlib,
    "joserfc": _joserfc,
    "python-jose": _python_jose,
    "jwcrypto": _jwcrypto,
}


def whose(name: str) -> Contender:
    """Tell whose signer it is.

    Args:
        name: One of ``SIGNERS``; what follows a comma says how it is used.

    Returns:
        The contender that verifies.
    """
    return next(one for one in CONTENDERS if one.name == name.partition(",")[0])
