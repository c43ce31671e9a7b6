"""What a caller hears, and what is there afterwards, when something of ours fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from channels.phone import line
from channels.phone.intake import INTAKE
from channels.phone.line import Line
from channels.phone.spool import Spool, Spooled
from router.errors import LedgerAway
from router.house import House
from tests.twilio_caller import Provider

Client = TestClient[web.Request, web.Application]
CALL_BACK = "vi ringer tilbage til dig på 20 30 40 50"
CALL = Spooled(
    kind="call",
    sid="CA1",
    caller="+4520304050",
    called="+4547351000",
    at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
)


async def kinds(house: House) -> list[str]:
    (head,) = (await house.contacts.list()).items
    view = await house.contacts.view(head.reference)
    return [event.kind for event in view.timeline if event.actor == "citizen"]


async def test_a_ledger_that_is_too_slow_counts_as_away(
    house: House, client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.3)
    async with house.ledger.transaction() as connection:
        await connection.execute("LOCK TABLE contacts, calls IN ACCESS EXCLUSIVE MODE")
        call = await provider.call().dial()
        assert CALL_BACK in call.heard
    monkeypatch.setattr(line, "PATIENCE", 8.0)
    intake = client.app[INTAKE] if client.app else None
    assert intake is not None
    await intake.drain()
    assert "line_disturbed" in await kinds(house)
    assert intake.spool.waiting() == []


async def test_a_fault_of_our_own_is_no_500(
    house: House, client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> str:
        raise ZeroDivisionError("the caller said something private")

    monkeypatch.setattr(Line, "_step", broken)
    call = await provider.call().dial()
    await call.say("Der er hul i vejen")
    assert CALL_BACK in call.heard
    assert client.app is not None
    await client.app[INTAKE].drain()
    # The spool is emptied while the call's end is reported, so the order is open.
    first, *rest = await kinds(house)
    assert (first, sorted(rest)) == ("called", ["hung_up", "line_disturbed", "said"])
    (head,) = (await house.contacts.list()).items
    assert head.department == "vej"


async def test_the_fallback_mid_call_keeps_the_contact_that_was_there(
    house: House, client: Client, provider: Provider
) -> None:
    call = await provider.call().dial()
    await call.press("7")
    answer = await provider.post("/twilio/fallback", call.params(ErrorCode="11205"))
    assert CALL_BACK in answer.body
    assert client.app is not None
    await client.app[INTAKE].drain()
    (head,) = (await house.contacts.list()).items
    assert head.department == "byg"
    assert "line_disturbed" in await kinds(house)


async def test_without_a_disk_nothing_is_promised(
    client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spool, "put", full)
    answer = await provider.post("/twilio/fallback", provider.call().params())
    assert "Ring igen lidt senere" in answer.body
    assert "ringer tilbage" not in answer.body
    assert answer.voice is not None


async def test_the_same_thing_is_one_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for second in range(3):
        await spool.put(replace(CALL, at=CALL.at.replace(second=second)))
    await spool.put(replace(CALL, said="hallo"))
    assert len(spool.waiting()) == 2
    # Another process, or this one started again, finds them.
    again = Spool(tmp_path / "spool")
    assert again.filled.is_set()
    taken: list[Spooled] = []

    async def take(thing: Spooled) -> None:
        taken.append(thing)

    assert await again.drain(take) == 2
    assert sorted(thing.said for thing in taken) == ["", "hallo"]
    assert again.waiting() == []
    assert await again.drain(take) == 0


async def test_what_cannot_be_taken_stays_and_holds_up_nobody(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for number in range(4):
        await spool.put(replace(CALL, sid=f"CA{number}", at=CALL.at.replace(minute=number)))
    taken: list[str] = []
    away = False

    async def take(thing: Spooled) -> None:
        if thing.sid == "CA1":
            raise ValueError("a fault of ours")
        if thing.sid == "CA3" and away:
            raise LedgerAway
        taken.append(thing.sid)

    away = True
    assert await spool.drain(take) == 2
    assert spool.filled.is_set()
    away = False
    assert await spool.drain(take) == 1
    assert taken == ["CA0", "CA2", "CA3"]
    assert len(spool.waiting()) == 1


async def test_two_processes_may_empty_one_spool(tmp_path: Path) -> None:
    first, second = Spool(tmp_path / "spool"), Spool(tmp_path / "spool")
    for number in range(20):
        await first.put(replace(CALL, sid=f"CA{number}"))
    taken: list[str] = []

    async def take(thing: Spooled) -> None:
        await asyncio.sleep(0)
        taken.append(thing.sid)

    await asyncio.gather(first.drain(take), second.drain(take))
    # At least once each; reception makes twice be once.
    assert set(taken) == {f"CA{number}" for number in range(20)}
    assert first.waiting() == []


async def test_a_disk_that_fails_once_does_not_end_the_draining(
    house: House, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = client.app[INTAKE].spool
    monkeypatch.setattr("channels.phone.intake._RETRY", 0.01)
    look, failed = spool.waiting, asyncio.Event()

    def broken() -> list[Path]:
        monkeypatch.setattr(spool, "waiting", look)
        failed.set()
        raise OSError(5, "Input/output error")

    await asyncio.to_thread(spool._write, CALL)
    monkeypatch.setattr(spool, "waiting", broken)
    spool.filled.set()
    async with asyncio.timeout(10):
        await failed.wait()
        while spool.folder.is_dir() and look():
            await asyncio.sleep(0.02)
    assert "called" in await kinds(house)
