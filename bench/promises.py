"""A million open promises under the clock: lateness, memory, and what a new promise costs.

Three things are measured, each on an embedded PostgreSQL with its disk flushes on:

- 10,000 promises fall due within one minute, spread over it, and then 10,000 more in
  one and the same second (which is how it is in life: due times are whole minutes).
  Two processes of `indgang serve --roles clock` fire them. Lateness runs from the due
  time until PostgreSQL has committed the mark; each promise is fired exactly once.
- The memory of each of the two processes (VmRSS and its peak VmHWM).
- A new promise beside an empty table, in turns: through `Reception.receive`, and the
  bare INSERT; each with the disk's flush, and without it, where little else is left.

    python -m bench.promises                     # a million
    python -m bench.promises --open 100000       # quicker
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import asyncpg

from bench.__main__ import ROOT, free_port
from bench.seeding import Promised, fill, later, now
from router import config
from router.app import open_house
from router.embedded import Embedded
from router.house import House
from router.ledger import Ledger
from router.ledger.audit import audit
from router.model import Arrival, CallbackWish, Channel, PromiseKind, PromiseState
from router.settings import demo_configuration, read_settings
from router.steps import H

_START: Final = timedelta(seconds=8)
"""From when the due promises are written until the first falls due."""
_GIVE_UP: Final = 60.0

_FIRED: Final = """
SELECT (t.data ->> 'promise')::bigint AS promise, t.kind,
       extract(epoch FROM pg_xact_commit_timestamp(t.xmin) - p.due_at)::float8 AS lateness
FROM timeline t JOIN promises p ON p.id = (t.data ->> 'promise')::bigint
WHERE t.contact_id >= $1 AND t.contact_id < $2 AND t.kind IN ('late', 'escalated')
"""
_ALARMS: Final = """
WITH told AS (
    SELECT (payload ->> 'promise_id')::bigint AS promise, payload ->> 'audience' AS to_whom
    FROM effects WHERE kind = 'mail.alert'
    UNION ALL
    SELECT promise::bigint, payload ->> 'to'
    FROM effects, jsonb_array_elements_text(payload -> 'promises') AS promise
    WHERE kind = 'mail.alert_list'
)
SELECT count(*) AS messages, count(DISTINCT (t.promise, t.to_whom)) AS different,
       count(DISTINCT t.promise) AS promises
FROM told t JOIN promises p ON p.id = t.promise WHERE p.contact_id >= $1 AND p.contact_id < $2
"""


class Process:
    """One `indgang serve --roles clock`."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        port = free_port()
        self._ready = f"http://127.0.0.1:{port}/readyz"
        self._log = (folder / f"clock-{port}.log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "router.cli", "serve", "--roles", "clock"],
            cwd=ROOT,
            env=os.environ
            | {
                "INDGANG_DATABASE_URL": database_url,
                "INDGANG_REDIS_URL": redis_url,
                "INDGANG_HTTP": f"127.0.0.1:{port}",
                "INDGANG_DATA_DIR": str(folder / f"process-{port}"),
                "INDGANG_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
                "INDGANG_LOG_LEVEL": "warning",
            },
            stdout=self._log,
            stderr=self._log,
        )

    async def is_ready(self) -> None:
        """Wait until it is. Raises SystemExit with its log when it ends instead."""
        for _ in range(600):
            if self.process.poll() is not None:
                raise SystemExit(self.log())
            with contextlib.suppress(OSError):
                (await asyncio.to_thread(urlopen, self._ready, timeout=1)).close()
                return
            await asyncio.sleep(0.1)
        raise SystemExit("a process did not become ready")

    def memory(self) -> tuple[float, float]:
        """MB that it holds, and the most it has held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        lines = {line.split(":")[0]: line.split()[1] for line in status if line.startswith("Vm")}
        return int(lines["VmRSS"]) / 1024, int(lines["VmHWM"]) / 1024

    def cpu_seconds(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._log.close()


@asynccontextmanager
async def two_clocks(
    folder: Path, database_url: str, redis_url: str
) -> AsyncIterator[list[Process]]:
    """Two processes that run the clock, until the block ends."""
    processes = [Process(folder, database_url, redis_url) for _ in range(2)]
    try:
        for process in processes:
            await process.is_ready()
        yield processes
    finally:
        for process in processes:
            process.stop()
            if "Traceback" in (text := process.log() if not process._log.closed else ""):
                print(text)


def falling_due(count: int, start: datetime, within: timedelta) -> Iterator[Promised]:
    """Promises due from `start`, spread evenly over `within`; both warnings have been given."""
    for number in range(count):
        due = start + within * number / count
        made = due - timedelta(days=2, minutes=number % 5_000)
        yield Promised(made, due, due, 2, due - timedelta(hours=2))


async def fire(
    connection: asyncpg.Connection[asyncpg.Record],
    processes: Sequence[Process],
    first: int,
    count: int,
    within: timedelta,
) -> int:
    """Let `count` fall due and tell how it went; answers the next free contact number."""
    # Seconds as they are in life, and time enough to write them all down.
    writing = timedelta(seconds=count / 2_000)
    start = (now() + _START + writing).replace(microsecond=0)
    await fill(connection, first, falling_due(count, start, within))
    if now() >= start:
        raise SystemExit("this machine is too slow to write the promises before they fall due")
    used = [process.cpu_seconds() for process in processes]
    end = start + within
    until = time.monotonic() + (end - now()).total_seconds() + _GIVE_UP
    left = count
    while left and time.monotonic() < until:
        await asyncio.sleep(0.5)
        left = await connection.fetchval(
            "SELECT count(*) FROM promises WHERE contact_id >= $1 AND contact_id < $2"
            " AND late_at IS NULL",
            first,
            first + count,
        )
    # Whatever might be fired a second time has had its chance.
    await asyncio.sleep(3)
    used = [process.cpu_seconds() - was for process, was in zip(processes, used, strict=True)]
    await _report_fired(connection, first, count, within, used)
    return first + count


async def _report_fired(
    connection: asyncpg.Connection[asyncpg.Record],
    first: int,
    count: int,
    within: timedelta,
    used: Sequence[float],
) -> None:
    rows = await connection.fetch(_FIRED, first, first + count)
    late = [row["promise"] for row in rows if row["kind"] == "late"]
    escalated = [row["promise"] for row in rows if row["kind"] == "escalated"]
    alarms = await connection.fetchrow(_ALARMS, first, first + count)
    assert alarms is not None
    once = (
        len(late) == len(set(late)) == len(escalated) == len(set(escalated)) == count
        and alarms["messages"] == alarms["different"]
        and alarms["promises"] == count
    )
    lateness = sorted(row["lateness"] for row in rows if row["kind"] == "late")
    spread = f"over {within.total_seconds():.0f} s" if within else "in one second"
    print(f"\n{count:,} due {spread}")
    print(f"  marked late / alarmed            {len(late):,} / {len(escalated):,}")
    print(f"  mails, single or in lists        {alarms['messages']:,}")
    print(f"  each exactly once                {'yes' if once else 'NO'}")
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        at = min(len(lateness) - 1, int(len(lateness) * share))
        goal = "    (goal 1.00)" if name == "p99" else ""
        print(f"  lateness {name}, to the commit    {lateness[at]:8.3f} s{goal}")
    print(f"  processor time of each           {' and '.join(f'{s:.1f} s' for s in used)}")
    if not once:
        raise SystemExit("a promise was fired twice, or not at all")


@dataclass(slots=True)
class Beside:
    """How long one insert took, here and there."""

    empty: list[float]
    large: list[float]

    def line(self, what: str) -> str:
        small, large = statistics.median(self.empty), statistics.median(self.large)
        return (
            f"  {what:<33}{1000 * small:7.2f} ms {1000 * large:7.2f} ms"
            f"   {large / small:5.2f}    (goal 1.20)"
        )


async def inserts(
    empty: House, large: House, rounds: int, count: int, *, flush: bool
) -> tuple[Beside, Beside]:
    """Medians of new promises, in turns of `count` here and there, through the door and bare."""
    door, bare = Beside([], []), Beside([], [])
    for house in (empty, large):
        # The first ones prepare statements and fill caches.
        await _times(_receiver(house, "warm"), count)
    async with empty.ledger.connection() as one, large.ledger.connection() as other:
        for connection in (one, other):
            await connection.execute(f"SET synchronous_commit = {'on' if flush else 'off'}")
            await _times(_maker(connection, await _contact(connection), empty), count)
        for turn in range(rounds):
            key = f"{'on' if flush else 'off'}-{turn}"
            # Who goes first changes, so that neither always gets the busier moment.
            pairs = [
                (door.empty, _receiver(empty, key)),
                (door.large, _receiver(large, key)),
                (bare.empty, _maker(one, await _contact(one), empty)),
                (bare.large, _maker(other, await _contact(other), large)),
            ]
            for found, step in pairs if turn % 2 else reversed(pairs):
                found.extend(await _times(step, count))
    return door, bare


async def _times(step: Callable[[int], Awaitable[object]], count: int) -> list[float]:
    took = []
    for number in range(count):
        begun = time.perf_counter()
        await step(number)
        took.append(time.perf_counter() - begun)
    return took


def _receiver(house: House, key: str) -> Callable[[int], Awaitable[object]]:
    async def receive(number: int) -> None:
        phone = f"+4551{hash((key, number)) % 1_000_000_00:08}"
        await house.reception.receive(
            Arrival(
                channel=Channel.WEB,
                dedupe_key=f"bench-{key}-{number}",
                received_at=now(),
                text="Vores skraldespand på Bygaden er ikke tømt i denne uge.",
                name="Kim Test",
                phone=phone,
                email=f"kim-{key}-{number}@example.dk",
                callback=CallbackWish(phone),
            )
        )

    return receive


async def _contact(connection: Any) -> int:
    found: int = await connection.fetchval("SELECT max(id) FROM contacts")
    return found


def _maker(connection: Any, contact: int, house: House) -> Callable[[int], Awaitable[object]]:
    due = now() + timedelta(days=3)
    department = house.municipality.default_department

    async def make(number: int) -> None:
        await connection.fetchval(
            H["make_promise"], contact, PromiseKind.ANSWER, PromiseState.WAITING, department,
            None, "", None, due, now(), "answer", "", None, None,
        )  # fmt: skip

    return make


async def measure(folder: Path, count: int, due: int, rounds: int) -> None:
    with Embedded(folder, postgres_options=("track_commit_timestamp=on",)) as servers:
        assert servers.postgresql is not None
        assert servers.valkey is not None
        small_url, redis_url = servers.postgresql.url, servers.valkey.url
        large_url = await _second_database(small_url)
        connection = await asyncpg.connect(large_url)
        begun = time.perf_counter()
        filled = await fill(connection, 1, later(count, now()))
        await connection.execute("VACUUM ANALYZE")
        took = time.perf_counter() - begun
        size = await connection.fetchval("SELECT pg_total_relation_size('promises') / 1000000")
        print(f"{filled:,} open promises written in {took:.0f} s; the table has {size} MB")
        number = filled + 1
        async with two_clocks(folder, large_url, redis_url) as processes:
            await asyncio.sleep(5)
            print("memory of each at rest (now, most)", _memory(processes))
            for within in (timedelta(seconds=60), timedelta(0)):
                number = await fire(connection, processes, number, due, within)
            print("\nmemory of each (now, most)        ", _memory(processes), "   (goal 150 MB)")
        await _compare(folder, small_url, large_url, redis_url, rounds)
        await _audit(large_url)
        await connection.close()


def _memory(processes: Sequence[Process]) -> str:
    return ", ".join(f"{rss:.0f} / {most:.0f} MB" for rss, most in (p.memory() for p in processes))


async def _compare(folder: Path, small: str, large: str, redis_url: str, rounds: int) -> None:
    def settings(url: str) -> Any:
        return read_settings(database_url=url, redis_url=redis_url, data_dir=folder / "own")

    municipality = config.load(demo_configuration())
    async with (
        open_house(settings(small), municipality=municipality) as empty,
        open_house(settings(large), municipality=municipality) as full,
    ):
        print(f"\nA new promise, medians of {rounds} x 100 in turns     empty   a million   ratio")
        for flush in (True, False):
            door, bare = await inserts(empty, full, rounds, 100, flush=flush)
            if flush:
                print(door.line("Reception.receive (callback)"))
            print(bare.line(f"bare INSERT, flush {'on' if flush else 'off'}"))


async def _audit(url: str) -> None:
    ledger = await Ledger.open(url, size=2)
    try:
        begun = time.perf_counter()
        findings = await audit(ledger, now())
        took = time.perf_counter() - begun
    finally:
        await ledger.close()
    for finding in findings:
        print("  FAILS", finding.invariant, len(finding.references))
    print(f"\naudit of all of it: {'clean' if not findings else 'NOT CLEAN'}, in {took:.1f} s")


async def _second_database(url: str) -> str:
    """Migrates the one that is there, and makes a second one like it."""
    second = urlunsplit(urlsplit(url)._replace(path="/million"))
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE DATABASE million")
    await connection.close()
    for each in (url, second):
        ledger = await Ledger.open(each, size=1)
        await ledger.migrate()
        await ledger.close()
    municipality = config.load(demo_configuration())
    for each in (url, second):
        connection = await asyncpg.connect(each)
        await connection.executemany(
            "INSERT INTO departments (id, name) VALUES ($1, $1) ON CONFLICT DO NOTHING",
            [(department,) for department in municipality.departments],
        )
        await connection.close()
    return second


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.promises", description=__doc__)
    parser.add_argument("--open", type=int, default=1_000_000, help="promises that are open")
    parser.add_argument("--due", type=int, default=10_000, help="promises that fall due")
    parser.add_argument("--rounds", type=int, default=10)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="indgang-bench-"))
    try:
        asyncio.run(measure(folder, chosen.open, chosen.due, chosen.rounds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
