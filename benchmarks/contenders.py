"""Who is compared with whom.

How contenders are made equal, since each difference here would show as a difference of the libraries:

- Each is in its fastest idiomatic form: what can be prepared once (keys, options) is prepared before the clock starts.
- Each checks the same: the signature, ``exp`` (which must be there), ``nbf``, ``iat``; and ``iss`` and ``aud`` on
  typical tokens. That it really does is asserted before it is timed, each time.
- Each gets the same tokens, as ``str`` objects made for that round: a server never sees the same object twice, and a
  ``str`` that was hashed before would flatter whoever looks it up.
- Each runs in the same plain ``for`` loop, which is in its time, with the garbage collector off.
- Results are dropped at once; jwtfast keeps its own in the cache until the round is over, and the time in which they
  are freed (``clear_cache``, between rounds) is not counted. A cold verification includes what remembering it costs.
- jwtfast builds the claims when they are first read; "jwtfast, claims read" reads them, so it does all that those do
  who give a dict. Without it, the time is that of a verdict and of the claims that were checked.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import jwtfast
from benchmarks.pure_python import PurePythonVerifier, RefusedTokenError
from benchmarks.tokens import Checks

__all__ = ["CONTENDERS", "Contender", "Ready", "accept_all", "refuse_all"]


@dataclass(frozen=True)
class Ready:
    """A contender, configured for one set of checks."""

    verify: Callable[[str], Any]
    # What it raises for a bad token; None for a floor, which judges nothing.
    refusal: type[Exception] | None
    # The claims in what verify() gave.
    claims: Callable[[Any], Any] = lambda result: result
    # Have it remember tokens, and forget all of them.
    remember: Callable[[list[str]], object] = lambda tokens: None  # noqa: ARG005 - nothing to remember with
    forget: Callable[[], object] = lambda: None
    # How often its cache has answered so far.
    hits: Callable[[], int] | None = None


@dataclass(frozen=True)
class Contender:
    """One row of the tables: ``package`` is the distribution it comes from, None if it is always there."""

    name: str
    prepare: Callable[[Checks], Ready]
    kinds: frozenset[str]
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


def accept_all(verify: Callable[[str], Any], tokens: list[str]) -> None:
    """Verify good tokens: one round.

    Args:
        verify: A contender's function.
        tokens: The tokens.
    """
    for token in tokens:
        verify(token)


def refuse_all(verify: Callable[[str], Any], refusal: type[Exception], tokens: list[str]) -> None:
    """Verify bad tokens, as a server does that answers 401: one round.

    Args:
        verify: A contender's function.
        refusal: What it raises.
        tokens: The tokens.

    Raises:
        AssertionError: One was accepted.
    """
    for token in tokens:
        try:
            verify(token)
        except refusal:
            pass
        else:
            msg = "a bad token was accepted"
            raise AssertionError(msg)


def _jwtfast_verifier(checks: Checks) -> jwtfast.Verifier:
    return jwtfast.Verifier(
        jwtfast.Key.from_secret(checks.secret, checks.algorithm),
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

    # A PyJWK and an instance with its options are some percent faster than jwt.decode with the secret's bytes.
    text = urlsafe_b64encode(checks.secret).rstrip(b"=").decode()
    key = jwt.PyJWK.from_dict({"kty": "oct", "k": text, "alg": checks.algorithm})
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


def _pure_python(checks: Checks) -> Ready:
    verifier = PurePythonVerifier(
        checks.secret,
        checks.algorithm,
        issuer=checks.issuer,
        audience=checks.audience,
        any_audience=checks.any_audience,
        expiry_required=checks.expiry_required,
    )
    return Ready(verify=verifier.verify, refusal=RefusedTokenError)


def _dict_get(checks: Checks) -> Ready:
    # The floor of all caches in Python that are asked with the token: it hashes a str and compares it, judges nothing,
    # and would go on to answer after a token has expired.
    verify = _pure_python(checks).verify
    table: dict[str, Any] = {}
    return Ready(
        verify=table.get,
        refusal=None,
        remember=lambda tokens: table.update((token, verify(token)) for token in tokens),
        forget=table.clear,
    )


_ANY_TOKEN = frozenset({"cold", "rejected"})

CONTENDERS = (
    Contender("jwtfast", _jwtfast, _ANY_TOKEN | {"cached"}),
    Contender("jwtfast, claims read", _jwtfast_claims_read, frozenset({"cold", "cached"})),
    Contender("pure Python (stdlib)", _pure_python, _ANY_TOKEN),
    Contender("PyJWT", _pyjwt, _ANY_TOKEN, package="PyJWT"),
    Contender("dict.get", _dict_get, frozenset({"cached"})),
)
