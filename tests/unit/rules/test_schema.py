"""The JSON Schema for editors: as it is made, and as the demo's rules fit it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from router.config import load
from router.rules.fields import FIELDS, OPERATOR_MEANS, OPERATORS
from router.rules.schema import schema_for
from router.rules.schema_command import as_text, schema

CONFIG = Path(__file__).parents[3] / "config"
FILE = CONFIG / "schema/rules.schema.json"
KEPT: dict[str, Any] = json.loads(FILE.read_text())


def fits(value: Any, wanted: dict[str, Any]) -> bool:
    """A validator of just the words of JSON Schema that ours uses; unknown ones fail."""
    return all(_KEYWORDS[name](value, part, wanted) for name, part in wanted.items())


def _properties(value: Any, part: dict[str, Any], _: dict[str, Any]) -> bool:
    return not isinstance(value, dict) or all(
        fits(value[name], inner) for name, inner in part.items() if name in value
    )


def _additional(value: Any, _: bool, wanted: dict[str, Any]) -> bool:
    patterns = wanted.get("patternProperties", {})
    return not isinstance(value, dict) or all(
        name in wanted.get("properties", {}) or any(re.search(p, name) for p in patterns)
        for name in value
    )


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def _type(value: Any, part: Any, _: dict[str, Any]) -> bool:
    names = [part] if isinstance(part, str) else part
    return any(
        isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
        for name in names
    )


_KEYWORDS: dict[str, Any] = {
    "$schema": lambda *_: True,
    "title": lambda *_: True,
    "description": lambda *_: True,
    "definitions": lambda *_: True,
    "$ref": lambda value, part, _: fits(value, KEPT["definitions"][part.split("/")[-1]]),
    "type": _type,
    "enum": lambda value, part, _: value in part,
    "const": lambda value, part, _: value == part,
    "anyOf": lambda value, part, _: any(fits(value, one) for one in part),
    "allOf": lambda value, part, _: all(fits(value, one) for one in part),
    "oneOf": lambda value, part, _: sum(fits(value, one) for one in part) == 1,
    "required": lambda value, part, _: not isinstance(value, dict) or set(part) <= set(value),
    "properties": _properties,
    "patternProperties": lambda value, part, _: (
        not isinstance(value, dict)
        or all(
            fits(inner, wanted)
            for name, inner in value.items()
            for pattern, wanted in part.items()
            if re.search(pattern, name)
        )
    ),
    "additionalProperties": _additional,
    "minProperties": lambda value, part, _: not isinstance(value, dict) or len(value) >= part,
    "items": lambda value, part, _: (
        not isinstance(value, list) or all(fits(one, part) for one in value)
    ),
    "minItems": lambda value, part, _: not isinstance(value, list) or len(value) >= part,
    "minimum": lambda value, part, _: not isinstance(value, int | float) or value >= part,
    "maximum": lambda value, part, _: not isinstance(value, int | float) or value <= part,
    "pattern": lambda value, part, _: not isinstance(value, str) or bool(re.search(part, value)),
}


def test_the_file_is_what_the_program_makes() -> None:
    made = as_text(schema_for(load(CONFIG)))
    assert FILE.read_text() == made, (
        "config/schema/rules.schema.json is behind:"
        " indgang rules schema > config/schema/rules.schema.json"
    )


def test_the_command_writes_it() -> None:
    result = CliRunner().invoke(schema, ["--config", str(CONFIG)])
    assert result.exit_code == 0
    assert json.loads(result.output)["definitions"].keys() == KEPT["definitions"].keys()
    wrong = CliRunner().invoke(schema, ["--config", "/no/such/folder"])
    assert wrong.exit_code == 1
    assert "does not exist" in wrong.output


def test_the_demo_rules_name_and_fit_it() -> None:
    text = (CONFIG / "rules.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=schema/rules.schema.json\n")
    rules = yaml.safe_load(text)
    for rule in rules["rules"]:
        assert fits(rule, KEPT["definitions"]["rule"]), rule["id"]
    assert fits(rules, KEPT)


@pytest.mark.parametrize(
    "when",
    [
        {"channel": "web"},
        {"channel": ["web", "sms"], "menu": {"given": True}},
        {"postal_code": {"starts_with": "36"}, "kle": ["02", "02.34"]},
        {"any": [{"open_now": False}, {"not": {"flags": {"has_none": ["complaint"]}}}]},
        {"confidence": {"at_least": 0.5}, "to": {"matches": "a.*"}, "says": ["rød bus"]},
        [{"topic": "byg"}, {"length": {"above": 10}}],
    ],
)
def test_conditions_that_fit(when: Any) -> None:
    assert fits(when, KEPT["definitions"]["when"])


@pytest.mark.parametrize(
    "when",
    [
        {}, {"chanel": "web"}, {"channel": "fax"}, {"channel": {"above": 3}}, {"channel": []},
        {"open_now": "yes"}, {"topic": "bygg"}, {"flags": ["complant"]}, {"confidence": "high"},
        {"caseworker_named": "nobody"}, {"menu": {"given": "yes"}}, {"not": "web"}, "web",
    ],
)  # fmt: skip
def test_conditions_that_do_not_fit(when: Any) -> None:
    assert not fits(when, KEPT["definitions"]["when"])


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"to": {"department": "byg", "caseworker": "named", "wait": "1h 30m"}}, True),
        ({"to": [{"department": "byg", "skip_if": ["full", "closed"]}, "from_text"]}, True),
        ({"to": []}, False),
        ({"to": {"department": "byg", "caseworker": "nobody-known"}}, False),
        ({"to": {"department": "byg", "skip_if": "busy"}}, False),
        ({"to": {"department": "byg", "wait": "soon"}}, False),
        ({"promise": {"kind": "answer", "within_days": 2}}, True),
        ({"promise": {"kind": "answer", "within_days": 2, "within_hours": 1}}, False),
        ({"priority": 101}, False),
        ({"default": True}, False),
        ({"why": {"da": "x"}}, False),
        ({"cases": ["x", {"text": "x", "open_now": False, "absent": "ole-skovlyng"}]}, True),
        ({"cases": [{"text": "x", "oepn_now": False}]}, False),
    ],
)
def test_rules_that_fit_and_do_not(change: dict[str, Any], good: bool) -> None:
    rule = {"id": "x", "when": {"channel": "web"}, "to": "byg", "why": {"da": "a", "en": "b"}}
    assert fits(rule | change, KEPT["definitions"]["rule"]) is good


def test_every_operator_of_every_fact_is_there() -> None:
    (asked, _) = KEPT["definitions"]["when"]["anyOf"]
    for name, field in FIELDS.items():
        with_operators = asked["properties"][name]["anyOf"][1]
        assert set(with_operators["properties"]) == set(OPERATORS[field.kind])
    assert {word for words in OPERATORS.values() for word in words} == set(OPERATOR_MEANS)
