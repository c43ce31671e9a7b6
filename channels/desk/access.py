"""The doors to the desk: sessions, tokens for machines, and CSRF.

Every route goes through `Access.page`, `Access.api` or (log-in itself)
`Access.open_page`; there is no other way to a handler. Sessions live in Redis
and end after a working day. Without Redis nobody can be recognised: the answer
is then a plain 503 that keeps what was written, never an open door.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from aiohttp import web
from aiohttp_session import Session
from aiohttp_session.redis_storage import RedisStorage
from redis.exceptions import RedisError

from channels.desk.people import MACHINE, STAFF, Staff, find_staff
from channels.desk.screen import address, show
from channels.http import Problem, page_language, problem
from router.errors import LedgerAway
from router.house import House

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE: Final = "indgang_desk"
SESSION: Final = web.RequestKey("desk_session", Session)
CHANGED: Final = web.RequestKey("desk_session_changed", bool)
SESSION_SECONDS: Final = 12 * 3600
_VISIT_SECONDS: Final = 3600
"""How long the log-in form may stand open."""
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = frozenset({"GET", "HEAD"})
_RETRY_AFTER: Final = "10"
_WRITTEN: Final = frozenset(
    {"note", "text", "reason", "words", "subject", "name", "send", "about", "place"}
    | {f"title-{row}" for row in range(1, 6)}
)
"""Form fields that somebody may have spent time on."""


class Access:
    """The three doors."""

    def __init__(self, house: House) -> None:
        self._house = house
        # The library's storage without its middleware: that one would look at every
        # request of the application, and only the desk has sessions.
        self._storage = RedisStorage(
            house.redis,
            cookie_name=COOKIE,
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=house.settings.public_base_url.startswith("https:"),
            key_factory=lambda: secrets.token_urlsafe(32),
        )

    def open_page(self, handler: Handler) -> Handler:
        """A page for those not logged in. Its forms carry a token too."""

        async def inside(request: web.Request) -> web.StreamResponse:
            if request.method not in _SAFE:
                session = await self._session(request)
                if not await _form_fits(request, str(session.get("csrf", ""))):
                    return await _not_saved(request, 403, "stale_form")
            return await handler(request)

        return self._with_session(inside, _sessions_away_page)

    def page(self, handler: Handler) -> Handler:
        """A page for staff. Others are sent to log-in; what they wrote is shown to them."""

        async def inside(request: web.Request) -> web.StreamResponse:
            staff = await self._person(request)
            if staff is None:
                return await _log_in_first(request)
            request[STAFF] = staff
            if request.method in _SAFE:
                return await handler(request)
            if not await _form_fits(request, staff.csrf):
                return await _not_saved(request, 403, "stale_form")
            try:
                return await handler(request)
            except LedgerAway:
                log.warning("desk_ledger_away")
                return await _not_saved(request, 503, "ledger_away")

        return self._with_session(inside, _sessions_away_page)

    def api(self, handler: Handler) -> Handler:
        """For machines with the token, and for the desk's own pages with a session."""

        async def with_session(request: web.Request) -> web.StreamResponse:
            staff = await self._person(request)
            if staff is None:
                return _not_logged_in()
            if request.method not in _SAFE and not _same(
                request.headers.get(CSRF_HEADER, ""), staff.csrf
            ):
                return problem(
                    403, "csrf_token_missing", f"A session needs the header {CSRF_HEADER}."
                )
            request[STAFF] = staff
            return await handler(request)

        guarded = self._with_session(with_session, _sessions_away_api)

        async def inside(request: web.Request) -> web.StreamResponse:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if not scheme:
                return await guarded(request)
            if scheme.lower() != "bearer" or not self.token_fits(token.strip()):
                log.info("staff_token_refused")
                return _not_logged_in()
            request[STAFF] = Staff(MACHINE, "", "", None, machine=True)
            return await handler(request)

        return inside

    def token_fits(self, given: str) -> bool:
        """Whether `given` is the staff token; compared in constant time."""
        expected = self._house.settings.staff_token
        return expected is not None and _same(given, expected)

    async def log_in(self, request: web.Request, person: str) -> None:
        """Begin a session with a new identity: one that was planted is worth nothing."""
        await self._forget(await self._session(request))
        session = request[SESSION] = await self._storage.new_session()
        session["person"] = person
        session["csrf"] = secrets.token_urlsafe(32)
        request[CHANGED] = True

    async def log_out(self, request: web.Request, answer: web.StreamResponse) -> None:
        """End the session, here and in Redis; `answer` takes its cookie away."""
        await self._forget(await self._session(request))
        answer.del_cookie(COOKIE)

    async def form_token(self, request: web.Request) -> str:
        """The CSRF token of a visitor who is not logged in."""
        session = await self._session(request)
        if "csrf" not in session:
            session.max_age = _VISIT_SECONDS
            session["csrf"] = secrets.token_urlsafe(32)
            request[CHANGED] = True
        return str(session["csrf"])

    async def _session(self, request: web.Request) -> Session:
        """The session of this request, read when first asked for."""
        if SESSION not in request:
            request[SESSION] = await self._storage.load_session(request)
        return request[SESSION]

    async def _forget(self, session: Session) -> None:
        if session.identity is not None:
            await self._house.redis.delete(f"{COOKIE}_{session.identity}")

    async def _person(self, request: web.Request) -> Staff | None:
        session = await self._session(request)
        person, csrf = session.get("person"), session.get("csrf")
        if not isinstance(person, str) or not isinstance(csrf, str):
            return None
        return find_staff(self._house.municipality, person, csrf)

    def _with_session(
        self, handler: Handler, away: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Handler:
        async def inside(request: web.Request) -> web.StreamResponse:
            try:
                try:
                    response = await handler(request)
                except web.HTTPException as answer:
                    await self._keep(request, answer)
                    raise
                await self._keep(request, response)
            except RedisError as error:
                log.warning("desk_sessions_away", reason=type(error).__name__)
                return await away(request)
            return response

        return inside

    async def _keep(self, request: web.Request, response: web.StreamResponse) -> None:
        """Store a session that was changed, and give its cookie with the answer."""
        if request.get(CHANGED, False):
            await self._storage.save_session(request, response, request[SESSION])


def _same(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(
        given.encode(errors="replace"), expected.encode(errors="replace")
    )


async def _form(request: web.Request) -> Mapping[str, object]:
    """The form that was sent. Raises `Problem` 400 for one that cannot be read."""
    try:
        return await request.post()
    except (LookupError, ValueError):
        # An unknown charset, bytes that are not of it, or parts without a boundary.
        raise Problem(400, "unreadable_form") from None


async def _form_fits(request: web.Request, expected: str) -> bool:
    form = await _form(request)
    given = form.get("csrf", "")
    return isinstance(given, str) and _same(given, expected)


async def _log_in_first(request: web.Request) -> web.StreamResponse:
    if request.headers.get("HX-Request") == "true":
        # A part of a page that is still open: desk.js tells its reader, who keeps
        # what they have written there.
        return web.Response(status=401)
    if request.method in _SAFE:
        raise web.HTTPSeeOther(address("/desk/login", page_language(request), next=request.path_qs))
    return await _not_saved(request, 401, "logged_out")


async def _not_saved(request: web.Request, status: int, reason: str) -> web.StreamResponse:
    """Nothing was changed; whatever was written is given back, to be used again."""
    written = []
    if request.method not in _SAFE:
        form = await _form(request)
        written = [
            value
            for key, value in form.items()
            if key in _WRITTEN and isinstance(value, str) and value.strip()
        ]
    response = show(
        request, "desk/not_saved.html", {"reason": reason, "written": written}, status=status
    )
    if status == 503:
        response.headers["Retry-After"] = _RETRY_AFTER
    return response


def _not_logged_in() -> web.StreamResponse:
    return problem(
        401,
        "not_logged_in",
        "Log in at /desk/login, or send the staff token as Authorization: Bearer.",
        headers={"WWW-Authenticate": 'Bearer realm="indgang"'},
    )


async def _sessions_away_page(request: web.Request) -> web.StreamResponse:
    return await _not_saved(request, 503, "sessions_away")


async def _sessions_away_api(_: web.Request) -> web.StreamResponse:
    return problem(
        503,
        "sessions_away",
        "Sessions are out of reach just now. Try again shortly.",
        headers={"Retry-After": _RETRY_AFTER},
    )
