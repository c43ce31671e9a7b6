"""The demo mailbox: all mail that leaves us, to be read at `/demo/mail`.

A mail server on loopback keeps what it is given and relays nothing. A small
form writes to the municipality by real SMTP, through the same door as any mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.demo.mail_store import MailStore, delivered_at
from channels.http import Problem, page_language, refuse_cross_site, render
from channels.i18n import DANISH, SHARED, Catalogue, Translate, to_translate
from channels.keys import HOUSE
from channels.mail import PORTS
from channels.mail.door import Listening, MailServer
from channels.mail.reading import Envelope as ReadEnvelope
from channels.mail.reading import body, read
from channels.mail.reading.addresses import find_addresses, usable
from channels.mail.reading.headers import clean, text_of
from channels.mail.reading.html import sanitised
from channels.mail.reading.letter import Letter
from channels.mail.reading.threads import message_id
from channels.mail.relay import Relay
from router.clock import Clock
from router.errors import PermanentFailure, TemporaryFailure
from router.house import House
from router.settings import Address

log = structlog.get_logger(__name__)

STORE: Final = web.AppKey("demo_mail_store", MailStore)
PAGE: Final = 50
LONGEST_TEXT: Final = 20_000

_TEXTS: Final = Catalogue(Path(__file__).parent / "locale_mail", SHARED)
_REFUSED: Final = to_translate("Our mail server refused the mail ({code}).")
_AWAY: Final = to_translate("Our mail server does not answer right now. Please try again.")
# What is shown in the frame loads nothing and runs nothing, even without the sandbox.
_FRAME_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
)

_FRAME_START: Final = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>Mail</title></head>'
    '<body style="margin:16px;font-family:Arial,Helvetica,sans-serif;line-height:1.5">'
)


def setup(app: web.Application, house: House) -> None:
    """Add the pages, and the mail server on `settings.demo_smtp_port`."""
    app[STORE] = MailStore(house.settings.data_dir / "demo-mail")
    app.router.add_get("/demo/mail", show_list)
    app.router.add_post("/demo/mail", send)
    app.router.add_get("/demo/mail/{id}", show_mail)
    app.router.add_get("/demo/mail/{id}/html", show_html)
    app.router.add_get("/demo/mail/{id}/raw", download)

    async def mail_server(app: web.Application) -> AsyncIterator[None]:
        sink = _Sink(app[STORE], house.clock)
        listening = Listening()
        await listening.open(
            Address("127.0.0.1", house.settings.demo_smtp_port),
            "INDGANG_DEMO_SMTP_PORT",
            lambda: MailServer(sink, "demo-mailbox.invalid"),
        )
        yield
        await listening.close()

    app.cleanup_ctx.append(mail_server)


class _Sink:
    """Takes every mail and keeps it."""

    def __init__(self, store: MailStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        sender = envelope.mail_from or ""
        try:
            await asyncio.to_thread(
                self._store.save,
                self._clock.now(),
                "" if sender == "<>" else sender,
                envelope.rcpt_tos,
                envelope.original_content or b"",
            )
        except OSError as error:
            log.warning("demo_mail_not_kept", errno=error.errno)
            return "452 4.3.1 Cannot keep the mail"
        return "250 2.6.0 Kept in the demo mailbox"


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form holds."""

    name: str = ""
    sender: str = ""
    to: str = ""
    subject: str = ""
    text: str = ""
    in_reply_to: str = ""


async def show_list(request: web.Request) -> web.Response:
    """`GET /demo/mail`: newest first, for one receiver or all; and the form."""
    store = request.app[STORE]
    draft = Draft(to=request.app[HOUSE].municipality.mail_address)
    answered = request.query.get("reply", "")
    if answered and (raw := await asyncio.to_thread(store.read, answered)) is not None:
        draft = _reply(Letter(raw), draft.to)
    return await _list_page(request, draft, sent="sent" in request.query)


async def send(request: web.Request) -> web.Response:
    """`POST /demo/mail`: a mail to the municipality, by SMTP through its own door."""
    refuse_cross_site(request)
    form = await request.post()

    def field(name: str, longest: int = 300) -> str:
        value = form.get(name, "")
        return value[:longest].strip() if isinstance(value, str) else ""

    draft = Draft(
        name=clean(field("name")),
        sender=field("sender"),
        to=field("to"),
        subject=clean(field("subject")),
        text=field("text", LONGEST_TEXT),
        in_reply_to=clean(field("in_reply_to", 600)),
    )
    t = _texts(request)
    errors = _errors(draft, t)
    if not errors:
        try:
            await _deliver(request.app, draft)
        except PermanentFailure as error:
            errors["to"] = t(_REFUSED).format(code=error)
        except TemporaryFailure:
            errors["to"] = t(_AWAY)
    if errors:
        return await _list_page(request, draft, errors=errors, status=422)
    language = page_language(request)
    query = "?sent=1" if language == DANISH else f"?sent=1&lang={language}"
    raise web.HTTPSeeOther(f"/demo/mail{query}")


async def show_mail(request: web.Request) -> web.Response:
    """`GET /demo/mail/{id}`: one mail, its text and its sanitised HTML."""
    mail_id, raw = await _stored(request)
    reading = await asyncio.to_thread(read, raw, ReadEnvelope())
    letter = Letter(raw)
    values = {
        "t": _texts(request),
        "here": "mail",
        "mail_id": mail_id,
        "at": delivered_at(mail_id),
        "subject": reading.subject,
        "sender": text_of(letter.first("from")),
        "to": text_of(letter.first("delivered-to")),
        "text": reading.text,
        "has_html": bool(body.html(letter).strip()),
        "files": [(file.filename, len(file.content)) for file in reading.attachments],
        "headers": [(str(name), text_of(str(value))) for name, value in letter.message.raw_items()],
    }
    return render(request, "demo/mail_message.html", values)


async def show_html(request: web.Request) -> web.Response:
    """`GET /demo/mail/{id}/html`: the HTML of a mail, sanitised, for the sandboxed frame."""
    _, raw = await _stored(request)
    safe = await asyncio.to_thread(lambda: sanitised(body.html(Letter(raw)), styled=True))
    page = f"{_FRAME_START}{safe}</body></html>"
    return web.Response(
        text=page,
        content_type="text/html",
        charset="utf-8",
        headers={
            "Content-Security-Policy": _FRAME_POLICY,
            "X-Frame-Options": "SAMEORIGIN",
        },
    )


async def download(request: web.Request) -> web.Response:
    """`GET /demo/mail/{id}/raw`: the mail as it was delivered."""
    mail_id, raw = await _stored(request)
    return web.Response(
        body=raw,
        content_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{mail_id}.eml"'},
    )


async def _list_page(
    request: web.Request,
    draft: Draft,
    *,
    sent: bool = False,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    store = request.app[STORE]
    to = request.query.get("to", "")
    before = request.query.get("before", "")
    mails = await asyncio.to_thread(store.newest, to, PAGE + 1, before)
    values: dict[str, Any] = {
        "t": _texts(request),
        "here": "mail",
        "mails": mails[:PAGE],
        "older": mails[PAGE - 1].id if len(mails) > PAGE else "",
        "receivers": await asyncio.to_thread(store.receivers),
        "to": to,
        "draft": draft,
        "addresses": sorted(request.app[HOUSE].municipality.intake_addresses),
        "errors": errors or {},
        "sent": sent,
    }
    return render(request, "demo/mail_list.html", values, status=status)


async def _stored(request: web.Request) -> tuple[str, bytes]:
    mail_id = request.match_info["id"]
    raw = await asyncio.to_thread(request.app[STORE].read, mail_id)
    if raw is None:
        t = _texts(request)
        raise Problem(404, "no_such_mail", t("There is no such mail."))
    return mail_id, raw


def _reply(letter: Letter, otherwise: str) -> Draft:
    """An answer to a mail in the mailbox, as its receiver's mail program would start it."""
    subject = text_of(letter.first("subject"))
    to = find_addresses(letter.first("reply-to")) or find_addresses(letter.first("from"))
    return Draft(
        sender=text_of(letter.first("delivered-to")),
        to=to[0] if to else otherwise,
        subject=subject if subject.lower().startswith(("sv:", "re:")) else f"SV: {subject}",
        in_reply_to=message_id(letter),
    )


def _errors(draft: Draft, t: Translate) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not usable(draft.sender):
        errors["sender"] = t("Write an e-mail address, for example anna@example.dk.")
    if not usable(draft.to):
        errors["to"] = t("Write an e-mail address, for example anna@example.dk.")
    if not draft.text and not draft.subject:
        errors["text"] = t("Write a message.")
    return errors


async def _deliver(app: web.Application, draft: Draft) -> None:
    house = app[HOUSE]
    address = house.settings.smtp
    host = "127.0.0.1" if address.host in {"0.0.0.0", "::"} else address.host  # noqa: S104
    port = app[PORTS].get("smtp", address.port) if PORTS in app else address.port
    sender, to = usable(draft.sender), usable(draft.to)
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Mailbox(draft.name, addr_spec=sender) if sender.isascii() else sender
    message["To"] = to
    message["Subject"] = draft.subject
    message["Date"] = format_datetime(house.clock.now().astimezone(house.municipality.zone))
    message["Message-ID"] = make_msgid(domain="demo-mailbox.invalid")
    if draft.in_reply_to:
        message["In-Reply-To"] = draft.in_reply_to
    message.set_content(draft.text + "\n", cte="quoted-printable")
    relay = Relay(Address(host, port), "demo-mailbox.invalid")
    await relay.send(sender, to, message.as_bytes())


def _texts(request: web.Request) -> Translate:
    return _TEXTS.gettext(page_language(request))
