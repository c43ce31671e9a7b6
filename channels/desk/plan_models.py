"""What goes in and out of the staff API about topics, meetings, letters and new promises."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from channels.desk.api_models import Body, Slug, Version, Words
from channels.numbers import typed_number
from router.meeting_terms import How, Way
from router.model import PromiseKind
from router.splitting import PROMISED

MAKEABLE = (
    PromiseKind.CALLBACK,
    PromiseKind.ANSWER,
    PromiseKind.STATUS_LETTER,
    PromiseKind.DOCUMENT_ACCESS,
    PromiseKind.COMPLAINT_CALL,
    PromiseKind.CALL_BEFORE_REFUSAL,
    PromiseKind.DEADLINE_NOTICE,
    PromiseKind.RECEIPT,
)
"""What staff may promise by hand; the promises of a meeting are made with the meeting."""


def _number(typed: str) -> str:
    if not typed:
        return ""
    number = typed_number(typed[:40])
    if not number:
        raise PydanticCustomError("phone_impossible", "not a phone number that we can call")
    return number


def _makeable(kind: PromiseKind) -> PromiseKind:
    if kind not in MAKEABLE:
        raise PydanticCustomError("use_meeting", "agree on a meeting instead")
    return kind


def _of_a_part(kind: PromiseKind) -> PromiseKind:
    if kind not in PROMISED:
        raise PydanticCustomError("no_such_promise_here", "an answer or a callback")
    return kind


Phone = Annotated[str, AfterValidator(_number)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class TopicIn(BaseModel):
    """One topic. The citizen sees its title."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    department: Slug
    caseworker: Slug | None = Field(
        default=None, description="Asked to take it; it is theirs at once when they split."
    )
    promise: Annotated[PromiseKind, AfterValidator(_of_a_part)] = PromiseKind.ANSWER
    phone: Phone = ""


class SplitBody(Body):
    """Make topics of a contact that holds several. More may be added later in the same way."""

    topics: Annotated[list[TopicIn], Field(min_length=1, max_length=20)]
    coordinator: Slug | None = Field(
        default=None, description="Who is offered the whole; without it who splits."
    )
    version: Version | None = None


class MakeBody(Body):
    """Promise something more. A deadline of the law counts from now."""

    kind: Annotated[PromiseKind, AfterValidator(_makeable)]
    about: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    not_before: AwareDatetime | None = Field(default=None, alias="from")
    until: AwareDatetime | None = None
    phone: Phone = ""
    part: int | None = Field(default=None, ge=1, lt=2**63, description="The topic it is about.")


class TakeBody(Body):
    """Take the contact and what was promised for the whole of it."""

    version: Version | None = None


class PartClaimBody(Body):
    """Take a topic, whether it was free or offered."""

    version: Version | None = None


class PartOfferBody(Body):
    """Hand a topic over. Who has it keeps it until the receiver takes it."""

    department: Slug
    to_caseworker: Slug | None = None
    reason: Words = ""
    version: Version | None = None


class PartEndBody(Body):
    """A topic is solved, or the citizen no longer wants it."""

    note: Words = ""
    version: Version | None = None


class _Time(Body):
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    way: Way = Way.PLACE
    place: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        default="", description="Address or link; for a phone meeting the number to call."
    )


class MeetingBody(_Time):
    """Agree on a meeting. The citizen sees its subject."""

    subject: Title
    part: int | None = Field(default=None, ge=1, lt=2**63)


class MoveBody(_Time):
    """Another time or place; the citizen is told."""

    version: Version | None = None


class CancelBody(Body):
    """They will not meet; the citizen is told."""

    by_citizen: bool = False
    reason: Words = ""
    version: Version | None = None


class PaperBody(Body):
    """The agenda or the minutes, sent to the citizen by mail where there is mail."""

    text: Annotated[Words, Field(min_length=1)]


class GivenBody(Body):
    """It was given to the citizen in another way than by mail."""

    how: How
    note: Words = ""


class HeldBody(Body):
    """They have met; the minutes are promised."""

    note: Words = ""


class KeepBody(Body):
    """What was promised is done: by a mail sent from here, or in another way. One of the two
    is needed for all but an answer."""

    send: Words = Field(default="", description="Sent to the citizen by mail, as it stands.")
    how: How | None = None
    note: Words = ""


class NoticeBody(Body):
    """The deadline of the law cannot be kept: promise the notice that says so."""
