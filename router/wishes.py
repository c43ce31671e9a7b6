"""What a citizen can do with the call that we promised them: move it, withdraw it, confirm it.

By the status page, the API and by answering our text message. They have proved
who they are before they come here. A time that they ask for is promised only if
it is free; when it is not, what was promised before stays as it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.errors import Conflict, KeyReused, NotFound, SenderError
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import CallbackWish, Channel, PromiseGiven, PromiseKind, PromiseState, printable
from router.pledging import WAITS_FOR_NOTHING
from router.promise_life import Ended, Moved
from router.promise_steps import PromiseSteps, ground_of, said_of
from router.promise_steps import Q as P
from router.promise_terms import Terms, check_window, while_open
from router.rows import PromiseRow, promise_row
from router.steps import H
from router.to_citizen import way_to

if TYPE_CHECKING:
    from router.capacity import Slot
    from router.ledger import Connection, Record
    from router.slots import Book, Slots
    from router.steps import Tools

Q: Final = load_queries(QUERIES_FOLDER / "wishes.sql")
R: Final = load_queries(QUERIES_FOLDER / "reception.sql")

CITIZEN: Final = "citizen"


_DONE: Final = {
    "rescheduled": "moved",
    "withdrawn": "withdrawn",
    "time_confirmed": "confirmed",
    "message": "message",
}
_Act = Callable[["Connection", "Record", PromiseRow], Awaitable[str]]


class NoSuchTime(SenderError):
    """The time cannot be promised: `window_closed` (we are) or `slot_taken`."""

    def __init__(self, code: str, next_free: Slot | None) -> None:
        super().__init__(code, "")
        self.next_free = next_free
        """The first free time after it."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a citizen said what they want."""

    channel: Channel
    key: str = ""
    """Dedupe key; "" where saying it twice is harmless."""
    text: str = ""
    at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    tell: bool = True
    """False when the channel itself tells what came of it."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What is promised after a citizen has acted."""

    contact_id: int
    reference: str
    department: str
    caseworker: str | None
    language: str
    promise: PromiseGiven | None
    done: str
    """What this very message did, now or before: `moved`, `withdrawn` or `confirmed`, `message`
    when words were added to a contact, "" when they made one."""


@dataclass(frozen=True, slots=True)
class Told:
    """The call that we wrote to a number about last."""

    reference: str
    department: str
    language: str
    promise: PromiseGiven
    call: int
    """Which of the contact's calls it is."""


class Wishes(PromiseSteps):
    """Citizens' own steps, each one transaction that holds the contact's row."""

    def __init__(self, tools: Tools, slots: Slots) -> None:
        super().__init__(tools)
        self._slots = slots

    async def told_last(self, phone: str) -> Told | None:
        """The open call to `phone` that an answer from there is about; None without one."""
        row = await self._ledger.fetchrow(Q["told_last"], phone)
        if row is None:
            return None
        given = _given(promise_row(row))
        return Told(row["reference"], row["department"], row["language"], given, row["call"])

    async def said_before(self, said: Said) -> Agreed | None:
        """What came of this very message, when we have had it before."""
        row = await self._ledger.fetchrow(Q["said_before"], said.channel, said.key)
        if row is None:
            return None
        async with self._ledger.connection() as connection:
            done = _DONE.get(row["kind"] or "", "")
            return await self._agreed(connection, row, done, row["promise"])

    async def move(
        self,
        reference: str,
        not_before: datetime | None,
        until: datetime | None,
        said: Said,
        *,
        call: int | None = None,
        any_between: bool = False,
    ) -> Agreed:
        """Agree on another time for the call: this window, or with `any_between` the first
        free time in it. `call` says which, where there are several (`numbered_calls`).

        Raises SenderError for a window that cannot be, NoSuchTime for one that is not
        free, Conflict `no_callback`, `several_calls`, `promise_ended` or `too_urgent`,
        NotFound.
        """
        now = self._clock.now()
        if not_before is None and until is None:
            raise SenderError("window_missing", "Say from when or until when.")
        check_window(not_before, until, now)

        async def moved(connection: Connection, contact: Record, promise: PromiseRow) -> str:
            book = await self._slots.book(connection, promise.department, now, promise.id)
            wish = CallbackWish(promise.phone, not_before, until)
            terms = self._terms(book, wish, promise, now, any_between=any_between)
            if WAITS_FOR_NOTHING & set(contact["flags"]) and terms.due_at > promise.due_at:
                raise Conflict("too_urgent")
            if (terms.not_before, terms.due_at) != (promise.not_before, promise.due_at):
                await self._step(
                    connection, contact, promise, Moved(terms.not_before, terms.due_at)
                )
            data = {
                "promise": promise.id,
                "not_before": terms.not_before,
                "due_at": terms.due_at,
                "was_due_at": promise.due_at,
            }
            await self._said(connection, contact, "rescheduled", said, data)
            return "rescheduled"

        return await self._act(reference, call, said, "moved", moved)

    async def withdraw_callback(
        self, reference: str, said: Said, call: int | None = None
    ) -> Agreed:
        """No call after all; what it was about is answered in writing.

        Raises Conflict `no_callback`, `several_calls` or `promise_ended`, NotFound.
        """

        async def withdrawn(connection: Connection, contact: Record, promise: PromiseRow) -> str:
            data = {"promise": promise.id, "state": PromiseState.WITHDRAWN}
            await self._said(connection, contact, "withdrawn", said, data)
            await self._step(connection, contact, promise, Ended(PromiseState.WITHDRAWN))
            return "withdrawn"

        return await self._act(reference, call, said, "withdrawn", withdrawn)

    async def confirm(self, reference: str, said: Said, call: int | None = None) -> Agreed:
        """The time suits them. Raises as `withdraw_callback`."""

        async def confirmed(connection: Connection, contact: Record, promise: PromiseRow) -> str:
            await self._said(connection, contact, "time_confirmed", said, {"promise": promise.id})
            return ""

        return await self._act(reference, call, said, "confirmed", confirmed)

    async def stop_messages(self, phone: str, *, stopped: bool) -> None:
        """No text message goes to `phone` any more (STOP), or again (START)."""
        await self._ledger.execute(Q["stop" if stopped else "start"], phone, self._clock.now())

    async def tell_by_mail(self, contact_id: int, payload: Mapping[str, Any], to: str) -> None:
        """What cannot be told by text message, by mail instead."""
        async with self._ledger.transaction() as connection:
            await self._effect(connection, "mail.tell", contact_id, {**payload, "to": to})
        self._outbox.wake()

    async def wants_no_messages(self, phone: str) -> bool:
        """Whether the holder of `phone` has answered STOP."""
        return bool(await self._ledger.fetchval(Q["is_stopped"], phone))

    async def _act(
        self, reference: str, call: int | None, said: Said, done: str, step: _Act
    ) -> Agreed:
        """One step with the contact held; said again, it changes nothing."""
        async with self._ledger.transaction() as connection:
            contact = await connection.fetchrow(P["lock_contact"], reference)
            if contact is None:
                raise NotFound("no_such_contact", "There is no contact with this reference.")
            before = await self._claim(connection, contact, said, done)
            about = None
            if before is None:
                promise = await self._open_callback(connection, contact["id"], call)
                about = promise.id
                template = await step(connection, contact, promise)
                await connection.execute(H["refresh_due"], contact["id"])
                if template and said.tell:
                    await self._tell_agreed(connection, contact, promise, template)
            agreed = await self._agreed(connection, contact, before or done, about)
        self._live.publish([reference])
        self._outbox.wake()
        return agreed

    async def _claim(
        self, connection: Connection, contact: Record, said: Said, done: str
    ) -> str | None:
        """None when this is new; what it did when it is known. Raises KeyReused."""
        if not said.key:
            return None
        at = said.at or self._clock.now()
        claimed = await connection.fetchval(
            R["claim_attached"], said.channel, said.key, contact["id"], b"", at
        )
        if claimed is not None:
            return None
        known = await connection.fetchrow(R["known_arrival"], said.channel, said.key)
        if known is None or known["contact_id"] != contact["id"]:
            raise KeyReused("key_reused", "This key was used for another content.")
        return done

    async def _open_callback(
        self, connection: Connection, contact_id: int, call: int | None
    ) -> PromiseRow:
        """The call with this number, or the only one that is open."""
        calls = dict(
            numbered_calls(map(promise_row, await connection.fetch(Q["calls"], contact_id)))
        )
        if not calls:
            raise Conflict("no_callback")
        if call is not None:
            if call not in calls:
                raise NotFound("no_such_call")
            if not calls[call].state.is_open:
                raise Conflict("promise_ended")
            return calls[call]
        promises = [promise for promise in calls.values() if promise.state.is_open]
        if not promises:
            raise Conflict("promise_ended")
        if len(promises) > 1:
            raise Conflict("several_calls")
        return promises[0]

    def _terms(
        self,
        book: Book,
        wish: CallbackWish,
        promise: PromiseRow,
        now: datetime,
        *,
        any_between: bool,
    ) -> Terms:
        """The time that is promised for `wish`, exactly there. Raises NoSuchTime."""
        ground = ground_of(promise, self._municipality())
        start = max(wish.not_before or now, now)
        wish = while_open(wish, ground.hours, ground.calendar, now)
        horizon = (ground.policy.latest or ground.policy.within).after(
            ground.hours, ground.calendar, start
        )
        terms = None if any_between else book.as_wished(wish)
        if terms is not None:
            return terms
        if any_between or wish.until is None:
            slot = book.outlook.next_free(start, wish.until or horizon)
            if slot is not None:
                return Terms(slot.start, slot.end)
        opens = ground.hours.next_open(ground.calendar, start)
        closed = wish.until is not None and opens >= wish.until
        raise NoSuchTime(
            "window_closed" if closed else "slot_taken", book.outlook.next_free(start, horizon)
        )

    async def _said(
        self,
        connection: Connection,
        contact: Record,
        kind: str,
        said: Said,
        data: dict[str, Any],
    ) -> None:
        words = printable(said.text).strip()
        await self._event(connection, contact["id"], kind, CITIZEN, words, {**said.data, **data})

    async def _agreed(
        self, connection: Connection, contact: Record, done: str, about: int | None
    ) -> Agreed:
        """`about` is the call that they spoke of, where they did."""
        owner = await connection.fetchrow(Q["owner"], contact["id"])
        first = await self._left(connection, contact["id"], about)
        department = owner["department"] if owner else contact["contact_department"]
        return Agreed(
            contact_id=contact["id"],
            reference=contact["reference"],
            # Of several topics each is called about by its own department.
            department=department if first is None else first.department,
            caseworker=owner["caseworker"] if owner else contact["contact_caseworker"],
            language=contact["language"],
            promise=None if first is None else _given(first),
            done=done,
        )

    async def _tell_agreed(
        self, connection: Connection, contact: Record, promise: PromiseRow, template: str
    ) -> None:
        """Tell them of the change by the channel they chose: it may have been somebody else."""
        now_is = await self._left(connection, contact["id"], promise.id)
        if now_is is None:
            return
        payload = {
            "language": contact["language"],
            "template": template,
            "department": now_is.department,
            "promise_id": promise.id,
            "promise": said_of(now_is),
        }
        if (way := way_to(contact, promise.phone)) is not None:
            await self._effect(connection, way[0], contact["id"], payload | {"to": way[1]})


def numbered_calls(promises: Iterable[PromiseRow]) -> list[tuple[int, PromiseRow]]:
    """A contact's calls, each with the number by which its citizen says which one is meant.

    Counted from 1 in the order in which they were promised; those that have ended keep
    theirs. Our own ids would tell how many promises everybody has.
    """
    calls = (promise for promise in promises if promise.kind is PromiseKind.CALLBACK)
    return list(enumerate(sorted(calls, key=lambda promise: promise.id), 1))


def _given(promise: PromiseRow) -> PromiseGiven:
    return PromiseGiven(promise.kind, promise.not_before, promise.due_at, promise.phone)
