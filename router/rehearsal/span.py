"""Which contacts of the past are meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import click

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Span:
    """From and until when, and how many at most. Aware; `until` itself is outside."""

    since: datetime
    until: datetime
    department: str | None = None
    """Only what the rules gave to this department then."""
    limit: int | None = None


class Moment(click.ParamType[timedelta | datetime]):
    """`7d`, `36h`, `2w` before now, or a date or time. Local when no offset is given."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | datetime:
        if isinstance(value, timedelta | datetime):
            return value
        number, unit = str(value)[:-1], str(value)[-1:]
        if unit in _UNITS and number.isascii() and number.isdigit() and len(number) <= 5:
            return int(number) * _UNITS[unit]
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail("write 7d, 36h, 2w, or a date like 2026-11-23", param, ctx)


def moment(given: timedelta | datetime, now: datetime) -> datetime:
    """What `Moment` read, as an aware time."""
    if isinstance(given, timedelta):
        return now - given
    return given if given.tzinfo is not None else given.astimezone()
