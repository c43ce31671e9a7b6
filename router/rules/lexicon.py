"""Reading subjects, flags and other authorities into one vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Final

from router.config_source import Fields, Item, Reading, did_you_mean
from router.model import Group
from router.rules.examples import Examples, read_kle
from router.rules.lessons import teach
from router.rules.names import People
from router.rules.reading import read_id
from router.rules.text import content_words
from router.rules.understanding import Reader
from router.rules.vocabulary import (
    AUTHORITY,
    FLAG,
    GROUP,
    SAYS,
    SUBJECT,
    UNLESS,
    Meaning,
    Vocabulary,
)
from router.rules.weighing import Certainty

BUILT_IN_FLAGS: Final = (
    "callback_requested",
    "contains_cpr",
    "multiple_topics",
    "names_caseworker",
    "not_our_authority",
)
"""Set by the house itself too, not by phrases alone."""
LANGUAGES: Final = ("da", "en", "de", "ar", "uk", "pl", "sv", "no", "tr", "fa", "so", "ro")
_WEIGHTS: Final = (2.0, 3.0, 3.6)
"""A phrase of one, two, or three and more words that matter."""
_HINT: Final = 0.8
_ADVISER: Final = "borgerservice"
"""The department that guides citizens on to other authorities."""
_MOST_TOGETHER: Final = 5_000
_TOGETHER_WINDOW: Final = 22
"""Words apart: a sentence or two."""


@dataclass(slots=True)
class Lexicon:
    """Everything that texts are read with."""

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    flags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    subjects: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    kle: dict[tuple[str, str], str] = field(default_factory=dict)
    """KLE number by (department, subject id)."""
    examples: Examples = field(default_factory=Examples)
    authorities: dict[str, Mapping[str, str]] = field(default_factory=dict)
    people: People = field(default_factory=lambda: People({}))
    certainty: Certainty = field(default_factory=Certainty)
    _says: dict[str, str] = field(default_factory=dict)

    def reader(self, departments: Sequence[str]) -> Reader:
        """Whoever reads texts with all this; `vocabulary` has been closed."""
        adviser = _ADVISER if _ADVISER in departments else ""
        learned = teach(departments, adviser, self.examples.found, self.vocabulary.phrases)
        return Reader(
            self.vocabulary,
            self.certainty,
            self.people,
            learned,
            departments,
            self.kle,
            adviser,
        )

    def add_phrase(self, item: Item, written: str) -> str:
        """A phrase that a rule asks for; answers its key ("" and a problem when unusable)."""
        key = self._says.get(written)
        if key is None:
            key = f"says-{len(self._says)}"
            wrong = self.vocabulary.add("da", written, Meaning(SAYS, key))
            if wrong:
                item.problem(f'the phrase "{written}" {wrong}.')
                return ""
            self._says[written] = key
        return key


def read_lexicon(reading: Reading, departments: Iterable[str], names: Mapping[str, str]) -> Lexicon:
    """Read `subjects/*.yaml`, `flags.yaml` and `authorities.yaml`.

    `names` gives the caseworkers' names by id. Problems are noted in `reading`.
    """
    lexicon = Lexicon()
    known = set(departments)
    _read_flags(reading, lexicon, known)
    _read_authorities(reading, lexicon, known)
    folder = reading.folder / "subjects"
    files = sorted(path.name for path in folder.glob("*.yaml")) if folder.is_dir() else []
    if not files:
        reading.problem(
            "subjects", None, "no subjects/*.yaml found; texts could not be understood."
        )
    taken: dict[str, str] = {}
    for name in files:
        top = reading.file(f"subjects/{name}")
        if top is not None:
            _read_subjects(top, lexicon, known, taken)
    if len(lexicon.flags) > len(BUILT_IN_FLAGS):
        # Otherwise flags.yaml itself is wrong, and that is said already.
        lexicon.examples.check_flags(lexicon.flags)
    lexicon.people = People(names)
    return lexicon


def _read_subjects(
    top: Fields, lexicon: Lexicon, departments: set[str], taken: dict[str, str]
) -> None:
    item = top.need("department")
    department = item.choice(departments, "department") if item is not None else None
    if department and item is not None:
        if department in taken:
            item.problem(f'"{department}" already has its subjects in {taken[department]}.')
        taken[department] = top.file
    listed = top.need("subjects")
    for entry in listed.items() if listed is not None else []:
        fields = entry.fields()
        if fields is None:
            continue
        subject = read_id(fields.need("id"))
        fields.what = f'subject "{subject}"' if subject else entry.what
        name = fields.languages("name")
        if department and subject:
            if (department, subject) in lexicon.subjects:
                fields.problem(f'the subject id "{subject}" is used twice in this file.')
            lexicon.subjects[department, subject] = name
            weighed = _weighed(SUBJECT, department, subject)
            _phrases(fields, "phrases", lexicon, weighed)
            _phrases(fields, "exact", lexicon, weighed, False)
            lexicon.kle[department, subject] = read_kle(fields.get("kle"))
            lexicon.examples.read(
                fields, "examples", LANGUAGES, department=department, subject=subject
            )
            _phrases(
                fields, "hints", lexicon, _always(Meaning(SUBJECT, department, _HINT, subject))
            )
        fields.close()
    top.close()


def _read_flags(reading: Reading, lexicon: Lexicon, departments: set[str]) -> None:
    top = reading.file("flags.yaml")
    lexicon.flags.update({flag: {"da": flag, "en": flag} for flag in BUILT_IN_FLAGS})
    if top is None:
        return
    listed = top.need("flags")
    seen: dict[str, int] = {}
    for entry in listed.items() if listed is not None else []:
        fields = entry.fields()
        if fields is None:
            continue
        flag = read_id(fields.need("id"))
        fields.what = f'flag "{flag}"' if flag else entry.what
        if flag in seen:
            fields.problem(f'the flag id "{flag}" is already used on line {seen[flag]}.')
        seen[flag] = entry.line
        lexicon.flags[flag] = fields.languages("name")
        _both(fields, lexicon, Meaning(FLAG, flag))
        _together(fields, lexicon, Meaning(FLAG, flag))
        _phrases(fields, "unless", lexicon, _always(Meaning(UNLESS, flag)))
        _phrases(fields, "unless_exact", lexicon, _always(Meaning(UNLESS, flag)), False)
        fields.get("note")
        if flag:
            lexicon.examples.read(
                fields, "examples", LANGUAGES, carries=(flag,), departments=departments
            )
            lexicon.examples.read(
                fields, "not_examples", LANGUAGES, departments=departments, absent=flag
            )
        fields.close()
    groups = top.get("groups")
    inner = groups.fields() if groups is not None else None
    for group, place, value in inner.each() if inner is not None else ():
        known = [choice.value for choice in Group]
        if group not in known:
            place.problem(f'unknown group "{group}".{did_you_mean(group, known)}')
            continue
        fields = value.fields()
        if fields is not None:
            _both(fields, lexicon, Meaning(GROUP, group))
            fields.close()
    _read_certainty(top, lexicon)
    top.close()


def _read_certainty(top: Fields, lexicon: Lexicon) -> None:
    item = top.get("certainty")
    fields = item.fields() if item is not None else None
    if fields is None:
        return
    found: dict[str, float] = {}
    for name in ("sure", "likely"):
        limit = fields.get(name)
        number = limit.number(0, 1) if limit is not None else None
        if number is not None:
            found[name] = number
    fields.close()
    lexicon.certainty = Certainty(**found)


def _read_authorities(reading: Reading, lexicon: Lexicon, departments: set[str]) -> None:
    top = reading.file("authorities.yaml")
    listed = top.need("authorities") if top is not None else None
    for entry in listed.items() if listed is not None else []:
        fields = entry.fields()
        if fields is None:
            continue
        authority = read_id(fields.need("id"))
        fields.what = f'authority "{authority}"' if authority else entry.what
        if authority in lexicon.authorities:
            fields.problem(f'the authority id "{authority}" is used twice.')
        lexicon.authorities[authority] = fields.languages("name")
        fields.text("phone", "")
        fields.text("web", "")
        _phrases(fields, "phrases", lexicon, _weighed(AUTHORITY, authority))
        _phrases(fields, "exact", lexicon, _weighed(AUTHORITY, authority), False)
        fields.get("note")
        lexicon.examples.read(
            fields,
            "examples",
            LANGUAGES,
            department=_ADVISER if _ADVISER in departments else "",
            carries=("not_our_authority",),
            departments=departments,
        )
        fields.close()
    if top is not None:
        top.close()


def _both(fields: Fields, lexicon: Lexicon, meaning: Meaning) -> None:
    _phrases(fields, "phrases", lexicon, _always(meaning))
    _phrases(fields, "exact", lexicon, _always(meaning), False)


def _together(fields: Fields, lexicon: Lexicon, meaning: Meaning) -> None:
    """`together`: sets of word lists; one word of each list, `within` so many words."""
    item = fields.get("together")
    for entry in item.items() if item is not None else []:
        inner = entry.fields()
        within = inner.get("within") if inner is not None else None
        window = within.whole(1, 100) if within is not None else None
        for language, place, value in inner.each() if inner is not None else ():
            if language == "within":
                continue
            if language not in LANGUAGES:
                place.problem(f'unknown language "{language}".{did_you_mean(language, LANGUAGES)}')
                continue
            lists = [
                [word for word in (one.words() for one in words.items()) if word]
                for words in value.items()
            ]
            size = prod(len(words) for words in lists)
            if len(lists) < 2 or size > _MOST_TOGETHER:
                value.problem(
                    f"together: two or three lists of words were expected, making at most"
                    f" {_MOST_TOGETHER} pairs; these make {size}."
                )
                continue
            for words in product(*lists):
                wrong = lexicon.vocabulary.add(
                    language, " ".join(words), meaning, window=window or _TOGETHER_WINDOW
                )
                if wrong:
                    value.problem(f'"{" ".join(words)}" {wrong}.')


def _weighed(kind: int, key: str, topic: str = "") -> Callable[[int], Meaning]:
    """A phrase counts more, the more words that matter it has."""
    return lambda words: Meaning(kind, key, _WEIGHTS[min(words, 3) - 1], topic)


def _always(meaning: Meaning) -> Callable[[int], Meaning]:
    return lambda _words: meaning


def _phrases(
    fields: Fields,
    name: str,
    lexicon: Lexicon,
    meaning: Callable[[int], Meaning],
    loose: bool = True,
) -> None:
    """Phrases by language: `{da: [...], en: [...]}`."""
    item = fields.get(name)
    inner = item.fields() if item is not None else None
    for language, place, value in inner.each() if inner is not None else ():
        if language not in LANGUAGES:
            place.problem(f'unknown language "{language}".{did_you_mean(language, LANGUAGES)}')
            continue
        for entry in value.items():
            written = entry.words()
            if written is None:
                continue
            words = max(1, len(content_words(written)))
            wrong = lexicon.vocabulary.add(language, written, meaning(words), loose)
            if wrong:
                entry.problem(f'the phrase "{written}" {wrong}.')
