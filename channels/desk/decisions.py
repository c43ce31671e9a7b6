"""Why a contact is here, in plain words: each decision of the rules as its page tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from channels.desk import words
from channels.desk.screen import department_name, person_name
from channels.desk.words import Tongue
from channels.i18n import DANISH
from channels.i18n import to_translate as _
from router.config import Municipality
from router.explaining import Trace, sentence
from router.rows import DecisionRow

_SHOWN: Final = 60
"""Rules that a page shows; in a table of thousands the last ones tell the most."""
_CERTAINTY: Final[Mapping[str, str]] = {
    "sure": _("sure"),
    "likely": _("likely"),
    "unsure": _("not sure"),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that was tried."""

    rule: str
    said: str
    """The first thing it asks for that was not so."""
    matched: bool


@dataclass(frozen=True, slots=True)
class Why:
    """One decision, and how the rules came to it."""

    at: str
    sentence: str
    department: str
    rule: str
    version: str
    live: bool
    """Whether the rules that decided are those that count now."""
    certainty: str
    confidence: str
    words: list[str]
    candidates: list[str]
    """Departments that the text points to, best first; only where that is not clear."""
    ask: str
    """Two caseworkers fit what the citizen wrote: whom to ask about. "" otherwise."""
    skipped: list[str]
    """Who was passed over, and why."""
    plan: list[str]
    """Who is asked next when nobody takes it."""
    left_out: int
    """Rules tried before those of `tried`."""
    tried: list[Tried]


class DecisionTeller:
    """Tells decisions to one reader at one moment."""

    def __init__(
        self, municipality: Municipality, tongue: Tongue, now: datetime, zone: ZoneInfo
    ) -> None:
        self._municipality = municipality
        self._tongue = tongue
        self._now = now
        self._zone = zone

    def tell(self, row: DecisionRow, trace: Trace) -> Why:
        """One decision with its trace (`router.explaining`)."""
        explanation = row.explanation
        certainty = str(explanation.get("certainty", ""))
        # A rule that did not need the text is sure whatever the text says.
        unsure = certainty != "sure" and row.confidence < 1
        return Why(
            at=words.short_time(row.at, self._now, self._tongue, self._zone),
            sentence=sentence(explanation.get("why"), self._tongue.language),
            department=self._department(row.department),
            rule=row.rule_id,
            version=row.table_version,
            live=row.table_version == self._municipality.rules.version,
            certainty=words.label(_CERTAINTY, certainty, self._tongue) if certainty else "",
            confidence=self._percent(row.confidence),
            words=self._words(_mappings(explanation.get("words"))),
            candidates=self._candidates(explanation.get("candidates")) if unsure else [],
            ask=self._ask(explanation.get("caseworkers")),
            skipped=[self._skipped(item) for item in _mappings(explanation.get("skipped"))],
            plan=[self._step(item) for item in _mappings(explanation.get("plan"))],
            left_out=max(0, len(trace) - _SHOWN),
            tried=[self._tried(step) for step in trace[-_SHOWN:]],
        )

    def _tried(self, step: Mapping[str, Any]) -> Tried:
        said = sentence(step.get("failed"), self._tongue.language)
        return Tried(str(step.get("rule", "")), said, bool(step.get("matched")))

    def _words(self, found: Iterator[Mapping[str, Any]]) -> list[str]:
        """The vocabulary that was found in the text, and what each word points to."""
        plain = []
        for item in found:
            word, meaning = str(item.get("word", "")), ""
            if "department" in item:
                meaning = self._department(str(item["department"]))
            elif "flag" in item:
                meaning = words.label(words.FLAGS, str(item["flag"]), self._tongue)
            elif "group" in item:
                meaning = words.label(words.GROUPS, str(item["group"]), self._tongue)
            plain.append(f"{word} ({meaning})" if meaning else word)
        return [word for word in dict.fromkeys(plain) if word]

    def _candidates(self, found: Any) -> list[str]:
        named = []
        for item in found if isinstance(found, Sequence) and not isinstance(found, str) else ():
            department, share = _pair(item)
            if department:
                name = self._department(department)
                named.append(name if share is None else f"{name} {self._percent(share)}")
        return named

    def _ask(self, people: Any) -> str:
        if not isinstance(people, Sequence) or isinstance(people, str) or len(people) < 2:
            return ""
        names = [person_name(self._municipality, str(person), self._tongue) for person in people]
        both = f" {self._tongue.say(_('or'))} ".join((", ".join(names[:-1]), names[-1]))
        return self._tongue.say(
            _("Two fit the name: ask the citizen whether it is {people}.")
        ).format(people=both)

    def _skipped(self, item: Mapping[str, Any]) -> str:
        why = sentence(item.get("why"), self._tongue.language)
        who = self._who(item)
        return f"{who}: {why}" if why else who

    def _step(self, item: Mapping[str, Any]) -> str:
        who, minutes = self._who(item), item.get("minutes")
        if not isinstance(minutes, int | float) or isinstance(minutes, bool):
            return who
        return self._tongue.say(_("{who}, {minutes} minutes of working time")).format(
            who=who, minutes=int(minutes)
        )

    def _who(self, item: Mapping[str, Any]) -> str:
        if item.get("caseworker"):
            return person_name(self._municipality, str(item["caseworker"]), self._tongue)
        return self._department(str(item.get("department") or ""))

    def _department(self, department: str) -> str:
        return department_name(self._municipality, department, self._tongue) if department else ""

    def _percent(self, share: float) -> str:
        number = f"{share * 100:.0f}"
        return f"{number} %" if self._tongue.language == DANISH else f"{number}%"


def _mappings(found: Any) -> Iterator[Mapping[str, Any]]:
    """What an explanation lists; one from an older version may hold something else."""
    for item in found if isinstance(found, list | tuple) else ():
        if isinstance(item, Mapping):
            yield item


def _pair(item: Any) -> tuple[str, float | None]:
    """A candidate: (department, probability)."""
    if isinstance(item, Mapping):
        share = item.get("score", item.get("probability"))
        department = str(item.get("department") or "")
    elif isinstance(item, list | tuple) and len(item) == 2:
        department, share = str(item[0]), item[1]
    else:
        return "", None
    fits = isinstance(share, int | float) and 0 <= share <= 1
    return department, float(share) if fits else None
