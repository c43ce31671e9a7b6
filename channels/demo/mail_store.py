"""Mail of the demo as files: what a receiver's mail server would have delivered.

One `.eml` file for each receiver: Return-Path and Delivered-To in front, as the
last server adds them, and then the mail byte for byte.
"""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from channels.mail.reading.addresses import split_mailbox
from channels.mail.reading.headers import clean, decode_words, text_of
from channels.mail.reading.letter import Letter

_NAME: Final = re.compile(r"(\d{17})-(\d{6})-[0-9a-f]{8}")
_HEADER_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A line of the list."""

    id: str
    at: datetime
    """When it was delivered, UTC."""
    to: str
    """Receiver of the envelope."""
    sender: str
    """Display name, or else address."""
    subject: str


class MailStore:
    """Keeps mails in a folder. Its methods block; call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def save(self, at: datetime, sender: str, recipients: list[str], raw: bytes) -> None:
        """Write `raw` for every recipient; durable when it returns. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for recipient in recipients:
            head = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
            microseconds = int(at.timestamp() * 1_000_000)
            number = next(self._numbers) % 1_000_000
            name = f"{microseconds:017d}-{number:06d}-{os.urandom(4).hex()}"
            self._write(name, head.encode("utf-8", "surrogateescape") + raw)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _write(self, name: str, content: bytes) -> None:
        unfinished = self._folder / f"{name}.part"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._folder / f"{name}.eml")

    def newest(self, to: str, most: int, older_than: str = "") -> list[StoredMail]:
        """Mails for `to` (empty: for anybody), newest first, at most `most`."""
        found: list[StoredMail] = []
        for path in self._paths():
            if older_than and path.stem >= older_than:
                continue
            mail = _line(path)
            if mail is not None and to in ("", mail.to):
                found.append(mail)
                if len(found) == most:
                    break
        return found

    def receivers(self) -> list[str]:
        """Everybody who has got mail here, in order."""
        lines = (_line(path) for path in self._paths())
        return sorted({line.to for line in lines if line is not None and line.to})

    def read(self, mail_id: str) -> bytes | None:
        """The file of a mail, or None."""
        if not _NAME.fullmatch(mail_id):
            return None
        try:
            return (self._folder / f"{mail_id}.eml").read_bytes()
        except FileNotFoundError:
            return None

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.eml"), reverse=True)


def delivered_at(mail_id: str) -> datetime:
    """When the mail was delivered; in its name."""
    return datetime.fromtimestamp(int(mail_id[:17]) / 1_000_000, UTC)


@lru_cache(maxsize=5000)
def _line(path: Path) -> StoredMail | None:
    """The line of a file; files never change, so it is read once."""
    if not _NAME.fullmatch(path.stem):
        return None
    try:
        with path.open("rb") as file:
            letter = Letter(file.read(_HEADER_BYTES).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    except FileNotFoundError:
        return None
    address, name = split_mailbox(letter.first("from"))
    return StoredMail(
        id=path.stem,
        at=delivered_at(path.stem),
        to=text_of(letter.first("delivered-to")),
        sender=clean(decode_words(name)).strip("\"' ") or address,
        subject=text_of(letter.first("subject")),
    )
