"""Shares compared: against published examples, and plain about too few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fairness import Says, Share, compare


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # Newcombe (1998), "Interval estimation for the difference between independent
        # proportions", table II, method 10.
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(6, 7), Share(2, 7), 0.0582, 0.8062),
        (Share(5, 56), Share(0, 29), -0.0381, 0.1926),
        (Share(0, 10), Share(0, 20), -0.1611, 0.2775),
        (Share(10, 10), Share(0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_as_published(one: Share, other: Share, low: float, high: float) -> None:
    found = compare(one, other)
    assert found is not None
    assert found.low == pytest.approx(low, abs=0.0001)
    assert found.high == pytest.approx(high, abs=0.0001)


def test_wilson_as_published() -> None:
    # Wilson's interval for 81 of 263 (Newcombe 1998, "Two-sided confidence intervals").
    low, high = Share(81, 263).interval()
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=0.0001)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (Share(9, 10), Share(900, 1000), Says.TOO_FEW),
        (Share(15, 30), Share(24, 40), Says.TOO_FEW),
        (Share(700, 1000), Share(900, 1000), Says.LOWER),
        (Share(900, 1000), Share(700, 1000), Says.HIGHER),
        (Share(900, 1000), Share(905, 1000), Says.ALIKE),
    ],
)
def test_what_it_says(one: Share, other: Share, says: Says) -> None:
    found = compare(one, other)
    assert found is not None
    assert found.says is says


def test_nobody_is_compared_with_nobody() -> None:
    assert compare(Share(0, 0), Share(5, 9)) is None
    assert compare(Share(5, 9), Share(0, 0)) is None


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_the_difference_lies_in_its_interval(n: int, m: int, data: st.DataObject) -> None:
    one = Share(data.draw(st.integers(0, n)), n)
    other = Share(data.draw(st.integers(0, m)), m)
    found = compare(one, other)
    turned = compare(other, one)
    assert found is not None
    assert turned is not None
    assert -1 - 1e-9 <= found.low <= found.difference + 1e-9
    assert found.difference - 1e-9 <= found.high <= 1 + 1e-9
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))
