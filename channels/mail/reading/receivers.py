"""Filter: which addresses it was for, the most trustworthy first."""

from __future__ import annotations

from typing import Final

from channels.mail.reading.addresses import find_addresses, usable
from channels.mail.reading.letter import Letter
from channels.mail.reading.result import Envelope

IN_ORDER: Final = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "resent-to",
    "to",
    "cc",
)
MOST: Final = 200
MOST_HEADERS: Final = 20
"""Of one name that are read; a mail has one, or a few where it was handed on."""


def receivers(letter: Letter, envelope: Envelope) -> tuple[str, ...]:
    """The envelope's recipients, then the headers', once each."""
    found: dict[str, None] = {}
    for recipient in envelope.recipients:
        if address := usable(recipient):
            found.setdefault(address)
    for name in IN_ORDER:
        for raw in letter.all(name)[:MOST_HEADERS]:
            for address in find_addresses(raw):
                found.setdefault(address)
                if len(found) >= MOST:
                    return tuple(found)
    return tuple(found)
