"""What a person may write in a field, and how we keep it."""

from __future__ import annotations

import re
from typing import Final

from channels.numbers import typed_number

MAX_TEXT: Final = 20_000
MAX_SUBJECT: Final = 300
MAX_NAME: Final = 200
MAX_PHONE: Final = 40
MAX_EMAIL: Final = 254
"""The longest address that SMTP carries (RFC 5321, 4.5.3.1.3)."""

# Ordinary Danish numbers need no library; what this takes, `typed_number` takes too.
_PLAIN_DANISH: Final = re.compile(r"(?:(?:\+|00)45)?([2-8][0-9]{7})")
_SEPARATORS: Final = re.compile(r"[\s().\-/\u2010-\u2015\u00a0]+")
_PHONE: Final = re.compile(r"\+?[0-9]{4,20}")

_LOCAL_PART: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(rf"({_LOCAL_PART})@({_LABEL}(?:\.{_LABEL})+)")
_MAX_LOCAL_PART: Final = 64


def phone_number(written: str) -> str | None:
    """E.164 of what somebody wrote, None if we cannot call it. Danish without country code."""
    digits = _SEPARATORS.sub("", written)
    if plain := _PLAIN_DANISH.fullmatch(digits):
        return f"+45{plain[1]}"
    if not _PHONE.fullmatch(digits):
        return None
    return typed_number(digits) or None


def email_address(written: str) -> str | None:
    """The address as we send to it, None if no mail server would take it.

    A domain with letters such as æ, ø and å is turned into its ASCII form.
    """
    written = written.strip()
    if not written.isascii():
        local_part, at, domain = written.rpartition("@")
        try:
            written = f"{local_part}{at}{domain.encode('idna').decode('ascii')}"
        except UnicodeError:
            return None
    if len(written) > MAX_EMAIL:
        return None
    match = _EMAIL.fullmatch(written)
    if match is None or len(match[1]) > _MAX_LOCAL_PART or match[2].rpartition(".")[2].isdigit():
        return None
    return written


def reference_digits(written: str) -> str:
    """A reference as somebody wrote it, without blanks, dots and hyphens."""
    return _SEPARATORS.sub("", written)


def read_call(written: str) -> int | None:
    """The number of a call as it was sent; None when it is none."""
    written = written.strip()
    if not (written.isascii() and written.isdigit() and len(written) < 5):
        return None
    return int(written)
