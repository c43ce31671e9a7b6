"""The webhooks' addresses, and what each does when something of ours is away.

A caller never meets a 500: whatever fails, the call is put on disk before they
hear that we call back, and becomes a contact when PostgreSQL is there again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from channels.http import Problem
from channels.numbers import caller_number, typed_number
from channels.phone import fallback, sms_in
from channels.phone.line import Line, spooled
from channels.phone.spool import Spool, Spooled
from channels.phone.twiml import message, render
from channels.phone.webhook import ENDED, Webhook, signed, twiml
from router.errors import LedgerAway

if TYPE_CHECKING:
    from router.house import House

log = structlog.get_logger(__name__)

_RETRY: Final = 2.0
"""Seconds between two looks whether PostgreSQL is back, while the spool is not empty."""


class Intake:
    """What the provider may call."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._line = Line(house)
        self.spool = Spool(house.settings.data_dir / "spool")

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/twilio/voice", signed(self._voice), name="twilio_voice"),
            web.post("/twilio/voice/{turn:[0-9]{1,4}}", signed(self._answer), name="twilio_answer"),
            web.post("/twilio/status", signed(self._status), name="twilio_status"),
            web.post("/twilio/fallback", signed(self._fallback), name="twilio_fallback"),
            web.post("/twilio/sms", signed(self._sms), name="twilio_sms"),
        ]

    async def drain(self) -> int:
        """Commit what waits on disk; answers how much was taken."""
        return await self.spool.drain(self._take)

    async def draining(self, _app: web.Application) -> AsyncIterator[None]:
        """While the service runs: empty the spool whenever there is something in it."""
        task = asyncio.create_task(self._keep_draining())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _keep_draining(self) -> None:
        while True:
            await self.spool.filled.wait()
            try:
                taken = await self.drain()
            except Exception as error:
                # A disk that fails now: what is on it is tried again.
                log.error("spool_not_drained", error=type(error).__name__)
                self.spool.filled.set()
                taken = 0
            if taken:
                log.info("spool_drained", taken=taken)
            if self.spool.filled.is_set():
                await asyncio.sleep(_RETRY)

    async def _voice(self, _request: web.Request, webhook: Webhook) -> web.Response:
        if not webhook.is_incoming:
            raise Problem(400, "not_a_caller", "Only incoming calls are answered here.")
        return await self._spoken(webhook, lambda: self._line.begin(webhook))

    async def _answer(self, request: web.Request, webhook: Webhook) -> web.Response:
        turn = int(request.match_info["turn"])
        return await self._spoken(webhook, lambda: self._line.answer(webhook, turn), turn)

    async def _status(self, _request: web.Request, webhook: Webhook) -> web.Response:
        if not webhook.is_incoming or not webhook.status:
            return web.Response(status=204)
        try:
            if webhook.status in ENDED:
                await self._line.ended(webhook)
            else:
                await self._line.status(webhook)
        except Exception as error:
            _note(error)
            if webhook.status in ENDED:
                await self.spool.put(self._spooled("ended", webhook))
        return web.Response(status=204)

    async def _fallback(self, request: web.Request, webhook: Webhook) -> web.Response:
        log.warning("call_fell_back", error_code=webhook.error_code)
        tries = _tries(request.query.get("try", ""))
        return await self._registered(webhook, tries)

    async def _sms(self, _request: web.Request, webhook: Webhook) -> web.Response:
        reachable = bool(caller_number(webhook.caller))
        at = self._house.clock.now()
        try:
            answer = await sms_in.take(
                self._house,
                webhook.sid,
                webhook.caller,
                webhook.called,
                webhook.text,
                at,
                opt_out=webhook.opt_out,
            )
        except Exception as error:
            _note(error)
            await self.spool.put(self._spooled("sms", webhook))
            return twiml(message(fallback.received("da") if reachable else ""))
        # A name instead of a number is a machine; an answer could start a loop.
        return twiml(message(answer if reachable else ""))

    async def _spoken(
        self, webhook: Webhook, speak: Callable[[], Awaitable[str]], turn: int = 0
    ) -> web.Response:
        try:
            return twiml(await speak())
        except Exception as error:
            _note(error)
        return await self._registered(webhook, 0, turn)

    async def _registered(self, webhook: Webhook, tries: int, turn: int = 0) -> web.Response:
        """Put the caller on disk, then say that we call back, or ask where."""
        number = caller_number(webhook.caller)
        typed = typed_number(webhook.heard.number(), self._line.own_numbers) if tries else ""
        try:
            await self.spool.put(self._spooled("call", webhook, turn, asked=tries > 0))
        except OSError as error:
            log.error("call_not_spooled", error=type(error).__name__)
            return twiml(render(fallback.call_again()))
        if typed or number:
            return twiml(render(fallback.we_call_back(typed or number)))
        if tries >= fallback.MOST_TRIES:
            return twiml(render(fallback.call_again()))
        base = self._house.settings.public_base_url
        return twiml(render(fallback.ask_number(base, tries)))

    def _spooled(
        self, kind: str, webhook: Webhook, turn: int = 0, *, asked: bool = False
    ) -> Spooled:
        now, own = self._house.clock.now(), self._line.own_numbers
        return spooled(kind, webhook, now, own, turn, asked=asked)

    async def _take(self, thing: Spooled) -> None:
        if thing.kind == "sms":
            await sms_in.take(
                self._house,
                thing.sid,
                thing.caller,
                thing.called,
                thing.said,
                thing.at,
                answered_here=False,
            )
        else:
            await self._line.take(thing)


INTAKE: Final = web.AppKey("phone_intake", Intake)


def _note(error: Exception) -> None:
    """Log why a webhook could not be taken. What an exception says may be personal."""
    if isinstance(error, LedgerAway):
        log.warning("phone_without_ledger", reason=str(error))
        return
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno}" for frame in frames]
    log.error("phone_webhook_failed", error=type(error).__name__, where=where[-6:])


def _tries(given: str) -> int:
    return int(given) if re.fullmatch(r"[0-9]", given) else 0
