"""Header text: 8-bit letters, folding, and encoded words in their wrong forms.

RFC 2047 as it is met: blanks inside an encoded word, words glued together or to
plain text, a letter split over two words, broken base64, unknown charsets.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from channels.mail.reading.charset import decode
from router.model import printable

LONGEST: Final = 10_000
"""Characters of one header that are read; what is longer is an attack or an accident."""

_WORD: Final = re.compile(
    r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?"
    r"(?:([Bb])\?([A-Za-z0-9+/=_\s-]*)\?=|([Qq])\?(.{0,2000}?)\?=(?![0-9A-Fa-f]{2}))",
    re.DOTALL,
)
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_BREAK: Final = re.compile(r"[\r\n]+")
_HEX: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def unfold(raw: str) -> str:
    """One line, 8-bit letters readable, encoded words still encoded."""
    raw = raw[:LONGEST]
    if not raw.isascii():
        raw = decode(
            raw.encode("ascii", "surrogateescape") if _escaped(raw) else raw.encode(), None
        )
    return printable(_BREAK.sub(" ", _FOLD.sub("", raw))).strip()


def _escaped(raw: str) -> bool:
    try:
        raw.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def text_of(raw: str) -> str:
    """A header's value as people should read it."""
    return clean(decode_words(unfold(raw)))


def clean(text: str) -> str:
    """One line without control characters."""
    return _CONTROL.sub("", _BREAK.sub(" ", printable(text))).replace("\t", " ").strip()


def decode_words(line: str) -> str:
    """Decode every encoded word in `line`; anything else stays as it is."""
    if "=?" not in line:
        return line
    out: list[str] = []
    pending: list[bytes] = []
    pending_charset = ""
    end = 0
    for match in _WORD.finditer(line):
        between = line[end : match.start()]
        charset = match.group(1)
        content = _base64(match.group(3)) if match.group(2) else _quoted(match.group(5))
        glued = not between.strip()
        if pending and not (glued and charset.lower() == pending_charset.lower()):
            out.append(decode(b"".join(pending), pending_charset))
            pending.clear()
            if glued:
                between = ""
        elif pending:
            between = ""
        if between:
            out.append(between)
        pending.append(content)
        pending_charset = charset
        end = match.end()
    if pending:
        out.append(decode(b"".join(pending), pending_charset))
    out.append(line[end:])
    return "".join(out)


def _base64(text: str) -> bytes:
    compact = re.sub(r"[\s=]", "", text).replace("-", "+").replace("_", "/")
    # A single letter over whole groups of four carries no byte.
    compact = compact[: len(compact) - (len(compact) % 4 == 1)]
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "replace")


def _quoted(text: str) -> bytes:
    content = text.encode("utf-8", "replace").replace(b"_", b" ")
    return _HEX.sub(lambda match: bytes([int(match.group(1), 16)]), content)
