"""Free times, and what a citizen does with the call that was promised: API and pages."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from channels.web.models import MessageAnswer, ProblemAnswer, SlotsAnswer
from router.clock import FixedClock
from router.errors import LedgerAway
from router.house import House
from router.ledger.audit import audit
from router.model import Outcome

Client = TestClient[web.Request, web.Application]

URL = "/api/v1/contacts"
SLOTS = "/api/v1/slots"
CALL_ME: dict[str, Any] = {
    "text": "Jeg vil gerne have byggetilladelse til en carport.",
    "email": "ane@eksempel.dk",
    "callback": {"phone": "20304050", "from": "2026-11-24T13:00:00+01:00",
                 "until": "2026-11-24T13:30:00+01:00"},
}  # fmt: skip


async def made(client: Client, **more: Any) -> dict[str, Any]:
    answer = await client.post(URL, json=CALL_ME | more)
    assert answer.status == 201, await answer.text()
    receipt: dict[str, Any] = await answer.json()
    return receipt


async def slots(client: Client, **query: Any) -> dict[str, Any]:
    answer = await client.get(SLOTS, params={"department": "byg"} | query)
    assert answer.status == 200, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


# GET /api/v1/slots


async def test_free_times_are_listed(client: Client) -> None:
    answer = await client.get(SLOTS, params={"department": "byg", "from": "2026-11-24", "days": 2})
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=15"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found = await answer.json()
    SlotsAnswer.model_validate(found, extra="forbid")
    assert (found["department"], found["department_name"]) == ("byg", "Byggesager")
    # On duty 8.30-12 and 12.30-15; nobody on Wednesday.
    assert len(found["slots"]) == 12
    assert found["slots"][0] == {
        "from": "2026-11-24T07:30:00Z",
        "until": "2026-11-24T08:00:00Z",
        "text": "tirsdag den 24. november mellem kl. 8.30 og 9.00",
    }
    english = await client.get(
        SLOTS, params={"department": "byg"}, headers={"Accept-Language": "en"}
    )
    assert (await english.json())["slots"][0][
        "text"
    ] == "Monday 23 November between 10:00 and 10:30"


async def test_a_day_a_moment_and_nothing(client: Client) -> None:
    assert (await slots(client))["slots"][0]["from"] == "2026-11-23T09:00:00Z"
    moment = await slots(client, **{"from": "2026-11-24T13:00:00+01:00", "days": "1"})
    assert moment["slots"][0]["from"] == "2026-11-24T12:00:00Z"
    assert await slots(client, **{"from": "2026-11-28", "days": 1}) == {
        "department": "byg", "department_name": "Byggesager", "slots": []}  # fmt: skip
    # Today's are those that are left.
    today = await slots(client, **{"from": "2026-11-23", "days": 1})
    assert today["slots"][0]["from"] == "2026-11-23T09:00:00Z"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"department": ""}, 422, "department_missing"),
        ({"department": "findes-ikke"}, 404, "no_such_department"),
        ({"from": "2026-11-22"}, 422, "window_in_past"),
        ({"from": "2026-11-20T10:00:00Z"}, 422, "window_in_past"),
        ({"from": "2027-12-28"}, 422, "window_too_far"),
        ({"from": "2027-12-28T10:00:00Z"}, 422, "window_too_far"),
        ({"from": "9999-12-31"}, 422, "window_too_far"),
        ({"from": "0001-01-01T00:00:00+14:00"}, 422, "bad_from"),
        ({"from": "2026-11-24T13:00:00"}, 422, "timezone_aware"),
        ({"from": "i morgen"}, 422, "bad_from"),
        ({"from": "2026-02-31"}, 422, "bad_from"),
        ({"days": "0"}, 422, "bad_days"),
        ({"days": "32"}, 422, "bad_days"),
        ({"days": "-1"}, 422, "bad_days"),
        ({"days": "٣"}, 422, "bad_days"),
        ({"days": "9" * 5000}, 422, "bad_days"),
    ],
)
async def test_what_cannot_be_asked_for(
    client: Client, query: dict[str, str], status: int, code: str
) -> None:
    for language in ("da", "en"):
        answer = await client.get(
            SLOTS, params={"department": "byg"} | query, headers={"Accept-Language": language}
        )
        assert answer.status == status
        assert answer.content_type == "application/problem+json"
        problem = await answer.json()
        ProblemAnswer.model_validate(problem, extra="forbid")
        assert problem["code"] == code
        assert len(problem["detail"]) > 10
        assert "{" not in problem["detail"]


async def test_the_last_one_goes_to_one_and_the_next_to_the_other(
    client: Client, house: House
) -> None:
    first = (await slots(client))["slots"][0]
    wish = {"callback": {"phone": "20304050"} | {k: first[k] for k in ("from", "until")}}
    answers = await asyncio.gather(
        *(
            made(client, callback=wish["callback"] | {"phone": f"2030{number:04}"})
            for number in range(6)
        )
    )
    starts = sorted(answer["promise"]["from"] if "from" in answer["promise"] else first["from"]
                    for answer in answers)  # fmt: skip
    # Room for two in each.
    assert starts == ["2026-11-23T09:00:00Z"] * 2 + ["2026-11-23T09:30:00Z"] * 2 + [
        "2026-11-23T10:00:00Z"] * 2  # fmt: skip
    assert first not in (await slots(client))["slots"]
    assert await audit(house.ledger, house.clock.now()) == []


# The API: change and withdraw


def code(receipt: dict[str, Any]) -> dict[str, str]:
    return {"X-Access-Code": receipt["access_code"]}


async def test_the_time_is_changed_and_told(client: Client, house: House) -> None:
    receipt = await made(client)
    new = {"from": "2026-11-26T10:00:00+01:00", "until": "2026-11-26T11:00:00+01:00"}
    for _ in range(2):
        answer = await client.post(
            f"{URL}/{receipt['reference']}/callback", json=new, headers=code(receipt)
        )
        assert answer.status == 200, await answer.text()
        agreed = await answer.json()
        MessageAnswer.model_validate(agreed, extra="forbid")
        assert agreed["promise"]["from"] == "2026-11-26T09:00:00Z"
        assert agreed["promise"]["until"] == "2026-11-26T10:00:00Z"
        assert "torsdag den 26. november mellem kl. 10.00 og 11.00" in agreed["promise"]["text"]
    view = await house.contacts.view(receipt["reference"])
    assert view.head.next_due_at == datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
    assert {effect.kind for effect in view.effects} == {"mail.tell"}
    shown = await client.get(f"{URL}/{receipt['reference']}", headers=code(receipt))
    titles = [step["title"] for step in (await shown.json())["timeline"]]
    assert "Du valgte en ny tid: torsdag den 26. november mellem kl. 10.00 og 11.00" in titles


async def test_that_we_could_not_reach_them_is_told(client: Client, house: House) -> None:
    receipt = await made(client)
    (head,) = (await house.contacts.list()).items
    view = await house.contacts.view(head.reference)
    await house.promises.attempt(view.promises[0].id, "staff:ole-skovlyng", "no_answer")
    await house.letters.tell_unreachable(head.reference, "staff:ole-skovlyng")
    shown = await client.get(f"{URL}/{receipt['reference']}", headers=code(receipt))
    told = (await shown.json())["timeline"][-1]["title"]
    assert told.startswith("Vi har forsøgt at få fat i dig")


async def test_from_alone_is_the_first_free_time(client: Client) -> None:
    receipt = await made(client)
    answer = await client.post(
        f"{URL}/{receipt['reference']}/callback",
        # Nobody is on duty on Wednesday.
        json={"from": "2026-11-25T10:00:00+01:00"},
        headers=code(receipt),
    )
    assert (await answer.json())["promise"]["from"] == "2026-11-26T07:30:00Z"


@pytest.mark.parametrize(
    ("new", "status", "why"),
    [
        ({}, 422, "window_missing"),
        ({"from": "2026-11-20T10:00:00Z", "until": "2026-11-20T11:00:00Z"}, 422, "window_in_past"),
        ({"until": "2027-12-28T11:00:00Z"}, 422, "window_too_far"),
        ({"from": "2026-11-26T11:00:00Z", "until": "2026-11-26T10:00:00Z"}, 422,
         "window_end_before_start"),
        # At night, on a Saturday, at Christmas.
        ({"from": "2026-11-26T02:00:00Z", "until": "2026-11-26T03:00:00Z"}, 422, "window_closed"),
        ({"from": "2026-11-28T10:00:00Z", "until": "2026-11-28T12:00:00Z"}, 422, "window_closed"),
        ({"from": "2026-12-25T10:00:00Z", "until": "2026-12-25T12:00:00Z"}, 422, "window_closed"),
        # Open, but nobody is on duty for calls.
        ({"from": "2026-11-25T10:00:00Z", "until": "2026-11-25T12:00:00Z"}, 409, "slot_taken"),
        ({"from": "2026-11-26T10:00:00"}, 422, "does_not_fit"),
        ({"from": "i morgen"}, 422, "does_not_fit"),
        ({"when": "2026-11-26T10:00:00Z"}, 422, "does_not_fit"),
    ],
)  # fmt: skip
async def test_a_time_that_cannot_be_leaves_what_was_promised(
    client: Client, house: House, new: dict[str, str], status: int, why: str
) -> None:
    receipt = await made(client)
    for language in ("da", "en"):
        answer = await client.post(
            f"{URL}/{receipt['reference']}/callback",
            json=new,
            headers=code(receipt) | {"Accept-Language": language},
        )
        assert answer.status == status, await answer.text()
        problem = await answer.json()
        ProblemAnswer.model_validate(problem, extra="forbid")
        assert problem["code"] == why
        assert problem["detail"] != why
        assert ("next" in problem) == (why in ("window_closed", "slot_taken"))
    (promise,) = (await house.contacts.view(receipt["reference"])).promises
    assert promise.not_before == datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert promise.due_at == datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


async def test_the_night_when_the_clocks_change(client: Client, clock: FixedClock) -> None:
    clock.set(datetime(2027, 3, 26, 10, 0, tzinfo=UTC))
    receipt = await made(client, callback={"phone": "20304050"})
    # 02.30 in Copenhagen does not exist; the moment that is written lies at night.
    answer = await client.post(
        f"{URL}/{receipt['reference']}/callback",
        json={"from": "2027-03-28T02:30:00+01:00", "until": "2027-03-28T03:00:00+01:00"},
        headers=code(receipt),
    )
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (422, "window_closed")
    # After Easter, which is on that Sunday and Monday.
    assert problem["next"]["from"] == "2027-03-30T06:30:00Z"


async def test_withdrawn_once(client: Client, house: House) -> None:
    receipt = await made(client)
    address = f"{URL}/{receipt['reference']}/callback"
    answer = await client.delete(address, headers=code(receipt))
    assert answer.status == 200, await answer.text()
    agreed = await answer.json()
    MessageAnswer.model_validate(agreed, extra="forbid")
    assert agreed["promise"]["kind"] == "answer"
    again = await client.delete(address, headers=code(receipt))
    assert (again.status, (await again.json())["code"]) == (409, "promise_ended")
    moved = await client.post(address, json={"from": "2026-11-26T10:00:00Z"}, headers=code(receipt))
    assert (moved.status, (await moved.json())["code"]) == (409, "promise_ended")
    assert (await moved.json())["detail"] == "Opringningen er allerede sket eller afmeldt."
    view = await house.contacts.view(receipt["reference"])
    assert [p.state for p in view.promises] == ["withdrawn", "waiting"]
    assert [effect.kind for effect in view.effects] == ["mail.tell", "mail.tell"]
    # The time is free again.
    first = (await slots(client, **{"from": "2026-11-24T12:00:00Z"}))["slots"][0]
    assert first["from"] == "2026-11-24T12:00:00Z"
    assert await audit(house.ledger, house.clock.now()) == []


async def test_where_no_call_was_promised(client: Client, house: House) -> None:
    receipt = await made(client, callback=None)
    answer = await client.delete(f"{URL}/{receipt['reference']}/callback", headers=code(receipt))
    assert (answer.status, (await answer.json())["code"]) == (409, "no_callback")
    await house.contacts.close(receipt["reference"], "staff:x", Outcome.ANSWERED)
    answer = await client.post(
        f"{URL}/{receipt['reference']}/callback",
        json={"from": "2026-11-26T10:00:00Z"},
        headers=code(receipt),
    )
    assert answer.status == 409


async def test_only_with_the_code(client: Client, house: House) -> None:
    receipt = await made(client)
    address = f"{URL}/{receipt['reference']}/callback"
    assert (await client.delete(address)).status == 401
    for wrong in ({"X-Access-Code": "AAAA-AAAA"}, {"X-Access-Code": "å"}):
        assert (await client.delete(address, headers=wrong)).status == 404
        assert (await client.post(address, json={}, headers=wrong)).status == 404
    unknown = await client.delete(f"{URL}/123456789/callback", headers=code(receipt))
    assert unknown.status == 404
    (promise,) = (await house.contacts.view(receipt["reference"])).promises
    assert promise.state.is_open


async def test_what_is_urgent_is_not_put_off(client: Client) -> None:
    receipt = await made(
        client,
        text="Jeg har selvmordstanker og ved ikke, hvad jeg skal gøre",
        callback={"phone": "20304050"},
    )
    answer = await client.post(
        f"{URL}/{receipt['reference']}/callback",
        json={"from": "2026-11-27T09:00:00Z"},
        headers=code(receipt),
    )
    assert (answer.status, (await answer.json())["code"]) == (409, "too_urgent")


async def test_one_who_cannot_be_called(client: Client, house: House) -> None:
    receipt = await made(client, callback=None, phone="20304050", no_calls=True)
    assert receipt["promise"]["kind"] == "answer"
    head = await house.contacts.by_reference(receipt["reference"])
    assert "no_calls" in head.flags
    both = await client.post(URL, json=CALL_ME | {"no_calls": True})
    problem = await both.json()
    assert (both.status, problem["code"]) == (422, "callback_and_no_calls")
    assert problem["errors"][0]["pointer"] == "/no_calls"
    desk = await client.get(
        f"/api/v1/staff/contacts/{receipt['reference']}",
        headers={"Authorization": f"Bearer {house.settings.staff_token}"},
    )
    assert "no_calls" in (await desk.json())["flags"]


# The pages

FORM = {"form_id": "0123456789abcdef0123456789abcdef", "text": "Jeg vil bygge en carport",
        "phone": "20304050", "call_me": "yes", "department": "byg"}  # fmt: skip
CHOSEN = "2026-11-24T12:00Z/2026-11-24T12:30Z"


async def page(client: Client, path: str, data: dict[str, str], status: int = 200) -> str:
    answer = await client.post(path, data=data)
    html = unescape(await answer.text())
    assert answer.status == status, html
    return html


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None
    return found[1]


async def received(client: Client, **more: str) -> str:
    return await page(client, "/", FORM | more)


async def opened(client: Client, receipt: str) -> str:
    return await page(client, "/status", {"pass": hidden(receipt, "pass")})


async def test_the_form_offers_real_times(client: Client, house: House) -> None:
    html = unescape(await (await client.get("/")).text())
    offered = re.findall(r'<option value="(2026[^"]+)">([^<]+)<', html)
    # Borgerservice calls from 9.
    assert offered[0] == (
        "2026-11-23T09:00Z/2026-11-23T09:30Z", "10.00–10.30, mandag den 23. november")  # fmt: skip
    assert '<optgroup label="mandag den 23. november">' in html
    assert "Det er de ledige tider hos Borgerservice." in html
    # Without JavaScript: the times of another department, with everything that was written.
    shown = await page(client, "/", FORM | {"show_times": "yes"})
    assert "Det er de ledige tider hos Byggesager." in shown
    assert "Jeg vil bygge en carport" in shown
    assert "onsdag" not in shown
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 0
    options = await client.get("/tider", params={"department": "byg", "lang": "en"})
    assert "13:00–13:30, Tuesday 24 November" in await options.text()
    assert "<html" not in await options.text()


async def test_the_receipt_says_when_another_time_was_promised(client: Client) -> None:
    first = await received(client, slot=CHOSEN)
    assert "tirsdag den 24. november mellem kl. 13.00 og 13.30" in first.replace("\u00a0", " ")
    assert "var optaget" not in first
    await received(client, slot=CHOSEN, phone="20304051")
    third = await received(client, slot=CHOSEN, phone="20304052")
    assert "mellem kl. 13.30 og 14.00" in third.replace("\u00a0", " ")
    assert "Den tid, du valgte, var optaget" in third
    # The same on the receipt's own page.
    await client.get("/")
    last = await received(client, slot=CHOSEN, phone="20304053")
    assert "Den tid, du valgte, var optaget" in last


async def test_the_time_is_changed_on_the_status_page(client: Client, house: House) -> None:
    html = await opened(client, await received(client, slot=CHOSEN))
    assert "En anden tid" in html
    other = "2026-11-26T09:00Z/2026-11-26T09:30Z"
    assert f'value="{other}"' in html
    changed = await page(client, "/status/tid", {"pass": hidden(html, "pass"), "slot": other})
    assert "Den nye tid er aftalt. Byggesager ringer til dig" in changed
    assert "torsdag den 26. november mellem kl. 10.00 og 10.30" in changed.replace("\u00a0", " ")
    (head,) = (await house.contacts.list()).items
    assert head.next_due_at == datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
    # Somebody without an address is told on the number that we call.
    view = await house.contacts.view(head.reference)
    assert [effect.kind for effect in view.effects] == ["sms.tell", "sms.tell"]


@pytest.mark.parametrize(
    ("slot", "status", "words"),
    [
        ("", 422, "Vælg et af tidspunkterne på listen"),
        ("i morgen", 422, "Vælg et af tidspunkterne på listen"),
        ("2026-11-28T12:00Z/2026-11-28T12:30Z", 422, "Vi har lukket på det tidspunkt"),
        ("2026-11-25T12:00Z/2026-11-25T12:30Z", 409, "En anden har lige taget den tid"),
        ("2026-11-20T12:00Z/2026-11-20T12:30Z", 422, "Det tidspunkt er passeret"),
        ("2027-12-28T12:00Z/2027-12-28T12:30Z", 422, "Det er for langt ude i fremtiden"),
        ("2026-11-24T12:30Z/2026-11-24T12:00Z", 422, "Tiden slutter, før den begynder"),
        ("2026-11-24T13:00/2026-11-24T13:30", 422, "Vælg et af tidspunkterne på listen"),
        ("9999-12-31T23:59-12:00/9999-12-31T23:59-12:00", 422, "Vælg et af tidspunkterne"),
    ],
)
async def test_a_time_that_is_gone_is_said_at_its_list(
    client: Client, house: House, slot: str, status: int, words: str
) -> None:
    html = await opened(client, await received(client, slot=CHOSEN))
    data = {"pass": hidden(html, "pass"), "slot": slot}
    refused = await page(client, "/status/tid", data, status)
    assert words in refused
    assert '<a href="#slot">' in refused
    assert 'aria-describedby="slot-hint slot-error"' in refused
    (head,) = (await house.contacts.list()).items
    assert head.next_due_at == datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


async def test_the_call_is_withdrawn_after_asking(client: Client, house: House) -> None:
    html = await opened(client, await received(client, slot=CHOSEN))
    asked = await page(client, "/status/afmeld", {"pass": hidden(html, "pass")})
    assert "Skal vi ikke ringe til dig?" in asked
    (head,) = (await house.contacts.list()).items
    (promise,) = (await house.contacts.view(head.reference)).promises
    assert promise.state.is_open
    data = {"pass": hidden(asked, "pass"), "confirmed": "yes"}
    done = await page(client, "/status/afmeld", data)
    assert "Vi ringer ikke til dig. Byggesager svarer dig senest" in done
    assert "En anden tid" not in done
    again = await page(client, "/status/afmeld", data, 409)
    assert "Opringningen er allerede sket eller afmeldt" in again
    assert "allerede sket" in await page(client, "/status/afmeld", {"pass": data["pass"]}, 409)


@pytest.mark.parametrize("path", ["/status/tid", "/status/afmeld"])
async def test_not_without_a_pass_nor_from_elsewhere(
    client: Client, clock: FixedClock, path: str
) -> None:
    html = await opened(client, await received(client, slot=CHOSEN))
    data = {"pass": hidden(html, "pass"), "slot": CHOSEN, "confirmed": "yes"}
    foreign = await client.post(path, data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status == 403
    await page(client, path, data | {"pass": "123456789.1.x"}, 403)
    clock.advance(timedelta(minutes=31))
    assert "koden en gang til" in await page(client, path, data, 403)


async def test_without_postgresql_the_form_is_there(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise LedgerAway("test")

    monkeypatch.setattr(house.slots, "free_slots", away)
    html = unescape(await (await client.get("/")).text())
    assert "Vi kan ikke vise de ledige tider lige nu" in html
    answer = await client.get(SLOTS, params={"department": "byg"})
    assert answer.status == 503


@pytest.mark.parametrize(
    ("slot", "danish", "english"),
    [
        ("2026-11-20T12:00Z/2026-11-20T12:30Z", "Det tidspunkt er passeret", "has passed"),
        ("2027-12-28T12:00Z/2027-12-28T12:30Z", "for langt ude i fremtiden", "too far ahead"),
        ("2026-11-24T12:30Z/2026-11-24T12:00Z", "slutter, før den begynder", "before it starts"),
        ("2026-11-28T12:00Z/2026-11-28T12:30Z", "Vi har lukket på det tidspunkt", "We are closed"),
        # Without their zone: one of them may be an hour that does not exist.
        (
            "2027-01-28T02:30/2027-01-28T03:30",
            "Vælg et af tidspunkterne",
            "Choose one of the times",
        ),
        ("i morgen", "Vælg et af tidspunkterne", "Choose one of the times"),
    ],
)
async def test_a_form_with_a_time_that_cannot_be_keeps_what_was_written(
    client: Client, house: House, slot: str, danish: str, english: str
) -> None:
    for path, words in (("/?lang=da", danish), ("/?lang=en", english)):
        html = await page(client, path, FORM | {"slot": slot}, 422)
        assert words in html
        assert '<a href="#slot">' in html
        assert "Jeg vil bygge en carport" in html
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 0


@pytest.mark.parametrize(
    ("at", "window", "promised"),
    [
        # On a Saturday, and at night: what opens next, and the wish stays on the timeline.
        (None, ("2026-11-28T10:00:00+01:00", "2026-11-28T12:00:00+01:00"), "2026-11-30"),
        (None, ("2026-11-24T02:00:00+01:00", "2026-11-24T03:00:00+01:00"), "2026-11-24"),
        # 02.30 in Copenhagen does not exist on that night, which is followed by Easter.
        (
            datetime(2027, 3, 26, 10, 0, tzinfo=UTC),
            ("2027-03-28T02:30:00+01:00", "2027-03-28T04:00:00+02:00"),
            "2027-03-30",
        ),
    ],
)
async def test_a_wish_outside_opening_hours_is_promised_when_we_open(
    client: Client,
    house: House,
    clock: FixedClock,
    at: datetime | None,
    window: tuple[str, str],
    promised: str,
) -> None:
    if at is not None:
        clock.set(at)
    wish = {"phone": "20304050", "from": window[0], "until": window[1]}
    receipt = await made(client, callback=wish)
    assert receipt["promise"]["from"].startswith(promised)
    first = (await house.contacts.view(receipt["reference"])).timeline[0]
    wished = [datetime.fromisoformat(first.data[end]) for end in ("wished_from", "wished_until")]
    assert wished == [datetime.fromisoformat(end) for end in window]
    assert await audit(house.ledger, house.clock.now()) == []
