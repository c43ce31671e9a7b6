"""The one door, on a real ledger: whole or not at all, once, owned, promised."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from router.clock import FixedClock
from router.errors import KeyReused, NotFound
from router.house import House
from router.ledger.audit import audit
from router.model import (
    Arrival,
    Attachment,
    CallbackWish,
    Channel,
    Outcome,
    PromiseKind,
    printable,
)
from router.reference import is_reference


def arrival(house: House, key: str = "k1", **changes: object) -> Arrival:
    base = Arrival(
        channel=Channel.WEB,
        dedupe_key=key,
        received_at=house.clock.now(),
        text="Vores skraldespand er ikke tømt i denne uge.",
        name="Kim Test",
        email="kim@example.dk",
        phone="+4520304050",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


async def count(house: House, table: str) -> int:
    found: int = await house.ledger.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def test_a_contact_is_routed_owned_promised_and_told(house: House) -> None:
    receipt = await house.reception.receive(arrival(house))

    assert is_reference(receipt.reference)
    assert receipt.department == "affald"
    assert receipt.created
    assert not receipt.repeated
    assert receipt.promise is not None
    assert receipt.promise.kind is PromiseKind.ANSWER
    # Two working days after Monday: Wednesday at the end of opening.
    assert receipt.promise.due_at == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)

    view = await house.contacts.view(receipt.reference)
    assert view.head.next_due_at == receipt.promise.due_at
    assert view.head.caseworker is None
    assert [(event.kind, event.actor) for event in view.timeline] == [("received", "citizen")]
    assert view.decisions[0].rule_id == view.head.rule_id
    assert view.decisions[0].explanation["why"]["da"]
    assert [effect.kind for effect in view.effects] == ["mail.tell"]
    assert house.contacts.code_fits(receipt.reference, receipt.access_code)
    assert await audit(house.ledger, house.clock.now()) == []


async def test_the_same_key_again_changes_nothing(house: House) -> None:
    first = await house.reception.receive(arrival(house))
    again = await house.reception.receive(arrival(house))
    assert again == replace(first, repeated=True)
    assert [await count(house, t) for t in ("contacts", "timeline", "promises", "effects")] == [
        1,
        1,
        1,
        1,
    ]


async def test_the_same_key_in_one_moment_makes_one_contact(house: House) -> None:
    receipts = await asyncio.gather(*(house.reception.receive(arrival(house)) for _ in range(100)))
    assert len({receipt.reference for receipt in receipts}) == 1
    assert sum(not receipt.repeated for receipt in receipts) == 1
    assert await count(house, "contacts") == 1


async def test_a_key_used_for_another_content_is_refused(house: House) -> None:
    await house.reception.receive(arrival(house, fingerprint=b"one"))
    with pytest.raises(KeyReused):
        await house.reception.receive(arrival(house, fingerprint=b"two"))
    assert await count(house, "contacts") == 1


async def test_a_thousand_at_once_are_all_there_once(house: House) -> None:
    receipts = await asyncio.gather(
        *(
            house.reception.receive(
                arrival(house, f"k{number}", email=f"kim{number % 50}@example.dk")
            )
            for number in range(1_000)
        )
    )
    assert len({receipt.reference for receipt in receipts}) == 1_000
    assert await count(house, "contacts") == 1_000
    # One phone number, and fifty addresses: known parties are found again.
    assert await count(house, "parties") <= 1_000
    assert await audit(house.ledger, house.clock.now()) == []


async def test_a_bad_arrival_does_not_fail_its_neighbours(house: House) -> None:
    bad = arrival(house, "bad", menu="no-such-department", group="no such group")
    results = await asyncio.gather(
        *(house.reception.receive(arrival(house, f"good{n}")) for n in range(10)),
        house.reception.receive(bad),
        *(house.reception.receive(arrival(house, f"fine{n}")) for n in range(10)),
        return_exceptions=True,
    )
    assert isinstance(results.pop(10), Exception)
    assert all(not isinstance(result, BaseException) for result in results)
    assert await count(house, "contacts") == 20
    assert await count(house, "arrivals") == 20


@pytest.mark.parametrize(
    "strange", ["NUL \0 her", "lone \ud800 surrogate", "\u202eright to left", "😀" * 50, " "]
)
async def test_no_character_costs_a_contact(house: House, strange: str) -> None:
    receipt = await house.reception.receive(
        arrival(
            house,
            text=strange,
            subject=strange,
            name=strange,
            attachments=(Attachment(strange, "text/plain", b"\0"),),
        )
    )
    view = await house.contacts.view(receipt.reference)
    assert view.timeline[0].body == view.head.subject == printable(strange)
    assert (await house.contacts.attachment(receipt.reference, view.attachments[0].id)).content == (
        b"\0"
    )


async def test_a_wish_to_be_called_is_promised_with_its_window(house: House) -> None:
    tomorrow_ten = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    wish = CallbackWish("+4520304050", tomorrow_ten, tomorrow_ten + timedelta(hours=2))
    receipt = await house.reception.receive(arrival(house, callback=wish, email=""))
    assert receipt.promise is not None
    assert receipt.promise.kind is PromiseKind.CALLBACK
    assert receipt.promise.not_before == wish.not_before
    assert receipt.promise.due_at == wish.until
    view = await house.contacts.view(receipt.reference)
    assert [effect.kind for effect in view.effects] == ["sms.tell"]


async def test_a_window_when_we_are_closed_becomes_the_next_honest_one(house: House) -> None:
    sunday = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
    wish = CallbackWish("+4520304050", sunday, sunday + timedelta(hours=2))
    receipt = await house.reception.receive(arrival(house, callback=wish))
    assert receipt.promise is not None
    assert receipt.promise.not_before is not None
    assert receipt.promise.not_before >= datetime(2026, 11, 30, 6, 0, tzinfo=UTC)


async def test_a_message_is_attached_to_its_contact(house: House) -> None:
    receipt = await house.reception.receive(arrival(house))
    message = arrival(house, "m1", reference=receipt.reference, kind="message", text="Og igen!")
    answer = await house.reception.receive(message)
    again = await house.reception.receive(message)
    assert answer.reference == receipt.reference
    assert not answer.created
    assert again.repeated
    view = await house.contacts.view(receipt.reference)
    assert [event.kind for event in view.timeline] == ["received", "message"]
    assert len(view.promises) == 1


async def test_an_unknown_reference_is_said(house: House) -> None:
    with pytest.raises(NotFound):
        await house.reception.receive(arrival(house, reference="123456789"))


async def test_a_closed_contact_that_hears_from_its_citizen_is_open_again(house: House) -> None:
    receipt = await house.reception.receive(arrival(house))
    await house.contacts.close(receipt.reference, "staff:bente-lovfald", Outcome.SOLVED)
    await house.reception.receive(
        arrival(house, "ooo", reference=receipt.reference, reopens=False, kind="automatic")
    )
    assert (await house.contacts.by_reference(receipt.reference)).state == "closed"
    answer = await house.reception.receive(arrival(house, "m1", reference=receipt.reference))
    assert answer.promise is not None
    head = await house.contacts.by_reference(receipt.reference)
    assert head.state == "open"
    assert head.next_due_at == answer.promise.due_at
    assert await audit(house.ledger, house.clock.now()) == []


async def test_a_call_is_a_contact_before_a_word_is_said(house: House, clock: FixedClock) -> None:
    called = Arrival(
        channel=Channel.PHONE,
        dedupe_key="CA1",
        received_at=clock.now(),
        text="",
        phone="+4520304050",
        kind="called",
    )
    receipt = await house.reception.receive(called)
    assert receipt.promise is not None
    assert receipt.promise.kind is PromiseKind.CALLBACK
    view = await house.contacts.view(receipt.reference)
    assert view.effects == []

    said = replace(
        called,
        dedupe_key="CA1:said",
        reference=receipt.reference,
        reroute=True,
        kind="said",
        text="min skraldespand er ikke blevet tømt",
    )
    routed = await house.reception.receive(said)
    assert routed.department == "affald"

    wished = replace(
        said,
        dedupe_key="CA1:callback",
        text="",
        kind="wished",
        callback=CallbackWish("+4520304051"),
    )
    promised = await house.reception.receive(wished)
    assert promised.promise is not None
    assert promised.promise.phone == "+4520304051"
    view = await house.contacts.view(receipt.reference)
    assert [promise.department for promise in view.promises] == ["affald"]
    assert [effect.kind for effect in view.effects] == ["sms.tell"]
    assert await audit(house.ledger, clock.now()) == []


async def test_wishing_again_moves_nothing_later_and_tells_nothing_twice(
    house: House, clock: FixedClock
) -> None:
    called = Arrival(
        channel=Channel.PHONE,
        dedupe_key="CA3",
        received_at=clock.now(),
        text="",
        phone="+4520304050",
        kind="called",
    )
    receipt = await house.reception.receive(called)
    first = None
    for step in ("wished", "again", "hung_up"):
        clock.advance(timedelta(minutes=20))
        answer = await house.reception.receive(
            replace(
                called,
                dedupe_key=f"CA3:{step}",
                reference=receipt.reference,
                kind=step,
                callback=CallbackWish("+4520304050"),
            )
        )
        first = first or answer.promise
        assert answer.promise == first == receipt.promise
    view = await house.contacts.view(receipt.reference)
    assert [event.kind for event in view.timeline].count("promised") == 1
    assert [effect.kind for effect in view.effects] == ["sms.tell"]


async def test_a_late_word_of_a_call_leaves_a_window_agreed_meanwhile(house: House) -> None:
    call = {"channel": Channel.PHONE, "phone": "+4520304050", "text": ""}
    receipt = await house.reception.receive(arrival(house, "CA1", **call))
    promise = (await house.contacts.view(receipt.reference)).promises[0]
    start = house.clock.now() + timedelta(days=9)
    until = start + timedelta(hours=2)
    await house.promises.reschedule(promise.id, "staff:bente-lovfald", start, until)
    wish = CallbackWish("+4520304050")
    late = arrival(house, "CA1:hung_up", reference=receipt.reference, callback=wish, **call)
    await house.reception.receive(late)
    row = await house.promises.row(promise.id)
    assert (row.not_before, row.due_at) == (start, until)


async def test_an_anonymous_caller_who_gives_a_number_is_called(house: House) -> None:
    called = Arrival(
        channel=Channel.PHONE,
        dedupe_key="CA2",
        received_at=house.clock.now(),
        text="",
        kind="called",
    )
    receipt = await house.reception.receive(called)
    assert receipt.promise is not None
    assert receipt.promise.kind is PromiseKind.ANSWER
    await house.reception.receive(
        replace(
            called,
            dedupe_key="CA2:callback",
            reference=receipt.reference,
            callback=CallbackWish("+4520304050"),
            kind="wished",
        )
    )
    promises = (await house.contacts.view(receipt.reference)).promises
    assert [(p.kind, p.state) for p in promises] == [
        ("answer", "replaced"),
        ("callback", "waiting"),
    ]
    assert promises[0].replaced_by == promises[1].id


async def test_a_caseworker_named_by_the_citizen_is_offered_it(house: House) -> None:
    person = next(p for p in house.municipality.caseworkers.values() if p.department == "byg")
    receipt = await house.reception.receive(
        arrival(house, text=f"Hej {person.name}, hvordan går det med min byggetilladelse?")
    )
    head = await house.contacts.by_reference(receipt.reference)
    assert head.department == "byg"
    assert head.caseworker is None
    assert head.offered_caseworker == person.id
    await house.contacts.accept(receipt.reference, person.id)
    head = await house.contacts.by_reference(receipt.reference)
    assert head.caseworker == person.id
    assert head.offered_caseworker is None
    assert await audit(house.ledger, house.clock.now()) == []


@pytest.mark.parametrize("hour", [9, 20])
async def test_what_is_acute_is_due_the_same_day_or_the_next(
    house: House, clock: FixedClock, hour: int
) -> None:
    clock.set(datetime(2026, 11, 23, hour, 0, tzinfo=UTC))
    receipt = await house.reception.receive(
        arrival(house, text="Jeg har selvmordstanker og ved ikke, hvad jeg skal gøre")
    )
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.rule_id, head.priority) == ("life-in-danger", 100)
    assert "acute" in head.flags
    assert receipt.promise is not None
    assert receipt.promise.due_at.day == (23 if hour == 9 else 24)


async def test_a_concern_about_a_child_is_due_within_a_day(house: House) -> None:
    receipt = await house.reception.receive(
        arrival(
            house,
            text="Jeg er meget bekymret for et barn i nabohuset. Faren slår drengen hver aften.",
        )
    )
    assert receipt.department == "familie"
    assert receipt.promise is not None
    assert receipt.promise.due_at <= house.clock.now() + timedelta(hours=24)
