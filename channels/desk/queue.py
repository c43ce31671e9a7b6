"""The queue: which open promises there are, in what order, and what each row says."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from channels import wording
from channels.desk import words
from channels.desk.localtime import in_our_time
from channels.desk.masking import mask_cpr
from channels.desk.people import Staff
from channels.desk.screen import department_name, person_name
from channels.desk.words import Tongue
from channels.i18n import to_translate as _
from router.errors import SenderError
from router.house import House
from router.ledger import load_queries
from router.model import PromiseKind, PromiseState

if TYPE_CHECKING:
    from router.ledger import Record

Q: Final = load_queries(Path(__file__).parent / "queries.sql")
PAGE: Final = 50

NOBODY: Final = "none"
ME: Final = "me"
_DUE: Final = frozenset({"overdue", "soon"})
_KINDS: Final = frozenset(kind.value for kind in PromiseKind)
_STATES: Final = frozenset(state.value for state in PromiseState if state.is_open)


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the queue is shown. Each is a part of the address, so it can be kept and sent."""

    department: str = ""
    owner: str = ""
    """`me`, `none` or a caseworker id."""
    kind: str = ""
    state: str = ""
    due: str = ""
    """`overdue`, or `soon`: within 30 minutes."""
    offered: str = ""
    """`me`: offered to me or to my department."""
    cursor: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], house: House) -> Filters:
        """Filters of an address. A value that nobody could have chosen is left out."""
        municipality = house.municipality

        def one_of(name: str, allowed: object) -> str:
            value = query.get(name, "")
            return value if isinstance(allowed, frozenset | Mapping) and value in allowed else ""

        owner = query.get("owner", "")
        return cls(
            department=one_of("department", municipality.departments),
            owner=owner if owner in (ME, NOBODY) else one_of("owner", municipality.caseworkers),
            kind=one_of("kind", _KINDS),
            state=one_of("state", _STATES),
            due=one_of("due", _DUE),
            offered=ME if query.get("offered") == ME else "",
            cursor=query.get("cursor", ""),
        )

    def query(self, **changes: str) -> dict[str, str]:
        """As parts of an address, with `changes`; a change always starts at the first page."""
        names = ("department", "owner", "kind", "state", "due", "offered")
        chosen = {name: str(getattr(self, name)) for name in names} | changes
        return {name: value for name, value in chosen.items() if value}

    @property
    def narrowed(self) -> bool:
        """Whether anything but the department is chosen."""
        return any((self.owner, self.kind, self.state, self.due, self.offered, self.cursor))


@dataclass(frozen=True, slots=True)
class Row:
    """One row, in words."""

    promise_id: int
    reference: str
    version: int
    urgency: str
    countdown: str
    window: str
    kind: str
    state: str
    who: str
    number: str
    channel: str
    about: str
    why: str
    department: str
    owner: str
    owner_id: str
    offered_to: str
    attempts: str
    last_result: str
    next_attempt: str
    undelivered: bool
    urgent: list[str]
    can_take: bool


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue, and the figures above it."""

    rows: list[Row]
    cursor: str
    """Of the next page; empty at the end."""
    counts: Mapping[str, int]


async def read_queue(house: House, filters: Filters, staff: Staff, tongue: Tongue) -> QueuePage:
    """The page that `filters` ask for. Raises SenderError `bad_cursor`."""
    now = house.clock.now()
    soon = now + words.SOON
    after = decode_cursor(filters.cursor)
    owner = {ME: staff.id, NOBODY: None}.get(filters.owner, filters.owner or None)
    records = await house.ledger.fetch(
        Q["queue"],
        filters.department or None,
        owner,
        filters.owner == NOBODY,
        filters.kind or None,
        filters.state or None,
        now if filters.due == "soon" else None,
        {"overdue": now, "soon": soon}.get(filters.due),
        *after,
        staff.department if filters.offered else None,
        staff.id,
        PAGE + 1,
    )
    counts = await house.ledger.fetchrow(
        Q["counts"], filters.department or None, now, soon, staff.department, staff.id
    )
    shown = records[:PAGE]
    return QueuePage(
        rows=[_row(record, house, staff, tongue, now) for record in shown],
        cursor=encode_cursor(shown[-1]["due_at"], shown[-1]["promise_id"])
        if len(records) > PAGE
        else "",
        counts=dict(counts) if counts is not None else {},
    )


def _row(record: Record, house: House, staff: Staff, tongue: Tongue, now: datetime) -> Row:
    municipality = house.municipality
    zone, language = municipality.zone, tongue.language
    owner = record["caseworker"] or ""
    phone = record["promise_phone"] or record["phone"]
    result = record["last_result"]
    attempts = int(record["attempts"])
    offered_to = record["offered_caseworker"]
    return Row(
        promise_id=record["promise_id"],
        reference=record["reference"],
        version=record["contact_version"],
        urgency=words.urgency(record["due_at"], record["not_before"], now),
        countdown=words.countdown(record["due_at"], now, tongue),
        window=words.short_window(record["not_before"], record["due_at"], now, tongue, zone),
        kind=words.label(words.KINDS, record["kind"], tongue),
        state=words.label(words.STATES, record["state"], tongue),
        who=mask_cpr(record["name"]) or record["email"] or tongue.say(_("No name")),
        number=wording.say_phone(phone) if phone else "",
        channel=words.label(words.CHANNELS, record["channel"], tongue),
        about=_about(record["topic"] or record["subject"], record["words"] or "")
        or tongue.say(_("No words yet")),
        why=words.why_sentence(record["why"], language),
        department=department_name(municipality, record["department"], tongue),
        owner=person_name(municipality, owner, tongue) if owner else "",
        owner_id=owner,
        offered_to=(
            person_name(municipality, offered_to, tongue)
            if offered_to
            else department_name(municipality, record["offered_department"], tongue)
            if record["offered_department"]
            else ""
        ),
        attempts=tongue.ngettext("%(n)d attempt", "%(n)d attempts", attempts) % {"n": attempts}
        if attempts
        else "",
        last_result=words.label(words.RESULTS, result, tongue) if result else "",
        next_attempt=words.short_time(record["retry_at"], now, tongue, zone)
        if record["retry_at"]
        else "",
        undelivered=record["undelivered"],
        urgent=[
            words.label(words.FLAGS, flag, tongue)
            for flag in record["flags"]
            if flag in words.QUEUE_FLAGS
        ],
        can_take=staff.caseworker is not None and not owner,
    )


def _about(subject: str, first_words: str) -> str:
    """The subject, or else the first words; one line, CPR numbers masked."""
    text = " ".join((subject or first_words).split())
    text = mask_cpr(text)
    return text if len(text) <= 120 else text[:119].rstrip() + "…"


def encode_cursor(due_at: datetime, promise_id: int) -> str:
    """Where a page ends, as a part of the next page's address."""
    text = f"{due_at.isoformat()}|{promise_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime | None, int]:
    """Where the page before ended. Raises SenderError `bad_cursor` for one we did not give."""
    if not cursor:
        return None, 0
    try:
        padded = cursor[:200] + "=" * (-len(cursor[:200]) % 4)
        at, promise = base64.urlsafe_b64decode(padded).decode().split("|")
        due_at, promise_id = in_our_time(datetime.fromisoformat(at)), int(promise)
    except (ValueError, binascii.Error) as error:
        raise SenderError("bad_cursor", "The cursor is not one that we gave.") from error
    if not 0 <= promise_id < 2**63:
        raise SenderError("bad_cursor", "The cursor is not one that we gave.")
    return due_at, promise_id


def summary(page: QueuePage, tongue: Tongue) -> str:
    """The queue in one sentence, for the ear: read aloud only when it changes."""
    n = page.counts.get("open", 0)
    overdue = page.counts.get("overdue", 0)
    return (
        tongue.ngettext("%(n)d open", "%(n)d open", n) % {"n": n}
        + ", "
        + tongue.ngettext("%(n)d overdue", "%(n)d overdue", overdue) % {"n": overdue}
    )


def tabs(filters: Filters, counts: Mapping[str, int], tongue: Tongue) -> list[dict[str, Any]]:
    """The ready-made views above the table, each an address of its own."""
    views: tuple[tuple[str, str, dict[str, str]], ...] = (
        (_("All open"), "open", {}),
        (_("Overdue"), "overdue", {"due": "overdue"}),
        (_("Due within 30 minutes"), "soon", {"due": "soon"}),
        (_("Without an owner"), "unowned", {"owner": NOBODY}),
        (_("Mine"), "mine", {"owner": ME}),
        (_("Offered to me"), "offered", {"offered": ME}),
    )
    empty = {"owner": "", "kind": "", "state": "", "due": "", "offered": ""}
    current = filters.query(department="")
    return [
        {
            "label": tongue.say(text),
            "key": key,
            "count": counts.get(key, 0),
            "query": filters.query(**{**empty, **chosen}),
            "current": current == chosen,
        }
        for text, key, chosen in views
    ]
