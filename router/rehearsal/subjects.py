"""Which subject of a department a new phrase is put under. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import sqrt

import yaml

from router.rehearsal.editing import CannotEdit
from router.rehearsal.terms import terms_in


def nearest_subject(text: str, written: Sequence[str]) -> str:
    """The subject of a subjects file (its `text`) that `written` has most words in common with.

    The first one when there are none. Raises CannotEdit when the file has no subject.
    """
    known = dict(_subjects(text))
    if not known:
        raise CannotEdit("the file has no subjects")
    spread = Counter(stem for stems in known.values() for stem in stems)
    said = Counter(seen.term[0] for one in written for seen in terms_in(one) if len(seen.term) == 1)

    def nearness(subject: str) -> float:
        stems = known[subject]
        shared = sum(count / spread[stem] for stem, count in said.items() if stem in stems)
        return shared / sqrt(len(stems) or 1)

    return max(known, key=nearness)


def _subjects(text: str) -> Iterator[tuple[str, set[str]]]:
    content = yaml.safe_load(text) or {}
    entries = content.get("subjects") if isinstance(content, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            words = " . ".join(_texts(entry))
            yield entry["id"], {s.term[0] for s in terms_in(words) if len(s.term) == 1}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
