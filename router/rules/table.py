"""The rule table: ordered, first match wins, the last rule always matches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from router.model import Channel
from router.rules.facts import Decision, Facts, History, Step
from router.rules.fields import FIELDS
from router.rules.index import CandidateIndex, FailureIndex
from router.rules.lists import SenderLists
from router.rules.marks import OTHER_AUTHORITY
from router.rules.nodes import AnyOf, Node
from router.rules.rule import FOUND, Rule
from router.rules.sentences import Labels
from router.rules.situation import Situation
from router.rules.staffing import Staffing
from router.rules.targets import FROM_TEXT, Resolved, Targets
from router.rules.trace import Narrator, card_of
from router.rules.understanding import Reader, Understanding

if TYPE_CHECKING:
    from router.config_organisation import Caseworker, Department

_SILENCE: Final = Understanding()
_SOMEBODY_ELSE: Final = {"da": "en anden myndighed", "en": "another authority"}
"""What a text that is not there says. Nobody changes it."""


class RuleTable:
    """Answers who gets a contact. Pure towards its caller, never fails; for one thread."""

    def __init__(
        self,
        rules: Sequence[Rule],
        reader: Reader,
        departments: Mapping[str, Department],
        caseworkers: Mapping[str, Caseworker],
        lists: SenderLists,
        subjects: Mapping[tuple[str, str], Mapping[str, str]],
        labels: Labels,
        version: str,
    ) -> None:
        """`subjects`: names by (department, id). The last of `rules` has no conditions
        and names its department."""
        self.rules: Final = tuple(rules)
        self.version: Final = version
        self.labels: Final = labels
        self._reader = reader
        self._departments = departments
        self._caseworkers = caseworkers
        self._lists = lists
        self._subjects = subjects
        nodes = [rule.nodes for rule in self.rules]
        self._index = CandidateIndex(nodes)
        self._nodes = nodes
        self._failures: FailureIndex | None = None
        self._card: dict[str, Any] | None = None
        self._narrator: Narrator | None = None
        self._targets = Targets(departments, caseworkers, self.rules[-1].department)
        self._by_text: Final = tuple(map(_needs_text, self.rules))
        self._plain: Final = tuple(
            Resolved(Step(rule.department)) if rule.targets[0].is_plain else None
            for rule in self.rules
        )
        """What rules that name their department come to, whatever the situation."""
        targets = [target for rule in self.rules for target in rule.targets]
        self.asks_who_is_there: Final = any(target.asks_who_is_there for target in targets)
        """Whether `staffing` makes a difference to any decision."""
        self.asks_load: Final = any(target.asks_load for target in targets)
        """Whether its numbers of open contacts do."""

    def decide(self, facts: Facts, staffing: Staffing | None = None) -> Decision:
        """Route one arrival. The first rule that fits, and can name a department, wins.

        `staffing`: who is there now; without it everybody is.
        """
        silent = not (facts.text or facts.subject)
        situation = self._situation(facts, silent)
        found = situation.found
        index = self._index
        residual, size = index.residual, index.size
        mask = index.candidates(situation, silent)
        while True:
            place = mask.bit_length()
            number = size - place
            for test in residual[number]:
                if not test(situation):
                    break
            else:
                resolved = self._plain[number] or self._targets.resolve(
                    self.rules[number].targets, situation, staffing or Staffing.unknown()
                )
                if resolved is not None:
                    break
            mask ^= 1 << (place - 1)
        rule = self.rules[number]
        first = resolved.first
        department = first.department
        certainty = situation.certainty
        if self._by_text[number]:
            confidence = _confidence(found, situation, department)
            confident = certainty == "sure" and situation.topic == department
        else:
            confidence, confident = 1.0, True
        forward_to = rule.forward_to
        return Decision(
            department,
            first.caseworker,
            rule.id,
            self.version,
            confidence,
            situation.flags,
            facts.group or found.group,
            rule.priority,
            found.candidates,
            certainty,
            confident,
            situation.language,
            first.wait,
            resolved.plan,
            rule.role,
            rule.promise,
            situation.authority if forward_to == FOUND else forward_to,
            self._filled(rule.tell, department, situation) if rule.tell else rule.tell,
            found.wish,
            found.secondary,
            found.caseworkers,
            _Told(self, number, situation, resolved),
        )

    def trace(self, explanation: Mapping[str, Any]) -> list[dict[str, Any]]:
        """An explanation of a decision of this table as sentences; see `trace_from_card`."""
        if self._narrator is None:
            self._narrator = Narrator(self.card())
        return self._narrator.tell(explanation)

    def card(self) -> dict[str, Any]:
        """What this table looks like: ids, conditions, names. As JSON can hold it."""
        if self._card is None:
            self._card = card_of(self.version, self.rules, self.labels)
        return self._card

    def tried(self, situation: Situation, number: int) -> list[int]:
        """Of each rule before `number` the condition that failed first."""
        if self._failures is None:
            self._failures = FailureIndex(self._nodes)
        return self._failures.first_failures(situation, number)

    def why(self, number: int, department: str, situation: Situation) -> Mapping[str, str]:
        """One plain sentence per language, in the municipality's own words."""
        return self._filled(self.rules[number].why, department, situation)

    def fitting(self, facts: Facts, rule_ids: Collection[str]) -> list[str]:
        """Those of `rule_ids` whose conditions all hold, whatever stands before them."""
        silent = not (facts.text or facts.subject)
        situation = self._situation(facts, silent)
        mask = self._index.candidates(situation, silent)
        return [
            rule.id
            for number, rule in enumerate(self.rules)
            if rule.id in rule_ids
            and mask >> (self._index.size - 1 - number) & 1
            and all(test(situation) for test in self._index.residual[number])
        ]

    def _situation(self, facts: Facts, silent: bool) -> Situation:
        found = _SILENCE if silent else self._read(facts)
        menu = facts.menu if facts.menu in self._departments else ""
        if facts.history is not None:
            facts = self._with_known_history(facts)
        return Situation(facts, found, menu, self._lists, silent)

    def _read(self, facts: Facts) -> Understanding:
        return self._reader.read(
            facts.subject,
            facts.text,
            spoken=facts.channel is Channel.PHONE,
            email=facts.email,
            language=facts.language,
        )

    def _with_known_history(self, facts: Facts) -> Facts:
        """History may name who has left; rules are only asked about who is there."""
        history = facts.history
        if history is None:
            return facts
        people, departments = self._caseworkers, self._departments
        if (
            (not history.open_department or history.open_department in departments)
            and (not history.open_caseworker or history.open_caseworker in people)
            and (not history.coordinator or history.coordinator in people)
            and (not history.last_caseworker or history.last_caseworker in people)
        ):
            return facts
        known = History(
            history.open_department if history.open_department in departments else "",
            history.open_caseworker if history.open_caseworker in people else "",
            history.coordinator if history.coordinator in people else "",
            history.last_caseworker if history.last_caseworker in people else "",
        )
        return replace(facts, history=known)

    def _filled(
        self, texts: Mapping[str, str], department: str, situation: Situation
    ) -> Mapping[str, str]:
        names = self._departments[department].name
        topic = names
        if situation.topic == department:
            topic = self._subjects.get((department, situation.subject), names)
        elsewhere = _SOMEBODY_ELSE if OTHER_AUTHORITY in situation.flags else names
        authority = self.labels["authority"].get(situation.authority, elsewhere)
        return {
            language: text.replace("{department}", names.get(language) or names["da"])
            .replace("{subject}", topic.get(language) or topic["da"])
            .replace("{authority}", authority.get(language) or authority["da"])
            for language, text in texts.items()
        }


def _confidence(found: Understanding, situation: Situation, department: str) -> float:
    """How sure the text makes us of `department`, whichever rule gave it."""
    if situation.topic == department:
        return situation.confidence
    return min(1.0, next((p for name, p in found.candidates if name == department), 0.0))


def _needs_text(rule: Rule) -> bool:
    """Whether a rule's answer hangs on what the text was understood as."""
    return (
        not rule.nodes
        or any(target.department == FROM_TEXT for target in rule.targets)
        or any(map(_asks_text, rule.nodes))
    )


def _asks_text(node: Node) -> bool:
    if isinstance(node, AnyOf):
        return any(_asks_text(inner) for group in node.groups for inner in group)
    return FIELDS[node.field].from_text and node.field != "length"


class _Told:
    """A decision's explanation, put together when it is asked for."""

    __slots__ = ("_number", "_resolved", "_situation", "_table", "_told")

    def __init__(
        self, table: RuleTable, number: int, situation: Situation, resolved: Resolved
    ) -> None:
        self._table = table
        self._number = number
        self._situation = situation
        self._resolved = resolved
        self._told: dict[str, Any] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Told) and self.told() == other.told()

    __hash__ = None  # type: ignore[assignment]  # equal by content, which is a dict

    def told(self) -> dict[str, Any]:
        """See `Decision.explanation`."""
        if self._told is None:
            self._told = self._tell()
        return self._told

    def _tell(self) -> dict[str, Any]:
        situation, found, first = self._situation, self._situation.found, self._resolved.first
        told: dict[str, Any] = {
            "tried": self._table.tried(situation, self._number),
            "facts": _facts(situation),
            "found": _found(situation),
            "words": found.words,
            "why": self._table.why(self._number, first.department, situation),
            "certainty": situation.certainty,
            "candidates": [list(candidate) for candidate in found.candidates],
        }
        if self._resolved.skipped:
            told["skipped"] = list(self._resolved.skipped)
        if self._resolved.plan:
            told["plan"] = [
                {
                    "department": step.department,
                    "caseworker": step.caseworker,
                    "minutes": None if step.wait is None else int(step.wait.total_seconds() // 60),
                }
                for step in self._resolved.plan
            ]
        if found.caseworkers:
            told["caseworkers"] = list(found.caseworkers)
        if situation.authority:
            told["authority"] = situation.authority
        if found.cut:
            told["cut"] = True
        return told


def _facts(situation: Situation) -> dict[str, Any]:
    """What was known besides the text, as it was given; nothing that names a person."""
    facts = situation.facts
    told: dict[str, Any] = {
        "channel": str(facts.channel),
        "to": facts.to,
        "menu": facts.menu,
        "group": str(facts.group) if facts.group else None,
        "language": facts.language,
        "callback_wanted": facts.callback_wanted,
        "known_party": facts.known_party,
        "open_now": facts.open_now,
    }
    if facts.postal_code:
        told["postal_code"] = facts.postal_code
    if facts.kle:
        told["kle"] = facts.kle
    if facts.history is not None:
        told["history"] = asdict(facts.history)
    return told


def _found(situation: Situation) -> dict[str, Any]:
    """What the text came to, in words of our own vocabulary."""
    return {
        "group": str(situation.group),
        "language": situation.language,
        "topic": situation.topic,
        "subject": situation.subject,
        "certainty": situation.certainty,
        "confidence": situation.confidence,
        "secondary": sorted(situation.secondary),
        "flags": sorted(situation.flags),
        "caseworker_named": situation.caseworker_named,
        "authority": situation.authority,
        "kle": sorted(situation.kle),
        "sender_in": sorted(situation.sender_in),
        "length": situation.length,
    }
