"""What is promised in writing, and kept by being sent: answers, status letters, access
to documents, receipts, and the notice of a deadline that is missed.

A deadline of the law that will be missed is told in writing before it has passed
(retssikkerhedsloven § 3): the owner is asked at the last warning, and the clock
promises the notice itself once the deadline is late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.errors import Conflict, NotFound, SenderError
from router.ledger import QUERIES_FOLDER, load_queries, to_json
from router.meeting_terms import How
from router.model import PromiseKind, PromiseState, printable
from router.pledging import URGENT_CHILD_CONCERN
from router.rows import PromiseRow, promise_row
from router.steps import H, Steps
from router.to_citizen import mail_address, open_contact, stay_due, way_to, words_of
from router.unreachable import UNREACHABLE, Notice, not_tried, notice_of, reaching

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Connection, Record

Q: Final = load_queries(QUERIES_FOLDER / "letters.sql")


class Letters(Steps):
    """Keeps promises in writing."""

    async def keep(
        self,
        promise_id: int,
        actor: str,
        *,
        words: str = "",
        how: How | None = None,
        note: str = "",
    ) -> None:
        """What was promised is sent: `words` by mail from here, or by `how`.

        Only an answer is kept by being done; a call is kept by talking, or in writing when
        the answer goes out by that. Raises NotFound, Conflict `promise_ended`,
        `use_meeting` or `no_mail`, SenderError `say_how` or `contains_cpr`.
        """
        if words.strip():
            words = words_of(words)
        async with self._ledger.transaction() as connection:
            contact, promise = await self._hold(connection, promise_id)
            if not promise.state.is_open:
                raise Conflict("promise_ended", "The promise has already ended.")
            if promise.kind.follows_meeting:
                raise Conflict("use_meeting", "This is kept by what becomes of the meeting.")
            if promise.kind is not PromiseKind.ANSWER and not words and how is None:
                raise SenderError("say_how", "Write what is sent, or say how it was given.")
            now = self._clock.now()
            if words:
                await self._send(connection, contact, promise, actor, words)
            data: dict[str, Any] = {"promise": promise.id, "state": PromiseState.KEPT}
            if how is not None:
                data["how"] = how
            await self._event(
                connection, contact["id"], "kept", actor, printable(note).strip(), data
            )
            end = H["end_promise"]
            await connection.execute(end, promise.id, PromiseState.KEPT, now, None)
            await stay_due(connection, contact["id"], self._municipality(), now)
        self._live.publish([contact["reference"]])
        self._outbox.wake()

    async def promise_notice(self, promise_id: int, actor: str) -> None:
        """The deadline of this promise cannot be kept: promise the notice that says so.

        Raises NotFound, Conflict `promise_ended`, `no_deadline_of_law`, `no_notice`, or
        `notice_promised` when there is one already.
        """
        async with self._ledger.transaction() as connection:
            contact, promise = await self._hold(connection, promise_id)
            if not promise.state.is_open:
                raise Conflict("promise_ended", "The promise has already ended.")
            if promise.statutory_due_at is None:
                raise Conflict("no_deadline_of_law", "This promise has no deadline of the law.")
            if not notice_follows(promise, contact["flags"]):
                raise Conflict("no_notice", "Nobody is told in writing that this is missed.")
            made = await promise_notices(
                connection, [promise], self._municipality(), self._clock.now(), actor
            )
            if not made:
                raise Conflict("notice_promised", "The notice has been promised already.")
            await connection.execute(H["refresh_due"], contact["id"])
        self._live.publish([contact["reference"]])

    async def unreachable_notice(self, contact_id: int) -> Notice:
        """How far we are in telling the citizen that we cannot reach them."""
        async with self._ledger.connection() as connection:
            return notice_of(await reaching(connection, contact_id))

    async def tell_unreachable(self, reference: str, actor: str) -> None:
        """Tell the citizen in writing that we have tried to reach them in vain.

        Raises NotFound, Conflict `closed`, `not_tried`, `notice_sent` when they have been
        told since we last heard from them, or `no_way_to_write`.
        """
        async with self._ledger.transaction() as connection:
            contact = await open_contact(connection, reference)
            reached = await reaching(connection, contact["id"])
            notice = notice_of(reached)
            if notice is Notice.NOT_TRIED:
                raise not_tried()
            if notice in (Notice.PENDING, Notice.SENT):
                raise Conflict("notice_sent", "The citizen has been told already.")
            way = way_to(contact, reached["phone"])
            if way is None:
                raise Conflict("no_way_to_write", "No address: give a letter, and say so.")
            kind, to = way
            payload = {
                "to": to,
                "template": UNREACHABLE,
                "language": contact["language"],
                "department": contact["department"],
            }
            await self._effect(connection, kind, contact["id"], payload)
            await self._event(connection, contact["id"], "unreachable_told", actor)
        self._live.publish([reference])
        self._outbox.wake()

    async def _hold(self, connection: Connection, promise_id: int) -> tuple[Record, PromiseRow]:
        """The promise with its contact's row held."""
        contact = await connection.fetchrow(Q["lock"], promise_id)
        row = await connection.fetchrow(Q["promise"], promise_id)
        if contact is None or row is None:
            raise NotFound("no_such_promise", "There is no such promise.")
        return contact, promise_row(row)

    async def _send(
        self,
        connection: Connection,
        contact: Record,
        promise: PromiseRow,
        actor: str,
        words: str,
    ) -> None:
        if not mail_address(contact):
            raise Conflict("no_mail", "There is no mail to send it by: send a letter, and say so.")
        data = {"promise": promise.id, "kind": promise.kind}
        event = await connection.fetchval(
            Q["say"], contact["id"], self._clock.now(), "letter_sent", actor, words, data
        )
        told = {"department": promise.department, "words": event}
        await self._inform(connection, contact, "letter", told)


def notice_follows(promise: PromiseRow, flags: Collection[str]) -> bool:
    """Whether the citizen is to have a notice when this promise misses a deadline of the law.

    Not of the call or answer by which a concern about a child is assessed within 24 hours:
    whoever told us of it is no party to that.
    """
    if promise.statutory_due_at is None:
        return False
    assessing = promise.kind in (PromiseKind.CALLBACK, PromiseKind.ANSWER)
    return not (assessing and URGENT_CHILD_CONCERN in flags)


async def promise_notices(
    connection: Connection,
    missed: Iterable[PromiseRow],
    municipality: Municipality,
    now: datetime,
    actor: str = "house",
) -> int:
    """Promise the notice of each missed deadline of the law; answers how many were new.

    It is due before the deadline itself when that has not passed. The contacts' rows
    are held.
    """
    rows = []
    for promise in missed:
        if promise.statutory_due_at is None:
            continue
        department = municipality.departments.get(promise.department)
        calendar = municipality.departments[municipality.default_department].hours
        if department is not None:
            calendar = department.hours
        policy = municipality.policies.of(PromiseKind.DEADLINE_NOTICE, promise.department)
        due = policy.due(municipality.hours, calendar, now)
        if promise.statutory_due_at > now:
            due = min(due, promise.statutory_due_at)
        rows.append(
            {
                "contact_id": promise.contact_id,
                "department": promise.department,
                "caseworker": promise.caseworker,
                "due_at": due,
                "policy": policy.id,
                "part_id": promise.part_id,
                "notice_of": promise.id,
            }
        )
    if not rows:
        return 0
    return len(await connection.fetch(Q["promise_notices"], now, to_json(rows), actor))
