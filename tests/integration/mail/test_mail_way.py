"""The way of a mail: taken in, read, owned, acknowledged, handed on."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from router.clock import FixedClock
from tests.integration.mail.conftest import Post, mail

CPR = "2211771212"


async def test_a_mail_becomes_a_contact_that_somebody_owns(post: Post) -> None:
    raw = mail()
    await post.take(raw)
    (head,) = await post.contacts()
    assert (head.channel, head.name, head.email) == ("mail", "Mette Sørensen", "mette@post.example")
    assert head.department in post.house.municipality.departments
    assert head.next_due_at is not None
    view = await post.house.contacts.view(head.reference)
    assert [(event.kind, event.body) for event in view.timeline] == [
        ("received", "Må jeg bygge en carport?")
    ]
    assert [promise.kind for promise in view.promises] == ["answer"]
    row = await post.house.ledger.fetchrow("SELECT * FROM mail_intake")
    assert row is not None
    assert (bytes(row["raw"]), row["state"], row["contact_id"]) == (raw, "done", head.id)
    assert bytes(row["sha256"]) == hashlib.sha256(raw).digest()


async def test_it_is_acknowledged_and_handed_on(post: Post) -> None:
    raw = mail(text=f"Mit nummer er {CPR}. Hvornår må jeg bygge?")
    await post.take(raw)
    (head,) = await post.contacts()
    sent = {delivered.to: delivered for delivered in await post.sent()}
    mailbox = post.house.municipality.departments[head.department].mailbox
    assert set(sent) == {"mette@post.example", mailbox}

    receipt = sent["mette@post.example"]
    assert receipt.message["In-Reply-To"] == "<m1@post.example>"
    assert receipt.message["Reply-To"] == post.identity.reply_address(head.reference)
    assert receipt.return_path == post.identity.return_address(head.reference)
    assert post.house.contacts.access_code(head.reference) in receipt.text
    assert CPR.encode() not in receipt.raw
    assert "carport" not in receipt.text

    handed_on = sent[mailbox]
    assert handed_on.raw.endswith(raw)
    assert handed_on.return_path == post.identity.return_address(head.reference)
    assert handed_on.message["From"] == "Mette Sørensen <mette@post.example>"
    assert handed_on.message["X-Indgang-Reference"] == head.reference

    view = await post.house.contacts.view(head.reference)
    assert {effect.state for effect in view.effects} == {"sent"}


async def test_english_is_answered_in_english(post: Post) -> None:
    await post.take(
        mail("Daycare", "Hello, I have moved here and would like a place for my son. Thanks.")
    )
    (receipt,) = [d for d in await post.sent() if d.to == "mette@post.example"]
    assert receipt.message["Subject"].startswith("We have received your enquiry")
    assert "Thank you for your enquiry" in receipt.text


async def test_the_same_mail_twice_is_one_contact(post: Post) -> None:
    raw = mail()
    await post.take(raw)
    await post.take(b"Received: from another.example by here; now\r\n" + raw)
    await post.take(raw, "indgang@frederikssund.example")
    assert len(await post.contacts()) == 1
    assert len(await post.sent()) == 2


async def test_the_same_id_with_another_text_is_another_contact(post: Post) -> None:
    await post.take(mail(text="Først"))
    await post.take(mail(text="Siden"))
    assert len(await post.contacts()) == 2


@pytest.mark.parametrize("message_id", ["", "<>", "< >"])
async def test_empty_ids_match_nothing(post: Post, message_id: str) -> None:
    raw = mail(message_id="").replace(b"Subject:", f"Message-ID: {message_id}\r\nSubject:".encode())
    await post.take(raw)
    await post.take(raw)
    assert len(await post.contacts()) == 2


async def test_one_mail_to_two_of_our_addresses_is_one_contact(post: Post) -> None:
    await post.take(mail(), "kontakt@frederikssund.example", "kommunen@frederikssund.example")
    assert len(await post.contacts()) == 1


async def test_a_mail_that_cannot_be_read_is_still_owned(post: Post) -> None:
    raw = b"\x00\xff\xfe not a mail at all \x00\r\n"
    await post.take(raw)
    (head,) = await post.contacts()
    assert "unparsed" in head.flags
    view = await post.house.contacts.view(head.reference)
    (file,) = view.attachments
    assert (await post.house.contacts.attachment(head.reference, file.id)).content == raw


async def test_attachments_come_along(post: Post) -> None:
    content = bytes(range(256)) * 40
    message = message_from_bytes(mail(), policy=policy.SMTP)
    message.add_attachment(content, maintype="application", subtype="pdf", filename="tegning å.pdf")
    await post.take(message.as_bytes())
    (head,) = await post.contacts()
    view = await post.house.contacts.view(head.reference)
    (file,) = view.attachments
    assert file.filename == "tegning å.pdf"
    assert (await post.house.contacts.attachment(head.reference, file.id)).content == content


@pytest.mark.parametrize(
    ("headers", "sender", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, "mette@post.example", "auto_submitted"),
        ({"Precedence": "bulk"}, "mette@post.example", "precedence"),
        ({"List_Id": "<liste.example>"}, "mette@post.example", "mailing_list"),
        ({"X_Auto_Response_Suppress": "All"}, "mette@post.example", "suppressed"),
        ({}, "", "null_return_path"),
    ],
)
async def test_automatic_mail_is_owned_and_not_acknowledged(
    post: Post, headers: dict[str, str], sender: str, why: str
) -> None:
    await post.take(mail(**headers), sender=sender)
    (head,) = await post.contacts()
    view = await post.house.contacts.view(head.reference)
    assert view.timeline[0].data["not_acknowledged"] == why
    assert [delivered.to for delivered in await post.sent()] == [
        post.house.municipality.departments[head.department].mailbox
    ]


async def test_our_own_mail_that_comes_back_is_not_acknowledged(post: Post) -> None:
    await post.take(mail())
    (receipt,) = [d for d in await post.sent() if d.to == "mette@post.example"]
    stripped = receipt.raw.replace(b"Auto-Submitted: auto-replied\r\n", b"").replace(
        b"X-Auto-Response-Suppress: All\r\n", b""
    )
    await post.take(stripped, sender="videre@post.example")
    returned = (await post.contacts())[-1]
    view = await post.house.contacts.view(returned.reference)
    assert view.timeline[-1].data["not_acknowledged"] == "own_loop_mark"
    assert [d.to for d in await post.sent() if d.to.endswith("post.example")] == []


async def test_an_address_gets_so_many_acknowledgements_a_day(
    post: Post, clock: FixedClock
) -> None:
    for number in range(14):
        await post.give(mail(text=f"Nummer {number}", message_id=f"<n{number}@post.example>"))
    await post.settle()
    assert len(await post.contacts()) == 14
    assert len([d for d in await post.sent() if d.to == "mette@post.example"]) == 10
    clock.advance(timedelta(days=1, minutes=1))
    await post.take(mail(text="Næste dag", message_id="<next@post.example>"))
    assert len([d for d in await post.sent() if d.to == "mette@post.example"]) == 1
