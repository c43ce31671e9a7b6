"""A provider with our account, calling the whole application of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient

from router.house import House
from tests.twilio_caller import Provider


@pytest.fixture
async def provider(
    house: House, client: TestClient[web.Request, web.Application]
) -> AsyncIterator[Provider]:
    settings = house.settings
    async with ClientSession() as session:
        yield Provider(
            session,
            public=settings.public_base_url,
            account_sid=settings.twilio_account_sid,
            token=settings.twilio_auth_token,
            connect=str(client.make_url("/")).rstrip("/"),
        )
