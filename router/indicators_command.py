"""`indgang indicators`: what was kept, how long people waited, as CSV or JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import IO, Any, Final, TypeVar

import click
import orjson

from router.clock import SystemClock
from router.config import load
from router.errors import ConfigError, SenderError
from router.indicator_output import as_data, head, write_csv
from router.indicator_reading import Report, read_report
from router.indicators import DIMENSIONS, read_dimensions, read_period
from router.ledger import Ledger
from router.settings import Settings

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option("--from", "first", required=True, metavar="DATE", help="First day: 2026-11-01."),
    click.option("--until", "last", required=True, metavar="DATE", help="Last day, counted too."),
    click.option("--department", metavar="ID", help="Only what this department has promised."),
    click.option(
        "--by",
        "dimensions",
        default="",
        metavar="NAMES",
        help=f"Count by these, with commas between: {', '.join(DIMENSIONS)}. Default: all.",
    ),
    click.option(
        "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True
    ),
)


def indicator_options(command: CommandT) -> CommandT:
    """The options of `indgang indicators`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


async def print_report(
    settings: Settings,
    *,
    first: str,
    last: str,
    department: str | None,
    dimensions: str,
    form: str,
) -> None:
    """Read the indicators and write them to standard output, a row at a time.

    Raises click.UsageError for what cannot be asked, LedgerAway, ConfigError.
    """
    zone, now = load(settings.config_folder).hours.zone, SystemClock().now()
    ledger = await Ledger.open(settings.database_url or "", size=1)
    try:
        period, wanted = read_period(first, last, zone, now), read_dimensions(dimensions)
        if missing := await ledger.pending_migrations():
            raise ConfigError(
                f"this database has not had the migrations {', '.join(missing)}; "
                "`indgang serve` applies them when it starts"
            )
        report = await read_report(ledger, period, now, wanted, department or None)
    except SenderError as error:
        raise click.UsageError(str(error)) from None
    finally:
        await ledger.close()
    if form == "csv":
        write_csv(report, sys.stdout)
    else:
        _write_json(report, sys.stdout)


def _write_json(report: Report, to: IO[str]) -> None:
    """One object; each row on a line of its own, written as it is made."""
    to.write(orjson.dumps(head(report)).decode().removesuffix("}") + ',"rows":[')
    between = "\n"
    for row in report.rows():
        to.write(between + orjson.dumps(as_data(row)).decode())
        between = ",\n"
    to.write("\n]}\n")
