"""FastAPI: a dependency that gives the token, or its claims as a type of one's own.

``Annotated[Token, Depends(bearer)]``, ``Annotated[Token, Security(bearer, scopes=["orders:read"])]``, and
``Annotated[OrderClaims, Depends(bearer.claims(OrderClaims))]``.
"""

# Not with annotations as strings: FastAPI reads those of __call__, and doesn't look for an instance's module.
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from fastapi import HTTPException, Request, WebSocketException
from fastapi.openapi.models import HTTPBearer
from fastapi.responses import Response
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from pydantic import TypeAdapter, ValidationError
from starlette.requests import HTTPConnection

from jwtfast._native import Token
from jwtfast.asgi import POLICY_VIOLATION, accept_of, answers_handshakes
from jwtfast.errors import InvalidClaimError, JWTError
from jwtfast.protected_resource import REFUSED, ProtectedResource, Refusal, Require, Requirement

__all__ = ["Bearer", "BearerClaims", "RefusedError", "answer_refused"]

_T = TypeVar("_T")


class RefusedError(HTTPException):
    """Raised for a request that is refused; FastAPI answers it like any HTTPException, with the right challenge.

    ``app.add_exception_handler(RefusedError, answer_refused)`` has it answered with problem details, or plain text.
    """

    def __init__(self, refusal: Refusal) -> None:
        headers = {name: value for name, value in refusal.headers if not name.startswith("content-")}
        super().__init__(refusal.status, refusal.detail, headers)
        self.refusal = refusal


async def answer_refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the framework's
    """Answer a refused request with problem details or plain text, whichever it accepts (RFC 9457).

    Args:
        request: The request.
        error: The RefusedError.

    Returns:
        The answer.
    """
    assert isinstance(error, RefusedError)  # noqa: S101 - add_exception_handler can't say it
    return Response(error.refusal.body, error.refusal.status, dict(error.refusal.headers))


class Bearer(SecurityBase):
    """A dependency that gives a request's token: a Token, or None where the resource lets in requests without one.

    Scopes that routes ask for by ``Security(bearer, scopes=[...])`` are asked for besides what the resource requires;
    a request without a token is not let in there.

    Args:
        resource: What a request is asked for. Its public paths have no part in this: a route without the dependency
            needs no token.
        scheme_name: The security scheme's name in the OpenAPI document.
        description: Its description there.
    """

    def __init__(
        self, resource: ProtectedResource, *, scheme_name: str = "bearer", description: str | None = None
    ) -> None:
        self.resource = resource
        self.scheme_name = scheme_name
        self.model = HTTPBearer(bearerFormat="JWT", description=description)
        self._with_scopes: dict[tuple[str, ...], ProtectedResource] = {}

    def requiring(self, *requirements: Requirement) -> "Bearer":
        """Give a dependency like this one with further requirements.

        Args:
            *requirements: What a token must meet besides what the resource asks for.
        """
        description = self.model.description
        return Bearer(self.resource.requiring(*requirements), scheme_name=self.scheme_name, description=description)

    def claims(self, model: Callable[..., _T]) -> "BearerClaims[_T]":
        """Give a dependency like this one that gives the token's claims as a type of one's own.

        Args:
            model: A pydantic model, a msgspec struct, or whatever else pydantic validates: a TypedDict, a dataclass.
        """
        return BearerClaims(self, model)

    async def __call__(self, connection: HTTPConnection, scopes: SecurityScopes) -> Token | None:
        """Verify the request's token.

        Raises:
            RefusedError: The request is refused.
            WebSocketException: A WebSocket is, by a server that can't answer its handshake.
        """
        resource = self._resource_for(scopes.scopes)
        try:
            return await resource.authenticate_async(connection.scope["headers"], connection.scope.get("method"))
        except REFUSED as error:
            raise self.refused(error, connection) from None

    def refused(self, error: JWTError, connection: HTTPConnection) -> RefusedError | WebSocketException:
        """Make what is raised for a connection that an error refuses."""
        refusal = self.resource.refuse(error, accept_of(connection.scope["headers"]))
        if connection.scope["type"] == "websocket" and not answers_handshakes(connection.scope):
            return WebSocketException(POLICY_VIOLATION, refusal.code)
        return RefusedError(refusal)

    def _resource_for(self, scopes: list[str]) -> ProtectedResource:
        # Routes are few, and so are the lists of scopes that they ask for.
        if not scopes:
            return self.resource
        names = tuple(scopes)
        if names not in self._with_scopes:
            self._with_scopes[names] = self.resource.requiring(Require.scope(*names))
        return self._with_scopes[names]


class BearerClaims(SecurityBase, Generic[_T]):
    """A dependency that gives a token's claims as a type of one's own; ``Bearer.claims`` makes it.

    A token whose claims don't fit the type is refused (401, ``invalid_claim``).
    """

    def __init__(self, bearer: Bearer, model: Callable[..., _T]) -> None:
        self.bearer = bearer
        self.scheme_name = bearer.scheme_name
        self.model = bearer.model
        self._convert, self._misfit = _converter(model)

    async def __call__(self, connection: HTTPConnection, scopes: SecurityScopes) -> _T | None:
        """Verify the request's token, and convert its claims.

        Raises:
            RefusedError: The request is refused.
            WebSocketException: A WebSocket is, by a server that can't answer its handshake.
        """
        token = await self.bearer(connection, scopes)
        if token is None:
            return None
        try:
            return self._convert(token.claims)
        except self._misfit:
            raise self.bearer.refused(InvalidClaimError("claims"), connection) from None


def _converter(model: Callable[..., _T]) -> tuple[Callable[[Any], _T], type[Exception]]:
    if hasattr(model, "__struct_fields__"):
        import msgspec  # noqa: PLC0415 - whoever has a struct has it

        return lambda claims: msgspec.convert(claims, model), msgspec.ValidationError
    adapter: TypeAdapter[_T] = TypeAdapter(cast("Any", model))
    return adapter.validate_python, ValidationError
