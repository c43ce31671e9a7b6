"""Texts about several things that different departments own.

Only a text that lists (`(a) ... (b) ...`), adds (`desuden`, `også`, `i øvrigt`)
or has two departments near each other in the first place is looked at clause by
clause, and what is listed with commas are clauses too; a clause counts for a
department when it is clearly about it by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

_ADDING_WORDS: Final = frozenset(
    "også desuden derudover endvidere samt samtidig samtidigt iøvrigt både dels ps ligeledes plus"
    " udover also besides außerdem auch також również".split()
)
_ADDING: Final = (
    "i øvrigt", "i samme ombæring", "for det andet", "for det første", "to ting", "tre ting",
    "to spørgsmål", "tre spørgsmål", "flere ting", "flere spørgsmål", "og så", "et andet spørgsmål",
    "en anden ting", "p.s", "ud over", "in addition", "two things", "two questions", "zwei fragen",
    "(a", "(b", "(1", "(2", "a)", "b)", "1)", "2)", "\n-", "\n*", "\n•", "\n -", ";", "+",
)  # fmt: skip
_CLAUSE: Final = re.compile(
    r"[.?!;:\n•]+\s|\n|\([a-d1-4]\)|\b[a-d1-4]\)|, |\s[-+/]\s"
    r"|,? (?:og så|samt|og desuden|og i samme ombæring|og spørger|plus)\b",
    re.IGNORECASE,
)
_CLAUSES: Final = 16
"""Clauses that are looked at."""
_SHORTEST: Final = 10
"""Characters of a clause."""
CLEARLY: Final = 0.6
"""Probability from which a clause is about a department."""
_PHRASES: Final = 1.9
"""Phrase score that it must have besides: what was learned alone is no topic."""

Weigh = Callable[[str], tuple[str, float, Mapping[str, float]]]
"""Of a clause: department, probability, phrase scores by department."""


def may_have_several(text: str, words: Iterable[str], scores: Mapping[str, float]) -> bool:
    """Whether it is worth looking at the clauses. `words`: the lower-case words of
    `text`, `scores`: its phrases by department."""
    if sum(score >= _PHRASES for score in scores.values()) < 2:
        return False
    if not _ADDING_WORDS.isdisjoint(words):
        return True
    lower = text.lower()
    return any(adding in lower for adding in _ADDING)


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
