"""What callers are told about their wait, replayed on a real call centre, beside the peers.

Reads the "Anonymous Bank" calls of the Technion Service Enterprise Engineering laboratory
(not part of this project: by default ../shared/data beside it; several files may be given).
Every call goes through `router.waiting` in the order of time: predicted when it joins the
line, learned from when it has ended and not before. Months before `--test-from` are learned
from only; those after it are predicted as well as learned from, day by day, as in service.

    python -m bench.waits                                     # fit February to April, test May
    python -m bench.waits --test-from 1999-03                 # each month but the first
    python -m bench.waits calls_a.csv.gz calls_b.csv.gz --test-from 1999-06
"""

from __future__ import annotations

import argparse
import csv
import gzip
import heapq
import io
from bisect import bisect_right, insort
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar, Final

import numpy as np

from router.waiting import PACE_OF, Ended, Estimate, Said, Situation, Start, Waiting, recent, say

ROOT: Final = Path(__file__).resolve().parents[1]
DATA: Final = ROOT.parent / "shared" / "data" / "bank_calls_1999_02_05.csv.gz"
_HEAD_START_S: Final = 90
"""Of priority 2, says the description of the data."""
_RECENT_S: Final = 300
_FLOW_S: Final = 600
_SPEAKS_EVERY_S: Final = 60
_LEAVES, _ENDS, _JOINS, _SPEAKS = range(4)
"""What can happen; at the same second, in this order."""
_AT_WORK_S: Final = 900
"""The data does not say who was signed in: whoever had a call in this time."""


@dataclass(frozen=True, slots=True)
class Call:
    """Times in seconds since the year 1, by the wall clock of the call centre."""

    month: str
    day: date
    hour: int
    line: str
    priority: int
    joined: int | None
    """None: taken at once, or gone before the line."""
    left_line: int
    server: str | None
    """None: gave up."""
    handled: int
    over: int

    @property
    def waited(self) -> int:
        return 0 if self.joined is None else self.left_line - self.joined

    @property
    def since(self) -> int:
        start = self.joined if self.joined is not None else self.left_line
        return start - _HEAD_START_S * (self.priority == 2)


def read(path: Path) -> Iterator[Call]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    for row in csv.DictReader(io.StringIO(text)):
        day = datetime.strptime(row["date"], "%y%m%d").replace(tzinfo=UTC).date()
        midnight = day.toordinal() * 86_400
        entered = midnight + _seconds(row["vru_entry"])

        def when(column: str, row: dict[str, str] = row, after: int = entered) -> int:
            at = after - after % 86_400 + _seconds(row[column])
            return at + 86_400 if at < after - 3_600 else at

        queued = int(row["queue_s"])
        joined = when("queue_start") if queued > 0 else None
        answered = row["outcome"] == "AGENT"
        if joined is not None:
            left = joined + queued
        else:
            left = when("service_start") if answered else entered + int(row["vru_s"])
        over = max(left, when("service_exit")) if answered else left
        yield Call(
            month=day.isoformat()[:7],
            day=day,
            hour=(joined or left) // 3_600 % 24,
            line=row["type"],
            priority=int(row["priority"]),
            joined=joined,
            left_line=left,
            server=(row["server"] or "?") if answered else None,
            handled=over - left,
            over=over,
        )


def _seconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


@dataclass
class Window:
    """What happened in the last so many seconds: how often, and the sum."""

    length: int
    seen: deque[tuple[int, float]] = field(default_factory=deque)
    total: float = 0.0

    def add(self, at: int, value: float = 0.0) -> None:
        self.seen.append((at, value))
        self.total += value

    def at(self, now: int) -> Window:
        while self.seen and self.seen[0][0] < now - self.length:
            self.total -= self.seen.popleft()[1]
        return self


class Floor:
    """The call centre at one moment, as the line itself would know it."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int, Call]] = []
        """By virtual_since: the effective order."""
        self.talking: dict[str, int] = defaultdict(int)
        self.last_seen: dict[str, int] = {}
        self.taken = Window(_RECENT_S)
        self.last_taken: deque[int] = deque(maxlen=PACE_OF)
        self.line_recent: defaultdict[str, float] = defaultdict(float)
        self.joined = Window(_FLOW_S)
        self.last_wait = 0.0

    def joins(self, call: Call, number: int, now: int) -> None:
        insort(self.waiting, (call.since, number, call))
        self.joined.add(now)

    def leaves(self, call: Call, number: int, now: int) -> None:
        if call.joined is not None:
            self.waiting.pop(bisect_right(self.waiting, (call.since, number)))
        if call.server is None:
            return
        self.talking[call.server] += 1
        self.last_seen[call.server] = now
        self.last_taken.append(now)
        self.line_recent[call.line] = recent(self.line_recent[call.line], call.waited)
        if call.joined is not None:
            self.taken.add(now, call.waited)
            self.last_wait = call.waited

    def ends(self, server: str, now: int) -> None:
        self.talking[server] -= 1
        self.last_seen[server] = now

    def staff(self, now: int) -> int:
        gone = [
            who
            for who, at in self.last_seen.items()
            if at < now - _AT_WORK_S and not self.talking[who]
        ]
        for who in gone:
            del self.last_seen[who]
        return len(self.last_seen)

    def recent(self, now: int) -> float:
        taken = self.taken.at(now)
        return taken.total / len(taken.seen) if taken.seen else self.last_wait

    def see(self, call: Call, number: int, now: int) -> Situation:
        place = bisect_right(self.waiting, (call.since, number))
        ahead = self.waiting[:place]
        same_line = [now - (each.joined or now) for *_, each in ahead if each.line == call.line]
        return Situation(
            line=call.line,
            hour=now // 3_600 % 24,
            priority=call.priority,
            ahead=sum(each.line != "TT" for *_, each in ahead),
            callbacks_ahead=sum(each.line == "TT" for *_, each in ahead),
            ahead_by_line=tuple(sorted(Counter(each.line for *_, each in ahead).items())),
            staff=max(1, self.staff(now)),
            head_s=float(max(same_line, default=0)),
            recent_s=self.line_recent[call.line],
            pace_s=(now - self.last_taken[0]) / PACE_OF if self.last_taken else 0.0,
            joined=len(self.joined.at(now).seen),
        )


class Asterisk:
    """`app_queue`: hold = (3 * hold + new) / 4 in whole seconds, at each call answered."""

    name: ClassVar[str] = "Asterisk, moving average"

    def __init__(self) -> None:
        self.hold = 0

    def predict(self, floor: Floor, now: int) -> float:
        return self.hold

    def answered(self, call: Call) -> None:
        self.hold = (3 * self.hold + call.waited) >> 2

    def over(self, call: Call) -> None:
        pass


class OpenSips:
    """`call_center`: mean call since the start * calls queued / agents, in whole seconds."""

    name: ClassVar[str] = "OpenSIPS, queue / agents"

    def __init__(self) -> None:
        self.calls = 0
        self.mean = 0.0

    def predict(self, floor: Floor, now: int) -> float:
        return int(self.mean * len(floor.waiting) / max(1, floor.staff(now)))

    def answered(self, call: Call) -> None:
        pass

    def over(self, call: Call) -> None:
        self.calls += 1
        self.mean += (call.handled - self.mean) / self.calls


class FiveMinutes:
    """The mean of those taken in the last five minutes, else the last that was taken."""

    name: ClassVar[str] = "five-minute average"

    def predict(self, floor: Floor, now: int) -> float:
        return floor.recent(now)

    def answered(self, call: Call) -> None:
        pass

    def over(self, call: Call) -> None:
        pass


class LastTaken(FiveMinutes):
    """The wait of the last to enter service."""

    name: ClassVar[str] = "last to enter service"

    def predict(self, floor: Floor, now: int) -> float:
        return floor.last_wait


Peer = Asterisk | OpenSips | FiveMinutes
OURS: Final = "ours"


@dataclass(slots=True)
class Told:
    """A call that waited, and what it would have been told by each."""

    call: Call
    estimate: Estimate
    means: dict[str, float]
    announced: list[Said]


def replay(calls: Iterable[Call], start: Start) -> tuple[list[Told], Waiting]:
    """Everything in the order of time; learned from only what is over."""
    ours = Waiting(start)
    peers: tuple[Peer, ...] = (Asterisk(), OpenSips(), FiveMinutes(), LastTaken())
    floor = Floor()
    told: dict[int, Told] = {}
    events: list[tuple[int, int, int, Call]] = []
    for number, call in enumerate(calls):
        if call.joined is not None:
            events.append((call.joined, _JOINS, number, call))
        if call.joined is not None or call.server is not None:
            events.append((call.left_line, _LEAVES, number, call))
            events.append((call.over, _ENDS, number, call))
    heapq.heapify(events)
    while events:
        now, kind, number, call = heapq.heappop(events)
        if kind == _JOINS:
            estimate = _now(ours, floor, call, number, now)
            means = {peer.name: peer.predict(floor, now) for peer in peers}
            means[OURS] = estimate.mean_s
            told[number] = Told(call, estimate, means, [say(estimate, 0, None)])
            floor.joins(call, number, now)
        elif kind == _SPEAKS:
            said = told[number].announced
            estimate = _now(ours, floor, call, number, now)
            said.append(say(estimate, now - (call.joined or now), said[-1]))
        elif kind == _LEAVES:
            floor.leaves(call, number, now)
            if call.server is not None:
                for peer in peers:
                    peer.answered(call)
        else:
            if call.server is not None:
                floor.ends(call.server, now)
                for peer in peers:
                    peer.over(call)
            known = told.get(number)
            handled = None if call.server is None else float(call.handled)
            said_first = None if known is None else known.estimate
            ours.learn(Ended(call.day, call.hour, call.waited, handled, said_first))
        if kind in (_JOINS, _SPEAKS) and now + _SPEAKS_EVERY_S < call.left_line:
            heapq.heappush(events, (now + _SPEAKS_EVERY_S, _SPEAKS, number, call))
    return list(told.values()), ours


def _now(ours: Waiting, floor: Floor, call: Call, number: int, now: int) -> Estimate:
    estimate = ours.estimate(floor.see(call, number, now))
    assert estimate is not None
    return estimate


def report(told: Iterable[Told], test_from: str) -> None:
    """Of those who waited and were answered, by month."""
    months: defaultdict[str, list[Told]] = defaultdict(list)
    for each in told:
        if each.call.server is not None:
            months[each.call.month].append(each)
    print(f"{'':24s}{'calls':>8s}{'RMSE':>8s}{'RASE':>8s}{'MAE':>8s}{'bias':>8s}{'within':>9s}")
    for month in sorted(month for month in months if month >= test_from):
        calls = months[month]
        waited = np.array([each.call.waited for each in calls], float)
        print(f"{month}, mean wait {waited.mean():.1f} s")
        for name in calls[0].means:
            error = np.array([each.means[name] for each in calls]) - waited
            rmse = float(np.sqrt((error**2).mean()))
            row = f"  {name:22s}{len(calls):8,d}{rmse:8.1f}{rmse / waited.mean():8.3f}"
            row += f"{np.abs(error).mean():8.1f}{error.mean():+8.1f}"
            if name == OURS:
                bounds = np.array([each.estimate.bound_s for each in calls])
                row += f"{(waited <= bounds).mean():9.1%}"
            print(row)
    tested = [each for month, calls in months.items() if month >= test_from for each in calls]
    if tested:
        _words(tested)


def _words(tested: list[Told]) -> None:
    """Of those who heard "under X minutes", how many it was true for."""
    print("\nsaid, and true")
    for first in (True, False):
        heard: defaultdict[float, list[bool]] = defaultdict(list)
        for each in tested:
            for said in each.announced[:1] if first else each.announced[1:]:
                if said.minutes is not None:
                    heard[said.minutes].append(each.call.waited <= said.until_s)
        print("  when joining the line" if first else "  each minute after that")
        for minutes, true in sorted(heard.items()):
            print(f"    under {minutes:2.0f} minutes{len(true):8,d}{sum(true) / len(true):8.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.waits", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", nargs="*", type=Path, help="calls as .csv or .csv.gz")
    parser.add_argument("--test-from", default="1999-05", help="first month that is tested")
    parser.add_argument("--weights", action="store_true", help="what was learned at the end")
    chosen = parser.parse_args()
    paths = chosen.data or [DATA]
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        print("bench.waits: no calls to replay at", ", ".join(missing))
        return
    told, ours = replay((call for path in paths for call in read(path)), Start())
    report(told, chosen.test_from)
    if chosen.weights:
        for name, value in sorted(ours.weights().items()):
            print(f"  {name:24s}{value:+8.3f}")


if __name__ == "__main__":
    main()
