"""Tokens without end, made by another process, so that what making them takes is not in the memory that is measured.

A block of memory that lives on between others that were freed keeps the allocator from giving these back. So a process
in which tokens are made as well as kept grows by more than is kept, and by how much depends on how they are made. Here
each token arrives whole, as from a socket, in a buffer that is used again and again: the one object that is made of it
is the str that is verified.
"""

from __future__ import annotations

import hmac
import json
import random
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import IO, Any

from benchmarks.tokens import SECRET, sample_claims

__all__ = ["KINDS", "make", "receive"]

# What kinds of tokens there are: how long a text is at most that is in them besides the typical claims, and what they
# are signed with.
KINDS = {
    "typical": (0, SECRET),
    "of many sizes": (11_000, SECRET),
    "forged": (0, SECRET[::-1]),
}
HEADER = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
LENGTH_BYTES = 4  # in front of each token
LONGEST = 16_384


def make(kind: str, count: int) -> Iterator[bytes]:
    """Make distinct tokens, the same ones each time but for their dates.

    Args:
        kind: One of ``KINDS``.
        count: How many.

    Yields:
        A token.
    """
    longest, secret = KINDS[kind]
    dice = random.Random(f"a stream of {kind}")  # noqa: S311 - samples, which keep no secret
    claims = sample_claims("typical", 1, int(time.time()))[0]
    for _ in range(count):
        person = dice.randrange(10**6, 10**7)
        claims |= {
            "sub": str(uuid.UUID(bytes=dice.randbytes(16), version=4)),
            "jti": dice.randbytes(16).hex(),
            "email": f"person.{person}@mail.example",
            "name": f"Ada Person {person}",
        }
        if longest:
            claims["text"] = dice.randbytes(dice.randrange(longest // 2)).hex()
        yield _sign(claims, secret)


def receive(kind: str, count: int) -> Iterator[str]:
    """Have another process make tokens.

    Args:
        kind: One of ``KINDS``.
        count: How many.

    Yields:
        A token, of which nothing is kept here.
    """
    command = [sys.executable, "-m", "benchmarks.token_stream", kind, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as maker:
        assert maker.stdout is not None
        buffer = memoryview(bytearray(LONGEST))
        for _ in range(count):
            _read(maker.stdout, buffer[:LENGTH_BYTES])
            token = buffer[: int.from_bytes(buffer[:LENGTH_BYTES], "big")]
            _read(maker.stdout, token)
            yield str(token, "ascii")


def main() -> None:
    """Write the tokens that the command line asks for to the standard output."""
    kind, count = sys.argv[1:]
    for token in make(kind, int(count)):
        sys.stdout.buffer.write(len(token).to_bytes(LENGTH_BYTES, "big") + token)


def _sign(claims: dict[str, Any], secret: bytes) -> bytes:
    # Not by PyJWT, which would take most of the time of a run.
    payload = urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).rstrip(b"=")
    message = HEADER + b"." + payload
    return message + b"." + urlsafe_b64encode(hmac.digest(secret, message, "sha256")).rstrip(b"=")


def _read(stream: IO[bytes], buffer: memoryview) -> None:
    while buffer:
        # The stream is not buffered: it has readinto(), which its type does not tell.
        count = stream.readinto(buffer)  # type: ignore[attr-defined]
        assert count, "the process that makes tokens has ended"
        buffer = buffer[count:]


if __name__ == "__main__":
    main()
