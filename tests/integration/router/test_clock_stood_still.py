"""A clock that stood still for three days: it catches up in order, alarms each promise
once, says what is late, and calls nobody by itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from router import promise_clock
from router.alarms import alarm_address
from router.clock import FixedClock
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, Receipt
from router.promise_clock import PromiseClock
from router.steps import Tools

ZONE = ZoneInfo("Europe/Copenhagen")
STOPPED_AT = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)
"""Wednesday. It goes again on Saturday."""
DAYS = timedelta(days=3)


@pytest.fixture
async def town(house: House, clock: FixedClock) -> list[Receipt]:
    """Forty citizens of two days, half of whom wish to be called; a clock that has kept
    up with them until it stops."""
    receipts = []
    for number in range(40):
        wish = CallbackWish(f"+452030{number:04}") if number % 2 else None
        receipts.append(
            await house.reception.receive(
                Arrival(
                    channel=Channel.WEB,
                    dedupe_key=f"citizen-{number}",
                    received_at=clock.now(),
                    text="Vores skraldespand er ikke tømt.",
                    email=f"borger{number}@example.dk",
                    menu=("affald", "vej", "byg")[number % 3],
                    callback=wish,
                )
            )
        )
        if number % 6 == 1:
            # Somebody tried, and the callback rests when the clock stops.
            promise = (await house.contacts.view(receipts[-1].reference)).promises[0].id
            await house.promises.attempt(promise, "staff:switchboard", "no_answer")
        clock.advance(timedelta(minutes=65))
        while await house.promise_clock.fire_due():
            pass
    clock.set(STOPPED_AT)
    while await house.promise_clock.fire_due():
        pass
    return receipts


async def test_it_catches_up(
    house: House,
    clock: FixedClock,
    town: list[Receipt],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.advance(DAYS)
    waiting = await house.ledger.fetch(
        "SELECT * FROM promises WHERE ended_at IS NULL AND fire_at <= $1", clock.now()
    )
    late = {row["id"] for row in waiting if row["due_at"] <= clock.now()}
    newly = {row["id"] for row in waiting if row["id"] in late and row["late_at"] is None}
    assert len(newly) > 20
    assert late > newly
    marks = await _newest(house)
    # Small turns, so that their order shows.
    monkeypatch.setattr(promise_clock, "AT_ONCE", 7)
    monkeypatch.setattr(promise_clock._Turn, "_put_off", _show_why)
    turns = looked = 0
    while due := await house.promise_clock.fire_due():
        turns += 1
        looked += due
    assert turns >= len(waiting) / 7
    assert looked >= len(waiting)

    events = await house.ledger.fetch(
        "SELECT kind, actor, (data ->> 'promise')::bigint AS promise, data FROM timeline"
        " WHERE id > $1 ORDER BY id",
        marks["timeline"],
    )
    told = [row["promise"] for row in events if row["kind"] == "late"]
    # In the order in which they ought to have been looked at: the first first.
    wanted = {row["id"]: row["fire_at"] for row in waiting}
    assert [wanted[promise] for promise in told] == sorted(wanted[p] for p in told)
    # Each is marked once and alarmed once, for the last mark that was passed.
    assert set(told) == newly
    assert Counter(told) == dict.fromkeys(newly, 1)
    alarmed = Counter(row["promise"] for row in events if row["kind"] == "escalated")
    assert set(alarmed.values()) == {1}
    assert late <= set(alarmed)
    percents = {row["data"]["percent"] for row in events if row["kind"] == "escalated"}
    assert {row["data"]["percent"] for row in events
            if row["kind"] == "escalated" and row["promise"] in late} == {100}  # fmt: skip
    assert percents <= {50, 80, 100}

    # It says what is late: to the desk, and by mail to those who must know.
    counts = await house.promises.counts()
    assert counts["late"] == len(late)
    listed = await house.promises.list(due_before=clock.now(), state="open", limit=200)
    assert {item.promise.id for item in listed.items} == late
    assert await _told_by_mail(house, marks["effects"]) == await _to_be_told(house, events)

    # Nobody was called, and nobody was written to at night or about nothing.
    effects = await house.ledger.fetch("SELECT kind FROM effects WHERE id > $1", marks["effects"])
    assert {row["kind"] for row in effects} <= {"mail.alert", "mail.alert_list"}
    after = await house.ledger.fetch("SELECT id, attempts, state FROM promises WHERE id = ANY ($1)",
                                     [row["id"] for row in waiting])  # fmt: skip
    attempts = {row["id"]: row["attempts"] for row in waiting}
    assert {row["id"]: row["attempts"] for row in after} == attempts
    assert {row["state"] for row in after} <= {"waiting", "scheduled"}
    found = await audit(house.ledger, clock.now())
    # No outbox runs here.
    assert [f.invariant for f in found if not f.invariant.startswith("7")] == []

    # Caught up: nothing more until the next mark.
    assert await house.promise_clock.fire_due() == 0
    clock.advance(timedelta(minutes=1))
    assert await house.promise_clock.fire_due() == 0


async def test_many_processes_catch_up_together(
    house: House, clock: FixedClock, town: list[Receipt], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(DAYS)
    marks = await _newest(house)
    monkeypatch.setattr(promise_clock, "AT_ONCE", 3)

    async def run() -> int:
        # Each process counts its own mails.
        own = PromiseClock(
            Tools(house.ledger, house.configuration.current, clock, house.live, house.outbox)
        )
        done = 0
        while found := await own.fire_due():
            done += found
        return done

    assert sum(await asyncio.gather(*(run() for _ in range(5)))) >= 20
    events = await house.ledger.fetch(
        "SELECT kind, (data ->> 'promise')::bigint AS promise, data FROM timeline"
        " WHERE id > $1 AND kind IN ('late', 'escalated')",
        marks["timeline"],
    )
    assert set(Counter((row["kind"], row["promise"]) for row in events).values()) == {1}
    assert await _told_by_mail(house, marks["effects"]) == await _to_be_told(house, events)
    overlooked = "SELECT count(*) FROM promises WHERE ended_at IS NULL AND fire_at <= $1"
    assert await house.ledger.fetchval(overlooked, clock.now()) == 0


async def test_a_storm_is_one_mail_a_minute_for_each_address(
    house: House, clock: FixedClock, town: list[Receipt]
) -> None:
    clock.advance(DAYS)
    marks = await _newest(house)
    while await house.promise_clock.fire_due():
        pass
    rows = await house.ledger.fetch(
        "SELECT payload FROM effects WHERE id > $1 AND kind = 'mail.alert_list'", marks["effects"]
    )
    lists = Counter(row["payload"]["to"] for row in rows)
    assert set(lists.values()) == {1}


def _show_why(_turn: object, _row: object) -> None:
    """A promise that the clock would put off: the fault itself fails the test."""
    raise


async def _newest(house: House) -> dict[str, int]:
    return {
        table: await house.ledger.fetchval(f"SELECT coalesce(max(id), 0) FROM {table}")
        for table in ("timeline", "effects")
    }


async def _told_by_mail(house: House, since: int) -> Counter[tuple[int, str]]:
    """(Promise, address) of every alarm, single or in a list."""
    told: Counter[tuple[int, str]] = Counter()
    rows = await house.ledger.fetch(
        "SELECT kind, payload FROM effects WHERE id > $1 AND kind LIKE 'mail.alert%'", since
    )
    for row in rows:
        payload = row["payload"]
        if row["kind"] == "mail.alert_list":
            told.update((promise, payload["to"]) for promise in payload["promises"])
        else:
            to = await _address(house, payload["promise_id"], payload["audience"])
            told[payload["promise_id"], to] += 1
    return told


async def _to_be_told(house: House, events: Sequence[Any]) -> Counter[tuple[int, str]]:
    """(Promise, address) of everybody whom the events say to alarm: each address once."""
    wanted: Counter[tuple[int, str]] = Counter()
    for row in events:
        if row["kind"] == "escalated":
            data = row["data"]
            addresses = {await _address(house, data["promise"], who) for who in data["to"]}
            wanted.update((data["promise"], to) for to in addresses)
    return wanted


async def _address(house: House, promise: int, audience: str) -> str:
    row = await house.promises.row(promise)
    return alarm_address(house.municipality, audience, row.department, row.caseworker)
