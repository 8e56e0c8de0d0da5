"""The FastAPI dependency: tokens, scopes, typed claims, WebSockets, and what the OpenAPI document says of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from forge import NOW, SECRET, Clock, good

from jwtfast import Key, Token, Verifier
from jwtfast.protected_resource import Cookie, ProtectedResource, Refusal, Require

pytest.importorskip("fastapi")
pytest.importorskip("httpx2")
msgspec = pytest.importorskip("msgspec")

from fastapi import Depends, FastAPI, Security, WebSocket  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from pydantic import BaseModel  # noqa: E402
from starlette.websockets import WebSocketDisconnect  # noqa: E402

from jwtfast.fastapi import Bearer, RefusedError, answer_refused  # noqa: E402

VERIFIER = Verifier(Key.from_secret(SECRET, "HS256"), clock=Clock())
BEARER = Bearer(ProtectedResource(VERIFIER))


def bearer(**claims: Any) -> dict[str, str]:
    """Give the headers of a request with a token."""
    return {"Authorization": f"Bearer {good(**claims)}"}


def application() -> FastAPI:
    """Give an application with a route of each kind."""
    app = FastAPI()

    @app.get("/me")
    async def me(token: Annotated[Token, Depends(BEARER)]) -> str | None:
        return token.subject

    @app.get("/sync")
    def sync(token: Annotated[Token, Depends(BEARER)]) -> str | None:
        return token.subject

    @app.get("/orders")
    async def orders(token: Annotated[Token, Security(BEARER, scopes=["orders:read"])]) -> str | None:
        return token.subject

    @app.get("/admin")
    async def admin(token: Annotated[Token, Depends(BEARER.requiring(Require.claim("role", "admin")))]) -> str | None:
        return token.subject

    optional = Bearer(ProtectedResource(VERIFIER, optional=True))

    @app.get("/optional")
    async def maybe(token: Annotated[Token | None, Depends(optional)]) -> str:
        return "nobody" if token is None else str(token.subject)

    @app.get("/optional/orders")
    async def both(token: Annotated[Token, Security(optional, scopes=["orders:read"])]) -> str | None:
        return token.subject

    @app.get("/open")
    async def open_to_all() -> str:
        return "hello"

    return app


CLIENT = TestClient(application())


@pytest.mark.parametrize("path", ["/me", "/sync"])
def test_a_good_token(path: str) -> None:
    """A route that depends on it gets the token."""
    answer = CLIENT.get(path, headers=bearer(sub="alice"))
    assert (answer.status_code, answer.json()) == (200, "alice")


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({}, 401, None),
        ({"Authorization": "Basic eA=="}, 401, None),
        ({"Authorization": "Bearer"}, 400, "invalid_request"),
        ({"Authorization": "Bearer x y"}, 400, "invalid_request"),
        ({"Authorization": f"Bearer {good(exp=NOW)}"}, 401, "invalid_token"),
    ],
)
def test_refused(headers: dict[str, str], status: int, error: str | None) -> None:
    """A refused request is answered as FastAPI answers an HTTPException, with the challenge of RFC 6750."""
    answer = CLIENT.get("/me", headers=headers)
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="api"')
    assert ("error=" in challenge) is (error is not None)
    assert error is None or f'error="{error}"' in challenge
    assert CLIENT.get("/open", headers=headers).status_code == 200


def test_scopes() -> None:
    """``Security(bearer, scopes=[...])`` asks for them, and a token without is told which."""
    assert CLIENT.get("/orders", headers=bearer(sub="alice", scope="orders:read x")).json() == "alice"
    answer = CLIENT.get("/orders", headers=bearer(scope="orders:write"))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert answer.headers["www-authenticate"].endswith('scope="orders:read"')


def test_scopes_of_outer_dependencies() -> None:
    """Scopes that an outer dependency asks for are asked for with those of an inner one."""
    app = FastAPI()

    async def subject(token: Annotated[Token, Security(BEARER, scopes=["a"])]) -> str | None:
        return token.subject

    @app.get("/")
    async def route(name: Annotated[str, Security(subject, scopes=["b"])]) -> str:
        return name

    client = TestClient(app)
    assert client.get("/", headers=bearer(sub="alice", scope="a b")).json() == "alice"
    for scope in ("a", "b", ""):
        assert client.get("/", headers=bearer(scope=scope)).status_code == 403


def test_claims_that_are_required() -> None:
    """Requirements of other kinds are asked for besides."""
    assert CLIENT.get("/admin", headers=bearer(sub="alice", role=["admin"])).json() == "alice"
    assert CLIENT.get("/admin", headers=bearer(sub="alice")).status_code == 403


def test_optional_tokens() -> None:
    """Where a token is optional a request without one is let in, but not where scopes are asked for."""
    assert CLIENT.get("/optional").json() == "nobody"
    assert CLIENT.get("/optional", headers=bearer(sub="alice")).json() == "alice"
    assert CLIENT.get("/optional", headers={"Authorization": "Bearer x"}).status_code == 401
    assert CLIENT.get("/optional/orders").status_code == 401
    assert CLIENT.get("/optional/orders", headers=bearer(sub="a", scope="orders:read")).json() == "a"


def test_the_openapi_document() -> None:
    """The document has one bearer scheme for all of them, and the routes name it with their scopes (OpenAPI 3.1)."""
    document = CLIENT.get("/openapi.json").json()
    assert document["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    security = {path: item["get"].get("security") for path, item in document["paths"].items()}
    assert security["/me"] == security["/admin"] == [{"bearer": []}]
    assert security["/orders"] == [{"bearer": ["orders:read"]}]
    assert security["/open"] is None
    assert not [item for item in document["paths"].values() if item["get"].get("parameters")]


class PydanticClaims(BaseModel):
    """Claims as a pydantic model."""

    sub: str
    tenant: int
    roles: list[str]


class StructClaims(msgspec.Struct):  # type: ignore[misc, name-defined]
    """Claims as a msgspec struct."""

    sub: str
    tenant: int
    roles: list[str]


@dataclass
class DataClaims:
    """Claims as a dataclass."""

    sub: str
    tenant: int
    roles: list[str]


@pytest.mark.parametrize("model", [PydanticClaims, StructClaims, DataClaims])
def test_typed_claims(model: Callable[..., Any]) -> None:
    """Claims come as the type that was asked for; a token whose claims don't fit it is refused."""
    app = FastAPI()
    got: list[Any] = []

    @app.get("/", response_model=None)
    async def route(claims: Annotated[Any, Security(BEARER.claims(model), scopes=["a"])]) -> None:
        got.append(claims)

    client = TestClient(app)
    fits = {"sub": "alice", "tenant": 7, "roles": ["x", "y"], "scope": "a"}
    assert client.get("/", headers=bearer(**fits)).status_code == 200
    (claims,) = got
    assert isinstance(claims, model)  # type: ignore[arg-type]
    assert (claims.sub, claims.tenant, claims.roles) == ("alice", 7, ["x", "y"])
    answer = client.get("/", headers=bearer(**fits | {"tenant": "secret-value"}))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "secret-value" not in answer.text + answer.headers["www-authenticate"]
    assert client.get("/", headers=bearer(**fits | {"scope": "b"})).status_code == 403
    assert client.get("/").status_code == 401
    document = client.get("/openapi.json").json()
    assert document["paths"]["/"]["get"]["security"] == [{"bearer": ["a"]}]


def test_typed_claims_of_optional_tokens() -> None:
    """Where a token is optional there may be no claims."""
    app = FastAPI()
    claims_of = Bearer(ProtectedResource(VERIFIER, optional=True)).claims(PydanticClaims)

    @app.get("/")
    async def route(claims: Annotated[PydanticClaims | None, Depends(claims_of)]) -> str:
        return "nobody" if claims is None else claims.sub

    client = TestClient(app)
    assert client.get("/").json() == "nobody"
    assert client.get("/", headers=bearer(sub="alice", tenant=1, roles=[])).json() == "alice"


def test_problem_details() -> None:
    """With the handler, refusals are answered with problem details, or text for who prefers it."""
    app = application()
    app.add_exception_handler(RefusedError, answer_refused)
    client = TestClient(app)
    answer = client.get("/orders", headers=bearer())
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].endswith('scope="orders:read"')
    assert answer.json()["code"] == "insufficient_scope"
    assert client.get("/me", headers={"Accept": "text/plain"}).text == "The request carries no bearer token.\n"


def test_the_hook() -> None:
    """Each refusal is told to the hook once."""
    told: list[str] = []

    def tell(code: str, refusal: Refusal) -> None:
        told.append(f"{code} {refusal.status}")

    app = FastAPI(dependencies=[Depends(Bearer(ProtectedResource(VERIFIER, on_refusal=tell)))])

    @app.get("/")
    async def route() -> None: ...

    client = TestClient(app)
    assert client.get("/").status_code == 401
    assert client.get("/", headers=bearer(exp=NOW)).status_code == 401
    assert client.get("/", headers=bearer()).status_code == 200
    assert told == ["missing_token 401", "expired 401"]


def test_cookies() -> None:
    """A token in a cookie is read, and what the double submit asks for with it."""
    app = FastAPI()
    place = Cookie("token", csrf_cookie="csrf")

    @app.post("/")
    async def route(token: Annotated[Token, Depends(Bearer(ProtectedResource(VERIFIER, credentials=place)))]) -> str:
        return str(token.subject)

    client = TestClient(app, cookies={"token": good(sub="alice"), "csrf": "v"})
    assert client.post("/", headers={"X-CSRF-Token": "v"}).json() == "alice"
    assert client.post("/").status_code == 403


def test_websockets() -> None:
    """A WebSocket's token is read from its handshake; without one it is refused before it is accepted."""
    app = FastAPI()

    @app.websocket("/ws")
    async def greet(socket: WebSocket, token: Annotated[Token, Security(BEARER, scopes=["a"])]) -> None:
        await socket.accept()
        await socket.send_text(str(token.subject))
        await socket.close()

    client = TestClient(app)
    with client.websocket_connect("/ws", headers=bearer(sub="alice", scope="a")) as socket:
        assert socket.receive_text() == "alice"
    for headers in ({}, bearer(scope="b"), {"Authorization": "Bearer"}):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws", headers=headers):
            pass


def test_websockets_of_simpler_servers() -> None:
    """A server that can't answer a handshake has the WebSocket closed as a violation of policy (RFC 6455 7.4.1)."""
    app = FastAPI()

    @app.websocket("/ws")
    async def greet(socket: WebSocket, token: Annotated[Token, Depends(BEARER)]) -> None:
        raise AssertionError(socket, token)

    async def simpler(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {"extensions": {}}, receive, send)

    with pytest.raises(WebSocketDisconnect) as caught, TestClient(simpler).websocket_connect("/ws"):
        pass
    assert (caught.value.code, caught.value.reason) == (1008, "missing_token")
