"""Life of a promise (løfte), as pure functions of (what is, what happened, now).

`router.promises` stores what is decided here. Times in and out are aware; open
time is counted by `router.hours` in Europe/Copenhagen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from router.errors import Conflict, SenderError
from router.model import CallbackWish, PromiseKind, PromiseState

if TYPE_CHECKING:
    from router.config import PromisePolicies
    from router.hours import Hours

FARTHEST_WINDOW: Final = timedelta(days=60)
"""How far ahead a citizen may wish to be called."""

CHILD_CONCERN_ASSESSMENT: Final = timedelta(hours=24)
"""A concern about a child is assessed within 24 hours (barnets lov § 136 area)."""


class Result(StrEnum):
    """What came of an attempt to call."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    MACHINE = "machine"
    WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is promised: not before, and by when."""

    not_before: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What a promise's next step depends on."""

    kind: PromiseKind
    state: PromiseState
    due_at: datetime
    retry_at: datetime | None
    attempts: int
    late_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a promise becomes. `fire_at` is None only at its end."""

    state: PromiseState
    attempts: int
    retry_at: datetime | None
    late_at: datetime | None
    fire_at: datetime | None
    alarm: bool = False
    """The department must be told that it is late."""


def check_window(not_before: datetime | None, until: datetime | None, now: datetime) -> None:
    """Refuse a window that cannot be kept, before it is promised.

    Raises SenderError with code `window_in_past`, `window_end_before_start`,
    `window_too_far` or `window_without_zone`.
    """
    for end in (not_before, until):
        if end is not None and end.tzinfo is None:
            raise SenderError("window_without_zone", "The time needs a time zone.")
    if not_before is not None and until is not None and until <= not_before:
        raise SenderError("window_end_before_start", "The window ends before it starts.")
    if (until is not None and until <= now) or (
        not_before is not None and until is None and not_before < now - timedelta(days=1)
    ):
        raise SenderError("window_in_past", "The window lies in the past.")
    if any(end is not None and end > now + FARTHEST_WINDOW for end in (not_before, until)):
        raise SenderError(
            "window_too_far", f"The window lies more than {FARTHEST_WINDOW.days} days ahead."
        )


def callback_terms(
    wish: CallbackWish | None, policies: PromisePolicies, hours: Hours, calendar: str, now: datetime
) -> Terms:
    """When we call. A wish is kept where we are open in it; otherwise the next open time after it.

    Without a wish: within the policy's working hours, and never later than its
    number of working days.
    """
    policy = policies.callback
    span = timedelta(hours=policy.working_hours)
    start = wish.not_before if wish is not None else None
    if start is not None and start <= now:
        start = None
    until = wish.until if wish is not None else None
    opens = hours.next_open(calendar, start if start is not None else now)
    if until is not None and opens < until:
        return Terms(start, until)
    if start is not None or until is not None:
        # Closed all through the window: an honest promise lies in the next opening.
        return Terms(opens, hours.add_working(calendar, opens, span))
    return Terms(
        None,
        min(
            hours.add_working(calendar, now, span),
            hours.add_working_days(calendar, now, policy.latest_working_days),
        ),
    )


def answer_terms(policies: PromisePolicies, hours: Hours, calendar: str, now: datetime) -> Terms:
    """By when we answer in writing."""
    return Terms(None, hours.add_working_days(calendar, now, policies.answer.working_days))


def no_later(terms: Terms, latest: datetime) -> Terms:
    """`terms` brought forward where they lie beyond `latest`."""
    if terms.due_at <= latest:
        return terms
    early = terms.not_before is not None and terms.not_before < latest
    return Terms(terms.not_before if early else None, latest)


def first_look(state: PromiseState, due_at: datetime, retry_at: datetime | None) -> datetime:
    """When the clock looks at an open promise next."""
    if state is PromiseState.RESTING and retry_at is not None:
        return min(retry_at, due_at)
    return due_at


def after_attempt(
    was: Standing,
    result: Result,
    policies: PromisePolicies,
    hours: Hours,
    calendar: str,
    now: datetime,
) -> Change:
    """What a promise becomes after somebody tried to keep it.

    Only `reached` keeps it: an answering machine or a dropped call does not.
    Raises Conflict if it has already ended.
    """
    if not was.state.is_open:
        raise Conflict("promise_ended", "The promise has already ended.")
    attempts = was.attempts + 1
    if result is Result.REACHED:
        return Change(PromiseState.KEPT, attempts, None, was.late_at, None)
    if result is Result.WRONG_NUMBER or attempts >= policies.callback.attempts:
        # A person decides what next; it stays open and visible.
        fire_at = was.due_at if was.late_at is None else _next_day(hours, calendar, now)
        return Change(PromiseState.NEEDS_PERSON, attempts, None, was.late_at, fire_at)
    rests = policies.callback.rests
    rest = rests[min(attempts, len(rests)) - 1]
    retry_at = hours.next_open(calendar, now + rest)
    fire_at = retry_at if was.late_at is not None else min(retry_at, was.due_at)
    return Change(PromiseState.RESTING, attempts, retry_at, was.late_at, fire_at)


def after_time(was: Standing, hours: Hours, calendar: str, now: datetime) -> Change:
    """What the clock makes of a promise at `now`.

    A rest that is over goes back to waiting. A promise past its due time is
    marked late and alarms, and alarms again each working day until it ends.
    """
    state, retry_at = was.state, was.retry_at
    if state is PromiseState.RESTING and retry_at is not None and retry_at <= now:
        state, retry_at = PromiseState.WAITING, None
    if now < was.due_at:
        return Change(state, was.attempts, retry_at, None, first_look(state, was.due_at, retry_at))
    again = _next_day(hours, calendar, now)
    fire_at = again if retry_at is None else min(again, retry_at)
    # A rest that ends while the promise is late changes only the state; the
    # alarm has sounded and sounds again on the next working day.
    alarm = was.late_at is None or was.state is state
    return Change(state, was.attempts, retry_at, was.late_at or now, fire_at, alarm=alarm)


def _next_day(hours: Hours, calendar: str, now: datetime) -> datetime:
    return hours.add_working_days(calendar, now, 1)
