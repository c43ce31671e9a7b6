"""`indgang rules`: the commands about the municipality's folder that need no ledger."""

from __future__ import annotations

from pathlib import Path

import click

from router.config import Municipality, load
from router.config_source import ConfigurationRefused
from router.settings import demo_configuration

CONFIG = click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path),
    envvar="INDGANG_CONFIG",
    help="The municipality's folder. Default: the demo municipality.",
)


@click.group("rules")
def rules() -> None:
    """The routing rules and everything else in the municipality's folder."""


@rules.command("check")
@CONFIG
def check(folder: Path | None) -> None:
    """Check every file of the configuration; list all problems, exit 1 if any."""
    municipality = load_or_end(folder)
    click.echo(
        f"{municipality.name}: {len(municipality.departments)} departments,"
        f" {len(municipality.caseworkers)} caseworkers, {len(municipality.rules.rules)} rules."
        f" No problems. Version {municipality.version}, rules {municipality.rules.version}."
    )


def load_or_end(folder: Path | None) -> Municipality:
    """The configuration; on problems they are printed and the program ends with 1."""
    try:
        return load(folder or demo_configuration())
    except ConfigurationRefused as refused:
        raise click.ClickException(str(refused)) from None
