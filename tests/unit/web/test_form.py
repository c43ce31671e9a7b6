"""The citizen's form: what fits, what does not, and what it makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.web.form import Entry, check, days_to_choose, times_to_choose
from router import config
from router.config import Municipality
from router.model import Group
from router.settings import demo_configuration

ZONE = ZoneInfo("Europe/Copenhagen")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
ENTRY = Entry(text="Jeg vil bygge en carport", phone="20304050", call_me=True)


@pytest.fixture(scope="module")
def municipality() -> Municipality:
    return config.load(demo_configuration())


def errors(entry: Entry, municipality: Municipality, now: datetime = MONDAY) -> dict[str, str]:
    checked = check(entry, "da", municipality, now)
    assert (checked.arrival is None) == bool(checked.errors)
    return checked.errors


def test_words_alone_are_enough(municipality: Municipality) -> None:
    arrival = check(Entry(text="  Hvornår åbner I?\n"), "da", municipality, MONDAY).arrival
    assert arrival is not None
    assert arrival.text == "Hvornår åbner I?"
    assert (arrival.name, arrival.email, arrival.phone, arrival.callback) == ("", "", "", None)
    assert arrival.group is Group.CITIZEN


def test_a_wish_to_be_called_without_a_time(municipality: Municipality) -> None:
    arrival = check(ENTRY, "da", municipality, MONDAY).arrival
    assert arrival is not None
    assert arrival.callback is not None
    assert arrival.callback.phone == "+4520304050"
    assert (arrival.callback.not_before, arrival.callback.until) == (None, None)


def test_a_wished_window_is_local_time(municipality: Municipality) -> None:
    entry = replace(ENTRY, day="2026-11-24", start="13:00", end="15:00")
    arrival = check(entry, "da", municipality, MONDAY).arrival
    assert arrival is not None
    assert arrival.callback is not None
    assert arrival.callback.not_before == datetime(2026, 11, 24, 13, 0, tzinfo=ZONE)
    assert arrival.callback.until == datetime(2026, 11, 24, 15, 0, tzinfo=ZONE)


def test_a_day_alone_means_its_opening_hours(municipality: Municipality) -> None:
    arrival = check(replace(ENTRY, day="2026-11-24"), "da", municipality, MONDAY).arrival
    assert arrival is not None
    assert arrival.callback is not None
    calendar = municipality.departments[municipality.default_department].hours
    opens = municipality.hours.intervals(calendar, date(2026, 11, 24))
    assert arrival.callback.not_before == opens[0][0]
    assert arrival.callback.until == opens[-1][1]


def test_today_starts_now(municipality: Municipality) -> None:
    arrival = check(replace(ENTRY, day="2026-11-23"), "da", municipality, MONDAY).arrival
    assert arrival is not None
    assert arrival.callback is not None
    assert arrival.callback.not_before is None
    assert arrival.callback.until is not None
    assert arrival.callback.until > MONDAY


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": " \n\t "}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"subject": "x" * 301}, "subject"),
        ({"name": "x" * 201}, "name"),
        ({"group": "konge"}, "group"),
        ({"email": "ane"}, "email"),
        ({"phone": ""}, "phone"),
        ({"phone": "12345"}, "phone"),
        ({"department": "findes-ikke"}, "department"),
        ({"day": "i morgen"}, "day"),
        ({"day": "2026-11-20"}, "day"),
        ({"day": "2027-11-20"}, "day"),
        ({"day": "9999-12-31"}, "day"),
        ({"day": "2026-11-28"}, "day"),
        ({"day": "2026-12-25"}, "day"),
        ({"start": "10:00"}, "day"),
        ({"day": "2026-11-24", "start": "25:00"}, "start"),
        ({"day": "2026-11-24", "end": "kl. 12"}, "end"),
        ({"day": "2026-11-24", "start": "14:00", "end": "13:00"}, "end"),
        ({"day": "2026-11-24", "start": "03:00", "end": "04:00"}, "start"),
        ({"day": "2026-11-23", "end": "09:00"}, "end"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(
    change: dict[str, str], field: str, municipality: Municipality
) -> None:
    assert list(errors(replace(ENTRY, **change), municipality)) == [field]  # type: ignore[arg-type]


def test_all_errors_are_said_at_once_in_the_order_of_the_page(municipality: Municipality) -> None:
    entry = Entry(email="ane", call_me=True, department="findes-ikke")
    assert list(errors(entry, municipality)) == ["text", "email", "phone", "department"]


def test_the_same_sheet_is_the_same_key_and_another_word_is_not() -> None:
    assert ENTRY.key() == replace(ENTRY).key()
    assert replace(ENTRY, text="noget andet").key() != ENTRY.key()
    assert Entry.of({"form_id": "x' OR 1=1", "text": "a"}).form_id != "x' OR 1=1"


def test_the_days_offered_are_open_days(municipality: Municipality) -> None:
    days = days_to_choose(municipality, MONDAY)
    assert days[0] == MONDAY.date()
    assert len(days) == 10
    assert all(day.weekday() < 5 for day in days)
    late = MONDAY.replace(hour=23)
    assert days_to_choose(municipality, late)[0] == date(2026, 11, 24)
    for day in days:
        entry = replace(ENTRY, day=day.isoformat())
        assert errors(entry, municipality) == {}


def test_the_times_offered_cover_the_opening_hours(municipality: Municipality) -> None:
    times = times_to_choose(municipality, MONDAY)
    assert times == sorted(times)
    assert all(time.endswith(":00") for time in times)
    assert len(times) >= 5


_WORDS = st.text(max_size=60)


@given(
    values=st.dictionaries(
        st.sampled_from(
            ["form_id", "text", "subject", "group", "name", "email", "phone", "call_me", "day",
             "start", "end", "department"]
        ),
        _WORDS | st.sampled_from(["20304050", "2026-11-24", "12:00", "borger", "yes", "byg"]),
    )
)  # fmt: skip
def test_nothing_written_breaks_the_form(
    values: dict[str, str], municipality: Municipality
) -> None:
    errors(Entry.of(values), municipality)
