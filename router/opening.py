"""What a new contact consists of: a pure function of the arrival, the rules' answer and now.

`router.reception` writes it down. Nothing here waits or asks anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

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
from router.promise_life import (
    CHILD_CONCERN_ASSESSMENT,
    Terms,
    answer_terms,
    callback_terms,
    no_later,
)
from router.rules import Facts

if TYPE_CHECKING:
    from router.config import Municipality, PromisePolicies
    from router.hours import Hours
    from router.rules import Decision

CALLBACK_REQUESTED: Final = "callback_requested"
ACUTE: Final = "acute"
URGENT_CHILD_CONCERN: Final = "urgent_child_concern"


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
class Opening:
    """All that a new contact consists of, but its number."""

    arrival: Arrival
    decision: Decision
    group: Group
    flags: tuple[str, ...]
    offered_until: datetime | None
    """Until when the caseworker that the rules named may take it."""
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
    arrival: Arrival, municipality: Municipality, now: datetime, *, known_party: bool, text: str
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
    )


@lru_cache(maxsize=8)
def _is_open(hours: Hours, calendar: str, now: datetime) -> bool:
    # The arrivals of one batch ask this about the same moment.
    return hours.is_open(calendar, now)


def plan(
    arrival: Arrival, municipality: Municipality, now: datetime, *, known_party: bool
) -> Opening:
    """Decide who owns a new contact, what we promise and what must be sent."""
    decision = municipality.rules.decide(
        facts_of(arrival, municipality, now, known_party=known_party, text=arrival.text)
    )
    flags = tuple(sorted(decision.flags | arrival.flags))
    pledge = pledge_for(arrival, decision.department, frozenset(flags), municipality, now)
    return Opening(
        arrival=arrival,
        decision=decision,
        group=arrival.group or decision.group or Group.CITIZEN,
        flags=flags,
        offered_until=offer_end(decision, municipality, now),
        pledge=pledge,
        errands=_errands(arrival, decision.department, pledge),
    )


def offer_end(decision: Decision, municipality: Municipality, now: datetime) -> datetime | None:
    """Until when a caseworker named by the rules may accept; the department owns it till then."""
    if decision.caseworker is None:
        return None
    calendar = municipality.departments[decision.department].hours
    span = timedelta(hours=municipality.policies.offer.working_hours)
    return municipality.hours.add_working(calendar, now, span)


def pledge_for(
    arrival: Arrival,
    department: str,
    flags: frozenset[str],
    municipality: Municipality,
    now: datetime,
) -> Pledge:
    """The promise that a new contact starts with: a callback where one is wished, else an answer.

    A caller is always called back unless they tell us otherwise: whoever hangs
    up half-way has already been promised. What is acute is due the same day (the
    next working day when we have closed), a concern about a child within 24 hours,
    whatever else was promised.
    """
    calendar = municipality.departments[department].hours
    wish = arrival.callback
    if wish is None and arrival.phone:
        calling = arrival.channel is Channel.PHONE
        if calling or CALLBACK_REQUESTED in flags:
            wish = CallbackWish(arrival.phone)
    terms = _terms(municipality, calendar, wish, now)
    if ACUTE in flags:
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


def _errands(arrival: Arrival, department: str, pledge: Pledge) -> tuple[Errand, ...]:
    errands: list[Errand] = []
    if arrival.email and arrival.may_acknowledge:
        errands.append(Errand("mail.tell", receipt_payload(arrival.email, arrival, pledge)))
    if arrival.callback is not None and (arrival.channel is Channel.PHONE or not arrival.email):
        errands.append(Errand("sms.tell", receipt_payload(arrival.callback.phone, arrival, pledge)))
    if arrival.channel is Channel.SMS and arrival.phone and arrival.may_acknowledge:
        errands.append(Errand("sms.tell", receipt_payload(arrival.phone, arrival, pledge)))
    if arrival.mail_id is not None:
        errands.append(
            Errand("mail.forward", {"mail_id": arrival.mail_id, "department": department})
        )
    return tuple(errands)


def receipt_payload(to: str, arrival: Arrival, pledge: Pledge) -> dict[str, Any]:
    """What a receipt says was promised, as it was at that moment."""
    return {
        "to": to,
        "language": arrival.language,
        "template": "receipt",
        "promise": {
            "kind": pledge.kind,
            "not_before": pledge.not_before,
            "due_at": pledge.due_at,
            "phone": pledge.phone,
        },
    }
