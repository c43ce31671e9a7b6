"""Promises kept in writing, deadlines of the law, and the call before a refusal."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from router.clock import FixedClock
from router.errors import Conflict, NotFound, SenderError
from router.house import House
from router.ledger.audit import audit
from router.meeting_terms import How
from router.model import Arrival, Channel, PromiseKind, PromiseState, Receipt
from router.promises import NewPromise
from router.rows import PromiseRow
from router.splitting import NewPart

ACTOR = "staff:lone-hvideklit"
CPH = ZoneInfo("Europe/Copenhagen")


@pytest.fixture
async def receipt(house: House) -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=house.clock.now(),
            text="Om mit pas.",
            email="kim@example.dk",
            phone="+4520304050",
            menu="borgerservice",
        )
    )


async def make(house: House, receipt: Receipt, kind: str, **more: Any) -> PromiseRow:
    return await house.promises.make(
        receipt.reference, ACTOR, NewPromise(PromiseKind(kind), **more)
    )


async def findings(house: House) -> list[str]:
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found if not finding.invariant.startswith("7")]


async def run_clock(house: House) -> None:
    while await house.promise_clock.fire_due():
        pass


async def kinds(house: House, receipt: Receipt) -> list[str]:
    return [event.kind for event in (await house.contacts.view(receipt.reference)).timeline]


@pytest.mark.parametrize("kind", ["status_letter", "document_access", "receipt", "answer"])
async def test_a_letter_is_kept_by_being_sent(house: House, receipt: Receipt, kind: str) -> None:
    promise = await make(house, receipt, kind, about="Sag 12")
    await house.letters.keep(promise.id, ACTOR, words="Din sag er i gang.", note="Ringer også.")
    kept = await house.promises.row(promise.id)
    assert kept.state is PromiseState.KEPT
    view = await house.contacts.view(receipt.reference)
    sent, ended = view.timeline[-2:]
    assert (sent.kind, sent.body) == ("letter_sent", "Din sag er i gang.")
    assert (ended.kind, ended.body) == ("kept", "Ringer også.")
    effect = await house.ledger.fetchrow("SELECT kind, payload FROM effects ORDER BY id DESC")
    assert effect is not None
    assert (effect["kind"], effect["payload"]["template"]) == ("mail.tell", "letter")
    assert effect["payload"]["words"] == sent.id
    assert "Din sag" not in str(effect["payload"])
    with pytest.raises(Conflict, match="ended"):
        await house.letters.keep(promise.id, ACTOR, how=How.LETTER)
    assert await findings(house) == []


async def test_what_left_on_paper_is_only_noted(house: House, receipt: Receipt) -> None:
    promise = await make(house, receipt, "status_letter")
    before = await house.ledger.fetchval("SELECT count(*) FROM effects")
    await house.letters.keep(promise.id, ACTOR, how=How.DIGITAL_POST, note="Brev nr. 7")
    event = (await house.contacts.view(receipt.reference)).timeline[-1]
    assert (event.data["how"], event.body) == ("digital_post", "Brev nr. 7")
    assert await house.ledger.fetchval("SELECT count(*) FROM effects") == before


async def test_what_cannot_be_sent_from_here_is_said(house: House) -> None:
    receipt = await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="no mail",
            received_at=house.clock.now(),
            text="x",
            phone="+4520304050",
        )
    )
    promise = await make(house, receipt, "status_letter")
    with pytest.raises(Conflict) as refused:
        await house.letters.keep(promise.id, ACTOR, words="Kære Kim")
    assert refused.value.code == "no_mail"
    with pytest.raises(SenderError) as cpr:
        await house.letters.keep(promise.id, ACTOR, words="Om 070761-4285")
    assert cpr.value.code == "contains_cpr"
    assert (await house.promises.row(promise.id)).state.is_open
    with pytest.raises(NotFound):
        await house.letters.keep(987, ACTOR)


async def test_a_call_is_kept_by_talking_or_by_a_written_answer(
    house: House, receipt: Receipt
) -> None:
    promise = await make(house, receipt, "complaint_call")
    with pytest.raises(SenderError) as refused:
        await house.letters.keep(promise.id, ACTOR, note="Done")
    assert refused.value.code == "say_how"
    await house.letters.keep(promise.id, ACTOR, words="Vi beklager.")
    assert (await house.promises.row(promise.id)).state is PromiseState.KEPT


async def test_the_call_before_a_refusal_is_made_or_tried(house: House, receipt: Receipt) -> None:
    promise = await make(house, receipt, "call_before_refusal", about="Afslag på byggesag")
    assert promise.phone == "+4520304050"
    first = await house.promises.attempt(promise.id, ACTOR, "no_answer")
    assert first.state.is_open
    second = await house.promises.attempt(promise.id, ACTOR, "no_answer")
    assert (second.state, second.attempts) == (PromiseState.KEPT, 2)
    reached = await make(house, receipt, "call_before_refusal")
    kept = await house.promises.attempt(reached.id, ACTOR, "reached")
    assert (kept.state, kept.attempts) == (PromiseState.KEPT, 1)
    assert await findings(house) == []


async def test_the_call_before_a_refusal_never_moves_a_deadline_of_the_law(
    house: House, clock: FixedClock, receipt: Receipt
) -> None:
    access = await make(house, receipt, "document_access")
    law = access.statutory_due_at
    assert law == access.due_at == datetime(2026, 12, 2, 15, 0, tzinfo=CPH)
    early = await make(house, receipt, "call_before_refusal")
    assert early.due_at == datetime(2026, 11, 25, 15, 0, tzinfo=CPH)
    clock.set(datetime(2026, 12, 1, 10, 0, tzinfo=CPH))
    await run_clock(house)
    call = await make(house, receipt, "call_before_refusal")
    # Two working days would be the 3rd; the law says the 2nd.
    assert call.due_at == law
    await house.promises.attempt(call.id, ACTOR, "no_answer")
    assert (await house.promises.row(access.id)).statutory_due_at == law
    assert (await house.promises.row(access.id)).due_at == law
    assert await findings(house) == []


async def test_a_call_needs_a_number_and_somebody_who_can_be_called(house: House) -> None:
    receipt = await house.reception.receive(
        Arrival(
            channel=Channel.WEB, dedupe_key="x", received_at=house.clock.now(), text="x",
            email="kim@example.dk",
        )
    )  # fmt: skip
    for kind in ("callback", "complaint_call", "call_before_refusal"):
        with pytest.raises(SenderError) as refused:
            await make(house, receipt, kind)
        assert refused.value.code == "phone_missing"
    await house.ledger.execute("UPDATE contacts SET flags = '{no_calls}'")
    with pytest.raises(Conflict) as never:
        await make(house, receipt, "call_before_refusal", phone="+4520304050")
    assert never.value.code == "no_calls"


async def test_a_missed_deadline_of_the_law_gets_its_notice_by_itself(
    house: House, clock: FixedClock, receipt: Receipt
) -> None:
    access = await make(house, receipt, "document_access")
    letter = await make(house, receipt, "status_letter")
    working = access.due_at - timedelta(hours=6)
    clock.set(working)
    await run_clock(house)
    assert "notice_proposed" in await kinds(house, receipt)
    assert "notice_promised" not in await kinds(house, receipt)
    clock.set(max(access.due_at, letter.due_at))
    await asyncio.gather(*(house.promise_clock.fire_due() for _ in range(4)))
    await run_clock(house)
    view = await house.contacts.view(receipt.reference)
    [notice] = [p for p in view.promises if p.kind is PromiseKind.DEADLINE_NOTICE]
    assert notice.notice_of == access.id
    assert notice.department == access.department
    assert notice.due_at > clock.now()
    assert (await kinds(house, receipt)).count("notice_promised") == 1
    with pytest.raises(Conflict) as again:
        await house.letters.promise_notice(access.id, ACTOR)
    assert again.value.code == "notice_promised"
    with pytest.raises(Conflict) as other:
        await house.letters.promise_notice(letter.id, ACTOR)
    assert other.value.code == "no_deadline_of_law"
    await house.letters.keep(notice.id, ACTOR, words="Vi når det ikke.")
    # The deadline stays open until the documents are given.
    assert (await house.promises.row(access.id)).state.is_open
    assert await findings(house) == []


async def test_a_notice_promised_in_time_is_due_before_the_deadline(
    house: House, clock: FixedClock, receipt: Receipt
) -> None:
    access = await make(house, receipt, "document_access")
    clock.set(access.due_at - timedelta(hours=2))
    results = await asyncio.gather(
        *(house.letters.promise_notice(access.id, ACTOR) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(r, Conflict) for r in results) == 3
    view = await house.contacts.view(receipt.reference)
    [notice] = [p for p in view.promises if p.kind is PromiseKind.DEADLINE_NOTICE]
    assert notice.due_at <= access.due_at
    clock.set(access.due_at)
    await run_clock(house)
    view = await house.contacts.view(receipt.reference)
    assert sum(p.kind is PromiseKind.DEADLINE_NOTICE for p in view.promises) == 1
    assert await findings(house) == []


async def test_a_promise_for_a_part_belongs_to_its_owner(house: House, receipt: Receipt) -> None:
    [part] = await house.splitting.split(
        receipt.reference, ACTOR, [NewPart("Bolig", "ydelse")], caseworker="lone-hvideklit"
    )
    letter = await make(house, receipt, "status_letter", part_id=part.id)
    assert (letter.department, letter.caseworker, letter.part_id) == ("ydelse", None, part.id)
    with pytest.raises(NotFound):
        await make(house, receipt, "status_letter", part_id=99)
    with pytest.raises(Conflict):
        await house.parts.solve(part.id, ACTOR)
    await house.parts.withdraw(part.id, ACTOR)
    with pytest.raises(Conflict) as ended:
        await make(house, receipt, "status_letter", part_id=part.id)
    assert ended.value.code == "part_ended"
    assert await findings(house) == []
