"""Keys over HTTP: sets that fetch themselves and stay up to date (RFC 7517 section 5, RFC 8414)."""

try:
    import httpx2  # noqa: F401 - asked for here, so that whoever lacks it is told what to do
except ImportError as error:
    msg = "keys over HTTP need httpx2: pip install 'jwtfast[remote]'"
    raise ImportError(msg) from error

from jwtfast.remote.key_set import KeySetStatus, RemoteKeySet

__all__ = ["KeySetStatus", "RemoteKeySet"]
