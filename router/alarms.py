"""Whom an alarm reaches by mail, and how a storm of alarms becomes one mail. Pure.

An alarm goes to an audience of the escalation; who that is depends on the promise's
department and owner. Where nobody is named, the department's mailbox is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from router.promise_policies import Audience

if TYPE_CHECKING:
    from router.config import Municipality

LIST_WAITS: Final = timedelta(seconds=90)
"""A list of a minute's alarms leaves so long after that minute began."""


def alarm_address(
    municipality: Municipality, audience: Audience | str, department: str, caseworker: str | None
) -> str:
    """The mail address of `audience` for a promise of this department and owner.

    A department or caseworker that has left the configuration is passed over.
    """
    departments, people = municipality.departments, municipality.caseworkers
    own = departments.get(department, departments[municipality.default_department])
    owner = people.get(caseworker or "")
    if audience == Audience.OWNER and owner is not None:
        return owner.mail
    if audience == Audience.DEPUTY:
        deputy = people.get(owner.deputy) if owner is not None else None
        return deputy.mail if deputy is not None else departments[own.deputy].mailbox
    if audience == Audience.LEADER and own.leader in people:
        return people[own.leader].mail
    if audience == Audience.ADMINISTRATOR and municipality.administrator:
        return municipality.administrator
    return own.mailbox


@dataclass(frozen=True, slots=True)
class AlarmMail:
    """One address that is to be told of one promise."""

    to: str
    promise_id: int
    contact_id: int
    department: str
    template: str
    audience: Audience


@dataclass(frozen=True, slots=True)
class AlarmList:
    """Many alarms of one minute for one address, told in one mail."""

    key: str
    """The same for every process: one list for each address and minute."""
    to: str
    contact_id: int
    """The effect belongs to the contact of the first."""
    promises: tuple[int, ...]
    send_at: datetime


@dataclass(slots=True)
class Mailbag:
    """Counts the alarms for each address within a minute, and lists those that are too many.

    It is only politeness and lives in memory: each process sends an address no more
    than `most` single alarms a minute, and all others go into that minute's list.
    """

    most: int
    _minute: datetime | None = None
    _told: dict[str, int] = field(default_factory=dict)

    def sort(
        self, mails: Iterable[AlarmMail], now: datetime
    ) -> tuple[list[AlarmMail], list[AlarmList]]:
        """`mails` as those to send singly and the lists of the others."""
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._told = minute, {}
        by_address: dict[str, list[AlarmMail]] = {}
        for mail in mails:
            by_address.setdefault(mail.to, []).append(mail)
        single: list[AlarmMail] = []
        lists: list[AlarmList] = []
        for to, found in sorted(by_address.items()):
            told = self._told[to] = self._told.get(to, 0) + len(found)
            if told <= self.most:
                single.extend(found)
                continue
            lists.append(
                AlarmList(
                    f"{to} {minute.isoformat()}",
                    to,
                    found[0].contact_id,
                    tuple(mail.promise_id for mail in found),
                    minute + LIST_WAITS,
                )
            )
        return single, lists
