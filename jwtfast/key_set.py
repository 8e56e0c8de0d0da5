"""Key sets (RFC 7517 section 5): the keys that a token may be signed with, found by what its header says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from jwtfast._native import Generation, PreparedKey
from jwtfast.algorithms import find_algorithm
from jwtfast.errors import InvalidKeyError
from jwtfast.keys import Key, json_object

__all__ = ["KeySet", "SkippedKey"]


class SkippedKey(NamedTuple):
    """A member of a JWK set that is no usable key: its place in the set, its ``kid``, and why it was skipped."""

    position: int
    key_id: str | None
    reason: str


class _Index:
    """The keys of a set, by what a token's header says."""

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
        if not self.keys:
            msg = "a key set needs at least one key"
            raise InvalidKeyError(msg)
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
        self._index = _Index(keys)
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
        self._index = _Index(keys)
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
        rsa_algorithms = _rsa_algorithms(algorithms)
        members = json_object("a JWK set", document).get("keys")
        if not isinstance(members, list):
            msg = "a JWK set has a member 'keys' that is an array; for a single JWK use Key.from_jwk"
            raise InvalidKeyError(msg)
        keys: list[Key] = []
        skipped: list[SkippedKey] = []
        taken: set[tuple[str, str | None]] = set()
        for position, jwk in enumerate(members):
            try:
                for key in _keys_of_member(jwk, rsa_algorithms):
                    _require_unused_kid(key, taken)
                    keys.append(key)
            except InvalidKeyError as error:
                kid = jwk.get("kid") if isinstance(jwk, Mapping) else None
                skipped.append(SkippedKey(position, kid if isinstance(kid, str) else None, str(error)))
        if not keys:
            reasons = "; ".join(f"{skip.position}: {skip.reason}" for skip in skipped[:8]) or "it is empty"
            msg = f"the JWK set has no usable key ({reasons})"
            raise InvalidKeyError(msg)
        key_set = cls(keys)
        key_set.skipped = tuple(skipped)
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
        index = self._index
        if key_id is None:
            return index.by_algorithm.get(algorithm, ())
        named = index.by_key_id.get((algorithm, key_id))
        return (named,) if named is not None else index.nameless.get(algorithm, ())

    def __iter__(self) -> Iterator[Key]:
        return iter(self._index.keys)

    def __len__(self) -> int:
        return len(self._index.keys)

    def __repr__(self) -> str:
        return f"<KeySet of {len(self)}>"


def _rsa_algorithms(names: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        msg = f"algorithms is a collection of names: say algorithms=({names!r},)"
        raise TypeError(msg)
    rows = [find_algorithm(name) for name in names]
    for row in rows:
        if row.key_type != "RSA":
            msg = f"algorithms says what RSA keys are for, and {row.name} is not for RSA keys"
            raise InvalidKeyError(msg)
    return [row.name for row in rows]


def _keys_of_member(jwk: Any, rsa_algorithms: list[str]) -> list[Key]:
    """Read one member of a JWK set; an RSA key without ``alg`` is one key for each algorithm it may be for."""
    if not isinstance(jwk, Mapping):
        msg = "it is not a JSON object"
        raise InvalidKeyError(msg)
    if jwk.get("kty") == "RSA" and "alg" not in jwk and rsa_algorithms:
        return [Key.from_jwk(jwk, name) for name in rsa_algorithms]
    return [Key.from_jwk(jwk)]


def _require_unused_kid(key: Key, taken: set[tuple[str, str | None]]) -> None:
    names = {(name, key.key_id) for name in key.names}
    if key.key_id is not None and names & taken:
        msg = f"an earlier {key.algorithm} key of the set has the same kid"
        raise InvalidKeyError(msg)
    taken |= names
