"""CPR numbers are not for looking at in passing: the last four digits are masked.

Databeskyttelsesloven § 11. A number counts as CPR when its first six digits are
a date (day also plus 60: the replacement numbers of the authorities). Modulus 11
is not asked, since numbers without it have been given out since 2007. Ten digits
that are no date (a case number, an order number) stay readable.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "xxxx"

# DDMMYY with an optional separator before the last four; the date itself may be
# written 01-02-90, 01.02.90 or 01 02 90. Not inside a longer number.
_TEN_DIGITS: Final = re.compile(
    r"(?<![0-9])([0-9]{2})([-./ \u00a0]?)([0-9]{2})\2([0-9]{2})"
    r"([ \u00a0]?[-\u2010-\u2015]?[ \u00a0]?)([0-9]{4})(?![0-9])"
)
_DAYS: Final = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_REPLACEMENT: Final = 60
"""Added to the day in a replacement number (erstatningspersonnummer)."""


def _is_date(day: int, month: int) -> bool:
    if day > _REPLACEMENT:
        day -= _REPLACEMENT
    return 1 <= month <= 12 and 1 <= day <= _DAYS[month]


def mask_cpr(text: str) -> str:
    """`text` with the last four digits of every CPR number replaced by ``xxxx``."""

    def masked(found: re.Match[str]) -> str:
        day, month = int(found[1]), int(found[3])
        if not _is_date(day, month):
            return found[0]
        return found[0][: -len(found[6])] + MASK

    return _TEN_DIGITS.sub(masked, text)
