"""Writing a starting configuration for another municipality (`indgang init`)."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from router.errors import ConfigError


def write_starting_configuration(folder: Path) -> list[Path]:
    """Write a small commented configuration into `folder`; answers the files written.

    It loads as it is, with three departments; what must be changed is marked
    PLACEHOLDER. Raises ConfigError when `folder` holds anything already, so
    that nobody's work is written over.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file. Give the name of a new or empty folder.")
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} is not empty. Give the name of a new or empty folder;"
            " nothing has been changed."
        )
    try:
        return _copy(resources.files("router") / "starting_config", folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}.") from error


def _copy(source: Traversable, target: Path) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for entry in sorted(source.iterdir(), key=lambda entry: entry.name):
        place = target / entry.name
        if entry.is_dir():
            written.extend(_copy(entry, place))
        elif entry.name.endswith(".yaml"):
            place.write_bytes(entry.read_bytes())
            written.append(place)
    return written
