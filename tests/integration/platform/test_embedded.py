"""The embedded servers: nothing lost, nothing left behind, whatever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from router.embedded import Embedded, InUseError, urls_in_use
from router.embedded_programs import EmbeddedError
from tests.running import ROOT

Result = TypeVar("Result")

AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def ask(url: str, sql: str) -> object:
    """One value from PostgreSQL."""

    async def answer() -> object:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(answer())


def database(embedded: Embedded) -> str:
    assert embedded.postgresql is not None
    return embedded.postgresql.url


def redis_of(embedded: Embedded) -> Redis:
    assert embedded.valkey is not None
    return Redis.from_url(embedded.valkey.url, legacy_responses=False)


def test_a_first_start_makes_a_database_that_knows_danish(tmp_path: Path) -> None:
    with Embedded(tmp_path / "var", redis=False) as embedded:
        assert ask(database(embedded), "SELECT lower('ÆØÅ')") == "æøå"
        assert ask(database(embedded), "SHOW server_encoding") == "UTF8"
        assert ask(database(embedded), "SELECT to_tsvector('danish', 'bøderne')") == "'bød':1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after its first start."""
    folder = tmp_path_factory.mktemp("made") / "var"
    with Embedded(folder):
        pass
    return folder


@pytest.fixture
def var(tmp_path: Path, made: Path) -> Path:
    """A data folder of this test's own, as after a first start."""
    subprocess.run(["cp", "-a", made, tmp_path / "var"], check=True)
    return tmp_path / "var"


def test_what_was_written_is_there_at_the_next_start(var: Path) -> None:
    with Embedded(var) as embedded:
        ask(database(embedded), "CREATE TABLE kept AS SELECT 42 AS number")
        with redis_of(embedded) as redis:
            redis.set("kept", "42")
    with Embedded(var) as embedded:
        assert ask(database(embedded), "SELECT number FROM kept") == 42
        with redis_of(embedded) as redis:
            assert redis.get("kept") == b"42"


def test_the_servers_end_when_we_are_killed_and_start_again_with_their_data(
    var: Path,
) -> None:
    child = start_a_house(var)
    url = urls_in_use(var)[0]
    assert url is not None
    ask(url, "CREATE TABLE kept AS SELECT 42 AS number")
    child.kill()
    child.wait()
    # At once: the old servers may still be ending.
    with Embedded(var) as embedded:
        assert ask(database(embedded), "SELECT number FROM kept") == 42


@pytest.mark.parametrize("name", ["postgresql", "valkey"])
def test_a_server_that_is_killed_is_started_again_while_we_run(var: Path, name: str) -> None:
    with Embedded(var) as embedded:
        ask(database(embedded), "CREATE TABLE kept AS SELECT 42 AS number")
        victim = getattr(embedded, name)
        old = victim.process.pid
        os.kill(old, signal.SIGKILL)

        async def watch() -> None:
            guard = asyncio.create_task(embedded.supervise())
            await until(lambda: asyncio.to_thread(lambda: victim.process.pid != old))
            await until(lambda: asyncio.to_thread(victim.is_ready))
            guard.cancel()
            with pytest.raises(asyncio.CancelledError):
                await guard

        asyncio.run(watch())
        assert ask(database(embedded), "SELECT number FROM kept") == 42
        with redis_of(embedded) as redis:
            assert redis.ping()


def test_a_stale_pid_of_somebody_else_does_not_stop_the_start(var: Path) -> None:
    with Embedded(var, redis=False):
        pass
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        stale = var / "postgresql" / "postmaster.pid"
        stale.write_text(f"{bystander.pid}\n{stale.parent}\n1\n5432\n/nowhere\n\n\nready\n")
        with Embedded(var, redis=False) as embedded:
            assert ask(database(embedded), "SELECT 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_server_that_outlived_us_is_ended_before_another_starts(var: Path) -> None:
    with Embedded(var, redis=False) as embedded:
        server = embedded.postgresql
        assert server is not None
        assert server.process is not None
        outlived = server.process
        # As if we had died without the server noticing (not on Linux).
        server.process = None
    try:
        with Embedded(var, redis=False) as embedded:
            assert outlived.wait(1) == 0
            assert ask(database(embedded), "SELECT 1") == 1
    finally:
        outlived.kill()
        outlived.wait()


def test_a_half_made_database_is_thrown_away(tmp_path: Path) -> None:
    half_made = tmp_path / "var" / "postgresql.making-before"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    with Embedded(tmp_path / "var", redis=False) as embedded:
        assert ask(database(embedded), "SELECT 1") == 1
    assert not half_made.exists()


def test_data_of_another_major_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "postgresql"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedError, match=r"(?s)PostgreSQL 14.*pg_dumpall.*operations\.md"):
        Embedded(tmp_path / "var", redis=False).start()
    assert [file.name for file in folder.iterdir()] == ["PG_VERSION"]


def test_two_of_us_never_run_servers_on_one_folder(var: Path) -> None:
    child = start_a_house(var)
    try:
        with pytest.raises(InUseError, match=rf"process {child.pid}.*INDGANG_DATA_DIR"):
            Embedded(var).start()
    finally:
        child.terminate()
        child.wait()


def test_a_broken_redis_file_is_set_aside(var: Path) -> None:
    with Embedded(var, database=False) as embedded, redis_of(embedded) as redis:
        redis.set("kept", "42")
    for file in (var / "redis").rglob("*.aof"):
        file.write_bytes(b"this is no command\n")
    with Embedded(var, database=False) as embedded, redis_of(embedded) as redis:
        assert redis.ping()
    assert (var / "redis.unreadable-1").is_dir()


def test_why_a_server_does_not_start_is_shown(var: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"(?s)does not start.*no_such_option"):
        Embedded(var, redis=False, postgres_options=("no_such_option=1",)).start()


def test_long_paths_and_spaces_do_not_matter(tmp_path: Path) -> None:
    folder = tmp_path / ("en lang mappe med æøå " * 6) / "var"
    with Embedded(folder) as embedded:
        assert ask(database(embedded), "SELECT 1") == 1
        with redis_of(embedded) as redis:
            assert redis.ping()


def test_redis_asks_for_its_password(var: Path) -> None:
    with Embedded(var, database=False) as embedded:
        assert embedded.valkey is not None
        stranger = Redis(unix_socket_path=str(embedded.valkey.address), legacy_responses=False)
        with stranger, pytest.raises(RedisError, match="authenticat"):
            stranger.ping()
        assert (var / "servers.json").stat().st_mode & 0o077 == 0


def test_a_server_is_started_by_the_main_thread_only(var: Path) -> None:
    said: list[BaseException] = []

    def elsewhere() -> None:
        try:
            Embedded(var, redis=False).start()
        except RuntimeError as error:
            said.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "main thread" in str(said[0])


def start_a_house(var: Path) -> subprocess.Popen[str]:
    """Another process of ours with servers on `var`, started."""
    program = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from router.embedded import Embedded
        with Embedded(Path({str(var)!r})):
            print("started", flush=True)
            time.sleep(60)
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "started\n"
    return child


async def until(fits: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait for another process."""
    end = time.monotonic() + seconds
    while not await fits():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0.02)
