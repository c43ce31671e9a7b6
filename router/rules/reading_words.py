"""Small things that several files of the configuration write alike: ids, waits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from router.config_source import Item

_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?")
_WAIT: Final = re.compile(r"(?:(\d{1,3})\s*h)?\s*(?:(\d{1,4})\s*m(?:in)?)?")
_LONGEST_WAIT: Final = timedelta(hours=200)


def read_id(item: Item | None) -> str:
    """An id: small letters, digits, hyphen and underscore. "" when wrong."""
    word = item.words() if item is not None else None
    if word is None or item is None:
        return ""
    if _ID.fullmatch(word):
        return word
    item.problem(f'"{word}" is no id: use small letters a-z, digits, - and _ (at most 60).')
    return ""


def read_wait(item: Item) -> timedelta | None:
    """Working time such as `2h`, `30m` or `1h 30m`; None (noted) when wrong."""
    found = _WAIT.fullmatch(item.raw.strip().lower())
    hours, minutes = found.groups() if found is not None else (None, None)
    wait = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if timedelta(0) < wait <= _LONGEST_WAIT:
        return wait
    item.problem(
        f'{item.what}: working time like "2h", "30m" or "1h 30m" was expected'
        f' (at most 200h), not "{item.raw}".'
    )
    return None
