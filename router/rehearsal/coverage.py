"""`indgang rules coverage`: which rules of the live table are used, and which never are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.rehearsal.past import Q, count, read_past
from router.rehearsal.telling import Progress

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Ledger
    from router.rehearsal.span import Span
    from router.rules import RuleTable

_NEVER: Final = "never"


@dataclass(slots=True)
class Unused:
    """A rule that decided nothing, and what it could have decided."""

    fits: int = 0
    """Contacts that it fits when it is asked alone."""
    taken: Counter[str] = field(default_factory=Counter)
    """By the rule that really took them."""


@dataclass(slots=True)
class Coverage:
    """What a span of contacts says of a table."""

    contacts: int = 0
    decided: dict[str, int] = field(default_factory=dict)
    last: dict[str, datetime] = field(default_factory=dict)
    """When a rule decided last, also before the span."""
    unused: dict[str, Unused] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    """Rules that decided and that the live table no longer has."""
    by_department: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    """Contacts that the unused rules were asked about."""


async def cover(ledger: Ledger, span: Span, municipality: Municipality) -> Coverage:
    """Count what each rule decided within `span`, and ask the unused ones alone."""
    table = municipality.rules
    rows = await ledger.fetch(Q["by_rule"], span.since, span.until)
    counted = {row["rule_id"]: row for row in rows}
    known = [rule.id for rule in table.rules]
    coverage = Coverage(contacts=sum(row["decided"] for row in rows))
    coverage.decided = {rule: counted[rule]["decided"] if rule in counted else 0 for rule in known}
    ever = await ledger.fetch(Q["ever"], known)
    coverage.last = {row["rule_id"]: row["last"] for row in ever}
    coverage.gone = {r: row["decided"] for r, row in counted.items() if r not in coverage.decided}
    coverage.unused = {rule: Unused() for rule, times in coverage.decided.items() if not times}
    await _ask_alone(ledger, span, table, coverage)
    return coverage


async def _ask_alone(ledger: Ledger, span: Span, table: RuleTable, coverage: Coverage) -> None:
    """What the unused rules fit when nobody stands before them; and who is unsure."""
    progress = Progress(await count(ledger, span))
    async for past in read_past(ledger, span):
        coverage.asked += 1
        coverage.by_department[past.department] += 1
        coverage.unsure[past.department] += _was_unsure(past.explanation)
        if coverage.unused:
            for rule in table.fitting(past.facts, coverage.unused):
                unused = coverage.unused[rule]
                unused.fits += 1
                unused.taken[past.rule] += 1
        progress.step()
    progress.end()


def _was_unsure(explanation: Mapping[str, Any]) -> bool:
    return bool(explanation.get("certainty") == "unsure")


def told(coverage: Coverage, municipality: Municipality) -> Iterator[str]:
    """The table from what is never used to what is used most."""
    places = {rule.id: number for number, rule in enumerate(municipality.rules.rules, start=1)}
    yield (
        f"{coverage.contacts:,} decisions; {len(coverage.unused)} of {len(places)} rules"
        " of the live table decided none of them"
    )
    if coverage.unused:
        yield from ("", "Never used:")
        for rule, unused in coverage.unused.items():
            yield f"  {places[rule]:>4}. {rule:<28} {_hint(rule, unused, coverage, places)}"
    yield from ("", f"  {'rule':<34} {'decided':>9}  last")
    used = sorted(
        ((times, rule) for rule, times in coverage.decided.items() if times), reverse=True
    )
    default = municipality.rules.rules[-1].id
    for times, rule in used:
        note = "  (the default)" if rule == default else ""
        yield f"  {places[rule]:>4}. {rule:<28} {times:>9,}  {_day(coverage.last.get(rule))}{note}"
    for rule, times in coverage.gone.items():
        yield f"        {rule:<28} {times:>9,}  no longer in the table"
    taken = coverage.decided.get(default, 0)
    yield from ("", f"To the default ({default}): {_share(taken, coverage.contacts)}")
    if coverage.by_department:
        yield from ("", f"  {'department':<20} {'contacts':>9} {'unsure':>9}")
        for department, number in coverage.by_department.most_common():
            share = _share(coverage.unsure[department], number)
            yield f"  {department:<20} {number:>9,} {share:>9}"


def _hint(rule: str, unused: Unused, coverage: Coverage, places: dict[str, int]) -> str:
    last = coverage.last.get(rule)
    ever = f"last on {_day(last)}" if last is not None else "never yet"
    if not unused.fits:
        return f"{ever}; nothing of the period fits it"
    taker, number = unused.taken.most_common(1)[0]
    place = places.get(taker)
    where = f", which stands before it as number {place}" if place is not None else ""
    if place is not None and place > places[rule]:
        where = ", which stands after it: decided by an earlier table"
    return f"{ever}; fits {unused.fits:,}, of which {taker} took {number:,}{where}"


def _day(at: datetime | None) -> str:
    return _NEVER if at is None else f"{at:%Y-%m-%d}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
