"""What an answer to our text message means. Pure: words, and the time now.

Only what is nothing but an answer counts as one: "1", "nej tak", "tors 14-15",
"ring hellere i morgen efter 12". Everything else is words for a person to read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo


class Wants(StrEnum):
    """What somebody who answers wants."""

    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    STOP = "stop"
    """No call, and no text messages either."""
    START = "start"
    """Text messages again."""
    TIME = "time"
    IMPOSSIBLE = "impossible"
    """A time that the clocks skip."""
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Understood:
    """What was understood."""

    wants: Wants
    not_before: datetime | None = None
    until: datetime | None = None
    exact: bool = False
    """Both ends were named; otherwise any free time between them is meant."""


_YES: Final = frozenset(
    {"1", "ja", "jo", "ok", "okay", "ja tak", "tak ja", "fint", "det passer", "det er fint",
     "yes", "y", "yes please", "fine", "that is fine"}
)  # fmt: skip
_NO: Final = frozenset(
    {"nej", "nej tak", "afmeld", "afbestil", "annuller", "ring ikke", "no", "no thanks",
     "no thank you", "do not call", "don't call"}
)  # fmt: skip
_STOP: Final = frozenset(
    {"stop", "stop sms", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
)
"""The provider's own words among them: it sends nothing more to the number either."""
_START: Final = frozenset({"start", "unstop"})

_LONGEST: Final = 60
_AFTERNOON: Final = 7
"""Bare hours before this are those of the afternoon: nobody is called at two at night."""

_FILLING: Final = re.compile(
    r"\b(?:kl|klokken|den|d|om|på|ring|ringe|i kan|gerne|helst|hellere|tak|venligst|mig|"
    r"at|on|call|me|please|rather|thanks|the|you can)\b\.?"
)
_WEEKDAYS: Final = (
    r"man(?:dag)?|mon(?:day)?", r"tirs?(?:dag)?|tue(?:s|sday)?", r"ons(?:dag)?|wed(?:nesday)?",
    r"tors?(?:dag)?|thu(?:r|rs|rsday)?", r"fre(?:dag)?|fri(?:day)?", r"lør(?:dag)?|sat(?:urday)?",
    r"søn(?:dag)?|sun(?:day)?",
)  # fmt: skip
_MONTHS: Final = (
    "jan(?:uary?)?", "feb(?:ruary?)?", "mar(?:ts|ch)?", "apr(?:il)?", "maj|may", "jun[ie]?",
    "jul[iy]?", "aug(?:ust)?", "sep(?:t|tember)?", "o[kc]t(?:ober)?", "nov(?:ember)?",
    "de[cz](?:ember)?",
)  # fmt: skip
_TODAY: Final = re.compile(r"\b(?:i ?dag|today)\b")
_TOMORROW: Final = re.compile(r"\b(?:i ?morgen|tomorrow)\b")
_DAY_AFTER: Final = re.compile(r"\b(?:i )?overmorgen\b")
_WEEKDAY: Final = re.compile("|".join(rf"\b(?P<w{n}>{w})\b\.?" for n, w in enumerate(_WEEKDAYS)))
_DATE: Final = re.compile(r"\b(?P<day>\d{1,2})/(?P<month>\d{1,2})\b")
_NAMED_DATE: Final = re.compile(
    r"\b(?P<day>\d{1,2})\.? ?(?:" + "|".join(f"(?P<m{n}>{m})" for n, m in enumerate(_MONTHS, 1))
    + r")\b\.?"
)  # fmt: skip

_CLOCK: Final = r"(\d{1,2})(?:[.:](\d\d))? ?(am|pm)?"
_BETWEEN: Final = re.compile(
    rf"(?:mellem|between|fra|from)? ?{_CLOCK} ?(?:-|–|til|to|og|and) ?{_CLOCK}"
)
_AFTER: Final = re.compile(rf"(?:efter|after|fra|from|tidligst) ?{_CLOCK}")
_BEFORE: Final = re.compile(rf"(?:før|inden|before|senest|by) ?{_CLOCK}")
_AT: Final = re.compile(_CLOCK)
_MORNING: Final = frozenset({"formiddag", "formiddagen", "i formiddag", "morning", "in morning"})
_LATER: Final = frozenset(
    {"eftermiddag", "eftermiddagen", "i eftermiddag", "afternoon", "in afternoon"}
)


def understand(text: str, now: datetime, zone: ZoneInfo) -> Understood:
    """What `text`, which answers a message of ours, means at `now`."""
    said = _plain(text)
    for words, wants in (
        (_YES, Wants.CONFIRM),
        (_NO, Wants.WITHDRAW),
        (_STOP, Wants.STOP),
        (_START, Wants.START),
    ):
        if said in words:
            return Understood(wants)
    if not said or len(said) > _LONGEST or not any(letter.isalnum() for letter in said):
        return Understood(Wants.WORDS)
    return _time_in(said, now, zone) or Understood(Wants.WORDS)


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .!?,;:\"'")


def _time_in(said: str, now: datetime, zone: ZoneInfo) -> Understood | None:
    named = re.search(r"\b(?:kl|klokken|at)\b", said) is not None
    try:
        day, rest = _day_in(said, now.astimezone(zone).date())
    except ValueError:
        return None  # 31 February
    rest = " ".join(_FILLING.sub(" ", rest.replace(",", " ")).split()).strip(" .")
    span = _span_in(rest, bare=day is None and not named)
    if span is None:
        return None
    start, end, exact = span
    if day is None:
        if rest == "":
            return None
        day = now.astimezone(zone).date()
        latest = _moment(day, end if exact or start is None else start, zone)
        if latest is not None and latest <= now:
            day += timedelta(days=1)
    elif (
        _WEEKDAY.search(said)
        and day == now.astimezone(zone).date()
        and (until := _moment(day, end, zone)) is not None
        and until <= now
    ):
        day += timedelta(days=7)
    begins, ends = _moment(day, start or timedelta(0), zone), _moment(day, end, zone)
    if begins is None or ends is None:
        return Understood(Wants.IMPOSSIBLE)
    return Understood(Wants.TIME, begins, ends, exact)


def _day_in(said: str, today: date) -> tuple[date | None, str]:
    """The day that is named, if any, and the words without it. ValueError for none that is."""
    for pattern, ahead in ((_DAY_AFTER, 2), (_TOMORROW, 1), (_TODAY, 0)):
        if match := pattern.search(said):
            return today + timedelta(days=ahead), _without(said, match)
    if match := _DATE.search(said) or _NAMED_DATE.search(said):
        found = match.groupdict()
        month = (
            int(found["month"])
            if found.get("month")
            else next(number for number in range(1, 13) if found.get(f"m{number}"))
        )
        rest = _without(said, match)
        # "tors 24/11": the date says it all.
        rest = _WEEKDAY.sub(" ", rest)
        return _coming(today, int(found["day"]), month), rest
    if match := _WEEKDAY.search(said):
        weekday = next(n for n in range(7) if match[f"w{n}"])
        return today + timedelta(days=(weekday - today.weekday()) % 7), _without(said, match)
    return None, said


def _without(said: str, match: re.Match[str]) -> str:
    return f"{said[: match.start()]} {said[match.end() :]}"


def _coming(today: date, day: int, month: int) -> date:
    """The next time that this date comes."""
    for year in (today.year, today.year + 1):
        # 29 February of a year without one is no date; ValueError says so.
        if (found := date(year, month, day)) >= today:
            return found
    raise ValueError("never")


def _span_in(rest: str, *, bare: bool) -> tuple[timedelta | None, timedelta, bool] | None:
    """From when until when on the day; None when it is no time. `bare`: nothing else says so."""
    whole_day = timedelta(days=1)
    if rest == "":
        return None, whole_day, False
    if rest in _MORNING:
        return timedelta(hours=8), timedelta(hours=12), False
    if rest in _LATER:
        return timedelta(hours=12), timedelta(hours=17), False
    if match := _BETWEEN.fullmatch(rest):
        start, end = _clock(*match.groups()[:3]), _clock(*match.groups()[3:])
        return None if start is None or end is None else (start, end, True)
    if match := _AFTER.fullmatch(rest):
        start = _clock(*match.groups())
        return None if start is None else (start, whole_day, False)
    if match := _BEFORE.fullmatch(rest):
        end = _clock(*match.groups())
        return None if end is None else (None, end, False)
    if match := _AT.fullmatch(rest):
        start = _clock(*match.groups())
        if start is None or (bare and not match[2] and not match[3]):
            return None  # a number alone may be anything
        return start, min(start + timedelta(hours=1), whole_day), False
    return None


def _clock(hour: str, minute: str | None, half: str | None) -> timedelta | None:
    hours, minutes = int(hour), int(minute or 0)
    bare = half is None and minute is None
    if (half == "pm" and hours < 12) or (bare and 0 < hours < _AFTERNOON):
        hours += 12
    if hours > 24 or minutes > 59 or (hours == 24 and minutes):
        return None
    return timedelta(hours=hours, minutes=minutes)


def _moment(day: date, wall: timedelta, zone: ZoneInfo) -> datetime | None:
    """A local time of day in UTC; None in the hour that is skipped in spring."""
    try:
        local = datetime.combine(day, time()) + wall
        at = local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None
    return at if at.astimezone(zone).replace(tzinfo=None) == local else None
