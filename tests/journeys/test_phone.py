"""A caller's journeys, black box: signed webhooks in, and what staff then see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from router.embedded import Embedded
from tests.fake_twilio import ACCOUNT_SID, FakeTwilio
from tests.running import Running
from tests.twilio_caller import ANNA, Provider

PATIENCE = 30.0


class Staff:
    """What a caseworker's program sees."""

    def __init__(self, session: ClientSession, service: Running) -> None:
        self._session = session
        self._base = f"{service.base_url}/api/v1/staff"
        self._headers = {"Authorization": f"Bearer {service.staff_token}"}

    async def contacts(self) -> list[dict[str, Any]]:
        """All contacts, newest first."""
        return list((await self._get("/contacts"))["items"])

    async def contact(self, reference: str) -> dict[str, Any]:
        """One contact with its story."""
        return dict(await self._get(f"/contacts/{reference}"))

    async def eventually(self, fits: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait until the contacts are as `fits` wants them."""
        until = time.monotonic() + PATIENCE
        contacts: list[dict[str, Any]] = []
        while time.monotonic() < until:
            contacts = await self.contacts()
            if fits(contacts):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(contacts)

    async def _get(self, path: str) -> Any:
        async with self._session.get(self._base + path, headers=self._headers) as response:
            assert response.status == 200, await response.text()
            return await response.json()


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio.listening() as fake:
        yield fake


@pytest.fixture
def service(
    tmp_path: Path, database_url: str, redis_url: str, twilio: FakeTwilio
) -> Iterator[Running]:
    """The running service with an account at the fake provider."""
    service = Running(tmp_path, database_url, redis_url, twilio_api_url=twilio.url)
    service.environment["TWILIO_ACCOUNT_SID"] = ACCOUNT_SID
    with service:
        yield service


def provider_of(session: ClientSession, service: Running) -> Provider:
    return Provider(session, service.base_url, ACCOUNT_SID, service.twilio_auth_token)


@pytest.fixture
def provider(session: ClientSession, service: Running) -> Provider:
    return provider_of(session, service)


@pytest.fixture
def staff(session: ClientSession, service: Running) -> Staff:
    return Staff(session, service)


async def text_messages(twilio: FakeTwilio, count: int) -> list[dict[str, str]]:
    """The text messages that left, once there are `count` of them."""
    until = time.monotonic() + PATIENCE
    while len(twilio.sent) < count and time.monotonic() < until:
        await asyncio.sleep(0.05)
    assert len(twilio.sent) == count
    return twilio.sent


def promised_numbers(contact: dict[str, Any]) -> list[str]:
    return [promise["phone"] for promise in contact["promises"] if promise["kind"] == "callback"]


async def test_a_danish_caller_is_promised_a_callback(
    provider: Provider, staff: Staff, twilio: FakeTwilio
) -> None:
    call = await provider.call().dial()
    assert "Velkommen til Frederikssund Kommune." in call.heard
    await call.say("Jeg vil søge byggetilladelse til en carport")
    assert "Byggesager ringer til dig på 20 30 40 50" in call.heard
    await call.say("ja tak")
    assert call.ended
    contact = await staff.contact(call.reference)
    assert contact["department"] == "byg"
    assert promised_numbers(contact) == [ANNA]
    (message,) = await text_messages(twilio, 1)
    assert message["To"] == ANNA
    assert f"{call.reference[:3]} {call.reference[3:6]} {call.reference[6:]}" in message["Body"]


async def test_a_caller_with_a_reference_gets_another_time_and_then_none(
    provider: Provider, staff: Staff, twilio: FakeTwilio
) -> None:
    first = await provider.call().dial()
    await first.say("Jeg vil søge byggetilladelse til en carport")
    await first.press("1")
    call = await provider.call().dial()
    await call.press("*")
    await call.press(f"{first.reference}#")
    assert "Den ligger hos Byggesager. Byggesager ringer til dig på 20 30 40 50" in call.heard
    assert "carport" not in call.heard
    await call.press("2")
    await call.press("3")
    assert "Den nye tid er aftalt." in call.heard
    contact = await staff.contact(first.reference)
    (moved,) = [p for p in contact["promises"] if p["kind"] == "callback"]
    assert moved["state"] == "scheduled"
    again = await provider.call().dial()
    await again.say("min sag")
    await again.say(first.reference)
    await again.press("3")
    assert "Vi ringer ikke til dig. Byggesager svarer dig senest" in again.heard
    contact = await staff.contact(first.reference)
    assert {p["kind"]: p["state"] for p in contact["promises"]} == {
        "callback": "withdrawn",
        "answer": "waiting",
    }
    # Neither call left anything else that somebody would have to do.
    states = {head["reference"]: head["state"] for head in await staff.contacts()}
    assert states.pop(first.reference) == "open"
    assert set(states.values()) == {"closed"}
    await text_messages(twilio, 3)


async def test_an_english_caller(provider: Provider, staff: Staff, twilio: FakeTwilio) -> None:
    call = await provider.call("+4670123456").dial()
    await call.press("9")
    await call.say("My bin has not been emptied")
    assert "will call you on +46 70 123 45 6" in call.heard or "+46" in call.heard
    await call.press("1")
    contact = await staff.contact(call.reference)
    assert contact["language"] == "en"
    (message,) = await text_messages(twilio, 1)
    assert "will call you on" in message["Body"]


async def test_an_anonymous_caller(provider: Provider, staff: Staff, twilio: FakeTwilio) -> None:
    call = await provider.call("anonymous").dial()
    await call.press("7")
    await call.press("31415161#")
    await call.press("1")
    contact = await staff.contact(call.reference)
    assert promised_numbers(contact)[-1:] == ["+4531415161"]
    (message,) = await text_messages(twilio, 1)
    assert message["To"] == "+4531415161"


async def test_a_caller_who_hangs_up_half_way_is_not_lost(
    provider: Provider, staff: Staff, twilio: FakeTwilio
) -> None:
    call = await provider.call().dial()
    await call.hang_up()
    (head,) = await staff.contacts()
    contact = await staff.contact(head["reference"])
    assert contact["state"] == "open"
    assert contact["department"]
    assert promised_numbers(contact) == [ANNA]
    (message,) = await text_messages(twilio, 1)
    assert message["To"] == ANNA


async def test_a_text_message(provider: Provider, staff: Staff) -> None:
    params = provider.message_params("Der er hul i vejen på Strandvej")
    answer = await provider.post("/twilio/sms", params)
    (head,) = await staff.contacts()
    assert head["department"] == "vej"
    grouped = f"{head['reference'][:3]} {head['reference'][3:6]} {head['reference'][6:]}"
    assert grouped in answer.body


async def test_with_postgresql_and_redis_down_nobody_is_lost(
    tmp_path: Path, session: ClientSession, twilio: FakeTwilio
) -> None:
    """Calls and texts come in while everything is away; even kill -9 loses none of them."""
    with Embedded(tmp_path / "servers") as servers:
        assert servers.postgresql is not None
        assert servers.valkey is not None
        service = Running(
            tmp_path, servers.postgresql.url, servers.valkey.url, twilio_api_url=twilio.url
        )
        service.environment["TWILIO_ACCOUNT_SID"] = ACCOUNT_SID
        with service:
            provider, staff = provider_of(session, service), Staff(session, service)
            begun = await provider.call("+4520000001").dial()
            servers.postgresql.stop()
            servers.valkey.stop()

            failed = provider.call("+4520000002")
            await failed.dial("/twilio/fallback", ErrorCode="11200", ErrorUrl="https://x.example/")
            assert "vi ringer tilbage til dig på 20 00 00 02" in failed.heard
            again = provider.call("+4520000002", CallSid=failed.sid)
            await again.dial("/twilio/fallback", ErrorCode="11200", ErrorUrl="https://x.example/")

            direct = await provider.call("+4520000003").dial()
            assert "vi ringer tilbage til dig på 20 00 00 03" in direct.heard
            await begun.say("Der er hul i vejen på Strandvej")
            assert "vi ringer tilbage til dig på 20 00 00 01" in begun.heard

            hidden = await provider.call("anonymous").dial("/twilio/fallback", ErrorCode="11205")
            assert "Tast dit telefonnummer" in hidden.heard
            await hidden.press("12345678#")
            await hidden.press("20000004#")
            assert "vi ringer tilbage til dig på 20 00 00 04" in hidden.heard

            text = await provider.post(
                "/twilio/sms", provider.message_params("Gadelyset er gået ud", "+4520000005")
            )
            assert "Vi har modtaget den" in text.body

            service.kill9()
            servers.postgresql.start()
            servers.valkey.start()
            service.start()
            spool = service.data_dir / "spool"
            await staff.eventually(lambda _: not list(spool.iterdir()))
            found = [await staff.contact(head["reference"]) for head in await staff.contacts()]
            assert len(found) == 5
            owed = {promise["phone"] for contact in found for promise in contact["promises"]}
            assert {f"+452000000{n}" for n in range(1, 5)} <= owed
            assert all(contact["state"] == "open" for contact in found)
            assert all(contact["department"] for contact in found)
            departments = {contact["phone"]: contact["department"] for contact in found}
            # What was said to a dead line was heard all the same.
            assert departments["+4520000001"] == "vej"
            assert departments["+4520000005"] == "vej"
