"""HTML made safe, and HTML made text."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

import nh3

from channels.mail.reading.words import words
from router.model import printable

LONGEST: Final = 500_000
"""Characters of HTML that are read."""
DEEPEST: Final = 1_000
"""Elements inside each other."""

_SHOWN: Final = frozenset(nh3.ALLOWED_TAGS) - {"img", "map", "area"}
_BLOCKS: Final = words(
    "address article aside blockquote center dd details div dl dt figcaption figure footer "
    "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tr ul"
)
_STYLES: Final = words(
    "background-color color font-family font-size font-style font-weight line-height "
    "text-align text-decoration vertical-align margin padding border border-bottom "
    "border-collapse border-left border-top max-width width display"
)
_CLOSE_THEMSELVES: Final = words(
    "area base br col dd dt hr img input li link meta option p source tbody td th tr wbr "
    "o:p html body head"
)
_TAG: Final = re.compile(r"<[^<>]*>")
_TAG_NAME: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:]{0,20})")
_SPACES: Final = re.compile(r"[ \t\r\n\f]+")
_GAPS: Final = re.compile(r"\n{3,}")


def sanitised(html: str, *, styled: bool = False) -> str:
    """HTML without scripts, style sheets, forms and anything that loads from outside.

    `styled` keeps harmless inline colours, spaces and borders, for showing a
    mail in a sandboxed frame.
    """
    html = printable(html[:LONGEST])
    if _is_too_deep(html):
        return f"<pre>{escape(_TAG.sub(' ', html))}</pre>"
    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    if styled:
        attributes["*"] = {"style"}
    return nh3.clean(
        html,
        tags=set(_SHOWN),
        clean_content_tags={"script", "style", "title", "noscript"},
        attributes=attributes,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        filter_style_properties=set(_STYLES),
    )


def _is_too_deep(html: str) -> bool:
    """Whether elements lie in each other by the thousand: no mail, only an attack.

    Time in an HTML parser grows with the square of the depth.
    """
    if html.count("<") <= DEEPEST:
        return False
    depth = 0
    for close, name in _TAG_NAME.findall(html):
        if name.lower() not in _CLOSE_THEMSELVES:
            depth += -1 if close else 1
            if depth > DEEPEST:
                return True
    return False


def text_of_html(html: str) -> str:
    """What a person reads of `html`, in lines. Never raises.

    Sanitised first: what comes out of nh3 is well formed, and hidden code is gone.
    """
    reader = _Reader()
    reader.feed(sanitised(html))
    reader.close()
    # Line by line: a pattern for trailing blanks takes the square of their number.
    lines = (line.rstrip(" \t") for line in "".join(reader.pieces).split("\n"))
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._verbatim = 0
        self._link = ""
        self._link_start = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.pieces.append("\n")
        elif tag in _BLOCKS:
            self._new_line()
            if tag == "li":
                self.pieces.append("- ")
            elif tag == "pre":
                self._verbatim += 1
        elif tag == "a":
            self._link = dict(attrs).get("href") or ""
            self._link_start = len(self.pieces)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._verbatim -= tag == "pre" and self._verbatim > 0
            self._new_line()
            if tag in {"p", "table", "ul", "ol", "blockquote"}:
                self.pieces.append("\n")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")
        elif tag == "a":
            shown = "".join(self.pieces[self._link_start :]).strip()
            target = self._link.removeprefix("mailto:").removeprefix("tel:")
            if shown and target and target.rstrip("/") not in shown and shown not in target:
                self.pieces.append(f" ({target})")
            self._link = ""

    def handle_data(self, data: str) -> None:
        if self._verbatim:
            self.pieces.append(data)
            return
        text = _SPACES.sub(" ", data)
        if text.startswith(" ") and (not self.pieces or self.pieces[-1].endswith(("\n", " "))):
            text = text[1:]
        if text:
            self.pieces.append(text)

    def _new_line(self) -> None:
        if self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append("\n")
