"""The citizen's form: what was written, whether it fits, and the arrival that it makes.

Everything that was written is kept as it was, so that a page with errors gives
it back. What the form does not ask for is not looked at.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from datetime import datetime
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
from channels.web.slots import read_slot
from router.errors import SenderError
from router.model import Arrival, CallbackWish, Channel, Group
from router.pledging import NO_CALLS
from router.promises import check_window

if TYPE_CHECKING:
    from router.config import Municipality

_MAX_FIELDS: Final = 50
_FORM: Final = "application/x-www-form-urlencoded"
_FORM_ID: Final = re.compile(r"[0-9a-f]{32}")
_GROUPS: Final = {group.value: group for group in Group}

_NO_TEXT: Final = to_translate("Tell us in a few words what it is about")
_TOO_LONG: Final = to_translate("This is longer than {limit} characters. Please shorten it")
_BAD_EMAIL: Final = to_translate("Check the e-mail address. It should look like name@example.dk")
_BAD_PHONE: Final = to_translate(
    "Check the phone number. It should look like 20 30 40 50, or +46 70 123 45 67 from abroad"
)
_NO_PHONE: Final = to_translate("Write the number that we shall call you on")
_BAD_SLOT: Final = to_translate("Choose one of the times in the list")
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
    slot: str = ""
    """A time of the list, empty for as soon as possible."""
    no_calls: bool = False
    """They cannot be called at all."""
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
            slot=values.get("slot", ""),
            no_calls=bool(values.get("no_calls")),
            department=values.get("department", ""),
        )

    def key(self) -> str:
        """The dedupe key: the sheet and what stands on it.

        The same sheet sent twice is one contact. Somebody who goes back, writes
        something else and sends it has said something new.
        """
        digest = digest_of(
            self.text, self.subject, self.group, self.name, self.email, self.phone,
            str(self.call_me), self.slot, str(self.no_calls), self.department,
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
        if entry.call_me and entry.no_calls:
            self._errors["no_calls"] = say("callback_and_no_calls", self._)
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
            flags=frozenset({NO_CALLS}) if entry.no_calls else frozenset(),
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
        if not self._entry.slot:
            return CallbackWish(phone)
        ends = read_slot(self._entry.slot)
        if ends is None:
            self._errors["slot"] = self._(_BAD_SLOT)
            return None
        start, until = ends
        try:
            check_window(start, until, self._now)
            self._must_be_open(start, until)
        except SenderError as error:
            self._errors["slot"] = say(error.code, self._) or self._(_BAD_SLOT)
            return None
        return CallbackWish(phone, start, until)

    def _must_be_open(self, start: datetime, until: datetime) -> None:
        municipality = self._municipality
        department = self._entry.department
        if department not in municipality.departments:
            department = municipality.default_department
        calendar = municipality.departments[department].hours
        if municipality.hours.next_open(calendar, start) >= until:
            raise SenderError("window_closed")
