"""Paths that need no token: exact, below, and never by a reading that somebody else doesn't share (RFC 3986)."""

from __future__ import annotations

import posixpath
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jwtfast.public_paths import PublicPaths

PUBLIC = PublicPaths(["/healthz", "/docs/*", "/a/b/*", "/caf\xe9"])


@pytest.mark.parametrize(
    "path", ["/healthz", "/docs/", "/docs/x", "/docs/x/y.html", "/docs/a.b/...", "/a/b/c", "/caf\xe9"]
)
def test_public(path: str) -> None:
    """A path is public by its exact text, or by lying below a folder."""
    assert PUBLIC.match(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "healthz",
        "/healthz/",
        "/healthz2",
        "/HEALTHZ",
        "/healthz ",
        "/docs",
        "/docsx",
        "/doc",
        "/x/docs/y",
        "/a/bc",
    ],
)
def test_not_public(path: str) -> None:
    """Whatever else it is, it is not public."""
    assert not PUBLIC.match(path)


AMBIGUOUS = [
    "/docs/..",
    "/docs/../admin",
    "/docs/x/../../admin",
    "/docs/.",
    "/docs/./x",
    "/docs//x",
    "//docs/x",
    "/docs/\\..\\admin",
    "/docs/x;y",
    "/docs/;/../x",
    "/docs/..;/admin",
    "/docs/%2e%2e/admin",
    "/docs/%2fx",
    "/docs/x%",
    "/docs/x?y",
    "/docs/x#y",
    "/docs/\0",
    "/docs/\r\n",
    "/docs/\x7f",
    "/docs/\ufffd",
]


@pytest.mark.parametrize("path", AMBIGUOUS)
def test_ambiguous_paths(path: str) -> None:
    """A path that a proxy, a server or an application might read as another one is not public."""
    assert not PUBLIC.match(path)


AMBIGUOUS_RAW = [
    b"/docs/%2e%2e/admin",
    b"/docs/.%2E/admin",
    b"/docs/..%2fadmin",
    b"/docs%2fx",
    b"/docs/a%2Fb",
    b"/docs/a%5cb",
    b"/docs/a%5Cb",
    b"/docs/a%252fb",
    b"/docs/a%25",
    b"/docs/a%00b",
    b"/docs/a%0ab",
    b"/docs/a%7fb",
    b"/docs/a%3bb",
    b"/docs/a%3Fb",
    b"/docs/a%23b",
    b"/docs/a%",
    b"/docs/a%4",
    b"/docs/a%zz",
    b"/docs/a\\b",
    b"/docs/a;b",
    b"/docs//b",
    b"/docs/./b",
    b"/docs/..",
    b"//docs/b",
    b"http://host/docs/b",
    b"/docs/\xe9",
    b"/docs/ b",
]


@pytest.mark.parametrize("raw", AMBIGUOUS_RAW)
def test_ambiguous_encodings(raw: bytes) -> None:
    """What the request line hides behind a percent-encoding counts, although the decoded path looks harmless."""
    assert PUBLIC.match("/docs/x")
    assert not PUBLIC.match("/docs/x", raw)


@pytest.mark.parametrize(
    "raw", [b"/docs/x", b"/docs/a%20b", b"/docs/caf%C3%A9", b"/docs/x?y=/../%2f", b"/docs/a%7Eb", b"/docs/x.y"]
)
def test_plain_encodings(raw: bytes) -> None:
    """Encodings of other characters, and the query, are nobody's riddle."""
    assert PUBLIC.match(unquote(raw.decode().partition("?")[0]), raw)


@given(st.text(alphabet="/.%25efEF;\\ab?\0\xe9", max_size=12).map(lambda tail: "/docs/" + tail))
@example("/docs/%2e%2e%2fadmin")
def test_no_reading_leads_out(text: str) -> None:
    """Decoded once, twice or not at all, with dot segments removed or kept, a public path stays below its folder."""
    raw = text.encode()
    path = unquote(raw.partition(b"?")[0].decode(), errors="replace")
    if not PUBLIC.match(path, raw):
        return
    for reading in (
        path,
        unquote(path),
        unquote_to_bytes(unquote_to_bytes(raw)).decode(errors="replace"),
        text.partition("?")[0],
    ):
        for cleaned in (reading, reading.replace("\\", "/"), reading.partition(";")[0]):
            assert posixpath.normpath(cleaned + "/x").startswith("/docs/")


@pytest.mark.parametrize(
    "pattern",
    ["", "healthz", "/*", "*", "/docs*", "/d*/x", "/**", "/a/../b", "/a//b", "/a%20b", "/a;b", "//*", "/a/./*"],
)
def test_patterns_that_cannot_be(pattern: str) -> None:
    """A pattern that is no plain absolute path, or that would let in everything, is refused when configured."""
    with pytest.raises(ValueError, match="a public path"):
        PublicPaths([pattern])


@pytest.mark.parametrize("patterns", ["/healthz", [b"/healthz"], [1], [None]])
def test_patterns_of_wrong_types(patterns: Any) -> None:
    """A str is no collection of paths, and a path is a str."""
    with pytest.raises(TypeError):
        PublicPaths(patterns)


def test_none() -> None:
    """Without patterns nothing is public."""
    assert not PublicPaths()
    assert not PublicPaths().match("/")
