"""What every page and API of the house shares: frame, refusals, headers, languages."""

from __future__ import annotations

from aiohttp import web

from channels.http import errors, headers, pages, request_id, statics
from channels.http.language import api_language, page_language
from channels.http.origin import refuse_cross_site
from channels.http.pages import render
from channels.http.problem import Problem, json_body, json_response, problem
from channels.keys import HOUSE
from router.house import House

__all__ = [
    "BODY_LIMIT",
    "Problem",
    "api_language",
    "json_body",
    "json_response",
    "page_language",
    "problem",
    "refuse_cross_site",
    "render",
    "setup",
]

BODY_LIMIT = 1024 * 1024
"""Bytes of the largest request body; larger ones are refused with 413.

`router.app` gives it to `web.Application(client_max_size=...)`.
"""


def setup(app: web.Application, house: House) -> None:
    """Call once, before the channels' own `setup`."""
    app[HOUSE] = house
    # The first is outermost.
    app.middlewares.append(request_id.name_request)
    app.middlewares.append(errors.answer_errors)
    headers.setup(app, house)
    statics.setup(app)
    pages.setup(app)
