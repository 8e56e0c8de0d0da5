"""Where our verdict is not the one that a published vector carries, or that another library has: and why.

``KNOWN`` names a file and a test in it, our verdict and the reason. ``PRIVATE_KEYS`` names JWKs that are faulty,
``PSS_SALT_0`` is the reason for a whole file, about another algorithm than ours. ``DIFFERENCES`` is about forged
tokens. Nowhere else may a verdict differ.
"""

from __future__ import annotations

# What refuses a JWS only because its payload is no set of claims: its signature has then been found good.
NOT_CLAIMS = "the payload is not a JSON object in UTF-8"

KNOWN: dict[tuple[str, int], tuple[str, str]] = {
    ("json_web_signature_test.json", 346): (
        "invalid",
        "the JWK's alg is PS256 and the header's PS384: a key is used with its own algorithm (RFC 7517 section 4.4)",
    ),
    ("json_web_signature_test.json", 350): (
        "invalid",
        "the JWK's alg is PS256 and the header's PS384: a key is used with its own algorithm (RFC 7517 section 4.4)",
    ),
    ("json_web_signature_test.json", 347): (
        "invalid",
        "the JWK's alg is ES521, which does not exist: the algorithm of P-521 is ES512 (RFC 7518 section 3.1)",
    ),
    ("json_web_signature_test.json", 351): (
        "invalid",
        "the JWK's alg is ES521, which does not exist: the algorithm of P-521 is ES512 (RFC 7518 section 3.1)",
    ),
    ("json_web_signature_test.json", 367): (
        "valid",
        "it is said to have padding and has none: it is test 357, byte for byte, which is valid (RFC 7515 section 2)",
    ),
    ("json_web_signature_test.json", 370): (
        "valid",
        "it is said to have padding and has none: it is test 357, byte for byte, which is valid (RFC 7515 section 2)",
    ),
    ("json_web_signature_test.json", 372): (
        "invalid",
        "its header has a question mark, which base64url has not (RFC 7515 sections 2 and 5.2)",
    ),
    ("json_web_signature_test.json", 373): (
        "invalid",
        "its payload has a question mark, which base64url has not (RFC 7515 sections 2 and 5.2)",
    ),
    ("json_web_key_test.json", 1): (
        "valid",
        "a set with secrets and public keys is no attack where each key has one algorithm (RFC 8725 section 3.1)",
    ),
    ("json_web_key_test.json", 4): (
        "valid",
        "of two keys with one kid and one alg the first is kept and the other listed as skipped (RFC 7517 section 4.5)",
    ),
    ("json_web_key_test.json", 7): (
        "valid",
        "nothing in RFC 7518 section 6.3 asks for factors of a certain kind; ROCA is a test for whoever makes the keys",
    ),
    ("json_web_crypto_test.json", 46): (
        "valid",
        "nothing in RFC 7518 section 6.3 asks for factors of a certain kind; ROCA is a test for whoever makes the keys",
    ),
    ("json_web_crypto_test.json", 47): (
        "valid",
        "a set with secrets and public keys is no attack where each key has one algorithm (RFC 8725 section 3.1)",
    ),
}

# Groups whose private JWK we judge otherwise than its public half.
PRIVATE_KEYS: dict[tuple[str, str], str] = {
    ("json_web_signature_test.json", "rfc7520WithKeyOps"): (
        'its key_ops is the one string "sign, verify" and not two (RFC 7517 section 4.3)'
    ),
}

PSS_SALT_0 = "the salt of PS256 is as long as its hash, 32 octets, and not empty (RFC 7518 section 3.5)"
# The one signature of that file whose salt has 32 octets.
PSS_SALT_0_BUT_32 = 69

# What we refuse a token for, or "accepted: " and what was done to it; and who accepts it: why the verdicts differ.
DIFFERENCES: dict[tuple[str, str], str] = {
    ("Expiration Time claim (exp) must be a number of seconds, at most 2^53", "PyJWT"): (
        "a NumericDate is a number, and no text that holds one (RFC 7519 section 2)"
    ),
    ("Expiration Time claim (exp) must be a number of seconds, at most 2^53", "PyJWT joserfc"): (
        "a number beyond 2^53 is read differently by different parsers (RFC 8259 section 6): never is no expiry"
    ),
    ("Not Before claim (nbf) must be a number of seconds, at most 2^53", "PyJWT"): (
        "a NumericDate is a number, and no truth value (RFC 7519 section 2)"
    ),
    ("Not Before claim (nbf) must be a number of seconds, at most 2^53", "PyJWT joserfc"): (
        "a number beyond 2^53 is read differently by different parsers (RFC 8259 section 6)"
    ),
    ("Issued At claim (iat) must be a number of seconds, at most 2^53", "PyJWT"): (
        "a NumericDate is a number, and no truth value (RFC 7519 section 2)"
    ),
    ("Issued At claim (iat) must be a number of seconds, at most 2^53", "PyJWT joserfc"): (
        "a number beyond 2^53 is read differently by different parsers (RFC 8259 section 6)"
    ),
    ("the header has two members of one name", "PyJWT"): (
        "member names are unique, and a verifier refuses what is not (RFC 7515 section 4)"
    ),
    ("the header has two members of one name", "PyJWT joserfc"): (
        "member names are unique, and a verifier refuses what is not (RFC 7515 section 4)"
    ),
    ("the payload has two members of one name", "PyJWT joserfc"): (
        "claim names are unique, and a verifier refuses what is not (RFC 7519 section 4)"
    ),
    ("the header is not a JSON object in UTF-8", "PyJWT"): (
        "NaN, Infinity and integers that few parsers have are no JSON, or none that all read alike (RFC 8259 section 6)"
    ),
    ("the header is not a JSON object in UTF-8", "PyJWT joserfc"): (
        "the header is UTF-8 without a byte order mark, of whole characters (RFC 7515 section 5.2, RFC 8259 section 8)"
    ),
    ("the payload is not a JSON object in UTF-8", "PyJWT joserfc"): (
        "the claims are UTF-8 without a byte order mark, of whole characters (RFC 7519 section 7.2, RFC 8259 section 8)"
    ),
    ("the payload has an integer of more than 64 bits", "PyJWT joserfc"): (
        "a number that long is read differently by different parsers (RFC 8259 section 6)"
    ),
    ("the header is not canonical, unpadded base64url", "PyJWT"): "base64url has no padding (RFC 7515 section 2)",
    ("the payload is not canonical, unpadded base64url", "PyJWT"): "base64url has no padding (RFC 7515 section 2)",
    ("the signature is not canonical, unpadded base64url", "PyJWT"): "base64url has no padding (RFC 7515 section 2)",
    ("the header's 'b64' asks for an unencoded payload, which no JWT has", "PyJWT"): (
        "b64 is a truth value, and must be critical where it is not true (RFC 7797 sections 3 and 6)"
    ),
    ("the header's 'crit' asks for an extension that is not understood", "PyJWT joserfc"): (
        "they understand b64, which a JWT must not use (RFC 7797 section 7)"
    ),
    ("the header's 'crit' asks for an extension that is not understood", "joserfc"): (
        "crit is not empty and lists no names of the standard, nor any that is not understood (RFC 7515 section 4.1.11)"
    ),
    ("the header's 'typ' is not a string", "PyJWT"): "typ is a media type (RFC 7515 section 4.1.9)",
    ("accepted: header: alg Ed25519", "jwtfast"): (
        "Ed25519 is another name of EdDSA with a key on that curve (RFC 9864 section 2.2)"
    ),
    # Members that nothing here uses are not looked at (RFC 7515 section 4); joserfc holds them to their form.
    ("accepted: header: cty", "jwtfast PyJWT"): "cty is for applications (RFC 7515 section 4.1.10)",
    ("accepted: header: jku", "jwtfast PyJWT"): "jku is optional and never used (RFC 7515 section 4.1.2)",
    ("accepted: header: jwk", "jwtfast PyJWT"): "jwk is optional and never used (RFC 7515 section 4.1.3)",
    ("accepted: header: x5u", "jwtfast PyJWT"): "x5u is optional and never used (RFC 7515 section 4.1.5)",
    ("accepted: header: x5c", "jwtfast PyJWT"): "x5c is optional and never used (RFC 7515 section 4.1.6)",
    ("accepted: header: x5t", "jwtfast PyJWT"): "x5t is optional and never used (RFC 7515 section 4.1.7)",
}
