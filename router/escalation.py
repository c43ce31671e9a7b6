"""Who is told, and when, that a promise runs short (eskalering). Pure.

Marks lie at shares of the working time from when the promise was made, or its
window opens, until it is due. A clock that stood still passes several at once
and alarms for the last of them only. After the last mark somebody is told again
every so many working days until the promise has ended. Nobody becomes the owner
by being told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from router.hours import Hours
    from router.promise_policies import Audience, Escalation, Mark


@dataclass(frozen=True, slots=True)
class Alarm:
    """Tell these people."""

    audiences: tuple[Audience, ...]
    percent: int
    """The mark that was passed; 100 means late."""
    level: int
    """Marks passed up to and with this one."""


@dataclass(frozen=True, slots=True)
class Course:
    """How far the escalation of one promise has come, and by which rules it goes on."""

    since: datetime
    due_at: datetime
    level: int
    """Marks passed so far."""
    alarmed_at: datetime | None
    escalation: Escalation
    hours: Hours
    calendar: str

    def mark_at(self, mark: Mark) -> datetime:
        """When `mark` is passed. The last one is the due time itself.

        A promise that has no working time before it is due (a deadline of the law
        over a weekend) is counted by the wall clock.
        """
        since, due_at = self.since, self.due_at
        if mark.percent >= 100 or due_at <= since:
            return due_at
        working = self.hours.working_between(self.calendar, since, due_at)
        if working <= timedelta(0):
            return since + (due_at - since) * mark.percent / 100
        share = working * mark.percent / 100
        return min(due_at, self.hours.add_working(self.calendar, since, share))

    def passed(self, now: datetime) -> int:
        """How many marks have been passed at `now`, the first `level` of them surely."""
        marks, passed = self.escalation.marks, self.level
        while passed < len(marks) and self.mark_at(marks[passed]) <= now:
            passed += 1
        return passed

    def next_alarm(self) -> datetime:
        """When somebody must be told next."""
        marks = self.escalation.marks
        if self.level < len(marks):
            return self.mark_at(marks[self.level])
        if self.alarmed_at is None or self.alarmed_at < self.due_at:
            # Nobody has been told that it is late: the policy had other marks before.
            return self.due_at
        days = self.escalation.again_days
        return self.hours.add_working_days(self.calendar, self.alarmed_at, days)

    def alarm_due(self, now: datetime) -> Alarm | None:
        """The alarm that is due at `now`, if any: one, however many marks have been passed."""
        marks, passed = self.escalation.marks, self.passed(now)
        if passed > self.level:
            mark = marks[passed - 1]
            return Alarm(mark.audiences, mark.percent, passed)
        if self.level < len(marks) or self.next_alarm() > now:
            return None
        if self.alarmed_at is None or self.alarmed_at < self.due_at:
            return Alarm(marks[-1].audiences, 100, self.level)
        return Alarm(self.escalation.again, 100, self.level)
