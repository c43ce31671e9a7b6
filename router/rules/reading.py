"""Reading rules.yaml: every rule checked, every problem noted with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Final

from router.config_source import Fields, Item, did_you_mean
from router.rules.conditions import FIELDS, Atom, Names, Test, read_test
from router.rules.table import FROM_MENU, FROM_TEXT, NAMED, OF_CASEWORKER, Condition, Rule

_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDERS: Final = ("department", "subject", "authority")
_ROLES: Final = ("authority", "service", "facilitator", "partner")
_DEEPEST: Final = 12
_PAIRWISE: Final = 400
"""Up to this many rules each is compared with each; above, only equal tests count."""
_MOST_TESTS: Final = 5


def read_id(item: Item | None) -> str:
    """An id: small letters, digits, hyphen and underscore. "" when wrong."""
    word = item.words() if item is not None else None
    if word is None or item is None:
        return ""
    if _ID.fullmatch(word):
        return word
    item.problem(f'"{word}" is no id: use small letters a-z, digits, - and _ (at most 60).')
    return ""


def read_rules(top: Fields, names: Names) -> list[Rule]:
    """All rules of the table, in order."""
    listed = top.need("rules")
    items = listed.items() if listed is not None else []
    rules: list[Rule] = []
    lines: dict[str, int] = {}
    default: Rule | None = None
    for item in items:
        fields = item.fields()
        if fields is None:
            continue
        rule_id = read_id(fields.need("id"))
        fields.what = f'rule "{rule_id}"' if rule_id else item.what
        if rule_id and rule_id in lines:
            fields.problem(f'the rule id "{rule_id}" is already used on line {lines[rule_id]}.')
        lines.setdefault(rule_id, item.line)
        if default is not None:
            fields.problem(
                f'{fields.what} can never be reached: it comes after the default "{default.id}".'
                " Move it up."
            )
        rule = _rule(rule_id, item.line, fields, names)
        if rule is None:
            continue
        if fields.get("default") is not None and default is None:
            default = rule
        fields.close()
        rules.append(rule)
    if listed is not None and default is None:
        listed.problem(
            "the default is missing: end the list with a rule that has `default: true`,"
            " no `when`, and a department that takes whatever nobody else does."
        )
    _unreachable(top, rules)
    return rules


def _rule(rule_id: str, line: int, fields: Fields, names: Names) -> Rule | None:
    when, is_default = fields.get("when"), fields.get("default")
    conditions: list[Condition] = []
    if is_default is not None:
        if is_default.yes() is False:
            is_default.problem("`default` is either true or left out.")
        if when is not None:
            when.problem(f"{fields.what} is the default and has no `when`; it takes what is left.")
    elif when is None:
        fields.problem(f"{fields.what}: `when` is missing (only the default goes without).")
    else:
        conditions = _conditions(rule_id, when, names)
    department, caseworker = _target(fields, names, is_default is not None)
    priority_item, role_item = fields.get("priority"), fields.get("role")
    priority = priority_item.whole(0, 100) if priority_item is not None else 0
    role = role_item.choice(_ROLES, "role") if role_item is not None else ""
    why = fields.languages("why")
    place = fields.get("why")
    for sentence in why.values():
        for word in _PLACEHOLDER.findall(sentence):
            if word not in _PLACEHOLDERS and place is not None:
                place.problem(f"unknown {{{word}}} in `why`.{did_you_mean(word, _PLACEHOLDERS)}")
    fields.get("note")
    if not department:
        fields.close()
        return None
    return Rule(
        rule_id, line, tuple(conditions), department, caseworker, priority or 0, role or "", why
    )


def _target(fields: Fields, names: Names, is_default: bool) -> tuple[str, str]:
    """Department and caseworker of `to`, which is a department or fields."""
    item = fields.need("to")
    if item is None:
        return "", ""
    special = () if is_default else (FROM_MENU, FROM_TEXT, OF_CASEWORKER)
    allowed = [*names.departments, *special]
    if item.kind != "fields":
        return item.choice(allowed, "department") or "", ""
    inner = item.fields()
    if inner is None:
        return "", ""
    inner.what = f"{fields.what}, to"
    department_item = inner.need("department")
    department = department_item.choice(allowed, "department") if department_item else None
    caseworker_item = inner.get("caseworker")
    caseworker = (
        caseworker_item.choice([*names.caseworkers, NAMED], "caseworker")
        if caseworker_item is not None
        else ""
    )
    inner.close()
    return department or "", caseworker or ""


def _conditions(rule_id: str, when: Item, names: Names) -> list[Condition]:
    """The top-level conditions; a rule names the first of them that failed."""
    parts = _parts(when, names, 0)
    if not parts and when.is_empty:
        when.problem("`when` is empty; only the default matches everything.")
    return [
        Condition(
            part.test,
            {"rule": rule_id, "failed": {"en": part.en, "da": part.da}},
            frozenset([part.key]) if part.key[0] in FIELDS else None,
        )
        for part in parts
    ]


def _parts(item: Item, names: Names, depth: int) -> list[Atom]:
    """What must all hold: fields of a mapping, or the entries of a list."""
    if depth > _DEEPEST:
        item.problem(f"all/any/not are nested more than {_DEEPEST} deep.")
        return []
    if item.kind == "list":
        return [atom for entry in item.items() for atom in _parts(entry, names, depth + 1)]
    fields = item.fields()
    if fields is None:
        return []
    found: list[Atom] = []
    for name, place, value in fields.each():
        if name == "all":
            found.extend(_parts(value, names, depth + 1))
        elif name == "any":
            found.extend(_any(value, names, depth))
        elif name == "not":
            found.extend(_not(value, names, depth))
        else:
            found.extend(read_test(place, value, names))
    return found


def _any(value: Item, names: Names, depth: int) -> list[Atom]:
    """One of several. A mapping under `any` offers each of its fields."""
    groups: list[list[Atom]]
    if value.kind == "list":
        groups = [_parts(entry, names, depth + 1) for entry in value.items()]
    else:
        groups = [[atom] for atom in _parts(value, names, depth + 1)]
    groups = [group for group in groups if group]
    if not groups:
        return []
    tests = tuple(_all_of(group) for group in groups)
    en = " or ".join(" and ".join(atom.en for atom in group) for group in groups)
    da = " eller ".join(" og ".join(atom.da for atom in group) for group in groups)
    return [Atom(lambda s: any(test(s) for test in tests), _nested("any", en), en, da)]


def _not(value: Item, names: Names, depth: int) -> list[Atom]:
    group = _parts(value, names, depth + 1)
    if not group:
        return []
    test = _all_of(group)
    en = "not: " + " and ".join(atom.en for atom in group)
    da = "ikke: " + " og ".join(atom.da for atom in group)
    return [Atom(lambda s: not test(s), _nested("not", en), en, da)]


def _all_of(group: Sequence[Atom]) -> Test:
    if len(group) == 1:
        return group[0].test
    tests = tuple(atom.test for atom in group)
    return lambda s: all(test(s) for test in tests)


def _nested(kind: str, description: str) -> tuple[str, str, frozenset[str]]:
    return (kind, "", frozenset([description]))


Key = tuple[str, str, frozenset[str]]


def _unreachable(top: Fields, rules: Sequence[Rule]) -> None:
    """Note rules that cannot match: contradictory, or always caught before."""
    earlier: dict[frozenset[Key], Rule] = {}
    for number, rule in enumerate(rules):
        if not rule.conditions:
            continue
        keys = frozenset(
            key
            for condition in rule.conditions
            for key in (condition.keys or [("", "", frozenset([str(condition.failed["failed"])]))])
        )
        clash = _contradiction(keys)
        if clash:
            _at(top, rule, f'can never match: "{clash}" is asked to be two things at once.')
        by = _caught_by(keys, earlier, number <= _PAIRWISE)
        if by is not None:
            _at(top, rule, f'can never be reached: rule "{by.id}" on line {by.line} takes it all.')
        earlier.setdefault(keys, rule)


def _caught_by(
    keys: frozenset[Key], earlier: dict[frozenset[Key], Rule], pairwise: bool
) -> Rule | None:
    """The earlier rule that matches whenever `keys` do."""
    if not pairwise:
        ordered = list(keys)[:_MOST_TESTS]
        for size in range(1, len(ordered) + 1):
            for some in combinations(ordered, size):
                if frozenset(some) in earlier:
                    return earlier[frozenset(some)]
        return None
    for theirs, rule in earlier.items():
        if all(any(_implies(key, their) for key in keys) for their in theirs):
            return rule
    return None


def _implies(key: Key, other: Key) -> bool:
    """Whether `key` holding makes `other` hold."""
    if key == other:
        return True
    if key[:2] == other[:2]:
        if key[1] in ("one_of", "has_any", "any_of"):
            return key[2] <= other[2]
        if key[1] in ("none_of", "has_none", "has_all", "all_of"):
            return key[2] >= other[2]
    return (
        key[0] == other[0]
        and key[1] == "one_of"
        and other[1] == "given"
        and other[2] == frozenset(["True"])
    )


def _contradiction(keys: frozenset[Key]) -> str:
    """The field that is asked to be two different things, or ""."""
    allowed: dict[str, frozenset[str]] = {}
    for name, operator, values in keys:
        if operator in ("one_of", "is") and name in FIELDS and FIELDS[name].kind != "text":
            allowed[name] = allowed[name] & values if name in allowed else values
    return next((name for name, values in allowed.items() if not values), "")


def _at(top: Fields, rule: Rule, text: str) -> None:
    listed = top.get("rules")
    if listed is None:
        return
    for item in listed.items():
        if item.line == rule.line:
            item.problem(f'rule "{rule.id}" {text}')
            return
