"""A town of citizens and staff, who do random things to the ledger and to a model of it.

Two houses stand on one database. Citizens share numbers, so their callbacks join;
contacts change departments, caseworkers leave, days are closed after something was
promised for them, and the provider repeats, mixes up and loses its news.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from router.clock import FixedClock
from router.errors import Conflict, SenderError
from router.hours import ClosingDay
from router.house import House
from router.ledger.audit import audit
from router.meeting_terms import How
from router.model import Arrival, CallbackWish, Channel, Outcome, PromiseKind, PromiseState
from router.promise_life import (
    Dialled,
    Ended,
    Event,
    Moved,
    NotFound,
    Reserved,
    Result,
    StillRinging,
    Tick,
)
from router.promise_life import Outcome as CameOut
from router.promise_steps import standing_of
from router.promise_terms import agreed_terms
from router.promises import NewPromise
from router.rows import promise_row
from router.staff import mirror
from tests.integration.router.promise_model import Known, Model

PHONES: Final = ("+4520304050", "+4520304051")
OWNERS: Final = {
    "vej": "henrik-grusvad",
    "affald": "bente-loevfald",
    "byg": "ole-skovlyng",
}
STAFF: Final = "staff:bente-loevfald"
MINUTE: Final = timedelta(minutes=1)


class Town:
    """Random things, done to both."""

    def __init__(self, houses: tuple[House, House], clock: FixedClock, seed: int) -> None:
        self.houses, self.clock, self.random = houses, clock, random.Random(seed)
        self.ledger = houses[0].ledger
        self.model = Model(houses[0].municipality)
        self.references: dict[int, str] = {}
        self.air: list[tuple[int, Event]] = []
        self.arrived = 0
        self.said_of_joined = 0

    @property
    def house(self) -> House:
        return self.random.choice(self.houses)

    def one(self, *kinds: PromiseKind, also_ended: bool = False) -> int | None:
        """Some promise."""
        found = [
            number
            for number, known in self.model.promises.items()
            if (known.is_open or also_ended) and (not kinds or known.standing.kind in kinds)
        ]
        return self.random.choice(found) if found else None

    async def adopt(self, *kinds: PromiseKind) -> list[int]:
        """Promises that the ledger has made; of these kinds only."""
        adopted = []
        for row in await self.ledger.fetch("SELECT * FROM promises ORDER BY id"):
            promise = promise_row(row)
            if promise.id in self.model.promises:
                continue
            assert promise.kind in kinds, promise
            joins = None
            if promise.kind is PromiseKind.CALLBACK:
                joins = self.model.main(promise.phone, promise.department)
            self.model.promises[promise.id] = Known(
                standing_of(promise),
                row["fire_at"],
                promise.contact_id,
                promise.phone,
                promise.department,
                promise.caseworker,
                joins,
                promise.policy,
                promise.notice_of,
            )
            adopted.append(promise.id)
        return adopted

    async def compare(self) -> None:
        """They agree, in every column that matters."""
        await self.adopt(PromiseKind.ANSWER, PromiseKind.DEADLINE_NOTICE)
        rows = await self.ledger.fetch("SELECT * FROM promises")
        assert {row["id"] for row in rows} == set(self.model.promises)
        first_due: dict[int, datetime] = {}
        for row in rows:
            promise, known = promise_row(row), self.model.promises[row["id"]]
            assert standing_of(promise) == known.standing, promise
            assert row["fire_at"] == known.fire_at, promise
            assert promise.last_result == known.last_result
            assert (promise.ended_at is None) == known.is_open
            if known.is_open:
                assert (promise.department, promise.caseworker, promise.joins) == (
                    known.department,
                    known.caseworker,
                    known.joins,
                ), promise
                due = first_due.get(promise.contact_id, promise.due_at)
                first_due[promise.contact_id] = min(due, promise.due_at)
        heads = await self.ledger.fetch("SELECT id, next_due_at FROM contacts WHERE state = 'open'")
        assert {row["id"]: row["next_due_at"] for row in heads} == first_due

    async def both(self, promise: int, event: Event, act: Callable[[], Awaitable[object]]) -> None:
        """To the ledger and to the model, which refuse alike."""
        refused = told = False
        try:
            await act()
        except Conflict:
            refused = True
        try:
            self.model.happens(promise, event, self.clock.now())
        except Conflict:
            told = True
        assert refused == told, event

    # What happens

    async def arrive(self) -> None:
        self.arrived += 1
        channel = self.random.choice((Channel.WEB, Channel.PHONE))
        phone = self.random.choice(PHONES)
        receipt = await self.house.reception.receive(
            Arrival(
                channel=channel,
                dedupe_key=f"arrival-{self.arrived}",
                received_at=self.clock.now(),
                text="Ring til mig.",
                phone=phone,
                menu=self.random.choice(("affald", "vej")),
                callback=CallbackWish(phone),
            )
        )
        self.references[receipt.contact_id] = receipt.reference
        await self.adopt(PromiseKind.CALLBACK)

    async def promise_more(self) -> None:
        """Staff promise something besides: a call about a complaint, or what the law asks for."""
        contact = self.some_open_contact()
        if contact is None:
            return
        kind = self.random.choice((PromiseKind.COMPLAINT_CALL, PromiseKind.DOCUMENT_ACCESS))
        await self.house.promises.make(self.references[contact], STAFF, NewPromise(kind))
        await self.adopt(kind)

    async def reserve(self) -> None:
        """Two at once: one gets it."""
        promise = self.one(PromiseKind.CALLBACK, PromiseKind.COMPLAINT_CALL)
        if promise is None:
            return
        until = self.clock.now() + timedelta(seconds=self.random.randint(1, 120))
        call = self.model.call_of(promise)
        taken = self.model.promises[call].standing.lease_until is not None
        answers = await asyncio.gather(
            *(h.promises.reserve(promise, OWNERS["vej"], until) for h in self.houses),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if isinstance(answer, Conflict)]
        assert len(refused) == (2 if taken else 1), answers
        if not taken:
            self.model.happens(call, Reserved(until), self.clock.now())

    async def dial(self) -> None:
        promise = self.one(PromiseKind.CALLBACK, PromiseKind.COMPLAINT_CALL)
        if promise is None:
            return
        attempt = self.model.promises[self.model.call_of(promise)].standing.attempts + 1
        result = self.random.choice(list(Result))
        self.air += [(promise, Dialled(attempt)), (promise, CameOut(result, attempt))]

    async def hear(self) -> None:
        """News of the provider, sometimes at both doors at once, sometimes again later."""
        if not self.air:
            return
        promise, event = self.random.choice(self.air)
        if self.random.random() < 0.6:
            self.air.remove((promise, event))
        if isinstance(event, CameOut) and self.random.random() < 0.3:
            assert event.attempt is not None
            event = self.random.choice((NotFound, StillRinging))(event.attempt)
        call = self.model.call_of(promise)
        doors = self.houses if self.random.random() < 0.4 else (self.house,)
        await asyncio.gather(*(self._tell(house, promise, event) for house in doors))
        for _ in doors:
            self.model.happens(call, event, self.clock.now())

    async def _tell(self, house: House, promise: int, event: Event) -> None:
        if isinstance(event, Dialled):
            await house.promises.dialled(promise, event.attempt)
        elif isinstance(event, NotFound):
            await house.promises.not_found(promise, event.attempt)
        elif isinstance(event, StillRinging):
            await house.promises.still_ringing(promise, event.attempt)
        elif isinstance(event, CameOut):
            assert event.attempt is not None
            await house.promises.came_out(promise, event.attempt, event.result)

    async def try_by_hand(self) -> None:
        promise = self.one(PromiseKind.CALLBACK, PromiseKind.COMPLAINT_CALL)
        if promise is None:
            return
        result = self.random.choice(list(Result))
        call = self.model.call_of(promise)
        self.said_of_joined += call != promise
        await self.both(
            call,
            CameOut(result),
            lambda: self.house.promises.attempt(promise, STAFF, result),
        )

    async def end_it(self) -> None:
        promise = self.one(also_ended=True)
        if promise is None:
            return
        if self.random.random() < 0.5:
            await self.both(
                promise,
                Ended(PromiseState.KEPT),
                lambda: self.house.letters.keep(promise, STAFF, how=How.LETTER),
            )
        else:
            await self.both(
                promise,
                Ended(PromiseState.WITHDRAWN),
                lambda: self.house.promises.withdraw(promise, STAFF, "Har fået det."),
            )

    async def talk_and_withdraw_at_once(self) -> None:
        """Whichever is first stands, and the other is told."""
        promise = self.one(PromiseKind.CALLBACK)
        if promise is None or self.model.promises[promise].joins is not None:
            return
        one, other = self.houses
        answers = await asyncio.gather(
            one.promises.attempt(promise, STAFF, Result.REACHED),
            other.promises.withdraw(promise, STAFF),
            return_exceptions=True,
        )
        refused = [isinstance(answer, Conflict) for answer in answers]
        assert sorted(refused) == [False, True], answers
        first = CameOut(Result.REACHED) if refused[1] else Ended(PromiseState.WITHDRAWN)
        self.model.happens(promise, first, self.clock.now())

    async def reschedule(self) -> None:
        promise = self.one()
        if promise is None:
            return
        now, known = self.clock.now(), self.model.promises[promise]
        start = now + timedelta(minutes=self.random.randint(1, 5000))
        until = start + timedelta(minutes=self.random.randint(1, 3000))
        ground = self.model.ground(known)
        wish = CallbackWish(known.phone, start, until)
        try:
            terms = agreed_terms(wish, ground.policy, ground.hours, ground.calendar, now)
        except SenderError:
            return  # closed all through it
        await self.both(
            promise,
            Moved(terms.not_before, terms.due_at),
            lambda: self.house.promises.reschedule(promise, STAFF, start, until),
        )

    async def time_passes(self) -> None:
        """Seconds, hours or days; then every clock looks at once."""
        longest = self.random.choice((MINUTE / 3, MINUTE, 60 * MINUTE, 30 * 60 * MINUTE))
        if self.random.random() < 0.1:
            longest = timedelta(days=9)  # both clocks stood still
        self.clock.advance(longest * self.random.random())
        now = self.clock.now()
        due = [n for n, k in self.model.promises.items() if k.fire_at and k.fire_at <= now]
        while sum(await asyncio.gather(*(h.promise_clock.fire_due() for h in self.houses))):
            pass
        for promise in due:
            self.model.happens(promise, Tick(), now)

    async def hand_over(self) -> None:
        """Another department takes the contact."""
        contact = self.some_open_contact()
        if contact is None:
            return
        department = self.random.choice(list(OWNERS))
        reference, owner = self.references[contact], OWNERS[department]
        try:
            await self.house.contacts.offer(reference, STAFF, department, owner)
        except Conflict:
            return
        await self.house.contacts.accept(reference, owner)
        self.model.move(contact, department, owner)

    async def route_again(self) -> None:
        """The caller chooses another department; nobody has taken the contact yet."""
        contact = self.some_open_contact()
        if contact is None:
            return
        head = await self.house.contacts.head(contact)
        if head.channel != Channel.PHONE or head.caseworker is not None:
            return
        self.arrived += 1
        await self.house.reception.receive(
            Arrival(
                channel=Channel.PHONE,
                dedupe_key=f"arrival-{self.arrived}",
                received_at=self.clock.now(),
                text="",
                menu=self.random.choice(list(OWNERS)),
                reference=head.reference,
                reroute=True,
                kind="chose",
            )
        )
        routed = (await self.house.contacts.head(contact)).department
        self.model.move(contact, routed, None)

    async def leave_for_good(self) -> None:
        """A caseworker leaves, and another process starts without them; later they are back."""
        gone = self.random.choice(list(OWNERS.values()))
        municipality = self.model.municipality
        people = {n: p for n, p in municipality.caseworkers.items() if n != gone}
        await mirror(self.ledger, replace(municipality, caseworkers=people), self.clock)
        await mirror(self.ledger, municipality, self.clock)
        for known in self.model.promises.values():
            if known.is_open and known.caseworker == gone:
                known.caseworker = None

    async def close_a_day(self) -> None:
        """A day that was open when something was promised for it."""
        day = (self.clock.now() + timedelta(days=self.random.randint(0, 4))).date()
        hours = self.model.municipality.hours
        closing = ClosingDay(day.month, day.day, {"da": "Lukket"}, day.year)
        hours._closing_days = (*hours._closing_days, closing)
        hours._intervals.clear()

    async def close(self) -> None:
        contact = self.some_open_contact()
        if contact is None:
            return
        outcome = self.random.choice((Outcome.WITHDRAWN, Outcome.SOLVED))
        mine = [n for n, k in self.model.promises.items() if k.contact == contact and k.is_open]
        try:
            await self.house.contacts.close(self.references[contact], STAFF, outcome, "Bortfaldet.")
        except Conflict:
            assert outcome is Outcome.SOLVED
            assert any(self.model.promises[n].standing.kind is not PromiseKind.ANSWER for n in mine)
            return
        for promise in mine:
            self.model.end(
                promise,
                PromiseState.KEPT if outcome is Outcome.SOLVED else PromiseState.WITHDRAWN,
            )

    def some_open_contact(self) -> int | None:
        found = sorted({known.contact for known in self.model.promises.values() if known.is_open})
        return self.random.choice(found) if found else None

    async def live(self, steps: int) -> None:
        acts = {
            self.arrive: 5,
            self.promise_more: 2,
            self.reserve: 4,
            self.dial: 6,
            self.hear: 12,
            self.try_by_hand: 4,
            self.end_it: 1,
            self.talk_and_withdraw_at_once: 1,
            self.reschedule: 2,
            self.time_passes: 12,
            self.hand_over: 3,
            self.route_again: 3,
            self.leave_for_good: 1,
            self.close_a_day: 1,
            self.close: 1,
        }
        for _ in range(5):
            await self.arrive()
        done = []
        for number in range(steps):
            (act,) = self.random.choices(list(acts), list(acts.values()))
            done.append(act.__name__)
            try:
                await act()
                await self.compare()
            except BaseException:
                print(f"step {number}:", " ".join(done[-12:]))
                raise
            if number % 15 == 14:
                await self.audited()
        await self.audited()
        await self.counted()

    async def audited(self) -> None:
        found = await audit(self.ledger, self.clock.now())
        # No outbox runs here; and the clock is asked to look only now and then.
        accepted = ("7", "4 escalation", "4 late", "4 passing", "5 lapsed")
        assert [f.invariant for f in found if not f.invariant.startswith(accepted)] == []

    async def counted(self) -> None:
        """As many were marked, alarmed and written down as there should be: none twice."""
        rows = await self.ledger.fetch("SELECT kind, count(*) AS count FROM timeline GROUP BY kind")
        told = {row["kind"]: row["count"] for row in rows}
        assert told.get("late", 0) == self.model.late
        assert told.get("escalated", 0) == self.model.alarms
        assert told.get("attempt", 0) == self.model.settled + self.said_of_joined
