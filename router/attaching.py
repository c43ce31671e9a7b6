"""What happens when something arrives for a contact that is already there.

A message on the status page, an answer by mail, the next step of a phone call:
all are written to the timeline; some move the callback's window, ask the rules
again, or reopen a closed contact. One transaction, the contact's row held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.errors import KeyReused, NotFound
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import Arrival, Channel, Group, PromiseKind, PromiseState
from router.opening import Pledge, facts_of, offer_of, pledge_for, receipt_payload
from router.past import histories
from router.staff import bring_home

if TYPE_CHECKING:
    from router.config import Municipality
    from router.duty import Duty
    from router.ledger import Connection, Record

Q: Final = load_queries(QUERIES_FOLDER / "reception.sql")
H: Final = load_queries(QUERIES_FOLDER / "house.sql")


async def attach(
    connection: Connection,
    arrival: Arrival,
    municipality: Municipality,
    duty: Duty,
    now: datetime,
) -> tuple[int, bool]:
    """Attach `arrival` to the contact that it names; answers (contact id, known before).

    Raises NotFound if there is no such contact, KeyReused if the key came with
    another content or belongs to another contact.
    """
    contact = await connection.fetchrow(Q["lock_by_reference"], arrival.reference)
    if contact is None:
        raise NotFound("no_such_contact", "There is no contact with this reference.")
    claimed = await connection.fetchval(
        Q["claim_attached"],
        arrival.channel,
        arrival.dedupe_key,
        contact["id"],
        arrival.fingerprint,
        arrival.received_at,
    )
    if claimed is None:
        known = await connection.fetchrow(Q["known_arrival"], arrival.channel, arrival.dedupe_key)
        if (
            known is None
            or known["contact_id"] != contact["id"]
            or known["fingerprint"] != arrival.fingerprint
        ):
            raise KeyReused("key_reused", "This key was used for another content.")
        return contact["id"], True
    if contact["state"] == "closed" and await bring_home(connection, contact, municipality, now):
        # Whoever had it when it was closed has left since.
        contact = await connection.fetchrow(Q["lock_by_reference"], arrival.reference)
    await _Attachment(connection, contact, arrival, municipality, duty, now).write()
    return contact["id"], False


@dataclass(frozen=True, slots=True)
class _Attachment:
    connection: Connection
    contact: Record
    arrival: Arrival
    municipality: Municipality
    duty: Duty
    now: datetime

    async def write(self) -> None:
        contact_id, arrival = self.contact["id"], self.arrival
        flags = set(arrival.flags)
        await self._event(arrival.received_at, arrival.kind, "citizen", arrival.text, arrival.data)
        if self.contact["state"] == "closed":
            if not arrival.reopens:
                await self._keep_files()
                return
            await self._reopen()
        department = self.contact["department"]
        if arrival.reroute and self.contact["caseworker"] is None:
            department = await self._reroute(flags)
        await self._promise(department, frozenset(flags) | frozenset(self.contact["flags"]))
        await self._keep_files()
        if arrival.mail_id is not None:
            await self._effect(
                "mail.forward", {"mail_id": arrival.mail_id, "department": department}
            )
        await self.connection.execute(
            Q["touch_contact"],
            contact_id,
            arrival.name,
            arrival.phone,
            arrival.email,
            arrival.subject,
            arrival.language if arrival.reroute else self.contact["language"],
            sorted(flags),
            self.now,
        )
        await self.connection.execute(H["refresh_due"], contact_id)

    async def _reopen(self) -> None:
        pledge = self._pledge(self.contact["department"], frozenset())
        await self.connection.execute(Q["reopen_contact"], self.contact["id"], pledge.due_at)
        await self._event(self.now, "reopened", "house", "", {})

    async def _reroute(self, flags: set[str]) -> str:
        """Ask the rules again with everything said so far; answers the department."""
        said = await self.connection.fetch(Q["said_so_far"], self.contact["id"])
        party = self.contact["party_id"]
        past = await histories(self.connection, [party], self.contact["id"]) if party else {}
        facts = facts_of(
            self.arrival,
            self.municipality,
            self.now,
            known_party=party is not None,
            text="\n".join(row["body"] for row in said),
            history=past.get(party),
        )
        staffing = await self.duty.staffing(self.connection, self.now)
        decision = self.municipality.rules.decide(facts, staffing)
        offer = offer_of(decision, self.municipality, self.now)
        flags.update(decision.flags)
        contact_id = self.contact["id"]
        await self.connection.execute(
            Q["add_decision"],
            contact_id,
            self.now,
            decision.table_version,
            decision.rule_id,
            decision.department,
            decision.caseworker,
            decision.confidence,
            decision.explanation,
        )
        await self.connection.execute(
            Q["reroute_contact"],
            contact_id,
            decision.department,
            decision.rule_id,
            decision.priority,
            self.arrival.group or decision.group or Group(self.contact["sender_group"]),
            offer.caseworker if offer is not None else None,
            offer.until if offer is not None else None,
            offer.plan if offer is not None else None,
        )
        self.duty.given(decision.department, decision.caseworker, self.now)
        await self.connection.execute(Q["reroute_promises"], contact_id, decision.department)
        if decision.department != self.contact["department"]:
            await self._event(
                self.now,
                "routed",
                "house",
                "",
                {"to": decision.department, "rule": decision.rule_id},
            )
        routed_to: str = decision.department
        return routed_to

    async def _promise(self, department: str, flags: frozenset[str]) -> None:
        """Every open contact has an open promise; a wish to be called moves or makes a callback."""
        contact_id = self.contact["id"]
        standing = await self.connection.fetch(H["open_promises"], contact_id)
        wish = self.arrival.callback
        if wish is None and standing:
            return
        pledge = self._pledge(department, flags)
        callbacks = [row for row in standing if row["kind"] == PromiseKind.CALLBACK]
        if wish is not None and callbacks:
            before = callbacks[0]
            if wish.not_before is None and wish.until is None:
                # Asking again for "as soon as you can" never moves what was promised later.
                start = before["not_before"]
                pledge = replace(
                    pledge,
                    state=PromiseState.WAITING if start is None else PromiseState.SCHEDULED,
                    not_before=start,
                    # A window that lies further ahead stays as it was agreed.
                    due_at=before["due_at"]
                    if start is not None and pledge.due_at <= start
                    else min(before["due_at"], pledge.due_at),
                )
            if await self._was_told(before, pledge):
                return
            await self.connection.execute(
                H["move_window"],
                callbacks[0]["id"],
                pledge.state,
                pledge.phone,
                pledge.not_before,
                pledge.due_at,
            )
        else:
            made = await self._make(department, pledge)
            if self.arrival.channel is Channel.PHONE:
                # The caller was owed an answer only until we knew a number to call.
                for row in standing:
                    await self.connection.execute(
                        H["end_promise"], row["id"], PromiseState.REPLACED, self.now, made
                    )
        if wish is None or not self.arrival.may_acknowledge:
            # A caller who is still on the line has not settled it: told when they have.
            return
        await self._event(
            self.now,
            "promised",
            "house",
            "",
            {"kind": pledge.kind, "not_before": pledge.not_before, "due_at": pledge.due_at},
        )
        if self.arrival.channel is Channel.PHONE:
            await self._effect(
                "sms.tell", receipt_payload(wish.phone, self.contact["language"], pledge)
            )

    async def _was_told(self, before: Record, pledge: Pledge) -> bool:
        """Whether the citizen has already heard exactly this promise."""
        same = (before["phone"], before["not_before"], before["due_at"]) == (
            pledge.phone,
            pledge.not_before,
            pledge.due_at,
        )
        return same and await self.connection.fetchval(Q["was_promised"], self.contact["id"])

    async def _make(self, department: str, pledge: Pledge) -> int:
        made: int = await self.connection.fetchval(
            H["make_promise"],
            self.contact["id"],
            pledge.kind,
            pledge.state,
            department,
            self.contact["caseworker"],
            pledge.phone,
            pledge.not_before,
            pledge.due_at,
            self.now,
        )
        return made

    def _pledge(self, department: str, flags: frozenset[str]) -> Pledge:
        return pledge_for(self.arrival, department, flags, self.municipality, self.now)

    async def _keep_files(self) -> None:
        for file in self.arrival.attachments:
            await self.connection.execute(
                Q["add_attachment"],
                self.contact["id"],
                self.arrival.received_at,
                file.filename,
                file.content_type,
                file.content,
            )

    async def _event(self, at: datetime, kind: str, actor: str, body: str, data: Any) -> None:
        await self.connection.execute(
            H["add_event"], self.contact["id"], at, kind, actor, body, data
        )

    async def _effect(self, kind: str, payload: dict[str, Any]) -> None:
        await self.connection.fetchval(H["add_effect"], kind, self.contact["id"], payload, self.now)
