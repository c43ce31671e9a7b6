"""The public API against the whole application on real servers."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from channels.web.models import ContactAnswer, MessageAnswer, ReceiptAnswer
from router.clock import FixedClock
from router.errors import LedgerAway
from router.house import House
from router.reference import is_reference

Client = TestClient[web.Request, web.Application]

CARPORT = {"channel": "web", "text": "Jeg vil gerne have byggetilladelse til en carport."}
CALL_ME = {
    **CARPORT,
    "name": "Ane Åkjær",
    "email": "ane@eksempel.dk",
    "callback": {
        "phone": "20 30 40 50",
        "from": "2026-11-24T13:00:00+01:00",
        "until": "2026-11-24T14:00:00+01:00",
    },
}
URL = "/api/v1/contacts"


async def made(client: Client, **more: Any) -> dict[str, Any]:
    answer = await client.post(URL, json=CARPORT | more)
    assert answer.status == 201, await answer.text()
    receipt: dict[str, Any] = await answer.json()
    return receipt


async def test_a_contact_is_owned_and_promised(client: Client, house: House) -> None:
    answer = await client.post(URL, json=CALL_ME)
    assert answer.status == 201
    assert answer.content_type == "application/json"
    receipt = await answer.json()
    ReceiptAnswer.model_validate(receipt, extra="forbid")
    assert is_reference(receipt["reference"])
    assert answer.headers["Location"] == f"{URL}/{receipt['reference']}"
    assert receipt["department"] == "byg"
    assert receipt["owner"] == receipt["department_name"]
    assert receipt["promise"] == {
        "kind": "callback",
        "phone": "+4520304050",
        "from": "2026-11-24T12:00:00Z",
        "until": "2026-11-24T13:00:00Z",
        "text": f"{receipt['department_name']} ringer til dig på 20 30 40 50 "
        "tirsdag den 24. november mellem kl. 13.00 og 14.00.",
    }
    head = await house.contacts.by_reference(receipt["reference"])
    assert (head.name, head.email, head.phone) == ("Ane Åkjær", "ane@eksempel.dk", "+4520304050")
    assert head.next_due_at is not None


async def test_words_alone_get_an_answer_promised(client: Client) -> None:
    receipt = await made(client)
    assert receipt["promise"]["kind"] == "answer"
    assert "phone" not in receipt["promise"]


@pytest.mark.parametrize(
    ("field", "header", "words"),
    [
        (None, None, "svarer dig senest"),
        ("en", None, "will answer you"),
        (None, "en-GB,en;q=0.9", "will answer you"),
        ("da", "en", "svarer dig senest"),
        (None, "*", "svarer dig senest"),
    ],
)
async def test_the_answer_is_in_the_citizens_language(
    client: Client, field: str | None, header: str | None, words: str
) -> None:
    answer = await client.post(
        URL,
        json=CARPORT | ({"language": field} if field else {}),
        headers={"Accept-Language": header} if header else {},
    )
    assert words in (await answer.json())["promise"]["text"]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"text": ""}, "/text", "blank"),
        ({"text": " \n "}, "/text", "blank"),
        ({"text": None}, "/text", "string_type"),
        ({"text": 7}, "/text", "string_type"),
        ({"text": ["a"]}, "/text", "string_type"),
        ({"text": "x" * 20_001}, "/text", "string_too_long"),
        ({"text": "a\0b"}, "/text", "unstorable_character"),
        ({"name": "a\0b"}, "/name", "unstorable_character"),
        ({"subject": "x" * 301}, "/subject", "string_too_long"),
        ({"channel": "phone"}, "/channel", "literal_error"),
        ({"group": "konge"}, "/group", "literal_error"),
        ({"language": "dansk"}, "/language", "language_unknown"),
        ({"email": "ane"}, "/email", "email_impossible"),
        ({"phone": "12345"}, "/phone", "phone_impossible"),
        ({"phone": "+99920304050"}, "/phone", "phone_impossible"),
        ({"surprise": 1}, "/surprise", "extra_forbidden"),
        ({"a/b~c": 1}, "/a~1b~0c", "extra_forbidden"),
        ({"callback": "ja"}, "/callback", "model_type"),
        ({"callback": {}}, "/callback/phone", "phone_missing"),
        ({"callback": {"phone": "1"}}, "/callback/phone", "phone_impossible"),
        ({"callback": {"phone": "20304050", "x": 1}}, "/callback/x", "extra_forbidden"),
        ({"callback": {"phone": "20304050", "from": 1}}, "/callback/from", "datetime_type"),
        (
            {"callback": {"phone": "20304050", "from": "i morgen"}},
            "/callback/from",
            "datetime_parsing",
        ),
        (
            {"callback": {"phone": "20304050", "from": "2026-11-24T13:00:00"}},
            "/callback/from",
            "timezone_aware",
        ),
        (
            {"callback": {"phone": "20304050", "until": "2026-11-20T13:00:00+01:00"}},
            "/callback/until",
            "window_in_past",
        ),
        (
            {"callback": {"phone": "20304050", "from": "2026-11-20T13:00:00+01:00"}},
            "/callback/from",
            "window_in_past",
        ),
        (
            {"callback": {"phone": "20304050", "until": "2099-11-20T13:00:00+01:00"}},
            "/callback/until",
            "window_too_far",
        ),
        (
            {
                "callback": {
                    "phone": "20304050",
                    "from": "2026-11-24T14:00:00+01:00",
                    "until": "2026-11-24T13:00:00+01:00",
                }
            },
            "/callback/until",
            "window_end_before_start",
        ),
    ],
)
async def test_what_does_not_fit_is_named(
    client: Client, house: House, change: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await client.post(URL, json=CARPORT | change)
    assert answer.status == 422
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    assert problem["status"] == 422
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [(pointer, code)]
    assert problem["errors"][0]["detail"]
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b"", "application/json", 400, "malformed_json"),
        (b"\xff\xfe", "application/json", 400, "malformed_json"),
        (b'{"text": "\\ud800"}', "application/json", 400, "malformed_json"),
        (b"[" * 5000, "application/json", 400, "malformed_json"),
        (b"[]", "application/json", 422, "does_not_fit"),
        (b"null", "application/json", 422, "does_not_fit"),
        (b'{"text": "hej"}', "text/plain", 415, "not_json"),
        (b"text=hej", "application/x-www-form-urlencoded", 415, "not_json"),
        (b'{"text": "' + b"x" * 10_000_000 + b'"}', "application/json", 413,
         "request_entity_too_large"),
    ],
)  # fmt: skip
async def test_what_is_not_a_request_is_refused(
    client: Client, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await client.post(URL, data=io.BytesIO(body), headers={"Content-Type": content_type})
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:indgang:problem:{code}"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_the_wrong_method_is_told_the_right_one(client: Client, method: str) -> None:
    answer = await client.request(method, URL)
    assert answer.status == 405
    assert answer.content_type == "application/problem+json"
    assert "POST" in answer.headers["Allow"]


async def test_any_script_comes_through_whole(client: Client, house: House) -> None:
    text = "Zażółć gęślą jaźń 你好 مرحبا \u202eabc 👩‍👩‍👧 \ufeff é\u0301 \x07"
    receipt = await made(client, text=text, name="Ægir Ø. Åström-Øzdemir", subject=text)
    view = await house.contacts.view(receipt["reference"])
    assert view.timeline[0].body == text
    assert view.head.subject == text


async def test_a_key_makes_repeats_harmless(client: Client, house: House) -> None:
    headers = {"Idempotency-Key": "en-nøglefri-nøgle".replace("ø", "o")}
    answers = await asyncio.gather(
        *(client.post(URL, json=CALL_ME, headers=headers) for _ in range(5))
    )
    assert {answer.status for answer in answers} == {201}
    bodies = [await answer.json() for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 1


async def test_a_key_belongs_to_one_content(client: Client, house: House) -> None:
    headers = {"Idempotency-Key": "k1"}
    assert (await client.post(URL, json=CARPORT, headers=headers)).status == 201
    other = await client.post(URL, json=CARPORT | {"name": "Bo"}, headers=headers)
    assert other.status == 422
    assert (await other.json())["code"] == "key_reused"
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "nøgle", "a\tb"])
async def test_a_key_that_cannot_be_is_refused(client: Client, key: str) -> None:
    answer = await client.post(URL, json=CARPORT, headers={"Idempotency-Key": key})
    assert answer.status == 400
    assert (await answer.json())["code"] == "bad_idempotency_key"


async def test_without_a_key_each_request_is_a_contact(client: Client, house: House) -> None:
    first, second = await made(client), await made(client)
    assert first["reference"] != second["reference"]


async def test_postgresql_away_is_said_and_nothing_is_kept(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(arrival: object) -> None:
        raise LedgerAway("test")

    monkeypatch.setattr(house.reception, "receive", away)
    answer = await client.post(URL, json=CARPORT)
    assert answer.status == 503
    assert answer.content_type == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert (await answer.json())["code"] == "ledger_away"


async def test_a_fault_of_ours_tells_nothing_about_us(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(arrival: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(house.reception, "receive", broken)
    answer = await client.post(URL, json=CARPORT)
    assert answer.status == 500
    body = await answer.text()
    assert "secret" not in body
    assert "RuntimeError" not in body
    assert "Server" not in answer.headers
    assert answer.headers["X-Request-Id"]


async def test_the_citizen_follows_and_adds(client: Client, house: House) -> None:
    receipt = await made(client, **CALL_ME)
    reference = receipt["reference"]
    await house.contacts.note(reference, "staff:nobody", "internt: ringede til naboen")
    headers = {"X-Access-Code": receipt["access_code"].lower().replace("-", " ")}
    added = await client.post(
        f"{URL}/{reference}/messages", json={"text": "Det er Havnegade 4."}, headers=headers
    )
    assert added.status == 201
    MessageAnswer.model_validate(await added.json(), extra="forbid")
    answer = await client.get(f"{URL}/{reference}", headers=headers)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    contact = await answer.json()
    ContactAnswer.model_validate(contact, extra="forbid")
    assert contact["state"] == "open"
    assert contact["promises"] == [receipt["promise"]]
    assert contact["next_step"] == receipt["promise"]["text"]
    assert [step["text"] for step in contact["timeline"]] == [
        CARPORT["text"],
        "Det er Havnegade 4.",
    ]
    assert "naboen" not in await answer.text()


async def test_a_message_with_a_key_is_added_once(client: Client, house: House) -> None:
    receipt = await made(client)
    url = f"{URL}/{receipt['reference']}/messages"
    headers = {"X-Access-Code": receipt["access_code"], "Idempotency-Key": "m1"}
    for _ in range(3):
        assert (await client.post(url, json={"text": "mere"}, headers=headers)).status == 201
    assert (await client.post(url, json={"text": "andet"}, headers=headers)).status == 422
    view = await house.contacts.view(receipt["reference"])
    assert [event.kind for event in view.timeline] == ["received", "message"]


async def test_late_is_said_honestly(client: Client, clock: FixedClock) -> None:
    receipt = await made(client)
    clock.advance(timedelta(days=10))
    answer = await client.get(
        f"{URL}/{receipt['reference']}", headers={"X-Access-Code": receipt["access_code"]}
    )
    assert "forsinket" in (await answer.json())["next_step"]


async def test_a_contact_opens_only_with_its_code(client: Client) -> None:
    receipt = await made(client)
    other = await made(client)
    url = f"{URL}/{receipt['reference']}"
    assert (await client.get(url)).status == 401
    wrong = await client.get(url, headers={"X-Access-Code": other["access_code"]})
    nobody = await client.get(f"{URL}/999999999", headers={"X-Access-Code": "AAAA-AAAA"})
    assert wrong.status == nobody.status == 404
    assert (await wrong.json()) == (await nobody.json())
    message = await client.post(
        f"{url}/messages", json={"text": "x"}, headers={"X-Access-Code": other["access_code"]}
    )
    assert message.status == 404


async def test_codes_cannot_be_guessed_for_long(client: Client, house: House) -> None:
    receipt = await made(client)
    url = f"{URL}/{receipt['reference']}"
    for _ in range(10):
        assert (await client.get(url, headers={"X-Access-Code": "AAAA-AAAA"})).status == 404
    answer = await client.get(url, headers={"X-Access-Code": receipt["access_code"]})
    assert answer.status == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert (await answer.json())["code"] == "too_many_attempts"
    for number in range(30):
        await client.get(f"{URL}/{number:09d}", headers={"X-Access-Code": "AAAA-AAAA"})
    other = await made(client)
    answer = await client.get(
        f"{URL}/{other['reference']}", headers={"X-Access-Code": other["access_code"]}
    )
    assert answer.status == 429
    keys = [key async for key in house.redis.scan_iter("indgang:wrong-code:*")]
    assert keys
    assert all([await house.redis.ttl(key) > 0 for key in keys])
    assert receipt["reference"] not in str(keys)


async def test_the_description_is_served(client: Client) -> None:
    answer = await client.get("/api/v1/openapi.json")
    assert answer.status == 200
    document = await answer.json()
    served = {
        resource.canonical
        for resource in client.app.router.resources()
        if resource.canonical.startswith(("/api/v1/contacts", "/api/v1/slots"))
    }
    assert set(document["paths"]) == served


@pytest.mark.parametrize(
    "window",
    [
        {"until": "9999-12-31T23:59:59-12:00"},
        {"from": "9999-12-31T23:59:59-12:00"},
        {"from": "0001-01-01T00:00:00+14:00"},
    ],
)
async def test_the_ends_of_the_calendar_are_refused(client: Client, window: dict[str, str]) -> None:
    answer = await client.post(URL, json=CARPORT | {"callback": {"phone": "20304050"} | window})
    assert answer.status == 422, await answer.text()


async def test_a_window_that_has_begun_is_promised_from_now(client: Client) -> None:
    window = {"from": "0001-01-01T00:00:00Z", "until": "2026-11-24T12:00:00Z"}
    receipt = await made(client, callback={"phone": "20304050"} | window)
    assert "from" not in receipt["promise"]
    assert receipt["promise"]["until"] == window["until"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_is_not_compressed_as_it_says_is_refused(
    client: Client, encoding: str
) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    answer = await client.post(URL, data=b"not compressed", headers=headers)
    assert answer.status == 400
    assert (await answer.json())["code"] == "unreadable_body"
