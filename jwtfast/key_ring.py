"""Key rotation without an outage: an issuer's next, signing and retired keys, with their times.

A key is published before it signs, for as long as verifiers may go without fetching the document, and it stays
published until the last token that it signed has expired. One key signs, one is next; the others are retired.
"""

from __future__ import annotations

import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, NoReturn

from jwtfast.claims import number_of_seconds
from jwtfast.errors import InvalidKeyError, KeyRingError, RotationTooEarlyError
from jwtfast.key_ring_file import KeyRingFile, Stamp
from jwtfast.key_set import KeySet
from jwtfast.keys import Key

__all__ = ["KeyRing", "RingKey"]


class RingKey(NamedTuple):
    """A key of a ring, and its instants in seconds since the epoch."""

    key: Key
    """The key; a retired one without its private half, which nobody needs again."""
    published_at: float
    """Since when it is in the document."""
    signs_from: float | None
    """Since when it signs; None: it has yet to."""
    retired_at: float | None
    """Since when it signs no more; None: it still does, or has yet to."""
    longest_lifetime: int
    """For how long the longest-lived token was valid that it signed, in seconds."""

    @property
    def state(self) -> Literal["next", "signing", "retired"]:
        """What it does in its ring."""
        return "next" if self.signs_from is None else "signing" if self.retired_at is None else "retired"


class _Keys(NamedTuple):
    """The keys of a ring at an instant: what is exchanged as a whole, and never changed."""

    next: RingKey
    signing: RingKey
    retired: tuple[RingKey, ...]

    def all(self) -> tuple[RingKey, ...]:
        return (self.signing, self.next, *self.retired)

    def named(self, key_id: str) -> RingKey:
        for entry in self.all():
            if entry.key.key_id == key_id:
                return entry
        msg = "the ring has no key of this kid: it was removed, or never there"
        raise KeyRingError(msg)


class KeyRing:
    """Keys that follow one another; give it to an ``Issuer`` as its key, and publish its ``to_jwks()``.

    Any number of threads may share it, and any number of processes the file of one. It prints without key material.
    """

    __slots__ = (
        "_algorithm",
        "_clock",
        "_complaint",
        "_file",
        "_key_set",
        "_keys",
        "_lead_time",
        "_leeway",
        "_lock",
        "_look_at",
        "_publishing",
        "_reload_every",
        "_rsa_bits",
        "_stamp",
    )

    _keys: _Keys
    _key_set: KeySet
    _file: KeyRingFile | None
    _stamp: Stamp | None
    _complaint: str

    def __init__(
        self,
        algorithm: str = "ES256",
        *,
        first: Key | None = None,
        lead_time: float = 3600,
        leeway: float = 60,
        rsa_bits: int = 2048,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Begin a ring in memory; ``KeyRing.open`` gives one that outlives its process.

        Args:
            algorithm: The ``alg`` of the keys that it makes.
            first: The key to begin with; None: a new one.
            lead_time: For how long a key is published before it may sign, in seconds: at least as long as verifiers
                keep the document before they fetch it again.
            leeway: By how much verifiers may accept tokens beyond their ``exp``, in seconds.
            rsa_bits: The length of an RSA key's modulus, in bits.
            clock: Tells the time, in seconds since the epoch; None: the system's clock.

        Raises:
            InvalidKeyError: There is no such algorithm, or the first key can't sign.
            ValueError: A time is negative or not finite.
            TypeError: An argument is of the wrong type.
        """
        self._configure(algorithm, lead_time, leeway, rsa_bits, clock)
        self._file, self._stamp, self._reload_every, self._look_at = None, None, 0.0, math.inf
        self._install(self._begun(first))

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        algorithm: str = "ES256",
        *,
        passphrase: str | bytes | None = None,
        create: bool = True,
        reload_every: float = 1,
        first: Key | None = None,
        lead_time: float = 3600,
        leeway: float = 60,
        rsa_bits: int = 2048,
        clock: Callable[[], float] | None = None,
    ) -> KeyRing:
        """Open the ring that is kept in a file, or begin one there.

        The file and its folder must be on a file system with locks; beside it lies an empty file of its name and
        ``.lock``. Every change is on disk before it takes effect. Processes that share the file take the same options.

        Args:
            path: Where it is kept.
            algorithm: The ``alg`` of the keys that it makes. The keys that are there keep theirs: to change the
                algorithm, open with the new one and rotate twice.
            passphrase: What it is encrypted with; None: it is not encrypted.
            create: Whether to begin a ring where there is no file. A program that expects one says False, so that a
                disk that is not there is not taken for a new start.
            reload_every: For how long this process may go without looking whether another has changed the file, in
                seconds. It is allowed for in ``ready_at`` and ``safe_to_remove``.
            first: The key to begin with where there is no file; None: a new one.
            lead_time: For how long a key is published before it may sign, in seconds: at least as long as verifiers
                keep the document before they fetch it again.
            leeway: By how much verifiers may accept tokens beyond their ``exp``, in seconds.
            rsa_bits: The length of an RSA key's modulus, in bits.
            clock: Tells the time, in seconds since the epoch; None: the system's clock.

        Returns:
            The ring.

        Raises:
            KeyRingError: The file is damaged, others may read it, the passphrase is missing or wrong, there is no file
                and none is to be made, or it can't be made. A file that is there is left as it is.
            InvalidKeyError: There is no such algorithm, or the first key can't sign.
            ValueError: A time is negative or not finite, or the passphrase is empty.
            TypeError: An argument is of the wrong type.
        """
        ring = object.__new__(cls)
        ring._configure(algorithm, lead_time, leeway, rsa_bits, clock)
        ring._reload_every = number_of_seconds("reload_every", reload_every)
        ring._file = file = KeyRingFile(path, passphrase)
        ring._stamp, ring._look_at = None, 0.0
        if not file.exists():
            if not create:
                msg = f"there is no key ring at {file.path}: put it back, or begin one with create=True"
                raise KeyRingError(msg)
            begun = ring._begun(first)  # outside of the lock: RSA keys take their time
            with file.locked():
                if not file.exists():
                    file.write(_document(begun))
        ring.reload()
        return ring

    def _configure(
        self, algorithm: str, lead_time: float, leeway: float, rsa_bits: int, clock: Callable[[], float] | None
    ) -> None:
        if clock is not None and not callable(clock):
            msg = "clock is a function that gives the seconds since the epoch"
            raise TypeError(msg)
        self._algorithm, self._rsa_bits = algorithm, rsa_bits
        self._lead_time = number_of_seconds("lead_time", lead_time)
        self._leeway = number_of_seconds("leeway", leeway)
        self._clock = time.time if clock is None else clock
        self._lock, self._publishing = threading.Lock(), threading.Lock()
        self._complaint = ""

    def _begun(self, first: Key | None) -> _Keys:
        """Give the keys of a new ring: the first one signs at once, for nobody has fetched a document without it."""
        if first is not None and not isinstance(first, Key):
            msg = f"first is a Key or None, not {type(first).__name__}"
            raise TypeError(msg)
        if first is not None and not first.can_sign:
            msg = "the first key of a ring is public: signing takes the private one"
            raise InvalidKeyError(msg)
        signing, upcoming = self._new_key() if first is None else _named(first), self._new_key()
        now = self._clock()
        return _Keys(_entering(upcoming, now), _entering(signing, now)._replace(signs_from=now), ())

    def _new_key(self) -> Key:
        return _named(Key.generate(self._algorithm, rsa_bits=self._rsa_bits))

    # ---- what an issuer asks ----

    @property
    def signing_key(self) -> Key:
        """The key that signs now."""
        return self._current().signing.key

    def signing_key_for(self, lifetime: float) -> Key:
        """Give the key to sign a token with, and note for how long that token will be valid.

        The note decides how long the key stays published. It is on disk before the key is given out, and written only
        where the lifetime is longer than all that the key has signed for.

        Args:
            lifetime: For how long from now the token will be valid, in seconds.

        Returns:
            The key that signs now.

        Raises:
            KeyRingError: The note can't be written.
            ValueError: The lifetime is not finite.
            TypeError: The lifetime is no number.
        """
        entry = self._current().signing
        if lifetime <= entry.longest_lifetime:
            return entry.key
        seconds = math.ceil(number_of_seconds("lifetime", lifetime))
        return self._change(lambda keys: _noted(keys, seconds)).signing.key

    def to_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Give the document to publish (RFC 7517 section 5): the public halves of all keys but those past their time.

        Returns:
            The JWK set, the key that signs first; a shared secret is never in it.
        """
        return self.key_set.to_jwks()

    @property
    def key_set(self) -> KeySet:
        """The keys that verify, without their private halves: one set, which follows the ring.

        A ``Verifier`` in the issuer's own process takes it. It learns what other processes did to the file when the
        ring is next asked for anything.
        """
        self._current()
        self._publish()
        return self._key_set

    # ---- rotation ----

    @property
    def keys(self) -> tuple[RingKey, ...]:
        """All keys with their times: the one that signs, the next one, the retired ones from the latest on."""
        return self._current().all()

    @property
    def ready_at(self) -> float:
        """The instant from which the ring may be rotated, in seconds since the epoch."""
        return self._ready_at(self._current())

    def _ready_at(self, keys: _Keys) -> float:
        return keys.next.published_at + self._reload_every + self._lead_time

    def rotate(self, *, force: bool = False) -> str:
        """Let the next key sign, retire the one that did, publish a new next one, and prune.

        Args:
            force: Whether to do so though the next key has not been published for its lead time.

        Returns:
            The ``kid`` of the key that signs now.

        Raises:
            RotationTooEarlyError: Verifiers may not have fetched the next key yet; the error says from when on they
                have. A second process that rotates on the same schedule gets it too, so that there is one rotation.
            KeyRingError: The file can't be read or written; the ring is as it was.
        """

        def require_ready(keys: _Keys) -> None:
            if self._clock() < (ready := self._ready_at(keys)) and not force:
                raise RotationTooEarlyError(ready)

        def rotated(keys: _Keys) -> _Keys:
            require_ready(keys)
            now = self._clock()
            retired = keys.signing._replace(key=_verifying(keys.signing.key), retired_at=now)
            signing = keys.next._replace(signs_from=now)
            return self._pruned(_Keys(_entering(new, now), signing, (retired, *keys.retired)), now)

        require_ready(self._current())  # before a key is made for nothing
        new = self._new_key()
        return str(self._change(rotated).signing.key.key_id)

    def revoke(self, key_id: str) -> None:
        """Take a key that others may have out of the ring and its document, at once and for good.

        Tokens that it signed are refused as soon as verifiers fetch the document again; to be faster, revoke its kid in
        their revocation lists too. If it was the key that signs, the next one does from now on, whether or not
        verifiers have seen it.

        Args:
            key_id: Its ``kid``.

        Raises:
            KeyRingError: There is no such key, or the file can't be read or written.
        """
        new = self._new_key()

        def without(keys: _Keys) -> _Keys:
            gone, now = keys.named(key_id), self._clock()
            if gone is keys.next:
                return keys._replace(next=_entering(new, now))
            if gone is keys.signing:
                return _Keys(_entering(new, now), keys.next._replace(signs_from=now), keys.retired)
            return keys._replace(retired=tuple(entry for entry in keys.retired if entry is not gone))

        self._change(without)

    def safe_to_remove(self, key_id: str) -> float | None:
        """Tell from when on no valid token is left that a key signed.

        Args:
            key_id: Its ``kid``.

        Returns:
            The instant, in seconds since the epoch; None: the key is not retired.

        Raises:
            KeyRingError: There is no such key.
        """
        return self._safe_to_remove(self._current().named(key_id))

    def _safe_to_remove(self, entry: RingKey) -> float | None:
        if entry.retired_at is None:
            return None
        # Another process may have signed with it until it looked at the file again.
        return entry.retired_at + self._reload_every + entry.longest_lifetime + self._leeway

    def prune(self) -> tuple[str, ...]:
        """Forget the retired keys that are safe to remove. ``rotate`` does so too, and none of them is published.

        Returns:
            Their kids.

        Raises:
            KeyRingError: The file can't be read or written.
        """
        gone: list[str] = []

        def pruned(keys: _Keys) -> _Keys:
            left = self._pruned(keys, self._clock())
            gone.extend(str(entry.key.key_id) for entry in keys.retired if entry not in left.retired)
            return left if gone else keys

        self._change(pruned)
        return tuple(gone)

    def _pruned(self, keys: _Keys, now: float) -> _Keys:
        return keys._replace(retired=tuple(entry for entry in keys.retired if not self._is_past(entry, now)))

    def _is_past(self, entry: RingKey, now: float) -> bool:
        safe = self._safe_to_remove(entry)
        return safe is not None and safe <= now

    # ---- the file ----

    def reload(self) -> None:
        """Take in what other processes did to the file; it happens by itself every ``reload_every`` seconds.

        Raises:
            KeyRingError: The file can't be read, is damaged, or others may read it; the ring is as it was.
        """
        with self._lock:
            if self._file is not None:
                self._read()

    def change_passphrase(self, passphrase: str | bytes | None) -> None:
        """Encrypt the file anew; other processes can't read it until they open it with the new passphrase.

        Args:
            passphrase: The new one; None: the file is not encrypted any more.

        Raises:
            KeyRingError: The ring has no file, or it can't be read or written.
            ValueError: The passphrase is empty.
            TypeError: The passphrase is of the wrong type.
        """
        with self._lock:
            if self._file is None:
                msg = "this ring is in memory and has no file to encrypt"
                raise KeyRingError(msg)
            with self._file.locked():
                keys = self._read()
                self._stamp = self._file.rewrite(_document(keys), passphrase)

    def _current(self) -> _Keys:
        if time.monotonic() >= self._look_at:
            self._look()
        return self._keys

    def _look(self) -> None:
        """Read the file again if it has changed; where it can't be read, the keys that are known go on."""
        if not self._lock.acquire(blocking=False):
            return  # another thread is at it, and nobody waits for the disk to sign
        try:
            self._look_at = time.monotonic() + self._reload_every
            if self._file is not None and self._file.stamp() != self._stamp:
                try:
                    self._read()
                    self._complaint = ""
                except KeyRingError as error:
                    self._complain(str(error))
        finally:
            self._lock.release()

    def _complain(self, words: str) -> None:
        """Log what is wrong with the file, once as long as it stays the same: it is looked at all the time."""
        import logging  # noqa: PLC0415 - nobody needs it whose file is sound

        if words != self._complaint:
            self._complaint = words
            logging.getLogger("jwtfast.key_ring").error("%s; the keys as they were go on", words)

    def _read(self) -> _Keys:
        """Install what the file says; to be called with the lock held."""
        assert self._file is not None  # noqa: S101 - for mypy
        document, stamp = self._file.read()
        known = {entry.key.key_id: entry.key for entry in self._keys.all()} if hasattr(self, "_keys") else {}
        try:
            keys = _keys_of(document, known)
        except (InvalidKeyError, KeyError, TypeError, ValueError):
            keys = None
        if keys is None:
            self._file.refuse("its keys or their times are not sound")
        self._stamp, self._look_at = stamp, time.monotonic() + self._reload_every
        self._install(keys)
        return keys

    def _change(self, change: Callable[[_Keys], _Keys]) -> _Keys:
        """Change the keys as they are now, in the file too, and give them; all of it, or nothing where it raises."""
        with self._lock:
            if self._file is None:
                self._install(change(self._keys))
            else:
                with self._file.locked():
                    # What is written is made of what is there, not of what this process remembers.
                    keys = self._read()
                    changed = change(keys)
                    if changed is not keys:
                        self._stamp = self._file.write(_document(changed))
                        self._install(changed)
            return self._keys

    def _install(self, keys: _Keys) -> None:
        self._keys = keys
        self._publish()

    def _publish(self) -> None:
        """Have the key set hold what verifies now; the Key of a kid stays the same object, so that caches stay warm."""
        with self._publishing:  # and not the other lock, which is held while a file is written
            now = self._clock()
            known = {key.key_id: key for key in self._key_set} if hasattr(self, "_key_set") else {}
            wanted = [entry.key for entry in self._keys.all() if not self._is_past(entry, now)]
            if not known:
                self._key_set = KeySet(map(_verifying, wanted))
            elif [key.key_id for key in wanted] != list(known):
                self._key_set.replace([known.get(key.key_id) or _verifying(key) for key in wanted])

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "a KeyRing can't be pickled or copied: open its file in the other process"
        raise TypeError(msg)

    def __repr__(self) -> str:
        keys = self._keys
        kids = f"signing={keys.signing.key.key_id!r} next={keys.next.key.key_id!r}"
        return f"<KeyRing {self._algorithm} {kids} retired={len(keys.retired)}>"


# ---- changes ----


def _entering(key: Key, now: float) -> RingKey:
    return RingKey(key, now, None, None, 0)


def _noted(keys: _Keys, seconds: int) -> _Keys:
    if seconds <= keys.signing.longest_lifetime:  # another thread or process was faster
        return keys
    return keys._replace(signing=keys.signing._replace(longest_lifetime=seconds))


def _named(key: Key) -> Key:
    """Give a key its thumbprint as ``kid`` if it has none; that of a secret would be its hash, so chance names it."""
    if key.key_id is not None:
        return key
    kid = secrets.token_urlsafe(16) if key.is_secret else key.thumbprint()
    return Key.from_jwk(key.to_jwk(private=True), key.algorithm, key_id=kid)


def _verifying(key: Key) -> Key:
    return key if key.is_secret or not key.can_sign else key.public()


# ---- the document ----


def _document(keys: _Keys) -> dict[str, Any]:
    return {
        "keys": [
            {
                "published_at": entry.published_at,
                "signs_from": entry.signs_from,
                "retired_at": entry.retired_at,
                "longest_lifetime": entry.longest_lifetime,
                "jwk": entry.key.to_jwk(private=entry.key.can_sign),
            }
            for entry in keys.all()
        ]
    }


def _keys_of(document: Mapping[str, Any], known: Mapping[str | None, Key]) -> _Keys:
    """Read the keys; those that are known stay the objects they are. Any exception but KeyRingError means damage."""
    entries = [_entry(member, known) for member in document["keys"]]
    by_state: dict[str, list[RingKey]] = {"next": [], "signing": [], "retired": []}
    for entry in entries:
        by_state[entry.state].append(entry)
    if len({entry.key.key_id for entry in entries}) != len(entries):
        msg = "a kid is there twice"
        raise ValueError(msg)
    (upcoming,), (signing,) = by_state["next"], by_state["signing"]
    return _Keys(upcoming, signing, tuple(sorted(by_state["retired"], key=lambda entry: -(entry.retired_at or 0))))


def _entry(member: Mapping[str, Any], known: Mapping[str | None, Key]) -> RingKey:
    jwk = member["jwk"]
    signs_from, retired_at = (
        None if member[name] is None else number_of_seconds(name, member[name]) for name in ("signs_from", "retired_at")
    )
    key = known.get(jwk["kid"])
    if key is None or _differs(key, jwk):
        key = Key.from_jwk(jwk)
    if key.can_sign is not (retired_at is None or key.is_secret) or not isinstance(jwk["kid"], str):
        msg = "a key that signs has its private half, and one that is retired has not"
        raise ValueError(msg)
    if signs_from is None and retired_at is not None:
        msg = "a key is retired after it has signed"
        raise ValueError(msg)
    published_at = number_of_seconds("published_at", member["published_at"])
    longest_lifetime = math.ceil(number_of_seconds("longest_lifetime", member["longest_lifetime"]))
    return RingKey(key, published_at, signs_from, retired_at, longest_lifetime)


def _differs(key: Key, jwk: Mapping[str, Any]) -> bool:
    return key.to_jwk(private=key.can_sign) != jwk
