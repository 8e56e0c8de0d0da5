"""Counts the instructions of the paths of a token, and fails where one has grown: ``make instructions``.

Times jitter by more than what a careless change costs; counts of instructions, by valgrind's callgrind, differ by one
or two in a hundred, as memory happens to lie, whatever else the machine does. They are no times: a cache miss counts as
much as anything else.

- They run on the portable kernels: valgrind 3.19 knows no SHA extensions, and AVX2 is not everywhere, while the
  portable code is the same on all machines. What the other kernels take is for the clock to say (``make bench``).
- The portable SHA-256 would be most of each count, and hide the growth of all else: so the HMAC has a line of its own,
  and is taken off the others. So is what an empty call costs, in the loop of the interpreter.
- What is committed, in ``instructions.json``, goes by Python's minor version, since its calls and objects are in the
  counts. A compiler of another kind or generation may well shift them by more than is allowed.

Where a count grows for a good reason: ``make instructions UPDATE=1``, and commit the file with that change.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.instruction_paths import COUNTED

__all__ = ["main"]

ALLOWED = 1.10  # times the committed count
COMMITTED = Path(__file__).parent / "instructions.json"  # by Python's minor version
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# What each line is: the path, and the path whose count is taken off it.
LINES = {
    "HMAC-SHA256 of a typical token": ("mac", "empty"),
    "HS256 cold, but for its HMAC": ("cold", "mac"),
    "HS256 cached": ("cached", "empty"),
    "HS256 with a wrong signature, but for its HMAC": ("rejected", "mac"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, print, and compare; or write down.

    Args:
        arguments: The command line's; None: those of the process.

    Returns:
        The exit code: 1 where a count has grown too much, or where none is committed for this Python.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write the counts down instead of comparing them")
    update = parser.parse_args(arguments).update
    counts = _count()
    committed: dict[str, dict[str, int]] = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {}
    if update:
        committed[PYTHON] = counts
        by_version = sorted(committed.items(), key=lambda item: [int(part) for part in item[0].split(".")])
        COMMITTED.write_text(json.dumps(dict(by_version), indent=2) + "\n")
    return _compare(counts, committed.get(PYTHON))


def _compare(counts: dict[str, int], committed: dict[str, int] | None) -> int:
    if committed is None:
        print(f"error: no counts are committed for Python {PYTHON}: write them down with make instructions UPDATE=1")
        return 1
    print(f"{'instructions, one call, Python ' + PYTHON:50}{'committed':>11}{'is':>11}")
    grown = []
    for name, count in counts.items():
        change = count / committed[name] - 1
        print(f"{name:50}{committed[name]:>11,}{count:>11,}{change:>+9.1%}")
        if count > ALLOWED * committed[name]:
            grown.append(name)
    if grown:
        allowed = f"{ALLOWED - 1:.0%}"
        print(f"error: grown by more than {allowed}: {'; '.join(grown)}. If it must be: make instructions UPDATE=1")
    return int(bool(grown))


def _count() -> dict[str, int]:
    # Once without valgrind, which compiles what is imported: that would be in the first count.
    subprocess.run(_python("nothing"), env=_environment(), check=True)
    with TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        totals = dict(zip(COUNTED, pool.map(lambda path: _run(path, Path(folder) / path), COUNTED), strict=True))
    calls = {path: count * passes for path, (count, passes) in COUNTED.items() if passes}
    one = {path: (totals[path] - totals["nothing"]) / count for path, count in calls.items()}
    return {name: round(one[path] - one[less]) for name, (path, less) in LINES.items()}


def _run(path: str, output: Path) -> int:
    """Go a path under callgrind, and give the instructions of the whole process."""
    command = [_valgrind(), "--tool=callgrind", "--quiet", f"--callgrind-out-file={output}", *_python(path)]
    subprocess.run(command, env=_environment(), check=True)
    found = re.search(r"^totals: (\d+)$", output.read_text(), re.MULTILINE)
    assert found, "callgrind has written no totals"
    return int(found[1])


def _valgrind() -> str:
    found = shutil.which("valgrind")
    if found is None:
        sys.exit("error: valgrind is not there: on Debian, apt-get install valgrind")
    return found


def _python(path: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.instruction_paths", path]


def _environment() -> dict[str, str]:
    # Nothing of the caller's, whose length alone may shift a count; and names hashed alike in all runs.
    return {"PYTHONHASHSEED": "0", "JWTFAST_KERNEL": "portable"}


if __name__ == "__main__":
    sys.exit(main())
