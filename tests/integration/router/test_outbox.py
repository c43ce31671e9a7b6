"""Effects: at least once, with their cause, and a person owns the last failure."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from router.clock import FixedClock
from router.config_promises import DELIVERY_FAILURE
from router.errors import LedgerAway, PermanentFailure, TemporaryFailure
from router.house import House
from router.ledger.audit import audit
from router.model import Arrival, Channel, Effect, Outcome, Receipt
from router.outbox import LEASE, MOST_ATTEMPTS, H, Outbox, rest_after


class Post:
    """A sender that does as it is told, and remembers."""

    def __init__(self, *answers: BaseException | None) -> None:
        self.answers = list(answers)
        self.sent: list[int] = []

    async def __call__(self, effect: Effect) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.sent.append(effect.id)


@pytest.fixture
async def receipt(house: House) -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=house.clock.now(),
            text="Vores skraldespand er ikke tømt.",
            email="kim@example.dk",
        )
    )


def outbox(house: House, post: Post) -> Outbox:
    made = Outbox(house.ledger, lambda: house.municipality, house.clock, house.live)
    made.register("mail.tell", post)
    made.register("mail.alert", Post())
    return made


async def states(house: House, receipt: Receipt) -> list[tuple[str, str, str]]:
    effects = (await house.contacts.view(receipt.reference)).effects
    return [(effect.kind, effect.state, effect.last_error) for effect in effects]


async def test_an_effect_is_sent_once(house: House, receipt: Receipt) -> None:
    post = Post()
    worker = outbox(house, post)
    assert await worker.send_due() == 1
    assert await worker.send_due() == 0
    assert len(post.sent) == 1
    assert await states(house, receipt) == [("mail.tell", "sent", "")]


async def test_two_workers_do_not_send_the_same(house: House, receipt: Receipt) -> None:
    post = Post()
    workers = [outbox(house, post) for _ in range(5)]
    assert sum(await asyncio.gather(*(worker.send_due() for worker in workers))) == 1
    assert len(post.sent) == 1


async def test_a_temporary_failure_rests_and_is_tried_again(
    house: House, clock: FixedClock, receipt: Receipt
) -> None:
    post = Post(TemporaryFailure("smtp_451"))
    worker = outbox(house, post)
    await worker.send_due()
    assert await states(house, receipt) == [("mail.tell", "pending", "smtp_451")]
    assert await worker.send_due() == 0
    clock.advance(rest_after(1) * 2)
    assert await worker.send_due() == 1
    assert len(post.sent) == 1


@pytest.mark.parametrize("attempt", range(1, MOST_ATTEMPTS))
def test_rests_grow_and_stay_bounded(attempt: int) -> None:
    assert timedelta(seconds=3) < rest_after(attempt) <= timedelta(hours=4)


async def test_what_a_dead_worker_held_comes_back(
    house: House, clock: FixedClock, receipt: Receipt
) -> None:
    class PowerCut(BaseException):
        pass

    with pytest.raises(PowerCut):
        await outbox(house, Post(PowerCut())).send_due()
    post = Post()
    worker = outbox(house, post)
    assert await worker.send_due() == 0
    clock.advance(LEASE)
    assert await worker.send_due() == 1
    assert len(post.sent) == 1


@pytest.mark.parametrize(
    "failures",
    [
        [PermanentFailure("smtp_550")],
        [TemporaryFailure("smtp_451")] * MOST_ATTEMPTS,
        [RuntimeError("a fault of ours")] * MOST_ATTEMPTS,
    ],
    ids=["permanent", "temporary until the end", "our own fault"],
)
async def test_the_last_failure_is_owned_by_a_person(
    house: House, clock: FixedClock, receipt: Receipt, failures: list[BaseException]
) -> None:
    worker = outbox(house, Post(*failures))
    for _ in failures:
        assert await worker.send_due() >= 1
        clock.advance(timedelta(hours=4, minutes=1))
    view = await house.contacts.view(receipt.reference)
    told = next(effect for effect in view.effects if effect.kind == "mail.tell")
    assert told.state == "failed"
    assert told.attempts == len(failures)
    assert view.timeline[-1].kind == "delivery_failed"
    assert len([p for p in view.promises if p.state.is_open]) == 2
    assert view.head.next_due_at == min(p.due_at for p in view.promises)
    await worker.send_due()
    found = await audit(house.ledger, house.clock.now())
    assert [f.invariant for f in found if f.invariant.startswith(("1", "3", "7"))] == []


async def test_a_failure_reopens_a_closed_contact(house: House, receipt: Receipt) -> None:
    await house.contacts.close(receipt.reference, "staff:bente-loevfald", Outcome.SOLVED)
    await outbox(house, Post(PermanentFailure("smtp_550"))).send_due()
    head = await house.contacts.by_reference(receipt.reference)
    assert head.state == "open"
    assert head.next_due_at is not None


async def fail(house: House, receipt: Receipt, kind: str, payload: dict[str, Any]) -> None:
    """An alarm of this contact that cannot be delivered."""
    head = await house.contacts.by_reference(receipt.reference)
    await house.ledger.fetchval(H["add_effect"], kind, head.id, payload, house.clock.now())
    worker = Outbox(house.ledger, lambda: house.municipality, house.clock, house.live)
    refused = PermanentFailure("smtp_550")
    worker.register("mail.tell", Post())
    for alarm in ("mail.alert", "mail.alert_list"):
        worker.register(alarm, Post(*[refused] * 20))
    while await worker.send_due():
        pass
    view = await house.contacts.view(receipt.reference)
    assert {e.state for e in view.effects if e.kind != "mail.tell"} == {"failed"}
    found = await audit(house.ledger, house.clock.now())
    assert [f.invariant for f in found if f.invariant.startswith(("1", "3", "7"))] == []


@pytest.mark.parametrize("kind", ["mail.alert", "mail.alert_list"])
async def test_an_alarm_that_fails_is_owned_by_what_it_was_about(
    house: House, receipt: Receipt, kind: str
) -> None:
    before = (await house.contacts.view(receipt.reference)).promises
    await fail(house, receipt, kind, about(kind, before[0].id))
    view = await house.contacts.view(receipt.reference)
    assert view.promises == before
    assert await owner_of_the_failure(house, kind) == before[0].id


@pytest.mark.parametrize("kind", ["mail.alert", "mail.alert_list"])
async def test_alarms_that_fail_about_nothing_open_make_one_promise_and_no_alarm(
    house: House, receipt: Receipt, kind: str
) -> None:
    for _ in range(3):
        await fail(house, receipt, kind, about(kind, None))
    view = await house.contacts.view(receipt.reference)
    made = [p for p in view.promises if p.policy == DELIVERY_FAILURE]
    assert len(made) == 1
    assert len([e for e in view.effects if e.kind != "mail.tell"]) == 3


@pytest.mark.parametrize("kind", ["mail.alert", "mail.alert_list"])
async def test_an_alarm_that_fails_opens_no_closed_contact(
    house: House, receipt: Receipt, kind: str
) -> None:
    [promise] = (await house.contacts.view(receipt.reference)).promises
    await house.contacts.close(receipt.reference, "staff:bente-loevfald", Outcome.SOLVED)
    await fail(house, receipt, kind, about(kind, promise.id))
    view = await house.contacts.view(receipt.reference)
    assert view.head.state == "closed"
    assert [p.id for p in view.promises] == [promise.id]


async def test_a_list_about_another_contact_is_owned_there(house: House, receipt: Receipt) -> None:
    other = await house.reception.receive(
        Arrival(
            channel=Channel.WEB, dedupe_key="o", received_at=house.clock.now(), text="Hul i vejen"
        )
    )
    [promise] = (await house.contacts.view(other.reference)).promises
    await house.contacts.close(receipt.reference, "staff:bente-loevfald", Outcome.SOLVED)
    await fail(house, receipt, "mail.alert_list", about("mail.alert_list", promise.id))
    assert await owner_of_the_failure(house, "mail.alert_list") == promise.id


def about(kind: str, promise: int | None) -> dict[str, Any]:
    if kind == "mail.alert":
        payload = {"department": "affald", "template": "late"}
        return payload if promise is None else payload | {"promise_id": promise}
    return {"to": "x@kommune.example", "promises": [] if promise is None else [promise]}


async def owner_of_the_failure(house: House, kind: str) -> int:
    owner: int = await house.ledger.fetchval(
        "SELECT failure_promise FROM effects WHERE kind = $1", kind
    )
    return owner


async def test_one_failure_does_not_keep_the_others(house: House, receipt: Receipt) -> None:
    for number in range(5):
        await house.reception.receive(
            Arrival(
                channel=Channel.WEB,
                dedupe_key=f"more{number}",
                received_at=house.clock.now(),
                text="Hul i vejen",
                email=f"kim{number}@example.dk",
            )
        )
    post = Post(RuntimeError("first"))
    assert await outbox(house, post).send_due() == 6
    assert len(post.sent) == 5


async def test_an_outage_in_the_middle_is_tried_again(
    house: House, clock: FixedClock, receipt: Receipt
) -> None:
    with pytest.raises(LedgerAway):
        await outbox(house, Post(LedgerAway("gone"))).send_due()
    clock.advance(LEASE)
    assert await outbox(house, Post()).send_due() == 1


def test_two_senders_of_one_kind_are_refused(house: House) -> None:
    with pytest.raises(ValueError, match=r"mail\.tell"):
        outbox(house, Post()).register("mail.tell", Post())
