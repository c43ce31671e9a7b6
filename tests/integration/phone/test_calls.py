"""Calls over the signed webhooks, against the real ledger."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.clock import FixedClock
from router.house import House
from router.model import PromiseKind, PromiseState
from router.rows import ContactHead, ContactView
from tests.twilio_caller import ANNA, OUR_NUMBER, Call, Provider

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
OTHER = "+4531415161"


async def only(house: House) -> ContactView:
    """The one contact that there is, with its story."""
    heads = (await house.contacts.list()).items
    assert len(heads) == 1, heads
    return await house.contacts.view(heads[0].reference)


def kinds(view: ContactView) -> list[str]:
    """What happened, in order, without the house's own bookkeeping."""
    return [event.kind for event in view.timeline if event.actor == "citizen"]


def callback(view: ContactView) -> str:
    """The number that is promised a call; there is one such promise."""
    standing = [
        promise
        for promise in view.promises
        if promise.kind is PromiseKind.CALLBACK and promise.state.is_open
    ]
    assert len(standing) == 1, view.promises
    return standing[0].phone


def sent_to(view: ContactView) -> int:
    """How many text messages are to leave because of this contact."""
    return sum(effect.kind == "sms.tell" for effect in view.effects)


def promise_said(call: Call) -> str:
    """The sentence that promises a call."""
    (sentence,) = re.findall(r"\S+ ringer til dig på .*? klokken [0-9.]*[0-9]", call.heard)
    return str(sentence)


async def test_the_contact_is_there_before_the_first_word(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    assert "Velkommen til Frederikssund Kommune." in call.heard
    view = await only(house)
    assert view.head.phone == ANNA
    assert view.head.department == house.municipality.default_department
    assert view.head.channel == "phone"
    assert callback(view) == ANNA
    assert kinds(view) == ["called"]
    # Nothing is written to a caller who is still on the line.
    assert sent_to(view) == 0


async def test_a_call_from_greeting_to_goodbye(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.say("Jeg vil gerne søge byggetilladelse til en carport")
    offered = promise_said(call)
    assert offered.startswith("Byggesager ringer til dig på 20 30 40 50 senest")
    await call.press("1")
    assert call.ended
    # What was offered is what is promised at the end, to the letter.
    assert promise_said(call) == offered
    view = await only(house)
    assert view.head.reference == call.reference
    assert view.head.department == "byg"
    assert callback(view) == ANNA
    assert kinds(view) == ["called", "said", "confirmed"]
    assert "carport" in view.timeline[1].body
    assert view.decisions[-1].department == "byg"
    assert sent_to(view) == 1


async def test_a_department_key(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.press("8")
    await call.say("ja tak")
    view = await only(house)
    assert view.head.department == "vej"
    assert kinds(view) == ["called", "chose", "confirmed"]


async def test_english_all_the_way(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.press("9")
    assert "Welcome to Frederikssund Kommune." in call.heard
    await call.say("I need a building permit for a carport")
    assert "will call you on 20 30 40 50 no later than" in call.heard
    assert call.languages == {"en-GB"}
    await call.say("yes please")
    assert "Your reference number is" in call.heard
    view = await only(house)
    assert view.head.language == "en"
    assert view.head.department == "byg"


async def test_another_number(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.press("7")
    await call.press("2")
    await call.press("31415161#")
    assert "31 41 51 61" in call.heard
    view = await only(house)
    assert callback(view) == OTHER
    # It may be mistyped, and then it is a stranger's: nothing is written to it yet.
    assert sent_to(view) == 0
    await call.press("1")
    view = await only(house)
    assert callback(view) == OTHER
    assert view.head.phone == ANNA
    assert sent_to(view) == 1
    assert kinds(view) == ["called", "chose", "gave_number", "confirmed"]


@pytest.mark.parametrize(
    "number", ["anonymous", "Restricted", "unknown", "+266696687", "sip:anna@example.dk", "", "??"]
)
async def test_without_a_number_the_caller_is_asked_for_one(
    house: House, provider: Provider, number: str
) -> None:
    call = await provider.call(number).dial()
    await call.say("Min skraldespand er ikke tømt")
    assert "Tast det telefonnummer" in call.heard
    await call.press("12345678#")
    assert "det nummer kan vi ikke ringe til" in call.heard
    await call.press("31415161#")
    assert "31 41 51 61" in call.heard
    await call.press("1")
    view = await only(house)
    assert call.reference == view.head.reference
    assert view.head.department == "affald"
    assert callback(view) == OTHER
    assert sent_to(view) == 1
    # The answer that was owed while there was no number has become the callback.
    assert sum(promise.state.is_open for promise in view.promises) == 1


async def test_no_number_after_two_tries_is_a_contact_all_the_same(
    house: House, provider: Provider
) -> None:
    call = await provider.call("anonymous").dial()
    await call.press("6")
    await call.press("112#")
    await call.keep_silent()
    assert call.ended
    assert "har din henvendelse" in call.heard
    assert "ringer til dig" not in call.heard
    view = await only(house)
    assert call.reference == view.head.reference
    assert view.head.department == "aeldre"
    assert [promise.state for promise in view.promises] == [PromiseState.WAITING]
    assert kinds(view) == ["called", "chose", "no_number"]


async def test_silence_leads_to_a_person(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.keep_silent()
    assert "Undskyld, jeg hørte ikke noget." in call.heard
    await call.keep_silent()
    assert "En medarbejder hjælper dig." in call.heard
    await call.keep_silent()
    await call.keep_silent()
    assert call.ended
    view = await only(house)
    assert view.head.department == house.municipality.default_department
    assert callback(view) == ANNA
    assert call.reference == view.head.reference


async def test_a_message_is_kept(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.press("7")
    await call.say("Ring gerne efter klokken 14")
    assert "Det har vi skrevet ned." in call.heard
    view = await only(house)
    assert view.head.department == "byg"
    assert "klokken 14" in view.timeline[-1].body or any(
        "klokken 14" in event.body for event in view.timeline
    )
    assert sent_to(view) == 1


@pytest.mark.parametrize("status", ["completed", "no-answer", "busy", "failed", "canceled"])
async def test_hanging_up_half_way_leaves_a_contact_somebody_owns(
    house: House, provider: Provider, status: str
) -> None:
    call = await provider.call().dial()
    await call.say("Der er hul i vejen på Strandvej")
    assert (await call.status(status)).status == 204
    view = await only(house)
    assert view.head.department == "vej"
    assert callback(view) == ANNA
    assert kinds(view) == ["called", "said", "hung_up"]
    assert view.timeline[-1].kind in ("hung_up", "promised")
    # Whoever hung up is told in writing that we call back.
    assert sent_to(view) == 1


async def test_hanging_up_after_typing_a_number_writes_to_nobody(
    house: House, provider: Provider
) -> None:
    call = await provider.call("anonymous").dial()
    await call.press("7")
    await call.press("31415161#")
    await call.hang_up()
    view = await only(house)
    assert callback(view) == OTHER
    assert sent_to(view) == 0


async def test_a_status_for_a_call_that_never_reached_us_makes_a_missed_contact(
    house: House, provider: Provider
) -> None:
    call = provider.call()
    assert (await call.status("completed", 3)).status == 204
    view = await only(house)
    assert callback(view) == ANNA
    assert kinds(view) == ["called", "hung_up"]
    # Its first webhook comes late: the same contact, and a greeting.
    await call.dial()
    assert "Velkommen" in call.heard
    assert kinds(await only(house)) == ["called", "hung_up"]


async def test_statuses_twice_late_and_out_of_order_change_nothing(
    house: House, provider: Provider
) -> None:
    call = await provider.call().dial()
    for status, sequence in [
        ("completed", 3),
        ("in-progress", 2),
        ("ringing", 1),
        ("completed", 3),
    ]:
        assert (await call.status(status, sequence)).status == 204
    assert kinds(await only(house)) == ["called", "hung_up"]
    last = await house.ledger.fetchrow("SELECT last_status, last_sequence FROM calls")
    assert last is not None
    assert tuple(last) == ("completed", 3)


async def test_after_the_goodbye_hanging_up_is_no_news(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.press("7")
    await call.press("1")
    await call.hang_up()
    assert kinds(await only(house)) == ["called", "chose", "confirmed"]


async def test_statuses_of_other_calls_are_not_ours(house: House, provider: Provider) -> None:
    placed = provider.call(OUR_NUMBER, Direction="outbound-api")
    leg = provider.call(ANNA, ParentCallSid="CA" + "0" * 32)
    for call in (placed, leg):
        assert (await call.status("completed")).status == 204
    # A call that is only ringing may still be answered.
    assert (await provider.call().status("ringing")).status == 204
    assert (await house.contacts.list()).items == []


async def test_every_webhook_twice_is_once(house: House, provider: Provider) -> None:
    call = provider.call()
    steps: list[tuple[str, dict[str, str]]] = [("/twilio/voice", call.params())]
    await call.dial()
    for keys in ("7", "2", "31415161", "1"):
        steps.append((call.action, call.params(Digits=keys)))
        await call.press(keys)
    before = await only(house)
    for place, (address, params) in enumerate(steps):
        for _ in range(2):
            assert (await provider.post(address, params)).body == call.documents[place]
    # Backwards too, and with other keys than the first time.
    for place in reversed(range(len(steps))):
        address, params = steps[place]
        again = await provider.post(address, {**params, "Digits": "5"})
        assert again.body == call.documents[place]
    after = await only(house)
    assert [event.id for event in after.timeline] == [event.id for event in before.timeline]
    assert sent_to(after) == 1


async def test_a_step_that_cannot_follow_repeats_the_question(
    house: House, provider: Provider
) -> None:
    call = await provider.call().dial()
    answer = await provider.post("/twilio/voice/7", call.params(Digits="1"))
    assert answer.body == call.documents[0]
    assert kinds(await only(house)) == ["called"]


async def test_a_step_of_an_unknown_call_starts_it_and_keeps_what_was_said(
    house: House, provider: Provider
) -> None:
    quiet, speaking = provider.call(ANNA), provider.call(OTHER)
    greeted = await provider.post("/twilio/voice/3", quiet.params(Digits="1"))
    assert "Velkommen" in greeted.body
    heard = await provider.post("/twilio/voice/3", speaking.params(SpeechResult="byggetilladelse"))
    assert "ringer til dig på 31 41 51 61" in heard.body
    heads: dict[str, ContactHead] = {
        head.phone: head for head in (await house.contacts.list()).items
    }
    assert heads[OTHER].department == "byg"
    assert heads[ANNA].department == house.municipality.default_department


async def test_outside_opening_hours(house: House, provider: Provider, clock: FixedClock) -> None:
    clock.set(datetime(2026, 12, 25, 11, 0, tzinfo=COPENHAGEN))
    call = await provider.call().dial()
    assert "Vi har lukket i dag: Juledag." in call.heard
    assert "mandag den 28. december klokken 8.30" in call.heard
    await call.press("7")
    await call.press("1")
    view = await only(house)
    (promise,) = view.promises
    assert promise.due_at.astimezone(COPENHAGEN).date().isoformat() >= "2026-12-28"
    assert f"den {promise.due_at.astimezone(COPENHAGEN).day}. december" in call.heard


async def test_a_call_that_never_ends_is_ended(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    for _ in range(40):
        if call.ended:
            break
        await call.press("9")
    assert call.ended
    assert call.reference == (await only(house)).head.reference


async def test_two_calls_at_once_are_two_contacts(house: House, provider: Provider) -> None:
    first, second = provider.call(ANNA), provider.call(ANNA)
    await first.dial()
    await second.dial()
    await first.press("7")
    await second.press("8")
    heads = (await house.contacts.list()).items
    assert sorted(head.department for head in heads) == ["byg", "vej"]


async def test_the_same_step_twice_at_the_same_moment(house: House, provider: Provider) -> None:
    call: Call = provider.call()
    greetings = await asyncio.gather(
        *(provider.post("/twilio/voice", call.params()) for _ in range(6))
    )
    assert len({greeting.body for greeting in greetings}) == 1
    await call.dial()
    answers = await asyncio.gather(
        *(provider.post(call.action, call.params(Digits="7")) for _ in range(6))
    )
    assert len({answer.body for answer in answers}) == 1
    assert kinds(await only(house)) == ["called", "chose"]


async def test_the_clock_goes_on_after_the_call(
    house: House, provider: Provider, clock: FixedClock
) -> None:
    """A callback that nobody makes is late at its minute, and still there."""
    call = await provider.call().dial()
    await call.hang_up()
    clock.advance(timedelta(days=10))
    await house.promise_clock.fire_due()
    (promise,) = (await only(house)).promises
    assert promise.state.is_open
    assert promise.late_at is not None
