"""Refresh tokens in SQLite: the store for one machine, with nothing to install."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import orjson

from jwtfast.errors import RefreshStoreError
from jwtfast.refresh import RETENTION, Exchange, Outcome, RefreshRecord

__all__ = ["SQLiteRefreshStore"]

VERSION = 1
BUSY_SECONDS = 5

_SCHEMA = f"""
CREATE TABLE refresh_family (
    family TEXT PRIMARY KEY,
    current TEXT NOT NULL,
    previous TEXT,
    seed TEXT,
    repeat_until REAL,
    subject TEXT NOT NULL,
    client_id TEXT,
    scope TEXT,
    audience TEXT,
    session_id TEXT,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    idle_expires_at REAL NOT NULL,
    revoked_at REAL
) WITHOUT ROWID;
CREATE INDEX refresh_family_subject ON refresh_family (subject);
CREATE INDEX refresh_family_session ON refresh_family (session_id);
CREATE INDEX refresh_family_end ON refresh_family (idle_expires_at);
CREATE INDEX refresh_family_seed ON refresh_family (repeat_until) WHERE seed IS NOT NULL;
PRAGMA user_version = {VERSION};
"""


class SQLiteRefreshStore:
    """Keeps families in a database file, which any number of threads and processes of one machine may share."""

    __slots__ = ("_connection", "_inherited", "_lock", "_path", "_process")

    _connection: sqlite3.Connection | None
    _inherited: list[sqlite3.Connection]

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the database, or make it, for its owner alone to read.

        Args:
            path: The file, on a local disk. ``":memory:"`` keeps nothing beyond this object.

        Raises:
            RefreshStoreError: It can't be opened, is no database, or is one of another version of jwtfast.
        """
        self._path = os.fspath(path)
        self._lock = threading.Lock()
        self._inherited = []
        self._connection, self._process = self._connect(), os.getpid()

    def add(self, family: str, record: RefreshRecord, current: str, *, idle_expires_at: float) -> None:
        """Keep a new family; see ``RefreshStore``."""
        audience = None if record.audience is None else orjson.dumps(record.audience).decode()
        with self._transaction() as database:
            database.execute(
                "INSERT INTO refresh_family (family, current, subject, client_id, scope, audience, session_id,"
                " created_at, expires_at, idle_expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    family,
                    current,
                    record.subject,
                    record.client_id,
                    record.scope,
                    audience,
                    record.session_id,
                    record.created_at,
                    record.expires_at,
                    idle_expires_at,
                ),
            )

    def exchange(self, use: Exchange) -> Outcome:
        """Judge the use of a token, and exchange it where it is good; see ``RefreshStore``."""
        with self._transaction() as database:
            row = database.execute("SELECT * FROM refresh_family WHERE family = ?", (use.family,)).fetchone()
            if row is None or row["client_id"] != use.client_id:
                return Outcome("unknown")
            if row["revoked_at"] is not None:
                return Outcome("revoked")
            if use.now >= row["idle_expires_at"]:
                return Outcome("expired")
            if use.presented == row["current"]:
                # Without a grace period no seed: who read the clock before this and comes after it gets nothing.
                seed = use.seed if use.now < use.repeat_until else None
                database.execute(
                    "UPDATE refresh_family SET previous = current, current = ?, seed = ?, repeat_until = ?,"
                    " idle_expires_at = min(expires_at, ?) WHERE family = ?",
                    (use.successor, seed, use.repeat_until, use.idle_expires_at, use.family),
                )
                return Outcome("exchanged", _record(row))
            if use.presented == row["previous"] and row["seed"] is not None and use.now < row["repeat_until"]:
                return Outcome("repeated", _record(row), row["seed"])
            _revoke(database, "family", use.family, use.now)
            return Outcome("reused", _record(row))

    def revoke(self, family: str, now: float) -> bool:
        """Revoke a family; tell whether it was good until now."""
        with self._transaction() as database:
            return _revoke(database, "family", family, now) > 0

    def revoke_subject(self, subject: str, now: float) -> int:
        """Revoke all families of a subject; tell how many were good until now."""
        with self._transaction() as database:
            return _revoke(database, "subject", subject, now)

    def revoke_session(self, session_id: str, now: float) -> int:
        """Revoke all families of a session; tell how many were good until now."""
        with self._transaction() as database:
            return _revoke(database, "session_id", session_id, now)

    def purge(self, now: float) -> int:
        """Forget families that ended a day ago, and seeds past their time; tell how many families."""
        with self._transaction() as database:
            database.execute(
                "UPDATE refresh_family SET seed = NULL WHERE seed IS NOT NULL AND repeat_until <= ?", (now,)
            )
            return database.execute(
                "DELETE FROM refresh_family WHERE idle_expires_at <= ?", (now - RETENTION,)
            ).rowcount

    def close(self) -> None:
        """Close the database; the store can't be used any more."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # ---- the database ----

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the database within a transaction that nobody else writes beside; it ends with the block."""
        with self._lock:
            database = self._database()
            try:
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
            except sqlite3.Error as error:
                msg = f"the database of refresh tokens {self._path} can't be used: {error}"
                raise RefreshStoreError(msg) from error
            finally:
                if database.in_transaction:
                    with suppress(sqlite3.Error):
                        database.execute("ROLLBACK")

    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            msg = "the store of refresh tokens is closed: make another one"
            raise RefreshStoreError(msg)
        if self._process != os.getpid():
            # A connection may not be used in a process that was forked, not even to close it.
            self._inherited.append(self._connection)
            self._connection, self._process = self._connect(), os.getpid()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        try:
            if self._path != ":memory:":
                Path(self._path).touch(0o600)  # sqlite3 would make it for all to read
            database = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            msg = f"the database of refresh tokens {self._path} can't be opened: {error}"
            raise RefreshStoreError(msg) from error
        database.row_factory = sqlite3.Row
        try:
            self._prepare(database)
        except sqlite3.Error as error:
            database.close()
            msg = f"the database of refresh tokens {self._path} can't be used: {error}"
            raise RefreshStoreError(msg) from error
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        _patiently(database, "PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # an exchange or a logout that was answered outlives a power cut
        database.execute("BEGIN IMMEDIATE")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not database.execute("SELECT 1 FROM sqlite_master").fetchone():
            for statement in _SCHEMA.strip().split(";\n"):
                database.execute(statement)
            version = VERSION
        database.execute("COMMIT")
        if version != VERSION:
            msg = f"{self._path} is a database of something else, or of another version of jwtfast: name another file"
            raise RefreshStoreError(msg)


def _patiently(database: sqlite3.Connection, statement: str) -> None:
    """Run a statement for which SQLite doesn't wait by itself while others use the database."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up:
                raise
            time.sleep(0.01)
        else:
            return


def _revoke(database: sqlite3.Connection, column: str, value: str, now: float) -> int:
    good = f"{column} = ? AND revoked_at IS NULL AND idle_expires_at > ?"
    statement = f"UPDATE refresh_family SET revoked_at = ?, seed = NULL WHERE {good}"  # noqa: S608 - a column of ours
    return database.execute(statement, (now, value, now)).rowcount


def _record(row: Any) -> RefreshRecord:
    return RefreshRecord(
        subject=row["subject"],
        client_id=row["client_id"],
        scope=row["scope"],
        audience=None if row["audience"] is None else tuple(orjson.loads(row["audience"])),
        session_id=row["session_id"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
