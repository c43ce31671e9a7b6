"""How long will it take? A caller's wait, a bound that holds for 80 %, and the words. Pure.

First the theory: with `n` ahead, `s` staff who each end a call at the rate `mu`, and
callers who give up at the rate `theta`, the wait is `sum(1 / (s*mu + i*theta), i=0..n)`
(Ibrahim & Whitt 2009). Then what this house has shown: weighted least squares (ridge)
moves that sum by what else can be seen when somebody joins the line. With nothing
learned the theory stands alone, on the values of the configuration. The bound is the
wait times a factor; each call that ended outside its bound raises the factor, each
inside lowers it, so that four of five hold whatever the model does not know.

Only what has ended is learned from. The same calls in the same order give the same
predictor: a process that starts replays the last weeks from the ledger.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVEL: Final = 0.81
"""So many of those who are answered are to wait less than their bound: one more than the 80
we promise, for those who give up when it has passed, of whom the ledger sees no wait."""
PACE_OF: Final = 8
"""So many that were taken last tell the pace at which the line moves."""
MINUTES: Final = (5, 10, 15, 20, 30, 45, 60)
"""What is said: "under 5 minutes". Above the last one only the place in line is said."""

_FORGETS: Final = 0.97
"""What a day is worth the next day: half after three weeks."""
_REFIT_AFTER: Final = 250
"""Calls learned from until the weights are worked out anew on the same day."""
_PRIOR_CALLS: Final = 30.0
"""What the configured times weigh against what is seen; for a single hour, those of all hours."""
_RIDGE: Final = 3.0
_STEP: Final = 0.015
"""How fast the factor follows, in each of its three parts: a bound that failed raises it
by 1.2 %, one that held lowers it by 0.3 %, which is in balance at the level."""
_SLOWEST_S: Final = 75.0
"""A slower pace than this says only that nobody waited."""
_STEADY: Final = 3.0
"""The wait is never said to be more than so many times more or less than the theory gives."""
_SHORTEST_S: Final = 5.0
_SIZES_S: Final = (30.0, 60.0, 90.0, 130.0, 180.0, 260.0, 400.0)
"""The factor is larger for short waits than for long ones: each size has its own part of it."""


@dataclass(frozen=True, slots=True)
class Start:
    """What the configuration says, for as long as little has been seen."""

    handling_s: float = 300.0
    """How long a call takes a caseworker, with what must be written after it."""
    patience_s: float = 600.0
    """How long a caller waits before giving up, on average."""
    factor: float = 1.85
    """The bound, in waits."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What can be seen when somebody joins the line, or while they stand in it."""

    line: str
    hour: int
    """Local time, 0 to 23."""
    priority: int
    ahead: int
    """Callers who will be taken before, by priority and `virtual_since`."""
    callbacks_ahead: int
    """Callbacks that are due and will be made before."""
    ahead_by_line: tuple[tuple[str, int], ...]
    """Both of them by line, where caseworkers serve several; a line with nobody is left out."""
    staff: int
    """Caseworkers who take calls from this line now: talking, wrapping up or free."""
    head_s: float
    """How long the longest-waiting of those ahead on the same line has waited; 0 for nobody."""
    recent_s: float
    """The waits of those taken from the same line lately, averaged by `recent`."""
    pace_s: float
    """Mean seconds between the last `PACE_OF` that were taken from any line, until now."""
    joined: int
    """Callers who began to wait in the last ten minutes."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The wait from now on, in seconds."""

    mean_s: float
    bound_s: float
    theory_s: float
    """By the sum alone, with what was known of handling and patience at that hour."""
    seen: Situation


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that is over: what was estimated when it joined the line, and what came of it."""

    day: date
    hour: int
    """Local time, when it joined the line."""
    waited_s: float
    handled_s: float | None
    """None when the caller gave up."""
    estimate: Estimate | None
    """None when it did not wait, or when nothing could be said."""


@dataclass(frozen=True, slots=True)
class Said:
    """One announcement: "under `minutes` minutes", `waited_s` after joining the line."""

    waited_s: float
    minutes: int | None
    """None: longer than we say in minutes."""

    @property
    def until_s(self) -> float:
        """The wait in all that was promised, counted from when the caller joined."""
        return math.inf if self.minutes is None else self.waited_s + self.minutes * 60


def recent(before_s: float, waited_s: float) -> float:
    """The running mean for `Situation.recent_s`, after one more was taken (0 s if at once)."""
    return before_s + (waited_s - before_s) / 5


def theory(ahead: int, staff: int, mu: float, theta: float) -> float:
    """Mean wait in seconds behind `ahead` others; `staff` is at least 1."""
    return float((1.0 / (staff * mu + np.arange(ahead + 1) * theta)).sum())


def say(
    estimate: Estimate, waited_s: float, before: Said | None, minutes: Sequence[int] = MINUTES
) -> Said:
    """What to tell the caller now, after `waited_s` seconds in line.

    A wait that has become longer is said at once. A shorter one than was said before
    is said only when it is true with room to spare (half again the bound): otherwise
    what is left of the earlier promise is repeated, so that it never goes down and up.
    """
    words = _under(estimate.bound_s, minutes)
    if before is None or waited_s + _seconds(words) >= before.until_s:
        return Said(waited_s, words)
    surely = _under(estimate.bound_s * 1.5, minutes)
    left = _under(before.until_s - waited_s, minutes)
    return Said(waited_s, min(surely, left, key=_seconds))


def _seconds(words: int | None) -> float:
    return math.inf if words is None else words * 60.0


def _under(seconds: float, minutes: Sequence[int]) -> int | None:
    return next((each for each in minutes if seconds <= each * 60), None)


class Waiting:
    """Predicts, and learns from each call that ended."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._rates = _Rates(start)
        self._weights = _Weights()
        self._bound = _Bound(start.factor)
        self._day: date | None = None
        self._new = 0

    def estimate(self, seen: Situation) -> Estimate | None:
        """The wait of a caller for whom nobody is free; None when nobody is at work."""
        if seen.staff < 1:
            return None
        mu, theta = self._rates.at(seen.hour)
        pure = theory(seen.ahead + seen.callbacks_ahead, seen.staff, mu, theta)
        usual = pure * self._rates.ratio
        mean = self._weights.apply(_features(seen, pure))
        mean = max(_SHORTEST_S, usual / _STEADY, min(mean, usual * _STEADY))
        return Estimate(mean, mean * self._bound.factor(mean, seen), pure, seen)

    def learn(self, call: Ended) -> None:
        """Takes in a call that is over. Call it in the order in which they ended."""
        if self._day is not None and call.day > self._day:
            kept = _FORGETS ** (call.day - self._day).days
            self._rates.forget(kept)
            self._weights.forget(kept)
            self._refit()
        self._day = max(call.day, self._day or call.day)
        self._rates.add(call)
        said = call.estimate
        if said is None or call.handled_s is None:
            return
        self._weights.add(_features(said.seen, said.theory_s), call.waited_s)
        self._bound.follow(said, call.waited_s <= said.bound_s)
        self._new += 1
        if self._new >= _REFIT_AFTER:
            self._refit()

    def _refit(self) -> None:
        self._new = 0
        self._weights.solve()

    def weights(self) -> dict[str, float]:
        """What has been learned: how much of each thing seen (see `_features`) goes into a wait."""
        return self._weights.explained()


def _features(seen: Situation, pure: float) -> dict[str, float]:
    """What moves the wait: hundreds of seconds, tens of callers, or 1."""
    ahead = seen.ahead + seen.callbacks_ahead
    features = {
        "theory": pure / 100,
        "always": 1.0,
        "head": seen.head_s / 100,
        "recent": seen.recent_s / 100,
        "pace": min(seen.pace_s, _SLOWEST_S) * ahead / 100,
        "ahead": ahead / 10,
        "ahead, same line": dict(seen.ahead_by_line).get(seen.line, 0) / 10,
        "joined": seen.joined / 10,
        f"priority {seen.priority}": 1.0,
        f"line {seen.line}": 1.0,
        f"theory, line {seen.line}": pure / 100,
        f"theory, priority {seen.priority}": pure / 100,
    }
    for line, number in seen.ahead_by_line:
        features[f"ahead, of {line}"] = number / 10
    return features


class _Rates:
    """How fast calls are handled (mu) and given up (theta), by hour, per second."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._handled = np.zeros((24, 2))
        """Calls, and their seconds."""
        self._given_up = np.zeros((24, 2))
        """Callers who gave up, and all seconds of waiting."""
        self._waited = np.zeros(2)
        """Seconds of waiting, and what theory gave for the same calls."""

    @property
    def ratio(self) -> float:
        """How much longer waits are than the theory gives."""
        prior = _PRIOR_CALLS * self._start.handling_s
        return float((prior + self._waited[0]) / (prior + self._waited[1]))

    def at(self, hour: int) -> tuple[float, float]:
        mu = _shrunk(self._handled, hour, 1 / self._start.handling_s)
        return mu, _shrunk(self._given_up, hour, 1 / self._start.patience_s)

    def add(self, call: Ended) -> None:
        self._given_up[call.hour] += (call.handled_s is None, call.waited_s)
        if call.handled_s is None:
            return
        self._handled[call.hour] += (1.0, call.handled_s)
        if call.estimate is not None:
            self._waited += (call.waited_s, call.estimate.theory_s)

    def forget(self, kept: float) -> None:
        for sums in (self._handled, self._given_up, self._waited):
            sums *= kept


def _shrunk(sums: NDArray[np.float64], hour: int, configured: float) -> float:
    """The rate at an hour: little seen there, the rate of all hours; little at all, config."""
    calls, seconds = sums.sum(axis=0)
    overall = (_PRIOR_CALLS + calls) / (_PRIOR_CALLS / configured + seconds)
    calls, seconds = sums[hour]
    return float((_PRIOR_CALLS + calls) / (_PRIOR_CALLS / overall + seconds))


class _Weights:
    """Least squares over what was seen, drawn towards the theory; columns come as they are met."""

    def __init__(self) -> None:
        self._column: dict[str, int] = {}
        self._products = np.zeros((0, 0))
        self._with_wait = np.zeros(0)
        self._value: dict[str, float] = {"theory": 1.0}

    def apply(self, features: dict[str, float]) -> float:
        known = self._value
        return 100 * sum(known.get(name, 0.0) * size for name, size in features.items())

    def add(self, features: dict[str, float], waited_s: float) -> None:
        at = [self._column.setdefault(name, len(self._column)) for name in features]
        missing = len(self._column) - len(self._with_wait)
        if missing:
            self._products = np.pad(self._products, (0, missing))
            self._with_wait = np.pad(self._with_wait, (0, missing))
        sizes = np.fromiter(features.values(), float)
        self._products[np.ix_(at, at)] += np.outer(sizes, sizes)
        self._with_wait[at] += sizes * (waited_s / 100)

    def forget(self, kept: float) -> None:
        self._products *= kept
        self._with_wait *= kept

    def solve(self) -> None:
        if not self._column:
            return
        start = np.array([float(name == "theory") for name in self._column])
        found = start + np.linalg.solve(
            self._products + _RIDGE * np.eye(len(start)),
            self._with_wait - self._products @ start,
        )
        self._value = dict(zip(self._column, map(float, found), strict=True))

    def explained(self) -> dict[str, float]:
        return dict(self._value)


class _Bound:
    """The factor from the wait to its bound: by size, hour and line, each following what ended."""

    def __init__(self, factor: float) -> None:
        self._start = math.log(factor)
        self._moved: defaultdict[str, float] = defaultdict(float)

    def factor(self, mean_s: float, seen: Situation) -> float:
        moved = sum(self._moved.get(part, 0.0) for part in _parts(mean_s, seen))
        return math.exp(self._start + min(max(moved, -2.0), 2.0))

    def follow(self, estimate: Estimate, held: bool) -> None:
        for part in _parts(estimate.mean_s, estimate.seen):
            self._moved[part] += _STEP * (LEVEL - 1 if held else LEVEL)


def _parts(mean_s: float, seen: Situation) -> tuple[str, str, str]:
    size = sum(mean_s > edge for edge in _SIZES_S)
    return (f"size {size}", f"hour {seen.hour}", f"line {seen.line}")
