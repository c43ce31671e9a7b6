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
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from router.config_hours import read_hours
from router.config_organisation import Department, Own, read_organisation
from router.config_people import Caseworker
from router.config_promises import read_policies
from router.config_roster import read_rosters
from router.config_source import ConfigurationRefused, Reading
from router.hours import Hours
from router.promise_policies import Policies
from router.rules import RuleTable, load_table

if TYPE_CHECKING:
    from router.capacity import Roster

__all__ = [
    "Caseworker",
    "ConfigurationRefused",
    "Department",
    "Municipality",
    "load",
]


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
    policies: Policies
    rules: RuleTable
    version: str
    """Hash of all the files."""
    emergency_phone: str
    """Life and limb: 112."""
    acute_phone: str
    """Acute concern for a child outside opening hours (E.164)."""
    intake_addresses: frozenset[str]
    """Addresses that this service receives mail for, `mail_address` among them."""
    administrator: str
    """Mail address of who is told at last when a promise is late, or ""."""
    rosters: Mapping[str, Roster]
    """Who is on the phone when, by department."""


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
    policies = read_policies(reading, departments)
    rosters = read_rosters(reading, departments, hours)
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
        administrator=own.administrator,
        rosters=rosters,
    )
