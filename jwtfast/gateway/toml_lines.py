"""On which line of a TOML document a key stands: the standard library's reader tells only of broken syntax."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["TomlPath", "line_of"]

TomlPath = tuple[str | int, ...]
"""A place in a document, like ``("rules", 0, "scopes")``."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_TABLE = re.compile(rf"[ \t]*\[[ \t]*({_DOTTED})[ \t]*\]")
_ELEMENT = re.compile(rf"[ \t]*\[\[[ \t]*({_DOTTED})[ \t]*\]\]")
_PAIR = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Give the line of a key or a table, or of what it is nearest in.

    Args:
        text: A document whose syntax is right.
        path: The place.

    Returns:
        The number of the line, from 1 on.
    """
    found = dict(_places(text))
    for length in range(len(path), 0, -1):
        if tuple(path[:length]) in found:
            return found[tuple(path[:length])]
    return 1


def _places(text: str) -> Iterator[tuple[TomlPath, int]]:
    # What stands in a string over several lines may look like a pair; the worst that comes of it is a wrong line.
    counts: dict[TomlPath, int] = {}
    table: TomlPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        if element := _ELEMENT.match(line):
            array = _resolved(_keys(element[1]), counts)
            counts[array] = counts.get(array, -1) + 1
            table = (*array, counts[array])
            yield table, number
        elif header := _TABLE.match(line):
            table = _resolved(_keys(header[1]), counts)
            yield table, number
        elif pair := _PAIR.match(line):
            keys = _keys(pair[1])
            for length in range(1, len(keys) + 1):
                yield (*table, *keys[:length]), number


def _keys(dotted: str) -> list[str]:
    return [key[1:-1] if key[0] in "\"'" else key for key in re.findall(_KEY, dotted)]


def _resolved(keys: list[str], counts: dict[TomlPath, int]) -> TomlPath:
    """Put the number of the last element behind each array of tables on the way."""
    path: TomlPath = ()
    for place, key in enumerate(keys):
        path = (*path, key)
        if path in counts and place < len(keys) - 1:
            path = (*path, counts[path])
    return path
