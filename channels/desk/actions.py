"""What staff can do with a contact and its promises: one function a step.

The pages and the API come here with the same bodies, so both refuse the same.
"""

from __future__ import annotations

from channels.desk.api_models import (
    AcceptBody,
    AttemptBody,
    ClaimBody,
    CloseBody,
    CoordinatorBody,
    NoteBody,
    OfferBody,
    RescheduleBody,
    UnreachableBody,
    WithdrawBody,
)
from channels.desk.people import Staff
from router.errors import Conflict, SenderError
from router.house import House


def _person(staff: Staff) -> str:
    """The caseworker who acts. Only a person can own a contact."""
    if staff.caseworker is None:
        raise SenderError("caseworker_needed", "Say which caseworker takes it.")
    return staff.caseworker


async def accept(house: House, staff: Staff, reference: str, _: AcceptBody) -> None:
    """Take over what was offered."""
    await house.contacts.accept(reference, _person(staff))


async def offer(house: House, staff: Staff, reference: str, body: OfferBody) -> None:
    """Offer the contact to another department or caseworker."""
    await house.contacts.offer(
        reference, staff.actor, body.department, body.to_caseworker, body.reason, body.version
    )


async def note(house: House, staff: Staff, reference: str, body: NoteBody) -> None:
    """Write a note on the timeline."""
    await house.contacts.note(reference, staff.actor, body.text)


async def close(house: House, staff: Staff, reference: str, body: CloseBody) -> None:
    """Close the contact with an outcome."""
    await house.contacts.close(
        reference, staff.actor, body.outcome, body.note, body.version, body.how
    )


async def unreachable(house: House, staff: Staff, reference: str, _: UnreachableBody) -> None:
    """Tell the citizen in writing that we have tried to reach them in vain."""
    await house.letters.tell_unreachable(reference, staff.actor)


async def coordinator(house: House, staff: Staff, reference: str, body: CoordinatorBody) -> None:
    """Say who coordinates for the citizen."""
    await house.contacts.set_coordinator(reference, staff.actor, body.caseworker)


async def claim(house: House, staff: Staff, promise_id: int, body: ClaimBody) -> None:
    """Take a promise and its contact, or the topic that it belongs to."""
    row = await house.promises.row(promise_id)
    if row.part_id is not None:
        if body.version not in (None, row.version):
            raise Conflict("stale", row.caseworker or "")
        await house.parts.claim(row.part_id, _person(staff))
        return
    await house.promises.claim(promise_id, _person(staff), body.version)


async def attempt(house: House, staff: Staff, promise_id: int, body: AttemptBody) -> None:
    """Say what came of an attempt to keep a promise."""
    await house.promises.attempt(
        promise_id, staff.actor, body.result, body.note, talk_seconds=body.talk_seconds
    )


async def reschedule(house: House, staff: Staff, promise_id: int, body: RescheduleBody) -> None:
    """Agree on a new window."""
    await house.promises.reschedule(promise_id, staff.actor, body.not_before, body.until)


async def withdraw(house: House, staff: Staff, promise_id: int, body: WithdrawBody) -> None:
    """The citizen no longer wants it."""
    await house.promises.withdraw(promise_id, staff.actor, body.reason)
