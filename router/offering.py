"""To whom a contact is offered, until when, and who is asked after that: pure.

The rules answer a plan: the caseworker or department asked first and those that
follow when nobody takes it in time. The owner stays the same until one of them
accepts (invariant 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from router.errors import SenderError
from router.rules import Step

if TYPE_CHECKING:
    from router.config import Municipality


def stored_step(step: Step) -> dict[str, Any]:
    """A step as it is kept with the contact. The wait is in minutes of working time."""
    minutes = None if step.wait is None else int(step.wait.total_seconds() // 60)
    return {"department": step.department, "caseworker": step.caseworker, "minutes": minutes}


def next_step(
    plan: Iterable[Mapping[str, Any]], municipality: Municipality
) -> tuple[Step | None, list[Step]]:
    """The first step of a stored plan that can still be taken, and those after it.

    A caseworker who has left or moved is passed over: their department is asked
    by a step of its own, or has the contact already.
    """
    steps = [
        Step(
            kept["department"],
            kept["caseworker"],
            None if kept["minutes"] is None else timedelta(minutes=kept["minutes"]),
        )
        for kept in plan
        if _there(kept, municipality)
    ]
    return (steps[0], steps[1:]) if steps else (None, [])


def offer_until(
    department: str, municipality: Municipality, now: datetime, wait: timedelta | None = None
) -> datetime:
    """When an offer made now comes back: after its own wait, or the policy's, in the working
    time of the department that is asked. Of a contact or of one of its parts."""
    calendar = municipality.departments[department].hours
    if wait is None:
        return municipality.policies.offer.after(municipality.hours, calendar, now)
    return municipality.hours.add_working(calendar, now, wait)


def must_belong(municipality: Municipality, department: str, caseworker: str | None) -> None:
    """Raises SenderError `no_such_department`, or `no_such_caseworker` for one who does not
    work in that department."""
    if department not in municipality.departments:
        raise SenderError("no_such_department", "There is no such department.")
    if caseworker is None:
        return
    person = municipality.caseworkers.get(caseworker)
    if person is None or person.department != department:
        raise SenderError("no_such_caseworker", "No such caseworker in that department.")


def must_work_here(municipality: Municipality, caseworker: str | None) -> None:
    """Raises SenderError `no_such_caseworker` for somebody who is not one of ours."""
    if caseworker is not None and caseworker not in municipality.caseworkers:
        raise SenderError("no_such_caseworker", "There is no such caseworker.")


def _there(kept: Mapping[str, Any], municipality: Municipality) -> bool:
    if kept["department"] not in municipality.departments:
        return False
    if kept["caseworker"] is None:
        return True
    person = municipality.caseworkers.get(kept["caseworker"])
    return person is not None and person.department == kept["department"]
