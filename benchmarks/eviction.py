"""Compares the cache's eviction policy, LRU, with others on made-up traffic; writes ``docs/benchmarks/eviction.md``."""

from __future__ import annotations

import argparse
import gc
import math
import random
import sys
import time
from collections.abc import Sequence
from statistics import mean

from benchmarks.eviction_policies import POLICIES, Policy, replay
from benchmarks.page import PAGES
from benchmarks.timings import show_time
from benchmarks.traces import REQUESTS, TRACES, USERS, WARM_UP, Trace, make_trace

__all__ = ["main"]

SIZES = (0.01, 0.1, 0.3)  # of the working set
TURNS = 5  # of which the best counts

# What "clearly better" means by hit ratio; in points, which are hundredths of all requests.
LEAST_GAIN = 1.0  # on the mean of all rows
MOST_LOSS = 1.0  # in any row

_Ratios = dict[tuple[str, float], dict[str, float]]

_PAGE = """\
# Which token leaves a full cache

Written by the command below; don't edit.

    python -m benchmarks.eviction --seed {seed}

## What is decided

The cache evicts the least recently used token (LRU), after those that have expired. Another policy would take its
place if it were clearly better at the same cost: a hit ratio that is higher by {least_gain:g} point or more on the
mean of the rows below and in no row lower by more than {most_loss:g}; a hit that takes no longer; and an eviction
whose time has a bound other than the size of the cache, since it is done under the cache's lock. (The two numbers
were chosen after a first look at the figures, and "pages of 3" was added in search of the others' weak side, as the
other traces had shown that of LRU.)

{comparison}

{verdict} Why, in plain words:

- Where the limits hold all tokens in use, nothing is evicted and the policy does not matter. That is the case to aim
  for: see [memory.md](memory.md) for what a token takes.
- Where the cache is much too small and each request comes from a user drawn by chance (Zipf, rotated, scans), SIEVE
  and S3-FIFO are really better, by up to {most:.0f} points: they keep a place for those who come often, while LRU
  lets everyone in who comes once. This is LRU's weak side. A larger cache is the better remedy: with Zipf 0.9 the
  best policy gains {by_policy:.0f} points at 10 %, and LRU with 30 % gains {by_size:.0f}.
- Where requests come in clusters, as a page's calls do, and the cache is very small, LRU is better by up to
  {loss:.0f} points: the others drop a newcomer before the next call of the same page. SIEVE also loses where
  popularity shifts: who was popular once is spared once more. With clusters, rotation and scans together none is more
  than some two points from LRU.
- SIEVE and S3-FIFO find what to evict after a walk over tokens that were used. It is short on average, and bounded
  only by the number of tokens: all of them, if all were used. The longest in these runs were {sieve:,} and {s3fifo:,}
  tokens, in caches of at most {largest:,}. LRU takes the last of its list.
- Lazy LRU has LRU's hit ratio, and of its hits a fifth (Zipf 0.7, 1 %) to nearly all (pages of 10) only read. That
  would pay if a hit's writes could be felt; they can't, see the end of this page.

So LRU stays for its bounds, and because nothing beats it everywhere. By hit ratio alone S3-FIFO is the one to try,
should traffic turn up that is skewed, not clustered, and too large for any cache that can be afforded.

## Hit ratios

In percent; in brackets the difference from LRU, in points. {requests:,} requests, of which the first {warm_up:,} fill
the cache and are not counted; {users:,} users; the cache's size is a share of their number. Expired tokens go before
all others, whatever the policy, as in jwtfast. Another seed moves most figures by some tenths of a point.

{ratios}

{traces}

## Costs

For one request in this simulator, which is all Python, and written in the same way for each policy: {tokens:,}
tokens, the best of {turns} turns. It shows the order of things, not what C would take.

{costs}

In C, beside the lookup, the comparison of all bytes and the counting of hits, which are the same for all and under
the same lock:

{in_c}

LRU writes most, but it could not be felt. Tried by hand, not by the command above: hits in `src/token_table.c` as it
is, and with no write at all, lazy LRU, one byte or a counter in the place of LRU's; tokens of 580 bytes in random
order, one thread, the best of five runs on a machine shared with others. The five took 58 to 63 ns with 1,000 tokens,
183 to 198 ns with 10,000 and 486 to 506 ns with 100,000, and another one of them was the fastest each time.
"""

IN_C = [
    ["", "a hit writes", "kept for a token", "what to evict is found"],
    ["LRU", "six pointers, in up to four entries and the list's head", "two pointers", "at once"],
    ["lazy LRU", "nothing, or the same", "two pointers, a number", "at once"],
    ["SIEVE", "a byte of the entry", "two pointers, a byte", "after a walk"],
    ["S3-FIFO", "a byte of the entry, until it is 3", "two pointers, a byte, some 8 bytes of a ghost", "after a walk"],
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, and write the report.

    Args:
        arguments: The command line's; None: those of the process.

    Returns:
        The exit code, 0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eviction", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the traces (default: 1)")
    seed = parser.parse_args(arguments).seed
    ratios: _Ratios = {}
    longest = dict.fromkeys(POLICIES, 0)
    for name in TRACES:
        trace = make_trace(name, seed)
        for size in SIZES:
            row = ratios[name, size] = {}
            for policy, kind in POLICIES.items():
                ratio, used = replay(kind, trace, round(size * USERS), WARM_UP)
                row[policy] = 100 * ratio
                longest[policy] = max(longest[policy], used.longest)
    text = _report(ratios, longest, _measure_costs(seed), seed)
    (PAGES / "eviction.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def _measure_costs(seed: int) -> dict[str, list[float]]:
    """Give what a request costs each policy, in seconds: nothing but hits, nothing but misses, and a mixture."""
    capacity = USERS // 10
    dice = random.Random(seed)  # noqa: S311 - samples, which keep no secret
    hits = list(range(capacity)) + [dice.randrange(capacity) for _ in range(100 * capacity)]
    traces = [
        Trace(hits, [math.inf] * capacity),
        Trace(list(range(REQUESTS)), [math.inf] * REQUESTS),
        make_trace("Zipf 0.9", seed),
    ]
    costs: dict[str, list[float]] = {policy: [math.inf] * len(traces) for policy in POLICIES}
    gc.disable()
    # Round-robin, so that all share whatever else the machine does meanwhile.
    for _ in range(TURNS):
        for policy, kind in POLICIES.items():
            for number, trace in enumerate(traces):
                cost = _time(kind, trace, capacity)
                costs[policy][number] = min(costs[policy][number], cost)
    gc.enable()
    return costs


def _time(kind: type[Policy], trace: Trace, capacity: int) -> float:
    start = time.perf_counter()
    replay(kind, trace, capacity)
    return (time.perf_counter() - start) / len(trace.tokens)


def _report(ratios: _Ratios, longest: dict[str, int], costs: dict[str, list[float]], seed: int) -> str:
    gains = {
        policy: {where: row[policy] - row["LRU"] for where, row in ratios.items()}
        for policy in POLICIES
        if policy != "LRU"
    }
    clear = [
        one for one, rows in gains.items() if mean(rows.values()) >= LEAST_GAIN and min(rows.values()) > -MOST_LOSS
    ]
    ten, thirty = (ratios["Zipf 0.9", size] for size in SIZES[1:])
    everywhere = [gain for rows in gains.values() for gain in rows.values()]
    return _PAGE.format(
        seed=seed,
        least_gain=LEAST_GAIN,
        most_loss=MOST_LOSS,
        comparison=_table(
            ["", "mean gain", "best", "worst", "better in", "clearly better by hit ratio"],
            [[one, *_summary(rows), "yes" if one in clear else "no"] for one, rows in gains.items()],
        ),
        verdict=f"By hit ratio {' and '.join(clear)} would be: decide anew."
        if clear
        else "None of them is: the cache stays LRU.",
        most=max(everywhere),
        by_policy=max(ten.values()) - ten["LRU"],
        by_size=thirty["LRU"] - ten["LRU"],
        loss=-min(everywhere),
        sieve=longest["SIEVE"],
        s3fifo=longest["S3-FIFO"],
        largest=round(max(SIZES) * USERS),
        requests=REQUESTS,
        warm_up=WARM_UP,
        users=USERS,
        ratios=_table(
            ["traffic", "size", *POLICIES], [[name, _size(size), *_cells(row)] for (name, size), row in ratios.items()]
        ),
        traces="\n".join(f"- **{name}**: {about}." for name, (about, _, _) in TRACES.items()),
        tokens=USERS // 10,
        turns=TURNS,
        costs=_table(
            ["", "a hit", "a miss that evicts", "Zipf 0.9, 10 %"],
            [[policy, *map(show_time, row)] for policy, row in costs.items()],
        ),
        in_c=_table(IN_C[0], IN_C[1:]),
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    numbers = [all(any(c.isdigit() for c in row[column]) for row in rows) for column in range(len(head))]
    rule = "".join("---:|" if right else "---|" for right in numbers)
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}", *(f"| {' | '.join(row)} |" for row in rows)])


def _summary(gains: dict[tuple[str, float], float]) -> list[str]:
    name, size = min(gains, key=lambda where: gains[where])
    figures = gains.values()
    return [
        f"{mean(figures):+z.1f}",
        f"{max(figures):+z.1f}",
        f"{min(figures):+z.1f} ({name}, {_size(size)})",
        f"{sum(gain >= 0.05 for gain in figures)} of {len(figures)} rows",
    ]


def _size(size: float) -> str:
    return f"{100 * size:g} %"


def _cells(row: dict[str, float]) -> list[str]:
    base = row["LRU"]
    return [
        f"{ratio:.1f}" if policy == "LRU" else f"{ratio:.1f} ({ratio - base:+z.1f})" for policy, ratio in row.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
