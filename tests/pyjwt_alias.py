"""A pytest plugin that has ``import jwt`` give ``jwtfast.jwt``; see pyjwt_suite.py."""

from __future__ import annotations

import importlib
import sys

MODULES = (
    "algorithms",
    "api_jwk",
    "api_jws",
    "api_jwt",
    "exceptions",
    "help",
    "jwk_set_cache",
    "jwks_client",
    "types",
    "utils",
    "warnings",
)

sys.modules["jwt"] = importlib.import_module("jwtfast.jwt")
for name in MODULES:
    sys.modules[f"jwt.{name}"] = importlib.import_module(f"jwtfast.jwt.{name}")
