"""Indicators: what may be asked, and how the numbers are put together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from router.errors import SenderError
from router.fairness import Says
from router.indicators import (
    CONTACT_MEASURES,
    DIMENSIONS,
    Counts,
    Row,
    Table,
    Wait,
    count_contacts,
    count_promises,
    hide,
    read_dimensions,
    read_period,
)

ZONE = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_days_are_local_and_both_are_counted() -> None:
    period = read_period("2026-10-24", "2026-10-25", ZONE, NOW)
    assert period.start == datetime(2026, 10, 23, 22, 0, tzinfo=UTC)
    # The clocks went back that night: the day had 25 hours.
    assert period.end == datetime(2026, 10, 25, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("", "2026-11-01", "from must be a date like 2026-11-30"),
        ("1. november", "2026-11-01", "from must be a date"),
        ("2026-11-01", "2026-11-31", "until must be a date"),
        ("20261101", "2026-11-02", "from must be a date"),
        ("2026-11-01T00:00", "2026-11-02", "from must be a date"),
        ("2026-W45-1", "2026-11-02", "from must be a date"),
        ("0001-01-01", "2026-11-02", "between 2000-01-01"),
        ("2026-11-01", "9999-12-31", "between 2000-01-01"),
        ("2026-11-03", "2026-11-02", "lies before"),
        ("2026-11-24", "2026-11-30", "in the future"),
    ],
)
def test_days_that_cannot_be(first: str, last: str, told: str) -> None:
    with pytest.raises(SenderError, match=told):
        read_period(first, last, ZONE, NOW)


def test_dimensions() -> None:
    assert read_dimensions("") == DIMENSIONS
    assert read_dimensions("language, kind") == ("kind", "language")
    with pytest.raises(SenderError, match="there is no colour; there are kind, department"):
        read_dimensions("kind,colour")


def promise(became: str, promises: int, tried: bool = False, **given: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": "answer", "department": "affald", "group": "borger", "language": "da",
        "channel": "web", "became": became, "tried": tried, "promises": promises, "few": None,
    }  # fmt: skip
    return row | given


def contact(contacts: int, **given: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(CONTACT_MEASURES, 0)
    row |= {"department": "affald", "group": "borger", "language": "da", "channel": "web",
            "contacts": contacts, "met": contacts, "first_time": contacts,
            "shorter": contacts}  # fmt: skip
    return row | given


def rows_of(
    promises: list[dict[str, Any]],
    contacts: list[dict[str, Any]] | None = None,
    waits: dict[tuple[str, str], Wait] | None = None,
) -> dict[tuple[str, str], Row]:
    counts: Counts = {}
    count_promises(promises, counts)
    count_contacts(contacts or [], counts)
    table = Table(counts, hide(counts), waits or {})
    return {(row.by, row.value): row for row in table.rows(DIMENSIONS)}


def test_numbers_add_up() -> None:
    total = rows_of(
        [
            promise("kept_in_time", 70),
            promise("kept_late", 10, tried=True),
            promise("open_late", 6),
            promise("unreachable", 5, tried=True),
            promise("withdrawn_late", 9),
            promise("withdrawn", 20),
        ]
    )["", ""].numbers
    assert total["promises"] == 120
    assert total["to_keep"] == 100
    assert total["not_in_time"] == 30
    assert (total["tried"], total["not_tried"]) == (15, 15)
    assert total["kept_in_time_rate"] == 0.7


def test_one_contact_in_two_cells_is_one_contact() -> None:
    cells = [
        promise("kept_in_time", 3, few=[1, 2, 3], kind="answer"),
        promise("kept_in_time", 3, few=[1, 2, 3], kind="callback"),
        promise("kept_in_time", 90),
    ]
    found = rows_of([*cells, promise("kept_in_time", 40, language="en")])
    assert found["kind", "callback"].marks["promises"] == "<5"
    # Six promises in English, of three contacts: hidden all the same.
    english = rows_of([cell | {"language": "en"} for cell in cells[:2]] + [cells[2]])
    assert english["language", "en"].marks["promises"] == ".."
    assert english["language", "en"].numbers["promises"] is None


def test_a_small_group_and_another_are_hidden_in_every_column() -> None:
    found = rows_of(
        [
            promise("kept_in_time", 80),
            promise("kept_in_time", 3, few=[1, 2, 3], language="uk"),
            promise("kept_in_time", 30, language="en"),
        ]
    )
    assert found["language", "uk"].numbers["kept_in_time"] is None
    assert found["language", "en"].numbers["kept_in_time"] is None
    assert found["language", "da"].numbers["kept_in_time"] == 80
    assert found["", ""].numbers["kept_in_time"] == 113


def test_a_share_that_is_hidden_is_given_as_well_as_the_rest_tells() -> None:
    total = rows_of([promise("kept_in_time", 98), promise("kept_late", 2, few=[1, 2])])["", ""]
    assert total.marks["not_in_time"] == "<5"
    assert total.numbers["kept_in_time"] is None or total.numbers["to_keep"] is None
    assert total.numbers["kept_in_time_rate"] is None
    low, high = total.ranges["kept_in_time_rate"]
    assert low <= 0.98 <= high
    assert high - low <= 0.1


def test_waiting_is_not_said_of_few_and_not_made_up_while_most_wait() -> None:
    found = rows_of(
        [],
        [contact(20), contact(20, language="en"), contact(20, language="uk")],
        {
            ("", ""): Wait(60, 5400.0, 86_400.0),
            ("language", "da"): Wait(20, float("inf"), float("inf")),
            ("language", "en"): Wait(4, 60.0, 60.0),
            ("language", "uk"): Wait(9, 60.0, 60.0),
        },
    )
    assert found["", ""].numbers["median_minutes"] == 90
    assert found["", ""].numbers["p90_minutes"] == 1440
    assert found["language", "da"].marks["median_minutes"] == "waiting"
    assert found["language", "en"].marks["median_minutes"] == ".."
    assert found["language", "uk"].numbers["median_minutes"] == 1
    assert found["language", "uk"].marks["p90_minutes"] == ".."


def test_groups_are_compared_with_the_largest() -> None:
    found = rows_of(
        [
            promise("kept_in_time", 900),
            promise("kept_late", 100),
            promise("kept_in_time", 60, group="erhverv"),
            promise("kept_late", 40, group="erhverv"),
            promise("kept_in_time", 9, group="forening"),
            promise("kept_late", 7, group="forening"),
        ]
    )
    assert found["group", "borger"].kept is None
    company, association = found["group", "erhverv"].kept, found["group", "forening"].kept
    assert company is not None
    assert company.other == "borger"
    assert company.says is Says.LOWER
    assert company.numbers is not None
    assert company.numbers.difference == pytest.approx(-0.3)
    assert company.numbers.low < -0.3 < company.numbers.high < 0
    assert association is not None
    assert association.says is Says.TOO_FEW


def test_a_comparison_with_hidden_numbers_says_only_its_word() -> None:
    found = rows_of(
        [
            promise("kept_in_time", 900),
            promise("kept_late", 100),
            promise("kept_in_time", 98, group="erhverv"),
            promise("kept_late", 2, few=[1, 2], group="erhverv"),
        ]
    )
    company = found["group", "erhverv"].kept
    assert company is not None
    assert company.says is Says.HIGHER
    assert company.numbers is None
