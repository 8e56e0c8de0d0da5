"""The fuzz target itself: it passes what is right, and no fault that is planted gets by it."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import fuzz_json
import orjson
import pytest
from forge import NOW
from fuzz_json import DifferenceError, Finder, Judge, Reader, collect, finder, is_plainly_within_limits
from json_oracle import is_within_limits
from json_texts import JsonTexts

from jwtfast._native import Kernels

TEXTS = list(JsonTexts("1 0", NOW).texts(5000))
PROGRAM = Path(fuzz_json.__file__)


def check_all(read: Reader) -> Judge:
    """Have a judge check many texts with a reader."""
    judge = Judge({"reader": read})
    for text in TEXTS:
        judge.check(text)
    return judge


def test_right_readers_pass(kernels: Kernels) -> None:
    """Each kernel passes, and the texts are of all kinds: well-formed and not, beyond the limits, good tokens."""
    outcomes = check_all(kernels.read_json).outcomes
    kinds = {"accepted": 1000, "not JSON": 1000, "beyond the limits": 100, "no object": 1, "as a token: good": 10}
    assert all(outcomes[kind] >= least for kind, least in kinds.items()), outcomes


def find_all(find: Finder) -> None:
    """Have a judge check many texts with a finder."""
    judge = Judge({}, {"finder": find})
    for text in TEXTS:
        judge.check(text)


def find(text: bytes) -> dict[str, bytes]:
    """Find what is looked for, without a text before to go by."""
    return finder("auto")(text)


FINDERS: dict[str, Finder] = {
    "one is missing": lambda text: {name: value for name, value in find(text).items() if name != "exp"},
    "one too many": lambda text: {"exp": b"1"} | find(text),
    "another value": lambda text: find(text) | dict.fromkeys(find(text).keys() & {"iat"}, b'"no date"'),
    "refuses": lambda text: find(text.replace(b"iss", b"\xff")),
    "accepts": lambda text: find(text) if right_or_none(text) else {},
}


def right_or_none(text: bytes) -> Any:
    """Read a text as it should be, or give None."""
    try:
        return right(text)
    except ValueError:
        return None


@pytest.mark.parametrize("how", FINDERS)
def test_wrong_finders_are_found(how: str) -> None:
    """A member that is missed, made up or misread, and a text that is judged otherwise, is a difference."""
    with pytest.raises(DifferenceError, match="finder finds"):
        find_all(FINDERS[how])


def test_right_finders_pass(kernels: Kernels) -> None:
    """Each kernel finds what there is, one text after another."""
    find_all(finder(kernels.name))


def test_the_same_texts_for_a_seed() -> None:
    """A seed gives the same texts each time, and another one others; there are as many as were asked for."""
    assert list(JsonTexts("1 0", NOW).texts(5000)) == TEXTS
    assert list(JsonTexts("1 1", NOW).texts(5000)) != TEXTS
    assert [len(list(JsonTexts("1 0", NOW).texts(count))) for count in range(9)] == list(range(9))


def right(text: bytes) -> Any:
    """Read a text as it should be."""
    return Kernels().read_json(text)


def or_else(other: Reader) -> Reader:
    """Give a reader that has another one read what should be refused."""

    def read(text: bytes) -> Any:
        try:
            return right(text)
        except ValueError:
            return other(text)

    return read


def unless(sign: bytes) -> Reader:
    """Give a reader that refuses whatever has a sign in it."""

    def read(text: bytes) -> Any:
        if sign in text:
            raise ValueError
        return right(text)

    return read


def changed(old: Any, new: Any) -> Reader:
    """Give a reader that reads one value as another."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: change(member) for name, member in value.items()}
        if isinstance(value, list):
            return [change(element) for element in value]
        return new if type(value) is type(old) and repr(value) == repr(old) else value

    return lambda text: change(right(text))


@pytest.mark.parametrize(
    ("read", "complaint"),
    [
        (or_else(orjson.loads), "accepts what is (beyond the limits|no object)"),
        (or_else(json.loads), "accepts what is"),
        (or_else(lambda text: json.loads(text.decode("utf-8", "surrogatepass"))), "accepts what is"),
        (or_else(lambda text: right(text[: text.rfind(b"}") + 1])), "accepts what is not JSON"),
        (unless(rb"\u"), "refuses what is good"),
        (unless(b"-0"), "refuses what is good"),
        (changed(-0.0, 0.0), "reads another value"),
        (changed(1, 1.0), "reads another value"),
        (changed(True, 1), "reads another value"),
        (changed(2**63, float(2**63)), "reads another value"),
        (lambda text: orjson.loads(orjson.dumps(right(text))), "reads another value"),
        (lambda text: {name.lower(): value for name, value in right(text).items()}, "reads another value"),
    ],
)
def test_wrong_readers_are_found(read: Reader, complaint: str) -> None:
    """A reader that takes too much, too little, or something for another thing, is found in a few thousand texts."""
    with pytest.raises(DifferenceError, match=complaint):
        check_all(read)


@pytest.mark.parametrize("code", [None, "malformed", "missing_claim", "expired"])
def test_wrong_verdicts_are_found(monkeypatch: pytest.MonkeyPatch, code: str | None) -> None:
    """A verdict on claims that is not the plain judge's is a difference."""
    monkeypatch.setattr(fuzz_json, "refusal", lambda *_: code)
    with pytest.raises(DifferenceError, match=r"as a token|refuses with|accepts, not"):
        check_all(right)


def test_the_glance_at_the_limits() -> None:
    """What a glance takes to be within the limits is so by the standard library's parser."""
    for text in TEXTS:
        try:
            value = orjson.loads(text)
        except ValueError:
            continue
        if type(value) is dict and text.count(b"[") + text.count(b"{") < 200:
            assert is_plainly_within_limits(text, value, orjson.dumps(value)) == is_within_limits(text, value)


def test_a_process_that_died() -> None:
    """A process that ends without a report is named with its batch."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    theirs.send((7, None))
    theirs.close()
    assert collect({ours: [(7, 1), (9, 1)]}, Counter()) == "a process died in batch 9"


def test_a_difference_is_reported() -> None:
    """A difference ends the run, and is told with its batch."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    theirs.send((7, "reads another value"))
    assert collect({ours: [(7, 1)]}, Counter()) == "in batch 7: reads another value"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    command = [sys.executable, str(PROGRAM), *arguments]
    # Its folder, where Python is told not to look by itself for what is imported.
    paths = os.pathsep.join(filter(None, (str(PROGRAM.parent), os.environ.get("PYTHONPATH"))))
    return subprocess.run(  # noqa: S603
        command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_program() -> None:
    """It says how many texts were checked, by which kernels, with which seed, and that there is no difference."""
    done = run("--documents", "3001", "--seed", "1", "--processes", "2", "--kernel", "portable")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3,001 texts, seed 1, by portable, no difference\n")
    lines = [line for line in done.stdout.splitlines()[2:] if "token" not in line]
    counts = [int(line.rpartition(" ")[2].replace(",", "")) for line in lines]
    assert sum(counts) == 3001


def test_a_kernel_that_is_none() -> None:
    """A kernel that this CPU doesn't have is an error at once."""
    done = run("--kernel", "abacus")
    assert done.returncode == 2
    assert "abacus" in done.stderr
