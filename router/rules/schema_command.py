"""`indgang rules schema`: the JSON Schema of the rules, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from router.config import load
from router.config_source import ConfigurationRefused
from router.rules.schema import Schema, schema_for
from router.settings import demo_configuration


@click.command("schema")
@click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path),
    envvar="INDGANG_CONFIG",
    help="The municipality's folder. Default: the demo municipality.",
)
def schema(folder: Path | None) -> None:
    """Write the JSON Schema of rules.yaml, with this municipality's departments and flags.

    For the editor: put it into schema/rules.schema.json beside rules.yaml, whose
    first line names it.
    """
    try:
        municipality = load(folder or demo_configuration())
    except ConfigurationRefused as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(as_text(schema_for(municipality)), nl=False)


def as_text(found: Schema) -> str:
    """The schema as it is kept in a file."""
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
