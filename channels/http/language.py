"""In which language a request is answered."""

from __future__ import annotations

from aiohttp import hdrs, web

from channels.i18n import DANISH, ENGLISH, spoken_language


def page_language(request: web.Request) -> str:
    """For pages: Danish unless the address says `?lang=en`.

    The choice travels in the page's own links and forms; nothing is stored with
    the citizen. A browser's language is no choice: most are set up in English.
    """
    return ENGLISH if request.query.get("lang") == ENGLISH else DANISH


def api_language(request: web.Request) -> str:
    """For programs: the first language of `Accept-Language`; Danish without one."""
    accepted = request.headers.get(hdrs.ACCEPT_LANGUAGE)
    if not accepted:
        return DANISH
    first = accepted.split(",", 1)[0].split(";", 1)[0].strip()
    return DANISH if first == "*" else spoken_language(first)
