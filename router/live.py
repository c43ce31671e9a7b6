"""Events to open screens, over a Redis stream. A hint to look again, never the truth.

A screen that reconnects names the last event that it saw and misses nothing; a
screen that cannot be told refetches every minute anyway. Losing Redis therefore
costs freshness, and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

STREAM: Final = "indgang:live"
_KEEP: Final = 10_000
_TOGETHER_SECONDS: Final = 0.02
_BLOCK_MS: Final = 15_000


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Contacts that changed together. No contacts: nothing happened for a while."""

    id: str
    contacts: tuple[str, ...]


class Live:
    """The bus to open screens."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._changed: set[str] = set()
        self._telling: asyncio.Task[None] | None = None

    def publish(self, references: Iterable[str]) -> None:
        """Say that these contacts changed. Returns at once; changes are told together."""
        self._changed.update(references)
        if self._changed and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._changed:
            # What changes in the same blink of an eye is one event for a screen.
            await asyncio.sleep(_TOGETHER_SECONDS)
            told, self._changed = self._changed, set()
            try:
                await self._redis.xadd(
                    STREAM, {"contacts": " ".join(sorted(told))}, maxlen=_KEEP, approximate=True
                )
            except (RedisError, OSError) as error:
                log.warning("live_event_lost", reason=type(error).__name__, contacts=len(told))
                return

    async def follow(self, last_id: str = "$") -> AsyncIterator[LiveEvent]:
        """Events after `last_id` for ever; an empty one each 15 s of silence.

        Raises RedisError when Redis is away: the screen then reconnects.
        """
        if last_id == "$":
            # Read on from a fixed point, so that nothing falls between two reads.
            last_id = await self._newest()
        while True:
            answer = await self._redis.xread({STREAM: last_id}, block=_BLOCK_MS, count=100)
            if not answer:
                yield LiveEvent(last_id, ())
                continue
            streams = answer.items() if isinstance(answer, dict) else answer
            for _, entries in streams:
                for entry in _flat(entries):
                    last_id = _text(entry[0])
                    fields = {_text(key): _text(value) for key, value in entry[1].items()}
                    yield LiveEvent(last_id, tuple(fields.get("contacts", "").split()))

    async def _newest(self) -> str:
        entries = await self._redis.xrevrange(STREAM, count=1)
        return _text(entries[0][0]) if entries else "0-0"

    async def close(self) -> None:
        """Tell what is left, then stop."""
        if self._telling is not None:
            with contextlib.suppress(asyncio.CancelledError, RedisError, OSError):
                await self._telling


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else (value or "")


def _flat(entries: object) -> list[tuple[bytes | str, dict[bytes | str, bytes | str]]]:
    """Entries of one stream; redis-py nests them one deeper on RESP3."""
    found: list[tuple[bytes | str, dict[bytes | str, bytes | str]]] = []
    if isinstance(entries, list):
        for entry in entries:
            if isinstance(entry, list):
                found.extend(_flat(entry))
            else:
                found.append(entry)
    return found
