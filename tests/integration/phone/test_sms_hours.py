"""When text messages leave, and to whom none does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from channels.phone.sms_out import SmsSender
from router.clock import FixedClock
from router.house import House
from router.model import Arrival, CallbackWish, Channel, Receipt
from router.wishes import Said
from tests.fake_twilio import FakeTwilio
from tests.twilio_caller import ANNA

LATE = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)
"""Monday at 22.30 in Copenhagen."""
EIGHT = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


async def called(house: House, channel: Channel = Channel.WEB, **more: object) -> Receipt:
    fields: dict[str, object] = {
        "channel": channel,
        "dedupe_key": "k",
        "received_at": house.clock.now(),
        "text": "Byggetilladelse til en carport",
        "menu": "byg",
        "phone": ANNA,
        "callback": CallbackWish(ANNA),
    }
    return await house.reception.receive(Arrival(**(fields | more)))  # type: ignore[arg-type]


async def sent(house: House, twilio: FakeTwilio) -> int:
    while await house.outbox.send_due():
        pass
    return len(twilio.sent)


async def test_what_was_promised_at_night_is_told_in_the_morning(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio, clock: FixedClock
) -> None:
    clock.set(LATE)
    receipt = await called(quiet_house)
    assert await sent(quiet_house, twilio) == 0
    row = await quiet_house.ledger.fetchrow("SELECT next_try_at, attempts FROM effects")
    assert row is not None
    assert (row["next_try_at"], row["attempts"]) == (EIGHT, 0)
    clock.set(EIGHT - timedelta(seconds=1))
    assert await sent(quiet_house, twilio) == 0
    clock.set(EIGHT)
    assert await sent(quiet_house, twilio) == 1
    assert receipt.reference[:3] in twilio.sent[0]["Body"]


async def test_who_has_just_called_is_told_at_once(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio, clock: FixedClock
) -> None:
    clock.set(LATE)
    await called(quiet_house, Channel.PHONE)
    assert await sent(quiet_house, twilio) == 1
    # One that waited on disk while PostgreSQL was away is no answer any more.
    old = clock.now() - timedelta(hours=1)
    await called(quiet_house, Channel.PHONE, dedupe_key="k2", received_at=old)
    assert await sent(quiet_house, twilio) == 1


def _staff_moves(house: House, promise: int) -> Awaitable[object]:
    start = house.clock.now() + timedelta(days=1)
    return house.promises.reschedule(promise, "staff:x", start, start + timedelta(hours=12))


def _nobody_answers(house: House, promise: int) -> Awaitable[object]:
    return house.promises.attempt(promise, "staff:x", "no_answer")


@pytest.mark.parametrize("change", [_staff_moves, _nobody_answers])
async def test_every_other_change_waits_too(
    quiet_house: House,
    sender: SmsSender,
    twilio: FakeTwilio,
    clock: FixedClock,
    change: Callable[[House, int], Awaitable[object]],
) -> None:
    receipt = await called(quiet_house)
    assert await sent(quiet_house, twilio) == 1
    clock.set(LATE)
    (promise,) = (await quiet_house.contacts.view(receipt.reference)).promises
    await change(quiet_house, promise.id)
    assert await sent(quiet_house, twilio) == 1
    clock.set(EIGHT)
    assert await sent(quiet_house, twilio) == 2


async def test_a_message_that_rested_into_the_night_waits_without_losing_an_attempt(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio, clock: FixedClock
) -> None:
    twilio.status, twilio.code = 503, 20500
    clock.set(LATE - timedelta(hours=2, minutes=31))
    await called(quiet_house)
    await quiet_house.outbox.send_due()
    assert len(twilio.sent) == 1
    clock.set(LATE)
    assert await quiet_house.outbox.send_due() == 1
    assert len(twilio.sent) == 1
    row = await quiet_house.ledger.fetchrow("SELECT next_try_at, attempts, state FROM effects")
    assert row is not None
    assert tuple(row) == (EIGHT, 1, "pending")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("da", "Svar med en anden tid, fx i morgen 10, eller NEJ"),
        ("en", "Answer with another time"),
    ],
)
async def test_the_message_says_how_it_is_answered(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio, language: str, words: str
) -> None:
    await called(quiet_house, language=language)
    await sent(quiet_house, twilio)
    assert words in twilio.sent[0]["Body"]
    assert len(twilio.sent[0]["Body"]) <= 3 * 153


async def test_a_withdrawal_on_the_web_is_told_to_the_number(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio
) -> None:
    receipt = await called(quiet_house)
    await quiet_house.wishes.withdraw_callback(receipt.reference, Said(Channel.WEB))
    assert await sent(quiet_house, twilio) == 2
    assert "Vi ringer ikke til dig. Byggesager svarer dig senest" in twilio.sent[1]["Body"]


async def test_after_stop_it_is_told_by_mail_or_by_a_person(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio
) -> None:
    await quiet_house.wishes.stop_messages(ANNA, stopped=True)
    with_mail = await called(quiet_house, email="anna@example.dk", channel=Channel.PHONE)
    without = await called(quiet_house, dedupe_key="k2")
    await quiet_house.outbox.send_due()
    assert twilio.sent == []
    view = await quiet_house.contacts.view(with_mail.reference)
    assert sorted((e.kind, e.state) for e in view.effects if e.kind == "sms.tell") == [
        ("sms.tell", "sent")
    ]
    told = [effect for effect in view.effects if effect.kind == "mail.tell"]
    assert len(told) == 2  # its own receipt, and what the text message would have said
    view = await quiet_house.contacts.view(without.reference)
    assert [(e.state, e.last_error) for e in view.effects if e.kind == "sms.tell"] == [
        ("failed", "sms_stopped")
    ]
    await quiet_house.wishes.stop_messages(ANNA, stopped=False)
    await called(quiet_house, dedupe_key="k3")
    await sent(quiet_house, twilio)
    assert len(twilio.sent) == 1


async def test_what_staff_take_down_is_told_as_well(
    quiet_house: House, sender: SmsSender, twilio: FakeTwilio
) -> None:
    receipt = await called(quiet_house)
    (promise,) = (await quiet_house.contacts.view(receipt.reference)).promises
    await quiet_house.promises.withdraw(promise.id, "staff:x", "Ringede selv")
    assert await sent(quiet_house, twilio) == 2
    assert "Vi ringer ikke til dig. Byggesager svarer dig senest" in twilio.sent[1]["Body"]
