"""Who is asked to take a contact: the targets of a rule, in order, over who is there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from router.rules.facts import Step
from router.rules.staffing import Staffing

if TYPE_CHECKING:
    from router.config_organisation import Caseworker, Department
    from router.rules.situation import Situation

FROM_MENU: Final = "from_menu"
FROM_TEXT: Final = "from_text"
OF_CASEWORKER: Final = "of_caseworker"
OF_OPEN_CONTACT: Final = "of_open_contact"
DEPARTMENT_WORDS: Final[Mapping[str, str]] = {
    FROM_MENU: "what the sender chose in the menu or the form",
    FROM_TEXT: "what the text is about",
    OF_CASEWORKER: "where the caseworker of this target works",
    OF_OPEN_CONTACT: "the department that has the sender's open contact",
}
"""What may stand instead of a department."""

NOBODY: Final = "none"
ONE: Final[Mapping[str, str]] = {
    "named": "the one whom the text names",
    "of_open_contact": "the one who has the sender's open contact",
    "coordinating": "the sender's coordinating caseworker",
    "last_spoken_to": "the one whom the sender was last in touch with",
}
BY_LIST: Final[Mapping[str, str]] = {
    "by_birthday": "the one whose `birthdays` hold the day of the CPR number in the text",
    "by_letter": "the one whose `letters` hold the sender's (a person's surname, a company's name)",
}
POOL: Final[Mapping[str, str]] = {
    "least_loaded": "the one with the fewest open contacts (of their `capacity`, where given)",
    "round_robin": "the one who has waited longest for a new one",
}
CASEWORKER_WORDS: Final[Mapping[str, str]] = {
    NOBODY: "nobody yet: the whole department",
    **ONE,
    **POOL,
    **BY_LIST,
}
"""How a caseworker is found."""

CLOSED: Final = "closed"
NOBODY_ON_DUTY: Final = "nobody_on_duty"
FULL: Final = "full"
SKIP_WORDS: Final[Mapping[str, str]] = {
    CLOSED: "the department is closed at this moment",
    NOBODY_ON_DUTY: "nobody who could take it is at work (or the one caseworker is not)",
    FULL: "its `capacity` (or the one caseworker's) is used up",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of `to`."""

    department: str
    """A department id, or one of DEPARTMENT_WORDS."""
    caseworker: str = ""
    """A caseworker id, one of CASEWORKER_WORDS, or "" for nobody yet."""
    skill: str = ""
    wait: timedelta | None = None
    """Working time."""
    skip_if: frozenset[str] = frozenset()
    deputy: bool = True
    """Whether the deputy department is asked when this one is skipped."""

    @property
    def asks_who_is_there(self) -> bool:
        """Whether the answer hangs on who is at work, or on what is open."""
        return bool(self.skip_if) or self.caseworker not in ("", NOBODY)

    @property
    def asks_load(self) -> bool:
        """Whether the answer hangs on who has how much."""
        return self.caseworker in POOL or FULL in self.skip_if

    @property
    def is_plain(self) -> bool:
        """Nothing but a department that is named."""
        return not (
            self.caseworker or self.wait or self.skip_if or self.department in DEPARTMENT_WORDS
        )


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the targets came to."""

    first: Step
    plan: tuple[Step, ...] = ()
    skipped: tuple[Mapping[str, Any], ...] = ()


class Targets:
    """Resolves targets for one municipality."""

    def __init__(
        self,
        departments: Mapping[str, Department],
        caseworkers: Mapping[str, Caseworker],
        default: str,
    ) -> None:
        """`default`: the department that takes what nobody else does."""
        self._departments = departments
        self._people = caseworkers
        self._default = default
        self._members: dict[str, list[Caseworker]] = {name: [] for name in departments}
        for person in caseworkers.values():
            self._members[person.department].append(person)

    def resolve(
        self, targets: Sequence[Target], situation: Situation, staffing: Staffing
    ) -> Resolved | None:
        """The first target that can be asked, and who follows. None when none of
        them names a department in this situation."""
        named = False
        skipped: list[Mapping[str, Any]] = []
        for number, target in enumerate(targets):
            wanted = self._wanted(target, situation)
            department = self._department(target, situation, wanted)
            if not department:
                if number + 1 < len(targets):
                    skipped.append(_skipped("", "", _NO_DEPARTMENT))
                continue
            named = True
            is_last = number + 1 == len(targets)
            step = self._ask(target, department, wanted, staffing, is_last, skipped)
            if step is not None:
                plan = self._plan(step, targets[number + 1 :], situation, staffing)
                return Resolved(step, plan, tuple(skipped))
        if not named:
            return None
        return Resolved(Step(self._default), (), tuple(skipped))

    def _plan(
        self, first: Step, rest: Sequence[Target], situation: Situation, staffing: Staffing
    ) -> tuple[Step, ...]:
        """Who is asked after `first`. Opening hours are not looked at: they will be
        others when the turn comes, and waiting is counted in working time."""
        plan: list[Step] = []
        known = {(first.department, first.caseworker)}
        before = first
        for number, target in enumerate(rest):
            if before.caseworker is None and before.wait is None:
                return tuple(plan)  # a department that is given all the time keeps it
            wanted = self._wanted(target, situation)
            department = self._department(target, situation, wanted)
            later = replace(target, skip_if=target.skip_if & {FULL})
            is_last = number + 1 == len(rest)
            step = (
                self._ask(later, department, wanted, staffing, is_last, []) if department else None
            )
            if step is not None and (step.department, step.caseworker) not in known:
                known.add((step.department, step.caseworker))
                plan.append(step)
                before = step
        if (
            before.caseworker is None
            and before.wait is not None
            and (self._default, None) not in known
        ):
            plan.append(Step(self._default))
        return tuple(plan)

    # Whom a target means

    def _wanted(self, target: Target, situation: Situation) -> str:
        """The one caseworker whom the target means, as an id that there is, or ""."""
        word = target.caseworker
        if word in ("", NOBODY) or word in POOL:
            return ""
        if word in BY_LIST:
            return self._by_list(target, situation)
        found = {
            "named": situation.caseworker_named,
            "of_open_contact": situation.open_caseworker,
            "coordinating": situation.coordinator,
            "last_spoken_to": situation.last_caseworker,
        }.get(word, word)
        return found if found in self._people else ""

    def _by_list(self, target: Target, situation: Situation) -> str:
        department = target.department
        if department in DEPARTMENT_WORDS:
            department = self._department(target, situation, "")
        people = self._members.get(department, ())
        if target.caseworker == "by_letter":
            letter = situation.letter
            return next((person.id for person in people if letter in person.letters), "")
        day = situation.birth_day
        return next((person.id for person in people if day in person.birthdays), "")

    def _department(self, target: Target, situation: Situation, wanted: str) -> str:
        department = target.department
        if department == FROM_TEXT:
            department = situation.topic
        elif department == FROM_MENU:
            department = situation.menu
        elif department == OF_OPEN_CONTACT:
            department = situation.open_department
        elif department == OF_CASEWORKER:
            return self._people[wanted].department if wanted else ""
        return department if department in self._departments else ""

    # Whether it can be asked

    def _ask(
        self,
        target: Target,
        department: str,
        wanted: str,
        staffing: Staffing,
        is_last: bool,
        skipped: list[Mapping[str, Any]],
    ) -> Step | None:
        """The step that the target comes to, or None with the reasons in `skipped`."""
        is_person = target.caseworker not in ("", NOBODY)
        for number, place in enumerate(self._with_deputies(department, target)):
            reason = self._refuses(place, target, staffing, bool(wanted))
            if reason is not None:
                skipped.append(_skipped(place, "", reason))
                continue
            if not is_person:
                return Step(place, None, target.wait)
            if wanted and number:
                break  # the one who is meant does not work in the deputy department
            if wanted:
                home = "" if target.department == OF_CASEWORKER else place
                person = self._stand_in(wanted, home, target, staffing, skipped)
            elif target.caseworker in POOL:
                person = self._from_pool(place, target, staffing, skipped)
            else:
                person = None
                skipped.append(_skipped(place, "", _NO_PERSON))
            if person is not None:
                return Step(person.department, person.id, target.wait)
            if is_last and not target.skip_if & {NOBODY_ON_DUTY, FULL}:
                # Nobody is left to ask after this: better the department than the switchboard.
                return Step(place, None, target.wait)
            if target.caseworker not in POOL:
                return None
        return None

    def _with_deputies(self, department: str, target: Target) -> Iterator[str]:
        """The department and, when it may be skipped, its deputies, each once."""
        yield department
        seen = {department}
        while target.deputy and target.skip_if:
            department = self._departments[department].deputy
            if department in seen or department not in self._departments:
                return
            seen.add(department)
            yield department

    def _refuses(
        self, department: str, target: Target, staffing: Staffing, one_person: bool
    ) -> Mapping[str, str] | None:
        if CLOSED in target.skip_if and staffing.closed(department):
            return _CLOSED
        if one_person:
            return None  # the rest is asked of that person
        if NOBODY_ON_DUTY in target.skip_if and not any(
            staffing.on_duty(person.id) for person in self._able(department, target)
        ):
            return _NOBODY
        capacity = self._departments[department].capacity
        if FULL in target.skip_if and staffing.is_full_department(department, capacity):
            return _FULL
        return None

    def _able(self, department: str, target: Target) -> list[Caseworker]:
        people = self._members[department]
        return [p for p in people if target.skill in p.skills] if target.skill else people

    def _from_pool(
        self,
        department: str,
        target: Target,
        staffing: Staffing,
        skipped: list[Mapping[str, Any]],
    ) -> Caseworker | None:
        """One of the department's caseworkers; those at work before those at home."""
        people = [p for p in self._able(department, target) if p.id not in staffing.absent]
        on_duty = [person for person in people if staffing.on_duty(person.id)]
        people = on_duty if on_duty or NOBODY_ON_DUTY in target.skip_if else people
        free = [person for person in people if not staffing.is_full(person.id, person.capacity)]
        if not free:
            skipped.append(_skipped(department, "", _ALL_FULL if people else _NOBODY))
            return None
        last, load = staffing.last_given, staffing.load
        in_shares = all(person.capacity for person in free)

        def order(person: Caseworker) -> tuple[float, float, str]:
            """Least first: share of the capacity, or plain number; then who waited longest."""
            burden = float(load.get(person.id, 0)) if target.caseworker == "least_loaded" else 0.0
            if in_shares and person.capacity:
                burden /= person.capacity
            return burden, last.get(person.id, 0.0), person.id

        return min(free, key=order)

    def _stand_in(
        self,
        wanted: str,
        department: str,
        target: Target,
        staffing: Staffing,
        skipped: list[Mapping[str, Any]],
    ) -> Caseworker | None:
        """The one who is wanted, or the first deputy A→B→C who can; nobody twice.

        `department`: where they must work, or "" for anywhere.
        """
        seen: set[str] = set()
        while wanted and wanted not in seen and wanted in self._people:
            seen.add(wanted)
            person = self._people[wanted]
            reason: Mapping[str, str] | None = None
            if department and person.department != department:
                reason = _ELSEWHERE
            elif target.skill and target.skill not in person.skills:
                reason = _NO_SKILL
            elif wanted in staffing.absent:
                reason = _ABSENT
            elif NOBODY_ON_DUTY in target.skip_if and not staffing.on_duty(wanted):
                reason = _OFF_DUTY
            elif FULL in target.skip_if and staffing.is_full(wanted, person.capacity):
                reason = _FULL
            if reason is None:
                return person
            skipped.append(_skipped(person.department, wanted, reason))
            wanted = staffing.deputies.get(wanted) or person.deputy
        return None


def _skipped(department: str, caseworker: str, reason: Mapping[str, str]) -> Mapping[str, Any]:
    entry: dict[str, Any] = {"department": department, "why": reason}
    if caseworker:
        entry["caseworker"] = caseworker
    return entry


_NO_DEPARTMENT: Final = {"da": "peger ikke på en afdeling", "en": "names no department"}
_NO_PERSON: Final = {"da": "ingen sagsbehandler kan findes", "en": "no caseworker can be found"}
_CLOSED: Final = {"da": "har lukket", "en": "is closed"}
_NOBODY: Final = {"da": "ingen er på arbejde", "en": "nobody is on duty"}
_FULL: Final = {"da": "har nok at se til", "en": "has as much as it can take"}
_ALL_FULL: Final = {"da": "alle har nok at se til", "en": "everybody has as much as they can take"}
_ABSENT: Final = {"da": "er fraværende", "en": "is absent"}
_OFF_DUTY: Final = {"da": "er ikke på arbejde nu", "en": "is not at work now"}
_ELSEWHERE: Final = {"da": "arbejder i en anden afdeling", "en": "works in another department"}
_NO_SKILL: Final = {"da": "har ikke kompetencen", "en": "lacks the skill"}
