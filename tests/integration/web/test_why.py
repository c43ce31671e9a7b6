"""The citizen is told in one sentence why it came to this department."""

from __future__ import annotations

from channels.web.models import ContactAnswer
from router.house import House
from tests.integration.web.test_api import URL, Client, made
from tests.integration.web.test_pages import opened


async def test_one_sentence_in_the_citizens_language(client: Client, house: House) -> None:
    receipt = await made(client)
    reference, code = receipt["reference"], receipt["access_code"]
    why = (await house.contacts.view(reference)).decisions[-1].explanation["why"]
    assert why["da"] != why["en"]
    html = await opened(client, reference, code)
    assert f"<dt>Hvorfor her</dt><dd>{why['da']}</dd>" in html
    assert why["en"] in await opened(client, reference, code, "en")
    headers = {"X-Access-Code": code}
    contact = await (await client.get(f"{URL}/{reference}", headers=headers)).json()
    ContactAnswer.model_validate(contact, extra="forbid")
    assert contact["why"] == why["da"]
    english = await client.get(f"{URL}/{reference}", headers=headers | {"Accept-Language": "en"})
    assert (await english.json())["why"] == why["en"]
    document = await (await client.get("/api/v1/openapi.json")).json()
    assert "why" in document["components"]["schemas"]["ContactAnswer"]["properties"]


async def test_what_staff_have_passed_on_no_longer_has_the_rules_reason(
    client: Client, house: House
) -> None:
    receipt = await made(client)
    reference, code = receipt["reference"], receipt["access_code"]
    worker = next(w for w in house.municipality.caseworkers.values() if w.department == "vej")
    await house.contacts.offer(reference, "staff:switchboard", "vej", worker.id)
    await house.contacts.accept(reference, worker.id)
    assert "Hvorfor her" not in await opened(client, reference, code)
    answer = await client.get(f"{URL}/{reference}", headers={"X-Access-Code": code})
    assert "why" not in await answer.json()
