"""Middleware: whatever goes wrong becomes a clear answer, told apart by whose fault it is."""

from __future__ import annotations

import traceback
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from channels.http.explain import say
from channels.http.language import api_language, page_language
from channels.http.pages import render
from channels.http.problem import Problem, problem
from channels.http.request_id import REQUEST_ID
from channels.i18n import SHARED, to_translate
from router.errors import Conflict, KeyReused, LedgerAway, NotFound, SenderError

log = structlog.get_logger(__name__)

RETRY_AFTER: Final = "10"
"""Seconds after which a client may try again when PostgreSQL is away."""

_WORDS: Final = {
    400: to_translate("The request could not be understood."),
    401: to_translate("You need to log in first."),
    403: to_translate("You do not have access to this."),
    404: to_translate("There is nothing at this address."),
    405: to_translate("This address does not take that kind of request."),
    409: to_translate("Something has changed in the meantime. Please look again."),
    413: to_translate("What you sent is too large."),
    415: to_translate("What you sent is of a kind that we cannot read here."),
    422: to_translate("Something in what you sent does not fit."),
    429: to_translate("Too many attempts. Please wait a little and try again."),
    500: to_translate("Something went wrong with us. Please try again, or call us."),
    503: to_translate("We cannot reach our records right now. Please try again in a moment."),
}

_PASSED_ON: Final[tuple[str, ...]] = (hdrs.ALLOW, hdrs.RETRY_AFTER, hdrs.WWW_AUTHENTICATE)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as problem+json to programs and as a page to people."""
    try:
        return await handler(request)
    except Problem as refusal:
        return _answer(
            request,
            refusal.status,
            refusal.code,
            refusal.detail,
            headers=dict(refusal.headers or {}),
            **refusal.extra,
        )
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        code = HTTPStatus(answer.status).name.lower()
        return _answer(request, answer.status, code, headers=_kept(answer))
    except web.RequestPayloadError:
        # Not the length, chunks or compression that its headers say.
        return _answer(request, 400, "unreadable_body")
    except SenderError as error:
        # The router's own words are English and for us; what a person reads is translated.
        language = page_language(request) if wants_page(request) else api_language(request)
        known = say(error.code, SHARED.gettext(language))
        detail = error.detail if error.detail != error.code else ""
        return _answer(request, _status_of(error), error.code, known or detail)
    except LedgerAway:
        log.warning("ledger_away", path=_route(request))
        return _answer(request, 503, "ledger_away", headers={"Retry-After": RETRY_AFTER})
    except Exception as error:
        # The message and the values of an exception may hold what a citizen wrote.
        where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(
            error.__traceback__
        )]  # fmt: skip
        log.error(
            "request_failed", error=type(error).__name__, path=_route(request), where=where[-6:]
        )
        return _answer(request, 500, "internal")


def _status_of(error: SenderError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, KeyReused):
        return 422
    if isinstance(error, Conflict):
        return 409
    return 422


def _kept(answer: web.HTTPException) -> dict[str, str]:
    return {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}


def _route(request: web.Request) -> str:
    """The pattern of the address, not the address: references are not logged."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def wants_page(request: web.Request) -> bool:
    """A person with a browser, rather than a program."""
    return not request.path.startswith("/api/") and "text/html" in request.headers.get(
        hdrs.ACCEPT, ""
    )


def _answer(
    request: web.Request,
    status: int,
    code: str,
    detail: str = "",
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> web.StreamResponse:
    as_page = wants_page(request)
    language = page_language(request) if as_page else api_language(request)
    translate = SHARED.gettext(language)
    detail = detail or say(code, translate) or translate(_WORDS.get(status, _WORDS[400]))
    if not as_page:
        return problem(status, code, detail, headers=headers, **extra)
    context = {"status": status, "detail": detail, "request_id": request.get(REQUEST_ID, "")}
    response = render(request, "problem.html", context, status=status)
    response.headers.update(headers or {})
    return response
