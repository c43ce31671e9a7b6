"""The reader under trouble: processes that die, mails that cannot be received."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from channels.mail.arriving import Arrivals
from channels.mail.belonging import Belongings
from channels.mail.intake import Intake, RawMail
from channels.mail.reader import Reader
from router.clock import FixedClock
from router.errors import LedgerAway
from router.house import House
from router.model import Arrival, Receipt
from router.reception import Reception
from tests.integration.mail.conftest import Post, mail


@pytest.fixture
async def quiet(house: House) -> Post:
    """A house whose mail nobody reads by itself."""
    from channels.mail.identity import Identity

    return Post(house, Identity(house.municipality, await house.ledger.secret()))


def reader_of(post: Post) -> Reader:
    house = post.house
    return Reader(house, Arrivals(post.identity, Belongings(post.identity, house.contacts)))


async def put(post: Post, *raws: bytes, sender: str = "mette@post.example") -> None:
    intake = Intake(post.house.ledger, post.house.clock, lambda: None)
    for raw in raws:
        await intake.take(RawMail("smtp", "192.0.2.1", sender, (post.identity.address,), raw))


async def test_a_reader_that_dies_before_it_notes_the_contact(
    quiet: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after kill -9 between the two commits: the contact is there, the row still new."""
    await put(quiet, mail())
    receive = Reception.receive

    async def then_die(self: Reception, arrival: Arrival) -> Receipt:
        await receive(self, arrival)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(Reception, "receive", then_die)
        with pytest.raises(asyncio.CancelledError):
            await reader_of(quiet).read_one()
    assert await quiet.waiting() == 1
    assert len(await quiet.contacts()) == 1

    assert await reader_of(quiet).read_one()
    assert await quiet.waiting() == 0
    (head,) = await quiet.contacts()
    row = await quiet.house.ledger.fetchrow("SELECT contact_id, note FROM mail_intake")
    assert row is not None
    assert (row["contact_id"], row["note"]) == (head.id, "repeated")


async def test_several_readers_share_the_work(quiet: Post) -> None:
    await put(quiet, *(mail(text=f"{n}", message_id=f"<{n}@x.example>") for n in range(30)))

    async def until_empty(reader: Reader) -> int:
        read = 0
        while await reader.read_one():
            read += 1
        return read

    shares = await asyncio.gather(*(until_empty(reader_of(quiet)) for _ in range(3)))
    assert sum(shares) == 30
    assert len(await quiet.contacts()) == 30


async def test_a_mail_that_reception_refuses_is_taken_as_it_is(
    quiet: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = Reception.receive

    async def refuse_text(self: Reception, arrival: Arrival) -> Receipt:
        if arrival.text:
            raise RuntimeError("cannot")
        return await receive(self, arrival)

    monkeypatch.setattr(Reception, "receive", refuse_text)
    raw = mail()
    await put(quiet, raw)
    assert await reader_of(quiet).read_one()
    (head,) = await quiet.contacts()
    assert (head.flags, head.email) == (["unparsed"], "mette@post.example")
    view = await quiet.house.contacts.view(head.reference)
    file = await quiet.house.contacts.attachment(head.reference, view.attachments[0].id)
    assert file.content == raw


async def test_a_mail_that_cannot_be_received_at_all_lets_the_next_pass(
    quiet: Post, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = Reception.receive
    broken = {"yes": True}

    async def refuse_one(self: Reception, arrival: Arrival) -> Receipt:
        if broken["yes"] and arrival.mail_id == 1:
            raise RuntimeError("cannot")
        return await receive(self, arrival)

    monkeypatch.setattr(Reception, "receive", refuse_one)
    await put(quiet, mail(text="Umulig"), mail(text="Mulig", message_id="<2@x.example>"))
    reader = reader_of(quiet)
    assert [await reader.read_one() for _ in range(3)] == [True, True, False]
    assert len(await quiet.contacts()) == 1
    row = await quiet.house.ledger.fetchrow("SELECT attempts, note FROM mail_intake WHERE id = 1")
    assert row is not None
    assert (row["attempts"], row["note"]) == (1, "RuntimeError")

    broken["yes"] = False
    clock.advance(timedelta(seconds=6))
    assert await reader.read_one()
    assert len(await quiet.contacts()) == 2


async def test_an_outage_leaves_the_mail_where_it_is(
    quiet: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: Reception, arrival: Arrival) -> Receipt:
        raise LedgerAway("gone")

    await put(quiet, mail())
    with monkeypatch.context() as patched:
        patched.setattr(Reception, "receive", away)
        with pytest.raises(LedgerAway):
            await reader_of(quiet).read_one()
    row = await quiet.house.ledger.fetchrow("SELECT state, attempts FROM mail_intake")
    assert row is not None
    assert (row["state"], row["attempts"]) == ("new", 0)
    assert await reader_of(quiet).read_one()


async def test_a_whole_reader_survives_an_outage_and_a_fault(
    quiet: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = Reception.receive
    faults: list[Exception] = [LedgerAway("gone"), LedgerAway("gone")]

    async def at_first(self: Reception, arrival: Arrival) -> Receipt:
        if faults:
            raise faults.pop()
        return await receive(self, arrival)

    monkeypatch.setattr(Reception, "receive", at_first)
    monkeypatch.setattr("channels.mail.reader.AWAY_SECONDS", 0.01)
    await put(quiet, mail())
    work = asyncio.create_task(reader_of(quiet).run())
    await quiet.settle()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert len(await quiet.contacts()) == 1


async def test_a_mail_row_cannot_be_lost(quiet: Post) -> None:
    """The ledger refuses to delete it, and to call it done without a contact."""
    await put(quiet, mail())
    failures: list[str] = []
    for statement in (
        "DELETE FROM mail_intake",
        "UPDATE mail_intake SET state = 'done'",
    ):
        try:
            await quiet.house.ledger.execute(statement)
        except Exception as error:
            failures.append(type(error).__name__)
    assert len(failures) == 2
    assert await quiet.waiting() == 1


def test_arrivals_say_nothing_personal_in_their_data() -> None:
    from channels.mail.arriving import _data
    from channels.mail.belonging import Belonging
    from channels.mail.reading import Envelope, read

    reading = read(mail(), Envelope("mette@post.example"))
    data: dict[str, Any] = _data(1, reading, Belonging(), "")
    assert data == {"mail_id": 1, "message_id": "<m1@post.example>"}
