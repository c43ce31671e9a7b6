"""What reading a mail answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from router.model import Attachment


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the delivering server said, apart from the mail itself."""

    sender: str = ""
    """Return path; empty for a bounce."""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail says it is from."""

    address: str = ""
    """Lower-case domain, safe to write to; empty when there is none."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Automatic:
    """The three answers about automatic mail (RFC 3834). None of them is "drop"."""

    may_acknowledge: bool = True
    is_machine: bool = False
    may_reopen: bool = True
    why: str = ""
    """Static word for the first reason not to acknowledge."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about a mail of ours that did not (yet) arrive (RFC 3464)."""

    action: str
    """`failed`, `delayed`, or another word of the standard."""
    status: str = ""
    """Enhanced status code such as `5.1.1`."""
    original_message_id: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail, read. Every text is as PostgreSQL can hold it."""

    sender: Sender = Sender()
    subject: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    message_id: str = ""
    """With its angle brackets; empty when missing or empty."""
    body_hash: bytes = b""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    """Newest first."""
    receivers: tuple[str, ...] = ()
    """Addresses it was for, the envelope's first, then the headers' in order of trust."""
    automatic: Automatic = field(default_factory=Automatic)
    bounce: Bounce | None = None
    loop_marks: tuple[str, ...] = ()
    """Values of our own loop header, not yet verified."""
    flags: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()
    """Names of the filters that failed."""
