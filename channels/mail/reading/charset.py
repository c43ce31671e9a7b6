"""Bytes to text, whatever the mail says about its charset.

Declared charsets are wrong often enough that the bytes get a say: what is valid
UTF-8 with multi-byte letters is UTF-8, and "iso-8859-1" means windows-1252, as
in every browser (WHATWG Encoding).
"""

from __future__ import annotations

import codecs
from typing import Final

_WESTERN: Final = frozenset({"ascii", "iso8859-1", "iso8859-15", "cp1252"})
_NOT_FOR_MAIL: Final = frozenset(
    # Python's own codecs that are no charset of a mail; some are slow on purpose-made input.
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
_ALIASES: Final = {
    "ansi": "cp1252",
    "cp-1252": "cp1252",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "x-sjis": "shift_jis",
    "ks_c_5601-1987": "cp949",
}


def decode(content: bytes, declared: str | None) -> str:
    """`content` as text. Never raises; what cannot be read becomes U+FFFD."""
    if content.startswith(codecs.BOM_UTF8):
        return content[3:].decode("utf-8", "replace")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    charset = _known(declared)
    if charset is None or charset in _WESTERN or charset == "utf-8":
        return _western_or_utf8(content, charset)
    try:
        return content.decode(charset)
    except LookupError:  # a codec of bytes to bytes, such as base64
        return _western_or_utf8(content, None)
    except UnicodeError:
        pass
    try:
        return content.decode("utf-8")
    except UnicodeError:
        return content.decode(charset, "replace")


def _western_or_utf8(content: bytes, charset: str | None) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeError:
        pass
    try:
        return content.decode("iso8859-15" if charset == "iso8859-15" else "cp1252")
    except UnicodeError:
        # Bytes that windows-1252 leaves open: mostly UTF-8 cut short.
        return (
            content.decode("utf-8", "replace") if charset == "utf-8" else content.decode("latin-1")
        )


def _known(declared: str | None) -> str | None:
    name = (declared or "").strip().strip("\"'").lower()
    if not name or not name.isascii() or len(name) > 40 or "\0" in name:
        return None
    try:
        known = codecs.lookup(_ALIASES.get(name, name)).name
    except (LookupError, ValueError):
        return None
    return None if known in _NOT_FOR_MAIL else known
