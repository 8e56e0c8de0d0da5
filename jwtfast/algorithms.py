"""The JWA table (RFC 7518 section 3.1): what each algorithm name means for a key."""

from __future__ import annotations

from typing import NamedTuple

from jwtfast.errors import InvalidKeyError

__all__ = ["ALGORITHMS", "Algorithm", "find_algorithm"]


class Algorithm(NamedTuple):
    """One row of the table.

    ``key_type`` is the JWK ``kty``, ``hash_name`` the hash's name in hashlib, ``min_bytes`` the least length of a
    secret in bytes (RFC 7518 section 3.2: that of the hash).
    """

    name: str
    key_type: str
    hash_name: str
    min_bytes: int


ALGORITHMS = {
    row.name: row
    for row in (
        Algorithm("HS256", "oct", "sha256", 32),
        Algorithm("HS384", "oct", "sha384", 48),
        Algorithm("HS512", "oct", "sha512", 64),
    )
}


def find_algorithm(name: str) -> Algorithm:
    """Give the row of an algorithm.

    Args:
        name: The ``alg`` value, exactly as the standard spells it.

    Returns:
        Its row.

    Raises:
        InvalidKeyError: There is no such algorithm; ``none`` is none.
        TypeError: The name is not a str.
    """
    if not isinstance(name, str):
        msg = f"an algorithm is named by a str, not {type(name).__name__}"
        raise TypeError(msg)
    try:
        return ALGORITHMS[name]
    except KeyError:
        msg = f"unknown algorithm {name!r}: use one of {', '.join(ALGORITHMS)}"
        raise InvalidKeyError(msg) from None
