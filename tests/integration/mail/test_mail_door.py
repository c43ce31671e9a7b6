"""What the mail door says, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from channels.mail.door import LARGEST_MAIL, MOST_RECIPIENTS, open_door
from channels.mail.identity import Identity
from channels.mail.intake import Intake
from router.app import open_house
from router.clock import FixedClock
from router.embedded import Embedded
from router.settings import Address, Settings, SettingsError
from tests.conftest import MONDAY_MORNING
from tests.integration.mail.conftest import Post, mail
from tests.running import free_port

OURS = "kontakt@frederikssund.example"


class Caller:
    """A mail server that says exactly what it is told to say."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def hear(self) -> str:
        """One answer, its lines joined."""
        lines = []
        async with asyncio.timeout(20):
            while True:
                line = (await self._reader.readline()).decode()
                lines.append(line.rstrip("\r\n"))
                if line[3:4] != "-":
                    return "\n".join(lines)

    async def say(self, line: str | bytes) -> str:
        await self.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return await self.hear()

    async def write(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    async def envelope(self, *to: str) -> None:
        assert (await self.say("MAIL FROM:<mette@post.example>")).startswith("250")
        for address in to or (OURS,):
            assert (await self.say(f"RCPT TO:<{address}>")).startswith("250")
        assert (await self.say("DATA")).startswith("354")

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


@asynccontextmanager
async def calling(port: int, hello: str = "EHLO mx.post.example") -> AsyncIterator[Caller]:
    caller = Caller(*await asyncio.open_connection("127.0.0.1", port))
    try:
        assert (await caller.hear()).startswith("220 ")
        if hello:
            assert (await caller.say(hello)).startswith("250")
        yield caller
    finally:
        await caller.close()


@pytest.fixture
async def caller(post: Post) -> AsyncIterator[Caller]:
    async with calling(post.house.settings.smtp_port) as caller:
        yield caller


async def test_it_announces_what_it_can(post: Post) -> None:
    async with calling(post.house.settings.smtp_port, "") as caller:
        answer = await caller.say("EHLO mx.post.example")
    assert f"SIZE {LARGEST_MAIL}" in answer
    assert "8BITMIME" in answer
    assert "SMTPUTF8" in answer
    assert "AUTH" not in answer
    assert "STARTTLS" not in answer


@pytest.mark.parametrize(
    "address",
    [
        "nogen@andetsted.example",
        "borgerservice@frederikssund.example",
        "svar+482031957aaaaaaaaaaaa@frederikssund.example",
        "kontakt@frederikssund.example.evil.example",
        "kontakt%andetsted.example@evil.example",
        "@relay.example:nogen@andetsted.example",
    ],
)
async def test_it_takes_mail_for_nobody_else(caller: Caller, address: str) -> None:
    await caller.say("MAIL FROM:<mette@post.example>")
    assert (await caller.say(f"RCPT TO:<{address}>")).startswith("550 5.1.1")
    assert (await caller.say("DATA")).startswith("503")


async def test_our_addresses_are_taken_in_any_case(caller: Caller, post: Post) -> None:
    await caller.envelope("KONTAKT@Frederikssund.Example", "postmaster")
    answer = await caller.say(mail().rstrip(b"\r\n") + b"\r\n.")
    assert answer.startswith("250 2.6.0")
    await post.settle()
    assert len(await post.contacts()) == 1


async def test_the_raw_bytes_are_there_when_250_is_heard(caller: Caller, post: Post) -> None:
    await caller.envelope()
    content = b"Subject: x\r\n\r\n\x00\xff8-bit og NUL\r\n..prik\r\n"
    assert (await caller.say(content.replace(b"\r\n.", b"\r\n..") + b".")).startswith("250")
    stored = await post.house.ledger.fetchval("SELECT raw FROM mail_intake")
    assert bytes(stored) == content


async def test_the_null_sender_is_taken(caller: Caller, post: Post) -> None:
    assert (await caller.say("MAIL FROM:<>")).startswith("250")
    assert (await caller.say(f"RCPT TO:<{OURS}>")).startswith("250")
    await caller.say("DATA")
    assert (await caller.say(mail().rstrip(b"\r\n") + b"\r\n.")).startswith("250")
    assert await post.house.ledger.fetchval("SELECT envelope_sender FROM mail_intake") == ""


async def test_a_size_too_large_is_refused_before_it_is_sent(caller: Caller) -> None:
    answer = await caller.say(f"MAIL FROM:<mette@post.example> SIZE={LARGEST_MAIL + 1}")
    assert answer.startswith("552 5.3.4")


async def test_a_mail_that_grows_too_large_is_refused(
    caller: Caller, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await caller.envelope()
    chunk = (b"x" * 998 + b"\r\n") * 1000
    for _ in range(LARGEST_MAIL // len(chunk) + 1):
        await caller.write(chunk)
    assert (await caller.say(".")).startswith("552 5.3.4")
    assert await post.house.ledger.fetchval("SELECT count(*) FROM mail_intake") == 0
    # The connection is good for the next mail.
    await caller.envelope()
    assert (await caller.say(mail().rstrip(b"\r\n") + b"\r\n.")).startswith("250")


async def test_too_many_recipients_are_put_off(caller: Caller) -> None:
    await caller.say("MAIL FROM:<mette@post.example>")
    for _ in range(MOST_RECIPIENTS):
        assert (await caller.say(f"RCPT TO:<{OURS}>")).startswith("250")
    assert (await caller.say(f"RCPT TO:<{OURS}>")).startswith("452 4.5.3")


async def test_a_line_longer_than_the_standard_allows_is_taken(caller: Caller, post: Post) -> None:
    await caller.envelope()
    content = b"Subject: lang\r\n\r\n" + b"y" * 50_000
    assert (await caller.say(content + b"\r\n.")).startswith("250")
    await post.settle()
    (head,) = await post.contacts()
    view = await post.house.contacts.view(head.reference)
    assert view.timeline[0].body == "y" * 50_000


@pytest.mark.parametrize("ending", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n\x00.\r\n"])
async def test_only_the_right_ending_ends_a_mail(caller: Caller, post: Post, ending: bytes) -> None:
    """Else a second mail could be smuggled inside the first."""
    await caller.envelope()
    smuggled = (
        mail().rstrip(b"\r\n")
        + ending
        + b"MAIL FROM:<ond@post.example>\r\nRCPT TO:<kontakt@frederikssund.example>\r\nDATA\r\n"
    )
    assert (await caller.say(smuggled + b"Subject: ond\r\n\r\nond\r\n.")).startswith("250")
    assert (await caller.say("NOOP")).startswith("250")
    assert await post.house.ledger.fetchval("SELECT count(*) FROM mail_intake") == 1


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:<",
        b"MAIL FROM:",
        b"MAIL TO:<a@b>",
        b"MAIL FROM:<a@b> SIZE=abc",
        b"MAIL FROM:<<a@b>>",
        b"RCPT TO:<" + OURS.encode() + b">",
        b"DATA",
        b"BOGUS",
        b"\xff\xfe",
        b"MAIL FROM:<" + b"a" * 5000 + b"@b>",
        b"",
    ],
)
async def test_nonsense_is_refused_and_harms_nothing(
    caller: Caller, post: Post, line: bytes
) -> None:
    answer = await caller.say(line)
    assert answer[0] == "5"
    await caller.envelope()
    assert (await caller.say(mail().rstrip(b"\r\n") + b"\r\n.")).startswith("250")


async def test_an_international_address_is_taken(caller: Caller, post: Post) -> None:
    assert (await caller.say("MAIL FROM:<søren@ærø.example> SMTPUTF8")).startswith("250")
    assert (await caller.say(f"RCPT TO:<{OURS}>")).startswith("250")
    await caller.say("DATA")
    raw = "From: Søren <søren@ærø.example>\r\nSubject: Ø\r\n\r\nHej\r\n.".encode()
    assert (await caller.say(raw)).startswith("250")
    await post.settle()
    (head,) = await post.contacts()
    assert (head.email, head.name, head.subject) == ("søren@ærø.example", "Søren", "Ø")


async def test_whoever_hangs_up_in_the_middle_leaves_nothing(caller: Caller, post: Post) -> None:
    await caller.envelope()
    await caller.write(b"Subject: halv\r\n\r\nHalv")
    await caller.close()
    async with calling(post.house.settings.smtp_port) as other:
        await other.envelope()
        assert (await other.say(mail().rstrip(b"\r\n") + b"\r\n.")).startswith("250")
    assert await post.house.ledger.fetchval("SELECT count(*) FROM mail_intake") == 1


async def test_many_mails_at_once_are_each_taken_once(post: Post) -> None:
    async def one(number: int) -> None:
        await post.give(
            mail(
                text=f"Nummer {number}",
                sender=f"a{number}@post.example",
                message_id=f"<{number}@post.example>",
            )
        )

    await asyncio.gather(*(one(number) for number in range(60)))
    await post.settle()
    bodies = await post.house.ledger.fetch("SELECT body FROM timeline WHERE kind = 'received'")
    assert sorted(row["body"] for row in bodies) == sorted(f"Nummer {n}" for n in range(60))


async def test_lmtp_answers_for_each_recipient(post: Post) -> None:
    intake = Intake(post.house.ledger, post.house.clock, lambda: None)
    server = await open_door(Address("127.0.0.1", 0), "lmtp", post.identity, intake)
    try:
        async with calling(server.port, "LHLO mx.post.example") as caller:
            assert (await caller.say("EHLO x")).startswith("500")
            await caller.say("MAIL FROM:<mette@post.example>")
            assert (await caller.say(f"RCPT TO:<{OURS}>")).startswith("250")
            assert (await caller.say("RCPT TO:<nogen@andetsted.example>")).startswith("550")
            assert (await caller.say("RCPT TO:<postmaster>")).startswith("250")
            await caller.say("DATA")
            assert (await caller.say(mail().rstrip(b"\r\n") + b"\r\n.")).startswith("250")
            assert (await caller.hear()).startswith("250")
            assert (await caller.say("NOOP")).startswith("250")
    finally:
        await server.close()
    await post.settle()
    assert len(await post.contacts()) == 1


async def test_a_port_in_use_is_told_with_its_setting(post: Post) -> None:
    intake = Intake(post.house.ledger, post.house.clock, lambda: None)
    taken = Address("127.0.0.1", post.house.settings.smtp_port)
    with pytest.raises(SettingsError, match="INDGANG_LMTP"):
        await open_door(taken, "lmtp", post.identity, intake)


async def test_451_while_postgresql_is_stopped(settings: Settings, tmp_path: Path) -> None:
    """The sending server keeps the mail; nothing is half-written; afterwards it is taken."""
    with Embedded(tmp_path / "own", redis=False) as embedded:
        assert embedded.postgresql is not None
        own = settings.model_copy(
            update={
                "database_url": embedded.postgresql.url,
                "smtp": Address("127.0.0.1", free_port()),
            }
        )
        async with open_house(own, FixedClock(MONDAY_MORNING)) as house:
            identity = Identity(house.municipality, await house.ledger.secret())
            intake = Intake(house.ledger, house.clock, lambda: None)
            servers = [
                await open_door(Address("127.0.0.1", 0), door, identity, intake)
                for door in ("smtp", "lmtp")
            ]
            try:
                embedded.postgresql.stop()
                async with calling(servers[0].port) as caller:
                    await caller.envelope()
                    answer = await caller.say(mail().rstrip(b"\r\n") + b"\r\n.")
                    assert answer.startswith("451 4.3.0")
                async with calling(servers[1].port, "LHLO x") as caller:
                    await caller.envelope(OURS, "postmaster")
                    answer = await caller.say(mail().rstrip(b"\r\n") + b"\r\n.")
                    assert answer.startswith("451 4.3.0")
                    assert (await caller.hear()).startswith("451 4.3.0")
                embedded.postgresql.start()
                async with calling(servers[0].port) as caller:
                    await caller.envelope()
                    answer = await caller.say(mail().rstrip(b"\r\n") + b"\r\n.")
                    assert answer.startswith("250")
                assert await house.ledger.fetchval("SELECT count(*) FROM mail_intake") == 1
            finally:
                for server in servers:
                    await server.close()
