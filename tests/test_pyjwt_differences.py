"""The table in docs/pyjwt.md: each difference from PyJWT 2.15.1, shown on both."""

from __future__ import annotations

import doctest
import gzip
import json
import re
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import jwt as pyjwt
import jwt.algorithms
import pytest
from bad_answers import GOOD, KEY, raw_answer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from forge import SECRET, encode, sign, sign_segments, to_json
from http_server import Handler, HttpServer, jwks, reply
from key_pairs import private_jwk, private_key, spki

from jwtfast import jwt as ours

DOCUMENT = Path(__file__).parent.parent / "docs" / "pyjwt.md"
HEADER = {"alg": "HS256"}
CASES: dict[str, Callable[[], None]] = {}


def difference(*rows: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Note which row, or rows, of the table a function shows."""

    def note(show: Callable[[], None]) -> Callable[[], None]:
        CASES.update(dict.fromkeys(rows, show))
        return show

    return note


def decode(module: Any, token: str, **arguments: Any) -> Any:
    """Decode a token of the tests' secret."""
    return module.decode(token, SECRET, **{"algorithms": ["HS256"], **arguments})


def refuses_what_pyjwt_accepts(header: Any, payload: Any) -> None:
    """Have PyJWT accept a token that is a DecodeError here, in each way to look at it."""
    token = sign(header, payload)
    decode(pyjwt, token)
    with pytest.raises(ours.DecodeError):
        decode(ours, token)
    with pytest.raises(ours.DecodeError):
        ours.decode(token, options={"verify_signature": False})
    with pytest.raises(ours.DecodeError):
        ours.decode_complete(token, SECRET, algorithms=["HS256"])
    if header is not HEADER:
        with pytest.raises(ours.DecodeError):
            ours.get_unverified_header(token)


@difference("two members of one name, in header or payload")
def _duplicates() -> None:
    refuses_what_pyjwt_accepts(HEADER, b'{"a":1,"a":2}')
    refuses_what_pyjwt_accepts(HEADER, b'{"b":{"a":1,"\\u0061":2}}')
    refuses_what_pyjwt_accepts(b'{"alg":"none","alg":"HS256"}', {})


@difference("`NaN`, `Infinity`, and numbers beyond all floats")
def _not_numbers() -> None:
    for number in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
        refuses_what_pyjwt_accepts(HEADER, b'{"a":%s}' % number)
        refuses_what_pyjwt_accepts(b'{"alg":"HS256","a":[%s]}' % number, {})


@difference("UTF-16, UTF-32, and a byte order mark")
def _encodings() -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig"):
        refuses_what_pyjwt_accepts(HEADER, '{"a":1}'.encode(encoding))
        refuses_what_pyjwt_accepts('{"alg":"HS256"}'.encode(encoding), {})


@difference('half of a surrogate pair, as in `"\\ud800"`')
def _surrogates() -> None:
    refuses_what_pyjwt_accepts(HEADER, b'{"a":"\\ud800"}')
    refuses_what_pyjwt_accepts(b'{"alg":"HS256","\\udfff":1}', {})


@difference("`algorithms` as one `str`")
def _one_algorithm() -> None:
    token = sign(HEADER, {"a": 1})
    assert decode(ours, token, algorithms="HS256") == decode(pyjwt, token, algorithms="HS256") == {"a": 1}
    assert decode(pyjwt, token, algorithms="HS384 HS256") == {"a": 1}
    for algorithms in ("HS384 HS256", "HS2567", "HS384"):
        with pytest.raises(ours.InvalidAlgorithmError):
            decode(ours, token, algorithms=algorithms)
    token = sign({"alg": 1}, {})
    with pytest.raises(TypeError):
        decode(pyjwt, token, algorithms="HS256")
    with pytest.raises(ours.InvalidAlgorithmError):
        decode(ours, token, algorithms="HS256")


@difference("a secret that is the text of a key of another kind, or begins like one")
def _secrets() -> None:
    pem = spki(private_key("RSA"))
    body = b"".join(pem.splitlines()[1:-1])
    for secret in (b"-----BEGIN PUBLIC KEY-----", b"---- BEGIN SSH2 PUBLIC KEY ----", body):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert pyjwt.encode({}, secret)
        with pytest.raises(ours.InvalidKeyError):
            ours.encode({}, secret)
        with pytest.raises(ours.InvalidKeyError):
            ours.decode(sign(HEADER, {}, secret), secret, algorithms=["HS256"])
    with pytest.raises(pyjwt.InvalidKeyError):
        pyjwt.encode({}, pem)
    with pytest.raises(ours.InvalidKeyError):
        ours.encode({}, pem)


@difference("a key that can't be read, or is encrypted")
def _unreadable_keys() -> None:
    encrypted = private_key("RSA").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    for algorithm, key, error in (
        ("ES256", "no key", ValueError),
        ("ES256", b"\xff\xfe", ValueError),
        ("EdDSA", b"\xff\xfe", UnicodeDecodeError),
        ("RS256", encrypted, TypeError),
        ("ES256", encrypted, TypeError),
    ):
        with pytest.raises(error):
            pyjwt.encode({}, key, algorithm)
        with pytest.raises(ours.InvalidKeyError):
            ours.encode({}, key, algorithm)
    with pytest.raises(ours.InvalidKeyError, match="encrypted"):
        ours.encode({}, encrypted, "RS256")


@difference("a public key to sign with")
def _public_keys() -> None:
    for algorithm, kind in (("RS256", "RSA"), ("PS256", "RSA"), ("ES256", "P-256"), ("EdDSA", "Ed25519")):
        public = private_key(kind).public_key()
        with pytest.raises(AttributeError):
            pyjwt.encode({}, public, algorithm)
        with pytest.raises(ours.InvalidKeyError, match="private"):
            ours.encode({}, public, algorithm)


@difference("a private RSA key to verify with")
def _private_keys() -> None:
    private = private_key("RSA")
    for algorithm in ("RS256", "PS512"):
        token = pyjwt.encode({"a": 1}, private, algorithm)
        with pytest.raises(AttributeError):
            pyjwt.decode(token, private, algorithms=[algorithm])
        assert ours.decode(token, private, algorithms=[algorithm]) == {"a": 1}
        assert ours.decode_complete(token, private, algorithms=[algorithm])["payload"] == {"a": 1}


@difference("an Ed25519 or Ed448 key of low order, for which anybody can sign")
def _low_order() -> None:
    # The neutral element: R = A = (0, 1), S = 0 is a signature of every message (RFC 8032 section 5.1.7).
    point = b"\x01" + bytes(31)
    key = Ed25519PublicKey.from_public_bytes(point)
    signing_input = f"{encode(to_json({'alg': 'EdDSA'}))}.{encode(to_json({'admin': True}))}"
    forged = f"{signing_input}.{encode(point + bytes(32))}"
    assert pyjwt.decode(forged, key, algorithms=["EdDSA"]) == {"admin": True}
    with pytest.raises(ours.InvalidKeyError):
        ours.decode(forged, key, algorithms=["EdDSA"])


@difference("an RSA JWK of more than 8,192 bits")
def _long_keys() -> None:
    jwk = {"kty": "RSA", "n": encode(b"\xff" * 1025), "e": "AQAB"}
    assert pyjwt.PyJWK(jwk).key.key_size == 8200
    with pytest.raises(ours.InvalidKeyError):
        ours.PyJWK(jwk)


@difference("a JWK that is no object, lacks `k`, or has the algorithm `none`")
def _no_jwks() -> None:
    for jwk, error in (
        ([], AttributeError),
        ({"kty": "oct"}, KeyError),
        ({"kty": "oct", "k": "YQ", "alg": "none"}, NotImplementedError),
    ):
        with pytest.raises(error):
            pyjwt.PyJWK(jwk)  # type: ignore[arg-type]
        with pytest.raises((ours.InvalidKeyError, ours.PyJWKError)):
            ours.PyJWK(jwk)  # type: ignore[arg-type]


@difference("an RSA JWK with some of its private members, but no `d`")
def _no_private_exponent() -> None:
    members = private_jwk(private_key("RSA"))
    del members["d"]
    assert pyjwt.PyJWK(members).key.key_size == 2048
    with pytest.raises(ours.InvalidKeyError):
        ours.PyJWK(members)


@difference("text that is no JSON, for `PyJWK.from_json`, `PyJWKSet.from_json` and `PyJWKClient`")
def _no_json() -> None:
    for name, error in (("PyJWK", ours.InvalidKeyError), ("PyJWKSet", ours.PyJWKSetError)):
        with pytest.raises(json.JSONDecodeError):
            getattr(pyjwt, name).from_json("<html>")
        with pytest.raises(error):
            getattr(ours, name).from_json("<html>")
    with HttpServer(reply(b"keys")) as server:
        with pytest.raises(json.JSONDecodeError):
            pyjwt.PyJWKClient(server.url).get_jwk_set()
        with pytest.raises(ours.PyJWKClientError):
            ours.PyJWKClient(server.url).get_jwk_set()


@difference("`to_jwk` of another algorithm's key")
def _other_keys() -> None:
    key: Any = private_key("P-256")
    with pytest.raises(AttributeError):
        pyjwt.algorithms.RSAAlgorithm.to_jwk(key)
    with pytest.raises(ours.InvalidKeyError):
        ours.algorithms.RSAAlgorithm.to_jwk(key)


@difference("`leeway` that is `NaN`")
def _nan_leeway() -> None:
    token = sign(HEADER, {"exp": 1})
    assert decode(pyjwt, token, leeway=float("nan")) == {"exp": 1}
    with pytest.raises(ValueError, match="leeway"):
        decode(ours, token, leeway=float("nan"))


@difference("`options` that are no mapping")
def _odd_options() -> None:
    for options in ("verify", [("verify_signature", False)], 1):
        with pytest.raises(AttributeError):
            decode(pyjwt, sign(HEADER, {}), options=options)
        with pytest.raises(TypeError):
            decode(ours, sign(HEADER, {}), options=options)


@difference("an `alg` in `headers` that is empty or None")
def _no_alg() -> None:
    for alg in ("", None):
        headers: dict[str, Any] = {"alg": alg}
        assert pyjwt.get_unverified_header(pyjwt.encode({}, SECRET, headers=headers))["alg"] == alg
        assert decode(ours, ours.encode({"a": 1}, SECRET, headers=headers)) == {"a": 1}


@difference("a payload that is no base64url under a wrong signature")
def _twice_wrong() -> None:
    token = sign_segments(encode(to_json(HEADER)), "!", b"another secret")
    with pytest.raises(pyjwt.DecodeError, match="padding"):
        decode(pyjwt, token)
    with pytest.raises(ours.InvalidSignatureError):
        decode(ours, token)
    assert issubclass(ours.InvalidSignatureError, ours.DecodeError)


@difference("words after the first ones of a message")
def _silence() -> None:
    token = sign({"alg": "HS256", "crit": ["mark"], "mark": 1}, {})
    with pytest.raises(pyjwt.InvalidTokenError, match="mark"):
        decode(pyjwt, token)
    with pytest.raises(ours.InvalidTokenError, match=r"^Unsupported critical extension(?!.*mark)"):
        decode(ours, token)


@difference("a token that is no Unicode text")
def _no_text() -> None:
    with pytest.raises(UnicodeEncodeError):
        decode(pyjwt, "\ud800.e30.")
    with pytest.raises(ours.DecodeError):
        decode(ours, "\ud800.e30.")


@difference("where a warning points")
def _blame() -> None:
    calls: list[Callable[[], object]] = [
        lambda: ours.encode({}, "short"),
        lambda: ours.decode(sign(HEADER, {}, b"short"), "short", algorithms=["HS256"]),
        lambda: ours.decode_complete(sign(HEADER, {}, b"short"), "short", algorithms=["HS256"]),
        lambda: ours.decode(sign(HEADER, {}), SECRET, algorithms=["HS256"], verify=False),
        lambda: ours.decode(sign(HEADER, {}), SECRET, algorithms=["HS256"], unknown=1),
        lambda: ours.PyJWS().encode(b"", "short"),
    ]
    for call in calls:
        for _ in range(2):  # the second time from what was kept of the first
            with warnings.catch_warnings(record=True) as given:
                warnings.simplefilter("always")
                call()
            assert [one.filename for one in given] == [__file__]


@difference("a `PyJWK` when printed")
def _reprs() -> None:
    jwk = ours.PyJWK({"kty": "oct", "k": encode(SECRET), "kid": "k"})
    assert repr(jwk) == "<PyJWK HS256 kid='k'>"
    assert encode(SECRET) not in repr(jwk)


@difference("a JWK set for `PyJWKClient` with two members of one name, `NaN`, or in UTF-16")
def _lax_key_sets() -> None:
    for document in (b'{"keys": [], ' + GOOD[1:], b'{"x": NaN, ' + GOOD[1:], GOOD.decode().encode("utf-16")):
        with HttpServer(reply(document)) as server:
            pyjwt.PyJWKClient(server.url).get_jwk_set()
            with pytest.raises(ours.PyJWKClientError, match="did not return a JSON object"):
                ours.PyJWKClient(server.url).get_jwk_set()


@difference("one of more than 512 KiB, or with a status from 201 to 299")
def _unbelievable_key_sets() -> None:
    for answer in (reply(GOOD + b" " * 2**19), reply(GOOD, 203)):
        with HttpServer(answer) as server:
            pyjwt.PyJWKClient(server.url).get_jwk_set()
            with pytest.raises(ours.PyJWKClientConnectionError):
                ours.PyJWKClient(server.url).get_jwk_set()


@difference("one that is compressed or broken off, and an address that is none")
def _broken_answers() -> None:
    for answer in (
        reply(gzip.compress(GOOD), 200, Content_Encoding="gzip"),
        raw_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + GOOD, reset=True),
    ):
        with HttpServer(answer) as server:
            with pytest.raises((ValueError, ConnectionResetError)):
                pyjwt.PyJWKClient(server.url).get_jwk_set()
            with pytest.raises(ours.PyJWKClientConnectionError):
                ours.PyJWKClient(server.url).get_jwk_set()
    with pytest.raises(UnicodeEncodeError):
        pyjwt.PyJWKClient("http://127.0.0.1:1/\u00e9").get_jwk_set()
    with pytest.raises(ours.PyJWKClientConnectionError):
        ours.PyJWKClient("http://127.0.0.1:1/\u00e9").get_jwk_set()


@difference("one that comes drop by drop")
def _drips() -> None:
    for module, error in ((pyjwt, None), (ours, ours.PyJWKClientConnectionError)):
        parts = [GOOD[start : start + 40] for start in range(0, len(GOOD), 40)]
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        with HttpServer(raw_answer(head, *parts, pause=0.2)) as server:
            client = module.PyJWKClient(server.url, timeout=0.5)
            with pytest.raises(error) if error else nullcontext():
                client.get_jwk_set()


@difference("threads that ask a `PyJWKClient` while one of them fetches")
def _threads() -> None:
    for module, requests, waits in ((pyjwt, 3, True), (ours, 2, False)):
        with HttpServer(jwks(KEY)) as server:
            client = module.PyJWKClient(server.url, cooldown_duration=0)
            client.get_signing_key("b")
            go_on = threading.Event()

            def fail(handler: Handler, go_on: threading.Event = go_on) -> None:
                go_on.wait(10)
                reply(b"", 503)(handler)

            server.answer = fail
            known: list[Any] = []
            calls = [lambda client=client: refused(client)] * 2
            threads = [threading.Thread(target=call) for call in calls]
            threads.append(threading.Thread(target=lambda c=client, k=known: k.append(c.get_signing_key("b"))))
            for thread in threads:
                thread.start()
                time.sleep(0.2)
            threads[-1].join(0.2 if waits else 10)
            assert (known == []) == waits
            go_on.set()
            for thread in threads:
                thread.join()
            assert server.count == requests


def refused(client: Any) -> None:
    """Have a client look for a key that is not there while its endpoint is down."""
    with suppress(pyjwt.PyJWKClientError, ours.PyJWKClientError):
        client.get_signing_key("unknown")


@difference("the `User-Agent` and `Accept` of a `PyJWKClient`, where `headers` has none")
def _user_agents() -> None:
    with HttpServer(jwks(KEY)) as server:
        for module, name in ((pyjwt, "Python-urllib/"), (ours, "jwtfast/")):
            module.PyJWKClient(server.url).get_jwk_set()
            assert server.requests[-1][1]["User-Agent"].startswith(name)


@difference("an endpoint on this very machine, where the environment has a proxy")
def _proxies() -> None:
    with HttpServer(jwks(KEY)) as server, HttpServer(jwks(KEY)) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("http_proxy", proxy.origin)
        pyjwt.PyJWKClient(server.url).get_jwk_set()
        assert (server.count, proxy.count) == (0, 1)
        ours.PyJWKClient(server.url).get_jwk_set()
        assert (server.count, proxy.count) == (1, 1)


@difference("`cache_tokens` of `PyJWT`")
def _cache() -> None:
    with pytest.raises(TypeError):
        pyjwt.PyJWT(cache_tokens=10)  # type: ignore[call-arg]
    tokens = ours.PyJWT(cache_tokens=10)
    token = sign(HEADER, {"a": [1]})
    first, second = (decode(tokens, token) for _ in range(2))
    assert first == second == {"a": [1]}
    first["a"].append(2)
    assert decode(tokens, token) == {"a": [1]}


@pytest.mark.parametrize("row", CASES)
def test_each_difference(row: str) -> None:
    """What a row of the table says of PyJWT and of jwtfast.jwt is so."""
    CASES[row]()


def test_the_table_has_each_difference() -> None:
    """The rows of docs/pyjwt.md are those that are shown here, all of them and no others."""
    if not DOCUMENT.exists():
        pytest.skip("the documentation is not beside the tests: they run against an installed package")
    rows = re.findall(r"^\| (?!what)(.+?) \| .+ \| .+ \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == list(CASES)


def test_every_snippet_of_the_page_runs() -> None:
    """Every snippet in docs/pyjwt.md prints what the page says it prints."""
    if not DOCUMENT.exists():
        pytest.skip("the documentation is not beside the tests: they run against an installed package")
    results = doctest.testfile(str(DOCUMENT), module_relative=False)
    assert results.attempted > 8
    assert results.failed == 0
