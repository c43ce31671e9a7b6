"""Routing rules (visitering): from what is known to who has it, and why."""

from __future__ import annotations

from collections.abc import Mapping

from router.config_source import Reading
from router.rules.conditions import Names
from router.rules.facts import Decision, Facts
from router.rules.lexicon import read_lexicon
from router.rules.reading import read_rules
from router.rules.table import RuleTable
from router.rules.understanding import Reader, shown

__all__ = ["Decision", "Facts", "RuleTable", "load_table"]

_FILES = ("rules.yaml", "flags.yaml", "authorities.yaml", "departments/organisation.yaml")


def load_table(
    reading: Reading,
    departments: Mapping[str, Mapping[str, str]],
    caseworkers: Mapping[str, tuple[str, str]],
) -> RuleTable | None:
    """Read the rules and the vocabulary that they use.

    `departments` gives names per language, `caseworkers` (name, department id).
    Problems are noted in `reading`; None when there is no table to speak of.
    """
    lexicon = read_lexicon(reading, departments, {k: name for k, (name, _) in caseworkers.items()})
    top = reading.file("rules.yaml")
    rules = []
    if top is not None:
        names = Names(
            departments=frozenset(departments),
            caseworkers=frozenset(caseworkers),
            flags=frozenset(lexicon.flags),
            authorities=frozenset(lexicon.authorities),
            subjects=frozenset(subject for _, subject in lexicon.subjects),
            add_phrase=lexicon.add_phrase,
        )
        rules = read_rules(top, names)
        top.close()
    lexicon.vocabulary.close(shown)
    if not rules or reading.problems:
        return None
    subjects = [name for name in reading.contents if name.startswith("subjects/")]
    return RuleTable(
        rules,
        Reader(lexicon.vocabulary, lexicon.certainty),
        departments,
        {caseworker: department for caseworker, (_, department) in caseworkers.items()},
        lexicon.subjects,
        lexicon.authorities,
        reading.version(*_FILES, *subjects),
    )
