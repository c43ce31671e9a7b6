"""What a contact is promised: pure functions of the arrival, the rules' answer and now.

The promise itself (a callback or an answer), the time for it that the citizen
wishes, and what the law or our own goals ask for besides. `router.opening` and
`router.attaching` write them down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from router.errors import SenderError
from router.model import Arrival, CallbackWish, Channel, PromiseGiven, PromiseKind, PromiseState
from router.promise_life import Ground, Standing, next_look
from router.promise_terms import (
    CHILD_CONCERN_ASSESSMENT,
    Terms,
    callback_terms,
    check_window,
    no_later,
    terms_of,
    while_open,
)
from router.rules.wishes import window_of

if TYPE_CHECKING:
    from router.config import Municipality
    from router.hours import Hours
    from router.promise_policies import Policy
    from router.rules import Decision, PromiseOrder
    from router.slots import Book

CALLBACK_REQUESTED: Final = "callback_requested"
ACUTE: Final = "acute"
URGENT_CHILD_CONCERN: Final = "urgent_child_concern"
COMPLAINT: Final = "complaint"
ACCESS_REQUEST: Final = "access_request"
NO_CALLS: Final = "no_calls"
"""The citizen cannot be called (kan ikke ringes op)."""
WAITS_FOR_NOTHING: Final = frozenset({ACUTE, URGENT_CHILD_CONCERN})
"""Flags of what must be done now, whatever time would suit."""


@dataclass(frozen=True, slots=True)
class Pledge:
    """A promise about to be made."""

    kind: PromiseKind
    state: PromiseState
    not_before: datetime | None
    due_at: datetime
    phone: str
    policy: str
    """Id of the policy that it was made by."""
    fire_at: datetime
    """When the clock looks at it first."""
    statutory_due_at: datetime | None = None

    def given(self) -> PromiseGiven:
        return PromiseGiven(self.kind, self.not_before, self.due_at, self.phone)


def pledge_for(
    arrival: Arrival,
    decision: Decision | str,
    flags: frozenset[str],
    municipality: Municipality,
    now: datetime,
) -> Pledge:
    """The promise that a new contact starts with: a callback where one is wished, else an answer.

    A caller is always called back unless they tell us otherwise: whoever hangs
    up half-way has already been promised. What is acute is due the same day (the
    next working day when we have closed) unless they ask for a later time themselves, a
    concern about a child within 24 hours, which is the law and cannot be moved.
    `decision`: the rules' answer, or the department alone where they were not asked.
    """
    wish = wish_of(arrival, decision, flags, municipality, now)
    kind = PromiseKind.ANSWER if wish is None else PromiseKind.CALLBACK
    ground = _ground(municipality, kind, _department(decision))
    if wish is not None and _has_time(wish):
        terms = callback_terms(wish, ground.policy, ground.hours, ground.calendar, now)
    else:
        terms = _usual_terms(ground.policy, ground.hours, ground.calendar, _minute(now))
    if wish is None or wish.not_before is None:
        if not isinstance(decision, str) and decision.promise is not None:
            terms = no_later(terms, _ordered(decision.promise, ground, now))
        if ACUTE in flags:
            terms = no_later(terms, ground.hours.add_working_days(ground.calendar, now, 0))
    law = None
    if URGENT_CHILD_CONCERN in flags:
        law = now + CHILD_CONCERN_ASSESSMENT
        terms = no_later(terms, law)
    return _pledge(kind, terms, "" if wish is None else wish.phone, ground, now, law)


def wish_of(
    arrival: Arrival,
    decision: Decision | str,
    flags: frozenset[str],
    municipality: Municipality,
    now: datetime,
) -> CallbackWish | None:
    """The call that is wished: as filled in, or without a form. A caller always wishes one,
    others when their text or a rule says so and a number is known; nobody who cannot be called.
    """
    if NO_CALLS in flags:
        return None
    if arrival.callback is not None:
        return arrival.callback
    routed = None if isinstance(decision, str) else decision
    said = routed.wish if routed is not None else None
    order = routed.promise if routed is not None else None
    phone = (said.phone if said is not None else "") or arrival.phone
    ordered = order is not None and order.kind is PromiseKind.CALLBACK
    calling = arrival.channel is Channel.PHONE
    if not phone or not (calling or ordered or CALLBACK_REQUESTED in flags):
        return None
    window = window_of(said, now, municipality.zone) if said is not None else None
    if window is None:
        return CallbackWish(phone)
    try:
        check_window(*window, now)
    except SenderError:
        return CallbackWish(phone)  # misread, or too far ahead: as soon as we can, then
    return CallbackWish(phone, *window)


def timed_wish(
    arrival: Arrival,
    decision: Decision | str,
    flags: frozenset[str],
    municipality: Municipality,
    now: datetime,
) -> CallbackWish | None:
    """The time that must be looked for among the free ones. What is acute does not wait."""
    if flags & WAITS_FOR_NOTHING:
        return None
    wish = wish_of(arrival, decision, flags, municipality, now)
    return wish if wish is not None and _has_time(wish) else None


def timed_pledge(
    arrival: Arrival,
    wish: CallbackWish,
    book: Book,
    decision: Decision | str,
    flags: frozenset[str],
    municipality: Municipality,
    now: datetime,
) -> Pledge:
    """A call at a time that is free, or a written answer when there is none in sight."""
    ground = _ground(municipality, PromiseKind.CALLBACK, _department(decision))
    horizon = ground.policy.latest or ground.policy.within
    start = max(wish.not_before or now, now)
    wish = while_open(wish, ground.hours, ground.calendar, now)
    terms = book.take(wish, horizon.after(ground.hours, ground.calendar, start))
    if terms is None:
        return pledge_for(arrival, decision, flags | {NO_CALLS}, municipality, now)
    return _pledge(PromiseKind.CALLBACK, terms, wish.phone, ground, now)


def duties_of(
    arrival: Arrival,
    department: str,
    flags: frozenset[str],
    promised: PromiseKind,
    municipality: Municipality,
    now: datetime,
) -> tuple[Pledge, ...]:
    """What the law and our own goals ask for, besides what the citizen is promised.

    Access to documents has a deadline of its own; who reports a concern about a
    child is sent a receipt; who complains is called, unless they are anyway.
    """
    kinds: list[PromiseKind] = []
    if ACCESS_REQUEST in flags:
        kinds.append(PromiseKind.DOCUMENT_ACCESS)
    if URGENT_CHILD_CONCERN in flags and (arrival.phone or arrival.email):
        kinds.append(PromiseKind.RECEIPT)
    may_call = arrival.phone and NO_CALLS not in flags and promised is not PromiseKind.CALLBACK
    if COMPLAINT in flags and may_call:
        kinds.append(PromiseKind.COMPLAINT_CALL)
    found = []
    for kind in kinds:
        ground = _ground(municipality, kind, department)
        terms = _usual_terms(ground.policy, ground.hours, ground.calendar, _minute(now))
        found.append(_pledge(kind, terms, arrival.phone if kind.is_call else "", ground, now))
    return tuple(found)


def _department(decision: Decision | str) -> str:
    return decision if isinstance(decision, str) else decision.department


def _has_time(wish: CallbackWish) -> bool:
    return wish.not_before is not None or wish.until is not None


def _ordered(order: PromiseOrder, ground: Ground, now: datetime) -> datetime:
    """By when a rule wants it done, in working time."""
    if order.within_days is not None:
        return ground.hours.add_working_days(ground.calendar, now, order.within_days)
    return ground.hours.add_working(ground.calendar, now, timedelta(hours=order.within_hours or 0))


def _ground(municipality: Municipality, kind: PromiseKind, department: str) -> Ground:
    known = municipality.departments.get(department)
    if known is None:
        # It left the configuration, or is in that of another process already.
        known = municipality.departments[municipality.default_department]
    return Ground(municipality.policies.of(kind, department), municipality.hours, known.hours)


def _minute(now: datetime) -> datetime:
    """Counted from the whole minute, which is earlier and therefore honest, so that
    the arrivals of one minute share one computation."""
    return now.replace(second=0, microsecond=0)


def _pledge(
    kind: PromiseKind,
    terms: Terms,
    phone: str,
    ground: Ground,
    now: datetime,
    law: datetime | None = None,
) -> Pledge:
    if law is None and ground.policy.statutory:
        law = terms.due_at
    return Pledge(
        kind=kind,
        state=PromiseState.WAITING if terms.not_before is None else PromiseState.SCHEDULED,
        not_before=terms.not_before,
        due_at=terms.due_at,
        phone=phone,
        policy=ground.policy.id,
        fire_at=_first_look(kind, terms, ground, _minute(now)),
        statutory_due_at=law,
    )


@lru_cache(maxsize=512)
def _usual_terms(policy: Policy, hours: Hours, calendar: str, minute: datetime) -> Terms:
    return terms_of(policy, hours, calendar, minute)


@lru_cache(maxsize=512)
def _first_look(kind: PromiseKind, terms: Terms, ground: Ground, made_at: datetime) -> datetime:
    standing = Standing(kind, PromiseState.WAITING, made_at, terms.due_at, terms.not_before)
    return next_look(standing, ground) or terms.due_at
