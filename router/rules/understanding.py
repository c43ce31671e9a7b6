"""What a text is about: scores per department, flags, who is named."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from router.model import Group
from router.rules.vocabulary import (
    AUTHORITY,
    FLAG,
    GROUP,
    PERSON,
    READ_LIMIT,
    SAYS,
    SUBJECT,
    UNLESS,
    Phrase,
    Vocabulary,
)

_CPR: Final = re.compile(r"[0-3](?<!\d\d)\d[01]\d\d\d ?[-–]? ?\d{4}(?!\d)")
"""Begins with the digit, not with the look-behind: so the engine can skip ahead."""
_PHONE: Final = re.compile(r"[1-9](?<!\d\d)\d(?: ?\d\d){3}(?!\d)")
_CALL_WORDS: Final = (
    "ring",
    "kald",
    "kontakt",
    "træffes",
    "fanges",
    "call",
    "phone",
    "anruf",
    "rufen",
)
_NUMBER: Final = re.compile(r"\d[\d –-]{6,}")
"""Anything long enough to be a CPR or a telephone number; most texts have none."""
_BEFORE_NUMBER: Final = 45
"""Characters before a telephone number in which a word of calling makes it a wish."""
_AUTHORITY_HOLDS: Final = 0.6
"""Another authority is meant unless one of our departments scores clearly more."""
_SUBJECT_LINE: Final = 1.5
"""A word in the subject line counts this much more."""
_REAL_PART: Final = 3.0
"""From this score a second department has a real part in the text."""


@dataclass(frozen=True, slots=True)
class Certainty:
    """From which score and confidence a text counts as sure or likely (config)."""

    sure_score: float = 2.0
    sure_confidence: float = 0.6
    likely_score: float = 1.4
    likely_confidence: float = 0.45


@dataclass(slots=True)
class Understanding:
    """What the vocabulary says of one text."""

    topic: str = ""
    """The department that it points to best."""
    subject: str = ""
    """The subject id within that department."""
    certainty: str = "unsure"
    confidence: float = 0.0
    candidates: tuple[tuple[str, float], ...] = ()
    flags: set[str] = field(default_factory=set)
    group: Group | None = None
    authority: str = ""
    caseworker: str = ""
    says: set[str] = field(default_factory=set)
    words: list[Mapping[str, str]] = field(default_factory=list)
    cut: bool = False


class Reader:
    """Understands texts with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, certainty: Certainty) -> None:
        self._vocabulary = vocabulary
        self._certainty = certainty

    def read(self, subject: str, text: str, spoken: bool = False) -> Understanding:
        """Pure. Only the first 20,000 characters are read.

        `spoken`: a call; a telephone number that is said is there to be called.
        """
        found = self._vocabulary.find(subject, text)
        result = Understanding(cut=found.cut)
        scores: dict[str, dict[int, float]] = {}
        topics: dict[str, dict[str, float]] = {}
        unless: set[str] = set()
        authorities: dict[str, float] = {}
        for phrase in found.phrases:
            meaning = phrase.meaning
            kind = meaning.kind
            if kind == SUBJECT:
                weight = meaning.weight
                if phrase.anchor in found.in_subject:
                    weight *= _SUBJECT_LINE
                share = weight / len(phrase.credits)
                by_word = scores.setdefault(meaning.key, {})
                for word in phrase.credits:
                    if by_word.get(word, 0.0) < share:
                        by_word[word] = share
                by_topic = topics.setdefault(meaning.key, {})
                by_topic[meaning.topic] = by_topic.get(meaning.topic, 0.0) + weight
            elif kind == FLAG:
                if meaning.key in result.flags:
                    continue  # one word of ours is reason enough
                result.flags.add(meaning.key)
            elif kind == UNLESS:
                unless.add(meaning.key)
            elif kind == PERSON:
                result.caseworker = result.caseworker or meaning.key
                continue  # a person's name is no vocabulary word
            elif kind == AUTHORITY:
                weight = meaning.weight
                if phrase.anchor in found.in_subject:
                    weight *= _SUBJECT_LINE
                authorities[meaning.key] = authorities.get(meaning.key, 0.0) + weight
            elif kind == GROUP:
                result.group = result.group or Group(meaning.key)
            elif kind == SAYS:
                result.says.add(meaning.key)
            result.words.append(phrase.shown)
        result.flags -= unless
        if subject and has_cpr(subject[:READ_LIMIT]):
            result.flags.add("contains_cpr")
        if _NUMBER.search(text, 0, READ_LIMIT):
            if has_cpr(text[:READ_LIMIT]):
                result.flags.add("contains_cpr")
            if "callback_requested" not in unless and asks_for_call(text[:READ_LIMIT], spoken):
                result.flags.add("callback_requested")
        if result.caseworker:
            result.flags.add("names_caseworker")
        top = self._weigh(result, scores, topics) if scores else 0.0
        if authorities and "not_our_authority" not in unless:
            authority = max(authorities, key=lambda key: authorities[key])
            if authorities[authority] >= top * _AUTHORITY_HOLDS:
                result.authority = authority
                result.flags.add("not_our_authority")
        return result

    def _weigh(
        self,
        result: Understanding,
        scores: Mapping[str, Mapping[int, float]],
        topics: Mapping[str, Mapping[str, float]],
    ) -> float:
        """Fill in topic, candidates and certainty; answers the best score."""
        ranked = sorted(
            ((sum(by_word.values()), department) for department, by_word in scores.items()),
            key=lambda pair: (-pair[0], pair[1]),
        )
        top, result.topic = ranked[0]
        second = ranked[1][0] if len(ranked) > 1 else 0.0
        result.subject = max(topics[result.topic].items(), key=lambda pair: pair[1])[0]
        result.confidence = round(top / (top + second + 1.0), 3)
        result.candidates = tuple((department, round(score, 2)) for score, department in ranked[:3])
        if second >= _REAL_PART and second >= top / 2:
            result.flags.add("multiple_topics")
        limits = self._certainty
        if top >= limits.sure_score and result.confidence >= limits.sure_confidence:
            result.certainty = "sure"
        elif top >= limits.likely_score and result.confidence >= limits.likely_confidence:
            result.certainty = "likely"
        return top


def asks_for_call(text: str, spoken: bool) -> bool:
    """Whether a telephone number is given to be called.

    In a call (`spoken`) any number is; in writing it may be a signature, and only
    a word of calling just before it makes it a wish.
    """
    for found in _PHONE.finditer(text):
        if spoken:
            return True
        before = text[max(0, found.start() - _BEFORE_NUMBER) : found.start()].lower()
        if any(word in before for word in _CALL_WORDS):
            return True
    return False


def has_cpr(text: str) -> bool:
    """Whether ten digits that can be a CPR number stand in `text`.

    The date must exist; modulus 11 is not asked, since numbers without it are given.
    """
    for found in _CPR.finditer(text):
        digits = [digit for digit in found.group() if digit.isdigit()]
        day, month, year = (int("".join(digits[at : at + 2])) for at in (0, 2, 4))
        seventh = int(digits[6])
        if 1 <= month <= 12 and 1 <= day <= monthrange(_century(year, seventh) + year, month)[1]:
            return True
    return False


def _century(year: int, seventh: int) -> int:
    """The century that the seventh digit stands for (CPR-kontoret's table)."""
    if seventh <= 3:
        return 1900
    if seventh in (4, 9):
        return 2000 if year <= 36 else 1900
    return 2000 if year <= 57 else 1800


def shown(phrase: Phrase) -> dict[str, Any]:
    """How a found phrase is written in an explanation."""
    labels = {SUBJECT: "department", FLAG: "flag", UNLESS: "not_flag", GROUP: "group"}
    label = labels.get(phrase.meaning.kind, "authority")
    if phrase.meaning.kind == SAYS:
        return {"word": phrase.written}
    return {"word": phrase.written, label: phrase.meaning.key}
