"""Times at which we can promise to call: `GET /api/v1/slots`, and the lists of the pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import hdrs, web

from channels.http import Problem, api_language, json_response
from channels.http.explain import say
from channels.i18n import SHARED
from channels.keys import HOUSE
from channels.web.answers import department_name
from channels.wording import say_clock, say_date, say_window
from router.errors import LedgerAway
from router.promise_terms import FARTHEST_WINDOW

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from router.capacity import Slot
    from router.house import House

log = structlog.get_logger(__name__)

USUAL_DAYS: Final = 7
MOST_DAYS: Final = 31
_FRESH_FOR: Final = "public, max-age=15"
"""Whoever wants one that is gone meanwhile gets the next: a short memory does no harm."""

DAYS_ON_PAGES: Final = 14
_BETWEEN: Final = "/"

Choices = list[tuple[str, list[tuple[str, str]]]]
"""Days by name, each with its times: what is sent, and what is read."""


def setup(app: web.Application) -> None:
    """Add the route."""
    app.router.add_get("/api/v1/slots", show_slots)


async def show_slots(request: web.Request) -> web.Response:
    """`GET /api/v1/slots?department=&from=&days=`."""
    house = request.app[HOUSE]
    municipality, language = house.municipality, api_language(request)
    department = request.query.get("department", "")
    if not department:
        raise _refused(request, 422, "department_missing")
    if department not in municipality.departments:
        raise _refused(request, 404, "no_such_department")
    now = house.clock.now()
    start, end = _span(request, now, municipality.zone)
    slots = await house.slots.free_slots(department, start, end)
    answer = {
        "department": department,
        "department_name": department_name(municipality, department, language),
        "slots": [slot_answer(slot, language, municipality.zone, now) for slot in slots],
    }
    headers: dict[str, str] = {
        hdrs.CACHE_CONTROL: _FRESH_FOR,
        hdrs.VARY: hdrs.ACCEPT_LANGUAGE,
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    }
    return json_response(answer, headers=headers)


def slot_answer(slot: Slot, language: str, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """A free time as the API answers it."""
    text = say_window(slot.start, slot.end, language, now, zone)
    return {"from": slot.start, "until": slot.end, "text": text}


def _span(request: web.Request, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when until when is asked; a date is a day of our own."""
    days = request.query.get("days", str(USUAL_DAYS))
    if not (days.isascii() and days.isdigit() and len(days) < 4 and 1 <= int(days) <= MOST_DAYS):
        raise _refused(request, 422, "bad_days", {"most": MOST_DAYS})
    ahead = timedelta(days=int(days))
    # A plus sign that was not escaped has become a blank.
    written = request.query.get("from", "").strip().replace(" ", "+")
    if not written:
        return now, now + ahead
    try:
        if len(written) == len("2026-11-24"):
            day = date.fromisoformat(written)
            if day < now.astimezone(zone).date():
                raise _refused(request, 422, "window_in_past")
            _must_be_near(request, day, now)
            start = datetime.combine(day, time(), zone).astimezone(UTC)
            return start, datetime.combine(day + ahead, time(), zone).astimezone(UTC)
        start = datetime.fromisoformat(written)
        if start.tzinfo is None:
            raise _refused(request, 422, "timezone_aware")
        start = start.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refused(request, 422, "bad_from") from None
    if start < now - timedelta(days=1):
        raise _refused(request, 422, "window_in_past")
    _must_be_near(request, start.date(), now)
    return start, start + ahead


def _must_be_near(request: web.Request, day: date, now: datetime) -> None:
    if day > (now + FARTHEST_WINDOW).date():
        raise _refused(request, 422, "window_too_far")


def _refused(
    request: web.Request, status: int, code: str, values: dict[str, Any] | None = None
) -> Problem:
    text = say(code, SHARED.gettext(api_language(request)), values)
    return Problem(status, code, text)


async def slots_to_choose(house: House, department: str, language: str) -> Choices | None:
    """The free times of the next two weeks for a list on a page, by day.

    None when they cannot be looked up now: a page without them still takes what is written.
    """
    municipality, now = house.municipality, house.clock.now()
    try:
        slots = await house.slots.free_slots(department, now, now + timedelta(days=DAYS_ON_PAGES))
    except LedgerAway:
        log.warning("slots_not_shown")
        return None
    zone = municipality.zone
    days: dict[str, list[tuple[str, str]]] = {}
    for slot in slots:
        start, end = say_clock(slot.start, language, zone), say_clock(slot.end, language, zone)
        day = say_date(slot.start, language, zone)
        days.setdefault(day, []).append((slot_value(slot.start, slot.end), f"{start}–{end}"))
    return list(days.items())


def slot_value(start: datetime, end: datetime) -> str:
    """A time as a form sends it."""
    return f"{start:%Y-%m-%dT%H:%MZ}{_BETWEEN}{end:%Y-%m-%dT%H:%MZ}"


def read_slot(value: str) -> tuple[datetime, datetime] | None:
    """The two ends of a time that a form has sent; None when it is not one of ours."""
    first, _, last = value.partition(_BETWEEN)
    try:
        start, end = (datetime.fromisoformat(part) for part in (first, last))
        if start.tzinfo is None or end.tzinfo is None:
            return None
        return start.astimezone(UTC), end.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
