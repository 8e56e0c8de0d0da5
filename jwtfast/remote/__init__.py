"""Keys over HTTP: sets that fetch themselves and stay up to date (RFC 7517 section 5, RFC 8414)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwtfast.remote.key_set import KeySetStatus, RemoteKeySet

__all__ = ["KeySetStatus", "RemoteKeySet"]


# They need httpx2; what PyJWKClient has of this package must not.
def __getattr__(name: str) -> Any:
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from jwtfast.remote import key_set  # noqa: PLC0415 - see above

    value = globals()[name] = getattr(key_set, name)
    return value
