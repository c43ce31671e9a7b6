"""Accessibility statement and privacy text."""

from __future__ import annotations

from aiohttp import web

from channels.http import render


def setup(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_get("/tilgaengelighed", accessibility)
    app.router.add_get("/privatliv", privacy)


async def accessibility(request: web.Request) -> web.Response:
    """`GET /tilgaengelighed` (webtilgængelighedsloven § 4)."""
    return render(request, "web/accessibility.html")


async def privacy(request: web.Request) -> web.Response:
    """`GET /privatliv` (GDPR articles 13 and 15)."""
    return render(request, "web/privacy.html")
