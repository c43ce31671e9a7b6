"""Text messages that leave us: receipts, and news of a callback. Never what it is about.

Twilio's answer decides what becomes of the effect: a number that cannot get a
text is a person's to deal with; a busy or silent provider is tried again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import structlog
from aiohttp import web
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from channels.i18n import catalogue, spoken_language, to_translate
from channels.phone.calls import promise_from
from channels.phone.sms_occasions import occasion_words
from channels.phone.transport import Transport
from channels.wording import grouped_reference, promise_sentence, say_time
from router.decent import leaves_at
from router.errors import NotYet, PermanentFailure, TemporaryFailure
from router.model import PromiseKind
from router.to_citizen import DIGITALLY_EXEMPT

if TYPE_CHECKING:
    from router.config import Municipality
    from router.house import House
    from router.model import Effect
    from router.rows import ContactHead

log = structlog.get_logger(__name__)

_HOPELESS: Final = {
    20003: "not_authorised",
    21211: "invalid_number",
    21214: "unreachable_number",
    21217: "not_a_number",
    21610: "opted_out",
}
"""Twilio's error codes that no repetition mends."""
_AGAIN: Final = to_translate("{department} tried to call you and will try again {time}.")
_NO_MORE: Final = to_translate(
    "{department} tried to call you without reaching you. Choose another time, or call us."
)


class SmsSender:
    """Sends `sms.tell` effects with Twilio's Messages resource."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._http: Transport | None = None
        self.client: Client | None = None
        """None while the service does not run, or without credentials."""

    async def open_while_running(self, _app: web.Application) -> AsyncIterator[None]:
        """The HTTP client, while the service runs."""
        settings = self._house.settings
        if settings.twilio_account_sid and settings.twilio_auth_token:
            self._http = Transport()
            # TWILIO_REGION and TWILIO_EDGE of the environment would bend another
            # base address out of shape; an empty mapping would be ignored.
            self.client = Client(
                settings.twilio_account_sid,
                settings.twilio_auth_token,
                http_client=self._http,
                environment={"TWILIO_REGION": "", "TWILIO_EDGE": ""},
            )
            if (base := api_url(self._house)) is not None:
                self.client.api.base_url = base
        yield
        if self._http is not None:
            await self._http.close()
        self.client = None

    async def send(self, effect: Effect) -> None:
        """Send one text message. Raises TemporaryFailure or PermanentFailure."""
        if self.client is None:
            raise PermanentFailure("no_sms_provider")
        settings = self._house.settings
        contact = await self._house.contacts.head(effect.contact_id)
        await self._at_a_decent_hour(effect)
        if await self._house.wishes.wants_no_messages(str(effect.payload["to"])):
            await self._instead(contact, effect)
            return
        try:
            await self.client.messages.create_async(
                to=effect.payload["to"],
                from_=settings.twilio_number or self._house.municipality.phone,
                body=self._words(contact, effect.payload),
            )
        except TwilioRestException as error:
            raise _failure(error.status, error.code) from error
        except (TwilioException, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TemporaryFailure(f"sms_{type(error).__name__}") from error
        log.info("sms_sent", effect_id=effect.id, template=str(effect.payload.get("template")))

    async def _at_a_decent_hour(self, effect: Effect) -> None:
        """Raises NotYet at night, also for one that rested until now."""
        now = self._house.clock.now()
        at = leaves_at(effect.kind, effect.payload, now, self._house.municipality.zone)
        if at > now:
            raise NotYet(at)

    async def _instead(self, contact: ContactHead, effect: Effect) -> None:
        """Their number wants no text messages: by mail, or a person finds a way."""
        if not contact.email or DIGITALLY_EXEMPT in contact.flags:
            raise PermanentFailure("sms_stopped")
        await self._house.wishes.tell_by_mail(contact.id, effect.payload, contact.email)
        log.info("sms_stopped_told_by_mail", effect_id=effect.id)

    def _words(self, contact: ContactHead, payload: Mapping[str, Any]) -> str:
        house = self._house
        return words(
            payload,
            municipality=house.municipality,
            contact=contact,
            access_code=house.contacts.access_code(contact.reference),
            base_url=house.settings.public_base_url,
            now=house.clock.now(),
        )


def api_url(house: House) -> str | None:
    """Twilio's base address; the simulator's in the demo; None for Twilio's own."""
    settings = house.settings
    if settings.twilio_api_url is None and settings.demo:
        host = "127.0.0.1" if settings.http_host in ("0.0.0.0", "::") else settings.http_host  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{settings.http_port}/demo/twilio"
    return settings.twilio_api_url


def words(
    payload: Mapping[str, Any],
    *,
    municipality: Municipality,
    contact: ContactHead,
    access_code: str,
    base_url: str,
    now: datetime,
) -> str:
    """The text of one message. Short; who, when and the reference, never what about."""
    language = spoken_language(payload.get("language") or contact.language)
    _ = catalogue("phone").gettext(language)
    zone = municipality.zone
    department = _named(payload, contact, municipality)
    template = payload["template"]
    said = occasion_words(payload, department, language, now, zone)
    if not said and template == "tried":
        # Without a time when a person decides what next: every attempt was made.
        retry = payload.get("retry_at")
        time = say_time(datetime.fromisoformat(retry), language, zone, now) if retry else ""
        said = _(_AGAIN if retry else _NO_MORE).format(department=department, time=time)
    elif not said:
        promise = promise_from(payload["promise"])
        said = promise_sentence(promise, department, language, now, zone)
        if template == "rescheduled":
            said = _("New time: {promise}").format(promise=said)
        elif template == "withdrawn":
            said = _("We do not call you. {promise}").format(promise=said)
        if promise.kind is PromiseKind.CALLBACK:
            hint = _("Answer with another time, e.g. tomorrow 10, or NO if we shall not call.")
            said = f"{said} {hint}"
    reference = _("Reference {reference}, code {code}: {url}").format(
        reference=grouped_reference(contact.reference), code=access_code, url=f"{base_url}/status"
    )
    return f"{municipality.name}: {said} {reference}"


def _named(payload: Mapping[str, Any], contact: ContactHead, municipality: Municipality) -> str:
    """The department that a message is about: one part's, or the contact's."""
    departments = municipality.departments
    known = departments.get(str(payload.get("department") or contact.department))
    if known is None:
        known = departments[municipality.default_department]
    return known.name_in(spoken_language(payload.get("language") or contact.language))


def _failure(status: int, code: int | None) -> PermanentFailure | TemporaryFailure:
    if code in _HOPELESS:
        return PermanentFailure(f"sms_{code}_{_HOPELESS[code]}")
    if status == 429 or status >= 500 or status in (408, 425):
        return TemporaryFailure(f"sms_http_{status}")
    return PermanentFailure(f"sms_{code or status}")
