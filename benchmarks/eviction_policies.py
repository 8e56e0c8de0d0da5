"""Eviction policies, simulated: which token leaves a full cache.

Written from the papers' descriptions, all in the same way, so that their costs can be compared: tokens are numbers,
what C would keep in an entry is a list with one place for each token, and queues are linked through two such lists.

- LRU: the least recently used goes.
- Lazy LRU: the same, but a token that was moved to the front not long ago stays where it is.
- SIEVE: Y. Zhang and others, "SIEVE is Simpler than LRU: an Efficient Turn-Key Eviction Algorithm for Web Caches",
  NSDI 2024.
- S3-FIFO: J. Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023.
"""

from __future__ import annotations

import heapq
from typing import Protocol

from benchmarks.traces import Trace

__all__ = ["POLICIES", "Policy", "replay"]


class Policy(Protocol):
    """What decides; it is told of every hit, and asked for room before each insertion into a full cache."""

    longest: int  # the most tokens that it spared before it found one that could go

    def __init__(self, capacity: int, distinct: int) -> None:
        """Begin with no tokens; there may be ``capacity`` at one time, with numbers below ``distinct``."""

    def hit(self, token: int) -> None:
        """Note that a token that is there was used."""

    def insert(self, token: int) -> None:
        """Add a token that is not there."""

    def evict(self) -> int:
        """Take the token out that has to go, and give it."""

    def remove(self, token: int) -> None:
        """Take a token out that has expired."""


class _Queue:
    """A linked list of tokens by age; a token's neighbours, here in two lists, are pointers in its entry in C."""

    def __init__(self, distinct: int) -> None:
        # The place behind the last token is the ends of the queue, so that every token has two neighbours.
        self.end = distinct
        self.newer = [distinct] * (distinct + 1)
        self.older = [distinct] * (distinct + 1)
        self.size = 0

    def add(self, token: int) -> None:
        newest = self.older[self.end]
        self.newer[token] = self.end
        self.older[token] = newest
        self.newer[newest] = token
        self.older[self.end] = token
        self.size += 1

    def take(self, token: int) -> None:
        newer, older = self.newer[token], self.older[token]
        self.older[newer] = older
        self.newer[older] = newer
        self.size -= 1

    def oldest(self) -> int:
        return self.newer[self.end]


class Lru:
    """Least recently used."""

    longest = 0

    def __init__(self, capacity: int, distinct: int) -> None:  # noqa: ARG002 - as all policies
        self.queue = _Queue(distinct)

    def hit(self, token: int) -> None:
        self.queue.take(token)
        self.queue.add(token)

    def insert(self, token: int) -> None:
        self.queue.add(token)

    def evict(self) -> int:
        token = self.queue.oldest()
        self.queue.take(token)
        return token

    def remove(self, token: int) -> None:
        self.queue.take(token)


class LazyLru(Lru):
    """LRU where a hit only reads, unless an eighth of the cache has been replaced since the token came to the front."""

    def __init__(self, capacity: int, distinct: int) -> None:
        super().__init__(capacity, distinct)
        self.patience = capacity // 8
        self.insertions = 0
        self.moved = [0] * distinct  # the number of insertions when it came to the front

    def hit(self, token: int) -> None:
        if self.insertions - self.moved[token] >= self.patience:
            self.moved[token] = self.insertions
            super().hit(token)

    def insert(self, token: int) -> None:
        self.insertions += 1
        self.moved[token] = self.insertions
        super().insert(token)


class Sieve:
    """One queue in the order of insertion, and a hand that goes through it and spares whoever was visited."""

    def __init__(self, capacity: int, distinct: int) -> None:  # noqa: ARG002 - as all policies
        self.queue = _Queue(distinct)
        self.visited = bytearray(distinct)
        self.hand = distinct  # the end: it goes on with the oldest
        self.longest = 0

    def hit(self, token: int) -> None:
        self.visited[token] = 1

    def insert(self, token: int) -> None:
        self.visited[token] = 0
        self.queue.add(token)

    def evict(self) -> int:
        newer, visited, end = self.queue.newer, self.visited, self.queue.end
        token = self.hand if self.hand != end else newer[end]
        spared = 0
        while visited[token]:
            visited[token] = 0
            token = newer[token] if newer[token] != end else newer[end]
            spared += 1
        self.longest = max(self.longest, spared)
        self.hand = newer[token]
        self.queue.take(token)
        return token

    def remove(self, token: int) -> None:
        if self.hand == token:
            self.hand = self.queue.newer[token]
        self.queue.take(token)


class S3Fifo:
    """Two queues: a small one for newcomers, of a tenth, and the main one for those who were used twice in it.

    Whoever leaves the small queue is remembered for a while by name alone, and comes into the main one if it returns.
    """

    def __init__(self, capacity: int, distinct: int) -> None:
        self.small, self.main = _Queue(distinct), _Queue(distinct)
        self.small_limit = max(1, capacity // 10)
        self.main_limit = capacity - self.small_limit
        self.uses = bytearray(distinct)  # counted up to 3
        self.in_main = bytearray(distinct)
        # The ghosts are a queue too: who became one no longer ago than it is long is in it.
        self.ghosts = 0
        self.ghost_since = [-capacity] * distinct
        self.longest = 0

    def hit(self, token: int) -> None:
        if self.uses[token] < 3:
            self.uses[token] += 1

    def insert(self, token: int) -> None:
        self.uses[token] = 0
        self.in_main[token] = self.ghosts - self.ghost_since[token] < self.main_limit
        (self.main if self.in_main[token] else self.small).add(token)

    def evict(self) -> int:
        spared = 0
        if self.small.size >= self.small_limit:
            while self.small.size and self.main.size <= self.main_limit:
                token = self.small.oldest()
                self.small.take(token)
                if self.uses[token] < 2:
                    self.ghosts += 1
                    self.ghost_since[token] = self.ghosts
                    return self._found(token, spared)
                self.uses[token] = 0
                self.in_main[token] = 1
                self.main.add(token)
                spared += 1
        while True:
            token = self.main.oldest()
            self.main.take(token)
            if not self.uses[token]:
                return self._found(token, spared)
            self.uses[token] -= 1
            self.main.add(token)
            spared += 1

    def _found(self, token: int, spared: int) -> int:
        self.longest = max(self.longest, spared)
        return token

    def remove(self, token: int) -> None:
        (self.main if self.in_main[token] else self.small).take(token)


POLICIES: dict[str, type[Policy]] = {"LRU": Lru, "lazy LRU": LazyLru, "SIEVE": Sieve, "S3-FIFO": S3Fifo}


def replay(kind: type[Policy], trace: Trace, capacity: int, warm_up: int = 0) -> tuple[float, Policy]:
    """Send a trace's requests to a cache, in which expired tokens go before all others, as in jwtfast.

    Args:
        kind: The policy.
        trace: The requests.
        capacity: How many tokens the cache may hold.
        warm_up: How many requests at the start are not counted.

    Returns:
        The share of hits among the requests that are counted, and the policy as it is then.
    """
    distinct = len(trace.expires)
    policy = kind(capacity, distinct)
    hit, insert = policy.hit, policy.insert
    cached = bytearray(distinct)
    ends: list[tuple[float, int]] = []  # when tokens end, the first first; some have left the cache already
    size = hits = 0
    for now, token in enumerate(trace.tokens):
        if cached[token]:
            hit(token)
            if now >= warm_up:
                hits += 1
            continue
        if size < capacity:
            size += 1
        else:
            cached[_make_room(policy, cached, ends, now)] = 0
        heapq.heappush(ends, (trace.expires[token], token))
        insert(token)
        cached[token] = 1
    return hits / (len(trace.tokens) - warm_up), policy


def _make_room(policy: Policy, cached: bytearray, ends: list[tuple[float, int]], now: int) -> int:
    while ends[0][0] <= now:
        _, token = heapq.heappop(ends)
        if cached[token]:
            policy.remove(token)
            return token
    return policy.evict()
