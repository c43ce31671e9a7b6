"""Which contact does a mail belong to?

In order: our signed address, a Message-ID that we sent, a reference number in
the subject. And the sender must be a party to that contact already: a mail put
into the wrong case is a data breach. Never the subject's words, never a guess.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from channels.mail.identity import Identity
from channels.mail.reading import Reading
from channels.mail.reading.addresses import same
from router.errors import NotFound
from router.ledger import load_queries
from router.reference import find_references

if TYPE_CHECKING:
    from router.contacts import Contacts
    from router.ledger import Connection
    from router.rows import ContactHead

Q: Final = load_queries(Path(__file__).parent / "queries.sql")
MOST_REFERENCES: Final = 5


@dataclass(frozen=True, slots=True)
class Belonging:
    """The answer. At most one of the two references is set."""

    reference: str = ""
    """The contact that the mail is part of."""
    maybe: str = ""
    """A contact that the mail names although its sender is unknown there: a person decides."""
    by: str = ""
    """What led to it: `address`, `message_id` or `subject`."""


class Belongings:
    """Finds the contact of a mail."""

    def __init__(self, identity: Identity, contacts: Contacts) -> None:
        self._identity = identity
        self._contacts = contacts

    async def find(self, connection: Connection, reading: Reading) -> Belonging:
        """The first contact that the mail names decides. Raises LedgerAway."""
        async for head, by in self._named(connection, reading):
            if self._may_write(head, reading, by):
                return Belonging(reference=head.reference, by=by)
            return Belonging(maybe=head.reference, by=by)
        return Belonging()

    def _may_write(self, head: ContactHead, reading: Reading, by: str) -> bool:
        # A bounce comes from a mail server, never from the party; that it came
        # to our signed return address or carries our signed id vouches for it.
        if reading.bounce is not None and by in {"address", "message_id"}:
            return True
        return same(reading.sender.address, head.email)

    async def _named(
        self, connection: Connection, reading: Reading
    ) -> AsyncIterator[tuple[ContactHead, str]]:
        for address in reading.receivers:
            reference = self._identity.reference_in(address)
            if reference and (head := await self._by_reference(reference)):
                yield head, "address"
        answered = [*reading.in_reply_to, *reading.references]
        if reading.bounce is not None:
            answered.append(reading.bounce.original_message_id)
        for message_id in dict.fromkeys(answered):
            effect = self._identity.effect_of(message_id)
            if effect is None:
                continue
            contact_id = await connection.fetchval(Q["contact_of_effect"], effect)
            if contact_id is not None:
                yield await self._contacts.head(contact_id), "message_id"
        for reference in find_references(reading.subject)[:MOST_REFERENCES]:
            if head := await self._by_reference(reference):
                yield head, "subject"

    async def _by_reference(self, reference: str) -> ContactHead | None:
        try:
            return await self._contacts.by_reference(reference)
        except NotFound:
            return None
