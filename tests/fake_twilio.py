"""Twilio's Messages resource: keeps what it is sent, answers what the test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs

from aiohttp import web
from aiohttp.test_utils import TestServer

ACCOUNT_SID = "AC" + "1" * 32


@dataclass
class FakeTwilio:
    """A provider that only takes text messages."""

    url: str = ""
    status: int = 201
    code: int | None = None
    raw: str | None = None
    sent: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def messages(self, request: web.Request) -> web.Response:
        assert request.match_info["account"] == ACCOUNT_SID
        form = parse_qs((await request.read()).decode())
        self.sent.append({name: values[0] for name, values in form.items()})
        self.headers.append(dict(request.headers))
        if self.raw is not None:
            return web.Response(status=self.status, text=self.raw)
        if self.status >= 400:
            body = {"code": self.code, "message": "no", "status": self.status, "more_info": ""}
            return web.json_response(body, status=self.status)
        return web.json_response({"sid": "SM" + "2" * 32, "status": "queued"}, status=201)

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator[Self]:
        """One that listens at `url` of loopback."""
        fake = cls()
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", fake.messages)
        async with TestServer(app) as server:
            fake.url = str(server.make_url("/")).rstrip("/")
            yield fake
