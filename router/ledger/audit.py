"""Proves the invariants of the house from the rows themselves.

The constraints and triggers already refuse what is wrong; the audit would notice
if one of them were ever dropped, disabled or evaded. Each query answers the
contacts that break its invariant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from router.ledger import QUERIES_FOLDER, load_queries

if TYPE_CHECKING:
    from router.ledger import Ledger

Q: Final = load_queries(QUERIES_FOLDER / "audit.sql")

INVARIANTS: Final = tuple(Q)


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold, and the contacts that break it."""

    invariant: str
    """Its number in docs/architecture.md and what it says."""
    references: tuple[str, ...]


async def audit(ledger: Ledger, now: datetime) -> list[Finding]:
    """Every invariant that does not hold at `now`; an empty list is a clean house."""
    findings = []
    for name, sql in Q.items():
        arguments = [now] if "$1" in sql else []
        rows = await ledger.fetch(sql, *arguments)
        if rows:
            references = tuple(sorted({row["reference"] for row in rows}))
            findings.append(Finding(name.replace("_", " "), references))
    return findings
