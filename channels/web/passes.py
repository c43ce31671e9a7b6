"""Passes: short-lived, signed proof that this browser may see one contact.

The receipt's cookie and the hidden field of the message form hold one, so the
access code never stands in an address, a history or a log.
"""

from __future__ import annotations

import base64
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from router.clock import Clock
    from router.ledger import Ledger

LIFETIME: Final = timedelta(minutes=30)
_SIGNATURE_BYTES: Final = 18


class Passes:
    """Gives and checks passes. Every process that shares the ledger agrees on them."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._secret: bytes | None = None

    async def give(self, reference: str) -> str:
        """A pass for `reference` that ends after `LIFETIME`."""
        ends = int((self._clock.now() + LIFETIME).timestamp())
        return f"{reference}.{ends}.{await self._sign(reference, ends)}"

    async def check(self, given: str) -> str | None:
        """The reference that `given` is a pass for; None if it is not ours or has ended."""
        reference, _, rest = given.partition(".")
        ends, _, signature = rest.partition(".")
        if not (ends.isascii() and ends.isdigit() and len(ends) < 12 and signature.isascii()):
            return None
        if not hmac.compare_digest(signature, await self._sign(reference, int(ends))):
            return None
        return reference if int(ends) > self._clock.now().timestamp() else None

    async def _sign(self, reference: str, ends: int) -> str:
        message = f"pass:{reference}:{ends}".encode("utf-8", "replace")
        digest = hmac.digest(await self._key(), message, "sha256")[:_SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(digest).decode()

    async def _key(self) -> bytes:
        if self._secret is None:
            self._secret = await self._ledger.secret()
        return self._secret


PASSES: Final = web.AppKey("passes", Passes)
