"""Pages: Jinja2 templates with the catalogue of the channel that they belong to.

`base.html` is in channels/templates. A channel's own template
`channels/<channel>/templates/x.html` is rendered as `<channel>/x.html`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web

from channels import wording
from channels.http.language import page_language
from channels.http.statics import address_of
from channels.i18n import DANISH, ENGLISH, current_gettext, current_ngettext, speaking
from channels.keys import HOUSE

_CHANNELS: Final = Path(__file__).parent.parent
_KEPT_TOGETHER: Final = re.compile(r"(?<=\bkl\.) (?=\d)|(?<=\d\d) (?=\d\d\b)")


def setup(app: web.Application) -> None:
    """Find every channel's templates."""
    own = {
        folder.parent.name: jinja2.FileSystemLoader(folder)
        for folder in sorted(_CHANNELS.glob("*/templates"))
    }
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(_CHANNELS / "templates"), jinja2.PrefixLoader(own)]
        ),
        extensions=["jinja2.ext.i18n"],
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        current_gettext, current_ngettext, newstyle=True
    )
    environment.globals["static"] = address_of
    environment.filters["phone"] = wording.say_phone
    environment.filters["reference"] = wording.grouped_reference
    environment.filters["unbroken"] = _unbroken


def render(
    request: web.Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    language: str | None = None,
) -> web.Response:
    """Render `template` as a page.

    Beside `context` a template has `language`, `municipality`, `link(path)` (an
    address of ours that keeps the language), `other_language` (the address of
    this page in the other language), `static(path)`, `_`, and the filters
    `phone`, `reference` and `unbroken` (no line break within a time or a phone
    number); and the functions `say_time`, `say_date`, `say_clock`,
    `say_window` in its language.
    """
    house = request.app[HOUSE]
    language = language or page_language(request)
    zone = house.municipality.zone
    now = house.clock.now()

    def link(path: str) -> str:
        return path if language == DANISH else f"{path}?lang={language}"

    values: dict[str, Any] = {
        "language": language,
        "municipality": house.municipality,
        "settings": house.settings,
        "now": now,
        "link": link,
        "other_language": _in_other_language(request, language),
        "say_time": lambda at: wording.say_time(at, language, zone, now),
        "say_date": lambda at: wording.say_date(at, language, zone, now),
        "say_clock": lambda at: wording.say_clock(at, language, zone),
        "say_window": lambda start, due: wording.say_window(start, due, language, now, zone),
        **(context or {}),
    }
    channel = template.split("/", 1)[0] if "/" in template else ""
    with speaking(channel, language):
        text = aiohttp_jinja2.render_string(template, request, values)
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def _unbroken(text: str) -> str:
    return _KEPT_TOGETHER.sub("\u00a0", text)


def _in_other_language(request: web.Request, language: str) -> str:
    query = {key: value for key, value in request.query.items() if key != "lang"}
    if language == DANISH:
        query["lang"] = ENGLISH
    return f"{request.path}?{urlencode(query)}" if query else request.path
