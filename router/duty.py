"""Who is at work and who has how much: the snapshot that the rules are handed.

What the configuration says of this moment, with what the ledger counts; each only
when a rule asks for it. The counting is done at most every few seconds; in between a
process adds what it has given out itself. Several processes may therefore give a
caseworker one too many, never lose one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from router.ledger import QUERIES_FOLDER, load_queries
from router.rules import Staffing

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Connection

Q: Final = load_queries(QUERIES_FOLDER / "duty.sql")

_COUNTED_FOR: Final = timedelta(seconds=5)


class Duty:
    """Answers the snapshot of a moment."""

    def __init__(self, municipality: Callable[[], Municipality]) -> None:
        self._municipality = municipality
        self._counted_at: datetime | None = None
        self._load: Counter[str] = Counter()
        self._department_load: Counter[str] = Counter()
        self._last_given: dict[str, float] = {}

    async def staffing(self, connection: Connection, now: datetime) -> Staffing:
        """Who is there at `now`, as far as the rules ask."""
        municipality = self._municipality()
        if not municipality.rules.asks_who_is_there:
            return Staffing.unknown()
        if municipality.rules.asks_load and not self._is_counted(now):
            await self._count(connection)
            self._counted_at = now
        return Staffing.at(
            municipality.departments,
            municipality.caseworkers,
            municipality.hours,
            now,
            load=self._load,
            department_load=self._department_load,
            last_given=self._last_given,
        )

    def given(self, department: str, caseworker: str | None, now: datetime) -> None:
        """A contact was just given to them; the next one knows."""
        if caseworker is None:
            self._department_load[department] += 1
        else:
            self._load[caseworker] += 1
            self._last_given[caseworker] = now.timestamp()

    def _is_counted(self, now: datetime) -> bool:
        """Whether it was counted just now."""
        return (
            self._counted_at is not None and timedelta(0) <= now - self._counted_at < _COUNTED_FOR
        )

    async def _count(self, connection: Connection) -> None:
        """Count anew; put in place whole, since several batches may count at once."""
        load: Counter[str] = Counter()
        department_load: Counter[str] = Counter()
        for row in await connection.fetch(Q["loads"]):
            if row["caseworker"] is None:
                department_load[row["department"]] = row["contacts"]
            else:
                load[row["caseworker"]] += row["contacts"]
        for row in await connection.fetch(Q["offered"]):
            load[row["caseworker"]] += row["contacts"]
        last_given = {
            row["caseworker"]: row["at"].timestamp()
            for row in await connection.fetch(Q["last_given"])
        }
        self._load, self._department_load, self._last_given = load, department_load, last_given
