"""Arrows go from channels to router, never back, and no channel knows another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
KNOW_EVERYBODY = {"router/app.py", "router/cli.py"}
SHARED = {"http", "i18n", "keys", "numbers", "wording"}
"""What every channel may use of `channels`."""
ROUTER = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "router").rglob("*.py"))
CHANNELS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "channels").rglob("*.py")
    if len(path.relative_to(ROOT).parts) > 2
)


def imported(file: str) -> set[str]:
    """Every module that `file` imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ROOT.joinpath(file).parent.relative_to(ROOT).parts
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("file", [file for file in ROUTER if file not in KNOW_EVERYBODY])
def test_the_router_knows_no_channel(file: str) -> None:
    reached = imported(file)
    assert {name for name in reached if name.split(".")[0] in {"channels", "aiohttp"}} == set()


@pytest.mark.parametrize("file", CHANNELS)
def test_no_channel_knows_another(file: str) -> None:
    own = Path(file).parts[1]
    # The demo stands in for the provider and for a mail server: it reads what
    # the channels write. Nothing reads the demo.
    may_look_at = {"mail", "phone"} if own == "demo" else set()
    reached = {name.split(".")[1] for name in imported(file) if name.startswith("channels.")}
    assert reached - SHARED - {own} - may_look_at == set()


@pytest.mark.parametrize("file", CHANNELS)
def test_no_channel_puts_the_house_together(file: str) -> None:
    reached = imported(file)
    assert {name for name in reached if name.startswith(("router.app", "router.cli"))} == set()


def test_the_arrows_are_looked_for_where_they_are() -> None:
    assert any(name.startswith("channels") for name in imported("router/app.py"))
    assert len(ROUTER) > 20
    assert len(CHANNELS) > 20
