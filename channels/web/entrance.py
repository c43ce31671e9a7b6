"""The entrance: the citizen's form at `/`, and the receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import web

from channels.http import page_language, refuse_cross_site, render
from channels.http.errors import RETRY_AFTER
from channels.i18n import DANISH
from channels.keys import HOUSE
from channels.web.answers import department_name, given, open_promises, owner_name
from channels.web.fields import MAX_EMAIL, MAX_NAME, MAX_PHONE, MAX_SUBJECT, MAX_TEXT
from channels.web.form import Entry, check, kept_form_id, read_form
from channels.web.passes import LIFETIME, PASSES
from channels.web.slots import slots_to_choose
from channels.wording import promise_sentence
from router.errors import LedgerAway
from router.model import CallbackWish, PromiseGiven, PromiseKind

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger(__name__)

RECEIPT_PATH: Final = "/kvittering"
RECEIPT_COOKIE: Final = "receipt"
SHEET_COOKIE: Final = "sheet"
"""The form's id. A browser that goes back, or loads the form again, has the same
sheet, so that the same words sent again are still one contact. One that does
not send it back keeps no cookies, and gets its receipt at once."""
SHEET_KEPT: Final = timedelta(hours=1)


def setup(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_get("/", show_form)
    app.router.add_post("/", take_form)
    app.router.add_get(RECEIPT_PATH, show_receipt)
    app.router.add_get("/tider", show_times)


async def show_form(request: web.Request) -> web.Response:
    """`GET /`: an empty form."""
    form_id = kept_form_id(request.cookies.get(SHEET_COOKIE, ""))
    response = await _form_page(request, Entry(form_id=form_id), {})
    _set_cookie(
        request, response, SHEET_COOKIE, form_id, path="/", max_age=int(SHEET_KEPT.total_seconds())
    )
    return response


async def take_form(request: web.Request) -> web.Response:
    """`POST /`: make the contact and send the citizen on to the receipt."""
    refuse_cross_site(request)
    house = request.app[HOUSE]
    language = page_language(request)
    values = await read_form(request)
    entry = Entry.of(values)
    if "show_times" in values:
        # Without JavaScript: the times of the department that was chosen; nothing is sent yet.
        return await _form_page(request, entry, {}, times_shown=True)
    checked = check(entry, language, house.municipality, house.clock.now())
    if checked.arrival is None:
        return await _form_page(request, entry, checked.errors, status=422)
    try:
        receipt = await house.reception.receive(checked.arrival)
    except LedgerAway:
        # What was written is in the page again; the form's id makes a second try harmless.
        log.warning("ledger_away", path="/")
        response = await _form_page(request, entry, {}, status=503, away=True)
        response.headers["Retry-After"] = RETRY_AFTER
        return response
    log.info("web_contact", contact_id=receipt.contact_id, repeated=receipt.repeated)
    if SHEET_COOKIE not in request.cookies:
        # Nothing can be kept with this browser, so the receipt is the answer itself.
        return await _receipt_page(
            request,
            receipt.reference,
            receipt.department,
            receipt.caseworker,
            receipt.promise,
            other_time=_differs(checked.arrival.callback, receipt.promise),
        )
    address = RECEIPT_PATH if language == DANISH else f"{RECEIPT_PATH}?lang={language}"
    response = web.Response(status=303, headers={"Location": address})
    _set_cookie(
        request,
        response,
        RECEIPT_COOKIE,
        await request.app[PASSES].give(receipt.reference),
        path=RECEIPT_PATH,
        max_age=int(LIFETIME.total_seconds()),
    )
    return response


async def show_receipt(request: web.Request) -> web.Response:
    """`GET /kvittering`: the receipt of the contact that this browser has just made."""
    passes = request.app[PASSES]
    reference = await passes.check(request.cookies.get(RECEIPT_COOKIE, ""))
    if reference is None:
        return render(request, "web/receipt_gone.html", status=404)
    house = request.app[HOUSE]
    try:
        view = await house.contacts.view(reference)
    except LedgerAway:
        # It was committed before the pass was given.
        return await _receipt_page(request, reference, None, None, None)
    promises = open_promises(view.promises)
    return await _receipt_page(
        request,
        reference,
        view.head.department,
        view.head.caseworker,
        given(promises[0]) if promises else None,
        other_time=any("wished_from" in event.data for event in view.timeline[:1]),
    )


async def show_times(request: web.Request) -> web.Response:
    """`GET /tider?department=`: the choices of the list of times, for the page's script."""
    house, language = request.app[HOUSE], page_language(request)
    department = _department(request, request.query.get("department", ""))
    choices = await slots_to_choose(house, department, language)
    return render(request, "web/slot_options.html", {"choices": choices or [], "chosen": ""})


def _department(request: web.Request, chosen: str) -> str:
    """Whose times are shown: the default department's while none is chosen."""
    municipality = request.app[HOUSE].municipality
    return chosen if chosen in municipality.departments else municipality.default_department


def _differs(wish: CallbackWish | None, promise: PromiseGiven | None) -> bool:
    """Whether somebody who chose a time was promised something else."""
    if wish is None or promise is None or wish.until is None:
        return False
    return promise.kind is not PromiseKind.CALLBACK or promise.due_at != wish.until


async def _receipt_page(
    request: web.Request,
    reference: str,
    department: str | None,
    caseworker: str | None,
    promise: PromiseGiven | None,
    *,
    other_time: bool = False,
) -> web.Response:
    house = request.app[HOUSE]
    language = page_language(request)
    municipality, now = house.municipality, house.clock.now()
    values: dict[str, Any] = {
        "reference": reference,
        "access_code": house.contacts.access_code(reference),
        "pass": await request.app[PASSES].give(reference),
        "owner": "",
        "department": "",
        "promise": "",
        "other_time": other_time,
        "called": promise is not None and promise.kind is PromiseKind.CALLBACK,
    }
    if department is not None:
        name = department_name(municipality, department, language)
        values["department"] = name
        values["owner"] = owner_name(municipality, department, caseworker, language)
        if promise is not None:
            values["promise"] = promise_sentence(promise, name, language, now, municipality.zone)
    return render(request, "web/receipt.html", values)


async def _form_page(
    request: web.Request,
    entry: Entry,
    errors: Mapping[str, str],
    *,
    status: int = 200,
    away: bool = False,
    times_shown: bool = False,
) -> web.Response:
    house = request.app[HOUSE]
    municipality = house.municipality
    language = page_language(request)
    department = _department(request, entry.department)
    context = {
        "entry": entry,
        "errors": errors,
        "away": away,
        "departments": sorted(
            (
                (department.id, department.name_in(language))
                for department in municipality.departments.values()
            ),
            key=lambda choice: choice[1],
        ),
        "slots": None if away else await slots_to_choose(house, department, language),
        "usual_times_of": municipality.departments[municipality.default_department].name_in(
            language
        ),
        "times_of": municipality.departments[department].name_in(language),
        "times_shown": times_shown,
        "limits": {
            "text": MAX_TEXT,
            "subject": MAX_SUBJECT,
            "name": MAX_NAME,
            "email": MAX_EMAIL,
            "phone": MAX_PHONE,
        },
    }
    return render(request, "web/form.html", context, status=status)


def _set_cookie(
    request: web.Request,
    response: web.Response,
    name: str,
    value: str,
    *,
    path: str,
    max_age: int | None = None,
) -> None:
    secure = request.app[HOUSE].settings.public_base_url.startswith("https://")
    response.set_cookie(
        name, value, path=path, max_age=max_age, httponly=True, samesite="Lax", secure=secure
    )
