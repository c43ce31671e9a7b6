"""Times as staff type them: local wall time in the municipality's zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from router.errors import SenderError

_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2200


def from_wall(text: str, zone: ZoneInfo) -> datetime | None:
    """The moment that ``2026-11-24T14:30`` (an input of type datetime-local) means.

    Empty is None. On the night the clocks go back the first of the two moments is
    meant. Raises SenderError: `time_unreadable` when it is no time,
    `time_does_not_exist` for the hour that is skipped in spring.
    """
    text = text.strip()
    if not text:
        return None
    try:
        wall = datetime.fromisoformat(text)
        if wall.tzinfo is None:
            wall = wall.replace(tzinfo=zone)
        at = in_our_time(wall)
    except ValueError as error:
        raise SenderError("time_unreadable") from error
    if wall.tzinfo is zone and at.astimezone(zone).replace(tzinfo=None) != wall.replace(
        tzinfo=None
    ):
        raise SenderError("time_does_not_exist")
    return at


def in_our_time(at: datetime) -> datetime:
    """`at` in UTC. Raises ValueError for a naive time, and for a year that nobody lives in,
    which arithmetic and PostgreSQL could stumble over."""
    if at.tzinfo is None or not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError("a time of our own centuries, with its zone, is needed")
    return at.astimezone(UTC)


def to_wall(at: datetime, zone: ZoneInfo) -> str:
    """`at` as the value of an input of type datetime-local, to the minute."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
