"""What came in while PostgreSQL was away: one small file each, until it is committed.

Written and fsynced before the caller hears that we call back; removed only
after reception has committed it. The name is made of what was sent, so a
webhook that comes twice is one file.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
import structlog

from router.errors import LedgerAway

log = structlog.get_logger(__name__)

_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One thing that must become a contact, or part of one, later."""

    kind: str
    """`call`, `ended` or `sms`."""
    sid: str
    caller: str
    """As the provider sent it."""
    called: str
    at: datetime
    turn: int = 0
    said: str = ""
    number: str = ""
    """E.164, typed by the caller; empty when they typed none."""
    status: str = ""
    asked: bool = False
    """`number` answers our own question for a phone number, asked while the ledger was away."""


Take = Callable[[Spooled], Awaitable[None]]


class Spool:
    """A folder of such files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.filled = asyncio.Event()
        if self.waiting():
            self.filled.set()

    def waiting(self) -> list[Path]:
        """The files that are there, oldest first."""
        if not self.folder.is_dir():
            return []
        files = [path for path in self.folder.iterdir() if path.suffix == _SUFFIX]
        return sorted(files, key=lambda path: path.name)

    async def put(self, thing: Spooled) -> None:
        """Keep `thing`, on disk when this returns. Raises OSError when the disk will not."""
        await asyncio.to_thread(self._write, thing)
        self.filled.set()

    async def drain(self, take: Take) -> int:
        """Hand everything over to `take`, oldest first; answers how many were taken.

        Stops at `LedgerAway`. What fails for another reason stays for the next
        time and does not hold up those behind it.
        """
        self.filled.clear()
        taken = 0
        for path in await asyncio.to_thread(self.waiting):
            try:
                thing = _read(path)
                await take(thing)
            except FileNotFoundError:
                continue  # another process of ours was faster
            except LedgerAway:
                self.filled.set()
                break
            except Exception as error:
                log.error("spooled_call_not_taken", error=type(error).__name__, file=path.name)
                self.filled.set()
                continue
            path.unlink(missing_ok=True)
            taken += 1
        return taken

    def _write(self, thing: Spooled) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        content = orjson.dumps(asdict(thing))
        what = orjson.dumps({**asdict(thing), "at": None}, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(what).hexdigest()[:20]
        if any(path.stem.endswith(digest) for path in self.waiting()):
            return
        stamp = thing.at.strftime("%Y%m%dT%H%M%S%f")
        path = self.folder / f"{stamp}-{digest}{_SUFFIX}"
        draft = path.with_suffix(".part")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> Spooled:
    fields = orjson.loads(path.read_bytes())
    fields["at"] = datetime.fromisoformat(fields["at"])
    return Spooled(**fields)
