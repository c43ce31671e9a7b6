"""Small numbers: nothing that is hidden can be computed from what is shown."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from router.suppression import FEWEST, Cell, Mark, Sum, Suppressed

Place = tuple[int, int]


def table(numbers: list[list[int]]) -> tuple[dict[Place, Cell], list[Sum[Place]]]:
    """A table with its totals in row 0 and column 0."""
    rows, columns = len(numbers), len(numbers[0])
    values: dict[Place, int] = {}
    for row, column in product(range(rows + 1), range(columns + 1)):
        wanted_rows = [row - 1] if row else range(rows)
        wanted_columns = [column - 1] if column else range(columns)
        values[row, column] = sum(numbers[r][c] for r in wanted_rows for c in wanted_columns)
    sums = [Sum((0, c), tuple((r, c) for r in range(1, rows + 1))) for c in range(columns + 1)] + [
        Sum((r, 0), tuple((r, c) for c in range(1, columns + 1))) for r in range(rows + 1)
    ]
    return {place: Cell(value, min(value, FEWEST)) for place, value in values.items()}, sums


def suppressed(numbers: list[list[int]]) -> tuple[dict[Place, Cell], Suppressed[Place]]:
    cells, sums = table(numbers)
    return cells, Suppressed(cells, sums)


def test_large_numbers_are_shown_and_so_is_nothing() -> None:
    cells, hidden = suppressed([[10, 20], [0, 7]])
    assert all(hidden.shown(place) == cell.value for place, cell in cells.items())


def test_a_small_number_is_not_the_total_less_the_others() -> None:
    _, hidden = suppressed([[3], [20], [50]])
    assert hidden.mark((1, 1)) is Mark.FEW
    # The smallest of the others goes with it, and no more than that.
    assert hidden.mark((2, 1)) is Mark.HIDDEN
    assert hidden.shown((3, 1)) == 50
    assert hidden.shown((0, 0)) == 73


def test_two_ones_that_make_two_are_not_given_away() -> None:
    # Whoever sees 12 - 10 = 2 and two numbers hidden as small knows that both are 1.
    _, hidden = suppressed([[1], [1], [10]])
    assert hidden.mark((3, 1)) is Mark.HIDDEN


def test_few_contacts_with_many_promises_are_hidden_too() -> None:
    cells = {"all": Cell(60, FEWEST), "busy": Cell(12, 2), "others": Cell(48, FEWEST)}
    hidden = Suppressed(cells, [Sum("all", ("busy", "others"))])
    assert hidden.mark("busy") is Mark.HIDDEN
    assert hidden.shown("others") is None


def test_what_is_hidden_elsewhere_is_hidden_here() -> None:
    cells = {"all": Cell(60, FEWEST), "one": Cell(12, FEWEST), "other": Cell(48, FEWEST)}
    hidden = Suppressed(cells, [Sum("all", ("one", "other"))], also=["all"])
    assert hidden.shown("all") is None
    assert hidden.shown("one") is None


def test_everybody_is_one() -> None:
    cells, hidden = suppressed([[1, 1], [1, 1]])
    assert not any(hidden.shown(place) for place in cells)


small_tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 9, 30]), min_size=width, max_size=width),
        min_size=1,
        max_size=5,
    )
)


@settings(max_examples=400)
@given(numbers=small_tables)
def test_no_sum_of_shown_numbers_gives_a_small_one(numbers: list[list[int]]) -> None:
    """Linear algebra by another way: the cell would be fixed if no solution moved it."""
    cells, sums = table(numbers)
    hidden = Suppressed(cells, sums)
    unknown = [place for place in cells if hidden.mark(place) is not None]
    equations = np.array(
        [[-1 if place == s.total else int(place in s.parts) for place in unknown] for s in sums]
    ).reshape(len(sums), len(unknown))
    for number, place in enumerate(unknown):
        if not cells[place].is_small:
            continue
        with_it = np.vstack([equations, np.eye(len(unknown))[number]])
        assert np.linalg.matrix_rank(with_it) > np.linalg.matrix_rank(equations), place


@settings(max_examples=80)
@given(
    numbers=st.lists(
        st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 7]), min_size=2, max_size=2),
        min_size=2,
        max_size=3,
    )
)
def test_no_guessing_gives_a_small_one(numbers: list[list[int]]) -> None:
    """Every table that a reader who knows the rules can think of: a small number takes
    at least two values among them."""
    cells, sums = table(numbers)
    hidden = Suppressed(cells, sums)
    inner = [place for place in cells if place[0] and place[1]]
    grids = np.meshgrid(*(_guesses(hidden, place, cells) for place in inner), indexing="ij")
    whole = dict(zip(inner, (grid.ravel() for grid in grids), strict=True))
    for one in sums[1:3] + sums[3:] + sums[:1]:
        if one.total not in whole:
            whole[one.total] = np.sum([whole[part] for part in one.parts], axis=0)
    fits = np.ones(len(whole[inner[0]]), dtype=bool)
    for place in cells:
        if place not in inner:
            fits &= np.isin(whole[place], _guesses(hidden, place, cells))
    assert fits.any()
    for place, cell in cells.items():
        values = set(np.unique(whole[place][fits]).tolist())
        assert cell.value in values
        assert not cell.is_small or len(values) > 1, place


def _guesses(
    hidden: Suppressed[Place], place: Place, cells: dict[Place, Cell]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    mark = hidden.mark(place)
    if mark is None:
        return np.array([cells[place].value])
    if mark is Mark.FEW:
        return np.arange(1, FEWEST)
    return np.arange(10 if place[0] and place[1] else 60)


def test_bounds_hold_the_truth() -> None:
    cells, hidden = suppressed([[98, 2], [500, 200]])
    for place, at in hidden.bounds().items():
        assert at.low <= cells[place].value <= at.high
        assert at.low < at.high
