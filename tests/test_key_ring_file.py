"""The files of key rings: what outlives a restart, a crash, a neighbour and a damaged disk, and who may read it."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from forge import NOW, Clock
from test_key_ring import kid, kids

from jwtfast import Key, errors, key_ring_file
from jwtfast.key_ring import KeyRing

PASSPHRASE = "correct horse battery staple"
LEAD, LEEWAY = 600, 30


def opened(path: Path, clock: Clock | None = None, **options: Any) -> KeyRing:
    """Open a ring that looks at its file whenever it is asked for anything, at NOW."""
    usual: dict[str, Any] = {"lead_time": LEAD, "leeway": LEEWAY, "reload_every": 0, "clock": clock or Clock()}
    return KeyRing.open(path, "EdDSA", **usual | options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the name of a file that is not there yet."""
    return tmp_path / "ring.json"


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have passphrases cost less than they should: how much is no matter of these tests."""
    monkeypatch.setattr(key_ring_file, "SCRYPT", {"n": 2**14, "r": 8, "p": 1})


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Have another umask for a while."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def state(ring: KeyRing) -> list[tuple[Any, ...]]:
    """Give all that a ring knows, private members included."""
    return [(entry.key.to_jwk(private=entry.key.can_sign), *entry[1:]) for entry in ring.keys]


# ---- restarts ----


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE, PASSPHRASE.encode()])
@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256", "HS256"])
def test_a_restart_loses_nothing(path: Path, algorithm: str, passphrase: str | bytes | None) -> None:
    """A ring that is opened again has the same keys, times and lifetimes, encrypted or not."""
    clock = Clock()
    options = {"lead_time": LEAD, "clock": clock, "passphrase": passphrase}
    ring = KeyRing.open(path, algorithm, **options)  # type: ignore[arg-type]
    ring.signing_key_for(900)
    clock.now += LEAD + 1.25
    ring.rotate()
    again = KeyRing.open(path, algorithm, create=False, **options)  # type: ignore[arg-type]
    assert state(again) == state(ring)
    assert again.ready_at == ring.ready_at
    old = kid(ring.keys[2].key)
    assert again.safe_to_remove(old) == ring.safe_to_remove(old) == NOW + LEAD + 1.25 + 1 + 900 + 60


def test_the_format_stays_readable(path: Path) -> None:
    """A file as the first version wrote it is read by every later one."""
    d = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}
    x = ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
    y = ("PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw", "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs")
    times = {"published_at": 1.5, "signs_from": None, "retired_at": None, "longest_lifetime": 0}
    members = [
        times | {"signs_from": 2, "longest_lifetime": 900, "jwk": d | {"x": x[0], "d": x[1], "kid": "a"}},
        times | {"jwk": d | {"x": y[0], "d": y[1], "kid": "b"}},
        times | {"signs_from": 1.5, "retired_at": 2, "jwk": d | {"x": y[0], "kid": "c"}},
    ]
    path.write_text(json.dumps({"format": "jwtfast key ring", "version": 1, "keys": members}))
    path.chmod(0o600)
    ring = opened(path, Clock(2))
    assert [(entry.key.key_id, entry.state) for entry in ring.keys] == [
        ("a", "signing"),
        ("b", "next"),
        ("c", "retired"),
    ]
    assert ring.keys[0][1:] == (1.5, 2, None, 900)


def test_a_missing_file(path: Path) -> None:
    """Where a file is expected, none is made: the error says that it is missing."""
    with pytest.raises(errors.KeyRingError, match="there is no key ring"):
        opened(path, create=False)
    assert not path.exists()
    with pytest.raises(errors.KeyRingError, match="No such file"):
        opened(path.parent / "absent" / "ring.json")


def test_a_lifetime_is_on_disk_before_the_key_is_given_out(path: Path) -> None:
    """The longest lifetime is written before its token can be signed, and shorter ones cost no writing."""
    ring = opened(path)
    ring.signing_key_for(900)
    assert opened(path).keys[0].longest_lifetime == 900
    written = path.stat().st_mtime_ns, path.stat().st_ino
    for lifetime in (900, 899.5, 1):
        ring.signing_key_for(lifetime)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == written


def test_a_migration_to_another_algorithm(path: Path) -> None:
    """A ring that is opened with another algorithm changes to it within two rotations, without a gap."""
    opened(path)
    ring = KeyRing.open(path, "ES256", lead_time=0, reload_every=0)
    algorithms = []
    for _ in range(3):
        algorithms.append(ring.signing_key.algorithm)
        ring.rotate()
    assert algorithms == ["EdDSA", "EdDSA", "ES256"]


# ---- who may read it ----


@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o777])
def test_modes(path: Path, mask: int) -> None:
    """The file is its owner's alone whatever the umask, after every change of it."""
    with umask(mask):
        ring = opened(path)
        for _ in range(2):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            ring.rotate(force=True)
    assert not stat.S_IMODE(Path(f"{path}.lock").stat().st_mode) & 0o077
    assert sorted(each.name for each in path.parent.iterdir()) == ["ring.json", "ring.json.lock"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666])
def test_a_file_that_others_can_read(path: Path, mode: int) -> None:
    """A file that a group or others may use in any way is refused, and not written either."""
    ring = opened(path)
    text = path.read_bytes()
    path.chmod(mode)
    with pytest.raises(errors.KeyRingError, match="chmod 600"):
        opened(path)
    with pytest.raises(errors.KeyRingError, match="chmod 600"):
        ring.rotate(force=True)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (text, mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_owner(path: Path) -> None:
    """A file that belongs to another user is refused: he can read it."""
    opened(path)
    os.chown(path, 65534, 65534)
    with pytest.raises(errors.KeyRingError, match="chown"):
        opened(path)


def test_a_symbolic_link(path: Path, tmp_path: Path) -> None:
    """Of a symbolic link the file that it leads to is read and written; the link stays."""
    (tmp_path / "disk").mkdir()
    path.symlink_to(tmp_path / "disk" / "real.json")
    opened(path).rotate(force=True)
    assert path.is_symlink()
    assert len(opened(tmp_path / "disk" / "real.json", create=False).keys) == 3


# ---- encryption ----


def test_an_encrypted_file_shows_nothing(path: Path) -> None:
    """An encrypted file holds neither private members nor kids, and each writing is encrypted anew."""
    ring = opened(path, passphrase=PASSPHRASE)
    members = [entry.key.to_jwk(private=True) for entry in ring.keys]
    first = path.read_text()
    for text in [PASSPHRASE, *(member[name] for member in members for name in ("d", "x", "kid"))]:
        assert text not in first
    ring.signing_key_for(1)
    nonces = [json.loads(text)["encryption"]["nonce"] for text in (first, path.read_text())]
    assert nonces[0] != nonces[1]


def test_passphrases(path: Path, tmp_path: Path) -> None:
    """A missing, wrong, unneeded or empty passphrase is one clear error each, and the file stays as it is."""
    plain = tmp_path / "plain.json"
    opened(plain)
    opened(path, passphrase=PASSPHRASE)
    texts = path.read_bytes(), plain.read_bytes()
    for file, passphrase, words in (
        (path, None, "give its passphrase"),
        (path, "wrong", "passphrase is wrong"),
        (path, PASSPHRASE + " ", "passphrase is wrong"),
        (plain, PASSPHRASE, "not encrypted"),
    ):
        with pytest.raises(errors.KeyRingError, match=words) as caught:
            opened(file, passphrase=passphrase)
        assert PASSPHRASE not in str(caught.value)
    with pytest.raises(ValueError, match="empty"):
        opened(path, passphrase="")
    with pytest.raises(TypeError):
        opened(path, passphrase=5)
    assert (path.read_bytes(), plain.read_bytes()) == texts


def test_another_passphrase(path: Path) -> None:
    """A ring can be encrypted, encrypted anew, and decrypted, with the same keys before and after."""
    ring = opened(path)
    before = state(ring)
    for passphrase in (PASSPHRASE, "another one", None):
        ring.change_passphrase(passphrase)
        ring.reload()
        assert state(ring) == state(opened(path, passphrase=passphrase)) == before
        assert ("encryption" in json.loads(path.read_text())) is (passphrase is not None)
    with pytest.raises(errors.KeyRingError, match="memory"):
        KeyRing().change_passphrase(PASSPHRASE)


def test_every_bit_of_an_encrypted_file_counts(path: Path) -> None:
    """A bit that is flipped anywhere in an encrypted file is noticed."""
    opened(path, passphrase=PASSPHRASE)
    text = path.read_bytes()
    for position in range(0, len(text), max(1, len(text) // 60)):
        path.write_bytes(text[:position] + bytes([text[position] ^ 1]) + text[position + 1 :])
        with pytest.raises(errors.KeyRingError):
            opened(path, passphrase=PASSPHRASE)


def test_costs_are_bounded(path: Path) -> None:
    """A file that asks for absurd costs of scrypt is refused before any are spent, and so is one that asks for few."""
    opened(path, passphrase=PASSPHRASE)
    document = json.loads(path.read_text())
    for name, value in (("n", 2**30), ("n", 2), ("r", 2**20), ("p", 10**9), ("p", 0), ("n", "16384"), ("p", None)):
        path.write_text(json.dumps(document | {"encryption": document["encryption"] | {name: value}}))
        with pytest.raises(errors.KeyRingError, match="parameters of encryption"):
            opened(path, passphrase=PASSPHRASE)


# ---- damage ----


def change(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    """Give what sets a member of the signing key's entry."""
    return lambda document: document["keys"][0].__setitem__(name, value)


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no keys": lambda document: document.pop("keys"),
    "keys of another type": lambda document: document.update(keys={}),
    "an entry of another type": lambda document: document.update(keys=["x", 5, None]),
    "no next key": lambda document: document["keys"].pop(1),
    "no signing key": lambda document: document["keys"].pop(0),
    "two signing keys": lambda document: document["keys"][1].update(signs_from=NOW),
    "a kid twice": lambda document: document["keys"].append(document["keys"][0] | {"retired_at": NOW}),
    "retired before it signed": lambda document: document["keys"][1].update(retired_at=NOW),
    "a retired private key": change("retired_at", NOW),
    "no private half": lambda document: document["keys"][0]["jwk"].pop("d"),
    "another private half": lambda document: document["keys"][0]["jwk"].update(d=document["keys"][1]["jwk"]["d"]),
    "no kid": lambda document: document["keys"][0]["jwk"].pop("kid"),
    "a kid of another type": lambda document: document["keys"][0]["jwk"].update(kid=["k"]),
    "a time of another type": change("published_at", "now"),
    "a negative time": change("published_at", -1),
    "no time": lambda document: document["keys"][0].pop("published_at"),
    "a lifetime of another type": change("longest_lifetime", None),
    "another format": lambda document: document.update(format="something else"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_document(path: Path, damage: str) -> None:
    """A document that is not a ring in any one respect is an error that says where; nothing is overwritten."""
    opened(path)
    document = json.loads(path.read_text())
    secrets = [entry["jwk"]["d"] for entry in document["keys"]]
    DAMAGES[damage](document)
    path.write_text(json.dumps(document))
    text = path.read_bytes()
    with pytest.raises(errors.KeyRingError, match=f"{re.escape(str(path))} is damaged") as caught:
        opened(path)
    assert not any(secret in str(caught.value) for secret in secrets)
    assert path.read_bytes() == text


def test_texts_that_are_no_ring(path: Path) -> None:
    """A file that was cut off anywhere, or holds something else, is damaged; a live ring overwrites none."""
    ring = opened(path)
    whole, before = path.read_bytes(), state(ring)
    cuts = [whole[:length] for length in range(0, len(whole) - 2, 37)]
    twice = whole.replace(b'"version"', b'"version": 1, "version"')
    for text in (*cuts, twice, b"[]", b"null", b"\xff\xfe", b"{}" * 2, b"[" * 9999, b" " * (4 * 2**20 + 1)):
        path.write_bytes(text)
        for use in (lambda: opened(path), lambda: ring.rotate(force=True), ring.reload, ring.prune):
            with pytest.raises(errors.KeyRingError, match="damaged"):
                use()
        assert state(ring) == before
        assert path.read_bytes() == text
    path.write_bytes(whole)
    ring.rotate(force=True)


def test_a_later_version(path: Path) -> None:
    """A file of a later version is not taken for a damaged one."""
    opened(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    with pytest.raises(errors.KeyRingError, match="upgrade jwtfast"):
        opened(path)


def test_what_is_no_file(path: Path, tmp_path: Path) -> None:
    """A folder or a named pipe in the file's place is refused at once."""
    os.mkfifo(path)
    with pytest.raises(errors.KeyRingError, match="no regular file"):
        opened(path)
    with pytest.raises(errors.KeyRingError, match="no regular file"):
        opened(tmp_path)


def test_a_file_that_can_not_be_read_any_more(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A live ring whose file goes bad keeps signing, says so once and without key material, and recovers with it."""
    ring, text = opened(path), path.read_bytes()
    key = ring.signing_key
    with caplog.at_level(logging.ERROR, "jwtfast.key_ring"):
        path.unlink()
        assert [ring.signing_key for _ in range(3)] == [key] * 3
        with pytest.raises(errors.KeyRingError, match="No such file"):
            ring.rotate(force=True)
        assert not path.exists()
        path.write_bytes(text[:-9])
        assert ring.signing_key_for(0) is key
    assert len(caplog.records) == 2
    assert key.to_jwk(private=True)["d"] not in caplog.text
    path.write_bytes(text)
    path.chmod(0o600)
    ring.rotate(force=True)


def test_a_file_that_could_not_be_read_for_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that could not be read at first is read as soon as it can be, though the file is not written again."""
    one, other = opened(path), opened(path)
    one.rotate(force=True)
    path.chmod(0o640)
    assert kid(other.signing_key) != kid(one.signing_key)
    path.chmod(0o600)
    assert kid(other.signing_key) == kid(one.signing_key)
    one.rotate(force=True)

    def fail(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        assert kid(other.signing_key) != kid(one.signing_key)
    assert kid(other.signing_key) == kid(one.signing_key)


# ---- crashes ----


def test_writing_is_durable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change is on disk before it has its name, and its name is on disk before the change is told."""
    ring, events = opened(path), []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        events.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        events.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    ring.rotate(force=True)
    assert events == ["file", "rename", "folder"]


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
def test_a_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Where writing fails, the error says why, the old file is whole, the ring is as it was, and nothing is left."""
    ring = opened(path)
    before, text = state(ring), path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path if step == "replace" else os, step, fail)
        for use in (lambda: ring.rotate(force=True), lambda: ring.signing_key_for(900), lambda: ring.revoke("x")):
            with pytest.raises(errors.KeyRingError):
                use()
        with pytest.raises(errors.KeyRingError, match="No space left"):
            ring.change_passphrase(PASSPHRASE)
    assert (state(ring), path.read_bytes()) == (before, text)
    assert sorted(each.name for each in path.parent.iterdir()) == ["ring.json", "ring.json.lock"]
    ring.rotate(force=True)
    assert state(opened(path)) == state(ring)


ROTATE_FOREVER = """
import sys
from jwtfast.key_ring import KeyRing
ring = KeyRing.open(sys.argv[1], "EdDSA", reload_every=0)
while True:
    ring.signing_key_for(10**6)
    print(ring.rotate(force=True), flush=True)
"""


def test_a_crash_at_any_instant(path: Path) -> None:
    """A process that is killed at any instant leaves a whole file, with every key whose rotation it had told."""
    told: set[str] = set()
    for attempt in range(6):
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", ROTATE_FOREVER, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            told.add(process.stdout.readline().strip())
            time.sleep(0.013 * attempt)
            process.send_signal(signal.SIGKILL)
            whole, _, _ = process.stdout.read().rpartition("\n")
        told |= set(whole.split())
        assert told <= {entry.key.key_id for entry in opened(path, create=False).keys}
    opened(path).rotate(force=True)
    assert not Path(f"{path}.new").exists()


# ---- neighbours ----

ROTATE_SOME = """
import sys
from jwtfast.key_ring import KeyRing
ring = KeyRing.open(sys.argv[1], "EdDSA")
for _ in range(25):
    print(ring.signing_key_for(10**6).key_id)
    print(ring.rotate(force=True))
"""


def test_the_last_writer_loses_no_key(path: Path) -> None:
    """Processes that all change one file at once, from its making on, lose none of each other's keys."""
    processes = [
        subprocess.Popen([sys.executable, "-c", ROTATE_SOME, str(path)], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(3)
    ]
    told = {name for process in processes for name in process.communicate(timeout=60)[0].split()}
    assert [process.returncode for process in processes] == [0, 0, 0]
    entries = opened(path).keys
    assert len(entries) == 2 + 75
    assert told <= {entry.key.key_id for entry in entries}


def test_what_one_process_does_is_seen_by_another(path: Path) -> None:
    """A ring sees what another did to the file when it is next asked, and at reload() at the latest."""
    one, other = opened(path), opened(path)
    lazy = opened(path, reload_every=3600)
    one.signing_key_for(900)
    one.rotate(force=True)
    assert kid(other.signing_key) == kid(one.signing_key)
    assert kids(other) == kids(one)
    assert [key.key_id for key in other.key_set] == kids(one)
    assert kid(lazy.signing_key) != kid(one.signing_key)
    lazy.reload()
    assert kid(lazy.signing_key) == kid(one.signing_key)


def test_looking_takes_its_time(path: Path) -> None:
    """A ring looks at its file after reload_every seconds, by itself."""
    one, other = opened(path), opened(path, reload_every=0.2)
    one.rotate(force=True)
    give_up = time.monotonic() + 10
    while kid(other.signing_key) != kid(one.signing_key):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_time_to_look_is_allowed_for(path: Path) -> None:
    """The time that others may take to see a change counts before a key signs and before one is removed."""
    clock = Clock()
    ring = opened(path, clock, reload_every=5)
    ring.signing_key_for(900)
    assert ring.ready_at == NOW + 5 + LEAD
    clock.now = ring.ready_at
    old = kid(ring.signing_key)
    ring.rotate()
    assert ring.safe_to_remove(old) == clock.now + 5 + 900 + LEEWAY


def test_a_change_by_others_keeps_the_keys_that_stay(path: Path) -> None:
    """A ring that reads its file again keeps the Key objects that are still in it, so that caches stay warm."""
    one, other = opened(path), opened(path)
    verifying = {key.key_id: key for key in other.key_set}
    one.rotate(force=True)
    assert other.signing_key is not one.signing_key
    after = {key.key_id: key for key in other.key_set}
    assert all(after[name] is key for name, key in verifying.items())


def test_a_schedule_in_several_processes(path: Path) -> None:
    """Of all who rotate at the same time by the same schedule one does, and the others are told that it's too early."""
    clock = Clock()
    rings = [opened(path, clock) for _ in range(4)]
    clock.now += LEAD

    def rotate(ring: KeyRing) -> bool:
        try:
            ring.rotate()
        except errors.RotationTooEarlyError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(rotate, rings)) == 1


def test_a_revoked_key_stays_away(path: Path) -> None:
    """A process that has not seen a revocation doesn't bring the key back by what it writes."""
    one, unaware = opened(path), opened(path, reload_every=3600)
    gone = kid(one.signing_key)
    one.revoke(gone)
    assert kid(unaware.signing_key_for(900)) != gone
    assert gone not in {entry.key.key_id for entry in opened(path).keys}


def test_a_lock_that_can_not_be_had(path: Path) -> None:
    """A lock's file that can't be opened is an error, and nothing is written without the lock."""
    ring = opened(path)
    text = path.read_bytes()
    Path(f"{path}.lock").unlink()
    Path(f"{path}.lock").symlink_to(path)
    with pytest.raises(errors.KeyRingError, match="can't be locked"):
        ring.rotate(force=True)
    assert path.read_bytes() == text


def test_a_lock_that_is_never_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that hangs holds nobody up for ever, and those who only sign not at all."""
    monkeypatch.setattr(key_ring_file, "LOCK_SECONDS", 0.1)
    ring = opened(path)
    ring.signing_key_for(900)
    with key_ring_file.KeyRingFile(path, None).locked():
        with pytest.raises(errors.KeyRingError, match="can't be locked"):
            ring.rotate(force=True)
        assert ring.signing_key_for(900) is ring.keys[0].key
    ring.rotate(force=True)


def test_the_first_key_of_a_file(path: Path) -> None:
    """The key to begin with is taken where there is no file, and ignored where there is one."""
    key = Key.generate("ES256", key_id="ours")
    assert opened(path, first=key).signing_key.key_id == "ours"
    assert opened(path, first=Key.generate("ES256", key_id="other")).signing_key.key_id == "ours"


def test_other_systems(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files have no owners and locks, a ring in a file is refused."""
    monkeypatch.setattr(key_ring_file, "os", type("os", (), {"name": "nt"}))
    with pytest.raises(errors.KeyRingError, match="POSIX"):
        opened(path)
