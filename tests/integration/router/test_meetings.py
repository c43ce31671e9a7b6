"""A promise to meet: the agenda before, the minutes after, and what happens without them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from router.clock import FixedClock
from router.errors import Conflict, NotFound, SenderError
from router.house import House
from router.ledger.audit import audit
from router.meeting_terms import Agreed, How, Paper, Way
from router.model import Arrival, Channel, Outcome, PromiseState, Receipt
from router.rows import MeetingRow, PromiseRow
from router.splitting import NewPart

LONE = "lone-hvideklit"
ACTOR = f"staff:{LONE}"
CPH = ZoneInfo("Europe/Copenhagen")
START = datetime(2026, 12, 1, 10, 0, tzinfo=CPH)
PLACE = Agreed(START, START + timedelta(hours=1), Way.PLACE, "Torvet 2, lokale 4")


@pytest.fixture
async def receipt(house: House) -> Receipt:
    receipt = await house.reception.receive(arrival("k", email="kim@example.dk"))
    await house.contacts.claim(receipt.reference, LONE)
    return receipt


def arrival(key: str, **more: Any) -> Arrival:
    return Arrival(
        channel=Channel.WEB,
        dedupe_key=key,
        received_at=START - timedelta(days=8),
        text="Jeg vil gerne tale om mit pas.",
        phone="+4520304050",
        menu="borgerservice",
        **more,
    )


@pytest.fixture
async def meeting(house: House, receipt: Receipt) -> MeetingRow:
    return await house.meetings.agree(receipt.reference, ACTOR, "Om passet", PLACE)


async def promise(house: House, number: int | None) -> PromiseRow:
    assert number is not None
    return await house.promises.row(number)


async def findings(house: House) -> list[str]:
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found if not finding.invariant.startswith("7")]


async def told(house: House) -> list[dict[str, Any]]:
    rows = await house.ledger.fetch("SELECT kind, payload FROM effects ORDER BY id")
    return [
        row["payload"] | {"effect": row["kind"]}
        for row in rows
        if row["payload"].get("template") not in ("receipt", "warning", "late")
    ]


async def test_to_meet_is_two_promises_and_the_citizen_is_told(
    house: House, receipt: Receipt, meeting: MeetingRow
) -> None:
    meet = await promise(house, meeting.meeting_promise)
    assert (meet.not_before, meet.due_at, meet.state) == (
        START, START + timedelta(hours=1), PromiseState.SCHEDULED,
    )  # fmt: skip
    agenda = await promise(house, meeting.agenda_promise)
    assert agenda.due_at == datetime(2026, 11, 30, 15, 0, tzinfo=CPH)
    assert {(p.department, p.caseworker) for p in (meet, agenda)} == {("borgerservice", LONE)}
    assert meeting.minutes_promise is None
    [news] = await told(house)
    assert (news["effect"], news["template"], news["to"]) == (
        "mail.tell", "meeting_agreed", "kim@example.dk",
    )  # fmt: skip
    assert news["meeting"]["place"] == "Torvet 2, lokale 4"
    assert "passet" not in str(news)
    assert await findings(house) == []


async def test_the_whole_life_of_a_meeting(
    house: House, clock: FixedClock, receipt: Receipt, meeting: MeetingRow
) -> None:
    with pytest.raises(Conflict) as early:
        await house.meetings.write(meeting.id, ACTOR, Paper.MINUTES, "For tidligt.")
    assert early.value.code == "meeting_not_held"
    with pytest.raises(Conflict) as before:
        await house.meetings.held(meeting.id, ACTOR)
    assert before.value.code == "meeting_not_begun"

    assert await house.meetings.write(meeting.id, ACTOR, Paper.AGENDA, "1. Passet\n2. Andet")
    assert (await promise(house, meeting.agenda_promise)).state is PromiseState.KEPT
    news = (await told(house))[-1]
    written = (await house.contacts.view(receipt.reference)).timeline[-1]
    assert (news["template"], news["words"]) == ("agenda", written.id)
    assert written.body == "1. Passet\n2. Andet"
    assert "Passet" not in str(news)

    clock.set(START + timedelta(minutes=50))
    held = await house.meetings.held(meeting.id, ACTOR, "Vi mødtes.")
    assert held.state == "held"
    assert (await promise(house, meeting.meeting_promise)).state is PromiseState.KEPT
    minutes = await promise(house, held.minutes_promise)
    # Five working days to the end of opening.
    assert minutes.due_at == datetime(2026, 12, 8, 15, 0, tzinfo=CPH)
    assert minutes.caseworker == LONE
    with pytest.raises(Conflict):
        await house.contacts.close(receipt.reference, ACTOR, Outcome.SOLVED)

    # Missing minutes are an open promise that escalates.
    clock.set(minutes.due_at)
    while await house.promise_clock.fire_due():
        pass
    assert (await promise(house, held.minutes_promise)).late_at is not None
    kinds = [event.kind for event in (await house.contacts.view(receipt.reference)).timeline]
    assert "escalated" in kinds

    assert await house.meetings.write(meeting.id, ACTOR, Paper.MINUTES, "Vi talte om passet.")
    assert (await promise(house, held.minutes_promise)).state is PromiseState.KEPT
    # A correction goes out too, and changes no promise.
    await house.meetings.write(meeting.id, ACTOR, Paper.MINUTES, "Vi talte om begge pas.")
    assert [t["template"] for t in await told(house)][-2:] == ["minutes", "minutes"]
    with pytest.raises(Conflict):
        await house.meetings.write(meeting.id, ACTOR, Paper.AGENDA, "For sent.")
    assert await findings(house) == []
    await house.contacts.close(receipt.reference, ACTOR, Outcome.SOLVED)
    assert await findings(house) == []


async def test_an_agenda_that_was_never_sent_gives_way_to_the_minutes(
    house: House, clock: FixedClock, meeting: MeetingRow
) -> None:
    clock.set(START)
    while await house.promise_clock.fire_due():
        pass
    held = await house.meetings.held(meeting.id, ACTOR)
    agenda = await promise(house, meeting.agenda_promise)
    assert (agenda.state, agenda.replaced_by) == (PromiseState.REPLACED, held.minutes_promise)
    assert agenda.late_at is not None
    assert await findings(house) == []


async def test_a_meeting_that_nobody_says_was_held_is_late(
    house: House, clock: FixedClock, meeting: MeetingRow
) -> None:
    clock.set(START + timedelta(hours=1))
    while await house.promise_clock.fire_due():
        pass
    row = await promise(house, meeting.meeting_promise)
    assert row.late_at is not None
    assert row.state.is_open
    assert await findings(house) == []


async def test_without_mail_a_person_confirms_that_it_was_given(
    house: House, clock: FixedClock
) -> None:
    receipt = await house.reception.receive(arrival("no mail"))
    meeting = await house.meetings.agree(receipt.reference, ACTOR, "Om passet", PLACE)
    assert [(t["effect"], t["template"]) for t in await told(house)] == [
        ("sms.tell", "meeting_agreed")
    ]
    with pytest.raises(Conflict) as unwritten:
        await house.meetings.given(meeting.id, ACTOR, Paper.AGENDA, How.LETTER)
    assert unwritten.value.code == "not_written"
    assert not await house.meetings.write(meeting.id, ACTOR, Paper.AGENDA, "1. Passet")
    assert (await promise(house, meeting.agenda_promise)).state.is_open
    await house.meetings.given(meeting.id, ACTOR, Paper.AGENDA, How.LETTER, "Sendt i dag.")
    assert (await promise(house, meeting.agenda_promise)).state is PromiseState.KEPT
    with pytest.raises(Conflict) as twice:
        await house.meetings.given(meeting.id, ACTOR, Paper.AGENDA, How.LETTER)
    assert twice.value.code == "promise_ended"
    assert len(await told(house)) == 1
    assert await findings(house) == []


async def test_who_cannot_use_mail_is_not_written_to_by_mail(house: House) -> None:
    receipt = await house.reception.receive(
        arrival("exempt", email="kim@example.dk", flags=frozenset({"digitally_exempt"}))
    )
    meeting = await house.meetings.agree(receipt.reference, ACTOR, "Om passet", PLACE)
    assert not await house.meetings.write(meeting.id, ACTOR, Paper.AGENDA, "1. Passet")


async def test_a_meeting_is_moved_and_the_agenda_with_it(
    house: House, clock: FixedClock, receipt: Receipt, meeting: MeetingRow
) -> None:
    later = START + timedelta(days=7)
    moved = await house.meetings.move(
        meeting.id, ACTOR, Agreed(later, later + timedelta(hours=2), Way.VIDEO, "https://v.example/1"),
        meeting.version,
    )  # fmt: skip
    assert (moved.starts_at, moved.way) == (later, "video")
    meet = await promise(house, meeting.meeting_promise)
    assert (meet.not_before, meet.due_at) == (later, later + timedelta(hours=2))
    agenda = await promise(house, meeting.agenda_promise)
    assert agenda.due_at == datetime(2026, 12, 7, 15, 0, tzinfo=CPH)
    assert (await told(house))[-1]["template"] == "meeting_moved"
    with pytest.raises(Conflict) as stale:
        await house.meetings.move(meeting.id, ACTOR, PLACE, meeting.version)
    assert stale.value.code == "stale"
    assert await findings(house) == []

    # After its time, unheld and late: a new time makes it good.
    clock.set(later + timedelta(hours=3))
    while await house.promise_clock.fire_due():
        pass
    assert (await promise(house, meeting.meeting_promise)).late_at is not None
    again = clock.now() + timedelta(days=2)
    await house.meetings.move(
        meeting.id, ACTOR, replace(PLACE, starts_at=again, ends_at=again + timedelta(hours=1))
    )
    assert (await promise(house, meeting.meeting_promise)).late_at is None
    assert await findings(house) == []


async def test_cancelled_by_the_citizen_or_by_us(
    house: House, receipt: Receipt, meeting: MeetingRow
) -> None:
    await house.meetings.cancel(meeting.id, ACTOR, by_citizen=False, reason="Sygdom.")
    meet = await promise(house, meeting.meeting_promise)
    instead = await promise(house, meet.replaced_by)
    assert (meet.state, instead.kind, instead.caseworker) == (
        PromiseState.REPLACED, "answer", LONE,
    )  # fmt: skip
    assert (await told(house))[-1]["template"] == "meeting_cancelled"
    assert "Sygdom" not in str(await told(house))

    second = await house.meetings.agree(receipt.reference, ACTOR, "Igen", PLACE)
    await house.meetings.cancel(second.id, ACTOR, by_citizen=True)
    for number in (second.meeting_promise, second.agenda_promise):
        assert (await promise(house, number)).state is PromiseState.WITHDRAWN
    for step in (
        house.meetings.cancel(second.id, ACTOR, by_citizen=True),
        house.meetings.held(second.id, ACTOR),
        house.meetings.move(second.id, ACTOR, PLACE),
        house.meetings.write(second.id, ACTOR, Paper.AGENDA, "1."),
    ):
        with pytest.raises(Conflict) as over:
            await step
        assert over.value.code == "meeting_over"
    assert await findings(house) == []


async def test_a_citizen_who_withdraws_it_all_cancels_the_meeting(
    house: House, receipt: Receipt, meeting: MeetingRow
) -> None:
    await house.contacts.close(receipt.reference, ACTOR, Outcome.WITHDRAWN)
    assert (await house.meetings.row(meeting.id)).state == "cancelled"
    assert await findings(house) == []


async def test_a_meeting_about_a_part_belongs_to_who_has_the_part(
    house: House, receipt: Receipt
) -> None:
    [part] = await house.splitting.split(
        receipt.reference, ACTOR, [NewPart("Boligstøtte", "ydelse")], caseworker=LONE
    )
    meeting = await house.meetings.agree(receipt.reference, ACTOR, "Bolig", PLACE, part.id)
    await house.parts.claim(part.id, "jens-mosevang")
    meet = await promise(house, meeting.meeting_promise)
    assert (meet.department, meet.caseworker, meet.part_id) == ("ydelse", "jens-mosevang", part.id)
    for step, code in (
        (house.parts.solve(part.id, ACTOR), "open_promise"),
        (house.parts.withdraw(part.id, ACTOR), "open_meeting"),
    ):
        with pytest.raises(Conflict) as refused:
            await step
        assert refused.value.code == code
    await house.meetings.cancel(meeting.id, ACTOR, by_citizen=False)
    assert await findings(house) == []
    await house.parts.solve(part.id, ACTOR)
    with pytest.raises(Conflict, match="ended"):
        await house.meetings.agree(receipt.reference, ACTOR, "Bolig", PLACE, part.id)
    assert await findings(house) == []


async def test_bad_meetings_are_refused_and_change_nothing(
    house: House, receipt: Receipt, meeting: MeetingRow
) -> None:
    async def refused(reference: str, subject: str, agreed: Agreed, part: int | None = None) -> str:
        with pytest.raises(SenderError) as found:
            await house.meetings.agree(reference, ACTOR, subject, agreed, part)
        return found.value.code

    reference = receipt.reference
    assert await refused(reference, " ", PLACE) == "empty_subject"
    assert await refused(reference, "070761-4285", PLACE) == "contains_cpr"
    assert await refused(reference, "Møde", replace(PLACE, place="")) == "place_missing"
    past = replace(PLACE, starts_at=START - timedelta(days=30))
    assert await refused(reference, "Møde", past) == "window_in_past"
    assert await refused(reference, "Møde", PLACE, 77) == "no_such_part"
    assert await refused("\0", "Møde", PLACE) == "no_such_contact"
    for text, code in (("  ", "empty_words"), ("Om 070761-4285", "contains_cpr")):
        with pytest.raises(SenderError) as found:
            await house.meetings.write(meeting.id, ACTOR, Paper.AGENDA, text)
        assert found.value.code == code
    with pytest.raises(NotFound):
        await house.meetings.row(77)
    with pytest.raises(NotFound):
        await house.meetings.held(77, ACTOR)
    assert len((await house.contacts.view(reference)).meetings) == 1
