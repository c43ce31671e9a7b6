"""Why a contact is where it is: a stored decision told again by the table that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from router.ledger import QUERIES_FOLDER, load_queries
from router.rules import trace_from_card

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Ledger
    from router.rows import DecisionRow

H: Final = load_queries(QUERIES_FOLDER / "house.sql")

Trace = Sequence[Mapping[str, Any]]
"""Rules in the order they were tried: {rule, failed: {da, en}} or {rule, matched: True}."""


async def traces_of(
    ledger: Ledger, municipality: Municipality, decisions: Sequence[DecisionRow]
) -> list[Trace]:
    """The trace of each decision, as told by the table of rules that made it.

    That may no longer be the live one: its card is in the ledger. Empty for a
    decision whose table nobody kept.
    """
    live = municipality.rules.version
    cards = {
        version: await ledger.fetchval(H["rule_table_card"], version)
        for version in sorted({d.table_version for d in decisions if "tried" in d.explanation})
        if version != live
    }
    return [_trace(decision, municipality, cards) for decision in decisions]


def _trace(
    decision: DecisionRow,
    municipality: Municipality,
    cards: Mapping[str, Mapping[str, Any] | None],
) -> Trace:
    explanation = decision.explanation
    if "tried" not in explanation:
        # Decided before traces were kept as numbers.
        return [step for step in explanation.get("trace", ()) if isinstance(step, Mapping)]
    if decision.table_version == municipality.rules.version:
        return municipality.rules.trace(explanation)
    card = cards.get(decision.table_version)
    return [] if card is None else trace_from_card(card, explanation)


def sentence(texts: Any, language: str) -> str:
    """A text of several languages in `language`, else in Danish, else in English; "" when none."""
    if isinstance(texts, Mapping):
        for key in (language, "da", "en"):
            if isinstance(texts.get(key), str):
                return str(texts[key])
    return texts if isinstance(texts, str) else ""
