"""What the learned part is taught: the examples whole, the phrases in handfuls.

The result depends on nothing but the examples and phrases, so it is kept in the
process, and on disk (`kept`), by their hash: a reload that changes only rules does
not train again, and neither does a second start.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from router.rules import kept
from router.rules.examples import Example
from router.rules.learned import Learned
from router.rules.marks import with_implied
from router.rules.text import TOKEN, said_in
from router.rules.training import Lesson, Manner, Task, learn
from router.rules.vocabulary import AUTHORITY, FLAG, SUBJECT, UNLESS, Phrase

_HANDFUL: Final = 5
"""Phrases of one subject that make one short lesson. A lesson each was no better
(docs/understanding.md) and takes three times as long."""
_MOST_OF_FLAG: Final = 1_500
_STRONG: Final = 1.0
"""Hints, which weigh less, are no lesson."""
_FEWEST: Final = 25
"""Examples of a flag from which it is learned at all."""
_OF_DEPARTMENTS: Final = Manner(piece=1.0, pair=1.5, always=0.0, rounds=6)
"""What a text is about is in its words and their parts; not in how many examples a
department happens to have."""
_OF_FLAGS: Final = Manner(piece=0.5, pair=1.5, always=0.4, rounds=6)
"""What is wished or felt is in small words that follow each other."""
_KEPT: Final = 3
_learned: OrderedDict[bytes, Learned] = OrderedDict()


ABOUT, CARRIED = 0, 1
"""Blocks of outputs: the departments, and the flags."""


def teach(
    departments: Sequence[str],
    adviser: str,
    examples: Sequence[Example],
    phrases: Sequence[Phrase],
) -> Learned | None:
    """What can be learned; None when there are no examples.

    `adviser`: the department that guides on to other authorities, or "".
    """
    if not examples:
        return None
    counts = Counter(flag for example in examples for flag in example.flags)
    flags = sorted(flag for flag, count in counts.items() if count >= _FEWEST)
    words = [tuple(said_in(example.text.lower())) for example in examples]
    # An example of no department is of none of them: its words say nothing.
    about = [
        Lesson(said, {place: one == example.department for place, one in enumerate(departments)})
        for said, example in zip(words, examples, strict=True)
    ]
    about += _from_phrases(departments, adviser, phrases)
    carried = [
        Lesson(said, _carried(flags, example.flags))
        for said, example in zip(words, examples, strict=True)
    ]
    carried += _from_flag_phrases(flags, phrases)
    tasks = (
        Task(tuple(departments), tuple(about), _OF_DEPARTMENTS),
        Task(tuple(flags), tuple(carried), _OF_FLAGS),
    )
    key = _key(tasks)
    known = _learned.get(key)
    if known is None:
        known = kept.read(key)
        if known is None:
            known = learn(tasks)
            kept.write(key, known)
        _learned[key] = known
        if len(_learned) > _KEPT:
            _learned.popitem(last=False)
    else:
        _learned.move_to_end(key)
    return known.anew()


def _from_phrases(
    departments: Sequence[str], adviser: str, phrases: Iterable[Phrase]
) -> Iterable[Lesson]:
    """Phrases of one subject (or authority), a handful at a time."""
    by_topic: dict[tuple[int, str, str], list[Phrase]] = {}
    for phrase in phrases:
        meaning = phrase.meaning
        if meaning.kind in (SUBJECT, AUTHORITY) and meaning.weight > _STRONG:
            by_topic.setdefault((meaning.kind, meaning.key, meaning.topic), []).append(phrase)
    for (kind, key, _), found in by_topic.items():
        known = _only(departments, key if kind == SUBJECT else adviser)
        for start in range(0, len(found) if known else 0, _HANDFUL):
            words = [
                word
                for phrase in found[start : start + _HANDFUL]
                for word in TOKEN.findall(phrase.written.lower())
            ]
            yield Lesson(tuple(dict.fromkeys(words)), known, in_order=False)


def _from_flag_phrases(flags: Sequence[str], phrases: Iterable[Phrase]) -> Iterable[Lesson]:
    """Phrases of one flag, and of its `unless`, a handful at a time. Of the thousands
    that lists of pairs make, some evenly."""
    by_flag: dict[tuple[int, str], list[Phrase]] = {}
    for phrase in phrases:
        if phrase.meaning.kind in (FLAG, UNLESS):
            by_flag.setdefault((phrase.meaning.kind, phrase.meaning.key), []).append(phrase)
    for (kind, flag), found in by_flag.items():
        if flag not in flags:
            continue
        apart = max(1, len(found) // _MOST_OF_FLAG)
        some = found[::apart]
        for start in range(0, len(some), _HANDFUL):
            words = [
                word
                for phrase in some[start : start + _HANDFUL]
                for word in TOKEN.findall(phrase.written.lower())
            ]
            yield Lesson(tuple(dict.fromkeys(words)), {flags.index(flag): kind == FLAG}, False)


def _carried(flags: Sequence[str], carries: frozenset[str]) -> dict[int, bool]:
    """What is known of an example. What another flag brings with it is not taught as
    missing where nobody wrote it."""
    brought = with_implied(carries) - carries
    return {output: flag in carries for output, flag in enumerate(flags) if flag not in brought}


def _only(departments: Sequence[str], department: str) -> dict[int, bool]:
    return {place: one == department for place, one in enumerate(departments)} if department else {}


def _key(tasks: Sequence[Task]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for task in tasks:
        digest.update(f"{task.manner}{task.outputs}".encode())
        for lesson in task.lessons:
            carried = [output for output, carries in lesson.known.items() if carries]
            digest.update(f"\1{' '.join(lesson.words)}\0{carried}".encode())
    return digest.digest()
