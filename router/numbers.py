"""Numbers taken from a PostgreSQL sequence in blocks, so that most cost no round trip."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from router.ledger import Ledger

_BLOCK: Final = 500


class Numbers:
    """Unique numbers; those of a process that ends are lost, which costs nothing."""

    def __init__(self, ledger: Ledger, take_sql: str) -> None:
        self._ledger = ledger
        self._take_sql = take_sql
        self._held: deque[int] = deque()
        self._refilling = asyncio.Lock()

    async def take(self, count: int) -> list[int]:
        """`count` numbers that nobody else has."""
        while len(self._held) < count:
            async with self._refilling:
                if len(self._held) < count:
                    self._held.extend(
                        await self._ledger.fetchval(self._take_sql, max(_BLOCK, count))
                    )
        return [self._held.popleft() for _ in range(count)]
