"""What ``import jwtfast`` takes, over ``import orjson``: ``python -m benchmarks.import_cost`` writes its page."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

import orjson

import jwtfast
from benchmarks.page import PAGES, facts_of, table

__all__ = ["main"]

COMMAND = "python -m benchmarks.import_cost"
MODULES = ("orjson", "jwtfast", "jwt")
ALLOWED = 15e-3  # seconds
TURNS = 101

_PAGE = """\
# What the import takes

Written by `{command}`; don't edit. Medians of {turns} turns, each a process of its own, CPU time of the whole process.
Without `site`, since an editable install has it load modules that would not be there for others. The files were read
before, and compiled.

{goals}

{times}

{facts}
"""


def main() -> int:
    """Measure, print and write the page.

    Returns:
        The exit code: 1 where the import takes too long.
    """
    times: dict[str, list[float]] = {code: [] for code in ("pass", *(f"import {name}" for name in MODULES))}
    for code in times:
        _process(code)
    for _ in range(TURNS):
        for code, taken in times.items():
            taken.append(_process(code))
    bare, base = median(times["pass"]), median(times["import orjson"])
    # By pairs, which share whatever else the machine did in that turn.
    pairs = zip(times["import jwtfast"], times["import orjson"], strict=True)
    over = median(ours - theirs for ours, theirs in pairs)
    passed = over <= ALLOWED
    page = _PAGE.format(
        command=COMMAND,
        turns=TURNS,
        goals=table(
            ["", "at most", "is", ""],
            [["import jwtfast, over import orjson", _show(ALLOWED), _show(over), "pass" if passed else "**FAIL**"]],
        ),
        times=table(
            ["", "the process", "over an empty one", "over import orjson"],
            [
                [
                    f"`{code}`",
                    *(_show(median(taken) - less) if median(taken) > less else "" for less in (0, bare, base)),
                ]
                for code, taken in times.items()
            ],
        ),
        facts=table(["", ""], [[name, text] for name, text in facts_of(COMMAND).items()]),
    )
    (PAGES / "import_cost.md").write_text(page, encoding="utf-8")
    print(page)
    return int(not passed)


def _process(code: str) -> float:
    """Run code in a process of its own, and give the CPU time that it took, in seconds."""
    folders = {str(Path(module.__file__ or "").parents[1]) for module in (jwtfast, orjson)}
    # Nothing of the caller's, who may have forbidden to keep what is compiled.
    environment = {"PYTHONPATH": os.pathsep.join(folders)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-S", "-P", "-c", code], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _show(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
