"""The calls on the status page: choose another of the free times, or withdraw one.

Opened by the pass that the page itself holds, like adding a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from channels.http import page_language, refuse_cross_site, render
from channels.http.explain import say
from channels.i18n import SHARED, catalogue, to_translate
from channels.keys import HOUSE
from channels.web.answers import department_name, open_calls
from channels.web.calls import SLOT, call_sentence
from channels.web.fields import read_call
from channels.web.form import read_form
from channels.web.passes import PASSES
from channels.web.slots import read_slot
from channels.web.status import pass_has_ended, status_page
from channels.wording import promise_sentence
from router.errors import Conflict, SenderError
from router.model import Channel
from router.wishes import NoSuchTime, Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from router.wishes import Agreed

log = structlog.get_logger(__name__)

TIME_PATH: Final = "/status/tid"
WITHDRAW_PATH: Final = "/status/afmeld"
BY_PAGE: Final = Said(Channel.WEB)

_CHOOSE: Final = to_translate("Choose one of the times in the list")
_TAKEN: Final = to_translate(
    "Somebody has just taken that time. Nothing has been changed: choose another one"
)
_MOVED: Final = to_translate("The new time is agreed. {promise}")
_WITHDRAWN: Final = to_translate("We do not call you. {promise}")


def setup(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_post(TIME_PATH, change)
    app.router.add_post(WITHDRAW_PATH, withdraw)


async def change(request: web.Request) -> web.Response:
    """`POST /status/tid`: agree on the chosen time."""
    refuse_cross_site(request)
    values = await read_form(request)
    reference = await request.app[PASSES].check(values.get("pass", ""))
    if reference is None:
        return pass_has_ended(request)
    _ = catalogue("web").gettext(page_language(request))
    call = _which(values)
    chosen = read_slot(values.get(f"{SLOT}-{call}") or values.get(SLOT, ""))
    if chosen is None:
        return await _refused(request, reference, call, _(_CHOOSE), 422)
    try:
        agreed = await request.app[HOUSE].wishes.move(reference, *chosen, BY_PAGE, call=call)
    except NoSuchTime as error:
        if error.code == "slot_taken":
            return await _refused(request, reference, call, _(_TAKEN), 409)
        return await _refused(request, reference, call, _words(request, error), 422)
    except SenderError as error:
        return await _refused(request, reference, call, _words(request, error), _status(error))
    log.info("callback_moved", contact_id=agreed.contact_id)
    return await status_page(request, reference, notice=_said(request, agreed, _MOVED))


async def withdraw(request: web.Request) -> web.Response:
    """`POST /status/afmeld`: asks once more, and withdraws when that is answered."""
    refuse_cross_site(request)
    values = await read_form(request)
    reference = await request.app[PASSES].check(values.get("pass", ""))
    if reference is None:
        return pass_has_ended(request)
    call = _which(values)
    if not values.get("confirmed"):
        return await _confirm_page(request, reference, call)
    try:
        agreed = await request.app[HOUSE].wishes.withdraw_callback(reference, BY_PAGE, call)
    except SenderError as error:
        return await _refused(request, reference, call, _words(request, error), _status(error))
    log.info("callback_withdrawn", contact_id=agreed.contact_id)
    return await status_page(request, reference, notice=_said(request, agreed, _WITHDRAWN))


async def _confirm_page(request: web.Request, reference: str, call: int | None) -> web.Response:
    house, language = request.app[HOUSE], page_language(request)
    calls = open_calls(await house.contacts.view(reference))
    if call is None and len(calls) > 1:
        text = say("several_calls", SHARED.gettext(language))
        return await _refused(request, reference, call, text.rstrip("."), 409)
    meant = next(((n, p) for n, p in calls if call in (None, n)), None)
    if meant is None:
        text = say("promise_ended", SHARED.gettext(language))
        return await _refused(request, reference, call, text.rstrip("."), 409)
    context = {
        "reference": reference,
        "pass": await request.app[PASSES].give(reference),
        "call": meant[0],
        "promise": call_sentence(house, meant[1], language),
        "other_language": "/status?lang=en" if language == "da" else "/status",
    }
    return render(request, "web/withdraw.html", context)


async def _refused(
    request: web.Request, reference: str, call: int | None, text: str, status: int
) -> web.Response:
    return await status_page(request, reference, slot_error=text, call=call, status=status)


def _which(values: Mapping[str, str]) -> int | None:
    """The call that a form is about. A page from before there were several names none."""
    written = values.get("call", "")
    # What is no number is none of theirs: it is refused like one that they do not have.
    return (read_call(written) or 0) if written else None


def _status(error: SenderError) -> int:
    return 409 if isinstance(error, Conflict) else 422


def _words(request: web.Request, error: SenderError) -> str:
    translate = SHARED.gettext(page_language(request))
    return (say(error.code, translate) or error.detail).rstrip(".")


def _said(request: web.Request, agreed: Agreed, words: str) -> str:
    house, language = request.app[HOUSE], page_language(request)
    municipality = house.municipality
    text = catalogue("web").gettext(language)(words)
    if agreed.promise is None:
        return text.format(promise="").strip()
    name = department_name(municipality, agreed.department, language)
    sentence = promise_sentence(
        agreed.promise, name, language, house.clock.now(), municipality.zone
    )
    return text.format(promise=sentence)
