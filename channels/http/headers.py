"""Headers that keep pages safe. Set when a response is sent, so refusals have them too."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web
from multidict import istr

from channels.http.request_id import HEADER, REQUEST_ID
from channels.http.statics import for_how_long
from router.house import House

# No inline script or style anywhere, nothing from other hosts, never framed.
_PAGE: Final = (
    (
        istr("Content-Security-Policy"),
        "default-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'; object-src 'none'",
    ),
    # `no-referrer` would make the browser send `Origin: null` with our own forms.
    (istr("Referrer-Policy"), "same-origin"),
    (istr("X-Content-Type-Options"), "nosniff"),
    (istr("X-Frame-Options"), "DENY"),
    (istr("Cross-Origin-Opener-Policy"), "same-origin"),
    (istr("Cross-Origin-Resource-Policy"), "same-origin"),
    (
        istr("Permissions-Policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
)
_DATA: Final = (
    (istr("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'"),
    (istr("X-Content-Type-Options"), "nosniff"),
)
_HTTPS_ONLY: Final = ((istr("Strict-Transport-Security"), "max-age=31536000; includeSubDomains"),)


def setup(app: web.Application, house: House) -> None:
    """Set the headers on every response of `app`."""
    secure = house.settings.public_base_url.startswith("https://")
    page = _PAGE + (_HTTPS_ONLY if secure else ())
    data = _DATA + (_HTTPS_ONLY if secure else ())

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        is_page = headers.get(hdrs.CONTENT_TYPE, "").startswith("text/html")
        for name, value in page if is_page else data:
            headers.setdefault(name, value)
        if (keep := for_how_long(request, response)) is not None:
            headers[hdrs.CACHE_CONTROL] = keep
        else:
            # What we answer is about a person unless a handler says otherwise.
            headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        # Which programs and versions we run is nobody's business.
        headers.pop(hdrs.SERVER, None)
        request_id = request.get(REQUEST_ID)
        if request_id is not None:
            headers[HEADER] = request_id

    app.on_response_prepare.append(add_headers)
