"""Telling in plain sentences why each rule was not the one.

A contact keeps numbers only: of each rule tried, which condition failed. The
card describes a table (ids, conditions, names), so that an old contact can be
explained after the table has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from router.rules.fields import FIELDS
from router.rules.nodes import HAS, IN, LACKS, OUT, Atom, Node
from router.rules.rule import Rule
from router.rules.sentences import Labels, Said, failed_sentence

NO_DEPARTMENT: Final = -1
"""In `tried`: everything fitted, but no target named a department."""
_REMEMBERED: Final = 500
"""Sentences kept for one condition, one for each value that was there instead."""

Step = dict[str, Any]
_NAMES_NOBODY: Final[Said] = {
    "da": "reglen passer, men peger ikke på en afdeling",
    "en": "the rule fits, but names no department",
}
_UNKNOWN: Final[Said] = {"da": "reglen passede ikke", "en": "the rule did not fit"}


def card_of(version: str, rules: Iterable[Rule], labels: Labels) -> dict[str, Any]:
    """Everything that a trace of this table needs, as JSON can hold it.

    `labels`: names per language by kind (department, flag, ...) and id.
    """
    return {
        "version": version,
        "labels": {
            kind: {
                name: {"da": said["da"], "en": said.get("en", said["da"])}
                for name, said in names.items()
            }
            for kind, names in labels.items()
        },
        "rules": [
            {
                "id": rule.id,
                "file": rule.file,
                "line": rule.line,
                "conditions": [_described(node) for node in rule.nodes],
            }
            for rule in rules
        ],
    }


def _described(node: Node) -> dict[str, Any]:
    if not isinstance(node, Atom):
        return {"any": [[_described(inner) for inner in group] for group in node.groups]}
    values: list[Any] = (
        list(node.shown)
        if node.shown and node.how in (IN, OUT, HAS, LACKS)
        else ["" if value == frozenset() else value for value in node.values]
    )
    described: dict[str, Any] = {"field": node.field, "how": node.how, "values": values}
    if node.operator:
        described["operator"] = node.operator
    return described


def trace_from_card(card: Mapping[str, Any], explanation: Mapping[str, Any]) -> list[Step]:
    """Every rule tried, in order: {rule, failed: {da, en}}, the last {rule, matched: True}."""
    return Narrator(card).tell(explanation)


class Narrator:
    """Tells explanations of one table. Sentences are made once and then shared."""

    def __init__(self, card: Mapping[str, Any]) -> None:
        self._labels: Labels = card["labels"]
        self._rules = [rule["id"] for rule in card["rules"]]
        self._lines = [
            # The last stands for -1: everything fitted, but nobody was named.
            [*(_telling(condition) for condition in rule["conditions"]), _Telling("", None, {})]
            for rule in card["rules"]
        ]

    def tell(self, explanation: Mapping[str, Any]) -> list[Step]:
        """See `trace_from_card`. The steps are shared: read them only."""
        values = {
            name: tuple(value) if value.__class__ is list else value
            for name, value in values_of(explanation).items()
        }
        tried = explanation.get("tried", ())
        value_of = values.get
        steps: list[Step] = []
        for number, (line, place) in enumerate(zip(self._lines, tried, strict=False)):
            if place >= len(line) - 1:
                steps.append({"rule": self._rules[number], "failed": _UNKNOWN})
                continue
            name, condition, known = line[place]
            value = value_of(name)
            step = known.get(value)
            if step is None:
                if len(known) >= _REMEMBERED:
                    known.clear()
                step = known[value] = {
                    "rule": self._rules[number],
                    "failed": failed_sentence(condition, values, self._labels)
                    if condition
                    else _NAMES_NOBODY,
                }
            steps.append(step)
        if len(tried) < len(self._rules):
            steps.append({"rule": self._rules[len(tried)], "matched": True})
        return steps


class _Telling(NamedTuple):
    """A condition, and its sentences as far as they were needed."""

    varies_with: str
    """The fact whose value its sentence tells, or ""."""
    condition: Mapping[str, Any] | None
    known: dict[Any, Step]
    """By that value."""


def _telling(condition: Mapping[str, Any]) -> _Telling:
    name = condition.get("field", "")
    varies = bool(name) and FIELDS[name].told and condition["how"] != HAS
    return _Telling(name if varies else "", condition, {})


def values_of(explanation: Mapping[str, Any]) -> dict[str, Any]:
    """What each fact was, as far as an explanation keeps it."""
    facts = explanation.get("facts") or {}
    return {**facts, **(facts.get("history") or {}), **(explanation.get("found") or {})}
