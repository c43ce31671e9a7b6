"""Style sheets, scripts, fonts and pictures, served by ourselves.

`channels/static` is `/static/…`; a channel's own `channels/<channel>/static` is
`/static/<channel>/…`. Addresses made by `address_of` carry a digest of the
content, so a browser may keep them for a year and still sees every change.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from aiohttp import web

_CHANNELS: Final = Path(__file__).parent.parent
_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"
_FOR_A_DAY: Final = "public, max-age=86400"


def setup(app: web.Application) -> None:
    """Serve every channel's static files."""
    for folder in sorted(_CHANNELS.glob("*/static")):
        app.router.add_static(f"/static/{folder.parent.name}", folder)
    app.router.add_static("/static", _CHANNELS / "static")


def for_how_long(request: web.Request, response: web.StreamResponse) -> str | None:
    """`Cache-Control` of a static file; None for everything else."""
    if not request.path.startswith("/static/") or response.status not in (200, 206, 304):
        return None
    return _FOR_A_YEAR if "v" in request.query else _FOR_A_DAY


@lru_cache(maxsize=256)
def address_of(path: str) -> str:
    """The address of the static file `path`, e.g. `site.css` or `desk/desk.js`.

    Raises `FileNotFoundError` when there is none: a template's mistake.
    """
    channel, _, rest = path.partition("/")
    own = _CHANNELS / channel / "static" / rest
    file = own if rest and own.is_file() else _CHANNELS / "static" / path
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"
