"""Filter: who wrote it.

From is identity as far as mail has one; Reply-To is only contact data and is
never used for it. Without a usable From: Sender, then the return path.
"""

from __future__ import annotations

import re
from typing import Final

from channels.mail.reading.addresses import split_mailbox, usable
from channels.mail.reading.headers import clean, decode_words
from channels.mail.reading.letter import Letter
from channels.mail.reading.result import Envelope, Sender

LONGEST_NAME: Final = 200
MOST_HEADERS: Final = 5
_ESCAPE: Final = re.compile(r"\\(.)")


def sender(letter: Letter, envelope: Envelope) -> Sender:
    """Address and display name; either may be empty."""
    name = ""
    for header in ("from", "sender"):
        for raw in letter.all(header)[:MOST_HEADERS]:
            address, encoded = split_mailbox(raw)
            found = _name(encoded)
            name = name or found
            if address:
                return Sender(address, name if not _is_address(name, address) else "")
    return Sender(usable(envelope.sender), name)


def _name(encoded: str) -> str:
    # Quotes are taken off before decoding and after: "=?utf-8?Q?...?=" is met often.
    name = decode_words(_unquoted(encoded.strip().strip(",;:").strip()))
    return clean(_unquoted(name.strip()))[:LONGEST_NAME]


def _unquoted(name: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    elif name.startswith('"'):
        name = name.replace('"', "")
    return _ESCAPE.sub(r"\1", name).strip() if "\\" in name else name


def _is_address(name: str, address: str) -> bool:
    return name.strip("<>").casefold() == address.casefold()
