"""Reading YAML so that every refusal can name file, line and what was expected.

The file is composed to nodes, not to Python values: nodes keep their place, and
YAML's own guesses (`no` is false, `10:30` is a number) can be set aside where a
caseworker simply wrote a word or a time.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from router.breathing import breathe
from router.errors import ConfigError

_FASTEST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
_LANGUAGE: Final = re.compile("[a-z]{2}")
_LARGEST_FILE: Final = 16 * 1024 * 1024
_MOST_SHOWN: Final = 60
"""Problems that are told at once; one mistake can show on every line."""


class _Loader(_FASTEST):  # type: ignore[misc]
    """Breathes at every node: a large file takes a second."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        breathe()
        return super().resolve(kind, value, implicit)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in the configuration, where, and what to do about it."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.text}"


class ConfigurationRefused(ConfigError):
    """The configuration is wrong. Carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        lines = "\n".join(f"  {problem}" for problem in self.problems[:_MOST_SHOWN])
        if count > _MOST_SHOWN:
            lines += f"\n  ... and {count - _MOST_SHOWN} more"
        super().__init__(f"The configuration has {head}:\n{lines}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?`, or the allowed words when none is near."""
    choices = sorted(set(known))
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.55)
    if near:
        return f' Did you mean "{near[0]}"?'
    if 0 < len(choices) <= 20:
        return " Allowed here: " + ", ".join(choices) + "."
    return ""


@dataclass(slots=True)
class Reading:
    """One load: collects the problems and the hash of all that was read."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    _trees: list[yaml.Node] = field(default_factory=list)

    def file(self, name: str) -> Fields | None:
        """The top mapping of a file, or None (with the problem noted)."""
        node = self._compose(name)
        if node is None:
            return None
        return Fields.of(self, name, node, "the file")

    def problem(self, file: str, node: yaml.Node | None, text: str) -> None:
        """Note a problem at the place of `node`."""
        mark = node.start_mark if node is not None else None
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        self.problems.append(Problem(file, line, column, text))

    def refuse(self) -> None:
        """Raise ConfigurationRefused if anything was wrong."""
        if self.problems:
            raise ConfigurationRefused(self.problems)

    def let_go(self) -> None:
        """Drop the files' nodes one by one, when nothing is read from them any more.

        Left to themselves they would all go in one breath, which holds up every
        other thread for as long as it takes: too long for contacts that arrive.
        """
        waiting = self._trees
        while waiting:
            breathe()
            node = waiting.pop()
            if isinstance(node, yaml.SequenceNode):
                waiting.extend(node.value)
                node.value.clear()
            elif isinstance(node, yaml.MappingNode):
                waiting.extend(value for _, value in node.value)
                node.value.clear()

    def version(self, *names: str) -> str:
        """Hash of the content of the files (all that were read when none is named)."""
        digest = hashlib.sha256()
        for name in sorted(names or self.contents):
            content = self.contents.get(name, b"")
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:16]

    def _compose(self, name: str) -> yaml.Node | None:
        path = self.folder / name
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            self.problem(name, None, "this file is missing; every municipality needs it.")
            return None
        except OSError as error:
            self.problem(name, None, f"this file cannot be read: {error.strerror}.")
            return None
        if len(content) > _LARGEST_FILE:
            self.problem(name, None, "this file is larger than 16 MB.")
            return None
        self.contents[name] = content
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.problems.append(
                Problem(name, line, 1, "this is not UTF-8 text. Save the file as UTF-8.")
            )
            return None
        try:
            node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            what = error.problem or error.context or "unreadable"
            self.problems.append(
                Problem(
                    name,
                    line,
                    column,
                    f"not valid YAML: {what}. Look at indentation, quotes and colons here"
                    " and on the line above.",
                )
            )
            return None
        except (yaml.YAMLError, RecursionError) as error:
            self.problem(name, None, f"not valid YAML: {type(error).__name__}: {error}.")
            return None
        if node is None:
            self.problem(name, None, "this file is empty.")
            return None
        self._trees.append(node)
        return node if self._is_tree(name, node) else None

    def _is_tree(self, name: str, top: yaml.Node) -> bool:
        """Refuse doubled keys, and anchors, which could make a small file endless."""
        seen: set[int] = set()
        waiting = [top]
        while waiting:
            node = waiting.pop()
            if isinstance(node, yaml.ScalarNode):
                continue
            if id(node) in seen:
                self.problem(name, node, "YAML anchors (& and *) are not used here; write it out.")
                return False
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting.extend(node.value)
                continue
            first: dict[str, int] = {}
            for key, value in node.value:
                waiting.append(value)
                if not isinstance(key, yaml.ScalarNode):
                    self.problem(name, key, "a name was expected before the colon.")
                    return False
                if key.value in first:
                    self.problem(
                        name, key, f'"{key.value}" is already given on line {first[key.value]}.'
                    )
                first.setdefault(key.value, key.start_mark.line + 1)
        return True


@dataclass(frozen=True, slots=True)
class Item:
    """One value with its place."""

    reading: Reading
    file: str
    node: yaml.Node
    what: str

    def problem(self, text: str) -> None:
        """Note a problem at this value."""
        self.reading.problem(self.file, self.node, text)

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    @property
    def kind(self) -> str:
        """`text`, `number`, `yes/no`, `nothing`, `list` or `fields`."""
        if isinstance(self.node, yaml.SequenceNode):
            return "list"
        if isinstance(self.node, yaml.MappingNode):
            return "fields"
        return {
            f"{_TAG}str": "text",
            f"{_TAG}int": "number",
            f"{_TAG}float": "number",
            f"{_TAG}bool": "yes/no",
            f"{_TAG}null": "nothing",
        }.get(self.node.tag, "text")

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands there."""
        return self.kind == "nothing" or not self.node.value

    @property
    def raw(self) -> str:
        """What stands there, whatever YAML would make of it. Empty for lists and fields."""
        return str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else ""

    def expected(self, wanted: str) -> None:
        """Note that something else was expected."""
        found = f'"{self.raw}" ({self.kind})' if self.raw else self.kind
        self.problem(f"{self.what}: {wanted} was expected, not {found}.")

    def text(self, allow_empty: bool = False) -> str | None:
        """A word or a sentence. Numbers and times are taken as they are written."""
        if isinstance(self.node, yaml.ScalarNode) and self.kind not in ("nothing", "yes/no"):
            if self.raw.strip() or allow_empty:
                return self.raw.strip()
            self.problem(f"{self.what} is empty.")
            return None
        wanted = "text"
        if self.kind == "yes/no":
            wanted = f'text in quotes ("{self.raw}")'
        self.expected(wanted)
        return None

    def words(self) -> str | None:
        """Like `text`, and `no`, `on` and `off` are words too."""
        if isinstance(self.node, yaml.ScalarNode) and self.raw.strip():
            return self.raw.strip()
        self.expected("a word or a phrase")
        return None

    def number(self, lowest: float, highest: float) -> float | None:
        """A number within bounds."""
        if self.kind != "number":
            self.expected("a number")
            return None
        try:
            number = float(self.raw.replace("_", ""))
        except ValueError:
            self.expected("a number")
            return None
        if not lowest <= number <= highest:
            self.problem(f"{self.what}: {self.raw} is not between {lowest:g} and {highest:g}.")
            return None
        return number

    def whole(self, lowest: int, highest: int) -> int | None:
        """A whole number within bounds."""
        number = self.number(lowest, highest)
        if number is not None and number != int(number):
            self.expected("a whole number")
            return None
        return None if number is None else int(number)

    def yes(self) -> bool | None:
        """true or false (yes and no are read too)."""
        if self.kind != "yes/no":
            self.expected("true or false")
            return None
        return self.raw.lower() in ("true", "yes", "on", "y")

    def choice(self, known: Iterable[str], kind: str) -> str | None:
        """One of the known words."""
        choices = list(known)
        word = self.words()
        if word is None or word in choices:
            return word
        self.problem(f'unknown {kind} "{word}".{did_you_mean(word, choices)}')
        return None

    def items(self) -> list[Item]:
        """The entries of a list; a single value counts as a list of one."""
        if isinstance(self.node, yaml.SequenceNode):
            return [
                Item(self.reading, self.file, node, f"{self.what}, entry {number}")
                for number, node in enumerate(self.node.value, start=1)
            ]
        if isinstance(self.node, yaml.ScalarNode) and self.kind != "nothing":
            return [self]
        self.expected("a list")
        return []

    def fields(self) -> Fields | None:
        """The named fields of this value."""
        return Fields.of(self.reading, self.file, self.node, self.what)


@dataclass(slots=True)
class Fields:
    """A mapping whose fields are taken one by one; what is left over is unknown."""

    reading: Reading
    file: str
    node: yaml.Node
    what: str
    entries: dict[str, tuple[yaml.Node, yaml.Node]]
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, reading: Reading, file: str, node: yaml.Node, what: str) -> Fields | None:
        """The fields of `node`, or None (noted) when it is no mapping."""
        if not isinstance(node, yaml.MappingNode):
            Item(reading, file, node, what).expected("fields (name: value)")
            return None
        return cls(
            reading, file, node, what, {key.value: (key, value) for key, value in node.value}
        )

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def problem(self, text: str) -> None:
        """Note a problem at the beginning of these fields."""
        self.reading.problem(self.file, self.node, text)

    def get(self, name: str) -> Item | None:
        """A field that may be left out."""
        breathe()
        self.taken.add(name)
        entry = self.entries.get(name)
        if entry is None:
            return None
        return Item(self.reading, self.file, entry[1], name)

    def need(self, name: str) -> Item | None:
        """A field that must be there (noted when it is not)."""
        item = self.get(name)
        if item is None:
            self.problem(f'{self.what}: "{name}" is missing.')
        return item

    def text(self, name: str, default: str | None = None) -> str:
        """Text of a field. Required when no default is given; "" when wrong."""
        item = self.need(name) if default is None else self.get(name)
        if item is None:
            return default or ""
        return item.text(allow_empty=default is not None) or ""

    def each(self) -> Iterator[tuple[str, Item, Item]]:
        """Every field as name, the name's own place, and the value."""
        self.taken.update(self.entries)
        for name, (key, value) in self.entries.items():
            yield (
                name,
                Item(self.reading, self.file, key, name),
                Item(self.reading, self.file, value, name),
            )

    def close(self) -> None:
        """Refuse the fields that nobody took."""
        for name, (key, _) in self.entries.items():
            if name not in self.taken:
                self.reading.problem(
                    self.file,
                    key,
                    f'{self.what}: unknown field "{name}".{did_you_mean(name, self.taken)}',
                )

    def languages(self, name: str, needed: Iterable[str] = ("da", "en")) -> Mapping[str, str]:
        """Text per language: `{da: ..., en: ...}`."""
        item = self.need(name)
        inner = item.fields() if item is not None else None
        if inner is None:
            return dict.fromkeys(needed, "")
        inner.what = f"{self.what}, {name}"
        texts = {language: inner.text(language) for language in needed}
        for language, place, value in inner.each():
            if language in texts:
                continue
            if not _LANGUAGE.fullmatch(language):
                place.problem(
                    f'"{language}" is no language (da, en, de, ...). A text with a comma in it'
                    " needs quotes around it, or a line of its own."
                )
                continue
            texts[language] = value.text() or ""
        return texts
