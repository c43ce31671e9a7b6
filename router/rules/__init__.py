"""Routing rules (visitering): from what is known to who has it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from router.config_source import Reading
from router.rules.cases import run_cases
from router.rules.facts import Decision, Facts, History, PromiseOrder, Step
from router.rules.fields import Names
from router.rules.lexicon import Lexicon, read_lexicon
from router.rules.lists import LISTS_FILE, SenderLists, read_lists
from router.rules.reading import Rules, read_rules, rule_files
from router.rules.reading_targets import Staff
from router.rules.sentences import Labels
from router.rules.staffing import Staffing
from router.rules.table import RuleTable
from router.rules.trace import trace_from_card
from router.rules.understanding import shown

if TYPE_CHECKING:
    from router.config_organisation import Caseworker, Department

__all__ = [
    "Decision",
    "Facts",
    "History",
    "PromiseOrder",
    "RuleTable",
    "Staffing",
    "Step",
    "load_table",
    "trace_from_card",
]

_FILES = ("flags.yaml", "authorities.yaml", "departments/organisation.yaml")


def load_table(
    reading: Reading,
    departments: Mapping[str, Department],
    caseworkers: Mapping[str, Caseworker],
) -> RuleTable | None:
    """Read the rules and the vocabulary that they use, and try the rules' cases.

    Problems are noted in `reading`; None when there is no table to speak of.
    """
    lexicon = read_lexicon(
        reading, departments, {person.id: person.name for person in caseworkers.values()}
    )
    lists = read_lists(reading)
    skills = frozenset(skill for person in caseworkers.values() for skill in person.skills)
    names = Names(
        departments=frozenset(departments),
        caseworkers=frozenset(caseworkers),
        flags=frozenset(lexicon.flags),
        authorities=frozenset(lexicon.authorities),
        subjects=frozenset(subject for _, subject in lexicon.subjects),
        lists=frozenset(lists.names),
        skills=skills,
        add_phrase=lexicon.add_phrase,
    )
    rules = read_rules(reading, names, Staff(frozenset(departments), caseworkers, skills))
    lexicon.vocabulary.close(shown)
    if not rules.rules or reading.problems:
        return None
    table = _table(reading, lexicon, lists, rules, departments, caseworkers)
    run_cases(table, rules.cases)
    return table


def _table(
    reading: Reading,
    lexicon: Lexicon,
    lists: SenderLists,
    rules: Rules,
    departments: Mapping[str, Department],
    caseworkers: Mapping[str, Caseworker],
) -> RuleTable:
    vocabulary = [name for name in reading.contents if name.startswith("subjects/")]
    more = [LISTS_FILE] if LISTS_FILE in reading.contents else []
    return RuleTable(
        rules.rules,
        lexicon.reader(tuple(departments)),
        departments,
        caseworkers,
        lists,
        lexicon.subjects,
        labels_of(lexicon, lists, departments, caseworkers),
        reading.version(*rule_files(reading), *_FILES, *vocabulary, *more),
    )


def labels_of(
    lexicon: Lexicon,
    lists: SenderLists,
    departments: Mapping[str, Department],
    caseworkers: Mapping[str, Caseworker],
) -> Labels:
    """Names per language of everything that a rule can ask for, for sentences."""
    return {
        "department": {department.id: department.name for department in departments.values()},
        "caseworker": {person.id: {"da": person.name} for person in caseworkers.values()},
        "flag": lexicon.flags,
        "authority": lexicon.authorities,
        "subject": {subject: name for (_, subject), name in lexicon.subjects.items()},
        "list": lists.names,
    }
