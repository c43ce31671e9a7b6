"""Reading roster.yaml: who is on the phone when, from which follows what can be promised."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from router.capacity import ALL_OPEN, USUAL, Absence, Duty, Roster
from router.config_hours import WEEKDAYS, read_openings
from router.config_source import Fields, Item, Reading
from router.hours import Calendar, Hours, Opening

FILE: Final = "roster.yaml"
MOST_STAFF: Final = 500


def read_rosters(
    reading: Reading, departments: Mapping[str, object], hours: Hours | None
) -> dict[str, Roster]:
    """The roster of every department; `capacity.USUAL` for all without the file."""
    if hours is None or not (reading.folder / FILE).exists():
        return dict.fromkeys(departments, USUAL)
    top = reading.file(FILE)
    if top is None:
        return {}
    usual = _times(top, USUAL)
    usual_item = top.need("usual")
    usual_fields = usual_item.fields() if usual_item is not None else None
    if usual_fields is not None:
        duty = _duty(usual_fields, ALL_OPEN)
        usual_fields.close()
        usual = Roster(usual.slot, usual.handling, (duty,))
    rosters = dict.fromkeys(departments, usual)
    lines: dict[str, int] = {}
    listed = top.get("departments")
    for item in listed.items() if listed is not None else []:
        fields = item.fields()
        if fields is None:
            continue
        name = fields.need("department")
        department = (name.choice(departments, "department") if name is not None else "") or ""
        fields.what = f'the roster of "{department}"' if department else fields.what
        if department in lines:
            fields.problem(f'"{department}" already has a roster on line {lines[department]}.')
        lines.setdefault(department, item.line)
        roster = _roster(fields, usual, hours)
        if department:
            rosters[department] = roster
    top.get("note")
    top.close()
    return rosters


def _roster(fields: Fields, usual: Roster, hours: Hours) -> Roster:
    times = _times(fields, usual)
    duties: list[Duty] = []
    calendars: dict[str, Calendar] = {}
    listed = fields.get("duties")
    for item in listed.items() if listed is not None else []:
        inner = item.fields()
        if inner is None:
            continue
        inner.what = item.what
        calendar = _calendar(inner, f"duty-{len(duties)}")
        duties.append(_duty(inner, calendar.id if calendar is not None else ALL_OPEN))
        if calendar is not None:
            calendars[calendar.id] = calendar
        inner.close()
    absences = fields.get("away")
    found = Roster(
        times.slot,
        times.handling,
        tuple(duties) or usual.duties,
        # Opening hours and closing days are the department's; a duty has only its own times.
        Hours(hours.zone, calendars),
        tuple(
            absence
            for item in (absences.items() if absences is not None else [])
            if (absence := _absence(item)) is not None
        ),
    )
    fields.get("note")
    fields.close()
    return found


def _times(fields: Fields, usual: Roster) -> Roster:
    slot, handling = fields.get("slot_minutes"), fields.get("handling_minutes")
    slot_minutes = slot.whole(5, 240) if slot is not None else None
    handling_minutes = handling.number(0.5, 240) if handling is not None else None
    return Roster(
        timedelta(minutes=slot_minutes) if slot_minutes else usual.slot,
        timedelta(minutes=handling_minutes) if handling_minutes else usual.handling,
        usual.duties,
    )


def _duty(fields: Fields, calendar: str) -> Duty:
    staff, share = fields.need("staff"), fields.need("share")
    return Duty(
        calendar,
        (staff.whole(0, MOST_STAFF) if staff is not None else None) or 0,
        (share.whole(0, 100) if share is not None else None) or 0,
    )


def _calendar(fields: Fields, name: str) -> Calendar | None:
    """When a duty is; None when it lasts as long as the department is open."""
    days, times = fields.get("days"), fields.get("hours")
    if days is None and times is None:
        return None
    chosen = set(WEEKDAYS)
    if days is not None:
        chosen = {day for item in days.items() if (day := item.choice(WEEKDAYS, "weekday"))}
    openings = read_openings(times) if times is not None else (_whole_day(),)
    return Calendar(
        name,
        {},
        tuple(openings if day in chosen else () for day in WEEKDAYS),
        keeps_holidays=False,
    )


def _whole_day() -> Opening:
    return Opening(timedelta(0), timedelta(hours=24))


def _absence(item: Item) -> Absence | None:
    fields = item.fields()
    if fields is None:
        return None
    fields.what = item.what
    first, last = _date(fields.need("from")), _date(fields.need("until"))
    staff = fields.need("staff")
    away = None
    if staff is not None and staff.raw.strip() != "all":
        away = staff.whole(1, MOST_STAFF) or 1
    fields.get("note")
    fields.close()
    if first is None or last is None:
        return None
    if last < first:
        fields.problem(f"{fields.what}: it ends before it begins.")
        return None
    return Absence(first, last, away)


def _date(item: Item | None) -> date | None:
    if item is None:
        return None
    try:
        return date.fromisoformat(item.raw.strip())
    except ValueError:
        item.expected("a date like 2026-12-21")
        return None
