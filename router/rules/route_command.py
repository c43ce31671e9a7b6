"""`indgang route`: who would get a text, and why. Without PostgreSQL and Redis."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, Any

import click
import orjson

from router.config import Municipality
from router.model import Channel, Group
from router.rules.command import CONFIG, load_or_end
from router.rules.facts import Decision, Facts
from router.rules.lines import BadLine, lines_of, read_line
from router.rules.table import RuleTable


@click.command("route")
@click.argument("text", required=False)
@click.option("--jsonl", "jsonl", type=click.File("rb"), help="Route each line of a file.")
@click.option("--channel", type=click.Choice([c.value for c in Channel]), default="web")
@click.option("--group", type=click.Choice([g.value for g in Group]), help="Who writes.")
@click.option("--language", default="da", show_default=True)
@click.option("--subject", default="", help="The subject line.")
@click.option("--menu", default="", help="Department id chosen in a menu or form.")
@CONFIG
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
    municipality = load_or_end(folder)
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


def _route_lines(source: IO[bytes], municipality: Municipality) -> bool:
    """Answer every line; whether all of them could be read."""
    good = True
    output = sys.stdout.buffer
    for number, content in lines_of(source):
        answer: dict[str, Any]
        try:
            line = read_line(content)
        except BadLine as error:
            good = False
            answer = {"line": number, "error": str(error)}
        else:
            answer = as_answer(line.id, municipality.rules.decide(line.facts), municipality.rules)
        output.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    output.flush()
    return good


def as_answer(line_id: object, decision: Decision, table: RuleTable) -> dict[str, Any]:
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
    explanation = decision.explanation
    # The departments with their scores are told above, the trace in whole sentences.
    told = {name: part for name, part in explanation.items() if name not in _TOLD_OTHERWISE}
    return {**answer, **told, "trace": table.trace(explanation)}


_TOLD_OTHERWISE = ("candidates", "tried")


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
    for step in municipality.rules.trace(decision.explanation):
        told = "matched" if "matched" in step else f"no: {step['failed']['en']}"
        click.echo(f"  {step['rule']:<28} {told}")
