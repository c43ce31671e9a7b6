"""From a word as somebody wrote it to the stems that our vocabulary knows.

In order: the word itself in every language; without its æ, ø and å (`bornehave`);
the two ends of a Danish compound (`carportbyggetilladelse`); one wrong letter in
a long word. A word is looked at once and remembered by whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from weakref import WeakMethod

from router.rules.text import STEMMED, STREETS, beginning_of, fold, stem_of

SHORTEST_PART: Final = 5
"""Shortest known stem that may stand at an end of a compound."""
_FORGIVING: Final = 8
"""Shortest word in which one wrong letter is forgiven."""
_PLAIN: Final = 5
"""Shortest word that is known without its æ, ø and å."""
_LONGEST: Final = 60
DANISH: Final = "da"
_OTHER_SCRIPT: Final = frozenset({"ar", "fa", "uk", "ru"})
_LATIN_ENDS: Final = "\u0370"
"""Where the letters of other scripts begin."""
_HALF: Final = 4
"""Shortest half of a compound that was written in two words."""
_TWO_WORDS: Final = 8
"""Shortest compound that is known in two words."""


class WordBook:
    """The stems of a vocabulary, by language, and what leads to them."""

    def __init__(self) -> None:
        self.ids: dict[tuple[str, str], int] = {}
        self.halves: dict[str, frozenset[str]] = {}
        """First half of a compound -> its other halves, as words may be parted."""
        self._stems: tuple[tuple[str, dict[str, int], frozenset[str]], ...] = ()
        """By language with a stemmer: the ids of its stems, and how these begin."""
        self._starts: dict[str, tuple[int, ...]] = {}
        """Of the other languages in Latin letters: ids by the first letters of a word."""
        self._foreign: tuple[tuple[str, dict[str, int]], ...] = ()
        """By language in another script: the ids of its stems."""
        self._danish: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        """Danish stems that may stand at an end of a compound."""
        self._one_off: dict[str, int] = {}
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
        self._stems = tuple(
            (language, known, frozenset(stem[:2] for stem in known))
            for language, known in stems.items()
            if language in STEMMED
        )
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
        self._one_off = {
            form: number
            for stem, number in danish.items()
            if len(stem) >= _FORGIVING - 1 and stem.isalpha()
            for form in (stem, *without_one(stem))
        }
        self._plain = {
            plain: number
            for stem, number in danish.items()
            if len(stem) >= _PLAIN and (plain := _plain(stem)) != stem and plain not in danish
        }
        halves: dict[str, set[str]] = {}
        for word in written:
            if len(word) < _TWO_WORDS or not word.isalpha():
                continue
            for cut in range(_HALF, len(word) - _HALF + 1):
                first, second = word[:cut], fold(word[cut:])
                if fold(first) not in stop:
                    halves.setdefault(first, set()).add(second)
                    halves.setdefault(fold(first), set()).add(second)
        self.halves = {first: frozenset(second) for first, second in halves.items()}

    def look_up(self, word: str) -> tuple[int, ...]:
        """Stem ids of a lower-case word in every language that could know it."""
        folded = fold(word)
        if len(folded) > _LONGEST:
            return ()
        if folded >= _LATIN_ENDS:
            numbers = (known.get(stem_of(language, folded)) for language, known in self._foreign)
            return tuple(number for number in numbers if number is not None)
        found: list[int] = []
        danish = ""
        beginning = folded[:2]
        for language, known, beginnings in self._stems:
            if beginning not in beginnings:
                continue
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
        for half in self.halves.get(first, ()):
            if second == half or (second.startswith(half) and len(second) - len(half) <= 3):
                number = self._ends.get(stem_of("da", fold(first) + half))
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
        for end in range(len(stem) - 3, SHORTEST_PART - 1, -1):
            head = get(stem[:end])
            if head is not None:
                found.append(head)
                head_end = end
                break
        for start in range(3, len(stem) - SHORTEST_PART + 1):
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
        for form in without_one(stem):
            number = known.get(form)
            if number is not None:
                return (number,)
        return ()


def _plain(stem: str) -> str:
    """How a word looks when æ, ø and å lost their dots and rings."""
    return stem.replace("ae", "a").replace("oe", "o").replace("aa", "a")


def without_one(word: str) -> list[str]:
    """`word` with each letter but the first left out in turn."""
    return [word[:place] + word[place + 1 :] for place in range(1, len(word))]


class Remembered(dict[str, tuple[int, ...]]):
    """The stem ids of every word seen so far; asks once for a new one.

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


def place_all(words: list[tuple[int, ...]], start: int, positions: dict[int, list[int]]) -> None:
    """Note where each stem stands, counted from `start`."""
    for place, stems in enumerate(words, start):
        for stem in stems:
            if stem in positions:
                positions[stem].append(place)
            else:
                positions[stem] = [place]


Positions = Mapping[int, list[int]]
