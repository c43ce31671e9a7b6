"""Open desks hear of changes, and miss none."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import aiohttp

from router.house import House
from tests.integration.desk.conftest import Browser, Open, Receive


@dataclass
class Told:
    """One server-sent event."""

    event: str
    id: str
    contacts: list[str]


async def _next(stream: aiohttp.StreamReader) -> Told:
    """The next event; fails after ten seconds."""
    fields: dict[str, str] = {}
    async with asyncio.timeout(10):
        while True:
            line = (await stream.readline()).decode().rstrip("\n")
            if not line and "event" in fields:
                contacts = json.loads(fields["data"])["contacts"]
                return Told(fields["event"], fields.get("id", ""), contacts)
            name, colon, value = line.partition(": ")
            if colon:
                fields[name] = value


async def test_a_change_reaches_the_other_desk(
    desk: Browser, browser: Open, receive: Receive, house: House
) -> None:
    receipt = await receive()
    colleague = await browser()
    await colleague.log_in("jens-mosevang")
    promise = (await house.contacts.view(receipt.reference)).promises[0].id
    async with desk.session.get("/api/v1/staff/events") as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        assert (await _next(response.content)).event == "connected"
        await asyncio.sleep(0.1)
        at = f"/desk/contacts/{receipt.reference}"
        assert (await colleague.post(f"{at}/promises/{promise}/claim")).status == 303
        while receipt.reference not in (told := await _next(response.content)).contacts:
            assert told.event == "contacts"
    assert told.event == "contacts"
    assert "Jens Mosevang" in (await desk.get("/desk/queue")).text


async def test_what_was_missed_is_told_at_reconnect(
    desk: Browser, receive: Receive, house: House
) -> None:
    async with desk.session.get("/api/v1/staff/events") as response:
        await _next(response.content)
        await asyncio.sleep(0.1)
        first = await receive("first")
        seen = await _next(response.content)
        assert first.reference in seen.contacts
    second = await receive("second")
    await house.live.close()
    headers = {"Last-Event-ID": seen.id}
    async with desk.session.get("/api/v1/staff/events", headers=headers) as response:
        assert (await _next(response.content)).event == "connected"
        missed = await _next(response.content)
        assert missed.contacts == [second.reference]


async def test_one_contact_is_told_of_itself_only(
    desk: Browser, receive: Receive, house: House
) -> None:
    mine, other = await receive("mine"), await receive("other")
    await house.live.close()
    query = {"reference": mine.reference}
    async with desk.session.get("/api/v1/staff/events", params=query) as response:
        await _next(response.content)
        await asyncio.sleep(0.1)
        await house.contacts.note(other.reference, "staff:lone-hvideklit", "Et andet sted.")
        await house.live.close()
        await house.contacts.note(mine.reference, "staff:lone-hvideklit", "Her.")
        assert (await _next(response.content)).contacts == [mine.reference]


async def test_rubbish_as_last_event_id_is_a_fresh_start(desk: Browser) -> None:
    for last in ("rubbish", "0-0", "99999999999999999999999", "-1", "1-x"):
        async with desk.session.get(
            "/api/v1/staff/events", headers={"Last-Event-ID": last}
        ) as response:
            assert (await _next(response.content)).event == "connected"
