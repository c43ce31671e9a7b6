"""The rule table: ordered, first match wins, the last rule always matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from router.model import Channel
from router.rules.conditions import Situation, Test
from router.rules.facts import Decision, Facts
from router.rules.understanding import Reader

FROM_MENU: Final = "from_menu"
FROM_TEXT: Final = "from_text"
OF_CASEWORKER: Final = "of_caseworker"
NAMED: Final = "named"
_WHYS: Final = 4096


@dataclass(frozen=True, slots=True)
class Condition:
    """A top-level part of `when`, with how its failing is told."""

    test: Test
    failed: Mapping[str, Any]
    """Ready for the trace: {rule, failed: {da, en}}."""
    keys: frozenset[tuple[str, str, frozenset[str]]] | None
    """What it tests, when it is one plain test; None for any/not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    id: str
    line: int
    conditions: tuple[Condition, ...]
    department: str
    """A department id, or FROM_MENU, FROM_TEXT, OF_CASEWORKER."""
    caseworker: str
    """A caseworker id, NAMED, or "" for nobody yet."""
    priority: int
    role: str
    why: Mapping[str, str]


class RuleTable:
    """Answers who gets a contact. Pure towards its caller, never fails; for one thread."""

    def __init__(
        self,
        rules: Sequence[Rule],
        reader: Reader,
        departments: Mapping[str, Mapping[str, str]],
        department_of: Mapping[str, str],
        subjects: Mapping[tuple[str, str], Mapping[str, str]],
        authorities: Mapping[str, Mapping[str, str]],
        version: str,
    ) -> None:
        """`departments` and `authorities` give names per language, `department_of`
        the department of each caseworker, `subjects` names by (department, id).
        The last of `rules` has no conditions and names its department."""
        self.rules = tuple(rules)
        self.version = version
        self._reader = reader
        self._departments = departments
        self._department_of = department_of
        self._subjects = subjects
        self._authorities = authorities
        self._whys: dict[tuple[str, ...], Mapping[str, str]] = {}

    def decide(self, facts: Facts) -> Decision:
        """Route one arrival. The first rule that fits, and can name a department, wins."""
        found = self._reader.read(facts.subject, facts.text, spoken=facts.channel is Channel.PHONE)
        if facts.callback_wanted:
            found.flags.add("callback_requested")
        menu = facts.menu if facts.menu in self._departments else ""
        situation = Situation(facts, found, menu, len(facts.text) + len(facts.subject))
        trace: list[Mapping[str, Any]] = []
        rule = self.rules[-1]
        department = rule.department
        for candidate in self.rules:
            for condition in candidate.conditions:
                if not condition.test(situation):
                    trace.append(condition.failed)
                    break
            else:
                department = self._department(candidate, situation)
                if department:
                    rule = candidate
                    break
                trace.append({"rule": candidate.id, "failed": _NO_DEPARTMENT})
        trace.append({"rule": rule.id, "matched": True})
        caseworker = rule.caseworker
        if caseworker == NAMED:
            caseworker = situation.caseworker_named
        by_text = rule.department == FROM_TEXT or len(rule.conditions) == 0
        explanation: dict[str, Any] = {
            "trace": trace,
            "words": found.words,
            "why": self._why(rule, department, situation),
        }
        if found.authority:
            explanation["authority"] = found.authority
        if found.cut:
            explanation["cut"] = True
        return Decision(
            department=department,
            caseworker=caseworker or None,
            rule_id=rule.id,
            table_version=self.version,
            confidence=found.confidence if by_text else 1.0,
            flags=frozenset(found.flags),
            group=facts.group or found.group,
            priority=rule.priority,
            candidates=found.candidates,
            explanation=explanation,
        )

    def _department(self, rule: Rule, situation: Situation) -> str:
        if rule.department == FROM_TEXT:
            return situation.topic
        if rule.department == FROM_MENU:
            return situation.menu
        if rule.department == OF_CASEWORKER:
            return self._department_of.get(situation.caseworker_named, "")
        return rule.department

    def _why(self, rule: Rule, department: str, situation: Situation) -> Mapping[str, str]:
        """One plain sentence per language, in the municipality's own words."""
        subject = situation.subject if situation.topic == department else ""
        key = (rule.id, department, subject, situation.authority)
        known = self._whys.get(key)
        if known is None:
            if len(self._whys) > _WHYS:
                self._whys.clear()
            names = self._departments[department]
            topic = self._subjects.get((department, subject), names)
            authority = self._authorities.get(situation.authority, names)
            known = self._whys[key] = {
                language: sentence.replace("{department}", names.get(language) or names["da"])
                .replace("{subject}", topic.get(language) or topic["da"])
                .replace("{authority}", authority.get(language) or authority["da"])
                for language, sentence in rule.why.items()
            }
        return known


_NO_DEPARTMENT: Final = {
    "en": "fits, but names no department",
    "da": "passer, men peger ikke på en afdeling",
}
