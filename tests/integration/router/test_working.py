"""What staff do with a contact, and what the clock does when they do not."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import pytest

from router.clock import FixedClock
from router.errors import Conflict, NotFound, SenderError
from router.house import House
from router.ledger.audit import audit
from router.meeting_terms import How
from router.model import Arrival, CallbackWish, Channel, Outcome, PromiseKind, PromiseState, Receipt

BENTE = "bente-lovfald"


@pytest.fixture
async def receipt(house: House) -> Receipt:
    """A citizen waits to be called about a bin."""
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=house.clock.now(),
            text="Vores skraldespand er ikke tømt.",
            email="kim@example.dk",
            callback=CallbackWish("+4520304050"),
        )
    )


@pytest.fixture
async def promise(house: House, receipt: Receipt) -> int:
    return (await house.contacts.view(receipt.reference)).promises[0].id


def someone_in(house: House, department: str) -> str:
    return next(p.id for p in house.municipality.caseworkers.values() if p.department == department)


@pytest.fixture
def bente(house: House) -> str:
    return someone_in(house, "affald")


async def findings(house: House) -> list[str]:
    """What the audit finds; but for mail that waits, since no outbox runs in these tests."""
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found if not finding.invariant.startswith("7")]


async def kinds(house: House, receipt: Receipt) -> list[str]:
    return [event.kind for event in (await house.contacts.view(receipt.reference)).timeline]


async def test_reached_keeps_the_promise_and_the_contact_stays_due(
    house: House, receipt: Receipt, promise: int, bente: str
) -> None:
    await house.promises.claim(promise, bente)
    row = await house.promises.attempt(promise, f"staff:{bente}", "reached", "Tømmes i morgen.")
    assert row.state is PromiseState.KEPT
    view = await house.contacts.view(receipt.reference)
    # Not closed yet: what is left to do has a due time of its own.
    assert [p.kind for p in view.promises if p.state.is_open] == ["answer"]
    assert view.promises[-1].caseworker == bente
    await house.contacts.close(receipt.reference, f"staff:{bente}", Outcome.SOLVED, "Aftalt.")
    assert (await house.contacts.by_reference(receipt.reference)).state == "closed"
    assert await findings(house) == []


async def test_not_reached_rests_tells_the_citizen_and_at_last_needs_a_person(
    house: House, clock: FixedClock, receipt: Receipt, promise: int, bente: str
) -> None:
    states = []
    for _ in range(house.municipality.policies.of(PromiseKind.CALLBACK).attempts):
        row = await house.promises.attempt(promise, f"staff:{bente}", "no_answer")
        states.append(row.state)
        if row.retry_at is not None:
            assert row.retry_at > clock.now()
            clock.set(row.retry_at)
            await house.promise_clock.fire_due()
            assert (await house.promises.row(promise)).state is PromiseState.WAITING
    assert states[0] is PromiseState.RESTING
    assert states[-1] is PromiseState.NEEDS_PERSON
    effects = (await house.contacts.view(receipt.reference)).effects
    # The receipt, and a word after each attempt, the last one too.
    assert [e.kind for e in effects].count("mail.tell") == 1 + len(states)
    with pytest.raises(Conflict, match="callback"):
        await house.contacts.close(receipt.reference, f"staff:{bente}", Outcome.SOLVED)
    await house.contacts.close(
        receipt.reference, f"staff:{bente}", Outcome.UNREACHABLE, "3 forsøg", how=How.LETTER
    )
    assert await findings(house) == []


async def test_late_is_a_mark_that_alarms_each_working_day(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    due = (await house.promises.row(promise)).due_at
    clock.set(due - timedelta(seconds=1))
    assert await house.promise_clock.fire_due() == 1  # the warnings before
    assert await house.promise_clock.fire_due() == 0
    clock.set(due)
    assert await house.promise_clock.fire_due() == 1
    assert await house.promise_clock.fire_due() == 0
    row = await house.promises.row(promise)
    assert row.late_at == due
    assert row.state.is_open
    clock.advance(timedelta(days=2))
    assert await house.promise_clock.fire_due() == 1
    told = await kinds(house, receipt)
    assert (told.count("late"), told.count("escalated")) == (1, 3)
    assert (await house.promises.row(promise)).caseworker is None  # nobody owns it by being told
    assert await findings(house) == []


async def test_two_processes_fire_a_promise_once(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    clock.set((await house.promises.row(promise)).due_at)
    fired = await asyncio.gather(*(house.promise_clock.fire_due() for _ in range(8)))
    assert sum(fired) == 1
    assert (await kinds(house, receipt)).count("late") == 1


async def test_the_clock_leaves_what_somebody_holds_for_its_next_turn(
    house: House, clock: FixedClock, receipt: Receipt, promise: int
) -> None:
    """Both want the contact and its promise: in two orders they would wait for ever."""
    clock.advance(timedelta(days=10))
    async with house.ledger.transaction() as connection:
        await connection.execute(
            "SELECT FROM contacts WHERE id = $1 FOR UPDATE", receipt.contact_id
        )
        async with asyncio.timeout(5):
            assert await house.promise_clock.fire_due() == 0
    assert await house.promise_clock.fire_due() == 1
    assert (await house.promises.row(promise)).late_at is not None


async def test_a_new_window_moves_the_promise_and_tells(
    house: House, receipt: Receipt, promise: int, bente: str
) -> None:
    start = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    row = await house.promises.reschedule(
        promise, f"staff:{bente}", start, start + timedelta(hours=1)
    )
    assert (row.state, row.not_before, row.due_at) == (
        PromiseState.SCHEDULED,
        start,
        start + timedelta(hours=1),
    )
    head = await house.contacts.by_reference(receipt.reference)
    assert head.next_due_at == row.due_at
    effects = (await house.contacts.view(receipt.reference)).effects
    assert [e.kind for e in effects] == ["mail.tell", "mail.tell"]


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (None, None, "window_missing"),
        (None, timedelta(hours=-1), "window_in_past"),
        (timedelta(hours=3), timedelta(hours=2), "window_end_before_start"),
        (timedelta(days=400), None, "window_too_far"),
    ],
)
async def test_a_window_that_cannot_be_is_refused_and_nothing_changes(
    house: House,
    promise: int,
    bente: str,
    start: timedelta | None,
    end: timedelta | None,
    code: str,
) -> None:
    before = await house.promises.row(promise)
    now = house.clock.now()
    with pytest.raises(SenderError) as refused:
        await house.promises.reschedule(
            promise,
            f"staff:{bente}",
            None if start is None else now + start,
            None if end is None else now + end,
        )
    assert refused.value.code == code
    assert await house.promises.row(promise) == before


async def test_one_of_two_who_claim_gets_it_and_the_other_hears_who(
    house: House, receipt: Receipt, promise: int
) -> None:
    people = sorted(house.municipality.caseworkers)[:2]
    results = await asyncio.gather(
        *(house.promises.claim(promise, person) for person in people), return_exceptions=True
    )
    conflicts = [result for result in results if isinstance(result, Conflict)]
    assert len(conflicts) == 1
    owner = (await house.contacts.by_reference(receipt.reference)).caseworker
    assert conflicts[0].code == "taken_by_other"
    assert conflicts[0].detail == owner


async def test_an_offer_changes_the_owner_only_when_accepted(
    house: House, clock: FixedClock, receipt: Receipt, bente: str
) -> None:
    await house.contacts.claim(receipt.reference, bente)
    await house.contacts.offer(receipt.reference, f"staff:{bente}", "vej", reason="Det er et skilt")
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.department, head.caseworker, head.offered_department) == ("affald", bente, "vej")
    with pytest.raises(Conflict):
        await house.contacts.accept(receipt.reference, bente)

    # Nobody takes it: it comes back by itself.
    assert head.offered_until is not None
    clock.set(head.offered_until)
    assert await house.contacts.lapse_offers() == 1
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.department, head.caseworker, head.offered_department) == ("affald", bente, None)

    henrik = someone_in(house, "vej")
    await house.contacts.offer(receipt.reference, f"staff:{bente}", "vej", henrik)
    await house.contacts.accept(receipt.reference, henrik)
    view = await house.contacts.view(receipt.reference)
    assert (view.head.department, view.head.caseworker) == ("vej", henrik)
    assert {(p.department, p.caseworker) for p in view.promises} == {("vej", henrik)}
    assert await findings(house) == []


async def test_a_stale_page_is_told_and_changes_nothing(
    house: House, receipt: Receipt, bente: str
) -> None:
    head = await house.contacts.by_reference(receipt.reference)
    await house.contacts.note(receipt.reference, f"staff:{bente}", "Talt med renovatøren")
    with pytest.raises(Conflict) as refused:
        await house.contacts.close(
            receipt.reference, f"staff:{bente}", Outcome.SPAM, version=head.version
        )
    assert refused.value.code == "stale"


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_every_outcome_closes_or_says_why_not(
    house: House, receipt: Receipt, bente: str, outcome: Outcome
) -> None:
    may_with_open_callback = {Outcome.WITHDRAWN, Outcome.SPAM, Outcome.DUPLICATE}
    if outcome in may_with_open_callback:
        await house.contacts.close(receipt.reference, f"staff:{bente}", outcome)
    else:
        with pytest.raises(Conflict) as refused:
            await house.contacts.close(receipt.reference, f"staff:{bente}", outcome)
        tried_first = outcome is Outcome.UNREACHABLE
        assert refused.value.code == ("not_tried" if tried_first else "open_promise")
    assert await findings(house) == []


@pytest.mark.parametrize("reference", ["", "1", "482031950", "\0", "482 031 957", "x" * 5000])
async def test_what_nobody_can_have_is_not_found(house: House, reference: str) -> None:
    for step in (
        house.contacts.by_reference(reference),
        house.contacts.view(reference),
        house.contacts.attachment(reference, 1),
        house.contacts.note(reference, "staff:x", "n"),
    ):
        with pytest.raises(NotFound):
            await step


async def test_a_cursor_that_nobody_gave_is_refused(house: House) -> None:
    for written in (b'["2026-11-23T10:00:00Z",1e30]', b'["2026-11-23T10:00:00Z",-1]'):
        with pytest.raises(SenderError, match="cursor"):
            await house.promises.list(cursor=base64.urlsafe_b64encode(written).decode())


async def test_what_is_not_there_is_said(house: House, bente: str) -> None:
    with pytest.raises(NotFound):
        await house.promises.claim(987654, bente)
    with pytest.raises(NotFound):
        await house.contacts.view("123456789")
    with pytest.raises(SenderError, match="cursor"):
        await house.promises.list(cursor="????")


async def test_the_queue_is_by_due_time_and_its_pages_miss_nothing(house: House) -> None:
    for number in range(25):
        await house.reception.receive(
            Arrival(
                channel=Channel.WEB,
                dedupe_key=f"q{number}",
                received_at=house.clock.now(),
                text="Hul i vejen" if number % 2 else "Rotter i haven",
                phone=f"+452030{number:04}",
                callback=CallbackWish(
                    f"+452030{number:04}",
                    until=house.clock.now() + timedelta(minutes=30 + number * 7 % 50),
                ),
            )
        )
    seen = []
    cursor = None
    while True:
        page = await house.promises.list(state="open", cursor=cursor, limit=7)
        seen += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert len(seen) == len({item.promise.id for item in seen}) == 25
    assert [item.promise.due_at for item in seen] == sorted(item.promise.due_at for item in seen)
    assert (await house.promises.counts())["open"] == 25
