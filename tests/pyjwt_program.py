"""A small login service as people write it for PyJWT: all of it but the import is PyJWT's documented usage.

test_pyjwt_program.py runs it with ``import jwt`` and with ``from jwtfast import jwt``, and has mypy check both.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
from jwt import PyJWKClient, PyJWKSet
from jwt.algorithms import RSAAlgorithm, get_default_algorithms
from jwt.api_jwk import PyJWK
from jwt.exceptions import ExpiredSignatureError, InvalidTokenError, PyJWKClientError
from jwt.types import Options
from jwt.utils import base64url_decode, base64url_encode

ISSUER = "https://login.example"
AUDIENCE = "https://api.example"


class Login:
    """Issues tokens after a login, and tells its public keys."""

    def __init__(self, private_key: Any, secret: str, key_id: str = "2026-11") -> None:
        self.private_key = private_key
        self.secret = secret
        self.key_id = key_id

    def access_token(self, subject: str, lifetime: timedelta = timedelta(minutes=15)) -> str:
        """Sign an access token with the private key."""
        now = datetime.now(tz=timezone.utc)  # noqa: UP017 - as programs have it
        payload: dict[str, Any] = {
            "iss": ISSUER,
            "aud": [AUDIENCE, "account"],
            "sub": subject,
            "iat": now,
            "exp": now + lifetime,
            "scope": "read write",
        }
        token: str = jwt.encode(payload, self.private_key, algorithm="RS256", headers={"kid": self.key_id})
        return token

    def session_cookie(self, subject: str) -> str:
        """Sign a session's cookie with the secret."""
        return jwt.encode({"sub": subject, "name": "Zoë"}, self.secret, algorithm="HS256")

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Give the public key as a JWK set."""
        jwk = json.loads(RSAAlgorithm.to_jwk(self.private_key.public_key()))
        jwk.update(kid=self.key_id, use="sig", alg="RS256")
        return {"keys": [jwk]}


class Api:
    """Verifies them, with keys that it fetches."""

    def __init__(self, jwks_url: str, secret: str) -> None:
        self.client = PyJWKClient(jwks_url, cache_keys=True, lifespan=60)
        self.secret = secret

    def user_of(self, authorization: str) -> dict[str, Any] | tuple[int, str]:
        """Give the user whom an access token is of, or a status and why."""
        token = authorization.removeprefix("Bearer ")
        options: Options = {"require": ["exp", "iss", "aud", "sub"]}
        try:
            key: PyJWK = self.client.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options=options,
                leeway=timedelta(seconds=10),
            )
        except ExpiredSignatureError:
            return 401, "expired"
        except (InvalidTokenError, PyJWKClientError) as error:
            return 401, type(error).__name__
        return {"user": claims["sub"], "scopes": claims["scope"].split()}

    def session_of(self, cookie: str) -> str | None:
        """Give the user whom a cookie is of."""
        try:
            claims: dict[str, Any] = jwt.decode(cookie, self.secret, algorithms=["HS256"])
        except jwt.InvalidSignatureError:
            return None
        except jwt.PyJWTError:
            raise
        name: str = claims["name"]
        return name


def story(login: Login, url: str) -> list[Any]:
    """Have a user log in and call the API, and others who should not, and tell what came of it."""
    api = Api(url, login.secret)
    token, old = login.access_token("alice"), login.access_token("alice", timedelta(minutes=-1))
    header, payload, signature = token.split(".")
    forged = ".".join(
        (header, base64url_encode(base64url_decode(payload).replace(b"alice", b"admin")).decode(), signature)
    )
    cookie = login.session_cookie("alice")
    unverified = jwt.decode(token, options={"verify_signature": False})
    complete = jwt.decode_complete(cookie, login.secret, algorithms=["HS256"])
    key_set = PyJWKSet.from_dict(login.jwks())
    tokens = jwt.PyJWT(options={"verify_exp": False})
    return [
        api.user_of(f"Bearer {token}"),
        api.user_of(f"Bearer {token}"),
        api.user_of(f"Bearer {old}"),
        api.user_of(f"Bearer {forged}"),
        api.user_of("Bearer x"),
        api.session_of(cookie),
        api.session_of(cookie[:-4] + "AAAA"),
        unverified["sub"],
        jwt.get_unverified_header(token),
        complete["header"],
        complete["payload"],
        len(complete["signature"]),
        key_set[login.key_id].key_type,
        [key.key_id for key in key_set.keys],
        tokens.decode(old, key_set[login.key_id].key, algorithms=["RS256"], audience=AUDIENCE)["sub"],
        sorted(get_default_algorithms()),
        jwt.get_algorithm_by_name("RS256").compute_hash_digest(b"access").hex(),
    ]
