"""A caller with a reference: whose it is, what is promised, and what comes of each key."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from redis.exceptions import RedisError

from channels.numbers import on_keys
from channels.phone import guesses
from channels.phone.intake import INTAKE
from router.clock import FixedClock
from router.errors import LedgerAway
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, Outcome, PromiseKind, PromiseState, Receipt
from router.promises import NewPromise
from router.reference import reference_for
from router.rows import ContactView, PromiseRow
from router.splitting import NewPart
from router.wishes import Said
from tests.twilio_caller import ANNA, Call, Provider

STRANGER = "+4531415161"
TUESDAY_TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)
SECRET = ("klamydia", "Hansen", "byggetilladelse")


async def promised(house: House, key: str = "k", **more: object) -> Receipt:
    """A contact from the web with a call promised on Tuesday from 10 to 10.30."""
    fields: dict[str, object] = {
        "channel": Channel.WEB,
        "dedupe_key": key,
        "received_at": house.clock.now(),
        "name": "Anna Hansen",
        "subject": "byggetilladelse",
        "text": "Jeg har klamydia og vil have en byggetilladelse",
        "menu": "byg",
        "phone": ANNA,
        "callback": CallbackWish(ANNA, TUESDAY_TEN, TUESDAY_TEN + HALF),
    }
    return await house.reception.receive(Arrival(**(fields | more)))  # type: ignore[arg-type]


async def asked(provider: Provider, reference: str, number: str = ANNA) -> Call:
    """A call that has typed its reference."""
    call = await provider.call(number).dial()
    await call.press("*")
    return await call.press(f"{reference}#")


def keys_of(receipt: Receipt) -> str:
    return on_keys(receipt.access_code.replace("-", "")) + "#"


async def callback(house: House, reference: str) -> PromiseRow:
    promises = (await house.contacts.view(reference)).promises
    return next(p for p in promises if p.kind is PromiseKind.CALLBACK)


async def by_citizen(house: House, reference: str) -> list[tuple[str, str]]:
    timeline = (await house.contacts.view(reference)).timeline
    return [(event.kind, event.body) for event in timeline[1:] if event.actor == "citizen"]


async def own_of(house: House, known: str) -> ContactView:
    """The contact that the one call made for itself."""
    (own,) = [h.reference for h in (await house.contacts.list()).items if h.reference != known]
    return await house.contacts.view(own)


async def nothing_changed(house: House, reference: str) -> None:
    promise = await callback(house, reference)
    assert (promise.not_before, promise.due_at) == (TUESDAY_TEN, TUESDAY_TEN + HALF)
    assert (promise.state, promise.phone) == (PromiseState.SCHEDULED, ANNA)


async def is_sound(house: House) -> None:
    assert await audit(house.ledger, house.clock.now()) == []


def says_nothing_private(call: Call) -> None:
    for document in call.documents:
        for word in SECRET:
            assert word.lower() not in document.lower()


async def test_the_own_number_is_proof_enough_to_hear_and_keep(
    house: House, provider: Provider
) -> None:
    receipt = await promised(house)
    call = await provider.call().dial()
    assert "Har du et henvendelsesnummer, så tryk på stjerne." in call.heard
    await call.press("*")
    assert "Tast de ni cifre i dit henvendelsesnummer, og slut med firkant." in call.heard
    await call.press(f"{receipt.reference}#")
    assert " ".join(receipt.reference[:3]) in call.heard
    assert "Den ligger hos Byggesager." in call.heard
    assert (
        "Byggesager ringer til dig på 20 30 40 50 tirsdag den 24. november"
        " mellem klokken 10 og 10.30." in call.heard
    )
    for key in "12340":
        assert f"Tryk {key}" in call.heard
    await call.press("1")
    assert call.ended
    assert "Tak. Så er det aftalt." in call.heard
    assert "mellem klokken 10 og 10.30" in call.heard
    assert call.reference == receipt.reference
    await nothing_changed(house, receipt.reference)
    assert await by_citizen(house, receipt.reference) == [
        ("looked_up", ""),
        ("time_confirmed", ""),
    ]
    own = await own_of(house, receipt.reference)
    assert own.head.outcome == Outcome.DUPLICATE
    assert not any(promise.state.is_open for promise in own.promises)
    assert own.effects == []
    says_nothing_private(call)
    await is_sound(house)


async def test_by_speech_all_the_way(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await provider.call().dial()
    await call.say("jeg har et referencenummer")
    await call.say(" ".join(receipt.reference))
    assert "mellem klokken 10 og 10.30" in call.heard
    await call.say("et andet tidspunkt, tak")
    await call.say("den anden")
    assert "Tak. Den nye tid er aftalt." in call.heard
    assert (await callback(house, receipt.reference)).not_before != TUESDAY_TEN


async def test_the_reference_at_once_by_speech(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await provider.call().dial()
    await call.say(f"min sag er {receipt.reference}")
    assert "Den ligger hos Byggesager." in call.heard
    await call.say("Ring ikke")
    assert "Vi ringer ikke til dig. Byggesager svarer dig senest" in call.heard


async def test_in_english(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await provider.call().dial()
    await call.press("9")
    assert "If you have a reference number, press the star key." in call.heard
    await call.say("my case")
    await call.press(f"{receipt.reference}#")
    assert "It is with Building Permits." in call.heard
    assert "Tuesday 24 November between 10 and 10:30" in call.heard
    assert call.languages == {"en-GB"}
    await call.press("9")
    assert "Den ligger hos Byggesager." in call.heard
    await call.press("9")
    await call.press("2")
    assert "Press 1 for " in call.heard
    await call.say("thursday at 2 pm")
    assert "Thank you. The new time is agreed." in call.heard
    assert "Thursday 26 November between 14" in call.heard
    promise = await callback(house, receipt.reference)
    assert promise.not_before == datetime(2026, 11, 26, 13, 0, tzinfo=UTC)


async def test_another_time_is_one_that_is_free(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    await call.press("2")
    free = await house.slots.free_slots("byg", house.clock.now(), TUESDAY_TEN + 100 * HALF)
    assert all(f"Tryk {key} for " in call.heard for key in "1234")
    await call.press("3")
    assert call.ended
    promise = await callback(house, receipt.reference)
    assert (promise.not_before, promise.due_at) in [(slot.start, slot.end) for slot in free]
    assert promise.not_before != TUESDAY_TEN
    head = await house.contacts.by_reference(receipt.reference)
    assert head.next_due_at == promise.due_at
    # Told in writing as well: it may have been somebody else who called.
    template = await house.ledger.fetchval(
        "SELECT payload ->> 'template' FROM effects ORDER BY id DESC LIMIT 1"
    )
    assert template == "rescheduled"
    await is_sound(house)


async def test_later_times(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    await call.press("2")
    first = call.heard
    await call.press("4")
    assert "Tryk 1 for" in call.heard
    assert call.heard != first
    for _ in range(12):
        if "Der er ikke flere ledige tider" in call.heard:
            break
        await call.press("4")
    assert "Der er ikke flere ledige tider de næste to uger." in call.heard
    assert "Tryk 3, hvis vi alligevel ikke skal ringe" in call.heard
    await nothing_changed(house, receipt.reference)


async def test_a_time_that_somebody_else_takes_meanwhile(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    await call.press("2")
    offered = re.search(r"Tryk 1 for (.*?) Tryk 2", call.heard)
    assert offered is not None
    (first, *_) = await house.slots.free_slots("byg", house.clock.now(), TUESDAY_TEN + 100 * HALF)
    for number in range(20):
        phone = f"+45203040{number + 51}"
        wish = CallbackWish(phone, first.start, first.end)
        await promised(house, f"other-{number}", phone=phone, callback=wish)
    await call.press("1")
    assert "Undskyld, den tid er ikke ledig mere. Der er ikke ændret noget." in call.heard
    again = re.search(r"Tryk 1 for (.*?) Tryk 2", call.heard)
    assert again is not None
    assert again[1] != offered[1]
    await nothing_changed(house, receipt.reference)
    await call.press("1")
    assert "Den nye tid er aftalt." in call.heard
    await is_sound(house)


async def test_two_callers_take_the_last_time_at_once(house: House, provider: Provider) -> None:
    """One gets it; the other is read the next free ones, and keeps what they had."""
    receipts = [
        await promised(
            house,
            f"k{number}",
            phone=phone,
            callback=CallbackWish(phone, TUESDAY_TEN + HALF * 48 * 2, TUESDAY_TEN + HALF * 97),
        )
        for number, phone in enumerate((ANNA, STRANGER))
    ]
    calls = [
        await asked(provider, receipt.reference, phone)
        for receipt, phone in zip(receipts, (ANNA, STRANGER), strict=True)
    ]
    (first, *_) = await house.slots.free_slots("byg", house.clock.now(), TUESDAY_TEN + 100 * HALF)
    for number in range(20):
        free = await house.slots.free_slots("byg", first.start, first.end)
        if not free:
            break
        phone = f"+45203040{number + 51}"
        wish = CallbackWish(phone, first.start, first.end)
        last = await promised(house, f"other-{number}", phone=phone, callback=wish)
    # The last one is given back, so that there is room for one.
    await house.wishes.withdraw_callback(last.reference, Said(Channel.WEB))
    for call in calls:
        await call.press("2")
    await asyncio.gather(*(call.press("1") for call in calls))
    heard = sorted("Den nye tid er aftalt." in call.heard for call in calls)
    assert heard == [False, True]
    loser = next(call for call in calls if not call.ended)
    assert "den tid er ikke ledig mere" in loser.heard
    assert "Tryk 1 for" in loser.heard
    await is_sound(house)


async def test_no_call_after_all_is_answered_in_writing(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    await call.press("3")
    assert call.ended
    assert "Vi ringer ikke til dig. Byggesager svarer dig senest" in call.heard
    view = await house.contacts.view(receipt.reference)
    assert [(p.kind, p.state) for p in view.promises] == [
        (PromiseKind.CALLBACK, PromiseState.WITHDRAWN),
        (PromiseKind.ANSWER, PromiseState.WAITING),
    ]
    assert view.head.state == "open"
    await is_sound(house)


async def test_no_call_where_the_call_itself_had_joined_it(
    house: House, provider: Provider
) -> None:
    """The callback that every call is promised does not take the place of the withdrawn one."""
    receipt = await promised(house, menu=house.municipality.default_department, text="Hej")
    call = await asked(provider, receipt.reference)
    await call.press("3")
    assert "Vi ringer ikke til dig." in call.heard
    open_calls = await house.ledger.fetchval(
        "SELECT count(*) FROM promises WHERE kind = 'callback' AND ended_at IS NULL"
    )
    assert open_calls == 0
    await is_sound(house)


@pytest.mark.parametrize("how", ["key", "at once"])
async def test_something_is_added(house: House, provider: Provider, how: str) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    if how == "key":
        await call.press("4")
        assert "Sig nu, hvad vi skal vide." in call.heard
    await call.say("Det er Havnegade 4, og porten er låst")
    assert call.ended
    assert "Tak. Det har vi skrevet ned. Byggesager ringer til dig" in call.heard
    assert "Havnegade" not in call.heard
    assert (await by_citizen(house, receipt.reference))[-1] == (
        "said",
        "Det er Havnegade 4, og porten er låst",
    )
    await nothing_changed(house, receipt.reference)
    await is_sound(house)


@pytest.mark.parametrize("how", ["0", "silence", "rubbish", "speech"])
async def test_a_person_is_never_far(house: House, provider: Provider, how: str) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    if how == "0":
        await call.press("0")
    elif how == "speech":
        await call.say("jeg vil gerne tale med en medarbejder")
    else:
        for _ in range(2):
            await (call.keep_silent() if how == "silence" else call.press("7"))
    assert "En medarbejder hjælper dig. " in call.heard
    assert "ringer til dig på 20 30 40 50" in call.heard
    await nothing_changed(house, receipt.reference)
    # By the number alone nobody is called elsewhere.
    assert "et andet nummer" not in call.heard
    await call.press("2")
    assert "ringer vi kun til det nummer, vi har i forvejen" in call.heard
    await call.say("ring på 31 41 51 61")
    assert call.ended
    assert call.reference == receipt.reference
    await nothing_changed(house, receipt.reference)
    kinds = await by_citizen(house, receipt.reference)
    assert ("asked_for_person", "") in kinds
    assert ("said", "ring på 31 41 51 61") in kinds
    own = await own_of(house, receipt.reference)
    assert own.head.state == "closed"
    await is_sound(house)


@pytest.mark.parametrize("number", [STRANGER, "anonymous"])
async def test_another_number_needs_the_code(house: House, provider: Provider, number: str) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference, number)
    assert "Byggesager" not in call.heard
    assert "Tast adgangskoden på otte tegn" in call.heard
    await call.press("22222222#")
    assert "nummeret og koden passer ikke sammen" in call.heard
    await call.press(keys_of(receipt))
    assert "Byggesager ringer til dig på 20 30 40 50" in call.heard
    await call.press("3")
    assert "Vi ringer ikke til dig." in call.heard
    assert not (await callback(house, receipt.reference)).state.is_open
    says_nothing_private(call)
    await is_sound(house)


async def test_the_code_can_be_said(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference, STRANGER)
    await call.say(" ".join(receipt.access_code.replace("-", "")))
    assert "Den ligger hos Byggesager." in call.heard


async def test_with_the_code_a_person_calls_where_they_want(
    house: House, provider: Provider
) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference, STRANGER)
    await call.press(keys_of(receipt))
    await call.press("0")
    assert "ringer til dig på 20 30 40 50" in call.heard
    await call.press("2")
    await call.press("31415161#")
    await call.press("1")
    assert call.ended
    assert (await callback(house, receipt.reference)).phone == STRANGER
    assert call.reference == receipt.reference
    await is_sound(house)


async def test_a_wrong_code_twice_leads_to_a_person(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference, STRANGER)
    await call.press("22222222#")
    await call.press("1#")
    assert "En medarbejder hjælper dig." in call.heard
    # The call's own contact, whose promise it hears; nothing of the other one.
    assert "ringer til dig på 31 41 51 61" in call.heard
    await call.say("det er om min carport")
    assert call.ended
    own = await own_of(house, receipt.reference)
    assert call.reference == own.head.reference
    assert ("gave_reference", receipt.reference) in [
        (event.kind, event.body) for event in own.timeline
    ]
    await nothing_changed(house, receipt.reference)
    assert await by_citizen(house, receipt.reference) == []
    await is_sound(house)


async def test_without_the_code_a_person(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference, "anonymous")
    await call.press("0#")
    assert "En medarbejder hjælper dig." in call.heard
    # No number is known: it is asked for, as of any caller.
    await call.press("31415161#")
    await call.press("1")
    own = await own_of(house, receipt.reference)
    assert call.reference == own.head.reference
    await nothing_changed(house, receipt.reference)


async def test_codes_cannot_be_tried_for_ever(
    house: House, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "PER_REFERENCE", 3)
    receipt = await promised(house)
    for _ in range(2):
        call = await asked(provider, receipt.reference, "anonymous")
        await call.press("22222222#")
        await call.press("33333333#")
    assert "Der har været for mange forsøg. En medarbejder hjælper dig." in call.heard
    # Not even the right one now; a person is always there.
    call = await asked(provider, receipt.reference, "anonymous")
    await call.press(keys_of(receipt))
    assert "Der har været for mange forsøg." in call.heard
    await nothing_changed(house, receipt.reference)
    # Their own phone needs no code.
    assert "Den ligger hos" in (await asked(provider, receipt.reference)).heard


async def test_a_right_code_costs_nothing(
    house: House, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "PER_REFERENCE", 1)
    receipt = await promised(house)
    for _ in range(3):
        call = await asked(provider, receipt.reference, STRANGER)
        await call.press(keys_of(receipt))
        assert "Den ligger hos Byggesager." in call.heard


async def test_a_reference_that_is_none(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.press("*")
    await call.press("123456789#")
    assert "det er ikke et af vores henvendelsesnumre" in call.heard
    assert "Tast de ni cifre" in call.heard
    await call.press("48#")
    assert "En medarbejder hjælper dig." in call.heard
    await call.say("hul i vejen")
    assert call.ended
    (head,) = (await house.contacts.list()).items
    assert call.reference == head.reference
    assert head.department == "vej"
    assert ("gave_reference", "48") in await by_citizen(house, head.reference)
    assert (await callback(house, head.reference)).state.is_open


async def test_a_reference_that_nobody_has_is_answered_like_one_with_a_wrong_code(
    house: House, provider: Provider
) -> None:
    receipt = await promised(house)
    nobodys = reference_for(9_000_000, await house.ledger.secret())
    code = house.contacts.access_code(nobodys)
    for reference in (nobodys, receipt.reference):
        call = await asked(provider, reference, STRANGER)
        assert "Tast adgangskoden" in call.heard
        typed = on_keys(code.replace("-", "")) if reference == nobodys else "22222222"
        await call.press(f"{typed}#")
        assert "nummeret og koden passer ikke sammen" in call.heard
        # Another one can be typed instead.
        await call.press("*#")
        assert "Tast de ni cifre" in call.heard


async def test_a_topic_instead_of_a_reference_is_a_topic(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.press("*")
    await call.say("der er hul i vejen på Strandvej")
    assert "ringer til dig på 20 30 40 50" in call.heard
    (head,) = (await house.contacts.list()).items
    assert head.department == "vej"


async def test_by_the_number_alone_calls_to_another_number_stay_as_they_are(
    house: House, provider: Provider
) -> None:
    """The contact has the caller's number, but the call is promised to another one."""
    receipt = await promised(house, phone=STRANGER)
    call = await asked(provider, receipt.reference, STRANGER)
    assert "Byggesager ringer til dig tirsdag den 24. november" in call.heard
    assert "20 30 40 50" not in call.heard
    assert "Tryk 2" not in call.heard
    assert "Tryk 3" not in call.heard
    await call.press("3")
    await call.press("0")
    # A call of their own, by the ordinary way.
    assert "ringer til dig på 31 41 51 61" in call.heard
    await call.press("1")
    assert call.ended
    own = await own_of(house, receipt.reference)
    assert call.reference == own.head.reference
    assert own.head.state == "open"
    await nothing_changed(house, receipt.reference)
    for document in call.documents:
        assert "20 30 40 50" not in document
    await is_sound(house)


@pytest.mark.parametrize("then", ["1", "hang up"])
async def test_by_the_number_alone_another_call_keeps_its_number(
    house: House, provider: Provider, then: str
) -> None:
    """One call is promised to the caller, and one, which is due first, to somebody else."""
    receipt = await promised(house)
    wanted = NewPromise(PromiseKind.CALLBACK, phone=STRANGER)
    theirs = await house.promises.make(
        receipt.reference,
        "staff:lone-hvideklit",
        replace(wanted, not_before=TUESDAY_TEN + HALF * 48, due_at=TUESDAY_TEN + HALF * 49),
    )
    call = await asked(provider, receipt.reference, STRANGER)
    await call.press("0")
    # Not the time of the other one.
    assert "ringer til dig på 31 41 51 61 onsdag den 25. november" in call.heard
    await (call.hang_up() if then == "hang up" else call.press(then))
    await nothing_changed(house, receipt.reference)
    now_is = await house.promises.row(theirs.id)
    assert (now_is.phone, now_is.due_at) == (STRANGER, theirs.due_at)
    for document in call.documents:
        assert "20 30 40 50" not in document
    await is_sound(house)


async def test_a_number_that_was_somebody_elses_is_no_proof(
    house: House, provider: Provider
) -> None:
    receipt = await promised(house)
    await house.ledger.execute("UPDATE promises SET last_result = 'wrong_number'")
    call = await asked(provider, receipt.reference)
    assert "Tast adgangskoden" in call.heard


async def test_keys_that_come_by_the_fallback_are_no_phone_number(
    house: House, provider: Provider, client: TestClient[web.Request, web.Application]
) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference, STRANGER)
    typed = call.params(Digits="22334455", ErrorCode="11200", ErrorUrl="https://x.example/")
    answer = await provider.post("/twilio/fallback", typed)
    assert "vi ringer tilbage til dig på 31 41 51 61" in answer.body
    await client.app[INTAKE].drain()
    own = await own_of(house, receipt.reference)
    assert (await callback(house, own.head.reference)).phone == STRANGER
    await nothing_changed(house, receipt.reference)


async def test_without_redis_no_code_is_taken_and_a_person_is_there(
    house: House, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference, STRANGER)

    async def away(*_: object) -> bool:
        raise RedisError("away")

    monkeypatch.setattr("redis.asyncio.client.Pipeline.execute", away)
    await call.press(keys_of(receipt))
    assert "En medarbejder hjælper dig." in call.heard
    assert "for mange" not in call.heard
    await nothing_changed(house, receipt.reference)


async def test_one_call_of_several_by_its_department(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    await house.splitting.split(
        receipt.reference,
        "staff:lone-hvideklit",
        [NewPart("Vejen", "vej", promise=PromiseKind.CALLBACK)],
        caseworker="lone-hvideklit",
    )
    call = await asked(provider, receipt.reference)
    assert "Du kan ændre opkaldet fra Byggesager." in call.heard
    assert "Vej, Trafik og Park ringer til dig" in call.heard
    await call.press("3")
    assert "Vi ringer ikke til dig." in call.heard
    view = await house.contacts.view(receipt.reference)
    assert [p.department for p in view.promises if p.state.is_open and p.kind.is_call] == ["vej"]
    await is_sound(house)


async def test_a_closed_contact_is_opened_by_a_message(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    await house.contacts.close(receipt.reference, "staff:x", Outcome.WITHDRAWN)
    call = await asked(provider, receipt.reference)
    assert "Den er afsluttet. Lægger du en besked, åbner vi den igen." in call.heard
    assert "Tryk 2" not in call.heard
    await call.press("4")
    await call.say("Det er ikke i orden endnu")
    assert call.ended
    assert "Byggesager ringer til dig på 20 30 40 50" in call.heard
    view = await house.contacts.view(receipt.reference)
    assert view.head.state == "open"
    assert any(promise.state.is_open for promise in view.promises)
    assert (await own_of(house, receipt.reference)).head.state == "closed"
    await is_sound(house)


async def test_a_closed_contact_and_hanging_up_is_called_back(
    house: House, provider: Provider
) -> None:
    receipt = await promised(house)
    await house.contacts.close(receipt.reference, "staff:x", Outcome.WITHDRAWN)
    call = await asked(provider, receipt.reference)
    await call.hang_up()
    assert (await house.contacts.by_reference(receipt.reference)).state == "closed"
    own = await own_of(house, receipt.reference)
    assert own.head.state == "open"
    assert (await callback(house, own.head.reference)).phone == ANNA
    # Whoever says that it was all is not called.
    other = await asked(provider, receipt.reference)
    await other.press("1")
    assert other.ended
    states = [head.state for head in (await house.contacts.list()).items]
    assert sorted(states) == ["closed", "closed", "open"]
    await is_sound(house)


async def test_a_call_that_has_ended(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    await house.wishes.withdraw_callback(receipt.reference, Said(Channel.WEB))
    call = await asked(provider, receipt.reference)
    assert "Opringningen er allerede" in call.heard
    assert "Byggesager svarer dig senest" in call.heard
    assert "Tryk 3" not in call.heard
    await call.press("4")
    await call.say("Jeg vil gerne ringes op alligevel")
    assert "Det har vi skrevet ned." in call.heard


async def test_a_call_that_ends_while_they_think(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    await house.wishes.withdraw_callback(receipt.reference, Said(Channel.WEB))
    await call.press("2")
    assert "Opringningen er allerede" in call.heard
    assert not call.ended


@pytest.mark.parametrize("steps", ["", "*", "*r", "*r2", "*r4"])
async def test_hanging_up_anywhere_leaves_what_was_promised(
    house: House, provider: Provider, steps: str
) -> None:
    receipt = await promised(house)
    call = await provider.call().dial()
    for step in steps:
        await call.press(f"{receipt.reference}#" if step == "r" else step)
    before = await house.contacts.view(receipt.reference)
    for _ in range(2):
        await call.status("completed", 5)
    await nothing_changed(house, receipt.reference)
    own = await own_of(house, receipt.reference)
    if "r" in steps:
        # They heard what is promised; nothing else is, and nothing is written to them.
        assert own.head.state == "closed"
        view = await house.contacts.view(receipt.reference)
        assert len(view.effects) == len(before.effects)
        assert (await by_citizen(house, receipt.reference))[-1][0] == "hung_up"
    else:
        assert own.head.state == "open"
        assert (await callback(house, own.head.reference)).phone == ANNA
    await is_sound(house)


async def test_hanging_up_before_a_message_does_not_open_what_is_closed(
    house: House, provider: Provider
) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    await house.contacts.close(receipt.reference, "staff:x", Outcome.WITHDRAWN)
    await call.hang_up()
    assert (await house.contacts.by_reference(receipt.reference)).state == "closed"


async def test_hanging_up_while_the_reference_is_looked_up(
    house: House, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were written that we call: that stands, whatever the late webhook finds."""
    receipt = await promised(house)
    call = await provider.call().dial()
    await call.press("*")
    view = house.contacts.view

    async def slow(reference: str) -> ContactView:
        monkeypatch.setattr(house.contacts, "view", view)
        await call.status("completed", 5)
        return await view(reference)

    monkeypatch.setattr(house.contacts, "view", slow)
    await call.press(f"{receipt.reference}#")
    own = await own_of(house, receipt.reference)
    assert own.head.state == "open"
    assert any(effect.kind == "sms.tell" for effect in own.effects)
    await nothing_changed(house, receipt.reference)


async def test_every_webhook_twice_and_at_once_is_once(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    call = await asked(provider, receipt.reference)
    await call.press("2")
    moves = [provider.post(call.action, call.params(Digits=key)) for key in "112311"]
    answers = await asyncio.gather(*moves)
    assert len({answer.body for answer in answers}) == 1
    kinds = [kind for kind, _ in await by_citizen(house, receipt.reference)]
    assert kinds == ["looked_up", "rescheduled"]
    await is_sound(house)


@pytest.mark.parametrize("step", ["reference", "code", "status"])
async def test_without_postgresql_keys_are_never_taken_for_a_phone_number(
    house: House,
    provider: Provider,
    client: TestClient[web.Request, web.Application],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    receipt = await promised(house, phone=STRANGER)
    number = {"status": STRANGER}.get(step, ANNA)
    if step == "code":
        # Nothing is left that its citizen could be known by.
        await house.ledger.execute("UPDATE promises SET phone = $1", STRANGER)
    call = await provider.call(number).dial()
    await call.press("*")
    if step != "reference":
        await call.press(f"{receipt.reference}#")
        assert ("Tast adgangskoden" in call.heard) == (step == "code")
    answer = await fail_with(house, monkeypatch, provider, call, "22334455")
    assert "teknisk fejl" in answer
    monkeypatch.undo()
    await client.app[INTAKE].drain()
    await call.status("completed", 9)
    own = await own_of(house, receipt.reference)
    # What was said then is promised: a call to the number that they called from.
    assert own.head.state == "open"
    standing = [p for p in own.promises if p.kind is PromiseKind.CALLBACK and p.state.is_open]
    assert [p.phone for p in standing] == [number]
    written = await house.ledger.fetch(
        "SELECT payload ->> 'to' AS number FROM effects WHERE contact_id = $1", own.head.id
    )
    assert {row["number"] for row in written} <= {number}
    await is_sound(house)


async def fail_with(
    house: House, monkeypatch: pytest.MonkeyPatch, provider: Provider, call: Call, keys: str
) -> str:
    """The caller presses `keys` while PostgreSQL is away."""

    async def away(*_: object, **__: object) -> None:
        raise LedgerAway("test")

    monkeypatch.setattr(house.ledger, "fetchrow", away)
    answer = await provider.post(call.action, call.params(Digits=keys))
    return answer.body


async def test_too_late_is_said(house: House, provider: Provider, clock: FixedClock) -> None:
    receipt = await promised(house)
    clock.set(TUESDAY_TEN + timedelta(hours=3))
    call = await asked(provider, receipt.reference)
    assert "Det er senere, end vi lovede, og det beklager vi." in call.heard
    await call.press("2")
    await call.press("1")
    assert "Den nye tid er aftalt." in call.heard


async def test_what_is_urgent_is_not_put_off(house: House, provider: Provider) -> None:
    receipt = await promised(house)
    await house.ledger.execute("UPDATE contacts SET flags = array_append(flags, 'acute')")
    call = await asked(provider, receipt.reference)
    await call.press("2")
    await call.say("torsdag 14-15")
    assert "Det haster" in call.heard
    assert not call.ended
    await nothing_changed(house, receipt.reference)
