"""Every promise as `router.promise_life` would have it, and how callbacks join: in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from router import config
from router.escalation import Alarm
from router.model import PromiseKind, PromiseState
from router.promise_life import Event, Ground, Result, Standing, Tick, next_look, step


@dataclass
class Known:
    """What we think a promise is."""

    standing: Standing
    fire_at: datetime | None
    contact: int
    phone: str
    department: str
    caseworker: str | None
    joins: int | None
    policy: str
    notice_of: int | None = None
    last_result: str = ""

    @property
    def is_open(self) -> bool:
        return self.standing.state.is_open


@dataclass
class Model:
    """Every promise as `router.promise_life` would have it, and how callbacks join."""

    municipality: config.Municipality
    promises: dict[int, Known] = field(default_factory=dict)
    late: int = 0
    alarms: int = 0
    settled: int = 0

    def ground(self, known: Known) -> Ground:
        municipality = self.municipality
        calendar = municipality.departments[known.department].hours
        policies = municipality.policies
        policy = policies.governing(known.policy, known.standing.kind, known.department)
        return Ground(policy, municipality.hours, calendar)

    def call_of(self, promise: int) -> int:
        return self.promises[promise].joins or promise

    def main(self, phone: str, department: str, but: int = 0) -> int | None:
        """The callback that others of this number and department join."""
        found = [
            number
            for number, known in self.promises.items()
            if known.is_open and known.standing.kind is PromiseKind.CALLBACK and phone
            and known.joins is None and number != but
            and (known.phone, known.department) == (phone, department)
        ]  # fmt: skip
        assert len(found) <= 1
        return found[0] if found else None

    def happens(self, promise: int, event: Event, now: datetime) -> None:
        """Raises Conflict as the ledger does."""
        known = self.promises[promise]
        was, ground = known.standing, self.ground(known)
        done = step(was, event, ground, now)
        if done.standing == was and not done.effects:
            if isinstance(event, Tick):
                known.fire_at = next_look(was, ground)
            return
        known.standing, known.fire_at = done.standing, next_look(done.standing, ground)
        self.late += was.late_at is None and done.standing.late_at is not None
        self.alarms += sum(isinstance(effect, Alarm) for effect in done.effects)
        if done.result is not None:
            known.last_result = done.result
            self.settled += 1
        if not known.is_open:
            state = known.standing.state
            if done.result is Result.REACHED or state is PromiseState.ANSWERED_INBOUND:
                for joined in self.joined(promise):
                    self.end(joined, state)
            self.leave(promise)
            self.settle(promise, now)

    def settle(self, promise: int, now: datetime) -> None:
        """A notice that its deadline was missed has nothing to tell of what was kept in time."""
        standing = self.promises[promise].standing
        law = standing.statutory_due_at
        withdrawn = standing.state is PromiseState.WITHDRAWN
        for number, known in self.promises.items():
            if known.notice_of != promise or not known.is_open:
                continue
            if withdrawn or (law is not None and now <= law):
                end = PromiseState.WITHDRAWN if withdrawn else PromiseState.REPLACED
                self.end(number, end)

    def joined(self, promise: int) -> list[int]:
        return sorted(n for n, k in self.promises.items() if k.is_open and k.joins == promise)

    def end(self, promise: int, state: PromiseState) -> None:
        """Ended with something else, not by an event of its own."""
        known = self.promises[promise]
        known.standing = replace(
            known.standing, state=state, retry_at=None, lease_until=None, back_to=None
        )
        known.fire_at = None
        self.leave(promise)

    def leave(self, promise: int) -> None:
        """It has ended or gone elsewhere: the oldest of those that had joined is next."""
        left = self.joined(promise)
        for joined in left:
            self.promises[joined].joins = None if joined == left[0] else left[0]

    def move(self, contact: int, department: str, caseworker: str | None) -> None:
        for number, known in self.promises.items():
            if known.contact != contact or not known.is_open:
                continue
            known.caseworker = caseworker
            if known.department == department:
                continue
            known.department = department
            if known.standing.kind is PromiseKind.CALLBACK:
                known.joins = self.main(known.phone, department, number)
                self.leave(number)
