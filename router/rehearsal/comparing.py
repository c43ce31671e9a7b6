"""What changes when contacts are decided by other rules: pure, one contact at a time.

Only counts are kept, so a year of contacts takes no more memory than a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from router.rules.facts import Decision

CHILD_CONCERN: Final = "urgent_child_concern"
_SHOWN_LOST: Final = 100
"""References of lost concerns that are kept; the number is counted all the same."""


@dataclass(frozen=True, slots=True)
class Label:
    """Where a contact really belonged, as far as somebody has said."""

    departments: frozenset[str]
    """Any of them is right; the first choice is `department`."""
    department: str
    flags: frozenset[str] | None = None
    """All flags it carries; None when nobody has said."""


@dataclass(frozen=True, slots=True)
class Change:
    """One contact that another table decides differently."""

    reference: str
    old: Decision
    new: Decision
    label: Label | None = None

    @property
    def moved(self) -> bool:
        """Whether it comes to another department."""
        return self.old.department != self.new.department

    @property
    def concern_lost(self) -> bool:
        """Whether a concern for a child is no longer seen."""
        return CHILD_CONCERN in self.old.flags - self.new.flags

    @property
    def words(self) -> tuple[list[str], list[str]]:
        """The words of our vocabulary that only the new, and only the old table found."""
        old, new = _words(self.old), _words(self.new)
        return [w for w in new if w not in old], [w for w in old if w not in new]

    def line(self) -> dict[str, Any]:
        """As a line of JSON. Ids and words of our own vocabulary."""
        gained, lost = self.words
        return {
            "id": self.reference,
            "old": _told(self.old),
            "new": _told(self.new),
            "words_gained": gained,
            "words_lost": lost,
            "flags_gained": sorted(self.new.flags - self.old.flags),
            "flags_lost": sorted(self.old.flags - self.new.flags),
            **({"expected": self.label.department} if self.label is not None else {}),
        }


@dataclass(slots=True)
class Score:
    """How one table does on labelled contacts."""

    labelled: int = 0
    strict: int = 0
    acceptable: int = 0
    confident: int = 0
    confident_wrong: int = 0
    concerns: int = 0
    concerns_found: int = 0
    concerns_false: int = 0
    without_concern: int = 0

    def add(self, decision: Decision, label: Label) -> None:
        """Count one contact."""
        right = decision.department in label.departments
        self.labelled += 1
        self.strict += decision.department == label.department
        self.acceptable += right
        self.confident += decision.confident
        self.confident_wrong += decision.confident and not right
        if label.flags is not None:
            found = CHILD_CONCERN in decision.flags
            if CHILD_CONCERN in label.flags:
                self.concerns += 1
                self.concerns_found += found
            else:
                self.without_concern += 1
                self.concerns_false += found


@dataclass(slots=True)
class Comparison:
    """All that two tables differ in on the contacts that were added."""

    contacts: int = 0
    changed: int = 0
    departments: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Contacts by old and new department; where both are one, it stays."""
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Contacts that another rule decides, by old and new rule."""
    newly_unsure: int = 0
    newly_sure: int = 0
    flags_gained: Counter[str] = field(default_factory=Counter)
    flags_lost: Counter[str] = field(default_factory=Counter)
    caseworkers: int = 0
    """Contacts offered to another caseworker in the same department."""
    concerns_lost: list[str] = field(default_factory=list)
    """References in which a concern for a child is no longer seen, the first of them."""
    fixed: int = 0
    """Labelled contacts that only the new table gives to the right department."""
    broken: int = 0
    """Labelled contacts that only the old table gave to the right department."""
    old_score: Score = field(default_factory=Score)
    new_score: Score = field(default_factory=Score)

    def add(
        self, reference: str, old: Decision, new: Decision, label: Label | None = None
    ) -> Change | None:
        """Count one contact; answers the change, or None when all stays."""
        self.contacts += 1
        self.departments[old.department, new.department] += 1
        if label is not None:
            self.old_score.add(old, label)
            self.new_score.add(new, label)
            was, will_be = (d.department in label.departments for d in (old, new))
            self.fixed += will_be and not was
            self.broken += was and not will_be
        if _outcome(old) == _outcome(new):
            return None
        self.changed += 1
        change = Change(reference, old, new, label)
        if old.rule_id != new.rule_id:
            self.rules[old.rule_id, new.rule_id] += 1
        if not change.moved and old.caseworker != new.caseworker:
            self.caseworkers += 1
        self.newly_unsure += old.confident and not new.confident
        self.newly_sure += new.confident and not old.confident
        self.flags_gained.update(new.flags - old.flags)
        self.flags_lost.update(old.flags - new.flags)
        if change.concern_lost and len(self.concerns_lost) < _SHOWN_LOST:
            self.concerns_lost.append(reference)
        return change

    @property
    def moved(self) -> int:
        """Contacts that come to another department."""
        return sum(count for (old, new), count in self.departments.items() if old != new)

    def summary(self) -> dict[str, Any]:
        """As one line of JSON."""
        return {
            "contacts": self.contacts,
            "changed": self.changed,
            "moved": self.moved,
            "child_concerns_lost": self.flags_lost[CHILD_CONCERN],
            "newly_unsure": self.newly_unsure,
            "newly_sure": self.newly_sure,
            "departments": _pairs(self.departments),
            "rules": _pairs(self.rules),
            "flags_gained": dict(self.flags_gained.most_common()),
            "flags_lost": dict(self.flags_lost.most_common()),
            "other_caseworker": self.caseworkers,
            "labelled": self.old_score.labelled,
            "fixed": self.fixed,
            "broken": self.broken,
        }


def _outcome(decision: Decision) -> tuple[object, ...]:
    """What somebody would notice."""
    return (
        decision.department,
        decision.caseworker,
        decision.rule_id,
        decision.flags,
        decision.confident,
        decision.priority,
        decision.forward_to,
        decision.role,
        decision.promise,
        tuple(decision.plan),
    )


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "department": decision.department,
        "caseworker": decision.caseworker,
        "rule": decision.rule_id,
        "certainty": decision.certainty,
    }


def _words(decision: Decision) -> list[str]:
    found: list[Mapping[str, Any]] = decision.explanation.get("words") or []
    return list(dict.fromkeys(str(item.get("word", "")) for item in found if item.get("word")))


def _pairs(counted: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"old": old, "new": new, "contacts": count}
        for (old, new), count in counted.most_common()
        if old != new
    ]
