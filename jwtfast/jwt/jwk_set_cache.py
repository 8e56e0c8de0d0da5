"""The cache of one JWK set that a ``PyJWKClient`` keeps, where PyJWT has it: programs read, fill and empty it."""

from __future__ import annotations

import time
from typing import Any

from jwtfast.jwt.api_jwk import PyJWKSet, PyJWTSetWithTimestamp
from jwtfast.jwt.exceptions import PyJWKSetError

__all__ = ["JWKSetCache"]


class JWKSetCache:
    """Keeps a JWK set for some time."""

    def __init__(self, lifespan: float) -> None:
        """Make an empty one.

        Args:
            lifespan: How long a set is kept, in seconds; below 0: for ever.
        """
        self.jwk_set_with_timestamp: PyJWTSetWithTimestamp | None = None
        self.lifespan = lifespan

    def put(self, jwk_set: PyJWKSet | dict[str, Any] | None) -> None:
        """Keep a set, read if it is a dict; None drops the one that is there; PyJWKSetError for anything else."""
        if jwk_set is None:
            self.jwk_set_with_timestamp = None
            return
        if isinstance(jwk_set, dict):
            jwk_set = PyJWKSet.from_dict(jwk_set)
        if not isinstance(jwk_set, PyJWKSet):
            msg = "Invalid JWK Set value"
            raise PyJWKSetError(msg)
        self.jwk_set_with_timestamp = PyJWTSetWithTimestamp(jwk_set)

    def get(self) -> PyJWKSet | None:
        """Give the set; None where there is none, or its time is over."""
        kept = self.jwk_set_with_timestamp
        return None if kept is None or self._is_over(kept) else kept.get_jwk_set()

    def is_expired(self) -> bool:
        """Tell whether a set is there whose time is over."""
        kept = self.jwk_set_with_timestamp
        return kept is not None and self._is_over(kept)

    def _is_over(self, kept: PyJWTSetWithTimestamp) -> bool:
        return 0 <= self.lifespan < time.monotonic() - kept.get_timestamp()
