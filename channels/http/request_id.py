"""Middleware: every request has an id, so that a citizen's complaint finds its log lines."""

from __future__ import annotations

import itertools
import os
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import istr

REQUEST_ID: Final = web.RequestKey("request_id", str)
HEADER: Final = istr("X-Request-Id")

_PROCESS: Final = f"{os.urandom(4).hex()}-"
"""Tells processes apart; the number tells the requests of one."""
_numbers: Final = itertools.count(1)


@web.middleware
async def name_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id of our own; one sent by a stranger is never logged."""
    request_id = f"{_PROCESS}{next(_numbers):x}"
    request[REQUEST_ID] = request_id
    # Bound until the connection's next request binds its own.
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return await handler(request)
