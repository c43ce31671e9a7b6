"""Promises (løfter) in the ledger, and the clock that keeps looking at them.

What a promise becomes is decided in `router.promise_life`; here it is stored,
told to the citizen and shown on the timeline, in one transaction that holds the
contact's row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router import due_cursor
from router.errors import Conflict, NotFound, SenderError
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import CallbackWish, Channel, PromiseKind, PromiseState, printable
from router.promise_life import (
    Change,
    Result,
    Standing,
    after_attempt,
    after_time,
    answer_terms,
    callback_terms,
    check_window,
)
from router.rows import Page, PromiseRow, PromiseWithContact, promise_row, promise_with_contact

if TYPE_CHECKING:
    from router.clock import Clock
    from router.config import Municipality
    from router.ledger import Connection, Ledger, Record
    from router.live import Live
    from router.outbox import Outbox

__all__ = ["Promises", "Result", "check_window"]

Q: Final = load_queries(QUERIES_FOLDER / "promises.sql")
C: Final = load_queries(QUERIES_FOLDER / "contacts.sql")
H: Final = load_queries(QUERIES_FOLDER / "house.sql")

_FIRED_AT_ONCE: Final = 200


class Promises:
    """Reads promises, and what staff and the clock do with them."""

    def __init__(
        self,
        ledger: Ledger,
        municipality: Callable[[], Municipality],
        clock: Clock,
        live: Live,
        outbox: Outbox,
    ) -> None:
        self._ledger = ledger
        self._municipality = municipality
        self._clock = clock
        self._live = live
        self._outbox = outbox

    async def row(self, promise_id: int) -> PromiseRow:
        """One promise. Raises NotFound."""
        row = await self._ledger.fetchrow(Q["by_id"], promise_id)
        if row is None:
            raise _no_such_promise()
        return promise_row(row)

    async def counts(
        self, *, department: str | None = None, owner: str | None = None
    ) -> dict[str, int]:
        """How many promises are `open`, `late`, `unclaimed` and `due_soon` (30 minutes)."""
        row = await self._ledger.fetchrow(Q["counts"], self._clock.now(), department, owner)
        return dict(row) if row is not None else {}

    async def claim(self, promise_id: int, caseworker: str, version: int | None = None) -> None:
        """A caseworker takes the promise, and with it the contact: one owner, never two.

        Raises Conflict `taken_by_other`, `promise_ended` or `stale`.
        """
        municipality = self._municipality()
        if caseworker not in municipality.caseworkers:
            raise SenderError("no_such_caseworker", "There is no such caseworker.")
        async with self._held(promise_id) as (connection, contact, promise):
            _must_be_open(promise)
            if contact["contact_caseworker"] == caseworker:
                return
            if contact["contact_caseworker"] is not None:
                raise Conflict("taken_by_other", contact["contact_caseworker"])
            if version is not None and version != promise.version:
                raise Conflict("stale", "")
            department = contact["contact_department"]
            now = self._clock.now()
            await connection.execute(C["take"], contact["id"], department, caseworker, now)
            await connection.execute(C["take_promises"], contact["id"], department, caseworker)
            await self._event(
                connection,
                contact["id"],
                "claimed",
                f"staff:{caseworker}",
                data={"department": department, "promise": promise.id},
            )

    async def attempt(
        self, promise_id: int, actor: str, result: Result | str, note: str = ""
    ) -> PromiseRow:
        """Somebody called. Only `reached` keeps the promise; otherwise the citizen is told.

        Answers the promise as it now stands. Raises SenderError `no_such_result`,
        Conflict `promise_ended`.
        """
        try:
            result = Result(result)
        except ValueError:
            raise SenderError("no_such_result", "There is no such result.") from None
        now = self._clock.now()
        async with self._held(promise_id) as (connection, contact, promise):
            municipality = self._municipality()
            change = after_attempt(
                _standing(promise),
                result,
                municipality.policies,
                municipality.hours,
                self._calendar(promise),
                now,
            )
            await self._store(connection, promise.id, change, now, result)
            data = {"promise": promise.id, "result": result, "retry_at": change.retry_at}
            await self._event(
                connection, contact["id"], "attempt", actor, printable(note).strip(), data
            )
            if change.state is PromiseState.KEPT:
                await self._after_end(connection, contact, promise, now)
            elif change.state is PromiseState.RESTING:
                await self._tell(
                    connection, contact, promise, "tried", {"at": now, "retry_at": change.retry_at}
                )
            await connection.execute(H["refresh_due"], contact["id"])
        return await self.row(promise_id)

    async def reschedule(
        self, promise_id: int, actor: str, not_before: datetime | None, until: datetime | None
    ) -> PromiseRow:
        """A new window; the citizen is told. Raises SenderError for a window that cannot be."""
        now = self._clock.now()
        if not_before is None and until is None:
            raise SenderError("window_missing", "Say from when or until when.")
        check_window(not_before, until, now)
        async with self._held(promise_id) as (connection, contact, promise):
            _must_be_open(promise)
            municipality = self._municipality()
            terms = callback_terms(
                CallbackWish(promise.phone, not_before, until),
                municipality.policies,
                municipality.hours,
                self._calendar(promise),
                now,
            )
            state = PromiseState.WAITING if terms.not_before is None else PromiseState.SCHEDULED
            await connection.execute(
                H["move_window"], promise.id, state, promise.phone, terms.not_before, terms.due_at
            )
            data = {
                "promise": promise.id,
                "not_before": terms.not_before,
                "due_at": terms.due_at,
                "was_due_at": promise.due_at,
            }
            await self._event(connection, contact["id"], "rescheduled", actor, data=data)
            told = {
                "promise": {
                    "kind": promise.kind,
                    "not_before": terms.not_before,
                    "due_at": terms.due_at,
                    "phone": promise.phone,
                }
            }
            await self._tell(connection, contact, promise, "rescheduled", told)
            await connection.execute(H["refresh_due"], contact["id"])
        return await self.row(promise_id)

    async def withdraw(self, promise_id: int, actor: str, note: str = "") -> None:
        """The citizen no longer wants it. Raises Conflict `promise_ended`."""
        now = self._clock.now()
        async with self._held(promise_id) as (connection, contact, promise):
            _must_be_open(promise)
            await connection.execute(
                H["end_promise"], promise.id, PromiseState.WITHDRAWN, now, None
            )
            await self._event(
                connection,
                contact["id"],
                "withdrawn",
                actor,
                printable(note).strip(),
                {"promise": promise.id},
            )
            await self._after_end(connection, contact, promise, now)
            await connection.execute(H["refresh_due"], contact["id"])

    async def fire_due(self) -> int:
        """The clock: look at every promise whose time has come; answers how many.

        Any number of processes may call it: each takes rows that no other has.
        """
        now = self._clock.now()
        municipality = self._municipality()
        async with self._ledger.transaction() as connection:
            rows = await connection.fetch(Q["due_to_fire"], now, _FIRED_AT_ONCE)
            for row in rows:
                promise = promise_row(row)
                change = after_time(
                    _standing(promise), municipality.hours, self._calendar(promise), now
                )
                await self._store(connection, promise.id, change, now, promise.last_result)
                if not change.alarm:
                    continue
                await self._event(
                    connection,
                    promise.contact_id,
                    "late",
                    "house",
                    data={"promise": promise.id, "due_at": promise.due_at},
                )
                await connection.fetchval(
                    H["add_effect"],
                    "mail.alert",
                    promise.contact_id,
                    {
                        "department": promise.department,
                        "template": "late",
                        "promise_id": promise.id,
                    },
                    now,
                )
        self._live.publish(row["reference"] for row in rows)
        if rows:
            self._outbox.wake()
        return len(rows)

    @asynccontextmanager
    async def _held(self, promise_id: int) -> AsyncIterator[tuple[Connection, Record, PromiseRow]]:
        """The promise with its contact's row held; committed and told at the end."""
        async with self._ledger.transaction() as connection:
            contact = await connection.fetchrow(Q["lock"], promise_id)
            if contact is None:
                raise _no_such_promise()
            row = await connection.fetchrow(Q["by_id"], promise_id)
            if row is None:
                raise _no_such_promise()
            yield connection, contact, promise_row(row)
        self._live.publish([contact["reference"]])
        self._outbox.wake()

    def _calendar(self, promise: PromiseRow) -> str:
        municipality = self._municipality()
        department = municipality.departments.get(promise.department)
        if department is None:
            # It left the configuration while the promise was open.
            department = municipality.departments[municipality.default_department]
        return department.hours

    async def _store(
        self, connection: Connection, promise_id: int, change: Change, now: datetime, result: str
    ) -> None:
        await connection.execute(
            Q["change"],
            promise_id,
            change.state,
            change.attempts,
            change.retry_at,
            change.late_at,
            change.fire_at,
            None if change.state.is_open else now,
            result,
        )

    async def _after_end(
        self, connection: Connection, contact: Record, promise: PromiseRow, now: datetime
    ) -> None:
        """A contact that stays open stays due: what is left to do becomes an answer."""
        if await connection.fetch(H["open_promises"], contact["id"]):
            return
        municipality = self._municipality()
        terms = answer_terms(
            municipality.policies, municipality.hours, self._calendar(promise), now
        )
        await connection.fetchval(
            H["make_promise"],
            contact["id"],
            PromiseKind.ANSWER,
            PromiseState.WAITING,
            contact["contact_department"],
            contact["contact_caseworker"],
            "",
            None,
            terms.due_at,
            now,
        )

    async def _tell(
        self,
        connection: Connection,
        contact: Record,
        promise: PromiseRow,
        template: str,
        data: dict[str, Any],
    ) -> None:
        """Tell the citizen in the way that reached us: by mail if we have one, else by SMS."""
        payload = {"language": contact["language"], "template": template} | data
        if contact["email"] and contact["channel"] in (Channel.MAIL, Channel.WEB):
            kind, payload["to"] = "mail.tell", contact["email"]
        elif promise.phone:
            kind, payload["to"] = "sms.tell", promise.phone
        else:
            return
        await connection.fetchval(
            H["add_effect"],
            kind,
            contact["id"],
            payload | {"promise_id": promise.id},
            self._clock.now(),
        )

    async def _event(
        self,
        connection: Connection,
        contact_id: int,
        kind: str,
        actor: str,
        body: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        await connection.execute(
            H["add_event"], contact_id, self._clock.now(), kind, actor, body, data or {}
        )

    async def list(
        self,
        *,
        due_before: datetime | None = None,
        state: str | None = None,
        department: str | None = None,
        owner: str | None = None,
        kind: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[PromiseWithContact]:
        """A page by due time, overdue first. `state` is `open`, a state, or None for all."""
        after_due, after_id = due_cursor.read(cursor)
        rows = await self._ledger.fetch(
            Q["list"],
            state,
            due_before,
            department,
            owner,
            kind,
            after_due,
            after_id,
            limit + 1,
        )
        items = [promise_with_contact(row) for row in rows[:limit]]
        return Page(items, due_cursor.write(items[-1].promise) if len(rows) > limit else None)


def _standing(promise: PromiseRow) -> Standing:
    return Standing(
        promise.kind,
        promise.state,
        promise.due_at,
        promise.retry_at,
        promise.attempts,
        promise.late_at,
    )


def _must_be_open(promise: PromiseRow) -> None:
    if not promise.state.is_open:
        raise Conflict("promise_ended", "The promise has already ended.")


def _no_such_promise() -> NotFound:
    return NotFound("no_such_promise", "There is no such promise.")
