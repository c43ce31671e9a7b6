"""`indgang rules replay`: past contacts through another configuration, before it counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from router.rehearsal.comparing import Change, Comparison, Label
from router.rehearsal.past import Past, count, read_past
from router.rehearsal.telling import Progress
from router.rules.lines import BadLine, lines_of, read_line

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Ledger
    from router.rehearsal.span import Span


def label_of(past: Past) -> Label | None:
    """Where staff say that a contact belongs: with the department that took it.

    None as long as no caseworker has. A department that the rules themselves had
    planned to ask next is no other than they chose.
    """
    if past.taken_by is None:
        return None
    planned = {step.get("department") for step in past.explanation.get("plan") or ()}
    if past.taken_by in planned:
        return Label(frozenset({past.taken_by, past.department}), past.department)
    return Label(frozenset({past.taken_by}), past.taken_by)


async def replay_ledger(
    ledger: Ledger,
    span: Span,
    old: Municipality,
    new: Municipality,
    each: Callable[[Change], None],
) -> Comparison:
    """Decide each contact of `span` by both; `each` is told of every change as it is found.

    Both are asked afresh, with everybody on duty: so what differs, differs
    because of the configuration, and not because somebody was ill that day.
    """
    comparison = Comparison()
    progress = Progress(await count(ledger, span))
    async for past in read_past(ledger, span):
        change = comparison.add(
            past.reference,
            old.rules.decide(past.facts),
            new.rules.decide(past.facts),
            label_of(past),
        )
        if change is not None:
            each(change)
        progress.step()
    progress.end()
    return comparison


def replay_file(
    source: IO[bytes],
    old: Municipality,
    new: Municipality,
    each: Callable[[Change], None],
    bad: Callable[[int, BadLine], None],
) -> Comparison:
    """The same for the messages of a file. `bad` is told of lines that cannot be read."""
    comparison = Comparison()
    for number, content in lines_of(source):
        try:
            line = read_line(content)
        except BadLine as error:
            bad(number, error)
            continue
        label = Label(line.departments, line.department, line.flags) if line.department else None
        change = comparison.add(
            str(line.id), old.rules.decide(line.facts), new.rules.decide(line.facts), label
        )
        if change is not None:
            each(change)
    return comparison
