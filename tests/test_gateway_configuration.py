"""A gateway.toml that is wrong is refused with its line and what to write instead; --check says so too."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("msgspec")  # with the extra
pytest.importorskip("httpx2")

from gateway_service import CONFIGURATION, SECRET
from hypothesis import given
from hypothesis import strategies as st
from key_pairs import jwk, private_key, spki

from jwtfast.cli import main
from jwtfast.gateway.configuration import Configuration, ConfigurationError, read_configuration
from jwtfast.gateway.toml_lines import line_of

ENVIRONMENT = {"GATEWAY_SECRET": SECRET, "PARTNER_SECRET": SECRET[::-1]}
GOOD = """\
[server]
listen = "127.0.0.1:9090"

[proxy]
trusted = ["127.0.0.1"]
original_request = "x-original"

[[issuers]]
name = "login"
issuer = "https://login.example"

[[issuers.keys]]
secret_env = "GATEWAY_SECRET"
algorithm = "HS256"

[forward]
X-User = "sub"

[[rules]]
prefix = "/"
scopes = ["read"]

[[rules]]
path = "/x"
"""


def read(text: str, folder: Path = Path("/nowhere")) -> Configuration:
    """Read a configuration."""
    return read_configuration(folder / "gateway.toml", text, ENVIRONMENT)


def test_good_ones() -> None:
    """A file that is right is read, with what is left out as it is by default."""
    found = read(GOOD)
    assert (found.host, found.port) == ("127.0.0.1", 9090)
    assert found.document.cache.tokens == 10_000
    assert [issuer.name for issuer in found.issuers] == ["login"]
    assert read(CONFIGURATION.format(port=1, workers=1, more="", original_request="x-original")).forward[2].claim


# What is exchanged in the good one for what, on which line that is wrong, and what is said.
WRONG = [
    ("[server]", "[server", 1, "it is no TOML"),
    ('listen = "127.0.0.1:9090"', "listen = 9090", 2, "expected `string`, got `int`"),
    ('listen = "127.0.0.1:9090"', 'listen = "9090"', 2, "like '127.0.0.1:9090'"),
    ('listen = "127.0.0.1:9090"', 'listen = "a:0"', 2, "like '127.0.0.1:9090'"),
    ('listen = "127.0.0.1:9090"', "workers = 0", 2, ">= 1"),
    ('listen = "127.0.0.1:9090"', 'path = "auth"', 2, "a path like '/auth'"),
    ('listen = "127.0.0.1:9090"', 'path = "/metrics"', 2, "a path like '/auth'"),
    ('listen = "127.0.0.1:9090"', 'lisen = "x"', 2, "did you mean 'listen'?"),
    ("[proxy]", "[proxies]", 4, "there is no key 'proxies'; did you mean 'proxy'?"),
    ('trusted = ["127.0.0.1"]', "trusted = []", 5, "name the proxies' addresses"),
    ('trusted = ["127.0.0.1"]', 'trusted = ["10.0.0.1/8"]', 5, "has host bits set"),
    ('trusted = ["127.0.0.1"]', "", 4, "'trusted' is missing: name the proxies' addresses"),
    ('"x-original"', '"x-real"', 6, "it is one of 'x-original', 'x-forwarded', 'request-line'"),
    ('issuer = "https://login.example"', "", 8, 'add issuer = "https://login.example"'),
    ('issuer = "https://login.example"', 'issuer = "a"\njwks_url = "https://a"', 8, "say where its keys are, once"),
    ('issuer = "https://login.example"', 'issuer = "a"\naudience = []', 11, "that isn't empty"),
    ('secret_env = "GATEWAY_SECRET"', 'secret_env = "NOBODY"', 13, "the environment has no variable 'NOBODY'"),
    ('secret_env = "GATEWAY_SECRET"', 'file = "a.pem"', 13, "can't be read: No such file"),
    ('secret_env = "GATEWAY_SECRET"', "", 12, "one of them"),
    ('algorithm = "HS256"', 'algorithm = "HS1"', 14, "known are HS256"),
    ('algorithm = "HS256"', "", 12, "'algorithm' is missing"),
    ('algorithm = "HS256"', 'algorithm = "RS256"', 13, "RS256"),
    ('X-User = "sub"', '"X User" = "sub"', 17, "a header of your own"),
    ('X-User = "sub"', 'Set-Cookie = "sub"', 17, "a header of your own"),
    ('X-User = "sub"', 'X-User = "sub"\nx-user = "iss"', 18, "the header is there twice"),
    ('X-User = "sub"', 'X-User = ""', 17, "the claim's name is empty"),
    ('X-User = "sub"', 'X-User = { claims = "sub" }', 16, "forward: there is no key 'claims'; did you mean 'claim'?"),
    ('scopes = ["read"]', 'scope = ["read"]', 21, "did you mean 'scopes'?"),
    ('scopes = ["read"]', 'scopes = ["a b"]', 21, "a scope's name"),
    ('scopes = ["read"]', "scopes = []", 21, "that isn't empty"),
    ('scopes = ["read"]', 'scopes = ["a"]\naccess = "public"', 21, 'say access = "token"'),
    ('scopes = ["read"]', 'access = "everybody"', 21, "it is one of 'token', 'optional', 'public'"),
    ('scopes = ["read"]', 'issuers = ["logon"]', 21, "known are 'login'"),
    ('scopes = ["read"]', 'hosts = ["API.example"]', 21, "a host is in lower case"),
    ('scopes = ["read"]', 'methods = ["get"]', 21, "a method is in upper case"),
    ('path = "/x"', 'path = "x"', 24, "a path like '/orders'"),
    ('path = "/x"', 'path = "/a/../x"', 24, "a path like '/orders'"),
    ('path = "/x"', 'prefix = "/x/"', 24, "leave out the slash"),
    ('path = "/x"', 'prefix = "/x"\npath = "/x"', 24, "not both"),
    ('path = "/x"', 'path = "/x"\n[revocations]', 25, "'on_outage' is missing"),
    ('path = "/x"', 'path = "/x"\n[revocations]\non_outage = "keep"', 25, "say redis_url"),
    ('path = "/x"', 'path = "/x"\n[revocations]\non_outage = "keep"\nredis_url = "http://x"', 27, "redis://"),
    ('path = "/x"', 'path = "/x"\n[tokens]\nauthorization = false', 25, "nowhere to be read"),
    ('path = "/x"', 'path = "/x"\n[tokens.cookie]\nname = "a b"', 25, "letters, digits"),
    ('path = "/x"', 'path = "/x"\n[log]\nlevel = "loud"', 26, "it is one of 'debug'"),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_ones(case: int) -> None:
    """The message begins with file and line, and says what to write."""
    shown, written, line, message = WRONG[case]
    text = GOOD.replace(shown, written, 1)
    assert text != GOOD
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    said = str(caught.value)
    assert said.startswith(f"/nowhere/gateway.toml:{line}: "), said
    assert message in said
    assert SECRET not in said


def test_files_of_keys(tmp_path: Path) -> None:
    """Keys come from PEM, a JWK or a JWK set, whose files are found beside the configuration."""
    import json  # noqa: PLC0415 - for this alone

    private = private_key("P-256")
    (tmp_path / "key.pem").write_bytes(spki(private))
    (tmp_path / "key.json").write_text(json.dumps(jwk(private, kid="a")), encoding="utf-8")
    (tmp_path / "keys.json").write_text(
        json.dumps({"keys": [jwk(private, kid="a"), jwk(private, kid="b")]}), encoding="utf-8"
    )
    keys = 'secret_env = "GATEWAY_SECRET"\nalgorithm = "HS256"'
    for name, number in (("key.pem", 1), ("key.json", 1), ("keys.json", 2)):
        assert len(read(GOOD.replace(keys, f'file = "{name}"'), tmp_path).issuers[0].keys) == number
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"gateway\.toml:13"):
        read(GOOD.replace(keys, 'file = "bad.json"'), tmp_path)


@given(
    cut=st.integers(0, len(GOOD)), length=st.integers(0, 30), put=st.text(st.sampled_from('[]{}="\n.a1 #'), max_size=6)
)
def test_whatever_is_wrong_is_told(cut: int, length: int, put: str) -> None:
    """No file makes anything but a configuration or an error with file and line."""
    told = ""
    try:
        read(GOOD[:cut] + put + GOOD[cut + length :])
    except ConfigurationError as error:
        told = str(error)
    assert not told or re.match(r"/nowhere/gateway\.toml:\d+: ", told)


def test_lines() -> None:
    """A key is found in tables, arrays of tables, dotted and quoted; else what it is in."""
    text = 'a.b = 1\n["t.x"]\nc = [\n 1,\n]\n[[r]]\nd = 1\n[[r.s]]\n[[r]]\n[[r.s]]\n[[r.s]]\n"e f" = 2\n'
    places: dict[tuple[str | int, ...], int] = {
        ("a", "b"): 1,
        ("t.x", "c"): 3,
        ("t.x", "c", 0): 3,
        ("r", 0, "d"): 7,
        ("r", 1, "s", 1, "e f"): 12,
        ("r", 1, "nothing"): 9,
        ("nothing",): 1,
    }
    assert {place: line_of(text, place) for place in places} == places


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """--check says nothing of a good file, and gives 2 and the error for a wrong one; no file is an error too."""
    pytest.importorskip("granian")
    monkeypatch.setenv("GATEWAY_SECRET", SECRET)
    file = tmp_path / "gateway.toml"
    file.write_text(GOOD, encoding="utf-8")
    assert main(["gateway", "--config", str(file), "--check"]) == 0
    assert capsys.readouterr() == ("", "")
    file.write_text(GOOD.replace("[[rules]]", "[[rule]]"), encoding="utf-8")
    for more in (["--check"], []):
        assert main(["gateway", "--config", str(file), *more]) == 2
        assert "did you mean 'rules'" in capsys.readouterr().err
    assert main(["gateway", "--config", str(tmp_path / "none.toml")]) == 2
    assert "can't be read" in capsys.readouterr().err


def test_the_extra_is_missing() -> None:
    """Without the extra the command says how to install it; nothing else of jwtfast needs it."""
    code = "import sys; sys.modules['msgspec'] = None; from jwtfast.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "gateway", "--config", "x"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert told.returncode == 2
    assert told.stderr == "msgspec is not installed: pip install 'jwtfast[gateway]'\n"
