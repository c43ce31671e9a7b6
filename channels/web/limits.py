"""How often an access code may be guessed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from channels.http import Problem, api_language, page_language
from channels.http.errors import wants_page
from channels.i18n import catalogue, to_translate

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

WINDOW: Final = 15 * 60
"""Seconds in which wrong codes are counted."""
PER_REFERENCE: Final = 10
PER_CLIENT: Final = 30
"""A library or a company has many people behind one address."""

_TOO_MANY: Final = to_translate(
    "There have been too many attempts with a wrong number or code. Please wait {minutes} "
    "minutes and try again, or call us."
)


class WrongCodes:
    """Counts wrong access codes per reference and per client, in Redis.

    Right codes cost nothing. Without Redis nothing is counted: 40 random bits
    hold off a guesser for longer than Redis can be away, and citizens get in.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def refuse_if_too_many(self, request: web.Request, reference: str) -> None:
        """Raise `Problem` 429 when this reference or this client has used up its attempts."""
        keys = self._keys(request, reference)
        try:
            counts = await self._redis.mget([key for key, _ in keys])
            spent = [
                key
                for (key, limit), count in zip(keys, counts, strict=True)
                if count is not None and int(count) >= limit
            ]
            if not spent:
                return
            left = max([int(await self._redis.ttl(key)) for key in spent] + [1])
        except RedisError:
            log.warning("wrong_codes_not_counted")
            return
        language = page_language(request) if wants_page(request) else api_language(request)
        text = catalogue("web").gettext(language)(_TOO_MANY).format(minutes=-(-left // 60))
        raise Problem(429, "too_many_attempts", text, headers={"Retry-After": str(left)})

    async def count(self, request: web.Request, reference: str) -> None:
        """Remember one wrong code."""
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for key, _ in self._keys(request, reference):
                    # Made with its end in one step, so that no count can stay for ever.
                    pipe.set(key, 0, ex=WINDOW, nx=True)
                    pipe.incr(key)
                await pipe.execute()
        except RedisError:
            log.warning("wrong_codes_not_counted")

    @staticmethod
    def _keys(request: web.Request, reference: str) -> tuple[tuple[str, int], ...]:
        client = hashlib.sha256((request.remote or "").encode()).hexdigest()[:24]
        written = hashlib.sha256(reference.encode("utf-8", "replace")).hexdigest()[:24]
        return (
            (f"indgang:wrong-code:reference:{written}", PER_REFERENCE),
            (f"indgang:wrong-code:client:{client}", PER_CLIENT),
        )


WRONG_CODES: Final = web.AppKey("wrong_codes", WrongCodes)
