"""The command ``jwtfast``: ``jwtfast gateway --config gateway.toml``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from jwtfast import __version__
from jwtfast.cli import gateway

__all__ = ["main"]

_COMMANDS = (gateway,)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: What stands behind the program's name; None: the process's own.

    Returns:
        The exit code: 2 where the command line or a file is wrong.
    """
    parser = argparse.ArgumentParser(prog="jwtfast", description="JSON Web Tokens, verified fast.")
    parser.add_argument("--version", action="version", version=f"jwtfast {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_to(commands)
    chosen = parser.parse_args(arguments)
    code: int = chosen.run(chosen)
    return code
