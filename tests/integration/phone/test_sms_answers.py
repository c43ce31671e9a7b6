"""Answering our text messages: what is meant is done once, told back, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from channels.phone.intake import INTAKE
from router.clock import FixedClock
from router.errors import LedgerAway
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, PromiseKind, PromiseState, Receipt
from router.rows import PromiseRow
from router.splitting import NewPart
from tests.twilio_caller import ANNA, Provider

TUESDAY_TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)


async def promised(house: House, key: str = "k", **more: object) -> Receipt:
    """A contact from the web with a call promised on Tuesday from 10 to 10.30."""
    fields: dict[str, object] = {
        "channel": Channel.WEB,
        "dedupe_key": key,
        "received_at": house.clock.now(),
        "text": "Jeg har klamydia og vil have en byggetilladelse",
        "menu": "byg",
        "phone": ANNA,
        "callback": CallbackWish(ANNA, TUESDAY_TEN, TUESDAY_TEN + HALF),
    }
    return await house.reception.receive(Arrival(**(fields | more)))  # type: ignore[arg-type]


async def said(provider: Provider, text: str, number: str = ANNA) -> str:
    answer = await provider.post("/twilio/sms", provider.message_params(text, number))
    assert answer.status == 200
    return answer.body


async def callback(house: House, reference: str) -> PromiseRow:
    promises = (await house.contacts.view(reference)).promises
    return next(p for p in promises if p.kind is PromiseKind.CALLBACK)


async def events(house: House, reference: str) -> list[tuple[str, str, str]]:
    timeline = (await house.contacts.view(reference)).timeline
    return [(event.kind, event.actor, event.body) for event in timeline[1:]]


async def test_yes_confirms(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    params = provider.message_params("JA")
    first, again = [await provider.post("/twilio/sms", params) for _ in range(2)]
    assert first.body == again.body
    assert "Tak. Byggesager ringer til dig på 20 30 40 50 tirsdag den 24. november" in first.body
    assert "klamydia" not in first.body
    assert await events(house, receipt.reference) == [("time_confirmed", "citizen", "JA")]
    assert len((await house.contacts.list()).items) == 1


async def test_no_withdraws_the_call_and_leaves_the_contact(
    house: House, provider: Provider
) -> None:
    receipt = await promised(house)
    params = provider.message_params("Nej tak")
    first, again = [await provider.post("/twilio/sms", params) for _ in range(2)]
    assert first.body == again.body
    assert "Vi ringer ikke til dig. Byggesager svarer dig senest" in first.body
    view = await house.contacts.view(receipt.reference)
    assert [(p.kind, p.state) for p in view.promises] == [
        (PromiseKind.CALLBACK, PromiseState.WITHDRAWN),
        (PromiseKind.ANSWER, PromiseState.WAITING),
    ]
    assert view.head.state == "open"
    # The answer to the message tells it; no other message leaves.
    assert [effect.kind for effect in view.effects] == ["sms.tell"]
    # Nothing is agreed any more: the next words are a contact of their own.
    assert "Tak for din besked." in await said(provider, "ja")
    assert len((await house.contacts.list()).items) == 2
    assert await audit(house.ledger, house.clock.now()) == []


@pytest.mark.parametrize(
    ("text", "start", "length", "told"),
    [
        ("tors 14-15", datetime(2026, 11, 26, 13, 0, tzinfo=UTC), 60, "mellem kl. 14.00 og 15.00"),
        ("i morgen 11", datetime(2026, 11, 24, 10, 0, tzinfo=UTC), 30, "11.00 og 11.30"),
        ("efter 14", datetime(2026, 11, 23, 13, 0, tzinfo=UTC), 30, "mandag den 23. november"),
        ("fredag", datetime(2026, 11, 27, 7, 30, tzinfo=UTC), 30, "fredag den 27. november"),
    ],
)
async def test_a_time_moves_the_call(
    house: House, provider: Provider, text: str, start: datetime, length: int, told: str
) -> None:
    receipt = await promised(house)
    body = await said(provider, text)
    assert "Ny tid: Byggesager ringer til dig" in body
    assert told in body
    promise = await callback(house, receipt.reference)
    assert promise.due_at - (promise.not_before or start) == timedelta(minutes=length)
    assert promise.not_before == start
    assert (await house.contacts.by_reference(receipt.reference)).next_due_at == promise.due_at
    assert await events(house, receipt.reference) == [("rescheduled", "citizen", text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lørdag 10", "Vi har lukket på det tidspunkt."),
        ("i morgen 23", "Vi har lukket på det tidspunkt."),
        # Nobody is on duty for calls on Wednesdays.
        ("onsdag", "Den tid er ikke ledig mere. Den næste ledige tid er torsdag den 26. november"),
        ("i dag 8", "Det tidspunkt er passeret."),
        ("i dag 15-14", "Tiden slutter, før den begynder."),
        ("1/3 kl. 10", "Det er for langt ude i fremtiden."),
    ],
)
async def test_a_time_that_cannot_be_changes_nothing_and_loses_nothing(
    house: House, provider: Provider, text: str, words: str
) -> None:
    receipt = await promised(house)
    params = provider.message_params(text)
    first = (await provider.post("/twilio/sms", params)).body
    assert words in first
    assert "Det er stadig aftalt: Byggesager ringer til dig" in first
    promise = await callback(house, receipt.reference)
    assert (promise.not_before, promise.due_at) == (TUESDAY_TEN, TUESDAY_TEN + HALF)
    # What was written is there for a person to read.
    assert await events(house, receipt.reference) == [("message", "citizen", text)]
    again = (await provider.post("/twilio/sms", params)).body
    assert "Byggesager ringer til dig" in again
    assert len(await events(house, receipt.reference)) == 1


async def test_the_hour_that_does_not_exist(
    house: House, provider: Provider, clock: FixedClock
) -> None:
    clock.set(datetime(2027, 3, 27, 10, 0, tzinfo=UTC))
    receipt = await promised(house, callback=CallbackWish(ANNA))
    assert "Det tidspunkt findes ikke: uret stilles frem" in await said(provider, "i morgen 2.30")
    assert await events(house, receipt.reference) == [("message", "citizen", "i morgen 2.30")]


async def test_other_words_are_added_to_the_contact(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    body = await said(provider, "Det er Havnegade 4, og porten er låst")
    assert "Tak for din besked. Den er lagt til. Byggesager ringer til dig" in body
    assert "Havnegade" not in body
    assert await events(house, receipt.reference) == [
        ("message", "citizen", "Det er Havnegade 4, og porten er låst")
    ]
    other = await said(provider, "Min skraldespand er ikke tømt", "+4520304051")
    assert "Affald" in other
    assert len((await house.contacts.list()).items) == 2


async def test_the_answer_is_about_the_call_we_wrote_about_last(
    house: House, provider: Provider, clock: FixedClock
) -> None:
    first = await promised(house)
    wish = CallbackWish(ANNA, TUESDAY_TEN + HALF * 4, TUESDAY_TEN + HALF * 5)
    second = await promised(house, "k2", menu="vej", callback=wish)
    assert "Vej, Trafik og Park svarer" in await said(provider, "nej")
    assert (await callback(house, first.reference)).state.is_open
    assert not (await callback(house, second.reference)).state.is_open
    # The next one is about the call that is left.
    assert "Ny tid: Byggesager" in await said(provider, "tors 14-15")


async def test_in_english_for_whom_we_write_to_in_english(house: House, provider: Provider) -> None:
    await promised(house, language="en")
    body = await said(provider, "thursday 14-15")
    assert "New time: Building Permits will call you on 20 30 40 50 Thursday 26 November" in body
    assert "We are closed at that time. The next free time is" in await said(provider, "Saturday")


async def test_stop_withdraws_and_no_more_messages_leave(house: House, provider: Provider) -> None:
    receipt = await promised(house, email="anna@example.dk")
    params = provider.message_params("STOP")
    for _ in range(2):
        assert "<Message" not in (await provider.post("/twilio/sms", params)).body
    assert not (await callback(house, receipt.reference)).state.is_open
    assert await house.wishes.wants_no_messages(ANNA)
    assert (await events(house, receipt.reference)).count(("withdrawn", "citizen", "STOP")) == 1
    assert "<Message" not in await said(provider, "START")
    assert not await house.wishes.wants_no_messages(ANNA)
    assert len((await house.contacts.list()).items) == 1


async def test_without_postgresql_an_answer_is_done_later_and_told(
    house: House,
    provider: Provider,
    client: TestClient[web.Request, web.Application],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receipt = await promised(house)
    move = house.wishes.move

    async def away(*_: object, **__: object) -> None:
        raise LedgerAway("test")

    monkeypatch.setattr(house.wishes, "move", away)
    body = await said(provider, "tors 14-15")
    assert "Vi har modtaget den og vender tilbage" in body
    monkeypatch.setattr(house.wishes, "move", move)
    await client.app[INTAKE].drain()
    promise = await callback(house, receipt.reference)
    assert promise.not_before == datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    view = await house.contacts.view(receipt.reference)
    assert [effect.kind for effect in view.effects] == ["sms.tell", "sms.tell"]


async def test_of_several_topics_the_answer_moves_the_call_it_names(
    house: House, provider: Provider
) -> None:
    receipt = await promised(house)
    before = await callback(house, receipt.reference)
    road = NewPart("Hul i vejen", "vej", promise=PromiseKind.CALLBACK)
    await house.splitting.split(receipt.reference, "staff:x", [road], caseworker="lone-hvideklit")
    params = provider.message_params("tors 14-15")
    first, again = [(await provider.post("/twilio/sms", params)).body for _ in range(2)]
    assert "Ny tid: Vej, Trafik og Park ringer til dig" in first
    assert first == again
    moved = await callback_of(house, receipt.reference, "vej")
    assert moved.not_before == datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    assert (await callback_of(house, receipt.reference, "byg")).due_at == before.due_at
    withdrawn = await said(provider, "NEJ")
    assert "Vi ringer ikke til dig. Vej, Trafik og Park svarer dig senest" in withdrawn
    assert not (await callback_of(house, receipt.reference, "vej")).state.is_open
    assert (await callback_of(house, receipt.reference, "byg")).state.is_open


async def callback_of(house: House, reference: str, department: str) -> PromiseRow:
    promises = (await house.contacts.view(reference)).promises
    return next(
        p for p in promises if p.kind is PromiseKind.CALLBACK and p.department == department
    )
