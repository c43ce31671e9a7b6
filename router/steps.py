"""What every part of the house that changes contacts is built on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.decent import leaves_at
from router.ledger import QUERIES_FOLDER, load_queries
from router.to_citizen import telling

if TYPE_CHECKING:
    from router.clock import Clock
    from router.config import Municipality
    from router.ledger import Connection, Ledger, Record
    from router.live import Live
    from router.outbox import Outbox

H: Final = load_queries(QUERIES_FOLDER / "house.sql")


@dataclass(frozen=True, slots=True)
class Tools:
    """What is needed to change a contact. Made once, in `router.app`."""

    ledger: Ledger
    municipality: Callable[[], Municipality]
    """The configuration as it is now; asked again each time, it may change."""
    clock: Clock
    live: Live
    outbox: Outbox


class Steps:
    """Writes a step of a contact's story together with what must follow from it."""

    def __init__(self, tools: Tools) -> None:
        self._ledger = tools.ledger
        self._municipality = tools.municipality
        self._clock = tools.clock
        self._live = tools.live
        self._outbox = tools.outbox

    def _calendar(self, department: str) -> str:
        """The opening hours of a department; the default one's when it has left."""
        municipality = self._municipality()
        known = municipality.departments.get(department)
        if known is None:
            known = municipality.departments[municipality.default_department]
        return known.hours

    async def _event(
        self,
        connection: Connection,
        contact_id: int,
        kind: str,
        actor: str,
        body: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        await connection.execute(
            H["add_event"], contact_id, self._clock.now(), kind, actor, body, data or {}
        )

    async def _effect(
        self,
        connection: Connection,
        kind: str,
        contact_id: int,
        payload: dict[str, Any],
        not_before: datetime | None = None,
    ) -> None:
        """Something that must happen outside, now or not before a moment, at a decent hour."""
        at = leaves_at(kind, payload, not_before or self._clock.now(), self._municipality().zone)
        await connection.fetchval(H["add_effect"], kind, contact_id, payload, at)

    async def _inform(
        self, connection: Connection, contact: Record, template: str, data: dict[str, Any]
    ) -> None:
        """Tell the citizen of this contact, where there is a way to."""
        told = telling(contact, template, data)
        if told is not None:
            await self._effect(connection, told[0], contact["id"], told[1])

    async def _alert_offered(
        self, connection: Connection, contact_id: int, department: str
    ) -> None:
        """Tell a department by mail that something waits for it to be taken."""
        payload = {"department": department, "template": "offered"}
        await self._effect(connection, "mail.alert", contact_id, payload)
