"""Splitting a contact with several topics into parts (delsager), one plan for its citizen.

Who splits owns the whole, as the coordinating caseworker (koordinerende sagsbehandler)
does; each part starts with a department or a caseworker, and with a promise of its own.
What becomes of the parts afterwards is in `router.parts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from router.config_promises import DELIVERY_FAILURE
from router.errors import Conflict, SenderError
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import PromiseKind, PromiseState
from router.offering import must_belong, must_work_here, offer_until
from router.rows import PartRow, contact_head, promise_row, read
from router.steps import H, Steps
from router.to_citizen import must_be_callable, open_contact, title_of

if TYPE_CHECKING:
    from router.ledger import Connection, Record
    from router.rows import ContactHead

Q: Final = load_queries(QUERIES_FOLDER / "parts.sql")
C: Final = load_queries(QUERIES_FOLDER / "contacts.sql")

MOST_PARTS: Final = 20
PROMISED: Final = (PromiseKind.ANSWER, PromiseKind.CALLBACK)
"""What a part can start with."""


@dataclass(frozen=True, slots=True)
class NewPart:
    """One topic of several."""

    title: str
    """The citizen sees it."""
    department: str
    caseworker: str | None = None
    """Who is asked to take it; it is theirs at once when they split themselves."""
    promise: PromiseKind = PromiseKind.ANSWER
    phone: str = ""
    """For a callback; the contact's by itself."""


class Splitting(Steps):
    """Makes parts of contacts."""

    async def split(
        self,
        reference: str,
        actor: str,
        topics: Sequence[NewPart],
        *,
        caseworker: str | None,
        coordinator: str | None = None,
        version: int | None = None,
    ) -> list[PartRow]:
        """Make `topics` parts of an open contact; more may be added later in the same way.

        `caseworker` is who splits: they own a contact that nobody owns. Another
        `coordinator` is offered the whole. A plain answer that was promised gives way to
        the promises of the topics. The citizen is told of the plan. Raises
        Conflict `closed`, `stale`, `taken_by_other` or `no_calls`, SenderError for
        topics that cannot be.
        """
        topics = [self._checked(topic) for topic in topics]
        if not 0 < len(topics) <= MOST_PARTS:
            raise SenderError("how_many_parts", f"From 1 to {MOST_PARTS} topics.")
        must_work_here(self._municipality(), coordinator)
        async with self._ledger.transaction() as connection:
            contact = await open_contact(connection, reference)
            head = contact_head(contact)
            if head.caseworker is not None and caseworker not in (None, head.caseworker):
                raise Conflict("taken_by_other", head.caseworker)
            if version is not None and version != head.version:
                raise Conflict("stale", head.caseworker or "")
            await self._hold_calls(connection, contact, topics)
            await self._coordinate(connection, head, actor, caseworker, coordinator)
            made = [
                await self._add(connection, contact, topic, actor, caseworker) for topic in topics
            ]
            await self._replace_answer(connection, head.id, made[0])
            titles = "\n".join(topic.title for topic in topics)
            await self._event(connection, head.id, "split", actor, titles, {"parts": made})
            await connection.execute(C["touch"], head.id, self._clock.now())
            await connection.execute(H["refresh_due"], head.id)
            rows = await connection.fetch(Q["of_contact"], head.id)
            told = {"parts": await self._told(connection, rows)}
            await self._inform(connection, contact, "plan", told)
        self._live.publish([reference])
        self._outbox.wake()
        return [read(PartRow, row) for row in rows]

    async def _hold_calls(
        self, connection: Connection, contact: Record, topics: Sequence[NewPart]
    ) -> None:
        """Hold at once, in their order, the numbers of the calls that are there and will be:
        topic by topic, two who split would wait for each other."""
        calls = [topic for topic in topics if topic.promise is PromiseKind.CALLBACK]
        phones = [topic.phone or contact["phone"] for topic in calls]
        departments = [topic.department for topic in calls]
        await connection.execute(Q["hold_calls_to_be"], contact["id"], phones, departments)

    async def _replace_answer(self, connection: Connection, contact_id: int, part: int) -> None:
        """What the whole was to be answered is answered topic by topic from now on.

        A deadline of the law, an answer about something of its own and the failure that
        somebody looks into stay with the whole.
        """
        [instead, *_] = await connection.fetch(Q["open_promises"], part)
        for row in await connection.fetch(H["open_promises"], contact_id):
            promise = promise_row(row)
            plain = promise.kind is PromiseKind.ANSWER and promise.part_id is None
            if not plain or promise.about or promise.asked_by_law:
                continue
            if promise.policy != DELIVERY_FAILURE:
                end, now = PromiseState.REPLACED, self._clock.now()
                await connection.execute(H["end_promise"], promise.id, end, now, instead["id"])

    def _checked(self, topic: NewPart) -> NewPart:
        title = title_of(topic.title, "empty_title")
        must_belong(self._municipality(), topic.department, topic.caseworker)
        if topic.promise not in PROMISED:
            raise SenderError("no_such_promise_here", "An answer or a callback.")
        return NewPart(title, topic.department, topic.caseworker, topic.promise, topic.phone)

    async def _coordinate(
        self,
        connection: Connection,
        head: ContactHead,
        actor: str,
        caseworker: str | None,
        coordinator: str | None,
    ) -> None:
        """Who splits owns a contact that nobody owned; whom they name is offered the whole."""
        owner = head.caseworker
        now = self._clock.now()
        if owner is None and caseworker is not None:
            owner = caseworker
            must_work_here(self._municipality(), owner)
            await connection.execute(C["take"], head.id, head.department, owner, now)
            await connection.execute(C["take_promises"], head.id, head.department, owner)
            claimed = {"department": head.department}
            await self._event(connection, head.id, "claimed", f"staff:{owner}", data=claimed)
        if coordinator is None or coordinator == owner:
            if owner is None:
                raise SenderError("caseworker_needed", "Say who coordinates the topics.")
            return
        municipality = self._municipality()
        department = municipality.caseworkers[coordinator].department
        until = offer_until(department, municipality, now)
        await connection.execute(
            C["offer"], head.id, department, coordinator, actor, until, now, None
        )
        data: dict[str, Any] = {"department": department, "caseworker": coordinator}
        await self._event(connection, head.id, "offered", actor, data=data | {"until": until})
        await self._alert_offered(connection, head.id, department)

    async def _add(
        self,
        connection: Connection,
        contact: Record,
        topic: NewPart,
        actor: str,
        caseworker: str | None,
    ) -> int:
        now = self._clock.now()
        municipality = self._municipality()
        phone = ""
        if topic.promise is PromiseKind.CALLBACK:
            must_be_callable(contact)
            phone = topic.phone or contact["phone"]
            if not phone:
                raise SenderError("phone_missing", "Write the number to call.")
        owner = caseworker if topic.caseworker == caseworker else None
        asked = topic.caseworker if topic.caseworker != owner else None
        part: int = await connection.fetchval(
            Q["add"],
            contact["id"],
            topic.title,
            topic.department,
            owner,
            topic.department if asked else None,
            asked,
            actor if asked else None,
            offer_until(topic.department, municipality, now) if asked else None,
            now,
        )
        policy = municipality.policies.of(topic.promise, topic.department)
        await connection.fetchval(
            H["make_promise"],
            contact["id"],
            topic.promise,
            PromiseState.WAITING,
            topic.department,
            owner,
            phone,
            None,
            policy.due(municipality.hours, self._calendar(topic.department), now),
            now,
            policy.id,
            topic.title,
            None,
            part,
        )
        if owner is not None:
            data = {"part": part, "department": topic.department}
            await self._event(
                connection, contact["id"], "part_claimed", f"staff:{owner}", data=data
            )
        elif asked is not None or topic.department != contact["department"]:
            await self._alert_offered(connection, contact["id"], topic.department)
        return part

    async def _told(self, connection: Connection, parts: Sequence[Record]) -> list[dict[str, Any]]:
        """The plan as it is promised at this moment: department and promise, no titles."""
        told = []
        for part in parts:
            for row in await connection.fetch(Q["open_promises"], part["id"]):
                promise = {name: row[name] for name in ("kind", "not_before", "due_at", "phone")}
                told.append({"department": part["department"], "promise": promise})
        return told
