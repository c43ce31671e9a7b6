"""Finding the municipality's own words in what a citizen wrote or said.

Built once when the configuration loads; asked for every contact. The work per
contact is a dictionary look-up per word, then a look at the few phrases whose
rarest word is there. Words never seen before are stemmed once and remembered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from router.breathing import breathe
from router.rules.text import TOKEN, fold, folded_stop_words, stem_of
from router.rules.words import Places, Positions, Remembered, WordBook, place_all

READ_LIMIT: Final = 20_000
"""Characters of one text that are read. What lies behind is not routed by."""
NEW_WORDS: Final = 1_000
"""Words never seen before that one text may cost us the stemming of."""
_REMEMBERED: Final = 50_000
"""Words seen last whose stems are kept."""
BODY_STARTS: Final = 1_000
"""Word number of the first body word; keeps phrases from crossing subject and body."""

SUBJECT, FLAG, UNLESS, GROUP, AUTHORITY, SAYS = range(6)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for."""

    kind: int
    key: str
    """Department, flag, group, authority or rule phrase."""
    weight: float = 1.0
    topic: str = ""
    """Subject id within the department."""


@dataclass(slots=True)
class Phrase:
    """A phrase as it is looked for. Identity is its own; two may read alike."""

    meaning: Meaning
    written: str
    slots: tuple[int, ...]
    gaps: tuple[int, ...]
    """Words that may stand between this slot and the one before."""
    window: int
    """How many words apart its words may stand, in any order. 0: in this order."""
    credits: tuple[int, ...] = ()
    """The words that the weight is shared between, alike in every language, so
    that no word counts twice."""
    anchor: int = -1
    """The rarest of its words."""
    needs: tuple[int, ...] = ()
    """Its other words, the rarest first."""
    beside: tuple[tuple[int, int], ...] = ()
    """The other slots, each with its distance from the anchor, when there are no gaps
    between them."""
    shown: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Found:
    """What was found in one text."""

    phrases: list[Phrase]
    in_subject: set[int]
    """Stem ids that stand in the subject line."""
    cut: bool
    """Part of the text was left unread, because it was too long."""


class Vocabulary:
    """All phrases. `add` them, then `close` once, then `find` for ever."""

    def __init__(self) -> None:
        self._book = WordBook()
        self._credits: dict[str, int] = {}
        self._folded: dict[str, str] = {}
        self._slots: dict[tuple[str, str], tuple[int, int]] = {}
        self._phrases: list[Phrase] = []
        self._added: set[tuple[object, ...]] = set()
        self._alone: list[tuple[Phrase, ...]] = []
        """By stem id: the phrases of that one word."""
        self._longer: list[dict[int, tuple[Phrase, ...]] | None] = []
        """By stem id, then by the next rarest word: the longer phrases, if there are any."""
        self._stop = folded_stop_words()
        self._words = Remembered(self._look_up)
        self.on_new_word: Callable[[str, str, bool], None] = _ignore
        """Told of every word never seen before, the same folded, and whether it is known."""
        self.on_forget: Callable[[str], None] = _ignore
        """Told of a word that was seen long ago and is forgotten."""

    def add(
        self, language: str, written: str, meaning: Meaning, loose: bool = True, window: int = 0
    ) -> str:
        """Add a phrase. Answers what is wrong with it, or "".

        Loose: its words in any order, near each other, small words set aside.
        Otherwise, and when hardly a word would be left, in this order, small
        words included; `...` stands for up to four words. `window` sets how
        many words apart is near (by itself a few more than the phrase has).
        """
        breathe()
        text = written.replace("…", "...").lower()
        said = TOKEN.findall(text)
        loose = (
            loose
            and "..." not in text
            and (len(said) == 1 or len({self._fold(word) for word in said} - self._stop) > 1)
        )
        slots: list[int] = []
        gaps: list[int] = []
        credited: list[int] = []
        for number, part in enumerate(text.split("...")):
            words = TOKEN.findall(part)
            if loose:
                words = [word for word in words if self._fold(word) not in self._stop] or words
            for place, word in enumerate(words):
                slot, credit = self._slot(language, word)
                slots.append(slot)
                credited.append(credit)
                gaps.append(4 if place == 0 and number > 0 else 0)
        if not slots:
            return "has no letters or digits"
        if len(slots) > 12:
            return "is longer than 12 words; use the few words that matter"
        looked_for = (meaning, tuple(slots), tuple(gaps), loose, window)
        if looked_for in self._added:
            return ""  # `skolebus` and `skolebussen` are looked for in one go
        self._added.add(looked_for)
        near_each_other = loose and len(set(slots)) > 1
        window = (window or 3 + 2 * len(slots)) if near_each_other else 0
        self._phrases.append(
            Phrase(meaning, written, tuple(slots), tuple(gaps), window, tuple(credited))
        )
        return ""

    def _fold(self, word: str) -> str:
        """`fold`, remembered while phrases are added: the same words come again and again."""
        folded = self._folded.get(word)
        if folded is None:
            folded = self._folded[word] = fold(word)
        return folded

    def _slot(self, language: str, word: str) -> tuple[int, int]:
        """What is looked for when `word` is meant, and what it is credited to."""
        slot = self._slots.get((language, word))
        if slot is None:
            folded = self._fold(word)
            credit = self._credits.setdefault(stem_of("da", folded), len(self._credits))
            slot = self._slots[language, word] = (self._book.add(language, folded), credit)
        return slot

    @property
    def phrases(self) -> Sequence[Phrase]:
        """All phrases, in the order in which they were added."""
        return self._phrases

    def close(self, shown: Callable[[Phrase], Mapping[str, str]]) -> None:
        """Build the index. `shown` writes a phrase for an explanation."""
        used = Counter(stem for phrase in self._phrases for stem in set(phrase.slots))
        ids = range(len(self._book.ids))
        alone: list[list[Phrase]] = [[] for _ in ids]
        partners: list[dict[int, list[Phrase]]] = [{} for _ in ids]
        for phrase in self._phrases:
            breathe()
            phrase.anchor, *needs = sorted(set(phrase.slots), key=lambda stem: (used[stem], stem))
            phrase.needs = tuple(needs)
            phrase.beside = _beside(phrase)
            phrase.shown = shown(phrase)
            if needs:
                partners[phrase.anchor].setdefault(needs[0], []).append(phrase)
            else:
                alone[phrase.anchor].append(phrase)
        self._alone = [tuple(phrases) for phrases in alone]
        self._longer = [
            {partner: tuple(phrases) for partner, phrases in by_partner.items()} or None
            for by_partner in partners
        ]
        single = [phrase for phrase in self._phrases if len(phrase.slots) == 1]
        self._book.close(
            frozenset(phrase.slots[0] for phrase in single),
            {phrase.written.lower() for phrase in single},
            self._stop,
        )
        self._words.clear()
        self._folded.clear()
        self._slots.clear()

    def find(self, subject: str, text: str) -> Found:
        """The phrases in `subject` and `text`, each once, in the order of their words."""
        self.forget_oldest()
        cut = len(text) > READ_LIMIT or len(subject) > BODY_STARTS
        return self.find_words(
            TOKEN.findall(subject[:BODY_STARTS].lower()),
            TOKEN.findall(text[:READ_LIMIT].lower()),
            cut,
        )

    def forget_oldest(self) -> None:
        """Before a text: forget the words that were new longest ago, when there are too
        many. A few each time: all at once would make the next texts slow."""
        words = self._words
        while len(words) > _REMEMBERED:
            word, _ = words.popitem(last=False)
            self.on_forget(word)

    def find_words(self, subject: Sequence[str], text: Sequence[str], cut: bool = False) -> Found:
        """The same for words that were told apart already. `cut`: there was more text."""
        words = self._words
        words.budget, words.spent = NEW_WORDS, False
        heading = list(map(words.__getitem__, subject))
        body = list(map(words.__getitem__, text))
        self._join(subject, heading)
        self._join(text, body)
        in_subject = set(chain.from_iterable(heading))
        present = dict.fromkeys(chain.from_iterable(heading))
        present.update(dict.fromkeys(chain.from_iterable(body)))
        keys = present.keys()
        positions: Places = defaultdict(list)
        found: list[Phrase] = []
        alone, longer = self._alone, self._longer
        for stem in present:
            phrases = alone[stem]
            if phrases:
                found += phrases
            by_partner = longer[stem]
            if by_partner is None or by_partner.keys().isdisjoint(keys):
                continue
            for partner in by_partner.keys() & keys:
                for phrase in by_partner[partner]:
                    for other in phrase.needs:
                        if other not in present:
                            break
                    else:
                        if not positions:
                            place_all(heading, 0, positions)
                            place_all(body, BODY_STARTS, positions)
                        if _stands(phrase, positions, in_subject):
                            found.append(phrase)
        return Found(found, in_subject, cut or words.spent)

    def _join(self, words: Sequence[str], ids: list[tuple[int, ...]]) -> None:
        """Add the compounds that were written in two words to their first word."""
        halves = self._book.halves
        firsts = [place for place, word in enumerate(words[:-1]) if word in halves]
        for place in firsts:
            joined = self._book.joined(words[place], fold(words[place + 1]))
            if joined:
                ids[place] = (*ids[place], *joined)

    def _look_up(self, word: str) -> tuple[int, ...]:
        folded = fold(word)
        found = self._book.look_up(folded)
        self.on_new_word(word, folded, bool(found))
        return found


def _ignore(*_: object) -> None:
    """Nobody asked to be told."""


def _stands(phrase: Phrase, positions: Positions, in_subject: set[int]) -> bool:
    """Whether the words, all present, stand as the phrase asks for."""
    if phrase.window:
        return _stands_near(phrase, positions, in_subject)
    if phrase.beside:
        return _stands_so(phrase, positions)
    return any(_follows(phrase, positions, start) for start in positions[phrase.slots[0]])


def _stands_near(phrase: Phrase, positions: Positions, in_subject: set[int]) -> bool:
    """Whether the words, all present, stand near each other; any in the subject line is."""
    if phrase.anchor in in_subject or not in_subject.isdisjoint(phrase.needs):
        return True
    return _near_each_other(phrase, positions)


def _beside(phrase: Phrase) -> tuple[tuple[int, int], ...]:
    """See `Phrase.beside`; nothing for a phrase with gaps."""
    if any(phrase.gaps):
        return ()
    here = phrase.slots.index(phrase.anchor)
    return tuple((slot, at - here) for at, slot in enumerate(phrase.slots) if at != here)


def _stands_so(phrase: Phrase, positions: Positions) -> bool:
    """Whether the words, all present, stand in just this order somewhere."""
    beside = phrase.beside
    for here in positions[phrase.anchor]:
        for slot, away in beside:
            if here + away not in positions[slot]:
                break
        else:
            return True
    return False


def _near_each_other(phrase: Phrase, positions: Positions) -> bool:
    """Whether every word stands within the window of one place of the rarest.

    Plain loops: this is the innermost work of routing.
    """
    window = phrase.window
    for here in positions[phrase.anchor]:
        for stem in phrase.needs:
            for place in positions[stem]:
                if -window <= place - here <= window:
                    break
            else:
                break
        else:
            return True
    return False


def _follows(phrase: Phrase, positions: Positions, start: int) -> bool:
    """Whether the words come in order from `start`, with no more between than allowed."""
    here = start
    for stem, gap in zip(phrase.slots[1:], phrase.gaps[1:], strict=True):
        for place in positions[stem]:
            if here < place <= here + 1 + gap:
                here = place
                break
        else:
            return False
    return True
