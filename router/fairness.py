"""Is one group served worse than another? Shares compared, with what chance may do. Pure.

Intervals are Wilson's for one share and Newcombe's (method 10) for the difference
of two, both at 95 %: they hold for few people and for shares near 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Final

Z: Final = 1.959963984540054
"""95 % of a normal distribution lies within so many standard deviations."""
FEWEST_COMPARED: Final = 20
"""In either group; below that nothing is said."""
ALIKE_WITHIN: Final = 0.10
"""An interval that lies within so many hundredths on both sides of 0 says: alike."""


class Says(StrEnum):
    """What a comparison tells."""

    HIGHER = "higher"
    LOWER = "lower"
    ALIKE = "alike"
    """If there is a difference it is smaller than ten percentage points."""
    TOO_FEW = "too_few"
    """Too few to say: chance alone could make the difference, or hide one."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def rate(self) -> float:
        return self.count / self.of

    def interval(self) -> tuple[float, float]:
        """Between what the true share lies, at 95 % (Wilson)."""
        n, p = self.of, self.rate
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A group's share beside that of the group that it is compared with."""

    share: Share
    other: Share
    difference: float
    low: float
    high: float
    says: Says


def compare(share: Share, other: Share) -> Comparison | None:
    """`share` beside `other`; None when one of them is of nobody."""
    if not share.of or not other.of:
        return None
    difference = share.rate - other.rate
    low_one, high_one = share.interval()
    low_two, high_two = other.interval()
    low = difference - sqrt((share.rate - low_one) ** 2 + (high_two - other.rate) ** 2)
    high = difference + sqrt((high_one - share.rate) ** 2 + (other.rate - low_two) ** 2)
    if min(share.of, other.of) < FEWEST_COMPARED:
        says = Says.TOO_FEW
    elif low > 0:
        says = Says.HIGHER
    elif high < 0:
        says = Says.LOWER
    elif low >= -ALIKE_WITHIN and high <= ALIKE_WITHIN:
        says = Says.ALIKE
    else:
        says = Says.TOO_FEW
    return Comparison(share, other, difference, low, high, says)
