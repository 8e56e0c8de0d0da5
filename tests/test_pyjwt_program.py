"""A program written for PyJWT, run and type-checked with nothing changed but its import."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from http_server import HttpServer, jwks
from key_pairs import private_key

PROGRAM = Path(__file__).parent / "pyjwt_program.py"
# The line that changes, and with it where the submodules are.
IMPORTS = ((r"^import jwt$", "from jwtfast import jwt"), (r"^from jwt([. ])", r"from jwtfast.jwt\1"))


def ported() -> str:
    """Give the program with its imports changed."""
    text = PROGRAM.read_text(encoding="utf-8")
    for before, after in IMPORTS:
        text = re.sub(before, after, text, flags=re.MULTILINE)
    return text


def run(text: str) -> list[object]:
    """Run the program's story."""
    module = ModuleType("program")
    exec(compile(text, "program.py", "exec"), vars(module))  # noqa: S102 - the program beside this file
    login = module.Login(private_key("RSA"), "a secret of a program's own, which is long enough")
    with HttpServer(jwks(*login.jwks()["keys"])) as server:
        outcome: list[object] = module.story(login, server.url)
        return outcome


def test_the_program_does_the_same() -> None:
    """A program written for PyJWT does the same with jwtfast.jwt, unchanged but for its imports."""
    assert "\nfrom jwtfast import jwt\n" in ported()
    assert "\nimport jwt\n" not in ported()
    ours, theirs = run(ported()), run(PROGRAM.read_text(encoding="utf-8"))
    assert ours == theirs
    assert ours[:2] == [{"user": "alice", "scopes": ["read", "write"]}] * 2
    assert ours[2:7] == [(401, "expired"), (401, "InvalidSignatureError"), (401, "DecodeError"), "Zoë", None]


# What programs get wrong with PyJWT, and mypy tells them, with both.
MISTAKES = """
from jwtfast import jwt
from jwtfast.jwt.types import Options

jwt.encode("claims", "secret")
jwt.decode(1, "secret", algorithms=["HS256"])
jwt.decode("token", "secret", algorithms=[1])
jwt.decode("token", "secret", algorithms=["HS256"], leeway="5")
jwt.decode("token", "secret", ["HS256"], audience=1)
options: Options = {"verify_expp": False}
claims: str = jwt.decode("token", "secret", algorithms=["HS256"])
token: bytes = jwt.encode({}, "secret")
jwt.decode("token", "secret", ["HS256"], {"verify_expp": False})
jwt.decode("token", 1, ["HS256"])
jwt.PyJWKClient(uri=1)
jwt.PyJWT(options={"verify_exp": "no"})
"""


def mypy(text: str, folder: Path) -> str:
    """Give what mypy, in its strict mode, says of a program."""
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(folder / "cache")]
    package = Path(__file__).resolve().parents[1]
    return subprocess.run(  # noqa: S603 - mypy, on a file that was written just now
        [*command, str(path)], capture_output=True, text=True, check=False, cwd=package
    ).stdout


def test_mypy_takes_the_program(tmp_path: Path) -> None:
    """The program's types, which are PyJWT's, hold with jwtfast.jwt too; and mypy finds what is wrong in others."""
    pytest.importorskip("mypy")
    assert "Success" in mypy(ported(), tmp_path)
    said = mypy(MISTAKES, tmp_path)
    wrong = {number for number, line in enumerate(MISTAKES.splitlines(), 1) if line and not line.startswith("from")}
    found = {int(number) for number in re.findall(r"program\.py:(\d+): error", said)}
    assert found == wrong, said
