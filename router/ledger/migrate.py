"""Migrations: numbered SQL files, applied once, in order, forward only.

Several processes may start at the same moment: an advisory lock lets one of
them migrate while the others wait. Each file runs in its own transaction with
a short lock timeout, so that a migration never queues behind live traffic for
long while the old version is still at work.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from router.errors import ConfigError
from router.ledger import load_queries

if TYPE_CHECKING:
    from router.ledger import Connection

log = structlog.get_logger(__name__)

FOLDER: Final = Path(__file__).parent / "migrations"
Q: Final = load_queries(Path(__file__).parent / "queries" / "migrate.sql")


def files() -> list[Path]:
    """The migrations that this version knows, in order."""
    return sorted(FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))


async def pending(connection: Connection) -> list[str]:
    """Names of the migrations that the database has not had."""
    if not await connection.fetchval(Q["has_table"]):
        return [file.stem for file in files()]
    applied = {row["name"] for row in await connection.fetch(Q["applied"])}
    return [file.stem for file in files() if file.stem not in applied]


async def migrate(connection: Connection) -> list[str]:
    """Apply what is missing; answers the names. Raises ConfigError if a file was rewritten."""
    done: list[str] = []
    await connection.execute(Q["lock"])
    try:
        await connection.execute(Q["make_table"])
        applied = {row["name"]: row["sha256"] for row in await connection.fetch(Q["applied"])}
        for file in files():
            sql = file.read_text(encoding="utf-8")
            sha256 = hashlib.sha256(sql.encode()).hexdigest()
            if file.stem in applied:
                if applied[file.stem] != sha256:
                    raise ConfigError(
                        f"migration {file.stem} differs from the one this database has had; "
                        "migrations are never rewritten: install the version that wrote it, "
                        "or start with an empty database"
                    )
                continue
            async with connection.transaction():
                await connection.execute(Q["limit_lock_wait"])
                await connection.execute(sql, timeout=3600)
                await connection.execute(Q["note_applied"], file.stem, sha256)
            log.info("migration_applied", migration=file.stem)
            done.append(file.stem)
    finally:
        await connection.execute(Q["unlock"])
    return done
