"""``PyJWT``: JSON Web Tokens (RFC 7519) with PyJWT's options, messages and laxness.

``decode`` and ``encode`` are compiled; what stands here is what they leave to Python: the options, and the judgement of
tokens that the strict core does not take.
"""

from __future__ import annotations

import json
import math
import time
from calendar import timegm
from collections.abc import Container, Iterable, Mapping, Sequence
from copyreg import __newobj__  # type: ignore[attr-defined]
from datetime import datetime, timedelta
from typing import Any, NoReturn, SupportsIndex, cast

from jwtfast._native import Decoder, Generation, HmacKey, PyJWTCore, Signer
from jwtfast.jwt.algorithms import HMACAlgorithm, prepared_key
from jwtfast.jwt.api_jwk import PyJWK
from jwtfast.jwt.api_jws import Key, PyJWS, _algorithm_to_sign_with, _jws_global_obj, _warn_of_keywords
from jwtfast.jwt.demands import build_decoder
from jwtfast.jwt.exceptions import (
    DecodeError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidJTIError,
    InvalidSubjectError,
    MissingRequiredClaimError,
    PyJWTError,
)
from jwtfast.jwt.json_text import read_object
from jwtfast.jwt.own_options import OwnOptions
from jwtfast.jwt.types import FullOptions, Options, SigOptions
from jwtfast.jwt.warnings import warn_caller

__all__ = ["PyJWT", "decode", "decode_complete", "encode"]

# What a date that is no number is answered with, in the order in which dates are judged.
_DATES: dict[str, tuple[type[PyJWTError], str]] = {
    "iat": (InvalidIssuedAtError, "Issued At claim (iat) must be an integer."),
    "nbf": (DecodeError, "Not Before claim (nbf) must be an integer."),
    "exp": (DecodeError, "Expiration Time claim (exp) must be an integer."),
}

_FOLLOWERS = ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti")


_INSIDE = frozenset({"_cache_tokens", "_changes", "_jws", "_options"})


class PyJWT(PyJWTCore):
    """Encodes and decodes tokens, with options of its own. Programs may override its methods."""

    def __init__(self, options: Options | None = None, *, cache_tokens: int = 0) -> None:
        """Configure it.

        Args:
            options: What differs from the defaults: all is verified, nothing is required.
            cache_tokens: How many verified tokens are remembered, for each key and set of demands; 0: none. PyJWT has
                no such argument.

        Raises:
            TypeError: The options are no mapping, or cache_tokens is no int.
            ValueError: ``cache_tokens`` is negative.
        """
        if isinstance(cache_tokens, bool) or not isinstance(cache_tokens, int):
            msg = f"cache_tokens is an int, not {type(cache_tokens).__name__}"
            raise TypeError(msg)
        if not 0 <= cache_tokens < 2**32:
            msg = "cache_tokens is at least 0 and below 2**32"
            raise ValueError(msg)
        self._begin(self._merged(self._get_default_options(), options), cache_tokens)

    def _begin(self, options: FullOptions, cache_tokens: int) -> None:
        self._changes = Generation()
        self._cache_tokens = cache_tokens
        self.options = options
        self._adopt(PyJWS(options=self._get_sig_options()))

    def _adopt(self, jws: PyJWS) -> None:
        """Use this object's algorithms."""
        self._jws = jws
        is_open = all(getattr(type(self), name) is method for name, method in _COMPILED.items())
        self._configure(self._changes, jws.generation, PyJWK, is_open)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        # A copy takes what was configured, and what a subclass has; no keys, and no algorithms of the program's own.
        own = {name: value for name, value in vars(self).items() if name not in _INSIDE}
        return __newobj__, (type(self),), (dict(self.options), self._cache_tokens, own)

    def __setstate__(self, state: tuple[FullOptions, int, dict[str, Any]]) -> None:
        options, cache_tokens, own = state
        self._begin(options, cache_tokens)
        vars(self).update(own)

    @property
    def options(self) -> FullOptions:
        """The options that hold where a call doesn't say otherwise; may be changed."""
        return self._options

    @options.setter
    def options(self, options: FullOptions) -> None:
        self._options = cast("FullOptions", OwnOptions(cast("dict[str, Any]", options), self._options_changed))
        self._options_changed()

    def _options_changed(self) -> None:
        # Its list of names may change too, and can't tell: the compiled part looks at it on each call.
        self._require(self._options.get("require"))
        self._changes.advance()

    @staticmethod
    def _get_default_options() -> FullOptions:
        return {
            "verify_signature": True,
            "verify_exp": True,
            "verify_nbf": True,
            "verify_iat": True,
            "verify_aud": True,
            "verify_iss": True,
            "verify_sub": True,
            "verify_jti": True,
            "require": [],
            "strict_aud": False,
            "enforce_minimum_key_length": False,
        }

    def _get_sig_options(self) -> SigOptions:
        return {
            "verify_signature": self.options["verify_signature"],
            "enforce_minimum_key_length": self.options.get("enforce_minimum_key_length", False),
        }

    @staticmethod
    def _merged(own: FullOptions, options: Any) -> FullOptions:
        """Put options over others: where the signature is not verified, nothing is that is not asked for."""
        if options is None:
            return own
        if not isinstance(options, Mapping):
            msg = f"options is a mapping or None, not {type(options).__name__}"
            raise TypeError(msg)
        followers = {} if options.get("verify_signature", True) else dict.fromkeys(_FOLLOWERS, False)
        return cast("FullOptions", {**own, **followers, **options})

    def _merge_options(self, options: Options | None = None) -> FullOptions:
        return self._merged(self.options, options)

    # ---- encoding ----

    def _encode(
        self,
        payload: dict[str, Any],
        key: Any,
        algorithm: str | None,
        headers: dict[str, Any] | None,
        json_encoder: type[json.JSONEncoder] | None,
        sort_headers: bool,
    ) -> str:
        """Encode what the compiled part leaves to Python."""
        if not isinstance(payload, dict):
            msg = "Expecting a dict object, as JWT only supports JSON objects as payloads."
            raise TypeError(msg)
        claims = payload.copy()
        for name in ("exp", "iat", "nbf"):
            if isinstance(claims.get(name), datetime):
                claims[name] = timegm(claims[name].utctimetuple())
        if not isinstance(claims.get("iss", ""), str):
            msg = "Issuer (iss) must be a string."
            raise TypeError(msg)
        text = self._encode_payload(claims, headers=headers, json_encoder=json_encoder)
        return self._jws.encode(text, key, algorithm, headers, json_encoder, sort_headers=sort_headers)

    def _encode_payload(
        self,
        payload: dict[str, Any],
        headers: dict[str, Any] | None = None,  # noqa: ARG002 - for those who override it
        json_encoder: type[json.JSONEncoder] | None = None,
    ) -> bytes:
        return json.dumps(payload, separators=(",", ":"), cls=json_encoder).encode()

    def _signer(self, key: str | bytes, algorithm: Any, headers: dict[str, str]) -> Signer | None:
        """Build what answers all calls of ``encode`` with these arguments; None where Python has to."""
        name = _algorithm_to_sign_with(key, algorithm, headers)
        try:
            found = self._jws.get_algorithm_by_name(name)
            if type(found) is not HMACAlgorithm or {"b64", "crit"} & headers.keys():
                return None
            secret = found.prepare_key(key)
            prepared = prepared_key(name, found, secret)
        except (PyJWTError, NotImplementedError, ValueError):
            return None
        problem = found.check_key_length(secret)
        if not isinstance(prepared, HmacKey) or (problem and self._jws.options.get("enforce_minimum_key_length")):
            return None
        _, encoded, _ = self._jws._header_segment(  # noqa: SLF001 - of this package
            key, algorithm, headers, None, is_payload_detached=False, sort_headers=True
        )
        return Signer(prepared, encoded, problem)

    # ---- decoding ----

    def _decoder(
        self,
        key: Any,
        algorithms: tuple[str, ...],
        options: dict[str, Any] | None,
        audience: str | tuple[str, ...] | None,
        issuer: str | tuple[str, ...] | None,
        leeway: float | timedelta,
    ) -> Decoder | None:
        """Build what answers all calls of ``decode`` with these arguments; None where Python has to."""
        return build_decoder(
            self._jws,
            key,
            algorithms,
            options={**self._merged(self.options, options), "verify_signature": _is_to_verify(options)},
            audience=audience,
            issuer=issuer,
            leeway=leeway,
            cache_tokens=self._cache_tokens,
        )

    def _decode(
        self,
        jwt: str | bytes,
        key: Any,
        algorithms: Sequence[str] | None,
        options: Options | None,
        verify: bool | None,
        detached_payload: bytes | None,
        audience: str | Iterable[str] | None,
        subject: str | None,
        issuer: str | Container[str] | None,
        leeway: float | timedelta,
        kwargs: dict[str, Any],
    ) -> Any:
        """Decode what the compiled part leaves to Python."""
        if kwargs:
            _warn_of_keywords("decode", kwargs)
        return self.decode_complete(
            jwt,
            key,
            algorithms,
            options,
            verify=verify,
            detached_payload=detached_payload,
            audience=audience,
            subject=subject,
            issuer=issuer,
            leeway=leeway,
        )["payload"]

    def decode_complete(
        self,
        jwt: str | bytes,
        key: Key = "",
        algorithms: Sequence[str] | None = None,
        options: Options | None = None,
        verify: bool | None = None,
        detached_payload: bytes | None = None,
        audience: str | Iterable[str] | None = None,
        issuer: str | Container[str] | None = None,
        subject: str | None = None,
        leeway: float | timedelta = 0,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify a token and give all of it (RFC 7519 section 7.2).

        Args:
            jwt: The token in JWS Compact Serialization.
            key: The key, in any form that its algorithm takes.
            algorithms: The names of the algorithms that are allowed; may be left out with a PyJWK.
            options: What differs from this object's options.
            verify: Does nothing; warned of where it contradicts ``verify_signature``.
            detached_payload: The payload of a token that has none inside (RFC 7797).
            audience: The values of which ``aud`` must have one.
            issuer: The values that ``iss`` may have.
            subject: What ``sub`` must be, where it is there.
            leeway: How far clocks may disagree, in seconds.
            **kwargs: Ignored, with a warning.

        Returns:
            ``payload`` and ``header`` as dicts, and ``signature`` as bytes.

        Raises:
            InvalidTokenError: Something is wrong with the token; the subclass says what.
            InvalidKeyError: The key is none for the algorithm.
            TypeError: An argument is of the wrong type.
        """
        if kwargs:
            _warn_of_keywords("decode_complete", kwargs)
        merged = self._merge_options(options)
        verifies = _is_to_verify(options)
        if verify is not None and verify != verifies:
            warn_caller(
                "The `verify` argument to `decode` does nothing in PyJWT 2.0 and newer. The equivalent is setting "
                "`verify_signature` to False in the `options` dictionary. This invocation has a mismatch between the "
                "kwarg and the option entry.",
                DeprecationWarning,
            )
        signature_options: SigOptions = {
            "verify_signature": verifies,
            "enforce_minimum_key_length": merged.get("enforce_minimum_key_length", False),
        }
        decoded = self._jws.decode_complete(jwt, key, algorithms, signature_options, detached_payload)
        payload = self._decode_payload(decoded)
        self._validate_claims(payload, merged, audience=audience, issuer=issuer, leeway=leeway, subject=subject)
        decoded["payload"] = payload
        return decoded

    def _decode_payload(self, decoded: dict[str, Any]) -> dict[str, Any]:
        return read_object(decoded["payload"], "payload", _DATES)

    # ---- the claims, by PyJWT's rules ----

    def _validate_claims(
        self,
        payload: dict[str, Any],
        options: FullOptions,
        audience: Iterable[str] | str | None = None,
        issuer: Container[str] | str | None = None,
        subject: str | None = None,
        leeway: float | timedelta = 0,
    ) -> None:
        seconds = leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
        if isinstance(seconds, float) and math.isnan(seconds):
            msg = "leeway is a number of seconds, and this is none"
            raise ValueError(msg)
        if audience is not None and not isinstance(audience, str | Iterable):
            msg = "audience must be a string, iterable or None"
            raise TypeError(msg)
        self._validate_required_claims(payload, options["require"])
        now = time.time()
        if "iat" in payload and options["verify_iat"]:
            self._validate_iat(payload, now, seconds)
        if "nbf" in payload and options["verify_nbf"]:
            self._validate_nbf(payload, now, seconds)
        if "exp" in payload and options["verify_exp"]:
            self._validate_exp(payload, now, seconds)
        if options["verify_iss"]:
            self._validate_iss(payload, issuer)
        if options["verify_aud"]:
            self._validate_aud(payload, audience, strict=options.get("strict_aud", False))
        if options["verify_sub"]:
            self._validate_sub(payload, subject)
        if options["verify_jti"]:
            self._validate_jti(payload)

    def _validate_required_claims(self, payload: dict[str, Any], claims: Iterable[str]) -> None:
        for claim in claims:
            if payload.get(claim) is None:
                raise MissingRequiredClaimError(claim)

    def _validate_sub(self, payload: dict[str, Any], subject: str | None = None) -> None:
        if "sub" not in payload:
            return
        if not isinstance(payload["sub"], str):
            _refuse(InvalidSubjectError, "Subject must be a string")
        if subject is not None and payload["sub"] != subject:
            _refuse(InvalidSubjectError, "Invalid subject")

    def _validate_jti(self, payload: dict[str, Any]) -> None:
        if not isinstance(payload.get("jti", ""), str):
            _refuse(InvalidJTIError, "JWT ID must be a string")

    def _validate_iat(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        issued = _whole_seconds(payload, "iat")
        if issued > now + leeway:
            _refuse(ImmatureSignatureError, "The token is not yet valid (iat)")

    def _validate_nbf(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        start = _whole_seconds(payload, "nbf")
        if start > now + leeway:
            _refuse(ImmatureSignatureError, "The token is not yet valid (nbf)")

    def _validate_exp(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        end = _whole_seconds(payload, "exp")
        if end <= now - leeway:
            _refuse(ExpiredSignatureError, "Signature has expired")

    def _validate_aud(
        self, payload: dict[str, Any], audience: str | Iterable[str] | None, *, strict: bool = False
    ) -> None:
        named = payload.get("aud")
        if audience is None:
            if named:
                _refuse(InvalidAudienceError, "Invalid audience")
            return
        if not named:
            raise MissingRequiredClaimError("aud")  # noqa: EM101 - a claim's name
        if strict:
            self._validate_sole_aud(named, audience)
            return
        names = [named] if isinstance(named, str) else named
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            _refuse(InvalidAudienceError, "Invalid claim format in token")
        accepted = [audience] if isinstance(audience, str) else audience
        if not any(name in names for name in accepted):
            _refuse(InvalidAudienceError, "Audience doesn't match")

    @staticmethod
    def _validate_sole_aud(named: Any, audience: str | Iterable[str]) -> None:
        if not isinstance(audience, str):
            _refuse(InvalidAudienceError, "Invalid audience (strict)")
        if not isinstance(named, str):
            _refuse(InvalidAudienceError, "Invalid claim format in token (strict)")
        if named != audience:
            _refuse(InvalidAudienceError, "Audience doesn't match (strict)")

    def _validate_iss(self, payload: dict[str, Any], issuer: Container[str] | str | None) -> None:
        if issuer is None:
            return
        if "iss" not in payload:
            raise MissingRequiredClaimError("iss")  # noqa: EM101 - a claim's name
        name = payload["iss"]
        if not isinstance(name, str):
            _refuse(InvalidIssuerError, "Payload Issuer (iss) must be a string")
        if isinstance(issuer, str):
            known = name == issuer
        else:
            try:
                known = name in issuer
            except TypeError:
                _refuse(InvalidIssuerError, 'Issuer param must be "str" or "Container[str]"')
        if not known:
            _refuse(InvalidIssuerError, "Invalid issuer")


def _is_to_verify(options: Mapping[str, Any] | None) -> bool:
    """Tell whether a call is to verify the signature: an object's own options have no say in that."""
    return options is None or bool(options.get("verify_signature", True))


def _whole_seconds(payload: dict[str, Any], name: str) -> int:
    """Give a date as PyJWT reads it: anything of which ``int`` makes a number."""
    try:
        return int(payload[name])
    except (OverflowError, TypeError, ValueError):
        pass
    error, words = _DATES[name]
    raise error(words)


def _refuse(error: type[PyJWTError], reason: str) -> NoReturn:
    raise error(reason)


# What decoders and signers stand for: a class that overrides one of these is not answered by them.
_COMPILED = {
    name: getattr(PyJWT, name)
    for name in (
        "decode_complete",
        "_decode",
        "_decode_payload",
        "_encode",
        "_encode_payload",
        "_get_sig_options",
        "_merge_options",
        *(name for name in vars(PyJWT) if name.startswith("_validate_")),
    )
}

_jwt_global_obj = PyJWT()
_jwt_global_obj._adopt(_jws_global_obj)  # noqa: SLF001 - one registry of algorithms for the functions of both modules
encode = _jwt_global_obj.encode
decode_complete = _jwt_global_obj.decode_complete
decode = _jwt_global_obj.decode
