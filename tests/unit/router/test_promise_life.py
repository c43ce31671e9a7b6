"""Life of a promise: each way through it, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import config
from router.errors import Conflict, SenderError
from router.escalation import Alarm
from router.model import CallbackWish, PromiseKind, PromiseState
from router.promise_life import (
    LOOKING_UP,
    WATCHDOG,
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
    Step,
    StillRinging,
    Tell,
    Tick,
    next_look,
    step,
)
from router.promise_policies import Audience, Escalation, Mark, Policies, Policy, Span, Unit
from router.promise_terms import FARTHEST_WINDOW, callback_terms, check_window, no_later, terms_of
from router.settings import demo_configuration

MUNICIPALITY = config.load(demo_configuration())
POLICIES, HOURS = MUNICIPALITY.policies, MUNICIPALITY.hours
CALENDAR = MUNICIPALITY.departments[MUNICIPALITY.default_department].hours
CALLBACK = POLICIES.of(PromiseKind.CALLBACK)
GROUND = Ground(CALLBACK, HOURS, CALENDAR)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # Monday 10:00 in Copenhagen, open
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

moments = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
spans = st.timedeltas(MINUTE, timedelta(days=20))

WAITING = Standing(PromiseKind.CALLBACK, PromiseState.WAITING, NOW, NOW + DAY)
PROVIDER = [Dialled(1), Outcome(Result.NO_ANSWER, 1), NotFound(1), StillRinging(1)]


def after(events: Iterable[Event], was: Standing = WAITING, now: datetime = NOW) -> Step:
    """The last of these steps."""
    done = Step(was)
    for event in events:
        done = step(done.standing, event, GROUND, now)
    return done


# What is promised


@given(now=moments)
def test_a_promise_without_a_wish_can_be_kept_while_we_are_open(now: datetime) -> None:
    for kind in PromiseKind:
        terms = terms_of(POLICIES.of(kind), HOURS, CALENDAR, now)
        assert terms.not_before is None
        assert terms.due_at > now
        assert HOURS.next_open(CALENDAR, now) < terms.due_at


@given(now=moments)
def test_a_callback_is_never_later_than_the_outer_bound(now: datetime) -> None:
    terms = callback_terms(None, CALLBACK, HOURS, CALENDAR, now)
    assert terms.due_at <= HOURS.add_working_days(CALENDAR, now, 3)


@given(now=moments, start=spans, length=spans)
def test_a_wish_is_promised_only_where_we_are_open(
    now: datetime, start: timedelta, length: timedelta
) -> None:
    wish = CallbackWish("+4520304050", now + start, now + start + length)
    assert wish.not_before is not None
    assert wish.until is not None
    terms = callback_terms(wish, CALLBACK, HOURS, CALENDAR, now)
    assert terms.not_before is not None
    assert now < terms.not_before < terms.due_at
    assert HOURS.next_open(CALENDAR, terms.not_before) < terms.due_at
    assert HOURS.is_open(CALENDAR, terms.due_at - timedelta(microseconds=1))
    if HOURS.next_open(CALENDAR, wish.not_before) < wish.until:
        assert terms.not_before == wish.not_before
        assert terms.due_at <= wish.until
        assert HOURS.working_between(CALENDAR, terms.due_at, wish.until) == timedelta(0)
    else:
        assert terms.not_before >= wish.until


@given(now=moments, start=spans, length=spans, latest=spans)
def test_what_cannot_wait_is_brought_forward(
    now: datetime, start: timedelta, length: timedelta, latest: timedelta
) -> None:
    wish = CallbackWish("+4520304050", now + start, now + start + length)
    terms = no_later(callback_terms(wish, CALLBACK, HOURS, CALENDAR, now), now + latest)
    assert terms.due_at <= now + latest
    assert terms.not_before is None or terms.not_before < terms.due_at


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


def test_spans_are_counted_as_they_are_named() -> None:
    friday = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)  # 13:00; the clocks change on Sunday
    after_ = {
        unit: Span(2, unit).after(HOURS, CALENDAR, friday).isoformat(timespec="minutes")
        for unit in Unit
    }
    assert after_[Unit.HOURS] == "2026-03-27T14:00+00:00"
    assert after_[Unit.DAYS] == "2026-03-29T11:00+00:00"  # 13:00 on the wall clock
    assert after_[Unit.WORKING_DAYS].startswith("2026-03-31")
    assert after_[Unit.WORKING_HOURS] > after_[Unit.HOURS]  # Friday closes early


def test_a_department_may_have_a_policy_of_its_own() -> None:
    own = replace(CALLBACK, id="vej-callback", department="vej")
    special = replace(CALLBACK, id="by-name-only")
    policies = Policies([CALLBACK, own, special], Span(1, Unit.HOURS), {"by-name-only"})
    assert policies.of(PromiseKind.CALLBACK, "vej") is own
    assert policies.of(PromiseKind.CALLBACK, "byg") is CALLBACK
    assert policies.governing("by-name-only", PromiseKind.CALLBACK, "vej") is special
    assert policies.governing("", PromiseKind.CALLBACK, "vej") is own  # made before ids


# Calling


def test_reserved_dialled_and_reached() -> None:
    until = NOW + MINUTE
    reserved = after([Reserved(until)]).standing
    assert (reserved.state, reserved.lease_until) == (PromiseState.RESERVED, until)
    dialling = after([Dialled(1)], reserved).standing
    assert (dialling.state, dialling.attempts) == (PromiseState.DIALLING, 1)
    assert dialling.lease_until == NOW + WATCHDOG
    kept = after([Outcome(Result.REACHED, 1)], dialling)
    assert (kept.standing.state, kept.standing.lease_until) == (PromiseState.KEPT, None)
    assert (kept.effects, kept.result) == ((), Result.REACHED)
    assert next_look(kept.standing, GROUND) is None


@pytest.mark.parametrize("result", [Result.NO_ANSWER, Result.BUSY, Result.MACHINE])
def test_only_a_talk_keeps_it(result: Result) -> None:
    tried = after([Dialled(1), Outcome(result, 1)])
    assert tried.standing.state is PromiseState.RESTING
    assert tried.standing.retry_at == NOW + timedelta(minutes=5)
    assert tried.effects == (Tell("tried", {"at": NOW, "retry_at": tried.standing.retry_at}),)
    back = step(tried.standing, Tick(), GROUND, NOW + timedelta(minutes=5)).standing
    assert (back.state, back.attempts, back.made_at) == (PromiseState.WAITING, 1, NOW)


def test_rests_grow_and_then_a_person_decides() -> None:
    was, now, rests = WAITING, NOW, []
    for attempt in range(1, 5):
        done = after([Dialled(attempt), Outcome(Result.NO_ANSWER, attempt)], was, now)
        was = done.standing
        told = [effect for effect in done.effects if isinstance(effect, Tell)]
        assert len(told) == 1
        if was.retry_at is not None:
            rests.append(was.retry_at - now)
            now = was.retry_at
            was = step(was, Tick(), GROUND, now).standing
    assert rests[:2] == [timedelta(minutes=5), timedelta(minutes=30)]
    assert rests[2] > timedelta(hours=12)  # the next opening
    assert (was.state, was.attempts) == (PromiseState.NEEDS_PERSON, 4)
    assert told[0].data["retry_at"] is None


def test_a_wrong_number_is_told_to_nobody_at_that_number() -> None:
    done = after([Dialled(1), Outcome(Result.WRONG_NUMBER, 1)])
    assert done.standing.state is PromiseState.NEEDS_PERSON
    (told,) = done.effects
    assert isinstance(told, Tell)
    assert not told.by_phone


def test_what_was_closed_meanwhile_is_tried_at_the_very_next_opening() -> None:
    evening = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
    third = replace(WAITING, state=PromiseState.DIALLING, attempts=3, due_at=NOW + 5 * DAY)
    tried = after([Outcome(Result.NO_ANSWER, 3)], third, evening).standing
    assert tried.retry_at == HOURS.next_open(CALENDAR, evening)
    open_now = after([Outcome(Result.NO_ANSWER, 3)], third, NOW).standing
    assert open_now.retry_at == tried.retry_at  # tomorrow's opening, not today's


def test_nobody_calls_again_before_the_window_that_was_asked_for() -> None:
    window = replace(WAITING, state=PromiseState.SCHEDULED, not_before=NOW + 3 * HOUR)
    tried = after([Outcome(Result.NO_ANSWER)], window).standing
    assert tried.retry_at == NOW + 3 * HOUR


def test_a_person_speaks_of_the_attempt_under_way_else_of_a_new_one() -> None:
    dialling = after([Dialled(1)]).standing
    assert after([Outcome(Result.NO_ANSWER)], dialling).standing.attempts == 1
    assert after([Outcome(Result.NO_ANSWER)]).standing.attempts == 1
    assert after([Outcome(Result.REACHED)], dialling).standing.attempts == 1


# A provider that repeats, forgets and mixes up


@pytest.mark.parametrize("news", PROVIDER)
def test_news_twice_changes_nothing(news: Event) -> None:
    done = after([Dialled(1), Outcome(Result.NO_ANSWER, 1)])
    assert step(done.standing, news, GROUND, NOW) == Step(done.standing)


@pytest.mark.parametrize("news", [*PROVIDER, Outcome(Result.REACHED, 1)])
def test_news_after_the_end_changes_nothing(news: Event) -> None:
    ended = after([Ended(PromiseState.WITHDRAWN)]).standing
    assert step(ended, news, GROUND, NOW) == Step(ended)


def test_the_outcome_may_come_before_the_beginning_or_without_it() -> None:
    early = after([Outcome(Result.BUSY, 1), Dialled(1)]).standing
    assert (early.state, early.attempts) == (PromiseState.RESTING, 1)


def test_a_silent_provider_is_asked_and_then_it_counts_as_tried() -> None:
    dialling = after([Dialled(1)]).standing
    asked = step(dialling, Tick(), GROUND, NOW + WATCHDOG)
    assert asked.standing.state is PromiseState.UNCERTAIN
    assert asked.effects == (LookUp(1),)
    silent = step(asked.standing, Tick(), GROUND, NOW + WATCHDOG + LOOKING_UP)
    assert (silent.standing.state, silent.result) == (PromiseState.RESTING, Result.NO_ANSWER)


def test_what_the_provider_answers_when_asked() -> None:
    dialling = after([Dialled(1)]).standing
    asked = step(dialling, Tick(), GROUND, NOW + WATCHDOG).standing
    assert after([StillRinging(1)], asked).standing.state is PromiseState.DIALLING
    assert after([Outcome(Result.REACHED, 1)], asked).standing.state is PromiseState.KEPT
    unknown = after([NotFound(1)], asked)
    assert unknown.standing.state is PromiseState.RESTING
    assert unknown.effects == ()  # no phone rang: nobody is told that we tried


def test_a_talk_keeps_it_however_late_we_hear_of_it() -> None:
    resting = after([Dialled(1), Outcome(Result.NO_ANSWER, 1)]).standing
    assert after([Outcome(Result.REACHED, 1)], resting).standing.state is PromiseState.KEPT


def test_a_call_before_a_refusal_is_made_or_tried() -> None:
    was = replace(WAITING, kind=PromiseKind.CALL_BEFORE_REFUSAL, attempts=3)
    for result in (Result.NO_ANSWER, Result.MACHINE):
        tried = after([Dialled(4), Outcome(result, 4)], was)
        assert tried.standing.state is PromiseState.KEPT
        assert [type(effect) for effect in tried.effects] == [Tell]
    for result in (Result.NO_ANSWER, Result.WRONG_NUMBER):
        once = after([Dialled(3), Outcome(result, 3)], replace(was, attempts=2)).standing
        assert once.state.is_open
    uncertain = replace(was, state=PromiseState.UNCERTAIN, attempts=4, lease_until=NOW)
    assert after([NotFound(4)], uncertain).standing.state is PromiseState.NEEDS_PERSON
    assert after([Tick()], uncertain).standing.state is PromiseState.NEEDS_PERSON


# Reservations


@pytest.mark.parametrize(
    "was",
    [
        WAITING,
        replace(WAITING, state=PromiseState.SCHEDULED, not_before=NOW + HOUR),
        replace(WAITING, state=PromiseState.RESTING, attempts=1, retry_at=NOW + 2 * HOUR),
        replace(WAITING, state=PromiseState.NEEDS_PERSON, attempts=4),
        replace(WAITING, state=PromiseState.NEEDS_PERSON, attempts=1),
    ],
)
def test_a_reservation_that_lapses_goes_back_to_its_place(was: Standing) -> None:
    reserved = after([Reserved(NOW + MINUTE)], was).standing
    with pytest.raises(Conflict, match="Somebody is calling already"):
        after([Reserved(NOW + HOUR)], reserved)
    assert step(reserved, Tick(), GROUND, NOW + MINUTE).standing == was


def test_a_rest_that_ended_meanwhile_is_over() -> None:
    rested = replace(WAITING, state=PromiseState.RESTING, attempts=1, retry_at=NOW + MINUTE)
    reserved = after([Reserved(NOW + 2 * MINUTE)], rested).standing
    back = step(reserved, Tick(), GROUND, NOW + 2 * MINUTE).standing
    assert (back.state, back.retry_at) == (PromiseState.WAITING, None)


def test_a_new_window_agreed_during_a_reservation_stands() -> None:
    tired = replace(WAITING, state=PromiseState.NEEDS_PERSON, attempts=4)
    moved = after([Reserved(NOW + MINUTE), Moved(NOW + DAY, NOW + 2 * DAY)], tired).standing
    assert moved.state is PromiseState.RESERVED
    back = step(moved, Tick(), GROUND, NOW + MINUTE).standing
    assert (back.state, back.not_before) == (PromiseState.SCHEDULED, NOW + DAY)


# Ends and windows


@pytest.mark.parametrize("event", [Reserved(NOW), Moved(None, NOW + DAY), Outcome(Result.BUSY),
                                   Ended(PromiseState.KEPT)])  # fmt: skip
def test_an_ended_promise_is_not_touched(event: Event) -> None:
    ended = after([Ended(PromiseState.KEPT)]).standing
    with pytest.raises(Conflict, match="already ended"):
        step(ended, event, GROUND, NOW)


def test_a_deadline_of_the_law_is_not_moved() -> None:
    law = replace(WAITING, statutory_due_at=WAITING.due_at)
    with pytest.raises(Conflict, match="law"):
        after([Moved(None, law.due_at + MINUTE)], law)
    earlier = after([Moved(None, law.due_at - HOUR)], law).standing
    assert (earlier.due_at, earlier.statutory_due_at) == (law.due_at - HOUR, law.due_at)


def test_a_later_window_lifts_the_mark_and_an_earlier_one_does_not() -> None:
    late = step(WAITING, Tick(), GROUND, WAITING.due_at).standing
    assert late.late_at == WAITING.due_at
    lifted = after([Moved(None, late.due_at + DAY)], late, late.due_at).standing
    assert (lifted.late_at, lifted.alarmed_at) == (None, None)
    kept = after([Moved(None, late.due_at - HOUR)], late, late.due_at).standing
    assert kept.late_at == late.late_at


# Escalation


def alarms(was: Standing, ground: Ground, until: datetime) -> list[tuple[datetime, Alarm]]:
    """Every alarm until then, the clock looking exactly when it wants to."""
    found = []
    look = next_look(was, ground)
    while look is not None and look <= until:
        done = step(was, Tick(), ground, look)
        found += [(look, effect) for effect in done.effects if isinstance(effect, Alarm)]
        was = done.standing
        look = next_look(was, ground)
    return found


def test_alarms_at_half_the_working_time_at_four_fifths_at_due_and_each_day_after() -> None:
    due = HOURS.add_working(CALENDAR, NOW, timedelta(hours=10))
    was = replace(WAITING, due_at=due)
    told = alarms(was, GROUND, due + 4 * DAY)
    assert [at for at, _ in told[:3]] == [
        HOURS.add_working(CALENDAR, NOW, timedelta(hours=5)),
        HOURS.add_working(CALENDAR, NOW, timedelta(hours=8)),
        due,
    ]
    assert [alarm.audiences for _, alarm in told[:4]] == [
        (Audience.OWNER,),
        (Audience.OWNER, Audience.DEPUTY),
        (Audience.DEPARTMENT, Audience.LEADER),
        (Audience.LEADER, Audience.ADMINISTRATOR),
    ]
    days = {at.astimezone(HOURS.zone).date() for at, _ in told[3:]}
    assert len(days) == len(told) - 3  # once a working day


def test_nobody_is_hurried_before_the_window_opens() -> None:
    opens, due = NOW + 4 * DAY, NOW + 4 * DAY + 2 * HOUR  # Friday 10 to 12
    was = replace(WAITING, state=PromiseState.SCHEDULED, not_before=opens, due_at=due)
    assert [at for at, _ in alarms(was, GROUND, due)] == [
        opens + HOUR, opens + timedelta(minutes=96), due,
    ]  # fmt: skip


def test_a_deadline_without_working_time_is_counted_by_the_wall_clock() -> None:
    saturday = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
    was = replace(WAITING, made_at=saturday, due_at=saturday + timedelta(hours=20))
    told = alarms(was, GROUND, was.due_at)
    assert [at - saturday for at, _ in told] == [10 * HOUR, 16 * HOUR, 20 * HOUR]


def test_a_clock_that_stood_still_alarms_once_for_the_last_mark() -> None:
    done = step(WAITING, Tick(), GROUND, WAITING.due_at + 3 * DAY)
    (alarm,) = done.effects
    assert isinstance(alarm, Alarm)
    assert (alarm.percent, alarm.level) == (100, 3)
    look = next_look(done.standing, GROUND)
    assert look is not None
    assert look > WAITING.due_at + 3 * DAY


def test_a_time_agreed_this_minute_does_not_run_short_at_once() -> None:
    old = replace(WAITING, made_at=NOW - 20 * DAY, due_at=NOW - DAY, late_at=NOW, level=3)
    moved = after([Moved(None, NOW + 2 * HOUR)], old).standing
    assert step(moved, Tick(), GROUND, NOW).effects == ()
    (told,) = alarms(moved, GROUND, NOW + 2 * HOUR)
    assert told[1].percent == 100


def test_that_it_is_late_is_told_whatever_the_policy_was_before() -> None:
    few = Escalation((Mark(100, (Audience.LEADER,)),), 1, (Audience.ADMINISTRATOR,))
    ground = replace(GROUND, policy=replace(CALLBACK, escalation=few))
    warned = replace(WAITING, level=2, alarmed_at=NOW + HOUR)  # by a policy with three marks
    ((at, alarm),) = alarms(warned, ground, WAITING.due_at)
    assert (at, alarm.audiences) == (WAITING.due_at, (Audience.LEADER,))


def test_every_policy_of_the_demo_ends_with_somebody_who_is_told() -> None:
    policy: Policy
    for policy in POLICIES.by_id.values():
        assert policy.escalation.marks[-1].percent == 100
        assert policy.escalation.again
