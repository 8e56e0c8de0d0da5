"""What the proxy asks about: the method, host and path of the client's request, as the proxy tells them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

__all__ = ["OriginalRequest", "UntoldRequestError", "reader_of"]

_METHOD: Final = re.compile(rb"[A-Z][A-Z-]{0,31}")  # RFC 9110 section 9.1; those that are registered, and their like
# Proxies keep Upgrade to themselves, but not what browsers send with it (RFC 6455 section 4.1, RFC 8441 section 5).
_UPGRADES: Final = frozenset({b"upgrade", b"x-original-upgrade"})
_HANDSHAKE: Final = frozenset({b"sec-websocket-key", b"sec-websocket-version"})

_OPENING: Final = _UPGRADES | _HANDSHAKE

_FAMILIES: Final = {
    "x-original": (b"x-original-method", b"x-original-host", b"x-original-uri"),
    "x-forwarded": (b"x-forwarded-method", b"x-forwarded-host", b"x-forwarded-uri"),
}


class UntoldRequestError(ValueError):
    """Raised where the original request is not told, or is told twice."""


# Method, host, path without the query and not decoded, and whether it opens a WebSocket. A plain tuple: one is made for
# each request.
OriginalRequest = tuple[str, bytes, bytes, bool]

Reader = Callable[[Mapping[str, Any]], OriginalRequest]


def reader_of(kind: str, path: str) -> Reader:
    """Make the function that reads the original request.

    One place alone is read: a second would be one that the proxy hands through as the client has sent it.

    Args:
        kind: ``"x-original"`` and ``"x-forwarded"``: in headers of that family; ``"request-line"``: it is the request
            itself, below ``path``.
        path: What the proxy asks.

    Returns:
        It takes the scope of an ASGI request, and raises UntoldRequestError.
    """
    if kind == "request-line":
        return lambda scope: _of_request_line(scope, len(path))
    return _Headers(*_FAMILIES[kind])


class _Headers:
    def __init__(self, method: bytes, host: bytes, uri: bytes) -> None:
        self._method, self._host, self._uri = method, host, uri
        self._names = frozenset({method, host, uri, *_UPGRADES})

    def __call__(self, scope: Mapping[str, Any]) -> OriginalRequest:
        headers = scope["headers"]
        told: dict[bytes, bytes] = dict(headers)
        if len(told) != len(headers):
            self._check_once(headers)
        try:
            method, host, uri = told[self._method], told[self._host], told[self._uri]
        except KeyError:
            msg = "the proxy doesn't tell the original request's method, host and URI"
            raise UntoldRequestError(msg) from None
        opens = not _OPENING.isdisjoint(told) and _opens_websocket(headers)
        return _checked(method), host, uri.partition(b"?")[0], opens

    def _check_once(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        names = [name for name, _ in headers if name in self._names]
        if len(set(names)) != len(names):
            msg = "the proxy tells the original request twice"
            raise UntoldRequestError(msg)


def _of_request_line(scope: Mapping[str, Any], offset: int) -> OriginalRequest:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        msg = "the request has no Host header, or several"
        raise UntoldRequestError(msg)
    path = scope["raw_path"].partition(b"?")[0][offset:] or b"/"
    return _checked(scope["method"].encode("latin-1")), hosts[0], path, _opens_websocket(scope["headers"])


def _opens_websocket(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(name in _HANDSHAKE or (name in _UPGRADES and b"websocket" in value.lower()) for name, value in headers)


@lru_cache(maxsize=64)
def _checked(method: bytes) -> str:
    if not _METHOD.fullmatch(method):
        msg = "the original request's method is none"
        raise UntoldRequestError(msg)
    return method.decode("ascii")
