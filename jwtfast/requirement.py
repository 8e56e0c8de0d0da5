"""What a resource asks of a good token besides its being good: scopes and claims (RFC 6750 section 3.1)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any

from jwtfast._native import Token
from jwtfast.errors import InsufficientScopeError

__all__ = ["Require", "Requirement"]

# RFC 6749 section 3.3: no spaces, quotes or backslashes, so that names fit between the quotes of a challenge.
_SCOPE_TOKEN = re.compile(r"[!#-\[\]-~]+")


class Requirement(ABC):
    """A demand on a token's scopes and claims. ``&`` and ``|`` join two of them."""

    scope: tuple[str, ...] = ()
    """Scopes that would meet it, as far as scopes can: what a challenge names (RFC 6750 section 3)."""

    @abstractmethod
    def is_met(self, token: Token, /) -> bool:
        """Tell whether a token meets it."""

    def demand(self, token: Token, /) -> None:
        """Raise InsufficientScopeError unless a token meets it."""
        if not self.is_met(token):
            msg = "the token doesn't have the scopes or claims that the resource asks for"
            raise InsufficientScopeError(msg, self.scope)

    def __and__(self, other: Requirement) -> Requirement:
        if not isinstance(other, Requirement):
            return NotImplemented
        return Require.all(self, other)

    def __or__(self, other: Requirement) -> Requirement:
        if not isinstance(other, Requirement):
            return NotImplemented
        return Require.any(self, other)


class Require:
    """Makes requirements: ``Require.scope("orders:read")``, ``Require.claim("tenant", "acme")``, and joins them."""

    @staticmethod
    def scope(*names: str) -> Requirement:
        """Ask for scopes, all of them (RFC 6749 section 3.3).

        Args:
            *names: Their names, one by one; compared exactly.

        Returns:
            The requirement.

        Raises:
            ValueError: There is none, or one is not a scope's name.
        """
        if not names or not all(isinstance(name, str) and _SCOPE_TOKEN.fullmatch(name) for name in names):
            msg = "a scope's name is made of visible ASCII characters without quotes and backslashes; give one or more"
            raise ValueError(msg)
        return _Scopes(names)

    @staticmethod
    def claim(name: str, *values: str | float | bool) -> Requirement:
        """Ask for a claim, and for one of some values in it.

        Args:
            name: The claim's name.
            *values: Its value must be one of these, or a list that holds one of them. None given: it must be there.

        Returns:
            The requirement.

        Raises:
            ValueError: The name is empty.
            TypeError: The name is no str, or a value is not a str, a number or a bool.
        """
        if not isinstance(name, str) or not all(isinstance(value, str | int | float) for value in values):
            msg = "a claim is asked for by its name and, one by one, the values it may have: str, numbers or bool"
            raise TypeError(msg)
        if not name:
            msg = "a claim's name is not empty"
            raise ValueError(msg)
        return _Claim(name, values)

    @staticmethod
    def all(*requirements: Requirement) -> Requirement:
        """Ask for all of some requirements."""
        return _All(_checked(requirements))

    @staticmethod
    def any(*requirements: Requirement) -> Requirement:
        """Ask for one of some requirements, whichever; a challenge names the scopes of the first."""
        return _Any(_checked(requirements))


def _checked(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    if not requirements:
        msg = "name at least one requirement: nothing would mean everything, or nobody"
        raise ValueError(msg)
    for one in requirements:
        if not isinstance(one, Requirement):
            msg = f"a requirement comes from Require, like Require.scope('read'); this is {type(one).__name__}"
            raise TypeError(msg)
    return requirements


class _Scopes(Requirement):
    def __init__(self, names: tuple[str, ...]) -> None:
        self.scope = tuple(dict.fromkeys(names))
        self._names = frozenset(names)

    def is_met(self, token: Token, /) -> bool:
        return self._names <= token.scopes


class _Claim(Requirement):
    def __init__(self, name: str, values: tuple[str | float | bool, ...]) -> None:
        self._name = name
        # Python takes True for 1, JSON doesn't.
        self._values = frozenset((isinstance(value, bool), value) for value in values)

    def is_met(self, token: Token, /) -> bool:
        value = token.claims.get(self._name)
        if value is None:
            return False
        if not self._values:
            return True
        return any(self._is_one(item) for item in value) if isinstance(value, list) else self._is_one(value)

    def _is_one(self, value: Any) -> bool:
        return isinstance(value, str | int | float) and (isinstance(value, bool), value) in self._values


class _All(Requirement):
    def __init__(self, requirements: tuple[Requirement, ...]) -> None:
        self._requirements = requirements
        self.scope = tuple(dict.fromkeys(name for one in requirements for name in one.scope))

    def is_met(self, token: Token, /) -> bool:
        return all(one.is_met(token) for one in self._requirements)


class _Any(Requirement):
    def __init__(self, requirements: tuple[Requirement, ...]) -> None:
        self._requirements = requirements
        self.scope = requirements[0].scope

    def is_met(self, token: Token, /) -> bool:
        return any(one.is_met(token) for one in self._requirements)
