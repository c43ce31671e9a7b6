"""The house put together. Beside `router.cli` the only place that knows everybody."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import asyncpg
import structlog
from aiohttp import web
from redis.asyncio import Redis

from router import config
from router.clock import Clock, SystemClock
from router.config_live import LiveConfiguration
from router.contacts import Contacts
from router.embedded import Embedded
from router.errors import LedgerAway
from router.house import House
from router.ledger import Ledger
from router.letters import Letters
from router.live import Live
from router.meetings import Meetings
from router.metrics import CountedReception, Metrics
from router.outbox import Outbox
from router.parts import Parts
from router.promise_clock import PromiseClock
from router.promise_policies_check import check_policies
from router.promises import Promises
from router.settings import Address, Settings, SettingsError
from router.slots import Slots
from router.splitting import Splitting
from router.staff import mirror
from router.steps import Tools
from router.wishes import Wishes

log = structlog.get_logger(__name__)

_CLOCK_SECONDS: Final = 1.0
"""How long the clock rests after a turn that failed."""
_OFFER_SECONDS: Final = 5.0
"""How long the clock rests between two looks at offers. They end in minutes of working time."""
_START_SECONDS: Final = 60.0
"""How long a start waits for PostgreSQL, which may itself be starting."""
_COLLECT_AFTER: Final = 10_000
"""New objects before the youngest generation is looked through; Python starts at 700."""
_LONGEST_GOODBYE: Final = 10.0
"""Seconds that requests still under way may take when we stop."""


@asynccontextmanager
async def open_house(
    settings: Settings,
    clock: Clock | None = None,
    municipality: config.Municipality | None = None,
) -> AsyncIterator[House]:
    """Everything that a channel may use, on PostgreSQL and Redis that are there.

    `municipality` is read from `settings.config_folder`, and again when that changes,
    unless it is given.
    Migrates, and mirrors the configured departments and caseworkers. Raises
    ConfigError when the configuration is wrong or lacks a policy that open promises
    need, LedgerAway when PostgreSQL stays away for a minute.
    """
    database_url, redis_url = settings.database_url, settings.redis_url
    if database_url is None or redis_url is None:
        raise SettingsError("INDGANG_DATABASE_URL and INDGANG_REDIS_URL: nothing is set")
    clock = clock or SystemClock()
    folder = None if municipality is not None else settings.config_folder
    municipality = municipality or config.load(settings.config_folder)
    if not settings.twilio_number:
        settings = settings.model_copy(update={"twilio_number": municipality.phone})
    ledger = await Ledger.open(database_url)
    redis = Redis.from_url(
        redis_url, legacy_responses=False, socket_connect_timeout=2, socket_timeout=20
    )
    live = Live(redis)
    try:
        await _when_there(ledger)
        adopt = partial(_adopt, ledger, clock)
        await adopt(municipality)
        configuration = LiveConfiguration(municipality, folder, adopt)
        # What counts is in there alone: an old one is to be let go when it has changed.
        del municipality
        current = configuration.current
        secret = await ledger.secret()
        outbox = Outbox(ledger, current, clock, live)
        slots = Slots(ledger, current, clock)
        tools = Tools(ledger, current, clock, live, outbox)
        reception = CountedReception(tools, secret, slots)
        reception.metrics = Metrics()
        outbox.on_result = reception.metrics.effect_result
        yield House(
            settings=settings,
            configuration=configuration,
            clock=clock,
            ledger=ledger,
            redis=redis,
            live=live,
            reception=reception,
            contacts=Contacts(tools, secret),
            promises=Promises(tools),
            promise_clock=PromiseClock(tools),
            splitting=Splitting(tools),
            parts=Parts(tools),
            meetings=Meetings(tools),
            letters=Letters(tools),
            slots=slots,
            wishes=Wishes(tools, slots),
            outbox=outbox,
        )
    finally:
        await live.close()
        await redis.aclose()
        await ledger.close()


async def _adopt(ledger: Ledger, clock: Clock, municipality: config.Municipality) -> None:
    """Make the ledger ready for a configuration; ConfigurationRefused if promises forbid it."""
    await check_policies(ledger, municipality)
    await mirror(ledger, municipality, clock)


async def _when_there(ledger: Ledger) -> None:
    """Migrate as soon as PostgreSQL answers."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while True:
                try:
                    await ledger.migrate()
                    return
                except LedgerAway as error:
                    log.warning("waiting_for_postgresql", reason=str(error))
                    await asyncio.sleep(1)
                except (
                    asyncpg.InvalidAuthorizationSpecificationError,
                    asyncpg.InvalidCatalogNameError,
                    asyncpg.InsufficientPrivilegeError,
                ) as error:
                    raise SettingsError(f"INDGANG_DATABASE_URL: PostgreSQL says: {error}") from None
    except TimeoutError:
        raise LedgerAway(
            f"PostgreSQL did not answer for {_START_SECONDS:.0f} seconds; is INDGANG_DATABASE_URL "
            "right, and is the server up?"
        ) from None


def build_app(house: House, *, workers: bool = True) -> web.Application:
    """The web application with every channel of this process's roles.

    `workers=False` leaves out the clock and the outbox's loop, for tests that
    take those steps themselves.
    """
    # Imported here: a process of one role need not load the others' channels.
    from channels import http, ops

    roles = house.settings.roles
    app = web.Application(client_max_size=http.BODY_LIMIT)
    http.setup(app, house)
    metrics = (
        house.reception.metrics if isinstance(house.reception, CountedReception) else Metrics()
    )
    ops.setup(app, house, metrics)
    if "phone" in roles or "outbox" in roles:
        from channels import phone

        phone.setup(app, house)
    if "mail" in roles or "outbox" in roles:
        from channels import mail

        mail.setup(app, house)
    if "web" in roles:
        from channels import web as web_channel

        web_channel.setup(app, house)
    if "desk" in roles:
        from channels import desk

        desk.setup(app, house)
    if house.settings.demo:
        from channels import demo

        demo.setup(app, house)
    if workers:
        app.cleanup_ctx.append(_while_open(house.configuration.watch))
    if workers and "clock" in roles:
        for turn in (_promises, _offers):
            app.cleanup_ctx.append(_while_open(partial(_clock, house, turn)))
    if workers and "outbox" in roles:
        app.cleanup_ctx.append(_while_open(house.outbox.run))
    return app


async def _promises(house: House) -> None:
    """What is due is looked at in its second; a rest lasts until the next is due."""
    while await house.promise_clock.fire_due():
        pass
    await house.promise_clock.nap()


async def _offers(house: House) -> None:
    """Offers that nobody took come back, to the minute: that needs no look every second."""
    while await house.contacts.lapse_offers() + await house.parts.lapse_offers():
        pass
    await asyncio.sleep(_OFFER_SECONDS)


async def _clock(house: House, turn: Callable[[House], Coroutine[None, None, None]]) -> None:
    """One hand of the clock, turn after turn. One that fails does not stop the other."""
    while True:
        try:
            await turn(house)
            continue
        except LedgerAway as error:
            log.warning("clock_ledger_away", reason=str(error))
        except Exception:
            log.exception("clock_turn_failed")
        await asyncio.sleep(_CLOCK_SECONDS)


def _while_open(
    work: Callable[[], Coroutine[None, None, None]],
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def run(app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(work())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    return run


async def serve(
    settings: Settings,
    servers: Embedded | None = None,
    ready: Callable[[House], None] = lambda house: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then let requests under way finish."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    guard = asyncio.create_task(servers.supervise()) if servers is not None else None
    try:
        with listening(settings.http, "INDGANG_HTTP") as door:
            async with open_house(settings) as house:
                runner = web.AppRunner(
                    build_app(house), access_log=None, shutdown_timeout=_LONGEST_GOODBYE
                )
                try:
                    await runner.setup()
                    await web.SockSite(runner, door).start()
                    _rest_the_collector()
                    log.info("ready", roles=sorted(settings.roles), http=str(settings.http))
                    ready(house)
                    await stop.wait()
                    log.info("stopping")
                finally:
                    await runner.cleanup()
    finally:
        if guard is not None:
            guard.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await guard


def _rest_the_collector() -> None:
    """What was built at the start stays for good: the garbage collector need not walk it again.

    Rules and vocabulary are hundreds of thousands of objects; walking them took
    a good part of each contact's time (docs/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def listening(address: Address, variable: str) -> socket.socket:
    """A listening socket. Raises SettingsError naming the setting when the port is taken."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((address.host, address.port))
        door.listen(1024)
    except OSError as error:
        door.close()
        raise refused(error, address, variable) from None
    return door


def refused(error: OSError, address: Address, variable: str) -> SettingsError:
    """Why we cannot listen at `address`, and which setting changes it."""
    other = Address(address.host, address.port + 1 if address.port < 65535 else 8081)
    if error.errno == errno.EADDRINUSE:
        return SettingsError(
            f"{variable}: something else already listens at {address}. Stop it, or choose "
            f"another port, for example {variable}={other}"
        )
    if error.errno == errno.EACCES:
        return SettingsError(
            f"{variable}: the system does not let this user listen at {address}; "
            "ports from 1024 are free to use"
        )
    return SettingsError(f"{variable}: cannot listen at {address}: {error.strerror or error}")


def ports_are_free(settings: Settings) -> None:
    """Refuse early, before anything is started, when a port of ours is taken.

    Raises SettingsError naming the setting.
    """
    wanted = [("INDGANG_HTTP", settings.http)]
    if "mail" in settings.roles:
        wanted.append(("INDGANG_SMTP", settings.smtp))
        if settings.lmtp is not None:
            wanted.append(("INDGANG_LMTP", settings.lmtp))
    if settings.demo:
        wanted.append(("INDGANG_DEMO_SMTP_PORT", Address("127.0.0.1", settings.demo_smtp_port)))
    for variable, address in wanted:
        listening(address, variable).close()
