"""The scanner and the claims builder held to orjson over millions of texts: ``make fuzz DOCUMENTS=10000000``.

Whatever is accepted must be what orjson reads, to the type; whatever is refused must be refused by orjson, or be beyond
what tokens may have: unique names, 64 containers in one another, integers of 64 bits. So with each kernel, and so with
the claims of signed tokens under several policies. The first difference is printed, and is an error.
"""

# ruff: noqa: T201 - a program

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Final

import orjson
from forge import HEADER, NOW, SECRET, encode, sign_segments, to_json
from json_oracle import Demands, has_exact_types, is_within_limits, refusal
from json_texts import JsonTexts

from jwtfast import Key, Verifier, errors
from jwtfast._native import Kernels, Policy

BATCH = 20_000
# One good text in so many is a token's payload too, one of the others in so many, and one in so many good ones has the
# type of each part looked at.
GOOD_TOKENS_EVERY = 6
TOKENS_EVERY = 50
TYPES_EVERY = 32

Reader = Callable[[bytes], Any]
Finder = Callable[[bytes], dict[str, bytes]]
# What is looked for in each text, by which the texts of tokens are judged too.
NAMES: Final = ("exp", "nbf", "iat", "iss", "aud", "sub", "jti", "a", "scope", "nonce", "tenant")
POLICIES: Final = (
    Demands(),
    Demands(issuer=("one",), audience=("one", "été"), required=("exp",), leeway=0.25),
    Demands(
        issuer=("one", "two"),
        claims={"tenant": ("one", "été"), "sub": ("two", "one")},
        required=("scope",),
        max_age=500,
    ),
    Demands(audience=("one",), authorized_party="one", required=("nonce", "iat"), leeway=1),
    Demands(audience=None),
)
_HEADER: Final = encode(to_json(HEADER))
_LONG_INTEGER: Final = re.compile(rb"(?<![0-9.])[0-9]{19,}+(?![0-9.eE])")


class DifferenceError(Exception):
    """Raised where a text is not taken for what it is.

    Args:
        text: The text.
        what: What it is taken for, and what for elsewhere.
    """

    def __init__(self, text: bytes, what: str) -> None:
        super().__init__(text, what)

    def __str__(self) -> str:
        text, what = self.args
        return f"{what}\n{text!r}"


def is_plainly_within_limits(text: bytes, value: dict[str, Any], written: bytes) -> bool:
    """Tell whether an object is within our limits, at a glance where that will do.

    Args:
        text: The JSON text.
        value: What orjson reads of it.
        written: That, written by orjson.

    Returns:
        Whether it is.
    """
    # A member that is lost to another of its name takes its colon with it. Only escapes add colons, one each at most.
    return (
        text.count(b":") == written.count(b":") - text.count(b"\\u003")
        and text.count(b"[") + text.count(b"{") <= 64
        and not _LONG_INTEGER.search(text)
    ) or is_within_limits(text, value)


def by_orjson(text: bytes) -> tuple[str, Any, bytes]:
    """Tell what a text is to be taken for.

    Args:
        text: The text.

    Returns:
        The outcome; what orjson reads of it; and that, written by orjson.
    """
    try:
        value = orjson.loads(text)
    except ValueError:
        return "not JSON", None, b""
    if type(value) is not dict:
        return "no object", value, b""
    # What is nested deeper than orjson writes is too deep anyway.
    written = orjson.dumps(value) if text.count(b"[") + text.count(b"{") < 200 else b""
    return "accepted" if is_plainly_within_limits(text, value, written) else "beyond the limits", value, written


class Judge:
    """Compares readers, and a verifier for each policy, with orjson and with plain Python.

    Args:
        readers: What reads a text, or raises ValueError, by name.
        finders: What finds the members that have one of ``NAMES``, and gives their texts by name, or raises ValueError.
    """

    def __init__(self, readers: dict[str, Reader], finders: dict[str, Finder] | None = None) -> None:
        self._readers = list(readers.items())
        self._finders = list((finders or {}).items())
        key = Key.from_secret(SECRET, "HS256")
        options: dict[str, Any] = {"cache_tokens": 0, "clock": lambda: NOW, "max_token_bytes": 1 << 20}
        self._verifiers = [(demands, Verifier(key, **(vars(demands) | options))) for demands in POLICIES]
        self._count = self._tokens = 0
        self.outcomes: Counter[str] = Counter()

    def check(self, text: bytes) -> None:
        """Have a text read by all.

        Args:
            text: The text.

        Raises:
            DifferenceError: One of the readers is wrong.
        """
        self._count += 1
        outcome, value, written = by_orjson(text)
        self.outcomes[outcome] += 1
        good = outcome == "accepted"
        for name, read in self._readers:
            try:
                ours = read(text)
            except ValueError:
                if good:
                    raise DifferenceError(text, f"{name} refuses what is good") from None
                continue
            if not good:
                raise DifferenceError(text, f"{name} accepts what is {outcome}")
            self._compare(text, name, ours, value, written)
        for name, find in self._finders:
            self._check_found(text, name, find, value if good else None)
        if self._count % (GOOD_TOKENS_EVERY if good else TOKENS_EVERY) == 0:
            self._check_token(text, value if good else None, written)

    def _compare(self, text: bytes, name: str, ours: Any, value: Any, written: bytes) -> None:
        # orjson writes 1, 1.0, true, and -0.0 each in its own way, and fails for what doesn't fit 64 bits.
        if ours == value:
            try:
                if (orjson.dumps(ours) == written or not written) and (
                    self._count % TYPES_EVERY or has_exact_types(ours, value)
                ):
                    return
            except TypeError:
                pass
        raise DifferenceError(text, f"{name} reads another value than orjson")

    def _check_found(self, text: bytes, name: str, find: Finder, value: Any) -> None:
        try:
            found = find(text)
        except ValueError:
            if value is not None:
                raise DifferenceError(text, f"{name} finds nothing in what is good") from None
            return
        if value is None:
            raise DifferenceError(text, f"{name} finds something in what is not good")
        expected = {one: value[one] for one in NAMES if one in value}
        if found.keys() != expected.keys():
            raise DifferenceError(text, f"{name} finds {', '.join(found) or 'nothing'}")
        if any(orjson.dumps(orjson.loads(found[one])) != orjson.dumps(expected[one]) for one in expected):
            raise DifferenceError(text, f"{name} finds another value than orjson")

    def _check_token(self, text: bytes, value: Any, written: bytes) -> None:
        self._tokens += 1
        demands, verifier = self._verifiers[self._tokens % len(self._verifiers)]
        code = "malformed" if value is None else refusal(value, demands, NOW)
        self.outcomes[f"as a token: {code or 'good'}"] += 1
        try:
            token = verifier.verify(sign_segments(_HEADER, encode(text)))
        except errors.InvalidTokenError as error:
            if error.code != code:
                raise DifferenceError(text, f"{demands} refuses with {error.code!r}, not {code!r}") from None
            return
        if code is not None:
            raise DifferenceError(text, f"{demands} accepts, not refuses with {code!r}")
        self._compare(text, "Token.claims", token.claims, value, written)
        found = [token.issuer, token.subject, token.token_id, token.expires_at, token.not_before, token.issued_at]
        if found != [value.get(name) for name in ("iss", "sub", "jti", "exp", "nbf", "iat")]:
            raise DifferenceError(text, "the token's properties are not its claims")


def finder(kernels: str) -> Finder:
    """Give what finds ``NAMES`` as a verifier does.

    Args:
        kernels: By which kernels.

    Returns:
        The function, for one text after another.
    """
    policy = Policy(
        [(name, "any", False, ()) for name in NAMES], any_audience=True, several_audiences=0, leeway=0, max_age=0
    )
    return partial(policy.find, Kernels(kernels))


# ---- batches and processes ----


def run_batch(seed: int, number: int, count: int, judge: Judge) -> None:
    """Check the texts of one batch, which are the same whatever else runs.

    Args:
        seed: Of the whole run.
        number: Of the batch.
        count: Of its texts.
        judge: What checks them.

    Raises:
        DifferenceError: There is a difference.
    """
    for text in JsonTexts(f"{seed} {number}", NOW).texts(count):
        judge.check(text)


def work(seed: int, batches: list[tuple[int, int]], kernels: list[str], pipe: Connection) -> None:
    """Check batches, and report each: its number, and a difference or None; at the end the outcomes.

    Args:
        seed: Of the whole run.
        batches: Number and count of texts of each.
        kernels: Those that read each text.
        pipe: Where reports go.
    """
    faulthandler.enable()
    judge = Judge({name: Kernels(name).read_json for name in kernels}, {name: finder(name) for name in kernels})
    for number, count in batches:
        try:
            run_batch(seed, number, count, judge)
        except DifferenceError as error:
            pipe.send((number, str(error)))
            return
        pipe.send((number, None))
    pipe.send((None, judge.outcomes))


def start(
    seed: int, shares: list[list[tuple[int, int]]], kernels: list[str]
) -> dict[Connection, list[tuple[int, int]]]:
    """Start a process for each share of the batches, whose verifiers use the kernels by turns.

    Args:
        seed: Of the whole run.
        shares: The batches of each process.
        kernels: Those that read each text.

    Returns:
        The pipe of each process, and its share.
    """
    context = multiprocessing.get_context("spawn")
    pipes = {}
    for place, share in enumerate(shares):
        ours, theirs = context.Pipe(duplex=False)
        # A process chooses the kernels of its verifiers when it imports the package.
        os.environ["JWTFAST_KERNEL"] = kernels[place % len(kernels)]
        context.Process(target=work, args=(seed, share, kernels, theirs), daemon=True).start()
        theirs.close()
        pipes[ours] = share
    return pipes


def collect(pipes: dict[Connection, list[tuple[int, int]]], outcomes: Counter[str]) -> str | None:
    """Wait until all processes have checked their shares, or one of them has found a difference.

    Args:
        pipes: The pipe of each process, and its share.
        outcomes: What the outcomes are added to.

    Returns:
        The difference, or None.
    """
    done = dict.fromkeys(pipes, 0)
    while done:
        for pipe in wait(list(done)):
            assert isinstance(pipe, Connection)
            try:
                number, report = pipe.recv()
            except EOFError:
                return f"a process died in batch {pipes[pipe][done[pipe]][0]}"
            if number is None:
                outcomes.update(report)
                del done[pipe]
            elif report is not None:
                return f"in batch {number}: {report}"
            else:
                done[pipe] += 1
    return None


def main(arguments: list[str] | None = None) -> int:
    """Run it.

    Args:
        arguments: Of the command line.

    Returns:
        0, or 1 where there is a difference.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--documents", type=int, default=10_000_000, help="how many texts to check")
    parser.add_argument(
        "--seed", type=int, default=None, help="the same one gives the same texts; by default a new one"
    )
    parser.add_argument("--kernel", nargs="+", default=["auto", "portable"], help="kernels that read each text")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--batch", type=int, default=None, help="run just this batch of the seed")
    options = parser.parse_args(arguments)
    for name in options.kernel:
        try:
            Kernels(name)
        except ValueError as error:
            parser.error(str(error))
    seed = int.from_bytes(os.urandom(4)) if options.seed is None else options.seed
    batches = [
        (number, min(BATCH, options.documents - at)) for number, at in enumerate(range(0, options.documents, BATCH))
    ]
    if options.batch is not None:
        batches = [(options.batch, BATCH)]
    shares = [share for share in (batches[place :: options.processes] for place in range(options.processes)) if share]
    outcomes: Counter[str] = Counter()
    begin = time.perf_counter()
    difference = collect(start(seed, shares, options.kernel), outcomes)
    seconds = time.perf_counter() - begin
    if difference is not None:
        print(f"seed {seed}, {difference}", file=sys.stderr)
        return 1
    count = sum(count for _, count in batches)
    print(f"{count:,} texts, seed {seed}, by {' and '.join(options.kernel)}, no difference")
    print(f"{seconds:.0f} s, {count / seconds:,.0f} a second by {len(shares)} processes")
    for outcome, times in sorted(outcomes.items()):
        print(f"  {outcome}: {times:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
