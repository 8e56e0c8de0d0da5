"""The warnings of PyJWT 2.15, by its names."""

from __future__ import annotations

import sys
import warnings

__all__ = ["InsecureKeyLengthWarning", "RemovedInPyjwt3Warning", "warn_caller"]


class RemovedInPyjwt3Warning(DeprecationWarning):
    """Given where an argument is passed that PyJWT ignores, and will refuse from version 3 on."""


class InsecureKeyLengthWarning(UserWarning):
    """Given where a key is shorter than RFC 7518 section 3.2 (HMAC) or NIST SP 800-131A (RSA) allows."""


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn, and blame the nearest caller outside this package.

    Args:
        message: What to say.
        category: The kind of warning.
    """
    package = __name__.rpartition(".")[0]
    frame, level = sys._getframe(1), 2  # noqa: SLF001 - warnings has this by a count of frames only
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
