"""How long a contact waits because 5,000 rules are read anew beside it.

`indgang serve` runs as a process with the demo municipality and 5,000 rules more;
another posts contacts at a steady pace whatever the answers take (so that a
contact that had to wait its turn counts with its whole wait). First without, then
while the rules are changed again and again.

    python -m bench.reload                       # 5,000 rules, 50 contacts a second
    python -m bench.reload --seconds 30 --pace 100
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

from bench.__main__ import free_port, run, server
from bench.load import TEXTS
from router.embedded import Embedded
from router.settings import demo_configuration

GOAL_MS = 50.0
RULE = """\
  - id: address-{number:05d}
    when:
      to: "sag-{number:05d}@{turn}.kommune.example"
    to: borgerservice
    why:
      da: "Du har skrevet til en adresse, som {{department}} har."
      en: "You wrote to an address of {{department}}."

"""


def write_rules(folder: Path, rules: int, turn: int) -> None:
    """The demo municipality's rules with so many more in front, other ones each turn."""
    text = (demo_configuration() / "rules.yaml").read_text()
    more = "".join(RULE.format(number=number, turn=f"t{turn}") for number in range(rules))
    place = folder / ".rules.new"
    place.write_text(text.replace("\nrules:\n", f"\nrules:\n{more}", 1))
    place.replace(folder / "rules.yaml")


async def post_steadily(port: int, seconds: float, pace: float) -> dict[str, object]:
    """Post contacts at `pace` a second; answers how long each took from when it was due."""
    took: list[float] = []
    wrong: list[str] = []
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def post(number: int, due: float) -> None:
        reader, writer = await free.get()
        text = TEXTS[number % len(TEXTS)]
        body = json.dumps({"channel": "web", "text": text, "name": "Kim Test"}).encode()
        writer.write(
            f"POST /api/v1/contacts HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        took.append(time.perf_counter() - due)
        if not head.startswith(b"HTTP/1.1 201"):
            wrong.append(head.decode().splitlines()[0])
        free.put_nowait((reader, writer))

    begun = time.perf_counter()
    tasks = []
    for number in range(int(seconds * pace)):
        due = begun + number / pace
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(post(number, due)))
    await asyncio.gather(*tasks)
    return {"ms": [1000 * one for one in took], "wrong": wrong}


def config_version(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
        told: str = json.load(answer)["checks"]["config"]
    return told


async def measure(folder: Path, rules: int, seconds: float, pace: float) -> bool:
    """Print the figures; whether the goal is met."""
    port = free_port()
    configuration = folder / "config"
    shutil.copytree(demo_configuration(), configuration)
    write_rules(configuration, rules, 0)
    with Embedded(folder) as servers:
        assert servers.postgresql is not None
        assert servers.valkey is not None
        async with server(
            "router.cli",
            "serve",
            "--roles",
            "web",
            ready=f"http://127.0.0.1:{port}/readyz",
            INDGANG_DATABASE_URL=servers.postgresql.url,
            INDGANG_REDIS_URL=servers.valkey.url,
            INDGANG_HTTP=f"127.0.0.1:{port}",
            INDGANG_DATA_DIR=str(folder / "process"),
            INDGANG_PUBLIC_BASE_URL=f"http://127.0.0.1:{port}",
            INDGANG_CONFIG=str(configuration),
            INDGANG_LOG_LEVEL="warning",
        ):
            client = ("bench.reload", "client", str(port), str(pace))
            await run(*client, "5")
            still = await run(*client, str(seconds))
            posting = asyncio.create_task(run(*client, str(seconds)))
            reloads = await change_rules(configuration, port, rules, posting)
            moving = await posting
    for result in (still, moving):
        if result["wrong"]:
            raise SystemExit(f"not every contact was taken in: {result['wrong']}")
    print(f"{rules:,} rules, {pace:g} contacts a second, {seconds:g} s; {reloads} reloads")
    print(f"  {'ms':<22}{'p50':>8}{'p99':>8}{'p99.9':>8}{'max':>8}")
    quiet, busy = _ordered(still), _ordered(moving)
    _print("rules stay", quiet)
    _print("rules change", busy)
    added = busy[-1] - quiet[-1]
    print(f"  longest delay added {added:.1f} ms (goal {GOAL_MS:g})")
    return reloads > 0 and added <= GOAL_MS


async def change_rules(
    configuration: Path, port: int, rules: int, posting: asyncio.Task[dict[str, object]]
) -> int:
    """Change the rules, wait until they count, and again, as long as contacts are posted."""
    reloads = 0
    while not posting.done():
        before = await asyncio.to_thread(config_version, port)
        await asyncio.to_thread(write_rules, configuration, rules, reloads + 1)
        while not posting.done():
            await asyncio.sleep(0.5)
            told = await asyncio.to_thread(config_version, port)
            if "refused" in told:
                raise SystemExit(told)
            if told != before:
                reloads += 1
                break
    return reloads


def _ordered(result: dict[str, object]) -> list[float]:
    values = result["ms"]
    assert isinstance(values, list)
    return sorted(values)


def _print(name: str, values: Sequence[float]) -> None:
    shares = [values[min(len(values) - 1, int(len(values) * q))] for q in (0.5, 0.99, 0.999, 1.0)]
    print(f"  {name:<22}" + "".join(f"{value:>8.1f}" for value in shares))


def main() -> None:
    if sys.argv[1:2] == ["client"]:
        port, pace, seconds = sys.argv[2:5]
        print(json.dumps(asyncio.run(post_steadily(int(port), float(seconds), float(pace)))))
        return
    parser = argparse.ArgumentParser(prog="bench.reload", description=__doc__)
    parser.add_argument("--rules", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--pace", type=float, default=50)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="indgang-bench-"))
    try:
        good = asyncio.run(measure(folder, chosen.rules, chosen.seconds, chosen.pace))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not good:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
