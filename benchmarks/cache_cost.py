"""What the cache costs and gives at several sizes: ``python -m benchmarks.cache_cost`` writes its page.

A hit is measured against a bare ``dict.get`` of the same fresh strings, in an order in which nobody foresees the next
one; a cold verification with a cache that is full, so that each token drives another one out, against one without.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable
from itertools import islice
from statistics import median

from benchmarks.page import PAGES, facts_of, table
from benchmarks.timings import show_time
from benchmarks.token_stream import make
from benchmarks.tokens import SECRET
from jwtfast import ANY, Key, Verifier

__all__ = ["main"]

COMMAND = "python -m benchmarks.cache_cost"
PAGE = PAGES / "cache_cost.md"
SIZES = (1_000, 10_000, 100_000)
FULL = 10_000  # the default limit
TURNS = 9
CALLS = 20_000  # in a round, at least
KEY = Key.from_secret(SECRET, "HS256")


def main() -> int:
    """Measure, print and write the page.

    Returns:
        The exit code: 1 where something was not reached.
    """
    tokens = [token.decode() for token in islice(make("typical", SIZES[-1]), SIZES[-1])]
    hits = [hit_and_get(tokens[:size]) for size in SIZES]
    added = insertion(tokens[: 4 * FULL])
    goals = [
        [f"a hit among {size:,} tokens / dict.get", f"{limit}", f"{hit / get:.3g}", verdict(hit / get <= limit)]
        for size, limit, (hit, get) in zip(SIZES, (0.7, None, 1.2), hits, strict=True)
        if limit is not None
    ]
    goals.append(
        ["insertion and eviction add to a cold verification", "250 ns", show_time(added), verdict(added <= 250e-9)]
    )
    page = "\n".join(
        [
            "# What the cache costs\n",
            f"Written by `{COMMAND}`; don't edit. Medians of {TURNS} turns, HS256, typical tokens, CPU time.\n",
            table(["", "must be at most", "is", ""], goals),
            "",
            table(
                ["cached tokens", "jwtfast", "dict.get", "ratio"],
                [
                    [f"{size:,}", show_time(hit), show_time(get), f"{hit / get:.3g}"]
                    for size, (hit, get) in zip(SIZES, hits, strict=True)
                ],
            ),
            "",
            table(["", ""], [[name, text] for name, text in facts_of(COMMAND).items()]),
            "",
        ]
    )
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    return int("FAIL" in page)


def hit_and_get(tokens: list[str]) -> tuple[float, float]:
    """Time hits, and ``dict.get`` of the same tokens, in seconds each."""
    verifier = Verifier(KEY, audience=ANY, cache_tokens=len(tokens), cache_bytes=2**40)
    held = {token: verifier.verify(token) for token in tokens}
    order = random.Random("order").sample(range(len(tokens)), len(tokens))  # noqa: S311 - nothing secret about it
    times: dict[str, list[float]] = {"hit": [], "get": []}
    # A round with few tokens is over before the CPU's caches hold what is hot, so it is gone through several times.
    passes = max(1, CALLS // len(tokens))
    for _ in range(TURNS):
        for name, call in (("hit", verifier.verify), ("get", held.get)):
            fresh = [tokens[place].encode().decode() for _ in range(passes) for place in order]
            times[name].append(timed(call, fresh))
    assert verifier.cache_info().hits == TURNS * passes * len(tokens)
    return median(times["hit"]), median(times["get"])


def insertion(tokens: list[str]) -> float:
    """Time what a full cache adds to verifying tokens that are not in it, in seconds each."""
    caching, plain = (Verifier(KEY, audience=ANY, cache_tokens=size) for size in (FULL, 0))
    for token in tokens:
        caching.verify(token)
    added = []
    for _ in range(TURNS):
        fresh = [[token.encode().decode() for token in tokens] for _ in range(2)]
        added.append(timed(caching.verify, fresh[0]) - timed(plain.verify, fresh[1]))
    assert caching.cache_info().hits == 0
    return median(added)


def timed(call: Callable[[str], object], tokens: list[str]) -> float:
    """Give what one call takes, in seconds."""
    gc.collect()
    gc.disable()
    start = time.process_time()
    for token in tokens:
        call(token)
    taken = time.process_time() - start
    gc.enable()
    return taken / len(tokens)


def verdict(passed: bool) -> str:
    """Give the table's word for it."""
    return "pass" if passed else "**FAIL**"


if __name__ == "__main__":
    sys.exit(main())
