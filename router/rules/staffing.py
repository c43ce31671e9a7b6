"""Who is there at this moment: a snapshot that the rules are handed, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from router.config_organisation import Caseworker, Department
    from router.hours import Hours


@dataclass(frozen=True, slots=True)
class Staffing:
    """Departments and caseworkers as they are at one moment.

    Whoever is not mentioned is there and has nothing to do, so an empty
    snapshot says nothing against anybody.
    """

    closed_departments: frozenset[str] = frozenset()
    off_duty: frozenset[str] = frozenset()
    """Caseworkers who are not at work right now (outside their hours, logged off)."""
    absent: frozenset[str] = frozenset()
    """Caseworkers who are away for days (holiday, illness): their deputy acts."""
    deputies: Mapping[str, str] = field(default_factory=dict)
    """The deputy for this absence, where it is not the usual one."""
    load: Mapping[str, int] = field(default_factory=dict)
    """Open contacts by caseworker."""
    department_load: Mapping[str, int] = field(default_factory=dict)
    """Open contacts that wait in a department without a caseworker."""
    last_given: Mapping[str, float] = field(default_factory=dict)
    """When a caseworker was last given a contact (seconds since 1970)."""
    full: frozenset[str] = frozenset()
    """Caseworkers who can take no more, whatever the numbers say."""
    full_departments: frozenset[str] = frozenset()

    @classmethod
    def unknown(cls) -> Staffing:
        """Nothing is known: everybody is there and nobody has too much."""
        return _unknown()

    @classmethod
    def at(
        cls,
        departments: Mapping[str, Department],
        caseworkers: Mapping[str, Caseworker],
        hours: Hours,
        now: datetime,
        *,
        load: Mapping[str, int] | None = None,
        department_load: Mapping[str, int] | None = None,
        last_given: Mapping[str, float] | None = None,
        logged_off: frozenset[str] = frozenset(),
    ) -> Staffing:
        """What the configuration says of `now` (aware), with what the ledger counts.

        `logged_off`: caseworkers who have said that they are not there.
        """
        today = now.astimezone(hours.zone).date()
        away = {
            person.id: absence.deputy
            for person in caseworkers.values()
            for absence in person.absent
            if absence.first <= today <= absence.last
        }
        calendars = {calendar: hours.is_open(calendar, now) for calendar in hours.calendars}
        return cls(
            closed_departments=frozenset(
                department.id
                for department in departments.values()
                if not calendars[department.hours]
            ),
            off_duty=logged_off.union(
                person.id
                for person in caseworkers.values()
                if not calendars[person.works or departments[person.department].hours]
            ),
            absent=frozenset(away),
            deputies={person: deputy for person, deputy in away.items() if deputy},
            load=load or {},
            department_load=department_load or {},
            last_given=last_given or {},
        )

    def closed(self, department: str) -> bool:
        """Whether the department is closed now."""
        return department in self.closed_departments

    def is_full(self, caseworker: str, capacity: int | None) -> bool:
        """Whether the caseworker, who can take `capacity`, can take no more."""
        return caseworker in self.full or (
            capacity is not None and self.load.get(caseworker, 0) >= capacity
        )

    def is_full_department(self, department: str, capacity: int | None) -> bool:
        """Whether the department, which can let `capacity` wait, can take no more."""
        return department in self.full_departments or (
            capacity is not None and self.department_load.get(department, 0) >= capacity
        )

    def on_duty(self, caseworker: str) -> bool:
        """Whether the caseworker is at work now."""
        return caseworker not in self.off_duty and caseworker not in self.absent


@cache
def _unknown() -> Staffing:
    return Staffing()
