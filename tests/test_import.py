"""``import jwtfast``: what it must not load."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import orjson
from forge import NOW
from key_pairs import private_key, token

import jwtfast

CLAIMS = {"sub": "alice", "exp": NOW + 60}
# By the first part of their names: what a program pays for that only verifies and issues tokens signed with a secret.
NOT_LOADED = frozenset(
    {
        # the network
        *("asyncio", "email", "http", "httpcore", "httpx", "httpx2", "select", "selectors", "socket", "ssl", "urllib"),
        # the command line, and what watches over it
        *("argparse", "click", "logging", "optparse", "shutil", "signal", "subprocess", "tomllib"),
        # other parties' packages, but for orjson
        *("cffi", "cryptography", "django", "fastapi", "flask", "granian", "msgspec", "prometheus_client", "pydantic"),
        *("redis", "starlette", "uvicorn"),
        # parts of the standard library that take milliseconds, and that few calls need
        *("base64", "concurrent", "hashlib", "multiprocessing", "random", "secrets", "sqlite3", "tempfile"),
    }
)


def loaded_by(statement: str) -> list[str]:
    """Give the names of the modules that a statement loads."""
    # Without site, since an editable install has it load some of them for purposes of its own.
    folders = {str(Path(module.__file__ or "").parents[1]) for module in (jwtfast, orjson)}
    code = f"import sys, orjson; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-P", "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_import_loads_no_more_than_it_needs() -> None:
    """The import loads neither cryptography nor any module for HTTP or a command line, nor one that is slow to load."""
    loaded = loaded_by("import jwtfast")
    assert "jwtfast._native" in loaded
    assert [name for name in loaded if name.partition(".")[0] in NOT_LOADED] == []


def test_names_on_demand() -> None:
    """What many programs can do without is loaded by nobody but who asks for it, and is there for who does."""
    modules = {
        "Issuer": "jwtfast.issuer",
        "KeyRing": "jwtfast.key_ring",
        "MultiIssuerVerifier": "jwtfast.multi_issuer",
        "RemoteKeySet": "jwtfast.remote",
    }
    assert set(modules.values()).intersection(loaded_by("import jwtfast; jwtfast.Verifier")) == set()
    for name, module in modules.items():
        loaded = loaded_by(f"from jwtfast import {name}; assert {name}.__name__ == '{name}'")
        assert set(modules.values()).intersection(loaded) == {module}
        assert name in dir(jwtfast)
    loaded = loaded_by("from jwtfast import *; assert Issuer and MultiIssuerVerifier and Verifier")
    assert set(modules.values()).intersection(loaded) == {"jwtfast.issuer", "jwtfast.multi_issuer"}


def test_the_drop_in_loads_no_http() -> None:
    """``jwtfast.jwt`` loads HTTP when a ``PyJWKClient`` is asked for: the standard library's, and no event loop."""
    http = {"asyncio", "email", "http", "httpcore", "httpx2", "selectors", "socket", "ssl", "urllib.request"}
    loaded = loaded_by("import jwtfast.jwt")
    assert "jwtfast.jwt.api_jwt" in loaded
    assert http.intersection(loaded) == set()
    for statement in (
        "from jwtfast.jwt import PyJWKClient",
        "import jwtfast.jwt; jwtfast.jwt.jwks_client.PyJWKClient",
        "from jwtfast.jwt import *; PyJWKClient",
    ):
        assert http.intersection(loaded_by(statement)) & {"asyncio", "httpx2", "urllib.request"} == {"urllib.request"}


def test_cryptography_is_not_imported(new_process: Callable[..., CompletedProcess[str]]) -> None:
    """Neither the import nor a verifier of HMAC tokens imports cryptography; a key that needs it does."""
    good = token("HS256", private_key("secret"), CLAIMS)
    code = f"""
import sys
from jwtfast import Key, KeySet, Verifier, errors
key = Key.from_secret(bytes.fromhex({private_key("secret").hex()!r}), "HS256")
keys = KeySet.from_jwks({{"keys": [key.to_jwk(private=True)]}})
assert Verifier(keys, clock=lambda: {NOW}).verify({good!r}).subject == "alice"
try:
    Verifier(key).verify("a.b.c")
except errors.DecodeError:
    pass
assert "cryptography" not in sys.modules
Key.generate("ES256")
assert "cryptography" in sys.modules
"""
    done = new_process(code)
    assert (done.returncode, done.stderr) == (0, "")
