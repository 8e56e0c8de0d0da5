"""What all workers have counted, in one file that each of them maps: exact at every moment, whichever one is asked.

A worker has a row of its own for as long as it lives, held by a lock that goes with it. The next one goes on with the
numbers that are there, so a counter never goes back.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jwtfast import errors
from jwtfast.gateway.document import MAX_ISSUERS

__all__ = ["BUCKETS", "CODES", "Counts", "Row", "place_of"]

_OWN_CODES: Final = (
    "allowed",
    "public",
    "anonymous",
    "no_rule",
    "ambiguous_request",
    "untold_request",
    "untrusted_proxy",
    "other",
)
_ERRORS: Final = (getattr(errors, name) for name in errors.__all__)
CODES: Final = (*_OWN_CODES, *sorted({error.code for error in _ERRORS} - {"error", "invalid_key"}))
"""Every decision's code: a fixed set, fit for a metric's label."""

BUCKETS: Final = tuple(2**power for power in range(10, 34))
"""The upper limits of the buckets of durations, in nanoseconds: from a microsecond to eight seconds."""

_FIRST_BUCKET: Final = len(CODES)
_NAMED: Final = (
    "nanoseconds",
    "starts",
    "reloads",
    "failed_reloads",
    "hits",
    "misses",
    "beat",  # when it last wrote, in seconds since the epoch
    "cached_tokens",
    "cached_bytes",
    "revocations",  # 0: there is no list; 1: it is cut off from Redis; 2: it is not
)
_FIRST_NAMED: Final = _FIRST_BUCKET + len(BUCKETS) + 1
_FIRST_ISSUER: Final = _FIRST_NAMED + len(_NAMED)
_WIDTH: Final = _FIRST_ISSUER + 3 * MAX_ISSUERS
_NUMBER: Final = 8  # bytes
_NANOSECONDS: Final = _FIRST_NAMED + _NAMED.index("nanoseconds")

# For the number of bits of a duration in nanoseconds, where it is counted.
_PLACES: Final = tuple(
    _FIRST_BUCKET + min(max(0, bits - BUCKETS[0].bit_length() + 1), len(BUCKETS)) for bits in range(65)
)


def place_of(code: str) -> int:
    """Give where decisions of a code are counted."""
    return CODES.index(code if code in CODES else "other")


class Row:
    """A worker's numbers, none below 0.

    Attributes:
        numbers: All of them: first the decisions by CODES, then the durations by BUCKETS and above them.
    """

    __slots__ = ("numbers",)

    def __init__(self, numbers: memoryview) -> None:
        self.numbers = numbers

    def count(self, place: int, nanoseconds: int) -> None:
        """Count a decision.

        Args:
            place: What ``place_of`` gives for its code.
            nanoseconds: How long it took.
        """
        numbers = self.numbers
        numbers[place] += 1
        numbers[_PLACES[nanoseconds.bit_length()]] += 1
        numbers[_NANOSECONDS] += nanoseconds

    def __getitem__(self, name: str) -> int:
        """Give a number by its name."""
        return int(self.numbers[_FIRST_NAMED + _NAMED.index(name)])

    def __setitem__(self, name: str, value: int) -> None:
        """Set a number by its name."""
        self.numbers[_FIRST_NAMED + _NAMED.index(name)] = value

    def decisions(self) -> Iterator[tuple[str, int]]:
        """Give how many decisions there were of each code."""
        return zip(CODES, self.numbers, strict=False)

    def durations(self) -> list[int]:
        """Give how many decisions took less than each of BUCKETS, and how many more."""
        return list(self.numbers[_FIRST_BUCKET:_FIRST_NAMED])

    def set_issuer(self, place: int, *, age: int, keys: int, failures: int) -> None:
        """Note how an issuer's keys fare.

        Args:
            place: Which issuer, in the order of the file.
            age: How long ago they were fetched, in seconds.
            keys: How many there are.
            failures: How many fetches have failed since.
        """
        first = _FIRST_ISSUER + 3 * place
        self.numbers[first], self.numbers[first + 1], self.numbers[first + 2] = age, keys, failures

    def issuer(self, place: int) -> tuple[int, int, int]:
        """Give what ``set_issuer`` noted."""
        first = _FIRST_ISSUER + 3 * place
        age, keys, failures = self.numbers[first : first + 3]
        return age, keys, failures


class Counts:
    """The file, mapped."""

    def __init__(self, path: Path) -> None:
        """Map a file that ``create`` has made."""
        # Kept open: closing it would give up the lock (fcntl).
        self._file = path.open("r+b")
        size = os.fstat(self._file.fileno()).st_size
        numbers = memoryview(mmap.mmap(self._file.fileno(), size)).cast("Q")
        self.rows = [Row(numbers[start : start + _WIDTH]) for start in range(0, len(numbers), _WIDTH)]

    @staticmethod
    def create(path: Path, workers: int) -> None:
        """Make a file for so many workers, and as many that take over from one."""
        path.touch(mode=0o600, exist_ok=False)
        os.truncate(path, 2 * workers * _WIDTH * _NUMBER)

    def claim(self) -> Row:
        """Give a row that no living worker has.

        Raises:
            RuntimeError: There is none.
        """
        for place, row in enumerate(self.rows):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:
                continue
            row["starts"] += 1
            return row
        msg = "there are more workers than rows"
        raise RuntimeError(msg)
