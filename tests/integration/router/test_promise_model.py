"""The ledger beside a model of it: the same things happen to both, and they agree.

And what two processes do at once, which no model can foresee, leaves a clean house.
`INDGANG_EXAMPLES` says how many towns are tried.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from router import config
from router.app import open_house
from router.clock import FixedClock
from router.errors import SenderError
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, Outcome
from router.promise_life import Result
from router.settings import Settings, demo_configuration
from tests.integration.router.promise_town import MINUTE, OWNERS, PHONES, STAFF, Town

TOWNS = int(os.environ.get("INDGANG_EXAMPLES", "6"))
STEPS = 60


@pytest.fixture
async def two_houses(settings: Settings, clock: FixedClock) -> AsyncIterator[tuple[House, House]]:
    """Two processes' worth of everything on one database, with a configuration of their own."""
    municipality = config.load(demo_configuration())
    async with (
        open_house(settings, clock, municipality) as one,
        open_house(settings, clock, municipality) as other,
    ):
        yield one, other


@pytest.mark.parametrize("seed", range(1, TOWNS + 1))
async def test_the_ledger_does_what_the_model_does(
    two_houses: tuple[House, House], clock: FixedClock, seed: int
) -> None:
    # Before the clocks change, and again before Christmas and a leap day.
    start = (
        datetime(2026, 10, 23, 10, tzinfo=UTC),
        datetime(2026, 12, 22, 13, tzinfo=UTC),
        datetime(2028, 2, 28, 9, tzinfo=UTC),
    )
    clock.set(start[seed % 3])
    await Town(two_houses, clock, seed).live(STEPS)


class Rush(Town):
    """A town in which everything happens at once."""

    async def rush(self, times: int) -> None:
        """Ten things at the same time, by two processes, over and over."""
        for _ in range(times):
            await asyncio.gather(*(self._something() for _ in range(10)))
            self.clock.advance(timedelta(hours=3) * self.random.random())
        while sum(await asyncio.gather(*(h.promise_clock.fire_due() for h in self.houses))):
            pass

    async def _something(self) -> None:
        house, choose = self.house, self.random.choice
        rows = await self.ledger.fetch(
            "SELECT p.id, p.attempts, p.contact_id, c.reference FROM promises p"
            " JOIN contacts c ON c.id = p.contact_id WHERE p.ended_at IS NULL"
        )
        kind = choice = self.random.random()
        if kind < 0.3 or not rows:
            await self.arrive_only()
            return
        row, until = choose(rows), self.clock.now() + MINUTE
        department = choose(list(OWNERS))
        promises, contacts = house.promises, house.contacts
        acts: tuple[Callable[[], Awaitable[object]], ...] = (
            lambda: promises.attempt(row["id"], STAFF, choose(list(Result))),
            lambda: promises.reserve(row["id"], OWNERS["vej"], until),
            lambda: promises.dialled(row["id"], row["attempts"] + 1),
            lambda: promises.came_out(row["id"], row["attempts"], choose(list(Result))),
            lambda: promises.withdraw(row["id"], STAFF),
            lambda: promises.answered_inbound(row["id"], STAFF),
            lambda: promises.reschedule(row["id"], STAFF, until, until + 600 * MINUTE),
            lambda: contacts.offer(row["reference"], STAFF, department, OWNERS[department]),
            lambda: contacts.accept(row["reference"], choose(list(OWNERS.values()))),
            lambda: contacts.close(row["reference"], STAFF, choose(list(Outcome))),
            lambda: promises.claim(row["id"], choose(list(OWNERS.values()))),
            house.promise_clock.fire_due,
        )
        with contextlib.suppress(SenderError):  # refused: somebody else was first
            await acts[int(choice * 1000) % len(acts)]()

    async def arrive_only(self) -> None:
        """Several arrive in one batch."""
        self.arrived += 3
        await asyncio.gather(
            *(
                self.house.reception.receive(
                    Arrival(
                        channel=Channel.WEB,
                        dedupe_key=f"rush-{self.arrived - number}",
                        received_at=self.clock.now(),
                        text="Ring til mig.",
                        menu=self.random.choice(("affald", "vej")),
                        callback=CallbackWish(self.random.choice(PHONES)),
                    )
                )
                for number in range(3)
            )
        )


@pytest.mark.parametrize("seed", range(1, TOWNS // 3 + 1))
async def test_what_two_processes_do_at_once_leaves_a_clean_house(
    two_houses: tuple[House, House], clock: FixedClock, seed: int
) -> None:
    """Nobody waits for another crosswise, and every callback has its place."""
    town = Rush(two_houses, clock, seed)
    await town.rush(25)
    found = await audit(town.ledger, clock.now())
    assert [f.invariant for f in found if not f.invariant.startswith(("7", "5 lapsed"))] == []
