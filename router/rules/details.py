"""Numbers that a text carries: CPR, telephone, CVR, EAN, postal code, KLE, case numbers.

A number is what it is called: ten digits behind `faktura nr.` are no CPR, and
those behind `cpr` are one however they are spaced. Each pattern begins with a
digit or a rare word and is bounded, so a text of digits costs no more than its
length. The CPR itself is never kept, only that there is one and its day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from itertools import islice
from typing import Final

from router.rules.text import lowered

_DASH: Final = r"\-\u2010\u2011\u2012\u2013\u2014\u2212"
_SPACE: Final = r" \u00a0\u202f\t"

NUMBERS: Final = re.compile(rf"[0-9+][0-9{_SPACE}{_DASH}./]{{6,}}")
"""Anything long enough to be a number that we look for; most texts have none."""
_CPR: Final = re.compile(
    rf"[0-3](?<![0-9][0-9])[0-9][ ./{_DASH}]?[01][0-9][ ./{_DASH}]?[0-9][0-9]"
    rf"[{_SPACE}]?[{_DASH}./ ]?[{_SPACE}]?[0-9]{{2}}[{_SPACE}{_DASH}]?[0-9]{{2}}(?![0-9])"
)
"""Begins with the digit, not with the look-behind: so the engine can skip ahead."""
_PHONE: Final = re.compile(
    rf"(?=[0-9+])(?:(?:(?:\+|00)(?<![0-9]0)[1-9][0-9]{{0,2}}[{_SPACE}]?)?"
    rf"[1-9](?<![0-9+][0-9])[0-9](?:[{_SPACE}.{_DASH}]?[0-9]{{2}}){{3}}(?![0-9])(?![{_DASH}.,/][0-9])"
    rf"|(?:\+|00)(?<![0-9]0)[1-9][0-9]{{0,2}}(?:[{_SPACE}{_DASH}]?[0-9]{{2,5}}){{2,4}}(?![0-9]))"
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_BEFORE: Final = 28
"""Characters before a number that say what it is."""
_NUMBER_WORDS: Final = frozenset("nr no nummer nummeret numre number num id er is ist".split())
_CPR_WORDS: Final = (
    "cpr", "personn", "fødselsn", "foedselsn", "fødselsdag", "civil", "ssn", "pers",
    "الشخصي", "المدني", "цпр", "срр",
)  # fmt: skip
_OTHER_NUMBERS: Final = (
    "faktura", "kunde", "opkræv", "rykker", "regning", "ordre", "konto", "aftale", "medlem",
    "måler", "installation", "giro", "betaling", "ean", "cvr", "telefon", "tlf", "mobil",
    "nummerplade",
    "reference", "aftagen", "forbrug", "police", "skade", "lånern", "invoice", "customer", "order",
    "rechnung", "kunden", "sagsn", "sagsid", "journal", "jnr", "reg", "løben", "pakke", "billet",
)  # fmt: skip
"""Beginnings of words that say that a number is no CPR and no telephone."""
_OTHER_WITH_NUMBER: Final = frozenset("sag sags j jr p se ref case id tel".split())
"""Say so only together with `nr.`: `sag 221177-1212` is a person's."""
_CVR: Final = re.compile(
    rf"\bcvr[^0-9a-z\n]{{0,4}}(?:n(?:umme)?r)?[^0-9a-z\n]{{0,4}}((?:[0-9][{_SPACE}]?){{8}})(?![0-9])"
)
_SE: Final = re.compile(
    rf"se(?<!\wse)[ -]?nr[^0-9a-z\n]{{0,4}}((?:[0-9][{_SPACE}]?){{8}})(?![0-9])"
)
_EAN: Final = re.compile(rf"57(?<![0-9]57)(?:[{_SPACE}]?[0-9]){{11}}(?![0-9])")
_POSTAL: Final = re.compile(
    r"([1-9](?<![0-9.,/-].)[0-9]{3})[ \u00a0]{1,2}(?=[A-ZÆØÅ][a-zæøå]{2,}(?:\s|[.,;)]|$))"
)
_YEARS: Final = range(1900, 2100)
"""Four digits that are a year far more often than a postal code."""
_KLE: Final = re.compile(r"\bkle[^0-9a-z\n]{0,6}([0-9]{2}(?:\.[0-9]{2}){0,2})(?![0-9])")
_CASE: Final = re.compile(
    r"(?:sags?[ .-]?(?:nr|nummer|id)|sag|journal[ .-]?(?:nr|nummer)|j\.? ?nr|jr\.? ?nr|vores ref"
    r"|deres ref"
    r"|case (?:no|number)|aktenzeichen)[.:]?[ :#]{0,3}"
    r"([A-ZÆØÅ]{0,6}[0-9][A-ZÆØÅ0-9]{0,12}(?:[-/.][A-ZÆØÅ0-9]{1,10}){0,6})",
    re.IGNORECASE,
)
_KLE_JOURNAL: Final = re.compile(
    r"[0-9](?<![0-9.].)[0-9]\.[0-9]{2}\.[0-9]{2}-[A-Z][0-9]{2}-[0-9]{1,6}-[0-9]{2,4}"
)
_MOST: Final = 20
"""Numbers of one kind that are kept from one text."""


@dataclass(frozen=True, slots=True)
class Details:
    """What the numbers of a text are. Nothing of it is kept by the explanation."""

    cpr: bool = False
    birth_day: int | None = None
    """Day of the month of the first CPR."""
    cvr: str = ""
    ean: str = ""
    postal_code: str = ""
    kle: str = ""
    case_numbers: tuple[str, ...] = ()


NOTHING: Final = Details()


def read_details(text: str) -> Details:
    """The numbers in `text` (subject and body, as they were sent); `NOTHING` itself when
    there is no number at all, no telephone number either."""
    if not _ANY_NUMBER.search(text):
        return NOTHING
    day: int | None = None
    cvr = ean = None
    lower = lowered(text)
    if NUMBERS.search(text):
        day = birth_day(text)
        cvr = (_CVR.search(lower) if "cvr" in lower else None) or _SE.search(lower)
        ean = _EAN.search(text)
    kle = _KLE.search(lower) if "kle" in lower else None
    journal = _KLE_JOURNAL.search(text)
    return Details(
        cpr=day is not None,
        birth_day=day,
        cvr=_digits(cvr.group(1)) if cvr else "",
        ean=_digits(ean.group()) if ean else "",
        postal_code=_postal_code(text),
        kle=kle.group(1) if kle else journal.group()[:8] if journal else "",
        case_numbers=_case_numbers(text),
    )


_ANY_NUMBER: Final = re.compile(rf"[0-9](?:[0-9]{{2}}|[0-9.]*[{_SPACE}{_DASH}./][0-9]{{2}})")
"""Shorter numbers are hours, ages and house numbers. A telephone number is one too."""


def _digits(written: str) -> str:
    return "".join(letter for letter in written if letter in "0123456789")


def _postal_code(text: str) -> str:
    for found in _POSTAL.finditer(text):
        if int(found.group(1)) not in _YEARS or text[found.end() :].startswith("Frederiksberg"):
            return found.group(1)
    return ""


def _case_numbers(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    end = 0
    for digits in islice(_THREE_DIGITS.finditer(text), _MOST):
        if digits.start() < end:
            continue
        near = text[max(0, digits.start() - _BEFORE) : digits.start() + _BEFORE]
        match = _CASE.search(near) if any(map(near.lower().__contains__, _CASE_WORDS)) else None
        if match:
            end = max(0, digits.start() - _BEFORE) + match.end()
            number = match.group(1).rstrip("-/.")
            if sum(letter.isdigit() for letter in number) >= 3 and birth_day(number) is None:
                found[number] = None
    for match in islice(_KLE_JOURNAL.finditer(text), _MOST):
        found[match.group()] = None
    return tuple(found)


_THREE_DIGITS: Final = re.compile(r"[0-9][0-9](?:[0-9]|[-/][0-9]{2})")
_CASE_WORDS: Final = ("sag", "nr", "ref", "case", "aktenz")


def has_cpr(text: str) -> bool:
    """Whether a CPR number stands in `text`."""
    return birth_day(text) is not None


def birth_day(text: str) -> int | None:
    """The day of the month of the first CPR number in `text`; None when there is none.

    The date must exist; modulus 11 is not asked, since numbers without it are given.
    """
    for found in _CPR.finditer(text):
        written = found.group()
        called = _called(text, found.start())
        if called != "cpr" and (called == "other" or _is_loose(written)):
            continue
        digits = _digits(written)
        day, month, year = (int(digits[at : at + 2]) for at in (0, 2, 4))
        seventh = int(digits[6])
        if 1 <= month <= 12 and 1 <= day <= monthrange(_century(year, seventh) + year, month)[1]:
            return day
    return None


def _called(text: str, place: int) -> str:
    """What the words before a number say that it is: `cpr`, `other` or nothing."""
    words = _WORD.findall(text[max(0, place - _BEFORE) : place].lower())
    numbered = False
    for word in words[:-4:-1]:
        if word.startswith(_CPR_WORDS):
            return "cpr"
        if word.startswith(_OTHER_NUMBERS) or (numbered and word in _OTHER_WITH_NUMBER):
            return "other"
        if word not in _NUMBER_WORDS:
            return ""
        numbered = numbered or word not in ("er", "is", "ist")
    return ""


def _is_loose(written: str) -> bool:
    """Grouped as telephone numbers are (`22 11 77 12 12`): a CPR only when called so."""
    groups = [len(part) for part in _GROUPS.split(written) if part]
    return groups not in ([10], [6, 4], [2, 2, 2, 4])


_GROUPS: Final = re.compile(r"[^0-9]+")


def _century(year: int, seventh: int) -> int:
    """The century that the seventh digit stands for (CPR-kontoret's table)."""
    if seventh <= 3:
        return 1900
    if seventh in (4, 9):
        return 2000 if year <= 36 else 1900
    return 2000 if year <= 57 else 1800


_CALL_WORDS: Final = (
    "ring", "kald", "kontakt", "træffes", "fanges", "fat i", "fås på", "call", "phone me", "reach",
    "anruf", "rufen", "erreich", "zadzwo", "oddzwo", "телефон", "дзвон", "اتصل", "الاتصال",
)  # fmt: skip
_BEFORE_NUMBER: Final = 60
"""Characters before a telephone number in which a word of calling makes it a wish."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number in a text."""

    number: str
    """E.164."""
    place: int
    called: bool
    """A word of calling stands just before it."""


def phones(text: str) -> list[Phone]:
    """The telephone numbers in `text`, at most a few."""
    found: list[Phone] = []
    for match in _PHONE.finditer(text):
        if _is_no_phone(text, match.start()) or _CPR.match(match.group()) is not None:
            continue
        number = _e164(match.group())
        if number:
            said = text[max(0, match.start() - _BEFORE_NUMBER) : match.start()].lower()
            called = any(word in said for word in _CALL_WORDS)
            found.append(Phone(number, match.start(), called))
            if len(found) == _MOST:
                break
    return found


def _is_no_phone(text: str, place: int) -> bool:
    before = text[max(0, place - _BEFORE) : place].lower()
    if before[-1:] in ("-", ".", "/") and before[-2:-1].isdigit():
        return True  # the end of a longer number
    return any(
        word.startswith((*_OTHER_NUMBERS, *_CPR_WORDS)) and not word.startswith(_PHONE_WORDS)
        for word in _WORD.findall(before)[-2:]
    )


_PHONE_WORDS: Final = ("telefon", "tlf", "mobil")


def phone_to_call(text: str, spoken: bool) -> str:
    """The number that the sender asks us to call (E.164), or "".

    In a call (`spoken`) any number that is said is there to be called; in writing
    it may be a signature, and only a word of calling just before it makes it a wish.
    """
    known = phones(text)
    for phone in known:
        if phone.called:
            return phone.number
    return known[-1].number if spoken and known else ""


def asks_for_call(text: str, spoken: bool) -> bool:
    """Whether a telephone number is given to be called."""
    return bool(phone_to_call(text, spoken))


def _e164(written: str) -> str:
    """`+45 12 34 51 03`, `0045...` and eight digits as one; "" for what cannot be called."""
    digits = _digits(written)
    if written.startswith("+"):
        pass
    elif written.startswith("00"):
        digits = digits[2:]
    else:
        return f"+45{digits}" if len(digits) == 8 else ""
    if digits.startswith("45"):
        return f"+{digits}" if len(digits) == 10 else ""
    return f"+{digits}" if 8 <= len(digits) <= 15 else ""
