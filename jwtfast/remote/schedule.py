"""When a remote key set is fetched, and how long its keys may be used. It is told the time, and does nothing itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

__all__ = ["Schedule", "lifetime_of"]

_DEFAULT_LIFETIME = 300.0  # seconds, of a document that says nothing
_LONGEST_BACK_OFF = 8  # cool-downs


def lifetime_of(headers: Mapping[str, str]) -> float | None:
    """Tell how long a response is fresh, by its Cache-Control and Age (RFC 9111 sections 4.2, 5.1 and 5.2.2).

    Args:
        headers: The response's headers, found whatever the case of their names.

    Returns:
        The seconds that are left; 0 where it must not be reused, or says something else than a number; None where it
        doesn't say.
    """
    limits: list[float] = []
    for directive in headers.get("cache-control", "").split(","):
        name, _, value = (part.strip() for part in directive.partition("="))
        if name.lower() in {"no-store", "no-cache"}:
            return 0.0
        if name.lower() == "max-age":
            limits.append(_seconds(value.strip('"')))
    if not limits:
        return None
    return max(0.0, min(limits) - _seconds(headers.get("age", "0").strip()))


def _seconds(text: str) -> float:
    # Twelve digits are 30,000 years.
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0.0


class Schedule:
    """The instants that matter, in seconds of a clock that never goes back.

    No two fetches that it allows are less than a cool-down apart.

    Attributes:
        fetch_at: When the next fetch is due, asked for or not.
        cool_until: Before this nobody can ask for one.
        usable_until: From this on the keys must not be used.
        failures: How many fetches have failed since the last one that didn't.
    """

    __slots__ = (
        "_cool_down",
        "_max_lifetime",
        "_min_lifetime",
        "_random",
        "_stale_for",
        "cool_until",
        "failures",
        "fetch_at",
        "usable_until",
    )

    def __init__(
        self,
        *,
        min_lifetime: float,
        max_lifetime: float,
        stale_for: float,
        cool_down: float,
        random: Callable[[], float],
    ) -> None:
        """Take the bounds.

        Args:
            min_lifetime: The shortest time for which a document is taken to be fresh, in seconds.
            max_lifetime: The longest.
            stale_for: How long keys may be used beyond that when no fetch succeeds.
            cool_down: The time between two fetches.
            random: Gives numbers in [0, 1), for the jitter.
        """
        self._min_lifetime = min_lifetime
        self._max_lifetime = max_lifetime
        self._stale_for = stale_for
        self._cool_down = cool_down
        self._random = random
        self.fetch_at = self.cool_until = self.usable_until = -math.inf
        self.failures = 0

    def succeeded(self, now: float, lifetime: float | None) -> None:
        """Note that a fetch gave a document with keys.

        Args:
            now: When.
            lifetime: For how many seconds it says to be fresh; None where it doesn't say.
        """
        lifetime = _DEFAULT_LIFETIME if lifetime is None else lifetime
        lifetime = min(max(lifetime, self._min_lifetime), self._max_lifetime)
        self.failures = 0
        self.cool_until = now + self._cool_down
        self.usable_until = now + lifetime + self._stale_for
        # Ahead of time, so that nobody has to wait; at no fixed instant, so that a fleet doesn't fetch in step.
        self.fetch_at = max(self.cool_until, now + lifetime * (0.75 + 0.15 * self._random()))

    def failed(self, now: float) -> None:
        """Note that a fetch gave nothing: what there is may be used as before, and the next try is put off."""
        back_off = min(2**self.failures, _LONGEST_BACK_OFF) if self.failures < 64 else _LONGEST_BACK_OFF
        self.failures += 1
        self.cool_until = now + self._cool_down
        self.fetch_at = now + self._cool_down * back_off * (1 + 0.25 * self._random())

    def spread(self, now: float) -> None:
        """Put the next fetch at an instant of one's own: processes that were forked have the same schedule."""
        if self.fetch_at > now:
            earliest = max(now, self.cool_until)
            self.fetch_at = earliest + (self.fetch_at - earliest) * (0.8 + 0.2 * self._random())
