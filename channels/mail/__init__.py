"""Mail: taken in durably, read, made a contact of; acknowledged and handed on.

The way of a mail: `door` (SMTP, LMTP) -> `intake` (raw bytes committed, `250`)
-> `reader` (claims, reads with `reading`, asks `belonging`, builds the arrival
in `arriving`) -> reception. Back out: `sending` (effects) -> `composing` or
`redirecting` -> `relay` (smarthost).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from aiohttp import web

from channels.mail.arriving import Arrivals
from channels.mail.belonging import Belongings
from channels.mail.door import Listening, open_door
from channels.mail.identity import Identity
from channels.mail.intake import Intake
from channels.mail.reader import Reader
from channels.mail.sending import Sending
from router.house import House

PORTS: Final = web.AppKey("mail_ports", dict[str, int])
"""The ports that mail is taken on, by door; empty until the application has started."""
_LAST_MAILS: Final = 5.0
"""Seconds that the mails being read have to be done when we stop."""


def setup(app: web.Application, house: House) -> None:
    """Take mail in if this process has the role `mail`; send it if it has `outbox`."""
    app[PORTS] = {}
    sending = Sending(house)
    house.outbox.register("mail.tell", sending.tell)
    house.outbox.register("mail.forward", sending.forward)
    house.outbox.register("mail.alert", sending.alert)
    house.outbox.register("mail.alert_list", sending.alert_list)

    async def doors(app: web.Application) -> AsyncIterator[None]:
        identity = Identity(house.municipality, await house.ledger.secret())
        arrivals = Arrivals(identity, Belongings(identity, house.contacts))
        reader = Reader(house, arrivals)
        intake = Intake(house.ledger, house.clock, reader.wake)
        opened: list[Listening] = []
        try:
            opened.append(await open_door(house.settings.smtp, "smtp", identity, intake))
            app[PORTS]["smtp"] = opened[-1].port
            if house.settings.lmtp is not None:
                opened.append(await open_door(house.settings.lmtp, "lmtp", identity, intake))
                app[PORTS]["lmtp"] = opened[-1].port
            work = asyncio.create_task(reader.run(), name="mail reader")
            try:
                yield
            finally:
                # Cancelled in the middle of a transaction only when it takes too long.
                reader.stop()
                with suppress(TimeoutError, asyncio.CancelledError):
                    await asyncio.wait_for(work, _LAST_MAILS)
        finally:
            for door in opened:
                await door.close()

    if "mail" in house.settings.roles:
        app.cleanup_ctx.append(doors)
