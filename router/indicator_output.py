"""A report of indicators as JSON and as CSV: what `indgang indicators` and the staff API say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from math import ceil, floor
from typing import IO, TYPE_CHECKING, Any, Final

from router.indicators import CONTACT_MEASURES, PROMISE_MEASURES

if TYPE_CHECKING:
    from router.fairness import Comparison
    from router.indicator_reading import Report
    from router.indicators import Beside, Row

_PROMISES: Final = (*PROMISE_MEASURES, "kept_in_time_rate")
_CONTACTS: Final = (*CONTACT_MEASURES, "repeat_rate", "median_minutes", "p90_minutes")
_COMPARED: Final = ("compared_with", "says", "rate", "other_rate", "difference", "low", "high")

COLUMNS: Final = (
    "by",
    "value",
    *_PROMISES,
    *_CONTACTS,
    *(f"fair_kept_{name}" for name in _COMPARED),
    *(f"fair_longer_{name}" for name in _COMPARED),
)


def head(report: Report) -> dict[str, Any]:
    """What the numbers are of."""
    return {
        "from": report.period.first,
        "until": report.period.last,
        "as_of": report.as_of,
        "department": report.department,
    }


def as_data(row: Row) -> dict[str, Any]:
    """A row as JSON holds it."""
    return {
        "by": row.by or "total",
        "value": row.value,
        "promises": _some(row, _PROMISES),
        "contacts": _some(row, _CONTACTS),
        "ranges": {name: _outward(*found) for name, found in row.ranges.items()},
        "hidden": dict(row.marks),
        "fairness": {
            name: _comparison(beside)
            for name, beside in (("kept_in_time", row.kept), ("waited_longer", row.waited))
            if beside is not None
        },
    }


def write_csv(report: Report, to: IO[str]) -> None:
    """One line a group, written as it is made. An empty number has its mark instead."""
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in report.rows():
        writer.writerow(list(_cells(row)))


def _cells(row: Row) -> Iterator[object]:
    yield row.by or "total"
    yield row.value
    for name in (*_PROMISES, *_CONTACTS):
        number = row.numbers.get(name)
        if number is not None:
            yield number
        elif name in row.ranges:
            low, high = _outward(*row.ranges[name])
            yield f"{low}-{high}"
        else:
            yield row.marks.get(name, "")
    for beside in (row.kept, row.waited):
        found = _comparison(beside) if beside is not None else {}
        for name in _COMPARED:
            yield found.get(name, "")


def _some(row: Row, names: tuple[str, ...]) -> dict[str, float | None]:
    return {name: row.numbers[name] for name in names if name in row.numbers}


def _comparison(beside: Beside) -> dict[str, Any]:
    told: dict[str, Any] = {"compared_with": beside.other, "says": beside.says}
    return told if beside.numbers is None else told | _numbers(beside.numbers)


def _numbers(found: Comparison) -> dict[str, Any]:
    return {
        "count": found.share.count,
        "of": found.share.of,
        "rate": round(found.share.rate, 4),
        "other_count": found.other.count,
        "other_of": found.other.of,
        "other_rate": round(found.other.rate, 4),
        "difference": round(found.difference, 4),
        "low": round(found.low, 4),
        "high": round(found.high, 4),
    }


def _outward(low: float, high: float) -> tuple[float, float]:
    """Rounded so that the truth still lies between."""
    return floor(low * 1000) / 1000, ceil(high * 1000) / 1000
