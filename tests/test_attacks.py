"""The attacks on verifiers that have had a number: each test is named after one, and holds the rule that stops it."""

from __future__ import annotations

import base64
import hmac
import json
import re
import tracemalloc
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from forge import NOW, SECRET, Clock, encode, good, loose_spellings, sign, sign_segments, signature, to_json
from key_pairs import CURVE_HASHES, PAIRS, certificate, jwk, private_key, signing_input, spki, token

from jwtfast import ANY, Key, KeySet, Verifier, errors

IDS = [
    "CVE-2022-29217",
    "CVE-2026-48526",
    "CVE-2026-102268",
    "CVE-2026-34950",
    "CVE-2026-48523",
    "CVE-2024-53861",
    "CVE-2026-32597",
    "CVE-2025-59420",
    "GHSA-w7vc-732c-9m39",
    "CVE-2026-102269",
    "CVE-2026-102266",
    "CVE-2026-102267",
    "CVE-2026-35041",
    "CVE-2025-61920",
    "CVE-2025-30204",
    "CVE-2025-53864",
    "CVE-2022-21449",
    "CVE-2026-107275",
]
CLAIMS = {"sub": "admin", "exp": NOW + 60}
HMAC = Key.from_secret(SECRET, "HS256")


def verifier(*keys: Key, **options: Any) -> Verifier:
    """Give a verifier whose clock stands still and that remembers nothing."""
    return Verifier(keys, clock=Clock(), cache_tokens=0, **options)


def refusal(judge: Verifier, raw: str | bytes) -> type[errors.InvalidTokenError]:
    """Give the class of the error with which a token is refused."""
    with pytest.raises(errors.InvalidTokenError) as caught:
        judge.verify(raw)
    return type(caught.value)


def forged_with(text: bytes, algorithm: str = "HS256") -> str:
    """Give a token whose HMAC has a public key's text, known to everybody, as its secret."""
    signing = signing_input({"alg": algorithm, "kid": "k"}, CLAIMS)
    return f"{signing}.{encode(hmac.digest(text, signing.encode(), f'sha{algorithm[2:]}'))}"


def is_no_secret(text: bytes) -> None:
    """Assert that a text is refused as a secret, as octets, in a JWK and, if it is text, as str."""
    attempts: list[Callable[[], Key]] = [
        lambda: Key.from_secret(text, "HS256"),
        lambda: Key.from_jwk({"kty": "oct", "alg": "HS256", "k": encode(text)}),
    ]
    if text.isascii():
        attempts.append(lambda: Key.from_secret(text.decode(), "HS256"))
    for attempt in attempts:
        with pytest.raises(errors.InvalidKeyError):
            attempt()


def test_every_id_has_its_test() -> None:
    """No attack is left out: each id is the beginning of a test's name."""
    for identifier in IDS:
        beginning = f"test_{identifier.lower().replace('-', '_')}_"
        assert any(name.startswith(beginning) for name in globals()), identifier


# ---- key confusion ----


@pytest.mark.parametrize(("algorithm", "kind"), PAIRS)
def test_cve_2022_29217_public_pem_as_hmac_secret(algorithm: str, kind: str) -> None:
    """A public key's text is never an HMAC secret, and no verifier with the key takes a token made with it."""
    private = private_key(kind)
    public = private.public_key()
    texts = [spki(private)]
    if kind == "RSA":
        texts.append(public.public_bytes(Encoding.PEM, PublicFormat.PKCS1))
        texts.append(certificate(kind).public_bytes(Encoding.PEM))
    if kind in {"RSA", "P-256", "P-384", "P-521", "Ed25519"}:
        texts.append(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    judge = verifier(Key.from_pem(spki(private), algorithm, key_id="k"), HMAC)
    for text in texts:
        is_no_secret(text)
        for hmac_algorithm in ("HS256", "HS384", "HS512"):
            with pytest.raises(errors.InvalidKeyError):
                Key.from_pem(text, hmac_algorithm)
            with pytest.raises(errors.InvalidTokenError):
                judge.verify(forged_with(text, hmac_algorithm))


@pytest.mark.parametrize(("algorithm", "kind"), PAIRS)
def test_cve_2026_48526_public_jwk_as_hmac_secret(algorithm: str, kind: str) -> None:
    """The JSON text of a JWK or of a JWK set is never an HMAC secret, however it is laid out."""
    members = jwk(private_key(kind), alg=algorithm, kid="k")
    judge = verifier(Key.from_jwk(members), HMAC)
    documents: list[Any] = [members, {"keys": [members]}, {"kid": "k", "keys": []} | members]
    for document in documents:
        for text in (json.dumps(document), json.dumps(document, indent=2), f"\n\t {json.dumps(document)}\r\n"):
            is_no_secret(text.encode())
            assert refusal(judge, forged_with(text.encode())) in {errors.InvalidSignatureError, errors.UnknownKeyError}
    with pytest.raises(errors.InvalidKeyError):
        Key.from_jwk(members, "HS256")


def disguises() -> dict[str, bytes]:
    """Give a public key's text in the forms in which guards have overlooked it."""
    pem, der = spki(private_key("RSA")), spki(private_key("RSA"), Encoding.DER)
    members = json.dumps(jwk(private_key("RSA"))).encode()
    return {
        "DER": der,
        "DER of PKCS 1": private_key("RSA").public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1),
        "DER of a certificate": certificate("RSA").public_bytes(Encoding.DER),
        "DER on a curve": spki(private_key("P-256"), Encoding.DER),
        "CRLF": pem.replace(b"\n", b"\r\n"),
        "CR": pem.replace(b"\n", b"\r"),
        "one line": pem.replace(b"\n", b" "),
        "no line ends": pem.replace(b"\n", b""),
        "escaped line ends": pem.replace(b"\n", b"\\n"),
        "comment in front": b"# our key\n" + pem,
        "byte order mark": b"\xef\xbb\xbf" + pem,
        "spaces in front": b"    " + pem,
        "no end": pem.rpartition(b"-----END")[0],
        "indented": pem.replace(b"\n", b"\n  "),
        "JWK behind a byte order mark": b"\xef\xbb\xbf" + members,
        "JWK in a list": b"[" + members + b"]",
        "set in a list": b'[{"keys":[' + members + b"]}]",
        "base64 of DER": base64.b64encode(der),
        "base64 of DER in lines": base64.encodebytes(der),
        "base64url of DER": encode(der).encode(),
        "base64 of PEM": base64.b64encode(pem),
    }


@pytest.mark.parametrize("form", disguises())
def test_cve_2026_102268_public_key_in_disguise_as_hmac_secret(form: str) -> None:
    """A public key is no HMAC secret in DER either, nor with its armour, line ends or container altered."""
    text = disguises()[form]
    is_no_secret(text)
    judge = verifier(Key.from_pem(spki(private_key("RSA")), "RS256", key_id="k"))
    assert refusal(judge, forged_with(text)) is errors.InvalidAlgorithmError


@pytest.mark.parametrize("white", [" ", "\n", "\t", "\r\n", "\v", "\f", "\n\n   ", "\u00a0", "\u2028", "\ufeff", "\0"])
def test_cve_2026_34950_white_space_in_front_of_a_pem(white: str) -> None:
    """White space in front of a PEM, of any sort, does not make it a secret."""
    text = white + spki(private_key("RSA")).decode()
    is_no_secret(text.encode())
    with pytest.raises(errors.InvalidKeyError):
        Key.from_secret(text, "HS256")


def test_cve_2026_48523_allow_list_not_bound_to_the_key() -> None:
    """A key verifies by its own algorithm only: a header that names another one of the set's does not select it."""
    keys = KeySet.from_jwks(
        {
            "keys": [
                jwk(private_key("RSA"), kid="attacker", alg="RS512"),
                jwk(private_key("RSA", 1), kid="issuer", alg="PS256"),
                jwk(private_key("P-256"), kid="curve", alg="ES256"),
            ]
        }
    )
    judge = Verifier(keys, clock=Clock())
    attacker = private_key("RSA")
    assert judge.verify(token("RS512", attacker, CLAIMS, kid="attacker")).key_id == "attacker"
    # Signed by one algorithm and saying another, or signed by an algorithm that another key has.
    for algorithm, said in (("RS512", "PS256"), ("PS256", "RS512"), ("PS256", "PS256"), ("RS512", "ES256")):
        for header in ({}, {"kid": "attacker"}):
            with pytest.raises(errors.InvalidTokenError):
                judge.verify(token(algorithm, attacker, CLAIMS, alg=said, **header))
    assert refusal(judge, token("PS256", attacker, CLAIMS, kid="attacker")) is errors.UnknownKeyError


# ---- claims and header ----


@pytest.mark.parametrize("issuer", ["https://login.example", ["https://login.example"], ("x", "https://login.example")])
def test_cve_2024_53861_issuer_by_substring(issuer: Any) -> None:
    """An issuer is compared as a whole, never as a part of the configured one or of a collection's members."""
    judge = verifier(HMAC, issuer=issuer)
    whole = "https://login.example"
    assert judge.verify(good(iss=whole)).issuer == whole
    for iss in (*(whole[:end] for end in range(len(whole))), *(whole[start:] for start in range(1, 5)), whole + "x"):
        assert refusal(judge, good(iss=iss)) is errors.InvalidIssuerError
    assert refusal(judge, good(iss=[whole])) is errors.InvalidIssuerError


@pytest.mark.parametrize(
    "crit", [["exp"], ["b64"], ["alg"], ["unknown"], [], ["crit"], "exp", {}, None, True, [[]], [5]]
)
def test_cve_2026_32597_crit_ignored(crit: Any) -> None:
    """A header with crit is refused whatever it lists: none is understood and none may be ignored (RFC 7515)."""
    header = {"alg": "HS256", "crit": crit, "exp": NOW, "b64": True, "unknown": 1}
    assert refusal(verifier(HMAC), sign(header, CLAIMS)) is errors.CriticalHeaderError
    private = private_key("P-256")
    judge = verifier(Key.from_pem(spki(private)))
    assert refusal(judge, token("ES256", private, CLAIMS, crit=crit)) is errors.CriticalHeaderError


@pytest.mark.parametrize("name", ["bork", "cnf", "http://openbanking.org.uk/iat", "\u00e9"])
def test_cve_2025_59420_unknown_crit_accepted(name: str) -> None:
    """A token whose crit names an extension that its header has is refused, known to somebody else as it may be."""
    header = {"alg": "HS256", "crit": [name], name: "x"}
    assert refusal(verifier(HMAC), sign(header, CLAIMS)) is errors.CriticalHeaderError
    # The member alone, without crit, may be ignored (RFC 7515 section 4).
    assert verifier(HMAC).verify(sign({"alg": "HS256", name: "x"}, CLAIMS)).subject == "admin"


@pytest.mark.parametrize("b64", [False, 0, None, "false", "true", 1, [], {}])
@pytest.mark.parametrize("crit", [{}, {"crit": ["b64"]}])
def test_ghsa_w7vc_732c_9m39_b64_header(b64: Any, crit: dict[str, Any]) -> None:
    """A header's b64 other than true is refused before the payload, whatever it is, costs anything (RFC 7797 7)."""
    header = {"alg": "HS256", "b64": b64, **crit}
    assert refusal(verifier(HMAC), sign(header, CLAIMS)) is errors.CriticalHeaderError
    raw = to_json(CLAIMS).decode()
    unencoded = f"{encode(to_json(header))}.{raw}"
    assert refusal(verifier(HMAC), f"{unencoded}.{signature(unencoded)}") is errors.CriticalHeaderError
    detached = f"{encode(to_json(header))}..{signature(unencoded)}"
    assert refusal(verifier(HMAC), detached) is errors.CriticalHeaderError
    huge = f"{encode(to_json(header))}.{'!' * 4_000_000}.{signature('x')}"
    assert peak_of(verifier(HMAC, max_token_bytes=5_000_000), huge, errors.CriticalHeaderError) < 100_000


def test_cve_2026_102269_two_spellings_of_one_token() -> None:
    """A token has one spelling: no padding, other alphabet, white space or spare bits in any of its segments."""
    judge = verifier(HMAC)
    header, payload = (
        encode(b'{"alg":"HS256","x":"\xc3\xbf\xc3\xbe?>"}'),
        encode(to_json({**CLAIMS, "x": "?>~ \u00ff"})),
    )
    token_text = sign_segments(header, payload)
    mac = token_text.rpartition(".")[2]
    assert judge.verify(token_text).subject == "admin"
    spelled = 0
    for place, segment in enumerate((header, payload, mac)):
        for spelling in {*loose_spellings(segment)} - {segment}:
            segments = [header, payload, mac]
            segments[place] = spelling
            # As it is, and signed anew over the other spelling.
            for text in (
                ".".join(segments),
                sign_segments(segments[0], segments[1]) if place < 2 else ".".join(segments),
            ):
                with pytest.raises(errors.DecodeError):
                    judge.verify(text)
                spelled += 1
    assert spelled > 100


# ---- keys ----


@pytest.mark.parametrize("members", [{"k": ""}, {}, {"k": None}, {"k": "="}, {"k": "A"}, {"k": []}])
def test_cve_2026_102266_empty_jwk_key(members: dict[str, Any]) -> None:
    """A JWK with an empty secret, or none, is refused, alone or in a set; so nobody signs with the empty secret."""
    bad = {"kty": "oct", "alg": "HS256", "kid": "k", **members}
    for document in (bad, json.dumps(bad)):
        with pytest.raises(errors.InvalidKeyError):
            Key.from_jwk(document)
    with pytest.raises(errors.InvalidKeyError):
        KeySet.from_jwks({"keys": [bad]})
    keys = KeySet.from_jwks({"keys": [bad, jwk(private_key("P-256"), kid="other")]})
    assert refusal(Verifier(keys, clock=Clock()), forged_with(b"")) is errors.InvalidAlgorithmError
    for secret in (b"", ""):
        with pytest.raises(errors.InvalidKeyError):
            Key.from_secret(secret, "HS256")


def test_cve_2026_102267_jwks_redirect(new_process: Callable[..., CompletedProcess[str]]) -> None:
    """A token leads nobody anywhere: with any address or key in its header no file or socket is opened for it."""
    private = private_key("RSA")
    address = "http://127.0.0.1:9/keys"
    headers = [
        {member: value}
        for member in ("jku", "x5u", "jwk", "x5c", "iss", "kid")
        for value in (address, "file:///etc/passwd", jwk(private), [base64.b64encode(b"x").decode()])
        if not (member == "kid" and not isinstance(value, str))
    ]
    tokens = [token("RS256", private, {**CLAIMS, "iss": address}, **header) for header in headers]
    code = f"""
import sys
from jwtfast import Key, Verifier, errors
judge = Verifier(Key.generate("RS256"), clock=lambda: {NOW}, cache_tokens=0)
events = []
sys.addaudithook(lambda event, _: events.append(event))
for raw in {tokens!r}:
    try:
        judge.verify(raw)
    except errors.InvalidSignatureError:
        continue
    sys.exit("accepted")
print(sorted({{event for event in events if event.startswith(("socket.", "urllib.", "http.", "open", "os."))}}))
"""
    done = new_process(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    assert len(tokens) > 15


# ---- cost ----


def peak_of(judge: Verifier, raw: str | bytes, kind: type[errors.InvalidTokenError]) -> int:
    """Give how many bytes are allocated at most while a token is refused with an error of exactly this class."""
    tracemalloc.start()
    try:
        assert refusal(judge, raw) is kind
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_cve_2026_35041_regular_expressions() -> None:
    """Configured values are compared and never matched: a pattern is a text like any other, and costs nothing."""
    pattern = "(a+)+$"
    judges = {
        "iss": verifier(HMAC, issuer=pattern),
        "aud": verifier(HMAC, audience=[pattern, ".*"]),
        "sub": verifier(HMAC, claims={"sub": pattern}),
        "nonce": verifier(HMAC, claims={"nonce": pattern}),
    }
    for name, judge in judges.items():
        assert judge.verify(good(**{name: pattern})).claims[name] == pattern
        for value in ("a", "aaaa", "", "a" * 5000 + "!", "x"):
            with pytest.raises(errors.InvalidTokenError):
                judge.verify(good(**{name: value}))
    for option in ({"issuer": re.compile("a")}, {"audience": [re.compile("a")]}, {"claims": {"sub": re.compile("a")}}):
        with pytest.raises(TypeError):
            verifier(HMAC, **option)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_cve_2025_61920_oversize_segments(place: int) -> None:
    """A token beyond the limit is refused for its length, with nothing of it decoded or copied."""
    segments = sign({"alg": "HS256"}, CLAIMS).split(".")
    segments[place] += "A" * 8_000_000
    raw = ".".join(segments)
    assert peak_of(verifier(HMAC), raw, errors.TokenTooLargeError) < 50_000
    # Where the limit is set higher, a forged token still costs no copy of its payload or signature.
    if place > 0:
        judge = verifier(HMAC, max_token_bytes=10_000_000)
        assert peak_of(judge, raw, errors.InvalidSignatureError) < 50_000


@pytest.mark.parametrize("segment", ["", "a", "eyJhbGciOiJIUzI1NiJ9"])
def test_cve_2025_30204_many_dots(segment: str) -> None:
    """A token of many dots is refused without a list of its parts being made."""
    raw = f"{segment}." * 2_000_000
    judge = verifier(HMAC, max_token_bytes=100_000_000)
    assert peak_of(judge, raw, errors.DecodeError) < 50_000
    assert peak_of(judge, raw.encode(), errors.DecodeError) < 50_000


@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
@pytest.mark.parametrize("depth", [2000, 100_000])
def test_cve_2025_53864_nesting(start: str, end: str, depth: int) -> None:
    """JSON nested without bounds is refused in a signed payload, in a header and in a JWK, and overflows no stack."""
    nested = start * depth + "1" + end * depth
    open_ended = start * depth
    judge = verifier(HMAC, max_token_bytes=10_000_000)
    for value in (nested, open_ended):
        payload = f'{{"exp":{NOW + 60},"x":{value}}}'.encode()
        header = f'{{"alg":"HS256","x":{value}}}'.encode()
        assert refusal(judge, sign({"alg": "HS256"}, payload)) is errors.DecodeError
        assert refusal(judge, sign(header, CLAIMS)) is errors.DecodeError
        members = json.dumps(jwk(private_key("P-256")))[:-1] + f',"x5t":{value}}}'
        with pytest.raises(errors.InvalidKeyError):
            Key.from_jwk(members)
        with pytest.raises(errors.InvalidKeyError):
            KeySet.from_jwks(f'{{"keys":[{members}]}}')


# ---- signatures and times ----


@pytest.mark.parametrize("algorithm", CURVE_HASHES)
def test_cve_2022_21449_psychic_signature(algorithm: str) -> None:
    """An ECDSA signature of zeros, in any length or form, is no signature."""
    kind = dict(PAIRS)[algorithm]
    private = private_key(kind)
    judge = verifier(Key.from_pem(spki(private), algorithm))
    size = len(private.public_key().public_numbers().x.to_bytes((private.key_size + 7) // 8))
    text = signing_input({"alg": algorithm}, CLAIMS)
    zeros = [bytes(2 * size), bytes(size), b"", bytes(64), bytes(96), bytes(132), bytes.fromhex("3006020100020100")]
    for octets in zeros:
        assert refusal(judge, f"{text}.{encode(octets)}") is errors.InvalidSignatureError
    order = private.curve.group_order
    for r, s in ((order, order), (0, 1), (1, 0), (order, 1)):
        octets = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        assert refusal(judge, f"{text}.{encode(octets)}") is errors.InvalidSignatureError


@pytest.mark.parametrize("option", ["leeway", "max_age", "cache_ttl"])
@pytest.mark.parametrize(
    "duration",
    ["1h", "10 minutes", "", "60", "never", float("nan"), float("inf"), -1, -0.5, b"60", [60], {}, True, False],
)
def test_cve_2026_107275_a_duration_that_means_never(option: str, duration: Any) -> None:
    """A time that can't be meant is an error when the verifier is built, and never means that there is no limit."""
    with pytest.raises((TypeError, ValueError), match=option):
        verifier(HMAC, **{option: duration})


@pytest.mark.parametrize("exp", ["1h", "never", "", str(NOW + 60), "Infinity", None, True, [], {}, [NOW + 60]])
def test_cve_2026_107275_an_expiry_that_means_never(exp: Any) -> None:
    """An expiry that is no number makes the token malformed; it never means that there is none."""
    for required in ((), ("exp",)):
        judge = verifier(HMAC, required=required, audience=ANY)
        assert refusal(judge, good(exp=exp)) is errors.DecodeError
    for text in ("NaN", "Infinity", "-Infinity", "1e400", "9" * 400):
        payload = f'{{"exp":{text}}}'.encode()
        assert refusal(verifier(HMAC), sign({"alg": "HS256"}, payload)) is errors.DecodeError


# The y coordinate of a point of order eight on Ed25519.
ORDER_EIGHT = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826


def test_low_order_keys_sign_nothing() -> None:
    """No key can be built for which a signature made of nothing but the curve's neutral point is good."""
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime
    assert (d * ORDER_EIGHT**4 + 2 * ORDER_EIGHT**2 - 1) % prime == 0
    neutral = encode((1).to_bytes(32, "little") + bytes(32))
    for y in (0, 1, prime - 1, ORDER_EIGHT, prime - ORDER_EIGHT):
        try:
            key = Key.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": encode(y.to_bytes(32, "little"))})
        except errors.InvalidKeyError:
            continue
        for i in range(100):
            raw = f"{signing_input({'alg': 'EdDSA'}, {**CLAIMS, 'n': i})}.{neutral}"
            assert refusal(verifier(key), raw) is errors.InvalidSignatureError
