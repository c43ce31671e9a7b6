"""What we promise of each kind, and who is told when it runs short: data with a little arithmetic.

A policy is chosen when a promise is made and its id is kept with the promise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from router.model import PromiseKind

if TYPE_CHECKING:
    from router.hours import Hours


class Unit(StrEnum):
    """How time is counted."""

    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    """To the end of opening on the n-th working day after."""
    HOURS = "hours"
    """By the wall clock: for deadlines of the law that run at night too."""
    DAYS = "days"
    """Calendar days, to the same time of day."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as a policy gives it."""

    amount: int
    unit: Unit

    def after(self, hours: Hours, calendar: str, start: datetime) -> datetime:
        """The moment when this span has passed since `start`. Aware in, UTC out."""
        if self.unit is Unit.WORKING_HOURS:
            return hours.add_working(calendar, start, timedelta(hours=self.amount))
        if self.unit is Unit.WORKING_DAYS:
            return hours.add_working_days(calendar, start, self.amount)
        if self.unit is Unit.HOURS:
            return start + timedelta(hours=self.amount)
        local = start.astimezone(hours.zone) + timedelta(days=self.amount)
        return local.astimezone(start.tzinfo)


class Audience(StrEnum):
    """Who is told that a promise runs short. Nobody becomes its owner by that."""

    OWNER = "owner"
    DEPUTY = "deputy"
    DEPARTMENT = "department"
    LEADER = "leader"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Mark:
    """A step of the escalation: at `percent` of the working time to due."""

    percent: int
    audiences: tuple[Audience, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is told when. After the last mark: `again` every so many working days."""

    marks: tuple[Mark, ...]
    again_days: int
    again: tuple[Audience, ...]


USUAL_ESCALATION = Escalation(
    (
        Mark(50, (Audience.OWNER,)),
        Mark(80, (Audience.OWNER, Audience.DEPUTY)),
        Mark(100, (Audience.DEPARTMENT, Audience.LEADER)),
    ),
    1,
    (Audience.LEADER, Audience.ADMINISTRATOR),
)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One promise of the municipality."""

    id: str
    kind: PromiseKind
    within: Span
    latest: Span | None = None
    """Never later than this, whatever `within` makes of short opening hours."""
    statutory: bool = False
    """A deadline of the law: nothing moves it."""
    department: str = ""
    """Only for promises of this department; "" for all."""
    attempts: int = 3
    rests: tuple[timedelta | None, ...] = (timedelta(minutes=30),)
    """Rest before the second, third, ... attempt, the last one repeats. None: until
    the department opens next."""
    escalation: Escalation = USUAL_ESCALATION
    name: Mapping[str, str] = field(default_factory=dict)

    def due(self, hours: Hours, calendar: str, start: datetime) -> datetime:
        """By when a promise made at `start` is due."""
        due = self.within.after(hours, calendar, start)
        if self.latest is not None:
            due = min(due, self.latest.after(hours, calendar, start))
        return due


class Policies:
    """All policies of a configuration. There is one for every kind."""

    def __init__(
        self,
        policies: Iterable[Policy],
        offer: Span,
        special: Collection[str] = (),
        most_alarm_mails: int = 10,
    ) -> None:
        """`special` policies are used by their id only. `offer` is how long an offer stands.

        More alarms than `most_alarm_mails` for one address within a minute are one list.
        """
        self.most_alarm_mails = most_alarm_mails
        self.by_id: Mapping[str, Policy] = {policy.id: policy for policy in policies}
        self.offer = offer
        self._of: dict[tuple[PromiseKind, str], Policy] = {}
        for policy in self.by_id.values():
            if policy.id not in special:
                self._of.setdefault((policy.kind, policy.department), policy)

    def of(self, kind: PromiseKind, department: str = "") -> Policy:
        """The policy for a new promise of `kind` in `department`."""
        return self._of.get((kind, department)) or self._of[kind, ""]

    def governing(self, policy_id: str, kind: PromiseKind, department: str) -> Policy:
        """The policy that governs a promise that is there: by its id, else by its kind.

        Promises made before policies had ids carry none.
        """
        return self.by_id.get(policy_id) or self.of(kind, department)
