"""Contacts per second over HTTP, as a share of the limit L = 1/(1/H + 1/I).

H: a bare aiohttp JSON POST handler. I: bare asyncpg single-row INSERTs, each
durable. Ours routes, owns and promises each contact and answers 201 only when
it is committed. All in one run, in turns, medians; same load generator, same
embedded PostgreSQL.

    make bench                  # three rounds of 8 seconds
    python -m bench --seconds 4 --rounds 1 --connections 16
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

from router.embedded import Embedded

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def run(*arguments: str) -> dict[str, object]:
    """A measuring process's answer: one line of JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"{arguments[0]} failed")
    answer: dict[str, object] = json.loads(out)
    return answer


@asynccontextmanager
async def server(*arguments: str, ready: str, **environment: str) -> AsyncIterator[None]:
    """A server process, from ready until the block ends."""
    log = tempfile.TemporaryFile()  # noqa: SIM115  closed at the end of the block
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=log,
        stderr=log,
    )
    try:
        for _ in range(300):
            if process.returncode is not None:
                log.seek(0)
                raise SystemExit(log.read().decode())
            try:
                await asyncio.to_thread(urlopen, ready, timeout=1)
                break
            except OSError as error:
                if getattr(error, "code", None):
                    break
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        log.close()


def rate(result: dict[str, object]) -> float:
    value = result["rate"]
    assert isinstance(value, float)
    return value


async def measure(folder: Path, seconds: float, rounds: int, connections: int) -> None:
    bare, ours = free_port(), free_port()
    load = (str(seconds), str(connections))
    results: dict[str, list[dict[str, object]]] = {"H": [], "I": [], "ours": []}
    with Embedded(folder) as servers:
        assert servers.postgresql is not None
        assert servers.valkey is not None
        database = servers.postgresql.url
        async with (
            server("bench.bare", "serve", str(bare), ready=f"http://127.0.0.1:{bare}/"),
            server(
                "router.cli",
                "serve",
                "--roles",
                "web",
                ready=f"http://127.0.0.1:{ours}/readyz",
                INDGANG_DATABASE_URL=database,
                INDGANG_REDIS_URL=servers.valkey.url,
                INDGANG_HTTP=f"127.0.0.1:{ours}",
                INDGANG_DATA_DIR=str(folder / "process"),
                INDGANG_PUBLIC_BASE_URL=f"http://127.0.0.1:{ours}",
                INDGANG_LOG_LEVEL="warning",
            ),
        ):
            await run("bench.load", "/api/v1/contacts", str(ours), "2", str(connections))
            for turn in range(rounds):
                results["H"].append(await run("bench.load", "/bare", str(bare), *load))
                results["I"].append(await run("bench.bare", "inserts", database, *load))
                results["ours"].append(
                    await run("bench.load", "/api/v1/contacts", str(ours), *load)
                )
                print(f"round {turn + 1} of {rounds} done", flush=True)
    for result in results["ours"]:
        if set(result["statuses"]) != {"201"}:  # type: ignore[call-overload]
            raise SystemExit(f"not every contact was taken in: {result['statuses']}")
    median = {name: statistics.median(map(rate, runs)) for name, runs in results.items()}
    limit = 1 / (1 / median["H"] + 1 / median["I"])
    print(f"\n{connections} connections, median of {rounds} x {seconds:g} s")
    print(f"  H  bare aiohttp JSON POST        {median['H']:8.0f} /s")
    print(f"  I  bare asyncpg INSERT           {median['I']:8.0f} /s")
    print(f"  L  = 1/(1/H + 1/I)               {limit:8.0f} /s")
    print(f"     contacts taken in (201)       {median['ours']:8.0f} /s")
    for name in ("p50_ms", "p99_ms"):
        values = [value for r in results["ours"] if isinstance(value := r[name], float)]
        print(f"     {name[:3]} of a contact              {statistics.median(values):8.1f} ms")
    print(f"     share of the limit            {median['ours'] / limit:8.2f}    (goal 0.60)")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="indgang-bench-"))
    try:
        asyncio.run(measure(folder, chosen.seconds, chosen.rounds, chosen.connections))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
