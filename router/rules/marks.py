"""Which flags (mærker) a text carries: by phrases, and where measured better by learning.

A phrase is the staff's own word, and what was learned is weighed with it: without a
phrase it must speak clearly for the flag by itself, with one it need only not speak
against it, and the more phrases there are, the more it would take to overrule them.
`unless` takes the flag away again. The limits were chosen by cross-validation over the
examples and looking at the development messages (docs/understanding.md); a flag that
is not listed is set by phrases alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2
from typing import Final

CHILD_CONCERN: Final = "urgent_child_concern"
CALLBACK: Final = "callback_requested"
OTHER_AUTHORITY: Final = "not_our_authority"
SEVERAL: Final = "multiple_topics"
ACUTE: Final = "acute"

IMPLIED: Final[Mapping[str, str]] = {CHILD_CONCERN: ACUTE}
"""What a flag brings with it. A concern for a child must be assessed within 24 hours
(barnets lov § 134), so it is always for today."""


def with_implied(flags: Iterable[str]) -> frozenset[str]:
    """`flags` and what they bring with them."""
    carried = frozenset(flags)
    return carried | {IMPLIED[flag] for flag in carried if flag in IMPLIED}


@dataclass(frozen=True, slots=True)
class Limits:
    """Learned scores from which a flag is set. An example learned scores about
    1 when it carries the flag and -1 when it does not."""

    alone: float
    """Without a phrase."""
    agreed: float
    """With one phrase; below, the phrase was meant otherwise. Three lower it twice."""
    shortest: int = 14
    """Different words from which what was learned may overrule a phrase."""

    def after(self, phrases: int) -> float:
        """The limit with so many phrases."""
        return self.alone + (self.agreed - self.alone) * log2(1 + min(phrases, _MOST))


_MOST: Final = 7
"""Phrases that are counted; they often say the same thing."""

LEARNED: Final[Mapping[str, Limits]] = {
    "complaint": Limits(-0.14, -0.5, 0),
    CALLBACK: Limits(-0.5, -0.8),
    CHILD_CONCERN: Limits(-0.4, -0.6),
    "status_request": Limits(-0.3, -0.8),
    "on_behalf_of": Limits(-0.48, -0.72),
    ACUTE: Limits(-0.38, -0.95),
    "digitally_exempt": Limits(-0.4, -0.75),
    "interpreter_needed": Limits(-0.4, -0.65),
    "spam": Limits(-0.55, -0.85),
    "anonymous": Limits(-0.3, -9.0),
    "access_request": Limits(-0.45, -9.0),
}


_IN_SPITE: Final = 0.0


def is_carried(flag: str, *, phrases: int, unless: bool, learned: float | None, words: int) -> bool:
    """Whether a text of so many different `words`, with so many `phrases` for it,
    carries `flag`. `learned`: None when it was not learned."""
    limits = LEARNED.get(flag)
    if limits is None or learned is None:
        return phrases > 0 and not unless
    if unless:
        # What looks like the flag and is not; only a child in danger is heard all the same.
        return flag == CHILD_CONCERN and learned >= _IN_SPITE
    if phrases and words < limits.shortest:
        return True
    return learned >= limits.after(phrases)
