"""Life of a contact (henvendelse): owner, offer and accept, note, close.

"Når du ser det, ejer du det – indtil det er løst": at every moment one
department owns the next step, and one caseworker once they have taken it.
Each step is one transaction that holds the contact's row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from router import reference as references
from router.errors import Conflict, NotFound, SenderError
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import (
    Attachment,
    ContactState,
    Outcome,
    PromiseKind,
    PromiseState,
    printable,
)
from router.offering import must_belong, must_work_here, next_step, offer_until, stored_step
from router.rows import (
    AttachmentRow,
    ContactHead,
    ContactView,
    DecisionRow,
    EffectRow,
    Event,
    MeetingRow,
    Page,
    PartRow,
    contact_head,
    promise_row,
    read,
)
from router.steps import H, Steps
from router.to_citizen import reason_missing
from router.unreachable import must_have_told

if TYPE_CHECKING:
    from router.ledger import Connection, Record
    from router.meeting_terms import How
    from router.steps import Tools

Q: Final = load_queries(QUERIES_FOLDER / "contacts.sql")
L: Final = load_queries(QUERIES_FOLDER / "letters.sql")
P: Final = load_queries(QUERIES_FOLDER / "parts.sql")
M: Final = load_queries(QUERIES_FOLDER / "meetings.sql")

_WITHDRAWN_BY: Final = frozenset({Outcome.WITHDRAWN, Outcome.SPAM, Outcome.DUPLICATE})


class Contacts(Steps):
    """Reads contacts, and what staff do with them."""

    def __init__(self, tools: Tools, secret: bytes) -> None:
        super().__init__(tools)
        self._secret = secret

    # Reading

    async def head(self, contact_id: int) -> ContactHead:
        """The contact with our own number `contact_id`. Raises NotFound."""
        return _found(await self._ledger.fetchrow(Q["by_id"], contact_id))

    async def by_reference(self, reference: str) -> ContactHead:
        """The contact that people call `reference` (nine digits). Raises NotFound."""
        return _found(await self._ledger.fetchrow(Q["by_reference"], _possible(reference)))

    def code_fits(self, reference: str, code: str) -> bool:
        """Whether `code` is the access code of `reference`; in constant time."""
        return references.code_fits(self._secret, reference, code)

    def access_code(self, reference: str) -> str:
        """The code that opens `reference` to its citizen."""
        return references.access_code(self._secret, reference)

    def reply_token(self, reference: str) -> str:
        """The TOKEN of `svar+TOKEN@` for this contact."""
        return references.reply_token(self._secret, reference)

    def reference_from_reply_token(self, token: str) -> str | None:
        """The reference that `token` was made for, or None."""
        return references.reference_from_reply_token(self._secret, token)

    async def view(self, reference: str) -> ContactView:
        """The contact with its whole story. Raises NotFound."""
        async with self._ledger.transaction() as connection:
            head = _found(await connection.fetchrow(Q["by_reference"], _possible(reference)))
            return ContactView(
                head=head,
                timeline=[read(Event, r) for r in await connection.fetch(Q["timeline"], head.id)],
                decisions=[
                    read(DecisionRow, r) for r in await connection.fetch(Q["decisions"], head.id)
                ],
                promises=[promise_row(r) for r in await connection.fetch(Q["promises"], head.id)],
                effects=[read(EffectRow, r) for r in await connection.fetch(Q["effects"], head.id)],
                attachments=[
                    read(AttachmentRow, r)
                    for r in await connection.fetch(Q["attachments"], head.id)
                ],
                parts=[read(PartRow, r) for r in await connection.fetch(P["of_contact"], head.id)],
                meetings=[
                    read(MeetingRow, r) for r in await connection.fetch(M["of_contact"], head.id)
                ],
            )

    async def attachment(self, reference: str, attachment_id: int) -> Attachment:
        """One file of the contact. Raises NotFound."""
        row = await self._ledger.fetchrow(Q["attachment"], _possible(reference), attachment_id)
        if row is None:
            raise NotFound("no_such_attachment", "There is no such file.")
        return Attachment(row["filename"], row["content_type"], row["content"])

    async def list(
        self,
        *,
        state: str | None = None,
        department: str | None = None,
        owner: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ContactHead]:
        """A page of contacts, newest first. Raises SenderError for a cursor we did not give."""
        after = None
        if cursor:
            if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
                raise SenderError("bad_cursor", "The cursor is not one that we gave.")
            after = int(cursor)
        rows = await self._ledger.fetch(Q["list"], state, department, owner, after, limit + 1)
        items = [contact_head(row) for row in rows[:limit]]
        return Page(items, str(items[-1].id) if len(rows) > limit else None)

    # Working

    async def note(self, reference: str, actor: str, text: str) -> None:
        """Write what was said (offentlighedsloven § 13). For staff only."""
        text = printable(text).strip()
        if not text:
            raise SenderError("empty_note", "The note is empty.")
        async with self._held(reference) as (connection, contact):
            await self._event(connection, contact.id, "note", actor, text)
            await connection.execute(Q["touch"], contact.id, self._clock.now())

    async def claim(self, reference: str, caseworker: str, version: int | None = None) -> None:
        """The caseworker takes the contact and its promises. Claiming twice is harmless.

        Raises Conflict `taken_by_other` if a colleague has it, `closed`, `stale`.
        """
        async with self._held(reference) as (connection, contact):
            _must_be_open(contact)
            if contact.caseworker == caseworker:
                return
            if contact.caseworker is not None:
                raise Conflict("taken_by_other", contact.caseworker)
            _must_be_fresh(contact, version)
            await self._take(connection, contact, contact.department, caseworker, "claimed")

    async def offer(
        self,
        reference: str,
        actor: str,
        department: str,
        caseworker: str | None = None,
        reason: str = "",
        version: int | None = None,
    ) -> None:
        """Offer the contact to somebody else. The owner stays until they accept."""
        municipality, now = self._municipality(), self._clock.now()
        must_belong(municipality, department, caseworker)
        until = offer_until(department, municipality, now)
        async with self._held(reference) as (connection, contact):
            _must_be_open(contact)
            _must_be_fresh(contact, version)
            if department == contact.department and caseworker in (None, contact.caseworker):
                raise Conflict("already_there", "The contact is already there.")
            await connection.execute(
                Q["offer"], contact.id, department, caseworker, actor, until, now, None
            )
            data = {"department": department, "caseworker": caseworker, "until": until}
            await self._event(
                connection, contact.id, "offered", actor, printable(reason).strip(), data
            )
            await self._alert_offered(connection, contact.id, department)

    async def accept(self, reference: str, caseworker: str) -> None:
        """The receiver takes what was offered; now they own it.

        Raises Conflict `nothing_offered` or `offered_to_other`.
        """
        async with self._held(reference) as (connection, contact):
            _must_be_open(contact)
            if contact.offered_department is None:
                if contact.caseworker == caseworker:
                    return
                raise Conflict("nothing_offered", "Nothing is offered.")
            member = self._municipality().caseworkers.get(caseworker)
            if contact.offered_caseworker not in (None, caseworker) or (
                member is None or member.department != contact.offered_department
            ):
                raise Conflict("offered_to_other", contact.offered_caseworker or "")
            await self._take(
                connection, contact, contact.offered_department, caseworker, "accepted"
            )

    async def close(
        self,
        reference: str,
        actor: str,
        outcome: Outcome,
        note: str = "",
        version: int | None = None,
        how: How | None = None,
    ) -> None:
        """Close with an outcome. An open part, call, letter or meeting stands in the way.

        As unreachable only after we have tried and have said so in writing; `how` is how a
        person gave that notice (`router.unreachable`). What the law asks for is dropped
        with a `note` only. Raises Conflict `open_part`, `open_promise`, `closed`, `stale`,
        `not_tried`, `notice_first` or `notice_pending`, SenderError `reason_missing`.
        """
        async with self._held(reference) as (connection, contact):
            _must_be_open(contact)
            _must_be_fresh(contact, version)
            parts = await connection.fetch(P["of_contact"], contact.id)
            if any(part["ended_at"] is None for part in parts):
                raise Conflict("open_part", "A topic is open: the whole closes after its topics.")
            if outcome is Outcome.UNREACHABLE:
                await must_have_told(connection, contact.id, how)
                if how is not None:
                    told = {"how": how}
                    await self._event(connection, contact.id, "unreachable_given", actor, "", told)
            await self._end_promises(connection, contact.id, outcome, printable(note).strip())
            await connection.execute(M["cancel_all"], contact.id)
            await connection.execute(Q["close"], contact.id, outcome, self._clock.now())
            await self._event(
                connection,
                contact.id,
                "closed",
                actor,
                printable(note).strip(),
                {"outcome": outcome},
            )

    async def _end_promises(
        self, connection: Connection, contact_id: int, outcome: Outcome, note: str
    ) -> None:
        """End what closing with `outcome` ends; nothing may be left."""
        now = self._clock.now()
        for row in await connection.fetch(H["open_promises"], contact_id):
            promise = promise_row(row)
            end = _end_by(outcome, promise.kind, promise.state)
            if end is PromiseState.WITHDRAWN and promise.asked_by_law and not note:
                raise reason_missing()
            if end is not None:
                await connection.execute(H["end_promise"], promise.id, end, now, None)
        await connection.execute(L["settle_notices"], contact_id, now)
        if await connection.fetch(H["open_promises"], contact_id):
            raise Conflict(
                "open_promise",
                "A callback, a letter or a meeting is promised: keep or withdraw it first.",
            )

    async def set_coordinator(self, reference: str, actor: str, caseworker: str | None) -> None:
        """Say who coordinates (koordinerende sagsbehandler) for the citizen of this contact.

        The rules can send what the citizen writes later to them. None: nobody does.
        Raises SenderError `no_such_caseworker`, Conflict `party_unknown` when we
        know neither phone nor mail address.
        """
        must_work_here(self._municipality(), caseworker)
        async with self._held(reference) as (connection, contact):
            if await connection.fetchval(Q["set_coordinator"], contact.id, caseworker) is None:
                raise Conflict(
                    "party_unknown", "Neither a phone number nor a mail address is known."
                )
            await self._event(
                connection, contact.id, "coordinator", actor, "", {"caseworker": caseworker}
            )

    async def lapse_offers(self, limit: int = 100) -> int:
        """Offers that nobody took go to the next of the plan, or come back; answers how many.

        Part of the clock.
        """
        now = self._clock.now()
        async with self._ledger.transaction() as connection:
            rows = await connection.fetch(Q["lapsed_offers"], now, limit)
            for row in rows:
                data = {
                    "department": row["offered_department"],
                    "caseworker": row["offered_caseworker"],
                }
                await self._event(connection, row["id"], "offer_lapsed", "house", "", data)
                await self._offer_next(connection, row, now)
        self._live.publish(row["reference"] for row in rows)
        if rows:
            self._outbox.wake()
        return len(rows)

    async def _offer_next(self, connection: Connection, contact: Record, now: datetime) -> None:
        """Offer a contact to whom the rules had planned next, else to nobody."""
        municipality = self._municipality()
        step, rest = next_step(contact["plan"] or [], municipality)
        if step is None:
            await connection.execute(Q["withdraw_offer"], contact["id"], now)
            return
        until = offer_until(step.department, municipality, now, step.wait)
        await connection.execute(
            Q["offer"],
            contact["id"],
            step.department,
            step.caseworker,
            "house",
            until,
            now,
            [stored_step(later) for later in rest] or None,
        )
        data = {"department": step.department, "caseworker": step.caseworker, "until": until}
        await self._event(connection, contact["id"], "offered", "house", "", data)
        await self._alert_offered(connection, contact["id"], step.department)

    @asynccontextmanager
    async def _held(self, reference: str) -> AsyncIterator[tuple[Connection, ContactHead]]:
        """The contact with its row held; the change is committed and told at the end."""
        async with self._ledger.transaction() as connection:
            yield connection, _found(await connection.fetchrow(Q["lock"], _possible(reference)))
        self._live.publish([reference])
        self._outbox.wake()

    async def _take(
        self,
        connection: Connection,
        contact: ContactHead,
        department: str,
        caseworker: str,
        kind: str,
    ) -> None:
        must_work_here(self._municipality(), caseworker)
        await connection.execute(Q["take"], contact.id, department, caseworker, self._clock.now())
        await connection.execute(Q["take_promises"], contact.id, department, caseworker)
        await self._event(
            connection, contact.id, kind, f"staff:{caseworker}", "", {"department": department}
        )


def _end_by(outcome: Outcome, kind: PromiseKind, state: PromiseState) -> PromiseState | None:
    """How closing with `outcome` ends an open promise; None if it may not."""
    if outcome in _WITHDRAWN_BY:
        return PromiseState.WITHDRAWN
    if outcome is Outcome.UNREACHABLE:
        tried = kind is PromiseKind.ANSWER or state is PromiseState.NEEDS_PERSON
        return PromiseState.UNREACHABLE if tried else None
    return PromiseState.KEPT if kind is PromiseKind.ANSWER else None


def _possible(reference: str) -> str:
    """`reference`, or NotFound when nobody can have it: an address may hold any character."""
    if not references.is_reference(reference):
        raise _no_such_contact()
    return reference


def _found(row: Record | None) -> ContactHead:
    if row is None:
        raise _no_such_contact()
    return contact_head(row)


def _no_such_contact() -> NotFound:
    return NotFound("no_such_contact", "There is no contact with this reference.")


def _must_be_open(contact: ContactHead) -> None:
    if contact.state is ContactState.CLOSED:
        raise Conflict("closed", "The contact is closed.")


def _must_be_fresh(contact: ContactHead, version: int | None) -> None:
    if version is not None and version != contact.version:
        raise Conflict("stale", contact.caseworker or "")
