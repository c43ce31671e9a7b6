"""Reading `to`, `promise` and the other things that a rule answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from router.config_source import Fields, Item
from router.model import PromiseKind
from router.rules.facts import ORDERED_KINDS, PromiseOrder
from router.rules.reading_words import read_wait
from router.rules.targets import (
    BY_LIST,
    CASEWORKER_WORDS,
    DEPARTMENT_WORDS,
    NOBODY,
    OF_CASEWORKER,
    ONE,
    SKIP_WORDS,
    Target,
)

if TYPE_CHECKING:
    from router.config_organisation import Caseworker

_MOST_TARGETS: Final = 20


@dataclass(frozen=True, slots=True)
class Staff:
    """Who can be a target."""

    departments: frozenset[str]
    caseworkers: Mapping[str, Caseworker]
    skills: frozenset[str]


def read_targets(fields: Fields, staff: Staff, is_default: bool) -> tuple[Target, ...]:
    """The targets of `to`: a department, fields, or a list of those. Empty when wrong."""
    item = fields.need("to")
    if item is None:
        return ()
    entries = item.items() if item.kind == "list" else [item]
    if not entries:
        item.problem(f"{fields.what}: `to` is an empty list; name a department.")
    if len(entries) > _MOST_TARGETS:
        item.problem(f"{fields.what}: `to` has {len(entries)} targets; at most {_MOST_TARGETS}.")
        return ()
    if is_default and len(entries) > 1:
        item.problem(f"{fields.what} is the default: it has one department that takes everything.")
        return ()
    targets = [_target(entry, fields.what, staff, is_default) for entry in entries]
    for target, entry in zip(targets[:-1], entries[:-1], strict=True):
        if target is not None and target.is_plain and entry is not item:
            entry.problem(
                f'{fields.what}: nothing after this target is ever asked: "{target.department}"'
                " takes it always. Give it `wait` or `skip_if`, or move it down."
            )
            return ()
    found = tuple(target for target in targets if target is not None)
    return found if len(found) == len(entries) else ()


def _target(item: Item, what: str, staff: Staff, is_default: bool) -> Target | None:
    allowed = sorted(staff.departments) + ([] if is_default else [*DEPARTMENT_WORDS])
    if item.kind != "fields":
        department = item.choice(allowed, "department")
        if department == OF_CASEWORKER:
            item.problem(
                f"{what}: `of_caseworker` needs to know of which:"
                " {department: of_caseworker, caseworker: named}."
            )
            return None
        return Target(department) if department else None
    before = len(item.reading.problems)
    fields = item.fields()
    if fields is None:
        return None
    fields.what = f"{what}, to"
    department_item = fields.need("department")
    department = department_item.choice(allowed, "department") if department_item else None
    caseworker_item, skill_item = fields.get("caseworker"), fields.get("skill")
    caseworker = (
        caseworker_item.choice([*staff.caseworkers, *CASEWORKER_WORDS], "caseworker")
        if caseworker_item is not None
        else None
    ) or ""
    skill = skill_item.choice(staff.skills, "skill") if skill_item is not None else None
    wait_item, skip_item = fields.get("wait"), fields.get("skip_if")
    deputy_item = fields.get("deputy")
    skips = [
        word
        for entry in (skip_item.items() if skip_item is not None else [])
        if (word := entry.choice(SKIP_WORDS, "reason"))
    ]
    for misplaced in (wait_item, skip_item) if is_default else ():
        if misplaced is not None:
            misplaced.problem(
                f"{what} is the default and takes everything: no `wait` and no `skip_if`."
            )
    target = Target(
        department or "",
        "" if caseworker == NOBODY else caseworker,
        skill or "",
        read_wait(wait_item) if wait_item is not None else None,
        frozenset(skips),
        deputy_item is None or deputy_item.yes() is True,
    )
    if len(item.reading.problems) == before:
        _agrees(fields, caseworker_item or item, target, staff)
    fields.close()
    return target if len(item.reading.problems) == before else None


def _agrees(fields: Fields, place: Item, target: Target, staff: Staff) -> None:
    """Note what can never find anybody."""
    department, caseworker, people = target.department, target.caseworker, staff.caseworkers
    if department == OF_CASEWORKER and (caseworker not in ONE and caseworker not in people):
        place.problem(
            f"{fields.what}: `of_caseworker` needs one caseworker: {', '.join(ONE)} or an id."
        )
        return
    named = people.get(caseworker)
    if named is not None:
        if department in staff.departments and named.department != department:
            place.problem(f'{named.name} works in "{named.department}", not in "{department}".')
        if target.skill and target.skill not in named.skills:
            place.problem(f'{named.name} has not the skill "{target.skill}".')
        return
    if department not in staff.departments:
        return
    here = [person for person in people.values() if person.department == department]
    wanting: Mapping[str, Iterable[object]] = {
        "by_birthday": [person for person in here if person.birthdays],
        "by_letter": [person for person in here if person.letters],
    }
    if caseworker in BY_LIST and not any(True for _ in wanting[caseworker]):
        field = "birthdays" if caseworker == "by_birthday" else "letters"
        place.problem(f'{caseworker}: nobody in "{department}" has `{field}` in organisation.yaml.')
    elif target.skill and not any(target.skill in person.skills for person in here):
        place.problem(f'nobody in "{department}" has the skill "{target.skill}".')
    elif target.caseworker and not here:
        place.problem(f'"{department}" has no caseworkers in organisation.yaml.')


def read_promise(item: Item | None) -> PromiseOrder | None:
    """`{kind: callback, within_hours: 4}`, or `within_days`; working time."""
    fields = item.fields() if item is not None else None
    if fields is None or item is None:
        return None
    fields.what = "promise"
    kind_item = fields.need("kind")
    kind = kind_item.choice(ORDERED_KINDS, "kind of promise") if kind_item is not None else None
    hours_item, days_item = fields.get("within_hours"), fields.get("within_days")
    hours = hours_item.number(0.25, 200) if hours_item is not None else None
    days = days_item.whole(0, 60) if days_item is not None else None
    fields.get("note")
    fields.close()
    if (hours_item is None) == (days_item is None):
        item.problem("promise: give either `within_hours` or `within_days` (working time).")
        return None
    if kind is None or (hours is None and days is None):
        return None
    return PromiseOrder(PromiseKind(kind), hours, days)
