"""A Django site with views of each kind, for the tests of the adapters and for real servers."""

from __future__ import annotations

import asyncio

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from forge import SECRET

from jwtfast import Key, Verifier
from jwtfast.django import BearerRequest, bearer_optional, bearer_required
from jwtfast.protected_resource import ProtectedResource, Require

# No clock: real servers have the system's.
RESOURCE = ProtectedResource(Verifier(Key.from_secret(SECRET, "HS256")), realm="site", public=["/open", "/docs/*"])

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["rest_framework"],
        JWTFAST_RESOURCE="django_site.RESOURCE",
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["jwtfast.rest_framework.BearerAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
            "UNAUTHENTICATED_USER": None,
        },
        ROOT_URLCONF="django_site",
        SECRET_KEY="of the site's sessions, which it has none of",
        USE_TZ=True,
    )
    django.setup()


@bearer_required()
def me(request: BearerRequest) -> HttpResponse:
    """Tell whom the token is about."""
    return HttpResponse(request.token.subject)


@bearer_required(Require.scope("orders:read"))
def order(request: BearerRequest, number: int) -> JsonResponse:
    """Tell it to those with a scope."""
    return JsonResponse({"number": number, "of": request.token.subject})


@bearer_required()
async def me_async(request: BearerRequest) -> HttpResponse:
    """Tell it from a coroutine."""
    await asyncio.sleep(0)
    return HttpResponse(request.token.subject)


@bearer_optional()
def maybe(request: HttpRequest) -> HttpResponse:
    """Tell it where there is a token."""
    token = vars(request)["token"]
    return HttpResponse("nobody" if token is None else token.subject)


def seen(request: HttpRequest, page: str = "") -> HttpResponse:  # noqa: ARG001 - of the path
    """Tell what a middleware has left."""
    token = getattr(request, "token", "absent")
    return HttpResponse(str(getattr(token, "subject", token)))


@method_decorator(bearer_required(), name="dispatch")
class Me(View):
    """Tell it from a class."""

    def get(self, request: BearerRequest) -> HttpResponse:
        """Tell it to GET."""
        return HttpResponse(request.token.subject)

    post = get


urlpatterns = [
    path("me", me),
    path("orders/<int:number>", order),
    path("async", me_async),
    path("optional", maybe),
    path("class", Me.as_view()),
    path("seen", seen),
    path("open", seen),
    path("docs/<path:page>", seen),
]
