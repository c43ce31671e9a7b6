"""From a word as somebody wrote it to the stems that our vocabulary knows.

In order: the word itself in every language; without its æ, ø and å (`bornehave`);
the two ends of a Danish compound (`carportbyggetilladelse`); one wrong letter in
a long word. A word is looked at once and remembered by whoever asks.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from weakref import WeakMethod

from router.rules.text import STEMMED, STREETS, beginning_of, fold, stem_of

SHORTEST_PART: Final = 5
"""Shortest known stem that may stand at an end of a compound."""
_FORGIVING: Final = 8
"""Shortest word in which one wrong letter is forgiven."""
_PLAIN: Final = 5
"""Shortest word that is known without its æ, ø and å."""
_START, _FINAL = 4, 3
"""Letters by which a misspelt word is looked for at all; together no more than the
shortest such stem has."""
_LONGEST: Final = 60
DANISH: Final = "da"
_OTHER_SCRIPT: Final = frozenset({"ar", "fa", "uk", "ru"})
_LATIN_ENDS: Final = "\u0370"
"""Where the letters of other scripts begin."""
_HALF: Final = 4
"""Shortest half of a compound that was written in two words."""
_TWO_WORDS: Final = 8
"""Shortest compound that is known in two words."""
_ENDING: Final = 3
"""Longest ending of such a second half."""


class WordBook:
    """The stems of a vocabulary, by language, and what leads to them."""

    def __init__(self) -> None:
        self.ids: dict[tuple[str, str], int] = {}
        self.halves: dict[str, dict[str, int]] = {}
        """First half of a compound -> its other halves, as words may be parted, with
        the stem of the whole."""
        self._stems: dict[str, list[tuple[str, dict[str, int]]]] = {}
        """By the first two letters: the languages with a stemmer and a stem that begins
        so, each with the ids of its stems."""
        self._starts: dict[str, tuple[int, ...]] = {}
        """Of the other languages in Latin letters: ids by the first letters of a word."""
        self._foreign: tuple[tuple[str, dict[str, int]], ...] = ()
        """By language in another script: the ids of its stems."""
        self._danish: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        """Danish stems that may stand at an end of a compound."""
        self._first_letters: frozenset[str] = frozenset()
        self._last_letters: frozenset[str] = frozenset()
        """Of these, as many letters as the shortest has: what has others at both ends
        is no compound."""
        self._one_off: dict[str, int] = {}
        """Long Danish stems, whole and with each letter but the first left out."""
        self._one_off_starts: frozenset[str] = frozenset()
        self._one_off_finals: frozenset[str] = frozenset()
        """First and last letters of these: what has others is not looked for."""
        self._plain: dict[str, int] = {}

    def add(self, language: str, folded: str) -> int:
        """The id of the stem of a folded word, new or known."""
        stem = stem_of(language, folded)
        return self.ids.setdefault((language, stem), len(self.ids))

    def close(self, whole: frozenset[int], written: Iterable[str], stop: frozenset[str]) -> None:
        """Build what guesses at unknown words. `whole`: stems that are a phrase by
        themselves; `written`: the lower-case words of those phrases."""
        stems: dict[str, dict[str, int]] = {"da": {}}
        for (language, stem), number in self.ids.items():
            stems.setdefault(language, {})[stem] = number
        self._stems.clear()
        for language, known in stems.items():
            for beginning in {stem[:2] for stem in known} if language in STEMMED else ():
                self._stems.setdefault(beginning, []).append((language, known))
        starts: dict[str, list[int]] = {}
        for language, known in stems.items():
            if language not in STEMMED and language not in _OTHER_SCRIPT:
                for stem, number in known.items():
                    starts.setdefault(stem, []).append(number)
        self._starts = {start: tuple(numbers) for start, numbers in starts.items()}
        self._foreign = tuple(pair for pair in stems.items() if pair[0] in _OTHER_SCRIPT)
        self._danish = danish = stems["da"]
        self._ends = {
            stem: number
            for stem, number in danish.items()
            if number in whole and len(stem) >= SHORTEST_PART
        }
        self._first_letters = frozenset(stem[:SHORTEST_PART] for stem in self._ends)
        self._last_letters = frozenset(stem[-SHORTEST_PART:] for stem in self._ends)
        self._one_off = {
            form: number
            for stem, number in danish.items()
            if len(stem) >= _FORGIVING - 1 and stem.isalpha()
            for form in (stem, *without_one(stem))
        }
        self._one_off_starts = frozenset(form[:_START] for form in self._one_off)
        self._one_off_finals = frozenset(form[-_FINAL:] for form in self._one_off)
        self._plain = {
            plain: number
            for stem, number in danish.items()
            if len(stem) >= _PLAIN and (plain := _plain(stem)) != stem and plain not in danish
        }
        self.halves.clear()
        for word in written:
            if len(word) < _TWO_WORDS or not word.isalpha():
                continue
            whole_word = self._ends.get(stem_of(DANISH, fold(word)))
            if whole_word is None:
                continue
            for cut in range(_HALF, len(word) - _HALF + 1):
                first, second = word[:cut], fold(word[cut:])
                if fold(first) not in stop:
                    for half in (first, fold(first)):
                        self.halves.setdefault(half, {})[second] = whole_word

    def look_up(self, folded: str) -> tuple[int, ...]:
        """Stem ids of a folded word in every language that could know it."""
        if len(folded) > _LONGEST:
            return ()
        if folded >= _LATIN_ENDS:
            numbers = (known.get(stem_of(language, folded)) for language, known in self._foreign)
            return tuple(number for number in numbers if number is not None)
        found: list[int] = []
        danish = ""
        for language, known in self._stems.get(folded[:2], ()):
            stem = stem_of(language, folded)
            if language == DANISH:
                danish = stem
            number = known.get(stem)
            if number is not None:
                found.append(number)
        found += self._starts.get(beginning_of(folded), ())
        if not found and danish and folded.isalpha() and not folded.endswith(STREETS):
            found.extend(self._guessed(danish))
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)

    def joined(self, first: str, second: str) -> tuple[int, ...]:
        """The stem of a compound that was written in two words (`børne have`).

        `first` is lower case, one of `halves`; `second` is folded."""
        halves = self.halves[first]
        for end in range(len(second), max(_HALF, len(second) - _ENDING) - 1, -1):
            number = halves.get(second[:end])
            if number is not None:
                return (number,)
        return ()

    def _guessed(self, stem: str) -> Iterable[int]:
        number = self._plain.get(stem)
        if number is not None:
            return (number,)
        found = self._parts(stem) if len(stem) >= 2 * SHORTEST_PART - 2 else []
        if not found and len(stem) >= _FORGIVING - 1:
            return self._misspelt(stem)
        return found

    def _parts(self, stem: str) -> list[int]:
        """Known stems at the two ends of a Danish compound, the longest of each."""
        get = self._ends.get
        found: list[int] = []
        head_end = 0
        heads = stem[:SHORTEST_PART] in self._first_letters
        tails = stem[-SHORTEST_PART:] in self._last_letters
        for end in range(len(stem) - 3, SHORTEST_PART - 1, -1) if heads else ():
            head = get(stem[:end])
            if head is not None:
                found.append(head)
                head_end = end
                break
        for start in range(3, len(stem) - SHORTEST_PART + 1) if tails else ():
            tail = get(stem[start:])
            if tail is not None:
                # `selvmord-s-tanker`: behind a known word an s only joins.
                if not (start == head_end and stem[start] == "s" and stem[start + 1] not in "klp"):
                    found.append(tail)
                break
        return found

    def _misspelt(self, stem: str) -> Iterable[int]:
        """The Danish word that is one letter left out, put in or changed away."""
        known = self._one_off
        number = known.get(stem)
        if number is not None:
            return (number,)
        # Up to _START the last letters stay as they are, behind it the first ones.
        if stem[-_FINAL:] in self._one_off_finals:
            for place in range(1, _START):
                number = known.get(stem[:place] + stem[place + 1 :])
                if number is not None:
                    return (number,)
        if stem[:_START] in self._one_off_starts:
            for place in range(_START, len(stem)):
                number = known.get(stem[:place] + stem[place + 1 :])
                if number is not None:
                    return (number,)
        return ()


def _plain(stem: str) -> str:
    """How a word looks when æ, ø and å lost their dots and rings."""
    return stem.replace("ae", "a").replace("oe", "o").replace("aa", "a")


def without_one(word: str) -> list[str]:
    """`word` with each letter but the first left out in turn."""
    return [word[:place] + word[place + 1 :] for place in range(1, len(word))]


class Remembered(OrderedDict[str, tuple[int, ...]]):
    """The stem ids of the words seen last; asks once for a new one.

    At most `budget` new words of one text are looked at: `budget` is set by
    whoever reads, `spent` says that it did not suffice.
    """

    def __init__(self, look_up: Callable[[str], tuple[int, ...]]) -> None:
        super().__init__()
        # Weak: whoever looks up holds us. A ring of the two would outlive its
        # configuration, for the garbage collector rests (`router.config_live`).
        self._look_up = WeakMethod(look_up)
        self.budget = 0
        self.spent = False

    def __missing__(self, word: str) -> tuple[int, ...]:
        if self.budget <= 0:
            self.spent = True
            return ()
        self.budget -= 1
        look_up = self._look_up()
        ids = look_up(word) if look_up is not None else ()
        self[word] = ids
        return ids


def place_all(words: Sequence[tuple[int, ...]], start: int, positions: Places) -> None:
    """Note where each stem stands, counted from `start`."""
    for place, stems in enumerate(words, start):
        for stem in stems:
            positions[stem].append(place)


Places = defaultdict[int, list[int]]
Positions = Mapping[int, list[int]]
