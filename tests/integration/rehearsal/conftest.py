"""Commands as they are typed, on the ledger of a house that has had contacts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.app import open_house
from router.clock import FixedClock
from router.config_init import write_starting_configuration
from router.house import House
from router.model import Arrival, Channel, Receipt
from router.settings import Settings

Receive = Callable[..., Awaitable[Receipt]]
Command = Callable[..., Awaitable[Result]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small municipality of the test's own."""
    folder = tmp_path / "config"
    write_starting_configuration(folder)
    file = folder / "departments" / "organisation.yaml"
    more = [("Eva Prøve", "teknik"), ("Ib Prøve", "familie")]
    people = "".join(
        f"\n  - name: {name}\n    department: {department}\n    mail: x{place}@kommune.example\n"
        for place, (name, department) in enumerate(more)
    )
    file.write_text(file.read_text().rstrip() + people)
    return folder


@pytest.fixture
def clock() -> FixedClock:
    """Now: the commands look at the machine's own clock."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
async def house(settings: Settings, clock: FixedClock, folder: Path) -> AsyncIterator[House]:
    """The house on that folder."""
    own = settings.model_copy(update={"config": folder})
    async with open_house(own, clock) as house:
        yield house


@pytest.fixture
def receive(house: House, clock: FixedClock) -> Receive:
    """Lets something reach us."""

    async def arrive(key: str, text: str, **given: Any) -> Receipt:
        values: dict[str, Any] = {
            "channel": Channel.WEB,
            "dedupe_key": key,
            "received_at": clock.now(),
            "text": text,
            "email": f"{key}@example.dk",
        } | given
        return await house.reception.receive(Arrival(**values))

    return arrive


@pytest.fixture
def command(
    house: House, folder: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Runs `indgang ...` on that ledger and folder, at the house's time."""
    from router import clock as clocks
    from router.cli import main

    monkeypatch.setattr(clocks.SystemClock, "now", lambda self: clock.now())
    env = {
        "INDGANG_DATABASE_URL": house.settings.database_url,
        "INDGANG_CONFIG": str(folder),
        "INDGANG_DATA_DIR": str(house.settings.data_dir),
    }

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, main, ["rules", *arguments], env=env, catch_exceptions=False
        )

    return run
