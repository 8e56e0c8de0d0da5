"""The examples of RFC 7515, RFC 7520 (the JOSE cookbook), RFC 7638, RFC 7797 and RFC 8037."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from forge import decode
from vector_verdicts import NOT_CLAIMS

from jwtfast import ANY, Key, KeySet, Verifier, errors

COMPACT = (
    "4_1.rsa_v15_signature",
    "4_2.rsa-pss_signature",
    "4_3.ecdsa_signature",
    "4_4.hmac-sha2_integrity_protection",
)
JSON_ONLY = ("4_6.protecting_specific_header_fields", "4_7.protecting_content_only", "4_8.multiple_signatures")
SIGNING_KEYS = (
    ("3_1.ec_public_key", "ES512"),
    ("3_2.ec_private_key", "ES512"),
    ("3_3.rsa_public_key", "RS256"),
    ("3_4.rsa_private_key", "RS256"),
    ("3_5.symmetric_key_mac_computation", "HS256"),
)


def read(vectors: Path, name: str) -> Any:
    """Read an example of the cookbook."""
    return json.loads((vectors / "cookbook" / f"{name}.json").read_bytes())


def refusal(key: Key | KeySet, raw: str) -> errors.InvalidTokenError:
    """Give what refuses a token."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        Verifier(key, required=(), audience=ANY).verify(raw)
    return caught.value


@pytest.mark.parametrize("name", COMPACT)
def test_compact(vectors: Path, name: str) -> None:
    """The signatures of RFC 7520 sections 4.1 to 4.4 are good, and their payload, which is prose, is no JWT's."""
    example = read(vectors, f"jws/{name}")
    key = Key.from_jwk(example["input"]["key"], example["input"]["alg"])
    text = example["output"]["compact"]
    assert str(refusal(key, text)) == NOT_CLAIMS
    signing_input, _, signature = text.rpartition(".")
    assert decode(signing_input.partition(".")[2]).decode() == example["input"]["payload"]
    assert key.verify(decode(signature), signing_input.encode())
    assert not key.verify(decode(signature), signing_input.encode() + b"A")
    assert type(refusal(key, signing_input + "A." + signature)) is errors.InvalidSignatureError


@pytest.mark.parametrize("name", COMPACT)
def test_reproducible(vectors: Path, name: str) -> None:
    """Where the algorithm leaves no choice, signing gives the signature that the cookbook prints."""
    example = read(vectors, f"jws/{name}")
    key = Key.from_jwk(example["input"]["key"], example["input"]["alg"])
    message, printed = example["signing"]["sig-input"].encode(), decode(example["signing"]["sig"])
    assert (key.sign(message) == printed) is bool(example.get("reproducible"))
    assert key.verify(key.sign(message), message)


def test_detached(vectors: Path) -> None:
    """A detached payload (RFC 7520 section 4.5, RFC 7515 appendix F) is not made up for: the signature is not good."""
    example = read(vectors, "jws/4_5.signature_with_detached_content")
    key = Key.from_jwk(example["input"]["key"])
    assert type(refusal(key, example["output"]["compact"])) is errors.InvalidSignatureError


@pytest.mark.parametrize("name", [*COMPACT, "4_5.signature_with_detached_content", *JSON_ONLY])
def test_json_serialization(vectors: Path, name: str) -> None:
    """The JSON serializations are no JWT's, be it with one signature or several (RFC 7519 section 1)."""
    example = read(vectors, f"jws/{name}")
    jwks = example["input"]["key"]
    jwks = jwks if isinstance(jwks, list) else [jwks]
    algs = example["input"]["alg"] if isinstance(example["input"]["alg"], list) else [example["input"]["alg"]]
    keys = KeySet(Key.from_jwk(jwk, alg) for jwk, alg in zip(jwks, algs, strict=True))
    forms = [form for form in ("json", "json_flat") if form in example["output"]]
    assert forms
    for form in forms:
        error = refusal(keys, json.dumps(example["output"][form]))
        assert type(error) is errors.DecodeError


def test_signatures_taken_out_of_json(vectors: Path) -> None:
    """Of several signatures each is judged by its own key and algorithm once it stands in a token of its own."""
    example = read(vectors, "jws/4_8.multiple_signatures")
    keys = [Key.from_jwk(jwk, alg) for jwk, alg in zip(example["input"]["key"], example["input"]["alg"], strict=True)]
    payload = example["output"]["json"]["payload"]
    good = 0
    for signed in example["output"]["json"]["signatures"]:
        message = f"{signed.get('protected', '')}.{payload}".encode()
        signers = [key for key in keys if key.verify(decode(signed["signature"]), message)]
        assert len(signers) == 1
        header = json.loads(decode(signed["protected"])) if "protected" in signed else signed["header"]
        assert signers[0].algorithm == {**header, **signed.get("header", {})}["alg"]
        good += 1
    assert good == 3


@pytest.mark.parametrize(("name", "algorithm"), SIGNING_KEYS)
def test_keys(vectors: Path, name: str, algorithm: str) -> None:
    """The keys of RFC 7520 section 3 load with all their members, as text or as an object."""
    members = read(vectors, f"jwk/{name}")
    for document in (members, json.dumps(members), json.dumps(members, indent=2).encode()):
        key = Key.from_jwk(document, algorithm)
        assert (key.algorithm, key.key_id) == (algorithm, members["kid"])
        assert key.can_sign is ("d" in members or "k" in members)
        assert key.to_jwk(private=key.can_sign) == {**members, "alg": algorithm}


def test_pairs_of_keys_agree(vectors: Path) -> None:
    """The private key of an example signs what its public key verifies, and both have one thumbprint."""
    for public, private, algorithm in (
        ("3_1.ec_public_key", "3_2.ec_private_key", "ES512"),
        ("3_3.rsa_public_key", "3_4.rsa_private_key", "PS384"),
    ):
        halves = [Key.from_jwk(read(vectors, f"jwk/{name}"), algorithm) for name in (public, private)]
        assert halves[0].verify(halves[1].sign(b"message"), b"message")
        assert halves[0].thumbprint() == halves[1].thumbprint()


@pytest.mark.parametrize("name", ["jwk/3_6.symmetric_key_encryption", "curve25519/ecdh-es"])
def test_keys_for_encryption(vectors: Path, name: str) -> None:
    """Keys that are for encryption are refused by what they say of themselves (RFC 7517 section 4.2)."""
    example = read(vectors, name)
    with pytest.raises(errors.InvalidKeyError, match="'use'"):
        Key.from_jwk(example.get("input", {}).get("key", example))


def test_encrypted(vectors: Path) -> None:
    """An encrypted token (RFC 8037 A.6) is refused as what it is."""
    text = read(vectors, "curve25519/ecdh-es")["output"]["compact"]
    key = Key.from_jwk(read(vectors, "curve25519/jws")["input"]["key"])
    error = refusal(key, text)
    assert type(error) is errors.DecodeError
    assert "JWE" in str(error)


def test_ed25519(vectors: Path) -> None:
    """The example of RFC 8037 appendix A.4 is good, and signing its payload gives it again."""
    example = read(vectors, "curve25519/jws")
    key = Key.from_jwk(example["input"]["key"])
    assert key.algorithm == "EdDSA"
    assert str(refusal(key.public(), example["output"]["compact"])) == NOT_CLAIMS
    assert key.sign(example["signing"]["sig-input"].encode()) == decode(example["signing"]["sig"])


def test_unencoded_payload(vectors: Path) -> None:
    """An unencoded payload (RFC 7797), which no JWT has (its section 7), is refused as an extension."""
    example = read(vectors, "rfc7797/hmac-sha2_b64_false")
    key = Key.from_jwk(example["input"]["key"])
    text = example["output"]["compact"]
    assert type(refusal(key, text)) is errors.CriticalHeaderError
    # The signature is good over what RFC 7797 section 3 signs, so it is not for that.
    assert key.verify(decode(text.rpartition(".")[2]), text.rpartition(".")[0].encode())


def test_unencoded_payload_in_json(vectors: Path) -> None:
    """An unencoded payload in a JSON serialization (RFC 7797 section 4.2) is no token."""
    example = read(vectors, "rfc7797/4.2.hmac-sha2_b64_false")
    key = Key.from_jwk(example["input"]["key"])
    for form in ("json", "json_flat"):
        assert type(refusal(key, json.dumps(example["output"][form]))) is errors.DecodeError


REFUSALS = {
    "RFC 7515 A.5 unsecured (alg none) under a key": errors.InvalidAlgorithmError,
    "RFC 7515 App. F / A.1 detached form, no payload supplied": errors.InvalidSignatureError,
    "RFC 7515 A.1 under A.3's key": errors.InvalidAlgorithmError,
    "RFC 7797 4.2 b64=false, compact (payload $.02 has a dot: not representable)": errors.DecodeError,
    "RFC 7797 4.2 b64=false, detached compact, without the payload": errors.CriticalHeaderError,
}


def test_examples_of_the_rfcs(vectors: Path) -> None:
    """Every example typed from the RFCs is judged as it should be, and refused ones for the right reason."""
    examples = json.loads((vectors / "ietf-rfc" / "rfc_examples.json").read_bytes())
    valid = 0
    for example in examples:
        key = Key.from_jwk(example["jwk"], example["alg"])
        if example["result"] == "invalid":
            assert type(refusal(key, example["jws"])) is REFUSALS[example["name"]]
            continue
        valid += 1
        try:
            token = Verifier(key, required=(), audience=ANY, clock=lambda: 1_300_819_379).verify(example["jws"])
        except errors.DecodeError as error:  # A.4 and RFC 8037 sign prose
            assert str(error) == NOT_CLAIMS  # noqa: PT017
        else:
            assert token.issuer == "joe"
    assert (valid, len(examples)) == (5, 5 + len(REFUSALS))


# RFC 7638 section 3.1: its members, which have an alg and a kid that don't count, and its thumbprint.
RFC_7638_KEY = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgd"
        "AZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur"
        "-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


@pytest.mark.parametrize(
    ("members", "thumbprint"),
    [
        (RFC_7638_KEY, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (
            {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        ),
    ],
    ids=["RFC 7638 section 3.1", "RFC 8037 A.3"],
)
def test_thumbprints(members: dict[str, str], thumbprint: str) -> None:
    """The thumbprints that the RFCs print are those of their keys, whatever else the JWK says."""
    assert Key.from_jwk(members).thumbprint() == thumbprint
    assert Key.from_jwk({**members, "kid": "another", "use": "sig"}, key_id="yet another").thumbprint() == thumbprint
