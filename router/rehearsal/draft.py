"""A changed configuration that is not live yet: tried beside the folder, shown, accepted."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from router import config
from router.config_source import ConfigurationRefused

if TYPE_CHECKING:
    from router.config import Municipality


class Draft:
    """The municipality's folder with some of its files changed. Frozen: a change makes another."""

    def __init__(self, folder: Path, changes: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._changes = dict(changes or {})

    def names(self, pattern: str) -> list[str]:
        """Files of the folder, as `subjects/byg.yaml`."""
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.glob(pattern))

    def text(self, name: str) -> str:
        """A file as it is in this draft. Line ends as they are; "" when there is none."""
        if name in self._changes:
            return self._changes[name]
        path = self.folder / name
        return path.read_bytes().decode() if path.is_file() else ""

    def with_text(self, name: str, text: str) -> Draft:
        """The draft with another text in one file."""
        return Draft(self.folder, {**self._changes, name: text})

    def load(self) -> Municipality:
        """What it would be. Raises ConfigurationRefused; the folder itself is not touched."""
        with tempfile.TemporaryDirectory(prefix="indgang-draft-") as place:
            copy = Path(place) / "config"
            shutil.copytree(self.folder, copy)
            for name, text in self._changes.items():
                (copy / name).write_bytes(text.encode())
            return config.load(copy)

    def diff(self) -> Iterator[str]:
        """As `git apply` and `patch -p1` take it, line by line."""
        for name in sorted(self._changes):
            before = (self.folder / name).read_bytes().decode()
            yield from difflib.unified_diff(
                before.splitlines(keepends=True),
                self._changes[name].splitlines(keepends=True),
                f"a/{name}",
                f"b/{name}",
            )

    def accept(self) -> Municipality:
        """Write the changes into the folder. Each file is replaced whole.

        What does not load is undone, and ConfigurationRefused raised: the folder
        is then as it was.
        """
        before = {name: (self.folder / name).read_bytes() for name in self._changes}
        try:
            for name, text in self._changes.items():
                _replace(self.folder / name, text.encode())
            return config.load(self.folder)
        except (ConfigurationRefused, OSError):
            for name, content in before.items():
                _replace(self.folder / name, content)
            raise


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever reads half of it; its rights stay."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    place = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(path, place)
        place.replace(path)
    except OSError:
        place.unlink(missing_ok=True)
        raise
