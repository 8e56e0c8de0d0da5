"""RemoteKeySet: an issuer's keys, fetched and kept up to date behind the back of those who verify."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import random
import ssl
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, NoReturn, Self, TypedDict, Unpack

import orjson

from jwtfast._native import Generation, PreparedKey
from jwtfast.algorithms import ALGORITHMS
from jwtfast.claims import number_of_seconds
from jwtfast.errors import InvalidKeyError, KeySetUnavailableError
from jwtfast.key_set import KeyIndex, SkippedKey, keys_of_member, nothing_usable, read_jwks, rsa_algorithms
from jwtfast.keys import Key
from jwtfast.remote.answer import MAX_BYTES, FetchError
from jwtfast.remote.discovery import Discovery
from jwtfast.remote.document import Document, DocumentReader, check_url
from jwtfast.remote.flight import Flight
from jwtfast.remote.schedule import Schedule
from jwtfast.remote.work import WORKING, run

__all__ = ["KeySetStatus", "RemoteKeySet"]

_LOG = logging.getLogger("jwtfast.remote")
_NOTHING = KeyIndex(())

# What a key that is published may be for. A shared secret is none any more when it is published.
_PUBLIC_ALGORITHMS = frozenset(row.name for row in ALGORITHMS.values() if row.key_type != "oct")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


class KeySetStatus(NamedTuple):
    """How a remote key set fares.

    Attributes:
        url: What it was built with, without a query.
        key_ids: The ``kid`` of each of its keys.
        skipped: The members of the document that are no usable keys.
        last_success: When a fetch last succeeded, in seconds since the epoch; None: never.
        last_error: What went wrong the last time that something did; None: nothing so far.
        last_error_at: When, in seconds since the epoch.
        age: How long ago the last success was, in seconds.
        failures: How many fetches have failed since.
        fetches: How many there have been in all.
    """

    url: str
    key_ids: tuple[str | None, ...]
    skipped: tuple[SkippedKey, ...]
    last_success: float | None
    last_error: str | None
    last_error_at: float | None
    age: float | None
    failures: int
    fetches: int


class Options(TypedDict, total=False):
    """The options of ``RemoteKeySet``, each a parameter of it."""

    algorithms: Iterable[str]
    min_lifetime: float
    max_lifetime: float
    stale_for: float
    cool_down: float
    max_wait: float
    timeout: float
    max_bytes: int
    allow_http: bool
    headers: Mapping[str, str] | None
    ssl_context: ssl.SSLContext | None


class RemoteKeySet:
    """The keys that an issuer publishes as a JWK set (RFC 7517 section 5), kept up to date by a thread of its own.

    A verifier never waits for the network while it has the key that a token names. The first use starts the thread;
    ``refresh`` does so at a time of one's choice, like the start of the program. A forked process gets its own thread.

    What the document says counts as a whole: a key that is no longer in it verifies nothing from then on, and a
    document without usable keys means that all have been withdrawn. While no document is to be had, the last one's keys
    stay in use, for ``stale_for`` seconds beyond its lifetime.
    """

    __slots__ = (
        "__weakref__",
        "_cancel",
        "_closed",
        "_discovery",
        "_etag",
        "_fetches",
        "_flight",
        "_index",
        "_known",
        "_last_error",
        "_last_error_at",
        "_last_success",
        "_lock",
        "_max_wait",
        "_name",
        "_reader",
        "_rsa",
        "_schedule",
        "_skipped",
        "_timeout",
        "_url",
        "_wake",
        "_worker",
        "generation",
    )

    generation: Generation
    """Advanced when keys come or go: remembered tokens are judged again, by those that there are."""

    def __init__(
        self,
        url: str,
        *,
        algorithms: Iterable[str] = ("RS256",),
        min_lifetime: float = 60,
        max_lifetime: float = 3600,
        stale_for: float = 3600,
        cool_down: float = 10,
        max_wait: float = 1,
        timeout: float = 10,
        max_bytes: int = MAX_BYTES,
        allow_http: bool = False,
        headers: Mapping[str, str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Say where the keys are. Nothing is fetched yet.

        Args:
            url: The address of the JWK set: https, or http on this very machine.
            algorithms: What an RSA key is for that does not say it by ``alg``.
            min_lifetime: The shortest time after which the document is fetched anew, in seconds, whatever its
                Cache-Control says; one that says nothing is fetched anew within 300.
            max_lifetime: The longest.
            stale_for: How long the last keys are used beyond the document's lifetime if no fetch succeeds, in seconds.
            cool_down: The time between two fetches, in seconds, however many tokens name keys that are not there and
                whether or not the last one succeeded.
            max_wait: How long ``verify`` waits for a key that is not there, in seconds.
            timeout: How long a fetch may take as a whole, in seconds.
            max_bytes: How long the document may be.
            allow_http: Whether plain HTTP will do from other machines too: whoever is on the way can then exchange the
                keys.
            headers: What to send with each request, like credentials.
            ssl_context: Whom to trust, and a client's certificate; None: whom the system trusts.

        Raises:
            InvalidKeyError: One of ``algorithms`` is not for RSA keys.
            ValueError: The address is not https, or a value is out of range.
            TypeError: An argument is of the wrong type.
        """
        parts = check_url("the address of a key set", url, allow_http=allow_http)
        self._url = url
        self._name = f"{parts.scheme}://{parts.netloc}{parts.path}"  # a query may hold a secret
        self._rsa = rsa_algorithms(algorithms)
        if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
            msg = "max_bytes is an int, at least 1"
            raise ValueError(msg)
        self._max_wait = number_of_seconds("max_wait", max_wait)
        self._timeout = number_of_seconds("timeout", timeout)
        self._reader = DocumentReader(
            timeout=self._timeout, max_bytes=max_bytes, headers=headers or {}, ssl_context=ssl_context
        )
        self._schedule = Schedule(
            min_lifetime=number_of_seconds("min_lifetime", min_lifetime),
            max_lifetime=number_of_seconds("max_lifetime", max_lifetime),
            stale_for=number_of_seconds("stale_for", stale_for),
            cool_down=number_of_seconds("cool_down", cool_down),
            random=random.random,
        )
        if not 0 < min_lifetime <= max_lifetime or not cool_down or not timeout:
            msg = "min_lifetime, cool_down and timeout are more than 0, and max_lifetime is not below min_lifetime"
            raise ValueError(msg)
        self._discovery: Discovery | None = None
        self._index = _NOTHING
        self._known: dict[bytes, list[Key]] = {}
        self._skipped: tuple[SkippedKey, ...] = ()
        self._etag: tuple[str, str] | None = None  # of which address
        self._last_success: tuple[float, float] | None = None  # since the epoch, and by the monotonic clock
        self._last_error: str | None = None
        self._last_error_at: float | None = None
        self._fetches = 0
        self._closed = False
        self.generation = Generation()
        self._begin_anew()
        _ALIVE.add(self)

    @classmethod
    def from_discovery(cls, issuer: str, **options: Unpack[Options]) -> Self:
        """Find the JWK set by its issuer's metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3).

        ``/.well-known/openid-configuration`` is asked first, then ``/.well-known/oauth-authorization-server``. The
        ``issuer`` in the metadata must be exactly the one given here. Nothing is fetched yet.

        Args:
            issuer: The issuer identifier, as ``iss`` has it.
            **options: Those of ``RemoteKeySet``; they go for the metadata too.

        Returns:
            The key set.

        Raises:
            InvalidKeyError: One of ``algorithms`` is not for RSA keys.
            ValueError: The issuer is no https address, or a value is out of range.
            TypeError: An argument is of the wrong type.
        """
        keys = cls(issuer, **options)
        keys._discovery = Discovery(
            issuer,
            keys._reader,
            allow_http=options.get("allow_http", False),
            max_lifetime=options.get("max_lifetime", 3600),
        )
        return keys

    # ---- what a verifier asks ----

    def candidates(self, algorithm: str, key_id: str | None) -> tuple[PreparedKey, ...]:
        """Give the keys that may have signed a token, of those that are there; see ``KeySet.candidates``.

        Args:
            algorithm: The header's ``alg``.
            key_id: The header's ``kid``, or None where it has none.

        Returns:
            The keys; none where a key is not known, or not any more.
        """
        if self._worker is None:
            self._start_worker()
        if self._index.keys and time.monotonic() >= self._schedule.usable_until:
            self._drop_expired()
        return self._index.candidates(algorithm, key_id)

    def seek(self, algorithm: str) -> bool:
        """Have a key fetched that is not known, unless a fetch was made just now.

        Args:
            algorithm: The header's ``alg``.

        Returns:
            Whether a fetch is under way, and not for too long.

        Raises:
            KeySetUnavailableError: There are no keys at all, and no such fetch.
        """
        if algorithm not in _PUBLIC_ALGORITHMS:
            return False  # no fetch can bring a key for it
        now = time.monotonic()
        with self._lock:
            if self._flight is None and not self._closed and now >= self._schedule.cool_until:
                self._begin_flight(now)
            flight = self._flight
        if flight is not None and now < flight.started + self._max_wait:
            return True
        if not self._index.keys:
            raise KeySetUnavailableError(self._why_unavailable())
        return False

    def wait(self) -> None:
        """Wait for the fetch under way until ``max_wait`` seconds after its start."""
        flight = self._flight
        if flight is not None:
            flight.wait(flight.started + self._max_wait - time.monotonic())

    async def wait_async(self) -> None:
        """Wait for the fetch under way until ``max_wait`` seconds after its start, and let the event loop go on."""
        flight = self._flight
        if flight is not None:
            await flight.wait_async(flight.started + self._max_wait - time.monotonic())

    # ---- what its owner asks ----

    def refresh(self) -> bool:
        """Fetch now, cool-down or not, and wait for it: for a program's start, not for the path of a token.

        Returns:
            Whether it succeeded.

        Raises:
            KeySetUnavailableError: It did not, and there are no usable keys.
        """
        flight = self._ask()
        flight.wait(self._timeout + 1)
        return self._verdict_on(flight)

    async def refresh_async(self) -> bool:
        """Fetch now, as ``refresh`` does, and let the event loop go on.

        Returns:
            Whether it succeeded.

        Raises:
            KeySetUnavailableError: It did not, and there are no usable keys.
        """
        flight = self._ask()
        await flight.wait_async(self._timeout + 1)
        return self._verdict_on(flight)

    def status(self) -> KeySetStatus:
        """Tell how it fares.

        Returns:
            The keys, and what came of the fetches.
        """
        with self._lock:
            success = self._last_success
            return KeySetStatus(
                url=self._name,
                key_ids=tuple(key.key_id for key in self._index.keys),
                skipped=self._skipped,
                last_success=None if success is None else success[0],
                last_error=self._last_error,
                last_error_at=self._last_error_at,
                age=None if success is None else time.monotonic() - success[1],
                failures=self._schedule.failures,
                fetches=self._fetches,
            )

    def close(self) -> None:
        """End its thread and forget its keys: from now on it verifies nothing."""
        with self._lock:
            worker, flight, self._closed = self._worker, self._flight, True
            self._exchange(_NOTHING)
            if self._cancel is not None:
                self._cancel()
            self._wake.put(None)
        if worker is not None and worker is not threading.current_thread():
            worker.join(self._timeout)
        if flight is not None:
            flight.land("the key set was closed")  # the thread may have ended before it took off

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.close)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._index.keys)

    def __len__(self) -> int:
        return len(self._index.keys)

    def __bool__(self) -> bool:
        return True  # it is a key set even before its first fetch

    def __repr__(self) -> str:
        return f"<RemoteKeySet {self._name} of {len(self)}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "a RemoteKeySet can't be pickled or copied: build another"
        raise TypeError(msg)

    # ---- the thread ----

    def _begin_anew(self) -> None:
        """Be without a thread, and without what belongs to one: at first, and in a forked process."""
        self._lock = threading.Lock()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # its put may be called from a finalizer
        self._worker: threading.Thread | None = None
        self._flight: Flight[str] | None = None
        self._cancel: Any = None
        self.generation.advance()  # so that a remembered token asks for candidates, which starts the thread

    def _start_worker(self) -> None:
        with self._lock:
            if self._worker is not None or self._closed:
                return
            reference = weakref.ref(self, partial(_ring, self._wake))
            worker = threading.Thread(target=_work, args=(reference, self._wake), name="jwtfast-keys", daemon=True)
            try:
                worker.start()
            except RuntimeError:  # the interpreter is going down, or there is no room for another thread
                self.generation.advance()  # so that the next call tries again, though all tokens be remembered
                return
            self._worker = worker

    def _abandon(self, wake: queue.SimpleQueue[None]) -> None:
        """Have the next call start another thread in the place of one that has failed."""
        if self._wake is wake:
            self._worker = None
            self.generation.advance()

    def _begin_flight(self, now: float) -> Flight[str]:
        flight: Flight[str] = Flight(now)
        self._flight = flight
        self._wake.put(None)
        return flight

    def _ask(self) -> Flight[str]:
        with self._lock:
            if self._closed:
                nowhere: Flight[str] = Flight(time.monotonic())
                nowhere.land("the key set was closed")
                return nowhere
            flight = self._flight or self._begin_flight(time.monotonic())
        # The thread comes second: at its start it makes a fetch of its own where none is wanted yet.
        self._start_worker()
        error = "no thread can be started"
        with self._lock:
            is_stranded = self._worker is None and self._flight is flight
            if is_stranded:
                self._flight = None
                self._note_error(error)
        if is_stranded:
            flight.land(error)
        return flight

    def _attend(self) -> float:
        """Do what is due. Gives how long nothing will be, in seconds."""
        now = time.monotonic()
        with self._lock:
            if self._flight is None and now >= self._schedule.fetch_at and not self._closed:
                self._flight = Flight(now)
            flight = self._flight
        if flight is not None:
            self._fly(flight)
        self._drop_expired()
        with self._lock:
            next_event = self._schedule.fetch_at
            if self._index.keys:
                next_event = min(next_event, self._schedule.usable_until)
        return max(0.0, next_event - time.monotonic())

    def _fly(self, flight: Flight[str]) -> None:
        """Make a fetch, and have all who wait for it go on, whatever comes of it."""
        error = "it was given up"
        try:
            self._fetches += 1
            address, document = run(self._fetch())
            keys, skipped, known = self._read(document)
            index = KeyIndex(keys)
            with self._lock:
                error = self._accept(address, document, index, skipped) or ""
                self._known = known
        except FetchError as failure:
            error = str(failure)
        except asyncio.CancelledError:
            error = "the key set was closed"
        except Exception as failure:  # noqa: BLE001 - whatever it was, there will be a next time
            error = f"something unforeseen went wrong ({type(failure).__name__})"
        finally:
            with self._lock:
                if error:
                    self._note_failure(error)
                self._flight = None
            if error and not self._closed:
                _LOG.warning("the keys of %s could not be fetched: %s", self._name, error)
            flight.land(error or None)

    async def _fetch(self) -> tuple[str, Document]:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        with self._lock:
            if self._closed:
                raise asyncio.CancelledError
            self._cancel = partial(loop.call_soon_threadsafe, task.cancel)
        # The keys may have to go while the thread is here.
        alarm = loop.call_later(max(0.0, self._schedule.usable_until - time.monotonic()), self._drop_expired)
        try:
            async with asyncio.timeout(self._timeout):
                url = self._url if self._discovery is None else await self._discovery.jwks_uri(time.monotonic())
                etag = self._etag[1] if self._etag is not None and self._etag[0] == url else None
                return url, await self._reader.fetch(url, etag=etag)
        except TimeoutError:
            msg = f"it took more than {self._timeout:g} s"
            raise FetchError(msg) from None
        finally:
            alarm.cancel()
            with self._lock:
                self._cancel = None

    def _read(self, document: Document) -> tuple[Iterable[Key], tuple[SkippedKey, ...], dict[bytes, list[Key]]]:
        if document.body is None:
            return self._index.keys, self._skipped, self._known
        known: dict[bytes, list[Key]] = {}
        try:
            keys, skipped = read_jwks(document.body, partial(self._keys_of_member, known))
        except InvalidKeyError as error:
            msg = f"its answer is not a JWK set: {error}"
            raise FetchError(msg) from None
        return keys, skipped, known

    def _keys_of_member(self, known: dict[bytes, list[Key]], jwk: Any) -> list[Key]:
        members = frozenset(jwk) if isinstance(jwk, dict) else frozenset[str]()
        if members and jwk.get("kty") == "oct":
            msg = "it is a shared secret, which is none any more when it is published"
            raise InvalidKeyError(msg)
        if members & _PRIVATE_MEMBERS:
            msg = "it holds its private half, so that anybody can sign with it"
            raise InvalidKeyError(msg)
        spelling = orjson.dumps(jwk, option=orjson.OPT_SORT_KEYS)
        # The same object as before, so that tokens which it has verified stay remembered.
        keys = self._known.get(spelling) or keys_of_member(jwk, rsa=self._rsa)
        known[spelling] = keys
        return keys

    def _accept(self, address: str, document: Document, index: KeyIndex, skipped: tuple[SkippedKey, ...]) -> str | None:
        """Take the keys of a document. Gives what is wrong with them, if something is."""
        if self._closed:
            return "the key set was closed"
        now = time.monotonic()
        self._last_success = (time.time(), now)
        self._skipped = skipped
        self._etag = (address, document.etag) if document.etag is not None and index.keys else None
        if index.keys != self._index.keys:
            self._exchange(index)
        if not index.keys:
            return nothing_usable(skipped)
        self._schedule.succeeded(now, document.lifetime)
        return None

    def _note_failure(self, error: str) -> None:
        if self._discovery is not None:
            self._discovery.forget()
        self._schedule.failed(time.monotonic())
        self._note_error(error)

    def _note_error(self, error: str) -> None:
        self._last_error, self._last_error_at = error, time.time()

    def _drop_expired(self) -> None:
        with self._lock:
            if not self._index.keys or time.monotonic() < self._schedule.usable_until:
                return
            self._etag = None
            self._exchange(_NOTHING)
        _LOG.error("the keys of %s have been out of date for too long, and are not used any more", self._name)

    def _exchange(self, index: KeyIndex) -> None:
        self._index = index
        self.generation.advance()

    def _verdict_on(self, flight: Flight[str]) -> bool:
        if not self._index.keys:
            raise KeySetUnavailableError(self._why_unavailable())
        return flight.wait(0) and flight.error is None

    def _why_unavailable(self) -> str:
        why = "it was closed" if self._closed else self._last_error or "they have not come yet"
        return f"there are no usable keys from {self._name}: {why}"

    def _is_served_by(self, wake: queue.SimpleQueue[None]) -> bool:
        return self._wake is wake and not self._closed


def _work(reference: weakref.ref[RemoteKeySet], wake: queue.SimpleQueue[None]) -> None:
    """Serve a key set as long as somebody has it."""
    while True:
        keys = reference()
        if keys is None or not keys._is_served_by(wake):  # noqa: SLF001 - its own thread
            return
        try:
            with WORKING:
                pause = keys._attend()  # noqa: SLF001
        except BaseException:
            keys._abandon(wake)  # noqa: SLF001
            raise
        del keys
        with suppress(queue.Empty):
            wake.get(timeout=min(pause, threading.TIMEOUT_MAX))


def _ring(wake: queue.SimpleQueue[None], _: object) -> None:
    wake.put(None)


_ALIVE: weakref.WeakSet[RemoteKeySet] = weakref.WeakSet()


def _begin_anew_after_fork() -> None:
    for keys in tuple(_ALIVE):
        keys._begin_anew()  # noqa: SLF001
        keys._schedule.spread(time.monotonic())  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew_after_fork)
