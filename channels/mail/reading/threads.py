"""Filter: Message-IDs, its own and those that it answers."""

from __future__ import annotations

import re
from typing import Final

from channels.mail.reading.headers import unfold
from channels.mail.reading.letter import Letter

MOST: Final = 50
_ID: Final = re.compile(r"<([^<>\s]{1,500})>")
_BARE: Final = re.compile(r"[^\s\x00-\x1f\x7f]{1,500}")


def message_id(letter: Letter) -> str:
    """With angle brackets; empty when missing or empty, and then it matches nothing."""
    line = unfold(letter.first("message-id"))
    if match := _ID.search(line):
        return match.group(0)
    bare = line.strip("<> ")
    return f"<{bare}>" if _BARE.fullmatch(bare) else ""


def in_reply_to(letter: Letter) -> tuple[str, ...]:
    """Message-IDs that this mail answers."""
    return _ids(letter.first("in-reply-to"))


def references(letter: Letter) -> tuple[str, ...]:
    """The thread, newest first."""
    # The newest are at the end, so a very long header is read from there.
    return _ids(letter.first("references")[-10_000:])[::-1]


def _ids(raw: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match.group(0) for match in _ID.finditer(unfold(raw))))[-MOST:]
