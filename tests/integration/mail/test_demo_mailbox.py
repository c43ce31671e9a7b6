"""The demo mailbox: keeps what it is given, shows hostile mail harmlessly."""

from __future__ import annotations

import re

import aiosmtplib
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from router.house import House

Client = TestClient[web.Request, web.Application]

HOSTILE = b"""From: "<script>alert(1)</script>" <ond@post.example>
To: job@frederikssund.example
Subject: <img src=x onerror=alert(1)>
Message-ID: <h@post.example>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<p onclick="alert(1)" style="color:red;position:fixed;background:url(https://ond.example/x)">Hej</p>
<script>alert(1)</script><iframe src="https://ond.example"></iframe>
<form action="https://ond.example"><input name="kode"></form>
<img src="https://ond.example/x.gif"><a href="javascript:alert(1)">klik</a>
"""


async def deliver(house: House, raw: bytes, to: str = "job@frederikssund.example") -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=house.settings.demo_smtp_port)
    async with client:
        await client.sendmail("retur@frederikssund.example", to, raw)


async def only_id(client: Client) -> str:
    page = await (await client.get("/demo/mail")).text()
    found: str
    (found,) = set(re.findall(r"/demo/mail/([0-9a-f-]{33})", page))
    return found


async def test_it_keeps_the_bytes(client: Client, house: House) -> None:
    raw = b"From: a@b.example\r\nSubject: \xe6\r\n\r\n\x00.prik\r\n"
    await deliver(house, raw)
    (file,) = (house.settings.data_dir / "demo-mail").iterdir()
    assert file.read_bytes() == (
        b"Return-Path: <retur@frederikssund.example>\r\nDelivered-To: job@frederikssund.example\r\n"
        + raw
    )
    answer = await client.get(f"/demo/mail/{await only_id(client)}/raw")
    assert await answer.read() == file.read_bytes()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_hostile_mail_is_shown_harmlessly(client: Client, house: House) -> None:
    await deliver(house, HOSTILE)
    found = await only_id(client)
    for path in ("/demo/mail", f"/demo/mail/{found}"):
        page = await (await client.get(path)).text()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
    answer = await client.get(f"/demo/mail/{found}/html")
    html = await answer.text()
    assert "Hej" in html
    for danger in ("script", "onclick", "onerror", "iframe", "form", "img", "javascript", "ond.ex"):
        assert danger not in html
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy


@pytest.mark.parametrize("mail_id", ["x", "..%2f..%2fpyproject", "0" * 17 + "-000000-" + "0" * 8])
@pytest.mark.parametrize("what", ["", "/html", "/raw"])
async def test_what_is_not_there_is_not_found(client: Client, mail_id: str, what: str) -> None:
    assert (await client.get(f"/demo/mail/{mail_id}{what}")).status == 404


async def test_a_form_of_another_site_is_refused(client: Client, house: House) -> None:
    form = {"sender": "a@b.example", "to": house.municipality.mail_address, "text": "x"}
    answer = await client.post("/demo/mail", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert await house.ledger.fetchval("SELECT count(*) FROM mail_intake") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"sender": "a@b.example\r\nBcc: c@d.example"},
        {"sender": ""},
        {"to": "ikke en adresse"},
        {"text": "", "subject": ""},
    ],
)
async def test_a_form_that_cannot_be_sent_is_answered_422(
    client: Client, house: House, change: dict[str, str]
) -> None:
    form = {"sender": "a@b.example", "to": house.municipality.mail_address, "text": "x"}
    assert (await client.post("/demo/mail", data=form | change)).status == 422
    assert await house.ledger.fetchval("SELECT count(*) FROM mail_intake") == 0


async def test_strange_characters_in_the_form_are_sent(client: Client, house: House) -> None:
    form = {
        "name": "Zoë\r\nBcc: x@y.example \x00 \U0001f600",
        "sender": "søren@ærø.example",
        "to": house.municipality.mail_address,
        "subject": "Ø\nX: y",
        "text": "\x00 ud \U0001f600 af ÆØÅ",
    }
    answer = await client.post("/demo/mail", data=form, allow_redirects=False)
    assert answer.status == 303
    raw = bytes(await house.ledger.fetchval("SELECT raw FROM mail_intake"))
    assert b"\nBcc:" not in raw
    assert b"\nX: y" not in raw


async def test_pages_of_the_list(client: Client, house: House) -> None:
    for number in range(52):
        await deliver(house, f"Subject: Nummer {number}\r\n\r\nx\r\n".encode(), "a@b.example")
    await deliver(house, b"Subject: Anden\r\n\r\nx\r\n", "c@d.example")
    first = await (await client.get("/demo/mail?to=a@b.example")).text()
    assert "Anden" not in first
    assert first.count("Nummer ") == 50
    older = re.search(r'href="(/demo/mail\?to=[^"]*before=[^"]*)"', first)
    assert older
    second = await (await client.get(older.group(1).replace("&amp;", "&"))).text()
    assert second.count("Nummer ") == 2


@pytest.mark.parametrize("language", ["", "?lang=en"])
async def test_pages_are_in_both_languages(client: Client, language: str) -> None:
    start = await (await client.get(f"/demo{language}")).text()
    assert ("Try the entrance" in start) is bool(language)
    assert ("Prøv indgangen" in start) is not bool(language)
