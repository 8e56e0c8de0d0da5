"""A request's path as the rules see it: normalised by RFC 3986, and how much of it everybody reads alike.

Between the client and the application stand servers that each read a path in their own way: one merges slashes, one
decodes ``%2F``, one takes ``;x`` off, one resolves dot segments and one doesn't. A rule must hold by all of their
readings.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["RequestPath", "UnreadablePathError", "read_path"]

# Segments of unreserved characters and some others that nobody reads in two ways (RFC 3986 section 3.3).
_PLAIN: Final = re.compile(rb"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_~.!$&'()*+,=:@-]+)*/?")
# RFC 3986 section 2.1; control characters, spaces and what is not ASCII are in no URI, a fragment in no request.
_VALID: Final = re.compile(rb"/(?:[!\"$&-~]|%[0-9A-Fa-f]{2})*")
_ENCODED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# In a segment that was normalised: what some reader takes for a separator, an end, or one more encoding.
_DOUBTFUL: Final = re.compile(rb"[\\;?]|%(?:2[35EFef]|3[BFbf]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])")
_MOST_ENCODINGS = 5  # one upon the other


class UnreadablePathError(ValueError):
    """Raised for what is no path of a URI, or climbs in a way that not everybody follows."""


class RequestPath(NamedTuple):
    """A path, normalised."""

    text: bytes
    """By RFC 3986 section 6.2.2: unreserved characters decoded, hexadecimal digits in upper case, no dot segments."""
    sure: bytes | None
    """None: all of it is read alike by everybody. Else the folder, without the slash at its end, that it is in by
    everybody's reading; what comes below that may be read in several ways."""
    as_sent: bytes
    """With its dot segments, for those who don't resolve them."""


def read_path(sent: bytes) -> RequestPath:
    """Read the path of a request's target (RFC 9112 section 3.2.1).

    Args:
        sent: It as the request line had it, without the query.

    Returns:
        It, normalised.

    Raises:
        UnreadablePathError: It is no absolute path of ASCII characters, or has both dot segments and what may be a
            separator, or climbs above the root.
    """
    if _PLAIN.fullmatch(sent) and sent:
        return RequestPath(sent, None, sent)
    if not _VALID.fullmatch(sent):
        msg = "the path is not absolute, or holds what no path holds (RFC 3986 section 3.3)"
        raise UnreadablePathError(msg)
    decoded = _ENCODED.sub(_unreserved, sent)
    segments = decoded[1:].split(b"/")
    doubtful = [_DOUBTFUL.search(segment) is not None for segment in segments]
    # An empty segment at the end is the slash at the end; any other is one that some merge.
    empty = [not segment and place < len(segments) - 1 for place, segment in enumerate(segments)]
    first = next((place for place in range(len(segments)) if doubtful[place] or empty[place]), None)
    if first is None:
        return RequestPath(_without_dots(segments), None, decoded)
    if _climbs(sent):
        msg = "the path has dot segments, and separators that not everybody takes for such"
        raise UnreadablePathError(msg)
    return RequestPath(decoded, b"".join(b"/" + segment for segment in segments[:first]), decoded)


def _unreserved(match: re.Match[bytes]) -> bytes:
    octet = int(match[1], 16)
    return bytes([octet]) if octet in _UNRESERVED else match[0].upper()


def _without_dots(segments: list[bytes]) -> bytes:
    """Resolve dot segments (RFC 3986 section 5.2.4)."""
    kept: list[bytes] = []
    for segment in segments:
        if segment == b"..":
            if not kept:
                msg = "the path climbs above the root"
                raise UnreadablePathError(msg)
            kept.pop()
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in {b".", b".."}:
        kept.append(b"")
    return b"/" + b"/".join(kept)


def _climbs(sent: bytes) -> bool:
    """Tell whether by anybody's reading there is a dot segment in it."""
    for _ in range(_MOST_ENCODINGS):
        once = _ENCODED.sub(lambda match: bytes([int(match[1], 16)]), sent)
        if once == sent:
            break
        sent = once
    else:
        return True  # whoever encodes so often wants not to be understood
    return any(segment.partition(b";")[0].rstrip(b" \0\t") in {b".", b".."} for segment in re.split(rb"[/\\?#]", sent))
