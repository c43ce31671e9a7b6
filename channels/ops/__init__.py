"""For whoever runs the service: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from functools import lru_cache
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import Histogram
from redis.exceptions import RedisError

from channels.keys import HOUSE
from router.errors import HouseError, LedgerAway
from router.house import House
from router.metrics import CONTENT_TYPE, Metrics

log = structlog.get_logger(__name__)

METRICS: Final = web.AppKey("metrics", Metrics)

_PATIENCE: Final = 3.0
"""Seconds that one check may take before it counts as failed."""


def setup(app: web.Application, house: House, metrics: Metrics) -> None:
    """Add `/healthz`, `/readyz`, `/metrics`, and time every request."""
    app[METRICS] = metrics
    app.middlewares.insert(0, time_request)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", tell_metrics)


@web.middleware
async def time_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Seconds per route pattern; addresses with references never become a label."""
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as answer:
        status = answer.status
        raise
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        _seconds(request.app[METRICS], request.method, route, status // 100).observe(
            time.perf_counter() - started
        )
    return response


@lru_cache(maxsize=1024)
def _seconds(metrics: Metrics, method: str, route: str, hundreds: int) -> Histogram:
    """The histogram of one kind of request; finding it costs more than counting."""
    known = method if method in _METHODS else "other"
    return metrics.http_seconds.labels(known, route, f"{hundreds}xx")


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


async def healthz(request: web.Request) -> web.Response:
    """The process answers. Says nothing about PostgreSQL: the phone works without it."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Everything that a contact needs is there; 503 and what is missing otherwise."""
    house = request.app[HOUSE]
    names = ("postgresql", "redis", "migrations")
    told = await asyncio.gather(
        _check(house.ledger.fetchval("SELECT 1")),
        _check(house.redis.ping()),
        _check(_migrated(house)),
    )
    checks = dict(zip(names, told, strict=True))
    # A wrong change is no reason to stop taking contacts: the last good one counts.
    checks["config"] = f"ok, version {house.municipality.version}"
    refused = house.configuration.refused
    if refused is not None:
        first = refused.problems[0]
        checks["config"] += f"; a newer one is refused at {first.file}:{first.line}"
    ready = all(answer.startswith("ok") for answer in checks.values())
    return web.json_response(
        {"status": "ready" if ready else "not ready", "checks": checks},
        status=200 if ready else 503,
    )


async def tell_metrics(request: web.Request) -> web.Response:
    """Prometheus' text format. Without PostgreSQL: what this process counted itself."""
    metrics, house = request.app[METRICS], request.app[HOUSE]
    metrics.config_refused.set(house.configuration.refused is not None)
    try:
        async with asyncio.timeout(_PATIENCE):
            await metrics.read_ledger(house)
    except (LedgerAway, TimeoutError):
        log.warning("metrics_without_ledger")
    return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE})


async def _migrated(house: House) -> None:
    if await house.ledger.pending_migrations():
        raise HouseError("migrations are missing")


async def _check(question: Awaitable[object]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            await question
    except (HouseError, RedisError, OSError, TimeoutError) as error:
        return f"failed: {type(error).__name__}"
    return "ok"
