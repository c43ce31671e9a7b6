"""What `when` becomes: tests of single facts, joined by "any of"; no "not" is left.

`not` is pushed down to the tests while reading, so that two conditions can be
compared: what implies what, what cannot be at once (`router.rules.reach`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

IN: Final = "in"
"""The value is one of `values`; "" among them stands for not given."""
OUT: Final = "out"
HAS: Final = "has"
"""The set holds one of `values`."""
LACKS: Final = "lacks"
LIKE: Final = "like"
"""The text fits `values` by `operator` (starts_with, ends_with, contains, matches)."""
UNLIKE: Final = "unlike"
AT_LEAST: Final = "at_least"
BELOW: Final = "below"
AT_MOST: Final = "at_most"
ABOVE: Final = "above"

_OPPOSITE: Final = {
    IN: OUT, OUT: IN, HAS: LACKS, LACKS: HAS, LIKE: UNLIKE, UNLIKE: LIKE,
    AT_LEAST: BELOW, BELOW: AT_LEAST, AT_MOST: ABOVE, ABOVE: AT_MOST,
}  # fmt: skip

Check = Callable[[Any], bool]
Key = tuple[str, str, str, frozenset[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """One test of one fact."""

    field: str
    how: str
    """IN, OUT, HAS, ..."""
    values: tuple[Any, ...]
    """Strings; for yes/no booleans, for numbers one float."""
    check: Check
    """The test of the fact's value."""
    operator: str
    """The word written, where `how` is LIKE or UNLIKE."""
    shown: tuple[str, ...]
    """How the values were written, where that is not what they are."""
    key: Key
    """Equal keys test the same."""
    like: Check | None
    """The text test of LIKE and UNLIKE, the right way round."""

    def negated(self) -> Atom:
        """The test that holds exactly when this one does not."""
        if self.how == IN and all(isinstance(value, bool) for value in self.values):
            # Of two answers the other one, so that it reads the same however it is written.
            return atom(self.field, IN, [value for value in (True, False) if not self.check(value)])
        return _make(
            self.field, _OPPOSITE[self.how], self.values, self.operator, self.shown, self.like
        )


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """Holds when all of one of its groups hold."""

    groups: tuple[tuple[Node, ...], ...]
    key: Key


Node = Atom | AnyOf


def atom(
    field: str,
    how: str,
    values: Sequence[Any],
    *,
    operator: str = "",
    shown: Sequence[str] = (),
    like: Check | None = None,
) -> Atom:
    """A test; `like` is the text test of LIKE."""
    return _make(field, how, tuple(values), operator, tuple(shown), like)


def _make(
    field: str,
    how: str,
    values: tuple[Any, ...],
    operator: str,
    shown: tuple[str, ...],
    like: Check | None,
) -> Atom:
    allowed = frozenset(values)
    check: Check
    if how == IN:
        check = allowed.__contains__
    elif how == OUT:
        check = _none_of(allowed)
    elif how == HAS:
        check = _meets(allowed)
    elif how == LACKS:
        check = allowed.isdisjoint
    elif how == LIKE:
        if like is None:
            raise AssertionError("a text test is missing")
        check = like
    elif how == UNLIKE:
        if like is None:
            raise AssertionError("a text test is missing")
        check = _not(like)
    else:
        check = _number(how, values[0])
    key = (field, how, operator, allowed)
    return Atom(field, how, values, check, operator, shown, key, like)


def _none_of(allowed: frozenset[Any]) -> Check:
    return lambda value: value not in allowed


def _meets(wanted: frozenset[Any]) -> Check:
    return lambda found: not wanted.isdisjoint(found)


def _not(check: Check) -> Check:
    return lambda value: not check(value)


def _number(how: str, limit: float) -> Check:
    checks: dict[str, Check] = {
        AT_LEAST: lambda value: value >= limit,
        AT_MOST: lambda value: value <= limit,
        ABOVE: lambda value: value > limit,
        BELOW: lambda value: value < limit,
    }
    return checks[how]


def negate(nodes: Sequence[Node]) -> list[Node]:
    """What holds exactly when not all of `nodes` do."""
    if len(nodes) == 1:
        return _negate_one(nodes[0])
    return [any_of([_negate_one(node) for node in nodes])]


def _negate_one(node: Node) -> list[Node]:
    if isinstance(node, Atom):
        return [node.negated()]
    return [part for group in node.groups for part in negate(group)]


def any_of(groups: Sequence[Sequence[Node]]) -> Node:
    """One of `groups` (at least one, none empty), as plain as it can be said."""
    flat: list[tuple[Node, ...]] = []
    for group in groups:
        only = group[0] if len(group) == 1 else None
        flat.extend(only.groups if isinstance(only, AnyOf) else [tuple(group)])
    singles: dict[tuple[str, str], list[Atom]] = {}
    for group in flat:
        only = group[0]
        if len(group) == 1 and isinstance(only, Atom) and only.how in (IN, HAS):
            singles.setdefault((only.field, only.how), []).append(only)
    merged: list[tuple[Node, ...]] = []
    done: set[tuple[str, str]] = set()
    for group in flat:
        only = group[0]
        place = (only.field, only.how) if isinstance(only, Atom) and len(group) == 1 else None
        if place is None or len(singles.get(place, ())) < 2:
            merged.append(group)
        elif place not in done:
            done.add(place)
            merged.append((_union(singles[place]),))
    if len(merged) == 1 and len(merged[0]) == 1:
        return merged[0][0]
    keys = frozenset(frozenset(node.key for node in group) for group in merged)
    return AnyOf(tuple(merged), ("any", "", "", keys))


def _union(atoms: Sequence[Atom]) -> Atom:
    values = list(dict.fromkeys(value for one in atoms for value in one.values))
    shown = dict.fromkeys(word for one in atoms for word in (one.shown or one.values))
    first = atoms[0]
    return atom(first.field, first.how, values, shown=[str(word) for word in shown])
