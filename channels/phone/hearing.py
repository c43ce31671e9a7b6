"""What a caller said or pressed, understood as far as the menu needs it.

Speech recognition gives numbers mostly as digits, but not always, so the number
words of both languages are known here. What the caller *wants* is for the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from router.model import printable

MOST_SPEECH: Final = 10_000
"""Characters kept of one utterance; a minute of speech is about a thousand."""
MOST_KEYS: Final = 40

_WORDS: Final = re.compile(r"[^\W_]+")
_NOT_KEYS: Final = re.compile(r"[^0-9*#]")

_YES: Final = frozenset(
    "ja jo okay ok jep fint passer gerne godt korrekt rigtigt yes yeah yep sure fine".split()
)
_NO: Final = frozenset("nej næ nix no nope ikke not".split())
_OTHER_NUMBER: Final = frozenset("nummer nummeret andet telefonnummer number another".split())
_ENGLISH: Final = frozenset("english engelsk".split())
_DANISH: Final = frozenset("dansk danish".split())
_SWITCHBOARD: Final = frozenset("omstilling omstillingen switchboard operator".split())
_SMALL: Final = frozenset("tak please det er i tale på det to er you thanks thank".split())


def _counted(words: str, first: int = 0, step: int = 1) -> dict[str, int]:
    return {word: first + step * place for place, word in enumerate(words.split())}


_UNITS: Final = (
    _counted("nul en to tre fire fem seks syv otte ni")
    | _counted("zero one two three four five six seven eight nine")
    | {"et": 1, "én": 1, "ét": 1, "oh": 0}
)
_TEENS: Final = _counted(
    "ti elleve tolv tretten fjorten femten seksten sytten atten nitten", 10
) | _counted("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10)
_DANISH_TENS: Final = _counted("tyve tredive fyrre halvtreds tres halvfjerds firs halvfems", 20, 10)
_ENGLISH_TENS: Final = _counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
_COMPOUND: Final = re.compile(f"^({'|'.join(_UNITS)})og({'|'.join(_DANISH_TENS)})$")
"""Danish puts the unit first, in one word: enogtyve, femoghalvfjerds."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer of a caller: keys, speech, or nothing at all."""

    digits: str = ""
    speech: str = ""

    @classmethod
    def of(cls, digits: str, speech: str) -> Heard:
        """From what the provider sent, rubbish left out."""
        return cls(
            digits=_NOT_KEYS.sub("", digits)[:MOST_KEYS],
            speech=printable(speech).strip()[:MOST_SPEECH],
        )

    @property
    def nothing(self) -> bool:
        return not self.digits and not self.speech

    def says_yes(self) -> bool:
        return self._only(_YES | _SMALL) and self._any(_YES)

    def says_no(self) -> bool:
        words = _words(self.speech)
        return bool(words) and len(words) <= 3 and words[0] in _NO

    def asks_for_english(self) -> bool:
        return self._only(_ENGLISH | _SMALL) and self._any(_ENGLISH)

    def asks_for_danish(self) -> bool:
        return self._only(_DANISH | _SMALL) and self._any(_DANISH)

    def asks_for_switchboard(self) -> bool:
        return self._only(_SWITCHBOARD | _SMALL) and self._any(_SWITCHBOARD)

    def asks_for_other_number(self) -> bool:
        words = _words(self.speech)
        return (
            0 < len(words) <= 5
            and {"andet", "another", "other", "different"} & set(words) != set()
            and self._any(_OTHER_NUMBER)
        )

    def number(self) -> str:
        """The digits that were typed, or said as digits or as number words."""
        return self.digits.rstrip("#") if self.digits else digits_in(self.speech)

    def says_only_a_number(self) -> bool:
        """A number with at most a few words around it: "ring på 20 30 40 50"."""
        others = [word for word in _words(self.speech) if not digits_in(word)]
        return len(others) <= 4

    def _any(self, words: frozenset[str]) -> bool:
        return not words.isdisjoint(_words(self.speech))

    def _only(self, words: frozenset[str]) -> bool:
        return words.issuperset(_words(self.speech))


def digits_in(speech: str) -> str:
    """Every digit said in `speech`, in order: "tyve 30 fyrre halvtreds" is 20304050."""
    found: list[str] = []
    tens: int | None = None  # an English "twenty" that a unit may complete
    for word in _number_tokens(speech):
        unit = _UNITS.get(word)
        if tens is not None:
            if unit:
                found.append(str(tens + unit))
                tens = None
                continue
            found.append(str(tens))
            tens = None
        if word == "+" or word.isdecimal():
            found.append(word)
        elif unit is not None:
            found.append(str(unit))
        elif word in _TEENS:
            found.append(str(_TEENS[word]))
        elif word in _ENGLISH_TENS:
            tens = _ENGLISH_TENS[word]
        elif word in _DANISH_TENS:
            found.append(str(_DANISH_TENS[word]))
        elif compound := _COMPOUND.match(word):
            found.append(str(_UNITS[compound[1]] + _DANISH_TENS[compound[2]]))
    if tens is not None:
        found.append(str(tens))
    return "".join(found)


def _number_tokens(speech: str) -> Iterable[str]:
    return re.findall(r"\+|[0-9]+|[^\W\d_]+", speech[:500].lower())


def _words(speech: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(speech[:500])]
