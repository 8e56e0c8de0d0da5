"""Made-up traffic to simulate a cache with: which token each request brings, and when that token expires.

The same seed gives the same traces. Time is counted in requests. A token is a number, and no two tokens share one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["REQUESTS", "TRACES", "USERS", "WARM_UP", "Trace", "make_trace"]

USERS = 20_000  # the working set: one valid token for each
REQUESTS = 300_000
WARM_UP = 100_000  # requests at the start that fill the cache and are not counted

LIFETIME = 60_000  # requests for which a rotated token is valid: three for each user on average
SCAN_EVERY = 20_000  # requests from the start of one burst to the start of the next
SCAN_LENGTH = 8_000  # requests of a burst, of which
SCAN_SHARE = 0.75  # this share brings tokens that are seen once
SWAP_EVERY = 15  # requests after which two users change places in the order of popularity
PAGES = 100  # pages that are being loaded at one time

_STRANGER = -1  # instead of a user: somebody who comes this one time


@dataclass(frozen=True)
class Trace:
    """Requests in their order."""

    tokens: list[int]  # for each request
    expires: list[float]  # for each token


def make_trace(name: str, seed: int) -> Trace:
    """Make a trace.

    Args:
        name: One of ``TRACES``.
        seed: Anything; the same gives the same trace.

    Returns:
        The trace, of ``REQUESTS`` requests.
    """
    _, users, lifetime = TRACES[name]
    dice = random.Random(f"{name} {seed}")  # noqa: S311 - samples, which keep no secret
    return _issue(users(dice), lifetime, dice)


def _issue(users: list[int], lifetime: float, dice: random.Random) -> Trace:
    """Give each user one token after another, each valid from the request that first brings it; strangers one each."""
    # At the start the users' tokens are of all ages, as if there had been traffic before.
    current = list(range(USERS))
    expires = [lifetime * dice.random() for _ in current]
    tokens = []
    for now, user in enumerate(users):
        if user == _STRANGER or expires[current[user]] <= now:
            tokens.append(len(expires))
            expires.append(now + lifetime)
            if user != _STRANGER:
                current[user] = tokens[-1]
        else:
            tokens.append(current[user])
    return Trace(tokens, expires)


_Users = Callable[[random.Random], list[int]]


def _zipf(exponent: float) -> _Users:
    """Have the user of rank n come in proportion to ``n ** -exponent``."""

    def users(dice: random.Random) -> list[int]:
        weights = list(accumulate(rank**-exponent for rank in range(1, USERS + 1)))
        return dice.choices(range(USERS), cum_weights=weights, k=REQUESTS)

    return users


def _with_scans(ordinary: _Users) -> _Users:
    """Mix bursts of strangers, such as crawlers or a storm of logins, among the ordinary users, who go on coming."""

    def users(dice: random.Random) -> list[int]:
        known = iter(ordinary(dice))
        return [
            _STRANGER if now % SCAN_EVERY < SCAN_LENGTH and dice.random() < SCAN_SHARE else next(known)
            for now in range(REQUESTS)
        ]

    return users


def _shifting(dice: random.Random) -> list[int]:
    """Have users change places in the order of popularity, each of them some times."""
    ranking = list(range(USERS))
    users = []
    for now, rank in enumerate(_zipf(0.9)(dice)):
        if now % SWAP_EVERY == 0:
            one, other = dice.randrange(USERS), dice.randrange(USERS)
            ranking[one], ranking[other] = ranking[other], ranking[one]
        users.append(ranking[rank])
    return users


def _pages(calls: int) -> _Users:
    """Have users come with a page's requests in a cluster, among those of the other pages loaded at that time."""

    def users(dice: random.Random) -> list[int]:
        opened = iter(_zipf(0.7)(dice))
        loading = [next(opened) for _ in range(PAGES)]
        requests = []
        for _ in range(REQUESTS):
            page = dice.randrange(PAGES)
            requests.append(loading[page])
            if dice.random() < 1 / calls:
                loading[page] = next(opened)
        return requests

    return users


# What each is, who comes, and for how many requests a token is valid.
TRACES: dict[str, tuple[str, _Users, float]] = {
    "Zipf 0.7": ("some users come more often than others", _zipf(0.7), math.inf),
    "Zipf 0.9": ("some come much more often", _zipf(0.9), math.inf),
    "Zipf 1.1": ("a few make most of the requests", _zipf(1.1), math.inf),
    "rotated": (
        f"Zipf 0.9; a user's token is valid for {LIFETIME:,} requests, after which the next request brings a new one",
        _zipf(0.9),
        LIFETIME,
    ),
    "scans": (
        f"Zipf 0.9; every {SCAN_EVERY:,} requests some {SCAN_LENGTH * SCAN_SHARE:,.0f} tokens that are seen once",
        _with_scans(_zipf(0.9)),
        math.inf,
    ),
    "shifting": (
        f"Zipf 0.9; every {SWAP_EVERY} requests two users change places in the order of popularity",
        _shifting,
        math.inf,
    ),
    "pages of 10": (
        f"a page makes 10 requests on average, {PAGES} pages are loaded at one time; whose they are: Zipf 0.7",
        _pages(10),
        math.inf,
    ),
    "pages of 3": ("the same with 3 requests", _pages(3), math.inf),
    "all of it": ("pages of 10, rotated tokens and scans", _with_scans(_pages(10)), LIFETIME),
}
