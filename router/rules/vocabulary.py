"""Finding the municipality's own words in what a citizen wrote or said.

Built once when the configuration loads; asked for every contact. The work per
contact is a dictionary look-up per word, then a look at the few phrases whose
rarest word is there. Words never seen before are stemmed once and remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from router.rules.text import TOKEN, content_words, fold, folded_stop_words, stem_of

READ_LIMIT: Final = 20_000
"""Characters of one text that are read. What lies behind is not routed by."""
NEW_WORDS: Final = 1_500
"""Words never seen before that one text may cost us the stemming of."""
_REMEMBERED: Final = 200_000
_BODY_STARTS: Final = 1_000
"""Word number of the first body word; keeps phrases from crossing subject and body."""
_COMPOUND: Final = 5
"""Shortest known stem that may stand at an end of a compound."""

_FORGIVING: Final = 8
"""Shortest word in which one wrong letter is forgiven."""
_STREETS: Final = ("vej", "gade", "alle", "vaenget", "straede", "torv", "bakken", "parken")
"""An unknown word that ends so is an address, not a compound: Strandvej is no beach."""

SUBJECT, FLAG, UNLESS, GROUP, AUTHORITY, SAYS, PERSON = range(7)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for."""

    kind: int
    key: str
    """Department, flag, group, authority, caseworker or rule phrase."""
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
    needs: frozenset[int] = frozenset()
    anchor: int = -1
    shown: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Found:
    """What was found in one text."""

    phrases: list[Phrase]
    in_subject: set[int]
    """Stem ids that stand in the subject line."""
    cut: bool
    """Part of the text was left unread, because it was too long."""


class _Words(dict[str, tuple[int, ...]]):
    """Remembers the stem ids of every word; asks once for a new one."""

    def __init__(self, look_up: Callable[[str], tuple[int, ...]]) -> None:
        super().__init__()
        self._look_up = look_up
        self.budget = NEW_WORDS
        self.spent = False

    def __missing__(self, word: str) -> tuple[int, ...]:
        if self.budget <= 0:
            self.spent = True
            return ()
        self.budget -= 1
        ids = self._look_up(word)
        self[word] = ids
        return ids


class Vocabulary:
    """All phrases. `add` them, then `close` once, then `find` for ever."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}
        self._credits: dict[str, int] = {}
        self._phrases: list[Phrase] = []
        self._added: set[tuple[object, ...]] = set()
        self._alone: list[tuple[Phrase, ...]] = []
        """By stem id: the phrases of that one word."""
        self._partners: list[dict[int, tuple[Phrase, ...]]] = []
        """By stem id, then by the next rarest word: the longer phrases."""
        self._beginnings: dict[str, frozenset[str]] = {}
        self._whole: frozenset[int] = frozenset()
        self._stop = folded_stop_words()
        self._names: dict[str, int] = {}
        self._one_off: dict[str, int] = {}
        self._words = _Words(self._look_up)

    def add(
        self, language: str, written: str, meaning: Meaning, loose: bool = True, window: int = 0
    ) -> str:
        """Add a phrase. Answers what is wrong with it, or "".

        Loose: its words in any order, near each other, small words set aside.
        Otherwise, and when hardly a word would be left, in this order, small
        words included; `...` stands for up to four words. `window` sets how
        many words apart is near (by itself a few more than the phrase has).
        """
        text = written.replace("…", "...")
        loose = (
            loose
            and "..." not in text
            and (len(TOKEN.findall(text)) == 1 or len(set(content_words(text)) - self._stop) > 1)
        )
        slots: list[int] = []
        gaps: list[int] = []
        credited: list[int] = []
        for number, part in enumerate(text.split("...")):
            words = TOKEN.findall(part.lower())
            if loose:
                words = [word for word in words if fold(word) not in self._stop] or words
            for place, word in enumerate(words):
                slots.append(self._id(language, fold(word)))
                stem = stem_of("da", fold(word))
                credited.append(self._credits.setdefault(stem, len(self._credits)))
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

    def add_name(self, word: str, meaning: Meaning) -> None:
        """Add a person's surname; one wrong letter in a long name is forgiven."""
        folded = fold(word)
        stem_id = self._ids.setdefault(("name", folded), len(self._ids))
        self._names[folded] = stem_id
        self._phrases.append(Phrase(meaning, word, (stem_id,), (0,), 0))

    def close(self, shown: Callable[[Phrase], Mapping[str, str]]) -> None:
        """Build the index. `shown` writes a phrase for an explanation."""
        used = Counter(stem for phrase in self._phrases for stem in set(phrase.slots))
        alone: list[list[Phrase]] = [[] for _ in self._ids]
        partners: list[dict[int, list[Phrase]]] = [{} for _ in self._ids]
        for phrase in self._phrases:
            phrase.anchor = min(phrase.slots, key=lambda stem: (used[stem], stem))
            phrase.needs = frozenset(phrase.slots) - {phrase.anchor}
            phrase.shown = shown(phrase)
            if phrase.needs:
                partner = min(phrase.needs, key=lambda stem: (used[stem], stem))
                partners[phrase.anchor].setdefault(partner, []).append(phrase)
            else:
                alone[phrase.anchor].append(phrase)
        self._alone = [tuple(phrases) for phrases in alone]
        self._partners = [
            {partner: tuple(phrases) for partner, phrases in by_partner.items()}
            for by_partner in partners
        ]
        self._whole = frozenset(p.slots[0] for p in self._phrases if len(p.slots) == 1)
        beginnings: dict[str, set[str]] = {}
        for language, stem in self._ids:
            beginnings.setdefault(language, set()).add(stem[:3])
        self._beginnings = {language: frozenset(known) for language, known in beginnings.items()}
        self._one_off = {
            form: stem_id
            for (language, stem), stem_id in self._ids.items()
            if language == "da" and len(stem) >= _FORGIVING - 1 and stem.isalpha()
            for form in (stem, *_without_one(stem))
        }
        self._words.clear()

    def find(self, subject: str, text: str) -> Found:
        """The phrases in `subject` and `text`, each once, in the order of their words."""
        words = self._words
        if len(words) > _REMEMBERED:
            words.clear()
        words.budget, words.spent = NEW_WORDS, False
        cut = len(text) > READ_LIMIT or len(subject) > _BODY_STARTS
        heading = [words[word] for word in TOKEN.findall(subject[:_BODY_STARTS].lower())]
        body = [words[word] for word in TOKEN.findall(text[:READ_LIMIT].lower())]
        in_subject = set(chain.from_iterable(heading))
        present = dict.fromkeys(chain.from_iterable(heading))
        present.update(dict.fromkeys(chain.from_iterable(body)))
        keys = present.keys()
        positions: dict[int, list[int]] = {}
        found: list[Phrase] = []
        alone, partners = self._alone, self._partners
        for stem in present:
            found += alone[stem]
            by_partner = partners[stem]
            if not by_partner:
                continue
            for partner in by_partner.keys() & keys:
                for phrase in by_partner[partner]:
                    if not phrase.needs <= keys:
                        continue
                    if not positions:
                        _place(heading, 0, positions)
                        _place(body, _BODY_STARTS, positions)
                    if _stands(phrase, positions, in_subject):
                        found.append(phrase)
        return Found(found, in_subject, cut or words.spent)

    def _id(self, language: str, word: str) -> int:
        stem = stem_of(language, word)
        return self._ids.setdefault((language, stem), len(self._ids))

    def _look_up(self, word: str) -> tuple[int, ...]:
        """Stem ids of a word in every language that could know it."""
        folded = fold(word)
        if len(folded) > 60:
            return ()
        beginning = folded[:3]
        found: list[int] = []
        for language, beginnings in self._beginnings.items():
            if language == "name":
                continue
            if (
                beginning in beginnings
                or beginning[:2] in beginnings
                or len(folded) <= 3
                or language == "ar"
            ):
                stem_id = self._ids.get((language, stem_of(language, folded)))
                if stem_id is not None:
                    found.append(stem_id)
        name = self._name(folded, guess=not found)
        if name is not None:
            found.append(name)
        if not found and folded.isalpha() and not folded.endswith(_STREETS):
            if len(folded) >= 2 * _COMPOUND - 1:
                found.extend(self._parts(folded))
            if not found and len(folded) >= _FORGIVING:
                found.extend(self._misspelt(folded))
        return tuple(dict.fromkeys(found))

    def _parts(self, folded: str) -> Iterable[int]:
        """Known stems at the two ends of a Danish compound, the longest of each."""
        stem = stem_of("da", folded)
        for start in range(3, len(stem) - _COMPOUND + 1):
            tail = self._ids.get(("da", stem[start:]))
            if tail is not None and tail in self._whole:
                yield tail
                break
        for end in range(len(stem) - 3, _COMPOUND - 1, -1):
            head = self._ids.get(("da", stem[:end]))
            if head is not None and head in self._whole:
                yield head
                break

    def _misspelt(self, folded: str) -> Iterable[int]:
        """The Danish word that is one letter left out, put in or changed away."""
        known = self._one_off
        stem = stem_of("da", folded)
        for form in (stem, *_without_one(stem)):
            stem_id = known.get(form)
            if stem_id is not None:
                yield stem_id
                return

    def _name(self, folded: str, guess: bool) -> int | None:
        """A surname; when guessing, also one that is a letter off."""
        names = self._names
        known = names.get(folded)
        if known is not None or not guess or len(folded) < 6:
            return known
        for name, stem_id in names.items():
            if folded[0] == name[0] and abs(len(folded) - len(name)) <= 1 and near(folded, name):
                return stem_id
        return None


def _place(ids: list[tuple[int, ...]], start: int, positions: dict[int, list[int]]) -> None:
    for place, stems in enumerate(ids, start):
        for stem in stems:
            if stem in positions:
                positions[stem].append(place)
            else:
                positions[stem] = [place]


def _stands(phrase: Phrase, positions: Mapping[int, list[int]], in_subject: set[int]) -> bool:
    """Whether the words of `phrase`, all present, stand as it wants them."""
    if phrase.window:
        if phrase.anchor in in_subject or not phrase.needs.isdisjoint(in_subject):
            return True
        return _near_each_other(phrase, positions)
    return any(_follows(phrase, positions, start) for start in positions[phrase.slots[0]])


def _near_each_other(phrase: Phrase, positions: Mapping[int, list[int]]) -> bool:
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


def _follows(phrase: Phrase, positions: Mapping[int, list[int]], start: int) -> bool:
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


def _without_one(word: str) -> list[str]:
    """`word` with each letter but the first left out in turn."""
    return [word[:place] + word[place + 1 :] for place in range(1, len(word))]


def near(one: str, other: str) -> bool:
    """Whether one letter changed, left out, put in or swapped with its neighbour
    makes `one` into `other` (or into its genitive)."""
    if one in (other, other + "s"):
        return True
    if len(one) == len(other):
        differ = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(differ) == 1:
            return True
        return (
            len(differ) == 2
            and differ[1] == differ[0] + 1
            and one[differ[0]] == other[differ[1]]
            and one[differ[1]] == other[differ[0]]
        )
    short, long = sorted((one, other), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
