"""From what the phrases and the learned part say to one probability per department.

The phrases are the staff's own words and weigh by themselves; the learned part
fills in where no phrase stands. Both are put together as in a multinomial
logistic model: the three constants below were fitted on examples that the learned
part had not seen (`python -m bench.understanding --cross-validate`; figures in
docs/understanding.md). They hold for any municipality's words, since both parts
are scores of one kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import exp, log1p
from typing import Final

PHRASES: Final = 0.25
"""What the logarithm of a phrase score weighs against the learned score."""
SHARPNESS: Final = 6.0
"""How fast a lead becomes a probability."""
_FEW: Final = 2
"""Telling words with which a text without a phrase is trusted by half."""


@dataclass(frozen=True, slots=True)
class Certainty:
    """From which probability a text counts as sure or likely (config)."""

    sure: float = 0.85
    likely: float = 0.25


@dataclass(frozen=True, slots=True)
class Weighed:
    """The departments by probability."""

    ranked: tuple[tuple[str, float], ...]
    """Best first, at most three."""
    confidence: float


NOTHING: Final = Weighed((), 0.0)


def unnamed(words: int) -> float:
    """How far what was learned is trusted where no phrase of ours stands, by how many
    telling `words` there are: one word alone may be about anything."""
    return words / (words + _FEW)


def elsewhere(authority: float, ours: float, learned: float | None) -> float:
    """The probability that a text belongs to another authority.

    `authority`: its phrase score, `ours`: the best phrase score of a department that
    does more than guide, `learned`: the learned score of the flag, None if unknown.
    A logistic model, fitted like the one below. Where no phrase names an authority,
    what was learned must speak the more clearly.
    """
    learned = -0.8 if learned is None else learned
    lead = 5.2 * learned + 2.5 * log1p(authority) - 1.25 * log1p(ours)
    lead += 1.6 if authority else 0.6
    return 1.0 / (1.0 + exp(-lead))


def weigh(
    phrases: Mapping[str, float],
    learned: Sequence[float] | None,
    departments: Sequence[str],
    adviser: str = "",
    away: float = 0.0,
) -> Weighed:
    """Probabilities by `phrases` (score by department) and `learned` (a score for each
    of `departments`, None when nothing in the text is known to it).

    With the probability `away` the text belongs to another authority, and so to the
    department `adviser`, which guides on.
    """
    if not phrases and learned is None:
        return NOTHING
    leads = list(learned) if learned is not None else [0.0] * len(departments)
    for place, department in enumerate(departments):
        score = phrases.get(department)
        if score:
            leads[place] += PHRASES * log1p(score)
    highest = max(leads)
    odds = [exp(SHARPNESS * (lead - highest)) for lead in leads]
    total = sum(odds)
    shares = [odd / total * (1.0 - away) for odd in odds]
    if away and adviser in departments:
        shares[departments.index(adviser)] += away
    best = nlargest(3, range(len(shares)), key=shares.__getitem__)
    ranked = tuple((departments[place], round(shares[place], 3)) for place in best)
    return Weighed(ranked, ranked[0][1])
