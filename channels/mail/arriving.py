"""From a mail that has been read to an `Arrival`."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from channels.mail.belonging import Belonging, Belongings
from channels.mail.identity import Identity
from channels.mail.reading import Envelope, Reading, Sender
from channels.mail.reading.addresses import usable
from channels.mail.reading.attachments import original
from router.ledger import load_queries
from router.model import Arrival, Channel

if TYPE_CHECKING:
    from router.ledger import Connection

Q: Final = load_queries(Path(__file__).parent / "queries.sql")

MOST_ACKNOWLEDGEMENTS: Final = 10
"""For one address in `PERIOD`. A person rarely opens more contacts; a loop does at once."""
PERIOD: Final = timedelta(days=1)


class Arrivals:
    """Makes the `Arrival` of a mail: where it belongs, and whether we may answer it."""

    def __init__(self, identity: Identity, belongings: Belongings) -> None:
        self._identity = identity
        self._belongings = belongings

    async def make(
        self, connection: Connection, mail_id: int, received_at: datetime, reading: Reading
    ) -> Arrival:
        """The arrival of mail row `mail_id`. Raises LedgerAway."""
        sender = reading.sender
        if sender.address:
            await connection.execute(Q["one_sender_at_a_time"], sender.address.casefold())
        belonging = await self._belongings.find(connection, reading)
        silent = await self._why_not_acknowledge(connection, received_at, reading)
        attached = bool(belonging.reference)
        bounce = reading.bounce if attached else None
        # What only comes back from a mail of ours must not go out again: the
        # department's own mailbox could be what sent it.
        returns = attached and (bounce is not None or not reading.automatic.may_reopen)
        failed = bounce is not None and bounce.action == "failed"
        flags = set(reading.flags)
        if belonging.maybe:
            flags.add("needs_confirmation")
        if failed:
            flags.add("delivery_failed")
        return Arrival(
            channel=Channel.MAIL,
            dedupe_key=dedupe_key(mail_id, reading),
            received_at=received_at,
            text=reading.text,
            subject="" if returns else reading.subject,
            name="" if returns else sender.name,
            email="" if returns else sender.address,
            to=self._identity.first_intake(reading.receivers),
            reference=belonging.reference,
            reopens=failed or reading.automatic.may_reopen,
            attachments=reading.attachments,
            may_acknowledge=not silent,
            flags=frozenset(flags),
            mail_id=None if returns else mail_id,
            kind=_kind(attached, reading, bounce is not None),
            data=_data(mail_id, reading, belonging, silent),
        )

    async def _why_not_acknowledge(
        self, connection: Connection, now: datetime, reading: Reading
    ) -> str:
        """A static word, or empty when an acknowledgement may be sent."""
        if reading.automatic.why:
            return reading.automatic.why
        if any(self._identity.is_loop_mark(mark) for mark in reading.loop_marks):
            return "own_loop_mark"
        if self._identity.effect_of(reading.message_id) is not None:
            return "own_message_id"
        if self._identity.accepts(reading.sender.address):
            return "own_address"
        if reading.bounce is not None:
            return "bounce"
        told = await connection.fetchval(Q["told_since"], reading.sender.address, now - PERIOD)
        return "too_many_acknowledgements" if told >= MOST_ACKNOWLEDGEMENTS else ""


def bare_arrival(mail_id: int, received_at: datetime, raw: bytes, envelope: Envelope) -> Arrival:
    """The arrival of a mail that nothing could be made of: still somebody's."""
    sender = Sender(usable(envelope.sender))
    return Arrival(
        channel=Channel.MAIL,
        dedupe_key=f"row:{mail_id}",
        received_at=received_at,
        text="",
        email=sender.address,
        attachments=(original(raw),),
        may_acknowledge=False,
        flags=frozenset({"unparsed"}),
        mail_id=mail_id,
        data={"mail_id": mail_id},
    )


def dedupe_key(mail_id: int, reading: Reading) -> str:
    """The same mail twice is one arrival; a mail without Message-ID is only itself.

    The receiving address is left out on purpose: one mail sent to two of our
    addresses is one contact.
    """
    if not reading.message_id:
        return f"row:{mail_id}"
    digest = hashlib.sha256(reading.message_id.encode() + b"\0" + reading.body_hash)
    return f"mail:{digest.hexdigest()}"


def _kind(attached: bool, reading: Reading, is_bounce: bool) -> str:
    if is_bounce:
        return "bounce"
    if not attached:
        return "received"
    return "automatic" if reading.automatic.is_machine else "message"


def _data(mail_id: int, reading: Reading, belonging: Belonging, silent: str) -> dict[str, Any]:
    data: dict[str, Any] = {"mail_id": mail_id}
    if reading.message_id:
        data["message_id"] = reading.message_id
    if belonging.by:
        data["found_by"] = belonging.by
    if belonging.maybe:
        data["maybe"] = belonging.maybe
    if silent:
        data["not_acknowledged"] = silent
    if reading.bounce is not None:
        data["action"] = reading.bounce.action
        data["status"] = reading.bounce.status
    if reading.faults:
        data["faults"] = list(reading.faults)
    return data
