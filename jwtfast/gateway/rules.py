"""Which rule a request falls under, by its method, host and path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from jwtfast.gateway.request_path import RequestPath, UnreadablePathError, read_path
from jwtfast.protected_resource import ProtectedResource
from jwtfast.requirement import Requirement

__all__ = ["AmbiguousRequestError", "Rule", "RuleBook", "host_of"]

_HOST: Final = re.compile(r"((?:[a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\])\.?(?::[0-9]{1,5})?")
_REMEMBERED = 4096  # requests whose rule is known
_LONGEST_REMEMBERED = 256  # bytes of a path, so that they take a megabyte or two at most


class AmbiguousRequestError(ValueError):
    """Raised where a path could be read in two ways that fall under different rules, or a host is none."""


class Rule:
    """What a set of requests needs.

    Args:
        name: What logs call it.
        resource: What asks a request for a token; None: nothing does.
        requirement: What is asked of the token besides its being good.
        hosts: Hosts in lower case, or ``*.`` and what is below; empty: any.
        methods: Methods; empty: any.
        path: The one path; None: any.
        prefix: The path that it begins with, by whole segments, without a slash at its end; None: any.
    """

    __slots__ = ("_domains", "_hosts", "_methods", "name", "path", "prefix", "requirement", "resource")

    def __init__(
        self,
        name: str,
        resource: ProtectedResource | None,
        requirement: Requirement | None = None,
        *,
        hosts: Sequence[str] = (),
        methods: Sequence[str] = (),
        path: bytes | None = None,
        prefix: bytes | None = None,
    ) -> None:
        self.name = name
        self.resource = resource
        self.requirement = requirement
        self._hosts = frozenset(host for host in hosts if not host.startswith("*."))
        self._domains = tuple(host[1:] for host in hosts if host.startswith("*."))
        self._methods = frozenset(methods)
        self.path = path
        self.prefix = prefix

    def concerns(self, method: str, host: str) -> bool:
        """Tell whether it is for this method and host."""
        return (not self._methods or method in self._methods) and (
            not (self._hosts or self._domains)
            or host in self._hosts
            or (bool(self._domains) and host.endswith(self._domains))
        )

    def covers(self, path: bytes) -> bool:
        """Tell whether a path is its own."""
        if self.path is not None:
            return path == self.path
        return self.prefix is None or path == self.prefix or path.startswith(self.prefix + b"/")

    def divides(self, folder: bytes) -> bool:
        """Tell whether some of what is in a folder is its own and some is not."""
        if self.path is not None:
            return self.path == folder or self.path.startswith(folder + b"/")
        return self.prefix is not None and self.prefix.startswith(folder + b"/")


class RuleBook:
    """All rules; the first that covers a request is the one that counts."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._remembered: dict[tuple[str, bytes, bytes], Rule | None] = {}

    def find(self, method: str, host: bytes, path: bytes) -> Rule | None:
        """Find the rule for a request.

        Args:
            method: Its method.
            host: Its host, perhaps with a port, as it was sent.
            path: Its path as it was sent, without the query.

        Returns:
            The rule; None: there is none.

        Raises:
            AmbiguousRequestError: It could be read in two ways that fall under different rules, or is unreadable.
        """
        request = (method, host, path)
        try:
            return self._remembered[request]
        except KeyError:
            pass
        rule = self._find(method, host_of(host), path)
        if len(path) + len(host) <= _LONGEST_REMEMBERED:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[request] = rule
        return rule

    def _find(self, method: str, host: str, sent: bytes) -> Rule | None:
        try:
            path = read_path(sent)
        except UnreadablePathError as error:
            raise AmbiguousRequestError(str(error)) from None
        concerned = [rule for rule in self._rules if rule.concerns(method, host)]
        found = _first(concerned, path.text)
        if not _is_unanimous(concerned, path, found):
            msg = "the path can be read in two ways that fall under different rules"
            raise AmbiguousRequestError(msg)
        return found


def host_of(sent: bytes) -> str:
    """Give a host in lower case, without its port and a dot at its end.

    Raises:
        AmbiguousRequestError: It is none.
    """
    match = _HOST.fullmatch(sent.decode("latin-1").lower())
    if match is None or len(sent) > _LONGEST_REMEMBERED:
        msg = "the host is none (RFC 9110 section 7.2)"
        raise AmbiguousRequestError(msg)
    return match[1]


def _first(rules: list[Rule], path: bytes) -> Rule | None:
    return next((rule for rule in rules if rule.covers(path)), None)


def _is_unanimous(rules: list[Rule], path: RequestPath, found: Rule | None) -> bool:
    if path.sure is not None:
        # Whatever the rest is read as: up to the rule that was found, none may depend on it.
        for rule in rules:
            if rule.divides(path.sure):
                return False
            if rule is found:
                return True
        return True
    return path.as_sent == path.text or _first(rules, path.as_sent) is found
