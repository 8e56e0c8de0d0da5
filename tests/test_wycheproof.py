"""Project Wycheproof's vectors: JWS, JWK, and the signatures beneath them. Its HMAC files are judged with the HMAC."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vector_verdicts import KNOWN, NOT_CLAIMS, PRIVATE_KEYS, PSS_SALT_0, PSS_SALT_0_BUT_32

from jwtfast import ANY, Key, KeySet, Verifier, errors

JOSE_FILES = {"json_web_signature": 401, "json_web_crypto": 49, "json_web_key": 26}
SIGNATURE_FILES = {
    "ecdsa_secp256r1_sha256_p1363": ("ES256", 262),
    "ecdsa_secp384r1_sha384_p1363": ("ES384", 280),
    "ecdsa_secp521r1_sha512_p1363": ("ES512", 318),
    "ecdsa_secp256k1_sha256_p1363": ("ES256K", 252),
    "ed25519": ("EdDSA", 151),
    "ed448": ("EdDSA", 87),
    "rsa_signature_2048_sha256": ("RS256", 259),
    "rsa_signature_2048_sha384": ("RS384", 258),
    "rsa_signature_2048_sha512": ("RS512", 259),
    "rsa_signature_3072_sha256": ("RS256", 259),
    "rsa_signature_3072_sha384": ("RS384", 259),
    "rsa_signature_4096_sha512": ("RS512", 259),
    "rsa_pss_2048_sha256_mgf1_32": ("PS256", 108),
    "rsa_pss_2048_sha384_mgf1_48": ("PS384", 141),
    "rsa_pss_4096_sha512_mgf1_64": ("PS512", 179),
}


def groups(vectors: Path, name: str) -> Iterator[dict[str, Any]]:
    """Give the groups of tests of a file."""
    yield from json.loads((vectors / "wycheproof" / f"{name}_test.json").read_bytes())["testGroups"]


def verifier(jwk: dict[str, Any]) -> Verifier | None:
    """Give a verifier with a JWK or a JWK set, or None where it is refused."""
    try:
        keys = KeySet.from_jwks(jwk) if "keys" in jwk else Key.from_jwk(jwk)
    except errors.InvalidKeyError:
        return None
    return Verifier(keys, required=(), audience=ANY)


def judge_jws(judge: Verifier | None, jws: object) -> str:
    """Tell whether a JWS, whatever its payload is, is valid."""
    if judge is None:
        return "invalid"
    try:
        judge.verify(jws if isinstance(jws, str) else json.dumps(jws))
    except errors.InvalidTokenError as error:
        return "valid" if str(error) == NOT_CLAIMS else "invalid"
    return "valid"


@pytest.mark.parametrize("name", JOSE_FILES)
def test_jose(vectors: Path, name: str) -> None:
    """Each JWS is valid or not as the vector says, but for those on the list (RFC 7515 section 5.2)."""
    file = f"{name}_test.json"
    wrong = {}
    judged = 0
    for group in groups(vectors, name):
        judge = verifier(group.get("public") or group["private"])
        for test in group["tests"]:
            if "jws" not in test:  # encrypted
                continue
            judged += 1
            expected, _ = KNOWN.get((file, test["tcId"]), (test["result"], ""))
            verdict = judge_jws(judge, test["jws"])
            if verdict != expected:
                wrong[test["tcId"]] = (verdict, test["comment"])
    assert wrong == {}
    assert judged == JOSE_FILES[name]


@pytest.mark.parametrize("name", JOSE_FILES)
def test_jose_with_private_keys(vectors: Path, name: str) -> None:
    """The private JWKs of the vectors give the same verdicts as their public halves, but for those on the list."""
    differing = set()
    for group in groups(vectors, name):
        if "public" in group:
            judges = [verifier(group[half]) for half in ("public", "private")]
            tests = [test["jws"] for test in group["tests"] if "jws" in test]
            if any(len({judge_jws(judge, jws) for judge in judges}) > 1 for jws in tests):
                differing.add((f"{name}_test.json", group["comment"]))
    assert differing == {where for where in PRIVATE_KEYS if where[0] == f"{name}_test.json"}


def test_the_list_names_real_differences(vectors: Path) -> None:
    """Each entry of the list is about a vector that says the opposite, and gives the section that decides."""
    results = {
        (f"{name}_test.json", test["tcId"]): test["result"]
        for name in JOSE_FILES
        for group in groups(vectors, name)
        for test in group["tests"]
    }
    for where, (verdict, reason) in KNOWN.items():
        assert {verdict, results[where]} == {"valid", "invalid"}
        assert "RFC" in reason


def test_two_vectors_are_one(vectors: Path) -> None:
    """The vectors that are listed as copies of a valid one are that, byte for byte."""
    texts = {t["tcId"]: t["jws"] for group in groups(vectors, "json_web_signature") for t in group["tests"]}
    assert texts[357] == texts[367] == texts[370]


def keys_of(group: dict[str, Any], algorithm: str) -> dict[str, Key]:
    """Build a group's key from each form that it offers."""
    keys = {
        "pem": Key.from_pem(group["publicKeyPem"], algorithm),
        "der": Key.from_der(bytes.fromhex(group["publicKeyDer"]), algorithm),
    }
    jwk = group.get("publicKeyJwk") or group.get("keyJwk")
    if jwk is not None:
        keys["jwk"] = Key.from_jwk(jwk, algorithm)
    return keys


def judge_signatures(vectors: Path, name: str, algorithm: str) -> Iterator[tuple[dict[str, Any], bool]]:
    """Give each test of a file, and whether its signature is good, on which all forms of the key have to agree."""
    for group in groups(vectors, name):
        keys = keys_of(group, algorithm)
        assert len({key.thumbprint() for key in keys.values()}) == 1
        for test in group["tests"]:
            signature, message = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            verdicts = {key.verify(signature, message) for key in keys.values()}
            assert len(verdicts) == 1
            yield test, verdicts.pop()


@pytest.mark.parametrize("name", SIGNATURE_FILES)
def test_signatures(vectors: Path, name: str) -> None:
    """Each signature is good or not as the vector says; what it calls acceptable, a sloppy encoding, is not."""
    algorithm, count = SIGNATURE_FILES[name]
    judged = list(judge_signatures(vectors, name, algorithm))
    assert [test["tcId"] for test, good in judged if good != (test["result"] == "valid")] == []
    assert len(judged) == count
    assert any(good for _, good in judged)


def test_pss_without_salt(vectors: Path) -> None:
    """RSASSA-PSS signatures with an empty salt are none of PS256, whose salts have 32 octets (RFC 7518 section 3.5)."""
    assert "RFC 7518 section 3.5" in PSS_SALT_0
    judged = list(judge_signatures(vectors, "rsa_pss_2048_sha256_mgf1_0", "PS256"))
    assert sum(test["result"] == "valid" for test, _ in judged) > 50
    assert [test["tcId"] for test, good in judged if good] == [PSS_SALT_0_BUT_32]


@pytest.mark.parametrize("name", [name for name in SIGNATURE_FILES if name.startswith("rsa")])
def test_signatures_of_other_algorithms(vectors: Path, name: str) -> None:
    """No good signature is good under another algorithm that takes the same key."""
    algorithm, _ = SIGNATURE_FILES[name]
    for other in (f"{family}{bits}" for family in ("RS", "PS") for bits in (256, 384, 512)):
        verdicts = {
            Key.from_pem(group["publicKeyPem"], other).verify(bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))
            for group in groups(vectors, name)
            for test in group["tests"]
            if test["result"] == "valid"
        }
        assert verdicts == {other == algorithm}
