"""What docs/gateway.md shows: its configurations are right, and it names every key that there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("msgspec")  # with the extra
pytest.importorskip("httpx2")

from jwtfast.gateway import document
from jwtfast.gateway.configuration import ConfigurationError, read_configuration

PAGE = Path(__file__).parents[1] / "docs" / "gateway.md"
ENVIRONMENT = {"BATCH_SECRET": "correct-horse-battery-staple-and-more", "REDIS_URL": "redis://127.0.0.1"}
ENVIRONMENT["GATEWAY_SECRET"] = ENVIRONMENT["BATCH_SECRET"]
# What a snippet that shows a part needs besides.
REST = {
    "proxy": '[proxy]\ntrusted = ["127.0.0.1"]\noriginal_request = "x-original"\n',
    "issuers": '[[issuers]]\nissuer = "https://login.example"\ndiscovery = true\n',
    "rules": '[[rules]]\nprefix = "/"\n',
}


@pytest.fixture(scope="module")
def page() -> str:
    """Give the page."""
    if not PAGE.exists():
        pytest.skip("the page is not beside the tests: they run against an installed package")
    return PAGE.read_text(encoding="utf-8")


def test_snippets(page: str) -> None:
    """Every configuration on the page, with what it needs besides, is right; so is the one of the examples."""
    shown = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    assert len(shown) == 3
    for text in shown:
        there = tomllib.loads(text)
        whole = text + "".join(rest for name, rest in REST.items() if name not in there)
        assert read_configuration(PAGE, whole, ENVIRONMENT).issuers
    example = PAGE.parents[1] / "examples" / "gateway" / "gateway.toml"
    assert read_configuration(example, environ=ENVIRONMENT).issuers


def test_the_error(page: str) -> None:
    """A wrong key is answered in the words of the page."""
    wrong = "".join(REST.values()) + 'scope = ["a"]\n'
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(Path("gateway.toml"), wrong, ENVIRONMENT)
    assert str(caught.value).split(": ", 1)[1] in page


@pytest.mark.parametrize("table", [name for name in document.__all__ if name.endswith("Table")])
def test_every_key_is_named(page: str, table: str) -> None:
    """The reference names each key of each table."""
    for key in getattr(document, table).__struct_fields__:
        assert f"`{key}`" in page or re.search(rf"\b{key} = ", page), key
