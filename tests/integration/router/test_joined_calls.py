"""One open callback for each number and department: the others join it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from router.clock import FixedClock
from router.errors import Conflict
from router.house import House
from router.ledger.audit import audit
from router.meeting_terms import How
from router.model import Arrival, CallbackWish, Channel, Outcome, PromiseKind, PromiseState, Receipt
from router.promise_life import Result
from router.promise_steps import Q
from router.promises import NewPromise
from router.rows import PromiseRow
from router.splitting import NewPart

PHONE = "+4520304050"
BENTE = "staff:bente-loevfald"


async def arrive(house: House, key: str, phone: str = PHONE, menu: str = "affald") -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key=key,
            received_at=house.clock.now(),
            text="Ring til mig.",
            menu=menu,
            callback=CallbackWish(phone),
        )
    )


async def callback(house: House, receipt: Receipt) -> PromiseRow:
    rows = (await house.contacts.view(receipt.reference)).promises
    return next(row for row in rows if row.kind is PromiseKind.CALLBACK)


async def kinds(house: House, receipt: Receipt) -> list[str]:
    return [event.kind for event in (await house.contacts.view(receipt.reference)).timeline]


async def findings(house: House) -> list[str]:
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found if not finding.invariant.startswith("7")]


@pytest.fixture
async def three(house: House) -> list[Receipt]:
    """Three contacts of one citizen, all for the same department."""
    return [await arrive(house, f"k{number}") for number in range(3)]


async def test_later_ones_join_the_first(house: House, three: list[Receipt]) -> None:
    first, second, third = [await callback(house, receipt) for receipt in three]
    assert (first.joins, second.joins, third.joins) == (None, first.id, first.id)
    elsewhere = await callback(house, await arrive(house, "vej", menu="vej"))
    other = await callback(house, await arrive(house, "other", phone="+4520304051"))
    assert (elsewhere.joins, other.joins) == (None, None)
    assert await findings(house) == []


@pytest.mark.parametrize("spoken_of", [0, 2], ids=["the main one", "one that joined"])
async def test_one_talk_keeps_all_of_them(
    house: House, three: list[Receipt], spoken_of: int
) -> None:
    promise = await callback(house, three[spoken_of])
    await house.promises.attempt(promise.id, BENTE, "reached", "Kommer i morgen.")
    for receipt in three:
        assert (await callback(house, receipt)).state is PromiseState.KEPT
        # What is left to do in each of them is promised anew.
        view = await house.contacts.view(receipt.reference)
        assert [p.kind for p in view.promises if p.state.is_open] == ["answer"]
        noted = [event.body for event in view.timeline if event.kind == "attempt" and event.body]
        assert noted == (["Kommer i morgen."] if receipt is three[spoken_of] else [])
    assert await findings(house) == []


async def test_a_call_in_vain_counts_once_for_all(
    house: House, clock: FixedClock, three: list[Receipt]
) -> None:
    main, joined = await callback(house, three[0]), await callback(house, three[1])
    await house.promises.attempt(joined.id, BENTE, "no_answer")
    assert (await callback(house, three[0])).attempts == 1
    assert (await callback(house, three[0])).state is PromiseState.RESTING
    await house.promises.reserve(joined.id, "bente-loevfald", clock.now() + timedelta(minutes=1))
    with pytest.raises(Conflict, match="calling already"):
        await house.promises.reserve(main.id, "bente-loevfald", clock.now() + timedelta(hours=1))
    assert await findings(house) == []


async def test_when_the_first_ends_without_a_talk_the_next_takes_its_place(
    house: House, three: list[Receipt]
) -> None:
    await house.promises.withdraw((await callback(house, three[0])).id, BENTE)
    second, third = await callback(house, three[1]), await callback(house, three[2])
    assert (second.joins, third.joins) == (None, second.id)
    await house.contacts.close(three[1].reference, BENTE, Outcome.SPAM)
    assert (await callback(house, three[2])).joins is None
    assert await findings(house) == []


async def test_answered_in_another_way_than_by_a_talk_ends_only_itself(
    house: House, three: list[Receipt]
) -> None:
    await house.letters.keep((await callback(house, three[0])).id, BENTE, how=How.LETTER)
    second, third = await callback(house, three[1]), await callback(house, three[2])
    assert (second.state.is_open, second.joins, third.joins) == (True, None, second.id)


async def test_who_goes_to_another_department_leaves_the_call_and_joins_there(
    house: House, three: list[Receipt]
) -> None:
    at_vej = await callback(house, await arrive(house, "vej", menu="vej"))
    await house.contacts.offer(three[0].reference, BENTE, "vej", "henrik-grusvad")
    await house.contacts.accept(three[0].reference, "henrik-grusvad")
    first, second, third = [await callback(house, receipt) for receipt in three]
    assert first.joins == at_vej.id
    assert (second.joins, third.joins) == (None, second.id)
    assert await findings(house) == []


async def test_two_callbacks_in_one_contact_move_together(house: House) -> None:
    receipt = await arrive(house, "k")
    again = await house.promises.make(
        receipt.reference, BENTE, NewPromise(PromiseKind.CALLBACK, phone=PHONE)
    )
    first = await callback(house, receipt)
    assert again.joins == first.id
    await house.contacts.offer(receipt.reference, BENTE, "vej", "henrik-grusvad")
    await house.contacts.accept(receipt.reference, "henrik-grusvad")
    rows = [await house.promises.row(first.id), await house.promises.row(again.id)]
    assert {row.department for row in rows} == {"vej"}
    assert [row.joins is None for row in rows].count(True) == 1
    assert await findings(house) == []


async def test_whoever_arrives_while_the_call_ends_is_never_left_behind(house: House) -> None:
    """Each joins an open one or stands for itself, whichever way the race goes."""
    for turn in range(12):
        first = await arrive(house, f"first-{turn}", phone=f"+45203040{turn:02}")
        promise = (await callback(house, first)).id
        end = (
            house.promises.attempt(promise, BENTE, Result.REACHED)
            if turn % 2
            else house.promises.withdraw(promise, BENTE)
        )
        await asyncio.gather(
            end,
            *(
                arrive(house, f"later-{turn}-{number}", phone=f"+45203040{turn:02}")
                for number in range(4)
            ),
        )
    assert await findings(house) == []


async def test_many_who_move_at_once_never_wait_crosswise(house: House) -> None:
    """Ten contacts of two numbers change departments together, back and forth."""
    receipts = [await arrive(house, f"m{n}", phone=f"+452030405{n % 2}") for n in range(10)]
    people = {"vej": "henrik-grusvad", "affald": "bente-loevfald"}

    async def hand_over(receipt: Receipt, department: str) -> None:
        await house.contacts.offer(receipt.reference, BENTE, department, people[department])
        await house.contacts.accept(receipt.reference, people[department])

    for department in ("vej", "affald", "vej"):
        await asyncio.gather(*(hand_over(receipt, department) for receipt in receipts))
        assert await findings(house) == []


async def somebody_waits(house: House) -> None:
    """Until somebody waits for a number."""
    waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(10):
        while not await house.ledger.fetch(waiting):
            await asyncio.sleep(0.01)


async def test_the_contact_of_who_joins_while_the_talk_ends_is_held(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = await callback(house, await arrive(house, "main"))
    late = await arrive(house, "late", phone="+4520304051")
    joining = await callback(house, late)
    held: list[bool] = []
    really = house.promises._end_joined

    async def look_and_end(*args: Any) -> None:
        free = "SELECT id FROM contacts WHERE id = $1 FOR UPDATE SKIP LOCKED"
        held.append(await house.ledger.fetchval(free, joining.contact_id) is None)
        await really(*args)

    monkeypatch.setattr(house.promises, "_end_joined", look_and_end)
    async with house.ledger.transaction() as other:
        await other.execute(Q["lock"], joining.id)
        await other.execute(Q["renumber"], joining.id, PHONE)
        ending = asyncio.create_task(house.promises.attempt(main.id, BENTE, Result.REACHED))
        await somebody_waits(house)
    await ending
    assert held == [True]
    assert (await callback(house, late)).state is PromiseState.KEPT
    assert await findings(house) == []


async def test_who_splits_takes_the_numbers_in_their_order(house: House) -> None:
    rows = await house.ledger.fetch(
        "SELECT d AS department, call_key($1, d) AS key FROM unnest($2::text[]) d ORDER BY 2 DESC",
        PHONE,
        ["vej", "ydelse", "borgerservice"],
    )
    receipt = await arrive(house, "k", phone="+4520304059")
    topics = [
        NewPart(f"Om {row['department']}", row["department"], None, PromiseKind.CALLBACK, PHONE)
        for row in rows
    ]
    async with house.ledger.transaction() as other:
        await other.execute("SELECT pg_advisory_xact_lock($1)", rows[-1]["key"])
        splitting = asyncio.create_task(
            house.splitting.split(receipt.reference, BENTE, topics, caseworker="bente-loevfald")
        )
        await somebody_waits(house)
        for row in rows:
            assert await other.fetchval("SELECT pg_try_advisory_xact_lock($1)", row["key"])
    await splitting
    assert await findings(house) == []
