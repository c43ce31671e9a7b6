"""When somebody wishes to be called, and which moments that means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.wishes import Wish, read_wish, window_of

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
WEDNESDAY = datetime(2026, 11, 25, 13, 0, tzinfo=COPENHAGEN)


@pytest.mark.parametrize(
    ("text", "day", "start", "end"),
    [
        ("ring efter kl. 15 på 12 34 51 03", "", "15:00", ""),
        ("ring i morgen formiddag", "+1", "08:00", "12:00"),
        ("ring tirsdag mellem 9 og 11", "wd1", "09:00", "11:00"),
        ("I kan ringe hele dagen", "", "08:00", "16:00"),
        ("ring 12 34 51 03 inden kl 14", "", "", "14:00"),
        ("kan du ringe i eftermiddag?", "+0", "12:00", "16:00"),
        ("Please call me tomorrow after 3 pm", "+1", "15:00", ""),
        ("Bitte rufen Sie mich morgen zwischen 9 und 11 Uhr an", "+1", "09:00", "11:00"),
        ("ring kl 9-11", "", "09:00", "11:00"),
        ("ring på torsdag kl. 10.30", "wd3", "10:30", "11:30"),
        ("ring d. 14/12 kl 9", "12-14", "09:00", "10:00"),
        ("ring den 3. december", "12-03", "", ""),
        ("træffes bedst efter fyraften", "", "15:00", ""),
        ("ring mandag ml. 8-10", "wd0", "08:00", "10:00"),
        ("ring på 12345103 (efter 16)", "", "16:00", ""),
        ("kan kontaktes efter 3", "", "15:00", ""),
        ("ring til mig", "", "", ""),
        ("ring til mig. Det er i dag tre uger siden", "", "", ""),
        ("festen er mandag kl. 9", "", "", ""),
    ],
)
def test_a_wish_is_read_as_it_was_said(text: str, day: str, start: str, end: str) -> None:
    assert read_wish(text, "+4512345103") == Wish("+4512345103", day, start, end)


def local(wish: Wish, now: datetime = WEDNESDAY) -> tuple[str, str] | None:
    window = window_of(wish, now, COPENHAGEN)
    if window is None:
        return None
    start, end = window
    assert end is not None
    return (
        f"{start.astimezone(COPENHAGEN):%a %H:%M}" if start else "now",
        f"{end.astimezone(COPENHAGEN):%a %H:%M}",
    )


@pytest.mark.parametrize(
    ("wish", "window"),
    [
        (Wish(from_time="15:00"), ("Wed 15:00", "Wed 23:59")),
        (Wish(from_time="10:00", until_time="12:00"), ("Thu 10:00", "Thu 12:00")),
        (Wish(until_time="14:00"), ("now", "Wed 14:00")),
        (Wish(until_time="12:00"), ("Thu 00:00", "Thu 12:00")),
        (Wish(day="+1", from_time="08:00", until_time="12:00"), ("Thu 08:00", "Thu 12:00")),
        (Wish(day="wd2", from_time="15:00"), ("Wed 15:00", "Wed 23:59")),
        (Wish(day="wd2", from_time="09:00", until_time="11:00"), ("Wed 09:00", "Wed 11:00")),
        (Wish(day="wd1"), ("Tue 00:00", "Tue 23:59")),
        (Wish(day="12-14"), ("Mon 00:00", "Mon 23:59")),
        (Wish(day="11-24"), None),
        (Wish(day="02-30"), None),
        (Wish(day="+0", until_time="12:00"), None),
        (Wish(phone="+4512345103"), None),
    ],
)
def test_a_window_never_lies_in_the_past(wish: Wish, window: tuple[str, str] | None) -> None:
    assert local(wish) == window


def test_a_weekday_whose_hours_have_passed_is_next_weeks() -> None:
    window = window_of(
        Wish(day="wd2", from_time="09:00", until_time="11:00"), WEDNESDAY, COPENHAGEN
    )
    assert window is not None
    assert window[0] == datetime(2026, 12, 2, 8, 0, tzinfo=UTC)


CLOCKS = st.sampled_from(["", "00:00", "08:00", "12:30", "15:00", "23:59"])
DAYS = st.sampled_from(["", "+0", "+1", "+2", "wd0", "wd6", "01-01", "02-29", "12-31", "10-25"])


@given(
    st.builds(Wish, st.just(""), DAYS, CLOCKS, CLOCKS),
    st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)),  # noqa: DTZ001  made aware below
)
def test_any_window_is_aware_ahead_and_begins_before_it_ends(wish: Wish, moment: datetime) -> None:
    now = moment.replace(tzinfo=COPENHAGEN).astimezone(UTC)
    window = window_of(wish, now, COPENHAGEN)
    if window is not None:
        start, end = window
        assert end is not None
        assert end > now
        assert start is None or now < start < end
        assert end.tzinfo is UTC
        assert end < now + timedelta(days=62)


@given(st.text(max_size=300))
def test_any_text_can_be_asked_for_a_wish(text: str) -> None:
    wish = read_wish(f"ring {text} kl", "")
    assert wish.day == "" or wish.day[0] in "+w01"
    window_of(wish, WEDNESDAY, COPENHAGEN)
