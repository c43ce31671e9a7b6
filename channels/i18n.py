"""What people read, in their language. The source text is English; Danish is the default.

Each channel keeps its Danish in `channels/<channel>/locale/da.po`; what several
channels say is in `channels/locale/da.po`. Catalogues are read into memory once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

DANISH: Final = "da"
ENGLISH: Final = "en"
LANGUAGES: Final = (DANISH, ENGLISH)

_READS_DANISH: Final = frozenset({"da", "nb", "nn", "no", "sv", "fo", "kl"})
"""Someone who writes Norwegian or Swedish is better answered in Danish than in English."""

Translate = Callable[[str], str]
TranslateCount = Callable[[str, str, int], str]


@lru_cache(maxsize=512)
def spoken_language(language: str) -> str:
    """The language we answer in, `da` or `en`, for any language tag. Empty means Danish."""
    if not language:
        return DANISH
    primary = language.replace("_", "-").split("-", 1)[0].lower()
    return DANISH if primary in _READS_DANISH else ENGLISH


def to_translate(text: str) -> str:
    """Mark `text` for the catalogue where it is only translated later."""
    return text


class Catalogue:
    """The Danish of one channel. What it lacks is looked for in `shared`."""

    def __init__(self, folder: Path, shared: Catalogue | None = None) -> None:
        self._single: dict[str, str] = dict(shared._single) if shared else {}
        self._plural: dict[str, tuple[str, str]] = dict(shared._plural) if shared else {}
        path = folder / "da.po"
        if path.is_file():
            self._read(path)

    def _read(self, path: Path) -> None:
        with path.open("rb") as file:
            for message in read_po(file, locale=DANISH):
                if not message.id or not message.string or message.fuzzy:
                    continue
                if isinstance(message.id, str):
                    self._single[message.id] = str(message.string)
                else:
                    self._plural[message.id[0]] = (message.string[0], message.string[1])

    def knows(self, text: str) -> bool:
        """Whether there is Danish for `text` (of a plural: its first form)."""
        return text in self._single or text in self._plural

    def gettext(self, language: str) -> Translate:
        """The translator into `language`; a text that is not translated stays English."""
        if spoken_language(language) != DANISH:
            return str
        texts = self._single
        return lambda text: texts.get(text, text)

    def ngettext(self, language: str) -> TranslateCount:
        """Like `gettext` for texts that depend on a number."""
        if spoken_language(language) != DANISH:
            return lambda one, many, number: one if number == 1 else many
        texts = self._plural

        def translate(one: str, many: str, number: int) -> str:
            danish = texts.get(one, (one, many))
            return danish[0] if number == 1 else danish[1]

        return translate


_CHANNELS: Final = Path(__file__).parent
SHARED: Final = Catalogue(_CHANNELS / "locale")
"""What several channels say: the frame of every page, times, promises, refusals."""

_by_channel: dict[str, Catalogue] = {}


def catalogue(channel: str) -> Catalogue:
    """The catalogue of `channels/<channel>` with the shared one behind it; of "" the shared one."""
    if not channel:
        return SHARED
    found = _by_channel.get(channel)
    if found is None:
        found = _by_channel[channel] = Catalogue(_CHANNELS / channel / "locale", SHARED)
    return found


_SPEAKING: ContextVar[tuple[Translate, TranslateCount]] = ContextVar(
    "speaking", default=(SHARED.gettext(ENGLISH), SHARED.ngettext(ENGLISH))
)


class speaking:  # noqa: N801 - used as `with speaking(...):`
    """While a template is rendered: which catalogue and language its texts come from."""

    def __init__(self, channel: str, language: str) -> None:
        texts = catalogue(channel)
        self._speaks = (texts.gettext(language), texts.ngettext(language))

    def __enter__(self) -> None:
        self._token = _SPEAKING.set(self._speaks)

    def __exit__(self, *_: object) -> None:
        _SPEAKING.reset(self._token)


def current_gettext(text: str) -> str:
    """`text` in the language of the page that is being rendered."""
    return _SPEAKING.get()[0](text)


def current_ngettext(one: str, many: str, number: int) -> str:
    """The form of the text that fits `number`, in the language of the page."""
    return _SPEAKING.get()[1](one, many, number)
