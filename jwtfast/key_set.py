"""Key sets (RFC 7517 section 5): the keys that a token may be signed with, found by what its header says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

from jwtfast._native import Generation, PreparedKey
from jwtfast.algorithms import find_algorithm
from jwtfast.errors import InvalidKeyError
from jwtfast.keys import Key, json_object

__all__ = [
    "FetchedKeys",
    "KeyIndex",
    "KeySet",
    "KeySource",
    "SkippedKey",
    "keys_of_member",
    "nothing_usable",
    "read_jwks",
    "rsa_algorithms",
]


class SkippedKey(NamedTuple):
    """A member of a JWK set that is no usable key: its place in the set, its ``kid``, and why it was skipped."""

    position: int
    key_id: str | None
    reason: str


@runtime_checkable
class KeySource(Protocol):
    """Keys as a ``Verifier`` asks for them."""

    @property
    def generation(self) -> Generation:
        """Advanced after each change of the keys: remembered tokens are judged again. One object for good."""

    def candidates(self, algorithm: str, key_id: str | None, /) -> tuple[PreparedKey, ...]:
        """Give the keys that may have signed a token with this header, those that are there: no waiting."""


class FetchedKeys(KeySource, Protocol):
    """Keys that come from elsewhere, so that one which is not there may be on its way."""

    def seek(self, algorithm: str, /) -> bool:
        """Have a key looked for that ``candidates`` doesn't know; no waiting here either.

        Args:
            algorithm: The header's ``alg``.

        Returns:
            Whether a fetch that may bring it is under way and worth waiting for.

        Raises:
            KeySetUnavailableError: There are no keys, and waiting is of no use.
        """

    def wait(self) -> None:
        """Wait for the fetch under way, for a bounded time."""

    async def wait_async(self) -> None:
        """Wait for the fetch under way, for a bounded time, and leave the event loop to others."""


class KeyIndex:
    """Keys, by what a token's header says. It may be empty, and never changes."""

    __slots__ = ("by_algorithm", "by_key_id", "keys", "nameless")

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        by_algorithm: defaultdict[str, list[PreparedKey]] = defaultdict(list)
        self.by_key_id: dict[tuple[str, str], PreparedKey] = {}
        for key in self.keys:
            if not isinstance(key, Key):
                msg = f"a key set is made of Key objects, not {type(key).__name__}: build one with Key.from_secret"
                raise TypeError(msg)
            for name in key.names:
                by_algorithm[name].append(key.prepared)
                self._note_key_id(name, key)
        self.by_algorithm = {name: tuple(prepared) for name, prepared in by_algorithm.items()}
        self.nameless = {
            name: tuple(key for key in prepared if key.key_id is None) for name, prepared in by_algorithm.items()
        }

    def _note_key_id(self, name: str, key: Key) -> None:
        if key.key_id is None:
            return
        if (name, key.key_id) in self.by_key_id:
            msg = f"two {name} keys have the kid {key.key_id!r}: a kid names one key of an algorithm"
            raise InvalidKeyError(msg)
        self.by_key_id[name, key.key_id] = key.prepared

    def candidates(self, algorithm: str, key_id: str | None) -> tuple[PreparedKey, ...]:
        """Give the keys that may have signed a token, as ``KeySet.candidates`` does."""
        if key_id is None:
            return self.by_algorithm.get(algorithm, ())
        named = self.by_key_id.get((algorithm, key_id))
        return (named,) if named is not None else self.nameless.get(algorithm, ())


class KeySet:
    """Keys that a token may be signed with; they are the algorithms that are allowed.

    ``replace`` exchanges all of them at once, for every verifier that uses the set.
    """

    __slots__ = ("_index", "generation", "skipped")

    generation: Generation
    """Advanced by ``replace``: cached tokens are judged again, by the new keys."""
    skipped: tuple[SkippedKey, ...]
    """What ``from_jwks`` could not use."""

    def __init__(self, keys: Iterable[Key]) -> None:
        """Collect keys.

        Args:
            keys: The keys, at least one. Two of them may have one ``kid`` if their algorithms differ.

        Raises:
            InvalidKeyError: There are no keys, or two have one ``kid`` and one algorithm.
            TypeError: One of them is no Key, or the set is filled already.
        """
        if hasattr(self, "_index"):
            msg = "a KeySet is filled once: exchange its keys with replace()"
            raise TypeError(msg)
        self._index = _index_of_some(keys)
        self.generation = Generation()
        self.skipped = ()

    def replace(self, keys: Iterable[Key]) -> None:
        """Exchange all keys: those that are not among the new ones verify nothing from the next call on.

        Tokens that are remembered stay so if the very Key object that verified them is among the new ones.

        Args:
            keys: The new keys, at least one.

        Raises:
            InvalidKeyError: There are no keys, or two have one ``kid`` and one algorithm; the old ones stay.
            TypeError: One of them is no Key; the old ones stay.
        """
        self._index = _index_of_some(keys)
        self.generation.advance()

    @classmethod
    def from_jwks(cls, document: Mapping[str, Any] | str | bytes, *, algorithms: Iterable[str] = ("RS256",)) -> KeySet:
        """Read a JWK set (RFC 7517 section 5).

        A member that can't be used is skipped and listed in ``skipped`` with the reason.

        Args:
            document: The set, as a mapping or as JSON text.
            algorithms: What an RSA key is for that does not say it by ``alg``.

        Returns:
            The usable keys.

        Raises:
            InvalidKeyError: It is no JWK set, or no member of it is usable.
            TypeError: An argument is of the wrong type.
        """
        keys, skipped = read_jwks(document, partial(keys_of_member, rsa=rsa_algorithms(algorithms)))
        if not keys:
            raise InvalidKeyError(nothing_usable(skipped))
        key_set = cls(keys)
        key_set.skipped = skipped
        return key_set

    def to_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Give the public halves as a JWK set (RFC 7517 section 5).

        Returns:
            The set, ready to be published: a shared secret is never in it.
        """
        return {"keys": [key.to_jwk() for key in self if not key.is_secret]}

    def candidates(self, algorithm: str, key_id: str | None) -> tuple[PreparedKey, ...]:
        """Give the keys that may have signed a token (RFC 7515 sections 4.1.1 and 4.1.4).

        Args:
            algorithm: The header's ``alg``.
            key_id: The header's ``kid``, or None where it has none.

        Returns:
            Without a kid all keys of the algorithm; with one the key of that kid and algorithm, or, where there is
            none, the algorithm's keys that have no kid.
        """
        return self._index.candidates(algorithm, key_id)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._index.keys)

    def __len__(self) -> int:
        return len(self._index.keys)

    def __repr__(self) -> str:
        return f"<KeySet of {len(self)}>"


def _index_of_some(keys: Iterable[Key]) -> KeyIndex:
    index = KeyIndex(keys)
    if not index.keys:
        msg = "a key set needs at least one key"
        raise InvalidKeyError(msg)
    return index


def read_jwks(
    document: Mapping[str, Any] | str | bytes, read_member: Callable[[Any], list[Key]]
) -> tuple[list[Key], tuple[SkippedKey, ...]]:
    """Read the members of a JWK set, and skip those that can't be used (RFC 7517 section 5).

    Args:
        document: The set, as a mapping or as JSON text.
        read_member: Gives a member's keys; InvalidKeyError where it is not usable.

    Returns:
        The usable keys, perhaps none, and what was skipped.

    Raises:
        InvalidKeyError: It is no JWK set.
        TypeError: It is neither mapping nor text.
    """
    members = json_object("a JWK set", document).get("keys")
    if not isinstance(members, list):
        msg = "a JWK set has a member 'keys' that is an array; for a single JWK use Key.from_jwk"
        raise InvalidKeyError(msg)
    keys: list[Key] = []
    skipped: list[SkippedKey] = []
    taken: set[tuple[str, str | None]] = set()
    for position, jwk in enumerate(members):
        try:
            for key in read_member(jwk):
                _require_unused_kid(key, taken)
                keys.append(key)
        except InvalidKeyError as error:
            kid = jwk.get("kid") if isinstance(jwk, Mapping) else None
            skipped.append(SkippedKey(position, kid if isinstance(kid, str) else None, str(error)))
    return keys, tuple(skipped)


def nothing_usable(skipped: tuple[SkippedKey, ...]) -> str:
    """Say that a JWK set has no usable key, and why."""
    reasons = "; ".join(f"{skip.position}: {skip.reason}" for skip in skipped[:8]) or "it is empty"
    return f"the JWK set has no usable key ({reasons})"


def rsa_algorithms(names: Iterable[str]) -> list[str]:
    """Check what RSA keys that have no ``alg`` are said to be for.

    Args:
        names: The names of the algorithms.

    Returns:
        They.

    Raises:
        InvalidKeyError: One of them is not for RSA keys, or not known.
        TypeError: It is no collection of names.
    """
    if isinstance(names, str):
        msg = f"algorithms is a collection of names: say algorithms=({names!r},)"
        raise TypeError(msg)
    rows = [find_algorithm(name) for name in names]
    for row in rows:
        if row.key_type != "RSA":
            msg = f"algorithms says what RSA keys are for, and {row.name} is not for RSA keys"
            raise InvalidKeyError(msg)
    return [row.name for row in rows]


def keys_of_member(jwk: Any, *, rsa: list[str]) -> list[Key]:
    """Read one member of a JWK set; an RSA key without ``alg`` is one key for each algorithm it may be for.

    Args:
        jwk: The member.
        rsa: The algorithms that RSA keys without ``alg`` may be for.

    Returns:
        The keys.

    Raises:
        InvalidKeyError: It is no usable key.
    """
    if not isinstance(jwk, Mapping):
        msg = "it is not a JSON object"
        raise InvalidKeyError(msg)
    if jwk.get("kty") == "RSA" and "alg" not in jwk and rsa:
        return [Key.from_jwk(jwk, name) for name in rsa]
    return [Key.from_jwk(jwk)]


def _require_unused_kid(key: Key, taken: set[tuple[str, str | None]]) -> None:
    names = {(name, key.key_id) for name in key.names}
    if key.key_id is not None and names & taken:
        msg = f"an earlier {key.algorithm} key of the set has the same kid"
        raise InvalidKeyError(msg)
    taken |= names
