"""The tables of docs/routing.md are those of the program.

A difference is shown with what should stand there. To write them anew:
`python -m tests.unit.rules.test_routing_doc`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from router.rules.cases import PEOPLE, TEXTS, YES_NO
from router.rules.fields import FIELDS, OPERATOR_MEANS, OPERATORS, SHORT, Field
from router.rules.reading import PLACEHOLDERS, ROLES
from router.rules.targets import CASEWORKER_WORDS, DEPARTMENT_WORDS, SKIP_WORDS

DOC = Path(__file__).parents[3] / "docs/routing.md"


def facts() -> str:
    lines = ["| fact | kind | what it is |", "|---|---|---|"]
    for source, from_text in (("known of the contact", False), ("found in the text", True)):
        lines.append(f"| *{source}* | | |")
        lines += [
            f"| `{name}` | {field.kind} | {field.about} |"
            for name, field in FIELDS.items()
            if _of_text(name, field) is from_text
        ]
    return "\n".join(lines)


def _of_text(name: str, field: Field) -> bool:
    return field.from_text or name in ("kle", "case_number", "length")


def operators() -> str:
    lines = ["| kind | operators | a bare value means |", "|---|---|---|"]
    for kind, words in OPERATORS.items():
        one, many = SHORT[kind]
        short = f"`{one}`" if one == many else f"`{one}`; a list `{many}`"
        lines.append(f"| {kind} | {', '.join(f'`{word}`' for word in words)} | {short} |")
    return "\n".join(lines) + "\n\n" + words_table(OPERATOR_MEANS, "operator", "is true when")


def words_table(words: Mapping[str, str], name: str, meaning: str) -> str:
    return "\n".join(
        [f"| {name} | {meaning} |", "|---|---|"]
        + [f"| `{word}` | {means} |" for word, means in words.items()]
    )


TABLES = {
    "facts": facts(),
    "operators": operators(),
    "departments": words_table(DEPARTMENT_WORDS, "department", ""),
    "caseworkers": words_table(CASEWORKER_WORDS, "caseworker", ""),
    "skips": words_table(SKIP_WORDS, "reason", "when"),
}


def part(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}\b[^>]*-->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_what_the_program_knows(name: str) -> None:
    found = part(name).search(DOC.read_text())
    assert found is not None, f"the marks of {name} are gone"
    assert found.group(2).strip() == TABLES[name]


def test_everything_a_case_may_say_is_told() -> None:
    text = DOC.read_text()
    for word in (*TEXTS, *YES_NO, *PEOPLE, *ROLES, *(f"{{{name}}}" for name in PLACEHOLDERS)):
        assert f"`{word}`" in text, word


def rewritten(text: str) -> str:
    """The document with the program's tables."""
    for name, content in TABLES.items():
        before, _, rest = text.partition(f"<!-- /{name} -->")
        head = part(name).search(text)
        assert head is not None
        text = f"{before[: head.end(1)]}{content}\n<!-- /{name} -->{rest}"
    return text


if __name__ == "__main__":
    DOC.write_text(rewritten(DOC.read_text()))
