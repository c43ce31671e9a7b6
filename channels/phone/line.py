"""The telephone line: webhooks of a call become arrivals, and TwiML that says what came of it.

The first webhook commits the contact, with a callback promised, before the
caller hears a word. Each later one is an arrival of its own for that contact.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from channels.numbers import caller_number, typed_number
from channels.phone.calls import Call, Calls, told_of
from channels.phone.flow import KNOWN, CallState, Notice, Step, Tell, advance
from channels.phone.hearing import Heard
from channels.phone.known import Known
from channels.phone.known_words import Facts
from channels.phone.script import Scene, setting_of, speak
from channels.phone.spool import Spooled
from channels.phone.twiml import render
from router.errors import LedgerAway
from router.model import Arrival, CallbackWish, Channel, Receipt

if TYPE_CHECKING:
    from datetime import datetime

    from channels.phone.flow import Setting
    from channels.phone.webhook import Webhook
    from router.house import House

log = structlog.get_logger(__name__)

PATIENCE: Final = 8.0
"""Seconds that a caller's webhook may wait for the ledger; the provider gives up at 15."""


class Line:
    """Answers calls. Every method raises LedgerAway when PostgreSQL cannot be reached in time."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._calls = Calls(house.ledger)
        self._known = Known(house)

    @property
    def _setting(self) -> Setting:
        return setting_of(self._house.municipality, self.own_numbers)

    @property
    def own_numbers(self) -> frozenset[str]:
        """Numbers that would only call ourselves."""
        settings, municipality = self._house.settings, self._house.municipality
        return frozenset({settings.twilio_number, municipality.phone}) - {""}

    async def begin(self, webhook: Webhook) -> str:
        """Someone calls: the contact is committed, then the greeting answered."""
        async with in_time():
            call = await self._calls.find(webhook.sid)
            if call is None or not call.answers:
                call = await self._begin(webhook)
            return call.answers[0]

    async def answer(self, webhook: Webhook, turn: int) -> str:
        """The caller's answer to the document of `turn`.

        A turn that was answered before is answered with the same words; a turn
        that cannot follow repeats the question that stands.
        """
        async with in_time():
            call = await self._calls.find(webhook.sid)
            if call is None or not call.answers:
                # Its first webhook never reached us. What was said is kept; keys
                # belong to a question that this call has not been asked.
                call = await self._begin(webhook)
                webhook = replace(webhook, heard=Heard(speech=webhook.heard.speech))
                if webhook.heard.nothing:
                    return call.answers[0]
                turn = 1
            if turn < len(call.answers):
                return call.answers[turn]
            if turn > len(call.answers) or call.state.step is Step.DONE:
                return call.answers[-1]
            return await self._step(call, webhook, turn)

    async def ended(self, webhook: Webhook) -> None:
        """The provider says how a call stands; a call that ended half-way is noted."""
        async with in_time():
            await self._ended(
                webhook.sid, webhook.caller, webhook.called, webhook.status, self._house.clock.now()
            )
            await self._calls.status(
                webhook.sid, webhook.status, webhook.sequence, self._house.clock.now()
            )

    async def status(self, webhook: Webhook) -> None:
        """The provider says that a call goes on."""
        async with in_time():
            await self._calls.status(
                webhook.sid, webhook.status, webhook.sequence, self._house.clock.now()
            )

    async def take(self, thing: Spooled) -> None:
        """Commit what was spooled while the ledger was away. Twice is once."""
        if thing.kind == "ended":
            await self._ended(thing.sid, thing.caller, thing.called, thing.status, thing.at)
            return
        call = await self._known_or_missed(thing.sid, thing.caller, thing.called, thing.at)
        # Keys of a reference or a code are no phone number, whatever they look like.
        number = "" if call.state.step in KNOWN and not thing.asked else thing.number
        disturbed = Tell("line_disturbed")
        if call.state.about.own:
            # They were told that we call back: the call's own contact promises it.
            caller = caller_number(thing.caller)
            call = call.as_own()
            call = replace(call, state=replace(call.state, number=caller))
            disturbed = replace(disturbed, callback=bool(caller), write=bool(caller))
        if thing.said or number:
            await self._receive(
                call,
                f"{thing.sid}:{thing.turn}:spooled:{bool(number)}",
                Tell(
                    "gave_number" if number else "said",
                    text=thing.said,
                    reroute=bool(thing.said),
                    callback=bool(number),
                    write=bool(number),
                ),
                replace(call.state, number=number or call.state.number),
                thing.at,
            )
        await self._receive(call, f"{thing.sid}:disturbed", disturbed, call.state, thing.at)

    async def _begin(self, webhook: Webhook) -> Call:
        now = self._house.clock.now()
        call = await self._opened(webhook.sid, webhook.caller, webhook.called, now)
        text = self._words(call, Notice.WELCOME, now, turn=1)
        if await self._calls.begin(call, text, now):
            log.info("call_begun", contact_id=call.contact_id, has_number=bool(call.state.number))
            return replace(call, answers=(text,))
        known = await self._calls.find(call.sid)
        return known if known is not None else replace(call, answers=(text,))

    async def _step(self, call: Call, webhook: Webhook, turn: int) -> str:
        now = self._house.clock.now()
        outcome = advance(call.state, webhook.heard, self._setting, turn)
        key = f"{call.sid}:{turn}"
        if outcome.wish is not None:
            call, outcome = await self._known.fulfil(
                call, outcome, webhook.caller, key, self._setting
            )
        after = replace(call, state=outcome.state)
        if outcome.tell is not None:
            receipt = await self._receive(call, key, outcome.tell, outcome.state, now)
            state = replace(outcome.state, department=receipt.department)
            after = replace(
                after, state=state, contact_id=receipt.contact_id, told=told_of(receipt, state)
            )
        after, facts = await self._known.seen(after, webhook.caller)
        text = self._words(after, outcome.notice, now, turn=turn + 1, facts=facts)
        if await self._calls.proceed(after, turn, text, now):
            log.info("call_step", contact_id=after.contact_id, step=after.state.step)
            await self._known.tidy(after)
            return text
        known = await self._calls.find(call.sid)
        return text if known is None else known.answers[min(turn, len(known.answers) - 1)]

    def _words(
        self, call: Call, notice: Notice, now: datetime, *, turn: int, facts: Facts | None = None
    ) -> str:
        scene = Scene(self._house.municipality, now)
        action = f"{self._house.settings.public_base_url}/twilio/voice/{turn}"
        return render(speak(call.state, notice, call.told, self._setting, scene, action, facts))

    async def _opened(self, sid: str, caller: str, called: str, at: datetime) -> Call:
        """The call's contact, made if it is not there."""
        number = caller_number(caller)
        # No wish yet: reception promises a callback to whoever calls, and writes
        # to them only when the call has come to an end.
        receipt = await self._house.reception.receive(
            Arrival(
                channel=Channel.PHONE,
                dedupe_key=sid,
                received_at=at,
                text="",
                phone=number,
                to=called if called.startswith("+") else "",
                kind="called",
                data={"call_sid": sid},
            )
        )
        state = CallState(number=number, department=receipt.department)
        return Call(sid, receipt.contact_id, state, told_of(receipt, state))

    async def _known_or_missed(self, sid: str, caller: str, called: str, at: datetime) -> Call:
        call = await self._calls.find(sid)
        if call is None:
            call = await self._opened(sid, caller, called, at)
            await self._calls.missed(
                replace(call, state=replace(call.state, step=Step.TOPIC)), self._house.clock.now()
            )
        return call

    async def _ended(self, sid: str, caller: str, called: str, status: str, at: datetime) -> None:
        call = await self._known_or_missed(sid, caller, called, at)
        if call.state.step is Step.DONE:
            await self._known.tidy(call)
            return
        joined = bool(call.state.about.own)
        # The number is the caller's own when the network gave it; one that was
        # typed and not confirmed may be a stranger's, so nothing is written to it.
        own = bool(call.state.number) and call.state.number == caller_number(caller)
        if joined and call.state.step in KNOWN:
            # They have heard what is promised, and it stands as it was.
            own = False
        await self._receive(
            call,
            f"{sid}:hung_up",
            Tell("hung_up", callback=own, write=own),
            call.state,
            at,
            data={"step": call.state.step, "status": status},
            reopens=not joined,
        )
        await self._known.tidy(call)
        log.info("caller_hung_up", contact_id=call.contact_id, step=call.state.step)

    async def _receive(
        self,
        call: Call,
        key: str,
        tell: Tell,
        state: CallState,
        at: datetime,
        data: dict[str, str] | None = None,
        *,
        reopens: bool = True,
    ) -> Receipt:
        return await self._house.reception.receive(
            Arrival(
                channel=Channel.PHONE,
                dedupe_key=key,
                received_at=at,
                text=tell.text,
                language=state.language,
                phone=state.number,
                menu=tell.menu,
                reference=call.told.reference,
                # Who has a contact that was there before is not for this call to change.
                reroute=tell.reroute and not state.about.own,
                reopens=reopens,
                callback=CallbackWish(state.number) if tell.callback and state.number else None,
                may_acknowledge=tell.write,
                kind=tell.kind,
                # By the number alone no promise to another one is changed.
                data=(data or {}) | ({"proof": state.about.proof} if state.about.fixed else {}),
            )
        )


def spooled(
    kind: str,
    webhook: Webhook,
    at: datetime,
    own: frozenset[str],
    turn: int = 0,
    *,
    asked: bool = False,
) -> Spooled:
    """What must not be lost of a webhook that the ledger could not take."""
    number = typed_number(webhook.heard.number(), own) if kind == "call" else ""
    said = webhook.text if kind == "sms" else webhook.heard.speech
    return Spooled(
        kind=kind,
        sid=webhook.sid,
        caller=webhook.caller,
        called=webhook.called,
        at=at,
        turn=turn,
        said=said,
        number=number if webhook.heard.digits else "",
        status=webhook.status,
        asked=asked,
    )


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """A ledger that is slower than a caller can wait counts as away.

    What was under way may have been committed; its dedupe key makes that harmless.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError as error:
        raise LedgerAway("slow") from error
