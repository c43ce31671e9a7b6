"""Decent hours: no text message wakes anybody up. Pure.

Text messages leave between 8 and 20 local time; one that is written outside
waits until 8. What answers a call or a text message of the last minutes may
leave at once: whoever has just called is awake.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

TEXT_MESSAGE: Final = "sms.tell"
OPENS: Final = time(8)
CLOSES: Final = time(20)
ASKED_AT: Final = "asked_at"
"""In an effect's payload: when the citizen called or wrote the message that it answers."""
AN_ANSWER: Final = timedelta(minutes=15)
"""So long after the citizen's call or message, what we send is an answer to it."""


def leaves_at(kind: str, payload: Mapping[str, Any], at: datetime, zone: ZoneInfo) -> datetime:
    """When an effect of `kind` that could leave at `at` may leave."""
    if kind != TEXT_MESSAGE or _is_answer(payload, at):
        return at
    return decent(at, zone)


def decent(at: datetime, zone: ZoneInfo) -> datetime:
    """`at` between 8 and 20 local time, otherwise the next 8 o'clock (UTC)."""
    local = at.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return at
    day = local.date() + timedelta(days=local.time() >= CLOSES)
    return datetime.combine(day, OPENS, zone).astimezone(UTC)


def _is_answer(payload: Mapping[str, Any], at: datetime) -> bool:
    asked = payload.get(ASKED_AT)
    if isinstance(asked, str):
        asked = datetime.fromisoformat(asked)
    return isinstance(asked, datetime) and abs(at - asked) <= AN_ANSWER
