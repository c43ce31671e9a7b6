"""JSON Schema of the rules, for editors that check and complete while one types.

Made from the same tables as the reader (FIELDS, OPERATORS, targets), with the
departments, caseworkers, flags and the rest of one configuration as choices. It
knows the form; whether a rule can be reached is the reader's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from router.model import Channel, Group
from router.rules.cases import PEOPLE, TEXTS, YES_NO
from router.rules.facts import ORDERED_KINDS
from router.rules.fields import (
    FIELDS,
    OPERATOR_MEANS,
    OPERATORS,
    SHORT,
    SINGLE,
    Field,
    Names,
)
from router.rules.reading import ROLES
from router.rules.rule import FOUND
from router.rules.targets import CASEWORKER_WORDS, DEPARTMENT_WORDS, SKIP_WORDS

if TYPE_CHECKING:
    from router.config import Municipality

Schema = dict[str, Any]

_ID: Final[Schema] = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9_-]{0,58}[a-z0-9])?$"}
_TEXT: Final[Schema] = {"type": ["string", "number"]}
"""YAML takes 3600 for a number; the reader takes it as it is written."""
_YES_NO: Final[Schema] = {"type": "boolean"}
_DEPARTMENT: Final[Schema] = {
    "anyOf": [{"$ref": "#/definitions/department"}, {"enum": list(DEPARTMENT_WORDS)}]
}


def schema_for(municipality: Municipality) -> Schema:
    """The schema of the rules of one municipality."""
    labels = municipality.rules.labels
    skills = {skill for person in municipality.caseworkers.values() for skill in person.skills}
    return schema_of(
        Names(
            departments=frozenset(labels["department"]),
            caseworkers=frozenset(labels["caseworker"]),
            flags=frozenset(labels["flag"]),
            authorities=frozenset(labels["authority"]),
            subjects=frozenset(labels["subject"]),
            lists=frozenset(labels["list"]),
            skills=frozenset(skills),
            add_phrase=lambda _item, written: written,
        )
    )


def schema_of(names: Names) -> Schema:
    """The schema as JSON can hold it (draft-07, which editors know best)."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Indgang: routing rules",
        "type": "object",
        "required": ["rules"],
        "additionalProperties": False,
        "properties": {
            "rules": {"type": "array", "items": {"$ref": "#/definitions/rule"}},
            "cases": {
                "description": "Examples for the whole table, each with its `rule`.",
                "type": "array",
                "items": {
                    "allOf": [{"$ref": "#/definitions/case"}, {"required": ["rule"]}],
                },
            },
        },
        "definitions": {
            **{name: _choice(values) for name, values in _named(names).items()},
            "rule": _rule(),
            "when": _when(names),
            "target": _target(),
            "case": _case(),
            "texts": {
                "type": "object",
                "required": ["da", "en"],
                "patternProperties": {"^[a-z]{2}$": {"type": "string"}},
                "additionalProperties": False,
            },
        },
    }


def _named(names: Names) -> dict[str, Iterable[str]]:
    """Lists of names that stand in the schema once, by what they name."""
    return {
        "department": names.departments,
        "caseworker": names.caseworkers,
        "flag": names.flags,
        "authority": names.authorities,
        "subject": names.subjects,
        "list": names.lists,
        "skill": names.skills,
    }


def _name(kind: str) -> Schema:
    return {"$ref": f"#/definitions/{kind}"}


def _rule() -> Schema:
    texts = {"$ref": "#/definitions/texts"}
    return {
        "type": "object",
        "required": ["id", "to", "why"],
        "oneOf": [{"required": ["when"]}, {"required": ["default"]}],
        "additionalProperties": False,
        "properties": {
            "id": _ID,
            "when": {"$ref": "#/definitions/when"},
            "default": {"const": True, "description": "The last rule, which takes what is left."},
            "to": {
                "anyOf": [
                    _DEPARTMENT,
                    {"$ref": "#/definitions/target"},
                    {
                        "type": "array",
                        "minItems": 1,
                        "items": {"anyOf": [_DEPARTMENT, {"$ref": "#/definitions/target"}]},
                    },
                ]
            },
            "priority": {"type": "integer", "minimum": 0, "maximum": 100},
            "role": {"enum": list(ROLES)},
            "promise": {
                "type": "object",
                "required": ["kind"],
                "oneOf": [{"required": ["within_hours"]}, {"required": ["within_days"]}],
                "additionalProperties": False,
                "properties": {
                    "kind": {"enum": [kind.value for kind in ORDERED_KINDS]},
                    "within_hours": {"type": "number", "minimum": 0.25, "maximum": 200},
                    "within_days": {"type": "integer", "minimum": 0, "maximum": 60},
                    "note": {"type": "string"},
                },
            },
            "forward_to": {"anyOf": [_name("authority"), {"const": FOUND}]},
            "tell": texts,
            "why": texts,
            "cases": {
                "type": "array",
                "items": {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/case"}]},
            },
            "note": {"type": "string"},
        },
    }


def _target() -> Schema:
    return {
        "type": "object",
        "required": ["department"],
        "additionalProperties": False,
        "properties": {
            "department": {**_DEPARTMENT, "description": _listed(DEPARTMENT_WORDS)},
            "caseworker": {
                "anyOf": [{"enum": list(CASEWORKER_WORDS)}, _name("caseworker")],
                "description": _listed(CASEWORKER_WORDS),
            },
            "skill": _name("skill"),
            "wait": {
                "type": "string",
                "pattern": r"^\s*(\d{1,3}\s*h)?\s*(\d{1,4}\s*m(in)?)?\s*$",
                "description": 'Working time before the next is asked: "2h", "30m", "1h 30m".',
            },
            "skip_if": {
                "description": _listed(SKIP_WORDS),
                **_one_or_many({"enum": list(SKIP_WORDS)}),
            },
            "deputy": {
                "type": "boolean",
                "description": "Whether the deputy department is asked when this one is skipped.",
            },
        },
    }


def _case() -> Schema:
    departments, people = _name("department"), _name("caseworker")
    flags = _one_or_many(_name("flag"))
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rule": _ID,
            **dict.fromkeys(TEXTS, _TEXT),
            **dict.fromkeys(YES_NO, _YES_NO),
            **dict.fromkeys(PEOPLE, people),
            "channel": {"enum": [channel.value for channel in Channel]},
            "group": {"enum": [group.value for group in Group]},
            "menu": departments,
            "open_department": departments,
            **dict.fromkeys(("absent", "off_duty", "full"), _one_or_many(people)),
            **dict.fromkeys(("closed", "full_departments"), _one_or_many(departments)),
            "department": departments,
            "caseworker": {"anyOf": [people, {"const": "none"}]},
            "flags": flags,
            "no_flags": flags,
            "note": {"type": "string"},
        },
    }


def _when(names: Names) -> Schema:
    inner = {"$ref": "#/definitions/when"}
    fields = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            **{name: _field(field, names) for name, field in FIELDS.items()},
            "all": {**inner, "description": "All of these must hold."},
            "any": {**inner, "description": "One of these must hold."},
            "not": {**inner, "description": "This must not hold."},
        },
    }
    return {"anyOf": [fields, {"type": "array", "items": inner}]}


def _field(field: Field, names: Names) -> Schema:
    value = _value(field, names)
    operators = {
        operator: {
            **_operand(operator, field, value),
            "description": OPERATOR_MEANS[operator],
        }
        for operator in OPERATORS[field.kind]
    }
    asked: list[Schema] = [
        value,
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": operators,
        },
    ]
    if field.kind not in ("yes/no", "number"):
        asked.append({"type": "array", "minItems": 1, "items": value})
    single, many = SHORT[field.kind]
    short = f"`{single}`" if single == many else f"`{single}`, of a list `{many}`"
    return {"description": f"{field.about}. A bare value means {short}.", "anyOf": asked}


def _value(field: Field, names: Names) -> Schema:
    if field.kind == "yes/no":
        return _YES_NO
    if field.kind == "number":
        return {"type": "number", "minimum": 0}
    if field.values is None:
        return _TEXT
    return _name(field.label) if field.label else _choice(field.values(names))


def _operand(operator: str, field: Field, value: Schema) -> Schema:
    if operator == "given":
        return dict(_YES_NO)
    if operator in SINGLE or field.kind in ("yes/no", "number"):
        return dict(_TEXT if operator == "matches" else value)
    return _one_or_many(value)


def _choice(values: Iterable[str]) -> Schema:
    known = sorted(values)
    # An empty list of choices would be no schema at all.
    return {"enum": known} if known else {"type": "string"}


def _one_or_many(value: Schema) -> Schema:
    return {"anyOf": [value, {"type": "array", "minItems": 1, "items": value}]}


def _listed(words: Mapping[str, str]) -> str:
    return "; ".join(f"{word}: {means}" for word, means in words.items())
