"""From letters to stems: lower case, one spelling of æøå, endings taken off."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

import snowballstemmer  # type: ignore[import-untyped]  # ships no types

TOKEN: Final = re.compile(r"\w+|§")
"""A word, a number or a paragraph sign. Linear: it cannot back-track."""

SAID: Final = re.compile(r"\w+|[§!?]")
"""The same in what somebody wrote, with the marks that tell how it was meant."""

_IN_PAIRS: Final = re.compile(r"(\d(?<!\w\d)\d)[ .\xa0](\d\d)[ .\xa0](\d\d)[ .\xa0](\d\d)\b")
"""A telephone number as it is mostly written."""

_FOLD: Final = str.maketrans(
    {
        "æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa", "ü": "u", "ß": "ss",
        "é": "e", "è": "e", "ê": "e", "á": "a", "à": "a", "ó": "o", "í": "i", "ú": "u",
        "ł": "l", "ą": "a", "ę": "e", "ś": "s", "ż": "z", "ź": "z", "ć": "c", "ń": "n",
        "أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه",
        "_": "", "\u0301": "", "\u0308": "", "\u030a": "",
    }
)  # fmt: skip
_ARABIC_ARTICLE: Final = ("وال", "بال", "لل", "ال")

STOP_WORDS: Final = frozenset(
    # Danish
    "ad af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din"
    " dine disse dit dog du efter eller en end er et for fordi fra få får fået ham han har havde"
    " have hej hende hendes her hos hun hvad hvem hvis hvor hvordan hvornår i ind ja jeg jer jeres"
    " jo kan kunne man mange med meget men mig min mine mit mod må ned noget nogle nogen nu når og"
    " også om op os over på selv sig sin sine sit skal skulle som sådan the til ud under var vi vil"
    " ville vor være vores været"
    # English, German
    " a an and are be by do for from have i in is it me my of on or our the to we with you your"
    " das dem der die ein eine einen einer es fur ich ihr im in ist mein meine mit nicht ob oder"
    " sie und von wie wir zu zum zur".split()
)
"""Words that a loosely matched phrase does without."""

STREETS: Final = ("vej", "gade", "alle", "vaenget", "straede", "torv", "bakken", "parken")
"""An unknown word that ends so is an address, not a compound: Strandvej is no beach."""

POLITE: Final = frozenset(
    "ok okay tak mvh hilsen hilsner venlig venligst hejsa goddag davs ja nej vh test thanks thank"
    " hello"
    " regards danke bitte hallo".split()
)
"""Words that a text may consist of without being about anything."""


def fold(word: str) -> str:
    """One spelling: `Færdigmelding`, `faerdigmelding` and a decomposed å meet."""
    if word.isascii() and "_" not in word:
        return word.lower()
    return word.lower().translate(_FOLD)


def lowered(text: str) -> str:
    """`text` in small letters, each in its place (only İ would become two).

    Patterns are tried on this instead of ignoring case, which costs twenty times more.
    """
    return text.replace("\u0130", "i").lower()


def said_in(text: str) -> list[str]:
    """What is said in a text of small letters, in order. A telephone number is one
    word: read by twos its digits would be ages, days and hours."""
    return SAID.findall(_IN_PAIRS.sub(r"\1\2\3\4", text))


def tokens(text: str) -> list[str]:
    """The words of `text`, lower case, in order."""
    return TOKEN.findall(text.lower())


def _arabic(word: str) -> str:
    for article in _ARABIC_ARTICLE:
        if word.startswith(article) and len(word) - len(article) >= 3:
            return word[len(article) :]
    return word


def beginning_of(word: str) -> str:
    """Where we have no stemmer the first letters carry the word."""
    return word[:4] if word > "\u0400" else word[:5]


def stem_of(language: str, word: str) -> str:
    """The stem of a folded word in `language`."""
    return _stemmer(language)(word)


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    if language in _SNOWBALL:
        snowball = snowballstemmer.stemmer(_SNOWBALL[language])
        # Its own cache costs four times what stemming does, and is sorted when full.
        snowball.maxCacheSize = 0
        stem: Callable[[str], str] = snowball.stemWord
        return stem
    return _arabic if language == "ar" else beginning_of


_SNOWBALL: Final = {"da": "danish", "en": "english", "de": "german"}
danish_stem: Final = _stemmer("da")
"""The stem of a folded Danish word."""
STEMMED: Final = frozenset(_SNOWBALL)
"""Languages with a stemmer of their own."""


def folded_stop_words() -> frozenset[str]:
    """The stop words as they look after `fold`."""
    return frozenset(fold(word) for word in STOP_WORDS)


_FOLDED_STOP_WORDS: Final = folded_stop_words()


def content_words(text: str) -> list[str]:
    """The folded words of `text` without small words (all of them if nothing is left)."""
    words = [fold(word) for word in tokens(text)]
    return [word for word in words if word not in _FOLDED_STOP_WORDS] or words
