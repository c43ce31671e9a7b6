"""Refusals that a program can read (RFC 9457), and JSON in and out."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

import orjson
from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from channels.http.explain import explain
from channels.http.language import api_language
from channels.i18n import SHARED, to_translate

_PROBLEM_TYPE: Final = "application/problem+json"
_JSON_TYPE: Final = "application/json"

_NOT_JSON: Final = to_translate("Send the body as JSON, with Content-Type: application/json.")
_MALFORMED: Final = to_translate("The body is not valid JSON in UTF-8: {reason}.")
_DOES_NOT_FIT: Final = to_translate("Some fields do not fit; see errors.")

Model = TypeVar("Model", bound=BaseModel)


class Problem(Exception):
    """A refusal with its status; becomes problem+json or a page, as the client reads."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.extra = extra


def problem(
    status: int,
    code: str,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> web.Response:
    """An `application/problem+json` answer. `code` is static; `detail` is for people."""
    body: dict[str, Any] = {
        "type": f"urn:indgang:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
    }
    if detail:
        body["detail"] = detail
    body.update(extra)
    return web.Response(
        body=orjson.dumps(body, option=orjson.OPT_UTC_Z),
        status=status,
        headers=headers,
        content_type=_PROBLEM_TYPE,
    )


def json_response(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """`data` as JSON. Datetimes are written in ISO 8601 with `Z`."""
    return web.Response(
        body=orjson.dumps(data, option=orjson.OPT_UTC_Z),
        status=status,
        headers={hdrs.CONTENT_TYPE: _JSON_TYPE, **(headers or {})},
    )


async def json_body(request: web.Request, model: type[Model]) -> Model:
    """The request's body as `model`.

    Raises `Problem`: 415 for another content type, 400 for what is not JSON, 422
    naming each field that does not fit. aiohttp answers 413 for one too large.
    """
    if request.content_type != _JSON_TYPE:
        raise Problem(415, "not_json", SHARED.gettext(api_language(request))(_NOT_JSON))
    return parse_json(await request.read(), model, api_language(request))


def parse_json(raw: bytes, model: type[Model], language: str) -> Model:
    """`raw` as `model`; raises `Problem` 400 or 422 as `json_body` does."""
    try:
        return model.model_validate_json(raw)
    except ValidationError as failure:
        raise _refusal(failure, language) from None


def _refusal(failure: ValidationError, language: str) -> Problem:
    _ = SHARED.gettext(language)
    found = failure.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        reason = str(found[0].get("ctx", {}).get("error", ""))
        return Problem(400, "malformed_json", _(_MALFORMED).format(reason=reason))
    errors = [
        {"pointer": _pointer(error["loc"]), "code": error["type"], "detail": explain(error, _)}
        for error in found
    ]
    return Problem(422, "does_not_fit", _(_DOES_NOT_FIT), errors=errors)


def _pointer(location: tuple[int | str, ...]) -> str:
    """JSON Pointer (RFC 6901) to the field."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)
