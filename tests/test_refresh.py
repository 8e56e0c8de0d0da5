"""Refresh tokens: one of a family is good at a time, what is used twice gives its theft away, stores lose nothing.

Every rule is held by both stores; test_refresh_machine.py holds them to a plain model, and so to each other.
"""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import pickle
import sqlite3
import stat
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from forge import NOW, Clock
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis_server import RedisServer

from jwtfast import errors
from jwtfast.refresh import RETENTION, Exchange, RefreshGrant, RefreshRecord, RefreshStore, RefreshTokens
from jwtfast.refresh_redis import RedisRefreshStore
from jwtfast.refresh_sqlite import SQLiteRefreshStore

LIFETIME, IDLE, GRACE = 1000, 300, 10


@pytest.fixture(params=["sqlite", "redis", "redis-str"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RefreshStore]:
    """Give each kind of store, empty; Redis with a client that gives bytes, and with one that gives str."""
    if request.param == "sqlite":
        with SQLiteRefreshStore(tmp_path / "refresh.db") as database:
            yield database
    else:
        server = request.getfixturevalue("redis_server")
        with server.client(decode_responses=request.param == "redis-str") as client:
            yield RedisRefreshStore(client, prefix=f"{uuid.uuid4()}:")


def tokens(store: RefreshStore, **options: Any) -> tuple[RefreshTokens, Clock]:
    """Give refresh tokens over a store, and their clock, which stands at NOW."""
    clock = Clock()
    usual: dict[str, Any] = {"lifetime": LIFETIME, "idle_lifetime": IDLE, "grace": GRACE, "clock": clock}
    return RefreshTokens(store, **usual | options), clock


def refusal(refresh: RefreshTokens, token: str, **options: Any) -> str:
    """Give the code of the error that a token is refused with."""
    with pytest.raises(errors.RefreshTokenError) as caught:
        refresh.exchange(token, **options)
    assert len(token) < 20 or token not in str(caught.value)
    return caught.value.code


def bound(grant: RefreshRecord) -> tuple[Any, ...]:
    """Give what a grant is bound to."""
    return tuple(getattr(grant, each.name) for each in fields(RefreshRecord))


# ---- exchanging ----


def test_a_family(store: RefreshStore) -> None:
    """Each exchange gives a new token of the same family, which is bound to what the login bound it to."""
    refresh, clock = tokens(store)
    first = refresh.issue("alice", client_id="shop", scope="read write", audience=["a", "b"], session_id="s")
    assert bound(first) == ("alice", "shop", "read write", ("a", "b"), "s", NOW, NOW + LIFETIME)
    grants = [first]
    for _ in range(5):
        clock.now += 100
        grants.append(refresh.exchange(grants[-1].token, client_id="shop"))
    assert len({grant.token for grant in grants}) == 6
    assert {bound(grant) for grant in grants} == {bound(first)}
    assert {grant.family for grant in grants} == {first.family}


def test_what_is_bound_may_be_left_out(store: RefreshStore) -> None:
    """Only a subject is needed; what was left out is None, and one audience is a tuple of one."""
    refresh, _ = tokens(store)
    for grant in (refresh.exchange(refresh.issue("alice").token), refresh.issue("alice")):
        assert bound(grant)[:5] == ("alice", None, None, None, None)
    assert refresh.exchange(refresh.issue("\N{KEY}'\"\0", audience="a").token).audience == ("a",)


def test_tokens_are_random_and_opaque(store: RefreshStore) -> None:
    """A token is base64url of 48 octets, 32 of which are new in each, and holds nothing that it stands for."""
    refresh, clock = tokens(store)
    grants = [refresh.issue("alice") for _ in range(50)]
    grants += [refresh.exchange(grant.token) for grant in grants]
    octets = [base64.urlsafe_b64decode(grant.token) for grant in grants]
    assert {len(each) for each in octets} == {48}
    assert len({each[16:] for each in octets}) == 100
    assert len({each[:16] for each in octets}) == 50
    for each in octets:
        assert b"alice" not in each
        for family in {grant.family for grant in grants}:
            assert base64.urlsafe_b64decode(family + "==") not in each
    assert clock.now == NOW


def test_a_token_is_good_once(store: RefreshStore) -> None:
    """A token that was exchanged is refused afterwards, and its family with it: the newest token too."""
    refresh, clock = tokens(store)
    first = refresh.issue("alice").token
    second = refresh.exchange(first).token
    clock.now += GRACE
    assert refusal(refresh, first) == "refresh_token_reused"
    assert refusal(refresh, second) == "refresh_token_revoked"
    assert refusal(refresh, first) == "refresh_token_revoked"


def test_a_very_old_token_gives_a_theft_away(store: RefreshStore) -> None:
    """Any older token of a family revokes it, however many came after it."""
    refresh, _ = tokens(store)
    used = [refresh.issue("alice").token]
    for _ in range(30):
        used.append(refresh.exchange(used[-1]).token)
    assert refusal(refresh, used[3]) == "refresh_token_reused"
    assert refusal(refresh, used[-1]) == "refresh_token_revoked"


def test_a_reuse_tells_whose(store: RefreshStore) -> None:
    """The error of a reuse holds what the family was bound to, so that its session can be ended; its words do not."""
    refresh, _ = tokens(store, grace=0)
    first = refresh.issue("alice", client_id="c", session_id="s-1", audience=["a"])
    refresh.exchange(first.token, client_id="c")
    with pytest.raises(errors.RefreshTokenReusedError) as caught:
        refresh.exchange(first.token, client_id="c")
    assert bound(caught.value.record) == bound(first)
    assert "alice" not in str(caught.value) + repr(caught.value)
    assert bound(pickle.loads(pickle.dumps(caught.value)).record) == bound(first)  # noqa: S301


def test_reuse_touches_no_other_family(store: RefreshStore) -> None:
    """Reuse revokes one login, not the others of the same subject, client and session."""
    refresh, clock = tokens(store, grace=0)
    one, other = (refresh.issue("alice", client_id="c", session_id="s").token for _ in range(2))
    refresh.exchange(one, client_id="c")
    assert refusal(refresh, one, client_id="c") == "refresh_token_reused"
    assert refresh.exchange(other, client_id="c").subject == "alice"
    assert clock.now == NOW


# ---- grace ----


def test_a_client_that_repeats_itself(store: RefreshStore) -> None:
    """Within the grace period the same exchange gives the same successor, as often as it is asked for."""
    refresh, clock = tokens(store)
    first = refresh.issue("alice", scope="read")
    second = refresh.exchange(first.token)
    for seconds in (0, 1, GRACE - 1.5):
        clock.now += seconds
        assert refresh.exchange(first.token) == second
    third = refresh.exchange(second.token)
    assert third.token not in {first.token, second.token}


def test_the_grace_period_ends(store: RefreshStore) -> None:
    """From the end of the grace period on, the same exchange is a reuse; repeating it doesn't make it longer."""
    refresh, clock = tokens(store)
    first = refresh.issue("alice").token
    refresh.exchange(first)
    clock.now += GRACE - 0.25
    refresh.exchange(first)
    clock.now += 0.25
    assert refusal(refresh, first) == "refresh_token_reused"


def test_who_used_the_successor_needs_no_grace(store: RefreshStore) -> None:
    """Once the successor has been used, its predecessor is a reuse though the period isn't over."""
    refresh, _ = tokens(store)
    first = refresh.issue("alice").token
    refresh.exchange(refresh.exchange(first).token)
    assert refusal(refresh, first) == "refresh_token_reused"


def test_no_grace(store: RefreshStore) -> None:
    """Without a grace period a second use is a reuse at the very same instant."""
    refresh, _ = tokens(store, grace=0)
    first = refresh.issue("alice").token
    refresh.exchange(first)
    assert refusal(refresh, first) == "refresh_token_reused"


def test_grace_doesn_t_outlive_a_logout(store: RefreshStore) -> None:
    """An exchange can't be repeated once its family is revoked."""
    refresh, _ = tokens(store)
    first = refresh.issue("alice")
    refresh.exchange(first.token)
    refresh.revoke_family(first.family)
    assert refusal(refresh, first.token) == "refresh_token_revoked"


# ---- ends ----


def test_a_family_ends(store: RefreshStore) -> None:
    """A family ends a lifetime after its login, however often its tokens are used."""
    refresh, clock = tokens(store)
    token = refresh.issue("alice").token
    while clock.now < NOW + LIFETIME - 100:
        clock.now += 100
        token = refresh.exchange(token).token
    clock.now = NOW + LIFETIME - 0.001
    token = refresh.exchange(token).token
    clock.now = NOW + LIFETIME
    assert refusal(refresh, token) == "refresh_token_expired"


def test_an_idle_token_ends(store: RefreshStore) -> None:
    """A token that lies unused for the idle lifetime has expired; each exchange begins it anew."""
    refresh, clock = tokens(store)
    token = refresh.issue("alice").token
    for _ in range(2):
        clock.now += IDLE - 0.001
        token = refresh.exchange(token).token
    clock.now += IDLE
    assert refusal(refresh, token) == "refresh_token_expired"


def test_expired_tokens_revoke_nothing(store: RefreshStore) -> None:
    """An expired token is told so each time, an older one too: there is nothing left to revoke."""
    refresh, clock = tokens(store)
    first = refresh.issue("alice").token
    second = refresh.exchange(first).token
    clock.now += IDLE
    for token in (first, second, first):
        assert refusal(refresh, token) == "refresh_token_expired"
    assert refresh.revoke(first) is False


def test_purging(tmp_path: Path) -> None:
    """Families are forgotten a day after their end and not before, and seeds as soon as they have no use."""
    with SQLiteRefreshStore(tmp_path / "refresh.db") as database:
        refresh, clock = tokens(database)
        used, idle = refresh.issue("alice").token, refresh.issue("alice").token
        refresh.exchange(used)

        def seeds() -> int:
            with sqlite3.connect(tmp_path / "refresh.db") as rows:
                count: int = rows.execute("SELECT count(*) FROM refresh_family WHERE seed IS NOT NULL").fetchone()[0]
            rows.close()
            return count

        assert (refresh.purge(), seeds()) == (0, 1)
        clock.now += GRACE
        assert (refresh.purge(), seeds()) == (0, 0)
        clock.now = NOW + IDLE + RETENTION - 1
        assert refresh.purge() == 0
        assert refusal(refresh, idle) == "refresh_token_expired"
        clock.now += 1
        assert refresh.purge() == 2
        assert refusal(refresh, idle) == "refresh_token_unknown"


def test_issuing_purges(tmp_path: Path) -> None:
    """A store that is only ever used to issue doesn't grow for ever."""
    with SQLiteRefreshStore(tmp_path / "refresh.db") as database:
        refresh, clock = tokens(database)
        refresh.issue("alice")
        clock.now += IDLE + RETENTION
        refresh.issue("alice")
        clock.now += 1
        assert database.purge(clock.now) == 0


def test_redis_forgets_by_itself(redis_server: RedisServer) -> None:
    """Every key in Redis has a time to live: of a family until a day after its end, of a seed the grace period."""
    prefix = f"{uuid.uuid4()}:"
    with redis_server.client(decode_responses=True) as client:
        refresh, _ = tokens(RedisRefreshStore(client, prefix=prefix))
        refresh.exchange(refresh.issue("alice", session_id="s").token)
        left = {name.removeprefix(prefix): client.pttl(name) / 1000 for name in client.keys(f"{prefix}*")}
    assert len(left) == 4
    for name, seconds in left.items():
        if name.endswith(":seed"):
            assert 0 < seconds <= GRACE
        elif name.startswith("{"):
            assert IDLE + RETENTION - 5 < seconds <= IDLE + RETENTION + 1
        else:
            assert LIFETIME - 5 < seconds <= LIFETIME + 1


# ---- revoking ----


def test_revoking_a_family(store: RefreshStore) -> None:
    """A revoked family is told apart from an unknown one, and revoking it again changes nothing."""
    refresh, _ = tokens(store)
    gone, kept = refresh.issue("alice"), refresh.issue("alice")
    assert [refresh.revoke_family(gone.family) for _ in range(2)] == [True, False]
    assert refresh.revoke_family("unknown") is False
    assert refusal(refresh, gone.token) == "refresh_token_revoked"
    assert refresh.exchange(kept.token).family == kept.family


def test_revoking_by_a_token(store: RefreshStore) -> None:
    """A client revokes its family by any token of it; what is no token revokes nothing and is no error."""
    refresh, _ = tokens(store)
    first = refresh.issue("alice").token
    second = refresh.exchange(first).token
    for unknown in ("", "x", "x" * 64, "=" * 64, "\N{KEY}" * 64, first[:-1]):
        assert refresh.revoke(unknown) is False
    assert refresh.revoke(first) is True
    assert refusal(refresh, second) == "refresh_token_revoked"


def test_revoking_a_subject_or_a_session(store: RefreshStore) -> None:
    """A subject or a session is logged out everywhere, and nobody else is, nor whoever logs in afterwards."""
    refresh, clock = tokens(store)
    for what, revoke in (("subject", refresh.revoke_subject), ("session_id", refresh.revoke_session)):
        usual = {"subject": "bob", "session_id": "t"}
        gone = [refresh.issue(**usual | {what: "x"}) for _ in range(3)]
        kept = [refresh.issue(**usual), refresh.issue("y"), refresh.issue("X"), refresh.issue("xx", session_id="xx")]
        gone[1] = refresh.exchange(gone[1].token)
        refresh.revoke_family(gone[2].family)
        assert [revoke("x"), revoke("x"), revoke("nobody")] == [2, 0, 0]
        later = refresh.issue(**usual | {what: "x"})
        assert {refusal(refresh, grant.token) for grant in gone} == {"refresh_token_revoked"}
        for grant in (*kept, later):
            refresh.exchange(grant.token)
        revoke("x")
    assert clock.now == NOW


# ---- refused ----


def test_what_is_no_token(store: RefreshStore) -> None:
    """What was never issued is unknown; what is no text is a TypeError."""
    refresh, _ = tokens(store)
    good = refresh.issue("alice").token
    bad = ["", "x", good + "=", good + "\n", " " + good, good[:-1], good * 2, "~" * 64, "\udcff" * 64, "\0" * 64]
    for token in (*bad, "A" * 64, good.swapcase()[:20] + good[20:]):
        assert refusal(refresh, token) == "refresh_token_unknown"
    wrong: Any
    for wrong in (None, 5, good.encode(), [good]):
        with pytest.raises(TypeError):
            refresh.exchange(wrong)
    assert refresh.exchange(good).subject == "alice"


def test_a_forged_secret_is_a_reuse(store: RefreshStore) -> None:
    """Whoever shows a family's name without its secret has an old token, or worse: the family is revoked."""
    refresh, _ = tokens(store)
    good = refresh.issue("alice").token
    forged = good[:22] + ("B" if good[22] == "A" else "A") + good[23:]
    assert refusal(refresh, forged) == "refresh_token_reused"


def test_the_public_name_of_a_family_forges_nothing(store: RefreshStore) -> None:
    """The name of a family, which logs may show, is not the one in its tokens: nobody can have it revoked by that."""
    refresh, _ = tokens(store)
    grant = refresh.issue("alice")
    name = base64.urlsafe_b64decode(grant.family + "==")
    forged = base64.urlsafe_b64encode(name + b"x" * 32).decode()
    assert refusal(refresh, forged) == "refresh_token_unknown"
    assert refresh.exchange(grant.token).family == grant.family


@pytest.mark.parametrize("client_id", [None, "", "Shop", "shop ", "other", "=shop", "\udcff", "shop\0"])
def test_tokens_of_another_client(store: RefreshStore, client_id: str | None) -> None:
    """A token is unknown to every client but its own, and stays good for that one."""
    refresh, _ = tokens(store)
    token = refresh.issue("alice", client_id="shop").token
    assert refusal(refresh, token, client_id=client_id) == "refresh_token_unknown"
    assert refusal(refresh, refresh.issue("alice").token, client_id=client_id or "shop") == "refresh_token_unknown"
    assert refresh.exchange(token, client_id="shop").client_id == "shop"


WRONG: list[dict[str, Any]] = [
    {"subject": ""},
    {"subject": None},
    {"subject": 5},
    {"subject": "\udcff"},
    {"client_id": ""},
    {"client_id": b"c"},
    {"scope": ["read"]},
    {"scope": ""},
    {"audience": []},
    {"audience": [""]},
    {"audience": [None]},
    {"audience": 5},
    {"session_id": ""},
    {"session_id": 5},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_arguments(store: RefreshStore, wrong: dict[str, Any]) -> None:
    """What a family can't be bound to is refused at its login, by the name of the argument."""
    refresh, _ = tokens(store)
    with pytest.raises((TypeError, ValueError)):
        refresh.issue(**{"subject": "alice"} | wrong)


def test_configuration(store: RefreshStore) -> None:
    """Times that are negative, not finite or none at all, and clocks that are none, are refused."""
    for name in ("lifetime", "idle_lifetime", "grace", "clock"):
        for wrong in (-1, float("nan"), float("inf"), "1", True):
            with pytest.raises((TypeError, ValueError)):
                tokens(store, **{name: wrong})
    for name in ("lifetime", "idle_lifetime"):
        with pytest.raises(ValueError, match="more than 0"):
            tokens(store, **{name: 0})


def test_very_long_lifetimes(store: RefreshStore) -> None:
    """A lifetime may be as long as a number of seconds can be."""
    refresh, _ = tokens(store, lifetime=2**53, idle_lifetime=2**53, grace=2**53)
    first = refresh.issue("alice").token
    assert refresh.exchange(first) == refresh.exchange(first)


# ---- what is kept ----


def everything(store: RefreshStore, folder: Path) -> bytes:
    """Give all octets that a store keeps."""
    if isinstance(store, SQLiteRefreshStore):
        return b"".join(each.read_bytes() for each in folder.iterdir())
    assert isinstance(store, RedisRefreshStore)
    client = store._client
    names = client.keys(f"{store._prefix}*")
    kept: list[object] = []
    for name in names:
        kind = client.type(name)
        kept.append(name)
        kept.append(client.hgetall(name) if kind in ("hash", b"hash") else "")
        kept.append(client.get(name) if kind in ("string", b"string") else "")
        kept.append(client.zrange(name, 0, -1) if kind in ("zset", b"zset") else "")
    return repr(kept).encode()


def test_only_hashes_are_kept(store: RefreshStore, tmp_path: Path) -> None:
    """A store holds the hash of the token that is good, and of no token the text, the secret or the family's octets."""
    refresh, _ = tokens(store)
    first = refresh.issue("alice").token
    second = refresh.exchange(first).token
    kept = everything(store, tmp_path)
    assert hashlib.sha256(base64.urlsafe_b64decode(second)).hexdigest().encode() in kept
    for token in (first, second):
        octets = base64.urlsafe_b64decode(token)
        for part in (octets, octets[:16], octets[16:]):
            for form in (part, part.hex().encode(), base64.urlsafe_b64encode(part).rstrip(b"=")):
                assert form not in kept
        assert token.encode() not in kept


def test_silence(store: RefreshStore) -> None:
    """A grant prints without its token."""
    refresh, _ = tokens(store)
    grant = refresh.issue("alice")
    assert isinstance(grant, RefreshGrant)
    assert grant.token not in repr(grant)
    assert grant.token not in repr(replace(grant, scope="x"))


# ---- many at once ----


def test_one_winner_among_threads(store: RefreshStore) -> None:
    """Of many uses of one token at once exactly one wins where there is no grace, and the family is revoked."""
    refresh, _ = tokens(store, grace=0)
    for _ in range(5):
        token = refresh.issue("alice").token

        def use(_: int, token: str = token) -> str:
            try:
                return refresh.exchange(token).token
            except errors.RefreshTokenError as error:
                return error.code

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(use, range(24)))
        winners = [result for result in results if not result.startswith("refresh_token_")]
        assert len(winners) == 1
        assert Counter(results)["refresh_token_reused"] == 1
        assert Counter(results)["refresh_token_revoked"] == 22
        assert refusal(refresh, winners[0]) == "refresh_token_revoked"


def test_all_win_the_same_within_grace(store: RefreshStore) -> None:
    """Of many uses of one token at once all get one and the same successor within the grace period."""
    refresh, _ = tokens(store)
    token = refresh.issue("alice").token
    with ThreadPoolExecutor(8) as pool:
        grants = list(pool.map(lambda _: refresh.exchange(token), range(24)))
    assert len({grant.token for grant in grants}) == 1


def test_no_grace_for_a_clock_that_is_behind(store: RefreshStore) -> None:
    """Without a grace period a second use is reuse, also where its clock was read before the first one's."""
    clock = Clock()
    refresh = RefreshTokens(store, clock=clock, grace=0)
    token = refresh.issue("alice").token
    clock.now += 1
    refresh.exchange(token)
    clock.now -= 0.5
    with pytest.raises(errors.RefreshTokenReusedError):
        refresh.exchange(token)


def use_at_once(where: str, token: str, grace: float, start: Any) -> str:
    """Use a token in a process of its own, when all are there."""
    store: RefreshStore
    if where.startswith("redis://"):
        url, _, prefix = where.partition(" ")
        store = RedisRefreshStore(redis.Redis.from_url(url), prefix=prefix)
    else:
        store = SQLiteRefreshStore(where)
    start.wait()
    try:
        return RefreshTokens(store, grace=grace).exchange(token).token
    except errors.RefreshTokenError as error:
        return error.code
    finally:
        if isinstance(store, SQLiteRefreshStore):
            store.close()
        elif isinstance(store, RedisRefreshStore):
            store._client.close()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_one_winner_among_processes(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    """Of many processes that use one token at once exactly one wins; within a grace period all get the same."""
    if kind == "sqlite":
        where = str(tmp_path / "refresh.db")
        database = SQLiteRefreshStore(where)
        close = database.close
        refresh = RefreshTokens(database)
    else:
        where = f"redis://127.0.0.1:{request.getfixturevalue('redis_server').port} {uuid.uuid4()}:"
        url, _, prefix = where.partition(" ")
        client = redis.Redis.from_url(url)
        close = client.close
        refresh = RefreshTokens(RedisRefreshStore(client, prefix=prefix))
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(4) as pool:
        for grace in (0, 60):
            token = refresh.issue("alice").token
            start = manager.Barrier(4)
            results = pool.starmap(use_at_once, [(where, token, grace, start)] * 4, chunksize=1)
            counts = Counter(result if result.startswith("refresh_token_") else "won" for result in results)
            if grace:
                assert len(set(results)) == counts["won"] // 4 == 1
            else:
                assert counts == {"won": 1, "refresh_token_reused": 1, "refresh_token_revoked": 2}
    close()


def open_at_once(path: str, start: Any) -> str:
    """Open, or make, a database when all are there, and issue a token."""
    start.wait()
    with SQLiteRefreshStore(path) as store:
        return RefreshTokens(store).issue("alice").token


def test_processes_that_make_one_database(tmp_path: Path) -> None:
    """Processes that begin at the same time make one database, and none fails."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(4) as pool:
        start = manager.Barrier(4)
        issued = pool.starmap(open_at_once, [(str(tmp_path / "refresh.db"), start)] * 4, chunksize=1)
    with SQLiteRefreshStore(tmp_path / "refresh.db") as store:
        assert {RefreshTokens(store).exchange(token).subject for token in issued} == {"alice"}


# ---- SQLite ----


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    """What was told is on disk: a database that is opened again knows every token and every logout."""
    path = tmp_path / "refresh.db"
    with SQLiteRefreshStore(path) as store:
        refresh, _ = tokens(store)
        kept, gone = refresh.issue("alice", audience="a"), refresh.issue("bob")
        kept = refresh.exchange(kept.token)
        refresh.revoke_subject("bob")
    with SQLiteRefreshStore(path) as store:
        refresh, _ = tokens(store)
        assert bound(refresh.exchange(kept.token)) == bound(kept)
        assert refusal(refresh, gone.token) == "refresh_token_revoked"


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    """The database and what SQLite lays beside it can be read by nobody else, whatever the umask."""
    before = os.umask(0)
    try:
        with SQLiteRefreshStore(tmp_path / "refresh.db") as store:
            RefreshTokens(store).issue("alice")
            modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
            assert len(list(tmp_path.iterdir())) == 3
    finally:
        os.umask(before)
    assert modes == {0o600}


def test_files_that_are_no_such_database(tmp_path: Path) -> None:
    """A file of something else, of another program or of a later version is refused and left as it is."""
    text, other, later = (tmp_path / name for name in ("text", "other", "later"))
    text.write_text("no database at all " * 100)
    for path, statement in ((other, "CREATE TABLE x (y)"), (later, "PRAGMA user_version = 2")):
        database = sqlite3.connect(path)
        database.execute(statement)
        database.close()
    for path in (text, other, later, tmp_path, tmp_path / "absent" / "x"):
        octets = path.read_bytes() if path.is_file() else b""
        with pytest.raises(errors.RefreshStoreError):
            SQLiteRefreshStore(path)
        if path == text:
            assert path.read_bytes() == octets
    for path in (other, later):
        database = sqlite3.connect(path)
        assert not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'refresh_family'").fetchone()
        database.close()


def test_a_database_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is locked for too long, or closed, is a RefreshStoreError, and its token stays good."""
    monkeypatch.setattr("jwtfast.refresh_sqlite.BUSY_SECONDS", 0.05)
    path = tmp_path / "refresh.db"
    with SQLiteRefreshStore(path) as store:
        refresh, _ = tokens(store)
        token = refresh.issue("alice").token
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.RefreshStoreError, match="locked"):
            refresh.exchange(token)
        blocker.execute("ROLLBACK")
        blocker.close()
        assert refresh.exchange(token).subject == "alice"
    for use in (lambda: refresh.exchange(token), lambda: refresh.issue("alice"), refresh.purge):
        with pytest.raises(errors.RefreshStoreError, match="closed"):
            use()
    store.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork(tmp_path: Path) -> None:
    """A store that was opened before a fork may be used in both processes."""
    with SQLiteRefreshStore(tmp_path / "refresh.db") as store:
        refresh, _ = tokens(store)
        token = refresh.issue("alice").token
        child = os.fork()
        if child == 0:
            try:
                refresh.exchange(token)
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert refresh.exchange(token).subject == "alice"


def test_a_database_in_memory() -> None:
    """A database in memory does for tests."""
    with SQLiteRefreshStore(":memory:") as store:
        refresh, _ = tokens(store)
        assert refresh.exchange(refresh.issue("alice").token).subject == "alice"


# ---- Redis ----


def test_no_redis(tmp_path: Path) -> None:
    """A Redis that can't be reached is a RefreshStoreError, in every method that asks it."""
    with redis.Redis(unix_socket_path=str(tmp_path / "absent"), retry=Retry(NoBackoff(), 0)) as client:
        refresh, _ = tokens(RedisRefreshStore(client))
        token = "A" * 64
        for use in (
            lambda: refresh.issue("alice"),
            lambda: refresh.exchange(token),
            lambda: refresh.revoke(token),
            lambda: refresh.revoke_subject("alice"),
            lambda: refresh.revoke_session("s"),
        ):
            with pytest.raises(errors.RefreshStoreError) as caught:
                use()
            assert caught.value.code == "refresh_store_unavailable"


def test_clients_that_are_none() -> None:
    """An asynchronous client, whose answers would all look true, is refused, and so is what is no client."""
    wrongs: list[Any] = [redis.asyncio.Redis(), "redis://localhost", None]
    for wrong in wrongs:
        with pytest.raises(TypeError, match=r"redis\.Redis"):
            RedisRefreshStore(wrong)


def test_redis_that_restarts(redis_server: RedisServer) -> None:
    """A Redis that was restarted with its append-only file knows the tokens, and is given the scripts again."""
    with redis_server.client() as client:
        refresh, _ = tokens(RedisRefreshStore(client, prefix=f"{uuid.uuid4()}:"))
        token = refresh.exchange(refresh.issue("alice").token).token
        client.config_set("appendfsync", "always")
        token = refresh.exchange(token).token
        redis_server.stop()
        redis_server.start()
        client.script_flush()
        assert refresh.exchange(token).subject == "alice"


def test_old_logins_leave_the_index(redis_server: RedisServer) -> None:
    """The index of a subject holds the families that may be good, and not all that ever were."""
    with redis_server.client() as client:
        store = RedisRefreshStore(client, prefix=f"{uuid.uuid4()}:")
        refresh, clock = tokens(store)
        for _ in range(20):
            refresh.issue("alice")
            clock.now += LIFETIME / 4
        assert client.zcard(store._index_key("subject", "alice")) <= 5


def test_the_protocol_is_what_both_stores_have() -> None:
    """Both stores have every method of the protocol, with its arguments."""
    use = Exchange("f", "p", None, "s", "00", NOW, NOW, NOW)
    assert json.loads(json.dumps(use)) == list(use)
    wanted = {name for name in vars(RefreshStore) if not name.startswith("_")}
    for kind in (SQLiteRefreshStore, RedisRefreshStore):
        assert wanted <= set(dir(kind))
