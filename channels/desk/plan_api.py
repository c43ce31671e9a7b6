"""Topics and meetings in the staff API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from channels.desk.api import numbered_step
from channels.desk.api_models import MeetingOut, PartOut
from channels.desk.plan_actions import MEETING_STEPS, PART_STEPS
from channels.desk.plan_out import meeting_out, part_out
from router.house import House

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def part_step(step: str) -> _Handler:
    """The handler of `POST /api/v1/staff/parts/{id}/<step>`."""
    model, act = PART_STEPS[step]

    async def now(house: House, number: int) -> tuple[PartOut, int]:
        row = await house.parts.row(number)
        return part_out(row), row.contact_id

    return numbered_step(model, act, now)


def meeting_step(step: str) -> _Handler:
    """The handler of `POST /api/v1/staff/meetings/{id}/<step>`."""
    model, act = MEETING_STEPS[step]

    async def now(house: House, number: int) -> tuple[MeetingOut, int]:
        row = await house.meetings.row(number)
        return meeting_out(row), row.contact_id

    return numbered_step(model, act, now)
