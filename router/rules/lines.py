"""Files of messages, one JSON object a line: `{id, channel, sender_group, language, subject,
body}`.

A line may also say where the message belongs (`expected_department`,
`acceptable_departments`, `expected_flags`), for comparing tables of rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import orjson

from router.model import Channel, Group
from router.rules.facts import Facts


@dataclass(frozen=True, slots=True)
class Line:
    """One line, understood."""

    id: str | int
    facts: Facts
    department: str = ""
    """Where it belongs; "" when the line does not say."""
    departments: frozenset[str] = frozenset()
    """All departments that are acceptable, `department` among them."""
    flags: frozenset[str] | None = None
    """All flags that it carries; None when the line does not say."""


class BadLine(ValueError):
    """A line that cannot be routed; the text says what was expected."""


def lines_of(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Line numbers and lines, without the empty ones and a byte order mark."""
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
    texts = {
        name: _text(data, name) for name in ("channel", "language", "subject", "body", "to", "menu")
    }
    group = _text(data, "sender_group")
    try:
        channel = Channel(texts["channel"] or "web")
    except ValueError:
        raise BadLine(f'"channel" must be one of {", ".join(Channel)}') from None
    try:
        known_group = Group(group) if group else None
    except ValueError:
        raise BadLine(f'"sender_group" must be one of {", ".join(Group)}') from None
    department = _text(data, "expected_department")
    return Line(
        id=data["id"],
        facts=Facts(
            channel=channel,
            to=texts["to"],
            menu=texts["menu"],
            group=known_group,
            language=texts["language"] or "da",
            subject=texts["subject"],
            text=texts["body"],
        ),
        department=department,
        departments=frozenset(_texts(data, "acceptable_departments") or ())
        | ({department} if department else set()),
        flags=_flags(data),
    )


def _flags(data: dict[str, Any]) -> frozenset[str] | None:
    found = _texts(data, "expected_flags")
    return None if found is None else frozenset(found)


def _texts(data: dict[str, Any], name: str) -> list[str] | None:
    value = data.get(name)
    if value is None:
        return None
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise BadLine(f'"{name}" must be a list of texts')
    return value


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(f'"{name}" must be a text')
    return value
