"""Logs in JSON, a line for each event, without anything of a token."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any, Final

import orjson

__all__ = ["DecisionLog", "JsonFormatter", "logging_configuration"]

_LOG = logging.getLogger("jwtfast.gateway")
_MOST: Final = 100  # lines of decisions in a second: a flood must not be made worse by what is written about it


class JsonFormatter(logging.Formatter):
    """Writes a record as a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Write it; ``extra={"fields": {...}}`` adds members."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def logging_configuration(level: str) -> dict[str, Any]:
    """Give what ``logging.config.dictConfig`` takes: everything goes to standard error, in JSON.

    Args:
        level: From which level on the gateway's own events are written; of other packages it is warnings.
    """
    level = level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": f"{__name__}.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "jwtfast": {"level": level},
            "_granian": {"level": level, "handlers": ["stderr"], "propagate": False},
        },
    }


class DecisionLog:
    """Writes decisions, so many in a second, and tells how many it left out.

    Args:
        which: ``"none"``, ``"refused"`` or ``"all"``.
    """

    def __init__(self, which: str) -> None:
        self.refused = which != "none"
        self.allowed = which == "all"
        self._second = 0
        self._written = 0

    def write(self, code: str, status: int, **fields: str) -> None:
        """Write one."""
        second = int(time.monotonic())
        if second != self._second:
            if self._written > _MOST:
                _LOG.warning("%d decisions were not logged", self._written - _MOST)
            self._second, self._written = second, 0
        self._written += 1
        if self._written <= _MOST:
            _LOG.info("decision", extra={"fields": {"code": code, "status": status, **fields}})
