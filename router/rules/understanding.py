"""What a text is about: departments by probability, flags, who is named, what is wished.

A pure function of the text and the vocabulary. The way: the sender's own words
(`trimming`), phrases (`vocabulary`), what was learned (`learned`), both weighed
together (`weighing`), flags (`marks`), then names, numbers and times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from router.model import Group
from router.rules.details import NOTHING as NO_NUMBERS
from router.rules.details import NUMBERS, has_cpr, phone_to_call, read_details
from router.rules.language import DANISH, language_of
from router.rules.learned import Learned, Noticed
from router.rules.lessons import ABOUT, CARRIED
from router.rules.marks import CALLBACK, OTHER_AUTHORITY, SEVERAL, is_carried, with_implied
from router.rules.names import People
from router.rules.sender import group_of
from router.rules.text import said_in
from router.rules.topics import may_have_several, other_topics
from router.rules.trimming import Letter, read_letter
from router.rules.vocabulary import (
    AUTHORITY,
    BODY_STARTS,
    FLAG,
    GROUP,
    READ_LIMIT,
    SAYS,
    SUBJECT,
    UNLESS,
    Found,
    Phrase,
    Vocabulary,
)
from router.rules.weighing import Certainty, elsewhere, unnamed, weigh
from router.rules.wishes import Wish, read_wish

__all__ = ["Certainty", "Reader", "Understanding", "has_cpr", "shown"]

_SUBJECT_LINE: Final = 1.5
"""A word in the subject line counts this much more."""
_ELSEWHERE: Final = 0.45
"""Probability from which a text is taken to belong to another authority."""
_TOLD: Final = 5
"""Learned words that an explanation names, at most."""
_WORTH_TELLING: Final = 0.02
"""A smaller share of a word explains nothing."""


@dataclass(slots=True)
class Understanding:
    """What the vocabulary says of one text."""

    topic: str = ""
    """The department that it points to best."""
    subject: str = ""
    """The subject id within that department."""
    kle: str = ""
    """KLE number: written in the text, or of the subject."""
    certainty: str = "unsure"
    confidence: float = 0.0
    """About the share of such texts that belong to `topic`."""
    candidates: tuple[tuple[str, float], ...] = ()
    """The three likeliest departments with their probability."""
    secondary: tuple[str, ...] = ()
    """The other departments of a text with several topics."""
    flags: set[str] = field(default_factory=set)
    language: str = DANISH
    group: Group | None = None
    authority: str = ""
    caseworker: str = ""
    """The one who is clearly named."""
    caseworkers: tuple[str, ...] = ()
    """Several who fit alike: ask."""
    wish: Wish | None = None
    """How and when the sender wishes to be called."""
    cvr: str = ""
    ean: str = ""
    postal_code: str = ""
    case_numbers: tuple[str, ...] = ()
    birth_day: int | None = None
    """Day of the month in a CPR number; the number itself leaves no trace."""
    says: set[str] = field(default_factory=set)
    cut: bool = False
    _found: list[Mapping[str, str]] = field(default_factory=list)
    _learned: Callable[[], list[str]] | None = field(default=None, compare=False, repr=False)

    @property
    def words(self) -> list[Mapping[str, str]]:
        """What decided: words of our own vocabulary and examples, never the sender's."""
        if self._learned is not None:
            tell, self._learned = self._learned, None
            self._found += [
                {"word": word, "department": self.topic, "learned": "yes"} for word in tell()
            ]
        return self._found


@dataclass(slots=True)
class _Heard:
    """What the phrases of one text say."""

    scores: dict[str, dict[int, float]] = field(default_factory=dict)
    """By department and word credited."""
    topics: dict[str, dict[str, float]] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    unless: set[str] = field(default_factory=set)
    authorities: dict[str, float] = field(default_factory=dict)
    group: Group | None = None
    learned: dict[str, float] = field(default_factory=dict)
    """Learned scores by flag."""


class Reader:
    """Understands texts with one vocabulary. For one thread."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        certainty: Certainty,
        people: People | None = None,
        learned: Learned | None = None,
        departments: Sequence[str] = (),
        kle: Mapping[tuple[str, str], str] | None = None,
        adviser: str = "",
    ) -> None:
        """`departments` in the order in which they were learned; `kle` by (department,
        subject id); `adviser` is the department that guides on to other authorities."""
        self._vocabulary = vocabulary
        self._certainty = certainty
        self._people = people or People({})
        self._learned = learned
        self._departments = tuple(departments)
        self._kle = kle or {}
        self._adviser = adviser
        vocabulary.on_new_word = self._people.notice
        vocabulary.on_forget = self._people.forget

    def read(
        self,
        subject: str,
        text: str,
        spoken: bool = False,
        email: str = "",
        language: str = "",
    ) -> Understanding:
        """Pure. Only the first 20,000 characters are read.

        `spoken`: a call; a telephone number that is said is there to be called.
        `email`: the sender's address, `language`: what the channel took it to be.
        """
        if not subject and not text:
            return Understanding(language=language or DANISH)
        cut = len(text) > READ_LIMIT or len(subject) > BODY_STARTS
        if cut:
            subject, text = subject[:BODY_STARTS], text[:READ_LIMIT]
        letter = read_letter(text)
        heading, body = said_in(subject.lower()), said_in(letter.own.lower())
        words = dict.fromkeys(heading)
        words.update(dict.fromkeys(body))
        self._vocabulary.forget_oldest()
        found = self._vocabulary.find_words(heading, body, cut)
        result = Understanding(cut=found.cut)
        result.language = language_of(words.keys(), f"{subject} {letter.own}", language)
        heard = self._hear(found, result)
        noticed = None
        if self._learned is not None:
            noticed = self._learned.notice([*heading, *body])
            flags = self._learned.blocks[CARRIED].outputs
            heard.learned = dict(zip(flags, self._learned.scores(noticed, CARRIED), strict=True))
        scores = self._weigh(result, heard, noticed)
        if may_have_several(letter.own, words, scores):
            result.secondary = other_topics(letter.own, result.topic, self._clause)
            if result.secondary:
                result.flags.add(SEVERAL)
        self._mark(result, heard, len(words))
        self._numbers(result, heard, subject, text, spoken, email)
        self._names(result, words, subject, text, letter)
        return result

    def _hear(self, found: Found, result: Understanding) -> _Heard:
        """Sort the phrases that were found by what they stand for."""
        heard = _Heard()
        for phrase in found.phrases:
            meaning = phrase.meaning
            kind = meaning.kind
            if kind == SUBJECT:
                weight = meaning.weight
                if phrase.anchor in found.in_subject:
                    weight *= _SUBJECT_LINE
                share = weight / len(phrase.credits)
                by_word = heard.scores.setdefault(meaning.key, {})
                for word in phrase.credits:
                    if by_word.get(word, 0.0) < share:
                        by_word[word] = share
                by_topic = heard.topics.setdefault(meaning.key, {})
                by_topic[meaning.topic] = by_topic.get(meaning.topic, 0.0) + weight
            elif kind == FLAG:
                heard.flags[meaning.key] = count = heard.flags.get(meaning.key, 0) + 1
                if count > 1:
                    continue  # one word of ours is reason enough
            elif kind == UNLESS:
                heard.unless.add(meaning.key)
            elif kind == AUTHORITY:
                weight = meaning.weight
                if phrase.anchor in found.in_subject:
                    weight *= _SUBJECT_LINE
                heard.authorities[meaning.key] = heard.authorities.get(meaning.key, 0.0) + weight
            elif kind == GROUP:
                heard.group = heard.group or Group(meaning.key)
            elif kind == SAYS:
                result.says.add(meaning.key)
            result._found.append(phrase.shown)
        return heard

    def _weigh(
        self, result: Understanding, heard: _Heard, noticed: Noticed | None
    ) -> dict[str, float]:
        """Fill in topic, candidates, certainty and the words that were learned; answers
        the phrase scores by department."""
        scores = {department: sum(by_word.values()) for department, by_word in heard.scores.items()}
        learned, about = self._learned, None
        if learned is not None and noticed is not None:
            named = bool(scores or heard.authorities)
            telling = 0 if named else learned.telling(noticed)
            about = learned.scores(noticed, ABOUT) if named or telling else None
            if about and not named:
                trust = unnamed(telling)
                about = [score * trust for score in about]
        weighed = weigh(
            scores,
            about,
            self._departments or tuple(sorted(scores)),
            self._adviser,
            self._away(result, heard, scores),
        )
        if not weighed.ranked:
            return scores
        result.candidates = weighed.ranked
        result.topic = weighed.ranked[0][0]
        result.confidence = weighed.confidence
        topics = heard.topics.get(result.topic)
        if topics:
            result.subject = max(topics.items(), key=lambda pair: pair[1])[0]
        if weighed.confidence >= self._certainty.sure:
            result.certainty = "sure"
        elif weighed.confidence >= self._certainty.likely:
            result.certainty = "likely"
        if about is not None and noticed is not None and learned is not None:
            result._learned = partial(
                learned.words_for, noticed, result.topic, _TOLD, _WORTH_TELLING
            )
        return scores

    def _away(self, result: Understanding, heard: _Heard, scores: Mapping[str, float]) -> float:
        """How likely the text belongs to another authority; notes which when it does."""
        if OTHER_AUTHORITY in heard.unless or not (heard.authorities or heard.learned):
            return 0.0
        authority = max(heard.authorities, key=heard.authorities.__getitem__, default="")
        ours = max((s for place, s in scores.items() if place != self._adviser), default=0.0)
        away = elsewhere(
            heard.authorities.get(authority, 0.0), ours, heard.learned.get(OTHER_AUTHORITY)
        )
        if away < _ELSEWHERE:
            return 0.0
        result.authority = authority
        result.flags.add(OTHER_AUTHORITY)
        return away

    def _clause(self, clause: str) -> tuple[str, float, dict[str, float]]:
        """What one clause is about: department, probability, phrase scores."""
        said = said_in(clause.lower())
        part = Understanding()
        noticed = self._learned.notice(said) if self._learned is not None else None
        heard = self._hear(self._vocabulary.find_words([], said), part)
        scores = self._weigh(part, heard, noticed)
        return part.topic, part.confidence, scores

    def _mark(self, result: Understanding, heard: _Heard, words: int) -> None:
        """Set the flags that phrases and learning tell."""
        for flag in {**heard.flags, **heard.learned}:
            if flag != OTHER_AUTHORITY and is_carried(
                flag,
                phrases=heard.flags.get(flag, 0),
                unless=flag in heard.unless,
                learned=heard.learned.get(flag),
                words=words,
            ):
                result.flags.add(flag)
        result.flags |= with_implied(result.flags)

    def _numbers(
        self,
        result: Understanding,
        heard: _Heard,
        subject: str,
        text: str,
        spoken: bool,
        email: str,
    ) -> None:
        """What the numbers are, who sends, and how and when to call."""
        whole = f"{subject}\n{text}" if subject else text
        details = read_details(whole)
        result.cvr, result.ean = details.cvr, details.ean
        result.postal_code, result.case_numbers = details.postal_code, details.case_numbers
        result.birth_day = details.birth_day
        if details.cpr:
            result.flags.add("contains_cpr")
        result.kle = details.kle or self._kle.get((result.topic, result.subject), "")
        result.group = group_of(whole, email, details.cvr, details.ean, heard.group)
        some = details is not NO_NUMBERS and NUMBERS.search(text)
        phone = phone_to_call(text, spoken) if some else ""
        if phone and CALLBACK not in heard.unless:
            result.flags.add(CALLBACK)
        if CALLBACK in result.flags:
            result.wish = read_wish(text, phone)

    def _names(
        self,
        result: Understanding,
        words: Mapping[str, None],
        subject: str,
        text: str,
        letter: Letter,
    ) -> None:
        """Which caseworker is named."""
        if self._people.known.keys().isdisjoint(words):
            return
        named = self._people.find(subject, text, letter.closing)
        result.caseworker, result.caseworkers = named.one, named.several
        if named.one or named.several:
            result.flags.add("names_caseworker")


_LABELS: Final = {SUBJECT: "department", FLAG: "flag", UNLESS: "not_flag", GROUP: "group"}


def shown(phrase: Phrase) -> dict[str, Any]:
    """How a found phrase is written in an explanation."""
    if phrase.meaning.kind == SAYS:
        return {"word": phrase.written}
    return {
        "word": phrase.written,
        _LABELS.get(phrase.meaning.kind, "authority"): phrase.meaning.key,
    }
