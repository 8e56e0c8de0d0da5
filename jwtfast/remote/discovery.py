"""Where an issuer's keys are, by its metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3)."""

from __future__ import annotations

import math

from jwtfast.errors import InvalidKeyError
from jwtfast.keys import json_object
from jwtfast.remote.answer import FetchError
from jwtfast.remote.document import DocumentReader, check_url

__all__ = ["Discovery"]


class Discovery:
    """Finds the address of an issuer's JWK set, and keeps it for a while."""

    __slots__ = ("_addresses", "_allow_http", "_issuer", "_known_until", "_max_lifetime", "_reader", "_url")

    def __init__(self, issuer: str, reader: DocumentReader, *, allow_http: bool, max_lifetime: float) -> None:
        """Take the issuer.

        Args:
            issuer: Its identifier, as ``iss`` has it (RFC 8414 section 2).
            reader: What fetches its metadata.
            allow_http: Whether plain HTTP will do.
            max_lifetime: How long an address that was found is good, in seconds.

        Raises:
            ValueError: It is no address that keys may come from, or has a query.
            TypeError: It is not a str.
        """
        parts = check_url("the issuer", issuer, allow_http=allow_http)
        if "?" in issuer:
            msg = "an issuer identifier has no query (RFC 8414 section 2)"
            raise ValueError(msg)
        path, origin = parts.path.rstrip("/"), f"{parts.scheme}://{parts.netloc}"
        self._issuer = issuer
        self._reader = reader
        # Keys that are vouched for over https must come by https too; not even this very host is an exception then.
        self._allow_http = allow_http
        self._addresses = (
            f"{origin}{path}/.well-known/openid-configuration",
            f"{origin}/.well-known/oauth-authorization-server{path}",
        )
        self._max_lifetime = max_lifetime
        self._known_until = -math.inf
        self._url = ""

    async def jwks_uri(self, now: float) -> str:
        """Give the address of the JWK set.

        Args:
            now: The time, in seconds of the monotonic clock.

        Returns:
            The address.

        Raises:
            FetchError: The metadata could not be had, is not that of this issuer, or names no address that will do.
        """
        if now >= self._known_until:
            self._url = await self._discover()
            self._known_until = now + self._max_lifetime
        return self._url

    def forget(self) -> None:
        """Have the address found anew: what it leads to is not what it should be."""
        self._known_until = -math.inf

    async def _discover(self) -> str:
        *earlier, last = self._addresses
        for address in earlier:
            try:
                return self._url_in((await self._reader.fetch(address)).body or b"")
            except FetchError as error:
                if not error.is_absent:
                    msg = f"the issuer's metadata: {error}"
                    raise FetchError(msg) from None
        try:
            return self._url_in((await self._reader.fetch(last)).body or b"")
        except FetchError as error:
            msg = f"the issuer's metadata: {error}"
            raise FetchError(msg) from None

    def _url_in(self, body: bytes) -> str:
        try:
            metadata = json_object("metadata of an issuer", body)
        except InvalidKeyError as error:
            raise FetchError(str(error)) from None
        if metadata.get("issuer") != self._issuer:
            msg = "its 'issuer' is not exactly the one asked for (RFC 8414 section 3.3): mind a slash at the end"
            raise FetchError(msg)
        url = metadata.get("jwks_uri")
        try:
            parts = check_url("its 'jwks_uri'", url, allow_http=self._allow_http)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise FetchError(str(error)) from None
        if parts.scheme == "http" and self._issuer.startswith("https:") and not self._allow_http:
            msg = "its 'jwks_uri' is not https, and it is"
            raise FetchError(msg)
        return str(url)
