"""What an HTTP server may answer instead of a JWK set, and how it proves its identity."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from http_server import Answer, Handler, reply
from key_pairs import jwk, pkcs8, private_key

MEGABYTE = 2**20
KEY = jwk(private_key("P-256", 1), kid="b")
GOOD = json.dumps({"keys": [KEY]}).encode()


def without_length(parts: Iterator[bytes]) -> Answer:
    """Answer with a body whose length nobody has said."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part)

    return answer


def ten_megabytes(sent: list[int]) -> Answer:
    """Answer with so much whose length nobody has said, and write down what of it was sent."""

    def parts() -> Iterator[bytes]:
        for _ in range(10 * 64):
            sent.append(2**14)
            yield b" " * 2**14

    return without_length(parts())


def raw_answer(*parts: bytes, pause: float = 0, reset: bool = False) -> Answer:
    """Answer with these very octets, and perhaps break the connection off after them."""

    def answer(handler: Handler) -> None:
        for part in parts:
            handler.wfile.write(part)
            time.sleep(pause)
        if reset:
            handler.wfile.flush()
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()

    return answer


# By what is wrong with them: the answer, and what a RemoteKeySet says of it.
BAD: dict[str, tuple[Answer, str]] = {
    "400": (reply(GOOD, 400), "it answered 400"),
    "401": (reply(GOOD, 401), "it answered 401"),
    "404": (reply(GOOD, 404), "it answered 404"),
    "500": (reply(GOOD, 500), "it answered 500"),
    "503": (reply(GOOD, 503, Retry_After="5"), "it answered 503"),
    "201": (reply(GOOD, 201), "it answered 201"),
    "206": (reply(GOOD, 206), "it answered 206"),
    "204": (reply(b"", 204), "it answered 204"),
    "HTML": (reply(b"<!DOCTYPE html><html>Please log in</html>", 200, Content_Type="text/html"), "HTML"),
    "HTML that says to be JSON": (reply(b"\r\n <html/>", 200, Content_Type="application/json"), "HTML"),
    "JSON that says to be HTML": (reply(GOOD, 200, Content_Type="text/html; charset=utf-8"), "HTML"),
    "nothing": (reply(b""), "not a JWK set"),
    "no JSON": (reply(b"keys"), "not a JWK set"),
    "an array": (reply(b"[" + GOOD + b"]"), "not a JWK set"),
    "no keys": (reply(b"{}"), "not a JWK set"),
    "keys that are no array": (reply(b'{"keys":{}}'), "not a JWK set"),
    "one JWK": (reply(json.dumps(KEY).encode()), "not a JWK set"),
    "two members named keys": (reply(b'{"keys":[],' + GOOD[1:]), "two members of one name"),
    "UTF-16": (reply(GOOD.decode().encode("utf-16")), "not a JWK set"),
    "a byte order mark": (reply(b"\xef\xbb\xbf" + GOOD), "not a JWK set"),
    "something behind it": (reply(GOOD + b"x"), "not a JWK set"),
    "nesting": (reply(b'{"keys":' + b"[" * 5000 + b"]" * 5000 + b"}"), "not a JWK set"),
    "compressed": (reply(GOOD, 200, Content_Encoding="gzip"), "compressed"),
    "10 MB that say so": (reply(b" " * (10 * MEGABYTE)), "longer than max_bytes"),
    "cut short": (raw_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + GOOD), "RemoteProtocolError"),
    "a length that is no number": (
        raw_answer(b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n" + GOOD),
        "RemoteProtocolError",
    ),
    "no HTTP": (raw_answer(b"SSH-2.0-OpenSSH_9.2\r\n"), "RemoteProtocolError"),
    "endless headers": (raw_answer(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 50_000), "RemoteProtocolError|ReadError"),
}


# What comes at once, and what comes again and again after it.
DRIPS: dict[str, tuple[bytes, bytes]] = {
    "the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b" "),
    "the headers": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "the status": (b"", b"H"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


def certificate(folder: Path) -> Path:
    """Write a certificate of this machine's loopback address, and its key."""
    private = private_key("P-256", 9)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(7).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed_certificate = builder.add_extension(host, critical=False).sign(private, hashes.SHA256())
    path = folder / "server.pem"
    path.write_bytes(pkcs8(private) + signed_certificate.public_bytes(Encoding.PEM))
    return path
