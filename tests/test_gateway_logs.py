"""The gateway's logs: a line of JSON for each event, and not a line for each forged token of a flood."""

from __future__ import annotations

import json
import logging

import pytest

from jwtfast.gateway.logs import DecisionLog, JsonFormatter


def test_a_line_is_json() -> None:
    """Whatever a message holds, it is one line of JSON, with the event's own members."""
    record = logging.LogRecord("jwtfast.gateway", logging.INFO, "", 0, "a\n%s", ('"',), None)
    record.fields = {"code": "expired"}
    line = JsonFormatter().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["message"], told["level"], told["code"]) == ('a\n"', "info", "expired")


def test_a_flood_is_not_written(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a second so many decisions are written, and how many were not is told in the next one."""
    now = [100.0]
    monkeypatch.setattr("jwtfast.gateway.logs.time.monotonic", lambda: now[0])
    caplog.set_level(logging.INFO, "jwtfast.gateway")
    log = DecisionLog("refused")
    for _ in range(250):
        log.write("bad_signature", 401)
    assert len(caplog.records) == 100
    now[0] += 1
    log.write("bad_signature", 401)
    assert [record.getMessage() for record in caplog.records[100:]] == ["150 decisions were not logged", "decision"]


def test_which_are_written() -> None:
    """None, those that were refused, or all."""
    chosen = {which: (DecisionLog(which).refused, DecisionLog(which).allowed) for which in ("none", "refused", "all")}
    assert chosen == {"none": (False, False), "refused": (True, False), "all": (True, True)}
