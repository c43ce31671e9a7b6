"""A configuration without a policy that open promises were made by is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router import config
from router.app import open_house
from router.clock import FixedClock
from router.config_source import ConfigurationRefused
from router.house import House
from router.model import Arrival, CallbackWish, Channel, Outcome, Receipt
from router.promise_policies import Policies, Span, Unit
from router.promise_policies_check import check_policies
from router.settings import Settings


@pytest.fixture
async def receipt(house: House) -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=house.clock.now(),
            text="Vores skraldespand er ikke tømt.",
            callback=CallbackWish("+4520304050"),
        )
    )


@pytest.fixture
def without(municipality: config.Municipality) -> config.Municipality:
    """The demo, with its policy for callbacks under another id."""
    policies = [
        replace(policy, id="quick-callback") if policy.id == "callback" else policy
        for policy in municipality.policies.by_id.values()
    ]
    return replace(
        municipality,
        policies=Policies(policies, Span(2, Unit.WORKING_HOURS), {"delivery-failure"}),
    )


async def test_it_is_refused_at_the_start_and_changes_nothing(
    settings: Settings,
    clock: FixedClock,
    house: House,
    receipt: Receipt,
    without: config.Municipality,
) -> None:
    fewer = {k: d for k, d in without.departments.items() if k != receipt.department}
    with pytest.raises(
        ConfigurationRefused, match='open promise was made by the policy "callback"'
    ):
        async with open_house(settings, clock, replace(without, departments=fewer)):
            raise AssertionError("it must not open")
    assert await house.ledger.fetchval("SELECT bool_and(active) FROM departments")


async def test_it_is_refused_at_a_reload_until_the_promises_have_ended(
    house: House, receipt: Receipt, without: config.Municipality
) -> None:
    with pytest.raises(ConfigurationRefused, match="Put it back"):
        await check_policies(house.ledger, without)
    await house.contacts.close(receipt.reference, "staff:bente-loevfald", Outcome.WITHDRAWN)
    await check_policies(house.ledger, without)


async def test_promises_from_before_policies_had_ids_need_none(
    house: House, receipt: Receipt, without: config.Municipality
) -> None:
    await house.ledger.execute("UPDATE promises SET policy = ''")
    await check_policies(house.ledger, without)
