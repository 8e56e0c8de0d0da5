"""``PyJWKClient``: the keys of an issuer over HTTP, with PyJWT's options and errors."""

from __future__ import annotations

import math
import os
import time
import urllib.parse  # programs' tests replace jwt.jwks_client.urllib.request.build_opener
from functools import lru_cache
from ssl import SSLContext
from typing import Any, NoReturn

from jwtfast.errors import InvalidKeyError
from jwtfast.jwt.api_jwk import PyJWK, PyJWKSet
from jwtfast.jwt.api_jwt import decode_complete as decode_token
from jwtfast.jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError, PyJWTError
from jwtfast.jwt.jwk_set_cache import JWKSetCache
from jwtfast.keys import json_object
from jwtfast.remote.answer import FetchError
from jwtfast.remote.blocking import NoRedirectHandler as _NoRedirectHandler  # noqa: F401 - PyJWT has it here
from jwtfast.remote.blocking import read_document
from jwtfast.remote.flight import Flight

__all__ = ["PyJWKClient"]


class PyJWKClient:
    """Fetches a JWK set and finds the key that a token names.

    It fetches in the thread that calls it, when PyJWT does. However many threads want the set meanwhile, one fetches
    and the others wait for what comes of it; nobody waits whose key is in a set that is remembered.
    """

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
            timeout: How long the endpoint may take to accept a connection, and then for the whole of its answer, in
                seconds.
            ssl_context: What TLS connections are made by.
            cooldown_duration: How long after a fetch an unknown ``kid`` causes no other, in seconds.

        Raises:
            PyJWKClientError: The scheme, the lifespan or the cool-down is none that is taken.
        """
        scheme = urllib.parse.urlparse(uri).scheme.lower()
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
        # The fetch under way, by the process it is made in: whoever puts one here makes it. A forked process has none.
        self._flights: dict[int, Flight[BaseException]] = {}
        if cache_keys:
            self.get_signing_key = lru_cache(maxsize=max_cached_keys)(self.get_signing_key)  # type: ignore[method-assign]

    def fetch_data(self) -> Any:
        """Fetch the JWK set, whatever is remembered, and remember it.

        Returns:
            The JSON object that the endpoint gave.

        Raises:
            PyJWKClientConnectionError: It gave none that is believed.
            PyJWKClientError: It gave something else than a JSON object.
            PyJWKSetError: The set is to be remembered, and has no key that can be used.
        """
        try:
            body = read_document(self.uri, timeout=self.timeout, headers=self.headers, ssl_context=self.ssl_context)
        except FetchError as error:
            msg = f'Fail to fetch data from the url, err: "{error}"'
            raise PyJWKClientConnectionError(msg) from error.__cause__ or error
        try:
            document = _as_jwk_set(json_object("a JWK set", body))
        except InvalidKeyError:
            document = _as_jwk_set(None)
        # Within get_jwk_set it is not remembered yet: a subclass may take keys out of it, which nobody must see then.
        if self.jwk_set_cache is not None and os.getpid() not in self._flights:
            self._remember(PyJWKSet.from_dict(document))
        return document

    def get_jwk_set(self, refresh: bool = False) -> PyJWKSet:
        """Give the set.

        Args:
            refresh: Whether it is fetched even where one is remembered; that one stays if the fetch fails.

        Returns:
            The set.

        Raises:
            PyJWKClientError: It can't be fetched, or is no JWK set.
        """
        if self.jwk_set_cache is None:
            return self._fetched_set()
        kept = None if refresh else self.jwk_set_cache.get()
        if kept is not None:
            return kept
        own: Flight[BaseException] = Flight(time.monotonic())
        flight = self._flights.setdefault(os.getpid(), own)
        return self._make(own, refresh) if flight is own else self._wait_for(flight, refresh)

    def get_signing_keys(self, refresh: bool = False) -> list[PyJWK]:
        """Give the keys that are for signatures and have a ``kid``.

        Args:
            refresh: Whether the set is fetched even where one is remembered.

        Returns:
            The keys.

        Raises:
            PyJWKClientError: There is none.
        """
        keys = [
            key
            for key in self.get_jwk_set(refresh).keys
            if key.public_key_use in ("sig", None) and key.key_id  # by a tuple: it may be a list or a dict
        ]
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
        if key is None and not self._is_cooling_down():
            key = self.match_kid(self.get_signing_keys(refresh=True), kid)
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

    def _make(self, flight: Flight[BaseException], refresh: bool) -> PyJWKSet:
        """Make the fetch that others may wait for."""
        error: BaseException | None = None
        try:
            # Another one may have ended since the caller looked.
            kept = None if refresh or self.jwk_set_cache is None else self.jwk_set_cache.get()
            if kept is None:
                kept = self._fetched_set()
                self._remember(kept)
        except BaseException as failure:
            error = failure
            raise
        finally:
            del self._flights[os.getpid()]
            flight.land(error)
        return kept

    def _wait_for(self, flight: Flight[BaseException], refresh: bool) -> PyJWKSet:
        """Have what comes of another thread's fetch."""
        seconds = math.inf if self.timeout is None else flight.started + self.timeout - time.monotonic()
        if not flight.wait(seconds):
            msg = 'Fail to fetch data from the url, err: "timed out"'
            raise PyJWKClientConnectionError(msg)
        error = flight.error
        if error is None:
            return self.get_jwk_set()
        if isinstance(error, PyJWTError):  # one of its own for each: it gets a traceback
            raise type(error)(*error.args) from error
        if isinstance(error, Exception):  # a subclass's, which its program may look for
            raise error
        return self.get_jwk_set(refresh)  # that thread was made to stop, and this one was not

    def _fetched_set(self) -> PyJWKSet:
        # fetch_data may be a subclass's.
        return PyJWKSet.from_dict(_as_jwk_set(self.fetch_data()))

    def _remember(self, jwk_set: PyJWKSet) -> None:
        if self.jwk_set_cache is not None:
            self.jwk_set_cache.put(jwk_set)
        self._last_successful_fetch = time.monotonic()

    def _is_cooling_down(self) -> bool:
        last = self._last_successful_fetch
        if self.jwk_set_cache is None or last is None:
            return False
        # What is under way brings whatever there is to be had.
        return os.getpid() not in self._flights and time.monotonic() - last < self.cooldown_duration


def _as_jwk_set(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        _refuse("The JWKS endpoint did not return a JSON object")
    return data


def _refuse(reason: str) -> NoReturn:
    raise PyJWKClientError(reason)
