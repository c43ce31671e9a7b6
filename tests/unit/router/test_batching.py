"""Group commit: together when many come, alone when one is bad."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from router.batching import Batcher
from router.errors import LedgerAway


async def test_what_comes_together_is_worked_on_together() -> None:
    groups: list[int] = []

    async def work(items: Sequence[int]) -> Sequence[int | Exception]:
        groups.append(len(items))
        await asyncio.sleep(0)
        return [item * 2 for item in items]

    batcher: Batcher[int, int] = Batcher(work, largest=50)
    answers = await asyncio.gather(*(batcher.submit(item) for item in range(100)))
    assert answers == [item * 2 for item in range(100)]
    assert groups == [50, 50]


async def test_a_bad_item_fails_alone() -> None:
    async def work(items: Sequence[int]) -> Sequence[int | Exception]:
        if 13 in items:
            raise ValueError("thirteen")
        return list(items)

    batcher: Batcher[int, int] = Batcher(work)
    answers = await asyncio.gather(
        *(batcher.submit(item) for item in range(30)), return_exceptions=True
    )
    bad = answers.pop(13)
    assert isinstance(bad, ValueError)
    assert answers == [item for item in range(30) if item != 13]


async def test_an_answered_error_is_raised_for_its_own_item() -> None:
    async def work(items: Sequence[int]) -> Sequence[int | Exception]:
        return [KeyError(item) if item == 2 else item for item in items]

    batcher: Batcher[int, int] = Batcher(work)
    answers = await asyncio.gather(
        *(batcher.submit(item) for item in range(4)), return_exceptions=True
    )
    assert isinstance(answers[2], KeyError)
    assert [answers[place] for place in (0, 1, 3)] == [0, 1, 3]


async def test_an_outage_is_not_tried_item_by_item() -> None:
    calls = 0

    async def work(items: Sequence[int]) -> Sequence[int | Exception]:
        nonlocal calls
        calls += 1
        raise LedgerAway("gone")

    batcher: Batcher[int, int] = Batcher(work)
    answers = await asyncio.gather(
        *(batcher.submit(item) for item in range(10)), return_exceptions=True
    )
    assert all(isinstance(answer, LedgerAway) for answer in answers)
    assert calls == 1


async def test_a_caller_who_leaves_disturbs_nobody() -> None:
    started = asyncio.Event()
    go = asyncio.Event()

    async def work(items: Sequence[int]) -> Sequence[int | Exception]:
        started.set()
        await go.wait()
        return list(items)

    batcher: Batcher[int, int] = Batcher(work)
    leaving = asyncio.create_task(batcher.submit(1))
    staying = asyncio.create_task(batcher.submit(2))
    await started.wait()
    leaving.cancel()
    go.set()
    assert await staying == 2
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await batcher.submit(3) == 3
