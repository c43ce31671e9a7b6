"""The mail intake: raw mails into the ledger, before anybody hears `250`.

Mails that come in the same moment share one commit (`router.batching`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from router.batching import Batcher
from router.ledger import load_queries
from router.model import printable

if TYPE_CHECKING:
    from router.clock import Clock
    from router.ledger import Ledger

Q: Final = load_queries(Path(__file__).parent / "queries.sql")


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as it came through the door."""

    door: Literal["smtp", "lmtp"]
    peer: str
    envelope_sender: str
    recipients: tuple[str, ...]
    raw: bytes


class Intake:
    """Commits raw mails and tells the reader that there is work."""

    def __init__(self, ledger: Ledger, clock: Clock, wake: Callable[[], None]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._wake = wake
        self._batcher: Batcher[RawMail, None] = Batcher(self._commit, largest=32)

    async def take(self, mail: RawMail) -> None:
        """Return once `mail` is durable. Raises LedgerAway if PostgreSQL is away."""
        await self._batcher.submit(mail)
        self._wake()

    async def _commit(self, mails: Sequence[RawMail]) -> Sequence[None]:
        now = self._clock.now()
        rows = [
            (
                now,
                mail.door,
                printable(mail.peer),
                printable(mail.envelope_sender),
                [printable(recipient) for recipient in mail.recipients],
                hashlib.sha256(mail.raw).digest(),
                mail.raw,
            )
            for mail in mails
        ]
        async with self._ledger.transaction() as connection:
            await connection.executemany(Q["take_in"], rows)
        return [None] * len(mails)
