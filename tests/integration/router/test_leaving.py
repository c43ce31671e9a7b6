"""Caseworkers and departments that leave the configuration: nothing is left with nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from router.app import open_house
from router.clock import FixedClock
from router.config import Municipality
from router.errors import PermanentFailure
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, ContactState, Effect, Outcome, Receipt
from router.pledging import pledge_for
from router.settings import Settings
from router.staff import mirror

if TYPE_CHECKING:
    from router.ledger import Connection

GONE = "affald"


def without(municipality: Municipality, department: str) -> Municipality:
    """The municipality after a department has been closed, with everybody in it."""
    return replace(
        municipality,
        departments={
            key: value for key, value in municipality.departments.items() if key != department
        },
        caseworkers={
            key: value
            for key, value in municipality.caseworkers.items()
            if value.department != department
        },
    )


def without_person(municipality: Municipality, person: str) -> Municipality:
    return replace(
        municipality,
        caseworkers={key: v for key, v in municipality.caseworkers.items() if key != person},
    )


@asynccontextmanager
async def later(
    settings: Settings, clock: FixedClock, municipality: Municipality
) -> AsyncIterator[House]:
    """The house after a start with another configuration."""
    async with open_house(settings, clock, municipality) as house:
        yield house


def somebody(house: House) -> str:
    return next(p.id for p in house.municipality.caseworkers.values() if p.department == GONE)


async def about_bins(house: House) -> Receipt:
    receipt = await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="bin",
            received_at=house.clock.now(),
            text="Vores skraldespand er ikke tømt.",
            email="kim@example.dk",
            menu=GONE,
        )
    )
    assert receipt.department == GONE
    return receipt


async def again(house: House, reference: str) -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="again",
            received_at=house.clock.now(),
            text="Den er stadig ikke tømt.",
            reference=reference,
            kind="message",
        )
    )


async def unfit(house: House) -> list[str]:
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found]


async def test_what_a_caseworker_had_goes_back_to_the_department(
    house: House, settings: Settings, clock: FixedClock, municipality: Municipality
) -> None:
    receipt, person = await about_bins(house), somebody(house)
    await house.contacts.claim(receipt.reference, person)
    async with later(settings, clock, without_person(municipality, person)) as after:
        view = await after.contacts.view(receipt.reference)
        assert (view.head.department, view.head.caseworker) == (GONE, None)
        assert {promise.caseworker for promise in view.promises} == {None}
        colleague = next(iter(after.municipality.caseworkers))
        await after.contacts.claim(receipt.reference, colleague)
        assert await unfit(after) == []


async def test_who_writes_again_to_a_department_that_is_gone_reaches_the_default_one(
    house: House, settings: Settings, clock: FixedClock, municipality: Municipality
) -> None:
    receipt, person = await about_bins(house), somebody(house)
    await house.contacts.claim(receipt.reference, person)
    await house.contacts.close(receipt.reference, f"staff:{person}", Outcome.SOLVED)
    async with later(settings, clock, without(municipality, GONE)) as after:
        assert (await again(after, receipt.reference)).department == municipality.default_department
        head = await after.contacts.by_reference(receipt.reference)
        assert (head.state, head.caseworker) == (ContactState.OPEN, None)
        assert await unfit(after) == []


async def test_what_another_process_still_gave_to_a_department_that_is_gone_is_moved(
    house: House, settings: Settings, clock: FixedClock, municipality: Municipality
) -> None:
    async with later(settings, clock, without(municipality, GONE)) as after:
        receipt = await about_bins(house)
        await after.reception.receive(
            Arrival(
                channel=Channel.WEB,
                dedupe_key="call",
                received_at=clock.now(),
                text="Ring til mig.",
                reference=receipt.reference,
                kind="message",
                callback=CallbackWish("+4520304050"),
            )
        )
        head = await after.contacts.by_reference(receipt.reference)
        assert head.department == municipality.default_department
        assert await unfit(after) == []


def test_a_department_that_is_not_known_here_has_the_hours_of_the_default_one(
    clock: FixedClock, municipality: Municipality
) -> None:
    arrival = Arrival(channel=Channel.WEB, dedupe_key="k", received_at=clock.now(), text="Hej")
    here = municipality.default_department
    smaller = without(municipality, GONE)
    pledge, known = (
        pledge_for(arrival, department, frozenset(), smaller, clock.now())
        for department in (GONE, here)
    )
    assert pledge == known


async def test_a_delivery_that_fails_after_the_department_is_gone_is_owned(
    house: House, settings: Settings, clock: FixedClock, municipality: Municipality
) -> None:
    receipt, person = await about_bins(house), somebody(house)
    await house.contacts.close(receipt.reference, f"staff:{person}", Outcome.SOLVED)

    async def refused(effect: Effect) -> None:
        raise PermanentFailure("smtp_550")

    async with later(settings, clock, without(municipality, GONE)) as after:
        after.outbox.register("mail.tell", refused)
        after.outbox.register("mail.alert", refused)
        assert await after.outbox.send_due()
        head = await after.contacts.by_reference(receipt.reference)
        assert head.state is ContactState.OPEN
        assert head.department == municipality.default_department
        assert await unfit(after) == []


async def to_be_called(house: House, phones: list[str]) -> list[Receipt]:
    return [
        await house.reception.receive(
            Arrival(
                channel=Channel.WEB,
                dedupe_key=phone,
                received_at=house.clock.now(),
                text="Ring til mig.",
                menu=GONE,
                callback=CallbackWish(phone),
            )
        )
        for phone in phones
    ]


async def test_many_calls_come_home_a_few_at_a_time(
    house: House, clock: FixedClock, municipality: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call takes two locks, and PostgreSQL has room for some thousands altogether."""
    receipts = await to_be_called(house, [f"+452030405{n}" for n in range(5)])
    whole, held = house.ledger.transaction, []

    @asynccontextmanager
    async def counted() -> AsyncIterator[Connection]:
        async with whole() as connection:
            yield connection
            mine = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            held.append(len(await connection.fetch(mine)))

    monkeypatch.setattr("router.staff._MOVED_AT_ONCE", 2, raising=False)
    monkeypatch.setattr(house.ledger, "transaction", counted)
    await mirror(house.ledger, without(municipality, GONE), clock)
    assert sorted(held) == [0, 2, 4, 4]
    for receipt in receipts:
        head = await house.contacts.by_reference(receipt.reference)
        assert head.department == municipality.default_department
    assert await unfit(house) == []


async def test_calls_come_home_in_the_order_in_which_others_take_them(
    house: House, clock: FixedClock, municipality: Municipality
) -> None:
    """Else an arrival and a caseworker's leaving wait for each other."""
    rows = await house.ledger.fetch(
        "SELECT phone, array_agg(call_key(phone, d)) AS keys"
        " FROM unnest($1::text[]) phone, unnest($2::text[]) d GROUP BY phone"
        " ORDER BY min(call_key(phone, d)) DESC",
        ["+4520304050", "+4520304051"],
        [GONE, municipality.default_department],
    )
    # The contact that is moved first has the number that is taken last.
    await to_be_called(house, [row["phone"] for row in rows])
    async with house.ledger.transaction() as other:
        await other.execute("SELECT pg_advisory_xact_lock($1)", min(rows[1]["keys"]))
        moving = asyncio.create_task(mirror(house.ledger, without(municipality, GONE), clock))
        waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        async with asyncio.timeout(10):
            while not await house.ledger.fetch(waiting):
                await asyncio.sleep(0.01)
        for key in rows[0]["keys"]:
            assert await other.fetchval("SELECT pg_try_advisory_xact_lock($1)", key)
    await moving
    assert await unfit(house) == []
