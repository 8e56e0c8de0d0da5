"""Runs the benchmarks and writes ``docs/benchmarks/verify.md`` with its plots."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contenders import CONTENDERS
from benchmarks.page import PAGES
from benchmarks.plot import svg
from benchmarks.report import bars_by_algorithm, bars_by_kind, markdown
from benchmarks.timings import about, merge_turns

__all__ = ["main"]

COMMAND = "python -m benchmarks.run"
FOLDER = Path(__file__).parent


def main() -> int:
    """Run them.

    Returns:
        pytest's exit code: 0 if all contenders were right and have been timed. Otherwise nothing is written.
    """
    with TemporaryDirectory() as temporary:
        output = Path(temporary) / "benchmarks.json"
        exit_code = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", str(FOLDER), "-q", "-rs"),
                # What a configuration adds for the tests (coverage, parallel runs) would be measured too.
                *("-o", "addopts=", "-p", "no:cacheprovider"),
                *("--benchmark-only", "--benchmark-quiet", f"--benchmark-json={output}"),
            ],
            cwd=FOLDER.parent,
            check=False,
        ).returncode
        if exit_code:
            return exit_code
        document = json.loads(output.read_text(encoding="utf-8"))
    timings, facts = merge_turns(document), about(document, COMMAND)
    left_out = {one.name: one.missing for one in CONTENDERS if one.missing is not None}
    report = markdown(timings, facts, left_out)
    (PAGES / "verify.md").write_text(report, encoding="utf-8")
    for name, title, groups in (
        ("verify.svg", "Time for one HS256 token (less is better)", bars_by_kind(timings)),
        (
            "by_algorithm.svg",
            "Time for one token never seen before (less is better)",
            bars_by_algorithm(timings),
        ),
    ):
        (PAGES / name).write_text(svg(title, groups, facts), encoding="utf-8")
    print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
