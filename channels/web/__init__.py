"""The web: the citizen's form, receipt and status pages, and the public API."""

from __future__ import annotations

from aiohttp import web

from channels.web import api, callback, entrance, information, openapi, slots, status, times
from channels.web.limits import WRONG_CODES, WrongCodes
from channels.web.passes import PASSES, Passes
from router.house import House


def setup(app: web.Application, house: House) -> None:
    """Add the routes of the web channel."""
    app[WRONG_CODES] = WrongCodes(house.redis)
    app[PASSES] = Passes(house.ledger, house.clock)
    api.setup(app)
    callback.setup(app)
    slots.setup(app)
    openapi.setup(app)
    entrance.setup(app)
    status.setup(app)
    times.setup(app)
    information.setup(app)
