"""The file of a key ring: read whole or not at all, written whole or not at all, for its owner alone, by one at a time.

The file is JSON of a stated version. With a passphrase all of it but the parameters is encrypted: AES-256-GCM, under a
key that scrypt (RFC 7914) makes of the passphrase. What the document says is ``jwtfast.key_ring``'s business.
"""

# ruff: noqa: PLC0415 - cryptography is imported by those who have a passphrase for it

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import orjson

from jwtfast import jwk
from jwtfast._native import read_json_object
from jwtfast.errors import InvalidKeyError, KeyRingError

__all__ = ["KeyRingFile", "Stamp"]

FORMAT = "jwtfast key ring"
VERSION = 1
MAX_BYTES = 4 * 2**20  # far beyond any ring; what is longer is another file

# As OWASP's password storage guidance has them for 32 MiB. A file may ask for other ones, within bounds: it must not
# take a machine's memory before it is known to be ours.
SCRYPT = {"n": 2**15, "r": 8, "p": 3}
SCRYPT_BOUNDS = {"n": (2**14, 2**18), "r": (8, 8), "p": (1, 16)}

LOCK_SECONDS = 10  # a writer is done in milliseconds

Stamp = tuple[int, ...]
"""What a file looks like from outside: it changes whenever the file is written, or others may or may not read it."""


class KeyRingFile:
    """The place where a ring is kept; it prints without its passphrase."""

    __slots__ = ("_derived", "_passphrase", "path")

    path: Path
    _passphrase: bytes | None
    _derived: tuple[bytes, dict[str, int], bytes] | None

    def __init__(self, path: str | os.PathLike[str], passphrase: str | bytes | None) -> None:
        """Name the file; nothing is read or written yet.

        Args:
            path: Where it is. Of a symbolic link, the file that it leads to.
            passphrase: What the file is encrypted with; None: it is not encrypted.

        Raises:
            KeyRingError: This system has neither locks nor owners of files that could be relied upon.
            ValueError: The passphrase is empty.
            TypeError: An argument is of the wrong type.
        """
        if os.name != "posix":
            msg = "a key ring's file needs a POSIX system, whose files have owners and locks: keep the ring in memory"
            raise KeyRingError(msg)
        self.path = Path(os.path.realpath(path))
        self._passphrase = _passphrase_octets(passphrase)
        self._derived = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all other writers out, in this process and in others, until the block ends.

        Raises:
            KeyRingError: The lock's file can't be made, or another process has held the lock for ten seconds.
        """
        import fcntl

        lock = None
        try:
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            give_up = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= give_up:
                        raise
                    time.sleep(0.002)
        except OSError as error:
            if lock is not None:
                os.close(lock)
            self._fail("locked", error)
        try:
            yield
        finally:
            os.close(lock)  # and with it goes the lock; the file stays, for another may be waiting for it

    def exists(self) -> bool:
        """Tell whether there is anything of that name."""
        return os.path.lexists(self.path)

    def stamp(self) -> Stamp | None:
        """Give what the file looks like from outside, or None where it can't be looked at."""
        try:
            return _stamp(self.path.stat())
        except OSError:
            return None

    def read(self) -> tuple[Mapping[str, Any], Stamp]:
        """Read the document.

        Returns:
            The document, and the stamp of the very file that it was read from.

        Raises:
            KeyRingError: It can't be read, others may read it, it is damaged, or the passphrase is missing or wrong.
        """
        text, stamp = self._octets()
        try:
            document = read_json_object(text)
        except ValueError:
            document = {}
        if document.get("format") != FORMAT:
            self.refuse("it is not the JSON of a key ring")
        if document.get("version") != VERSION:
            msg = f"{self.path} is a key ring of a version that this jwtfast doesn't know: upgrade jwtfast"
            raise KeyRingError(msg)
        encrypted = "encryption" in document
        if encrypted and self._passphrase is None:
            msg = f"{self.path} is encrypted: give its passphrase"
            raise KeyRingError(msg)
        if not encrypted and self._passphrase is not None:
            msg = f"{self.path} is not encrypted: open it without a passphrase, and encrypt it with change_passphrase()"
            raise KeyRingError(msg)
        return self._decrypted(document) if encrypted else document, stamp

    def write(self, document: Mapping[str, Any]) -> Stamp:
        """Write the document in one step; to be called while it is ``locked``.

        After a crash at any instant there is either the old file or the new one, and the new one once this returns.

        Args:
            document: What is to be kept.

        Returns:
            The stamp of what was written.

        Raises:
            KeyRingError: It can't be written; the old file is as it was.
        """
        document = {"format": FORMAT, "version": VERSION, **document}
        if self._passphrase is not None:
            document = self._encrypted(document)
        temporary = Path(f"{self.path}.new")
        try:
            try:
                with suppress(FileNotFoundError):  # of somebody who died while he held the lock
                    temporary.unlink()
                stamp = _write_durably(temporary, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
                temporary.replace(self.path)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            self._fail("written", error)
        return stamp

    def rewrite(self, document: Mapping[str, Any], passphrase: str | bytes | None) -> Stamp:
        """Write the document under another passphrase, or under none; to be called while it is ``locked``.

        Args:
            document: What is to be kept.
            passphrase: The new one; None: the file is not encrypted.

        Returns:
            The stamp of what was written.

        Raises:
            KeyRingError: It can't be written; the old file and its passphrase are as they were.
        """
        before = self._passphrase, self._derived
        self._passphrase, self._derived = _passphrase_octets(passphrase), None
        try:
            return self.write(document)
        except BaseException:
            self._passphrase, self._derived = before
            raise

    def refuse(self, why: str) -> NoReturn:
        """Say that the file is not what it should be.

        Args:
            why: What is wrong with it, without anything of what it holds.

        Raises:
            KeyRingError: Always.
        """
        msg = f"{self.path} is damaged and was left as it is ({why}): put back a copy, or move it away"
        raise KeyRingError(msg)

    def _fail(self, done: str, error: OSError) -> NoReturn:
        msg = f"the key ring {self.path} can't be {done}: {error.strerror or type(error).__name__}"
        raise KeyRingError(msg) from error

    # ---- reading ----

    def _octets(self) -> tuple[bytes, Stamp]:
        try:
            # Without O_NONBLOCK a named pipe in its place would be waited for, for ever.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            self._fail("read", error)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                self.refuse("it is no regular file")
            # Judged on what is open, not on the name: that may lead elsewhere by now.
            if status.st_mode & 0o077 or status.st_uid != os.geteuid():
                msg = (
                    f"{self.path} holds private keys, and others than this process's user can read or write it: "
                    "if nobody has, make it ours alone (chown, chmod 600), else begin a new ring"
                )
                raise KeyRingError(msg)
            with open(descriptor, "rb", closefd=False) as file:
                text = file.read(MAX_BYTES + 1)
        except OSError as error:
            self._fail("read", error)
        finally:
            os.close(descriptor)
        if len(text) > MAX_BYTES:
            self.refuse("it is too long")
        return text, _stamp(status)

    def _decrypted(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            salt, costs, nonce, ciphertext = _parameters(document)
            return read_json_object(AESGCM(self._key(salt, costs)).decrypt(nonce, ciphertext, _associated(document)))
        except (KeyError, ValueError, TypeError, InvalidKeyError):
            wrong = False
        except InvalidTag:
            wrong = True
        if not wrong:
            self.refuse("its parameters of encryption are not sound")
        msg = f"{self.path} can't be decrypted: the passphrase is wrong, or the file is damaged"
        raise KeyRingError(msg)

    # ---- encryption ----

    def _encrypted(self, document: Mapping[str, Any]) -> dict[str, Any]:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if self._derived is None:
            self._key(secrets.token_bytes(16), SCRYPT)
        assert self._derived is not None  # noqa: S101 - for mypy
        salt, costs, key = self._derived
        nonce = secrets.token_bytes(12)  # a ring is written far too seldom for two of them to meet
        parameters = {"kdf": "scrypt", **costs, "salt": jwk.encode(salt), "cipher": "A256GCM"}
        outer = {"format": FORMAT, "version": VERSION, "encryption": parameters | {"nonce": jwk.encode(nonce)}}
        ciphertext = AESGCM(key).encrypt(nonce, orjson.dumps(document), _associated(outer))
        return outer | {"ciphertext": jwk.encode(ciphertext)}

    def _key(self, salt: bytes, costs: dict[str, int]) -> bytes:
        """Give the key for a salt, and remember it: scrypt is slow on purpose, and a salt is kept with its file."""
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        if self._derived is None or self._derived[:2] != (salt, costs):
            assert self._passphrase is not None  # noqa: S101 - for mypy
            self._derived = (salt, costs, Scrypt(salt=salt, length=32, **costs).derive(self._passphrase))
        return self._derived[2]


def _passphrase_octets(passphrase: str | bytes | None) -> bytes | None:
    if passphrase is not None and not isinstance(passphrase, str | bytes):
        msg = f"a passphrase is str, bytes or None, not {type(passphrase).__name__}"
        raise TypeError(msg)
    if passphrase is not None and not passphrase:
        msg = "a passphrase is not empty: leave it out for a file that is not encrypted"
        raise ValueError(msg)
    return passphrase.encode() if isinstance(passphrase, str) else passphrase


def _parameters(document: Mapping[str, Any]) -> tuple[bytes, dict[str, int], bytes, bytes]:
    """Give the salt, the costs of scrypt, the nonce and the ciphertext; any exception means that they are not sound."""
    parameters = document["encryption"]
    costs = {name: parameters[name] for name in SCRYPT}
    known = (parameters["kdf"], parameters["cipher"]) == ("scrypt", "A256GCM")
    if not known or not all(low <= costs[name] <= high for name, (low, high) in SCRYPT_BOUNDS.items()):
        msg = "they are not of this version"
        raise ValueError(msg)
    salt, nonce = jwk.decode(parameters, "salt"), jwk.decode(parameters, "nonce")
    return salt, costs, nonce, jwk.decode(document, "ciphertext")


def _associated(document: Mapping[str, Any]) -> bytes:
    """What is authenticated though it is not encrypted: all of the document but the ciphertext."""
    plain = {name: value for name, value in document.items() if name != "ciphertext"}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode, status.st_uid


def _write_durably(path: Path, text: bytes) -> Stamp:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - it is open already
        os.fchmod(descriptor, 0o600)  # whatever the umask took away
        file.write(text)
        file.flush()
        os.fsync(descriptor)
        return _stamp(os.fstat(descriptor))
