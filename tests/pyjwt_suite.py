"""PyJWT's own tests, run against ``jwtfast.jwt`` under the name ``jwt``: ``make pyjwt-tests``.

They come with PyJWT's source distribution, which is fetched by pip and stays in ``build/``. A test that fails and is
not listed in GAPS is an error, and so is one that is listed and passes.
"""

# ruff: noqa: S603, T201 - a program that runs pip and pytest, and prints what came of it

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

VERSION = "2.15.1"
BUILD = Path(__file__).resolve().parents[1] / "build" / "pyjwt-suite"

# The tests that fail, by name, and why they are left to.
GAPS = {
    "test_algorithms::TestAlgorithms::test_hmac_should_accept_incomplete_pem_marker": (
        "a secret that holds the line that a PEM begins with is refused, whole or not: jwtfast has one rule for what "
        "is no secret, and it fails closed (CVE-2022-29217)"
    ),
}
# How much of each file must pass, in percent: all of the public API, and most of what is nearer to the inside.
LEAST = {
    "test_api_jwt": 100,
    "test_api_jwk": 100,
    "test_jwt": 100,
    "test_advisory": 100,
    "test_exceptions": 100,
    "test_utils": 100,
    "test_api_jws": 95,
    "test_algorithms": 95,
    "test_jwks_client": 95,
    "test_compressed_jwt": 95,
}


def fetch() -> Path:
    """Give the folder of PyJWT's source distribution, without its package, which must not be imported."""
    source = BUILD / f"pyjwt-{VERSION}"
    if not (source / "tests").is_dir():
        BUILD.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--no-build-isolation", "--dest", str(BUILD), f"pyjwt=={VERSION}"], check=True)
        with tarfile.open(next(BUILD.glob("*.tar.gz"))) as archive:
            members = [one for one in archive if one.name.startswith(f"{source.name}/tests/")]
            archive.extractall(BUILD, members, filter="data")
    return source


def run(source: Path) -> Iterator[tuple[str, str, str]]:
    """Run the tests; give file, name and outcome of each: passed, failed or skipped."""
    report = BUILD / "report.xml"
    report.unlink(missing_ok=True)
    (BUILD / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [
        sys.executable,
        "-P",
        "-m",
        "pytest",
        "-q",
        "-p",
        "pyjwt_alias",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore",
    ]
    command += [
        "-c",
        str(BUILD / "pytest.ini"),
        "--rootdir",
        str(source),
        f"--junitxml={report}",
        str(source / "tests"),
    ]
    here = str(Path(__file__).parent)
    paths = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    output = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": paths}, cwd=BUILD, check=False, capture_output=True, text=True
    )
    if not report.exists():
        sys.exit(output.stdout + output.stderr)
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote it just now
        path = case.attrib["classname"].removeprefix("tests.").replace(".", "::")
        kinds = {child.tag for child in case}
        outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        yield path.partition("::")[0], f"{path}::{case.attrib['name']}", outcome


def main() -> int:
    """Print how much of each file passes.

    Returns:
        0 if just the listed tests fail, and enough pass.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in LEAST}
    failed = set()
    for file, name, outcome in run(fetch()):
        counts[file][outcome] += 1
        if outcome == "failed":
            failed.add(name)
    complaints = [f"fails, and is not listed: {name}" for name in sorted(failed - GAPS.keys())]
    complaints += [f"is listed, and doesn't fail: {name}" for name in sorted(GAPS.keys() - failed)]
    print(f"PyJWT {VERSION}'s own tests against jwtfast.jwt (skipped: those for a machine without cryptography)\n")
    for file, count in counts.items():
        ran = count["passed"] + count["failed"]
        rate = 100 * count["passed"] / ran if ran else 0
        print(f"{file:20} {count['passed']:4} of {ran:4} {rate:6.1f} %   {count['skipped']} skipped")
        if rate < LEAST[file]:
            complaints.append(f"{file}: {rate:.1f} % pass, and {LEAST[file]} % must")
    print("\nknown gaps:", *(f"  {name}: {reason}" for name, reason in GAPS.items()), sep="\n")
    print(*complaints, sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
