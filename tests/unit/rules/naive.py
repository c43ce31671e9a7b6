"""A rule interpreter as plain as can be, written from docs/routing.md alone.

It knows nothing of `router.rules`: it reads the YAML's own values and tries rule
by rule, so that the indexed table can be compared with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Facts = Mapping[str, Any]
"""What is known: single values, sets for flags and lists, a list of phrases for `says`."""

SETS = {"flags", "secondary", "sender_in"}


def fits(when: Any, facts: Facts) -> bool:
    """Whether a `when` holds."""
    if isinstance(when, list):
        return all(fits(part, facts) for part in when)
    return all(_line(name, wanted, facts) for name, wanted in when.items())


def _line(name: str, wanted: Any, facts: Facts) -> bool:
    if name == "all":
        return fits(wanted, facts)
    if name == "any":
        parts = wanted if isinstance(wanted, list) else [{k: v} for k, v in wanted.items()]
        return any(fits(part, facts) for part in parts)
    if name == "not":
        return not fits(wanted, facts)
    if isinstance(wanted, dict):
        return all(_one(name, operator, value, facts) for operator, value in wanted.items())
    if name in ("confidence", "length"):
        return _one(name, "at_least", wanted, facts)
    if name in SETS:
        return _one(name, "has_any", wanted, facts)
    if name == "says":
        return _one(name, "any_of", wanted, facts)
    return _one(name, "one_of", wanted, facts)


def _one(name: str, operator: str, wanted: Any, facts: Facts) -> bool:
    value = facts[name]
    many: Sequence[Any] = wanted if isinstance(wanted, list) else [wanted]
    if operator == "given":
        return bool(value) is wanted
    if operator in ("is_not", "none_of", "has_none"):
        opposite = {"is_not": "one_of", "none_of": "one_of", "has_none": "has_any"}[operator]
        if name == "says":
            opposite = "any_of"
        return not _one(name, opposite, wanted, facts)
    if operator in ("has", "has_any", "any_of"):
        return any(one in value for one in many)
    if operator in ("has_all", "all_of"):
        return all(one in value for one in many)
    if operator == "at_least":
        return bool(value >= wanted)
    if operator == "at_most":
        return bool(value <= wanted)
    if operator == "above":
        return bool(value > wanted)
    if operator == "below":
        return bool(value < wanted)
    if operator == "starts_with":
        return any(value.startswith(str(one)) for one in many)
    if operator == "ends_with":
        return any(value.endswith(one) for one in many)
    if operator == "contains":
        return any(one in value for one in many)
    if operator == "matches":
        return bool(value) and re.fullmatch(wanted, value, re.IGNORECASE) is not None
    if name == "kle":
        return any(value == one or value.startswith(one + ".") for one in many)
    if name == "postal_code":
        return any(_postal(value, str(one)) for one in many)
    return value in many


def _postal(value: str, wanted: str) -> bool:
    first, _, last = wanted.partition("-")
    return bool(value) and first <= value <= (last or first)


def first_rule(rules: Sequence[tuple[str, Any]], facts: Facts) -> str:
    """The id of the first rule that fits; a rule without `when` always does."""
    return next(name for name, when in rules if when is None or fits(when, facts))
