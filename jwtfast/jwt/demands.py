"""What a call of ``jwt.decode`` demands, as the compiled core has it.

The core is stricter than PyJWT. It decides alone what it accepts, and that a signature is bad or a token expired; the
rest of what it refuses is judged again, by PyJWT's rules, in ``api_jwt``. So where a demand can't be put exactly, it is
put more strictly, never less.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from jwtfast._native import Decoder, Generation, Policy, PreparedKey
from jwtfast.jwt.algorithms import Algorithm, prepared_key
from jwtfast.jwt.api_jwk import PyJWK
from jwtfast.jwt.api_jws import PyJWS
from jwtfast.jwt.exceptions import PyJWTError
from jwtfast.jwt.types import FullOptions

__all__ = ["build_decoder"]

_Texts = str | tuple[str, ...] | None

# The registered claims in the order in which the compiled core has them, and what judges each.
_REGISTERED = (
    ("exp", "date", "verify_exp"),
    ("nbf", "date", "verify_nbf"),
    ("iat", "date", "verify_iat"),
    ("iss", "text", "verify_iss"),
    ("aud", "audience", "verify_aud"),
    ("sub", "text", "verify_sub"),
    ("jti", "text", "verify_jti"),
)
# Stands before the name of a claim that is not judged: a member that has such a name is no registered claim, and if
# it were judged as one after all, that would be too strict.
_NOT_JUDGED = "\0"


def build_decoder(
    jws: PyJWS,
    key: Any,
    algorithms: tuple[str, ...],
    *,
    options: FullOptions,
    audience: _Texts,
    issuer: _Texts,
    leeway: float | timedelta,
    cache_tokens: int,
) -> Decoder | None:
    """Build what answers all calls of the same arguments.

    Args:
        jws: What has the algorithms.
        key: The key as it was given.
        algorithms: The names of the allowed algorithms.
        options: All options.
        audience: The values of which ``aud`` must have one.
        issuer: The values that ``iss`` may have.
        leeway: How far clocks may disagree, in seconds.
        cache_tokens: How many verified tokens are remembered.

    Returns:
        The decoder; None where the core can't put the demands.
    """
    policy = _policy(options, audience, issuer, leeway)
    if policy is None or not options["verify_signature"]:
        return None
    warnings: dict[str, str] = {}
    enforced = bool(options["enforce_minimum_key_length"])
    return Decoder(
        _SoleKey(jws, key, algorithms, warnings, enforced=enforced),
        policy,
        judges_expiry=bool(options["verify_exp"]),
        warnings=warnings,
        cache_tokens=cache_tokens,
    )


def _policy(options: FullOptions, audience: _Texts, issuer: _Texts, leeway: float | timedelta) -> Policy | None:
    seconds = leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
    required = options["require"]
    if not math.isfinite(seconds) or not isinstance(required, list | tuple):
        return None
    if not all(isinstance(name, str) for name in required):
        return None
    allowed: dict[str, tuple[str, ...]] = {}
    if issuer is not None:
        allowed["iss"] = (issuer,) if isinstance(issuer, str) else issuer
    if audience is not None:  # an empty one is for PyJWT as if it were not there
        allowed["aud"] = tuple(text for text in ([audience] if isinstance(audience, str) else audience) if text)
    if not all(allowed.values()):  # where no value is good, the core would take any
        return None
    strict = bool(options["strict_aud"]) and audience is not None
    if strict and not isinstance(audience, str):
        return None
    rows = []
    for name, kind, option in _REGISTERED:
        judged = bool(options[option]) and (name != "iss" or name in allowed)  # type: ignore[literal-required]
        rows.append(
            (
                name if judged else _NOT_JUDGED + name,
                "text" if name == "aud" and strict else kind,  # one string, not a list of them
                judged and (name in required or name in allowed),
                allowed.get(name, ()) if judged else (),
            )
        )
    names = {name for name, _, _, _ in rows}
    rows += [(name, "any", True, ()) for name in dict.fromkeys(required) if name not in names]
    try:
        return Policy(rows, False, 0, float(seconds), math.inf)
    except (TypeError, ValueError):  # a text that is no Unicode, or too many claims
        return None


class _SoleKey:
    """One key as a key set: which algorithm it is for, the call's ``algorithms`` and the token decide."""

    __slots__ = ("_algorithms", "_count", "_enforced", "_jwk", "_jws", "_key", "_prepared", "_warnings", "generation")

    generation: Generation

    def __init__(
        self, jws: PyJWS, key: Any, algorithms: tuple[str, ...], warnings: dict[str, str], *, enforced: bool
    ) -> None:
        self.generation = jws.generation
        self._jws = jws
        # A PyJWK as it is now: its attributes may be set anew.
        self._jwk = (key.algorithm_name, key.Algorithm, key.key) if isinstance(key, PyJWK) else None
        self._key = key
        self._algorithms = algorithms
        self._warnings = warnings
        self._enforced = enforced
        self._prepared: dict[str, tuple[PreparedKey, ...]] = {}
        self._count = self.generation.count

    def candidates(self, algorithm: str, key_id: str | None) -> tuple[PreparedKey, ...]:  # noqa: ARG002 - see KeySet
        """Give the key, prepared for a token's ``alg``; none where PyJWT's rules decide, or refuse it."""
        if self._count != self.generation.count:
            self._count, self._prepared = self.generation.count, {}
        if algorithm not in self._prepared and algorithm in self._algorithms:
            try:
                self._prepared[algorithm] = self._prepare(algorithm)
            except (PyJWTError, NotImplementedError, TypeError, ValueError):
                return ()
        return self._prepared.get(algorithm, ())

    def _prepare(self, name: str) -> tuple[PreparedKey, ...]:
        algorithm: Algorithm
        if self._jwk is None:
            algorithm = self._jws.get_algorithm_by_name(name)
            key = algorithm.prepare_key(self._key)
        else:
            only, algorithm, key = self._jwk
            if only != name:
                return ()
        prepared = prepared_key(name, algorithm, key)
        problem = algorithm.check_key_length(key)
        if prepared is None or (problem and self._enforced):
            return ()
        if problem:
            self._warnings[prepared.algorithm] = problem
        return (prepared,)
