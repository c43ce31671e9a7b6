"""The life of a promise under everything that can happen to it, in any order.

A provider that repeats, mixes up and loses its news; a clock that looks when it
wants to, early, late or not for weeks; summer time, leap day and holidays; closing
days and policies that change while the promise stands. `INDGANG_EXAMPLES` says how
many lives are tried.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from router import config
from router.errors import Conflict
from router.escalation import Alarm
from router.hours import ClosingDay, Hours
from router.model import PromiseKind, PromiseState
from router.promise_life import (
    PASSING,
    Dialled,
    Ended,
    Event,
    Ground,
    LookUp,
    Moved,
    NotFound,
    Outcome,
    Reserved,
    Result,
    Standing,
    StillRinging,
    Tell,
    Tick,
    at_rest,
    next_look,
    step,
)
from router.promise_policies import Audience, Escalation, Mark, Policy
from router.settings import demo_configuration

MUNICIPALITY = config.load(demo_configuration())
CALENDARS = sorted(MUNICIPALITY.hours.calendars)
ENDS = [state for state in PromiseState if not state.is_open]
MINUTE = timedelta(minutes=1)

# The night of summer time and back, leap day, Easter, Christmas, New Year, and plain days.
BEGINNINGS = [
    datetime(2026, 3, 27, 12, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
    datetime(2026, 4, 1, 13, 0, tzinfo=UTC),
    datetime(2026, 6, 4, 16, 0, tzinfo=UTC),
    datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 12, 22, 8, 0, tzinfo=UTC),
    datetime(2026, 12, 31, 22, 59, tzinfo=UTC),
    datetime(2028, 2, 28, 23, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 10, 0, tzinfo=UTC),
]
moments = st.one_of(
    st.sampled_from(BEGINNINGS),
    st.integers(0, 3 * 365 * 24 * 60).map(
        lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
)
passing_time = st.one_of(
    st.timedeltas(timedelta(0), timedelta(minutes=10)),
    st.timedeltas(timedelta(0), timedelta(days=2)),
    st.timedeltas(timedelta(0), timedelta(days=30)),
)
windows = st.tuples(
    st.none() | st.timedeltas(MINUTE, timedelta(days=10)),
    st.timedeltas(MINUTE, timedelta(days=10)),
)
percents = st.lists(st.integers(1, 99), max_size=3, unique=True).map(lambda p: [*sorted(p), 100])
policies = st.builds(
    lambda base, attempts, rests, marks, again: replace(
        base,
        attempts=attempts,
        rests=tuple(rests),
        escalation=Escalation(
            tuple(Mark(percent, (Audience.OWNER,)) for percent in marks),
            again,
            (Audience.LEADER,),
        ),
    ),
    st.sampled_from(list(MUNICIPALITY.policies.by_id.values())),
    st.integers(1, 5),
    st.lists(
        st.none() | st.sampled_from([MINUTE, timedelta(minutes=30), timedelta(hours=20)]),
        min_size=1,
        max_size=3,
    ),
    percents,
    st.integers(1, 5),
)


class Lives(RuleBasedStateMachine):
    """One promise, and all that is said about it."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: list[ClosingDay] = []
        self.air: list[Event] = []
        """What the provider has said and we have not heard yet, or may hear again."""
        self.begun = 0
        """Attempts that were really made."""
        self.told = 0
        self.settled = 0

    @initialize(
        made_at=moments,
        kind=st.sampled_from(PromiseKind),
        window=windows,
        statutory=st.booleans(),
        policy=policies,
        calendar=st.sampled_from(CALENDARS),
    )
    def promise(
        self,
        made_at: datetime,
        kind: PromiseKind,
        window: tuple[timedelta | None, timedelta],
        statutory: bool,
        policy: Policy,
        calendar: str,
    ) -> None:
        self.ground = Ground(policy, MUNICIPALITY.hours, calendar)
        self.now = made_at
        start = None if window[0] is None else made_at + window[0]
        due = (start or made_at) + window[1]
        law = due + window[1] if statutory else None
        new = Standing(kind, PromiseState.WAITING, made_at, due, start, statutory_due_at=law)
        self.is_now = replace(new, state=at_rest(new))

    # What can happen

    @rule(seconds=st.integers(1, 600))
    def reserve(self, seconds: int) -> None:
        if self.is_now.state in PASSING:
            with pytest.raises(Conflict, match="calling"):
                step(self.is_now, Reserved(self.now + MINUTE), self.ground, self.now)
        else:
            self.happens(Reserved(self.now + timedelta(seconds=seconds)))

    @precondition(lambda self: self.is_now.state.is_open)
    @rule(result=st.sampled_from(Result))
    def dial(self, result: Result) -> None:
        """We call; what the provider says of it is in the air."""
        if self.is_now.state in (PromiseState.DIALLING, PromiseState.UNCERTAIN):
            return
        self.begun = self.is_now.attempts + 1
        self.air += [Dialled(self.begun), Outcome(result, self.begun)]

    @precondition(lambda self: self.air)
    @rule(data=st.data(), again=st.booleans())
    def hear(self, data: st.DataObject, again: bool) -> None:
        """News in any order; some of it comes again."""
        news = self.air[data.draw(st.integers(0, len(self.air) - 1))]
        if not again:
            self.air.remove(news)
        self.happens(news)

    @precondition(lambda self: self.air)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        del self.air[data.draw(st.integers(0, len(self.air) - 1))]

    @precondition(lambda self: self.begun)
    @rule(
        data=st.data(),
        answer=st.sampled_from([NotFound, StillRinging, *Result]),
    )
    def answer(self, data: st.DataObject, answer: type[NotFound | StillRinging] | Result) -> None:
        """What the provider says when it is asked, of this attempt or an old one."""
        attempt = data.draw(st.integers(1, self.begun))
        if isinstance(answer, Result):
            self.happens(Outcome(answer, attempt))
        else:
            self.happens(answer(attempt))

    @rule(result=st.sampled_from(Result))
    def say_by_hand(self, result: Result) -> None:
        self.happens(Outcome(result))

    @rule(window=windows)
    def move(self, window: tuple[timedelta | None, timedelta]) -> None:
        start = None if window[0] is None else self.now + window[0]
        due = (start or self.now) + window[1]
        law = self.is_now.statutory_due_at
        by_itself = self.is_now.state.is_open and not self.is_now.kind.follows_meeting
        if by_itself and law is not None and due > law:
            with pytest.raises(Conflict, match="law"):
                step(self.is_now, Moved(start, due), self.ground, self.now)
        else:
            self.happens(Moved(start, due))

    @rule(end=st.sampled_from(ENDS), rarely=st.integers(0, 5))
    def end(self, end: PromiseState, rarely: int) -> None:
        if rarely == 0:
            self.happens(Ended(end))

    @rule(passed=passing_time)
    def time_passes(self, passed: timedelta) -> None:
        self.now += passed
        self.happens(Tick())

    @precondition(lambda self: self.is_now.state.is_open)
    @rule()
    def clock_looks(self) -> None:
        look = next_look(self.is_now, self.ground)
        assert look is not None
        self.now = max(self.now, look)
        self.happens(Tick())

    @precondition(lambda self: self.is_now.lease_until is not None)
    @rule()
    def lease_ends(self) -> None:
        assert self.is_now.lease_until is not None
        self.now = max(self.now, self.is_now.lease_until)
        before = self.is_now
        self.happens(Tick())
        assert self.is_now.state is not before.state

    @rule(away=st.integers(0, 20))
    def a_day_is_closed(self, away: int) -> None:
        """The municipality closes a day that was open when it was promised."""
        day = (self.now + timedelta(days=away)).astimezone(MUNICIPALITY.zone).date()
        self.closed.append(ClosingDay(day.month, day.day, {"da": "x"}, day.year))
        self.ground = replace(self.ground, hours=_hours(self.closed))

    @rule(policy=policies, calendar=st.sampled_from(CALENDARS))
    def rules_change(self, policy: Policy, calendar: str) -> None:
        """Another configuration, or another department."""
        self.ground = replace(self.ground, policy=policy, calendar=calendar)

    # What must hold

    def happens(self, event: Event) -> None:
        was = self.is_now
        try:
            done = step(was, event, self.ground, self.now)
        except Conflict as refusal:
            why = {
                "promise_ended": not was.state.is_open,
                "not_a_call": not was.kind.is_call and isinstance(event, Reserved | Outcome),
                "use_meeting": was.kind.follows_meeting and isinstance(event, Moved | Ended),
            }
            assert why[refusal.code], event
            assert isinstance(event, Reserved | Moved | Ended | Outcome)
            return
        after = self.is_now = done.standing
        if not was.state.is_open:
            assert (after, done.effects, done.result) == (was, (), None)
            return
        assert after.attempts >= was.attempts
        assert after.attempts == 0 or was.kind.is_call
        if not isinstance(event, Moved):
            assert (after.due_at, after.not_before) == (was.due_at, was.not_before)
        self._late_stays(was, event)
        self._only_a_talk_or_a_person_ends_it(was, event)
        alarms = [effect for effect in done.effects if isinstance(effect, Alarm)]
        assert len(alarms) <= (1 if isinstance(event, Tick) else 0)
        assert all(alarm.audiences and alarm.level >= was.level for alarm in alarms)
        asked = [effect for effect in done.effects if isinstance(effect, LookUp)]
        assert len(asked) == int(
            was.state is PromiseState.DIALLING and after.state is PromiseState.UNCERTAIN
        )
        self.told += sum(isinstance(effect, Tell) for effect in done.effects)
        self.settled += done.result is not None
        assert self.told <= self.settled
        if isinstance(event, Tick) and after.state.is_open:
            self._looked()

    def _late_stays(self, was: Standing, event: Event) -> None:
        after = self.is_now
        if was.late_at is not None and after.late_at != was.late_at:
            assert isinstance(event, Moved)
            assert after.due_at > was.due_at

    def _only_a_talk_or_a_person_ends_it(self, was: Standing, event: Event) -> None:
        if self.is_now.state.is_open:
            return
        talked = isinstance(event, Outcome) and event.result is Result.REACHED
        tried_before_a_refusal = (
            isinstance(event, Outcome)
            and was.kind is PromiseKind.CALL_BEFORE_REFUSAL
            and event.result is not Result.WRONG_NUMBER
            and self.is_now.attempts >= self.ground.policy.attempts
        )
        assert talked or tried_before_a_refusal or isinstance(event, Ended)
        assert self.is_now.state is (event.state if isinstance(event, Ended) else PromiseState.KEPT)

    def _looked(self) -> None:
        """After the clock has looked: it is marked, and it need not look again at once."""
        after, look = self.is_now, next_look(self.is_now, self.ground)
        assert look is not None
        assert look > self.now
        assert (after.late_at is not None) or after.due_at > self.now
        if after.due_at <= self.now:
            assert after.alarmed_at is not None
            assert after.alarmed_at >= after.due_at

    @invariant()
    def it_is_whole(self) -> None:
        if not hasattr(self, "is_now"):
            return
        now_is = self.is_now
        look = next_look(now_is, self.ground)
        assert (look is not None) == now_is.state.is_open
        assert (now_is.lease_until is not None) == (now_is.state in PASSING)
        assert (now_is.back_to is not None) == (now_is.state is PromiseState.RESERVED)
        if now_is.state is PromiseState.RESTING:
            assert now_is.retry_at is not None
            assert look is not None
            assert look <= now_is.retry_at
        if now_is.lease_until is not None:
            assert look is not None
            assert look <= now_is.lease_until
        if now_is.state.is_open and now_is.late_at is None:
            assert look is not None
            assert look <= now_is.due_at
        if now_is.statutory_due_at is not None:
            assert now_is.due_at <= now_is.statutory_due_at

    def teardown(self) -> None:
        """Left alone, it comes to rest, is marked late, and goes on alarming."""
        if not hasattr(self, "is_now") or not self.is_now.state.is_open:
            return
        alarms = 0
        for _ in range(60):
            look = next_look(self.is_now, self.ground)
            assert look is not None
            self.now = max(self.now, look)
            alarmed_at = self.is_now.alarmed_at
            self.happens(Tick())
            alarms += self.is_now.alarmed_at != alarmed_at
            if alarms == 8:
                break
        assert alarms == 8
        assert self.is_now.state not in PASSING
        assert self.is_now.late_at is not None


def _hours(closed: Sequence[ClosingDay]) -> Hours:
    usual = MUNICIPALITY.hours
    return Hours(usual.zone, usual.calendars, closed)


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=int(os.environ.get("INDGANG_EXAMPLES", "150")), stateful_step_count=50
)
