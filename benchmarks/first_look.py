"""Verifies one token, shows what it says, and what verifying it costs: ``python -m benchmarks.first_look``."""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NoReturn

import jwtfast
from benchmarks.contenders import CONTENDERS
from benchmarks.pure_python import HASHES
from benchmarks.ready import Ready
from benchmarks.timings import show_count, show_time
from benchmarks.tokens import SECRET, Checks, fresh, mint, respell, sample_claims

__all__ = ["main"]

SPELLINGS = 256
ROUNDS = 4
SECONDS = 1.2
USAGE = "python -m benchmarks.first_look [--token=TOKEN --secret=SECRET]"
ROWS = (
    ("jwtfast", "cached"),
    ("jwtfast", "cold"),
    ("jwtfast, claims read", "cold"),
    ("pure Python (stdlib)", "cold"),
    ("PyJWT", "cold"),
)
ADVICE = {
    "malformed": "give the whole of it, as it was issued",
    "bad_signature": "give the secret it was signed with, as the text itself (not base64), and the whole token",
    "expired": "get a new one",
    "not_yet_valid": "wait, or set this machine's clock",
    "too_large": "give a smaller one",
}


class _StopError(Exception):
    """Raised to end with one line on stderr, which must not hold a token or a secret."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:  # noqa: ARG002 - argparse's own words repeat what they can't read
        text = f"these arguments can't be read: write {USAGE}, with the equals signs"
        raise _StopError(text, exit_code=2)


@dataclass
class _Lane:
    """A row of the table, and what its rounds took, in seconds."""

    label: str
    ready: Ready
    cached: bool
    times: list[float] = field(default_factory=list)
    trouble: str = ""

    def warm_up(self, tokens: list[str], claims: dict[str, Any]) -> None:
        try:
            if any(self.ready.claims(self.ready.verify(token)) != claims for token in fresh(tokens)):
                self.trouble = "other claims"
            self.ready.remember(fresh(tokens))
        except Exception:  # noqa: BLE001 - whatever one contender makes of this token, the others go on
            self.trouble = "refused"

    def take_turn(self, tokens: list[str]) -> None:
        times = []
        for _ in range(ROUNDS):
            if not self.cached:
                self.ready.forget()
            arrived = fresh(tokens)
            try:
                start = time.perf_counter()
                self.ready.accept(self.ready.verify, arrived)
                times.append((time.perf_counter() - start) / len(arrived))
            except Exception:  # noqa: BLE001 - it may expire meanwhile
                self.trouble = "refused"
                return
        # The first round brings back into the CPU's caches what the others have displaced.
        self.times += times[1:]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it.

    Args:
        arguments: The command line's; None: those of the process.

    Returns:
        The exit code: 0; 1 if the token or the secret is bad; 2 if the arguments are.
    """
    try:
        token, secret = _read_arguments(arguments)
        algorithm = _algorithm_of(token)
        claims = _verify(token, secret, algorithm)
    except _StopError as stop:
        print(f"error: {stop}", file=sys.stderr)
        return stop.exit_code
    print(f"The token is good: {algorithm}, {len(token)} characters. Its claims:\n")
    print(json.dumps(claims, indent=2))
    if "exp" not in claims:
        print("\nIt has no exp, so it never expires. A Verifier refuses that unless it is told required=().")
    checks = Checks(secret, algorithm, any_audience=True, expiry_required=False)
    print(_table(_race(respell(token, secret, algorithm, SPELLINGS), dict(claims), checks)))
    return 0


def _read_arguments(arguments: Sequence[str] | None) -> tuple[str, bytes]:
    parser = _Parser(usage=USAGE, description=__doc__, allow_abbrev=False)
    # make run hands over by the environment, where no quotes have to be minded.
    token, secret = (os.environ.get(name) or None for name in ("SAMPLE_TOKEN", "SAMPLE_SECRET"))
    parser.add_argument("--token", default=token, help="a token signed with HS256, HS384 or HS512")
    parser.add_argument("--secret", default=secret, help="the secret it was signed with, as text")
    given = parser.parse_args(arguments)
    if given.token is None and given.secret is None:
        print("No token was given, so this is a sample by PyJWT. For your own: make run TOKEN=... SECRET=...\n")
        token = mint(sample_claims("typical", 1, int(time.time()))[0])
        print(f"{token}\n")
        return token, SECRET
    if given.secret is None or given.token is None:
        there, lacking = ("token", "secret") if given.secret is None else ("secret", "token")
        text = f"there is a {there} and no {lacking}: give both, or neither to see a sample"
        raise _StopError(text, exit_code=2)
    # As the bytes that were typed, where the shell gave some that are not UTF-8.
    return given.token.strip(), given.secret.encode("utf-8", "surrogateescape")


def _algorithm_of(token: str) -> str:
    try:
        header = json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))
    except (ValueError, RecursionError):
        header = None
    # Only enough to choose the key; whether the header is a proper one is the verifier's business.
    algorithm = header.get("alg") if isinstance(header, dict) else None
    if isinstance(algorithm, str) and algorithm in HASHES:
        return algorithm
    if isinstance(algorithm, str) and re.fullmatch("[A-Za-z0-9-]{1,16}", algorithm):
        text = f"the token's algorithm is {algorithm}: give one signed with a secret, by HS256, HS384 or HS512"
    else:
        text = "the token can't be read: give the whole of it, three parts of base64url joined by two dots"
    raise _StopError(text)


def _verify(token: str, secret: bytes, algorithm: str) -> jwtfast.Claims:
    try:
        key = jwtfast.Key.from_secret(secret, algorithm)
        return jwtfast.Verifier(key, audience=jwtfast.ANY, required=()).verify(token).claims
    except jwtfast.errors.InvalidKeyError as error:
        text = f"the secret can't be used: {error}"
    except jwtfast.errors.InvalidTokenError as error:
        advice = ADVICE.get(error.code, "its issuer must make a correct one")
        text = f"the token was refused ({error}): {advice}"
    raise _StopError(text)


def _race(tokens: list[str], claims: dict[str, Any], checks: Checks) -> list[_Lane]:
    by_name = {one.name: one for one in CONTENDERS}
    lanes = []
    for name, kind in ROWS:
        contender = by_name[name]
        label = contender.label if kind == "cold" else f"{contender.label}, {kind}"
        lanes.append(_Lane(label, contender.prepare(checks), kind == "cached"))
        lanes[-1].warm_up(tokens, claims)
    gc.disable()
    try:
        # Round-robin, so that all share whatever else the machine does meanwhile.
        end = time.perf_counter() + SECONDS
        turns = 0
        while turns < 3 or time.perf_counter() < end:
            turns += 1
            for lane in lanes:
                if not lane.trouble:
                    lane.take_turn(tokens)
    finally:
        gc.enable()
    return lanes


def _table(lanes: list[_Lane]) -> str:
    timed = [lane for lane in lanes if lane.times]
    base = timed[-1] if timed else None
    title = f"against {base.label}" if base else ""
    lines = [
        f"\nWhat verifying it costs ({SPELLINGS} spellings of it, each contender in turn, one thread):\n",
        f"{'':24}{'per second':>12}{'one takes':>12}  {title}",
    ]
    for lane in lanes:
        if base is None or not lane.times:
            lines.append(f"{lane.label:24}{lane.trouble:>12}")
            continue
        seconds = median(lane.times)
        speed = f"{median(base.times) / seconds:.3g} x"
        lines.append(f"{lane.label:24}{show_count(seconds):>12}{show_time(seconds):>12}  {speed:>{len(title)}}")
    lines.append("\ncached: it was verified before. All others see each token for the first time.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
