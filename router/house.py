"""The house put together: what a channel is given to work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from router.clock import Clock
    from router.config import Municipality
    from router.config_live import LiveConfiguration
    from router.contacts import Contacts
    from router.ledger import Ledger
    from router.letters import Letters
    from router.live import Live
    from router.meetings import Meetings
    from router.outbox import Outbox
    from router.parts import Parts
    from router.promise_clock import PromiseClock
    from router.promises import Promises
    from router.reception import Reception
    from router.settings import Settings
    from router.slots import Slots
    from router.splitting import Splitting
    from router.wishes import Wishes


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a channel may use. Built in `router.app` and in tests."""

    settings: Settings
    configuration: LiveConfiguration
    clock: Clock
    ledger: Ledger
    redis: Redis
    live: Live
    reception: Reception
    contacts: Contacts
    promises: Promises
    promise_clock: PromiseClock
    splitting: Splitting
    parts: Parts
    meetings: Meetings
    letters: Letters
    slots: Slots
    wishes: Wishes
    outbox: Outbox

    @property
    def municipality(self) -> Municipality:
        """The configuration as it is now; ask again each time, it may change."""
        return self.configuration.municipality
