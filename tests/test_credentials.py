"""Where a request's token is read: the Authorization header and cookies (RFC 6750 section 2, RFC 6265)."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import pytest
from forge import good
from hypothesis import given
from hypothesis import strategies as st

from jwtfast import errors
from jwtfast._native import read_authorization
from jwtfast.credentials import AuthorizationHeader, Cookie, Credentials, read_token

HEADER = AuthorizationHeader()
COOKIE = Cookie("token", csrf_cookie="csrf", origins=["https://app.example"])
BOTH: list[Credentials] = [HEADER, COOKIE]
RAW = good().encode()
BEARER = (b"authorization", b"Bearer " + RAW)
TOKEN_COOKIE = (b"cookie", b"token=" + RAW)


def read(*headers: tuple[bytes, bytes], method: str | None = "GET") -> bytes | None:
    """Read the token of a request that may carry it in either place; None: it carries none."""
    return read_token(BOTH, headers, method)


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER ", b"bEARER ", b"Bearer    "])
def test_a_bearer_token(scheme: bytes) -> None:
    """The scheme is there in any case, with one or more spaces behind it (RFC 9110 sections 11.1, 11.4)."""
    assert read((b"host", b"x"), (b"authorization", scheme + RAW), (b"accept", b"*/*")) == RAW
    assert read((b"authorization", b" \t " + scheme + RAW + b" \t")) == RAW


BAD_SYNTAX = [
    b"Bearer",
    b"Bearer ",
    b"Bearer     ",
    b"Bearer " + RAW + b" " + RAW,
    b"Bearer " + RAW + b"," + RAW,
    b"Bearer " + RAW + b", Bearer " + RAW,
    b"Bearer " + RAW + b",Basic eA==",
    b"Bearer \t" + RAW,
    b"Bearer \r\n " + RAW,
    b"Bearer " + RAW + b"\n",
    b"Bearer " + RAW + b"\0",
    b"Bearer " + RAW + b"\xe9",
    b"Bearer " + RAW + b"\xff\xfe",
]


@pytest.mark.parametrize("value", BAD_SYNTAX)
def test_broken_syntax(value: bytes) -> None:
    """What names the scheme and is anything but one token is an invalid request, not a missing token."""
    with pytest.raises(errors.InvalidRequestError):
        read((b"authorization", value))


@pytest.mark.parametrize(
    "value", [b"", b" ", b"Basic eA==", b"Basic eA==,Bearer " + RAW, b"Bearer\t" + RAW, RAW, b"\xffearer " + RAW]
)
def test_another_scheme(value: bytes) -> None:
    """A header of another scheme has no bearer token; a token in another place is still read."""
    assert read((b"authorization", value)) is None
    assert read((b"authorization", value), TOKEN_COOKIE) == RAW


@pytest.mark.parametrize("second", [BEARER, (b"authorization", b"Basic eA=="), (b"authorization", b"")])
def test_two_authorization_headers(second: tuple[bytes, bytes]) -> None:
    """Of two Authorization headers none is picked, whatever they say, even if they are the same."""
    for headers in ((BEARER, second), (second, BEARER), (second, second)):
        with pytest.raises(errors.InvalidRequestError):
            read(*headers)


def test_no_token_at_all() -> None:
    """Without either header the token is missing."""
    for headers in ([], [(b"host", b"x")], [(b"cookie", b"other=1")], [(b"authorizatio", b"Bearer x")]):
        assert read(*headers) is None


def test_two_places() -> None:
    """A token in the header and one in a cookie are an invalid request, even if they are the same (RFC 6750 2)."""
    with pytest.raises(errors.InvalidRequestError):
        read(BEARER, TOKEN_COOKIE)


@pytest.mark.parametrize("cookie", [b"token=%s", b"a=b; token=%s", b"token=%s; a=b", b"tokens=x; token=%s; xtoken=y"])
def test_a_cookie(cookie: bytes) -> None:
    """The cookie of the exact name is read, wherever it stands, also where HTTP/2 split the header (RFC 9113 8.2.3)."""
    assert read((b"cookie", cookie % RAW)) == RAW
    assert read((b"cookie", b"a=b"), (b"cookie", cookie % RAW), (b"cookie", b"c=d")) == RAW


@pytest.mark.parametrize(
    "cookie",
    [
        b"token=%s; token=%s" % (RAW, RAW),
        b"token=%s; token=" % RAW,
        b"token=",
        b'token="%s"' % RAW,
        b"token=%s x" % RAW,
        b"token=a,b",
        b"token=%s\xe9" % RAW,
        b"token=\t%s" % RAW,
    ],
)
def test_bad_cookies(cookie: bytes) -> None:
    """Two cookies of the name, and values that no cookie may have, are an invalid request (RFC 6265 section 4.1.1)."""
    with pytest.raises(errors.InvalidRequestError):
        read((b"cookie", cookie))


def test_two_cookie_headers_with_one_name() -> None:
    """A second cookie of the name in another Cookie header is a second cookie all the same."""
    with pytest.raises(errors.InvalidRequestError):
        read(TOKEN_COOKIE, TOKEN_COOKIE)


@pytest.mark.parametrize("cookie", [b"Token=x", b"token", b"xtoken=y", b"token2=y", b"a=token=z", b"a=b,token=x"])
def test_other_cookies(cookie: bytes) -> None:
    """Cookies of other names hold no token: names are told apart by case, and only a semicolon ends a cookie."""
    assert read((b"cookie", cookie)) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_safe_methods_need_no_proof(method: str) -> None:
    """A request that changes nothing may come from anywhere (RFC 9110 section 9.2.1)."""
    assert read(TOKEN_COOKIE, method=method) == RAW


UNPROVEN: list[list[tuple[bytes, bytes]]] = [
    [TOKEN_COOKIE],
    [TOKEN_COOKIE, (b"x-csrf-token", b"v")],
    [TOKEN_COOKIE, (b"cookie", b"csrf=v")],
    [TOKEN_COOKIE, (b"cookie", b"csrf=v"), (b"x-csrf-token", b"w")],
    [TOKEN_COOKIE, (b"cookie", b"csrf=v"), (b"x-csrf-token", b"V")],
    [TOKEN_COOKIE, (b"cookie", b"csrf=v"), (b"x-csrf-token", b"")],
    [TOKEN_COOKIE, (b"cookie", b"csrf=v"), (b"x-csrf-token", b"v"), (b"x-csrf-token", b"v")],
    [TOKEN_COOKIE, (b"cookie", b"csrf=v"), (b"x-csrf-token", b"v, v")],
    [TOKEN_COOKIE, (b"cookie", b"csrf=v"), (b"x-xsrf-token", b"v")],
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "get", "QUERY", "", "websocket"])
def test_double_submit(method: str) -> None:
    """A request that may change something must repeat the second cookie's value in the header, exactly and once."""
    assert read(TOKEN_COOKIE, (b"cookie", b"csrf=v"), (b"x-csrf-token", b"v"), method=method) == RAW
    for headers in UNPROVEN:
        with pytest.raises(errors.CrossSiteRequestError):
            read(*headers, method=method)


@pytest.mark.parametrize("cookies", [b"csrf=", b"csrf=v; csrf=v", b'csrf="v"'])
def test_an_empty_value_proves_nothing(cookies: bytes) -> None:
    """A second cookie that is empty, or there twice, can't be repeated."""
    for sent in (b"", b"v", b'"v"'):
        with pytest.raises(errors.InvalidTokenError):
            read(TOKEN_COOKIE, (b"cookie", cookies), (b"x-csrf-token", sent), method="POST")


def test_the_header_needs_no_proof() -> None:
    """A browser adds no Authorization header on its own, so a token in it needs no second value."""
    assert read(BEARER, method="POST") == RAW
    assert read(BEARER, method=None) == RAW


def test_websockets_by_origin() -> None:
    """A WebSocket with its token in a cookie is opened for pages of the origins that were named, and for no others."""
    assert read(TOKEN_COOKIE, (b"origin", b"https://app.example"), method=None) == RAW
    wrong = [b"https://app.example.evil", b"http://app.example", b"https://app.example:444", b"null", b"", b"https://x"]
    for origins in ([], *([one] for one in wrong), [b"https://app.example"] * 2):
        with pytest.raises(errors.CrossSiteRequestError):
            read(TOKEN_COOKIE, *((b"origin", one) for one in origins), method=None)
    proof = ((b"cookie", b"csrf=v"), (b"x-csrf-token", b"v"))
    with pytest.raises(errors.CrossSiteRequestError):
        read(TOKEN_COOKIE, *proof, method=None)


@pytest.mark.parametrize(
    ("arguments", "options", "kind"),
    [
        (("",), {}, ValueError),
        (("a b",), {}, ValueError),
        (("a;b",), {}, ValueError),
        (("a",), {"csrf_cookie": "a"}, ValueError),
        (("a",), {"csrf_header": "x:y"}, ValueError),
        (("a",), {"origins": "https://app.example"}, TypeError),
        (("a",), {"origins": ["https://app.example/"]}, ValueError),
        (("a",), {"origins": ["https://APP.example"]}, ValueError),
        (("a",), {"origins": ["https://*.example"]}, ValueError),
        (("a",), {"origins": ["app.example"]}, ValueError),
    ],
)
def test_cookies_that_cannot_be(arguments: tuple[Any, ...], options: dict[str, Any], kind: type[Exception]) -> None:
    """A name or an origin that no request could ever have is refused when it is configured."""
    with pytest.raises(kind):
        Cookie(*arguments, **options)


def test_cookies_to_set() -> None:
    """By the standard library's reading a login sets the token and a fresh value; who sends both back is let in."""
    place = Cookie()
    jars: list[SimpleCookie] = []
    for _ in range(2):
        jar = SimpleCookie()
        for value in place.set_cookies(RAW.decode(), 900):
            jar.load(value)
        jars.append(jar)
        token, csrf = jar["__Host-token"], jar["__Host-csrf"]
        assert token.value == RAW.decode()
        assert token["httponly"]
        assert not csrf["httponly"]
        for morsel in (token, csrf):
            assert (morsel["secure"], morsel["path"], morsel["domain"]) == (True, "/", "")
            assert (morsel["max-age"], morsel["samesite"]) == ("900", "Lax")
        sent = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items()).encode()
        headers = [(b"cookie", sent), (b"x-csrf-token", csrf.value.encode())]
        assert read_token([place], headers, "POST") == RAW
    assert jars[0]["__Host-csrf"].value != jars[1]["__Host-csrf"].value
    for value in place.delete_cookies():
        jar = SimpleCookie(value)
        assert [(morsel.value, morsel["max-age"], morsel["path"]) for morsel in jar.values()] == [("", "0", "/")]


@pytest.mark.parametrize("raw", ["", "a;b", "a b", "a,b", 'a"b', "a\\b", "\xe9", "a\r\nSet-Cookie: b=c"])
def test_what_cannot_be_a_cookie(raw: str) -> None:
    """A token that would end its cookie, or its header, makes none."""
    with pytest.raises(ValueError, match="a token in a cookie"):
        COOKIE.set_cookies(raw, 900)


@given(st.lists(st.tuples(st.sampled_from([b"authorization", b"cookie", b"x-csrf-token", b"origin"]), st.binary())))
def test_any_headers(headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever a request's headers hold, a token is read or the request is refused, with nothing of it in the words."""
    for method in ("GET", "POST", None):
        try:
            assert isinstance(read_token(BOTH, headers, method), bytes | None)
        except errors.InvalidTokenError as error:
            assert all(len(value) < 8 or value.decode("latin-1") not in str(error) for _, value in headers)  # noqa: PT017


@pytest.mark.parametrize("headers", [[(b"authorization", "Bearer x")], [(b"a",)], [1], None, [(b"a", b"b", b"c")]])
def test_headers_of_wrong_types(headers: Any) -> None:
    """Header fields that are no pairs of bytes are the server's or the program's error."""
    with pytest.raises((TypeError, ValueError)):
        read_authorization(headers)
