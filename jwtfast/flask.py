"""Flask: a decorator for views, and ``current_token`` inside them.

The whole of an application is protected by ``jwtfast.wsgi``, as in ``app.wsgi_app = BearerMiddleware(app.wsgi_app,
resource)``; ``current_token`` works there too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

from flask import Response, current_app, request
from werkzeug.local import LocalProxy

from jwtfast._native import Token
from jwtfast.protected_resource import REFUSED, ProtectedResource, Requirement
from jwtfast.wsgi import TOKEN, accept_of, headers_of

__all__ = ["Bearer", "current_token"]

_P = ParamSpec("_P")


class Bearer:
    """Makes decorators for views. They go below the route's: ``@app.get("/orders")``, then ``@bearer.required()``.

    Args:
        resource: What a request is asked for. Its public paths have no part in this: a view without a decorator needs
            no token.
    """

    def __init__(self, resource: ProtectedResource) -> None:
        self.resource = resource

    def required(self, *requirements: Requirement) -> Callable[[Callable[_P, Any]], Callable[_P, Any]]:
        """Have a view called only for requests with a good token.

        Args:
            *requirements: What the token must meet besides what the resource asks for.

        Returns:
            The decorator, for functions and coroutine functions.
        """
        return _decorator(self.resource.requiring(*requirements))

    def optional(self) -> Callable[[Callable[_P, Any]], Callable[_P, Any]]:
        """Have a view called for requests with a good token, and for those without a token.

        Returns:
            The decorator. Where there is no token, ``current_token`` is false.
        """
        return _decorator(self.resource.with_optional_token())


def _decorator(resource: ProtectedResource) -> Callable[[Callable[_P, Any]], Callable[_P, Any]]:
    def decorate(view: Callable[_P, Any]) -> Callable[_P, Any]:
        @wraps(view)
        def protected(*args: _P.args, **kwargs: _P.kwargs) -> Any:
            environ = request.environ
            try:
                environ[TOKEN] = resource.authenticate(headers_of(environ, resource.header_names), request.method)
            except REFUSED as error:
                refusal = resource.refuse(error, accept_of(environ))
                return Response(refusal.body, refusal.status, list(refusal.headers))
            return current_app.ensure_sync(view)(*args, **kwargs)

        return protected

    return decorate


def _token_of_request() -> Token:
    token = request.environ.get(TOKEN)
    if token is None:
        msg = "this request has no token: its view is not protected, its path is public, or the token is optional"
        raise RuntimeError(msg)
    return cast("Token", token)


current_token = cast("Token", LocalProxy(_token_of_request))
"""The token of the request that is being handled; false where it has none, and using it is a RuntimeError then."""
