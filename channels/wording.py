"""How we say a number, a time and a promise: the same words in every channel.

Times are local to the municipality. Dates are absolute (never "tomorrow"): a
receipt is read again on another day.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers

from channels.i18n import DANISH, SHARED, spoken_language, to_translate
from router.model import PromiseGiven, PromiseKind

_DAYS: Final = {
    "da": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS: Final = {
    "da": (
        "januar", "februar", "marts", "april", "maj", "juni", "juli", "august",
        "september", "oktober", "november", "december",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August",
        "September", "October", "November", "December",
    ),
}  # fmt: skip

_YEAR_NEEDED_AFTER: Final = timedelta(days=300)
_DANISH_NUMBER: Final = re.compile(r"\+45(\d\d)(\d\d)(\d\d)(\d\d)")

_CALLS_WITHIN: Final = to_translate("{department} will call you on {phone} {window}.")
_CALLS_BEFORE: Final = to_translate("{department} will call you on {phone} no later than {time}.")
_ANSWERS_BEFORE: Final = to_translate("{department} will answer you no later than {time}.")
_MEETS: Final = to_translate("You have a meeting with {department} {window}.")
_DONE_BEFORE: Final = {
    PromiseKind.STATUS_LETTER: to_translate(
        "{department} will write to you where your case stands no later than {time}."
    ),
    PromiseKind.RECEIPT: to_translate("{department} will send you a receipt no later than {time}."),
    PromiseKind.DOCUMENT_ACCESS: to_translate(
        "{department} will answer your request for access to documents no later than {time}."
    ),
    PromiseKind.DEADLINE_NOTICE: to_translate(
        "{department} will write to you about the delay no later than {time}."
    ),
    PromiseKind.AGENDA: to_translate(
        "{department} will send you the agenda of the meeting no later than {time}."
    ),
    PromiseKind.MINUTES: to_translate(
        "{department} will send you the minutes of the meeting no later than {time}."
    ),
}
_WHERE: Final = {
    "place": to_translate("Place: {place}"),
    "phone": to_translate("We call you on {place}"),
    "video": to_translate("By video: {place}"),
}


KINDS: Final = {
    PromiseKind.CALLBACK: to_translate("Call back"),
    PromiseKind.ANSWER: to_translate("Answer"),
    PromiseKind.STATUS_LETTER: to_translate("Letter about where the case stands"),
    PromiseKind.RECEIPT: to_translate("Receipt of a concern about a child"),
    PromiseKind.DOCUMENT_ACCESS: to_translate("Access to documents"),
    PromiseKind.COMPLAINT_CALL: to_translate("Call about a complaint"),
    PromiseKind.CALL_BEFORE_REFUSAL: to_translate("Call before a refusal"),
    PromiseKind.DEADLINE_NOTICE: to_translate("Notice that a deadline is missed"),
    PromiseKind.AGENDA: to_translate("Agenda"),
    PromiseKind.MEETING: to_translate("Meeting"),
    PromiseKind.MINUTES: to_translate("Minutes"),
}
"""What we call each kind of promise."""


def grouped_reference(reference: str) -> str:
    """A reference as people read it: `482 031 957`."""
    return " ".join(reference[at : at + 3] for at in range(0, len(reference), 3))


@lru_cache(maxsize=4096)
def say_phone(phone: str) -> str:
    """A phone number in E.164 as people read it: `20 30 40 50`, `+46 8 123 456 78`."""
    if danish := _DANISH_NUMBER.fullmatch(phone):
        return " ".join(danish.groups())
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def say_date(at: datetime, language: str, zone: ZoneInfo, now: datetime | None = None) -> str:
    """`tirsdag den 24. november`; with the year when it is far from `now`."""
    return _date_words(at, spoken_language(language), zone, with_year=_far(at, now))


def _far(at: datetime, now: datetime | None) -> bool:
    return now is not None and abs(at - now) > _YEAR_NEEDED_AFTER


def _date_words(at: datetime, language: str, zone: ZoneInfo, *, with_year: bool) -> str:
    local = at.astimezone(zone)
    day = _DAYS[language][local.weekday()]
    month = _MONTHS[language][local.month - 1]
    year = f" {local.year}" if with_year else ""
    if language == DANISH:
        return f"{day} den {local.day}. {month}{year}"
    return f"{day} {local.day} {month}{year}"


def say_clock(at: datetime, language: str, zone: ZoneInfo, *, spoken: bool = False) -> str:
    """The time of day: `15.00` (Danish), `15:00` (English).

    `spoken` is for speech synthesis, which reads full hours best as one number.
    """
    local = at.astimezone(zone)
    if spoken and local.minute == 0:
        return str(local.hour)
    mark = "." if spoken_language(language) == DANISH else ":"
    return f"{local.hour}{mark}{local.minute:02d}"


def say_time(
    at: datetime,
    language: str,
    zone: ZoneInfo,
    now: datetime | None = None,
    *,
    spoken: bool = False,
) -> str:
    """`tirsdag den 24. november kl. 15.00` / `Tuesday 24 November at 15:00`."""
    return _time_words(at, spoken_language(language), zone, with_year=_far(at, now), spoken=spoken)


# The promises of one minute are due at one moment: most are said many times.
@lru_cache(maxsize=1024)
def _time_words(
    at: datetime, language: str, zone: ZoneInfo, *, with_year: bool, spoken: bool
) -> str:
    date = _date_words(at, language, zone, with_year=with_year)
    clock = say_clock(at, language, zone, spoken=spoken)
    if language == DANISH:
        return f"{date} {'klokken' if spoken else 'kl.'} {clock}"
    return f"{date} at {clock}"


def say_length(length: timedelta, language: str) -> str:
    """How long, in whole units rounded down: `20 minutter`, `3 timer`, `2 dage`."""
    ngettext = SHARED.ngettext(language)
    minutes = int(abs(length).total_seconds()) // 60
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}


def say_window(
    not_before: datetime | None,
    due: datetime,
    language: str,
    now: datetime,
    zone: ZoneInfo,
    *,
    spoken: bool = False,
) -> str:
    """When something happens, as the end of a sentence.

    `tirsdag den 24. november mellem kl. 13.00 og 15.00`, or without a start
    `senest tirsdag den 24. november kl. 15.00`.
    """
    danish = spoken_language(language) == DANISH
    at_clock = ("klokken" if spoken else "kl.") if danish else ""
    if not_before is None:
        latest = say_time(due, language, zone, now, spoken=spoken)
        return f"senest {latest}" if danish else f"no later than {latest}"
    start = say_clock(not_before, language, zone, spoken=spoken)
    end = say_clock(due, language, zone, spoken=spoken)
    if not_before.astimezone(zone).date() == due.astimezone(zone).date():
        date = say_date(due, language, zone, now)
        if danish:
            return f"{date} mellem {at_clock} {start} og {end}"
        return f"{date} between {start} and {end}"
    first = say_time(not_before, language, zone, now, spoken=spoken)
    last = say_time(due, language, zone, now, spoken=spoken)
    return f"mellem {first} og {last}" if danish else f"between {first} and {last}"


def promise_sentence(
    promise: PromiseGiven,
    department_name: str,
    language: str,
    now: datetime,
    zone: ZoneInfo,
    *,
    spoken: bool = False,
) -> str:
    """What we promise, in one sentence, e.g.

    `Byggesager ringer til dig på 20 30 40 50 senest tirsdag den 24. november kl. 15.00.`
    """
    _ = SHARED.gettext(language)
    if promise.kind.is_call:
        phone = say_phone(promise.phone)
        if promise.not_before is not None:
            window = say_window(
                promise.not_before, promise.due_at, language, now, zone, spoken=spoken
            )
            return _(_CALLS_WITHIN).format(department=department_name, phone=phone, window=window)
        time = say_time(promise.due_at, language, zone, now, spoken=spoken)
        return _(_CALLS_BEFORE).format(department=department_name, phone=phone, time=time)
    if promise.kind is PromiseKind.MEETING:
        window = say_window(promise.not_before, promise.due_at, language, now, zone, spoken=spoken)
        return _(_MEETS).format(department=department_name, window=window)
    time = say_time(promise.due_at, language, zone, now, spoken=spoken)
    if promise.kind in _DONE_BEFORE:
        return _(_DONE_BEFORE[promise.kind]).format(department=department_name, time=time)
    return _(_ANSWERS_BEFORE).format(department=department_name, time=time)


def say_where(way: str, place: str, language: str) -> str:
    """Where a meeting is: `Sted: Torvet 2`, `Vi ringer til dig på 20 30 40 50`."""
    if way == "phone":
        place = say_phone(place)
    return SHARED.gettext(language)(_WHERE[way]).format(place=place)
