"""How near two spellings of a name are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MERGED: Final = re.compile(r"(.)\1+")
_SAME_SOUND: Final = (
    ("ae", "e"), ("oe", "o"), ("aa", "a"), ("hv", "v"), ("ph", "f"), ("th", "t"), ("ck", "k"),
    ("gj", "g"), ("ch", "k"), ("sch", "s"),
)  # fmt: skip
_SAME_LETTER: Final = str.maketrans("cqwzyj", "kkvsii")

_VOWELS: Final = "aeiouy"
_ALIKE: Final = {"k": "kgcq", "g": "gk", "v": "vwf", "s": "szc", "d": "dt", "t": "td"}


def beginning_like(name: str) -> str:
    """A pattern for how a misspelt `name` begins: its first two consonants, roughly."""
    sound = sound_of(name)
    following = next((letter for letter in sound[1:] if letter not in _VOWELS), "")
    after = f"[{_ALIKE.get(following, following)}]" if following else ""
    return f"{re.escape(name[0])}h?[{_VOWELS}h]*{after}"


def sound_of(folded: str) -> str:
    """How a name sounds, roughly: what is often written otherwise becomes one."""
    for written, sound in _SAME_SOUND:
        if written in folded:
            folded = folded.replace(written, sound)
    return _MERGED.sub(r"\1", folded.translate(_SAME_LETTER))


def forms_of(sound: str) -> Iterable[str]:
    """The sound, and with each letter but the first left out in turn."""
    yield sound
    if len(sound) > 3:
        for place in range(1, len(sound)):
            yield sound[:place] + sound[place + 1 :]


def distance(one: str, other: str, most: int) -> int:
    """Letters changed, left out, put in or swapped with the next; `most` + 1 when more."""
    if one == other:
        return 0
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        new = [i]
        for j, against in enumerate(other, start=1):
            cost = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        if min(new) > most:
            return most + 1
        before, row = row, new
    return row[-1]
