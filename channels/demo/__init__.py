"""The demo: a phone simulator and a mailbox, so that everything can be tried here.

Only set up when `settings.demo`; never with real citizens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web

from channels.demo import mailbox, phone
from channels.http import page_language, render
from channels.i18n import SHARED, Catalogue
from router.house import House

_TEXTS: Final = Catalogue(Path(__file__).parent / "locale_mail", SHARED)


def setup(app: web.Application, house: House) -> None:
    """Add the demo's pages and its mail server."""
    app.router.add_get("/demo", show)
    phone.setup(app, house)
    mailbox.setup(app, house)


async def show(request: web.Request) -> web.Response:
    """`GET /demo`: what there is to try."""
    return render(
        request, "demo/index.html", {"t": _TEXTS.gettext(page_language(request)), "here": "demo"}
    )
