"""How often an access code may be tried by phone.

On the keys of a phone a code has about 25 bits, not the 40 of its letters, so the
limit is by the day. A try is counted before it is compared: calls at the same time
do not get one each. A right code gives its own back.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

WINDOW: Final = 24 * 60 * 60
PER_REFERENCE: Final = 10
PER_CALLER: Final = 20


class Guesses:
    """Counts tries of codes per reference and per caller, in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def may_try(self, reference: str, caller: str) -> bool | None:
        """Count one more try. False when there were too many, None when nobody can count."""
        limits = _limits(reference, caller)
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for key, _ in limits:
                    # Made with its end in one step, so that no count can stay for ever.
                    pipe.set(key, 0, ex=WINDOW, nx=True)
                    pipe.incr(key)
                counts = (await pipe.execute())[1::2]
        except RedisError:
            log.warning("phone_codes_not_counted")
            return None
        return all(int(count) <= most for count, (_, most) in zip(counts, limits, strict=True))

    async def was_right(self, reference: str, caller: str) -> None:
        """A right code costs nothing."""
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for key, _ in _limits(reference, caller):
                    pipe.decr(key)
                await pipe.execute()
        except RedisError:
            log.warning("phone_codes_not_counted")


def _limits(reference: str, caller: str) -> tuple[tuple[str, int], ...]:
    limits = ((f"indgang:phone-code:reference:{_hidden(reference)}", PER_REFERENCE),)
    # Who withholds their number shares it with everybody else who does.
    return (
        (*limits, (f"indgang:phone-code:caller:{_hidden(caller)}", PER_CALLER))
        if caller
        else limits
    )


def _hidden(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
