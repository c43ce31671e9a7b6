"""Finding the first rule that fits without trying each: one bit a rule, one mask a value.

For every value that the rules mention, a mask says which rules it lets through;
a decision is a few look-ups and ANDs of whole numbers. What cannot be looked up
(patterns, number limits, "any of") is asked of the few rules that are left.
Rule 0 has the highest bit, so that the first one is found by `bit_length`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np

from router.rules.fields import FIELDS
from router.rules.nodes import HAS, IN, LACKS, OUT, Atom, Node
from router.rules.situation import Situation

Entries = Sequence[tuple[int, Atom]]
"""Bits of rules, each with its test of the same one fact."""
Passing = Callable[[Any], int]
Test = Callable[[Situation], bool]
_FEW: Final = 64
"""Rules for which a plain loop is faster than numpy."""
_REMEMBERED: Final = 2_000
"""Sets of values (flags, lists, ...) whose masks are kept."""


def test_of(node: Node) -> Test:
    """The node as a test of a whole situation."""
    if isinstance(node, Atom):
        get, check = attrgetter(node.field), node.check
        return lambda situation: check(get(situation))
    groups = [[test_of(inner) for inner in group] for group in node.groups]
    return lambda situation: any(all(test(situation) for test in group) for group in groups)


class ValueIndex:
    """For facts with one value: channel, menu, number called, ..."""

    __slots__ = ("base", "by_value")

    def __init__(self, entries: Entries, full: int) -> None:
        within: dict[Any, int] = {}
        without: dict[Any, int] = {}
        base = full
        for bit, atom in entries:
            if atom.how == IN:
                base &= ~bit
            into = within if atom.how == IN else without
            for value in atom.values:
                into[value] = into.get(value, 0) | bit
        self.base = base
        """For a value that no rule mentions."""
        self.by_value: Final = {
            value: (base | within.get(value, 0)) & ~without.get(value, 0)
            for value in within.keys() | without.keys()
        }

    def passing(self, value: Any) -> int:
        """The rules that do not fail by this value."""
        return self.by_value.get(value, self.base)


class SetIndex:
    """For facts that are sets: flags, phrases found, lists, ..."""

    __slots__ = ("_base", "_gives", "_keeps", "_known")

    def __init__(self, entries: Entries, full: int) -> None:
        gives: dict[str, int] = {}
        takes: dict[str, int] = {}
        base = full
        for bit, atom in entries:
            if atom.how == HAS:
                base &= ~bit
            into = gives if atom.how == HAS else takes
            for value in atom.values:
                into[value] = into.get(value, 0) | bit
        self._base = base
        self._gives = gives
        self._keeps = {value: full & ~bits for value, bits in takes.items()}
        self._known: dict[frozenset[str], int] = {}

    def passing(self, values: frozenset[str]) -> int:
        """The rules that do not fail by these values."""
        if not values:
            return self._base
        mask = self._known.get(values)
        if mask is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            mask = self._known[values] = self._mask(values)
        return mask

    def _mask(self, values: frozenset[str]) -> int:
        mask = self._base
        for value in values:
            mask |= self._gives.get(value, 0)
        for value in values:
            mask &= self._keeps.get(value, mask)
        return mask


class CandidateIndex:
    """Answers which rules may fit; `residual` holds what must still be asked of each."""

    def __init__(self, rules: Sequence[Sequence[Node]]) -> None:
        """`rules`: the conditions of each rule, in order."""
        size = len(rules)
        self.full = (1 << size) - 1
        self.size = size
        residual: list[tuple[Test, ...]] = []
        values: dict[tuple[str, int], list[tuple[int, Atom]]] = {}
        sets: dict[tuple[str, int], list[tuple[int, Atom]]] = {}
        for number, nodes in enumerate(rules):
            bit = 1 << (size - 1 - number)
            left: list[Node] = []
            used: dict[str, int] = {}
            for node in nodes:
                how = node.how if isinstance(node, Atom) else ""
                if isinstance(node, Atom) and how in (IN, OUT, HAS, LACKS):
                    # A second test of the same fact needs an index of its own.
                    turn = used[node.field] = used.get(node.field, -1) + 1
                    kind = values if how in (IN, OUT) else sets
                    kind.setdefault((node.field, turn), []).append((bit, node))
                else:
                    left.append(node)
            residual.append(tuple(test_of(node) for node in left))
        self.residual: Final = tuple(residual)
        self._structured: list[tuple[Callable[[Any], Any], Callable[..., int], int]] = []
        self._structured_sets: list[tuple[Callable[[Any], Any], Passing]] = []
        self._textual: list[tuple[Callable[[Any], Any], Passing]] = []
        for (name, _), entries in values.items():
            index = ValueIndex(entries, self.full)
            if FIELDS[name].from_text:
                self._textual.append((attrgetter(name), index.passing))
            else:
                self._structured.append((attrgetter(name), index.by_value.get, index.base))
        for (name, _), entries in sets.items():
            passing = SetIndex(entries, self.full).passing
            into = self._textual if FIELDS[name].from_text else self._structured_sets
            into.append((attrgetter(name), passing))
        self._silent: dict[bool, int] = {}

    def candidates(self, situation: Situation, silent: bool) -> int:
        """Bits of the rules whose indexed tests all hold. `silent`: there was no text."""
        if silent:
            mask = self._silent.get(situation.callback_wanted, -1)
            if mask < 0:
                # Without a text its facts are the same every time.
                mask = self._silent[situation.callback_wanted] = self._by_text(situation)
        else:
            mask = self._by_text(situation)
        for get, passing, base in self._structured:
            mask &= passing(get(situation), base)
        for get, passing_set in self._structured_sets:
            mask &= passing_set(get(situation))
        return mask

    def _by_text(self, situation: Situation) -> int:
        mask = self.full
        for get, passing in self._textual:
            mask &= passing(get(situation))
        return mask


class FailureIndex:
    """Answers of every rule which condition failed first. For the trace."""

    def __init__(self, rules: Sequence[Sequence[Node]]) -> None:
        self.size = size = len(rules)
        self.full = (1 << size) - 1
        at_place: dict[int, dict[tuple[str, bool], list[tuple[int, Atom]]]] = {}
        others: dict[int, dict[object, tuple[Test, int]]] = {}
        for number, nodes in enumerate(rules):
            bit = 1 << (size - 1 - number)
            for place, node in enumerate(nodes):
                if isinstance(node, Atom) and node.how in (IN, OUT, HAS, LACKS):
                    key = (node.field, node.how in (HAS, LACKS))
                    at_place.setdefault(place, {}).setdefault(key, []).append((bit, node))
                else:
                    tests = others.setdefault(place, {})
                    test, bits = tests.get(node.key) or (test_of(node), 0)
                    tests[node.key] = (test, bits | bit)
        self._places = [
            (
                [
                    (
                        attrgetter(field),
                        (SetIndex if is_set else ValueIndex)(entries, self.full).passing,
                    )
                    for (field, is_set), entries in at_place.get(place, {}).items()
                ],
                list(others.get(place, {}).values()),
            )
            for place in range(max([*at_place, *others], default=-1) + 1)
        ]

    def first_failures(self, situation: Situation, upto: int) -> list[int]:
        """For each of the first `upto` rules the number of the condition that failed
        first; -1 when none did."""
        if not upto:
            return []
        alive = self.full >> (self.size - upto) << (self.size - upto)
        failed: list[tuple[int, int]] = []
        for place, (indexed, tests) in enumerate(self._places):
            passing = alive
            for get, passes in indexed:
                passing &= passes(get(situation))
            for test, bits in tests:
                if bits & passing and not test(situation):
                    passing &= ~bits
            lost = alive ^ passing
            if lost:
                failed.append((place, lost))
                alive = passing
        return _spread(failed, self.size, upto)


def _spread(failed: Iterable[tuple[int, int]], size: int, upto: int) -> list[int]:
    """From a mask for each place to a place for each rule."""
    if upto <= _FEW:
        places = [-1] * upto
        for place, mask in failed:
            while mask:
                number = size - mask.bit_length()
                places[number] = place
                mask ^= 1 << (size - 1 - number)
        return places
    row = np.full(upto, -1, np.int16)
    length = (size + 7) // 8
    for place, mask in failed:
        bits = np.unpackbits(np.frombuffer(mask.to_bytes(length, "big"), np.uint8))
        row[bits[len(bits) - size :][:upto].view(np.bool_)] = place
    found: list[int] = row.tolist()
    return found
