"""Refresh tokens in Redis: the store for several machines. It needs the extra ``jwtfast[redis]``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

try:
    import redis
except ImportError as error:
    msg = "refresh tokens in Redis need redis-py: pip install 'jwtfast[redis]'"
    raise ImportError(msg) from error

from jwtfast.errors import RefreshStoreError
from jwtfast.refresh import RETENTION, Exchange, Outcome, RefreshRecord

__all__ = ["RedisRefreshStore"]

FOREVER = 10**14  # milliseconds: more than that Redis takes for an error

# Each script touches the keys of one family, or one index, so that a cluster can run it. Instants are compared as
# doubles, like Python's; Redis's own clock only cleans up.
_ADD = """
redis.call('HSET', KEYS[1], 'current', ARGV[1], 'client', ARGV[2], 'record', ARGV[3],
           'expires_at', ARGV[4], 'idle_expires_at', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
"""

_EXCHANGE = """
local presented, client, successor, seed = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now, repeat_until, idle_expires_at = ARGV[5], ARGV[6], ARGV[7]
local row = redis.call('HMGET', KEYS[1], 'current', 'previous', 'client', 'record', 'expires_at', 'idle_expires_at',
                       'revoked_at', 'repeat_until')
if not row[1] or row[3] ~= client then return {'unknown'} end
if row[7] then return {'revoked'} end
if tonumber(now) >= tonumber(row[6]) then return {'expired'} end
if presented == row[1] then
    if tonumber(row[5]) < tonumber(idle_expires_at) then idle_expires_at = row[5] end
    redis.call('HSET', KEYS[1], 'previous', row[1], 'current', successor, 'repeat_until', repeat_until,
               'idle_expires_at', idle_expires_at)
    local left = math.ceil((tonumber(idle_expires_at) - tonumber(now)) * 1000)
    redis.call('PEXPIRE', KEYS[1], math.min(left + tonumber(ARGV[8]), tonumber(ARGV[9])))
    local grace = math.min(math.ceil((tonumber(repeat_until) - tonumber(now)) * 1000), tonumber(ARGV[9]))
    if grace > 0 then redis.call('SET', KEYS[2], seed, 'PX', grace) else redis.call('DEL', KEYS[2]) end
    return {'exchanged', row[4]}
end
if presented == row[2] and tonumber(now) < tonumber(row[8]) then
    local first = redis.call('GET', KEYS[2])
    if first then return {'repeated', row[4], first} end
end
redis.call('HSET', KEYS[1], 'revoked_at', now)
redis.call('DEL', KEYS[2])
return {'reused', row[4]}
"""

_REVOKE = """
local row = redis.call('HMGET', KEYS[1], 'idle_expires_at', 'revoked_at')
if not row[1] or row[2] or tonumber(row[1]) <= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'revoked_at', ARGV[1])
redis.call('DEL', KEYS[2])
return 1
"""

_INDEX = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
"""


class RedisRefreshStore:
    """Keeps families in Redis 5 or later, or what speaks like it; they go by themselves when they have ended.

    A Redis that loses what it was told, by a restart without an append-only file or by a failover, may log people out
    (``unknown`` or ``reused``); and it may take back a logout.
    """

    __slots__ = ("_add", "_client", "_exchange", "_index", "_prefix", "_revoke")

    def __init__(self, client: redis.Redis | redis.RedisCluster, *, prefix: str = "jwtfast:refresh:") -> None:
        """Keep families in a Redis.

        Args:
            client: The client, configured with its timeouts; it is not asked for anything yet.
            prefix: What the names of all keys begin with. Stores with one prefix are one store.

        Raises:
            TypeError: It is no client of redis-py, or one of its ``asyncio``.
        """
        if not isinstance(client, redis.Redis | redis.RedisCluster):
            msg = f"client is a redis.Redis or RedisCluster, not {type(client).__module__}.{type(client).__name__}"
            raise TypeError(msg)
        self._client = client
        self._prefix = prefix
        self._add, self._exchange, self._revoke, self._index = (
            client.register_script(script) for script in (_ADD, _EXCHANGE, _REVOKE, _INDEX)
        )

    def add(self, family: str, record: RefreshRecord, current: str, *, idle_expires_at: float) -> None:
        """Keep a new family; see ``RefreshStore``."""
        bound = {
            "subject": record.subject,
            "client_id": record.client_id,
            "scope": record.scope,
            "audience": record.audience,
            "session_id": record.session_id,
            "created_at": record.created_at,
            "expires_at": record.expires_at,
        }
        with _asked():
            # The indexes first: a family that they lack could not be revoked.
            self._note(self._index_key("subject", record.subject), family, record)
            if record.session_id is not None:
                self._note(self._index_key("session", record.session_id), family, record)
            self._add(
                keys=self._keys(family)[:1],
                args=[
                    current,
                    _client_field(record.client_id),
                    orjson.dumps(bound),
                    repr(record.expires_at),
                    repr(idle_expires_at),
                    _milliseconds(idle_expires_at - record.created_at + RETENTION),
                ],
            )

    def exchange(self, use: Exchange) -> Outcome:
        """Judge the use of a token, and exchange it where it is good; see ``RefreshStore``."""
        with _asked():
            answer = self._exchange(
                keys=self._keys(use.family),
                args=[
                    use.presented,
                    _client_field(use.client_id),
                    use.successor,
                    use.seed,
                    *map(repr, (use.now, use.repeat_until, use.idle_expires_at)),
                    _milliseconds(RETENTION),
                    FOREVER,
                ],
            )
        verdict: Any
        verdict, *rest = (part.decode() if isinstance(part, bytes) else part for part in answer)
        if not rest:
            return Outcome(verdict)
        bound = orjson.loads(rest[0])
        audience = bound.pop("audience")
        record = RefreshRecord(audience=None if audience is None else tuple(audience), **bound)
        return Outcome(verdict, record, *rest[1:])

    def revoke(self, family: str, now: float) -> bool:
        """Revoke a family; tell whether it was good until now."""
        with _asked():
            return bool(self._revoke(keys=self._keys(family), args=[repr(now)]))

    def revoke_subject(self, subject: str, now: float) -> int:
        """Revoke all families of a subject; tell how many were good until now."""
        return self._revoke_indexed(self._index_key("subject", subject), now)

    def revoke_session(self, session_id: str, now: float) -> int:
        """Revoke all families of a session; tell how many were good until now."""
        return self._revoke_indexed(self._index_key("session", session_id), now)

    def purge(self, now: float) -> int:  # noqa: ARG002 - by the protocol
        """Do nothing: Redis forgets by itself what has ended; tell that 0 were forgotten."""
        return 0

    def _revoke_indexed(self, index: str, now: float) -> int:
        with _asked():
            members: Any = self._client.zrange(index, 0, -1)
            families = [member.decode() if isinstance(member, bytes) else member for member in members]
            return sum(int(self._revoke(keys=self._keys(family), args=[repr(now)])) for family in families)

    def _note(self, index: str, family: str, record: RefreshRecord) -> None:
        lifetime = _milliseconds(record.expires_at - record.created_at)
        self._index(keys=[index], args=[family, repr(record.expires_at), repr(record.created_at), lifetime])

    def _keys(self, family: str) -> list[str]:
        return [f"{self._prefix}{{{family}}}", f"{self._prefix}{{{family}}}:seed"]

    def _index_key(self, kind: str, value: str) -> str:
        return f"{self._prefix}{kind}:{hashlib.sha256(value.encode()).hexdigest()}"


@contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        msg = f"the Redis of refresh tokens can't be asked: {type(error).__name__}"
        raise RefreshStoreError(msg) from error


def _client_field(client_id: str | None) -> str:
    """Tell no client from one with an empty name."""
    return "" if client_id is None else f"={client_id}"


def _milliseconds(seconds: float) -> int:
    return min(int(seconds * 1000) + 1, FOREVER)
