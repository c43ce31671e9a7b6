"""What goes in and out of the staff API, and what the desk's forms become.

Unknown fields are refused, so that a misspelt one is not silently lost. Times
are RFC 3339 with an offset. CPR numbers in texts are masked on the way out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from router.meeting_terms import How
from router.model import Outcome
from router.promise_life import Result

Slug = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Body(BaseModel):
    """Base of every request body."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    caseworker: Slug | None = Field(
        default=None,
        description="Who acts, when a machine calls for a person. `X-Acting-Caseworker` does too.",
    )


class AcceptBody(Body):
    """Take over a contact that is offered."""


class OfferBody(Body):
    """Offer a contact to another department or caseworker. The owner changes when they accept."""

    department: Slug
    to_caseworker: Slug | None = None
    reason: Words = ""
    version: Version | None = Field(
        default=None, description="Refused with `stale` if the contact has changed since."
    )


class NoteBody(Body):
    """A note on the timeline (notatpligt)."""

    text: Annotated[Words, Field(min_length=1)]


class CloseBody(Body):
    """Close with an outcome. Refused while a promise is open."""

    outcome: Outcome
    note: Words = ""
    how: How | None = Field(
        default=None,
        description="Outcome `unreachable`: how a person told the citizen in writing, "
        "where no message of ours did.",
    )
    version: Version | None = None


class UnreachableBody(Body):
    """Tell the citizen, by mail or text message, that we have tried to reach them in vain."""


class CoordinatorBody(BaseModel):
    """Who coordinates for the citizen of this contact (koordinerende sagsbehandler)."""

    model_config = ConfigDict(extra="forbid")

    caseworker: Slug | None = Field(description="Caseworker id; null when nobody is to coordinate.")


class ClaimBody(Body):
    """Take a promise and its contact."""

    version: Version | None = Field(
        default=None, description="Of the promise; refused with `stale` if it has changed since."
    )


class AttemptBody(Body):
    """What came of an attempt to keep the promise."""

    result: Result
    note: Words = ""
    talk_seconds: int | None = Field(default=None, ge=1, le=86_400)
    """How long the talk took; the times that citizens are offered follow from it."""


class RescheduleBody(Body):
    """A new window; the citizen is told."""

    not_before: AwareDatetime | None = Field(default=None, alias="from")
    until: AwareDatetime


class WithdrawBody(Body):
    """The citizen no longer wants what was promised."""

    reason: Words = Field(
        default="",
        validation_alias=AliasChoices("reason", "note"),
        description="How you know. What the law asks for is not dropped without it.",
    )


class ContactOut(BaseModel):
    """The head of a contact."""

    reference: str
    state: str
    channel: str
    name: str
    phone: str
    email: str
    group: str
    language: str
    subject: str
    department: str
    owner: str | None = Field(description="Caseworker id, once one has taken it.")
    next_due_at: datetime | None
    flags: list[str]
    outcome: str | None
    offered_to: dict[str, str | None] | None
    version: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class PromiseOut(BaseModel):
    """One promise."""

    id: int
    kind: str
    state: str
    department: str
    owner: str | None
    phone: str
    not_before: datetime | None
    due_at: datetime
    retry_at: datetime | None
    attempts: int
    last_result: str
    late_at: datetime | None
    made_at: datetime
    ended_at: datetime | None
    about: str
    statutory_due_at: datetime | None = Field(
        description="A deadline of the law. Nothing moves it."
    )
    part: int | None = Field(description="The topic that it belongs to.")
    notice_of: int | None = Field(
        description="The promise whose missed deadline this notice tells of."
    )
    version: int


class QueuePromiseOut(PromiseOut):
    """One promise with what its row in the queue needs of the contact."""

    reference: str
    name: str
    contact_phone: str
    subject: str
    channel: str
    language: str


class EventOut(BaseModel):
    """One event of the timeline."""

    id: int
    at: datetime
    kind: str
    actor: str
    body: str
    data: dict[str, Any]


class DecisionOut(BaseModel):
    """What the rules answered, and why."""

    at: datetime
    table_version: str
    rule: str
    department: str
    caseworker: str | None
    confidence: float
    explanation: dict[str, Any] = Field(
        description="As it is kept: `why`, `words` of our own vocabulary, `skipped`, `plan`, ..."
    )
    trace: list[dict[str, Any]] = Field(
        description="Each rule that was tried: `{rule, failed: {da, en}}`, and the one that "
        "decided as `{rule, matched: true}`. Empty when that table of rules is no longer kept."
    )


class EffectOut(BaseModel):
    """Something that had to happen outside: a mail, an SMS."""

    id: int
    kind: str
    state: str
    attempts: int
    last_error: str
    created_at: datetime
    ended_at: datetime | None


class AttachmentOut(BaseModel):
    """A file that came with the contact; its content is at `url`."""

    id: int
    filename: str
    content_type: str
    size: int
    url: str


class PartOut(BaseModel):
    """One topic of a contact that holds several."""

    id: int
    title: str
    department: str
    owner: str | None
    state: str
    offered_to: dict[str, str | None] | None
    made_at: datetime
    ended_at: datetime | None
    version: int


class MeetingOut(BaseModel):
    """A meeting, and the promises that belong to it."""

    id: int
    part: int | None
    subject: str
    way: str
    place: str
    starts_at: datetime
    ends_at: datetime
    state: str
    meeting_promise: int
    agenda_promise: int
    minutes_promise: int | None
    agenda_at: datetime | None = Field(description="When the agenda was written last.")
    minutes_at: datetime | None
    version: int


class ContactViewOut(ContactOut):
    """A contact with everything known about it."""

    coordinator: str | None = Field(
        description="Caseworker who coordinates for the citizen, as far as there is one."
    )
    timeline: list[EventOut]
    decisions: list[DecisionOut]
    promises: list[PromiseOut]
    effects: list[EffectOut]
    attachments: list[AttachmentOut]
    parts: list[PartOut]
    meetings: list[MeetingOut]


class ContactPage(BaseModel):
    """A page of contacts; `cursor` leads to the next one."""

    items: list[ContactOut]
    cursor: str | None


class PromisePage(BaseModel):
    """A page of promises in order of due time; `cursor` leads to the next one."""

    items: list[QueuePromiseOut]
    cursor: str | None


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable."""

    type: str
    title: str
    status: int
    detail: str
    code: str
