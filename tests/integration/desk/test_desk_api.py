"""The staff API as a machine uses it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from router.clock import FixedClock
from router.model import Attachment, CallbackWish
from tests.conftest import TEST_TOKEN
from tests.integration.desk.conftest import Browser, Receive

STAFF = "/api/v1/staff"


class Machine:
    """A program with the staff token."""

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {TEST_TOKEN}"}

    async def get(self, path: str, status: int = 200, **query: str) -> Any:
        response = await self._client.get(f"{STAFF}{path}", params=query, headers=self._headers)
        assert response.status == status, await response.text()
        return await response.json()

    async def post(self, path: str, body: Any = None, status: int = 200, acting: str = "") -> Any:
        headers = self._headers | ({"X-Acting-Caseworker": acting} if acting else {})
        response = await self._client.post(f"{STAFF}{path}", json=body, headers=headers)
        assert response.status == status, await response.text()
        return await response.json()


@pytest.fixture
def machine(client: TestClient[web.Request, web.Application]) -> Machine:
    return Machine(client)


async def test_a_contact_is_told_whole(machine: Machine, receive: Receive) -> None:
    receipt = await receive(attachments=(Attachment("a.txt", "text/plain", b"hej"),))
    told = await machine.get(f"/contacts/{receipt.reference}")
    assert told["reference"] == receipt.reference
    assert told["department"] == "borgerservice"
    assert told["timeline"][0]["body"].startswith("Jeg vil gerne forny mit pas")
    assert told["decisions"][0]["rule"]
    assert told["decisions"][0]["explanation"]["why"]["da"]
    assert [promise["state"] for promise in told["promises"]] == ["waiting"]
    assert told["attachments"][0]["size"] == 3
    file = await machine._client.get(told["attachments"][0]["url"], headers=machine._headers)
    assert await file.read() == b"hej"
    assert (await machine.get("/contacts/123456789", 404))["code"] == "no_such_contact"


async def test_lists_are_filtered_paged_and_refuse_nonsense(
    machine: Machine, receive: Receive, clock: FixedClock
) -> None:
    references = [(await receive(f"n{n}")).reference for n in range(5)]
    seen, cursor = [], None
    while True:
        page = await machine.get("/contacts", limit="2", **({"cursor": cursor} if cursor else {}))
        seen += [item["reference"] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(references)
    assert (await machine.get("/contacts", state="closed"))["items"] == []
    assert (await machine.get("/contacts", department="byg"))["items"] == []
    assert len((await machine.get("/promises", state="open"))["items"]) == 5
    soon = (clock.now() + timedelta(minutes=1)).isoformat()
    assert (await machine.get("/promises", due_before=soon))["items"] == []
    later = (clock.now() + timedelta(days=30)).isoformat()
    assert len((await machine.get("/promises", due_before=later))["items"]) == 5
    for query in (
        {"state": "x"}, {"department": "x"}, {"owner": "x"}, {"limit": "0"}, {"limit": "999"},
        {"cursor": "x"},
    ):  # fmt: skip
        await machine.get("/contacts", 422, **query)
    for query in (
        {"due_before": "i går"},
        {"due_before": "2026-11-24T13:00"},
        {"due_before": "0001-01-01T00:00+14:00"},
        {"cursor": "x"},
    ):
        await machine.get("/promises", 422, **query)


async def test_a_promise_through_its_life(
    machine: Machine, receive: Receive, wish: CallbackWish
) -> None:
    receipt = await receive(callback=wish)
    at = f"/contacts/{receipt.reference}"
    promise = (await machine.get(at))["promises"][0]["id"]
    await machine.post(f"/promises/{promise}/claim", {}, 422)  # nobody to own it
    taken = await machine.post(f"/promises/{promise}/claim", {"caseworker": "lone-hvideklit"})
    assert taken["owner"] == "lone-hvideklit"
    refused = await machine.post(f"/promises/{promise}/claim", acting="jens-mosevang", status=409)
    assert (refused["code"], refused["owner"]) == ("taken_by_other", "lone-hvideklit")
    moved = await machine.post(
        f"/promises/{promise}/reschedule",
        {"from": "2026-11-25T12:00:00Z", "until": "2026-11-25T13:00:00Z"},
    )
    assert moved["due_at"] == "2026-11-25T13:00:00Z"
    await machine.post(f"/promises/{promise}/reschedule", {"until": "2020-01-01T00:00:00Z"}, 422)
    await machine.post(f"/promises/{promise}/reschedule", {"until": "2026-11-25T13:00:00"}, 422)
    await machine.post(f"/promises/{promise}/attempt", {"result": "perhaps"}, 422)
    tried = await machine.post(f"/promises/{promise}/attempt", {"result": "busy"})
    assert (tried["state"], tried["attempts"]) == ("resting", 1)
    open_promise = await machine.post(f"{at}/close", {"outcome": "solved"}, 409)
    assert open_promise["code"] == "open_promise"
    kept = await machine.post(
        f"/promises/{promise}/attempt", {"result": "reached"}, acting="lone-hvideklit"
    )
    assert kept["state"] == "kept"
    ended = await machine.post(f"/promises/{promise}/withdraw", {}, 409)
    assert ended["code"] == "promise_ended"
    await machine.post(f"{at}/note", {"text": "Alt er klaret."}, acting="lone-hvideklit")
    closed = await machine.post(f"{at}/close", {"outcome": "solved", "note": "Færdig."})
    assert (closed["state"], closed["outcome"]) == ("closed", "solved")
    assert [event["actor"] for event in closed["timeline"]].count("staff:lone-hvideklit") >= 3
    await machine.post("/promises/999999/attempt", {"result": "reached"}, 404)
    await machine.post(f"/promises/{10**40}/attempt", {"result": "reached"}, 404)


async def test_hand_over_by_offer_or_forward(machine: Machine, receive: Receive) -> None:
    receipt = await receive()
    at = f"/contacts/{receipt.reference}"
    version = (await machine.get(at))["version"]
    offered = await machine.post(
        f"{at}/forward", {"department": "byg", "reason": "Byggesag", "version": version}
    )
    assert offered["offered_to"] == {"department": "byg", "caseworker": None}
    assert offered["department"] == "borgerservice"
    stale = await machine.post(f"{at}/offer", {"department": "vej", "version": version}, 409)
    assert stale["code"] == "stale"
    assert stale["version"] == offered["version"]
    await machine.post(f"{at}/offer", {"department": "nowhere"}, 422)
    wrong = await machine.post(f"{at}/accept", {"caseworker": "lone-hvideklit"}, 409)
    assert wrong["code"] == "offered_to_other"


async def test_bodies_that_do_not_fit_say_which_field(machine: Machine, receive: Receive) -> None:
    receipt = await receive()
    at = f"/contacts/{receipt.reference}/note"
    bodies: tuple[Any, ...] = (
        {},
        {"text": ""},
        {"text": 7},
        {"text": "x", "colour": "red"},
        [],
        "text",
        None,
    )
    for body in bodies:
        refused = await machine.post(at, body, 422)
        assert refused["code"] == "does_not_fit"
    await machine.post(at, {"text": "nul \x00 byte and \ud800"}, 400)
    await machine.post(at, {"text": "nul \x00 byte"})
    assert (await machine.post(at, {"text": "x", "caseworker": "nobody"}, 422))["code"] == (
        "no_such_caseworker"
    )


async def test_a_person_acts_only_as_themselves(desk: Browser, receive: Receive) -> None:
    receipt = await receive()
    at = f"{STAFF}/contacts/{receipt.reference}/note"
    headers = {"X-CSRF-Token": desk.csrf}
    body = {"text": "x", "caseworker": "jens-mosevang"}
    async with desk.session.post(at, json=body, headers=headers) as response:
        assert response.status == 403
    async with desk.session.post(at, json={"text": "Mit notat"}, headers=headers) as response:
        assert response.status == 200
        assert (await response.json())["timeline"][-1]["actor"] == "staff:lone-hvideklit"


async def test_the_description_names_every_route(
    machine: Machine, client: TestClient[web.Request, web.Application]
) -> None:
    told = await machine.get("/openapi.json")
    assert told["openapi"].startswith("3.1")
    routes = {
        route.resource.canonical
        for route in client.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(STAFF)
    }
    assert set(told["paths"]) == routes - {f"{STAFF}/openapi.json"}
    references = str(told).split("#/components/schemas/")[1:]
    assert {found.split("'")[0] for found in references} <= set(told["components"]["schemas"])
