"""`indgang route` and `indgang rules check`: no PostgreSQL, no Redis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.config_init import write_starting_configuration
from router.rules.command import rules
from router.rules.route_command import route

GOOD = {
    "id": "a1",
    "channel": "mail",
    "sender_group": "borger",
    "language": "da",
    "subject": "Byggesag",
    "body": "Hvor langt er I med min byggetilladelse?",
}


def run(tmp_path: Path, lines: list[bytes]) -> tuple[Result, list[dict[str, Any]]]:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\n".join(lines))
    result = CliRunner().invoke(route, ["--jsonl", str(file)])
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def test_every_line_is_answered_in_order(tmp_path: Path) -> None:
    lines = [json.dumps({**GOOD, "id": number}).encode() for number in range(200)]
    result, answers = run(tmp_path, lines)
    assert result.exit_code == 0
    assert [answer["id"] for answer in answers] == list(range(200))
    assert answers[0]["department"] == "byg"
    assert set(answers[0]) >= {
        "id", "department", "caseworker", "rule", "confidence", "flags", "candidates", "trace",
    }  # fmt: skip
    assert answers[0]["flags"] == ["status_request"]
    assert answers[0]["candidates"][0]["department"] == "byg"


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe{}", "not valid JSON"),
        (b"[]", "a JSON object was expected"),
        (b"3", "a JSON object was expected"),
        (b"{}", '"id" must be'),
        (b'{"id": null}', '"id" must be'),
        (b'{"id": 1, "body": 3}', '"body" must be a text'),
        (b'{"id": 1, "channel": "fax"}', '"channel" must be one of'),
        (b'{"id": 1, "sender_group": "alien"}', '"sender_group" must be one of'),
        (b'{"id": 1, "subject": ["x"]}', '"subject" must be a text'),
        (b'{"id": 1, "body": "\\ud800"}', "not valid JSON"),
        (b"{" * 2000, "not valid JSON"),
    ],
)
def test_a_bad_line_gets_its_number_and_the_others_are_still_routed(
    tmp_path: Path, bad: bytes, expected: str
) -> None:
    good = json.dumps(GOOD).encode()
    result, answers = run(tmp_path, [good, b"", bad, good])
    assert result.exit_code == 2
    assert [answer.get("id") for answer in answers] == ["a1", None, "a1"]
    assert answers[1]["line"] == 3
    assert expected in answers[1]["error"]


def test_missing_fields_and_strange_letters_are_routed_all_the_same(tmp_path: Path) -> None:
    lines = [
        b'{"id": 1}',
        b'\xef\xbb\xbf{"id": 2}',
        b'{"id": 3, "body": "\\u0000\\u202e byggetilladelse"}',
        b'{"id": 4, "body": "' + b"x" * 1_000_000 + b'"}',
        b'{"id": 5, "extra": {"a": 1}, "sender_group": null}',
    ]
    lines[0], lines[1] = lines[1], lines[0]
    result, answers = run(tmp_path, lines)
    assert result.exit_code == 0
    assert [answer["id"] for answer in answers] == [2, 1, 3, 4, 5]
    assert answers[2]["department"] == "byg"


def test_an_empty_file_has_no_answers(tmp_path: Path) -> None:
    result, answers = run(tmp_path, [])
    assert (result.exit_code, answers) == (0, [])


def test_one_text_is_explained_to_a_person() -> None:
    result = CliRunner().invoke(route, ["Der er hul i vejen", "--language", "da"])
    assert result.exit_code == 0
    assert result.output.startswith("vej  Vej, Trafik og Park")
    assert "by-text" in result.output
    assert "hul i vejen" in result.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "Give either a TEXT or --jsonl FILE"),
        (["x", "--menu", "nowhere"], "choose one of: borgerservice"),
        (["x", "--channel", "fax"], "is not one of"),
        (["--jsonl", "/no/such/file"], "No such file"),
        (["x", "--config", "/no/such/folder"], "does not exist"),
    ],
)
def test_wrong_use_is_explained(arguments: list[str], expected: str) -> None:
    result = CliRunner().invoke(route, arguments)
    assert result.exit_code in (1, 2)
    assert expected in result.output


def test_check_says_what_is_there_and_lists_every_problem(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    write_starting_configuration(folder)
    good = CliRunner().invoke(rules, ["check", "--config", str(folder)])
    assert good.exit_code == 0
    assert "3 departments" in good.output
    (folder / "rules.yaml").write_text("rules: []\n")
    (folder / "hours.yaml").write_text("calendars: []\n")
    bad = CliRunner().invoke(rules, ["check", "--config", str(folder)])
    assert bad.exit_code == 1
    assert "rules.yaml:1:8: the default is missing" in bad.output
    assert "hours.yaml:1:12: at least one calendar is needed" in bad.output
