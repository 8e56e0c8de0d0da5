"""What every adapter asks of a request: credentials, requirements, public paths, and the hook for metrics."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from forge import NOW, OTHER_SECRET, SECRET, Clock, good, sign
from http_server import HttpServer, jwks
from remote_keys import public, signed

from jwtfast import Key, MultiIssuerVerifier, RemoteKeySet, RevocationList, Token, Verifier, errors
from jwtfast._native import Generation, PreparedKey
from jwtfast.protected_resource import REFUSED, AuthorizationHeader, Cookie, ProtectedResource, Refusal, Require

Headers = list[tuple[bytes, bytes]]
Authenticate = Callable[[ProtectedResource, Headers], Token | None]
KEY = Key.from_secret(SECRET, "HS256")
VERIFIER = Verifier(KEY, clock=Clock())


def bearer(raw: str) -> Headers:
    """Give the headers of a request with a token."""
    return [(b"host", b"api.example"), (b"authorization", b"Bearer " + raw.encode())]


def authenticate_async(resource: ProtectedResource, headers: Headers) -> Token | None:
    """Authenticate a request on an event loop."""
    return asyncio.run(resource.authenticate_async(headers, "GET"))


@pytest.fixture(params=["sync", "async"])
def authenticate(request: pytest.FixtureRequest) -> Authenticate:
    """Give each of the two ways to authenticate a GET request."""
    if request.param == "async":
        return authenticate_async
    return lambda resource, headers: resource.authenticate(headers, "GET")


def test_a_good_token(authenticate: Authenticate) -> None:
    """A request with a good token gets it, the same one each time."""
    resource = ProtectedResource(VERIFIER)
    first = authenticate(resource, bearer(good(sub="alice")))
    assert first is not None
    assert first.subject == "alice"
    assert authenticate(resource, bearer(good(sub="alice"))) is first


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (good(exp=NOW), errors.ExpiredSignatureError),
        (sign({"alg": "HS256"}, {"exp": NOW + 60}, OTHER_SECRET), errors.InvalidSignatureError),
        ("x", errors.DecodeError),
        ("a b", errors.InvalidRequestError),
    ],
)
def test_bad_tokens(authenticate: Authenticate, raw: str, kind: type[Exception]) -> None:
    """A bad token is refused for its own reason, also where a token is optional."""
    for optional in (False, True):
        with pytest.raises(kind):
            authenticate(ProtectedResource(VERIFIER, optional=optional), bearer(raw))


def test_optional_tokens(authenticate: Authenticate) -> None:
    """A request without a token is let in where it is optional, and where it is not it is refused."""
    for headers in ([], [(b"authorization", b"Basic eA==")]):
        assert authenticate(ProtectedResource(VERIFIER, optional=True), headers) is None
        with pytest.raises(errors.MissingTokenError):
            authenticate(ProtectedResource(VERIFIER), headers)


def test_requirements(authenticate: Authenticate) -> None:
    """A good token without what is required is refused for that, and one with it is not."""
    resource = ProtectedResource(VERIFIER, require=Require.scope("read"))
    assert authenticate(resource, bearer(good(scope="read write")))
    with pytest.raises(errors.InsufficientScopeError):
        authenticate(resource, bearer(good(scope="write")))


def test_further_requirements(authenticate: Authenticate) -> None:
    """A route's requirements are asked for besides the resource's own, and there no token is optional."""
    resource = ProtectedResource(VERIFIER, optional=True, require=Require.scope("read"))
    further = resource.requiring(Require.claim("tenant", "acme"))
    assert authenticate(further, bearer(good(scope="read", tenant="acme")))
    for claims in ({"scope": "read"}, {"tenant": "acme"}):
        with pytest.raises(errors.InsufficientScopeError):
            authenticate(further, bearer(good(**claims)))
    for demanding in (further, resource.requiring()):
        with pytest.raises(errors.MissingTokenError):
            authenticate(demanding, [])
    assert authenticate(resource, bearer(good(scope="read")))
    assert authenticate(resource, []) is None
    assert authenticate(further.with_optional_token(), []) is None
    with pytest.raises(errors.InsufficientScopeError):
        authenticate(further.with_optional_token(), bearer(good()))


def test_several_places(authenticate: Authenticate) -> None:
    """The token may be in any of the places that are named, and all headers that they look at are named too."""
    resource = ProtectedResource(VERIFIER, credentials=[AuthorizationHeader(), Cookie("token")])
    assert resource.header_names == {"authorization", "cookie", "origin", "x-csrf-token"}
    assert authenticate(resource, bearer(good()))
    assert authenticate(resource, [(b"cookie", b"token=" + good().encode())])
    with pytest.raises(errors.MissingTokenError):
        authenticate(ProtectedResource(VERIFIER, credentials=Cookie("token")), bearer(good()))


class Keyless:
    """Keys that are fetched from elsewhere, where there are none."""

    generation = Generation()

    def candidates(self, _algorithm: str, _key_id: str | None) -> tuple[PreparedKey, ...]:
        """Give none."""
        return ()

    def seek(self, _algorithm: str) -> bool:
        """Fail."""
        raise errors.KeySetUnavailableError

    def wait(self) -> None:
        """Fail."""
        raise errors.KeySetUnavailableError

    async def wait_async(self) -> None:
        """Fail."""
        raise errors.KeySetUnavailableError


@pytest.mark.parametrize("lacking", ["keys", "revocations"])
def test_what_cannot_be_judged(authenticate: Authenticate, lacking: str) -> None:
    """Where keys or revocations can't be had to judge a token with, that is no verdict on it: the answer is a 503."""
    revoked = RevocationList()
    revoked.suspended = True
    verifier = Verifier(Keyless()) if lacking == "keys" else Verifier(KEY, revocations=revoked, clock=Clock())
    resource = ProtectedResource(verifier, optional=True)
    with pytest.raises(REFUSED) as caught:
        authenticate(resource, bearer(good()))
    assert isinstance(caught.value, errors.JWTError)
    assert resource.refuse(caught.value).status == 503


def test_the_event_loop_is_not_held_up() -> None:
    """On an event loop it is attempt and verify_async that are asked, and verify is not."""

    class Asked:
        def __init__(self) -> None:
            self.calls: list[str] = []

        def verify(self, raw: Any, /) -> Token:
            self.calls.append("verify")
            return VERIFIER.verify(raw)

        def attempt(self, raw: Any, /) -> object:
            self.calls.append("attempt")
            return raw

        async def verify_async(self, raw: Any, /) -> Token:
            await asyncio.sleep(0)
            self.calls.append("verify_async")
            return VERIFIER.verify(raw)

    asked = Asked()
    assert authenticate_async(ProtectedResource(asked), bearer(good()))
    assert asked.calls == ["attempt", "verify_async"]
    assert ProtectedResource(asked).authenticate(bearer(good()), "GET")
    assert asked.calls == ["attempt", "verify_async", "verify"]


@pytest.mark.parametrize("late", [False, True])
def test_what_is_at_hand_is_not_waited_for(late: bool) -> None:
    """Where the key is at hand the token is there at once; else there is something to await, and then it is judged."""

    class Fetching:
        def verify(self, raw: Any, /) -> Token:
            raise AssertionError(raw)

        def attempt(self, raw: Any, /) -> object:
            return object() if late else VERIFIER.verify(raw)

        async def verify_async(self, raw: Any, /) -> Token:
            await asyncio.sleep(0)
            return VERIFIER.verify(raw)

    async def await_it(pending: Awaitable[Token]) -> Token:
        return await pending

    resource = ProtectedResource(Fetching(), require=Require.scope("read"))
    found = resource.attempt(bearer(good(scope="read")), "GET")
    if late:
        assert isinstance(found, Awaitable)
        found = asyncio.run(await_it(found))
    assert isinstance(found, Token)
    assert authenticate_async(resource, bearer(good(scope="read"))) is found
    with pytest.raises(errors.InsufficientScopeError):
        authenticate_async(resource, bearer(good(scope="write")))
    with pytest.raises(errors.MissingTokenError):
        resource.attempt([], "GET")


ISSUER = "https://login.example"
ONE_ISSUER = MultiIssuerVerifier({ISSUER: Verifier(KEY, issuer=ISSUER, clock=Clock())})


@pytest.mark.parametrize("verifier", [VERIFIER, ONE_ISSUER])
@pytest.mark.parametrize("own_name", [b"authorization", b"Authorization", b"authorizatiom"])
@pytest.mark.parametrize(
    "value",
    [
        b"Bearer " + good(iss=ISSUER).encode(),
        b"\t bEARER   " + good(iss=ISSUER).encode() + b" ",
        b"Bearer " + good(iss=ISSUER, exp=NOW).encode(),
        b"Bearer " + good(iss=ISSUER, n=1).encode()[:-1],
        b"Bearer x.y.z",
        b"Bearer a,b",
        b"Bearer \xe9",
        b"Bearer",
        b"Bearer ",
        b"Basic eA==",
        b"",
    ],
)
def test_one_call_and_several(verifier: Verifier | MultiIssuerVerifier, own_name: bytes, value: bytes) -> None:
    """The one native call comes to the same as reading the token first and verifying it then, as a twin does."""

    class OwnPlace(AuthorizationHeader):
        pass

    for headers in ([(own_name, value)], [(b"a", b"b"), (own_name, value), (b"c", b"d")], [(own_name, value)] * 2):
        outcomes: list[object] = []
        for place in (AuthorizationHeader(), OwnPlace()):
            resource = ProtectedResource(verifier, credentials=place, optional=True)
            try:
                outcomes.append(resource.attempt(headers, "GET"))
            except errors.InvalidTokenError as error:
                outcomes.append((type(error), error.code, str(error)))
        assert outcomes[0] == outcomes[1]


def test_requirements_after_one_call() -> None:
    """What is required later, of a twin, is required of what the one call gives too; and no more of the first."""
    resource = ProtectedResource(VERIFIER, optional=True)
    strict = resource.requiring(Require.scope("read"))
    headers = bearer(good(scope="write"))
    assert isinstance(resource.attempt(headers, "GET"), Token)
    assert isinstance(strict.attempt(bearer(good(scope="read")), "GET"), Token)
    with pytest.raises(errors.InsufficientScopeError):
        strict.attempt(headers, "GET")
    with pytest.raises(errors.MissingTokenError):
        strict.attempt([], "GET")
    assert strict.with_optional_token().attempt([], "GET") is None


def test_own_ways_are_asked() -> None:
    """A verifier or a place of the program's own making, derived from ours, is asked in its own way."""
    asked: list[str] = []

    class OwnVerifier(Verifier):
        __slots__ = ()

        def attempt(self, raw: Any, last: Any = False, /) -> Any:
            asked.append("verifier")
            return super().attempt(raw, last)

    class OwnPlace(AuthorizationHeader):
        @staticmethod
        def read(headers: Any, method: str | None = None, /) -> bytes | None:
            asked.append("place")
            return AuthorizationHeader.read(headers, method)

    assert ProtectedResource(OwnVerifier(KEY, clock=Clock())).attempt(bearer(good()), "GET")
    assert ProtectedResource(VERIFIER, credentials=OwnPlace()).attempt(bearer(good()), "GET")
    assert asked == ["verifier", "place"]


@pytest.mark.parametrize("several", [False, True])
def test_a_cold_key_set(several: bool) -> None:
    """Where the token's key has yet to be fetched there is something to await, and then the token is judged by it."""
    with HttpServer(jwks(public("a"))) as server, RemoteKeySet(server.url) as keys:
        verifier: Any = Verifier(keys, issuer=ISSUER)
        resource = ProtectedResource(MultiIssuerVerifier({ISSUER: verifier}) if several else verifier)
        headers = bearer(signed("a", iss=ISSUER))

        async def in_a_loop() -> Token | None:
            found = resource.attempt(headers, "GET")
            assert isinstance(found, Awaitable)
            return await found

        token = asyncio.run(in_a_loop())
        assert token is not None
        assert token.issuer == ISSUER
        assert resource.attempt(headers, "GET") is token


def test_the_hook() -> None:
    """The hook is told of each refusal: its code and the answer; what it raises isn't hidden."""
    told: list[tuple[str, Refusal]] = []
    resource = ProtectedResource(VERIFIER, on_refusal=lambda code, refusal: told.append((code, refusal)))
    refusal = resource.refuse(errors.ExpiredSignatureError("x"), b"text/plain")
    assert told == [("expired", refusal)]
    assert refusal.content_type.startswith("text/plain")

    def broken(code: str, refusal: Refusal) -> None:
        raise RuntimeError(code, refusal.status)

    with pytest.raises(RuntimeError):
        ProtectedResource(VERIFIER, on_refusal=broken).refuse(errors.MissingTokenError())


def test_public_paths() -> None:
    """The paths that were named are public, by the rules of PublicPaths."""
    resource = ProtectedResource(VERIFIER, public=["/healthz", "/docs/*"])
    assert resource.is_public("/healthz")
    assert resource.is_public("/docs/x", b"/docs/x")
    assert not resource.is_public("/docs/x", b"/docs/%2e%2e/x")
    assert not ProtectedResource(VERIFIER).is_public("/healthz")


@pytest.mark.parametrize(
    ("verifier", "options", "kind"),
    [
        (None, {}, TypeError),
        (Key.from_secret(SECRET, "HS256").to_jwk, {}, TypeError),
        (VERIFIER, {"require": "read"}, TypeError),
        (VERIFIER, {"credentials": "authorization"}, TypeError),
        (VERIFIER, {"credentials": []}, TypeError),
        (VERIFIER, {"credentials": [None]}, TypeError),
        (VERIFIER, {"on_refusal": "metrics"}, TypeError),
        (VERIFIER, {"public": "/healthz"}, TypeError),
        (VERIFIER, {"public": ["healthz"]}, ValueError),
        (VERIFIER, {"realm": ""}, ValueError),
    ],
)
def test_what_cannot_be_configured(verifier: Any, options: dict[str, Any], kind: type[Exception]) -> None:
    """A mistake in the configuration is an error when it is made, not with the first request."""
    with pytest.raises(kind):
        ProtectedResource(verifier, **options)


@pytest.mark.parametrize("module", ["protected_resource", "asgi", "wsgi"])
def test_frameworks_are_left_alone(new_process: Callable[..., subprocess.CompletedProcess[str]], module: str) -> None:
    """Only an adapter named after a framework imports it, and ``import jwtfast`` imports no adapter."""
    code = f"""
import sys
import jwtfast
assert not {{name for name in sys.modules if name.startswith("jwtfast.")}} & {{
    "jwtfast.asgi", "jwtfast.wsgi", "jwtfast.refusal", "jwtfast.credentials", "jwtfast.protected_resource"}}
import jwtfast.{module}
frameworks = {{"fastapi", "starlette", "flask", "werkzeug", "django", "rest_framework", "pydantic", "msgspec"}}
assert not frameworks & set(sys.modules), frameworks & set(sys.modules)
assert not {{"asyncio", "http.client", "http.server"}} & set(sys.modules)
"""
    finished = new_process(code)
    assert finished.returncode == 0, finished.stderr
