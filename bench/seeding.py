"""A ledger that has been at work for a while: contacts and promises in bulk, by COPY.

The triggers and foreign keys rest while it is filled (they would cost minutes and
prove nothing about the rows that this file writes); the audit proves them after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

_AT_ONCE: Final = 50_000
_DEPARTMENTS: Final = ("affald", "borgerservice", "byg", "vej", "ydelse")

_CONTACT: Final = (
    "id reference channel phone email sender_group language subject department next_due_at "
    "rule_id created_at updated_at"
).split()
_ARRIVAL: Final = "channel dedupe_key contact_id opening received_at".split()
_EVENT: Final = "contact_id at kind actor body".split()
_PROMISE: Final = (
    "contact_id kind state department phone due_at fire_at made_at policy level alarmed_at"
).split()


@dataclass(frozen=True, slots=True)
class Promised:
    """One open promise, and when the clock must look at it."""

    made_at: datetime
    due_at: datetime
    fire_at: datetime
    level: int = 0
    alarmed_at: datetime | None = None


def later(count: int, now: datetime) -> Iterator[Promised]:
    """Promises of the last days that are due in the days to come; nobody looks at them today."""
    for number in range(count):
        made = now - timedelta(minutes=number % 14_000)
        due = now + timedelta(days=2, seconds=number * 37 % 2_000_000)
        yield Promised(made, due, due - timedelta(hours=20))


async def fill(
    connection: asyncpg.Connection[asyncpg.Record], first: int, promises: Iterator[Promised]
) -> int:
    """A contact with its arrival, its event and one open promise for each; answers how many.

    Contact numbers count from `first`. Every other one is a callback to a number of its own.
    """
    await connection.execute("SET session_replication_role = replica")
    number = first
    rows: list[Promised] = []
    for promise in promises:
        rows.append(promise)
        if len(rows) == _AT_ONCE:
            await _copy(connection, number, rows)
            number += len(rows)
            rows = []
    await _copy(connection, number, rows)
    number += len(rows)
    await connection.execute("SET session_replication_role = origin")
    await connection.execute(
        "SELECT setval('contact_number', greatest($1, (SELECT last_value FROM contact_number)))",
        number,
    )
    return number - first


async def _copy(
    connection: asyncpg.Connection[asyncpg.Record], first: int, rows: Sequence[Promised]
) -> None:
    contacts, arrivals, events, promises = [], [], [], []
    for number, row in enumerate(rows, first):
        department = _DEPARTMENTS[number % len(_DEPARTMENTS)]
        callback = number % 2 == 0
        phone = f"+4530{number:08}" if callback else ""
        mail = f"seed{number}@example.dk"
        contacts.append(
            (number, str(100_000_000 + number), "web", phone, mail, "borger", "da", "Affald",
             department, row.due_at, "seed", row.made_at, row.made_at)
        )  # fmt: skip
        arrivals.append(("web", f"seed-{number}", number, True, row.made_at))
        events.append((number, row.made_at, "received", "citizen", "Skraldespanden er ikke tømt."))
        promises.append(
            (number, "callback" if callback else "answer", "waiting", department, phone,
             row.due_at, row.fire_at, row.made_at, "callback" if callback else "answer",
             row.level, row.alarmed_at)
        )  # fmt: skip
    tables: tuple[tuple[str, Sequence[str], list[tuple[Any, ...]]], ...] = (
        ("contacts", _CONTACT, contacts),
        ("arrivals", _ARRIVAL, arrivals),
        ("timeline", _EVENT, events),
        ("promises", _PROMISE, promises),
    )
    for table, columns, records in tables:
        await connection.copy_records_to_table(table, records=records, columns=columns)


def now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)
