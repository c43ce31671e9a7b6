"""Which contact a mail belongs to; bounces and absences find theirs."""

from __future__ import annotations

import pytest

from router.model import ContactState, Outcome
from router.rows import ContactHead
from tests.integration.mail.conftest import Post, mail

STRANGER = "fremmed@andet.example"


async def first(post: Post) -> ContactHead:
    await post.take(mail())
    (head,) = await post.contacts()
    await post.sent()
    return head


async def kinds(post: Post, reference: str) -> list[str]:
    view = await post.house.contacts.view(reference)
    return [event.kind for event in view.timeline]


async def close(post: Post, reference: str) -> None:
    view = await post.house.contacts.view(reference)
    for promise in view.promises:
        if promise.state.is_open:
            await post.house.promises.claim(promise.id, "lone-hvideklit")
    await post.house.contacts.close(reference, "staff:lone-hvideklit", Outcome.ANSWERED, "ok")
    head = await post.house.contacts.by_reference(reference)
    assert head.state is ContactState.CLOSED


async def test_an_answer_to_our_signed_address_is_attached(post: Post) -> None:
    head = await first(post)
    await post.take(
        mail("Helt andet emne", "Carporten er 20 m2.", message_id="<m2@post.example>"),
        post.identity.reply_address(head.reference),
    )
    assert await kinds(post, head.reference) == ["received", "message"]
    assert len(await post.contacts()) == 1
    # The department sees the answer too; the citizen is not acknowledged again.
    mailbox = post.house.municipality.departments[head.department].mailbox
    assert [delivered.to for delivered in await post.sent()] == [mailbox]


@pytest.mark.parametrize("header", ["In_Reply_To", "References"])
async def test_an_answer_to_a_mail_of_ours_is_attached(post: Post, header: str) -> None:
    head = await first(post)
    effect = await post.house.ledger.fetchval("SELECT id FROM effects WHERE kind = 'mail.tell'")
    ours = f"<old@post.example> {post.identity.message_id(effect)}"
    await post.take(mail("SV:", "Mere", message_id="<m2@post.example>", **{header: ours}))
    assert await kinds(post, head.reference) == ["received", "message"]


async def test_a_reference_in_the_subject_is_enough_for_the_party(post: Post) -> None:
    head = await first(post)
    shown = f"{head.reference[:3]} {head.reference[3:6]} {head.reference[6:]}"
    await post.take(mail(f"Vedr. {shown}", "Mere", message_id="<m2@post.example>"))
    assert await kinds(post, head.reference) == ["received", "message"]


async def test_the_senders_address_is_compared_without_case(post: Post) -> None:
    head = await first(post)
    await post.take(
        mail(sender="METTE@Post.Example", message_id="<m2@post.example>", text="Mere"),
        post.identity.reply_address(head.reference),
    )
    assert await kinds(post, head.reference) == ["received", "message"]


@pytest.mark.parametrize("how", ["address", "subject", "message_id"])
async def test_a_stranger_gets_a_contact_of_their_own_that_a_person_looks_at(
    post: Post, how: str
) -> None:
    head = await first(post)
    to = post.identity.reply_address(head.reference) if how == "address" else post.identity.address
    subject = f"Vedr. {head.reference}" if how == "subject" else "SV: noget"
    effect = await post.house.ledger.fetchval("SELECT id FROM effects WHERE kind = 'mail.tell'")
    answered = post.identity.message_id(effect) if how == "message_id" else "<x@y.example>"
    await post.take(
        mail(subject, "Send mig sagen", STRANGER, "<s@andet.example>", In_Reply_To=answered),
        to,
        sender=STRANGER,
    )
    old, new = await post.contacts()
    assert await kinds(post, old.reference) == ["received"]
    assert "needs_confirmation" in new.flags
    view = await post.house.contacts.view(new.reference)
    assert view.timeline[0].data["maybe"] == old.reference
    # Nothing of the other contact reaches the stranger.
    for delivered in await post.sent():
        if delivered.to == STRANGER:
            assert post.house.contacts.access_code(old.reference) not in delivered.text


async def test_the_same_subject_alone_joins_nothing(post: Post) -> None:
    await first(post)
    await post.take(mail("SV: Byggetilladelse", "Mere", message_id="<m2@post.example>"))
    assert len(await post.contacts()) == 2


async def test_an_answer_reopens_a_closed_contact(post: Post) -> None:
    head = await first(post)
    await close(post, head.reference)
    await post.take(
        mail(text="Jeg er ikke tilfreds", message_id="<m2@post.example>"),
        post.identity.reply_address(head.reference),
    )
    assert (await post.house.contacts.by_reference(head.reference)).state is ContactState.OPEN


async def test_an_absence_note_reopens_nothing_and_goes_no_further(post: Post) -> None:
    head = await first(post)
    await close(post, head.reference)
    await post.take(
        mail("Automatisk svar: ferie", "På ferie", message_id="<o@post.example>"),
        post.identity.return_address(head.reference),
        sender="",
    )
    assert (await post.house.contacts.by_reference(head.reference)).state is ContactState.CLOSED
    assert (await kinds(post, head.reference))[-1] == "automatic"
    assert await post.sent() == []


def bounce(action: str, to: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.post.example\r\nTo: {to}\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <{action}@mx.post.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="D"\r\n\r\n'
        "--D\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n"
        "--D\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; mette@post.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n"
        "--D--\r\n"
    ).encode()


async def test_a_bounce_finds_its_contact_and_goes_no_further(post: Post) -> None:
    head = await first(post)
    to = post.identity.return_address(head.reference)
    await post.take(bounce("failed", to), to, sender="")
    view = await post.house.contacts.view(head.reference)
    event = view.timeline[-1]
    assert (event.kind, event.data["action"], event.data["status"]) == ("bounce", "failed", "5.1.1")
    assert "delivery_failed" in view.head.flags
    assert len(await post.contacts()) == 1
    assert await post.sent() == []


@pytest.mark.parametrize(
    ("action", "state"), [("failed", ContactState.OPEN), ("delayed", ContactState.CLOSED)]
)
async def test_only_a_failure_reopens(post: Post, action: str, state: ContactState) -> None:
    head = await first(post)
    await close(post, head.reference)
    to = post.identity.return_address(head.reference)
    await post.take(bounce(action, to), to, sender="")
    assert (await post.house.contacts.by_reference(head.reference)).state is state


async def test_a_bounce_without_our_address_is_found_by_its_message_id(post: Post) -> None:
    head = await first(post)
    effect = await post.house.ledger.fetchval("SELECT id FROM effects WHERE kind = 'mail.tell'")
    raw = bounce("failed", post.identity.address).replace(
        b"--D--",
        b"--D\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: "
        + post.identity.message_id(effect).encode()
        + b"\r\n--D--",
    )
    await post.take(raw, sender="")
    assert (await kinds(post, head.reference))[-1] == "bounce"


async def test_a_bounce_of_something_else_is_a_contact_of_its_own(post: Post) -> None:
    await first(post)
    await post.take(bounce("failed", post.identity.address), sender="")
    heads = await post.contacts()
    assert len(heads) == 2


async def test_a_mail_that_came_before_by_another_address_stays_where_it_is(post: Post) -> None:
    head = await first(post)
    raw = mail("Nyt", "Nyt", message_id="<m2@post.example>")
    await post.take(raw)
    await post.take(raw, post.identity.reply_address(head.reference))
    assert len(await post.contacts()) == 2
    assert await kinds(post, head.reference) == ["received"]
