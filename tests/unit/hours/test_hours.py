"""Opening hours against an independent model that walks minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.hours import Calendar, ClosingDay, Hours, NeverOpen, Opening

ZONE = ZoneInfo("Europe/Copenhagen")
MINUTE = timedelta(minutes=1)

WEEKS = {
    "phone": [["08:00-15:00"], ["08:00-15:00"], ["08:00-15:00"], ["08:00-17:00"], ["08:00-13:00"]],
    "break": [
        ["08:30-12:00", "12:30-15:00"],
        [],
        ["09:00-12:00"],
        ["00:00-24:00"],
        ["13:00-13:01"],
    ],
    "night": [["02:15-02:45", "03:10-05:00"]] * 7,
}
CLOSED_BY_HAND = {  # typed from the calendar, not computed
    date(2026, 1, 1), date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 5), date(2026, 4, 6),
    date(2026, 5, 14), date(2026, 5, 24), date(2026, 5, 25), date(2026, 6, 5), date(2026, 12, 24),
    date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 31), date(2027, 1, 1),
}  # fmt: skip


def opening(text: str) -> Opening:
    hours, minutes = zip(*((int(p[:2]), int(p[3:])) for p in text.split("-")), strict=True)
    start, end = (timedelta(hours=h, minutes=m) for h, m in zip(hours, minutes, strict=True))
    return Opening(start, end)


def calendar(name: str, *, keeps_holidays: bool = True) -> Calendar:
    week = [tuple(opening(text) for text in day) for day in WEEKS[name]]
    week += [()] * (7 - len(week))
    return Calendar(name, {"da": name, "en": name}, tuple(week), keeps_holidays)


HOURS = Hours(
    ZONE,
    {
        "phone": calendar("phone"),
        "break": calendar("break"),
        "night": calendar("night", keeps_holidays=False),
    },
    [
        ClosingDay(6, 5, {"da": "Grundlovsdag", "en": "Constitution Day"}),
        ClosingDay(12, 24, {"da": "Juleaftensdag", "en": "Christmas Eve"}),
        ClosingDay(12, 31, {"da": "Nytårsaftensdag", "en": "New Year's Eve"}),
        ClosingDay(5, 15, {"da": "Indeklemt dag", "en": "Bridge day"}, year=2026),
    ],
)


def model_open(name: str, at: datetime) -> bool:
    """What the clock on the wall shows, looked up in the typed hours."""
    local = at.astimezone(ZONE)
    if name != "night" and (local.date() in CLOSED_BY_HAND or local.date() == date(2026, 5, 15)):
        return False
    hours = WEEKS[name][local.weekday()] if local.weekday() < len(WEEKS[name]) else []
    shown = f"{local:%H:%M}"
    return any(start <= shown < end for start, end in (text.split("-") for text in hours))


def model_add(name: str, start: datetime, minutes: int) -> datetime:
    at = start
    while minutes:
        minutes -= model_open(name, at)
        at += MINUTE
    return at


names = st.sampled_from(sorted(WEEKS))
moments = st.integers(0, 366 * 24 * 60).map(lambda m: datetime(2026, 1, 1, tzinfo=UTC) + m * MINUTE)
near_clock_change = st.builds(
    lambda day, minute: datetime.combine(day, time(), UTC) + minute * MINUTE,
    st.sampled_from([date(2026, 3, 28), date(2026, 10, 24)]),
    st.integers(0, 2 * 24 * 60),
)


@settings(max_examples=300, deadline=None)
@given(names, moments | near_clock_change)
def test_open_is_what_the_clock_on_the_wall_says(name: str, at: datetime) -> None:
    assert HOURS.is_open(name, at) == model_open(name, at)


@settings(max_examples=120, deadline=None)
@given(names, moments | near_clock_change)
def test_next_open_is_the_first_open_minute(name: str, at: datetime) -> None:
    found = HOURS.next_open(name, at)
    expected = at
    while not model_open(name, expected):
        expected += MINUTE
    assert found == expected


@settings(max_examples=120, deadline=None)
@given(names, moments | near_clock_change, st.integers(1, 20 * 60))
def test_adding_working_time_counts_open_minutes_only(
    name: str, start: datetime, minutes: int
) -> None:
    assert HOURS.add_working(name, start, minutes * MINUTE) == model_add(name, start, minutes)


@settings(max_examples=200, deadline=None)
@given(names, moments, moments, st.integers(0, 3000), st.integers(0, 3000))
def test_later_start_or_longer_work_never_ends_earlier(
    name: str, one: datetime, other: datetime, short: int, more: int
) -> None:
    first, second = sorted((one, other))
    early = HOURS.add_working(name, first, short * MINUTE)
    assert early <= HOURS.add_working(name, second, short * MINUTE)
    assert early <= HOURS.add_working(name, first, (short + more) * MINUTE)
    assert early >= first


@settings(max_examples=200, deadline=None)
@given(names, moments, st.integers(0, 3000))
def test_working_time_ends_while_open_or_at_closing_time(
    name: str, start: datetime, minutes: int
) -> None:
    end = HOURS.add_working(name, start, minutes * MINUTE)
    assert end.tzinfo is UTC
    assert HOURS.is_open(name, end) or HOURS.is_open(name, end - MINUTE)


@settings(max_examples=150, deadline=None)
@given(names, moments, st.integers(1, 40))
def test_working_days_end_at_the_last_closing_of_the_nth_open_day(
    name: str, start: datetime, days: int
) -> None:
    end = HOURS.add_working_days(name, start, days)
    assert not model_open(name, end)
    assert model_open(name, end - MINUTE)
    first, last = start.astimezone(ZONE).date(), (end - MINUTE).astimezone(ZONE).date()
    open_days = {
        first + timedelta(days=n)
        for n in range(1, (last - first).days + 1)
        if HOURS.intervals(name, first + timedelta(days=n))
    }
    assert len(open_days) == days
    assert last in open_days


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-23 10:00", 8, "2026-11-24 11:00"),  # Monday to Tuesday
        ("2026-11-27 12:30", 1, "2026-11-30 08:30"),  # over a weekend
        ("2026-12-23 14:00", 2, "2026-12-28 09:00"),  # over Christmas
        ("2026-04-01 14:30", 1, "2026-04-07 08:30"),  # over Easter
        ("2028-02-28 14:00", 8, "2028-02-29 15:00"),  # a leap day is worked on
        ("2026-03-27 12:00", 2, "2026-03-30 09:00"),  # the night when summer begins
        ("2026-10-23 12:00", 2, "2026-10-26 09:00"),  # the night when summer ends
        ("2026-11-23 08:00", 7, "2026-11-23 15:00"),  # ends with the day, not next morning
    ],
)
def test_working_hours_by_hand(start: str, hours: int, expected: str) -> None:
    end = HOURS.add_working("phone", local(start), timedelta(hours=hours))
    assert end == local(expected)


def test_an_hour_that_comes_twice_is_open_twice_and_a_missing_one_never() -> None:
    def open_minutes(day: date) -> timedelta:
        return sum((end - start for start, end in HOURS.intervals("night", day)), timedelta())

    ordinary = open_minutes(date(2026, 6, 1))
    assert ordinary == timedelta(hours=2, minutes=20)
    assert open_minutes(date(2026, 10, 25)) == ordinary + timedelta(minutes=30)
    assert open_minutes(date(2026, 3, 29)) == ordinary - timedelta(minutes=30)


def test_callback_promised_at_half_past_two_when_the_clocks_go_back() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert first.astimezone(ZONE).strftime("%H:%M") == "02:30"
    second = first + timedelta(hours=1)
    assert second.astimezone(ZONE).strftime("%H:%M") == "02:30"
    monday = local("2026-10-26 08:00")
    assert HOURS.next_open("phone", first) == HOURS.next_open("phone", second) == monday


@pytest.mark.parametrize("day", sorted(CLOSED_BY_HAND))
def test_holidays_and_closing_days_are_closed_and_named(day: date) -> None:
    assert HOURS.intervals("phone", day) == ()
    assert HOURS.closed_reason("phone", day, "da")
    assert HOURS.closed_reason("phone", day, "en")


def test_why_closed_is_said_in_both_languages() -> None:
    assert HOURS.closed_reason("phone", date(2026, 4, 3), "da") == "Langfredag"
    assert HOURS.closed_reason("phone", date(2026, 4, 3), "en") == "Good Friday"
    assert HOURS.closed_reason("phone", date(2026, 6, 5), "en") == "Constitution Day"
    assert HOURS.closed_reason("phone", date(2026, 11, 23), "da") is None  # open
    assert HOURS.closed_reason("phone", date(2026, 11, 22), "da") is None  # just a Sunday


def test_great_prayer_day_is_worked_on_since_2024() -> None:
    assert HOURS.intervals("phone", date(2023, 5, 5)) == ()
    assert HOURS.intervals("phone", date(2024, 4, 26)) != ()


def test_a_closing_day_of_one_year_is_open_the_next() -> None:
    assert HOURS.closed_reason("phone", date(2026, 5, 15), "da") == "Indeklemt dag"
    assert HOURS.intervals("phone", date(2028, 5, 15)) != ()


def test_a_changed_date_wins_over_week_and_holiday() -> None:
    week = calendar("phone").week
    changes = {date(2026, 12, 24): (opening("09:00-11:00"),), date(2026, 11, 23): ()}
    hours = Hours(ZONE, {"phone": Calendar("phone", {"da": "x"}, week, changes=changes)})
    assert hours.is_open("phone", local("2026-12-24 10:00"))
    assert not hours.is_open("phone", local("2026-11-23 10:00"))


def test_same_day_counts_as_working_day_zero_until_it_closes() -> None:
    monday, tuesday = local("2026-11-23 15:00"), local("2026-11-24 15:00")
    assert HOURS.add_working_days("phone", local("2026-11-23 07:00"), 0) == monday
    assert HOURS.add_working_days("phone", monday, 0) == tuesday


def test_nonsense_is_refused() -> None:
    naive = datetime(2026, 11, 23, 10, 0)  # noqa: DTZ001  the very thing that is refused
    with pytest.raises(ValueError, match="aware"):
        HOURS.is_open("phone", naive)
    with pytest.raises(ValueError, match="backwards"):
        HOURS.add_working("phone", local("2026-11-23 10:00"), -MINUTE)
    with pytest.raises(ValueError, match="backwards"):
        HOURS.add_working_days("phone", local("2026-11-23 10:00"), -1)
    with pytest.raises(KeyError):
        HOURS.is_open("nobody", local("2026-11-23 10:00"))


def test_a_calendar_that_never_opens_says_so_instead_of_searching_for_ever() -> None:
    never = Hours(ZONE, {"never": Calendar("never", {"da": "x"}, ((),) * 7)})
    monday = local("2026-11-23 10:00")
    with pytest.raises(NeverOpen):
        never.next_open("never", monday)
    with pytest.raises(NeverOpen):
        never.add_working("never", monday, MINUTE)
    with pytest.raises(NeverOpen):
        never.add_working_days("never", monday, 1)
