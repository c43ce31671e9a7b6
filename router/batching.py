"""Group commit: what arrives in the same few milliseconds is worked on together.

Nobody waits for a timer: the first item starts a round at once, and what comes
while rounds are under way makes the next one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from router.errors import LedgerAway

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Gives items in groups to `work`, which answers one result or error for each.

    When a whole group fails, its items are tried one by one, so that a bad item
    never fails its neighbours.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        largest: int = 32,
        at_once: int = 3,
    ) -> None:
        self._work = work
        self._largest = largest
        self._at_once = at_once
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._rounds: set[asyncio.Task[None]] = set()

    async def submit(self, item: T) -> R:
        """Hand in `item`; answers its own result or raises its own error."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._rounds) < self._at_once:
            task = asyncio.create_task(self._rounds_until_empty())
            self._rounds.add(task)
            task.add_done_callback(self._rounds.discard)
        return await future

    async def _rounds_until_empty(self) -> None:
        # Let everything that is ready in this turn of the loop join the round.
        await asyncio.sleep(0)
        while self._waiting:
            count = min(len(self._waiting), self._largest)
            group = [self._waiting.popleft() for _ in range(count)]
            for (_, future), result in zip(group, await self._results(group), strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    async def _results(
        self, group: Sequence[tuple[T, asyncio.Future[R]]]
    ) -> Sequence[R | Exception]:
        items = [item for item, _ in group]
        try:
            return await self._work(items)
        except LedgerAway as error:
            return [error for _ in items]
        except Exception as error:
            if len(items) == 1:
                return [error]
        alone: list[R | Exception] = []
        for item in items:
            try:
                alone.extend(await self._work([item]))
            except Exception as error:
                alone.append(error)
        return alone
