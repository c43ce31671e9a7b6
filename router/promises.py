"""Promises (løfter) in the ledger: what staff, the phone and the citizen make of them.

What a promise becomes is decided in `router.promise_life`; here it is stored,
told to the citizen and shown on the timeline, in one transaction that holds the
contact's row. What the passing of time makes of them is `router.promise_clock`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from router import due_cursor
from router.errors import Conflict, NotFound, SenderError
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import CallbackWish, PromiseKind, PromiseState, printable
from router.promise_life import Dialled, Moved, Outcome, Reserved, Result, StillRinging
from router.promise_life import NotFound as NothingFound
from router.promise_steps import (
    LOOK_UP,
    PromiseSteps,
    Q,
    ground_of,
    no_such_promise,
    said_of,
    standing_of,
    telling,
)
from router.promise_terms import agreed_terms, check_window, no_later, terms_of
from router.rows import Page, PromiseRow, PromiseWithContact, promise_row, promise_with_contact
from router.steps import H
from router.to_citizen import reason_missing

if TYPE_CHECKING:
    from router.ledger import Connection, Record

__all__ = [
    "LOOK_UP",
    "Promises",
    "Q",
    "Result",
    "check_window",
    "ground_of",
    "standing_of",
    "telling",
]

C: Final = load_queries(QUERIES_FOLDER / "contacts.sql")
L: Final = load_queries(QUERIES_FOLDER / "letters.sql")
S: Final = load_queries(QUERIES_FOLDER / "slots.sql")
T: Final = load_queries(QUERIES_FOLDER / "parts.sql")

NO_CALLS: Final = "no_calls"
"""Flag: the citizen cannot be called, ever."""


@dataclass(frozen=True, slots=True)
class NewPromise:
    """A promise that staff or a program registers."""

    kind: PromiseKind
    about: str = ""
    not_before: datetime | None = None
    due_at: datetime | None = None
    """None: what the policy says."""
    phone: str = ""
    department: str = ""
    """Whose it is; the contact's by itself."""
    caseworker: str | None = None
    part_id: int | None = None


class Promises(PromiseSteps):
    """Reads promises, and what people do with them."""

    async def row(self, promise_id: int) -> PromiseRow:
        """One promise. Raises NotFound."""
        row = await self._ledger.fetchrow(Q["by_id"], promise_id)
        if row is None:
            raise no_such_promise()
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
            if promise.part_id is not None:
                raise Conflict("belongs_to_part", "Take the topic that it belongs to.")
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

    async def make(self, reference: str, actor: str, wanted: NewPromise) -> PromiseRow:
        """Promise something more in a contact that is open.

        A deadline of the law counts from now and cannot be set later by hand; a call
        before a refusal is made in time for it. Raises NotFound, Conflict `closed`,
        `part_ended`, `no_calls` or `law_comes_first`, SenderError for a due time that
        cannot be or a call without a number.
        """
        now = self._clock.now()
        municipality = self._municipality()
        async with self._ledger.transaction() as connection:
            contact = await connection.fetchrow(Q["lock_contact"], reference)
            if contact is None:
                raise NotFound("no_such_contact", "There is no contact with this reference.")
            if contact["contact_state"] != "open":
                raise Conflict("closed", "The contact is closed.")
            department = wanted.department or contact["contact_department"]
            caseworker = wanted.caseworker if wanted.department else contact["contact_caseworker"]
            if wanted.part_id is not None:
                department, caseworker = await _part(connection, contact["id"], wanted.part_id)
            phone = wanted.phone
            if wanted.kind.is_call:
                _must_be_callable(contact)
                phone = phone or contact["contact_phone"]
                if not phone:
                    raise SenderError("phone_missing", "Write the number to call.")
            policy = municipality.policies.of(wanted.kind, department)
            calendar = self._calendar(department)
            terms = terms_of(policy, municipality.hours, calendar, now)
            law = terms.due_at if policy.statutory else None
            if wanted.due_at is not None or wanted.not_before is not None:
                check_window(wanted.not_before, wanted.due_at, now)
                wish = CallbackWish(wanted.phone, wanted.not_before, wanted.due_at)
                terms = agreed_terms(wish, policy, municipality.hours, calendar, now)
                if law is not None and terms.due_at > law:
                    raise Conflict("law_comes_first", "A deadline of the law cannot be moved.")
            if wanted.kind is PromiseKind.CALL_BEFORE_REFUSAL:
                decided_by = await connection.fetchval(L["earliest_law"], contact["id"])
                if decided_by is not None:
                    terms = no_later(terms, decided_by)
            promise = await connection.fetchval(
                H["make_promise"],
                contact["id"],
                wanted.kind,
                PromiseState.WAITING if terms.not_before is None else PromiseState.SCHEDULED,
                department,
                caseworker,
                phone,
                terms.not_before,
                terms.due_at,
                now,
                policy.id,
                printable(wanted.about).strip(),
                law,
                wanted.part_id,
            )
            data = {"promise": promise, "kind": wanted.kind, "due_at": terms.due_at}
            await self._event(connection, contact["id"], "promised", actor, data=data)
            await connection.execute(H["refresh_due"], contact["id"])
        self._live.publish([reference])
        return await self.row(promise)

    async def reserve(self, promise_id: int, caseworker: str, until: datetime) -> PromiseRow:
        """A caseworker is about to call; nobody else is, until `until`.

        Raises Conflict `promise_ended`, `already_reserved` or `no_calls`, SenderError
        `no_such_caseworker`, Conflict `not_a_call`.
        """
        if caseworker not in self._municipality().caseworkers:
            raise SenderError("no_such_caseworker", "There is no such caseworker.")
        async with self._held_call(promise_id) as (connection, contact, promise):
            _must_be_callable(contact)
            await self._step(connection, contact, promise, Reserved(until))
            data = {"promise": promise.id, "until": until}
            actor = f"staff:{caseworker}"
            await self._event(connection, contact["id"], "reserved", actor, data=data)
        return await self.row(promise_id)

    async def dialled(self, promise_id: int, attempt: int) -> None:
        """The provider has begun attempt number `attempt`. Twice or late changes nothing."""
        async with self._held_call(promise_id) as (connection, contact, promise):
            await self._step(connection, contact, promise, Dialled(attempt))

    async def came_out(
        self, promise_id: int, attempt: int, result: Result, *, talk_seconds: int | None = None
    ) -> None:
        """The provider says what came of an attempt. Twice, late or out of order is harmless."""
        async with self._held_call(promise_id) as (connection, contact, promise):
            await self._step(connection, contact, promise, Outcome(result, attempt))
            await _talked(connection, promise.id, result, talk_seconds)

    async def not_found(self, promise_id: int, attempt: int) -> None:
        """The provider, asked, knows nothing of the attempt."""
        async with self._held_call(promise_id) as (connection, contact, promise):
            await self._step(connection, contact, promise, NothingFound(attempt))

    async def still_ringing(self, promise_id: int, attempt: int) -> None:
        """The provider, asked, says that the attempt is under way."""
        async with self._held_call(promise_id) as (connection, contact, promise):
            await self._step(connection, contact, promise, StillRinging(attempt))

    async def attempt(
        self,
        promise_id: int,
        actor: str,
        result: Result | str,
        note: str = "",
        *,
        talk_seconds: int | None = None,
    ) -> PromiseRow:
        """Somebody called. Only `reached` keeps the promise; otherwise the citizen is told.

        Answers the promise as it now stands. Raises SenderError `no_such_result`,
        Conflict `promise_ended`, `not_a_call` for what is not kept by talking, or
        `no_calls` when the citizen cannot be called.
        """
        try:
            result = Result(result)
        except ValueError:
            raise SenderError("no_such_result", "There is no such result.") from None
        async with self._held_call(promise_id) as (connection, contact, promise):
            if result is not Result.REACHED:
                _must_be_callable(contact)
            if promise.id != promise_id:
                # Said of a callback that had joined another: told there too.
                await self._said_of_joined(connection, promise_id, promise, actor, result, note)
                note = ""
            await self._step(connection, contact, promise, Outcome(result), actor=actor, note=note)
            await _talked(connection, promise.id, result, talk_seconds)
        return await self.row(promise_id)

    async def _said_of_joined(
        self,
        connection: Connection,
        promise_id: int,
        main: PromiseRow,
        actor: str,
        result: Result,
        note: str,
    ) -> None:
        row = await connection.fetchrow(Q["by_id"], promise_id)
        _must_be_open(promise_row(row))
        data = {"promise": promise_id, "with": main.id, "result": result}
        words = printable(note).strip()
        await self._event(connection, row["contact_id"], "attempt", actor, words, data)

    async def answered_inbound(self, promise_id: int, actor: str) -> None:
        """The citizen called us first and was helped. Raises Conflict `promise_ended`."""
        async with self._held_call(promise_id) as (connection, contact, promise):
            await self._end(connection, contact, promise, PromiseState.ANSWERED_INBOUND, actor, "")

    async def withdraw(self, promise_id: int, actor: str, note: str = "") -> None:
        """The citizen no longer wants it, as staff say.

        What the law asks for needs a `note` that says why, which stays on the timeline.
        Raises Conflict `promise_ended` or `use_meeting`, SenderError `reason_missing`.
        """
        async with self._held(promise_id) as (connection, contact, promise):
            _must_be_open(promise)
            if promise.asked_by_law and not printable(note).strip():
                raise reason_missing()
            await self._end(connection, contact, promise, PromiseState.WITHDRAWN, actor, note)
            if promise.kind is PromiseKind.CALLBACK:
                left = await self._left(connection, contact["id"], promise.id)
                if left is not None:
                    told = {"department": left.department, "promise": said_of(left)}
                    await self._tell(connection, contact, promise, "withdrawn", told)

    async def reschedule(
        self, promise_id: int, actor: str, not_before: datetime | None, until: datetime | None
    ) -> PromiseRow:
        """A new window; the citizen is told. Raises SenderError for a window that cannot be,
        `window_closed` too, Conflict `promise_ended`, `use_meeting` or `law_comes_first`."""
        now = self._clock.now()
        if not_before is None and until is None:
            raise SenderError("window_missing", "Say from when or until when.")
        check_window(not_before, until, now)
        async with self._held(promise_id) as (connection, contact, promise):
            municipality = self._municipality()
            ground = ground_of(promise, municipality)
            _must_be_open(promise)
            wish = CallbackWish(promise.phone, not_before, until)
            terms = agreed_terms(wish, ground.policy, ground.hours, ground.calendar, now)
            await self._step(connection, contact, promise, Moved(terms.not_before, terms.due_at))
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


async def _part(connection: Connection, contact_id: int, part_id: int) -> tuple[str, str | None]:
    """Who owns an open part of the contact, whose row is held."""
    part = await connection.fetchrow(T["by_id"], part_id)
    if part is None or part["contact_id"] != contact_id:
        raise NotFound("no_such_part", "There is no such topic.")
    if part["ended_at"] is not None:
        raise Conflict("part_ended", "The topic has already ended.")
    return part["department"], part["caseworker"]


async def _talked(
    connection: Connection, promise_id: int, result: Result, seconds: int | None
) -> None:
    """How long the talk took: from that follows how many calls can be promised."""
    if result is Result.REACHED and seconds is not None and seconds > 0:
        await connection.execute(S["talked"], promise_id, seconds)


def _must_be_open(promise: PromiseRow) -> None:
    if not promise.state.is_open:
        raise Conflict("promise_ended", "The promise has already ended.")


def _must_be_callable(contact: Record) -> None:
    if NO_CALLS in contact["flags"]:
        raise Conflict("no_calls", "The citizen has said that they cannot be called: write.")
