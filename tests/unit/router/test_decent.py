"""No text message wakes anybody up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decent import decent, leaves_at

ZONE = ZoneInfo("Europe/Copenhagen")


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00"),
        ("2026-11-23T08:00", "2026-11-23T08:00"),
        ("2026-11-23T19:59", "2026-11-23T19:59"),
        ("2026-11-23T07:59", "2026-11-23T08:00"),
        ("2026-11-23T20:00", "2026-11-24T08:00"),
        ("2026-12-31T23:30", "2027-01-01T08:00"),
        # The nights when the clocks change.
        ("2027-03-27T22:00", "2027-03-28T08:00"),
        ("2027-10-31T02:30", "2027-10-31T08:00"),
    ],
)
def test_between_eight_and_twenty(at: str, leaves: str) -> None:
    assert decent(wall(at), ZONE) == wall(leaves)
    assert leaves_at("sms.tell", {}, wall(at), ZONE) == wall(leaves)
    assert leaves_at("mail.tell", {}, wall(at), ZONE) == wall(at)


@pytest.mark.parametrize(("minutes", "at_once"), [(0, True), (15, True), (16, False), (600, False)])
def test_what_answers_a_call_leaves_at_once(minutes: int, at_once: bool) -> None:
    night = wall("2026-11-23T23:30")
    asked = night - timedelta(minutes=minutes)
    for payload in ({"asked_at": asked}, {"asked_at": asked.isoformat()}):
        assert (leaves_at("sms.tell", payload, night, ZONE) == night) == at_once


@given(
    at=st.integers(0, 4 * 366 * 24 * 60).map(lambda n: wall("2026-01-01") + timedelta(minutes=n))
)
def test_never_at_night_never_early_and_no_later_than_needed(at: datetime) -> None:
    leaves = decent(at.astimezone(UTC), ZONE)
    assert 8 <= leaves.astimezone(ZONE).hour < 20
    assert timedelta(0) <= leaves - at.astimezone(UTC) <= timedelta(hours=13)
