"""Calls, as the phone provider and the clock make of them; and a caller who goes on talking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from router.clock import FixedClock
from router.errors import Conflict, SenderError
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, PromiseKind, PromiseState, Receipt
from router.promise_clock import PUT_OFF
from router.promise_life import LOOKING_UP, WATCHDOG, Result
from router.rows import PromiseRow

PHONE = "+4520304050"
BENTE = "bente-loevfald"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def receipt(house: House) -> Receipt:
    """A citizen waits to be called about a bin."""
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=house.clock.now(),
            text="Vores skraldespand er ikke tømt.",
            email="kim@example.dk",
            callback=CallbackWish(PHONE),
        )
    )


@pytest.fixture
async def promise(house: House, receipt: Receipt) -> int:
    return (await house.contacts.view(receipt.reference)).promises[0].id


async def kinds(house: House, receipt: Receipt) -> list[str]:
    return [event.kind for event in (await house.contacts.view(receipt.reference)).timeline]


async def effects(house: House, receipt: Receipt) -> list[str]:
    return [effect.kind for effect in (await house.contacts.view(receipt.reference)).effects]


async def clean(house: House) -> bool:
    found = await audit(house.ledger, house.clock.now())
    return all(finding.invariant.startswith("7") for finding in found)


async def look(house: House) -> None:
    while await house.promise_clock.fire_due():
        pass


async def test_a_reservation_is_told_and_goes_back_by_itself(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    row = await house.promises.reserve(promise, BENTE, clock.now() + MINUTE)
    assert row.state is PromiseState.RESERVED
    event = (await house.contacts.view(receipt.reference)).timeline[-1]
    assert (event.kind, event.actor) == ("reserved", f"staff:{BENTE}")
    with pytest.raises(Conflict, match="calling already"):
        await house.promises.reserve(promise, BENTE, clock.now() + MINUTE)
    with pytest.raises(SenderError, match="caseworker"):
        await house.promises.reserve(promise, "nobody", clock.now() + MINUTE)
    assert await clean(house)
    clock.advance(MINUTE)
    await look(house)
    row = await house.promises.row(promise)
    assert (row.state, row.lease_until, row.back_to) == (PromiseState.WAITING, None, None)


async def test_a_provider_that_stays_silent_is_asked_and_then_it_counts_as_tried(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    await house.promises.reserve(promise, BENTE, clock.now() + MINUTE)
    await house.promises.dialled(promise, 1)
    clock.advance(WATCHDOG)
    await look(house)
    assert (await house.promises.row(promise)).state is PromiseState.UNCERTAIN
    assert (await effects(house, receipt)).count("call.look_up") == 1
    await house.promises.still_ringing(promise, 1)
    assert (await house.promises.row(promise)).state is PromiseState.DIALLING
    clock.advance(WATCHDOG)
    await look(house)
    assert (await effects(house, receipt)).count("call.look_up") == 2
    clock.advance(LOOKING_UP)
    await look(house)
    row = await house.promises.row(promise)
    assert (row.state, row.attempts, row.last_result) == (PromiseState.RESTING, 1, "no_answer")
    assert (await kinds(house, receipt)).count("attempt") == 1
    assert await clean(house)


async def test_news_twice_late_and_mixed_up_is_written_once(
    house: House, receipt: Receipt, promise: int
) -> None:
    await house.promises.came_out(promise, 1, Result.BUSY)
    for _ in range(3):
        await house.promises.dialled(promise, 1)
        await house.promises.came_out(promise, 1, Result.BUSY)
        await house.promises.not_found(promise, 1)
        await house.promises.still_ringing(promise, 1)
    row = await house.promises.row(promise)
    assert (row.state, row.attempts, row.last_result) == (PromiseState.RESTING, 1, "busy")
    assert (await kinds(house, receipt)).count("attempt") == 1
    assert (await effects(house, receipt)).count("mail.tell") == 2  # receipt, and one attempt
    await house.promises.came_out(promise, 1, Result.REACHED)
    await house.promises.came_out(promise, 1, Result.BUSY)
    assert (await house.promises.row(promise)).state is PromiseState.KEPT
    assert (await kinds(house, receipt)).count("attempt") == 2


async def test_a_wrong_number_gets_no_text_message(house: House, clock: FixedClock) -> None:
    receipt = await house.reception.receive(
        Arrival(
            channel=Channel.PHONE,
            dedupe_key="call",
            received_at=clock.now(),
            text="",
            phone=PHONE,
            callback=CallbackWish(PHONE),
        )
    )
    promise = (await house.contacts.view(receipt.reference)).promises[0].id
    before = await effects(house, receipt)
    row = await house.promises.attempt(promise, f"staff:{BENTE}", "wrong_number")
    assert row.state is PromiseState.NEEDS_PERSON
    assert await effects(house, receipt) == before


async def test_one_promise_that_cannot_be_looked_at_keeps_no_other_waiting(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    other = await house.reception.receive(
        Arrival(channel=Channel.WEB, dedupe_key="o", received_at=clock.now(), text="Hej.")
    )
    # A state that a newer process of ours knows and this one does not.
    await house.ledger.execute(
        "ALTER TABLE promises DROP CONSTRAINT promises_kind_check;"
        f" UPDATE promises SET kind = 'serenade' WHERE id = {promise}"
    )
    clock.advance(timedelta(days=5))
    await look(house)
    row = await house.ledger.fetchrow("SELECT * FROM promises WHERE id = $1", promise)
    assert row is not None
    assert (row["late_at"], row["fire_at"]) == (None, clock.now() + PUT_OFF)
    (answer,) = (await house.contacts.view(other.reference)).promises
    assert answer.late_at == clock.now()


async def test_looking_changes_no_version_that_somebody_reads(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    await house.ledger.execute("UPDATE promises SET fire_at = made_at")
    before = await house.promises.row(promise)
    await look(house)
    assert (await house.promises.row(promise)).version == before.version
    await house.promises.claim(promise, BENTE, before.version)


# A caller who goes on talking


async def call(house: House, key: str, **changes: object) -> Receipt:
    base = Arrival(
        channel=Channel.PHONE,
        dedupe_key=key,
        received_at=house.clock.now(),
        text="",
        phone=PHONE,
        may_acknowledge=False,
    )
    return await house.reception.receive(replace(base, **changes))  # type: ignore[arg-type]


async def open_promises(house: House, receipt: Receipt) -> dict[PromiseKind, PromiseRow]:
    rows = (await house.contacts.view(receipt.reference)).promises
    return {row.kind: row for row in rows if row.state.is_open}


async def test_what_the_law_asks_for_is_promised_when_we_hear_what_it_is_about(
    house: House,
) -> None:
    receipt = await call(house, "1", phone="")
    said = "Jeg vil gerne have aktindsigt i min sag."
    for key in ("2", "3"):
        await call(
            house, key, phone="", text=said, reference=receipt.reference, reroute=True, kind="said"
        )
    promised = await open_promises(house, receipt)
    assert set(promised) == {PromiseKind.ANSWER, PromiseKind.DOCUMENT_ACCESS}
    law = promised[PromiseKind.DOCUMENT_ACCESS]
    assert law.statutory_due_at == law.due_at
    # A number to call replaces the answer that was owed, never a deadline of the law.
    await call(house, "4", reference=receipt.reference, callback=CallbackWish(PHONE))
    promised = await open_promises(house, receipt)
    assert set(promised) == {PromiseKind.CALLBACK, PromiseKind.DOCUMENT_ACCESS}
    assert promised[PromiseKind.DOCUMENT_ACCESS] == law
    assert await clean(house)


async def test_what_turns_out_to_be_acute_is_brought_forward(house: House) -> None:
    receipt = await call(house, "1")
    usual = (await open_promises(house, receipt))[PromiseKind.CALLBACK].due_at
    await call(
        house,
        "2",
        text="Jeg er bekymret for et barn, der bliver slået hjemme.",
        reference=receipt.reference,
        reroute=True,
        kind="said",
    )
    promised = await open_promises(house, receipt)
    assert promised[PromiseKind.CALLBACK].due_at <= house.clock.now() + timedelta(hours=24)
    assert promised[PromiseKind.CALLBACK].due_at < usual
    assert PromiseKind.RECEIPT in promised
    assert await clean(house)


async def test_a_wish_while_the_phone_rings_leaves_the_call_alone(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    await house.promises.dialled(promise, 1)
    await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="later",
            received_at=clock.now(),
            text="Ring hellere til min mobil.",
            reference=receipt.reference,
            callback=CallbackWish("+4520304059"),
        )
    )
    row = await house.promises.row(promise)
    assert (row.state, row.phone) == (PromiseState.DIALLING, "+4520304059")
    await house.promises.came_out(promise, 1, Result.NO_ANSWER)
    assert (await house.promises.row(promise)).state is PromiseState.RESTING
    assert await clean(house)


async def test_who_cannot_be_called_after_all_is_answered_in_writing(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="later",
            received_at=clock.now(),
            text="Jeg kan ikke tale i telefon.",
            reference=receipt.reference,
            callback=CallbackWish(PHONE),
            flags=frozenset({"no_calls"}),
        )
    )
    assert set(await open_promises(house, receipt)) == {PromiseKind.ANSWER}
    row = await house.promises.row(promise)
    assert (row.state, row.replaced_by is not None) == (PromiseState.REPLACED, True)
    assert await clean(house)
