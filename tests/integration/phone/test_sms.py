"""Text messages in and out, against a provider that answers as it is told."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from channels.phone.sms_out import SmsSender
from router.clock import FixedClock
from router.errors import PermanentFailure, TemporaryFailure
from router.house import House
from router.model import Arrival, CallbackWish, Channel, Effect
from tests.fake_twilio import ACCOUNT_SID, FakeTwilio
from tests.twilio_caller import ANNA, Provider


async def promised(house: House, language: str = "da") -> Effect:
    """A contact with a callback promised, and the effect that tells of it."""
    receipt = await house.reception.receive(
        Arrival(
            channel=Channel.PHONE,
            dedupe_key="CA1",
            received_at=house.clock.now(),
            text="Jeg har klamydia og spørger til min byggesag",
            name="Anna Hemmelig",
            phone=ANNA,
            menu="byg",
            language=language,
            callback=CallbackWish(ANNA),
        )
    )
    row = await house.ledger.fetchrow(
        "SELECT id, kind, contact_id, payload, attempts FROM effects WHERE contact_id = $1",
        receipt.contact_id,
    )
    assert row is not None
    return Effect(**dict(row))


async def test_the_receipt_says_who_when_and_the_reference_and_nothing_else(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio
) -> None:
    effect = await promised(quiet_house)
    await sender.send(effect)
    (sent,) = twilio.sent
    head = await quiet_house.contacts.head(effect.contact_id)
    reference = f"{head.reference[:3]} {head.reference[3:6]} {head.reference[6:]}"
    assert sent["To"] == ANNA
    assert sent["From"] == "+4547351000"
    assert "Byggesager ringer til dig på 20 30 40 50 senest" in sent["Body"]
    assert reference in sent["Body"]
    assert quiet_house.contacts.access_code(head.reference) in sent["Body"]
    for private in ("klamydia", "byggesag", "Anna", "Hemmelig"):
        assert private not in sent["Body"]
    # Three parts at most, in the alphabet that a phone counts as one byte each.
    assert len(sent["Body"]) <= 3 * 153
    credentials = f"{ACCOUNT_SID}:{quiet_house.settings.twilio_auth_token}"
    expected = "Basic " + base64.b64encode(credentials.encode()).decode()
    assert twilio.headers[0]["Authorization"] == expected


async def test_english(quiet_house: House, sender: SmsSender, twilio: FakeTwilio) -> None:
    await sender.send(await promised(quiet_house, "en"))
    assert "Building Permits will call you on 20 30 40 50 no later than" in twilio.sent[0]["Body"]


@pytest.mark.parametrize(
    ("language", "tried", "moved"),
    [
        ("da", "har prøvet at ringe til dig og prøver igen", "Ny tid: Byggesager ringer til dig"),
        ("en", "tried to call you and will try again", "New time: Building Permits will call you"),
    ],
    ids=["da", "en"],
)
async def test_after_an_attempt_and_with_a_new_time(
    quiet_house: House,
    sender: SmsSender,
    twilio: FakeTwilio,
    clock: FixedClock,
    language: str,
    tried: str,
    moved: str,
) -> None:
    effect = await promised(quiet_house, language)
    head = await quiet_house.contacts.head(effect.contact_id)
    (promise,) = (await quiet_house.contacts.view(head.reference)).promises
    await quiet_house.promises.attempt(promise.id, "staff:x", "no_answer")
    start = clock.now() + timedelta(days=1)
    await quiet_house.promises.reschedule(promise.id, "staff:x", start, start + timedelta(hours=2))
    while await quiet_house.outbox.send_due():
        pass
    assert [message["To"] for message in twilio.sent] == [ANNA] * 3
    words = [message["Body"] for message in twilio.sent]
    assert sum(tried in text for text in words) == 1
    assert sum(moved in text for text in words) == 1


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, 21211, "sms_21211_invalid_number"),
        (400, 21214, "sms_21214_unreachable_number"),
        (400, 21217, "sms_21217_not_a_number"),
        (400, 21610, "sms_21610_opted_out"),
        (401, 20003, "sms_20003_not_authorised"),
        (400, 21606, "sms_21606"),
        (404, 20404, "sms_20404"),
    ],
)
async def test_what_no_repetition_mends_goes_to_a_person(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio, status: int, code: int, reason: str
) -> None:
    twilio.status, twilio.code = status, code
    effect = await promised(quiet_house)
    with pytest.raises(PermanentFailure, match=f"^{reason}$"):
        await sender.send(effect)
    while await quiet_house.outbox.send_due():
        pass
    head = await quiet_house.contacts.head(effect.contact_id)
    view = await quiet_house.contacts.view(head.reference)
    assert [row.state for row in view.effects if row.kind == "sms.tell"] == ["failed"]
    assert sum(promise.state.is_open for promise in view.promises) == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_busy_provider_is_tried_again(
    quiet_house: House,
    sender: SmsSender,
    twilio: FakeTwilio,
    status: int,
    clock: FixedClock,
) -> None:
    twilio.status, twilio.code = status, 20429
    effect = await promised(quiet_house)
    with pytest.raises(TemporaryFailure):
        await sender.send(effect)
    await quiet_house.outbox.send_due()
    twilio.status = 201
    clock.advance(timedelta(hours=1))
    await quiet_house.outbox.send_due()
    assert len(twilio.sent) == 3
    head = await quiet_house.contacts.head(effect.contact_id)
    view = await quiet_house.contacts.view(head.reference)
    assert [row.state for row in view.effects] == ["sent"]


async def test_an_answer_that_is_no_json(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio
) -> None:
    twilio.status, twilio.raw = 502, "<html>Bad gateway</html>"
    with pytest.raises(TemporaryFailure):
        await sender.send(await promised(quiet_house))


async def test_a_silent_provider(quiet_house: House, sender: SmsSender, twilio: FakeTwilio) -> None:
    effect = await promised(quiet_house)
    # Nobody listens at port 9 of loopback (discard), so the connection is refused.
    assert sender.client is not None
    sender.client.api.base_url = "http://127.0.0.1:9"
    with pytest.raises(TemporaryFailure):
        await sender.send(effect)


async def test_without_credentials_a_person_owns_it(quiet_house: House) -> None:
    effect = await promised(quiet_house)
    settings = quiet_house.settings.model_copy(update={"twilio_auth_token": ""})
    bare = SmsSender(replace(quiet_house, settings=settings))
    async with asynccontextmanager(bare.open_while_running)(web.Application()):
        with pytest.raises(PermanentFailure, match="no_sms_provider"):
            await bare.send(effect)


async def test_a_text_message_is_a_contact_with_a_kind_answer(
    house: House, provider: Provider
) -> None:
    params = provider.message_params("Hej, gadelyset på Strandvej 12 er gået ud. Mvh Bo")
    answer = await provider.post("/twilio/sms", params)
    again = await provider.post("/twilio/sms", params)
    (head,) = (await house.contacts.list()).items
    assert (head.channel, head.department, head.phone) == ("sms", "vej", ANNA)
    assert answer.body == again.body
    reference = f"{head.reference[:3]} {head.reference[3:6]} {head.reference[6:]}"
    assert answer.body.count("<Message>") == 1
    assert "Tak for din besked." in answer.body
    assert reference in answer.body
    assert "gadelys" not in answer.body
    # The answer is the receipt; no second one leaves through the outbox.
    view = await house.contacts.view(head.reference)
    assert [effect.kind for effect in view.effects] == []


async def test_the_next_text_message_is_another_contact(house: House, provider: Provider) -> None:
    for text in ("Min skraldespand er ikke tømt", "Og gadelyset er gået ud"):
        await provider.post("/twilio/sms", provider.message_params(text))
    heads = (await house.contacts.list()).items
    assert sorted(head.department for head in heads) == ["affald", "vej"]


@pytest.mark.parametrize("word", ["STOP", "stop ", "Unsubscribe", "QUIT"])
async def test_stop_is_the_providers_business(house: House, provider: Provider, word: str) -> None:
    answer = await provider.post("/twilio/sms", provider.message_params(word))
    assert answer.status == 200
    assert "<Message" not in answer.body
    assert (await house.contacts.list()).items == []


async def test_a_machine_gets_no_answer_but_is_read(house: House, provider: Provider) -> None:
    answer = await provider.post(
        "/twilio/sms", provider.message_params("Din pakke er på vej", number="PostNord")
    )
    assert "<Message" not in answer.body
    assert len((await house.contacts.list()).items) == 1


@pytest.mark.parametrize("text", ["", " ", "\0", "🦷" * 500, "<b>&amp;", "\u202etxet"])
async def test_odd_texts(house: House, provider: Provider, text: str) -> None:
    answer = await provider.post("/twilio/sms", provider.message_params(text))
    assert answer.status == 200
    assert len((await house.contacts.list()).items) == 1


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("da", "Byggesager har prøvet at ringe til dig uden at få fat i dig."),
        ("en", "Building Permits tried to call you without reaching you."),
    ],
    ids=["da", "en"],
)
async def test_after_the_last_attempt_no_time_is_said(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio, language: str, said: str
) -> None:
    effect = await promised(quiet_house, language)
    tried = {"template": "tried", "at": quiet_house.clock.now().isoformat(), "retry_at": None}
    await sender.send(replace(effect, payload={**effect.payload, **tried}))
    assert said in twilio.sent[0]["Body"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("da", "Byggesager har forgæves forsøgt at få fat i dig."),
        ("en", "Building Permits has tried to reach you in vain."),
    ],
    ids=["da", "en"],
)
async def test_one_who_cannot_be_reached_is_told_so(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio, language: str, said: str
) -> None:
    effect = await promised(quiet_house, language)
    payload = {"to": effect.payload["to"], "template": "unreachable", "language": language}
    await sender.send(replace(effect, payload=payload))
    assert said in twilio.sent[0]["Body"]


async def test_a_topics_call_is_told_of_by_its_own_department(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio
) -> None:
    effect = await promised(quiet_house)
    for template in ("tried", "rescheduled"):
        payload = {**effect.payload, "template": template, "department": "vej"}
        await sender.send(replace(effect, payload=payload))
    tried, moved = (message["Body"] for message in twilio.sent)
    assert "Vej, Trafik og Park har prøvet at ringe" in tried
    assert "Ny tid: Vej, Trafik og Park ringer til dig" in moved
