"""Log-in and log-out.

In the demonstration one picks who to be. Otherwise one gives the staff token and
says which caseworker one is, until the municipality's own log-in is connected.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from aiohttp import web

from channels.desk.access import Access
from channels.desk.people import find_staff
from channels.desk.screen import address, department_name, show, tongue_of
from channels.desk.words import Tongue
from channels.i18n import to_translate as _
from channels.keys import HOUSE
from router.house import House

log = structlog.get_logger(__name__)

ACCESS: Final = web.AppKey("desk_access", Access)
_TRIES: Final = 10
"""Wrong tokens from one address in a minute, before it has to wait."""
_TRIES_SECONDS: Final = 60


async def login_page(request: web.Request) -> web.StreamResponse:
    """Who are you?"""
    return await _page(request, {"next": _safe_next(request.query.get("next", ""))})


async def log_in(request: web.Request) -> web.StreamResponse:
    """Check, begin a session, and go on to where one was heading."""
    house, access = request.app[HOUSE], request.app[ACCESS]
    form = await request.post()
    person, token = str(form.get("person", "")), str(form.get("token", ""))
    onward = _safe_next(str(form.get("next", "")))
    say = tongue_of(request).say
    context = {"next": onward, "person": person}
    if find_staff(house.municipality, person) is None:
        problem = say(_("Choose who you are."))
        return await _page(request, context | {"problem": problem}, 422)
    if not house.settings.demo:
        tries = f"indgang_desk_tries_{request.remote}"
        if int(await house.redis.get(tries) or 0) >= _TRIES:
            problem = say(_("Too many wrong tokens from here. Wait a minute and try again."))
            return await _page(request, context | {"problem": problem}, 429)
        if not access.token_fits(token):
            log.info("desk_log_in_refused")
            if await house.redis.incr(tries) == 1:
                await house.redis.expire(tries, _TRIES_SECONDS)
            problem = say(_("The token is not right."))
            return await _page(request, context | {"problem": problem}, 401)
    await access.log_in(request, person)
    log.info("desk_log_in")
    raise web.HTTPSeeOther(onward)


async def log_out(request: web.Request) -> web.StreamResponse:
    """End the session."""
    answer = web.HTTPSeeOther(address("/desk/login", tongue_of(request).language))
    await request.app[ACCESS].log_out(request, answer)
    raise answer


async def _page(
    request: web.Request, context: dict[str, Any], status: int = 200
) -> web.StreamResponse:
    house = request.app[HOUSE]
    values = {
        "csrf": await request.app[ACCESS].form_token(request),
        "token_wanted": house.settings.staff_token is not None,
        "people": _people(house, tongue_of(request)),
        "person": "",
        "problem": "",
    }
    return show(request, "desk/login.html", values | context, status=status)


def _people(house: House, tongue: Tongue) -> list[tuple[str, list[tuple[str, str]]]]:
    """Caseworkers by department, both in order of name."""
    by_department: dict[str, list[tuple[str, str]]] = {}
    for person in house.municipality.caseworkers.values():
        by_department.setdefault(person.department, []).append((person.id, person.name))
    named = (
        (department_name(house.municipality, department, tongue), sorted(members, key=_name))
        for department, members in by_department.items()
    )
    return sorted(named, key=lambda entry: entry[0])


def _name(member: tuple[str, str]) -> str:
    return member[1]


def _safe_next(target: str) -> str:
    """Only to the desk itself: an address given from outside leads nowhere else."""
    inside = target == "/desk" or target.startswith(("/desk/", "/desk?"))
    if not inside or any(character in target for character in "\\\r\n"):
        return "/desk"
    return "/desk" if target.startswith(("/desk/login", "/desk/logout")) else target
