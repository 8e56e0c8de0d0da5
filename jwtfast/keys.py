"""Keys and key sets (RFC 7517): read once, checked once, bound to one algorithm each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NoReturn

import orjson

from jwtfast._native import HmacKey, PreparedKey
from jwtfast.algorithms import find_algorithm
from jwtfast.errors import InvalidKeyError

__all__ = ["Key", "KeySet"]

_SSH_PREFIXES = (b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-")


class Key:
    """A key for one algorithm. Build it with one of the ``from_`` methods; it prints without its material."""

    __slots__ = ("prepared",)

    prepared: PreparedKey
    """What the compiled core verifies with."""

    def __init__(self) -> None:
        msg = "build a Key with Key.from_secret"
        raise TypeError(msg)

    @classmethod
    def _of(cls, prepared: PreparedKey) -> Key:
        key = object.__new__(cls)
        object.__setattr__(key, "prepared", prepared)
        return key

    @classmethod
    def from_secret(cls, secret: str | bytes, algorithm: str, *, key_id: str | None = None) -> Key:
        """Make a key for HMAC from a shared secret (RFC 7518 section 3.2).

        Args:
            secret: The secret's octets, at least as many as the hash has: 32 for HS256, 48 for HS384, 64 for HS512. A
                str stands for its UTF-8.
            algorithm: ``HS256``, ``HS384`` or ``HS512``.
            key_id: The ``kid`` that tokens signed with it carry, if they carry one.

        Returns:
            The key.

        Raises:
            InvalidKeyError: The secret is too short, or is no secret but the text of a PEM, DER, SSH or JWK key; or the
                algorithm is not one of HMAC's.
            TypeError: An argument is of the wrong type.
        """
        row = find_algorithm(algorithm)
        if row.key_type != "oct":
            msg = f"{algorithm} takes no shared secret"
            raise InvalidKeyError(msg)
        if isinstance(secret, str):
            octets = secret.encode("utf-8", "surrogatepass")
        elif isinstance(secret, bytes):
            octets = secret
        else:
            msg = f"a secret is str or bytes, not {type(secret).__name__}"
            raise TypeError(msg)
        _refuse_other_key_text(octets)
        if len(octets) < row.min_bytes:
            msg = (
                f"a secret for {algorithm} has at least {row.min_bytes} bytes (RFC 7518 section 3.2), this one "
                f"{len(octets)}: make one with secrets.token_bytes({row.min_bytes})"
            )
            raise InvalidKeyError(msg)
        return cls._of(HmacKey(row.hash_name, octets, algorithm, _checked_key_id(key_id)))

    @property
    def algorithm(self) -> str:
        """The one algorithm it is for, as the header's ``alg`` spells it (RFC 7515 section 4.1.1)."""
        return self.prepared.algorithm

    @property
    def key_id(self) -> str | None:
        """Its ``kid`` (RFC 7517 section 4.5), or None."""
        return self.prepared.key_id

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = "a Key can't be changed"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        msg = "a Key can't be changed"
        raise AttributeError(msg)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "a Key can't be pickled or copied: its material would end up where nothing wipes it"
        raise TypeError(msg)

    def __repr__(self) -> str:
        kid = "" if self.key_id is None else f" kid={self.key_id!r}"
        return f"<Key {self.algorithm}{kid} secret>"


class KeySet:
    """Keys that a token may be signed with. It never changes; its keys are the algorithms that are allowed."""

    __slots__ = ("_by_algorithm", "_by_key_id", "_keys", "_nameless")

    def __init__(self, keys: Iterable[Key]) -> None:
        """Collect keys.

        Args:
            keys: The keys, at least one. Two of them may have one ``kid`` if their algorithms differ.

        Raises:
            InvalidKeyError: There are no keys, or two have one ``kid`` and one algorithm.
            TypeError: One of them is no Key.
        """
        self._keys = tuple(keys)
        by_algorithm: defaultdict[str, list[PreparedKey]] = defaultdict(list)
        by_key_id: dict[tuple[str, str], PreparedKey] = {}
        for key in self._keys:
            if not isinstance(key, Key):
                msg = f"a key set is made of Key objects, not {type(key).__name__}: build one with Key.from_secret"
                raise TypeError(msg)
            by_algorithm[key.algorithm].append(key.prepared)
            if key.key_id is not None:
                name = (key.algorithm, key.key_id)
                if name in by_key_id:
                    msg = f"two {key.algorithm} keys have the kid {key.key_id!r}: a kid names one key of an algorithm"
                    raise InvalidKeyError(msg)
                by_key_id[name] = key.prepared
        if not self._keys:
            msg = "a key set needs at least one key"
            raise InvalidKeyError(msg)
        self._by_algorithm = {name: tuple(prepared) for name, prepared in by_algorithm.items()}
        self._nameless = {
            name: tuple(key for key in prepared if key.key_id is None) for name, prepared in by_algorithm.items()
        }
        self._by_key_id = by_key_id

    def candidates(self, algorithm: str, key_id: str | None) -> tuple[PreparedKey, ...]:
        """Give the keys that may have signed a token (RFC 7515 sections 4.1.1 and 4.1.4).

        Args:
            algorithm: The header's ``alg``.
            key_id: The header's ``kid``, or None where it has none.

        Returns:
            Without a kid all keys of the algorithm; with one the key of that kid and algorithm, or, where there is
            none, the algorithm's keys that have no kid.
        """
        if key_id is None:
            return self._by_algorithm.get(algorithm, ())
        named = self._by_key_id.get((algorithm, key_id))
        return (named,) if named is not None else self._nameless.get(algorithm, ())

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<KeySet of {len(self)}>"


def _checked_key_id(key_id: str | None) -> str | None:
    if key_id is not None and not isinstance(key_id, str):
        msg = f"key_id is a str or None, not {type(key_id).__name__}"
        raise TypeError(msg)
    return key_id


def _refuse_other_key_text(secret: bytes) -> None:
    """Refuse what is some other key's text: with a public key as the secret anybody could sign (CVE-2022-29217)."""
    if not secret:
        msg = "an HMAC secret can't be empty"
        raise InvalidKeyError(msg)
    stripped = secret.strip()
    if b"-----BEGIN " in secret:
        kind = "PEM"
    elif stripped.startswith(_SSH_PREFIXES) or stripped.startswith(b"---- BEGIN SSH2"):
        kind = "an SSH key"
    elif stripped.startswith(b"{") and _is_jwk(stripped):
        kind = "a JWK or JWK set"
    elif _is_der(secret):
        kind = "DER"
    else:
        return
    msg = f"this secret is {kind}, a key of another kind: with a public key as its secret, anybody could sign a token"
    raise InvalidKeyError(msg)


def _is_jwk(text: bytes) -> bool:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and ("kty" in document or "keys" in document)


def _is_der(data: bytes) -> bool:
    """Whether it is a SEQUENCE, of exactly its length, of whole elements, as every DER key is.

    Random octets are taken for that about once in 2^32 times.
    """
    content = _der_content(data, 0)
    if data[0] != 0x30 or content is None or content[1] != len(data):
        return False
    at, end = content
    elements = 0
    while at < end:
        element = _der_content(data, at)
        if element is None or element[1] > end or (elements == 0 and data[at] not in (0x02, 0x30)):
            return False
        at, elements = element[1], elements + 1
    return elements > 1


def _der_content(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the content of the element at ``at`` begins and ends, or None if there is no definite length."""
    if at + 2 > len(data):
        return None
    length = data[at + 1]
    at += 2
    if length > 0x84 or length == 0x80:
        return None
    if length > 0x80:
        octets = length - 0x80
        if at + octets > len(data):
            return None
        length = int.from_bytes(data[at : at + octets], "big")
        at += octets
    return at, at + length
