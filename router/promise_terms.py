"""What is promised when: not before, and by when. Pure functions of wish, policy, hours and now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from router.errors import SenderError

if TYPE_CHECKING:
    from router.hours import Hours
    from router.model import CallbackWish
    from router.promise_policies import Policy

FARTHEST_WINDOW: Final = timedelta(days=60)
"""How far ahead a citizen may wish to be called."""

CHILD_CONCERN_ASSESSMENT: Final = timedelta(hours=24)
"""A concern about a child is assessed within 24 hours (barnets lov § 136 area)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is promised: not before, and by when."""

    not_before: datetime | None
    due_at: datetime


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


def terms_of(policy: Policy, hours: Hours, calendar: str, now: datetime) -> Terms:
    """What the policy promises by itself."""
    return Terms(None, policy.due(hours, calendar, now))


def callback_terms(
    wish: CallbackWish | None, policy: Policy, hours: Hours, calendar: str, now: datetime
) -> Terms:
    """When we call. A wish is kept where we are open in it, else in the next opening after it.

    It ends while we are open: what is due at night is late before anybody can do it.
    """
    start = wish.not_before if wish is not None else None
    if start is not None and start <= now:
        start = None
    until = wish.until if wish is not None else None
    if start is None and until is None:
        return terms_of(policy, hours, calendar, now)
    begin = start if start is not None else now
    last = hours.open_until(calendar, begin, until) if until is not None else None
    if last is not None:
        return Terms(start, last)
    # Closed all through the window: an honest promise lies in the next opening.
    opens = hours.next_open(calendar, begin)
    return Terms(opens, policy.within.after(hours, calendar, opens))


def agreed_terms(
    wish: CallbackWish, policy: Policy, hours: Hours, calendar: str, now: datetime
) -> Terms:
    """As `callback_terms`, for a time that staff say. Raises SenderError `window_closed`
    where we are closed all through it: no other time is taken for it."""
    begin = now if wish.not_before is None else max(wish.not_before, now)
    if wish.until is not None and hours.open_until(calendar, begin, wish.until) is None:
        raise SenderError("window_closed", "We are closed all through that time.")
    return callback_terms(wish, policy, hours, calendar, now)


def while_open(wish: CallbackWish, hours: Hours, calendar: str, now: datetime) -> CallbackWish:
    """The same wish, ending while we are open; as it is where we are closed all through it."""
    if wish.until is None:
        return wish
    begin = now if wish.not_before is None else max(wish.not_before, now)
    return replace(wish, until=hours.open_until(calendar, begin, wish.until) or wish.until)


def no_later(terms: Terms, latest: datetime) -> Terms:
    """`terms` brought forward where they lie beyond `latest`."""
    if terms.due_at <= latest:
        return terms
    early = terms.not_before is not None and terms.not_before < latest
    return Terms(terms.not_before if early else None, latest)
