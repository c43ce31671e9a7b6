"""Calls that belong to the topics of an enquiry: each is seen, moved and withdrawn by itself."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from channels.web.models import ContactAnswer, MessageAnswer, ProblemAnswer
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, Channel, PromiseKind, PromiseState, Receipt
from router.rows import PromiseRow
from router.splitting import NewPart

Client = TestClient[web.Request, web.Application]

LONE = "lone-hvideklit"
CARPORT = NewPart("Carport", "byg", promise=PromiseKind.CALLBACK)
ROAD = NewPart("Hul i vejen", "vej", promise=PromiseKind.CALLBACK)
THURSDAY = "2026-11-26T09:00Z/2026-11-26T09:30Z"
A_NEW_TIME = {"from": "2026-11-26T10:00:00+01:00", "until": "2026-11-26T10:30:00+01:00"}


@pytest.fixture
async def receipt(house: House) -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=house.clock.now(),
            text="En carport og et hul i vejen.",
            email="kim@example.dk",
            phone="+4520304050",
            menu="borgerservice",
        )
    )


async def split(house: House, receipt: Receipt, *topics: NewPart) -> None:
    await house.splitting.split(receipt.reference, f"staff:{LONE}", topics, caseworker=LONE)


async def calls(house: House, receipt: Receipt) -> list[PromiseRow]:
    """The calls, in the order in which they were promised."""
    view = await house.contacts.view(receipt.reference)
    found = [p for p in view.promises if p.kind is PromiseKind.CALLBACK]
    return sorted(found, key=lambda promise: promise.id)


async def page(client: Client, path: str, data: dict[str, str], status: int = 200) -> str:
    answer = await client.post(path, data=data)
    html = unescape(await answer.text()).replace("\u00a0", " ")
    assert answer.status == status, html
    return html


async def opened(client: Client, receipt: Receipt, language: str = "da") -> str:
    data = {"reference": receipt.reference, "code": receipt.access_code}
    return await page(client, f"/status?lang={language}", data)


def held_pass(html: str) -> str:
    found = re.search(r'name="pass" value="([^"]*)"', html)
    assert found is not None
    return found[1]


def section(html: str) -> str:
    """What the page says about calls."""
    found = re.search(r'aria-labelledby="call-heading".*?</section>', html, re.DOTALL)
    assert found is not None
    return found[0]


async def test_the_only_call_may_be_a_topics(
    client: Client, house: House, receipt: Receipt
) -> None:
    await split(house, receipt, CARPORT)
    said = section(await opened(client, receipt))
    assert ">Opringningen<" in said
    assert ">Carport<" in said
    assert "Byggesager ringer til dig på 20 30 40 50" in said
    # The times of those who call, not of those who keep the whole: Byggesager is away on
    # Wednesdays, Borgerservice is not.
    assert "2026-11-26T" in said
    assert "2026-11-25T" not in said
    data = {"pass": held_pass(said), "slot": THURSDAY}
    changed = await page(client, "/status/tid", data)
    assert "Byggesager ringer til dig på 20 30 40 50 torsdag den 26. november" in changed
    (call,) = await calls(house, receipt)
    assert call.not_before is not None
    assert call.not_before.isoformat() == "2026-11-26T09:00:00+00:00"


async def test_each_of_several_is_changed_by_itself(
    client: Client, house: House, receipt: Receipt
) -> None:
    await split(house, receipt, CARPORT, ROAD)
    carport, road = await calls(house, receipt)
    html = await opened(client, receipt)
    said = section(html)
    assert ">Opringningerne<" in said
    for words in (">Carport<", "Byggesager ringer", ">Hul i vejen<", "Vej, Trafik og Park ringer"):
        assert words in said, words
    assert 'id="slot-1"' in said
    assert 'id="slot-2"' in said
    english = section(await opened(client, receipt, "en"))
    assert ">The calls<" in english
    # Each identifier once: labels and screen readers find theirs.
    names = re.findall(r'\bid="([^"]+)"', html)
    assert len(names) == len(set(names))

    data = {"pass": held_pass(html), "call": "2", "slot-2": THURSDAY}
    changed = await page(client, "/status/tid", data)
    assert "Den nye tid er aftalt. Vej, Trafik og Park ringer til dig" in changed
    was, moved = await calls(house, receipt)
    assert (was.not_before, was.due_at) == (carport.not_before, carport.due_at)
    assert moved.not_before is not None
    assert moved.not_before.isoformat() == "2026-11-26T09:00:00+00:00"
    assert moved.department == road.department

    # What does not fit is said at the list that it was chosen in.
    refused = await page(client, "/status/tid", data | {"slot-2": "i morgen"}, 422)
    assert '<a href="#slot-2">Vælg et af tidspunkterne' in refused
    assert 'id="slot-2-error"' in refused
    assert 'id="slot-1-error"' not in refused

    asked = await page(client, "/status/afmeld", {"pass": data["pass"], "call": "1"})
    assert "Byggesager ringer til dig" in asked
    assert 'name="call" value="1"' in asked
    sure = {"pass": data["pass"], "call": "1", "confirmed": "yes"}
    done = await page(client, "/status/afmeld", sure)
    # What is left of that topic, not the other topic's call.
    assert "Vi ringer ikke til dig. Byggesager svarer dig senest" in done
    assert "Vej, Trafik og Park ringer til dig" in section(done)
    assert "Byggesager ringer" not in section(done)
    gone, left = await calls(house, receipt)
    assert (gone.state, left.state.is_open) == (PromiseState.WITHDRAWN, True)
    again = await page(client, "/status/afmeld", sure, 409)
    assert '<a href="#slot">Opringningen er allerede sket eller afmeldt' in again
    assert await audit(house.ledger, house.clock.now()) == []

    # They are told of the topic's call by its own department.
    rows = await house.ledger.fetch(
        "SELECT payload FROM effects WHERE payload ->> 'template' IN ('rescheduled', 'withdrawn')"
        " ORDER BY id"
    )
    assert [(r["payload"]["department"], r["payload"]["promise"]["kind"]) for r in rows] == [
        ("vej", "callback"),
        ("byg", "answer"),
    ]


@pytest.mark.parametrize("call", ["", "3", "0", "x", "-1", "9" * 400])
async def test_a_page_that_does_not_say_which(
    client: Client, house: House, receipt: Receipt, call: str
) -> None:
    await split(house, receipt, CARPORT, ROAD)
    before = await calls(house, receipt)
    html = await opened(client, receipt)
    data = {"pass": held_pass(html), "call": call, "slot": THURSDAY, "confirmed": "yes"}
    status = 422 if call else 409
    for path in ("/status/tid", "/status/afmeld"):
        refused = await page(client, path, data, status)
        assert '<a href="#slot">' in refused
        assert '<p id="slot">' in refused
    assert await calls(house, receipt) == before


async def test_the_api_names_the_calls(client: Client, house: House, receipt: Receipt) -> None:
    await split(house, receipt, CARPORT, ROAD)
    code = {"X-Access-Code": receipt.access_code}
    address = f"/api/v1/contacts/{receipt.reference}"
    shown = await (await client.get(address, headers=code)).json()
    ContactAnswer.model_validate(shown, extra="forbid")
    numbers = {p.get("call") for p in shown["promises"] if p["kind"] == "callback"}
    assert numbers == {1, 2}
    assert all("call" not in p for p in shown["promises"] if p["kind"] != "callback")

    for language, words in (("da", "flere opringninger"), ("en", "Several calls")):
        headers = code | {"Accept-Language": language}
        for answer in (
            await client.delete(f"{address}/callback", headers=headers),
            await client.post(f"{address}/callback", json=A_NEW_TIME, headers=headers),
        ):
            problem = await answer.json()
            ProblemAnswer.model_validate(problem, extra="forbid")
            assert (answer.status, problem["code"]) == (409, "several_calls")
            assert words in problem["detail"]
        unknown = await client.delete(f"{address}/callback?call=9", headers=headers)
        assert (unknown.status, (await unknown.json())["code"]) == (404, "no_such_call")
    for call in ("0", "-1", "x", "٣", "9" * 400, ""):
        answer = await client.delete(f"{address}/callback", params={"call": call}, headers=code)
        assert (answer.status, (await answer.json())["code"]) == (404, "no_such_call")

    moved = await client.post(f"{address}/callback?call=2", json=A_NEW_TIME, headers=code)
    assert moved.status == 200, await moved.text()
    agreed = await moved.json()
    MessageAnswer.model_validate(agreed, extra="forbid")
    assert agreed["department"] == "vej"
    assert agreed["promise"]["from"] == "2026-11-26T09:00:00Z"
    withdrawn = await client.delete(f"{address}/callback?call=2", headers=code)
    left: dict[str, Any] = await withdrawn.json()
    assert (withdrawn.status, left["department"]) == (200, "vej")
    assert left["promise"]["kind"] == "answer"
    # The other is the only one now, and has kept its number.
    ended = await client.delete(f"{address}/callback?call=2", headers=code)
    assert (ended.status, (await ended.json())["code"]) == (409, "promise_ended")
    assert (await client.delete(f"{address}/callback", headers=code)).status == 200
    assert [call.state for call in await calls(house, receipt)] == [PromiseState.WITHDRAWN] * 2
    assert await audit(house.ledger, house.clock.now()) == []
