"""What a rehearsal found, as a person reads it in a terminal."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import click

from router.rehearsal.comparing import CHILD_CONCERN, Change, Comparison, Score

_EVERY: Final = 2.0
"""Seconds between two words about how far it is."""


class Progress:
    """Says on stderr how far a long work is; nothing when it is short."""

    def __init__(self, total: int, what: str = "contacts") -> None:
        self._total, self._what = total, what
        self._begun = self._told = time.monotonic()
        self._done = 0
        self._screen = sys.stderr.isatty()

    def step(self) -> None:
        """One more."""
        self._done += 1
        if self._done % 50:
            return
        now = time.monotonic()
        if now - self._told >= _EVERY:
            self._told = now
            rate = self._done / (now - self._begun)
            text = f"{self._done:,} of {self._total:,} {self._what}, {rate:,.0f} a second"
            if self._screen:
                click.echo(f"\r\033[K  {text}", nl=False, err=True)
            else:
                click.echo(f"  {text}", err=True)

    def end(self) -> None:
        """The line is free again."""
        if self._screen:
            click.echo("\r\033[K", nl=False, err=True)


def reference(digits: str) -> str:
    """As it is read aloud: 482 031 957. What is no reference stays as it is."""
    if len(digits) == 9 and digits.isdigit():
        return f"{digits[:3]} {digits[3:6]} {digits[6:]}"
    return digits


def one_by_one(change: Change) -> str:
    """One contact that is decided differently."""
    old, new = change.old, change.new
    parts = [_arrow(old.department, new.department)]
    if old.rule_id != new.rule_id:
        parts.append(f"rule {_arrow(old.rule_id, new.rule_id)}")
    if old.caseworker != new.caseworker:
        parts.append(f"caseworker {_arrow(old.caseworker or '-', new.caseworker or '-')}")
    if old.certainty != new.certainty:
        parts.append(_arrow(old.certainty, new.certainty))
    signed = [("+", flag) for flag in sorted(new.flags - old.flags)]
    signed += [("-", flag) for flag in sorted(old.flags - new.flags)]
    if signed:
        parts.append("flags " + " ".join(sign + flag for sign, flag in signed))
    gained, lost = change.words
    words = [f"+{word}" for word in gained] + [f"-{word}" for word in lost]
    if words:
        parts.append("words " + ", ".join(words))
    if change.label is not None and change.moved:
        parts.append(f"belongs to {change.label.department}")
    mark = "!!" if change.concern_lost else "  "
    return f"{mark}{reference(change.reference):<12} {' · '.join(parts)}"


def _arrow(old: str, new: str) -> str:
    return old if old == new else f"{old} -> {new}"


def told(comparison: Comparison, *, limited: bool) -> Iterator[str]:
    """The summary, the worst first."""
    lost = comparison.flags_lost[CHILD_CONCERN]
    if lost:
        contacts = "1 CONTACT" if lost == 1 else f"{lost} CONTACTS"
        yield f"!! A CONCERN FOR A CHILD IS NO LONGER SEEN IN {contacts}:"
        for digits in comparison.concerns_lost:
            yield f"!!   {reference(digits)}"
        yield ""
    head = f"{comparison.contacts:,} contacts; {comparison.changed:,} would be decided differently"
    yield head + (" (there may be more: --limit)" if limited else "")
    if not comparison.changed:
        yield from _labelled(comparison)
        return
    yield f"  to another department {comparison.moved:>8,}"
    yield f"  to another caseworker {comparison.caseworkers:>8,}"
    yield f"  newly unsure          {comparison.newly_unsure:>8,}"
    yield f"  newly sure            {comparison.newly_sure:>8,}"
    for title, flags in (("lost", comparison.flags_lost), ("gained", comparison.flags_gained)):
        if flags:
            yield f"  flags {title:<6} " + ", ".join(
                f"{flag} {count:,}" for flag, count in flags.most_common()
            )
    if comparison.moved:
        yield from ("", "By department (from the left to the top; what stays is in brackets):")
        yield from _matrix(comparison.departments)
    if comparison.rules:
        yield from ("", "By rule:")
        for (old, new), count in comparison.rules.most_common():
            yield f"  {count:>7,}  {old} -> {new}"
    yield from _labelled(comparison)


def _matrix(counted: Counter[tuple[str, str]]) -> Iterator[str]:
    moves = {pair: count for pair, count in counted.items() if pair[0] != pair[1]}
    rows = sorted({old for old, _ in moves})
    columns = sorted({new for _, new in moves} | set(rows))
    wide = max(map(len, rows + columns))
    widths = [max(7, len(column)) for column in columns]
    yield f"  {'':<{wide}}  " + "  ".join(
        f"{column:>{width}}" for column, width in zip(columns, widths, strict=True)
    )
    for row in rows:
        cells = [_cell(counted, row, column) for column in columns]
        yield f"  {row:<{wide}}  " + "  ".join(
            f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)
        )


def _cell(counted: Counter[tuple[str, str]], row: str, column: str) -> str:
    count = counted[row, column]
    if row == column:
        return f"({count:,})"
    return f"{count:,}" if count else "."


def _labelled(comparison: Comparison) -> Iterator[str]:
    old, new = comparison.old_score, comparison.new_score
    if not old.labelled:
        return
    yield from ("", f"Of these we know of {old.labelled:,} where they belong:{'old':>12}{'new':>9}")
    yield from _scores(old, new)
    yield f"  newly right {comparison.fixed:,}, newly wrong {comparison.broken:,}"


def _scores(old: Score, new: Score) -> Iterator[str]:
    rows: Sequence[tuple[str, str, str]] = (
        ("right department", _share(old.strict, old.labelled), _share(new.strict, new.labelled)),
        (
            "acceptable department",
            _share(old.acceptable, old.labelled),
            _share(new.acceptable, new.labelled),
        ),
        ("confident", _share(old.confident, old.labelled), _share(new.confident, new.labelled)),
        (
            "confident and wrong",
            _share(old.confident_wrong, old.confident),
            _share(new.confident_wrong, new.confident),
        ),
        (
            "child concern found",
            _share(old.concerns_found, old.concerns),
            _share(new.concerns_found, new.concerns),
        ),
        (
            "child concern, false alarm",
            _share(old.concerns_false, old.without_concern),
            _share(new.concerns_false, new.without_concern),
        ),
    )
    for name, was, will_be in rows:
        yield f"  {name:<42}{was:>9}{will_be:>9}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
