"""Every text that people read is there in Danish, in every channel."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po

from channels.i18n import SHARED, Catalogue, spoken_language

CHANNELS = Path(__file__).resolve().parents[3] / "channels"
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract"),
           ("**.txt", "jinja2.ext:babel_extract")]  # fmt: skip
OPTIONS = {"**.html": {"trimmed": "true"}, "**.txt": {"trimmed": "true"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "to_translate": None}

FOLDERS = sorted(
    folder.name
    for folder in CHANNELS.iterdir()
    if folder.is_dir() and folder.name not in {"static", "locale", "__pycache__"}
)
BRACES = re.compile(r"\{(\w*)\}|%\((\w+)\)s")


@cache
def texts_in(folder: Path) -> dict[str | tuple[str, ...], str]:
    """Every text marked for translation in `folder`, with where it was found."""
    return {
        message: f"{name}:{line}"
        for name, line, message, _, _ in extract_from_dir(
            folder, METHODS, OPTIONS, keywords=KEYWORDS
        )
        if message
    }


@cache
def catalogues(folder: str) -> tuple[Catalogue, ...]:
    """Where the Danish of `channels/<folder>` is: its own, and what all share."""
    own = sorted((CHANNELS / folder).glob("locale*"))
    return (SHARED, *(Catalogue(locale) for locale in own))


def is_translated(text: str | tuple[str, ...], folder: str) -> bool:
    first = text if isinstance(text, str) else text[0]
    return any(known.knows(first) for known in catalogues(folder))


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_text_is_translated(folder: str) -> None:
    texts = texts_in(CHANNELS / folder)
    assert [f"{at}: {text}" for text, at in texts.items() if not is_translated(text, folder)] == []


def test_shared_words_are_translated() -> None:
    texts = [
        message
        for name in ("wording.py", "i18n.py")
        for _, message, _, _ in extract_from_file("python", CHANNELS / name, keywords=KEYWORDS)
    ]
    assert len(texts) >= 3
    assert [text for text in texts if not is_translated(text, "templates")] == []


@pytest.mark.parametrize("path", sorted(CHANNELS.glob("**/da.po")), ids=lambda p: p.parts[-3])
def test_translations_keep_their_placeholders(path: Path) -> None:
    with path.open("rb") as file:
        messages = [message for message in read_po(file, locale="da") if message.id]
    assert messages
    for message in messages:
        wanted = {m.groups() for text in forms(message.id) for m in BRACES.finditer(text)}
        for danish in forms(message.string):
            assert {m.groups() for m in BRACES.finditer(danish)} <= wanted, message.id


def forms(text: object) -> list[str]:
    """A message's one text, or its singular and plural."""
    return [text] if isinstance(text, str) else [str(form) for form in cast("list[str]", text)]


@pytest.mark.parametrize(
    ("tag", "spoken"),
    [("da", "da"), ("", "da"), ("nb-NO", "da"), ("sv", "da"), ("en-GB", "en"), ("ar", "en")],
)
def test_which_language_is_answered(tag: str, spoken: str) -> None:
    assert spoken_language(tag) == spoken
