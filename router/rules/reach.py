"""Which rules can never take anything: contradictory, or always caught before.

Sound, not complete: what is refused here truly cannot be reached; a rule hidden
in a cleverer way may pass. A rule is caught by an earlier one when each test of
the earlier one follows from its own. Looked up by the rarest test of the earlier
rule, so that thousands of rules take a second or two.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from router.rules.fields import FIELDS, Names
from router.rules.nodes import (
    ABOVE,
    AT_LEAST,
    AT_MOST,
    BELOW,
    HAS,
    IN,
    LACKS,
    LIKE,
    OUT,
    AnyOf,
    Atom,
    Key,
    Node,
    atom,
)
from router.rules.rule import Rule
from router.rules.targets import FROM_MENU, FROM_TEXT, OF_CASEWORKER, OF_OPEN_CONTACT, Target

_BUDGET: Final = 3_000_000
"""Comparisons of two tests that one load may cost; beyond that only the quick ones."""
_LEAST: Final = (AT_LEAST, ABOVE)
_MOST: Final = (AT_MOST, BELOW)


def contradiction(nodes: Sequence[Node]) -> str:
    """The fact that is asked to be two different things at once, or ""."""
    by_field: dict[str, list[Atom]] = {}
    for node in nodes:
        if isinstance(node, Atom):
            by_field.setdefault(node.field, []).append(node)
    for name, atoms in by_field.items():
        if _impossible(atoms):
            return name
    return ""


def _impossible(atoms: Sequence[Atom]) -> bool:
    positive = [one for one in atoms if one.how == IN]
    if positive:
        rest = [one for one in atoms if one is not positive[0]]
        return not any(all(one.check(v) for one in rest) for v in positive[0].values)
    lacking = {value for one in atoms if one.how == LACKS for value in one.values}
    if any(lacking.issuperset(one.values) for one in atoms if one.how == HAS):
        return True
    likes = [one.key[1:] for one in atoms if one.how == LIKE]
    if any(("unlike", *one[1:]) in {a.key[1:] for a in atoms} for one in likes):
        return True
    lows = [one for one in atoms if one.how in _LEAST]
    highs = [one for one in atoms if one.how in _MOST]
    return any(
        low.values[0] > high.values[0]
        or (low.values[0] == high.values[0] and (low.how, high.how) != (AT_LEAST, AT_MOST))
        for low in lows
        for high in highs
    )


def implies(one: Atom, other: Atom) -> bool:
    """Whether `one` holding makes `other` hold. Both test the same fact."""
    if one.how == IN:
        return all(map(other.check, one.values))
    theirs = other.values
    if one.how in _LEAST and other.how in _LEAST:
        mine, limit = one.values[0], theirs[0]
        return mine > limit or (mine == limit and (one.how, other.how) != (AT_LEAST, ABOVE))
    if one.how in _MOST and other.how in _MOST:
        mine, limit = one.values[0], theirs[0]
        return mine < limit or (mine == limit and (one.how, other.how) != (AT_MOST, BELOW))
    match one.how, other.how:
        case ("out", "out"):
            return set(theirs) <= set(one.values)
        case ("has", "has"):
            return set(one.values) <= set(theirs) or (
                one.field == "kle"
                and all(any(f"{v}.".startswith(f"{t}.") for t in theirs) for v in one.values)
            )
        case ("has", "out"):
            return theirs == (frozenset(),)
        case ("lacks", "lacks"):
            return set(theirs) <= set(one.values)
        case ("like", "like"):
            return _like_implies(one, other)
        case ("like", "out"):
            return not any(one.check(value) for value in theirs)
        case ("unlike", "unlike"):
            return _like_implies(other.negated(), one.negated())
    return False


def _like_implies(one: Atom, other: Atom) -> bool:
    if one.operator != other.operator:
        return False
    if one.operator == "matches":
        return one.values == other.values
    # What begins with "byg@" begins with "b"; the same for ends and parts.
    return all(map(other.check, one.values))


@dataclass(slots=True)
class Catcher:
    """A rule (or several together) that takes all that its tests let through."""

    nodes: tuple[Node, ...]
    rule: Rule
    place: int
    together: bool
    """Whether the rules above it are needed for that."""


@dataclass(slots=True)
class Reach:
    """Told the rules one by one; answers which earlier one takes all of the next."""

    names: Names
    budget: int = _BUDGET
    _count: int = 0
    _watched: dict[Key, list[Catcher]] = field(default_factory=dict)
    _unwatched: list[Catcher] = field(default_factory=list)
    _atoms: dict[str, dict[Key, Atom]] = field(default_factory=dict)
    _by_value: dict[tuple[str, Any], dict[Key, Atom]] = field(default_factory=dict)
    """Positive tests by each value that lets them hold."""
    _others: dict[str, dict[Key, Atom]] = field(default_factory=dict)
    _frequency: dict[Key, int] = field(default_factory=dict)
    _domains: dict[str, frozenset[Any]] = field(default_factory=dict)
    _unions: dict[tuple[str, frozenset[Key]], frozenset[Any]] = field(default_factory=dict)

    def prepare(self, rules: Iterable[Sequence[Node]]) -> None:
        """See how often each test comes, so that the rare ones can be watched."""
        for nodes in rules:
            for node in nodes:
                if isinstance(node, Atom):
                    key = node.key
                    self._frequency[key] = self._frequency.get(key, 0) + 1

    def caught_by(self, nodes: Sequence[Node]) -> Catcher | None:
        """What takes, before it comes here, everything that `nodes` would; or None."""
        held = {node.key: node for node in (*nodes, *_following(nodes)) if isinstance(node, Atom)}
        opaque = {node.key for node in nodes if isinstance(node, AnyOf)}
        seen: set[int] = set()
        best: Catcher | None = None
        for key in self._closure(held.values()):
            for catcher in self._watched.get(key, ()):
                if id(catcher) not in seen:
                    seen.add(id(catcher))
                    if self._covers(catcher, held, opaque) and _earlier(catcher, best):
                        best = catcher
        for catcher in self._unwatched:
            if self._covers(catcher, held, opaque) and _earlier(catcher, best):
                best = catcher
        return best

    def add(self, rule: Rule) -> None:
        """Take up a rule, if its targets name somebody whenever its tests hold."""
        if always_names(rule.targets, rule.nodes):
            self._add(rule.nodes, rule, False)

    def _add(self, nodes: tuple[Node, ...], rule: Rule, together: bool) -> None:
        self._count += 1
        catcher = Catcher(nodes, rule, self._count, together)
        atoms = [node for node in nodes if isinstance(node, Atom)]
        if atoms:
            rarest = min(atoms, key=lambda one: self._frequency.get(one.key, 0))
            self._watched.setdefault(rarest.key, []).append(catcher)
            self._know(rarest)
        else:
            self._unwatched.append(catcher)
        self._unite(nodes, rule)

    def _know(self, one: Atom) -> None:
        """Make a watched test findable by what implies it."""
        known = self._atoms.setdefault(one.field, {})
        key = one.key
        if key in known:
            return
        known[key] = one
        if one.how in (IN, HAS):
            for value in one.values:
                self._by_value.setdefault((one.field, value), {})[key] = one
        else:
            self._others.setdefault(one.field, {})[key] = one

    def _closure(self, held: Iterable[Atom]) -> Iterator[Key]:
        """The watched tests that follow from `held` (perhaps with repeats)."""
        for one in held:
            yield one.key
            if one.how in (IN, HAS) and one.values:
                # What follows from a choice must hold for its first value too.
                near = [one.values[0]]
                if one.field == "kle" and isinstance(one.values[0], str):
                    parts = one.values[0].split(".")
                    near = [".".join(parts[:size]) for size in range(1, len(parts) + 1)]
                for value in near:
                    yield from self._implied(one, self._by_value.get((one.field, value), {}))
            yield from self._implied(one, self._others.get(one.field, {}))

    def _implied(self, one: Atom, watched: Mapping[Key, Atom]) -> Iterator[Key]:
        for key, other in watched.items():
            self.budget -= 1
            if self.budget < 0:
                return
            if implies(one, other):
                yield key

    def _covers(self, catcher: Catcher, held: Mapping[Key, Atom], opaque: set[Key]) -> bool:
        return all(self._follows(node, held, opaque) for node in catcher.nodes)

    def _follows(self, node: Node, held: Mapping[Key, Atom], opaque: set[Key]) -> bool:
        if isinstance(node, AnyOf):
            self.budget -= 1
            return node.key in opaque or any(
                all(self._follows(inner, held, opaque) for inner in group) for group in node.groups
            )
        if node.key in held:
            return True
        self.budget -= len(held)
        if self.budget < 0:
            return False
        return any(one.field == node.field and implies(one, node) for one in held.values())

    # Several rules together

    def _unite(self, nodes: tuple[Node, ...], rule: Rule) -> None:
        """When rules that differ in one fact only have used up all that it can be (or all
        but not given), together they take what the rest of their tests lets through."""
        for place, node in enumerate(nodes):
            if not isinstance(node, Atom) or node.how not in (IN, OUT):
                continue
            domain = self._domain(node.field)
            if not domain:
                continue
            rest = nodes[:place] + nodes[place + 1 :]
            where = (node.field, frozenset(one.key for one in rest))
            taken = self._unions.get(where, frozenset())
            grown = taken.union(value for value in domain if node.check(value))
            if grown == taken:
                continue
            self._unions[where] = grown
            if grown == domain:
                self._add(rest, rule, True)
            elif grown == domain - {""}:
                given = atom(node.field, OUT, [""])
                self._add((given, *rest), rule, True)

    def _domain(self, name: str) -> frozenset[Any]:
        """All that a fact can be; empty when that is not known."""
        known = self._domains.get(name)
        if known is None:
            about = FIELDS[name]
            values: Iterable[Hashable] = ()
            if about.kind == "yes/no":
                values = (True, False)
            elif about.kind == "choice" and about.values is not None:
                values = about.values(self.names)
                if name not in ("channel", "certainty"):  # these two are always there
                    values = (*values, "")
            known = self._domains[name] = frozenset(values)
        return known


def _earlier(one: Catcher, other: Catcher | None) -> bool:
    return other is None or one.place < other.place


def _following(nodes: Sequence[Node]) -> Iterator[Atom]:
    """What holds besides whenever `nodes` hold, by how a Situation is made."""
    for node in nodes:
        if not isinstance(node, Atom):
            continue
        if node.field == "certainty" and not node.check("unsure"):
            yield atom("topic", OUT, [""])
        if node.field == "callback_wanted" and node.check(True) and not node.check(False):
            yield atom("flags", HAS, ["callback_requested"])


def always_names(targets: Iterable[Target], nodes: Sequence[Node]) -> bool:
    """Whether one of a rule's targets surely names a department when `nodes` hold."""
    held = [node for node in (*nodes, *_following(nodes)) if isinstance(node, Atom)]

    def given(name: str) -> bool:
        return any(
            one.field == name and (one.how == LIKE or not one.check(""))
            for one in held
            if one.how in (IN, OUT, LIKE)
        )

    facts = {FROM_MENU: "menu", FROM_TEXT: "topic"}
    for target in targets:
        if target.department in facts:
            if given(facts[target.department]):
                return True
        elif target.department == OF_CASEWORKER:
            # Whoever is named in a text is a caseworker that there is; history may be older.
            if target.caseworker == "named" and given("caseworker_named"):
                return True
        elif target.department != OF_OPEN_CONTACT:
            return True
    return False
