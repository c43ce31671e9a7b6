"""What alarms to staff say: of one promise, or a list of many. Never any of the citizen's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from channels import wording
from channels.i18n import DANISH, catalogue, to_translate

if TYPE_CHECKING:
    from router.config import Municipality
    from router.model import PromiseKind

ALERT_SUBJECTS: Final = {
    "warning": to_translate("Runs short: a promise in enquiry {reference}"),
    "late": to_translate("Late: a promise in enquiry {reference}"),
    "failed": to_translate("Not delivered: a message in enquiry {reference}"),
    "offered": to_translate("Offered to you: enquiry {reference}"),
}
LIST_SUBJECT: Final = (
    to_translate("{count} promise runs short or is late"),
    "{count} promises run short or are late",
)
"""Of one promise, and of several."""
LONGEST_LIST: Final = 50
"""Promises that a list names; the others are at the desk."""

_IS_LATE: Final = to_translate("{kind}: late by {length}.")
_IS_LEFT: Final = to_translate("{kind}: {length} left.")
_WAS_DUE: Final = to_translate("due {time}, late by {length}")
_IS_DUE: Final = to_translate("due {time}, {length} left")


@dataclass(frozen=True, slots=True)
class Alert:
    """An alarm about one contact."""

    template: str
    to: str
    reference: str
    due_at: datetime | None = None
    kind: PromiseKind | None = None
    """Of the promise that runs short or is late."""
    role: str = ""
    """As what the receiver is told: `owner`, `deputy`, `department`, ..."""
    department: str = ""
    """Department id."""


@dataclass(frozen=True, slots=True)
class Line:
    """One promise of a list."""

    reference: str
    kind: PromiseKind
    due_at: datetime


def alert_values(
    alert: Alert, department: str, base_url: str, municipality: Municipality, now: datetime
) -> dict[str, Any]:
    """What the template of one alarm needs. `department` is the name to say."""
    _ = catalogue("mail").gettext(DANISH)
    zone, promised = municipality.zone, ""
    if alert.kind is not None and alert.due_at is not None:
        promised = _(_IS_LATE if alert.due_at <= now else _IS_LEFT).format(
            kind=_(wording.KINDS[alert.kind]),
            length=wording.say_length(alert.due_at - now, DANISH),
        )
    due_at = alert.due_at
    return {
        "what": alert.template,
        "due_at": "" if due_at is None else wording.say_time(due_at, DANISH, zone, now),
        "promised": promised,
        "role": alert.role,
        "department": department,
        "desk_url": f"{base_url}/desk/contacts/{alert.reference}",
    }


def list_values(
    lines: Sequence[Line], count: int, base_url: str, municipality: Municipality, now: datetime
) -> dict[str, Any]:
    """What the template of a list needs: `lines` of `count` promises, the oldest due first."""
    _ = catalogue("mail").gettext(DANISH)
    shown = [
        {
            "reference": wording.grouped_reference(line.reference),
            "kind": _(wording.KINDS[line.kind]),
            "when": _(_WAS_DUE if line.due_at <= now else _IS_DUE).format(
                time=wording.say_time(line.due_at, DANISH, municipality.zone, now),
                length=wording.say_length(line.due_at - now, DANISH),
            ),
            "url": f"{base_url}/desk/contacts/{line.reference}",
        }
        for line in lines[:LONGEST_LIST]
    ]
    return {
        "lines": shown,
        "count": count,
        "more": count - len(shown),
        "desk_url": f"{base_url}/desk",
    }
