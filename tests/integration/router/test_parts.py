"""A contact with several topics: its parts, who owns them, and who coordinates."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import asyncpg
import pytest

from router.clock import FixedClock
from router.errors import Conflict, NotFound, SenderError
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, Outcome, PromiseKind, PromiseState, Receipt
from router.rows import PartRow
from router.splitting import NewPart
from router.staff import mirror

LONE, JENS = "lone-hvideklit", "jens-mosevang"
TOPICS = (
    NewPart("Pas til barnet", "borgerservice", LONE),
    NewPart("Boligstøtte", "ydelse"),
    NewPart("Hul i vejen", "vej", promise=PromiseKind.CALLBACK),
)


@pytest.fixture
async def receipt(house: House) -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=house.clock.now(),
            text="Pas, boligstøtte og et hul i vejen.",
            email="kim@example.dk",
            phone="+4520304050",
            menu="borgerservice",
        )
    )


@pytest.fixture
async def parts(house: House, receipt: Receipt) -> list[PartRow]:
    """Lone has split the contact in three."""
    return await house.splitting.split(receipt.reference, f"staff:{LONE}", TOPICS, caseworker=LONE)


async def findings(house: House) -> list[str]:
    found = await audit(house.ledger, house.clock.now())
    return [finding.invariant for finding in found if not finding.invariant.startswith("7")]


async def owned(house: House, part: PartRow) -> set[tuple[str, str | None]]:
    """The part's owner, and those of its open promises."""
    row = await house.parts.row(part.id)
    view = await house.contacts.view((await house.contacts.head(part.contact_id)).reference)
    promises = {
        (p.department, p.caseworker)
        for p in view.promises
        if p.part_id == part.id and p.state.is_open
    }
    return promises | {(row.department, row.caseworker)}


async def told(house: House, template: str) -> list[dict[str, object]]:
    rows = await house.ledger.fetch(
        "SELECT payload FROM effects WHERE payload ->> 'template' = $1 ORDER BY id", template
    )
    return [row["payload"] for row in rows]


async def close_by_force(house: House) -> None:
    async with house.ledger.transaction() as connection:
        await connection.execute(
            "UPDATE promises SET state = 'kept', ended_at = now(), fire_at = NULL "
            "WHERE ended_at IS NULL"
        )
        await connection.execute(
            "UPDATE contacts SET state = 'closed', outcome = 'spam', closed_at = now(), "
            "next_due_at = NULL"
        )


async def test_a_split_gives_each_topic_an_owner_and_a_promise(
    house: House, receipt: Receipt, parts: list[PartRow]
) -> None:
    view = await house.contacts.view(receipt.reference)
    assert (view.head.department, view.head.caseworker) == ("borgerservice", LONE)
    assert [(p.title, p.department, p.caseworker) for p in view.parts] == [
        ("Pas til barnet", "borgerservice", LONE),
        ("Boligstøtte", "ydelse", None),
        ("Hul i vejen", "vej", None),
    ]
    promised = {p.part_id: (p.kind, p.department, p.caseworker, p.phone) for p in view.promises}
    assert promised[parts[0].id] == ("answer", "borgerservice", LONE, "")
    assert promised[parts[1].id] == ("answer", "ydelse", None, "")
    assert promised[parts[2].id] == ("callback", "vej", None, "+4520304050")
    # What was promised first still stands, and the coordinator owes it.
    assert promised[None][:3] == ("answer", "borgerservice", LONE)
    plans = await told(house, "plan")
    assert len(plans) == 1
    assert [p["department"] for p in plans[0]["parts"]] == ["borgerservice", "ydelse", "vej"]  # type: ignore[attr-defined]
    assert "Boligstøtte" not in str(plans)
    assert view.timeline[-1].kind == "split"
    assert view.timeline[-1].body.splitlines()[1] == "Boligstøtte"
    assert await findings(house) == []


async def test_promises_of_parts_stay_when_the_whole_changes_hands(
    house: House, receipt: Receipt, parts: list[PartRow]
) -> None:
    await house.contacts.offer(receipt.reference, f"staff:{LONE}", "ydelse", JENS)
    await house.contacts.accept(receipt.reference, JENS)
    assert await owned(house, parts[0]) == {("borgerservice", LONE)}
    assert await owned(house, parts[2]) == {("vej", None)}
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.department, head.caseworker) == ("ydelse", JENS)
    assert await findings(house) == []


async def test_a_call_that_is_asked_about_again_does_not_move_parts(
    house: House, receipt: Receipt
) -> None:
    await house.splitting.split(
        receipt.reference,
        "staff:switchboard",
        [NewPart("Boligstøtte", "ydelse")],
        caseworker=None,
        coordinator=JENS,
    )
    await house.reception.receive(
        Arrival(
            channel=Channel.PHONE,
            dedupe_key="again",
            received_at=house.clock.now(),
            text="Der er rotter i haven",
            reference=receipt.reference,
            reroute=True,
        )
    )
    view = await house.contacts.view(receipt.reference)
    assert view.head.department != "ydelse"
    assert {p.department for p in view.promises if p.part_id is not None} == {"ydelse"}


async def test_a_part_is_claimed_by_one_of_two(house: House, parts: list[PartRow]) -> None:
    people = [
        p.id for p in house.municipality.caseworkers.values() if p.department in ("ydelse", "job")
    ][:2]
    results = await asyncio.gather(
        *(house.parts.claim(parts[1].id, person) for person in people), return_exceptions=True
    )
    conflicts = [r for r in results if isinstance(r, Conflict)]
    owner = (await house.parts.row(parts[1].id)).caseworker
    assert [(c.code, c.detail) for c in conflicts] == [("taken_by_other", owner)]
    assert await owned(house, parts[1]) == {("ydelse", owner)}
    await house.parts.claim(parts[1].id, str(owner))
    assert await findings(house) == []


async def test_an_offered_part_changes_owner_only_when_taken_and_comes_back(
    house: House, clock: FixedClock, parts: list[PartRow]
) -> None:
    part = parts[0]
    await house.parts.offer(part.id, f"staff:{LONE}", "ydelse", JENS, "Det er hans.")
    assert await owned(house, part) == {("borgerservice", LONE)}
    until = (await house.parts.row(part.id)).offered_until
    assert until is not None
    clock.set(until)
    while await house.promise_clock.fire_due():
        pass
    assert await house.parts.lapse_offers() == 1
    assert await house.parts.lapse_offers() == 0
    assert (await house.parts.row(part.id)).offered_department is None

    await house.parts.offer(part.id, f"staff:{LONE}", "ydelse")
    with pytest.raises(Conflict, match=LONE):
        await house.parts.claim(part.id, "bente-loevfald")
    await house.parts.claim(part.id, JENS)
    assert await owned(house, part) == {("ydelse", JENS)}
    assert await findings(house) == []


async def test_the_whole_closes_after_its_parts(
    house: House, receipt: Receipt, parts: list[PartRow]
) -> None:
    for outcome in Outcome:
        with pytest.raises(Conflict) as refused:
            await house.contacts.close(receipt.reference, f"staff:{LONE}", outcome)
        assert refused.value.code == "open_part"
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="closed_contact_has_no_open_part"):
        await close_by_force(house)
    await house.parts.solve(parts[0].id, f"staff:{LONE}", "Passet er bestilt.")
    with pytest.raises(Conflict) as call:
        await house.parts.solve(parts[2].id, f"staff:{LONE}")
    assert call.value.code == "open_promise"
    view = await house.contacts.view(receipt.reference)
    callback = next(p for p in view.promises if p.part_id == parts[2].id)
    await house.promises.attempt(callback.id, f"staff:{LONE}", "reached")
    # The part is not solved by the call: it goes on being promised.
    view = await house.contacts.view(receipt.reference)
    left = [p.kind for p in view.promises if p.part_id == parts[2].id and p.state.is_open]
    assert left == ["answer"]
    assert await findings(house) == []
    await house.parts.solve(parts[2].id, f"staff:{LONE}")
    await house.parts.withdraw(parts[1].id, f"staff:{LONE}", "Har søgt selv.")
    for ended in (house.parts.solve, house.parts.withdraw):
        with pytest.raises(Conflict, match="ended"):
            await ended(parts[1].id, f"staff:{LONE}")
    with pytest.raises(Conflict, match="ended"):
        await house.parts.claim(parts[1].id, LONE)
    assert await findings(house) == []
    await house.contacts.close(receipt.reference, f"staff:{LONE}", Outcome.SOLVED)
    assert await findings(house) == []
    assert [t["left"] for t in await told(house, "part_solved")] == [2, 1]


async def test_the_contact_stays_due_when_its_last_part_ends(
    house: House, receipt: Receipt, parts: list[PartRow]
) -> None:
    view = await house.contacts.view(receipt.reference)
    # The answer for the whole gave way to those of the topics.
    whole = view.promises[0]
    assert (whole.kind, whole.state) == ("answer", PromiseState.REPLACED)
    assert whole.replaced_by in {p.id for p in view.promises if p.part_id == parts[0].id}
    assert all(p.part_id for p in view.promises if p.state.is_open)
    for part in parts:
        await house.parts.withdraw(part.id, f"staff:{LONE}")
    view = await house.contacts.view(receipt.reference)
    assert [(p.kind, p.part_id, p.caseworker) for p in view.promises if p.state.is_open] == [
        ("answer", None, LONE)
    ]
    assert await findings(house) == []


async def test_who_may_split_and_what_cannot_be_split(house: House, receipt: Receipt) -> None:
    async def refused(*topics: NewPart, caseworker: str | None = LONE, **more: object) -> str:
        with pytest.raises(SenderError) as found:
            await house.splitting.split(
                receipt.reference,
                "staff:x",
                topics,
                caseworker=caseworker,
                **more,  # type: ignore[arg-type]
            )
        return found.value.code

    pas = TOPICS[0]
    assert await refused() == "how_many_parts"
    assert await refused(*[pas] * 21) == "how_many_parts"
    assert await refused(replace(pas, title=" \0 "[:1])) == "empty_title"
    assert await refused(replace(pas, title="x" * 201)) == "title_too_long"
    assert await refused(replace(pas, title="Om 070761-4285")) == "contains_cpr"
    assert await refused(replace(pas, department="nowhere")) == "no_such_department"
    assert await refused(replace(pas, caseworker=JENS)) == "no_such_caseworker"
    assert await refused(replace(pas, promise=PromiseKind.MEETING)) == "no_such_promise_here"
    assert await refused(pas, coordinator="nobody") == "no_such_caseworker"
    assert await refused(pas, caseworker=None) == "caseworker_needed"
    assert await refused(pas, version=99) == "stale"
    assert (await house.contacts.view(receipt.reference)).parts == []
    await house.contacts.claim(receipt.reference, JENS)
    assert await refused(pas) == "taken_by_other"
    with pytest.raises(NotFound):
        await house.splitting.split("482\0", "staff:x", [pas], caseworker=LONE)
    with pytest.raises(NotFound):
        await house.parts.claim(99, LONE)
    assert await findings(house) == []


async def test_who_cannot_be_called_is_promised_no_call(house: House, receipt: Receipt) -> None:
    await house.ledger.execute("UPDATE contacts SET flags = '{no_calls}'")
    with pytest.raises(Conflict) as refused:
        await house.splitting.split(receipt.reference, "staff:x", TOPICS, caseworker=LONE)
    assert refused.value.code == "no_calls"


async def test_a_named_coordinator_owns_the_whole_once_they_accept(
    house: House, receipt: Receipt
) -> None:
    await house.splitting.split(
        receipt.reference, f"staff:{LONE}", TOPICS, caseworker=LONE, coordinator=JENS
    )
    head = await house.contacts.by_reference(receipt.reference)
    assert (head.caseworker, head.offered_caseworker) == (LONE, JENS)
    await house.contacts.accept(receipt.reference, JENS)
    assert (await house.contacts.by_reference(receipt.reference)).caseworker == JENS
    assert await findings(house) == []


async def test_a_callback_of_a_part_joins_one_that_is_there_and_ends_with_it(
    house: House, clock: FixedClock, receipt: Receipt
) -> None:
    other = await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="other",
            received_at=clock.now(),
            text="Om vejen",
            menu="vej",
            callback=CallbackWish("+4520304050"),
        )
    )
    parts = await house.splitting.split(receipt.reference, "staff:x", TOPICS, caseworker=LONE)
    main = (await house.contacts.view(other.reference)).promises[0]
    mine = next(
        p
        for p in (await house.contacts.view(receipt.reference)).promises
        if p.part_id == parts[2].id
    )
    assert mine.joins == main.id
    await house.promises.attempt(main.id, "staff:x", "reached")
    view = await house.contacts.view(receipt.reference)
    open_now = [p.kind for p in view.promises if p.part_id == parts[2].id and p.state.is_open]
    assert open_now == ["answer"]
    assert await findings(house) == []


async def test_the_parts_of_who_has_left_come_home(
    house: House, clock: FixedClock, parts: list[PartRow]
) -> None:
    await house.parts.claim(parts[1].id, JENS)
    people = {k: p for k, p in house.municipality.caseworkers.items() if k != JENS}
    smaller = replace(house.municipality, caseworkers=MappingProxyType(people))
    await mirror(house.ledger, smaller, clock)
    assert await owned(house, parts[1]) == {("ydelse", None)}
    assert await findings(house) == []


async def test_a_promise_of_a_part_is_not_taken_with_the_contact(
    house: House, receipt: Receipt, parts: list[PartRow]
) -> None:
    view = await house.contacts.view(receipt.reference)
    promise = next(p for p in view.promises if p.part_id == parts[1].id)
    with pytest.raises(Conflict) as refused:
        await house.promises.claim(promise.id, JENS)
    assert refused.value.code == "belongs_to_part"


async def test_the_audit_finds_a_part_that_nobody_was_promised(
    house: House, clock: FixedClock, parts: list[PartRow]
) -> None:
    await house.ledger.execute(
        "UPDATE promises SET state = 'kept', ended_at = $1, fire_at = NULL WHERE part_id = $2",
        clock.now() + timedelta(0),
        parts[1].id,
    )
    assert "5 part is owned and promised" in await findings(house)
