"""How many calls a department can make, and which times are free (ledige tider). Pure.

Duty rosters say who is on the phone when and how much of that time is for calling
back; how long a call takes is measured (or configured). Together they give each
slot its room, a number of calls. A time is free when one more call fits there
and every call that is promised can still be made in its own window, the earliest
due first. Opening hours, closing days and the two nights when the clocks change
are `router.hours`' business: a slot lies in open time or does not exist.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from router.hours import Hours

ALL_OPEN: Final = ""
"""Calendar of a duty that lasts as long as the department is open."""


@dataclass(frozen=True, slots=True)
class Duty:
    """So many staff are on the phone at these times."""

    calendar: str
    """In the roster's own `hours`, or `ALL_OPEN`."""
    staff: int
    share: int
    """Percent of their time that is for calling back."""


@dataclass(frozen=True, slots=True)
class Absence:
    """So many of those on duty are away, from the first day to the last."""

    first: date
    last: date
    staff: int | None
    """None: everybody."""


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Who answers for a department when (vagtplan)."""

    slot: timedelta
    handling: timedelta
    """How long a call takes, until it has been measured."""
    duties: tuple[Duty, ...]
    hours: Hours | None = None
    """Calendars of the duties; None when all of them last as long as we are open."""
    absences: tuple[Absence, ...] = ()


USUAL: Final = Roster(timedelta(minutes=30), timedelta(minutes=10), (Duty(ALL_OPEN, 1, 50),))
"""For a municipality that gives no rosters: one person, half of their time."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time in which we can promise to call. UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Promised:
    """Calls that are promised already, with the same window."""

    not_before: datetime | None
    due_at: datetime
    number: int = 1


@lru_cache(maxsize=8192)
def slots_on(
    roster: Roster, hours: Hours, calendar: str, day: date, handling: timedelta
) -> tuple[tuple[Slot, int], ...]:
    """The slots of a local day, each with its room: the calls that can be made in it.

    What is left of one slot's time counts for the next one: two slots of 15 minutes
    for calling back have room for one call of 20 minutes and then for another.
    """
    found: list[tuple[Slot, int]] = []
    per_call = max(1, int(handling.total_seconds())) * 100
    worked = 0
    for opens, closes in hours.intervals(calendar, day):
        at = opens
        while at + roster.slot <= closes:
            slot = Slot(at, at + roster.slot)
            before = worked // per_call
            worked += _time_for_calls(roster, slot, day)
            found.append((slot, worked // per_call - before))
            at = slot.end
    return tuple(found)


def _time_for_calls(roster: Roster, slot: Slot, day: date) -> int:
    """Hundredths of seconds for calling back that everybody on duty has in `slot`."""
    present = 0
    for_calls = 0
    for duty in roster.duties:
        spans: Iterable[tuple[datetime, datetime]] = ((slot.start, slot.end),)
        if duty.calendar != ALL_OPEN and roster.hours is not None:
            spans = roster.hours.intervals(duty.calendar, day)
        for start, end in spans:
            overlap = min(end, slot.end) - max(start, slot.start)
            if overlap > timedelta(0):
                seconds = int(overlap.total_seconds()) * duty.staff
                present += seconds
                for_calls += seconds * duty.share
    if present == 0:
        return 0
    missing = _away(roster, day, int(roster.slot.total_seconds()), present)
    return for_calls * (present - missing) // present


def _away(roster: Roster, day: date, seconds: int, present: int) -> int:
    missing = 0
    for absence in roster.absences:
        if absence.first <= day <= absence.last:
            missing += present if absence.staff is None else absence.staff * seconds
    return min(missing, present)


class Outlook:
    """The slots ahead with their room, and the calls that have been promised.

    Calls are placed as they would be made: the earliest due first. One that
    comes too late all the same takes the first room there is. A slot is free when
    it has room left, or when one of its calls can go to a free slot within its
    own window (and so on).
    """

    def __init__(
        self, slots: Sequence[tuple[Slot, int]], promised: Iterable[Promised], now: datetime
    ) -> None:
        self._now = now
        self._slots: list[Slot] = []
        self._room: list[int] = []
        for slot, room in slots:
            if slot.end <= now:
                continue
            if slot.start < now:
                # Under way: only what is left of it can still be used.
                room = int(room * ((slot.end - now) / (slot.end - slot.start)))
            self._slots.append(slot)
            self._room.append(room)
        self._starts = [slot.start for slot in self._slots]
        self._ends = [slot.end for slot in self._slots]
        self._promised = list(promised)
        self._free: list[int] | None = None

    def free(self) -> list[Slot]:
        """The slots that have not begun and can take one more call, in order."""
        return [self._slots[place] for place in self._open_places()]

    def fits(self, not_before: datetime | None, until: datetime) -> bool:
        """Whether one more call can be made in this window, all others being kept."""
        places = self._open_places()
        begin = self._now if not_before is None else max(not_before, self._now)
        at = bisect_left(places, bisect_left(self._starts, begin))
        return at < len(places) and self._ends[places[at]] <= until

    def next_free(self, since: datetime, latest: datetime) -> Slot | None:
        """The first free slot that begins at `since` or later and ends by `latest`."""
        places = self._open_places()
        at = bisect_left(places, bisect_left(self._starts, since))
        if at == len(places) or self._ends[places[at]] > latest:
            return None
        return self._slots[places[at]]

    def add(self, promised: Promised) -> None:
        """One more is promised from now on."""
        self._promised.append(promised)
        self._free = None

    def _open_places(self) -> list[int]:
        if self._free is None:
            begun = bisect_left(self._starts, self._now)
            self._free = [place for place in self._with_room() if place >= begun]
        return self._free

    def _with_room(self) -> list[int]:
        """Slots that can take one more, by their place."""
        placed, spare = self._place()
        free = [room > 0 for room in spare]
        places = [place for place, is_free in enumerate(free) if is_free]
        waiting = [(at, first, last) for at, first, last in placed if not free[at]]
        while True:
            left = []
            for at, first, last in waiting:
                if free[at]:
                    continue
                near = bisect_left(places, first)
                if near < len(places) and places[near] <= last:
                    free[at] = True
                else:
                    left.append((at, first, last))
            if len(left) == len(waiting):
                return places
            waiting = left
            places = [place for place, is_free in enumerate(free) if is_free]

    def _place(self) -> tuple[list[tuple[int, int, int]], list[int]]:
        """Where each call is made (slot, first, last slot it may be in), and the room left."""
        windows = sorted(
            window for window in map(self._window, self._promised) if window is not None
        )
        spare = list(self._room)
        placed: list[tuple[int, int, int]] = []
        due: list[tuple[int, int, int]] = []
        coming = 0
        for at in range(len(self._slots)):
            while coming < len(windows) and windows[coming][0] <= at:
                first, last, number = windows[coming]
                heapq.heappush(due, (last, first, number))
                coming += 1
            while due and spare[at]:
                last, first, number = heapq.heappop(due)
                here = min(number, spare[at])
                spare[at] -= here
                # One that is too late already must not become later.
                placed.append((at, first, max(last, at)))
                if number > here:
                    heapq.heappush(due, (last, first, number - here))
        return placed, spare

    def _window(self, call: Promised) -> tuple[int, int, int] | None:
        """The first and the last slot in which these calls are made in time."""
        begin = self._now if call.not_before is None else max(call.not_before, self._now)
        first = bisect_left(self._starts, begin)
        if begin == self._now and self._starts and self._starts[0] < begin:
            first = 0
        last = bisect_right(self._ends, call.due_at) - 1
        if last < first:
            # No whole slot lies in the window: the slot that it touches, else the next one.
            first = last = bisect_right(self._ends, begin)
        return (first, last, call.number) if first < len(self._slots) else None
