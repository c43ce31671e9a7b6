"""The service as a process of its own: what a black-box test talks to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0


_FIRST_PORT: Final = 20_000
_WORKERS: Final = 8
_EACH: Final = 1_500
_ports = count(os.getpid() % _EACH)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses, and that no connection will be given.

    Below the kernel's range for outgoing connections, and in a part of it that is
    this test worker's own (pytest-xdist): a port taken from the kernel could be
    given to somebody else before it is used.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _WORKERS
    for number in _ports:
        port = _FIRST_PORT + number % _EACH * _WORKERS + worker
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the numbers never end")


class Running:
    """`indgang serve --demo` on free ports with a data folder of its own.

    Without URLs it runs its own embedded servers.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str | None = None,
        redis_url: str | None = None,
        **settings: object,
    ) -> None:
        self.http_port, self.smtp_port, self.demo_smtp_port = (free_port() for _ in range(3))
        self.base_url = f"http://127.0.0.1:{self.http_port}"
        self.data_dir = folder / "var"
        self.log_file = folder / "service.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.twilio_auth_token = "a secret that only tests know"
        self.staff_token = "a token that only tests know"
        given = {
            "database_url": database_url,
            "redis_url": redis_url,
            "http": f"127.0.0.1:{self.http_port}",
            "smtp": f"127.0.0.1:{self.smtp_port}",
            "demo_smtp_port": self.demo_smtp_port,
            "data_dir": self.data_dir,
            "staff_token": self.staff_token,
            **settings,
        }
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("INDGANG_", "TWILIO"))
        }
        self.environment = {
            **inherited,
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token,
            **{f"INDGANG_{name.upper()}": str(v) for name, v in given.items() if v is not None},
        }

    def start(self, wait: bool = True) -> None:
        """Start the process; wait until it says that it is ready."""
        with self.log_file.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "router.cli", "serve", "--demo"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until `/readyz` answers 200; fails with the log when it does not."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except urllib.error.HTTPError as not_ready:
                not_ready.close()
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the service is not ready:\n{self.log()}")

    def kill9(self) -> None:
        """End the process as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; answers the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise

    def log(self) -> str:
        """What the process has written so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
