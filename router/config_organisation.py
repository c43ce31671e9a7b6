"""Reading who we are (municipality.yaml) and who works here (organisation.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from router.config_people import Caseworker, read_caseworkers, read_mail, slug
from router.config_source import Fields, Item, Reading, did_you_mean
from router.hours import Hours
from router.rules.reading_words import read_id

__all__ = ["Caseworker", "Department", "Own", "read_organisation"]

_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_SHORT: Final = re.compile(r"\d{3,4}")
_NOBODY_READS: Final = re.compile(r"no-?reply@|do-?not-?reply@|svar-?ikke@|ingen-?svar@")
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+")
_REPLY_PREFIX: Final = "svar+"
"""Answers to a contact come to svar+TOKEN@ our mail domain."""


@dataclass(frozen=True, slots=True)
class Department:
    """An afdeling: can own a contact."""

    id: str
    name: Mapping[str, str]
    description: Mapping[str, str]
    mailbox: str
    phone: str
    """E.164; the municipality's main number when it has none of its own."""
    hours: str
    """Calendar id."""
    menu_key: str
    """Digit in the phone menu, or ""."""
    deputy: str
    """The department that helps when this one cannot."""
    capacity: int | None = None
    """Open contacts without a caseworker from which it counts as full."""
    leader: str = ""
    """Caseworker id of who leads it, or "": then its mailbox is told."""

    def name_in(self, language: str) -> str:
        """The name in `language`, in Danish when it has none."""
        return self.name.get(language) or self.name["da"]


class Own:
    """municipality.yaml."""

    def __init__(self, top: Fields) -> None:
        self.name = top.text("name")
        self.phone = _phone(top.need("phone"))
        self.mail_address = read_mail(top.need("mail_address"))
        self.mail_domain = self._domain(top.need("mail_domain"))
        self.web_url = self._url(top.need("web_url"))
        self.zone = self._zone(top.need("time_zone"))
        self.emergency_phone = _phone(top.need("emergency_phone"))
        self.acute_phone = _phone(top.need("acute_phone"))
        administrator = top.get("administrator")
        self.administrator = read_mail(administrator) if administrator is not None else ""
        more = top.get("more_intake_addresses")
        addresses = [read_mail(item) for item in more.items()] if more is not None else []
        self.intake_addresses = frozenset(
            address for address in (self.mail_address, *addresses) if address
        )
        if administrator is not None:
            _must_not_come_back(administrator, self.administrator, self)
        top.get("note")
        top.close()

    @staticmethod
    def _domain(item: Item | None) -> str:
        word = item.text() if item is not None else None
        if item is None or word is None:
            return ""
        if not _DOMAIN.fullmatch(word):
            item.problem(f'mail_domain: a domain like "example.dk" was expected, not "{word}".')
        return word

    @staticmethod
    def _url(item: Item | None) -> str:
        word = item.text() if item is not None else None
        if item is None or word is None:
            return ""
        if not word.startswith(("https://", "http://")):
            item.problem(f'web_url: an address like "https://…" was expected, not "{word}".')
        return word

    @staticmethod
    def _zone(item: Item | None) -> ZoneInfo:
        word = item.text() if item is not None else None
        try:
            return ZoneInfo(word or "Europe/Copenhagen")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            if item is not None:
                zones = ["Europe/Copenhagen", "Atlantic/Faroe", "America/Nuuk", "UTC"]
                item.problem(f'unknown time zone "{word}".{did_you_mean(word or "", zones)}')
            return ZoneInfo("Europe/Copenhagen")


def _phone(item: Item | None) -> str:
    """A number in international form, or a short one like 112."""
    word = item.words() if item is not None else None
    if item is None or word is None:
        return ""
    number = word.replace(" ", "")
    if not (_E164.fullmatch(number) or _SHORT.fullmatch(number)):
        item.problem(f'{item.what}: a number like "+4547351000" was expected, not "{word}".')
    return number


def _must_not_come_back(item: Item, address: str, own: Own | None) -> None:
    """Refuse an address that we receive ourselves: mail sent there would go in circles."""
    if own is None:
        return
    local, _, domain = address.partition("@")
    if address in own.intake_addresses or (
        domain == own.mail_domain and f"{local}+".startswith(_REPLY_PREFIX)
    ):
        item.problem(
            f'{item.what} "{address}" is an address that we receive ourselves: mail sent there'
            " would come back to us for ever. Give one of their own."
        )


def read_organisation(
    reading: Reading, own: Own | None, hours: Hours | None
) -> tuple[dict[str, Department], dict[str, Caseworker]]:
    """Departments and caseworkers by id, each checked against the others."""
    top = reading.file("departments/organisation.yaml")
    departments: dict[str, Department] = {}
    if top is None:
        return departments, {}
    deputies: list[tuple[Item, str, str]] = []
    leaders: list[tuple[Item, str]] = []
    keys: dict[str, str] = {}
    listed = top.need("departments")
    for item in listed.items() if listed is not None else []:
        fields = item.fields()
        if fields is None:
            continue
        department = _department(fields, own, hours, deputies, leaders)
        key_item = fields.get("menu_key")
        if department.menu_key in keys and key_item is not None:
            key_item.problem(
                f"menu_key {department.menu_key} is already {keys[department.menu_key]}'s."
            )
        if department.menu_key:
            keys[department.menu_key] = department.id
        if department.id in departments:
            fields.problem(f'the department id "{department.id}" is used twice.')
        departments[department.id] = department
    for item, owner, deputy in deputies:
        if deputy == owner:
            item.problem(f"{owner} cannot be its own deputy.")
        elif deputy not in departments:
            item.problem(f'unknown department "{deputy}".{did_you_mean(deputy, departments)}')
    caseworkers = read_caseworkers(
        top.need("caseworkers"),
        departments,
        hours.calendars if hours is not None else {},
        lambda item, address: _must_not_come_back(item, address, own),
    )
    for item, leader in leaders:
        if leader not in caseworkers:
            item.problem(f'unknown caseworker "{leader}".{did_you_mean(leader, caseworkers)}')
    top.close()
    return departments, caseworkers


def _needed(fields: Fields, name: str, what: str) -> Item | None:
    """A field without which no contact could be left with the department."""
    item = fields.get(name)
    if item is None:
        fields.problem(f'{fields.what}: "{name}" is missing: {what}.')
    return item


def _department(
    fields: Fields,
    own: Own | None,
    hours: Hours | None,
    deputies: list[tuple[Item, str, str]],
    leaders: list[tuple[Item, str]],
) -> Department:
    department = read_id(fields.need("id"))
    fields.what = f'department "{department}"'
    mailbox_item = _needed(fields, "mailbox", "the address at which the department reads its mail")
    mailbox = read_mail(mailbox_item)
    if mailbox_item is not None and _NOBODY_READS.match(mailbox):
        mailbox_item.problem(
            f'the mailbox "{mailbox}" is one that nobody reads. Give one that is read every day.'
        )
    if mailbox_item is not None and mailbox:
        _must_not_come_back(mailbox_item, mailbox, own)
    calendars = hours.calendars if hours is not None else {}
    hours_item = _needed(
        fields, "hours", f"a calendar of hours.yaml ({', '.join(calendars) or 'none is there yet'})"
    )
    deputy_item = _needed(fields, "deputy", "the department that helps when this one cannot")
    key_item, capacity_item = fields.get("menu_key"), fields.get("capacity")
    calendar = (
        hours_item.choice(calendars, "calendar") if hours_item is not None and calendars else ""
    )
    deputy = deputy_item.text() if deputy_item is not None else None
    if deputy_item is not None and deputy:
        deputies.append((deputy_item, department, deputy))
    leader_item = fields.get("leader")
    leader = slug(leader_item.text() or "") if leader_item is not None else ""
    if leader_item is not None:
        leaders.append((leader_item, leader))
    key = key_item.whole(0, 9) if key_item is not None else None
    own_phone = fields.get("phone")
    found = Department(
        id=department,
        name=fields.languages("name"),
        description=fields.languages("description"),
        mailbox=mailbox,
        phone=_phone(own_phone) if own_phone is not None else (own.phone if own else ""),
        hours=calendar or "",
        menu_key="" if key is None else str(key),
        deputy=deputy or "",
        leader=leader,
        capacity=capacity_item.whole(1, 100_000) if capacity_item is not None else None,
    )
    fields.get("note")
    fields.close()
    return found
