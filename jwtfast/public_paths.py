"""Paths that need no token; what could be read in two ways is not one of them (RFC 3986 sections 2.4, 5.2.4, 6.2.2)."""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["PublicPaths"]

# What a server, a proxy and an application may each understand in their own way: dot segments, empty segments,
# backslashes, parameters, what is left of a percent-encoding once it was decoded, control characters, and the mark that
# decoders leave where octets were no UTF-8.
_AMBIGUOUS = re.compile(r"/\.{1,2}(?:/|\Z)|//|[\\;%?#\x00-\x1f\x7f\ufffd]")
# The same in a path that was not decoded: encoded slashes, dots, backslashes, semicolons, percent signs, question
# marks, hashes and control characters, and what is no encoding at all or not ASCII.
_AMBIGUOUS_RAW = re.compile(
    rb"/\.{1,2}(?:/|\Z)|//|[\\;#\x00-\x20\x7f-\xff]|%(?:2[35EFef]|3[BFbf]|5[Cc]|7[Ff]|(?![2-9A-Fa-f][0-9A-Fa-f]))"
)


class PublicPaths:
    """A set of paths, by their exact text or by what they lie below.

    Args:
        patterns: Paths, percent-decoded: ``"/healthz"`` is that path alone, ``"/docs/*"`` is all below ``/docs/``.

    Raises:
        ValueError: A pattern is no absolute path, could be read in two ways, or is ``"/*"``.
        TypeError: The patterns are a str, or one is not.
    """

    def __init__(self, patterns: Collection[str] = ()) -> None:
        if isinstance(patterns, str):
            msg = f"public is a collection of paths: say public=({patterns!r},)"
            raise TypeError(msg)
        for pattern in patterns:
            if not isinstance(pattern, str):
                msg = f"a public path is a str, not {type(pattern).__name__}"
                raise TypeError(msg)
            stem = pattern.removesuffix("/*")
            if not stem.startswith("/") or "*" in stem or _AMBIGUOUS.search(pattern.removesuffix("*")):
                msg = (
                    "a public path is like '/healthz', or like '/docs/*' for all below it: absolute, percent-decoded,"
                    " without dot segments, '//', '\\', ';', '?' and '#'; to let every path go without, don't protect"
                )
                raise ValueError(msg)
        self._paths = frozenset(pattern for pattern in patterns if not pattern.endswith("/*"))
        self._prefixes = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("/*"))

    def __contains__(self, path: str) -> bool:
        """Tell whether a path, percent-decoded, is one of them, and nothing else by anybody's reading."""
        return (path in self._paths or path.startswith(self._prefixes)) and not _AMBIGUOUS.search(path)

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._paths or self._prefixes)

    def match(self, path: str, raw_path: bytes | None = None) -> bool:
        """Tell whether a request's path is one of them.

        Args:
            path: The path, percent-decoded, that the application picks its route by.
            raw_path: It as the request line had it, where the server tells: there an encoded slash can still be seen.

        Returns:
            Whether it needs no token; False where it could be read in two ways.
        """
        return path in self and (raw_path is None or not _AMBIGUOUS_RAW.search(raw_path.partition(b"?")[0]))
