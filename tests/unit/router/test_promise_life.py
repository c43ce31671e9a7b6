"""Life of a promise: every way through it, against the rules of the house."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from router import config
from router.errors import Conflict, SenderError
from router.model import CallbackWish, PromiseKind, PromiseState
from router.promise_life import (
    FARTHEST_WINDOW,
    Result,
    Standing,
    after_attempt,
    after_time,
    answer_terms,
    callback_terms,
    check_window,
)
from router.settings import demo_configuration

MUNICIPALITY = config.load(demo_configuration())
POLICIES, HOURS = MUNICIPALITY.policies, MUNICIPALITY.hours
CALENDAR = MUNICIPALITY.departments[MUNICIPALITY.default_department].hours

moments = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
spans = st.timedeltas(timedelta(minutes=1), timedelta(days=20))


@given(now=moments)
def test_a_promise_without_a_wish_can_be_kept_while_we_are_open(now: datetime) -> None:
    for terms in (
        callback_terms(None, POLICIES, HOURS, CALENDAR, now),
        answer_terms(POLICIES, HOURS, CALENDAR, now),
    ):
        assert terms.not_before is None
        assert terms.due_at > now
        assert HOURS.next_open(CALENDAR, now) < terms.due_at


@given(now=moments)
def test_a_callback_is_never_later_than_the_outer_bound(now: datetime) -> None:
    terms = callback_terms(None, POLICIES, HOURS, CALENDAR, now)
    assert terms.due_at <= HOURS.add_working_days(
        CALENDAR, now, POLICIES.callback.latest_working_days
    )


@given(now=moments, start=spans, length=spans)
def test_a_wish_is_promised_only_where_we_are_open(
    now: datetime, start: timedelta, length: timedelta
) -> None:
    wish = CallbackWish("+4520304050", now + start, now + start + length)
    assert wish.not_before is not None
    assert wish.until is not None
    terms = callback_terms(wish, POLICIES, HOURS, CALENDAR, now)
    assert terms.not_before is not None
    assert now < terms.not_before < terms.due_at
    assert HOURS.next_open(CALENDAR, terms.not_before) < terms.due_at
    if HOURS.next_open(CALENDAR, wish.not_before) < wish.until:
        assert (terms.not_before, terms.due_at) == (wish.not_before, wish.until)
    else:
        assert terms.not_before >= wish.until


NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("not_before", "until", "code"),
    [
        (None, NOW, "window_in_past"),
        (NOW - timedelta(days=2), None, "window_in_past"),
        (NOW + timedelta(hours=2), NOW + timedelta(hours=1), "window_end_before_start"),
        (NOW + timedelta(hours=2), NOW + timedelta(hours=2), "window_end_before_start"),
        (NOW + FARTHEST_WINDOW + timedelta(seconds=1), None, "window_too_far"),
        (None, NOW + timedelta(days=400), "window_too_far"),
        (datetime(2026, 11, 24, 9, 0), None, "window_without_zone"),  # noqa: DTZ001
    ],
)
def test_a_window_that_cannot_be_is_refused(
    not_before: datetime | None, until: datetime | None, code: str
) -> None:
    with pytest.raises(SenderError) as refused:
        check_window(not_before, until, NOW)
    assert refused.value.code == code


class Promise(RuleBasedStateMachine):
    """A callback tried, rested, waited for and at last ended, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        due_at = callback_terms(None, POLICIES, HOURS, CALENDAR, NOW).due_at
        self.standing = Standing(PromiseKind.CALLBACK, PromiseState.WAITING, due_at, None, 0, None)
        self.fire_at: datetime | None = due_at
        self.alarms = 0

    @property
    def open(self) -> bool:
        return self.standing.state.is_open

    @precondition(lambda self: self.open)
    @rule(result=st.sampled_from([r for r in Result if r is not Result.REACHED]))
    def try_in_vain(self, result: Result) -> None:
        self._attempt(result)
        assert self.open

    @precondition(lambda self: self.open and self.standing.attempts > 1)
    @rule()
    def reach(self) -> None:
        self._attempt(Result.REACHED)
        assert self.standing.state is PromiseState.KEPT
        assert self.fire_at is None

    @precondition(lambda self: not self.open)
    @rule(result=st.sampled_from(Result))
    def try_after_the_end(self, result: Result) -> None:
        with pytest.raises(Conflict):
            after_attempt(self.standing, result, POLICIES, HOURS, CALENDAR, self.now)

    @precondition(lambda self: self.open)
    @rule(stood_still=st.timedeltas(timedelta(0), timedelta(days=6)))
    def time_passes(self, stood_still: timedelta) -> None:
        assert self.fire_at is not None
        self.now = max(self.now, self.fire_at) + stood_still
        was = self.standing
        change = after_time(was, HOURS, CALENDAR, self.now)
        assert change.attempts == was.attempts
        assert change.fire_at is not None
        assert change.fire_at > self.now
        assert (change.late_at is not None) == (self.now >= was.due_at)
        if was.late_at is not None:
            assert change.late_at == was.late_at
        elif change.late_at is not None:
            assert change.alarm
        self._become(change.state, change.retry_at, change.attempts, change.late_at)
        self.fire_at = change.fire_at

    def _attempt(self, result: Result) -> None:
        change = after_attempt(self.standing, result, POLICIES, HOURS, CALENDAR, self.now)
        assert change.attempts == self.standing.attempts + 1
        assert change.late_at == self.standing.late_at
        self._become(change.state, change.retry_at, change.attempts, change.late_at)
        self.fire_at = change.fire_at

    def _become(
        self,
        state: PromiseState,
        retry_at: datetime | None,
        attempts: int,
        late_at: datetime | None,
    ) -> None:
        was = self.standing
        self.standing = Standing(was.kind, state, was.due_at, retry_at, attempts, late_at)

    @invariant()
    def open_means_a_clock_looks_at_it(self) -> None:
        assert self.open == (self.fire_at is not None)

    @invariant()
    def it_rests_only_until_a_next_try_while_we_are_open(self) -> None:
        resting = self.standing.state is PromiseState.RESTING
        assert resting == (self.standing.retry_at is not None)
        if self.standing.retry_at is not None:
            assert HOURS.is_open(CALENDAR, self.standing.retry_at)


TestPromise = Promise.TestCase
TestPromise.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
