"""`indgang rules show`: how one contact was routed, in plain words and without its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from router.errors import NotFound
from router.explaining import Trace, sentence
from router.ledger import QUERIES_FOLDER, load_queries
from router.reference import is_reference
from router.rehearsal.telling import reference
from router.rows import DecisionRow, read

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Ledger

C: Final = load_queries(QUERIES_FOLDER / "contacts.sql")

_FIELD: Final = 12


async def decisions_of(ledger: Ledger, digits: str) -> list[DecisionRow]:
    """The decisions of the contact that people call `digits`. Raises NotFound."""
    contact = await ledger.fetchrow(C["by_reference"], digits) if is_reference(digits) else None
    if contact is None:
        raise NotFound("no_such_contact", f"There is no contact {reference(digits)}.")
    return [read(DecisionRow, row) for row in await ledger.fetch(C["decisions"], contact["id"])]


def told(
    digits: str,
    decisions: Sequence[DecisionRow],
    traces: Sequence[Trace],
    municipality: Municipality,
    language: str,
) -> Iterator[str]:
    """The decisions of a contact, the first one first. Nothing that the citizen wrote."""
    many = len(decisions)
    yield f"{reference(digits)}: {many} decision{'s' if many != 1 else ''}"
    live = municipality.rules.version
    for decision, trace in zip(decisions, traces, strict=True):
        yield ""
        table = decision.table_version
        table += " (live)" if table == live else " (no longer live)"
        yield _field("decided", f"{decision.at:%Y-%m-%d %H:%M:%S} UTC, table {table}")
        yield from _decision(decision, municipality, language)
        if not trace:
            yield _field("rules tried", "not known: that table of rules was not kept")
        for number, step in enumerate(trace):
            yield _field("rules tried" if number == 0 else "", _step(step, language))


def _decision(decision: DecisionRow, municipality: Municipality, language: str) -> Iterator[str]:
    explanation = decision.explanation
    departments = municipality.departments
    named = departments.get(decision.department)
    yield _field(
        "department", decision.department + (f"  {named.name_in(language)}" if named else "")
    )
    if decision.caseworker:
        person = municipality.caseworkers.get(decision.caseworker)
        yield _field("caseworker", person.name if person else decision.caseworker)
    certainty = explanation.get("certainty", "")
    share = f"confidence {decision.confidence:.2f}"
    yield _field("rule", f"{decision.rule_id}  ({certainty + ', ' if certainty else ''}{share})")
    yield _field("why", sentence(explanation.get("why"), language))
    words = explanation.get("words") or []
    yield _field("words", ", ".join(dict.fromkeys(_word(word) for word in words)) or "-")
    candidates = explanation.get("candidates") or []
    if candidates:
        yield _field("candidates", ", ".join(_candidate(one) for one in candidates))
    for number, skipped in enumerate(explanation.get("skipped") or []):
        yield _field("skipped" if number == 0 else "", skipped_words(skipped, language))
    for number, step in enumerate(explanation.get("plan") or []):
        yield _field("then asked" if number == 0 else "", _plan(step))
    if two := explanation.get("caseworkers"):
        yield _field("ask whether", " or ".join(two))


def _step(step: Mapping[str, Any], language: str) -> str:
    if step.get("matched"):
        return f"{step['rule']}: " + ("passer, og afgjorde" if language == "da" else "fits")
    return f"{step['rule']}: {sentence(step.get('failed'), language)}"


def _word(word: Mapping[str, Any]) -> str:
    meaning = next((str(v) for key, v in word.items() if key not in ("word", "learned")), "")
    return f"{word.get('word', '')} ({meaning})" if meaning else str(word.get("word", ""))


def _candidate(candidate: Any) -> str:
    if isinstance(candidate, Mapping):
        return f"{candidate.get('department')} {candidate.get('score', '')}".strip()
    return " ".join(map(str, candidate))


def skipped_words(skipped: Mapping[str, Any], language: str) -> str:
    """A target that was skipped and why."""
    who = str(skipped.get("caseworker") or skipped.get("department") or "-")
    return f"{who}: {sentence(skipped.get('why'), language)}"


def _plan(step: Mapping[str, Any]) -> str:
    who = str(step.get("caseworker") or step.get("department"))
    minutes = step.get("minutes")
    return who if minutes is None else f"{who}, for {minutes} minutes of working time"


def _field(name: str, text: str) -> str:
    return f"  {name:<{_FIELD}} {text}"
