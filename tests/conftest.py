"""Real servers for the tests: PostgreSQL and Redis from wheels, or given by URL.

`INDGANG_TEST_DATABASE_URL` (a role that may create databases) and
`INDGANG_TEST_REDIS_URL` (its database is emptied before each test) run the same
tests against other servers.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
import hypothesis
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from redis import Redis

from router import config
from router.app import build_app, open_house
from router.clock import FixedClock
from router.embedded import Embedded
from router.house import House
from router.ledger import Ledger
from router.settings import Settings, demo_configuration, read_settings
from tests.running import Running, free_port

# The machine may be busy with other tests: how long an example takes proves nothing.
hypothesis.settings.register_profile("indgang", deadline=None)
hypothesis.settings.load_profile("indgang")

TEMPLATE = f"indgang_template_{os.getpid()}"
TEST_TOKEN = "a token that only tests know"
MONDAY_MORNING = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Copenhagen"))

_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cheap tests first: what is broken at the root shows before minutes have passed."""
    order = {"unit": 0, "integration": 1, "journeys": 2, "browser": 3}
    tests = Path(__file__).parent

    def room(item: pytest.Item) -> int:
        return order.get(item.path.relative_to(tests).parts[0], 9)

    items.sort(key=room)


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[str, str]]:
    """PostgreSQL's and Redis's URL for this whole run."""
    database = os.environ.get("INDGANG_TEST_DATABASE_URL")
    redis = os.environ.get("INDGANG_TEST_REDIS_URL")
    folder = Path(tempfile.mkdtemp(prefix="indgang-test-"))
    try:
        with Embedded(
            folder,
            database=database is None,
            redis=redis is None,
            # Nothing here has to outlive the machine.
            postgres_options=("fsync=off", "full_page_writes=off", "max_connections=200"),
        ) as embedded:
            yield (
                database or (embedded.postgresql.url if embedded.postgresql else ""),
                redis or (embedded.valkey.url if embedded.valkey else ""),
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated(servers: tuple[str, str]) -> Iterator[str]:
    """Server URL, with a migrated template database that each test's own is copied from."""
    url = servers[0]

    async def make() -> None:
        await _administer(url, f'CREATE DATABASE "{TEMPLATE}"')
        ledger = await Ledger.open(_database(url, TEMPLATE))
        try:
            await ledger.migrate()
        finally:
            await ledger.close()

    _wait_for(make())
    yield url
    _wait_for(_administer(url, f'DROP DATABASE IF EXISTS "{TEMPLATE}" WITH (FORCE)'))


@pytest.fixture
def empty_database_url(servers: tuple[str, str]) -> Iterator[str]:
    """A database of this test's own without any table."""
    yield from _own_database(servers[0], "template0")


@pytest.fixture
def database_url(migrated: str) -> Iterator[str]:
    """A migrated database of this test's own."""
    yield from _own_database(migrated, TEMPLATE)


@pytest.fixture
def redis_url(servers: tuple[str, str]) -> str:
    """An empty Redis."""
    with Redis.from_url(servers[1], legacy_responses=False) as redis:
        redis.flushdb()
    return servers[1]


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of a demo house: free ports, and everything on loopback."""
    http, smtp, demo_smtp = free_port(), free_port(), free_port()
    return read_settings(
        database_url=database_url,
        redis_url=redis_url,
        http=f"127.0.0.1:{http}",
        smtp=f"127.0.0.1:{smtp}",
        demo=True,
        demo_smtp_port=demo_smtp,
        smarthost=f"127.0.0.1:{demo_smtp}",
        staff_token=TEST_TOKEN,
        twilio_auth_token="a secret that only tests know",
        public_base_url=f"http://127.0.0.1:{http}",
        data_dir=tmp_path / "var",
    )


@pytest.fixture
def clock() -> FixedClock:
    """Monday 23 November 2026, 10:00 in Copenhagen; a test moves it by hand."""
    return FixedClock(MONDAY_MORNING)


@pytest.fixture(scope="session")
def municipality() -> config.Municipality:
    """The demo municipality, read once."""
    return config.load(demo_configuration())


@pytest.fixture
async def house(
    settings: Settings, clock: FixedClock, municipality: config.Municipality
) -> AsyncIterator[House]:
    """The house with the demo municipality, on servers of its own, at `clock`."""
    async with open_house(settings, clock, municipality) as house:
        yield house


@pytest.fixture
async def client(
    house: House, event_loop_errors: list[dict[str, Any]]
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """A client of the whole application on `house`: every role, the demo on.

    It listens where `settings.public_base_url` says, so that signatures fit. The
    clock and the outbox's loop do not run by themselves: a test takes these
    steps with `house.promise_clock.fire_due()` and `house.outbox.send_due()`.
    """
    server = TestServer(
        build_app(house, workers=False), host="127.0.0.1", port=house.settings.http_port
    )
    # A test that failed half-way leaves answers unread; do not wait a minute for them.
    await server.start_server(shutdown_timeout=1.0)
    async with TestClient(server, cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield client
    assert event_loop_errors == []


@pytest.fixture
async def event_loop_errors() -> list[dict[str, Any]]:
    """Errors that nobody awaited; `client` fails the test that left some."""
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    return errors


@pytest.fixture
def running(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Running]:
    """`indgang serve --demo` as a process of its own, ready, on free ports."""
    with Running(tmp_path, database_url, redis_url, staff_token=TEST_TOKEN) as service:
        yield service


def _wait_for(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end, also while Playwright has a loop in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def _own_database(url: str, template: str) -> Iterator[str]:
    name = f"indgang_test_{os.getpid()}_{next(_numbers)}"
    _wait_for(_administer(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield _database(url, name)
    _wait_for(_administer(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _administer(url: str, statement: str) -> None:
    connection = await asyncpg.connect(_database(url, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
