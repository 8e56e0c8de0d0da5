"""Sets of keys: what is read from a JWK set, what is left out and why, what is published, which key a token selects."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from forge import NOW, SECRET, Clock, encode
from key_pairs import ROWS, certificate, jwk, private_jwk, private_key, token

from jwtfast import Key, KeySet, SkippedKey, Verifier, errors

CLAIMS = {"sub": "alice", "exp": NOW + 60}
GOOD = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "secp256k1": "ES256K", "Ed25519": "EdDSA"}


def document(*members: Any) -> dict[str, Any]:
    """Give a JWK set of some members."""
    return {"keys": list(members)}


def good(kind: str = "P-256", **members: Any) -> dict[str, Any]:
    """Give the public JWK of a kind."""
    return jwk(private_key(kind), **members)


def accepts(keys: KeySet, algorithm: str, private: Any, **header: Any) -> str | None:
    """Verify a token by a set of keys and give the kid of the key that was picked."""
    judge = Verifier(keys, clock=Clock(), cache_tokens=0)
    return judge.verify(token(algorithm, private, CLAIMS, **header)).key_id


def refusal(keys: KeySet, algorithm: str, private: Any, **header: Any) -> type[errors.InvalidTokenError]:
    """Give the class of the error with which a set of keys refuses a token."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        accepts(keys, algorithm, private, **header)
    return type(caught.value)


# ---- reading ----


def test_every_form_of_a_set() -> None:
    """A JWK set is read from a mapping, from text and from bytes, in its order, whatever else it says."""
    members = document(*(good(kind, kid=kind, alg=alg) for kind, alg in GOOD.items())) | {"other": 5}
    for form in (members, MappingProxyType(members), json.dumps(members), json.dumps(members, indent=4).encode()):
        assert isinstance(form, str | bytes | Mapping)
        keys = KeySet.from_jwks(form)
        assert [(key.key_id, key.algorithm) for key in keys] == list(GOOD.items())
        assert (len(keys), keys.skipped) == (len(GOOD), ())
        for kind, alg in GOOD.items():
            assert accepts(keys, alg, private_key(kind), kid=kind) == kind


NO_SETS = ["", "null", "[]", "{}", '{"keys":null}', '{"keys":{}}', '{"keys":"x"}', '{"keys":5}', '{"Keys":[]}']


@pytest.mark.parametrize("text", [*NO_SETS, '{"keys":[]} x'])
def test_what_is_no_set(text: str) -> None:
    """A document without a list of keys is refused, and so is one with an empty list."""
    for form in (text, text.encode()):
        with pytest.raises(errors.InvalidKeyError):
            KeySet.from_jwks(form)


def test_an_empty_set() -> None:
    """A set without members is refused: nothing could be verified with it."""
    with pytest.raises(errors.InvalidKeyError, match="empty"):
        KeySet.from_jwks({"keys": []})


def test_a_single_jwk_is_no_set() -> None:
    """A single JWK is refused with what to do."""
    with pytest.raises(errors.InvalidKeyError, match=r"Key\.from_jwk"):
        KeySet.from_jwks(good())


@pytest.mark.parametrize("wrong", [None, 5, [], [{}], bytearray(b"{}"), object()])
def test_sets_of_wrong_types(wrong: Any) -> None:
    """A document that is neither a mapping nor text is a TypeError."""
    with pytest.raises(TypeError):
        KeySet.from_jwks(wrong)


def test_duplicate_members_in_a_set() -> None:
    """A text with two members of one name, at the top or in a key, is refused as a whole: who knows what it says."""
    text = json.dumps(document(good(kid="k")))
    for twice in (f'{text[:-1]},"keys":[]}}', text.replace('"kid"', '"kid":"other","kid"')):
        with pytest.raises(errors.InvalidKeyError, match="two members"):
            KeySet.from_jwks(twice)


# ---- what is left out ----


def unreadable_certificate() -> dict[str, Any]:
    """Give a JWK whose certificate has a key of a type that nobody knows."""
    der = certificate("RSA").public_bytes(Encoding.DER)
    patched = der.replace(bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d010163"), 1)
    return good("RSA", alg="RS256", x5c=[base64.b64encode(patched).decode()])


BAD: dict[str, Any] = {
    "for encryption": good(use="enc"),
    "for signing only": good(key_ops=["sign"]),
    "no type": {"kid": "bad"},
    "unknown type": good() | {"kty": "DSA"},
    "unknown curve": good() | {"crv": "P-224"},
    "for agreement": {"kty": "OKP", "crv": "X25519", "x": encode(bytes(range(32)))},
    "point off the curve": good() | {"y": good("secp256k1")["y"]},
    "unknown algorithm": good(alg="RSA-OAEP"),
    "algorithm of another type": good(alg="RS256"),
    "HMAC for a public key": good("RSA", alg="HS256"),
    "short RSA key": {"kty": "RSA", "n": encode(b"\xff" * 64), "e": "AQAB", "alg": "RS256"},
    "long RSA key": {"kty": "RSA", "n": encode(b"\xff" * 1025), "e": "AQAB", "alg": "RS256"},
    "exponent of one": good("RSA", alg="RS256") | {"e": "AQ"},
    "padding": good("RSA", alg="RS256") | {"n": good("RSA")["n"] + "=="},
    "short secret": {"kty": "oct", "k": "AAAA", "alg": "HS256"},
    "empty secret": {"kty": "oct", "k": "", "alg": "HS256"},
    "secret without algorithm": {"kty": "oct", "k": encode(SECRET)},
    "low order": {"kty": "OKP", "crv": "Ed25519", "x": encode(b"\1" + bytes(31))},
    "unknown ML-DSA": {"kty": "AKP", "alg": "ML-DSA-45", "pub": encode(bytes(1312))},
    "short ML-DSA": {"kty": "AKP", "alg": "ML-DSA-44", "pub": encode(bytes(1311))},
    "private member of another": private_jwk(private_key("P-256")) | {"d": private_jwk(private_key("P-256", 1))["d"]},
    "certificate of another": good(x5c=["AAAA"]),
    "unreadable certificate": unreadable_certificate(),
    "null": None,
    "number": 5,
    "text": "P-256",
    "list": [good()],
    "empty": {},
    "null members": dict.fromkeys(good()),
    "numbers": dict.fromkeys(good(), 5),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_one_bad_member_does_not_kill_the_set(bad: Any) -> None:
    """A member that can't be used is left out and listed with its place, kid and reason (PyJWT#1208)."""
    named = {**bad, "kid": "the bad one"} if isinstance(bad, dict) else bad
    members = document(good(kid="first"), named, good("Ed25519", kid="last"))
    for form in (members, json.dumps(members)):
        keys = KeySet.from_jwks(form)
        assert [key.key_id for key in keys] == ["first", "last"]
        assert accepts(keys, "ES256", private_key("P-256"), kid="first") == "first"
        assert accepts(keys, "EdDSA", private_key("Ed25519"), kid="last") == "last"
        (skipped,) = keys.skipped
        assert isinstance(skipped, SkippedKey)
        assert (skipped.position, skipped.key_id) == (1, "the bad one" if isinstance(bad, dict) else None)
        assert skipped.reason


def test_all_the_bad_members_at_once() -> None:
    """Of a set with many bad members and one good one, the good one is used and the others are listed in order."""
    keys = KeySet.from_jwks(document(*BAD.values(), good("RSA", alg="PS512", kid="good")))
    assert [key.key_id for key in keys] == ["good"]
    assert [skipped.position for skipped in keys.skipped] == list(range(len(BAD)))


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_nothing_usable(bad: Any) -> None:
    """A set without a usable member is refused, with the first reasons."""
    with pytest.raises(errors.InvalidKeyError, match=r"no usable key .*1: "):
        KeySet.from_jwks(document(bad, bad))
    with pytest.raises(errors.InvalidKeyError) as caught:
        KeySet.from_jwks(document(*[bad] * 1000))
    assert len(str(caught.value)) < 4000


@pytest.mark.parametrize("kid", [5, None, ["k"], {"a": 1}, True])
def test_kids_that_are_no_strings(kid: Any) -> None:
    """A member whose kid is no string is left out, and listed without one."""
    keys = KeySet.from_jwks(document(good(kid="k"), good("P-384", kid=kid)))
    assert [key.key_id for key in keys] == ["k"]
    assert [(skipped.position, skipped.key_id) for skipped in keys.skipped] == [(1, None)]


# ---- RSA without alg ----


def test_rsa_without_algorithm_is_rs256() -> None:
    """An RSA key that doesn't say its alg is for RS256 and nothing else, as most issuers mean it."""
    keys = KeySet.from_jwks(document(good("RSA", kid="k")))
    assert [(key.algorithm, key.key_id) for key in keys] == [("RS256", "k")]
    assert accepts(keys, "RS256", private_key("RSA"), kid="k") == "k"
    for other in ("PS256", "RS384", "RS512"):
        assert refusal(keys, other, private_key("RSA"), kid="k") is errors.InvalidAlgorithmError


def test_rsa_without_algorithm_is_what_one_says() -> None:
    """The caller says what an RSA key without alg is for; a key that says its alg is for that alone."""
    members = document(good("RSA", kid="a"), jwk(private_key("RSA", 1), kid="b", alg="RS512"), good(kid="c"))
    keys = KeySet.from_jwks(members, algorithms=("PS256", "RS384"))
    found = [(key.algorithm, key.key_id) for key in keys]
    assert found == [("PS256", "a"), ("RS384", "a"), ("RS512", "b"), ("ES256", "c")]
    for algorithm in ("PS256", "RS384"):
        assert accepts(keys, algorithm, private_key("RSA"), kid="a") == "a"
    assert refusal(keys, "RS256", private_key("RSA"), kid="a") is errors.InvalidAlgorithmError
    assert accepts(keys, "RS512", private_key("RSA", 1), kid="b") == "b"
    assert refusal(keys, "PS256", private_key("RSA", 1), kid="b") is errors.UnknownKeyError
    assert keys.skipped == ()


def test_rsa_without_algorithm_for_nothing() -> None:
    """Where an RSA key without alg is for nothing, it is listed as left out, like any other."""
    keys = KeySet.from_jwks(document(good("RSA", kid="a"), good(kid="c")), algorithms=())
    assert [key.key_id for key in keys] == ["c"]
    assert [(skipped.position, skipped.key_id) for skipped in keys.skipped] == [(0, "a")]


def test_algorithms_that_are_none() -> None:
    """An algorithm that does not exist, and a plain str instead of a collection, are mistakes of the caller."""
    for algorithms in (("RS257",), ("RS256", "none")):
        with pytest.raises(errors.InvalidKeyError, match="unknown algorithm"):
            KeySet.from_jwks(document(good()), algorithms=algorithms)
    with pytest.raises(TypeError):
        KeySet.from_jwks(document(good()), algorithms="RS256")
    with pytest.raises(TypeError):
        KeySet.from_jwks(document(good()), algorithms=(5,))  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithms", [("ES256", "RS256"), ("RS256", "ES256"), ("HS256",)])
def test_algorithms_that_are_not_for_rsa(algorithms: tuple[str, ...]) -> None:
    """An algorithm that RSA keys are not for is a mistake of the caller, who is told at once."""
    with pytest.raises(errors.InvalidKeyError, match=next(name for name in algorithms if name != "RS256")):
        KeySet.from_jwks(document(good("RSA", kid="a"), good(kid="b")), algorithms=algorithms)


# ---- kids ----


def test_one_kid_and_two_algorithms() -> None:
    """Two keys with one kid and different algorithms are both kept, and each verifies its own tokens."""
    keys = KeySet.from_jwks(document(good("RSA", kid="k", alg="RS256"), good(kid="k"), good("Ed25519", kid="k")))
    assert len(keys) == 3
    for kind in ("RSA", "P-256", "Ed25519"):
        assert accepts(keys, GOOD[kind], private_key(kind), kid="k") == "k"
    assert keys.skipped == ()


def test_one_kid_and_one_algorithm() -> None:
    """Of two keys with one kid and one algorithm the first is kept and the second listed (RFC 7517 section 4.5)."""
    keys = KeySet.from_jwks(document(good(kid="k"), jwk(private_key("P-256", 1), kid="k"), good("P-384", kid="k")))
    assert [key.algorithm for key in keys] == ["ES256", "ES384"]
    assert [(skipped.position, skipped.key_id) for skipped in keys.skipped] == [(1, "k")]
    assert accepts(keys, "ES256", private_key("P-256"), kid="k") == "k"
    assert refusal(keys, "ES256", private_key("P-256", 1), kid="k") is errors.InvalidSignatureError


def test_one_kid_and_two_names_of_one_algorithm() -> None:
    """EdDSA and Ed25519 are one algorithm, so the second key of a kid is left out under either name."""
    first, second = (jwk(private_key("Ed25519", i), kid="k", alg=alg) for i, alg in enumerate(("EdDSA", "Ed25519")))
    for members in ((first, second), (second, first)):
        keys = KeySet.from_jwks(document(*members))
        assert len(keys) == len(keys.skipped) == 1
        assert keys.skipped[0].position == 1
    # So is a key on the other curve: a token with EdDSA and this kid would be one of either.
    keys = KeySet.from_jwks(document(first, good("Ed448", kid="k", alg="Ed448"), good("Ed448", kid="other")))
    assert [key.key_id for key in keys] == ["k", "other"]


def test_one_kid_in_a_set_made_by_hand() -> None:
    """A set that is made of keys refuses two with one kid and one algorithm: which of them is meant?"""
    pair = [Key.from_jwk(jwk(private_key("P-256", i), kid="k")) for i in (0, 1)]
    with pytest.raises(errors.InvalidKeyError, match="kid"):
        KeySet(pair)
    assert len(KeySet([pair[0], Key.from_jwk(good("RSA", kid="k", alg="RS256"))])) == 2


# ---- what is published ----


def test_published_sets_hold_public_halves_only() -> None:
    """What is published has no private member, and no shared secret is in it at all."""
    signers = [Key.from_jwk(private_jwk(private_key(kind), alg=alg, kid=f"{alg}-{kind}")) for alg, kind in ROWS]
    published = KeySet(signers).to_jwks()
    assert list(published) == ["keys"]
    expected = [(alg, kind) for alg, kind in ROWS if kind != "secret"]
    assert published["keys"] == [
        jwk(private_key(kind)) | {"use": "sig", "alg": alg, "kid": f"{alg}-{kind}"} for alg, kind in expected
    ]
    text = json.dumps(published)
    for alg, kind in ROWS:
        for name in {"d", "p", "q", "dp", "dq", "qi", "k", "priv"} & set(private_jwk(private_key(kind))):
            assert private_jwk(private_key(kind))[name] not in text, f"{name} of {alg}"
    assert [key.key_id for key in KeySet.from_jwks(text)] == [f"{alg}-{kind}" for alg, kind in expected]


def test_a_set_of_secrets_publishes_nothing() -> None:
    """A set of shared secrets publishes an empty set."""
    assert KeySet([Key.from_secret(SECRET, "HS256", key_id="k")]).to_jwks() == {"keys": []}


def test_published_sets_verify() -> None:
    """What is published verifies what the private keys sign."""
    keys = [Key.generate(alg, key_id=alg) for alg in ("RS256", "ES384", "EdDSA")]
    judge = KeySet.from_jwks(json.dumps(KeySet(keys).to_jwks()))
    assert not any(key.can_sign for key in judge)
    for key in keys:
        (found,) = (each for each in judge if each.key_id == key.key_id)
        assert found.verify(key.sign(b"message"), b"message")


# ---- selection ----


def test_kid_and_algorithm_select() -> None:
    """A token's kid picks the one key of that kid and of the token's algorithm."""
    members = [jwk(private_key("P-256", i), kid=f"k{i}") for i in range(3)]
    keys = KeySet.from_jwks(document(*members, good("RSA", kid="r")))
    for i in range(3):
        assert accepts(keys, "ES256", private_key("P-256", i), kid=f"k{i}") == f"k{i}"
        wrong = refusal(keys, "ES256", private_key("P-256", i), kid=f"k{(i + 1) % 3}")
        assert wrong is errors.InvalidSignatureError
    assert refusal(keys, "ES256", private_key("P-256"), kid="r") is errors.UnknownKeyError
    assert refusal(keys, "RS256", private_key("RSA"), kid="k0") is errors.UnknownKeyError
    assert refusal(keys, "ES384", private_key("P-384"), kid="k0") is errors.InvalidAlgorithmError


def test_an_unknown_kid() -> None:
    """A kid that no key has leaves the keys of the algorithm that have none, and no named one."""
    named = KeySet.from_jwks(document(good(kid="k")))
    assert refusal(named, "ES256", private_key("P-256"), kid="other") is errors.UnknownKeyError
    mixed = KeySet.from_jwks(document(good(kid="k"), jwk(private_key("P-256", 1)), good("RSA")))
    assert accepts(mixed, "ES256", private_key("P-256", 1), kid="other") is None
    assert refusal(mixed, "ES256", private_key("P-256"), kid="other") is errors.InvalidSignatureError
    assert accepts(mixed, "RS256", private_key("RSA"), kid="other") is None


def test_without_kid() -> None:
    """A token without a kid is tried against all keys of its algorithm, named or not."""
    members = (jwk(private_key("P-256", i), **({"kid": "k"} if i else {})) for i in range(2))
    keys = KeySet.from_jwks(document(*members, good("secp256k1", kid="other")))
    assert accepts(keys, "ES256", private_key("P-256")) is None
    assert accepts(keys, "ES256", private_key("P-256", 1)) == "k"
    assert accepts(keys, "ES256K", private_key("secp256k1")) == "other"
    assert refusal(keys, "ES256", private_key("P-256", 2)) is errors.InvalidSignatureError


@pytest.mark.parametrize("named", [True, False])
def test_nine_candidates(named: bool) -> None:
    """Eight keys may be tried for a token; with nine the token is refused, and the set is not."""
    members = [jwk(private_key("Ed25519", i), **({"kid": f"k{i}"} if named else {})) for i in range(9)]
    eight, nine = (KeySet.from_jwks(document(*members[:count], good(kid="p"))) for count in (8, 9))
    assert (len(eight), len(nine)) == (9, 10)
    for i in range(8):
        assert accepts(eight, "EdDSA", private_key("Ed25519", i)) == (f"k{i}" if named else None)
        assert refusal(nine, "EdDSA", private_key("Ed25519", i)) is errors.UnknownKeyError
        if named:
            assert accepts(nine, "EdDSA", private_key("Ed25519", i), kid=f"k{i}") == f"k{i}"
        else:
            assert refusal(nine, "EdDSA", private_key("Ed25519", i), kid="any") is errors.UnknownKeyError
    assert accepts(nine, "ES256", private_key("P-256")) == "p"


def test_a_secret_in_a_set_of_public_keys() -> None:
    """A secret beside public keys verifies HMAC alone: no public key's numbers do, and it verifies nothing else."""
    secret = {"kty": "oct", "k": encode(SECRET), "alg": "HS256", "kid": "s"}
    keys = KeySet.from_jwks(document(good("RSA", alg="RS256", kid="r"), secret))
    assert accepts(keys, "HS256", SECRET, kid="s") == "s"
    assert refusal(keys, "HS256", SECRET, kid="r") is errors.UnknownKeyError
    assert refusal(keys, "HS256", json.dumps(good("RSA")).encode()) is errors.InvalidSignatureError
    assert refusal(keys, "RS256", private_key("RSA"), kid="s") is errors.UnknownKeyError
