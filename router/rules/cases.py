"""Examples with the expected rule, run whenever the table loads (`cases:`).

A case is what arrives and what must come of it. One that comes out otherwise
refuses the table and says what came instead, and at which condition it parted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from router.config_source import Fields, Item
from router.model import Channel, Group
from router.rules.facts import Decision, Facts, History
from router.rules.fields import Names
from router.rules.rule import Rule
from router.rules.staffing import Staffing

if TYPE_CHECKING:
    from router.rules.table import RuleTable

TEXTS: Final = (
    "subject", "text", "to", "language", "name", "email", "phone", "cvr", "postal_code", "kle",
    "case_number",
)  # fmt: skip
"""Facts of a case that are plain words, named as in Facts."""
YES_NO: Final = ("callback_wanted", "known_party", "open_now")
PEOPLE: Final = ("open_caseworker", "coordinator", "last_caseworker")
_MOST_TOLD: Final = 20
"""Failing cases that one load tells about."""


@dataclass(frozen=True, slots=True)
class Case:
    """What arrives, and what must come of it."""

    place: Item
    facts: Facts
    staffing: Staffing
    rule: str
    department: str
    caseworker: str
    """An id, `none` for nobody, "" when the case does not say."""
    flags: frozenset[str]
    no_flags: frozenset[str]


def read_cases(item: Item | None, rule: str, names: Names, rule_ids: Iterable[str]) -> list[Case]:
    """The cases of one rule, or (without `rule`) those of the whole table."""
    cases: list[Case] = []
    for entry in item.items() if item is not None else []:
        if entry.kind != "fields":
            text = entry.text()
            if not rule:
                entry.expected("fields with `text` and `rule`")
            elif text is not None:
                facts = Facts(channel=Channel.WEB, text=text)
                cases.append(Case(entry, facts, Staffing(), rule, "", "", frozenset(), frozenset()))
            continue
        fields = entry.fields()
        if fields is None:
            continue
        fields.what = f'case of rule "{rule}"' if rule else "case"
        expected = rule or _word(fields, "rule", rule_ids, "rule", needed=True)
        case = _case(entry, fields, expected, names)
        fields.close()
        if case is not None:
            cases.append(case)
    return cases


def _case(place: Item, fields: Fields, rule: str, names: Names) -> Case | None:
    before = len(place.reading.problems)
    known: dict[str, Any] = {}
    for name in TEXTS:
        item = fields.get(name)
        if item is not None:
            known[name] = item.text() or ""
    for name in YES_NO:
        item = fields.get(name)
        if item is not None:
            known[name] = item.yes() is True
    known["menu"] = _word(fields, "menu", names.departments, "department")
    group = _word(fields, "group", list(Group), "group")
    history = {"open_department": _word(fields, "open_department", names.departments, "department")}
    for name in PEOPLE:
        history[name] = _word(fields, name, names.caseworkers, "caseworker")
    staffing = Staffing(
        closed_departments=_words(fields, "closed", names.departments, "department"),
        off_duty=_words(fields, "off_duty", names.caseworkers, "caseworker"),
        absent=_words(fields, "absent", names.caseworkers, "caseworker"),
        full=_words(fields, "full", names.caseworkers, "caseworker"),
        full_departments=_words(fields, "full_departments", names.departments, "department"),
    )
    channel = _word(fields, "channel", list(Channel), "channel")
    case = Case(
        place=place,
        facts=Facts(
            channel=Channel(channel or "web"),
            group=Group(group) if group else None,
            history=History(**history) if any(history.values()) else None,
            **known,
        )
        if len(place.reading.problems) == before
        else Facts(channel=Channel.WEB),
        staffing=staffing,
        rule=rule,
        department=_word(fields, "department", names.departments, "department"),
        caseworker=_word(fields, "caseworker", [*names.caseworkers, "none"], "caseworker"),
        flags=_words(fields, "flags", names.flags, "flag"),
        no_flags=_words(fields, "no_flags", names.flags, "flag"),
    )
    fields.get("note")
    return case if len(place.reading.problems) == before else None


def _word(
    fields: Fields, name: str, known: Iterable[str], kind: str, *, needed: bool = False
) -> str:
    item = fields.need(name) if needed else fields.get(name)
    return (item.choice(known, kind) or "") if item is not None else ""


def _words(fields: Fields, name: str, known: Iterable[str], kind: str) -> frozenset[str]:
    item = fields.get(name)
    choices = list(known)
    words = [entry.choice(choices, kind) for entry in item.items()] if item is not None else []
    return frozenset(word for word in words if word)


def run_cases(table: RuleTable, cases: Sequence[Case]) -> None:
    """Try every case; a problem is noted at each that comes out otherwise."""
    rules = {rule.id: (number, rule) for number, rule in enumerate(table.rules)}
    failed = 0
    for case in cases:
        decision = table.decide(case.facts, case.staffing)
        told = _wrong(table, case, decision, rules)
        if told:
            failed += 1
            if failed <= _MOST_TOLD:
                case.place.problem(told)
    if failed > _MOST_TOLD:
        cases[-1].place.problem(f"{failed - _MOST_TOLD} more cases come out otherwise.")


def _wrong(
    table: RuleTable,
    case: Case,
    decision: Decision,
    rules: Mapping[str, tuple[int, Rule]],
) -> str:
    """What is not as the case wants it, or ""."""
    if decision.rule_id != case.rule:
        return _other_rule(table, case, decision, rules)
    if case.department and decision.department != case.department:
        return (
            f'this case expects the department "{case.department}", but rule "{case.rule}"'
            f' gives it to "{decision.department}".{_skipped(decision)}'
        )
    caseworker = decision.caseworker or "none"
    if case.caseworker and caseworker != case.caseworker:
        return (
            f'this case expects the caseworker "{case.caseworker}", but rule "{case.rule}"'
            f' asks "{caseworker}".{_skipped(decision)}'
        )
    missing = sorted(case.flags - decision.flags)
    if missing:
        return f"this case expects the flag {', '.join(missing)}, which the text does not get."
    surplus = sorted(case.no_flags & decision.flags)
    if surplus:
        return f"this case expects no flag {', '.join(surplus)}, but the text gets it."
    return ""


def _other_rule(
    table: RuleTable,
    case: Case,
    decision: Decision,
    rules: Mapping[str, tuple[int, Rule]],
) -> str:
    number, _ = rules[case.rule]
    taken, rule = rules[decision.rule_id]
    told = (
        f'this case expects rule "{case.rule}", but rule "{rule.id}" ({rule.file}:{rule.line})'
        f' took it and gave it to "{decision.department}".'
    )
    if taken < number:
        return told + f' That rule stands above "{case.rule}", and all of its conditions hold.'
    step = table.trace(decision.explanation)[number]
    return told + f' "{case.rule}" did not fit: {step["failed"]["en"]} ({step["failed"]["da"]}).'


def _skipped(decision: Decision) -> str:
    skipped = [
        f"{entry.get('caseworker') or entry['department']} {entry['why']['en']}"
        for entry in decision.explanation.get("skipped", ())
    ]
    return f" Passed over: {'; '.join(skipped)}." if skipped else ""
