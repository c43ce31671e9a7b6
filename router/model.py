"""The words of the house: what reaches us, what we answer, what we promise.

Plain frozen data without I/O. Channels build an `Arrival` and hand it to
`router.reception`; nothing else of a channel leaves the channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Channel(StrEnum):
    """How a contact (henvendelse) reached us."""

    PHONE = "phone"
    SMS = "sms"
    MAIL = "mail"
    WEB = "web"
    DESK = "desk"
    """At the town hall: registered by staff."""


class Group(StrEnum):
    """Target group (målgruppe), as the municipality counts them."""

    CITIZEN = "borger"
    COMPANY = "erhverv"
    ASSOCIATION = "forening"


class ContactState(StrEnum):
    """Life of a contact."""

    OPEN = "open"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a contact ended. A contact closes only with one of these."""

    SOLVED = "solved"
    ANSWERED = "answered"
    FORWARDED = "forwarded"
    """To another authority (forvaltningsloven § 7 stk. 2)."""
    WITHDRAWN = "withdrawn"
    UNREACHABLE = "unreachable"
    SPAM = "spam"
    DUPLICATE = "duplicate"


class PromiseKind(StrEnum):
    """What we said that we would do (løfte)."""

    CALLBACK = "callback"
    ANSWER = "answer"
    STATUS_LETTER = "status_letter"
    """A letter that says where the case stands, when there is no answer yet."""
    RECEIPT = "receipt"
    """Receipt of a concern about a child (kvittering for underretning)."""
    DOCUMENT_ACCESS = "document_access"
    """Access to documents (aktindsigt)."""
    COMPLAINT_CALL = "complaint_call"
    """Somebody who complains is called."""
    CALL_BEFORE_REFUSAL = "call_before_refusal"
    """The citizen is called before a refusal (afslag) is sent."""
    DEADLINE_NOTICE = "deadline_notice"
    """Notice that a published deadline is missed (retssikkerhedsloven § 3)."""
    AGENDA = "agenda"
    """The agenda of a meeting, sent before it."""
    MEETING = "meeting"
    """To meet, at a time agreed."""
    MINUTES = "minutes"
    """The minutes of a meeting (referat), sent after it."""

    @property
    def is_call(self) -> bool:
        """Whether it is kept by talking with the citizen on the phone."""
        return self in (self.CALLBACK, self.COMPLAINT_CALL, self.CALL_BEFORE_REFUSAL)

    @property
    def follows_meeting(self) -> bool:
        """Whether it changes and ends with a meeting, never by itself."""
        return self in (self.MEETING, self.AGENDA, self.MINUTES)

    @property
    def asked_by_law(self) -> bool:
        """Whether the law asks for it: it is not dropped without a word why."""
        return self in (self.RECEIPT, self.DOCUMENT_ACCESS, self.DEADLINE_NOTICE)


class PromiseState(StrEnum):
    """Life of a promise. Late is a mark, not a state (`Promise.late_at`)."""

    WAITING = "waiting"
    """To be done at any time until due."""
    SCHEDULED = "scheduled"
    """To be done within a window that the citizen asked for."""
    RESERVED = "reserved"
    """A caseworker is about to call; theirs alone until the lease ends."""
    DIALLING = "dialling"
    """The phone rings. Ends by what the provider or the caseworker says, or by the watchdog."""
    UNCERTAIN = "uncertain"
    """The provider did not say what came of it; it is being asked."""
    RESTING = "resting"
    """Tried without success; tried again at `retry_at`."""
    NEEDS_PERSON = "needs_person"
    """Attempts used up or number unusable: open, visible, a person decides."""
    KEPT = "kept"
    ANSWERED_INBOUND = "answered_inbound"
    """The citizen called or wrote first and was answered then."""
    WITHDRAWN = "withdrawn"
    """By the citizen."""
    REPLACED = "replaced"
    """By the promise in `replaced_by`."""
    UNREACHABLE = "unreachable"
    """A person's decision, after a written notice that was delivered."""

    @property
    def is_open(self) -> bool:
        return self in OPEN_PROMISE_STATES


_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")

OPEN_PROMISE_STATES: Final = frozenset(
    {
        PromiseState.WAITING,
        PromiseState.SCHEDULED,
        PromiseState.RESERVED,
        PromiseState.DIALLING,
        PromiseState.UNCERTAIN,
        PromiseState.RESTING,
        PromiseState.NEEDS_PERSON,
    }
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a contact."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """The citizen asks to be called (ring mig op).

    `phone` is E.164. Without a window the municipality's policy sets one.
    Both ends are aware; a channel has refused a window that lies in the past,
    ends before it starts or lies too far ahead before it comes here
    (`router.promises.check_window`).
    """

    phone: str
    not_before: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Something that reached us, in the same shape from every channel."""

    channel: Channel
    dedupe_key: str
    """Unique per channel. The same key again is the same arrival."""
    received_at: datetime
    text: str
    subject: str = ""
    language: str = "da"
    name: str = ""
    phone: str = ""
    """E.164, or empty."""
    email: str = ""
    group: Group | None = None
    """Given by the sender; the rules find it otherwise."""
    to: str = ""
    """The number called or the address written to."""
    menu: str = ""
    """Department id that the sender chose in a menu or a form."""
    reference: str = ""
    """The contact that this belongs to. The channel has already proved that the
    sender may write to it; reception checks only that it exists."""
    reroute: bool = False
    """With `reference`: ask the rules again with everything said so far. For a
    caller who is still telling us what it is about. Ignored once a caseworker
    has taken the contact."""
    reopens: bool = True
    """With `reference`: may reopen a closed contact (out-of-office may not)."""
    callback: CallbackWish | None = None
    attachments: tuple[Attachment, ...] = ()
    may_acknowledge: bool = True
    """False for automatic mail: an acknowledgement could start a loop."""
    flags: frozenset[str] = frozenset()
    """What the channel already knows: `unparsed`, `needs_confirmation`, ..."""
    mail_id: int | None = None
    """Row in `mail_intake` that holds the raw mail."""
    fingerprint: bytes = b""
    """Hash of what was sent, where one key could be reused for another text."""
    kind: str = "received"
    """Timeline word for this arrival, e.g. `received`, `said`, `message`."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Ids of the channel's own, kept on the timeline event (no personal data)."""


@dataclass(frozen=True, slots=True)
class PromiseGiven:
    """A promise as the citizen hears it. Times are aware, UTC."""

    kind: PromiseKind
    not_before: datetime | None
    due_at: datetime
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What reception answers; each channel tells it in its own way."""

    contact_id: int
    reference: str
    access_code: str
    department: str
    """Department id."""
    caseworker: str | None
    """Caseworker id, once one has the contact."""
    promise: PromiseGiven | None
    """The promise that is due first. None only when the contact is closed."""
    created: bool
    """False when the arrival was attached to a contact that was there."""
    repeated: bool
    """True when this very arrival was already known; nothing was changed."""
    language: str = "da"


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that must happen outside: a mail, an SMS, a call.

    `id` is stable over every attempt, so a receiver can recognise a repeat.
    """

    id: int
    kind: str
    contact_id: int
    payload: Mapping[str, Any]
    attempts: int


def printable(text: str) -> str:
    """`text` as PostgreSQL can hold it: NUL and lone surrogates become U+FFFD.

    Applied by reception to everything that a sender can write, so that one
    strange character never costs a contact.
    """
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)
