"""Filter: is it a report that a mail of ours did not arrive (RFC 3464)?

First by its structure, then by its shape: servers that write a bounce as plain
text send it with a null return path, from a mail daemon, with a known subject.
"""

from __future__ import annotations

import re
from typing import Final

from channels.mail.reading.body import part_text
from channels.mail.reading.headers import text_of, unfold
from channels.mail.reading.letter import Letter, Part, children, header, kind, walk
from channels.mail.reading.result import Bounce, Envelope, Sender

_SUBJECT: Final = re.compile(
    r"undeliver|delivery (?:status notification|failure|has failed)"
    r"|mail delivery (?:failed|failure)"
    r"|failure notice|returned mail|could not be delivered|message not delivered|non remis"
    r"|kunne ikke leveres|ikke leveret|kan ikke leveres|unzustellbar|nicht zugestellt",
    re.IGNORECASE,
)
_DAEMON: Final = re.compile(r"(?:mailer-daemon|postmaster|maildaemon)@", re.IGNORECASE)
# Each line is looked at once: this is matched against whatever a stranger sends.
_ID_IN_TEXT: Final = re.compile(
    r"^[ \t>]*+message-id:\s*+(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE
)
_STATUS: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_WORST_FIRST: Final = ("failed", "delayed", "expanded", "relayed", "delivered")


def bounce(letter: Letter, envelope: Envelope, sender: Sender) -> Bounce | None:
    """What the report says, or None when the mail is no bounce."""
    status_part = next(
        (part for part in walk(letter.message) if kind(part) == "message/delivery-status"), None
    )
    if status_part is not None and kind(letter.message) == "multipart/report":
        return _from_report(letter, status_part)
    by_daemon = not envelope.sender or bool(_DAEMON.match(sender.address))
    if by_daemon and _SUBJECT.search(text_of(letter.first("subject"))):
        text = "\n".join(
            part_text(part)[:50_000] for part in walk(letter.message) if kind(part) == "text/plain"
        )
        status = _STATUS.search(text)
        return Bounce("failed", status.group(1) if status else "", _original_id(letter, text))
    return None


def _from_report(letter: Letter, status_part: Part) -> Bounce:
    actions: list[str] = []
    status = ""
    for block in children(status_part):
        action = unfold(header(block, "action")).strip().lower()
        if action:
            actions.append(action)
            status = status or unfold(header(block, "status")).split("(")[0].strip()
    if not actions:
        # The library leaves the blocks as text when they are malformed.
        text = part_text(status_part)
        actions = [word.lower() for word in re.findall(r"(?im)^action:\s*(\w+)", text)]
        found = _STATUS.search(text)
        status = found.group(1) if found else ""
    worst = next(
        (word for word in _WORST_FIRST if word in actions), actions[0] if actions else "failed"
    )
    return Bounce(worst[:20], status[:12], _original_id(letter, ""))


def _original_id(letter: Letter, text: str) -> str:
    for part in walk(letter.message, into_messages=True):
        if part is letter.message:
            continue
        if kind(part) == "message/rfc822":
            for inside in children(part):
                if found := _ID_IN_TEXT.search(
                    "message-id: " + unfold(header(inside, "message-id"))
                ):
                    return found.group(1)
        elif kind(part) in {"text/rfc822-headers", "message/rfc822-headers", "text/plain"} and (
            found := _ID_IN_TEXT.search(part_text(part)[:50_000])
        ):
            return found.group(1)
    found = _ID_IN_TEXT.search(text)
    return found.group(1) if found else ""
