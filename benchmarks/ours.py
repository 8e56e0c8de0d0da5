"""How jwtfast verifies a token, in the forms that are measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import jwtfast
from benchmarks.ready import Ready, accept_all
from benchmarks.tokens import Checks, fresh_bytes

__all__ = ["claims_read", "of_bytes", "of_str", "verifier_for"]


def verifier_for(checks: Checks) -> jwtfast.Verifier:
    """Configure a verifier.

    Args:
        checks: What it checks.

    Returns:
        The verifier.
    """
    if isinstance(checks.key, bytes):
        key = jwtfast.Key.from_secret(checks.key, checks.algorithm)
    else:
        pem = checks.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        key = jwtfast.Key.from_pem(pem, checks.algorithm)
    return jwtfast.Verifier(
        key,
        issuer=checks.issuer,
        audience=jwtfast.ANY if checks.any_audience else checks.audience,
        required=("exp",) if checks.expiry_required else (),
    )


def of_str(checks: Checks) -> Ready:
    """Make jwtfast ready."""
    verifier = verifier_for(checks)
    return Ready(
        verify=verifier.verify,
        refusal=jwtfast.errors.InvalidTokenError,
        claims=lambda token: token.claims,
        remember=partial(accept_all, verifier.verify),
        forget=verifier.clear_cache,
        hits=lambda: verifier.cache_info().hits,
    )


def of_bytes(checks: Checks) -> Ready:
    """Make jwtfast ready for tokens that arrive as bytes."""
    return replace(of_str(checks), arrive=fresh_bytes)


def claims_read(checks: Checks) -> Ready:
    """Make jwtfast ready, with a claim of each token read, for which it builds all of them."""
    ready = of_str(checks)
    return replace(ready, accept=_read_subjects, remember=partial(_read_subjects, ready.verify))


def _read_subjects(verify: Callable[[Any], jwtfast.Token], tokens: list[Any]) -> None:
    for token in tokens:
        verify(token).claims["sub"]
