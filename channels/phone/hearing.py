"""What a caller said or pressed, understood as far as the menu needs it.

Speech recognition gives numbers mostly as digits, but not always, so the number
words of both languages are known here. What the caller *wants* is for the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from channels.numbers import on_keys
from router.model import printable

MOST_SPEECH: Final = 10_000
"""Characters kept of one utterance; a minute of speech is about a thousand."""
MOST_KEYS: Final = 40
CODE_LENGTH: Final = 8
"""Keys of an access code."""

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
_PERSON: Final = frozenset("medarbejder person menneske nogen staff human somebody someone".split())
_REFERENCE: Final = frozenset(
    "sag sagen sagsnummer sagsnummeret reference referencen referencenummer referencenummeret"
    " henvendelse henvendelsesnummer henvendelsesnummeret case".split()
)
_TIME: Final = frozenset("tid tidspunkt time times".split())
_OTHER: Final = frozenset("anden andet andre anderledes flytte flyt another other later".split())
_LATER: Final = frozenset("senere flytte flyt ændre reschedule later".split())
_ADD: Final = frozenset("tilføje tilføj besked beskeden add message".split())
_CALL: Final = frozenset("ring ringe ringer opkald opkaldet call called".split())
_REFUSING: Final = frozenset("ikke not dont".split())
_APOSTROPHE: Final = re.compile("['\u2019]")
_NO_CALL: Final = frozenset("afmeld aflys annuller cancel".split())
_TALK: Final = frozenset(
    "jeg vil vi har min mit en et den om ringer med kan gerne tale snakke skal få i"
    " have my a an the about with want to would like need speak talk it is number nummer"
    " drejer sig lægge leave hellere helst for mig me".split()
)
"""What stands around the word that says what is wanted."""
_PLACES: Final = (
    frozenset("første et en én ét 1 one first".split()),
    frozenset("anden andet to 2 two second".split()),
    frozenset("tredje tre 3 three third".split()),
)
_SENTENCE: Final = 3
"""So many words that are no command are words for a person to read."""
_LETTERS_READ_WRONG: Final = str.maketrans("OIL", "011")
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

    def asks_for_person(self) -> bool:
        return self._only(_PERSON | _TALK | _SMALL) and self._any(_PERSON)

    def asks_for_reference(self) -> bool:
        """ "Min sag", "jeg har et referencenummer": nothing of what it is about."""
        return self._only(_REFERENCE | _TALK | _SMALL) and self._any(_REFERENCE)

    def asks_for_other_time(self) -> bool:
        if not self._only(_TIME | _OTHER | _LATER | _TALK | _SMALL):
            return False
        return self._any(_LATER) or (self._any(_TIME) and self._any(_OTHER))

    def asks_to_add(self) -> bool:
        return self._only(_ADD | _TALK | _SMALL | {"noget", "something"}) and self._any(_ADD)

    def wants_no_call(self) -> bool:
        """ "Ring ikke", "I skal ikke ringe", "don't call me"."""
        spoken = _words(_APOSTROPHE.sub("", self.speech))
        words = set(spoken)
        if not words <= _NO | _NO_CALL | _CALL | _TALK | _SMALL | {"dont", "do", "alligevel"}:
            return False
        # "No, call me" is no refusal.
        refused = not words.isdisjoint(_REFUSING) or spoken == ["no", "call"]
        return bool(words & _NO_CALL) or (refused and bool(words & _CALL))

    def place(self) -> int:
        """Which of the things that were counted out, from 1; 0 for none of them."""
        if self.digits:
            return int(self.digits) if len(self.digits) == 1 and self.digits.isdecimal() else 0
        words = set(_words(self.speech)) - {"den", "tid", "tak", "the", "please", "nummer"}
        for number, names in enumerate(_PLACES, 1):
            if words and words <= names:
                return number
        return 0

    def is_sentence(self) -> bool:
        return not self.digits and len(_words(self.speech)) >= _SENTENCE

    def code(self) -> str:
        """An access code as its keys, each letter by the key that it is on."""
        if self.digits:
            return self.digits.rstrip("#").replace("*", "")
        spelt = [
            str(_UNITS[word]) if word in _UNITS else word
            for word in re.findall(r"[^\W_]+", self.speech[:200].lower())
        ]
        letters = "".join(spelt).upper().translate(_LETTERS_READ_WRONG)
        return on_keys(letters) if letters.isascii() else ""

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
