"""The example tokens that the RFCs print, typed from them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from jwtfast import ANY, Key, Verifier, errors

# RFC 7515 appendix A.1, HS256. The header's octets hold a CRLF.
A1_HEADER = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
A1_PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
A1_SIGNATURE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
A1 = f"{A1_HEADER}.{A1_PAYLOAD}.{A1_SIGNATURE}"
A1_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
A1_EXPIRY = 1300819380
A1_CLAIMS = {"iss": "joe", "exp": A1_EXPIRY, "http://example.com/is_root": True}


def octets(text: str) -> bytes:
    """Give the octets of base64url by the standard library."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def a1_verifier(now: float, issuer: str | None = None) -> Verifier:
    """Give a verifier with the example's key and a clock that stands still."""
    return Verifier(Key.from_secret(octets(A1_KEY), "HS256"), clock=lambda: now, issuer=issuer)


def test_a1_is_typed_right() -> None:
    """The segments decode to the header, the claims and the 512-bit key that the RFC prints."""
    assert octets(A1_HEADER) == b'{"typ":"JWT",\r\n "alg":"HS256"}'
    assert octets(A1_PAYLOAD) == b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
    assert octets(A1_SIGNATURE)[:4] == bytes([116, 24, 223, 180])
    assert len(octets(A1_KEY)) == 64


@pytest.mark.parametrize("raw", [A1, A1.encode(), bytearray(A1.encode()), memoryview(A1.encode())])
def test_a1_is_accepted_until_it_expires(raw: str | bytes | bytearray | memoryview) -> None:
    """One second before its expiry the token of RFC 7515 A.1 is good, and its claims are those that the RFC prints."""
    token = a1_verifier(A1_EXPIRY - 1).verify(raw)
    assert token.claims == A1_CLAIMS
    assert token.header == {"typ": "JWT", "alg": "HS256"}
    assert (token.issuer, token.expires_at, token.algorithm, token.key_id) == ("joe", A1_EXPIRY, "HS256", None)
    assert (token.subject, token.audience, token.not_before, token.issued_at) == (None, (), None, None)


@pytest.mark.parametrize("now", [A1_EXPIRY, A1_EXPIRY + 0.5, A1_EXPIRY + 1, 2e9])
def test_a1_is_refused_from_its_expiry_on(now: float) -> None:
    """At its expiry, on which "the JWT MUST NOT be accepted" (RFC 7519 section 4.1.4), and after it is refused."""
    with pytest.raises(errors.ExpiredSignatureError):
        a1_verifier(now).verify(A1)


def test_a1_is_from_joe() -> None:
    """The issuer is joe and nobody else."""
    assert a1_verifier(0, issuer="joe").verify(A1).issuer == "joe"
    for other in ("jo", "joey", "Joe", "joe "):
        with pytest.raises(errors.InvalidIssuerError):
            a1_verifier(0, issuer=other).verify(A1)


def test_a1_under_another_key() -> None:
    """With a bit of the key changed, the signature is bad."""
    key = bytearray(octets(A1_KEY))
    key[63] ^= 1
    with pytest.raises(errors.InvalidSignatureError):
        Verifier(Key.from_secret(bytes(key), "HS256"), clock=lambda: 0).verify(A1)


def test_a1_with_any_character_changed() -> None:
    """With any one character of the example changed to another one of the alphabet, it is refused."""
    verifier = Verifier(Key.from_secret(octets(A1_KEY), "HS256"), required=(), audience=ANY, clock=lambda: 0)
    assert verifier.verify(A1).claims == A1_CLAIMS
    for place, character in enumerate(A1):
        with pytest.raises(errors.InvalidTokenError):
            verifier.verify(A1[:place] + ("A" if character != "A" else "B") + A1[place + 1 :])


def test_a5_unsecured() -> None:
    """The unsecured token of RFC 7515 A.5, whose algorithm is "none", is refused: no key has that algorithm."""
    with pytest.raises(errors.InvalidAlgorithmError):
        a1_verifier(0).verify(f"eyJhbGciOiJub25lIn0.{A1_PAYLOAD}.")


def test_appendix_f_detached() -> None:
    """The detached form of RFC 7515 appendix F, its payload left out, is refused: nothing supplies the payload."""
    with pytest.raises(errors.InvalidSignatureError):
        a1_verifier(0).verify(f"{A1_HEADER}..{A1_SIGNATURE}")


def test_hs256_examples_as_others_typed_them(vectors: Path) -> None:
    """Every HS256 example of the published file gets the verdict it has there."""
    examples = json.loads((vectors / "ietf-rfc" / "rfc_examples.json").read_bytes())
    judged = {}
    for example in examples:
        if example["alg"] != "HS256":
            continue
        key = Key.from_secret(octets(example["jwk"]["k"]), "HS256")
        try:
            Verifier(key, required=(), audience=ANY, clock=lambda: 0).verify(example["jws"])
        except errors.InvalidTokenError:
            judged[example["name"]] = "invalid"
        else:
            judged[example["name"]] = "valid"
    assert judged == {example["name"]: example["result"] for example in examples if example["alg"] == "HS256"}
    assert "valid" in judged.values()
