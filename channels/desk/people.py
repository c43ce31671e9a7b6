"""Who acts at the desk: a caseworker, the switchboard, or a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from router.config import Municipality

SWITCHBOARD: Final = "switchboard"
"""The switchboard (omstillingen): sees, notes, calls and hands over, but owns no case."""
MACHINE: Final = "machine"
"""A program with the staff token that does not say for whom it acts."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who acts."""

    id: str
    name: str
    department: str
    caseworker: str | None
    """Caseworker id. None for the switchboard and for a machine without a person."""
    csrf: str = ""
    machine: bool = False

    @property
    def actor(self) -> str:
        """As the timeline names them."""
        return f"staff:{self.id}"


STAFF: Final = web.RequestKey("staff", Staff)


def staff_of(request: web.Request) -> Staff:
    """Who asks. Only behind one of the doors of `channels.desk.access`."""
    staff: Staff = request[STAFF]
    return staff


def find_staff(municipality: Municipality, person: str, csrf: str = "") -> Staff | None:
    """The person with this id, if they (still) work here."""
    if person == SWITCHBOARD:
        return Staff(SWITCHBOARD, "", municipality.default_department, None, csrf)
    caseworker = municipality.caseworkers.get(person)
    if caseworker is None:
        return None
    return Staff(caseworker.id, caseworker.name, caseworker.department, caseworker.id, csrf)
