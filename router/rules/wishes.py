"""When somebody wishes to be called: `efter kl. 15`, `tirsdag mellem 9 og 11`.

Read as it was said, on the wall clock; `window_of` turns it into moments once it
is known what day it is. Both are pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from router.rules.text import lowered


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish to be called, as it was said. All parts may be empty."""

    phone: str = ""
    """E.164."""
    day: str = ""
    """`+1` so many days from today, `wd2` the next Wednesday (Monday is 0), `05-14` a date."""
    from_time: str = ""
    """`15:00`, local."""
    until_time: str = ""

    @property
    def has_time(self) -> bool:
        """Whether anything was said of when."""
        return bool(self.day or self.from_time or self.until_time)


_WEEKDAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            "mandag man monday mon montag понеділок poniedziałek الاثنين",
            "tirsdag tirs tir tuesday tue dienstag вівторок wtorek الثلاثاء",
            "onsdag ons wednesday wed mittwoch середу środę środa الأربعاء",
            "torsdag tors tor thursday thu donnerstag четвер czwartek الخميس",
            "fredag fre friday fri freitag п'ятницю piątek الجمعة",
            "lørdag loerdag saturday samstag суботу sobotę",
            "søndag soendag sunday sonntag неділю niedzielę",
        )
    )
    for name in names.split()
}
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "januar jan january", "februar feb february", "marts mar march märz", "april apr",
            "maj may mai", "juni jun june", "juli jul july", "august aug", "september sep sept",
            "oktober okt october", "november nov", "december dec dezember",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_TODAY: Final = r"i dag|idag|today|heute|d\.d\.|dd"
_TOMORROW: Final = (
    r"i morgen|imorgen|imorn|i morn|tomorrow|morgen früh"
    r"|morgen(?= (?:vormittag|nachmittag|um|ab|zwischen))"
)
_OVERMORROW: Final = r"i overmorgen|overmorgen|day after tomorrow|übermorgen"
_CLOCK: Final = (
    r"(?:kl|klokken|kl\.|um|at)?\.?\s?([01]?[0-9]|2[0-4])(?:[:.]([0-5][0-9]))?(?![0-9.:]?[0-9])"
    r"(?:\s?(?:uhr|o'clock|h))?\s?([ap]\.?m\.?)?"
)
_BETWEEN: Final = re.compile(
    rf"(?:(?:mellem|ml\.?|between|zwischen|fra|from|von|kl\.?|klokken"
    rf"|tidsrummet)\s{{1,2}}){{1,3}}{_CLOCK}"
    rf"\s?(?:og|and|und|til|to|bis|-|–)\s?{_CLOCK}",
)
_BARE_RANGE: Final = re.compile(
    r"(?<![0-9/.:+])([0-9]{1,2})(?:[:.]([0-5][0-9]))?\s?[-–]\s?([0-9]{1,2})(?:[:.]([0-5][0-9]))?(?![0-9/.:-]|\s?(?:år|kr|m\b|stk|pct|%))"
)
_AFTER: Final = re.compile(
    rf"(?:efter|tidligst|fra|after|from|nach|ab|først efter|senere end|later than|not before"
    rf"|ikke før)\s{{1,2}}{_CLOCK}",
)
_BEFORE: Final = re.compile(
    rf"(?:inden|før|senest|until|before|by|vor|bis|til|indtil|ikke efter"
    rf"|not after)\s{{1,2}}{_CLOCK}",
)
_AT: Final = re.compile(
    r"(?:\bkl\.?|klokken|\bat|\bum|ved)\s{0,2}([01]?[0-9]"
    r"|2[0-4])(?:[:.]([0-5][0-9]))?(?![0-9.:]?[0-9])"
    r"(?:\s?(?:uhr|o'clock|tiden))?\s?([ap]\.?m\.?)?",
)
_PARTS: Final = (
    (
        re.compile(r"formiddag|morning|vormittag|przed południem|вранці|tidligt"),
        "08:00",
        "12:00",
    ),
    (re.compile(r"eftermiddag|afternoon|nachmittag|po południu"), "12:00", "16:00"),
    (re.compile(r"frokost|middag\b|lunch|noon|mittag"), "11:30", "13:00"),
    (re.compile(r"aften|evening|abend|wieczorem|ввечері"), "16:00", "20:00"),
    (re.compile(r"(?:om|på|i dag) morgen(?:en)?\b|\bmorgenen\b"), "08:00", "10:00"),
)
_LATE: Final = re.compile(
    r"efter (?:arbejde|fyraften|skole)|after work|sidst på (?:dagen|eftermiddagen)"
)
_DATE: Final = re.compile(
    r"(?:den |d\. ?|on the |am )?\b([0-3]?[0-9])(?:\.|st|nd|rd|th)? ?(?:of )?([a-zä]{3,9})\b"
    r"|(?:den |d\. ?|d )([0-3]?[0-9])[/.]([01]?[0-9])(?![0-9:])",
)
_DAYS: Final = (
    (re.compile(rf"\b(?:{_OVERMORROW})\b"), "+2"),
    (re.compile(rf"\b(?:{_TOMORROW})\b"), "+1"),
    (
        re.compile(
            rf"(?:\b(?:{_TODAY})\b|\bi (?:eftermiddag|formiddag|aften)\b|this (?:afternoon"
            rf"|morning))",
        ),
        "+0",
    ),
)
_WEEKDAY: Final = re.compile(
    r"\b(" + "|".join(sorted(_WEEKDAYS, key=len, reverse=True)) + r")(?:e?n|s)?\b"
)
_CUE: Final = re.compile(
    r"ring|opkald|kontakt|træffes|fanges|telefon|tlf|fat i mig|call|phone|reach|anruf|rufen|erreich"
    r"|zadzwo|dzwon|подзвон|телефон|اتصل|الاتصال|kan nås|hjemme",
)
_AROUND: Final = 110
"""Characters around a word of calling that say when."""
_CUES: Final = 8
"""Words of calling that are looked at; a text with more says nothing new."""
_OFFICE: Final = (time(7), time(19))
"""A bare `kl. 3` is the afternoon: nobody is called at night."""


def read_wish(text: str, phone: str = "") -> Wish:
    """When, in the words near `ring`, `kontakt`, `call`, somebody wishes to be called."""
    for cue in islice(_CUE.finditer(lowered(text)), _CUES):
        near = lowered(_sentence(text, cue.start(), cue.end()))
        wish = _read_near(near, phone)
        if wish.has_time:
            return wish
    return Wish(phone)


def _sentence(text: str, start: int, end: int) -> str:
    """The clause around a word: from the full stop before it to the one after."""
    before = text[max(0, start - _AROUND // 2) : start]
    cut = max(before.rfind("? "), before.rfind("! "), before.rfind("\n"), _full_stop(before))
    after = text[end : end + _AROUND]
    stop = _SENTENCE_END.search(after)
    return before[cut + 1 :] + text[start:end] + (after[: stop.start()] if stop else after)


def _full_stop(text: str) -> int:
    """The last full stop that ends a sentence (not `kl.` or `d.`)."""
    place = text.rfind(". ")
    while place > 0 and (
        text[place - 1].isdigit() or text[max(0, place - 2) : place].lower() in _SHORT
    ):
        place = text.rfind(". ", 0, place)
    return place


_SENTENCE_END: Final = re.compile(r"[!?\n]|(?<!\bkl)(?<!\bd)(?<!\bml)(?<!\btlf)(?<!\d)\.\s")
_SHORT: Final = frozenset({"kl", " d", "lf", "ml", "pr"})


def _read_near(near: str, phone: str) -> Wish:
    """When, in the small letters around a word of calling."""
    clean = _PHONE_LIKE.sub(" ", near)
    day = _day(clean)
    start, end = _times(clean)
    if not start and not end and not day and not _ANY_TIME.search(clean):
        return Wish(phone)
    if not start and not end and not day:
        return Wish(phone, "", "08:00", "16:00")
    return Wish(phone, day, start, end)


_ANY_TIME: Final = re.compile(r"hele dagen|all day|ganzen tag|når som helst|any ?time")
_PHONE_LIKE: Final = re.compile(r"(?:\+\d{1,3} ?)?\b\d{2} ?\d{2} ?\d{2} ?\d{2}\b")


def _day(near: str) -> str:
    for pattern, day in _DAYS:
        if pattern.search(near):
            return day
    weekday = _WEEKDAY.search(near)
    if weekday:
        return f"wd{_WEEKDAYS[weekday.group(1).lower()]}"
    for found in _DATE.finditer(near):
        number, name, other, month = found.groups()
        if name and name.lower() in _MONTHS:
            return f"{_MONTHS[name.lower()]:02d}-{int(number):02d}" if int(number) <= 31 else ""
        if month and 1 <= int(month) <= 12 and 1 <= int(other) <= 31:
            return f"{int(month):02d}-{int(other):02d}"
    return ""


def _times(near: str) -> tuple[str, str]:
    between = _BETWEEN.search(near)
    if between:
        h1, m1, p1, h2, m2, p2 = between.groups()
        return _clock(h1, m1, p1 or p2), _clock(h2, m2, p2)
    bare = _BARE_RANGE.search(near)
    if bare and int(bare.group(1)) < int(bare.group(3)) <= 20 and int(bare.group(1)) >= 7:
        return _clock(bare.group(1), bare.group(2), ""), _clock(bare.group(3), bare.group(4), "")
    after, before = _AFTER.search(near), _BEFORE.search(near)
    if after or before:
        return (
            _clock(*after.groups()) if after else "",
            _clock(*before.groups()) if before else "",
        )
    at = _AT.search(near)
    if at:
        start = _clock(*at.groups())
        return start, _later(start, 60)
    if _LATE.search(near):
        return "15:00", ""
    for pattern, start, end in _PARTS:
        if pattern.search(near):
            return start, end
    return "", ""


def _clock(hour: str, minute: str | None, half: str | None) -> str:
    hours, minutes = int(hour) % 24, int(minute or 0)
    if (half and half.lower().startswith("p") and hours < 12) or (
        not half and hours < _OFFICE[0].hour
    ):
        hours += 12
    return f"{hours:02d}:{minutes:02d}"


def _later(clock: str, minutes: int) -> str:
    hours, past = divmod(int(clock[:2]) * 60 + int(clock[3:]) + minutes, 60)
    return f"{min(hours, 23):02d}:{past:02d}"


def window_of(
    wish: Wish, now: datetime, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None] | None:
    """The wish as moments (UTC): not before, and until. None when nothing was said of when.

    `now` is aware. Never in the past: `efter kl. 15` said at 18 is tomorrow's, a
    weekday is the next one that still lies ahead, a date that is gone is next
    year's unless it has just gone, when it says nothing. A window that has begun
    has no beginning. Without an end it lasts until the evening of its day.
    """
    if not wish.has_time:
        return None
    local = now.astimezone(zone)
    today = local.date()
    days = _days(wish.day, today)
    if not days:
        return None
    for day in days:
        start = datetime.combine(day, _time(wish.from_time, time(0)), zone).astimezone(UTC)
        end = datetime.combine(day, _time(wish.until_time, time(23, 59)), zone).astimezone(UTC)
        if end <= start:
            end = datetime.combine(day, time(23, 59), zone).astimezone(UTC)
        if end > now and end > start:
            return (start if start > now else None), end
    return None


_LAST_AHEAD: Final = timedelta(days=60)


def _days(said: str, today: date) -> list[date]:
    """The days that may be meant, the likeliest first."""
    if not said:
        return [today, today + timedelta(days=1)]
    if said.startswith("+"):
        return [today + timedelta(days=int(said[1:]))]
    if said.startswith("wd"):
        ahead = (int(said[2:]) - today.weekday()) % 7
        return [today + timedelta(days=ahead), today + timedelta(days=ahead + 7)]
    found: list[date] = []
    for year in (today.year, today.year + 1):
        try:
            day = date(year, int(said[:2]), int(said[3:]))
        except ValueError:
            continue
        if today <= day <= today + _LAST_AHEAD:
            found.append(day)
    return found


def _time(clock: str, otherwise: time) -> time:
    return time(int(clock[:2]), int(clock[3:])) if clock else otherwise
