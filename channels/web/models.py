"""The public API's words. The OpenAPI description is made from these."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from channels.web.fields import (
    MAX_EMAIL,
    MAX_NAME,
    MAX_PHONE,
    MAX_SUBJECT,
    MAX_TEXT,
    email_address,
    phone_number,
)
from router.model import PromiseKind


def _keepable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("unstorable_character", "U+0000 cannot be kept")
    return text


def _written(text: str) -> str:
    if not text or text.isspace():
        raise PydanticCustomError("blank", "nothing is written")
    return _keepable(text)


def _phone(written: str) -> str:
    if not written:
        return ""
    number = phone_number(written)
    if number is None:
        raise PydanticCustomError("phone_impossible", "not a phone number that we can call")
    return number


def _email(written: str) -> str:
    if not written:
        return ""
    address = email_address(written)
    if address is None:
        raise PydanticCustomError("email_impossible", "not an e-mail address")
    return address


def _language(tag: str) -> str:
    primary = tag.split("-", 1)[0].lower()
    if not (primary.isascii() and primary.isalpha() and 2 <= len(primary) <= 3):
        raise PydanticCustomError("language_unknown", "not a language tag")
    return primary


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        # The first or last hours that there are, in a zone where they lie outside.
        raise PydanticCustomError("datetime_parsing", "not a time that there is") from None


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
Text = Annotated[
    str,
    Field(max_length=MAX_TEXT, description="What it is about, in the citizen's own words."),
    AfterValidator(_written),
]
Phone = Annotated[
    str,
    Field(
        max_length=MAX_PHONE,
        description="Danish number, or with country code. Kept and answered as E.164.",
        examples=["20 30 40 50", "+46701234567"],
    ),
    AfterValidator(_phone),
]
Language = Annotated[
    str,
    Field(
        max_length=35,
        description="Language tag of the text (BCP 47). We answer in Danish or English. "
        "Without it `Accept-Language` is used, then Danish.",
        examples=["da", "en"],
    ),
    AfterValidator(_language),
]


class _FromOutside(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Callback(_FromOutside):
    """Ring mig op: the wish to be called, with or without a time."""

    phone: Phone | None = Field(
        default=None, description="Number to call; the contact's `phone` when left out."
    )
    not_before: Moment | None = Field(
        default=None, alias="from", description="Not before this moment."
    )
    until: Moment | None = Field(default=None, description="Not after this moment.")


class NewContact(_FromOutside):
    """A contact (henvendelse) from the web."""

    channel: Literal["web"] = "web"
    text: Text
    subject: Annotated[str, Field(max_length=MAX_SUBJECT), AfterValidator(_keepable)] | None = None
    name: Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_keepable)] | None = Field(
        default=None, description="May be left out: anonymous contacts are taken as well."
    )
    phone: Phone | None = None
    email: Annotated[str, Field(max_length=MAX_EMAIL), AfterValidator(_email)] | None = Field(
        default=None, examples=["navn@eksempel.dk"]
    )
    group: Literal["borger", "erhverv", "forening"] | None = Field(
        default=None,
        description="Citizen, company or association; found from the text if left out.",
    )
    language: Language | None = None
    callback: Callback | None = None
    no_calls: bool = Field(
        default=False,
        description="The citizen cannot be called, ever: we answer in writing. Not together "
        "with `callback`.",
    )


class NewMessage(_FromOutside):
    """Something to add to a contact."""

    text: Text


class NewTime(_FromOutside):
    """Another time for the call that was promised. At least one end."""

    not_before: Moment | None = Field(
        default=None, alias="from", description="Not before this moment."
    )
    until: Moment | None = Field(
        default=None,
        description="Not after this moment. Without it the first free time after `from` is "
        "promised; with it we call within these two, or nothing is changed.",
    )


class SlotAnswer(BaseModel):
    """A time at which we can promise to call."""

    start: datetime = Field(alias="from")
    until: datetime
    text: str = Field(description="The time in words.")


class SlotsAnswer(BaseModel):
    """The free times of a department, the first in front."""

    department: str
    department_name: str
    slots: list[SlotAnswer] = Field(
        description="May be gone when somebody wants one: a time is promised when it is taken."
    )


class PromiseAnswer(BaseModel):
    """What we promise, and by when."""

    kind: PromiseKind
    phone: str | None = Field(default=None, description="The number that we call, E.164.")
    not_before: datetime | None = Field(
        default=None, alias="from", description="We call no earlier than this."
    )
    until: datetime = Field(description="It is done no later than this.")
    call: int | None = Field(
        default=None,
        description="Says which call is meant when it is changed or withdrawn. Only in the list "
        "of a contact's promises, and only where several calls are promised.",
    )
    text: str = Field(description="The promise in one sentence, in the language of the contact.")


class ReceiptAnswer(BaseModel):
    """Who has the contact and what we promise. Left-out fields do not apply."""

    reference: str = Field(pattern=r"^[1-9][0-9]{8}$", description="Nine digits; shown in threes.")
    access_code: str = Field(
        pattern=r"^[0-9A-Z]{4}-[0-9A-Z]{4}$",
        description="Opens the contact together with the reference. Show it, do not log it.",
    )
    department: str = Field(description="Id of the department that has the contact.")
    department_name: str
    owner: str = Field(
        description="Who has it, for people: a caseworker's name or the department's."
    )
    promise: PromiseAnswer | None = None


class EventAnswer(BaseModel):
    """Something that happened, as it is told to the citizen."""

    at: datetime
    kind: str
    by: Literal["you", "us"]
    title: str
    text: str | None = Field(default=None, description="What the citizen wrote.")


class TopicAnswer(BaseModel):
    """One topic of an enquiry that holds several."""

    title: str
    department: str = Field(description="Id of the department that has this topic.")
    department_name: str
    state: Literal["open", "solved", "withdrawn"]
    promise: str | None = Field(
        default=None, description="What is promised for it, in one sentence."
    )


class MeetingAnswer(BaseModel):
    """A meeting about the enquiry."""

    subject: str
    starts_at: datetime = Field(alias="from")
    ends_at: datetime = Field(alias="until")
    way: Literal["place", "phone", "video"]
    place: str = Field(description="Address, number that we call, or link.")
    state: Literal["agreed", "held", "cancelled"]
    text: str = Field(description="When and where, for people.")


class ContactAnswer(BaseModel):
    """A contact as its citizen sees it. Internal notes are never part of it."""

    reference: str
    state: Literal["open", "closed"]
    subject: str
    department: str
    department_name: str
    owner: str
    why: str | None = Field(
        default=None,
        description="Why it came to this department, in one sentence; left out when staff have "
        "passed it on to another since.",
    )
    next_step: str = Field(description="What happens next, in one sentence.")
    next_due_at: datetime | None = None
    promises: list[PromiseAnswer] = Field(description="Open promises, the first due first.")
    plan: list[TopicAnswer] = Field(
        description="The topics of an enquiry that holds several; whoever is `owner` keeps them "
        "together."
    )
    meetings: list[MeetingAnswer]
    created_at: datetime
    updated_at: datetime
    timeline: list[EventAnswer] = Field(description="Oldest first.")


class MessageAnswer(BaseModel):
    """The contact after a message was added to it."""

    reference: str
    department: str
    department_name: str
    owner: str
    promise: PromiseAnswer | None = None


class FieldError(BaseModel):
    """One field that does not fit."""

    pointer: str = Field(description="JSON Pointer to the field; empty for the whole body.")
    code: str
    detail: str


class ProblemAnswer(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="Static and machine-readable.")
    detail: str | None = None
    errors: list[FieldError] | None = None
    next: SlotAnswer | None = Field(
        default=None, description="The first free time after one that cannot be promised."
    )
