"""`indgang route` and `indgang rules`: the rules without PostgreSQL and Redis."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import click
import orjson

from router.config import Municipality, load
from router.config_source import ConfigurationRefused
from router.model import Channel, Group
from router.rules.facts import Decision, Facts
from router.settings import demo_configuration

_CONFIG = click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path),
    envvar="INDGANG_CONFIG",
    help="The municipality's folder. Default: the demo municipality.",
)


class Line(NamedTuple):
    """One line of a JSONL file, understood."""

    id: Any
    facts: Facts


class BadLine(ValueError):
    """A line that cannot be routed; the text says what was expected."""


@click.command("route")
@click.argument("text", required=False)
@click.option("--jsonl", "jsonl", type=click.File("rb"), help="Route each line of a file.")
@click.option("--channel", type=click.Choice([c.value for c in Channel]), default="web")
@click.option("--group", type=click.Choice([g.value for g in Group]), help="Who writes.")
@click.option("--language", default="da", show_default=True)
@click.option("--subject", default="", help="The subject line.")
@click.option("--menu", default="", help="Department id chosen in a menu or form.")
@_CONFIG
@click.pass_context
def route(
    context: click.Context,
    text: str | None,
    jsonl: IO[bytes] | None,
    channel: str,
    group: str | None,
    language: str,
    subject: str,
    menu: str,
    folder: Path | None,
) -> None:
    """Say who would get TEXT and why, or route every line of a JSONL file.

    Lines of the file are {id, channel, sender_group, language, subject, body};
    the answers come in the same order. A line that cannot be read gets an
    answer {line, error}, the others are still routed, and the exit code is 2.
    """
    if (text is None) == (jsonl is None):
        raise click.UsageError("Give either a TEXT or --jsonl FILE.")
    municipality = _load(folder)
    if jsonl is not None:
        if not _route_lines(jsonl, municipality):
            context.exit(2)
        return
    if menu and menu not in municipality.departments:
        raise click.BadParameter(
            "choose one of: " + ", ".join(municipality.departments), param_hint="--menu"
        )
    decision = municipality.rules.decide(
        Facts(
            channel=Channel(channel),
            menu=menu,
            group=Group(group) if group else None,
            language=language,
            subject=subject,
            text=text or "",
        )
    )
    _print_decision(decision, municipality)


@click.group("rules")
def rules() -> None:
    """The routing rules and everything else in the municipality's folder."""


@rules.command("check")
@_CONFIG
def check(folder: Path | None) -> None:
    """Check every file of the configuration; list all problems, exit 1 if any."""
    municipality = _load(folder)
    click.echo(
        f"{municipality.name}: {len(municipality.departments)} departments,"
        f" {len(municipality.caseworkers)} caseworkers, {len(municipality.rules.rules)} rules."
        f" No problems. Version {municipality.version}, rules {municipality.rules.version}."
    )


def _load(folder: Path | None) -> Municipality:
    """The configuration; on problems they are printed and the program ends with 1."""
    try:
        return load(folder or demo_configuration())
    except ConfigurationRefused as refused:
        raise click.ClickException(str(refused)) from None


def _route_lines(source: IO[bytes], municipality: Municipality) -> bool:
    """Answer every line; whether all of them could be read."""
    good = True
    output = sys.stdout.buffer
    for number, content in _lines(source):
        answer: dict[str, Any]
        try:
            line = read_line(content)
        except BadLine as error:
            good = False
            answer = {"line": number, "error": str(error)}
        else:
            answer = as_answer(line.id, municipality.rules.decide(line.facts))
        output.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    output.flush()
    return good


def _lines(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, content in enumerate(source, start=1):
        content = content.removeprefix(b"\xef\xbb\xbf") if number == 1 else content
        if content.strip():
            yield number, content


def read_line(content: bytes) -> Line:
    """A line of the file as facts. Raises BadLine."""
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadLine(f"not valid JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadLine("a JSON object was expected")
    if not isinstance(data.get("id"), str | int):
        raise BadLine('"id" must be a text or a number')
    texts = {name: _text(data, name) for name in ("channel", "language", "subject", "body")}
    group = _text(data, "sender_group")
    try:
        channel = Channel(texts["channel"] or "web")
    except ValueError:
        raise BadLine(f'"channel" must be one of {", ".join(Channel)}') from None
    try:
        known_group = Group(group) if group else None
    except ValueError:
        raise BadLine(f'"sender_group" must be one of {", ".join(Group)}') from None
    return Line(
        data["id"],
        Facts(
            channel=channel,
            group=known_group,
            language=texts["language"] or "da",
            subject=texts["subject"],
            text=texts["body"],
        ),
    )


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(f'"{name}" must be a text')
    return value


def as_answer(line_id: object, decision: Decision) -> dict[str, Any]:
    """A decision as a line of output."""
    answer = {
        "id": line_id,
        "department": decision.department,
        "caseworker": decision.caseworker,
        "rule": decision.rule_id,
        "confidence": decision.confidence,
        "flags": sorted(decision.flags),
        "candidates": [
            {"department": department, "score": score} for department, score in decision.candidates
        ],
    }
    return {**answer, **decision.explanation}


def _print_decision(decision: Decision, municipality: Municipality) -> None:
    department = municipality.departments[decision.department]
    click.echo(f"{department.id}  {department.name_in('da')}")
    if decision.caseworker:
        click.echo(f"caseworker  {municipality.caseworkers[decision.caseworker].name}")
    click.echo(f"rule        {decision.rule_id}  (confidence {decision.confidence:.2f})")
    click.echo(f"why         {decision.explanation['why']['da']}")
    click.echo(f"flags       {', '.join(sorted(decision.flags)) or '-'}")
    click.echo(
        "candidates  "
        + (", ".join(f"{name} {score:g}" for name, score in decision.candidates) or "-")
    )
    click.echo(
        "words       "
        + (", ".join(sorted({word["word"] for word in decision.explanation["words"]})) or "-")
    )
    for step in decision.explanation["trace"]:
        told = "matched" if "matched" in step else f"no: not true that {step['failed']['en']}"
        click.echo(f"  {step['rule']:<28} {told}")
