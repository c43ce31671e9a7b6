"""What a new contact consists of: a pure function of the arrival, the rules' answer and now.

`router.reception` writes it down. Nothing here waits or asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from router.errors import SenderError
from router.model import (
    Arrival,
    CallbackWish,
    Channel,
    Group,
    PromiseGiven,
    PromiseKind,
    PromiseState,
    printable,
)
from router.offering import offer_until, stored_step
from router.promise_life import (
    CHILD_CONCERN_ASSESSMENT,
    Terms,
    answer_terms,
    callback_terms,
    check_window,
    no_later,
)
from router.rules import Facts, Step
from router.rules.wishes import window_of

if TYPE_CHECKING:
    from router.config import Municipality, PromisePolicies
    from router.hours import Hours
    from router.rules import Decision, History, PromiseOrder, Staffing

CALLBACK_REQUESTED: Final = "callback_requested"
ACUTE: Final = "acute"
URGENT_CHILD_CONCERN: Final = "urgent_child_concern"
DANISH: Final = "da"
_NOTHING: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Pledge:
    """A promise about to be made."""

    kind: PromiseKind
    state: PromiseState
    not_before: datetime | None
    due_at: datetime
    phone: str

    def given(self) -> PromiseGiven:
        return PromiseGiven(self.kind, self.not_before, self.due_at, self.phone)


@dataclass(frozen=True, slots=True)
class Errand:
    """An effect about to be written."""

    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """Who is asked to take a contact, until when, and who follows."""

    department: str
    caseworker: str | None
    until: datetime
    plan: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Opening:
    """All that a new contact consists of, but its number."""

    arrival: Arrival
    decision: Decision
    group: Group
    language: str
    flags: tuple[str, ...]
    offer: Offer | None
    """Whom the rules ask first to take it."""
    pledge: Pledge
    errands: tuple[Errand, ...]


def storable(arrival: Arrival) -> Arrival:
    """The arrival with everything that a sender wrote in a form PostgreSQL can hold."""
    words = (
        arrival.text,
        arrival.subject,
        arrival.name,
        arrival.email,
        arrival.to,
        arrival.dedupe_key,
    )
    clean = tuple(map(printable, words))
    files = arrival.attachments
    if files:
        files = tuple(
            replace(
                file,
                filename=printable(file.filename),
                content_type=printable(file.content_type),
            )
            for file in files
        )
    elif clean == words:
        return arrival
    text, subject, name, email, to, dedupe_key = clean
    return replace(
        arrival,
        text=text,
        subject=subject,
        name=name,
        email=email,
        to=to,
        dedupe_key=dedupe_key,
        attachments=files,
    )


def facts_of(
    arrival: Arrival,
    municipality: Municipality,
    now: datetime,
    *,
    known_party: bool,
    text: str,
    history: History | None = None,
) -> Facts:
    """What the rules are asked about."""
    calendar = municipality.departments[municipality.default_department].hours
    return Facts(
        channel=arrival.channel,
        to=arrival.to,
        menu=arrival.menu,
        group=arrival.group,
        language=arrival.language,
        subject=arrival.subject,
        text=text,
        callback_wanted=arrival.callback is not None,
        known_party=known_party,
        open_now=_is_open(municipality.hours, calendar, now),
        name=arrival.name,
        email=arrival.email,
        phone=arrival.phone,
        history=history,
    )


@lru_cache(maxsize=8)
def _is_open(hours: Hours, calendar: str, now: datetime) -> bool:
    # The arrivals of one batch ask this about the same moment.
    return hours.is_open(calendar, now)


def plan(
    arrival: Arrival,
    municipality: Municipality,
    now: datetime,
    *,
    known_party: bool,
    history: History | None = None,
    staffing: Staffing | None = None,
) -> Opening:
    """Decide who owns a new contact, what we promise and what must be sent."""
    facts = facts_of(
        arrival, municipality, now, known_party=known_party, text=arrival.text, history=history
    )
    decision = municipality.rules.decide(facts, staffing)
    flags = tuple(sorted(decision.flags | arrival.flags))
    pledge = pledge_for(arrival, decision, frozenset(flags), municipality, now)
    return Opening(
        arrival=arrival,
        decision=decision,
        group=arrival.group or decision.group or Group.CITIZEN,
        language=language_of(arrival, decision),
        flags=flags,
        offer=offer_of(decision, municipality, now),
        pledge=pledge,
        errands=_errands(arrival, decision, pledge),
    )


def language_of(arrival: Arrival, decision: Decision) -> str:
    """The language that we answer in: what was chosen, else what the text is written in.

    Danish is what nobody chose; a text in another language says more.
    """
    if arrival.language not in ("", DANISH) or arrival.channel is Channel.PHONE:
        return arrival.language
    return decision.language or arrival.language or DANISH


def offer_of(decision: Decision, municipality: Municipality, now: datetime) -> Offer | None:
    """Whom the rules ask first; the department owns it till somebody accepts.

    None when they name a department only and nobody after it.
    """
    if decision.caseworker is None and not decision.plan:
        return None
    first = Step(decision.department, decision.caseworker, decision.wait)
    return Offer(
        department=first.department,
        caseworker=first.caseworker,
        until=offer_until(first, municipality, now),
        plan=[stored_step(step) for step in decision.plan] or None,
    )


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
    concern about a child within 24 hours, whatever else was promised.
    `decision`: the rules' answer, or the department alone where they were not asked.
    """
    routed = None if isinstance(decision, str) else decision
    department = decision if isinstance(decision, str) else decision.department
    calendar = municipality.departments[department].hours
    wish = arrival.callback or _wish(arrival, routed, flags, municipality, now)
    terms = _terms(municipality, calendar, wish, now)
    asked_for_later = wish is not None and wish.not_before is not None
    if routed is not None and routed.promise is not None and not asked_for_later:
        terms = no_later(terms, _ordered(routed.promise, municipality, calendar, now))
    if ACUTE in flags and not asked_for_later:
        terms = no_later(terms, municipality.hours.add_working_days(calendar, now, 0))
    if URGENT_CHILD_CONCERN in flags:
        terms = no_later(terms, now + CHILD_CONCERN_ASSESSMENT)
    return Pledge(
        kind=PromiseKind.ANSWER if wish is None else PromiseKind.CALLBACK,
        state=PromiseState.WAITING if terms.not_before is None else PromiseState.SCHEDULED,
        not_before=terms.not_before,
        due_at=terms.due_at,
        phone="" if wish is None else wish.phone,
    )


def _wish(
    arrival: Arrival,
    decision: Decision | None,
    flags: frozenset[str],
    municipality: Municipality,
    now: datetime,
) -> CallbackWish | None:
    """The call that the arrival asks for without having filled in a form: a caller always
    does, others when their text or a rule says so and a number is known."""
    said = decision.wish if decision is not None else None
    phone = (said.phone if said is not None else "") or arrival.phone
    ordered = (
        decision is not None
        and decision.promise is not None
        and decision.promise.kind is PromiseKind.CALLBACK
    )
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


def _ordered(
    order: PromiseOrder, municipality: Municipality, calendar: str, now: datetime
) -> datetime:
    """By when a rule wants it done, in working time."""
    if order.within_days is not None:
        return municipality.hours.add_working_days(calendar, now, order.within_days)
    return municipality.hours.add_working(calendar, now, timedelta(hours=order.within_hours or 0))


def _terms(
    municipality: Municipality, calendar: str, wish: CallbackWish | None, now: datetime
) -> Terms:
    if wish is not None and (wish.not_before is not None or wish.until is not None):
        return callback_terms(wish, municipality.policies, municipality.hours, calendar, now)
    # Counted from the whole minute, which is earlier and therefore honest, so
    # that the arrivals of one minute share one computation.
    minute = now.replace(second=0, microsecond=0)
    return _usual_terms(
        municipality.policies, municipality.hours, calendar, minute, calling=wish is not None
    )


@lru_cache(maxsize=256)
def _usual_terms(
    policies: PromisePolicies, hours: Hours, calendar: str, minute: datetime, *, calling: bool
) -> Terms:
    if calling:
        return callback_terms(None, policies, hours, calendar, minute)
    return answer_terms(policies, hours, calendar, minute)


def _errands(arrival: Arrival, decision: Decision, pledge: Pledge) -> tuple[Errand, ...]:
    errands: list[Errand] = []
    department, language = decision.department, language_of(arrival, decision)

    def receipt(to: str) -> dict[str, Any]:
        return receipt_payload(to, language, pledge, decision.tell)

    if arrival.email and arrival.may_acknowledge:
        errands.append(Errand("mail.tell", receipt(arrival.email)))
    if arrival.callback is not None and (arrival.channel is Channel.PHONE or not arrival.email):
        errands.append(Errand("sms.tell", receipt(arrival.callback.phone)))
    if arrival.channel is Channel.SMS and arrival.phone and arrival.may_acknowledge:
        errands.append(Errand("sms.tell", receipt(arrival.phone)))
    if arrival.mail_id is not None:
        errands.append(
            Errand("mail.forward", {"mail_id": arrival.mail_id, "department": department})
        )
    return tuple(errands)


def receipt_payload(
    to: str, language: str, pledge: Pledge, tell: Mapping[str, str] = _NOTHING
) -> dict[str, Any]:
    """What a receipt says was promised, as it was at that moment, and what a rule has us
    tell besides."""
    payload: dict[str, Any] = {
        "to": to,
        "language": language,
        "template": "receipt",
        "promise": {
            "kind": pledge.kind,
            "not_before": pledge.not_before,
            "due_at": pledge.due_at,
            "phone": pledge.phone,
        },
    }
    if tell:
        payload["tell"] = dict(tell)
    return payload
