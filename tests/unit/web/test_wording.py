"""The words that every channel says."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from channels.wording import (
    grouped_reference,
    promise_sentence,
    say_phone,
    say_time,
    say_window,
)
from router.model import PromiseGiven, PromiseKind

ZONE = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
DUE = datetime(2026, 11, 24, 15, 0, tzinfo=ZONE).astimezone(UTC)
START = datetime(2026, 11, 24, 13, 0, tzinfo=ZONE).astimezone(UTC)


def callback(not_before: datetime | None = None, due: datetime = DUE) -> PromiseGiven:
    return PromiseGiven(PromiseKind.CALLBACK, not_before, due, "+4520304050")


@pytest.mark.parametrize(
    ("promise", "language", "sentence"),
    [
        (
            callback(),
            "da",
            "Byggesager ringer til dig på 20 30 40 50 senest tirsdag den 24. november kl. 15.00.",
        ),
        (
            callback(START),
            "da",
            "Byggesager ringer til dig på 20 30 40 50 "
            "tirsdag den 24. november mellem kl. 13.00 og 15.00.",
        ),
        (
            PromiseGiven(PromiseKind.ANSWER, None, DUE),
            "da",
            "Byggesager svarer dig senest tirsdag den 24. november kl. 15.00.",
        ),
        (
            callback(),
            "en",
            "Byggesager will call you on 20 30 40 50 no later than Tuesday 24 November at 15:00.",
        ),
        (
            callback(START),
            "de",
            "Byggesager will call you on 20 30 40 50 Tuesday 24 November between 13:00 and 15:00.",
        ),
    ],
)
def test_a_promise_in_one_sentence(promise: PromiseGiven, language: str, sentence: str) -> None:
    assert promise_sentence(promise, "Byggesager", language, NOW, ZONE) == sentence


def test_a_window_over_two_days_names_both() -> None:
    end = datetime(2026, 11, 25, 9, 30, tzinfo=ZONE)
    assert say_window(START, end, "da", NOW, ZONE) == (
        "mellem tirsdag den 24. november kl. 13.00 og onsdag den 25. november kl. 9.30"
    )


def test_a_window_is_on_one_day_by_local_time_not_utc() -> None:
    start = datetime(2026, 7, 1, 23, 30, tzinfo=ZONE).astimezone(UTC)
    end = datetime(2026, 7, 2, 0, 30, tzinfo=ZONE).astimezone(UTC)
    assert start.date() == end.date()
    assert "onsdag den 1. juli" in say_window(start, end, "da", NOW, ZONE)
    assert "torsdag den 2. juli" in say_window(start, end, "da", NOW, ZONE)


def test_the_year_is_said_when_it_is_not_clear() -> None:
    far = datetime(2027, 11, 24, 15, 0, tzinfo=ZONE)
    assert say_time(far, "da", ZONE, NOW) == "onsdag den 24. november 2027 kl. 15.00"
    near = datetime(2027, 1, 4, 9, 0, tzinfo=ZONE)
    assert say_time(near, "da", ZONE, NOW) == "mandag den 4. januar kl. 9.00"


def test_the_hour_that_comes_twice_is_said_in_local_time() -> None:
    # 25 October 2026: 02:30 comes twice.
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )  # fmt: skip
    assert say_time(first, "da", ZONE) == say_time(second, "da", ZONE)
    assert say_time(first, "da", ZONE).endswith("kl. 2.30")


def test_spoken_hours_are_one_number() -> None:
    assert say_time(DUE, "da", ZONE, spoken=True) == "tirsdag den 24. november klokken 15"
    half = datetime(2026, 11, 24, 15, 30, tzinfo=ZONE)
    assert say_time(half, "da", ZONE, spoken=True).endswith("klokken 15.30")


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("+4520304050", "20 30 40 50"),
        ("+46701234567", "+46 70 123 45 67"),
        ("+", "+"),
        ("", ""),
    ],
)
def test_phone_numbers_as_people_read_them(phone: str, said: str) -> None:
    assert say_phone(phone) == said


def test_references_in_threes() -> None:
    assert grouped_reference("482031957") == "482 031 957"
