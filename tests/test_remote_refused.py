"""Keys over HTTP: addresses that may not be asked, and answers that are not believed."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bad_answers import BAD, DRIPS, GOOD, MEGABYTE, certificate, raw_answer, ten_megabytes, without_length
from cryptography.hazmat.primitives.serialization import Encoding
from forge import SECRET
from http_server import HttpServer, jwks, reply
from key_pairs import jwk, private_jwk, private_key, spki, token
from remote_keys import FRESH, code_of, end_cool_down, public, signed

from jwtfast import RemoteKeySet, Verifier, errors


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """Give a server that publishes the key a."""
    with HttpServer(jwks(public("a"), Cache_Control=FRESH)) as server:
        yield server


@pytest.fixture
def keys(server: HttpServer) -> Iterator[RemoteKeySet]:
    """Give a key set of the server that has not fetched anything yet."""
    with RemoteKeySet(server.url, cool_down=60, max_wait=10) as keys:
        yield keys


# ---- addresses ----


@pytest.mark.parametrize(
    "url",
    [
        "https://login.example/jwks",
        "https://login.example:8443/a/b?c=d",
        "http://localhost/jwks",
        "http://localhost:8080",
        "http://127.0.0.1/jwks",
        "http://127.8.9.10/jwks",
        "http://[::1]:8080/jwks",
        "HTTPS://login.example/jwks",
    ],
)
def test_addresses_that_will_do(url: str) -> None:
    """Keys may come over https from anywhere, and over http from this very machine."""
    RemoteKeySet(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/jwks",
        "http://127.0.0.1.evil.example/jwks",
        "http://localhost.evil.example/jwks",
        "http://localhost./jwks",
        "http://2130706433/jwks",
        "http://0.0.0.0/jwks",
        "http://10.0.0.1/jwks",
        "http://[::]/jwks",
        "http://[::ffff:10.0.0.1]/jwks",
    ],
)
def test_plain_http_from_elsewhere(url: str) -> None:
    """Plain http from another machine is refused unless it is allowed in so many words."""
    with pytest.raises(ValueError, match="allow_http=True"):
        RemoteKeySet(url)
    with pytest.raises(ValueError, match="allow_http=True"):
        RemoteKeySet.from_discovery(url)
    RemoteKeySet(url, allow_http=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "login.example/jwks",
        "//login.example/jwks",
        "https:///jwks",
        "https://",
        "https:login.example",
        "file:///etc/jwks.json",
        "ftp://login.example/jwks",
        "data:application/json,{}",
        "https://login.example:0/jwks",
        "https://login.example:99999/jwks",
        "https://login.example/a b",
        "https://login.example/\n",
        "https://l\u00f6gin.example/jwks",
        "https://[::1/jwks",
        "https://user:hush@login.example/jwks",
        "https://user@login.example/jwks",
        "https://login.example/jwks#part",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    """What is no address, has credentials in it, or is of another scheme is refused at once, and not repeated."""
    for build in (RemoteKeySet, RemoteKeySet.from_discovery):
        with pytest.raises(ValueError, match=r"address|leave it out") as caught:
            build(url, allow_http=True)
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize("url", [None, 5, b"https://login.example/jwks"])
def test_addresses_of_another_type(url: Any) -> None:
    """An address is a str."""
    with pytest.raises(TypeError):
        RemoteKeySet(url)


@pytest.mark.parametrize(
    "options",
    [
        {"min_lifetime": 0},
        {"min_lifetime": 60, "max_lifetime": 59},
        {"cool_down": 0},
        {"timeout": 0},
        {"stale_for": -1},
        {"max_wait": float("nan")},
        {"cool_down": float("inf")},
        {"max_bytes": 0},
        {"max_bytes": 1.5},
        {"max_bytes": True},
    ],
)
def test_options_out_of_range(options: Any) -> None:
    """A bound that is no bound is refused at once."""
    with pytest.raises(ValueError, match=r"min_lifetime|number of seconds|max_bytes"):
        RemoteKeySet("https://login.example/jwks", **options)


@pytest.mark.parametrize("options", [{"timeout": "5"}, {"cool_down": None}, {"algorithms": "RS256"}])
def test_options_of_another_type(options: Any) -> None:
    """A bound is a number, and algorithms are a collection."""
    with pytest.raises(TypeError):
        RemoteKeySet("https://login.example/jwks", **options)


# ---- answers ----


@pytest.mark.parametrize("what", BAD)
def test_answers_that_are_no_key_set(server: HttpServer, keys: RemoteKeySet, what: str) -> None:
    """An answer that is no JWK set changes nothing but the status: known keys go on, nothing in it is taken."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    server.answer, reason = BAD[what]
    end_cool_down(keys)
    assert code_of(verifier, signed("b")) == "unknown_key"
    assert keys.refresh() is False
    assert code_of(verifier, signed("a", n=1)) is None
    assert re.search(reason, keys.status().last_error or "")


@pytest.mark.parametrize("what", ["500", "HTML", "10 MB that say so", "cut short"])
def test_a_cold_set_says_why(server: HttpServer, keys: RemoteKeySet, what: str) -> None:
    """Where there are no keys at all, the error says what was wrong with the answer, and is not about the token."""
    server.answer, reason = BAD[what]
    with pytest.raises(errors.KeySetUnavailableError, match=reason) as caught:
        Verifier(keys).verify(signed("b"))
    assert not isinstance(caught.value, errors.InvalidTokenError)


def test_a_long_answer_is_given_up_early(server: HttpServer, keys: RemoteKeySet) -> None:
    """Of ten megabytes that don't say how long they are no more is read than the limit, and some on the way."""
    sent: list[int] = []
    server.answer = ten_megabytes(sent)
    with pytest.raises(errors.KeySetUnavailableError, match="longer than max_bytes"):
        keys.refresh()
    time.sleep(0.05)
    assert sum(sent) < 10 * MEGABYTE


def test_the_longest_document(server: HttpServer) -> None:
    """A document as long as max_bytes is read, and one octet more is too much, said or not."""
    for answer_of in (reply, lambda body: without_length(iter([body]))):
        for excess, good in ((0, True), (1, False)):
            server.answer = answer_of(GOOD + b" " * excess)
            with RemoteKeySet(server.url, max_bytes=len(GOOD), max_wait=10) as keys:
                assert (code_of(Verifier(keys), signed("b")) is None) == good


@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_that_drips(server: HttpServer, what: str) -> None:
    """A server that sends an octet now and then, and never ends, is cut off when the time for the whole is over."""
    head, drop = DRIPS[what]
    server.answer = raw_answer(head, *[drop] * 600, pause=0.05)
    with RemoteKeySet(server.url, timeout=0.4) as keys:
        start = time.monotonic()
        with pytest.raises(errors.KeySetUnavailableError, match=r"took more than 0\.4 s"):
            keys.refresh()
        assert time.monotonic() - start < 5


def test_a_server_that_says_nothing(server: HttpServer) -> None:
    """A server that takes the connection and says nothing is given up."""
    server.answer = server.stall
    with (
        RemoteKeySet(server.url, timeout=0.2) as keys,
        pytest.raises(errors.KeySetUnavailableError, match=r"took more than|in time"),
    ):
        keys.refresh()


def test_nobody_there() -> None:
    """An address at which nobody listens is a failed fetch."""
    with HttpServer(reply(GOOD)) as gone:
        url = gone.url
    with RemoteKeySet(url) as keys, pytest.raises(errors.KeySetUnavailableError, match="ConnectError"):
        keys.refresh()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300])
def test_cve_2026_102267_redirects(server: HttpServer, keys: RemoteKeySet, status: int) -> None:
    """A redirect is not followed: whoever can make the server send one must not choose the keys (CVE-2026-102267)."""
    with HttpServer(reply(GOOD)) as elsewhere:
        for location in (elsewhere.url, "/other", "http://169.254.169.254/latest"):
            server.answer = reply(b"", status, Location=location)
            with pytest.raises(errors.KeySetUnavailableError, match="redirects are not followed"):
                keys.refresh()
        assert elsewhere.count == 0
    assert {path for path, _ in server.requests} == {"/jwks"}


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_no_proxy_to_this_machine(server: HttpServer, keys: RemoteKeySet, name: str, monkeypatch: Any) -> None:
    """What is on this very machine, and so may be plain http, is never asked for by way of a proxy on another."""
    with HttpServer(jwks(public("b"))) as proxy:
        monkeypatch.setenv(name, proxy.origin)
        assert keys.refresh() is True
        assert proxy.count == 0
    assert server.count == 1


def test_a_proxy_to_others(monkeypatch: Any) -> None:
    """What is elsewhere is asked for by way of the environment's proxy."""
    with HttpServer(jwks(public("a"))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        with RemoteKeySet("http://login.example/jwks", allow_http=True) as keys:
            assert keys.refresh() is True
        assert [path for path, _ in proxy.requests] == ["http://login.example/jwks"]


# ---- keys in it ----


def test_shared_secrets_are_never_taken(server: HttpServer, keys: RemoteKeySet) -> None:
    """A secret in a published set is none any more: it is skipped whatever it says, and HMAC tokens are refused."""
    secrets = [jwk(SECRET, kid="s", alg="HS256"), jwk(SECRET, kid="t"), jwk(SECRET, kid="u", alg="ES256")]
    server.answer = jwks(*secrets, public("a"))
    verifier = Verifier(keys)
    assert code_of(verifier, token("HS256", SECRET, {"exp": 2**33}, kid="s")) == "algorithm_not_allowed"
    assert code_of(verifier, signed("a")) is None
    assert [skipped.key_id for skipped in keys.status().skipped] == ["s", "t", "u"]
    assert all("secret" in skipped.reason for skipped in keys.status().skipped)


def test_public_keys_are_no_secrets(keys: RemoteKeySet) -> None:
    """A token that is signed by HMAC with the text of a published key is refused (CVE-2022-29217)."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    private = private_key("P-256", 0)
    for secret in (spki(private), spki(private, Encoding.DER), json.dumps(public("a")).encode(), GOOD):
        for kid in ({"kid": "a"}, {}):
            assert code_of(verifier, token("HS256", secret, {"exp": 2**33}, **kid)) == "algorithm_not_allowed"


@pytest.mark.parametrize("kind", ["P-256", "RSA", "Ed25519"])
def test_published_private_keys_are_skipped(server: HttpServer, keys: RemoteKeySet, kind: str) -> None:
    """A key whose private half is published verifies nothing: anybody can sign with it."""
    server.answer = jwks(private_jwk(private_key(kind, 1), kid="p", alg={"RSA": "RS256"}.get(kind)), public("a"))
    keys.refresh()
    status = keys.status()
    assert status.key_ids == ("a",)
    assert "private half" in status.skipped[0].reason


def test_cve_2025_22149_sets_are_replaced(server: HttpServer, keys: RemoteKeySet) -> None:
    """A new document takes the place of the old one, and is not added to it (CVE-2025-22149)."""
    keys.refresh()
    server.answer = jwks(public("b"))
    keys.refresh()
    assert keys.status().key_ids == ("b",)
    verifier = Verifier(keys)
    assert (code_of(verifier, signed("a")), code_of(verifier, signed("b"))) == ("unknown_key", None)


def test_cve_2026_49998_one_kid_at_two_issuers() -> None:
    """Keys of two sets with one kid are never taken for each other (CVE-2026-49998, CVE-2026-50202)."""
    with (
        HttpServer(jwks(jwk(private_key("P-256", 0), kid="k"))) as first,
        HttpServer(jwks(jwk(private_key("P-256", 1), kid="k"))) as second,
        RemoteKeySet(first.url, max_wait=10) as first_keys,
        RemoteKeySet(second.url, max_wait=10) as second_keys,
    ):
        verifiers = [Verifier(first_keys), Verifier(second_keys)]
        for number, name in enumerate("ab"):
            raw = signed(name, name="k")
            assert [code_of(verifier, raw) for verifier in verifiers][number] is None
            assert [code_of(verifier, raw) for verifier in verifiers][1 - number] == "bad_signature"


def test_headers_name_no_addresses(keys: RemoteKeySet) -> None:
    """What a token says of where its keys are is not believed, and nobody is asked there (RFC 7515 section 4.1.2)."""
    verifier = Verifier(keys)
    verifier.verify(signed("a"))
    with HttpServer(jwks(public("b"))) as elsewhere:
        for name in ("jku", "x5u"):
            raw = token("ES256", private_key("P-256", 1), {"exp": 2**33}, kid="b", **{name: elsewhere.url})
            end_cool_down(keys)
            assert code_of(verifier, raw) == "unknown_key"
        assert elsewhere.count == 0


# ---- TLS ----


def test_https(tmp_path: Path) -> None:
    """Over https the server must be one that is trusted: the system's authorities, or those one names."""
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with HttpServer(jwks(public("a")), context) as server:
        assert server.url.startswith("https://")
        with RemoteKeySet(server.url) as keys, pytest.raises(errors.KeySetUnavailableError, match=r"(?i)certificate"):
            keys.refresh()
        assert server.count == 0
        with RemoteKeySet(server.url, ssl_context=ssl.create_default_context(cafile=str(path))) as keys:
            keys.refresh()
            assert code_of(Verifier(keys), signed("a")) is None
        assert server.count == 1
