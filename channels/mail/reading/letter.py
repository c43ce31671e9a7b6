"""The mail in its parts, as far as the standard library can take it apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from typing import Any, Final, TypeAlias

# Generic for the type checker only; at run time the class takes no parameters.
Part: TypeAlias = "Message[Any, Any]"

MOST_PARTS: Final = 2_000
DEEPEST: Final = 60
"""Levels of nesting that are followed; 100 and more are only met in attacks."""

MOST_COMPARISONS: Final = 20_000_000
"""Of a line with a boundary: some seconds' work. Large mails need a tenth of it."""
LONGEST_PARAMETERS: Final = 5_000
"""Characters of a Content- header: the library takes the square of it to find parameters."""


class _Policy(policy.Compat32):
    """The library's most lenient reading, with what it reads slowly cut to a sane length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        if name[:8].lower() == "content-":
            value = value[:LONGEST_PARAMETERS]
        return name, value


_POLICY: Final = _Policy(mangle_from_=False, max_line_length=None)
_LEADING: Final = re.compile(rb"\A(?:[ \t]*\r?\n)+")


class Letter:
    """A parsed mail with header access that never raises."""

    def __init__(self, raw: bytes) -> None:
        # An empty line in front would end the headers before they begin.
        raw = _LEADING.sub(b"", raw[:2000]) + raw[2000:]
        self.whole = True
        """False when parts of the mail are out of reach, and only the raw mail has them."""
        try:
            if _is_laborious(raw):
                raise ValueError("more structure than a mail has")
            self.message: Part = BytesParser(policy=_POLICY).parsebytes(raw)
        except Exception:  # RecursionError on deep nesting, and bugs in the library
            self.whole = False
            self.message = BytesHeaderParser(policy=_POLICY).parsebytes(raw)
        if not _within_bounds(self.message):
            self.whole = False
        self._headers: dict[str, list[str]] = {}
        for name, value in self.message.raw_items():
            self._headers.setdefault(str(name).lower(), []).append(str(value))

    def all(self, name: str) -> list[str]:
        """Every raw value of the header, in order."""
        return self._headers.get(name.lower(), [])

    def first(self, name: str) -> str:
        """The first raw value, or an empty text."""
        values = self.all(name)
        return values[0] if values else ""

    def has(self, name: str) -> bool:
        return name.lower() in self._headers

    def names(self) -> list[str]:
        """Names of all headers, lower case, once each."""
        return list(self._headers)


def _is_laborious(raw: bytes) -> bool:
    """Whether taking it apart would take many seconds.

    The library tries each line on every boundary that is open, and makes a part
    of every line that could be one.
    """
    boundaries = raw.lower().count(b"boundary")
    return boundaries * raw.count(b"\n") > MOST_COMPARISONS or raw.count(b"\n--") > 10 * MOST_PARTS


def header(part: Part, name: str) -> str:
    """First raw value of a part's header, without the library's own decoding."""
    wanted = name.lower()
    for key, value in part.raw_items():
        if str(key).lower() == wanted:
            return str(value)
    return ""


def children(part: Part) -> list[Part]:
    """Parts directly inside `part`."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return []
    return [child for child in payload if isinstance(child, Message)]


def walk(part: Part, *, into_messages: bool = False) -> Iterator[Part]:
    """`part` and everything inside, in order, without recursion and without end.

    Mails inside the mail are given whole, and not entered unless asked for.
    """
    stack: list[tuple[Part, int]] = [(part, 0)]
    seen = 0
    while stack and seen < MOST_PARTS:
        current, depth = stack.pop()
        seen += 1
        yield current
        enter = into_messages or current is part or kind(current) != "message/rfc822"
        if enter and depth < DEEPEST:
            stack.extend((child, depth + 1) for child in reversed(children(current)))


def _within_bounds(message: Part) -> bool:
    """Whether `walk` reaches everything."""
    stack: list[tuple[Part, int]] = [(message, 0)]
    seen = 0
    while stack:
        current, depth = stack.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_PARTS:
            return False
        stack.extend((child, depth + 1) for child in children(current))
    return True


def kind(part: Part) -> str:
    """Content type, lower case: what the mail says, or text/plain."""
    try:
        return part.get_content_type()
    except Exception:  # a malformed parameter list trips the library
        return "application/octet-stream"


def disposition(part: Part) -> str:
    """`attachment`, `inline` or empty."""
    return header(part, "content-disposition").partition(";")[0].strip().lower()


def content(part: Part) -> bytes:
    """The part's bytes, transfer encoding undone; what is broken stays as it is."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def charset(part: Part) -> str | None:
    """Declared charset, if any."""
    value = part.get_param("charset")
    if isinstance(value, tuple):
        value = value[2]
    return str(value) if value else None


def filename(part: Part) -> str:
    """Raw file name as the library finds it (RFC 2231), or empty."""
    return part.get_filename("") or ""
