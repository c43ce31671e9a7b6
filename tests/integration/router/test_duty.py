"""Who has how much, counted while several batches ask at once."""

from __future__ import annotations

import asyncio

from router.clock import FixedClock
from router.duty import Duty
from router.house import House
from router.model import Arrival, Channel


async def test_counting_at_the_same_time_counts_nobody_twice(
    house: House, clock: FixedClock
) -> None:
    receipt = await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=clock.now(),
            text="Jeg søger byggetilladelse til en carport",
        )
    )
    await house.contacts.claim(receipt.reference, "ole-skovlyng")
    duty = Duty(lambda: house.municipality)

    async def load() -> int:
        async with house.ledger.transaction() as connection:
            return (await duty.staffing(connection, clock.now())).load["ole-skovlyng"]

    counted = await asyncio.gather(*(load() for _ in range(6)))
    assert counted == [1] * 6
    assert await load() == 1
