"""Keys from JWKs (RFC 7517): what they must hold, what they may say, and what makes them refused."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from forge import ALPHABET, LONG_SECRET, SECRET, encode
from key_pairs import PAIRS, ROWS, certificate, check, jwk, number, pkcs8, private_jwk, private_key, sign, spki

from jwtfast import Key, errors

MESSAGE = b"a message"
KINDS = ["RSA", "P-256", "P-384", "P-521", "secp256k1", "Ed25519", "Ed448"]
CURVES = {"P-256": 32, "P-384": 48, "P-521": 66, "secp256k1": 32}
RSA_PRIVATE = ["d", "p", "q", "dp", "dq", "qi"]
WRONG_TYPES = [None, 5, True, ["RS256"], {"a": 1}, b"RS256", 1.5]


def refusal(document: Any, algorithm: str | None = None, **options: Any) -> str:
    """Give the words with which a JWK is refused, with nothing shown behind them."""
    with pytest.raises(errors.InvalidKeyError) as caught:
        Key.from_jwk(document, algorithm, **options)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


# ---- every form ----


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_every_kind(algorithm: str, kind: str) -> None:
    """A JWK of every type is read, public or private, as a mapping, as text and as bytes, whatever else it says."""
    oracle = private_key(kind)
    signature = sign(algorithm, oracle, MESSAGE)
    extras = {"kid": "k", "use": "sig", "key_ops": ["sign", "verify"], "iat": 5, "ext": True, "other": [{}]}
    for members in (jwk(oracle), private_jwk(oracle)):
        named = {**members, "alg": algorithm, **extras}
        for document in (named, MappingProxyType(named), json.dumps(named), json.dumps(named, indent=1).encode()):
            assert isinstance(document, str | bytes | Mapping)
            key = Key.from_jwk(document)
            assert (key.algorithm, key.key_id) == (algorithm, "k")
            assert key.can_sign is (kind == "secret" or members != jwk(oracle))
            assert key.verify(signature, MESSAGE)
        if key.can_sign and kind != "secret":
            check(algorithm, oracle, key.sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_round_trips(algorithm: str, kind: str) -> None:
    """What to_jwk writes is what the key was read from, and reads as the same key again."""
    oracle = private_key(kind)
    key = Key.from_jwk(private_jwk(oracle), algorithm, key_id="k")
    extras = {"use": "sig", "alg": algorithm, "kid": "k"}
    assert key.to_jwk(private=True) == {**private_jwk(oracle), **extras}
    again = Key.from_jwk(json.dumps(key.to_jwk(private=True)))
    assert again.to_jwk(private=True) == key.to_jwk(private=True)
    assert again.thumbprint() == key.thumbprint()
    if kind != "secret":
        assert key.to_jwk() == {**jwk(oracle), **extras}
        assert Key.from_jwk(key.to_jwk()).thumbprint() == key.thumbprint()
        unnamed = Key.from_jwk(jwk(oracle), algorithm)
        assert "kid" not in unnamed.to_jwk()


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_thumbprints(algorithm: str, kind: str) -> None:
    """A thumbprint is SHA-256 of the required members in the order of their names (RFC 7638 section 3)."""
    # All public members are required ones; and the alg of an AKP key is one of them (RFC 9964 section 6).
    text = json.dumps(jwk(private_key(kind)), sort_keys=True, separators=(",", ":"))
    expected = encode(hashlib.sha256(text.encode()).digest())
    key = Key.from_jwk(private_jwk(private_key(kind)), algorithm, key_id="k")
    assert key.thumbprint() == expected
    assert kind == "secret" or key.public().thumbprint() == expected


@pytest.mark.parametrize("member", ["alg", "kid", "use", "key_ops", "x5t", "other"])
def test_thumbprints_leave_the_rest_out(member: str) -> None:
    """A thumbprint is made of the required members only, so it is one for all algorithms (RFC 7638 section 3.2)."""
    members = jwk(private_key("RSA"))
    extra = {"alg": "PS512", "key_ops": ["verify"], "use": "sig"}.get(member, "text")
    assert Key.from_jwk(members | {member: extra}, "PS512").thumbprint() == Key.from_jwk(members, "RS256").thumbprint()


# ---- alg, kid, use, key_ops ----


@pytest.mark.parametrize(("algorithm", "kind"), [row for row in PAIRS if row[1] in KINDS[1:] and row[0] != row[1]])
def test_the_curve_says_the_algorithm(algorithm: str, kind: str) -> None:
    """Without alg a JWK on a curve is for the curve's algorithm."""
    assert Key.from_jwk(jwk(private_key(kind))).algorithm == algorithm


@pytest.mark.parametrize("kind", ["RSA", "secret"])
def test_alg_has_to_be_told(kind: str) -> None:
    """Without alg an RSA key or a secret is refused with what to do, and read where the caller names one."""
    members = jwk(private_key(kind))
    assert "name it" in refusal(members)
    for algorithm in ("RS512", "PS256") if kind == "RSA" else ("HS384",):
        assert Key.from_jwk(members, algorithm).algorithm == algorithm


@pytest.mark.parametrize(("algorithm", "kind"), ROWS)
def test_alg_and_the_caller_disagree(algorithm: str, kind: str) -> None:
    """A JWK whose alg is not the one that the caller asks for is refused; the other name of EdDSA is no other alg."""
    members = jwk(private_key(kind), alg=algorithm)
    assert Key.from_jwk(members, algorithm).algorithm == algorithm
    same = {"EdDSA", kind} if kind in {"Ed25519", "Ed448"} else {algorithm}
    for other, _ in ROWS:
        if other in same:
            assert Key.from_jwk(members, other).algorithm == algorithm
        else:
            refusal(members, other)


@pytest.mark.parametrize(("algorithm", "kind"), PAIRS)
def test_alg_of_another_type(algorithm: str, kind: str) -> None:
    """A JWK whose alg takes another type or curve of key is refused, above all HMAC for a public key."""
    takers = {name for name, fitting in ROWS if fitting == kind}
    assert algorithm in takers
    for other in {name for name, _ in ROWS} - takers | {"none", "RS257", "RSA-OAEP", "A256GCM", "ES521", "rs256", ""}:
        refusal(jwk(private_key(kind)) | {"alg": other})


def test_alg_of_a_secret() -> None:
    """A secret is for HMAC and nothing else."""
    for other in {name for name, kind in ROWS if kind != "secret"} | {"none", "A256GCM", "dir", ""}:
        refusal(jwk(LONG_SECRET, alg=other))


@pytest.mark.parametrize("wrong", [value for value in WRONG_TYPES if value is not None])
@pytest.mark.parametrize("member", ["alg", "kid", "kty", "crv", "use", "key_ops", "x", "y"])
def test_members_of_wrong_types(member: str, wrong: Any) -> None:
    """A member that is not of its type makes the JWK refused, never anything else."""
    if member == "key_ops" and wrong == ["RS256"]:
        wrong = ["verify", 5]
    refusal(jwk(private_key("P-256")) | {member: wrong})


@pytest.mark.parametrize("member", ["alg", "kid", "kty", "crv", "use", "key_ops", "x", "y", "d"])
def test_members_that_are_null(member: str) -> None:
    """A member that is null is not of its type either."""
    refusal(jwk(private_key("P-256")) | {member: None})
    refusal(json.dumps(jwk(private_key("P-256")) | {member: None}))


def test_the_caller_names_the_kid() -> None:
    """A kid that the caller gives stands above the JWK's own."""
    members = jwk(private_key("P-256"), kid="own")
    assert Key.from_jwk(members).key_id == "own"
    assert Key.from_jwk(members, key_id="given").key_id == "given"
    assert Key.from_jwk(jwk(private_key("P-256"))).key_id is None
    for kid in ("", " ", "\N{KEY}", "a" * 1000):
        assert Key.from_jwk(members | {"kid": kid}).key_id == kid


@pytest.mark.parametrize("use", ["enc", "", "SIG", "signature", "sig "])
@pytest.mark.parametrize("kind", ["secret", "RSA", "P-256", "Ed25519"])
def test_use(kind: str, use: str) -> None:
    """A key whose use is anything but sig is not for signatures (RFC 7517 section 4.2)."""
    algorithm = {"secret": "HS256", "RSA": "RS256"}.get(kind)
    assert Key.from_jwk(jwk(private_key(kind), use="sig"), algorithm).names
    assert "'use'" in refusal(jwk(private_key(kind), use=use), algorithm)


OPERATIONS: list[Any] = [[], ["sign"], ["encrypt"], ["sign, verify"], ["VERIFY"], ["verify", "verify"], [["verify"]]]
OPERATIONS += ["verify", {"verify": 1}, ["verify", 1], ["verify", None]]


@pytest.mark.parametrize("operations", OPERATIONS)
@pytest.mark.parametrize("kind", ["secret", "RSA", "P-256", "Ed25519"])
def test_key_ops(kind: str, operations: Any) -> None:
    """A key whose key_ops don't hold verify, or hold something twice, is not for verifying (RFC 7517 section 4.3)."""
    algorithm = {"secret": "HS256", "RSA": "RS256"}.get(kind)
    for good in (["verify"], ["sign", "verify"], ["verify", "something new"]):
        assert Key.from_jwk(jwk(private_key(kind), key_ops=good), algorithm).names
    assert "key_ops" in refusal(jwk(private_key(kind), key_ops=operations), algorithm)


# ---- the document ----


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "[]",
        '"kty"',
        "5",
        "{",
        "{}",
        '{"kty":"EC"} x',
        "kty",
        "\ufeff{}",
        "\ud800",
        '{"kty":"\ud800"}',
        "{'kty': 'EC'}",
        '{"kty":NaN}',
        "[" * 5000,
        '{"a":' * 5000,
    ],
)
def test_texts_that_are_no_jwk(text: str) -> None:
    """A text that is no JSON object is refused."""
    refusal(text)
    refusal(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_other_encodings(encoding: str) -> None:
    """A JWK is UTF-8 without a byte order mark (RFC 8259 section 8.1)."""
    refusal(json.dumps(jwk(private_key("P-256"))).encode(encoding))


@pytest.mark.parametrize("name", ["kty", "crv", "x", "kid", "alg", "use", "other"])
@pytest.mark.parametrize("same", [True, False])
def test_duplicate_members(name: str, same: bool) -> None:
    """A text with two members of one name is refused, whether they agree or not (RFC 7517 section 4)."""
    members = jwk(private_key("P-256"), kid="k", alg="ES256", use="sig", other="o")
    again = json.dumps(members[name] if same else "something else")
    text = json.dumps(members)
    assert Key.from_jwk(text).key_id == "k"
    for twice in (f'{text[:-1]},"{name}":{again}}}', f'{{"{name}":{again},{text[1:]}'):
        assert "two members" in refusal(twice)
        assert "two members" in refusal(twice.encode())
    escaped = "".join(f"\\u{ord(character):04x}" for character in name)
    assert "two members" in refusal(f'{text[:-1]},"{escaped}":{again}}}')


@pytest.mark.parametrize("wrong", [None, 5, ["kty"], bytearray(b"{}"), memoryview(b"{}"), object()])
def test_documents_of_wrong_types(wrong: Any) -> None:
    """A document that is neither a mapping nor text is a TypeError."""
    with pytest.raises(TypeError):
        Key.from_jwk(wrong)


@pytest.mark.parametrize(
    "kty",
    ["", "rsa", "ec", "OCT", "okp", "DSA", "RSA ", "AES", "none", "pct"],
)
def test_unknown_types(kty: str) -> None:
    """A kty that JWA has not, in whatever case, is refused (RFC 7517 section 4.1)."""
    assert "kty" in refusal(jwk(private_key("P-256")) | {"kty": kty})


def test_without_type() -> None:
    """A JWK without kty is refused."""
    assert "kty" in refusal({name: value for name, value in jwk(private_key("P-256")).items() if name != "kty"})


@pytest.mark.parametrize(
    "crv", ["P-224", "P-257", "p-256", "P256", "secp256r1", "BP-256", "Ed25519", "X25519", "", "-1"]
)
def test_unknown_curves(crv: str) -> None:
    """A curve that an EC key can't be on is refused, and so is another one than the point is on."""
    assert "crv" in refusal(jwk(private_key("P-256")) | {"crv": crv})


@pytest.mark.parametrize("crv", ["X25519", "X448", "ed25519", "P-256", "", "Ed449"])
def test_curves_that_sign_nothing(crv: str) -> None:
    """An OKP key on a curve for key agreement, or an unknown one, is refused (RFC 8037 section 2)."""
    point = x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()
    for algorithm in (None, "EdDSA", "Ed25519"):
        assert "crv" in refusal({"kty": "OKP", "crv": crv, "x": encode(point)}, algorithm)


@pytest.mark.parametrize(("algorithm", "kind"), PAIRS)
def test_missing_members(algorithm: str, kind: str) -> None:
    """A JWK without one of its required members is refused."""
    members = jwk(private_key(kind))
    for name in members:
        refusal({other: value for other, value in members.items() if other != name}, algorithm)


# ---- numbers and coordinates ----


NUMBERS = [("RSA", name) for name in ("n", "e", *RSA_PRIVATE)]
NUMBERS += [(kind, name) for kind in CURVES for name in ("x", "y", "d")]
NUMBERS += [(kind, name) for kind in ("Ed25519", "Ed448") for name in ("x", "d")]


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
def test_numbers_have_one_spelling(kind: str, name: str) -> None:
    """A number with padding, in the standard alphabet, with white space or trailing bits is refused (RFC 7515 2)."""
    members = private_jwk(private_key(kind))
    algorithm = "RS256" if kind == "RSA" else None
    good = members[name]
    assert Key.from_jwk(members, algorithm).can_sign
    spellings = {
        good + "=",
        good + "==",
        f" {good}",
        f"{good}\n",
        good[:3] + "\n" + good[3:],
        good + "*",
        good + "\u00e9",
        "",
    }
    spellings |= {good.replace("-", "+").replace("_", "/")} - {good}
    spare = {2: 15, 3: 3}.get(len(good) % 4, 0)
    if spare:
        spellings.add(good[:-1] + ALPHABET[ALPHABET.index(good[-1]) | 1])
    for spelling in spellings:
        refusal(members | {name: spelling}, algorithm)


@pytest.mark.parametrize("name", ["n", "e", *RSA_PRIVATE])
def test_rsa_numbers_begin_with_no_zero(name: str) -> None:
    """An RSA number takes as few octets as it needs (RFC 7518 section 2)."""
    members = private_jwk(private_key("RSA"), alg="RS256")
    octets = base64.urlsafe_b64decode(members[name] + "==")
    for spelling in (encode(b"\0" + octets), encode(bytes(4) + octets), encode(b"\0"), ""):
        refusal(members | {name: spelling})


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("name", ["x", "y", "d"])
def test_coordinates_take_the_length_of_the_curve(kind: str, name: str) -> None:
    """A coordinate has exactly as many octets as the curve's field, zeros in front included (RFC 7518 6.2.1.2)."""
    members = private_jwk(private_key(kind))
    octets = base64.urlsafe_b64decode(members[name] + "==")
    assert len(octets) == CURVES[kind]
    for other in (octets[1:], octets[:-1], b"\0" + octets, octets + b"\0", octets * 2, b"\0", b""):
        refusal(members | {name: encode(other)})


def test_coordinates_that_begin_with_zeros() -> None:
    """A coordinate that begins with a zero octet is written with it, and refused without it."""
    for scalar in range(1, 3000):
        private = ec.derive_private_key(scalar, ec.SECP256R1())
        if private.public_key().public_numbers().x < 1 << 248:
            break
    members = jwk(private)
    assert members["x"].startswith("A")
    key = Key.from_jwk(members)
    assert key.to_jwk()["x"] == members["x"]
    assert Key.from_pem(spki(private)).to_jwk()["x"] == members["x"]
    refusal(members | {"x": number(private.public_key().public_numbers().x)})
    assert Key.from_pem(pkcs8(private)).to_jwk(private=True)["d"] == number(scalar, 32)


@pytest.mark.parametrize("kind", CURVES)
def test_points_that_are_not_on_the_curve(kind: str) -> None:
    """A point that is not on the curve, or has a coordinate beyond the field, is refused."""
    members, other = jwk(private_key(kind)), jwk(private_key(kind, 1))
    size = CURVES[kind]
    for wrong in (
        members | {"y": other["y"]},
        members | {"x": members["y"], "y": members["x"]},
        members | {"x": number(1, size), "y": number(1, size)},
        members | {"x": encode(bytes(size)), "y": encode(bytes(size))},
        members | {"x": encode(b"\xff" * size)},
        members | {"y": encode(b"\xff" * size)},
    ):
        refusal(wrong)


@pytest.mark.parametrize("kind", ["Ed25519", "Ed448"])
def test_okp_keys_of_wrong_lengths(kind: str) -> None:
    """An OKP key has exactly its curve's octets (RFC 8037 section 2)."""
    members = private_jwk(private_key(kind))
    for name in ("x", "d"):
        octets = base64.urlsafe_b64decode(members[name] + "==")
        for other in (octets[:-1], octets + b"\0", octets * 2, b"\0", b""):
            refusal(members | {name: encode(other)})


# ---- private members ----


@pytest.mark.parametrize("kind", KINDS)
def test_private_members_of_another_key(kind: str) -> None:
    """A private member that belongs to another public key is refused."""
    members, other = private_jwk(private_key(kind)), private_jwk(private_key(kind, 1))
    algorithm = "RS256" if kind == "RSA" else None
    for name in ("d", "p", "q", "dp", "dq", "qi"):
        if name in members:
            refusal(members | {name: other[name]}, algorithm)


@pytest.mark.parametrize("kind", CURVES)
def test_private_scalars_out_of_range(kind: str) -> None:
    """A private scalar of zero or beyond the order is refused."""
    for octets in (bytes(CURVES[kind]), b"\xff" * CURVES[kind]):
        refusal(private_jwk(private_key(kind)) | {"d": encode(octets)})


def test_rsa_with_d_alone() -> None:
    """The primes of a private RSA key may be left out, all of them or none (RFC 7518 section 6.3.2)."""
    members = private_jwk(private_key("RSA"), alg="RS256")
    alone = jwk(private_key("RSA"), alg="RS256", d=members["d"])
    key = Key.from_jwk(alone)
    check("RS256", private_key("RSA"), key.sign(MESSAGE), MESSAGE)
    written = key.to_jwk(private=True)
    assert {written["p"], written["q"]} == {members["p"], members["q"]}
    for name in RSA_PRIVATE:
        refusal({other: value for other, value in members.items() if other != name})
    refusal(alone | {"d": private_jwk(private_key("RSA", 1))["d"]})


def test_rsa_of_more_than_two_primes() -> None:
    """An RSA key of more than two primes is refused and not cut down to two (RFC 7518 section 6.3.2.7)."""
    members = private_jwk(private_key("RSA"), alg="RS256", oth=[{"r": "AQAB", "d": "AQAB", "t": "AQAB"}])
    assert "two primes" in refusal(members)


def test_huge_rsa_keys_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An RSA key too long to be accepted is refused before anything is computed with its private members."""

    def never(*_: Any) -> None:
        pytest.fail("seconds were about to be spent on a key that nothing accepts")

    monkeypatch.setattr(rsa, "rsa_recover_prime_factors", never)
    monkeypatch.setattr(rsa, "RSAPrivateNumbers", never)
    n = (1 << 16_384) - 1
    members = {"kty": "RSA", "alg": "RS256", "n": number(n), "e": "AQAB"}
    for private in ({}, {"d": number(n - 2)}, dict.fromkeys(RSA_PRIVATE, number(n - 2))):
        assert "16384 bits" in refusal(members | private)


# ---- secrets ----


def test_secrets() -> None:
    """A JWK of a secret obeys the rules for secrets: length, not empty, and no other key's text (RFC 7518 3.2)."""
    for algorithm, size in (("HS256", 32), ("HS384", 48), ("HS512", 64)):
        assert Key.from_jwk(jwk(bytes(range(size)), alg=algorithm)).can_sign
        assert "RFC 7518" in refusal(jwk(bytes(range(size - 1)), alg=algorithm))
        assert "empty" in refusal({"kty": "oct", "k": "", "alg": algorithm})
        assert "'k'" in refusal({"kty": "oct", "alg": algorithm})
    for text, words in (
        (spki(private_key("RSA")), "PEM"),
        (spki(private_key("RSA"), Encoding.DER), "DER"),
        (json.dumps(jwk(private_key("RSA"))).encode(), "JWK"),
        (b"ssh-ed25519 " + base64.b64encode(bytes(51)), "SSH"),
    ):
        assert words in refusal({"kty": "oct", "k": encode(text), "alg": "HS256"})


@pytest.mark.parametrize("wrong", ["=", "==", " ", "\n", "+", "/", "!", "\u00e9"])
def test_secrets_have_one_spelling(wrong: str) -> None:
    """A secret's k is canonical base64url: no padding, no other alphabet."""
    good = encode(SECRET)
    for spelling in (good + wrong, wrong + good, good[:5] + wrong + good[5:]):
        refusal({"kty": "oct", "k": spelling, "alg": "HS256"})
    refusal({"kty": "oct", "k": base64.b64encode(b"\xfb\xff" * 16).decode(), "alg": "HS256"})


@pytest.mark.parametrize("wrong", WRONG_TYPES)
def test_secrets_of_wrong_types(wrong: Any) -> None:
    """A secret's k is a string."""
    refusal({"kty": "oct", "k": wrong, "alg": "HS256"})


# ---- certificates ----


def chain(*ders: bytes) -> list[str]:
    """Give certificates as x5c has them: in base64 of the standard alphabet, padded (RFC 7517 section 4.7)."""
    return [base64.b64encode(der).decode() for der in ders]


def der(kind: str, number: int = 0) -> bytes:
    """Give the certificate of a key, in DER."""
    return certificate(kind, number).public_bytes(Encoding.DER)


@pytest.mark.parametrize("kind", KINDS)
def test_certificates_of_the_key(kind: str) -> None:
    """An x5c whose first certificate holds the key is fine, whatever the others hold."""
    algorithm = "RS256" if kind == "RSA" else None
    for x5c in (chain(der(kind)), chain(der(kind), der("RSA", 1)), [*chain(der(kind)), "garbage"]):
        assert Key.from_jwk(jwk(private_key(kind), x5c=x5c), algorithm).names
        assert Key.from_jwk(private_jwk(private_key(kind), x5c=x5c), algorithm).can_sign


@pytest.mark.parametrize("kind", KINDS)
def test_certificates_of_another_key(kind: str) -> None:
    """An x5c whose first certificate holds another key makes the JWK refused (RFC 7517 section 4.7)."""
    algorithm = "RS256" if kind == "RSA" else None
    others = [chain(der(kind, 1)), chain(der(kind, 1), der(kind)), chain(der("RSA" if kind != "RSA" else "P-256"))]
    for x5c in others:
        assert "x5c" in refusal(jwk(private_key(kind), x5c=x5c), algorithm)


def bad_chains() -> list[Any]:
    """Give values that are no x5c."""
    good = der("RSA")
    version = good.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020107"), 1)
    key_type = good.replace(bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d010163"), 1)
    assert good not in (version, key_type)
    plain: list[Any] = [
        None,
        5,
        "",
        "AAAA",
        [],
        {},
        [None],
        [5],
        [""],
        ["!"],
        ["AAAA"],
        [[]],
        ["\u00e9"],
        chain(good)[0],
    ]
    spelled = [chain(good)[0][:-4], f" {chain(good)[0]}", encode(good), chain(good)[0] + "\n"]
    return [
        *plain,
        *([text] for text in spelled),
        chain(good[:-1]),
        chain(good + b"\0"),
        chain(version),
        chain(key_type),
    ]


@pytest.mark.parametrize("x5c", bad_chains(), ids=lambda x5c: repr(x5c)[:20])
def test_garbage_as_certificates(x5c: Any) -> None:
    """An x5c that is no list of certificates makes the JWK refused, never anything else."""
    assert "x5c" in refusal(jwk(private_key("RSA"), x5c=x5c, alg="RS256"))
