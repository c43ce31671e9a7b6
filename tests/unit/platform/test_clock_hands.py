"""The two hands of the clock: promises each second, offers now and then, neither waits
for the other."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from router import app
from router.errors import LedgerAway


class Counting:
    """Counts how often each part of the clock was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        self.answers: dict[str, list[int | Exception]] = {}

    async def ask(self, name: str) -> int:
        self.asked[name] = self.asked.get(name, 0) + 1
        await asyncio.sleep(0)
        answers = self.answers.get(name)
        answer = answers.pop(0) if answers else 0
        if isinstance(answer, Exception):
            raise answer
        return answer

    def house(self) -> Any:
        def part(*names: str) -> SimpleNamespace:
            return SimpleNamespace(**{name: partial(self.ask, name) for name in names})

        async def nap() -> None:
            await asyncio.sleep(0.01)

        promise_clock = part("fire_due")
        promise_clock.nap = nap
        parts = SimpleNamespace(lapse_offers=partial(self.ask, "parts"))
        contacts = SimpleNamespace(lapse_offers=partial(self.ask, "contacts"))
        return SimpleNamespace(promise_clock=promise_clock, contacts=contacts, parts=parts)


async def going(counting: Counting, seconds: float = 0.3) -> None:
    """Let both hands go for a moment."""
    house = counting.house()
    hands = [asyncio.create_task(app._clock(house, turn)) for turn in (app._promises, app._offers)]
    await asyncio.sleep(seconds)
    for hand in hands:
        hand.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await hand


async def test_offers_are_not_looked_at_on_every_turn() -> None:
    counting = Counting()
    await going(counting)
    assert counting.asked["fire_due"] > 3
    assert (counting.asked["contacts"], counting.asked["parts"]) == (1, 1)


async def test_many_offers_come_back_at_once() -> None:
    counting = Counting()
    counting.answers["contacts"] = [100, 100, 3]
    await going(counting)
    assert counting.asked["contacts"] == 4


async def test_offers_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_OFFER_SECONDS", 0.02)
    counting = Counting()
    await going(counting)
    assert counting.asked["parts"] > 2


@pytest.mark.parametrize("fault", [LedgerAway("test"), RuntimeError("ours")])
async def test_one_that_fails_rests_and_the_other_goes_on(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(app, "_CLOCK_SECONDS", 0.02)
    counting = Counting()
    counting.answers["contacts"] = [fault]
    await going(counting)
    assert counting.asked["fire_due"] > 3
    assert counting.asked["contacts"] == 2
    counting = Counting()
    counting.answers["fire_due"] = [fault] * 1000
    await going(counting)
    assert counting.asked["contacts"] == 1
    assert counting.asked["fire_due"] > 3
