"""Lists of revocations that are shared through a real Redis: nothing is missed, whatever becomes of it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from forge import NOW, SECRET, Clock, good
from redis_server import RedisServer

import jwtfast
from jwtfast import Key, RevocationList, Verifier, errors
from jwtfast.revocation_redis import RedisRevocationList

KEY = Key.from_secret(SECRET, "HS256", key_id="a")
ISSUER = "https://login.example"
ENTRIES, CHANGES, NAME = (f"{{jwtfast:revocations}}:{what}" for what in ("entries", "changes", "name"))
FOREVER = 2**40  # seconds since the epoch


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Start a Redis of one's own."""
    server = RedisServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def share(server: RedisServer) -> Iterator[Callable[..., RedisRevocationList]]:
    """Give the function that makes lists, which are closed in the end."""
    with ExitStack() as stack:

        def share(client: redis.Redis | None = None, **options: Any) -> RedisRevocationList:
            client = client or stack.enter_context(server.client())
            return stack.enter_context(
                RedisRevocationList(client, **{"on_outage": "keep", "clock": Clock(), **options})
            )

        yield share


def verifier(revocations: RevocationList, **options: Any) -> Verifier:
    """Give a verifier whose clock stands at NOW."""
    return Verifier(KEY, **{"clock": Clock(), "revocations": revocations, **options})


def issued(**claims: object) -> str:
    """Give a token with everything that one can be revoked by, or with what is given instead."""
    return good(**{"iss": ISSUER, "sub": "alice", "sid": "laptop", "jti": "1", "iat": NOW - 10} | claims)


def code_of(judge: Verifier, raw: str) -> str | None:
    """Give the code of the error that a token is refused with, or None where it is good."""
    try:
        judge.verify(raw)
    except (errors.InvalidTokenError, errors.RevocationListUnavailableError) as error:
        return error.code
    return None


def eventually(holds: Callable[[], object], *, within: float = 10) -> bool:
    """Tell whether something comes true, at the latest after so many seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.002)
    return False


def long(revoked: RevocationList, entries: int) -> Callable[[], bool]:
    """Give the question whether a list has so many entries."""
    return lambda: len(revoked) == entries


def is_revoked(judge: Verifier, raw: str) -> bool:
    """Tell whether a token is refused as revoked."""
    return code_of(judge, raw) == "revoked"


# ---- Sharing ----

BY: dict[str, tuple[Callable[[RevocationList], None], dict[str, object]]] = {
    "jti": (lambda revoked: revoked.revoke_jti(ISSUER, "1", NOW + 60), {"jti": "2"}),
    "jti for good": (lambda revoked: revoked.revoke_jti(ISSUER, "1", None), {"iss": "i"}),
    "subject": (lambda revoked: revoked.revoke_subject(ISSUER, "alice"), {"sub": "bob"}),
    "subject's older ones": (
        lambda revoked: revoked.revoke_subject(ISSUER, "alice", issued_before=NOW - 5),
        {"iat": NOW - 4},
    ),
    "session": (lambda revoked: revoked.revoke_session(ISSUER, "laptop"), {"sid": "phone"}),
}


@pytest.mark.parametrize("by", BY)
def test_what_one_revokes_all_refuse(by: str, share: Callable[..., RedisRevocationList]) -> None:
    """What is revoked through one list is refused by another's verifiers, cached or not, and by a list made later."""
    here, there = share(), share()
    revoke, other = BY[by]
    judge = verifier(there)
    assert [code_of(judge, raw) for raw in (issued(), issued(**other))] == [None, None]
    revoke(here)
    assert eventually(lambda: code_of(judge, issued()) == "revoked")
    later = share()
    for revoked in (here, there, later):
        for cache_tokens in (0, 10):
            fresh = verifier(revoked, cache_tokens=cache_tokens)
            assert [code_of(fresh, raw) for raw in (issued(), issued(**other))] == ["revoked", None]
        assert len(revoked) == 1


def test_by_key(share: Callable[..., RedisRevocationList]) -> None:
    """A key that is revoked through one list is so for all."""
    here, there = share(), share()
    here.revoke_key("a", expires_at=NOW + 60)
    assert eventually(lambda: code_of(verifier(there), issued()) == "revoked")
    assert code_of(verifier(share()), issued()) == "revoked"


@pytest.mark.parametrize(
    "client",
    [
        {"protocol": 2},
        {"protocol": 3},
        {"decode_responses": True},
        {"protocol": 3, "decode_responses": True},
        {"protocol": 3, "legacy_responses": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("special", [False, True], ids=["own connection", "the client's pool"])
def test_any_client(
    client: dict[str, Any], special: bool, server: RedisServer, share: Callable[..., RedisRevocationList]
) -> None:
    """Clients of either protocol, decoding or not, and with pools of their own, share one list."""

    class SpecialPool(redis.ConnectionPool):
        """One that can't be made again from its settings."""

    def connect() -> redis.Redis:
        if not special:
            return server.client(**client)
        with server.client(**client) as model:
            return redis.Redis(connection_pool=SpecialPool(**model.connection_pool.connection_kwargs))

    with connect() as first, connect() as second:
        here, there = share(first, refuse_after=0.4), share(second, refuse_after=0.4)
        for value in ("ä", '"', "\n", "日本", "\U0001f511", "x" * 5000):
            here.revoke_jti(value, value, FOREVER)
            there.revoke_jti(None, value, None)
        later = share(first, refuse_after=0.4)
        for revoked in (here, there, later):
            assert eventually(long(revoked, 12))
            judge = verifier(revoked)
            assert code_of(judge, issued(iss="\n", jti="\n")) == "revoked"
            assert code_of(judge, good(jti="日本")) == "revoked"
            assert code_of(judge, issued(iss="\n", jti="ä")) is None
        here.close()
        there.close()
        later.close()


def test_many_entries(share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """A list that comes later reads all entries, however many there are, and no list meets another prefix's."""
    here = share()
    for number in range(2500):
        here.revoke_jti(ISSUER, str(number), FOREVER)
    later, other = share(), share(prefix="other")
    assert [len(later), len(other)] == [2500, 0]
    judge = verifier(later)
    assert {code_of(judge, issued(jti=str(number))) for number in range(2500)} == {"revoked"}
    with server.client() as client:
        assert client.dbsize() == 4


def test_what_comes_while_entries_are_read(
    share: Callable[..., RedisRevocationList], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is revoked while another list reads the entries is not missed, before or after it has read a part."""
    here = share()
    here.revoke_jti(ISSUER, "0", None)
    read = redis.Redis.zscan

    def scan(self: redis.Redis, *args: Any, **options: Any) -> Any:
        here.revoke_jti(ISSUER, "before", None)
        found = read(self, *args, **options)
        here.revoke_jti(ISSUER, "after", None)
        return found

    monkeypatch.setattr(redis.Redis, "zscan", scan)
    later = share()
    assert eventually(long(later, 3))


def test_what_comes_all_the_time(share: Callable[..., RedisRevocationList]) -> None:
    """Lists that are made while others revoke without a pause hold everything in the end."""
    writers = [share(), share()]
    lists: list[RedisRevocationList] = []

    def write(writer: int) -> None:
        for number in range(500):
            writers[writer].revoke_jti(str(writer), str(number), None)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if len(lists) < 10:
            lists.append(share())
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert lists
    for revoked in (*writers, *lists):
        assert eventually(long(revoked, 1000))
        assert revoked.status().snapshots == 1


FOLLOWER = """
    import sys, threading, time, redis
    from jwtfast import Key, Verifier, errors
    from jwtfast.revocation_redis import RedisRevocationList
    port, secret, now, *raws = sys.argv[1:]
    clock = lambda: float(now)
    with RedisRevocationList(redis.Redis("127.0.0.1", int(port)), on_outage="keep", clock=clock) as revoked:
        verifier = Verifier(Key.from_secret(bytes.fromhex(secret), "HS256"), revocations=revoked, clock=clock)
        for raw in raws:
            verifier.verify(raw)
        print("ready", flush=True)
        end = time.monotonic() + 30
        for raw in raws:
            try:
                while time.monotonic() < end:
                    verifier.verify(raw)
                    time.sleep(0.0005)
            except errors.RevokedTokenError:
                print(time.monotonic(), flush=True)
"""


def test_another_process_within_100_ms(share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """A token that another process has in its cache is refused there within 100 ms of its revocation."""
    raws = [issued(jti=str(number)) for number in range(15)]
    here = share()
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-c", textwrap.dedent(FOLLOWER), str(server.port), SECRET.hex(), str(NOW), *raws],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(jwtfast.__file__).parents[1])},
    ) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "ready\n"
        delays = []
        for number in range(len(raws)):
            start = time.monotonic()
            here.revoke_jti(ISSUER, str(number), NOW + 60)
            delays.append(float(follower.stdout.readline()) - start)
            time.sleep(0.01)
    assert follower.returncode == 0
    assert statistics.median(delays) < 0.1


def test_a_fork() -> None:
    """A list goes on in a forked child, and in its parent: each sees what is revoked after the fork."""
    code = f"""
    import os, sys, tempfile, time, warnings
    from pathlib import Path
    sys.path.insert(0, {str(Path(__file__).parent)!r})
    from redis_server import RedisServer
    from jwtfast.revocation_redis import RedisRevocationList
    warnings.simplefilter("ignore", DeprecationWarning)  # of fork() where there are threads

    def eventually(count):
        end = time.monotonic() + 10
        while len(revoked) != count and time.monotonic() < end:
            time.sleep(0.002)
        assert len(revoked) == count, (count, revoked.status())

    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        try:
            revoked = RedisRevocationList(server.client(), on_outage="refuse", refuse_after=1)
            revoked.revoke_jti("i", "1", None)
            child = os.fork()
            if not child:
                try:
                    eventually(2)
                    revoked.revoke_jti("i", "child", None)
                    eventually(4)
                    time.sleep(1.2)
                    assert revoked.status().connected and not revoked.suspended
                    revoked.close()
                    os._exit(0)
                finally:
                    os._exit(1)
            revoked.revoke_jti("i", "2", None)
            eventually(3)
            revoked.revoke_jti("i", "3", None)
            assert os.waitpid(child, 0)[1] == 0
            assert revoked.status()[:3] == (True, False, 4)
            assert revoked.status().snapshots == 1
            revoked.close()
        finally:
            server.stop()
    """
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    if "Skipped" in done.stderr:
        pytest.skip("redis-server is missing: apt-get install redis-server")
    assert done.returncode == 0, done.stderr


# ---- Outages ----


def test_a_lost_connection(share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """A list whose connection is cut catches up from the stream, without reading all entries again."""
    here, there = share(refuse_after=0.4), share(refuse_after=0.4)
    for number in range(5):
        with server.client() as client:
            client.client_kill_filter(_type="normal", skipme=True)
        here.revoke_jti(ISSUER, str(number), None)
        assert eventually(long(there, number + 1))
    assert there.status().snapshots == 1
    assert eventually(lambda: there.status().last_error is None)


def test_a_stream_that_was_trimmed(
    share: Callable[..., RedisRevocationList], server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that was away while changes went out of the stream reads all entries again."""
    here, there = share(refuse_after=0.4), share(refuse_after=0.4)
    away = True

    read: Any = there._source.client.xread

    def unreachable(*args: Any, **options: Any) -> Any:
        if away:
            raise redis.ConnectionError
        return read(*args, **options)

    monkeypatch.setattr(there._source.client, "xread", unreachable)
    assert eventually(lambda: not there.status().connected)
    for number in range(10):
        here.revoke_jti(ISSUER, str(number), None)
    with server.client() as client:
        assert client.xtrim(CHANGES, maxlen=2, approximate=False) == 8
    away = False
    assert eventually(long(there, 10))
    assert there.status().snapshots == 2
    assert there.status().data_losses == 0


OUTAGES: dict[str, tuple[Callable[[RedisServer], None], Callable[[RedisServer], None]]] = {
    "ended": (RedisServer.stop, RedisServer.start),
    "frozen": (RedisServer.freeze, RedisServer.thaw),
}


@pytest.mark.parametrize("how", OUTAGES)
def test_keep(how: str, share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """While Redis is away "keep" judges by what is known; nobody waits, and afterwards nothing is missing."""
    begin, end = OUTAGES[how]
    here, there = share(refuse_after=0.4), share(refuse_after=0.4)
    judges = [verifier(revoked) for revoked in (here, there)]
    here.revoke_subject(ISSUER, "mallory")
    assert eventually(long(there, 1))
    known = judges[1].verify(issued())
    begin(server)
    assert eventually(lambda: not there.status().connected)
    time.sleep(0.5)
    start = time.monotonic()
    for _ in range(1000):
        assert judges[1].verify(issued()) is known
        assert code_of(judges[1], issued(sub="mallory")) == "revoked"
    assert time.monotonic() - start < 0.4
    assert there.status()[:2] == (False, False)
    with pytest.raises(errors.RevocationListUnavailableError, match="revoke it again"):
        here.revoke_subject(ISSUER, "alice")
    assert [code_of(judge, issued()) for judge in judges] == ["revoked", None]
    end(server)
    here.revoke_subject(ISSUER, "alice")
    assert eventually(lambda: code_of(judges[1], issued()) == "revoked")
    assert eventually(lambda: here.status().connected)
    assert there.status().data_losses == 0


@pytest.mark.parametrize("how", OUTAGES)
def test_refuse(how: str, share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """While Redis is away for longer than refuse_after, "refuse" calls no token good, cached or not; then it does."""
    begin, end = OUTAGES[how]
    revoked = share(on_outage="refuse", refuse_after=0.8)
    judge = verifier(revoked)
    revoked.revoke_subject(ISSUER, "mallory")
    known = judge.verify(issued())
    start = time.monotonic()
    begin(server)
    while code_of(judge, issued()) is None:
        assert time.monotonic() - start < 5
    assert revoked.status()[:2] == (False, True)
    assert code_of(judge, issued()) == code_of(judge, issued(sub="bob")) == "revocations_unavailable"
    assert code_of(judge, issued(sub="mallory")) == "revoked"
    assert code_of(judge, "a.b.c") == "malformed"
    end(server)
    assert eventually(lambda: code_of(judge, issued()) is None)
    assert judge.verify(issued()) is known
    assert revoked.status()[:2] == (True, False)
    assert revoked.status().last_error is None


def test_a_short_outage_is_no_reason_to_refuse(share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """An outage shorter than refuse_after is nothing that anyone sees."""
    revoked = share(on_outage="refuse", refuse_after=20)
    judge = verifier(revoked)
    server.stop()
    assert eventually(lambda: not revoked.status().connected)
    assert code_of(judge, issued()) is None
    server.start()
    assert eventually(lambda: revoked.status().connected)
    assert not revoked.suspended


def test_no_redis_at_first(server: RedisServer) -> None:
    """A list isn't made while Redis can't be asked: it would not know what has been revoked."""
    server.stop()
    for on_outage in ("keep", "refuse"):
        with pytest.raises(errors.RevocationListUnavailableError, match="Redis could not say"):
            RedisRevocationList(server.client(), on_outage=on_outage)


def restart_empty(server: RedisServer) -> None:
    """End a server and start it without what it held."""
    server.stop()
    server.start(keep=False)


LOSSES: dict[str, Callable[[RedisServer], object]] = {
    "flushed": lambda server: server.client().flushall(),
    "restarted empty": restart_empty,
    "deleted": lambda server: server.client().delete(ENTRIES, CHANGES, NAME),
}


@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.parametrize("ahead", [False, True], ids=["", "by a clock that was ahead"])
def test_data_that_is_lost(
    how: str, ahead: bool, share: Callable[..., RedisRevocationList], server: RedisServer
) -> None:
    """What Redis has lost stays revoked where it is known, the loss is told, and what is revoked next is met."""
    here, there = share(), share()
    here.revoke_jti(ISSUER, "1", None)
    if ahead:
        with server.client() as client:
            entry = json.dumps(["jti", ISSUER, "2", None])
            client.xadd(CHANGES, {"entry": entry, "end": "+inf"}, id="9999999999999-0")
    else:
        here.revoke_jti(ISSUER, "2", None)
    assert eventually(long(there, 2))
    LOSSES[how](server)
    assert eventually(lambda: there.status().data_losses == 1)
    assert eventually(lambda: there.status().connected)
    here.revoke_jti(ISSUER, "3", None)
    judge = verifier(there)
    assert eventually(lambda: code_of(judge, issued(jti="3")) == "revoked")
    assert [code_of(judge, issued(jti=jti)) for jti in ("1", "2")] == ["revoked"] * 2
    assert len(share()) == 1


def disturb(server: RedisServer, rng: random.Random, meanwhile: Callable[[], None]) -> None:
    """Have something happen to Redis, and something else while it is away."""
    with server.client() as client:
        if rng.random() < 0.5:
            client.client_kill_filter(_type="normal", skipme=True)
            meanwhile()
        if rng.random() < 0.5:
            client.xtrim(CHANGES, maxlen=rng.randrange(3), approximate=False)
    if rng.random() < 0.4:
        server.stop()
        meanwhile()
        server.start()
    elif rng.random() < 0.4:
        server.freeze()
        time.sleep(rng.random() / 5)
        server.thaw()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens(seed: int, share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """What was revoked without an error is known to all lists in the end, whatever happened to Redis in between."""
    rng = random.Random(seed)  # noqa: S311
    lists = [share(refuse_after=0.2) for _ in range(3)]
    tried, told = 0, set()

    def revoke() -> None:
        nonlocal tried
        tried += 1
        with suppress(errors.RevocationListUnavailableError):
            rng.choice(lists).revoke_jti(ISSUER, str(tried), None)
            told.add(tried)

    while tried < 150:
        revoke()
        if rng.random() < 0.15:
            disturb(server, rng, revoke)
        if rng.random() < 0.05:
            lists.append(share(refuse_after=0.2))
    assert 75 < len(told) <= tried
    for revoked in lists:
        judge = verifier(revoked, cache_tokens=0)
        for number in told:
            assert eventually(partial(is_revoked, judge, issued(jti=str(number))))


# ---- Time, and what Redis holds ----


def test_each_list_adds_its_own_leeway(share: Callable[..., RedisRevocationList]) -> None:
    """A list keeps an entry for its own leeway, whatever the leeway of the one that revoked."""
    clock = Clock()
    strict, lax = share(leeway=0, clock=clock), share(leeway=60, clock=clock)
    strict.revoke_jti(ISSUER, "1", NOW + 10)
    assert eventually(long(lax, 1))
    clock.now = NOW + 30
    assert [len(strict), len(lax), len(share(leeway=60, clock=clock))] == [0, 1, 1]


def test_what_has_ended_leaves_redis(share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """Entries leave Redis a day after their time, changes after an hour."""
    revoked = share()
    now = time.time()
    with server.client() as client:
        client.zadd(ENTRIES, {json.dumps(["jti", "i", str(n), None]): now - 86_400 - n for n in range(1, 50)})
        client.zadd(ENTRIES, {json.dumps(["jti", "i", "recent", None]): now - 3600})
        for number in range(1, 500):
            client.xadd(CHANGES, {"entry": json.dumps(["jti", "i", "x", None]), "end": "1"}, id=f"{number}-0")
        revoked.revoke_jti(ISSUER, "1", now + 60)
        assert client.zcard(ENTRIES) == 2
        assert client.xlen(CHANGES) <= 101


def test_entries_that_are_no_entries(share: Callable[..., RedisRevocationList], server: RedisServer) -> None:
    """What is no entry is an error that says so; all others are met, and it ends when that is removed."""
    here, there = share(refuse_after=0.4), share(refuse_after=0.4)
    bad = [b"junk", b"[]", b'["jti", 1, "x", null]', b'["jti", null, null, null]', b'["who", "i", "x", null]', b"\xff"]
    with server.client() as client:
        for junk in bad:
            client.zadd(ENTRIES, {junk: FOREVER})
            client.xadd(CHANGES, {"entry": junk, "end": "+inf"})
        client.xadd(CHANGES, {"what": "else"})
        here.revoke_jti(ISSUER, "1", None)
        assert eventually(lambda: "none of this library's" in str(there.status().last_error))
        here.revoke_jti(ISSUER, "2", None)
        assert eventually(long(there, 2))
        with pytest.raises(errors.RevocationListUnavailableError, match="6 of the entries"):
            share()
        client.zrem(ENTRIES, *bad)
        assert eventually(lambda: there.status().connected)
    assert len(share()) == 2


def test_more_than_fits(share: Callable[..., RedisRevocationList]) -> None:
    """A list that can't hold what Redis has refuses everything until it can: nothing is passed over."""
    now = time.time()  # Redis has no other clock
    clock = Clock(now)
    here = share(clock=clock)
    small = share(max_entries=5, clock=clock, leeway=0, refuse_after=0.1)
    judge = verifier(small, clock=clock, required=())
    raw = issued(exp=FOREVER)
    for number in range(6):
        here.revoke_jti(ISSUER, f"x{number}", now + 10 * (1 + number))
    assert eventually(lambda: code_of(judge, raw) == "revocations_unavailable")
    assert "raise max_entries" in str(small.status().last_error)
    with pytest.raises(errors.RevocationListUnavailableError, match="raise max_entries"):
        share(max_entries=5, clock=clock, leeway=0)
    clock.now = now + 10
    assert eventually(lambda: code_of(judge, raw) is None)
    assert code_of(judge, issued(jti="x5", exp=FOREVER)) == "revoked"


# ---- Beginning and end ----


def test_close(share: Callable[..., RedisRevocationList]) -> None:
    """A closed list calls no token good, refuses to revoke, and has no thread; closing it again does nothing."""
    threads = threading.active_count()
    revoked = share()
    judge = verifier(revoked)
    judge.verify(issued())
    assert threading.active_count() == threads + 1
    for _ in range(2):
        revoked.close()
        assert code_of(judge, issued()) == "revocations_unavailable"
        assert revoked.status()[:2] == (False, True)
    assert threading.active_count() == threads
    with pytest.raises(errors.RevocationListUnavailableError, match="closed"):
        revoked.revoke_subject(ISSUER, "alice")


BAD: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"on_outage": "ignore"}, ValueError),
    ({"on_outage": None}, ValueError),
    ({"refuse_after": 0}, ValueError),
    ({"refuse_after": -1}, ValueError),
    ({"refuse_after": "1s"}, TypeError),
    ({"prefix": ""}, ValueError),
    ({"prefix": "{a}"}, ValueError),
    ({"prefix": b"a"}, ValueError),
    ({"leeway": 43_201}, ValueError),
    ({"max_entries": 0}, ValueError),
]


@pytest.mark.parametrize(("options", "kind"), BAD, ids=str)
def test_bad_options(options: dict[str, Any], kind: type[Exception]) -> None:
    """A wrong option is an error that names it, before Redis is asked anything."""
    with redis.Redis("192.0.2.1") as client, pytest.raises(kind, match=next(iter(options))):
        RedisRevocationList(client, **{"on_outage": "keep", **options})


def test_clients_of_another_kind() -> None:
    """A client for event loops, an address or nothing is an error that says what is wanted."""
    asynchronous = redis.asyncio.Redis()
    for wrong in (asynchronous, "redis://localhost", None):
        with pytest.raises(TypeError, match=r"client is a redis\.Redis"):
            RedisRevocationList(wrong, on_outage="keep")  # type: ignore[arg-type]
    asyncio.run(asynchronous.aclose())


def test_redis_is_optional(new_process: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Neither jwtfast nor its list in memory imports redis."""
    done = new_process("import sys, jwtfast.revocation; jwtfast.RevocationList(); assert 'redis' not in sys.modules")
    assert done.returncode == 0, done.stderr
