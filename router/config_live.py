"""The municipality's configuration while we run: the last good one, changed without a stop.

The folder is looked at every few seconds. A changed folder is read in a thread
while contacts go on arriving; a wrong one is refused and told about, and the
last good configuration stays. The change itself is one assignment: a contact is
routed by the old rules or by the new ones, never by something between.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from router import config
from router.breathing import unhurried
from router.config_source import ConfigurationRefused, Problem
from router.errors import LedgerAway
from router.letting_go import let_go
from router.model import Channel
from router.rules import Facts

if TYPE_CHECKING:
    from router.config import Municipality

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0
"""How often the folder is looked at."""
_GENTLE_SWITCH: Final = 0.0001
"""Seconds that the reading thread may keep the others from running at a time."""

Print = tuple[tuple[str, int, int], ...]
"""What a folder looks like from outside: name, time of change and size of each file."""


class LiveConfiguration:
    """Holds the configuration that counts now. One for each process."""

    def __init__(
        self,
        municipality: Municipality,
        folder: Path | None,
        adopt: Callable[[Municipality], Awaitable[None]],
    ) -> None:
        """`adopt` makes the ledger ready for a new configuration before it counts, or raises
        ConfigurationRefused when what is in the ledger forbids it.

        Without a folder the configuration never changes (tests).
        """
        self.municipality = municipality
        self.refused: ConfigurationRefused | None = None
        """Why the folder as it now is cannot be used; None while it is what counts."""
        self._folder = folder
        self._adopt = adopt
        self._leaving: list[Municipality] = []
        self._owed = False
        """Whether the ledger may have been made ready for another one than counts."""
        self._seen = _print_of(folder)
        self._loaded = self._seen

    def current(self) -> Municipality:
        """The configuration that counts now."""
        return self.municipality

    async def look(self) -> bool:
        """Look once; whether another configuration counts now.

        A folder that has changed since the last look is left to settle until the
        next one, and so is one that changes while it is read: somebody is writing.
        """
        if self._folder is None:
            return False
        leaving, self._leaving = self._leaving, []
        if leaving:
            await asyncio.to_thread(_let_go_gently, leaving)
        now = await asyncio.to_thread(_print_of, self._folder)
        before, self._seen = self._seen, now
        if now != before or (now == self._loaded and not self._owed):
            return False
        fresh = await asyncio.to_thread(_read_gently, self._folder)
        if await asyncio.to_thread(_print_of, self._folder) != now:
            if not isinstance(fresh, ConfigurationRefused):
                self._leaving.append(fresh)
            return False
        if isinstance(fresh, ConfigurationRefused):
            self._refuse(fresh, now)
            return False
        if fresh.version == self.municipality.version:
            self._leaving.append(fresh)
            if self._owed:
                await self._adopt_again()
            self._loaded, self.refused = now, None
            return False
        former, self._owed = self.municipality, True
        try:
            await self._adopt(fresh)
            self.municipality = fresh
            # Again, for what the old configuration decided meanwhile.
            await self._adopt(fresh)
        except ConfigurationRefused as refused:
            # Promises are open that the new one would leave without a policy.
            self.municipality = former
            self._leaving.append(fresh)
            await self._adopt_again()
            self._refuse(refused, now)
            return False
        except Exception:
            # The ledger is away: all of it again at the next look.
            self.municipality = former
            self._leaving.append(fresh)
            raise
        self._owed = False
        _say_what_waits(former, fresh)
        self._leaving.append(former)
        self._loaded, self.refused = now, None
        log.info("configuration_changed", version=fresh.version, rules=fresh.rules.version)
        return True

    async def _adopt_again(self) -> None:
        """Make the ledger fit what counts; it may have been made ready for another one."""
        try:
            await self._adopt(self.municipality)
        except ConfigurationRefused as refused:
            # Another process was faster with the new one. What counts here goes on.
            log.warning("configuration_not_adopted_again", problems=len(refused.problems))
        self._owed = False

    def _refuse(self, refused: ConfigurationRefused, print_: Print) -> None:
        self._loaded, self.refused = print_, refused
        first = refused.problems[0]
        log.error(
            "configuration_refused",
            problems=len(refused.problems),
            file=first.file,
            line=first.line,
        )

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except LedgerAway:
                log.warning("configuration_waits_for_ledger")
            except Exception:
                log.exception("configuration_look_failed")


def _print_of(folder: Path | None) -> Print:
    if folder is None:
        return ()
    found = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            stat = path.stat()
        except OSError:
            continue  # renamed just now; the next look sees it
        found.append((str(path.relative_to(folder)), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _read_gently(folder: Path) -> Municipality | ConfigurationRefused:
    """What the folder holds, or why it cannot be used; also when we fall over it."""
    with _gently():
        try:
            fresh = config.load(folder)
            _warm(fresh)
            return fresh
        except ConfigurationRefused as refused:
            _drop_what_was_read(refused)
            return ConfigurationRefused(refused.problems)
        except Exception as error:
            log.exception("configuration_reading_failed")
            _drop_what_was_read(error)
            text = f"cannot be read: {type(error).__name__}. The log of the service says more."
            return ConfigurationRefused([Problem(str(folder), 0, 0, text)])


def _let_go_gently(leaving: list[Municipality]) -> None:
    with _gently():
        let_go(leaving)


def _drop_what_was_read(error: Exception) -> None:
    """An exception holds on to everything that was being worked on when it was raised."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][1:]
    roots = [value for frame in frames for value in frame.f_locals.values()]
    for frame in frames:
        frame.clear()
    let_go(roots)


def _warm(municipality: Municipality) -> None:
    """Have made here what is made at the first use, so that no contact waits for it."""
    rules = municipality.rules
    for channel in (Channel.WEB, Channel.PHONE):
        decision = rules.decide(Facts(channel=channel, subject="Hej", text="Hej, jeg har et pas."))
        rules.trace(decision.explanation)
    rules.decide(Facts(channel=Channel.PHONE))


@contextmanager
def _gently() -> Iterator[None]:
    """Let contacts go first while a large configuration is read in another thread.

    The reading makes hundreds of thousands of objects that all stay: without this
    the garbage collector would stop everybody again and again to walk them.
    """
    switch, collecting = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(_GENTLE_SWITCH)
    gc.disable()
    try:
        with unhurried():
            yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
        sys.setswitchinterval(switch)


def _say_what_waits(old: Municipality, new: Municipality) -> None:
    """Doors are opened once: other addresses of ours count after a restart."""
    fixed = ("mail_domain", "intake_addresses", "phone")
    waiting = [name for name in fixed if getattr(old, name) != getattr(new, name)]
    if waiting:
        log.warning("configuration_partly_after_restart", settings=waiting)
