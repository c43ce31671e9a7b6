"""The citizen's pages against the whole application on real servers."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from router.clock import FixedClock
from router.errors import LedgerAway
from router.house import House
from router.model import Outcome
from router.promise_life import Result

Client = TestClient[web.Request, web.Application]

FORM = {
    "form_id": "0123456789abcdef0123456789abcdef",
    "text": "Jeg vil gerne have byggetilladelse til en carport.",
    "subject": "Carport",
    "group": "borger",
    "name": 'Ane "Ågot" <b>Kjær</b>',
    "email": "ane@eksempel.dk",
    "phone": "20304050",
    "call_me": "yes",
    "slot": "2026-11-24T12:00Z/2026-11-24T12:30Z",
    "department": "",
}


async def page(answer: ClientResponse) -> str:
    assert answer.content_type == "text/html"
    return unescape(await answer.text())


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None
    return found[1]


def shown(html: str, identifier: str) -> str:
    found = re.search(rf'id="{identifier}"[^>]*>([^<]*)<', html)
    assert found is not None
    return found[1].strip()


async def received(client: Client, **change: str) -> tuple[str, str, str]:
    """Send the form; answers reference, access code and the receipt page."""
    await client.get("/")
    answer = await client.post("/", data=FORM | change)
    assert answer.status == 200, await answer.text()
    html = await page(answer)
    return shown(html, "reference").replace(" ", ""), shown(html, "access-code"), html


async def opened(client: Client, reference: str, code: str, language: str = "da") -> str:
    answer = await client.post(
        "/status" + ("?lang=en" if language == "en" else ""),
        data={"reference": reference, "code": code},
    )
    assert answer.status == 200
    return await page(answer)


async def test_the_form_in_both_languages(client: Client) -> None:
    danish, english = await client.get("/"), await client.get("/?lang=en")
    assert '<html lang="da">' in (html := await page(danish))
    assert "Hvad kan vi hjælpe dig med?" in html
    assert 'href="/?lang=en"' in html
    assert '<html lang="en">' in (html := await page(english))
    assert "What can we help you with?" in html
    assert 'action="/?lang=en"' in html
    assert 'href="/status?lang=en"' in html


async def test_pages_are_safe_to_show(client: Client) -> None:
    for path in ("/", "/status", "/privatliv", "/tilgaengelighed", "/kvittering"):
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        html = await answer.text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
        assert "http://" not in html.replace(str(client.make_url("")), "")


async def test_static_files_are_kept_by_browsers(client: Client) -> None:
    html = await (await client.get("/")).text()
    for address in re.findall(r'(?:href|src)="(/static/[^"#]+)', html):
        answer = await client.get(address)
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert (await client.get("/static/nothing.css")).status == 404
    assert (await client.get("/static/../keys.py")).status == 404


async def test_the_form_makes_a_contact_and_sends_on_to_the_receipt(
    client: Client, house: House
) -> None:
    await client.get("/")
    answer = await client.post("/", data=FORM, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "/kvittering"
    cookie = answer.cookies["receipt"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/kvittering"
    html = await page(await client.get("/kvittering"))
    reference = shown(html, "reference").replace(" ", "")
    assert house.contacts.code_fits(reference, shown(html, "access-code"))
    assert "ringer til dig på 20\u00a030\u00a040\u00a050 tirsdag den 24. november" in html
    head = await house.contacts.by_reference(reference)
    assert head.name == 'Ane "Ågot" <b>Kjær</b>'
    assert (head.subject, head.sender_group, head.department) == ("Carport", "borger", "byg")


async def test_sent_twice_is_one_contact(client: Client, house: House) -> None:
    first, second = await received(client), await received(client)
    assert first[0] == second[0]
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 1
    other = await received(client, text="Og en sag om et skur.")
    assert other[0] != first[0]


async def test_the_form_loaded_again_is_the_same_sheet(client: Client, house: House) -> None:
    sheets = [hidden(await (await client.get("/")).text(), "form_id") for _ in range(2)]
    assert sheets[0] == sheets[1]
    client.session.cookie_jar.clear()
    assert hidden(await (await client.get("/")).text(), "form_id") != sheets[0]
    forged = await client.get("/", headers={"Cookie": 'sheet="><script>'})
    assert "<script>" not in await forged.text()


async def test_a_browser_without_cookies_gets_the_receipt_at_once(
    client: Client, house: House
) -> None:
    client.session.cookie_jar.clear()
    answer = await client.post("/", data=FORM, allow_redirects=False)
    assert answer.status == 200
    html = await page(answer)
    assert house.contacts.code_fits(
        shown(html, "reference").replace(" ", ""), shown(html, "access-code")
    )


async def test_a_receipt_is_shown_for_half_an_hour(client: Client, clock: FixedClock) -> None:
    _, code, _ = await received(client)
    assert (await client.get("/kvittering")).status == 200
    clock.advance(timedelta(minutes=31))
    answer = await client.get("/kvittering")
    assert answer.status == 404
    html = await page(answer)
    assert code not in html
    assert "/status" in html


@pytest.mark.parametrize("cookie", ["", "x", "1.2.3", "482031957.9999999999.", "å.1.x", "." * 50])
async def test_a_forged_receipt_shows_nothing(client: Client, cookie: str) -> None:
    answer = await client.get("/kvittering", headers={"Cookie": f"receipt={cookie}"})
    assert answer.status == 404


async def test_errors_keep_everything_that_was_written(client: Client, house: House) -> None:
    answer = await client.post("/", data=FORM | {"email": "ane<script>", "no_calls": "yes"})
    assert answer.status == 422
    raw = await answer.text()
    assert "<script>" not in raw
    html = unescape(raw)
    for written in ("byggetilladelse til en carport", "Carport", 'Ane "Ågot"', "20304050",
                    "ane<script>"):  # fmt: skip
        assert written in html
    assert '<option value="2026-11-24T12:00Z/2026-11-24T12:30Z" selected>' in html
    assert 'id="call_me" name="call_me" value="yes" checked' in html
    for field in ("email", "no_calls"):
        assert f'<a href="#{field}">' in html
        assert f'id="{field}-error"' in html
        assert re.search(rf'id="{field}"[^>]*aria-describedby="[^"]*{field}-error"', raw)
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', raw)
    assert hidden(html, "form_id") == FORM["form_id"]
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 0


async def test_postgresql_away_keeps_what_was_written(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = house.reception.receive

    async def away(arrival: object) -> None:
        raise LedgerAway("test")

    monkeypatch.setattr(house.reception, "receive", away)
    answer = await client.post("/", data=FORM)
    assert answer.status == 503
    assert "Retry-After" in answer.headers
    html = await page(answer)
    assert "Din henvendelse er ikke sendt endnu" in html
    assert "byggetilladelse til en carport" in html
    assert "tel:" + house.municipality.phone in html
    monkeypatch.setattr(house.reception, "receive", receive)
    again = FORM | {"form_id": hidden(html, "form_id")}
    assert (await client.post("/", data=again)).status == 200
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://ond.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/status", "/status/besked"])
async def test_another_site_cannot_send_our_forms(
    client: Client, house: House, path: str, headers: dict[str, str]
) -> None:
    answer = await client.post(path, data=FORM, headers=headers | {"Accept": "text/html"})
    assert answer.status == 403
    assert "anden hjemmeside" in await page(answer)
    assert await house.ledger.fetchval("SELECT count(*) FROM contacts") == 0


async def test_our_own_page_can(client: Client) -> None:
    origin = str(client.make_url("")).rstrip("/")
    for headers in ({"Origin": origin}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}):
        assert (await client.post("/", data=FORM, headers=headers)).status == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"text=%ff%00%ed%a0%80hej", "application/x-www-form-urlencoded", 200),
        (b"&".join([b"a=1"] * 200), "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"text=" + b"x" * 900_000, "application/x-www-form-urlencoded", 422),
    ],
)
async def test_strange_forms(client: Client, body: bytes, content_type: str, status: int) -> None:
    answer = await client.post("/", data=body, headers={"Content-Type": content_type})
    assert answer.status == status


async def test_an_unknown_page_says_so_in_a_page(client: Client) -> None:
    answer = await client.get("/findes-ikke", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "Det lykkedes ikke" in await page(answer)
    program = await client.get("/findes-ikke")
    assert program.content_type == "application/problem+json"


async def test_the_status_tells_who_what_and_when(client: Client, house: House) -> None:
    reference, code, receipt = await received(client)
    html = await opened(client, reference, code)
    assert "Byggesager" in html
    assert "afdelingen har den" in html
    assert "tirsdag den 24. november kl. 13.30" in html
    worker = next(w for w in house.municipality.caseworkers.values() if w.department == "byg")
    await house.contacts.claim(reference, worker.id)
    await house.contacts.note(reference, f"staff:{worker.id}", "internt: svær nabosag")
    promise = (await house.contacts.view(reference)).promises[0]
    await house.promises.attempt(
        promise.id, f"staff:{worker.id}", Result.NO_ANSWER, "internt: telefonen slukket"
    )
    html = await opened(client, reference, code)
    assert f"{worker.name} har taget din henvendelse" in html
    assert "Vi ringede, men der blev ikke svaret" in html
    assert "prøver igen" in html
    assert "internt" not in html
    english = await opened(client, reference, code, "en")
    assert f"{worker.name} has taken your enquiry" in english
    assert 'href="/status"' in english
    # Straight from the receipt, without typing anything.
    answer = await client.post("/status", data={"pass": hidden(receipt, "pass")})
    assert answer.status == 200


async def test_late_and_finished_are_said(client: Client, house: House, clock: FixedClock) -> None:
    reference, code, _ = await received(client, call_me="", phone="")
    clock.advance(timedelta(days=8))
    await house.promise_clock.fire_due()
    html = await opened(client, reference, code)
    assert "Det beklager vi" in html
    assert "Vi overholdt ikke tiden" in html
    worker = next(iter(house.municipality.caseworkers))
    await house.contacts.close(reference, f"staff:{worker}", Outcome.ANSWERED, "internt: ok")
    html = await opened(client, reference, code)
    assert "Henvendelsen er afsluttet" in html
    assert "internt" not in html


async def test_a_message_is_added_once(client: Client, house: House) -> None:
    reference, code, _ = await received(client)
    html = await opened(client, reference, code)
    message = {"pass": hidden(html, "pass"), "form_id": hidden(html, "form_id")}
    for _ in range(2):
        answer = await client.post("/status/besked", data=message | {"text": "Havnegade 4"})
        assert answer.status == 200
        html = await page(answer)
        assert "Tak. Vi har fået din besked." in html
    answer = await client.post("/status/besked", data=message | {"text": " "})
    assert answer.status == 422
    assert "Skriv din besked" in await page(answer)
    view = await house.contacts.view(reference)
    assert [(e.kind, e.actor, e.body) for e in view.timeline if e.kind == "message"] == [
        ("message", "citizen", "Havnegade 4")
    ]


async def test_a_message_survives_postgresql_going_away(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, code, _ = await received(client)
    html = await opened(client, reference, code)

    async def away(arrival: object) -> None:
        raise LedgerAway("test")

    monkeypatch.setattr(house.reception, "receive", away)
    message = {"pass": hidden(html, "pass"), "form_id": hidden(html, "form_id"),
               "text": "En lang forklaring"}  # fmt: skip
    answer = await client.post("/status/besked", data=message)
    assert answer.status == 503
    kept = await page(answer)
    assert "En lang forklaring" in kept
    assert hidden(kept, "form_id") == message["form_id"]


async def test_a_pass_ends(client: Client, clock: FixedClock) -> None:
    reference, code, _ = await received(client)
    html = await opened(client, reference, code)
    clock.advance(timedelta(minutes=31))
    answer = await client.post("/status/besked", data={"pass": hidden(html, "pass"), "text": "hej"})
    assert answer.status == 403
    assert "koden en gang til" in await page(answer)


@pytest.mark.parametrize(
    ("reference", "code"),
    [("482031957", "AAAA-AAAA"), ("", ""), ("abc", "x" * 5000), ("٤٨٢٠٣١٩٥٧", "ÆØÅ"), ("1", "\0")],
)
async def test_what_opens_nothing(client: Client, reference: str, code: str) -> None:
    answer = await client.post("/status", data={"reference": reference, "code": code})
    assert answer.status == 422
    html = await page(answer)
    assert 'href="#reference"' in html
    assert 'id="code" name="code" value=""' in html


async def test_codes_cannot_be_guessed_for_long(client: Client) -> None:
    reference, code, _ = await received(client)
    for _ in range(10):
        await client.post("/status", data={"reference": reference, "code": "AAAA-AAAA"})
    answer = await client.post(
        "/status", data={"reference": reference, "code": code}, headers={"Accept": "text/html"}
    )
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Vent 15 minutter" in await page(answer)
