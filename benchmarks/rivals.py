"""How each of the other libraries verifies a token: one function for each.

Each makes ready whatever can be prepared once (key, options) and uses the fastest form that its documentation has for
it. Which form that is was measured; where it is not the one that comes to mind, a comment says so.
"""

# ruff: noqa: PLC0415 - a rival's package need not be there

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from base64 import urlsafe_b64encode
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.pure_python import PurePythonVerifier, RefusedTokenError
from benchmarks.ready import Ready
from benchmarks.tokens import Checks

__all__ = [
    "OLDER_PYJWT",
    "authlib",
    "authlib_jose",
    "joserfc",
    "jwcrypto",
    "jwtoxide",
    "older_pyjwt",
    "older_pyjwt_module",
    "oxyjwt",
    "pure_python",
    "pure_python_verifier",
    "pyjwt",
    "python_jose",
    "ryjwt",
]

# Where ``make bench`` has put the older of the two versions of PyJWT that are measured.
OLDER_PYJWT = Path(sys.prefix) / "older-pyjwt"


def ryjwt(checks: Checks) -> Ready:
    """Make ryjwt ready: audience and issuer belong to its key objects."""
    import ryjwt

    options = {"algorithms": [checks.algorithm], "audience": checks.audience, "issuer": checks.issuer}
    if isinstance(checks.key, bytes):
        key = ryjwt.SecretKey(checks.key, **options)
    else:
        key = ryjwt.PublicKey(_pem(checks), **options)
    return Ready(verify=key.decode, refusal=ryjwt.InvalidTokenError)


def oxyjwt(checks: Checks) -> Ready:
    """Make oxyjwt ready.

    With the option that exp is required, its decode() leaves its fast path and takes about twice as long. So the claims
    are looked at afterwards, as somebody would do who minds the time.
    """
    import oxyjwt

    decode = partial(
        oxyjwt.decode,
        key=_rust_key(oxyjwt.DecodingKey, checks),
        algorithms=[checks.algorithm],
        audience=checks.audience,
        issuer=checks.issuer,
    )
    missing = oxyjwt.MissingRequiredClaimError

    def verify(token: str) -> Any:
        claims = decode(token)
        if "exp" not in claims:
            raise missing
        return claims

    # Without the function around it, which would be in its time.
    def accept(_: object, tokens: list[str]) -> None:
        for token in tokens:
            if "exp" not in decode(token):
                raise missing

    return Ready(verify=verify, refusal=oxyjwt.InvalidTokenError, accept=accept)


def jwtoxide(checks: Checks) -> Ready:
    """Make jwtoxide ready."""
    import jwtoxide

    options = jwtoxide.ValidationOptions(
        aud=None if checks.audience is None else {checks.audience},
        iss=None if checks.issuer is None else {checks.issuer},
        required_spec_claims={"exp"},
        leeway_seconds=0,
        algorithms=[checks.algorithm],
    )
    key = _rust_key(jwtoxide.DecodingKey, checks)
    return Ready(
        verify=partial(jwtoxide.decode, key=key, validation_options=options), refusal=jwtoxide.InvalidTokenError
    )


def pyjwt(checks: Checks) -> Ready:
    """Make the PyJWT ready that the tests have as well."""
    import jwt

    return _pyjwt(jwt, checks)


def older_pyjwt(checks: Checks) -> Ready:
    """Make the older PyJWT ready, from before its check of the alphabet of base64url, which goes byte by byte."""
    return _pyjwt(older_pyjwt_module(), checks)


@cache
def older_pyjwt_module() -> ModuleType:
    """Import the older PyJWT beside the other one.

    Both are a package named ``jwt``. All imports within it are relative, so it does not mind another name, under which
    it meets neither the other one nor ``sys.path``.

    Returns:
        The package.
    """
    spec = importlib.util.spec_from_file_location("older_jwt", OLDER_PYJWT / "jwt" / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def joserfc(checks: Checks) -> Ready:
    """Make joserfc ready."""
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    key: Any
    if isinstance(checks.key, bytes):
        key = jwk.OctKey.import_key(checks.key)
    else:
        kinds: dict[str, Any] = {"RS": jwk.RSAKey, "PS": jwk.RSAKey, "ES": jwk.ECKey, "Ed": jwk.OKPKey}
        key = kinds[checks.algorithm[:2]].import_key(_pem(checks))
    rules: Any = _essential(checks)
    registry = jwt.JWTClaimsRegistry(**rules)
    algorithms = [checks.algorithm]

    def verify(token: str) -> Any:
        claims = jwt.decode(token, key, algorithms).claims
        registry.validate(claims)
        return claims

    return Ready(verify=verify, refusal=JoseError)


def authlib(checks: Checks) -> Ready:
    """Make Authlib ready."""
    jose = authlib_jose()
    if isinstance(checks.key, bytes):
        key = jose.OctKey.import_key(checks.key)
    else:
        kinds = {"RS": jose.RSAKey, "PS": jose.RSAKey, "ES": jose.ECKey, "Ed": jose.OKPKey}
        key = kinds[checks.algorithm[:2]].import_key(_pem(checks))
    decode = partial(jose.JsonWebToken([checks.algorithm]).decode, key=key, claims_options=_essential(checks))

    def verify(token: str) -> Any:
        claims = decode(token)
        claims.validate()
        return claims

    return Ready(verify=verify, refusal=jose.JoseError)


def authlib_jose() -> Any:
    """Import Authlib's own JOSE, which warns that joserfc will replace it.

    Returns:
        The package.
    """
    from authlib.deprecate import AuthlibDeprecationWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AuthlibDeprecationWarning)
        from authlib import jose
    return jose


def python_jose(checks: Checks) -> Ready:
    """Make python-jose ready, on its backend of cryptography."""
    from jose import jwk, jwt
    from jose.exceptions import JWTError

    key = jwk.construct(checks.key if isinstance(checks.key, bytes) else _pem(checks).decode(), checks.algorithm)
    return Ready(
        verify=partial(
            jwt.decode,
            key=key,
            algorithms=[checks.algorithm],
            audience=checks.audience,
            issuer=checks.issuer,
            options={"require_exp": True},
        ),
        refusal=JWTError,
    )


def jwcrypto(checks: Checks) -> Ready:
    """Make jwcrypto ready; it takes one object for each token, whose leeway of a minute can be set before it reads."""
    from jwcrypto import jwk, jwt
    from jwcrypto.common import JWException

    if isinstance(checks.key, bytes):
        key = jwk.JWK(kty="oct", k=urlsafe_b64encode(checks.key).rstrip(b"=").decode())
    else:
        key = jwk.JWK.from_pem(_pem(checks))
    algorithms = [checks.algorithm]
    # Where claims are demanded, only those are looked at; where none are, exp and nbf are, but need not be there.
    named = {"iss": checks.issuer, "aud": checks.audience}
    demanded = None if checks.audience is None else {"exp": None, "nbf": None, **named}

    def verify(token: str) -> Any:
        one = jwt.JWT(algs=algorithms, check_claims=demanded, expected_type="JWS")
        one.leeway = 0
        one.deserialize(token, key)
        claims = json.loads(one.claims)
        if "exp" not in claims:
            raise jwt.JWTMissingClaim
        return claims

    return Ready(verify=verify, refusal=JWException)


def pure_python(checks: Checks) -> Ready:
    """Make the verifier ready that is written with the standard library alone."""
    return Ready(verify=pure_python_verifier(checks).verify, refusal=RefusedTokenError)


def pure_python_verifier(checks: Checks) -> PurePythonVerifier:
    """Configure the verifier that is written with the standard library alone.

    Args:
        checks: What it checks.

    Returns:
        The verifier.
    """
    return PurePythonVerifier(
        checks.secret,
        checks.algorithm,
        issuer=checks.issuer,
        audience=checks.audience,
        any_audience=checks.any_audience,
        expiry_required=checks.expiry_required,
    )


def _pyjwt(jwt: Any, checks: Checks) -> Ready:
    # A PyJWK and an instance with its options are some percent faster than jwt.decode with the key itself.
    algorithm = jwt.PyJWS().get_algorithm_by_name(checks.algorithm)
    key = jwt.PyJWK.from_dict(algorithm.to_jwk(checks.key, as_dict=True) | {"alg": checks.algorithm})
    decoder = jwt.PyJWT(
        options={
            "require": ["exp"] if checks.expiry_required else [],
            "verify_aud": not checks.any_audience,
        }
    )
    return Ready(
        verify=partial(
            decoder.decode, key=key, algorithms=[checks.algorithm], issuer=checks.issuer, audience=checks.audience
        ),
        refusal=jwt.InvalidTokenError,
    )


def _pem(checks: Checks) -> bytes:
    return checks.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _rust_key(keys: Any, checks: Checks) -> Any:
    # oxyjwt and jwtoxide stand on one crate, and have its names.
    if isinstance(checks.key, bytes):
        return keys.from_secret(checks.key)
    kind = {"RS": "rsa", "PS": "rsa", "ES": "ec", "Ed": "ed"}[checks.algorithm[:2]]
    return getattr(keys, f"from_{kind}_pem")(_pem(checks).decode())


def _essential(checks: Checks) -> dict[str, dict[str, Any]]:
    # joserfc and Authlib have one way of saying what claims must be there.
    named = {"iss": checks.issuer, "aud": checks.audience}
    values = {name: {"essential": True, "value": value} for name, value in named.items() if value is not None}
    return {"exp": {"essential": True}, **values}
