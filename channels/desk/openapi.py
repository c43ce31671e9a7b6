"""`/api/v1/staff/openapi.json`: the staff API described from the models it really uses."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from channels.desk import api_models, indicator_models, plan_models
from channels.desk.api import ACTING_HEADER, CONTACT_STEPS, PROMISE_STEPS
from channels.desk.plan_actions import MEETING_STEPS, PART_STEPS, SUMMARIES
from channels.http import json_response

_SCHEMAS: Final = "#/components/schemas/{model}"
_SUMMARIES: Final = {
    "accept": "Take over a contact that is offered",
    "offer": "Offer a contact to another department or caseworker",
    "forward": "Hand over to another department: the same as offer in this version",
    "note": "Write a note on the timeline",
    "close": "Close with an outcome",
    "unreachable": "Tell the citizen in writing that we have tried to reach them in vain",
    "coordinator": "Say who coordinates for the citizen",
    "claim": "Take a promise and its contact",
    "attempt": "Say what came of an attempt to keep a promise",
    "reschedule": "Agree on a new window",
    "withdraw": "The citizen no longer wants what was promised",
}


async def openapi(_: web.Request) -> web.StreamResponse:
    """The description itself."""
    return json_response(description())


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """OpenAPI 3.1 of the staff API."""
    models = [
        model
        for model in (vars(api_models) | vars(plan_models) | vars(indicator_models)).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and model is not BaseModel
    ]
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template=_SCHEMAS
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Indgang staff API",
            "version": "1",
            "description": (
                "For the desk and for machines. A machine sends the staff token as "
                "`Authorization: Bearer`; a session (cookie) sends `X-CSRF-Token` when it "
                "changes something. CPR numbers in texts are masked."
            ),
        },
        "security": [{"token": []}, {"session": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "indgang_desk"},
            },
            "schemas": schemas["$defs"],
        },
    }


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {
        "/api/v1/staff/contacts": _get(
            "A page of contacts, newest first",
            "ContactPage",
            ("state", "department", "owner", "cursor", "limit"),
        ),
        "/api/v1/staff/contacts/{reference}": _get(
            "A contact with its timeline, decisions, promises, effects and files",
            "ContactViewOut",
            (),
            "reference",
        ),
        "/api/v1/staff/contacts/{reference}/files/{file}": {
            "get": {
                "summary": "A file that came with the contact",
                "parameters": [_in_path("reference"), _in_path("file")],
                "responses": {
                    "200": {
                        "description": "The file",
                        "content": {"application/octet-stream": {}},
                    },
                    "default": _problem(),
                },
            }
        },
        "/api/v1/staff/promises": _get(
            "A page of promises by due time; open ones unless `state` says otherwise",
            "PromisePage",
            ("due_before", "state", "department", "owner", "kind", "cursor", "limit"),
        ),
        "/api/v1/staff/indicators": _get(
            "Promises kept, waiting, repeats and fairness of some days (docs/indicators.md)",
            "IndicatorsOut",
            ("from", "until", "department", "by"),
        ),
        "/api/v1/staff/events": {
            "get": {
                "summary": "Changes as they happen (server-sent events)",
                "description": (
                    "`connected` first, then `contacts` with the references that changed, or "
                    "`reset`: look at everything again. Comments keep the line alive. "
                    "`Last-Event-ID` is honoured."
                ),
                "parameters": [_in_query("reference")],
                "responses": {
                    "200": {"description": "The stream", "content": {"text/event-stream": {}}},
                    "default": _problem(),
                },
            }
        },
    }
    for step, (model, _) in CONTACT_STEPS.items():
        paths[f"/api/v1/staff/contacts/{{reference}}/{step}"] = _post(
            _SUMMARIES.get(step) or SUMMARIES[step], model.__name__, "ContactViewOut", "reference"
        )
    for step, (model, _) in PROMISE_STEPS.items():
        paths[f"/api/v1/staff/promises/{{id}}/{step}"] = _post(
            _SUMMARIES.get(step) or SUMMARIES[step], model.__name__, "PromiseOut", "id"
        )
    for step, (model, _) in PART_STEPS.items():
        paths[f"/api/v1/staff/parts/{{id}}/{step}"] = _post(
            SUMMARIES[step], model.__name__, "PartOut", "id"
        )
    for step, (model, _) in MEETING_STEPS.items():
        paths[f"/api/v1/staff/meetings/{{id}}/{step}"] = _post(
            SUMMARIES[step], model.__name__, "MeetingOut", "id"
        )
    return paths


def _get(summary: str, model: str, query: tuple[str, ...], path: str = "") -> dict[str, Any]:
    parameters = [_in_query(name) for name in query] + ([_in_path(path)] if path else [])
    return {"get": {"summary": summary, "parameters": parameters, "responses": _responses(model)}}


def _post(summary: str, body: str, answer: str, path: str) -> dict[str, Any]:
    return {
        "post": {
            "summary": summary,
            "parameters": [
                _in_path(path),
                {"name": ACTING_HEADER, "in": "header", "schema": {"type": "string"}},
            ],
            "requestBody": {"content": {"application/json": {"schema": _schema(body)}}},
            "responses": _responses(answer),
        }
    }


def _responses(model: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _schema(model)}}
    return {"200": {"description": "As it is now", "content": content}, "default": _problem()}


def _problem() -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _schema("Problem")}}
    return {"description": "A problem (RFC 9457)", "content": content}


def _schema(model: str) -> dict[str, str]:
    return {"$ref": _SCHEMAS.format(model=model)}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}}
