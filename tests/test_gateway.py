"""The real gateway, asked over sockets: what it allows, what it refuses, and what no input makes it do."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from gateway_service import (
    AUDIENCE,
    SECRET,
    Service,
    about,
    bearer,
    need_gateway,
    serving,
    token,
    until,
)
from http_server import HttpServer, jwks, reply
from key_pairs import jwk, private_key
from key_pairs import token as signed
from servers import exchange, free_port, read_answers, request

import jwtfast

CONFIGURATION_OF_ONE = """
[server]
listen = "127.0.0.1:{port}"
workers = {workers}

[proxy]
trusted = ["127.0.0.1"]
original_request = "{original_request}"
statuses = "401-403"

[[issuers]]
name = "login"
issuer = "https://login.example"
audience = "https://api.example"
KEYS

[forward]
X-User = "sub"

[[rules]]
name = "open"
prefix = "/open"
access = "public"

[[rules]]
prefix = "/"

[log]
decisions = "all"
{more}
"""
SECRET_KEY = """
[[issuers.keys]]
secret_env = "GATEWAY_SECRET"
algorithm = "HS256"
"""
KEYS_URL = 'jwks_url = "{url}"\nmax_wait = 5\ncool_down = 0.1'


def of_one(keys: str = SECRET_KEY) -> str:
    """Give the configuration with one issuer, whose keys are there."""
    return CONFIGURATION_OF_ONE.replace("KEYS", keys)


READ = {"scope": "orders:read"}
FORGED = token("another secret, which is long enough too")
EMPTY = {"x-user": "", "x-scope": "", "x-roles": ""}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run one gateway for all tests that leave it as it was."""
    with serving(tmp_path_factory.mktemp("gateway")) as service:
        yield service


def forwarded(answer: object) -> dict[str, str]:
    """Give the headers that are to be handed on."""
    headers: dict[str, str] = answer.headers  # type: ignore[attr-defined]
    return {name: headers[name] for name in EMPTY}


def test_a_good_token_is_allowed_and_its_claims_are_answered(gateway: Service) -> None:
    """Who has what the rule asks for is allowed, and each configured claim is in its header."""
    answer = gateway.ask("/orders/7?x=1", bearer(**READ, realm={"roles": ["a", "b"]}))
    assert (answer.status, answer.body) == (200, b"")
    roles = base64.urlsafe_b64encode(b'["a","b"]').rstrip(b"=").decode()
    assert forwarded(answer) == {"x-user": "alice", "x-scope": "orders:read", "x-roles": roles}


RULES = [
    ("/orders", {"method": "GET"}, READ, "200"),
    ("/orders/1", {"method": "HEAD"}, READ, "200"),
    ("/orders/1", {"method": "POST"}, READ, "403 insufficient_scope"),
    ("/orders/1", {"method": "POST"}, {"scope": "orders:write"}, "200"),
    ("/ordersx", {}, {}, "200"),
    ("/else", {}, {}, "200"),
    ("/else", {"host": "API.example:443"}, {}, "200"),
    ("/else", {"host": "api.example."}, {}, "200"),
    ("/else", {"host": "other.example"}, {}, "403 no_rule"),
    ("/else", {"host": "a.partner.example"}, {}, "403 insufficient_scope"),
    ("/else", {"host": "evilpartner.example"}, {}, "403 no_rule"),
    ("/else", {"host": "api.example/x"}, {}, "400 ambiguous_request"),
    ("/else", {"host": "api.example, other.example"}, {}, "400 ambiguous_request"),
    ("/else", {"host": ""}, {}, "400 ambiguous_request"),
    ("/else", {"method": "get"}, {}, "400 untold_request"),
    ("/else", {"method": "G T"}, {}, "400 untold_request"),
]


@pytest.mark.parametrize(("path", "told", "claims", "code"), RULES)
def test_rules(gateway: Service, path: str, told: dict[str, str], claims: dict[str, str], code: str) -> None:
    """The first rule for the request's host, method and path decides; without one it is refused."""
    assert gateway.code(path, bearer(**claims), **told) == code


def test_issuers(gateway: Service) -> None:
    """A rule for one issuer refuses another's tokens, and asks for the claims that it names."""
    partner = {"iss": "https://partner.example", "tier": "gold"}
    secret = SECRET[::-1]
    assert gateway.code("/", bearer(token(secret, **partner)), host="a.partner.example") == "200"
    bronze = bearer(token(secret, **partner | {"tier": "bronze"}))
    assert gateway.code("/", bronze, host="a.partner.example") == "403 insufficient_scope"
    # Signed by one issuer's key, in the name of another.
    assert gateway.code("/", bearer(token(**partner)), host="a.partner.example") == "401 bad_signature"
    assert gateway.code("/", bearer(token(iss="https://evil.example"))) == "401 wrong_issuer"


def test_no_token(gateway: Service) -> None:
    """Public paths need none and hand on nothing; an optional one may be left out, a bad one never is overlooked."""
    for lines in ([], [bearer(**READ)], [bearer(FORGED)]):
        answer = gateway.ask("/open/a", *lines)
        assert (answer.status, forwarded(answer)) == (200, EMPTY)
    answer = gateway.ask("/greeting")
    assert (answer.status, forwarded(answer)) == (200, EMPTY)
    assert forwarded(gateway.ask("/greeting", bearer()))["x-user"] == "alice"
    assert gateway.code("/greeting", bearer(FORGED)) == "401 bad_signature"
    answer = gateway.ask("/orders")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="api"')
    assert forwarded(answer) == EMPTY


# Each with what the gateway answers; None: it closes the connection.
BAD: list[tuple[list[bytes], set[str]]] = [
    ([], {"401 missing_token"}),
    ([b"Authorization:"], {"401 missing_token"}),
    ([b"Authorization: Basic eA=="], {"401 missing_token"}),
    ([bearer(FORGED)], {"401 bad_signature"}),
    ([bearer(exp=1, **READ)], {"401 expired"}),
    ([bearer(aud="https://else.example", **READ)], {"401 wrong_audience"}),
    ([b"Authorization: Bearer"], {"400 invalid_request"}),
    ([bearer(**READ)] * 2, {"400 invalid_request"}),
    ([bearer(FORGED), bearer(**READ)], {"400 invalid_request"}),
    ([bearer(**READ), b"Authorization: Basic eA=="], {"400 invalid_request"}),
    ([bearer(**READ) + b",x"], {"400 invalid_request"}),
    ([bearer(**READ) + b", " + bearer(**READ)[15:]], {"400 invalid_request"}),
    ([bearer(**READ) + b" x"], {"400 invalid_request"}),
    ([bearer(**READ).replace(b" ", b"%20", 2)], {"401 missing_token"}),
    ([bearer(**READ).replace(b"Bearer ", b"Bearer%20")], {"401 missing_token"}),
    ([bearer(**READ) + b"%20"], {"400 invalid_request", "401 malformed"}),
    ([bearer(**READ).replace(b".", b"%2E")], {"400 invalid_request", "401 malformed"}),
    ([bearer(**READ) + b"\xe9"], {"400 invalid_request", "401 malformed"}),
    ([b"Authorization: Bearer \xff\xfe"], {"400 invalid_request", "401 malformed"}),
    ([b"Cookie: token=" + token(**READ), bearer(**READ)], {"400 invalid_request"}),
    ([b"Cookie: token=" + token(**READ) + b"; token=x"], {"400 invalid_request"}),
    ([b"Authorization: Bearer " + b"a" * 65_000], {"401 too_large"}),
]


@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_credentials(gateway: Service, case: int) -> None:
    """What is not exactly one good token is refused with its code, and nothing of it is answered."""
    lines, codes = BAD[case]
    answer = gateway.ask("/orders", *lines)
    assert f"{answer.status} {json.loads(answer.body)['code']}" in codes
    assert b"alice" not in answer.body
    assert forwarded(answer) == EMPTY


@pytest.mark.parametrize(
    "line", [b"authorization: bearer %s", b"AUTHORIZATION: BEARER   %s", b"Authorization:bEaReR %s \t"]
)
def test_other_spellings(gateway: Service, line: bytes) -> None:
    """Names and schemes are in any case, and spaces round a value are none of it (RFC 9110 sections 5.5 and 11.1)."""
    assert gateway.code("/orders", line % token(**READ)) == "200"


RAW = [
    [b"Authorization: Bearer " + token(**READ)[:40] + b"\r\n " + token(**READ)[40:]],
    [bearer(**READ) + b"\r\n\t,x"],
    [b"Authorization : " + bearer(**READ)[15:]],
    [bearer(**READ) + b"\0"],
    [b"Authorization: " + b"Bearer " * 40_000],
    [b"X-Pad: " + b"a" * 200_000, bearer(**READ)],
]


@pytest.mark.parametrize("case", range(len(RAW)))
def test_broken_heads(gateway: Service, case: int) -> None:
    """Folded lines, names with spaces, null bytes and heads without measure are refused, and the gateway goes on."""
    received = exchange(gateway.port, request("/auth", *about("/orders"), *RAW[case]))
    assert not received.startswith(b"HTTP/1.1 2")
    assert b"alice" not in received
    assert gateway.code("/orders", bearer(**READ)) == "200"


ALIKE = [
    "/open/a",
    "/open/a%20b",
    "/open/caf%C3%A9",
    "/%6Fpen/a",
    "/open/./a",
    "/open/a/..",
    "/open/a//b",
    "/open/a%2Fb",
    "/open/a;x",
]
ALIKE += ["/open/...", "/open/a?x=/../../orders", "/open/100%25"]
AMBIGUOUS = [
    "/open/../orders",
    "/open/%2e%2e/orders",
    "/open/%2E./orders",
    "/open/..%2forders",
    "/open/..%5corders",
    "/open/..\\orders",
    "/open/%252e%252e/orders",
    "/open/..;/orders",
    "/open/..;x=1/orders",
    "/open/%2e%2e;/orders",
    "/open/a/..%00/orders",
    "//open",
    "/open%2Fa",
    "/open;/a",
    "/open\\a",
    "/orders/../open/a",
    "/./health",
    "/health/",
    "/health%00",
    "/health;x",
    "/..",
    "/../open/a",
    "open/a",
    "http://api.example/open/a",
    "*",
    "",
    "/open/%zz",
    "/open/%",
    "/open/a b",
    "/open/#",
]


@pytest.mark.parametrize("path", ALIKE)
def test_paths_that_all_read_alike(gateway: Service, path: str) -> None:
    """A path that is below a public prefix by everybody's reading needs no token."""
    assert gateway.code(path) == "200"


@pytest.mark.parametrize("path", AMBIGUOUS)
def test_paths_that_some_read_otherwise(gateway: Service, path: str) -> None:
    """What somebody could read as a path under another rule is never public, token or not."""
    answer = gateway.ask(path)
    assert answer.status in {400, 401}
    if path != "/health/":
        assert gateway.ask(path, bearer(scope="orders:read")).status == 400 or "." in path


@pytest.mark.parametrize("path", [b"/open/caf\xc3\xa9", b"/open/\xff", b"/open/a\x7f"])
def test_paths_that_are_no_paths(gateway: Service, path: bytes) -> None:
    """What is no URI is refused (RFC 3986 section 2)."""
    received = exchange(gateway.port, request("/auth", *about(path)))
    assert received.startswith(b"HTTP/1.1 400")


def test_what_is_told_twice_or_not_at_all(gateway: Service) -> None:
    """The original request is told once, in the family of headers that is configured, or nothing is allowed."""
    whole = about("/open/a")
    for place in range(3):
        for lines in ([*whole[:place], *whole[place + 1 :]], [*whole, whole[place]]):
            assert gateway.send(*lines).status == 400
    others = [line.replace(b"X-Original-", b"X-Forwarded-") for line in whole]
    assert gateway.send(*others).status == 400
    # A client's own headers of the other family change nothing.
    assert gateway.code("/orders", *others) == "401 missing_token"


def test_cookies(gateway: Service) -> None:
    """A token in a cookie is good for safe methods; for others only with the second cookie's value in the header."""
    cookie = b"Cookie: token=" + token(scope="orders:read orders:write") + b"; csrf=v"
    assert gateway.code("/orders", cookie) == "200"
    assert gateway.code("/orders", cookie, method="POST") == "403 cross_site_request"
    assert gateway.code("/orders", cookie, b"X-CSRF-Token: v", method="POST") == "200"
    for upgrade in (b"X-Original-Upgrade: WebSocket", b"Sec-WebSocket-Key: eA==", b"Sec-WebSocket-Version: 13"):
        assert gateway.code("/orders", cookie, upgrade) == "403 cross_site_request"
        assert gateway.code("/orders", cookie, upgrade, b"Origin: https://app.example") == "200"


HOSTILE = ["a\r\nX-User: root", "a\nb", "\0", "\x7f", "é", "\u2028", " a ", "%0d%0a", "\u00a0", "a\tb", "", "x" * 2000]


@pytest.mark.parametrize("value", HOSTILE)
def test_claims_can_smuggle_nothing(gateway: Service, value: str) -> None:
    """Whatever a claim holds, it comes out of its own header as it was, and makes no other."""
    answer = gateway.ask("/else", bearer(sub=value))
    assert answer.status == 200
    assert unquote_to_bytes(answer.headers["x-user"]) == value.encode()
    assert set(answer.headers) - {"date", "server", "connection", "content-length"} == set(EMPTY)


def test_other_paths(gateway: Service) -> None:
    """Health, readiness and metrics have paths of their own; there is nothing else, and nothing but reading."""
    assert gateway.send(path="/healthz").body == b"ok\n"
    assert json.loads(gateway.send(path="/readyz").body) == {"ready": True, "lacking": []}
    assert gateway.send(path="/metrics").headers["content-type"].startswith("text/plain; version=")
    openmetrics = gateway.send(b"Accept: application/openmetrics-text; version=1.0.0", path="/metrics")
    assert openmetrics.body.endswith(b"# EOF\n")
    assert gateway.send(path="/auth/x").status == 404
    assert gateway.send(*about("/open/a"), path="/").status == 404
    assert gateway.send(path="/healthz", method="POST").status == 405


def test_connections_go_on(gateway: Service) -> None:
    """Questions on one connection are each answered in their turn, whatever the one before was."""
    good = [*about("/orders"), bearer(**READ)]
    sent = [
        request("/auth", *about("/orders"), bearer(FORGED), close=False),
        request("/auth", *good, close=False),
        request("/auth", *about("/orders"), method="HEAD", close=False),
        request("/auth", *good),
    ]
    received = read_answers(exchange(gateway.port, b"".join(sent)), ["GET", "GET", "HEAD", "GET"])
    assert [answer.status for answer in received] == [401, 200, 401, 200]


def test_untrusted_proxies(tmp_path: Path) -> None:
    """Who is not a trusted proxy is told nothing but that."""
    configuration = of_one().replace('trusted = ["127.0.0.1"]', 'trusted = ["10.0.0.0/8"]')
    with serving(tmp_path, configuration) as service:
        assert service.code("/open/a", bearer()) == "403 untrusted_proxy"
        assert service.send(path="/healthz").status == 200


def test_only_401_and_403(tmp_path: Path) -> None:
    """For nginx, which knows no other refusals, a bad request is 401 or 403."""
    with serving(tmp_path, of_one()) as service:
        assert service.code("/", b"Authorization: Bearer") == "401 invalid_request"
        assert service.code("/open/../x", bearer()) == "403 ambiguous_request"
        assert service.send().status == 403


def test_x_forwarded(tmp_path: Path) -> None:
    """Caddy's and Traefik's headers are believed where they are configured, and then nothing else is."""
    with serving(tmp_path, of_one(), original_request="x-forwarded") as service:
        told = [line.replace(b"X-Original-", b"X-Forwarded-") for line in about("/open/a")]
        assert service.send(*told).status == 200
        assert service.send(*about("/open/a")).status == 403


def test_request_line(tmp_path: Path) -> None:
    """Envoy asks with the request itself, below the gateway's path: encoded slashes are seen there too."""
    with serving(tmp_path, of_one(), original_request="request-line") as service:
        assert service.send(path="/auth/open/a?x").status == 200
        assert service.send(path="/auth/open/a", method="POST").status == 200
        assert service.send(path="/auth/x").status == 401
        assert service.send(bearer(), path="/auth/x").status == 200
        assert service.send(path="/auth/open%2Fa").status == 403
        assert service.send(path="/auth/open/../x").status == 403
        assert service.send(path="/auth//open/a").status == 403
        assert service.send(path="/authopen/a").status == 404


def test_logs_hold_no_tokens(tmp_path: Path) -> None:
    """Each decision is a line of JSON with its code, rule and method, and nothing that could be a token's."""
    with serving(tmp_path, of_one()) as service:
        raw = token()
        service.ask(b"/x?token=" + raw, bearer(raw), b"X-Request-Id: 3f2-a")
        service.ask(b"/" + raw, bearer(raw + b"x"), b"X-Request-Id: " + raw)
        lines = [line for line in service.log if line["message"] == "decision"]
        assert [line["code"] for line in lines] == ["allowed", "bad_signature"]
        assert lines[0] | {"rule": "rule-2", "method": "GET", "status": 200, "request_id": "3f2-a"} == lines[0]
        assert "request_id" not in lines[1]
        text = (tmp_path / "log").read_text(encoding="utf-8")
        for part in raw.decode().split("."):
            assert part not in text
        assert "alice" not in text


def test_metrics_of_several_workers(tmp_path: Path) -> None:
    """Whichever worker is asked, it tells what all have counted; a code is the only label, so there are few."""
    with serving(tmp_path, of_one(), workers=2) as service:
        for number in range(40):
            service.ask("/x", bearer(sub=f"user-{number}"))
            service.ask("/x")
        for _ in range(5):
            assert service.metric("jwtfast_gateway_decisions_total", code="allowed") == 40
            assert service.metric("jwtfast_gateway_decisions_total", code="missing_token") == 40
            assert service.metric("jwtfast_gateway_decision_seconds_count") == 80
            assert service.metric("jwtfast_gateway_decision_seconds_bucket", le="+Inf") == 80
        assert service.metric("jwtfast_gateway_decision_seconds_sum") > 0
        assert service.metric("jwtfast_gateway_workers") == 2
        assert until(lambda: service.metric("jwtfast_gateway_cache_tokens") == 40)
        assert service.metric("jwtfast_gateway_cache_misses_total") == 40
        assert service.metric("jwtfast_gateway_key_set_keys", issuer="login") == 1


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    """A worker that is killed is started anew, and no count goes back."""
    with serving(tmp_path, of_one(), workers=1) as service:
        for _ in range(3):
            assert service.code("/x", bearer()) == "200"
        (worker,) = service.workers
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
            connection.sendall(request("/auth", *about("/x"), close=False)[:-2])  # it is in the midst of a request
            time.sleep(0.1)
            os.kill(worker, signal.SIGKILL)
            assert until(lambda: service.workers not in ([], [worker]))

        def allowed_again() -> bool:
            try:
                return service.code("/x", bearer()) == "200"
            except (OSError, AssertionError):
                return False

        assert until(allowed_again)
        assert service.metric("jwtfast_gateway_decisions_total", code="allowed") == 4
        assert service.metric("jwtfast_gateway_starts_total") == 2


def test_reload_loses_no_request(tmp_path: Path) -> None:
    """SIGHUP has all workers take over the file while requests go on, on the connections that are there."""
    with serving(tmp_path, of_one(), workers=2) as service:
        stop, wrong, asked = threading.Event(), [], [0]

        def keep_asking() -> None:
            question = request("/auth", *about("/x"), bearer(), close=False)
            with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
                while not stop.is_set():
                    connection.sendall(question)
                    received = connection.recv(65536)
                    asked[0] += 1
                    if not received.startswith(b"HTTP/1.1 200"):
                        wrong.append(received)
                        return

        threads = [threading.Thread(target=keep_asking) for _ in range(4)]
        for thread in threads:
            thread.start()
        file = tmp_path / "gateway.toml"
        text = file.read_text(encoding="utf-8")
        for number in range(3):
            prefix = f"/open-{number}"
            file.write_text(text.replace('prefix = "/open"', f'prefix = "{prefix}"'), encoding="utf-8")
            os.kill(service.process.pid, signal.SIGHUP)
            assert until(lambda prefix=prefix: all(service.code(prefix) == "200" for _ in range(8)))  # type: ignore[misc]
        stop.set()
        for thread in threads:
            thread.join(20)
        assert wrong == []
        assert asked[0] > 100
        assert until(lambda: service.metric("jwtfast_gateway_reloads_total") == 6)
        assert service.metric("jwtfast_gateway_starts_total") == 2


def test_a_wrong_file_is_not_taken_over(tmp_path: Path) -> None:
    """A file that is wrong at a reload changes nothing, and the log says on which line what is wrong."""
    with serving(tmp_path, of_one()) as service:
        file = tmp_path / "gateway.toml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('access = "public"', 'acces = "public"'), encoding="utf-8")
        os.kill(service.process.pid, signal.SIGHUP)
        assert until(lambda: any("did you mean 'access'" in line["message"] for line in service.log))
        assert service.code("/open/a") == "200"
        (worker,) = service.workers
        os.kill(worker, signal.SIGKILL)  # the next one goes on with what was right
        assert until(lambda: service.workers not in ([], [worker]))
        time.sleep(0.5)
        assert until(lambda: service.process.poll() is None and service.code("/open/a") == "200")


def test_keys_over_http(tmp_path: Path) -> None:
    """The gateway is ready when the keys are there; a token with a new key has it fetched."""
    need_gateway()
    private = [private_key("P-256", number) for number in range(2)]
    claims = {"iss": "https://login.example", "aud": AUDIENCE, "exp": 4_000_000_000, "sub": "alice"}
    raws = [signed("ES256", one, claims, kid=str(number)).encode() for number, one in enumerate(private)]
    with HttpServer(reply(b"", 500)) as server, serving(tmp_path, of_one(KEYS_URL), url=server.url) as service:
        assert service.send(path="/readyz").status == 503
        assert json.loads(service.send(path="/readyz").body)["lacking"] == ["login"]
        assert service.ask("/x", bearer(raws[0])).status == 503
        server.answer = jwks(jwk(private[0], kid="0"))
        assert until(lambda: service.ask("/x", bearer(raws[0])).status == 200)
        assert service.send(path="/readyz").status == 200
        server.answer = jwks(*(jwk(one, kid=str(number)) for number, one in enumerate(private)))
        assert until(lambda: service.ask("/x", bearer(raws[1])).status == 200)


def test_workers_end_with_the_main_process(tmp_path: Path) -> None:
    """Where the main process is killed no worker is left behind, and the port is free for the next one."""
    with serving(tmp_path, of_one(), workers=2) as service:
        workers = service.workers
        assert len(workers) == 2
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait(10)
        assert until(lambda: not any(_runs(worker) for worker in workers))


def _runs(process: int) -> bool:
    """Tell whether a process is one that runs, not one that has ended and that nobody has asked about."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


REVOCATIONS = """
[revocations]
redis_url = "redis://127.0.0.1:{redis}"
on_outage = "refuse"
refuse_after = 1
"""


def test_revocations(tmp_path: Path) -> None:
    """What is revoked through Redis is refused by all workers; when Redis is away for too long, everything is: 503."""
    need_gateway()
    import redis  # noqa: PLC0415 - of the extra
    from redis_server import RedisServer  # noqa: PLC0415 - with it

    from jwtfast.revocation_redis import RedisRevocationList  # noqa: PLC0415 - with it

    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    try:
        more = REVOCATIONS.format(redis=server.port)
        with serving(tmp_path, of_one(), workers=2, more=more) as service:
            alice, bob = bearer(iat=1_700_000_000), bearer(iat=1_700_000_000, sub="bob")
            assert {service.code("/x", line) for line in (alice, bob) for _ in range(4)} == {"200"}
            client = redis.Redis(port=server.port)
            with RedisRevocationList(client, on_outage="keep") as revoked:
                revoked.revoke_subject("https://login.example", "alice")
            assert until(lambda: {service.code("/x", alice) for _ in range(8)} == {"401 revoked"}, 5)
            assert service.code("/x", bob) == "200"
            assert until(lambda: service.metric("jwtfast_gateway_revocations_connected") == 1)
            client.close()
            server.stop()
            assert until(lambda: {service.code("/x", bob) for _ in range(8)} == {"503 revocations_unavailable"})
            assert "revocations" in json.loads(service.send(path="/readyz").body)["lacking"]
    finally:
        server.stop()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "redis://127.0.0.1:port"])
def test_a_gateway_that_cannot_start(tmp_path: Path, url: str) -> None:
    """Without what it has to know there is no gateway that answers: it says why, and ends."""
    need_gateway()
    more = f'[revocations]\nredis_url = "{url}"\non_outage = "keep"\n'
    file = tmp_path / "gateway.toml"
    text = of_one().format(port=free_port(), workers=1, original_request="x-original", more=more)
    file.write_text(text, encoding="utf-8")
    environment = os.environ | {"GATEWAY_SECRET": SECRET, "PYTHONPATH": str(Path(jwtfast.__file__).parents[1])}
    command = [sys.executable, "-P", "-m", "jwtfast.cli", "gateway", "--config", str(file)]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert told.returncode == 1
    assert "the worker can't start" in told.stderr


def test_graceful_stop(tmp_path: Path) -> None:
    """A request that is under way when the gateway is told to stop is answered, and then it ends with 0."""
    need_gateway()
    private = private_key("P-256")
    claims = {"iss": "https://login.example", "aud": AUDIENCE, "exp": 4_000_000_000, "sub": "alice"}
    raw = signed("ES256", private, claims, kid="new").encode()
    old = jwks(jwk(private, kid="old"))
    with HttpServer(old) as server, serving(tmp_path, of_one(KEYS_URL), url=server.url) as service:
        slow = jwks(jwk(private, kid="new"))
        time.sleep(0.3)  # the cool-down after the first fetch

        def answer(handler: object) -> None:
            time.sleep(1.5)
            slow(handler)  # type: ignore[arg-type]

        server.answer = answer
        received: list[bytes] = []
        sent = request("/auth", *about("/x"), bearer(raw))
        thread = threading.Thread(target=lambda: received.append(exchange(service.port, sent)))
        thread.start()
        time.sleep(0.5)
        os.kill(service.process.pid, signal.SIGTERM)
        thread.join(20)
        assert service.process.wait(20) == 0
        assert received[0].startswith(b"HTTP/1.1 200")
