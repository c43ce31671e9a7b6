"""Routing that knows the past: open contacts, coordinators, plans of offers, wishes in the text."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.clock import FixedClock
from router.errors import Conflict, SenderError
from router.house import House
from router.model import Arrival, Channel, PromiseKind, Receipt

DANISH_TIME = ZoneInfo("Europe/Copenhagen")
PHONE = "+4511223344"
VAGUE = "Tak for sidst. Har du set på det?"


def arrival(clock: FixedClock, key: str, text: str, **more: object) -> Arrival:
    known: dict[str, object] = {
        "channel": Channel.WEB,
        "dedupe_key": key,
        "received_at": clock.now(),
        "text": text,
        "phone": PHONE,
    }
    return Arrival(**(known | more))  # type: ignore[arg-type]


@pytest.fixture
async def with_ole(house: House, clock: FixedClock) -> Receipt:
    """A building matter that Ole has taken."""
    receipt = await house.reception.receive(
        arrival(clock, "first", "Jeg søger byggetilladelse til en carport")
    )
    assert receipt.department == "byg"
    await house.contacts.claim(receipt.reference, "ole-skovlyng")
    return receipt


async def test_a_vague_text_goes_to_who_has_the_senders_open_contact(
    house: House, clock: FixedClock, with_ole: Receipt
) -> None:
    receipt = await house.reception.receive(arrival(clock, "second", VAGUE))
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.department, head.offered_caseworker) == ("byg", "ole-skovlyng")
    assert (head.rule_id, head.caseworker) == ("open-contact", None)


async def test_a_stranger_with_the_same_words_comes_to_the_front_desk(
    house: House, clock: FixedClock, with_ole: Receipt
) -> None:
    receipt = await house.reception.receive(arrival(clock, "other", VAGUE, phone="+4511999999"))
    assert receipt.department == "borgerservice"


async def test_who_does_not_take_it_is_followed_by_the_next_of_the_plan(
    house: House, clock: FixedClock, with_ole: Receipt
) -> None:
    receipt = await house.reception.receive(arrival(clock, "second", VAGUE))
    until = (await house.contacts.by_reference(receipt.reference)).offered_until
    assert until is not None
    clock.set(until - timedelta(seconds=1))
    assert await house.contacts.lapse_offers() == 0
    clock.set(until)
    assert await house.contacts.lapse_offers() == 1
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.offered_department, head.offered_caseworker) == ("byg", None)
    assert head.department == "byg"
    # Now anybody of the department may take it; the plan ends with that.
    await house.contacts.accept(receipt.reference, "camilla-brinkhoej")
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.caseworker, head.offered_department) == ("camilla-brinkhoej", None)
    assert await house.ledger.fetchval("SELECT plan FROM contacts WHERE id = $1", head.id) is None


async def test_an_offer_that_nobody_takes_comes_home_at_the_end_of_the_plan(
    house: House, clock: FixedClock, with_ole: Receipt
) -> None:
    receipt = await house.reception.receive(arrival(clock, "second", VAGUE))
    for _ in range(5):
        clock.advance(timedelta(days=4))
        await house.contacts.lapse_offers()
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.department, head.offered_department, head.state) == ("byg", None, "open")


async def test_the_coordinating_caseworker_is_asked_first(
    house: House, clock: FixedClock, with_ole: Receipt
) -> None:
    await house.contacts.set_coordinator(with_ole.reference, "staff:ole-skovlyng", "pia-elleskov")
    receipt = await house.reception.receive(
        arrival(clock, "job", "Hvornår skal jeg til samtale på jobcentret om min sygemelding?")
    )
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.department, head.offered_caseworker) == ("familie", "pia-elleskov")
    with pytest.raises(SenderError):
        await house.contacts.set_coordinator(with_ole.reference, "staff:ole-skovlyng", "ingen")


async def test_nobody_coordinates_for_whom_we_do_not_know(house: House, clock: FixedClock) -> None:
    receipt = await house.reception.receive(arrival(clock, "anonymous", VAGUE, phone=""))
    with pytest.raises(Conflict):
        await house.contacts.set_coordinator(
            receipt.reference, "staff:ole-skovlyng", "pia-elleskov"
        )


async def test_a_number_and_a_time_in_the_text_make_a_callback(
    house: House, clock: FixedClock
) -> None:
    receipt = await house.reception.receive(
        arrival(
            clock,
            "wish",
            "Jeg vil gerne tale om min byggetilladelse. Ring til mig på 12 34 51 03 i morgen"
            " mellem kl. 10 og 12.",
            phone="",
        )
    )
    promise = receipt.promise
    assert promise is not None
    assert (promise.kind, promise.phone) == (PromiseKind.CALLBACK, "+4512345103")
    tomorrow = clock.now().astimezone(DANISH_TIME).date() + timedelta(days=1)
    assert promise.not_before == datetime(
        tomorrow.year, tomorrow.month, tomorrow.day, 10, tzinfo=DANISH_TIME
    )
    assert promise.due_at == datetime(
        tomorrow.year, tomorrow.month, tomorrow.day, 12, tzinfo=DANISH_TIME
    )


async def test_a_rule_shortens_the_promise_and_tells_the_citizen(
    house: House, clock: FixedClock
) -> None:
    receipt = await house.reception.receive(
        arrival(
            clock,
            "threat",
            "Jeg har selvmordstanker og ved ikke hvad jeg skal gøre",
            phone="",
            email="nogen@example.org",
        )
    )
    effects = await house.ledger.fetch(
        "SELECT payload FROM effects WHERE contact_id = $1 AND kind = 'mail.tell'",
        receipt.contact_id,
    )
    assert "70 201 201" in effects[0]["payload"]["tell"]["da"]
    council = await house.reception.receive(
        arrival(
            clock,
            "council",
            "Hvor mange byggesager ligger der?",
            phone="",
            email="a@byraad.frederikssund.example",
        )
    )
    assert council.promise is not None
    assert council.promise.due_at.astimezone(DANISH_TIME).date() == (
        clock.now().astimezone(DANISH_TIME).date() + timedelta(days=1)
    )


async def test_the_answer_is_in_the_language_of_the_text(house: House, clock: FixedClock) -> None:
    receipt = await house.reception.receive(
        arrival(
            clock,
            "english",
            "Hello, there is a big hole in the road outside my house. When will it be repaired?",
        )
    )
    assert receipt.language == "en"
