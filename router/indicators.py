"""Indicators (nøgletal) as data: what was kept, how long people waited, who came again. Pure.

Definitions stand in docs/indicators.md. Counts are put together from the rows of
`queries/indicators.sql`, small numbers are hidden (`router.suppression`), and groups
are compared (`router.fairness`). `router.indicator_reading` asks the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from router.errors import SenderError
from router.fairness import Comparison, Share, compare
from router.suppression import FEWEST, Bounds, Cell, Sum, Suppressed

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DIMENSIONS: Final = ("kind", "department", "group", "language", "channel")
"""What can be counted by. A contact has no kind of its own: it may carry several promises."""
COMPARED: Final = ("group", "language")
"""Where groups are compared with the largest one."""

PROMISE_SUMS: Final = {
    "promises": ("to_keep", "withdrawn"),
    "to_keep": ("kept_in_time", "not_in_time"),
    "not_in_time": ("kept_late", "withdrawn_late", "unreachable", "open_late"),
}
TRIED: Final = ("tried", "not_tried")
"""The other way to part those that were not kept in time: had we tried to call by then?"""
CONTACT_SUMS: Final = (
    ("contacts", ("met", "waiting", "no_wait")),
    ("contacts", ("first_time", "repeats", "unknown_party")),
    ("contacts", ("shorter", "longer", "undecided")),
)
PROMISE_MEASURES: Final = (
    "promises", "withdrawn", "to_keep", "kept_in_time", "not_in_time", "kept_late",
    "withdrawn_late", "unreachable", "open_late", "tried", "not_tried",
)  # fmt: skip
CONTACT_MEASURES: Final = (
    "contacts", "met", "waiting", "no_wait", "first_time", "repeats", "unknown_party",
    "shorter", "longer", "undecided",
)  # fmt: skip

_EARLIEST, _LATEST = date(2000, 1, 1), date(2199, 12, 31)
_WIDEST: Final = 0.1
"""A share that is hidden is given as a range when it is known this well."""


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included."""

    first: date
    last: date
    start: datetime
    """UTC."""
    end: datetime
    """UTC; not part of it."""


def read_period(first: str, last: str, zone: ZoneInfo, now: datetime) -> Period:
    """The days from `first` to `last` (like 2026-11-01) in `zone`.

    Raises SenderError `bad_period` that says what was expected.
    """
    begin, end = _read_day(first, "from"), _read_day(last, "until")
    if end < begin:
        raise SenderError("bad_period", f"until ({end}) lies before from ({begin}).")
    if begin > now.astimezone(zone).date():
        raise SenderError("bad_period", f"from ({begin}) lies in the future.")
    return Period(begin, end, _midnight(begin, zone), _midnight(end + timedelta(days=1), zone))


def read_dimensions(text: str) -> tuple[str, ...]:
    """What to count by, from names with commas between; all when empty. Raises SenderError."""
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    for name in wanted:
        if name not in DIMENSIONS:
            raise SenderError(
                "bad_filter", f"by: there is no {name[:40]}; there are {', '.join(DIMENSIONS)}."
            )
    return tuple(name for name in DIMENSIONS if name in wanted) or DIMENSIONS


def _read_day(text: str, name: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise SenderError("bad_period", f"{name} must be a date like 2026-11-30.")
    if not _EARLIEST <= day <= _LATEST:
        raise SenderError("bad_period", f"{name} must lie between {_EARLIEST} and {_LATEST}.")
    return day


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0, 0), zone).astimezone(UTC)


class Key(NamedTuple):
    """One number: `measure` of those whose `by` is `value`; of all when `by` is empty."""

    by: str
    value: str
    measure: str


@dataclass(slots=True)
class Count:
    """A number, and which contacts are behind it as long as they are few."""

    number: int = 0
    few: set[int] | None = field(default_factory=set)

    def add(self, number: int, few: Iterable[int] | None) -> None:
        self.number += number
        if self.few is None:
            return
        if few is None:
            self.few = None
        else:
            self.few.update(few)
            if len(self.few) >= FEWEST:
                self.few = None

    def cell(self) -> Cell:
        return Cell(self.number, FEWEST if self.few is None else len(self.few))


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a group waited for a person, in seconds: infinite while most still wait."""

    people: int
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of one group. None where one is hidden; `marks` says why."""

    by: str
    value: str
    numbers: Mapping[str, float | None]
    marks: Mapping[str, str]
    ranges: Mapping[str, tuple[float, float]]
    """For shares that are hidden: between what they lie, as the shown numbers tell anyway."""
    kept: Beside | None = None
    waited: Beside | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """A group beside the largest one. The numbers are left out when one of them is hidden."""

    other: str
    says: str
    numbers: Comparison | None


Counts = dict[Key, Count]


def count_promises(rows: Iterable[Mapping[str, Any]], counts: Counts) -> None:
    """Add the rows of the query `promises` to every total that they are part of."""
    for row in rows:
        measures = _promise_measures(row["became"], tried=row["tried"])
        for by, value in _places(row, DIMENSIONS):
            for measure in PROMISE_MEASURES:
                count = counts.setdefault(Key(by, value, measure), Count())
                if measure in measures:
                    count.add(row["promises"], row["few"])


def count_contacts(rows: Iterable[Mapping[str, Any]], counts: Counts) -> None:
    """The same for the query `contacts`, whose rows count contacts themselves."""
    for row in rows:
        numbers = {measure: row[measure] for measure in CONTACT_MEASURES if measure != "undecided"}
        numbers["undecided"] = row["contacts"] - row["longer"] - row["shorter"]
        for by, value in _places(row, DIMENSIONS[1:]):
            for measure, number in numbers.items():
                count = counts.setdefault(Key(by, value, measure), Count())
                count.number += number
                # Each is another contact: their numbers stand for them.
                count.few = set(range(count.number)) if count.number < FEWEST else None


def _places(row: Mapping[str, Any], dimensions: Sequence[str]) -> list[tuple[str, str]]:
    return [("", ""), *((by, row[by]) for by in dimensions)]


def _promise_measures(became: str, *, tried: bool) -> set[str]:
    if became == "withdrawn":
        return {"promises", "withdrawn"}
    if became == "kept_in_time":
        return {"promises", "to_keep", "kept_in_time"}
    return {"promises", "to_keep", "not_in_time", became, "tried" if tried else "not_tried"}


def sums_of(counts: Counts) -> Iterator[Sum[Key]]:
    """Every way in which these numbers add up."""
    groups = {(key.by, key.value) for key in counts}
    ways = [*PROMISE_SUMS.items(), ("not_in_time", TRIED), *CONTACT_SUMS]
    for by, value in groups:
        for total, parts in ways:
            if Key(by, value, total) in counts:
                yield Sum(Key(by, value, total), tuple(Key(by, value, part) for part in parts))
    for by in {by for by, _ in groups} - {""}:
        values = sorted(value for other, value in groups if other == by)
        for measure in (*PROMISE_MEASURES, *CONTACT_MEASURES):
            places = [Key(by, value, measure) for value in values]
            present = tuple(key for key in places if key in counts)
            if present and Key("", "", measure) in counts:
                yield Sum(Key("", "", measure), present)


def hide(counts: Counts, also: Iterable[Key] = ()) -> Suppressed[Key]:
    """The numbers of one report with the small ones hidden."""
    cells = {key: count.cell() for key, count in counts.items()}
    return Suppressed(cells, sums_of(counts), [key for key in also if key in cells])


class Table:
    """Rows of a report, made one at a time."""

    def __init__(
        self,
        counts: Counts,
        hidden: Suppressed[Key],
        waits: Mapping[tuple[str, str], Wait],
    ) -> None:
        self._counts = counts
        self._hidden = hidden
        self._bounds = hidden.bounds()
        self._waits = waits
        self._largest = {by: self._largest_of(by) for by in COMPARED}

    def rows(self, dimensions: Sequence[str]) -> Iterator[Row]:
        """The total first, then each group of each dimension."""
        groups = sorted({(key.by, key.value) for key in self._counts})
        for by in ("", *dimensions):
            for value in (value for other, value in groups if other == by):
                yield self._row(by, value)

    def _row(self, by: str, value: str) -> Row:
        numbers: dict[str, float | None] = {}
        marks: dict[str, str] = {}
        for measure in (*PROMISE_MEASURES, *CONTACT_MEASURES):
            key = Key(by, value, measure)
            if key not in self._counts:
                continue
            numbers[measure] = self._hidden.shown(key)
            mark = self._hidden.mark(key)
            if mark is not None:
                marks[measure] = mark
        ranges = self._shares(by, value, numbers, marks)
        self._wait(by, value, numbers, marks)
        other = self._largest.get(by)
        return Row(
            by,
            value,
            numbers,
            marks,
            ranges,
            self._beside(by, value, other, "kept_in_time", "not_in_time", "to_keep"),
            self._beside(by, value, other, "longer", "shorter", None),
        )

    def _shares(
        self, by: str, value: str, numbers: dict[str, float | None], marks: dict[str, str]
    ) -> dict[str, tuple[float, float]]:
        ranges = {}
        if "to_keep" in numbers:
            kept, all_of_them = (
                self._known(by, value, "kept_in_time"),
                self._known(by, value, "to_keep"),
            )
            share = _share(kept, all_of_them)
            numbers["kept_in_time_rate"] = None
            if share is not None and share[0] == share[1]:
                numbers["kept_in_time_rate"] = round(share[0], 4)
            elif share is not None and share[1] - share[0] <= _WIDEST:
                ranges["kept_in_time_rate"] = share
            if share is not None and share[0] != share[1]:
                marks["kept_in_time_rate"] = ".."
        if "repeats" in numbers:
            repeats, first_time = numbers["repeats"], numbers["first_time"]
            numbers["repeat_rate"] = None
            if repeats is None or first_time is None:
                marks["repeat_rate"] = ".."
            elif repeats + first_time:
                numbers["repeat_rate"] = round(repeats / (repeats + first_time), 4)
        return ranges

    def _known(self, by: str, value: str, measure: str) -> Bounds:
        key = Key(by, value, measure)
        number = self._hidden.shown(key)
        return self._bounds[key] if number is None else Bounds(number, number)

    def _wait(
        self, by: str, value: str, numbers: dict[str, float | None], marks: dict[str, str]
    ) -> None:
        wait = self._waits.get((by, value))
        if wait is None or "contacts" not in numbers:
            return
        for name, seconds, fewest in (
            ("median_minutes", wait.median, FEWEST),
            ("p90_minutes", wait.p90, 2 * FEWEST),
        ):
            numbers[name] = None
            if not wait.people:
                continue
            if wait.people < fewest:
                marks[name] = ".."
            elif seconds == float("inf"):
                marks[name] = "waiting"
            else:
                numbers[name] = round(seconds / 60)

    def _largest_of(self, by: str) -> str | None:
        values = [(key.value, c.number) for key, c in self._counts.items()
                  if key.by == by and key.measure in ("promises", "contacts")]  # fmt: skip
        return max(values, key=lambda found: (found[1], found[0]), default=(None, 0))[0]

    def _beside(
        self, by: str, value: str, other: str | None, part: str, rest: str, whole: str | None
    ) -> Beside | None:
        """The share of `part` in `part` and `rest`, beside the largest group's."""
        if other is None or other == value:
            return None
        shares = [self._share_of(by, each, part, rest) for each in (value, other)]
        found = compare(*shares)
        if found is None:
            return None
        used = (part, rest) if whole is None else (part, rest, whole)
        hidden = any(
            self._hidden.mark(Key(by, each, measure)) is not None
            for each in (value, other)
            for measure in used
        )
        return Beside(other, found.says, None if hidden else found)

    def _share_of(self, by: str, value: str, part: str, rest: str) -> Share:
        count = self._number(Key(by, value, part))
        return Share(count, count + self._number(Key(by, value, rest)))

    def _number(self, key: Key) -> int:
        return self._counts[key].number if key in self._counts else 0


def _share(part: Bounds, whole: Bounds) -> tuple[float, float] | None:
    """Between what a share lies; None when it is of nothing."""
    if whole.high <= 0:
        return None
    high = 1.0 if whole.low <= 0 else min(1.0, part.high / whole.low)
    return part.low / whole.high, high
