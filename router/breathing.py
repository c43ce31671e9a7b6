"""Letting others have their turn during long work in a thread.

Python threads take turns, but one that computes all the time still takes half of the
machine from those that answer. Long work therefore calls `breathe` in its loops;
in a thread that is `unhurried` it then rests now and then, longer the longer its work
took, so that it steps back most when the machine is busiest. Elsewhere it is nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_WORK: Final = 0.002
"""Seconds of work (by the clock on the wall) after which a thread rests."""
_REST: Final = 1.5
"""Rest, as a multiple of what the work took."""
_LONGEST_REST: Final = 0.1


class _Turn(threading.local):
    """When this thread is to rest next, and since when it works."""

    due = float("inf")
    begun = 0.0


_turn: Final = _Turn()


def breathe() -> None:
    """Rest, if this thread is unhurried and has worked for a while."""
    now = time.perf_counter()
    if now < _turn.due:
        return
    time.sleep(min(_LONGEST_REST, (now - _turn.begun) * _REST))
    _turn.begun = time.perf_counter()
    _turn.due = _turn.begun + _WORK


@contextmanager
def unhurried() -> Iterator[None]:
    """Within this block, this thread rests whenever it `breathe`s after some work."""
    _turn.begun = time.perf_counter()
    _turn.due = _turn.begun + _WORK
    try:
        yield
    finally:
        _turn.due = float("inf")
