"""Keys rotate every second under two processes that verify all the time, and nobody notices but who stole a key."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import pytest
from forge import encode, to_json
from http_server import Handler, HttpServer, jwks

from jwtfast import Key, Verifier, errors
from jwtfast.issuer import Issuer
from jwtfast.key_ring import KeyRing

pytest.importorskip("httpx2", reason="the extra jwtfast[remote] is not installed")

ISSUER, AUDIENCE = "https://login.example", "https://api.example"
SECONDS, ROTATE_EVERY, LIFETIME = 8, 1.0, 2
REFRESH = 0.4  # how long a verifier keeps the document at most
SLOW = 1.0  # how late a busy machine may be with a fetch


class Task(NamedTuple):
    """A token, until when it must be accepted, and from when on it must be refused; seconds since the epoch."""

    raw: str
    good_until: float
    bad_from: float


class Report(NamedTuple):
    """What a verifying process saw."""

    verified: int
    refused: list[str]
    """Why good tokens were refused."""
    lived_on: int
    """How often a token of a removed key was accepted."""
    stolen_accepted: int
    stolen_refused: int
    fetches: int


def verify_all_the_time(url: str, inbox: Connection) -> None:
    """Verify all tokens that were ever sent, again and again, until None is sent; report then."""
    from jwtfast import RemoteKeySet  # noqa: PLC0415 - it needs an extra

    keys = RemoteKeySet(url, min_lifetime=REFRESH / 2, max_lifetime=REFRESH, cool_down=0.05, stale_for=60)
    keys.refresh()
    verifier = Verifier(keys, issuer=ISSUER, audience=AUDIENCE)
    tasks: list[Task] = []
    verified = lived_on = stolen_accepted = stolen_refused = 0
    refused: list[str] = []
    inbox.send(None)  # ready
    while True:
        while inbox.poll(0 if tasks else None):
            news = inbox.recv()
            if news is None:
                fetches = keys.status().fetches
                inbox.send(Report(verified, refused, lived_on, stolen_accepted, stolen_refused, fetches))
                return
            tasks += news
        for task in tasks:
            before = time.time()
            try:
                verifier.verify(task.raw)
            except errors.JWTError as error:
                if time.time() < task.good_until:
                    refused.append(error.code)
                stolen_refused += before >= task.bad_from
            else:
                verified += 1
                stolen_accepted += not task.good_until
                lived_on += before >= task.bad_from
        now = time.time()
        tasks = [task for task in tasks if now < max(task.good_until, task.bad_from + 1)]


def stolen(key: Key, bad_from: float) -> Task:
    """Give a token of a private key that was stolen, which says that it lives on for ever."""
    header = {"alg": key.algorithm, "kid": key.key_id, "typ": "JWT"}
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "mallory", "exp": time.time() + 10**6}
    text = f"{encode(to_json(header))}.{encode(to_json(claims))}"
    return Task(f"{text}.{encode(key.sign(text.encode()))}", 0, bad_from)


def rotate_and_issue(ring: KeyRing, issuer: Issuer, outboxes: list[Connection]) -> int:
    """Rotate once a second and issue all the time, tell the workers of each token, and give the number of rotations."""
    begin = time.time()
    rotations = 0
    while (now := time.time()) < begin + SECONDS:
        news = []
        if now >= begin + (rotations + 1) * ROTATE_EVERY:
            old = ring.signing_key
            ring.rotate()
            rotations += 1
            safe = ring.safe_to_remove(str(old.key_id))
            assert safe is not None
            news.append(stolen(old, safe + REFRESH + SLOW))
        for _ in range(5):
            issued = int(time.time())
            news.append(Task(issuer.issue("alice"), issued + LIFETIME, issued + LIFETIME + 1))
        for outbox in outboxes:
            outbox.send(news)
        time.sleep(0.02)
    return rotations


def test_rotation_under_load(tmp_path: Path) -> None:
    """While keys rotate and go once a second, every good token is accepted, and no token of a key that is gone."""
    ring = KeyRing.open(tmp_path / "ring.json", "ES256", lead_time=ROTATE_EVERY - 0.2, leeway=0, reload_every=0.1)
    issuer = Issuer(ring, issuer=ISSUER, audience=AUDIENCE, lifetime=LIFETIME)
    context = multiprocessing.get_context("spawn")

    def publish(handler: Handler) -> None:
        jwks(*issuer.jwks()["keys"], Cache_Control="max-age=0")(handler)

    with HttpServer(publish) as server:
        pipes = [context.Pipe() for _ in range(2)]
        workers = [context.Process(target=verify_all_the_time, args=(server.url, theirs)) for _, theirs in pipes]
        for worker in workers:
            worker.start()
        ours = [pipe for pipe, _ in pipes]
        for pipe in ours:
            pipe.recv()  # ready
        rotations = rotate_and_issue(ring, issuer, ours)
        for pipe in ours:
            pipe.send(None)
        reports: list[Report] = [pipe.recv() for pipe in ours]
        for worker in workers:
            worker.join()
    assert rotations >= SECONDS - 2
    assert len(ring.keys) <= 2 + LIFETIME + 2
    for report in reports:
        assert report.refused == []
        assert report.lived_on == 0
        assert report.verified > 1000
        assert report.stolen_accepted > 0  # as long as their keys are there, nobody can tell
        assert report.stolen_refused > 0
        assert report.fetches >= SECONDS / REFRESH / 2
