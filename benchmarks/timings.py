"""What a run of the benchmarks has measured, and on what."""

from __future__ import annotations

import os
import platform
import ssl
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from cryptography.hazmat.backends.openssl import backend

import jwtfast
from benchmarks.contenders import CONTENDERS
from jwtfast import _native

__all__ = ["Timing", "about", "find", "merge_turns", "show_count", "show_time"]


@dataclass(frozen=True)
class Timing:
    """What one contender needs for one token, in seconds: the best round and the median."""

    kind: str
    algorithm: str
    size: str
    contender: str
    label: str
    tokens: int  # of a round
    characters: int  # of a token, the median
    best: float
    median: float
    turns: tuple[float, ...]  # the median of each turn

    @property
    def ours(self) -> bool:
        """Whether it is jwtfast, in whatever form."""
        return self.contender.startswith("jwtfast")

    @property
    def group(self) -> str:
        """What it is compared with: those of the same kind, algorithm and size."""
        return f"{self.kind} {self.algorithm} {self.size}"


# What is noted beside each time (rounds.py): the fields of a Timing before its times.
_NOTED = ("kind", "algorithm", "size", "contender", "label", "tokens", "characters")


def merge_turns(document: dict[str, Any]) -> list[Timing]:
    """Make one timing of the turns of each contender.

    Args:
        document: What pytest-benchmark has written, as read from JSON.

    Returns:
        The timings, in the order in which contenders ran first.
    """
    turns: defaultdict[tuple[Any, ...], list[tuple[float, float]]] = defaultdict(list)
    for entry in document["benchmarks"]:
        info, stats = entry["extra_info"], entry["stats"]
        row = tuple((name, info[name]) for name in _NOTED)
        turns[row].append((stats["min"] / info["tokens"], stats["median"] / info["tokens"]))
    return [
        Timing(
            **dict(row),
            best=min(best for best, _ in times),
            median=median(middle for _, middle in times),
            turns=tuple(middle for _, middle in times),
        )
        for row, times in turns.items()
    ]


def find(timings: Iterable[Timing], group: str, contender: str) -> Timing | None:
    """Find a contender's timing.

    Args:
        timings: Where to look.
        group: A kind, an algorithm and a size, like ``"cold HS256 typical"``.
        contender: The name, without a version.

    Returns:
        The timing, or None if it was not measured.
    """
    return next((one for one in timings if one.group == group and one.contender == contender), None)


def about(document: dict[str, Any], command: str) -> dict[str, str]:
    """Tell what was measured where, without naming the machine.

    Args:
        document: What pytest-benchmark has written, as read from JSON.
        command: The command that started the run.

    Returns:
        Lines of a table.
    """
    cpu = document["machine_info"]["cpu"].get("brand_raw", "unknown CPU")
    kernels = ", ".join(name for name in _native.available_kernels() if "+" not in name)
    packages = {f"{one.package} {one.distribution.version}" for one in CONTENDERS if one.distribution is not None}
    versions = [f"jwtfast {jwtfast.__version__}", *sorted(packages, key=str.lower)]
    of_package, of_python = _release(backend.openssl_version_text()), _release(ssl.OPENSSL_VERSION)
    return {
        "Machine": f"{cpu}, {os.cpu_count()} cores, {platform.machine()}",
        "Kernels": f"{_native.kernels.name} ({kernels})",
        "System": _system(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Versions": ", ".join(versions),
        "OpenSSL": f"{of_package} (cryptography's), {of_python} (Python's)",
        "Date": datetime.now(UTC).date().isoformat(),
        "Command": f"`{command}`",
    }


def show_time(seconds: float) -> str:
    """Show a short time, like ``612 ns`` or ``12.3 µs``.

    Args:
        seconds: The time in seconds.

    Returns:
        Its text.
    """
    if seconds < 1e-6:
        return f"{seconds * 1e9:.0f} ns"
    return f"{seconds * 1e6:.3g} µs" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms"


def show_count(seconds: float) -> str:
    """Show how often something happens in a second, to three digits.

    Args:
        seconds: What it takes, in seconds.

    Returns:
        The text, with thousands separated.
    """
    return f"{float(f'{1 / seconds:.3g}'):,.0f}"


def _release(text: str) -> str:
    """Give the number in a text like ``OpenSSL 3.0.1 14 Dec 2021``."""
    return text.split()[1]


def _system() -> str:
    if platform.system() == "Linux":
        try:
            return platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            return "Linux"
    if platform.system() == "Darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return f"{platform.system()} {platform.version()}"
