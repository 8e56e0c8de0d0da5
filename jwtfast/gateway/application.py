"""The ASGI application of a worker: decisions, and what its keepers ask."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

import orjson

from jwtfast.asgi import accept_of
from jwtfast.errors import JWTError
from jwtfast.gateway.configuration import Configuration, ConfigurationError, read_configuration, text_of
from jwtfast.gateway.counts import Counts, Row
from jwtfast.gateway.logs import DecisionLog
from jwtfast.gateway.metrics import Metrics
from jwtfast.gateway.policy import Decision, Policy
from jwtfast.revocation import RevocationList

__all__ = ["EarlySignals", "Gateway", "load"]

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

_LOG = logging.getLogger("jwtfast.gateway")
_BEAT: Final = 1.0  # seconds between two looks at what the worker holds
_GLANCE: Final = 0.05  # seconds between two looks at whether somebody waits, when it is to stop
_FETCH: Final = 10.0  # seconds that a worker waits for the first keys before it listens
_LINGER: Final = 30.0  # seconds that a former policy's key sets live on, for requests that wait for them


class EarlySignals:
    """Takes the signals to reload that come before there is an event loop to handle them, and would end the process."""

    def __init__(self) -> None:
        self.came = False
        signal.signal(signal.SIGHUP, self._note)

    def _note(self, *_: object) -> None:
        self.came = True


def load(path: Path, text: str, counts: Path) -> Gateway:
    """Make a worker's application; called in the worker's own process.

    Args:
        path: The configuration's file.
        text: What was in it when it was last found to be right.
        counts: The file of all workers' counts.
    """
    early = EarlySignals()
    return Gateway(path, text, read_configuration(path, text), Counts(counts), early)


class Gateway:
    """Answers proxies by a policy, which it exchanges for another on SIGHUP, between two requests."""

    def __init__(
        self, path: Path, text: str, configuration: Configuration, counts: Counts, early: EarlySignals
    ) -> None:
        self._reload_asked = False
        self._early = early
        self._path = path
        self._text = text
        self._configuration = configuration
        self._counts = counts
        self._metrics = Metrics(counts)
        self._asked = configuration.document.server.path
        self._below = configuration.document.proxy.original_request == "request-line"
        self._parent = os.getppid()
        self._earlier = (0, 0)
        self._stopping = False
        self._waiting = 0  # requests that wait for a key
        self._policy: Policy
        self._row: Row
        self._log: DecisionLog
        self._reloading: asyncio.Task[None] | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._serve_lifespan(scope, receive, send)
            return
        path = scope["path"]
        if path == self._asked or (self._below and path.startswith(self._asked + "/")):
            began = perf_counter_ns()
            found = self._policy.decide(scope)
            decision = found if type(found) is Decision else await self._wait(found)  # type: ignore[arg-type]
            self._row.count(decision.place, perf_counter_ns() - began)
            if self._log.allowed or (self._log.refused and decision.status != 200):
                self._write(decision, scope)
            await send(decision.start)  # type: ignore[arg-type]
            body = decision.body if scope["method"] != "HEAD" else b""
            await send({"type": "http.response.body", "body": body})
        else:
            await self._tell(path, scope, send)

    async def _wait(self, found: Awaitable[Decision]) -> Decision:
        self._waiting += 1
        try:
            return await found
        finally:
            self._waiting -= 1

    def _write(self, decision: Decision, scope: MutableMapping[str, Any]) -> None:
        fields = {**self._policy.describe(scope), "proxy": scope["client"][0]}
        for name, value in scope["headers"]:
            # What a client can choose freely is told only where it can't be a token.
            if name == b"x-request-id" and len(value) <= 64 and value.replace(b"-", b"").isalnum():
                fields["request_id"] = value.decode("ascii")
        self._log.write(decision.code, decision.status, **fields)

    # ---- what its keepers ask ----

    async def _tell(self, path: str, scope: MutableMapping[str, Any], send: Send) -> None:
        status, kind, body = 404, "text/plain", b"not found\n"
        if path == "/healthz":
            status, body = 200, b"ok\n"
        elif path == "/readyz":
            lacking = ["stopping"] if self._stopping else self._policy.lacking()
            status, kind = 503 if lacking else 200, "application/json"
            body = orjson.dumps({"ready": not lacking, "lacking": lacking})
        elif path == "/metrics":
            self._note()
            accept = accept_of(scope["headers"]) or b""
            body, kind = self._metrics.write(accept.decode("latin-1"))
            status = 200
        if scope["method"] not in {"GET", "HEAD"}:
            status, kind, body = 405, "text/plain", b"only GET\n"
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        headers.append((b"cache-control", b"no-store"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})

    # ---- its life ----

    async def _serve_lifespan(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            msg = "the gateway answers HTTP only"
            raise ValueError(msg)
        await receive()
        try:
            await self._start()
        except Exception as error:  # noqa: BLE001 - see below
            # Whatever it is: granian takes an exception for an application that has no lifespan, and would serve it.
            if isinstance(error, JWTError):
                _LOG.error("the worker can't start: %s", error)
            else:
                _LOG.exception("the worker can't start")
            await send({"type": "lifespan.startup.failed", "message": ""})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stopping = True
        while self._waiting:  # noqa: ASYNC110 - it is few times; the main process ends it when that takes too long
            await asyncio.sleep(_GLANCE)
        await asyncio.sleep(_GLANCE)  # and what was decided has to go out
        await asyncio.to_thread(self._policy.close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        self._row = self._counts.claim()
        self._earlier = (self._row["hits"], self._row["misses"])
        self._take(await self._policy_of(self._configuration, None))
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._begin_reload)
        # The file may have been exchanged after the main process has made this one.
        if self._early.came or await asyncio.to_thread(self._has_changed):
            self._begin_reload()
        self._beat()
        _LOG.info("a worker is ready", extra={"fields": {"lacking": self._policy.lacking()}})

    def _has_changed(self) -> bool:
        try:
            return text_of(self._path) != self._text
        except ConfigurationError:
            return True  # the reload will say so

    async def _policy_of(self, configuration: Configuration, former: Policy | None) -> Policy:
        revocations: RevocationList | None = None
        table = configuration.document.revocations
        if former is not None and (former.document.revocations, former.redis_url) == (table, configuration.redis_url):
            revocations = former.revocations
        elif configuration.redis_url is not None:
            revocations = await asyncio.to_thread(_revocations, configuration)
        policy = Policy(configuration, revocations, former)
        await policy.fetch(_FETCH)
        return policy

    def _take(self, policy: Policy) -> None:
        self._policy = policy
        self._log = DecisionLog(policy.document.log.decisions)
        self._metrics.issuers = [issuer.name for issuer in policy.issuers]
        self._asked = policy.document.server.path
        self._below = policy.document.proxy.original_request == "request-line"
        logging.getLogger("jwtfast").setLevel(policy.document.log.level.upper())

    def _begin_reload(self) -> None:
        self._reload_asked = True
        if self._reloading is None:
            self._reloading = asyncio.get_running_loop().create_task(self._reload())

    async def _reload(self) -> None:
        try:
            while self._reload_asked:  # once more if it was asked for meanwhile
                self._reload_asked = False
                await self._reload_once()
        finally:
            self._reloading = None

    async def _reload_once(self) -> None:
        former = self._policy
        try:
            configuration = await asyncio.to_thread(read_configuration, self._path)
            policy = await self._policy_of(configuration, former)
        except (ConfigurationError, JWTError) as error:
            self._row["failed_reloads"] += 1
            _LOG.error("the configuration stays as it was: %s", error)
            return
        except Exception:  # noqa: BLE001 - whatever it is, what was right stays right
            self._row["failed_reloads"] += 1
            _LOG.exception("the configuration stays as it was")
            return
        self._note()
        info = former.verifier.cache_info()
        self._earlier = (self._earlier[0] + info.hits, self._earlier[1] + info.misses)
        self._take(policy)
        self._row["reloads"] += 1
        _LOG.info("a worker has taken over the configuration")
        asyncio.get_running_loop().call_later(_LINGER, former.close, policy)

    def _beat(self) -> None:
        self._note()
        if os.getppid() != self._parent and not self._stopping:
            _LOG.error("the gateway's main process is gone: so goes the worker")
            os.kill(os.getpid(), signal.SIGTERM)
            return
        asyncio.get_running_loop().call_later(_BEAT, self._beat)

    def _note(self) -> None:
        info = self._policy.verifier.cache_info()
        self._row["hits"], self._row["misses"] = self._earlier[0] + info.hits, self._earlier[1] + info.misses
        self._policy.note(self._row)
        self._row["beat"] = int(time.time())


def _revocations(configuration: Configuration) -> RevocationList:
    import redis  # noqa: PLC0415 - of an extra of its own

    from jwtfast.revocation_redis import RedisRevocationList  # noqa: PLC0415 - with it

    table = configuration.document.revocations
    assert table is not None  # noqa: S101 - else there was no address
    assert configuration.redis_url is not None  # noqa: S101
    return RedisRevocationList(
        redis.Redis.from_url(configuration.redis_url),
        on_outage=table.on_outage,
        refuse_after=table.refuse_after,
        prefix=table.prefix,
        max_lifetime=table.max_lifetime,
        leeway=table.leeway,
        max_entries=table.max_entries,
    )
