"""Django: a middleware for all views, a decorator for some, sync and async.

The setting ``JWTFAST_RESOURCE`` is the ProtectedResource, or the dotted path of one. Views have the token as
``request.token``: a Token, or None where a request may come without one. ``jwtfast.rest_framework`` is for Django REST
framework.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache, wraps
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from jwtfast._native import Token
from jwtfast.errors import JWTError
from jwtfast.protected_resource import REFUSED, ProtectedResource, Requirement
from jwtfast.wsgi import accept_of, headers_of, paths_of

__all__ = ["BearerMiddleware", "BearerRequest", "bearer_optional", "bearer_required", "configured_resource"]

_View = Callable[..., Any]
_GetResponse = Callable[[HttpRequest], Any]


class BearerRequest(HttpRequest):
    """A request as protected views get it, for their annotations."""

    token: Token


class BearerMiddleware:
    """Lets Django's views have only requests that the resource lets in, for ``settings.MIDDLEWARE``.

    Args:
        get_response: What handles the request further on.

    Raises:
        ImproperlyConfigured: ``JWTFAST_RESOURCE`` is absent, or no ProtectedResource.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response
        self.resource = configured_resource()
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Handle one request."""
        if self._is_async:
            return self._call_async(request)
        refused = None if self._is_public(request) else _authenticate(self.resource, request)
        return cast("HttpResponseBase", self.get_response(request)) if refused is None else refused

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        refused = None if self._is_public(request) else await _authenticate_async(self.resource, request)
        return cast("HttpResponseBase", await self.get_response(request)) if refused is None else refused

    def _is_public(self, request: HttpRequest) -> bool:
        vars(request)["token"] = None
        scope = getattr(request, "scope", None)  # of ASGI
        raw_path = paths_of(request.META)[1] if scope is None else scope.get("raw_path")
        return self.resource.is_public(request.path_info, raw_path)


def bearer_required(*requirements: Requirement) -> Callable[[_View], _View]:
    """Have a view called only for requests with a good token.

    A view that asks for one needs no other defence against cross-site requests, so it is exempt from Django's.

    Args:
        *requirements: What the token must meet besides what the resource asks for.

    Returns:
        The decorator, for functions and coroutine functions; ``method_decorator`` makes it one for classes.
    """
    return _decorator(lambda resource: resource.requiring(*requirements), csrf_exempt=True)


def bearer_optional() -> Callable[[_View], _View]:
    """Have a view called for requests with a good token, and for those without a token: ``request.token`` is None then.

    Returns:
        The decorator, for functions and coroutine functions.
    """
    return _decorator(ProtectedResource.with_optional_token, csrf_exempt=False)


def configured_resource() -> ProtectedResource:
    """Give the resource that the setting ``JWTFAST_RESOURCE`` is, or names.

    Raises:
        ImproperlyConfigured: It is absent, or something else.
    """
    resource = getattr(settings, "JWTFAST_RESOURCE", None)
    if isinstance(resource, str):
        resource = import_string(resource)
    if not isinstance(resource, ProtectedResource):
        msg = "JWTFAST_RESOURCE must be a ProtectedResource, or the dotted path of one like 'mysite.auth.resource'"
        raise ImproperlyConfigured(msg)
    return resource


def _decorator(
    adapt: Callable[[ProtectedResource], ProtectedResource], *, csrf_exempt: bool
) -> Callable[[_View], _View]:
    # Settings are read when a request comes: views are imported before they are there, and tests override them.
    adapted = cache(adapt)

    def decorate(view: _View) -> _View:
        protected: _View
        if iscoroutinefunction(view):

            @wraps(view)
            async def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                refused = await _authenticate_async(adapted(configured_resource()), request)
                return await view(request, *args, **kwargs) if refused is None else refused

        else:

            @wraps(view)
            def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                refused = _authenticate(adapted(configured_resource()), request)
                return view(request, *args, **kwargs) if refused is None else refused

        if csrf_exempt:
            vars(protected)["csrf_exempt"] = True
        return protected

    return decorate


def _authenticate(resource: ProtectedResource, request: HttpRequest) -> HttpResponse | None:
    try:
        token = resource.authenticate(headers_of(request.META, resource.header_names), request.method)
    except REFUSED as error:
        return _refuse(resource, error, request)
    vars(request)["token"] = token
    return None


async def _authenticate_async(resource: ProtectedResource, request: HttpRequest) -> HttpResponse | None:
    try:
        token = await resource.authenticate_async(headers_of(request.META, resource.header_names), request.method)
    except REFUSED as error:
        return _refuse(resource, error, request)
    vars(request)["token"] = token
    return None


def _refuse(resource: ProtectedResource, error: JWTError, request: HttpRequest) -> HttpResponse:
    refusal = resource.refuse(error, accept_of(request.META))
    return HttpResponse(refusal.body, status=refusal.status, headers=dict(refusal.headers))
