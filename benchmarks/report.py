"""The tables of ``docs/benchmarks/verify.md``, and the bars of the plots beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from benchmarks.contenders import FLOORS
from benchmarks.goals import GOALS
from benchmarks.page import table
from benchmarks.plot import Bar
from benchmarks.timings import Timing, find, show_count, show_time
from benchmarks.tokens import ALGORITHMS, COUNT, UNSEEN_COUNT

__all__ = ["bars_by_algorithm", "bars_by_kind", "markdown"]

# The columns of the tables by algorithm, each with what its groups are called.
_COLUMNS = {
    "HS256 small": "HS256 small",
    "HS256 typical": "HS256 typical",
    **{("Ed25519" if name == "EdDSA" else name): f"{name} typical" for name in ALGORITHMS if name != "HS256"},
}
_FLOORS = frozenset(one.name for one in FLOORS)
# What is no verification of one token has a table of its own, with the row that the others are compared with.
_LISTS = {
    "sign HS256 typical": ("Signing, HS256, typical claims", "jwtfast"),
    "batch HS256 typical": (
        "A batch of 1,000 HS256 tokens, typical, seen for the first time: per token",
        "jwtfast, a loop over verify",
    ),
    "batch RS256 typical": (
        "A batch of 256 RS256 tokens, typical, seen for the first time: per token, by the wall clock",
        "jwtfast, verify_many, threads=1",
    ),
}
_KINDS = {
    "cold HS256 small": "Cold, small (about 155 characters): seen for the first time",
    "cold HS256 typical": "Cold, typical (about 580 characters): seen for the first time",
    "cached HS256 small": "Cached, small: verified before",
    "cached HS256 typical": "Cached, typical: verified before",
    "rejected HS256 small": "Rejected, small: the signature is wrong",
    "rejected HS256 typical": "Rejected, typical: the signature is wrong",
    "sign HS256 typical": "Signed, typical claims",
}

_PREFACE = (
    "Written by the command below; don't edit. Times are CPU times for one token, medians over rounds in which the "
    "contenders took turns, each in a process of its own that keeps its heap from round to round, and in parentheses "
    "how many times jwtfast's that is. These "
    f"ratios carry over to other machines better than the times do. A round has {UNSEEN_COUNT} tokens; {COUNT:,} where "
    "they were verified before. RSA keys have 2048 bits. `benchmarks/contenders.py` says how the contenders were made "
    "equal."
)
_COLD = (
    "The floors, in italics, are what cannot be avoided by the means that Python has for it, called with prepared "
    "arguments: for the signature `verify` of a public key of cryptography or `hmac.digest`, and for the claims "
    "`orjson.loads`. jwtfast has code of its own in place of `hmac.digest`, and with the kernel avx512ifma for RSA; "
    "other signatures are checked by that `verify`. It builds claims when they are first read, as in the row that says "
    "so; all others build them each time."
)
_CACHED = (
    "None of the others remembers tokens; what they need is above. The floor is `dict.get` of the same fresh strings, "
    "which judges nothing."
)
_SIGNED = (
    "jwtfast makes the dates and a random `jti` for each token. The others are given claims with all of that in them; "
    "in the row that says so it is made for them."
)


def markdown(timings: list[Timing], facts: dict[str, str], left_out: dict[str, str]) -> str:
    """Write the report.

    Args:
        timings: What was measured.
        facts: Where and how.
        left_out: The contenders that were not there, each with the reason.

    Returns:
        Markdown.
    """
    lines = [
        "# What verifying a token costs",
        "",
        _PREFACE,
        "",
        *("## Must reach", "", "| medians, typical tokens if nothing else is said | at most | is | |"),
        "|---|---:|---:|---|",
        *(goal.line(timings) for goal in GOALS),
        "",
        *("## Cold: seen for the first time", "", _COLD, "", _by_algorithm(timings, "cold"), ""),
        *("![The medians by algorithm as bars](by_algorithm.svg)", ""),
        *("## Rejected: the signature is wrong", "", _by_algorithm(timings, "rejected"), ""),
        *("## Cached: verified before", "", _CACHED, "", _by_algorithm(timings, "cached"), ""),
        *(line for group, (title, base) in _LISTS.items() for line in _list(timings, group, title, base)),
        *("## HS256 at a glance", "", "![The medians of HS256 as bars](verify.svg)", ""),
    ]
    if left_out:
        lines += ["## Left out", "", *(f"- {name}: {reason}" for name, reason in left_out.items()), ""]
    lines += ["## Measured on", "", table(["", ""], [[name, fact] for name, fact in facts.items()])]
    return "\n".join(lines) + "\n"


def bars_by_kind(timings: list[Timing]) -> dict[str, list[Bar]]:
    """Give what HS256 costs, for a plot.

    Args:
        timings: What was measured.

    Returns:
        The bars under each heading: one heading for each kind and size.
    """
    return {title: _bars(one for one in timings if one.group == group) for group, title in _KINDS.items()}


def bars_by_algorithm(timings: list[Timing]) -> dict[str, list[Bar]]:
    """Give what tokens cost that are seen for the first time, for a plot; and jwtfast's hits, to compare with.

    Args:
        timings: What was measured.

    Returns:
        The bars under each heading: one heading for each algorithm.
    """
    groups = {}
    for title, case in _COLUMNS.items():
        groups[title] = _bars(one for one in timings if one.group == f"cold {case}")
        cached = find(timings, f"cached {case}", "jwtfast")
        if cached is not None:
            groups[title].append(Bar("jwtfast, cached", cached.median, "ours"))
    return groups


def _bars(timings: Iterable[Timing]) -> list[Bar]:
    return [Bar(one.label, one.median, "ours" if one.ours else _theirs(one)) for one in timings]


def _theirs(one: Timing) -> Literal["theirs", "floor"]:
    return "floor" if one.contender in _FLOORS else "theirs"


def _by_algorithm(timings: list[Timing], kind: str) -> str:
    """Write the table of one kind: a row for each contender, a column for each algorithm."""
    cells: dict[str, dict[str, str]] = {}
    titles: dict[str, str] = {}
    lengths = {}
    for column, case in _COLUMNS.items():
        base = find(timings, f"{kind} {case}", "jwtfast")
        if base is None:
            continue
        lengths[column] = base.characters
        for one in timings:
            if one.group == base.group:
                titles[one.contender] = f"*{one.label}*" if one.contender in _FLOORS else one.label
                cells.setdefault(one.contender, {})[column] = _cell(one, base)
    ours = find(timings, f"{kind} HS256 typical", "jwtfast")
    order = {one.contender: one.median for one in timings if ours is not None and one.group == ours.group}
    rows = sorted(cells, key=lambda name: (name not in _FLOORS, order.get(name, 0)))
    return table(
        [f"{kind}, per token", *lengths],
        [
            ["characters", *(str(length) for length in lengths.values())],
            *([titles[name], *(cells[name].get(column, "") for column in lengths)] for name in rows),
        ],
    )


def _cell(one: Timing, base: Timing) -> str:
    if one is base:
        return f"**{show_time(one.median)}**"
    return f"{show_time(one.median)} ({one.median / base.median:.3g})"


def _list(timings: list[Timing], group: str, title: str, base: str) -> list[str]:
    rows = sorted((one for one in timings if one.group == group), key=lambda one: one.median)
    reference = find(rows, group, base)
    if reference is None:
        return []
    ratios = [f"{one.median / reference.median:.3g}" if one is not reference else "1" for one in rows]
    return [
        *(f"## {title}", ""),
        *([_SIGNED, ""] if group.startswith("sign") else []),
        table(
            ["", "median", "best", "per second", f"ratio to {base}"],
            [
                [one.label, show_time(one.median), show_time(one.best), show_count(one.median), ratio]
                for one, ratio in zip(rows, ratios, strict=True)
            ],
        ),
        "",
    ]
