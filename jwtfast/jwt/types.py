"""The types of PyJWT 2.15's options, by its names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

__all__ = ["FullOptions", "HashlibHash", "JWKDict", "Options", "SigOptions"]

JWKDict = dict[str, Any]
HashlibHash = Callable[..., Any]


class SigOptions(TypedDict, total=False):
    """What ``PyJWS`` can be told."""

    verify_signature: bool
    """Whether the signature is verified. Where it isn't, nothing about a token is known to be true."""
    enforce_minimum_key_length: bool
    """Whether a key that is too short is refused, instead of warned of."""


class Options(TypedDict, total=False):
    """What ``PyJWT`` can be told; each ``verify_`` follows ``verify_signature`` where it is left out."""

    verify_signature: bool
    """Whether the signature is verified. Where it isn't, nothing about a token is known to be true."""
    require: list[str]
    """The names of claims that must be there."""
    strict_aud: bool
    """Whether ``aud`` and ``audience`` must each be a single string."""
    verify_aud: bool
    """Whether ``aud`` is judged."""
    verify_exp: bool
    """Whether ``exp`` is judged."""
    verify_iat: bool
    """Whether ``iat`` is judged."""
    verify_iss: bool
    """Whether ``iss`` is judged."""
    verify_jti: bool
    """Whether ``jti`` is judged."""
    verify_nbf: bool
    """Whether ``nbf`` is judged."""
    verify_sub: bool
    """Whether ``sub`` is judged."""
    enforce_minimum_key_length: bool
    """Whether a key that is too short is refused, instead of warned of."""


class FullOptions(TypedDict):
    """All options with their values."""

    verify_signature: bool
    require: list[str]
    strict_aud: bool
    verify_aud: bool
    verify_exp: bool
    verify_iat: bool
    verify_iss: bool
    verify_jti: bool
    verify_nbf: bool
    verify_sub: bool
    enforce_minimum_key_length: bool
