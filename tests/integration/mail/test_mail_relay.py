"""The way out: what the smarthost answers decides what happens to an effect."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.mail.door import Listening, MailServer
from channels.mail.relay import Relay
from channels.mail.sending import Sending
from router.clock import FixedClock
from router.errors import PermanentFailure, TemporaryFailure
from router.model import Effect
from router.settings import Address
from tests.integration.mail.conftest import Post, mail
from tests.running import free_port


class Smarthost:
    """Answers as it is told."""

    def __init__(self) -> None:
        self.to_recipient = "250 OK"
        self.to_data = "250 OK"
        self.got: list[bytes] = []
        self.options: list[list[str]] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.got.append(envelope.original_content or b"")
        self.options.append(list(envelope.mail_options))
        return self.to_data


@pytest.fixture
async def smarthost() -> AsyncIterator[tuple[Smarthost, Relay]]:
    handler = Smarthost()
    server = Listening()
    await server.open(Address("127.0.0.1", 0), "TEST", lambda: MailServer(handler, "mx.test"))
    yield handler, Relay(Address("127.0.0.1", server.port), "frederikssund.example")
    await server.close()


async def test_bytes_arrive_unchanged(smarthost: tuple[Smarthost, Relay]) -> None:
    handler, relay = smarthost
    raw = b"Subject: \xc3\xb8\r\n\r\n.prik\r\n..to\r\n\x00\xff\r\n"
    await relay.send("retur@x.example", "job@x.example", raw)
    assert handler.got == [raw]
    assert {"BODY=8BITMIME", "SMTPUTF8"} <= set(handler.options[0])


async def test_a_bare_line_feed_cannot_smuggle(smarthost: tuple[Smarthost, Relay]) -> None:
    handler, relay = smarthost
    raw = b"Subject: x\r\n\r\nslut\n.\nMAIL FROM:<ond@x.example>\r\n"
    await relay.send("retur@x.example", "job@x.example", raw)
    assert handler.got == [raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")]


@pytest.mark.parametrize(
    ("to_recipient", "to_data", "failure", "code"),
    [
        ("550 5.1.1 no", "250", PermanentFailure, "smtp_550"),
        ("450 4.2.0 later", "250", TemporaryFailure, "smtp_450"),
        ("250 OK", "554 5.7.1 no", PermanentFailure, "smtp_554"),
        ("250 OK", "451 4.3.0 later", TemporaryFailure, "smtp_451"),
    ],
)
async def test_refusals_are_told_apart(
    smarthost: tuple[Smarthost, Relay],
    to_recipient: str,
    to_data: str,
    failure: type[Exception],
    code: str,
) -> None:
    handler, relay = smarthost
    handler.to_recipient, handler.to_data = to_recipient, to_data
    with pytest.raises(failure, match=code):
        await relay.send("retur@x.example", "job@x.example", b"x: y\r\n\r\nz\r\n")


async def test_a_server_that_is_not_there_is_temporary() -> None:
    relay = Relay(Address("127.0.0.1", free_port()), "frederikssund.example")
    with pytest.raises(TemporaryFailure, match="smarthost_away"):
        await relay.send("retur@x.example", "job@x.example", b"x: y\r\n\r\nz\r\n")


async def test_without_a_smarthost_a_person_owns_it() -> None:
    with pytest.raises(PermanentFailure, match="no_smarthost"):
        await Relay(None, "frederikssund.example").send("a@b.example", "c@d.example", b"")


async def test_an_address_cannot_carry_commands(smarthost: tuple[Smarthost, Relay]) -> None:
    _, relay = smarthost
    with pytest.raises(PermanentFailure, match="bad_address"):
        await relay.send("a@b.example", "c@d.example>\r\nRCPT TO:<e@f.example", b"x: y\r\n\r\n")


async def test_a_receipt_that_is_refused_is_owned_by_a_person(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post.take(mail())
    send = Relay.send

    async def refuse_citizens(self: Relay, sender: str, recipient: str, raw: bytes) -> None:
        if recipient == "mette@post.example":
            raise PermanentFailure("smtp_550")
        await send(self, sender, recipient, raw)

    monkeypatch.setattr(Relay, "send", refuse_citizens)
    sent = await post.sent()
    (head,) = await post.contacts()
    view = await post.house.contacts.view(head.reference)
    assert {e.kind: e.state for e in view.effects} == {
        "mail.tell": "failed",
        "mail.forward": "sent",
        "mail.alert": "sent",
    }
    (alert,) = [d for d in sent if d.message["Auto-Submitted"] == "auto-generated"]
    assert f"/desk/contacts/{head.reference}" in alert.text
    assert "carport" not in alert.text


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"to": "ikke en adresse", "template": "receipt"}, "bad_address"),
        ({"to": "mette@post.example", "template": "ukendt"}, "no_such_template"),
    ],
)
async def test_a_tell_that_can_never_be_sent(
    post: Post, payload: dict[str, str], code: str
) -> None:
    await post.take(mail())
    (head,) = await post.contacts()
    with pytest.raises(PermanentFailure, match=code):
        await Sending(post.house).tell(Effect(99, "mail.tell", head.id, payload, 1))


async def test_a_promise_with_a_new_time_is_told(post: Post, clock: FixedClock) -> None:
    await post.take(mail())
    await post.sent()
    (head,) = await post.contacts()
    view = await post.house.contacts.view(head.reference)
    at = view.promises[0].due_at
    await post.house.promises.reschedule(view.promises[0].id, "staff:lone-hvideklit", None, at)
    (told,) = await post.sent()
    assert told.message["Subject"].startswith("Ny tid")
    assert head.reference[:3] in told.text
