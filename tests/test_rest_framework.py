"""Django REST framework: the authentication class, the permissions, and their answers."""

from __future__ import annotations

from typing import Any

import pytest
from forge import SECRET, sign

from jwtfast import Key, Token, Verifier, errors
from jwtfast.protected_resource import ProtectedResource, Refusal, Require

pytest.importorskip("rest_framework")

import django_site
from django.test import override_settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from jwtfast.rest_framework import BearerAuthentication, TokenUser, token_with

assert django_site.urlpatterns  # which the settings name
VERIFIER = Verifier(Key.from_secret(SECRET, "HS256"))
IN_2096 = 4_000_000_000


class Me(APIView):
    """A view that asks for what the site's settings ask for."""

    def get(self, request: Request) -> Response:
        """Tell who asks."""
        user, token = request.user, request.auth
        return Response({"user": str(user), "type": type(user).__name__, "token": isinstance(token, Token)})

    post = get


class Orders(Me):
    """A view that asks for a scope."""

    permission_classes = (token_with(Require.scope("orders:read")),)


class Open(Me):
    """A view for everybody."""

    permission_classes = (AllowAny,)


def call(view: type[APIView], authorization: str | None = None, method: str = "get") -> Response:
    """Call a view."""
    headers = {} if authorization is None else {"Authorization": authorization}
    request = getattr(APIRequestFactory(enforce_csrf_checks=True), method)("/", headers=headers)
    response = view.as_view()(request)
    assert isinstance(response, Response)
    response.render()
    return response


def bearer(**claims: Any) -> str:
    """Give the Authorization header of a request with a token."""
    return "Bearer " + sign({"alg": "HS256"}, {"exp": IN_2096, "sub": "alice", **claims})


def test_a_good_token() -> None:
    """A request with a good token is the subject's, without a table of users, and needs no other proof to post."""
    for method in ("get", "post"):
        answer = call(Me, bearer(), method)
        assert answer.data == {"user": "alice", "type": "TokenUser", "token": True}


@pytest.mark.parametrize("view", [Me, Orders, Open])
@pytest.mark.parametrize(
    ("authorization", "status", "error", "code"),
    [
        ("Bearer", 400, "invalid_request", "invalid_request"),
        ("Bearer x y", 400, "invalid_request", "invalid_request"),
        ("Bearer x", 401, "invalid_token", "malformed"),
        (bearer(exp=1), 401, "invalid_token", "expired"),
    ],
)
def test_bad_tokens(view: type[APIView], authorization: str, status: int, error: str, code: str) -> None:
    """A bad token is refused with its own challenge, detail and code, also where everybody is let in."""
    answer = call(view, authorization)
    assert answer.status_code == status
    assert f'error="{error}"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="site"')
    assert answer.data["code"] == code
    assert sorted(answer.data) == ["code", "detail"]


@pytest.mark.parametrize("authorization", [None, "Basic eA=="])
def test_no_token(authorization: str | None) -> None:
    """A request without a token is left to the permissions: refused with a bare challenge, or let in."""
    for view in (Me, Orders):
        answer = call(view, authorization)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="site"')
    assert call(Open, authorization).status_code == 200


def test_scopes() -> None:
    """A permission asks for what a token must have, and a token without is told which scopes would do."""
    assert call(Orders, bearer(scope="orders:read")).status_code == 200
    answer = call(Orders, bearer(scope="orders:write"))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["WWW-Authenticate"].endswith('scope="orders:read"')
    assert call(type("Any", (Me,), {"permission_classes": (token_with(),)}), bearer()).status_code == 200


def test_beside_other_classes() -> None:
    """The challenge is right where another class stands first, and a user of another class has no token."""

    class ByName(BaseAuthentication):
        def authenticate(self, request: Request) -> tuple[Any, Any] | None:
            name = request.META.get("HTTP_X_NAME")
            return None if name is None else (name, name)

    class Both(Orders):
        authentication_classes = (ByName, BearerAuthentication)

    assert call(Both, bearer(scope="orders:read")).status_code == 200
    answer = call(Both, bearer(exp=1))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    request = APIRequestFactory().get("/", headers={"X-Name": "alice"})
    assert Both.as_view()(request).status_code == 403


def test_ones_own_users() -> None:
    """A subclass finds its users in its own way."""

    class Table(BearerAuthentication):
        def user_of(self, token: Token) -> Any:
            return TokenUser(token) if token.subject == "alice" else self.unknown()

        def unknown(self) -> Any:
            raise errors.InvalidSubjectError

    view = type("Own", (Me,), {"authentication_classes": (Table,)})
    assert call(view, bearer()).status_code == 200
    answer = call(view, bearer(sub="bob"))
    assert (answer.status_code, answer.data["code"]) == (401, "invalid_subject")


def test_users() -> None:
    """Two tokens of one issuer's subject are of one user, who is no member of staff."""
    one, same, other, elsewhere = (
        TokenUser(Verifier(Key.from_secret(SECRET, "HS256")).verify(bearer(**claims)[7:]))
        for claims in ({}, {"jti": "2"}, {"sub": "bob"}, {"iss": "other"})
    )
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same, other, elsewhere}) == 3
    assert one != "alice"
    assert (one.pk, one.get_username(), str(one), one.is_authenticated) == ("alice", "alice", "alice", True)
    assert not any([one.is_staff, one.is_superuser, one.is_anonymous])


def test_the_hook() -> None:
    """Each refusal is told to the hook."""
    told: list[str] = []

    def tell(code: str, refusal: Refusal) -> None:
        told.append(f"{code} {refusal.status}")

    with override_settings(JWTFAST_RESOURCE=ProtectedResource(VERIFIER, on_refusal=tell)):
        call(Me)
        call(Me, "Bearer x")
        call(Orders, bearer())
        call(Open)
    assert told == ["missing_token 401", "malformed 401", "insufficient_scope 403"]
