"""`GET /api/v1/openapi.json`: the public API described in OpenAPI 3.1, from its own models."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import orjson
from aiohttp import hdrs, web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from channels.keys import HOUSE
from channels.web.api import CODE_HEADER, KEY_HEADER, MAX_KEY
from channels.web.models import (
    ContactAnswer,
    MessageAnswer,
    NewContact,
    NewMessage,
    NewTime,
    ProblemAnswer,
    ReceiptAnswer,
    SlotsAnswer,
)
from channels.web.slots import MOST_DAYS, USUAL_DAYS

_READ: Final = (NewContact, NewMessage, NewTime)
_ANSWERED: Final = (ReceiptAnswer, ContactAnswer, MessageAnswer, SlotsAnswer, ProblemAnswer)
_SCHEMAS: Final = "#/components/schemas/{model}"
_REFUSALS: Final = {
    400: "The body is not JSON, or Idempotency-Key is not usable.",
    401: "The access code is missing.",
    404: "No contact has that reference and access code; or there is no such department.",
    409: "No call is promised, it has ended, or the time was taken; see code and next.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "A field does not fit, or Idempotency-Key was used for another content.",
    429: "Too many wrong access codes; see Retry-After.",
    503: "The records cannot be reached; see Retry-After. Nothing was kept: send it again.",
}

_REFERENCE: Final = {
    "name": "reference",
    "in": "path",
    "required": True,
    "description": "Nine digits, with or without blanks between the threes.",
    "schema": {"type": "string", "examples": ["482031957"]},
}
_LANGUAGE: Final = {
    "name": hdrs.ACCEPT_LANGUAGE,
    "in": "header",
    "required": False,
    "description": "Danish (default) or English, for the sentences of the answer.",
    "schema": {"type": "string", "examples": ["da", "en"]},
}
_KEY: Final = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "The same key with the same body is the same request, however often it is "
    "sent, and gets the same answer. With another body it is refused with 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
}
_CALL: Final = {
    "name": "call",
    "in": "query",
    "required": False,
    "description": "Which call, as the contact's promises number them. Needed only where several "
    "are promised, one for each topic; without it they are refused with 409.",
    "schema": {"type": "integer", "minimum": 1},
}
_SLOTS: Final = (
    {
        "name": "department",
        "in": "query",
        "required": True,
        "description": "Id of the department.",
        "schema": {"type": "string", "examples": ["byg"]},
    },
    {
        "name": "from",
        "in": "query",
        "required": False,
        "description": "A day (2026-11-24) or a moment (2026-11-24T13:00:00+01:00); now when "
        "left out. At most 60 days ahead.",
        "schema": {"type": "string", "examples": ["2026-11-24"]},
    },
    {
        "name": "days",
        "in": "query",
        "required": False,
        "description": "How many days from there.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": USUAL_DAYS},
    },
)


def describe(title: str, server: str) -> dict[str, Any]:
    """The description as a document; `server` is our public address."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": _version(),
            "license": {"name": "MPL-2.0", "identifier": "MPL-2.0"},
            "description": "Make a contact (henvendelse), follow it, add to it. "
            "Every refusal is application/problem+json (RFC 9457).",
        },
        "servers": [{"url": server or "/"}],
        "paths": {
            "/api/v1/contacts": {
                "post": {
                    "operationId": "makeContact",
                    "summary": "Make a contact",
                    "parameters": [_KEY, _LANGUAGE],
                    "requestBody": _body(NewContact),
                    "responses": _answers(201, ReceiptAnswer, 400, 413, 415, 422, 503),
                }
            },
            "/api/v1/contacts/{reference}": {
                "get": {
                    "operationId": "showContact",
                    "summary": "Follow a contact",
                    "security": [{"accessCode": []}],
                    "parameters": [_REFERENCE, _LANGUAGE],
                    "responses": _answers(200, ContactAnswer, 401, 404, 429, 503),
                }
            },
            "/api/v1/contacts/{reference}/callback": {
                "post": {
                    "operationId": "changeCallback",
                    "summary": "Change the time of the call that was promised",
                    "description": "Sent twice it is changed once. What was promised before "
                    "stays as it was when the time cannot be promised.",
                    "security": [{"accessCode": []}],
                    "parameters": [_REFERENCE, _CALL, _LANGUAGE],
                    "requestBody": _body(NewTime),
                    "responses": _answers(
                        200, MessageAnswer, 400, 401, 404, 409, 413, 415, 422, 429, 503
                    ),
                },
                "delete": {
                    "operationId": "withdrawCallback",
                    "summary": "Withdraw the call that was promised",
                    "description": "The contact itself stays open, and is answered in writing.",
                    "security": [{"accessCode": []}],
                    "parameters": [_REFERENCE, _CALL, _LANGUAGE],
                    "responses": _answers(200, MessageAnswer, 401, 404, 409, 429, 503),
                },
            },
            "/api/v1/slots": {
                "get": {
                    "operationId": "showSlots",
                    "summary": "Times at which a department can promise to call",
                    "parameters": [*_SLOTS, _LANGUAGE],
                    "responses": _answers(200, SlotsAnswer, 404, 422, 503),
                }
            },
            "/api/v1/contacts/{reference}/messages": {
                "post": {
                    "operationId": "addMessage",
                    "summary": "Add a message to a contact",
                    "description": "A finished contact is opened again.",
                    "security": [{"accessCode": []}],
                    "parameters": [_REFERENCE, _KEY, _LANGUAGE],
                    "requestBody": _body(NewMessage),
                    "responses": _answers(
                        201, MessageAnswer, 400, 401, 404, 413, 415, 422, 429, 503
                    ),
                }
            },
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "accessCode": {"type": "apiKey", "in": "header", "name": CODE_HEADER}
            },
        },
    }


def setup(app: web.Application) -> None:
    """Add the route."""
    app.router.add_get("/api/v1/openapi.json", _show)


async def _show(request: web.Request) -> web.Response:
    house = request.app[HOUSE]
    document = orjson.dumps(describe(house.municipality.name, house.settings.public_base_url))
    return web.Response(
        body=document,
        content_type="application/json",
        headers={hdrs.CACHE_CONTROL: "public, max-age=300", "Access-Control-Allow-Origin": "*"},
    )


def _version() -> str:
    try:
        return version("indgang")
    except PackageNotFoundError:
        return "0"


def _schemas() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for models, mode in ((_READ, "validation"), (_ANSWERED, "serialization")):
        _, definitions = models_json_schema(
            [(model, mode) for model in models],  # type: ignore[misc]
            ref_template=_SCHEMAS,
        )
        made.update(definitions["$defs"])
    return made


def _schema(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _SCHEMAS.format(model=model.__name__)}


def _body(model: type[BaseModel]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _schema(model)}}}


def _answers(status: int, model: type[BaseModel], *refusals: int) -> dict[str, Any]:
    answers: dict[str, Any] = {
        str(status): {
            "description": model.__doc__ or "",
            "content": {"application/json": {"schema": _schema(model)}},
        }
    }
    for refusal in refusals:
        answers[str(refusal)] = {
            "description": _REFUSALS[refusal],
            "content": {"application/problem+json": {"schema": _schema(ProblemAnswer)}},
        }
    return answers
