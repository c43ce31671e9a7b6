"""The desk's forms: what was filled in, what it does, and what is said when it does not go.

After success the browser is sent on (303), so that reloading repeats nothing.
After a refusal the page comes back with everything that was written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ValidationError

from channels.desk import actions, api_models, plan_forms
from channels.desk.api import promise_number
from channels.desk.localtime import from_wall
from channels.desk.pages import show_contact
from channels.desk.people import staff_of
from channels.desk.refusals import INCOMPLETE, REFUSALS, refusal_words
from channels.desk.screen import address, person_name, tongue_of
from channels.desk.words import Tongue
from channels.keys import HOUSE
from router.errors import Conflict, NotFound, SenderError
from router.house import House

_Fields = Mapping[str, str]
_Act = Callable[[House, _Fields, web.Request], Awaitable[None]]


def _body(model: type[BaseModel], **values: Any) -> Any:
    """The filled-in fields as a body; what was left empty is left out."""
    return model.model_validate({name: value for name, value in values.items() if value})


async def _accept(house: House, fields: _Fields, request: web.Request) -> None:
    body = api_models.AcceptBody()
    await actions.accept(house, staff_of(request), request.match_info["reference"], body)


async def _offer(house: House, fields: _Fields, request: web.Request) -> None:
    department, __, person = fields.get("receiver", "").partition("/")
    body = _body(
        api_models.OfferBody,
        department=department,
        to_caseworker=person,
        reason=fields.get("reason"),
        version=fields.get("version"),
    )
    await actions.offer(house, staff_of(request), request.match_info["reference"], body)


async def _note(house: House, fields: _Fields, request: web.Request) -> None:
    if not fields.get("text"):
        raise SenderError("empty_note")
    body = _body(api_models.NoteBody, text=fields["text"])
    await actions.note(house, staff_of(request), request.match_info["reference"], body)


async def _close(house: House, fields: _Fields, request: web.Request) -> None:
    body = _body(
        api_models.CloseBody,
        outcome=fields.get("outcome"),
        note=fields.get("note"),
        how=fields.get("how"),
        version=fields.get("version"),
    )
    await actions.close(house, staff_of(request), request.match_info["reference"], body)


async def _unreachable(house: House, _fields: _Fields, request: web.Request) -> None:
    body, reference = api_models.UnreachableBody(), request.match_info["reference"]
    await actions.unreachable(house, staff_of(request), reference, body)


async def _coordinator(house: House, fields: _Fields, request: web.Request) -> None:
    body = api_models.CoordinatorBody(caseworker=fields.get("person") or None)
    await actions.coordinator(house, staff_of(request), request.match_info["reference"], body)


async def _claim(house: House, fields: _Fields, request: web.Request) -> None:
    body = api_models.ClaimBody()
    await actions.claim(house, staff_of(request), await _promise(house, request), body)


async def _attempt(house: House, fields: _Fields, request: web.Request) -> None:
    body = _body(api_models.AttemptBody, result=fields.get("result"), note=fields.get("note"))
    await actions.attempt(house, staff_of(request), await _promise(house, request), body)


async def _reschedule(house: House, fields: _Fields, request: web.Request) -> None:
    zone = house.municipality.zone
    start, until = from_wall(fields.get("from", ""), zone), from_wall(fields.get("until", ""), zone)
    if until is None:
        raise SenderError("window_missing")
    body = _body(api_models.RescheduleBody, not_before=start, until=until)
    await actions.reschedule(house, staff_of(request), await _promise(house, request), body)


async def _withdraw(house: House, fields: _Fields, request: web.Request) -> None:
    body = _body(api_models.WithdrawBody, reason=fields.get("note"))
    await actions.withdraw(house, staff_of(request), await _promise(house, request), body)


async def _promise(house: House, request: web.Request) -> int:
    """The promise that the form is about, which must be one of this contact's."""
    promise_id = promise_number(request)
    row = await house.promises.row(promise_id)
    head = await house.contacts.by_reference(request.match_info["reference"])
    if row.contact_id != head.id:
        raise NotFound("no_such_promise")
    return promise_id


CONTACT_FORMS: Final[Mapping[str, _Act]] = {
    "accept": _accept,
    "offer": _offer,
    "note": _note,
    "close": _close,
    "unreachable": _unreachable,
    **plan_forms.CONTACT_FORMS,
    "coordinator": _coordinator,
}
PROMISE_FORMS: Final[Mapping[str, _Act]] = {
    "claim": _claim,
    "attempt": _attempt,
    "reschedule": _reschedule,
    "withdraw": _withdraw,
    **plan_forms.PROMISE_FORMS,
}


def form(step: str, act: _Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of one form."""

    async def handler(request: web.Request) -> web.StreamResponse:
        house = request.app[HOUSE]
        posted = await request.post()
        fields = {
            name: value.strip()
            for name, value in posted.items()
            if isinstance(value, str) and name != "csrf"
        }
        try:
            await act(house, fields, request)
        except ValidationError:
            return await _again(request, step, fields, tongue_of(request).say(INCOMPLETE), 422)
        except SenderError as refusal:
            text = await _refusal(house, refusal, request, tongue_of(request))
            status = 409 if isinstance(refusal, Conflict) else 422
            return await _again(request, step, fields, text, status)
        path = f"/desk/contacts/{request.match_info['reference']}"
        raise web.HTTPSeeOther(address(path, tongue_of(request).language, done=step))

    return handler


async def _again(
    request: web.Request, step: str, fields: Mapping[str, str], problem: str, status: int
) -> web.StreamResponse:
    promise = request.match_info.get("id")
    name = f"{step}-{promise}" if promise else step
    return await show_contact(
        request, problem=problem, wrote={name: fields}, unfold=name, status=status
    )


async def _refusal(house: House, refusal: SenderError, request: web.Request, tongue: Tongue) -> str:
    """Why it did not go, and who has the contact now."""
    owner = ""
    if "{owner}" in REFUSALS.get(refusal.code, ""):
        head = await house.contacts.by_reference(request.match_info["reference"])
        # Of one topic that is somebody else's, their name came with the refusal.
        named = refusal.detail in house.municipality.caseworkers
        person = refusal.detail if named else head.caseworker
        owner = person_name(house.municipality, person, tongue) if person else ""
    return refusal_words(refusal.code, tongue.say, owner) or tongue.say(INCOMPLETE)
