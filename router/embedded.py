"""PostgreSQL and Redis without installing a server, when no URL is configured.

The programs come from wheels (or from the system); this launcher owns their
data, their start and their end. What it promises: data survives kill -9 of us
and of them; nothing left behind (a stale pid or lock file, a half-made
database) stops the next start; no second server ever runs on the same data;
and a server that dies while we run is started again.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import structlog

from router.embedded_programs import EmbeddedError, Programs, Runner, postgresql, valkey
from router.embedded_servers import PostgreSQL, Server, Valkey

log = structlog.get_logger(__name__)

_SOCKETS: Final = "indgang-"
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._-]{1,80}")
_TEMPORARY_FOLDERS: Final = (Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108  mkdtemp there
_LARGEST_LOG: Final = 5_000_000


class InUseError(EmbeddedError):
    """Another process of ours runs the servers on this data folder."""


class Embedded:
    """The servers of one data folder, for as long as the `with` block lasts."""

    def __init__(
        self,
        data_dir: Path,
        *,
        database: bool = True,
        redis: bool = True,
        say: Callable[[str], None] = lambda _: None,
        postgres_options: Sequence[str] = (),
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._wanted = (database, redis)
        self._say = say
        self._options = postgres_options
        self._lock: IO[str] | None = None
        self._closing = ExitStack()
        self.postgresql: PostgreSQL | None = None
        self.valkey: Valkey | None = None

    @property
    def servers(self) -> list[Server]:
        return [server for server in (self.postgresql, self.valkey) if server is not None]

    def start(self) -> None:
        """Start the servers; nothing is left running when one of them does not start."""
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._start()
            undo.pop_all()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the servers, cleanly, and let go of the folder."""
        for server in reversed(self.servers):
            server.stop()
        self.postgresql = self.valkey = None
        self._closing.close()

    async def supervise(self) -> None:
        """Start a server again whenever it has died. Runs until cancelled, in the main thread.

        It does not wait until the server is ready: everyone who uses it treats
        "away" and "starting" alike.
        """
        pause = dict.fromkeys(self.servers, 0.0)
        while True:
            await asyncio.sleep(0.2)
            for server in self.servers:
                if not server.has_ended:
                    if pause[server] and server.is_ready():
                        pause[server] = 0.0
                    continue
                code = server.process.returncode if server.process else None
                log.error("embedded_server_died", server=server.name, code=code)
                await asyncio.sleep(pause[server])
                pause[server] = min(5.0, pause[server] * 2 + 0.1)
                server.launch()

    def _start(self) -> None:
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        run = self._socket_folder()
        database, redis = self._wanted
        if database:
            folder = self.data_dir / "postgresql"
            new = not (folder / "PG_VERSION").exists()
            self._say("making the database" if new else "starting the database")
            runner = self._runner(postgresql())
            server = PostgreSQL(
                folder, run, self._log_file("postgresql"), runner, options=self._options
            )
            server.make()
            self.postgresql = server
            server.start()
        if redis:
            self._say("starting Redis")
            folder = self.data_dir / "redis"
            folder.mkdir(mode=0o700, exist_ok=True)
            runner = self._runner(valkey())
            runner.give(folder)
            self.valkey = Valkey(folder, run, self._log_file("redis"), runner)
            self.valkey.start()
        self._write_down(run)

    def _runner(self, programs: Programs) -> Runner:
        return self._closing.enter_context(Runner.of(programs, self._say))

    def _take_lock(self) -> None:
        """One process of ours on one data folder. The kernel frees the lock when we die."""
        path = self.data_dir / "lock"
        lock = path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise InUseError(
                f"another indgang (process {holder}) uses {self.data_dir}: stop it, or set "
                "INDGANG_DATA_DIR to another folder, or INDGANG_DATABASE_URL and "
                "INDGANG_REDIS_URL to servers that several processes share"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock
        self._closing.callback(lock.close)

    def _socket_folder(self) -> Path:
        """A short, plain path for the sockets.

        The kernel allows about 100 characters, and the path stands in URLs and in
        both servers' own configuration, each with other rules for quoting.
        """
        before = Path(written_down(self.data_dir).get("run", "/"))
        if before.name.startswith(_SOCKETS) and before.parent in {*_TEMPORARY_FOLDERS}:
            shutil.rmtree(before, ignore_errors=True)  # of a process that was killed
        run = self.data_dir / "run"
        # As root the servers run as somebody who may not reach the data folder.
        if os.geteuid() != 0 and _fits_a_socket(run):
            shutil.rmtree(run, ignore_errors=True)
            run.mkdir(mode=0o700)
            return run
        parent = next(filter(_fits_a_socket, _TEMPORARY_FOLDERS))
        run = Path(tempfile.mkdtemp(prefix=_SOCKETS, dir=parent))
        self._closing.callback(shutil.rmtree, run, ignore_errors=True)
        return run

    def _log_file(self, name: str) -> Path:
        folder = self.data_dir / "log"
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / f"{name}.log"
        if file.exists() and file.stat().st_size > _LARGEST_LOG:
            file.replace(folder / f"{name}.log.1")
        return file

    def _write_down(self, run: Path) -> None:
        """For `indgang audit` and the like, while the service runs; for us alone (0600)."""
        told = {"run": str(run), **{s.name: s.url for s in (self.postgresql, self.valkey) if s}}
        path = self.data_dir / "servers.json"
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(told))
        new.replace(path)


def written_down(data_dir: Path) -> dict[str, str]:
    """What the last start wrote down: the socket folder and the servers' URLs."""
    try:
        told = json.loads((data_dir.absolute() / "servers.json").read_text())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def urls_in_use(data_dir: Path) -> tuple[str | None, str | None]:
    """PostgreSQL's and Redis's URL, as the process that holds the folder wrote them down."""
    told = written_down(data_dir)
    return told.get(PostgreSQL.name), told.get(Valkey.name)


def _fits_a_socket(folder: Path) -> bool:
    return _PLAIN_PATH.fullmatch(str(folder)) is not None
