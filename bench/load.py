"""A small HTTP load generator: keep-alive connections, one request at a time on each.

Runs in a process of its own, so that what it costs is the same for everything
that is measured. It only ever talks to this machine.

    python -m bench.load URL_PATH PORT SECONDS CONNECTIONS
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import cast

import uvloop

TEXTS = (
    "Vores skraldespand på Bygaden er ikke tømt i denne uge. Hvornår kommer I?",
    "Jeg vil gerne vide, hvor langt I er med min byggetilladelse til en carport. "
    "Jeg søgte den 3. september og har ikke hørt noget siden.",
    "Min mor på 84 er faldet to gange. Hvordan søger vi om hjemmehjælp og nødkald?",
    "Gadelygten ud for nummer 12 har været slukket i to uger.",
    "Kan jeg få en afdragsordning på regningen for daginstitution?",
    "Hello, I have just moved here and need a CPR number and a health card. What do I do?",
)


@dataclass
class Tally:
    """What the connections saw."""

    statuses: Counter[int]
    latencies: list[float]


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last is answered."""

    def __init__(self, head: bytes, numbers: itertools.count[int], until: float, tally: Tally):
        self._head, self._numbers, self._until, self._tally = head, numbers, until, tally
        self._buffer = bytearray()
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        number = next(self._numbers)
        body = (
            b'{"channel":"web","name":"Kim Test","email":"kim%d@example.dk",'
            b'"phone":"+45%08d","text":"%s"}'
            % (number, 20_000_000 + number % 9_999_999, TEXTS[number % len(TEXTS)].encode())
        )
        self._sent_at = time.perf_counter()
        self._transport.write(b"%sContent-Length: %d\r\n\r\n%s" % (self._head, len(body), body))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        start = head.index(b"content-length:") + 15
        stop = head.find(b"\r\n", start)
        length = int(head[start : stop if stop > 0 else None])
        if len(self._buffer) < end + 4 + length:
            return
        del self._buffer[: end + 4 + length]
        now = time.perf_counter()
        self._tally.statuses[int(head[9:12])] += 1
        self._tally.latencies.append(now - self._sent_at)
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def load(path: str, port: int, seconds: float, connections: int) -> dict[str, object]:
    """Post JSON to `path` for `seconds`; answers counts, rate and latencies in ms."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    tally = Tally(Counter(), [])
    begun = time.perf_counter()
    numbers = itertools.count(random.randrange(1_000_000))
    protocols = []
    for _ in range(connections):
        _, protocol = await loop.create_connection(
            lambda: Connection(head, numbers, begun + seconds, tally), "127.0.0.1", port
        )
        protocols.append(protocol)
    await asyncio.gather(*(protocol.done for protocol in protocols))
    took = time.perf_counter() - begun
    ordered = sorted(tally.latencies)
    return {
        "rate": len(ordered) / took,
        "p50_ms": 1000 * ordered[len(ordered) // 2],
        "p99_ms": 1000 * ordered[int(len(ordered) * 0.99)],
        "statuses": dict(tally.statuses),
    }


def main() -> None:
    path, port, seconds, connections = sys.argv[1:5]
    result = uvloop.run(load(path, int(port), float(seconds), int(connections)))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
