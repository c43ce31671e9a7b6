"""How long `indgang indicators` takes on a ledger of some years.

A million contacts over four years, 1.2 million promises, three million events: written
by PostgreSQL itself, then asked about a month, a quarter, a year and everything.

    python -m bench.indicators                       # a million
    python -m bench.indicators --contacts 200000     # quicker
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg

from router import config
from router.embedded import Embedded
from router.indicator_output import as_data
from router.indicator_reading import read_report
from router.indicators import read_period
from router.ledger import Ledger
from router.settings import demo_configuration

NOW: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_YEARS: Final = timedelta(days=4 * 365)

_CONTACTS: Final = """
INSERT INTO contacts (id, reference, state, channel, party_id, sender_group, language,
                      department, next_due_at, rule_id, outcome, created_at, updated_at, closed_at)
SELECT n, (100000000 + n)::text, CASE WHEN n % 50 = 0 THEN 'open' ELSE 'closed' END,
       (ARRAY['phone', 'sms', 'mail', 'web', 'web', 'mail', 'desk'])[n % 7 + 1], n * 7919 % $2,
       (ARRAY['borger', 'borger', 'borger', 'borger', 'erhverv', 'erhverv', 'forening'])[n % 7 + 1],
       (ARRAY['da', 'da', 'da', 'da', 'da', 'da', 'en', 'da', 'uk', 'ar'])[n % 10 + 1],
       ($3::text[])[n % cardinality($3::text[]) + 1],
       CASE WHEN n % 50 = 0 THEN $1::timestamptz + interval '1 day' END, 'seed',
       CASE WHEN n % 50 <> 0 THEN (ARRAY['solved', 'answered', 'spam'])[n % 40 / 19 + 1] END,
       $1 - $4::interval + $4::interval * n / $2, $1,
       CASE WHEN n % 50 <> 0 THEN $1 END
FROM generate_series(1, $2::bigint) AS n
"""
_PROMISES: Final = """
INSERT INTO promises (contact_id, kind, state, department, due_at, fire_at, made_at, ended_at,
                      attempts)
SELECT c.id, (ARRAY['callback', 'answer', 'answer'])[c.id % 3 + 1],
       CASE WHEN c.state = 'open' THEN 'waiting'
            ELSE (ARRAY['kept', 'kept', 'kept', 'withdrawn', 'unreachable'])[c.id % 5 + 1] END,
       c.department, c.created_at + interval '2 days',
       CASE WHEN c.state = 'open' THEN $1::timestamptz + interval '1 day' END, c.created_at,
       CASE WHEN c.state <> 'open' THEN c.created_at + (c.id % 71) * interval '1 hour' END,
       c.id % 4
FROM contacts c, generate_series(1, 2) AS again WHERE again = 1 OR c.id % 5 = 0
"""
_EVENTS: Final = """
INSERT INTO timeline (contact_id, at, kind, actor, body, data)
SELECT c.id, c.created_at + (c.id % 53) * interval '30 minutes' * step,
       (ARRAY['received', 'claimed', 'attempt'])[step + 1],
       CASE WHEN step = 0 THEN 'citizen' ELSE 'staff:nobody' END,
       CASE WHEN step = 0 THEN repeat('Skraldespanden er ikke tømt. ', 6) ELSE '' END,
       CASE WHEN step = 2 THEN jsonb_build_object('promise', c.id) ELSE '{}' END
FROM generate_series(0, 2) AS step, contacts c WHERE step < 2 OR c.id % 4 <> 0
"""


async def seed(url: str, contacts: int) -> None:
    departments = sorted(config.load(demo_configuration()).departments)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.executemany(
            "INSERT INTO departments (id, name) VALUES ($1, $1)", [(d,) for d in departments]
        )
        await connection.execute(_CONTACTS, NOW, contacts, departments, _YEARS)
        await connection.execute(_PROMISES, NOW)
        await connection.execute(_EVENTS)
        await connection.execute("VACUUM ANALYZE")
        size = await connection.fetchval("SELECT pg_database_size(current_database()) / 1000000")
        counts = [
            await connection.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("contacts", "promises", "timeline")
        ]
    finally:
        await connection.close()
    print(f"{counts[0]:,} contacts, {counts[1]:,} promises, {counts[2]:,} events: {size} MB")


async def measure(folder: Path, contacts: int) -> None:
    with Embedded(folder, redis=False) as servers:
        assert servers.postgresql is not None
        url = servers.postgresql.url
        ledger = await Ledger.open(url, size=1)
        await ledger.migrate()
        await seed(url, contacts)
        for first, what in (
            ("2026-10-24", "a month"),
            ("2026-08-23", "a quarter"),
            ("2025-11-23", "a year"),
            ("2022-01-01", "everything"),
        ):
            period = read_period(first, "2026-11-22", ZoneInfo("Europe/Copenhagen"), NOW)
            begun = time.perf_counter()
            report = await read_report(ledger, period, NOW)
            rows = [as_data(row) for row in report.rows()]
            took = time.perf_counter() - begun
            total = rows[0]["promises"]["promises"]
            print(f"  {what:<12} {total!s:>9} promises, {len(rows)} rows in {took:6.2f} s")
        await ledger.close()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  memory of this process at most {most:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.indicators", description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="indgang-bench-"))
    try:
        asyncio.run(measure(folder, chosen.contacts))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
