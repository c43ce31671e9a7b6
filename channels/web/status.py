"""Follow an enquiry: reference and access code in, status out; add a message."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from channels.http import page_language, refuse_cross_site, render
from channels.i18n import DANISH, catalogue, to_translate
from channels.keys import HOUSE
from channels.web.answers import (
    department_name,
    next_step,
    open_promises,
    owner_name,
    why_here,
)
from channels.web.calls import calls_to_show, error_field
from channels.web.fields import MAX_TEXT, reference_digits
from channels.web.form import digest_of, kept_form_id, new_form_id, read_form
from channels.web.limits import WRONG_CODES
from channels.web.passes import PASSES
from channels.web.plan import plan_context
from channels.web.story import told
from router.errors import LedgerAway, NotFound
from router.model import Arrival, Channel, ContactState
from router.pledging import NO_CALLS
from router.reference import is_reference

_NO_FIT: Final = to_translate(
    "We have no enquiry with that number and access code. Check both and try again"
)
_NO_REFERENCE: Final = to_translate("Write the enquiry number: nine digits")
_NO_CODE: Final = to_translate("Write the access code: eight letters and digits")
_NO_TEXT: Final = to_translate("Write your message")
_TOO_LONG: Final = to_translate("This is longer than {limit} characters. Please shorten it")
_ENDED: Final = to_translate(
    "It has been a while since you logged in. Write the number and the code once more"
)
_AWAY: Final = to_translate(
    "We could not keep your message just now. It is still here: please send it again in a moment"
)


def setup(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_get("/status", ask)
    app.router.add_post("/status", show)
    app.router.add_post("/status/besked", add_message)


async def ask(request: web.Request) -> web.Response:
    """`GET /status`: asks for reference and code."""
    return _ask_page(request, "", {})


async def show(request: web.Request) -> web.Response:
    """`POST /status`: the status, for who has the code or a pass from the receipt.

    It is answered in the same step, so neither an address nor a cookie holds
    anything that opens it.
    """
    refuse_cross_site(request)
    values = await read_form(request)
    given_pass = values.get("pass")
    if given_pass:
        reference = await request.app[PASSES].check(given_pass)
        if reference is not None:
            return await status_page(request, reference)
    written = values.get("reference", "").strip()[:40]
    code = values.get("code", "").strip()
    _ = catalogue("web").gettext(page_language(request))
    errors: dict[str, str] = {}
    if not written:
        errors["reference"] = _(_NO_REFERENCE)
    if not code:
        errors["code"] = _(_NO_CODE)
    if errors:
        return _ask_page(request, written, errors, status=422)
    reference = reference_digits(written)
    limits = request.app[WRONG_CODES]
    await limits.refuse_if_too_many(request, reference)
    if is_reference(reference) and request.app[HOUSE].contacts.code_fits(reference, code):
        try:
            return await status_page(request, reference)
        except NotFound:
            pass  # A code that fits a reference nobody has: answered like any other.
    await limits.count(request, reference)
    return _ask_page(request, written, {"reference": _(_NO_FIT)}, status=422)


async def add_message(request: web.Request) -> web.Response:
    """`POST /status/besked`: add a message to the enquiry that the pass opens."""
    refuse_cross_site(request)
    values = await read_form(request)
    language = page_language(request)
    _ = catalogue("web").gettext(language)
    house = request.app[HOUSE]
    reference = await request.app[PASSES].check(values.get("pass", ""))
    if reference is None:
        return pass_has_ended(request)
    text = values.get("text", "").strip()
    form_id = kept_form_id(values.get("form_id", ""))
    if not text or len(text) > MAX_TEXT:
        error = _(_NO_TEXT) if not text else _(_TOO_LONG).format(limit=MAX_TEXT)
        return await status_page(
            request, reference, written=text, error=error, form_id=form_id, status=422
        )
    arrival = Arrival(
        channel=Channel.WEB,
        dedupe_key=f"message:{reference}:{form_id}:{digest_of(text)}",
        received_at=house.clock.now(),
        text=text,
        language=language,
        reference=reference,
        kind="message",
    )
    try:
        await house.reception.receive(arrival)
    except LedgerAway:
        return render(
            request,
            "web/message_kept.html",
            {
                "pass": values["pass"],
                "form_id": form_id,
                "written": text,
                "error": _(_AWAY),
                "other_language": _other_language(language),
            },
            status=503,
        )
    return await status_page(request, reference, sent=True)


def pass_has_ended(request: web.Request) -> web.Response:
    """The page was opened too long ago: who it is must be shown again."""
    text = catalogue("web").gettext(page_language(request))(_ENDED)
    return _ask_page(request, "", {"reference": text}, status=403)


def _other_language(language: str) -> str:
    """The status is answered to a POST; in the other language it is asked for again."""
    return "/status?lang=en" if language == DANISH else "/status"


def _ask_page(
    request: web.Request, reference: str, errors: dict[str, str], *, status: int = 200
) -> web.Response:
    context = {
        "reference": reference,
        "errors": errors,
        "other_language": _other_language(page_language(request)),
    }
    return render(request, "web/status_ask.html", context, status=status)


async def status_page(
    request: web.Request,
    reference: str,
    *,
    sent: bool = False,
    written: str = "",
    error: str = "",
    form_id: str = "",
    notice: str = "",
    slot_error: str = "",
    call: int | None = None,
    status: int = 200,
) -> web.Response:
    """The status of a contact whose citizen has shown that it is theirs.

    `slot_error` is what is wrong with the time chosen for `call`.
    """
    house = request.app[HOUSE]
    language = page_language(request)
    municipality, now = house.municipality, house.clock.now()
    view = await house.contacts.view(reference)
    head = view.head
    promises = open_promises(view.promises)
    calls = await calls_to_show(house, view, language)
    wrong = ((error_field(calls, call), slot_error), ("text", error))
    context: dict[str, Any] = {
        "reference": reference,
        "subject": head.subject,
        "closed": head.state is ContactState.CLOSED,
        "department": department_name(municipality, head.department, language),
        "caseworker": owner_name(municipality, head.department, head.caseworker, language)
        if head.caseworker
        else "",
        "why": why_here(view, language),
        "next_step": next_step(head, promises, language, municipality, now),
        "expected": promises[0].due_at if promises else None,
        "late": bool(promises) and promises[0].due_at <= now,
        **plan_context(view, language, municipality, now),
        "steps": list(told(view.timeline, language, municipality)),
        "pass": await request.app[PASSES].give(reference),
        "form_id": form_id or new_form_id(),
        "written": written,
        "errors": {name: text for name, text in wrong if text},
        "notice": notice,
        "no_calls": NO_CALLS in head.flags,
        "calls": calls,
        "sent": sent,
        "limit": MAX_TEXT,
        "other_language": _other_language(language),
    }
    return render(request, "web/status.html", context, status=status)
