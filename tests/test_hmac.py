"""HMAC over SHA-2 of every kernel against RFC 4231, Wycheproof and the standard library; and which kernels run."""

from __future__ import annotations

import hmac
import json
import random
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jwtfast
from jwtfast import Key, _native
from jwtfast._native import HmacKey, Kernels

HASHES = {"sha256": 32, "sha384": 48, "sha512": 64}
INSTRUCTION_SETS = ["avx2", "shani", "avx512", "avx512ifma", "avx512vbmi"]


class Case(NamedTuple):
    """A test case of RFC 4231; the MACs of case 5 are cut to 128 bits there."""

    key: bytes
    message: bytes
    macs: dict[str, str]


RFC_4231 = [
    Case(
        b"\x0b" * 20,
        b"Hi There",
        {
            "sha256": "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            "sha384": "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
            "faea9ea9076ede7f4af152e8b2fa9cb6",
            "sha512": "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        },
    ),
    Case(
        b"Jefe",
        b"what do ya want for nothing?",
        {
            "sha256": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "sha384": "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
            "8e2240ca5e69e2c78b3239ecfab21649",
            "sha512": "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        },
    ),
    Case(
        b"\xaa" * 20,
        b"\xdd" * 50,
        {
            "sha256": "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            "sha384": "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
            "2a5ab39dc13814b94e3ab6e101a34f27",
            "sha512": "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
            "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
        },
    ),
    Case(
        bytes(range(1, 26)),
        b"\xcd" * 50,
        {
            "sha256": "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            "sha384": "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e"
            "6801dd23c4a7d679ccf8a386c674cffb",
            "sha512": "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
            "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
        },
    ),
    Case(
        b"\x0c" * 20,
        b"Test With Truncation",
        {
            "sha256": "a3b6167473100ee06e0c796c2955552b",
            "sha384": "3abf34c3503b2a23a46efc619baef897",
            "sha512": "415fad6271580a531d4179bc891d87a6",
        },
    ),
    Case(
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        {
            "sha256": "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            "sha384": "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
            "0c2ef6ab4030fe8296248df163f44952",
            "sha512": "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
            "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
        },
    ),
    Case(
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. "
        b"The key needs to be hashed before being used by the HMAC algorithm.",
        {
            "sha256": "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            "sha384": "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5"
            "a678cc31e799176d3860e6110c46523e",
            "sha512": "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
            "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
        },
    ),
]


@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("case", RFC_4231, ids=[f"case{number}" for number in range(1, 8)])
def test_rfc_4231(kernels: Kernels, case: Case, hash_name: str) -> None:
    """The seven cases of RFC 4231 section 4 come out as the RFC prints them."""
    mac = kernels.hmac(hash_name, case.key, case.message).hex()
    assert mac.startswith(case.macs[hash_name])
    assert len(mac) == 2 * HASHES[hash_name]


@pytest.mark.parametrize("hash_name", HASHES)
def test_rfc_4231_files(kernels: Kernels, vectors: Path, hash_name: str) -> None:
    """The same cases, as others have typed them, come out too."""
    text = re.sub("#.*", "", (vectors / "nist" / f"rfc-4231-{hash_name}.txt").read_text("ascii"))
    entries = re.findall(r"Len = (\d+)\s+Key = (\w+)\s+Msg = (\w+)\s+MD = (\w+)", text)
    assert len(entries) == 6
    for bits, key, message, mac in entries:
        assert len(message) * 4 == int(bits)
        assert kernels.hmac(hash_name, bytes.fromhex(key), bytes.fromhex(message)).hex() == mac


@pytest.mark.parametrize("hash_name", HASHES)
def test_wycheproof(kernels: Kernels, vectors: Path, hash_name: str) -> None:
    """Every tag of Wycheproof's that is valid is the MAC, or its beginning where it is cut, and no other tag is."""
    document = json.loads((vectors / "wycheproof" / f"hmac_{hash_name}_test.json").read_bytes())
    wrong = []
    judged = 0
    for group in document["testGroups"]:
        for case in group["tests"]:
            mac = kernels.hmac(hash_name, bytes.fromhex(case["key"]), bytes.fromhex(case["msg"]))
            judged += 1
            if (mac[: group["tagSize"] // 8].hex() == case["tag"]) != (case["result"] == "valid"):
                wrong.append(case["tcId"])
    assert judged == document["numberOfTests"] == 174
    assert wrong == []


@pytest.mark.parametrize("hash_name", HASHES)
def test_every_key_length(kernels: Kernels, hash_name: str) -> None:
    """Keys of every length from 0 to 300 octets, so also round a block, where they begin to be hashed, are right."""
    data = random.Random(300).randbytes(300)  # noqa: S311
    wrong = [
        length
        for length in range(301)
        if kernels.hmac(hash_name, data[:length], data) != hmac.digest(data[:length], data, hash_name)
    ]
    assert wrong == []


@pytest.mark.parametrize("hash_name", HASHES)
def test_every_message_length(kernels: Kernels, hash_name: str) -> None:
    """Messages of every length from 0 to 300 octets, so also round a block and its padding, are right."""
    data = random.Random(301).randbytes(300)  # noqa: S311
    wrong = [
        length
        for length in range(301)
        if kernels.hmac(hash_name, b"key", data[:length]) != hmac.digest(b"key", data[:length], hash_name)
    ]
    assert wrong == []


@given(hash_name=st.sampled_from(list(HASHES)), key=st.binary(max_size=300), message=st.binary(max_size=2_000))
def test_any_key_and_message(kernels: Kernels, hash_name: str, key: bytes, message: bytes) -> None:
    """Any key and any message have the MAC of the standard library."""
    assert kernels.hmac(hash_name, key, message) == hmac.digest(key, message, hash_name)


@given(hash_name=st.sampled_from(list(HASHES)), key=st.binary(max_size=300), seed=st.integers(min_value=0))
def test_all_kernels_agree(hash_name: str, key: bytes, seed: int) -> None:
    """All kernels that this CPU can run give one and the same MAC."""
    source = random.Random(seed)  # noqa: S311
    message = source.randbytes(source.randrange(10_000))
    macs = {Kernels(name).hmac(hash_name, key, message) for name in _native.available_kernels()}
    assert macs == {hmac.digest(key, message, hash_name)}


@given(hash_name=st.sampled_from(list(HASHES)), key=st.binary(min_size=1, max_size=300), message=st.binary())
def test_a_prepared_key_signs_the_same(hash_name: str, key: bytes, message: bytes) -> None:
    """A key that was made once, from midstates, gives the MAC of the standard library, as often as it is asked."""
    prepared = HmacKey(hash_name, key, "HS")
    expected = hmac.digest(key, message, hash_name)
    assert [prepared.sign(message), prepared.sign(b"in between"), prepared.sign(message)] == [
        expected,
        hmac.digest(key, b"in between", hash_name),
        expected,
    ]
    assert prepared.export() == key


def test_a_prepared_key_prints_no_secret() -> None:
    """A prepared key's repr and str hold nothing of its secret."""
    secret = b"correct horse battery staple, and 32 octets"
    key = HmacKey("sha256", secret, "HS256", "kid-1")
    for text in (repr(key), str(key), f"{key}"):
        assert text == "<HmacKey HS256 [redacted]>"
    assert secret.decode() not in repr(Key.from_secret(secret, "HS256").prepared)


def test_an_empty_prepared_key() -> None:
    """An empty secret is a ValueError: anybody has it."""
    with pytest.raises(ValueError, match="empty"):
        HmacKey("sha256", b"", "HS256")


# ---- which kernels run ----


NewProcess = Callable[..., subprocess.CompletedProcess[str]]
SHOW = "import jwtfast._native as n; print(n.kernels.name, n.HmacKey('sha256', b'k', 'HS256').sign(b'm').hex())"


def test_all_kernels_can_be_asked_for(new_process: NewProcess) -> None:
    """Each kernel that is offered is honoured when JWTFAST_KERNEL names it, and then gives the same MAC."""
    names = _native.available_kernels()
    assert names[0] == "portable"
    assert len(set(names)) == len(names)
    for name in ["auto", *names]:
        process = new_process(SHOW, JWTFAST_KERNEL=name)
        assert process.stdout.split() == [name, hmac.digest(b"k", b"m", "sha256").hex()], process.stderr


@pytest.mark.parametrize("environment", [{}, {"JWTFAST_KERNEL": ""}], ids=["unset", "empty"])
def test_no_kernel_asked_for(new_process: NewProcess, environment: dict[str, str]) -> None:
    """Without JWTFAST_KERNEL, or with an empty one, the CPU's best kernels run."""
    assert new_process(SHOW, **environment).stdout.split()[0] == "auto"


@pytest.mark.parametrize("name", ["nonsense", "Portable", "avx10", "portable+nonsense", "+", "auto+portable", " "])
def test_an_unknown_kernel_is_refused(new_process: NewProcess, name: str) -> None:
    """A kernel that does not exist is an ImportError that says what to ask for instead, never something else's use."""
    process = new_process(SHOW, JWTFAST_KERNEL=name)
    assert process.returncode == 1
    assert process.stdout == ""
    last = process.stderr.splitlines()[-1]
    assert last.startswith("ImportError: JWTFAST_KERNEL: unknown kernel")
    for name_to_use in ("'auto'", "'portable'", *map(repr, INSTRUCTION_SETS)):
        assert name_to_use in last
    with pytest.raises(ValueError, match="unknown kernel"):
        Kernels(name)


@pytest.mark.parametrize("name", INSTRUCTION_SETS)
def test_a_kernel_that_the_cpu_lacks_is_refused(new_process: NewProcess, name: str) -> None:
    """A kernel that this CPU can't run is refused by name, alone and joined to others, with what to do about it."""
    if name in _native.available_kernels():
        pytest.skip(f"this CPU has {name}")
    for request in (name, "+".join(INSTRUCTION_SETS)):
        with pytest.raises(ValueError, match=r"this CPU has no '\w+': leave JWTFAST_KERNEL unset, or say 'portable'"):
            Kernels(request)
    last = new_process(SHOW, JWTFAST_KERNEL=name).stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: JWTFAST_KERNEL: this CPU has no {name!r}")


def test_known_answers_of_all_kernels(kernels: Kernels) -> None:
    """The known-answer check passes for every kernel, and takes nothing but kernels."""
    _native.check_known_answers(kernels)
    with pytest.raises(TypeError):
        _native.check_known_answers(None)  # type: ignore[arg-type]


# The last of the round constants, as they lie in the compiled module; a compiler writes the first into the code itself.
ROUND_CONSTANTS = {
    "sha256": struct.pack("=4I", 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2),
    "sha512": struct.pack("=4Q", 0x4CC5D4BECB3E42B6, 0x597F299CFC657E2A, 0x5FCB6FAB3AD6FAEC, 0x6C44198C4A475817),
}


@pytest.mark.skipif(sys.platform != "linux", reason="a changed module must still load: other systems check signatures")
@pytest.mark.parametrize("name", ["auto", "portable"])
@pytest.mark.parametrize("hash_name", ROUND_CONSTANTS)
def test_a_wrong_kernel_is_not_imported(new_process: NewProcess, tmp_path: Path, hash_name: str, name: str) -> None:
    """With one bit of a round constant changed in the compiled module, the import fails before anything is verified."""
    shutil.copytree(Path(jwtfast.__file__).parent, tmp_path / "jwtfast", ignore=shutil.ignore_patterns("*.so", "*.pyc"))
    module = Path(_native.__file__)
    machine_code = module.read_bytes()
    constants = ROUND_CONSTANTS[hash_name]
    assert machine_code.count(constants) >= 1
    changed = {"same": constants, "wrong": constants[:-1] + bytes([constants[-1] ^ 1])}
    outcome = {}
    for which, table in changed.items():
        (tmp_path / "jwtfast" / module.name).write_bytes(machine_code.replace(constants, table))
        outcome[which] = new_process(SHOW, JWTFAST_KERNEL=name, PYTHONPATH=str(tmp_path))
    assert outcome["same"].returncode == 0, outcome["same"].stderr
    assert outcome["wrong"].returncode == 1
    assert re.fullmatch(
        f"ImportError: the {'sha256' if hash_name == 'sha256' else 'sha384'} kernel of '{name}' "
        "fails its known-answer test",
        outcome["wrong"].stderr.splitlines()[-1],
    )
