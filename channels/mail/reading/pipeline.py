"""The filters in their order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final, TypeVar

from channels.mail.reading import (
    attachments,
    automatic,
    body,
    bounce,
    receivers,
    sender,
    threads,
)
from channels.mail.reading.addresses import usable
from channels.mail.reading.headers import text_of, unfold
from channels.mail.reading.letter import Letter, kind, walk
from channels.mail.reading.result import Automatic, Envelope, Reading, Sender
from router.model import Attachment

LOOP_HEADER: Final = "X-Indgang-Loop"
LONGEST_SUBJECT: Final = 1_000

_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")
_Answer = TypeVar("_Answer")


def read(raw: bytes, envelope: Envelope) -> Reading:
    """Read a mail. Never raises, whatever the bytes are."""
    steps = _Steps()
    letter = steps.run("letter", lambda: Letter(raw), None)
    if letter is None:
        return Reading(
            sender=Sender(usable(envelope.sender)),
            body_hash=body_hash(raw),
            receivers=envelope.recipients,
            automatic=Automatic(may_acknowledge=False, why="unparsed"),
            attachments=(attachments.original(raw),),
            flags=frozenset({"unparsed"}),
            faults=tuple(steps.faults),
        )
    if not letter.whole:
        steps.faults.append("structure")
    who = steps.run("sender", lambda: sender.sender(letter, envelope), Sender())
    subject = steps.run("subject", lambda: text_of(letter.first("subject")), "")[:LONGEST_SUBJECT]
    text = steps.run("body", lambda: body.text(letter), "")
    files: tuple[Attachment, ...] = ()
    files = steps.run("attachments", lambda: attachments.attachments(letter), files)
    flags: set[str] = set()
    if len(text) > body.LONGEST:
        text = text[: body.LONGEST]
        flags.add("truncated")
    if steps.run("encrypted", lambda: _is_encrypted(letter), False):
        flags.add("encrypted")
    if steps.faults or _says_nothing(letter, text, files):
        flags.add("unparsed")
    if flags & {"unparsed", "truncated"}:
        files = (*files, attachments.original(raw))
    return Reading(
        sender=who,
        subject=subject,
        text=text,
        attachments=files,
        message_id=steps.run("message_id", lambda: threads.message_id(letter), ""),
        body_hash=body_hash(raw),
        in_reply_to=steps.run("in_reply_to", lambda: threads.in_reply_to(letter), ()),
        references=steps.run("references", lambda: threads.references(letter), ()),
        receivers=steps.run(
            "receivers", lambda: receivers.receivers(letter, envelope), envelope.recipients
        ),
        automatic=steps.run(
            "automatic",
            lambda: automatic.automatic(letter, envelope, who),
            Automatic(may_acknowledge=False, why="unparsed"),
        ),
        bounce=steps.run("bounce", lambda: bounce.bounce(letter, envelope, who), None),
        loop_marks=steps.run(
            "loop_marks", lambda: tuple(unfold(raw) for raw in letter.all(LOOP_HEADER)[:20]), ()
        ),
        flags=frozenset(flags),
        faults=tuple(steps.faults),
    )


def body_hash(raw: bytes) -> bytes:
    """SHA-256 of everything after the headers; servers on the way add headers only."""
    end = _HEADERS_END.search(raw)
    body = raw[end.end() :] if end else raw
    return hashlib.sha256(body.replace(b"\r\n", b"\n").rstrip()).digest()


class _Steps:
    """Runs filters, and lets one fail without the others."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def run(self, name: str, step: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        try:
            return step()
        except Exception:  # whatever a hostile mail provokes; the raw mail is kept
            self.faults.append(name)
            return otherwise


def _is_encrypted(letter: Letter) -> bool:
    for part in walk(letter.message):
        if kind(part) == "multipart/encrypted":
            return True
        if kind(part) in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
            smime = str(part.get_param("smime-type") or "").lower()
            if smime != "signed-data":
                return True
    return False


def _says_nothing(letter: Letter, text: str, files: tuple[object, ...]) -> bool:
    """No text and no file although bytes are there, or not even headers."""
    if not letter.names():
        return True
    return not text and not files and not letter.first("subject").strip()
