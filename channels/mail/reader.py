"""The mail reader: takes raw mails from the intake and makes contacts of them.

Each mail is one transaction that holds its row. The lock is the claim, so the
mail of a process that dies is free at once, and any number of processes share
the work. The contact is made under a dedupe key, so reading a mail again after
a crash finds the contact that is already there.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from channels.mail.arriving import Arrivals, bare_arrival
from channels.mail.reading import Envelope, Reading, read
from router.errors import KeyReused, LedgerAway, NotFound
from router.ledger import load_queries
from router.model import Arrival, Receipt

if TYPE_CHECKING:
    from router.house import House
    from router.ledger import Connection, Record

log = structlog.get_logger(__name__)
Q: Final = load_queries(Path(__file__).parent / "queries.sql")

AT_ONCE: Final = 4
"""Mails read side by side in one process; each holds one connection."""
POLL_SECONDS: Final = 1.0
"""How soon work of other processes, and mail put off, is noticed."""
AWAY_SECONDS: Final = 1.0
LARGE: Final = 32 * 1024
"""Bytes from which a mail is read in a thread, to keep the loop answering."""


class Reader:
    """Reads mails until stopped."""

    def __init__(self, house: House, arrivals: Arrivals) -> None:
        self._house = house
        self._arrivals = arrivals
        self._bell = asyncio.Event()
        self._large = asyncio.Lock()
        self._stopping = False

    def stop(self) -> None:
        """Let `run` end as soon as the mails that are being read are done."""
        self._stopping = True
        self._bell.set()

    def wake(self) -> None:
        """There is a new mail."""
        self._bell.set()

    async def run(self) -> None:
        """Work until stopped. Whatever goes wrong with a mail, the next is read."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def _work(self) -> None:
        while not self._stopping:
            self._bell.clear()
            try:
                while not self._stopping and await self.read_one():
                    pass
            except LedgerAway:
                await asyncio.sleep(AWAY_SECONDS)
                continue
            except Exception:
                log.exception("mail_reader_stumbled")
                await asyncio.sleep(AWAY_SECONDS)
                continue
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._bell.wait()
            except TimeoutError:
                pass

    async def read_one(self) -> bool:
        """Read the mail that has waited longest; False when none waits. Raises LedgerAway."""
        mail_id: int | None = None
        try:
            async with self._house.ledger.transaction() as connection:
                row = await connection.fetchrow(Q["claim"], self._house.clock.now())
                if row is None:
                    return False
                mail_id = row["id"]
                receipt, note = await self._receive(connection, row)
                await connection.execute(Q["done"], mail_id, receipt.contact_id, note)
        except LedgerAway:
            raise
        except Exception as error:
            if mail_id is None:
                raise
            log.exception("mail_not_received", mail_id=mail_id)
            await self._put_off(mail_id, type(error).__name__)
            return True
        log.info("mail_received", mail_id=mail_id, contact_id=receipt.contact_id, note=note)
        return True

    async def _put_off(self, mail_id: int, fault: str) -> None:
        attempts = await self._house.ledger.fetchval(Q["attempts"], mail_id)
        pause = timedelta(seconds=min(3600, 5 * 2 ** min(attempts, 10)))
        await self._house.ledger.execute(
            Q["put_off"], mail_id, self._house.clock.now() + pause, fault
        )

    async def _receive(self, connection: Connection, row: Record) -> tuple[Receipt, str]:
        envelope = Envelope(row["envelope_sender"], tuple(row["recipients"]))
        reading = await self._read(row["raw"], envelope)
        arrival = await self._arrivals.make(connection, row["id"], row["received_at"], reading)
        try:
            receipt = await self._hand_over(arrival)
        except LedgerAway:
            raise
        except Exception:
            # Whatever it was about this mail, it becomes somebody's as it is.
            log.exception("mail_taken_bare", mail_id=row["id"])
            arrival = bare_arrival(row["id"], row["received_at"], row["raw"], envelope)
            receipt = await self._hand_over(arrival)
        if receipt.repeated:
            return receipt, "repeated"
        return receipt, " ".join(sorted(arrival.flags))

    async def _hand_over(self, arrival: Arrival) -> Receipt:
        reception = self._house.reception
        try:
            return await reception.receive(arrival)
        except (KeyReused, NotFound):
            if not arrival.reference:
                raise
            # The very mail came before by another address and opened a contact.
            return await reception.receive(replace(arrival, reference=""))

    async def _read(self, raw: bytes, envelope: Envelope) -> Reading:
        if len(raw) < LARGE:
            return read(raw, envelope)
        async with self._large:
            return await asyncio.to_thread(read, raw, envelope)
