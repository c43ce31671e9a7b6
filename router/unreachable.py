"""A citizen who cannot be reached: we have tried, and have said so in writing.

Nobody is given up by silence. A contact ends `unreachable` by a person's decision, after
a call was tried where there is a number, and after a notice that has left or that a
person has given. What the citizen says afterwards makes the notice void.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from router.errors import Conflict, SenderError
from router.ledger import QUERIES_FOLDER, load_queries
from router.meeting_terms import How
from router.to_citizen import NO_CALLS, way_to

if TYPE_CHECKING:
    from router.ledger import Connection, Record

Q: Final = load_queries(QUERIES_FOLDER / "contacts.sql")

UNREACHABLE: Final = "unreachable"
"""Template of the notice."""


class Notice(StrEnum):
    """How far we are in telling a citizen that we cannot reach them."""

    NOT_TRIED = "not_tried"
    """There is a number that nobody has called."""
    NO_WAY = "no_way"
    """No address: only a person can give it."""
    MAY_SEND = "may_send"
    PENDING = "pending"
    """Written, and has not left yet."""
    SENT = "sent"


async def reaching(connection: Connection, contact_id: int) -> Record:
    """What is known of how this citizen can be reached, and what was tried."""
    row = await connection.fetchrow(Q["reaching"], contact_id)
    assert row is not None, "the contact is there"  # noqa: S101
    return row


def notice_of(row: Record) -> Notice:
    """How far we are, from what `reaching` has found."""
    if row["number"] and NO_CALLS not in row["flags"] and not row["tried"]:
        return Notice.NOT_TRIED
    if row["notice"] in (Notice.PENDING, Notice.SENT):
        return Notice(row["notice"])
    return Notice.NO_WAY if way_to(row, row["phone"]) is None else Notice.MAY_SEND


async def must_have_told(connection: Connection, contact_id: int, how: How | None) -> None:
    """The citizen knows that we cannot reach them: by a notice that has left, or by `how`.

    The contact's row is held. Raises Conflict `not_tried`, `notice_first` or
    `notice_pending`, SenderError `say_how` for what is no writing.
    """
    notice = notice_of(await reaching(connection, contact_id))
    if notice is Notice.NOT_TRIED:
        raise not_tried()
    if how is How.PHONE:
        raise SenderError("say_how", "By letter, Digital Post or by hand.")
    if how is not None or notice is Notice.SENT:
        return
    if notice is Notice.PENDING:
        raise Conflict("notice_pending", "The notice has not left yet.")
    raise Conflict("notice_first", "Tell the citizen in writing first that we cannot reach them.")


def not_tried() -> Conflict:
    """There is a number, and nobody has called it."""
    return Conflict("not_tried", "Call first, and say how it went.")
