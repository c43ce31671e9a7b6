"""Filter: the text that a person wrote, out of whatever the mail is made of."""

from __future__ import annotations

import re
from typing import Final

from channels.mail.reading import charset
from channels.mail.reading.html import text_of_html
from channels.mail.reading.letter import (
    DEEPEST,
    Letter,
    Part,
    children,
    content,
    disposition,
    filename,
    kind,
)
from channels.mail.reading.letter import charset as declared_charset
from router.model import printable

LONGEST: Final = 200_000
"""Characters of text that a contact keeps; the rest stays in the raw mail."""

_FLOWED: Final = re.compile(r"\r\n?")


def text(letter: Letter) -> str:
    """All text meant to be read, in order; of alternatives the plainest with content."""
    return printable(_join(_texts(letter.message, 0))).strip()


def html(letter: Letter) -> str:
    """The HTML version as it came, unsafe, or empty."""
    return printable(_first_html(letter.message, 0))


def is_text_to_read(part: Part) -> bool:
    """Whether the part is shown as text and not listed as a file."""
    return (
        kind(part) in {"text/plain", "text/html"}
        and disposition(part) != "attachment"
        and not filename(part)
    )


def part_text(part: Part) -> str:
    """A text part as text, line ends as newlines."""
    decoded = charset.decode(content(part), declared_charset(part))
    return _FLOWED.sub("\n", decoded)


def _texts(part: Part, depth: int) -> list[str]:
    inside = children(part)
    if not inside:
        return [_readable(part)] if is_text_to_read(part) else []
    if depth >= DEEPEST or kind(part).startswith("message/"):
        return []
    if kind(part) == "multipart/alternative":
        return _plainest(inside, depth)
    found: list[str] = []
    for child in inside:
        found.extend(_texts(child, depth + 1))
    return found


def _plainest(alternatives: list[Part], depth: int) -> list[str]:
    for plain in (True, False):
        for child in alternatives:
            if (kind(child) == "text/plain") is plain:
                texts = _texts(child, depth + 1)
                if any(text.strip() for text in texts):
                    return texts
    return []


def _readable(part: Part) -> str:
    found = part_text(part)
    if kind(part) == "text/html":
        return text_of_html(found)
    return found.strip("\n")


def _join(texts: list[str]) -> str:
    return "\n\n".join(text.strip("\n") for text in texts if text.strip())


def _first_html(part: Part, depth: int) -> str:
    if not children(part):
        return part_text(part) if kind(part) == "text/html" and is_text_to_read(part) else ""
    if depth >= DEEPEST or kind(part).startswith("message/"):
        return ""
    for child in children(part):
        if found := _first_html(child, depth + 1):
            return found
    return ""
