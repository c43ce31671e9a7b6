"""A provider with our account that calls the whole application, and one that we call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient

from channels.phone.sms_out import SmsSender
from router.app import open_house
from router.clock import FixedClock
from router.house import House
from router.settings import Settings
from tests.fake_twilio import ACCOUNT_SID, FakeTwilio
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


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio.listening() as fake:
        yield fake


@pytest.fixture
async def quiet_house(
    settings: Settings, clock: FixedClock, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """A house whose provider is `twilio`, in an environment that would lead it astray."""
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    given = {"twilio_api_url": twilio.url, "twilio_account_sid": ACCOUNT_SID}
    async with open_house(settings.model_copy(update=given), clock) as house:
        yield house


@pytest.fixture
async def sender(quiet_house: House) -> AsyncIterator[SmsSender]:
    sender = SmsSender(quiet_house)
    quiet_house.outbox.register("sms.tell", sender.send)
    async with asynccontextmanager(sender.open_while_running)(web.Application()):
        yield sender
