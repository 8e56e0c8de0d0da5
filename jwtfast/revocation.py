"""Revocations: what a verifier asks of whoever keeps them."""

from __future__ import annotations

from typing import Protocol

from jwtfast._native import Generation, Token

__all__ = ["Revocations"]


class Revocations(Protocol):
    """A list of what has been revoked, as a ``Verifier`` asks it."""

    @property
    def generation(self) -> Generation:
        """Advanced after each change of the list: every token is asked about anew on its next call, cached ones too.

        It is one object for as long as the list lives: a verifier takes it once.
        """

    def revokes(self, token: Token, /) -> bool:
        """Tell whether a token, which is good in itself, has been revoked.

        Args:
            token: The token.

        Returns:
            Whether it is to be refused.
        """
