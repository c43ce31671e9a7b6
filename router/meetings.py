"""Meetings (møder): to meet is a promise, and so are the agenda before and the minutes after.

The agenda (dagsorden) is due one working day before, the minutes (referat) when
their policy says after the meeting was held; what is missing is an open promise
that escalates. Both are written at the desk and sent by mail; where there is no
mail a person gives them in another way, and says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.errors import Conflict, NotFound
from router.ledger import QUERIES_FOLDER, load_queries
from router.meeting_terms import (
    Agreed,
    How,
    Paper,
    Way,
    agenda_due,
    check_time,
    somewhere,
    when,
)
from router.model import PromiseKind, PromiseState, printable
from router.rows import MeetingRow, PartRow, promise_row, read
from router.steps import H, Steps
from router.to_citizen import (
    mail_address,
    open_contact,
    stay_due,
    title_of,
    words_of,
)

if TYPE_CHECKING:
    from router.ledger import Connection, Record

Q: Final = load_queries(QUERIES_FOLDER / "meetings.sql")
L: Final = load_queries(QUERIES_FOLDER / "letters.sql")
T: Final = load_queries(QUERIES_FOLDER / "parts.sql")


class Meetings(Steps):
    """Agrees on meetings, and what becomes of them."""

    async def row(self, meeting_id: int) -> MeetingRow:
        """One meeting. Raises NotFound."""
        row = await self._ledger.fetchrow(Q["by_id"], meeting_id)
        if row is None:
            raise _no_such_meeting()
        return read(MeetingRow, row)

    async def agree(
        self,
        reference: str,
        actor: str,
        subject: str,
        agreed: Agreed,
        part_id: int | None = None,
    ) -> MeetingRow:
        """Promise to meet, and the agenda before it; the citizen is told.

        Raises NotFound, Conflict `closed`, `part_ended` or `no_calls`, SenderError
        for a time or a place that cannot be.
        """
        now = self._clock.now()
        subject = title_of(subject, "empty_subject")
        check_time(agreed, now)
        async with self._ledger.transaction() as connection:
            contact = await open_contact(connection, reference)
            agreed = somewhere(agreed, contact)
            owner = await self._owner(connection, contact, part_id)
            make = _Making(connection, contact["id"], owner, part_id, subject)
            meeting = await self._make(
                make,
                PromiseKind.MEETING,
                agreed.ends_at,
                starts_at=agreed.starts_at,
                phone=agreed.place if agreed.way is Way.PHONE else "",
            )
            due = agenda_due(
                agreed.starts_at, now, self._municipality().hours, self._calendar(owner[0])
            )
            agenda = await self._make(make, PromiseKind.AGENDA, due)
            made = await connection.fetchval(
                Q["add"], contact["id"], part_id, subject, agreed.way, agreed.place,
                agreed.starts_at, agreed.ends_at, meeting, agenda, now,
            )  # fmt: skip
            data = {"meeting": made} | when(agreed)
            await self._event(connection, contact["id"], "meeting_agreed", actor, subject, data)
            await self._tell(connection, contact, "meeting_agreed", owner[0], agreed)
            await connection.execute(H["refresh_due"], contact["id"])
        self._live.publish([reference])
        self._outbox.wake()
        return await self.row(made)

    async def write(self, meeting_id: int, actor: str, paper: Paper, text: str) -> bool:
        """Write the agenda or the minutes; answers whether it went by mail.

        By mail the promise is kept. Otherwise it stays open until somebody has
        `given` it. Written once more it is sent once more. Raises Conflict
        `meeting_over` (agenda) or `meeting_not_held` (minutes), SenderError
        `empty_words` or `contains_cpr`.
        """
        text = words_of(text)
        now = self._clock.now()
        async with self._held(meeting_id) as (connection, contact, meeting):
            promise = _promise_of(meeting, paper)
            by_mail = bool(mail_address(contact))
            data = {"meeting": meeting.id, "promise": promise, "by_mail": by_mail}
            event = await connection.fetchval(
                L["say"], contact["id"], now, f"{paper}_written", actor, text, data
            )
            await connection.execute(Q["written"], meeting.id, paper, now)
            if by_mail:
                await connection.execute(H["end_promise"], promise, PromiseState.KEPT, now, None)
                agreed = _agreed(meeting)
                await self._tell(
                    connection, contact, paper, await self._department(connection, meeting), agreed,
                    words=event,
                )  # fmt: skip
            await stay_due(connection, contact["id"], self._municipality(), now)
        return by_mail

    async def given(
        self, meeting_id: int, actor: str, paper: Paper, how: How, note: str = ""
    ) -> None:
        """Somebody has given the agenda or the minutes to the citizen: the promise is kept.

        Raises Conflict `not_written`, `promise_ended`, or as `write`.
        """
        async with self._held(meeting_id) as (connection, contact, meeting):
            promise = _promise_of(meeting, paper)
            if (meeting.agenda_at if paper is Paper.AGENDA else meeting.minutes_at) is None:
                raise Conflict("not_written", "Write it first.")
            if not await self._is_open(connection, promise):
                raise Conflict("promise_ended", "The promise has already ended.")
            now = self._clock.now()
            await connection.execute(H["end_promise"], promise, PromiseState.KEPT, now, None)
            data = {"meeting": meeting.id, "promise": promise, "how": how}
            words = printable(note).strip()
            await self._event(connection, contact["id"], f"{paper}_given", actor, words, data)
            await stay_due(connection, contact["id"], self._municipality(), now)

    async def held(self, meeting_id: int, actor: str, note: str = "") -> MeetingRow:
        """They have met: the promise is kept, and the minutes are promised.

        An agenda that was never sent gives way to the minutes; it stays marked late.
        Raises Conflict `meeting_over` or `meeting_not_begun`.
        """
        now = self._clock.now()
        async with self._held(meeting_id) as (connection, contact, meeting):
            _must_be_agreed(meeting)
            if now < meeting.starts_at:
                raise Conflict("meeting_not_begun", "The meeting has not begun.")
            owner = await self._owner_of(connection, meeting)
            municipality = self._municipality()
            policy = municipality.policies.of(PromiseKind.MINUTES, owner[0])
            due = policy.due(municipality.hours, self._calendar(owner[0]), now)
            make = _Making(connection, contact["id"], owner, meeting.part_id, meeting.subject)
            minutes = await self._make(make, PromiseKind.MINUTES, due)
            end = H["end_promise"]
            await connection.execute(end, meeting.meeting_promise, PromiseState.KEPT, now, None)
            await connection.execute(
                end, meeting.agenda_promise, PromiseState.REPLACED, now, minutes
            )
            await connection.execute(Q["held"], meeting.id, minutes)
            data = {"meeting": meeting.id, "promise": minutes, "due_at": due}
            words = printable(note).strip()
            await self._event(connection, contact["id"], "meeting_held", actor, words, data)
            await connection.execute(H["refresh_due"], contact["id"])
        return await self.row(meeting_id)

    async def move(
        self, meeting_id: int, actor: str, agreed: Agreed, version: int | None = None
    ) -> MeetingRow:
        """Another time or place; the citizen is told, and an agenda not yet sent moves too.

        Raises Conflict `meeting_over`, `stale` or `no_calls`, SenderError as `agree`.
        """
        now = self._clock.now()
        check_time(agreed, now)
        async with self._held(meeting_id) as (connection, contact, meeting):
            _must_be_agreed(meeting)
            _must_be_fresh(meeting, version)
            agreed = somewhere(agreed, contact)
            department = await self._department(connection, meeting)
            phone = agreed.place if agreed.way is Way.PHONE else ""
            due = agenda_due(
                agreed.starts_at, now, self._municipality().hours, self._calendar(department)
            )
            move = Q["move_promise"]
            await connection.execute(
                move, meeting.meeting_promise, agreed.starts_at, agreed.ends_at, now, phone
            )
            await connection.execute(move, meeting.agenda_promise, None, due, now, "")
            await connection.execute(
                Q["move"], meeting.id, agreed.starts_at, agreed.ends_at, agreed.way, agreed.place
            )
            data = {"meeting": meeting.id, "was": meeting.starts_at} | when(agreed)
            await self._event(connection, contact["id"], "meeting_moved", actor, data=data)
            await self._tell(connection, contact, "meeting_moved", department, agreed)
            await connection.execute(H["refresh_due"], contact["id"])
        return await self.row(meeting_id)

    async def cancel(
        self,
        meeting_id: int,
        actor: str,
        *,
        by_citizen: bool,
        reason: str = "",
        version: int | None = None,
    ) -> MeetingRow:
        """They will not meet; the citizen is told.

        A promise is not taken back: when it is we who cancel, an answer takes its
        place. Raises Conflict `meeting_over` or `stale`.
        """
        now = self._clock.now()
        async with self._held(meeting_id) as (connection, contact, meeting):
            _must_be_agreed(meeting)
            _must_be_fresh(meeting, version)
            state, instead = PromiseState.WITHDRAWN, None
            if not by_citizen:
                owner = await self._owner_of(connection, meeting)
                municipality = self._municipality()
                policy = municipality.policies.of(PromiseKind.ANSWER, owner[0])
                due = policy.due(municipality.hours, self._calendar(owner[0]), now)
                make = _Making(connection, contact["id"], owner, meeting.part_id, meeting.subject)
                state = PromiseState.REPLACED
                instead = await self._make(make, PromiseKind.ANSWER, due)
            for promise in (meeting.meeting_promise, meeting.agenda_promise):
                await connection.execute(H["end_promise"], promise, state, now, instead)
            await connection.execute(Q["cancelled"], meeting.id)
            data = {"meeting": meeting.id, "by_citizen": by_citizen} | when(_agreed(meeting))
            words = printable(reason).strip()
            await self._event(connection, contact["id"], "meeting_cancelled", actor, words, data)
            department = await self._department(connection, meeting)
            await self._tell(connection, contact, "meeting_cancelled", department, _agreed(meeting))
            await stay_due(connection, contact["id"], self._municipality(), now)
        return await self.row(meeting_id)

    # What all of them need

    @asynccontextmanager
    async def _held(self, meeting_id: int) -> AsyncIterator[tuple[Connection, Record, MeetingRow]]:
        """The meeting with its contact's row held; committed and told at the end."""
        async with self._ledger.transaction() as connection:
            contact = await connection.fetchrow(Q["lock_contact"], meeting_id)
            if contact is None:
                raise _no_such_meeting()
            row = await connection.fetchrow(Q["by_id"], meeting_id)
            if row is None:
                raise _no_such_meeting()
            yield connection, contact, read(MeetingRow, row)
        self._live.publish([contact["reference"]])
        self._outbox.wake()

    async def _owner(
        self, connection: Connection, contact: Record, part_id: int | None
    ) -> tuple[str, str | None]:
        """Who owns what is promised: the part's owner, or the contact's."""
        if part_id is None:
            return contact["department"], contact["caseworker"]
        row = await connection.fetchrow(T["by_id"], part_id)
        if row is None or row["contact_id"] != contact["id"]:
            raise NotFound("no_such_part", "There is no such topic.")
        part = read(PartRow, row)
        if part.ended_at is not None:
            raise Conflict("part_ended", "The topic has already ended.")
        return part.department, part.caseworker

    async def _owner_of(
        self, connection: Connection, meeting: MeetingRow
    ) -> tuple[str, str | None]:
        """Who owns a meeting that is agreed: the owner of its promise, which follows them."""
        row = await connection.fetchrow(L["promise"], meeting.meeting_promise)
        if row is None:
            raise _no_such_meeting()
        return row["department"], row["caseworker"]

    async def _department(self, connection: Connection, meeting: MeetingRow) -> str:
        return (await self._owner_of(connection, meeting))[0]

    async def _is_open(self, connection: Connection, promise_id: int) -> bool:
        row = await connection.fetchrow(L["promise"], promise_id)
        return row is not None and promise_row(row).state.is_open

    async def _make(
        self,
        make: _Making,
        kind: PromiseKind,
        due_at: datetime,
        *,
        starts_at: datetime | None = None,
        phone: str = "",
    ) -> int:
        department, caseworker = make.owner
        made: int = await make.connection.fetchval(
            H["make_promise"],
            make.contact_id,
            kind,
            PromiseState.WAITING if starts_at is None else PromiseState.SCHEDULED,
            department,
            caseworker,
            phone,
            starts_at,
            due_at,
            self._clock.now(),
            self._municipality().policies.of(kind, department).id,
            make.subject,
            None,
            make.part_id,
        )
        return made

    async def _tell(
        self,
        connection: Connection,
        contact: Record,
        template: str,
        department: str,
        agreed: Agreed,
        *,
        words: int | None = None,
    ) -> None:
        """Tell the citizen; `words` is the event in which staff's own words stand."""
        data: dict[str, Any] = {"department": department, "meeting": when(agreed)}
        if words is not None:
            data["words"] = words
        await self._inform(connection, contact, template, data)


@dataclass(frozen=True, slots=True)
class _Making:
    """What the promises of one meeting have in common."""

    connection: Connection
    contact_id: int
    owner: tuple[str, str | None]
    part_id: int | None
    subject: str


def _agreed(meeting: MeetingRow) -> Agreed:
    return Agreed(meeting.starts_at, meeting.ends_at, Way(meeting.way), meeting.place)


def _promise_of(meeting: MeetingRow, paper: Paper) -> int:
    """The promise that `paper` keeps, when it is its time."""
    if paper is Paper.AGENDA:
        _must_be_agreed(meeting)
        return meeting.agenda_promise
    if meeting.minutes_promise is None:
        raise Conflict("meeting_not_held", "Say first that the meeting was held.")
    return meeting.minutes_promise


def _must_be_agreed(meeting: MeetingRow) -> None:
    if meeting.state != "agreed":
        raise Conflict("meeting_over", "The meeting has been held or cancelled.")


def _must_be_fresh(meeting: MeetingRow, version: int | None) -> None:
    if version is not None and version != meeting.version:
        raise Conflict("stale", "")


def _no_such_meeting() -> NotFound:
    return NotFound("no_such_meeting", "There is no such meeting.")
