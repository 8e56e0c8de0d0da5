"""What ``instructions.py`` counts: ``python -m benchmarks.instruction_paths PATH`` goes one path, and ends at once.

Up to that path all runs do the same, so the counts of two of them differ by what their paths differ; but for some
40,000 instructions, where a block of memory happens to be clean or not, which is why short paths are gone more often.
It imports no more than it must, since all of it runs some fifty times as slowly as usual.
"""

from __future__ import annotations

import gc
import hmac
import json
import os
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from jwtfast import Key, Verifier, _native, errors

__all__ = ["COUNTED"]

WARM_UP = 50  # tokens on each path before it is counted, so that memory is there and the interpreter knows the loops
# How many tokens there are then on each path, and how often they are gone through; what is cold can only be so once.
COUNTED = {
    "nothing": (0, 0),
    "empty": (400, 100),
    "mac": (400, 10),
    "cold": (1600, 1),
    "cached": (400, 100),
    "rejected": (400, 10),
}
SECRET = b"a secret of forty-one bytes for an HS256."
# All of the tokens are typical ones, always the same, and expire in the year 2100.
CLAIMS: dict[str, Any] = {
    "iss": "https://login.example",
    "aud": ["https://api.example", "account"],
    "exp": 4_102_444_800,
    "nbf": 1_700_000_000,
    "iat": 1_700_000_000,
    "scope": "openid profile email orders:read orders:write",
    "realm_access": {"roles": ["user", "editor"]},
}


def main() -> None:
    """Go the path that the command line names, or none."""
    gc.disable()
    verifier = Verifier(Key.from_secret(SECRET, "HS256"), issuer=CLAIMS["iss"], audience=CLAIMS["aud"][0])
    held, unseen, forged = (
        [make(f"{path} {number}") for number in range(WARM_UP + COUNTED[path][0])]
        for path in ("cached", "cold", "rejected")
    )
    call(verifier.verify, held)
    paths: dict[str, tuple[Callable[..., None], Callable[[Any], object], list[Any]]] = {
        "empty": (call, id, held),
        "mac": (call, _native.HmacKey("sha256", SECRET, "HS256").sign, [token[:-44].encode() for token in unseen]),
        "cold": (call, verifier.verify, unseen),
        "cached": (call, verifier.verify, held),
        "rejected": (refuse, verifier.verify, [forge(token) for token in forged]),
    }
    for loop, function, arguments in paths.values():
        loop(function, arguments[:WARM_UP])
    path = sys.argv[1]
    if path in paths:
        loop, function, arguments = paths[path]
        count, passes = COUNTED[path]
        counted = arguments[WARM_UP : WARM_UP + count]
        for _ in range(passes):
            loop(function, counted)
    # What was made on the way is not taken down again, which would be in the count.
    os._exit(0)


def make(name: str) -> str:
    """Make a token, of the same length for all names."""
    number = hmac.digest(b"", name.encode(), "sha256").hex()
    claims = CLAIMS | {"sub": number[:36], "jti": number[:32], "email": f"person.{number[:7]}@mail.example"}
    parts = [json.dumps(one, separators=(",", ":")).encode() for one in ({"alg": "HS256", "typ": "JWT"}, claims)]
    message = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = urlsafe_b64encode(hmac.digest(SECRET, message, "sha256")).rstrip(b"=")
    return f"{message.decode()}.{signature.decode()}"


def forge(token: str) -> str:
    """Spoil a signature in its middle."""
    return token[:-20] + ("B" if token[-20] == "A" else "A") + token[-19:]


def call(function: Callable[[Any], object], arguments: list[Any]) -> None:
    """Call a function with each of them."""
    for argument in arguments:
        function(argument)


def refuse(verify: Callable[[Any], object], tokens: list[Any]) -> None:
    """Have tokens refused."""
    for token in tokens:
        try:
            verify(token)
        except errors.InvalidSignatureError:
            continue
        sys.exit("a forged token was accepted")


if __name__ == "__main__":
    main()
