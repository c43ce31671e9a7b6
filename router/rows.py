"""Contacts, promises and timelines as they are read from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from router.model import ContactState, PromiseKind, PromiseState

if TYPE_CHECKING:
    from router.ledger import Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of those that follow (None at the end)."""

    items: list[T]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ContactHead:
    """A contact without its story."""

    id: int
    reference: str
    state: ContactState
    channel: str
    name: str
    phone: str
    email: str
    sender_group: str
    language: str
    subject: str
    department: str
    caseworker: str | None
    offered_department: str | None
    offered_caseworker: str | None
    offered_by: str | None
    offered_until: datetime | None
    next_due_at: datetime | None
    rule_id: str
    priority: int
    flags: list[str]
    outcome: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a timeline. `actor`: citizen, house, or `staff:` and a caseworker id."""

    id: int
    at: datetime
    kind: str
    actor: str
    body: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What the rules answered, and why."""

    id: int
    at: datetime
    table_version: str
    rule_id: str
    department: str
    caseworker: str | None
    confidence: float
    explanation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A promise as it stands."""

    id: int
    contact_id: int
    kind: PromiseKind
    state: PromiseState
    department: str
    caseworker: str | None
    phone: str
    not_before: datetime | None
    due_at: datetime
    retry_at: datetime | None
    attempts: int
    last_result: str
    late_at: datetime | None
    made_at: datetime
    ended_at: datetime | None
    replaced_by: int | None
    version: int
    policy: str
    about: str
    statutory_due_at: datetime | None
    level: int
    alarmed_at: datetime | None
    lease_until: datetime | None
    back_to: str | None
    """Where a reservation goes when it lapses."""
    joins: int | None
    part_id: int | None
    notice_of: int | None
    """The promise whose missed deadline this notice tells of."""

    @property
    def asked_by_law(self) -> bool:
        """Whether the law asks for it, by its kind or by a deadline."""
        return self.kind.asked_by_law or self.statutory_due_at is not None


@dataclass(frozen=True, slots=True)
class PartRow:
    """One topic of a contact that has several."""

    id: int
    contact_id: int
    title: str
    department: str
    caseworker: str | None
    state: str
    """`open`, `solved` or `withdrawn`."""
    offered_department: str | None
    offered_caseworker: str | None
    offered_until: datetime | None
    made_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """A meeting with the citizen, and its promises."""

    id: int
    contact_id: int
    part_id: int | None
    subject: str
    way: str
    """`place`, `phone` or `video`."""
    place: str
    starts_at: datetime
    ends_at: datetime
    state: str
    """`agreed`, `held` or `cancelled`."""
    meeting_promise: int
    agenda_promise: int
    minutes_promise: int | None
    agenda_at: datetime | None
    """When the agenda was written last."""
    minutes_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class PromiseWithContact:
    """A row of the queue: a promise, and whom it was made to."""

    promise: PromiseRow
    reference: str
    name: str
    contact_phone: str
    subject: str
    channel: str
    contact_caseworker: str | None
    contact_version: int
    language: str
    priority: int
    flags: list[str]
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EffectRow:
    """Something sent, or to be sent, because of a contact."""

    id: int
    kind: str
    state: str
    attempts: int
    last_error: str
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """A file that came with a contact, without its content."""

    id: int
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class ContactView:
    """A contact with its whole story."""

    head: ContactHead
    timeline: list[Event]
    decisions: list[DecisionRow]
    promises: list[PromiseRow]
    effects: list[EffectRow]
    attachments: list[AttachmentRow]
    parts: list[PartRow]
    meetings: list[MeetingRow]


@lru_cache(maxsize=32)
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def read(kind: type[T], row: Record) -> T:
    """`row` as a `kind`; columns that it does not name are left out."""
    return kind(**{name: row[name] for name in _names(cast(Any, kind))})


def contact_head(row: Record) -> ContactHead:
    """A contact row, its state as a word of the house."""
    values = {name: row[name] for name in _names(ContactHead)}
    values["state"] = ContactState(row["state"])
    return ContactHead(**values)


def promise_row(row: Record) -> PromiseRow:
    """A promise row, its kind and state as words of the house."""
    values = {name: row[name] for name in _names(PromiseRow)}
    values["kind"] = PromiseKind(row["kind"])
    values["state"] = PromiseState(row["state"])
    return PromiseRow(**values)


def promise_with_contact(row: Record) -> PromiseWithContact:
    """A row of the queue."""
    return PromiseWithContact(
        promise=promise_row(row),
        reference=row["reference"],
        name=row["name"],
        contact_phone=row["contact_phone"],
        subject=row["subject"],
        channel=row["channel"],
        contact_caseworker=row["contact_caseworker"],
        contact_version=row["contact_version"],
        language=row["language"],
        priority=row["priority"],
        flags=row["flags"],
        why=row["why"] or {},
    )
