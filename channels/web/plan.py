"""One plan: the topics of an enquiry and the meetings about it, as its citizen sees them.

Nothing that staff wrote among themselves: a topic's title and a meeting's subject are
written for the citizen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from channels.i18n import catalogue, to_translate
from channels.web.answers import department_name, given, open_promises
from channels.wording import promise_sentence, say_where, say_window

if TYPE_CHECKING:
    from router.config import Municipality
    from router.rows import ContactView, MeetingRow, PartRow

PART_STATES: Final = {
    "open": to_translate("In progress"),
    "solved": to_translate("Done"),
    "withdrawn": to_translate("You no longer need it"),
}
MEETING_STATES: Final = {
    "agreed": to_translate("Agreed"),
    "held": to_translate("Held"),
    "cancelled": to_translate("Cancelled"),
}
_LATE: Final = to_translate(
    "This should have been done by now, and we are sorry that it is not. "
    "It is still with {department} and is marked as late."
)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the plan."""

    title: str
    department: str
    """Its id."""
    department_name: str
    state: str
    state_name: str
    promise: str
    """What is promised for it, in one sentence; empty when it is done."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting."""

    subject: str
    starts_at: datetime
    ends_at: datetime
    way: str
    place: str
    state: str
    state_name: str
    window: str
    where: str


class Planner:
    """Tells the plan of one contact to its citizen at one moment."""

    def __init__(
        self, view: ContactView, language: str, municipality: Municipality, now: datetime
    ) -> None:
        self._view = view
        self._language = language
        self._municipality = municipality
        self._now = now
        self._say = catalogue("web").gettext(language)

    def topics(self) -> list[Topic]:
        """The topics, in the order they were made; none when it is about one thing only."""
        return [self._topic(part) for part in self._view.parts]

    def meetings(self) -> list[Meeting]:
        """The meetings, the earliest first."""
        return [self._meeting(meeting) for meeting in self._view.meetings]

    def _topic(self, part: PartRow) -> Topic:
        name = department_name(self._municipality, part.department, self._language)
        return Topic(
            title=part.title,
            department=part.department,
            department_name=name,
            state=part.state,
            state_name=self._say(PART_STATES[part.state]),
            promise=self._promised(part, name),
        )

    def _promised(self, part: PartRow, name: str) -> str:
        owed = open_promises(p for p in self._view.promises if p.part_id == part.id)
        if not owed:
            return ""
        if owed[0].due_at <= self._now:
            return self._say(_LATE).format(department=name)
        zone = self._municipality.zone
        return promise_sentence(given(owed[0]), name, self._language, self._now, zone)

    def _meeting(self, meeting: MeetingRow) -> Meeting:
        zone = self._municipality.zone
        return Meeting(
            subject=meeting.subject,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            way=meeting.way,
            place=meeting.place,
            state=meeting.state,
            state_name=self._say(MEETING_STATES[meeting.state]),
            window=say_window(meeting.starts_at, meeting.ends_at, self._language, self._now, zone),
            where=say_where(meeting.way, meeting.place, self._language),
        )


def plan_context(
    view: ContactView, language: str, municipality: Municipality, now: datetime
) -> dict[str, Any]:
    """What `web/_plan.html` needs."""
    planner = Planner(view, language, municipality, now)
    return {"topics": planner.topics(), "meetings": planner.meetings()}


def plan_answer(
    view: ContactView, language: str, municipality: Municipality, now: datetime
) -> dict[str, Any]:
    """The plan as the API answers it."""
    planner = Planner(view, language, municipality, now)
    return {
        "plan": [
            {
                "title": topic.title,
                "department": topic.department,
                "department_name": topic.department_name,
                "state": topic.state,
                **({"promise": topic.promise} if topic.promise else {}),
            }
            for topic in planner.topics()
        ],
        "meetings": [
            {
                "subject": meeting.subject,
                "from": meeting.starts_at,
                "until": meeting.ends_at,
                "way": meeting.way,
                "place": meeting.place,
                "state": meeting.state,
                "text": f"{meeting.window}. {meeting.where}",
            }
            for meeting in planner.meetings()
        ],
    }
