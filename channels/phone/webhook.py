"""What the phone provider sends us: proved to come from it, then read.

The signature covers the address that Twilio called, byte by byte, and every
form field (docs: Twilio, "Security", validating requests). It has no time in
it, so a repeated webhook is valid; every handler is idempotent.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiohttp import hdrs, web
from multidict import MultiDictProxy
from twilio.request_validator import RequestValidator

from channels.http import Problem
from channels.keys import HOUSE
from channels.phone.hearing import Heard
from router.model import printable

log = structlog.get_logger(__name__)

SIGNATURE: Final = "X-Twilio-Signature"
_FORM: Final = "application/x-www-form-urlencoded"
_SID: Final = re.compile(r"^[A-Za-z0-9_-]{2,64}$")
_MOST_NUMBER: Final = 200
"""Longer than any SIP address we would meet; the rest is rubbish."""

ENDED: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""Call statuses after which nothing more happens in the call."""
GOES_ON: Final = frozenset({"queued", "initiated", "ringing", "in-progress"})


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request of the provider, as far as we use it. Nothing in it is trusted to be there."""

    sid: str
    """CallSid, or MessageSid of a text message."""
    caller: str
    called: str
    heard: Heard
    status: str
    """One of `ENDED` or `GOES_ON`; empty for anything else."""
    sequence: int
    direction: str
    is_leg: bool
    """Part of another call: one that we or the provider placed, no caller of ours."""
    text: str
    opt_out: str
    error_code: str

    @property
    def is_incoming(self) -> bool:
        return not self.is_leg and self.direction in ("inbound", "")


Handler = Callable[[web.Request, Webhook], Awaitable[web.StreamResponse]]


def signed(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A web handler that runs only for requests which the provider has signed."""

    async def verified(request: web.Request) -> web.StreamResponse:
        settings = request.app[HOUSE].settings
        fields = await _fields(request)
        _prove(request, fields, settings.twilio_auth_token, settings.public_base_url)
        if fields.get("AccountSid", "") != settings.twilio_account_sid:
            log.warning("webhook_of_another_account")
            raise Problem(403, "foreign_account")
        return await handler(request, _read(fields))

    return verified


async def _fields(request: web.Request) -> MultiDictProxy[str]:
    if request.body_exists and request.content_type != _FORM:
        raise Problem(415, "not_a_form", "Send application/x-www-form-urlencoded.")
    try:
        posted: MultiDictProxy[Any] = await request.post()
    except (LookupError, ValueError):
        # An unknown charset, or bytes that are not of the charset they claim.
        raise Problem(400, "unreadable_form", "The form could not be decoded.") from None
    return posted


def _prove(
    request: web.Request, fields: MultiDictProxy[str], token: str, public_base_url: str
) -> None:
    signature = request.headers.get(SIGNATURE, "")
    # The validator accepts an empty token and fails on a missing header.
    if not token or not signature:
        log.warning("webhook_without_signature", configured=bool(token))
        raise Problem(403, "not_signed")
    try:
        valid = RequestValidator(token).validate(
            public_base_url + request.raw_path, fields, signature
        )
    except ValueError:
        # An address that cannot be an address of ours (absolute form, stray bytes).
        valid = False
    if not valid:
        log.warning("webhook_signature_wrong", path=request.match_info.route.name)
        raise Problem(403, "wrong_signature")


def _read(fields: MultiDictProxy[str]) -> Webhook:
    sid = fields.get("CallSid") or fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not _SID.match(sid):
        raise Problem(400, "no_sid", "A CallSid or MessageSid is needed.")
    sequence = fields.get("SequenceNumber", "")
    status = fields.get("CallStatus", "")
    return Webhook(
        sid=sid,
        caller=printable(fields.get("From", "")[:_MOST_NUMBER]),
        called=printable(fields.get("To", "")[:_MOST_NUMBER]),
        heard=Heard.of(fields.get("Digits", ""), fields.get("SpeechResult", "")),
        status=status if status in ENDED | GOES_ON else "",
        sequence=int(sequence) if re.fullmatch(r"[0-9]{1,6}", sequence) else 0,
        direction=fields.get("Direction", "")[:40],
        is_leg=bool(fields.get("ParentCallSid")),
        text=fields.get("Body", ""),
        opt_out=fields.get("OptOutType", ""),
        error_code=fields.get("ErrorCode", "")[:10],
    )


def twiml(document: str) -> web.Response:
    """`document` as Twilio reads it."""
    return web.Response(
        text=document,
        content_type="text/xml",
        charset="utf-8",
        headers={hdrs.CACHE_CONTROL: "no-store"},
    )
