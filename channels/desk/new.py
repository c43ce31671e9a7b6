"""A contact that staff take down themselves: somebody at the counter, or on an old phone line."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

import phonenumbers
from aiohttp import web

from channels.desk import words
from channels.desk.pages import departments
from channels.desk.people import staff_of
from channels.desk.screen import address, show, tongue_of
from channels.i18n import to_translate as _
from channels.keys import HOUSE
from router.errors import KeyReused
from router.model import Arrival, CallbackWish, Channel, Group
from router.pledging import NO_CALLS

_LONGEST: Final = 20_000
_LONGEST_NAME: Final = 200
_LANGUAGES: Final = ("da", "en")


async def new_page(request: web.Request) -> web.StreamResponse:
    """The empty form. Its key makes a form that is sent twice one contact."""
    return _page(request, {"key": secrets.token_urlsafe(16)}, {})


async def register(request: web.Request) -> web.StreamResponse:
    """Take it down and show it."""
    house, staff = request.app[HOUSE], staff_of(request)
    posted = await request.post()
    wrote = {name: v.strip() for name, v in posted.items() if isinstance(v, str)}
    say = tongue_of(request).say
    problems: dict[str, str] = {}
    text, name = wrote.get("words", ""), wrote.get("name", "")
    if not text:
        problems["words"] = say(_("Write a few words about it."))
    if len(text) > _LONGEST or len(name) > _LONGEST_NAME:
        problems["words"] = say(_("That is too long."))
    phone = _phone(wrote.get("phone", ""))
    if phone is None:
        problems["phone"] = say(_("That is not a phone number that we can call."))
    call = wrote.get("call") == "yes"
    if call and not wrote.get("phone"):
        problems["phone"] = say(_("Write the number to call."))
    no_calls = wrote.get("no_calls") == "yes"
    if call and no_calls:
        problems["no_calls"] = say(
            _("Either we promise to call, or the citizen cannot be called. Choose one of them.")
        )
    menu = wrote.get("department", "")
    if menu and menu not in house.municipality.departments:
        problems["department"] = say(_("Choose a department, or leave it to the rules."))
    key = wrote.get("key", "")[:64] or secrets.token_urlsafe(16)
    if problems:
        return _page(request, wrote | {"key": key}, problems)
    language = wrote.get("language", "da")
    group = wrote.get("group", "")
    arrival = Arrival(
        channel=Channel.DESK,
        dedupe_key=f"desk:{key}",
        received_at=house.clock.now(),
        text=text,
        name=name,
        phone=phone or "",
        language=language if language in _LANGUAGES else "da",
        group=Group(group) if group in set(Group) else None,
        menu=menu,
        callback=CallbackWish(phone) if call and phone else None,
        flags=frozenset({NO_CALLS}) if no_calls else frozenset(),
        fingerprint=hashlib.sha256(repr(sorted(wrote.items())).encode()).digest(),
        kind="walked_in",
        data={"taken_by": staff.id},
    )
    try:
        receipt = await house.reception.receive(arrival)
    except KeyReused:
        # Back in the browser, then something else in the same form.
        problems["words"] = say(_("This form is registered. Send it again to register another."))
        return _page(request, wrote | {"key": secrets.token_urlsafe(16)}, problems)
    path = f"/desk/contacts/{receipt.reference}"
    raise web.HTTPSeeOther(address(path, tongue_of(request).language, done="new"))


def _phone(text: str) -> str | None:
    """E.164, or empty when nothing was written, or None when it cannot be a number."""
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text[:40], "DK")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _page(
    request: web.Request, wrote: Mapping[str, str], problems: Mapping[str, str]
) -> web.StreamResponse:
    house, tongue = request.app[HOUSE], tongue_of(request)
    context: dict[str, Any] = {
        "place": "new",
        "wrote": wrote,
        "problems": problems,
        "departments": departments(house, tongue),
        "groups": [(g.value, words.label(words.GROUPS, g, tongue)) for g in Group],
        "languages": [(code, words.label(words.LANGUAGES, code, tongue)) for code in _LANGUAGES],
    }
    return show(request, "desk/new.html", context, status=422 if problems else 200)
