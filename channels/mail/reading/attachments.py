"""Filter: the files that came along, their bytes untouched."""

from __future__ import annotations

import io
import re
from email import policy
from email.generator import BytesGenerator
from typing import Final

from channels.mail.reading.body import is_text_to_read
from channels.mail.reading.headers import clean, decode_words, unfold
from channels.mail.reading.letter import (
    Letter,
    Part,
    children,
    content,
    disposition,
    filename,
    header,
    kind,
    walk,
)
from router.model import Attachment

MOST: Final = 200
LONGEST_NAME: Final = 150
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")
_UNSAFE: Final = re.compile(r'[/\\:*?"<>|]')
_ENDINGS: Final = {
    "application/pdf": ".pdf",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "message/delivery-status": ".txt",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/html": ".html",
    "text/plain": ".txt",
}


def attachments(letter: Letter) -> tuple[Attachment, ...]:
    """Every part that is neither read as text nor only a wrapper, at most `MOST`."""
    found: list[Attachment] = []
    for part in walk(letter.message):
        if len(found) >= MOST:
            break
        if part is letter.message and not _is_file(part):
            continue
        if _is_file(part):
            found.append(_attachment(part, len(found) + 1))
    return tuple(found)


def original(raw: bytes) -> Attachment:
    """The whole mail as a file, for a mail that we could not read."""
    return Attachment("mail.eml", "message/rfc822", raw)


def _is_file(part: Part) -> bool:
    if kind(part).startswith("multipart/"):
        # Says multipart and has no parts: the boundary is broken, keep the bytes.
        return not children(part) and bool(str(part.get_payload() or "").strip())
    if kind(part).startswith("message/"):
        return True
    if children(part):
        return False
    return not is_text_to_read(part)


def _attachment(part: Part, number: int) -> Attachment:
    content_type = kind(part)
    if not _TYPE.fullmatch(content_type):
        content_type = "application/octet-stream"
    return Attachment(_name(part, content_type, number), content_type, _bytes(part))


def _bytes(part: Part) -> bytes:
    inside = children(part)
    if not inside:
        return content(part)
    out = io.BytesIO()
    as_it_was = policy.compat32.clone(max_line_length=0)
    generator = BytesGenerator(out, mangle_from_=False, policy=as_it_was)
    for number, message in enumerate(inside):
        if number:
            out.write(b"\n")
        generator.flatten(message)
    return out.getvalue()


def _name(part: Part, content_type: str, number: int) -> str:
    name = clean(decode_words(unfold(filename(part))))
    if not name and content_type == "message/rfc822" and (inside := children(part)):
        name = clean(decode_words(unfold(header(inside[0], "subject"))))[:80]
        name = f"{name}.eml" if name else ""
    name = _UNSAFE.sub("_", name).strip(" .")
    if not name:
        word = "billede" if disposition(part) == "inline" else "bilag"
        return f"{word}-{number}{_ENDINGS.get(content_type, '')}"
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        name = name[: LONGEST_NAME - len(ending)] + ending
    return name
