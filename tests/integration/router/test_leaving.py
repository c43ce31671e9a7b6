"""Caseworkers and departments that leave the configuration: nothing is left with nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from router.app import open_house
from router.clock import FixedClock
from router.config import Municipality
from router.errors import PermanentFailure
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, Channel, ContactState, Effect, Outcome, Receipt
from router.settings import Settings

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
