"""A contender once it is configured, and the loops that are timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.tokens import fresh

__all__ = ["Ready", "accept_all", "call_all", "refuse_all"]


def accept_all(verify: Callable[[Any], Any], tokens: list[Any]) -> None:
    """Verify good tokens: one round.

    Args:
        verify: A contender's function.
        tokens: The tokens.
    """
    for token in tokens:
        verify(token)


def call_all(function: Callable[..., Any], prepared: list[tuple[Any, ...]]) -> None:
    """Call a floor with prepared arguments: one round.

    Args:
        function: The floor's function.
        prepared: The arguments of each call.
    """
    for arguments in prepared:
        function(*arguments)


def refuse_all(verify: Callable[[Any], Any], refusal: type[Exception], tokens: list[Any]) -> None:
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


@dataclass(frozen=True)
class Ready:
    """A contender, configured for one set of checks."""

    verify: Callable[..., Any]
    # What it raises for a bad token; None for a floor, which is never given one.
    refusal: type[Exception] | None
    # The claims in what verify() gave.
    claims: Callable[[Any], Any] = lambda result: result
    # Make of tokens what it is called with, out of sight of the clock: new objects each time.
    arrive: Callable[[list[str]], list[Any]] = fresh
    # The loop: one round of what has arrived.
    accept: Callable[[Callable[..., Any], list[Any]], None] = accept_all
    # Have it remember what has arrived, and forget all of it.
    remember: Callable[[list[Any]], object] = lambda arrived: None  # noqa: ARG005 - nothing to remember with
    forget: Callable[[], object] = lambda: None
    # How often its cache has answered so far.
    hits: Callable[[], int] | None = None
    # A floor that reads no claims has this instead: whether it finds the signature of a token right.
    is_signed: Callable[[str], bool] | None = None
