"""Phone numbers: whom we can call back. How one is said is in `channels.wording`."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

HOME_REGION: Final = "DK"
HOME_CODE: Final = 45

_KEYPAD: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_WITHHELD: Final = frozenset(
    "+" + word.translate(_KEYPAD)
    for word in ("ANONYMOUS", "RESTRICTED", "UNAVAILABLE", "UNKNOWN", "BLOCKED")
)
"""A withheld number also comes as the word spelt on a keypad (+266696687)."""

_E164: Final = re.compile(r"^\+[1-9][0-9]{6,14}$")
_COSTLY: Final = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})


def on_keys(letters: str) -> str:
    """Capital letters as the keys of a phone that they stand on; other marks stay."""
    return letters.translate(_KEYPAD)


def caller_number(sent: str) -> str:
    """The number that the provider gives for a caller, E.164, or "" when there is none.

    More lenient than `typed_number`: the network vouches for it, and our table
    of number ranges may be older than the number.
    """
    sent = sent.strip()
    if sent in _WITHHELD or not _E164.match(sent):
        return ""
    number = _parsed(sent)
    if number is None or not phonenumbers.is_possible_number(number) or _is_costly(number):
        return ""
    if number.country_code == HOME_CODE and str(number.national_number)[0] == "0":
        return ""
    return sent if number.national_number else ""


def typed_number(typed: str, refused: frozenset[str] = frozenset()) -> str:
    """The number that somebody typed or said, E.164, or "" when we cannot call it.

    Danish without country code; `00` or `+` before a foreign one. `refused` are
    numbers we never call: our own, since the line would call itself.
    """
    digits = re.sub(r"[^0-9+]", "", typed)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not 8 <= len(digits) <= 17:
        return ""
    number = _parsed(digits)
    if number is None or _is_costly(number):
        return ""
    national = str(number.national_number)
    if number.country_code == HOME_CODE:
        callable_ = len(national) == 8 and national[0] in "23456789"
    else:
        callable_ = phonenumbers.is_valid_number(number)
    e164: str = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return e164 if callable_ and e164 not in refused else ""


def _parsed(number: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None


def _is_costly(number: PhoneNumber) -> bool:
    return phonenumbers.number_type(number) in _COSTLY
