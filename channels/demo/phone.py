"""The phone simulator at /demo/phone: a phone in the browser, on a small Twilio of our own.

Everything goes through the same signed webhooks that the real provider would call.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import Annotated, Any, Final, Literal

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, StringConstraints

from channels.demo.provider import ANONYMOUS, PhoneCall, SmallTwilio, TextMessage, Unreachable
from channels.http import (
    Problem,
    json_body,
    json_response,
    page_language,
    refuse_cross_site,
    render,
)
from channels.i18n import catalogue, to_translate
from router.house import House

_NUMBER: Final = re.compile(r"^\+[1-9][0-9]{6,14}$")

_IDEAS: Final = (
    to_translate("I want to apply for a building permit for a carport"),
    to_translate("My bin has not been emptied"),
    to_translate("yes"),
    to_translate("Please call after two o'clock"),
)
"""What a caller might say, ready to be clicked."""

Number = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Dial(_Given):
    """Whose phone is used."""

    number: Number


class Input(_Given):
    """What the caller does."""

    key: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"] | None = None
    words: Words | None = None


class Text(_Given):
    """A text message to us."""

    number: Number
    body: Words


def setup(app: web.Application, house: House) -> None:
    """The page, its API, and the provider's REST API. Only in the demo."""
    demo = PhoneDemo(house)
    app.add_routes(
        [
            web.get("/demo/phone", demo.page),
            web.post("/demo/phone/calls", demo.dial),
            web.post("/demo/phone/calls/{sid}/input", demo.input),
            web.post("/demo/phone/calls/{sid}/hangup", demo.hang_up),
            web.get("/demo/phone/messages", demo.messages),
            web.post("/demo/phone/messages", demo.text_us),
            web.post(
                "/demo/twilio/2010-04-01/Accounts/{account}/Messages.json", demo.create_message
            ),
        ]
    )
    app.cleanup_ctx.append(demo.running)


class PhoneDemo:
    """The simulator's handlers."""

    def __init__(self, house: House) -> None:
        self._house = house
        settings = house.settings
        self._token = settings.twilio_auth_token
        self._twilio = SmallTwilio(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            settings.public_base_url,
            settings.twilio_number or house.municipality.phone,
        )

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """The provider's line, while the service runs."""
        await self._twilio.open()
        yield
        await self._twilio.close()

    async def page(self, request: web.Request) -> web.Response:
        _ = catalogue("demo").gettext(page_language(request))
        context = {"number": self._twilio.number, "ideas": [_(idea) for idea in _IDEAS]}
        return render(request, "demo/phone.html", context)

    async def dial(self, request: web.Request) -> web.Response:
        given = await self._from_page(request, Dial)
        call = await self._twilio.dial(_caller(given.number))
        return json_response(_told(call), status=201)

    async def input(self, request: web.Request) -> web.Response:
        given = await self._from_page(request, Input)
        call = self._call(request)
        if given.key is not None:
            await self._twilio.press(call, given.key)
        elif given.words is not None:
            await self._twilio.speak(call, given.words)
        else:
            await self._twilio.keep_silent(call)
        return json_response(_told(call))

    async def hang_up(self, request: web.Request) -> web.Response:
        refuse_cross_site(request)
        call = self._call(request)
        self._arrived(request)
        await self._twilio.hang_up(call)
        return json_response(_told(call))

    async def messages(self, request: web.Request) -> web.Response:
        number = request.query.get("number", "")
        found = [
            message for message in self._twilio.messages if number in (message.to, message.sender)
        ]
        return json_response({"messages": [_shown(message, number) for message in found]})

    async def text_us(self, request: web.Request) -> web.Response:
        given = await self._from_page(request, Text)
        try:
            await self._twilio.text_us(_caller(given.number), given.body, self._house.clock.now())
        except Unreachable as failure:
            raise Problem(502, "webhook_failed", f"Twilio error {failure.code}") from None
        return json_response({}, status=201)

    async def create_message(self, request: web.Request) -> web.Response:
        """The provider's Messages resource, as far as our service uses it."""
        account = self._twilio.account_sid
        if request.match_info["account"] != account or not self._authorised(request):
            return _rest_error(401, 20003, "Authenticate")
        form = await request.post()
        to, body = str(form.get("To", "")), str(form.get("Body", ""))
        sender = str(form.get("From", ""))
        if (refusal := self._twilio.refusal(to, body)) is not None:
            return _rest_error(400, *refusal)
        now = self._house.clock.now()
        message = self._twilio.take_text(to, sender, body, now)
        resource = {
            "sid": message.sid,
            "account_sid": account,
            "to": to,
            "from": sender,
            "body": body,
            "status": "queued",
            "direction": "outbound-api",
            "num_segments": "1",
            "num_media": "0",
            "api_version": "2010-04-01",
            "date_created": format_datetime(now),
            "date_updated": format_datetime(now),
            "error_code": None,
            "error_message": None,
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{message.sid}.json",
        }
        return json_response(resource, status=201)

    async def _from_page(self, request: web.Request, model: type[Any]) -> Any:
        refuse_cross_site(request)
        self._arrived(request)
        return await json_body(request, model)

    def _arrived(self, request: web.Request) -> None:
        """The provider reaches this process where the browser did."""
        name = request.transport.get_extra_info("sockname") if request.transport else None
        if name:
            host = f"[{name[0]}]" if ":" in name[0] else name[0]
            self._twilio.connect_to = f"http://{host}:{name[1]}"

    def _call(self, request: web.Request) -> PhoneCall:
        call = self._twilio.find(request.match_info["sid"])
        if call is None:
            raise Problem(404, "no_such_call")
        return call

    def _authorised(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        try:
            name, _, secret = b64decode(given).decode().partition(":")
        except ValueError:
            return False
        return scheme == "Basic" and (name, secret) == (self._twilio.account_sid, self._token)


def _caller(number: str) -> str:
    if number == ANONYMOUS:
        return number
    number = number.replace(" ", "")
    if re.fullmatch(r"[0-9]{8}", number):
        number = "+45" + number
    if not _NUMBER.match(number):
        raise Problem(422, "bad_number")
    return number


def _told(call: PhoneCall) -> dict[str, Any]:
    """What the browser has not heard yet, and what it may do now."""
    events, call.events = call.events, []
    asked = call.listening
    return {
        "sid": call.sid,
        "number": call.number,
        "ended": call.ended,
        "events": [event for event in events if event["kind"] != "redirect"],
        "listening": None
        if asked is None
        else {"keys": asked.keys, "speech": asked.speech, "finish": asked.finish},
        "typed": "" if asked is None else asked.typed,
    }


def _shown(message: TextMessage, number: str) -> dict[str, Any]:
    return {
        "sid": message.sid,
        "sent": message.sender == number,
        "body": message.body,
        "at": message.at,
    }


def _rest_error(status: int, code: int, words: str) -> web.Response:
    info = f"https://www.twilio.com/docs/errors/{code}"
    error = {"code": code, "message": words, "more_info": info, "status": status}
    return json_response(error, status=status)
