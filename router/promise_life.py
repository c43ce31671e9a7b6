"""Life of a promise (løfte): a pure function of (what it is, what happened, now).

    WAITING | SCHEDULED -> RESERVED -> DIALLING -> KEPT
    DIALLING -> RESTING -> WAITING; DIALLING -> UNCERTAIN -> RESTING | KEPT
    attempts used up, bad number -> NEEDS_PERSON
    ends: KEPT | ANSWERED_INBOUND | WITHDRAWN | REPLACED | UNREACHABLE

Late is a mark, not an end. States that pass (reserved, dialling, uncertain)
carry a lease after which the clock moves them on, so none can stick; a
reservation that lapses goes back to where it was. What the provider says may come
twice, late, in another order or never: an outcome names its attempt, and one that
is no longer asked about changes nothing, unless it says that the citizen was reached.

`router.promises` stores what is decided here. Times in and out are aware; open
time is counted by `router.hours` in Europe/Copenhagen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from router.errors import Conflict
from router.escalation import Alarm, Course
from router.model import PromiseKind, PromiseState

if TYPE_CHECKING:
    from router.hours import Hours
    from router.promise_policies import Policy

WATCHDOG: Final = timedelta(seconds=75)
"""Ring time (at most 40 s) and 35 s more: then the provider is asked (callbacks.md)."""
LOOKING_UP: Final = timedelta(minutes=5)
"""So long the provider is asked; then the attempt counts as not answered."""


class Result(StrEnum):
    """What came of an attempt."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    MACHINE = "machine"
    WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a promise's next step depends on."""

    kind: PromiseKind
    state: PromiseState
    made_at: datetime
    due_at: datetime
    not_before: datetime | None = None
    retry_at: datetime | None = None
    attempts: int = 0
    """Attempts begun. The one under way, if any, has this number."""
    late_at: datetime | None = None
    level: int = 0
    """Marks of the escalation that have been passed."""
    alarmed_at: datetime | None = None
    lease_until: datetime | None = None
    back_to: PromiseState | None = None
    """Where a reservation came from: there it goes when it lapses."""
    statutory_due_at: datetime | None = None

    @property
    def counted_from(self) -> datetime:
        """From when its time runs: nobody is hurried before the window opens."""
        if self.not_before is None:
            return self.made_at
        return max(self.made_at, self.not_before)


# What can happen. Each is an event of `step`.


@dataclass(frozen=True, slots=True)
class Reserved:
    """A caseworker is about to call."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Dialled:
    """Attempt number `attempt` has begun: it is the next one, or known already."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of attempt number `attempt`. Without a number a person says it: of the
    attempt that is under way, else of one that they have just made by hand."""

    result: Result
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider, asked, knows nothing of attempt number `attempt`."""

    attempt: int


@dataclass(frozen=True, slots=True)
class StillRinging:
    """The provider, asked, says that attempt number `attempt` is under way."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Another window, agreed with the citizen. Attempts stay counted."""

    not_before: datetime | None
    due_at: datetime
    law: datetime | None = None
    """A deadline of the law that came with it; an earlier one stays."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Withdrawn, answered when the citizen called in, replaced, unreachable, or kept
    in another way than by a call."""

    state: PromiseState


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = Reserved | Dialled | Outcome | NotFound | StillRinging | Moved | Ended | Tick


# What must follow. `router.promises` writes each with the change.


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the citizen."""

    template: str
    data: dict[str, Any]
    by_phone: bool = True
    """False: the number is somebody else's."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the provider what came of an attempt."""

    attempt: int


Effect = Tell | LookUp | Alarm


@dataclass(frozen=True, slots=True)
class Step:
    """What a promise becomes and what must follow. Without change: the same standing."""

    standing: Standing
    effects: tuple[Effect, ...] = ()
    result: Result | None = None
    """What came of an attempt, when this step settled one."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the municipality says about this promise."""

    policy: Policy
    hours: Hours
    calendar: str


PASSING: Final = frozenset({PromiseState.RESERVED, PromiseState.DIALLING, PromiseState.UNCERTAIN})
"""States with a lease: the clock moves them on."""
_UNDER_WAY: Final = frozenset({PromiseState.DIALLING, PromiseState.UNCERTAIN})


def step(was: Standing, event: Event, ground: Ground, now: datetime) -> Step:
    """What `event` makes of a promise at `now`.

    Raises Conflict `promise_ended` for what somebody wants to do with a promise
    that has ended, `not_a_call` for a call where none is promised, `use_meeting` for
    what changes with a meeting only, `already_reserved` for a second reservation,
    `law_comes_first` for a window beyond a deadline of the law. Repeated or late news
    from the provider never raises.
    """
    if not was.state.is_open:
        if isinstance(event, Reserved | Moved | Ended) or (
            isinstance(event, Outcome) and event.attempt is None
        ):
            raise Conflict("promise_ended", "The promise has already ended.")
        return Step(was)
    if isinstance(event, Tick):
        return _ticked(was, ground, now)
    if isinstance(event, Moved | Ended):
        if was.kind.follows_meeting:
            raise Conflict("use_meeting", "This changes and ends with the meeting.")
    elif not was.kind.is_call:
        if isinstance(event, Reserved) or (isinstance(event, Outcome) and event.attempt is None):
            raise Conflict("not_a_call", "No call is promised here.")
        return Step(was)
    if isinstance(event, Reserved):
        return Step(_reserved(was, event.until))
    if isinstance(event, Dialled):
        return Step(_dialled(was, event, now))
    if isinstance(event, Outcome):
        return _came_out(was, event, ground, now)
    if isinstance(event, NotFound):
        if was.state is PromiseState.UNCERTAIN and event.attempt == was.attempts:
            # No phone rang: there is nothing to tell.
            unheard = _not_reached(was, Result.NO_ANSWER, ground, now, heard=False)
            return replace(unheard, effects=())
        return Step(was)
    if isinstance(event, StillRinging):
        if was.state is PromiseState.UNCERTAIN and event.attempt == was.attempts:
            return Step(replace(was, state=PromiseState.DIALLING, lease_until=now + WATCHDOG))
        return Step(was)
    if isinstance(event, Moved):
        return Step(_moved(was, event, ground, now))
    return Step(_ended(was, event.state))


def next_look(now_is: Standing, ground: Ground) -> datetime | None:
    """When the clock must look at it again; None after its end."""
    if not now_is.state.is_open:
        return None
    moments = [_course(now_is, ground).next_alarm()]
    if now_is.late_at is None:
        moments.append(now_is.due_at)
    if now_is.state is PromiseState.RESTING and now_is.retry_at is not None:
        moments.append(now_is.retry_at)
    if now_is.lease_until is not None:
        moments.append(now_is.lease_until)
    return min(moments)


def at_rest(was: Standing) -> PromiseState:
    """The state in which a promise waits for its next attempt."""
    return PromiseState.WAITING if was.not_before is None else PromiseState.SCHEDULED


def _course(was: Standing, ground: Ground) -> Course:
    return Course(
        was.counted_from,
        was.due_at,
        was.level,
        was.alarmed_at,
        ground.policy.escalation,
        ground.hours,
        ground.calendar,
    )


def _reserved(was: Standing, until: datetime) -> Standing:
    if was.state in PASSING:
        raise Conflict("already_reserved", "Somebody is calling already.")
    # The rest stays: a reservation that lapses has not shortened it.
    return replace(was, state=PromiseState.RESERVED, lease_until=until, back_to=was.state)


def _dialled(was: Standing, event: Dialled, now: datetime) -> Standing:
    if event.attempt != was.attempts + 1 or was.state in _UNDER_WAY:
        return was  # heard of before
    return replace(
        was,
        state=PromiseState.DIALLING,
        attempts=event.attempt,
        lease_until=now + WATCHDOG,
        retry_at=None,
        back_to=None,
    )


def _came_out(was: Standing, event: Outcome, ground: Ground, now: datetime) -> Step:
    under_way = was.state in _UNDER_WAY
    attempt = event.attempt
    if attempt is None:
        attempt = was.attempts if under_way else was.attempts + 1
    if event.result is Result.REACHED:
        # Whichever attempt it was: they have talked.
        kept = _ended(was, PromiseState.KEPT)
        return Step(replace(kept, attempts=max(was.attempts, attempt)), result=event.result)
    if attempt == (was.attempts if under_way else was.attempts + 1):
        # A first word of an attempt: its beginning was lost on the way to us.
        return _not_reached(replace(was, attempts=attempt), event.result, ground, now)
    return Step(was)


def _not_reached(
    was: Standing, result: Result, ground: Ground, now: datetime, *, heard: bool = True
) -> Step:
    """`heard`: somebody says so; else the provider knows nothing or stays silent."""
    policy = ground.policy
    was = replace(was, retry_at=None, lease_until=None, back_to=None)
    told = {"at": now, "retry_at": None}
    unusable = result is Result.WRONG_NUMBER
    if unusable or was.attempts >= policy.attempts:
        said = (Tell("tried", told, by_phone=not unusable),)
        if was.kind is PromiseKind.CALL_BEFORE_REFUSAL and heard and not unusable:
            # Tried so often, which is what was promised: the letter may go.
            return Step(_ended(was, PromiseState.KEPT), said, result)
        # A person decides what next; it stays open and visible.
        return Step(replace(was, state=PromiseState.NEEDS_PERSON), said, result)
    rest = policy.rests[min(was.attempts, len(policy.rests)) - 1]
    rested = _closes(ground, now) if rest is None else now + rest
    if was.not_before is not None:
        # Somebody called before the window that the citizen asked for.
        rested = max(rested, was.not_before)
    retry_at = ground.hours.next_open(ground.calendar, rested)
    return Step(
        replace(was, state=PromiseState.RESTING, retry_at=retry_at),
        (Tell("tried", told | {"retry_at": retry_at}),),
        result,
    )


def _closes(ground: Ground, now: datetime) -> datetime:
    """The end of today's opening; now when we are closed, since the next one is next."""
    if not ground.hours.is_open(ground.calendar, now):
        return now
    return ground.hours.add_working_days(ground.calendar, now, 0)


def _moved(was: Standing, event: Moved, ground: Ground, now: datetime) -> Standing:
    law = min((at for at in (was.statutory_due_at, event.law) if at is not None), default=None)
    if law is not None and event.due_at > law:
        raise Conflict("law_comes_first", "A deadline of the law cannot be moved.")
    moved = replace(
        was,
        not_before=event.not_before,
        due_at=event.due_at,
        retry_at=None,
        statutory_due_at=law,
    )
    if was.state is PromiseState.RESERVED:
        moved = replace(moved, back_to=at_rest(moved))
    elif was.state not in _UNDER_WAY:
        moved = replace(moved, state=at_rest(moved))
    if event.due_at > was.due_at:
        moved = replace(moved, late_at=None, level=0, alarmed_at=None)
    # Nobody is told at once that a time agreed this minute runs short.
    return replace(moved, level=_course(moved, ground).passed(now))


def _ended(was: Standing, state: PromiseState) -> Standing:
    if state.is_open:
        raise ValueError(f"{state} is no end")
    return replace(was, state=state, retry_at=None, lease_until=None, back_to=None)


def _ticked(was: Standing, ground: Ground, now: datetime) -> Step:
    """First what passes by itself, then lateness, then whether somebody must be alarmed."""
    passed = _moved_on(was, ground, now)
    after, effects = passed.standing, passed.effects
    if after.due_at <= now and after.late_at is None:
        after = replace(after, late_at=now)
    alarm = _course(after, ground).alarm_due(now)
    if alarm is not None:
        after = replace(after, level=alarm.level, alarmed_at=now)
        effects = (*effects, alarm)
    return Step(after, effects, passed.result)


def _moved_on(was: Standing, ground: Ground, now: datetime) -> Step:
    if was.state is PromiseState.RESTING and was.retry_at is not None and was.retry_at <= now:
        return Step(replace(was, state=at_rest(was), retry_at=None))
    if was.lease_until is None or was.lease_until > now:
        return Step(was)
    if was.state is PromiseState.RESERVED:
        return Step(_given_back(was, now))
    if was.state is PromiseState.DIALLING:
        asked = replace(was, state=PromiseState.UNCERTAIN, lease_until=now + LOOKING_UP)
        return Step(asked, (LookUp(was.attempts),))
    return _not_reached(was, Result.NO_ANSWER, ground, now, heard=False)


def _given_back(was: Standing, now: datetime) -> Standing:
    """A reservation that lapsed goes back to the place that it had."""
    back = replace(was, state=was.back_to or at_rest(was), lease_until=None, back_to=None)
    if back.state is PromiseState.RESTING and (was.retry_at is None or was.retry_at <= now):
        return replace(back, state=at_rest(was), retry_at=None)
    return back
