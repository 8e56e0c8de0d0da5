"""What to tell in a bug report: ``python -m jwtfast.jwt.help``."""

from __future__ import annotations

import json
import platform
import sys

import cryptography

import jwtfast

__all__ = ["info", "main"]


def info() -> dict[str, dict[str, str]]:
    """Give the versions that matter.

    Returns:
        Those of the system, of Python, of cryptography, and of jwtfast; under PyJWT's key the version of it whose
        behaviour this package has.
    """
    from jwtfast.jwt import __version__  # noqa: PLC0415 - the package imports this module's neighbours first

    return {
        "platform": {"system": platform.system(), "release": platform.release()},
        "implementation": {"name": platform.python_implementation(), "version": platform.python_version()},
        "cryptography": {"version": cryptography.__version__},
        "pyjwt": {"version": __version__},
        "jwtfast": {"version": jwtfast.__version__},
    }


def main() -> None:
    """Print it as JSON."""
    sys.stdout.write(json.dumps(info(), sort_keys=True, indent=2) + "\n")


if __name__ == "__main__":
    main()
