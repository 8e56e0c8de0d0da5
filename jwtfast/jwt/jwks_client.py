"""``PyJWKClient``: the keys of an issuer over HTTP, with PyJWT's options and errors."""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
import urllib.request
from functools import lru_cache
from ssl import SSLContext
from typing import Any, NoReturn
from urllib.error import HTTPError
from urllib.parse import urlparse

from jwtfast.jwt.api_jwk import PyJWK, PyJWKSet
from jwtfast.jwt.api_jwt import decode_complete as decode_token
from jwtfast.jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError
from jwtfast.jwt.jwk_set_cache import JWKSetCache

__all__ = ["PyJWKClient"]


class _NoRedirectHandler(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: keys come from where the program said, or not at all."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:  # noqa: ARG002
        """Give no other request: the redirect becomes an HTTPError."""
        return


class PyJWKClient:
    """Fetches a JWK set and finds the key that a token names."""

    def __init__(
        self,
        uri: str,
        cache_keys: bool = False,
        max_cached_keys: int = 16,
        cache_jwk_set: bool = True,
        lifespan: float = 300,
        headers: dict[str, Any] | None = None,
        timeout: float = 30,
        ssl_context: SSLContext | None = None,
        cooldown_duration: float = 30,
    ) -> None:
        """Configure it; nothing is fetched yet.

        Args:
            uri: Where the JWK set is, by http or https.
            cache_keys: Whether keys that were found are remembered by their ``kid``, for ever.
            max_cached_keys: How many of them.
            cache_jwk_set: Whether the set is remembered.
            lifespan: For how long, in seconds.
            headers: Headers of the request.
            timeout: How long the endpoint may take, in seconds.
            ssl_context: What TLS connections are made by.
            cooldown_duration: How long after a fetch an unknown ``kid`` causes no other, in seconds.

        Raises:
            PyJWKClientError: The scheme, the lifespan or the cool-down is none that is taken.
        """
        scheme = urlparse(uri).scheme.lower()
        if scheme not in {"http", "https"}:
            _refuse(f"Invalid JWKS URI scheme {scheme!r}: only 'http' and 'https' are supported.")
        if cache_jwk_set and not lifespan > 0:
            _refuse(f'Lifespan must be greater than 0, the input is "{lifespan}"')
        if not math.isfinite(cooldown_duration):
            _refuse(f'Cooldown duration must be finite, the input is "{cooldown_duration}"')
        if cooldown_duration < 0:
            _refuse(f'Cooldown duration must be greater than or equal to 0, the input is "{cooldown_duration}"')
        self.uri = uri
        self.jwk_set_cache: JWKSetCache | None = JWKSetCache(lifespan) if cache_jwk_set else None
        self.headers: dict[str, Any] = headers or {}
        self.timeout = timeout
        self.ssl_context = ssl_context
        self.cooldown_duration = cooldown_duration
        self._last_successful_fetch: float | None = None
        # One thread fetches; those that want the same meanwhile find what it brought.
        self._client_lock = threading.RLock()
        if cache_keys:
            self.get_signing_key = lru_cache(maxsize=max_cached_keys)(self.get_signing_key)  # type: ignore[method-assign]

    def fetch_data(self) -> Any:
        """Fetch the JWK set, whatever is remembered.

        Returns:
            The JSON object that the endpoint gave.

        Raises:
            PyJWKClientConnectionError: It gave none.
            PyJWKClientError: It gave other JSON.
        """
        request = urllib.request.Request(url=self.uri, headers=self.headers)  # noqa: S310 - http or https, see above
        opener = urllib.request.build_opener(
            _NoRedirectHandler(), urllib.request.HTTPSHandler(context=self.ssl_context)
        )
        try:
            with opener.open(request, timeout=self.timeout) as response:
                document = json.load(response)
        except (OSError, http.client.HTTPException) as error:  # among the first: URLError, HTTPError, TimeoutError
            if isinstance(error, HTTPError):
                error.close()
            msg = f'Fail to fetch data from the url, err: "{error}"'
            raise PyJWKClientConnectionError(msg) from error
        except (ValueError, RecursionError):
            document = None
        self._last_successful_fetch = time.monotonic()
        return self._as_jwk_set_payload(document)

    def get_jwk_set(self, refresh: bool = False) -> PyJWKSet:
        """Give the set.

        Args:
            refresh: Whether it is fetched even where one is remembered; that one stays if the fetch fails.

        Returns:
            The set.

        Raises:
            PyJWKClientError: It can't be fetched, or is no JWK set.
        """
        kept = None if refresh or self.jwk_set_cache is None else self.jwk_set_cache.get()
        if kept is not None:
            return kept
        jwk_set = PyJWKSet.from_dict(self._as_jwk_set_payload(self.fetch_data()))
        if self.jwk_set_cache is not None:
            self.jwk_set_cache.put(jwk_set)
        return jwk_set

    def get_signing_keys(self, refresh: bool = False) -> list[PyJWK]:
        """Give the keys that are for signatures and have a ``kid``.

        Args:
            refresh: Whether the set is fetched even where one is remembered.

        Returns:
            The keys.

        Raises:
            PyJWKClientError: There is none.
        """
        keys = [key for key in self.get_jwk_set(refresh).keys if key.public_key_use in {"sig", None} and key.key_id]
        if not keys:
            _refuse("The JWKS endpoint did not contain any signing keys")
        return keys

    def get_signing_key(self, kid: str) -> PyJWK:
        """Give the key of a ``kid``.

        Args:
            kid: The ``kid``. One that is unknown has the set fetched again, once in ``cooldown_duration`` for all.

        Returns:
            The key.

        Raises:
            PyJWKClientError: There is none.
        """
        key = self.match_kid(self.get_signing_keys(), kid)
        if key is None:
            with self._client_lock:
                refresh = self.jwk_set_cache is None or self._may_fetch_again()
                key = self.match_kid(self.get_signing_keys(refresh=refresh), kid)
        if key is None:
            # The kid is a token's: it is not repeated.
            _refuse("Unable to find a signing key that matches the token's kid")
        return key

    def get_signing_key_from_jwt(self, token: str | bytes) -> PyJWK:
        """Give the key that a token names.

        Args:
            token: The token; nothing about it is verified here.

        Returns:
            The key.

        Raises:
            DecodeError: It is no token.
            PyJWKClientError: There is no such key.
        """
        header = decode_token(token, options={"verify_signature": False})["header"]
        return self.get_signing_key(header.get("kid"))

    @staticmethod
    def match_kid(signing_keys: list[PyJWK], kid: str) -> PyJWK | None:
        """Give the first key of a ``kid``, or None."""
        return next((key for key in signing_keys if key.key_id == kid), None)

    def _may_fetch_again(self) -> bool:
        last = self._last_successful_fetch
        return last is None or time.monotonic() - last >= self.cooldown_duration

    @staticmethod
    def _as_jwk_set_payload(data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            _refuse("The JWKS endpoint did not return a JSON object")
        return data


def _refuse(reason: str) -> NoReturn:
    raise PyJWKClientError(reason)
