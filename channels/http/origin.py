"""A form of ours is sent from a page of ours."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from channels.http.language import page_language
from channels.http.problem import Problem
from channels.i18n import SHARED
from channels.keys import HOUSE

_OUR_OWN: Final = frozenset({"same-origin", "none"})


def refuse_cross_site(request: web.Request) -> None:
    """Raise `Problem` 403 when a browser says that another site sent this request.

    Browsers tell with `Sec-Fetch-Site`, older ones with `Origin`. A client that
    sends neither is no browser and carries nobody's session.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        allowed = site in _OUR_OWN
    elif (origin := request.headers.get(hdrs.ORIGIN)) is not None:
        ours = {request.host, urlsplit(request.app[HOUSE].settings.public_base_url).netloc}
        allowed = urlsplit(origin).netloc in ours
    else:
        allowed = True
    if not allowed:
        _ = SHARED.gettext(page_language(request))
        raise Problem(
            403, "cross_site", _("The form was sent from another website. Please use our own page.")
        )
