"""The API's description holds together, and says what the code does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels.web.models import NewContact, ReceiptAnswer
from channels.web.openapi import describe

DOCUMENT = describe("Prøve Kommune", "https://indgang.example")


def values_in(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for inner in part.values():
            yield from values_in(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from values_in(inner)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert DOCUMENT["info"]["title"]
    assert DOCUMENT["info"]["version"]
    assert DOCUMENT["servers"] == [{"url": "https://indgang.example"}]


def test_every_reference_leads_somewhere() -> None:
    references = [part["$ref"] for part in values_in(DOCUMENT) if "$ref" in part]
    assert len(references) > 10
    for reference in references:
        part = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
        assert part


@pytest.mark.parametrize(("path", "method", "operation"), operations())
def test_every_operation_is_whole(path: str, method: str, operation: dict[str, Any]) -> None:
    named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
    assert named == ({"reference"} if "{reference}" in path else set())
    assert ("requestBody" in operation) == (method == "post")
    assert operation["operationId"]
    assert any(status.startswith("2") for status in operation["responses"])
    for status, answer in operation["responses"].items():
        kind = "application/json" if status.startswith("2") else "application/problem+json"
        assert list(answer["content"]) == [kind]
        assert answer["description"]


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)


def test_what_comes_in_is_closed_and_what_goes_out_is_named() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["NewContact"]["additionalProperties"] is False
    assert schemas["NewContact"]["required"] == ["text"]
    assert set(schemas["NewContact"]["properties"]) == set(NewContact.model_fields)
    assert "from" in schemas["Callback"]["properties"]
    assert {"reference", "access_code", "department", "owner", "promise"} <= set(
        ReceiptAnswer.model_fields
    )
