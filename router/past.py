"""What the ledger knows of a sender's past contacts, for the rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from router.ledger import QUERIES_FOLDER, load_queries
from router.rules import History

if TYPE_CHECKING:
    from router.ledger import Connection

Q: Final = load_queries(QUERIES_FOLDER / "reception.sql")


async def histories(
    connection: Connection, parties: Iterable[int], but_contact: int | None = None
) -> dict[int, History]:
    """The past of each party, without the contact that is being routed itself."""
    rows = await connection.fetch(Q["histories"], list(parties), but_contact)
    return {
        row["party_id"]: History(
            open_department=row["open_department"] or "",
            open_caseworker=row["open_caseworker"] or "",
            coordinator=row["coordinator"] or "",
            last_caseworker=row["last_caseworker"] or "",
        )
        for row in rows
    }
