"""A contact's timeline in the citizen's words.

Only what is listed here is told, and only the citizen's own words are repeated:
a note, a reason or a name that staff wrote among themselves never gets out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from channels.i18n import Translate, catalogue, spoken_language, to_translate
from channels.wording import say_window

if TYPE_CHECKING:
    from router.config import Municipality
    from router.rows import Event


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it is told."""

    at: datetime
    kind: str
    by_citizen: bool
    title: str
    text: str


_CITIZEN: Final = "citizen"

_FROM_CITIZEN: Final = {
    "received": to_translate("We received your enquiry"),
    "called": to_translate("You called us"),
    "said": to_translate("You told us what it is about"),
    "message": to_translate("You wrote to us"),
    "rescheduled": to_translate("You chose a new time: {window}"),
    "withdrawn": to_translate("You told us that you no longer need the call"),
    "time_confirmed": to_translate("You told us that the time suits you"),
}
_FROM_US: Final = {
    "routed": to_translate("Your enquiry was passed on to {department}"),
    "claimed": to_translate("{caseworker} has taken your enquiry"),
    "accepted": to_translate("{caseworker} has taken your enquiry"),
    "promised": to_translate("We promised to be in touch {window}"),
    "rescheduled": to_translate("We agreed on a new time: {window}"),
    "reopened": to_translate("Your enquiry was opened again"),
    "closed": to_translate("Your enquiry was finished"),
    "late": to_translate("We did not keep to the time. The department has been told"),
    "withdrawn": to_translate("You told us that you no longer need the call"),
}
_PLANS: Final = {
    "split": to_translate("We have made a plan for the topics of your enquiry"),
    "part_solved": to_translate("One topic of your enquiry is done"),
    "part_withdrawn": to_translate("You no longer need one topic of your enquiry"),
    "meeting_agreed": to_translate("We agreed to meet {window}"),
    "meeting_moved": to_translate("The meeting was moved: {window}"),
    "meeting_cancelled": to_translate("The meeting {window} was cancelled"),
    "meeting_held": to_translate("We met"),
    "agenda_given": to_translate("We gave you the agenda of the meeting"),
    "minutes_given": to_translate("We gave you the minutes of the meeting"),
    "letter_sent": to_translate("We wrote to you"),
    "unreachable_told": to_translate("We have tried to reach you in vain, and wrote to you"),
    "unreachable_given": to_translate("We have tried to reach you in vain, and let you know"),
}
_BY_MAIL: Final = {
    "agenda_written": to_translate("We sent you the agenda of the meeting"),
    "minutes_written": to_translate("We sent you the minutes of the meeting"),
}
_ATTEMPTS: Final = {
    "reached": to_translate("We were in touch with you"),
    "no_answer": to_translate("We called, but there was no answer"),
    "busy": to_translate("We called, but the line was busy"),
    "machine": to_translate("We called and reached your answering machine"),
    "wrong_number": to_translate("We called, but the number could not be reached"),
}
_A_DEPARTMENT: Final = to_translate("another department")
_A_COLLEAGUE: Final = to_translate("A caseworker")


def told(timeline: Iterable[Event], language: str, municipality: Municipality) -> Iterator[Step]:
    """The steps that a citizen is told, oldest first."""
    _ = catalogue("web").gettext(language)
    for event in timeline:
        if event.actor == _CITIZEN:
            title = _(_FROM_CITIZEN.get(event.kind, _FROM_CITIZEN["message"]))
            window = _window(event, event.data, language, municipality)
            yield Step(event.at, event.kind, True, title.format(window=window), event.body)
            continue
        words = _words(event)
        if words is not None:
            values = _values(event, language, municipality, _)
            yield Step(event.at, event.kind, False, _(words).format(**values), "")


def _words(event: Event) -> str | None:
    if event.kind == "attempt":
        return _ATTEMPTS.get(str(event.data.get("result")))
    if event.kind in _BY_MAIL:
        return _BY_MAIL[event.kind] if event.data.get("by_mail") else None
    return _FROM_US.get(event.kind) or _PLANS.get(event.kind)


def _values(
    event: Event, language: str, municipality: Municipality, translate: Translate
) -> Mapping[str, str]:
    data = event.data
    department = municipality.departments.get(str(data.get("to") or data.get("department")))
    member = municipality.caseworkers.get(event.actor.removeprefix("staff:"))
    return {
        "department": department.name_in(spoken_language(language))
        if department
        else translate(_A_DEPARTMENT),
        "caseworker": member.name if member else translate(_A_COLLEAGUE),
        "window": _window(event, data, language, municipality),
    }


def _window(
    event: Event, data: Mapping[str, Any], language: str, municipality: Municipality
) -> str:
    due = data.get("due_at")
    if not isinstance(due, str):
        return ""
    start = data.get("not_before")
    return say_window(
        datetime.fromisoformat(start) if isinstance(start, str) else None,
        datetime.fromisoformat(due),
        language,
        event.at,
        municipality.zone,
    )
