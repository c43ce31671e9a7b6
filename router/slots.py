"""Free times (ledige tider) from the ledger, and taking one so that nobody else gets it.

What a department can do and what it has promised meet in `router.capacity`. Who
takes a time holds the department's lock until their transaction has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from router.capacity import USUAL, Outlook, Promised, Slot, slots_on
from router.ledger import QUERIES_FOLDER, load_queries
from router.promise_terms import FARTHEST_WINDOW, Terms

if TYPE_CHECKING:
    from router.clock import Clock
    from router.config import Municipality
    from router.ledger import Connection, Ledger, Record
    from router.model import CallbackWish

Q: Final = load_queries(QUERIES_FOLDER / "slots.sql")

MEASURED_OVER: Final = timedelta(days=28)
ENOUGH_TALKS: Final = 30
"""Fewer say nothing about the next one: the configured time is used."""
_KNOWN_FOR: Final = timedelta(minutes=10)
"""How long a measurement is used before it is made again."""
_SHORTEST_TALK: Final = timedelta(minutes=1)
_AHEAD: Final = FARTHEST_WINDOW + timedelta(days=10)


@dataclass(slots=True)
class Book:
    """The times of one department, while its lock is held (or just to look at)."""

    department: str
    outlook: Outlook
    now: datetime

    def take(self, wish: CallbackWish, latest: datetime) -> Terms | None:
        """A time for `wish`: as wished if that can be kept, else the next free one by `latest`.

        None when there is none; then a call cannot be promised. What was taken is
        taken for the next wish as well.
        """
        terms = self.as_wished(wish) or self._next(wish, latest)
        if terms is not None:
            self.outlook.add(Promised(terms.not_before, terms.due_at))
        return terms

    def as_wished(self, wish: CallbackWish) -> Terms | None:
        """Exactly what was wished, if it can be kept. A wish without an end has no exact form."""
        start = wish.not_before
        if start is not None and start <= self.now:
            start = None
        if wish.until is None or not self.outlook.fits(start, wish.until):
            return None
        return Terms(start, wish.until)

    def _next(self, wish: CallbackWish, latest: datetime) -> Terms | None:
        slot = self.outlook.next_free(max(wish.not_before or self.now, self.now), latest)
        return Terms(slot.start, slot.end) if slot is not None else None


class Slots:
    """Looks up free times, and opens the book of a department to take one."""

    def __init__(
        self, ledger: Ledger, municipality: Callable[[], Municipality], clock: Clock
    ) -> None:
        self._ledger = ledger
        self._municipality = municipality
        self._clock = clock
        self._measured: dict[str, tuple[datetime, timedelta | None]] = {}

    async def free_slots(self, department: str, start: datetime, end: datetime) -> list[Slot]:
        """The times between two moments in which `department` can still promise to call.

        They may be gone when somebody wants one: it is promised when it is taken.
        """
        now = self._clock.now()
        async with self._ledger.connection() as connection:
            book = await self._book(connection, department, now, None)
        return [slot for slot in book.outlook.free() if start <= slot.start and slot.end <= end]

    async def books(
        self, connection: Connection, departments: Iterable[str], now: datetime
    ) -> dict[str, Book]:
        """The books of several departments, in one order so that nobody waits crosswise."""
        return {
            department: await self.book(connection, department, now)
            for department in sorted(set(departments))
        }

    async def book(
        self, connection: Connection, department: str, now: datetime, moving: int | None = None
    ) -> Book:
        """The book of `department`, whose lock is held until the transaction ends.

        `moving` is a promise that is about to get another time: its own is free.
        """
        # A statement of its own: the next one sees what the last holder committed.
        await connection.execute(Q["lock_department"], department)
        return await self._book(connection, department, now, moving)

    async def _book(
        self, connection: Connection, department: str, now: datetime, moving: int | None
    ) -> Book:
        municipality = self._municipality()
        roster = municipality.rosters.get(department, USUAL)
        known = municipality.departments.get(department)
        if known is None:
            known = municipality.departments[municipality.default_department]
        handling = await self._handling(connection, department, now) or roster.handling
        rows = await connection.fetch(Q["promised_calls"], department, moving)
        hours = municipality.hours
        day = now.astimezone(hours.zone).date()
        last = (now + _AHEAD).astimezone(hours.zone).date()
        slots: list[tuple[Slot, int]] = []
        while day <= last:
            slots.extend(slots_on(roster, hours, known.hours, day, handling))
            day += timedelta(days=1)
        return Book(department, Outlook(slots, map(_promised, rows), now), now)

    async def _handling(
        self, connection: Connection, department: str, now: datetime
    ) -> timedelta | None:
        """The mean of the department's measured talks, or None when they are too few."""
        at, handling = self._measured.get(department, (None, None))
        if at is not None and abs(now - at) < _KNOWN_FOR:
            return handling
        row = await connection.fetchrow(Q["talks"], department, now - MEASURED_OVER)
        handling = None
        if row is not None and row["talks"] >= ENOUGH_TALKS:
            handling = max(_SHORTEST_TALK, timedelta(seconds=round(row["seconds"])))
        self._measured[department] = (now, handling)
        return handling


def _promised(row: Record) -> Promised:
    return Promised(row["not_before"], row["due_at"], row["number"])
