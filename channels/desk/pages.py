"""The desk's pages: the queue and one contact, whole and as the part that is refreshed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from aiohttp.helpers import content_disposition_header

from channels import wording
from channels.desk import words
from channels.desk.people import Staff, staff_of
from channels.desk.plan_forms import DONE as PLAN_DONE
from channels.desk.plan_story import HOWS, PlanTeller
from channels.desk.queue import Filters, Q, read_queue, summary, tabs
from channels.desk.screen import address, department_name, show, tongue_of
from channels.desk.story import Storyteller
from channels.desk.words import Tongue
from channels.i18n import to_translate as _
from channels.keys import HOUSE
from router.errors import NotFound, SenderError
from router.explaining import traces_of
from router.house import House
from router.meeting_terms import How
from router.model import Outcome, PromiseKind, PromiseState
from router.promise_life import Result
from router.reference import is_reference
from router.rows import ContactView

_KINDS: Final = tuple(kind.value for kind in PromiseKind)
_STATES: Final = tuple(state.value for state in PromiseState if state.is_open)

DONE: Final[Mapping[str, str]] = {
    "accept": _("It is yours now."),
    "offer": _("The offer is sent. You own it until they accept."),
    "note": _("The note is saved."),
    "close": _("The contact is closed."),
    "unreachable": _("The message to the citizen is on its way."),
    "coordinator": _("Who coordinates is saved."),
    "claim": _("It is yours now."),
    "attempt": _("The call is saved."),
    "reschedule": _("The new time is saved, and the citizen is told."),
    "withdraw": _("The promise is withdrawn."),
    "new": _("The contact is registered."),
    **PLAN_DONE,
}


async def queue(request: web.Request) -> web.StreamResponse:
    """The callback queue view, whole."""
    return await _queue(request, "desk/queue.html")


async def queue_part(request: web.Request) -> web.StreamResponse:
    """Only what changes, for a page that is open."""
    return await _queue(request, "desk/_queue.html")


async def _queue(request: web.Request, template: str) -> web.StreamResponse:
    house, staff, tongue = request.app[HOUSE], staff_of(request), tongue_of(request)
    filters = Filters.of(request.query, house)
    try:
        page = await read_queue(house, filters, staff, tongue)
    except SenderError:
        # A page number from an older time: begin at the first page.
        raise web.HTTPSeeOther(address("/desk", tongue.language, **filters.query())) from None
    context = {
        "place": "queue",
        "filters": filters,
        "page": page,
        "tabs": tabs(filters, page.counts, tongue),
        "spoken": summary(page, tongue),
        "read_at": _clock(house, tongue),
        "departments": departments(house, tongue),
        "kinds": [(kind, words.label(words.KINDS, kind, tongue)) for kind in _KINDS],
        "states": [(state, words.label(words.STATES, state, tongue)) for state in _STATES],
    }
    return show(request, template, context)


async def go(request: web.Request) -> web.StreamResponse:
    """The box at the top: to the contact that a reference names, however it is written."""
    language = tongue_of(request).language
    typed = request.query.get("reference", "")
    digits = "".join(filter(str.isdigit, typed[:60]))
    if not is_reference(digits):
        return show(request, "desk/missing.html", {}, status=404)
    raise web.HTTPSeeOther(address(f"/desk/contacts/{digits}", language))


async def contact(request: web.Request) -> web.StreamResponse:
    """One contact, whole."""
    done = request.query.get("done", "")
    return await show_contact(request, done=done if done in DONE else "")


async def contact_part(request: web.Request) -> web.StreamResponse:
    """Facts and story of a contact whose page is open; forms are left alone."""
    house, staff, tongue = request.app[HOUSE], staff_of(request), tongue_of(request)
    view = await house.contacts.view(request.match_info["reference"])
    told = await _told(house, staff, tongue, view)
    told["spoken"] = _spoken(told, tongue)
    return show(request, "desk/_live.html", told)


async def show_contact(
    request: web.Request,
    *,
    done: str = "",
    problem: str = "",
    wrote: Mapping[str, Mapping[str, str]] | None = None,
    unfold: str = "",
    status: int = 200,
) -> web.StreamResponse:
    """The contact's page, with what was written in a form that did not go through."""
    house, staff, tongue = request.app[HOUSE], staff_of(request), tongue_of(request)
    try:
        view = await house.contacts.view(request.match_info["reference"])
    except NotFound:
        return show(request, "desk/missing.html", {}, status=404)
    told = await _told(house, staff, tongue, view)
    calls = [promise for promise in told["promises"] if promise.is_call]
    if done == "attempt" and not calls:
        unfold = "close"
    context = told | {
        "place": "contact",
        "spoken": _spoken(told, tongue),
        "done": tongue.say(DONE[done]) if done else "",
        "problem": problem,
        "wrote": wrote or {},
        "wrote_something": any(
            value.strip() for fields in (wrote or {}).values() for value in fields.values()
        ),
        "unfold": unfold,
        "results": [(r.value, words.label(words.RESULTS, r, tongue)) for r in Result],
        "outcomes": [(o.value, words.label(words.OUTCOMES, o, tongue)) for o in Outcome],
        "unreachable": await house.letters.unreachable_notice(view.head.id),
        "given_ways": [
            (how.value, words.label(HOWS, how, tongue)) for how in How if how is not How.PHONE
        ],
        "receivers": _receivers(house, tongue),
        "topic_choices": [(topic.id, topic.title) for topic in told["open_topics"]],
        **PlanTeller(house.municipality, staff, tongue, house.clock.now()).choices(),
    }
    return show(request, "desk/contact.html", context, status=status)


async def _told(house: House, staff: Staff, tongue: Tongue, view: ContactView) -> dict[str, Any]:
    """A contact's story, with how the rules came to it and who coordinates."""
    traces = await traces_of(house.ledger, house.municipality, view.decisions)
    coordinator = await house.ledger.fetchval(Q["coordinator"], view.head.id)
    teller = Storyteller(house.municipality, staff, tongue, house.clock.now())
    return teller.tell(view, traces, coordinator)


async def file(request: web.Request) -> web.StreamResponse:
    """A citizen's file: always saved, never shown, whatever it says it is."""
    number = request.match_info["file"]
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise web.HTTPNotFound
    found = await request.app[HOUSE].contacts.attachment(
        request.match_info["reference"], int(number)
    )
    name = "".join(c for c in found.filename if c.isprintable() and c not in '/\\"') or "fil"
    return web.Response(
        body=found.content,
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Disposition": content_disposition_header("attachment", filename=name),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def departments(house: House, tongue: Tongue) -> list[tuple[str, str]]:
    """Departments in order of name: (id, name)."""
    named = (
        (department, department_name(house.municipality, department, tongue))
        for department in house.municipality.departments
    )
    return sorted(named, key=lambda entry: entry[1])


def _receivers(house: House, tongue: Tongue) -> list[tuple[str, str, list[tuple[str, str]]]]:
    people = house.municipality.caseworkers.values()
    return [
        (
            department,
            name,
            sorted((p.id, p.name) for p in people if p.department == department),
        )
        for department, name in departments(house, tongue)
    ]


def _spoken(told: Mapping[str, Any], tongue: Tongue) -> str:
    """The contact's standing in one sentence, for the ear."""
    owner = told["owner"] or tongue.say(_("nobody"))
    return f"{told['state']}, {told['department']}, {owner}"


def _clock(house: House, tongue: Tongue) -> str:
    return wording.say_clock(house.clock.now(), tongue.language, house.municipality.zone)
