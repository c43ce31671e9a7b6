"""Text messages that reach us. Each becomes a contact of its own.

It is not attached to an earlier contact of the same number: a number may be
shared or spoofed, and whoever holds it must not learn of another's contact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from channels.i18n import catalogue
from channels.numbers import caller_number
from channels.phone.line import in_time
from channels.wording import grouped_reference, promise_sentence
from router.model import Arrival, Channel

if TYPE_CHECKING:
    from datetime import datetime

    from router.house import House
    from router.model import Receipt

_STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})
"""The provider answers these itself and blocks further messages to the number."""


def is_opt_out(text: str, opt_out: str) -> bool:
    """Whether the provider has dealt with this message already."""
    return bool(opt_out) or text.strip().lower() in _STOP


async def take(
    house: House, sid: str, sender: str, called: str, text: str, at: datetime
) -> Receipt:
    """Make a contact of a text message. The same message again is the same contact."""
    async with in_time():
        return await house.reception.receive(
            Arrival(
                channel=Channel.SMS,
                dedupe_key=sid,
                received_at=at,
                text=text,
                phone=caller_number(sender),
                to=called if called.startswith("+") else "",
                # The answer to the webhook is the receipt.
                may_acknowledge=False,
                data={"message_sid": sid},
            )
        )


def reply(house: House, receipt: Receipt) -> str:
    """The receipt of a text message: no word of what was in it."""
    _ = catalogue("phone").gettext(receipt.language)
    municipality = house.municipality
    says = [_("Thank you for your message.")]
    if receipt.promise is not None:
        says.append(
            promise_sentence(
                receipt.promise,
                municipality.departments[receipt.department].name_in(receipt.language),
                receipt.language,
                house.clock.now(),
                municipality.zone,
            )
        )
    says.append(
        _("Reference number {reference}.").format(reference=grouped_reference(receipt.reference))
    )
    return " ".join(says)
