"""``PyJWKClient`` of jwtfast.jwt against a real HTTP server: what it asks for, how often, and what it makes of it."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from forge import SECRET, sign
from key_pairs import private_key

from jwtfast import jwt
from jwtfast.jwt.algorithms import RSAAlgorithm


def jwk(kid: str, **members: Any) -> dict[str, Any]:
    """Give a public key as a JWK of this kid."""
    own: dict[str, Any] = RSAAlgorithm.to_jwk(private_key("RSA").public_key(), as_dict=True)
    return {**own, "kid": kid, "use": "sig", "alg": "RS256", **members}


class Endpoint:
    """A server whose answers can be set, and which notes what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.document: Any = {"keys": [jwk("k")]}
        self.headers: dict[str, str] = {}
        self.delay = 0.0
        self.asked: list[dict[str, str]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.asked.append({**dict(self.headers), "path": self.path})
                time.sleep(endpoint.delay)
                body = (
                    endpoint.document
                    if isinstance(endpoint.document, bytes)
                    else json.dumps(endpoint.document).encode()
                )
                self.send_response(endpoint.status)
                for name, value in {"Content-Length": str(len(body)), **endpoint.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Give a running server with one key, of the kid "k"."""
    one = Endpoint()
    thread = threading.Thread(target=one.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield one
    one.server.shutdown()
    one.server.server_close()
    thread.join()


def test_a_set_is_fetched_once_in_its_lifespan(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set is asked for with the headers given, kept for ``lifespan``, and fetched anew after it or on ``refresh``."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    client = jwt.PyJWKClient(endpoint.url, lifespan=60, headers={"X-Mark": "m"})
    assert client.get_signing_key("k") is client.get_signing_key("k")
    assert [one["X-Mark"] for one in endpoint.asked] == ["m"]
    assert client.get_jwk_set() is client.get_jwk_set()
    now[0] += 61
    assert client.get_signing_key("k").key_id == "k"
    assert len(endpoint.asked) == 2
    client.get_jwk_set(refresh=True)
    assert len(endpoint.asked) == 3
    uncached = jwt.PyJWKClient(endpoint.url, cache_jwk_set=False)
    assert uncached.jwk_set_cache is None
    for _ in range(2):
        uncached.get_signing_keys()
    assert len(endpoint.asked) == 5


def test_keys_are_kept_by_kid_where_asked_for(endpoint: Endpoint) -> None:
    """With ``cache_keys`` a key that was found is not looked for again, whatever becomes of the set."""
    client = jwt.PyJWKClient(endpoint.url, cache_keys=True, max_cached_keys=1, cache_jwk_set=False)
    first = client.get_signing_key("k")
    endpoint.document = {"keys": [jwk("other")]}
    assert client.get_signing_key("k") is first
    assert len(endpoint.asked) == 1


def test_an_unknown_kid_is_asked_for_once_in_a_cool_down(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown kid has the set fetched again, once for many threads, and not again before the cool-down is over."""
    now = [1000.0]
    client = jwt.PyJWKClient(endpoint.url, cooldown_duration=30)
    client.get_jwk_set()
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    now[0] = (client._last_successful_fetch or 0) + 31
    endpoint.delay = 0.1
    refused: list[str] = []

    def look(kid: str) -> None:
        try:
            client.get_signing_key(kid)
        except jwt.PyJWKClientError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=look, args=(f"unknown-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 8
    assert "unknown" not in "".join(refused)
    assert len(endpoint.asked) == 2
    endpoint.document = {"keys": [jwk("k"), jwk("new")]}
    now[0] += 31
    assert client.get_signing_key("new").key_id == "new"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"status": 500}, jwt.PyJWKClientConnectionError),
        ({"status": 302, "headers": {"Location": "/other"}}, jwt.PyJWKClientConnectionError),
        ({"headers": {"Content-Length": "999999"}}, jwt.PyJWKClientConnectionError),
        ({"delay": 1.0}, jwt.PyJWKClientConnectionError),
        ({"document": b"<html>"}, jwt.PyJWKClientError),
        ({"document": b"\xff"}, jwt.PyJWKClientError),
        ({"document": b"[" * 100_000}, jwt.PyJWKClientError),
        ({"document": [1]}, jwt.PyJWKClientError),
        ({"document": {"keys": []}}, jwt.PyJWKSetError),
        ({"document": {"keys": [{"kty": "zz"}]}}, jwt.PyJWKSetError),
    ],
)
def test_a_set_that_is_there_stays_when_a_fetch_fails(
    endpoint: Endpoint, change: dict[str, Any], error: type[Exception]
) -> None:
    """Whatever the endpoint answers, one documented error says so, no redirect is followed, and the kept set stays."""
    client = jwt.PyJWKClient(endpoint.url, timeout=0.3)
    kept = client.get_jwk_set()
    for name, value in change.items():
        setattr(endpoint, name, value)
    with pytest.raises(error):
        client.get_jwk_set(refresh=True)
    assert client.get_jwk_set() is kept
    assert {one["path"] for one in endpoint.asked} == {"/keys"}


def test_only_keys_for_signatures_with_a_kid_count(endpoint: Endpoint) -> None:
    """Keys for encryption, and those without a kid, are no signing keys; where there are no others, that is said."""
    nameless = jwk("x")
    del nameless["kid"]
    endpoint.document = {"keys": [jwk("enc", use="enc"), nameless, jwk("k", use=None)]}
    client = jwt.PyJWKClient(endpoint.url)
    assert [key.key_id for key in client.get_signing_keys()] == ["k"]
    endpoint.document["keys"].pop()
    with pytest.raises(jwt.PyJWKClientError, match="signing keys"):
        client.get_signing_keys(refresh=True)


def test_the_key_of_a_token(endpoint: Endpoint) -> None:
    """A token's kid picks its key, by which it verifies; a token that is none is a DecodeError and asks for nothing."""
    client = jwt.PyJWKClient(endpoint.url)
    token = jwt.encode({"sub": "alice"}, private_key("RSA"), "RS256", headers={"kid": "k"})
    assert jwt.decode(token, client.get_signing_key_from_jwt(token), ["RS256"]) == {"sub": "alice"}
    assert jwt.decode(token, client.get_signing_key_from_jwt(token.encode()).key, ["RS256"]) == {"sub": "alice"}
    asked = len(endpoint.asked)
    with pytest.raises(jwt.DecodeError):
        client.get_signing_key_from_jwt("no.token")
    assert len(endpoint.asked) == asked
    with pytest.raises(jwt.PyJWKClientError, match="Unable to find a signing key"):
        client.get_signing_key_from_jwt(sign({"alg": "HS256"}, {}, SECRET))


def test_a_server_that_proves_nothing_is_not_believed(endpoint: Endpoint) -> None:
    """Over https, ``ssl_context`` decides; what is no TLS is a connection error."""
    client = jwt.PyJWKClient(
        endpoint.url.replace("http:", "https:"), ssl_context=ssl.create_default_context(), timeout=2
    )
    with pytest.raises(jwt.PyJWKClientConnectionError):
        client.get_jwk_set()


def test_what_can_not_be_meant_is_refused() -> None:
    """Other schemes, and times that are none, are refused before anything is fetched."""
    for arguments in (
        {"uri": "file:///etc/passwd"},
        {"uri": "ftp://a/b"},
        {"uri": "keys.json"},
        {"lifespan": 0},
        {"lifespan": -1},
        {"cooldown_duration": -1},
        {"cooldown_duration": float("nan")},
        {"cooldown_duration": float("inf")},
    ):
        with pytest.raises(jwt.PyJWKClientError):
            jwt.PyJWKClient(**{"uri": "https://login.example/keys", **arguments})  # type: ignore[arg-type]
    assert jwt.PyJWKClient("HTTPS://login.example/keys", lifespan=0, cache_jwk_set=False).jwk_set_cache is None
