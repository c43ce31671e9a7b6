"""Texts about several things that different departments own.

Only a text that lists (`(a) ... (b) ...`), adds (`desuden`, `også`, `i øvrigt`)
or has two departments near each other in the first place is looked at clause by
clause; a clause counts for a department when it is clearly about it by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

_ADDS: Final = re.compile(
    r"\b(?:også|desuden|derudover|endvidere|samt|samtidig(?:t)?|i øvrigt|iøvrigt|i samme ombæring"
    r"|for det andet"
    r"|for det første|to ting|tre ting|to spørgsmål|tre spørgsmål|flere ting|flere spørgsmål|og så"
    r"|et andet spørgsmål|en anden ting|både|dels|ps|p\.s|ligeledes|plus|ud over|udover|also"
    r"|besides"
    r"|in addition|two things|two questions|außerdem|auch|zwei fragen|також|również)\b"
    r"|\([ab12]\)|\b[ab12]\)|(?:^|\n)\s*[-•*] |;|\+",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(
    r"[.?!;:\n•]+\s|\n|\([a-d1-4]\)|\b[a-d1-4]\)|,? (?:og så|samt|og desuden|og i samme ombæring"
    r"|og spørger|plus)\b|, (?=og )"
    r"|\s[-+/]\s",
    re.IGNORECASE,
)
_CLAUSES: Final = 12
"""Clauses that are looked at."""
_SHORTEST: Final = 12
"""Characters of a clause."""
CLEARLY: Final = 0.6
"""Probability from which a clause is about a department."""
_PHRASES: Final = 1.9
"""Phrase score that it must have besides: what was learned alone is no topic."""

Weigh = Callable[[str], tuple[str, float, Mapping[str, float]]]
"""Of a clause: department, probability, phrase scores by department."""


def may_have_several(text: str, scores: Mapping[str, float]) -> bool:
    """Whether it is worth looking at the clauses. `scores`: phrases by department."""
    return sum(score >= _PHRASES for score in scores.values()) > 1 and bool(_ADDS.search(text))


def other_topics(text: str, topic: str, weigh: Weigh) -> tuple[str, ...]:
    """The departments besides `topic` that a clause of `text` is clearly about."""
    found: dict[str, float] = {}
    for clause in _CLAUSE.split(text[:3_000])[:_CLAUSES]:
        if clause is None or len(clause) < _SHORTEST:
            continue
        department, probability, scores = weigh(clause)
        if probability >= CLEARLY and scores.get(department, 0.0) >= _PHRASES:
            found[department] = found.get(department, 0.0) + probability
    if topic not in found:
        return ()
    del found[topic]
    return tuple(sorted(found, key=lambda department: (-found[department], department)))
