"""Pages of the desk: what each of them knows, and in which language it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from channels.desk.masking import mask_cpr
from channels.desk.people import MACHINE, STAFF, SWITCHBOARD
from channels.desk.words import Tongue
from channels.http import page_language, render
from channels.i18n import DANISH, catalogue, to_translate
from channels.keys import HOUSE
from router.config import Municipality


def tongue_of(request: web.Request) -> Tongue:
    """The language of the page that was asked for."""
    language = page_language(request)
    texts = catalogue("desk")
    return Tongue(language, texts.gettext(language), texts.ngettext(language))


def address(path: str, language: str, **query: str) -> str:
    """`path` with a query, keeping the language that was chosen."""
    if language != DANISH:
        query["lang"] = language
    return f"{path}?{urlencode(query)}" if query else path


def show(
    request: web.Request, template: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> web.Response:
    """A page (or a part of one) for who is asking. CPR numbers are masked by `masked`."""
    house = request.app[HOUSE]
    tongue = tongue_of(request)
    staff = request.get(STAFF)
    values = {
        "staff": staff,
        "staff_name": person_name(house.municipality, staff.id, tongue) if staff else "",
        "csrf": staff.csrf if staff else "",
        "demo": house.settings.demo,
        "link": lambda path, **query: address(path, tongue.language, **query),
        "masked": mask_cpr,
        "place": "",
        **(context or {}),
    }
    return render(request, template, values, status=status)


def person_name(municipality: Municipality, person: str, tongue: Tongue) -> str:
    """The name of a caseworker, or of who else may stand behind `staff:`."""
    caseworker = municipality.caseworkers.get(person)
    if caseworker is not None:
        return caseworker.name
    if person == SWITCHBOARD:
        return tongue.say(to_translate("The switchboard"))
    if person == MACHINE:
        return tongue.say(to_translate("A program (API)"))
    return person


def department_name(municipality: Municipality, department: str, tongue: Tongue) -> str:
    """The department's name in the reader's language; its id if it is no longer there."""
    found = municipality.departments.get(department)
    return found.name_in(tongue.language) if found is not None else department
