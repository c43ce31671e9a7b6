"""What the commands that need servers share: errors that teach, servers, the event loop."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import click

from router.embedded_programs import EmbeddedError
from router.errors import ConfigError, LedgerAway, SenderError
from router.settings import Settings, SettingsError

if TYPE_CHECKING:
    from router.embedded import Embedded
    from router.ledger import Ledger

P = ParamSpec("P")
T = TypeVar("T")

FAILED: Final = 1
"""Exit code of a command that could not do what was asked, or proved a fault."""


class _Refused(click.ClickException):
    """Something the person at the terminal can put right."""

    exit_code = FAILED

    def show(self, file: Any = None) -> None:
        click.echo(f"indgang: {self.message}", err=True, file=file)


class _WrongSetting(_Refused):
    """A setting has to be changed."""

    exit_code = 2


def explained(command: Callable[P, T]) -> Callable[P, T]:
    """Errors that teach, instead of a trace, for what is not a fault of ours."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except SettingsError as error:
            raise _WrongSetting(str(error)) from None
        except (ConfigError, EmbeddedError, SenderError) as error:
            raise _Refused(str(error)) from None
        except LedgerAway as error:
            raise _Refused(f"PostgreSQL cannot be reached: {error}") from None

    return run


@contextmanager
def with_servers(
    settings: Settings, say: Callable[[str], None], *, redis: bool = True, share: bool = False
) -> Iterator[tuple[Settings, Embedded | None]]:
    """Settings with both URLs: as given, or of embedded servers started for the block.

    With `share`, servers that another process of ours runs on the same data
    folder are used as they are.
    """
    needs_database = settings.database_url is None
    needs_redis = redis and settings.redis_url is None
    if not needs_database and not needs_redis:
        yield settings, None
        return
    from router.embedded import Embedded, InUseError, urls_in_use

    servers = Embedded(settings.data_dir, database=needs_database, redis=needs_redis, say=say)
    try:
        servers.start()
    except InUseError:
        database_url, redis_url = urls_in_use(settings.data_dir)
        if not share or database_url is None:
            raise
        yield _with_urls(settings, database_url, redis_url), None
        return
    try:
        yield (
            _with_urls(
                settings,
                servers.postgresql.url if servers.postgresql else None,
                servers.valkey.url if servers.valkey else None,
            ),
            servers,
        )
    finally:
        servers.stop()


def _with_urls(settings: Settings, database: str | None, redis: str | None) -> Settings:
    return settings.model_copy(
        update={
            "database_url": settings.database_url or database,
            "redis_url": settings.redis_url or redis,
        }
    )


def run_async(work: Coroutine[Any, Any, T]) -> T:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def open_ledger(url: str) -> Ledger:
    """The ledger, for a command that only reads. Raises ConfigError if it is not up to date."""
    from router.ledger import Ledger

    ledger = await Ledger.open(url, size=2)
    try:
        missing = await ledger.pending_migrations()
    except BaseException:
        await ledger.close()
        raise
    if missing:
        await ledger.close()
        raise ConfigError(
            f"this database has not had the migrations {', '.join(missing)}; "
            "`indgang serve` applies them when it starts"
        )
    return ledger
