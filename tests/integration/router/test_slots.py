"""Times that are promised: each given away once, over any number of processes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from router.app import open_house
from router.capacity import ALL_OPEN, Duty, Roster
from router.clock import FixedClock
from router.config import Municipality
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, PromiseGiven, PromiseKind
from router.pledging import ACUTE
from router.settings import Settings

HALF = timedelta(minutes=30)
TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""Tuesday at 10 in Copenhagen; the clock says Monday at 10."""
ONE_AT_A_TIME = Roster(HALF, HALF, (Duty(ALL_OPEN, 1, 100),))


@pytest.fixture
async def houses(
    settings: Settings, clock: FixedClock, municipality: Municipality
) -> AsyncIterator[tuple[House, House]]:
    """Two processes of one municipality, where a department makes one call in half an hour."""
    small = replace(municipality, rosters=dict.fromkeys(municipality.departments, ONE_AT_A_TIME))
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(open_house(settings, clock, small)) for _ in range(2)
        ]
        yield first, second


def wish(
    number: int,
    start: datetime | None = TEN,
    until: datetime | None = TEN + HALF,
    **more: object,
) -> Arrival:
    phone = f"+452030{number:04}"
    base = Arrival(
        channel=Channel.WEB,
        dedupe_key=f"k{number}",
        received_at=TEN - timedelta(days=1),
        text="Vores skraldespand er ikke tømt",
        phone=phone,
        menu="affald",
        callback=CallbackWish(phone, start, until),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def promised(given: PromiseGiven | None) -> PromiseGiven:
    assert given is not None
    return given


async def test_the_last_time_is_given_away_once_and_the_next_gets_the_next(
    houses: tuple[House, House],
) -> None:
    receipts = await asyncio.gather(
        *(houses[number % 2].reception.receive(wish(number)) for number in range(8))
    )
    starts = sorted(promised(receipt.promise).not_before or TEN for receipt in receipts)
    assert starts == [TEN + HALF * place for place in range(8)]
    assert all(
        promised(receipt.promise).due_at == (promised(receipt.promise).not_before or TEN) + HALF
        for receipt in receipts
    )
    # Whoever got another time has their wish on the timeline.
    wished = 0
    for receipt in receipts:
        view = await houses[0].contacts.view(receipt.reference)
        data = view.timeline[0].data
        assert (promised(receipt.promise).not_before != TEN) == ("wished_from" in data)
        wished += "wished_from" in data
    assert wished == 7
    assert await audit(houses[0].ledger, houses[0].clock.now()) == []


async def test_many_at_once_never_more_than_there_is_room_for(
    houses: tuple[House, House],
) -> None:
    until = TEN + HALF * 6
    receipts = await asyncio.gather(
        *(
            houses[number % 2].reception.receive(
                wish(number, TEN + HALF * (number % 5), TEN + HALF * (number % 5 + 1))
                if number % 3
                else wish(number, TEN, until)
            )
            for number in range(60)
        )
    )
    given = [promised(receipt.promise) for receipt in receipts]
    # Three working days from the wish: 42 slots of Tuesday 10 to Friday closing, and no more.
    calls = [promise for promise in given if promise.kind is PromiseKind.CALLBACK]
    narrow = Counter(
        promise.not_before
        for promise in calls
        if promise.due_at - (promise.not_before or TEN) == HALF
    )
    assert max(narrow.values()) == 1
    wide = sum(promise.due_at - (promise.not_before or TEN) > HALF for promise in calls)
    in_reach = sum(TEN <= start < until for start in narrow if start is not None)
    assert wide + in_reach <= 6
    free = await houses[0].slots.free_slots(
        "affald", TEN - timedelta(days=1), TEN + timedelta(days=30)
    )
    assert all(slot.start not in narrow for slot in free)
    assert await audit(houses[0].ledger, houses[0].clock.now()) == []


async def test_where_nothing_is_free_in_time_a_written_answer_is_promised(
    houses: tuple[House, House], municipality: Municipality
) -> None:
    house = houses[0]
    horizon = await house.slots.free_slots("affald", TEN, TEN + timedelta(days=3, hours=8))
    for number in range(len(horizon)):
        assert promised((await house.reception.receive(wish(number))).promise).not_before
    receipt = await house.reception.receive(wish(900, email="anna@example.dk"))
    answer = promised(receipt.promise)
    assert (answer.kind, answer.phone) == (PromiseKind.ANSWER, "")
    view = await house.contacts.view(receipt.reference)
    assert [promise.kind for promise in view.promises] == [PromiseKind.ANSWER]
    assert view.timeline[0].data["wished_from"] == "2026-11-24T09:00:00+00:00"
    assert [effect.kind for effect in view.effects] == ["mail.tell"]
    # Somebody who names no time is called as the policy says.
    anyone = await house.reception.receive(wish(901, None, None))
    assert promised(anyone.promise).kind is PromiseKind.CALLBACK


async def test_free_times_are_what_is_left(houses: tuple[House, House]) -> None:
    house = houses[0]
    day = TEN.replace(hour=0), TEN.replace(hour=23)
    before = await house.slots.free_slots("affald", *day)
    # 8.00 to 15.00 in Copenhagen.
    assert [slot.start for slot in before] == [TEN + HALF * place for place in range(-4, 10)]
    await house.reception.receive(wish(1))
    after = await houses[1].slots.free_slots("affald", *day)
    assert [slot for slot in before if slot not in after] == [before[4]]
    # Others' calls take nothing from this department.
    assert await house.slots.free_slots("vej", *day) == before
    # What waits takes its part as well: there were sixteen half hours until it is due.
    for number in range(20, 35):
        await house.reception.receive(wish(number, None, None))
    left = await house.slots.free_slots("affald", day[0], TEN + timedelta(days=9))
    assert left[0].start == TEN + HALF * 2


async def test_only_a_wish_for_a_time_costs_a_query(
    houses: tuple[House, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = houses[0]
    asked = []
    books = house.reception._slots.books

    async def counted(*args: object) -> object:
        asked.append(args)
        return await books(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(house.reception._slots, "books", counted)
    await house.reception.receive(wish(1, callback=None))
    await house.reception.receive(wish(2, None, None))
    await house.reception.receive(wish(3, flags=frozenset({ACUTE})))
    await house.reception.receive(wish(4, flags=frozenset({"no_calls"})))
    assert asked == []
    await house.reception.receive(wish(5))
    assert len(asked) == 1


async def test_one_who_cannot_be_called_is_promised_no_call(houses: tuple[House, House]) -> None:
    receipt = await houses[0].reception.receive(wish(1, flags=frozenset({"no_calls"})))
    assert promised(receipt.promise).kind is PromiseKind.ANSWER
    free = await houses[0].slots.free_slots("affald", TEN, TEN + HALF)
    assert len(free) == 1


async def test_talks_that_were_measured_count_when_there_are_enough(
    houses: tuple[House, House], clock: FixedClock
) -> None:
    house = houses[0]

    async def slots_left() -> int:
        clock.advance(timedelta(minutes=11))
        return len(
            await house.slots.free_slots("affald", TEN.replace(hour=0), TEN.replace(hour=23))
        )

    for number in range(30):
        receipt = await house.reception.receive(wish(number, None, None))
        (promise,) = (await house.contacts.view(receipt.reference)).promises
        if number == 29:
            assert await slots_left() == 14
        await house.promises.attempt(promise.id, "staff:x", "reached", talk_seconds=3600)
    # An hour a call: one in two slots.
    assert await slots_left() == 7


async def test_a_number_called_already_takes_a_time_of_its_own(houses: tuple[House, House]) -> None:
    house = houses[0]
    first = await house.reception.receive(wish(1))
    again = await house.reception.receive(
        wish(1, TEN + HALF * 2, TEN + HALF * 3, dedupe_key="again")
    )
    assert first.reference != again.reference
    assert promised(again.promise).not_before == TEN + HALF * 2
    free = {slot.start for slot in await house.slots.free_slots("affald", TEN, TEN + HALF * 4)}
    assert free == {TEN + HALF, TEN + HALF * 3}


async def test_an_attached_wish_takes_a_time_and_gives_the_old_one_back(
    houses: tuple[House, House],
) -> None:
    house = houses[0]
    receipt = await house.reception.receive(wish(1))
    other = CallbackWish("+4520300001", TEN + HALF * 2, TEN + HALF * 3)
    moved = await house.reception.receive(
        wish(1, dedupe_key="m", reference=receipt.reference, callback=other, kind="message")
    )
    assert promised(moved.promise).not_before == TEN + HALF * 2
    free = {slot.start for slot in await house.slots.free_slots("affald", TEN, TEN + HALF * 3)}
    assert free == {TEN, TEN + HALF}
