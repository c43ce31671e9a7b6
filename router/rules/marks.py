"""Which flags (mærker) a text carries: by phrases, and where measured better by learning.

A phrase is the staff's own word and sets its flag, unless the text is long enough to
be judged and what was learned speaks clearly against it; `unless` takes it away again.
What was learned sets a flag by itself only when it speaks clearly for it. The limits
were chosen by cross-validation over the examples (docs/understanding.md); a flag that
is not listed is set by phrases alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CHILD_CONCERN: Final = "urgent_child_concern"
CALLBACK: Final = "callback_requested"
OTHER_AUTHORITY: Final = "not_our_authority"
SEVERAL: Final = "multiple_topics"


@dataclass(frozen=True, slots=True)
class Limits:
    """Learned scores from which a flag is set. An example learned scores about
    1 when it carries the flag and -1 when it does not."""

    alone: float
    """Without a phrase."""
    agreed: float
    """With a phrase; below, the phrase was meant otherwise."""


LEARNED: Final[Mapping[str, Limits]] = {
    "complaint": Limits(-0.45, -0.85),
    CALLBACK: Limits(-0.5, -0.8),
    CHILD_CONCERN: Limits(-0.45, -0.6),
    "status_request": Limits(-0.32, -0.8),
    "on_behalf_of": Limits(-0.42, -0.8),
    "acute": Limits(-0.4, -1.0),
    "digitally_exempt": Limits(-0.33, -0.8),
    "interpreter_needed": Limits(-0.33, -0.8),
    "anonymous": Limits(-0.3, -9.0),
    "access_request": Limits(-0.45, -9.0),
}


_IN_SPITE: Final = 0.0


_JUDGED: Final = 14
"""Different words from which what was learned may overrule a phrase."""


def is_carried(flag: str, *, phrase: bool, unless: bool, learned: float | None, words: int) -> bool:
    """Whether a text of so many different `words` carries `flag`. `learned`: None when
    it was not learned."""
    limits = LEARNED.get(flag)
    if limits is None or learned is None:
        return phrase and not unless
    if unless:
        # What looks like the flag and is not; only a child in danger is heard all the same.
        return flag == CHILD_CONCERN and learned >= _IN_SPITE
    if phrase:
        return words < _JUDGED or learned >= limits.agreed
    return learned >= limits.alone
