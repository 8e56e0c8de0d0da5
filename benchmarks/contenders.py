"""Who is compared with whom.

How contenders are made equal, since each difference here would show as a difference of the libraries:

- Each is in its fastest idiomatic form: what can be prepared once (keys, options) is prepared before the clock starts.
- Each checks the same: the signature, ``exp`` (which must be there), ``nbf``, ``iat``; and ``iss`` and ``aud`` on
  typical tokens. That it really does is asserted before it is timed, each time.
- Each gets the same tokens, as ``str`` objects made for that round (``bytes`` for those "of bytes"): a server never
  sees the same object twice, and one that was hashed before would flatter whoever looks it up.
- Each runs in the same plain ``for`` loop, which is in its time, with the garbage collector off.
- Results are dropped at once; jwtfast keeps its own in the cache until the round is over, and the time in which they
  are freed (``clear_cache``, between rounds) is not counted. A cold verification includes what remembering it costs.
- jwtfast builds the claims when they are first read; "jwtfast, claims read" reads them, so it does all that those do
  who give a dict. Without it, the time is that of a verdict and of the claims that were checked.
- Floors judge nothing, and are no contenders: they are what the others stand on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import jwtfast
from benchmarks.floors import cryptography_verify, hmac_digest
from benchmarks.pure_python import HASHES, PurePythonVerifier, RefusedTokenError
from benchmarks.ready import Ready, accept_all
from benchmarks.tokens import ALGORITHMS, Checks, fresh_bytes

__all__ = ["CONTENDERS", "FLOORS", "Contender"]


@dataclass(frozen=True)
class Contender:
    """One row of the tables: ``package`` is the distribution it comes from, None if it is always there."""

    name: str
    prepare: Callable[[Checks], Ready]
    kinds: tuple[str, ...]
    algorithms: tuple[str, ...] = ALGORITHMS
    package: str | None = None

    @property
    def label(self) -> str:
        """Its name, with the version of its package."""
        return self.name if self.package is None else f"{self.name} {version(self.package)}"

    @property
    def missing(self) -> str | None:
        """Why it can't take part, or None if it can."""
        try:
            _ = self.label
        except PackageNotFoundError:
            return f"the package {self.package} is not installed"
        return None


def _jwtfast_key(checks: Checks) -> jwtfast.Key:
    if isinstance(checks.key, bytes):
        return jwtfast.Key.from_secret(checks.key, checks.algorithm)
    pem = checks.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return jwtfast.Key.from_pem(pem, checks.algorithm)


def _jwtfast_verifier(checks: Checks) -> jwtfast.Verifier:
    return jwtfast.Verifier(
        _jwtfast_key(checks),
        issuer=checks.issuer,
        audience=jwtfast.ANY if checks.any_audience else checks.audience,
        required=("exp",) if checks.expiry_required else (),
    )


def _jwtfast(checks: Checks) -> Ready:
    verifier = _jwtfast_verifier(checks)
    return Ready(
        verify=verifier.verify,
        refusal=jwtfast.errors.InvalidTokenError,
        claims=lambda token: token.claims,
        remember=partial(accept_all, verifier.verify),
        forget=verifier.clear_cache,
        hits=lambda: verifier.cache_info().hits,
    )


def _jwtfast_of_bytes(checks: Checks) -> Ready:
    return replace(_jwtfast(checks), arrive=fresh_bytes)


def _jwtfast_claims_read(checks: Checks) -> Ready:
    verifier = _jwtfast_verifier(checks)
    verify = verifier.verify
    return Ready(
        verify=lambda raw: verify(raw).claims,
        refusal=jwtfast.errors.InvalidTokenError,
        remember=partial(accept_all, lambda raw: verify(raw).claims),
        forget=verifier.clear_cache,
        hits=lambda: verifier.cache_info().hits,
    )


def _pyjwt(checks: Checks) -> Ready:
    import jwt  # noqa: PLC0415 - a contender's package need not be there

    # A PyJWK and an instance with its options are some percent faster than jwt.decode with the key itself.
    members = jwt.get_algorithm_by_name(checks.algorithm).to_jwk(checks.key, as_dict=True)
    key = jwt.PyJWK.from_dict(members | {"alg": checks.algorithm})
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


def _pure_python_verifier(checks: Checks) -> PurePythonVerifier:
    return PurePythonVerifier(
        checks.secret,
        checks.algorithm,
        issuer=checks.issuer,
        audience=checks.audience,
        any_audience=checks.any_audience,
        expiry_required=checks.expiry_required,
    )


def _pure_python(checks: Checks) -> Ready:
    return Ready(verify=_pure_python_verifier(checks).verify, refusal=RefusedTokenError)


def _dict_get(checks: Checks) -> Ready:
    # The floor of all caches in Python that are asked with the token: it hashes a str and compares it, judges nothing,
    # and would go on to answer after a token has expired.
    verify = _pure_python_verifier(checks).verify
    table: dict[str | bytes, object] = {}

    def remember(arrived: list[str | bytes]) -> None:
        for token in arrived:
            table[token] = verify(token.decode() if isinstance(token, bytes) else token)

    return Ready(verify=table.get, refusal=None, remember=remember, forget=table.clear)


def _dict_get_of_bytes(checks: Checks) -> Ready:
    return replace(_dict_get(checks), arrive=fresh_bytes)


_NEVER_SEEN = ("cold", "rejected")
_HMAC = tuple(name for name in ALGORITHMS if name in HASHES)
_ASYMMETRIC = tuple(name for name in ALGORITHMS if name not in HASHES)

FLOORS = (
    Contender("hmac.digest", hmac_digest, ("cold",), _HMAC),
    Contender("cryptography verify", cryptography_verify, ("cold",), _ASYMMETRIC, package="cryptography"),
    Contender("dict.get", _dict_get, ("cached",), ("HS256",)),
    Contender("dict.get of bytes", _dict_get_of_bytes, ("cached",), ("HS256",)),
)
CONTENDERS = (
    Contender("jwtfast", _jwtfast, (*_NEVER_SEEN, "cached")),
    Contender("jwtfast of bytes", _jwtfast_of_bytes, ("cached",), ("HS256",)),
    Contender("jwtfast, claims read", _jwtfast_claims_read, ("cold", "cached"), ("HS256",)),
    Contender("pure Python (stdlib)", _pure_python, _NEVER_SEEN, ("HS256",)),
    Contender("PyJWT", _pyjwt, _NEVER_SEEN, package="PyJWT"),
    *FLOORS,
)
