"""Topics and meetings of a contact as its page tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from channels import wording
from channels.desk import words
from channels.desk.localtime import to_wall
from channels.desk.masking import mask_cpr
from channels.desk.plan_forms import LENGTHS, ROWS
from channels.desk.plan_models import MAKEABLE
from channels.desk.screen import department_name, person_name
from channels.i18n import to_translate as _
from router.meeting_terms import How, Way

if TYPE_CHECKING:
    from datetime import datetime

    from channels.desk.people import Staff
    from channels.desk.words import Tongue
    from router.config import Municipality
    from router.rows import ContactView, MeetingRow, PartRow

HAPPENED: Final[Mapping[str, str]] = {
    "split": _("Made topics of it"),
    "part_claimed": _("Took the topic {topic}"),
    "part_offered": _("Offered the topic {topic} to {receiver}"),
    "part_offer_lapsed": _("Nobody at {receiver} took the topic {topic}; it came back"),
    "part_routed": _("The topic {topic} was moved to {to}, since its owner has left"),
    "part_solved": _("The topic {topic} is done"),
    "part_withdrawn": _("The topic {topic} is no longer wanted"),
    "meeting_agreed": _("Agreed on a meeting {window}"),
    "meeting_moved": _("Moved the meeting to {window}"),
    "meeting_cancelled": _("Cancelled the meeting {window}"),
    "meeting_held": _("They met. Minutes promised {window}"),
    "agenda_written": _("Wrote the agenda"),
    "agenda_given": _("Gave the agenda to the citizen: {how}"),
    "minutes_written": _("Wrote the minutes"),
    "minutes_given": _("Gave the minutes to the citizen: {how}"),
    "letter_sent": _("Wrote to the citizen"),
    "unreachable_told": _("Wrote to the citizen that we have tried to reach them in vain"),
    "unreachable_given": _("Told the citizen that we have tried to reach them in vain: {how}"),
    "notice_settled": _("The notice of a missed deadline is not needed any more"),
    "notice_proposed": _("A deadline of the law is close: keep it, or promise the notice"),
    "notice_promised": _("Notice of a missed deadline promised {window}"),
}
PART_STATES: Final[Mapping[str, str]] = {
    "open": _("open"),
    "solved": _("done"),
    "withdrawn": _("no longer wanted"),
}
MEETING_STATES: Final[Mapping[str, str]] = {
    "agreed": _("agreed"),
    "held": _("held"),
    "cancelled": _("cancelled"),
}
WAYS: Final[Mapping[str, str]] = {
    "place": _("We meet"),
    "phone": _("By phone"),
    "video": _("By video"),
}
HOWS: Final[Mapping[str, str]] = {
    "letter": _("Letter"),
    "digital_post": _("Digital Post"),
    "phone": _("Told on the phone"),
    "hand": _("Handed over"),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic."""

    id: int
    title: str
    state: str
    is_open: bool
    department: str
    owner: str
    offered_to: str
    may_take: bool
    version: int


@dataclass(frozen=True, slots=True)
class Paper:
    """The agenda, or the minutes."""

    written: str
    """When it was written last; empty when it was not."""
    owed: bool
    """Whether the citizen has yet to get it."""
    due: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting."""

    id: int
    subject: str
    state: str
    state_key: str
    window: str
    where: str
    topic: str
    way: str
    place: str
    starts: str
    minutes_long: int
    has_begun: bool
    agenda: Paper
    minutes: Paper
    version: int


class PlanTeller:
    """Tells the plan of one contact to one reader at one moment."""

    def __init__(
        self, municipality: Municipality, staff: Staff, tongue: Tongue, now: datetime
    ) -> None:
        self._municipality = municipality
        self._staff = staff
        self._tongue = tongue
        self._now = now

    def tell(self, view: ContactView) -> dict[str, Any]:
        """What the templates about the plan need."""
        titles = titles_of(view)
        promises = {promise.id: promise for promise in view.promises}

        def paper(promise_id: int | None, written: datetime | None) -> Paper:
            promise = promises.get(promise_id or 0)
            owed = promise is not None and promise.state.is_open
            due = self._time(promise.due_at) if promise is not None and owed else ""
            return Paper(self._time(written), owed, due)

        meetings = [
            self._meeting(
                row,
                titles,
                paper(row.agenda_promise, row.agenda_at),
                paper(row.minutes_promise, row.minutes_at),
            )
            for row in view.meetings
        ]
        topics = [self._topic(row) for row in view.parts]
        return {
            "topics": topics,
            "open_topics": [topic for topic in topics if topic.is_open],
            "meetings": meetings,
            "by_mail": bool(view.head.email)
            and view.head.channel in ("mail", "web")
            and "digitally_exempt" not in view.head.flags,
        }

    def choices(self) -> dict[str, Any]:
        """What the forms about the plan offer."""
        people = self._municipality.caseworkers.values()
        return {
            "topic_rows": range(1, ROWS + 1),
            "makeable": [
                (kind.value, words.label(words.KINDS, kind, self._tongue)) for kind in MAKEABLE
            ],
            "ways": [(way.value, words.label(WAYS, way, self._tongue)) for way in Way],
            "hows": [(how.value, words.label(HOWS, how, self._tongue)) for how in How],
            "lengths": LENGTHS,
            "colleagues": sorted(
                ((p.id, p.name) for p in people if p.id != self._staff.caseworker),
                key=lambda entry: entry[1],
            ),
        }

    def _topic(self, row: PartRow) -> Topic:
        me = self._staff.caseworker
        offered_to_me = me is not None and (
            row.offered_caseworker == me
            or (row.offered_caseworker is None and row.offered_department == self._staff.department)
        )
        offered = row.offered_caseworker or ""
        return Topic(
            id=row.id,
            title=mask_cpr(row.title),
            state=words.label(PART_STATES, row.state, self._tongue),
            is_open=row.ended_at is None,
            department=department_name(self._municipality, row.department, self._tongue),
            owner=self._person(row.caseworker),
            offered_to=self._person(offered)
            if offered
            else department_name(self._municipality, row.offered_department, self._tongue)
            if row.offered_department
            else "",
            may_take=row.ended_at is None
            and me is not None
            and (row.caseworker is None or offered_to_me),
            version=row.version,
        )

    def _meeting(
        self, row: MeetingRow, titles: Mapping[int, str], agenda: Paper, minutes: Paper
    ) -> Meeting:
        zone, language = self._municipality.zone, self._tongue.language
        return Meeting(
            id=row.id,
            subject=mask_cpr(row.subject),
            state=words.label(MEETING_STATES, row.state, self._tongue),
            state_key=row.state,
            window=words.short_window(row.starts_at, row.ends_at, self._now, self._tongue, zone),
            where=wording.say_where(row.way, row.place, language),
            topic=titles.get(row.part_id or 0, ""),
            way=row.way,
            place=row.place,
            starts=to_wall(row.starts_at, zone),
            minutes_long=int((row.ends_at - row.starts_at).total_seconds()) // 60,
            has_begun=row.starts_at <= self._now,
            agenda=agenda,
            minutes=minutes,
            version=row.version,
        )

    def _person(self, person: str | None) -> str:
        return person_name(self._municipality, person, self._tongue) if person else ""

    def _time(self, at: datetime | None) -> str:
        if at is None:
            return ""
        return words.short_time(at, self._now, self._tongue, self._municipality.zone)


def titles_of(view: ContactView) -> dict[int, str]:
    """What each topic is called, by its number."""
    return {part.id: mask_cpr(part.title) for part in view.parts}
