"""Filter: Danish or English, for the answer that we send by ourselves.

Counts small words that only one of the two has. Danish unless English is
clear: an answer in Danish to an unclear mail is right for this municipality.
"""

from __future__ import annotations

import re
from typing import Final

from channels.mail.reading.words import words

_WORD: Final = re.compile(r"[a-zæøå']+")
_DANISH: Final = words(
    "jeg og ikke det der til på af med er har min mit mine vi jer hvor hvornår kan skal vil "
    "en et den de som hej venlig hilsen tak mvh kære også eller når fra hvad hvordan"
)
_ENGLISH: Final = words(
    "the and not is are my we you your where when can should would of with this that which "
    "hello hi dear regards thanks thank please or what how from have has been i'm am"
)


def language(subject: str, text: str) -> str:
    """`da` or `en`."""
    said = _WORD.findall(f"{subject}\n{text[:4000]}".lower())
    english = sum(word in _ENGLISH for word in said)
    danish = sum(word in _DANISH for word in said)
    letters = sum(letter in "æøå" for word in said for letter in word)
    return "en" if english >= 2 and english > 2 * (danish + letters) else "da"
