"""Indicators read from the ledger: two queries, whose rows are few however large it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from router.errors import SenderError
from router.indicators import (
    DIMENSIONS,
    Counts,
    Key,
    Period,
    Row,
    Table,
    Wait,
    count_contacts,
    count_promises,
    hide,
)
from router.ledger import QUERIES_FOLDER, load_queries
from router.suppression import FEWEST

if TYPE_CHECKING:
    from router.ledger import Ledger, Record

Q: Final = load_queries(QUERIES_FOLDER / "indicators.sql")

_SECONDS: Final = 300
"""Longer than any ledger that we know of needs."""


@dataclass(frozen=True, slots=True)
class Report:
    """Indicators of some days."""

    period: Period
    as_of: datetime
    department: str | None
    dimensions: tuple[str, ...]
    table: Table

    def rows(self) -> Iterator[Row]:
        """The total first, then each group."""
        return self.table.rows(self.dimensions)


async def read_report(
    ledger: Ledger,
    period: Period,
    now: datetime,
    dimensions: Sequence[str] = DIMENSIONS,
    department: str | None = None,
) -> Report:
    """The indicators of `period` as they stand at `now`.

    What is hidden is decided over all dimensions and over the whole house first, so
    that one report does not tell what another hides. Raises SenderError for a
    department that there never was.
    """
    async with ledger.transaction() as connection:
        known = {row["id"] for row in await connection.fetch(Q["departments"])}
        if department is not None and department not in known:
            raise SenderError(
                "bad_filter",
                f"There is no department {department[:60]}; there are {', '.join(sorted(known))}.",
            )
        await connection.execute(Q["room_to_sort"])
        promises = await connection.fetch(
            Q["promises"], period.start, min(period.end, now), FEWEST, timeout=_SECONDS
        )
        contacts = await connection.fetch(
            Q["contacts"], period.start, period.end, now, department, timeout=_SECONDS
        )
    whole = [row for row in contacts if row["whole"]]
    counts = _counts(promises, whole)
    hidden = hide(counts)
    if department is not None:
        hidden_of_it = [
            Key("", "", key.measure)
            for key in counts
            if (key.by, key.value) == ("department", department) and hidden.mark(key) is not None
        ]
        counts = _counts(
            (row for row in promises if row["department"] == department),
            (row for row in whole if row["department"] == department),
        )
        hidden = hide(counts, hidden_of_it)
        dimensions = [by for by in dimensions if by != "department"]
    waits = dict(_wait(row) for row in contacts if not row["whole"])
    return Report(period, now, department, tuple(dimensions), Table(counts, hidden, waits))


def _counts(promises: Iterable[Record], contacts: Iterable[Record]) -> Counts:
    counts: Counts = {}
    count_promises(promises, counts)
    count_contacts(contacts, counts)
    return counts


def _wait(row: Record) -> tuple[tuple[str, str], Wait]:
    place = next(((by, row[by]) for by in DIMENSIONS[1:] if row[by] is not None), ("", ""))
    median, p90 = row["seconds"] or (0.0, 0.0)
    return place, Wait(row["contacts"], median, p90)
