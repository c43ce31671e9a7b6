"""Example messages in the vocabulary: whole texts with what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from router.config_source import Fields, Item, did_you_mean

_KLE: Final = re.compile(r"\d\d(?:\.\d\d){0,2}")
_LONGEST: Final = 6_000
"""Characters of one example; a message that nobody would write by hand."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message as people write it, labelled by staff (or by whoever wrote the file)."""

    language: str
    text: str
    department: str = ""
    """Where it belongs; "" when that is not said."""
    subject: str = ""
    """Subject id within the department, when it stands with a subject."""
    flags: frozenset[str] = frozenset()
    """All flags that it carries; it carries no others."""


@dataclass(slots=True)
class Examples:
    """All examples of one configuration, and what must be checked when all is read."""

    found: list[Example] = field(default_factory=list)
    _named: list[tuple[Item, str]] = field(default_factory=list)

    def read(
        self,
        fields: Fields,
        name: str,
        languages: Iterable[str],
        *,
        department: str = "",
        subject: str = "",
        carries: Iterable[str] = (),
        departments: Iterable[str] = (),
        absent: str = "",
    ) -> None:
        """Take the field `name`: `{da: ["...", {text: "...", flags: [...]}], en: [...]}`.

        `carries` is understood for each of them, `absent` must not be listed.
        With `departments` an example may say where it belongs; without, it
        belongs to `department`.
        """
        item = fields.get(name)
        inner = item.fields() if item is not None else None
        known = tuple(languages)
        for language, place, value in inner.each() if inner is not None else ():
            if language not in known:
                place.problem(f'unknown language "{language}".{did_you_mean(language, known)}')
                continue
            for entry in value.items():
                self._one(
                    entry, language, department, subject, frozenset(carries), departments, absent
                )

    def _one(
        self,
        entry: Item,
        language: str,
        department: str,
        subject: str,
        carries: frozenset[str],
        departments: Iterable[str],
        absent: str,
    ) -> None:
        flags = set(carries)
        if entry.kind == "fields":
            fields = entry.fields()
            if fields is None:
                return
            written = fields.need("text")
            listed = fields.get("flags")
            for one in listed.items() if listed is not None and not listed.is_empty else []:
                flag = one.words()
                if flag is None:
                    continue
                if flag == absent:
                    one.problem(f'an example under not_examples cannot carry "{flag}" itself.')
                    continue
                self._named.append((one, flag))
                flags.add(flag)
            if departments:
                place = fields.get("department")
                if place is not None:
                    department = place.choice(departments, "department") or ""
            fields.close()
        else:
            written = entry
        text = written.words() if written is not None else None
        if text is None or written is None:
            return
        if len(text) > _LONGEST:
            written.problem(f"this example is longer than {_LONGEST} characters.")
            return
        self.found.append(Example(language, text, department, subject, frozenset(flags)))

    def check_flags(self, flags: Iterable[str]) -> None:
        """Note every flag that an example names and that is not defined."""
        known = set(flags)
        for item, flag in self._named:
            if flag not in known:
                item.problem(f'unknown flag "{flag}".{did_you_mean(flag, known)}')


def read_kle(item: Item | None) -> str:
    """A KLE number (`27`, `27.36`, `27.36.04`). "" when none or wrong."""
    written = item.text() if item is not None else None
    if written is None or item is None:
        return ""
    if _KLE.fullmatch(written):
        return written
    item.problem(f'"{written}" is no KLE number; write it in quotes like "27.36".')
    return ""
