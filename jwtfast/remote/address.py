"""Addresses that keys may come from."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

__all__ = ["check_address", "has_credentials", "is_loopback", "no_address"]


def check_address(what: str, url: str, *, allow_http: bool) -> SplitResult:
    """Refuse an address that keys must not come from.

    Args:
        what: What to call it in an error.
        url: The address.
        allow_http: Whether plain HTTP will do, from anywhere.

    Returns:
        Its parts.

    Raises:
        ValueError: It is not https, and its host is not this one; or it is no address.
        TypeError: It is not a str.
    """
    if not isinstance(url, str):
        msg = f"{what} is a str, not {type(url).__name__}"
        raise TypeError(msg)
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or parts.scheme not in {"https", "http"} or not re.fullmatch("[!-~]+", url):
        raise no_address(what)
    if has_credentials(parts) or "#" in url:
        msg = f"{what} holds a user name, a password or a fragment: leave it out, and say headers= for credentials"
        raise ValueError(msg)
    if parts.scheme == "http" and not allow_http and not is_loopback(str(parts.hostname)):
        msg = f"{what} is not https, so anybody on the way could exchange the keys: use https, or say allow_http=True"
        raise ValueError(msg)
    return parts


def no_address(what: str) -> ValueError:
    """Give the error that says so."""
    return ValueError(f"{what} is no address of the form https://host/path")


def has_credentials(parts: SplitResult) -> bool:
    """Tell whether there is a user name or a password in an address."""
    return parts.username is not None or parts.password is not None


def is_loopback(host: str) -> bool:
    """Tell whether a host is this very machine by its name alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
