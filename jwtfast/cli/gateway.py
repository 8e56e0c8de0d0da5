"""``jwtfast gateway``: runs the forward-auth service, or only checks its configuration."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

__all__ = ["add_to", "run"]


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "gateway",
        help="run a forward-auth service for nginx, Caddy, Traefik, HAProxy or Envoy",
        description="Runs a service that a proxy asks about each request. SIGHUP: read the configuration anew.",
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the configuration, in TOML")
    parser.add_argument("--check", action="store_true", help="check the configuration, and do nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it.

    Returns:
        The exit code: 2 where the configuration is wrong, or the extra is not installed.
    """
    try:
        from jwtfast.gateway.configuration import ConfigurationError, read_configuration  # noqa: PLC0415 - of an extra
        from jwtfast.gateway.service import run as serve  # noqa: PLC0415 - with it
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed: pip install 'jwtfast[gateway]'", file=sys.stderr)  # noqa: T201
        return 2
    try:
        if arguments.check:
            read_configuration(arguments.config)
            return 0
        return serve(arguments.config)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
