"""The staff API: `/api/v1/staff/...`, for machines with the token and for the desk itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel

from channels.desk import actions, api_models, plan_actions
from channels.desk.api_models import (
    AttachmentOut,
    Body,
    ContactOut,
    ContactPage,
    ContactViewOut,
    DecisionOut,
    EffectOut,
    EventOut,
    PromiseOut,
    PromisePage,
    QueuePromiseOut,
)
from channels.desk.localtime import in_our_time
from channels.desk.masking import mask_cpr
from channels.desk.people import Staff, find_staff, staff_of
from channels.desk.plan_out import meeting_out, part_out
from channels.desk.queue import Q
from channels.desk.refusals import refusal_words
from channels.http import Problem, api_language, json_body, problem
from channels.http.problem import parse_json
from channels.i18n import catalogue, to_translate
from channels.keys import HOUSE
from router.errors import Conflict, NotFound, SenderError
from router.explaining import traces_of
from router.house import House
from router.model import ContactState, PromiseKind, PromiseState
from router.rows import ContactHead, PromiseRow, PromiseWithContact

ACTING_HEADER: Final = "X-Acting-Caseworker"
_PAGE: Final = 50
_LONGEST_PAGE: Final = 200
_LONGEST_NUMBER: Final = 18
_FIRST: Final = to_translate("Somebody else was here first.")

BodyT = TypeVar("BodyT", bound=BaseModel)
ContactStep = Callable[[House, Staff, str, Any], Awaitable[None]]
PromiseStep = Callable[[House, Staff, int, Any], Awaitable[None]]

# Step, its body, what does it. `forward` hands over to another department by offer;
# there is no register of other authorities in this version.
CONTACT_STEPS: Final[Mapping[str, tuple[type[BaseModel], ContactStep]]] = {
    "accept": (api_models.AcceptBody, actions.accept),
    "offer": (api_models.OfferBody, actions.offer),
    "forward": (api_models.OfferBody, actions.offer),
    "note": (api_models.NoteBody, actions.note),
    "close": (api_models.CloseBody, actions.close),
    "unreachable": (api_models.UnreachableBody, actions.unreachable),
    **plan_actions.CONTACT_STEPS,
    "coordinator": (api_models.CoordinatorBody, actions.coordinator),
}
PROMISE_STEPS: Final[Mapping[str, tuple[type[Body], PromiseStep]]] = {
    "claim": (api_models.ClaimBody, actions.claim),
    "attempt": (api_models.AttemptBody, actions.attempt),
    "reschedule": (api_models.RescheduleBody, actions.reschedule),
    "withdraw": (api_models.WithdrawBody, actions.withdraw),
    **plan_actions.PROMISE_STEPS,
}


async def contacts(request: web.Request) -> web.StreamResponse:
    """A page of contacts, newest first."""
    house = request.app[HOUSE]
    found = await house.contacts.list(
        state=_one_of(request, "state", [state.value for state in ContactState]),
        department=_one_of(request, "department", house.municipality.departments),
        owner=_one_of(request, "owner", house.municipality.caseworkers),
        cursor=request.query.get("cursor"),
        limit=_limit(request),
    )
    page = ContactPage(items=[_contact(head) for head in found.items], cursor=found.cursor)
    return _answer(page)


async def contact(request: web.Request) -> web.StreamResponse:
    """One contact with its timeline, decisions, promises, effects and files."""
    return _answer(await _view(request, request.match_info["reference"]))


async def promises(request: web.Request) -> web.StreamResponse:
    """A page of promises by due time, overdue first; open ones unless `state` says otherwise."""
    house = request.app[HOUSE]
    states = [state.value for state in PromiseState]
    state = _one_of(request, "state", ["open", "all", *states]) or "open"
    found = await house.promises.list(
        due_before=_time(request, "due_before"),
        state=None if state == "all" else state,
        department=_one_of(request, "department", house.municipality.departments),
        owner=_one_of(request, "owner", house.municipality.caseworkers),
        kind=_one_of(request, "kind", [kind.value for kind in PromiseKind]),
        cursor=request.query.get("cursor"),
        limit=_limit(request),
    )
    page = PromisePage(items=[_queued(item) for item in found.items], cursor=found.cursor)
    return _answer(page)


def contact_step(step: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of `POST /api/v1/staff/contacts/{reference}/<step>`."""
    model, act = CONTACT_STEPS[step]

    async def handler(request: web.Request) -> web.StreamResponse:
        reference = request.match_info["reference"]
        body = await _body(request, model)
        staff = _acting(request, body)
        try:
            await act(request.app[HOUSE], staff, reference, body)
        except Conflict as conflict:
            head = await request.app[HOUSE].contacts.by_reference(reference)
            return _conflict(request, conflict, head)
        except SenderError as refusal:
            raise _refused(request, refusal) from None
        return _answer(await _view(request, reference))

    return handler


def promise_step(step: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of `POST /api/v1/staff/promises/{id}/<step>`."""
    model, act = PROMISE_STEPS[step]

    async def handler(request: web.Request) -> web.StreamResponse:
        house = request.app[HOUSE]
        promise_id = promise_number(request)
        body = await _body(request, model)
        staff = _acting(request, body)
        try:
            await act(house, staff, promise_id, body)
        except Conflict as conflict:
            row = await house.promises.row(promise_id)
            return _conflict(request, conflict, await house.contacts.head(row.contact_id))
        except SenderError as refusal:
            raise _refused(request, refusal) from None
        return _answer(_promise(await house.promises.row(promise_id)))

    return handler


def numbered_step(
    model: type[Body],
    act: PromiseStep,
    now: Callable[[House, int], Awaitable[tuple[BaseModel, int]]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of a step on a topic or a meeting. `now` answers it as it is, with the
    number of its contact."""

    async def handler(request: web.Request) -> web.StreamResponse:
        house = request.app[HOUSE]
        number = promise_number(request)
        body = await _body(request, model)
        staff = _acting(request, body)
        try:
            await act(house, staff, number, body)
        except Conflict as conflict:
            _, contact_id = await now(house, number)
            return _conflict(request, conflict, await house.contacts.head(contact_id))
        except SenderError as refusal:
            raise _refused(request, refusal) from None
        return _answer((await now(house, number))[0])

    return handler


def promise_number(request: web.Request) -> int:
    """The promise that the address names. What cannot be one is a 404 like any unknown."""
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise web.HTTPNotFound
    return int(text)


def _conflict(request: web.Request, conflict: Conflict, head: ContactHead) -> web.Response:
    """Who has it now, so that the second one knows whom to ask."""
    translate = catalogue("desk").gettext(api_language(request))
    known = request.app[HOUSE].municipality.caseworkers
    # Of one topic that is somebody else's, their name came with the refusal.
    person = known.get(conflict.detail) or known.get(head.caseworker or "")
    owner = person.name if person is not None else ""
    return problem(
        409,
        conflict.code,
        refusal_words(conflict.code, translate, owner) or translate(_FIRST),
        department=head.department,
        owner=head.caseworker,
        version=head.version,
    )


def _refused(request: web.Request, refusal: SenderError) -> SenderError | Problem:
    """The refusal in the client's language, where we have words for it."""
    if isinstance(refusal, NotFound):
        return refusal
    translate = catalogue("desk").gettext(api_language(request))
    words = refusal_words(refusal.code, translate)
    return Problem(422, refusal.code, words) if words else refusal


async def _body(request: web.Request, model: type[BodyT]) -> BodyT:
    """The body; steps that need nothing may be sent without one."""
    if not request.can_read_body:
        return parse_json(b"{}", model, "en")
    return await json_body(request, model)


def _acting(request: web.Request, body: BaseModel) -> Staff:
    """Who acts. A machine may say for whom; a person is always only themselves."""
    staff = staff_of(request)
    named = request.headers.get(ACTING_HEADER, "").strip()
    if isinstance(body, Body):
        named = body.caseworker or named
    if not staff.machine:
        if named and named != staff.id:
            raise Problem(403, "not_you", "You are logged in as somebody else.")
        return staff
    if not named:
        return staff
    person = find_staff(request.app[HOUSE].municipality, named)
    if person is None:
        raise SenderError("no_such_caseworker", "There is no such caseworker.")
    return replace(person, machine=True)


async def _view(request: web.Request, reference: str) -> ContactViewOut:
    house = request.app[HOUSE]
    view = await house.contacts.view(reference)
    traces = await traces_of(house.ledger, house.municipality, view.decisions)
    return ContactViewOut(
        **_contact(view.head).model_dump(),
        coordinator=await house.ledger.fetchval(Q["coordinator"], view.head.id),
        timeline=[
            EventOut(
                id=event.id,
                at=event.at,
                kind=event.kind,
                actor=event.actor,
                body=mask_cpr(event.body),
                data=dict(event.data),
            )
            for event in view.timeline
        ],
        decisions=[
            DecisionOut(
                at=decision.at,
                table_version=decision.table_version,
                rule=decision.rule_id,
                department=decision.department,
                caseworker=decision.caseworker,
                confidence=decision.confidence,
                explanation=dict(decision.explanation),
                trace=[dict(step) for step in trace],
            )
            for decision, trace in zip(view.decisions, traces, strict=True)
        ],
        promises=[_promise(row) for row in view.promises],
        effects=[
            EffectOut(
                id=effect.id,
                kind=effect.kind,
                state=effect.state,
                attempts=effect.attempts,
                last_error=effect.last_error,
                created_at=effect.created_at,
                ended_at=effect.ended_at,
            )
            for effect in view.effects
        ],
        attachments=[
            AttachmentOut(
                id=file.id,
                filename=mask_cpr(file.filename),
                content_type=file.content_type,
                size=file.size,
                url=f"/api/v1/staff/contacts/{view.head.reference}/files/{file.id}",
            )
            for file in view.attachments
        ],
        parts=[part_out(row) for row in view.parts],
        meetings=[meeting_out(row) for row in view.meetings],
    )


def _contact(head: ContactHead) -> ContactOut:
    offered = None
    if head.offered_department is not None:
        offered = {"department": head.offered_department, "caseworker": head.offered_caseworker}
    return ContactOut(
        reference=head.reference,
        state=head.state,
        channel=head.channel,
        name=mask_cpr(head.name),
        phone=head.phone,
        email=head.email,
        group=head.sender_group,
        language=head.language,
        subject=mask_cpr(head.subject),
        department=head.department,
        owner=head.caseworker,
        next_due_at=head.next_due_at,
        flags=head.flags,
        outcome=head.outcome,
        offered_to=offered,
        version=head.version,
        created_at=head.created_at,
        updated_at=head.updated_at,
        closed_at=head.closed_at,
    )


def _promise_fields(row: PromiseRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "department": row.department,
        "owner": row.caseworker,
        "phone": row.phone,
        "not_before": row.not_before,
        "due_at": row.due_at,
        "retry_at": row.retry_at,
        "attempts": row.attempts,
        "last_result": row.last_result,
        "late_at": row.late_at,
        "made_at": row.made_at,
        "ended_at": row.ended_at,
        "about": mask_cpr(row.about),
        "statutory_due_at": row.statutory_due_at,
        "part": row.part_id,
        "notice_of": row.notice_of,
        "version": row.version,
    }


def _promise(row: PromiseRow) -> PromiseOut:
    return PromiseOut(**_promise_fields(row))


def _queued(item: PromiseWithContact) -> QueuePromiseOut:
    return QueuePromiseOut(
        **_promise_fields(item.promise),
        reference=item.reference,
        name=mask_cpr(item.name),
        contact_phone=item.contact_phone,
        subject=mask_cpr(item.subject),
        channel=item.channel,
        language=item.language,
    )


def _answer(model: BaseModel) -> web.Response:
    return web.json_response(text=model.model_dump_json())


def _one_of(request: web.Request, name: str, allowed: Any) -> str | None:
    """A filter from the address; one that cannot fit anything is refused, not ignored."""
    value = request.query.get(name)
    if not value:
        return None
    if value not in allowed:
        raise SenderError("bad_filter", f"There is no such value for {name}.")
    return value


def _time(request: web.Request, name: str) -> datetime | None:
    value = request.query.get(name)
    if not value:
        return None
    try:
        # A plus sign in an address arrives as a space.
        return in_our_time(datetime.fromisoformat(value.replace(" ", "+")))
    except ValueError as error:
        raise SenderError(
            "bad_filter", f"{name} must be a time with its offset, like 2026-11-24T13:00Z."
        ) from error


def _limit(request: web.Request) -> int:
    value = request.query.get("limit")
    if value is None:
        return _PAGE
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= _LONGEST_PAGE):
        raise SenderError("bad_filter", f"limit must be from 1 to {_LONGEST_PAGE}.")
    return int(value)
