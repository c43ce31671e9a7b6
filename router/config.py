"""The municipality, read from its folder of YAML files.

Loading checks everything and refuses with every problem that was found, each
with file, line, what was expected and a suggestion (`ConfigurationRefused`, a
`ConfigError`). Nothing of a folder with a problem is used.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from router.config_hours import read_hours
from router.config_organisation import Department, Own, read_organisation
from router.config_people import Caseworker
from router.config_source import ConfigurationRefused, Fields, Reading
from router.hours import Hours
from router.rules import RuleTable, load_table

__all__ = [
    "CallbackPolicy",
    "Caseworker",
    "ConfigurationRefused",
    "Department",
    "HoursPolicy",
    "Municipality",
    "PromisePolicies",
    "WorkingDaysPolicy",
    "load",
]


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """When we call back, and how often we try."""

    working_hours: int
    latest_working_days: int
    attempts: int
    rests: tuple[timedelta, ...]
    """Wall-clock rest before the second, third, ... attempt; the last one repeats."""


@dataclass(frozen=True, slots=True)
class WorkingDaysPolicy:
    """Within so many working days."""

    working_days: int


@dataclass(frozen=True, slots=True)
class HoursPolicy:
    """Within so many working hours."""

    working_hours: int


@dataclass(frozen=True, slots=True)
class PromisePolicies:
    """The service goals that promises are made from."""

    callback: CallbackPolicy
    answer: WorkingDaysPolicy
    complaint_call: WorkingDaysPolicy
    delivery_failure: WorkingDaysPolicy
    offer: HoursPolicy


@dataclass(frozen=True, slots=True)
class Municipality:
    """All that is particular to one municipality."""

    name: str
    phone: str
    mail_address: str
    mail_domain: str
    web_url: str
    zone: ZoneInfo
    departments: Mapping[str, Department]
    caseworkers: Mapping[str, Caseworker]
    default_department: str
    hours: Hours
    policies: PromisePolicies
    rules: RuleTable
    version: str
    """Hash of all the files."""
    emergency_phone: str
    """Life and limb: 112."""
    acute_phone: str
    """Acute concern for a child outside opening hours (E.164)."""
    intake_addresses: frozenset[str]
    """Addresses that this service receives mail for, `mail_address` among them."""


def load(folder: Path) -> Municipality:
    """Read the configuration in `folder`; raise ConfigurationRefused if anything is wrong."""
    with _without_collecting():
        return _load(folder)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Rules and vocabulary are hundreds of thousands of objects, nearly all of which
    stay: looking through them again and again for rubbish took half of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _load(folder: Path) -> Municipality:
    reading = Reading(folder)
    if not folder.is_dir():
        reading.problem(str(folder), None, "this folder does not exist. Give INDGANG_CONFIG.")
        reading.refuse()
    top = reading.file("municipality.yaml")
    own = Own(top) if top is not None else None
    hours = read_hours(reading, own.zone if own is not None else ZoneInfo("Europe/Copenhagen"))
    departments, caseworkers = read_organisation(reading, own, hours)
    policies = _policies(reading)
    rules = load_table(reading, departments, caseworkers)
    reading.let_go()
    reading.refuse()
    if own is None or hours is None or policies is None or rules is None:
        raise AssertionError("a part is missing although no problem was noted")
    return Municipality(
        name=own.name,
        phone=own.phone,
        mail_address=own.mail_address,
        mail_domain=own.mail_domain,
        web_url=own.web_url,
        zone=own.zone,
        departments=departments,
        caseworkers=caseworkers,
        default_department=rules.rules[-1].department,
        hours=hours,
        policies=policies,
        rules=rules,
        version=reading.version(),
        emergency_phone=own.emergency_phone,
        acute_phone=own.acute_phone,
        intake_addresses=own.intake_addresses,
    )


def _policies(reading: Reading) -> PromisePolicies | None:
    top = reading.file("promises.yaml")
    if top is None:
        return None

    def part(name: str) -> Fields | None:
        item = top.need(name)
        fields = item.fields() if item is not None else None
        if fields is not None:
            fields.what = name
        return fields

    def whole(fields: Fields | None, name: str, lowest: int, highest: int) -> int:
        item = fields.need(name) if fields is not None else None
        return (item.whole(lowest, highest) if item is not None else None) or 0

    callback = part("callback")
    rests_item = callback.need("rest_minutes") if callback is not None else None
    rests = [
        timedelta(minutes=minutes)
        for item in (rests_item.items() if rests_item is not None else [])
        if (minutes := item.whole(1, 60 * 24 * 14)) is not None
    ]
    if rests_item is not None and not rests:
        rests_item.problem("rest_minutes: at least one number of minutes was expected.")
    days = {name: part(name) for name in ("answer", "complaint_call", "delivery_failure")}
    offer = part("offer")
    policies = PromisePolicies(
        callback=CallbackPolicy(
            working_hours=whole(callback, "working_hours", 1, 200),
            latest_working_days=whole(callback, "latest_working_days", 1, 60),
            attempts=whole(callback, "attempts", 1, 20),
            rests=tuple(rests),
        ),
        answer=WorkingDaysPolicy(whole(days["answer"], "working_days", 1, 250)),
        complaint_call=WorkingDaysPolicy(whole(days["complaint_call"], "working_days", 1, 250)),
        delivery_failure=WorkingDaysPolicy(whole(days["delivery_failure"], "working_days", 1, 250)),
        offer=HoursPolicy(whole(offer, "working_hours", 1, 200)),
    )
    for fields in (callback, offer, *days.values()):
        if fields is not None:
            fields.get("note")
            fields.close()
    top.close()
    return policies
