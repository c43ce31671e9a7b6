"""What a new contact consists of: a pure function of the arrival, the rules' answer and now.

`router.reception` writes it down. Nothing here waits or asks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from router.decent import ASKED_AT, TEXT_MESSAGE, leaves_at
from router.model import Arrival, CallbackWish, Channel, Group, printable
from router.offering import offer_until, stored_step
from router.pledging import Pledge, duties_of, pledge_for, timed_pledge, timed_wish
from router.rules import Facts, Step

if TYPE_CHECKING:
    from router.config import Municipality
    from router.hours import Hours
    from router.rules import Decision, History, Staffing
    from router.slots import Book

DANISH: Final = "da"
_NOTHING: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Errand:
    """An effect about to be written."""

    kind: str
    payload: dict[str, Any]
    leaves_at: datetime | None = None
    """At the earliest; None: now."""


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
    """What the citizen is promised."""
    duties: tuple[Pledge, ...]
    """What the law or our own goals ask for besides."""
    errands: tuple[Errand, ...]
    wish: CallbackWish | None = None
    """The time that the citizen wishes; `settled` finds out what of it can be promised."""


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
    flags = decision.flags | arrival.flags
    pledge = pledge_for(arrival, decision, flags, municipality, now)
    return Opening(
        arrival=arrival,
        decision=decision,
        group=arrival.group or decision.group or Group.CITIZEN,
        language=language_of(arrival, decision),
        flags=tuple(sorted(flags)),
        offer=offer_of(decision, municipality, now),
        pledge=pledge,
        duties=duties_of(arrival, decision.department, flags, pledge.kind, municipality, now),
        errands=_errands(arrival, decision, pledge, municipality, now),
        wish=timed_wish(arrival, decision, flags, municipality, now),
    )


def settled(opening: Opening, book: Book, municipality: Municipality, now: datetime) -> Opening:
    """The same contact with a time that is free: the one wished, the next one, or none.

    Whoever gets another one than they wished has their wish on the timeline.
    """
    if opening.wish is None:
        return opening
    decision, flags = opening.decision, frozenset(opening.flags)
    pledge = timed_pledge(opening.arrival, opening.wish, book, decision, flags, municipality, now)
    arrival = opening.arrival
    if (pledge.kind, pledge.not_before, pledge.due_at) != (
        opening.pledge.kind,
        opening.pledge.not_before,
        opening.pledge.due_at,
    ):
        wished = {"wished_from": opening.wish.not_before, "wished_until": opening.wish.until}
        arrival = replace(arrival, data={**arrival.data, **wished})
    return replace(
        opening,
        arrival=arrival,
        pledge=pledge,
        duties=duties_of(arrival, decision.department, flags, pledge.kind, municipality, now),
        errands=_errands(arrival, decision, pledge, municipality, now),
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
        until=offer_until(first.department, municipality, now, first.wait),
        plan=[stored_step(step) for step in decision.plan] or None,
    )


def _errands(
    arrival: Arrival,
    decision: Decision,
    pledge: Pledge,
    municipality: Municipality,
    now: datetime,
) -> tuple[Errand, ...]:
    errands: list[Errand] = []
    language = language_of(arrival, decision)

    def receipt(kind: str, to: str) -> Errand:
        payload = receipt_payload(to, arrival, language, pledge, decision.tell)
        return Errand(kind, payload, leaves_at(kind, payload, now, municipality.zone))

    if arrival.email and arrival.may_acknowledge:
        errands.append(receipt("mail.tell", arrival.email))
    if arrival.callback is not None and (arrival.channel is Channel.PHONE or not arrival.email):
        errands.append(receipt(TEXT_MESSAGE, arrival.callback.phone))
    if arrival.channel is Channel.SMS and arrival.phone and arrival.may_acknowledge:
        errands.append(receipt(TEXT_MESSAGE, arrival.phone))
    if arrival.mail_id is not None:
        forward = {"mail_id": arrival.mail_id, "department": decision.department}
        errands.append(Errand("mail.forward", forward))
    return tuple(errands)


def receipt_payload(
    to: str,
    arrival: Arrival,
    language: str,
    pledge: Pledge,
    tell: Mapping[str, str] = _NOTHING,
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
    if arrival.channel in (Channel.PHONE, Channel.SMS):
        payload[ASKED_AT] = arrival.received_at
    if tell:
        payload["tell"] = dict(tell)
    return payload
