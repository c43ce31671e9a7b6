"""When an offer comes back, and to whom something can be offered."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.config import Municipality
from router.errors import SenderError
from router.offering import must_belong, must_work_here, offer_until

ZONE = ZoneInfo("Europe/Copenhagen")
FRIDAY_NOON = datetime(2026, 11, 27, 12, 0, tzinfo=ZONE)


def test_an_offer_ends_in_working_time(municipality: Municipality) -> None:
    hours = municipality.hours
    calendar = municipality.departments["byg"].hours
    usual = offer_until("byg", municipality, FRIDAY_NOON)
    assert usual == municipality.policies.offer.after(hours, calendar, FRIDAY_NOON)
    assert offer_until("byg", municipality, FRIDAY_NOON, timedelta(minutes=30)) == datetime(
        2026, 11, 27, 12, 30, tzinfo=ZONE
    )
    over_the_weekend = offer_until("byg", municipality, FRIDAY_NOON, timedelta(hours=8))
    assert over_the_weekend > datetime(2026, 11, 30, 8, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("department", "caseworker", "code"),
    [
        ("nowhere", None, "no_such_department"),
        ("byg", "nobody", "no_such_caseworker"),
        ("byg", "lone-hvideklit", "no_such_caseworker"),
    ],
)
def test_nobody_is_asked_who_is_not_there(
    municipality: Municipality, department: str, caseworker: str | None, code: str
) -> None:
    with pytest.raises(SenderError) as refusal:
        must_belong(municipality, department, caseworker)
    assert refusal.value.code == code


def test_who_works_here(municipality: Municipality) -> None:
    must_belong(municipality, "borgerservice", "lone-hvideklit")
    must_belong(municipality, "byg", None)
    must_work_here(municipality, None)
    with pytest.raises(SenderError):
        must_work_here(municipality, "nobody")
