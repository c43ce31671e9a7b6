"""A house with its mail door open, and a hand that gives it mail."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import aiosmtplib
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from channels.mail.identity import Identity
from router.house import House
from router.rows import ContactHead

SETTLE_SECONDS = 20.0


@dataclass(frozen=True)
class Delivered:
    """A mail that the demo mailbox got."""

    to: str
    return_path: str
    raw: bytes
    """As it was sent, without what the mailbox put in front."""
    message: EmailMessage

    @property
    def text(self) -> str:
        plain = self.message.get_body(("plain",))
        assert isinstance(plain, EmailMessage)
        return str(plain.get_content())


@dataclass
class Post:
    """Gives mail to the house and looks at what comes of it."""

    house: House
    identity: Identity
    seen: set[str] = field(default_factory=set)

    async def give(self, raw: bytes, *to: str, sender: str = "mette@post.example") -> None:
        """By SMTP on a real socket."""
        settings = self.house.settings
        client = aiosmtplib.SMTP(hostname=settings.smtp_host, port=settings.smtp_port)
        async with client:
            await client.sendmail(sender, list(to) or [self.identity.address], raw)

    async def settle(self) -> None:
        """Wait until every mail that was taken in has been read."""
        until = time.monotonic() + SETTLE_SECONDS
        while await self.waiting():
            assert time.monotonic() < until, "a mail is still unread"
            await asyncio.sleep(0.02)

    async def waiting(self) -> int:
        found: int = await self.house.ledger.fetchval(
            "SELECT count(*) FROM mail_intake WHERE state = 'new'"
        )
        return found

    async def contacts(self) -> list[ContactHead]:
        """Oldest first."""
        return (await self.house.contacts.list(limit=200)).items[::-1]

    async def take(self, raw: bytes, *to: str, sender: str = "mette@post.example") -> None:
        await self.give(raw, *to, sender=sender)
        await self.settle()

    async def sent(self) -> list[Delivered]:
        """Send what is due; answers what has come to the demo mailbox since last time."""
        while await self.house.outbox.send_due():
            pass
        found = []
        for path in sorted((self.house.settings.data_dir / "demo-mail").glob("*.eml")):
            if path.name not in self.seen:
                self.seen.add(path.name)
                found.append(read_delivered(path.read_bytes()))
        return found


def read_delivered(content: bytes) -> Delivered:
    """Take off the two lines that the mailbox puts in front."""
    return_path, delivered_to, raw = content.split(b"\r\n", 2)
    return Delivered(
        to=delivered_to.decode().removeprefix("Delivered-To: "),
        return_path=return_path.decode().removeprefix("Return-Path: ").strip("<>"),
        raw=raw,
        message=message_from_bytes(raw, policy=policy.default),
    )


def mail(
    subject: str = "Byggetilladelse",
    text: str = "Må jeg bygge en carport?",
    sender: str = "Mette Sørensen <mette@post.example>",
    message_id: str = "<m1@post.example>",
    **headers: str,
) -> bytes:
    """A plain mail. `headers`: further ones, `_` for `-`."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = "kontakt@frederikssund.example"
    message["Subject"] = subject
    if message_id:
        message["Message-ID"] = message_id
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text + "\n")
    return message.as_bytes()


@pytest.fixture
async def post(client: TestClient[web.Request, web.Application], house: House) -> Post:
    return Post(house, Identity(house.municipality, await house.ledger.secret()))
