"""The ledger: PostgreSQL, which is the truth. Connections, named queries, migrations.

Every call raises `LedgerAway` when PostgreSQL cannot be reached, so that each
channel can tell its sender to try again; any other database error is ours.
A `LedgerAway` while committing leaves it open whether the change was made:
callers repeat with the same dedupe key, which makes the repeat harmless.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
import orjson
import structlog

from router.errors import LedgerAway

if TYPE_CHECKING:
    Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
    Record: TypeAlias = asyncpg.Record

log = structlog.get_logger(__name__)

QUERIES_FOLDER: Final = Path(__file__).parent / "queries"

_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.TooManyConnectionsError,
)
_SESSION: Final = {
    "application_name": "indgang",
    "timezone": "UTC",
    # Short statements only: compiling one would cost more than running it.
    "jit": "off",
}
_ACQUIRE_SECONDS: Final = 5.0
_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_queries(path: Path) -> Mapping[str, str]:
    """The named queries of one .sql file. A name given twice is an error."""
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{path}: a query name is given twice")
    return {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}


class Ledger:
    """A pool of connections to PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], url: str) -> None:
        self.pool = pool
        self.url = url

    @classmethod
    async def open(cls, url: str, *, size: int = 16) -> Ledger:
        """Open a pool. It connects when first used, so PostgreSQL may be away now."""
        pool = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=size,
            init=_prepare_connection,
            reset=_keep_session,
            command_timeout=30,
            timeout=_ACQUIRE_SECONDS,
            server_settings=_SESSION,
        )
        return cls(pool, url)

    async def close(self) -> None:
        """Close every connection; those still busy after 5 s are cut."""
        try:
            async with asyncio.timeout(5):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One connection, outside a transaction."""
        with _away():
            async with self.pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One connection inside a transaction, committed at the end of the block."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, sql: str, *args: Any) -> list[Record]:
        async with self.connection() as connection:
            rows: list[Record] = await connection.fetch(sql, *args)
            return rows

    async def fetchrow(self, sql: str, *args: Any) -> Record | None:
        async with self.connection() as connection:
            return await connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        async with self.connection() as connection:
            return await connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        async with self.connection() as connection:
            status: str = await connection.execute(sql, *args)
            return status

    async def migrate(self) -> list[str]:
        """Apply the migrations that are missing; answers their names."""
        from router.ledger.migrate import migrate

        async with self.connection() as connection:
            return await migrate(connection)

    async def pending_migrations(self) -> list[str]:
        """Names of the migrations that have not been applied."""
        from router.ledger.migrate import pending

        async with self.connection() as connection:
            return await pending(connection)

    async def secret(self) -> bytes:
        """The installation's key for access codes, references and reply tokens."""
        value: bytes = await self.fetchval("SELECT secret FROM installation")
        return value


@contextmanager
def _away() -> Iterator[None]:
    """Translate "cannot be reached now" in all its shapes to `LedgerAway`."""
    try:
        yield
    except _AWAY as error:
        # asyncpg raises InterfaceError for wrong arguments too; that is a fault
        # of ours and must not look like an outage.
        if isinstance(error, asyncpg.DataError | asyncpg.exceptions.QueryCanceledError):
            raise
        if "arguments for this query" in str(error):
            raise
        raise LedgerAway(type(error).__name__) from error


async def _prepare_connection(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=to_json,
        decoder=orjson.loads,
    )


def to_json(value: Any) -> str:
    """`value` as PostgreSQL reads JSON; aware datetimes as ISO 8601."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


async def _keep_session(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Nothing sets session state here, so the pool's reset round trip is saved."""
