"""Large structures are taken apart a little at a time, and only what nobody else holds."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable

import pytest

from router import breathing
from router.breathing import breathe, unhurried
from router.letting_go import let_go


class Leaf:
    pass


def test_what_only_the_roots_held_is_gone() -> None:
    leaf = Leaf()
    gone = weakref.ref(leaf)
    roots: list[object] = [{"a": [leaf]}, (leaf,)]
    del leaf
    let_go(roots)
    assert roots == []
    assert gone() is None


def test_what_somebody_else_holds_stays_whole() -> None:
    leaf = Leaf()
    kept = {"leaf": [leaf]}
    let_go([{"kept": kept}])
    assert kept == {"leaf": [leaf]}


def test_closures_are_followed_and_modules_are_not() -> None:
    leaf = Leaf()
    gone = weakref.ref(leaf)

    def asking(held: Leaf) -> Callable[[], object]:
        return lambda: (held, threading)

    asks = [asking(leaf)]
    del leaf
    roots: list[object] = [asks]
    del asks
    let_go(roots)
    assert gone() is None
    assert threading.current_thread() is not None


def test_no_single_step_is_large() -> None:
    """The top goes first, while the list still holds what it held."""
    order: list[int] = []
    chain: list[object] = []
    for number in range(100):
        leaf = Leaf()
        weakref.finalize(leaf, order.append, number)
        chain = [leaf, chain]
    roots: list[object] = [chain]
    del chain, leaf
    let_go(roots)
    assert order == list(range(99, -1, -1))


def test_only_an_unhurried_thread_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        rests.append(seconds)
        now += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    breathe()
    now = 5.0
    breathe()
    assert rests == []
    with unhurried():
        breathe()
        now += 0.004
        breathe()
        breathe()
        now += 60.0
        breathe()
    now += 1.0
    breathe()
    assert rests == [pytest.approx(0.006), pytest.approx(0.1)]


def test_each_thread_for_itself() -> None:
    took: list[float] = []

    def work() -> None:
        begun = time.perf_counter()
        for _ in range(100_000):
            breathe()
        took.append(time.perf_counter() - begun)

    with unhurried():
        other = threading.Thread(target=work)
        other.start()
        other.join()
    assert breathing._turn.due == float("inf")
    assert len(took) == 1
