"""Reading the caseworkers (sagsbehandlere) of organisation.yaml."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from router.config_source import Fields, Item, did_you_mean
from router.rules.reading_words import read_id
from router.rules.text import fold

_MAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+")
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅ"
"""The Danish alphabet."""
_LETTERS: Final = re.compile(r"([A-ZÆØÅ])(?:\s*[-–]\s*([A-ZÆØÅ]))?")
_DAYS: Final = re.compile(r"(\d{1,2})(?:\s*[-–]\s*(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Absence:
    """A caseworker is away from `first` to `last`, both included (local dates)."""

    first: date
    last: date
    deputy: str = ""
    """Caseworker id for this time; "" for the usual deputy."""


@dataclass(frozen=True, slots=True)
class Caseworker:
    """A sagsbehandler: can take a contact."""

    id: str
    """Slug of the name."""
    name: str
    department: str
    mail: str
    deputy: str
    """Caseworker id, or ""."""
    skills: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    """Letters of the Danish alphabet whose citizens are theirs."""
    birthdays: frozenset[int] = frozenset()
    """Days of the month on which their citizens were born."""
    works: str = ""
    """Calendar id of their working hours; "" for the department's."""
    absent: tuple[Absence, ...] = ()
    capacity: int | None = None
    """Open contacts from which they count as full."""


def slug(name: str) -> str:
    """`Gitte Bækgreve` -> `gitte-baekgreve`."""
    return re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")


def read_mail(item: Item | None) -> str:
    """A mail address in small letters; noted when it is none, "" when there is no text."""
    word = item.text() if item is not None else None
    if item is None or word is None:
        return ""
    address = word.lower()
    if not _MAIL.fullmatch(address):
        item.problem(f'{item.what}: a mail address was expected, not "{word}".')
    return address


@dataclass(slots=True)
class _Deputies:
    """Deputies that were named, to be looked at when everybody is known."""

    named: list[tuple[Item, str, str]] = field(default_factory=list)

    def take(self, item: Item | None, owner: str) -> str:
        """The deputy's id."""
        deputy = slug(item.text() or "") if item is not None else ""
        if item is not None and deputy:
            self.named.append((item, owner, deputy))
        return deputy

    def check(self, caseworkers: Mapping[str, Caseworker]) -> None:
        """Note who is not there."""
        for item, owner, deputy in self.named:
            if deputy == owner:
                item.problem("nobody is their own deputy.")
            elif deputy not in caseworkers:
                item.problem(f'unknown caseworker "{deputy}".{did_you_mean(deputy, caseworkers)}')


def read_caseworkers(
    listed: Item | None,
    departments: Collection[str],
    calendars: Collection[str],
    check_mail: Callable[[Item, str], None],
) -> dict[str, Caseworker]:
    """The caseworkers by id, each checked against the others.

    `check_mail` notes what is wrong with a mail address of theirs.
    """
    caseworkers: dict[str, Caseworker] = {}
    deputies = _Deputies()
    taken: dict[tuple[str, object], str] = {}
    for item in listed.items() if listed is not None else []:
        fields = item.fields()
        if fields is None:
            continue
        person = _caseworker(fields, departments, calendars, deputies, check_mail)
        if person.id in caseworkers:
            fields.problem(f'the caseworker "{person.name}" is listed twice.')
        caseworkers[person.id] = person
        _note_shared(fields, person, taken)
    deputies.check(caseworkers)
    return caseworkers


def _caseworker(
    fields: Fields,
    departments: Collection[str],
    calendars: Collection[str],
    deputies: _Deputies,
    check_mail: Callable[[Item, str], None],
) -> Caseworker:
    name = fields.text("name")
    own = slug(name)
    fields.what = f'caseworker "{name}"'
    department_item = fields.need("department")
    works_item, capacity_item = fields.get("works"), fields.get("capacity")
    skills_item, mail_item = fields.get("skills"), fields.need("mail")
    mail = read_mail(mail_item)
    if mail_item is not None and mail:
        check_mail(mail_item, mail)
    person = Caseworker(
        id=own,
        name=name,
        department=(
            department_item.choice(departments, "department") if department_item is not None else ""
        )
        or "",
        mail=mail,
        deputy=deputies.take(fields.get("deputy"), own),
        skills=frozenset(
            skill
            for item in (skills_item.items() if skills_item is not None else [])
            if (skill := read_id(item))
        ),
        letters=_letters(fields.get("letters")),
        birthdays=_days(fields.get("birthdays")),
        works=(works_item.choice(calendars, "calendar") if works_item is not None else "") or "",
        absent=_absences(fields.get("absent"), own, deputies),
        capacity=capacity_item.whole(1, 100_000) if capacity_item is not None else None,
    )
    fields.get("note")
    fields.close()
    return person


def _note_shared(fields: Fields, person: Caseworker, taken: dict[tuple[str, object], str]) -> None:
    """Two colleagues of one department cannot have the same letter or day."""
    for name, values in (("letters", person.letters), ("birthdays", person.birthdays)):
        item = fields.get(name)
        shared = sorted(
            (value for value in values if (f"{person.department} {name}", value) in taken),
            key=lambda value: str(value).rjust(2),
        )
        for value in values:
            taken.setdefault((f"{person.department} {name}", value), person.name)
        if shared and item is not None:
            other = taken[f"{person.department} {name}", shared[0]]
            item.problem(f"{name}: {shared[0]} is already {other}'s in this department.")


def _letters(item: Item | None) -> frozenset[str]:
    """`"A-F"`, or a list of such; Æ Ø Å come last."""
    found: set[str] = set()
    for entry in item.items() if item is not None else []:
        match = _LETTERS.fullmatch(entry.raw.strip().upper())
        first, last = (match.group(1), match.group(2) or match.group(1)) if match else ("B", "A")
        start, end = ALPHABET.index(first), ALPHABET.index(last)
        if start > end:
            entry.expected('letters like "A-F" or "Å" (Æ, Ø and Å come last)')
            continue
        found.update(ALPHABET[start : end + 1])
    return frozenset(found)


def _days(item: Item | None) -> frozenset[int]:
    """`"1-10"`, or a list of such."""
    found: set[int] = set()
    for entry in item.items() if item is not None else []:
        match = _DAYS.fullmatch(entry.raw.strip())
        first, last = (match.group(1), match.group(2) or match.group(1)) if match else ("0", "0")
        if not 1 <= int(first) <= int(last) <= 31:
            entry.expected('days of the month like "1-10"')
            continue
        found.update(range(int(first), int(last) + 1))
    return frozenset(found)


def _absences(item: Item | None, own: str, deputies: _Deputies) -> tuple[Absence, ...]:
    found: list[Absence] = []
    for entry in item.items() if item is not None else []:
        fields = entry.fields()
        if fields is None:
            continue
        fields.what = entry.what
        first, last = _date(fields.need("from")), _date(fields.need("until"))
        deputy = deputies.take(fields.get("deputy"), own)
        fields.get("note")
        fields.close()
        if first is None or last is None:
            continue
        if last < first:
            fields.problem(f"{entry.what}: it ends ({last}) before it begins ({first}).")
            continue
        found.append(Absence(first, last, deputy))
    return tuple(found)


def _date(item: Item | None) -> date | None:
    if item is None:
        return None
    try:
        return date.fromisoformat(item.raw.strip())
    except ValueError:
        item.expected("a date like 2026-12-23")
        return None
