"""The public API: make a contact, read it, add a message. Described in `openapi`."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from typing import Final

from aiohttp import web
from multidict import istr

from channels.http import Problem, api_language, json_body, json_response
from channels.http.explain import say
from channels.i18n import SHARED, catalogue, to_translate
from channels.keys import HOUSE
from channels.web.answers import contact_answer, receipt_answer
from channels.web.fields import reference_digits
from channels.web.limits import WRONG_CODES
from channels.web.models import NewContact, NewMessage
from channels.web.plan import plan_answer
from router.errors import KeyReused, SenderError
from router.model import Arrival, CallbackWish, Channel, Group, Receipt
from router.pledging import NO_CALLS
from router.promises import check_window
from router.reference import is_reference

MAX_KEY: Final = 200
"""Characters of the longest `Idempotency-Key`."""
KEY_HEADER: Final = istr("Idempotency-Key")
CODE_HEADER: Final = istr("X-Access-Code")

_BAD_KEY: Final = to_translate("Idempotency-Key must be 1 to {limit} printable ASCII characters.")
_KEY_REUSED: Final = to_translate(
    "This Idempotency-Key was used for another content. Use a new key for a new request."
)
_NO_CODE: Final = to_translate("Send the access code in the header X-Access-Code.")
_NO_FIT: Final = to_translate("There is no enquiry with that number and access code.")

_NO_CALLS: Final = frozenset({NO_CALLS})
_GROUPS: Final = {group.value: group for group in Group}


def setup(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_post("/api/v1/contacts", make_contact)
    app.router.add_get("/api/v1/contacts/{reference}", show_contact)
    app.router.add_post("/api/v1/contacts/{reference}/messages", add_message)


async def make_contact(request: web.Request) -> web.Response:
    """`POST /api/v1/contacts`. Busiest of all: nothing here that can be spared."""
    house = request.app[HOUSE]
    new = await json_body(request, NewContact)
    now = house.clock.now()
    phone = new.phone or ""
    wish = None
    if new.callback is not None:
        if new.no_calls:
            raise _field(request, "/no_calls", "callback_and_no_calls")
        wish = _wish(request, new, now)
        phone = phone or wish.phone
    key, fingerprint = await _dedupe(request)
    arrival = Arrival(
        channel=Channel.WEB,
        dedupe_key=key,
        received_at=now,
        text=new.text,
        subject=new.subject or "",
        language=new.language or api_language(request),
        name=new.name or "",
        phone=phone,
        email=new.email or "",
        group=_GROUPS[new.group] if new.group else None,
        callback=wish,
        flags=_NO_CALLS if new.no_calls else frozenset(),
        fingerprint=fingerprint,
    )
    receipt = await _receive(request, arrival)
    return json_response(
        receipt_answer(receipt, house.municipality, now, with_code=True),
        201,
        {"Location": f"/api/v1/contacts/{receipt.reference}"},
    )


async def show_contact(request: web.Request) -> web.Response:
    """`GET /api/v1/contacts/{reference}`."""
    house = request.app[HOUSE]
    reference = await opened(request)
    view = await house.contacts.view(reference)
    language = api_language(request) if "Accept-Language" in request.headers else view.head.language
    now = house.clock.now()
    answer = contact_answer(view, language, house.municipality, now)
    return json_response(answer | plan_answer(view, language, house.municipality, now))


async def add_message(request: web.Request) -> web.Response:
    """`POST /api/v1/contacts/{reference}/messages`."""
    house = request.app[HOUSE]
    reference = await opened(request)
    new = await json_body(request, NewMessage)
    now = house.clock.now()
    key, fingerprint = await _dedupe(request)
    arrival = Arrival(
        channel=Channel.WEB,
        dedupe_key=key,
        received_at=now,
        text=new.text,
        language=api_language(request),
        reference=reference,
        fingerprint=fingerprint,
        kind="message",
    )
    receipt = await _receive(request, arrival)
    return json_response(receipt_answer(receipt, house.municipality, now, with_code=False), 201)


async def _receive(request: web.Request, arrival: Arrival) -> Receipt:
    try:
        return await request.app[HOUSE].reception.receive(arrival)
    except KeyReused as error:
        text = catalogue("web").gettext(api_language(request))(_KEY_REUSED)
        raise Problem(422, error.code, text) from None


def _wish(request: web.Request, new: NewContact, now: datetime) -> CallbackWish:
    assert new.callback is not None  # noqa: S101 - the caller has looked
    phone = new.callback.phone or new.phone
    if not phone:
        raise _field(request, "/callback/phone", "phone_missing")
    try:
        check_window(new.callback.not_before, new.callback.until, now)
    except SenderError as error:
        at_start = error.code == "window_in_past" and new.callback.until is None
        raise _field(request, f"/callback/{'from' if at_start else 'until'}", error.code) from None
    return CallbackWish(phone, new.callback.not_before, new.callback.until)


def _field(request: web.Request, pointer: str, code: str) -> Problem:
    _ = SHARED.gettext(api_language(request))
    errors = [{"pointer": pointer, "code": code, "detail": say(code, _) or code}]
    return Problem(422, code, say(code, _), errors=errors)


async def _dedupe(request: web.Request) -> tuple[str, bytes]:
    """The arrival's key, and what it must always come with."""
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return f"once:{os.urandom(16).hex()}", b""
    if not 0 < len(key) <= MAX_KEY or not (key.isascii() and key.isprintable()):
        text = catalogue("web").gettext(api_language(request))(_BAD_KEY)
        raise Problem(400, "bad_idempotency_key", text.format(limit=MAX_KEY))
    # The address is part of it: one key for two contacts is two requests.
    digest = hashlib.sha256(request.path.encode() + b"\0" + await request.read())
    return f"key:{key}", digest.digest()


async def opened(request: web.Request) -> str:
    """The reference in the address, once its access code has been shown."""
    _ = catalogue("web").gettext(api_language(request))
    reference = reference_digits(request.match_info["reference"])
    code = request.headers.get(CODE_HEADER)
    if not code:
        raise Problem(401, "access_code_missing", _(_NO_CODE))
    limits = request.app[WRONG_CODES]
    await limits.refuse_if_too_many(request, reference)
    contacts = request.app[HOUSE].contacts
    if is_reference(reference) and contacts.code_fits(reference, code):
        return reference
    await limits.count(request, reference)
    # The same answer for a wrong number and a wrong code: neither can be guessed alone.
    raise Problem(404, "no_such_contact", _(_NO_FIT))
