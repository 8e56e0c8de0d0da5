"""Finding an issuer's keys by its metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from http_server import Answer, HttpServer, jwks, reply
from remote_keys import FRESH, code_of, public, signed

from jwtfast import RemoteKeySet, Verifier, errors

OIDC = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """Give a server that publishes the key a at /jwks, and has nothing elsewhere."""
    with HttpServer(reply(b"nothing here", 404)) as server:
        server.pages["/jwks"] = jwks(public("a"), Cache_Control=FRESH)
        yield server


def metadata(issuer: Any, jwks_uri: Any, **members: Any) -> Answer:
    """Answer with an issuer's metadata."""
    return reply(json.dumps({"issuer": issuer, "jwks_uri": jwks_uri, **members}).encode())


def paths(server: HttpServer) -> list[str]:
    """Give what was asked for, in order."""
    return [path for path, _ in server.requests]


@pytest.mark.parametrize("path", ["", "/", "/tenant", "/tenant/", "/a/b"])
def test_openid_connect(server: HttpServer, path: str) -> None:
    """OpenID Connect's metadata stand behind the issuer's path, whether or not that ends with a slash."""
    issuer = server.origin + path
    server.pages[path.rstrip("/") + OIDC] = metadata(issuer, server.url)
    with RemoteKeySet.from_discovery(issuer, max_wait=10) as keys:
        assert server.count == 0
        assert code_of(Verifier(keys, issuer=issuer), signed("a", iss=issuer)) is None
    assert paths(server) == [path.rstrip("/") + OIDC, "/jwks"]


@pytest.mark.parametrize("path", ["", "/tenant", "/a/b"])
@pytest.mark.parametrize("status", [404, 400, 403, 410])
def test_oauth_metadata(server: HttpServer, path: str, status: int) -> None:
    """Where there are none, RFC 8414's are looked for, which stand between the issuer's host and its path."""
    issuer = server.origin + path
    server.answer = reply(b"", status)
    server.pages[OAUTH + path] = metadata(issuer, server.url)
    with RemoteKeySet.from_discovery(issuer) as keys:
        assert keys.refresh() is True
    assert paths(server) == [path + OIDC, OAUTH + path, "/jwks"]


@pytest.mark.parametrize(
    "other", ["{}/", "{}/tenant", "https://login.example", "{} ", "", None, 5, ["{}"], "HTTP{}"], ids=str
)
def test_the_issuer_must_be_the_one_asked_for(server: HttpServer, other: Any) -> None:
    """Metadata of any other issuer are refused, a slash more included, and no keys are asked for (RFC 8414 3.3)."""
    named = other.format(server.origin) if isinstance(other, str) else other
    server.pages[OIDC] = metadata(named, server.url)
    with (
        RemoteKeySet.from_discovery(server.origin) as keys,
        pytest.raises(errors.KeySetUnavailableError, match="not exactly the one asked for"),
    ):
        keys.refresh()
    assert paths(server) == [OIDC]


def test_no_metadata(server: HttpServer) -> None:
    """An issuer without metadata is a failed fetch that says so."""
    with (
        RemoteKeySet.from_discovery(server.origin) as keys,
        pytest.raises(errors.KeySetUnavailableError, match="the issuer's metadata: it answered 404"),
    ):
        keys.refresh()
    assert paths(server) == [OIDC, OAUTH]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(b"", 500), "it answered 500"),
        (reply(b"", 302, Location="/"), "redirects are not followed"),
        (reply(b"<html>"), "HTML"),
        (reply(b"[]"), "metadata of an issuer"),
        (reply(b" " * 2**20), "longer than max_bytes"),
    ],
)
def test_metadata_that_are_none(server: HttpServer, answer: Answer, reason: str) -> None:
    """Metadata are believed as little as keys; where there is something wrong with them, no others are looked for."""
    server.pages[OIDC] = answer
    with (
        RemoteKeySet.from_discovery(server.origin) as keys,
        pytest.raises(errors.KeySetUnavailableError, match=reason),
    ):
        keys.refresh()
    assert paths(server) == [OIDC]


@pytest.mark.parametrize(
    "uri", [None, 5, "", "/jwks", "http://login.example/jwks", "file:///etc/passwd", "https://u:p@login.example/jwks"]
)
def test_addresses_in_metadata(server: HttpServer, uri: Any) -> None:
    """The address of the keys is held to the same rules as one that is configured."""
    server.pages[OIDC] = metadata(server.origin, uri)
    with (
        RemoteKeySet.from_discovery(server.origin) as keys,
        pytest.raises(errors.KeySetUnavailableError, match="jwks_uri"),
    ):
        keys.refresh()
    assert paths(server) == [OIDC]


def test_issuers_with_a_query() -> None:
    """An issuer identifier has neither query nor fragment (RFC 8414 section 2)."""
    for issuer in ("https://login.example?a=b", "https://login.example/?", "https://login.example#x"):
        with pytest.raises(ValueError, match=r"no query|leave it out"):
            RemoteKeySet.from_discovery(issuer)


def test_metadata_are_kept_and_found_anew(server: HttpServer) -> None:
    """The address is found once for many fetches, and anew after a failure, as it may have moved."""
    server.pages[OIDC] = metadata(server.origin, server.url)
    with RemoteKeySet.from_discovery(server.origin) as keys:
        keys.refresh()
        keys.refresh()
        assert paths(server) == [OIDC, "/jwks", "/jwks"]
        server.pages["/moved"] = jwks(public("b"))
        del server.pages["/jwks"]
        server.pages[OIDC] = metadata(server.origin, f"{server.origin}/moved")
        assert keys.refresh() is False
        assert keys.status().key_ids == ("a",)
        assert keys.refresh() is True
        assert paths(server)[3:] == ["/jwks", OIDC, "/moved"]
        assert keys.status().key_ids == ("b",)


def test_validators_belong_to_an_address(server: HttpServer) -> None:
    """The validator of a document at one address is not sent to another."""
    server.pages[OIDC] = metadata(server.origin, server.url)
    server.pages["/jwks"] = jwks(public("a"), ETag='"one"')
    with RemoteKeySet.from_discovery(server.origin) as keys:
        keys.refresh()
        server.pages[OIDC] = metadata(server.origin, f"{server.origin}/moved")
        server.pages["/moved"] = jwks(public("b"))
        assert keys._discovery is not None
        keys._discovery.forget()
        keys.refresh()
    assert [sent["If-None-Match"] for _, sent in server.requests] == [None] * 4


def test_metadata_that_stall(server: HttpServer) -> None:
    """The time for the whole holds for metadata and keys together."""
    server.pages[OIDC] = server.stall
    with RemoteKeySet.from_discovery(server.origin, timeout=0.2) as keys:
        start = time.monotonic()
        with pytest.raises(errors.KeySetUnavailableError, match=r"took more than|in time"):
            keys.refresh()
        assert time.monotonic() - start < 5


def test_options_hold(server: HttpServer) -> None:
    """The options of a key set are those of one that is found."""
    server.pages[OIDC] = metadata(server.origin, server.url)
    with RemoteKeySet.from_discovery(server.origin, headers={"X-Api-Key": "k"}, max_bytes=60) as keys:
        with pytest.raises(errors.KeySetUnavailableError, match=r"longer than max_bytes \(60\)"):
            keys.refresh()
        assert server.requests[0][1]["X-Api-Key"] == "k"
    with pytest.raises(TypeError):
        RemoteKeySet.from_discovery(server.origin, unheard_of=1)  # type: ignore[call-arg]
