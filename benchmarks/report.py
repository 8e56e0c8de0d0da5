"""The tables of ``results/verify.md``, and the bars of the plots beside it."""

from __future__ import annotations

from benchmarks.contenders import FLOORS
from benchmarks.goals import GOALS
from benchmarks.plot import Bar
from benchmarks.timings import Timing, find, show_count, show_time
from benchmarks.tokens import ALGORITHMS, COUNT, SLOW_COUNT

__all__ = ["bars_by_algorithm", "bars_by_kind", "markdown"]

_TITLES = {
    "cold HS256 small": "Cold, small (about 155 characters): seen for the first time",
    "cold HS256 typical": "Cold, typical (about 580 characters): seen for the first time",
    "cached HS256 small": "Cached, small: verified before",
    "cached HS256 typical": "Cached, typical: verified before",
    "rejected HS256 small": "Rejected, small: the signature is wrong",
    "rejected HS256 typical": "Rejected, typical: the signature is wrong",
}
_NAMES = {name: name for name in ALGORITHMS} | {"EdDSA": "Ed25519 (EdDSA)"}

_PREFACE = (
    "Written by the command below; don't edit. Times are CPU times of one verification, medians over rounds in which "
    "the contenders took turns. The ratios carry over to other machines better than the times do. "
    "`benchmarks/contenders.py` says how the contenders were made equal."
)
_BY_ALGORITHM = (
    "Typical tokens. The floor is the signature alone, called with prepared arguments: `verify` of a public key of "
    "cryptography, which jwtfast calls too; for HMAC the standard library's `hmac.digest`, in whose place jwtfast has "
    f"code of its own. RSA keys have 2048 bits. A round has {COUNT:,} tokens; {SLOW_COUNT} where each of them costs an "
    "asymmetric verification."
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
        *("## Must reach", "", "| medians, typical tokens | must be below | is | |", "|---|---:|---:|---|"),
        *(goal.line(timings) for goal in GOALS),
        "",
        *_by_algorithm(timings),
        *("## HS256", "", "![The medians of HS256 as bars](verify.svg)", ""),
        *(line for group, title in _TITLES.items() for line in _group(timings, group, title)),
    ]
    if left_out:
        lines += ["## Left out", "", *(f"- {name}: {reason}" for name, reason in left_out.items()), ""]
    lines += ["## Measured on", "", "| | |", "|---|---|", *(f"| {name} | {fact} |" for name, fact in facts.items())]
    return "\n".join(lines) + "\n"


def bars_by_kind(timings: list[Timing]) -> dict[str, list[Bar]]:
    """Give what HS256 costs, for a plot.

    Args:
        timings: What was measured.

    Returns:
        The bars under each heading: one heading for each kind and size.
    """
    return {title: [_bar(one) for one in timings if one.group == group] for group, title in _TITLES.items()}


def bars_by_algorithm(timings: list[Timing]) -> dict[str, list[Bar]]:
    """Give what typical tokens cost, for a plot.

    Args:
        timings: What was measured.

    Returns:
        The bars under each heading: one heading for each algorithm.
    """
    groups = {}
    for algorithm, name in _NAMES.items():
        bars = [_bar(one) for one in (_floor(timings, algorithm), *_contenders(timings, "cold", algorithm)) if one]
        cached = find(timings, f"cached {algorithm} typical", "jwtfast")
        if cached is not None:
            bars.append(Bar("jwtfast, cached", cached.median, ours=True))
        groups[name] = bars
    return groups


def _bar(one: Timing) -> Bar:
    return Bar(one.label, one.median, ours=one.contender.startswith("jwtfast"))


def _floor(timings: list[Timing], algorithm: str) -> Timing | None:
    found = (find(timings, f"cold {algorithm} typical", one.name) for one in FLOORS)
    return next((one for one in found if one is not None), None)


def _contenders(timings: list[Timing], kind: str, algorithm: str) -> tuple[Timing | None, Timing | None]:
    group = f"{kind} {algorithm} typical"
    return find(timings, group, "jwtfast"), find(timings, group, "PyJWT")


def _by_algorithm(timings: list[Timing]) -> list[str]:
    columns = (
        *("", "characters", "floor, cold", "jwtfast, cold", "jwtfast - floor", "PyJWT, cold"),
        *("jwtfast, cached", "jwtfast, rejected", "PyJWT, rejected"),
    )
    lines = [
        *("## By algorithm", "", _BY_ALGORITHM, "", "![The medians by algorithm as bars](by_algorithm.svg)", ""),
        f"| {' | '.join(columns)} |",
        "|---|" + "---:|" * (len(columns) - 1),
    ]
    for algorithm, name in _NAMES.items():
        floor, (cold, theirs) = _floor(timings, algorithm), _contenders(timings, "cold", algorithm)
        cached, _ = _contenders(timings, "cached", algorithm)
        rejected, their_rejected = _contenders(timings, "rejected", algorithm)
        if cold is None:
            continue
        over = "" if floor is None else f"{(cold.median - floor.median) * 1e6:.2f} µs"
        times = [_median(floor), _median(cold), over, *map(_median, (theirs, cached, rejected, their_rejected))]
        lines.append(f"| {' | '.join([name, str(cold.characters), *times])} |")
    return [*lines, ""]


def _median(timing: Timing | None) -> str:
    return "" if timing is None else show_time(timing.median)


def _group(timings: list[Timing], group: str, title: str) -> list[str]:
    rows = sorted((one for one in timings if one.group == group), key=lambda one: one.median)
    reference = find(rows, group, "jwtfast")
    if reference is None:
        return []
    lines = [f"### {title}", "", "| | median | best | per second | ratio to jwtfast |", "|---|---:|---:|---:|---:|"]
    for one in rows:
        ratio = f"{one.median / reference.median:.2f}" if one is not reference else "1"
        lines.append(
            f"| {one.label} | {show_time(one.median)} | {show_time(one.best)} | {show_count(one.median)} | {ratio} |"
        )
    return [*lines, ""]
