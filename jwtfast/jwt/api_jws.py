"""``PyJWS``: JSON Web Signatures (RFC 7515) with PyJWT's options, messages and laxness."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, cast

from jwtfast._native import UNSET, Generation, kernels, read_json_object
from jwtfast.jwt.algorithms import (
    Algorithm,
    AllowedPrivateKeys,
    AllowedPublicKeys,
    ECAlgorithm,
    OKPAlgorithm,
    RSAAlgorithm,
    get_default_algorithms,
)
from jwtfast.jwt.api_jwk import PyJWK
from jwtfast.jwt.exceptions import (
    DecodeError,
    InvalidAlgorithmError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidTokenError,
)
from jwtfast.jwt.json_text import read_object
from jwtfast.jwt.own_options import OwnOptions
from jwtfast.jwt.types import Options, SigOptions
from jwtfast.jwt.utils import base64url_encode
from jwtfast.jwt.warnings import InsecureKeyLengthWarning, RemovedInPyjwt3Warning, warn_caller

__all__ = ["PyJWS", "decode", "decode_complete", "encode", "get_unverified_header"]

_MAX_READ_KEYS = 64

Key: TypeAlias = AllowedPublicKeys | PyJWK | str | bytes
SigningKey: TypeAlias = AllowedPrivateKeys | PyJWK | str | bytes


class PyJWS:
    """Signs and verifies octets; holds the algorithms that may be used."""

    header_typ = "JWT"
    _supported_crit = frozenset({"b64"})

    def __init__(self, algorithms: Sequence[str] | None = None, options: SigOptions | None = None) -> None:
        """Configure it.

        Args:
            algorithms: The names of the algorithms that may be used; None: all.
            options: What differs from ``SigOptions``' defaults.

        Raises:
            TypeError: The options are no mapping.
        """
        known = get_default_algorithms()
        names = known if algorithms is None else algorithms
        self._valid_algs = set(names)
        self._algorithms = {name: algorithm for name, algorithm in known.items() if name in self._valid_algs}
        self._read_keys: dict[tuple[Algorithm, type[Any], Any], Any] = {}
        self.generation = Generation()
        """Advanced when an algorithm comes or goes, or an option changes: what was prepared is prepared again."""
        self.options = self._merged(options, self._get_default_options())

    def __getstate__(self) -> dict[str, Any]:
        # A copy takes what was configured, and what a subclass has; no keys.
        own = {name: value for name, value in vars(self).items() if name not in {"_read_keys", "generation"}}
        return own | {
            "_valid_algs": set(self._valid_algs),
            "_algorithms": dict(self._algorithms),
            "_options": dict(self._options),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._read_keys = {}
        self.generation = Generation()
        options = state.pop("_options")
        vars(self).update(state)
        self.options = options

    @property
    def options(self) -> SigOptions:
        """The options that hold where a call doesn't say otherwise; may be changed."""
        return self._options

    @options.setter
    def options(self, options: SigOptions) -> None:
        self._options = cast("SigOptions", OwnOptions(cast("dict[str, Any]", options), self.generation.advance))
        self.generation.advance()

    @staticmethod
    def _get_default_options() -> SigOptions:
        return {"verify_signature": True, "enforce_minimum_key_length": False}

    @staticmethod
    def _merged(options: Any, defaults: SigOptions) -> SigOptions:
        if options is not None and not isinstance(options, Mapping):
            msg = f"options is a mapping or None, not {type(options).__name__}"
            raise TypeError(msg)
        return cast("SigOptions", {**defaults, **(options or {})})

    # ---- the algorithms ----

    def register_algorithm(self, alg_id: str, alg_obj: Algorithm) -> None:
        """Add an algorithm.

        Args:
            alg_id: The ``alg`` value.
            alg_obj: What signs and verifies.

        Raises:
            ValueError: There is one of this name.
            TypeError: It is no Algorithm.
        """
        if alg_id in self._algorithms:
            msg = "Algorithm already has a handler."
            raise ValueError(msg)
        if not isinstance(alg_obj, Algorithm):
            msg = "Object is not of type `Algorithm`"
            raise TypeError(msg)
        self._algorithms[alg_id] = alg_obj
        self._valid_algs.add(alg_id)
        self.generation.advance()

    def unregister_algorithm(self, alg_id: str) -> None:
        """Remove an algorithm.

        Args:
            alg_id: The ``alg`` value.

        Raises:
            KeyError: There is none of this name.
        """
        if alg_id not in self._algorithms:
            msg = "The specified algorithm could not be removed because it is not registered."
            raise KeyError(msg)
        del self._algorithms[alg_id]
        self._valid_algs.remove(alg_id)
        self.generation.advance()

    def get_algorithms(self) -> list[str]:
        """Give the names of the algorithms that may be used."""
        return list(self._valid_algs)

    def get_algorithm_by_name(self, alg_name: str) -> Algorithm:
        """Give an algorithm.

        Args:
            alg_name: The ``alg`` value.

        Returns:
            What signs and verifies.

        Raises:
            NotImplementedError: There is none of this name.
        """
        try:
            return self._algorithms[alg_name]
        except (KeyError, TypeError) as error:
            msg = "Algorithm not supported"
            raise NotImplementedError(msg) from error

    # ---- signing ----

    def encode(
        self,
        payload: bytes,
        key: SigningKey,
        algorithm: str | None = UNSET,
        headers: dict[str, Any] | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
        is_payload_detached: bool = False,
        sort_headers: bool = True,
    ) -> str:
        """Sign octets (RFC 7515 section 5.1).

        Args:
            payload: The octets.
            key: The key, in any form that the algorithm takes.
            algorithm: The ``alg``; None: ``none``. Where it is left out: a PyJWK's own, or HS256.
            headers: Further members of the header; an ``alg`` among them counts.
            json_encoder: What the header is written with.
            is_payload_detached: Whether the payload stays outside (RFC 7797).
            sort_headers: Whether the header's members are sorted.

        Returns:
            The token in JWS Compact Serialization.

        Raises:
            InvalidKeyError: The key is none for the algorithm.
            NotImplementedError: There is no such algorithm.
            InvalidTokenError: A header is none that a token may have.
            TypeError: The payload is not bytes, or a header is nothing that JSON has.
        """
        name, encoded, detached = self._header_segment(
            key, algorithm, headers, json_encoder, is_payload_detached=is_payload_detached, sort_headers=sort_headers
        )
        visible = payload if detached else base64url_encode(payload)
        signature = self._sign(b".".join((encoded, visible)), name, key)
        segments = (encoded, b"" if detached else visible, base64url_encode(signature))
        return b".".join(segments).decode()

    def _header_segment(
        self,
        key: Any,
        algorithm: str | None,
        headers: dict[str, Any] | None,
        json_encoder: type[json.JSONEncoder] | None,
        *,
        is_payload_detached: bool,
        sort_headers: bool,
    ) -> tuple[Any, bytes, bool]:
        """Give the ``alg``, the encoded header, and whether the payload stays outside."""
        name = _algorithm_to_sign_with(key, algorithm, headers)
        header: dict[str, Any] = {"typ": self.header_typ, "alg": name}
        detached = is_payload_detached
        if headers:
            self._validate_headers(headers, encoding=True)
            header.update(headers, alg=name)
            detached = detached or headers.get("b64") is False
        if not header["typ"]:
            del header["typ"]
        header.pop("b64", None)
        if detached:
            header["b64"] = False
            header["crit"] = _with_b64(header.get("crit", []))
        text = json.dumps(header, separators=(",", ":"), cls=json_encoder, sort_keys=sort_headers)
        return name, base64url_encode(text.encode()), detached

    def _sign(self, signing_input: bytes, name: str, key: Any) -> bytes:
        algorithm = self.get_algorithm_by_name(name)
        prepared = self._prepared(algorithm, key, self.options)
        return algorithm.sign(signing_input, prepared)

    def _prepared(self, algorithm: Algorithm, key: Any, options: SigOptions | Options) -> Any:
        """Give the key as the algorithm wants it; refuse it, or warn of it, where it is too short."""
        prepared = self._read(algorithm, key.key if isinstance(key, PyJWK) else key)
        problem = algorithm.check_key_length(prepared)
        if problem and options.get("enforce_minimum_key_length", False):
            raise InvalidKeyError(problem)
        if problem:
            warn_caller(problem, InsecureKeyLengthWarning)
        return prepared

    def _read(self, algorithm: Algorithm, key: Any) -> Any:
        """Read a key; texts of key pairs are remembered, for reading a private one costs more than signing with it."""
        if not isinstance(algorithm, RSAAlgorithm | ECAlgorithm | OKPAlgorithm) or type(key) not in {str, bytes}:
            return algorithm.prepare_key(key)
        place = (algorithm, type(key), key)
        found = self._read_keys.get(place)
        if found is None:
            found = algorithm.prepare_key(key)
            while len(self._read_keys) >= _MAX_READ_KEYS:
                self._read_keys.pop(next(iter(list(self._read_keys))), None)
            self._read_keys[place] = found
        return found

    # ---- verifying ----

    def decode_complete(
        self,
        jwt: str | bytes,
        key: Key = "",
        algorithms: Sequence[str] | None = None,
        options: SigOptions | None = None,
        detached_payload: bytes | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify a token and give all of it (RFC 7515 section 5.2).

        Args:
            jwt: The token in JWS Compact Serialization.
            key: The key, in any form that its algorithm takes.
            algorithms: The names of the algorithms that are allowed; may be left out with a PyJWK.
            options: What differs from this object's options.
            detached_payload: The payload of a token that has none inside (RFC 7797).
            **kwargs: Ignored, with a warning.

        Returns:
            ``payload`` and ``signature`` as bytes, and ``header`` as a dict.

        Raises:
            InvalidTokenError: Something is wrong with the token.
            InvalidKeyError: The key is none for the algorithm.
        """
        if kwargs:
            _warn_of_keywords("decode_complete", kwargs)
        merged = self._merged(options, self.options)
        verifies = merged.get("verify_signature", True)
        if verifies and not algorithms and not isinstance(key, PyJWK):
            msg = 'It is required that you pass in a value for the "algorithms" argument when calling decode().'
            raise DecodeError(msg)
        payload, signing_input, header, signature = self._load(jwt)
        if header.get("b64", True) is False:
            if "b64" not in header.get("crit", ()):
                msg = "The 'b64' header parameter requires 'b64' to be listed in 'crit'."
                raise InvalidTokenError(msg)
            if detached_payload is None:
                msg = (
                    'It is required that you pass in a value for the "detached_payload" argument to decode '
                    "a message having the b64 header set to false."
                )
                raise DecodeError(msg)
            payload = detached_payload
            signing_input = b".".join((signing_input.partition(b".")[0], payload))
        elif detached_payload is not None:
            msg = 'It is only valid to pass "detached_payload" when the protected header has "b64" set to false.'
            raise DecodeError(msg)
        if verifies:
            self._verify_signature(signing_input, header, signature, key, algorithms, merged)
        return {"payload": payload, "header": header, "signature": signature}

    def decode(
        self,
        jwt: str | bytes,
        key: Key = "",
        algorithms: Sequence[str] | None = None,
        options: SigOptions | None = None,
        detached_payload: bytes | None = None,
        **kwargs: Any,
    ) -> Any:
        """Verify a token and give its payload; the arguments are those of ``decode_complete``."""
        if kwargs:
            _warn_of_keywords("decode", kwargs)
        return self.decode_complete(jwt, key, algorithms, options, detached_payload)["payload"]

    def get_unverified_header(self, jwt: str | bytes) -> dict[str, Any]:
        """Give a token's header, of which nothing is known to be true.

        Args:
            jwt: The token.

        Returns:
            The header.

        Raises:
            InvalidTokenError: It is malformed.
        """
        return self._load(jwt, _read_quickly)[2]

    @staticmethod
    def _decode_base64url_segment(segment: bytes, name: str) -> bytes:
        """Give a segment's octets: canonical base64url, and the padding that some issuers add at its end."""
        padding = len(segment) - len(segment.rstrip(b"="))
        if not padding or (padding <= 2 and len(segment) % 4 == 0):
            with suppress(ValueError):
                return kernels.base64url_decode(segment[: len(segment) - padding])
        msg = f"Invalid {name} padding"
        raise DecodeError(msg)

    def _load(
        self, jwt: str | bytes, read: Callable[[bytes, str], dict[str, Any]] = read_object
    ) -> tuple[bytes, bytes, dict[str, Any], bytes]:
        """Give payload, signing input, header (by this reader of JSON) and signature."""
        if isinstance(jwt, str):
            jwt = jwt.encode(errors="replace")
        if not isinstance(jwt, bytes):
            msg = f"Invalid token type. Token must be a {bytes}"
            raise DecodeError(msg)
        signing_input, _, crypto_segment = jwt.rpartition(b".")
        header_segment, dot, payload_segment = signing_input.partition(b".")
        if not dot:
            msg = "Not enough segments"
            raise DecodeError(msg)
        header = read(self._decode_base64url_segment(header_segment, "header"), "header")
        if header.get("b64", True) is not False:
            payload = self._decode_base64url_segment(payload_segment, "payload")
        elif payload_segment:
            msg = "Payload segment must be empty when 'b64' is false."
            raise DecodeError(msg)
        else:
            payload = b""
        signature = self._decode_base64url_segment(crypto_segment, "crypto")
        self._validate_headers(header)
        return payload, signing_input, header, signature

    def _verify_signature(
        self,
        signing_input: bytes,
        header: dict[str, Any],
        signature: bytes,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: SigOptions | None = None,
    ) -> None:
        name = _algorithm_of(header, key, algorithms)
        if isinstance(key, PyJWK):
            algorithm = key.Algorithm
        else:
            try:
                algorithm = self.get_algorithm_by_name(name)
            except NotImplementedError as error:
                msg = "Algorithm not supported"
                raise InvalidAlgorithmError(msg) from error
        prepared = self._prepared(algorithm, key, self.options if options is None else options)
        if not algorithm.verify(signing_input, prepared, signature):
            msg = "Signature verification failed"
            raise InvalidSignatureError(msg)

    # ---- the header ----

    def _validate_headers(self, headers: dict[str, Any], *, encoding: bool = False) -> None:
        if "kid" in headers:
            self._validate_kid(headers["kid"])
        if not encoding and "crit" in headers:
            self._validate_crit(headers)

    def _validate_kid(self, kid: Any) -> None:
        if not isinstance(kid, str):
            msg = "Key ID header parameter must be a string"
            raise InvalidTokenError(msg)

    def _validate_crit(self, headers: dict[str, Any]) -> None:
        """Hold ``crit`` to RFC 7515 section 4.1.11."""
        crit = headers["crit"]
        if not isinstance(crit, list) or not crit:
            msg = "Invalid 'crit' header: must be a non-empty list"
        elif not all(isinstance(name, str) for name in crit):
            msg = "Invalid 'crit' header: values must be strings"
        elif not self._supported_crit.issuperset(crit):
            msg = "Unsupported critical extension: none but 'b64' is known"
        elif not headers.keys() >= set(crit):
            msg = "Critical extension 'b64' is missing from headers"  # the only one that gets here
        else:
            return
        raise InvalidTokenError(msg)


def _read_quickly(text: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object by the compiled reader; what it doesn't take is for the other one to judge."""
    with suppress(ValueError):
        return read_json_object(text)
    return read_object(text, what)


def _algorithm_to_sign_with(key: Any, algorithm: str | None, headers: dict[str, Any] | None) -> Any:
    if headers and headers.get("alg"):
        return headers["alg"]
    if algorithm is UNSET or algorithm is None:
        if isinstance(key, PyJWK):
            return key.algorithm_name
        return "HS256" if algorithm is UNSET else "none"
    return algorithm


def _with_b64(crit: Any) -> list[Any]:
    if not isinstance(crit, list):
        msg = "Invalid 'crit' header: must be a list"
        raise InvalidTokenError(msg)
    return crit if "b64" in crit else [*crit, "b64"]


def _algorithm_of(header: dict[str, Any], key: Any, algorithms: Sequence[str] | None) -> str:
    """Give the header's ``alg``, once it is known to be allowed."""
    if algorithms is None and isinstance(key, PyJWK):
        algorithms = [key.algorithm_name]
    if "alg" not in header:
        msg = "Algorithm not specified"
        raise InvalidAlgorithmError(msg)
    name = header["alg"]
    # One name may be given alone: then it is that name, and not any part of it.
    allowed = (algorithms,) if isinstance(algorithms, str) else algorithms
    if not isinstance(name, str) or not name or allowed is None or name not in allowed:
        msg = "The specified alg value is not allowed"
        raise InvalidAlgorithmError(msg)
    if isinstance(key, PyJWK) and name != key.algorithm_name:
        msg = f"Token algorithm does not match the key's algorithm '{key.algorithm_name}'"
        raise InvalidAlgorithmError(msg)
    return name


def _warn_of_keywords(function: str, kwargs: dict[str, Any]) -> None:
    warn_caller(
        f"passing additional kwargs to {function}() is deprecated and will be removed in pyjwt version 3. "
        f"Unsupported kwargs: {tuple(kwargs)}",
        RemovedInPyjwt3Warning,
    )


_jws_global_obj = PyJWS()
encode = _jws_global_obj.encode
decode_complete = _jws_global_obj.decode_complete
decode = _jws_global_obj.decode
register_algorithm = _jws_global_obj.register_algorithm
unregister_algorithm = _jws_global_obj.unregister_algorithm
get_algorithm_by_name = _jws_global_obj.get_algorithm_by_name
get_unverified_header = _jws_global_obj.get_unverified_header
