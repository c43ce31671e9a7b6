"""Storing what an event makes of a promise, with all that follows, in one transaction.

What it becomes is decided in `router.promise_life`; here it is written down, told to
the citizen and shown on the timeline, while the contact's row is held.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.errors import NotFound
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import PromiseGiven, PromiseKind, PromiseState, printable
from router.promise_life import (
    Ended,
    Event,
    Ground,
    LookUp,
    Result,
    Standing,
    Step,
    Tell,
    next_look,
    step,
)
from router.rows import PromiseRow, promise_row
from router.steps import H, Steps
from router.to_citizen import stay_due, way_to

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Connection, Record

Q: Final = load_queries(QUERIES_FOLDER / "promises.sql")
LOOK_UP: Final = "call.look_up"
"""Effect: ask the provider what came of an attempt."""


class PromiseSteps(Steps):
    """Steps in the life of promises."""

    async def _step(
        self,
        connection: Connection,
        contact: Record,
        promise: PromiseRow,
        event: Event,
        *,
        actor: str = "house",
        note: str = "",
    ) -> None:
        """Store what `event` makes of the promise and what follows from it."""
        now = self._clock.now()
        was, ground = standing_of(promise), ground_of(promise, self._municipality())
        done = step(was, event, ground, now)
        if done.standing == was and not done.effects:
            return
        after = done.standing
        if not after.state.is_open and promise.kind is PromiseKind.CALLBACK:
            await connection.execute(Q["hold_calls"], promise.contact_id)
            if done.result is Result.REACHED or after.state is PromiseState.ANSWERED_INBOUND:
                await self._end_joined(connection, promise, after.state, now)
        await connection.execute(Q["change"], *change_of(promise, done, ground, now))
        if done.result is not None:
            data = {"promise": promise.id, "result": done.result, "retry_at": after.retry_at}
            await self._event(
                connection, contact["id"], "attempt", actor, printable(note).strip(), data
            )
        for effect in done.effects:
            if isinstance(effect, Tell):
                await self._tell(
                    connection, contact, promise, effect.template, effect.data, effect.by_phone
                )
            elif isinstance(effect, LookUp):
                payload = {"promise_id": promise.id, "attempt": effect.attempt}
                await self._effect(connection, LOOK_UP, contact["id"], payload)
        if not after.state.is_open:
            # A contact that stays open stays due: what is left to do becomes an answer.
            await stay_due(connection, contact["id"], self._municipality(), now, promise.id)
        await connection.execute(H["refresh_due"], contact["id"])

    async def _end(
        self,
        connection: Connection,
        contact: Record,
        promise: PromiseRow,
        state: PromiseState,
        actor: str,
        note: str,
    ) -> None:
        await self._event(
            connection,
            contact["id"],
            "withdrawn" if state is PromiseState.WITHDRAWN else "kept",
            actor,
            printable(note).strip(),
            {"promise": promise.id, "state": state},
        )
        await self._step(connection, contact, promise, Ended(state))

    @asynccontextmanager
    async def _held(self, promise_id: int) -> AsyncIterator[tuple[Connection, Record, PromiseRow]]:
        """The promise with its contact's row held; committed and told at the end."""
        async with self._ledger.transaction() as connection:
            contact = await connection.fetchrow(Q["lock"], promise_id)
            if contact is None:
                raise no_such_promise()
            row = await connection.fetchrow(Q["by_id"], promise_id)
            if row is None:
                raise no_such_promise()
            yield connection, contact, promise_row(row)
        self._live.publish([contact["reference"]])
        self._outbox.wake()

    @asynccontextmanager
    async def _held_call(
        self, promise_id: int
    ) -> AsyncIterator[tuple[Connection, Record, PromiseRow]]:
        """What is called when this promise is: itself, or the callback that it joined.

        The contacts of all that end with that talk are held, and nobody joins meanwhile.
        """
        while True:
            async with self._ledger.transaction() as connection:
                held = {row["id"] for row in await connection.fetch(Q["lock_call"], promise_id)}
                row = await connection.fetchrow(Q["call_of"], promise_id)
                if row is None:
                    raise no_such_promise()
                if row["contact_id"] not in held:
                    continue  # Another one took its place while we waited.
                await connection.execute(Q["hold_calls"], row["contact_id"])
                joined = await connection.fetch(Q["contacts_of_call"], promise_id)
                if not held.issuperset(row["id"] for row in joined):
                    # It joined while we waited. Contacts are held before numbers: once more.
                    continue
                contact = await connection.fetchrow(Q["lock"], row["id"])
                yield connection, contact, promise_row(row)
            break
        self._live.publish([contact["reference"]])
        self._outbox.wake()

    async def _end_joined(
        self, connection: Connection, promise: PromiseRow, state: PromiseState, now: datetime
    ) -> None:
        """Callbacks that joined this one end with the same talk.

        After any other end the ledger puts the oldest of them in its place.
        """
        for row in await connection.fetch(Q["end_joined"], promise.id, state, now):
            data = {"promise": row["id"], "with": promise.id, "state": state}
            await self._event(connection, row["contact_id"], "kept", "house", data=data)
            if row["contact_id"] != promise.contact_id:
                await stay_due(connection, row["contact_id"], self._municipality(), now)

    async def _left(
        self, connection: Connection, contact_id: int, about: int | None
    ) -> PromiseRow | None:
        """What the citizen is promised after something was said of promise `about`: that
        promise, else what is left of the same topic, else the next call, else what is next."""
        rows = [promise_row(row) for row in await connection.fetch(H["open_promises"], contact_id)]
        was = None if about is None else await connection.fetchrow(Q["by_id"], about)

        def far(row: PromiseRow) -> tuple[bool, bool, bool]:
            of_topic = was is not None and row.part_id == was["part_id"]
            return row.id != about, not of_topic, row.kind is not PromiseKind.CALLBACK

        return min(rows, key=far, default=None)

    async def _tell(
        self,
        connection: Connection,
        contact: Record,
        promise: PromiseRow,
        template: str,
        data: dict[str, Any],
        by_phone: bool = True,
    ) -> None:
        """Tell the citizen, by the number of this promise where there is no mail."""
        told = telling(contact, promise, template, data, by_phone)
        if told is not None:
            kind, payload = told
            await self._effect(connection, kind, contact["id"], payload)


def telling(
    contact: Record,
    promise: PromiseRow,
    template: str,
    data: dict[str, Any],
    by_phone: bool = True,
) -> tuple[str, dict[str, Any]] | None:
    """The effect that tells a citizen, or None when there is no way to.

    Not `by_phone`: the number has turned out to be somebody else's.
    """
    payload = {
        "language": contact["language"],
        "template": template,
        "department": promise.department,
        "promise_id": promise.id,
    } | data
    way = way_to(contact, promise.phone if by_phone else "")
    if way is None:
        return None
    kind, to = way
    return kind, payload | {"to": to}


def said_of(promise: PromiseRow | PromiseGiven) -> dict[str, Any]:
    """A promise as a message says it, whatever becomes of it meanwhile."""
    return {
        "kind": promise.kind,
        "not_before": promise.not_before,
        "due_at": promise.due_at,
        "phone": promise.phone,
    }


def change_of(promise: PromiseRow, done: Step, ground: Ground, now: datetime) -> tuple[Any, ...]:
    """What the query `change` stores of a step."""
    after = done.standing
    return (
        promise.id,
        after.state,
        after.not_before,
        after.due_at,
        after.retry_at,
        after.attempts,
        after.late_at,
        after.level,
        after.alarmed_at,
        after.lease_until,
        next_look(after, ground),
        None if after.state.is_open else now,
        done.result or promise.last_result,
        after.back_to,
        after.statutory_due_at,
    )


def standing_of(promise: PromiseRow) -> Standing:
    """What the next step of a stored promise depends on."""
    return Standing(
        kind=promise.kind,
        state=promise.state,
        made_at=promise.made_at,
        due_at=promise.due_at,
        not_before=promise.not_before,
        retry_at=promise.retry_at,
        attempts=promise.attempts,
        late_at=promise.late_at,
        level=promise.level,
        alarmed_at=promise.alarmed_at,
        lease_until=promise.lease_until,
        back_to=None if promise.back_to is None else PromiseState(promise.back_to),
        statutory_due_at=promise.statutory_due_at,
    )


def ground_of(promise: PromiseRow, municipality: Municipality) -> Ground:
    """What the municipality says about a stored promise."""
    department = municipality.departments.get(promise.department)
    if department is None:
        # It left the configuration while the promise was open.
        department = municipality.departments[municipality.default_department]
    policy = municipality.policies.governing(promise.policy, promise.kind, promise.department)
    return Ground(policy, municipality.hours, department.hours)


def no_such_promise() -> NotFound:
    return NotFound("no_such_promise", "There is no such promise.")
