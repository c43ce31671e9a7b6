"""The command line: `indgang ...`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router import __version__, log
from router.indicators_command import indicator_options, print_report
from router.rehearsal.command import coverage, learn, replay, show
from router.rules.command import rules
from router.rules.route_command import route
from router.rules.schema_command import schema
from router.settings import ROLES, Settings, read_settings, unknown_variables
from router.terminal import FAILED, explained, open_ledger, run_async, with_servers

if TYPE_CHECKING:
    from router.house import House


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="indgang")
def main() -> None:
    """One entrance to the municipality: every contact routed, owned, promised and kept."""


main.add_command(route)
main.add_command(rules)
rules.add_command(schema)
for command in (show, replay, coverage, learn):
    rules.add_command(command)


@main.command()
@click.option("--demo", is_flag=True, help="Phone simulator, demo mailbox and demo log-in.")
@click.option(
    "--roles",
    metavar="NAMES",
    help=f"What this process does, with commas between: {', '.join(sorted(ROLES))}. Default: all.",
)
@explained
def serve(demo: bool, roles: str | None) -> None:
    """Serve until SIGTERM. Settings come from the environment (docs/operations.md)."""
    given: dict[str, Any] = {}
    if demo:
        given["demo"] = True
    if roles:
        given["roles"] = roles
    _serve(read_settings(**given), lambda text: None, lambda house: None)


@main.command()
@explained
def run() -> None:
    """Start everything with the demo municipality, and say where to go (`make run`)."""
    started = time.monotonic()
    settings = read_settings(demo=True, log_level=os.environ.get("INDGANG_LOG_LEVEL") or "warning")

    def ready(house: House) -> None:
        click.echo(_where_to_go(house, time.monotonic() - started))

    _serve(settings, lambda text: click.echo(f"  {text} ..."), ready)


@main.command()
@explained
def audit() -> None:
    """Prove the invariants of the ledger; exit code 1 and the contacts when one fails."""
    from router.clock import SystemClock
    from router.ledger.audit import INVARIANTS, Finding
    from router.ledger.audit import audit as ask

    async def answer(url: str) -> list[Finding]:
        ledger = await open_ledger(url)
        try:
            return await ask(ledger, SystemClock().now())
        finally:
            await ledger.close()

    settings = read_settings()
    log.configure(settings.log_level, settings.log_format)
    with with_servers(settings, lambda text: None, redis=False, share=True) as (settings, _):
        findings = run_async(answer(settings.database_url or ""))
    for finding in findings:
        click.echo(f"FAILS  {finding.invariant}")
        for reference in finding.references:
            click.echo(f"       {reference}")
    if findings:
        sys.exit(FAILED)
    click.echo(f"clean: {len(INVARIANTS)} invariants hold")


@main.command()
@indicator_options
@explained
def indicators(**asked: Any) -> None:
    """Promises kept in time, kept late, tried and withdrawn; waiting, repeats and fairness.

    What each number means, and why some are not there ("<5", ".."), stands in
    docs/indicators.md.
    """
    settings = read_settings()
    log.configure(settings.log_level, settings.log_format)
    with with_servers(settings, lambda text: None, redis=False, share=True) as (settings, _):
        run_async(print_report(settings, **asked))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@explained
def init(folder: Path) -> None:
    """Write a commented starting configuration for another municipality into FOLDER."""
    from router.config_init import write_starting_configuration

    for file in write_starting_configuration(folder):
        click.echo(f"  {file}")
    click.echo(
        f"Change what is marked PLACEHOLDER, look at it with `indgang rules check --config "
        f"{folder}`, then start with INDGANG_CONFIG={folder}."
    )


@main.command()
@click.option("--seed", default=1, show_default=True, help="Another number, another day.")
@explained
def demo(seed: int) -> None:
    """Play a lifelike day of contacts into the demo that runs (`make run`)."""
    from channels.demo.day import play_day
    from router.config import load

    settings = read_settings(demo=True)
    log.configure("warning", settings.log_format)
    on_terminal = sys.stdout.isatty()

    def progress(done: int, total: int, last: str) -> None:
        if on_terminal:
            click.echo(f"\r\033[K  {done:>4} of {total}  {last}", nl=False)
        elif done % 25 == 0 or done == total:
            click.echo(f"  {done:>4} of {total}")

    told = run_async(play_day(settings, load(settings.config_folder), progress, seed=seed))
    click.echo("\n" if on_terminal else "", nl=False)
    for what, count in sorted(told.items()):
        click.echo(f"  {what:<14} {count:>4}")
    click.echo(f"Look at it on the desk: {settings.public_base_url}/desk")


def _serve(settings: Settings, say: Callable[[str], None], ready: Callable[[House], None]) -> None:
    from router.app import ports_are_free
    from router.app import serve as serve_house

    for name, near in unknown_variables():
        hint = f"; did you mean {near}?" if near else ""
        click.echo(f"indgang: {name} is set, and nothing reads it{hint}", err=True)
    log.configure(settings.log_level, settings.log_format)
    ports_are_free(settings)
    with with_servers(settings, say) as (settings, servers):
        say("reading the configuration")
        run_async(serve_house(settings, servers, ready))


def _where_to_go(house: House, seconds: float) -> str:
    base, municipality = house.settings.public_base_url, house.municipality
    places = (
        ("Citizens write", f"{base}/"),
        ("Staff: the desk", f"{base}/desk", "choose who you are; the demo asks for no password"),
        ("Phone simulator", f"{base}/demo/phone"),
        ("Mail goes in at", f"smtp://{house.settings.smtp}", f"to {municipality.mail_address}"),
        ("Demo mailbox", f"{base}/demo/mail", "every mail that left us"),
        ("Public API", f"{base}/api/v1/openapi.json"),
    )
    lines = [f"  {place[0]:<17} {place[1]:<42} {' '.join(place[2:])}".rstrip() for place in places]
    return "\n".join(
        [
            "",
            f"Indgang is ready after {seconds:.1f} s, as {municipality.name}.",
            "",
            *lines,
            "",
            "  A lifelike day of contacts, from another terminal: .venv/bin/indgang demo",
            f"  Data and server logs are in {house.settings.data_dir}. Ctrl-C stops.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
