"""What all tests share: the kernels under test, the published vectors, and Hypothesis's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import jwtfast
from jwtfast import _native

if TYPE_CHECKING:
    from redis_server import RedisServer

settings.register_profile("default", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("default")

KERNELS = [os.environ["JWTFAST_KERNEL"]] if os.environ.get("JWTFAST_KERNEL") else _native.available_kernels()


# Of the session, since a test of Hypothesis's may not take a fixture that is made anew for each test.
@pytest.fixture(scope="session", params=KERNELS)
def kernels(request: pytest.FixtureRequest) -> _native.Kernels:
    """Give each set of kernels that this CPU can run, or the one that JWTFAST_KERNEL names."""
    return _native.Kernels(request.param)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Give the folder of published vectors, or skip the test where it is absent."""
    named = os.environ.get("JWTFAST_VECTORS")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "vectors"
    if not folder.is_dir():
        pytest.skip("published vectors not found; set JWTFAST_VECTORS")
    return folder


def run_in_new_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process that finds the package where this one found it."""
    inherited = {name: value for name, value in os.environ.items() if name != "JWTFAST_KERNEL"}
    inherited["PYTHONPATH"] = str(Path(jwtfast.__file__).parents[1])
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(  # noqa: S603
        command, env=inherited | environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Give a running Redis that all tests share: each takes keys of its own, and starts it again if it stops it."""
    pytest.importorskip("redis", reason="the extra jwtfast[redis] is not installed")
    from redis_server import RedisServer  # noqa: PLC0415 - with the extra

    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def new_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give the function that runs code in a process of its own, by the environment variables that it is told."""
    return run_in_new_process
