"""What the pages of the benchmarks have in common."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.timings import about

__all__ = ["PAGES", "facts_of", "table"]

PAGES = Path(__file__).parent.parent / "docs" / "benchmarks"


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Write a Markdown table.

    Args:
        head: Its first row.
        rows: The other ones.

    Returns:
        The table; from the second column on it is aligned to the right, if there are more than two.
    """
    rule = "---|" + "---:|" * (len(head) - 1) if len(head) > 2 else "---|---|"
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}", *(f"| {' | '.join(row)} |" for row in rows)])


def facts_of(command: str, *packages: str) -> dict[str, str]:
    """Tell where and how something was measured.

    Args:
        command: The command that did it.
        packages: Packages whose versions matter besides the usual ones.

    Returns:
        Titles and texts: machine, system, versions, date and command.
    """
    names = (line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines())
    cpu = next((value.strip() for name, _, value in names if name.strip() == "model name"), "unknown CPU")
    facts = about({"machine_info": {"cpu": {"brand_raw": cpu}}}, command)
    facts["Versions"] += "".join(f", {name} {version(name)}" for name in packages)
    return facts
