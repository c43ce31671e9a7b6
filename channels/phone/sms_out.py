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

from channels.i18n import catalogue, spoken_language
from channels.phone.calls import promise_from
from channels.phone.transport import Transport
from channels.wording import grouped_reference, promise_sentence, say_time
from router.errors import PermanentFailure, TemporaryFailure

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
    department = municipality.departments[contact.department].name_in(language)
    template = payload["template"]
    if template == "tried":
        retry = datetime.fromisoformat(payload["retry_at"])
        said = _("{department} tried to call you and will try again {time}.").format(
            department=department, time=say_time(retry, language, zone, now)
        )
    else:
        promise = promise_from(payload["promise"])
        said = promise_sentence(promise, department, language, now, zone)
        if template == "rescheduled":
            said = _("New time: {promise}").format(promise=said)
    reference = _("Reference {reference}, code {code}: {url}").format(
        reference=grouped_reference(contact.reference), code=access_code, url=f"{base_url}/status"
    )
    return f"{municipality.name}: {said} {reference}"


def _failure(status: int, code: int | None) -> PermanentFailure | TemporaryFailure:
    if code in _HOPELESS:
        return PermanentFailure(f"sms_{code}_{_HOPELESS[code]}")
    if status == 429 or status >= 500 or status in (408, 425):
        return TemporaryFailure(f"sms_http_{status}")
    return PermanentFailure(f"sms_{code or status}")
