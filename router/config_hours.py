"""Reading hours.yaml: calendars, closing days, single changed dates."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from router.config_source import Fields, Item, Reading
from router.hours import Calendar, ClosingDay, Hours, Opening
from router.rules.reading_words import read_id

WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_OPENING: Final = re.compile(r"(\d{1,2})[:.](\d\d)\s*[-–]\s*(\d{1,2})[:.](\d\d)")
_DAY_MONTH: Final = re.compile(r"(\d{1,2})/(\d{1,2})")


def read_hours(reading: Reading, zone: ZoneInfo) -> Hours | None:
    """The calendars; None (with the problem noted) when there are none."""
    top = reading.file("hours.yaml")
    if top is None:
        return None
    country = top.text("holidays_of", "DK") or "DK"
    if country != "DK":
        item = top.get("holidays_of")
        if item is not None:
            item.problem("only the Danish holidays (DK) are known here.")
    calendars: dict[str, Calendar] = {}
    listed = top.need("calendars")
    for item in listed.items() if listed is not None else []:
        fields = item.fields()
        if fields is None:
            continue
        calendar = _calendar(fields)
        if calendar.id in calendars:
            fields.problem(f'the calendar id "{calendar.id}" is used twice.')
        calendars[calendar.id] = calendar
    if listed is not None and not calendars:
        listed.problem("at least one calendar is needed.")
    closing = top.get("closing_days")
    days = [
        day
        for item in (closing.items() if closing is not None else [])
        if (day := _closing_day(item)) is not None
    ]
    top.close()
    return Hours(zone, calendars, days, "DK")


def _calendar(fields: Fields) -> Calendar:
    calendar = read_id(fields.need("id"))
    fields.what = f'calendar "{calendar}"'
    name = fields.languages("name")
    week_item = fields.need("week")
    week_fields = week_item.fields() if week_item is not None else None
    week: list[tuple[Opening, ...]] = []
    if week_fields is not None and week_item is not None:
        week_fields.what = f"{fields.what}, week"
        for weekday in WEEKDAYS:
            item = week_fields.get(weekday)
            week.append(read_openings(item) if item is not None else ())
        week_fields.close()
        if not any(week):
            week_item.problem(f'{fields.what} is never open; give hours like "08:00-15:00".')
    keeps_item = fields.get("closed_on_holidays")
    keeps = keeps_item.yes() if keeps_item is not None else True
    changes: dict[date, tuple[Opening, ...]] = {}
    changes_item = fields.get("changed_dates")
    inner = changes_item.fields() if changes_item is not None else None
    for text, place, value in inner.each() if inner is not None else ():
        try:
            changes[date.fromisoformat(text)] = read_openings(value)
        except ValueError:
            place.problem(f'a date like 2026-12-23 was expected, not "{text}".')
    fields.get("note")
    fields.close()
    return Calendar(calendar, name, tuple(week), keeps is not False, changes)


def read_openings(item: Item) -> tuple[Opening, ...]:
    """`"08:00-15:00"`, a list of such, or `closed`."""
    if item.raw.strip().lower() == "closed":
        return ()
    openings: list[Opening] = []
    for entry in item.items():
        found = _OPENING.fullmatch(entry.raw.strip())
        if found is None:
            entry.expected('hours like "08:00-15:00", or `closed`,')
            continue
        start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
        start = timedelta(hours=start_hour, minutes=start_minute)
        end = timedelta(hours=end_hour, minutes=end_minute)
        if max(start_minute, end_minute) > 59 or end > timedelta(hours=24):
            entry.problem(f'"{entry.raw}": there is no such time of day.')
        elif start >= end:
            entry.problem(f'"{entry.raw}" ends before it begins. Past midnight is the next day.')
        elif openings and start < openings[-1].end:
            entry.problem(f'"{entry.raw}" begins before the hours above it end.')
        else:
            openings.append(Opening(start, end))
    return tuple(openings)


def _closing_day(item: Item) -> ClosingDay | None:
    fields = item.fields()
    if fields is None:
        return None
    fields.what = item.what
    name = fields.languages("name")
    yearly, single = fields.get("every_year"), fields.get("date")
    fields.get("note")
    fields.close()
    if (yearly is None) == (single is None):
        fields.problem("a closing day has either `every_year: 24/12` or `date: 2026-05-15`.")
        return None
    if yearly is not None:
        found = _DAY_MONTH.fullmatch(yearly.raw.strip())
        try:
            if found is not None:
                day, month = int(found.group(1)), int(found.group(2))
                date(2024, month, day)  # a leap year: 29/2 is a day
                return ClosingDay(month, day, name)
        except ValueError:
            pass
        yearly.expected("a day and a month like 24/12")
        return None
    if single is not None:
        try:
            day_given = date.fromisoformat(single.raw.strip())
        except ValueError:
            single.expected("a date like 2026-05-15")
            return None
        return ClosingDay(day_given.month, day_given.day, name, day_given.year)
    return None
