"""Opening hours, holidays and working-time arithmetic (åbningstid, arbejdstid).

Pure: no clock, no I/O. Aware datetimes go in and UTC comes out; the counting is
done on the wall clock of the municipality. A minute is open when the wall clock
shows a time within the hours of that day, which also settles the two nights a
year when the clocks change: an hour that does not exist is not open, an hour
that comes twice counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import holidays

MIDNIGHT: Final = time(0, 0)
_PACKAGE_LANGUAGE: Final = {"da": "da", "en": "en_US", "uk": "uk"}
"""Languages in which the `holidays` package names the Danish holidays."""
FARTHEST: Final = timedelta(days=3 * 366)
"""How far ahead an opening is looked for before we say that there is none."""


class NeverOpen(ValueError):
    """A calendar has no opening within three years."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Open from `start` until `end`, as time since local midnight on the wall clock."""

    start: timedelta
    end: timedelta


@dataclass(frozen=True, slots=True)
class Calendar:
    """When one counter, line or department is open."""

    id: str
    name: Mapping[str, str]
    week: tuple[tuple[Opening, ...], ...]
    """Monday to Sunday."""
    keeps_holidays: bool = True
    """False for a line that is also open on holidays and closing days."""
    changes: Mapping[date, tuple[Opening, ...]] = field(default_factory=dict)
    """Single dates with other hours than the week's. Wins over everything."""


@dataclass(frozen=True, slots=True)
class ClosingDay:
    """A day on which the municipality itself has decided to close."""

    month: int
    day: int
    name: Mapping[str, str]
    year: int | None = None
    """None: every year."""

    def falls_on(self, day: date) -> bool:
        """Whether `day` is this closing day."""
        return (self.month, self.day) == (day.month, day.day) and self.year in (None, day.year)


class Hours:
    """All calendars of the municipality, in its own time zone."""

    def __init__(
        self,
        zone: ZoneInfo,
        calendars: Mapping[str, Calendar],
        closing_days: Sequence[ClosingDay] = (),
        country: str = "DK",
    ) -> None:
        self.zone = zone
        self.calendars = dict(calendars)
        self._closing_days = tuple(closing_days)
        self._country = country
        self._holidays: dict[tuple[int, str], Mapping[date, str]] = {}
        self._intervals: dict[tuple[str, date], tuple[tuple[datetime, datetime], ...]] = {}

    def is_open(self, calendar: str, at: datetime) -> bool:
        """Whether `calendar` is open at `at`. The closing minute itself is closed."""
        at = _utc(at)
        return any(
            start <= at < end for start, end in self.intervals(calendar, self._local_date(at))
        )

    def next_open(self, calendar: str, at: datetime) -> datetime:
        """`at` when open, otherwise the next opening. Raises NeverOpen."""
        at = _utc(at)
        start, _ = self._interval_from(calendar, at)
        return max(start, at)

    def add_working(self, calendar: str, start: datetime, duration: timedelta) -> datetime:
        """The moment when `duration` of open time has passed since `start`.

        Nothing to add gives the next open moment. A duration that ends with the
        day ends at closing time, not at the next morning's opening.
        """
        if duration < timedelta(0):
            raise ValueError("working time cannot be counted backwards")
        at = _utc(start)
        while True:
            opens, closes = self._interval_from(calendar, at)
            at = max(opens, at)
            if duration <= closes - at:
                return at + duration
            duration -= closes - at
            at = closes

    def add_working_days(self, calendar: str, start: datetime, days: int) -> datetime:
        """End of opening on the `days`-th working day after the day of `start`.

        0 is the same day, if it still is open then or later, else the next
        working day.
        """
        if days < 0:
            raise ValueError("working days cannot be counted backwards")
        at = _utc(start)
        day = self._local_date(at)
        if days == 0:
            opens, _ = self._interval_from(calendar, at)
            return self.intervals(calendar, self._local_date(opens))[-1][1]
        limit = day + FARTHEST
        while True:
            day += timedelta(days=1)
            if day > limit:
                raise NeverOpen(calendar)
            today = self.intervals(calendar, day)
            if today:
                limit = day + FARTHEST
                days -= 1
                if days == 0:
                    return today[-1][1]

    def open_until(self, calendar: str, since: datetime, until: datetime) -> datetime | None:
        """The last moment up to which we are open between two moments; None when never."""
        since, until = _utc(since), _utc(until)
        day, first = self._local_date(until), self._local_date(since)
        while day >= first:
            for opens, closes in reversed(self.intervals(calendar, day)):
                last = min(closes, until)
                if max(opens, since) < last:
                    return last
            day -= timedelta(days=1)
        return None

    def working_between(self, calendar: str, start: datetime, end: datetime) -> timedelta:
        """How much open time lies between two moments; nothing when `end` is the earlier one."""
        at, end = _utc(start), _utc(end)
        total = timedelta(0)
        day, last = self._local_date(at), self._local_date(end)
        while day <= last:
            for opens, closes in self.intervals(calendar, day):
                total += max(timedelta(0), min(closes, end) - max(opens, at))
            day += timedelta(days=1)
        return total

    def intervals(self, calendar: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Open intervals of the local date `day` in UTC, ordered, end excluded.

        Raises KeyError for an unknown calendar.
        """
        key = (calendar, day)
        known = self._intervals.get(key)
        if known is None:
            if len(self._intervals) > 20_000:
                self._intervals.clear()
            known = self._compute(self.calendars[calendar], day)
            self._intervals[key] = known
        return known

    def closed_reason(self, calendar: str, day: date, language: str = "da") -> str | None:
        """Name of the holiday or closing day that keeps `calendar` closed on `day`.

        None when it is open that day, or closed only because it always is on
        that weekday.
        """
        if self.intervals(calendar, day) or not self.calendars[calendar].keeps_holidays:
            return None
        for closing in self._closing_days:
            if closing.falls_on(day):
                return closing.name.get(language) or closing.name["da"]
        return self._public(day.year, language).get(day)

    def _local_date(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def _interval_from(self, calendar: str, at: datetime) -> tuple[datetime, datetime]:
        """The open interval that holds `at`, or the first one after it."""
        day = self._local_date(at)
        limit = day + FARTHEST
        while day <= limit:
            for start, end in self.intervals(calendar, day):
                if at < end:
                    return start, end
            day += timedelta(days=1)
        raise NeverOpen(calendar)

    def _compute(self, calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
        openings = calendar.changes.get(day)
        if openings is None:
            if calendar.keeps_holidays and (
                any(closing.falls_on(day) for closing in self._closing_days)
                or day in self._public(day.year)
            ):
                return ()
            openings = calendar.week[day.weekday()]
        if not openings:
            return ()
        found: list[tuple[datetime, datetime]] = []
        for segment_start, segment_end, offset in self._segments(day):
            midnight = datetime.combine(day, MIDNIGHT, UTC) - offset
            for opening in openings:
                start = max(midnight + opening.start, segment_start)
                end = min(midnight + opening.end, segment_end)
                if start < end:
                    found.append((start, end))
        return _joined(found)

    def _segments(self, day: date) -> list[tuple[datetime, datetime, timedelta]]:
        """The local day in UTC, cut where the clocks change, each with its offset."""
        start = datetime.combine(day, MIDNIGHT, self.zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), MIDNIGHT, self.zone).astimezone(UTC)
        before, after = self._offset(start), self._offset(end - timedelta(minutes=1))
        if before == after:
            return [(start, end, before)]
        low, high = start, end
        while high - low > timedelta(minutes=1):
            middle = low + (high - low) // 2
            middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
            if self._offset(middle) == before:
                low = middle
            else:
                high = middle
        return [(start, high, before), (high, end, after)]

    def _offset(self, at: datetime) -> timedelta:
        return at.astimezone(self.zone).utcoffset() or timedelta(0)

    def _public(self, year: int, language: str = "da") -> Mapping[date, str]:
        key = (year, language)
        known = self._holidays.get(key)
        if known is None:
            known = dict(
                holidays.country_holidays(
                    self._country, years=year, language=_PACKAGE_LANGUAGE.get(language, "da")
                )
            )
            self._holidays[key] = known
        return known


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("opening hours need an aware datetime")
    return at.astimezone(UTC)


def _joined(
    intervals: list[tuple[datetime, datetime]],
) -> tuple[tuple[datetime, datetime], ...]:
    """Ordered, with intervals that touch made into one."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
