"""Text messages about a plan and about meetings. Who, when and where, never what about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from channels.i18n import catalogue, to_translate
from channels.wording import say_where, say_window

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SAID: Final = {
    "plan": to_translate("We have made a plan for your enquiry. You can see it here."),
    "part_solved": to_translate("{department} is done with its part of your enquiry."),
    "meeting_agreed": to_translate("You have a meeting with {department} {window}. {where}."),
    "meeting_moved": to_translate("Your meeting with {department} is now {window}. {where}."),
    "unreachable": to_translate(
        "{department} has tried to reach you in vain. If we do not hear from you, "
        "we close your enquiry. Write or call, and we take it up again."
    ),
    "meeting_cancelled": to_translate("Your meeting with {department} {window} is cancelled."),
}


def occasion_words(
    payload: Mapping[str, Any], department: str, language: str, now: datetime, zone: ZoneInfo
) -> str:
    """What a text message of one of these occasions says; empty for any other."""
    words = _SAID.get(str(payload["template"]))
    if words is None:
        return ""
    meeting = payload.get("meeting")
    window = where = ""
    if isinstance(meeting, Mapping):
        start, end = (datetime.fromisoformat(meeting[at]) for at in ("not_before", "due_at"))
        window = say_window(start, end, language, now, zone)
        where = say_where(meeting["way"], meeting["place"], language)
    said = catalogue("phone").gettext(language)(words)
    return said.format(department=department, window=window, where=where)
