"""Tokens of several issuers: each is judged by the verifier of the issuer that it names."""

from __future__ import annotations

from collections.abc import Mapping

from jwtfast._native import MultiIssuerCore
from jwtfast.verifier import AsyncVerification, Verifier, number_of

__all__ = ["MultiIssuerVerifier"]


class MultiIssuerVerifier(MultiIssuerCore, AsyncVerification):
    """Verifies tokens of several issuers, each by a verifier of its own, and remembers the good ones in one cache.

    A token's ``iss`` is read before its signature is checked, exactly, and only to pick the verifier; that one checks
    it again. No key of one issuer is ever tried for a token of another, and what one verifier has admitted is never
    answered for another.
    """

    __slots__ = ()

    def __init__(
        self, verifiers: Mapping[str, Verifier], *, cache_tokens: int = 10_000, cache_bytes: int = 64 * 2**20
    ) -> None:
        """Collect the verifiers.

        Args:
            verifiers: For each issuer its verifier, which must be configured with just that issuer. Their own caches
                are not used, so ``cache_tokens=0`` will do for them; their ``cache_ttl`` and all else holds.
            cache_tokens: How many verified tokens of all issuers are remembered at most; 0: none.
            cache_bytes: How many bytes they take at most, with their claims.

        Raises:
            ValueError: There are none, one is configured with another issuer or several, or they have different clocks.
            TypeError: One of them is no Verifier, or an argument is of the wrong type.
        """
        if not isinstance(verifiers, Mapping):
            msg = f"verifiers is a mapping of issuers to their verifiers, not {type(verifiers).__name__}"
            raise TypeError(msg)
        if not verifiers:
            msg = "verifiers is empty: name at least one issuer"
            raise ValueError(msg)
        for issuer, verifier in verifiers.items():
            if not isinstance(issuer, str) or not isinstance(verifier, Verifier):
                msg = f"an issuer is a str and its verifier a Verifier, not {type(issuer)} and {type(verifier)}"
                raise TypeError(msg)
        super().__init__(
            {str(issuer): verifier for issuer, verifier in verifiers.items()},
            cache_tokens=number_of("cache_tokens", cache_tokens, least=0),
            cache_bytes=number_of("cache_bytes", cache_bytes, least=0),
        )
