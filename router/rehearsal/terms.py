"""Words and two-word phrases of what citizens wrote, as far as they may become ours.

Nothing with a digit, no address of any kind, no name: what is left must also
have been written by several people before it is proposed (`router.rehearsal.learning`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log, sqrt
from typing import Final

from router.rules.text import STOP_WORDS, fold, stem_of

Term = tuple[str, ...]
"""One or two stems."""

_ADDRESS: Final = re.compile(r"\S*[@]\S*|\bhttps?:\S*|\bwww\.\S*|\S*[/\\]\S*", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[.!?:;,()\[\]\"»«\n\r\t]+")
_WORD: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_SHORTEST: Final = 4
_LONGEST: Final = 40
_OFTEN_A_NAME: Final = 0.3
"""With a capital inside a sentence more often than this a word is taken for a name."""
_HALF: Final = 0.5
"""Added to every count: what was seen once proves little (Haldane's correction)."""
_STOP: Final = frozenset(fold(word) for word in STOP_WORDS)


@dataclass(frozen=True, slots=True)
class Seen:
    """A term where it stands in a text."""

    term: Term
    written: str
    """Lower case, as it was written."""
    capital: bool
    """One of its words has a capital inside a sentence."""


def terms_in(text: str) -> Iterator[Seen]:
    """Every term of `text`, each time that it stands there."""
    for sentence in _SENTENCE.split(_ADDRESS.sub(" . ", text)):
        before: Seen | None = None
        for number, match in enumerate(_WORD.finditer(sentence)):
            written = match.group()
            folded = fold(written)
            if folded in _STOP:
                continue  # two words may stand on either side of a small one
            if not _may_be_ours(written):
                before = None
                continue
            capital = number > 0 and not written.islower()
            seen = Seen((stem_of("da", folded),), written.lower(), capital)
            if len(written) >= _SHORTEST:
                yield seen
            if before is not None and before.term != seen.term:
                yield Seen(
                    before.term + seen.term,
                    f"{before.written} {seen.written}",
                    before.capital or capital,
                )
            before = seen


def _may_be_ours(written: str) -> bool:
    return 2 <= len(written) <= _LONGEST and not any(letter.isdigit() for letter in written)


@dataclass(slots=True)
class Support:
    """How far texts that belong to one department speak for a term."""

    senders: set[int]
    contacts: int
    written: Counter[str]
    times: int
    capitals: int

    @property
    def looks_like_a_name(self) -> bool:
        return self.capitals > self.times * _OFTEN_A_NAME

    @property
    def usual(self) -> str:
        """As it was written most often."""
        return min(self.written.items(), key=lambda item: (-item[1], len(item[0]), item[0]))[0]


def gather(texts: Iterable[tuple[int, str]]) -> dict[Term, Support]:
    """The terms of (sender, text) pairs, with who wrote them."""
    found: dict[Term, Support] = {}
    for sender, text in texts:
        here: set[Term] = set()
        for seen in terms_in(text):
            support = found.get(seen.term)
            if support is None:
                support = found[seen.term] = Support(set(), 0, Counter(), 0, 0)
            support.senders.add(sender)
            support.contacts += seen.term not in here
            support.written[seen.written] += 1
            support.times += 1
            support.capitals += seen.capital
            here.add(seen.term)
    return found


def speaks_for(inside: int, all_inside: int, outside: int, all_outside: int) -> float:
    """How clearly a term speaks for a group, in standard deviations of its log-odds.

    `inside` of `all_inside` texts of the group have it, `outside` of `all_outside`
    of the others. 2 is hardly chance; below 0 it speaks against.
    """
    cells = (inside, all_inside - inside, outside, all_outside - outside)
    a, b, c, d = (cell + _HALF for cell in cells)
    return (log(a / b) - log(c / d)) / sqrt(1 / a + 1 / b + 1 / c + 1 / d)
