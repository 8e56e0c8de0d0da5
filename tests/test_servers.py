"""The adapters behind the servers that they are used with, and what clients, honest or not, may send them as bytes."""

from __future__ import annotations

import importlib.util
import json
import os
import threading
from collections.abc import Iterator

import pytest
from forge import OTHER_SECRET, SECRET, sign
from servers import SERVERS, Answer, ask, exchange, read_answers, request, running

PACKAGES = ("uvicorn", "httptools", "granian", "gunicorn", "fastapi", "flask", "rest_framework", "websockets")
# Those all of whose paths are protected; the others' applications protect one route alone.
MIDDLEWARE = [name for name in SERVERS if "flask" not in name and name != "fastapi"]
IN_2096 = 4_000_000_000
GOOD = sign({"alg": "HS256"}, {"exp": IN_2096, "sub": "alice"}).encode()
FORGED = sign({"alg": "HS256"}, {"exp": IN_2096, "sub": "alice"}, OTHER_SECRET).encode()
OLD = sign({"alg": "HS256"}, {"exp": 1, "sub": "alice"}).encode()
BIG = sign({"alg": "HS256"}, {"exp": IN_2096, "sub": "a" * 48_000}, SECRET).encode()


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[int]:
    """Give the port of each server in turn."""
    if "SANITIZE" in os.environ:
        pytest.skip("servers have native code of their own, which is not what is looked at")
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with running(request.param) as port:
        yield port


def test_a_good_token(server: int) -> None:
    """A request with a good token is answered by the application."""
    answer = ask(server, "/me", b"Authorization: Bearer " + GOOD)
    assert (answer.status, answer.body) == (200, b"alice")


# Each line is sent as it stands here, and answered with one of the statuses; 200 is for whom the token is about.
ACCEPTED = [
    b"authorization: bearer %s",
    b"AUTHORIZATION: BEARER %s",
    b"Authorization:bEaReR %s",
    b"Authorization:    Bearer    %s",
    b"Authorization: Bearer %s   \t ",
]


@pytest.mark.parametrize("line", ACCEPTED)
def test_other_spellings(server: int, line: bytes) -> None:
    """Names of headers and schemes are in any case, spaces round a value are none of it (RFC 9110 5.1, 5.5, 11.1)."""
    answer = ask(server, "/me", line % GOOD)
    assert (answer.status, answer.body) == (200, b"alice")


# The statuses that are right; where a server has refused the request itself, 400 or 431.
BAD: list[tuple[list[bytes], set[int]]] = [
    ([], {401}),
    ([b"Authorization:"], {401}),
    ([b"Authorization: Basic eA=="], {401}),
    ([b"Authorization: " + GOOD], {401}),
    ([b"Authorization: Bearer%20" + GOOD], {401}),
    ([b"Authorization: Bearer:" + GOOD], {401}),
    ([b"Authorization: Bearer\t" + GOOD], {401}),
    ([b"X-Authorization: Bearer " + GOOD], {401}),
    ([b"Authorization: Bearer " + FORGED], {401}),
    ([b"Authorization: Bearer " + OLD], {401}),
    ([b"Authorization: Bearer " + GOOD.replace(b".", b"%2E")], {401}),
    ([b"Authorization: Bearer " + GOOD + b"%20"], {401}),
    ([b"Authorization: Bearer"], {400}),
    ([b"Authorization: Bearer      "], {400}),
    ([b"Authorization: Bearer " + GOOD + b" x"], {400}),
    ([b"Authorization: Bearer " + GOOD + b"," + GOOD], {400}),
    ([b"Authorization: Bearer " + GOOD + b", Bearer " + GOOD], {400}),
    ([b"Authorization: Bearer " + GOOD + b",Basic eA=="], {400}),
    # Granian leaves out headers that are not ASCII.
    ([b"Authorization: Bearer " + GOOD + b"\xe9"], {400, 401}),
    ([b"Authorization: Bearer " + GOOD + "\u20ac".encode()], {400, 401}),
    ([b"Authorization: Bearer \xff\xfe\xfd"], {400, 401}),
    ([b"Authorization: B\xe9arer " + GOOD], {400, 401}),
    ([b"Authorization: Bearer " + GOOD + b"\0"], {400}),
    ([b"Authorization: Bearer " + GOOD] * 2, {400}),
    ([b"Authorization: Bearer " + GOOD, b"Authorization: Bearer " + FORGED], {400}),
    ([b"Authorization: Bearer " + FORGED, b"authorization: Bearer " + GOOD], {400}),
    ([b"Authorization: Bearer " + GOOD, b"Authorization: Basic eA=="], {400}),
    ([b"Authorization: Basic eA==", b"Authorization: Bearer " + GOOD], {400, 401}),
    ([b"Authorization: Bearer " + GOOD[:40] + b"\r\n " + GOOD[40:]], {400}),
    ([b"Authorization: Bearer " + GOOD + b"\r\n " + GOOD], {400}),
    ([b"Authorization: Bearer " + GOOD + b"\r\n\t,x"], {400}),
    ([b"Authorization: Basic eA==\r\n Bearer " + GOOD], {400, 401}),
    ([b"Authorization : Bearer " + GOOD], {400, 401}),
    ([b"Authorization: Bearer " + BIG], {400, 401, 431}),
    ([b"Authorization: " + b"Bearer " * 9362], {400, 431}),
    ([b"Authorization: Bearer " + b" " * 65536 + b"x"], {400, 401, 431}),
    ([b"Cookie: token=" + GOOD + b"; token=" + GOOD], {400}),
    ([b"Cookie: token=" + GOOD, b"Authorization: Bearer " + GOOD], {400}),
    ([b"Cookie: token=" + GOOD + b"%00"], {401}),
    ([b'Cookie: token="' + GOOD + b'"'], {400}),
]


@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_input(server: int, case: int) -> None:
    """What is not exactly one good token is refused, by the server or by the adapter, and nothing of it is told."""
    lines, statuses = BAD[case]
    received = exchange(server, request("/me", *lines))
    for secret in (GOOD, FORGED, OLD, BIG[:200], b"alice"):
        assert secret not in received
    if not received and statuses & {431}:
        return  # closed while the header was still coming
    (answer,) = read_answers(received, ["GET"])
    assert answer.status in statuses
    if answer.status == 401:
        check_refusal(answer)


def check_refusal(answer: Answer) -> None:
    """Hold an answer to the standards: a challenge (RFC 6750 section 3) and problem details (RFC 9457)."""
    assert answer.headers["www-authenticate"].startswith('Bearer realm="api"')
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["status"] == answer.status


def test_a_header_that_is_folded_behind_the_scheme(server: int) -> None:
    """A folded header is refused, or the server puts a space for the fold, and then it is one (RFC 9112 5.2)."""
    answer = ask(server, "/me", b"Authorization: Bearer\r\n " + GOOD)
    assert (answer.status, answer.body) == (200, b"alice") or answer.status in {400, 401}


def test_plain_text(server: int) -> None:
    """Who prefers text is answered in text."""
    answer = ask(server, "/me", b"Accept: text/plain")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body == b"The request carries no bearer token.\n"


def test_the_connection_goes_on(server: int) -> None:
    """A refused request leaves the connection as it was: the requests behind it are answered, each in its turn."""
    bearer = b"Authorization: Bearer " + GOOD
    sent = [
        request("/me", method="HEAD", close=False),
        request("/me", close=False),
        request("/me", bearer, close=False),
        request("/me", b"Authorization: Bearer", close=False),
        request("/me", bearer),
    ]
    received = exchange(server, b"".join(sent))
    if received.startswith(b"HTTP/1.0") or b"onnection: close" in received.partition(b"\r\n\r\n")[0]:
        return  # a server that keeps no connections
    answers = read_answers(received, ["HEAD", "GET", "GET", "GET", "GET"])
    assert [answer.status for answer in answers] == [401, 401, 200, 400, 200]


def test_a_body_that_nobody_reads(server: int) -> None:
    """A refused request's body is never taken for the next request."""
    smuggled = request("/me", b"Authorization: Bearer " + GOOD)
    length = b"Content-Length: %d" % len(smuggled)
    received = exchange(server, request("/me", length, method="POST") + smuggled)
    assert received.startswith((b"HTTP/1.1 401", b"HTTP/1.0 401"))
    assert b"alice" not in received


def test_cookies(server: int) -> None:
    """A token in a cookie is good for GET, and for POST with the second cookie's value in the header."""
    cookie = b"Cookie: a=b; token=" + GOOD + b"; csrf=v"
    assert ask(server, "/me", cookie).body == b"alice"
    nothing = b"Content-Length: 0"
    assert ask(server, "/me", cookie, nothing, method="POST").status == 403
    assert ask(server, "/me", cookie, nothing, b"X-CSRF-Token: w", method="POST").status == 403
    assert ask(server, "/me", cookie, nothing, b"X-CSRF-Token: v", method="POST").status in {200, 405}


PUBLIC = ["/open", "/docs/a", "/docs/a/b.html", "/open?x=/../y", "/docs/a%20b", "/docs/caf%C3%A9", "/docs/..."]
NOT_PUBLIC = [
    "/opens",
    "/open/",
    "/OPEN",
    "//open",
    "/./open",
    "/open/../me",
    "/open/%2e%2e/me",
    "/docs",
    "/docs/..",
    "/docs/../me",
    "/docs/%2e%2e/me",
    "/docs/%2E%2E/me",
    "/docs/..%2fme",
    "/docs/..%2Fme",
    "/docs/..%5cme",
    "/docs/..\\me",
    "/docs//a",
    "/docs/;/me",
    "/docs/%2e%2e;/me",
    "/docs/%252e%252e/me",
    "/docs/%00",
    "/docs/%ff",
    "/docs/%c0%ae%c0%ae/me",
    "/docs/%zz",
    "/%64ocs/%2e%2e/me",
    "http://api.example/docs/../me",
]


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("server", MIDDLEWARE, indirect=True)
def test_public_paths(server: int, path: str) -> None:
    """A public path needs no token, and the one that comes along is not looked at."""
    for lines in ([], [b"Authorization: Bearer x"], [b"Authorization: Bearer " + GOOD]):
        answer = ask(server, path, *lines)
        assert (answer.status, answer.body) in {(200, b"nobody"), (200, b"None")}


@pytest.mark.parametrize("path", NOT_PUBLIC)
@pytest.mark.parametrize("server", MIDDLEWARE, indirect=True)
def test_paths_that_are_not_public(request: pytest.FixtureRequest, server: int, path: str) -> None:
    """A path that somebody could read as another one needs a token, or is refused by the server."""
    answer = ask(server, path)
    if path == "//open" and request.node.callspec.params["server"] == "django":
        # The standard library's server joins the slashes before anybody sees them.
        assert (answer.status, answer.body) == (200, b"None")
    else:
        assert answer.status in {400, 401}


@pytest.mark.parametrize("server", ["uvicorn-httptools", "uvicorn-h11", "granian-asgi", "gunicorn-asgi"], indirect=True)
def test_websockets(server: int) -> None:
    """A WebSocket is opened with a good token, and refused before it is open without one, by the status or by 403."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus  # noqa: PLC0415
    from websockets.sync.client import connect  # noqa: PLC0415

    address = f"ws://127.0.0.1:{server}/me"
    cookie = {"Cookie": f"token={GOOD.decode()}"}
    good: list[dict[str, str]] = [
        {"Authorization": f"Bearer {GOOD.decode()}"},
        cookie | {"Origin": "https://app.example"},
    ]
    bad: list[tuple[dict[str, str], set[int]]] = [
        ({}, {401, 403}),
        ({"Authorization": f"Bearer {FORGED.decode()}"}, {401, 403}),
        ({"Authorization": "Bearer"}, {400, 403}),
        (cookie, {403}),
        (cookie | {"Origin": "https://evil.example"}, {403}),
    ]
    for headers in good:
        with connect(address, additional_headers=headers, open_timeout=10, proxy=None) as socket:
            assert socket.recv(10) == "alice"
    for headers, statuses in bad:
        with pytest.raises(InvalidHandshake) as caught, connect(address, additional_headers=headers, proxy=None):
            pass
        assert isinstance(caught.value, InvalidStatus)
        assert caught.value.response.status_code in statuses


def test_many_at_once(server: int) -> None:
    """Requests at the same time each get the answer to their own token."""
    wrong: list[object] = []

    def work(number: int) -> None:
        name = f"user-{number}".encode()
        raw = sign({"alg": "HS256"}, {"exp": IN_2096, "sub": name.decode()}).encode()
        for _ in range(5):
            answer = ask(server, "/me", b"Authorization: Bearer " + raw)
            if answer.body != name:
                wrong.append(answer)
            if ask(server, "/me", b"Authorization: Bearer " + FORGED).status != 401:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
