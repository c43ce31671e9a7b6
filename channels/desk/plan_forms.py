"""The desk's forms about topics, meetings, letters and new promises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from aiohttp import web

from channels.desk import plan_actions as actions
from channels.desk import plan_models as models
from channels.desk.api import promise_number
from channels.desk.api_models import Body
from channels.desk.localtime import from_wall
from channels.desk.people import staff_of
from channels.i18n import to_translate as _
from channels.numbers import typed_number
from router.errors import NotFound, SenderError
from router.house import House

ROWS: Final = 5
"""Topics in one form; more are added by sending it again."""
LENGTHS: Final = (15, 30, 45, 60, 90, 120, 180)
"""Minutes that a meeting can last."""


Fields = Mapping[str, str]
Act = Callable[[House, Fields, web.Request], Awaitable[None]]
BodyT = TypeVar("BodyT", bound=Body)


def _filled(model: type[BodyT], **values: Any) -> BodyT:
    """The filled-in fields as a body; what was left empty is left out."""
    given = {name: value for name, value in values.items() if value not in ("", None)}
    return model.model_validate(given)


async def _split(house: House, fields: Fields, request: web.Request) -> None:
    topics: list[dict[str, str]] = []
    for row in range(1, ROWS + 1):
        title, receiver = fields.get(f"title-{row}", ""), fields.get(f"receiver-{row}", "")
        if not title and not receiver:
            continue
        if not title:
            raise SenderError("empty_title")
        if not receiver:
            raise SenderError("no_such_department")
        department, __, person = receiver.partition("/")
        topic = {"title": title, "department": department}
        if person:
            topic["caseworker"] = person
        if fields.get(f"call-{row}") == "yes":
            topic["promise"] = "callback"
        topics.append(topic)
    if not topics:
        raise SenderError("how_many_parts")
    body = _filled(
        models.SplitBody,
        topics=topics,
        coordinator=fields.get("coordinator"),
        version=fields.get("version"),
    )
    await actions.split(house, staff_of(request), _reference(request), body)


async def _promise(house: House, fields: Fields, request: web.Request) -> None:
    zone = house.municipality.zone
    body = _filled(
        models.MakeBody,
        kind=fields.get("kind"),
        about=fields.get("about"),
        until=from_wall(fields.get("until", ""), zone),
        phone=_phone(fields),
        part=fields.get("part"),
    )
    await actions.make(house, staff_of(request), _reference(request), body)


async def _take(house: House, fields: Fields, request: web.Request) -> None:
    await actions.take(house, staff_of(request), _reference(request), models.TakeBody())


async def _meeting(house: House, fields: Fields, request: web.Request) -> None:
    body = _filled(
        models.MeetingBody,
        subject=fields.get("subject"),
        part=fields.get("part"),
        **_when_and_where(house, fields),
    )
    await actions.meet(house, staff_of(request), _reference(request), body)


async def _keep(house: House, fields: Fields, request: web.Request) -> None:
    number = promise_number(request)
    row = await house.promises.row(number)
    await _belongs(house, request, row.contact_id, "no_such_promise")
    body = _filled(
        models.KeepBody, send=fields.get("send"), how=fields.get("how"), note=fields.get("note")
    )
    await actions.keep(house, staff_of(request), number, body)


async def _notice(house: House, fields: Fields, request: web.Request) -> None:
    number = promise_number(request)
    row = await house.promises.row(number)
    await _belongs(house, request, row.contact_id, "no_such_promise")
    await actions.notice(house, staff_of(request), number, models.NoticeBody())


async def _claim_part(house: House, fields: Fields, request: web.Request) -> None:
    part = await _part(house, request)
    await actions.claim_part(house, staff_of(request), part, models.PartClaimBody())


async def _offer_part(house: House, fields: Fields, request: web.Request) -> None:
    department, __, person = fields.get("receiver", "").partition("/")
    body = _filled(
        models.PartOfferBody,
        department=department,
        to_caseworker=person,
        reason=fields.get("reason"),
        version=fields.get("version"),
    )
    await actions.offer_part(house, staff_of(request), await _part(house, request), body)


async def _solve_part(house: House, fields: Fields, request: web.Request) -> None:
    await actions.solve_part(house, staff_of(request), await _part(house, request), _end(fields))


async def _withdraw_part(house: House, fields: Fields, request: web.Request) -> None:
    part = await _part(house, request)
    await actions.withdraw_part(house, staff_of(request), part, _end(fields))


async def _agenda(house: House, fields: Fields, request: web.Request) -> None:
    body = _paper(fields)
    await actions.agenda(house, staff_of(request), await _meeting_number(house, request), body)


async def _minutes(house: House, fields: Fields, request: web.Request) -> None:
    body = _paper(fields)
    await actions.minutes(house, staff_of(request), await _meeting_number(house, request), body)


async def _agenda_given(house: House, fields: Fields, request: web.Request) -> None:
    meeting = await _meeting_number(house, request)
    await actions.agenda_given(house, staff_of(request), meeting, _given(fields))


async def _minutes_given(house: House, fields: Fields, request: web.Request) -> None:
    meeting = await _meeting_number(house, request)
    await actions.minutes_given(house, staff_of(request), meeting, _given(fields))


async def _held(house: House, fields: Fields, request: web.Request) -> None:
    body = _filled(models.HeldBody, note=fields.get("note"))
    await actions.held(house, staff_of(request), await _meeting_number(house, request), body)


async def _move(house: House, fields: Fields, request: web.Request) -> None:
    body = _filled(models.MoveBody, version=fields.get("version"), **_when_and_where(house, fields))
    await actions.move(house, staff_of(request), await _meeting_number(house, request), body)


async def _cancel(house: House, fields: Fields, request: web.Request) -> None:
    body = _filled(
        models.CancelBody,
        by_citizen=fields.get("by") == "citizen",
        reason=fields.get("reason"),
        version=fields.get("version"),
    )
    await actions.cancel(house, staff_of(request), await _meeting_number(house, request), body)


def _end(fields: Fields) -> models.PartEndBody:
    return _filled(models.PartEndBody, note=fields.get("note"), version=fields.get("version"))


def _paper(fields: Fields) -> models.PaperBody:
    if not fields.get("text"):
        raise SenderError("empty_words")
    return _filled(models.PaperBody, text=fields["text"])


def _given(fields: Fields) -> models.GivenBody:
    return _filled(models.GivenBody, how=fields.get("how"), note=fields.get("note"))


def _phone(fields: Fields) -> str:
    typed = fields.get("phone", "")
    number = typed_number(typed[:40]) if typed else ""
    if typed and not number:
        raise SenderError("phone_impossible")
    return number


def _when_and_where(house: House, fields: Fields) -> dict[str, Any]:
    """Times, way and place of a meeting."""
    start = from_wall(fields.get("starts", ""), house.municipality.zone)
    if start is None:
        raise SenderError("window_missing")
    way, place = fields.get("way"), fields.get("place", "")
    if way == "phone" and place:
        place = _phone({"phone": place})
    return {"starts_at": start, "ends_at": _ends(start, fields), "way": way, "place": place}


def _ends(start: datetime, fields: Fields) -> datetime:
    minutes = fields.get("minutes", "")
    fits = minutes in {str(length) for length in LENGTHS}
    return start + timedelta(minutes=int(minutes) if fits else 60)


async def _part(house: House, request: web.Request) -> int:
    """The topic that the form is about, which must be one of this contact's."""
    number = promise_number(request)
    row = await house.parts.row(number)
    await _belongs(house, request, row.contact_id, "no_such_part")
    return number


async def _meeting_number(house: House, request: web.Request) -> int:
    """The meeting that the form is about, which must be one of this contact's."""
    number = promise_number(request)
    row = await house.meetings.row(number)
    await _belongs(house, request, row.contact_id, "no_such_meeting")
    return number


async def _belongs(house: House, request: web.Request, contact_id: int, refusal: str) -> None:
    head = await house.contacts.by_reference(_reference(request))
    if head.id != contact_id:
        raise NotFound(refusal)


def _reference(request: web.Request) -> str:
    return request.match_info["reference"]


CONTACT_FORMS: Final[Mapping[str, Act]] = {
    "split": _split,
    "promise": _promise,
    "meeting": _meeting,
    "take": _take,
}
PROMISE_FORMS: Final[Mapping[str, Act]] = {"keep": _keep, "notice": _notice}
PART_FORMS: Final[Mapping[str, Act]] = {
    "claim": _claim_part,
    "offer": _offer_part,
    "solve": _solve_part,
    "withdraw": _withdraw_part,
}
MEETING_FORMS: Final[Mapping[str, Act]] = {
    "agenda": _agenda,
    "agenda-given": _agenda_given,
    "minutes": _minutes,
    "minutes-given": _minutes_given,
    "held": _held,
    "move": _move,
    "cancel": _cancel,
}
DONE: Final[Mapping[str, str]] = {
    "split": _("The topics are made, and the citizen is told of the plan."),
    "promise": _("It is promised."),
    "meeting": _("The meeting is agreed, and the citizen is told."),
    "take": _("It is yours now."),
    "keep": _("It is noted that the promise was kept."),
    "notice": _("The notice is promised."),
    "part-claim": _("The topic is yours now."),
    "part-offer": _("The offer is sent. Who has the topic keeps it until they take it."),
    "part-solve": _("The topic is done, and the citizen is told."),
    "part-withdraw": _("The topic is no longer wanted."),
    "meeting-agenda": _("The agenda is written."),
    "meeting-agenda-given": _("It is noted that the citizen has the agenda."),
    "meeting-minutes": _("The minutes are written."),
    "meeting-minutes-given": _("It is noted that the citizen has the minutes."),
    "meeting-held": _("It is noted that you met. The minutes are promised now."),
    "meeting-move": _("The meeting is moved, and the citizen is told."),
    "meeting-cancel": _("The meeting is cancelled, and the citizen is told."),
}
