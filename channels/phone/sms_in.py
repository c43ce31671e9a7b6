"""Text messages that reach us: answers to ours, and everything else.

An answer is about the open call that we wrote to this number about last, and
moves, confirms or withdraws it; other words are added to that contact. Where no
call is open the message is a contact of its own, never attached to an earlier
one: a number may be shared or spoofed. What we answer goes to the number that
the call was promised to, and says nothing of what the contact is about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from channels.http.explain import say
from channels.i18n import SHARED, catalogue, to_translate
from channels.numbers import caller_number
from channels.phone.line import in_time
from channels.phone.sms_words import Understood, Wants, understand
from channels.wording import grouped_reference, promise_sentence, say_window
from router.errors import SenderError
from router.model import Arrival, Channel
from router.wishes import NoSuchTime, Said

if TYPE_CHECKING:
    from datetime import datetime

    from router.capacity import Slot
    from router.house import House
    from router.model import PromiseGiven, Receipt
    from router.wishes import Agreed, Told

log = structlog.get_logger(__name__)

_SAID: Final = {
    "moved": to_translate("New time: {promise}"),
    "withdrawn": to_translate("We do not call you. {promise}"),
    "confirmed": to_translate("Thank you. {promise}"),
    "message": to_translate("Thank you for your message. It has been added. {promise}"),
}
_STILL: Final = to_translate("It is still agreed: {promise}")
_NEXT_FREE: Final = to_translate("The next free time is {window}.")
_PROVIDER_ANSWERS: Final = frozenset({Wants.STOP, Wants.START})


async def take(
    house: House,
    sid: str,
    sender: str,
    called: str,
    text: str,
    at: datetime,
    *,
    opt_out: str = "",
    answered_here: bool = True,
) -> str:
    """Take a text message; answers what we write back, or "". Twice is once.

    `opt_out` is what the provider has made of it. Without `answered_here` nobody
    reads the answer, and the citizen is told as of any other change.
    """
    phone = caller_number(sender)
    understood = understand(text, at, house.municipality.zone)
    if opt_out:
        understood = Understood(Wants.START if opt_out.upper() == "START" else Wants.STOP)
        if opt_out.upper() not in ("START", "STOP"):
            return ""  # HELP: the provider has answered
    said = Said(Channel.SMS, sid, text, at, {"message_sid": sid}, tell=not answered_here)
    async with in_time():
        return await _Answering(house, phone, called, said, understood).answer()


class _Answering:
    """One message, from what it says to what we answer."""

    def __init__(
        self, house: House, phone: str, called: str, said: Said, understood: Understood
    ) -> None:
        self._house = house
        self._phone = phone
        self._called = called
        self._said = said
        self._understood = understood

    async def answer(self) -> str:
        wishes, wants = self._house.wishes, self._understood.wants
        if wants in _PROVIDER_ANSWERS:
            await self._stop_or_start()
            return ""
        before = await wishes.said_before(self._said)
        if before is not None:
            # The same message once more: the same answer.
            return self._words(before.done, before.language, before)
        told = await wishes.told_last(self._phone) if self._phone else None
        if told is None:
            receipt = await self._receive("")
            return self._words("", receipt.language, receipt)
        if wants is Wants.WORDS:
            receipt = await self._receive(told.reference)
            return self._words("message", receipt.language, receipt)
        if wants is Wants.IMPOSSIBLE:
            return await self._not_possible(told, "time_does_not_exist", None)
        try:
            agreed = await self._act(told)
        except NoSuchTime as error:
            return await self._not_possible(told, error.code, error.next_free)
        except SenderError as error:
            return await self._not_possible(told, error.code, None)
        log.info("sms_understood", contact_id=agreed.contact_id, wants=wants)
        return self._words(agreed.done, agreed.language, agreed)

    async def _act(self, told: Told) -> Agreed:
        wishes, understood = self._house.wishes, self._understood
        if understood.wants is Wants.CONFIRM:
            return await wishes.confirm(told.reference, self._said, told.call)
        if understood.wants is Wants.WITHDRAW:
            return await wishes.withdraw_callback(told.reference, self._said, told.call)
        return await wishes.move(
            told.reference,
            understood.not_before,
            understood.until,
            self._said,
            call=told.call,
            any_between=not understood.exact,
        )

    async def _stop_or_start(self) -> None:
        """STOP ends the call and every text message; the provider confirms it by itself."""
        if not self._phone:
            return
        wishes, stops = self._house.wishes, self._understood.wants is Wants.STOP
        await wishes.stop_messages(self._phone, stopped=stops)
        if not stops or await wishes.said_before(self._said) is not None:
            return
        told = await wishes.told_last(self._phone)
        if told is None:
            return
        try:
            unsaid = replace(self._said, tell=False)
            await wishes.withdraw_callback(told.reference, unsaid, told.call)
        except SenderError as error:
            # It ended in the same moment.
            log.info("stop_without_call", code=error.code)

    async def _not_possible(self, told: Told, code: str, free: Slot | None) -> str:
        """Nothing is changed; what was written is kept, and we say why and what is free."""
        await self._receive(told.reference)
        house, language = self._house, told.language
        zone, now = house.municipality.zone, house.clock.now()
        _ = catalogue("phone").gettext(language)
        says = [say(code, SHARED.gettext(language))]
        if free is not None:
            window = say_window(free.start, free.end, language, now, zone)
            says.append(_(_NEXT_FREE).format(window=window))
        promise = self._sentence(told.promise, told.department, language)
        says.append(_(_STILL).format(promise=promise))
        return " ".join([*filter(None, says), self._reference(told.reference, language)])

    async def _receive(self, reference: str) -> Receipt:
        """The words, as a contact of their own or as a message in one."""
        return await self._house.reception.receive(
            Arrival(
                channel=Channel.SMS,
                dedupe_key=self._said.key,
                received_at=self._said.at or self._house.clock.now(),
                text=self._said.text,
                phone=self._phone,
                to=self._called if self._called.startswith("+") else "",
                reference=reference,
                # The answer to the webhook is the receipt.
                may_acknowledge=False,
                kind="message" if reference else "received",
                data=dict(self._said.data),
            )
        )

    def _words(self, done: str, language: str, agreed: Agreed | Receipt) -> str:
        """What came of it, what is promised now, and the reference; no word of what was in it."""
        _ = catalogue("phone").gettext(language)
        promise = ""
        if agreed.promise is not None:
            promise = self._sentence(agreed.promise, agreed.department, language)
        if done:
            says = [_(_SAID[done]).format(promise=promise).strip()]
        else:
            says = [_("Thank you for your message."), promise]
        return " ".join([*filter(None, says), self._reference(agreed.reference, language)])

    def _reference(self, reference: str, language: str) -> str:
        text = catalogue("phone").gettext(language)("Reference number {reference}.")
        return text.format(reference=grouped_reference(reference))

    def _sentence(self, promise: PromiseGiven, department: str, language: str) -> str:
        municipality = self._house.municipality
        known = municipality.departments.get(department)
        if known is None:
            known = municipality.departments[municipality.default_department]
        return promise_sentence(
            promise,
            known.name_in(language),
            language,
            self._house.clock.now(),
            municipality.zone,
        )
