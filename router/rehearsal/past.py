"""Contacts of the past as the rules were asked about them, read from the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.ledger import QUERIES_FOLDER, load_queries
from router.model import Channel, Group
from router.rules.facts import Facts, History

if TYPE_CHECKING:
    from router.ledger import Ledger, Record
    from router.rehearsal.span import Span

Q: Final = load_queries(QUERIES_FOLDER / "rehearsal.sql")

_AT_A_TIME: Final = 200
"""Rows that are in memory at a time."""
_PATIENCE: Final = 600.0
"""Seconds that PostgreSQL may take to find the first rows of a long span."""
_OF_TEXT: Final = frozenset({"subject", "text", "name", "email", "phone"})
"""Facts that are the citizen's own: never in the explanation, always in the contact."""


@dataclass(frozen=True, slots=True)
class Past:
    """A contact as it stood when the rules decided it last."""

    id: int
    reference: str
    at: datetime
    facts: Facts
    table_version: str
    rule: str
    department: str
    caseworker: str | None
    taken_by: str | None
    """The department of the caseworker who took it, as far as somebody has."""
    outcome: str | None
    flags: frozenset[str]
    """Of the contact as it is now: those of all its decisions, and those the channel gave."""
    sender: int
    """The same number for the same sender, as far as we can know."""
    explanation: Mapping[str, Any]


async def count(ledger: Ledger, span: Span) -> int:
    """How many contacts `read_past` is going to answer, at most."""
    found: int = await ledger.fetchval(Q["how_many"], span.since, span.until, span.department)
    return found if span.limit is None else min(found, span.limit)


async def read_past(
    ledger: Ledger, span: Span, only: Sequence[int] | None = None
) -> AsyncIterator[Past]:
    """The contacts of `span`, newest first, a few at a time from a cursor of the server's.

    All of one moment: what arrives meanwhile is not seen. `only`: none but these.
    """
    async with (
        ledger.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        rows = connection.cursor(
            Q["decided"],
            span.since,
            span.until,
            span.department,
            span.limit,
            only,
            prefetch=_AT_A_TIME,
            timeout=_PATIENCE,
        )
        async for row in rows:
            yield _past(row)


def _past(row: Record) -> Past:
    return Past(
        id=row["id"],
        reference=row["reference"],
        at=row["at"],
        facts=_facts(row),
        table_version=row["table_version"],
        rule=row["rule_id"],
        department=row["department"],
        caseworker=row["caseworker"],
        taken_by=row["taken_by"],
        outcome=row["outcome"],
        flags=frozenset(row["flags"]),
        sender=row["party_id"] or row["id"],
        explanation=row["explanation"],
    )


def _facts(row: Record) -> Facts:
    """What the rules knew: the facts kept with the decision, the words from the timeline.

    A decision that is older than the facts' being kept is asked about with what
    the contact itself says.
    """
    stored = row["explanation"].get("facts") or {}
    known = {field.name for field in fields(Facts)} - _OF_TEXT
    values = {name: value for name, value in stored.items() if name in known}
    values.setdefault("channel", row["channel"])
    values.setdefault("language", row["language"])
    values["channel"] = Channel(values["channel"])
    if values.get("group"):
        values["group"] = Group(values["group"])
    history = values.get("history")
    if history is not None:
        values["history"] = History(**history)
    own = {"subject": row["subject"], "text": row["text"], "name": row["name"]}
    own |= {"email": row["email"], "phone": row["phone"]}
    values |= {name: text for name, text in own.items() if name in _FACTS}
    return Facts(**values)


_FACTS: Final = frozenset(field.name for field in fields(Facts))
