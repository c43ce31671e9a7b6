"""For whoever runs the service: alive, ready, and its numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from redis.exceptions import ConnectionError as RedisAway

from router.clock import FixedClock
from router.errors import LedgerAway
from router.house import House
from router.ledger import Ledger
from router.model import Arrival, Channel

Client = TestClient[web.Request, web.Application]


async def test_alive(client: Client) -> None:
    answer = await client.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def test_ready(client: Client) -> None:
    answer = await client.get("/readyz")
    told = await answer.json()
    assert answer.status == 200
    assert told["status"] == "ready"
    assert set(told["checks"]) == {"postgresql", "redis", "migrations", "config"}


async def away(*args: Any, **kwargs: Any) -> None:
    raise LedgerAway("ConnectionDoesNotExistError")


async def redis_away(*args: Any, **kwargs: Any) -> None:
    raise RedisAway


async def test_not_ready_without_postgresql_and_still_alive(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "fetchval", away)
    answer = await client.get("/readyz")
    told = await answer.json()
    assert answer.status == 503
    assert told["checks"]["postgresql"] == "failed: LedgerAway"
    assert told["checks"]["redis"] == "ok"
    assert (await client.get("/healthz")).status == 200


async def test_not_ready_without_redis(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.redis, "ping", redis_away)
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["checks"]["redis"] == "failed: ConnectionError"


async def test_not_ready_while_a_migration_is_missing(client: Client, house: House) -> None:
    await house.ledger.execute("DELETE FROM schema_migrations WHERE name = '0001_house'")
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["checks"]["migrations"].startswith("failed")


async def test_the_numbers(client: Client, house: House, clock: FixedClock) -> None:
    arrival = Arrival(
        channel=Channel.WEB,
        dedupe_key="1",
        received_at=clock.now(),
        text="Min nabo støjer om natten",
        name="Mette Hansen",
        email="mette@post.example",
    )
    receipt = await house.reception.receive(arrival)
    await house.reception.receive(arrival)
    clock.advance(timedelta(days=30))
    text = await (await client.get("/metrics")).text()
    department = receipt.department
    assert f'indgang_contacts_total{{channel="web",department="{department}"}} 1.0' in text
    assert f'indgang_contacts_open{{department="{department}"}} 1.0' in text
    assert f'indgang_promises_late{{department="{department}",kind="answer"}} 1.0' in text
    assert 'indgang_effects_pending{kind="mail.tell"} 1.0' in text
    assert "indgang_ledger_up 1.0" in text
    assert "Mette" not in text


async def test_requests_are_timed_by_route_and_not_by_address(client: Client) -> None:
    await client.get("/api/v1/contacts/482031957", headers={"X-Access-Code": "AAAA-AAAA"})
    await client.get("/no/such/page/482031957")
    text = await (await client.get("/metrics")).text()
    assert 'route="/api/v1/contacts/{reference}",status="4xx"' in text
    assert 'route="none",status="4xx"' in text
    assert "482031957" not in text


async def test_numbers_without_postgresql_are_this_processs_own(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "fetch", away)
    answer = await client.get("/metrics")
    assert answer.status == 200
    assert "indgang_ledger_up 0.0" in await answer.text()
