"""Who is there is found out only when a rule asks for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from router.clock import FixedClock
from router.config import Municipality
from router.duty import Duty
from router.rules import Staffing


class Counted:
    """A connection that answers nothing and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self, *_: object) -> list[Any]:
        self.asked += 1
        return []


@pytest.mark.parametrize(("who", "load"), [(False, False), (True, False), (True, True)])
async def test_the_ledger_is_asked_only_for_rules_that_look_at_numbers(
    municipality: Municipality, clock: FixedClock, who: bool, load: bool
) -> None:
    rules = SimpleNamespace(asks_who_is_there=who, asks_load=load)
    house = SimpleNamespace(
        rules=rules,
        departments=municipality.departments,
        caseworkers=municipality.caseworkers,
        hours=municipality.hours,
    )
    duty = Duty(lambda: cast(Municipality, house))
    connection = Counted()
    staffing = await duty.staffing(cast(Any, connection), clock.now())
    assert (staffing is Staffing.unknown()) is not who
    assert bool(connection.asked) is load
    before = connection.asked
    await duty.staffing(cast(Any, connection), clock.now())
    assert connection.asked == before


def test_our_own_rules_ask_for_both(municipality: Municipality) -> None:
    assert municipality.rules.asks_who_is_there
    assert municipality.rules.asks_load
