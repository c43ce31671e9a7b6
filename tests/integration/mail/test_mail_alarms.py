"""Alarms on their way: who gets them, what they say, and what becomes of a storm."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from router.alarms import LIST_WAITS
from router.clock import FixedClock
from router.house import House
from router.model import Arrival, CallbackWish, Channel, Receipt
from router.promise_clock import PromiseClock
from router.steps import Tools
from tests.integration.mail.conftest import Delivered, Post

AT = "@frederikssund.example"
SECRET_WORDS = "Skraldespanden ved mit sommerhus"


async def arrive(house: House, number: int) -> Receipt:
    """Someone wants to be called about a bin: Bente Løvfald's department has it."""
    return await house.reception.receive(
        Arrival(
            channel=Channel.SMS,
            dedupe_key=f"alarm-{number}",
            received_at=house.clock.now(),
            text=f"{SECRET_WORDS} er ikke tømt.",
            menu="affald",
            may_acknowledge=False,
            callback=CallbackWish(f"+45203{number:05}"),
        )
    )


async def promise_of(house: House, receipt: Receipt) -> int:
    return (await house.contacts.view(receipt.reference)).promises[0].id


async def alarmed(house: House, post: Post) -> list[Delivered]:
    """The clock looks until it is content; answers the alarms that were sent."""
    while await house.promise_clock.fire_due():
        pass
    return [m for m in await post.sent() if m.message["Auto-Submitted"] == "auto-generated"]


@pytest.fixture
async def receipt(house: House) -> Receipt:
    return await arrive(house, 1)


async def test_each_mark_is_told_to_those_that_it_names(
    house: House, clock: FixedClock, post: Post, receipt: Receipt
) -> None:
    promise = await promise_of(house, receipt)
    assert receipt.department == "affald"
    await house.promises.claim(promise, "bente-loevfald")
    await alarmed(house, post)
    told, due = [], (await house.promises.row(promise)).due_at
    while (at := await house.promise_clock.next_fire()) is not None and at < due + timedelta(
        days=2
    ):
        clock.set(at)
        told.append([m.to.removesuffix(AT) for m in await alarmed(house, post)])
    told = [mails for mails in told if mails]
    # Bente owns it and leads the department, and is told once; she has no deputy.
    assert told[0] == ["bente-loevfald"]
    assert sorted(told[1]) == ["bente-loevfald", "vej"]
    assert sorted(told[2]) == ["affald", "bente-loevfald"]
    assert sorted(told[3]) == ["bente-loevfald", "indgang-drift"]
    row = await house.promises.row(promise)
    assert (row.caseworker, row.department) == ("bente-loevfald", "affald")


async def test_an_alarm_says_what_and_when_and_nothing_of_the_citizen(
    house: House, clock: FixedClock, post: Post, receipt: Receipt
) -> None:
    promise = await promise_of(house, receipt)
    clock.set((await house.promises.row(promise)).due_at + timedelta(hours=3))
    mails = await alarmed(house, post)
    assert {m.to for m in mails} == {"affald" + AT, "bente-loevfald" + AT}
    for mail in mails:
        assert str(mail.message["Subject"]).startswith("Over tiden")
        assert "Opkald: 3 timer over tiden." in mail.text
        assert f"/desk/contacts/{receipt.reference}" in mail.text
        assert SECRET_WORDS not in mail.raw.decode()
        assert "20300001" not in mail.text.replace(" ", "")


async def test_what_is_kept_before_the_alarm_leaves_is_not_told(
    house: House, clock: FixedClock, post: Post, receipt: Receipt
) -> None:
    promise = await promise_of(house, receipt)
    clock.set((await house.promises.row(promise)).due_at)
    while await house.promise_clock.fire_due():
        pass
    await house.promises.attempt(promise, "staff:bente-loevfald", "reached")
    assert await alarmed(house, post) == []


async def test_after_three_days_of_standing_still_one_list_leaves_for_each_address(
    house: House, clock: FixedClock, post: Post
) -> None:
    receipts = [await arrive(house, number) for number in range(60)]
    promises = [await promise_of(house, receipt) for receipt in receipts]
    await post.sent()
    clock.advance(timedelta(days=3))
    assert await house.promise_clock.fire_due() == 60
    await house.promises.attempt(promises[0], "staff:bente-loevfald", "reached")
    assert await alarmed(house, post) == []  # it grows until the minute is over
    clock.advance(LIST_WAITS)
    mails = await alarmed(house, post)
    assert Counter(m.to for m in mails) == {"affald" + AT: 1, "bente-loevfald" + AT: 1}
    for mail in mails:
        assert mail.message["Subject"] == "59 løfter haster eller er over tiden"
        assert mail.text.count("/desk/contacts/") == 50
        assert "og 9 flere." in mail.text
        assert SECRET_WORDS not in mail.raw.decode()
    rows = [await house.promises.row(promise) for promise in promises[1:]]
    assert all(row.late_at is not None for row in rows)
    assert {row.state for row in rows} == {"waiting"}  # and nobody was called by itself


async def test_two_processes_add_to_one_list(house: House, clock: FixedClock, post: Post) -> None:
    for number in range(60):
        await arrive(house, number)
    clock.advance(timedelta(days=3))
    other = PromiseClock(
        Tools(house.ledger, house.configuration.current, clock, house.live, house.outbox)
    )
    looked = await asyncio.gather(house.promise_clock.fire_due(), other.fire_due())
    assert sum(looked) == 60
    rows = await house.ledger.fetch(
        "SELECT kind, jsonb_array_length(payload -> 'promises') AS listed FROM effects"
        " WHERE kind LIKE 'mail.alert%'"
    )
    lists = [row["listed"] for row in rows if row["kind"] == "mail.alert_list"]
    singles = len(rows) - len(lists)
    # For each of the two addresses one list; a process alone may send ten singly.
    assert len(lists) == 2
    assert singles <= 2 * 10
    assert singles + sum(lists) == 2 * 60


async def test_a_list_that_has_left_is_not_added_to(
    house: House, clock: FixedClock, post: Post, client: TestClient[web.Request, web.Application]
) -> None:
    first = [await arrive(house, number) for number in range(12)]
    clock.advance(timedelta(days=3))
    await alarmed(house, post)
    await house.ledger.execute("UPDATE effects SET next_try_at = created_at")
    assert len(await alarmed(house, post)) == 2  # sent before its minute was over
    more = [await arrive(house, number) for number in range(20, 33)]
    await house.ledger.execute(
        "UPDATE promises SET due_at = made_at - interval '1 minute', not_before = NULL,"
        " fire_at = made_at WHERE contact_id = ANY ($1::bigint[])",
        [receipt.contact_id for receipt in more],
    )
    mails = await alarmed(house, post)
    assert {m.message["Subject"] for m in mails} == {"13 løfter haster eller er over tiden"}
    assert len(first) == 12
