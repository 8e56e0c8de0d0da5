"""What is taken for an answer, whoever asked: the rules that hold for each way of fetching a document."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

__all__ = ["MAX_BYTES", "AnswerRules", "FetchError", "printable"]

MAX_BYTES = 2**19
"""How long a document may be where nothing else is said."""


class FetchError(Exception):
    """Raised when a document could not be had, or was not to be trusted. Says why, and nothing of what came.

    Attributes:
        is_absent: Whether the server says that there is none.
    """

    def __init__(self, message: str, *, is_absent: bool = False) -> None:
        super().__init__(message)
        self.is_absent = is_absent


class AnswerRules:
    """Refuses answers that are none, by what is seen of them first."""

    __slots__ = ("max_bytes",)

    def __init__(self, max_bytes: int) -> None:
        """Take the limit.

        Args:
            max_bytes: How long a document may be.
        """
        self.max_bytes = max_bytes

    @staticmethod
    def request_headers() -> dict[str, str]:
        """Give what to send with a request."""
        return {
            "Accept": "application/json, application/jwk-set+json;q=0.9, */*;q=0.1",
            "Accept-Encoding": "identity",  # a small answer may unpack to a large one
            "User-Agent": f"jwtfast/{version('jwtfast')}",
        }

    def check_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Refuse an answer by its status and headers.

        Args:
            status: Its status.
            headers: Its headers, found whatever the case of their names.

        Raises:
            FetchError: It brings no document that will do.
        """
        if 300 <= status < 400:
            msg = f"it answered {status}, and redirects are not followed: configure the address that they end at"
            raise FetchError(msg)
        if status != 200:
            msg = f"it answered {status}"
            raise FetchError(msg, is_absent=400 <= status < 500)
        if headers.get("content-encoding", "identity").lower() != "identity":
            msg = "it answered with a compressed document, unasked"
            raise FetchError(msg)
        length = headers.get("content-length", "0")
        self.check_length(int(length[:20]) if length.isdecimal() else self.max_bytes + 1)

    def check_length(self, length: int) -> None:
        """Refuse a document that is, or says to be, too long.

        Args:
            length: How long it is so far, in bytes.

        Raises:
            FetchError: It is too long.
        """
        if length > self.max_bytes:
            msg = f"its answer is longer than max_bytes ({self.max_bytes})"
            raise FetchError(msg)

    @staticmethod
    def check_body(body: bytes | bytearray, content_type: str) -> None:
        """Refuse a page for people.

        Args:
            body: The document.
            content_type: What it says to be; empty where that doesn't count.

        Raises:
            FetchError: It is HTML.
        """
        if content_type.lower().startswith(("text/html", "application/xhtml")) or body.lstrip()[:1] == b"<":
            msg = "it answered with HTML: the address is wrong, or a proxy's or a login page answers for it"
            raise FetchError(msg)


def printable(text: str) -> str:
    """Give a foreign text as one short line."""
    return "".join(character if character.isprintable() else "?" for character in text[:200])
