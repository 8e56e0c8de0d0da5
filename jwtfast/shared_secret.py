"""What must not be taken for a shared secret: the text of a key of another kind.

With a public key as an HMAC secret anybody could sign (CVE-2022-29217 and its many successors).
"""

from __future__ import annotations

import json
import re

from jwtfast.errors import InvalidKeyError

__all__ = ["is_ssh_key", "octets_of_secret", "other_key", "utf8"]

# Patterns as texts, since re compiles at first use and remembers, which is less to do for an import.

# A key's type in front, or further on with the beginning of its base64, as in authorized_keys and known_hosts.
_SSH_KEY = rb"^(?:sk-)?(?:ssh|ecdsa-sha2)-|\s(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+\s+AAAA"

# A JSON string, and the colon after it where it is a member's name. No parser is asked: it would give up on what is
# nested too deep, or has a number that is too long, and what it gives up on would pass.
_JSON_STRING = r'(?s)"((?:[^"\\]|\\.)*+)"(\s*:)?'
_JSON_ESCAPE = r"\\u([0-9A-Fa-f]{4})"


def octets_of_secret(secret: str | bytes) -> bytes:
    """Give a shared secret's octets.

    Args:
        secret: The secret; a str stands for its UTF-8.

    Returns:
        Its octets.

    Raises:
        InvalidKeyError: It is empty, or the text of a PEM, DER, SSH or JWK key.
        TypeError: It is neither str nor bytes.
    """
    if isinstance(secret, str):
        text = utf8(secret)
        if text is None:
            msg = "this secret is no Unicode text: give its octets as bytes"
            raise InvalidKeyError(msg)
        octets = text
    elif isinstance(secret, bytes):
        octets = bytes(secret)  # not of a subclass
    else:
        msg = f"a secret is str or bytes, not {type(secret).__name__}"
        raise TypeError(msg)
    _refuse_other_key_text(octets)
    return octets


def utf8(text: str) -> bytes | None:
    """Give a text's UTF-8, or None where it has half a surrogate pair.

    UnicodeEncodeError holds the whole text, so it must not become the context of the error that is raised instead.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


def _refuse_other_key_text(secret: bytes) -> None:
    """Refuse what is some other key's text: with a public key as the secret anybody could sign (CVE-2022-29217)."""
    if not secret:
        msg = "an HMAC secret can't be empty: make one with secrets.token_bytes(32)"
        raise InvalidKeyError(msg)
    found = other_key(secret)
    if found is not None:
        kind, advice = found
        msg = f"this secret is {kind}, and with a public key as the secret anybody could sign a token: {advice}"
        raise InvalidKeyError(msg)


def other_key(secret: bytes) -> tuple[str, str] | None:
    """Tell what other kind of key a secret is the text of.

    Args:
        secret: Its octets.

    Returns:
        The kind, and what to do with it instead; None where it is no such text.
    """
    stripped = secret.removeprefix(b"\xef\xbb\xbf").strip()  # some editors write a byte order mark
    if b"-----BEGIN " in secret:
        return "PEM", "read it with Key.from_pem"
    if is_ssh_key(stripped) or stripped.startswith(b"---- BEGIN SSH2"):
        return "an SSH key", "make it PEM with ssh-keygen -e -m PKCS8 and read it with Key.from_pem"
    if _is_jwk(secret):
        return "a JWK or a JWK set", "read it with Key.from_jwk or KeySet.from_jwks"
    if _is_der(secret) or _is_der(secret.rstrip(b"\r\n")):
        return "DER", "read it with Key.from_der"
    if _is_base64_of_key(stripped):
        return "the base64 of PEM or DER", "decode it and read it with Key.from_pem or Key.from_der"
    return None


def is_ssh_key(text: bytes) -> bool:
    """Tell whether it is the text of an SSH public key, as in ``id_rsa.pub`` or ``known_hosts``."""
    return re.search(_SSH_KEY, text) is not None


def _is_jwk(secret: bytes) -> bool:
    """Whether it looks like JSON, in any of its encodings, with a member that JWKs and JWK sets have."""
    text = secret.decode(json.detect_encoding(secret), "replace").removeprefix("\ufeff").lstrip()
    return text.startswith(("{", "[")) and any(
        re.sub(_JSON_ESCAPE, lambda escape: chr(int(escape[1], 16)), string[1]) in {"kty", "keys"}
        for string in re.finditer(_JSON_STRING, text)
        if string[2]
    )


def _is_base64_of_key(text: bytes) -> bool:
    """Whether it is a PEM without its first and last line, as some consoles show keys, or a PEM or DER in base64."""
    import base64  # noqa: PLC0415 - needed once there is a secret, and not by an import

    joined = b"".join(text.split()).translate(bytes.maketrans(b"-_", b"+/"))
    try:
        octets = base64.b64decode(joined + b"=" * (-len(joined) % 4), validate=True)
    except ValueError:
        return False
    return b"-----BEGIN " in octets or _is_der(octets)


def _is_der(data: bytes) -> bool:
    """Whether it is a SEQUENCE, of exactly its length, of whole elements, as every DER key is.

    Random octets are taken for that about once in 2^32 times.
    """
    content = _der_content(data, 0)
    if not data or data[0] != 0x30 or content is None or content[1] != len(data):
        return False
    at, end = content
    elements = 0
    while at < end:
        element = _der_content(data, at)
        if element is None or element[1] > end or (elements == 0 and data[at] not in (0x02, 0x30)):
            return False
        at, elements = element[1], elements + 1
    return elements > 1


def _der_content(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the content of the element at ``at`` begins and ends, or None if there is no definite length."""
    if at + 2 > len(data):
        return None
    length = data[at + 1]
    at += 2
    if length > 0x84 or length == 0x80:
        return None
    if length > 0x80:
        octets = length - 0x80
        if at + octets > len(data):
            return None
        length = int.from_bytes(data[at : at + octets], "big")
        at += octets
    return at, at + length
