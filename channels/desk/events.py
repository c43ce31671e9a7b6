"""Live changes to open desks: `GET /api/v1/staff/events` (server-sent events).

One reader of the bus per process serves every open desk, so that two hundred
desks cost one Redis connection. An event names contacts that changed and carries
no content: each desk then fetches what it may see. A desk that reconnects sends
`Last-Event-ID` and is told what it missed; where that cannot be known it is told
to look at everything again (`reset`), so that a desk never shows old news.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import orjson
import structlog
from aiohttp import web
from redis.exceptions import RedisError

from router.house import House
from router.live import STREAM, LiveEvent

log = structlog.get_logger(__name__)

KEEP_ALIVE_SECONDS: Final = 15.0
LONGEST_SECONDS: Final = 900.0
"""A stream ends after this; the browser reconnects and is asked who it is again."""
_QUEUE: Final = 256
_RETRY_MS: Final = 3000
_CATCH_UP: Final = 1000

_Told = LiveEvent | None
"""None tells a desk to look at everything again."""


class Hub:
    """Follows the bus once and hands each event to every open desk."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desks: set[asyncio.Queue[_Told]] = set()
        self._closing = asyncio.Event()
        self.last_id = ""

    async def run(self) -> None:
        """Follow for ever. When Redis was away every desk is told to look again."""
        wait = 0.5
        while True:
            try:
                async for event in self._house.live.follow(self.last_id or "$"):
                    self.last_id, wait = event.id, 0.5
                    if event.contacts:
                        self._tell(event)
            except (RedisError, OSError) as error:
                log.warning("desk_events_away", reason=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 10.0)
            self._tell(None)

    def _tell(self, event: _Told) -> None:
        for desk in self._desks:
            if desk.full():  # A desk that cannot keep up looks at everything again.
                while not desk.empty():
                    desk.get_nowait()
                event = None
            desk.put_nowait(event)

    def close(self) -> None:
        """End every open stream, so that the process can stop at once."""
        self._closing.set()
        self._tell(None)

    async def stream(self, last_id: str, reference: str = "") -> AsyncIterator[bytes]:
        """What one desk reads: what it missed after `last_id`, then what happens.

        With `reference` only what happens to that contact.
        """
        desk: asyncio.Queue[_Told] = asyncio.Queue(_QUEUE)
        self._desks.add(desk)
        try:
            seen = last_id
            yield _message("connected", self.last_id or last_id, ())
            if last_id:
                for event in await self._missed(last_id):
                    seen = event.id or seen
                    if not event.contacts:
                        yield _message("reset", seen, ())
                    elif _concerns(event, reference):
                        yield _message("contacts", seen, event.contacts)
            loop = asyncio.get_running_loop()
            ends = loop.time() + LONGEST_SECONDS
            while not self._closing.is_set() and loop.time() < ends:
                try:
                    told = await asyncio.wait_for(desk.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": keep-alive\n\n"
                    continue
                if told is None:
                    yield _message("reset", seen, ())
                elif _order(told.id) > _order(seen):
                    seen = told.id
                    if _concerns(told, reference):
                        yield _message("contacts", told.id, told.contacts)
        finally:
            self._desks.discard(desk)

    async def _missed(self, last_id: str) -> list[LiveEvent]:
        """Events after `last_id`, or one empty event when too much was missed."""
        try:
            entries = await self._house.redis.xrange(STREAM, f"({last_id}", "+", count=_CATCH_UP)
        except (RedisError, OSError):
            return [LiveEvent("", ())]
        if entries is None or len(entries) >= _CATCH_UP:
            return [LiveEvent("", ())]
        found = []
        for key, fields in entries:
            texts = {_text(name): _text(value) for name, value in (fields or {}).items()}
            found.append(LiveEvent(_text(key), tuple(texts.get("contacts", "").split())))
        return found


HUB: Final = web.AppKey("desk_hub", Hub)


async def events(request: web.Request) -> web.StreamResponse:
    """The stream itself. Access is checked before it opens."""
    last_id = request.headers.get("Last-Event-ID", "")
    if _order(last_id) == (0, 0):
        last_id = ""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    with suppress(ConnectionResetError):
        await response.write(f"retry: {_RETRY_MS}\n\n".encode())
        reference = request.query.get("reference", "")
        async for piece in request.app[HUB].stream(last_id, reference):
            await response.write(piece)
        await response.write_eof()
    return response


async def following(app: web.Application) -> AsyncIterator[None]:
    """Background of the application (`cleanup_ctx`): the hub runs while it does."""
    hub = app[HUB]
    task = asyncio.create_task(hub.run())
    yield
    # A cancel that meets the Redis client while it connects is lost in it: ask again.
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)


def setup_events(app: web.Application, house: House) -> None:
    """Add the hub to the application and end open streams when it shuts down."""
    hub = app[HUB] = Hub(house)

    async def stop(_: web.Application) -> None:
        hub.close()

    app.cleanup_ctx.append(following)
    app.on_shutdown.append(stop)


def _concerns(event: LiveEvent, reference: str) -> bool:
    return not reference or reference in event.contacts


def _message(event: str, event_id: str, contacts: tuple[str, ...]) -> bytes:
    head = f"id: {event_id}\n" if event_id else ""
    data = orjson.dumps({"contacts": contacts}).decode()
    return f"{head}event: {event}\ndata: {data}\n\n".encode()


def _order(event_id: str) -> tuple[int, int]:
    """Stream ids compare as two numbers; anything else comes before all of them."""
    first, _, second = event_id.partition("-")
    if not (first.isascii() and first.isdigit() and len(first) < 20):
        return (0, 0)
    return (int(first), int(second) if second.isascii() and second.isdigit() else 0)


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
