"""The citizen's form: what was written, whether it fits, and the arrival that it makes.

Everything that was written is kept as it was, so that a page with errors gives
it back. What the form does not ask for is not looked at.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from aiohttp import web

from channels.http import Problem
from channels.http.explain import say
from channels.i18n import Translate, catalogue, to_translate
from channels.web.fields import (
    MAX_EMAIL,
    MAX_NAME,
    MAX_SUBJECT,
    MAX_TEXT,
    email_address,
    phone_number,
)
from router.errors import SenderError
from router.model import Arrival, CallbackWish, Channel, Group
from router.promises import check_window

if TYPE_CHECKING:
    from router.config import Municipality

_MAX_FIELDS: Final = 50
_FORM: Final = "application/x-www-form-urlencoded"
_FORM_ID: Final = re.compile(r"[0-9a-f]{32}")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_GROUPS: Final = {group.value: group for group in Group}

_NO_TEXT: Final = to_translate("Tell us in a few words what it is about")
_TOO_LONG: Final = to_translate("This is longer than {limit} characters. Please shorten it")
_BAD_EMAIL: Final = to_translate("Check the e-mail address. It should look like name@example.dk")
_BAD_PHONE: Final = to_translate(
    "Check the phone number. It should look like 20 30 40 50, or +46 70 123 45 67 from abroad"
)
_NO_PHONE: Final = to_translate("Write the number that we shall call you on")
_NO_DAY: Final = to_translate("Choose the day that the time is on")
_BAD_DAY: Final = to_translate("Choose one of the days in the list")
_BAD_TIME: Final = to_translate("Choose one of the times in the list")
_CLOSED: Final = to_translate("We are closed that day. Choose another day")
_OUTSIDE: Final = to_translate("We are closed at that time. That day we are open {hours}")
_BAD_CHOICE: Final = to_translate("Choose one of the possibilities")


def new_form_id() -> str:
    """An id for one sheet of the form; it makes sending twice harmless."""
    return os.urandom(16).hex()


def kept_form_id(form_id: str) -> str:
    """The sheet's own id, or a new one when it has none or somebody has changed it."""
    return form_id if _FORM_ID.fullmatch(form_id) else new_form_id()


def digest_of(*written: str) -> str:
    """A short digest of what was written, for a dedupe key."""
    joined = "\0".join(written).encode("utf-8", "replace")
    return hashlib.sha256(joined).hexdigest()[:32]


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of a form as written. Of a field sent twice the first counts."""
    if request.content_type != _FORM:
        raise Problem(415, "not_a_form")
    raw = (await request.read()).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Problem(400, "too_many_fields") from None
    values: dict[str, str] = {}
    for name, value in pairs:
        # Browsers send line breaks as CRLF; they count as one character.
        values.setdefault(name, value.replace("\r\n", "\n"))
    return values


@dataclass(slots=True)
class Entry:
    """The form's fields as somebody wrote them."""

    form_id: str = field(default_factory=new_form_id)
    text: str = ""
    subject: str = ""
    group: str = Group.CITIZEN.value
    name: str = ""
    email: str = ""
    phone: str = ""
    call_me: bool = False
    day: str = ""
    """ISO date, empty for as soon as possible."""
    start: str = ""
    """Local time HH:MM, empty for any."""
    end: str = ""
    department: str = ""
    """Department id, empty for "I do not know"."""

    @classmethod
    def of(cls, values: dict[str, str]) -> Entry:
        return cls(
            form_id=kept_form_id(values.get("form_id", "")),
            text=values.get("text", ""),
            subject=values.get("subject", ""),
            group=values.get("group", Group.CITIZEN.value),
            name=values.get("name", ""),
            email=values.get("email", ""),
            phone=values.get("phone", ""),
            call_me=bool(values.get("call_me")),
            day=values.get("day", ""),
            start=values.get("start", ""),
            end=values.get("end", ""),
            department=values.get("department", ""),
        )

    def key(self) -> str:
        """The dedupe key: the sheet and what stands on it.

        The same sheet sent twice is one contact. Somebody who goes back, writes
        something else and sends it has said something new.
        """
        digest = digest_of(
            self.text, self.subject, self.group, self.name, self.email, self.phone,
            str(self.call_me), self.day, self.start, self.end, self.department,
        )  # fmt: skip
        return f"form:{self.form_id}:{digest}"


@dataclass(slots=True)
class Checked:
    """What a form came to: an arrival, or what to put right, by field in the page's order."""

    arrival: Arrival | None
    errors: dict[str, str]


def check(entry: Entry, language: str, municipality: Municipality, now: datetime) -> Checked:
    """Whether `entry` can be taken. Errors are sentences in `language`."""
    return _Check(entry, language, municipality, now).result()


class _Check:
    def __init__(
        self, entry: Entry, language: str, municipality: Municipality, now: datetime
    ) -> None:
        self._entry = entry
        self._language = language
        self._municipality = municipality
        self._now = now
        self._: Translate = catalogue("web").gettext(language)
        self._errors: dict[str, str] = {}

    def result(self) -> Checked:
        entry = self._entry
        text = entry.text.strip()
        if not text:
            self._errors["text"] = self._(_NO_TEXT)
        self._limit("text", text, MAX_TEXT)
        subject = self._limit("subject", " ".join(entry.subject.split()), MAX_SUBJECT)
        group = _GROUPS.get(entry.group)
        if group is None:
            self._errors["group"] = self._(_BAD_CHOICE)
        name = self._limit("name", " ".join(entry.name.split()), MAX_NAME)
        email = self._email()
        phone = self._phone()
        wish = self._wish(phone) if entry.call_me else None
        if entry.department and entry.department not in self._municipality.departments:
            self._errors["department"] = self._(_BAD_CHOICE)
        if self._errors:
            return Checked(None, self._errors)
        arrival = Arrival(
            channel=Channel.WEB,
            dedupe_key=entry.key(),
            received_at=self._now,
            text=text,
            subject=subject,
            language=self._language,
            name=name,
            phone=phone,
            email=email,
            group=group,
            menu=entry.department,
            callback=wish,
        )
        return Checked(arrival, {})

    def _limit(self, name: str, value: str, limit: int) -> str:
        if len(value) > limit:
            self._errors[name] = self._(_TOO_LONG).format(limit=limit)
        return value

    def _email(self) -> str:
        written = self._entry.email.strip()
        if not written:
            return ""
        address = email_address(written[: MAX_EMAIL + 1])
        if address is None:
            self._errors["email"] = self._(_BAD_EMAIL)
        return address or ""

    def _phone(self) -> str:
        written = self._entry.phone.strip()
        if not written:
            if self._entry.call_me:
                self._errors["phone"] = self._(_NO_PHONE)
            return ""
        number = phone_number(written[:60])
        if number is None:
            self._errors["phone"] = self._(_BAD_PHONE)
        return number or ""

    def _wish(self, phone: str) -> CallbackWish | None:
        entry = self._entry
        if not entry.day:
            if entry.start or entry.end:
                self._errors["day"] = self._(_NO_DAY)
            return CallbackWish(phone)
        day = _date(entry.day)
        if day is None:
            self._errors["day"] = self._(_BAD_DAY)
            return None
        start, end = _time(entry.start), _time(entry.end)
        for name, written, read in (("start", entry.start, start), ("end", entry.end, end)):
            if written and read is None:
                self._errors[name] = self._(_BAD_TIME)
                return None
        return self._window(phone, day, start, end)

    def _window(
        self, phone: str, day: date, start: time | None, end: time | None
    ) -> CallbackWish | None:
        municipality = self._municipality
        zone = municipality.zone
        # A day far away is refused before its opening hours are worked out.
        if not self._fits("day", None, datetime.combine(day, time(23, 59), zone)):
            return None
        calendar = municipality.departments[
            self._entry.department
            if self._entry.department in municipality.departments
            else municipality.default_department
        ].hours
        openings = municipality.hours.intervals(calendar, day)
        if not openings:
            self._errors["day"] = self._(_CLOSED)
            return None
        opens, closes = openings[0][0], openings[-1][1]
        not_before = datetime.combine(day, start, zone).astimezone(UTC) if start else opens
        until = datetime.combine(day, end, zone).astimezone(UTC) if end else closes
        if not self._fits("end" if end else "day", not_before, until):
            return None
        if until <= opens or not_before >= closes:
            hours = f"{opens.astimezone(zone):%H.%M}–{closes.astimezone(zone):%H.%M}"
            self._errors["start"] = self._(_OUTSIDE).format(hours=hours)
            return None
        return CallbackWish(phone, not_before if not_before > self._now else None, until)

    def _fits(self, name: str, not_before: datetime | None, until: datetime) -> bool:
        try:
            check_window(not_before, until, self._now)
        except SenderError as error:
            self._errors[name] = say(error.code, self._) or self._(_BAD_DAY)
            return False
        return True


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _time(written: str) -> time | None:
    match = _CLOCK.fullmatch(written)
    return time(int(match[1]), int(match[2])) if match else None


DAYS_OFFERED: Final = 10
"""Open days in the list."""
_DAYS_LOOKED_AT: Final = 40


def days_to_choose(municipality: Municipality, now: datetime) -> list[date]:
    """The next open days, today among them while we are open."""
    calendar = municipality.departments[municipality.default_department].hours
    today = now.astimezone(municipality.zone).date()
    days: list[date] = []
    for ahead in range(_DAYS_LOOKED_AT):
        day = today + timedelta(days=ahead)
        openings = municipality.hours.intervals(calendar, day)
        if openings and openings[-1][1] > now:
            days.append(day)
            if len(days) == DAYS_OFFERED:
                break
    return days


def times_to_choose(municipality: Municipality, now: datetime) -> list[str]:
    """Full hours in which we are open on some day of the list, as HH:MM."""
    calendar = municipality.departments[municipality.default_department].hours
    first, last = 24, 0
    for day in days_to_choose(municipality, now):
        openings = municipality.hours.intervals(calendar, day)
        first = min(first, openings[0][0].astimezone(municipality.zone).hour)
        closes = openings[-1][1].astimezone(municipality.zone)
        last = max(last, closes.hour + (closes.minute > 0))
    return [f"{hour:02d}:00" for hour in range(first, min(last, 23) + 1)]
