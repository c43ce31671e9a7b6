"""Changing the municipality's YAML as a careful person would: a few lines, the rest untouched.

The file is read to nodes, which know their places; what is added is put into the
text there. Comments, order and layout stay. Pure: text in, text out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOM: Final = "\ufeff"
"""Some editors put it first in a file; not every reader counts it as a character."""
_LINE: Final = 100
"""Characters after which a list goes on in the next line."""


class CannotEdit(ValueError):
    """The file is not laid out as was expected; the text says what is missing."""


def add_phrase(text: str, top: str, subject: str, language: str, phrase: str) -> str:
    """`text` of a vocabulary file with `phrase` under the phrases of `subject`.

    `top` is the list that holds it (subjects, flags). Raises CannotEdit when there
    is no such subject.
    """
    if text != _plain(text):
        return _as_before(text, add_phrase(_plain(text), top, subject, language, phrase))
    entry = _entry(text, top, subject)
    phrases = _field(entry, "phrases")
    if phrases is None:
        after = _field_key(entry, "id").start_mark
        line = f"\n{' ' * after.column}phrases:\n{' ' * (after.column + 2)}{language}: [{phrase}]"
        at = _end_of_line(text, after.index)
        return text[:at] + line + text[at:]
    if not isinstance(phrases, yaml.MappingNode):
        raise CannotEdit(f'"phrases" of {subject} is no list per language')
    known = _field(phrases, language)
    if known is None:
        at, column = phrases.start_mark.index, phrases.start_mark.column
        if phrases.flow_style:
            joint = ", " if phrases.value else ""
            return f"{text[: at + 1]}{language}: [{phrase}]{joint}{text[at + 1 :]}"
        return f"{text[:at]}{language}: [{phrase}]\n{' ' * column}{text[at:]}"
    if not isinstance(known, yaml.SequenceNode):
        raise CannotEdit(f'"phrases" of {subject} in {language} is no list')
    return _append(text, known, phrase)


def add_rule(text: str, before: str, lines: Sequence[str]) -> str:
    """`text` of a rules file with a rule above the one that is called `before`.

    `lines` without indentation, the first beginning with `- `. It goes above the
    comment that belongs to `before`. Raises CannotEdit when there is no such rule.
    """
    if text != _plain(text):
        return _as_before(text, add_rule(_plain(text), before, lines))
    entry = _entry(text, "rules", before)
    at = _start_of_line(text, entry.start_mark.index)
    indent = " " * (text[at:].find("-"))
    while at > 0:
        above = _start_of_line(text, at - 1)
        if not text[above:at].lstrip().startswith("#"):
            break
        at = above
    block = "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
    return f"{text[:at]}{block}\n{text[at:]}"


def _plain(text: str) -> str:
    """Without a byte order mark, lines ending as they do here."""
    return text.removeprefix(_BOM).replace("\r\n", "\n")


def _as_before(before: str, after: str) -> str:
    """`after` with the mark and the line ends that `before` had."""
    if "\r\n" in before:
        after = after.replace("\n", "\r\n")
    return _BOM + after if before.startswith(_BOM) else after


def has_entry(text: str, top: str, name: str) -> bool:
    """Whether the list `top` of a file has an entry with this id."""
    try:
        _entry(text, top, name)
    except CannotEdit:
        return False
    return True


def _append(text: str, sequence: yaml.SequenceNode, word: str) -> str:
    if not sequence.value:
        if not sequence.flow_style:
            raise CannotEdit("an empty list is written []")
        at = sequence.start_mark.index + 1
        return text[:at] + word + text[at:]
    last = sequence.value[-1]
    at = last.end_mark.index
    if not sequence.flow_style:
        start = _start_of_line(text, last.start_mark.index)
        indent = text[start : start + text[start:].find("-")]
        at = _end_of_line(text, max(at - 1, last.start_mark.index))
        return f"{text[:at]}\n{indent}- {word}{text[at:]}"
    # What closes the list (and what else stands on its line) has to fit too.
    rest = text[at : _end_of_line(text, at)]
    used = at - _start_of_line(text, at) + len(rest)
    if used + len(word) + 2 <= _LINE:
        return f"{text[:at]}, {word}{text[at:]}"
    indent = " " * sequence.value[0].start_mark.column
    return f"{text[:at]},\n{indent}{word}{text[at:]}"


def _entry(text: str, top: str, name: str) -> yaml.MappingNode:
    """The entry of the list `top` whose id is `name`."""
    root = yaml.compose(text, Loader=_LOADER)
    entries = _field(root, top) if isinstance(root, yaml.MappingNode) else None
    if not isinstance(entries, yaml.SequenceNode):
        raise CannotEdit(f'there is no list "{top}"')
    for entry in entries.value:
        if isinstance(entry, yaml.MappingNode):
            found = _field(entry, "id")
            if isinstance(found, yaml.ScalarNode) and found.value == name:
                return entry
    raise CannotEdit(f'there is no "{name}" among the {top}')


def _field(entry: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in entry.value if key.value == name), None)


def _field_key(entry: yaml.MappingNode, name: str) -> yaml.Node:
    found: yaml.Node = next(key for key, _ in entry.value if key.value == name)
    return found


def _start_of_line(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
