"""A pytest plugin that has ``import jwt`` give ``jwtfast.jwt``; see pyjwt_suite.py."""

from __future__ import annotations

import importlib
import sys

from pyjwt_alias_modules import MODULES

sys.modules["jwt"] = importlib.import_module("jwtfast.jwt")
for name in MODULES:
    sys.modules[f"jwt.{name}"] = importlib.import_module(f"jwtfast.jwt.{name}")
