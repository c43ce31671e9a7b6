"""Two processes on one ledger, one of them killed with -9 again and again, while
promises fall due and staff are at work: nothing is fired twice, nothing is missed.

A kill falls when so many promises have been fired since the last one, so mostly in
the middle of a turn; the process starts again at once, and more promises are made.
Eight kills by itself, some 25 seconds; `INDGANG_TEST_CRASH_SECONDS=60` goes on for a minute
and kills every second, but for seconds in which both were starting and nothing was fired.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest

from router import config
from router.alarms import alarm_address
from router.model import OPEN_PROMISE_STATES
from router.settings import demo_configuration
from tests.running import ROOT, Running

SECONDS = float(os.environ.get("INDGANG_TEST_CRASH_SECONDS", "0"))
KILLS = 8
A_ROUND = 300
"""Promises made after each kill; they fall due within two seconds."""
FIRED_BETWEEN_KILLS = 120
STEPS_BETWEEN_KILLS = 4
"""Steps of staff that were answered."""
WORKED = 10
"""Every so-manieth promise is worked on by staff meanwhile."""
CATCH_UP_SECONDS = 120.0
LONGEST = 300.0
"""On a machine that is busy with other things."""

DEPARTMENTS = ("affald", "vej", "byg")
MUNICIPALITY = config.load(demo_configuration())
SOMEBODY = next(p.id for p in MUNICIPALITY.caseworkers.values() if p.department == "affald")

SEED = """
WITH numbers AS (
    SELECT n, nextval('contact_number') AS id,
           $1::timestamptz + interval '500 ms' + n * interval '2 seconds' / $2 AS due_at
    FROM generate_series(0, $2::int - 1) AS n
), contacts_made AS (
    INSERT INTO contacts (id, reference, channel, phone, email, sender_group, language, subject,
                          department, next_due_at, rule_id, created_at, updated_at)
    SELECT id, (800000000 + id)::text, 'web', '+4530' || lpad(id::text, 6, '0'),
           'seed' || id || '@example.dk', 'borger', 'da', 'Affald',
           ($3::text[])[n % cardinality($3::text[]) + 1], due_at, 'seed', $1, $1
    FROM numbers
), arrivals_made AS (
    INSERT INTO arrivals (channel, dedupe_key, contact_id, opening, received_at)
    SELECT 'web', 'seed-' || id, id, true, $1 FROM numbers
), events_made AS (
    INSERT INTO timeline (contact_id, at, kind, actor)
    SELECT id, $1, 'received', 'citizen' FROM numbers
)
INSERT INTO promises (contact_id, kind, state, department, phone, due_at, fire_at, made_at, policy)
SELECT id, CASE WHEN n % 2 = 0 THEN 'callback' ELSE 'answer' END, 'waiting',
       ($3::text[])[n % cardinality($3::text[]) + 1],
       CASE WHEN n % 2 = 0 THEN '+4530' || lpad(id::text, 6, '0') ELSE '' END,
       due_at, $1, $1, CASE WHEN n % 2 = 0 THEN 'callback' ELSE 'answer' END
FROM numbers ORDER BY n RETURNING id
"""
FIRED = "SELECT count(*) FROM timeline WHERE kind IN ('late', 'escalated')"


@dataclass
class Work:
    """What staff did, as far as they were told."""

    ended: dict[int, str] = field(default_factory=dict)
    """Promise → the state that the answer said."""
    unsure: set[int] = field(default_factory=set)
    """Asked for, and the answer was lost with the process."""
    refused: Counter[int] = field(default_factory=Counter)
    kills: int = 0
    steps: int = 0
    """Of staff, answered."""
    asks: int = 0
    """Which of the two staff ask: one until it does not answer, then the other."""
    over: bool = False
    promises: list[int] = field(default_factory=list)
    to_work_on: deque[int] = field(default_factory=deque)


@pytest.fixture
def pair(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[tuple[Running, Running]]:
    """Two processes that share everything but their ports."""
    one, other = (Running(tmp_path / name, database_url, redis_url) for name in ("one", "other"))
    for service in (one, other):
        service.data_dir.parent.mkdir()
    one.start()
    other.start()
    try:
        yield one, other
    finally:
        for service in (one, other):
            if service.process is not None and service.process.poll() is None:
                service.stop()


async def test_kills_while_promises_fall_due(
    pair: tuple[Running, Running], database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
    work = Work()
    begun = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST + SECONDS), asyncio.TaskGroup() as group:
            group.create_task(_kill(pair, connection, work))
            for _ in range(2):
                group.create_task(_staff(pair, work))
        took = time.monotonic() - begun
        await _caught_up(pair, connection)
        await _nothing_twice_nothing_missed(connection, work)
        _audit_is_clean(pair[0])
    except BaseException:
        for service in pair:
            print(service.log()[-6000:])
        raise
    finally:
        await connection.close()
    assert work.kills >= KILLS
    print(
        f"\n{len(work.promises)} promises, {work.kills} kills in {took:.0f} s; staff ended "
        f"{len(work.ended)}, unsure of {len(work.unsure)}; refused {dict(work.refused)}"
    )


async def _kill(
    pair: tuple[Running, Running], connection: asyncpg.Connection[asyncpg.Record], work: Work
) -> None:
    """Kill one and the other in turn, each time when enough has been fired."""
    begun = time.monotonic()
    while work.kills < KILLS or time.monotonic() < begun + SECONDS:
        seen, steps = await connection.fetchval(FIRED), work.steps
        killed_at = time.monotonic()
        await _promise_more(connection, work)
        while True:
            fired = await connection.fetchval(FIRED)
            if fired - seen >= FIRED_BETWEEN_KILLS and work.steps - steps >= STEPS_BETWEEN_KILLS:
                break
            if SECONDS and fired > seen and time.monotonic() - killed_at >= 1.0:
                break
            await asyncio.sleep(0.005)
        victim = pair[work.kills % 2]
        victim.kill9()
        victim.start(wait=False)
        work.kills += 1
    work.over = True


async def _promise_more(connection: asyncpg.Connection[asyncpg.Record], work: Work) -> None:
    rows = await connection.fetch(SEED, datetime.now(UTC), A_ROUND, list(DEPARTMENTS))
    made = [row["id"] for row in rows]
    work.promises += made
    work.to_work_on.extend(made[::WORKED])


async def _staff(pair: tuple[Running, Running], work: Work) -> None:
    """Take promises, and call or withdraw them, whichever process answers."""
    timeout = aiohttp.ClientTimeout(total=1)
    headers = {"Authorization": f"Bearer {pair[0].staff_token}"}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        while not work.over:
            if not work.to_work_on:
                await asyncio.sleep(0.05)
                continue
            promise = work.to_work_on.popleft()
            step, body = (
                ("attempt", {"result": "reached"}),
                ("withdraw", {}),
                ("attempt", {"result": "no_answer"}),
            )[promise // WORKED % 3]
            claimed = await _post(pair, session, f"promises/{promise}/claim", {}, work)
            answer = await _post(pair, session, f"promises/{promise}/{step}", body, work)
            if claimed is None or answer is None:
                return
            status, told, repeated = answer
            if status == 200 and told["state"] not in {s.value for s in OPEN_PROMISE_STATES}:
                work.ended[promise] = told["state"]
            elif status != 200:
                work.refused[status] += 1
            if repeated:
                work.unsure.add(promise)


async def _post(
    pair: tuple[Running, Running],
    session: aiohttp.ClientSession,
    path: str,
    body: dict[str, str],
    work: Work,
) -> tuple[int, dict[str, Any], bool] | None:
    """Ask one process, then the other, until one answers: status, body, and whether an
    answer was lost on the way. None when it is over."""
    lost = False
    while not work.over:
        service = pair[work.asks % 2]
        try:
            async with session.post(
                f"{service.base_url}/api/v1/staff/{path}", json=body | {"caseworker": SOMEBODY}
            ) as response:
                if response.status < 500:
                    work.steps += 1
                    return response.status, await response.json(content_type=None), lost
        except aiohttp.ClientConnectorError:
            pass
        except (aiohttp.ClientError, TimeoutError, OSError):
            # A process that is starting listens already, and answers later or never.
            lost = True
        work.asks += 1
        await asyncio.sleep(0.05)
    return None


async def _caught_up(
    pair: tuple[Running, Running], connection: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Both run again, and nothing that should have been looked at is left."""
    for service in pair:
        await asyncio.to_thread(service.wait_ready)
    async with asyncio.timeout(CATCH_UP_SECONDS):
        while await connection.fetchval(
            "SELECT count(*) FROM promises WHERE ended_at IS NULL AND fire_at <= now()"
        ):
            await asyncio.sleep(0.1)


async def _nothing_twice_nothing_missed(
    connection: asyncpg.Connection[asyncpg.Record], work: Work
) -> None:
    promises = work.promises
    rows = {row["id"]: row for row in await connection.fetch("SELECT * FROM promises")}
    events = await connection.fetch(
        "SELECT kind, data FROM timeline WHERE kind IN ('late', 'escalated') ORDER BY id"
    )
    late = Counter(row["data"]["promise"] for row in events if row["kind"] == "late")
    alarms = Counter(
        (row["data"]["promise"], row["data"]["percent"])
        for row in events
        if row["kind"] == "escalated"
    )
    # Nothing twice: each promise is marked once, and alarmed once for each mark.
    assert set(late.values()) == {1}
    assert set(alarms.values()) == {1}
    # Nothing missed: whatever nobody ended has been marked and alarmed as late.
    open_ones = {p for p in promises if rows[p]["ended_at"] is None}
    assert len(open_ones) > len(promises) / 2
    assert open_ones <= set(late)
    assert {(promise, 100) for promise in open_ones} <= set(alarms)
    assert all(rows[promise]["late_at"] is not None for promise in open_ones)
    # What staff did and were told is so.
    for promise, state in work.ended.items():
        assert rows[promise]["state"] == state, promise
    # Every alarm left one message for each address, single or in a list, and no other.
    untouched = {p for p in promises if rows[p]["caseworker"] is None}
    assert len(untouched) > len(promises) / 2
    wanted: Counter[tuple[int, str]] = Counter()
    for row in events:
        promise = row["data"]["promise"]
        if row["kind"] == "escalated" and promise in untouched:
            department = rows[promise]["department"]
            wanted.update(
                {
                    (promise, alarm_address(MUNICIPALITY, who, department, None))
                    for who in row["data"]["to"]
                }
            )
    told: Counter[tuple[int, str]] = Counter()
    for row in await connection.fetch(
        "SELECT payload FROM effects WHERE kind IN ('mail.alert', 'mail.alert_list')"
    ):
        payload = row["payload"]
        if "promises" in payload:
            told.update((p, payload["to"]) for p in payload["promises"] if p in untouched)
        elif payload.get("promise_id") in untouched:
            promise = payload["promise_id"]
            department = rows[promise]["department"]
            told[promise, alarm_address(MUNICIPALITY, payload["audience"], department, None)] += 1
    assert told == wanted


def _audit_is_clean(service: Running) -> None:
    audit = subprocess.run(
        [sys.executable, "-m", "router.cli", "audit"],
        cwd=ROOT,
        env=service.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert audit.returncode == 0, audit.stdout + audit.stderr
