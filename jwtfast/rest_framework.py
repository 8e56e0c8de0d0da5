"""Django REST framework: ``"DEFAULT_AUTHENTICATION_CLASSES": ["jwtfast.rest_framework.BearerAuthentication"]``.

The setting ``JWTFAST_RESOURCE`` says what is asked of a request, as for ``jwtfast.django``. Views have the token as
``request.auth``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from jwtfast._native import Token
from jwtfast.django import configured_resource
from jwtfast.errors import InsufficientScopeError, MissingTokenError
from jwtfast.protected_resource import REFUSED, Refusal, Require, Requirement
from jwtfast.wsgi import headers_of

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports the authentication classes that the settings name

__all__ = ["BearerAuthentication", "RefusedError", "TokenUser", "token_with"]


class RefusedError(APIException):
    """Raised for a request that is refused; the framework answers with its status, challenge, detail and code."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__({"detail": refusal.detail, "code": refusal.code})
        self.status_code = refusal.status
        self.auth_header = refusal.challenge  # which the framework puts into WWW-Authenticate


class TokenUser:
    """Who a token is about, where there is no table of users: its subject.

    Args:
        token: The token.
    """

    is_authenticated = True
    is_active = True
    is_anonymous = False
    is_staff = False
    is_superuser = False

    def __init__(self, token: Token) -> None:
        self.token = token
        self.pk = self.id = self.username = token.subject

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenUser) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __str__(self) -> str:
        return self.username or ""

    def get_username(self) -> str:
        """Give the subject."""
        return str(self)

    def _identity(self) -> tuple[str | None, str | None]:
        return self.token.issuer, self.pk


class BearerAuthentication(BaseAuthentication):
    """Authenticates requests by their token; those without one are left to other classes, and to the permissions."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        """Give the user and the token.

        Args:
            request: The request.

        Returns:
            Both; None where the request has no token.

        Raises:
            RefusedError: Its token is bad.
        """
        resource = configured_resource()
        try:
            token = resource.authenticate(headers_of(request.META, resource.header_names), request.method)
            return None if token is None else (self.user_of(token), token)
        except MissingTokenError:
            return None
        except REFUSED as error:
            raise RefusedError(resource.refuse(error)) from None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's
        """Give the challenge to a request without a token (RFC 6750 section 3)."""
        return configured_resource().refuse(MissingTokenError()).challenge or ""

    def user_of(self, token: Token) -> Any:
        """Give the user that a token is about: a TokenUser; a subclass may look in a table.

        Args:
            token: The verified token.

        Returns:
            The user.

        Raises:
            InvalidTokenError: There is no such user, or none who may come in: ``InvalidSubjectError`` says so.
        """
        return TokenUser(token)


def token_with(*requirements: Requirement) -> type[BasePermission]:
    """Make a permission class: ``permission_classes = [token_with(Require.scope("orders:read"))]``.

    Args:
        *requirements: What a request's token must meet; none: that there is one.

    Returns:
        The class.
    """
    requirement = Require.all(*requirements) if requirements else None

    class TokenWith(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - the framework's
            if not isinstance(request.auth, Token):
                return False
            if requirement is not None:
                try:
                    requirement.demand(request.auth)
                except InsufficientScopeError as error:
                    raise RefusedError(configured_resource().refuse(error)) from None
            return True

    return TokenWith
