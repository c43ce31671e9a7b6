"""What the sender says himself: without older mail, signature and disclaimer.

One pass over the lines; every pattern is tried at the beginning of a line only
and cannot back-track, so an endless text costs no more than its length. When
hardly anything would be left (`Som skrevet.` above a quoted mail) all is kept:
better too many words than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from router.rules.text import lowered


@dataclass(frozen=True, slots=True)
class Letter:
    """A text in its parts."""

    own: str
    """What the sender says, to be understood."""
    closing: int
    """Where in the whole text the first closing (`Med venlig hilsen`) begins; -1 if none.
    A name behind it is the sender's own."""


_FEW: Final = 8
"""With fewer words of his own than this the sender relies on the mail below."""
_SIGNATURE_LINES: Final = 9
_LONG_LINE: Final = 75
"""A line this long is a sentence, not part of a signature."""

_DIVIDER: Final = re.compile(
    r"-{2,}\s?(?:original message|oprindelig (?:meddelelse|besked|mail)|videresendt (?:meddelelse"
    r"|besked)|forwarded message|urspr(?:ü|ue|u)ngliche nachricht|weitergeleitete nachricht"
    r"|ursprungligt meddelande|wiadomość oryginalna)",
)
_BEGIN_FORWARD: Final = re.compile(
    r"(?:begin forwarded message|start på videresendt (?:besked|meddelelse)"
    r"|anfang der weitergeleiteten nachricht)",
)
_HEADER: Final = re.compile(
    r"\*?(?:fra|from|von|od|від|от|من|från|sendt|sent|gesendet|wysłano|dato|date|datum|data"
    r"|til|to|an|do|кому|emne|subject|betreff|temat|тема|vedr|cc)\s?:\s?\*?",
)
_FROM: Final = re.compile(r"\*?(?:fra|from|von|od|від|от|من|från)\s?:")
_WROTE: Final = re.compile(
    r"(?:skrev|wrote|schrieb|pisze|napisał(?:\(a\))?|пише|писав)\b[^\n]{0,120}:\s*$"
    r"|<[^<>\s]{3,120}>(?:\s\S{1,12}){0,3}\s?:\s*$",
)
_ATTRIBUTION: Final = re.compile(
    r"(?:(?:den|on|am|dnia|w dniu|le|el|ons|man|tir|tor|fre|lør|søn)\b|\d{1,4}[-./]\d)",
)
_SENT_FROM: Final = re.compile(
    r"(?:sendt fra (?:min|mit|outlook)|sent from (?:my|outlook)|hent(?:et fra)? outlook"
    r"|get outlook for|gesendet von mein|von meinem \w+ gesendet|sendt via|wysłane z)",
)
_DISCLAIMER: Final = re.compile(
    r"(?:denne (?:e-?mail|mail|meddelelse)\b[^\n]{0,80}(?:fortrolig|modtager|vedhæft|bestemt"
    r"|tiltænkt)"
    r"|this (?:e-?mail|message)\b[^\n]{0,80}(?:confidential|intended|privileg)"
    r"|diese (?:e-?mail|nachricht)\b[^\n]{0,80}(?:vertraulich|bestimmt)"
    r"|pas på miljøet|tænk på miljøet|think before you print|please consider the environment"
    r"|advarsel: denne mail kommer udefra|caution: (?:this|external)"
    r"|læs (?:mere )?om,? hvordan vi behandler)",
)
_CLOSING: Final = re.compile(
    r"(?:(?:med |mange |de |de bedste |bedste |kærlig |kærligst |på forhånd tak og )?"
    r"(?:venlig(?:e|st)? |venligst )?(?:hilsen|hilsner|hilsn|hilsener)"
    r"|(?:m[.\s]?\s?v[.\s]?\s?h|v\.?\s?h|d\.?b\.?h|k\.?h|b\.?h|mvh|dbh)\b\.?"
    r"|ærbødigst|(?:kind|best|warm)?\s?regards|yours (?:sincerely|faithfully|truly)|sincerely"
    r"|cheers"
    r"|mit freundlichen gr(?:ü|ue|u)(?:ß|ss)en|(?:viele|liebe|beste|freundliche) gr(?:ü|ue|u)(?:ß"
    r"|ss)e"
    r"|z poważaniem|pozdrawiam|з повагою|мвг|مع تحياتي|مع خالص|تحياتي|med vänliga?|vennlig hilsen)",
)
_INLINE_CLOSING: Final = re.compile(
    r"(?:^|[\s.,!?])((?:m(?:ed|æ'?|e)? )?(?:venlig )?(?:hilsen|hilsner)|mvh|m\.v\.h\.?|vh|dbh|kh"
    r"|(?:kind |best )?regards|(?:viele |liebe )?gr(?:ü|ue)(?:ß|ss)e|pozdrawiam|дякую|з повагою)\b",
)
_CLOSING_WORDS: Final = (
    "hils",
    "mvh",
    "m.v.h",
    "vh",
    "dbh",
    "kh",
    "regards",
    "gr",
    "pozdr",
    "дяку",
    "поваг",
)
_INLINE_SPAN: Final = 90
"""A closing within a line stands this near the end of the text."""
_POSTSCRIPT: Final = re.compile(r"(?:p\.?\s?s\.?[\s:.]|nb[\s:!])")


def read_letter(text: str) -> Letter:
    """Divide `text` into the sender's own words and the rest."""
    if "\n" not in text:
        return Letter(text, _inline_closing(text))
    lines = text.split("\n")
    small = lowered(text).split("\n")
    own, closing = _own_lines(lines, small)
    if closing < 0:
        closing = _inline_closing(text)
    if len(own) == len(lines):
        return Letter(text, closing)
    kept = "\n".join(own)
    if _few_words(kept):
        kept = "\n".join(
            line
            for line, low in zip(lines, small, strict=True)
            if not _HEADER.match(low.lstrip("> \t")) or _about(low)
        )
        if _few_words(kept):
            kept = text
    return Letter(kept, closing)


def _few_words(text: str) -> bool:
    return len(text) < 400 and len(text.split()) < _FEW


def _about(small: str) -> bool:
    """The subject line of an older mail says what it was about."""
    return small.lstrip("> \t*").startswith(("emne", "subject", "betreff", "тема", "temat"))


def _inline_closing(text: str) -> int:
    """Where a closing stands in the last line: `... tak for hjælpen. Mvh Pia`."""
    start = max(0, len(text) - _INLINE_SPAN)
    tail = text[start:].lower()
    if not any(map(tail.__contains__, _CLOSING_WORDS)):
        return -1
    found = _INLINE_CLOSING.search(tail)
    return -1 if found is None else start + found.start(1)


def _own_lines(lines: list[str], small: list[str]) -> tuple[list[str], int]:
    """The lines that are the sender's own, and where the first closing begins.

    `small`: the same lines in small letters.
    """
    own: list[str] = []
    closing = -1
    place = 0
    signature = 0
    """Lines that the signature may still have."""
    for number, line in enumerate(lines):
        start, place = place, place + len(line) + 1
        bare = small[number][:400].strip()
        if not bare:
            own.append(line)
            continue
        first = bare[0]
        if first == ">" or first == "|":
            continue
        if _starts_older_mail(bare, small, number):
            break
        if bare in ("--", "—") or _SENT_FROM.match(bare):
            signature = _SIGNATURE_LINES
            closing = start if closing < 0 else closing
            continue
        if _DISCLAIMER.match(bare):
            continue
        if _POSTSCRIPT.match(bare):
            signature = 0
        if signature:
            if len(bare) < _LONG_LINE and not bare.endswith("?"):
                signature -= 1
                continue
            signature = 0
        said = _CLOSING.match(bare)
        if said and len(bare) < _LONG_LINE:
            signature = _SIGNATURE_LINES
            closing = start if closing < 0 else closing
            if len(bare) - said.end() > 2:
                # "Venlig hilsen Handicaprådets formand"
                own.append(line[:400].strip()[said.end() :])
            continue
        own.append(line)
    return own, closing


def _starts_older_mail(bare: str, lines: list[str], number: int) -> bool:
    """Whether an older mail begins in this line. All in small letters."""
    if bare[0] in "-_" and (_DIVIDER.match(bare) or _rule_before_header(bare, lines, number)):
        return True
    if _FROM.match(bare) and number > 0:
        return (
            sum(bool(_HEADER.match(line.strip()[:40])) for line in lines[number : number + 5]) >= 2
        )
    if _BEGIN_FORWARD.match(bare):
        return True
    if _ATTRIBUTION.match(bare):
        if _WROTE.search(bare):
            return True
        following = lines[number + 1].strip()[:200] if number + 1 < len(lines) else ""
        return bool(following and len(bare) > 20 and _WROTE.search(f"{bare} {following}"[-200:]))
    return False


def _rule_before_header(bare: str, lines: list[str], number: int) -> bool:
    if bare.strip("_-") or len(bare) < 5:
        return False
    return any(_FROM.match(line.strip()[:40]) for line in lines[number + 1 : number + 3])
