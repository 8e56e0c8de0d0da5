"""The tables of ``results/verify.md``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.timings import Timing, find, show_count, show_time

__all__ = ["GOALS", "TITLES", "Goal", "markdown"]

TITLES = {
    "cold small": "Cold, small (about 155 characters): seen for the first time",
    "cold typical": "Cold, typical (about 580 characters): seen for the first time",
    "cached small": "Cached, small: verified before",
    "cached typical": "Cached, typical: verified before",
    "rejected small": "Rejected, small: the signature is wrong",
    "rejected typical": "Rejected, typical: the signature is wrong",
}


_PREFACE = (
    "Written by the command below; don't edit. Times are those of one verification, medians over rounds in which the "
    "contenders took turns. The ratios carry over to other machines better than the times do. "
    "`benchmarks/contenders.py` says how the contenders were made equal."
)


@dataclass(frozen=True)
class Goal:
    """A ratio of two medians that must stay below a limit; each is named by its group and its contender."""

    text: str
    measured: tuple[str, str]
    against: tuple[str, str]
    limit: float

    def ratio(self, timings: Iterable[Timing]) -> float | None:
        """Give the ratio, or None where one of the two was not measured."""
        rows = list(timings)
        above, below = find(rows, *self.measured), find(rows, *self.against)
        return above.median / below.median if above and below else None


_COLD = ("cold typical", "jwtfast")
_CACHED = ("cached typical", "jwtfast")

GOALS = (
    Goal("cold, typical: jwtfast against PyJWT", _COLD, ("cold typical", "PyJWT"), 1 / 25),
    Goal("cold, typical: jwtfast against pure Python", _COLD, ("cold typical", "pure Python (stdlib)"), 1 / 5),
    Goal("cached, typical: jwtfast against dict.get", _CACHED, ("cached typical", "dict.get"), 1.5),
    Goal("typical: jwtfast rejected against jwtfast cold", ("rejected typical", "jwtfast"), _COLD, 1),
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
        "# What verifying a token costs (HS256)",
        "",
        _PREFACE,
        "",
        "![The medians as bars](verify.svg)",
        "",
        *_goals(timings),
        *(line for group, title in TITLES.items() for line in _group(timings, group, title)),
    ]
    if left_out:
        lines += ["## Left out", "", *(f"- {name}: {reason}" for name, reason in left_out.items()), ""]
    lines += ["## Measured on", "", "| | |", "|---|---|", *(f"| {name} | {fact} |" for name, fact in facts.items())]
    return "\n".join(lines) + "\n"


def _goals(timings: list[Timing]) -> list[str]:
    lines = ["## Must reach", "", "| ratio of times | must be below | is | |", "|---|---:|---:|---|"]
    for goal in GOALS:
        ratio = goal.ratio(timings)
        verdict = "not measured" if ratio is None else "pass" if ratio < goal.limit else "**FAIL**"
        lines.append(f"| {goal.text} | {_ratio(goal.limit)} | {'' if ratio is None else _ratio(ratio)} | {verdict} |")
    return [*lines, ""]


def _group(timings: list[Timing], group: str, title: str) -> list[str]:
    rows = sorted((one for one in timings if one.group == group), key=lambda one: one.median)
    reference = find(rows, group, "jwtfast")
    if reference is None:
        return []
    lines = [f"## {title}", "", "| | median | best | per second | ratio to jwtfast |", "|---|---:|---:|---:|---:|"]
    for one in rows:
        ratio = f"{one.median / reference.median:.2f}" if one is not reference else "1"
        lines.append(
            f"| {one.label} | {show_time(one.median)} | {show_time(one.best)} | {show_count(one.median)} | {ratio} |"
        )
    return [*lines, ""]


def _ratio(ratio: float) -> str:
    return f"1/{1 / ratio:.3g}" if ratio < 0.5 else f"{ratio:.3g}"
