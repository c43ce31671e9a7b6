"""Typed keys under which the web application keeps what every handler needs."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from router.house import House

HOUSE: Final = web.AppKey("house", House)
