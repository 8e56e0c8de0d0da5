"""The applications that ``benchmarks.servers`` measures: hello-world bare, behind jwtfast, and behind PyJWT.

``python -m benchmarks.server_apps NAME DESCRIPTOR`` has uvicorn serve one, from a socket that is bound already.
"""

from __future__ import annotations

import socket
import sys
from typing import Annotated, Any

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.tokens import AUDIENCE, ISSUER, SECRET
from jwtfast import Key, Token, Verifier
from jwtfast.asgi import BearerMiddleware
from jwtfast.fastapi import Bearer
from jwtfast.protected_resource import ProtectedResource

HELLO = b"Hello, world!"
RESOURCE = ProtectedResource(Verifier(Key.from_secret(SECRET, "HS256"), issuer=ISSUER, audience=AUDIENCE))


def claims_by_pyjwt(raw: str) -> dict[str, Any]:
    """Verify a token with PyJWT, with the same checks."""
    options: Any = {"require": ["exp"]}
    claims: dict[str, Any] = jwt.decode(
        raw, SECRET, algorithms=["HS256"], issuer=ISSUER, audience=AUDIENCE, options=options
    )
    return claims


class PyJWTMiddleware:
    """What one writes around PyJWT: the same shape, in as few words."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            value = next((content for name, content in scope["headers"] if name == b"authorization"), b"")
            try:
                scope["claims"] = claims_by_pyjwt(value.removeprefix(b"Bearer ").decode("latin-1"))
            except jwt.InvalidTokenError:
                await Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def hello(request: Request) -> Response:  # noqa: ARG001 - a route's
    """Say hello."""
    return Response(HELLO)


def starlette_app(*middleware: Middleware) -> Starlette:
    """Make the hello-world of Starlette."""
    return Starlette(routes=[Route("/", hello)], middleware=middleware)


starlette_bare = starlette_app()
starlette_jwtfast = starlette_app(Middleware(BearerMiddleware, resource=RESOURCE))
starlette_pyjwt = starlette_app(Middleware(PyJWTMiddleware))

fastapi_bare, fastapi_jwtfast, fastapi_pyjwt = FastAPI(), FastAPI(), FastAPI()
_bearer = Bearer(RESOURCE)


@fastapi_bare.get("/")
async def hello_bare() -> PlainTextResponse:
    """Say hello to everybody."""
    return PlainTextResponse(HELLO)


@fastapi_jwtfast.get("/")
async def hello_jwtfast(token: Annotated[Token, Depends(_bearer)]) -> PlainTextResponse:
    """Say hello to those with a token."""
    assert token.algorithm
    return PlainTextResponse(HELLO)


async def pyjwt_claims(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict[str, Any]:
    """Give the claims, as a dependency."""
    try:
        return claims_by_pyjwt(credentials.credentials)
    except jwt.InvalidTokenError:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None


@fastapi_pyjwt.get("/")
async def hello_pyjwt(claims: Annotated[dict[str, Any], Depends(pyjwt_claims)]) -> PlainTextResponse:
    """Say hello to those with a token."""
    assert claims["sub"]
    return PlainTextResponse(HELLO)


def main() -> None:
    """Serve the application that the command line names."""
    name, descriptor = sys.argv[1:]
    config = uvicorn.Config(globals()[name], loop="uvloop", http="httptools", access_log=False, log_level="error")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(descriptor))])


if __name__ == "__main__":
    main()
