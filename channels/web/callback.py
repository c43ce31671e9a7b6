"""The call that was promised: change its time, or withdraw it, by the public API."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from channels.http import Problem, api_language, json_body, json_response
from channels.http.explain import say
from channels.i18n import SHARED
from channels.keys import HOUSE
from channels.web.answers import receipt_answer
from channels.web.api import opened
from channels.web.fields import read_call
from channels.web.models import NewTime
from channels.web.slots import slot_answer
from router.errors import NotFound, SenderError
from router.model import Channel, Receipt
from router.wishes import Agreed, NoSuchTime, Said

if TYPE_CHECKING:
    from router.house import House

BY_API: Final = Said(Channel.WEB)
_OF_UNTIL: Final = frozenset({"window_end_before_start", "window_too_far"})


def setup(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_post("/api/v1/contacts/{reference}/callback", change)
    app.router.add_delete("/api/v1/contacts/{reference}/callback", withdraw)


async def change(request: web.Request) -> web.Response:
    """`POST …/callback?call=`: another time, exactly as it is asked for."""
    house = request.app[HOUSE]
    reference = await opened(request)
    new = await json_body(request, NewTime)
    agreed = await _refused_in_words(
        request,
        house.wishes.move(reference, new.not_before, new.until, BY_API, call=_which(request)),
        new,
    )
    return json_response(_answer(house, agreed))


async def withdraw(request: web.Request) -> web.Response:
    """`DELETE …/callback?call=`: no call after all."""
    house = request.app[HOUSE]
    reference = await opened(request)
    agreed = await house.wishes.withdraw_callback(reference, BY_API, _which(request))
    return json_response(_answer(house, agreed))


def _which(request: web.Request) -> int | None:
    """The call that is meant; None where there is only one."""
    written = request.query.get("call")
    if written is None:
        return None
    call = read_call(written)
    if call is None:
        raise NotFound("no_such_call")
    return call


async def _refused_in_words(
    request: web.Request, acting: Awaitable[Agreed], new: NewTime
) -> Agreed:
    try:
        return await acting
    except NoSuchTime as error:
        raise _no_such_time(request, error) from None
    except SenderError as error:
        if not error.code.startswith("window_"):
            raise
        pointer = "/until" if new.until is not None and error.code in _OF_UNTIL else "/from"
        raise _field(request, 422, error.code, pointer) from None


def _no_such_time(request: web.Request, error: NoSuchTime) -> Problem:
    house, more = request.app[HOUSE], {}
    if error.next_free is not None:
        zone, now = house.municipality.zone, house.clock.now()
        more["next"] = slot_answer(error.next_free, api_language(request), zone, now)
    status = 409 if error.code == "slot_taken" else 422
    return _field(request, status, error.code, "/from", **more)


def _field(request: web.Request, status: int, code: str, pointer: str, **more: Any) -> Problem:
    text = say(code, SHARED.gettext(api_language(request)))
    errors = [{"pointer": pointer, "code": code, "detail": text}]
    return Problem(status, code, text, errors=errors, **more)


def _answer(house: House, agreed: Agreed) -> dict[str, Any]:
    return receipt_answer(
        receipt_of(agreed), house.municipality, house.clock.now(), with_code=False
    )


def receipt_of(agreed: Agreed) -> Receipt:
    """What is agreed, in the shape of what reception answers."""
    return Receipt(
        contact_id=agreed.contact_id,
        reference=agreed.reference,
        access_code="",
        department=agreed.department,
        caseworker=agreed.caseworker,
        promise=agreed.promise,
        created=False,
        repeated=False,
        language=agreed.language,
    )
