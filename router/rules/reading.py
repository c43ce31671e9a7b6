"""Reading rules.yaml, or the files of rules/: every rule checked, every problem placed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from router.config_source import Fields, Item, Reading, did_you_mean
from router.rules.cases import Case, read_cases
from router.rules.conditions import read_when
from router.rules.fields import Names
from router.rules.nodes import Node
from router.rules.reach import Reach, contradiction
from router.rules.reading_targets import Staff, read_promise, read_targets
from router.rules.reading_words import read_id
from router.rules.rule import FOUND, Rule

__all__ = ["ROLES", "RULES_FILE", "RULES_FOLDER", "Rules", "read_id", "read_rules", "rule_files"]

RULES_FILE: Final = "rules.yaml"
RULES_FOLDER: Final = "rules"
ROLES: Final = ("authority", "service", "facilitator", "partner")
PLACEHOLDERS: Final = ("department", "subject", "authority")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(slots=True)
class Rules:
    """What was read: rules in order, with their places, and all cases."""

    rules: list[Rule] = field(default_factory=list)
    places: list[Fields] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    default_seen: str = ""
    """Id of the default, also when something else is wrong with it."""
    _lines: dict[str, tuple[str, int]] = field(default_factory=dict)
    _waiting: list[tuple[Item, str]] = field(default_factory=list)

    def first_line(self, rule_id: str, file: str, line: int) -> tuple[str, int]:
        """Where an id was used first."""
        return self._lines.setdefault(rule_id, (file, line))

    def keep_cases(self, item: Item | None, rule_id: str) -> None:
        """Cases are read when all rules are known."""
        if item is not None:
            self._waiting.append((item, rule_id))

    def read_kept_cases(self, names: Names) -> None:
        """Read what `keep_cases` kept."""
        for item, rule_id in self._waiting:
            self.cases.extend(read_cases(item, rule_id, names, self._lines))


def rule_files(reading: Reading) -> list[str]:
    """The files that hold the rules, in the order in which they count. Problems are noted."""
    folder = reading.folder / RULES_FOLDER
    found = (
        sorted(f"{RULES_FOLDER}/{path.name}" for path in folder.glob("*.yaml"))
        if folder.is_dir()
        else []
    )
    if found and (reading.folder / RULES_FILE).exists():
        reading.problem(
            RULES_FILE,
            None,
            f"there are rules in {RULES_FILE} and in the folder {RULES_FOLDER}/ ({found[0]}, ...)."
            " Keep one of the two, so that their order is clear.",
        )
        return []
    return found or [RULES_FILE]


def read_rules(reading: Reading, names: Names, staff: Staff) -> Rules:
    """All rules of the table, in order."""
    found = Rules()
    last: Item | None = None
    files = rule_files(reading)
    for name in files:
        top = reading.file(name)
        if top is None:
            found.default_seen = found.default_seen or "?"  # it may stand in the unread file
            continue
        listed = top.need("rules")
        for item in listed.items() if listed is not None else []:
            _read_rule(item, found, names, staff)
        found.keep_cases(top.get("cases"), "")
        top.close()
        last = listed or last
    if files and not found.default_seen and last is not None:
        last.problem(
            "the default is missing: end the list with a rule that has `default: true`,"
            " no `when`, and a department that takes whatever nobody else does."
        )
    if not reading.problems:
        _note_unreachable(found, names)
    found.read_kept_cases(names)
    return found


def _read_rule(item: Item, found: Rules, names: Names, staff: Staff) -> None:
    fields = item.fields()
    if fields is None:
        return
    rule_id = read_id(fields.need("id"))
    fields.what = f'rule "{rule_id}"' if rule_id else item.what
    file, line = found.first_line(rule_id, item.file, item.line)
    if rule_id and (file, line) != (item.file, item.line):
        where = f"line {line}" if file == item.file else f"line {line} of {file}"
        fields.problem(f'the rule id "{rule_id}" is already used on {where}.')
    if found.default_seen and found.default_seen != "?":
        fields.problem(
            f"{fields.what} can never be reached: it comes after the default"
            f' "{found.default_seen}". Move it up.'
        )
    rule = _rule(rule_id, item, fields, names, staff)
    if fields.get("default") is not None and found.default_seen in ("", "?"):
        found.default_seen = rule_id or item.what
    found.keep_cases(fields.get("cases"), rule_id)
    fields.close()
    if rule is not None:
        found.rules.append(rule)
        found.places.append(fields)


def _rule(rule_id: str, item: Item, fields: Fields, names: Names, staff: Staff) -> Rule | None:
    when, is_default = fields.get("when"), fields.get("default")
    nodes: list[Node] = []
    if is_default is not None:
        if is_default.yes() is False:
            is_default.problem("`default` is either true or left out.")
        if when is not None:
            when.problem(f"{fields.what} is the default and has no `when`; it takes what is left.")
    elif when is None:
        fields.problem(f"{fields.what}: `when` is missing (only the default goes without).")
    else:
        nodes = read_when(when, names)
        if not nodes and when.is_empty:
            when.problem("`when` is empty; only the default matches everything.")
    targets = read_targets(fields, staff, is_default is not None)
    priority_item, role_item = fields.get("priority"), fields.get("role")
    priority = priority_item.whole(0, 100) if priority_item is not None else 0
    role = role_item.choice(ROLES, "role") if role_item is not None else ""
    promise = read_promise(fields.get("promise"))
    forward_item = fields.get("forward_to")
    forward_to = (
        forward_item.choice([*names.authorities, FOUND], "authority")
        if forward_item is not None
        else ""
    )
    why = _texts(fields, "why")
    tell = _texts(fields, "tell") if fields.get("tell") is not None else {}
    fields.get("note")
    if not targets:
        return None
    return Rule(
        rule_id,
        item.file,
        item.line,
        tuple(nodes),
        targets,
        priority or 0,
        role or "",
        promise,
        forward_to or "",
        tell,
        why,
    )


def _texts(fields: Fields, name: str) -> Mapping[str, str]:
    """A sentence per language, its placeholders checked."""
    texts = fields.languages(name)
    place = fields.get(name)
    for sentence in texts.values():
        for word in _PLACEHOLDER.findall(sentence):
            if word not in PLACEHOLDERS and place is not None:
                place.problem(f"unknown {{{word}}} in `{name}`.{did_you_mean(word, PLACEHOLDERS)}")
    return texts


def _note_unreachable(found: Rules, names: Names) -> None:
    """Note rules that cannot match: contradictory, or always caught before."""
    reach = Reach(names)
    reach.prepare(rule.nodes for rule in found.rules)
    for rule, place in zip(found.rules, found.places, strict=True):
        if not rule.nodes:
            continue
        clash = contradiction(rule.nodes)
        if clash:
            place.problem(
                f'rule "{rule.id}" can never match: "{clash}" is asked to be two things at once.'
            )
            continue
        catcher = reach.caught_by(rule.nodes)
        if catcher is not None:
            above = catcher.rule
            where = "" if above.file == rule.file else f" of {above.file}"
            together = " together with those above it" if catcher.together else ""
            place.problem(
                f'rule "{rule.id}" can never be reached: rule "{above.id}" on line {above.line}'
                f"{where} takes it all{together}. Move it up, or take it out."
            )
        reach.add(rule)
