"""Taking a large structure of Python objects apart without holding anybody up.

When the last reference to a table of rules goes, all its hundreds of thousands of
objects go in one breath, and every other thread waits for the whole of it. Here they
are listed first, and then let go one by one from the top: each is small by itself,
for what it held is still held by the list. In between others have their turn.
"""

from __future__ import annotations

import gc
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final

from router.breathing import breathe

_NOT_OURS: Final = (type, ModuleType, BuiltinFunctionType, CodeType, FrameType)
"""What belongs to the program and not to the structure."""


def let_go(roots: list[Any]) -> None:
    """Empty `roots`, and let go of what only they held. Runs in any thread.

    Nothing is changed in the objects: what somebody else still uses stays whole.
    """
    found: list[Any] = list(roots)
    roots.clear()
    seen = set(map(id, found))
    place = 0
    while place < len(found):
        breathe()
        for inner in _held_by(found[place]):
            if id(inner) not in seen:
                seen.add(id(inner))
                found.append(inner)
        place += 1
    inner = None
    for place in range(len(found)):
        breathe()
        found[place] = None


def _held_by(thing: Any) -> list[Any]:
    """The objects that `thing` holds and that may be large themselves."""
    if isinstance(thing, FunctionType):
        # Not its globals: that is the module.
        return list(thing.__closure__ or ())
    return [
        inner
        for inner in gc.get_referents(thing)
        if gc.is_tracked(inner) and not isinstance(inner, _NOT_OURS)
    ]
