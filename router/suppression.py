"""Small numbers are hidden (diskretionering), and so is what would give them away. Pure.

Cells are counts that add up in known ways: a total and its parts. A cell with
few people behind it is hidden. Where it could still be worked out, from one sum
or from several together, another cell is hidden with it, the smallest that does,
until nothing hidden can be computed from what is shown. A reader may know these
rules; that is reckoned with.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isinf
from typing import Final, Generic, TypeVar

FEWEST: Final = 5
"""Contacts behind a number that may be shown."""

_PRIME: Final = 2**61 - 1
_ROUNDS: Final = 100

KeyT = TypeVar("KeyT", bound=Hashable)


class Mark(StrEnum):
    """Why a number is not there."""

    FEW = "<5"
    """It is 1, 2, 3 or 4."""
    HIDDEN = ".."
    """With it another hidden number could be computed, or few contacts are behind it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A count, and how many contacts are behind it (0 to FEWEST; more is all the same)."""

    value: int
    contacts: int

    @property
    def is_small(self) -> bool:
        return 0 < self.contacts < FEWEST


@dataclass(frozen=True, slots=True)
class Sum(Generic[KeyT]):
    """`total` is what `parts` add up to. A reader knows that."""

    total: KeyT
    parts: tuple[KeyT, ...]

    def signs(self) -> list[tuple[KeyT, int]]:
        """As an equation: these cells, with these signs, make nothing."""
        return [(self.total, -1), *((part, 1) for part in self.parts)]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what numbers a reader knows that a cell lies."""

    low: float
    high: float


class Suppressed(Generic[KeyT]):
    """Which cells are shown. `also` are hidden whatever they hold: they are elsewhere."""

    def __init__(
        self,
        cells: Mapping[KeyT, Cell],
        sums: Iterable[Sum[KeyT]],
        also: Iterable[KeyT] = (),
    ) -> None:
        self._cells = cells
        self._equations = [equation.signs() for equation in sums]
        self._guarded = {key for key, cell in cells.items() if cell.is_small} | set(also)
        self._marks: dict[KeyT, Mark] = {
            key: Mark.FEW if cells[key].is_small and cells[key].value < FEWEST else Mark.HIDDEN
            for key in self._guarded
        }
        while given_away := self._given_away() & self._guarded:
            self._hide_beside(given_away)

    def mark(self, key: KeyT) -> Mark | None:
        """Why the cell is empty; None when it is shown."""
        return self._marks.get(key)

    def shown(self, key: KeyT) -> int | None:
        """The number, unless it is hidden."""
        return None if key in self._marks else self._cells[key].value

    def bounds(self) -> Mapping[KeyT, Bounds]:
        """What a reader can work out about each hidden cell from all that is shown."""
        low = {key: self._least(key) for key in self._marks}
        high = {
            key: float(FEWEST - 1) if mark is Mark.FEW else inf for key, mark in self._marks.items()
        }
        for _ in range(_ROUNDS):
            if not self._narrow(low, high):
                break
        return {key: Bounds(low[key], high[key]) for key in self._marks}

    def _least(self, key: KeyT) -> float:
        if self._marks[key] is Mark.FEW:
            return 1
        # Whoever knows the rules guesses that it was hidden for the sake of another.
        return FEWEST if self._cells[key].value >= FEWEST else 0

    def _narrow(self, low: dict[KeyT, float], high: dict[KeyT, float]) -> bool:
        """One pass over the sums; whether anything became narrower."""
        narrower = False
        for equation in self._equations:
            known, hidden = self._split(equation)
            terms = []
            least, most = _Total(known), _Total(known)
            for key, sign in hidden:
                at_least, at_most = sorted((sign * low[key], sign * high[key]))
                terms.append((key, sign, at_least, at_most))
                least.add(at_least)
                most.add(at_most)
            for key, sign, at_least, at_most in terms:
                ends = sorted((-sign * least.without(at_least), -sign * most.without(at_most)))
                if ends[0] > low[key]:
                    low[key], narrower = ends[0], True
                if ends[1] < high[key]:
                    high[key], narrower = ends[1], True
        return narrower

    def _split(self, equation: Sequence[tuple[KeyT, int]]) -> tuple[float, list[tuple[KeyT, int]]]:
        hidden = [(key, sign) for key, sign in equation if key in self._marks]
        known = sum(
            sign * self._cells[key].value for key, sign in equation if key not in self._marks
        )
        return float(known), hidden

    def _given_away(self) -> set[KeyT]:
        """Hidden cells that have only one possible value."""
        bounds = self.bounds()
        return {key for key, at in bounds.items() if at.low >= at.high} | self._solved()

    def _solved(self) -> set[KeyT]:
        """Hidden cells that the sums, taken together, determine (Gauss, modulo a prime)."""
        pivots: dict[KeyT, dict[KeyT, int]] = {}
        for equation in self._equations:
            row = {key: sign % _PRIME for key, sign in equation if key in self._marks}
            for key in list(row):
                if key in pivots and key in row:
                    _subtract(row, pivots[key], row[key])
            if not row:
                continue
            pivot = next(iter(row))
            inverse = pow(row[pivot], -1, _PRIME)
            row = {key: value * inverse % _PRIME for key, value in row.items()}
            for other in pivots.values():
                if pivot in other:
                    _subtract(other, row, other[pivot])
            pivots[pivot] = row
        return {pivot for pivot, row in pivots.items() if len(row) == 1}

    def _hide_beside(self, given_away: set[KeyT]) -> None:
        """Hide one more cell beside each one that is given away."""
        helped = False
        touched: set[int] = set()
        for key in sorted(given_away, key=lambda key: self._cells[key].value):
            near = [place for place, signs in enumerate(self._equations) if (key, 1) in signs
                    or (key, -1) in signs]  # fmt: skip
            if touched.intersection(near):
                helped = True
                continue
            # The sum with the fewest hidden cells is the one that tells most.
            near.sort(key=lambda place: sum(k in self._marks for k, _ in self._equations[place]))
            for place in near:
                beside = self._smallest_shown(self._equations[place])
                if beside is not None:
                    self._marks[beside] = Mark.HIDDEN
                    touched.add(place)
                    helped = True
                    break
        if not helped:
            self._say_less(given_away)

    def _smallest_shown(self, equation: Sequence[tuple[KeyT, int]]) -> KeyT | None:
        shown = [
            key
            for key, _ in equation
            if key not in self._marks and self._cells[key].value >= FEWEST
        ]
        return min(shown, key=lambda key: self._cells[key].value, default=None)

    def _say_less(self, given_away: set[KeyT]) -> None:
        """Nothing large is left beside them: be vague about the small ones, then hide zeros."""
        near = {
            key
            for equation in self._equations
            if any(key in given_away for key, _ in equation)
            for key, _ in equation
        }
        vaguer = {key for key in near if self._marks.get(key) is Mark.FEW}
        if not vaguer:
            vaguer = {key for key in near if key not in self._marks}
        if not vaguer:
            vaguer = set(self._cells) - set(self._marks)
        if not vaguer:
            raise ArithmeticError("a number can be computed though all are hidden")
        for key in vaguer:
            self._marks[key] = Mark.HIDDEN


class _Total:
    """A sum that may hold infinite terms and can give one term back."""

    def __init__(self, start: float) -> None:
        self._finite = start
        self._infinite = 0.0
        self._count = 0

    def add(self, term: float) -> None:
        if isinf(term):
            self._infinite, self._count = term, self._count + 1
        else:
            self._finite += term

    def without(self, term: float) -> float:
        """The sum of all terms but this one."""
        if not isinf(term):
            return self._infinite if self._count else self._finite - term
        return self._infinite if self._count > 1 else self._finite


def _subtract(row: dict[KeyT, int], other: Mapping[KeyT, int], times: int) -> None:
    for key, value in other.items():
        left = (row.get(key, 0) - times * value) % _PRIME
        if left:
            row[key] = left
        else:
            row.pop(key, None)
