"""``jwtfast.jwt`` beside PyJWT and oxyjwt, by the calls that all three have: writes docs/benchmarks/drop_in.md.

Contenders take turns on fresh copies of the same tokens. Each is shown first to give the right claims, to refuse a
wrong signature, and to sign what PyJWT verifies.
"""

from __future__ import annotations

import gc
import importlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from types import ModuleType
from typing import Any

import jwt as pyjwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.page import PAGES, facts_of, table
from benchmarks.timings import show_time
from benchmarks.tokens import AUDIENCE, ISSUER, SECRET, PublicKey, Samples, fresh, samples
from jwtfast import jwt as drop_in

__all__ = ["main"]

COMMAND = "python -m benchmarks.drop_in"
PAGE = PAGES / "drop_in.md"
TURNS = 15
PREFACE = (
    f"Written by `{COMMAND}`; don't edit. Medians of {TURNS} turns of CPU time for one call on typical tokens (about "
    "580 characters), fresh strings each time, with `audience` and `issuer` checked. Public keys are given as PEM, as "
    "programs have them.\n"
)
COUNT = 400  # calls of a round, of what takes microseconds; a tenth of what takes more
SLOW = ("RS256", "ES256", "EdDSA")
# What must be reached: an operation's median at most this many times a rival's.
GOALS = (
    ("decode HS256", "oxyjwt", 0.6),
    ("decode HS256", "PyJWT", 1 / 15),
    ("encode HS256", "oxyjwt", 1.0),
)


@dataclass(frozen=True)
class Operation:
    """A call that all contenders are given: what is done with one of many inputs, and with how many."""

    name: str
    inputs: list[Any]
    call: Callable[[ModuleType], Callable[[Any], object]]


def main() -> int:
    """Measure, print and write the page.

    Returns:
        The exit code: 1 where something was not reached.
    """
    warnings.simplefilter("ignore")  # oxyjwt warns of what PyJWT doesn't
    contenders, left_out = {"jwtfast.jwt": drop_in, "PyJWT": pyjwt}, []
    try:
        contenders["oxyjwt"] = importlib.import_module("oxyjwt")
    except ImportError as error:
        left_out.append(f"- oxyjwt: {error}")
    times: dict[str, dict[str, float]] = {}
    for operation in operations():
        able = {name: module for name, module in contenders.items() if can(operation, name, module, left_out)}
        times[operation.name] = race(operation, able)
    page = report(times, left_out, [name.lower() for name in contenders if name != "jwtfast.jwt"])
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    return int("FAIL" in page)


def operations() -> Iterator[Operation]:
    """Give what is measured."""
    for algorithm in ("HS256", *SLOW):
        tokens = samples(algorithm, "typical").first(COUNT if algorithm == "HS256" else COUNT // 10)
        key = tokens.checks.key if isinstance(tokens.checks.key, bytes) else pem(tokens.checks.key)
        yield Operation(f"decode {algorithm}", tokens.good, decoding(key, algorithm))
        if algorithm == "HS256":
            yield Operation("decode HS256, wrong signature", tokens.bad_signature, refusing(key, tokens))
            yield Operation("decode HS256, expired", [tokens.refused["expired"]] * COUNT, refusing(key, tokens))
            yield Operation("encode HS256", tokens.claims, lambda module: lambda claims: encode(module, claims))
            yield Operation("get_unverified_header", tokens.good, lambda module: module.get_unverified_header)


def decoding(key: Any, algorithm: str) -> Callable[[ModuleType], Callable[[Any], object]]:
    """Give what makes of a contender the call that a program has in its loop."""

    def bind(module: ModuleType) -> Callable[[Any], object]:
        decode = module.decode
        return lambda token: decode(token, key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)

    return bind


def refusing(key: Any, tokens: Samples) -> Callable[[ModuleType], Callable[[Any], object]]:
    """Give what makes of a contender the call that catches its refusal."""

    def bind(module: ModuleType) -> Callable[[Any], object]:
        decode, error = decoding(key, tokens.checks.algorithm)(module), module.InvalidTokenError

        def refused(token: str) -> bool:
            try:
                decode(token)
            except error:
                return True
            return False

        return refused

    return bind


def encode(module: ModuleType, claims: dict[str, Any]) -> object:
    """Sign claims as programs do."""
    return module.encode(claims, SECRET, algorithm="HS256")


def pem(key: PublicKey) -> bytes:
    """Give a public key as programs have it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def can(operation: Operation, name: str, module: ModuleType, left_out: list[str]) -> bool:
    """Tell whether a contender does it, and does it right; note it where it doesn't."""
    first = operation.inputs[0]
    try:
        outcome = operation.call(module)(first)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no contender here
        left_out.append(f"- {name}, {operation.name}: {type(error).__name__}")
        return False
    if operation.name.startswith("encode"):
        assert pyjwt.decode(str(outcome), SECRET, ["HS256"], audience=AUDIENCE) == first
    elif "," in operation.name:
        assert outcome is True
    elif operation.name == "get_unverified_header":
        assert outcome == pyjwt.get_unverified_header(first)
    else:
        assert outcome == pyjwt.decode(first, options={"verify_signature": False})
        for wrong in ("A", "B"):
            changed = first[:-9] + wrong * 8 + first[-1]
            assert refusing_all(operation.call(module), changed)
    return True


def refusing_all(call: Callable[[Any], object], token: str) -> bool:
    """Tell whether a call raises, as it must."""
    try:
        call(token)
    except Exception:  # noqa: BLE001 - each contender has exceptions of its own
        return True
    return False


def race(operation: Operation, contenders: dict[str, ModuleType]) -> dict[str, float]:
    """Have the contenders take turns; give each one's median, in seconds of CPU time for one call."""
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    calls = {name: operation.call(module) for name, module in contenders.items()}
    for turn in range(TURNS):
        names = [*list(calls)[turn % len(calls) :], *list(calls)[: turn % len(calls)]]
        for name in names:
            first = operation.inputs[0]
            inputs = fresh(operation.inputs) if isinstance(first, str) else operation.inputs
            rounds[name].append(timed(calls[name], inputs))
    return {name: median(taken) for name, taken in rounds.items()}


def timed(call: Callable[[Any], object], inputs: list[Any]) -> float:
    """Give what one call takes, in seconds."""
    gc.collect()
    gc.disable()
    start = time.process_time()
    for one in inputs:
        call(one)
    taken = time.process_time() - start
    gc.enable()
    return taken / len(inputs)


def report(times: dict[str, dict[str, float]], left_out: list[str], packages: list[str]) -> str:
    """Write the page."""
    rivals = ["PyJWT", "oxyjwt"]
    goals = []
    for name, rival, limit in GOALS:
        ours, theirs = times[name].get("jwtfast.jwt"), times[name].get(rival)
        if ours is None or theirs is None:
            goals.append([f"{name} / {rival}", ratio(limit), "", "not measured"])
        else:
            verdict = "pass" if ours / theirs <= limit else "**FAIL**"
            goals.append([f"{name} / {rival}", ratio(limit), ratio(ours / theirs), verdict])
    rows = []
    for name, medians in times.items():
        ours = medians["jwtfast.jwt"]
        shown = [show_time(medians[rival]) if rival in medians else "" for rival in rivals]
        ratios = [ratio(ours / medians[rival]) if rival in medians else "" for rival in rivals]
        rows.append([name, show_time(ours), *shown, *ratios])
    return "\n".join(
        [
            "# The drop-in for PyJWT\n",
            PREFACE,
            table(["", "must be at most", "is", ""], goals),
            "",
            table(["", "jwtfast.jwt", *rivals, *(f"of {rival}" for rival in rivals)], rows),
            "",
            *(["Left out:", "", *left_out, ""] if left_out else []),
            table(["", ""], [[name, text] for name, text in facts_of(COMMAND, *packages).items()]),
            "",
        ]
    )


def ratio(value: float) -> str:
    """Show a ratio."""
    return f"1/{1 / value:.3g}" if value < 0.2 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
