"""A contact as its page tells it: the timeline, the promises and the decision, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from channels import wording
from channels.desk import words
from channels.desk.decisions import DecisionTeller
from channels.desk.masking import mask_cpr
from channels.desk.people import Staff
from channels.desk.plan_story import HAPPENED, HOWS, PlanTeller, titles_of
from channels.desk.screen import department_name, person_name
from channels.desk.words import Tongue
from channels.i18n import to_translate as _
from router.config import Municipality
from router.explaining import Trace
from router.letters import notice_follows
from router.model import ContactState, PromiseKind
from router.rows import ContactHead, ContactView, EffectRow, Event, PromiseRow

_FIRST_WORDS: Final = 600

# What happened. A text may name what is in the event's data.
_HAPPENED: Final[Mapping[str, str]] = {
    "received": _("The contact reached us"),
    "called": _("Called us"),
    "said": _("Said on the phone"),
    "message": _("Wrote again"),
    "walked_in": _("Came to the town hall"),
    "chose": _("Chose in the telephone menu"),
    "gave_number": _("Gave a number to be called on"),
    "looked_up": _("Called with the reference number"),
    "gave_reference": _("Gave a reference number that could not be shown to be theirs"),
    "asked_for_person": _("Asked for a member of staff on the phone"),
    "no_number": _("Gave no number to be called on"),
    "confirmed": _("Confirmed on the phone"),
    "time_confirmed": _("Answered that the time suits"),
    "not_understood": _("Could not be understood on the phone"),
    "hung_up": _("Hung up"),
    "line_disturbed": _("The call was disturbed by a fault of ours"),
    "automatic": _("Automatic reply"),
    "bounce": _("Our e-mail came back"),
    "note": _("Note"),
    "routed": _("Routed to {to}"),
    "promised": _("Promised: {kind} {window}"),
    "claimed": _("Took it"),
    "offered": _("Offered it to {receiver}"),
    "accepted": _("Accepted the offer; now owns it"),
    "offer_lapsed": _("Nobody at {receiver} took the offer; it came back"),
    "attempt": _("Tried to keep the promise: {result}"),
    "reserved": _("Is about to call"),
    "rescheduled": _("New time: {window}"),
    "kept": _("The promise was kept"),
    "withdrawn": _("The promise was withdrawn"),
    "late": _("The promise is overdue"),
    "escalated": _("The promise runs short; told: {audiences}"),
    "coordinator": _("Coordinating caseworker: {coordinator}"),
    "closed": _("Closed: {outcome}"),
    "reopened": _("Opened again"),
    "delivery_failed": _("Could not be delivered: {effect}"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the timeline."""

    at: str
    iso: str
    who: str
    side: str
    """`citizen`, `staff` or `house`. A CSS class."""
    what: str
    body: str


@dataclass(frozen=True, slots=True)
class Promised:
    """One promise."""

    id: int
    kind: str
    kind_key: str
    state: str
    is_open: bool
    urgency: str
    countdown: str
    window: str
    phone: str
    phone_link: str
    department: str
    owner: str
    about: str
    topic: str
    is_call: bool
    by_meeting: bool
    asked_by_law: bool
    must_say_how: bool
    """Whether only what is sent, or how it was given, keeps it."""
    law: str
    """The deadline of the law, if there is one."""
    may_notice: bool
    """Whether a notice can be promised that this deadline is missed."""
    must_decide: bool
    """Whether its last warning has been: keep it, or promise the notice."""
    tried: str
    next_attempt: str
    ended: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that went, or must go, out of the house."""

    what: str
    state: str
    failed: bool
    at: str
    attempts: int
    error: str


class Storyteller:
    """Tells one contact to one reader at one moment."""

    def __init__(
        self, municipality: Municipality, staff: Staff, tongue: Tongue, now: datetime
    ) -> None:
        self._municipality = municipality
        self._staff = staff
        self._tongue = tongue
        self._now = now
        self._titles: Mapping[int, str] = {}
        self._noticed: set[int | None] = set()
        self._flags: Collection[str] = ()

    def tell(
        self, view: ContactView, traces: Sequence[Trace], coordinator: str | None
    ) -> dict[str, Any]:
        """What the contact's template needs. `traces`: one for each decision; `coordinator`:
        the caseworker who coordinates for its citizen."""
        head, say = view.head, self._tongue.say
        is_open = head.state is ContactState.OPEN
        offered = self.receiver(head.offered_department, head.offered_caseworker)
        self._titles = titles_of(view)
        self._flags = head.flags
        self._noticed = {row.notice_of for row in view.promises}
        promises = [self._promise(row) for row in view.promises]
        teller = DecisionTeller(
            self._municipality, self._tongue, self._now, self._municipality.zone
        )
        decided = zip(view.decisions, traces, strict=True)
        return {
            "head": head,
            "is_open": is_open,
            "who": mask_cpr(head.name) or head.email or say(_("No name")),
            "about": mask_cpr(" ".join(head.subject.split())),
            "group": words.label(words.GROUPS, head.sender_group, self._tongue),
            "spoken_language": words.label(words.LANGUAGES, head.language, self._tongue),
            "channel": words.label(words.CHANNELS, head.channel, self._tongue),
            "state": words.label(words.STATES, head.state, self._tongue),
            "outcome": words.label(words.OUTCOMES, head.outcome, self._tongue)
            if head.outcome
            else "",
            "department": self._department(head.department),
            "owner": self._person(head.caseworker),
            "mine": head.caseworker is not None and head.caseworker == self._staff.caseworker,
            "offered_to": offered,
            "offered_until": self._time(head.offered_until),
            "may_accept": is_open and self._may_accept(head),
            "flags": [
                (words.label(words.FLAGS, flag, self._tongue), flag in words.URGENT_FLAGS)
                for flag in head.flags
            ],
            "first_words": _first_words(view.timeline),
            "created": self._time(head.created_at),
            "promises": [promise for promise in promises if promise.is_open],
            "ended_promises": [promise for promise in promises if not promise.is_open],
            "timeline": [self._step(event) for event in reversed(view.timeline)],
            "decisions": [teller.tell(row, trace) for row, trace in decided][::-1],
            "coordinator": coordinator or "",
            "coordinator_name": self._person(coordinator),
            "has_party": bool(head.phone or head.email),
            "effects": [self._sent(effect) for effect in reversed(view.effects)],
            "attachments": view.attachments,
            **PlanTeller(self._municipality, self._staff, self._tongue, self._now).tell(view),
            "read_at": wording.say_clock(self._now, self._tongue.language, self._municipality.zone),
        }

    def receiver(self, department: str | None, caseworker: str | None) -> str:
        """Whom something is offered to; empty when nobody."""
        if caseworker:
            return self._person(caseworker)
        return self._department(department) if department else ""

    def _may_accept(self, head: ContactHead) -> bool:
        if self._staff.caseworker is None or head.offered_department is None:
            return False
        if head.offered_caseworker is not None:
            return head.offered_caseworker == self._staff.caseworker
        return head.offered_department == self._staff.department

    def _promise(self, row: PromiseRow) -> Promised:
        result = words.label(words.RESULTS, row.last_result, self._tongue)
        attempts = self._tongue.ngettext("%(n)d attempt", "%(n)d attempts", row.attempts) % {
            "n": row.attempts
        }
        return Promised(
            id=row.id,
            kind=words.label(words.KINDS, row.kind, self._tongue),
            kind_key=row.kind,
            state=words.label(words.STATES, row.state, self._tongue),
            is_open=row.state.is_open,
            urgency=words.urgency(row.due_at, row.not_before, self._now),
            countdown=words.countdown(row.due_at, self._now, self._tongue),
            window=self._window(row.not_before, row.due_at),
            phone=wording.say_phone(row.phone) if row.phone else "",
            phone_link=row.phone,
            department=self._department(row.department),
            owner=self._person(row.caseworker),
            about=mask_cpr(row.about),
            topic=self._titles.get(row.part_id or 0, ""),
            is_call=row.kind.is_call,
            by_meeting=row.kind.follows_meeting,
            asked_by_law=row.asked_by_law,
            must_say_how=row.kind is not PromiseKind.ANSWER,
            law=self._time(row.statutory_due_at),
            may_notice=self._may_notice(row),
            must_decide=self._may_notice(row) and row.level >= self._last_warning(row),
            tried=(f"{attempts} · {result}" if row.last_result else attempts)
            if row.attempts
            else "",
            next_attempt=self._time(row.retry_at),
            ended=self._time(row.ended_at),
        )

    def _may_notice(self, row: PromiseRow) -> bool:
        return (
            row.state.is_open and row.id not in self._noticed and notice_follows(row, self._flags)
        )

    def _last_warning(self, row: PromiseRow) -> int:
        """How many marks a promise of this policy has passed at the last one before it is due."""
        policies = self._municipality.policies
        policy = policies.governing(row.policy, row.kind, row.department)
        return len(policy.escalation.marks) - 1

    def _step(self, event: Event) -> Step:
        who, _, person = event.actor.partition(":")
        side = who if who in ("citizen", "staff") else "house"
        return Step(
            at=self._time(event.at),
            iso=event.at.isoformat(),
            who=self._person(person) if side == "staff" else self._side(side),
            side=side,
            what=self._happened(event),
            body=mask_cpr(event.body),
        )

    def _side(self, side: str) -> str:
        if side == "citizen":
            return self._tongue.say(_("The citizen"))
        return self._tongue.say(_("Automatic"))

    def _happened(self, event: Event) -> str:
        template = _HAPPENED.get(event.kind) or HAPPENED.get(event.kind)
        if template is None:
            return words.label({}, event.kind, self._tongue)
        data = event.data
        due_at = _moment(data.get("due_at"))
        names = {
            "to": self._department(str(data.get("to", ""))),
            "department": self._department(str(data.get("department", ""))),
            "receiver": self.receiver(data.get("department"), data.get("caseworker")),
            "coordinator": self._person(data.get("caseworker")) or self._tongue.say(_("nobody")),
            "kind": words.label(words.KINDS, str(data.get("kind", "")), self._tongue).lower(),
            "effect": words.label(words.EFFECTS, str(data.get("kind", "")), self._tongue),
            "window": self._window(_moment(data.get("not_before")), due_at) if due_at else "",
            "result": words.label(words.RESULTS, str(data.get("result", "")), self._tongue),
            "outcome": words.label(words.OUTCOMES, str(data.get("outcome", "")), self._tongue),
            "audiences": self._audiences(data.get("to")),
            "topic": self._titles.get(data.get("part") or 0, ""),
            "how": words.label(HOWS, str(data.get("how", "")), self._tongue).lower(),
        }
        return self._tongue.say(template).format(**names).rstrip(" :")

    def _audiences(self, told: Any) -> str:
        """Whom an alarm reached."""
        if not isinstance(told, list):
            return ""
        names = (words.label(words.AUDIENCES, str(one), self._tongue) for one in told)
        return ", ".join(names)

    def _sent(self, row: EffectRow) -> Sent:
        return Sent(
            what=words.label(words.EFFECTS, row.kind, self._tongue),
            state=words.label(words.EFFECT_STATES, row.state, self._tongue),
            failed=row.state == "failed",
            at=self._time(row.ended_at or row.created_at),
            attempts=row.attempts,
            error=row.last_error,
        )

    def _person(self, person: str | None) -> str:
        return person_name(self._municipality, person, self._tongue) if person else ""

    def _department(self, department: str | None) -> str:
        return department_name(self._municipality, department, self._tongue) if department else ""

    def _time(self, at: datetime | None) -> str:
        if at is None:
            return ""
        return words.short_time(at, self._now, self._tongue, self._municipality.zone)

    def _window(self, not_before: datetime | None, due_at: datetime) -> str:
        return words.short_window(
            not_before, due_at, self._now, self._tongue, self._municipality.zone
        )


def _first_words(timeline: list[Event]) -> str:
    """What the citizen said first, where a page has room for it."""
    said = next((e.body.strip() for e in timeline if e.actor == "citizen" and e.body.strip()), "")
    said = mask_cpr(said)
    return said if len(said) <= _FIRST_WORDS else said[: _FIRST_WORDS - 1].rstrip() + "…"


def _moment(value: Any) -> datetime | None:
    """A time in an event's data, which JSON keeps as text."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None
