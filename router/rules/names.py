"""Which of our caseworkers a text names, spelt somehow.

Every word is held once against the names and remembered; only a text with a word
near a name is looked at closely. A first name alone counts where the words around
it say that it is somebody at the municipality (`talte med Sanne`, `Hej Pia`), never
in the sender's own signature or family. What fits two people names nobody: the
desk is told both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from router.rules.spelling import beginning_like, distance, forms_of, sound_of
from router.rules.text import STREETS, fold, folded_stop_words, lowered

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’´][^\W\d_]+)?")
_AROUND: Final = 100
"""Characters around a name that are looked at."""
_WORDS: Final = 4_000
"""Words of a text among which names are looked for."""
_MOST: Final = 40
"""Words near a name that are looked at closely."""
_SHORTEST_SURNAME: Final = 5
_CLOSE: Final = 2
"""Letters that a surname may be off behind the right first name."""

FULL, SURNAME, NEAR_SURNAME, GIVEN = 4, 3, 2, 1
"""How sure a name is: full, surname, misspelt surname, first name with a cue."""

_BEFORE: Final = frozenset(
    "med m til hos af hej kære kaere hello hi dear hallo liebe lieber goddag att v fru hr frk"
    " sagsbehandler sagsbehandleren sagsbeh rådgiver rådgiveren raadgiver visitator visitatoren"
    " konsulent konsulenten medarbejder medarbejderen fra jeres hende ham spørger spørg"
    " caseworker with from to szanowna pani pan шановна до hedder navnet kontaktperson leder"
    " lederen tandlæge sundhedsplejerske sundhedsplejersken socialrådgiver vejleder for vedr"
    " både hverken spurgte mail ventet på efter morn dav godmorgen sæt".split()
)
_AFTER: Final = frozenset(
    "lovede lovet sagde siger har havde skulle skrev skriver fra hos bad ville vil kunne svarer"
    " svarede ringede ringer oplyste mente mener sad sidder kom plejer nævnte sendte sender glemte"
    " gav fortalte hjalp said told promised from i på forklarede afviste bekræftede bevilgede"
    " som der er tager tog vender vendte kan skal".split()
)
_STRONG_AFTER: Final = frozenset(
    "lovede sagde skrev ringede oplyste mente svarede sendte bad nævnte fortalte afviste bevilgede"
    " said told promised".split()
)
_ASKING: Final = frozenset("kan vil har må gider bed få bede could can kunne".split())
_ASKED: Final = frozenset(
    "ringe svare sende kontakte vende tage kigge set modtaget læst call mig os ringet"
    " svaret".split()
)
_KIN: Final = frozenset(
    "søn soen sønnen datter datteren mand manden kone konen kæreste bror broder søster far mor barn"
    " barnet dreng drengen pige pigen nabo naboen veninde ven samlever ægtefælle barnebarn nevø"
    " niece onkel tante farfar mormor farmor morfar tvilling son daughter husband wife brother"
    " sister child neighbour sohn tochter mann frau eleven elev hund hunden hedder navn navnet name"
    " svigermor svigerfar svigersøn eks papfar papmor plejesøn plejebarn børn børnene".split()
)
_SELF: Final = re.compile(
    r"(?:jeg hedder|mit navn(?: er)?|mit fulde navn(?: er)?|jeg er|my name is|i am|ich heiße|det er"
    r"|navn|undertegnede|her er|ring (?:til |datter |søn )?|spørg efter|kontakt)\W{0,3}$",
)
_STAFF_SELF: Final = re.compile(
    r"(?:sagsbehandler\w*|sagsbeh\.?|rådgiver\w*|visitator\w*|medarbejder\w*|hun|han|konsulent\w*"
    r"|damen|manden hos jer|vedkommende)\W{1,2}(?:\w+\W{1,2}){0,3}$",
)
_AGE_AFTER: Final = re.compile(
    r"\W{1,3}(?:på )?\d{1,2}(?:\s?år)?\b|\W{1,2}(?:går i|min|vores|mit)\b", re.IGNORECASE
)
_SMALL: Final = folded_stop_words()
_TITLES: Final = frozenset("fru hr frk herr frau mr mrs ms pani pan".split())


@dataclass(frozen=True, slots=True)
class Named:
    """The caseworkers that a text names."""

    one: str = ""
    """Caseworker id, when it is clear who is meant."""
    several: tuple[str, ...] = ()
    """When two or more fit alike: all of them."""


class _Word:
    """A word in its place; folded only when it is looked at."""

    __slots__ = ("_folded", "end", "start", "text")

    def __init__(self, found: re.Match[str]) -> None:
        self.text = found.group()
        self.start, self.end = found.span()
        self._folded = ""

    @property
    def folded(self) -> str:
        if not self._folded:
            self._folded = fold(self.text)
        return self._folded

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


class People:
    """The names of our caseworkers."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names`: full name by caseworker id."""
        self._first: dict[str, list[str]] = {}
        self._last: dict[str, list[str]] = {}
        self._surname: dict[str, str] = {}
        """Folded surname by caseworker id."""
        self._given: dict[str, str] = {}
        """How the first name sounds, by caseworker id."""
        self._sounds: dict[str, set[str]] = {}
        """Folded names by how they sound with one letter less, for misspellings."""
        self._halves: dict[str, set[str]] = {}
        for person, full in names.items():
            words = [fold(word) for word in _WORD.findall(full.replace("-", " ")) if len(word) > 1]
            if len(words) < 2:
                continue
            first, last = words[0], words[-1]
            self._first.setdefault(first, []).append(person)
            self._last.setdefault(last, []).append(person)
            self._surname[person] = last
            self._given[person] = sound_of(first)
            for name in (first, last):
                for form in forms_of(sound_of(name)):
                    self._sounds.setdefault(form, set()).add(name)
            for cut in range(3, len(last) - 2):
                self._halves.setdefault(last[:cut], set()).add(last)
        beginnings: dict[str, set[str]] = {}
        for name in self._names():
            beginnings.setdefault(name[0], set()).add(beginning_like(name))
        self._worth = {
            letter: re.compile("|".join(sorted(patterns)))
            for letter, patterns in beginnings.items()
        }
        """By first letter: how a word begins that may be a misspelt name."""
        self._near: dict[str, tuple[str, ...]] = {}
        """By word (lower case) seen so far: the names that it is, or is near."""
        self._always = frozenset((*self._names(), *self._halves))
        self.known = dict.fromkeys(self._always)
        """Names, halves of names, and words seen so far that are near one (lower case)."""

    def _names(self) -> set[str]:
        return {*self._first, *self._last}

    def notice(self, word: str, folded: str, is_ours: bool) -> None:
        """Hold a word never seen before against the names, and remember.

        `is_ours`: a word of the vocabulary, which is then no misspelt name.
        """
        if folded in self._first or folded in self._last:
            self.known[word] = None
            self._near[word] = (folded,)
            return
        if folded.endswith("s") and (folded[:-1] in self._first or folded[:-1] in self._last):
            self.known[word] = None
            self._near[word] = (folded[:-1],)
            return
        if is_ours or not 4 <= len(folded) <= 24:
            return
        worth = self._worth.get(folded[0])
        if worth is None or not worth.match(folded):
            return
        near: set[str] = set()
        for form in forms_of(sound_of(folded.removesuffix("s") if len(folded) > 6 else folded)):
            near |= self._sounds.get(form, set())
        close = tuple(sorted(name for name in near if name[0] == folded[0]))
        if close:
            self.known[word] = None
            self._near[word] = close

    def forget(self, word: str) -> None:
        """Forget a word seen long ago."""
        if self._near.pop(word, None) is not None and word not in self._always:
            del self.known[word]

    def find(self, subject: str, text: str, closing: int) -> Named:
        """Who is named. `closing`: where the sender's own signature begins (-1: none)."""
        ranked: dict[str, int] = {}
        unclear: dict[tuple[str, ...], int] = {}
        for part, body in ((subject, False), (text, True)):
            small = lowered(part)
            for place in self._places(small):
                if body and 0 <= closing <= place:
                    break
                start = max(0, place - _AROUND)
                near = part[start : place + _AROUND]
                words = [_Word(found) for found in _WORD.finditer(near)]
                number = next(
                    (n for n, word in enumerate(words) if word.start == place - start), -1
                )
                if number < 0:
                    continue
                people, strength = self._read(words, number, near, small == part)
                if body and strength and start == 0 and number < 4 and _is_greeted(words, number):
                    strength += 1
                if len(people) == 1:
                    person = people[0]
                    ranked[person] = max(ranked.get(person, 0), strength)
                elif people:
                    unclear[people] = max(unclear.get(people, 0), strength)
        return _choose(ranked, unclear)

    def _places(self, small: str) -> list[int]:
        """Where words stand that are, or are near, a name."""
        known = self.known
        return [
            found.start()
            for found in islice(_WORD.finditer(small), _WORDS)
            if found.group() in known
        ][:_MOST]

    def _read(
        self, words: list[_Word], number: int, text: str, lower: bool
    ) -> tuple[tuple[str, ...], int]:
        """Who the word at `number` names, and how surely."""
        word = words[number]
        names = self._near.get(word.text.lower()) or (
            (word.folded,) if word.folded in self._first or word.folded in self._last else ()
        )
        firsts = [p for name in names for p in self._first.get(name, ())]
        for person in firsts:
            if self._surname_follows(person, words, number, text):
                same = [p for p in firsts if self._surname[p] == self._surname[person]]
                return tuple(same), FULL
        found = self._by_surname(words, number, names, text, lower)
        if found[0]:
            return found
        if (firsts and word.folded in self._first) or _genitive(word.folded) in self._first:
            exact = tuple(
                self._first.get(word.folded) or self._first.get(_genitive(word.folded)) or ()
            )
            if self._is_given(words, number, text, lower):
                return exact, GIVEN
        return (), 0

    def _by_surname(
        self, words: list[_Word], number: int, names: Iterable[str], text: str, lower: bool
    ) -> tuple[tuple[str, ...], int]:
        word = words[number]
        whole = word.folded
        ends = number
        if number + 1 < len(words) and whole in self._halves:
            joined = whole + words[number + 1].folded
            if joined in self._last and word.capital and _adjoining(words, number, text):
                whole, ends = joined, number + 1
        exact = whole in self._last or _genitive(whole) in self._last
        if exact:
            people = self._last.get(whole) or self._last[_genitive(whole)]
            if self._is_other_person(people, words, number, text, lower):
                return (), 0
            return tuple(people), SURNAME if ends == number else NEAR_SURNAME
        near = [
            person
            for name in names
            for person in self._last.get(name, ())
            if len(name) > _SHORTEST_SURNAME
        ]
        if near and len(whole) > _SHORTEST_SURNAME and not whole.endswith(STREETS):
            before = words[number - 1].text.lower() if number else ""
            if not (before in _BEFORE or (word.capital and not lower)):
                return (), 0  # in a note without capitals any word may look like a name
            if self._is_other_person(near, words, number, text, lower):
                return (), 0
            return tuple(dict.fromkeys(near)), NEAR_SURNAME
        return (), 0

    def _surname_follows(self, person: str, words: list[_Word], number: int, text: str) -> bool:
        """Whether the surname, spelt somehow, stands behind the first name."""
        surname = self._surname[person]
        sound = sound_of(surname)
        for ahead in (1, 2):
            if number + ahead >= len(words) or not _adjoining(words, number + ahead - 1, text):
                return False
            word = words[number + ahead]
            candidates = [word.folded, _genitive(word.folded)]
            if number + ahead + 1 < len(words):
                candidates.append(word.folded + words[number + ahead + 1].folded)
            allowed = _CLOSE + (len(surname) > 9) if len(surname) > _SHORTEST_SURNAME else 1
            for written in candidates:
                if written == surname or (
                    len(written) > 3 and distance(sound_of(written), sound, allowed) <= allowed
                ):
                    return True
            if len(word.text) > 2 and ahead == 1 and not word.capital:
                return False
        return False

    def _is_other_person(
        self, people: list[str], words: list[_Word], number: int, text: str, lower: bool
    ) -> bool:
        """`Ib Mosevang` is not our Jens."""
        if number == 0 or lower:
            return False
        before = words[number - 1]
        if not before.capital or not _adjoining(words, number - 1, text):
            return False
        bare = before.text.lower()
        sound = sound_of(before.folded)
        if any(distance(sound, self._given[person], _CLOSE) <= _CLOSE for person in people):
            return False
        return bare not in _TITLES and bare not in _BEFORE and before.folded not in _SMALL

    def _is_given(self, words: list[_Word], number: int, text: str, lower: bool) -> bool:
        """Whether a first name alone is somebody at the municipality."""
        word = words[number]
        if not (word.capital or lower):
            return False
        before = [other.text.lower() for other in words[max(0, number - 3) : number]]
        after = [other.text.lower() for other in words[number + 1 : number + 3]]
        leading = lowered(text[max(0, word.start - 60) : word.start])
        staff = bool(_STAFF_SELF.search(leading))
        if not staff and (not _KIN.isdisjoint(before) or _SELF.search(leading)):
            return False
        if _AGE_AFTER.match(text, word.end):
            return False
        if number + 1 < len(words) and _adjoining(words, number, text):
            following = words[number + 1]
            if len(following.text) == 1 and (following.capital or lower):
                people = self._first.get(word.folded, ())
                if any(self._surname[p][0] == following.folded for p in people):
                    return True
                if following.capital:
                    return False
            if following.capital and len(following.text) > 2 and not text.isupper():
                return False  # another surname
        if (before and before[-1] in _BEFORE) or staff:
            return True
        if after and after[0] in _STRONG_AFTER:
            return True
        if before and after and before[-1] in _ASKING and after[0] in _ASKED:
            return True
        begins = not before or any(
            mark in text[words[number - 1].end : word.start] for mark in ".!?\n"
        )
        return bool(after) and after[0] in _AFTER and (not begins or after[0] != "er")


def _choose(ranked: Mapping[str, int], unclear: Mapping[tuple[str, ...], int]) -> Named:
    if ranked:
        best = max(ranked.values())
        clear = [person for person, strength in ranked.items() if strength == best]
        if len(clear) == 1:
            return Named(clear[0])
        return Named("", tuple(clear))
    if unclear:
        return Named("", max(unclear, key=lambda people: unclear[people]))
    return Named()


def _is_greeted(words: list[_Word], number: int) -> bool:
    """`Hej Pia`, `Til Gitte`, `att. Ole`: the text is written to them."""
    return any(
        word.text.lower() in ("hej", "kære", "kaere", "til", "att", "dear", "hi", "hello", "goddag")
        for word in words[:number]
    )


def _adjoining(words: list[_Word], number: int, text: str) -> bool:
    """Whether only a space, a hyphen or an initial's stop lies before the next word."""
    between = text[words[number].end : words[number + 1].start] if number + 1 < len(words) else "."
    if between.strip(" \t-\u2010\u2011") == "":
        return len(between) <= 3
    return between.strip() == "." and len(words[number].text) == 1


def _genitive(word: str) -> str:
    return word[:-1] if word.endswith("s") else word
