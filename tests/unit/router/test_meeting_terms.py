"""When an agenda is due, and at which times nobody can meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import Municipality
from router.errors import Conflict, SenderError
from router.meeting_terms import Agreed, Way, agenda_due, check_time, somewhere

CPH = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=CPH)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CPH)


@pytest.mark.parametrize(
    ("meets", "due"),
    [
        ("2026-12-01T10:00", "2026-11-30T15:00"),
        # Monday: the working day before is Friday, which closes early.
        ("2026-11-30T10:00", "2026-11-27T14:00"),
        # After Christmas, and a closing day of our own on the 24th.
        ("2026-12-28T09:00", "2026-12-23T15:00"),
        # In the evening of a day, and in the night after the clocks went forward.
        ("2026-12-02T19:30", "2026-12-01T15:00"),
        ("2027-03-29T09:00", "2027-03-24T15:00"),
        # Tomorrow: the working day before is today.
        ("2026-11-24T09:00", "2026-11-23T15:00"),
        # Today: only the meeting itself is left.
        ("2026-11-23T14:00", "2026-11-23T14:00"),
    ],
)
def test_the_agenda_is_due_on_the_working_day_before(
    municipality: Municipality, meets: str, due: str
) -> None:
    assert agenda_due(at(meets), NOW, municipality.hours, "town-hall") == at(due)


@given(minutes=st.integers(1, 366 * 24 * 60))
def test_the_agenda_is_never_due_in_the_past_nor_after_the_meeting(
    municipality: Municipality, minutes: int
) -> None:
    starts = NOW + timedelta(minutes=minutes)
    due = agenda_due(starts, NOW, municipality.hours, "town-hall")
    assert NOW < due <= starts


def agreed(start: Any, end: Any, way: Way = Way.PLACE, place: str = "Rådhuset") -> Agreed:
    return Agreed(start, end, way, place)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (NOW + HOUR, NOW + HOUR, "window_end_before_start"),
        (NOW + 2 * HOUR, NOW + HOUR, "window_end_before_start"),
        (NOW, NOW + HOUR, "window_in_past"),
        (NOW - HOUR, NOW + HOUR, "window_in_past"),
        (NOW + timedelta(days=400), NOW + timedelta(days=400, hours=1), "window_too_far"),
        (NOW + HOUR, NOW + 14 * HOUR, "meeting_too_long"),
        (datetime(2026, 12, 1, 10), datetime(2026, 12, 1, 11), "window_without_zone"),  # noqa: DTZ001
    ],
)
def test_a_time_that_cannot_be_is_refused(start: datetime, end: datetime, code: str) -> None:
    with pytest.raises(SenderError) as refused:
        check_time(agreed(start, end), NOW)
    assert refused.value.code == code


def test_where_they_meet() -> None:
    contact: Any = {"phone": "+4520304050", "flags": []}
    start, end = NOW.astimezone(UTC), (NOW + HOUR).astimezone(UTC)
    assert somewhere(agreed(start, end, place=" Torvet \n 2 "), contact).place == "Torvet 2"
    assert somewhere(agreed(start, end, Way.PHONE, ""), contact).place == "+4520304050"
    assert somewhere(agreed(start, end, Way.PHONE, "+4511223344"), contact).place == "+4511223344"
    for way in (Way.PLACE, Way.VIDEO):
        with pytest.raises(SenderError, match="where"):
            somewhere(agreed(start, end, way, "  "), contact)
    with pytest.raises(SenderError, match="number"):
        somewhere(agreed(start, end, Way.PHONE, ""), contact | {"phone": ""})
    with pytest.raises(Conflict):
        somewhere(agreed(start, end, Way.PHONE, ""), contact | {"flags": ["no_calls"]})
