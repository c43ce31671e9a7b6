"""Life of a part (delsag) of a contact with several topics: handed over, done.

One contact stays one contact: its owner, the coordinating caseworker
(koordinerende sagsbehandler), owns the whole; each part has an owner and a
promise of its own, and the citizen sees one plan. A part is handed over like a
contact: its owner changes when the receiver takes it, and an offer that nobody
takes comes back. The whole closes after its parts. `router.splitting` makes them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from router.errors import Conflict, NotFound
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import PromiseKind, PromiseState, printable
from router.offering import must_belong, must_work_here, offer_until
from router.rows import PartRow, promise_row, read
from router.steps import H, Steps
from router.to_citizen import reason_missing, stay_due

if TYPE_CHECKING:
    from router.ledger import Connection, Record

Q: Final = load_queries(QUERIES_FOLDER / "parts.sql")


class Parts(Steps):
    """What staff do with the parts of contacts."""

    async def row(self, part_id: int) -> PartRow:
        """One part. Raises NotFound."""
        row = await self._ledger.fetchrow(Q["by_id"], part_id)
        if row is None:
            raise _no_such_part()
        return read(PartRow, row)

    async def claim(self, part_id: int, caseworker: str, version: int | None = None) -> None:
        """The caseworker takes the part, whether it was free or offered to them.

        Raises Conflict `taken_by_other`, `part_ended` or `stale`.
        """
        must_work_here(self._municipality(), caseworker)
        async with self._held(part_id) as (connection, contact, part):
            _must_be_open(part)
            offered = self._is_offered_to(part, caseworker)
            if part.caseworker == caseworker and not offered:
                return
            if part.caseworker is not None and not offered:
                raise Conflict("taken_by_other", part.caseworker)
            _must_be_fresh(part, version)
            department = part.department
            if offered and part.offered_department is not None:
                department = part.offered_department
            await connection.execute(Q["take"], part_id, department, caseworker)
            await connection.execute(Q["take_promises"], part_id, department, caseworker)
            data = {"part": part_id, "department": department}
            await self._event(
                connection, contact["id"], "part_claimed", f"staff:{caseworker}", data=data
            )

    async def offer(
        self,
        part_id: int,
        actor: str,
        department: str,
        caseworker: str | None = None,
        reason: str = "",
        version: int | None = None,
    ) -> None:
        """Hand a part over. Who has it keeps it until the receiver takes it.

        Raises SenderError `no_such_department` or `no_such_caseworker`, Conflict
        `part_ended`, `stale` or `already_there`.
        """
        municipality = self._municipality()
        must_belong(municipality, department, caseworker)
        async with self._held(part_id) as (connection, contact, part):
            _must_be_open(part)
            _must_be_fresh(part, version)
            if department == part.department and caseworker in (None, part.caseworker):
                raise Conflict("already_there", "The topic is already there.")
            until = offer_until(department, municipality, self._clock.now())
            await connection.execute(Q["offer"], part_id, department, caseworker, actor, until)
            data = {"part": part_id, "department": department, "caseworker": caseworker}
            words = printable(reason).strip()
            await self._event(
                connection, contact["id"], "part_offered", actor, words, data | {"until": until}
            )
            await self._alert_offered(connection, contact["id"], department)

    async def solve(
        self, part_id: int, actor: str, note: str = "", version: int | None = None
    ) -> None:
        """The part is done; the citizen is told. An answer promised for it is kept by that.

        Raises Conflict `open_promise` while a call, a letter or a meeting is promised
        for it, `part_ended` or `stale`.
        """
        async with self._held(part_id) as (connection, contact, part):
            _must_be_open(part)
            _must_be_fresh(part, version)
            owed = [promise_row(r) for r in await connection.fetch(Q["open_promises"], part_id)]
            if any(promise.kind is not PromiseKind.ANSWER for promise in owed):
                raise Conflict("open_promise", "Something is promised: keep or withdraw it first.")
            for promise in owed:
                await self._end_promise(connection, promise.id, PromiseState.KEPT)
            await self._finish(connection, contact, part, "solved", actor, note)
            told = {"department": part.department, "left": await self._open_parts(connection, part)}
            await self._inform(connection, contact, "part_solved", told)

    async def withdraw(
        self, part_id: int, actor: str, note: str = "", version: int | None = None
    ) -> None:
        """The citizen no longer wants this part, nor what was promised for it.

        What the law asks for needs a `note`. Raises Conflict `open_meeting` while a meeting
        about it is agreed, `part_ended` or `stale`, SenderError `reason_missing`.
        """
        async with self._held(part_id) as (connection, contact, part):
            _must_be_open(part)
            _must_be_fresh(part, version)
            owed = [promise_row(r) for r in await connection.fetch(Q["open_promises"], part_id)]
            if any(promise.kind is PromiseKind.MEETING for promise in owed):
                raise Conflict("open_meeting", "A meeting is agreed: cancel it first.")
            if any(promise.asked_by_law for promise in owed) and not printable(note).strip():
                raise reason_missing()
            for promise in owed:
                await self._end_promise(connection, promise.id, PromiseState.WITHDRAWN)
            await self._finish(connection, contact, part, "withdrawn", actor, note)

    async def lapse_offers(self, limit: int = 100) -> int:
        """Offers that nobody took come back; answers how many. Part of the clock."""
        async with self._ledger.transaction() as connection:
            rows = await connection.fetch(Q["lapsed_offers"], self._clock.now(), limit)
            for row in rows:
                await connection.execute(Q["offer"], row["id"], None, None, None, None)
                data = {
                    "part": row["id"],
                    "department": row["offered_department"],
                    "caseworker": row["offered_caseworker"],
                }
                await self._event(
                    connection, row["contact_id"], "part_offer_lapsed", "house", data=data
                )
        self._live.publish(row["reference"] for row in rows)
        return len(rows)

    # Parts of ending

    async def _finish(
        self,
        connection: Connection,
        contact: Record,
        part: PartRow,
        state: str,
        actor: str,
        note: str,
    ) -> None:
        now = self._clock.now()
        await connection.execute(Q["finish"], part.id, state, now)
        data = {"part": part.id}
        words = printable(note).strip()
        await self._event(connection, contact["id"], f"part_{state}", actor, words, data)
        await stay_due(connection, contact["id"], self._municipality(), now)

    async def _end_promise(
        self, connection: Connection, promise_id: int, state: PromiseState
    ) -> None:
        await connection.execute(H["end_promise"], promise_id, state, self._clock.now(), None)

    async def _open_parts(self, connection: Connection, part: PartRow) -> int:
        rows = await connection.fetch(Q["of_contact"], part.contact_id)
        return sum(1 for row in rows if row["ended_at"] is None)

    # What all of them need

    @asynccontextmanager
    async def _held(self, part_id: int) -> AsyncIterator[tuple[Connection, Record, PartRow]]:
        """The part with its contact's row held; committed and told at the end."""
        async with self._ledger.transaction() as connection:
            contact = await connection.fetchrow(Q["lock_contact"], part_id)
            if contact is None:
                raise _no_such_part()
            row = await connection.fetchrow(Q["by_id"], part_id)
            if row is None:
                raise _no_such_part()
            yield connection, contact, read(PartRow, row)
        self._live.publish([contact["reference"]])
        self._outbox.wake()

    def _is_offered_to(self, part: PartRow, caseworker: str) -> bool:
        if part.offered_caseworker is not None:
            return part.offered_caseworker == caseworker
        member = self._municipality().caseworkers[caseworker]
        return part.offered_department == member.department


def _must_be_open(part: PartRow) -> None:
    if part.ended_at is not None:
        raise Conflict("part_ended", "The topic has already ended.")


def _must_be_fresh(part: PartRow, version: int | None) -> None:
    if version is not None and version != part.version:
        raise Conflict("stale", part.caseworker or "")


def _no_such_part() -> NotFound:
    return NotFound("no_such_part", "There is no such topic.")
