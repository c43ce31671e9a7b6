"""A caller who has a reference: whose it is, what is promised, and what they want with it.

Two things prove that a contact is theirs. The access code, each letter by its key.
Or the number that they call from, when the contact has it: the provider has signed
what the network said, but a network can be lied to. So with the number alone nothing
is said but who has the contact and what is promised by when, and only a call that is
promised to that very number can be changed; nobody is called on another one.

Until then the call has a contact of its own, like any other. It is closed as a
duplicate once the call belongs to the contact that was named, after that has been
committed; where that one is closed, only when the caller has said what they want.
Whoever hangs up is promised what they were before, or a call.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from channels.numbers import caller_number, on_keys
from channels.phone.flow import (
    Notice,
    Proof,
    Step,
    Turn,
    Wish,
    again_or_person,
    give_up,
    mistaken,
)
from channels.phone.guesses import Guesses
from channels.phone.known_words import Facts, Owed, only_to
from channels.phone.script import Told
from channels.phone.sms_words import Wants, understand
from channels.wording import grouped_reference
from router.errors import Conflict, NotFound, SenderError
from router.model import (
    Arrival,
    CallbackWish,
    Channel,
    ContactState,
    Outcome,
    PromiseGiven,
    PromiseKind,
)
from router.promise_life import Result
from router.wishes import NoSuchTime, Said, numbered_calls

if TYPE_CHECKING:
    from channels.phone.calls import Call
    from channels.phone.flow import About, CallState, Setting
    from router.capacity import Slot
    from router.house import House
    from router.model import Receipt
    from router.rows import ContactView, PromiseRow
    from router.wishes import Agreed

log = structlog.get_logger(__name__)

AHEAD: Final = timedelta(days=14)
"""How far ahead free times are read out."""
_APART: Final = timedelta(hours=3)
_MOST_TIMES: Final = 3

_REFUSED: Final = {
    "promise_ended": Notice.ENDED,
    "no_callback": Notice.ENDED,
    "no_such_call": Notice.ENDED,
    "too_urgent": Notice.TOO_URGENT,
}


class Known:
    """Does what callers with a reference want. Everything is committed when it returns."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._guesses = Guesses(house.redis)

    async def fulfil(
        self, call: Call, outcome: Turn, caller: str, key: str, setting: Setting
    ) -> tuple[Call, Turn]:
        """What came of a wish: the call with its contact, and the step that follows.

        `key` names this very turn, so that a webhook that comes twice acts once.
        """
        step = _Acting(self._house, self._guesses, call, outcome, caller_number(caller), key)
        if call.state.about.own:
            # Its own promise must not take the place of one that is now withdrawn.
            await self.tidy(call)
        return await step.fulfil(setting)

    async def seen(self, call: Call, caller: str) -> tuple[Call, Facts]:
        """How the contact stands that was named, and what of it the caller may change."""
        about = call.state.about
        if call.state.step is not Step.STATUS:
            return call, Facts()
        view = await self._house.contacts.view(about.reference)
        mine = _mine(view, about, caller_number(caller))
        number, row = mine[0] if mine else (0, None)
        about = replace(about, call=number, number=row.phone if row is not None else "")
        calls = [p for p in view.promises if p.kind is PromiseKind.CALLBACK]
        standing = [p for p in view.promises if p.state.is_open]
        now = self._house.clock.now()
        # What can be changed is read first.
        standing.sort(key=lambda p: (row is None or p.id != row.id, p.due_at))
        facts = Facts(
            reference=about.reference,
            department=view.head.department,
            closed=view.head.state is ContactState.CLOSED,
            owed=tuple(_owed(promise, about, caller_number(caller), now) for promise in standing),
            called=bool(calls) and not any(p.state.is_open for p in calls),
            of_several=row.department
            if row is not None and sum(p.kind.is_call for p in standing) > 1
            else "",
        )
        return replace(call, state=replace(call.state, about=about)), facts

    async def tidy(self, call: Call) -> None:
        """Close the contact that the call made, once the call belongs to another one."""
        own = call.state.about.own
        if not own or own == call.told.reference:
            return
        contacts = self._house.contacts
        view = await contacts.view(own)
        head = view.head
        # What they were told in writing, as who hangs up is, is kept.
        told = any(event.kind == "promised" for event in view.timeline)
        if head.state is ContactState.CLOSED or head.caseworker is not None or told:
            return
        note = grouped_reference(call.told.reference)
        try:
            await contacts.close(own, "house", Outcome.DUPLICATE, note, head.version)
        except Conflict as error:
            # Something has come of it meanwhile.
            log.info("call_not_tidied", contact_id=head.id, code=error.code)


class _Acting:
    """One wish of one caller."""

    def __init__(
        self, house: House, guesses: Guesses, call: Call, outcome: Turn, caller: str, key: str
    ) -> None:
        self._house = house
        self._guesses = guesses
        self._call = call
        self._outcome = outcome
        self._state = outcome.state
        self._about = outcome.state.about
        self._caller = caller
        self._key = key
        self._now = house.clock.now()

    async def fulfil(self, setting: Setting) -> tuple[Call, Turn]:
        wish = self._outcome.wish
        if wish is Wish.LOOK:
            return await self._look()
        if wish is Wish.PROVE:
            return await self._prove(setting)
        if wish is Wish.ADD:
            return await self._add(self._outcome.value)
        if wish is Wish.SAID_TIME and (notice := self._no_time()) is not None:
            if len(self._outcome.value.split()) > 2:
                return await self._add(self._outcome.value)
            turn = again_or_person(self._state, notice)
            if turn.wish is None:
                return self._call, turn
            self._outcome, self._state, wish = turn, turn.state, turn.wish
        view = await self._house.contacts.view(self._about.reference)
        mine = dict(_mine(view, self._about, self._caller))
        if wish is Wish.PERSON:
            return await self._person(view, mine, setting)
        row = mine.get(self._about.call)
        if wish is Wish.KEEP and row is None:
            return self._joined(view.head.id, None, Step.DONE, Notice.NONE, _first(view))
        if row is None:
            return self._stay(Notice.ENDED)
        try:
            return await self._with_call(row)
        except NoSuchTime as error:
            return await self._other_times(row, error)
        except SenderError as error:
            if error.code.startswith("window_"):
                return await self._read_times(row, Notice.TAKEN, self._now)
            return self._stay(_REFUSED.get(error.code, Notice.ENDED))

    async def _with_call(self, row: PromiseRow) -> tuple[Call, Turn]:
        """What can be done with a call that is promised."""
        wish, wishes, about = self._outcome.wish, self._house.wishes, self._about
        said = Said(Channel.PHONE, self._key, at=self._now, data=self._data)
        if wish is Wish.KEEP:
            agreed = await wishes.confirm(about.reference, said, about.call)
            return self._agreed(agreed, Notice.KEPT)
        if wish is Wish.WITHDRAW:
            agreed = await wishes.withdraw_callback(about.reference, said, about.call)
            return self._agreed(agreed, Notice.WITHDRAWN)
        if wish is Wish.TAKE:
            start, end = about.slots[int(self._outcome.value)]
            agreed = await wishes.move(about.reference, start, end, said, call=about.call)
            return self._agreed(agreed, Notice.MOVED)
        if wish is Wish.SAID_TIME:
            return await self._said_time(said)
        after = self._now
        if self._outcome.value == "later" and about.slots:
            after = about.slots[-1][0] + timedelta(seconds=1)
        return await self._read_times(row, Notice.NONE, after)

    async def _look(self) -> tuple[Call, Turn]:
        """By the caller's number, or the code is asked for: also when nobody has this one."""
        try:
            view = await self._house.contacts.view(self._about.reference)
        except NotFound:
            return self._call, Turn(self._state)
        if not self._caller or self._caller not in _numbers(view):
            return self._call, Turn(self._state)
        return await self._proven(view, Proof.CALLER)

    async def _prove(self, setting: Setting) -> tuple[Call, Turn]:
        reference, typed = self._about.reference, self._outcome.value
        may = await self._guesses.may_try(reference, self._caller)
        if not may:
            notice = Notice.TO_A_PERSON if may is None else Notice.TOO_MANY
            return self._call, give_up(self._state, setting, notice=notice)
        code = on_keys(self._house.contacts.access_code(reference).replace("-", ""))
        if hmac.compare_digest(code.encode(), typed.encode()):
            try:
                view = await self._house.contacts.view(reference)
            except NotFound:
                pass  # A code that fits a reference nobody has: answered like any other.
            else:
                await self._guesses.was_right(reference, self._caller)
                return await self._proven(view, Proof.CODE)
        log.info("phone_code_wrong", contact_id=self._call.contact_id)
        return self._call, mistaken(self._state, Notice.BAD_CODE, setting)

    async def _proven(self, view: ContactView, proof: Proof) -> tuple[Call, Turn]:
        self._about = replace(self._about, proof=proof)
        receipt = await self._receive("looked_up", reopens=False)
        log.info("caller_known", contact_id=receipt.contact_id, proof=proof)
        if view.head.state is ContactState.CLOSED:
            # The call keeps its own contact until they say what they want.
            state = replace(self._state, step=Step.STATUS, fails=0, about=self._about)
            return self._call, Turn(state)
        return self._joined(receipt.contact_id, receipt, Step.STATUS, Notice.NONE)

    async def _add(self, text: str) -> tuple[Call, Turn]:
        view = await self._house.contacts.view(self._about.reference)
        closed = view.head.state is ContactState.CLOSED
        # What is opened again is called about, where there is a number.
        number = self._state.number if closed else ""
        receipt = await self._receive("said", text=text, phone=number)
        return self._joined(receipt.contact_id, receipt, Step.DONE, Notice.NOTED)

    async def _person(
        self, view: ContactView, mine: dict[int, PromiseRow], setting: Setting
    ) -> tuple[Call, Turn]:
        calls = [p for _, p in numbered_calls(view.promises) if p.state.is_open]
        if self._about.proof is Proof.CALLER and calls and not mine:
            # Calls to somebody else's number are not theirs to change: a call of their own.
            turn = give_up(self._state, setting)
            return self._call.as_own(), turn
        number = self._state.number
        receipt = await self._receive(
            "asked_for_person",
            phone=number,
            callback=CallbackWish(number) if number else None,
        )
        return self._joined(receipt.contact_id, receipt, self._state.step, self._outcome.notice)

    def _no_time(self) -> Notice | None:
        """Why the caller's words are no time; None when they are one."""
        meant = understand(self._outcome.value, self._now, self._house.municipality.zone)
        if meant.wants is Wants.TIME:
            return None
        impossible = meant.wants is Wants.IMPOSSIBLE
        return Notice.NO_SUCH_HOUR if impossible else Notice.NOT_UNDERSTOOD

    async def _said_time(self, said: Said) -> tuple[Call, Turn]:
        words = self._outcome.value
        meant = understand(words, self._now, self._house.municipality.zone)
        agreed = await self._house.wishes.move(
            self._about.reference,
            meant.not_before,
            meant.until,
            replace(said, text=words),
            call=self._about.call,
            any_between=not meant.exact,
        )
        return self._agreed(agreed, Notice.MOVED)

    async def _other_times(self, row: PromiseRow, error: NoSuchTime) -> tuple[Call, Turn]:
        """Nothing was changed: say why, and read the next free ones."""
        notice = Notice.CLOSED_THEN if error.code == "window_closed" else Notice.TAKEN
        after = self._now
        if self._outcome.wish is Wish.SAID_TIME and error.next_free is not None:
            after = error.next_free.start
        return await self._read_times(row, notice, after)

    async def _read_times(
        self, row: PromiseRow, notice: Notice, after: datetime
    ) -> tuple[Call, Turn]:
        slots = await self._house.slots.free_slots(row.department, after, self._now + AHEAD)
        agreed = (row.not_before, row.due_at)
        free = [slot for slot in slots if (slot.start, slot.end) != agreed]
        chosen = choice_of(free)
        if not chosen:
            return self._stay(Notice.NO_TIMES)
        times = tuple((slot.start, slot.end) for slot in chosen)
        state = replace(
            self._state, step=Step.TIMES, fails=0, about=replace(self._about, slots=times)
        )
        return self._call, Turn(state, notice)

    def _stay(self, notice: Notice) -> tuple[Call, Turn]:
        """Back to what is promised, which is said again as it is now."""
        return self._call, Turn(replace(self._state, step=Step.STATUS, fails=0), notice)

    def _agreed(self, agreed: Agreed, notice: Notice) -> tuple[Call, Turn]:
        log.info("call_changed", contact_id=agreed.contact_id, done=agreed.done)
        return self._joined(agreed.contact_id, agreed, Step.DONE, notice)

    def _joined(
        self,
        contact_id: int,
        now_is: Agreed | Receipt | None,
        step: Step,
        notice: Notice,
        promise: PromiseGiven | None = None,
    ) -> tuple[Call, Turn]:
        """The call belongs to the contact that was named; what is promised there is said."""
        about = replace(self._about, own=self._about.own or self._call.told.reference)
        department = self._state.department
        if now_is is not None:
            department, promise = now_is.department, now_is.promise
        if promise is not None and self._about.proof is Proof.CALLER:
            promise = only_to(self._caller, promise)
        call = replace(self._call, contact_id=contact_id, told=Told(self._about.reference, promise))
        state: CallState = replace(
            self._state, step=step, fails=0, department=department, about=about
        )
        return call, Turn(state, notice)

    async def _receive(
        self,
        kind: str,
        *,
        text: str = "",
        phone: str = "",
        callback: CallbackWish | None = None,
        reopens: bool = True,
    ) -> Receipt:
        return await self._house.reception.receive(
            Arrival(
                channel=Channel.PHONE,
                dedupe_key=self._key,
                received_at=self._now,
                text=text,
                language=self._state.language,
                phone=phone,
                reference=self._about.reference,
                reopens=reopens,
                callback=callback,
                # Told on the phone.
                may_acknowledge=False,
                kind=kind,
                data=self._data,
            )
        )

    @property
    def _data(self) -> dict[str, str]:
        return {"call_sid": self._call.sid, "proof": self._about.proof}


def choice_of(slots: list[Slot]) -> list[Slot]:
    """Two or three times to choose from: the first, one some hours later, one on another day."""
    if not slots:
        return []
    first = slots[0]
    chosen = [first]
    later = next((slot for slot in slots if slot.start >= first.start + _APART), None)
    if later is not None:
        chosen.append(later)
        day = later.start.date()
        other = next((slot for slot in slots if slot.start.date() > day), None)
        if other is not None:
            chosen.append(other)
    rest = (slot for slot in slots if slot not in chosen)
    while len(chosen) < _MOST_TIMES and (slot := next(rest, None)) is not None:
        chosen.append(slot)
    return sorted(chosen)


def _numbers(view: ContactView) -> set[str]:
    """The numbers that a contact is known by. One that turned out to be somebody else's is none."""
    calls = [p for p in view.promises if p.kind.is_call]
    wrong = {p.phone for p in calls if p.last_result == Result.WRONG_NUMBER}
    return {view.head.phone, *(p.phone for p in calls if p.state.is_open)} - wrong


def _mine(view: ContactView, about: About, caller: str) -> list[tuple[int, PromiseRow]]:
    """The calls that this caller may change, each with its number; the first due first."""
    calls = [
        (number, row)
        for number, row in numbered_calls(view.promises)
        if row.state.is_open and (about.proof is Proof.CODE or row.phone == caller)
    ]
    return sorted(calls, key=lambda numbered: numbered[1].due_at)


def _owed(promise: PromiseRow, about: About, caller: str, now: datetime) -> Owed:
    given = _given(promise)
    if about.proof is Proof.CALLER:
        given = only_to(caller, given)
    return Owed(given, promise.department, late=promise.due_at <= now)


def _given(promise: PromiseRow) -> PromiseGiven:
    return PromiseGiven(promise.kind, promise.not_before, promise.due_at, promise.phone)


def _first(view: ContactView) -> PromiseGiven | None:
    """What is promised next."""
    standing = [p for p in view.promises if p.state.is_open]
    return _given(min(standing, key=lambda p: p.due_at)) if standing else None
