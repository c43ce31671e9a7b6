"""`indgang rules show|replay|coverage|learn`: what needs the ledger beside the rules."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, TypeVar

import click
import orjson

from router import config, log
from router.clock import SystemClock
from router.rehearsal.comparing import Change
from router.rehearsal.span import Moment, Span, moment
from router.rules.command import CONFIG
from router.rules.lines import BadLine
from router.settings import Settings, demo_configuration, read_settings
from router.terminal import explained, open_ledger, run_async, with_servers

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Ledger

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

CHANGES: Final = 3
"""Exit code when something would change."""

_SKEW: Final = timedelta(minutes=1)
"""How far the clock of the machine that decided may be ahead of ours."""

_UNTIL = click.option("--until", type=Moment(), help="Until when. Default: now.")


def _since(default: str) -> Callable[[F], F]:
    return click.option(
        "--since",
        type=Moment(),
        default=default,
        show_default=True,
        help="From when: 7d, 36h, 2w before now, or a date.",
    )


_DEPARTMENT = click.option("--department", help="Only what was given to this department.")
_LIMIT = click.option("--limit", type=click.IntRange(1), help="The newest so many contacts only.")


@click.command("show")
@click.argument("reference")
@click.option("--language", type=click.Choice(["da", "en"]), default="da", show_default=True)
@CONFIG
@explained
def show(reference: str, language: str, folder: Path | None) -> None:
    """Say how the contact REFERENCE was routed, and why: each decision with every rule tried."""
    from router.explaining import traces_of
    from router.rehearsal.show import decisions_of, told

    municipality = _load(folder)
    digits = "".join(filter(str.isdigit, reference))

    async def answer(ledger: Ledger) -> list[str]:
        decisions = await decisions_of(ledger, digits)
        traces = await traces_of(ledger, municipality, decisions)
        return list(told(digits, decisions, traces, municipality, language))

    for line in _of_ledger(answer):
        click.echo(line)


@click.command("replay")
@click.option(
    "--table",
    "new_folder",
    type=click.Path(path_type=Path),
    required=True,
    help="The changed folder, whole.",
)
@CONFIG
@_since("7d")
@_UNTIL
@_DEPARTMENT
@_LIMIT
@click.option(
    "--jsonl", "messages", type=click.File("rb"), help="Messages of a file, not the ledger's."
)
@click.option("--json", "as_json", is_flag=True, help="Each change and the summary as JSON lines.")
@click.option("--summary", "only_summary", is_flag=True, help="Not one by one.")
@explained
def replay(
    new_folder: Path,
    folder: Path | None,
    since: timedelta | datetime,
    until: timedelta | datetime | None,
    department: str | None,
    limit: int | None,
    messages: IO[bytes] | None,
    as_json: bool,
    only_summary: bool,
) -> None:
    """Send past contacts through a changed configuration and say what would change.

    Nothing is written. Exit code 0: nothing would change; 3: something would;
    1: a configuration is refused.
    """
    from router.rehearsal import telling
    from router.rehearsal.replay import replay_file, replay_ledger

    old, new = _load(folder), config.load(new_folder)
    _must_know(department, old)

    def each(change: Change) -> None:
        if as_json:
            click.echo(orjson.dumps(change.line()))
        elif not only_summary:
            click.echo(telling.one_by_one(change))

    def bad(number: int, error: BadLine) -> None:
        click.echo(f"line {number}: {error}", err=True)

    span = _span(since, until, department, limit)
    if messages is not None:
        comparison = replay_file(messages, old, new, each, bad)
    else:
        comparison = _of_ledger(lambda ledger: replay_ledger(ledger, span, old, new, each))
    if as_json:
        click.echo(orjson.dumps({"summary": comparison.summary()}))
    else:
        if comparison.changed and not only_summary:
            click.echo()
        for line in telling.told(comparison, limited=comparison.contacts == limit):
            click.echo(line)
    if comparison.changed:
        sys.exit(CHANGES)


@click.command("coverage")
@CONFIG
@_since("30d")
@_UNTIL
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=20_000,
    show_default=True,
    help="Ask the unused rules about the newest so many contacts.",
)
@explained
def coverage(
    folder: Path | None,
    since: timedelta | datetime,
    until: timedelta | datetime | None,
    limit: int,
) -> None:
    """Say how often each rule decided, those that never did first, and how sure we are."""
    from router.rehearsal.coverage import cover, told

    municipality = _load(folder)
    span = _span(since, until, None, limit)
    for line in told(_of_ledger(lambda ledger: cover(ledger, span, municipality)), municipality):
        click.echo(line)


@click.command("learn")
@CONFIG
@_since("90d")
@_UNTIL
@click.option("--accept", is_flag=True, help="Write the proposals into the folder.")
@click.option(
    "--minimum",
    type=click.IntRange(2),
    default=3,
    show_default=True,
    help="Different senders that must have used a word.",
)
@explained
def learn(
    folder: Path | None,
    since: timedelta | datetime,
    until: timedelta | datetime | None,
    accept: bool,
    minimum: int,
) -> None:
    """Propose phrases and rules from staff's corrections, as a diff to read and accept.

    Each proposal is tried on the past first: one that breaks more than it puts
    right is not made. Nothing of what citizens wrote is shown but words that
    several of them used.
    """
    from router.rehearsal import learning
    from router.rehearsal.draft import Draft

    place = folder or demo_configuration()
    live, draft = _load(folder), Draft(place)
    span = _span(since, until, None, None)
    lesson = _of_ledger(lambda ledger: learning.learn(ledger, span, live, draft, minimum))
    for line in learning.summary(lesson):
        click.echo(line)
    if lesson.draft is None:
        return
    click.echo()
    for line in lesson.draft.diff():
        click.echo(line, nl=not line.endswith("\n"))
    if accept:
        fresh = lesson.draft.accept()
        click.echo(f"\nAccepted: {place} is now version {fresh.version}.")
    else:
        click.echo(f"\nTo take it into {place}: the same command with --accept.")


def _load(folder: Path | None) -> Municipality:
    return config.load(folder or demo_configuration())


def _span(
    since: timedelta | datetime,
    until: timedelta | datetime | None,
    department: str | None,
    limit: int | None,
) -> Span:
    now = SystemClock().now()
    start = moment(since, now)
    end = now + _SKEW if until is None else moment(until, now)
    if start >= end:
        raise click.UsageError("--since must lie before --until, and before now")
    return Span(start, end, department, limit)


def _must_know(department: str | None, municipality: Municipality) -> None:
    if department is not None and department not in municipality.departments:
        raise click.BadParameter(
            "choose one of: " + ", ".join(municipality.departments), param_hint="--department"
        )


def _of_ledger(question: Callable[[Ledger], Awaitable[T]]) -> T:
    """Ask the ledger that the settings name, or that lies in the data folder."""

    async def answer(settings: Settings) -> T:
        ledger = await open_ledger(settings.database_url or "")
        try:
            return await question(ledger)
        finally:
            await ledger.close()

    settings = read_settings()
    log.configure("warning", settings.log_format)
    with with_servers(settings, lambda text: None, redis=False, share=True) as (settings, _):
        return run_async(answer(settings))
