"""What may not be done with a promise: kept without a word, moved past the law, dropped."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from router.clock import FixedClock
from router.errors import SenderError
from router.house import House
from router.ledger.audit import audit
from router.meeting_terms import Agreed, How, Way
from router.model import Arrival, CallbackWish, Channel, Outcome, PromiseKind, PromiseState, Receipt
from router.promises import NewPromise
from router.rows import PromiseRow
from router.splitting import NewPart
from router.wishes import Said

ACTOR = "staff:lone-hvideklit"
LONE = "lone-hvideklit"
CPH = ZoneInfo("Europe/Copenhagen")
CHILD = "Jeg er bekymret for et barn, der bliver slået derhjemme."


async def arrive(house: House, key: str = "k", **given: Any) -> Receipt:
    values: dict[str, Any] = {
        "channel": Channel.WEB,
        "dedupe_key": key,
        "received_at": house.clock.now(),
        "text": "Om mit pas.",
        "email": "kim@example.dk",
        "phone": "+4520304050",
        "menu": "borgerservice",
    }
    return await house.reception.receive(Arrival(**values | given))


@pytest.fixture
async def receipt(house: House) -> Receipt:
    return await arrive(house)


async def make(house: House, receipt: Receipt, kind: str, **more: Any) -> PromiseRow:
    return await house.promises.make(
        receipt.reference, ACTOR, NewPromise(PromiseKind(kind), **more)
    )


async def of_kind(house: House, receipt: Receipt, kind: str) -> PromiseRow:
    view = await house.contacts.view(receipt.reference)
    return next(p for p in view.promises if p.kind == kind)


async def kinds(house: House, receipt: Receipt) -> list[str]:
    return [event.kind for event in (await house.contacts.view(receipt.reference)).timeline]


async def code_of(step: Any) -> str:
    with pytest.raises(SenderError) as refused:
        await step
    return refused.value.code


async def findings(house: House) -> list[str]:
    await run_clock(house)
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found if not finding.invariant.startswith("7")]


async def run_clock(house: House) -> None:
    while await house.promise_clock.fire_due():
        pass


@pytest.fixture
async def meeting(house: House, receipt: Receipt) -> int:
    start = house.clock.now() + timedelta(days=3)
    agreed = Agreed(start, start + timedelta(hours=1), Way.PLACE, "Rådhuset")
    return (await house.meetings.agree(receipt.reference, ACTOR, "Plan", agreed)).id


# Calls


@pytest.mark.parametrize(
    "kind",
    [
        "answer",
        "status_letter",
        "document_access",
        "receipt",
        "deadline_notice",
        "meeting",
        "agenda",
    ],
)
async def test_only_a_call_is_tried(
    house: House, receipt: Receipt, meeting: int, kind: str
) -> None:
    if kind not in ("answer", "meeting", "agenda"):
        await make(house, receipt, kind)
    promise = await of_kind(house, receipt, kind)
    before = await house.ledger.fetchval("SELECT count(*) FROM effects")
    for result in ("reached", "no_answer"):
        assert await code_of(house.promises.attempt(promise.id, ACTOR, result)) == "not_a_call"
    until = house.clock.now() + timedelta(minutes=1)
    assert await code_of(house.promises.reserve(promise.id, LONE, until)) == "not_a_call"
    # News of the provider never raises, and changes nothing.
    await house.promises.dialled(promise.id, 1)
    assert await house.promises.row(promise.id) == promise
    assert await house.ledger.fetchval("SELECT count(*) FROM effects") == before
    assert await findings(house) == []


# Meetings


@pytest.mark.parametrize("kind", ["meeting", "agenda", "minutes"])
async def test_what_follows_a_meeting_does_not_move_or_end_by_itself(
    house: House, clock: FixedClock, receipt: Receipt, meeting: int, kind: str
) -> None:
    if kind == "minutes":
        clock.advance(timedelta(days=3, minutes=30))
        await house.meetings.held(meeting, ACTOR)
    promise = await of_kind(house, receipt, kind)
    later = clock.now() + timedelta(days=7)
    steps = (
        house.promises.reschedule(promise.id, ACTOR, None, later),
        house.promises.withdraw(promise.id, ACTOR, "x"),
        house.letters.keep(promise.id, ACTOR, how=How.LETTER),
    )
    assert [await code_of(step) for step in steps] == ["use_meeting"] * 3
    assert await house.promises.row(promise.id) == promise
    assert await findings(house) == []


# A concern about a child


async def test_the_24_hours_of_a_concern_about_a_child_cannot_be_moved(
    house: House, clock: FixedClock
) -> None:
    receipt = await arrive(house, text=CHILD, callback=CallbackWish("+4520304050"))
    call = await of_kind(house, receipt, "callback")
    assert call.statutory_due_at == clock.now() + timedelta(hours=24)
    assert call.due_at <= call.statutory_due_at
    later = house.promises.reschedule(call.id, ACTOR, None, clock.now() + timedelta(hours=27))
    assert await code_of(later) == "law_comes_first"
    with pytest.raises(asyncpg.CheckViolationError, match="law_comes_first"):
        await house.ledger.execute(
            "UPDATE promises SET due_at = due_at + interval '2 days' WHERE id = $1", call.id
        )
    sooner = clock.now() + timedelta(hours=2)
    assert (await house.promises.reschedule(call.id, ACTOR, None, sooner)).due_at == sooner
    # Nobody is written to that it was missed: it is late, and alarms.
    assert await code_of(house.letters.promise_notice(call.id, ACTOR)) == "no_notice"
    clock.advance(timedelta(days=2))
    await run_clock(house)
    told = await kinds(house, receipt)
    assert "late" in told
    assert "notice_promised" not in told
    assert "notice_proposed" not in told
    assert await findings(house) == []


async def test_the_24_hours_outlive_the_call_that_the_citizen_does_not_want(
    house: House, clock: FixedClock
) -> None:
    receipt = await arrive(house, text=CHILD, email="", callback=CallbackWish("+4520304050"))
    law = (await of_kind(house, receipt, "callback")).statutory_due_at
    kvittering = await of_kind(house, receipt, "receipt")
    await house.letters.keep(kvittering.id, ACTOR, how=How.LETTER)
    await house.wishes.withdraw_callback(receipt.reference, Said(Channel.WEB))
    answer = await of_kind(house, receipt, "answer")
    assert (answer.due_at, answer.statutory_due_at) == (law, law)
    assert await findings(house) == []


@pytest.mark.parametrize("who", ["citizen", "staff"])
async def test_the_24_hours_outlive_the_call_whatever_else_is_promised(
    house: House, who: str
) -> None:
    receipt = await arrive(house, text=CHILD, email="", callback=CallbackWish("+4520304050"))
    call = await of_kind(house, receipt, "callback")
    # Another call is left, but the law says nothing about that one.
    await make(house, receipt, "callback", phone="+4531415161")
    if who == "staff":
        await house.promises.withdraw(call.id, ACTOR, "Vil ikke ringes op.")
    else:
        await house.wishes.withdraw_callback(receipt.reference, Said(Channel.PHONE), 1)
    assert (await of_kind(house, receipt, "receipt")).state.is_open
    answer = await of_kind(house, receipt, "answer")
    assert (answer.due_at, answer.statutory_due_at) == (call.statutory_due_at,) * 2
    assert answer.state is PromiseState.WAITING
    assert await findings(house) == []


async def test_documents_to_be_sent_are_no_answer_to_what_a_call_was_about(house: House) -> None:
    receipt = await arrive(house, callback=CallbackWish("+4520304050"))
    await make(house, receipt, "document_access", about="Byggesagen")
    await make(house, receipt, "answer", about="Et andet spørgsmål")
    both = [await of_kind(house, receipt, "callback")]
    both.append(await make(house, receipt, "callback", phone="+4531415161"))
    for call in both:
        view = await house.contacts.view(receipt.reference)
        assert not [p for p in view.promises if p.kind is PromiseKind.ANSWER and not p.about]
        await house.promises.withdraw(call.id, ACTOR)
    view = await house.contacts.view(receipt.reference)
    [answer] = [p for p in view.promises if p.kind is PromiseKind.ANSWER and not p.about]
    assert answer.state is PromiseState.WAITING
    assert await findings(house) == []


# A call about a contact that is answered in writing


async def rings(house: House, receipt: Receipt, key: str = "rings", **more: Any) -> Receipt:
    """The citizen phones, and asks to be called."""
    phone = more.pop("phone", "+4520304050")
    return await arrive(
        house, key, channel=Channel.PHONE, text="", email="", phone=phone,
        reference=receipt.reference, kind="asked_for_person", callback=CallbackWish(phone), **more,
    )  # fmt: skip


@pytest.mark.parametrize("child", [True, False])
async def test_a_call_takes_over_the_deadline_of_the_law(
    house: House, clock: FixedClock, child: bool
) -> None:
    receipt = await arrive(house, text=CHILD if child else "Om mit pas.")
    if not child:
        await house.ledger.execute(
            "UPDATE promises SET statutory_due_at = due_at, due_at = due_at - interval '1 hour'"
        )
    law = (await of_kind(house, receipt, "answer")).statutory_due_at
    assert law is not None
    clock.set(law - timedelta(hours=4))
    await rings(house, receipt)
    call = await of_kind(house, receipt, "callback")
    assert call.statutory_due_at == law
    assert call.due_at <= law
    answer = await of_kind(house, receipt, "answer")
    assert (answer.state, answer.replaced_by) == (PromiseState.REPLACED, call.id)
    assert await findings(house) == []


async def test_a_call_does_not_hide_that_a_deadline_of_the_law_was_missed(
    house: House, clock: FixedClock
) -> None:
    receipt = await arrive(house, text=CHILD)
    before = await of_kind(house, receipt, "answer")
    clock.advance(timedelta(hours=25))
    await run_clock(house)
    told = (await rings(house, receipt)).promise
    # They hear of the call that they asked for, not of a time that has passed.
    assert told is not None
    assert (told.kind, told.due_at > clock.now()) == (PromiseKind.CALLBACK, True)
    answer = await of_kind(house, receipt, "answer")
    assert answer.state.is_open
    assert (answer.due_at, answer.statutory_due_at) == (before.due_at, before.statutory_due_at)
    assert (await of_kind(house, receipt, "callback")).due_at > clock.now()
    assert await findings(house) == []


async def test_a_call_leaves_an_answer_about_something_of_its_own(house: House) -> None:
    receipt = await arrive(house)
    own = await make(house, receipt, "answer", about="Hvornår passet er klar")
    plain = await of_kind(house, receipt, "answer")
    await rings(house, receipt)
    assert (await house.promises.row(plain.id)).state is PromiseState.REPLACED
    assert await house.promises.row(own.id) == own
    assert await findings(house) == []


async def test_of_several_calls_the_one_to_that_number_is_meant(house: House) -> None:
    receipt = await arrive(house, callback=CallbackWish("+4520304050"))
    first = await of_kind(house, receipt, "callback")
    second = await make(house, receipt, "callback", phone="+4531415161")
    await rings(house, receipt, phone="+4531415161")
    assert await house.promises.row(first.id) == first
    # Neither is taken from the other: who wants to be called on a third one is called there.
    await rings(house, receipt, "third", phone="+4520304051")
    view = await house.contacts.view(receipt.reference)
    calls = [p for p in view.promises if p.kind is PromiseKind.CALLBACK and p.state.is_open]
    assert {p.id: p.phone for p in calls if p.id <= second.id} == {
        first.id: "+4520304050",
        second.id: "+4531415161",
    }
    assert [p.phone for p in calls if p.id > second.id] == ["+4520304051"]
    assert await findings(house) == []


async def test_by_the_number_alone_no_other_number_is_changed(house: House) -> None:
    receipt = await arrive(house, callback=CallbackWish("+4520304050"))
    first = await of_kind(house, receipt, "callback")
    await rings(house, receipt, phone="+4531415161", data={"proof": "caller"})
    assert await house.promises.row(first.id) == first
    # With the code it is theirs to say.
    other = await arrive(house, "other", callback=CallbackWish("+4520304051"))
    await rings(house, other, "by code", phone="+4531415161", data={"proof": "code"})
    assert (await of_kind(house, other, "callback")).phone == "+4531415161"
    assert await findings(house) == []


async def test_what_a_caller_says_of_a_child_gives_their_call_the_24_hours(
    house: House, clock: FixedClock
) -> None:
    receipt = await arrive(
        house, channel=Channel.PHONE, text="", email="", callback=CallbackWish("+4520304050")
    )
    assert (await of_kind(house, receipt, "callback")).statutory_due_at is None
    clock.advance(timedelta(minutes=2))
    for number, hours in enumerate((0, 3)):
        clock.advance(timedelta(hours=hours))
        await arrive(
            house, f"said {number}", channel=Channel.PHONE, text=CHILD, email="",
            reference=receipt.reference, reroute=True, kind="said",
        )  # fmt: skip
    call = await of_kind(house, receipt, "callback")
    assert call.statutory_due_at == clock.now() + timedelta(hours=21)
    assert call.due_at <= call.statutory_due_at
    # A time that would suit them better, but is too late.
    start = clock.now() + timedelta(hours=23)
    await arrive(
        house, "wish", channel=Channel.PHONE, text="", email="", reference=receipt.reference,
        kind="said", callback=CallbackWish("+4520304050", start, start + timedelta(hours=2)),
    )  # fmt: skip
    call = await of_kind(house, receipt, "callback")
    assert call.statutory_due_at is not None
    assert call.due_at <= call.statutory_due_at
    assert await findings(house) == []


async def test_the_24_hours_also_come_to_a_call_that_was_told_already(house: House) -> None:
    caller = {"channel": Channel.PHONE, "email": ""}
    receipt = await arrive(house, text="", **caller)
    wish = CallbackWish("+4520304050")
    said: dict[str, Any] = {"reference": receipt.reference, "kind": "said", **caller}
    await arrive(house, "wish", text="", callback=wish, **said)
    before = await of_kind(house, receipt, "callback")
    soon = house.clock.now() + timedelta(hours=1)
    before = await house.promises.reschedule(before.id, ACTOR, None, soon)
    await arrive(house, "child", text=CHILD, reroute=True, **said)
    call = await of_kind(house, receipt, "callback")
    assert (before.statutory_due_at, call.due_at) == (None, before.due_at)
    assert call.statutory_due_at == house.clock.now() + timedelta(hours=24)
    assert await findings(house) == []


# In writing


@pytest.mark.parametrize(
    "kind", ["document_access", "status_letter", "receipt", "deadline_notice", "complaint_call"]
)
async def test_what_is_owed_in_writing_is_kept_by_a_word(
    house: House, receipt: Receipt, kind: str
) -> None:
    promise = await make(house, receipt, kind)
    assert await code_of(house.letters.keep(promise.id, ACTOR, note="Gjort")) == "say_how"
    assert (await house.promises.row(promise.id)).state.is_open
    await house.letters.keep(promise.id, ACTOR, how=How.DIGITAL_POST)
    assert (await house.promises.row(promise.id)).state is PromiseState.KEPT


@pytest.mark.parametrize("kind", ["receipt", "document_access", "deadline_notice"])
async def test_what_the_law_asks_for_is_dropped_for_a_reason_only(
    house: House, receipt: Receipt, kind: str
) -> None:
    promise = await make(house, receipt, kind)
    assert await code_of(house.promises.withdraw(promise.id, ACTOR, " ")) == "reason_missing"
    for outcome in (Outcome.WITHDRAWN, Outcome.SPAM):
        close = house.contacts.close(receipt.reference, ACTOR, outcome)
        assert await code_of(close) == "reason_missing"
    assert (await house.promises.row(promise.id)).state.is_open
    await house.promises.withdraw(promise.id, ACTOR, "Borgeren har fået sagen af sin advokat.")
    event = (await house.contacts.view(receipt.reference)).timeline[-1]
    assert (event.kind, event.body) == ("withdrawn", "Borgeren har fået sagen af sin advokat.")
    await house.contacts.close(receipt.reference, ACTOR, Outcome.WITHDRAWN)


async def test_a_topic_is_not_dropped_with_what_the_law_asks_for(
    house: House, receipt: Receipt
) -> None:
    [part] = await house.splitting.split(
        receipt.reference, ACTOR, [NewPart("Bolig", "ydelse")], caseworker=LONE
    )
    await make(house, receipt, "document_access", part_id=part.id)
    assert await code_of(house.parts.withdraw(part.id, ACTOR)) == "reason_missing"
    await house.parts.withdraw(part.id, ACTOR, "Har trukket anmodningen tilbage.")
    assert await findings(house) == []


async def test_a_deadline_of_the_law_is_not_cut_silently(house: House, receipt: Receipt) -> None:
    access = await make(house, receipt, "document_access")
    beyond = access.due_at + timedelta(days=5)
    move = house.promises.reschedule(access.id, ACTOR, None, beyond)
    assert await code_of(move) == "law_comes_first"
    assert await house.promises.row(access.id) == access


async def test_a_notice_ends_when_the_deadline_is_kept_after_all(
    house: House, clock: FixedClock, receipt: Receipt
) -> None:
    access = await make(house, receipt, "document_access")
    await house.letters.promise_notice(access.id, ACTOR)
    await house.letters.keep(access.id, ACTOR, how=How.LETTER)
    notice = await of_kind(house, receipt, "deadline_notice")
    assert (notice.state, notice.replaced_by) == (PromiseState.REPLACED, access.id)
    event = (await house.contacts.view(receipt.reference)).timeline[-1]
    assert (event.kind, event.actor) == ("notice_settled", "house")
    assert event.data == {"promise": notice.id, "of": access.id}

    dropped = await make(house, receipt, "document_access")
    await house.letters.promise_notice(dropped.id, ACTOR)
    await house.promises.withdraw(dropped.id, ACTOR, "Har fået dem.")
    view = await house.contacts.view(receipt.reference)
    assert view.promises[-1].state is PromiseState.WITHDRAWN

    # What was given too late is told of none the less.
    late = await make(house, receipt, "document_access")
    clock.set(late.due_at + timedelta(hours=1))
    await run_clock(house)
    await house.letters.keep(late.id, ACTOR, how=How.LETTER)
    view = await house.contacts.view(receipt.reference)
    assert view.promises[-1].notice_of == late.id
    assert view.promises[-1].state.is_open
    assert await findings(house) == []


# Unreachable


async def send(house: House) -> None:
    """What waits has left."""
    await house.ledger.execute(
        "UPDATE effects SET state = 'sent', ended_at = now() WHERE state = 'pending'"
    )


async def test_nobody_is_given_up_without_a_call_and_a_word(
    house: House, clock: FixedClock
) -> None:
    receipt = await arrive(house, callback=CallbackWish("+4520304050"))
    call = await of_kind(house, receipt, "callback")

    def close(**given: Any) -> Any:
        return house.contacts.close(receipt.reference, ACTOR, Outcome.UNREACHABLE, **given)

    assert await code_of(close(how=How.LETTER)) == "not_tried"
    tell = house.letters.tell_unreachable
    assert await code_of(tell(receipt.reference, ACTOR)) == "not_tried"
    for _ in range(4):
        await house.promises.attempt(call.id, ACTOR, "no_answer")
    assert await code_of(close()) == "notice_first"
    assert await code_of(close(how=How.PHONE)) == "say_how"
    await tell(receipt.reference, ACTOR)
    assert await code_of(tell(receipt.reference, ACTOR)) == "notice_sent"
    assert await code_of(close()) == "notice_pending"
    effect = await house.ledger.fetchrow("SELECT kind, payload FROM effects ORDER BY id DESC")
    assert effect is not None
    assert (effect["kind"], effect["payload"]["to"]) == ("mail.tell", "kim@example.dk")
    await send(house)
    # They answer: it starts again.
    clock.advance(timedelta(hours=1))
    await arrive(house, "again", reference=receipt.reference, kind="message", text="Jeg er her.")
    assert await code_of(close()) == "notice_first"
    clock.advance(timedelta(hours=1))
    await tell(receipt.reference, ACTOR)
    await send(house)
    await close()
    assert (await of_kind(house, receipt, "callback")).state is PromiseState.UNREACHABLE
    assert "unreachable_told" in await kinds(house, receipt)
    assert await findings(house) == []


async def test_a_person_can_give_the_notice(house: House) -> None:
    receipt = await arrive(house, email="", callback=CallbackWish("+4520304050"))
    call = await of_kind(house, receipt, "callback")
    await house.promises.attempt(call.id, ACTOR, "wrong_number")
    # The number is somebody else's, and there is no other address.
    step = house.letters.tell_unreachable(receipt.reference, ACTOR)
    assert await code_of(step) == "no_way_to_write"
    await house.contacts.close(receipt.reference, ACTOR, Outcome.UNREACHABLE, how=How.DIGITAL_POST)
    view = await house.contacts.view(receipt.reference)
    given = next(event for event in view.timeline if event.kind == "unreachable_given")
    assert given.data == {"how": "digital_post"}
    assert await findings(house) == []


async def test_one_without_a_number_is_only_written_to(house: House) -> None:
    receipt = await arrive(house, phone="")
    await house.letters.tell_unreachable(receipt.reference, ACTOR)
    await send(house)
    await house.contacts.close(receipt.reference, ACTOR, Outcome.UNREACHABLE)
    assert await findings(house) == []


# Telling


async def test_one_exempt_from_digital_post_gets_no_mail_of_an_attempt(house: House) -> None:
    receipt = await arrive(house, callback=CallbackWish("+4520304050"))
    await house.ledger.execute("UPDATE contacts SET flags = '{digitally_exempt}'")
    call = await of_kind(house, receipt, "callback")
    await house.promises.attempt(call.id, ACTOR, "no_answer")
    effect = await house.ledger.fetchrow("SELECT kind, payload FROM effects ORDER BY id DESC")
    assert effect is not None
    assert (effect["kind"], effect["payload"]["template"]) == ("sms.tell", "tried")


# Times


async def test_a_window_ends_while_we_are_open(house: House, clock: FixedClock) -> None:
    night = datetime(2026, 11, 25, 2, 30, tzinfo=CPH)
    closes = datetime(2026, 11, 24, 15, 0, tzinfo=CPH)
    receipt = await arrive(house, callback=CallbackWish("+4520304050", None, night))
    call = await of_kind(house, receipt, "callback")
    assert call.due_at == closes
    moved = await house.wishes.move(receipt.reference, None, night, Said(Channel.WEB))
    assert moved.promise is not None
    assert moved.promise.due_at == closes
    by_staff = await house.promises.reschedule(call.id, ACTOR, None, night + timedelta(days=1))
    assert by_staff.due_at == closes + timedelta(days=1)
    before = await house.promises.row(call.id)
    closed = datetime(2026, 11, 24, 21, 0, tzinfo=CPH)
    shut = house.promises.reschedule(call.id, ACTOR, closed, closed + timedelta(hours=2))
    assert await code_of(shut) == "window_closed"
    shut = make(house, receipt, "answer", not_before=closed, due_at=closed + timedelta(hours=2))
    assert await code_of(shut) == "window_closed"
    assert await house.promises.row(call.id) == before


# Topics


async def test_the_answer_of_the_whole_gives_way_to_the_topics(
    house: House, receipt: Receipt
) -> None:
    access = await make(house, receipt, "document_access")
    special = await make(house, receipt, "answer", about="Om gebyret")
    topics = [NewPart("Pas", "borgerservice"), NewPart("Bolig", "ydelse")]
    await house.splitting.split(receipt.reference, ACTOR, topics, caseworker=LONE)
    view = await house.contacts.view(receipt.reference)
    assert view.promises[0].state is PromiseState.REPLACED
    left = [p.id for p in view.promises if p.state.is_open and p.part_id is None]
    assert left == [access.id, special.id]
    for part in view.parts:
        await house.parts.solve(part.id, ACTOR)
    assert await findings(house) == []


# Who cannot be called


async def test_who_cannot_be_called_cannot_be_called_the_next_time(house: House) -> None:
    async def promised(key: str, **given: Any) -> tuple[str, bool]:
        receipt = await arrive(house, key, **given)
        head = await house.contacts.by_reference(receipt.reference)
        assert receipt.promise is not None
        return receipt.promise.kind, "no_calls" in head.flags

    asks = "Ring venligst til mig på 20 30 40 50."
    assert await promised("1", flags=frozenset({"no_calls"})) == ("answer", True)
    assert await promised("2", text=asks) == ("answer", True)
    assert await promised("3", text=asks, email="other@example.dk") == ("answer", True)
    # Whoever calls us can be spoken with.
    assert await promised("4", channel=Channel.PHONE, email="") == ("callback", False)
    assert await promised("5", text=asks) == ("answer", True)
    # They ask for a call themselves: from now on they can be called again.
    wish = CallbackWish("+4520304050")
    assert await promised("6", callback=wish) == ("callback", False)
    assert await promised("7", text=asks) == ("callback", False)
    assert await promised("8", phone="+4520304051", email="x@example.dk") == ("answer", False)
    assert await findings(house) == []
