"""Mail addresses in headers: found, and safe to use in an envelope."""

from __future__ import annotations

import re
from typing import Final

from channels.mail.reading.headers import LONGEST, decode_words, unfold

_ADDRESS: Final = re.compile(
    r"""(?:"[^"\\\r\n]{1,64}"|[^\s<>()\[\]\\,;:"@\x00-\x1f\x7f]{1,64})"""
    r"""@[^\s<>()\[\]\\,;:"'@/?=&\x00-\x1f\x7f]{1,253}"""
)
_USABLE: Final = re.compile(
    r"""[^\s<>()\[\]\\,;:"@\x00-\x1f\x7f]{1,64}@[\w-]+(?:\.[\w-]+)*""", re.UNICODE
)
# Possessive: a header made of dots or of @ must not cost the square of its length.
_ANGLE: Final = re.compile(r"<\s*+(?:mailto:)?([^<>\s@]*+@[^<>\s]*+)[\s.]*+(?:>|\Z)", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\(([^()]*)\)")


def usable(address: str) -> str:
    """`address` with a lower-case domain, or empty when no mail can be sent to it."""
    address = address.strip().strip("<>'").rstrip(".")
    if len(address) > 254 or not _USABLE.fullmatch(address):
        return ""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def same(one: str, other: str) -> bool:
    """Whether two addresses are one person's. No server of today tells case apart."""
    return bool(one) and one.casefold() == other.casefold()


def find_addresses(raw: str) -> list[str]:
    """Every usable address in a header, in order, once each."""
    found: dict[str, None] = {}
    for address in _ADDRESS.findall(decode_words(unfold(raw))):
        if cleaned := usable(address):
            found.setdefault(cleaned)
    return list(found)


def split_mailbox(raw: str) -> tuple[str, str]:
    """(address, still encoded name) of the first mailbox in a header.

    Names with commas and no quotes, addresses without angle brackets, comments
    for names and whole mailboxes inside an encoded word are all met.
    """
    line = unfold(raw)[:LONGEST]
    for candidate in (line, decode_words(line)):
        match = _ANGLE.search(candidate)
        if match and (address := usable(match.group(1))):
            return address, candidate[: match.start()]
        match = _ADDRESS.search(candidate)
        if match and (address := usable(match.group(0))):
            comment = _COMMENT.search(candidate, match.end())
            return address, comment.group(1) if comment else ""
    return "", line
