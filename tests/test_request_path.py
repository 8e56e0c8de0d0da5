"""How the gateway reads paths, and that a rule holds by everybody's reading (RFC 3986 sections 5.2.4, 6.2.2)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jwtfast.gateway.request_path import UnreadablePathError, read_path
from jwtfast.gateway.rules import AmbiguousRequestError, Rule, RuleBook, host_of

# RFC 3986 sections 5.2.4 and 6.2.2 give most of these.
NORMALISED = [
    ("/", "/"),
    ("/a/b", "/a/b"),
    ("/a/b/", "/a/b/"),
    ("/a/./b/../../g", "/g"),
    ("/a/b/c/./../../g", "/a/g"),
    ("/a/b/.", "/a/b/"),
    ("/a/b/..", "/a/"),
    ("/%7Esmith", "/~smith"),
    ("/%7esmith/%2D%2e%5F", "/~smith/-._"),
    ("/caf%c3%a9", "/caf%C3%A9"),
    ("/a/%2e%2E/b", "/b"),
    ("/...", "/..."),
    ("/.hidden", "/.hidden"),
]
UNREADABLE = [
    "",
    "a",
    "*",
    "/..",
    "/a/../..",
    "/%",
    "/%4",
    "/%zz",
    "/ ",
    "/a b",
    "/\x00",
    "/\x7f",
    "/é",
    "/a#b",
    "http://x/a",
]


@pytest.mark.parametrize(("sent", "normalised"), NORMALISED)
def test_normalised(sent: str, normalised: str) -> None:
    """Unreserved characters are decoded, digits are in upper case, dot segments are resolved."""
    assert read_path(sent.encode()).text == normalised.encode()


@pytest.mark.parametrize("sent", UNREADABLE)
def test_unreadable(sent: str) -> None:
    """What is no absolute path, or climbs above the root, is none."""
    with pytest.raises(UnreadablePathError):
        read_path(sent.encode())


@pytest.mark.parametrize("sent", ["/a%2fb", "/a%5Cb", "/a\\b", "/a;b", "/a//b", "/a/%25/b", "/x%00", "/x%3Fy"])
def test_doubtful(sent: str) -> None:
    """Of a path that not everybody reads alike it is told how far they do."""
    assert read_path(sent.encode()).sure == (b"/a" if sent.startswith("/a/") else b"")


def _merged(path: bytes) -> bytes:
    return re.sub(rb"/+", b"/", path)


def _resolved(path: bytes) -> bytes:
    slash = b"/" if re.search(rb"/\.{0,2}$", path) else b""
    found = b"/" + posixpath.normpath(path).lstrip(b"/")
    return found if found.endswith(b"/") else found + slash


def _without_parameters(path: bytes) -> bytes:
    return re.sub(rb";[^/]*", b"", path)


# Servers and applications as they are: each a chain of what some of them do.
STEPS: list[Callable[[bytes], bytes]] = [
    unquote_to_bytes,
    _merged,
    _resolved,
    _without_parameters,
    lambda path: path.replace(b"\\", b"/"),
    lambda path: path.split(b"\0")[0],
]
PIECES = [
    "/",
    "/",
    "a",
    "open",
    "orders",
    ".",
    "..",
    "%2e",
    "%2F",
    "%5c",
    "\\",
    ";",
    ";x",
    "%25",
    "2e",
    "2f",
    "%00",
    "%3b",
    "x",
]
RULES = [
    Rule("open", None, prefix=b"/open"),
    Rule("exact", None, path=b"/orders/a"),
    Rule("deep", None, prefix=b"/orders/open/x"),
    Rule("orders", None, prefix=b"/orders"),
    Rule("rest", None, prefix=b""),
]


@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=12),
    reading=st.lists(st.sampled_from(STEPS), max_size=6),
)
@example(pieces=["/", "open", "/", "..", "%2F", "orders"], reading=[unquote_to_bytes, _resolved])
@example(pieces=["/", "open", "%25", "2f", "x"], reading=[unquote_to_bytes, unquote_to_bytes])
@example(pieces=["/", "orders", "/", "/", "a"], reading=[_merged])
def test_a_rule_holds_by_everybodys_reading(pieces: list[str], reading: list[Callable[[bytes], bytes]]) -> None:
    """Where a rule is found, whoever decodes, merges, cuts and resolves in whatever order ends up under it too."""
    sent = b"/" + "".join(pieces).encode()
    try:
        found = RuleBook(RULES).find("GET", b"api.example", sent)
    except AmbiguousRequestError:
        return
    read = sent
    for step in reading:
        read = step(read)
    assert found is next(rule for rule in RULES if rule.covers(read))


@given(path=st.from_regex(r"(/[a-z.~%20-9-]{1,5}){1,4}/?", fullmatch=True))
def test_remembered_rules_are_the_same(path: str) -> None:
    """What a rule book remembers of a request changes nothing."""
    book = RuleBook(RULES)

    def found() -> object:
        try:
            return book.find("GET", b"api.example", path.encode())
        except AmbiguousRequestError:
            return "ambiguous"

    assert found() is found()


HOSTS = {"API.Example:8443": "api.example", "a.": "a", "[::1]:80": "[::1]", "127.0.0.1": "127.0.0.1", "a_b.c": "a_b.c"}


@pytest.mark.parametrize(("sent", "host"), HOSTS.items())
def test_hosts(sent: str, host: str) -> None:
    """A host counts in lower case, without port and without the dot at its end (RFC 9110 section 4.2.3)."""
    assert host_of(sent.encode()) == host


@pytest.mark.parametrize("sent", ["", "a b", "a/b", "a@b", "a,b", "a:b", "a:80:80", ".a", "a..b", "é", "a" * 300])
def test_what_is_no_host(sent: str) -> None:
    """What is no host is refused."""
    with pytest.raises(AmbiguousRequestError):
        host_of(sent.encode())
