"""The limits: a bare aiohttp JSON POST handler, and bare asyncpg single-row INSERTs."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import asyncpg
import uvloop
from aiohttp import web


async def _accept(request: web.Request) -> web.Response:
    body = await request.json()
    return web.json_response({"length": len(body["text"])}, status=201)


async def serve(port: int) -> None:
    """A bare handler that reads JSON and answers JSON, on loopback, until stopped."""
    app = web.Application()
    app.router.add_post("/bare", _accept)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def inserts(url: str, seconds: float, workers: int) -> dict[str, float]:
    """Single-row INSERTs per second through a pool of 16, each its own transaction."""
    pool = await asyncpg.create_pool(url, min_size=16, max_size=16)
    await pool.execute("DROP TABLE IF EXISTS bench_bare")
    await pool.execute(
        "CREATE TABLE bench_bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " name text, email text, phone text, body text, at timestamptz DEFAULT now())"
    )
    count = 0
    begun = time.perf_counter()

    async def work() -> None:
        nonlocal count
        while time.perf_counter() - begun < seconds:
            await pool.execute(
                "INSERT INTO bench_bare (name, email, phone, body) VALUES ($1, $2, $3, $4)",
                "Kim Test",
                f"kim{count}@example.dk",
                "+4520304050",
                "Vores skraldespand på Bygaden er ikke tømt i denne uge. Hvornår kommer I?",
            )
            count += 1

    await asyncio.gather(*(work() for _ in range(workers)))
    took = time.perf_counter() - begun
    await pool.execute("DROP TABLE bench_bare")
    await pool.close()
    return {"rate": count / took}


def main() -> None:
    what = sys.argv[1]
    if what == "serve":
        uvloop.run(serve(int(sys.argv[2])))
    else:
        url, seconds, workers = sys.argv[2:5]
        print(json.dumps(uvloop.run(inserts(url, float(seconds), int(workers)))))


if __name__ == "__main__":
    main()
