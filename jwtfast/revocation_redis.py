"""A list of revocations that any number of processes and machines share through Redis (7.0 or later).

Each process holds the whole list in its own memory, so that a token is judged without a word to Redis. Redis keeps
three keys: a sorted set of all entries by the time they end, a stream of the changes, and a name for this data, by
which its loss is seen. A process reads where the stream ends, then the entries, then the stream from there on: an entry
that is added meanwhile is met twice, which changes nothing, and none is missed.
"""

from __future__ import annotations

import json
import logging
import math
import os
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Literal, NamedTuple, Self

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from jwtfast.claims import number_of_seconds
from jwtfast.errors import RevocationListFullError, RevocationListUnavailableError
from jwtfast.revocation import RevocationList

__all__ = ["RedisRevocationList", "RedisRevocationListStatus"]

_LOG = logging.getLogger("jwtfast.revocation")

_GRACE: Final = 86_400  # seconds that Redis keeps an entry after its time: more than any leeway, or fault of a clock
_CHANGES_KEPT: Final = 3600  # seconds; whoever was away for longer reads all entries anew
_CHECK_EVERY: Final = 1.0  # seconds
_PAUSE: Final = 0.005  # seconds between two readings of changes, so that a flood of them is read by the dozen
_BATCH: Final = 1000  # entries that are asked for at once

# KEYS: entries, changes, name. ARGV: a new name, seconds of grace, milliseconds that changes are kept, entry, its end.
_ADD: Final = """
local time = redis.call('TIME')
redis.call('SET', KEYS[3], ARGV[1], 'NX')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', time[1] - ARGV[2]))
redis.call('ZADD', KEYS[1], 'GT', ARGV[5], ARGV[4])
local least = string.format('%.0f', math.max(0, time[1] * 1000 - ARGV[3]))
return redis.call('XADD', KEYS[2], 'MINID', '~', least, '*', 'entry', ARGV[4], 'end', ARGV[5])
"""

# The same keys and ARGV[1]. Gives the data's name, the server's run, and of the stream the last id, the first id that
# is still there, how many are there, and how many ever were.
_CHECK: Final = """
redis.call('SET', KEYS[3], ARGV[1], 'NX')
local stream = {['last-generated-id'] = '0-0', ['length'] = 0, ['entries-added'] = 0}
if redis.call('EXISTS', KEYS[2]) == 1 then
    stream = {}
    local info = redis.call('XINFO', 'STREAM', KEYS[2])
    for i = 1, #info, 2 do
        stream[info[i]] = info[i + 1]
    end
end
local server = redis.pcall('INFO', 'server')
local run = type(server) == 'string' and string.match(server, 'run_id:(%x+)') or ''
local first = stream['first-entry'] and stream['first-entry'][1] or ''
local last, length, added = stream['last-generated-id'], stream['length'], stream['entries-added']
return {redis.call('GET', KEYS[3]), run, last, first, length, added or -1}
"""


class RedisRevocationListStatus(NamedTuple):
    """How a list stands to Redis."""

    connected: bool
    suspended: bool
    """Whether every token is refused with RevocationListUnavailableError."""
    entries: int
    last_exchange: float
    """When Redis answered last, in seconds since the epoch."""
    last_error: str | None
    """What went wrong last, if that is not mended."""
    snapshots: int
    """How often all entries were read."""
    data_losses: int
    """How often Redis was found to have lost what it held."""


class RedisRevocationList(RevocationList):
    """A ``RevocationList`` that is shared through Redis: what one process revokes, all of them refuse.

    A thread in the background follows the changes. No verification ever waits for Redis; ``revoke_token`` and its like
    do, and raise RevocationListUnavailableError where Redis could not be told: never is a revocation lost in silence.
    Close the list when it is not needed any more, or use it in a ``with`` statement. In a forked child it goes on by
    itself.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        on_outage: Literal["keep", "refuse"],
        refuse_after: float = 10,
        prefix: str = "jwtfast:revocations",
        max_lifetime: float | None = None,
        leeway: float = 300,
        max_entries: int = 1_000_000,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Read all entries from Redis, and follow the changes from then on.

        Args:
            client: A client of the redis package, not of its ``redis.asyncio``. The thread makes a connection of its
                own with the client's settings, unless the client has a special connection pool, as Sentinel's have.
            on_outage: What to do while Redis can't be reached: ``"keep"`` goes on with what is known, so that a token
                that is revoked elsewhere in the meantime stays good here; ``"refuse"`` raises
                RevocationListUnavailableError for every token once the outage has lasted.
            refuse_after: How long Redis may be silent at most before ``"refuse"`` does so, in seconds.
            prefix: What the names of the keys in Redis begin with; the same in all processes.
            max_lifetime: As for ``RevocationList``; the same in all processes.
            leeway: As for ``RevocationList``; at most half a day.
            max_entries: As for ``RevocationList``. While Redis has more, every token is refused with
                RevocationListUnavailableError, whatever ``on_outage`` says.
            clock: As for ``RevocationList``.

        Raises:
            RevocationListUnavailableError: Redis can't be reached, is too old, or has more than ``max_entries``.
            ValueError: A value is out of range.
            TypeError: A value is of the wrong type.
        """
        super().__init__(max_lifetime=max_lifetime, leeway=leeway, max_entries=max_entries, clock=clock)
        if not isinstance(client, redis.Redis):
            msg = f"client is a redis.Redis, not {type(client).__module__}.{type(client).__name__}"
            raise TypeError(msg)
        if on_outage not in {"keep", "refuse"}:
            msg = "on_outage is 'keep' or 'refuse'"
            raise ValueError(msg)
        if leeway > _GRACE / 2:
            msg = f"leeway is at most {_GRACE // 2} where the list is shared: Redis would forget too early"
            raise ValueError(msg)
        if not isinstance(prefix, str) or not prefix or "{" in prefix or "}" in prefix:
            msg = "prefix is a str, not empty and without braces"
            raise ValueError(msg)
        if not number_of_seconds("refuse_after", refuse_after):
            msg = "refuse_after is more than 0 seconds"
            raise ValueError(msg)
        self._client = client
        # In braces, so that a cluster keeps them on one node.
        self._keys = [f"{{{prefix}}}:{what}" for what in ("entries", "changes", "name")]
        self._refuse_after = refuse_after if on_outage == "refuse" else math.inf
        self._step = min(1.0, refuse_after / 4)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._outdated = self._full = False
        self._last_error: str | None = None
        self._last_exchange = 0.0
        self._silent_since = time.monotonic()
        self._source = _Source(client, self._keys, self._step)
        try:
            self._source.read(self._take)
        except (RedisError, ValueError) as error:
            msg = f"Redis could not say what has been revoked: {error}"
            raise RevocationListUnavailableError(msg) from error
        except RevocationListFullError as error:
            msg = f"Redis has more revocations than the list may hold: raise max_entries ({max_entries})"
            raise RevocationListUnavailableError(msg) from error
        self._note_success()
        self._start()
        _LISTS.add(self)

    def close(self) -> None:
        """Stop following the changes. From then on the list calls no token good any more."""
        self._stop.set()
        self._settle()
        self._source.close()  # which wakes the thread
        self._thread.join()
        _LISTS.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def status(self) -> RedisRevocationListStatus:
        """Tell how the list stands to Redis.

        Returns:
            Whether it is connected, what it holds, and what has gone wrong.
        """
        return RedisRevocationListStatus(
            connected=self._last_error is None and not self._stop.is_set(),
            suspended=self.suspended,
            entries=len(self),
            last_exchange=self._last_exchange,
            last_error=self._last_error,
            snapshots=self._source.snapshots,
            data_losses=self._source.data_losses,
        )

    # ---- in the thread of whoever revokes ----

    def _revoke(self, kind: str, issuer: str | None, value: str, issued_before: float, expires_at: float) -> None:
        if self._stop.is_set():
            msg = "the list is closed: nothing was revoked"
            raise RevocationListUnavailableError(msg)
        super()._revoke(kind, issuer, value, issued_before, expires_at)
        entry = json.dumps([kind, issuer, value, None if issued_before == math.inf else issued_before])
        end = "+inf" if expires_at == math.inf else repr(expires_at)
        try:
            self._client.eval(_ADD, 3, *self._keys, _new_name(), str(_GRACE), str(_CHANGES_KEPT * 1000), entry, end)
        except RedisError as error:
            msg = "Redis could not be told: it is revoked in this process, and the others don't know; revoke it again"
            raise RevocationListUnavailableError(msg) from error

    # ---- in the background ----

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._follow, name="jwtfast-revocations", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        wait = 0.0
        while not self._stop.wait(wait):
            try:
                wait = _PAUSE if self._source.read(self._take) else 0.0
                self._note_success()
            except Exception as error:  # noqa: BLE001 - whatever it is, the list must know, and the thread go on
                wait = self._note_failure(error)

    def _take(self, entries: Iterable[tuple[bytes, bytes | float]]) -> int:
        """Add entries, and give how many there were that are none."""
        bad = 0
        for entry, end in entries:
            try:
                kind, issuer, value, issued_before = json.loads(entry)
                before = math.inf if issued_before is None else float(issued_before)
                self.add(kind, issuer, value, before, float(end) + self.leeway)
            except (KeyError, TypeError, ValueError):
                bad += 1
        return bad

    def _note_success(self) -> None:
        self._silent_since = time.monotonic()
        self._last_exchange = time.time()
        if self._last_error is not None:
            _LOG.warning("Redis says again what has been revoked")
        self._last_error = None
        self._outdated = self._full = False
        self._settle()

    def _note_failure(self, error: Exception) -> float:
        """Give how long to wait before the next attempt, in seconds."""
        if self._stop.is_set():
            return 0
        if self._last_error is None:
            _LOG.warning("Redis does not say what has been revoked: %s", type(error).__name__)
        self._last_error = f"{type(error).__name__}: {error}"
        self._full = self._full or isinstance(error, RevocationListFullError)
        left = self._refuse_after - (time.monotonic() - self._silent_since)
        # The next attempt may take a step, and the time must not run out in it.
        self._outdated = left <= self._step
        self._settle()
        if self._full:
            return 10 * self._step  # everything is read anew then, which is much
        return self._step if self._outdated else min(self._step, left - self._step)

    def _settle(self) -> None:
        with self._lock:
            suspended = self._stop.is_set() or self._full or self._outdated
            if self.suspended != suspended:
                self.suspended = suspended

    def _go_on_in_child(self) -> None:
        # The thread has stayed in the parent, maybe with a lock held; the connection is the parent's.
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._source = self._source.again(self._client)
        self._start()


_Take = Callable[[Iterable[tuple[bytes, Any]]], int]


class _Source:
    """The entries in Redis, and their changes, as one process reads them."""

    def __init__(self, client: redis.Redis, keys: list[str], step: float) -> None:
        self.client = client
        self.keys = keys
        self.step = step
        self.snapshots = self.data_losses = 0
        self._is_own = type(client.connection_pool) in {redis.ConnectionPool, redis.BlockingConnectionPool}
        timeout = step
        if self._is_own:
            self.client = _with_timeout(client, step)
        else:
            timeout = min(step, client.connection_pool.connection_kwargs.get("socket_timeout") or step)
        self._block = max(1, int(timeout * 500))  # milliseconds to wait for changes: half of what there is
        self._position: str | None = None  # in the stream; None: all entries are to be read first
        self._data = ("", "")  # the name and the server's run of what was read
        self._end = "0-0"  # where the stream ended when all entries were read
        self._counted = 0  # how many had been added to the stream at the position
        self._next_check = -math.inf

    def again(self, client: redis.Redis) -> _Source:
        """Give one that goes on from here in another process."""
        other = _Source(client, self.keys, self.step)
        other.snapshots, other.data_losses = self.snapshots, self.data_losses
        other._position, other._data, other._counted = self._position, self._data, self._counted
        return other

    def close(self) -> None:
        """Have the connection closed, also while another thread waits for an answer on it."""
        if self._is_own:
            self.client.connection_pool.disconnect()

    def read(self, take: _Take) -> bool:
        """Have ``take`` see what has changed, or everything where a change may have been missed; wait a step for it.

        Returns:
            Whether there was something.
        """
        try:
            if time.monotonic() >= self._next_check:
                self._check()
            found, bad = (
                self._read_entries(take) if self._position is None else self._read_changes(take, self._position)
            )
            if bad:  # said when all others have been taken in
                msg = f"{bad} of the entries in Redis are none of this library's: remove them, or take another prefix"
                raise ValueError(msg)  # noqa: TRY301
        except BaseException as error:
            self._next_check = -math.inf  # nothing is sure after that
            if not isinstance(error, RedisError):  # some may have been read and not taken
                self._position = None
            raise
        return found

    def _check(self) -> None:
        """Have all entries read anew where the stream can't tell all that has happened."""
        answer: Any = self.client.eval(_CHECK, 3, *self.keys, _new_name())
        name, run, last, first = map(_text, answer[:4])
        length, added = answer[4:]
        if added < 0:
            msg = "it does not count what was added to a stream: Redis 7.0 or later is needed"
            raise ValueError(msg)
        if self._position is not None:
            lost = name != self._data[0] or _order(last) < _order(self._position)
            if lost:
                self.data_losses += 1
                _LOG.error("Redis has lost revocations: this process keeps those that it knows")
            # Some that were not read are gone from the stream's beginning; or were, and all others have been read.
            missed = (first and _order(first) > _order(self._position) and added - length > self._counted) or (
                last == self._position and added != self._counted
            )
            # Another run of the server may have had other entries under the ids that were read from the run before.
            if lost or missed or run != self._data[1]:
                self._position = None
        if self._position is None:
            self._end, self._counted = last, added
        self._data = name, run
        self._next_check = time.monotonic() + _CHECK_EVERY

    def _read_entries(self, take: _Take) -> tuple[bool, int]:
        # Where the stream ended has been read before: what comes after that will be met there. ZSCAN gives each member
        # that is there all the time, whatever else comes and goes.
        cursor, bad, end = 0, 0, self._end
        while True:
            answer: Any = self.client.zscan(self.keys[0], cursor, count=_BATCH)
            cursor, entries = answer
            bad += take(entries)
            if not cursor:
                break
        self.snapshots += 1
        self._position = end
        return True, bad

    def _read_changes(self, take: _Take, position: str) -> tuple[bool, int]:
        reply: Any = self.client.xread({self.keys[1]: position}, count=_BATCH, block=self._block)
        changes = _changes_of(reply)
        bad = take((fields.get(b"entry", b""), fields.get(b"end", b"")) for _, fields in changes)
        if changes:
            self._position = _text(changes[-1][0])
            self._counted += len(changes)
        return bool(changes), bad


def _changes_of(reply: Any) -> list[tuple[Any, dict[bytes, Any]]]:
    """Give the changes in an answer to XREAD, whatever protocol the client speaks and whether it decodes."""
    if not reply:
        return []
    changes = next(iter(reply.values())) if isinstance(reply, dict) else reply[0][1]
    while changes and isinstance(changes[0][0], list | tuple):
        changes = changes[0]
    return [
        (identifier, {name if isinstance(name, bytes) else name.encode(): value for name, value in fields.items()})
        for identifier, fields in changes
    ]


def _with_timeout(client: redis.Redis, seconds: float) -> redis.Redis:
    """Give a client to the same server that waits no longer than that, and tries once."""
    pool = client.connection_pool
    settings = pool.connection_kwargs | {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **settings))


def _order(identifier: str) -> tuple[int, int]:
    """Give what a stream's ids are ordered by."""
    milliseconds, _, number = identifier.partition("-")
    return int(milliseconds), int(number)


def _text(answer: str | bytes) -> str:
    return answer if isinstance(answer, str) else answer.decode()


def _new_name() -> str:
    return secrets.token_hex(16)


_LISTS: weakref.WeakSet[RedisRevocationList] = weakref.WeakSet()


def _go_on_in_child() -> None:
    for each in list(_LISTS):
        each._go_on_in_child()  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_go_on_in_child)
