"""What a list of revocations costs; ``python -m benchmarks.revocation_cost`` writes its page in docs/benchmarks.

The same fresh strings go through verifiers without a list, with an empty one and with a full one, by turns: cached
tokens, cached tokens after a change that concerns none of them (each is looked up again), and tokens seen for the first
time. A list written in Python stands beside them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from statistics import median

from benchmarks.cache_cost import timed, verdict
from benchmarks.page import PAGES, facts_of, table
from benchmarks.timings import show_time
from benchmarks.token_stream import make
from benchmarks.tokens import SECRET
from jwtfast import ANY, Key, RevocationList, Token, Verifier
from jwtfast._native import Generation

__all__ = ["main"]

COMMAND = "python -m benchmarks.revocation_cost"
PAGE = PAGES / "revocation_cost.md"
ENTRIES = 100_000
TOKENS = 2_000
TURNS = 15
KEY = Key.from_secret(SECRET, "HS256")


class PythonList:
    """What one would write by hand: a set of (issuer, jti)."""

    def __init__(self, entries: int) -> None:
        self.generation = Generation()
        self.revoked = {("https://login.example", f"revoked-{number}") for number in range(entries)}

    def revokes(self, token: Token, /) -> bool:
        """Look a token up."""
        return (token.issuer, token.token_id) in self.revoked

    def change(self) -> None:
        """Revoke something that concerns none of the tokens."""
        self.revoked.add(("https://login.example", f"revoked-{len(self.revoked)}"))
        self.generation.advance()


class NativeList(RevocationList):
    """A list of half of the entries by jti and a quarter each by subject and session."""

    __slots__ = ("changes",)

    def __init__(self, entries: int) -> None:
        super().__init__()
        self.changes = 0
        for number in range(entries // 4):
            self.revoke_jti("https://login.example", f"revoked-{number}", None)
            self.revoke_jti("https://other.example", f"revoked-{number}", None)
            self.revoke_subject("https://login.example", f"revoked-{number}")
            self.revoke_session("https://login.example", f"revoked-{number}")

    def change(self) -> None:
        """Revoke something that concerns none of the tokens."""
        self.changes += 1
        self.revoke_jti("https://login.example", f"later-{self.changes}", None)


LISTS: dict[str, Callable[[], NativeList | PythonList | None]] = {
    "no list": lambda: None,
    "RevocationList, empty": lambda: NativeList(0),
    f"RevocationList of {ENTRIES:,}": lambda: NativeList(ENTRIES),
    f"a set in Python of {ENTRIES:,}": lambda: PythonList(ENTRIES),
}
NONE, _, FULL, _ = LISTS
KINDS = ("cached", "cached, after a change", "first sight")


def main() -> int:
    """Measure, print and write the page.

    Returns:
        The exit code: 1 where something was not reached.
    """
    times = measure([token.decode() for token in islice(make("typical", TOKENS), TOKENS)])
    limits = {"cached": 60e-9, "cached, after a change": 1e-6, "first sight": 300e-9}
    goals = []
    for kind, limit in limits.items():
        added = median(full - none for full, none in zip(times[FULL, kind], times[NONE, kind], strict=True))
        goals.append([f"{FULL} adds to: {kind}", show_time(limit), show_time(added), verdict(added <= limit)])
    rows = [[name, *(show_time(median(times[name, kind])) for kind in KINDS)] for name in LISTS]
    ratios = [
        [f"{name} / {NONE}", *(f"{median(times[name, kind]) / median(times[NONE, kind]):.3g}" for kind in KINDS)]
        for name in LISTS
        if name != NONE
    ]
    page = "\n".join(
        [
            "# What a list of revocations costs\n",
            f"Written by `{COMMAND}`; don't edit. Medians of {TURNS} turns, HS256, typical tokens, CPU time.",
            "After a change each cached token is judged again once: the second column. Without a list there is none.\n",
            table(["", "at most", "is", ""], goals),
            "",
            table(["", *KINDS], [*rows, *ratios]),
            "",
            table(["", ""], [[name, text] for name, text in facts_of(COMMAND).items()]),
            "",
        ]
    )
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    return int("FAIL" in page)


def measure(tokens: list[str]) -> dict[tuple[str, str], list[float]]:
    """Time all kinds of calls with all lists, in seconds each."""
    lists = {name: build() for name, build in LISTS.items()}
    caching = {name: Verifier(KEY, audience=ANY, revocations=one) for name, one in lists.items()}
    plain = {name: Verifier(KEY, audience=ANY, revocations=one, cache_tokens=0) for name, one in lists.items()}
    for verifier in (*caching.values(), *plain.values()):
        for token in tokens:
            verifier.verify(token)
    times: dict[tuple[str, str], list[float]] = {(name, kind): [] for name in LISTS for kind in KINDS}
    for _ in range(TURNS):
        for name, one in lists.items():
            for kind, verifier in zip(KINDS, (caching[name], caching[name], plain[name]), strict=True):
                if one is not None and kind == "cached, after a change":
                    one.change()
                fresh = [token.encode().decode() for token in tokens]
                times[name, kind].append(timed(verifier.verify, fresh))
    for verifier in caching.values():
        assert verifier.cache_info().hits == 2 * TURNS * len(tokens)
    return times


if __name__ == "__main__":
    sys.exit(main())
