"""When and where to meet, and when the agenda is due. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from router.errors import SenderError
from router.model import printable
from router.to_citizen import must_be_callable

if TYPE_CHECKING:
    from router.hours import Hours
    from router.ledger import Record

FARTHEST_MEETING: Final = timedelta(days=366)
LONGEST_MEETING: Final = timedelta(hours=12)
LONGEST_PLACE: Final = 500
_DAYS_BACK: Final = 14
"""So far back the working day before a meeting is looked for."""


class Way(StrEnum):
    """How they meet."""

    PLACE = "place"
    PHONE = "phone"
    VIDEO = "video"


class Paper(StrEnum):
    """What is written for a meeting."""

    AGENDA = "agenda"
    MINUTES = "minutes"


class How(StrEnum):
    """How a person gave something to the citizen."""

    LETTER = "letter"
    DIGITAL_POST = "digital_post"
    PHONE = "phone"
    HAND = "hand"
    """Handed over."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """When and where to meet."""

    starts_at: datetime
    ends_at: datetime
    way: Way
    place: str = ""
    """Address or link; the number for a phone meeting, the contact's by itself."""


def agenda_due(starts_at: datetime, now: datetime, hours: Hours, calendar: str) -> datetime:
    """When the agenda is due: as the department closes on the working day before.

    The meeting itself when that has passed already.
    """
    day = starts_at.astimezone(hours.zone).date()
    for _ in range(_DAYS_BACK):
        day -= timedelta(days=1)
        opened = hours.intervals(calendar, day)
        if opened:
            return opened[-1][1] if opened[-1][1] > now else starts_at
    return starts_at


def check_time(agreed: Agreed, now: datetime) -> None:
    """Refuse a time that nobody can meet at, before it is promised.

    Raises SenderError `window_without_zone`, `window_end_before_start`,
    `window_in_past`, `window_too_far` or `meeting_too_long`.
    """
    start, end = agreed.starts_at, agreed.ends_at
    if start.tzinfo is None or end.tzinfo is None:
        raise SenderError("window_without_zone", "The time needs a time zone.")
    if end <= start:
        raise SenderError("window_end_before_start", "The meeting ends before it starts.")
    if start <= now:
        raise SenderError("window_in_past", "That time has passed.")
    if start > now + FARTHEST_MEETING:
        raise SenderError("window_too_far", f"More than {FARTHEST_MEETING.days} days ahead.")
    if end - start > LONGEST_MEETING:
        raise SenderError("meeting_too_long", "The meeting lasts more than half a day.")


def somewhere(agreed: Agreed, contact: Record) -> Agreed:
    """`agreed` with its place. Raises SenderError `place_missing` or `phone_missing`."""
    place = " ".join(printable(agreed.place).split())[:LONGEST_PLACE]
    if agreed.way is Way.PHONE:
        must_be_callable(contact)
        place = place or contact["phone"]
        if not place:
            raise SenderError("phone_missing", "Write the number to call.")
    elif not place:
        raise SenderError("place_missing", "Write where to meet, or the link.")
    return replace(agreed, place=place)


def when(agreed: Agreed) -> dict[str, Any]:
    """As a message and the timeline keep it."""
    return {
        "not_before": agreed.starts_at,
        "due_at": agreed.ends_at,
        "way": agreed.way,
        "place": agreed.place,
    }
