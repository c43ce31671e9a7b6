"""The municipality's folder changes while contacts arrive: the last good configuration stays."""

from __future__ import annotations

import asyncio
import gc
import shutil
import sys
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from router import config, config_live, rules
from router.app import build_app, open_house
from router.clock import FixedClock
from router.config_init import write_starting_configuration
from router.config_source import ConfigurationRefused, Problem
from router.errors import LedgerAway
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, Channel, Receipt
from router.rules import RuleTable
from router.settings import Settings

Client = TestClient[web.Request, web.Application]

NEW_RULE = """\
  - id: everything-about-bees
    when:
      says: [bier, bisværm]
    to: teknik
    why:
      da: "Det handler om bier, og dem tager {department} sig af."
      en: "It is about bees, which {department} takes care of."

"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small municipality whose files the test may change."""
    folder = tmp_path / "config"
    write_starting_configuration(folder)
    return folder


@pytest.fixture
async def house(settings: Settings, clock: FixedClock, folder: Path) -> AsyncIterator[House]:
    """The house on that folder."""
    own = settings.model_copy(update={"config": folder})
    async with open_house(own, clock) as house:
        yield house


@pytest.fixture
async def client(house: House) -> AsyncIterator[Client]:
    """A client of the application on that house."""
    server = TestServer(
        build_app(house, workers=False), host="127.0.0.1", port=house.settings.http_port
    )
    await server.start_server(shutdown_timeout=1.0)
    async with TestClient(server, cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield client


def with_rule(folder: Path) -> str:
    """The text of rules.yaml with one more rule at the top."""
    text = (folder / "rules.yaml").read_text()
    return text.replace("rules:\n", f"rules:\n{NEW_RULE}", 1)


def add_rule(folder: Path) -> None:
    (folder / "rules.yaml").write_text(with_rule(folder))


async def twice(house: House) -> bool:
    """Two looks, as the watch takes them; whether another configuration counts then."""
    await house.configuration.look()
    return await house.configuration.look()


async def write(house: House, key: str, text: str, menu: str = "") -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key=key,
            received_at=house.clock.now(),
            text=text,
            email="kim@example.dk",
            menu=menu,
        )
    )


async def rule_of(house: House, receipt: Receipt) -> str:
    return (await house.contacts.view(receipt.reference)).decisions[-1].rule_id


async def test_a_good_change_counts_within_two_looks(house: House, folder: Path) -> None:
    before = house.municipality.rules.version
    first = await write(house, "1", "Der er en bisværm i min have")
    add_rule(folder)
    assert await twice(house)
    second = await write(house, "2", "Der er en bisværm i min have")
    assert await rule_of(house, first) != "everything-about-bees"
    assert await rule_of(house, second) == "everything-about-bees"
    assert second.department == "teknik"
    assert house.municipality.rules.version != before


async def test_contacts_that_arrive_meanwhile_are_routed_by_one_table_or_the_other(
    house: House, folder: Path
) -> None:
    old = house.municipality.rules.version
    receipts: list[Receipt] = []

    async def arrive() -> None:
        for number in range(60):
            receipts.append(await write(house, str(number), "Der er en bisværm i min have"))
            await asyncio.sleep(0)

    async def change() -> None:
        await asyncio.sleep(0.02)
        add_rule(folder)
        while not await house.configuration.look():
            await asyncio.sleep(0)

    await asyncio.gather(arrive(), change())
    receipts.append(await write(house, "last", "Der er en bisværm i min have"))
    new = house.municipality.rules.version
    decided = {
        (row["table_version"], row["rule_id"])
        for row in await house.ledger.fetch("SELECT table_version, rule_id FROM decisions")
    }
    assert len({receipt.reference for receipt in receipts}) == 61
    assert (new, "everything-about-bees") in decided
    assert {version for version, _ in decided} <= {old, new}
    assert {rule for version, rule in decided if version == new} == {"everything-about-bees"}
    assert await audit(house.ledger, house.clock.now()) == []


async def test_the_card_of_each_table_is_kept(house: House, folder: Path) -> None:
    old = house.municipality.rules.version
    add_rule(folder)
    assert await twice(house)
    rows = await house.ledger.fetch("SELECT version, card FROM rule_tables ORDER BY loaded_at")
    cards = {row["version"]: row["card"] for row in rows}
    assert set(cards) == {old, house.municipality.rules.version}
    assert "everything-about-bees" in str(cards[house.municipality.rules.version])
    assert "everything-about-bees" not in str(cards[old])


async def test_a_broken_change_is_refused_and_told(
    house: House, folder: Path, client: Client
) -> None:
    good = house.municipality
    (folder / "rules.yaml").write_text(with_rule(folder).replace("to: teknik", "to: tekink"))
    assert not await twice(house)
    assert house.municipality is good
    refused = house.configuration.refused
    assert refused is not None
    assert "tekink" in refused.problems[0].text
    assert "teknik" in refused.problems[0].text
    ready = await client.get("/readyz")
    told = await ready.json()
    assert ready.status == 200
    assert (
        f"version {good.version}; a newer one is refused at rules.yaml:" in told["checks"]["config"]
    )
    assert "indgang_config_refused 1.0" in await (await client.get("/metrics")).text()
    assert (await write(house, "1", "Min skraldespand er ikke tømt")).department == "teknik"


async def test_a_refused_change_is_told_once_and_put_right(
    house: House, folder: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[Path] = []
    real = config.load

    def load(place: Path) -> config.Municipality:
        loads.append(place)
        return real(place)

    monkeypatch.setattr(config, "load", load)
    original = (folder / "rules.yaml").read_text()
    (folder / "rules.yaml").write_text("rules: [\n")
    await twice(house)
    await twice(house)
    assert len(loads) == 1, "a folder that was refused is read again only when it changes"
    (folder / "rules.yaml").write_text(original)
    assert not await twice(house), "the same configuration as before counts"
    assert house.configuration.refused is None
    assert "indgang_config_refused 0.0" in await (await client.get("/metrics")).text()


async def test_a_file_that_is_half_written_is_waited_for(house: House, folder: Path) -> None:
    good = house.municipality
    whole = with_rule(folder)
    (folder / "rules.yaml").write_text(whole[: len(whole) // 2])
    assert not await house.configuration.look()
    (folder / "rules.yaml").write_text(whole)
    assert not await house.configuration.look(), "it changed since the last look: let it settle"
    assert house.configuration.refused is None
    assert house.municipality is good
    assert await house.configuration.look()
    assert house.municipality.rules.rules[0].id == "everything-about-bees"


async def test_a_folder_that_changes_while_it_is_read_is_read_again(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, real = house.municipality, config.load
    add_rule(folder)
    later = (folder / "rules.yaml").read_text().replace("-about-bees", "-about-wasps")

    def load_while_somebody_writes(place: Path) -> config.Municipality:
        fresh = real(place)
        (folder / "rules.yaml").write_text(later)
        monkeypatch.setattr(config, "load", real)
        return fresh

    monkeypatch.setattr(config, "load", load_while_somebody_writes)
    assert not await twice(house)
    assert house.municipality is good, "what was read is no longer what is there"
    assert await twice(house)
    assert house.municipality.rules.rules[0].id == "everything-about-wasps"


async def test_nothing_of_a_folder_that_disappears_is_missed(house: House, folder: Path) -> None:
    good = house.municipality
    kept = folder.with_name("kept")
    move(folder, kept)
    assert not await twice(house)
    assert house.configuration.refused is not None
    assert house.municipality is good
    move(kept, folder)
    await twice(house)
    assert house.configuration.refused is None


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


async def test_a_fault_while_reading_counts_as_refused(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[Path] = []

    def fall_over(place: Path) -> config.Municipality:
        loads.append(place)
        raise RecursionError("too deep")

    monkeypatch.setattr(config, "load", fall_over)
    add_rule(folder)
    await twice(house)
    await twice(house)
    assert len(loads) == 1
    assert house.configuration.refused is not None
    assert "RecursionError" in house.configuration.refused.problems[0].text


async def test_without_postgresql_the_old_one_goes_on_until_it_is_back(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = house.municipality
    add_rule(folder)

    async def away(*args: object) -> None:
        raise LedgerAway("ConnectionDoesNotExistError")

    with monkeypatch.context() as without:
        without.setattr(house.configuration, "_adopt", away)
        await house.configuration.look()
        with pytest.raises(LedgerAway):
            await house.configuration.look()
    assert house.municipality is good
    assert await house.configuration.look()


async def test_the_contacts_of_a_department_that_is_removed_come_home(
    house: House, folder: Path
) -> None:
    add_caseworker(folder, "Eva Prøve", "teknik")
    assert await twice(house), house.configuration.refused
    receipt = await write(house, "1", "Der er hul i vejen", menu="teknik")
    unclaimed = await write(house, "2", "Der er hul i vejen", menu="teknik")
    person = next(p.id for p in house.municipality.caseworkers.values() if p.department == "teknik")
    await house.contacts.claim(receipt.reference, person)
    remove_department(folder, "teknik")
    assert await twice(house), house.configuration.refused
    for reference in (receipt.reference, unclaimed.reference):
        view = await house.contacts.view(reference)
        assert (view.head.department, view.head.caseworker) == ("borgerservice", None)
        assert {promise.department for promise in view.promises} == {"borgerservice"}
    assert await audit(house.ledger, house.clock.now()) == []


class Adopting:
    """Makes the ledger ready as it is done; the second time, in the middle, it fails."""

    def __init__(self, house: House, error: Exception) -> None:
        self._really, self._error, self.done = house.configuration._adopt, error, 0

    async def __call__(self, municipality: config.Municipality) -> None:
        self.done += 1
        if self.done == 2:
            raise self._error
        await self._really(municipality)


async def is_active(house: House, department: str) -> bool:
    active: bool = await house.ledger.fetchval(
        "SELECT active FROM departments WHERE id = $1", department
    )
    return active


async def test_what_was_adopted_and_is_refused_after_all_leaves_the_ledger_as_it_was(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = house.municipality
    refused = ConfigurationRefused([Problem("promises.yaml", 0, 0, "in use")])
    monkeypatch.setattr(house.configuration, "_adopt", Adopting(house, refused))
    remove_department(folder, "teknik")
    assert not await twice(house)
    assert house.municipality is good
    assert house.configuration.refused is refused
    assert await is_active(house, "teknik")


async def test_an_outage_in_the_middle_of_a_change_is_made_up_for(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopting = Adopting(house, LedgerAway("gone"))
    monkeypatch.setattr(house.configuration, "_adopt", adopting)
    remove_department(folder, "teknik")
    with pytest.raises(LedgerAway):
        await twice(house)
    assert await house.configuration.look()
    assert "teknik" not in house.municipality.departments
    assert adopting.done == 4, "once more as well for what was decided in the middle"
    assert not await house.configuration.look()
    assert adopting.done == 4


async def test_a_change_that_is_taken_back_after_an_outage_leaves_the_ledger_as_it_was(
    house: House, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.configuration, "_adopt", Adopting(house, LedgerAway("gone")))
    shutil.copytree(folder, tmp_path / "before")
    remove_department(folder, "teknik")
    with pytest.raises(LedgerAway):
        await twice(house)
    move(folder, tmp_path / "after")
    move(tmp_path / "before", folder)
    assert not await twice(house)
    assert "teknik" in house.municipality.departments
    assert await is_active(house, "teknik")


def add_caseworker(folder: Path, name: str, department: str) -> None:
    """One more line in the list of caseworkers."""
    file = folder / "departments" / "organisation.yaml"
    text = file.read_text().rstrip()
    assert text.splitlines()[-1].startswith("    ")
    file.write_text(
        f"{text}\n  - name: {name}\n    department: {department}\n    mail: eva@kommune.example\n"
    )


def remove_department(folder: Path, department: str) -> None:
    """Take a department, its people and its subjects out of the files."""
    file = folder / "departments" / "organisation.yaml"
    content = yaml.safe_load(file.read_text())
    content["departments"] = [d for d in content["departments"] if d["id"] != department]
    content["caseworkers"] = [p for p in content["caseworkers"] if p["department"] != department]
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    (folder / "subjects" / f"{department}.yaml").unlink()


async def test_old_configurations_are_let_go(house: House, folder: Path) -> None:
    """Each holds the whole vocabulary: a service that runs for months must not keep them.

    Without the collector, which rests and does not look at what was frozen.
    """
    text = with_rule(folder)
    gone: list[weakref.ref[Any]] = []
    for word in ("bier", "bi", "bierne"):
        await write(house, word, "Der er hul i vejen")
        reader = house.municipality.rules._reader
        gone += [weakref.ref(house.municipality.rules), weakref.ref(reader._vocabulary)]
        del reader
        (folder / "rules.yaml").write_text(text.replace("bier", word))
        assert await twice(house)
    await house.configuration.look()
    assert [ref() for ref in gone] == [None] * 6


async def test_what_was_read_of_a_refused_folder_is_let_go(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception holds the frames that it came through, and those hold everything."""
    read: list[weakref.ref[Any]] = []

    def refuse_at_the_end(table: RuleTable, cases: object) -> None:
        read.append(weakref.ref(table))
        raise ValueError("a fault of ours")

    monkeypatch.setattr(rules, "run_cases", refuse_at_the_end)
    add_rule(folder)
    await twice(house)
    assert house.configuration.refused is not None
    assert [ref() for ref in read] == [None]


async def test_the_interpreter_is_left_as_it_was(house: House, folder: Path) -> None:
    switch = sys.getswitchinterval()
    (folder / "rules.yaml").write_text("rules: [\n")
    await twice(house)
    assert (sys.getswitchinterval(), gc.isenabled()) == (switch, True)


async def test_a_configuration_that_was_given_is_never_looked_at(
    settings: Settings, clock: FixedClock, municipality: config.Municipality
) -> None:
    async with open_house(settings, clock, municipality) as house:
        assert not await twice(house)


async def test_the_watch_goes_on_after_a_fault(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    async def look() -> bool:
        looks.append(1)
        if len(looks) == 1:
            raise LedgerAway("away")
        if len(looks) == 2:
            raise ValueError("a fault of ours")
        return False

    monkeypatch.setattr(config_live, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(house.configuration, "look", look)
    watch = asyncio.create_task(house.configuration.watch())
    while len(looks) < 4:
        await asyncio.sleep(0)
    watch.cancel()
