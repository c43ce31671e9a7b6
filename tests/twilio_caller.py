"""A caller at the end of a small Twilio: signs, asks our webhooks, obeys the TwiML.

Used against a service that runs (`running`) as well as a test client. It knows
nothing of the service but its addresses, so it could be pointed at any.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import re
import secrets
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import ClientSession, hdrs

from tests.twiml_grammar import check_voice

FORM: Final = "application/x-www-form-urlencoded"
ANNA: Final = "+4520304050"
OUR_NUMBER: Final = "+4547351000"

Pairs = Iterable[tuple[str, str]]


def sign(token: str, url: str, pairs: Pairs) -> str:
    """Twilio's signature, written anew from its documentation and not from our code."""
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    digest = hmac.digest(token.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


@dataclass(frozen=True)
class Answer:
    """What came back from a webhook."""

    status: int
    body: str
    content_type: str

    @property
    def voice(self) -> ElementTree.Element:
        """The checked TwiML."""
        assert self.status == 200, (self.status, self.body)
        assert self.content_type in ("text/xml", "application/xml")
        return check_voice(self.body)


@dataclass
class Provider:
    """Our account at the provider. `connect` is where the service listens, if not `public`."""

    session: ClientSession
    public: str
    account_sid: str
    token: str
    connect: str = ""

    async def post(
        self,
        path: str,
        params: Mapping[str, str] | Pairs,
        *,
        signature: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One signed webhook. `signature=None` leaves the header out; a text is sent as is."""
        pairs = list(params.items() if isinstance(params, Mapping) else params)
        url = path if "://" in path else self.public + path
        sent = {hdrs.CONTENT_TYPE: FORM, **(headers or {})}
        if signature is not None:
            sent["X-Twilio-Signature"] = signature or sign(self.token, url, pairs)
        target = url.replace(self.public, self.connect or self.public, 1)
        async with self.session.post(
            target, data=BytesIO(urlencode(pairs).encode()), headers=sent
        ) as response:
            return Answer(response.status, await response.text(), response.content_type)

    def call(self, number: str = ANNA, **extra: str) -> Call:
        """A call that is about to be made from `number`."""
        return Call(self, number, extra=extra)

    def message_params(self, text: str, number: str = ANNA) -> dict[str, str]:
        """The webhook of a text message from `number`."""
        sid = "SM" + secrets.token_hex(16)
        return {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": self.account_sid,
            "From": number,
            "To": OUR_NUMBER,
            "Body": text,
            "NumMedia": "0",
            "ApiVersion": "2010-04-01",
        }


@dataclass
class Call:
    """One incoming call, as the provider and the caller live it."""

    provider: Provider
    number: str
    sid: str = field(default_factory=lambda: "CA" + secrets.token_hex(16))
    extra: Mapping[str, str] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)
    ended: bool = False
    _gather: ElementTree.Element | None = None
    _after: list[ElementTree.Element] = field(default_factory=list)
    _sequence: Any = field(default_factory=itertools.count)

    def params(self, **more: str) -> dict[str, str]:
        """What every webhook of this call carries."""
        return {
            "CallSid": self.sid,
            "AccountSid": self.provider.account_sid,
            "From": self.number,
            "To": OUR_NUMBER,
            "Caller": self.number,
            "Called": OUR_NUMBER,
            "CallStatus": "in-progress",
            "ApiVersion": "2010-04-01",
            "Direction": "inbound",
            **self.extra,
            **more,
        }

    async def dial(self, path: str = "/twilio/voice", **more: str) -> Call:
        """Ring until the first question."""
        await self._follow(path, self.params(CallStatus="ringing", **more))
        return self

    async def press(self, keys: str) -> Call:
        """Press keys; a closing # ends them as the caller would."""
        assert self._gather is not None, "nobody is listening"
        finish = self._gather.get("finishOnKey", "#")
        digits = keys.removesuffix("#") if finish == "#" else keys
        if limit := self._gather.get("numDigits"):
            digits = digits[: int(limit)]
        return await self._answer(Digits=digits)

    async def say(self, words: str) -> Call:
        """Speak."""
        assert self._gather is not None, "nobody is listening"
        assert "speech" in self._gather.get("input", "dtmf"), "speech is not listened for"
        return await self._answer(SpeechResult=words, Confidence="0.91")

    async def keep_silent(self) -> Call:
        """Let the question time out."""
        assert self._gather is not None, "nobody is listening"
        if self._gather.get("actionOnEmptyResult") == "true":
            return await self._answer()
        self._gather = None
        await self._obey(self._after)
        return self

    async def status(self, status: str, sequence: int | None = None) -> Answer:
        """The provider's word about how the call stands."""
        number = next(self._sequence) if sequence is None else sequence
        return await self.provider.post(
            "/twilio/status",
            self.params(
                CallStatus=status,
                SequenceNumber=str(number),
                CallbackSource="call-progress-events",
                CallDuration="7",
            ),
        )

    async def hang_up(self) -> Answer:
        """The caller hangs up."""
        self.ended = True
        self._gather = None
        return await self.status("completed")

    @property
    def action(self) -> str:
        """Where the caller's answer would go."""
        assert self._gather is not None, "nobody is listening"
        return self._gather.get("action", "")

    @property
    def heard(self) -> str:
        """All that the last document said."""
        root = ElementTree.fromstring(self.documents[-1])
        return " ".join(say.text or "" for say in root.iter("Say"))

    @property
    def languages(self) -> set[str]:
        """The languages of the last document."""
        root = ElementTree.fromstring(self.documents[-1])
        return {say.get("language", "") for say in root.iter("Say")}

    @property
    def reference(self) -> str:
        """The reference as it was read out, its digits together."""
        threes = re.search(r"(\d \d \d), (\d \d \d), (\d \d \d)", self.heard)
        assert threes is not None, self.heard
        return "".join(threes.groups()).replace(" ", "")

    async def _answer(self, **more: str) -> Call:
        action = self.action
        self._gather = None
        await self._follow(action, self.params(**more))
        return self

    async def _follow(self, address: str, params: Mapping[str, str]) -> None:
        answer = await self.provider.post(address, params)
        self.documents.append(answer.body)
        await self._obey(list(answer.voice))

    async def _obey(self, verbs: list[ElementTree.Element]) -> None:
        for place, verb in enumerate(verbs):
            if verb.tag == "Gather":
                self._gather, self._after = verb, verbs[place + 1 :]
                return
            if verb.tag == "Redirect":
                await self._follow((verb.text or "").strip(), self.params())
                return
            if verb.tag == "Hangup":
                break
        # The document has ended, and the call with it.
        self.ended = True
        await self.status("completed")
