"""The calls that are promised, as the status page shows them: each can be moved or withdrawn.

Usually one. An enquiry with several topics may hold one for each, by its own department.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from channels.web.answers import department_name, given, open_calls
from channels.web.slots import slots_to_choose
from channels.wording import promise_sentence

if TYPE_CHECKING:
    from channels.web.slots import Choices
    from router.house import House
    from router.rows import ContactView, PromiseRow

SLOT: Final = "slot"
"""Name of the field with the chosen time, and where what is wrong with it is said."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is promised."""

    number: int
    """By which its citizen says which one is meant."""
    topic: str
    """Title of the topic that it is about; empty when it is about the whole."""
    promise: str
    """In one sentence."""
    field: str
    slots: Choices
    """The times that it can be moved to."""


async def calls_to_show(house: House, view: ContactView, language: str) -> list[Call]:
    """The calls that are promised, with the free times of whoever makes each."""
    calls, titles = open_calls(view), {part.id: part.title for part in view.parts}
    slots: dict[str, Choices] = {}
    for department in {call.department for _, call in calls}:
        slots[department] = await slots_to_choose(house, department, language) or []
    return [
        Call(
            number,
            titles.get(call.part_id or 0, ""),
            call_sentence(house, call, language),
            SLOT if len(calls) == 1 else f"{SLOT}-{number}",
            slots[call.department],
        )
        for number, call in calls
    ]


def call_sentence(house: House, call: PromiseRow, language: str) -> str:
    """What is promised, in one sentence."""
    municipality = house.municipality
    name = department_name(municipality, call.department, language)
    return promise_sentence(given(call), name, language, house.clock.now(), municipality.zone)


def error_field(calls: list[Call], number: int | None) -> str:
    """Where it is said that the chosen time does not fit: at its list, where that is shown."""
    return next((call.field for call in calls if call.number == number), SLOT)
