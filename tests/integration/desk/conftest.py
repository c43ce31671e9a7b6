"""People at the desk: each a browser of their own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from router.clock import FixedClock
from router.house import House
from router.model import Arrival, CallbackWish, Channel, Receipt

CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Answer:
    """A response that has been read."""

    status: int
    text: str
    headers: Any


class Browser:
    """One person's browser. Follows no redirect by itself."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.csrf = ""

    async def get(self, path: str, **options: Any) -> Answer:
        async with self.session.get(path, allow_redirects=False, **options) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def post(self, path: str, **fields: str) -> Answer:
        data = {"csrf": self.csrf} | fields
        async with self.session.post(path, data=data, allow_redirects=False) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def log_in(self, person: str, **fields: str) -> Answer:
        found = CSRF.search((await self.get("/desk/login")).text)
        assert found is not None
        self.csrf = found[1]
        answer = await self.post("/desk/login", person=person, **fields)
        if answer.status == 303:
            found = CSRF.search((await self.get("/desk")).text)
            assert found is not None
            self.csrf = found[1]
        return answer


Open = Callable[[], Awaitable[Browser]]
Receive = Callable[..., Awaitable[Receipt]]


@pytest.fixture
async def browser(
    client: TestClient[web.Request, web.Application],
) -> AsyncIterator[Open]:
    """Opens a browser with no cookies."""
    async with AsyncExitStack() as stack:

        async def open_one() -> Browser:
            session = await stack.enter_async_context(
                aiohttp.ClientSession(
                    base_url=client.make_url("/"), cookie_jar=aiohttp.CookieJar(unsafe=True)
                )
            )
            return Browser(session)

        yield open_one


@pytest.fixture
async def desk(browser: Open) -> Browser:
    """A caseworker of Borgerservice who is logged in."""
    person = await browser()
    assert (await person.log_in("lone-hvideklit")).status == 303
    return person


@pytest.fixture
def receive(house: House, clock: FixedClock) -> Receive:
    """Lets something reach us."""

    async def arrive(key: str = "one", **given: Any) -> Receipt:
        values: dict[str, Any] = {
            "channel": Channel.WEB,
            "dedupe_key": key,
            "received_at": clock.now(),
            "text": "Jeg vil gerne forny mit pas inden ferien.",
            "subject": "Pas",
            "name": "Karin Test",
            "phone": "+4520304050",
            "menu": "borgerservice",
        } | given
        return await house.reception.receive(Arrival(**values))

    return arrive


@pytest.fixture
def wish() -> CallbackWish:
    """To be called, at no certain time."""
    return CallbackWish("+4520304050")
