"""Reading the lines of a `when`: field, operator, values, each checked.

A condition is data with a description; there are no expressions to write and
none to run. Patterns are RE2's, which cannot back-track.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import re2  # type: ignore[import-untyped]  # ships no types

from router.config_source import Item, did_you_mean
from router.rules.fields import (
    FIELDS,
    KIND_OF,
    LONGEST_PATTERN,
    OPERATORS,
    SHORT,
    SINGLE,
    Field,
    Names,
)
from router.rules.nodes import HAS, IN, LIKE, Atom, Check, Node, any_of, atom, negate

DEEPEST: Final = 12
_MOST_VALUES: Final = 5_000
"""Values in one condition; a longer list belongs into lists.yaml."""
_PATTERN_MEMORY: Final = 256 * 1024
_LANGUAGE: Final = re.compile("[a-z]{2}")
_CODE: Final = re.compile(r"\d{4}")
_RANGE: Final = re.compile(r"(\d{4})\s*[-–]\s*(\d{4})")
_KLE: Final = re.compile(r"\d\d(?:\.\d\d){0,2}")
_POSITIVE: Final[Mapping[str, str]] = {
    "is_not": "is",
    "none_of": "one_of",
    "has_none": "has_any",
}
"""Operators that are the opposite of another. For phrases none_of is that of any_of."""


def read_when(item: Item, names: Names, depth: int = 0) -> list[Node]:
    """What must all hold: fields of a mapping, or the entries of a list."""
    if depth > DEEPEST:
        item.problem(f"all/any/not are nested more than {DEEPEST} deep.")
        return []
    if item.kind == "list":
        return [node for entry in item.items() for node in read_when(entry, names, depth + 1)]
    fields = item.fields()
    if fields is None:
        return []
    found: list[Node] = []
    for name, place, value in fields.each():
        if name == "all":
            found.extend(read_when(value, names, depth + 1))
        elif name == "any":
            found.extend(_any(value, names, depth))
        elif name == "not":
            nodes = read_when(value, names, depth + 1)
            found.extend(negate(nodes) if nodes else [])
        else:
            found.extend(_tests(place, value, names))
    return found


def _any(value: Item, names: Names, depth: int) -> list[Node]:
    """One of several. A mapping under `any` offers each of its fields."""
    groups: list[list[Node]] = []
    if value.kind == "list":
        groups = [read_when(entry, names, depth + 1) for entry in value.items()]
    elif (fields := value.fields()) is not None:
        for name, place, inner in fields.each():
            if name == "any":
                groups.append(_any(inner, names, depth + 1))
            elif name in ("all", "not"):
                nodes = read_when(inner, names, depth + 1)
                groups.append(negate(nodes) if name == "not" and nodes else nodes)
            else:
                groups.append(_tests(place, inner, names))
    groups = [group for group in groups if group]
    return [any_of(groups)] if groups else []


def _tests(name: Item, value: Item, names: Names) -> list[Node]:
    """The tests that one line of a `when` asks for; problems are noted."""
    field = FIELDS.get(name.raw)
    if field is None:
        name.problem(
            f'a rule cannot ask for "{name.raw}".'
            f"{did_you_mean(name.raw, [*FIELDS, 'all', 'any', 'not'])}"
        )
        return []
    if value.kind != "fields":
        short = SHORT[field.kind][value.kind == "list"]
        return _test(name.raw, field, short, value, names)
    inner = value.fields()
    if inner is None or not inner.entries:
        value.problem(f'"{name.raw}" asks for nothing; give an operator and a value.')
        return []
    nodes: list[Node] = []
    for operator, place, operand in inner.each():
        if operator not in OPERATORS[field.kind]:
            place.problem(
                f'unknown operator "{operator}" for "{name.raw}".'
                f"{did_you_mean(operator, OPERATORS[field.kind])}"
            )
            continue
        nodes.extend(_test(name.raw, field, operator, operand, names))
    return nodes


def _test(name: str, field: Field, operator: str, operand: Item, names: Names) -> list[Node]:
    if operator == "given":
        wanted = operand.yes()
        if wanted is None:
            return []
        # A set is given when there is anything in it.
        missing = atom(name, IN, [_nothing(field)])
        return [missing.negated() if wanted else missing]
    if field.kind == "yes/no":
        wanted = operand.yes()
        return [] if wanted is None else [atom(name, IN, [wanted])]
    if field.kind == "number":
        limit = operand.number(0, 1_000_000)
        return [] if limit is None else [atom(name, operator, [limit])]
    if field.kind == "phrases":
        return _phrases(name, operator, operand, names)
    values = _written(name, field, operator, operand, names)
    if not values:
        return []
    positive = _POSITIVE.get(operator, operator)
    node = _positive(name, field, positive, values)
    if operator == "has_all":
        return [atom(name, HAS, [value]) for value in values]
    return [node if positive == operator else node.negated()]


def _nothing(field: Field) -> Any:
    return frozenset() if field.kind == "KLE number" else ""


def _positive(name: str, field: Field, operator: str, values: list[str]) -> Atom:
    if field.kind == "set" or (field.kind == "KLE number"):
        return atom(name, HAS, values)
    if field.kind == "postal code":
        codes = [code for value in values for code in _codes(value, operator)]
        return atom(name, IN, codes, shown=[_prefix(value, operator) for value in values])
    if operator in ("is", "one_of"):
        return atom(name, IN, values)
    return atom(name, LIKE, values, operator=operator, like=_like(operator, values))


def _like(operator: str, values: list[str]) -> Check:
    parts = tuple(values)
    if operator == "matches":
        fits: Callable[[str], Any] = _pattern(parts[0]).fullmatch
        # What is not there fits no pattern, not even one of nothing.
        return lambda value: value != "" and fits(value) is not None
    checks: dict[str, Check] = {
        "starts_with": lambda value: value.startswith(parts),
        "ends_with": lambda value: value.endswith(parts),
        "contains": lambda value: any(part in value for part in parts),
    }
    return checks[operator]


def _pattern(written: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    return re2.compile(written, options)


def _written(name: str, field: Field, operator: str, operand: Item, names: Names) -> list[str]:
    """The words of the operand, each checked against what it can be."""
    if operator in SINGLE and operand.kind == "list":
        operand.problem(f'"{operator}" takes one value; use a list with "one_of" or "has_any".')
        return []
    entries = operand.items()
    if operand.kind == "list" and not entries:
        operand.problem(f'"{operator}" has an empty list.')
    if len(entries) > _MOST_VALUES:
        operand.problem(
            f'"{operator}" has {len(entries)} values; at most {_MOST_VALUES} can stand here.'
            " Put senders into lists.yaml and ask for `sender_in`."
        )
        return []
    known = list(field.values(names)) if field.values else None
    kind = KIND_OF.get(name, field.label or name)
    values: list[str] = []
    for item in entries:
        word = item.choice(known, kind) if known is not None else item.words()
        if word and (known is not None or _fits(name, field, operator, word, item)):
            values.append(word if known is not None or operator == "matches" else word.lower())
    return values if len(values) == len(entries) else []


def _fits(name: str, field: Field, operator: str, word: str, item: Item) -> bool:
    """Whether a free value has the form of its fact; a problem is noted."""
    if operator == "matches":
        return _is_pattern(word, item)
    if field.kind == "KLE number" and not _KLE.fullmatch(word):
        item.problem(f'"{word}" is no KLE number; write "02", "02.34" or "02.34.02" in quotes.')
        return False
    if name == "language" and not _LANGUAGE.fullmatch(word):
        item.problem(f'"{word}" is no language; two small letters were expected (da, en, de, ar).')
        return False
    if field.kind == "postal code" and not _codes(word, operator):
        item.problem(
            f'"{word}" is no Danish postal code; write "3600", "3600-3650",'
            ' or `starts_with: "36"`, in quotes.'
        )
        return False
    return True


def _is_pattern(word: str, item: Item) -> bool:
    if len(word) > LONGEST_PATTERN:
        item.problem(f"the pattern is longer than {LONGEST_PATTERN} characters.")
        return False
    try:
        _pattern(word)
    except re2.error as error:
        told = error.args[0] if error.args else "unreadable"
        told = told.decode("utf-8", "replace") if isinstance(told, bytes) else told
        item.problem(
            f'the pattern "{word}" cannot be used: {told}.'
            " Look-ahead and back-references are left out on purpose."
        )
        return False
    return True


def _codes(value: str, operator: str) -> list[str]:
    """Every postal code that a value stands for; none when it is wrong."""
    if operator == "starts_with":
        if not (value.isascii() and value.isdigit() and len(value) <= 4):
            return []
        missing = 4 - len(value)
        return [f"{value}{end:0{missing}d}" if missing else value for end in range(10**missing)]
    if _CODE.fullmatch(value):
        return [value]
    found = _RANGE.fullmatch(value)
    if found is None or found.group(1) > found.group(2):
        return []
    return [f"{code:04d}" for code in range(int(found.group(1)), int(found.group(2)) + 1)]


def _prefix(value: str, operator: str) -> str:
    return value.ljust(4, "·") if operator == "starts_with" else value


def _phrases(name: str, operator: str, operand: Item, names: Names) -> list[Node]:
    keys: dict[str, str] = {}
    for item in operand.items():
        word = item.words()
        key = names.add_phrase(item, word) if word else ""
        if key and word:
            keys[key] = word
    if operand.kind == "list" and not operand.items():
        operand.problem(f'"{operator}" has an empty list.')
    if not keys:
        return []
    if operator == "all_of":
        return [atom(name, HAS, [key], shown=[word]) for key, word in keys.items()]
    node = atom(name, HAS, list(keys), shown=list(keys.values()))
    return [node.negated() if operator == "none_of" else node]
