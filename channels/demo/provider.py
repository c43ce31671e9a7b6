"""A small, honest Twilio for the demo: one phone line, signed webhooks, text messages.

It knows our service only from outside. What it does not know it refuses, as the
real one would: an unknown verb ends the call, a failing webhook goes to the
fallback address, a bad number gets the provider's own error code.
"""

from __future__ import annotations

import re
import secrets
import xml.etree.ElementTree as ElementTree
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urljoin

import aiohttp
import structlog
from aiohttp import hdrs
from twilio.request_validator import RequestValidator

log = structlog.get_logger(__name__)

ANONYMOUS: Final = "anonymous"
_PATIENCE: Final = aiohttp.ClientTimeout(total=15, connect=5)
_MOST_DOCUMENTS: Final = 20
"""Documents in a row without a question: more is a circle."""
_MOST_CALLS: Final = 200
_MOST_MESSAGES: Final = 500
_E164: Final = re.compile(r"^\+[1-9][0-9]{6,14}$")

INVALID_TO: Final = (21211, "The 'To' number is not a valid phone number.")
NO_TO: Final = (21604, "A 'To' phone number is required.")
NO_BODY: Final = (21602, "Message body is required.")


@dataclass
class Listening:
    """A `<Gather>` that is open."""

    action: str
    keys: bool
    speech: bool
    most_keys: int | None
    finish: str
    after: list[ElementTree.Element]
    typed: str = ""


@dataclass
class PhoneCall:
    """One call, seen from the caller's end."""

    sid: str
    number: str
    listening: Listening | None = None
    ended: bool = False
    address: str = ""
    """Of the document that is being obeyed; relative addresses start here."""
    sequence: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    """What has happened since the browser last asked."""


@dataclass(frozen=True)
class TextMessage:
    """A text message, from or to a simulated phone."""

    sid: str
    sender: str
    to: str
    body: str
    at: datetime


class Unreachable(Exception):
    """A webhook could not be had. `code` is Twilio's."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class SmallTwilio:
    """Our account at the simulated provider."""

    def __init__(self, account_sid: str, token: str, public_base_url: str, number: str) -> None:
        self.account_sid = account_sid
        self.number = number
        self._public = public_base_url
        self._validator = RequestValidator(token)
        self._calls: dict[str, PhoneCall] = {}
        self.messages: deque[TextMessage] = deque(maxlen=_MOST_MESSAGES)
        self._session: aiohttp.ClientSession | None = None
        self.connect_to = public_base_url
        """Where the webhooks really go: this very process, whatever its public name."""

    async def open(self) -> None:
        """Start; needs a running loop."""
        self._session = aiohttp.ClientSession(timeout=_PATIENCE)

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._session is not None:
            await self._session.close()

    def find(self, sid: str) -> PhoneCall | None:
        """The call, if it is known."""
        return self._calls.get(sid)

    async def dial(self, number: str) -> PhoneCall:
        """Somebody calls our number."""
        call = PhoneCall("CA" + secrets.token_hex(16), number)
        self._calls[call.sid] = call
        while len(self._calls) > _MOST_CALLS:
            del self._calls[next(iter(self._calls))]
        await self._follow(call, "/twilio/voice", CallStatus="ringing")
        return call

    async def press(self, call: PhoneCall, key: str) -> None:
        """One key. A question that takes several waits for the last."""
        asked = call.listening
        if asked is None or not asked.keys:
            return
        if key == asked.finish:
            await self._answer(call, asked, Digits=asked.typed)
            return
        asked.typed += key
        if asked.most_keys is not None and len(asked.typed) >= asked.most_keys:
            await self._answer(call, asked, Digits=asked.typed)

    async def speak(self, call: PhoneCall, words: str) -> None:
        """The caller says something."""
        asked = call.listening
        if asked is not None and asked.speech:
            await self._answer(call, asked, SpeechResult=words, Confidence="0.92")

    async def keep_silent(self, call: PhoneCall) -> None:
        """The time for an answer runs out: what was typed counts, otherwise on to what follows."""
        asked = call.listening
        if asked is None:
            return
        if asked.typed:
            await self._answer(call, asked, Digits=asked.typed)
            return
        call.listening = None
        await self._obey(call, asked.after)

    async def hang_up(self, call: PhoneCall) -> None:
        """The caller puts the phone down."""
        if not call.ended:
            await self._end(call, "caller")

    async def text_us(self, number: str, body: str, at: datetime) -> None:
        """A simulated phone sends us a text message; our answer comes back to it."""
        sid = "SM" + secrets.token_hex(16)
        self.messages.append(TextMessage(sid, number, self.number, body, at))
        fields = {"MessageSid": sid, "From": number, "To": self.number, "Body": body}
        document = await self._fetch("/twilio/sms", fields | {"NumMedia": "0"})
        for message in document.iter("Message"):
            self.take_text(number, self.number, "".join(message.itertext()), at)

    def take_text(self, to: str, sender: str, body: str, at: datetime) -> TextMessage:
        """A text message for a simulated phone."""
        message = TextMessage("SM" + secrets.token_hex(16), sender, to, body, at)
        self.messages.append(message)
        return message

    def refusal(self, to: str, body: str) -> tuple[int, str] | None:
        """Why the provider would not take this message: its error code and words."""
        if not to:
            return NO_TO
        if not _E164.match(to):
            return INVALID_TO
        return None if body else NO_BODY

    async def _answer(self, call: PhoneCall, asked: Listening, **said: str) -> None:
        call.listening = None
        await self._follow(call, asked.action or call.address, **said)

    async def _follow(self, call: PhoneCall, address: str, **more: str) -> None:
        call.address = urljoin(call.address or self._public + "/", address)
        fields = self._of(call, **more)
        try:
            document = await self._fetch(call.address, fields)
        except Unreachable as failure:
            log.warning("simulated_webhook_failed", code=failure.code)
            error = {"ErrorCode": str(failure.code), "ErrorUrl": call.address}
            call.address = self._public + "/twilio/fallback"
            try:
                document = await self._fetch(call.address, fields | error)
            except Unreachable:
                text = "We are sorry, an application error has occurred. Goodbye."
                call.events.append({"kind": "say", "text": text, "language": "en-US"})
                await self._end(call, "error")
                return
        await self._obey(call, list(document))

    async def _obey(self, call: PhoneCall, verbs: list[ElementTree.Element]) -> None:
        documents = sum(1 for event in call.events if event["kind"] == "redirect")
        for place, verb in enumerate(verbs):
            if verb.tag in ("Say", "Pause"):
                call.events.extend(_spoken([verb]))
            elif verb.tag == "Gather":
                call.events.extend(_spoken(verb))
                call.listening = _listening(verb, verbs[place + 1 :])
                return
            elif verb.tag == "Redirect" and documents < _MOST_DOCUMENTS:
                call.events.append({"kind": "redirect"})
                await self._follow(call, (verb.text or "").strip())
                return
            elif verb.tag == "Hangup":
                break
            else:
                call.events.append({"kind": "unknown", "verb": verb.tag})
                break
        await self._end(call, "hangup")

    async def _end(self, call: PhoneCall, why: str) -> None:
        call.ended = True
        call.listening = None
        call.events.append({"kind": "end", "why": why})
        fields = self._of(
            call,
            CallStatus="completed",
            CallDuration="1",
            SequenceNumber=str(call.sequence),
            CallbackSource="call-progress-events",
        )
        call.sequence += 1
        try:
            await self._request("/twilio/status", fields)
        except Unreachable as failure:
            log.warning("simulated_status_failed", code=failure.code)

    def _of(self, call: PhoneCall, **more: str) -> dict[str, str]:
        fields = {
            "CallSid": call.sid,
            "From": call.number,
            "To": self.number,
            "Caller": call.number,
            "Called": self.number,
            "CallStatus": "in-progress",
            "Direction": "inbound",
        }
        return fields | more

    async def _fetch(self, address: str, fields: Mapping[str, str]) -> ElementTree.Element:
        body, content_type = await self._request(address, fields)
        if content_type not in ("text/xml", "application/xml"):
            raise Unreachable(12300)
        try:
            # Our own documents, over our own loopback.
            return ElementTree.fromstring(body)  # noqa: S314
        except ElementTree.ParseError:
            raise Unreachable(12100) from None

    async def _request(self, address: str, fields: Mapping[str, str]) -> tuple[str, str]:
        """One signed webhook; answers body and content type. Raises Unreachable."""
        if self._session is None:
            raise Unreachable(11200)
        url = urljoin(self._public + "/", address)
        if not url.startswith(self._public):
            raise Unreachable(11100)
        sent = {"AccountSid": self.account_sid, "ApiVersion": "2010-04-01", **fields}
        headers = {
            "X-Twilio-Signature": self._validator.compute_signature(url, sent),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            hdrs.CONTENT_TYPE: "application/x-www-form-urlencoded",
        }
        target = self.connect_to + url.removeprefix(self._public)
        try:
            async with self._session.post(
                target, data=urlencode(sent), headers=headers, allow_redirects=False
            ) as answer:
                if answer.status >= 300:
                    raise Unreachable(11200)
                return await answer.text(), answer.content_type
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Unreachable(11200) from None


def _spoken(verbs: Iterable[ElementTree.Element]) -> Iterator[dict[str, Any]]:
    for verb in verbs:
        if verb.tag == "Say":
            text = " ".join("".join(verb.itertext()).split())
            yield {"kind": "say", "text": text, "language": verb.get("language", "en-US")}
        elif verb.tag == "Pause":
            yield {"kind": "pause", "seconds": int(verb.get("length", "1"))}


def _listening(gather: ElementTree.Element, after: list[ElementTree.Element]) -> Listening:
    kinds = gather.get("input", "dtmf").split()
    most = gather.get("numDigits")
    return Listening(
        action=gather.get("action", ""),
        keys="dtmf" in kinds,
        speech="speech" in kinds,
        most_keys=int(most) if most else None,
        finish=gather.get("finishOnKey", "#"),
        after=after,
    )
